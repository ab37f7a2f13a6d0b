package pack

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/judge"

	"go.yaml.in/yaml/v3"
)

// base is the item that the fixtures of one population start from.
type base struct {
	facts   map[string]any
	missing []located
}

// located is a missing fact with the section that it belongs to.
type located struct {
	section string
	facts.Missing
}

// base reads fixtures/NAME.yaml: population, facts, missing.
func (d *standard) base(file string) {
	o := d.src.YAML(file).Object()
	if o == nil {
		return
	}
	population := o.Need("population", strings.Join(d.Schema.Populations(), " or ")).OneOf(d.Schema.Populations()...)
	if population != "" {
		if _, twice := d.bases[population]; twice {
			o.At("population").Fault("another file has the base of %s", population).WithHint("keep one file per population")
		}
		values := d.facts(o.Need("facts", "the sections of an item in good order"), population)
		b := &base{}
		b.facts, _ = merge(nil, values).(map[string]any)
		b.missing = d.missing(o.Field("missing"), population)
		d.bases[population] = b
	} else {
		o.Field("facts")
		o.Field("missing")
	}
	o.Done()
}

// facts reads sections, held against the population's types.
func (d *standard) facts(v *Value, population string) map[string]any {
	if v == nil {
		return nil
	}
	root := &judge.Type{Kind: judge.Struct, Name: population, Fields: d.Schema.Sections(population)}
	values, _ := d.typed(v, root).(map[string]any)
	return values
}

// typed reads a value of a type; nil, with a mistake reported, when it is none.
func (d *standard) typed(v *Value, t *judge.Type) any {
	if v.null() {
		return Removed{}
	}
	switch t.Kind {
	case judge.String:
		return v.Text()
	case judge.Int:
		return v.Int()
	case judge.Bool:
		return v.Bool()
	case judge.List:
		list := []any{}
		for _, item := range v.List() {
			if item.null() {
				item.Fault("is empty; expected %s", t.Elem)
				continue
			}
			list = append(list, d.typed(item, t.Elem))
		}
		return list
	}
	o := v.Object()
	if o == nil {
		return nil
	}
	values := map[string]any{}
	for _, name := range o.Keys() {
		sub := o.entry(name)
		elem := t.Elem
		if t.Kind == judge.Struct {
			f, ok := t.Field(name)
			if !ok {
				known := make([]string, len(t.Fields))
				for i, f := range t.Fields {
					known[i] = f.Name
				}
				d.src.Fault(sub.file, sub.key.Line, sub.path, "is no fact of %s", t.Name).WithHint("%s", nearest(name, known))
				continue
			}
			elem = f.Type
		}
		values[name] = d.typed(sub, elem)
	}
	return values
}

var states = []string{string(facts.Absent), string(facts.Error), string(facts.NotObserved)}

// missing reads facts that could not be had: path (section first), state,
// reason.
func (d *standard) missing(v *Value, population string) []located {
	var list []located
	for _, item := range v.List() {
		o := item.Object()
		if o == nil {
			continue
		}
		path := o.NeedText("path", "a JSON Pointer such as /sshd/effective")
		state := o.Need("state", strings.Join(states, ", ")).OneOf(states...)
		reason := o.NeedText("reason", "why it could not be had")
		tokens, ok := facts.SplitPointer(path)
		_, known := d.Schema.TypeAt(population, path)
		switch {
		case path == "":
		case !ok || len(tokens) == 0:
			o.At("path").Fault("%q is no JSON Pointer", path).WithHint("write /section/field; a / inside a name is ~1")
		case !known:
			o.At("path").Fault("%q is no fact of %s", path, population).WithHint("docs/facts.md lists the facts")
		default:
			list = append(list, located{section: tokens[0], Missing: facts.Missing{
				Path: facts.JoinPointer(tokens[1:]...), State: facts.State(state), Reason: reason,
			}})
		}
		o.Done()
	}
	return list
}

// needed are the outcomes that each attribute's fixtures must show.
var needed = []judge.Outcome{judge.Pass, judge.Fail, judge.Error}

// fixtures reads and, when the check is sound, judges the check's fixtures.
//
//	fixtures:
//	  - name: root may log in
//	    expect: fail            # of every attribute, or {attribute: outcome, …}
//	    facts: {sshd: {effective: {permitrootlogin: "yes"}}}
//	    missing: [{path: /sshd/file, state: error, reason: needs root}]
func (d *standard) fixtures(o *Object, c *Check, sound bool) {
	v := o.Need("fixtures", "items that must pass, fail and error")
	if v == nil {
		return
	}
	start := d.bases[c.Population]
	if start == nil {
		v.Fault("have no base item for population %s", c.Population).WithHint("add fixtures/%s.yaml with population, facts", c.Population)
		start = &base{}
	}
	names := map[string]bool{}
	shown := map[string]bool{} // "attribute outcome"
	for _, item := range v.List() {
		f := item.Object()
		if f == nil {
			continue
		}
		before := len(d.src.mistakes)
		fix := Fixture{File: f.file, Line: f.Line(), Name: f.line("name", "what is special about the item", 120)}
		if fix.Name != "" && names[fix.Name] {
			f.At("name").Fault("%q is the name of another fixture of this check", fix.Name)
		}
		names[fix.Name] = true
		fix.Expect = d.outcomes(f.Need("expect", "an outcome, or one per attribute"), c)
		var own map[string]any
		if changes := f.Field("facts"); changes != nil {
			own = d.facts(changes, c.Population)
		}
		missing := d.missing(f.Field("missing"), c.Population)
		f.Done()
		for id, outcome := range fix.Expect {
			shown[id+" "+string(outcome)] = true
		}
		if len(d.src.mistakes) > before {
			continue
		}
		fix.Item, fix.Own = newItem(start, own, missing), own
		for _, m := range missing {
			fix.Missing = append(fix.Missing, FixtureMissing{Path: "/" + m.section + m.Path, State: string(m.State), Reason: m.Reason})
		}
		c.Fixtures = append(c.Fixtures, fix)
		if sound {
			d.judge(f, c, fix)
		}
	}
	d.coverage(v, c, shown)
}

// coverage reports attributes that no fixture shows to pass, fail and error.
func (d *standard) coverage(v *Value, c *Check, shown map[string]bool) {
	attributes := map[string][]string{} // by what they lack
	var order []string
	for _, a := range c.Attributes {
		var lacking []string
		for _, outcome := range needed {
			if a.ID != "" && !shown[a.ID+" "+string(outcome)] {
				lacking = append(lacking, string(outcome))
			}
		}
		if key := strings.Join(lacking, ", "); key != "" {
			if attributes[key] == nil {
				order = append(order, key)
			}
			attributes[key] = append(attributes[key], a.ID)
		}
	}
	for _, key := range order {
		v.Fault("no fixture shows that %s can %s", strings.Join(attributes[key], ", "), strings.ReplaceAll(key, ", ", " and ")).
			WithHint("add a fixture with expect: %s", strings.Split(key, ", ")[0])
	}
}

// outcomes reads what a fixture expects.
func (d *standard) outcomes(v *Value, c *Check) map[string]judge.Outcome {
	if v == nil {
		return nil
	}
	words := []string{"pass", "fail", "error", "not_observed", "not_applicable"}
	expect := map[string]judge.Outcome{}
	if v.node.Kind != yaml.MappingNode {
		if word := v.OneOf(words...); word != "" {
			for _, a := range c.Attributes {
				expect[a.ID] = judge.Outcome(word)
			}
		}
		return expect
	}
	o := v.Object()
	for _, id := range o.Keys() {
		sub := o.entry(id)
		if _, ok := c.Attribute(id); !ok {
			sub.Fault("the check has no attribute %q", id)
			continue
		}
		if word := sub.OneOf(words...); word != "" {
			expect[id] = judge.Outcome(word)
		}
	}
	for _, a := range c.Attributes {
		if _, ok := o.fields[a.ID]; !ok && a.ID != "" {
			v.Fault("says nothing about attribute %s", a.ID).WithHint("add %s: with an outcome", a.ID)
		}
	}
	return expect
}

// judge holds one fixture against the check.
func (d *standard) judge(f *Object, c *Check, fix Fixture) {
	for _, a := range c.Attributes {
		want := fix.Expect[a.ID]
		got := a.Compiled.Judge(fix.Item)
		if got.Outcome == want {
			continue
		}
		reason := got.Reason
		if reason == "" {
			reason = "read " + got.Observed
		}
		f.Fault("attribute %s must %s here, and is judged %s", a.ID, want.Words(), got.Outcome.Words()).WithHint("%s", reason)
	}
}

// newItem merges a fixture's facts over the base's.
func newItem(start *base, own map[string]any, missing []located) judge.Item {
	sections, _ := merge(start.facts, own).(map[string]any)
	item := judge.Item{Sections: make(map[string]*facts.Decoded, len(sections))}
	for name, values := range sections {
		m, _ := values.(map[string]any)
		item.Sections[name] = &facts.Decoded{Name: name, Values: m}
	}
	for _, m := range slices.Concat(start.missing, missing) {
		d := item.Sections[m.section]
		if d == nil {
			d = &facts.Decoded{Name: m.section, Values: map[string]any{}}
			item.Sections[m.section] = d
		}
		d.Missing = append(d.Missing, m.Missing)
		tokens, _ := facts.SplitPointer(m.Path)
		d.Values, _ = without(d.Values, tokens).(map[string]any)
	}
	return item
}

// without takes away what is said to be missing: an agent would not send it.
func without(v any, path []string) any {
	if len(path) == 0 {
		return map[string]any{}
	}
	switch x := v.(type) {
	case map[string]any:
		if _, ok := x[path[0]]; !ok {
			return v
		}
		x = maps.Clone(x)
		if len(path) == 1 {
			delete(x, path[0])
		} else {
			x[path[0]] = without(x[path[0]], path[1:])
		}
		return x
	case []any:
		i, err := strconv.Atoi(path[0])
		if err != nil || i < 0 || i >= len(x) {
			return v
		}
		x = slices.Clone(x)
		x[i] = without(x[i], path[1:])
		return x
	}
	return v
}

// merge lays a fixture's values over the base's: fields and keys one by one,
// anything else whole; null takes away.
func merge(under, over any) any {
	o, ok := over.(map[string]any)
	if !ok {
		if over == nil {
			return under
		}
		return over
	}
	u, _ := under.(map[string]any)
	merged := maps.Clone(u)
	if merged == nil {
		merged = map[string]any{}
	}
	for name, value := range o {
		if _, gone := value.(Removed); gone {
			delete(merged, name)
			continue
		}
		merged[name] = merge(merged[name], value)
	}
	return merged
}

// String names a fixture for messages.
func (f Fixture) String() string { return fmt.Sprintf("%s:%d %q", f.File, f.Line, f.Name) }
