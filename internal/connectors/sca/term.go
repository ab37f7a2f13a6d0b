package sca

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// term is a rule in terms of facts: the expression, and what facts make of it.
type term struct {
	cel     string
	cases   []instance
	missing [][]string // paths of the facts that it reads
	note    string     // in what it differs from the rule
}

// instance is one state of the facts, and what the rule says of the text that
// they stand for.
type instance struct {
	facts []given
	truth bool
}

// given is one fact of an instance. Two terms may give the same fact only
// alike.
type given struct {
	path []string
	how  byte // '=' the value, '-' the key is not in its map, '+' the list has the item, '0' the list lacks it
	key  string
	item any
}

func (g given) place() string { return strings.Join(g.path, "\x00") + "\x01" + g.key }

// setting is a fact that stands for one line of text.
type setting struct {
	path          []string
	optional      bool   // the last of path is a key of a map, and may be missing
	guard, value  string // CEL: whether it is there, and its text
	before, after string // what the line has around the value
	wrap          func(value string) (any, bool)
	samples       []string
	note          string
}

func text(v string) (any, bool) { return v, true }

func integer(v string) (any, bool) {
	n, err := strconv.ParseInt(v, 10, 64)
	return n, err == nil
}

// written makes the object that facts have for a setting of a file.
func written(file string) func(string) (any, bool) {
	return func(v string) (any, bool) { return map[string]any{"value": v, "file": file, "line": int64(1)}, true }
}

// keyed makes a setting out of a key of a map.
func keyed(container, key string, path ...string) setting {
	at := fmt.Sprintf("%s[%s]", container, strconv.Quote(key))
	return setting{path: append(path, key), optional: true, guard: fmt.Sprintf("%s in %s", strconv.Quote(key), container), value: at, wrap: text}
}

// samples gives values for fixtures: what the expressions name, numbers around
// those that they compare with, and some that nobody asks for.
func (m matcher) samples() []string {
	list := m.tokens(true)
	for _, t := range m.tests {
		if t.Kind == 'n' {
			for _, n := range []int64{t.Number - 1, t.Number, t.Number + 1} {
				list = append(list, strconv.FormatInt(n, 10))
			}
		}
		if t.Kind == 'l' {
			list = append(list, t.Text)
		}
	}
	return append(list, "no", "yes", "0", "1", "2", "-1", "4", "60", "100000", "other")
}

// of asks the tests of a setting.
func (m matcher) of(s setting) (term, string) {
	render := func(v string) string { return s.before + v + s.after }
	if !m.captures(render) {
		return term{}, "the number is taken from another form of the line than facts have"
	}
	line := s.value
	if s.before != "" {
		line = strconv.Quote(s.before) + " + " + line
	}
	if s.after != "" {
		line += " + " + strconv.Quote(s.after)
	}
	t := term{cel: m.cel(line, s.value), missing: [][]string{s.path}, note: s.note}
	if s.guard != "" {
		t.cel = s.guard + " && " + t.cel
	}
	if s.optional {
		t.missing = [][]string{s.path[:len(s.path)-1]}
	}
	counts := map[bool]int{}
	seen := map[string]bool{}
	for _, v := range append(slices.Clone(s.samples), m.samples()...) {
		value, ok := s.wrap(v)
		truth := m.holds(render(v))
		if !ok || seen[v] || counts[truth] >= 8 {
			continue
		}
		seen[v] = true
		counts[truth]++
		t.cases = append(t.cases, instance{[]given{{path: s.path, how: '=', item: value}}, truth})
	}
	if s.optional {
		t.cases = append(t.cases, instance{[]given{{path: s.path, how: '-'}}, false})
	}
	return t, ""
}

// state is one of the states that an object can be in, with the text that a
// command prints then.
type state struct {
	cel   string
	facts []given
	lines []string
}

// among asks the tests of every state, and tells the states apart by facts.
func (m matcher) among(what string, missing [][]string, states ...state) (term, string) {
	t := term{missing: missing}
	var yes []string
	for _, s := range states {
		truth := m.any(s.lines...)
		if truth {
			yes = append(yes, "("+s.cel+")")
		}
		t.cases = append(t.cases, instance{s.facts, truth})
	}
	if len(yes) == 0 || len(yes) == len(states) {
		return term{}, "the expression does not tell " + what + " apart in the text that is known here"
	}
	t.cel = strings.Join(yes, " || ")
	return t, ""
}

// put lays a fact into sections.
func put(sections map[string]any, g given) {
	at := sections
	step := func(name string) {
		next, ok := at[name].(map[string]any)
		if !ok {
			next = map[string]any{}
			at[name] = next
		}
		at = next
	}
	for _, name := range g.path[:len(g.path)-1] {
		step(name)
	}
	last := g.path[len(g.path)-1]
	switch g.how {
	case '=':
		if more, ok := g.item.(map[string]any); ok {
			old, _ := at[last].(map[string]any)
			merged := maps.Clone(more)
			for k, v := range old {
				merged[k] = v
			}
			at[last] = merged
			return
		}
		at[last] = g.item
	case '+', '0':
		list, _ := at[last].([]any)
		if list == nil {
			list = []any{}
		}
		if g.how == '+' {
			list = append(list, g.item)
		}
		at[last] = list
	}
}
