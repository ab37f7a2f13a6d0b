package resilience

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/resilience"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

var alternateSteps = map[string]string{"added": "added", "described": "described anew", "proved": "tried or used", "ended": "ended"}

func (s *site) alternateRows(r *screen.Request) (list, all []resilience.SeenAlternate, err error) {
	if err := checkShow(r); err != nil {
		return nil, nil, err
	}
	if all, err = s.cfg.Resilience.Alternates(r.Context(), r.Who); err != nil {
		return nil, nil, err
	}
	for _, x := range all {
		if shown(r, resilience.Worst(x.Judged).Outcome, x.Content.State == "active") {
			list = append(list, x)
		}
	}
	return list, all, nil
}

func (s *site) alternateList() screen.List {
	type row = resilience.SeenAlternate
	columns := []screen.Column[row]{
		{Key: "number", Title: "Number", Value: func(_ *screen.Cells, x row) any { return x.Ref }},
		{Key: "for", Title: "System", Head: "=", Width: 28, Value: func(_ *screen.Cells, x row) any { return x.Content.For }},
		{Key: "from", Title: "Runs at", Value: func(_ *screen.Cells, x row) any { return x.Content.From }},
		{Key: "to", Title: "Would run at", Value: func(_ *screen.Cells, x row) any { return x.Content.To }},
		{Key: "readiness", Title: "Readiness", Value: func(_ *screen.Cells, x row) any { return x.Content.Ready }},
		{Key: "capacity", Title: "Capacity, percent", Value: func(_ *screen.Cells, x row) any { return x.Content.Percent }},
		{Key: "needed", Title: "Needed, percent", Value: func(_ *screen.Cells, x row) any { return x.Content.Need }},
		{Key: "recover_minutes", Title: "Minutes to recover", Value: func(_ *screen.Cells, x row) any { return x.Content.Recover }},
	}
	heads := []string{"Elsewhere", "Enough", "Proved", "Fast enough"}
	for i, a := range resilience.AlternateAttributes() {
		columns = append(columns, screen.Column[row]{Key: a[0], Title: a[1], Head: heads[i], Value: func(_ *screen.Cells, x row) any { return x.Judged[i].Outcome }},
			screen.Column[row]{Key: a[0] + "_why", Title: a[1] + ": because", Width: 32, Value: func(_ *screen.Cells, x row) any { return x.Judged[i].Reason }})
	}
	return screen.Declare(screen.List{Name: "alternates", Title: "Alternate infrastructure", Pattern: "GET /alternates", Action: access.ResilienceRead}, screen.Whole(func(r *screen.Request) ([]row, error) {
		list, _, err := s.alternateRows(r)
		return list, err
	}), nil, columns...)
}

// alternates answers: where would it run, would it carry the load, and was that tried?
func (s *site) alternates(w http.ResponseWriter, r *screen.Request) error {
	list, all, err := s.alternateRows(r)
	if err != nil {
		return err
	}
	counts := map[string]int{}
	for _, x := range all {
		if x.Content.State != "active" {
			counts["ended"]++
			continue
		}
		counts[""]++
		counts[resilience.Worst(x.Judged).Outcome]++
	}
	v := ui.ListView{Title: ui.Many(counts[""], "place", "places") + " to recover to", Note: "Where each system would run when its site is lost, what it carries there, and when that was last proved.", Labels: []string{"Which"}, Undo: "/alternates", None: "None matches.", Chips: [][]ui.Chip{showChips(r, "/alternates", counts)}, More: []ui.Link{{Text: "Threats", Href: "/threats"}}}
	if r.May(access.ResilienceEdit) {
		v.Action = ui.Link{Text: "Add one", Href: "/alternates/new"}
	}
	if len(all) == 0 {
		v.Title = "Nobody said where systems would run instead"
		v.Empty = &ui.Empty{Title: "Somewhere else to run", Text: "A second region, another provider, or a host that is built from code and copies: where, how much it carries, what it founders on, and the last time that it was tried.", Criteria: []ui.Link{{Text: "A1.2", Href: "/criteria/A1.2"}}, Until: "Until then recovery is a plan that nobody measured."}
		if v.Action.Href != "" {
			v.Empty.Actions = []ui.Link{v.Action}
		}
	}
	v.Table = ui.Table{Caption: "Where systems would run", Columns: []ui.Column{{Text: "System"}, {Text: "Elsewhere"}, {Text: "Enough"}, {Text: "Proved"}, {Text: "Fast enough"}}}
	for _, x := range list {
		v.Table.Rows = append(v.Table.Rows, ui.TableRow{Head: ui.Link{Text: x.Content.For, Href: "/alternates/" + x.Ref}, Meta: x.Ref + " · " + x.Content.From + " to " + x.Content.To, Cells: []ui.Cell{outcome(x.Judged[0]), outcome(x.Judged[1]), outcome(x.Judged[2]), outcome(x.Judged[3])}})
	}
	v.Table.Pager = screen.Pager(len(list), int64(len(list)), r.URL.Query(), "/alternates", "")
	return r.Render(w, http.StatusOK, ui.List(s.shell(w, r, "Alternates", "Organise", "Alternates"), v))
}

func alternateFields() []ui.Field {
	return []ui.Field{{Name: "for", Label: "Which system?", Must: true}, {Name: "from", Label: "Where does it run?", Must: true}, {Name: "to", Label: "Where would it run?", Must: true}, screen.Choice("where", "Where does that lie?", "Seen from where it runs.", "region", resilience.Wheres()...), screen.Choice("readiness", "How ready is it?", "", "cold", resilience.Readiness()...),
		{Name: "capacity_percent", Label: "How much of the usual demand does it carry?", Hint: "In percent.", Must: true}, {Name: "needed_percent", Label: "How much is needed to keep what was promised?", Hint: "In percent.", Must: true}, {Name: "recover_minutes", Label: "Within how many minutes is it to run there?", Must: true},
		screen.LongField("needs", "What does it founder on, and how is each there?", "Quota, licences, secrets, name service.", true), {Name: "proved_every_months", Label: "Proved every so many months", Hint: "Empty: 12."}, {Name: "owner", Label: "Who answers for it?", Must: true}}
}

func alternateOf(v url.Values) (resilience.AlternateText, error) {
	a := resilience.AlternateText{For: v.Get("for"), From: v.Get("from"), To: v.Get("to"), Where: v.Get("where"), Ready: v.Get("readiness"), Needs: v.Get("needs"), Owner: v.Get("owner")}
	return a, numbers(v, map[string]*int{"capacity_percent": &a.Percent, "needed_percent": &a.Need, "recover_minutes": &a.Recover, "proved_every_months": &a.Every})
}

func (s *site) newAlternate(w http.ResponseWriter, r *screen.Request) error {
	return s.showNewAlternate(w, r, nil)
}

func (s *site) showNewAlternate(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	f := ui.Form{ID: "add", Action: "/alternates/new", Button: "Add it", Fields: alternateFields()}
	t.Fill(&f)
	return r.Render(w, t.Status(), ui.FormPage(s.shell(w, r, "Add an alternate", "Organise", "Alternates"), ui.FormView{Crumbs: []ui.Link{{Text: "Alternates", Href: "/alternates"}, {Text: "Add one"}}, Title: "Say where a system would run instead", Note: "The last proof comes next, on its page.", Form: f}))
}

func (s *site) addAlternate(w http.ResponseWriter, r *screen.Request) error {
	in, err := alternateOf(r.PostForm)
	if err == nil {
		var o *resilience.AlternateObject
		if o, err = s.cfg.Resilience.AddAlternate(r.Context(), r.Who, in); err == nil {
			return r.Done(w, o.Ref+" is in the register.", "/alternates/"+o.Ref)
		}
	}
	return wrong(r, err, func(t *screen.Typed) error { return s.showNewAlternate(w, r, t) })
}

func (s *site) alternate(w http.ResponseWriter, r *screen.Request) error {
	return s.showAlternate(w, r, "", nil)
}

func (s *site) showAlternate(w http.ResponseWriter, r *screen.Request, which string, t *screen.Typed) error {
	x, err := s.cfg.Resilience.Alternate(r.Context(), r.Who, r.PathValue("ref"))
	if err != nil {
		return err
	}
	c, path := x.Content, "/alternates/"+x.Ref
	worst := resilience.Worst(x.Judged)
	rec := ui.RecordView{Crumbs: []ui.Link{{Text: "Alternates", Href: "/alternates"}, {Text: x.Ref}}, Title: c.For + " at " + c.To, Outcome: ui.Outcome(worst.Outcome), Line: []string{x.Ref, "answered for by " + c.Owner}, FactsOf: "The alternate", History: history(r, x.AlternateObject, alternateSteps), Zone: "times in " + r.Words.Zone.String()}
	if worst.Outcome == "fail" {
		rec.Bad = worst.Title + ": " + worst.Reason
	}
	ready := c.Ready
	for _, k := range resilience.Readiness() {
		if k[0] == c.Ready {
			ready = k[1]
		}
	}
	rec.Facts = []ui.Fact{{Term: "Runs at", Text: c.From}, {Term: "Would run at", Text: c.To + ", " + placeWords(c.Where)}, {Term: "Readiness", Text: ready}, {Term: "Carries", Text: fmt.Sprintf("%d %% of the usual demand; %d %% is needed", c.Percent, c.Need)}, {Term: "Back within", Text: fmt.Sprintf("%d minutes", c.Recover)}, {Term: "Founders on", Text: c.Needs}, {Term: "To be proved by", Text: string(c.Due())}}
	table := ui.Table{Caption: "Proofs", Columns: []ui.Column{{Text: "On"}, {Text: "Result"}, {Text: "Minutes", N: true}, {Text: "Carried", N: true}, {Text: "What was done"}}}
	for i := len(c.Proofs) - 1; i >= 0; i-- {
		p := c.Proofs[i]
		cell := ui.Cell{Outcome: "pass"}
		if p.Result != "whole" {
			cell = ui.Cell{Outcome: "fail", Tag: map[string]string{"part": "in part"}[p.Result]}
		}
		carried := "—"
		if p.Percent > 0 {
			carried = strconv.Itoa(p.Percent) + " %"
		}
		table.Rows = append(table.Rows, ui.TableRow{Head: ui.Link{Text: string(p.On)}, Cells: []ui.Cell{cell, {Text: itoa(p.Minutes), N: true}, {Text: carried, N: true}, {Text: p.What}}})
	}
	rec.Blocks = []ui.Block{{ID: "judged", Title: "What it comes to", Table: judgedTable(x.Judged)}, {ID: "proofs", Title: "Proofs", Table: &table, None: "It was never tried."}}
	if r.May(access.ResilienceEdit) && c.State == "active" {
		form := func(id, summary, button string, danger bool, fields ...ui.Field) ui.Form {
			f := ui.Form{ID: id, Action: path + "/keep", Summary: summary, Button: button, Danger: danger, Quiet: !danger, Fields: append([]ui.Field{{Name: "do", Kind: "hidden", Value: id}}, fields...)}
			if id == which {
				t.Fill(&f)
			}
			return f
		}
		rec.Blocks[1].Forms = []ui.Form{form("prove", "Record that it was tried or used", "Record it", false, screen.DayField("on", "When?", ""), screen.Choice("result", "How did it end?", "", "whole", [2]string{"whole", "Whole"}, [2]string{"part", "In part"}, [2]string{"failed", "It failed"}), ui.Field{Name: "minutes", Label: "Minutes until it ran there"}, ui.Field{Name: "carried_percent", Label: "How much demand did it carry?", Hint: "In percent; empty where nobody measured."}, screen.LongField("what", "What was done, and what was in the way?", "", true))}
		values := map[string]string{"for": c.For, "from": c.From, "to": c.To, "where": c.Where, "readiness": c.Ready, "capacity_percent": strconv.Itoa(c.Percent), "needed_percent": strconv.Itoa(c.Need), "recover_minutes": strconv.Itoa(c.Recover), "needs": c.Needs, "proved_every_months": itoa(c.Every), "owner": c.Owner}
		rec.Blocks = append(rec.Blocks, ui.Block{ID: "else", Title: "Otherwise", Forms: []ui.Form{form("describe", "Describe it anew", "Keep it", false, prefilled(alternateFields(), values)...), form("end", "It is none any more", "End it", true, screen.LongField("why", "Why?", "", true))}})
	}
	return r.Render(w, t.Status(), ui.Record(s.shell(w, r, rec.Title, "Organise", "Alternates"), rec))
}

func (s *site) keepAlternate(w http.ResponseWriter, r *screen.Request) error {
	v, ref := r.PostForm, r.PathValue("ref")
	do := v.Get("do")
	var err error
	switch do {
	case "prove":
		in := resilience.Proof{On: resilience.Day(v.Get("on")), Result: v.Get("result"), What: v.Get("what")}
		if err = numbers(v, map[string]*int{"minutes": &in.Minutes, "carried_percent": &in.Percent}); err == nil {
			_, err = s.cfg.Resilience.Prove(r.Context(), r.Who, ref, in)
		}
	case "describe":
		var in resilience.AlternateText
		if in, err = alternateOf(v); err == nil {
			_, err = s.cfg.Resilience.DescribeAlternate(r.Context(), r.Who, ref, in)
		}
	case "end":
		_, err = s.cfg.Resilience.EndAlternate(r.Context(), r.Who, ref, v.Get("why"))
	default:
		err = fault.New(fault.Invalid, "nothing of an alternate is called %q", do)
	}
	if err != nil {
		return wrong(r, err, func(t *screen.Typed) error { return s.showAlternate(w, r, do, t) })
	}
	return r.Done(w, "It is recorded.", "/alternates/"+ref)
}
