package risk

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/catalog/guidance"
	"github.com/attesta/attesta/internal/pack"
)

// Scenario is one entry of the catalogue.
type Scenario struct {
	ID          string             `json:"id"`
	Title       string             `json:"title"`
	Scenario    string             `json:"scenario"`    // cause, event, consequence
	Kind        string             `json:"kind"`        // one of Kinds
	Commitments []catalog.Category `json:"commitments"` // in which category the commitments lie that it threatens
	Threatens   string             `json:"threatens"`   // what of them
	Criteria    []string           `json:"criteria"`
	Controls    []string           `json:"controls"`   // slugs of the control library
	Indicators  []string           `json:"indicators"` // signs that it grows
}

// Kinds gives the words for where a risk comes from.
func Kinds() []string {
	return []string{"fraud", "change", "external", "technology", "people", "vendor", "physical", "privacy", "availability", "processing"}
}

// Catalogue is a pack of kind "risks".
type Catalogue struct {
	ID      string     `json:"id"`
	Version string     `json:"version"`
	Title   string     `json:"title"`
	Risks   []Scenario `json:"risks"` // in the order of the files

	links []link
}

type link struct {
	risk, control string
	file          string
	line          int
	field         string
}

// Get gives one risk.
func (c *Catalogue) Get(id string) (Scenario, bool) {
	i := slices.IndexFunc(c.Risks, func(r Scenario) bool { return r.ID == id })
	if i < 0 {
		return Scenario{}, false
	}
	return c.Risks[i], true
}

// Of gives the risks that a criterion answers.
func (c *Catalogue) Of(criterion string) []Scenario {
	var out []Scenario
	for _, r := range c.Risks {
		if slices.Contains(r.Criteria, criterion) {
			out = append(out, r)
		}
	}
	return out
}

// Answered gives the risks that a control answers.
func (c *Catalogue) Answered(control string) []Scenario {
	var out []Scenario
	for _, r := range c.Risks {
		if slices.Contains(r.Controls, control) {
			out = append(out, r)
		}
	}
	return out
}

// Unlinked reports each control that a risk names and that is none of the
// given slugs. It is apart from loading, since controls live in other packs.
func (c *Catalogue) Unlinked(slugs []string) []*fault.Error {
	var out []*fault.Error
	for _, l := range c.links {
		if !slices.Contains(slugs, l.control) {
			out = append(out, fault.New(fault.Invalid, "risk %s names the control %q, which the library does not hold", l.risk, l.control).
				At(l.file, l.line, l.field).WithHint("'attesta controls list --library' lists what it holds"))
		}
	}
	return out
}

// Load reads a pack of kind risks. Mistakes come all at once, as pack.Errors.
func Load(fsys fs.FS) (*Catalogue, error) {
	p, err := pack.NewLoader(PackKind()).Load(fsys)
	if err != nil {
		return nil, err
	}
	return p.Content.(*Catalogue), nil
}

// PackKind is the kind "risks" for a pack loader: its Content is a *Catalogue.
func PackKind() pack.Kind {
	return pack.Kind{Name: "risks", Decode: func(src *pack.Source, p *pack.Pack) {
		c := &Catalogue{ID: p.ID, Version: p.Version, Title: p.Title}
		for root := range src.Documents("a catalogue of risks", "it holds .yaml files with a list risks") {
			c.file(root)
		}
		if len(c.Risks) == 0 {
			src.Fault("pack.yaml", 0, "", "the catalogue holds no risk").WithHint("add a .yaml file with a list risks")
		}
		p.Content = c
	}}
}

func (c *Catalogue) file(root *pack.Value) {
	o := root.Object()
	if o == nil {
		return
	}
	for _, v := range o.Need("risks", "a list of risks").List() {
		if r := v.Object(); r != nil {
			c.Risks = append(c.Risks, c.risk(r))
			r.Done()
		}
	}
	o.Done()
}

var slug = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

func (c *Catalogue) risk(o *pack.Object) Scenario {
	r := Scenario{
		ID:        o.NeedText("id", "lower-case words joined by hyphens"),
		Title:     o.NeedText("title", "a short title"),
		Scenario:  o.NeedText("scenario", "who or what, by which way, with which result"),
		Kind:      o.Need("kind", "where it comes from: "+strings.Join(Kinds(), ", ")).OneOf(Kinds()...),
		Threatens: o.NeedText("threatens", "what of the commitments it threatens, in one sentence"),
	}
	switch _, twice := c.Get(r.ID); {
	case r.ID == "":
	case !slug.MatchString(r.ID) || len(r.ID) > 60:
		o.At("id").Fault("%q is no slug", r.ID).WithHint("use lower-case words joined by hyphens, at most 60 letters")
	case twice:
		o.At("id").Fault("another risk has the id %q", r.ID).WithHint("ids are stable and used once")
	}
	for _, other := range c.Risks {
		if other.Scenario == r.Scenario && r.Scenario != "" {
			o.At("scenario").Fault("is the same as that of %s", other.ID).WithHint("say what is particular to this risk")
		}
	}
	for _, m := range guidance.Misleading(r.Title) {
		o.At("title").Fault("%s", m).WithHint("choose another word")
	}
	for _, m := range guidance.Misleading(r.Scenario) {
		o.At("scenario").Fault("%s", m).WithHint("choose another word")
	}
	for _, m := range guidance.Misleading(r.Threatens) {
		o.At("threatens").Fault("%s", m).WithHint("choose another word")
	}
	for _, c := range words(o, "commitments", "the categories in which commitments are threatened: a list", func(v *pack.Value, text string) {
		if !slices.Contains(catalog.Categories(), catalog.Category(text)) {
			v.Fault("%q is no category", text).WithHint("the categories are security, availability, processing_integrity, confidentiality, privacy")
		}
	}) {
		r.Commitments = append(r.Commitments, catalog.Category(c))
	}
	r.Criteria = words(o, "criteria", "the criteria that answer it: a list of ids", func(v *pack.Value, id string) {
		if _, known := catalog.Get(id); !known {
			v.Fault("%q is none of the 61 criteria", id).WithHint("write an id like CC6.1")
		}
	})
	r.Controls = words(o, "controls", "slugs of controls of the library that answer it: a list", func(v *pack.Value, name string) {
		c.links = append(c.links, link{r.ID, name, v.File(), v.Line(), v.Path()})
	})
	r.Indicators = words(o, "indicators", "the signs that it grows: a list of texts", nil)
	return r
}

// words reads a list of texts that is not empty and names nothing twice.
func words(o *pack.Object, field, hint string, each func(v *pack.Value, text string)) []string {
	f := o.Need(field, hint)
	list := f.List()
	if f.Present() && len(list) == 0 {
		f.Fault("is empty").WithHint("%s", hint)
	}
	var out []string
	for _, v := range list {
		text := v.Text()
		switch {
		case text == "":
			continue
		case slices.Contains(out, text):
			v.Fault("names %q twice", text).WithHint("keep one of them")
			continue
		case each != nil:
			each(v, text)
		}
		out = append(out, text)
	}
	return out
}
