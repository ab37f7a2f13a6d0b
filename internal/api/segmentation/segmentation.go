// Package segmentation is the operations of zones of the network: the plan, what was
// seen and proved, and probes. Rules are those of internal/operations/segment.
//
// Floor: edges.
package segmentation

import (
	"context"
	"time"

	"github.com/attesta/attesta/internal/api/table"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/operations/segment"
)

// Operations gives them.
func Operations(s *segment.Service) []table.Row {
	return []table.Row{
		table.Define(table.Row{Name: "segmentation.matrix", Method: "GET", Path: "/segmentation", Action: access.SegmentRead, Summary: "Zones by zones: what the plan in force says, what was seen, what was proved",
			Detail: "A cell says what holds at ports that no allowance names. Connections are those of the last hour."},
			func(ctx context.Context, who access.Principal, _ struct{}) (*segment.Matrix, error) {
				return s.Matrix(ctx, who)
			}),
		table.Define(table.Row{Name: "segmentation.pair", Method: "GET", Path: "/segmentation-pair", Action: access.SegmentRead, Summary: "One pair of zones with its rules, connections of 30 days and newest proofs"},
			func(ctx context.Context, who access.Principal, in struct {
				From string `json:"from,omitempty" doc:"Zone; empty for what is in none." maxLength:"40"`
				To   string `json:"to,omitempty" doc:"Zone; empty for what is in none." maxLength:"40"`
			}) (*segment.Pair, error) {
				return s.Pair(ctx, who, in.From, in.To)
			}),
		table.Define(table.Row{Name: "segmentation.flows", Method: "GET", Path: "/segmentation-flows", Action: access.SegmentRead, Summary: "Connections that agents see, forbidden ones first"},
			func(ctx context.Context, who access.Principal, in struct {
				Query   string `json:"q,omitempty" doc:"Part of a host, address, zone, port or process." maxLength:"200"`
				Verdict string `json:"verdict,omitempty" enum:"allowed,forbidden,unstated,within,no zone"`
				Over    bool   `json:"over,omitempty" doc:"Those of the last 30 days that are over as well."`
			}) (table.Page[segment.Flow], error) {
				return table.All(s.Flows(ctx, who, segment.FlowFilter{Query: in.Query, Verdict: segment.Verdict(in.Verdict), Over: in.Over}))
			}),
		table.Define(table.Row{Name: "segmentation.proofs", Method: "GET", Path: "/segmentation-proofs", Action: access.SegmentRead, Summary: "Connections that agents tried, newest first"},
			func(ctx context.Context, who access.Principal, in struct {
				Days int `json:"days,omitempty" doc:"How far back; 7 when left out." minimum:"1" maximum:"400"`
			}) (table.Page[segment.Proof], error) {
				if in.Days == 0 {
					in.Days = 7
				}
				return table.All(s.Proofs(ctx, who, s.Now().Add(-time.Duration(in.Days)*24*time.Hour)))
			}),
		table.Define(table.Row{Name: "segmentation.asked", Method: "GET", Path: "/segmentation-asked", Action: access.SegmentRead, Summary: "What agents were asked to try in the last week, and what became of it"},
			func(ctx context.Context, who access.Principal, _ struct{}) (table.Page[segment.Asked], error) {
				return table.All(s.Asked(ctx, who))
			}),
		table.Define(table.Row{Name: "segmentation.probe", Method: "POST", Path: "/segmentation-probe", Action: access.SegmentProbe, Summary: "Have agents try what a rule says, now", Detail: "An agent tries only what its own settings allow, and says so where they do not."},
			func(ctx context.Context, who access.Principal, in struct {
				Rule string `json:"rule,omitempty" doc:"Key of a rule, or default; all when left out." maxLength:"40"`
			}) (table.Page[segment.Asked], error) {
				return table.All(s.Probe(ctx, who, in.Rule))
			}),
		table.Define(table.Row{Name: "segmentation-plans.list", Method: "GET", Path: "/segmentation-plans", Action: access.SegmentRead, Summary: "Versions of the segmentation plan, newest first"},
			func(ctx context.Context, who access.Principal, _ struct{}) (table.Page[segment.PlanObject], error) {
				return table.All(s.Plans(ctx, who))
			}),
		table.Define(table.Row{Name: "segmentation-plans.show", Method: "GET", Path: "/segmentation-plans/{ref}", Action: access.SegmentRead, Summary: "One version of the segmentation plan with its zones, rules and history"},
			func(ctx context.Context, who access.Principal, in table.RefInput) (*segment.PlanObject, error) {
				return s.GetPlan(ctx, who, in.Ref)
			}),
		table.Define(table.Row{Name: "segmentation-plans.draft", Method: "POST", Path: "/segmentation-plans", Action: access.SegmentEdit, Draft: true, Summary: "Draft a version of the segmentation plan", Detail: "It holds once somebody else approved it. A key that stays the same keeps its findings."},
			func(ctx context.Context, who access.Principal, in segment.PlanText) (*segment.PlanObject, error) {
				return s.DraftPlan(ctx, who, in)
			}),
		table.Define(table.Row{Name: "segmentation-plans.edit", Method: "POST", Path: "/segmentation-plans/{ref}/edit", Action: access.SegmentEdit, Of: "segmentation-plans.show", Summary: "Write a draft of the segmentation plan anew"},
			func(ctx context.Context, who access.Principal, in struct {
				table.RefInput
				segment.PlanText
			}) (*segment.PlanObject, error) {
				return s.EditPlan(ctx, who, in.Ref, 0, in.PlanText)
			}),
		table.Define(table.Row{Name: "segmentation-plans.approve", Method: "POST", Path: "/segmentation-plans/{ref}/approve", Action: access.SegmentApprove, Of: "segmentation-plans.show", Summary: "Take a draft that somebody else wrote into force", Detail: "A person in a session does it, or the command line; a token does not. Its rules are tried at once."},
			func(ctx context.Context, who access.Principal, in noted) (*segment.PlanObject, error) {
				return s.ApprovePlan(ctx, who, in.Ref, in.Note, in.Alone)
			}),
		table.Define(table.Row{Name: "segmentation-plans.withdraw", Method: "POST", Path: "/segmentation-plans/{ref}/withdraw", Action: access.SegmentEdit, Of: "segmentation-plans.show", Summary: "Give a draft of the segmentation plan up, and say why"},
			func(ctx context.Context, who access.Principal, in noted) (*segment.PlanObject, error) {
				return s.WithdrawPlan(ctx, who, in.Ref, in.Note)
			}),
	}
}

type noted struct {
	table.RefInput
	Note  string `json:"note,omitempty" maxLength:"4000"`
	Alone string `json:"compensation,omitempty" doc:"Where nobody else may: what stands in for a second person." maxLength:"1000"`
}
