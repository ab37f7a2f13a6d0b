// Package worklist reads from each domain what waits for a person: the sources of
// the queue of internal/program/work. A source is a function of one service, so
// that a part of the programme joins the queue with one line of internal/server.
//
// Invariants: a source only reads, as the program itself; whom an item is shown
// is decided by the queue. An item disappears when its object says so, never
// because it was looked at.
//
// Floor: posture.
package worklist

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/program/plan"
	"github.com/attesta/attesta/internal/program/work"
)

const (
	week  = 7 * 24 * time.Hour
	ahead = 30 * 24 * time.Hour // how long before it is due something of a rhythm is shown
	gone  = 90 * 24 * time.Hour // how long after it was missed it is shown
)

var managers = []access.Role{access.ComplianceManager, access.Administrator}

// answer gives an item whose answer nobody set a day for: within a week of the
// moment since when it waits.
func answer(x work.Item, since time.Time) work.Item {
	x.Since, x.Due, x.Soft = since, since.Add(week), true
	return x
}

// author gives the user who wrote something; "" for the program.
func author(by string) string {
	if strings.HasPrefix(by, "usr_") {
		return by
	}
	return ""
}

// cut gives at most n letters.
func cut(s string, n int) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > n {
		return strings.TrimSpace(string(r[:n])) + "…"
	}
	return s
}

func facts(pairs ...string) []work.Fact {
	var out []work.Fact
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			out = append(out, work.Fact{Term: pairs[i], Text: cut(pairs[i+1], 400)})
		}
	}
	return out
}

// Tasks gives the tasks that are not over.
func Tasks(s *plan.Service) work.Source {
	return work.Source{Name: "tasks", All: func(ctx context.Context) ([]work.Item, error) {
		all, err := s.List(ctx, access.System(), plan.Filter{State: []plan.State{plan.Open, plan.Doing, plan.Said}})
		out := make([]work.Item, 0, len(all))
		for i := range all {
			t := &all[i]
			x := work.Item{Kind: "task", Ref: t.Ref(), Ask: "Do", Title: t.Title, Path: "/tasks/" + t.Ref(), Act: "Open the task", Due: t.Due, Since: t.Created, From: author(t.Maker), Owner: t.Owner, Role: t.Role,
				Waits: t.Waiting, Asleep: t.Snoozed, Impact: work.Low, May: access.TaskWork, Facts: facts("Why", t.Why, "About", strings.TrimSpace(t.About.Kind+" "+t.About.Ref), "Work", plan.Days(t.Effort)+" days", "Returns", t.Every)}
			switch t.State {
			case plan.Doing:
				x.State = "being done"
			case plan.Said:
				x.State, x.Waits = "done by somebody's word", "the gap that it closes: it closes by itself when that is gone"
			}
			if t.Waiting != "" {
				x.Since = t.Since
			}
			if t.Gap != "" {
				x.Impact = work.Medium
			}
			if t.Owner == "" {
				x.Ask, x.May, x.Roles, x.State = "Give to somebody", access.TaskEdit, managers, "nobody's yet"
			}
			out = append(out, x)
		}
		return out, err
	}}
}

// Later are what the sources that judge days are told the time by.
type Later struct{ Clock clock.Clock }

// soon reports whether something that returns is due soon enough to be shown.
func (l Later) soon(due time.Time) bool { return !due.IsZero() && due.Sub(l.Clock()) < ahead }

func many(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}
