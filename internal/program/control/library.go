package control

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/pack"
	"github.com/attesta/attesta/packs"
)

// Library is a pack of kind "controls".
type Library struct {
	ID, Version, Title string
	Digest             string
	Designs            []Design     // in the order of the files
	Populations        []Population // what controls are tested on, in the order of the files

	checks []testedBy
	drawn  []drawn // while loading
}

// PackKind is the kind "controls" for a pack loader: its Content is a *Library.
func PackKind() pack.Kind {
	return pack.Kind{Name: "controls", Decode: func(src *pack.Source, p *pack.Pack) {
		l := &Library{ID: p.ID, Version: p.Version, Title: p.Title, Digest: p.Digest}
		for root := range src.Documents("a control library", "a control library holds .yaml files with a list controls or populations") {
			l.add(root)
		}
		l.resolve()
		if len(l.Designs) == 0 {
			src.Fault("pack.yaml", 0, "", "the library holds no control").WithHint("add a .yaml file with a list controls")
		}
		p.Content = l
	}}
}

// LoadLibrary loads a control library from a directory. Mistakes come all at
// once, as pack.Errors.
func LoadLibrary(fsys fs.FS) (*Library, error) {
	p, err := pack.NewLoader(PackKind()).Load(fsys)
	if err != nil {
		return nil, err
	}
	return p.Content.(*Library), nil
}

// testedBy remembers where a control names a check, for lint.
type testedBy struct {
	slug, pattern string
	file          string
	line          int
	field         string
}

// Name gives "soc2@1", as it is stored with what came from it.
func (l *Library) Name() string { return l.ID + "@" + l.Version }

// Design gives the design with that slug.
func (l *Library) Design(slug string) (Design, bool) {
	i := slices.IndexFunc(l.Designs, func(d Design) bool { return d.Slug == slug })
	if i < 0 {
		return Design{}, false
	}
	return l.Designs[i], true
}

// Unmatched reports each id or pattern of a check that matches none of the
// checks that exist. It is apart from loading, since checks live in other packs.
func (l *Library) Unmatched(checks []string) []*fault.Error {
	var out []*fault.Error
	for _, c := range l.checks {
		if !slices.ContainsFunc(checks, func(id string) bool { return matches(c.pattern, id) }) {
			out = append(out, fault.New(fault.Invalid, "control %s is tested by %q, which matches no check", c.slug, c.pattern).
				At(c.file, c.line, c.field).WithHint("name a check of an installed standard, or leave it out: the control is then without a check"))
		}
	}
	return out
}

var slugPattern = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

func isFrequency(s string) bool { return slices.Contains(Frequencies(), s) }

// add reads one file of a library: a list "controls", a list "populations", or
// both.
func (l *Library) add(root *pack.Value) {
	o := root.Object()
	if o == nil {
		return
	}
	populations := o.Field("populations")
	for _, v := range populations.List() {
		if p := v.Object(); p != nil {
			l.Populations = append(l.Populations, l.population(p))
			p.Done()
		}
	}
	controls := o.Field("controls")
	if !populations.Present() {
		controls = o.Need("controls", "a list of controls")
	}
	for _, v := range controls.List() {
		if c := v.Object(); c != nil {
			l.Designs = append(l.Designs, l.design(c))
			c.Done()
		}
	}
	o.Done()
}

func (l *Library) design(o *pack.Object) Design {
	d := Design{
		Slug:      o.NeedText("id", "lower-case words joined by hyphens"),
		Title:     o.NeedText("title", "a short title"),
		Statement: o.NeedText("statement", "what the organisation does, one or two sentences that can be tested"),
		Risk:      o.NeedText("risk", "what could go wrong without it"),
		Performer: o.NeedText("performer", "the role that performs it"),
		Owner:     o.NeedText("owner", "the role that answers for it"),
		Weight:    Weight(o.Need("weight", "key or supporting").OneOf(string(Key), string(Supporting))),
		Nature:    Nature(o.Need("nature", "preventive, detective or corrective").OneOf(string(Preventive), string(Detective), string(Corrective))),
		Mode:      Mode(o.Need("mode", "automated or manual").OneOf(string(Automated), string(Manual))),
		Starter:   o.Field("starter").Bool(),
	}
	id := o.Field("id")
	switch {
	case d.Slug == "":
	case !slugPattern.MatchString(d.Slug) || len(d.Slug) > 60:
		id.Fault("%q is no slug", d.Slug).WithHint("use lower-case words joined by hyphens, at most 60 letters")
	case slices.ContainsFunc(l.Designs, func(other Design) bool { return other.Slug == d.Slug }):
		id.Fault("another control has the id %q", d.Slug).WithHint("ids are stable and used once")
	}
	l.rhythm(o, &d)
	d.Evidence = l.texts(o, "evidence", "what it leaves behind: a list of texts")
	d.Information = l.texts(o, "information", "what its performer relies on: a list of texts")
	l.tests(o, &d)
	l.draws(o, &d)
	l.points(o, &d)
	for _, v := range o.Field("shares").List() {
		if s := v.Object(); s != nil {
			d.Shares = append(d.Shares, Share{Kind: s.Need("kind", "source, tool or person").OneOf("source", "tool", "person"),
				Name: s.NeedText("name", "what is shared")})
			s.Done()
		}
	}
	return d
}

func (l *Library) rhythm(o *pack.Object, d *Design) {
	frequency, trigger := o.Field("frequency"), o.Field("trigger")
	switch {
	case frequency.Present() && trigger.Present():
		trigger.Fault("stands beside a frequency").WithHint("a control has a frequency or a trigger; keep one of the two")
	case frequency.Present():
		d.Frequency = frequency.OneOf(Frequencies()...)
	case trigger.Present():
		d.Trigger = o.NeedText("trigger", "what sets it off")
	default:
		o.Fault("has neither a frequency nor a trigger").WithHint("add frequency: %s; or trigger: what sets it off", strings.Join(Frequencies(), ", "))
	}
}

func (l *Library) texts(o *pack.Object, field, hint string) []string {
	v := o.Need(field, hint)
	texts := v.Texts()
	if v.Present() && len(texts) == 0 {
		v.Fault("is empty").WithHint("%s", hint)
	}
	return texts
}

func (l *Library) tests(o *pack.Object, d *Design) {
	field := o.Field("checks")
	for _, v := range field.List() {
		pattern := v.Text()
		if pattern == "" {
			continue
		}
		if _, err := path.Match(pattern, ""); err != nil || strings.Count(pattern, "/") != 1 {
			v.Fault("%q is neither a check's id nor a pattern of ids", pattern).WithHint("write STANDARD/CHECK, where * stands for any letters: linux-server/sshd-*")
			continue
		}
		d.Checks = append(d.Checks, pattern)
		l.checks = append(l.checks, testedBy{d.Slug, pattern, v.File(), v.Line(), v.Path()})
	}
	if d.Mode == Automated && len(d.Checks) == 0 {
		o.Fault("is automated but names no check").WithHint("add checks: that observe it, or say mode: manual")
	}
}

func (l *Library) points(o *pack.Object, d *Design) {
	field := o.Need("points", "the points of focus it addresses: a list of criterion, number, relation, rationale")
	list := field.List()
	if field.Present() && len(list) == 0 {
		field.Fault("is empty").WithHint("name at least one point of focus, so that the control has a place")
	}
	for _, v := range list {
		p := v.Object()
		if p == nil {
			continue
		}
		link := PointLink{
			Criterion: p.NeedText("criterion", "its id: CC6.1"),
			Number:    int(p.Need("number", "the number of the point of focus").Int()),
			Relation:  Relation(p.Need("relation", "addresses, partly or supports").OneOf(string(Addresses), string(Partly), string(Supports))),
			Rationale: p.NeedText("rationale", "why it does, in one sentence"),
		}
		p.Done()
		if _, known := catalog.Get(link.Criterion); !known && link.Criterion != "" {
			p.At("criterion").Fault("%q is none of the 61 criteria", link.Criterion).WithHint("write an id like CC6.1")
			continue
		}
		if _, known := catalog.PointOf(link.Criterion, link.Number); !known && link.Criterion != "" {
			p.Fault("%s has no point of focus %d", link.Criterion, link.Number).
				WithHint("%s has points 1 to %d", link.Criterion, len(catalog.Points(link.Criterion)))
			continue
		}
		if slices.ContainsFunc(d.Points, func(q PointLink) bool { return q.Criterion == link.Criterion && q.Number == link.Number }) {
			p.Fault("names %s.%d twice", link.Criterion, link.Number).WithHint("keep one of the two")
			continue
		}
		d.Points = append(d.Points, link)
	}
	if d.Weight == Key && len(d.Points) > 0 && !slices.ContainsFunc(d.Points, func(p PointLink) bool { return p.Relation != Supports }) {
		field.Fault("only supports points, so no criterion rests on it").WithHint("say weight: supporting, or relate a point by addresses or partly")
	}
}

// Summary gives "59 controls, 38 of them in the starter profile".
func (l *Library) Summary() string {
	starter := 0
	for _, d := range l.Designs {
		if d.Starter {
			starter++
		}
	}
	return fmt.Sprintf("%d controls, %d of them in the starter profile", len(l.Designs), starter)
}

// ShippedLibrary loads the control library that comes with this build.
func ShippedLibrary() (*Library, error) {
	dir, err := packs.Open("controls")
	if err != nil {
		return nil, err
	}
	l, err := LoadLibrary(dir)
	if err != nil {
		return nil, fmt.Errorf("shipped control library: %w", err)
	}
	return l, nil
}
