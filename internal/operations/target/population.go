package target

import (
	"context"
	"time"

	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/judge"
)

// PopulationSource gives failures of targets to populations.
func (s *Service) PopulationSource() population.Source {
	text, whole := &judge.Type{Kind: judge.String}, &judge.Type{Kind: judge.Int}
	return population.Source{
		Name: "target-failures", Title: "Failures of targets", Doc: "Servers behind HAProxy that were down, with how each failure ended.",
		Fields: []judge.Field{
			{Name: "target", Type: text, Doc: "backend and name"}, {Name: "host", Type: text, Doc: "host of the load balancer"}, {Name: "address", Type: text, Doc: "address that failed"},
			{Name: "why", Type: text, Doc: "words of the check"}, {Name: "down", Type: text, Doc: "when it went down"}, {Name: "ended", Type: text, Doc: "when it was up, replaced or gone"},
			{Name: "how", Type: text, Doc: "recovered, replaced, removed; open while it is down"}, {Name: "by", Type: text, Doc: "address that took its place"},
			{Name: "seconds", Type: whole, Doc: "how long it was down, of one that ended"}, {Name: "unseen", Type: whole, Doc: "times between two readings, of which only the number is known"},
		},
		Columns: []string{"target", "host", "address", "down", "ended", "how", "by", "seconds"},
		Dates:   []population.Date{{Name: "down", Doc: "the target was down", Span: true}, {Name: "went_down", Doc: "the target went down"}},
		Read:    s.items,
	}
}

func (s *Service) items(ctx context.Context, r population.Request) ([]population.Item, error) {
	upTo := s.cfg.Clock()
	if !r.At.Valid.IsZero() && r.At.Valid.Before(upTo) {
		upTo = r.At.Valid
	}
	_, failures, err := s.at(ctx, upTo, r.At.Known)
	if err != nil {
		return nil, err
	}
	items := []population.Item{}
	for i := range failures {
		f := &failures[i]
		a := map[string]any{"target": f.Backend + "/" + f.Target, "host": f.HostName, "address": f.Address, "why": f.Why, "down": f.Down.UTC().Format(time.RFC3339), "how": "open", "by": f.By, "unseen": f.Unseen}
		if !f.Open() {
			a["how"], a["ended"], a["seconds"] = f.How, f.Ended.UTC().Format(time.RFC3339), int64(f.Lasted(upTo)/time.Second)
		}
		items = append(items, population.Item{ID: f.ID, Attributes: a, Dates: map[string][]population.Span{"down": {{From: f.Down, To: f.Ended}}, "went_down": {{From: f.Down, To: f.Down}}}})
	}
	return items, nil
}
