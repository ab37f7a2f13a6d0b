package clock

import "time"

// DayStart gives the first instant of a civil day in a zone. Where the clock
// is put forward at midnight that is the instant after the gap, where it is put
// back over midnight the first of the two.
func DayStart(year int, month time.Month, day int, zone *time.Location) time.Time {
	midnight := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	noon := midnight.Add(12 * time.Hour)
	var first time.Time
	for _, near := range []time.Time{noon.Add(-36 * time.Hour), noon, noon.Add(12 * time.Hour)} {
		_, offset := near.In(zone).Zone()
		t := midnight.Add(-time.Duration(offset) * time.Second).In(zone)
		h, m, s := t.Clock()
		if y, mo, d := t.Date(); y == midnight.Year() && mo == midnight.Month() && d == midnight.Day() && h+m+s == 0 && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	if !first.IsZero() {
		return first
	}
	t := time.Date(midnight.Year(), midnight.Month(), midnight.Day(), 3, 0, 0, 0, zone) // no midnight: the day begins with the change
	start, _ := t.ZoneBounds()
	return start
}
