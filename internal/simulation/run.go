package simulation

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/wire"
)

// atOnce is how many envelopes share a transaction: in life each has one of its
// own, and nothing but speed depends on it.
const atOnce = 500

// Run makes the history. The clock stands at the plan's start when it begins,
// or before.
func Run(ctx context.Context, cfg Config) (*Organisation, Summary, error) {
	var sum Summary
	o, err := open(ctx, cfg)
	if err != nil {
		return nil, sum, err
	}
	p := o.Plan
	if o.clock.Now().After(p.start()) {
		return nil, sum, fault.New(fault.Internal, "the simulation's clock stands at %s, after its first day", o.clock.Now().Format(time.RFC3339))
	}
	began := clock.System()
	o.set(p.start())
	if err := o.begin(ctx); err != nil {
		return nil, sum, fmt.Errorf("set the organisation up: %w", err)
	}
	w, err := newWorld()
	if err != nil {
		return nil, sum, err
	}
	r := rand.New(rand.NewPCG(p.Seed, 0))
	machines := fleet(p, w, r)
	if o.cfg.whole() {
		stand(p, w, machines)
		lodge(p, machines)
		balance(p, machines)
	}
	outages := rollouts(p, w, r)
	for day := range p.Days + 1 {
		from := p.start().AddDate(0, 0, day)
		to := from.AddDate(0, 0, 1)
		if to.After(p.End) {
			to = p.End
		}
		if !from.Before(to) {
			break
		}
		var all []message
		for _, m := range machines {
			some, err := m.day(p, w, from, to, outages)
			if err != nil {
				return nil, sum, err
			}
			all = append(all, some...)
		}
		if to.Equal(p.End) { // everybody who is heard is heard at the end
			last, err := o.last(machines, w, to)
			if err != nil {
				return nil, sum, err
			}
			all = append(all, last...)
		}
		slices.SortStableFunc(all, func(a, b message) int { return a.received.Compare(b.received) })
		if err := o.live(ctx, all, to, &sum); err != nil {
			return nil, sum, fmt.Errorf("%s: %w", from.Format(time.DateOnly), err)
		}
		if err := o.evening(ctx, day, from, to, r); err != nil {
			return nil, sum, fmt.Errorf("%s: %w", from.Format(time.DateOnly), err)
		}
		if cfg.Progress != nil {
			cfg.Progress(day+1, p.Days, sum.Messages)
		}
	}
	if err := o.lastWord(ctx); err != nil {
		return nil, sum, err
	}
	sum.Took = clock.System().Sub(began)
	return o, sum, nil
}

// last gives a heartbeat of every machine that is heard, right before the end.
func (o *Organisation) last(machines []*machine, w *world, end time.Time) ([]message, error) {
	var out []message
	for i, m := range machines {
		at := end.Add(-time.Duration(1+i%50) * time.Second)
		if m.gone || m.sequence == 0 || !m.silent.IsZero() && at.Before(m.silent) {
			continue
		}
		raw, err := m.beat()
		if err != nil {
			return nil, err
		}
		m.sequence++
		msg := message{m: m, observed: at, received: at, heartbeat: true, sequence: m.sequence}
		msg.items = append(msg.items, raw)
		out = append(out, msg)
	}
	return out, nil
}

// receive hands envelopes to the services, in transactions.
func (o *Organisation) receive(ctx context.Context, all []message, sum *Summary) error {
	for len(all) > 0 {
		n := min(len(all), atOnce)
		part := all[:n]
		if i := slices.IndexFunc(part, func(m message) bool { return m.retire != "" }); i >= 0 {
			part = part[:i] // what a person does has a transaction of its own
			if i == 0 {
				if err := o.retire(ctx, all[0], sum); err != nil {
					return err
				}
				all = all[1:]
				continue
			}
		}
		all = all[len(part):]
		err := o.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
			for i := range part {
				msg := &part[i]
				o.set(msg.received)
				var err error
				if msg.heartbeat {
					if err = o.beside(msg); err != nil {
						return fmt.Errorf("%s: %w", msg.m.name, err)
					}
					_, err = o.Hosts.ReceiveHeartbeat(ctx, tx, msg.envelope())
				} else {
					_, err = o.Hosts.ReceiveFacts(ctx, tx, msg.envelope())
				}
				if err != nil {
					return fmt.Errorf("%s: %w", msg.m.name, err)
				}
				sum.Messages++
				if msg.received.Sub(msg.observed) > time.Hour {
					sum.Late++
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// beside has a heartbeat name the sections that areas had its agent report.
func (o *Organisation) beside(msg *message) error {
	if o.Stage == nil || len(o.Stage.Beside(msg.m.source)) == 0 {
		return nil
	}
	var hb wire.Heartbeat
	if err := json.Unmarshal(msg.items[0], &hb); err != nil {
		return err
	}
	maps.Copy(hb.Sections, o.Stage.Beside(msg.m.source))
	raw, err := json.Marshal(hb)
	msg.items[0] = raw
	return err
}

func (o *Organisation) retire(ctx context.Context, msg message, sum *Summary) error {
	o.set(msg.received)
	h, err := o.Hosts.Get(ctx, msg.m.source)
	if fault.Is(err, fault.NotFound) {
		return nil // nothing of it ever arrived
	}
	if err != nil {
		return err
	}
	sum.Retired++
	return o.Hosts.Retire(ctx, o.people[1], h.ID, msg.retire)
}

// evening is what a day ends with: people decide, jobs run, the ledger is
// published.
func (o *Organisation) evening(ctx context.Context, day int, from, to time.Time, r *rand.Rand) error {
	late := from.Add(23*time.Hour + 30*time.Minute)
	if late.After(to) {
		late = to
	}
	o.set(late)
	if !off(from) {
		if err := o.work(ctx, day, r); err != nil {
			return err
		}
	}
	if _, err := o.Hosts.Sweep(ctx); err != nil {
		return err
	}
	if o.Plan.Hosts <= 1000 || day%7 == 6 {
		if _, err := o.Hosts.RunPopulation(ctx); err != nil {
			return err
		}
	}
	if err := o.cfg.Ledger.Publish(ctx); err != nil {
		return fmt.Errorf("publish the ledger: %w", err)
	}
	return nil
}

// work is a working day of the people: they approve what ships as a draft
// over the first weeks, and take on what is open.
func (o *Organisation) work(ctx context.Context, day int, r *rand.Rand) error {
	manager := o.people[0]
	if day >= 3 && day < 30 {
		list, err := o.Standards.List(ctx)
		if err != nil {
			return err
		}
		for _, st := range list {
			if st.InForce && !st.Approved {
				if err := o.Standards.Approve(ctx, manager, st.ID, ""); err != nil {
					return err
				}
				break // one a day
			}
		}
	}
	if day >= 2 && day < 30 {
		program, err := o.Controls.Program(ctx, manager)
		if err != nil {
			return err
		}
		n := 0
		for _, c := range program.Controls {
			if c.Current().State == "draft" && c.Number%4 != 0 && n < 6 { // a quarter is never looked at
				if err := o.Controls.Approve(ctx, manager, c.Slug); err != nil {
					return err
				}
				n++
			}
		}
	}
	if o.Evidence != nil && day > 14 && day%7 == 3 {
		if err := o.perform(ctx, r); err != nil {
			return err
		}
	}
	if day >= o.Plan.Days-2 {
		return nil // what is open now waits for whoever looks
	}
	page, err := o.Findings.List(ctx, finding.Filter{States: []finding.State{finding.Open}}, finding.ByUrgency, "", 20)
	if err != nil {
		return err
	}
	for _, f := range page.Findings {
		if r.IntN(3) != 0 {
			continue
		}
		who := o.people[1+r.IntN(len(o.people)-1)]
		note := ""
		if r.IntN(2) == 0 {
			note = "mended with the next change of " + strings.TrimRight(f.ItemName, "-0123456789") + " hosts"
		}
		if err := o.Findings.Acknowledge(ctx, who, f.ID, note); err != nil {
			return err
		}
	}
	return nil
}

// Manager is who approves in this organisation.
func (o *Organisation) Manager() access.Principal { return o.people[0] }
