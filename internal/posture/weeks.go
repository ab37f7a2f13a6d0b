package posture

import (
	"slices"
	"time"

	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/program/control"
)

// delta is a change of one attribute's counts at a moment.
type delta struct {
	at  time.Time
	key key
	n   Counts
}

// shape is what rests on what while programme and standards stay the same:
// attributes in checks, checks in controls, controls in criteria. It holds
// statuses and brings them up to date where something changed, so that a year
// costs as much as what changed in it.
type shape struct {
	place     map[key]int // of an attribute
	attribute []attributeNode
	check     []checkNode
	control   []controlNode
	of        map[int]int     // of a control in the programme, in control
	criterion []criterionNode // in the catalogue's order

	checks, controls, criteria []int // those whose parts changed
}

type attributeNode struct {
	n      Counts
	status Status
	check  int
}

type checkNode struct {
	attributes, controls []int
	status               Status
	dirty                bool
}

type controlNode struct {
	checks  []int
	missing bool   // names a check that is not in force
	own     Status // of its instances; "" where it has none
	keyFor  []int  // criteria that rest on it
	status  Status
	dirty   bool
}

type criterionNode struct {
	controls []int // key ones
	status   Status
	dirty    bool
}

// newShape arranges checks, controls and criteria as they stood at a moment.
func newShape(program *control.Program, set *standard.Set, valid time.Time, counts map[key]Counts, performed performances) *shape {
	all := catalog.All()
	s := &shape{place: map[key]int{}, of: map[int]int{}, check: make([]checkNode, len(set.Checks)), criterion: make([]criterionNode, len(all))}
	byID := map[string]int{}
	for i, c := range set.Checks {
		byID[c.ID] = i
		for _, a := range c.Attributes {
			k, at := key{c.ID, a.ID}, len(s.attribute)
			s.place[k] = at
			s.check[i].attributes = append(s.check[i].attributes, at)
			s.attribute = append(s.attribute, attributeNode{counts[k], counts[k].status(), i})
		}
	}
	scope := program.ScopeAt(valid, -1)
	criteria := map[string]int{}
	for i, c := range all {
		criteria[c.ID] = i
		if !scope.Has(c.Category) {
			s.criterion[i].status = Out
		}
	}
	for i := range program.Controls {
		version, inUse := program.Controls[i].At(valid, -1)
		if !inUse {
			continue
		}
		at := len(s.control)
		ids, missing := tests(version.Design, set)
		k := controlNode{missing: len(missing) > 0, own: performed.at(i, valid)}
		s.of[i] = at
		for _, id := range ids {
			k.checks = append(k.checks, byID[id])
			s.check[byID[id]].controls = append(s.check[byID[id]].controls, at)
		}
		for _, id := range version.Design.Criteria() {
			if c := criteria[id]; version.Design.KeyFor(id) && s.criterion[c].status != Out {
				k.keyFor = append(k.keyFor, c)
				s.criterion[c].controls = append(s.criterion[c].controls, at)
			}
		}
		s.control = append(s.control, k)
	}
	for i := range s.check {
		s.touchCheck(i)
	}
	for i := range s.control {
		s.touchControl(i)
	}
	for i := range s.criterion {
		s.touchCriterion(i)
	}
	s.settle(nil)
	return s
}

func (s *shape) touchCheck(i int) {
	if !s.check[i].dirty {
		s.check[i].dirty, s.checks = true, append(s.checks, i)
	}
}

func (s *shape) touchControl(i int) {
	if !s.control[i].dirty {
		s.control[i].dirty, s.controls = true, append(s.controls, i)
	}
}

func (s *shape) touchCriterion(i int) {
	if !s.criterion[i].dirty {
		s.criterion[i].dirty, s.criteria = true, append(s.criteria, i)
	}
}

// apply adds a change. Statuses follow with settle.
func (s *shape) apply(d delta) {
	i, ok := s.place[d.key]
	if !ok {
		return // of a check that no standard in force holds
	}
	a := &s.attribute[i]
	a.n = a.n.Plus(d.n)
	if status := a.n.status(); status != a.status {
		a.status = status
		s.touchCheck(a.check)
	}
}

// turn takes in what a control's instances say from now on.
func (s *shape) turn(t turn) {
	at, ok := s.of[t.control]
	if !ok || t.status == "" || s.control[at].own == "" {
		return // it was not in use, or its design has no instances: the programme turns with that
	}
	s.control[at].own = t.status
	s.touchControl(at)
}

// settle brings statuses up to date and tells of each criterion whose changed.
func (s *shape) settle(changed func(criterion int, to Status)) {
	var parts []Status
	for _, i := range s.checks {
		c := &s.check[i]
		parts = parts[:0]
		for _, a := range c.attributes {
			parts = append(parts, s.attribute[a].status)
		}
		c.dirty = false
		if status := fold(parts...); status != c.status {
			c.status = status
			for _, k := range c.controls {
				s.touchControl(k)
			}
		}
	}
	for _, i := range s.controls {
		c := &s.control[i]
		parts = parts[:0]
		for _, k := range c.checks {
			parts = append(parts, s.check[k].status)
		}
		if c.missing {
			parts = append(parts, Insufficient)
		}
		if c.own != "" {
			parts = append(parts, c.own)
		}
		c.dirty = false
		if status := fold(parts...); status != c.status {
			c.status = status
			for _, k := range c.keyFor {
				s.touchCriterion(k)
			}
		}
	}
	for _, i := range s.criteria {
		c := &s.criterion[i]
		c.dirty = false
		if c.status == Out {
			continue
		}
		parts = parts[:0]
		for _, k := range c.controls {
			parts = append(parts, s.control[k].status)
		}
		if status := fold(parts...); status != c.status {
			c.status = status
			if changed != nil {
				changed(i, status)
			}
		}
	}
	s.checks, s.controls, s.criteria = s.checks[:0], s.controls[:0], s.criteria[:0]
}

// history is all that the grid is drawn from.
type history struct {
	program *control.Program
	sets    func(t time.Time) (*standard.Set, error)
	turns   []time.Time    // when programme or standards changed, sorted
	counts  map[key]Counts // at the start of the first week, of every attribute, in force or not; grid moves them on
	deltas  []delta        // after that start, sorted by time
	now     time.Time

	performed    performances
	performances []turn // after that start, sorted by time
}

// grid draws criteria × weeks.
func (h history) grid(weeks []Week) (Grid, error) {
	all := catalog.All()
	g := Grid{Weeks: weeks, Began: h.program.System.Made.At, Rows: make([]GridRow, len(all))}
	for i, c := range all {
		g.Rows[i] = GridRow{Criterion: c.ID, Title: c.Title, Cells: make([]Cell, len(weeks))}
	}
	if len(weeks) == 0 || weeks[0].Start.After(h.now) {
		return g, nil
	}
	s, err := h.shapeAt(weeks[0].Start)
	if err != nil {
		return g, err
	}
	turns := h.turns[after(h.turns, weeks[0].Start, func(t time.Time) time.Time { return t }):]
	deltas, performances := h.deltas, h.performances
	// advance applies what changed up to t, telling of each status that a
	// criterion took on the way.
	advance := func(t time.Time, note func(criterion int, status Status)) error {
		for {
			var at time.Time
			turn := false
			if len(deltas) > 0 {
				at = deltas[0].at
			}
			if len(performances) > 0 && (at.IsZero() || performances[0].at.Before(at)) {
				at = performances[0].at
			}
			if len(turns) > 0 && (at.IsZero() || !turns[0].After(at)) {
				at, turn = turns[0], true
			}
			if at.IsZero() || at.After(t) {
				return nil
			}
			for ; len(deltas) > 0 && !deltas[0].at.After(at); deltas = deltas[1:] {
				h.counts[deltas[0].key] = h.counts[deltas[0].key].Plus(deltas[0].n)
				if !turn {
					s.apply(deltas[0])
				}
			}
			for ; len(performances) > 0 && !performances[0].at.After(at); performances = performances[1:] {
				if !turn {
					s.turn(performances[0])
				}
			}
			if !turn {
				s.settle(note)
				continue
			}
			for len(turns) > 0 && !turns[0].After(at) {
				turns = turns[1:]
			}
			if s, err = h.shapeAt(at); err != nil {
				return err
			}
			for i, c := range s.criterion {
				note(i, c.status)
			}
		}
	}
	for w, week := range weeks {
		if week.Start.After(h.now) {
			break
		}
		if err := advance(week.Start, func(int, Status) {}); err != nil {
			return g, err
		}
		note := func(i int, to Status) { g.Rows[i].Cells[w].Worst = Worst(g.Rows[i].Cells[w].Worst, to) }
		for i, c := range s.criterion {
			note(i, c.status)
		}
		last := week.End.Add(-time.Microsecond) // times are kept to the microsecond
		if last.After(h.now) {
			last = h.now
		}
		if err := advance(last, note); err != nil {
			return g, err
		}
		for i, c := range s.criterion {
			g.Rows[i].Cells[w].Status = c.status
		}
	}
	return g, nil
}

// shapeAt arranges programme and standards as they stood at t with the counts
// reached.
func (h history) shapeAt(t time.Time) (*shape, error) {
	set, err := h.sets(t)
	if err != nil {
		return nil, err
	}
	return newShape(h.program, set, t, h.counts, h.performed), nil
}

// after gives the number of elements whose time is not after t.
func after[T any](sorted []T, t time.Time, when func(T) time.Time) int {
	n, _ := slices.BinarySearchFunc(sorted, t, func(e T, t time.Time) int {
		if when(e).After(t) {
			return 1
		}
		return -1
	})
	return n
}

// weeksOf cuts [from, to) into weeks that begin at 00:00 in a zone, the first
// on the day of from; the last may be shorter.
func weeksOf(from, to time.Time, zone *time.Location) []Week {
	y, m, d := from.In(zone).Date()
	start := time.Date(y, m, d, 0, 0, 0, 0, zone)
	var weeks []Week
	for start.Before(to) {
		y, m, d := start.Date()
		end := time.Date(y, m, d+7, 0, 0, 0, 0, zone)
		if end.After(to) {
			end = to
		}
		weeks = append(weeks, Week{Start: start, End: end})
		start = end
	}
	return weeks
}
