package governance

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/attesta/attesta/internal/posture/oversight"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// pack answers: what do those who oversee need to see, as of a day? It is made to
// be printed: the style of the page leaves navigation out on paper.
func (s *site) pack(w http.ResponseWriter, r *screen.Request) error {
	k, err := s.cfg.Oversight.Pack(r.Context(), r.Who, oversight.Day(r.URL.Query().Get("on")))
	if err != nil {
		return err
	}
	title := "Board pack as of " + string(k.On)
	v := ui.RecordView{Crumbs: []ui.Link{{Text: "Governance", Href: "/governance"}, {Text: "Board pack"}}, Title: title, Line: []string{screen.OrElse(k.System, "no system is named"), screen.OrElse(k.Window, "no window is set")}, FactsOf: "About this pack",
		Facts:    []ui.Fact{{Term: "As of", Text: string(k.On)}, {Term: "Derived", Text: "when this page was asked for, from the records; " + map[bool]string{true: "each figure leads to its list", false: "a figure leads to its list where that shows past days"}[k.Today]}, {Term: "On paper", Text: "print this page, or save it as PDF from the browser"}},
		SideMore: []ui.Block{{ID: "another", Title: "Another day", Links: quarters(k)}}}
	for _, x := range k.Sections {
		t := ui.Table{Caption: "Figures: " + x.Title, Columns: []ui.Column{{Text: "Figure"}, {Text: "Number", N: true}}}
		for _, f := range x.Figures {
			text := ui.Number(f.N)
			if f.Of > 0 {
				text += " of " + ui.Number(f.Of)
			}
			n := ui.Cell{N: true, Bad: f.Bad, Text: text}
			if f.Path != "" {
				n.Text, n.Links = "", []ui.Link{{Text: text, Href: f.Path}}
			}
			t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: f.Term}, Cells: []ui.Cell{n}})
		}
		b := ui.Block{ID: x.ID, Title: x.Title, Meta: x.Not}
		if len(t.Rows) > 0 {
			b.Table = &t
		}
		if len(x.Lines) == 0 {
			b.Meta = screen.OrElse(x.Not, x.None)
			v.Blocks = append(v.Blocks, b)
			continue
		}
		v.Blocks = append(v.Blocks, b)
		lines := ui.Table{Caption: x.Title + ", named", Columns: []ui.Column{{Text: "What"}, {Text: "Why"}}}
		for _, l := range x.Lines {
			lines.Rows = append(lines.Rows, ui.TableRow{Head: ui.Link{Text: l.Text, Href: l.Path}, Cells: []ui.Cell{{Text: screen.Capital(l.Why)}}})
		}
		named := ui.Block{ID: x.ID + "-lines", Title: x.Title + ", named", Table: &lines}
		if x.More > 0 {
			named.Links = []ui.Link{{Text: fmt.Sprintf("%s more", ui.Number(x.More)), Href: x.Path}}
		}
		v.Blocks = append(v.Blocks, named)
	}
	return r.Render(w, http.StatusOK, ui.Record(s.shell(w, r, title), v))
}

// quarters leads to the ends of the quarters before the day of a pack.
func quarters(k oversight.Pack) []ui.Link {
	out := []ui.Link{{Text: "Today", Href: "/board-pack"}}
	month, _ := strconv.Atoi(string(k.On)[5:7]) // a pack's day was read as one
	first := (oversight.Day(string(k.On)[:7] + "-01")).Add(-((month - 1) % 3), 0)
	for i := range 4 {
		d := first.Add(-3*i, 0).Add(0, -1)
		out = append(out, ui.Link{Text: string(d), Href: "/board-pack?on=" + string(d)})
	}
	return out
}
