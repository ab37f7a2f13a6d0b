package diagram

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

func escape(s string) string { return url.QueryEscape(s) }

// Difference is a node or an arrow that two pictures show differently.
type Difference struct {
	What   string `json:"what"` // node, flow, data
	Key    string `json:"key"`
	Name   string `json:"name"`
	Change string `json:"change"` // added, removed, changed
	Was    string `json:"was,omitempty"`
	Is     string `json:"is,omitempty"`
}

func (n Node) words() string {
	if !n.Known {
		return "in no inventory"
	}
	return strings.Join(full("zone "+n.Zone, n.Kind, n.Class, n.Environment, map[bool]string{true: "outside", false: "inside"}[n.Outside], map[bool]string{true: "owned", false: "without owner"}[n.Owned || n.Whole]), ", ")
}

func (a Arrow) words() string {
	if !a.Declared {
		return "listens on " + a.Ports
	}
	port := ""
	if a.Port > 0 {
		port = fmt.Sprint(a.Port)
	}
	return strings.Join(full(a.From+" to "+a.To, strings.TrimSpace(a.Protocol+" "+port), strings.Join(a.Data, " "), a.Class, "encrypted: "+a.Encrypted, a.How, a.Purpose), ", ")
}

func full(list ...string) []string {
	return slices.DeleteFunc(list, func(s string) bool { return s == "" })
}

// part is what can be told apart: words that differ are a change.
type part struct{ what, key, name, words string }

func (p Picture) parts() []part {
	var out []part
	name := func(key string) string {
		if n, ok := p.Node(key); ok {
			return n.Name
		}
		return key
	}
	for _, n := range p.Nodes {
		out = append(out, part{"node", n.Key, n.Name, n.Name + ": " + n.words()})
	}
	for _, a := range p.Arrows {
		words := a
		words.From, words.To = name(a.From), name(a.To)
		title := a.Key + " " + words.From + " to " + words.To
		if !a.Declared {
			title = words.To + ", undeclared"
		}
		out = append(out, part{"flow", a.Key, title, words.words()})
	}
	for _, d := range p.Data {
		owner := "owned"
		if !d.Owned {
			owner = "without owner"
		}
		out = append(out, part{"data", d.Ref, d.Ref + " " + d.Name, strings.Join(full(d.Name, d.Class, owner), ", ")})
	}
	return out
}

// Compare gives what differs between two pictures. Where nodes are pinned is no
// difference, and neither is whether an agent was heard.
func Compare(was, is Picture) []Difference {
	out := []Difference{}
	old, now := was.parts(), is.parts()
	id := func(p part) string { return p.what + " " + p.key }
	before, after := map[string]part{}, map[string]bool{}
	for _, p := range old {
		before[id(p)] = p
	}
	for _, p := range now {
		after[id(p)] = true
		o, there := before[id(p)]
		switch {
		case !there:
			out = append(out, Difference{p.what, p.key, p.name, "added", "", p.words})
		case o.words != p.words:
			out = append(out, Difference{p.what, p.key, p.name, "changed", o.words, p.words})
		}
	}
	for _, p := range old {
		if !after[id(p)] {
			out = append(out, Difference{p.what, p.key, p.name, "removed", p.words, ""})
		}
	}
	slices.SortStableFunc(out, func(a, b Difference) int {
		return cmp.Or(cmp.Compare(slices.Index(whats, a.What), slices.Index(whats, b.What)), cmp.Compare(a.Change, b.Change))
	})
	return out
}

var whats = []string{"node", "flow", "data"}

// Merge gives a picture with all that either shows: what was removed is in it too.
func Merge(was, is Picture) Picture {
	out := is
	out.Nodes, out.Arrows, out.Pins = slices.Clone(is.Nodes), slices.Clone(is.Arrows), map[string]Pin{}
	taken := map[string]bool{}
	place := func(n Node, pin Pin) string { return fmt.Sprint(n.Zone, " ", pin) }
	for k, pin := range is.Pins {
		if n, ok := is.Node(k); ok {
			out.Pins[k], taken[place(n, pin)] = pin, true
		}
	}
	for _, n := range was.Nodes {
		if _, there := is.Node(n.Key); there {
			continue
		}
		out.Nodes = append(out.Nodes, n)
		if pin, pinned := was.Pins[n.Key]; pinned && !taken[place(n, pin)] {
			out.Pins[n.Key] = pin
		}
	}
	for _, a := range was.Arrows {
		if !slices.ContainsFunc(is.Arrows, func(x Arrow) bool { return x.Key == a.Key }) {
			out.Arrows = append(out.Arrows, a)
		}
	}
	return out
}
