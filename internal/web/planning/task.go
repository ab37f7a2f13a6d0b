package planning

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/plan"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// task answers: what is this task, why, what does it wait for, and what if it slips?
func (s *site) task(w http.ResponseWriter, r *screen.Request) error {
	return s.showTask(w, r, nil, "")
}

func (s *site) showTask(w http.ResponseWriter, r *screen.Request, typed *screen.Typed, form string) error {
	t, err := s.cfg.Plan.Get(r.Context(), r.Who, r.PathValue("ref"))
	if err != nil {
		return err
	}
	o, err := s.cfg.Readiness.Outlook(r.Context(), r.Who)
	if err != nil {
		return err
	}
	ids := []string{t.Owner}
	for _, st := range t.Steps {
		ids = append(ids, st.Made.By, st.Content.Owner)
	}
	names := r.Names(ids)
	path := "/tasks/" + t.Ref()
	v := ui.RecordView{Crumbs: []ui.Link{{Text: "Plan", Href: "/plan"}, {Text: t.Ref()}}, Title: t.Title, State: t.State.Words(), FactsOf: "This task", Zone: "times in " + r.Words.Zone.String()}
	owner := "nobody yet"
	if t.Owner != "" {
		owner = screen.Who(names, t.Owner)
	}
	v.Line = []string{"owner: " + owner}
	if t.Late(r.Now) {
		v.Bad = "it was due on " + r.Words.LastDay(t.Due)
	}
	gone := slices.Contains(o.Gone, t.Number)
	switch {
	case t.State == plan.Said && !gone:
		v.Warn, v.Notice = true, "Somebody says that this is done. The gap that it is to close is still there, so it stays open."
	case gone:
		v.Notice = "The gap that it closes is gone: it is closed by itself within ten minutes."
	case t.Waiting != "":
		v.Warn, v.Notice = true, fmt.Sprintf("It waits on %s since %s.", t.Waiting, r.Words.Date(t.Since))
	case t.Asleep(r.Now):
		v.Notice = "Its owner does not want to see it before " + r.Words.Date(t.Snoozed) + "."
	case t.State == plan.Done && t.Derived:
		v.Notice = "It is done: the gap that it was to close is gone, by derivation."
	}
	if r.May(access.TaskEdit) && !t.State.Over() {
		v.Links = []ui.Link{{Text: "Change", Href: path + "/edit"}}
	}
	if t.Why != "" {
		v.Blocks = append(v.Blocks, ui.Block{ID: "why", Title: "Why", Text: strings.Split(t.Why, "\n")})
	}
	v.Blocks = append(v.Blocks, s.taskForms(r, t, path, typed, form)...)
	v.Blocks = append(v.Blocks, s.slipBlock(r, t, path)...)
	v.Facts = s.taskFacts(r, t)
	if slot, ok := o.Schedule.Slot(t.Number); ok {
		v.Facts = append(v.Facts, ui.Fact{Term: "Can be done", Text: r.Words.Date(slot.Start) + " to " + r.Words.LastDay(slot.End)})
		slack := plan.Days(max(0, slot.Slack)) + " working days"
		if slot.Slack < 0 {
			slack = "none: " + plan.Days(-slot.Slack) + " working days too late"
		}
		if !o.Target.At.IsZero() {
			v.Facts = append(v.Facts, ui.Fact{Term: "Slack", Text: slack})
		}
		if slot.Critical {
			v.Line = append(v.Line, "on the critical path")
		}
	}
	waits := ui.Block{ID: "waits", Title: "What waits for it"}
	for i := range o.Tasks {
		if slices.Contains(o.Tasks[i].After, t.Number) {
			waits.Links = append(waits.Links, ui.Link{Text: o.Tasks[i].Ref() + " " + o.Tasks[i].Title, Href: "/tasks/" + o.Tasks[i].Ref()})
		}
	}
	if len(waits.Links) > 0 {
		v.SideMore = append(v.SideMore, waits)
	}
	for _, st := range slices.Backward(t.Steps) {
		v.History = append(v.History, step(r, st, names))
	}
	return r.Render(w, typed.Status(), ui.Record(r.Shell(w, t.Ref()+" "+t.Title, "Comply", "Plan"), v))
}

func step(r *screen.Request, st plan.Step, names map[string]string) ui.Step {
	text := screen.Capital(st.Step)
	switch st.Step {
	case "said":
		text = "Said to be done"
	case "waiting":
		text = "Waits on " + st.Content.Waiting
	case "snoozed":
		text = "Sleeps until " + r.Words.Date(st.Content.Snoozed)
	case "returned":
		text = fmt.Sprintf("Returned as T-%d", st.Content.Next)
	case "done":
		if st.Content.Derived {
			text = "Done: the gap is gone"
		}
	}
	if st.Note != "" && st.Made.By != "system" {
		text += ": “" + st.Note + "”"
	}
	out := ui.Step{At: r.Words.At(st.Made.At), Text: text, By: "by " + screen.Who(names, st.Made.By), Entry: screen.EntryLink(st.Made.Entry, st.Made.Index)}
	if st.Made.By == "system" {
		out.By = "by derivation"
	}
	if st.Step == "done" {
		out.Mark = "key"
	}
	return out
}

func (s *site) taskFacts(r *screen.Request, t *plan.Task) []ui.Fact {
	out := []ui.Fact{{Term: "Number", Text: t.Ref(), Mono: true}}
	if !t.About.IsZero() {
		f := ui.Fact{Term: "About", Text: t.About.Kind + " " + t.About.Ref}
		if t.About.Path != "" {
			f.Text, f.Links = "", []ui.Link{{Text: t.About.Kind + " " + t.About.Ref, Href: t.About.Path}}
		}
		out = append(out, f)
	}
	if t.Role != "" && !strings.HasPrefix(t.Role, "usr_") {
		out = append(out, ui.Fact{Term: "Who ought to do it", Text: t.Role})
	}
	due := ui.Fact{Term: "Due", Text: "no day", Muted: true}
	if !t.Due.IsZero() {
		due = ui.Fact{Term: "Due", Text: r.Words.LastDay(t.Due)}
	}
	kind := "general"
	if t.Technical {
		kind = "technical"
	}
	out = append(out, due, ui.Fact{Term: "Work", Text: work(t.Effort) + ", " + kind})
	if len(t.After) > 0 {
		out = append(out, ui.Fact{Term: "Waits for", Links: refs(t.After)})
	}
	if t.Every != "" {
		out = append(out, ui.Fact{Term: "Returns", Text: t.Every})
	}
	if t.Gap != "" {
		out = append(out, ui.Fact{Term: "Closes the gap", Text: t.Gap, Mono: true})
	}
	return out
}

// taskForms are what its owner, and whoever keeps the plan, can do.
func (s *site) taskForms(r *screen.Request, t *plan.Task, path string, typed *screen.Typed, form string) []ui.Block {
	var forms []ui.Form
	mine := r.May(access.TaskEdit) || r.May(access.TaskWork) && (t.Owner == r.Who.UserID || t.Owner == "")
	do := func(id, to, summary, button, note string, quiet bool, fields ...ui.Field) {
		f := ui.Form{ID: id, Action: path + "/" + to, Summary: summary, Note: note, Button: button, Quiet: quiet, Fields: append([]ui.Field{{Name: "do", Kind: "hidden", Value: id}}, fields...)}
		if form == id {
			typed.Fill(&f)
		}
		forms = append(forms, f)
	}
	if mine && !t.State.Over() {
		if t.State != plan.Doing {
			do("start", "work", "", "Start", "", t.State == plan.Said)
		}
		if t.State != plan.Said {
			note := ""
			if t.Gap != "" {
				note = "It is to close a gap. If the gap is still there, your word is kept, and the task stays open until the gap is gone."
			}
			do("finish", "work", "Say that it is done", "It is done", note, false, ui.Field{Name: "note", Label: "What was done", Kind: "long"})
		}
		if t.Waiting != "" || !t.Snoozed.IsZero() {
			do("resume", "work", "", "It waits no more", "", true)
		}
		do("wait", "work", "It waits on somebody or something", "Keep", "", false, ui.Field{Name: "on", Label: "On whom or what", Value: t.Waiting, Must: true})
		do("snooze", "work", "Do not show it for a while", "Let it sleep", "", true, ui.Field{Name: "until", Label: "Until", Kind: "date", Must: true})
	}
	if r.May(access.TaskComment) {
		do("comment", "comment", "Comment", "Write", "", true, ui.Field{Name: "note", Label: "Comment", Kind: "long", Must: true})
	}
	if r.May(access.TaskEdit) {
		if t.State.Over() || t.State == plan.Said {
			do("reopen", "decide", "Take it up again", "Take it up again", "", true, ui.Field{Name: "note", Label: "Why", Must: true})
		}
		if !t.State.Over() {
			do("drop", "decide", "It will not be done", "Drop it", "", true, ui.Field{Name: "note", Label: "Why", Must: true})
		}
	}
	if len(forms) == 0 {
		return nil
	}
	return []ui.Block{{ID: "do", Title: "What comes next", Forms: forms}}
}

// slipBlock says what changes when the task slips.
func (s *site) slipBlock(r *screen.Request, t *plan.Task, path string) []ui.Block {
	if t.State.Over() {
		return nil
	}
	b := ui.Block{ID: "slip", Title: "If it takes longer"}
	for _, d := range []string{"1", "3", "5", "10"} {
		b.Links = append(b.Links, ui.Link{Text: "by " + ui.Many(atoi(d), "working day", "working days"), Href: path + "?slip=" + d + "#h-slip"})
	}
	days := r.URL.Query().Get("slip")
	by, err := plan.ParseDays(days)
	if days == "" || err != nil || by <= 0 {
		b.Text = []string{"See what moves when this task takes some days longer than planned."}
		return []ui.Block{b}
	}
	o, slip, err := s.cfg.Readiness.Slip(r.Context(), r.Who, t.Ref(), by)
	if err != nil {
		b.Text = []string{"What would move cannot be computed now."}
		return []ui.Block{b}
	}
	title := map[int]string{}
	for i := range o.Tasks {
		title[o.Tasks[i].Number] = o.Tasks[i].Title
	}
	text := fmt.Sprintf("By %s working days: %s.", plan.Days(by), ui.Many(len(slip.Moves), "task moves, this one", "tasks move, this one included"))
	switch {
	case slip.Missed:
		text += fmt.Sprintf(" The target is missed by %s working days.", plan.Days(-slip.Spare))
	case slip.Is.Equal(slip.Was):
		text += " The end of the plan stays where it is."
	default:
		text += " The plan ends on " + r.Words.LastDay(slip.Is) + " instead of " + r.Words.LastDay(slip.Was) + "."
	}
	b.Text = []string{text}
	table := ui.Table{Caption: "What moves", Columns: []ui.Column{{Text: "Task"}, {Text: "Was to end"}, {Text: "Ends"}}}
	slices.SortFunc(slip.Moves, func(a, b plan.Move) int { return cmp.Or(a.Is.Compare(b.Is), cmp.Compare(a.Number, b.Number)) })
	for _, m := range slip.Moves {
		is := ui.Cell{Text: r.Words.LastDay(m.Is), Bad: m.Late}
		if m.Late {
			is.Meta = "after it is due"
		}
		table.Rows = append(table.Rows, ui.TableRow{Head: ui.Link{Text: fmt.Sprintf("T-%d %s", m.Number, title[m.Number]), Href: fmt.Sprintf("/tasks/T-%d", m.Number)}, Cells: []ui.Cell{{Text: r.Words.LastDay(m.Was)}, is}})
	}
	b.Table = &table
	return []ui.Block{b}
}

func atoi(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}

func (s *site) work(w http.ResponseWriter, r *screen.Request) error {
	ref, do := r.PathValue("ref"), r.PostFormValue("do")
	said := map[string]string{"start": "It is being done.", "finish": "Kept.", "resume": "It waits no more.", "wait": "Kept on whom it waits.", "snooze": "It sleeps."}
	return s.step(w, r, do, said[do], func() (*plan.Task, error) {
		switch do {
		case "start":
			return s.cfg.Plan.Start(r.Context(), r.Who, ref)
		case "finish":
			return s.cfg.Plan.Finish(r.Context(), r.Who, ref, r.PostFormValue("note"))
		case "resume":
			return s.cfg.Plan.Resume(r.Context(), r.Who, ref)
		case "wait":
			return s.cfg.Plan.Wait(r.Context(), r.Who, ref, r.PostFormValue("on"))
		case "snooze":
			until, err := r.FirstMoment(r.PostFormValue("until"), "until")
			if err != nil {
				return nil, err
			}
			return s.cfg.Plan.Snooze(r.Context(), r.Who, ref, until)
		}
		return nil, fault.New(fault.Invalid, "%q is nothing that can be done with a task", do)
	})
}

// step takes a step and shows the task, or the form again with what is wrong.
func (s *site) step(w http.ResponseWriter, r *screen.Request, form, said string, do func() (*plan.Task, error)) error {
	t, err := do()
	if err != nil {
		typed, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showTask(w, r, typed, form)
	}
	if t.State == plan.Said && form == "finish" {
		said = "Your word is kept. The gap is still there, so the task stays open until it is gone."
	}
	return r.Done(w, said, "/tasks/"+t.Ref())
}

func (s *site) comment(w http.ResponseWriter, r *screen.Request) error {
	return s.step(w, r, "comment", "Written.", func() (*plan.Task, error) {
		return s.cfg.Plan.Comment(r.Context(), r.Who, r.PathValue("ref"), r.PostFormValue("note"))
	})
}

func (s *site) decide(w http.ResponseWriter, r *screen.Request) error {
	ref, do := r.PathValue("ref"), r.PostFormValue("do")
	return s.step(w, r, do, "Kept.", func() (*plan.Task, error) {
		switch do {
		case "drop":
			return s.cfg.Plan.Drop(r.Context(), r.Who, ref, r.PostFormValue("note"))
		case "reopen":
			return s.cfg.Plan.Reopen(r.Context(), r.Who, ref, r.PostFormValue("note"))
		}
		return nil, fault.New(fault.Invalid, "%q is no decision about a task", do)
	})
}

// taskForm is the form that writes a task; t is nil for a new one.
func (s *site) taskForm(w http.ResponseWriter, r *screen.Request, t *plan.Task, typed *screen.Typed) error {
	people, err := s.cfg.Plan.People(r.Context(), r.Who)
	if err != nil {
		return err
	}
	var f plan.Fields
	form := ui.Form{ID: "task", Action: "/plan/new", Button: "Make the task"}
	v := ui.FormView{Crumbs: []ui.Link{{Text: "Plan", Href: "/plan"}, {Text: "Make a task"}}, Title: "Make a task", Note: "What is to be done, why, by whom and by when. A task that closes a gap is made from the gap."}
	if t == nil {
		q := r.URL.Query()
		f.About = plan.About{Kind: q.Get("kind"), Ref: q.Get("ref"), Path: q.Get("path")}
		f.Title = q.Get("title")
		if q.Get("effort") == "" {
			f.Effort = 2
		}
	} else {
		f = t.Fields
		form.Action, form.Button = "/tasks/"+t.Ref()+"/edit", "Keep the changes"
		v.Crumbs, v.Title, v.Note = []ui.Link{{Text: "Plan", Href: "/plan"}, {Text: t.Ref(), Href: "/tasks/" + t.Ref()}, {Text: "Change"}}, "Change "+t.Ref(), "What a task closes is not changed here."
	}
	owner := []ui.Option{{Value: "", Text: "nobody yet", Selected: f.Owner == ""}}
	for _, p := range people {
		owner = append(owner, ui.Option{Value: p.ID, Text: p.Name, Selected: p.ID == f.Owner})
	}
	every := []ui.Option{{Value: "", Text: "once", Selected: f.Every == ""}}
	for _, p := range plan.Periods() {
		every = append(every, ui.Option{Value: p, Text: p, Selected: p == f.Every})
	}
	due := ""
	if !f.Due.IsZero() {
		due = f.Due.Add(-1).In(r.Words.Zone).Format(screen.DateLayout)
	}
	var after []string
	for _, l := range refs(f.After) {
		after = append(after, l.Text)
	}
	form.Fields = []ui.Field{{Name: "title", Label: "What is to be done", Value: f.Title, Must: true}, {Name: "why", Label: "Why", Value: f.Why, Kind: "long"},
		{Name: "owner", Label: "Whose", Kind: "select", Options: owner}, {Name: "role", Label: "Who ought to do it, where nobody is named yet", Value: f.Role},
		{Name: "due", Label: "Its last day", Kind: "date", Value: due}, {Name: "effort", Label: "Days of work", Hint: "Whole or half days", Value: plan.Days(f.Effort)},
		{Name: "technical", Label: "Kind of work", Hint: "Technical work is planned first: it takes longest to show.", Kind: "select", Options: []ui.Option{{Value: "", Text: "general", Selected: !f.Technical}, {Value: "yes", Text: "technical", Selected: f.Technical}}},
		{Name: "after", Label: "Waits for", Hint: "Numbers of tasks: T-3, T-7", Value: strings.Join(after, ", ")},
		{Name: "about_kind", Kind: "hidden", Value: f.About.Kind}, {Name: "about_ref", Kind: "hidden", Value: f.About.Ref}, {Name: "about_path", Kind: "hidden", Value: f.About.Path}}
	if t == nil || t.Gap == "" {
		form.Fields = append(form.Fields, ui.Field{Name: "every", Label: "How often", Kind: "select", Options: every})
	}
	if t != nil {
		form.Fields = append(form.Fields, ui.Field{Name: "seq", Kind: "hidden", Value: strconv.Itoa(t.Seq)}, ui.Field{Name: "note", Label: "What changed and why"})
	}
	typed.Fill(&form)
	v.Form = form
	return r.Render(w, typed.Status(), ui.FormPage(r.Shell(w, v.Title, "Comply", "Plan"), v))
}

// fields reads the form that writes a task.
func fields(r *screen.Request) (plan.Fields, error) {
	f := plan.Fields{Title: r.PostFormValue("title"), Why: r.PostFormValue("why"), Owner: r.PostFormValue("owner"), Role: r.PostFormValue("role"), Technical: r.PostFormValue("technical") == "yes", Every: r.PostFormValue("every"),
		About: plan.About{Kind: r.PostFormValue("about_kind"), Ref: r.PostFormValue("about_ref"), Path: r.PostFormValue("about_path")}}
	var err error
	if f.Due, err = r.LastMoment(r.PostFormValue("due"), "due"); err != nil {
		return f, err
	}
	if f.Effort, err = plan.ParseDays(r.PostFormValue("effort")); err != nil {
		return f, err
	}
	for _, word := range strings.FieldsFunc(r.PostFormValue("after"), func(c rune) bool { return c == ',' || c == ' ' || c == '\n' || c == '\r' }) {
		n, err := strconv.Atoi(strings.TrimPrefix(strings.ToUpper(word), "T-"))
		if err != nil || n < 1 {
			return f, fault.New(fault.Invalid, "%q is no number of a task", word).At("", 0, "after").WithHint("write numbers such as T-3, T-7")
		}
		f.After = append(f.After, n)
	}
	return f, nil
}

func (s *site) newTask(w http.ResponseWriter, r *screen.Request) error {
	return s.taskForm(w, r, nil, nil)
}

func (s *site) createTask(w http.ResponseWriter, r *screen.Request) error {
	f, err := fields(r)
	var t *plan.Task
	if err == nil {
		t, err = s.cfg.Plan.Create(r.Context(), r.Who, f)
	}
	if err != nil {
		typed, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.taskForm(w, r, nil, typed)
	}
	return r.Done(w, t.Ref()+" is made.", "/tasks/"+t.Ref())
}

func (s *site) editTask(w http.ResponseWriter, r *screen.Request) error {
	t, err := s.cfg.Plan.Get(r.Context(), r.Who, r.PathValue("ref"))
	if err != nil {
		return err
	}
	return s.taskForm(w, r, t, nil)
}

func (s *site) changeTask(w http.ResponseWriter, r *screen.Request) error {
	t, err := s.cfg.Plan.Get(r.Context(), r.Who, r.PathValue("ref"))
	if err != nil {
		return err
	}
	f, err := fields(r)
	if err == nil {
		_, err = s.cfg.Plan.Change(r.Context(), r.Who, t.Ref(), atoi(r.PostFormValue("seq")), f, r.PostFormValue("note"))
	}
	if err != nil {
		typed, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.taskForm(w, r, t, typed)
	}
	return r.Done(w, "The changes are kept.", "/tasks/"+t.Ref())
}
