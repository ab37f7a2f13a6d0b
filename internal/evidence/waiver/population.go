package waiver

import (
	"context"
	"time"

	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/judge"
)

// PopulationSource gives waivers to populations: as their timelines said at the
// end of the window, as known by the ledger then.
func (s *Service) PopulationSource() population.Source {
	text, number, truth := &judge.Type{Kind: judge.String}, &judge.Type{Kind: judge.Int}, &judge.Type{Kind: judge.Bool}
	return population.Source{
		Name: "waivers", Title: "Waivers", Doc: "Approved, expiring acceptances of what fails, and those that were asked for.",
		Fields: []judge.Field{
			{Name: "number", Type: text, Doc: "W-3"},
			{Name: "check", Type: text, Doc: "id of the check"},
			{Name: "attribute", Type: text, Doc: "attribute of the check; empty for all"},
			{Name: "items", Type: number, Doc: "how many items it is about"},
			{Name: "items_digest", Type: text, Doc: "digest over their ids"},
			{Name: "owner", Type: text, Doc: "user who answers for it"},
			{Name: "control", Type: text, Doc: "compensating control; empty where it is in words"},
			{Name: "asked", Type: text, Doc: "when it was asked for"},
			{Name: "asked_by", Type: text, Doc: "user who asked"},
			{Name: "state", Type: text, Doc: "asked, approved, refused, withdrawn, expired"},
			{Name: "decided", Type: text, Doc: "when it was approved or refused"},
			{Name: "decided_by", Type: text, Doc: "user who approved or refused"},
			{Name: "by_one_person", Type: truth, Doc: "true where the asker approved it, for want of another person"},
			{Name: "expires", Type: text, Doc: "when it ends by itself"},
			{Name: "ended", Type: text, Doc: "when it ended"},
		},
		Columns: []string{"number", "check", "state", "asked", "decided", "expires", "ended"},
		Dates: []population.Date{
			{Name: "in_force", Doc: "the waiver was in force", Span: true},
			{Name: "asked", Doc: "the waiver was asked for"},
			{Name: "decided", Doc: "the waiver was approved or refused"},
		},
		Read: s.populationItems,
	}
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

func (s *Service) populationItems(ctx context.Context, r population.Request) ([]population.Item, error) {
	all, err := toldAt(ctx, s.cfg.DB.Reader(), r.At)
	if err != nil {
		return nil, err
	}
	items := make([]population.Item, 0, len(all))
	for _, t := range all {
		items = append(items, t.item(r.At.Valid))
	}
	return items, nil
}

// told is a waiver as its timeline told it up to a moment.
type told struct {
	Waiver
	events []Event
}

// item goes by the timeline: of the row only what was settled when the waiver
// was asked for, or by a step that the timeline holds.
func (t told) item(valid time.Time) population.Item {
	a := map[string]any{"number": t.Ref(), "check": t.Check, "attribute": t.Attribute, "items": t.Items, "items_digest": t.ItemsDigest, "owner": t.Owner,
		"control": t.Control, "asked": stamp(t.AskedAt), "asked_by": t.AskedBy, "expires": stamp(t.Expires), "state": string(Asked)}
	dates := map[string][]population.Span{"asked": {{From: t.AskedAt, To: t.AskedAt}}}
	approved, holdsTo := false, t.Expires
	for _, e := range t.events {
		switch e.Kind {
		case "approved", "refused":
			a["state"], a["decided"], a["decided_by"] = string(e.State), stamp(e.At), e.Actor
			a["by_one_person"] = e.Kind == "approved" && t.Alone != ""
			dates["decided"] = []population.Span{{From: e.At, To: e.At}}
			approved = e.Kind == "approved"
		case "withdrawn":
			a["state"], holdsTo = string(Withdrawn), t.HoldsTo
			if approved {
				a["ended"] = stamp(t.HoldsTo)
			}
		}
	}
	if approved && t.HoldsFrom.Before(holdsTo) {
		dates["in_force"] = []population.Span{{From: t.HoldsFrom, To: holdsTo}}
		if a["state"] == string(Approved) && !holdsTo.After(valid) { // whenever the job recorded it
			a["state"], a["ended"] = string(Expired), stamp(holdsTo)
		}
	}
	return population.Item{ID: t.ID, Attributes: a, Dates: dates}
}
