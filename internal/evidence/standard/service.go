package standard

import (
	"context"
	"io/fs"
	"log/slog"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

// Config is all that the service depends on.
type Config struct {
	DB       *database.DB // required
	Ledger   *ledger.Log  // required
	Clock    clock.Clock  // clock.System
	Logger   *slog.Logger // slog.Default()
	OnChange func()       // called after the set in force has changed: judge again; must return quickly
}

// Service keeps standards over one database.
type Service struct{ cfg Config }

// New makes the service.
func New(cfg Config) (*Service, error) { return &Service{cfg: cfg}, nil }

// Standard is one installed version of a pack.
type Standard struct {
	ID          string // "std_…"
	Pack        string // "linux-server"
	Version     string
	Title       string
	Digest      string
	Checks      int
	Attributes  int
	InForce     bool
	Approved    bool // false: a draft
	ApprovedAt  time.Time
	ApprovedBy  string // "usr_…"
	InstalledAt time.Time
	InstalledBy string // "usr_…" or "system"
	Entry       string // "ent_…" of the installation
}

// Check is a check in force, tailoring applied.
type Check struct {
	ID          string // "linux-server/sshd-root-login"
	Standard    Standard
	Title       string
	Population  string
	Where       string
	Tier        string // essential, recommended, thorough
	Severity    string // critical, high, medium, low
	Frequency   string
	Criteria    []Point
	Rationale   string
	Remediation string
	Attributes  []Attribute
	Tailored    *Tailoring // nil: as declared
}

// Point is a criterion, or with a number a point of focus, that a check serves.
type Point struct {
	Criterion string // "CC7.1"
	Number    int    // 0: the criterion as a whole
}

// Attribute is one predicate of a check.
type Attribute struct {
	ID       string
	Title    string
	Expect   string   // CEL
	Expected string   // plain words
	Digest   string   // equal digests judge alike
	Reads    []string // JSON Pointers, section first
	Sections []string
}

// Tailoring is what an organisation changes of one check.
type Tailoring struct {
	Check      string
	Exclude    bool           // leave the check out
	Severity   string         // "": as declared
	Parameters map[string]any // only those that differ
	Reason     string         // required
	MadeAt     time.Time      // set by the service
	MadeBy     string         // set by the service
	Entry      string         // set by the service
}

// Set is the standards in force at one moment.
type Set struct {
	Digest    string // over the standards' digests and their tailoring
	Standards []Standard
	Checks    []Check     // in the packs' order
	Excluded  []Tailoring // checks left out
}

// Check gives a check by id.
func (s *Set) Check(id string) (*Check, bool) { return nil, false }

var errLater = fault.New(fault.Unavailable, "not built yet")

// Install brings in a pack as a draft (standard.install). The same version with
// the same content changes nothing and gives what is there; with other content
// it is kind Conflict. Mistakes in the pack are pack.Errors.
func (s *Service) Install(ctx context.Context, p access.Principal, fsys fs.FS) (Standard, error) {
	return Standard{}, errLater
}

// Approve makes a draft the organisation's own (standard.approve). Kind
// Conflict when it is approved already.
func (s *Service) Approve(ctx context.Context, p access.Principal, id string) error { return errLater }

// Tailor changes a check of a standard in force (standard.tailor).
func (s *Service) Tailor(ctx context.Context, p access.Principal, t Tailoring) error { return errLater }

// List gives every version installed, newest first.
func (s *Service) List(ctx context.Context) ([]Standard, error) { return nil, errLater }

// Get gives one installed version.
func (s *Service) Get(ctx context.Context, id string) (Standard, error) { return Standard{}, errLater }

// Content gives the files of an installed version as they were installed.
func (s *Service) Content(ctx context.Context, id string) (fs.FS, error) { return nil, errLater }

// InForce gives the set in force. q may be nil or the caller's transaction.
func (s *Service) InForce(ctx context.Context, q database.Querier) (*Set, error) {
	return nil, errLater
}

// SetAt gives the set that was in force at t.
func (s *Service) SetAt(ctx context.Context, t time.Time) (*Set, error) { return nil, errLater }
