// Package raci is the operations of responsibilities. Rules are those of
// internal/program/raci.
//
// Floor: edges.
package raci

import (
	"context"

	"github.com/attesta/attesta/internal/api/table"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/program/raci"
)

// Which names a subject.
type Which struct {
	Kind string `json:"kind" enum:"control,data" maxLength:"20"`
	Ref  string `json:"ref" doc:"Short name of a control, or number of a set of data." maxLength:"120"`
}

// Shown is a subject with its versions.
type Shown struct {
	raci.Row
	Versions []raci.Version `json:"versions"`
}

// Operations gives the rows.
func Operations(s *raci.Service) []table.Row {
	show := func(ctx context.Context, who access.Principal, kind, ref string) (Shown, error) {
		row, history, err := s.Get(ctx, who, kind, ref)
		if history == nil {
			history = []raci.Version{}
		}
		return Shown{row, history}, err
	}
	return []table.Row{
		table.Define(table.Row{Name: "raci.list", Method: "GET", Path: "/raci", Action: access.RaciRead, Summary: "Who is responsible, accountable, consulted and informed, for each control and each set of data, and what is missing"},
			func(ctx context.Context, who access.Principal, _ struct{}) (table.Page[raci.Row], error) {
				return table.All(s.List(ctx, who))
			}),
		table.Define(table.Row{Name: "raci.show", Method: "GET", Path: "/raci/{kind}/{ref}", Action: access.RaciRead, Summary: "Who answers for one control or set of data, with what was said before"},
			func(ctx context.Context, who access.Principal, in Which) (Shown, error) {
				return show(ctx, who, in.Kind, in.Ref)
			}),
		table.Define(table.Row{Name: "raci.set", Method: "POST", Path: "/raci/{kind}/{ref}", Action: access.RaciEdit, Of: "raci.show", Summary: "Say who answers for a control or a set of data", Detail: "Exactly one is accountable."},
			func(ctx context.Context, who access.Principal, in struct {
				Which
				raci.Roles
				Base int    `json:"base,omitempty" doc:"The version that was looked at; absent for none." minimum:"0"`
				Note string `json:"note,omitempty" maxLength:"500"`
			}) (Shown, error) {
				if _, err := s.Set(ctx, who, in.Kind, in.Ref, in.Base, in.Roles, in.Note); err != nil {
					return Shown{}, err
				}
				return show(ctx, who, in.Kind, in.Ref)
			}),
	}
}
