package jobs

import "time"

// Schedule gives the next time that is due, strictly after t.
type Schedule interface{ Next(t time.Time) time.Time }

type every time.Duration

func (e every) Next(t time.Time) time.Time { return t.Add(time.Duration(e)) }

// Every is due d after the last time, and at once where it never ran.
func Every(d time.Duration) Schedule { return every(d) }

type daily struct {
	hour, minute int
	loc          *time.Location
}

// Next goes by the wall clock: an hour that a change to summer time leaves out
// is due an hour later on that day, and one that comes twice is due once.
func (d daily) Next(t time.Time) time.Time {
	t = t.In(d.loc)
	for day := t.Day(); ; day++ {
		if n := time.Date(t.Year(), t.Month(), day, d.hour, d.minute, 0, 0, d.loc); n.After(t) {
			return n
		}
	}
}

// Daily is due once a day at hour:minute in loc, and at once where it never
// ran or its hour passed while the server was down.
func Daily(hour, minute int, loc *time.Location) Schedule { return daily{hour, minute, loc} }

// timetable is a schedule as river asks for it: first what was missed, then
// one run at a time however long the machine slept.
type timetable struct {
	s     Schedule
	now   func() time.Time
	first time.Time // zero once it was given
}

func (p *timetable) Next(after time.Time) time.Time {
	if first := p.first; !first.IsZero() {
		p.first = time.Time{}
		return first
	}
	next := p.s.Next(after)
	if now := p.now(); !next.After(now) {
		next = p.s.Next(now)
	}
	return next
}
