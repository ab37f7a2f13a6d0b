package outcome

import (
	"context"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
)

// At says for when, and as known when, outcomes are read.
type At struct {
	Valid time.Time // the moment asked about; zero means now
	Known int64     // ledger size that bounds what was known: entries with a smaller index; -1 means everything
}

// Now is the present as known now.
func Now() At { return At{Known: -1} }

// Counts are items by outcome.
type Counts struct {
	Pass          int64 `json:"pass"`
	Fail          int64 `json:"fail"`
	Error         int64 `json:"error"`
	NotObserved   int64 `json:"not_observed"`
	NotApplicable int64 `json:"not_applicable"`
	Waived        int64 `json:"waived"`
}

// AttributeCounts are the items of one attribute of a check, by outcome.
type AttributeCounts struct {
	Check     string `json:"check"`     // "linux-server/sshd-root-login"
	Attribute string `json:"attribute"` // "root_login_refused"
	Counts
	Silent int64 `json:"silent"` // of NotObserved: inherited because the source was not heard at that moment
}

// Row is what one attribute of a check says about one item.
type Row struct {
	Check, Attribute string
	Item, ItemName   string
	Source           string
	Outcome          Outcome
	Reason           string // plain words; empty only for pass
	Observed         string // compact JSON of what was read when the outcome became this
	Expected         string
	Since            time.Time // when the outcome became this; of an inherited one, when the source fell silent
	Run              string    // "run_…" that wrote it
	Entry            string    // "ent_…" of that run
	Index            int64     // of that entry in the ledger, -1 before it is numbered
	Inherited        bool      // not_observed because the source was not heard; Stored is what was last observed
	Stored           Outcome   // the outcome as stored
}

// Filter narrows a list of outcomes. Empty fields do not.
type Filter struct {
	Check, Attribute, Item, Population string
	Outcomes                           []Outcome
	Query                              string // part of the item's name
}

// Run is one run.
type Run struct {
	ID         string
	Kind       RunKind
	Population string
	Source     string // "src_…"; "" for a whole population
	Entry      string // "ent_…"
	Index      int64  // in the ledger, -1 before it is numbered
	Batch      string // digest of the batch that caused it
	Standards  string // digest of the set of standards in force
	Inputs     string // digest of the evidence that was judged
	ValidAt    time.Time
	RecordedAt time.Time
	Items      int64 // items judged
	Evaluated  int64 // attributes judged
	Changed    int64 // outcomes that changed, equal to the rows written
	Counts     Counts
	Digest     string // over the changed outcomes
	Definition string // JSON, of a population run
}

// RunKind says what caused a run.
type RunKind string

// The kinds.
const (
	RunFacts      RunKind = "facts"      // a batch of facts
	RunStandard   RunKind = "standard"   // the set of standards in force changed
	RunPresence   RunKind = "presence"   // an item left its population or came back
	RunPopulation RunKind = "population" // the daily count of a population
)

// Item is a member of a population.
type Item struct {
	ID         string // "hst_…"
	Population string // "hosts"
	Source     string // whose coverage it inherits
	Name       string // what people call it
}

// Step is a change of one attribute's counts at a moment of valid time.
type Step struct {
	Check, Attribute string
	At               time.Time
	Delta            Counts
}

// Interval is a stretch in which a source, or one of its sections, was observed.
type Interval struct {
	From, To time.Time // To: the last observation
	Open     bool      // still being heard at the time of reading
}

var errLater = fault.New(fault.Unavailable, "not built yet")

// Counts gives every attribute that had items at that moment, by check and
// attribute, with what silence makes not_observed taken into account.
func (s *Service) Counts(ctx context.Context, at At) ([]AttributeCounts, error) {
	return nil, errLater
}

// Steps gives the changes of stored counts with from < At <= to, in order, as
// known at that ledger size; together with Counts they draw a history without
// scanning outcomes. Silence is not in them: see Silences.
func (s *Service) Steps(ctx context.Context, from, to time.Time, known int64) ([]Step, error) {
	return nil, errLater
}

// List gives outcomes of a check or an item, by item name, check and attribute.
// next is "" at the end. total is exact.
func (s *Service) List(ctx context.Context, f Filter, at At, cursor string, limit int) (rows []Row, next string, total int64, err error) {
	return nil, "", 0, errLater
}

// OfItem gives all outcomes of an item, by check and attribute.
func (s *Service) OfItem(ctx context.Context, item string, at At) ([]Row, error) {
	return nil, errLater
}

// History gives every change of one outcome, newest first, as stored.
func (s *Service) History(ctx context.Context, check, attribute, item string) ([]Row, error) {
	return nil, errLater
}

// LastRuns gives, by check, when what was judged last was observed.
func (s *Service) LastRuns(ctx context.Context, at At) (map[string]time.Time, error) {
	return nil, errLater
}

// Run gives one run by id.
func (s *Service) Run(ctx context.Context, id string) (Run, error) { return Run{}, errLater }

// Runs gives runs, newest first; source and kind may be "". before is the id of
// the last run of the previous page.
func (s *Service) Runs(ctx context.Context, source string, kind RunKind, before string, limit int) ([]Run, error) {
	return nil, errLater
}

// Population gives the members of a population at a moment, by id, and the
// digest over their sorted ids.
func (s *Service) Population(ctx context.Context, name string, at At) (items []Item, digest string, err error) {
	return nil, "", errLater
}

// Covered reports whether a section of a source was observed at a moment;
// section "" asks about the source.
func (s *Service) Covered(ctx context.Context, source, section string, at At) (bool, error) {
	return false, errLater
}

// Coverage gives the intervals in which a source (section "") or a section was
// observed, that meet [from, to).
func (s *Service) Coverage(ctx context.Context, source, section string, from, to time.Time) ([]Interval, error) {
	return nil, errLater
}

// Gaps gives the stretches of [from, to) in which it was not.
func (s *Service) Gaps(ctx context.Context, source, section string, from, to time.Time) ([]Interval, error) {
	return nil, errLater
}
