package training

import (
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/fault"
)

// Day is a calendar day, counted from 1970-01-01; 0 is none.
type Day int

// DayOf gives the day of a moment in a zone.
func DayOf(t time.Time, zone *time.Location) Day {
	if t.IsZero() {
		return 0
	}
	y, m, d := t.In(zone).Date()
	return dayOf(y, m, d)
}

func dayOf(y int, m time.Month, d int) Day {
	return Day(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// ParseDay reads 2026-09-30; "" is none.
func ParseDay(text, field string) (Day, error) {
	if text = strings.TrimSpace(text); text == "" {
		return 0, nil
	}
	t, err := time.Parse(time.DateOnly, text)
	if err != nil || t.Year() < 1980 || t.Year() > 2200 {
		return 0, bad(field, "%.40q is no day", text).WithHint("write it as 2026-09-30")
	}
	return DayOf(t, time.UTC), nil
}

// Time gives the first moment of the day in UTC; zero for none.
func (d Day) Time() time.Time {
	if d == 0 {
		return time.Time{}
	}
	return time.Unix(int64(d)*86400, 0).UTC()
}

// In gives the first moment of the day in a zone.
func (d Day) In(zone *time.Location) time.Time {
	y, m, n := d.Time().Date()
	return clock.DayStart(y, m, n, zone)
}

func (d Day) String() string {
	if d == 0 {
		return ""
	}
	return d.Time().Format(time.DateOnly)
}

// MarshalText gives 2026-09-30.
func (d Day) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads 2026-09-30.
func (d *Day) UnmarshalText(text []byte) error {
	var err error
	*d, err = ParseDay(string(text), "day")
	return err
}

// months gives the day so many months on. The 31st of a month that has none is
// the last day of that month.
func (d Day) months(n int) Day {
	y, m, day := d.Time().Date()
	first := time.Date(y, m+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return dayOf(first.Year(), first.Month(), min(day, last))
}

func bad(field, format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, format, args...).At("", 0, field)
}
