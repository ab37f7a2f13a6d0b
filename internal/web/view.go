package web

import (
	"net/http"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/operations/desk"
	"github.com/attesta/attesta/internal/web/ui"
)

// path is where the list stands; "" where that depends on what it is about: views
// are kept of lists that stand in one place.
func (l list) path() string {
	_, path, _ := strings.Cut(l.pattern, " ")
	if strings.Contains(path, "{") {
		return ""
	}
	return path
}

// listViews adds the views of a list that the reader sees.
func (s *Site) listViews(r *request, l list, t *ui.ListTools) {
	if l.path() == "" || access.Authorise(r.who, access.SessionManageOwn) != nil {
		return
	}
	views, err := s.cfg.Desk.Views(r.Context(), r.who, l.name)
	if err != nil {
		s.cfg.Logger.WarnContext(r.Context(), "views could not be read", "err", err)
		return
	}
	t.Keeps = true
	share := access.Authorise(r.who, access.ViewShare) == nil
	for _, v := range views {
		t.Views = append(t.Views, ui.SavedView{Name: v.Name, Href: "/views/" + v.ID, Shared: v.Shared, Share: share, Remove: v.Owner == r.who.UserID || share})
	}
}

// shownBy gives the address of a list with a query, and what is wrong with it.
func (s *Site) shownBy(r *request, name, query string) (string, error) {
	l, err := s.listNamed(name)
	if err != nil {
		return "", err
	}
	if err := access.Authorise(r.who, l.action); err != nil {
		return "", err
	}
	address := l.path()
	if query != "" {
		address += "?" + query
	}
	shown, err := s.shownAt(r, l, address)
	if err != nil {
		return address, err
	}
	for _, err := range l.rows(s, shown) { // the first row tells
		return address, err
	}
	return address, nil
}

// openView leads to the list as a view says, or says that its filter no longer fits.
func (s *Site) openView(w http.ResponseWriter, r *request) error {
	v, err := s.cfg.Desk.View(r.Context(), r.who, r.PathValue("id"))
	if err != nil {
		return err
	}
	address, err := s.shownBy(r, v.List, v.Query)
	if k := fault.KindOf(err); err != nil && (k == fault.Invalid || k == fault.NotFound) {
		message, _ := fault.Public(err)
		return fault.New(fault.Invalid, "the view %q no longer fits its list: %s", v.Name, message).WithHint("remove it below the list, and save it again")
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r.Request, address, http.StatusSeeOther)
	return nil
}

// saveView keeps the filter and order that a list shows under a name.
func (s *Site) saveView(w http.ResponseWriter, r *request) error {
	path, query, _ := strings.Cut(r.PostFormValue("address"), "?")
	query, err := desk.Tidy(query)
	if err != nil {
		return err
	}
	for _, l := range s.lists {
		if l.path() == "" || l.path() != path {
			continue
		}
		address, err := s.shownBy(r, l.name, query)
		if err != nil {
			return err
		}
		v, err := s.cfg.Desk.SaveView(r.Context(), r.who, l.name, r.PostFormValue("name"), query)
		if err != nil {
			return err
		}
		s.flash(w, "The view “"+v.Name+"” is kept. It stands below the list.")
		http.Redirect(w, r.Request, address, http.StatusSeeOther)
		return nil
	}
	return fault.New(fault.Invalid, "this is no address of a list").WithHint("open the list again and save it from there")
}

func (s *Site) shareView(w http.ResponseWriter, r *request) error {
	v, err := s.cfg.Desk.ShareView(r.Context(), r.who, r.PathValue("id"), r.PostFormValue("shared") == "yes")
	if err != nil {
		return err
	}
	said := "Only its owner sees the view “" + v.Name + "” again."
	if v.Shared {
		said = "Everybody who sees the list sees the view “" + v.Name + "”."
	}
	return s.afterView(w, r, v, said)
}

func (s *Site) removeView(w http.ResponseWriter, r *request) error {
	v, err := s.cfg.Desk.RemoveView(r.Context(), r.who, r.PathValue("id"))
	if err != nil {
		return err
	}
	return s.afterView(w, r, v, "The view “"+v.Name+"” is gone.")
}

// afterView goes back to the plain list.
func (s *Site) afterView(w http.ResponseWriter, r *request, v desk.View, said string) error {
	l, err := s.listNamed(v.List)
	if err != nil {
		return err
	}
	s.flash(w, said)
	http.Redirect(w, r.Request, l.path(), http.StatusSeeOther)
	return nil
}
