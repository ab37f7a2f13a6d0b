package diagram

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// Look is what SVG is written for.
type Look struct {
	ID    string // begins the ids in it; one of its own on the page
	Alone bool   // a file of its own: with colours for light and dark, without links
}

// style is what the site's style sheet says of diagrams, for files.
const style = `svg{--paper:#faf7f0;--sheet:#fffdf9;--ink:#1d1b18;--muted:#686257;--edge:#857d6f;--rule:#ded7c8;--accent:#1f3fae;--sunk:#f2ede1;--o-fail:#a51c23;--o-pass:#1d6446;--s-insufficient:#7a5200;background:#faf7f0;font-family:system-ui,"Liberation Sans",Arial,sans-serif}
@media(prefers-color-scheme:dark){svg{--paper:#0f1726;--sheet:#172133;--ink:#ece7db;--muted:#9aa1ae;--edge:#6f7b90;--rule:#273348;--accent:#a3b8ff;--sunk:#0a101c;--o-fail:#ff968c;--o-pass:#82cba6;--s-insufficient:#e3b95c;background:#0f1726}}
text{fill:var(--ink);font-size:11px}.d-bounds rect{fill:none;stroke:var(--accent);stroke-width:1.5;stroke-dasharray:10 4}.d-bounds text{fill:var(--accent);font-weight:600}
.d-zone rect{fill:var(--sunk);stroke:var(--rule)}.d-zone text{fill:var(--muted);font-size:12px;font-weight:600}.d-node rect{fill:var(--sheet);stroke:var(--edge)}.d-node .d-title{font-size:12.5px;font-weight:600}.d-node .d-sub{fill:var(--muted)}
.d-mark{fill:var(--o-fail);font-weight:700}.d-flow path{fill:none;stroke:var(--edge);stroke-width:1.25}.d-flow .d-head{fill:var(--edge);stroke:none}.d-flow rect{fill:var(--paper)}
.d-faint path{stroke-dasharray:2 3}.d-bad path{stroke:var(--o-fail);stroke-width:2}.d-bad .d-head{fill:var(--o-fail)}.d-bad text{fill:var(--o-fail)}.d-node.d-bad rect{stroke:var(--o-fail);stroke-width:2}.d-node.d-bad text{fill:var(--ink)}.d-node.d-bad .d-sub{fill:var(--muted)}.d-node.d-bad .d-mark{fill:var(--o-fail)}
.d-added path,.d-node.d-added rect{stroke:var(--o-pass);stroke-width:2.5}.d-added .d-head{fill:var(--o-pass)}.d-flow.d-added text{fill:var(--o-pass)}
.d-removed path,.d-node.d-removed rect{stroke:var(--o-fail);stroke-width:1.5;stroke-dasharray:6 4}.d-removed .d-head{fill:var(--o-fail)}.d-removed text{text-decoration:line-through}
.d-changed path,.d-node.d-changed rect{stroke:var(--s-insufficient);stroke-width:2.5}.d-changed .d-head{fill:var(--s-insufficient)}.d-flow.d-changed text{fill:var(--s-insufficient)}`

type writer struct {
	strings.Builder
	look Look
}

func (w *writer) say(format string, args ...any) { fmt.Fprintf(w, format, args...) }

func px(f float64) string {
	s := fmt.Sprintf("%.1f", math.Round(f*10)/10)
	return strings.TrimSuffix(s, ".0")
}

func (b Box) rect(round float64) string {
	return fmt.Sprintf(`<rect x="%s" y="%s" width="%s" height="%s" rx="%s"/>`, px(b.X), px(b.Y), px(b.W), px(b.H), px(round))
}

func (w *writer) text(class string, x, y float64, s string) {
	w.say(`<text`)
	if class != "" {
		w.say(` class="%s"`, class)
	}
	w.say(` x="%s" y="%s">%s</text>`, px(x), px(y), html.EscapeString(s))
}

func classes(kind string, bad, faint bool, c Change) string {
	if bad {
		kind += " d-bad"
	}
	if faint {
		kind += " d-faint"
	}
	if c != Same {
		kind += " d-" + string(c)
	}
	return kind
}

// say gives what a reader hears of a change.
func (c Change) say() string {
	if c == Same {
		return ""
	}
	return " (" + string(c) + ")"
}

// SVG writes the drawing. Colours are the site's variables.
func (d *Drawing) SVG(l Look) string {
	w := &writer{look: l}
	class := "diagram"
	if d.Width > 1000 && d.Width <= 1500 { // it may shrink a little to be seen whole
		class += " fits"
	}
	w.say(`<svg xmlns="http://www.w3.org/2000/svg" class="%s" viewBox="0 0 %s %s" width="%s" height="%s" role="group" aria-labelledby="%s-t %s-d">`, class, px(d.Width), px(d.Height), px(d.Width), px(d.Height), l.ID, l.ID)
	w.say(`<title id="%s-t">%s</title><desc id="%s-d">%s</desc>`, l.ID, html.EscapeString(d.Title), l.ID, html.EscapeString(d.Desc))
	if l.Alone {
		w.say(`<style>%s</style>`, style)
	}
	for i, z := range d.ZoneBoxes {
		name := cut(d.Zones[i].Name, zoneSize, z.W-2*zonePad)
		w.say(`<g class="d-zone"><title>%s</title>%s`, html.EscapeString(d.Zones[i].Name), z.rect(3))
		w.text("", z.X+zonePad, z.Y+16, name)
		w.say(`</g>`)
	}
	if d.Bounds.W > 0 {
		w.say(`<g class="d-bounds">%s`, d.Bounds.rect(6))
		w.text("", d.Bounds.X+10, d.Bounds.Y+16, cut(d.Boundary, zoneSize, d.Bounds.W-20))
		w.say(`</g>`)
	}
	for i := range d.Routes {
		w.route(d.Edges[i], d.Routes[i], d.named(d.Edges[i]))
	}
	for i, n := range d.Nodes {
		w.node(n, d.NodeBoxes[i].Box)
	}
	w.say("</svg>")
	return w.String()
}

// named says an edge in words.
func (d *Drawing) named(e Edge) string {
	from, to := e.From, e.To
	for _, n := range d.Nodes {
		if n.Key == e.From {
			from = n.Title
		}
		if n.Key == e.To {
			to = n.Title
		}
	}
	return strings.TrimSpace(fmt.Sprintf("%s: %s to %s%s", strings.ReplaceAll(e.Label, "\n", ", "), from, to, e.Change.say()))
}

func (w *writer) link(href string) (end string) {
	if href == "" || w.look.Alone {
		return ""
	}
	w.say(`<a href="%s">`, html.EscapeString(href))
	return "</a>"
}

func (w *writer) route(e Edge, r Route, words string) {
	w.say(`<g class="%s"><title>%s</title><path d="%s"/>`, classes("d-flow", e.Bad, e.Faint, e.Change), html.EscapeString(words), curve(r.Points))
	if n := len(r.Points); n > 1 {
		to, dir := r.Points[n-1], 1.0
		if r.Points[n-2].X > to.X {
			dir = -1
		}
		w.say(`<path class="d-head" d="M%s %sl%s -4v8z"/>`, px(to.X), px(to.Y), px(-7*dir))
	}
	if r.Text != "" {
		end := w.link(e.Href)
		w.say("%s", r.Label.rect(2))
		y := r.Label.Y + 12
		for line := range strings.Lines(r.Text) {
			w.text("", r.Label.X+4, y, cut(line, labelSize, labelMost))
			y += labelHigh - 2
		}
		w.say("%s", end)
	}
	w.say(`</g>`)
}

func (w *writer) node(n Node, b Box) {
	room := b.W - 18
	if n.Mark != "" {
		room -= TextWidth(n.Mark, labelSize) + 12
	}
	end := w.link(n.Href)
	w.say(`<g class="%s"><title>%s</title>%s`, classes("d-node", n.Mark != "", false, n.Change), html.EscapeString(strings.TrimSpace(n.Title+" "+n.Sub)+n.Change.say()), b.rect(3))
	w.text("d-title", b.X+9, b.Y+19, cut(n.Title, titleSize, room))
	if n.Sub != "" {
		w.text("d-sub", b.X+9, b.Y+36, cut(n.Sub, subSize, b.W-18))
	}
	if n.Mark != "" {
		w.text("d-mark", b.X+b.W-9-TextWidth(n.Mark, labelSize), b.Y+19, n.Mark)
	}
	w.say(`</g>%s`, end)
}

// curve writes a line with rounded corners.
func curve(points []Point) string {
	var b strings.Builder
	for i, p := range points {
		switch {
		case i == 0:
			fmt.Fprintf(&b, "M%s %s", px(p.X), px(p.Y))
		case i == len(points)-1:
			fmt.Fprintf(&b, "L%s %s", px(p.X), px(p.Y))
		default:
			in, out := toward(p, points[i-1]), toward(p, points[i+1])
			fmt.Fprintf(&b, "L%s %sQ%s %s %s %s", px(in.X), px(in.Y), px(p.X), px(p.Y), px(out.X), px(out.Y))
		}
	}
	return b.String()
}

// toward gives the point some pixels from p on the way to q.
func toward(p, q Point) Point {
	dx, dy := q.X-p.X, q.Y-p.Y
	long := math.Hypot(dx, dy)
	if long == 0 {
		return p
	}
	t := min(5, long/2) / long
	return Point{p.X + dx*t, p.Y + dy*t}
}
