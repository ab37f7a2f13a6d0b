// Package agenda reads from each domain what it has on the calendar: the sources
// of internal/program/calendar. A source is a function of one service, so that a
// part of the programme joins the calendar with one line of internal/server.
//
// Invariants: a source only reads, as the program itself. A moment that ends
// something (what is due before it, an end that is not included) becomes the last
// day that lies before it in the organisation's zone.
//
// Floor: posture.
package agenda

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/audit/engagement"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/evidence/waiver"
	"github.com/attesta/attesta/internal/program/calendar"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/program/evidence"
	"github.com/attesta/attesta/internal/program/instance"
	"github.com/attesta/attesta/internal/program/plan"
	"github.com/attesta/attesta/internal/program/policy"
	"github.com/attesta/attesta/internal/program/vendor"
)

// on is something of one day.
func on(day calendar.Day, e calendar.Event) calendar.Event {
	e.From, e.To = day, day
	return e
}

func cut(s string, n int) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > n {
		return strings.TrimSpace(string(r[:n])) + "…"
	}
	return s
}

// Audits gives the window of each engagement, its fieldwork as its versions say
// it, and what auditors ask for by a day. Fieldwork keeps people busy.
func Audits(s *engagement.Service, now clock.Clock) calendar.Source {
	return calendar.Source{Name: "audits", Events: func(ctx context.Context, _, _ calendar.Day, zone *time.Location) ([]calendar.Event, error) {
		all, err := s.List(ctx, access.System())
		if err != nil {
			return nil, err
		}
		var out []calendar.Event
		for _, g := range all {
			path := fmt.Sprintf("/engagements/%d", g.Number)
			window := "window"
			if g.Type == 1 {
				window = "as of this day"
			}
			out = append(out, calendar.Event{Kind: "audit", Ref: fmt.Sprintf("%d window", g.Number), Title: g.Title + ": " + window, From: calendar.Day(g.From), To: calendar.Day(g.To), State: string(g.State), Path: path, Note: g.Firm, See: access.EngagementRead})
			history, err := s.History(ctx, access.System(), g.Number)
			if err != nil {
				return out, err
			}
			var from, to calendar.Day
			for _, v := range history {
				day := calendar.DayOf(v.Made.At, zone)
				switch {
				case v.State == engagement.Fieldwork && (from == "" || day < from):
					from = day
				case v.State == engagement.Closed && (to == "" || day < to):
					to = day
				}
			}
			if from != "" {
				state := "over"
				if to == "" { // it goes on
					to, state = max(from, calendar.DayOf(now(), zone)), "now"
				}
				out = append(out, calendar.Event{Kind: "audit", Ref: fmt.Sprintf("%d fieldwork", g.Number), Title: g.Title + ": fieldwork", From: from, To: max(from, to), State: state, Path: path, Note: g.Firm, Busy: true, See: access.EngagementRead})
			}
			if g.State == engagement.Closed {
				continue
			}
			requests, err := s.Requests(ctx, access.System(), g.Number)
			if err != nil {
				return out, err
			}
			for _, r := range requests {
				if r.Due == "" || r.Waiting() != "us" {
					continue
				}
				state := "due"
				if r.Late(string(calendar.DayOf(now(), zone))) {
					state = "late"
				}
				out = append(out, on(calendar.Day(r.Due), calendar.Event{Kind: "request", Ref: fmt.Sprintf("%d/%s", g.Number, r.Ref), Title: r.Ref + " " + cut(r.Text, 100), State: state, Who: r.Owner, Path: path + "/requests/" + url.PathEscape(r.Ref), See: access.EngagementRead}))
			}
		}
		return out, nil
	}}
}

// Controls gives each instance of a manual control on the last day on which it is
// performed in time.
func Controls(s *evidence.Service, controls *control.Service, now clock.Clock) calendar.Source {
	return calendar.Source{Name: "controls to perform", Events: func(ctx context.Context, _, _ calendar.Day, zone *time.Location) ([]calendar.Event, error) {
		program, err := controls.Program(ctx, access.System())
		if err != nil {
			return nil, err
		}
		titles := map[string]string{}
		for i := range program.Controls {
			if d := program.Controls[i].Current(); d.State != control.Retired {
				titles[program.Controls[i].Slug] = d.Design.Title
			}
		}
		all, err := s.Overviews(ctx, access.System(), now(), -1)
		var out []calendar.Event
		for _, o := range all {
			title, used := titles[o.Slug]
			if !used {
				continue
			}
			for _, in := range o.Instances {
				if in.Population {
					continue // a quarter's count is no performance
				}
				state := in.State.Words()
				if in.State == instance.Expected {
					if state = "due"; in.Overdue {
						state = "late"
					}
				}
				out = append(out, on(calendar.LastDay(in.Due, zone), calendar.Event{Kind: "control", Ref: o.Slug + " " + in.Key, Title: title, State: state, Path: "/controls/" + o.Slug, Note: in.Key, See: access.EvidenceRead}))
			}
		}
		return out, err
	}}
}

// Policies gives the yearly review of each policy.
func Policies(s *policy.Service) calendar.Source {
	return calendar.Source{Name: "policies", Events: func(ctx context.Context, _, _ calendar.Day, zone *time.Location) ([]calendar.Event, error) {
		all, err := s.List(ctx, access.System())
		var out []calendar.Event
		for _, r := range all {
			if r.Due.IsZero() {
				continue
			}
			state := "due"
			if r.Overdue {
				state = "late"
			}
			out = append(out, on(calendar.LastDay(r.Due, zone), calendar.Event{Kind: "review", Ref: r.Ref, Title: "Policy: " + r.Title, State: state, Path: "/policies/" + r.Slug, Note: r.Owner, See: access.PolicyRead}))
		}
		return out, err
	}}
}

// Vendors gives the next review of each vendor.
func Vendors(s *vendor.Service) calendar.Source {
	return calendar.Source{Name: "vendors", Events: func(ctx context.Context, _, _ calendar.Day, _ *time.Location) ([]calendar.Event, error) {
		all, err := s.List(ctx, access.System())
		var out []calendar.Event
		for _, r := range all {
			if r.Due == "" || !r.Vendor.Active() {
				continue
			}
			state := "due"
			if r.Late {
				state = "late"
			}
			out = append(out, on(calendar.Day(r.Due), calendar.Event{Kind: "review", Ref: r.Ref, Title: "Vendor: " + r.Name, State: state, Path: "/vendors/" + r.Ref, Who: r.Manager, Note: r.Level, See: access.VendorRead}))
		}
		return out, err
	}}
}

// Tasks gives the last day of each task that is not over.
func Tasks(s *plan.Service, now clock.Clock) calendar.Source {
	return calendar.Source{Name: "tasks", Events: func(ctx context.Context, _, _ calendar.Day, zone *time.Location) ([]calendar.Event, error) {
		all, err := s.List(ctx, access.System(), plan.Filter{State: []plan.State{plan.Open, plan.Doing, plan.Said}})
		var out []calendar.Event
		for i := range all {
			t := &all[i]
			if t.Due.IsZero() {
				continue
			}
			state := "due"
			if t.Late(now()) {
				state = "late"
			}
			out = append(out, on(calendar.LastDay(t.Due, zone), calendar.Event{Kind: "task", Ref: t.Ref(), Title: t.Ref() + " " + t.Title, State: state, Path: "/tasks/" + t.Ref(), Who: t.Owner, See: access.TaskRead}))
		}
		return out, err
	}}
}

// Waivers gives the last day of each waiver that is in force.
func Waivers(s *waiver.Service) calendar.Source {
	return calendar.Source{Name: "waivers", Events: func(ctx context.Context, _, _ calendar.Day, zone *time.Location) ([]calendar.Event, error) {
		var out []calendar.Event
		for cursor := ""; ; {
			page, err := s.List(ctx, waiver.Filter{States: []waiver.State{waiver.Approved}}, cursor, 500)
			if err != nil {
				return out, err
			}
			for _, w := range page.Waivers {
				if !w.HoldsTo.IsZero() {
					out = append(out, on(calendar.LastDay(w.HoldsTo, zone), calendar.Event{Kind: "waiver", Ref: w.Ref(), Title: w.Ref() + " ends: " + w.About(), State: "due", Path: "/waivers/" + w.Ref(), Who: w.Owner, See: access.WaiverRead}))
				}
			}
			if cursor = page.Next; cursor == "" {
				return out, nil
			}
		}
	}}
}
