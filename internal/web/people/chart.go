package people

import (
	"fmt"
	"net/http"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/people"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// Sizes of the picture, in its own units: a person is a box in a column of
// their level and a row of their own.
const (
	boxWidth, boxHeight = 190, 34
	stepX, stepY        = 226, 44

	drawn = 150 // people in one picture
)

// box is somebody in the picture.
type box struct {
	x, y        int
	name, title string
	href        string
	below       int // people below who are not drawn
	from        [2]int
	child       bool
	path        bool // stands in a circle
}

// picture is a chart as it is drawn.
type picture struct {
	label         string
	width, height int
	boxes         []box
	left          int // people who are not drawn
}

func (p picture) viewBox() string { return fmt.Sprintf("0 0 %d %d", p.width, p.height) }

func (b box) edge() string {
	midX, midY := b.x-(stepX-boxWidth)/2, b.y+boxHeight/2
	return fmt.Sprintf("M%d %dH%dV%dH%d", b.from[0], b.from[1], midX, midY, b.x)
}

// draw lays trees out: depth is how many levels are drawn; the first of a level
// stand first, until there are enough.
func draw(tops []people.Node, depth int) picture {
	var p picture
	row := 0
	var walk func(n people.Node, level int, from [2]int, child bool)
	walk = func(n people.Node, level int, from [2]int, child bool) {
		if len(p.boxes) >= drawn {
			p.left += 1 + n.Below
			return
		}
		b := box{x: level * stepX, y: row*stepY + 4, name: cut(n.Person.Name, 26), title: cut(screen.OrElse(n.Person.Title, n.Person.Team), 32), href: base + "/" + n.Person.ID, from: from, child: child, path: n.Ring}
		row++
		if level+1 >= depth && n.Below > 0 {
			b.below = n.Below
			b.href = base + "/chart?of=" + n.Person.ID
		}
		p.boxes = append(p.boxes, b)
		p.width = max(p.width, b.x+boxWidth+2)
		if b.below > 0 {
			p.left += n.Below
			return
		}
		for _, c := range n.Reports {
			walk(c, level+1, [2]int{b.x + boxWidth, b.y + boxHeight/2}, true)
		}
	}
	for _, n := range tops {
		walk(n, 0, [2]int{}, false)
	}
	p.height = row*stepY + 4
	return p
}

// below gives the node of somebody, and who stands above, the top first.
func below(tops []people.Node, id string) (*people.Node, []people.Row) {
	for i := range tops {
		if tops[i].Person.ID == id {
			return &tops[i], nil
		}
		if n, above := below(tops[i].Reports, id); n != nil {
			return n, append([]people.Row{tops[i].Person}, above...)
		}
	}
	return nil, nil
}

// chart answers: who reports to whom?
func (s *site) chart(w http.ResponseWriter, r *screen.Request) error {
	tops, rings, err := s.cfg.People.Org(r.Context(), r.Who)
	if err != nil {
		return err
	}
	total, alone := 0, 0
	for _, n := range tops {
		total += 1 + n.Below
		if n.Below == 0 {
			alone++
		}
	}
	v := chartView{Crumbs: []ui.Link{{Text: "People", Href: base}, {Text: "Chart"}}, Title: fmt.Sprintf("%s, %s at the top", ui.Many(total, "person", "people"), ui.Many(len(tops)-alone, "manager", "managers")), Note: "Who is here, is coming or is leaving, by the managers that their sources name."}
	if alone > 0 && alone < len(tops) {
		v.Note += fmt.Sprintf(" %s nobody above and nobody below.", ui.Many(alone, "person has", "people have"))
	}
	depth := 4
	if total <= drawn {
		depth = 50
	}
	if id := r.URL.Query().Get("of"); id != "" {
		n, above := below(tops, id)
		if n == nil {
			return fault.New(fault.NotFound, "nobody in the chart is %q", id)
		}
		v.Crumbs = []ui.Link{{Text: "People", Href: base}, {Text: "Chart", Href: base + "/chart"}}
		for _, a := range above {
			v.Crumbs = append(v.Crumbs, ui.Link{Text: a.Name, Href: base + "/chart?of=" + a.ID})
		}
		v.Crumbs = append(v.Crumbs, ui.Link{Text: n.Person.Name})
		v.Title = fmt.Sprintf("%s below %s", ui.Many(n.Below, "person", "people"), n.Person.Name)
		v.Note = ""
		tops = []people.Node{*n}
	}
	v.Picture = draw(tops, depth)
	v.Picture.label = v.Title + ". The table below says the same."
	if v.Picture.left > 0 {
		v.Left = ui.Many(v.Picture.left, "person is", "people are") + " not drawn here. A box that says how many stand below leads to their picture; the list of people has everybody."
	}
	for _, ring := range rings {
		text := ""
		for _, x := range ring {
			text += x.Name + " → "
		}
		if len(ring) > 0 {
			v.Rings = append(v.Rings, "Circular managers: "+text+ring[0].Name+". Nobody stands at the top of a circle; mend it where the managers are named.")
		}
	}
	v.Twin = ui.Table{Caption: "Who reports to whom", Columns: []ui.Column{{Text: "Person"}, {Text: "Manager"}, {Text: "Title"}, {Text: "Team"}, {Text: "Below", N: true}}}
	twin(&v.Twin, tops)
	if total == 0 {
		v.Empty = s.empty(r)
		v.Title = "Nobody is in the register yet"
	}
	return r.Render(w, http.StatusOK, chartPage(r.Shell(w, "Chart", "Organise", "People"), v))
}

func twin(t *ui.Table, list []people.Node) {
	for _, n := range list {
		if len(t.Rows) >= 500 {
			t.Pager.Text = "the first 500; the list of people has everybody"
			return
		}
		m := ui.Cell{Text: "nobody", Muted: true}
		if n.Person.ManagerID != "" {
			m = ui.Cell{Links: []ui.Link{{Text: screen.OrElse(n.Person.Manager, n.Person.ManagerID), Href: base + "/" + n.Person.ManagerID}}}
		}
		t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: n.Person.Name, Href: base + "/" + n.Person.ID}, Cells: []ui.Cell{m, {Text: n.Person.Title}, {Text: n.Person.Team}, {Text: ui.Number(n.Below), N: true, Muted: n.Below == 0}}})
		twin(t, n.Reports)
	}
}

// chartView is the page of the chart.
type chartView struct {
	Crumbs  []ui.Link
	Title   string
	Note    string
	Rings   []string
	Picture picture
	Left    string
	Twin    ui.Table
	Empty   *ui.Empty
}
