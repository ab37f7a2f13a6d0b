package finding

import (
	"context"
	"strconv"
	"time"

	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/judge"
)

// PopulationSource gives findings to populations: as their timelines said at
// the end of the window, as known by the ledger then.
func (s *Service) PopulationSource() population.Source {
	text, number := &judge.Type{Kind: judge.String}, &judge.Type{Kind: judge.Int}
	return population.Source{
		Name: "findings", Title: "Findings", Doc: "Failing items that a person must act on.",
		Fields: []judge.Field{
			{Name: "number", Type: text, Doc: "F-12"},
			{Name: "title", Type: text, Doc: "what should hold"},
			{Name: "check", Type: text, Doc: "id of the check"},
			{Name: "attribute", Type: text, Doc: "attribute of the check"},
			{Name: "item", Type: text, Doc: "id of the failing item"},
			{Name: "severity", Type: text, Doc: "critical, high, medium, low"},
			{Name: "state", Type: text, Doc: "open, acknowledged, waived, stale, closed"},
			{Name: "opened", Type: text, Doc: "when the failing state was observed first"},
			{Name: "acknowledged", Type: text, Doc: "when somebody took it on, newest"},
			{Name: "closed", Type: text, Doc: "when a pass was observed, newest; only of a closed one"},
			{Name: "hours_open", Type: number, Doc: "whole hours from opening to closing, or to the end of the window"},
			{Name: "reopened", Type: number, Doc: "how often"},
		},
		Columns: []string{"number", "title", "severity", "item", "opened", "state", "closed"},
		Dates: []population.Date{
			{Name: "opened", Doc: "the failing state was observed for the first time"},
			{Name: "closed", Doc: "a pass was observed"},
			{Name: "open", Doc: "the finding was open: from opening to closing, and again from reopening", Span: true},
		},
		Read: s.populationItems,
	}
}

func (s *Service) populationItems(ctx context.Context, r population.Request) ([]population.Item, error) {
	all, err := timelinesAt(ctx, s.cfg.DB.Reader(), r.At)
	if err != nil {
		return nil, err
	}
	items := make([]population.Item, 0, len(all))
	for _, t := range all {
		items = append(items, t.item(r.At))
	}
	return items, nil
}

// told is a finding as its timeline told it up to a moment.
type told struct {
	Finding
	events []Event
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

func (t told) item(at outcome.At) population.Item {
	var open, closed []population.Span
	attributes := map[string]any{"number": "F-" + strconv.FormatInt(t.Number, 10), "title": t.Title, "check": t.Check, "attribute": t.Attribute, "item": t.Item, "severity": t.Severity}
	reopened, end := int64(0), at.Valid
	for _, e := range t.events {
		attributes["state"] = string(e.To)
		switch e.Kind {
		case Opened, Reopened:
			open = append(open, population.Span{From: e.ValidAt})
			delete(attributes, "closed")
			delete(attributes, "acknowledged")
			if end = at.Valid; e.Kind == Reopened {
				reopened++
			} else {
				attributes["opened"] = stamp(e.ValidAt)
			}
		case WasAcknowledged:
			attributes["acknowledged"] = stamp(e.ValidAt)
		case ClosedIt:
			if n := len(open); n > 0 {
				open[n-1].To = e.ValidAt
			}
			closed = append(closed, population.Span{From: e.ValidAt, To: e.ValidAt})
			attributes["closed"], end = stamp(e.ValidAt), e.ValidAt
		}
	}
	attributes["reopened"] = reopened
	opened := []population.Span{}
	if len(open) > 0 {
		opened = append(opened, population.Span{From: open[0].From, To: open[0].From})
		attributes["hours_open"] = int64(end.Sub(open[0].From) / time.Hour)
	}
	return population.Item{ID: t.ID, Attributes: attributes, Dates: map[string][]population.Span{"opened": opened, "closed": closed, "open": open}}
}
