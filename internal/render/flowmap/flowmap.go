// Package flowmap draws diagrams of internal/program/diagram: zones, nodes and
// flows with what is found on them, and what differs from another version.
//
// Floor: edges.
package flowmap

import (
	"fmt"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/program/diagram"
	layout "github.com/attesta/attesta/internal/render/diagram"
)

// Draw lays a picture out. Where was is not nil the two are drawn as one: what was
// added, removed and changed since.
func Draw(is diagram.Picture, was *diagram.Picture, boundary string) (*layout.Drawing, error) {
	p := is
	changes := map[string]layout.Change{}
	if was != nil {
		p = diagram.Merge(*was, is)
		for _, d := range diagram.Compare(*was, is) {
			changes[d.What+" "+d.Key] = layout.Change(d.Change)
		}
	}
	found := map[string]int{}
	if was == nil { // what differs is not painted over
		for _, f := range is.Findings() {
			found[f.Subject]++
		}
	}
	g := layout.Graph{Title: p.Title, Boundary: boundary}
	outside := map[string]bool{}
	for _, n := range p.Nodes {
		out, there := outside[n.Zone]
		outside[n.Zone] = n.Outside && (out || !there) // one node inside puts its zone inside
	}
	name := func(n diagram.Node) string { // what lies outside of a zone that is inside stands beside it
		if n.Outside && !outside[n.Zone] {
			return n.Zone + ", outside"
		}
		return n.Zone
	}
	for _, n := range p.Nodes {
		zone := name(n)
		if !slices.ContainsFunc(g.Zones, func(z layout.Zone) bool { return z.Name == zone }) {
			g.Zones = append(g.Zones, layout.Zone{Name: zone, Outside: n.Outside})
		}
		x := layout.Node{Key: n.Key, Zone: zone, Title: n.Name, Sub: sub(n), Change: changes["node "+n.Key]}
		if n.Ref != "" {
			x.Href = "/assets/" + n.Ref
		}
		if k := found[n.Key]; k > 0 {
			x.Mark = fmt.Sprintf("!%d", k)
		}
		if pin, ok := p.Pins[n.Key]; ok {
			x.Pin = layout.Pin{Column: pin.Column, Row: pin.Row}
		}
		g.Nodes = append(g.Nodes, x)
	}
	slices.SortStableFunc(g.Zones, func(a, b layout.Zone) int { return strings.Compare(a.Name, b.Name) })
	for _, a := range p.Arrows {
		e := layout.Edge{Key: a.Key, From: a.From, To: a.To, Label: label(a), Short: a.Key, Bad: found[a.Key] > 0, Faint: !a.Declared, Change: changes["flow "+a.Key], Href: "/flows/" + a.Key}
		if !a.Declared {
			e.Short, e.Href = "!", "/flows?about=undeclared"
		}
		g.Edges = append(g.Edges, e)
	}
	g.Desc = describe(is, was, len(changes))
	return layout.Lay(g)
}

// label says a flow in lines: what it is, which data, what is wrong.
func label(a diagram.Arrow) string {
	if !a.Declared {
		return "undeclared\n" + a.Ports
	}
	s := a.Key + " " + a.Protocol
	if a.Port > 0 {
		s += fmt.Sprintf(" %d", a.Port)
	}
	if len(a.Data) > 0 {
		s += "\n" + strings.Join(a.Data, " ")
	}
	if a.Crosses && a.Encrypted == "no" {
		s += "\nnot encrypted"
	}
	return s
}

func sub(n diagram.Node) string {
	var out []string
	switch {
	case n.Whole:
		return "every asset of the zone"
	case !n.Known && n.Key == "anybody":
		return "not collected"
	case !n.Known:
		return "in no inventory"
	}
	for _, s := range []string{n.Ref, n.Kind, n.Class} {
		if s != "" && !strings.Contains(s, "_") && !strings.HasPrefix(s, "place:") {
			out = append(out, s)
		}
	}
	return strings.Join(out, " · ")
}

func drawnIn(n int) string {
	if n == 1 {
		return "1 finding is drawn in"
	}
	return fmt.Sprintf("%d findings are drawn in", n)
}

func describe(is diagram.Picture, was *diagram.Picture, changes int) string {
	kind := is.Kind.Words()
	s := fmt.Sprintf("%s with %d nodes and %d flows", strings.ToUpper(kind[:1])+kind[1:], len(is.Nodes), len(is.Arrows))
	if was != nil {
		return fmt.Sprintf("%s. In %d places it differs from the version before; the table below says in which.", s, changes)
	}
	return s + "; " + drawnIn(len(is.Findings())) + ". The tables below say the same in words."
}
