package upkeep

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/operations/component"
	"github.com/attesta/attesta/internal/operations/reference"
	"github.com/attesta/attesta/internal/simulation/fitting"
	"github.com/attesta/attesta/internal/simulation/years"
)

// registered is the day from which what hosts consist of is kept, and learned the one
// on which it is approved.
const registered, learned = 150, 158

// register is how components are decided on.
type register struct {
	o *years.Stage
	c *years.Calendar
}

// yearOfComponents is a baseline that is learned from a week in which everything was as
// it should be, and then what comes: approved, for some hosts or until a day, refused,
// asked about. One approval ends, and some things wait at the end.
func yearOfComponents(o *years.Stage, c *years.Calendar) error {
	g := &register{o, c}
	c.At(c.Day(registered).Add(time.Hour), "what hosts consist of is kept", func(ctx context.Context) error {
		o.Components = component.New(component.Config{DB: o.DB, Ledger: o.Ledger, Hosts: o.Hosts, Clock: o.Clock, Version: "demonstration", Logger: o.Quiet,
			References: func(ctx context.Context, tx *sql.Tx) ([]component.Reference, error) {
				return o.References.InForce(ctx, tx)
			}})
		o.References = reference.New(reference.Config{DB: o.DB, Ledger: o.Ledger, Hosts: o.Hosts, Components: o.Components, Integrity: o.Integrity, Baselines: o.Baselines, Clock: o.Clock})
		return o.Components.Turn(ctx)
	})
	for i := range 4 {
		c.Daily(time.Duration(i)*6*time.Hour+40*time.Minute, false, "components are looked after", func(ctx context.Context) error {
			if o.Components == nil {
				return nil
			}
			return o.Components.Turn(ctx)
		})
	}
	references(o, c)
	var kinds []component.Kind
	for _, w := range component.Kinds() {
		if w.Kind != component.Machine { // nobody looked at these yet
			kinds = append(kinds, w.Kind)
		}
	}
	g.learn(learned, "ines", kinds, component.Said{Owner: "Platform team", Reason: "What the hosts consist of after the review of spring. Looked through with Tomas, kind by kind; what should not be there was taken away before."})
	g.learn(learned+1, "tomas", kinds, component.Said{Owner: "Platform team", Reason: "What came on the day of the baseline and was not in it: looked at one by one."})
	team := func(owner, reason, scope string) component.Said {
		return component.Said{What: component.Approved, Owner: owner, Reason: reason, Scope: scope}
	}
	g.ask(fitting.Exporter+1, "ines", "node_exporter", "amara", "Is this yours, and who may read it?")
	g.answer(fitting.Exporter+2, "amara", "node_exporter", "Mine: figures for the metrics server, which comes from 10.20.1.5 alone. The firewall lets nobody else in.")
	g.say(fitting.Exporter+2, "ines", "node_exporter", team("Platform team", "Figures of hosts for the metrics server; nothing of customers is in them.", "web-* app-*"))
	g.say(fitting.Key+1, "ines", "for deploy", component.Said{What: component.Refused, Reason: "Keys of people do not open the account of releases. Hugo takes it away; releases come from the build host."})
	batch := team("Data team", "The tool of the migration, agreed with Nadia Rossi for her months.", "db-*")
	batch.Expires = c.Day(352)
	g.say(fitting.Batch+2, "tomas", "migrate-batch", batch)
	g.say(fitting.Tunnel+1, "tomas", "wireguard", team("Engineering", "Staging reads the test bank over a tunnel.", "stage-*"))
	probe := team("Platform team", "Our own probe of the queue, built on the build host: it comes from a file until there is a repository for it.", "worker-*")
	probe.FromFile = true
	g.say(fitting.Probe+2, "aarav", "queue-probe", probe)
	g.say(fitting.Scanner+1, "ines", "nmap", component.Said{What: component.Refused, Reason: "Tools that look at networks do not belong on servers that customers reach. It goes with the next run of ansible."})
	g.ask(fitting.Trial+1, "tomas", "tcp/8000", "lukas", "Something of Python listens on staging since yesterday, for everybody. Is it yours, and until when?")
	for day := learned + 12; day < 340; day += 14 {
		g.sweep(day, []string{"tomas", "amara"}[day/14%2])
	}
	return nil
}

// learn approves what was seen by then, of some kinds.
func (g *register) learn(day int, who string, kinds []component.Kind, said component.Said) {
	g.c.On(day, "a baseline is learned", func(ctx context.Context) error {
		l := component.Learn{Kinds: kinds, From: g.c.Day(registered), Until: g.o.Clock()}
		p, err := g.o.Components.Propose(ctx, g.o.Cast[who], l)
		if err != nil || len(p.Components) == 0 {
			return err
		}
		_, _, err = g.o.Components.ApproveProposal(ctx, g.o.Cast[who], l, p.Seen, said)
		return err
	})
}

// open gives what waits for a word and has some words in its name.
func (g *register) open(ctx context.Context, name string) ([]string, error) {
	list, _, _, err := g.o.Components.List(ctx, g.o.Cast["ines"], component.Filter{Query: name, Open: true}, "", 100)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, c := range list {
		ids = append(ids, c.ID)
	}
	return ids, nil
}

// say has somebody say something of what waits; nothing where it did not come.
func (g *register) say(day int, who, name string, x component.Said) {
	g.c.On(day, name+" is "+x.What, func(ctx context.Context) error {
		ids, err := g.open(ctx, name)
		if err != nil || len(ids) == 0 {
			return err
		}
		if err := g.o.Components.Say(ctx, g.o.Cast[who], ids, x); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	})
}

func (g *register) ask(day int, who, name, whom, question string) {
	g.c.On(day, name+" is asked about", func(ctx context.Context) error {
		ids, err := g.open(ctx, name)
		if err != nil || len(ids) == 0 {
			return err
		}
		return g.o.Components.Say(ctx, g.o.Cast[who], ids, component.Said{What: component.Asked, Reason: question, To: g.o.Cast[whom].UserID})
	})
}

func (g *register) answer(day int, who, name, text string) {
	g.c.On(day, name+" is answered", func(ctx context.Context) error {
		ids, err := g.open(ctx, name)
		if err != nil || len(ids) == 0 {
			return err
		}
		err = g.o.Components.Say(ctx, g.o.Cast[who], ids, component.Said{What: component.Answered, Reason: text})
		if fault.Is(err, fault.Conflict) {
			err = nil // nothing is asked
		}
		return err
	})
}

// sweep looks through what waits for more than three days: accounts of people who are
// in the register of people are approved, all else has to go.
func (g *register) sweep(day int, who string) {
	g.c.On(day, "what waits is looked through", func(ctx context.Context) error {
		list, _, _, err := g.o.Components.List(ctx, g.o.Cast[who], component.Filter{Open: true}, "", 200)
		if err != nil {
			return err
		}
		var known, strange []string
		for _, c := range list {
			late := g.o.Clock().Sub(c.First) > 72*time.Hour
			switch {
			case c.State != component.Fresh || c.Asked || !late:
			case c.Kind == component.User && slices.ContainsFunc(staff, func(login string) bool { return strings.Fields(c.Name)[0] == login }):
				known = append(known, c.ID)
			default:
				strange = append(strange, c.ID)
			}
		}
		for _, x := range []struct {
			ids  []string
			said component.Said
		}{
			{known, component.Said{What: component.Approved, Owner: "Platform team", Reason: "The account of somebody who works here; it goes when they go."}},
			{strange, component.Said{What: component.Refused, Reason: "Nobody says what needs it. It goes with the next run of ansible, or its owner asks for it."}},
		} {
			if len(x.ids) == 0 {
				continue
			}
			if err := g.o.Components.Say(ctx, g.o.Cast[who], x.ids, x.said); err != nil {
				return err
			}
		}
		return nil
	})
}

// staff are logins of people who have accounts on hosts.
var staff = []string{"tomas", "amara", "mei", "lukas", "erik", "sofia", "hugo", "nadia", "c.nunes"}
