package server

import (
	"context"
	"encoding/json"

	"github.com/attesta/attesta/internal/api"

	"github.com/spf13/cobra"
)

// operations makes the API over the services.
func (p *parts) operations(version string) *api.API {
	return api.New(api.Config{
		Training: p.Training,

		Vendors:     p.vendors,
		Governance:  p.governance,
		Assets:      p.assets,
		Diagrams:    p.diagrams,
		Work:        p.work,
		Calendar:    p.calendar,
		RACI:        p.raci,
		Targets:     p.targets,
		DB:          p.db,
		Access:      p.access,
		Ledger:      p.log,
		Activity:    p.activity,
		Posture:     p.posture,
		Findings:    p.findings,
		Hosts:       p.hosts,
		Standards:   p.standards,
		OwnTests:    p.ownTests,
		Folders:     p.folders,
		Places:      p.places,
		Badges:      p.badges,
		Firms:       p.firms,
		Capacity:    p.capacity,
		Integrity:   p.integrity,
		Baselines:   p.baselines,
		Segment:     p.segment,
		Resilience:  p.resilience,
		Components:  p.components,
		Firewall:    p.firewall,
		References:  p.references,
		Endpoints:   p.endpoints,
		Controls:    p.controls,
		Scopes:      p.scopes,
		Evidence:    p.evidence,
		Policies:    p.policies,
		People:      p.people,
		Changes:     p.changes,
		Questions:   p.questions,
		Plan:        p.plan,
		Gaps:        p.gaps,
		Readiness:   p.readiness,
		Waivers:     p.waivers,
		Bulk:        p.bulk,
		Exclusions:  p.exclusions,
		Populations: p.population,
		Engagements: p.engagements,
		Reliance:    p.reliance,
		Backups:     p.backups,
		Anchors:     p.anchors,
		Clock:       p.clock,
		Logger:      p.logger,
		Version:     version,
		Reviews:     p.reviews,
	})
}

// operationCommand is the body of /-/operation.
type operationCommand struct {
	As        string          `json:"as"`
	Operation string          `json:"operation"`
	Input     json.RawMessage `json:"input"`
}

// answerOperations does an operation for whoever can read server.json.
func (p *parts) answerOperations(mux *doors, control presence, programs *api.API) {
	mux.Handle("POST /-/operation", takes(p, control, func(ctx context.Context, c operationCommand) (any, error) {
		who, err := p.as(ctx, c.As)
		if err != nil {
			return nil, err
		}
		return programs.Call(ctx, who, c.Operation, c.Input)
	}))
}

// APICommand is `attesta api`.
func APICommand(data string) *cobra.Command {
	return api.Command(data, localOperation)
}

// ProgrammeCommand is `attesta programme`.
func ProgrammeCommand(data string) *cobra.Command {
	return api.ProgrammeCommand(data, localOperation)
}
