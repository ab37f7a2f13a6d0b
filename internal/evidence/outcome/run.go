package outcome

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
)

// Item is a member of a population.
type Item struct {
	ID         string // "hst_…"
	Population string // "hosts"
	Source     string // whose coverage it inherits
	Name       string // what people call it
}

// RunKind says what caused a run.
type RunKind string

// The kinds.
const (
	RunFacts      RunKind = "facts"      // a batch of facts
	RunStandard   RunKind = "standard"   // the set of standards in force changed
	RunPresence   RunKind = "presence"   // an item left its population
	RunWaiver     RunKind = "waiver"     // a waiver began or ended
	RunExclusion  RunKind = "exclusion"  // an exclusion of the item began or ended
	RunPopulation RunKind = "population" // the daily count of a population
)

// Run is one run.
type Run struct {
	ID         string
	Kind       RunKind
	Population string
	Source     string // "src_…"; "" for a whole population
	Entry      string // "ent_…"
	Index      int64  // in the ledger, -1 before it is numbered
	Batch      string // digest of the batch that caused it
	Standards  string // digest of the set of standards in force; of one standard in a population run
	Inputs     string // digest of the evidence that was judged; over the items' ids in a population run
	ValidAt    time.Time
	RecordedAt time.Time
	Items      int64  // items judged
	Evaluated  int64  // attributes judged
	Changed    int64  // outcomes that changed, equal to the rows written
	Counts     Counts // of what changed; of the whole population in a population run
	Digest     string // over the changed outcomes; over the stored counts in a population run
	Definition string // JSON of a Definition, in a population run
}

// Run gives one run by id.
func (s *Service) Run(ctx context.Context, id string) (Run, error) {
	_, r, err := runByID(ctx, s.cfg.DB.Reader(), id)
	return r, err
}

// Runs gives runs, newest first; source and kind may be "". before is the id of
// the last run of the page before, "" for the first page.
func (s *Service) Runs(ctx context.Context, source string, kind RunKind, before string, limit int) ([]Run, error) {
	return runsPage(ctx, s.cfg.DB.Reader(), source, kind, before, limit)
}

// Scope says which population a standard is about, for RunPopulation.
type Scope struct {
	Standard   string   // slug of the pack
	Version    string   // of the pack
	Digest     string   // of the pack, tailoring included
	Population string   // "hosts"
	Query      string   // which items belong, in plain words
	Checks     []string // ids of the checks in force
	Excluded   []string // ids of the checks that were left out
}

// Definition is how a population run was counted, so that anybody can count again.
type Definition struct {
	Population string    `json:"population"`
	Query      string    `json:"query"`      // which items belong
	Membership string    `json:"membership"` // the date that decides
	Zone       string    `json:"zone"`
	Standard   string    `json:"standard"`
	Version    string    `json:"version"`
	Checks     []string  `json:"checks"`
	Excluded   []string  `json:"excluded,omitempty"`
	At         time.Time `json:"at"`    // the instant
	Known      int64     `json:"known"` // ledger size that bounds what was known
	Items      int64     `json:"items"`
	Digest     string    `json:"digest"` // over the sorted ids
	Silent     int64     `json:"silent"` // of not observed: the source was not heard
}

// RunPopulation counts a population under one standard and records it in the
// ledger: its definition, the number of items, the digest over their ids, and
// the counts by outcome with what is not observed. Daily, and on demand.
func (s *Service) RunPopulation(ctx context.Context, actor string, scope Scope) (Run, error) {
	now := s.cfg.Clock()
	size, err := ledgerSize(ctx, s.cfg.DB.Reader())
	if err != nil {
		return Run{}, err
	}
	at := At{Valid: now, Known: size}
	items, digest, err := s.Population(ctx, scope.Population, at)
	if err != nil {
		return Run{}, err
	}
	counts, err := s.Counts(ctx, at)
	if err != nil {
		return Run{}, err
	}
	r := Run{ID: ids.New("run", now), Kind: RunPopulation, Population: scope.Population, Standards: scope.Digest, Inputs: digest,
		ValidAt: now, RecordedAt: now, Items: int64(len(items)), Index: -1}
	def := Definition{Population: scope.Population, Query: scope.Query, Membership: "present at the instant given", Zone: "UTC",
		Standard: scope.Standard, Version: scope.Version, Checks: slices.Sorted(slices.Values(scope.Checks)),
		Excluded: slices.Sorted(slices.Values(scope.Excluded)), At: now, Known: size, Items: r.Items, Digest: digest}
	for _, c := range counts {
		if slices.Contains(scope.Checks, c.Check) {
			r.Counts = r.Counts.Plus(c.Counts)
			r.Evaluated += c.Total()
			def.Silent += c.Silent
		}
	}
	lines, err := CountLines(ctx, s.cfg.DB.Reader(), now, size, def.Checks)
	if err != nil {
		return Run{}, err
	}
	r.Digest = hexDigest(lines)
	raw, err := json.Marshal(def)
	if err != nil {
		return Run{}, fmt.Errorf("encode a population's definition: %w", err)
	}
	r.Definition = string(raw)
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		var err error
		if r.Entry, err = s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "run", Stream: "population/" + scope.Population, Actor: actor,
			Subject: r.ID, Data: populationData(r, def)}); err != nil {
			return err
		}
		no, err := lastRun(ctx, tx, "")
		if err != nil {
			return err
		}
		return insertRun(ctx, tx, s.number(now, no), r, clock.Micros(now))
	})
	if err != nil {
		return Run{}, fmt.Errorf("record population %s: %w", scope.Population, err)
	}
	return r, nil
}

func populationData(r Run, d Definition) map[string]any {
	data := runData(r, "")
	data["standard"], data["version"], data["query"], data["known"], data["silent"] = d.Standard, d.Version, d.Query, d.Known, d.Silent
	data["definition"] = hexDigest([]byte(r.Definition))
	return data
}

// CountLines gives what a population run's entry commits to as "outcomes": the
// stored counts of checks at a moment, as known by a size of the ledger, each
// attribute a JSON array [check, attribute, pass, fail, error, not observed, not
// applicable, waived], sorted, each ended by a line feed.
func CountLines(ctx context.Context, q database.Querier, valid time.Time, known int64, checks []string) ([]byte, error) {
	all, err := attributes(ctx, q)
	if err != nil {
		return nil, err
	}
	totals, err := storedCounts(ctx, q, moment{valid: clock.Micros(valid), known: known})
	if err != nil {
		return nil, err
	}
	var lines []string
	for no, c := range totals {
		if k := all[no].key; c != (Counts{}) && slices.Contains(checks, k.check) {
			lines = append(lines, string(canonical(k.check, k.id, c.Pass, c.Fail, c.Error, c.NotObserved, c.NotApplicable, c.Waived)))
		}
	}
	return sorted(lines), nil
}

// Bindings are the rows that the ledger's entries about coverage stand for; runs
// are bound by whoever knows what they judged, with CheckRun.
func Bindings() []ledger.Binding {
	return []ledger.Binding{{Name: "coverage.late", Check: checkCoverage}}
}

// CheckRun holds a run's rows against its ledger entry: the run's own row, and
// the outcomes or counts that the entry commits to.
func CheckRun(ctx context.Context, q database.Querier, rec ledger.Record) error {
	no, r, err := runByID(ctx, q, rec.Subject)
	if fault.Is(err, fault.NotFound) {
		return fault.Wrap(fault.Refused, err, "run %s: its row is missing", rec.Subject)
	}
	if err != nil {
		return err
	}
	refuse := func(format string, args ...any) error {
		return fault.New(fault.Refused, "run %s: %s", rec.Subject, fmt.Sprintf(format, args...))
	}
	if r.Entry != rec.ID {
		return refuse("its row names entry %s, not %s", r.Entry, rec.ID)
	}
	var want map[string]any
	var digest string
	if r.Kind == RunPopulation {
		var d Definition
		if err := json.Unmarshal([]byte(r.Definition), &d); err != nil {
			return refuse("its definition cannot be read")
		}
		want = populationData(r, d)
		m := moment{valid: clock.Micros(r.ValidAt), known: d.Known}
		lines, err := CountLines(ctx, q, r.ValidAt, d.Known, d.Checks)
		if err != nil {
			return err
		}
		digest = hexDigest(lines)
		items, err := members(ctx, q, d.Population, m)
		if err != nil {
			return err
		}
		ids := make([]string, len(items))
		for i, item := range items {
			ids[i] = item.ID
		}
		if got := idsDigest(ids); got != rec.Data["inputs"] {
			return refuse("the %d items of the population now have digest %s, the ledger says %v", len(ids), got, rec.Data["inputs"])
		}
	} else {
		item, _ := rec.Data["item"].(string)
		want = runData(r, item)
		rows, err := changedOf(ctx, q, no)
		if err != nil {
			return err
		}
		digest = outcomesDigest(rows)
	}
	if digest != rec.Data["outcomes"] {
		return refuse("its outcomes have digest %s, the ledger says %v", digest, rec.Data["outcomes"])
	}
	for _, name := range slices.Sorted(mapKeys(want)) {
		if got := plain(want[name]); !reflect.DeepEqual(got, rec.Data[name]) {
			return refuse("its row says %s is %v, the ledger says %v", name, got, rec.Data[name])
		}
	}
	return nil
}

func mapKeys(m map[string]any) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// plain gives a value as a ledger record gives it back.
func plain(v any) any {
	switch v := v.(type) {
	case time.Time:
		return v.UTC().Format("2006-01-02T15:04:05.000000Z")
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, x := range v {
			out[k] = plain(x)
		}
		return out
	}
	return v
}
