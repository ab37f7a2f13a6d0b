package training

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/training"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// filter reads what an address asks for.
func filter(r *screen.Request) training.Filter {
	q := r.URL.Query()
	return training.Filter{Course: q.Get("course"), State: training.State(q.Get("state")), Kind: q.Get("kind"), Team: q.Get("team"), Login: q.Get("login"), How: q.Get("how"), Query: q.Get("q")}
}

// list is the overview as files say it.
func (s *site) list() screen.List {
	type x = training.Row
	pages := func(r *screen.Request, after string) ([]x, string, error) {
		from, err := offset(after)
		if err != nil {
			return nil, "", err
		}
		o, err := s.cfg.Training.Overview(r.Context(), r.Who, filter(r), from, 1000)
		if err != nil || o.Next == 0 {
			return o.Rows, "", err
		}
		return o.Rows, strconv.Itoa(o.Next), nil
	}
	return screen.Declare(screen.List{Name: "training", Title: "Training", Pattern: "GET /training", Action: access.TrainingRead}, pages, nil,
		screen.Column[x]{Key: "person", Title: "Person", Head: "=", Width: 28, Value: func(_ *screen.Cells, p x) any { return p.Name }},
		screen.Column[x]{Key: "mail", Title: "Mail", Width: 28, Value: func(_ *screen.Cells, p x) any { return p.Mail }},
		screen.Column[x]{Key: "kind", Title: "Kind", Width: 12, Value: func(_ *screen.Cells, p x) any { return p.Kind }},
		screen.Column[x]{Key: "team", Title: "Team", Width: 18, Value: func(_ *screen.Cells, p x) any { return p.Team }},
		screen.Column[x]{Key: "course", Title: "Course", Head: "=", Width: 28, Value: func(_ *screen.Cells, p x) any { return p.Title }},
		screen.Column[x]{Key: "state", Title: "State", Head: "=", Width: 12, Value: func(_ *screen.Cells, p x) any { return p.State.Words() }},
		screen.Column[x]{Key: "due", Title: "Due", Head: "=", Width: 12, Value: func(_ *screen.Cells, p x) any { return p.Due.String() }},
		screen.Column[x]{Key: "completed", Title: "Completed", Head: "=", Width: 12, Value: func(_ *screen.Cells, p x) any { return p.Completed.String() }},
		screen.Column[x]{Key: "version", Title: "Version completed", Width: 10, Value: func(_ *screen.Cells, p x) any { return p.Version }},
		screen.Column[x]{Key: "score", Title: "Score", Head: "=", Width: 8, Value: func(_ *screen.Cells, p x) any {
			if p.Score < 0 {
				return ""
			}
			return p.Score
		}},
		screen.Column[x]{Key: "how", Title: "Known by", Width: 10, Value: func(_ *screen.Cells, p x) any { return p.How }},
		screen.Column[x]{Key: "login", Title: "Has a login", Width: 10, Value: func(_ *screen.Cells, p x) any { return p.Login }},
		screen.Column[x]{Key: "reason", Title: "Reason", Head: "=", Width: 50, Value: func(_ *screen.Cells, p x) any { return p.Reason }},
	)
}

func offset(after string) (int, error) {
	if after == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(after)
	if err != nil || n < 0 {
		return 0, fault.New(fault.Invalid, "%.40q is no place in the list", after)
	}
	return n, nil
}

// overview answers: who is trained, who is not, and since when?
func (s *site) overview(w http.ResponseWriter, r *screen.Request) error {
	q, f := r.URL.Query(), filter(r)
	from, err := offset(q.Get("after"))
	if err != nil {
		return err
	}
	o, err := s.cfg.Training.Overview(r.Context(), r.Who, f, from, screen.PageSize)
	if err != nil {
		return err
	}
	link := func(pairs ...string) string { return screen.With(q, "/training", append(pairs, "after", "")...) }
	chip := func(field, value, text string) ui.Chip {
		return ui.Chip{Text: text, Href: link(field, value), Current: q.Get(field) == value}
	}
	total := map[training.State]int{}
	asked, without := 0, 0
	courses := []ui.Chip{chip("course", "", "All courses")}
	for _, c := range o.Sums {
		courses = append(courses, chip("course", c.Course, fmt.Sprintf("%s %d", c.Title, c.Asked)))
		if f.Course != "" && f.Course != c.Course {
			continue
		}
		for st, n := range c.States {
			total[st] += n
		}
		asked, without = asked+c.Asked, without+c.Login
	}
	states := []ui.Chip{chip("state", "", fmt.Sprintf("All who are asked %d", asked))}
	for _, st := range training.States() {
		states = append(states, chip("state", string(st), fmt.Sprintf("%s %d", screen.Capital(st.Words()), total[st])))
	}
	about := []ui.Chip{chip("kind", "", "Anybody"), chip("kind", training.Employee, "Employees"), chip("kind", training.Contractor, "Contractors"), chip("login", map[bool]string{true: "", false: "no"}[f.Login == "no"], fmt.Sprintf("Without a login %d", without))}
	about[3].Current = f.Login == "no"
	how := []ui.Chip{chip("how", "", "However known"), chip("how", training.ByQuiz, "Questions answered here"), chip("how", training.ByImport, "Imported")}
	v := ui.ListView{Title: "Everybody has completed what is due", Note: "Each person and each course that they must take. A course is completed by its questions, graded here, or by the file of another system; nobody is trained because somebody typed it.",
		Labels: []string{"Course", "State", "People", "Known by"}, Chips: [][]ui.Chip{courses, states, about, how}, Undo: "/training", None: "Nobody matches.",
		Search: ui.SearchBox{Path: "/training", Value: f.Query, Label: "Name, mail, team", Hidden: slices.Concat(screen.Hidden("course", f.Course), screen.Hidden("state", string(f.State)), screen.Hidden("kind", f.Kind), screen.Hidden("login", f.Login), screen.Hidden("how", f.How), screen.Hidden("team", f.Team))},
		More:   []ui.Link{{Text: "Courses", Href: "/training/courses"}}}
	if n := total[training.Late]; n > 0 {
		v.Title = ui.Many(n, "training is", "trainings are") + " late"
		if n := total[training.Open]; n > 0 {
			v.Title += fmt.Sprintf(", %d more are open", n)
		}
	} else if n := total[training.Open]; n > 0 {
		v.Title = ui.Many(n, "training is", "trainings are") + " open, none is late"
	}
	if f.Team != "" {
		v.Labels, v.Chips = append(v.Labels, "Team"), append(v.Chips, []ui.Chip{{Text: f.Team, Current: true, Href: link("team", f.Team)}, {Text: "Any team", Href: link("team", "")}})
	}
	if r.May(access.TrainingManage) {
		v.More = append(v.More, ui.Link{Text: "Import completions", Href: "/training/import"})
	}
	if asked == 0 && f.Course == "" && total[training.NoNeed] == 0 {
		v.Title = "Nobody must take a course yet"
		v.Empty = &ui.Empty{Title: "Begin with security awareness for everyone", Text: "Five courses come with the program, each read in half an hour, with questions that are graded here. Take one into use, say who must take it and within how many days; from then on what is due follows by itself, and people are reminded. What another system knows of earlier courses is imported.",
			Criteria: []ui.Link{{Text: "CC1.4", Href: "/criteria/CC1.4"}, {Text: "CC2.2", Href: "/criteria/CC2.2"}}, Until: "Until then nothing shows that people know what is expected of them.", Actions: []ui.Link{{Text: "Look at the courses", Href: "/training/courses"}}}
	}
	v.Table = ui.Table{Caption: "People and courses, by name", Columns: []ui.Column{{Text: "Person"}, {Text: "Course"}, {Text: "State"}, {Text: "Due"}, {Text: "Completed"}, {Text: "Score", N: true}, {Text: "Reason"}}}
	for _, x := range o.Rows {
		row := ui.TableRow{Head: ui.Link{Text: x.Name, Href: "/training/people/" + x.Person}, Meta: x.Team}
		if !x.Login {
			row.Tag = "no login"
		}
		done := ui.Cell{Text: r.Words.Date(x.Completed.Time())}
		if x.Completed == 0 {
			done = ui.Cell{Text: "not yet", Muted: true}
		} else if x.How == training.ByImport {
			done.Meta = "imported"
		}
		due := ui.Cell{Text: r.Words.Date(x.Due.Time()), Bad: x.State == training.Late}
		if x.Due == 0 {
			due = ui.Cell{Text: "none", Muted: true}
		}
		row.Cells = []ui.Cell{{Links: []ui.Link{{Text: x.Title, Href: "/training/courses/" + x.Course}}}, {Text: x.State.Words(), Bad: x.State == training.Late}, due, done, {Text: screen.OrElse(percent(x.Score), "none"), N: true, Muted: x.Score < 0}, {Text: x.Reason}}
		v.Table.Rows = append(v.Table.Rows, row)
	}
	next := ""
	if o.Next > 0 {
		next = strconv.Itoa(o.Next)
	}
	v.Table.Pager = screen.Pager(len(o.Rows), int64(o.Total), q, "/training", next)
	return r.Render(w, http.StatusOK, ui.List(r.Shell(w, "Training", "Organise", "Training"), v))
}

// person answers: what has this one taken, and what is owed?
func (s *site) person(w http.ResponseWriter, r *screen.Request) error {
	return s.showPerson(w, r, nil)
}

func (s *site) showPerson(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	ctx, id := r.Context(), r.PathValue("person")
	p, err := s.cfg.Training.Person(ctx, r.Who, id)
	if err != nil {
		return err
	}
	tried, err := s.cfg.Training.Attempts(ctx, r.Who, id)
	if err != nil {
		return err
	}
	titles := map[string]string{}
	stand := ui.Table{Caption: "Courses", Columns: []ui.Column{{Text: "Course"}, {Text: "State"}, {Text: "Due"}, {Text: "Completed"}, {Text: "Version still counts"}, {Text: "Reason"}}}
	late := 0
	for _, x := range p.Rows {
		titles[x.Course] = x.Title
		if x.State == training.Late {
			late++
		}
		stand.Rows = append(stand.Rows, ui.TableRow{Head: ui.Link{Text: x.Title, Href: "/training/courses/" + x.Course}, Cells: []ui.Cell{{Text: x.State.Words(), Bad: x.State == training.Late}, {Text: screen.OrElse(r.Words.Date(x.Due.Time()), "none")},
			{Text: screen.OrElse(r.Words.Date(x.Completed.Time()), "not yet")}, {Outcome: ui.Outcome(x.Current)}, {Text: x.Reason}}})
	}
	done := ui.Table{Caption: "Completions, newest first", Columns: []ui.Column{{Text: "Course"}, {Text: "Day"}, {Text: "Version", N: true}, {Text: "Score", N: true}, {Text: "Known by"}, {Text: "Record"}}}
	for _, c := range p.Completions {
		how := ui.Cell{Links: []ui.Link{{Text: "questions answered here", Href: "/training/results/" + c.Attempt}}}
		version := strconv.Itoa(c.Version)
		if c.How == training.ByImport {
			how = ui.Cell{Links: []ui.Link{{Text: fmt.Sprintf("import %d", c.Import), Href: fmt.Sprintf("/training/imports/%d", c.Import)}}}
			version = "not said"
		}
		done.Rows = append(done.Rows, ui.TableRow{Head: ui.Link{Text: screen.OrElse(titles[c.Course], c.Course)}, Cells: []ui.Cell{{Text: r.Words.Date(c.Day.Time())}, {Text: version, N: true}, {Text: screen.OrElse(percent(c.Score), "not said"), N: true}, how, {Links: []ui.Link{screen.EntryLink(c.Made.Entry, c.Made.Index)}}}})
	}
	attempts := ui.Table{Caption: "Answers handed in, newest first", Columns: []ui.Column{{Text: "Course"}, {Text: "Handed in"}, {Text: "Right"}, {Text: "Enough"}}}
	for _, a := range tried {
		attempts.Rows = append(attempts.Rows, ui.TableRow{Head: ui.Link{Text: a.Title, Href: "/training/results/" + a.Attempt}, Cells: []ui.Cell{{Moment: r.Words.At(a.Done)}, {Text: fmt.Sprintf("%d of %d", a.Correct, a.Of)}, {Text: map[bool]string{true: "yes", false: "no"}[a.Passed], Bad: !a.Passed}}})
	}
	away := ui.Table{Caption: "Absences", Columns: []ui.Column{{Text: "From"}, {Text: "To"}, {Text: "Recorded by"}}}
	var ids []string
	for _, a := range p.Away {
		ids = append(ids, a.Made.By)
	}
	names := r.Names(ids)
	for _, a := range p.Away {
		row := ui.TableRow{Head: ui.Link{Text: r.Words.Date(a.From.Time())}, Cells: []ui.Cell{{Text: r.Words.Date(a.To.Time())}, {Text: screen.Who(names, a.Made.By)}}}
		if r.May(access.TrainingManage) {
			row.Meta = a.Why
		}
		away.Rows = append(away.Rows, row)
	}
	absences := ui.Block{ID: "away", Title: "Absences", Meta: "their days do not count towards a due date", Table: &away, None: "None is recorded."}
	if r.May(access.TrainingManage) && p.Member.UserID != r.Who.UserID {
		form := ui.Form{ID: "absent", Action: "/training/people/" + id, Summary: "Record an absence", Button: "Record it", Quiet: true, Note: "The reason is seen by those who keep training only, and stands in no list. Keep it general: leave, illness.",
			Fields: []ui.Field{{Name: "from", Label: "First day", Kind: "date", Must: true}, {Name: "to", Label: "Last day, as expected", Kind: "date", Must: true}, {Name: "why", Label: "Reason", Must: true}}}
		t.Fill(&form)
		absences.Forms = []ui.Form{form}
	}
	v := ui.RecordView{Crumbs: []ui.Link{{Text: "Training", Href: "/training"}, {Text: p.Member.Name}}, Title: p.Member.Name, Line: []string{p.Member.Kind, screen.OrElse(p.Member.Team, "no team"), screen.OrElse(p.Member.Title, "no title")}, FactsOf: "Who it is",
		Facts:  []ui.Fact{{Term: "Mail", Text: screen.OrElse(p.Member.Mail, "not known")}, {Term: "Here since", Text: r.Words.Date(p.Member.From)}, {Term: "Login", Text: map[bool]string{true: "yes", false: "none: courses cannot be taken here, only imported"}[p.Member.UserID != ""]}},
		Blocks: []ui.Block{{ID: "courses", Title: "Courses", Table: &stand, None: "No course is asked of this person."}, {ID: "done", Title: "Completions", Table: &done, None: "None yet."}, {ID: "tried", Title: "Answers", Table: &attempts, None: "None were handed in."}, absences}}
	if !p.Member.Left.IsZero() {
		v.State = "left on " + r.Words.Date(p.Member.Left)
	}
	if late > 0 {
		v.Bad = ui.Many(late, "training is", "trainings are") + " late"
	}
	if p.Member.ID != p.Member.UserID && r.May(access.PeopleRead) {
		v.Links = []ui.Link{{Text: "In the register", Href: "/people/" + p.Member.ID}}
	}
	return r.Render(w, t.Status(), ui.Record(r.Shell(w, p.Member.Name, "Organise", "Training"), v))
}

// absent records an absence.
func (s *site) absent(w http.ResponseWriter, r *screen.Request) error {
	in := training.Absence{Person: r.PathValue("person"), Why: r.PostForm.Get("why")}
	var err error
	if in.From, err = training.ParseDay(r.PostForm.Get("from"), "from"); err == nil {
		if in.To, err = training.ParseDay(r.PostForm.Get("to"), "to"); err == nil {
			err = s.cfg.Training.Absent(r.Context(), r.Who, in)
		}
	}
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showPerson(w, r, t)
	}
	return r.Done(w, "The absence is recorded.", "/training/people/"+in.Person)
}
