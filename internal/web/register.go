package web

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/web/ui"
)

// typed is what somebody typed into a form, and what was wrong with it.
type typed struct {
	values  url.Values
	problem string
	field   string
}

// wrongForm makes an error that whoever filled in a form can mend what the form
// says; every other error stays one.
func wrongForm(r *request, err error) (*typed, error) {
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != fault.Invalid && f.Kind != fault.Conflict {
		return nil, err
	}
	t := &typed{values: r.PostForm, problem: sentence(f.Message), field: f.Field}
	if f.Hint != "" {
		t.problem += " " + sentence(f.Hint)
	}
	return t, nil
}

// fill puts what was typed, and what was wrong, into a form's fields. A problem
// of no field stands above them.
func (t *typed) fill(f *ui.Form) {
	if t == nil {
		return
	}
	f.Open, f.Problem = true, t.problem
	for i := range f.Fields {
		x := &f.Fields[i]
		if x.Kind != "hidden" {
			x.Value = t.values.Get(x.Name)
		}
		for j := range x.Options {
			x.Options[j].Selected = x.Options[j].Value == t.values.Get(x.Name)
		}
		if x.Name == t.field {
			x.Problem, f.Problem = t.problem, ""
		}
	}
}

// status is that of a page with a form.
func (t *typed) status() int {
	if t == nil {
		return http.StatusOK
	}
	return http.StatusUnprocessableEntity
}

// firstMoment reads a day as its first moment in the organisation's zone; "" is
// the zero time.
func (r *request) firstMoment(text, field string) (time.Time, error) {
	if text = strings.TrimSpace(text); text == "" {
		return time.Time{}, nil
	}
	t, err := time.ParseInLocation(dateLayout, text, r.words.zone)
	if err != nil {
		return time.Time{}, fault.Wrap(fault.Invalid, err, "%q is no day", text).At("", 0, field).WithHint("write it as 2026-09-30")
	}
	return t, nil
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

// listed reads a text field as words, one on a line or between commas.
func listed(text string) []string {
	return strings.FieldsFunc(text, func(c rune) bool { return c == '\n' || c == '\r' || c == ',' })
}

// done says what was done and goes on to a page.
func (s *Site) done(w http.ResponseWriter, r *request, text, to string) error {
	s.flash(w, text)
	http.Redirect(w, r.Request, to, http.StatusSeeOther)
	return nil
}

// who gives a user's name, or the id.
func who(names map[string]string, id string) string { return orElse(names[id], id) }
