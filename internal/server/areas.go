package server

import (
	"context"
	"fmt"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/operations/bulk"
	"github.com/attesta/attesta/internal/operations/entitlement"
	"github.com/attesta/attesta/internal/operations/target"
	"github.com/attesta/attesta/internal/posture"
	"github.com/attesta/attesta/internal/program/review"
	"github.com/attesta/attesta/internal/program/separation"
	"github.com/attesta/attesta/internal/web/anchors"
	assetscreens "github.com/attesta/attesta/internal/web/assets"
	"github.com/attesta/attesta/internal/web/assurance"
	"github.com/attesta/attesta/internal/web/batches"
	capacityscreens "github.com/attesta/attesta/internal/web/capacity"
	changescreens "github.com/attesta/attesta/internal/web/changes"
	componentscreens "github.com/attesta/attesta/internal/web/components"
	concernscreens "github.com/attesta/attesta/internal/web/concerns"
	endpointscreens "github.com/attesta/attesta/internal/web/endpoints"
	firewallscreens "github.com/attesta/attesta/internal/web/firewall"
	governancescreens "github.com/attesta/attesta/internal/web/governance"
	"github.com/attesta/attesta/internal/web/imports"
	integrityscreens "github.com/attesta/attesta/internal/web/integrity"
	peoplescreens "github.com/attesta/attesta/internal/web/people"
	placescreens "github.com/attesta/attesta/internal/web/places"
	"github.com/attesta/attesta/internal/web/planning"
	"github.com/attesta/attesta/internal/web/policies"
	programmescreens "github.com/attesta/attesta/internal/web/programme"
	"github.com/attesta/attesta/internal/web/questions"
	referencescreens "github.com/attesta/attesta/internal/web/references"
	resiliencescreens "github.com/attesta/attesta/internal/web/resilience"
	reviewscreens "github.com/attesta/attesta/internal/web/reviews"
	riskscreens "github.com/attesta/attesta/internal/web/risks"
	"github.com/attesta/attesta/internal/web/screen"
	segmentscreens "github.com/attesta/attesta/internal/web/segmentation"
	targetscreens "github.com/attesta/attesta/internal/web/targets"
	trainingscreens "github.com/attesta/attesta/internal/web/training"
	"github.com/attesta/attesta/internal/web/ui"
	vendorscreens "github.com/attesta/attesta/internal/web/vendors"
	workscreens "github.com/attesta/attesta/internal/web/work"
)

// areas are the parts of the site whose screens live in packages of their own.
// They are made before the services are used, so that their addresses can be
// listed from a parts without any.
func (p *parts) areas() []screen.Area {
	alone := func(ctx context.Context, who access.Principal, a access.Action) (bool, error) {
		return p.access.Alone(ctx, who, a)
	}
	return []screen.Area{
		batches.New(batches.Config{Bulk: p.bulk, Access: p.access}),
		questions.New(questions.Config{Questions: p.questions, Controls: p.controls}),
		imports.New(imports.Config{Controls: p.controls}),
		planning.New(planning.Config{Gaps: p.gaps, Plan: p.plan, Readiness: p.readiness, Posture: p.posture, Controls: p.controls}),
		changescreens.New(changescreens.Config{Changes: p.changes, Populations: p.population, PublicURL: p.public, Users: p.userOptions, Alone: alone, Separation: separation.Config{DB: p.db, Hosts: p.hosts, Changes: p.changes, Questions: p.questions, Standards: p.standards, Outcomes: p.outcomes}.Look}),
		anchors.New(anchors.Config{Anchors: p.anchors, Command: func(words string) string { return "attesta " + words + " --data " + string(p.dir) }}),
		policies.New(policies.Config{Policies: p.policies, Posture: p.posture, Alone: alone}),
		peoplescreens.New(peoplescreens.Config{People: p.people, Alone: alone}),
		assetscreens.New(assetscreens.Config{Assets: p.assets, Diagrams: p.diagrams, Alone: alone}),
		trainingscreens.New(trainingscreens.Config{Training: p.Training}), concernscreens.New(concernscreens.Config{Concerns: p.Concerns}),
		reviewscreens.New(reviewscreens.Config{Reviews: p.reviews, Access: p.access}),
		governancescreens.New(governancescreens.Config{Set: p.governance, Alone: alone}),
		targetscreens.New(targetscreens.Config{List: p.targets.List}),
		integrityscreens.New(integrityscreens.Config{Integrity: p.integrity, Baselines: p.baselines, Findings: p.fileFindings, Alone: alone}),
		riskscreens.New(riskscreens.Config{Risks: p.governance.Risks, Plan: p.plan, Alone: alone}),
		workscreens.New(workscreens.Config{Work: p.work, Plan: p.plan, Calendar: p.calendar, RACI: p.raci, Site: p.public, Clock: p.clock}),
		placescreens.New(placescreens.Config{Places: p.places, Badges: p.badges, PublicURL: p.public, Owners: p.siteOwners, Alone: alone}),
		vendorscreens.New(vendorscreens.Config{Vendors: p.vendors, Alone: alone, Operates: p.operates}),
		programmescreens.New(programmescreens.Config{Folders: p.folders}),
		capacityscreens.New(capacityscreens.Config{Capacity: p.capacity, Alone: alone}),
		segmentscreens.New(segmentscreens.Config{Segment: p.segment, Alone: alone}),
		resiliencescreens.New(resiliencescreens.Config{Resilience: p.resilience}),
		componentscreens.New(componentscreens.Config{Components: p.components, Hosts: p.hostOptions, People: p.whoAnswers, Finding: p.findingsOf}),
		referencescreens.New(referencescreens.Config{References: p.references, Hosts: p.hostOptions}),
		firewallscreens.New(firewallscreens.Config{Firewall: p.firewall, Alone: alone}),
		endpointscreens.New(endpointscreens.Config{Endpoints: p.endpoints}),
		assurance.New(assurance.Config{Tests: p.ownTests, Firms: p.firms, Controls: p.controlOptions, Testers: p.testers, Alone: alone}),
	}
}

// operates gives the status of each control in use, by short name.
func (p *parts) operates(ctx context.Context) (map[string]ui.Status, error) {
	controls, err := p.posture.Controls(ctx, posture.Now())
	if err != nil {
		return nil, err
	}
	out := make(map[string]ui.Status, len(controls))
	for _, c := range controls {
		out[c.Slug] = ui.Status(c.Status)
	}
	return out, nil
}

// reviews is the service of access reviews.
type reviews = review.Service

// keepReviews makes it, and that of bulk, which does to many items what it does to one.
func (p *parts) keepReviews() {
	p.reviews = entitlement.Reviews(entitlement.Config{DB: p.db, Ledger: p.log, Clock: p.clock, Access: p.access, Hosts: p.hosts, People: p.people, Controls: p.controls, Evidence: p.evidence, Scopes: p.scopes, Badges: p.badges.Parts})
	p.bulk = bulk.New(bulk.Config{DB: p.db, Ledger: p.log, Access: p.access, Findings: p.findings, Hosts: p.hosts, Waivers: p.waivers, Reviews: p.reviews, Components: p.components, Integrity: p.integrity, Baselines: p.baselines, Clock: p.clock})
}

// populations makes the service of populations over all that has items.
func (p *parts) populations() (err error) {
	p.keepChanges()
	p.keepIntegrity()
	p.keepReferences()
	p.keepReviews()
	p.targets = target.New(target.Config{Hosts: p.hosts, Clock: p.clock})
	sources := []population.Source{
		p.hosts.PopulationSource(),
		p.findings.PopulationSource(),
		population.Outcomes(p.outcomes),
		p.waivers.PopulationSource(),
		p.policies.PopulationSource(),
		p.changes.PopulationSource(),
		p.changes.DeploymentSource(),
		p.people.PopulationSource(), p.Training.PopulationSource(),
	}
	for _, area := range [][]population.Source{ // one a line
		p.vendors.Sources(),
		p.assets.Sources(),
		p.capacity.Sources(),
		p.segment.Sources(),
		p.resilience.Sources(),
		{p.components.PopulationSource()},
		p.integrity.Sources(),
		p.firewall.Sources(),
		p.endpoints.Sources(),
		{p.targets.PopulationSource()},
		p.reviews.Sources(),
		p.places.Sources(),
		p.badges.Sources(),
		p.governance.Risks.Sources(),
		p.governance.Committees.Sources(),
		p.governance.Obligations.Sources(),
	} {
		sources = append(sources, area...)
	}
	p.population, err = population.New(population.Config{DB: p.db, Ledger: p.log, Blobs: p.blobs, Register: p.register, Neighbours: p.hosts.Neighbours, Clock: p.clock, Logger: p.logger}, sources...)
	if err != nil {
		return fmt.Errorf("start populations: %w", err)
	}
	return nil
}
