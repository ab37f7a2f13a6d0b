package instance

import (
	"slices"
	"time"

	"github.com/attesta/attesta/internal/program/control"
)

// slot is an expected performance before anybody looks at evidence.
type slot struct {
	key               string
	start, due, grace time.Time
	version           int
	trigger           *Event   // of a triggered control
	quarter           bool     // in which what sets the control off is counted
	evidence          []judged // best first
	waivers           []Event  // oldest first
}

// first gives the first period that is expected of a stretch, and from when: the
// running one where at least half of it was left, else the next.
func (s stretch) first(zone *time.Location) (n int, start time.Time) {
	n = s.index(dateOf(s.from, zone))
	begins, due := s.begin(n).start(zone), s.begin(n+1).start(zone)
	if begins.Before(s.from) && due.Sub(s.from)*2 < due.Sub(begins) {
		n++
	}
	return n, s.from
}

// periodic gives the slots of a stretch that are due after from and begin
// before to. A period that the stretch's end cuts is not expected.
func (s stretch) periodic(zone *time.Location, from, to time.Time) []slot {
	var out []slot
	n, start := s.first(zone)
	if later := s.index(dateOf(from, zone)) - 1; later > n {
		n, start = later, s.begin(later).start(zone)
	}
	for ; ; n++ {
		next := s.begin(n + 1)
		due := next.start(zone)
		if !start.Before(to) || (!s.to.IsZero() && due.After(s.to)) {
			return out
		}
		if due.After(from) {
			grace := next.days(cycles[s.frequency].grace).start(zone)
			out = append(out, slot{key: next.days(-1).String(), start: start, due: due, grace: grace})
		}
		start = due
	}
}

// quarters gives the quarters of a triggered stretch for which what sets the
// control off is to be counted.
func (s stretch) quarters(zone *time.Location, from, to time.Time) []slot {
	s.schedule = schedule{frequency: "quarterly", anchor: calendar}
	return s.periodic(zone, from, to)
}

// versionAt gives the version of the design that held at a moment.
func versionAt(c *control.Control, t time.Time, known int64) int {
	n := 0
	for _, v := range c.History {
		if v.Effective.After(t) || (known >= 0 && (v.Made.Index < 0 || v.Made.Index >= known)) {
			continue
		}
		n = v.Version
	}
	return n
}

// Plan is what is expected of a control over a time, with what is known of
// how it went.
type Plan struct {
	Control  *control.Control
	zone     *time.Location
	slots    []slot // by due
	quarters []slot // of a triggered control
	trigger  bool
}

// Plan derives what was expected of a control between two moments: every
// instance that was due after from and began before to.
func (b *Book) Plan(c *control.Control, zone *time.Location, known int64, from, to time.Time) *Plan {
	p := &Plan{Control: c, zone: zone}
	by, waivers := map[string][]judged{}, map[string][]Event{}
	for _, x := range b.performances(c.ID, known) {
		by[x.Role+x.Instance] = append(by[x.Role+x.Instance], x)
	}
	occurred := map[string]*Event{}
	var order []string
	for _, e := range b.eventsOf(c.ID, known) {
		switch e.Kind {
		case SetOff:
			occurred[e.Instance] = &e
			order = append(order, e.Instance)
		case Withdrawn:
			delete(occurred, e.Instance)
		default:
			waivers[e.Instance] = append(waivers[e.Instance], e)
		}
	}
	for _, s := range stretches(c, known) {
		if s.trigger == "" {
			p.slots = append(p.slots, s.periodic(zone, from, to)...)
			continue
		}
		p.trigger = true
		p.quarters = append(p.quarters, s.quarters(zone, from, to)...)
	}
	for _, key := range order {
		e := occurred[key]
		if e == nil || !e.Due.After(from) || !e.Occurred.Before(to) {
			continue
		}
		occurred[key] = nil
		p.slots = append(p.slots, slot{key: key, start: e.Occurred, due: e.Due, grace: dateOf(e.Due, zone).days(triggerGrace).start(zone), trigger: e})
	}
	for role, slots := range map[string][]slot{AsPerformance: p.slots, AsPopulation: p.quarters} {
		for i := range slots {
			s := &slots[i]
			s.version = versionAt(c, s.due.Add(-time.Microsecond), known)
			s.evidence = by[role+s.key]
			slices.SortStableFunc(s.evidence, better(s.due))
			if s.quarter = role == AsPopulation; !s.quarter {
				s.waivers = waivers[s.key]
			}
		}
	}
	slices.SortStableFunc(p.slots, func(a, b slot) int { return a.due.Compare(b.due) })
	return p
}

// All gives every instance of the plan as it stands at a moment, those to come
// too, in order of their due.
func (p *Plan) All(at time.Time) []Instance {
	var out []Instance
	for _, list := range [][]slot{p.slots, p.quarters} {
		for k := range list {
			out = append(out, list[k].instance(at))
		}
	}
	slices.SortStableFunc(out, func(a, b Instance) int { return a.Due.Compare(b.Due) })
	return out
}

// Due gives when the instance of a key and role is due, and when the next one of a
// periodic control is: zero where none follows.
func (p *Plan) Due(key, role string) (due, next time.Time, found bool) {
	list := p.slots
	if role == AsPopulation {
		list = p.quarters
	}
	for k := range list {
		if list[k].key != key {
			continue
		}
		if list[k].trigger == nil && k+1 < len(list) {
			next = list[k+1].due
		}
		return list[k].due, next, true
	}
	return due, next, false
}

// Find gives the instance of a key and role as it stands at a moment, and when
// the next one of a periodic control is due: zero where none follows.
func (p *Plan) Find(key, role string, at time.Time) (i Instance, next time.Time, found bool) {
	list := p.slots
	if role == AsPopulation {
		list = p.quarters
	}
	for k := range list {
		if list[k].key != key {
			continue
		}
		if list[k].trigger == nil && k+1 < len(list) {
			next = list[k+1].due
		}
		return list[k].instance(at), next, true
	}
	return i, next, false
}

// PlanAt is Plan for one moment: what counts from a horizon on, and the one
// instance before it.
func (b *Book) PlanAt(c *control.Control, zone *time.Location, known int64, valid, horizon time.Time) *Plan {
	back := horizon.AddDate(0, -2, 0)
	for _, s := range stretches(c, known) {
		if months := cycles[s.frequency].months; months > 1 {
			back = earlier(back, horizon.AddDate(0, -months-1, 0))
		}
	}
	return b.Plan(c, zone, known, back, valid.Add(time.Microsecond))
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
