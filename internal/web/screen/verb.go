package screen

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/web/ui"
)

// Verb is one thing that a form of a page does.
type Verb struct {
	Name   string // last part of its address
	Action access.Action
	Button string
	Open   string // the summary that the form stands behind
	Note   string
	Danger bool
	Fields []ui.Field
}

// Form gives the form of a verb of the page at a path; an empty one for who may not.
func (v Verb) Form(r *Request, path string) ui.Form {
	if !r.May(v.Action) || slices.ContainsFunc(v.Fields, func(f ui.Field) bool { return f.Kind == "select" && len(f.Options) == 0 }) {
		return ui.Form{}
	}
	return ui.Form{ID: v.Name, Action: path + "/" + v.Name, Summary: v.Open, Note: v.Note, Button: v.Button, Danger: v.Danger, Quiet: !v.Danger, Fields: slices.Clone(v.Fields)}
}

// Forms gives the forms of some verbs, without those that nobody may; which is the
// one that was wrong, with what was typed there.
func Forms(r *Request, path, which string, t *Typed, verbs ...Verb) []ui.Form {
	var out []ui.Form
	for _, v := range verbs {
		f := v.Form(r, path)
		if f.Action == "" {
			continue
		}
		if v.Name == which {
			t.Fill(&f)
		}
		out = append(out, f)
	}
	return out
}

// Options makes the options of a select of values and texts.
func Options(chosen string, pairs ...[2]string) []ui.Option {
	var out []ui.Option
	for _, p := range pairs {
		out = append(out, ui.Option{Value: p[0], Text: p[1], Selected: p[0] == chosen})
	}
	return out
}

// Choice is a field of one choice.
func Choice(name, label, hint, chosen string, pairs ...[2]string) ui.Field {
	return ui.Field{Name: name, Label: label, Hint: hint, Kind: "select", Options: Options(chosen, pairs...)}
}

// DayField is a field of a day that must be filled in.
func DayField(name, label, hint string) ui.Field {
	return ui.Field{Name: name, Label: label, Hint: hint, Kind: "date", Must: true}
}

// DayOrNone is a field of a day that may stay empty.
func DayOrNone(name, label, hint string) ui.Field {
	f := DayField(name, label, hint)
	f.Must = false
	return f
}

// LongField is a field of several lines.
func LongField(name, label, hint string, must bool) ui.Field {
	return ui.Field{Name: name, Label: label, Hint: hint, Kind: "long", Must: must}
}

// Compensated asks on a form what stands in for a second person, of who did before
// what they now approve, where nobody else may.
func Compensated(r *Request, f *ui.Form, author string, a access.Action, alone func(a access.Action) (bool, error)) error {
	if r.Who.UserID != author {
		return nil
	}
	yes, err := alone(a)
	if err != nil {
		return err
	}
	if !yes {
		*f = ui.Form{}
		return nil
	}
	f.Fields = append(f.Fields, LongField("compensation", "What stands in for a second person?", "Nobody else may do this, and you did what comes before it. For example: who from outside looks at it, and when.", true))
	return nil
}

// CutPage gives the rows of a page after a cursor.
func CutPage[T any](r *http.Request, rows []T, key func(T) string) (page []T, next string) {
	if after := r.URL.Query().Get("after"); after != "" {
		rows = rows[slices.IndexFunc(rows, func(x T) bool { return key(x) == after })+1:]
	}
	if len(rows) > PageSize {
		return rows[:PageSize], key(rows[PageSize-1])
	}
	return rows, ""
}

// CriteriaLinks leads to criteria by their ids.
func CriteriaLinks(ids []string) []ui.Link {
	var out []ui.Link
	for _, id := range ids {
		out = append(out, ui.Link{Text: id, Href: "/criteria/" + id})
	}
	return out
}

// Joined writes a list into one line.
func Joined(list []string) string { return strings.Join(list, ", ") }

// Cut gives the beginning of a text, at most so many letters.
func Cut(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return fmt.Sprintf("%s…", strings.TrimSpace(string(r[:n])))
}
