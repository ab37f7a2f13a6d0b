package work

import (
	"net/http"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/program/work"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

func (s *site) asked(r *screen.Request) ([]work.Asked, error) {
	v, err := s.cfg.Work.Queue(r.Context(), r.Who)
	if err != nil {
		return nil, err
	}
	return v.Asked, nil
}

// waitingList is what one waits for, as files say it.
func (s *site) waitingList() screen.List {
	type x = work.Asked
	return screen.Declare(screen.List{Name: "waiting", Title: "What I wait for", Pattern: "GET /work/waiting", Action: access.TaskRead}, screen.Whole(s.asked),
		func(a x) []string { return append([]string{a.Owner}, a.On...) },
		screen.Column[x]{Key: "what", Title: "What", Head: "=", Width: 60, Value: func(_ *screen.Cells, a x) any { return a.Ask + ": " + a.Title }},
		screen.Column[x]{Key: "kind", Title: "Kind", Head: "=", Width: 20, Value: func(_ *screen.Cells, a x) any { return work.KindOf(a.Kind).One }},
		screen.Column[x]{Key: "ref", Title: "Number", Width: 16, Value: func(_ *screen.Cells, a x) any { return a.Ref }},
		screen.Column[x]{Key: "on", Title: "Waiting on", Head: "=", Width: 40, Value: func(c *screen.Cells, a x) any { return waitsOn(&a, c.Name) }},
		screen.Column[x]{Key: "since", Title: "Since", Head: "=", Width: 20, Value: func(_ *screen.Cells, a x) any { return a.Since }},
		screen.Column[x]{Key: "due", Title: "Due before", Head: "Due", Width: 20, Value: func(_ *screen.Cells, a x) any {
			if a.Soft {
				return time.Time{}
			}
			return a.Due
		}},
		screen.Column[x]{Key: "page", Title: "Page", Width: 40, Value: func(_ *screen.Cells, a x) any { return a.Path }},
	)
}

func waitsOn(a *work.Asked, name func(string) string) string {
	if a.Waits != "" {
		return a.Waits
	}
	if len(a.On) == 0 {
		return "nobody: no account may do it"
	}
	var out []string
	for i, id := range a.On {
		if i == 3 && len(a.On) > 4 {
			out = append(out, ui.Many(len(a.On)-i, "other", "others"))
			break
		}
		out = append(out, name(id))
	}
	joined := strings.Join(out, ", ")
	if len(a.On) > 1 && a.Owner == "" {
		return "one of " + joined
	}
	return joined
}

// waiting answers: on whom do I wait, and since when?
func (s *site) waiting(w http.ResponseWriter, r *screen.Request) error {
	all, err := s.asked(r)
	if err != nil {
		return err
	}
	v := tableView{Title: "You wait for nobody", Note: "What you asked for or handed in, and what is yours but waits on somebody: longest first.",
		None: "What you ask of others stands here until they did it: approvals, reviews, tasks that you gave them, and your own tasks that you marked as waiting."}
	if n := len(all); n > 0 {
		v.Title = "You wait for " + ui.Many(n, "thing", "things")
	}
	var ids []string
	for _, a := range all {
		ids = append(ids, a.On...)
	}
	names := r.Names(ids)
	v.Table = ui.Table{Caption: "What I wait for, longest first", Columns: []ui.Column{{Text: "What"}, {Text: "Kind"}, {Text: "Waiting on"}, {Text: "Since"}, {Text: "Due"}}}
	for i := range all {
		a := &all[i]
		since, due := ui.Cell{Text: "not known", Muted: true}, ui.Cell{Text: "no day", Muted: true}
		if !a.Since.IsZero() {
			since = ui.Cell{Text: r.Words.Date(a.Since), Meta: screen.Span(r.Now.Sub(a.Since))}
		}
		if !a.Soft && !a.Due.IsZero() {
			if due = (ui.Cell{Text: r.Words.LastDay(a.Due), Bad: a.IsLate}); a.IsLate {
				due.Meta = screen.Span(r.Now.Sub(a.Due)) + " late"
			}
		}
		v.Table.Rows = append(v.Table.Rows, ui.TableRow{Head: ui.Link{Text: a.Ask + ": " + a.Title, Href: a.Path}, Cells: []ui.Cell{{Text: work.KindOf(a.Kind).One}, {Text: waitsOn(a, func(id string) string { return screen.Who(names, id) })}, since, due}})
	}
	return r.Render(w, http.StatusOK, tablePage(r.Shell(w, "What I wait for", section, "Waiting"), v))
}

// away answers: who is away, and who stands in?
func (s *site) away(w http.ResponseWriter, r *screen.Request) error {
	return s.showAway(w, r, nil)
}

func (s *site) showAway(w http.ResponseWriter, r *screen.Request, typed *screen.Typed) error {
	ctx := r.Context()
	list, err := s.cfg.Work.Absences(ctx, r.Who, r.URL.Query().Get("all") == "yes")
	if err != nil {
		return err
	}
	people, err := s.cfg.Plan.People(ctx, r.Who)
	if err != nil {
		return err
	}
	took, err := s.cfg.Work.Taken(ctx, r.Who)
	if err != nil {
		return err
	}
	var ids []string
	for _, a := range list {
		ids = append(ids, a.Person, a.Stand, a.SetBy)
	}
	for _, t := range took {
		ids = append(ids, t.Person, t.By)
	}
	names := r.Names(ids)
	v := tableView{Title: "Away and stand-ins", Note: "While somebody is away, whoever stands in sees what is theirs. A stand-in needs the role that a thing asks for, decides nothing that they wrote themselves, and reads no policy for another. All that they do is recorded as theirs, for whom.",
		None: "Nobody is away, and nobody said that they will be."}
	v.Table = ui.Table{Caption: "Absences, the soonest first", Columns: []ui.Column{{Text: "Who"}, {Text: "From"}, {Text: "To"}, {Text: "Stands in"}, {Text: "State"}}}
	today := r.Words.Now.Format(time.DateOnly)
	for _, a := range list {
		state := "to come"
		switch {
		case !a.EndedAt.IsZero():
			state = "ended on " + r.Words.Date(a.EndedAt)
		case a.To < today:
			state = "over"
		case a.From <= today:
			state = "now"
		}
		v.Table.Rows = append(v.Table.Rows, ui.TableRow{Head: ui.Link{Text: screen.Who(names, a.Person)}, Meta: a.Note, Cells: []ui.Cell{{Text: a.From}, {Text: a.To}, {Text: screen.Who(names, a.Stand)}, {Text: state}}})
		if a.EndedAt.IsZero() && a.To >= today && (a.Person == r.Who.UserID || r.May(access.TaskEdit)) {
			v.Forms = append(v.Forms, ui.Form{ID: "end-" + a.ID, Action: "/work/away/end", Summary: "End " + screen.Who(names, a.Person) + "'s absence from " + a.From, Button: "End it now", Quiet: true, Note: "From this moment nobody stands in.", Fields: []ui.Field{{Name: "id", Kind: "hidden", Value: a.ID}}})
		}
	}
	options := func(chosen string) []ui.Option {
		out := []ui.Option{{Value: "", Text: "Choose"}}
		for _, p := range people {
			out = append(out, ui.Option{Value: p.ID, Text: p.Name, Selected: p.ID == chosen})
		}
		return out
	}
	f := ui.Form{ID: "away", Action: "/work/away", Summary: "Say that somebody is away", Button: "Keep", Open: len(list) == 0}
	if r.May(access.TaskEdit) {
		f.Fields = append(f.Fields, ui.Field{Name: "person", Label: "Who is away", Kind: "select", Options: options(r.Who.UserID)})
	} else {
		f.Summary = "Say that you are away"
	}
	f.Fields = append(f.Fields, ui.Field{Name: "from", Label: "First day", Kind: "date", Must: true}, ui.Field{Name: "to", Label: "Last day", Kind: "date", Must: true},
		ui.Field{Name: "stand", Label: "Who stands in", Kind: "select", Options: options(""), Hint: "They see only what their own role may finish."},
		ui.Field{Name: "note", Label: "What they should know", Hint: "They read it above their queue."})
	typed.Fill(&f)
	v.Forms = append(v.Forms, f)
	if len(took) > 0 {
		t := &ui.Table{Caption: "What stand-ins took on, newest first", Columns: []ui.Column{{Text: "What"}, {Text: "By"}, {Text: "For"}, {Text: "When"}}}
		for _, x := range took {
			t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: itemWords(x.Item), Href: pathOf(x.Item)}, Cells: []ui.Cell{{Text: screen.Who(names, x.By)}, {Text: screen.Who(names, x.Person)}, {Moment: r.Words.At(x.At)}}})
		}
		v.Blocks = append(v.Blocks, ui.Block{ID: "took", Title: "What stand-ins took on", Table: t})
	}
	if r.May(access.PeopleRead) {
		told, err := s.cfg.Work.Escalations(ctx, r.Who)
		if err != nil {
			return err
		}
		t := &ui.Table{Caption: "Told above, newest first", Columns: []ui.Column{{Text: "What"}, {Text: "Was due"}, {Text: "Told"}, {Text: "When"}}}
		ids = nil
		for _, e := range told {
			ids = append(ids, e.To)
		}
		names = r.Names(ids)
		for _, e := range told {
			who := "whoever answers for the programme"
			if e.To != "" {
				who = screen.Who(names, e.To)
			}
			t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: itemWords(e.Item), Href: pathOf(e.Item)}, Cells: []ui.Cell{{Text: r.Words.LastDay(e.Due)}, {Text: who}, {Moment: r.Words.At(e.At)}}})
		}
		v.Blocks = append(v.Blocks, ui.Block{ID: "told", Title: "Told above, since it stayed undone", Text: []string{"What is overdue by a week is told to the owner's manager, or where none is known to whoever answers for the programme: once."}, Table: t, None: "Nothing is overdue by a week."})
	}
	return r.Render(w, typed.Status(), tablePage(r.Shell(w, "Away and stand-ins", section, "Away"), v))
}

func (s *site) setAway(w http.ResponseWriter, r *screen.Request) error {
	a, err := s.cfg.Work.Set(r.Context(), r.Who, work.Away{Person: r.PostFormValue("person"), Stand: r.PostFormValue("stand"), From: r.PostFormValue("from"), To: r.PostFormValue("to"), Note: r.PostFormValue("note")})
	if err != nil {
		typed, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showAway(w, r, typed)
	}
	return r.Done(w, screen.Who(r.Names([]string{a.Stand}), a.Stand)+" stands in from "+a.From+" to "+a.To+".", "/work/away")
}

func (s *site) endAway(w http.ResponseWriter, r *screen.Request) error {
	if _, err := s.cfg.Work.End(r.Context(), r.Who, r.PostFormValue("id")); err != nil {
		return err
	}
	return r.Done(w, "It is ended: nobody stands in any more.", "/work/away")
}
