package facts

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/fault"
)

// Limits of one section. What is larger is refused whole.
const (
	MaxValues  = 16 << 20 // bytes of Values
	MaxMissing = 20_000
	MaxDepth   = 16
	MaxText    = 2_000 // bytes of a name, path or reason
)

// Decode holds a section against the registry. A fault names the JSON Pointer
// (section first) and the type that was expected. A section or fact that this
// registry does not declare is kept and listed in Unknown. A digest that is
// given must be right.
func Decode(s Section) (Decoded, error) { return Registry().Decode(s) }

// Decode is like the package's Decode with this registry.
func (r *Reg) Decode(s Section) (Decoded, error) {
	switch {
	case s.Name == "" || len(s.Name) > MaxText:
		return Decoded{}, fault.New(fault.Invalid, "a section needs a name").At("", 0, "section")
	case s.Registry < 1:
		return Decoded{}, fault.New(fault.Invalid, "expected the registry version, 1 or higher, found %d", s.Registry).At("", 0, "/"+s.Name)
	case len(s.Values) > MaxValues:
		return Decoded{}, fault.New(fault.Invalid, "%d bytes are more than the limit of %d", len(s.Values), MaxValues).At("", 0, "/"+s.Name)
	case len(s.Missing) > MaxMissing:
		return Decoded{}, fault.New(fault.Invalid, "%d missing facts are more than the limit of %d", len(s.Missing), MaxMissing).At("", 0, "/"+s.Name)
	}
	if !json.Valid(s.Values) {
		return Decoded{}, syntaxFault(s.Name, s.Values)
	}
	d := &decoder{data: s.Values, path: []string{s.Name}}
	var t *Type
	if def, known := r.Section(s.Name); known {
		t = &def.Type
	} else if s.Registry <= r.Version {
		return Decoded{}, fault.New(fault.Invalid, "no such section").At("", 0, "/"+s.Name).
			WithHint("the agent is of registry version %d, this is version %d", s.Registry, r.Version)
	} else {
		d.unknown = append(d.unknown, "")
	}
	v, err := d.value(t)
	if err != nil {
		return Decoded{}, err
	}
	values, ok := v.(map[string]any)
	if !ok {
		return Decoded{}, d.mismatch("object", v)
	}
	missing := sortedMissing(s.Missing)
	if err := checkMissing(s.Name, missing); err != nil {
		return Decoded{}, err
	}
	if s.Digest != "" && digest(s.Values, missing) != s.Digest && digest(Canonical(values), missing) != s.Digest {
		return Decoded{}, fault.New(fault.Invalid, "the digest does not fit the values").At("", 0, "/"+s.Name+" digest")
	}
	expanded, err := expand(s.Name, t, values, missing)
	if err != nil {
		return Decoded{}, err
	}
	return Decoded{Name: s.Name, Values: values, Missing: expanded, Unknown: d.unknown}, nil
}

// decoder walks JSON that is known to be well formed along the section's
// type. Without a type it takes what there is, as far as values of facts go.
type decoder struct {
	data    []byte
	at      int
	path    []string // section first
	unknown []string
}

func (d *decoder) fault(format string, args ...any) error {
	return fault.New(fault.Invalid, format, args...).At("", 0, JoinPointer(d.path...))
}

func (d *decoder) mismatch(want string, got any) error {
	return d.fault("expected %s, found %s", want, describe(got))
}

// describe names what stands where something else was expected, short.
func describe(v any) string {
	switch v := v.(type) {
	case string:
		if len(v) > 40 {
			v = v[:40] + "…"
		}
		return "string " + strconv.Quote(v)
	case int64:
		return "int " + strconv.FormatInt(v, 10)
	case json.Number:
		return fmt.Sprintf("number %.40s", v)
	case bool:
		return "bool " + strconv.FormatBool(v)
	case []any:
		return "list"
	case map[string]any:
		return "object"
	}
	return "null"
}

// peek skips white space, commas and colons and gives the next byte.
func (d *decoder) peek() byte {
	for ; ; d.at++ {
		switch c := d.data[d.at]; c {
		case ' ', '\t', '\n', '\r', ',', ':':
		default:
			return c
		}
	}
}

// value reads one value; t is nil where the registry declares none.
func (d *decoder) value(t *Type) (any, error) {
	if len(d.path) > MaxDepth {
		return nil, d.fault("nested deeper than %d", MaxDepth)
	}
	var kind Kind
	var v any // of a scalar
	switch c := d.peek(); c {
	case '{':
		kind, v = KindObject, map[string]any(nil)
	case '[':
		kind, v = KindList, []any(nil)
	case '"':
		s, err := d.text()
		if err != nil {
			return nil, err
		}
		kind, v = KindString, s
	case 't', 'f':
		kind, v = KindBool, c == 't'
		d.at += len("true")
		if c == 'f' {
			d.at++
		}
	case 'n':
		d.at += len("null")
	default:
		n := d.number()
		kind, v = KindInt, n
		if i, err := strconv.ParseInt(n.String(), 10, 64); err == nil {
			v = i
		} else if t == nil {
			return nil, d.mismatch("int", n)
		}
	}
	switch {
	case kind == "" && t == nil:
		return nil, d.mismatch("a value", nil)
	case t != nil && kind != t.Kind && !(kind == KindObject && t.Kind == KindMap):
		return nil, d.mismatch(t.String(), v)
	}
	switch n := v.(type) {
	case json.Number:
		return nil, d.mismatch("int", n)
	case []any:
		return d.list(t)
	case map[string]any:
		return d.object(t)
	}
	return v, nil
}

// text reads a string. Most have no escapes.
func (d *decoder) text() (string, error) {
	start := d.at
	plain := true
	for d.at++; d.data[d.at] != '"'; d.at++ {
		if d.data[d.at] == '\\' {
			plain = false
			d.at++
		}
	}
	d.at++
	raw := d.data[start:d.at]
	if inner := raw[1 : len(raw)-1]; plain && utf8.Valid(inner) {
		return string(inner), nil
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return "", d.fault("not JSON at byte %d: %v", start, err)
	}
	return s, nil
}

func (d *decoder) number() json.Number {
	start := d.at
	for d.at < len(d.data) && strings.IndexByte("+-.0123456789eE", d.data[d.at]) >= 0 {
		d.at++
	}
	return json.Number(d.data[start:d.at])
}

func (d *decoder) list(t *Type) (any, error) {
	out := []any{}
	d.at++ // [
	d.path = append(d.path, "")
	for d.peek() != ']' {
		d.path[len(d.path)-1] = strconv.Itoa(len(out))
		v, err := d.value(elem(t))
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	d.path = d.path[:len(d.path)-1]
	d.at++
	return out, nil
}

func (d *decoder) object(t *Type) (any, error) {
	var out map[string]any
	declared := t != nil && t.Kind == KindObject
	if declared {
		out = make(map[string]any, len(t.Object.Fields))
	} else {
		out = map[string]any{}
	}
	d.at++ // {
	d.path = append(d.path, "")
	for d.peek() != '}' {
		key, err := d.text()
		if err != nil {
			return nil, err
		}
		d.path[len(d.path)-1] = key
		ft := elem(t)
		if declared {
			if f, known := t.Object.Field(key); known {
				ft, key = &f.Type, f.Name // the registry's text, not one more copy
			} else {
				d.unknown = append(d.unknown, JoinPointer(d.path[1:]...))
			}
		}
		if _, twice := out[key]; twice {
			return nil, d.fault("given twice")
		}
		v, err := d.value(ft)
		if err != nil {
			return nil, err
		}
		out[key] = v
	}
	d.path = d.path[:len(d.path)-1]
	d.at++
	return out, nil
}

// syntaxFault says where JSON that is not well formed stops being so.
func syntaxFault(section string, data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	path := []string{section}
	type level struct {
		object, key bool // key: a name was read, its value comes
		count       int
	}
	var levels []level
	at := func(format string, args ...any) error {
		where := path
		if n := len(where) - 1; n > 0 && where[n] == "" { // nothing was read in there yet
			where = where[:n]
		}
		return fault.New(fault.Invalid, format, args...).At("", 0, JoinPointer(where...))
	}
	for {
		tok, err := dec.Token()
		switch {
		case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
			return at("truncated: the JSON ends in the middle, after %d bytes", len(data))
		case err != nil:
			return at("not JSON at byte %d: %v", dec.InputOffset(), err)
		}
		if delim, ok := tok.(json.Delim); ok && (delim == '}' || delim == ']') {
			levels, path = levels[:len(levels)-1], path[:len(path)-1]
		} else {
			if n := len(levels) - 1; n >= 0 {
				if l := &levels[n]; !l.object {
					path[len(path)-1] = strconv.Itoa(l.count)
					l.count++
				} else if l.key = !l.key; l.key {
					path[len(path)-1], _ = tok.(string)
					continue
				}
			}
			if delim, ok := tok.(json.Delim); ok {
				levels, path = append(levels, level{object: delim == '{'}), append(path, "")
			}
		}
		if len(levels) == 0 {
			return at("more than one value, or something after it")
		}
	}
}

func elem(t *Type) *Type {
	if t == nil {
		return nil
	}
	return t.Elem
}

func checkMissing(section string, missing []Missing) error {
	for i, m := range missing {
		at := func(format string, args ...any) error {
			return fault.New(fault.Invalid, format, args...).At("", 0, "/"+section+" missing "+fmt.Sprintf("%.200q", m.Path))
		}
		if _, ok := SplitPointer(m.Path); !ok || len(m.Path) > MaxText {
			return at("expected a JSON Pointer")
		}
		if m.State != Error && m.State != NotObserved && m.State != Absent {
			return at("expected state error, not_observed or absent, found %.40q", m.State)
		}
		if m.Reason == "" || len(m.Reason) > MaxText {
			return at("expected a reason of at most %d bytes", MaxText)
		}
		if i > 0 && missing[i-1].Path == m.Path {
			return at("given twice")
		}
	}
	return nil
}

// expand spells out what is missing: where an object is missing and some of
// its fields are there, each other field gets an entry of its own. missing is
// sorted; so is the answer.
func expand(section string, t *Type, values map[string]any, missing []Missing) ([]Missing, error) {
	given := make(map[string]bool, len(missing))
	for _, m := range missing {
		given[m.Path] = true
	}
	var out []Missing
	for _, m := range missing {
		tokens, _ := SplitPointer(m.Path)
		v, there := at(values, tokens)
		if !there {
			out = append(out, m)
			continue
		}
		var vt Type
		if t != nil {
			vt, _ = descend(*t, tokens)
		}
		object, isMap := v.(map[string]any)
		if vt.Kind != KindObject || !isMap {
			if isMap && len(object) == 0 && m.Path == "" {
				out = append(out, m) // a section that is a map, all of it missing
				continue
			}
			return nil, fault.New(fault.Invalid, "both given and missing (%s)", m.Reason).At("", 0, "/"+section+m.Path)
		}
		out = append(out, absentFields(vt.Object, object, m, given)...)
	}
	return sortedMissing(out), nil
}

func absentFields(o *Object, value map[string]any, m Missing, given map[string]bool) []Missing {
	var out []Missing
	for _, f := range o.Fields {
		path := m.Path + JoinPointer(f.Name)
		v, there := value[f.Name]
		if !there {
			if !given[path] {
				out = append(out, Missing{Path: path, State: m.State, Reason: m.Reason})
			}
			continue
		}
		if inner, isMap := v.(map[string]any); isMap && f.Type.Kind == KindObject && !given[path] {
			out = append(out, absentFields(f.Type.Object, inner, Missing{Path: path, State: m.State, Reason: m.Reason}, given)...)
		}
	}
	return out
}

// at finds the value at tokens; "" is values itself.
func at(values map[string]any, tokens []string) (any, bool) {
	var v any = values
	for _, tok := range tokens {
		switch c := v.(type) {
		case map[string]any:
			next, ok := c[tok]
			if !ok {
				return nil, false
			}
			v = next
		case []any:
			i, err := strconv.Atoi(tok)
			if err != nil || i < 0 || i >= len(c) || strconv.Itoa(i) != tok {
				return nil, false
			}
			v = c[i]
		default:
			return nil, false
		}
	}
	return v, true
}
