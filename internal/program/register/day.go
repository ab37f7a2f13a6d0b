package register

import (
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/fault"
)

// Day is a calendar day, "2026-09-30"; "" is none. Days compare as texts.
type Day string

// DayOf gives the day of a moment in a zone.
func DayOf(t time.Time, zone *time.Location) Day {
	if t.IsZero() {
		return ""
	}
	return Day(t.In(zone).Format(time.DateOnly))
}

// Time gives the first moment of the day in UTC; zero for none.
func (d Day) Time() time.Time {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return time.Time{}
	}
	return t
}

// In gives the first moment of the day in a zone.
func (d Day) In(zone *time.Location) time.Time {
	t := d.Time()
	return clock.DayStart(t.Year(), t.Month(), t.Day(), zone)
}

// Add gives the day so many months and days on. The 31st of a month that has
// none is the last day of that month.
func (d Day) Add(months, days int) Day {
	t := d.Time()
	if t.IsZero() {
		return ""
	}
	first := time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC).AddDate(0, months, 0)
	last := first.AddDate(0, 1, -1).Day()
	return DayOf(time.Date(first.Year(), first.Month(), min(t.Day(), last), 0, 0, 0, 0, time.UTC).AddDate(0, 0, days), time.UTC)
}

// Until gives how many days lie from d to other; negative where other is before.
func (d Day) Until(other Day) int { return int(other.Time().Sub(d.Time()).Hours() / 24) }

// Check refuses what is no day; "" is allowed unless it must be there.
func (d *Day) Check(field, what string, must bool) error {
	*d = Day(strings.TrimSpace(string(*d)))
	if *d == "" {
		if must {
			return Bad(field, "say %s", what).WithHint("a day, such as 2026-09-30")
		}
		return nil
	}
	t, err := time.Parse(time.DateOnly, string(*d))
	if err != nil || t.Year() < 1980 || t.Year() > 2200 {
		return Bad(field, "%q is no day", string(*d)).WithHint("write it as 2026-09-30")
	}
	return nil
}

// Bad is a fault of one field.
func Bad(field, format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, format, args...).At("", 0, field)
}
