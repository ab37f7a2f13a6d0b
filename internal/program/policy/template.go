package policy

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

// Template is a policy to begin from.
type Template struct {
	ID        string     `json:"id"`
	Title     string     `json:"title"`
	Summary   string     `json:"summary"`
	Audience  string     `json:"audience"` // who has to read it, in words
	Owner     string     `json:"owner"`    // the role that usually keeps it: default of owner_role
	Criteria  []string   `json:"criteria"`
	FillIns   []FillIn   `json:"fill_ins"` // those that its texts use, common ones first
	Purpose   string     `json:"purpose"`  // with open fill-ins, like all texts
	Sections  []Section  `json:"sections"`
	Questions []Question `json:"questions"`
}

// Section is a part of a policy under a heading.
type Section struct {
	Title      string      `json:"title"`
	Statements []Statement `json:"statements"`
}

// Statement is one rule: who does what, by when, and what shows it.
type Statement struct {
	ID       string   `json:"id"` // unique within the template
	Text     string   `json:"text"`
	Controls []string `json:"controls"`         // slugs of the control library
	Checks   []string `json:"checks,omitempty"` // pack/check
}

// Question asks whether a reader understood.
type Question struct {
	Ask     string   `json:"ask"`
	Answers []string `json:"answers"`
	Right   int      `json:"right"` // from 1
	Why     string   `json:"why"`   // shown after answering
}

// Texts gives every text that an organisation's fill-ins may stand in.
func (t Template) Texts() []string {
	out := []string{t.Purpose}
	for _, s := range t.Sections {
		for _, st := range s.Statements {
			out = append(out, st.Text)
		}
	}
	return out
}

// Statements gives the statements in reading order.
func (t Template) Statements() []Statement {
	var out []Statement
	for _, s := range t.Sections {
		out = append(out, s.Statements...)
	}
	return out
}

// Book is a pack of kind "policies": what an organisation's own policies begin from.
type Book struct {
	ID        string     `json:"id"`
	Version   string     `json:"version"`
	Digest    string     `json:"digest"` // of the pack
	Templates []Template `json:"templates"`

	common []FillIn
	links  []link
}

// link is a reference into another pack, with its place.
type link struct {
	kind, to string // kind: control, check, parameter
	fill     FillIn // of a parameter
	template string
	at       *fault.Error
}

// Get gives one template.
func (b *Book) Get(id string) (Template, error) {
	i := slices.IndexFunc(b.Templates, func(t Template) bool { return t.ID == id })
	if i < 0 {
		return Template{}, fault.New(fault.NotFound, "there is no policy template %q", id)
	}
	return b.Templates[i], nil
}

// Unlinked reports each control and check that no other pack holds, and each
// fill-in whose default differs from that of the parameter it stands for.
func (b *Book) Unlinked(controls []string, standards []*pack.Pack) []*fault.Error {
	checks := map[string]pack.Check{}
	for _, p := range standards {
		for _, c := range p.Checks {
			checks[c.ID] = c
		}
	}
	var out []*fault.Error
	report := func(l link, format string, args ...any) {
		out = append(out, fault.New(fault.Invalid, format, args...).At(l.at.File, l.at.Line, l.at.Field))
	}
	for _, l := range b.links {
		switch l.kind {
		case "control":
			if !slices.Contains(controls, l.to) {
				report(l, "%s names the control %q, which the library does not hold", l.template, l.to)
			}
		case "check":
			if _, known := checks[l.to]; !known {
				report(l, "%s names the check %q, which no standard holds", l.template, l.to)
			}
		case "parameter":
			check, name, _ := strings.Cut(l.to, ".")
			i := slices.IndexFunc(checks[check].Parameters, func(p pack.Parameter) bool { return p.Name == name })
			switch {
			case i < 0:
				report(l, "%s names the parameter %q, which no check holds", l.template, l.to)
			case checks[check].Parameters[i].Default != l.fill.Number:
				report(l, "%s proposes %d where %s judges by %v", l.template, l.fill.Number, l.to, checks[check].Parameters[i].Default)
			}
		}
	}
	return out
}

// Load reads a pack of kind policies. Mistakes come all at once, as pack.Errors.
func Load(fsys fs.FS) (*Book, error) {
	p, err := pack.NewLoader(PackKind()).Load(fsys)
	if err != nil {
		return nil, err
	}
	return p.Content.(*Book), nil
}

// PackKind is the kind "policies" for a pack loader: its Content is a *Book.
func PackKind() pack.Kind {
	return pack.Kind{Name: "policies", Decode: func(src *pack.Source, p *pack.Pack) {
		b := &Book{ID: p.ID, Version: p.Version, Digest: p.Digest}
		if slices.Contains(src.Files(), fillInsFile) {
			if o := src.YAML(fillInsFile).Object(); o != nil {
				b.common = b.fillIns(o.Need("fill_ins", "a list of fill-ins that every template may use"), fillInsFile, nil)
				o.Done()
			}
		}
		for root := range src.Documents("policy templates", "they hold .yaml files with a list templates, and fill-ins.yaml", fillInsFile) {
			b.file(root)
		}
		if len(b.Templates) == 0 {
			src.Fault("pack.yaml", 0, "", "the pack holds no template").WithHint("add a .yaml file with a list templates")
		}
		p.Content = b
	}}
}

const fillInsFile = "fill-ins.yaml"

func (b *Book) file(root *pack.Value) {
	o := root.Object()
	if o == nil {
		return
	}
	for _, v := range o.Need("templates", "a list of templates").List() {
		if t := v.Object(); t != nil {
			b.Templates = append(b.Templates, b.template(t))
			t.Done()
		}
	}
	o.Done()
}

var slug = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

func (b *Book) template(o *pack.Object) Template {
	t := Template{
		ID:       o.NeedText("id", "lower-case words joined by hyphens"),
		Title:    o.NeedText("title", "the policy's title"),
		Summary:  o.NeedText("summary", "what it is about, in one sentence"),
		Audience: o.NeedText("audience", "who has to read it"),
		Owner:    o.NeedText("owner", "the role that usually keeps it"),
		Purpose:  o.NeedText("purpose", "why the rule exists, in two or three sentences"),
	}
	id := o.Field("id")
	switch {
	case t.ID == "":
	case !slug.MatchString(t.ID) || len(t.ID) > 60:
		id.Fault("%q is no slug", t.ID).WithHint("use lower-case words joined by hyphens, at most 60 letters")
	case slices.ContainsFunc(b.Templates, func(other Template) bool { return other.ID == t.ID }):
		id.Fault("another template has the id %q", t.ID).WithHint("ids are stable and used once")
	}
	for _, name := range []string{"title", "summary", "purpose"} {
		truthful(o.Field(name))
	}
	if strings.Contains(t.Title+t.Summary+t.Audience+t.Owner, "{{") {
		id.Fault("a title, summary, audience or owner holds a fill-in").WithHint("fill-ins stand in purpose and statements only")
	}
	t.Criteria = words(o, "criteria", "the criteria that it serves: a list of ids", func(v *pack.Value, id string) {
		if _, known := catalog.Get(id); !known {
			v.Fault("%q is none of the 61 criteria", id).WithHint("write an id like CC6.1")
		}
	})
	own := b.fillIns(o.Field("fill_ins"), t.ID, b.common)
	for _, v := range o.Need("sections", "a list of sections").List() {
		if so := v.Object(); so != nil {
			t.Sections = append(t.Sections, b.section(so, t))
			so.Done()
		}
	}
	for _, v := range o.Need("questions", "three to five questions").List() {
		if qo := v.Object(); qo != nil {
			t.Questions = append(t.Questions, question(qo))
			qo.Done()
		}
	}
	if q := o.Field("questions"); q.Present() && (len(t.Questions) < 3 || len(t.Questions) > 5) {
		q.Fault("holds %d questions, not 3 to 5", len(t.Questions)).WithHint("ask what readers most often get wrong")
	}
	t.FillIns = used(o, t, b.common, own)
	return t
}

func (b *Book) section(o *pack.Object, t Template) Section {
	s := Section{Title: o.NeedText("title", "a heading")}
	for _, v := range o.Need("statements", "a list of statements").List() {
		so := v.Object()
		if so == nil {
			continue
		}
		st := Statement{ID: so.NeedText("id", "lower-case words joined by hyphens"), Text: so.NeedText("text", "who does what, by when, and what shows it")}
		if id := so.Field("id"); st.ID != "" && !slug.MatchString(st.ID) {
			id.Fault("%q is no slug", st.ID).WithHint("use lower-case words joined by hyphens")
		} else if slices.ContainsFunc(slices.Concat(t.Statements(), s.Statements), func(x Statement) bool { return x.ID == st.ID }) {
			id.Fault("another statement of %s has the id %q", t.ID, st.ID).WithHint("ids are used once within a template")
		}
		truthful(so.Field("text"))
		st.Controls = words(so, "controls", "slugs of controls that prove it: a list", func(v *pack.Value, name string) {
			b.link("control", name, t.ID, FillIn{}, v)
		})
		if so.Field("checks").Present() {
			st.Checks = words(so, "checks", "pack/check that proves it: a list", func(v *pack.Value, name string) {
				b.link("check", name, t.ID, FillIn{}, v)
			})
		}
		so.Done()
		s.Statements = append(s.Statements, st)
	}
	return s
}

func question(o *pack.Object) Question {
	q := Question{
		Ask:     o.NeedText("ask", "a situation and a question about it"),
		Answers: words(o, "answers", "two to five answers: a list", nil),
		Why:     o.NeedText("why", "why the right answer is right"),
	}
	right := o.Need("right", "the number of the right answer, from 1")
	q.Right = int(right.Int())
	if n := len(q.Answers); o.Field("answers").Present() && (n < 2 || n > 5) {
		o.At("answers").Fault("holds %d answers, not 2 to 5", n).WithHint("three are usual")
	} else if right.Present() && n > 0 && (q.Right < 1 || q.Right > n) {
		right.Fault("%d is none of the %d answers", q.Right, n).WithHint("count from 1")
	}
	for _, name := range []string{"ask", "why"} {
		truthful(o.Field(name))
	}
	return q
}

func (b *Book) link(kind, to, template string, fill FillIn, v *pack.Value) {
	b.links = append(b.links, link{kind: kind, to: to, fill: fill, template: template,
		at: fault.New(fault.Invalid, "reference").At(v.File(), v.Line(), v.Path())})
}

// truthful reports words that no text of ours uses.
func truthful(v *pack.Value) {
	if !v.Present() {
		return
	}
	for _, m := range guidance.Misleading(v.Text()) {
		v.Fault("%s", m).WithHint("choose another word")
	}
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
