package cli

import (
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
)

func TestParseMoment(t *testing.T) {
	dublin, err := time.LoadLocation("Europe/Dublin")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 7, 14, 10, 0, 0, 0, time.UTC)
	for _, tc := range []struct{ text, want string }{
		{"2026-03-14", "2026-03-14T23:59:59.999999Z"}, // winter time
		{"2026-06-30", "2026-06-30T22:59:59.999999Z"}, // summer time: the day ends an hour earlier in UTC
		{"2026-07-14", "2026-07-14T10:00:00Z"},        // today: now
		{"2026-07-15", "2026-07-15T22:59:59.999999Z"}, // the service refuses the future
		{"2026-03-14T09:30:00+01:00", "2026-03-14T08:30:00Z"},
	} {
		got, err := parseMoment(tc.text, dublin, now)
		if err != nil || got.Format(time.RFC3339Nano) != tc.want {
			t.Errorf("%s: %s, %v; want %s", tc.text, got.Format(time.RFC3339Nano), err, tc.want)
		}
	}
	for _, text := range []string{"yesterday", "14.03.2026", "2026-13-01", "2026-03-14 09:30", "-1"} {
		if _, err := parseMoment(text, dublin, now); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v, want kind invalid", text, err)
		}
	}
}
