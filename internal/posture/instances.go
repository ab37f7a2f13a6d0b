package posture

import (
	"slices"
	"time"

	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/program/instance"
	"github.com/attesta/attesta/internal/program/scope"
)

// Instances is what the expected performances of a manual control say.
type Instances struct {
	Status Status              `json:"status"`
	Why    string              `json:"why"`
	Change string              `json:"change,omitempty"`
	Since  time.Time           `json:"since,omitzero"`
	Due    int                 `json:"due"`   // were due at the moment, or performed before
	Shown  int                 `json:"shown"` // of those: a reviewer accepted what shows it
	List   []instance.Instance `json:"list"`  // that counted at the moment, oldest first
}

func (i *Instances) coverage() Coverage {
	return Coverage{Observed: int64(i.Shown), Expected: int64(i.Due)}
}

// observed reports whether anything was observed of the control.
func (c *Control) observed() bool {
	return len(c.Checks) > 0 || c.Instances != nil && c.Instances.Due > 0
}

// statusOf gives the evidence status of a verdict.
func statusOf(v instance.Verdict) Status {
	switch v {
	case instance.Deviates:
		return Deviation
	case instance.Silent:
		return DidNotOperate
	case instance.Fine:
		return None
	}
	return Insufficient // due, awaiting review, or nothing observed
}

// hasInstances reports whether a design is performed by people at times.
func hasInstances(d control.Design) bool { return instance.Periodic(d) || instance.Triggered(d) }

// horizon gives from when on instances count at a moment.
func horizon(sc scope.Version, valid time.Time) time.Time {
	w, ok := sc.Window()
	return instance.Horizon(w, ok, valid)
}

// instances gives what a control's instances say; nil where its design has none.
func (f basis) instances(c *control.Control, d control.Design, sc scope.Version) *Instances {
	if f.book == nil || !hasInstances(d) {
		return nil
	}
	from := horizon(sc, f.valid)
	k := f.book.PlanAt(c, sc.Location(), f.known, f.valid, from).Conclude(f.valid, from)
	return &Instances{Status: statusOf(k.Verdict), Why: k.Why, Change: k.Change, Since: k.Since, Due: k.Due, Shown: k.Shown, List: k.Instances}
}

// merge brings what instances say into a control's head, which its checks have
// settled: the worse of the two speaks.
func (c *Control) merge() {
	i := c.Instances
	if i == nil {
		return
	}
	c.Coverage = c.Coverage.Plus(i.coverage())
	checks := c.Status
	if len(c.Design.Checks) == 0 {
		checks = i.Status
	}
	c.Status = fold(checks, i.Status)
	if len(c.Design.Checks) == 0 || c.Status == i.Status && c.Status != checks {
		c.Why, c.Change, c.Since = i.Why, i.Change, time.Time{}
	}
	if i.Status == Deviation && (c.Since.IsZero() || i.Since.Before(c.Since)) {
		c.Since = i.Since
	}
}

// turn is a change of what a control's instances say.
type turn struct {
	at      time.Time
	control int // in the programme
	status  Status
}

// performances knows what instances say at any moment of a period.
type performances struct {
	program *control.Program
	plans   map[int]*instance.Plan // by place in the programme
}

// newPerformances plans a period. A book that is nil has no instances.
func newPerformances(program *control.Program, book *instance.Book, from, to time.Time) performances {
	p := performances{program: program, plans: map[int]*instance.Plan{}}
	if book == nil {
		return p
	}
	first := earliest(horizon(program.ScopeAt(from, -1), from), from.AddDate(-1, 0, 0))
	for i := range program.Controls {
		c := &program.Controls[i]
		if slices.ContainsFunc(c.History, func(v control.Version) bool { return hasInstances(v.Design) }) {
			p.plans[i] = book.PlanAt(c, program.ScopeAt(to, -1).Location(), -1, to, first)
		}
	}
	return p
}

func earliest(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// at gives the status of a control's instances; "" where its design had none.
func (p performances) at(i int, t time.Time) Status {
	plan, ok := p.plans[i]
	if !ok {
		return ""
	}
	v, inUse := p.program.Controls[i].At(t, -1)
	if !inUse || !hasInstances(v.Design) {
		return ""
	}
	return statusOf(plan.Verdict(t, horizon(p.program.ScopeAt(t, -1), t)))
}

// turns gives every change in (from, to], sorted. A change together with one of
// the programme is left to whoever arranges that anew.
func (p performances) turns(from, to time.Time) []turn {
	var windows []time.Time
	for _, sc := range p.program.Scopes {
		if w, ok := sc.Window(); ok {
			windows = append(windows, w.Start, w.End)
		}
	}
	var out []turn
	for i, plan := range p.plans {
		moments := slices.DeleteFunc(slices.Concat(plan.Moments(from, to), windows, scope.Turns(p.program.Scopes)), func(t time.Time) bool { return !t.After(from) || t.After(to) })
		slices.SortFunc(moments, time.Time.Compare)
		last := p.at(i, from)
		for _, t := range slices.CompactFunc(moments, time.Time.Equal) {
			if s := p.at(i, t); s != last {
				out = append(out, turn{t, i, s})
				last = s
			}
		}
	}
	slices.SortFunc(out, func(a, b turn) int {
		if d := a.at.Compare(b.at); d != 0 {
			return d
		}
		return a.control - b.control
	})
	return out
}
