package checklist

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/pack"
	"github.com/attesta/attesta/internal/program/roster"
)

// The lists.
const (
	Joiner = "joiner"
	Mover  = "mover"
	Leaver = "leaver"
)

// The forms of an item: what is asked for when it is done.
const (
	Background = "background" // provider, date, class of the result
	Proof      = "proof"      // a link
	Plain      = "plain"
)

// Results are the classes of a background check's result; what was found stands
// with the provider.
func Results() []string { return []string{"clear", "considered", "not_clear"} }

// Template is an item of a checklist before it is somebody's.
type Template struct {
	ID       string        `json:"id"`
	List     string        `json:"list"`
	Title    string        `json:"title"`
	What     string        `json:"what"`
	Kinds    []roster.Kind `json:"kinds"`
	Titles   []string      `json:"titles,omitempty"` // words of a job title; none: whoever
	Days     int           `json:"days"`             // from the first day, the change or the last day
	Form     string        `json:"form"`
	Shown    string        `json:"shown,omitempty"` // by which records here it is done: "policies", "training:<course>"; "": by a person's word
	Criteria []string      `json:"criteria"`
}

// For reports whether it is for a person.
func (t *Template) For(f *roster.Fields) bool {
	if !slices.Contains(t.Kinds, f.Kind) {
		return false
	}
	title := strings.ToLower(f.Title)
	return len(t.Titles) == 0 || slices.ContainsFunc(t.Titles, func(w string) bool { return strings.Contains(title, w) })
}

// Book is a pack of kind "checklists".
type Book struct {
	ID        string     `json:"id"`
	Version   string     `json:"version"`
	Digest    string     `json:"digest"`
	Templates []Template `json:"templates"`
}

// Load reads a pack of kind checklists. Mistakes come all at once, as pack.Errors.
func Load(fsys fs.FS) (*Book, error) {
	p, err := pack.NewLoader(PackKind()).Load(fsys)
	if err != nil {
		return nil, err
	}
	return p.Content.(*Book), nil
}

// PackKind is the kind "checklists" for a pack loader: its Content is a *Book.
func PackKind() pack.Kind {
	return pack.Kind{Name: "checklists", Decode: func(src *pack.Source, p *pack.Pack) {
		b := &Book{ID: p.ID, Version: p.Version, Digest: p.Digest}
		for root := range src.Documents("checklists", "they hold .yaml files with a list items") {
			o := root.Object()
			if o == nil {
				continue
			}
			for _, v := range o.Need("items", "a list of items").List() {
				if t := v.Object(); t != nil {
					b.Templates = append(b.Templates, b.template(t))
					t.Done()
				}
			}
			o.Done()
		}
		if len(b.Templates) == 0 {
			src.Fault("pack.yaml", 0, "", "the pack holds no item").WithHint("add a .yaml file with a list items")
		}
		p.Content = b
	}}
}

var shownBy = regexp.MustCompile(`^(policies|training:[a-z][a-z0-9-]{1,59})$`)

var slug = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

func (b *Book) template(o *pack.Object) Template {
	t := Template{
		ID:    o.NeedText("id", "lower-case words joined by hyphens"),
		List:  o.Need("list", "joiner, mover or leaver").OneOf(Joiner, Mover, Leaver),
		Title: o.NeedText("title", "what is done, in a few words"),
		What:  o.NeedText("what", "what it means and what shows it"),
		Form:  o.Need("form", "background, proof or plain").OneOf(Background, Proof, Plain),
	}
	if id := o.Field("id"); t.ID != "" && (!slug.MatchString(t.ID) || len(t.ID) > 60) {
		id.Fault("%q is no slug", t.ID).WithHint("use lower-case words joined by hyphens")
	} else if slices.ContainsFunc(b.Templates, func(x Template) bool { return x.ID == t.ID }) {
		id.Fault("another item has the id %q", t.ID).WithHint("ids are stable and used once")
	}
	for _, v := range o.Need("kinds", "for whom: employee, contractor, service").List() {
		t.Kinds = append(t.Kinds, roster.Kind(v.OneOf(string(roster.Employee), string(roster.Contractor), string(roster.ServiceID))))
	}
	if f := o.Field("titles"); f.Present() {
		for _, w := range f.Texts() {
			t.Titles = append(t.Titles, strings.ToLower(w))
		}
	}
	if f := o.Field("shown"); f.Present() {
		if t.Shown = f.Text(); !shownBy.MatchString(t.Shown) {
			f.Fault("no record shows %q", t.Shown).WithHint("policies, or training: and the id of a course")
		}
	}
	days := o.Need("days", "days from the first day, the change or the last day")
	if t.Days = int(days.Int()); t.Days < -90 || t.Days > 365 {
		days.Fault("%d days are too far away", t.Days).WithHint("from -90 to 365")
	}
	for _, v := range o.Need("criteria", "the criteria that it serves: a list of ids").List() {
		id := v.Text()
		if _, known := catalog.Get(id); id != "" && !known {
			v.Fault("%q is none of the 61 criteria", id).WithHint("write an id like CC6.2")
		}
		t.Criteria = append(t.Criteria, id)
	}
	return t
}

// of gives the items of a list for somebody.
func (b *Book) of(list string, f *roster.Fields) []Template {
	var out []Template
	for _, t := range b.Templates {
		if t.List == list && t.For(f) {
			out = append(out, t)
		}
	}
	return out
}
