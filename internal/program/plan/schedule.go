package plan

import (
	"cmp"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
)

// Slot is a task in the schedule.
type Slot struct {
	Number   int       `json:"number"`
	Start    time.Time `json:"start"`            // first moment of the day on which it can begin
	End      time.Time `json:"end"`              // first moment after its last day
	Latest   time.Time `json:"latest"`           // end that still meets the target; End where it is missed, or there is none
	Slack    int       `json:"slack"`            // half working days that it can slip before the target is missed; below 0: it is missed already
	Critical bool      `json:"critical"`         // no task ends later for another reason: a slip moves the end of the plan
	Behind   int       `json:"behind,omitempty"` // the task before it of the same person, where that is what it waits for
	Late     bool      `json:"late"`             // it ends after it is due

	from, to int // in half working days from the first
}

// Load is what lies before one person.
type Load struct {
	Owner  string `json:"owner"`
	Tasks  int    `json:"tasks"`
	Effort int    `json:"effort"` // half working days
	Room   int    `json:"room"`   // half working days up to the target
}

// Schedule is when tasks that are not over can be done: each after those that it
// waits for, one after another for each owner, technical ones first.
type Schedule struct {
	Now    time.Time      `json:"now"`
	Target time.Time      `json:"target,omitzero"` // by when all of it has to be done
	End    time.Time      `json:"end,omitzero"`    // when the last can be done
	Spare  int            `json:"spare"`           // half working days between the two; below 0: the target is missed
	Path   []int          `json:"path"`            // critical, in order
	Slots  []Slot         `json:"slots"`           // by start
	Loads  []Load         `json:"loads"`           // by effort, largest first
	Waits  map[int][]int  `json:"-"`               // all that each waits for, its person's task before it included
	zone   *time.Location // of days
}

// Slot gives the place of a task.
func (s *Schedule) Slot(number int) (Slot, bool) {
	i := slices.IndexFunc(s.Slots, func(x Slot) bool { return x.Number == number })
	if i < 0 {
		return Slot{}, false
	}
	return s.Slots[i], true
}

// calendar counts working days, Monday to Friday, from the first after a moment.
type calendar struct {
	first time.Time // midnight of the first working day, in the zone
	zone  *time.Location
}

func newCalendar(now time.Time, zone *time.Location) calendar {
	y, m, d := now.In(zone).Date()
	c := calendar{clock.DayStart(y, m, d, zone), zone}
	for !working(c.first) {
		c.first = c.next(c.first, 1)
	}
	return c
}

func working(t time.Time) bool { return t.Weekday() != time.Saturday && t.Weekday() != time.Sunday }

func (c calendar) next(t time.Time, days int) time.Time {
	y, m, d := t.In(c.zone).Date()
	return clock.DayStart(y, m, d+days, c.zone)
}

// day gives the working day in which the nth half day lies.
func (c calendar) day(half int) time.Time {
	days := half / 2
	weeks := days / 5
	t := c.next(c.first, 7*weeks)
	for n := days % 5; n > 0; {
		if t = c.next(t, 1); working(t) {
			n--
		}
	}
	return t
}

// halves gives how many half working days lie between the first day and a moment.
func (c calendar) halves(t time.Time) int {
	if !t.After(c.first) {
		n := 0
		for d := c.next(c.first, -1); !d.Before(t); d = c.next(d, -1) {
			if working(d) {
				n -= 2
			}
			if n < -4000 {
				break
			}
		}
		return n
	}
	whole := int(t.Sub(c.first).Hours()/24) / 7
	n := 10 * whole
	for d := c.next(c.first, 7*whole); d.Before(t); d = c.next(d, 1) {
		if working(d) {
			n += 2
		}
	}
	return n
}

// NewSchedule computes when tasks can be done, from a moment on, up to a target
// (zero: none). Tasks that are over are left out, and nothing waits for them.
func NewSchedule(tasks []Task, now, target time.Time, zone *time.Location) Schedule {
	return arrange(tasks, now, target, zone, nil, nil)
}

// arrange is NewSchedule. order gives the waits to keep instead of an order of
// one's own; extra adds half days to tasks.
func arrange(tasks []Task, now, target time.Time, zone *time.Location, order map[int][]int, extra map[int]int) Schedule {
	s := Schedule{Now: now, Target: target, zone: zone, Waits: map[int][]int{}, Path: []int{}, Slots: []Slot{}, Loads: []Load{}}
	c := newCalendar(now, zone)
	left := map[int]*Task{}
	for i := range tasks {
		if !tasks[i].State.Over() {
			left[tasks[i].Number] = &tasks[i]
		}
	}
	for n, t := range left {
		waits := t.After
		if order != nil {
			waits = order[n]
		}
		s.Waits[n] = []int{}
		for _, m := range waits {
			if left[m] != nil {
				s.Waits[n] = append(s.Waits[n], m)
			}
		}
	}
	place := map[int]*Slot{}
	free := map[string]int{}   // half day from which an owner is free
	before := map[string]int{} // the owner's last task
	for len(place) < len(left) {
		n := ready(left, s.Waits, place)
		if n == 0 {
			break // a ring, which the service refuses; what is in it has no place
		}
		t, x := left[n], &Slot{Number: n}
		for _, m := range s.Waits[n] {
			x.from = max(x.from, place[m].to)
		}
		if order == nil && t.Owner != "" {
			if last := before[t.Owner]; last != 0 && free[t.Owner] > x.from {
				x.from, x.Behind = free[t.Owner], last
			}
			if last := before[t.Owner]; last != 0 && !slices.Contains(s.Waits[n], last) {
				s.Waits[n] = append(s.Waits[n], last)
			}
			before[t.Owner] = n
		}
		x.to = x.from + t.Effort + extra[n]
		if t.Owner != "" {
			free[t.Owner] = x.to
		}
		place[n] = x
	}
	s.settle(c, left, place)
	return s
}

// ready gives the task to place next: of those that wait for nothing unplaced a
// technical one first, then the one due first, then the lowest number.
func ready(left map[int]*Task, waits map[int][]int, place map[int]*Slot) int {
	best := 0
	for _, n := range sortedKeys(left) {
		if place[n] != nil || slices.ContainsFunc(waits[n], func(m int) bool { return place[m] == nil }) {
			continue
		}
		if best == 0 || sooner(left[n], left[best]) {
			best = n
		}
	}
	return best
}

func sooner(a, b *Task) bool {
	switch {
	case a.Technical != b.Technical:
		return a.Technical
	case a.Due.IsZero() != b.Due.IsZero():
		return b.Due.IsZero()
	}
	return a.Due.Before(b.Due)
}

// settle gives slack, the critical path and days to placed tasks.
func (s *Schedule) settle(c calendar, left map[int]*Task, place map[int]*Slot) {
	end := 0
	for _, x := range place {
		end = max(end, x.to)
	}
	room := end
	if !s.Target.IsZero() {
		room = c.halves(s.Target)
		s.Spare = room - end
	}
	latest := map[int]int{} // latest end that moves nothing
	order := make([]*Slot, 0, len(place))
	for _, n := range sortedKeys(place) {
		order = append(order, place[n])
	}
	slices.SortStableFunc(order, func(a, b *Slot) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
	for n := range place {
		latest[n] = end
	}
	for i := len(order) - 1; i >= 0; i-- {
		x := order[i]
		begin := latest[x.Number] - (x.to - x.from)
		for _, m := range s.Waits[x.Number] {
			latest[m] = min(latest[m], begin)
		}
	}
	loads := map[string]*Load{}
	for _, x := range order {
		t := left[x.Number]
		float := latest[x.Number] - x.to
		x.Critical, x.Slack = float == 0, float+room-end
		x.Start, x.End = c.day(x.from), c.next(c.day(x.to-1), 1)
		if x.Latest = x.End; x.Slack > 0 {
			x.Latest = c.next(c.day(x.to+x.Slack-1), 1)
		}
		x.Late = !t.Due.IsZero() && x.End.After(t.Due)
		s.Slots = append(s.Slots, *x)
		if s.End.Before(x.End) {
			s.End = x.End
		}
		if t.Owner == "" {
			continue
		}
		if loads[t.Owner] == nil {
			loads[t.Owner] = &Load{Owner: t.Owner, Room: room}
		}
		loads[t.Owner].Tasks++
		loads[t.Owner].Effort += x.to - x.from
	}
	for _, l := range loads {
		s.Loads = append(s.Loads, *l)
	}
	slices.SortFunc(s.Loads, func(a, b Load) int { return cmp.Or(cmp.Compare(b.Effort, a.Effort), cmp.Compare(a.Owner, b.Owner)) })
	s.path(place)
}

// path follows one chain of critical tasks from the first to the last.
func (s *Schedule) path(place map[int]*Slot) {
	var last *Slot
	for _, n := range sortedKeys(place) {
		if x := place[n]; x.Critical && (last == nil || x.to > last.to) {
			last = x
		}
	}
	for last != nil {
		s.Path = append(s.Path, last.Number)
		var before *Slot
		for _, m := range s.Waits[last.Number] {
			if x := place[m]; x != nil && x.Critical && x.to == last.from {
				before = x
			}
		}
		last = before
	}
	slices.Reverse(s.Path)
}

// Move is what a slip does to a task.
type Move struct {
	Number   int       `json:"number"`
	Was      time.Time `json:"was"` // end before and after
	Is       time.Time `json:"is"`
	Late     bool      `json:"late"` // it now ends after it is due, and did not before
	Critical bool      `json:"critical"`
}

// Slip is what changes when a task takes longer.
type Slip struct {
	Number int       `json:"number"`
	By     int       `json:"by"` // half working days
	Moves  []Move    `json:"moves"`
	Was    time.Time `json:"was"` // end of the plan before and after
	Is     time.Time `json:"is"`
	Missed bool      `json:"missed"` // the target is missed now, and was not before
	Spare  int       `json:"spare"`  // afterwards
}

// Slip computes what changes when a task takes some half working days longer. The
// order in which each person does their tasks stays.
func (s *Schedule) Slip(tasks []Task, number, by int) Slip {
	out := Slip{Number: number, By: by, Was: s.End, Moves: []Move{}}
	base := arrange(tasks, s.Now, s.Target, s.zone, s.Waits, nil)
	then := arrange(tasks, s.Now, s.Target, s.zone, s.Waits, map[int]int{number: by})
	out.Is, out.Spare = then.End, then.Spare
	out.Missed = !s.Target.IsZero() && then.Spare < 0 && base.Spare >= 0
	for _, x := range then.Slots {
		was, ok := base.Slot(x.Number)
		if ok && !was.End.Equal(x.End) {
			out.Moves = append(out.Moves, Move{Number: x.Number, Was: was.End, Is: x.End, Late: x.Late && !was.Late, Critical: x.Critical})
		}
	}
	return out
}
