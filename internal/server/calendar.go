package server

import (
	"github.com/attesta/attesta/internal/posture/agenda"
	"github.com/attesta/attesta/internal/posture/worklist"
	"github.com/attesta/attesta/internal/program/calendar"
	"github.com/attesta/attesta/internal/program/raci"
)

// keepCalendar makes the services of the calendar and of responsibilities; after
// planning, which makes the inventory of data.
func (p *parts) keepCalendar() {
	p.calendar = calendar.New(calendar.Config{DB: p.db, Ledger: p.log, Access: p.access, Clock: p.clock, Logger: p.logger, Sources: p.happening, Zone: p.zone})
	p.raci = raci.New(raci.Config{DB: p.db, Ledger: p.log, Access: p.access, Clock: p.clock, Subjects: worklist.AnsweredFor(p.controls, p.questions), Left: worklist.Left(p.people)})
}

// happening gives what is on the calendar: one line for each part of the programme.
func (p *parts) happening() []calendar.Source {
	return []calendar.Source{
		agenda.Audits(p.engagements, p.clock),
		agenda.Controls(p.evidence, p.controls, p.clock),
		agenda.Policies(p.policies),
		agenda.Vendors(p.vendors),
		agenda.Tasks(p.plan, p.clock),
		agenda.Waivers(p.waivers),
	}
}
