package desk

import (
	"context"
	"database/sql"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
)

// View is a filter and order of a list under a name.
type View struct {
	ID        string // "vew_…"
	List      string // "findings"
	Name      string
	Query     string // of the address, without the place in the list: "state=late"
	Owner     string // "usr_…"
	Shared    bool   // everybody who sees the list sees it
	ChangedAt time.Time
	Removed   time.Time

	entry string // of its newest change
}

const (
	maxViews = 100 // of one person
	maxName  = 60  // letters
)

// content is what the entry of a change commits to.
func (v View) content() (string, error) {
	raw, err := json.Marshal([]any{v.ID, v.List, v.Name, v.Query, v.Owner, v.Shared, !v.Removed.IsZero()})
	return string(raw), err
}

// SaveView keeps a view of p's own (session.manage_own). Kind Conflict where p
// has one of that name for the list.
func (s *Service) SaveView(ctx context.Context, p access.Principal, list, name, query string) (View, error) {
	if err := access.Authorise(p, access.SessionManageOwn); err != nil {
		return View{}, err
	}
	name = strings.Join(strings.Fields(name), " ")
	if n := utf8.RuneCountInString(name); n == 0 || n > maxName || !utf8.ValidString(name) {
		return View{}, fault.New(fault.Invalid, "a view needs a name of at most %d letters", maxName).At("", 0, "name").WithHint("say what it shows: Late and critical")
	}
	query, err := Tidy(query)
	if err != nil {
		return View{}, err
	}
	v := View{ID: ids.New("vew", s.cfg.Clock()), List: list, Name: name, Query: query, Owner: p.UserID}
	err = s.tx(ctx, func(tx *sql.Tx) error {
		have, err := viewsSeenBy(ctx, tx, p.UserID, "")
		if err != nil {
			return err
		}
		own := 0
		for _, h := range have {
			if h.Owner != p.UserID {
				continue
			}
			if own++; own >= maxViews {
				return fault.New(fault.Conflict, "you keep %d views already, and no more are kept", own).At("", 0, "name").WithHint("remove one that you do not need")
			}
			if h.List == list && strings.EqualFold(h.Name, name) {
				return fault.New(fault.Conflict, "a view of this list is called %s already", h.Name).At("", 0, "name").WithHint("give it another name")
			}
		}
		return s.putView(ctx, tx, p, "view.saved", v)
	})
	return v, err
}

// Views gives the views of a list that p sees: own and shared ones, by name.
func (s *Service) Views(ctx context.Context, p access.Principal, list string) ([]View, error) {
	return viewsSeenBy(ctx, s.cfg.DB.Reader(), p.UserID, list)
}

// View gives one that p sees, or kind NotFound.
func (s *Service) View(ctx context.Context, p access.Principal, id string) (View, error) {
	v, err := viewByID(ctx, s.cfg.DB.Reader(), id)
	if err != nil {
		return View{}, err
	}
	return v, seen(p, v)
}

// seen lets nobody learn of another's own view.
func seen(p access.Principal, v View) error {
	if !v.Removed.IsZero() || v.Owner != p.UserID && !v.Shared {
		return fault.New(fault.NotFound, "there is no such view").WithHint("it may have been removed meanwhile")
	}
	return nil
}

// ShareView lets everybody who sees the list see a view, or its owner alone
// again (view.share).
func (s *Service) ShareView(ctx context.Context, p access.Principal, id string, shared bool) (View, error) {
	if err := access.Authorise(p, access.ViewShare); err != nil {
		return View{}, err
	}
	return s.changeView(ctx, p, id, "view.changed", func(v *View) error {
		if v.Shared == shared {
			return fault.New(fault.Conflict, "the view is like this already").WithHint("open the list again to see it")
		}
		v.Shared = shared
		return nil
	})
}

// RemoveView takes a view away: its owner's own, a shared one by whoever may share.
func (s *Service) RemoveView(ctx context.Context, p access.Principal, id string) (View, error) {
	return s.changeView(ctx, p, id, "view.removed", func(v *View) error {
		action := access.SessionManageOwn
		if v.Owner != p.UserID {
			action = access.ViewShare
		}
		v.Removed = s.cfg.Clock()
		return access.Authorise(p, action)
	})
}

func (s *Service) changeView(ctx context.Context, p access.Principal, id, what string, change func(*View) error) (View, error) {
	var v View
	err := s.tx(ctx, func(tx *sql.Tx) (err error) {
		if v, err = viewByID(ctx, tx, id); err != nil {
			return err
		}
		if err := seen(p, v); err != nil {
			return err
		}
		if err := change(&v); err != nil {
			return err
		}
		return s.putView(ctx, tx, p, what, v)
	})
	return v, err
}

func (s *Service) putView(ctx context.Context, tx *sql.Tx, p access.Principal, what string, v View) error {
	content, err := v.content()
	if err != nil {
		return err
	}
	personal := map[string]string{"name": v.Name}
	if v.Query != "" {
		personal["query"] = v.Query
	}
	v.ChangedAt = s.cfg.Clock()
	v.entry, err = s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: what, Stream: stream, Actor: p.UserID, Subject: v.ID,
		Data: map[string]any{"list": v.List, "shared": v.Shared, "digest": digestOf(content)}, Personal: personal})
	if err != nil {
		return err
	}
	return putView(ctx, tx, v)
}

func (s *Service) tx(ctx context.Context, f func(tx *sql.Tx) error) error {
	err := s.cfg.DB.Tx(ctx, f)
	if err == nil {
		s.cfg.Ledger.Wake()
	}
	return err
}
