// Package work is the operations of queues and absences. Rules are those of
// internal/program/work.
//
// Floor: edges.
package work

import (
	"context"

	"github.com/attesta/attesta/internal/api/table"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/program/work"
)

// Operations gives the rows.
func Operations(s *work.Service) []table.Row {
	return []table.Row{
		table.Define(table.Row{Name: "work.mine", Method: "GET", Path: "/work", Action: access.WorkRead, Summary: "What waits for whoever asks, what is due first, first; and what they wait for"},
			func(ctx context.Context, who access.Principal, _ struct{}) (*work.View, error) {
				return s.Queue(ctx, who)
			}),
		table.Define(table.Row{Name: "work.take", Method: "POST", Path: "/work/take", Action: access.AbsenceSet, Summary: "Take on an item of somebody who is away, as their stand-in",
			Detail: "What follows is done by its own operation, and stands as the stand-in's; this records for whom."},
			func(ctx context.Context, who access.Principal, in struct {
				Item string `json:"item" doc:"kind/ref of the item." maxLength:"240"`
			}) (*work.Mine, error) {
				return s.Take(ctx, who, in.Item)
			}),
		table.Define(table.Row{Name: "work.escalations", Method: "GET", Path: "/work/escalations", Action: access.PeopleRead, Summary: "What was told to managers since it stayed undone"},
			func(ctx context.Context, who access.Principal, _ struct{}) (table.Page[work.Escalation], error) {
				return table.All(s.Escalations(ctx, who))
			}),
		table.Define(table.Row{Name: "absences.list", Method: "GET", Path: "/absences", Action: access.WorkRead, Summary: "Who is away or will be, and who stands in"},
			func(ctx context.Context, who access.Principal, in struct {
				All bool `json:"all,omitempty" doc:"Also those that are over."`
			}) (table.Page[work.Absence], error) {
				return table.All(s.Absences(ctx, who, in.All))
			}),
		table.Define(table.Row{Name: "absences.set", Method: "POST", Path: "/absences", Action: access.AbsenceSet, Summary: "Say that one is away, and who stands in"},
			func(ctx context.Context, who access.Principal, in work.Away) (*work.Absence, error) {
				return s.Set(ctx, who, in)
			}),
		table.Define(table.Row{Name: "absences.end", Method: "POST", Path: "/absences/{ref}/end", Action: access.AbsenceSet, Summary: "End an absence before its last day"},
			func(ctx context.Context, who access.Principal, in table.RefInput) (*work.Absence, error) {
				return s.End(ctx, who, in.Ref)
			}),
	}
}
