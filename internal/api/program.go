package api

import (
	"context"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/posture"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/program/evidence"
	"github.com/attesta/attesta/internal/program/instance"
	"github.com/attesta/attesta/internal/program/scope"
)

// SlugInput names something by its slug.
type SlugInput struct {
	Slug string `json:"slug" doc:"Its short name: ssh-logins-hardened" maxLength:"100"`
}

func (a *API) aboutProgram() []*Operation {
	return []*Operation{
		define(Operation{Name: "scope.show", Method: "GET", Path: "/scope", Action: access.ScopeRead, Summary: "The scope that holds: systems, boundary, commitments, categories, window"},
			func(ctx context.Context, _ access.Principal, _ struct{}) (scope.Version, error) {
				return a.cfg.Scopes.Now(ctx)
			}),
		define(Operation{Name: "scope.history", Method: "GET", Path: "/scope/versions", Action: access.ScopeRead, Summary: "Every version of the scope"},
			func(ctx context.Context, who access.Principal, _ struct{}) (Page[scope.Version], error) {
				all, err := a.cfg.Scopes.History(ctx, who)
				return Page[scope.Version]{Items: all, Total: int64(len(all))}, err
			}),
		define(Operation{Name: "scope.propose", Method: "POST", Path: "/scope/versions", Action: access.ScopeEdit, Draft: true, Of: "scope.show",
			Summary: "Write a version of the scope", Detail: "It holds once somebody else approved it."},
			func(ctx context.Context, who access.Principal, in struct {
				Scope  scope.Content `json:"scope"`
				Reason string        `json:"reason" maxLength:"2000"`
				From   string        `json:"from,omitempty" doc:"First day on which it holds; from now on when absent." maxLength:"10"`
			}) (scope.Version, error) {
				return a.cfg.Scopes.Propose(ctx, who, scope.Proposal{Content: in.Scope, Reason: in.Reason, From: in.From})
			}),
		define(Operation{Name: "controls.list", Method: "GET", Path: "/controls", Action: access.ControlRead, Summary: "The controls with their evidence status at a moment"},
			func(ctx context.Context, _ access.Principal, in Moment) (Page[posture.Control], error) {
				at, err := a.at(ctx, in)
				if err != nil {
					return Page[posture.Control]{}, err
				}
				all, err := a.cfg.Posture.Controls(ctx, at)
				return Page[posture.Control]{Items: all, Total: int64(len(all))}, err
			}),
		define(Operation{Name: "controls.show", Method: "GET", Path: "/controls/{slug}", Action: access.ControlRead, Summary: "One control: its design, checks, instances and evidence status"},
			func(ctx context.Context, _ access.Principal, in struct {
				Moment
				SlugInput
			}) (posture.Control, error) {
				at, err := a.at(ctx, in.Moment)
				if err != nil {
					return posture.Control{}, err
				}
				return a.cfg.Posture.Control(ctx, in.Slug, at)
			}),
		define(Operation{Name: "controls.history", Method: "GET", Path: "/controls/{slug}/versions", Action: access.ControlRead, Summary: "Every version of a control's design"},
			func(ctx context.Context, who access.Principal, in SlugInput) (control.Control, error) {
				return a.cfg.Controls.Get(ctx, who, in.Slug)
			}),
		define(Operation{Name: "instances.list", Method: "GET", Path: "/controls/{slug}/instances", Action: access.EvidenceRead,
			Summary: "What a control owes over the window, and what shows it"},
			func(ctx context.Context, who access.Principal, in struct {
				Moment
				SlugInput
			}) (evidence.Overview, error) {
				at, err := a.at(ctx, in.Moment)
				if err != nil {
					return evidence.Overview{}, err
				}
				return a.cfg.Evidence.Instances(ctx, who, in.Slug, at.Valid, at.Known)
			}),
		define(Operation{Name: "evidence.list", Method: "GET", Path: "/evidence", Action: access.EvidenceRead, Summary: "Evidence that people brought"},
			func(ctx context.Context, who access.Principal, in struct {
				Below   int    `json:"below,omitempty" doc:"Only numbers below it: the last of the page before." minimum:"1"`
				Limit   int    `json:"limit,omitempty" minimum:"1" maximum:"500"`
				Control string `json:"control,omitempty" maxLength:"100"`
				State   string `json:"state,omitempty" enum:"waiting,accepted,sent_back,stale,late,twins,outside"`
				Query   string `json:"query,omitempty" doc:"Part of title, source or file name." maxLength:"200"`
			}) (EvidencePage, error) {
				list, more, err := a.cfg.Evidence.List(ctx, who, evidence.Filter{Control: in.Control, State: in.State, Text: in.Query, Below: in.Below, Limit: in.Limit})
				if list == nil {
					list = []evidence.Seen{}
				}
				return EvidencePage{list, more}, err
			}),
		define(Operation{Name: "evidence.show", Method: "GET", Path: "/evidence/{number}", Action: access.EvidenceRead, Summary: "One item of evidence with every version and review"},
			func(ctx context.Context, who access.Principal, in EvidenceInput) (Page[evidence.Version], error) {
				all, err := a.cfg.Evidence.Get(ctx, who, in.Number)
				return Page[evidence.Version]{Items: all, Total: int64(len(all))}, err
			}),
		define(Operation{Name: "evidence.review", Method: "POST", Path: "/evidence/{number}/review", Action: access.EvidenceReview, Of: "evidence.show",
			Summary: "Accept evidence that somebody else brought, or send it back"},
			func(ctx context.Context, who access.Principal, in struct {
				EvidenceInput
				Version      int    `json:"version" doc:"The version that was looked at." minimum:"1"`
				Decision     string `json:"decision" enum:"accepted,sent_back"`
				Reason       string `json:"reason,omitempty" maxLength:"2000"`
				Compensation string `json:"compensation,omitempty" doc:"Where nobody else can review: what stands in for it." maxLength:"2000"`
			}) (Page[evidence.Version], error) {
				if err := a.cfg.Evidence.Decide(ctx, who, in.Number, in.Version, instance.Decision(in.Decision), in.Reason, in.Compensation); err != nil {
					return Page[evidence.Version]{}, err
				}
				all, err := a.cfg.Evidence.Get(ctx, who, in.Number)
				return Page[evidence.Version]{Items: all, Total: int64(len(all))}, err
			}),
	}
}

// EvidenceInput names an item of evidence.
type EvidenceInput struct {
	Number int `json:"number" doc:"12 of E-12" minimum:"1"`
}

// EvidencePage is a page of evidence, newest first.
type EvidencePage struct {
	Items []evidence.Seen `json:"items"`
	More  bool            `json:"more"`
}
