package instance

import (
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/program/control"
)

// schedule is how often a control is performed, counted from a day.
type schedule struct {
	frequency string
	anchor    date
	trigger   string
}

// date is a civil date; its time is midnight in UTC and no moment.
type date struct{ t time.Time }

func dateOf(t time.Time, zone *time.Location) date {
	y, m, d := t.In(zone).Date()
	return date{time.Date(y, m, d, 0, 0, 0, 0, time.UTC)}
}

func (d date) start(zone *time.Location) time.Time {
	return clock.DayStart(d.t.Year(), d.t.Month(), d.t.Day(), zone)
}

func (d date) days(n int) date { return date{d.t.AddDate(0, 0, n)} }

// months adds whole months; a day that the month does not have becomes its last.
func (d date) months(n int) date {
	first := time.Date(d.t.Year(), d.t.Month()+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return date{first.AddDate(0, 0, min(d.t.Day(), last)-1)}
}

func (d date) String() string { return d.t.Format(time.DateOnly) }

// calendar is the anchor where a design names none: a Monday that begins a
// week, a month, a quarter, a half and a year.
var calendar = date{time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)}

// cycle is what a frequency means: its length in days or months, and how long
// after it is due an instance counts as missed.
type cycle struct {
	days, months int
	grace        int // days
}

var cycles = map[string]cycle{
	"daily":       {days: 1, grace: 1},
	"weekly":      {days: 7, grace: 3},
	"monthly":     {months: 1, grace: 7},
	"quarterly":   {months: 3, grace: 14},
	"half-yearly": {months: 6, grace: 21},
	"yearly":      {months: 12, grace: 30},
}

// Grace gives how many days after it is due an instance of a frequency counts
// as missed; 0 for a frequency that has no instances.
func Grace(frequency string) int { return cycles[frequency].grace }

// triggerDays is by when a control is performed after what set it off, where
// nobody said otherwise; triggerGrace is the grace after that.
const (
	triggerDays  = 30
	triggerGrace = 7
)

// scheduleOf gives the schedule of a design; false where it has no instances:
// it is automated, or performed all the time.
func scheduleOf(d control.Design) (schedule, bool) {
	s := schedule{frequency: d.Frequency, trigger: d.Trigger, anchor: calendar}
	if d.Mode != control.Manual {
		return s, false
	}
	if t, err := time.Parse(time.DateOnly, d.Anchor); err == nil {
		s.anchor = date{t}
	}
	_, periodic := cycles[d.Frequency]
	return s, periodic || d.Trigger != ""
}

// Periodic reports whether a design has instances by frequency, and Triggered
// whether it has them by what sets it off.
func Periodic(d control.Design) bool {
	s, ok := scheduleOf(d)
	return ok && s.trigger == ""
}

// Triggered is described at Periodic.
func Triggered(d control.Design) bool {
	s, ok := scheduleOf(d)
	return ok && s.trigger != ""
}

// begin gives the first day of period n, counted from the anchor: never from
// the period before, so that the 31st comes back after February.
func (s schedule) begin(n int) date {
	c := cycles[s.frequency]
	if c.months > 0 {
		return s.anchor.months(n * c.months)
	}
	return s.anchor.days(n * c.days)
}

// index gives the number of the period that holds a day.
func (s schedule) index(d date) int {
	c := cycles[s.frequency]
	n := 0
	if c.months > 0 {
		n = ((d.t.Year()-s.anchor.t.Year())*12 + int(d.t.Month()-s.anchor.t.Month())) / c.months
	} else {
		n = int(d.t.Sub(s.anchor.t)/(24*time.Hour)) / c.days
	}
	for n--; !d.t.Before(s.begin(n + 1).t); n++ {
	}
	for d.t.Before(s.begin(n).t) { // division rounds towards zero
		n--
	}
	return n
}

// stretch is a time over which a control was approved and had one schedule.
type stretch struct {
	schedule
	from, to time.Time // to is zero while it lasts
}

// stretches gives when a control had instances and by which schedule, as known
// by a ledger size (below 0: everything).
func stretches(c *control.Control, known int64) []stretch {
	var out []stretch
	open := false
	for _, v := range c.History { // by seq; each takes effect after the one before
		if known >= 0 && (v.Made.Index < 0 || v.Made.Index >= known) {
			continue
		}
		s, ok := scheduleOf(v.Design)
		ok = ok && v.State == control.Adopted
		if open && ok && out[len(out)-1].schedule == s {
			continue
		}
		if open {
			out[len(out)-1].to, open = v.Effective, false
		}
		if ok {
			out, open = append(out, stretch{schedule: s, from: v.Effective}), true
		}
	}
	return out
}
