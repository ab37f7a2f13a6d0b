package people

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/program/checklist"
	"github.com/attesta/attesta/internal/program/people"
	"github.com/attesta/attesta/internal/program/roster"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// page is somebody's page while it is made.
type page struct {
	*site
	r     *screen.Request
	d     *people.Detail
	names map[string]string // of users
	from  map[string]string // of sources, by id
	which string            // the form that was wrong
	typed *screen.Typed     // and what was typed there
	err   error
}

// person answers: who is this, what is to be done, and can they still come in?
func (s *site) person(w http.ResponseWriter, r *screen.Request) error {
	return s.showPerson(w, r, "", nil)
}

func (s *site) showPerson(w http.ResponseWriter, r *screen.Request, which string, t *screen.Typed) error {
	d, err := s.cfg.People.Get(r.Context(), r.Who, r.PathValue("id"))
	if err != nil {
		return err
	}
	p := &page{site: s, r: r, d: d, which: which, typed: t, from: map[string]string{}}
	all, err := s.cfg.People.Sources(r.Context(), r.Who)
	if err != nil {
		return err
	}
	for _, x := range all {
		p.from[x.ID] = x.Name
	}
	for _, v := range d.Voices {
		p.from[v.Source] = v.SourceName // removed ones too
	}
	var users []string
	for _, e := range d.Events {
		users = append(users, e.By)
	}
	for _, it := range d.Items {
		users = append(users, it.DoneBy)
	}
	p.names = r.Names(users)
	rec := ui.RecordView{Crumbs: []ui.Link{{Text: "People", Href: base}, {Text: d.Name}}, Title: d.Name, State: stateWords(d.State), Line: []string{dash(d.Title, d.Team), kindWords(d.Kind)},
		FactsOf: "Who they are", Facts: p.facts(), Figures: p.figures(), History: p.history(), Zone: "times in " + r.Words.Zone.String(), Notice: p.next()}
	rec.Line = slices.DeleteFunc(rec.Line, func(x string) bool { return x == "" })
	if d.State == people.Left {
		rec.Outcome = accessOutcome(d.Access.Word)
	}
	if d.Access.Word == "present" {
		rec.Bad = d.Access.Reason
	}
	if r.May(access.PeopleEdit) && d.State != people.Merged {
		rec.Links = []ui.Link{{Text: "Write anew", Href: base + "/" + d.ID + "/edit"}}
	}
	rec.Blocks = append(rec.Blocks, p.lists()...)
	rec.Blocks = append(rec.Blocks, p.accounts(), p.records())
	if len(d.Reports) > 0 {
		rec.Blocks = append(rec.Blocks, p.reports())
	}
	rec.Blocks = append(rec.Blocks, p.voices())
	if p.err != nil {
		return p.err
	}
	return r.Render(w, t.Status(), ui.Record(r.Shell(w, d.Name, "Organise", "People"), rec))
}

// form puts what was typed into a form, if it is the one that was wrong.
func (p *page) form(f ui.Form) ui.Form {
	if !p.r.May(access.PeopleEdit) || p.d.State == people.Merged {
		return ui.Form{}
	}
	if f.ID == p.which {
		p.typed.Fill(&f)
	}
	return f
}

func (p *page) next() string {
	switch d := p.d; d.State {
	case people.Merged:
		return "This entry is " + screen.OrElse(d.MergedName, "somebody else") + " in the register: what was said of it and done for it stands there."
	case people.Planned:
		return "Their first day is " + d.Start + ". What is to be done before stands below."
	case people.Leaving:
		return "Their last day is " + d.End + ". Their login here ends with it; their other accounts are looked for from then on."
	case people.Left:
		if d.Access.Word == "present" || d.Access.Word == "not_observed" {
			return fmt.Sprintf("Access was to be gone within %d hours, by %s. An account counts as gone when the system itself says so.", d.Grace, p.r.Words.At(d.Deadline()).Text)
		}
	}
	return ""
}

func (p *page) facts() []ui.Fact {
	d := p.d
	var out []ui.Fact
	said := map[string]bool{} // by which sources
	for _, src := range d.From {
		said[src] = true
	}
	add := func(term, field, text string) {
		if text == "" {
			return
		}
		f := ui.Fact{Term: term, Text: text}
		if name := p.from[d.From[field]]; name != "" && len(said) > 1 {
			f.Text += " (" + name + ")"
		}
		out = append(out, f)
	}
	add("Address", "mail", d.Mail)
	add("Personnel number", "number", d.Number)
	add("Accounts are called", "logins", strings.Join(d.Logins, ", "))
	if d.Manager != "" {
		out = append(out, ui.Fact{Term: "Manager", Links: []ui.Link{{Text: screen.OrElse(d.ManagerName, d.Manager), Href: base + "/" + d.Manager}}})
	} else {
		out = append(out, ui.Fact{Term: "Manager", Text: "nobody is named", Muted: true})
	}
	add("Team", "team", d.Team)
	add("Title", "title", d.Title)
	add("Location", "location", d.Location)
	add("First day", "start", d.Start)
	add("Last day", "end", d.End)
	if !d.LeftAt.IsZero() {
		out = append(out, ui.Fact{Term: "Left", Text: p.r.Words.At(d.LeftAt).Text})
	}
	if d.UserID != "" {
		l := ui.Fact{Term: "Login in Attesta", Text: screen.Who(p.r.Names([]string{d.UserID}), d.UserID)}
		if p.r.May(access.UserRead) {
			l = ui.Fact{Term: l.Term, Links: []ui.Link{{Text: l.Text, Href: "/settings/users/" + d.UserID}}}
		}
		out = append(out, l)
	}
	if d.Merged != "" {
		out = append(out, ui.Fact{Term: "Is", Links: []ui.Link{{Text: screen.OrElse(d.MergedName, d.Merged), Href: base + "/" + d.Merged}}})
	}
	if len(said) == 1 {
		for src := range said {
			out = append(out, ui.Fact{Term: "As says", Links: []ui.Link{{Text: screen.OrElse(p.from[src], src), Href: settings + "/" + src}}})
		}
	}
	return append(out, ui.Fact{Term: "Identifier", Text: d.ID, Mono: true})
}

func (p *page) figures() []ui.Figure {
	open, late, there := 0, 0, 0
	for _, it := range p.d.Items {
		if it.State == checklist.Open {
			open++
		}
		if it.Late {
			late++
		}
	}
	for _, a := range p.d.Accounts {
		if a.Says == people.Theirs && a.State == people.Present {
			there++
		}
	}
	out := []ui.Figure{{Term: "To do", Value: ui.Number(open), Bad: late > 0, Note: map[bool]string{true: ui.Number(late) + " late"}[late > 0]},
		{Term: "Accounts that let them in", Value: ui.Number(there), Bad: there > 0 && p.d.State == people.Left}}
	if a := p.d.Access; p.d.State == people.Left {
		f := ui.Figure{Term: "Access", Value: accessWords(a.Word), Bad: a.Word == "present"}
		if a.Word == "removed" {
			f.Note = ui.Many(a.Hours, "hour", "hours") + fmt.Sprintf(" after leaving, of %d", p.d.Grace)
			f.Bad = a.Hours > p.d.Grace
		}
		out = append(out, f)
	}
	if len(p.d.Reports) > 0 {
		out = append(out, ui.Figure{Term: "People below", Value: ui.Number(len(p.d.Reports)), Href: base + "?manager=" + p.d.ID})
	}
	return out
}

// listTitles are what the lists are called.
var listTitles = map[string]string{checklist.Joiner: "Joining", checklist.Mover: "Moving", checklist.Leaver: "Leaving"}

func itemState(it checklist.Item) ui.Cell {
	switch it.State {
	case checklist.Done:
		return ui.Cell{Text: "done", Meta: dash(it.Day, strings.ReplaceAll(it.Result, "_", " "), it.Provider)}
	case checklist.Not:
		return ui.Cell{Text: "not applicable", Meta: it.Reason}
	case checklist.Dropped:
		return ui.Cell{Text: "no longer needed", Muted: true}
	}
	return ui.Cell{Text: map[bool]string{true: "late", false: "open"}[it.Late], Bad: it.Late, Meta: it.Reason}
}

// shown gives a link to what shows that something was done.
func shown(link string) []ui.Link {
	switch {
	case link == "":
		return nil
	case strings.HasPrefix(link, "E-"):
		return []ui.Link{{Text: link, Href: "/evidence/" + link}}
	}
	return []ui.Link{{Text: cut(link, 40), Href: link}}
}

func cut(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return strings.TrimSpace(string(r[:n])) + "…"
}

// lists gives a block for each checklist, the newest first.
func (p *page) lists() []ui.Block {
	type key struct {
		list string
		run  int
	}
	var order []key
	by := map[key][]checklist.Item{}
	for _, it := range p.d.Items {
		k := key{it.List, it.Run}
		if by[k] == nil {
			order = append(order, k)
		}
		by[k] = append(by[k], it)
	}
	newest := func(k key) time.Time {
		return slices.MaxFunc(by[k], func(a, b checklist.Item) int { return a.Due.Compare(b.Due) }).Due
	}
	slices.SortStableFunc(order, func(a, b key) int { return newest(b).Compare(newest(a)) })
	if len(order) == 0 {
		return []ui.Block{{ID: "lists", Title: "Checklists", Text: []string{"None was begun: they were here before the register was, and have not moved or left since."}}}
	}
	var out []ui.Block
	for _, k := range order {
		t := ui.Table{Caption: listTitles[k.list], Columns: []ui.Column{{Text: "To be done"}, {Text: "By"}, {Text: "State"}, {Text: "Shown by"}}}
		ticks := ui.Field{Name: "item", Label: "Done", Kind: "many"}
		open := 0
		for _, it := range by[k] {
			t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: it.Title, Href: "/checklists/" + it.ID}, Meta: cut(it.What, 140),
				Cells: []ui.Cell{{Text: p.r.Words.LastDay(it.Due)}, itemState(it), {Links: shown(it.Link), Meta: opt("by ", screen.Who(p.names, it.DoneBy))}}})
			if it.State == checklist.Open {
				open++
				if it.Form == checklist.Plain {
					ticks.Options = append(ticks.Options, ui.Option{Value: it.ID, Text: it.Title})
				}
			}
		}
		b := ui.Block{ID: fmt.Sprintf("%s-%d", k.list, k.run), Title: listTitles[k.list], Meta: map[bool]string{true: fmt.Sprintf("%d of %d open", open, len(t.Rows)), false: "nothing is open"}[open > 0], Table: &t}
		if k.run > 1 {
			b.Title += fmt.Sprintf(" (%d)", k.run)
		}
		if len(ticks.Options) > 0 {
			b.Forms = []ui.Form{p.form(ui.Form{ID: fmt.Sprintf("done-%s-%d", k.list, k.run), Action: base + "/" + p.d.ID + "/done", Summary: "Several are done", Quiet: true, Button: "Record that they are done",
				Note:   "What needs a link or a class of result is done on its own page.",
				Fields: []ui.Field{{Name: "form", Kind: "hidden", Value: fmt.Sprintf("done-%s-%d", k.list, k.run)}, ticks, {Name: "day", Label: "Done on", Hint: "Empty: today.", Kind: "date"}, {Name: "reason", Label: "Note"}}})}
		}
		out = append(out, b)
	}
	return out
}

func opt(before, text string) string {
	if text == "" {
		return ""
	}
	return before + text
}

// accounts says what of theirs was found where, as the systems themselves say.
func (p *page) accounts() ui.Block {
	d := p.d
	t := ui.Table{Caption: "Accounts", Columns: []ui.Column{{Text: "Account"}, {Text: "Where"}, {Text: "Now"}, {Text: "Since"}, {Text: "Last read"}, {Text: "Finding"}}}
	b := ui.Block{ID: "accounts", Title: "Accounts, as the systems say", Table: &t, None: "No account of theirs was seen on the hosts and databases that are read."}
	whose := ui.Field{Name: "account", Label: "Account", Kind: "select"}
	rules := map[string]string{"login": "by the name that a source gives", "name": "it is like their name or address", "hand": "somebody said so"}
	for _, a := range d.Accounts {
		now := ui.Cell{Text: map[string]string{people.Present: "lets them in", people.Closed: "is there, lets nobody in", people.Gone: "is gone", people.Unobserved: "not observed"}[a.State], Meta: a.Reason}
		if d.State == people.Left && a.Says == people.Theirs {
			now = ui.Cell{Outcome: map[string]ui.Outcome{people.Present: "fail", people.Closed: "pass", people.Gone: "pass", people.Unobserved: "not_observed"}[a.State], Meta: dash(now.Text, a.Reason)}
		}
		where := ui.Cell{Text: a.PlaceName}
		if a.Place != people.Attesta && p.r.May(access.HostRead) {
			where = ui.Cell{Links: []ui.Link{{Text: a.PlaceName, Href: "/hosts/" + a.Place}}}
		}
		row := ui.TableRow{Head: ui.Link{Text: a.Name}, Mono: true, Meta: rules[a.Rule], Cells: []ui.Cell{where, now, {Moment: p.r.Words.At(a.ChangedAt)}, {Moment: p.r.Words.At(a.SeenAt)}, {}}}
		if a.Says == people.NotTheirs {
			row.Tag = "somebody else's"
		}
		if a.Finding != "" {
			row.Cells[4].Links = []ui.Link{{Text: a.Finding, Href: "/findings/" + a.Finding}}
		}
		if a.Says == people.Asked {
			row.Tag = "theirs?"
		}
		if a.Place != people.Attesta {
			whose.Options = append(whose.Options, ui.Option{Value: a.ID, Text: a.Name + " on " + a.PlaceName})
		}
		t.Rows = append(t.Rows, row)
	}
	if d.State == people.Left {
		b.Meta = d.Access.Reason
	}
	if len(whose.Options) > 0 {
		b.Forms = append(b.Forms, p.form(ui.Form{ID: "say", Action: base + "/" + d.ID + "/say", Summary: "Say whose an account is", Quiet: true, Button: "Record it",
			Fields: []ui.Field{whose, {Name: "theirs", Label: "It is", Kind: "select", Options: []ui.Option{{Text: "Choose one"}, {Value: "yes", Text: "Theirs"}, {Value: "no", Text: "Somebody else's, or nobody's"}}}}}))
	}
	b.Forms = append(b.Forms, p.form(ui.Form{ID: "map", Action: base + "/" + d.ID + "/map", Summary: "An account of another name is theirs", Quiet: true, Button: "Record it",
		Fields: []ui.Field{{Name: "place", Label: "Host or database", Must: true}, {Name: "name", Label: "Account", Hint: "As the host or database calls it.", Must: true}}}))
	return b
}

// recordWords are what records are called.
var recordWords = map[string]string{people.Competence: "Competence reviewed", people.Performance: "Yearly talk held", people.JobDescription: "Job description", people.Succession: "Who could follow", people.Disciplinary: "Disciplinary process"}

func (p *page) records() ui.Block {
	t := ui.Table{Caption: "Records, newest first", Columns: []ui.Column{{Text: "Record"}, {Text: "Day"}, {Text: "Says"}, {Text: "Stands at"}}}
	for _, x := range p.d.Records {
		says := ui.Cell{Text: x.Step}
		if x.Other != "" {
			says = ui.Cell{Links: []ui.Link{{Text: screen.OrElse(x.OtherName, x.Other), Href: base + "/" + x.Other}}}
		}
		t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: recordWords[x.Kind]}, Cells: []ui.Cell{{Text: x.Day}, says, {Links: shown(x.Link)}}})
	}
	kinds := ui.Field{Name: "kind", Label: "What was done", Kind: "select", Options: []ui.Option{{Text: "Choose one"}}}
	for _, k := range people.RecordKinds() {
		if k != people.Disciplinary || p.r.May(access.PeopleConfidential) {
			kinds.Options = append(kinds.Options, ui.Option{Value: k, Text: recordWords[k]})
		}
	}
	fields := []ui.Field{kinds, {Name: "day", Label: "On", Hint: "Empty: today.", Kind: "date"}, {Name: "other", Label: "Who could follow", Hint: "Of a succession: their address or identifier."}}
	if p.r.May(access.PeopleConfidential) {
		steps := ui.Field{Name: "step", Label: "Step of a disciplinary process", Kind: "select", Options: []ui.Option{{Text: "None"}}}
		for _, st := range people.Steps() {
			steps.Options = append(steps.Options, ui.Option{Value: st, Text: screen.Capital(st)})
		}
		fields = append(fields, steps)
	}
	fields = append(fields, ui.Field{Name: "link", Label: "Where it is kept", Hint: "E-12 for evidence that is here, or an address. A job description needs one."})
	return ui.Block{ID: "records", Title: "Competence, performance, succession", Meta: "that it was done, never what was found", Table: &t, None: "None is kept.",
		Forms: []ui.Form{p.form(ui.Form{ID: "record", Action: base + "/" + p.d.ID + "/record", Summary: "Keep a record", Quiet: true, Button: "Keep it", Fields: fields})}}
}

func (p *page) reports() ui.Block {
	t := ui.Table{Caption: "People below", Columns: []ui.Column{{Text: "Person"}, {Text: "Title"}, {Text: "State"}, {Text: "To do", N: true}}}
	for _, x := range p.d.Reports[:min(20, len(p.d.Reports))] {
		t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: x.Name, Href: base + "/" + x.ID}, Cells: []ui.Cell{{Text: x.Title}, {Text: stateWords(x.State)}, {Text: ui.Number(x.Open), N: true, Muted: x.Open == 0, Bad: x.Late > 0}}})
	}
	return ui.Block{ID: "reports", Title: "People below", Table: &t, Links: []ui.Link{{Text: fmt.Sprintf("All %s", ui.Number(len(p.d.Reports))), Href: base + "?manager=" + p.d.ID}, {Text: "Chart", Href: base + "/chart?of=" + p.d.ID}}}
}

// voices says what each source says now, and whose word counts.
func (p *page) voices() ui.Block {
	t := ui.Table{Caption: "Sources", Columns: []ui.Column{{Text: "Source"}, {Text: "Calls them"}, {Text: "Says"}, {Text: "Since"}, {Text: "Says them"}}}
	for _, v := range p.d.Voices {
		var says []string
		for _, f := range roster.FieldNames() {
			if text := v.Fields.Text(f); text != "" {
				if f == "manager" && strings.HasPrefix(text, "per_") {
					continue
				}
				if p.d.From[f] == v.Source {
					f += " (counts)"
				}
				says = append(says, f+": "+text)
			}
		}
		still := ui.Cell{Text: "still"}
		if !v.Gone.IsZero() {
			still = ui.Cell{Text: "no more since", Moment: p.r.Words.At(v.Gone)}
		}
		t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: v.SourceName, Href: settings + "/" + v.Source}, Cells: []ui.Cell{{Text: cut(v.Key, 40), Mono: true}, {Text: strings.Join(says, "; ")}, {Moment: p.r.Words.At(v.Since)}, still}})
	}
	return ui.Block{ID: "sources", Title: "What each source says", Meta: "the first that says a field counts", Table: &t, None: "No source says them."}
}
