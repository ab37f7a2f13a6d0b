package scim

import (
	"encoding/json"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"

	parser "github.com/scim2/filter-parser/v2"
)

const maxOperations = 1000 // of one PATCH

// patch is what a PATCH asks for (RFC 7644, section 3.5.2).
type patch struct {
	Schemas    []string    `json:"schemas"`
	Operations []operation `json:"Operations"`
}

type operation struct {
	Op    string          `json:"op"`
	Path  string          `json:"path"`
	Value json.RawMessage `json:"value"`
}

func badPath(format string, args ...any) *problem {
	return newProblem(http.StatusBadRequest, "invalidPath", format, args...)
}

func badValue(format string, args ...any) *problem {
	return newProblem(http.StatusBadRequest, "invalidValue", format, args...)
}

func noTarget(format string, args ...any) *problem {
	return newProblem(http.StatusBadRequest, "noTarget", format, args...)
}

// apply carries a patch out on a resource. It changes doc even where it fails:
// the caller keeps it only as a whole.
func (t *resource) apply(doc map[string]any, p patch) error {
	if !slices.ContainsFunc(p.Schemas, func(s string) bool { return strings.EqualFold(s, patchSchema) }) {
		return newProblem(http.StatusBadRequest, "invalidSyntax", "the schemas of a PATCH are %s", patchSchema)
	}
	if len(p.Operations) == 0 || len(p.Operations) > maxOperations {
		return newProblem(http.StatusBadRequest, "invalidSyntax", "a PATCH has 1 to %d Operations", maxOperations)
	}
	for _, o := range p.Operations {
		if err := t.operate(doc, o); err != nil {
			return err
		}
	}
	return nil
}

func (t *resource) operate(doc map[string]any, o operation) error {
	op := strings.ToLower(strings.TrimSpace(o.Op))
	if op != "add" && op != "replace" && op != "remove" {
		return newProblem(http.StatusBadRequest, "invalidSyntax", "op is add, replace or remove")
	}
	var value any
	if len(o.Value) > 0 {
		if err := json.Unmarshal(o.Value, &value); err != nil {
			return newProblem(http.StatusBadRequest, "invalidSyntax", "a value is no JSON")
		}
	}
	if strings.TrimSpace(o.Path) != "" {
		return t.at(doc, op, o.Path, value, len(o.Value) > 0)
	}
	if op == "remove" {
		return noTarget("a removal has a path")
	}
	fields, ok := value.(map[string]any)
	if !ok {
		return badValue("an operation without a path has an object as its value")
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) { // directories write paths for names: "name.givenName"
		if strings.EqualFold(name, enterpriseSchema) && t == &users {
			continue
		}
		if a := find(t.attributes, name); a != nil && a.fixed {
			continue // they send back what they read: an id, meta
		}
		if err := t.at(doc, op, name, fields[name], true); err != nil {
			return err
		}
	}
	return nil
}

// at does one operation at a path.
func (t *resource) at(doc map[string]any, op, path string, value any, given bool) error {
	if len(path) > maxFilter || bounded(path) != nil {
		return badPath("a path has at most %d bytes, and is nested at most %d deep", maxFilter, maxNesting)
	}
	p, err := parse(strings.TrimSpace(path), parser.ParsePath)
	if err != nil {
		return badPath("%q is no path", short(path))
	}
	urn, name := p.AttributePath.URI(), p.AttributePath.AttributeName
	sub := p.AttributePath.SubAttributeName()
	if sub == "" {
		sub = p.SubAttributeName()
	}
	if t.passesOver(urn, name, sub) {
		return nil
	}
	a := find(t.attributes, name)
	if urn != "" && !strings.EqualFold(urn, t.schema) || a == nil {
		return badPath("there is no %q here", short(path))
	}
	if a.fixed {
		return newProblem(http.StatusBadRequest, "mutability", "%s is not changed from outside", a.name)
	}
	var part *attribute
	if sub != "" {
		if part = find(a.sub, sub); part == nil {
			return badPath("there is no %q here", short(path))
		}
		if part.fixed {
			return newProblem(http.StatusBadRequest, "mutability", "%s is not changed from outside", short(path))
		}
	}
	if p.ValueExpression != nil {
		if !a.multi {
			return badPath("%s has one value, so there is nothing to choose from", a.name)
		}
		if err := t.knows(p.ValueExpression, a.sub); err != nil {
			return badPath("%q cannot be chosen by", short(path))
		}
	}
	if op == "remove" {
		return t.remove(doc, a, part, p.ValueExpression, value, given)
	}
	if !given {
		return badValue("%s needs a value", op)
	}
	if a.multi {
		return t.setMany(doc, op, a, part, p.ValueExpression, value)
	}
	if part == nil {
		clean, err := a.clean(value)
		if err != nil {
			return err
		}
		if had, ok := doc[a.name].(map[string]any); ok && clean != nil { // both ops of a whole change the parts that are given
			maps.Copy(had, clean.(map[string]any))
			return nil
		}
		set(doc, a.name, clean)
		return nil
	}
	clean, err := part.clean(value)
	if err != nil {
		return err
	}
	had, _ := doc[a.name].(map[string]any)
	if had == nil {
		had = map[string]any{}
		doc[a.name] = had
	}
	set(had, part.name, clean)
	return nil
}

func set(doc map[string]any, name string, value any) {
	if value == nil {
		delete(doc, name)
		return
	}
	doc[name] = value
}

func short(s string) string {
	if len(s) > 100 {
		s = s[:100] + "…"
	}
	return strings.ToValidUTF8(s, "?")
}

// remove takes away a value, the parts of values that are chosen, or the values
// that the operation names.
func (t *resource) remove(doc map[string]any, a, part *attribute, choose parser.Expression, value any, given bool) error {
	if !a.multi {
		if part == nil {
			delete(doc, a.name)
		} else if had, ok := doc[a.name].(map[string]any); ok {
			delete(had, part.name)
		}
		return nil
	}
	had := parts(doc[a.name])
	chosen := func(m map[string]any) bool { return choose == nil || matches(choose, m, a.sub) }
	if choose == nil && given && value != nil { // members, with the ones to remove as the value
		clean, err := a.clean(value)
		if err != nil {
			return err
		}
		named := map[any]bool{}
		for _, m := range parts(clean) {
			named[m["value"]] = true
		}
		chosen = func(m map[string]any) bool { return named[m["value"]] }
	}
	left, hit := []any{}, false
	for _, m := range had {
		switch {
		case !chosen(m):
			left = append(left, m)
			continue
		case part != nil:
			delete(m, part.name)
			left = append(left, m)
		}
		hit = true
	}
	if choose != nil && !hit && a.name != "members" { // whoever is to go and is not there has gone: removals are repeated
		return noTarget("nothing is chosen by the path")
	}
	doc[a.name] = left
	return nil
}

// setMany adds or replaces values, or a part of those that are chosen.
func (t *resource) setMany(doc map[string]any, op string, a, part *attribute, choose parser.Expression, value any) error {
	had := parts(doc[a.name])
	if choose == nil && part == nil {
		clean, err := a.clean(value)
		if err != nil {
			return err
		}
		if op == "replace" {
			had = nil
		}
		doc[a.name] = merge(a, had, parts(clean))
		return nil
	}
	var fresh map[string]any // what the chosen values get
	if part != nil {
		clean, err := part.clean(value)
		if err != nil {
			return err
		}
		fresh = map[string]any{part.name: clean}
	} else {
		clean, err := a.clean(value)
		if err != nil {
			return err
		}
		list := parts(clean)
		if len(list) != 1 {
			return badValue("what is chosen gets one value")
		}
		fresh = list[0]
	}
	hit := false
	for _, m := range had {
		if choose == nil || matches(choose, m, a.sub) {
			hit = true
			for k, v := range fresh {
				set(m, k, v)
			}
			if fresh["primary"] == true {
				onlyPrimary(had, m)
			}
		}
	}
	if !hit {
		made := equalities(choose, a)
		if a.name == "members" || made == nil && choose != nil {
			return noTarget("nothing is chosen by the path")
		}
		if made == nil {
			made = map[string]any{}
		}
		for k, v := range fresh {
			set(made, k, v)
		}
		if made["value"] == nil { // type or primary of an address that is not there
			return nil
		}
		had = append(had, made)
		if made["primary"] == true {
			onlyPrimary(had, made)
		}
	}
	list := []any{}
	for _, m := range had {
		if m["value"] != nil {
			list = append(list, m)
		}
	}
	doc[a.name] = list
	return nil
}

// equalities gives the value that a filter of equalities describes, or nil.
func equalities(e parser.Expression, a *attribute) map[string]any {
	switch e := e.(type) {
	case *parser.AttributeExpression:
		sub := find(a.sub, e.AttributePath.AttributeName)
		if e.Operator != parser.EQ || sub == nil || e.AttributePath.SubAttribute != nil {
			return nil
		}
		v, err := sub.clean(e.CompareValue)
		if err != nil || v == nil {
			return nil
		}
		return map[string]any{sub.name: v}
	case *parser.LogicalExpression:
		if e.Operator != parser.AND {
			return nil
		}
		l, r := equalities(e.Left, a), equalities(e.Right, a)
		if l == nil || r == nil {
			return nil
		}
		maps.Copy(l, r)
		return l
	}
	return nil
}

// merge adds values to those that are there, each once. A primary one takes
// that from the others.
func merge(a *attribute, had, more []map[string]any) []any {
	at := map[any]int{}
	for i, m := range had {
		at[m["value"]] = i
	}
	for _, m := range more {
		i, there := at[m["value"]]
		switch {
		case there && a.name == "members":
		case there && reflect.DeepEqual(had[i]["type"], m["type"]):
			maps.Copy(had[i], m)
			m = had[i]
		default:
			at[m["value"]] = len(had)
			had = append(had, m)
		}
		if m["primary"] == true {
			onlyPrimary(had, m)
		}
	}
	list := make([]any, 0, len(had))
	for _, m := range had {
		list = append(list, m)
	}
	return list
}

func onlyPrimary(all []map[string]any, one map[string]any) {
	for _, m := range all {
		if m["primary"] == true {
			delete(m, "primary")
		}
	}
	one["primary"] = true
}

// clean gives a value as the attribute has it: names in their own case, what is
// not kept left out, booleans as such. nil is no value.
func (a *attribute) clean(v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	if a.multi {
		list, ok := v.([]any)
		if !ok {
			list = []any{v} // one value without brackets
		}
		one := *a
		one.multi = false
		out := []any{}
		for _, x := range list {
			c, err := one.clean(x)
			if err != nil {
				return nil, err
			}
			if m, ok := c.(map[string]any); ok && m["value"] != nil && m["value"] != "" {
				out = append(out, m)
			}
		}
		return out, nil
	}
	switch a.kind {
	case "boolean":
		b, ok := truth(v)
		if !ok {
			return nil, badValue("%s is true or false", a.name)
		}
		return b, nil
	case "complex":
		if s, ok := v.(string); ok && find(a.sub, "value") != nil {
			return map[string]any{"value": s}, nil
		}
		in, ok := v.(map[string]any)
		if !ok {
			return nil, badValue("%s is an object", a.name)
		}
		return clean(in, a.sub)
	}
	s, ok := v.(string)
	if !ok {
		return nil, badValue("%s is text", a.name)
	}
	if s == "" {
		return nil, nil
	}
	return s, nil
}

// clean gives an object with what of it is kept and may be set from outside.
func clean(in map[string]any, list []attribute) (map[string]any, error) {
	out := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(in)) {
		a := find(list, name)
		if a == nil || a.fixed {
			continue
		}
		v, err := a.clean(in[name])
		if err != nil {
			return nil, err
		}
		set(out, a.name, v)
	}
	return out, nil
}
