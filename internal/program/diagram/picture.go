package diagram

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/program/asset"
)

// Kind is what a diagram is about.
type Kind string

// The kinds.
const (
	Network  Kind = "network"   // every asset, every flow, every port that listens undeclared
	DataFlow Kind = "data_flow" // what carries data or crosses the boundary, and its ends
)

// Words gives the kind for people.
func (k Kind) Words() string {
	if k == DataFlow {
		return "data-flow diagram"
	}
	return "network diagram"
}

// Settings say what a diagram shows.
type Settings struct {
	Title       string `json:"title" doc:"What it is called." maxLength:"120"`
	Kind        Kind   `json:"kind" doc:"network or data_flow."`
	Note        string `json:"note,omitempty" doc:"What it is for." maxLength:"1000"`
	Environment string `json:"environment,omitempty" doc:"Only assets of it, and what they are connected with." maxLength:"60"`
	System      string `json:"system,omitempty" doc:"Only assets of this system of the scope, and what they are connected with." maxLength:"160"`
}

// Node is an asset, all of a zone, or something that is in no inventory.
type Node struct {
	Key         string `json:"key"`
	Ref         string `json:"ref,omitempty"` // of an asset
	Name        string `json:"name"`
	Kind        string `json:"kind,omitempty"`
	Zone        string `json:"zone"`
	Outside     bool   `json:"outside,omitempty"`
	Class       string `json:"class,omitempty"`
	Environment string `json:"environment,omitempty"`
	Owned       bool   `json:"owned,omitempty"`
	Known       bool   `json:"known,omitempty"` // it is in the inventory
	Whole       bool   `json:"whole,omitempty"` // all of a zone
}

// Arrow is a flow.
type Arrow struct {
	Key       string   `json:"key"` // DF-3; of an undeclared one "seen " and the node
	From      string   `json:"from"`
	To        string   `json:"to"`
	Protocol  string   `json:"protocol"`
	Port      int      `json:"port,omitempty"`
	Ports     string   `json:"ports,omitempty"` // of what listens undeclared
	Data      []string `json:"data,omitempty"`
	Class     string   `json:"class,omitempty"`
	Encrypted string   `json:"encrypted"`
	How       string   `json:"how,omitempty"`
	Purpose   string   `json:"purpose,omitempty"`
	Crosses   bool     `json:"crosses,omitempty"`
	Declared  bool     `json:"declared,omitempty"`
	Seen      string   `json:"seen,omitempty"`
}

// Label says an arrow in short: "https 443, D-1".
func (a Arrow) Label() string {
	if !a.Declared {
		return "undeclared: " + a.Ports
	}
	s := a.Protocol
	if a.Port > 0 {
		s += fmt.Sprintf(" %d", a.Port)
	}
	if len(a.Data) > 0 {
		s += ", " + strings.Join(a.Data, " ")
	}
	return a.Key + " " + s
}

// Set is a data set that arrows carry or nodes hold.
type Set struct {
	Ref   string `json:"ref"`
	Name  string `json:"name"`
	Class string `json:"class,omitempty"`
	Owned bool   `json:"owned,omitempty"`
}

// Pin is the cell of its zone that a node is to have, from 1.
type Pin struct {
	Column int `json:"column"`
	Row    int `json:"row"`
}

// MaxPin is the last column and row that a pin can name.
const MaxPin = 40

// Picture is what a diagram shows at a moment.
type Picture struct {
	Title  string         `json:"title"`
	Kind   Kind           `json:"kind"`
	Nodes  []Node         `json:"nodes"`
	Arrows []Arrow        `json:"arrows"`
	Data   []Set          `json:"data"`
	Pins   map[string]Pin `json:"pins,omitempty"`
}

// Take makes the picture of an inventory.
func Take(s Settings, v *asset.Inventory, pins map[string]Pin) Picture {
	p := Picture{Title: s.Title, Kind: s.Kind, Nodes: []Node{}, Arrows: []Arrow{}, Data: []Set{}}
	in := func(a *asset.Asset) bool {
		return a.Active() && (s.Environment == "" || a.Environment.Text == s.Environment) && (s.System == "" || a.System == s.System)
	}
	chosen, nodes := map[string]bool{}, map[string]Node{}
	zones := map[string]bool{}
	for _, a := range v.Assets {
		if in(a) {
			chosen[a.Key], zones["zone:"+a.Zone.Text] = true, true
		}
	}
	all := s.Environment == "" && s.System == ""
	add := func(e asset.End) {
		n := Node{Key: e.Key, Ref: e.Ref, Name: e.Name, Zone: e.Zone, Outside: e.Outside, Known: e.Known, Whole: e.Whole}
		if a := v.Get(e.Key); a != nil && !e.Whole {
			n.Kind, n.Class, n.Environment, n.Owned = a.Kind, a.Class.Text, a.Environment.Text, a.Owner.Text != ""
		}
		if n.Zone == "" {
			n.Zone = "no zone yet"
		}
		if n.Outside && n.Known && !strings.Contains(n.Zone, "outside") && n.Zone == "no zone yet" {
			n.Zone = "outside"
		}
		nodes[n.Key] = n
	}
	if s.Kind == Network {
		for _, a := range v.Assets {
			if in(a) && !a.Outside {
				add(v.Resolve(a.Key))
			}
		}
	}
	undeclared := map[string][]string{}
	sets := map[string]bool{}
	for _, l := range v.Lines() {
		if !all && !chosen[l.From.Key] && !chosen[l.To.Key] && !(l.To.Whole && zones[l.To.Key]) && !(l.From.Whole && zones[l.From.Key]) {
			continue
		}
		if l.Seen == "undeclared" {
			if s.Kind == Network {
				add(l.From)
				undeclared[l.To.Key] = append(undeclared[l.To.Key], fmt.Sprintf("%s/%d", l.Flow.Protocol, l.Flow.Port))
			}
			continue
		}
		if s.Kind == DataFlow && len(l.Flow.Data) == 0 && !l.Crosses {
			continue
		}
		add(l.From)
		add(l.To)
		for _, d := range l.Flow.Data {
			sets[d] = true
		}
		p.Arrows = append(p.Arrows, Arrow{Key: l.Ref, From: l.From.Key, To: l.To.Key, Protocol: l.Flow.Protocol, Port: l.Flow.Port, Data: l.Flow.Data, Class: l.Class, Encrypted: l.Flow.Encrypted, How: l.Flow.How,
			Purpose: l.Flow.Purpose, Crosses: l.Crosses, Declared: true, Seen: l.Seen})
	}
	for _, a := range v.Assets {
		if ports := undeclared[a.Key]; len(ports) > 0 {
			add(v.Resolve(a.Key))
			p.Arrows = append(p.Arrows, Arrow{Key: "seen " + a.Key, From: "anybody", To: a.Key, Protocol: "seen", Ports: strings.Join(ports, " "), Encrypted: "unknown"})
		}
	}
	for _, n := range nodes {
		p.Nodes = append(p.Nodes, n)
		if a := v.Get(n.Key); a != nil && !n.Whole {
			for _, d := range a.Data {
				sets[d] = true
			}
		}
	}
	slices.SortFunc(p.Nodes, func(a, b Node) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Key, b.Key)) })
	for _, d := range v.Data {
		if sets[d.Ref] {
			p.Data = append(p.Data, Set{d.Ref, d.Name, string(d.Class), d.Owned})
		}
	}
	for k, pin := range pins {
		if _, there := nodes[k]; there {
			if p.Pins == nil {
				p.Pins = map[string]Pin{}
			}
			p.Pins[k] = pin
		}
	}
	return p
}

// Node finds a node.
func (p Picture) Node(key string) (Node, bool) {
	i := slices.IndexFunc(p.Nodes, func(n Node) bool { return n.Key == key })
	if i < 0 {
		return Node{}, false
	}
	return p.Nodes[i], true
}

// Finding is something that a picture shows and that somebody should look at.
type Finding struct {
	Kind    string `json:"kind"`    // of FindingKinds
	Subject string `json:"subject"` // key of a node or an arrow, or D-3
	Text    string `json:"text"`
	Href    string `json:"href"`
}

// FindingKinds gives the kinds with words.
func FindingKinds() [][2]string {
	return [][2]string{{"unencrypted", "Crosses the boundary unencrypted"}, {"encryption_unknown", "Crosses the boundary, encryption not known"}, {"data_without_owner", "Data without owner"},
		{"node_without_owner", "Holds classified data, without owner"}, {"not_in_inventory", "Not in the inventory"}, {"undeclared", "Seen, not declared"}, {"nothing_listens", "Declared, and nothing listens"}}
}

// Findings gives them, by kind.
func (p Picture) Findings() []Finding {
	out := []Finding{}
	say := func(kind, subject, href, format string, args ...any) {
		out = append(out, Finding{kind, subject, fmt.Sprintf(format, args...), href})
	}
	name := func(key string) string {
		if n, ok := p.Node(key); ok {
			return n.Name
		}
		return key
	}
	for _, a := range p.Arrows {
		way := a.Key + ", " + name(a.From) + " to " + name(a.To)
		if a.Declared && a.Crosses && a.Encrypted == "no" {
			say("unencrypted", a.Key, "/flows/"+a.Key, "%s, crosses the boundary and is not encrypted%s", way, classed(a.Class))
		}
		if a.Declared && a.Crosses && a.Encrypted == "unknown" {
			say("encryption_unknown", a.Key, "/flows/"+a.Key, "%s, crosses the boundary, and whether it is encrypted is not known%s", way, classed(a.Class))
		}
		if a.Declared && a.Seen == "nothing_listens" {
			say("nothing_listens", a.Key, "/flows/"+a.Key, "%s: nothing listens there on port %d", way, a.Port)
		}
		if !a.Declared {
			say("undeclared", a.To, "/flows?about=undeclared", "%s listens on %s, and nobody declared a flow to it", name(a.To), a.Ports)
		}
	}
	for _, d := range p.Data {
		if !d.Owned {
			say("data_without_owner", d.Ref, "/data/"+d.Ref, "%s %s has no owner%s", d.Ref, d.Name, classed(d.Class))
		}
	}
	for _, n := range p.Nodes {
		switch {
		case n.Key == "anybody":
		case !n.Known && n.Whole:
			say("not_in_inventory", n.Key, "/assets", "no asset in use stands in the zone %s, which a flow names", n.Zone)
		case !n.Known:
			say("not_in_inventory", n.Key, "/assets/new?name="+escape(n.Name), "%s stands in a flow and is in no inventory", n.Name)
		case !n.Whole && !n.Owned && (n.Class == "confidential" || n.Class == "restricted"):
			say("node_without_owner", n.Key, "/assets/"+n.Ref, "%s holds %s data and has no owner", n.Name, n.Class)
		}
	}
	order := func(kind string) int {
		return slices.IndexFunc(FindingKinds(), func(k [2]string) bool { return k[0] == kind })
	}
	slices.SortStableFunc(out, func(a, b Finding) int { return order(a.Kind) - order(b.Kind) })
	return out
}

func classed(class string) string {
	if class == "" {
		return ""
	}
	return "; its data is " + class
}
