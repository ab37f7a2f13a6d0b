// Package trail is what outcomes leave behind for others to look at: when sources
// were not heard, which runs changed what a check gives, what a count counted,
// what became known late. It reads what package outcome writes, and judges nothing.
//
// Invariants:
//   - everything is as known by a size of the ledger, where one is given
//   - files of a count have the digests that its record commits to, or are refused
//
// Serves A19 and the roll-ups of posture.
//
// Floor: evidence.
package trail

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/evidence/outcome"
)

// DefinitionOf reads the definition of a population run.
func DefinitionOf(r outcome.Run) (outcome.Definition, error) {
	var d outcome.Definition
	if err := json.Unmarshal([]byte(r.Definition), &d); err != nil {
		return d, fault.Wrap(fault.Refused, err, "the definition of run %s cannot be read", r.ID)
	}
	return d, nil
}

// Files is what a population run's entry commits to, as bytes that have the
// digests that stand in it.
type Files struct {
	Counts     []byte // "outcomes": see outcome.CountLines
	Items      []byte // "inputs": the sorted ids of the items, a line each
	Definition []byte // "definition"
}

// FilesOf gives them: kind Refused where they do not have their digests any more.
func FilesOf(ctx context.Context, q database.Querier, outcomes *outcome.Service, r outcome.Run) (Files, error) {
	if r.Kind != outcome.RunPopulation {
		return Files{}, fault.New(fault.Invalid, "run %s counted no population", r.ID)
	}
	d, err := DefinitionOf(r)
	if err != nil {
		return Files{}, err
	}
	f := Files{Definition: []byte(r.Definition)}
	if f.Counts, err = outcome.CountLines(ctx, q, r.ValidAt, d.Known, d.Checks); err != nil {
		return Files{}, err
	}
	all, _, err := outcomes.Population(ctx, d.Population, outcome.At{Valid: r.ValidAt, Known: d.Known})
	if err != nil {
		return Files{}, err
	}
	ids := make([]string, len(all))
	for i, item := range all {
		ids[i] = item.ID
	}
	slices.Sort(ids)
	f.Items = []byte(strings.Join(append(ids, ""), "\n"))
	if hexDigest(f.Counts) != r.Digest || hexDigest(f.Items) != r.Inputs {
		return Files{}, fault.New(fault.Refused, "what run %s counted does not have the digests that it recorded", r.ID).WithHint("run 'attesta ledger verify'")
	}
	return f, nil
}

func hexDigest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// SourceGap is a stretch in which a source, or one of its sections, was not
// observed.
type SourceGap struct {
	Source, Section, Reason string
	From, To                time.Time // To: at most the end that was asked for
}

// Gaps gives the stretches of [from, to) in which any source or section was
// not observed, in order of source, section and time, as known by a size of the
// ledger. Silence up to the grace is none.
func Gaps(ctx context.Context, q database.Querier, grace time.Duration, from, to time.Time, known int64) ([]SourceGap, error) {
	lo, hi := clock.Micros(from), clock.Micros(to)
	var out []SourceGap
	source, until := "", int64(0) // how far the source was heard
	gap := func(end int64) {
		if begin := max(until, lo); source != "" && end-begin > grace.Microseconds() {
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
func Changing(ctx context.Context, q database.Querier, checks []string, from, to time.Time, known int64, limit int) ([]string, error) {
	return changing(ctx, q, checks, clock.Micros(from), clock.Micros(to), known, limit)
}
