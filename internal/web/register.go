package web

import (
	"net/http"
	"net/url"
	"time"

	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// typed is what somebody filled in, and what was wrong with it.
type typed struct {
	values  url.Values
	problem string
	field   string
	form    string // which of several on a page; empty: the only one
}

func (t *typed) out() *screen.Typed {
	if t == nil {
		return nil
	}
	return &screen.Typed{Values: t.values, Problem: t.problem, Field: t.field}
}

// wrongForm makes an error that whoever filled in a form can mend what the form
// says; every other error stays one.
func wrongForm(r *request, err error) (*typed, error) {
	t, err := screen.WrongForm(r.PostForm, err)
	if err != nil {
		return nil, err
	}
	return &typed{values: t.Values, problem: t.Problem, field: t.Field}, nil
}

func (t *typed) fill(f *ui.Form) { t.out().Fill(f) }
func (t *typed) status() int     { return t.out().Status() }

func (r *request) firstMoment(text, field string) (time.Time, error) {
	return screen.FirstMoment(text, field, r.words.zone)
}

// lastMoment reads a day as the first moment after it.
func (r *request) lastMoment(text, field string) (time.Time, error) {
	t, err := r.firstMoment(text, field)
	if err != nil || t.IsZero() {
		return t, err
	}
	return t.AddDate(0, 0, 1), nil
}

// until gives the day that ends at a moment as people read it.
func (r *request) until(t time.Time) string { return r.words.day(t.Add(-time.Microsecond)) }

func listed(text string) []string { return screen.Listed(text) }

// done says what was done and goes on to a page.
func (s *Site) done(w http.ResponseWriter, r *request, text, to string) error {
	s.flash(w, text)
	http.Redirect(w, r.Request, to, http.StatusSeeOther)
	return nil
}

// who gives a user's name, or the id.
func who(names map[string]string, id string) string { return orElse(names[id], id) }
