package facts

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

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
	d := &decoder{dec: json.NewDecoder(bytes.NewReader(s.Values)), size: len(s.Values), path: []string{s.Name}}
	d.dec.UseNumber()
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
	if _, err := d.dec.Token(); !errors.Is(err, io.EOF) {
		return Decoded{}, d.fault("more than one value")
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

// decoder walks the JSON of one section along its type. Without a type it
// takes what there is, as far as values of facts go.
type decoder struct {
	dec     *json.Decoder
	size    int
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
		return "number " + v.String()
	case bool:
		return "bool " + strconv.FormatBool(v)
	case json.Delim:
		if v == '[' {
			return "list"
		}
		return "object"
	case []any:
		return "list"
	case map[string]any:
		return "object"
	}
	return "null"
}

func (d *decoder) token() (json.Token, error) {
	tok, err := d.dec.Token()
	var syntax *json.SyntaxError
	switch {
	case err == nil:
		return tok, nil
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return nil, d.fault("truncated: the JSON ends in the middle, after %d bytes", d.size)
	case errors.As(err, &syntax):
		return nil, d.fault("not JSON at byte %d: %v", syntax.Offset, syntax)
	}
	return nil, d.fault("not JSON at byte %d: %v", d.dec.InputOffset(), err)
}

// value reads one value; t is nil where the registry declares none.
func (d *decoder) value(t *Type) (any, error) {
	tok, err := d.token()
	if err != nil {
		return nil, err
	}
	return d.valueOf(tok, t)
}

func (d *decoder) valueOf(tok json.Token, t *Type) (any, error) {
	if len(d.path) > MaxDepth {
		return nil, d.fault("nested deeper than %d", MaxDepth)
	}
	want := func(k Kind) bool { return t == nil || t.Kind == k }
	switch v := tok.(type) {
	case string:
		if want(KindString) {
			return v, nil
		}
	case bool:
		if want(KindBool) {
			return v, nil
		}
	case json.Number:
		if want(KindInt) {
			n, err := strconv.ParseInt(v.String(), 10, 64)
			if err != nil {
				return nil, d.mismatch("int", v)
			}
			return n, nil
		}
	case json.Delim:
		if v == '[' && want(KindList) {
			return d.list(t)
		}
		if v == '{' && (want(KindMap) || want(KindObject)) {
			return d.object(t)
		}
	}
	if t == nil {
		return nil, d.mismatch("a value", tok)
	}
	return nil, d.mismatch(t.String(), tok)
}

func (d *decoder) list(t *Type) (any, error) {
	out := []any{}
	d.path = append(d.path, "")
	for d.dec.More() {
		d.path[len(d.path)-1] = strconv.Itoa(len(out))
		v, err := d.value(elem(t))
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	d.path = d.path[:len(d.path)-1]
	_, err := d.token()
	return out, err
}

func (d *decoder) object(t *Type) (any, error) {
	out := map[string]any{}
	d.path = append(d.path, "")
	for d.dec.More() {
		tok, err := d.token()
		if err != nil {
			return nil, err
		}
		key, ok := tok.(string)
		if !ok {
			return nil, d.mismatch("a name", tok)
		}
		d.path[len(d.path)-1] = key
		if _, twice := out[key]; twice {
			return nil, d.fault("given twice")
		}
		ft := elem(t)
		if t != nil && t.Kind == KindObject {
			f, known := t.Object.Field(key)
			if known {
				ft = &f.Type
			} else {
				d.unknown = append(d.unknown, JoinPointer(d.path[1:]...))
			}
		}
		v, err := d.value(ft)
		if err != nil {
			return nil, err
		}
		out[key] = v
	}
	d.path = d.path[:len(d.path)-1]
	_, err := d.token()
	return out, err
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
