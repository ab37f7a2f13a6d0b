package folder

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Field is a difference of one field: what the server says, and what the file says.
type Field struct {
	Name string `json:"name" doc:"contracts.1.to"`
	From string `json:"from,omitempty" doc:"What the server says; absent where it says nothing."`
	To   string `json:"to,omitempty" doc:"What the folder says."`
}

const maxShown = 400 // bytes of a value

// diff gives what two files say otherwise, in the order of the second.
func diff(from, to []byte) ([]Field, error) {
	a, err := node(from)
	if err != nil {
		return nil, err
	}
	b, err := node(to)
	if err != nil {
		return nil, err
	}
	var out []Field
	compare("", a, b, &out)
	return out, nil
}

func compare(at string, a, b *yaml.Node, out *[]Field) {
	switch {
	case a == nil && b == nil:
	case a != nil && b != nil && a.Kind == yaml.MappingNode && b.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(b.Content); i += 2 {
			k := b.Content[i].Value
			compare(join(at, k), under(a, k), b.Content[i+1], out)
		}
		for i := 0; i+1 < len(a.Content); i += 2 {
			if k := a.Content[i].Value; under(b, k) == nil {
				compare(join(at, k), a.Content[i+1], nil, out)
			}
		}
	case a != nil && b != nil && a.Kind == yaml.SequenceNode && b.Kind == yaml.SequenceNode && len(a.Content) == len(b.Content):
		for i := range a.Content {
			compare(join(at, fmt.Sprint(i+1)), a.Content[i], b.Content[i], out)
		}
	default:
		x, y := words(a), words(b)
		if x != y {
			x, y = apart(x, y)
			*out = append(*out, Field{at, x, y})
		}
	}
}

func under(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// words gives a value in one text.
func words(n *yaml.Node) string {
	if n == nil {
		return ""
	}
	var parts []string
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			parts = append(parts, n.Content[i].Value+": "+words(n.Content[i+1]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case yaml.SequenceNode:
		for _, c := range n.Content {
			parts = append(parts, words(c))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return n.Value
}

// apart shortens two texts to the lines in which they differ.
func apart(x, y string) (string, string) {
	if !strings.Contains(x, "\n") && !strings.Contains(y, "\n") {
		return short(x), short(y)
	}
	a, b := strings.Split(x, "\n"), strings.Split(y, "\n")
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	return short(strings.Join(a, "\n")), short(strings.Join(b, "\n"))
}

func short(s string) string {
	if len(s) <= maxShown {
		return s
	}
	cut := maxShown
	for cut > 0 && s[cut]&0xc0 == 0x80 {
		cut--
	}
	return s[:cut] + "…"
}
