package instance

import (
	"slices"
	"time"
)

// Roles of evidence.
const (
	AsPerformance = "performance" // it shows that an instance was performed
	AsPopulation  = "population"  // it counts what set a control off in a quarter
)

// Decision is what a reviewer said of evidence.
type Decision string

// The two decisions.
const (
	Accepted Decision = "accepted"
	SentBack Decision = "sent_back"
)

// Review is a reviewer's decision.
type Review struct {
	Decision Decision
	Index    int64 // of its ledger entry; -1 before it is numbered
}

// Performance is one version of an item of evidence as evidence of one
// instance.
type Performance struct {
	Evidence  string // "evd_…"
	Number    int    // E-12
	Version   int
	Control   string // "ctl_…"
	Instance  string
	Role      string // AsPerformance, AsPopulation; "" where this version covers the control no more
	Items     int64  // as population: how many; else -1
	Performed time.Time
	Collected time.Time
	Index     int64 // of its ledger entry; -1 before it is numbered
	Reviews   []Review
}

func seen(index, known int64) bool { return known < 0 || (index >= 0 && index < known) }

// decision gives the last decision known; "" where there is none.
func (p *Performance) decision(known int64) Decision {
	var d Decision
	for _, r := range p.Reviews {
		if seen(r.Index, known) {
			d = r.Decision
		}
	}
	return d
}

// Happening is what a person said about an instance.
type Happening string

// The four.
const (
	SetOff    Happening = "triggered" // something set the control off
	Withdrawn Happening = "withdrawn" // it was recorded in error
	Waived    Happening = "waived"    // its performance is let go; it stays a deviation
	Resumed   Happening = "resumed"   // a waiver is taken back
)

// Event is one row of what people said about instances.
type Event struct {
	ID       string    `json:"id"` // "ins_…"
	Control  string    `json:"control"`
	Instance string    `json:"instance"`
	Kind     Happening `json:"kind"`
	Occurred time.Time `json:"occurred,omitzero"` // set off: when
	Due      time.Time `json:"due,omitzero"`      // set off: the control is performed before it
	Reason   string    `json:"reason"`
	At       time.Time `json:"at"` // when it was said
	By       string    `json:"by"`
	Entry    string    `json:"entry"`
	Index    int64     `json:"index"`
}

// Book is all that is known of instances beyond designs.
type Book struct {
	byControl map[string][]Performance
	events    map[string][]Event
}

// NewBook arranges evidence and events, each oldest first.
func NewBook(performances []Performance, events []Event) *Book {
	b := &Book{byControl: map[string][]Performance{}, events: map[string][]Event{}}
	for _, p := range performances {
		b.byControl[p.Control] = append(b.byControl[p.Control], p)
	}
	for _, e := range events {
		b.events[e.Control] = append(b.events[e.Control], e)
	}
	return b
}

// performances gives what was known of a control's evidence: of each item the
// newest version, unless it was sent back. A version that does not cover the
// control any more stands in the book without a role.
func (b *Book) performances(control string, known int64) []judged {
	newest := map[string]int{}
	for _, p := range b.byControl[control] {
		if seen(p.Index, known) {
			newest[p.Evidence] = max(newest[p.Evidence], p.Version)
		}
	}
	var out []judged
	for _, p := range b.byControl[control] {
		if !seen(p.Index, known) || p.Version < newest[p.Evidence] || p.Role == "" {
			continue
		}
		if d := p.decision(known); d != SentBack {
			out = append(out, judged{p, d == Accepted})
		}
	}
	return out
}

// judged is evidence that counts, and whether a reviewer accepted it.
type judged struct {
	Performance
	accepted bool
}

// eventsOf gives what was said about a control's instances, as known.
func (b *Book) eventsOf(control string, known int64) []Event {
	return slices.DeleteFunc(slices.Clone(b.events[control]), func(e Event) bool { return !seen(e.Index, known) })
}
