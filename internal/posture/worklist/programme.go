package worklist

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/audit/engagement"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/program/change"
	"github.com/attesta/attesta/internal/program/checklist"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/program/evidence"
	"github.com/attesta/attesta/internal/program/instance"
	"github.com/attesta/attesta/internal/program/landing"
	"github.com/attesta/attesta/internal/program/policy"
	"github.com/attesta/attesta/internal/program/scope"
	"github.com/attesta/attesta/internal/program/vendor"
	"github.com/attesta/attesta/internal/program/work"
)

// Instances gives what manual controls owe: begun and due within a month, overdue,
// or missed within the last three months; and controls that nobody approved.
func (l Later) Instances(s *evidence.Service, controls *control.Service) work.Source {
	return work.Source{Name: "controls to perform", All: func(ctx context.Context) ([]work.Item, error) {
		now := l.Clock()
		program, err := controls.Program(ctx, access.System())
		if err != nil {
			return nil, err
		}
		all, err := s.Overviews(ctx, access.System(), now, -1)
		if err != nil {
			return nil, err
		}
		bySlug := make(map[string]*evidence.Overview, len(all))
		for i := range all {
			bySlug[all[i].Slug] = &all[i]
		}
		var out []work.Item
		drafts := 0
		var since time.Time
		for i := range program.Controls {
			c := &program.Controls[i]
			d := c.Current()
			if d.State == control.Draft {
				if drafts++; since.IsZero() || d.Made.At.Before(since) {
					since = d.Made.At
				}
			}
			o := bySlug[c.Slug]
			if o == nil || d.State == control.Retired {
				continue
			}
			var lost []instance.Instance // those missed are one item: they are mended, or waived, together
			for _, in := range o.Instances {
				missed := in.State == instance.Missed && now.Sub(in.Grace) < gone
				if !missed && (in.State != instance.Expected || in.Start.After(now) || len(in.Evidence) > 0 || !l.soon(in.Due)) {
					continue
				}
				x := work.Item{Kind: "instance", Ref: c.Slug + " " + in.Key, Ask: "Perform", Title: d.Design.Title, Act: "Add evidence", Due: in.Due, Since: in.Start, Impact: work.Medium, May: access.EvidenceAdd,
					Path:  "/evidence/new?" + url.Values{"control": {c.Slug}, "cover": {c.Slug + "/" + in.Key}}.Encode(),
					Facts: facts("Control", c.Slug, "Statement", d.Design.Statement, "Window", in.Key+", "+o.Rhythm, "What set it off", in.Trigger)}
				if strings.HasPrefix(d.Design.Owner, "usr_") {
					x.Owner = d.Design.Owner
				} else {
					x.Role, x.Roles = d.Design.Owner, rolesOf(d.Design.Owner)
				}
				switch {
				case missed:
					x.State, x.Impact, x.Act, x.Path, x.May = "missed", work.High, "See what is left", "/controls/"+c.Slug, access.EvidenceAdd
					if lost = append(lost, in); len(lost) > 1 {
						continue
					}
					x.Ask = "Missed"
					x.Facts = append(x.Facts, work.Fact{Term: "What is left", Text: "Waive it with a reason, or bring what shows that it was performed. It stays late or missed."})
				case in.Population:
					x.Ask = "Count what sets off"
					x.Facts = append(x.Facts, work.Fact{Term: "Why", Text: "That nothing set it off is shown by a count that is complete, also where it is zero."})
					x.Path += "&role=" + instance.AsPopulation
				case in.Overdue:
					x.State, x.Impact = "overdue, within its grace", work.High
				}
				if string(d.Design.Weight) == "key" && x.Impact < work.Critical && x.Impact > work.Low {
					x.Facts = append(x.Facts, work.Fact{Term: "Weight", Text: "a key control"})
				}
				out = append(out, x)
			}
			for k := range out {
				if len(lost) > 1 && out[k].Ref == c.Slug+" "+lost[0].Key {
					together(&out[k], lost)
				}
			}
		}
		if drafts > 0 {
			out = append(out, answer(work.Item{Kind: "approval", Ref: "controls", Ask: "Approve drafts", Title: many(drafts, "control", "controls"), Path: "/controls", Act: "See them", Impact: work.Low, May: access.ControlEdit, Roles: managers,
				Facts: facts("What follows", "Until a named person approves a design it counts as a draft.")}, since))
		}
		return out, nil
	}}
}

// together lets the item of the first missed instance speak of all of them.
func together(x *work.Item, lost []instance.Instance) {
	n := len(lost)
	x.Ask = fmt.Sprintf("Missed %d times", n)
	x.Facts = append(x.Facts, work.Fact{Term: "Missed", Text: fmt.Sprintf("%d, from %s to %s", n, lost[0].Key, lost[n-1].Key)})
}

// rolesOf gives the roles whose title is what a control's owner is called; those
// who keep the programme where none is.
func rolesOf(owner string) []access.Role {
	for _, r := range access.Roles() {
		if strings.EqualFold(owner, r.Title()) || strings.EqualFold(owner, string(r)) {
			return []access.Role{r}
		}
	}
	return managers
}

// Evidence gives what waits for a review, and what was sent back to who brought it.
func Evidence(s *evidence.Service) work.Source {
	return work.Source{Name: "evidence", All: func(ctx context.Context) ([]work.Item, error) {
		var out []work.Item
		for _, state := range []evidence.Standing{evidence.Waiting, evidence.SentBack} {
			f := evidence.Filter{State: string(state), Limit: 500}
			for {
				list, more, err := s.List(ctx, access.System(), f)
				if err != nil {
					return out, err
				}
				for _, v := range list {
					x := work.Item{Kind: "evidence", Ref: v.Ref(), Ask: "Review", Title: v.Title, Path: "/evidence/" + v.Ref(), Act: "Review", From: author(v.Made.By), Not: author(v.Made.By), Impact: work.Medium, May: access.EvidenceReview,
						Facts: facts("Source", v.Source, "Description", v.Description, "Performed", v.Performed.Format(time.DateOnly), "Collected", v.Version.Collected.Format(time.DateOnly), "Shows", coversOf(v.Covers))}
					since := v.Made.At
					if state == evidence.SentBack {
						last := v.Reviews[len(v.Reviews)-1]
						since = last.Made.At
						x.Ask, x.Act, x.State, x.May, x.Owner, x.Not, x.From = "Bring anew", "See why", "sent back", access.EvidenceAdd, author(v.Made.By), "", author(last.Made.By)
						x.Facts = append(facts("Sent back", last.Reason), x.Facts...)
					}
					out = append(out, answer(x, since))
					f.Below = v.Number
				}
				if !more {
					break
				}
			}
		}
		return out, nil
	}}
}

func coversOf(all []evidence.Cover) string {
	parts := make([]string, len(all))
	for i, c := range all {
		parts[i] = c.Control + " " + c.Instance
	}
	return strings.Join(parts, ", ")
}

// Policies gives versions to approve and to publish, those that were sent back,
// yearly reviews, and each person's own acknowledgements.
func (l Later) Policies(s *policy.Service) work.Source {
	return work.Source{Name: "policies", All: func(ctx context.Context) ([]work.Item, error) {
		all, err := s.List(ctx, access.System())
		var out []work.Item
		for _, r := range all {
			v := r.Policy.Newest()
			x := work.Item{Kind: "approval", Ref: r.Ref, Title: v.Title, Path: "/policies/" + r.Slug, Impact: work.Medium, Facts: facts("Version", fmt.Sprint(v.Version), "What changed", v.Note, "Kept by", v.Owner)}
			var last policy.Step
			for _, st := range r.Policy.Steps {
				if st.Version == v.Version {
					last = st
				}
			}
			switch {
			case v.State == policy.Submitted:
				x.Ask, x.Act, x.May, x.From, x.Not = fmt.Sprintf("Approve version %d", v.Version), "Read and decide", access.PolicyApprove, author(v.Made.By), author(v.Made.By)
				out = append(out, answer(x, last.Made.At))
			case v.State == policy.Approved:
				x.Ask, x.Act, x.May, x.From = fmt.Sprintf("Publish version %d", v.Version), "Publish", access.PolicyEdit, author(last.Made.By)
				out = append(out, answer(x, last.Made.At))
			case v.State == policy.Draft && last.Step == "sent_back" && author(v.Made.By) != "":
				x.Ask, x.Act, x.State, x.May, x.Owner, x.From = fmt.Sprintf("Write version %d anew", v.Version), "See why", "sent back", access.PolicyEdit, v.Made.By, author(last.Made.By)
				x.Facts = append(facts("Sent back", last.Note), x.Facts...)
				out = append(out, answer(x, last.Made.At))
			}
			if l.soon(r.Due) {
				out = append(out, work.Item{Kind: "review", Ref: r.Ref, Ask: "Review", Title: r.Title, Path: "/policies/" + r.Slug, Act: "Review", Due: r.Due, Since: r.Due.Add(-ahead), Role: r.Owner, Impact: work.Medium, May: access.PolicyApprove, Roles: managers,
					Facts: facts("Version", fmt.Sprint(r.Version), "Kept by", r.Owner)})
			}
		}
		return out, err
	}, Of: func(ctx context.Context, who access.Principal) ([]work.Item, error) {
		all, err := s.Mine(ctx, who)
		var out []work.Item
		for _, t := range all {
			if t.Done() {
				continue
			}
			x := work.Item{Kind: "acknowledgement", Ref: t.Ref, Ask: fmt.Sprintf("Read and acknowledge version %d", t.Version), Title: t.Title, Path: "/my/policies/" + t.Slug, Act: "Read", Due: t.Due, Since: t.Published, Owner: who.UserID, Impact: work.Medium, May: access.PolicyAcknowledge, Personal: true}
			if t.Questions > 0 {
				x.Facts = facts("Questions", many(t.Questions, "question", "questions")+" at its end")
			}
			out = append(out, x)
		}
		return out, err
	}}
}

// Scope gives a version of the scope that nobody approved yet.
func Scope(s *scope.Service) work.Source {
	return work.Source{Name: "the scope", All: func(ctx context.Context) ([]work.Item, error) {
		all, err := s.History(ctx, access.System())
		if err != nil || len(all) == 0 {
			return nil, err
		}
		v := all[0]
		for _, o := range all {
			if o.Version > v.Version {
				v = o
			}
		}
		if v.Approved() {
			return nil, nil
		}
		return []work.Item{answer(work.Item{Kind: "approval", Ref: fmt.Sprintf("scope %d", v.Version), Ask: fmt.Sprintf("Approve version %d", v.Version), Title: "The scope", Path: "/scope", Act: "Read and decide", From: author(v.Made.By), Not: author(v.Made.By), Impact: work.High, May: access.ScopeApprove,
			Facts: facts("Why it changes", v.Reason)}, v.Made.At)}, nil
	}}
}

// Vendors gives vendors to review and to approve.
func (l Later) Vendors(s *vendor.Service) work.Source {
	impact := map[string]work.Impact{"low": work.Low, "medium": work.Medium, "high": work.High, "critical": work.Critical}
	return work.Source{Name: "vendors", All: func(ctx context.Context) ([]work.Item, error) {
		all, err := s.List(ctx, access.System())
		var out []work.Item
		for _, r := range all {
			x := work.Item{Ref: r.Ref, Title: r.Name, Path: "/vendors/" + r.Ref, Impact: impact[r.Level], From: author(r.Manager), Not: author(r.Manager),
				Facts: facts("What for", r.Service, "Criticality", r.Level+", because "+strings.Join(r.Because, "; "), "Data", strings.Join(r.Data, ", "))}
			switch h := r.Vendor.History; {
			case r.State == vendor.Asked && len(r.Vendor.Reviews) == 0:
				x.Kind, x.Ask, x.Act, x.May = "review", "Review before it is approved", "Review", access.VendorReview
				out = append(out, answer(x, h[0].Made.At))
			case r.State == vendor.Asked:
				x.Kind, x.Ask, x.Act, x.May = "approval", "Decide", "Decide", access.VendorApprove
				out = append(out, answer(x, h[len(h)-1].Made.At))
			case r.Vendor.Active() && r.Due != "" && l.soon(r.Due.Time()):
				x.Kind, x.Ask, x.Act, x.May, x.From = "review", "Review again", "Review", access.VendorReview, ""
				x.Due, x.Since = r.Due.Time().AddDate(0, 0, 1), r.Due.Time().Add(-ahead)
				out = append(out, x)
			}
		}
		return out, err
	}}
}

// Changes gives changes that wait for an approval, and emergencies that nobody
// reviewed yet.
func Changes(s *change.Service) work.Source {
	return work.Source{Name: "changes", All: func(ctx context.Context) ([]work.Item, error) {
		var out []work.Item
		for cursor := ""; ; {
			list, next, _, err := s.List(ctx, access.System(), change.Filter{Attribute: landing.Approved, Is: []landing.Outcome{landing.NotObserved}}, cursor, 200)
			if err != nil {
				return out, err
			}
			for _, c := range list {
				x := work.Item{Kind: "approval", Ref: c.Ref(), Ask: "Decide", Title: c.Title, Path: "/changes/" + c.Ref(), Act: "Decide", Impact: work.Medium, May: access.ChangeApprove, Facts: facts("What", c.Text, "State", c.Attribute(landing.Approved).Reason, "Emergency", c.Emergency)}
				if len(c.Authors) > 0 {
					x.From, x.Not = author(c.Authors[0].Key), author(c.Authors[0].Key)
				}
				switch {
				case c.Emergency != "":
					x.Kind, x.Ask, x.Act, x.Impact = "review", "Review an emergency", "Review", work.High
				case c.Kind != landing.Manual:
					continue
				}
				out = append(out, answer(x, c.At))
			}
			if cursor = next; cursor == "" {
				return out, nil
			}
		}
	}}
}

// Requests gives what auditors asked for and have not got.
func Requests(s *engagement.Service) work.Source {
	return work.Source{Name: "requests of auditors", All: func(ctx context.Context) ([]work.Item, error) {
		all, err := s.List(ctx, access.System())
		var out []work.Item
		for _, g := range all {
			if g.State == engagement.Closed {
				continue
			}
			zone, err := time.LoadLocation(g.Zone)
			if err != nil {
				zone = time.UTC
			}
			list, err := s.Requests(ctx, access.System(), g.Number)
			if err != nil {
				return out, err
			}
			for _, r := range list {
				waits := r.Waiting()
				if waits == "nobody" {
					continue
				}
				x := work.Item{Kind: "request", Ref: fmt.Sprintf("%d/%s", g.Number, r.Ref), Ask: "Answer", Title: cut(r.Text, 160), Act: "Answer", Since: r.Made.At, Owner: r.Owner, Impact: work.High, May: access.RequestAnswer,
					Path: fmt.Sprintf("/engagements/%d/requests/%s", g.Number, url.PathEscape(r.Ref)), Facts: facts("Engagement", g.Title, "Section", r.Section, "Control", r.Control, "Criteria", strings.Join(r.Criteria, ", "))}
				if x.Owner == "" {
					x.Roles = managers
				}
				if day, err := time.ParseInLocation(time.DateOnly, r.Due, zone); err == nil {
					next := day.AddDate(0, 0, 1)
					x.Due = clock.DayStart(next.Year(), next.Month(), next.Day(), zone).UTC()
				}
				if r.Theirs == engagement.Returned {
					x.State, x.Ask = "returned", "Answer again"
				}
				if waits == "the auditor" {
					if x.Owner == "" {
						continue
					}
					x.Waits, x.Due = "the auditor", time.Time{}
				}
				out = append(out, x)
			}
		}
		return out, err
	}}
}

// Checklists gives the open items for joiners, movers and leavers.
func Checklists(s *checklist.Service, path func(person string) string) work.Source {
	return work.Source{Name: "checklists", All: func(ctx context.Context) ([]work.Item, error) {
		all, err := s.Open(ctx, access.System(), "")
		var out []work.Item
		for _, it := range all {
			x := work.Item{Kind: "checklist", Ref: it.ID, Ask: it.Title, Title: it.PersonName, Path: path(it.Person), Act: "Do it, and say so", Due: it.Due, Impact: work.Medium, May: access.PeopleEdit, Roles: managers, Facts: facts("List", it.List, "What", it.What)}
			if s.ByRecords(&it) {
				x.Act = "See what is missing"
				x.Facts = append(x.Facts, work.Fact{Term: "Closed by", Text: "what is recorded here, by itself"})
			}
			if it.List == checklist.Leaver {
				x.Impact = work.High
			}
			out = append(out, x)
		}
		return out, err
	}}
}
