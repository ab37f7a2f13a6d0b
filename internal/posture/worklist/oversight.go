package worklist

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/audit/firm"
	"github.com/attesta/attesta/internal/audit/owntest"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/journal"
	"github.com/attesta/attesta/internal/program/committee"
	"github.com/attesta/attesta/internal/program/diagram"
	"github.com/attesta/attesta/internal/program/obligation"
	"github.com/attesta/attesta/internal/program/register"
	"github.com/attesta/attesta/internal/program/risk"
	"github.com/attesta/attesta/internal/program/work"
)

// after gives the first moment after a day, in UTC; zero where there is no day.
func after(d register.Day) time.Time {
	if d == "" {
		return time.Time{}
	}
	return d.Time().AddDate(0, 0, 1)
}

// Risks gives acceptances to sign, risks over the appetite that nobody answered,
// those to look at again, and the assessment that stands open.
func (l Later) Risks(s *risk.Service) work.Source {
	return work.Source{Name: "risks", All: func(ctx context.Context) ([]work.Item, error) {
		all, err := s.List(ctx, access.System())
		if err != nil {
			return nil, err
		}
		var out []work.Item
		for i := range all {
			r := &all[i]
			if !r.Risk.Open() {
				continue
			}
			x := work.Item{Kind: "risk", Ref: r.Ref, Title: r.Title, Path: "/risks/" + r.Ref, Owner: r.Owner, Impact: work.Medium, May: access.RiskEdit,
				Facts: facts("Scenario", r.Risk.Profile.Scenario, "Band", r.Band, "Response", r.Response)}
			if asked := waitsFor(r.Risk); asked != nil {
				y := x
				y.Kind, y.Ref, y.Ask, y.Act, y.Impact, y.May, y.Owner = "approval", fmt.Sprintf("%s acceptance %d", r.Ref, asked.Number), "Sign an acceptance", "Read and decide", work.High, access.RiskApprove, ""
				y.From, y.Not = author(asked.Asked.By), author(asked.Asked.By)
				y.Facts = facts("Reason", asked.Reason, "Until", string(asked.Until), "Accepted score", fmt.Sprint(asked.Score))
				out = append(out, answer(y, asked.Asked.At))
			} else if r.Uncovered() {
				y := x
				y.Ref, y.Ask, y.Act, y.Impact = r.Ref+" appetite", "Bring under the appetite", "Treat or accept it", work.High
				since := r.Risk.Begun.At
				if rated := r.Risk.Rated(); rated != nil {
					since = rated.Made.At
				}
				out = append(out, answer(y, since))
			}
			if due := after(r.Due); l.soon(due) {
				x.Ask, x.Act, x.Due, x.Since = "Look at it again", "Review", due, due.Add(-ahead)
				out = append(out, x)
			}
		}
		assessments, err := s.Assessments(ctx, access.System())
		for _, a := range assessments {
			if a.State() == "open" {
				out = append(out, answer(work.Item{Kind: "risk", Ref: a.Ref, Ask: "Finish the assessment", Title: a.Title, Path: "/risks", Act: "See what is missing", Impact: work.High, May: access.RiskApprove, From: author(a.Begun.By), Not: author(a.Begun.By),
					Facts: facts("Day", string(a.Day), "Who takes part", strings.Join(a.Participants, ", "))}, a.Begun.At))
			}
		}
		return out, err
	}}
}

// waitsFor gives the acceptance of a risk that nobody signed or refused; nil for none.
func waitsFor(r *risk.Risk) *risk.Acceptance {
	for i := range r.Acceptances {
		if a := &r.Acceptances[i]; a.Signed == nil && a.Refused == nil && a.Ended == nil {
			return a
		}
	}
	return nil
}

// Diagrams gives versions that nobody approved.
func Diagrams(s *diagram.Service) work.Source {
	return work.Source{Name: "diagrams", All: func(ctx context.Context) ([]work.Item, error) {
		all, err := s.Kept(ctx, access.System())
		var out []work.Item
		for _, d := range all {
			if len(d.Versions) == 0 {
				continue
			}
			v := d.Versions[len(d.Versions)-1]
			if v.Approved != nil {
				continue
			}
			out = append(out, answer(work.Item{Kind: "approval", Ref: fmt.Sprintf("%s version %d", d.Ref(), v.Version), Ask: fmt.Sprintf("Approve version %d", v.Version), Title: d.Title, Path: "/diagrams/" + d.Ref(), Act: "Look and decide", From: author(v.Made.By), Not: author(v.Made.By), Impact: work.Medium, May: access.DiagramApprove,
				Facts: facts("What changed", v.Note)}, v.Made.At))
		}
		return out, err
	}}
}

// Committees gives meetings that are to be held, to be recorded, or whose minutes
// nobody approved.
func (l Later) Committees(s *committee.Service) work.Source {
	return work.Source{Name: "committees", All: func(ctx context.Context) ([]work.Item, error) {
		all, err := s.List(ctx, access.System())
		if err != nil {
			return nil, err
		}
		var out []work.Item
		for i := range all {
			c := &all[i]
			if due := after(c.Next); c.Ended == "" && l.soon(due) {
				out = append(out, work.Item{Kind: "meeting", Ref: c.Ref + " next", Ask: "Call a meeting", Title: c.Profile.Name, Path: "/governance/" + c.Ref, Act: "Plan it", Due: due, Since: due.Add(-ahead), Impact: work.Medium, May: access.GovernanceEdit, Roles: managers,
					Facts: facts("Last met with its quorum", string(c.Last), "Meets at least every", many(c.Profile.Every, "month", "months"))})
			}
		}
		meetings, err := s.Meetings(ctx, access.System(), "")
		for _, m := range meetings {
			x := work.Item{Ref: m.Ref, Title: m.Name + ", " + string(m.Day), Path: "/meetings/" + m.Ref, Impact: work.Medium, Facts: facts("Agenda", strings.Join(m.Agenda, "; "))}
			switch m.State {
			case "not recorded":
				x.Kind, x.Ask, x.Act, x.May, x.Roles = "meeting", "Record who was there", "Record it", access.GovernanceEdit, managers
				out = append(out, answer(x, after(m.Day)))
			case "minutes open":
				x.Kind, x.Ask, x.Act, x.May, x.Roles = "meeting", "Write the minutes", "Write them", access.GovernanceEdit, managers
				since := after(m.Day)
				if n := len(m.Minutes); n > 0 {
					last := m.Minutes[n-1]
					x.Kind, x.Ask, x.Act, x.May, x.Roles = "approval", "Approve the minutes", "Read and decide", access.GovernanceApprove, nil
					x.From, x.Not, since = author(last.Written.By), author(last.Written.By), last.Written.At
				}
				out = append(out, answer(x, since))
			}
		}
		return out, err
	}}
}

// Obligations gives laws and contracts that are to be looked at again.
func (l Later) Obligations(s *obligation.Service) work.Source {
	return work.Source{Name: "laws and contracts", All: func(ctx context.Context) ([]work.Item, error) {
		all, err := s.List(ctx, access.System())
		var out []work.Item
		for i := range all {
			o := &all[i]
			if due := after(o.Due); o.Ended == "" && l.soon(due) {
				out = append(out, work.Item{Kind: "review", Ref: o.Ref, Ask: "Look at it again", Title: o.Profile.Title, Path: "/obligations/" + o.Ref, Act: "Review", Owner: o.Profile.Owner, Due: due, Since: due.Add(-ahead), Impact: work.Medium, May: access.GovernanceEdit,
					Facts: facts("Where", o.Profile.Where, "What it asks", o.Profile.Asks)})
			}
		}
		return out, err
	}}
}

// OwnTests gives own tests to perform and to review.
func OwnTests(s *owntest.Service) work.Source {
	return work.Source{Name: "own tests", All: func(ctx context.Context) ([]work.Item, error) {
		all, _, err := s.List(ctx, access.System(), journal.Filter{States: []string{string(owntest.Planned), string(owntest.Testing), string(owntest.Concluded)}})
		var out []work.Item
		for i := range all {
			t := &all[i]
			x := work.Item{Kind: "test", Ref: t.Ref, Ask: "Test the control", Title: t.Content.Control, Path: "/own-tests/" + t.Ref, Act: "Test it", Owner: t.Content.Tester, Due: t.Content.Due, Since: t.Created, From: author(t.Creator), Impact: work.Medium, May: access.OwnTestDo,
				Facts: facts("Objective", t.Content.Objective, "Procedure", t.Content.Procedure)}
			if t.Content.State == owntest.Concluded {
				x.Kind, x.Ask, x.Act, x.May, x.Owner, x.Due = "review", "Review the test", "Review", access.OwnTestReview, "", time.Time{}
				x.From, x.Not = author(t.Content.Tester), author(t.Content.Tester)
				x = answer(x, t.Updated)
			}
			out = append(out, x)
		}
		return out, err
	}}
}

// Firms gives audit firms of which nothing is missing any more but the decision.
func (l Later) Firms(s *firm.Service) work.Source {
	return work.Source{Name: "audit firms", All: func(ctx context.Context) ([]work.Item, error) {
		all, _, err := s.List(ctx, access.System(), journal.Filter{States: []string{string(firm.Considered)}})
		var out []work.Item
		for i := range all {
			f := &all[i]
			x := work.Item{Kind: "approval", Ref: f.Ref, Ask: "Decide on an audit firm", Title: f.Content.Name, Path: "/firms/" + f.Ref, Act: "Decide", From: author(f.Content.Proposer), Not: author(f.Content.Proposer), Impact: work.Medium, May: access.FirmDecide}
			if missing := f.Content.Missing(l.Clock().Format(time.DateOnly)); len(missing) > 0 {
				x.Kind, x.Ask, x.Act, x.May, x.Owner, x.From, x.Not = "review", "Complete what is known of a firm", "See what is missing", access.FirmEdit, author(f.Content.Proposer), "", ""
				x.Facts = facts("Missing", strings.Join(missing, "; "))
			}
			out = append(out, answer(x, f.Updated))
		}
		return out, err
	}}
}
