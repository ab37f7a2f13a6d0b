package instance

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/program/scope"
)

// Verdict is what the instances of a control say together.
type Verdict string

// The verdicts, worst first. The evidence statuses are posture's to give.
const (
	Deviates Verdict = "deviates" // an instance was missed, late or waived
	Lacks    Verdict = "lacks"    // an instance is due, or its evidence awaits review
	Nothing  Verdict = "nothing"  // nothing was observed yet
	Silent   Verdict = "silent"   // nothing set the control off, and that is shown
	Fine     Verdict = "fine"     // what was due was performed in time, and reviewed
)

// Conclusion is the verdict with its derivation.
type Conclusion struct {
	Verdict   Verdict
	Why       string // a fragment: "of 3 instances due 1 missed"
	Change    string // what would change it
	Since     time.Time
	Due       int // instances that were due, or performed before
	Shown     int // of those: performed, and a reviewer accepted what shows it
	Instances []Instance
}

// Horizon gives from when on instances count at a moment: from the start of the
// window that holds it, else over the year before.
func Horizon(w scope.Window, ok bool, valid time.Time) time.Time {
	if ok && w.Type == 2 && w.Contains(valid) {
		return w.Start
	}
	return valid.AddDate(-1, 0, 0)
}

// counts reports whether a slot counts at a moment.
func (s *slot) counts(valid, horizon time.Time) bool {
	return s.due.After(horizon) && !s.start.After(valid)
}

// At gives the instances that count at a moment, oldest first: those due after
// the horizon that had begun, and the quarters of a triggered control.
func (p *Plan) At(valid, horizon time.Time) []Instance {
	var out []Instance
	for _, list := range [][]slot{p.slots, p.quarters} {
		for k := range list {
			if list[k].counts(valid, horizon) {
				out = append(out, list[k].instance(valid))
			}
		}
	}
	return out
}

// tally is how the instances that count stood at a moment.
type tally struct {
	missed, late, waived int
	due                  int // were due, or performed before
	shown                int // of those: a reviewer accepted what shows it
	performed            int // in time, and reviewed
	since                time.Time
	lacking, next        *slot
	last                 *slot // the last one due at or before the horizon
}

func (p *Plan) tally(valid, horizon time.Time) tally {
	var t tally
	for k := range p.slots {
		s := &p.slots[k]
		if !s.counts(valid, horizon) {
			if !s.due.After(horizon) {
				t.last = s
			}
			continue
		}
		at := s.at(valid)
		if !valid.Before(s.due) || at.evidence != nil {
			t.due++
			if at.reviewed() {
				t.shown++
			}
		}
		since := s.grace
		switch at.state {
		case Missed:
			t.missed++
		case Late:
			t.late++
			if at.evidence.Performed.Before(since) {
				since = at.evidence.Performed
			}
		case Waiver:
			t.waived++
			if at.waiver.At.Before(since) {
				since = at.waiver.At
			}
		default:
			since = time.Time{}
		}
		if !since.IsZero() && (t.since.IsZero() || since.Before(t.since)) {
			t.since = since
		}
		switch {
		case at.state == Performed && at.reviewed():
			t.performed++
		case t.lacking == nil && (at.state == Performed || at.overdue):
			t.lacking = s
		case t.next == nil && at.state == Expected && !at.overdue:
			t.next = s
		}
	}
	return t
}

func (t tally) deviates() bool { return t.missed+t.late+t.waived > 0 }

// continued reports whether nothing is due yet and the last instance before the
// horizon was fine.
func (t tally) continued(valid time.Time) bool {
	if t.last == nil || t.next == nil {
		return false
	}
	at := t.last.at(valid)
	return at.state == Performed && at.reviewed()
}

// Verdict gives the verdict at a moment.
func (p *Plan) Verdict(valid, horizon time.Time) Verdict {
	t := p.tally(valid, horizon)
	switch {
	case t.deviates():
		return Deviates
	case t.lacking != nil:
		return Lacks
	case t.performed > 0:
		return Fine
	case p.trigger:
		return p.silence(valid, horizon).Verdict
	case t.continued(valid):
		return Fine
	}
	return Nothing
}

// Conclude gives the verdict at a moment with its derivation.
func (p *Plan) Conclude(valid, horizon time.Time) Conclusion {
	t := p.tally(valid, horizon)
	c := Conclusion{Verdict: p.Verdict(valid, horizon)}
	switch {
	case c.Verdict == Deviates:
		c.Why, c.Change = t.words(), "it stays a deviation of its window"
		if t.missed > 0 {
			c.Change += "; evidence of a performance in time would change it"
		}
	case t.lacking != nil:
		c.Why = "no evidence shows the instance due on " + p.day(t.lacking.due) + " yet"
		c.Change = "evidence of it that a reviewer accepts; it counts as missed from " + p.date(t.lacking.grace)
		if e := t.lacking.at(valid).evidence; e != nil {
			c.Why = ref(e.Number) + " for the instance due on " + p.day(t.lacking.due) + " awaits review"
			c.Change = "a reviewer who accepts it or sends it back"
		}
	case t.performed > 0:
		c.Why = performedWords(t.performed, t.due)
	case p.trigger:
		c = p.silence(valid, horizon)
	case c.Verdict == Fine:
		c.Why = "the last instance, due on " + p.day(t.last.due) + ", was performed; the next is due on " + p.day(t.next.due)
	case t.next != nil:
		c.Why = "no instance is recorded yet; the first is due on " + p.day(t.next.due)
		c.Change = "evidence of an instance that a reviewer accepts"
	default:
		c.Why = "nothing is expected of it before it is approved"
		c.Change = "its approval, and evidence of an instance that a reviewer accepts"
	}
	c.Since, c.Due, c.Shown, c.Instances = t.since, t.due, t.shown, p.At(valid, horizon)
	return c
}

// silence concludes for a triggered control that nothing is recorded to have
// set off: every quarter that ended must be counted, completely, as empty.
func (p *Plan) silence(valid, horizon time.Time) Conclusion {
	ended := 0
	for k := range p.quarters {
		s := &p.quarters[k]
		if !s.counts(valid, horizon) {
			continue
		}
		at := s.at(valid)
		switch {
		case at.state == NoTrigger && at.reviewed():
			ended++
		case at.state == NoTrigger:
			return Conclusion{Verdict: Lacks, Why: ref(at.evidence.Number) + ", which counts none in the quarter to " + p.day(s.due) + ", awaits review",
				Change: "a reviewer who accepts it or sends it back"}
		case at.state == Performed:
			return Conclusion{Verdict: Lacks, Why: fmt.Sprintf("%s counts %d in the quarter to %s, and none is recorded", ref(at.evidence.Number), at.evidence.Items, p.day(s.due)),
				Change: "a record of each, with evidence of what was done"}
		case at.overdue:
			return Conclusion{Verdict: Nothing, Why: "nothing is recorded to have set it off, and the quarter to " + p.day(s.due) + " was not counted",
				Change: "a complete count of what sets it off, or a record of each"}
		}
	}
	switch ended {
	case 0:
		return Conclusion{Verdict: Nothing, Why: "nothing is recorded to have set it off, and nothing shows that nothing did",
			Change: "a complete count of what sets it off, or a record of each"}
	case 1:
		return Conclusion{Verdict: Silent, Why: "nothing set it off in the quarter that was counted completely", Change: "a record of what sets it off"}
	}
	return Conclusion{Verdict: Silent, Why: fmt.Sprintf("nothing set it off in %d quarters that were counted completely", ended), Change: "a record of what sets it off"}
}

func performedWords(n, due int) string {
	switch {
	case due == 1:
		return "the only instance due was performed in time"
	case n == due:
		return fmt.Sprintf("all %d instances due were performed in time", due)
	}
	return fmt.Sprintf("%d of %d instances due were performed in time", n, due)
}

// words gives "of 3 instances due 1 missed, 1 late".
func (t tally) words() string {
	var parts []string
	for _, n := range []struct {
		n     int
		state State
	}{{t.missed, Missed}, {t.late, Late}, {t.waived, Waiver}} {
		if n.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n.n, n.state.Words()))
		}
	}
	due := max(t.due, t.missed+t.late+t.waived) // one may be waived before it is due
	if due == 1 {
		return "of the only instance due " + strings.Join(parts, ", ")
	}
	return fmt.Sprintf("of %d instances due %s", due, strings.Join(parts, ", "))
}

// day gives the last day on which a performance is in time: "31 Mar 2026".
func (p *Plan) day(due time.Time) string { return p.date(due.Add(-time.Microsecond)) }

func (p *Plan) date(t time.Time) string { return t.In(p.zone).Format("2 Jan 2006") }

// Moments gives, sorted, every moment in (from, to] at which the verdict may
// change by itself: instances begin, fall due, are missed or performed, waivers
// are given. Where the horizon moves, the caller adds that.
func (p *Plan) Moments(from, to time.Time) []time.Time {
	var out []time.Time
	add := func(list ...time.Time) {
		for _, t := range list {
			if t.After(from) && !t.After(to) {
				out = append(out, t)
			}
		}
	}
	for k := range p.slots {
		s := &p.slots[k]
		add(s.start, s.due, s.grace, s.due.AddDate(1, 0, 0))
		for _, e := range s.evidence {
			add(e.Performed)
		}
		for _, e := range s.waivers {
			add(e.At)
		}
	}
	for _, s := range p.quarters {
		add(s.start, s.due, s.due.AddDate(1, 0, 0))
	}
	slices.SortFunc(out, time.Time.Compare)
	return slices.CompactFunc(out, time.Time.Equal)
}

// Gatherable is an instance whose evidence can still be brought.
type Gatherable struct {
	Instance
	Perform bool      `json:"perform"` // it can still be performed in time; else only its evidence can still be collected
	Until   time.Time `json:"until"`   // for the first its due, for the second the window's end
}

// Gather gives the instances of a window whose evidence can still be gathered
// before it ends, soonest first: those not due yet, which can be performed, and
// those due without evidence, which may have been performed in time.
func (p *Plan) Gather(now time.Time, w scope.Window) []Gatherable {
	if !now.Before(w.End) {
		return nil
	}
	var out []Gatherable
	for k := range p.slots {
		s := &p.slots[k]
		if s.due.After(w.End) || !s.due.After(w.Start) {
			continue
		}
		i := s.instance(now)
		switch {
		case i.State == Expected && !i.Overdue:
			out = append(out, Gatherable{i, true, i.Due})
		case i.State == Expected, i.State == Missed:
			out = append(out, Gatherable{i, false, w.End})
		}
	}
	slices.SortStableFunc(out, func(a, b Gatherable) int { return a.Until.Compare(b.Until) })
	return out
}
