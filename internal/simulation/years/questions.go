package years

import (
	"context"

	"github.com/attesta/attesta/internal/program/question"
	"github.com/attesta/attesta/packs"
)

func makeQuestions(o *Stage) error {
	dir, err := packs.Open(packs.Questions()[0])
	if err != nil {
		return err
	}
	book, err := question.Load(dir)
	if err != nil {
		return err
	}
	o.Questions = question.New(question.Config{DB: o.DB, Ledger: o.Ledger, Clock: o.Clock, Book: book, Scopes: o.Scopes})
	return nil
}

// yearOfQuestions is the first questions as far as somebody knows the answers,
// again when more is known, and the inventory of data that came of them.
func yearOfQuestions(o *Stage, c *Calendar) error {
	chosen := func(values ...string) question.Answer { return question.Answer{Values: values} }
	said := func(text string) question.Answer { return question.Answer{Text: text} }
	first := func(later bool) question.Answers {
		a := question.Answers{
			"service": said("Farol"), "use": said("Tomorrow's routes, from today's orders\nWhere each van is now"), "data": chosen("content", "accounts", "logs", "secrets", "source"),
			"lives": chosen("cloud", "saas", "laptops"), "places": said("Nordlys, hall Oslo\nNordlys, hall Gothenburg\nForja Code"), "backups": chosen("beside"), "moves": chosen("web", "api", "vendors", "support"),
			"tests": {Unknown: true}, "access-staff": said("Lukas Brandt (operations) - hosts, database\nTomas Varga (operations) - hosts, database\nMei Tanaka (engineering) - build machines"),
			"access-vendors": said("Nordlys Datacentre - hypervisors, disks\nForja Code - repositories"), "two-factors": chosen("no"), "leavers": {Unknown: true}, "changes": chosen("yes"), "promises": chosen("uptime", "security"), "goods": chosen("no"),
		}
		if later {
			a["backups"], a["tests"], a["two-factors"] = chosen("apart"), chosen("masked"), chosen("yes")
			a["access-support"] = said("Second level (Amara Okoye) - customers' records by number")
			a["access-services"] = said("deployment queue - production cluster\nnightly plan - database, reading")
			a["leavers"] = chosen("no")
		}
		return a
	}
	c.On(1, "whether a report is needed is asked", func(ctx context.Context) error {
		_, err := o.Questions.Answer(ctx, o.Cast["aarav"], question.Need, 0, question.Answers{"asked": chosen("contract"), "held": chosen("yes"), "financial": chosen("no"), "accepted": chosen("type1"),
			"by": said(o.AsOf.AddDate(0, 2, 0).Format("2006-01-02")), "running": chosen("some"), "people": chosen("fifty"), "earlier": chosen("no")})
		return err
	})
	c.On(2, "the first questions are answered", func(ctx context.Context) error {
		_, err := o.Questions.Answer(ctx, o.Cast["aarav"], question.First, 0, first(false))
		return err
	})
	c.On(3, "the inventory of data begins", func(ctx context.Context) error {
		r, err := o.Questions.Result(ctx, o.Cast["aarav"])
		if err != nil {
			return err
		}
		_, err = o.Questions.AddData(ctx, o.Cast["aarav"], r.Data...)
		return err
	})
	c.On(34, "what was not known is answered", func(ctx context.Context) error {
		_, err := o.Questions.Answer(ctx, o.Cast["ines"], question.First, 1, first(true))
		return err
	})
	write := func(n int, what, who, note string, fill func(i int, d *question.DataSet)) {
		c.On(n, what, func(ctx context.Context) error {
			all, err := o.Questions.Inventory(ctx, o.Cast[who])
			if err != nil {
				return err
			}
			for i := range all {
				now := all[i].Now()
				d := now.DataSet
				if fill(i, &d); now.Retired || d.Owner == now.Owner && d.Retention == now.Retention && d.Retired == now.Retired && len(d.Access) == len(now.Access) {
					continue
				}
				if _, err := o.Questions.ChangeData(ctx, o.Cast[who], all[i].Ref(), now.Version, d, note); err != nil {
					return err
				}
			}
			return nil
		})
	}
	write(37, "data gets owners", "aarav", "Named with the heads of both teams.", func(i int, d *question.DataSet) {
		if i != 3 { // nobody answers for that one yet
			d.Owner = []string{"Head of operations", "Head of operations", "Mei Tanaka", "", "Head of engineering"}[i%5]
		}
	})
	write(150, "support is added to who has access", "ines", "Seen in the first review of access: support can open records.", func(i int, d *question.DataSet) {
		if i == 0 {
			d.Access = append(d.Access, question.Access{Who: "Second level (Amara Okoye)", Kind: "support", Reach: "customers' records by number"})
		}
	})
	c.On(152, "positions are a data set of their own", func(ctx context.Context) error {
		_, err := o.Questions.AddData(ctx, o.Cast["aarav"], question.DataSet{Name: "Positions of vans", Holds: "Where each van was, each minute, for ninety days.", Owner: "Head of operations", Classification: question.Confidential, Retention: "Ninety days, then a daily sum",
			Lives: []string{"Nordlys, hall Oslo", "Nordlys, hall Gothenburg"}, Moves: []string{"Programs of customers, by an API"}, Access: []question.Access{{Who: "Lukas Brandt (operations)", Kind: "staff", Reach: "database"}, {Who: "nightly plan", Kind: "service", Reach: "reading"}}},
			question.DataSet{Name: "Logs of the old archive", Owner: "Lukas Brandt", Classification: question.Internal, Retention: "Until the vendor's end", Lives: []string{"Logbarn"}})
		return err
	})
	write(216, "the old archive is gone", "aarav", "The vendor ended and destroyed it; see its letter.", func(_ int, d *question.DataSet) {
		d.Retired = d.Retired || d.Name == "Logs of the old archive"
	})
	return nil
}
