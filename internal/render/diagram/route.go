package diagram

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// Sizes, in pixels.
const (
	nodeHigh   = 46.0
	headHigh   = 26.0 // of a row that holds no node
	nodeLeast  = 104.0
	nodeMost   = 188.0
	titleSize  = 12.5
	subSize    = 11.0
	labelSize  = 11.0
	labelHigh  = 16.0
	labelMost  = 132.0
	zoneSize   = 12.0
	zonePad    = 12.0 // between a zone's edge and its nodes
	boundPad   = 14.0 // between the boundary and zones
	trackStep  = 8.0
	gapLeast   = 26.0
	channelMin = 30.0
	margin     = 14.0
)

// stretch is a straight part of an edge in a channel: from a to b, both on the
// lattice (a row r fills [r, r+0.6], the gap above it is at r-0.2; columns alike).
type stretch struct {
	channel int
	a, b    float64
	track   int
}

// way is how an edge runs: from a port along its row into an upright channel; then
// along another row or gap to a second one; into the other port.
type way struct {
	sides [2]int // of both ends: +1 right, -1 left
	ports [2]float64
	up    [2]*stretch // the second may be nil
	flat  *stretch    // between both
}

// tracks gives stretches of each channel tracks of their own where they would lie
// on each other, and how many each channel needs.
func tracks(list []*stretch, channels int) []int {
	by := make([][]*stretch, channels)
	for _, s := range list {
		if s.a > s.b {
			s.a, s.b = s.b, s.a
		}
		by[s.channel] = append(by[s.channel], s)
	}
	need := make([]int, channels)
	for c, all := range by {
		slices.SortStableFunc(all, func(x, y *stretch) int { return cmp.Or(cmp.Compare(x.a, y.a), cmp.Compare(x.b, y.b)) })
		var ends []float64
		for _, s := range all {
			s.track = -1
			for t, end := range ends {
				if end < s.a {
					s.track, ends[t] = t, s.b
					break
				}
			}
			if s.track < 0 {
				s.track, ends = len(ends), append(ends, s.b)
			}
		}
		need[c] = len(ends)
	}
	return need
}

// ways decides how each edge runs, on the lattice.
func (p *plan) ways() (all []*way, upright, level []*stretch) {
	taken := map[cell]bool{}
	for _, c := range p.at {
		taken[c] = true
	}
	for c, zones := range p.stacks {
		end := p.cols
		if c+1 < len(p.first) {
			end = p.first[c+1]
		}
		for _, z := range zones {
			for col := p.first[c]; col < end; col++ {
				taken[cell{col, p.blocks[z].top}] = true
			}
		}
	}
	clear := func(row, from, to int) bool { // strictly between two columns
		for col := min(from, to) + 1; col < max(from, to); col++ {
			if taken[cell{col, row}] {
				return false
			}
		}
		return true
	}
	type port struct {
		edge, end int
		toward    float64
	}
	sides := map[[2]int][]port{} // of a node and a side
	for i, e := range p.ends {
		u, v := p.at[e[0]], p.at[e[1]]
		w := &way{sides: [2]int{1, -1}}
		out, in := u.col+1, v.col
		switch {
		case v.col == u.col:
			w.sides[1], in = 1, out
		case v.col < u.col:
			w.sides, out, in = [2]int{-1, 1}, u.col, v.col+1
		}
		gap := -1
		switch {
		case out == in:
		case clear(u.row, u.col, v.col):
			out = in
		case clear(v.row, u.col, v.col):
			in = out
		case v.row > u.row:
			gap = v.row
		default:
			gap = v.row + 1
		}
		w.up[0] = &stretch{channel: out}
		if gap >= 0 {
			w.flat, w.up[1] = &stretch{channel: gap, a: float64(out) - 0.2, b: float64(in) - 0.2}, &stretch{channel: in}
			level, upright = append(level, w.flat), append(upright, w.up[1])
		}
		upright = append(upright, w.up[0])
		toU, toV := float64(v.row), float64(u.row)
		if gap >= 0 {
			toU, toV = float64(gap)-0.2, float64(gap)-0.2
		}
		sides[[2]int{e[0], w.sides[0]}] = append(sides[[2]int{e[0], w.sides[0]}], port{i, 0, toU})
		sides[[2]int{e[1], w.sides[1]}] = append(sides[[2]int{e[1], w.sides[1]}], port{i, 1, toV})
		all = append(all, w)
	}
	for n := range p.g.Nodes {
		for _, side := range []int{-1, 1} {
			list := sides[[2]int{n, side}]
			slices.SortStableFunc(list, func(a, b port) int { return cmp.Compare(a.toward, b.toward) })
			for i, x := range list {
				all[x.edge].ports[x.end] = float64(i+1) / float64(len(list)+1)
			}
		}
	}
	for i, e := range p.ends {
		w := all[i]
		from, to := float64(p.at[e[0]].row)+0.6*w.ports[0], float64(p.at[e[1]].row)+0.6*w.ports[1]
		w.up[0].a, w.up[0].b = from, to
		if w.flat != nil {
			between := float64(w.flat.channel) - 0.2
			w.up[0].b, w.up[1].a, w.up[1].b = between, between, to
		}
	}
	return all, upright, level
}

// draw gives everything its place in pixels.
func (p *plan) draw() *Drawing {
	d := &Drawing{Graph: p.g, NodeBoxes: make([]Placed, len(p.g.Nodes)), Routes: make([]Route, len(p.ends))}
	all, upright, level := p.ways()
	needUp, needLevel := tracks(upright, p.cols+1), tracks(level, p.rows+1)

	// How wide columns are, and the channels beside them.
	wide := make([]float64, p.cols)
	for i, n := range p.g.Nodes {
		room := max(TextWidth(n.Title, titleSize), TextWidth(n.Sub, subSize)) + 20
		if n.Mark != "" {
			room += TextWidth(n.Mark, labelSize) + 14
		}
		wide[p.at[i].col] = max(wide[p.at[i].col], min(max(room, nodeLeast), nodeMost))
	}
	edge := map[int]bool{p.cols: true} // columns at which a column of zones begins
	for _, c := range p.first {
		edge[c] = true
	}
	for c, zones := range p.stacks { // a zone's head must fit too
		end := p.cols
		if c+1 < len(p.first) {
			end = p.first[c+1]
		}
		for _, z := range zones {
			room := min(TextWidth(p.blocks[z].Name, zoneSize), nodeMost+60) - channelMin*float64(end-p.first[c]-1)
			for col := p.first[c]; col < end; col++ {
				wide[col] = max(wide[col], room/float64(end-p.first[c]), nodeLeast)
			}
		}
	}
	labels := make([]float64, p.cols+1)
	for i, w := range all {
		wide, _ := labelBox(p.g.Edges[i].Label)
		labels[w.up[0].channel] = max(labels[w.up[0].channel], wide)
	}
	inFirst, inLast := -1, -1 // columns of the lattice inside
	if p.inner[0] >= 0 {
		inFirst, inLast = p.first[p.inner[0]], p.cols
		if p.inner[1]+1 < len(p.first) {
			inLast = p.first[p.inner[1]+1]
		}
	}
	left, lane := make([]float64, p.cols), make([]float64, p.cols+1) // of columns; of the first track of channels
	x := margin
	for c := 0; c <= p.cols; c++ {
		if c > 0 && edge[c] {
			x += zonePad
		}
		if c == inLast && p.inner[0] >= 0 {
			x += 2 * boundPad
		}
		tracks := trackStep * float64(max(needUp[c]-1, 0))
		room := max(labels[c], tracks+16, channelMin)
		if (c == 0 || c == p.cols) && needUp[c] == 0 {
			room = 4
		}
		lane[c] = x + (room-tracks)/2
		x += room
		if c == inFirst {
			x += 2 * boundPad
		}
		if c < p.cols {
			if edge[c] {
				x += zonePad
			}
			left[c] = x
			x += wide[c]
		}
	}
	d.Width = x + margin

	high := make([]float64, p.rows)
	for r := range high {
		high[r] = headHigh
	}
	for _, c := range p.at {
		high[c.row] = nodeHigh
	}
	top, flat := make([]float64, p.rows), make([]float64, p.rows+1)
	y := margin
	if p.inner[0] >= 0 {
		y += boundPad + 22 // what the boundary is called
	}
	for r := 0; r <= p.rows; r++ {
		tracks := trackStep * float64(max(needLevel[r]-1, 0))
		room := max(tracks+16, gapLeast)
		if (r == 0 || r == p.rows) && needLevel[r] == 0 {
			room = 4
		}
		flat[r] = y + (room-tracks)/2
		y += room
		if r < p.rows {
			top[r] = y
			y += high[r]
		}
	}
	d.Height = y + margin
	if p.inner[0] >= 0 {
		d.Height += boundPad
	}

	for i := range p.g.Nodes {
		c := p.at[i]
		d.NodeBoxes[i] = Placed{Box{left[c.col], top[c.row] + (high[c.row]-nodeHigh)/2, wide[c.col], nodeHigh}, Pin{p.local[i].col + 1, p.local[i].row + 1}}
	}
	p.zones(d, left, wide, top, high)
	for i, w := range all {
		d.Routes[i].Points = p.points(i, w, d, lane, flat)
	}
	d.label()
	return d
}

// zones gives the boxes of zones and of the boundary.
func (p *plan) zones(d *Drawing, left, wide, top, high []float64) {
	d.Zones = nil
	in := Box{X: math.Inf(1), Y: math.Inf(1)}
	var right, bottom float64
	for c, zones := range p.stacks {
		end := p.cols - 1
		if c+1 < len(p.first) {
			end = p.first[c+1] - 1
		}
		for _, z := range zones {
			b := p.blocks[z]
			last := b.top + b.rows
			box := Box{X: left[p.first[c]] - zonePad, Y: top[b.top] + high[b.top] - headHigh + 2}
			box.W, box.H = left[end]+wide[end]+zonePad-box.X, top[last]+high[last]+8-box.Y
			d.Zones, d.ZoneBoxes = append(d.Zones, b.Zone), append(d.ZoneBoxes, Placed{box, Pin{Column: c + 1}})
			if !b.Outside {
				in.X, in.Y = min(in.X, box.X), min(in.Y, box.Y)
				right, bottom = max(right, box.X+box.W), max(bottom, box.Y+box.H)
			}
		}
	}
	if right > 0 {
		d.Bounds = Box{in.X - boundPad, in.Y - boundPad - 18, right - in.X + 2*boundPad, bottom - in.Y + 2*boundPad + 18}
	}
}

// points gives the corners of an edge.
func (p *plan) points(i int, w *way, d *Drawing, lane, flat []float64) []Point {
	port := func(end int) Point {
		b := d.NodeBoxes[p.ends[i][end]]
		q := Point{b.X, b.Y + b.H*w.ports[end]}
		if w.sides[end] > 0 {
			q.X += b.W
		}
		return q
	}
	from, to := port(0), port(1)
	x := func(s *stretch) float64 { return lane[s.channel] + trackStep*float64(s.track) }
	out := []Point{from}
	if w.flat == nil {
		if math.Abs(from.Y-to.Y) > 0.01 || w.sides[0] == w.sides[1] {
			out = append(out, Point{x(w.up[0]), from.Y}, Point{x(w.up[0]), to.Y})
		}
		return append(out, to)
	}
	y := flat[w.flat.channel] + trackStep*float64(w.flat.track)
	return append(out, Point{x(w.up[0]), from.Y}, Point{x(w.up[0]), y}, Point{x(w.up[1]), y}, Point{x(w.up[1]), to.Y}, to)
}

// label finds room for what stands at edges: on the edge, over no node, no other
// label and no zone's name.
func (d *Drawing) label() {
	const grid = 64.0
	full := map[cell][]Box{}
	cells := func(b Box, see func(cell)) {
		for cx := int(b.X / grid); cx <= int((b.X+b.W)/grid); cx++ {
			for cy := int(b.Y / grid); cy <= int((b.Y+b.H)/grid); cy++ {
				see(cell{cx, cy})
			}
		}
	}
	take := func(b Box) { cells(b, func(c cell) { full[c] = append(full[c], b) }) }
	free := func(b Box) bool {
		ok := b.X >= 0 && b.Y >= 0 && b.X+b.W <= d.Width && b.Y+b.H <= d.Height
		cells(b, func(c cell) { ok = ok && !slices.ContainsFunc(full[c], b.Overlaps) })
		return ok
	}
	for _, b := range d.NodeBoxes {
		take(Box{b.X - 8, b.Y - 1, b.W + 16, b.H + 2}) // the heads of arrows stay free
	}
	for _, b := range d.ZoneBoxes {
		take(Box{b.X, b.Y, b.W, headHigh - 4})
	}
	if d.Bounds.W > 0 {
		take(Box{d.Bounds.X, d.Bounds.Y, d.Bounds.W, 18})
	}
	for i := range d.Routes {
		r, e := &d.Routes[i], d.Edges[i]
		for n, text := range []string{e.Label, e.Short} {
			if text == "" || n == 1 && text == e.Label {
				continue
			}
			wide, high := labelBox(text)
			if b, ok := room(r.Points, wide, high, free); ok {
				r.Label, r.Text = b, text
				take(b)
				break
			}
		}
	}
}

// labelBox gives the size of a label of one or more lines; 0 of none.
func labelBox(text string) (wide, high float64) {
	if text == "" {
		return 0, 0
	}
	for line := range strings.Lines(text) {
		wide, high = max(wide, min(TextWidth(strings.TrimSpace(line), labelSize), labelMost)+8), high+labelHigh-2
	}
	return wide, high + 2
}

// room looks for a place on a line: in the middle of its stretches, longest first,
// then further out.
func room(points []Point, wide, high float64, free func(Box) bool) (Box, bool) {
	type part struct {
		a, b Point
		long float64
	}
	var parts []part
	for i := 1; i < len(points); i++ {
		a, b := points[i-1], points[i]
		parts = append(parts, part{a, b, math.Abs(a.X-b.X) + math.Abs(a.Y-b.Y)})
	}
	slices.SortStableFunc(parts, func(a, b part) int { return cmp.Compare(b.long, a.long) })
	for _, s := range parts {
		for _, t := range []float64{0.5, 0.35, 0.65, 0.2, 0.8, 0.1, 0.9} {
			at := Point{s.a.X + (s.b.X-s.a.X)*t, s.a.Y + (s.b.Y-s.a.Y)*t}
			if b := (Box{at.X - wide/2, at.Y - high/2, wide, high}); free(b) {
				return b, true
			}
		}
	}
	return Box{}, false
}
