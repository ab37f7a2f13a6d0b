package simulation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/pack"
	"github.com/attesta/attesta/internal/program/policy"
	"github.com/attesta/attesta/packs"
)

func makePolicies(o *Organisation) error {
	dir, err := packs.Open(packs.Policies()[0])
	if err != nil {
		return err
	}
	book, err := policy.Load(dir)
	if err != nil {
		return err
	}
	shipped, err := pack.Shipped()
	if err != nil {
		return err
	}
	controls, checks := map[string]bool{}, map[string]bool{}
	for _, d := range o.Controls.Library().Designs {
		controls[d.Slug] = true
	}
	for _, p := range shipped {
		for _, c := range p.Checks {
			checks[c.ID] = true
		}
	}
	o.Policies = policy.New(policy.Config{DB: o.cfg.DB, Ledger: o.cfg.Ledger, Clock: o.clock.Now, Book: book,
		Provers: func(context.Context) (map[string]bool, map[string]bool, error) { return controls, checks, nil }})
	return nil
}

// yearOfPolicies is policies from templates: written by one, approved by
// another, published, read by most, changed, reviewed, retired.
func yearOfPolicies(o *Organisation, c *calendar) error {
	values := map[string]string{"organisation": "Farol", "report_to": "security@farol.example"}
	for _, t := range []struct {
		day int
		id  string
		how string // how far it comes
	}{
		{20, "information-security", "published"}, {22, "code-of-conduct", "published"}, {27, "access-control", "published"},
		{34, "acceptable-use", "published"}, {41, "incident-response", "published"}, {47, "change-management", "published"},
		{55, "backup", "published"}, {61, "vendor-management", "published"}, {72, "physical-security", "retired"}, {88, "data-classification", "published"},
		{240, "remote-work", "published"}, {328, "business-continuity", "approved"}, {346, "ai-use", "submitted"}, {352, "disaster-recovery", "sent back"}, {357, "cryptography", "draft"},
	} {
		c.on(t.day, t.id+" is written", func(ctx context.Context) error {
			mine := map[string]string{}
			template, err := o.Policies.Book().Get(t.id)
			if err != nil {
				return err
			}
			for _, f := range template.FillIns {
				if v, ok := values[f.Name]; ok {
					mine[f.Name] = v
				}
			}
			_, errs := o.Policies.Adopt(ctx, o.cast["aarav"], t.id, mine)
			return errors.Join(errs...)
		})
		if t.how == "draft" {
			continue
		}
		c.on(t.day+1, t.id+" is submitted", func(ctx context.Context) error { return o.Policies.Submit(ctx, o.cast["aarav"], t.id, 1) })
		switch t.how {
		case "sent back":
			c.on(t.day+3, t.id+" is sent back", func(ctx context.Context) error {
				return o.Policies.SendBack(ctx, o.cast["ines"], t.id, 1, "The times in it are not those of the contracts: four hours were promised, not eight.")
			})
		case "published", "approved", "retired":
			c.on(t.day+3, t.id+" is approved", func(ctx context.Context) error { return o.Policies.Approve(ctx, o.cast["ines"], t.id, 1, "") })
		}
		if t.how == "published" || t.how == "retired" {
			c.on(t.day+5, t.id+" is published", func(ctx context.Context) error { return o.Policies.Publish(ctx, o.cast["aarav"], t.id, 1) })
		}
	}
	c.on(131, "physical-security is retired", func(ctx context.Context) error {
		return o.Policies.Retire(ctx, o.cast["ines"], "physical-security", 1, "No office holds a system any more; what is left of it stands in the acceptable use policy.")
	})
	c.on(200, "access-control changes", func(ctx context.Context) error {
		return o.rewrite(ctx, "access-control", "Team leads review access, as the control says since spring; a second factor is asked for everywhere.", true,
			"Whoever leads a team reviews the access of its members each quarter, and says in writing what is kept and what is taken away.")
	})
	c.on(201, "access-control is submitted", func(ctx context.Context) error { return o.Policies.Submit(ctx, o.cast["aarav"], "access-control", 2) })
	c.on(204, "access-control is approved", func(ctx context.Context) error {
		return o.Policies.Approve(ctx, o.cast["ines"], "access-control", 2, "")
	})
	c.on(205, "access-control is published", func(ctx context.Context) error {
		return o.Policies.Publish(ctx, o.cast["aarav"], "access-control", 2)
	})
	c.on(355, "information-security is revised", func(ctx context.Context) error {
		return o.rewrite(ctx, "information-security", "The yearly review found that it says nothing of work by machines.", true,
			"Whoever lets a program act in their name answers for what it does as for their own work.")
	})
	for _, slug := range []string{"code-of-conduct", "acceptable-use"} {
		c.on(350, slug+" is reviewed", func(ctx context.Context) error {
			return o.Policies.Review(ctx, o.cast["ines"], slug, 1, "Read in full with the heads of people and operations; it says what is done, and nothing has to change.")
		})
	}
	c.daily(15*3600e9, true, "people read policies", func(ctx context.Context) error { return o.read(ctx, c) })
	return nil
}

// rewrite adds a statement to the newest version of a policy.
func (o *Organisation) rewrite(ctx context.Context, slug, note string, material bool, statement string) error {
	have, err := o.Policies.Get(ctx, o.cast["aarav"], slug)
	if err != nil {
		return err
	}
	last := have.Newest()
	w := policy.Write{Content: last.Content, Note: note, Material: material, Base: last.Version}
	head, tail, ok := strings.Cut(w.Text, "\n## Owner and review")
	if !ok {
		return fmt.Errorf("the policy %s has no part on its owner", slug)
	}
	w.Text = strings.TrimRight(head, "\n") + "\n\n## Added in this version\n\n" + statement + "\n\n## Owner and review" + tail
	_, err = o.Policies.Edit(ctx, o.cast["aarav"], slug, w)
	return err
}

// read has some people read what asks them, and answer its questions. Daniel
// Costa never reads how to answer an incident.
func (o *Organisation) read(ctx context.Context, c *calendar) error {
	for _, login := range o.logins() {
		who := o.cast[login]
		if c.r.IntN(6) != 0 || !slices.Contains(policy.Readers(), who.Role) {
			continue
		}
		mine, err := o.Policies.Mine(ctx, who)
		if err != nil {
			return err
		}
		for _, t := range mine {
			if t.Done() || login == "daniel" && t.Slug == "incident-response" || login == "rui" && t.Tries == 0 && c.r.IntN(5) != 0 {
				continue
			}
			have, err := o.Policies.Get(ctx, o.cast["ines"], t.Slug)
			if err != nil {
				return err
			}
			var answers []int
			for _, q := range have.Published().Questions {
				answers = append(answers, q.Right)
			}
			if len(answers) > 0 && t.Tries == 0 && c.r.IntN(4) == 0 { // the first try is not always right
				answers[0] = answers[0]%2 + 1
			}
			if _, err := o.Policies.Acknowledge(ctx, who, t.Slug, t.Digest, answers); err != nil {
				return err
			}
			break // one a day
		}
	}
	return nil
}
