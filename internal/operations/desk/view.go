package desk

import (
	"context"
	"database/sql"
	"encoding/json"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
)

// View is a filter and sort of a list under a name.
type View struct {
	ID        string // "vew_…"
	List      string // "findings"
	Name      string
	Query     string // of the address: "state=late&sort=due"
	Owner     string // "usr_…"
	Shared    bool
	ChangedAt time.Time

	removed bool
}

const (
	maxViews = 100  // of one person
	maxName  = 60   // letters
	maxQuery = 1000 // bytes
)

// places are parameters that say where in a list somebody is, not what it shows.
var places = []string{"after", "before", "drawer", "view"}

// Tidy gives a query without where in the list somebody was, in one order.
func Tidy(query string) (string, error) {
	q, err := url.ParseQuery(query)
	if err != nil || len(query) > maxQuery {
		return "", fault.New(fault.Invalid, "this filter cannot be kept").At("", 0, "query").WithHint("open the list again and save it from there")
	}
	for _, k := range places {
		q.Del(k)
	}
	for k, vs := range q {
		if strings.Join(vs, "") == "" {
			q.Del(k)
		}
	}
	return q.Encode(), nil
}

func tidyName(name string) (string, error) {
	name = strings.Join(strings.Fields(name), " ")
	switch n := utf8.RuneCountInString(name); {
	case !utf8.ValidString(name):
		return "", fault.New(fault.Invalid, "the name is not UTF-8 text").At("", 0, "name")
	case n == 0:
		return "", fault.New(fault.Invalid, "the view needs a name").At("", 0, "name").WithHint("say what it shows: Late and critical")
	case n > maxName:
		return "", fault.New(fault.Invalid, "the name has %d letters; at most %d are kept", n, maxName).At("", 0, "name")
	}
	return name, nil
}

// Views gives the views of a list that p sees, by name.
func (s *Service) Views(ctx context.Context, p access.Principal, list string) ([]View, error) {
	return viewsOf(ctx, s.cfg.DB.Reader(), list, p.UserID)
}

// Chosen gives the views that p's links lead to, by list.
func (s *Service) Chosen(ctx context.Context, p access.Principal) (map[string]View, error) {
	return chosen(ctx, s.cfg.DB.Reader(), p.UserID)
}

// Save keeps a view (session.manage_own; shared: view.share). Kind Conflict
// where p sees one of that name already.
func (s *Service) Save(ctx context.Context, p access.Principal, v View) (View, error) {
	if err := mayKeep(p, v.Shared); err != nil {
		return View{}, err
	}
	var err error
	if v.Name, err = tidyName(v.Name); err != nil {
		return View{}, err
	}
	if v.Query, err = Tidy(v.Query); err != nil {
		return View{}, err
	}
	now := s.cfg.Clock()
	v.ID, v.Owner, v.ChangedAt, v.removed = ids.New("vew", now), p.UserID, now, false
	err = s.tx(ctx, func(tx *sql.Tx) error {
		if n, err := countViews(ctx, tx, p.UserID); err != nil || n >= maxViews {
			if err == nil {
				err = fault.New(fault.Conflict, "you keep %d views already, and no more are kept", n).At("", 0, "name").WithHint("remove one that you do not need")
			}
			return err
		}
		if err := unused(ctx, tx, p, v); err != nil {
			return err
		}
		return s.putView(ctx, tx, p, "view.saved", v)
	})
	return v, err
}

func mayKeep(p access.Principal, shared bool) error {
	if shared {
		return access.Authorise(p, access.ViewShare)
	}
	return access.Authorise(p, access.SessionManageOwn)
}

// unused refuses a name that somebody would see twice.
func unused(ctx context.Context, tx *sql.Tx, p access.Principal, v View) error {
	have, err := viewsOf(ctx, tx, v.List, p.UserID)
	if err != nil {
		return err
	}
	for _, h := range have {
		if h.ID != v.ID && strings.EqualFold(h.Name, v.Name) {
			return fault.New(fault.Conflict, "a view of this list is called %s already", h.Name).At("", 0, "name").WithHint("give it another name")
		}
	}
	return nil
}

// Change renames a view, shares it, or keeps it for oneself again: by its owner
// (shared: view.share), a shared one by whoever may share.
func (s *Service) Change(ctx context.Context, p access.Principal, id, name string, shared bool) error {
	name, err := tidyName(name)
	if err != nil {
		return err
	}
	return s.edit(ctx, p, id, "view.changed", func(tx *sql.Tx, v *View) error {
		if v.Name == name && v.Shared == shared {
			return fault.New(fault.Conflict, "the view is like this already").At("", 0, "name")
		}
		if err := mayKeep(p, shared); err != nil {
			return err
		}
		v.Name, v.Shared = name, shared
		return unused(ctx, tx, p, *v)
	})
}

// Remove takes a view away, by whoever may change it.
func (s *Service) Remove(ctx context.Context, p access.Principal, id string) error {
	return s.edit(ctx, p, id, "view.removed", func(_ *sql.Tx, v *View) error {
		v.removed = true
		return nil
	})
}

func (s *Service) edit(ctx context.Context, p access.Principal, id, what string, change func(*sql.Tx, *View) error) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		v, err := viewByID(ctx, tx, id)
		if err != nil {
			return err
		}
		if v.Owner != p.UserID && !v.Shared { // nobody learns of another's own view
			return fault.New(fault.NotFound, "there is no such view").WithHint("it may have been removed meanwhile")
		}
		if err := mayKeep(p, v.Shared); err != nil {
			return err
		}
		if err := change(tx, &v); err != nil {
			return err
		}
		v.ChangedAt = s.cfg.Clock()
		return s.putView(ctx, tx, p, what, v)
	})
}

// Choose makes a view the one that p's links to its list lead to; "" gives the
// plain list again.
func (s *Service) Choose(ctx context.Context, p access.Principal, list, id string) error {
	if err := access.Authorise(p, access.SessionManageOwn); err != nil {
		return err
	}
	return s.tx(ctx, func(tx *sql.Tx) error {
		if id != "" {
			v, err := viewByID(ctx, tx, id)
			if err != nil {
				return err
			}
			if v.List != list || v.Owner != p.UserID && !v.Shared {
				return fault.New(fault.NotFound, "there is no such view of this list")
			}
		}
		if _, err := s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "view.chosen", Stream: stream, Actor: p.UserID, Subject: "list/" + list, Data: map[string]any{"view": id}}); err != nil {
			return err
		}
		return choose(ctx, tx, p.UserID, list, id)
	})
}

// viewContent is what the entry of a change commits to.
type viewContent struct {
	List    string `json:"list"`
	Name    string `json:"name"`
	Query   string `json:"query"`
	Owner   string `json:"owner"`
	Shared  bool   `json:"shared"`
	Removed bool   `json:"removed"`
}

func (v View) content() (string, error) {
	raw, err := json.Marshal(viewContent{v.List, v.Name, v.Query, v.Owner, v.Shared, v.removed})
	return string(raw), err
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
	entry, err := s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: what, Stream: stream, Actor: p.UserID, Subject: v.ID,
		Data: map[string]any{"list": v.List, "shared": v.Shared, "digest": digestOf(content)}, Personal: personal})
	if err != nil {
		return err
	}
	if err := putView(ctx, tx, v); err != nil {
		return err
	}
	return addViewChange(ctx, tx, entry, v.ID, content)
}

func (s *Service) tx(ctx context.Context, f func(tx *sql.Tx) error) error {
	err := s.cfg.DB.Tx(ctx, f)
	if err == nil {
		s.cfg.Ledger.Wake()
	}
	return err
}
