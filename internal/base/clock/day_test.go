package clock

import (
	"testing"
	"time"
	_ "time/tzdata"
)

func TestDayStart(t *testing.T) {
	for _, tc := range []struct{ zone, day, want, why string }{
		{"UTC", "2026-03-01", "2026-03-01T00:00:00Z", "no change"},
		{"Europe/Dublin", "2026-03-29", "2026-03-29T00:00:00Z", "put forward at one"},
		{"Europe/Dublin", "2026-03-30", "2026-03-30T00:00:00+01:00", "the day after"},
		{"Europe/Dublin", "2026-10-25", "2026-10-25T00:00:00+01:00", "put back at two"},
		{"America/Sao_Paulo", "2018-11-04", "2018-11-04T01:00:00-02:00", "no midnight"},
		{"America/Havana", "2026-11-01", "2026-11-01T00:00:00-04:00", "two midnights: the first"},
		{"Asia/Beirut", "2025-03-30", "2025-03-30T01:00:00+03:00", "no midnight"},
		{"Pacific/Kiritimati", "2026-01-01", "2026-01-01T00:00:00+14:00", "far east"},
		{"Pacific/Pago_Pago", "2026-01-01", "2026-01-01T00:00:00-11:00", "far west"},
	} {
		zone, err := time.LoadLocation(tc.zone)
		if err != nil {
			t.Fatal(err)
		}
		day, err := time.Parse(time.DateOnly, tc.day)
		if err != nil {
			t.Fatal(err)
		}
		if got := DayStart(day.Year(), day.Month(), day.Day(), zone).Format(time.RFC3339); got != tc.want {
			t.Errorf("%s %s (%s): %s, want %s", tc.zone, tc.day, tc.why, got, tc.want)
		}
	}
}

// A day starts where the day before ended, and is a day long give or take a
// change of the clock, in every zone.
func TestDaysFollowOneAnother(t *testing.T) {
	for _, name := range []string{"Europe/Dublin", "America/Havana", "Asia/Beirut", "Africa/Cairo", "Australia/Lord_Howe", "America/New_York"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 800 {
			a, b := DayStart(2025, 1, 1+i, zone), DayStart(2025, 1, 2+i, zone)
			if d := b.Sub(a); d < 22*time.Hour || d > 26*time.Hour {
				t.Fatalf("%s: %s to %s is %s", name, a, b, d)
			}
			if before := a.Add(-time.Microsecond); before.YearDay() == a.YearDay() {
				t.Fatalf("%s: %s is not the first instant of its day", name, a)
			}
		}
	}
}
