// Package batches is the screens of acts on many lines of a list at once: what is
// asked before them, their preview, what became of each line, and their undoing.
// Rules are those of internal/operations/bulk; lines are chosen on the lists of
// internal/web.
package batches

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/operations/bulk"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// Config is what the screens depend on.
type Config struct {
	Bulk   *bulk.Service
	Access *access.Service
}

type site struct{ cfg Config }

// New gives the area.
func New(cfg Config) screen.Area {
	s := &site{cfg}
	return screen.Area{Routes: []screen.Route{
		{Pattern: "GET /bulk", Action: access.BulkRead, Handle: s.list},
		{Pattern: "GET /bulk/{id}", Action: access.BulkRead, Handle: s.show},
		{Pattern: "POST /bulk/{id}/preview", Action: access.BulkAct, Handle: s.preview},
		{Pattern: "POST /bulk/{id}/apply", Action: access.BulkAct, Handle: s.apply},
		{Pattern: "POST /bulk/{id}/undo", Action: access.BulkAct, Handle: s.undo},
	}, Doings: []screen.Doing{{Name: "See what was done to many at once", Path: "/bulk", Action: access.BulkRead}}}
}

// places are the lists, with the words for their lines and how to open one.
var places = map[string]struct {
	one, more, title, path, section string
	open                            func(bulk.Line) string
}{
	"findings":            {"finding", "findings", "Findings", "/findings", "Operate", func(l bulk.Line) string { return "/findings/" + l.Name }},
	"hosts":               {"host", "hosts", "Hosts", "/hosts", "Operate", func(l bulk.Line) string { return "/hosts/" + l.Item }},
	"waivers":             {"waiver", "waivers", "Waivers", "/waivers", "Operate", func(l bulk.Line) string { return "/waivers/" + l.Name }},
	"access-review-items": {"item", "items", "Access reviews", "/access-reviews/items", "Organise", func(l bulk.Line) string { return "/access-reviews/items/" + l.Name }},
	"components":          {"component", "components", "Components", "/components", "Operate", func(l bulk.Line) string { return "/components/" + l.Item }},
	"integrity":           {"group of changes", "groups of changes", "File integrity", "/integrity", "Operate", func(l bulk.Line) string { return "/integrity/" + l.Name }},
	"baselines":           {"snapshot", "snapshots", "Baselines", "/baselines/all", "Operate", func(l bulk.Line) string { return "/baselines/" + l.Name }},
	"users":               {"user", "users", "Users", "/settings/users", "Settings", func(l bulk.Line) string { return "/settings/users/" + l.Item }},
}

// list answers: what was done to many at once, by whom, and can it be undone?
func (s *site) list(w http.ResponseWriter, r *screen.Request) error {
	all, err := s.cfg.Bulk.Recent(r.Context(), r.Who, screen.PageSize)
	if err != nil {
		return err
	}
	v := ui.ListView{Title: "What was done to many at once", Note: fmt.Sprintf("The newest %d, of what you may do yourself. Each line has its own entry in the ledger.", screen.PageSize),
		Table: ui.Table{Caption: "Acts on many lines, newest first", Columns: []ui.Column{{Text: "What"}, {Text: "When"}, {Text: "By"}, {Text: "Done", N: true}, {Text: "Left alone", N: true}, {Text: "Undo"}}}}
	if len(all) == 0 {
		v.Title = "Nothing was done to many at once yet"
		v.Empty = &ui.Empty{Title: "Mark lines of a list, and choose what to do with them", Text: "A preview says what will change for each, and what cannot be changed and why. Nothing is changed before you have seen it, and most of it can be undone for a day.",
			Until: "Until then each is done on its own page.", Actions: []ui.Link{{Text: "See the findings", Href: "/findings"}, {Text: "See the hosts", Href: "/hosts"}}}
	}
	var people []string
	for _, b := range all {
		people = append(people, b.By)
	}
	names := r.Names(people)
	for _, b := range all {
		k, err := s.cfg.Bulk.Kind(b.Kind)
		if err != nil {
			return err
		}
		row := ui.TableRow{Head: ui.Link{Text: places[k.List].title + ": " + strings.ToLower(k.Title), Href: "/bulk/" + b.ID}}
		if b.Undoes != "" {
			row.Tag = "undoes another"
		}
		state := ui.Cell{Text: "cannot be undone", Muted: true}
		switch {
		case b.Undoes != "":
			state = ui.Cell{}
		case b.State == bulk.Applying:
			state = ui.Cell{Text: "broke off", Bad: true}
		case b.UndoneBy != "":
			state = ui.Cell{Text: "undone"}
		case !b.UndoUntil.IsZero():
			state = ui.Cell{Text: "until " + r.Words.At(b.UndoUntil).Text}
		}
		row.Cells = []ui.Cell{{Moment: r.Words.At(b.BegunAt)}, {Text: screen.Who(names, b.By)}, {Text: ui.Number(b.Counts.Done), N: true}, {Text: ui.Number(b.Counts.Changed + b.Counts.Refused + b.Counts.Cannot), N: true}, state}
		v.Table.Rows = append(v.Table.Rows, row)
	}
	return r.Render(w, http.StatusOK, ui.List(r.Shell(w, v.Title, "Operate", ""), v))
}

func (s *site) show(w http.ResponseWriter, r *screen.Request) error { return s.page(w, r, nil) }

// page shows a batch as far as it is.
func (s *site) page(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	b, err := s.cfg.Bulk.Get(r.Context(), r.Who, r.PathValue("id"))
	if err != nil {
		return err
	}
	k, err := s.cfg.Bulk.Kind(b.Kind)
	if err != nil {
		return err
	}
	p := places[k.List]
	from := screen.OrElse(b.Address, p.path)
	crumbs := []ui.Link{{Text: p.title, Href: from}, {Text: k.Title}}
	sh := r.Shell(w, k.Title, p.section, p.title)
	many := func(n int64) string { return ui.Many(n, p.one, p.more) }
	if b.State == bulk.Chosen {
		f, err := s.questions(r, k, b, t)
		if err != nil {
			return err
		}
		return r.Render(w, t.Status(), ui.FormPage(sh, ui.FormView{Crumbs: crumbs, Title: k.Title, Note: many(b.Counts.Will) + " chosen. The next page says what becomes of each; nothing is changed before you have seen that.", Form: f,
			Side: []ui.Block{{ID: "chosen", Title: "Go back", Links: []ui.Link{{Text: "To the list, as it was", Href: from}}}}}))
	}
	v := ui.RecordView{Crumbs: crumbs, FactsOf: "This act", Line: []string{k.Title}, Zone: "times in " + r.Words.Zone.String()}
	people := []string{b.By, b.Params["owner"]}
	for _, l := range b.Lines {
		for _, c := range l.Changes {
			people = append(people, c.From, c.To)
		}
	}
	names := r.Names(slices.DeleteFunc(people, func(id string) bool { return !strings.HasPrefix(id, "usr_") }))
	switch b.State {
	case bulk.Previewed:
		v.Title = "Nothing of this can be changed"
		if b.Counts.Will > 0 {
			v.Title = fmt.Sprintf("%s will change", many(b.Counts.Will))
			v.Action = ui.Form{ID: "apply", Action: "/bulk/" + b.ID + "/apply", Button: fmt.Sprintf("%s: %s", k.Button, many(b.Counts.Will)), Note: strings.TrimSpace(k.Note + " " + undoWords(k)),
				Fields: []ui.Field{{Name: "seen", Kind: "hidden", Value: b.Seen}}}
		}
		v.Line = append(v.Line, "preview: nothing is changed yet")
		if b.Counts.Cannot > 0 {
			v.Line = append(v.Line, many(b.Counts.Cannot)+" stay as they are")
			if b.Counts.Cannot == 1 {
				v.Line[2] = "1 " + p.one + " stays as it is"
			}
		}
		v.Blocks = append(v.Blocks, table("will", "What will change", b, p.open, names, bulk.Will), reasons("cannot", "What cannot be changed", b, p.open, bulk.Cannot))
		if len(k.Asks) > 0 {
			f, err := s.questions(r, k, b, t)
			if err != nil {
				return err
			}
			f.ID, f.Summary, f.Quiet = "again", "Change what you said", true
			title := "What you said"
			if len(b.Params) == 0 {
				title, f.Summary = "A word with it", "Add a note"
			}
			v.SideMore = append(v.SideMore, ui.Block{ID: "asks", Title: title, Facts: answers(k, b, names), Forms: []ui.Form{f}})
		}
		v.Facts = []ui.Fact{{Term: "Chosen", Text: many(int64(len(b.Lines)))}, {Term: "Holds until", Text: r.Words.At(b.PreviewedAt.Add(bulk.PreviewFor)).Text}}
	default:
		v.Title = fmt.Sprintf("%s changed", many(b.Counts.Done))
		if b.Undoes != "" {
			v.Title = fmt.Sprintf("%s as before again", many(b.Counts.Done))
			v.Links = append(v.Links, ui.Link{Text: "What was undone", Href: "/bulk/" + b.Undoes})
		}
		if b.State == bulk.Applying {
			v.Notice, v.Warn = fmt.Sprintf("It broke off: %s of %s are not done yet. What is done stays done.", ui.Number(b.Counts.Will), many(int64(len(b.Lines)))), true
			if b.By == r.Who.UserID {
				v.Action = ui.Form{ID: "apply", Action: "/bulk/" + b.ID + "/apply", Button: "Go on", Fields: []ui.Field{{Name: "seen", Kind: "hidden", Value: b.Seen}}}
			}
		}
		if b.UndoneBy != "" {
			v.Notice = "This was undone."
			v.Links = append(v.Links, ui.Link{Text: "How it was undone", Href: "/bulk/" + b.UndoneBy})
		}
		if !b.UndoUntil.IsZero() {
			v.Action = ui.Form{ID: "undo", Action: "/bulk/" + b.ID + "/undo", Button: "Undo", Quiet: true,
				Note: fmt.Sprintf("Until %s this can be undone: then %s. What somebody changed since is left alone. Undoing is recorded too.", r.Words.At(b.UndoUntil).Text, k.Undo)}
		}
		for _, n := range []struct {
			n    int64
			text string
		}{{b.Counts.Changed, "left alone, because somebody changed it meanwhile"}, {b.Counts.Refused, "refused"}, {b.Counts.Cannot, "left out, as the preview said"}} {
			if n.n > 0 {
				v.Line = append(v.Line, ui.Number(n.n)+" "+n.text)
			}
		}
		v.Blocks = append(v.Blocks, reasons("left", "What was left alone", b, p.open, bulk.Changed, bulk.Refused, bulk.Cannot), table("done", "What was changed", b, p.open, names, bulk.WasDone), table("will", "Not done yet", b, p.open, names, bulk.Will))
		v.Facts = append(answers(k, b, names), ui.Fact{Term: "By", Text: screen.Who(names, b.By)}, ui.Fact{Term: "Begun", Text: r.Words.Full(b.BegunAt)})
		if b.State == bulk.Done {
			v.Facts = append(v.Facts, ui.Fact{Term: "Ended", Text: r.Words.Full(b.EndedAt)})
		}
	}
	v.Facts = append(v.Facts, ui.Fact{Term: "Id", Text: b.ID, Mono: true})
	v.Links = append(v.Links, ui.Link{Text: "Back to the list", Href: from})
	v.Blocks = slices.DeleteFunc(v.Blocks, func(x ui.Block) bool { return x.Table == nil })
	return r.Render(w, t.Status(), ui.Record(sh, v))
}

func undoWords(k bulk.Kind) string {
	if k.Undo == "" {
		return ""
	}
	return fmt.Sprintf("It can be undone for %d hours: then %s.", int(bulk.UndoFor.Hours()), k.Undo)
}

// table shows lines in a state, a column for each property that changes.
func table(id, title string, b bulk.Batch, open func(bulk.Line) string, names map[string]string, state bulk.LineState) ui.Block {
	t := ui.Table{Caption: title, Columns: []ui.Column{{Text: "Which"}}}
	var whats []string
	for _, l := range b.Lines {
		for _, c := range l.Changes {
			if l.State == state && !slices.Contains(whats, c.What) {
				whats = append(whats, c.What)
				t.Columns = append(t.Columns, ui.Column{Text: c.What})
			}
		}
	}
	if state == bulk.WasDone {
		t.Columns = append(t.Columns, ui.Column{Text: "Ledger"})
	}
	for _, l := range b.Lines {
		if l.State != state {
			continue
		}
		row := ui.TableRow{Head: ui.Link{Text: l.Name, Href: open(l)}, Meta: l.About}
		for _, what := range whats {
			cell := ui.Cell{Text: "as it is", Muted: true}
			for _, c := range l.Changes {
				if c.What == what {
					cell = ui.Cell{Text: word(names, c.From) + " → " + word(names, c.To)}
				}
			}
			row.Cells = append(row.Cells, cell)
		}
		if state == bulk.WasDone {
			row.Cells = append(row.Cells, ui.Cell{Links: []ui.Link{{Text: "entry", Href: "/ledger/" + l.Entry}}})
		}
		t.Rows = append(t.Rows, row)
	}
	if len(t.Rows) == 0 {
		return ui.Block{}
	}
	return ui.Block{ID: id, Title: title, Meta: ui.Number(len(t.Rows)), Table: &t}
}

// reasons shows lines that stay as they are, with why.
func reasons(id, title string, b bulk.Batch, open func(bulk.Line) string, states ...bulk.LineState) ui.Block {
	t := ui.Table{Caption: title, Columns: []ui.Column{{Text: "Which"}, {Text: "Why"}}}
	for _, state := range states {
		for _, l := range b.Lines {
			if l.State == state {
				t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: l.Name, Href: open(l)}, Meta: l.About, Cells: []ui.Cell{{Text: screen.Sentence(l.Why)}}})
			}
		}
	}
	if len(t.Rows) == 0 {
		return ui.Block{}
	}
	return ui.Block{ID: id, Title: title, Meta: ui.Number(len(t.Rows)), Table: &t}
}

// word says a value: a person by name, a role as it is called.
func word(names map[string]string, v string) string {
	if v == "" {
		return "none"
	}
	if r, err := access.ParseRole(v); err == nil {
		return r.Title()
	}
	return screen.Who(names, v)
}

func answers(k bulk.Kind, b bulk.Batch, names map[string]string) []ui.Fact {
	var facts []ui.Fact
	for _, a := range k.Asks {
		if v := b.Params[a.Name]; v != "" {
			facts = append(facts, ui.Fact{Term: a.Label, Text: word(names, v)})
		}
	}
	return facts
}

// questions are what a kind asks, with what was said so far.
func (s *site) questions(r *screen.Request, k bulk.Kind, b bulk.Batch, t *screen.Typed) (ui.Form, error) {
	f := ui.Form{ID: "ask", Action: "/bulk/" + b.ID + "/preview", Button: "Preview"}
	for _, a := range k.Asks {
		x := ui.Field{Name: a.Name, Label: a.Label, Hint: a.Hint, Kind: a.Type, Must: a.Must, Value: b.Params[a.Name]}
		switch a.Type {
		case "owner":
			x.Kind = "select"
			able, err := s.cfg.Access.Able(r.Context(), access.FindingAcknowledge)
			if err != nil {
				return f, err
			}
			x.Options = []ui.Option{{Text: "nobody", Selected: x.Value == ""}}
			for _, u := range able {
				x.Options = append(x.Options, ui.Option{Value: u.ID, Text: u.Name, Selected: u.ID == x.Value})
			}
		case "reviewer":
			x.Kind = "select"
			able, err := s.cfg.Access.Able(r.Context(), access.ReviewDecide)
			if err != nil {
				return f, err
			}
			x.Options = []ui.Option{{Text: "choose one", Selected: x.Value == ""}}
			for _, u := range able {
				x.Options = append(x.Options, ui.Option{Value: u.ID, Text: u.Name, Selected: u.ID == x.Value})
			}
		case "role":
			x.Kind = "select"
			x.Options = []ui.Option{{Text: "choose one", Selected: x.Value == ""}}
			for _, role := range access.Roles() {
				x.Options = append(x.Options, ui.Option{Value: string(role), Text: role.Title(), Selected: string(role) == x.Value})
			}
		}
		f.Fields = append(f.Fields, x)
	}
	t.Fill(&f)
	return f, nil
}

func (s *site) preview(w http.ResponseWriter, r *screen.Request) error {
	id := r.PathValue("id")
	if _, err := s.cfg.Bulk.Preview(r.Context(), r.Who, id, said(r.PostForm)); err != nil {
		t, err := r.WrongForm(err)
		if err != nil || t.Field == "" {
			return s.anew(w, r, t, err)
		}
		return s.page(w, r, t)
	}
	http.Redirect(w, r.Request, "/bulk/"+id, http.StatusSeeOther)
	return nil
}

// anew gives back an error that no field of the page shows.
func (s *site) anew(w http.ResponseWriter, r *screen.Request, t *screen.Typed, err error) error {
	if err != nil {
		return err
	}
	return r.Done(w, t.Problem, "/bulk/"+r.PathValue("id"))
}

// said is what a form says.
func said(form url.Values) map[string]string {
	all := map[string]string{}
	for name := range form {
		all[name] = form.Get(name)
	}
	return all
}

func (s *site) apply(w http.ResponseWriter, r *screen.Request) error {
	id := r.PathValue("id")
	if _, err := s.cfg.Bulk.Apply(r.Context(), r.Who, id, r.PostFormValue("seen")); err != nil {
		t, err := r.WrongForm(err)
		return s.anew(w, r, t, err)
	}
	http.Redirect(w, r.Request, "/bulk/"+id, http.StatusSeeOther)
	return nil
}

func (s *site) undo(w http.ResponseWriter, r *screen.Request) error {
	b, err := s.cfg.Bulk.Undo(r.Context(), r.Who, r.PathValue("id"))
	if err != nil {
		t, err := r.WrongForm(err)
		return s.anew(w, r, t, err)
	}
	http.Redirect(w, r.Request, "/bulk/"+b.ID, http.StatusSeeOther)
	return nil
}
