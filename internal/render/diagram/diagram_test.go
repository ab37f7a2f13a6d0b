package diagram

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/base/fault"

	"pgregory.net/rapid"
)

// random draws a graph: sparse or dense, with or without cycles, in pieces.
func random(t *rapid.T) Graph {
	g := Graph{Title: "Drawn", Boundary: "Boundary"}
	zones := rapid.IntRange(1, 9).Draw(t, "zones")
	for z := range zones {
		g.Zones = append(g.Zones, Zone{Name: fmt.Sprintf("zone %d", z), Outside: rapid.Bool().Draw(t, "outside"), Pin: rapid.IntRange(0, 3).Draw(t, "zone pin")})
	}
	n := rapid.OneOf(rapid.IntRange(0, 12), rapid.IntRange(13, 80), rapid.IntRange(200, 300)).Draw(t, "nodes")
	r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
	for i := range n {
		x := Node{Key: fmt.Sprint(i), Zone: fmt.Sprintf("zone %d", r.IntN(zones+1)), Title: strings.Repeat("m", r.IntN(40)), Sub: "sub"}
		if r.IntN(8) == 0 {
			x.Pin = Pin{1 + r.IntN(6), 1 + r.IntN(9)}
		}
		if r.IntN(5) == 0 {
			x.Mark = "!3"
		}
		g.Nodes = append(g.Nodes, x)
	}
	if n == 0 {
		return g
	}
	for i := range rapid.IntRange(0, 4*n).Draw(t, "edges") {
		g.Edges = append(g.Edges, Edge{Key: fmt.Sprint(i), From: fmt.Sprint(r.IntN(n)), To: fmt.Sprint(r.IntN(n)), Label: fmt.Sprintf("F-%d https\nD-1", i), Short: fmt.Sprintf("F-%d", i)})
	}
	return g
}

func holds(t interface{ Errorf(string, ...any) }, d *Drawing) {
	page := Box{W: d.Width, H: d.Height}
	zone := map[string]int{}
	for i, z := range d.Zones {
		zone[z.Name] = i
		b := d.ZoneBoxes[i].Box
		if !within(page, b) {
			t.Errorf("the zone %s lies at %v, the page is %v", z.Name, b, page)
		}
		if d.Bounds.W > 0 && z.Outside == within(d.Bounds, b) || d.Bounds.W > 0 && z.Outside && d.Bounds.Overlaps(b) {
			t.Errorf("the zone %s (outside: %t) lies at %v, the boundary is %v", z.Name, z.Outside, b, d.Bounds)
		}
		for j := range i {
			if b.Overlaps(d.ZoneBoxes[j].Box) {
				t.Errorf("the zones %s and %s overlap", z.Name, d.Zones[j].Name)
			}
		}
	}
	pins := map[string]string{}
	for i, n := range d.Nodes {
		b := d.NodeBoxes[i].Box
		if !within(d.ZoneBoxes[zone[n.Zone]].Box, b) {
			t.Errorf("node %s lies at %v, its zone at %v", n.Key, b, d.ZoneBoxes[zone[n.Zone]].Box)
		}
		for j := range i {
			if b.Overlaps(d.NodeBoxes[j].Box) {
				t.Errorf("nodes %s and %s overlap", n.Key, d.Nodes[j].Key)
			}
		}
		if n.Pin.Column > 0 && n.Pin.Row > 0 {
			place := fmt.Sprint(n.Zone, n.Pin)
			if pins[place] == "" && d.NodeBoxes[i].Pin != n.Pin {
				taken := false // by a pin that was moved down from above
				for j := range i {
					taken = taken || d.Nodes[j].Zone == n.Zone && d.NodeBoxes[j].Pin == n.Pin && d.Nodes[j].Pin.Column == n.Pin.Column
				}
				if !taken {
					t.Errorf("node %s is pinned at %v and lies at %v", n.Key, n.Pin, d.NodeBoxes[i].Pin)
				}
			}
			pins[place] = n.Key
		}
		room := b.W - 18
		if n.Mark != "" {
			room -= TextWidth(n.Mark, labelSize) + 12
		}
		if TextWidth(cut(n.Title, titleSize, room), titleSize) > room {
			t.Errorf("the title of node %s does not fit", n.Key)
		}
	}
	for i, r := range d.Routes {
		e := d.Edges[i]
		for k := 1; k < len(r.Points); k++ {
			a, b := r.Points[k-1], r.Points[k]
			if a.X != b.X && a.Y != b.Y {
				t.Errorf("edge %s is not at right angles: %v", e.Key, r.Points)
			}
			line := Box{min(a.X, b.X), min(a.Y, b.Y), max(a.X, b.X) - min(a.X, b.X), max(a.Y, b.Y) - min(a.Y, b.Y)}
			for j, n := range d.Nodes {
				box := d.NodeBoxes[j].Box
				if crosses(line, box) {
					t.Errorf("edge %s from %s to %s crosses node %s", e.Key, e.From, e.To, n.Key)
				}
			}
		}
		for j := range d.Nodes {
			if r.Text != "" && r.Label.Overlaps(d.NodeBoxes[j].Box) {
				t.Errorf("the label of edge %s lies on node %s", e.Key, d.Nodes[j].Key)
			}
		}
	}
}

func within(a, b Box) bool {
	return b.X >= a.X && b.Y >= a.Y && b.X+b.W <= a.X+a.W+0.01 && b.Y+b.H <= a.Y+a.H+0.01
}

// crosses reports whether a line goes through the inside of a box.
func crosses(line, b Box) bool {
	return line.X < b.X+b.W-0.01 && b.X+0.01 < line.X+line.W+0.001 && line.Y < b.Y+b.H-0.01 && b.Y+0.01 < line.Y+line.H+0.001
}

func TestNothingOverlaps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := random(t)
		d, err := Lay(g)
		if err != nil {
			t.Fatal(err)
		}
		holds(t, d)
		again, err := Lay(g)
		if err != nil {
			t.Fatal(err)
		}
		svg := d.SVG(Look{ID: "x"})
		if svg != again.SVG(Look{ID: "x"}) {
			t.Error("the same graph was drawn in two ways")
		}
		for x := xml.NewDecoder(strings.NewReader(svg)); ; {
			if _, err := x.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("the picture is no XML: %v", err)
			}
		}
	})
}

func TestPlaces(t *testing.T) {
	g := Graph{Title: "T", Boundary: "B", Zones: []Zone{{Name: "customers", Outside: true}, {Name: "app"}, {Name: "data"}, {Name: "vendors", Outside: true}, {Name: "nobody"}},
		Nodes: []Node{{Key: "c", Zone: "customers", Title: "Customers"}, {Key: "w", Zone: "app", Title: "<Web>", Href: "/assets/A-1?a&b", Mark: "!1"}, {Key: "d", Zone: "data", Title: "Database", Pin: Pin{2, 3}, Change: Added}, {Key: "m", Zone: "vendors", Title: "Mail"}},
		Edges: []Edge{{Key: "1", From: "c", To: "w", Label: "F-1 https"}, {Key: "2", From: "w", To: "d", Label: "F-2 sql", Bad: true}, {Key: "3", From: "w", To: "m", Label: "F-3 smtp", Faint: true, Change: Removed}, {Key: "4", From: "d", To: "d"}}}
	d, err := Lay(g)
	if err != nil {
		t.Fatal(err)
	}
	holds(t, d)
	x := func(key string) float64 {
		for i, n := range d.Nodes {
			if n.Key == key {
				return d.NodeBoxes[i].X
			}
		}
		return -1
	}
	if !(x("c") < x("w") && x("w") < x("d") && x("d") < x("m")) {
		t.Errorf("from the left: customers %v, web %v, database %v, mail %v", x("c"), x("w"), x("d"), x("m"))
	}
	if len(d.Zones) != 4 || d.NodeBoxes[2].Pin != (Pin{2, 3}) {
		t.Errorf("zones %v, pin %v", d.Zones, d.NodeBoxes[2].Pin)
	}
	on := d.SVG(Look{ID: "n"})
	for _, want := range []string{`aria-labelledby="n-t n-d"`, "&lt;Web&gt;", `href="/assets/A-1?a&amp;b"`, "d-node d-bad", "d-node d-added", "d-flow d-faint d-removed", "F-2 sql: &lt;Web&gt; to Database"} {
		if !strings.Contains(on, want) {
			t.Errorf("the picture lacks %s", want)
		}
	}
	if strings.Contains(on, "<style") {
		t.Error("a picture on a page has a style of its own: the site's policy refuses it")
	}
	if file := d.SVG(Look{ID: "n", Alone: true}); !strings.Contains(file, "<style>") || strings.Contains(file, "<a ") {
		t.Error("a file has no colours, or links that lead nowhere")
	}
}

func TestRefusals(t *testing.T) {
	for name, g := range map[string]Graph{
		"twice":   {Nodes: []Node{{Key: "a"}, {Key: "a"}}},
		"nowhere": {Nodes: []Node{{Key: "a"}}, Edges: []Edge{{From: "a", To: "b"}}},
		"many":    {Nodes: make([]Node, MaxNodes+1)},
	} {
		if _, err := Lay(g); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if w := TextWidth("", 12); w != 0 {
		t.Errorf("nothing is %v wide", w)
	}
	if got := cut("a very long name of something", 12, 60); TextWidth(got, 12) > 60 || !strings.HasSuffix(got, "…") {
		t.Errorf("cut to %q", got)
	}
}

// made is a graph as an organisation of some size would draw.
func made(n int) Graph {
	r := rand.New(rand.NewPCG(7, uint64(n)))
	g := Graph{Title: "Bench", Boundary: "System", Zones: []Zone{{Name: "customers", Outside: true}, {Name: "edge"}, {Name: "application"}, {Name: "data"}, {Name: "operations"}, {Name: "office"}, {Name: "vendors", Outside: true}}}
	for i := range n {
		g.Nodes = append(g.Nodes, Node{Key: fmt.Sprintf("n%d", i), Zone: g.Zones[r.IntN(len(g.Zones))].Name, Title: fmt.Sprintf("machine-%03d", i), Sub: "A-1 · confidential"})
	}
	for i := range 2 * n {
		g.Edges = append(g.Edges, Edge{Key: fmt.Sprint(i), From: fmt.Sprintf("n%d", r.IntN(n)), To: fmt.Sprintf("n%d", r.IntN(n)), Label: fmt.Sprintf("F-%d tcp/443", i), Short: fmt.Sprintf("F-%d", i)})
	}
	return g
}

// dot writes the graph for Graphviz.
func (g Graph) dot() string {
	var b strings.Builder
	b.WriteString("digraph g { rankdir=LR; node [shape=box];\n")
	for z, zone := range g.Zones {
		fmt.Fprintf(&b, "subgraph cluster_%d { label=%q;\n", z, zone.Name)
		for _, n := range g.Nodes {
			if n.Zone == zone.Name {
				fmt.Fprintf(&b, "%s [label=%q];\n", n.Key, n.Title+"\n"+n.Sub)
			}
		}
		b.WriteString("}\n")
	}
	for _, e := range g.Edges {
		fmt.Fprintf(&b, "%s -> %s [xlabel=%q];\n", e.From, e.To, e.Label)
	}
	b.WriteString("}\n")
	return b.String()
}

// BenchmarkLayout lays 300 nodes with 600 edges out and writes SVG; Graphviz does
// the same in the same run, where it is installed.
func BenchmarkLayout(b *testing.B) {
	g := made(300)
	var own, other float64
	b.Run("own", func(b *testing.B) {
		for b.Loop() {
			d, err := Lay(g)
			if err != nil {
				b.Fatal(err)
			}
			d.SVG(Look{ID: "b", Alone: true})
		}
		own = b.Elapsed().Seconds() / float64(b.N)
	})
	dot, err := exec.LookPath("dot")
	if err != nil {
		b.Log("NOT RUN: the ratio to Graphviz (dot is not installed)")
		return
	}
	b.Run("dot", func(b *testing.B) {
		for b.Loop() {
			cmd := exec.CommandContext(b.Context(), dot, "-Tsvg")
			cmd.Stdin = strings.NewReader(g.dot())
			var out, problem bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &problem
			if err := cmd.Run(); err != nil || out.Len() == 0 {
				b.Fatalf("dot: %v %s", err, problem.String())
			}
		}
		other = b.Elapsed().Seconds() / float64(b.N)
		b.ReportMetric(own/other, "own/dot")
	})
}
