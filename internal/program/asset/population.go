package asset

import (
	"context"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/judge"
)

// Sources gives assets to populations: those that were in use in a window, and those
// that went out of use in it.
func (s *Service) Sources() []population.Source {
	text := &judge.Type{Kind: judge.String}
	truth := &judge.Type{Kind: judge.Bool}
	fields := []judge.Field{
		{Name: "number", Type: text, Doc: "A-3; its id in the other register where nobody said anything of it"}, {Name: "name", Type: text, Doc: "what it is called"}, {Name: "kind", Type: text, Doc: "host, database, application, service, …"},
		{Name: "derived", Type: truth, Doc: "known from another register: hosts, databases, vendors, first questions"}, {Name: "state", Type: text, Doc: "in_use, silent, retired, disposed"},
		{Name: "owner", Type: text, Doc: "account or team that answers for it"}, {Name: "class", Type: text, Doc: "highest class of data on it"}, {Name: "data", Type: text, Doc: "data sets on it"},
		{Name: "environment", Type: text, Doc: "production, staging, …"}, {Name: "zone", Type: text, Doc: "part of the network"}, {Name: "system", Type: text, Doc: "system of the scope"}, {Name: "criticality", Type: text, Doc: "low, medium, high, critical"},
		{Name: "outside", Type: truth, Doc: "outside of the boundary"}, {Name: "since", Type: text, Doc: "day since when it is known"}, {Name: "gone", Type: text, Doc: "day on which it went out of use"},
		{Name: "disposal", Type: text, Doc: "how it was disposed of"},
	}
	for _, a := range Attributes() {
		fields = append(fields, judge.Field{Name: a[0], Type: text, Doc: a[1] + ": pass, fail, not_observed, not_applicable; derived"}, judge.Field{Name: a[0] + "_why", Type: text, Doc: "the reason"})
	}
	columns := []string{"number", "name", "kind", "owner", "class", "environment", "owner_here", "reviewed"}
	return []population.Source{
		{Name: "assets", Title: "Assets", Doc: "What the organisation has: hosts, databases, services of vendors, and what was entered.", Fields: fields, Columns: columns,
			Dates: []population.Date{{Name: "used", Doc: "it was in use: since it is known, until it was taken out", Span: true}},
			Read: func(ctx context.Context, r population.Request) ([]population.Item, error) {
				return s.items(ctx, r, "used", func(a *Asset, zone *time.Location) []population.Span {
					sp := population.Span{From: start(a.Since, zone)}
					if a.GoneOn != "" {
						sp.To = start(a.GoneOn.Add(0, 1), zone)
					}
					return []population.Span{sp}
				})
			}},
		{Name: "assets-retired", Title: "Assets retired", Doc: "Assets that went out of use, with what became of them.", Fields: fields, Columns: []string{"number", "name", "kind", "class", "gone", "disposed", "disposal"},
			Dates: []population.Date{{Name: "gone", Doc: "it went out of use"}},
			Read: func(ctx context.Context, r population.Request) ([]population.Item, error) {
				return s.items(ctx, r, "gone", func(a *Asset, zone *time.Location) []population.Span {
					if a.GoneOn == "" {
						return nil
					}
					at := start(a.GoneOn, zone)
					return []population.Span{{From: at, To: at}}
				})
			}},
	}
}

func start(d Day, zone *time.Location) time.Time {
	t := d.Time()
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, zone)
}

func (s *Service) items(ctx context.Context, r population.Request, date string, spans func(*Asset, *time.Location) []population.Span) ([]population.Item, error) {
	valid := r.At.Valid
	if valid.IsZero() {
		valid = s.cfg.Clock()
	}
	zone := time.UTC
	if s.cfg.Scope != nil {
		var err error
		if zone, _, err = s.cfg.Scope(ctx); err != nil {
			return nil, err
		}
	}
	v, err := s.see(ctx, s.cfg.DB.Reader(), valid.Add(-time.Microsecond), r.At.Known)
	if err != nil {
		return nil, err
	}
	var out []population.Item
	for _, a := range v.Assets {
		at := spans(a, zone)
		if at == nil {
			continue
		}
		x := map[string]any{"number": a.Ref, "name": a.Name, "kind": a.Kind, "derived": a.Derived, "state": string(a.State), "owner": a.Owner.Text, "class": a.Class.Text, "data": strings.Join(a.Data, ", "), "environment": a.Environment.Text,
			"zone": a.Zone.Text, "system": a.System, "criticality": a.Criticality, "outside": a.Outside, "since": string(a.Since), "gone": string(a.GoneOn), "disposal": ""}
		if a.Said != nil && a.Said.Disposed != nil {
			x["disposal"] = methodWords(a.Said.Disposed.Method)
		}
		for _, k := range a.Judged {
			x[k.ID], x[k.ID+"_why"] = k.Outcome, k.Reason
		}
		out = append(out, population.Item{ID: a.Key, Attributes: x, Dates: map[string][]population.Span{date: at}})
	}
	return out, nil
}
