package host

import (
	"context"
	"database/sql"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/standard"
)

// Config is all that the service depends on.
type Config struct {
	DB        *database.DB      // required
	Ledger    *ledger.Log       // required
	Standards *standard.Service // required
	Outcomes  *outcome.Service  // required
	Findings  *finding.Service  // required
	Clock     clock.Clock       // clock.System
	Logger    *slog.Logger      // slog.Default()
}

// Service keeps hosts over one database.
type Service struct{ cfg Config }

// New makes the service.
func New(cfg Config) (*Service, error) { return &Service{cfg: cfg}, nil }

// Batch is what ingest received from a host's agent.
type Batch struct {
	Source        string // "src_…"
	SourceName    string // host name as of enrolment
	Stream        string
	Sequence      int64
	ObservedAt    time.Time // by the host's clock
	ClockOffsetUs *int64    // positive: the host is ahead; nil: not known
	ReceivedAt    time.Time
	Digest        string // of the bytes received
	AgentVersion  string
	Items         []json.RawMessage
}

// Host is one host.
type Host struct {
	ID            string // "hst_…"
	Source        string // "src_…"
	Name          string
	OS            string // "Debian GNU/Linux 13 (trixie)"
	Kernel        string
	Architecture  string
	AgentVersion  string
	ClockOffset   *time.Duration // nil: not known
	FirstSeen     time.Time
	LastSeen      time.Time // received
	LastObserved  time.Time
	Silent        bool
	SilentSince   time.Time
	RetiredAt     time.Time // zero: in the population
	RetiredBy     string
	RetiredReason string
	Counts        outcome.Counts // attributes by outcome, now
}

// Section is one section of a host as in force at a moment.
type Section struct {
	Name         string
	Digest       string
	Registry     int
	ObservedFrom time.Time
	LastObserved time.Time
	ReceivedAt   time.Time
	Run          string // "run_…" that brought it
	InForce      bool   // the host said in its last message that it still is this
	Values       json.RawMessage
	Missing      json.RawMessage // [{"path","state","reason"}], null when nothing is missing
}

// Derivation is everything that one outcome rests on.
type Derivation struct {
	Check     standard.Check
	Attribute standard.Attribute
	Host      Host
	Current   outcome.Row // now, with silence taken into account
	First     outcome.Row // when the finding opened; zero without one
	Facts     []Fact      // what the attribute reads, as last received
	Sections  []Section   // where it stands, without bodies
	Run       outcome.Run // that made the outcome
	Finding   *finding.Finding
	Timeline  []finding.Event
	Entries   []ledger.Record // of the run and of the finding's transitions, oldest first
}

// Fact is a value at a path that an attribute reads.
type Fact struct {
	Pointer string // "/sshd/effective/permitrootlogin"
	Value   string // compact JSON; "" when it is missing
	State   string // "" when there is a value; absent, error, not_observed
	Reason  string // why it is missing
}

// Filter narrows a list. Empty fields do not.
type Filter struct {
	Query   string // part of the name
	Retired bool   // include hosts that left the population
}

var errLater = fault.New(fault.Unavailable, "not built yet")

// ReceiveFacts takes in a batch of facts, within the transaction that records
// the batch. It gives the sections whose facts should be sent again.
func (s *Service) ReceiveFacts(ctx context.Context, tx *sql.Tx, b Batch) (resend []string, err error) {
	return nil, errLater
}

// ReceiveHeartbeat takes in a heartbeat, within the transaction that records
// it. It gives the sections whose facts the server does not hold.
func (s *Service) ReceiveHeartbeat(ctx context.Context, tx *sql.Tx, b Batch) (resend []string, err error) {
	return nil, errLater
}

// Rejudge judges every host that was last judged by another set of standards
// than the one in force, and gives how many it judged. progress may be nil.
func (s *Service) Rejudge(ctx context.Context, progress func(done, total int)) (int, error) {
	return 0, errLater
}

// Sweep marks hosts that fell silent and their findings stale, and gives how
// many fell silent. A job calls it every half minute.
func (s *Service) Sweep(ctx context.Context) (int, error) { return 0, errLater }

// Retire takes a host out of the population for a reason (host.edit); its
// findings become stale. When it reports again it is back.
func (s *Service) Retire(ctx context.Context, p access.Principal, id, reason string) error {
	return errLater
}

// RunPopulation records the population of hosts as of now: see outcome.
func (s *Service) RunPopulation(ctx context.Context) ([]outcome.Run, error) { return nil, errLater }

// List gives hosts by name. next is "" at the end; total is exact.
func (s *Service) List(ctx context.Context, f Filter, cursor string, limit int) (hosts []Host, next string, total int64, err error) {
	return nil, "", 0, errLater
}

// Get gives a host by id or by its source's id.
func (s *Service) Get(ctx context.Context, id string) (Host, error) { return Host{}, errLater }

// Sections gives a host's sections as known now, in force at t (zero: now), by
// name, with bodies where asked for.
func (s *Service) Sections(ctx context.Context, id string, t time.Time, bodies bool) ([]Section, error) {
	return nil, errLater
}

// Changes gives a host's section history, newest first.
func (s *Service) Changes(ctx context.Context, id string, limit int) ([]Section, error) {
	return nil, errLater
}

// Derive gives everything that one outcome of a host rests on.
func (s *Service) Derive(ctx context.Context, check, attribute, host string) (Derivation, error) {
	return Derivation{}, errLater
}

// DeriveFinding is Derive for a finding, by id or number ("F-12").
func (s *Service) DeriveFinding(ctx context.Context, ref string) (Derivation, error) {
	return Derivation{}, errLater
}
