// Package kinds declares what the programme's folder holds: for each part of the
// programme how its things are written down, and by which functions of its domain
// they are made and changed. It decides nothing itself.
//
// Floor: domains.
package kinds

import (
	"context"
	"slices"

	"github.com/attesta/attesta/internal/audit/firm"
	"github.com/attesta/attesta/internal/audit/owntest"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/evidence/exclusion"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/evidence/waiver"
	"github.com/attesta/attesta/internal/operations/folder"
	"github.com/attesta/attesta/internal/program/asset"
	"github.com/attesta/attesta/internal/program/calendar"
	"github.com/attesta/attesta/internal/program/committee"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/program/obligation"
	"github.com/attesta/attesta/internal/program/people"
	"github.com/attesta/attesta/internal/program/plan"
	"github.com/attesta/attesta/internal/program/policy"
	"github.com/attesta/attesta/internal/program/question"
	"github.com/attesta/attesta/internal/program/raci"
	"github.com/attesta/attesta/internal/program/risk"
	"github.com/attesta/attesta/internal/program/scope"
	"github.com/attesta/attesta/internal/program/training"
	"github.com/attesta/attesta/internal/program/vendor"
)

// Set is the services that the folder is made of. One that is nil leaves its kinds
// out.
type Set struct {
	Scopes      *scope.Service
	Questions   *question.Service
	Controls    *control.Service
	Policies    *policy.Service
	Standards   *standard.Service
	Vendors     *vendor.Service
	Risks       *risk.Service
	Committees  *committee.Service
	Obligations *obligation.Service
	Assets      *asset.Service
	RACI        *raci.Service
	Plan        *plan.Service
	Training    *training.Service
	Calendar    *calendar.Service
	Firms       *firm.Service
	OwnTests    *owntest.Service
	Waivers     *waiver.Service
	Exclusions  *exclusion.Service
	People      *people.Service
}

// All gives the kinds in the order in which they are brought in: what others name
// comes first.
func (s Set) All() []folder.Kind {
	var out []folder.Kind
	for _, part := range []struct {
		there bool
		kinds func() []folder.Kind
	}{
		{s.Scopes != nil, s.scope}, {s.Questions != nil, s.questions}, {s.Controls != nil, s.controls}, {s.Standards != nil, s.standards},
		{s.Policies != nil, s.policies}, {s.Vendors != nil, s.vendors}, {s.Assets != nil && s.Questions != nil, s.assets},
		{s.Risks != nil, s.risks}, {s.Committees != nil, s.committees}, {s.Obligations != nil && s.Questions != nil, s.obligations},
		{s.RACI != nil, s.raci}, {s.Plan != nil, s.plan}, {s.Training != nil, s.training}, {s.Calendar != nil, s.calendar},
		{s.Firms != nil, s.firms}, {s.OwnTests != nil, s.ownTests}, {s.Waivers != nil, s.waivers}, {s.Exclusions != nil, s.exclusions}, {s.People != nil, s.people},
	} {
		if part.there {
			out = append(out, part.kinds()...)
		}
	}
	return out
}

// data gives the data sets' files' names by their numbers (D-3), and the reverse.
func (s Set) data(ctx context.Context, t *folder.Turn) (both [2]map[string]string, err error) {
	return folder.Memo(t, "data", func() ([2]map[string]string, error) {
		out := [2]map[string]string{{}, {}}
		all, err := s.Questions.Inventory(ctx, access.System())
		if err != nil {
			return out, err
		}
		slices.SortFunc(all, func(a, b question.Data) int { return a.Number - b.Number })
		keys := folder.Keys{}
		for _, d := range all {
			key := keys.Of(d.Now().Name)
			out[0][d.Ref()], out[1][key] = key, d.Ref()
		}
		return out, nil
	})
}

// named gives what a table has for each word, and words that it does not have as
// they are.
func named(words []string, table map[string]string) []string {
	var out []string
	for _, w := range words {
		if x := table[w]; x != "" {
			w = x
		}
		out = append(out, w)
	}
	return out
}
