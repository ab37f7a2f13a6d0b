package people

import (
	"fmt"
	"testing"
	"time"
)

// Everybody stands in the chart once, whatever the managers say.
func TestChart(t *testing.T) {
	var rows []Row
	for i := range 50 {
		rows = append(rows, Row{ID: fmt.Sprint("p", i), Name: fmt.Sprint("P", i), ManagerID: fmt.Sprint("p", (i*i+3)%50)})
	}
	tops, _ := chart(rows)
	seen := map[string]int{}
	var walk func(n Node) int
	walk = func(n Node) int {
		seen[n.Person.ID]++
		below := 0
		for _, c := range n.Reports {
			below += 1 + walk(c)
		}
		if below != n.Below {
			t.Errorf("%s has %d below, says %d", n.Person.ID, below, n.Below)
		}
		return below
	}
	for _, n := range tops {
		walk(n)
	}
	for _, r := range rows {
		if seen[r.ID] != 1 {
			t.Errorf("%s stands there %d times", r.ID, seen[r.ID])
		}
	}
}

func TestAccessOf(t *testing.T) {
	left := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	at := func(says, state string, after time.Duration) Account {
		return Account{Name: "x", PlaceName: "web", Says: says, State: state, ChangedAt: left.Add(after)}
	}
	for name, tc := range map[string]struct {
		accounts []Account
		word     string
		hours    int
	}{
		"none":                   {nil, "none_found", 0},
		"gone before":            {[]Account{at(Theirs, Gone, -time.Hour)}, "removed", 0},
		"the last counts":        {[]Account{at(Theirs, Gone, time.Hour), at(Theirs, Closed, 90*time.Minute)}, "removed", 2},
		"one is still there":     {[]Account{at(Theirs, Gone, time.Hour), at(Theirs, Present, 0)}, "present", 0},
		"one is not observed":    {[]Account{at(Theirs, Gone, time.Hour), at(Theirs, Unobserved, 0)}, "not_observed", 0},
		"one is not decided":     {[]Account{at(Theirs, Gone, time.Hour), at(Asked, Present, 0)}, "unclear", 0},
		"asked about, and gone":  {[]Account{at(Asked, Gone, time.Hour)}, "none_found", 0},
		"somebody else's":        {[]Account{at(NotTheirs, Present, 0)}, "none_found", 0},
		"present before unknown": {[]Account{at(Theirs, Unobserved, 0), at(Theirs, Present, 0)}, "present", 0},
	} {
		if got := accessOf(left, tc.accounts); got.Word != tc.word || got.Hours != tc.hours || got.Reason == "" {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := accessOf(time.Time{}, []Account{at(Theirs, Present, 0)}); got.Word != "" {
		t.Errorf("somebody who is here: %+v", got)
	}
}
