package simulation

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/audit/engagement"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/evidence/exclusion"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/program/evidence"
	"github.com/attesta/attesta/internal/program/instance"
)

func makePopulations(o *Organisation) error {
	o.Exclusions.Derive(o.Hosts.Retired)
	var err error
	o.Populations, err = population.New(population.Config{DB: o.cfg.DB, Ledger: o.cfg.Ledger, Blobs: o.cfg.Blobs, Neighbours: o.Hosts.Neighbours, Clock: o.clock.Now, Logger: o.quiet,
		Register: func(ctx context.Context, q exclusion.Question) ([]exclusion.Entry, error) {
			q.Population = host.Population
			return o.Exclusions.Register(ctx, q)
		}}, o.Hosts.PopulationSource(), o.Findings.PopulationSource(), population.Outcomes(o.Outcomes), o.Waivers.PopulationSource())
	return err
}

// yearOfPopulations is definitions, approved by somebody else than their author,
// and extractions at the ends of quarters, one held against a zone file.
func yearOfPopulations(o *Organisation, c *calendar) error {
	c.at(c.plan.start().Add(time.Hour), "the shipped definitions", o.Populations.Start)
	for i, slug := range []string{"hosts", "hosts-joined", "findings-raised", "waivers"} {
		c.on(26+i, slug+" is approved", func(ctx context.Context) error {
			return o.Populations.Approve(ctx, o.cast["ines"], slug, 1, "")
		})
	}
	production := population.Content{Title: "Hosts that hold customer data", Source: "hosts", Date: "present", Zone: "Europe/Lisbon", Apply: true, Filter: `item.name.startsWith("db-") || item.name.startsWith("app-")`,
		Purpose: "Who may log in to where customers' orders are? Samples of accounts are taken from these hosts.", Boundary: "Names say what a host is for; the naming rule stands in the asset policy."}
	c.on(90, "hosts with customer data are defined", func(ctx context.Context) error {
		_, err := o.Populations.Define(ctx, o.cast["aarav"], "customer-data-hosts", production)
		return err
	})
	c.on(92, "hosts with customer data are approved", func(ctx context.Context) error {
		return o.Populations.Approve(ctx, o.cast["ines"], "customer-data-hosts", 1, "")
	})
	c.on(349, "hosts with customer data are defined anew", func(ctx context.Context) error {
		next := production
		next.Filter += ` || item.name.startsWith("worker-")`
		next.Boundary = "Names say what a host is for; the naming rule stands in the asset policy. Workers read orders since the nightly plan moved to them."
		_, err := o.Populations.Define(ctx, o.cast["aarav"], "customer-data-hosts", next)
		return err
	})
	extract := func(n int, slug, who string, days int) {
		c.on(n, slug+" is extracted", func(ctx context.Context) error {
			now := o.clock.Now().Truncate(24 * time.Hour)
			w := population.Window{To: now}
			if days > 0 {
				w.From = now.AddDate(0, 0, -days)
			}
			e, err := o.Populations.Extract(ctx, o.cast[who], slug, w)
			o.frozen = append(o.frozen, e)
			return err
		})
	}
	extract(104, "hosts", "ines", 0)
	extract(187, "findings-raised", "ines", 60)
	extract(279, "hosts", "aarav", 0)
	extract(280, "findings-raised", "aarav", 90)
	extract(338, "customer-data-hosts", "priya", 0)
	extract(340, "hosts", "ines", 0)
	extract(341, "waivers", "ines", 180)
	var r population.Reconciliation
	c.on(342, "the hosts are held against the zone", func(ctx context.Context) error {
		e := o.extraction("hosts")
		page, _, _, err := o.Hosts.Sorted(ctx, host.Filter{}, "", "", 500)
		if err != nil {
			return err
		}
		var zone strings.Builder
		zone.WriteString("$ORIGIN farol.example.\n$TTL 3600\n@ IN SOA ns1 hostmaster 2026 7200 3600 1209600 3600\n@ IN NS ns1\nns1 IN A 10.20.0.2\n")
		for i, h := range page {
			if h.RetiredAt.IsZero() && i%9 != 8 { // one was forgotten
				fmt.Fprintf(&zone, "%s IN A 10.20.1.%d\n", h.Name, 10+i)
			}
		}
		zone.WriteString("printer-2f IN A 10.20.0.240\nweb-old IN A 10.20.1.250\nrelease-box IN A 10.20.1.251\n")
		r, err = o.Populations.Reconcile(ctx, o.cast["ines"], e.ID, population.Upload{Kind: population.Zone, Name: "farol.example", Content: []byte(zone.String())})
		return err
	})
	c.on(343, "what is on one side alone is explained", func(ctx context.Context) error {
		lines, err := o.Populations.Lines(ctx, r.ID, "", 0, 500)
		if err != nil {
			return err
		}
		for _, l := range lines {
			x := population.Explanation{Cause: population.OtherCause, Text: "Its name was never entered; that is done since today."}
			switch {
			case l.Side == population.Both || strings.HasPrefix(l.Name, "release-box"): // nobody knows that one
				continue
			case strings.HasPrefix(l.Name, "printer"):
				x = population.Explanation{Cause: population.NotAnItem, Text: "The printer on the second floor; see the exclusion."}
			case strings.HasPrefix(l.Name, "web-old"):
				x = population.Explanation{Cause: population.OutOfScope, Text: "A name of a host that was retired in summer; the entry goes with the next change of the zone."}
			case l.Side == population.OnlyB:
				x = population.Explanation{Cause: population.NotAnItem, Text: "The name server of the provider."}
			}
			if err := o.Populations.Explain(ctx, o.cast["aarav"], r.ID, l.Seq, x); err != nil {
				return err
			}
		}
		return nil
	})
	return nil
}

// extraction gives the newest of a population.
func (o *Organisation) extraction(slug string) population.Extraction {
	for _, e := range slices.Backward(o.frozen) {
		if e.Slug == slug {
			return e
		}
	}
	return population.Extraction{}
}

func makeEngagements(o *Organisation) error {
	o.Instances = instance.New(instance.Config{DB: o.cfg.DB, Ledger: o.cfg.Ledger, Clock: o.clock.Now})
	o.Engagements = engagement.New(engagement.Config{DB: o.cfg.DB, Ledger: o.cfg.Ledger, Clock: o.clock.Now})
	return nil
}

// asked is a request of the auditor, and how far it comes.
type asked struct {
	ref, section, text, criteria, control string
	owner                                 string
	answer                                string // "": nobody has written one
	exhibit                               string // population's slug, or control of which accepted evidence is attached
	comes                                 string // accepted, returned, received, ready, progress, open, late, withdrawn
	theirs, ours                          string // messages
}

// typeOne and typeTwo are the request lists.
func typeOne() []asked {
	return []asked{
		{"1.1", "Governance", "Organisation chart and the roles that answer for security", "CC1.3", "", "ines", "The chart is of the first of the month; the roles stand on its second page.", "", "accepted", "", ""},
		{"1.2", "Governance", "Code of conduct, with the date of its approval", "CC1.1", "", "aarav", "See the policy Code of conduct, version 1, with who approved it.", "", "accepted", "", ""},
		{"2.1", "Access", "Complete list of production hosts as of the date, with the query that gave it", "CC6.1", "", "tomas", "", "hosts", "accepted", "Does the list hold staging as well?", "It does; the column environment tells them apart."},
		{"2.2", "Access", "Evidence of the last review of access", "CC6.2, CC6.3", "access-reviewed", "mei", "The review of the quarter, with what was taken away.", "access-reviewed", "accepted", "", ""},
		{"3.1", "Operations", "Design of the backup and the last restore", "A1.2", "", "lukas", "Backups are described in the policy; a restore was proved in spring.", "", "accepted", "", ""},
		{"3.2", "Operations", "Walkthrough: how an alert becomes an incident", "CC7.3", "", "amara", "Held on the 4th with Amara Okoye and Tomas Varga.", "", "accepted", "", ""},
		{"4.1", "Vendors", "Register of vendors with what each may reach", "CC9.2", "", "aarav", "", "", "withdrawn", "The register is not part of a type 1; we ask for it in the window.", ""},
	}
}

func typeTwo() []asked {
	return []asked{
		{"1.1", "Governance", "Minutes of the board that speak of security, for each quarter of the window", "CC1.2", "board-oversight", "ines", "Minutes of two quarters; the third meets next week.", "board-oversight", "received", "", ""},
		{"1.2", "Governance", "Acknowledgements of the code of conduct by everybody who joined in the window", "CC1.1", "", "aarav", "See who acknowledged it, on the policy's page: two joined.", "", "accepted", "", ""},
		{"1.3", "Governance", "The assessment of risks of the year and what followed from it", "CC3.2", "risk-assessment-yearly", "ines", "", "", "progress", "", "It is being written; the figures of autumn are still missing."},
		{"2.1", "Access", "Population of production hosts at an instant in the window, with its query", "CC6.1", "", "tomas", "", "hosts", "accepted", "Please say who can take a host out of the list.", "Nobody alone: an exclusion is asked by one and approved by another; each is in the ledger."},
		{"2.2", "Access", "Reviews of access for two quarters of the window", "CC6.2, CC6.3", "access-reviewed", "mei", "Both reviews, with the lists that they were made from.", "access-reviewed", "returned", "The second one does not say who reviewed the database roles.", "We add the sheet of the database; the reviewer was Lukas Brandt."},
		{"2.3", "Access", "Population of leavers in the window, and for the sample when access ended", "CC6.2", "leaver-access-removed", "amara", "", "", "late", "", ""},
		{"2.4", "Access", "Hosts that hold customer data, to choose accounts from", "CC6.1", "", "tomas", "", "customer-data-hosts", "accepted", "", ""},
		{"3.1", "Operations", "Findings against the configuration standard in the window, with when each was mended", "CC7.1", "hosts-to-standard", "tomas", "Ninety days at a time, as frozen.", "findings-raised", "received", "We sample 25 of them.", ""},
		{"3.2", "Operations", "What was accepted rather than mended, by whom and until when", "CC7.1", "", "ines", "", "waivers", "ready", "", ""},
		{"3.3", "Operations", "Monthly measure of availability against what was promised", "A1.1", "availability-measured", "lukas", "The measures as they were taken from outside.", "availability-measured", "accepted", "", ""},
		{"3.4", "Operations", "Two restores from backup, with what came back", "A1.2, A1.3", "restores-proved", "lukas", "", "restores-proved", "ready", "", ""},
		{"3.5", "Operations", "For the incident of the window: time line, decision and what was learnt", "CC7.4, CC7.5", "incidents-handled", "amara", "", "", "progress", "", ""},
		{"4.1", "Change", "Population of changes of production in the window", "CC8.1", "changes-approved", "mei", "", "", "open", "", ""},
		{"4.2", "Change", "For the sample of changes: who asked, who approved, how it was tested", "CC8.1", "changes-approved", "mei", "", "", "open", "", ""},
		{"5.1", "Vendors", "Reviews of vendors that hold or reach customer data", "CC9.2", "vendor-reviewed-yearly", "aarav", "", "", "open", "", ""},
		{"5.2", "Vendors", "Contract with the second map provider", "CC9.2", "", "aarav", "", "", "withdrawn", "It holds no customer data; withdrawn.", ""},
	}
}

// yearOfEngagements is a type 1 that is over and a type 2 that runs, with their
// request lists.
func yearOfEngagements(o *Organisation, c *calendar) error {
	categories := []catalog.Category{catalog.Security, catalog.Availability}
	date := o.asOf().Format(time.DateOnly)
	from, to := o.window()
	o.examine(c, engagement.Content{Title: "SOC 2 type 1", Type: 1, From: date, To: date, Zone: "Europe/Lisbon", Categories: categories, Scope: 2, Firm: "Hartwell Crane LLP", State: engagement.Planned},
		80, 84, 104, 128, []string{"priya"}, typeOne())
	o.examine(c, engagement.Content{Title: "SOC 2 type 2, first window", Type: 2, From: from.Format(time.DateOnly), To: to.Format(time.DateOnly), Zone: "Europe/Lisbon", Categories: categories, Scope: 3, Firm: "Hartwell Crane LLP", State: engagement.Planned},
		144, 300, 343, 999, []string{"priya", "owen"}, typeTwo())
	return nil
}

// examine sets up an engagement on a day, takes its list in on another, answers
// it from a third on, and closes it.
func (o *Organisation) examine(c *calendar, content engagement.Content, created, list, answered, closed int, auditors []string, requests []asked) {
	var g engagement.Engagement
	c.on(created, content.Title+" is set up", func(ctx context.Context) (err error) {
		for _, login := range auditors {
			content.Auditors = append(content.Auditors, o.cast[login].UserID)
		}
		g, err = o.Engagements.Create(ctx, o.cast["ines"], content)
		return err
	})
	c.on(list, content.Title+" is asked for", func(ctx context.Context) error {
		content := g.Content
		content.State, content.Note = engagement.Fieldwork, "The list of requests came in."
		var err error
		if g, err = o.Engagements.Change(ctx, o.cast["ines"], g.Number, g.Version, content); err != nil {
			return err
		}
		all := make([]engagement.Proposed, len(requests))
		for i, a := range requests {
			due := c.day(answered + 4 + i/3)
			if a.comes == "open" || a.comes == "progress" {
				due = c.plan.End.AddDate(0, 0, 6+i)
			}
			all[i] = engagement.Proposed{Ref: a.ref, RequestContent: engagement.RequestContent{Text: a.text, Section: a.section, Criteria: engagement.CriteriaIn(a.criteria), Control: a.control, Due: due.Format(time.DateOnly)}}
		}
		_, err = o.Engagements.Import(ctx, o.cast[auditors[0]], g.Number, all, nil)
		return err
	})
	for i, a := range requests {
		edit := func(n int, what, who string, e func() engagement.Edit) {
			c.on(n, content.Title+" "+a.ref+" "+what, func(ctx context.Context) error {
				r, _, _, err := o.Engagements.Request(ctx, o.cast[who], g.Number, a.ref)
				if err != nil {
					return err
				}
				_, err = o.Engagements.Edit(ctx, o.cast[who], g.Number, a.ref, r.Version, e())
				return err
			})
		}
		write := func(n int, who, text string) {
			if text != "" {
				c.on(n, content.Title+" "+a.ref+" is spoken of", func(ctx context.Context) error {
					_, err := o.Engagements.Write(ctx, o.cast[who], g.Number, a.ref, text)
					return err
				})
			}
		}
		theirs := func(t engagement.Theirs) func() engagement.Edit {
			return func() engagement.Edit { return engagement.Edit{Theirs: &t} }
		}
		edit(list+1, "gets an owner", "ines", func() engagement.Edit { owner := o.cast[a.owner].UserID; return engagement.Edit{Owner: &owner} })
		day, auditor := answered+i%5, auditors[i%len(auditors)]
		switch a.comes {
		case "open", "late":
			continue
		case "withdrawn":
			write(day, auditor, a.theirs)
			edit(day, "is withdrawn", auditor, theirs(engagement.Withdrawn))
			continue
		case "progress":
			edit(day, "is begun", a.owner, func() engagement.Edit { ours := engagement.InProgress; return engagement.Edit{Ours: &ours} })
			write(day+1, a.owner, a.ours)
			continue
		}
		if a.exhibit != "" {
			c.on(day, content.Title+" "+a.ref+" gets an exhibit", func(ctx context.Context) error { return o.attach(ctx, g.Number, a) })
		}
		edit(day+1, "is ready", a.owner, func() engagement.Edit {
			ours := engagement.Ready
			e := engagement.Edit{Ours: &ours}
			if text := a.answer; text != "" {
				e.Answer = &text
			} else {
				text = "As attached."
				e.Answer = &text
			}
			return e
		})
		if a.comes == "ready" {
			continue
		}
		edit(day+4, "is received", auditor, theirs(engagement.Received))
		write(day+5, auditor, a.theirs)
		write(day+6, a.owner, a.ours)
		switch a.comes {
		case "accepted":
			edit(day+8, "is accepted", auditor, theirs(engagement.Accepted))
		case "returned":
			edit(day+5, "is returned", auditor, theirs(engagement.Returned))
		}
	}
	c.on(closed, content.Title+" is closed", func(ctx context.Context) error {
		content := g.Content
		content.State, content.Note = engagement.Closed, "The report was received."
		_, err := o.Engagements.Change(ctx, o.cast["ines"], g.Number, g.Version, content)
		return err
	})
}

// attach gives a request what answers it: a frozen population, or evidence that
// was accepted for a control.
func (o *Organisation) attach(ctx context.Context, number int, a asked) error {
	who := o.cast[a.owner]
	if e := o.extraction(a.exhibit); e.ID != "" {
		_, err := o.Engagements.Attach(ctx, who, number, a.ref, engagement.Exhibit{Kind: "population", Subject: e.ID, Title: e.Ref() + " " + e.Content.Title})
		return err
	}
	list, _, err := o.Evidence.List(ctx, access.System(), evidence.Filter{Control: a.exhibit})
	if err != nil {
		return err
	}
	n := 0
	for _, v := range list {
		if v.Standing() != evidence.Accepted || n == 2 {
			continue
		}
		n++
		if _, err := o.Engagements.Attach(ctx, who, number, a.ref, engagement.OfEvidence(v.Version)); err != nil {
			return err
		}
	}
	return nil
}
