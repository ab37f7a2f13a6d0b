package server

import (
	"github.com/attesta/attesta/internal/operations/folder"
	"github.com/attesta/attesta/internal/operations/folder/kinds"
)

// keepFolders makes the service of the programme as a folder, over all areas.
func (p *parts) keepFolders() {
	set := kinds.Set{Scopes: p.scopes, Questions: p.questions, Controls: p.controls, Policies: p.policies, Standards: p.standards, Vendors: p.vendors,
		Risks: p.governance.Risks, Committees: p.governance.Committees, Obligations: p.governance.Obligations, Assets: p.assets, RACI: p.raci, Plan: p.plan, Training: p.Training,
		Calendar: p.calendar, Firms: p.firms, OwnTests: p.ownTests, Waivers: p.waivers, Exclusions: p.exclusions, People: p.people}
	p.folders = folder.New(folder.Config{DB: p.db, Ledger: p.log, Clock: p.clock, Access: p.access, Kinds: set.All(), After: p.wakeRejudge})
}
