package web

import (
	"net/http"
	"slices"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/operations/bulk"
	"github.com/attesta/attesta/internal/operations/desk"
	"github.com/attesta/attesta/internal/web/ui"
)

// chosen makes a list one whose lines something can be done to at once; id is
// that of a row.
func chosen[T any](l list, read pages[T], id func(T) string) list {
	l.ids = func(s *Site, r *request, most int) (all []string, err error) {
		for after, first := "", true; first || after != ""; first = false {
			var rows []T
			if rows, after, err = read(s, r, after); err != nil {
				return nil, err
			}
			for _, x := range rows {
				all = append(all, id(x))
			}
			if len(all) > most {
				return all, nil
			}
		}
		return all, nil
	}
	return l
}

// kinds gives what the reader may do to many lines of a list, in the present.
func (s *Site) kinds(r *request, list string) []bulk.Kind {
	if access.Authorise(r.who, access.BulkAct) != nil || r.period.past() || r.period.problem != "" {
		return nil
	}
	return slices.DeleteFunc(s.cfg.Bulk.Kinds(list), func(k bulk.Kind) bool { return access.Authorise(r.who, k.Action) != nil })
}

// bulkBar is what chooses lines of a list and what to do with them; nil where the
// reader may do nothing to many.
func (s *Site) bulkBar(r *request, l list) *ui.BulkBar {
	if l.ids == nil {
		return nil
	}
	var bar *ui.BulkBar
	for _, k := range s.kinds(r, l.name) {
		if bar == nil {
			bar = &ui.BulkBar{Matching: r.matching}
		}
		bar.Kinds = append(bar.Kinds, ui.Option{Value: k.Name, Text: k.Title})
	}
	return bar
}

// pick gives the id of a line that can be marked, or nothing.
func (s *Site) pick(r *request, list, id string) string {
	if len(s.kinds(r, list)) == 0 {
		return ""
	}
	return id
}

// chooseMany takes the lines that are marked on a list, or all that match its
// filter, and goes on to what is asked of them or to the preview.
func (s *Site) chooseMany(w http.ResponseWriter, r *request) error {
	k, err := s.cfg.Bulk.Kind(r.PostFormValue("kind"))
	if err != nil {
		return err
	}
	l, err := s.listNamed(k.List)
	if err != nil {
		return err
	}
	for _, a := range []access.Action{l.action, k.Action} {
		if err := access.Authorise(r.who, a); err != nil {
			return err
		}
	}
	shown, err := s.shownAt(r, l, r.PostFormValue("address"))
	if err != nil {
		return err
	}
	if shown.period.past() || shown.period.problem != "" {
		return fault.New(fault.Invalid, "the list shows the past, which nobody changes").WithHint("go back to today with the period picker")
	}
	items := slices.Concat(r.PostForm["item"], r.PostForm["host"])
	if r.PostFormValue("which") == "all" {
		if items, err = l.ids(s, shown, bulk.Most); err != nil {
			return err
		}
	}
	address := l.path()
	query, err := desk.Tidy(shown.URL.RawQuery)
	if err != nil {
		return err
	}
	if query != "" {
		address += "?" + query
	}
	b, err := s.cfg.Bulk.Choose(r.Context(), r.who, k.Name, items, address)
	if err == nil && !k.Before {
		_, err = s.cfg.Bulk.Preview(r.Context(), r.who, b.ID, nil)
	}
	if fault.Is(err, fault.Invalid) { // nothing is marked, or too much: the list says so
		t, err := wrongForm(r, err)
		if err != nil {
			return err
		}
		return s.done(w, r, t.problem, address)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r.Request, "/bulk/"+b.ID, http.StatusSeeOther)
	return nil
}
