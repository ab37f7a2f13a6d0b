// Package posture derives the evidence status of checks, controls and criteria
// at any moment, as known then or as known now. It is a fold over run records
// and writes nothing.
//
// Serves A1, A4 and C7.1b. Invariants: a status is computed from outcomes and
// coverage, never stored; what is missing never counts as good; each status
// carries the sentence why and what would change it.
//
// Floor: above evidence and program, below the edges.
package posture

import (
	"context"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/catalog"
)

// Config wires a Service.
type Config struct {
	DB    *database.DB
	Clock clock.Clock
}

// Service answers questions about posture. It only reads.
type Service struct {
	cfg Config
}

// New makes a Service.
func New(cfg Config) *Service { return &Service{cfg: cfg} }

// Head is what every status carries.
type Head struct {
	Status   Status    `json:"status"`
	Why      string    `json:"why"`              // one sentence: "3 of 4 hosts fail sshd-root-login since 14 Mar"
	Change   string    `json:"change,omitempty"` // what would change the status
	Since    time.Time `json:"since,omitzero"`   // when this status began, as far back as is known; zero where it cannot be said
	Draft    bool      `json:"draft"`            // a standard or control it rests on is not approved
	Counts   Counts    `json:"counts"`           // attribute judgements by outcome
	Coverage Coverage  `json:"coverage"`
}

// Attribute is one predicate of a check over its population.
type Attribute struct {
	ID     string `json:"id"`
	Title  string `json:"title"`
	Counts Counts `json:"counts"`
}

// Check is a check's posture.
type Check struct {
	Head
	ID         string        `json:"id"` // "linux-server/sshd-root-login"
	Title      string        `json:"title"`
	Population string        `json:"population"`
	Severity   string        `json:"severity"`
	Tier       string        `json:"tier"`
	LastRun    time.Time     `json:"last_run,omitzero"` // observation time of the newest run that judged it
	Attributes []Attribute   `json:"attributes"`
	Controls   []string      `json:"controls"`          // slugs of the controls that rest on it
	Failing    []FailingItem `json:"failing,omitempty"` // only from Service.Check; worst outcome first
}

// FailingItem is an item whose outcome is neither pass nor not applicable.
type FailingItem struct {
	Item      string    `json:"item"` // item id, "hst_…"
	Name      string    `json:"name"` // what people call it: the host's name
	Attribute string    `json:"attribute"`
	Outcome   string    `json:"outcome"` // fail, waived, error, not_observed
	Reason    string    `json:"reason"`
	Observed  string    `json:"observed,omitempty"`
	Since     time.Time `json:"since"`
	Finding   string    `json:"finding,omitempty"` // "F-12" where one is open
	FindingID string    `json:"finding_id,omitempty"`
}

// Control is a control's posture.
type Control struct {
	Head
	ID        string   `json:"id"`   // "ctl_…"
	Slug      string   `json:"slug"` // "ssh-access-hardened"
	Title     string   `json:"title"`
	Key       bool     `json:"key"`
	Automated bool     `json:"automated"`
	Criteria  []string `json:"criteria"` // criteria it addresses, in order
	Checks    []Check  `json:"checks"`
}

// Criterion is a criterion's posture.
type Criterion struct {
	Head
	catalog.Criterion
	Controls  []Control `json:"controls"`        // key controls first, worst first
	Key       int       `json:"key"`             // number of key controls
	Alone     string    `json:"alone,omitempty"` // slug of the only key control, where one carries the criterion alone
	Addressed int       `json:"addressed"`       // points of focus with at least one control
	Points    int       `json:"points"`          // points of focus that apply
}

// Snapshot is all 61 criteria at one moment.
type Snapshot struct {
	At       time.Time      `json:"at"`    // the moment shown
	Known    int64          `json:"known"` // ledger index that bounds it; the ledger's size for "as known now"
	KnownNow bool           `json:"known_now"`
	Criteria []Criterion    `json:"criteria"` // catalogue order
	ByStatus map[Status]int `json:"by_status"`
	Coverage Coverage       `json:"coverage"`
}

// Week is one column of the heat grid: [Start, End).
type Week struct {
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
}

// Cell is one criterion in one week.
type Cell struct {
	Status Status `json:"status"` // at the end of the week, or now in the running week; "" for weeks to come
	Worst  Status `json:"worst"`  // worst at any moment of the week
}

// Grid is criteria × weeks, as known now.
type Grid struct {
	Weeks []Week    `json:"weeks"`
	Rows  []GridRow `json:"rows"` // catalogue order
}

// GridRow is one criterion's strip.
type GridRow struct {
	Criterion string `json:"criterion"`
	Title     string `json:"title"`
	Cells     []Cell `json:"cells"` // one per week
}

var notYet = "posture cannot be read yet"

// Criteria gives all 61 criteria at one moment.
func (s *Service) Criteria(ctx context.Context, at At) (Snapshot, error) {
	return Snapshot{}, fault.New(fault.Unavailable, "%s", notYet)
}

// Criterion gives one criterion with its controls, checks and why; NotFound
// for an id that the catalogue does not hold.
func (s *Service) Criterion(ctx context.Context, id string, at At) (Criterion, error) {
	return Criterion{}, fault.New(fault.Unavailable, "%s", notYet)
}

// Controls gives all controls of the organisation, worst first.
func (s *Service) Controls(ctx context.Context, at At) ([]Control, error) {
	return nil, fault.New(fault.Unavailable, "%s", notYet)
}

// Control gives one control by its slug.
func (s *Service) Control(ctx context.Context, slug string, at At) (Control, error) {
	return Control{}, fault.New(fault.Unavailable, "%s", notYet)
}

// Check gives one check with its failing items.
func (s *Service) Check(ctx context.Context, id string, at At) (Check, error) {
	return Check{}, fault.New(fault.Unavailable, "%s", notYet)
}

// Weeks gives criteria × weeks over [from, to), as known now.
func (s *Service) Weeks(ctx context.Context, from, to time.Time) (Grid, error) {
	return Grid{}, fault.New(fault.Unavailable, "%s", notYet)
}
