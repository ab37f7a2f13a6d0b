// Package capacity is the operations of capacity: use, forecasts, the plan of
// commitments and reviews. Rules are those of internal/operations/capacity.
//
// Floor: edges.
package capacity

import (
	"context"
	"time"

	"github.com/attesta/attesta/internal/api/table"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/operations/capacity"
)

// Operations gives them.
func Operations(s *capacity.Service) []table.Row {
	return []table.Row{
		table.Define(table.Row{Name: "capacity.list", Method: "GET", Path: "/capacity", Action: access.CapacityRead, Summary: "How much of each limit is used and when it is full, worst first",
			Detail: "Values are basis points of the limit. A forecast has an interval in days from its last day, or says why there is none."},
			func(ctx context.Context, who access.Principal, in struct {
				Query       string `json:"q,omitempty" doc:"Part of the host's name." maxLength:"200"`
				Measure     string `json:"measure,omitempty" doc:"Such as disk.bytes." maxLength:"40"`
				Environment string `json:"environment,omitempty" maxLength:"200"`
				Only        string `json:"only,omitempty" doc:"over: a commitment is exceeded; soon: full within 90 days." enum:"over,soon"`
				After       string `json:"cursor,omitempty" maxLength:"200"`
				Limit       int    `json:"limit,omitempty" minimum:"1" maximum:"1000"`
			}) (table.Page[capacity.Row], error) {
				rows, next, err := s.List(ctx, who, capacity.Filter{Query: in.Query, Measure: in.Measure, Environment: in.Environment, Only: capacity.Only(in.Only), After: in.After, Limit: in.Limit})
				if err != nil {
					return table.Page[capacity.Row]{}, err
				}
				page, err := table.All(rows, nil)
				if err != nil {
					return page, err
				}
				c, err := s.Counts(ctx, who)
				page.Next, page.Total = next, c.All
				switch capacity.Only(in.Only) {
				case capacity.Over:
					page.Total = c.Over
				case capacity.Soon:
					page.Total = c.Soon
				}
				if in.Query != "" || in.Measure != "" || in.Environment != "" {
					page.Total = int64(len(rows))
				}
				return page, err
			}),
		table.Define(table.Row{Name: "capacity.show", Method: "GET", Path: "/capacity/{host}/{series}", Action: access.CapacityRead, Summary: "One measure of one host with its history, forecast and what changed its line"},
			func(ctx context.Context, who access.Principal, in struct {
				Host   string `json:"host" doc:"Id of the host or of its source." maxLength:"64"`
				Series int    `json:"series" doc:"Its number within the host." minimum:"1"`
			}) (*capacity.History, error) {
				return s.Show(ctx, who, in.Host, in.Series)
			}),
		table.Define(table.Row{Name: "capacity.events", Method: "GET", Path: "/capacity-events", Action: access.CapacityRead, Summary: "Hosts that joined or left, disks that were enlarged, newest first"},
			func(ctx context.Context, who access.Principal, in struct {
				Days int `json:"days,omitempty" doc:"How far back; 90 when left out." minimum:"1" maximum:"1096"`
			}) (table.Page[capacity.Event], error) {
				if in.Days == 0 {
					in.Days = 90
				}
				return table.All(s.Events(ctx, who, s.Now().Add(-time.Duration(in.Days)*24*time.Hour), 1000))
			}),
		table.Define(table.Row{Name: "capacity-plans.list", Method: "GET", Path: "/capacity-plans", Action: access.CapacityRead, Summary: "Versions of the capacity plan, newest first"},
			func(ctx context.Context, who access.Principal, _ struct{}) (table.Page[capacity.PlanObject], error) {
				return table.All(s.Plans(ctx, who))
			}),
		table.Define(table.Row{Name: "capacity-plans.show", Method: "GET", Path: "/capacity-plans/{ref}", Action: access.CapacityRead, Summary: "One version of the capacity plan with its commitments and history"},
			func(ctx context.Context, who access.Principal, in table.RefInput) (*capacity.PlanObject, error) {
				return s.GetPlan(ctx, who, in.Ref)
			}),
		table.Define(table.Row{Name: "capacity-plans.starter", Method: "GET", Path: "/capacity-plan-starter", Action: access.CapacityRead, Summary: "Commitments to begin with"},
			func(context.Context, access.Principal, struct{}) (capacity.PlanText, error) {
				return capacity.Starter(), nil
			}),
		table.Define(table.Row{Name: "capacity-plans.draft", Method: "POST", Path: "/capacity-plans", Action: access.CapacityEdit, Draft: true, Summary: "Draft a version of the capacity plan", Detail: "It holds once somebody else approved it. A key that stays the same keeps its findings."},
			func(ctx context.Context, who access.Principal, in capacity.PlanText) (*capacity.PlanObject, error) {
				return s.DraftPlan(ctx, who, in)
			}),
		table.Define(table.Row{Name: "capacity-plans.edit", Method: "POST", Path: "/capacity-plans/{ref}/edit", Action: access.CapacityEdit, Of: "capacity-plans.show", Summary: "Write a draft of the capacity plan anew"},
			func(ctx context.Context, who access.Principal, in struct {
				table.RefInput
				capacity.PlanText
			}) (*capacity.PlanObject, error) {
				return s.EditPlan(ctx, who, in.Ref, 0, in.PlanText)
			}),
		table.Define(table.Row{Name: "capacity-plans.approve", Method: "POST", Path: "/capacity-plans/{ref}/approve", Action: access.CapacityApprove, Of: "capacity-plans.show", Summary: "Take a draft that somebody else wrote into force"},
			func(ctx context.Context, who access.Principal, in noted) (*capacity.PlanObject, error) {
				return s.ApprovePlan(ctx, who, in.Ref, in.Note, in.Alone)
			}),
		table.Define(table.Row{Name: "capacity-plans.withdraw", Method: "POST", Path: "/capacity-plans/{ref}/withdraw", Action: access.CapacityEdit, Of: "capacity-plans.show", Summary: "Give a draft of the capacity plan up, and say why"},
			func(ctx context.Context, who access.Principal, in noted) (*capacity.PlanObject, error) {
				return s.WithdrawPlan(ctx, who, in.Ref, in.Note)
			}),
		table.Define(table.Row{Name: "capacity-reviews.list", Method: "GET", Path: "/capacity-reviews", Action: access.CapacityRead, Summary: "Reviews of capacity, newest first, without what they saw"},
			func(ctx context.Context, who access.Principal, _ struct{}) (table.Page[capacity.ReviewObject], error) {
				return table.All(s.Reviews(ctx, who))
			}),
		table.Define(table.Row{Name: "capacity-reviews.show", Method: "GET", Path: "/capacity-reviews/{ref}", Action: access.CapacityRead, Summary: "One review with the lines and forecasts as they were seen"},
			func(ctx context.Context, who access.Principal, in table.RefInput) (*capacity.ReviewObject, error) {
				return s.GetReview(ctx, who, in.Ref)
			}),
		table.Define(table.Row{Name: "capacity-reviews.hold", Method: "POST", Path: "/capacity-reviews", Action: access.CapacityEdit, Summary: "Record that somebody looked at capacity and what was decided", Detail: "What was seen is taken from the lines at that moment."},
			func(ctx context.Context, who access.Principal, in capacity.ReviewText) (*capacity.ReviewObject, error) {
				return s.Look(ctx, who, in)
			}),
	}
}

type noted struct {
	table.RefInput
	Note  string `json:"note,omitempty" maxLength:"4000"`
	Alone string `json:"compensation,omitempty" doc:"Where nobody else may: what stands in for a second person." maxLength:"1000"`
}
