package fencing

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/operations/firewall/analysis"
	"github.com/attesta/attesta/internal/simulation/drifting"
)

// The words of the story are those of the register, and rules come and go on their days.
func TestWalls(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, n) }
	for kind, counts := range map[string]map[int]int{"web": {100: 6, Removed + 1: 5}, "app": {100: 6}, "db": {100: 5, Copy + 1: 6, Again + 1: 6}, "stage": {100: 4}} {
		for on, want := range counts {
			values := map[string]any{}
			for _, e := range Walls(kind, day, day(on)) {
				values = drifting.With(values, e.Path[1:], e)
			}
			s, err := facts.NewSection("firewall", values, nil)
			if err != nil {
				t.Fatal(err)
			}
			var f facts.Firewall
			if err := json.Unmarshal(s.Values, &f); err != nil {
				t.Fatal(err)
			}
			if len(f.Rules) != want {
				t.Errorf("%s on day %d has %d rules, want %d", kind, on, len(f.Rules), want)
			}
			words := map[string]bool{}
			for i := range f.Rules {
				words[analysis.Text(&f.Rules[i])] = true
			}
			for _, r := range Rules(kind) {
				if there := (r.From == 0 || on > r.From) && (r.Until == 0 || on <= r.Until); there != words[r.Words()] {
					t.Errorf("%s on day %d: %s is there: %v", kind, on, r.Words(), !there)
				}
			}
		}
	}
}
