package oversight

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/program/committee"
	"github.com/attesta/attesta/internal/program/plan"
	"github.com/attesta/attesta/internal/program/register"
	"github.com/attesta/attesta/internal/program/risk"
	"github.com/attesta/attesta/internal/program/scope"
	"github.com/attesta/attesta/internal/program/vendor"
)

// What registers of risks and committees are held against, from other services.

// frame gives zone, version and commitments of the scope that holds.
func frame(ctx context.Context, scopes *scope.Service) (risk.Frame, error) {
	now, err := scopes.Now(ctx)
	f := risk.Frame{Version: now.Version, Zone: now.Location(), Promises: map[string]string{}}
	for _, c := range now.Commitments {
		f.Promises[c.ID] = c.Statement
	}
	return f, err
}

// riskTasks gives the tasks that are about risks, by risk.
func riskTasks(ctx context.Context, tasks *plan.Service, now time.Time) (map[string][]risk.Task, error) {
	all, err := tasks.List(ctx, access.System(), plan.Filter{})
	out := map[string][]risk.Task{}
	for i := range all {
		if t := &all[i]; t.About.Kind == "risk" {
			out[t.About.Ref] = append(out[t.About.Ref], risk.Task{Ref: t.Ref(), Title: t.Title, State: t.State.Words(), Over: t.State.Over(), Owner: t.Owner, Due: t.Due, Late: t.Late(now)})
		}
	}
	return out, err
}

// changes says what changed since a day that a yearly assessment asks about: the
// scope, and vendors.
func changes(ctx context.Context, scopes *scope.Service, vendors *vendor.Service, since Day) ([]string, error) {
	history, err := scopes.History(ctx, access.System())
	if err != nil {
		return nil, err
	}
	var out []string
	for _, v := range history {
		if day := register.DayOf(v.Effective, v.Location()); v.Approved() && day > since && v.Version > 1 {
			out = append(out, fmt.Sprintf("version %d of the scope holds since %s: %s", v.Version, day, v.Reason))
		}
	}
	list, err := vendors.List(ctx, access.System())
	for _, x := range list {
		if d := x.Vendor.Engaged; string(d) > string(since) {
			out = append(out, fmt.Sprintf("%s %s is used since %s: %s", x.Ref, x.Name, d, x.Service))
		}
		if d := x.Vendor.EndedOn; string(d) > string(since) {
			out = append(out, fmt.Sprintf("%s %s is not used since %s", x.Ref, x.Name, d))
		}
	}
	return out, err
}

// decisionTasks gives the tasks that carry decisions of meetings out, by decision.
func decisionTasks(ctx context.Context, tasks *plan.Service, now time.Time) (map[string]committee.Task, error) {
	all, err := tasks.List(ctx, access.System(), plan.Filter{})
	out := map[string]committee.Task{}
	for i := range all {
		if t := &all[i]; t.About.Kind == "decision" {
			out[t.About.Ref] = committee.Task{Ref: t.Ref(), Title: t.Title, State: t.State.Words(), Over: t.State.Over(), Owner: t.Owner, Due: t.Due, Late: t.Late(now)}
		}
	}
	return out, err
}

// carryOut makes the task of the plan that carries a decision out.
func carryOut(ctx context.Context, p access.Principal, tasks *plan.Service, scopes *scope.Service, m *committee.Meeting, d committee.Decision) error {
	f := plan.Fields{Title: shortened(d.Text, 150), Why: fmt.Sprintf("%s decided on %s: %s", m.Ref, m.Day, shortened(d.Text, 1500)),
		About: plan.About{Kind: "decision", Ref: committee.DecisionRef(m, d), Path: "/meetings/" + m.Ref}, Owner: d.Owner}
	if d.Due != "" {
		now, err := scopes.Now(ctx)
		if err != nil {
			return err
		}
		f.Due = d.Due.Add(0, 1).In(now.Location())
	}
	_, err := tasks.Create(ctx, p, f)
	return err
}

// shortened gives the beginning of a text on one line, at most so many bytes.
func shortened(s string, n int) string {
	s = strings.Join(strings.Fields(s), " ")
	for i, r := range s {
		if i+len(string(r))+len("…") > n {
			return s[:i] + "…"
		}
	}
	return s
}
