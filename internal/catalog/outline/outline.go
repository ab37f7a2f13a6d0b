// Package outline holds the description criteria (DC 1 to DC 9) as an outline
// in our own words: what a description of a system says, section by section,
// and from which part of Attesta its facts come. The description will be built
// on it. It is a pack of kind "outline".
//
// Serves D. Invariants: ids are unique, a section's id begins with that of its
// criterion, every area that a section draws from is declared.
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

// Area is a place in Attesta that sections draw their facts from.
type Area struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Source is what a section takes from an area.
type Source struct {
	Area  string `json:"area"`
	Gives string `json:"gives"`
}

// Section is a part of the description.
type Section struct {
	ID      string   `json:"id"` // "dc1-company"
	Heading string   `json:"heading"`
	Write   string   `json:"write"` // what belongs into it
	Sources []Source `json:"sources"`
}

// Entry is one description criterion.
type Entry struct {
	ID       string    `json:"id"` // "DC1"
	Title    string    `json:"title"`
	Asks     string    `json:"asks"`
	Type1    bool      `json:"type_1"` // belongs into the description for a type 1 examination
	Type2    bool      `json:"type_2"`
	When     string    `json:"when"`
	Sections []Section `json:"sections"`
	Mistakes []string  `json:"mistakes"`
}

// Outline is one pack.
type Outline struct {
	ID      string  `json:"id"`
	Version string  `json:"version"`
	Title   string  `json:"title"`
	Areas   []Area  `json:"areas"`
	Entries []Entry `json:"entries"`

	sections map[string]bool
}

// Entry gives one description criterion by id.
func (o *Outline) Entry(id string) (Entry, bool) {
	i := slices.IndexFunc(o.Entries, func(e Entry) bool { return e.ID == id })
	if i < 0 {
		return Entry{}, false
	}
	return o.Entries[i], true
}

func (o *Outline) area(id string) bool {
	return slices.ContainsFunc(o.Areas, func(a Area) bool { return a.ID == id })
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
		out := &Outline{ID: p.ID, Version: p.Version, Title: p.Title, sections: map[string]bool{}}
		for root := range src.Documents("an outline", "an outline holds .yaml files with areas and criteria") {
			out.file(root)
		}
		if len(out.Entries) == 0 {
			src.Fault("pack.yaml", 0, "", "the outline holds nothing").WithHint("add outline.yaml with areas and criteria")
		}
		p.Content = out
	}}
}

func (o *Outline) file(root *pack.Value) {
	f := root.Object()
	if f == nil {
		return
	}
	for _, v := range f.Field("areas").List() {
		a := v.Object()
		if a == nil {
			continue
		}
		area := Area{ID: a.NeedText("id", "a short name in lower case"), Name: a.NeedText("name", "what it is")}
		if o.area(area.ID) && area.ID != "" {
			a.At("id").Fault("area %s stands here twice", area.ID).WithHint("keep one of them")
		}
		a.Done()
		o.Areas = append(o.Areas, area)
	}
	for _, v := range f.Need("criteria", "a list of description criteria").List() {
		if c := v.Object(); c != nil {
			o.Entries = append(o.Entries, o.entry(c))
			c.Done()
		}
	}
	f.Done()
}

func (o *Outline) entry(c *pack.Object) Entry {
	e := Entry{
		ID:    c.NeedText("id", "its id, such as DC1"),
		Title: c.NeedText("title", "a short title"),
		Asks:  text(c, "asks", "what the description says here, in plain words"),
		When:  text(c, "when", "when it belongs into a description"),
	}
	if _, twice := o.Entry(e.ID); twice && e.ID != "" {
		c.At("id").Fault("%s stands here twice", e.ID).WithHint("keep one of them")
	}
	if a := c.Need("applies", "type_1 and type_2, each true or false").Object(); a != nil {
		e.Type1, e.Type2 = a.Need("type_1", "true or false").Bool(), a.Need("type_2", "true or false").Bool()
		a.Done()
	}
	list := c.Need("sections", "a list of sections: id, heading, write, sources")
	for _, v := range list.List() {
		if s := v.Object(); s != nil {
			e.Sections = append(e.Sections, o.section(s, e.ID))
			s.Done()
		}
	}
	if list.Present() && len(e.Sections) == 0 {
		list.Fault("is empty").WithHint("a criterion that asks something has a section that answers it")
	}
	for _, v := range c.Need("mistakes", "common mistakes: a list of texts").List() {
		m := v.Text()
		if slices.Contains(e.Mistakes, m) {
			v.Fault("stands here twice").WithHint("keep one of them")
		}
		for _, w := range guidance.Misleading(m) {
			v.Fault("%s", w).WithHint("choose another word")
		}
		e.Mistakes = append(e.Mistakes, m)
	}
	return e
}

func (o *Outline) section(s *pack.Object, criterion string) Section {
	sec := Section{ID: s.NeedText("id", "the criterion's id and a word: dc1-company"), Heading: s.NeedText("heading", "its heading"),
		Write: text(s, "write", "what belongs into it")}
	switch {
	case sec.ID == "":
	case !strings.HasPrefix(sec.ID, strings.ToLower(criterion)+"-"):
		s.At("id").Fault("%q does not begin with %s-", sec.ID, strings.ToLower(criterion)).WithHint("a section's id is that of its criterion and a word")
	case o.sections[sec.ID]:
		s.At("id").Fault("another section has the id %q", sec.ID).WithHint("ids are stable and used once")
	}
	o.sections[sec.ID] = true
	for _, v := range s.Need("sources", "where its facts come from: a list of area and gives").List() {
		src := v.Object()
		if src == nil {
			continue
		}
		from := Source{Area: src.NeedText("area", "one of the areas"), Gives: src.NeedText("gives", "what it takes from there")}
		if from.Area != "" && !o.area(from.Area) {
			src.At("area").Fault("%q is no area", from.Area).WithHint("declare it under areas, or correct it")
		}
		src.Done()
		sec.Sources = append(sec.Sources, from)
	}
	return sec
}

// text reads a text that must be there and misleads nobody.
func text(o *pack.Object, name, hint string) string {
	s := o.NeedText(name, hint)
	for _, m := range guidance.Misleading(s) {
		o.Field(name).Fault("%s", m).WithHint("choose another word")
	}
	return s
}
