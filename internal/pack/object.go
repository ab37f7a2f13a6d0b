package pack

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/fault"

	"go.yaml.in/yaml/v3"
)

// maxDepth limits how deep values nest in one file.
const maxDepth = 32

// Value is one YAML value with its place. Its readers report what is wrong to
// the Source and give a zero value, so that a decoder runs to the end and all
// mistakes are found in one pass. A nil *Value reads as absent.
type Value struct {
	src  *Source
	file string
	path string // "checks[3].attributes[0].expect"
	node *yaml.Node
	key  *yaml.Node // where the field's name stands; nil for list elements and roots
}

// Object is a mapping whose fields are asked for by name. Done reports those
// that nobody asked for.
type Object struct {
	Value
	fields map[string]*Value
	asked  map[string]bool
	order  []string
}

// File gives the file that the value stands in.
func (v *Value) File() string { return v.file }

// Line gives the line of the value, from 1.
func (v *Value) Line() int {
	if v == nil || v.node == nil {
		return 0
	}
	if v.key != nil && v.node.Kind != yaml.ScalarNode {
		return v.key.Line
	}
	return v.node.Line
}

// Path gives the field's path within the file.
func (v *Value) Path() string { return v.path }

// Fault reports a mistake at the value and returns it, so that a hint can be
// added.
func (v *Value) Fault(format string, args ...any) *fault.Error {
	return v.src.Fault(v.file, v.Line(), v.path, format, args...)
}

// FaultLine reports a mistake on a line inside a text of several lines; line
// counts from 1 within the text.
func (v *Value) FaultLine(line int, format string, args ...any) *fault.Error {
	at := v.Line()
	if v.node.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		at = v.node.Line + 1 // the text starts below its "|" or ">"
	}
	if v.node.Style&yaml.LiteralStyle != 0 && line > 1 {
		at += line - 1
	}
	return v.src.Fault(v.file, at, v.path, format, args...)
}

// root parses one file. It gives nil when the file cannot be read as YAML, or
// holds what packs do not allow.
func (s *Source) root(file string, data []byte) *Value {
	if !utf8.Valid(data) {
		s.Fault(file, 0, "", "is not UTF-8 text").WithHint("save the file as UTF-8")
		return nil
	}
	var doc yaml.Node
	dec := yaml.NewDecoder(strings.NewReader(string(data)))
	if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
		s.Fault(file, 1, "", "is empty").WithHint("write its fields, or remove the file")
		return nil
	} else if err != nil {
		line, message := yamlError(err)
		s.Fault(file, line, "", "is not valid YAML: %s", message).WithHint("mend the syntax; the line is where the parser gave up, the cause is often the line above")
		return nil
	}
	var second yaml.Node
	if err := dec.Decode(&second); err == nil {
		s.Fault(file, second.Line, "", "holds more than one YAML document").WithHint("put each document into a file of its own")
		return nil
	}
	v := &Value{src: s, file: file, node: doc.Content[0]}
	if !v.allowed(doc.Content[0], "", 0) {
		return nil
	}
	return v
}

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

func yamlError(err error) (line int, message string) {
	message = err.Error()
	m := yamlLine.FindStringSubmatch(message)
	if m == nil {
		return 0, message
	}
	line, _ = strconv.Atoi(m[1]) // "" when the parser gives no line: 0 means unknown
	return line, strings.TrimPrefix(message, m[0])
}

// allowed refuses what a pack must not use: aliases (a small file could grow
// without bound), tags and deep nesting.
func (v *Value) allowed(n *yaml.Node, path string, depth int) bool {
	switch {
	case depth > maxDepth:
		v.src.Fault(v.file, n.Line, path, "is nested more than %d levels deep", maxDepth).WithHint("flatten it")
		return false
	case n.Kind == yaml.AliasNode:
		v.src.Fault(v.file, n.Line, path, "uses a YAML alias (*%s)", n.Value).WithHint("write the value out; packs use no anchors and aliases")
		return false
	case n.Anchor != "":
		v.src.Fault(v.file, n.Line, path, "uses a YAML anchor (&%s)", n.Anchor).WithHint("write the value out; packs use no anchors and aliases")
		return false
	case n.Style&yaml.TaggedStyle != 0:
		v.src.Fault(v.file, n.Line, path, "uses a YAML tag (%s)", n.Tag).WithHint("leave the tag out")
		return false
	}
	ok := true
	for i, c := range n.Content {
		sub := path
		switch {
		case n.Kind == yaml.MappingNode && i%2 == 1:
			sub = join(path, n.Content[i-1].Value)
		case n.Kind == yaml.SequenceNode:
			sub = fmt.Sprintf("%s[%d]", path, i)
		}
		ok = v.allowed(c, sub, depth+1) && ok
	}
	return ok
}

func join(path, field string) string {
	if path == "" {
		return field
	}
	return path + "." + field
}

// null reports whether the value is an explicit null.
func (v *Value) null() bool { return v.node.Kind == yaml.ScalarNode && v.node.Tag == "!!null" }

// Present reports whether the value was given at all.
func (v *Value) Present() bool { return v != nil }

// Object reads a mapping; nil, with a mistake reported, when it is none.
func (v *Value) Object() *Object {
	if v == nil {
		return nil
	}
	if v.node.Kind != yaml.MappingNode {
		v.Fault("is %s; expected fields (name: value)", kindOf(v.node))
		return nil
	}
	o := &Object{Value: *v, fields: map[string]*Value{}, asked: map[string]bool{}}
	for i := 0; i+1 < len(v.node.Content); i += 2 {
		key, node := v.node.Content[i], v.node.Content[i+1]
		sub := &Value{src: v.src, file: v.file, path: join(v.path, key.Value), node: node, key: key}
		if key.Kind != yaml.ScalarNode || key.Tag == "!!merge" {
			v.src.Fault(v.file, key.Line, v.path, "has a field whose name is not a plain word").WithHint("write name: value")
			continue
		}
		if first, twice := o.fields[key.Value]; twice {
			v.src.Fault(v.file, key.Line, sub.path, "is given twice (first on line %d)", first.key.Line).WithHint("keep one of the two")
			continue
		}
		o.fields[key.Value] = sub
		o.order = append(o.order, key.Value)
	}
	return o
}

// List reads a sequence; nil, with a mistake reported, when it is none.
func (v *Value) List() []*Value {
	if v == nil {
		return nil
	}
	if v.node.Kind != yaml.SequenceNode {
		v.Fault("is %s; expected a list (- …)", kindOf(v.node))
		return nil
	}
	items := make([]*Value, len(v.node.Content))
	for i, n := range v.node.Content {
		items[i] = &Value{src: v.src, file: v.file, path: fmt.Sprintf("%s[%d]", v.path, i), node: n}
	}
	return items
}

// Text reads a text. Numbers and booleans are not texts: quote them.
func (v *Value) Text() string {
	if v == nil {
		return ""
	}
	if v.node.Kind != yaml.ScalarNode || v.node.Tag != "!!str" {
		e := v.Fault("is %s; expected text", kindOf(v.node))
		if v.node.Kind == yaml.ScalarNode {
			e.WithHint("put it into quotes: %q", v.node.Value)
		}
		return ""
	}
	return v.node.Value
}

// Int reads a whole number.
func (v *Value) Int() int64 {
	if v == nil {
		return 0
	}
	var n int64
	if v.node.Kind != yaml.ScalarNode || v.node.Tag != "!!int" || v.node.Decode(&n) != nil {
		e := v.Fault("is %s; expected a whole number", kindOf(v.node))
		if _, err := strconv.ParseInt(v.node.Value, 10, 64); err == nil {
			e.WithHint("leave the quotes out: %s", v.node.Value)
		}
		return 0
	}
	return n
}

// Bool reads true or false.
func (v *Value) Bool() bool {
	if v == nil {
		return false
	}
	var b bool
	if v.node.Kind != yaml.ScalarNode || v.node.Tag != "!!bool" || v.node.Decode(&b) != nil {
		v.Fault("is %s; expected true or false", kindOf(v.node))
		return false
	}
	return b
}

// Texts reads a list of texts.
func (v *Value) Texts() []string {
	var texts []string
	for _, item := range v.List() {
		texts = append(texts, item.Text())
	}
	return texts
}

// OneOf reads a text that must be one of the given words.
func (v *Value) OneOf(words ...string) string {
	if v == nil {
		return ""
	}
	before := len(v.src.mistakes)
	s := v.Text()
	if len(v.src.mistakes) > before {
		return ""
	}
	if !slices.Contains(words, s) {
		e := v.Fault("%q is not one of %s", s, strings.Join(words, ", "))
		if best := closest(s, words); best != "" {
			e.WithHint("did you mean %s?", best)
		}
		return ""
	}
	return s
}

// Keys gives the names of the fields in the order of the file, and marks them
// as asked for: for mappings whose keys are data.
func (o *Object) Keys() []string {
	for _, k := range o.order {
		o.asked[k] = true
	}
	return o.order
}

// entry gives a field that is there, null or not.
func (o *Object) entry(name string) *Value { return o.fields[name] }

// Field gives a field that may be absent (nil). An explicit null counts as
// absent.
func (o *Object) Field(name string) *Value {
	if o == nil {
		return nil
	}
	o.asked[name] = true
	v := o.fields[name]
	if v == nil || v.null() {
		return nil
	}
	return v
}

// At is where a mistake about a field stands: the field, or the object where it is
// not there.
func (o *Object) At(name string) *Value {
	if v := o.Field(name); v != nil {
		return v
	}
	return &o.Value
}

// Need gives a field that must be there; nil, with a mistake reported, when it
// is not. hint says what belongs there.
func (o *Object) Need(name, hint string) *Value {
	if o == nil {
		return nil
	}
	v := o.Field(name)
	if v == nil {
		o.src.Fault(o.file, o.Line(), join(o.path, name), "is missing").WithHint("add %s: %s", name, hint)
	}
	return v
}

// NeedText reads a text that must be there and not be empty.
func (o *Object) NeedText(name, hint string) string {
	v := o.Need(name, hint)
	if v == nil {
		return ""
	}
	s := v.Text()
	if s != "" || v.node.Kind != yaml.ScalarNode || v.node.Tag != "!!str" {
		return s
	}
	v.Fault("is empty").WithHint("%s", hint)
	return ""
}

// Done reports each field that was given and not asked for.
func (o *Object) Done() {
	if o == nil {
		return
	}
	known := make([]string, 0, len(o.asked))
	for name := range o.asked {
		known = append(known, name)
	}
	slices.Sort(known)
	for _, name := range o.order {
		if !o.asked[name] {
			v := o.fields[name]
			o.src.Fault(o.file, v.key.Line, v.path, "is not a field that is known here").WithHint("%s", nearest(name, known))
		}
	}
}

func (v *Value) kind() string { return kindOf(v.node) }

// kindOf says what a node is, for "is …; expected …".
func kindOf(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a set of fields"
	case yaml.SequenceNode:
		return "a list"
	case yaml.ScalarNode:
		switch n.Tag {
		case "!!str":
			return "text"
		case "!!int":
			return "a whole number"
		case "!!float":
			return "a number"
		case "!!bool":
			return "true or false"
		case "!!null":
			return "empty"
		case "!!timestamp":
			return "a date"
		}
	}
	return "something else"
}

// nearest names the known word that looks most like what was written, or all
// of them when none does.
func nearest(got string, known []string) string {
	if best := closest(got, known); best != "" {
		return fmt.Sprintf("did you mean %s?", best)
	}
	return "known here: " + strings.Join(known, ", ")
}

// closest gives the known word that was probably meant, or "".
func closest(got string, known []string) string {
	best, distance := "", min(3, len(got))
	for _, k := range known {
		if d := editDistance(got, k); d < distance {
			best, distance = k, d
		}
	}
	return best
}

// editDistance counts the letters to insert, delete or replace (Levenshtein),
// on bytes, for short words only.
func editDistance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			diagonal, row[j] = row[j], min(row[j]+1, row[j-1]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
