package server

import (
	"context"

	"github.com/attesta/attesta/internal/notify"
	"github.com/attesta/attesta/internal/posture/worklist"
	"github.com/attesta/attesta/internal/program/work"
)

// keepWork makes the service of queues and absences.
func (p *parts) keepWork() error {
	p.work = work.New(work.Config{DB: p.db, Ledger: p.log, Access: p.access, Clock: p.clock, Logger: p.logger, Sources: p.waiting, Zone: p.zone, Manager: worklist.Manager(p.people),
		Tell: func(ctx context.Context, all []work.Escalation) error {
			return p.notices.Say(ctx, notify.Above(all)...)
		}})
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
		worklist.Reviews(p.reviews),
		later.Courses(p.Training, p.zone),
		later.Concerns(p.Concerns, p.zone),
		worklist.Directories(p.people),
		later.Risks(p.governance.Risks),
		later.Committees(p.governance.Committees),
		later.Obligations(p.governance.Obligations),
		worklist.OwnTests(p.ownTests),
		later.Firms(p.firms),
		worklist.Diagrams(p.diagrams),
		worklist.Unexplained(p.integrity),
		worklist.Baselines(p.baselines),
		worklist.Silent(p.hosts),
		worklist.Components(p.components),
		worklist.Checklists(p.people.Lists(), func(person string) string { return "/people/" + person }),
	}
}
