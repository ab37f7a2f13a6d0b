package badge

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/journal"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/judge"
)

// Sources gives badges' changes to populations.
func (s *Service) Sources() []population.Source {
	text := &judge.Type{Kind: judge.String}
	field := func(name, doc string) judge.Field { return judge.Field{Name: name, Type: text, Doc: doc} }
	return []population.Source{{Name: "badge-changes", Title: "Changes of badges", Doc: "What changed at badges from one list of a badge system to the next: issued, activated, deactivated, removed, other holder, other zones.",
		Fields: []judge.Field{field("card", "number of the badge"), field("system", "badge system"), field("kind", "issued, activated, deactivated, removed, holder, zones"), field("holder", "holder after the change, or before where the badge went"),
			field("mail", "their mail address"), field("zones_before", "what it opened"), field("zones_after", "what it opens"), field("list", "number of the list that shows it"), field("at", "when the list was taken")},
		Columns: []string{"card", "system", "kind", "holder", "zones_before", "zones_after", "list", "at"},
		Dates:   []population.Date{{Name: "changed", Doc: "the list that shows the change was taken: the change itself lies between the list before and it"}},
		Read:    s.changeItems}}
}

func (s *Service) changeItems(ctx context.Context, r population.Request) ([]population.Item, error) {
	valid := s.now()
	if !r.At.Valid.IsZero() {
		valid = r.At.Valid.Add(-time.Microsecond)
	}
	lists, err := s.lists.At(ctx, valid, r.At.Known)
	if err != nil {
		return nil, err
	}
	known := map[string]*ListObject{}
	for i := range lists {
		if lists[i].Content.State == Taken {
			known[lists[i].ID] = &lists[i]
		}
	}
	systems, _, err := s.systems.List(ctx, journal.Filter{})
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, o := range systems {
		names[o.ID] = o.Content.Name
	}
	f := changeFilter{from: r.From, to: r.To}
	if !r.From.Before(r.To) { // an instant: everything up to it
		f.from = time.Time{}
	}
	changes, err := changesOf(ctx, s.reader(), f)
	if err != nil {
		return nil, err
	}
	out := []population.Item{}
	for i := range changes {
		c := &changes[i]
		l := known[c.List]
		if l == nil {
			continue
		}
		h := c.After
		if h == nil {
			h = c.Before
		}
		zones := func(h *Holder) string {
			if h == nil {
				return ""
			}
			return strings.Join(h.Zones, ", ")
		}
		out = append(out, population.Item{ID: fmt.Sprintf("%s.%d", c.List, c.Seq), Dates: map[string][]population.Span{"changed": {{From: c.At, To: c.At}}},
			Attributes: map[string]any{"card": c.Number, "system": names[l.Content.System], "kind": c.Kind, "holder": whose(h), "mail": h.Mail, "zones_before": zones(c.Before), "zones_after": zones(c.After), "list": l.Ref, "at": c.At.UTC().Format(time.RFC3339)}})
	}
	return out, nil
}
