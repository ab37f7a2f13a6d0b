package place

import (
	"context"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/journal"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/judge"
)

// Sources gives visitors and what sensors told of to populations.
func (s *Service) Sources() []population.Source {
	text, truth := &judge.Type{Kind: judge.String}, &judge.Type{Kind: judge.Bool}
	field := func(name string, t *judge.Type, doc string) judge.Field {
		return judge.Field{Name: name, Type: t, Doc: doc}
	}
	return []population.Source{
		{Name: "visitors", Title: "Visitors", Doc: "Visitors of the organisation's sites, as somebody entered them.",
			Fields: []judge.Field{field("number", text, "number of the visit"), field("name", text, "who came"), field("organisation", text, "for whom they work"), field("purpose", text, "what for"), field("site", text, "site"),
				field("host", text, "who expected them"), field("escort", text, "who accompanied them"), field("badge", text, "number of the visitor's badge; empty where none was given"), field("badge_returned", truth, "the badge came back; only where one was given"),
				field("state", text, "announced, here, left, cancelled"), field("arrived", text, "when they arrived"), field("left", text, "when they left"), field("outcome", text, "what it comes to"), field("reason", text, "why")},
			Columns: []string{"number", "name", "organisation", "site", "host", "arrived", "left", "badge", "outcome"},
			Dates: []population.Date{{Name: "arrived", Doc: "the visitor arrived"}, {Name: "here", Doc: "the visitor was here: from arriving until somebody said that they left", Span: true},
				{Name: "announced", Doc: "somebody announced the visitor"}},
			Read: s.visitItems},
		{Name: "sensor-alarms", Title: "Alarms and silences of sensors", Doc: "Each stretch in which a camera or an environment sensor was out of its bounds, at fault or silent.",
			Fields: []judge.Field{field("number", text, "number of the sensor"), field("sensor", text, "what it is called"), field("measure", text, "what it measures"), field("site", text, "site"), field("where", text, "zone, rack or door"),
				field("outcome", text, "fail, error, not_observed"), field("reason", text, "value and bound, or since when it was silent"), field("since", text, "when it began"), field("until", text, "when it ended; empty while it lasts")},
			Columns: []string{"number", "sensor", "site", "outcome", "reason", "since", "until"},
			Dates:   []population.Date{{Name: "began", Doc: "it began"}, {Name: "lasted", Doc: "from when it began until the sensor was in order again", Span: true}},
			Read:    s.alarmItems},
	}
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func moment(t time.Time) []population.Span {
	if t.IsZero() {
		return nil
	}
	return []population.Span{{From: t, To: t}}
}

func (s *Service) valid(r population.Request) time.Time {
	if r.At.Valid.IsZero() {
		return s.cfg.Journal.Clock()
	}
	return r.At.Valid.Add(-time.Microsecond)
}

func (s *Service) visitItems(ctx context.Context, r population.Request) ([]population.Item, error) {
	valid := s.valid(r)
	all, err := s.visits.At(ctx, valid, r.At.Known)
	if err != nil {
		return nil, err
	}
	out := make([]population.Item, 0, len(all))
	for _, o := range all {
		v := o.Content
		is, why := v.Standing(valid)
		a := map[string]any{"number": o.Ref, "name": v.Name, "organisation": v.Organisation, "purpose": v.Purpose, "site": v.SiteName, "host": v.Host, "escort": v.Escort, "badge": v.Badge, "state": v.State,
			"arrived": stamp(v.Arrived), "left": stamp(v.Left), "outcome": is, "reason": why}
		if v.Badge != "" && v.State == Gone {
			a["badge_returned"] = v.Returned
		}
		dates := map[string][]population.Span{"announced": moment(o.Created), "arrived": moment(v.Arrived), "here": nil}
		if !v.Arrived.IsZero() {
			dates["here"] = []population.Span{{From: v.Arrived, To: v.Left}}
		}
		out = append(out, population.Item{ID: o.ID, Attributes: a, Dates: dates})
	}
	return out, nil
}

func (s *Service) alarmItems(ctx context.Context, r population.Request) ([]population.Item, error) {
	valid := s.valid(r)
	all, _, err := s.sensors.List(ctx, journal.Filter{})
	if err != nil {
		return nil, err
	}
	out := []population.Item{}
	for _, short := range all {
		o, err := s.sensors.Get(ctx, short.ID)
		if err != nil {
			return nil, err
		}
		var open *population.Item
		end := func(at time.Time) {
			if open == nil {
				return
			}
			open.Attributes["until"] = stamp(at)
			since := open.Dates["began"][0].From
			open.Dates["lasted"] = []population.Span{{From: since, To: at}}
			out = append(out, *open)
			open = nil
		}
		for _, h := range o.History {
			if h.At.After(valid) || r.At.Known >= 0 && (h.Index < 0 || h.Index >= r.At.Known) {
				break
			}
			c := h.Content
			switch h.Step {
			case "failed", "silent":
				end(c.Condition.Since)
				open = &population.Item{ID: fmt.Sprintf("%s.%d", o.ID, h.Seq), Dates: map[string][]population.Span{"began": moment(c.Condition.Since)},
					Attributes: map[string]any{"number": o.Ref, "sensor": c.Name, "measure": c.Measure, "site": c.SiteName, "where": c.Where, "outcome": c.Condition.Outcome, "reason": c.Condition.Reason, "since": stamp(c.Condition.Since)}}
			case "recovered", "heard":
				end(c.Condition.Since)
			case "ended":
				end(h.At)
			}
		}
		end(time.Time{})
	}
	return out, nil
}
