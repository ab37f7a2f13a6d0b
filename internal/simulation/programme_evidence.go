package simulation

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/program/evidence"
	"github.com/attesta/attesta/internal/program/instance"
)

// The programme beside the machines: what is examined, and what people do by
// hand and bring evidence of. Only where Config.Evidence names a place for it.

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
	var err error
	o.second, err = o.join(ctx, access.System(), access.NewUser{Login: "aarav", Name: "Aarav Nair", Email: "aarav.nair@farol.example", Role: access.ComplianceManager})
	return err
}
