package integrity

import (
	"net/http"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/operations/integrity"
	"github.com/attesta/attesta/internal/operations/integrity/baseline"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

const comparePath = baselinesPath + "/compare"

var ofWords = map[string]string{"baseline": "what their agents compare with", "candidate": "their newest snapshots", "snapshot": "the baseline of the first with the newest snapshot of the other"}

// comparisons answers: which hosts were held against each other?
func (s *site) comparisons(w http.ResponseWriter, r *screen.Request) error {
	return s.showComparisons(w, r, nil)
}

func (s *site) showComparisons(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	list, err := s.cfg.Baselines.Comparisons(r.Context(), r.Who, 100)
	if err != nil {
		return err
	}
	v := ui.ListView{Crumbs: []ui.Link{{Text: baselinesPage, Href: baselinesPath}, {Text: "Compare two hosts"}}, Title: "Compare the files of two hosts", Note: "One root says whether a million files are equal. Where they are not, both hosts are asked level by level, and only what differs is gone into.",
		None: "No two hosts were compared yet.", Table: ui.Table{Caption: "Comparisons, newest first", Columns: []ui.Column{{Text: "Comparison"}, {Text: "What came of it"}, {Text: "Of"}, {Text: "Begun"}}}}
	for i := range list {
		c := &list[i]
		v.Table.Rows = append(v.Table.Rows, ui.TableRow{Head: ui.Link{Text: c.NameA + " and " + c.NameB, Href: comparePath + "/" + c.Ref}, Meta: c.Ref, Cells: []ui.Cell{{Text: outcomeOf(c), Bad: c.State == "failed", Muted: c.State == "running"}, {Text: ofWords[c.Of]}, {Moment: r.Words.At(c.Made)}}})
	}
	if r.May(access.IntegrityApprove) {
		hosts, _, _, err := s.cfg.Integrity.Hosts(r.Context(), r.Who, integrity.HostFilter{Limit: 1000})
		if err != nil {
			return err
		}
		if len(hosts) < 2 {
			v.None = "Two hosts that watch their files are needed; there are " + ui.Number(len(hosts)) + "."
		} else {
			var options [][2]string
			for i := range hosts {
				options = append(options, [2]string{hosts[i].Source, hosts[i].Name})
			}
			v.Form = ui.Form{ID: "new", Action: comparePath, Summary: "Compare two hosts", Open: len(list) == 0, Button: "Compare", Fields: []ui.Field{screen.Choice("a", "The one that is as it is to be", "", r.URL.Query().Get("a"), options...), screen.Choice("b", "The other", "", options[1][0], options...), screen.Choice("of", "Compare", "", "baseline", [2]string{"baseline", ofWords["baseline"]}, [2]string{"candidate", ofWords["candidate"]}, [2]string{"snapshot", ofWords["snapshot"]})}}
			t.Fill(&v.Form)
		}
	}
	return r.Render(w, t.Status(), ui.List(r.Shell(w, "Compare two hosts", section, baselinesPage), v))
}

// outcomeOf says what a comparison came to.
func outcomeOf(c *baseline.Comparison) string {
	n := int64(len(c.Differs)) + c.More
	switch {
	case c.State == "failed":
		return "it failed: " + c.Why
	case c.State == "running" && n > 0:
		return ui.Many(n, "path differs", "paths differ") + " so far; it goes on"
	case c.State == "running":
		return "it goes on"
	case n == 0:
		return "nothing differs"
	case c.Cut:
		return "more than " + ui.Many(n, "path differs", "paths differ")
	}
	return ui.Many(n, "path differs", "paths differ")
}

func (s *site) compare(w http.ResponseWriter, r *screen.Request) error {
	c, err := s.cfg.Baselines.Compare(r.Context(), r.Who, r.PostFormValue("a"), r.PostFormValue("b"), r.PostFormValue("of"))
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showComparisons(w, r, t)
	}
	return r.Done(w, c.NameA+" and "+c.NameB+" are asked.", comparePath+"/"+c.Ref)
}

// comparison answers: in what do these two hosts differ?
func (s *site) comparison(w http.ResponseWriter, r *screen.Request) error {
	c, err := s.cfg.Baselines.Comparison(r.Context(), r.Who, r.PathValue("ref"))
	if err != nil {
		return err
	}
	names := r.Names([]string{c.By})
	v := ui.RecordView{Crumbs: []ui.Link{{Text: baselinesPage, Href: baselinesPath}, {Text: "Compare", Href: comparePath}, {Text: c.Ref}}, Title: c.NameA + " and " + c.NameB + ": " + outcomeOf(c), FactsOf: "This comparison", Line: []string{"of " + ofWords[c.Of], ui.Many(c.Drills, "directory was asked for", "directories were asked for")},
		Facts: []ui.Fact{{Term: "Number", Text: c.Ref, Mono: true}, {Term: "Reference", Links: []ui.Link{{Text: c.NameA, Href: baselinesPath + "/hosts/" + c.A}}}, {Term: "The other", Links: []ui.Link{{Text: c.NameB, Href: baselinesPath + "/hosts/" + c.B}}}, {Term: "Root of " + c.NameA, Text: screen.OrElse(c.RootA, "not known yet"), Mono: true}, {Term: "Root of " + c.NameB, Text: screen.OrElse(c.RootB, "not known yet"), Mono: true},
			{Term: "Begun", Text: r.Words.Full(c.Made) + ", by " + screen.Who(names, c.By)}}}
	if !c.Ended.IsZero() {
		v.Facts = append(v.Facts, ui.Fact{Term: "Ended", Text: r.Words.Full(c.Ended)})
	}
	if r.May(access.LedgerRead) {
		v.Facts = append(v.Facts, ui.Fact{Term: "Records", Links: []ui.Link{{Text: "ledger entries about it", Href: "/ledger?about=" + c.ID}}})
	}
	switch {
	case c.State == "running":
		v.Notice = "Begun " + ago(r, c.Made) + "; " + beat + ", once for each level that is gone down. It goes on without this page."
	case c.State == "failed":
		v.Notice, v.Warn = screen.Sentence(c.Why), true
	case c.Cut:
		v.Notice, v.Warn = "It stopped at its bounds: there is more that differs than is named here.", true
	}
	table := &ui.Table{Caption: "Paths that differ", Columns: []ui.Column{{Text: "Path"}, {Text: "On " + c.NameA}, {Text: "On " + c.NameB}}}
	side := func(kind, other, source, path string) ui.Cell {
		if kind == "" {
			return ui.Cell{Text: "not there", Muted: true}
		}
		cell := ui.Cell{Text: kind, Links: []ui.Link{{Text: "history", Href: pathLink(source, "", path)}}}
		if kind == other {
			cell.Text += ", another"
		}
		cell.Text += " "
		return cell
	}
	for _, d := range c.Differs {
		table.Rows = append(table.Rows, ui.TableRow{Head: ui.Link{Text: d.Path}, Mono: true, Cells: []ui.Cell{side(d.TypeA, "", c.A, d.Path), side(d.TypeB, d.TypeA, c.B, d.Path)}})
	}
	if c.More > 0 {
		table.Pager = ui.Pager{Text: "and " + ui.Many(c.More, "path more", "paths more")}
	}
	none := "Nothing differs: both have the same files with the same content, owners and rights."
	if c.State != "done" {
		none = "Nothing is known yet."
	}
	v.Blocks = []ui.Block{{ID: "differs", Title: "What differs", Table: table, None: none}}
	sh := r.Shell(w, c.NameA+" and "+c.NameB, section, baselinesPage)
	sh.Live.Replace = c.State == "running"
	return r.Render(w, http.StatusOK, ui.Record(sh, v))
}
