// Package targets is the operations of servers behind load balancers. Rules are
// those of internal/operations/target.
//
// Floor: edges.
package targets

import (
	"context"

	"github.com/attesta/attesta/internal/api/table"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/operations/target"
)

// Operations gives the rows.
func Operations(s *target.Service) []table.Row {
	return []table.Row{
		table.Define(table.Row{Name: "targets.list", Method: "GET", Path: "/targets", Action: access.HostRead, Summary: "Servers behind load balancers, each with its state as last read"},
			func(ctx context.Context, who access.Principal, _ struct{}) (table.Page[target.Target], error) {
				all, _, err := s.List(ctx, who)
				return table.All(all, err)
			}),
		table.Define(table.Row{Name: "targets.failures", Method: "GET", Path: "/targets/failures", Action: access.HostRead, Summary: "Times for which a server behind a load balancer was down, and how each ended", Detail: "The newest first. One that is still down has no end."},
			func(ctx context.Context, who access.Principal, _ struct{}) (table.Page[target.Failure], error) {
				_, all, err := s.List(ctx, who)
				return table.All(all, err)
			}),
	}
}
