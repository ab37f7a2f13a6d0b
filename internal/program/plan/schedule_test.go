package plan_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/program/plan"
)

var monday = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func task(n int, owner string, days int, technical bool, after ...int) plan.Task {
	return plan.Task{Number: n, Content: plan.Content{State: plan.Open, Fields: plan.Fields{Title: "x", Owner: owner, Effort: 2 * days, Technical: technical, After: after}}}
}

// told gives "1 2 Mar-4 Mar slack critical" for each slot.
func told(s plan.Schedule) string {
	var out []string
	for _, x := range s.Slots {
		line := fmt.Sprintf("%d %s-%s %s", x.Number, x.Start.Format("2 Jan"), x.End.Add(-time.Second).Format("2 Jan"), plan.Days(max(0, x.Slack)))
		if x.Critical {
			line += "!"
		}
		out = append(out, line)
	}
	return strings.Join(out, ", ")
}

func TestSchedule(t *testing.T) {
	day := func(s string) time.Time {
		at, err := time.Parse(time.DateOnly, s)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	done := task(9, "", 50, false)
	done.State = plan.Done
	for _, tc := range []struct {
		name   string
		target string
		tasks  []plan.Task
		want   string
		path   []int
		spare  int
	}{
		{"nothing", "2026-04-01", nil, "", []int{}, 44},
		{"a chain over a weekend", "2026-03-16", []plan.Task{task(1, "", 3, false), task(2, "", 4, false, 1), task(3, "", 1, false)},
			"3 2 Mar-2 Mar 9, 1 2 Mar-4 Mar 3!, 2 5 Mar-10 Mar 3!", []int{1, 2}, 6},
		{"one person does one thing after another, the technical one first", "", []plan.Task{task(1, "ann", 2, false), task(2, "ann", 2, true)},
			"2 2 Mar-3 Mar 0!, 1 4 Mar-5 Mar 0!", []int{2, 1}, 0},
		{"what is done is waited for no more", "2026-03-05", []plan.Task{done, task(1, "", 1, false, 9)}, "1 2 Mar-2 Mar 2!", []int{1}, 4},
		{"too late", "2026-03-04", []plan.Task{task(1, "", 4, false)}, "1 2 Mar-5 Mar 0!", []int{1}, -4},
		{"a target that is past", "2026-02-20", []plan.Task{task(1, "", 1, false)}, "1 2 Mar-2 Mar 0!", []int{1}, -14},
	} {
		target := time.Time{}
		if tc.target != "" {
			target = day(tc.target)
		}
		s := plan.NewSchedule(tc.tasks, monday, target, time.UTC)
		if got := told(s); got != tc.want || !slices.Equal(s.Path, tc.path) || s.Spare != tc.spare {
			t.Errorf("%s:\n got %s, path %v, spare %d\nwant %s, path %v, spare %d", tc.name, got, s.Path, s.Spare, tc.want, tc.path, tc.spare)
		}
	}
	// On a Saturday work begins on Monday; a zone decides which day it is.
	s := plan.NewSchedule([]plan.Task{task(1, "", 1, false)}, time.Date(2026, 3, 7, 23, 0, 0, 0, time.UTC), time.Time{}, time.UTC)
	if got := told(s); got != "1 9 Mar-9 Mar 0!" {
		t.Error(got)
	}
}

func TestSlip(t *testing.T) {
	tasks := []plan.Task{task(1, "ann", 2, true), task(2, "bob", 3, false, 1), task(3, "ann", 1, false), task(4, "", 1, false)}
	s := plan.NewSchedule(tasks, monday, time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC), time.UTC)
	if s.Spare != 2 || len(s.Loads) != 2 || s.Loads[0].Effort != 6 || s.Loads[0].Room != 12 {
		t.Fatalf("%+v", s)
	}
	slip := s.Slip(tasks, 1, 4)
	var moved []int
	for _, m := range slip.Moves {
		moved = append(moved, m.Number)
	}
	slices.Sort(moved)
	if !slices.Equal(moved, []int{1, 2, 3}) || !slip.Missed || slip.Spare != -2 || !slip.Is.After(slip.Was) {
		t.Errorf("two days later: %+v", slip)
	}
	if slip := s.Slip(tasks, 4, 2); len(slip.Moves) != 1 || slip.Missed || !slip.Is.Equal(slip.Was) {
		t.Errorf("nothing waits for task 4: %+v", slip)
	}
	if s, slip := plan.NewSchedule(tasks, monday, time.Time{}, time.UTC), s; s.Spare != 0 || slip.Spare == 0 {
		t.Error("without a target nothing is to spare")
	}
}

func TestDays(t *testing.T) {
	for in, want := range map[string]int{"": 0, "2": 4, "0.5": 1, "1,5": 3, " 3.0 ": 6} {
		if n, err := plan.ParseDays(in); err != nil || n != want {
			t.Errorf("%q: %d, %v", in, n, err)
		}
	}
	for _, in := range []string{"x", "-1", "1.25", "1e9", "999999"} {
		if n, err := plan.ParseDays(in); err == nil {
			t.Errorf("%q was read as %d", in, n)
		}
	}
}
