package finding

import (
	"context"
	"log/slog"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

// State is where a finding stands.
type State string

// The states.
const (
	Open         State = "open"
	Acknowledged State = "acknowledged"
	Stale        State = "stale" // nothing can be said now; the clock runs on
	Closed       State = "closed"
)

// Cause says why a finding is stale.
type Cause string

// The causes.
const (
	Silent        Cause = "silent"
	Vanished      Cause = "vanished"
	Unreadable    Cause = "unreadable"
	NotThere      Cause = "not_applicable"
	CheckRemoved  Cause = "check_removed"
	CauseNotKnown Cause = ""
)

// Config is all that the service depends on.
type Config struct {
	DB     *database.DB // required
	Ledger *ledger.Log  // required
	Clock  clock.Clock  // clock.System
	Logger *slog.Logger // slog.Default()
}

// Service keeps findings over one database.
type Service struct{ cfg Config }

// New makes the service.
func New(cfg Config) *Service { return &Service{cfg: cfg} }

// Finding is one finding.
type Finding struct {
	ID             string // "fnd_…"
	Number         int64  // F-12
	Check          string // "linux-server/sshd-root-login"
	Attribute      string // "root_login_refused"
	Item           string // "hst_…"
	ItemName       string
	Population     string
	Source         string
	Title          string
	Severity       string // critical, high, medium, low
	State          State
	Cause          Cause  // why it is stale
	Reason         string // why it is in this state, in plain words
	OpenedAt       time.Time
	Due            time.Time
	FailingSince   time.Time // newest opening or reopening
	AcknowledgedAt time.Time // zero: not
	AcknowledgedBy string    // "usr_…"
	ClosedAt       time.Time // zero: not
	ChangedAt      time.Time
	Reopened       int64
	OpenedRun      string // "run_…"
	LastRun        string // "run_…" of the newest transition that a run caused
}

// Ref gives the short number as people write it: "F-12".
func (f Finding) Ref() string { return "" }

// Overdue reports whether it should have been mended by now.
func (f Finding) Overdue(now time.Time) bool { return false }

// Event is one line of a finding's timeline.
type Event struct {
	Finding  string
	Number   int64
	Seq      int64
	Kind     string // opened, acknowledged, stale, resumed, closed, reopened
	From, To State
	ValidAt  time.Time // when what caused it was observed
	At       time.Time // when it was recorded
	Actor    string    // "usr_…", "src_…" or "system"
	Reason   string
	Note     string // what a person wrote
	Run      string // "run_…"; "" where a person or silence caused it
	Entry    string // "ent_…"
	Index    int64  // in the ledger, -1 before it is numbered
}

// Filter narrows a list. Empty fields do not.
type Filter struct {
	States      []State
	Severities  []string
	Check       string
	Attribute   string
	Item        string
	Source      string
	Query       string // part of title, item name or number
	OverdueAt   time.Time
	Live        bool // everything but closed
	ClosedSince time.Time
}

// Order is how a list is sorted.
type Order string

// The orders.
const (
	ByUrgency Order = ""       // severity, then due
	ByDue     Order = "due"    // soonest first
	ByNumber  Order = "number" // newest first
	ByChange  Order = "change" // newest transition first
)

// Page is one page of a list.
type Page struct {
	Findings []Finding
	Next     string // cursor; "" at the end
	Total    int64  // exact up to CountLimit
	More     bool   // there are more than CountLimit
}

// CountLimit is how far lists are counted exactly.
const CountLimit = 10_000

// Summary counts findings by state and, for those that are not closed, by severity.
type Summary struct {
	States     map[State]int64
	Severities map[string]int64
	Overdue    int64
}

var errLater = fault.New(fault.Unavailable, "not built yet")

// List gives a page of findings.
func (s *Service) List(ctx context.Context, f Filter, order Order, cursor string, limit int) (Page, error) {
	return Page{}, errLater
}

// Summary counts all findings.
func (s *Service) Summary(ctx context.Context, f Filter) (Summary, error) { return Summary{}, errLater }

// Get gives one finding by id or by its number ("F-12").
func (s *Service) Get(ctx context.Context, ref string) (Finding, error) { return Finding{}, errLater }

// Timeline gives a finding's events, oldest first.
func (s *Service) Timeline(ctx context.Context, id string) ([]Event, error) { return nil, errLater }

// Recent gives the newest transitions of all findings, newest first.
func (s *Service) Recent(ctx context.Context, limit int) ([]Event, error) { return nil, errLater }

// Acknowledge says that somebody has taken a finding on (finding.acknowledge).
// Kind Conflict when it is acknowledged already or closed. The note may be empty.
func (s *Service) Acknowledge(ctx context.Context, p access.Principal, id, note string) error {
	return errLater
}

// OpenOf gives the findings that are not closed, by check, attribute and item.
func (s *Service) OpenOf(ctx context.Context, check string) (map[Key]Finding, error) {
	return nil, errLater
}

// Key is a finding's identity.
type Key struct{ Check, Attribute, Item string }
