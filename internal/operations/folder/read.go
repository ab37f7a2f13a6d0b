package folder

import (
	"bytes"
	"errors"
	"io"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/fault"

	"go.yaml.in/yaml/v3"
)

const (
	// MaxFile bounds one file.
	MaxFile = 1 << 20
	maxDeep = 24
)

// places are the lines of a file's fields, by path: "contracts.1.from".
type places map[string]int

// line gives where a field stands that a domain's fault names: the field itself,
// or the only one of that name.
func (p places) line(field string) int {
	if n := p[field]; n > 0 || field == "" {
		return n
	}
	least := 0
	for path, n := range p {
		if strings.HasSuffix(path, "."+field) && (least == 0 || n < least) {
			least = n
		}
	}
	return least
}

var yamlLine = regexp.MustCompile(`line (\d+): (.*)`)

// reader reads one file.
type reader struct {
	path  string
	shift int // lines before the YAML
	at    places
}

func (r *reader) bad(line int, field, format string, args ...any) *fault.Error {
	if line > 0 {
		line += r.shift
	}
	return fault.New(fault.Invalid, format, args...).At(r.path, line, field)
}

// decode reads a file into a document, a pointer to a struct.
func decode(path string, raw []byte, doc any) (places, error) {
	r := &reader{path: path, at: places{}}
	switch {
	case len(raw) > MaxFile:
		return nil, r.bad(0, "", "the file has %d bytes; at most %d are read", len(raw), MaxFile)
	case !utf8.Valid(raw):
		return nil, r.bad(0, "", "the file is not UTF-8 text")
	}
	raw = bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n"))
	v := reflect.ValueOf(doc).Elem()
	_, body := fieldsOf(v.Type())
	if body != nil {
		front, text, ok := bytes.Cut(bytes.TrimPrefix(raw, []byte("---\n")), []byte("\n---\n"))
		if !bytes.HasPrefix(raw, []byte("---\n")) || !ok {
			return nil, r.bad(1, "", "the file does not begin with front matter").WithHint("it begins with a line ---, then YAML, then a line ---, then Markdown")
		}
		r.shift = 1
		raw = append(bytes.Clone(front), '\n')
		begins := bytes.TrimLeft(text, "\n")
		v.FieldByIndex(body).SetString(string(bytes.TrimRight(begins, "\n")) + "\n")
		r.at["text"] = r.shift + bytes.Count(front, []byte("\n")) + len(text) - len(begins) + 3
	}
	var root yaml.Node
	d := yaml.NewDecoder(bytes.NewReader(raw))
	err := d.Decode(&root)
	switch {
	case errors.Is(err, io.EOF) || err == nil && len(root.Content) == 0:
		return nil, r.bad(0, "", "the file says nothing").WithHint("remove it, or export again")
	case err != nil:
		return nil, r.syntax(err)
	}
	if err := d.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		if err != nil {
			return nil, r.syntax(err)
		}
		return nil, r.bad(0, "", "the file has more than one document").WithHint("one thing is one file")
	}
	return r.at, r.value(root.Content[0], v, "", 0)
}

func (r *reader) syntax(err error) error {
	line, text := 0, strings.TrimPrefix(err.Error(), "yaml: ")
	if m := yamlLine.FindStringSubmatch(text); m != nil {
		line, _ = strconv.Atoi(m[1]) // the pattern holds digits only
		text = m[2]
	}
	return r.bad(line, "", "this is no YAML: %s", text)
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func (r *reader) value(n *yaml.Node, v reflect.Value, path string, deep int) error {
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		return r.bad(n.Line, path, "anchors and aliases are not used here").WithHint("write the value out")
	case deep > maxDeep:
		return r.bad(n.Line, path, "it is nested too deeply")
	case n.Kind == yaml.ScalarNode && strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!"):
		return r.bad(n.Line, path, "the tag %s is not known", n.Tag)
	}
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" && n.Value != "" && v.Kind() != reflect.Pointer && v.Kind() != reflect.Interface {
		return r.bad(n.Line, path, "it says null").WithHint("leave the line out where there is nothing to say")
	}
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return nil
	}
	if v.Type() == timeType {
		t, err := time.Parse(time.RFC3339, n.Value)
		if n.Kind != yaml.ScalarNode || err != nil {
			return r.bad(n.Line, path, "%.40q is no moment", n.Value).WithHint("write it as 2026-09-30T00:00:00Z")
		}
		v.Set(reflect.ValueOf(t.UTC()))
		return nil
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return r.value(n, v.Elem(), path, deep)
	case reflect.Struct:
		return r.mapping(n, v, path, deep)
	case reflect.Map:
		return r.entries(n, v, path, deep)
	case reflect.Slice:
		if n.Kind != yaml.SequenceNode {
			return r.bad(n.Line, path, "a list is expected here").WithHint("write each on a line of its own after -")
		}
		out := reflect.MakeSlice(v.Type(), 0, len(n.Content))
		for i, c := range n.Content {
			x := reflect.New(v.Type().Elem()).Elem()
			at := join(path, strconv.Itoa(i+1))
			r.at[at] = c.Line + r.shift
			if err := r.value(c, x, at, deep+1); err != nil {
				return err
			}
			out = reflect.Append(out, x)
		}
		v.Set(out)
		return nil
	case reflect.Interface:
		return r.free(n, v, path)
	}
	if n.Kind != yaml.ScalarNode {
		return r.bad(n.Line, path, "a single value is expected here")
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(n.Value)
		return nil
	case reflect.Bool:
		if n.Value != "true" && n.Value != "false" {
			return r.bad(n.Line, path, "%.40q is neither true nor false", n.Value)
		}
		v.SetBool(n.Value == "true")
		return nil
	case reflect.Int, reflect.Int64:
		i, err := strconv.ParseInt(n.Value, 10, 64)
		if err != nil || i > math.MaxInt32*1024 || i < -math.MaxInt32*1024 {
			return r.bad(n.Line, path, "%.40q is no whole number", n.Value)
		}
		v.SetInt(i)
		return nil
	case reflect.Float64:
		f, err := strconv.ParseFloat(n.Value, 64)
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
			return r.bad(n.Line, path, "%.40q is no number", n.Value)
		}
		v.SetFloat(f)
		return nil
	}
	return r.bad(n.Line, path, "this cannot be read")
}

// free reads a value whose type its owner declares: a number, a word, true or
// false, or a list of words.
func (r *reader) free(n *yaml.Node, v reflect.Value, path string) error {
	if n.Kind == yaml.SequenceNode {
		list := []string{}
		for _, c := range n.Content {
			if c.Kind != yaml.ScalarNode || c.Anchor != "" {
				return r.bad(c.Line, path, "a list of words is expected here")
			}
			list = append(list, c.Value)
		}
		v.Set(reflect.ValueOf(list))
		return nil
	}
	if n.Kind != yaml.ScalarNode {
		return r.bad(n.Line, path, "a single value or a list is expected here")
	}
	switch n.Tag {
	case "!!int":
		i, err := strconv.ParseInt(n.Value, 10, 64)
		if err != nil {
			return r.bad(n.Line, path, "%.40q is no whole number", n.Value)
		}
		v.Set(reflect.ValueOf(i))
	case "!!bool":
		v.Set(reflect.ValueOf(n.Value == "true"))
	default:
		v.Set(reflect.ValueOf(n.Value))
	}
	return nil
}

func (r *reader) mapping(n *yaml.Node, v reflect.Value, path string, deep int) error {
	if n.Kind != yaml.MappingNode {
		return r.bad(n.Line, path, "keys with values are expected here").WithHint("write key: value on lines of their own")
	}
	fields, _ := fieldsOf(v.Type())
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		if k.Kind != yaml.ScalarNode || k.Anchor != "" {
			return r.bad(k.Line, path, "a key is a word")
		}
		at := join(path, k.Value)
		if seen[k.Value] {
			return r.bad(k.Line, at, "the key stands here twice")
		}
		seen[k.Value] = true
		var names []string
		found := false
		for _, f := range fields {
			names = append(names, f.name)
			if f.name == k.Value {
				found = true
				r.at[at] = k.Line + r.shift
				if err := r.value(n.Content[i+1], v.FieldByIndex(f.index), at, deep+1); err != nil {
					return err
				}
			}
		}
		if !found {
			f := r.bad(k.Line, "", "the key %.60q is not known here", k.Value)
			if near := Nearest(k.Value, names); near != "" {
				return f.WithHint("did you mean %s?", near)
			}
			return f.WithHint("known are %s", strings.Join(names, ", "))
		}
	}
	return nil
}

func (r *reader) entries(n *yaml.Node, v reflect.Value, path string, deep int) error {
	if n.Kind != yaml.MappingNode {
		return r.bad(n.Line, path, "keys with values are expected here").WithHint("write key: value on lines of their own")
	}
	out := reflect.MakeMap(v.Type())
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		at := join(path, k.Value)
		if k.Kind != yaml.ScalarNode || k.Anchor != "" {
			return r.bad(k.Line, path, "a key is a word")
		}
		key := reflect.ValueOf(k.Value).Convert(v.Type().Key())
		if out.MapIndex(key).IsValid() {
			return r.bad(k.Line, at, "the key stands here twice")
		}
		r.at[at] = k.Line + r.shift
		x := reflect.New(v.Type().Elem()).Elem()
		if err := r.value(n.Content[i+1], x, at, deep+1); err != nil {
			return err
		}
		out.SetMapIndex(key, x)
	}
	v.Set(out)
	return nil
}

// Nearest gives the known word that a word is most like, "" where none is near.
func Nearest(word string, known []string) string {
	best, least := "", len(word)/3+2
	for _, k := range known {
		if d := distance(strings.ToLower(word), strings.ToLower(k), least); d < least {
			best, least = k, d
		}
	}
	return best
}

// distance is how many letters differ, at most most.
func distance(a, b string, most int) int {
	if len(a) > 60 || len(b) > 60 || len(a)-len(b) > most || len(b)-len(a) > most {
		return most
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		last := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			next := last
			if a[i-1] != b[j-1] {
				next = 1 + min(last, row[j], row[j-1])
			}
			last, row[j] = row[j], next
		}
	}
	return row[len(b)]
}
