package oversight

import (
	"context"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/posture"
	"github.com/attesta/attesta/internal/program/committee"
	"github.com/attesta/attesta/internal/program/evidence"
	"github.com/attesta/attesta/internal/program/obligation"
	"github.com/attesta/attesta/internal/program/plan"
	"github.com/attesta/attesta/internal/program/question"
	"github.com/attesta/attesta/internal/program/risk"
	"github.com/attesta/attesta/internal/program/vendor"
)

// Beside is what the services of risks, committees and laws are made over. What
// is made after them is asked for when it is needed.
type Beside struct {
	Config
	DB        *database.DB
	Ledger    *ledger.Log
	Access    *access.Service
	Evidence  *evidence.Service
	Vendors   *vendor.Service
	Control   func(ctx context.Context, slug string) error // kind NotFound where no such control is in use
	Plan      **plan.Service
	Questions **question.Service
}

// Set is the services of those who oversee.
type Set struct {
	Risks       *risk.Service
	Committees  *committee.Service
	Obligations *obligation.Service
	Oversight   *Service
}

// Keep makes the services over the shipped scale and catalogue of risks.
func Keep(b Beside) (Set, error) {
	var s Set
	scale, err := risk.ShippedScale()
	if err != nil {
		return s, fmt.Errorf("read how risks are rated: %w", err)
	}
	catalogue, err := risk.Shipped()
	if err != nil {
		return s, fmt.Errorf("read the catalogue of risks: %w", err)
	}
	zone := func(ctx context.Context) (*time.Location, error) {
		v, err := b.Scopes.Now(ctx)
		return v.Location(), err
	}
	s.Risks = risk.New(risk.Config{DB: b.DB, Ledger: b.Ledger, Clock: b.Clock, Access: b.Access, Scale: scale, Catalogue: catalogue, File: risk.Filer(b.DB, b.Evidence),
		Frame:    func(ctx context.Context) (risk.Frame, error) { return frame(ctx, b.Scopes) },
		Standing: func(ctx context.Context) (risk.Standings, error) { return Standing(ctx, *b.Posture) },
		Tasks:    func(ctx context.Context) (map[string][]risk.Task, error) { return riskTasks(ctx, *b.Plan, b.Clock()) },
		Since: func(ctx context.Context, since risk.Day) ([]string, error) {
			return changes(ctx, b.Scopes, b.Vendors, since)
		}})
	s.Committees = committee.New(committee.Config{DB: b.DB, Ledger: b.Ledger, Clock: b.Clock, Access: b.Access, Zone: zone,
		Tasks: func(ctx context.Context) (map[string]committee.Task, error) {
			return decisionTasks(ctx, *b.Plan, b.Clock())
		},
		Make: func(ctx context.Context, p access.Principal, m *committee.Meeting, d committee.Decision) error {
			return carryOut(ctx, p, *b.Plan, b.Scopes, m, d)
		}})
	s.Obligations = obligation.New(obligation.Config{DB: b.DB, Ledger: b.Ledger, Clock: b.Clock, Access: b.Access, Zone: zone, Control: b.Control, Promises: s.Risks.Promises,
		Data: func(ctx context.Context, ref string) error {
			_, err := (*b.Questions).Data(ctx, access.System(), ref)
			return err
		}})
	b.Config.Risks, b.Config.Committees, b.Config.Obligations = s.Risks, s.Committees, s.Obligations
	s.Oversight = New(b.Config)
	return s, nil
}

// Standing gives how each control in use stands now.
func Standing(ctx context.Context, statuses *posture.Service) (risk.Standings, error) {
	all, err := statuses.Controls(ctx, posture.Now())
	out := make(risk.Standings, len(all))
	for _, c := range all {
		out[c.Slug] = risk.Standing{Number: c.Number, Title: c.Title, Status: string(c.Status), Why: c.Why}
	}
	return out, err
}
