package calendar

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
)

// Day is a calendar day of the organisation, "2026-09-30". Days compare as texts.
type Day string

// DayOf gives the day of a moment in a zone.
func DayOf(t time.Time, zone *time.Location) Day { return Day(t.In(zone).Format(time.DateOnly)) }

// LastDay gives the last day of something that ends before a moment.
func LastDay(end time.Time, zone *time.Location) Day { return DayOf(end.Add(-time.Microsecond), zone) }

// Time gives the day at midnight in UTC: for counting days, no moment of a zone.
func (d Day) Time() time.Time {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return time.Time{}
	}
	return t
}

// Add gives the day so many days on.
func (d Day) Add(days int) Day { return Day(d.Time().AddDate(0, 0, days).Format(time.DateOnly)) }

// Until gives how many days lie from d to other.
func (d Day) Until(other Day) int { return int(other.Time().Sub(d.Time()).Hours() / 24) }

// works reports whether people work on a day, as far as the week says.
func (d Day) works() bool {
	w := d.Time().Weekday()
	return w != time.Saturday && w != time.Sunday
}

// ParseDay reads a day, or says which field is wrong.
func ParseDay(text, field string) (Day, error) {
	d := Day(strings.TrimSpace(text))
	if d.Time().IsZero() || d.Time().Year() < 2000 || d.Time().Year() > 2200 {
		return "", bad(field, "%q is no day", text).WithHint("write it as 2026-09-30")
	}
	return d, nil
}

func bad(field, format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, format, args...).At("", 0, field)
}

// Event is something on the calendar: whole days, both included.
type Event struct {
	Kind    string   `json:"kind"` // of Kinds
	Ref     string   `json:"ref"`  // unique within its kind
	Title   string   `json:"title"`
	From    Day      `json:"from"`
	To      Day      `json:"to"`
	State   string   `json:"state,omitempty"` // planned, due, late, missed, done, …
	Path    string   `json:"path"`
	Who     string   `json:"who,omitempty"`     // usr_… whose it is
	Systems []string `json:"systems,omitempty"` // that it concerns; nil: all, for what disrupts
	Note    string   `json:"note,omitempty"`
	Busy    bool     `json:"busy,omitempty"` // it keeps people or systems busy on each of its days

	See access.Action `json:"-"` // what a reader needs
}

// Days is how many days it lasts.
func (e *Event) Days() int { return e.From.Until(e.To) + 1 }

// On reports whether it holds on a day.
func (e *Event) On(d Day) bool { return e.From <= d && d <= e.To }

func (e *Event) meets(from, to Day) bool { return e.From <= to && e.To >= from }

// concerns reports whether two lists of systems have one in common; a list without
// any means all.
func concerns(a, b []string) bool {
	if len(a) == 0 || len(b) == 0 {
		return true
	}
	return slices.ContainsFunc(a, func(x string) bool {
		return slices.ContainsFunc(b, func(y string) bool { return strings.EqualFold(x, y) })
	})
}

// Kind is a kind of event.
type Kind struct{ Name, One, Many string }

// Kinds gives every kind in the order of a filter.
func Kinds() []Kind {
	return []Kind{
		{"audit", "Audit", "Audits"},
		{Freeze, "Freeze", "Freezes"},
		{Test, "Test", "Tests"},
		{Exercise, "Exercise", "Exercises"},
		{"control", "Control to perform", "Controls to perform"},
		{"review", "Review", "Reviews"},
		{"request", "Request of an auditor", "Requests of auditors"},
		{"task", "Task", "Tasks"},
		{"waiver", "Waiver that ends", "Waivers that end"},
	}
}

// What people plan here.
const (
	Freeze   = "freeze"   // nothing is to change
	Test     = "test"     // of a system, a restore, a penetration test
	Exercise = "exercise" // of people: an incident, a disaster
)

// KindOf gives the kind of that name.
func KindOf(name string) Kind {
	for _, k := range Kinds() {
		if k.Name == name {
			return k
		}
	}
	return Kind{name, name, name}
}

func order(all []Event) {
	rank := map[string]int{}
	for i, k := range Kinds() {
		rank[k.Name] = i
	}
	slices.SortStableFunc(all, func(a, b Event) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(rank[a.Kind], rank[b.Kind]), cmp.Compare(a.To, b.To), strings.Compare(a.Title, b.Title), strings.Compare(a.Ref, b.Ref))
	})
}

// Slot is days on which a test would be, and what stands in its way there.
type Slot struct {
	From Day     `json:"from"`
	To   Day     `json:"to"`
	Hits []Event `json:"hits"` // freezes first, then what else is busy on these days
}

// Frozen reports whether a freeze stands in its way.
func (s *Slot) Frozen() bool { return len(s.Hits) > 0 && s.Hits[0].Kind == Freeze }

// horizon is how far ahead free days are looked for.
const horizon = 180

// At gives what a test of some systems would meet on days that are given.
func At(events []Event, from, to Day, systems []string, but string) Slot {
	s := Slot{From: from, To: to, Hits: []Event{}}
	for _, e := range events {
		if e.Busy && e.Ref != but && e.meets(from, to) && concerns(e.Systems, systems) {
			s.Hits = append(s.Hits, e)
		}
	}
	slices.SortStableFunc(s.Hits, func(a, b Event) int {
		return cmp.Or(cmp.Compare(less(a.Kind != Freeze), less(b.Kind != Freeze)), cmp.Compare(a.From, b.From))
	})
	return s
}

func less(no bool) int {
	if no {
		return 1
	}
	return 0
}

// Next gives the days of the same length that disrupt least: the first on or after
// a day that begin on a working day, meet no freeze of these systems and nothing
// else that is busy; where there are none, those without a freeze that meet least.
// False where a freeze lies on every day of the next half-year.
func Next(events []Event, from Day, length int, systems []string, but string) (Slot, bool) {
	var best Slot
	found := false
	for i := range horizon {
		day := from.Add(i)
		if !day.works() || length <= 5 && !day.Add(length-1).works() {
			continue
		}
		s := At(events, day, day.Add(length-1), systems, but)
		if s.Frozen() {
			continue
		}
		if len(s.Hits) == 0 {
			return s, true
		}
		if !found || len(s.Hits) < len(best.Hits) {
			best, found = s, true
		}
	}
	return best, found
}

func (s *Slot) words() string {
	if s.From == s.To {
		return string(s.From)
	}
	return fmt.Sprintf("%s to %s", s.From, s.To)
}

// Month is a month of the organisation: "2026-08".
type Month string

// MonthOf gives the month of a day.
func MonthOf(d Day) Month { return Month(d[:7]) }

// ParseMonth reads a month; "" is that of today.
func ParseMonth(text string, today Day) (Month, error) {
	if text == "" {
		return MonthOf(today), nil
	}
	if t := Day(text + "-01").Time(); t.IsZero() || t.Year() < 2000 || t.Year() > 2200 {
		return "", bad("month", "%q is no month", text).WithHint("write it as 2026-08")
	}
	return Month(text), nil
}

// First gives its first day.
func (m Month) First() Day { return Day(m + "-01") }

// Last gives its last day.
func (m Month) Last() Day { return Day(m.First().Time().AddDate(0, 1, -1).Format(time.DateOnly)) }

// Add gives the month so many months on.
func (m Month) Add(months int) Month {
	return Month(m.First().Time().AddDate(0, months, 0).Format("2006-01"))
}

// Weeks gives the days of whole weeks, from Monday on, in which it lies.
func (m Month) Weeks() [][7]Day {
	first := m.First()
	day := first.Add(-(int(first.Time().Weekday()) + 6) % 7)
	var out [][7]Day
	for day <= m.Last() {
		var week [7]Day
		for i := range week {
			week[i], day = day, day.Add(1)
		}
		out = append(out, week)
	}
	return out
}
