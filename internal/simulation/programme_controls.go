package simulation

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/program/evidence"
	"github.com/attesta/attesta/internal/program/instance"
)

// yearOfControls is what is adopted beside the starter, tailored and retired,
// which points of focus are not relevant, and what sets controls off.
func yearOfControls(o *Organisation, c *calendar) error {
	for i, slug := range []string{"availability-measured", "restores-proved", "capacity-forecast", "backups-kept-apart", "security-metrics-reviewed", "continuity-plan-tested", "board-papers-sent"} {
		c.on(16+6*i, slug+" is adopted", func(ctx context.Context) error { return o.Controls.Adopt(ctx, o.cast["ines"], slug) })
	}
	c.on(45, "what was left over is approved", func(ctx context.Context) error {
		program, err := o.Controls.Program(ctx, o.cast["ines"])
		if err != nil {
			return err
		}
		for _, k := range program.Controls {
			if k.Current().State != control.Draft || k.Number%24 == 0 { // some drafts nobody ever looks at
				continue
			}
			if err := o.Controls.Approve(ctx, o.cast["ines"], k.Slug); err != nil {
				return err
			}
		}
		return nil
	})
	text := func(s string) *string { return &s }
	for _, t := range []struct {
		day  int
		slug string
		how  control.Tailoring
	}{
		{33, "access-reviewed", control.Tailoring{Performer: text("team leads"), Reason: "Whoever leads a team knows who still needs what; security gathers the answers."}},
		{95, "outside-reports-answered", control.Tailoring{Frequency: text("monthly"), Reason: "In three months two reports came from outside: a weekly look finds nothing. The address is read every working day all the same."}},
		{228, "capacity-forecast", control.Tailoring{Owner: text("head of operations"), Reason: "Operations plans the season with the customers, and knows what is coming."}},
	} {
		c.on(t.day, t.slug+" is tailored", func(ctx context.Context) error { return o.Controls.Tailor(ctx, o.cast["aarav"], t.slug, t.how) })
	}
	c.on(130, "physical access is retired", func(ctx context.Context) error {
		return o.Controls.Retire(ctx, o.cast["ines"], "physical-access-granted", "No office holds a system since the move to the provider's data centres; the provider's report covers entry, and is reviewed each year.")
	})
	for _, n := range []int{1, 2, 3, 5, 6} {
		c.on(24+n/3, fmt.Sprintf("A1.2, point %d", n), func(ctx context.Context) error {
			return o.Controls.SetNotRelevant(ctx, o.cast["aarav"], "A1.2", n, "The data centres are the provider's: power, fire, water and cooling stand in its own report, which is reviewed each year.")
		})
	}
	c.on(131, "CC6.4, point 4", func(ctx context.Context) error {
		err := o.Controls.SetNotRelevant(ctx, o.cast["aarav"], "CC6.4", 4, "Nothing in scope stands in rooms of ours; who enters the provider's is reviewed by the provider.")
		if fault.Is(err, fault.Conflict) { // another control speaks of it
			return nil
		}
		return err
	})
	return o.triggers(c)
}

// triggers are things that happen and set controls off: most are acted on in
// time, one late, one never, and one is waived.
func (o *Organisation) triggers(c *calendar) error {
	for _, t := range []struct {
		day       int
		slug, who string
		what      string
		days      int // until it is performed; 0: never
		waived    string
	}{
		{66, "access-approved", "lukas", "Sofia Mendes asks for access to production, ticket 412", 2, ""},
		{79, "vendor-approved-before-use", "aarav", "Hartwell Crane LLP is to be engaged as auditor, ticket 430", 9, ""},
		{118, "significant-change-assessed", "ines", "Move of the route planner to its own cluster, ticket 506", 12, ""},
		{177, "leaver-access-removed", "mei", "Jonas Weber left, ticket 611", 1, ""},
		{198, "access-approved", "amara", "Yusuf Demir asks for the dispatchers' console, ticket 655", 3, ""},
		{211, "leaver-access-removed", "amara", "Sofia Mendes moved to operations and is on call, ticket 677", 38, ""},
		{236, "incidents-handled", "tomas", "Routes were planned an hour late on one morning, incident 14", 6, ""},
		{252, "vendor-approved-before-use", "aarav", "A second map provider is to be used, ticket 731", 0, ""},
		{289, "access-approved", "lukas", "A contractor asks for read access to staging, ticket 790", 0, "The request was taken back the same day; nothing was given."},
		{341, "access-approved", "lukas", "Clara Nunes asks for the dispatchers' console, ticket 858", 4, ""},
		{358, "changes-approved", "mei", "Release 5.12 of the route planner, ticket 901", 0, ""},
	} {
		key := ""
		c.on(t.day, t.slug+" is set off", func(ctx context.Context) (err error) {
			now := o.clock.Now()
			key, err = o.Instances.SetOff(ctx, o.cast[t.who], t.slug, instance.Trigger{Occurred: now.Add(-time.Hour), Due: now.AddDate(0, 0, 21), What: t.what})
			return err
		})
		switch {
		case t.waived != "":
			c.on(t.day+4, t.slug+" is waived", func(ctx context.Context) error {
				return o.Instances.Say(ctx, o.cast["ines"], t.slug, key, instance.Waived, t.waived)
			})
		case t.days > 0:
			c.on(t.day+t.days, t.slug+" is performed", func(ctx context.Context) error {
				now := o.clock.Now()
				v, err := o.Evidence.Add(ctx, o.cast[t.who], evidence.New{Kind: evidence.File, Title: t.what, Source: "ticket system", FileName: t.slug + "-" + key + ".txt",
					Performed: now.Add(-40 * time.Minute), From: now.Add(-24 * time.Hour), To: now, Collected: now,
					Covers: []evidence.Cover{{Control: t.slug, Instance: key, Role: instance.AsPerformance}}},
					strings.NewReader(t.what+"\n\nAsked for, decided by another person, carried out, and looked at once more the next day.\n"))
				if err != nil {
					return err
				}
				return o.Evidence.Decide(ctx, o.reviewer(t.who), v.Number, v.Version, instance.Accepted, "", "")
			})
		}
	}
	for _, n := range []int{95, 186, 278, 364} { // after a quarter somebody counts what set controls off in it
		c.on(n, "counts of the quarter", o.count)
	}
	return nil
}

// reviewer gives who looks at what somebody brought.
func (o *Organisation) reviewer(who string) access.Principal {
	if who == "ines" {
		return o.cast["aarav"]
	}
	return o.cast["ines"]
}

// count brings the counts of what set controls off in the last whole quarter.
func (o *Organisation) count(ctx context.Context) error {
	now := o.clock.Now()
	program, err := control.Load(ctx, o.cfg.DB.Reader())
	if err != nil {
		return err
	}
	book, err := evidence.LoadBook(ctx, o.cfg.DB.Reader())
	if err != nil {
		return err
	}
	zone := program.ScopeAt(now, -1).Location()
	n := evidence.New{Kind: evidence.File, Title: "What set controls off in the quarter", Source: "ticket system, people list, contract register", FileName: "counts-of-the-quarter.csv", Query: "opened in the quarter, by kind", Performed: now.Add(-time.Hour), Collected: now}
	var lines strings.Builder
	lines.WriteString("control,quarter,count\n")
	for i := range program.Controls {
		k := &program.Controls[i]
		if v := k.Current(); v.State != control.Adopted || !instance.Triggered(v.Design) || k.Number%5 == 2 { // some are forgotten
			continue
		}
		plan := book.Plan(k, zone, -1, now.AddDate(0, -3, 0), now).All(now)
		for _, q := range plan {
			if !q.Population || q.State != instance.Expected || q.Due.After(now) {
				continue
			}
			items := int64(0)
			for _, x := range plan {
				if !x.Population && !x.Start.Before(q.Start) && x.Start.Before(q.Due) {
					items++
				}
			}
			n.Covers = append(n.Covers, evidence.Cover{Control: k.Slug, Instance: q.Key, Role: instance.AsPopulation, Items: items})
			if n.From.IsZero() || q.Start.Before(n.From) {
				n.From = q.Start
			}
			n.To = now
			fmt.Fprintf(&lines, "%s,%s,%d\n", k.Slug, q.Key, items)
		}
	}
	if len(n.Covers) == 0 {
		return nil // no quarter has ended since these controls were approved
	}
	v, err := o.Evidence.Add(ctx, o.cast["mei"], n, strings.NewReader(lines.String()))
	if err != nil {
		return err
	}
	return o.Evidence.Decide(ctx, o.cast["ines"], v.Number, v.Version, instance.Accepted, "", "")
}

// controlInUse gives kind NotFound where no control of that slug is in use.
func (o *Organisation) controlInUse(ctx context.Context, slug string) error {
	c, err := o.Controls.Get(ctx, access.System(), slug)
	if err == nil && c.Current().State == control.Retired {
		return fault.New(fault.NotFound, "control %s is retired", slug)
	}
	return err
}
