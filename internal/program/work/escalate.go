package work

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
)

// Patience is how long something may be overdue before whoever is above hears
// of it.
const Patience = 7 * 24 * time.Hour

// Escalation is that somebody above was told of an item that stayed undone.
type Escalation struct {
	ID    string    `json:"id"`           // esc_…
	Item  string    `json:"item"`         // of Item.ID
	Due   time.Time `json:"due"`          // that went by
	To    string    `json:"to,omitempty"` // usr_…; "": whoever answers for the programme
	At    time.Time `json:"at"`
	Entry string    `json:"entry"`
	What  Item      `json:"-"`
}

// Escalate tells managers, or whoever answers for the programme, of what has been
// overdue for longer than Patience: once for each item and day that it was due.
// It gives how many it told of. A job calls it.
func (s *Service) Escalate(ctx context.Context) (int, error) {
	shared, err := s.gather(ctx)
	if err != nil {
		return 0, err
	}
	now := s.cfg.Clock()
	due, err := escalations(ctx, s.cfg.DB.Reader())
	if err != nil {
		return 0, err
	}
	told := map[string]bool{}
	for _, e := range due {
		told[e.Item+" "+e.Due.String()] = true
	}
	var fresh []Escalation
	for i := range shared.items {
		x := &shared.items[i]
		if !x.Late(now) || now.Sub(x.Due) < Patience || x.Asleep.After(now) || told[x.ID()+" "+x.Due.UTC().String()] {
			continue
		}
		e := Escalation{Item: x.ID(), Due: x.Due.UTC(), What: *x}
		if x.Owner != "" && s.cfg.Manager != nil {
			if e.To, err = s.cfg.Manager(ctx, x.Owner); err != nil {
				return 0, fmt.Errorf("find whose manager hears of %s: %w", e.Item, err)
			}
		}
		if e.To == x.Owner {
			e.To = ""
		}
		fresh = append(fresh, e)
	}
	for i := range fresh {
		e := &fresh[i]
		err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
			e.ID, e.At = ids.New("esc", now), now
			var err error
			data := map[string]any{"id": e.ID, "item": e.Item, "due": e.Due}
			if e.To != "" {
				data["to"] = e.To
			}
			if e.Entry, err = s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "work.escalated", Stream: "system", Actor: access.System().UserID, Subject: e.Item, Data: data}); err != nil {
				return fmt.Errorf("record an escalation: %w", err)
			}
			return insertEscalation(ctx, tx, *e)
		})
		if err != nil {
			return 0, err
		}
	}
	if len(fresh) == 0 || s.cfg.Tell == nil {
		return len(fresh), nil
	}
	return len(fresh), s.cfg.Tell(ctx, fresh)
}

// Keep is Escalate, for a job.
func (s *Service) Keep(ctx context.Context) error {
	_, err := s.Escalate(ctx)
	return err
}

// Escalations gives what was told above, newest first, at most a hundred
// (people.read).
func (s *Service) Escalations(ctx context.Context, p access.Principal) ([]Escalation, error) {
	if err := access.Authorise(p, access.PeopleRead); err != nil {
		return nil, err
	}
	all, err := escalations(ctx, s.cfg.DB.Reader())
	return all[:min(len(all), 100)], err
}
