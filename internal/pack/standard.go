package pack

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/judge"
)

// StandardConfig is what the kind "standard" is checked against.
type StandardConfig struct {
	Schema   *judge.Schema                           // populations and their facts
	Registry int                                     // version of the fact registry; requires.registry may not be higher
	Point    func(criterion string, number int) bool // whether a point of focus exists; nil: not checked
	Points   func(criterion string) (count int)      // number of points of a criterion, 0 for none; for hints; may be nil
}

// Standard is the kind of pack that declares checks: a configuration standard.
// Each YAML file beside the manifest holds `checks: [...]`; fixtures/NAME.yaml
// holds the item that the fixtures of a population start from.
func Standard(cfg StandardConfig) Kind {
	return Kind{
		Name:   "standard",
		Decode: func(src *Source, p *Pack) { (&standard{StandardConfig: cfg, src: src, pack: p}).decode() },
		Tailor: func(src *Source, p, next *Pack, t Tailoring) {
			(&standard{StandardConfig: cfg, src: src, pack: next}).tailor(t)
		},
	}
}

// standard decodes one pack.
type standard struct {
	StandardConfig
	src   *Source
	pack  *Pack
	bases map[string]*base // by population
	ids   map[string]*Value
}

func (d *standard) decode() {
	d.bases, d.ids = map[string]*base{}, map[string]*Value{}
	d.requires()
	var files []string
	for _, name := range d.src.Files() {
		switch dir, file := path.Split(name); {
		case name == manifestFile, dir == "" && (path.Ext(file) == ".md" || path.Ext(file) == ""): // README.md, LICENCE, NOTICE
		case dir == "fixtures/" && path.Ext(file) == ".yaml":
			d.base(name)
		case name == untranslatedFile:
			d.untranslated()
		case dir == "" && path.Ext(file) == ".yaml":
			files = append(files, name)
		default:
			d.src.Fault(name, 0, "", "does not belong into a standard").WithHint("checks stand in *.yaml beside pack.yaml, base items in fixtures/*.yaml, texts in *.md")
		}
	}
	for _, name := range files {
		root := d.src.YAML(name).Object()
		if root == nil {
			continue
		}
		for _, v := range root.Need("checks", "a list of checks").List() {
			if o := v.Object(); o != nil {
				d.check(o)
			}
		}
		root.Done()
	}
	if len(files) == 0 {
		d.src.Fault(manifestFile, 0, "", "the standard has no checks").WithHint("add a file such as checks.yaml with checks: [...]")
	}
}

// untranslatedFile lists what an import could not translate.
const untranslatedFile = "untranslated.yaml"

func (d *standard) untranslated() {
	root := d.src.YAML(untranslatedFile).Object()
	for _, v := range root.Need("untranslated", "a list with id, title, rules and reason").List() {
		o := v.Object()
		if o == nil {
			continue
		}
		u := Untranslated{ID: o.NeedText("id", "the id in its own standard"), Title: o.NeedText("title", "its title"),
			Rules: o.Field("rules").Texts(), Reason: o.NeedText("reason", "why it is not judged")}
		o.Done()
		d.pack.Untranslated = append(d.pack.Untranslated, u)
	}
	root.Done()
}

func (d *standard) requires() {
	switch want, ok := d.pack.Requires["registry"]; {
	case !ok:
		d.src.Fault(manifestFile, 0, "requires.registry", "is missing").WithHint("add requires: {registry: %d}", d.Registry)
	case want > d.Registry:
		d.src.Fault(manifestFile, 0, "requires.registry", "asks for fact registry %d; this build has %d", want, d.Registry).WithHint("upgrade Attesta, or use an older version of the pack")
	case want < 1:
		d.src.Fault(manifestFile, 0, "requires.registry", "must be 1 or more")
	}
	for name := range d.pack.Requires {
		if name != "registry" {
			d.src.Fault(manifestFile, 0, "requires."+name, "is not something that a standard can require").WithHint("known here: registry")
		}
	}
}

func (d *standard) check(o *Object) {
	before := len(d.src.mistakes)
	c := Check{File: o.file, Line: o.Line()}
	id := o.slug("id", "a short name in lower case, such as sshd-root-login")
	if id != "" {
		if first, taken := d.ids[id]; taken {
			o.At("id").Fault("%q is the id of another check (%s line %d)", id, first.file, first.Line()).WithHint("give it another id")
		} else {
			d.ids[id] = o.Field("id")
		}
	}
	c.ID = d.pack.ID + "/" + id
	c.texts.title = o.line("title", "the desired condition in a few words", 120)
	c.Population = "hosts"
	if v := o.Field("population"); v != nil {
		c.Population = v.OneOf(d.Schema.Populations()...)
	}
	c.Where = strings.TrimSpace(o.Field("where").Text())
	c.Tier = o.Need("tier", strings.Join(tiers, ", ")).OneOf(tiers...)
	c.Severity = o.Need("severity", strings.Join(severities, ", ")).OneOf(severities...)
	c.Frequency = o.Need("frequency", strings.Join(frequencies, ", ")).OneOf(frequencies...)
	c.Criteria = d.criteria(o.Need("criteria", "a list of points of focus, such as CC6.1/3"))
	c.texts.rationale = strings.TrimSpace(o.NeedText("rationale", "why it matters, in one to three sentences"))
	c.texts.remediation = strings.TrimSpace(o.NeedText("remediation", "what to do, with commands, and how to check again"))
	c.Parameters = d.parameters(o.Field("parameters"))
	attributes := d.attributes(o, &c)
	if c.Population != "" {
		d.compile(o, &c, attributes)
		d.render(o, &c)
		sound := len(c.Attributes) > 0 && !slices.ContainsFunc(c.Attributes, func(a Attribute) bool { return a.Compiled == nil })
		if sound {
			d.unused(o, &c)
		}
		d.fixtures(o, &c, sound)
	}
	o.Done()
	if len(d.src.mistakes) == before {
		d.pack.Checks = append(d.pack.Checks, c)
	}
}

var pointRef = regexp.MustCompile(`^([A-Z]+[0-9]+\.[0-9]+)/([0-9]{1,3})$`)

// criteria reads points of focus written as CC6.1/3.
func (d *standard) criteria(v *Value) []PointRef {
	var refs []PointRef
	for _, item := range v.List() {
		s := item.Text()
		if s == "" {
			continue
		}
		m := pointRef.FindStringSubmatch(s)
		if m == nil {
			item.Fault("%q is not a point of focus", s).WithHint("write the criterion and the number, such as CC6.1/3")
			continue
		}
		ref := PointRef{Criterion: m[1]}
		fmt.Sscan(m[2], &ref.Number)
		if d.Point != nil && !d.Point(ref.Criterion, ref.Number) {
			e := item.Fault("there is no point of focus %s", s)
			if d.Points != nil {
				if n := d.Points(ref.Criterion); n > 0 {
					e.WithHint("%s has points 1 to %d", ref.Criterion, n)
				} else {
					e.WithHint("there is no criterion %s", ref.Criterion)
				}
			}
			continue
		}
		if slices.Contains(refs, ref) {
			item.Fault("%s is given twice", s).WithHint("keep one")
			continue
		}
		refs = append(refs, ref)
	}
	if v != nil && len(v.node.Content) == 0 {
		v.Fault("is empty").WithHint("name at least one point of focus, such as CC7.1/1")
	}
	return refs
}

// declared is an attribute with the places of its expressions.
type declared struct {
	expect, observed *Value
}

func (d *standard) attributes(o *Object, c *Check) []declared {
	var places []declared
	list := o.Need("attributes", "a list with id, title and expect")
	ids := map[string]bool{}
	for _, v := range list.List() {
		a := v.Object()
		if a == nil {
			continue
		}
		attr := Attribute{file: a.file, line: a.Line()}
		attr.ID = a.slug("id", "a short name in lower case, such as running")
		if ids[attr.ID] && attr.ID != "" {
			a.At("id").Fault("%q is the id of another attribute of this check", attr.ID).WithHint("give it another id")
		}
		ids[attr.ID] = true
		attr.Title = a.line("title", "what is looked at, in a few words", 120)
		place := declared{expect: a.Need("expect", "a predicate over facts (CEL)"), observed: a.Field("observed")}
		attr.Expect = strings.TrimSpace(place.expect.Text())
		attr.Observed = strings.TrimSpace(place.observed.Text())
		if v := a.Field("expected"); v != nil {
			attr.expected = v.Text()
		}
		a.Done()
		c.Attributes = append(c.Attributes, attr)
		places = append(places, place)
	}
	if list != nil && len(c.Attributes) == 0 {
		list.Fault("is empty").WithHint("add at least one attribute with id, title and expect")
	}
	return places
}

// compile compiles every attribute and reports what is wrong where it stands.
func (d *standard) compile(o *Object, c *Check, places []declared) {
	whereReported := false
	for i := range c.Attributes {
		a := &c.Attributes[i]
		if a.Expect == "" {
			continue // reported already
		}
		err := d.compileAttribute(c, a)
		var mistakes judge.CompileErrors
		if err == nil {
			continue
		}
		if !errors.As(err, &mistakes) {
			places[i].expect.Fault("cannot be compiled: %v", err)
			continue
		}
		where := false
		for _, m := range mistakes {
			at := places[i].expect
			switch m.Part {
			case "where":
				where = true
				if whereReported {
					continue
				}
				at = o.Field("where")
			case "observed":
				at = places[i].observed
			}
			message := m.Message
			if m.Column > 1 {
				message += fmt.Sprintf(" (column %d of the expression)", m.Column)
			}
			at.FaultLine(m.Line, "%s", message).WithHint("%s", m.Hint)
		}
		whereReported = whereReported || where
	}
}

// compileAttribute compiles with the parameters in force.
func (d *standard) compileAttribute(c *Check, a *Attribute) error {
	expected, _ := fill(a.expected, c.Parameters)
	compiled, err := d.Schema.CompileSpec(judge.Spec{
		Population: c.Population, Where: c.Where, Expect: a.Expect, Observed: a.Observed, Expected: expected, Params: c.Params(),
	})
	if err != nil {
		return err
	}
	a.Compiled, a.Expected = compiled, compiled.Expected()
	return nil
}

var placeholder = regexp.MustCompile(`\{\{\s*([^{}]*?)\s*\}\}`)

// fill puts the values of parameters into a text; unknown gives placeholders
// that are no parameter.
func fill(text string, params []Parameter) (filled string, unknown []string) {
	filled = placeholder.ReplaceAllStringFunc(text, func(match string) string {
		name := placeholder.FindStringSubmatch(match)[1]
		for _, p := range params {
			if p.Name == name {
				return valueText(p.Value)
			}
		}
		unknown = append(unknown, name)
		return match
	})
	return filled, unknown
}

func valueText(v any) string {
	if list, ok := v.([]string); ok {
		return strings.Join(list, ", ")
	}
	return fmt.Sprint(v)
}

// render fills the check's texts.
func (d *standard) render(o *Object, c *Check) {
	text := func(name, raw string) string {
		filled, unknown := fill(raw, c.Parameters)
		for _, u := range unknown {
			o.Field(name).Fault("{{%s}} is no parameter of this check", u).WithHint("declare it under parameters, or write the text out")
		}
		return filled
	}
	c.Title = text("title", c.texts.title)
	c.Rationale = text("rationale", c.texts.rationale)
	c.Remediation = text("remediation", c.texts.remediation)
	for _, a := range c.Attributes {
		if _, unknown := fill(a.expected, c.Parameters); len(unknown) > 0 {
			d.src.Fault(a.file, a.line, "expected", "{{%s}} is no parameter of this check", unknown[0]).WithHint("declare it under parameters, or write the text out")
		}
	}
}

// unused reports parameters that no expression uses: changing them would
// change nothing.
func (d *standard) unused(o *Object, c *Check) {
	for _, p := range c.Parameters {
		if !slices.ContainsFunc(c.Attributes, func(a Attribute) bool { return slices.Contains(a.Compiled.Params(), p.Name) }) {
			o.Field("parameters").Object().Field(p.Name).Fault("is not used by any expression").WithHint("use params.%s in an attribute, or remove the parameter", p.Name)
		}
	}
}
