package worklist

import (
	"context"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/evidence/exclusion"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/evidence/waiver"
	"github.com/attesta/attesta/internal/program/work"
)

// Waivers gives waivers to decide, and to their owners those that end within two
// weeks.
func (l Later) Waivers(s *waiver.Service) work.Source {
	return work.Source{Name: "waivers", All: func(ctx context.Context) ([]work.Item, error) {
		var out []work.Item
		now := l.Clock()
		for cursor := ""; ; {
			page, err := s.List(ctx, waiver.Filter{States: []waiver.State{waiver.Asked, waiver.Approved}}, cursor, 500)
			if err != nil {
				return out, err
			}
			for _, w := range page.Waivers {
				x := work.Item{Kind: "approval", Ref: w.Ref(), Ask: "Decide a waiver", Title: w.About(), Path: "/waivers/" + w.Ref(), Act: "Decide", From: author(w.AskedBy), Not: author(w.AskedBy), Impact: work.Medium, May: access.WaiverApprove,
					Facts: facts("Reason", w.Reason, "Items", fmt.Sprint(w.Items), "Until", w.Expires.Format(time.DateOnly), "Instead", w.Compensating, "Control instead", w.Control)}
				switch {
				case w.State == waiver.Asked:
					out = append(out, answer(x, w.AskedAt))
				case w.Holds(now) && w.HoldsTo.Sub(now) < 2*week:
					x.Kind, x.Ask, x.Act, x.May, x.Owner, x.From, x.Not = "review", "Ends soon: mend it or ask again", "See it", access.WaiverAsk, w.Owner, "", ""
					x.Due, x.Since = w.HoldsTo, w.HoldsTo.Add(-2*week)
					out = append(out, x)
				}
			}
			if cursor = page.Next; cursor == "" {
				return out, nil
			}
		}
	}}
}

// Exclusions gives exclusions to decide.
func Exclusions(s *exclusion.Service) work.Source {
	return work.Source{Name: "exclusions", All: func(ctx context.Context) ([]work.Item, error) {
		all, err := s.List(ctx, exclusion.Asked)
		var out []work.Item
		for _, e := range all {
			out = append(out, answer(work.Item{Kind: "approval", Ref: e.Ref(), Ask: "Decide an exclusion", Title: e.Name + " out of " + e.Population, Path: "/exclusions/" + e.Ref(), Act: "Decide", From: author(e.AskedBy), Not: author(e.AskedBy), Impact: work.Medium, May: access.ExclusionApprove,
				Facts: facts("Reason", e.Reason, "Until", e.Expires.Format(time.DateOnly))}, e.AskedAt))
		}
		return out, err
	}}
}

// Standards gives standards in force that nobody approved.
func Standards(s *standard.Service) work.Source {
	return work.Source{Name: "standards", All: func(ctx context.Context) ([]work.Item, error) {
		all, err := s.List(ctx)
		var out []work.Item
		for _, st := range all {
			if st.Approved || newer(all, st) {
				continue
			}
			out = append(out, answer(work.Item{Kind: "approval", Ref: st.ID, Ask: "Approve version " + st.Version, Title: st.Title, Path: "/standards/" + st.ID, Act: "Look and approve", From: author(st.InstalledBy), Not: author(st.InstalledBy), Impact: work.High, May: access.StandardApprove,
				Facts: facts("Checks", fmt.Sprint(st.Checks), "What follows", "Its results count as drafts until a named person approves it.")}, st.InstalledAt))
		}
		return out, err
	}}
}

// newer reports whether a later version of the same standard is there.
func newer(all []standard.Standard, st standard.Standard) bool {
	for _, o := range all {
		if o.Pack == st.Pack && o.InstalledAt.After(st.InstalledAt) {
			return true
		}
	}
	return false
}

// Populations gives definitions of populations to approve.
func Populations(s *population.Service) work.Source {
	return work.Source{Name: "populations", All: func(ctx context.Context) ([]work.Item, error) {
		all, err := s.Definitions(ctx)
		var out []work.Item
		for i := range all {
			v := all[i].Newest()
			if v.State != population.Draft || author(v.MadeBy) == "" {
				continue
			}
			out = append(out, answer(work.Item{Kind: "approval", Ref: "population " + v.Slug, Ask: fmt.Sprintf("Approve version %d of a population", v.Version), Title: v.Title, Path: "/populations/" + v.Slug, Act: "Look and approve", From: v.MadeBy, Not: v.MadeBy, Impact: work.Medium, May: access.PopulationApprove}, v.MadeAt))
		}
		return out, err
	}}
}

// Findings gives each person the findings that they are to mend.
func Findings(s *finding.Service) work.Source {
	impact := map[string]work.Impact{"low": work.Low, "medium": work.Medium, "high": work.High, "critical": work.Critical}
	return work.Source{Name: "findings", Of: func(ctx context.Context, who access.Principal) ([]work.Item, error) {
		var out []work.Item
		for cursor := ""; ; {
			page, err := s.List(ctx, finding.Filter{Owner: who.UserID, States: []finding.State{finding.Open, finding.Acknowledged}}, finding.ByDue, cursor, 500)
			if err != nil {
				return out, err
			}
			for i := range page.Findings {
				f := &page.Findings[i]
				out = append(out, work.Item{Kind: "finding", Ref: f.Ref(), Ask: "Mend", Title: f.Title + " on " + f.ItemName, Path: "/findings/" + f.Ref(), Act: "See how", Due: f.Due, Since: f.OpenedAt, Owner: f.Owner, Impact: impact[f.Severity], May: access.FindingAcknowledge,
					Facts: facts("Severity", f.Severity, "What was seen", f.Reason, "Check", f.Check)})
			}
			if cursor = page.Next; cursor == "" {
				return out, nil
			}
		}
	}}
}
