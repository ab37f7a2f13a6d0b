package policy

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/judge"
)

// The states of somebody who is asked to acknowledge a policy. None is typed: each
// follows from the dates.
const (
	AckInTime = "in_time"
	AckLate   = "late"    // acknowledged, after the day that was set
	AckOpen   = "open"    // not yet, and the day that was set is to come
	AckMissed = "missed"  // not yet, and that day is over
	AckNoNeed = "no_need" // left, or the version was replaced, before the day that was set
)

// PopulationSource gives what people were asked to acknowledge: one item for each
// person and each version that asked them, from the roles they held then.
func (s *Service) PopulationSource() population.Source {
	text, number := &judge.Type{Kind: judge.String}, &judge.Type{Kind: judge.Int}
	return population.Source{
		Name: "policy-acknowledgements", Title: "Policy acknowledgements", Doc: "Each person whom a published policy asked to read and acknowledge it, whether they did or not.",
		Fields: []judge.Field{
			{Name: "policy", Type: text, Doc: "P-3"},
			{Name: "title", Type: text, Doc: "title of the version that asked"},
			{Name: "version", Type: number, Doc: "version that asked"},
			{Name: "digest", Type: text, Doc: "SHA-256 of that version's content"},
			{Name: "user", Type: text, Doc: "who is asked"},
			{Name: "role", Type: text, Doc: "for which they are asked"},
			{Name: "asked", Type: text, Doc: "since when"},
			{Name: "due", Type: text, Doc: "by when"},
			{Name: "ended", Type: text, Doc: "when they were not asked any more; left out while they are"},
			{Name: "acknowledged", Type: text, Doc: "when; left out where they have not"},
			{Name: "acknowledged_version", Type: number, Doc: "which they read: the version that asked, or an editorial one after it"},
			{Name: "tries", Type: number, Doc: "how often the questions were answered until all were right"},
			{Name: "state", Type: text, Doc: "in_time, late, open, missed; no_need where the asking ended before the day that was set"},
		},
		Columns: []string{"policy", "title", "version", "user", "asked", "due", "acknowledged", "state"},
		Dates: []population.Date{
			{Name: "due", Doc: "the acknowledgement fell due"},
			{Name: "asked", Doc: "the person was asked"},
			{Name: "acknowledged", Doc: "the person acknowledged"},
		},
		Read: s.populationItems,
	}
}

func (s *Service) populationItems(ctx context.Context, r population.Request) ([]population.Item, error) {
	q := s.cfg.DB.Reader()
	at := r.At
	if at.Valid.IsZero() {
		at.Valid = s.cfg.Clock()
	}
	steps, roles, err := stepsAt(ctx, q, at)
	if err != nil {
		return nil, err
	}
	acks, err := acknowledgedAt(ctx, q, at)
	if err != nil {
		return nil, err
	}
	held, err := s.cfg.Tenures(ctx, at.Known)
	if err != nil {
		return nil, err
	}
	return asked(steps, roles, acks, held, at.Valid), nil
}

// asked folds publications and tenures into who was asked what.
func asked(steps []told, roles map[string][]string, acks map[string][]taken, held []access.Tenure, now time.Time) []population.Item {
	joined := map[string]time.Time{}
	for _, h := range held {
		if _, seen := joined[h.User]; !seen {
			joined[h.User] = h.From
		}
	}
	var out []population.Item
	for i, p := range steps {
		if p.step != "published" || p.until.IsZero() {
			continue
		}
		var over time.Time // when this version asks nobody any more
		for _, later := range steps[i+1:] {
			if later.number == p.number && (later.step == "retired" || !later.until.IsZero()) {
				over = later.at
				break
			}
		}
		for k := 0; k < len(held); {
			n := k + 1
			for n < len(held) && held[n].User == held[k].User {
				n++
			}
			if x, ok := askedOne(p, over, roles[versionKey(p.number, p.version)], held[k:n], acks[fmt.Sprintf("P-%d/%s", p.number, held[k].User)], joined[held[k].User], now); ok {
				out = append(out, x)
			}
			k = n
		}
	}
	return out
}

// askedOne gives what a publication asked one person, who held roles as said.
func askedOne(p told, over time.Time, roles []string, held []access.Tenure, acks []taken, joined, now time.Time) (population.Item, bool) {
	var from, to time.Time
	role, lasts := access.Role(""), false
	for _, h := range held {
		begins, ends := later(h.From, p.at), h.To
		if ends.IsZero() || !over.IsZero() && over.Before(ends) {
			ends = over
		}
		if !slices.Contains(roles, string(h.Role)) || begins.After(now) || !ends.IsZero() && !ends.After(begins) {
			continue
		}
		if from.IsZero() {
			from = begins
		}
		to, role, lasts = ends, h.Role, ends.IsZero() || ends.After(now)
	}
	if from.IsZero() {
		return population.Item{}, false
	}
	by := due(p.at, p.until, joined)
	a := map[string]any{"policy": fmt.Sprintf("P-%d", p.number), "title": p.title, "version": int64(p.version), "digest": p.digest, "user": held[0].User, "role": string(role),
		"asked": stamp(from), "due": stamp(by)}
	dates := map[string][]population.Span{"asked": {{From: from, To: from}}, "due": {{From: by, To: by}}}
	if !lasts {
		a["ended"] = stamp(to)
	}
	state := AckOpen
	switch {
	case !lasts && to.Before(by):
		state = AckNoNeed
	case by.Before(now):
		state = AckMissed
	}
	for _, k := range acks {
		if k.version < p.version || !over.IsZero() && k.at.After(over) {
			continue
		}
		if state = AckInTime; k.at.After(by) {
			state = AckLate
		}
		a["acknowledged"], a["acknowledged_version"], a["tries"] = stamp(k.at), int64(k.version), k.tries
		dates["acknowledged"] = []population.Span{{From: k.at, To: k.at}}
		break
	}
	a["state"] = state
	return population.Item{ID: fmt.Sprintf("P-%d/%d/%s", p.number, p.version, held[0].User), Attributes: a, Dates: dates}, true
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }
