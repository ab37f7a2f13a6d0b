package screen

import (
	"testing"
	"time"
)

// Moments in texts of facts are UTC; a page says them in its zone.
func TestStamps(t *testing.T) {
	w := NewWords(time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), time.FixedZone("WEST", 3600))
	for in, want := range map[string]string{
		"approved on 2026-05-25 13:07 UTC, operations answers for it": "approved on 25 May 14:07, operations answers for it",
		"ended on 2025-12-31 23:30; it is still on db-1":              "ended on 1 Jan 00:30; it is still on db-1",
		"on 2026-13-45 13:07": "on 2026-13-45 13:07",
		"no moment, 2026-05":  "no moment, 2026-05",
	} {
		if got := w.Stamps(in); got != want {
			t.Errorf("%q: %q, not %q", in, got, want)
		}
	}
	for in, want := range map[string]string{"2027-08-30": "30 Aug 2027", "": "", "soon": "soon"} {
		if got := w.Calendar(in); got != want {
			t.Errorf("%q: %q, not %q", in, got, want)
		}
	}
}
