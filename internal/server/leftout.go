package server

import (
	"cmp"
	"context"
	"slices"

	"github.com/attesta/attesta/internal/evidence/exclusion"
	"github.com/attesta/attesta/internal/evidence/waiver"
	"github.com/attesta/attesta/internal/operations/host"
)

// register gives what is left out, for a source of items. Findings, outcomes and
// waivers are about hosts: what leaves a host out stands with them too. No check
// is about what is not judged by checks, so none leaves anything of it out.
func (p *parts) register(ctx context.Context, q exclusion.Question) ([]exclusion.Entry, error) {
	switch q.Population {
	case "", host.Population, "findings", "outcomes", "waivers":
		q.Population = host.Population
		return p.exclusions.Register(ctx, q)
	}
	all, err := p.exclusions.Register(ctx, q)
	return slices.DeleteFunc(all, func(e exclusion.Entry) bool {
		return e.Kind == exclusion.OfCheck || e.Kind == exclusion.ByWhere || e.Kind == exclusion.NotApplicable
	}), err
}

// selectItems gives the items of a population that a filter selects now.
func (p *parts) selectItems(ctx context.Context, source, filter string) ([]waiver.Item, error) {
	found, err := p.population.Select(ctx, source, filter)
	if err != nil {
		return nil, err
	}
	items := make([]waiver.Item, len(found))
	for i, f := range found {
		name, _ := f.Attributes["name"].(string)
		items[i] = waiver.Item{ID: f.ID, Name: cmp.Or(name, f.ID)}
	}
	return items, nil
}
