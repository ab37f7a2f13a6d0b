package posture

import (
	"context"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
)

// Comparison is what was known then of a moment against what is known now.
type Comparison struct {
	At       time.Time      `json:"at"`
	Known    int64          `json:"known"` // size of the ledger then
	Size     int64          `json:"size"`  // and now
	Criteria []Difference   `json:"criteria"`
	Controls []Difference   `json:"controls"`
	Checks   []Difference   `json:"checks"`
	Runs     []LateRun      `json:"runs"`  // that judged something of the time up to the moment, and were not known then; newest first
	More     bool           `json:"more"`  // there are more than LateRunLimit
	Heard    []LateCoverage `json:"heard"` // coverage that was filled in afterwards
}

// Difference is one status that is known otherwise now.
type Difference struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Then  Head   `json:"then"`
	Now   Head   `json:"now"`
	Runs  int    `json:"runs"` // of a check: how many of the late runs changed an outcome of it
}

// LateRun is a run that became known later.
type LateRun struct {
	ID         string    `json:"id"`
	Kind       string    `json:"kind"`
	Source     string    `json:"source"`
	Name       string    `json:"name"` // of the item, as people call it
	Item       string    `json:"item"`
	Entry      string    `json:"entry"`
	Index      int64     `json:"index"` // -1 before it is numbered
	ValidAt    time.Time `json:"valid_at"`
	RecordedAt time.Time `json:"recorded_at"`
	Checks     []string  `json:"checks"`  // of which it changed an outcome up to the moment
	Changed    int       `json:"changed"` // outcomes
}

// LateCoverage is a stretch in which a source was heard after all.
type LateCoverage struct {
	Source string    `json:"source"`
	Name   string    `json:"name"`
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	Index  int64     `json:"index"`
}

// LateRunLimit is how many late runs a comparison lists at most.
const LateRunLimit = 200

// Compare gives what differs of a past moment between what was known then and
// what is known now, and why.
func (s *Service) Compare(ctx context.Context, valid time.Time) (Comparison, error) {
	c := Comparison{At: valid}
	now := s.cfg.Clock()
	if valid.IsZero() || valid.After(now) {
		return c, fault.New(fault.Invalid, "a past moment is compared with what is known of it now").At("", 0, "at").WithHint("choose a day that has gone by")
	}
	var err error
	if c.Known, err = s.KnownThen(ctx, valid); err != nil {
		return c, err
	}
	if c.Size, err = s.KnownThen(ctx, now); err != nil {
		return c, err
	}
	then, err := s.read(ctx, At{Valid: valid, Known: c.Known})
	if err != nil {
		return c, err
	}
	since, err := s.read(ctx, At{Valid: valid, Known: -1})
	if err != nil {
		return c, err
	}
	a, b := derive(then), derive(since)
	for _, x := range b.criteria {
		i := slices.IndexFunc(a.criteria, func(o Criterion) bool { return o.ID == x.ID })
		c.Criteria = differing(c.Criteria, x.ID, x.Title, a.criteria[i].Head, x.Head)
	}
	for _, x := range b.controls {
		i := slices.IndexFunc(a.controls, func(o Control) bool { return o.ID == x.ID })
		var before Head
		if i >= 0 {
			before = a.controls[i].Head
		}
		c.Controls = differing(c.Controls, x.Slug, x.Title, before, x.Head)
	}
	for _, x := range b.checks {
		i := slices.IndexFunc(a.checks, func(o Check) bool { return o.ID == x.ID })
		var before Head
		if i >= 0 {
			before = a.checks[i].Head
		}
		c.Checks = differing(c.Checks, x.ID, x.Title, before, x.Head)
	}
	if c.Runs, c.More, err = lateRuns(ctx, s.cfg.DB.Reader(), valid, c.Known); err != nil {
		return c, err
	}
	if c.Heard, err = lateCoverage(ctx, s.cfg.DB.Reader(), valid, c.Known); err != nil {
		return c, err
	}
	for i := range c.Checks {
		for _, r := range c.Runs {
			if slices.Contains(r.Checks, c.Checks[i].ID) {
				c.Checks[i].Runs++
			}
		}
	}
	return c, nil
}

// differing adds a subject whose status or counts are known otherwise.
func differing(list []Difference, id, title string, then, now Head) []Difference {
	if then.Status == now.Status && then.Counts == now.Counts {
		return list
	}
	return append(list, Difference{ID: id, Title: title, Then: then, Now: now})
}
