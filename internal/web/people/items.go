package people

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/checklist"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// openItems gives the open items that an address asks for, and all of them.
func (s *site) openItems(r *screen.Request) (shown, all []checklist.Item, err error) {
	q := r.URL.Query()
	list, due := q.Get("list"), q.Get("due")
	if list != "" && listTitles[list] == "" {
		return nil, nil, fault.New(fault.Invalid, "%q is no checklist", list)
	}
	if due != "" && due != "late" {
		return nil, nil, fault.New(fault.Invalid, "%q is nothing that items are chosen by", due)
	}
	if all, err = s.cfg.People.Lists().Open(r.Context(), r.Who, ""); err != nil {
		return nil, nil, err
	}
	for _, it := range all {
		if (list == "" || it.List == list) && (due == "" || it.Late) {
			shown = append(shown, it)
		}
	}
	return shown, all, nil
}

// itemsList is the list as files say it.
func (s *site) itemsList() screen.List {
	text := func(f func(it checklist.Item) any) func(*screen.Cells, checklist.Item) any {
		return func(_ *screen.Cells, it checklist.Item) any { return f(it) }
	}
	return screen.Declare(screen.List{Name: "people-checklists", Title: "Checklists of people", Pattern: "GET /checklists", Action: access.PeopleRead}, screen.Whole(func(r *screen.Request) ([]checklist.Item, error) {
		shown, _, err := s.openItems(r)
		return shown, err
	}), nil,
		screen.Column[checklist.Item]{Key: "id", Title: "Identifier", Width: 30, Value: text(func(it checklist.Item) any { return it.ID })},
		screen.Column[checklist.Item]{Key: "item", Title: "To be done", Head: "=", Width: 40, Value: text(func(it checklist.Item) any { return it.Title })},
		screen.Column[checklist.Item]{Key: "person", Title: "Person", Head: "=", Width: 28, Value: text(func(it checklist.Item) any { return it.PersonName })},
		screen.Column[checklist.Item]{Key: "list", Title: "Checklist", Head: "=", Value: text(func(it checklist.Item) any { return listTitles[it.List] })},
		screen.Column[checklist.Item]{Key: "due", Title: "By", Head: "=", Value: text(func(it checklist.Item) any { return it.Due })},
		screen.Column[checklist.Item]{Key: "late", Title: "Late", Value: text(func(it checklist.Item) any { return it.Late })},
		screen.Column[checklist.Item]{Key: "needs", Title: "Needs", Head: "=", Width: 30, Value: text(func(it checklist.Item) any { return needs(it) })},
	)
}

func needs(it checklist.Item) string {
	return map[string]string{checklist.Background: "provider, day, class of result", checklist.Proof: "a link that shows it", checklist.Plain: "that somebody says so"}[it.Form]
}

// items answers: what is to be done for whoever comes, moves or goes?
func (s *site) items(w http.ResponseWriter, r *screen.Request) error {
	shown, all, err := s.openItems(r)
	if err != nil {
		return err
	}
	q, path := r.URL.Query(), "/checklists"
	chip := func(text, field, value string, fits func(checklist.Item) bool) ui.Chip {
		n := 0
		for _, it := range all {
			if fits(it) {
				n++
			}
		}
		return ui.Chip{Text: fmt.Sprintf("%s %d", text, n), Href: screen.With(q, path, field, value, "after", ""), Current: q.Get(field) == value}
	}
	any := func(checklist.Item) bool { return true }
	lists := []ui.Chip{chip("All", "list", "", any)}
	for _, l := range []string{checklist.Joiner, checklist.Mover, checklist.Leaver} {
		lists = append(lists, chip(listTitles[l], "list", l, func(it checklist.Item) bool { return it.List == l }))
	}
	late := chip("Late", "due", "late", func(it checklist.Item) bool { return it.Late })
	n := 0
	for _, it := range all {
		if it.Late {
			n++
		}
	}
	v := ui.ListView{Crumbs: []ui.Link{{Text: "People", Href: base}, {Text: "Checklists"}}, Title: ui.Many(len(all), "thing is", "things are") + " to be done for joiners, movers and leavers", Note: "Lists begin by themselves when somebody comes, changes team or title, or goes. What stands on them depends on kind and title.",
		Labels: []string{"Checklist", "Due"}, Chips: [][]ui.Chip{lists, {chip("Whenever due", "due", "", any), late}}, Undo: path, None: "Nothing matches."}
	if n > 0 {
		v.Title += fmt.Sprintf("; %d late", n)
	}
	if len(all) == 0 {
		v.Title = "Nothing is to be done for joiners, movers and leavers"
		v.Empty = &ui.Empty{Title: "No checklist is open", Text: "When a source says somebody new, somebody in another team, or somebody no more, their list begins here by itself: background check, agreement, device, access, training; and at the end the return and the removal of all that.",
			Criteria: []ui.Link{{Text: "CC1.4", Href: "/criteria/CC1.4"}, {Text: "CC6.2", Href: "/criteria/CC6.2"}}, Actions: []ui.Link{{Text: "People", Href: base}}}
	}
	v.Table = ui.Table{Caption: "Open items, the soonest due first", Columns: []ui.Column{{Text: "To be done"}, {Text: "Person"}, {Text: "Checklist"}, {Text: "By"}, {Text: "Needs"}}}
	rows, next := shown, ""
	if after := q.Get("after"); after != "" {
		rows = rows[slices.IndexFunc(rows, func(it checklist.Item) bool { return it.ID == after })+1:]
	}
	if len(rows) > screen.PageSize {
		rows, next = rows[:screen.PageSize], rows[screen.PageSize-1].ID
	}
	for _, it := range rows {
		due := ui.Cell{Text: r.Words.LastDay(it.Due), Bad: it.Late}
		if it.Late {
			due.Meta = screen.Span(r.Now.Sub(it.Due)) + " late"
		}
		v.Table.Rows = append(v.Table.Rows, ui.TableRow{Head: ui.Link{Text: it.Title, Href: path + "/" + it.ID}, Cells: []ui.Cell{{Links: []ui.Link{{Text: it.PersonName, Href: base + "/" + it.Person}}}, {Text: listTitles[it.List]}, due, {Text: needs(it), Muted: true}}})
	}
	v.Table.Pager = screen.Pager(len(rows), int64(len(shown)), q, path, next)
	return r.Render(w, http.StatusOK, ui.List(r.Shell(w, "Checklists", "Organise", "People"), v))
}

// item is one thing to be done, with what can be said of it.
func (s *site) item(w http.ResponseWriter, r *screen.Request) error {
	return s.showItem(w, r, "", nil)
}

func (s *site) showItem(w http.ResponseWriter, r *screen.Request, which string, t *screen.Typed) error {
	it, err := s.cfg.People.Lists().Get(r.Context(), r.Who, r.PathValue("item"))
	if err != nil {
		return err
	}
	names := r.Names([]string{it.DoneBy})
	state := itemState(it)
	rec := ui.RecordView{Crumbs: []ui.Link{{Text: "People", Href: base}, {Text: it.PersonName, Href: base + "/" + it.Person}, {Text: it.Title}}, Title: it.Title, State: state.Text, Line: []string{it.PersonName, listTitles[it.List]}, FactsOf: "This item"}
	if it.Late {
		rec.Bad = screen.Span(r.Now.Sub(it.Due)) + " late"
	}
	rec.Facts = []ui.Fact{{Term: "For", Links: []ui.Link{{Text: it.PersonName, Href: base + "/" + it.Person}}}, {Term: "By", Text: r.Words.LastDay(it.Due)}, {Term: "Needs", Text: needs(it)}}
	for _, f := range []ui.Fact{{Term: "Done on", Text: it.Day}, {Term: "Provider", Text: it.Provider}, {Term: "Class of result", Text: resultWords(it.Result)}, {Term: "Note", Text: it.Reason}, {Term: "Shown by", Links: shown(it.Link)}, {Term: "Said by", Text: screen.Who(names, it.DoneBy)}} {
		if f.Text != "" || len(f.Links) > 0 {
			rec.Facts = append(rec.Facts, f)
		}
	}
	b := ui.Block{ID: "what", Title: "What it is", Text: []string{it.What}}
	if r.May(access.PeopleEdit) && it.State != checklist.Dropped {
		missing, err := s.cfg.People.Lists().Missing(r.Context(), &it)
		if err != nil {
			return err
		}
		if missing != "" {
			rec.Facts = append(rec.Facts, ui.Fact{Term: "Closed by", Text: "what is recorded here, by itself"}, ui.Fact{Term: "Missing", Text: missing})
		}
		for _, f := range itemForms(it) {
			if missing != "" && f.ID == checklist.Done {
				continue
			}
			if it.Own(r.Who) {
				alone, err := s.cfg.Alone(r.Context(), r.Who, access.PeopleEdit)
				if err != nil {
					return err
				}
				if !alone {
					rec.Notice = "This concerns you: somebody else says that it is done."
					break
				}
				f.Fields = append(f.Fields, ui.Field{Name: "compensation", Label: "What stands in for a second person?", Hint: "It concerns you, and nobody else here could do this."})
			}
			if f.ID == which {
				t.Fill(&f)
			}
			b.Forms = append(b.Forms, f)
		}
	}
	rec.Blocks = []ui.Block{b}
	return r.Render(w, t.Status(), ui.Record(r.Shell(w, it.Title, "Organise", "People"), rec))
}

func resultWords(class string) string {
	return map[string]string{"clear": "clear", "considered": "something was found, and considered", "not_clear": "not clear"}[class]
}

func itemForms(it checklist.Item) []ui.Form {
	to := "/checklists/" + it.ID + "/"
	day := ui.Field{Name: "day", Label: "Done on", Hint: "Empty: today.", Kind: "date"}
	done := ui.Form{ID: checklist.Done, Action: to + checklist.Done, Button: "Record that it is done", Fields: []ui.Field{day}}
	switch it.Form {
	case checklist.Background:
		classes := ui.Field{Name: "result", Label: "Class of the result", Hint: "What was found stays with the provider.", Kind: "select", Options: []ui.Option{{Text: "Choose one"}}}
		for _, c := range checklist.Results() {
			classes.Options = append(classes.Options, ui.Option{Value: c, Text: screen.Capital(resultWords(c))})
		}
		done.Fields = []ui.Field{{Name: "provider", Label: "Who made the check", Must: true}, day, classes}
	case checklist.Proof:
		done.Fields = append(done.Fields, ui.Field{Name: "link", Label: "What shows it", Hint: "E-12 for evidence that is here, or an address: https://…", Must: true})
	default:
		done.Fields = append(done.Fields, ui.Field{Name: "link", Label: "What shows it", Hint: "Where something does."})
	}
	done.Fields = append(done.Fields, ui.Field{Name: "reason", Label: "Note"})
	not := ui.Form{ID: checklist.Not, Action: to + checklist.Not, Summary: "It is not applicable", Quiet: true, Button: "Record that it is not applicable", Fields: []ui.Field{{Name: "reason", Label: "Why not", Hint: "So that an auditor understands; for example which law does not allow it there.", Kind: "long", Must: true}}}
	open := ui.Form{ID: checklist.Open, Action: to + checklist.Open, Summary: "It is open again", Quiet: true, Button: "Open it again", Fields: []ui.Field{{Name: "reason", Label: "Why", Kind: "long", Must: true}}}
	switch it.State {
	case checklist.Done:
		return []ui.Form{open}
	case checklist.Not:
		done.Summary = "It is done after all"
		return []ui.Form{done, open}
	}
	return []ui.Form{done, not}
}

func (s *site) doItem(w http.ResponseWriter, r *screen.Request) error {
	v, state := r.PostForm, r.PathValue("verb")
	if !slices.Contains([]string{checklist.Done, checklist.Not, checklist.Open}, state) {
		return fault.New(fault.NotFound, "nothing of an item is called %q", state)
	}
	it, err := s.cfg.People.Lists().Do(r.Context(), r.Who, r.PathValue("item"), checklist.Doing{State: state, Reason: v.Get("reason"), Provider: v.Get("provider"), Day: v.Get("day"), Result: v.Get("result"), Link: v.Get("link"), Compensation: v.Get("compensation")})
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showItem(w, r, state, t)
	}
	return r.Done(w, it.Title+": "+itemState(it).Text+".", base+"/"+it.Person)
}
