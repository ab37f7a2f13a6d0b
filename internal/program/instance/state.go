package instance

import (
	"fmt"
	"time"
)

// State is where an instance stands.
type State string

// The states of an instance.
const (
	Performed State = "performed" // before it was due
	Late      State = "late"      // performed after it was due
	Missed    State = "missed"    // not shown to be performed when its grace ended
	Waiver    State = "waived"
	Expected  State = "expected"   // not due, or due and within its grace
	NoTrigger State = "no_trigger" // nothing set the control off, and that was counted
)

// States gives them in the order of tables, worst first.
func States() []State { return []State{Missed, Late, Waiver, Expected, NoTrigger, Performed} }

// Words gives the state as people read it.
func (s State) Words() string {
	if s == NoTrigger {
		return "did not operate"
	}
	return string(s)
}

// Instance is one expected performance, or a quarter in which what sets a
// control off is counted, as seen at a moment.
type Instance struct {
	Key        string    `json:"key"`
	Start      time.Time `json:"start"`
	Due        time.Time `json:"due"`   // performed before it: in time
	Grace      time.Time `json:"grace"` // not performed before it: missed
	Version    int       `json:"version"`
	State      State     `json:"state"`
	Overdue    bool      `json:"overdue,omitempty"`    // expected, and due already
	Reviewed   bool      `json:"reviewed,omitempty"`   // a reviewer accepted what shows it
	Population bool      `json:"population,omitempty"` // a quarter's count of what sets the control off
	Items      int64     `json:"items,omitempty"`      // of that count
	Trigger    string    `json:"trigger,omitempty"`    // what set it off
	Performed  time.Time `json:"performed,omitzero"`
	Collected  time.Time `json:"collected,omitzero"`
	Evidence   []string  `json:"evidence,omitempty"` // "E-12", what counts for it, best first
	Waiver     *Event    `json:"waiver,omitempty"`
}

// Deviates reports whether the state is a deviation.
func (i Instance) Deviates() bool { return i.State == Missed || i.State == Late || i.State == Waiver }

// better orders evidence of one instance: what a reviewer accepted first, then
// what was performed in time, then what was performed earlier.
func better(due time.Time) func(a, b judged) int {
	return func(a, b judged) int {
		switch {
		case a.accepted != b.accepted:
			return before(a.accepted)
		case a.Performed.Before(due) != b.Performed.Before(due):
			return before(a.Performed.Before(due))
		}
		return a.Performed.Compare(b.Performed)
	}
}

func before(first bool) int {
	if first {
		return -1
	}
	return 1
}

// stand is where an instance stood at a moment.
type stand struct {
	state    State
	overdue  bool
	evidence *judged // what shows it, best
	waiver   *Event
}

func (s stand) reviewed() bool { return s.evidence != nil && s.evidence.accepted }

// at says where an instance stood at a moment. Evidence counts from the moment
// of the performance that it shows; what was known is decided before. That a
// quarter's count is complete speaks of the whole quarter, whenever it was made.
func (s *slot) at(valid time.Time) stand {
	for k := range s.evidence { // best first
		e := &s.evidence[k]
		switch {
		case s.quarter && e.Items == 0:
			return stand{state: NoTrigger, evidence: e}
		case s.quarter:
			return stand{state: Performed, evidence: e}
		case e.Performed.After(valid):
		case e.Performed.Before(s.due):
			return stand{state: Performed, evidence: e}
		default:
			return stand{state: Late, evidence: e}
		}
	}
	var waiver *Event
	for k := range s.waivers {
		e := &s.waivers[k]
		if e.At.After(valid) {
			break
		}
		waiver = nil
		if e.Kind == Waived {
			waiver = e
		}
	}
	switch {
	case waiver != nil:
		return stand{state: Waiver, waiver: waiver}
	case !s.quarter && !valid.Before(s.grace):
		return stand{state: Missed}
	}
	return stand{state: Expected, overdue: !valid.Before(s.due)}
}

// instance gives what an instance looks like at a moment.
func (s *slot) instance(valid time.Time) Instance {
	at := s.at(valid)
	i := Instance{Key: s.key, Start: s.start, Due: s.due, Grace: s.grace, Version: s.version, State: at.state, Overdue: at.overdue,
		Reviewed: at.reviewed(), Population: s.quarter, Waiver: at.waiver}
	if s.trigger != nil {
		i.Trigger = s.trigger.Reason
	}
	if at.evidence == nil {
		return i
	}
	i.Performed, i.Collected = at.evidence.Performed, at.evidence.Collected
	if s.quarter {
		i.Items = at.evidence.Items
	}
	for _, e := range s.evidence {
		if s.quarter || !e.Performed.After(valid) {
			i.Evidence = append(i.Evidence, ref(e.Number))
		}
	}
	return i
}

func ref(number int) string { return fmt.Sprintf("E-%d", number) }
