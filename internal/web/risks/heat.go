package risks

import (
	"fmt"
	"strings"

	"github.com/attesta/attesta/internal/program/risk"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// heat is the picture of open risks by likelihood and magnitude, with its twin.
type heat struct {
	Label         string // the picture in one sentence
	Note          string
	Cells         []heatCell
	Columns, Rows []heatHead
	Width, Height int
	Legend        []heatHead
	Sides         []ui.Chip
	Twin          ui.Table
	Unrated       int
}

type heatCell struct {
	X, Y  int
	Class string
	Count int
	Mark  string // class of the number
}

type heatHead struct {
	X, Y  int
	Text  string
	Class string
}

const (
	heatLeft = 84 // room for the names of magnitude
	heatCol  = 68
	heatRow  = 40
)

// bandClass colours a band; the number and the table say the same without colour.
func bandClass(s *risk.Scale, score int) string {
	classes := []string{"c-ok", "c-dno", "c-ins", "c-dev"}
	for i, b := range s.Bands {
		if b.ID == s.Band(score).ID {
			return classes[min(len(classes)-1, i*len(classes)/len(s.Bands))]
		}
	}
	return "c-out"
}

// placed gives where a risk stands by a side: now, inherent, residual.
func placed(x risk.Row, side string) (likelihood, magnitude int) {
	pick := func(list []risk.Rating) (int, int) {
		if len(list) == 0 {
			return 0, 0
		}
		n := list[len(list)-1]
		return n.Likelihood, n.Magnitude
	}
	switch side {
	case "inherent":
		return pick(x.Risk.Inherent)
	case "residual":
		return pick(x.Risk.Residual)
	}
	return x.Exposure.Likelihood, x.Exposure.Magnitude
}

var sides = [][2]string{{"", "As controls stand now"}, {"inherent", "Without controls"}, {"residual", "After controls, as rated"}}

func (s *site) heat(r *screen.Request, all []risk.Row) heat {
	scale, q := s.cfg.Risks.Scale(), r.URL.Query()
	side := q.Get("side")
	counts := map[[2]int]int{}
	h := heat{Width: heatLeft + heatCol*len(scale.Likelihood), Height: heatRow*len(scale.Magnitude) + 36}
	open := 0
	for _, x := range all {
		if !x.Risk.Open() {
			continue
		}
		open++
		if l, m := placed(x, side); l == 0 {
			h.Unrated++
		} else {
			counts[[2]int{l, m}]++
		}
	}
	h.Twin = ui.Table{Caption: "Open risks by magnitude and likelihood", Columns: []ui.Column{{Text: "Magnitude"}}}
	for i, l := range scale.Likelihood {
		h.Columns = append(h.Columns, heatHead{X: heatLeft + heatCol*i + heatCol/2, Y: heatRow*len(scale.Magnitude) + 16, Text: l.Title})
		h.Twin.Columns = append(h.Twin.Columns, ui.Column{Text: fmt.Sprintf("%d %s", i+1, l.Title), N: true})
	}
	var said []string
	for m := len(scale.Magnitude); m >= 1; m-- {
		y := heatRow * (len(scale.Magnitude) - m)
		h.Rows = append(h.Rows, heatHead{X: heatLeft - 8, Y: y + heatRow/2 + 4, Text: scale.Magnitude[m-1].Title})
		row := ui.TableRow{Head: ui.Link{Text: fmt.Sprintf("%d %s", m, scale.Magnitude[m-1].Title)}}
		for l := 1; l <= len(scale.Likelihood); l++ {
			n := counts[[2]int{l, m}]
			c := heatCell{X: heatLeft + heatCol*(l-1), Y: y, Class: bandClass(scale, l*m), Count: n, Mark: "strong"}
			if c.Class == "c-dev" {
				c.Mark = "c-dev-mark"
			}
			h.Cells = append(h.Cells, c)
			cell := ui.Cell{Text: "0", N: true, Muted: true}
			if n > 0 {
				said = append(said, fmt.Sprintf("%d at likelihood %d and magnitude %d", n, l, m))
				cell = ui.Cell{N: true, Links: []ui.Link{{Text: fmt.Sprint(n), Href: screen.With(nil, "/risks", "side", side, "likelihood", fmt.Sprint(l), "magnitude", fmt.Sprint(m))}}}
			}
			row.Cells = append(row.Cells, cell)
		}
		h.Twin.Rows = append(h.Twin.Rows, row)
	}
	for _, b := range scale.Bands {
		h.Legend = append(h.Legend, heatHead{Text: fmt.Sprintf("%s, from %d", b.Title, b.From), Class: bandClass(scale, b.From)})
	}
	for _, x := range sides {
		h.Sides = append(h.Sides, ui.Chip{Text: x[1], Href: screen.With(q, "/risks", "side", x[0], "after", "", "likelihood", "", "magnitude", ""), Current: side == x[0]})
	}
	h.Label = "No open risk is rated"
	if len(said) > 0 {
		h.Label = "Open risks: " + strings.Join(said, "; ")
	}
	h.Note = "likelihood times magnitude; the number is how many open risks stand there"
	if h.Unrated > 0 {
		h.Note += ". " + ui.Many(h.Unrated, "open risk is", "open risks are") + " not rated, and not in the picture"
	}
	return h
}
