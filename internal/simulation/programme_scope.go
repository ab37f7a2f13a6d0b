package simulation

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/program/scope"
)

// described is what is examined, in its first version.
func described(e scope.Examination) scope.Content {
	return scope.Content{
		Scope: catalog.Scope{Categories: []catalog.Category{catalog.Security, catalog.Availability}},
		Zone:  "Europe/Lisbon",
		Systems: []scope.Described{{Name: "Farol", Description: "Route planning for fleets of delivery vans, used through a web page and an API.",
			Services: []string{"plans tomorrow's routes from today's orders", "shows dispatchers where each van is"}}},
		Boundary: []scope.Component{
			{Name: "Production hosts", Kind: scope.Infrastructure, Hosts: []string{"*"}},
			{Name: "The Farol application", Kind: scope.Software},
			{Name: "Operations and engineering", Kind: scope.People},
			{Name: "Change, access and incident procedures", Kind: scope.Procedures},
			{Name: "Orders, routes and positions", Kind: scope.Data},
			{Name: "Payroll", Kind: scope.Software, Out: true, Reason: "It holds nothing of customers and is run by a provider with a report of its own."},
		},
		Commitments: []scope.Commitment{
			{ID: "sc-1", To: "customers", Statement: "What a customer enters is seen by that customer and by nobody else.", Source: "Terms of service, section 7", Categories: []catalog.Category{catalog.Security}},
			{ID: "sc-2", To: "customers", Statement: "Routes for the next day are ready by six in the morning on 99.5 % of days.", Source: "Service level agreement, section 2", Categories: []catalog.Category{catalog.Availability}},
		},
		Requirements: []scope.Requirement{
			{ID: "sr-1", Statement: "Every access to production is by a named account with a second factor.", Serves: []string{"sc-1"}, By: scope.ByChoice, Reference: "Access policy"},
		},
		LeftOut: []scope.LeftOut{
			{Category: catalog.ProcessingIntegrity, Reason: "No commitment speaks of it: dispatchers check a plan before vans leave."},
			{Category: catalog.Confidentiality, Reason: "The commitments to customers are met by the security criteria; no other secrets are held for them."},
			{Category: catalog.Privacy, Reason: "Positions belong to vans, not to people; the contracts forbid names."},
		},
		Examination: e,
	}
}

// describe proposes what is examined and lets another person approve it: a type
// 2 over a window that began a month after the history and ends after it. With a
// year of the whole programme a type 1 comes before it, see yearOfScope.
func (o *Organisation) describe(ctx context.Context) error {
	first, last := o.Plan.start().AddDate(0, 1, 0), o.Plan.End.AddDate(0, 1, 0)
	if first.After(o.Plan.End) {
		first = o.Plan.start()
	}
	e, why := scope.Examination{Type: 2, From: first.Format(time.DateOnly), To: last.Format(time.DateOnly)}, "first scope, for the first type 2 report"
	if o.cfg.whole() {
		e, why = scope.Examination{Type: 1, Date: o.asOf().Format(time.DateOnly)}, "first scope, for the type 1 report that the first large customer asks for"
	}
	v, err := o.Scopes.Propose(ctx, o.second, scope.Proposal{Reason: why, Content: described(e)})
	if err != nil {
		return fmt.Errorf("propose the scope: %w", err)
	}
	if err := o.Scopes.Approve(ctx, o.people[0], v.Version, ""); err != nil {
		return fmt.Errorf("approve the scope: %w", err)
	}
	return nil
}

// asOf is the date of the type 1.
func (o *Organisation) asOf() time.Time { return o.Plan.start().AddDate(0, 0, 103*o.Plan.Days/365) }

// window is that of the type 2: from the first of the month after the type 1
// to the end of the month after the history's.
func (o *Organisation) window() (from, to time.Time) {
	y, m, _ := o.asOf().AddDate(0, 0, 28).Date()
	ey, em, _ := o.Plan.End.Date()
	return time.Date(y, m, 1, 0, 0, 0, 0, time.UTC), time.Date(ey, em+2, 0, 0, 0, 0, 0, time.UTC)
}

// yearOfScope is what changes of it: a window after the type 1, with what was
// promised since, and a version that still waits.
func yearOfScope(o *Organisation, c *calendar) error {
	second := func() scope.Content {
		from, to := o.window()
		s := described(scope.Examination{Type: 2, From: from.Format(time.DateOnly), To: to.Format(time.DateOnly)})
		s.Systems[0].Services = append(s.Systems[0].Services, "tells customers' own systems when a van is late, by an API")
		s.Boundary = append(s.Boundary, scope.Component{Name: "The API for customers' systems", Kind: scope.Software})
		s.Commitments = append(s.Commitments, scope.Commitment{ID: "sc-3", To: "customers", Statement: "Backups are proved by restoring them each quarter.", Source: "Service level agreement, section 4", Categories: []catalog.Category{catalog.Availability}})
		s.Requirements = append(s.Requirements, scope.Requirement{ID: "sr-2", Statement: "Routes and positions can be brought back to any hour of the last seven days.", Serves: []string{"sc-2", "sc-3"}, By: scope.ByContract, Reference: "Service level agreement, section 4"})
		return s
	}
	version := 0
	c.on(112, "the second version is proposed", func(ctx context.Context) error {
		v, err := o.Scopes.Propose(ctx, o.cast["aarav"], scope.Proposal{Reason: "The type 1 is done: a window for the type 2, the new API, and what the contracts promise since spring.", Content: second()})
		version = v.Version
		return err
	})
	c.on(115, "the second version is approved", func(ctx context.Context) error {
		return o.Scopes.Approve(ctx, o.cast["ines"], version, "")
	})
	c.on(354, "a third version is proposed", func(ctx context.Context) error {
		s := second()
		s.Categories = append(s.Categories, catalog.Confidentiality)
		s.LeftOut = slices.DeleteFunc(s.LeftOut, func(l scope.LeftOut) bool { return l.Category == catalog.Confidentiality })
		s.Commitments = append(s.Commitments, scope.Commitment{ID: "sc-4", To: "the customer Norte", Statement: "Price lists are erased thirty days after a contract ends.", Source: "Contract with Norte, section 11", Categories: []catalog.Category{catalog.Confidentiality}})
		_, err := o.Scopes.Propose(ctx, o.cast["aarav"], scope.Proposal{Reason: "A contract promises that price lists are erased: confidentiality belongs to the next window.", Content: s})
		return err
	})
	return nil
}
