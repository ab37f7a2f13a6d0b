package posture

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/program/control"
)

// Summary is posture at one moment, in the form in which it leaves the system:
// criteria, controls and checks once each, and the ledger entries that a control's
// status rests on.
type Summary struct {
	At       time.Time          `json:"at"`
	Known    int64              `json:"known"` // size of the ledger that bounds what was known
	Criteria []CriterionSummary `json:"criteria"`
	Controls []ControlSummary   `json:"controls"`
}

// CriterionSummary is a criterion's posture. Its evidence status is no judgement
// of the criterion.
type CriterionSummary struct {
	ID       string   `json:"id"`
	Status   Status   `json:"evidence_status"`
	Why      string   `json:"why"`
	Controls []string `json:"controls"` // slugs, key controls first
}

// ControlSummary is a control's posture.
type ControlSummary struct {
	Slug     string         `json:"control"`
	Number   int            `json:"number"`
	Title    string         `json:"title"`
	Version  int            `json:"version"`
	State    control.State  `json:"state"`
	Status   Status         `json:"evidence_status"`
	Why      string         `json:"why"`
	Counts   Counts         `json:"counts"`
	Coverage Coverage       `json:"coverage"`
	Checks   []CheckSummary `json:"checks"`
	Missing  []string       `json:"missing,omitempty"`
	Entries  []string       `json:"entries"` // that set its design
}

// CheckSummary is a check's posture.
type CheckSummary struct {
	ID       string      `json:"check"`
	Standard string      `json:"standard"`
	Status   Status      `json:"evidence_status"`
	Why      string      `json:"why"`
	LastRun  time.Time   `json:"last_run,omitzero"`
	Counts   []Attribute `json:"attributes"`
}

// Summary gives posture at one moment; of one control where slug names it.
func (s *Service) Summary(ctx context.Context, at At, slug string) (Summary, error) {
	f, err := s.read(ctx, at)
	if err != nil {
		return Summary{}, err
	}
	d := derive(f)
	entries := map[string][]string{}
	for _, c := range f.program.Controls {
		for _, v := range c.History {
			if f.known < 0 || (v.Made.Index >= 0 && v.Made.Index < f.known) {
				entries[c.Slug] = append(entries[c.Slug], v.Made.Entry)
			}
		}
	}
	sum := Summary{At: f.valid, Known: f.known, Criteria: []CriterionSummary{}, Controls: []ControlSummary{}}
	for _, c := range d.criteria {
		if !c.InScope {
			continue
		}
		one := CriterionSummary{ID: c.ID, Status: c.Status, Why: c.Why, Controls: []string{}}
		for _, k := range c.Controls {
			one.Controls = append(one.Controls, k.Slug)
		}
		if slug == "" || slices.Contains(one.Controls, slug) {
			sum.Criteria = append(sum.Criteria, one)
		}
	}
	for _, c := range d.controls {
		if slug != "" && c.Slug != slug {
			continue
		}
		one := ControlSummary{Slug: c.Slug, Number: c.Number, Title: c.Title, Version: c.Version, State: c.State, Status: c.Status, Why: c.Why,
			Counts: c.Counts, Coverage: c.Coverage, Checks: []CheckSummary{}, Missing: c.Missing, Entries: entries[c.Slug]}
		for _, k := range c.Checks {
			one.Checks = append(one.Checks, CheckSummary{ID: k.ID, Standard: k.Standard, Status: k.Status, Why: k.Why, LastRun: k.LastRun, Counts: k.Attributes})
		}
		slices.SortFunc(one.Checks, func(a, b CheckSummary) int { return strings.Compare(a.ID, b.ID) })
		sum.Controls = append(sum.Controls, one)
	}
	slices.SortFunc(sum.Controls, func(a, b ControlSummary) int { return a.Number - b.Number })
	return sum, nil
}
