package outcome

import (
	"context"
	"slices"
)

// OfCheck gives the counts of one check's attributes and, by name, its first
// items with one of a few outcomes, pass not among them. However many there are,
// only these are looked up.
func (s *Service) OfCheck(ctx context.Context, check string, outcomes []Outcome, at At, limit int) ([]AttributeCounts, []Row, error) {
	m, q := s.moment(at), s.cfg.DB.Reader()
	all, err := attributes(ctx, q)
	if err != nil {
		return nil, nil, err
	}
	only := []int64{}
	for no, a := range all {
		if a.key.check == check {
			only = append(only, no)
		}
	}
	slices.Sort(only)
	if len(only) == 0 {
		return nil, nil, nil
	}
	var (
		totals map[int64]total
		sil    silence
		known  map[int64]itemRow
		once   map[int64]bool
	)
	err = s.beside(ctx,
		func(ctx context.Context) (err error) { sil, err = s.silence(ctx, m, ""); return err },
		func(ctx context.Context) (err error) {
			totals, err = storedTotals(ctx, q, m, only, true)
			return err
		},
		func(ctx context.Context) (err error) {
			known, err = items(ctx, q, "WHERE population = $1", all[only[0]].population) // a check is of one population
			return err
		},
		func(ctx context.Context) (err error) { once, err = itemsWith(ctx, q, m, outcomes, only); return err })
	if err != nil {
		return nil, nil, err
	}
	sources := make(map[int64]string, len(known))
	for no, i := range known {
		sources[no] = i.Source
	}
	counts, err := s.counts(ctx, m, totals, sil, all, only, sources)
	if err != nil {
		return nil, nil, err
	}
	order := sortedNos(candidates(once, outcomes, known, sil))
	slices.SortFunc(order, func(a, b int64) int { return compareKeys(line{item: known[a]}.key(), line{item: known[b]}.key()) })
	var lines []line
	for part := range slices.Chunk(order, 1000) {
		if len(lines) >= limit {
			break
		}
		has, err := itemsHolding(ctx, q, m, outcomes, only, part)
		if err != nil {
			return nil, nil, err
		}
		may := slices.DeleteFunc(slices.Clone(part), func(no int64) bool { return !has[no] && !sil.touches(known[no].Source) })
		for few := range slices.Chunk(may, max(limit, 1)) {
			if len(lines) >= limit {
				break
			}
			rows, err := holdings(ctx, q, m, "outcome o", among("o.attribute_no", only)+" AND o.item_no "+in(few))
			if err != nil {
				return nil, nil, err
			}
			lines = append(lines, s.seen(rows, Filter{Outcomes: outcomes}, known, all, sil)...)
		}
	}
	slices.SortFunc(lines, func(a, b line) int { return compareKeys(a.key(), b.key()) })
	rows, err := s.rows(ctx, lines[:min(len(lines), limit)])
	return named(counts, all), rows, err
}

// candidates gives all items that may have one of a few outcomes, pass not among
// them: those that once had it, and what silence makes not observed.
func candidates(once map[int64]bool, outcomes []Outcome, known map[int64]itemRow, sil silence) map[int64]bool {
	if slices.Contains(outcomes, NotObserved) {
		for no, i := range known {
			if sil.touches(i.Source) {
				once[no] = true
			}
		}
	}
	return once
}
