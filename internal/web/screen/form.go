package screen

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/web/ui"
)

// PageSize is how many rows a list shows at once.
const PageSize = 50

// DateLayout is how a day is typed.
const DateLayout = "2006-01-02"

// Typed is what somebody filled in, and what was wrong with it. Nil is a form that
// nobody has sent yet.
type Typed struct {
	Values  url.Values
	Problem string
	Field   string // "" where the problem is of no one field
}

// WrongForm makes an error that whoever filled in a form can mend what the form
// says; every other error stays one.
func (r *Request) WrongForm(err error) (*Typed, error) { return WrongForm(r.PostForm, err) }

// WrongForm is Request.WrongForm with the values that were sent.
func WrongForm(values url.Values, err error) (*Typed, error) {
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != fault.Invalid && f.Kind != fault.Conflict {
		return nil, err
	}
	t := &Typed{Values: values, Problem: Sentence(f.Message), Field: f.Field}
	if f.Hint != "" {
		t.Problem += " " + Sentence(f.Hint)
	}
	return t, nil
}

// Fill puts what was typed, and what was wrong, into a form's fields. A problem
// of no field stands above them.
func (t *Typed) Fill(f *ui.Form) {
	if t == nil {
		return
	}
	f.Open, f.Problem = true, t.Problem
	for i := range f.Fields {
		x := &f.Fields[i]
		if x.Kind != "hidden" && x.Kind != "password" {
			x.Value = t.Values.Get(x.Name)
		}
		for j := range x.Options {
			x.Options[j].Selected = x.Options[j].Value == t.Values.Get(x.Name) || x.Kind == "many" && slices.Contains(t.Values[x.Name], x.Options[j].Value)
		}
		if x.Name == t.Field {
			x.Problem, f.Problem = t.Problem, ""
		}
	}
}

// Status is that of a page with a form.
func (t *Typed) Status() int {
	if t == nil {
		return http.StatusOK
	}
	return http.StatusUnprocessableEntity
}

// FirstMoment reads a day as its first moment in the organisation's zone; "" is
// the zero time.
func (r *Request) FirstMoment(text, field string) (time.Time, error) {
	return FirstMoment(text, field, r.Words.Zone)
}

// FirstMoment is Request.FirstMoment in a zone.
func FirstMoment(text, field string, zone *time.Location) (time.Time, error) {
	if text = strings.TrimSpace(text); text == "" {
		return time.Time{}, nil
	}
	t, err := time.ParseInLocation(DateLayout, text, zone)
	if err != nil {
		return time.Time{}, fault.Wrap(fault.Invalid, err, "%q is no day", text).At("", 0, field).WithHint("write it as 2026-09-30")
	}
	return t, nil
}

// LastMoment reads a day as the first moment after it.
func (r *Request) LastMoment(text, field string) (time.Time, error) {
	t, err := r.FirstMoment(text, field)
	if err != nil || t.IsZero() {
		return t, err
	}
	return t.AddDate(0, 0, 1), nil
}

// Listed reads a text field as words, one on a line or between commas.
func Listed(text string) []string {
	return strings.FieldsFunc(text, func(c rune) bool { return c == '\n' || c == '\r' || c == ',' })
}

// With gives an address with some parameters set, or removed where empty.
func With(q url.Values, path string, pairs ...string) string {
	out := url.Values{}
	for k, vs := range q {
		out[k] = slices.Clone(vs)
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			out.Del(pairs[i])
		} else {
			out.Set(pairs[i], pairs[i+1])
		}
	}
	if len(out) == 0 {
		return path
	}
	return path + "?" + out.Encode()
}

// Hidden gives a hidden field where it has a value.
func Hidden(name, value string) []ui.Link {
	if value == "" {
		return nil
	}
	return []ui.Link{{Text: name, Href: value}}
}

// Pager says how much of a list is shown; next is the cursor "after" of its next
// page, "" on the last.
func Pager(shown int, total int64, q url.Values, path, next string) ui.Pager {
	p := ui.Pager{Text: fmt.Sprintf("%s of %s shown", ui.Number(shown), ui.Number(total))}
	if next != "" {
		p.Next = With(q, path, "after", next)
	}
	if q.Get("after") != "" {
		p.First = With(q, path, "after", "")
	}
	return p
}

// EntryLink leads to an entry of the ledger; index is negative where it has no
// position yet.
func EntryLink(id string, index int64) ui.Link {
	if id == "" {
		return ui.Link{}
	}
	if index < 0 {
		return ui.Link{Text: IndexWords(index), Href: "/ledger/" + id}
	}
	return ui.Link{Text: IndexWords(index), Href: "/ledger/" + strconv.FormatInt(index, 10)}
}

// Who gives a user's name, or the id.
func Who(names map[string]string, id string) string { return OrElse(names[id], id) }
