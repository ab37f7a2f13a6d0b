package notify

import (
	"context"
	"fmt"

	"github.com/attesta/attesta/internal/base/ledger"
)

// concern tells those who may read a concern that it was received, and nothing of
// what it says. It was written to the ledger once its day was over.
func (a About) concern(ctx context.Context, rec ledger.Record) ([]Happening, error) {
	if a.Concerns == nil {
		return nil, nil
	}
	id, users, err := a.Concerns.Readers(ctx, rec.ID)
	if err != nil || len(users) == 0 {
		return nil, err
	}
	return []Happening{{Kind: "concern.received", Key: "concern.received " + id, Object: id, Ref: "concern", Title: "A concern was received", Link: "/concerns/received/" + id, Users: users}}, nil
}

// concernsDue gives concerns to which somebody added, and those whose answer or
// outcome is due within two days or late.
func (a About) concernsDue(ctx context.Context) ([]Happening, error) {
	if a.Concerns == nil {
		return nil, nil
	}
	open, today, err := a.Concerns.Waiting(ctx)
	if err != nil {
		return nil, err
	}
	var all []Happening
	for _, c := range open {
		h := Happening{Kind: "concern.due", Object: c.ID, Ref: "concern", Link: "/concerns/received/" + c.ID, Users: c.To}
		if c.Asks() {
			h.Key, h.Title = fmt.Sprintf("concern.added %s %d", c.ID, c.Words[len(c.Words)-1].Seq), "Something was added to a concern"
			all = append(all, h)
		}
		if what, by := c.Due(); by-today <= 2 {
			h.Urgent = by < today
			h.Key, h.Title = fmt.Sprintf("concern.due %s %s %v", c.ID, by, h.Urgent), fmt.Sprintf("A concern needs %s by %s", what, by.Time().Format("2 Jan 2006"))
			all = append(all, h)
		}
	}
	return all, nil
}
