package tieout

import (
	"context"
	"iter"
	"slices"

	"github.com/attesta/attesta/internal/evidence/population"
)

// Gather reads what the workbook of a frozen population is made of. names gives
// users' names by their ids; engagement is "" outside one.
func Gather(ctx context.Context, s *population.Service, e population.Extraction, engagement, origin string, names func([]string) map[string]string) (Content, error) {
	c := Content{Extraction: e, Engagement: engagement, Origin: origin, Items: itemsOf(ctx, s, e.ID)}
	d, err := s.Definition(ctx, e.Slug)
	if err != nil {
		return Content{}, err
	}
	if i := slices.IndexFunc(d.Versions, func(v population.Version) bool { return v.Version == e.Version }); i >= 0 {
		c.Definition = d.Versions[i]
	}
	src, err := s.Source(e.Content.Source)
	if err != nil {
		return Content{}, err
	}
	for _, f := range src.Fields {
		c.Fields = append(c.Fields, f.Name)
	}
	by := []string{e.MadeBy, c.Definition.MadeBy, c.Definition.ApprovedBy}
	for _, rec := range e.Reconciliations {
		lines, err := linesOf(ctx, s, rec.ID)
		if err != nil {
			return Content{}, err
		}
		for _, l := range lines {
			by = append(by, l.By)
		}
		by = append(by, rec.MadeBy)
		c.Reconciliations = append(c.Reconciliations, Reconciliation{Reconciliation: rec, Lines: lines})
	}
	for _, x := range e.Exclusions {
		by = append(by, x.By, x.ApprovedBy)
	}
	known := names(by)
	c.Name = func(id string) string {
		if n := known[id]; n != "" {
			return n
		}
		return id
	}
	return c, nil
}

// linesOf gives every line of a reconciliation: in both, then on one side alone.
func linesOf(ctx context.Context, s *population.Service, id string) ([]population.Line, error) {
	const page = 1000
	var out []population.Line
	for _, side := range []population.Side{population.Both, population.OnlyA, population.OnlyB} {
		for after := -1; ; {
			lines, err := s.Lines(ctx, id, side, after, page)
			if err != nil {
				return nil, err
			}
			out = append(out, lines...)
			if len(lines) < page {
				break
			}
			after = lines[len(lines)-1].Seq
		}
	}
	return out, nil
}

// itemsOf gives the items of an extraction, page by page.
func itemsOf(ctx context.Context, s *population.Service, id string) iter.Seq2[population.Item, error] {
	return func(yield func(population.Item, error) bool) {
		for cursor := ""; ; {
			page, next, err := s.Items(ctx, id, cursor, 10_000)
			if err != nil {
				yield(population.Item{}, err)
				return
			}
			for _, item := range page {
				if !yield(item, nil) {
					return
				}
			}
			if next == "" {
				return
			}
			cursor = next
		}
	}
}
