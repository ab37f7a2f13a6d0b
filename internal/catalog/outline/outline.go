// Package outline holds the description criteria (DC 1 to DC 9) as an outline
// in our own words: what a description of a system says, section by section.
// The description will be built on it. It is a pack of kind "outline".
//
// Serves D. Invariants: ids are unique and in order; each entry says what it
// asks for.
//
// Floor: declared, pure.
package outline

import (
	"io/fs"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/catalog/guidance"
	"github.com/attesta/attesta/internal/pack"
)

// Entry is one description criterion.
type Entry struct {
	ID      string   `json:"id"` // "DC 1"
	Title   string   `json:"title"`
	Asks    string   `json:"asks"`
	Content []string `json:"content"` // what belongs into it
}

// Outline is one pack.
type Outline struct {
	ID      string  `json:"id"`
	Version string  `json:"version"`
	Title   string  `json:"title"`
	Entries []Entry `json:"entries"`
}

// Entry gives one description criterion by id.
func (o *Outline) Entry(id string) (Entry, bool) {
	i := slices.IndexFunc(o.Entries, func(e Entry) bool { return e.ID == id })
	if i < 0 {
		return Entry{}, false
	}
	return o.Entries[i], true
}

// Load reads a pack of kind outline. Mistakes come all at once, as pack.Errors.
func Load(fsys fs.FS) (*Outline, error) {
	p, err := pack.NewLoader(PackKind()).Load(fsys)
	if err != nil {
		return nil, err
	}
	return p.Content.(*Outline), nil
}

// PackKind is the kind "outline" for a pack loader: its Content is an *Outline.
func PackKind() pack.Kind {
	return pack.Kind{Name: "outline", Decode: func(src *pack.Source, p *pack.Pack) {
		out := &Outline{ID: p.ID, Version: p.Version, Title: p.Title}
		for _, file := range src.Files() {
			switch {
			case file == "pack.yaml" || file == "README.md":
			case !strings.HasSuffix(file, ".yaml"):
				src.Fault(file, 0, "", "does not belong into an outline").WithHint("an outline holds .yaml files with a list criteria")
			default:
				out.file(src.YAML(file))
			}
		}
		if len(out.Entries) == 0 {
			src.Fault("pack.yaml", 0, "", "the outline holds nothing").WithHint("add outline.yaml with a list criteria")
		}
		p.Content = out
	}}
}

func (out *Outline) file(root *pack.Value) {
	o := root.Object()
	if o == nil {
		return
	}
	for _, v := range o.Need("criteria", "a list of description criteria").List() {
		c := v.Object()
		if c == nil {
			continue
		}
		e := Entry{
			ID:    c.NeedText("id", "its id, such as DC 1"),
			Title: c.NeedText("title", "a short title"),
			Asks:  c.NeedText("asks", "what the description says here, in plain words"),
		}
		if _, twice := out.Entry(e.ID); twice && e.ID != "" {
			c.Field("id").Fault("%s stands here twice", e.ID).WithHint("keep one of them")
		}
		for _, m := range guidance.Misleading(e.Title + " " + e.Asks) {
			c.Field("asks").Fault("%s", m).WithHint("choose another word")
		}
		e.Content = c.Need("content", "what belongs into it: a list of texts").Texts()
		c.Done()
		out.Entries = append(out.Entries, e)
	}
	o.Done()
}
