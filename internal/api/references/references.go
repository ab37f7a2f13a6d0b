// Package references is the operations of reference hosts: which host others of a group
// are to be like, what each differs in, and approving by it. Rules are those of
// internal/operations/reference.
//
// Floor: edges.
package references

import (
	"context"

	"github.com/attesta/attesta/internal/api/table"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/operations/reference"
)

// Begun is how many comparisons began.
type Begun struct {
	Comparisons int `json:"comparisons"`
}

// Approved names what was approved.
type Approved struct {
	Baselines []string `json:"baselines"`
}

// Operations gives them.
func Operations(s *reference.Service) []table.Row {
	const read, decide, files, approve = access.ComponentRead, access.ComponentDecide, access.IntegrityRead, access.IntegrityApprove
	return []table.Row{
		table.Define(table.Row{Name: "references.list", Method: "GET", Path: "/references", Action: read, Summary: "Reference hosts with their groups, newest first"},
			func(ctx context.Context, who access.Principal, in struct {
				All bool `json:"all,omitempty" doc:"Ended ones too."`
			}) (table.Page[reference.Object], error) {
				return table.All(s.List(ctx, who, in.All))
			}),
		table.Define(table.Row{Name: "references.show", Method: "GET", Path: "/references/{ref}", Action: read, Summary: "One reference host: its history, and what each host of its group has beyond it or lacks, in numbers"},
			func(ctx context.Context, who access.Principal, in table.RefInput) (*reference.View, error) {
				return s.Get(ctx, who, in.Ref)
			}),
		table.Define(table.Row{Name: "references.difference", Method: "GET", Path: "/references/{ref}/members/{host}", Action: read, Summary: "What one host of the group has beyond the reference, and what it lacks"},
			func(ctx context.Context, who access.Principal, in struct {
				table.RefInput
				Host string `json:"host" doc:"Id or name of the host." maxLength:"200"`
			}) (*reference.Difference, error) {
				return s.Differ(ctx, who, in.Ref, in.Host)
			}),
		table.Define(table.Row{Name: "references.files", Method: "GET", Path: "/references/{ref}/files", Action: files, Summary: "The files of each host of the group against the reference's approved baseline", Detail: "seen is what references.approve takes."},
			func(ctx context.Context, who access.Principal, in table.RefInput) (*reference.Files, error) {
				return s.Files(ctx, who, in.Ref)
			}),
		table.Define(table.Row{Name: "references.preview", Method: "POST", Path: "/references-preview", Action: decide, Summary: "What declaring a host the reference of a group would come to", Detail: "Nothing is changed."},
			func(ctx context.Context, who access.Principal, in reference.Said) (*reference.View, error) {
				return s.Preview(ctx, who, in)
			}),
		table.Define(table.Row{Name: "references.declare", Method: "POST", Path: "/references", Action: decide, Summary: "Declare a host the reference of a group", Detail: "What it has and is approved there is approved for the group as long as it has it and is heard. It asks who is there, so that no token does it."},
			func(ctx context.Context, who access.Principal, in reference.Said) (*reference.Object, error) {
				return s.Declare(ctx, who, in)
			}),
		table.Define(table.Row{Name: "references.replace", Method: "POST", Path: "/references/{ref}/replace", Action: decide, Of: "references.show", Summary: "Put another host, or another group, in its place", Detail: "What is left out stays. It asks who is there, so that no token does it."},
			func(ctx context.Context, who access.Principal, in struct {
				table.RefInput
				Name   string `json:"name,omitempty" maxLength:"80"`
				Host   string `json:"host,omitempty" doc:"hst_…" maxLength:"64"`
				Group  string `json:"group,omitempty" doc:"Patterns of host names with spaces between." maxLength:"1000"`
				Reason string `json:"reason" maxLength:"2000"`
			}) (*reference.Object, error) {
				return s.Replace(ctx, who, in.Ref, 0, reference.Said{Name: in.Name, Host: in.Host, Group: in.Group, Reason: in.Reason})
			}),
		table.Define(table.Row{Name: "references.end", Method: "POST", Path: "/references/{ref}/end", Action: decide, Of: "references.show", Summary: "Have a host be no reference any more: what was approved by it alone is then approved by nothing"},
			func(ctx context.Context, who access.Principal, in struct {
				table.RefInput
				Reason string `json:"reason" maxLength:"2000"`
			}) (*reference.Object, error) {
				return s.End(ctx, who, in.Ref, 0, in.Reason)
			}),
		table.Define(table.Row{Name: "references.compare", Method: "POST", Path: "/references/{ref}/compare", Action: approve, Of: "references.files", Summary: "Ask the reference and those hosts whose roots differ which paths differ, 20 hosts at a time"},
			func(ctx context.Context, who access.Principal, in table.RefInput) (Begun, error) {
				n, err := s.Compare(ctx, who, in.Ref)
				return Begun{Comparisons: n}, err
			}),
		table.Define(table.Row{Name: "references.approve", Method: "POST", Path: "/references/{ref}/approve", Action: approve, Of: "references.files", Summary: "Approve snapshots of the group in one decision: those equal to the reference, and others by their numbers", Detail: "It asks who is there, so that no token does it."},
			func(ctx context.Context, who access.Principal, in struct {
				table.RefInput
				Seen      string   `json:"seen" doc:"The digest that references.files gave." maxLength:"64"`
				Equal     bool     `json:"equal,omitempty" doc:"All that wait and are equal to the reference."`
				Different []string `json:"different,omitempty" doc:"Others that wait: BL-7, each of which was gone into." maxItems:"500"`
				Reason    string   `json:"reason" maxLength:"2000"`
			}) (Approved, error) {
				list, err := s.Approve(ctx, who, in.Ref, in.Seen, in.Equal, in.Different, in.Reason)
				return Approved{Baselines: list}, err
			}),
	}
}
