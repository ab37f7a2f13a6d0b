// Package diagram lays nodes out in zones, routes the edges between them along
// free channels, and writes SVG. It is pure: the same graph gives the same bytes.
//
// Serves A8 (network and data-flow diagrams).
//
// The method is that of Sugiyama, Tagawa and Toda (1981) on two levels: zones are
// put into columns by the edges between them, nodes into columns of their zone by
// those within it, and both are ordered by barycentres. All cells lie on one
// lattice, so that edges run in the gaps between its columns and rows and cross
// no node.
//
// Invariants:
//   - No two nodes overlap, no two zones do, and each node lies in its zone.
//   - No edge crosses a node that is not one of its ends.
//   - A pinned node is in its column and row, unless another pin has that cell.
//   - Texts fit: what is too long is cut, and stands whole in the node's title.
//
// Floor: edges.
package diagram

import (
	"math"
	"slices"

	"github.com/attesta/attesta/internal/base/fault"
)

// Limits of what is laid out.
const (
	MaxNodes = 1000
	MaxEdges = 5000
	MaxPin   = 40 // columns and rows of a zone that a pin can name
)

// Change says how a part differs from an earlier version of the same graph.
type Change string

// The changes.
const (
	Same    Change = ""
	Added   Change = "added"
	Removed Change = "removed"
	Changed Change = "changed"
)

// Pin is the cell of its zone that a node is to have, from 1; of a zone the
// column among the zones inside.
type Pin struct{ Column, Row int }

// Zone is a cluster of nodes.
type Zone struct {
	Name    string
	Outside bool // of the boundary
	Pin     int  // column among the zones inside, from 1; 0: by the edges
}

// Node is a box.
type Node struct {
	Key    string // one of its own
	Zone   string
	Title  string
	Sub    string // second line
	Mark   string // what is wrong, in a few signs: "!2"; "" where nothing is
	Href   string
	Pin    Pin
	Change Change
}

// Edge is an arrow.
type Edge struct {
	Key      string
	From, To string // keys of nodes
	Label    string // one line or more
	Short    string // where there is no room for the label
	Bad      bool   // something is wrong with it
	Faint    bool   // seen, not declared
	Href     string
	Change   Change
}

// Graph is what is drawn. Zones that no node is in are left out; a node's zone that
// is not listed lies inside.
type Graph struct {
	Title, Desc string
	Boundary    string // what the boundary is called
	Zones       []Zone
	Nodes       []Node
	Edges       []Edge
}

// Box is a rectangle, in pixels.
type Box struct{ X, Y, W, H float64 }

// Overlaps reports whether two boxes share more than an edge.
func (b Box) Overlaps(o Box) bool {
	return b.X < o.X+o.W && o.X < b.X+b.W && b.Y < o.Y+o.H && o.Y < b.Y+b.H
}

// Point is a point, in pixels.
type Point struct{ X, Y float64 }

// Placed is a zone or a node with its box.
type Placed struct {
	Box
	Pin // the cell that a node has within its zone, from 1
}

// Route is the way of an edge: from right angle to right angle.
type Route struct {
	Points []Point
	Label  Box    // zero: there was no room
	Text   string // of the label
}

// Drawing is a graph with places; Zones, Nodes and Edges are those of the graph.
type Drawing struct {
	Graph
	Width, Height float64
	Bounds        Box // zero: no zone is inside
	ZoneBoxes     []Placed
	NodeBoxes     []Placed
	Routes        []Route
}

// cell is a place of the lattice.
type cell struct{ col, row int }

// block is a zone while it is laid out.
type block struct {
	Zone
	nodes  []int
	layers [][]int // nodes that have edges within the zone, by layer
	loose  []int   // those that have none
	cols   int
	rows   int // without the head
	column int // of zones
	order  float64
	top    int // row of its head
}

// plan is a graph while it is laid out.
type plan struct {
	g      Graph
	ends   [][2]int // of each edge
	near   [][]int  // neighbours of each node
	zoneOf []int
	blocks []*block
	stacks [][]int // blocks in each column of zones, from the top
	local  []cell  // of each node in its zone
	at     []cell  // of each node on the lattice
	first  []int   // first column of the lattice in each column of zones
	cols   int
	rows   int
	inner  [2]int // first and last column of zones inside; -1: none
}

// Lay lays a graph out. Kind Invalid where two nodes have one key, an edge leads
// nowhere, or there is more than can be laid out.
func Lay(g Graph) (*Drawing, error) {
	p, err := begin(g)
	if err != nil {
		return nil, err
	}
	p.columns()
	p.order()
	return p.draw(), nil
}

func begin(g Graph) (*plan, error) {
	if len(g.Nodes) > MaxNodes || len(g.Edges) > MaxEdges {
		return nil, fault.New(fault.Invalid, "the diagram has %d nodes and %d flows; at most %d and %d are drawn", len(g.Nodes), len(g.Edges), MaxNodes, MaxEdges).
			WithHint("narrow it to an environment or a system")
	}
	p := &plan{g: g, near: make([][]int, len(g.Nodes)), zoneOf: make([]int, len(g.Nodes)), local: make([]cell, len(g.Nodes)), at: make([]cell, len(g.Nodes))}
	keys, zones := map[string]int{}, map[string]int{}
	for _, z := range g.Zones {
		if _, twice := zones[z.Name]; !twice {
			zones[z.Name] = len(p.blocks)
			p.blocks = append(p.blocks, &block{Zone: z})
		}
	}
	for i, n := range g.Nodes {
		if _, twice := keys[n.Key]; twice {
			return nil, fault.New(fault.Invalid, "two nodes have the key %q", n.Key)
		}
		keys[n.Key] = i
		z, known := zones[n.Zone]
		if !known {
			z = len(p.blocks)
			zones[n.Zone] = z
			p.blocks = append(p.blocks, &block{Zone: Zone{Name: n.Zone}})
		}
		p.zoneOf[i] = z
		p.blocks[z].nodes = append(p.blocks[z].nodes, i)
	}
	// Zones without nodes are not drawn.
	kept := make([]int, len(p.blocks))
	var blocks []*block
	for i, b := range p.blocks {
		if kept[i] = len(blocks); len(b.nodes) > 0 {
			blocks = append(blocks, b)
		}
	}
	p.blocks = blocks
	for i := range p.zoneOf {
		p.zoneOf[i] = kept[p.zoneOf[i]]
	}
	for _, e := range g.Edges {
		a, okA := keys[e.From]
		b, okB := keys[e.To]
		if !okA || !okB {
			return nil, fault.New(fault.Invalid, "the flow %s leads from %q to %q, and one of them is no node", e.Key, e.From, e.To)
		}
		p.ends = append(p.ends, [2]int{a, b})
		if a != b {
			p.near[a], p.near[b] = append(p.near[a], b), append(p.near[b], a)
		}
	}
	return p, nil
}

// layered gives each of n vertices a layer, so that edges lead to higher layers but
// for those that close a cycle.
func layered(n int, edges [][2]int) []int {
	out := make([][]int, n)
	for _, e := range edges {
		if e[0] != e[1] {
			out[e[0]] = append(out[e[0]], e[1])
		}
	}
	// Depth first: an edge back to what is still open closes a cycle.
	const fresh, open, done = 0, 1, 2
	state, layer := make([]int, n), make([]int, n)
	var finished []int
	var visit func(v int)
	visit = func(v int) {
		state[v] = open
		kept := out[v][:0]
		for _, w := range out[v] {
			if state[w] == open {
				continue
			}
			if state[w] == fresh {
				visit(w)
			}
			kept = append(kept, w)
		}
		out[v] = kept
		state[v] = done
		finished = append(finished, v)
	}
	into := make([]int, n)
	for _, e := range edges {
		into[e[1]]++
	}
	for _, sources := range []bool{true, false} { // from where flows begin first
		for v := range n {
			if state[v] == fresh && (into[v] == 0 || !sources) {
				visit(v)
			}
		}
	}
	for _, v := range slices.Backward(finished) {
		for _, w := range out[v] {
			layer[w] = max(layer[w], layer[v]+1)
		}
	}
	return layer
}

// columns puts zones into columns (outside ones that begin flows on the left,
// others on the right) and the nodes of each zone into layers.
func (p *plan) columns() {
	balance := make([]int, len(p.blocks)) // of outside zones: flows in, less flows out
	var inside []int
	place := make([]int, len(p.blocks))
	for i, b := range p.blocks {
		place[i] = -1
		if !b.Outside {
			place[i] = len(inside)
			inside = append(inside, i)
		}
	}
	var between [][2]int
	touched := make([]bool, len(inside))
	for _, e := range p.ends {
		a, b := p.zoneOf[e[0]], p.zoneOf[e[1]]
		if a == b {
			continue
		}
		balance[a]--
		balance[b]++
		if place[a] >= 0 && place[b] >= 0 {
			between = append(between, [2]int{place[a], place[b]})
			touched[place[a]], touched[place[b]] = true, true
		}
	}
	layer := layered(len(inside), between)
	wide := 1
	for i, z := range inside {
		if pin := p.blocks[z].Zone.Pin; pin > 0 {
			layer[i], touched[i] = min(pin, MaxPin)-1, true
		}
		wide = max(wide, layer[i]+1)
	}
	size := make([]int, wide)
	for i, z := range inside {
		if touched[i] {
			size[layer[i]] += len(p.blocks[z].nodes) + 1
		}
	}
	for i, z := range inside {
		if !touched[i] { // where there is most room
			for c := range size {
				if size[c] < size[layer[i]] {
					layer[i] = c
				}
			}
			size[layer[i]] += len(p.blocks[z].nodes) + 1
		}
	}
	var left, right []int
	columns := make([][]int, wide)
	for i, b := range p.blocks {
		switch {
		case !b.Outside:
			columns[layer[place[i]]] = append(columns[layer[place[i]]], i)
		case balance[i] < 0:
			left = append(left, i)
		default:
			right = append(right, i)
		}
	}
	p.inner = [2]int{-1, -1}
	add := func(zones []int, in bool) {
		if len(zones) == 0 {
			return
		}
		if in {
			if p.inner[0] < 0 {
				p.inner[0] = len(p.stacks)
			}
			p.inner[1] = len(p.stacks)
		}
		for _, z := range zones {
			p.blocks[z].column = len(p.stacks)
		}
		p.stacks = append(p.stacks, zones)
	}
	add(left, false)
	for _, c := range columns {
		add(c, true)
	}
	add(right, false)
	for z, b := range p.blocks {
		number := map[int]int{}
		for i, n := range b.nodes {
			number[n] = i
		}
		var within [][2]int
		joined := make([]bool, len(b.nodes))
		for _, e := range p.ends {
			if p.zoneOf[e[0]] == z && p.zoneOf[e[1]] == z && e[0] != e[1] {
				within = append(within, [2]int{number[e[0]], number[e[1]]})
				joined[number[e[0]]], joined[number[e[1]]] = true, true
			}
		}
		for i, l := range layered(len(b.nodes), within) {
			if !joined[i] {
				b.loose = append(b.loose, b.nodes[i])
				continue
			}
			for len(b.layers) <= l {
				b.layers = append(b.layers, nil)
			}
			b.layers[l] = append(b.layers[l], b.nodes[i])
		}
		b.layers = slices.DeleteFunc(b.layers, func(l []int) bool { return len(l) == 0 })
		p.fill(b)
	}
	p.stack()
}

// fill gives each node of a zone its cell: pins first, then layers from the left,
// then what has no edges within the zone.
func (p *plan) fill(b *block) {
	taken := map[cell]bool{}
	b.cols, b.rows = 0, 0
	put := func(n int, c cell) {
		p.local[n], taken[c] = c, true
		b.cols, b.rows = max(b.cols, c.col+1), max(b.rows, c.row+1)
	}
	pinned := func(n int) bool { return p.g.Nodes[n].Pin.Column > 0 && p.g.Nodes[n].Pin.Row > 0 }
	for _, n := range b.nodes {
		if pinned(n) {
			pin := p.g.Nodes[n].Pin
			c := cell{min(pin.Column, MaxPin) - 1, min(pin.Row, MaxPin) - 1}
			for taken[c] {
				c.row++
			}
			put(n, c)
		}
	}
	high := max(4, int(math.Ceil(math.Sqrt(1.5*float64(len(b.nodes))))))
	base := 0
	for _, layer := range b.layers {
		free := 0
		for _, n := range layer {
			if !pinned(n) {
				free++
			}
		}
		wide := (free + high - 1) / high
		i := 0
		for _, n := range layer {
			for !pinned(n) {
				c := cell{base + i%wide, i / wide}
				i++
				if !taken[c] {
					put(n, c)
					break
				}
			}
		}
		base += wide
	}
	wide := max(base, (len(b.nodes)+high-1)/high, 1)
	i := 0
	for _, n := range b.loose {
		for !pinned(n) {
			c := cell{i % wide, i / wide}
			i++
			if !taken[c] {
				put(n, c)
				break
			}
		}
	}
}

// stack gives each zone its rows and each node its place on the lattice.
func (p *plan) stack() {
	p.first, p.cols, p.rows = make([]int, len(p.stacks)), 0, 0
	high := make([]int, len(p.stacks))
	for c, zones := range p.stacks {
		p.first[c] = p.cols
		wide := 1
		for _, z := range zones {
			wide = max(wide, p.blocks[z].cols)
			high[c] += p.blocks[z].rows + 1
		}
		p.cols += wide
		p.rows = max(p.rows, high[c])
	}
	for c, zones := range p.stacks {
		top := (p.rows - high[c]) / 2
		for _, z := range zones {
			b := p.blocks[z]
			b.top = top
			for _, n := range b.nodes {
				p.at[n] = cell{p.first[c] + p.local[n].col, top + 1 + p.local[n].row}
			}
			top += b.rows + 1
		}
	}
}

// order moves nodes within their layers and zones within their columns to where
// their neighbours are, and keeps the order with the shortest edges.
func (p *plan) order() {
	mean := func(n int) float64 {
		if len(p.near[n]) == 0 {
			return float64(p.at[n].row)
		}
		sum := 0
		for _, m := range p.near[n] {
			sum += p.at[m].row
		}
		return float64(sum) / float64(len(p.near[n]))
	}
	length := func() (sum int) {
		for _, e := range p.ends {
			a, b := p.at[e[0]], p.at[e[1]]
			sum += 2*max(a.row-b.row, b.row-a.row) + max(a.col-b.col, b.col-a.col)
		}
		return sum
	}
	best, kept := length(), p.keep()
	weight := make([]float64, len(p.g.Nodes))
	sorted := func(list []int, by func(int) float64) {
		for _, n := range list {
			weight[n] = by(n)
		}
		slices.SortStableFunc(list, func(a, b int) int { return compare(weight[a], weight[b]) })
	}
	for sweep := range 12 {
		for i := range p.stacks {
			c := i
			if sweep%2 == 1 {
				c = len(p.stacks) - 1 - i
			}
			for _, z := range p.stacks[c] {
				b := p.blocks[z]
				b.order = 0
				for _, n := range b.nodes {
					b.order += mean(n) / float64(len(b.nodes))
				}
				for _, l := range b.layers {
					sorted(l, mean)
				}
				sorted(b.loose, mean)
				p.fill(b)
			}
			slices.SortStableFunc(p.stacks[c], func(a, b int) int { return compare(p.blocks[a].order, p.blocks[b].order) })
			p.stack()
		}
		if now := length(); now < best {
			best, kept = now, p.keep()
		}
	}
	kept()
}

func compare(a, b float64) int {
	switch {
	case a < b-1e-9:
		return -1
	case a > b+1e-9:
		return 1
	}
	return 0
}

// keep gives what brings the order of now back.
func (p *plan) keep() func() {
	stacks := make([][]int, len(p.stacks))
	for i, s := range p.stacks {
		stacks[i] = slices.Clone(s)
	}
	layers, loose := make([][][]int, len(p.blocks)), make([][]int, len(p.blocks))
	for i, b := range p.blocks {
		for _, l := range b.layers {
			layers[i] = append(layers[i], slices.Clone(l))
		}
		loose[i] = slices.Clone(b.loose)
	}
	return func() {
		p.stacks = stacks
		for i, b := range p.blocks {
			b.layers, b.loose = layers[i], loose[i]
			p.fill(b)
		}
		p.stack()
	}
}
