package posture

import (
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
	slugs     []string    // of controls
	ids       []string    // of checks
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
		s.ids = append(s.ids, c.ID)
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
		s.slugs = append(s.slugs, program.Controls[i].Slug)
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

// settle brings statuses up to date and tells of each check, control and
// criterion whose changed.
func (s *shape) settle(changed func(Subject, Status)) {
	if changed == nil {
		changed = func(Subject, Status) {}
	}
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
			changed(Subject{OfCheck, s.ids[i]}, status)
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
			changed(Subject{OfControl, s.slugs[i]}, status)
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
			changed(Subject{OfCriterion, catalog.All()[i].ID}, status)
		}
	}
	s.checks, s.controls, s.criteria = s.checks[:0], s.controls[:0], s.criteria[:0]
}
