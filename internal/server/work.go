package server

import (
	"context"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/jobs"
	"github.com/attesta/attesta/internal/notify"
	"github.com/attesta/attesta/internal/posture/worklist"
	"github.com/attesta/attesta/internal/program/work"
)

// keepWork makes the service of queues and absences.
func (p *parts) keepWork() error {
	p.work = work.New(work.Config{DB: p.db, Ledger: p.log, Access: p.access, Clock: p.clock, Logger: p.logger, Sources: p.waiting, Zone: p.zone, Manager: p.managerOf, Tell: p.tellAbove})
	return nil
}

// waiting gives what can wait for a person: one line for each part of the programme.
func (p *parts) waiting() []work.Source {
	later := worklist.Later{Clock: p.clock}
	return []work.Source{
		worklist.Tasks(p.plan),
		later.Instances(p.evidence, p.controls),
		worklist.Evidence(p.evidence),
		later.Policies(p.policies),
		worklist.Scope(p.scopes),
		later.Waivers(p.waivers),
		worklist.Exclusions(p.exclusions),
		worklist.Standards(p.standards),
		worklist.Populations(p.population),
		later.Vendors(p.vendors),
		worklist.Changes(p.changes),
		worklist.Requests(p.engagements),
		worklist.Findings(p.findings),
		worklist.Checklists(p.people.Lists(), func(person string) string { return "/people/" + person }),
	}
}

// managerOf gives the user of whoever is the manager of a user.
func (p *parts) managerOf(ctx context.Context, user string) (string, error) {
	person, err := p.people.OfUser(ctx, user)
	if fault.Is(err, fault.NotFound) || err == nil && person.Manager == "" {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	above, err := p.people.Get(ctx, access.System(), person.Manager)
	if fault.Is(err, fault.NotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return above.Person.UserID, nil
}

// tellAbove tells managers, or whoever answers for the programme, of what stays undone.
func (p *parts) tellAbove(ctx context.Context, all []work.Escalation) error {
	out := make([]notify.Happening, len(all))
	for i, e := range all {
		h := notify.Happening{Kind: "work.escalated", Key: "work.escalated " + e.Item + " " + e.Due.String(), Object: e.Item, Ref: e.What.Ref, Link: e.What.Path,
			Title: fmt.Sprintf("%s (%s) was due on %s and is not done", e.What.Title, e.What.Ref, e.Due.Format("2 Jan 2006")), Instead: []access.Role{access.ComplianceManager, access.Administrator}}
		if e.To != "" {
			h.Users = []string{e.To}
		}
		out[i] = h
	}
	return p.notices.Say(ctx, out...)
}

// followWork tells above of what stays undone.
func (p *parts) followWork() error {
	return p.jobs.Define("what stays undone", jobs.Every(time.Hour), func(ctx context.Context) error {
		_, err := p.work.Escalate(ctx)
		return err
	})
}
