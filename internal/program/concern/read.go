package concern

import (
	"context"
	"database/sql"
	"slices"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
)

// Recipient reports whether p is named, or was and still reads something.
func (s *Service) Recipient(ctx context.Context, p access.Principal) (bool, error) {
	if access.Authorise(p, access.ConcernExamine) != nil {
		return false, nil
	}
	set, _, err := s.settings(ctx, s.cfg.DB.Reader())
	if err != nil || slices.Contains(set.Recipients, p.UserID) {
		return err == nil, err
	}
	mine, err := s.read(ctx, p.UserID)
	return len(mine) > 0, err
}

// read gives the concerns that are addressed to a user and whose day is over.
func (s *Service) read(ctx context.Context, user string) ([]Concern, error) {
	today, err := s.Today(ctx)
	if err != nil {
		return nil, err
	}
	q := s.cfg.DB.Reader()
	rows, err := rowsOf(ctx, q, `WHERE entry_id <> ''`)
	if err != nil {
		return nil, err
	}
	words, err := wordsOf(ctx, q, "")
	if err != nil {
		return nil, err
	}
	by := map[string][]wordRow{}
	for _, w := range words {
		by[w.concern] = append(by[w.concern], w)
	}
	out := []Concern{}
	for _, r := range rows {
		c, err := s.open(r, by[r.id], today)
		if err != nil {
			return nil, err
		}
		if user == "" || slices.Contains(c.To, user) {
			out = append(out, c)
		}
	}
	return out, nil
}

// List gives the concerns that p may read, the newest day first (concern.examine).
// One whose texts are erased is addressed to nobody any more.
func (s *Service) List(ctx context.Context, p access.Principal) ([]Concern, error) {
	if err := access.Authorise(p, access.ConcernExamine); err != nil {
		return nil, err
	}
	if p.UserID == "" || p.IsSystem() {
		return nil, fault.New(fault.Forbidden, "a named recipient reads concerns, not the program")
	}
	return s.read(ctx, p.UserID)
}

// Get gives a concern that p may read. Of any other it says that there is none.
func (s *Service) Get(ctx context.Context, p access.Principal, id string) (Concern, error) {
	all, err := s.List(ctx, p)
	if err != nil {
		return Concern{}, err
	}
	i := slices.IndexFunc(all, func(c Concern) bool { return c.ID == id })
	if i < 0 {
		return Concern{}, fault.New(fault.NotFound, "there is no such concern")
	}
	return all[i], nil
}

// act does something to a concern that p may read.
func (s *Service) act(ctx context.Context, p access.Principal, id string, do func(tx *sql.Tx, r *row, c *Concern, today Day) error) error {
	if _, err := s.Get(ctx, p, id); err != nil {
		return err
	}
	today, err := s.Today(ctx)
	if err != nil {
		return err
	}
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		rows, err := rowsOf(ctx, tx, `WHERE id = $1`, id)
		if err != nil || len(rows) == 0 {
			return err
		}
		r := rows[0]
		words, err := wordsOf(ctx, tx, `WHERE concern_id = $1`, id)
		if err != nil {
			return err
		}
		c, err := s.open(r, words, today)
		if err != nil {
			return err
		}
		if r.state == Closed {
			return fault.New(fault.Conflict, "this concern is closed")
		}
		if err := do(tx, &r, &c, today); err != nil {
			return err
		}
		return update(ctx, tx, r)
	})
}

// Take says that p examines a concern (concern.examine).
func (s *Service) Take(ctx context.Context, p access.Principal, id string) error {
	return s.act(ctx, p, id, func(tx *sql.Tx, r *row, _ *Concern, today Day) error {
		if r.state != Received {
			return fault.New(fault.Conflict, "it is being examined already")
		}
		r.state = Examined
		_, err := s.say(ctx, tx, *r, wordRow{kind: "taken", by: p.UserID, day: today}, "")
		return err
	})
}

// Write answers whoever reported it; a note is for recipients alone
// (concern.examine).
func (s *Service) Write(ctx context.Context, p access.Principal, id, text string, note bool) error {
	if text = tidy(text); sound("text", "the text", text, 2) != nil {
		return sound("text", "the text", text, 2)
	}
	return s.act(ctx, p, id, func(tx *sql.Tx, r *row, _ *Concern, today Day) error {
		w := wordRow{kind: "message", by: p.UserID, day: today}
		if note {
			w.kind = "note"
		}
		_, err := s.say(ctx, tx, *r, w, text)
		return err
	})
}

// HandOver lets another recipient, by id or login, read a concern (concern.examine).
func (s *Service) HandOver(ctx context.Context, p access.Principal, id, to string) error {
	able, err := s.cfg.Access.Able(ctx, access.ConcernExamine)
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(able, func(u access.User) bool { return u.ID == to || u.Login == to }); i >= 0 {
		to = able[i].ID
	} else {
		return bad("to", "say who may read it too").WithHint("somebody whose role may be a recipient; think of whom the report is about")
	}
	return s.act(ctx, p, id, func(tx *sql.Tx, r *row, c *Concern, today Day) error {
		if slices.Contains(c.To, to) {
			return fault.New(fault.Conflict, "they read it already")
		}
		if len(c.To) >= maxTo {
			return fault.New(fault.Conflict, "%d people read it already", len(c.To))
		}
		_, err := s.say(ctx, tx, *r, wordRow{kind: "handed", by: p.UserID, day: today}, to)
		return err
	})
}

// Close ends a concern with an outcome and what whoever reported it is told
// (concern.examine).
func (s *Service) Close(ctx context.Context, p access.Principal, id, outcome, text string) error {
	if text = tidy(text); Outcome(outcome) == "" {
		return bad("outcome", "say what came of it")
	}
	if err := sound("text", "what whoever reported it is told", text, 20); err != nil {
		return err
	}
	return s.act(ctx, p, id, func(tx *sql.Tx, r *row, _ *Concern, today Day) error {
		if r.state != Examined {
			return fault.New(fault.Conflict, "nobody has taken it on yet").WithHint("take it on, examine it, then close it")
		}
		r.state, r.outcome, r.closed = Closed, outcome, today
		_, err := s.say(ctx, tx, *r, wordRow{kind: "closed", by: p.UserID, day: today}, text)
		return err
	})
}

// Readers gives who may read the concern that a ledger entry says was received. It
// is for notices.
func (s *Service) Readers(ctx context.Context, entry string) (id string, users []string, err error) {
	rows, err := rowsOf(ctx, s.cfg.DB.Reader(), `WHERE entry_id = $1`, entry)
	if err != nil || len(rows) == 0 {
		return "", nil, err
	}
	c, err := s.open(rows[0], nil, 0)
	return c.ID, c.To, err
}

// Waiting gives the concerns that are not closed, for notices.
func (s *Service) Waiting(ctx context.Context) (all []Concern, today Day, err error) {
	if today, err = s.Today(ctx); err != nil {
		return nil, 0, err
	}
	if all, err = s.read(ctx, ""); err != nil {
		return nil, 0, err
	}
	return slices.DeleteFunc(all, func(c Concern) bool { return c.State == Closed }), today, nil
}
