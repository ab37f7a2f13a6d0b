package population

import (
	"context"
	"time"

	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/judge"
)

// Outcomes gives what a check says about its items at the end of the window: an
// item for each attribute and item.
func Outcomes(outcomes *outcome.Service) Source {
	text := &judge.Type{Kind: judge.String}
	return Source{
		Name: "outcomes", Title: "Outcomes of a check", Doc: "What one check says about each of its items.", Subject: "check",
		// What was observed may be on its way for as long as a source may be
		// silent before that counts.
		Settle: 2 * outcomes.Grace(),
		Fields: []judge.Field{
			{Name: "item", Type: text, Doc: "id of the item"},
			{Name: "attribute", Type: text, Doc: "attribute of the check"},
			{Name: "outcome", Type: text, Doc: "pass, fail, error, not_observed, not_applicable, waived"},
			{Name: "last_observed", Type: text, Doc: "of one that is not observed: what was observed last"},
			{Name: "since", Type: text, Doc: "when the outcome became this"},
		},
		Columns: []string{"item", "attribute", "outcome", "since"},
		Dates:   []Date{{Name: "judged", Doc: "the item was judged by the check", Span: true}},
		Read: func(ctx context.Context, r Request) ([]Item, error) {
			rows, _, _, err := outcomes.List(ctx, outcome.Filter{Check: r.Subject}, r.At, "", 0)
			if err != nil {
				return nil, err
			}
			items := make([]Item, 0, len(rows))
			for _, row := range rows {
				a := map[string]any{"item": row.Item, "attribute": row.Attribute, "outcome": string(row.Outcome)}
				if row.Inherited {
					a["last_observed"] = string(row.Stored)
				} else {
					a["since"] = stamp(row.Since)
				}
				// It holds at the end of the window: earlier outcomes are other items.
				items = append(items, Item{ID: row.Item + "/" + row.Attribute, Attributes: a, Dates: map[string][]Span{"judged": {{From: r.At.Valid}}}})
			}
			return items, nil
		},
	}
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }
