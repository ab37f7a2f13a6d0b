package work

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/plan"
	"github.com/attesta/attesta/internal/program/work"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// dues are the choices of when something is due.
func dues() [][2]string {
	return [][2]string{{"", "Whenever due"}, {"late", "Overdue"}, {"week", "Within a week"}, {"waiting", "Waits on somebody else"}, {"for", "For somebody who is away"}}
}

func fits(m *work.Mine, due string, now time.Time) bool {
	switch due {
	case "late":
		return m.IsLate
	case "week":
		left := m.Due.Sub(now)
		return !m.Due.IsZero() && left > 0 && left < 7*24*time.Hour
	case "waiting":
		return m.Waits != ""
	case "for":
		return m.For != ""
	}
	return true
}

// items gives what an address asks for of the queue, and all of it.
func (s *site) items(r *screen.Request) (shown []work.Mine, v *work.View, err error) {
	q := r.URL.Query()
	kind, due := q.Get("kind"), q.Get("due")
	if kind != "" && !slices.ContainsFunc(work.Kinds(), func(k work.Kind) bool { return k.Name == kind }) {
		return nil, nil, fault.New(fault.Invalid, "%q is no kind of work", kind)
	}
	if !slices.ContainsFunc(dues(), func(d [2]string) bool { return d[0] == due }) {
		return nil, nil, fault.New(fault.Invalid, "%q is nothing that work is chosen by", due)
	}
	if v, err = s.cfg.Work.Queue(r.Context(), r.Who); err != nil {
		return nil, nil, err
	}
	for i := range v.Items {
		if m := &v.Items[i]; (kind == "" || m.Kind == kind) && fits(m, due, r.Now) {
			shown = append(shown, *m)
		}
	}
	return shown, v, nil
}

// queueList is the queue as files say it.
func (s *site) queueList() screen.List {
	type x = work.Mine
	return screen.Declare(screen.List{Name: "work", Title: "My work", Pattern: "GET /work", Action: access.WorkRead}, screen.Whole(func(r *screen.Request) ([]x, error) {
		shown, _, err := s.items(r)
		return shown, err
	}), func(m x) []string { return []string{m.From, m.Owner, m.For, m.Stand} },
		screen.Column[x]{Key: "kind", Title: "Kind", Width: 20, Value: func(_ *screen.Cells, m x) any { return work.KindOf(m.Kind).One }},
		screen.Column[x]{Key: "ref", Title: "Number", Width: 16, Value: func(_ *screen.Cells, m x) any { return m.Ref }},
		screen.Column[x]{Key: "ask", Title: "What is asked", Width: 40, Value: func(_ *screen.Cells, m x) any { return m.Ask }},
		screen.Column[x]{Key: "title", Title: "Object", Width: 50, Value: func(_ *screen.Cells, m x) any { return m.Title }},
		screen.Column[x]{Key: "due", Title: "Due before", Width: 20, Value: func(_ *screen.Cells, m x) any { return m.Due }},
		screen.Column[x]{Key: "due_set", Title: "Day was set", Value: func(_ *screen.Cells, m x) any { return !m.Soft && !m.Due.IsZero() }},
		screen.Column[x]{Key: "late", Title: "Overdue", Value: func(_ *screen.Cells, m x) any { return m.IsLate }},
		screen.Column[x]{Key: "since", Title: "Waits since", Width: 20, Value: func(_ *screen.Cells, m x) any { return m.Since }},
		screen.Column[x]{Key: "from", Title: "Asked by", Width: 24, Value: func(c *screen.Cells, m x) any { return c.Name(m.From) }},
		screen.Column[x]{Key: "owner", Title: "Owner", Width: 24, Value: func(c *screen.Cells, m x) any { return screen.OrElse(c.Name(m.Owner), m.Role) }},
		screen.Column[x]{Key: "for", Title: "Stood in for", Width: 24, Value: func(c *screen.Cells, m x) any { return c.Name(m.For) }},
		screen.Column[x]{Key: "stand", Title: "Stand-in", Width: 24, Value: func(c *screen.Cells, m x) any { return c.Name(m.Stand) }},
		screen.Column[x]{Key: "state", Title: "State", Width: 24, Value: func(_ *screen.Cells, m x) any { return m.State }},
		screen.Column[x]{Key: "waits", Title: "Waits on", Width: 30, Value: func(_ *screen.Cells, m x) any { return m.Waits }},
		screen.Column[x]{Key: "impact", Title: "Impact", Value: func(_ *screen.Cells, m x) any { return m.Impact.Words() }},
		screen.Column[x]{Key: "page", Title: "Page", Width: 40, Value: func(_ *screen.Cells, m x) any { return m.Path }},
	)
}

// queue answers: what must I do next?
func (s *site) queue(w http.ResponseWriter, r *screen.Request) error {
	return s.showQueue(w, r, r.URL.Query(), nil, "")
}

func (s *site) showQueue(w http.ResponseWriter, r *screen.Request, q url.Values, typed *screen.Typed, form string) error {
	shown, all, err := s.items(r)
	if err != nil {
		return err
	}
	v := queueView{Title: "Nothing waits for you", Undo: "/work", None: "Nothing of that kind waits for you.",
		Note: "What your name or your role must finish, in order of the day it is due and of what hangs on it. It leaves this page when it is done, not before."}
	soon := 0
	for i := range all.Items {
		if fits(&all.Items[i], "week", r.Now) && !all.Items[i].Asleep.After(r.Now) {
			soon++
		}
	}
	if n := all.Count(); n > 0 {
		v.Title = ui.Many(n, "thing waits for you", "things wait for you")
		switch {
		case all.Late > 0:
			v.Title += ", " + ui.Number(all.Late) + " overdue"
		case soon > 0:
			v.Title += ", " + ui.Number(soon) + " within a week"
		}
	}
	v.Notice = s.notices(r, all)
	if len(all.Items) == 0 {
		v.Empty = &ui.Empty{Title: "All that was asked of you is done", Text: "Tasks, approvals, reviews, requests of auditors, controls to perform and policies to read come here by themselves, each with the action that finishes it.",
			Criteria: []ui.Link{{Text: "CC1.3", Href: "/criteria/CC1.3"}}, Until: "Whoever asks you for something sees here, too, that it waits for you."}
		if r.May(access.TaskRead) {
			v.Empty.Actions = []ui.Link{{Text: "See the plan", Href: "/plan"}}
		} else {
			v.Empty.Criteria = nil
			v.Empty.Actions = []ui.Link{{Text: "See your policies", Href: "/my/policies"}}
		}
		return r.Render(w, http.StatusOK, queuePage(r.Shell(w, "My work", section, "Queue"), v))
	}
	reset := func(pairs ...string) string {
		return screen.With(q, "/work", append(pairs, "item", "", "after", "")...)
	}
	v.Chips = []ui.Chip{{Text: fmt.Sprintf("All %d", len(all.Items)), Href: reset("kind", ""), Current: q.Get("kind") == ""}}
	for _, k := range work.Kinds() {
		if n := all.Kinds[k.Name]; n > 0 {
			v.Chips = append(v.Chips, ui.Chip{Text: fmt.Sprintf("%s %d", k.Many, n), Href: reset("kind", k.Name), Current: q.Get("kind") == k.Name})
		}
	}
	for _, d := range dues() {
		n := 0
		for i := range all.Items {
			if fits(&all.Items[i], d[0], r.Now) {
				n++
			}
		}
		if d[0] == "" || n > 0 || q.Get("due") == d[0] {
			text := d[1]
			if d[0] != "" {
				text = fmt.Sprintf("%s %d", d[1], n)
			}
			v.Due = append(v.Due, ui.Chip{Text: text, Href: reset("due", d[0]), Current: q.Get("due") == d[0]})
		}
	}
	page, next := cutPage(shown, q)
	v.Pager = screen.Pager(len(page), int64(len(shown)), q, "/work", next)
	chosen := slices.IndexFunc(page, func(m work.Mine) bool { return m.ID() == q.Get("item") })
	if chosen < 0 && len(page) > 0 {
		chosen = 0
	}
	var ids []string
	for _, m := range page {
		ids = append(ids, m.From, m.Owner, m.For, m.Stand)
	}
	names := r.Names(ids)
	for i, m := range page {
		g := m.Group(r.Now, r.Words.Zone).Words()
		if len(v.Groups) == 0 || v.Groups[len(v.Groups)-1].Title != g {
			v.Groups = append(v.Groups, queueGroup{Title: g})
		}
		last := &v.Groups[len(v.Groups)-1]
		l := queueLine{Href: itemPath(q, m.ID()) + "#item", Get: itemPath(q, m.ID()), Text: m.Ask + ": " + m.Title, Meta: line(&m, names), Current: i == chosen}
		l.Due, l.Late, l.Soon = dueWords(&m, r)
		last.Lines = append(last.Lines, l)
	}
	if chosen >= 0 {
		if v.Item, err = s.item(r, &page[chosen], names, typed, form); err != nil {
			return err
		}
	}
	return r.Render(w, typed.Status(), queuePage(r.Shell(w, "My work", section, "Queue"), v))
}

func (s *site) notices(r *screen.Request, v *work.View) []string {
	var out []string
	var ids []string
	for _, a := range v.For {
		ids = append(ids, a.Person)
	}
	if v.Away != nil {
		ids = append(ids, v.Away.Stand)
	}
	names := r.Names(ids)
	day := func(d string) string {
		t, err := time.ParseInLocation(time.DateOnly, d, r.Words.Zone)
		if err != nil {
			return d
		}
		return r.Words.Date(t)
	}
	if v.Away != nil {
		out = append(out, "You are away until "+day(v.Away.To)+". "+screen.Who(names, v.Away.Stand)+" stands in for you and sees what is yours.")
	}
	for _, a := range v.For {
		text := "You stand in for " + screen.Who(names, a.Person) + " until " + day(a.To) + ". What you do is recorded as done by you, for them."
		if a.Note != "" {
			text += " They say: “" + a.Note + "”"
		}
		out = append(out, text)
	}
	if len(v.Unread) > 0 {
		out = append(out, "Not all could be read just now: "+strings.Join(v.Unread, ", ")+". More may wait for you than stands here.")
	}
	return out
}

func dueWords(m *work.Mine, r *screen.Request) (text string, late, soon bool) {
	switch {
	case m.Asleep.After(r.Now):
		return "until " + r.Words.Day(m.Asleep), false, false
	case m.Due.IsZero():
		return "", false, false
	case m.Soft:
		return "for " + screen.Span(r.Now.Sub(m.Since)), false, r.Now.After(m.Due)
	case m.IsLate:
		return screen.Span(r.Now.Sub(m.Due)) + " late", true, false
	}
	return r.Words.Day(m.Due.Add(-time.Microsecond)), false, m.Due.Sub(r.Now) < 48*time.Hour
}

// line says under an item what it is and whose.
func line(m *work.Mine, names map[string]string) string {
	parts := []string{work.KindOf(m.Kind).One}
	if !strings.HasPrefix(m.Ref, "pit_") && !strings.HasPrefix(m.Ref, "std_") {
		parts = append(parts, m.Ref)
	}
	if m.State != "" {
		parts = append(parts, m.State)
	}
	if m.Waits != "" {
		parts = append(parts, "waits on "+m.Waits)
	}
	switch {
	case m.For != "":
		parts = append(parts, "for "+screen.Who(names, m.For))
	case m.Stand != "":
		parts = append(parts, screen.Who(names, m.Stand)+" stands in")
	case m.From != "" && m.From != m.Owner:
		parts = append(parts, "from "+screen.Who(names, m.From))
	}
	return strings.Join(parts, " · ")
}

// item is what stands at the right.
func (s *site) item(r *screen.Request, m *work.Mine, names map[string]string, typed *screen.Typed, form string) (*itemView, error) {
	v := &itemView{Meta: line(m, names), Ask: m.Ask, Title: m.Title, Act: ui.Link{Text: m.Act, Href: m.Path}, Next: "It leaves the queue when " + ends(m) + "."}
	fact := func(term, text string) {
		if text != "" {
			v.Facts = append(v.Facts, ui.Fact{Term: term, Text: text})
		}
	}
	for _, f := range m.Facts {
		fact(f.Term, f.Text)
	}
	due := ""
	switch {
	case m.Soft:
		due = "no day is set; an answer within a week is expected"
	case !m.Due.IsZero():
		if due = r.Words.LastDay(m.Due); m.IsLate {
			due += ", " + screen.Span(r.Now.Sub(m.Due)) + " late"
		}
	}
	fact("Due", due)
	if !m.Since.IsZero() {
		fact("Waits since", r.Words.Date(m.Since)+", "+screen.Span(r.Now.Sub(m.Since)))
	}
	if m.From != "" {
		fact("Asked by", screen.Who(names, m.From))
	}
	switch {
	case m.Owner != "":
		fact("Owner", screen.Who(names, m.Owner))
	case m.Role != "":
		fact("Owner", m.Role+" (a role that no account has by that name)")
	}
	switch {
	case m.For != "":
		v.Why = "It is " + screen.Who(names, m.For) + "'s, who is away. You stand in and hold the role that it asks for. That you take it on is recorded, with both names."
		v.Take = ui.Form{ID: "take", Action: "/work/take", Button: "Take it on for " + screen.Who(names, m.For), Fields: []ui.Field{{Name: "item", Kind: "hidden", Value: m.ID()}}}
	case m.Alone:
		v.Warn, v.Why = true, "You wrote it yourself, and nobody else here may decide it. Say what stands in for a second person; an auditor reads that."
	case m.Owner == r.Who.UserID && m.Stand != "":
		v.Why = "It is yours. " + screen.Who(names, m.Stand) + " stands in for you and sees it too."
	case m.Owner == r.Who.UserID:
		v.Why = "It is yours."
	default:
		v.Why = "It is of nobody by name: your role may finish it."
		if m.Not != "" {
			v.Why = "You did not write it, and your role may decide it. Your decision becomes a record with your name."
		}
	}
	if m.Kind == "task" {
		return v, s.taskForms(r, m, v, typed, form)
	}
	return v, nil
}

// ends says what makes an item leave the queue.
func ends(m *work.Mine) string {
	switch m.Kind {
	case "finding":
		return "a pass is observed"
	case "approval":
		return "it is decided"
	case "acknowledgement":
		return "you acknowledged it"
	case "instance":
		return "evidence of it is there, or it is waived"
	}
	return "it is done"
}

// taskForms are what can be done with a task without leaving the queue.
func (s *site) taskForms(r *screen.Request, m *work.Mine, v *itemView, typed *screen.Typed, form string) error {
	t, err := s.cfg.Plan.Get(r.Context(), r.Who, m.Ref)
	if err != nil {
		return err
	}
	v.Take = ui.Form{} // each step of a task says for whom it was taken
	if m.For != "" {
		v.Why = strings.Replace(v.Why, "That you take it on is recorded, with both names.", "Each step is recorded as yours, for them.", 1)
	}
	do := func(id, summary, button, note string, quiet bool, fields ...ui.Field) {
		f := ui.Form{ID: id, Action: "/work/task", Summary: summary, Note: note, Button: button, Quiet: quiet, Fields: append([]ui.Field{{Name: "do", Kind: "hidden", Value: id}, {Name: "ref", Kind: "hidden", Value: t.Ref()}}, fields...)}
		if form == id {
			typed.Fill(&f)
		}
		v.Forms = append(v.Forms, f)
	}
	if t.State != plan.Said && (t.Owner != "" || r.May(access.TaskEdit)) {
		note := ""
		if t.Gap != "" {
			note = "It is to close a gap. If the gap is still there, your word is kept, and the task stays open until the gap is gone."
		}
		do("finish", "Say that it is done", "It is done", note, false, ui.Field{Name: "note", Label: "What was done", Kind: "long"})
	}
	if t.Owner != "" {
		if t.Waiting != "" || !t.Snoozed.IsZero() {
			do("resume", "", "It waits no more", "", true)
		}
		do("wait", "It waits on somebody or something", "Keep", "", true, ui.Field{Name: "on", Label: "On whom or what", Value: t.Waiting, Must: true})
		do("snooze", "Do not show it for a while", "Let it sleep", "", true, ui.Field{Name: "until", Label: "Until", Kind: "date", Must: true})
	}
	if r.May(access.TaskEdit) {
		people, err := s.cfg.Plan.People(r.Context(), r.Who)
		if err != nil {
			return err
		}
		options := []ui.Option{{Value: "", Text: "Nobody yet"}}
		for _, p := range people {
			options = append(options, ui.Option{Value: p.ID, Text: p.Name, Selected: p.ID == t.Owner})
		}
		do("give", "Give it to somebody else", "Give it", "", true, ui.Field{Name: "owner", Label: "To whom", Kind: "select", Options: options}, ui.Field{Name: "note", Label: "Why"}, ui.Field{Name: "seq", Kind: "hidden", Value: fmt.Sprint(t.Seq)})
	}
	do("comment", "Comment", "Write", "", true, ui.Field{Name: "note", Label: "Comment", Kind: "long", Must: true})
	var ids []string
	for _, st := range t.Steps {
		ids = append(ids, st.Made.By, st.Content.For)
	}
	names := r.Names(ids)
	for _, st := range slices.Backward(t.Steps[max(0, len(t.Steps)-6):]) {
		text := screen.Capital(st.Step)
		if st.Note != "" {
			text += ": “" + st.Note + "”"
		}
		by := "by " + screen.Who(names, st.Made.By)
		if st.Content.For != "" {
			by += ", for " + screen.Who(names, st.Content.For)
		}
		v.History = append(v.History, ui.Step{At: r.Words.At(st.Made.At), Text: text, By: by, Entry: screen.EntryLink(st.Made.Entry, st.Made.Index)})
	}
	return nil
}

// task takes a step of a task and shows the queue again.
func (s *site) task(w http.ResponseWriter, r *screen.Request) error {
	ctx, ref, do, note := r.Context(), r.PostFormValue("ref"), r.PostFormValue("do"), r.PostFormValue("note")
	var t *plan.Task
	var err error
	said := map[string]string{"finish": "Kept.", "resume": "It waits no more.", "wait": "Kept on whom it waits.", "snooze": "It sleeps.", "comment": "Written.", "give": "It is given on."}[do]
	switch do {
	case "finish":
		t, err = s.cfg.Plan.Finish(ctx, r.Who, ref, note)
	case "resume":
		t, err = s.cfg.Plan.Resume(ctx, r.Who, ref)
	case "wait":
		t, err = s.cfg.Plan.Wait(ctx, r.Who, ref, r.PostFormValue("on"))
	case "snooze":
		var until time.Time
		if until, err = r.FirstMoment(r.PostFormValue("until"), "until"); err == nil {
			t, err = s.cfg.Plan.Snooze(ctx, r.Who, ref, until)
		}
	case "comment":
		t, err = s.cfg.Plan.Comment(ctx, r.Who, ref, note)
	case "give":
		t, err = s.give(r, ref)
	default:
		return fault.New(fault.Invalid, "%q is nothing that can be done with a task", do)
	}
	if err != nil {
		typed, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showQueue(w, r, url.Values{"item": {"task/" + ref}}, typed, do)
	}
	to := "/work"
	switch {
	case do == "finish" && t.State == plan.Said:
		said = "Your word is kept. The gap is still there, so the task stays open until it is gone."
	case do == "finish":
		said = t.Ref() + " is done."
	case do == "comment" || do == "wait" || do == "resume":
		to = itemPath(nil, "task/"+t.Ref())
	}
	return r.Done(w, said, to)
}

func (s *site) give(r *screen.Request, ref string) (*plan.Task, error) {
	t, err := s.cfg.Plan.Get(r.Context(), r.Who, ref)
	if err != nil {
		return nil, err
	}
	seq := 0
	if _, err := fmt.Sscan(r.PostFormValue("seq"), &seq); err != nil {
		return nil, fault.New(fault.Invalid, "the form says no step that was looked at").At("", 0, "owner")
	}
	f := t.Fields
	f.Owner = r.PostFormValue("owner")
	return s.cfg.Plan.Change(r.Context(), r.Who, ref, seq, f, r.PostFormValue("note"))
}

// cutPage gives the items of a page after a cursor, which is an item's id.
func cutPage(all []work.Mine, q url.Values) (page []work.Mine, next string) {
	if after := q.Get("after"); after != "" {
		all = all[slices.IndexFunc(all, func(m work.Mine) bool { return m.ID() == after })+1:]
	}
	if len(all) > screen.PageSize {
		return all[:screen.PageSize], all[screen.PageSize-1].ID()
	}
	return all, ""
}
