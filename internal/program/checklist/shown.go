package checklist

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
)

// by gives which records show an item; "" where a person says that it is done:
// whoever has no account here leaves no records.
func (s *Service) by(it *Item) string {
	if s.cfg.Shown == nil || it.user == "" {
		return ""
	}
	i := slices.IndexFunc(s.cfg.Book.Templates, func(t Template) bool { return t.ID == it.Template })
	if i < 0 {
		return ""
	}
	return s.cfg.Book.Templates[i].Shown
}

// ByRecords reports whether records here close an item, and nobody's word does.
func (s *Service) ByRecords(it *Item) bool { return s.by(it) != "" }

// Missing says what the records lack that show an item; "" where a person may say
// that it is done.
func (s *Service) Missing(ctx context.Context, it *Item) (string, error) {
	by := s.by(it)
	if by == "" || it.State != Open {
		return "", nil
	}
	got, err := s.cfg.Shown(ctx, it.user, by)
	if got.Done {
		got.Text = "nothing: it is closed by itself within ten minutes"
	}
	return got.Text, err
}

// Settle closes the open items that records here show to be done.
func (s *Service) Settle(ctx context.Context) error {
	all, err := openItems(ctx, s.cfg.DB.Reader(), "")
	if err != nil {
		return err
	}
	n := 0
	for i := range all {
		it := &all[i]
		by := s.by(it)
		if by == "" {
			continue
		}
		got, err := s.cfg.Shown(ctx, it.user, by)
		if err != nil {
			return fmt.Errorf("look for what shows that %s is done: %w", it.ID, err)
		}
		if !got.Done {
			continue
		}
		err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
			now, err := itemByID(ctx, tx, it.ID)
			if err != nil || now.State != Open {
				return err // somebody was faster
			}
			now.State, now.DoneAt, now.Day, now.Reason = Done, s.cfg.Clock(), got.Day, got.Text
			now.Entry, err = s.cfg.Record(ctx, tx, access.System(), now.Person, "item_done", now.DoneAt, map[string]any{"item": now.ID, "template": now.Template, "list": now.List, "run": now.Run, "alone": false, "day": now.Day, "shown_by": by},
				map[string]string{"reason": now.Reason})
			if err != nil {
				return err
			}
			return updateItem(ctx, tx, now)
		})
		if err != nil {
			return err
		}
		n++
	}
	if n > 0 {
		s.cfg.Wake()
	}
	return nil
}

// byWord refuses a person's word for what records show.
func (s *Service) byWord(it *Item, state string) error {
	if by := s.by(it); by != "" && state == Done {
		return fault.New(fault.Conflict, "nobody says that this is done: it is closed by what is recorded here (%s)", by).At("", 0, "day").WithHint("it closes by itself within ten minutes after that; say that it is not applicable where it never will")
	}
	return nil
}
