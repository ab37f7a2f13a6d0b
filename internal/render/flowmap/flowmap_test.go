package flowmap

import (
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/program/diagram"
	layout "github.com/attesta/attesta/internal/render/diagram"
)

func picture() diagram.Picture {
	return diagram.Picture{Title: "Flows", Kind: diagram.DataFlow,
		Nodes:  []diagram.Node{{Key: "c", Name: "Customers", Zone: "outside", Outside: true, Known: true}, {Key: "w", Ref: "A-1", Name: "Web", Kind: "host", Zone: "edge", Class: "restricted", Known: true}, {Key: "x", Name: "Old box", Zone: "edge", Outside: true}},
		Arrows: []diagram.Arrow{{Key: "DF-1", From: "c", To: "w", Protocol: "http", Port: 80, Data: []string{"D-1"}, Encrypted: "no", Crosses: true, Declared: true}, {Key: "seen w", From: "x", To: "w", Ports: "tcp/22"}},
		Data:   []diagram.Set{{Ref: "D-1", Name: "Orders"}}, Pins: map[string]diagram.Pin{"w": {Column: 2, Row: 2}}}
}

func TestDraw(t *testing.T) {
	d, err := Draw(picture(), nil, "Boundary")
	if err != nil {
		t.Fatal(err)
	}
	zones := map[string]bool{}
	for _, z := range d.Zones {
		zones[z.Name] = z.Outside
	}
	if out, there := zones["edge, outside"]; !there || !out || zones["edge"] {
		t.Errorf("a node outside stands inside: %v", zones)
	}
	for i, n := range d.Nodes {
		if n.Key == "w" && (n.Mark != "!2" || d.NodeBoxes[i].Pin != layout.Pin{Column: 2, Row: 2} || n.Href != "/assets/A-1") {
			t.Errorf("%+v at %v", n, d.NodeBoxes[i].Pin)
		}
	}
	if e := d.Edges[0]; !e.Bad || e.Label != "DF-1 http 80\nD-1\nnot encrypted" || e.Faint {
		t.Errorf("%+v", e)
	}
	if e := d.Edges[1]; !e.Faint || e.Label != "undeclared\ntcp/22" {
		t.Errorf("%+v", e)
	}
	if !strings.Contains(d.Desc, "3 nodes and 2 flows; 5 findings") {
		t.Error(d.Desc)
	}
}

// What differs is drawn, and nothing is painted over it.
func TestDrawDifferences(t *testing.T) {
	was, is := picture(), picture()
	is.Nodes = is.Nodes[:2]
	is.Arrows = []diagram.Arrow{is.Arrows[0]}
	is.Arrows[0].Encrypted = "yes"
	d, err := Draw(is, &was, "Boundary")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]layout.Change{}
	for _, n := range d.Nodes {
		got[n.Key] = n.Change
		if n.Mark != "" {
			t.Errorf("%s is marked", n.Key)
		}
	}
	for _, e := range d.Edges {
		got[e.Key] = e.Change
	}
	for key, want := range map[string]layout.Change{"c": layout.Same, "w": layout.Same, "x": layout.Removed, "DF-1": layout.Changed, "seen w": layout.Removed} {
		if got[key] != want {
			t.Errorf("%s is %q, want %q", key, got[key], want)
		}
	}
}
