package outcome

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/fault"
)

// RunFiles gives what a population run's entry commits to, as bytes that have
// the digests that stand in it: the counts of each attribute ("outcomes"), the
// sorted ids of the items ("inputs") and the definition ("definition").
func (s *Service) RunFiles(ctx context.Context, r Run) (counts, items, definition []byte, err error) {
	if r.Kind != RunPopulation {
		return nil, nil, nil, fault.New(fault.Invalid, "run %s counted no population", r.ID)
	}
	d, err := r.Defined()
	if err != nil {
		return nil, nil, nil, err
	}
	q := s.cfg.DB.Reader()
	m := moment{valid: clock.Micros(r.ValidAt), known: d.Known}
	lines, err := countsLines(ctx, q, m, d.Checks)
	if err != nil {
		return nil, nil, nil, err
	}
	all, err := members(ctx, q, d.Population, m)
	if err != nil {
		return nil, nil, nil, err
	}
	ids := make([]string, len(all))
	for i, item := range all {
		ids[i] = item.ID
	}
	slices.Sort(ids)
	counts, items = []byte(strings.Join(append(lines, ""), "\n")), []byte(strings.Join(append(ids, ""), "\n"))
	if hexDigest(counts) != r.Digest || hexDigest(items) != r.Inputs {
		return nil, nil, nil, fault.New(fault.Refused, "what run %s counted does not have the digests that it recorded", r.ID).WithHint("run 'attesta ledger verify'")
	}
	return counts, items, []byte(r.Definition), nil
}

// SourceGap is a stretch in which a source, or one of its sections, was not
// observed.
type SourceGap struct {
	Source, Section, Reason string
	From, To                time.Time // To: at most the end that was asked for
}

// AllGaps gives the stretches of [from, to) in which any source or section was
// not observed, in order of source, section and time, as known by a size of the
// ledger. Silence up to the grace is none.
func (s *Service) AllGaps(ctx context.Context, from, to time.Time, known int64) ([]SourceGap, error) {
	q := s.cfg.DB.Reader()
	lo, hi, grace := clock.Micros(from), clock.Micros(to), s.cfg.Grace.Microseconds()
	var out []SourceGap
	source, until := "", int64(0) // how far the source was heard
	gap := func(end int64) {
		if begin := max(until, lo); source != "" && end-begin > grace {
			out = append(out, SourceGap{Source: source, From: clock.FromMicros(begin), To: clock.FromMicros(end)})
		}
	}
	if err := eachInterval(ctx, q, hi, known, func(name string, begin, end int64) {
		begin, end = min(begin, hi), min(end, hi)
		if name != source { // before its first message a source did not exist
			gap(hi)
			source, until = name, end
			return
		}
		if begin > until {
			gap(begin)
		}
		until = max(until, end)
	}); err != nil {
		return nil, err
	}
	gap(hi)
	if err := eachGap(ctx, q, lo, hi, func(g SourceGap, begin, end int64) {
		g.From, g.To = clock.FromMicros(max(begin, lo)), clock.FromMicros(min(end, hi))
		out = append(out, g)
	}); err != nil {
		return nil, err
	}
	slices.SortStableFunc(out, func(a, b SourceGap) int {
		if c := strings.Compare(a.Source, b.Source); c != 0 {
			return c
		}
		if c := strings.Compare(a.Section, b.Section); c != 0 {
			return c
		}
		return a.From.Compare(b.From)
	})
	return out, nil
}

// Changing gives the entries of the runs that changed what checks gave in
// [from, to), as known by a size of the ledger, at most limit and newest first.
func (s *Service) Changing(ctx context.Context, checks []string, from, to time.Time, known int64, limit int) ([]string, error) {
	return changingRuns(ctx, s.cfg.DB.Reader(), checks, clock.Micros(from), clock.Micros(to), known, limit)
}
