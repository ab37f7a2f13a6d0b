package api

import (
	"context"
	"time"

	"github.com/attesta/attesta/internal/audit/reliance"
	"github.com/attesta/attesta/internal/base/access"
)

// RelianceInput names a window: an engagement's, or days of the organisation's zone.
type RelianceInput struct {
	Engagement int    `json:"engagement,omitempty" doc:"For the window of this engagement; an auditor names one." minimum:"1"`
	From       string `json:"from,omitempty" doc:"First day, 2026-01-31; 90 days before the end when absent." maxLength:"10"`
	To         string `json:"to,omitempty" doc:"Last day; today when absent." maxLength:"10"`
}

func (a *API) showReliance(ctx context.Context, who access.Principal, in RelianceInput) (reliance.Report, error) {
	var w reliance.Window
	if in.Engagement == 0 {
		zone := time.UTC
		if holds, err := a.cfg.Scopes.Now(ctx); err != nil {
			return reliance.Report{}, err
		} else if holds.Version > 0 {
			zone = holds.Location()
		}
		var err error
		if w, err = reliance.Days(in.From, in.To, a.cfg.Clock(), zone); err != nil {
			return reliance.Report{}, err
		}
	}
	return a.cfg.Reliance.Report(ctx, who, in.Engagement, w)
}

func (a *API) aboutReliance() []*Operation {
	return []*Operation{
		define(Operation{Name: "reliance.show", Method: "GET", Path: "/reliance", Action: access.RelianceRead, Summary: "What an auditor asks about Attesta itself, in a window",
			Detail: "Administrators and their changes, versions, restarts, gaps, backups, restores, who reaches the data, an item that must fail; and what is not observed, with the reason."}, a.showReliance),
		define(Operation{Name: "reliance.declare", Method: "POST", Path: "/reliance", Action: access.RelianceDeclare, Of: "reliance.show", Summary: "Declare who reaches the database and the files past the screens"},
			func(ctx context.Context, who access.Principal, in struct {
				RelianceInput
				reliance.Declaration
			}) (reliance.Report, error) {
				if err := a.cfg.Reliance.Declare(ctx, who, in.Declaration); err != nil {
					return reliance.Report{}, err
				}
				return a.showReliance(ctx, who, in.RelianceInput)
			}),
	}
}
