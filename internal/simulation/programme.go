package simulation

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/program/evidence"
	"github.com/attesta/attesta/internal/program/instance"
	"github.com/attesta/attesta/internal/program/scope"
)

// The programme beside the machines: what is examined, and what people do by
// hand and bring evidence of. Only where Config.Evidence names a place for it.

// describe proposes what is examined and lets another person approve it: a type
// 2 over a window that began a month after the history and ends after it.
func (o *Organisation) describe(ctx context.Context) error {
	first, last := o.Plan.start().AddDate(0, 1, 0), o.Plan.End.AddDate(0, 1, 0)
	if first.After(o.Plan.End) {
		first = o.Plan.start()
	}
	v, err := o.Scopes.Propose(ctx, o.second, scope.Proposal{Reason: "first scope, for the first type 2 report", Content: scope.Content{
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
		Examination: scope.Examination{Type: 2, From: first.Format(time.DateOnly), To: last.Format(time.DateOnly)},
	}})
	if err != nil {
		return fmt.Errorf("propose the scope: %w", err)
	}
	if err := o.Scopes.Approve(ctx, o.people[0], v.Version, ""); err != nil {
		return fmt.Errorf("approve the scope: %w", err)
	}
	return nil
}

// perform is what people bring in a week: most of what is due, some of it late,
// some never. A reviewer looks at most of it.
func (o *Organisation) perform(ctx context.Context, r *rand.Rand) error {
	program, err := control.Load(ctx, o.cfg.DB.Reader())
	if err != nil {
		return err
	}
	book, err := evidence.LoadBook(ctx, o.cfg.DB.Reader())
	if err != nil {
		return err
	}
	now := o.clock.Now()
	for i := range program.Controls {
		c := &program.Controls[i]
		d := c.Current()
		if d.State == control.Draft || d.State == control.Retired || d.Design.Mode != control.Manual || instance.Triggered(d.Design) || c.Number%11 == 7 { // some never happen
			continue
		}
		for _, n := range book.Plan(c, time.UTC, -1, now.AddDate(0, -4, 0), now.AddDate(0, 1, 0)).All(now) {
			if n.State != instance.Expected || n.Start.After(now) || n.Due.After(now.AddDate(0, 0, 21)) || r.IntN(5) == 0 {
				continue
			}
			if err := o.bring(ctx, c, n, r); err != nil {
				return fmt.Errorf("evidence of %s: %w", c.Slug, err)
			}
		}
	}
	return nil
}

func (o *Organisation) bring(ctx context.Context, c *control.Control, n instance.Instance, r *rand.Rand) error {
	now := o.clock.Now()
	performed := now.Add(-time.Duration(1+r.IntN(36)) * time.Hour)
	if performed.Before(n.Start) {
		performed = n.Start.Add(now.Sub(n.Start) / 2)
	}
	who, title := o.people[1+r.IntN(len(o.people)-1)], c.Current().Design.Title
	text := fmt.Sprintf("%s\n\nDone on %s by %s.\nWhat was looked at: %d items. What was found: %s.\n", title, performed.Format("2 January 2006"), who.Name, 3+r.IntN(40),
		[]string{"nothing to mend", "one item, mended the same day", "two items, with tasks"}[r.IntN(3)])
	v, err := o.Evidence.Add(ctx, who, evidence.New{Kind: evidence.File, Title: title + ", " + n.Start.Format("January 2006"), Source: "minutes of whoever did it",
		FileName: c.Slug + ".txt", Performed: performed, From: n.Start, To: now, Collected: now,
		Covers: []evidence.Cover{{Control: c.Slug, Instance: n.Key, Role: instance.AsPerformance, Items: -1}}}, strings.NewReader(text))
	if err != nil {
		return err
	}
	switch r.IntN(10) {
	case 0: // nobody has looked yet
		return nil
	case 1:
		return o.Evidence.Decide(ctx, o.people[0], v.Number, v.Version, instance.SentBack, "it does not say who looked at what; add the list", "")
	}
	return o.Evidence.Decide(ctx, o.people[0], v.Number, v.Version, instance.Accepted, "", "")
}

// second is a person who proposes what the first approves.
func (o *Organisation) addSecond(ctx context.Context) error {
	u, err := o.Access.AddUser(ctx, access.System(), access.NewUser{Login: "aarav", Name: "Aarav Nair", Role: access.ComplianceManager})
	o.second = access.Principal{UserID: u.ID, Name: u.Name, Role: u.Role, At: o.clock.Now()}
	return err
}
