package posture

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/evidence/outcome"
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
	Why   string `json:"why"`  // what became known later: "2 runs were recorded later"
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
	Checks     []string  `json:"checks"`   // of which it changed an outcome up to the moment
	Changed    int       `json:"changed"`  // outcomes
	Replaced   int       `json:"replaced"` // of them, how many correct one that was known then
	Why        string    `json:"why"`      // "observed then, arrived later", "corrected", "a waiver was recorded later"
}

// why says what kind of news a late run was.
func (r LateRun) why() string {
	switch outcome.RunKind(r.Kind) {
	case outcome.RunWaiver:
		return "a waiver was recorded later"
	case outcome.RunExclusion:
		return "an exclusion was recorded later"
	case outcome.RunStandard:
		return "a standard was judged later"
	case outcome.RunPresence:
		return "its presence was recorded later"
	}
	switch r.Replaced {
	case 0:
		return "observed then, arrived later"
	case r.Changed:
		return "corrected"
	}
	return "arrived later, and corrected in part"
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
	for i := range c.Runs {
		c.Runs[i].Why = c.Runs[i].why()
	}
	for i := range c.Checks {
		ch := &c.Checks[i]
		var said []string
		for _, r := range c.Runs {
			if slices.Contains(r.Checks, ch.ID) {
				ch.Runs++
				if !slices.Contains(said, r.Why) {
					said = append(said, r.Why)
				}
			}
		}
		if ch.Runs == 0 && len(c.Heard) > 0 {
			said = append(said, "its hosts were heard after all")
		}
		if ch.Why = strings.Join(said, "; "); ch.Why == "" {
			ch.Why = "what holds of its items was recorded later"
		}
	}
	for i := range c.Controls {
		k := &c.Controls[i]
		was, is := controlOf(a.controls, k.ID), controlOf(b.controls, k.ID)
		var said []string
		for _, d := range c.Checks {
			if is != nil && slices.ContainsFunc(is.Checks, func(ch Check) bool { return ch.ID == d.ID }) {
				said = append(said, d.ID+" is known otherwise")
			}
		}
		switch {
		case was == nil:
			said = append(said, "its design was recorded later")
		case is != nil && was.Version != is.Version:
			said = append(said, "another version of its design was recorded later")
		case len(said) == 0:
			said = append(said, "evidence or a decision about its instances was recorded later")
		}
		k.Why = strings.Join(said, "; ")
	}
	for i := range c.Criteria {
		cr := &c.Criteria[i]
		j := slices.IndexFunc(b.criteria, func(o Criterion) bool { return o.ID == cr.ID })
		var said []string
		for _, k := range b.criteria[j].Controls {
			if slices.ContainsFunc(c.Controls, func(d Difference) bool { return d.ID == k.Slug }) {
				said = append(said, k.Slug)
			}
		}
		if cr.Why = "known otherwise: " + strings.Join(said, ", "); len(said) == 0 {
			cr.Why = "the scope, or which controls address it, was recorded later"
		}
	}
	return c, nil
}

func controlOf(list []Control, slug string) *Control {
	i := slices.IndexFunc(list, func(k Control) bool { return k.Slug == slug })
	if i < 0 {
		return nil
	}
	return &list[i]
}

// differing adds a subject whose status or counts are known otherwise.
func differing(list []Difference, id, title string, then, now Head) []Difference {
	if then.Status == now.Status && then.Counts == now.Counts {
		return list
	}
	return append(list, Difference{ID: id, Title: title, Then: then, Now: now})
}
