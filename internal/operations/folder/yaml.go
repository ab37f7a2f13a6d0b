package folder

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// field is a field of a document as its tags declare it.
type field struct {
	index []int
	name  string
	empty bool // left out where it says nothing
	held  bool // decided by people: exported, never imported
	typ   reflect.Type
}

// fieldsOf gives the fields of a document in order. What only the program sets
// (readOnly) is no part of it; the one tagged body is the text below the front
// matter.
func fieldsOf(t reflect.Type) (out []field, body []int) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, opts, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() && !f.Anonymous || name == "-" && f.Tag.Get("folder") != "body" || f.Tag.Get("readOnly") == "true" {
			continue
		}
		if f.Tag.Get("folder") == "body" {
			body = f.Index
			continue
		}
		if f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct {
			inner, inBody := fieldsOf(f.Type)
			for _, x := range inner {
				x.index = append(slices.Clone(f.Index), x.index...)
				out = append(out, x)
			}
			if inBody != nil {
				body = append(slices.Clone(f.Index), inBody...)
			}
			continue
		}
		if name == "" {
			name = f.Name
		}
		out = append(out, field{index: f.Index, name: name, empty: strings.Contains(opts, "omit"), held: f.Tag.Get("held") != "", typ: f.Type})
	}
	return out, body
}

var (
	timeType = reflect.TypeFor[time.Time]()
	dayForm  = regexp.MustCompile(`^\d{4}-\d\d-\d\d$`)
)

func says(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map:
		return v.Len() > 0
	case reflect.Struct:
		if v.Type() == timeType {
			return !v.IsZero()
		}
		fields, _ := fieldsOf(v.Type())
		return slices.ContainsFunc(fields, func(f field) bool { return says(v.FieldByIndex(f.index)) })
	}
	return !v.IsZero()
}

func scalar(tag, value string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: value}
}

func textNode(s string) *yaml.Node {
	n := scalar("!!str", s)
	switch {
	case dayForm.MatchString(s):
		n.Tag = "!!timestamp"
	case strings.Contains(s, "\n") && !awkward(s):
		n.Style = yaml.LiteralStyle
	case awkward(s) || switches[strings.ToLower(s)]:
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}

// switches are words that older readers of YAML take for true or false.
var switches = map[string]bool{"yes": true, "no": true, "on": true, "off": true, "y": true, "n": true}

// awkward reports whether a text would not come back from a block as it was.
func awkward(s string) bool {
	if strings.Trim(s, " \t\n") == "" && s != "" || strings.HasPrefix(s, " ") || strings.HasPrefix(s, "\t") || strings.HasPrefix(s, "\n") {
		return true
	}
	return strings.ContainsFunc(s, func(r rune) bool {
		return r < ' ' && r != '\n' || r >= 0x7f && r <= 0xa0 || r == 0x2028 || r == 0x2029 || r == 0xfeff || r == 0xfffd || r == 0xfffe || r == 0xffff
	}) || slices.ContainsFunc(strings.Split(s, "\n"), func(line string) bool {
		return strings.HasSuffix(line, " ") || strings.HasSuffix(line, "\t")
	})
}

// nodeOf gives a value as YAML.
func nodeOf(v reflect.Value) (*yaml.Node, error) {
	if v.Type() == timeType {
		return scalar("!!timestamp", v.Interface().(time.Time).UTC().Format(time.RFC3339)), nil
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return scalar("!!null", "null"), nil
		}
		return nodeOf(v.Elem())
	case reflect.Interface:
		if v.IsNil() {
			return scalar("!!null", "null"), nil
		}
		return nodeOf(v.Elem())
	case reflect.String:
		return textNode(v.String()), nil
	case reflect.Bool:
		return scalar("!!bool", strconv.FormatBool(v.Bool())), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return scalar("!!int", strconv.FormatInt(v.Int(), 10)), nil
	case reflect.Float64:
		raw, err := json.Marshal(v.Float())
		return scalar("!!float", string(raw)), err
	case reflect.Slice:
		n := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
		for i := range v.Len() {
			x, err := nodeOf(v.Index(i))
			if err != nil {
				return nil, err
			}
			n.Content = append(n.Content, x)
		}
		if v.Len() == 0 {
			n.Style = yaml.FlowStyle
		}
		return n, nil
	case reflect.Map:
		n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		for _, k := range keys {
			x, err := nodeOf(v.MapIndex(k))
			if err != nil {
				return nil, err
			}
			n.Content = append(n.Content, textNode(k.String()), x)
		}
		if v.Len() == 0 {
			n.Style = yaml.FlowStyle
		}
		return n, nil
	case reflect.Struct:
		n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		fields, _ := fieldsOf(v.Type())
		told := false
		for _, f := range fields {
			x := v.FieldByIndex(f.index)
			if f.empty && !says(x) {
				continue
			}
			value, err := nodeOf(x)
			if err != nil {
				return nil, err
			}
			k := scalar("!!str", f.name)
			if f.held && !told {
				told = true
				k.HeadComment = "Decided by people in Attesta; an import leaves it as it is."
			}
			n.Content = append(n.Content, k, value)
		}
		return n, nil
	}
	return nil, fmt.Errorf("nothing of the type %s is written to a folder", v.Type())
}

// encode gives a document as the bytes of its file; about stands at its head.
func encode(about string, doc any) ([]byte, error) {
	v := reflect.ValueOf(doc)
	n, err := nodeOf(v)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	_, body := fieldsOf(v.Type())
	if body != nil {
		b.WriteString("---\n")
	}
	for line := range strings.SplitSeq(about, "\n") {
		if line != "" {
			b.WriteString("# " + line + "\n")
		}
	}
	if len(n.Content) == 0 {
		b.WriteString("{}\n")
	} else {
		e := yaml.NewEncoder(&b)
		e.SetIndent(2)
		if err := e.Encode(n); err != nil {
			return nil, err
		}
		if err := e.Close(); err != nil {
			return nil, err
		}
	}
	if body != nil {
		b.WriteString("---\n\n" + strings.Trim(v.FieldByIndex(body).String(), "\n") + "\n")
	}
	return b.Bytes(), nil
}

// withoutHeld gives a document without what people decide.
func withoutHeld[D any](d D) D {
	blank(reflect.ValueOf(&d).Elem())
	return d
}

func blank(v reflect.Value) {
	if v.Kind() != reflect.Struct || v.Type() == timeType {
		return
	}
	fields, _ := fieldsOf(v.Type())
	for _, f := range fields {
		x := v.FieldByIndex(f.index)
		if f.held {
			x.SetZero()
		} else {
			blank(x)
		}
	}
}
