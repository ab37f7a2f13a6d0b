// Package posture derives the evidence status of checks, controls and criteria
// at any moment, as known then or as known now. It is a fold over run records.
//
// Serves A1, A4 and C7.1b. Invariants: a status is computed from outcomes and
// coverage, never typed; what is missing never counts as good; each status
// carries the sentence why and what would change it. Statuses over time are
// kept once derived, and used for as long as what they were derived from is
// what is known (see kept.go); nothing else is written, and all of it can be
// made anew.
//
// Floor: above evidence and program, below the edges.
package posture

import (
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/program/scope"
)

// Config wires a Service. All fields are required. The services are only read
// from, so that they may stand on a database opened for reading.
type Config struct {
	DB        *database.DB
	Clock     clock.Clock
	Outcomes  *outcome.Service
	Standards *standard.Service
	Findings  *finding.Service
}

// Service answers questions about posture. It reads; only Keep and Forget write,
// and only what can be derived again.
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
	ID         string        `json:"id"`       // "linux-server/sshd-root-login"
	Standard   string        `json:"standard"` // "linux-server 1.0.0"
	Title      string        `json:"title"`
	Population string        `json:"population"`
	Severity   string        `json:"severity"`
	Tier       string        `json:"tier"`
	LastRun    time.Time     `json:"last_run,omitzero"` // observation time of the newest run that judged it
	Attributes []Attribute   `json:"attributes"`
	Controls   []string      `json:"controls"`          // slugs of the controls that rest on it
	Failing    []FailingItem `json:"failing,omitempty"` // only from Service.Check, at most FailingLimit; by item
	More       int64         `json:"more,omitempty"`    // how many failing items follow beyond that
}

// FailingLimit is how many failing items a check carries at most.
const FailingLimit = 200

// FailingItem is an item whose outcome is neither pass nor not applicable.
type FailingItem struct {
	Item      string    `json:"item"` // item id, "hst_…"
	Name      string    `json:"name"` // what people call it: the host's name
	Attribute string    `json:"attribute"`
	Outcome   string    `json:"outcome"` // fail, waived, error, not_observed
	Reason    string    `json:"reason"`
	Observed  string    `json:"observed,omitempty"`
	Since     time.Time `json:"since"`
	LastSeen  string    `json:"last_seen,omitempty"`  // of an item that fell silent: its outcome before
	Run       string    `json:"run"`                  // "run_…" that wrote the outcome
	Finding   string    `json:"finding,omitempty"`    // "F-12" where one is open
	FindingID string    `json:"finding_id,omitempty"` // "fnd_…"
}

// Control is a control's posture.
type Control struct {
	Head
	ID        string         `json:"id"`     // "ctl_…"
	Slug      string         `json:"slug"`   // "ssh-logins-hardened"
	Number    int            `json:"number"` // C-12
	Title     string         `json:"title"`
	Key       bool           `json:"key"` // for the criterion it stands under; by its weight in Service.Controls
	State     control.State  `json:"state"`
	Version   int            `json:"version"`   // of the design that held at the moment shown
	Effective time.Time      `json:"effective"` // since when this version holds
	Design    control.Design `json:"design"`
	Criteria  []string       `json:"criteria"`            // that it addresses, in order
	Checks    []Check        `json:"checks"`              // worst first
	Missing   []string       `json:"missing,omitempty"`   // checks it names that no standard in force holds
	Instances *Instances     `json:"instances,omitempty"` // of a control that people perform at times
}

// Criterion is a criterion's posture.
type Criterion struct {
	Head
	catalog.Criterion
	Controls  []Control `json:"controls"` // key controls first, worst first
	Key       int       `json:"key"`      // number of key controls
	InScope   bool      `json:"in_scope"`
	Alone     string    `json:"alone,omitempty"`    // slug of the only key control, where one carries the criterion alone
	Observed  int       `json:"observed"`           // key controls that a check observes
	Together  string    `json:"together,omitempty"` // what all key controls share, so that they fail together
	Addressed int       `json:"addressed"`          // points of focus that a control addresses, at least in part
	Points    int       `json:"points"`             // points of focus that apply
}

// Snapshot is all 61 criteria at one moment.
type Snapshot struct {
	At       time.Time      `json:"at"`    // the moment shown
	Known    int64          `json:"known"` // ledger index that bounds it; the ledger's size for "as known now"
	KnownNow bool           `json:"known_now"`
	Scope    scope.Version  `json:"scope"`
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
	Began time.Time `json:"began,omitzero"` // when the system was set up: before it there was nothing to observe
	Weeks []Week    `json:"weeks"`
	Rows  []GridRow `json:"rows"` // catalogue order
}

// GridRow is one criterion's strip.
type GridRow struct {
	Criterion string `json:"criterion"`
	Title     string `json:"title"`
	Cells     []Cell `json:"cells"` // one per week
}
