package training

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/training"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// courses answers: what can be learned here, and who must?
func (s *site) courses(w http.ResponseWriter, r *screen.Request) error {
	ctx := r.Context()
	plan, err := s.cfg.Training.Plan(ctx, r.Who)
	if err != nil {
		return err
	}
	o, err := s.cfg.Training.Overview(ctx, r.Who, training.Filter{}, 0, 1)
	if err != nil {
		return err
	}
	sums := map[string]training.Sum{}
	for _, x := range o.Sums {
		sums[x.Course] = x
	}
	v := ui.ListView{Crumbs: []ui.Link{{Text: "Training", Href: "/training"}, {Text: "Courses"}}, Title: ui.Many(len(plan.Order), "course is", "courses are") + " in use", Note: "Five come with the program. A course of another system is entered by its title, and its completions are imported.",
		Table: ui.Table{Caption: "Courses", Columns: []ui.Column{{Text: "Course"}, {Text: "State"}, {Text: "Who must take it"}, {Text: "Completed", N: true}, {Text: "Open", N: true}, {Text: "Late", N: true}}}}
	if r.May(access.TrainingManage) {
		v.More = []ui.Link{{Text: "Enter a course of another system", Href: "/training/elsewhere"}}
	}
	add := func(c *training.Course, run *training.Running) {
		row := ui.TableRow{Head: ui.Link{Text: c.Title, Href: "/training/courses/" + c.ID}, Meta: fmt.Sprintf("%d minutes, again after %d months", c.Minutes, c.Months)}
		if run == nil {
			row.Cells = []ui.Cell{{Text: "not in use", Muted: true}, {Text: "made for " + c.Suggested.Says(), Muted: true}, {Text: "none", N: true, Muted: true}, {Text: "none", N: true, Muted: true}, {Text: "none", N: true, Muted: true}}
			v.Table.Rows = append(v.Table.Rows, row)
			return
		}
		state := ui.Cell{Text: fmt.Sprintf("version %d in use", run.Newest().Version)}
		if run.Newest().Elsewhere != "" {
			state = ui.Cell{Text: "taken in " + run.Newest().Elsewhere}
		} else if shipped := s.cfg.Training.Book().Get(c.ID); shipped != nil && shipped.Version > run.Newest().Version {
			state.Meta = fmt.Sprintf("version %d can be taken into use", shipped.Version)
		}
		who := ui.Cell{Text: "nobody", Muted: true}
		if now := run.Now(); now != nil {
			who = ui.Cell{Text: now.Audience.Says(), Meta: fmt.Sprintf("within %d days", now.Days)}
		}
		sum := sums[c.ID]
		row.Cells = []ui.Cell{state, who, {Text: strconv.Itoa(sum.States[training.Done] + sum.States[training.Renew]), N: true}, {Text: strconv.Itoa(sum.States[training.Open]), N: true}, {Text: strconv.Itoa(sum.States[training.Late]), N: true, Bad: sum.States[training.Late] > 0}}
		v.Table.Rows = append(v.Table.Rows, row)
	}
	for _, c := range s.cfg.Training.Book().Courses {
		add(c, plan.Courses[c.ID])
	}
	for _, id := range plan.Order {
		if s.cfg.Training.Book().Get(id) == nil {
			add(&plan.Courses[id].Newest().Course, plan.Courses[id])
		}
	}
	v.Table.Pager.Text = ui.Many(len(v.Table.Rows), "course", "courses")
	return r.Render(w, http.StatusOK, ui.List(r.Shell(w, "Courses", "Organise", "Training"), v))
}

// course answers: what does it teach, who must take it, since when?
func (s *site) course(w http.ResponseWriter, r *screen.Request) error {
	return s.showCourse(w, r, "", nil)
}

func (s *site) showCourse(w http.ResponseWriter, r *screen.Request, which string, t *screen.Typed) error {
	ctx, id := r.Context(), r.PathValue("course")
	plan, err := s.cfg.Training.Plan(ctx, r.Who)
	if err != nil {
		return err
	}
	run, shipped := plan.Courses[id], s.cfg.Training.Book().Get(id)
	c := shipped
	if run != nil {
		c = &run.Newest().Course
	}
	if c == nil {
		return fault.New(fault.NotFound, "there is no course %.60q", id)
	}
	v := ui.RecordView{Crumbs: []ui.Link{{Text: "Training", Href: "/training"}, {Text: "Courses", Href: "/training/courses"}, {Text: c.Title}}, Title: c.Title, FactsOf: "The course", Zone: "times in " + r.Words.Zone.String(), State: "not in use",
		Line:  []string{fmt.Sprintf("%d minutes", c.Minutes), fmt.Sprintf("again after %d months", c.Months)},
		Facts: []ui.Fact{{Term: "Short name", Text: c.ID, Mono: true}, {Term: "Teaches", Text: c.Summary}, {Term: "Made for", Text: c.Suggested.Says()}, {Term: "Criteria", Text: strings.Join(c.Criteria, ", ")}}}
	if c.Quiz() {
		v.Facts = append(v.Facts, ui.Fact{Term: "Questions", Text: fmt.Sprintf("%d of %d are drawn; %d %% must be right", min(c.DrawN, len(c.Questions)), len(c.Questions), c.PassMark)})
	} else {
		v.Facts = append(v.Facts, ui.Fact{Term: "Taken in", Text: c.Elsewhere})
	}
	if run != nil {
		v.State = fmt.Sprintf("version %d in use", c.Version)
		o, err := s.cfg.Training.Overview(ctx, r.Who, training.Filter{Course: id}, 0, 1)
		if err != nil {
			return err
		}
		for _, x := range o.Sums {
			if x.Course == id {
				v.Figures = []ui.Figure{{Term: "Asked", Value: ui.Number(x.Asked), Note: fmt.Sprintf("%d without a login", x.Login)}, {Term: "Completed", Value: ui.Number(x.States[training.Done] + x.States[training.Renew])}, {Term: "Open", Value: ui.Number(x.States[training.Open])}, {Term: "Late", Value: ui.Number(x.States[training.Late]), Bad: x.States[training.Late] > 0}}
			}
		}
		v.Links = []ui.Link{{Text: "Who must take it", Href: "/training?course=" + url.QueryEscape(id)}}
		v.History = history(r, run)
	}
	v.Blocks = append(v.Blocks, s.assignment(r, run, c, shipped, which, t))
	if c.Quiz() {
		lessons := ui.Table{Caption: "Lessons", Columns: []ui.Column{{Text: "Lesson"}, {Text: "Words", N: true}, {Text: "Questions about it", N: true}}}
		for n, l := range c.Lessons {
			about := 0
			for _, q := range c.Questions {
				if q.Lesson == l.ID {
					about++
				}
			}
			head := ui.Link{Text: fmt.Sprintf("%d. %s", n+1, l.Title)}
			if run != nil && run.Now() != nil && r.May(access.OwnTrainingRead) {
				head.Href = "/my/training/" + id + "?lesson=" + url.QueryEscape(l.ID)
			}
			lessons.Rows = append(lessons.Rows, ui.TableRow{Head: head, Cells: []ui.Cell{{Text: strconv.Itoa(len(strings.Fields(l.Text))), N: true}, {Text: strconv.Itoa(about), N: true}}})
		}
		v.Blocks = append(v.Blocks, ui.Block{ID: "lessons", Title: "Lessons", Table: &lessons})
		if r.May(access.TrainingManage) {
			ask := ui.Table{Caption: "Questions", Columns: []ui.Column{{Text: "Question"}, {Text: "Right"}, {Text: "Because"}}}
			for _, q := range c.Questions {
				var right []string
				for _, a := range q.Answers {
					if a.Right {
						right = append(right, a.Text)
					}
				}
				ask.Rows = append(ask.Rows, ui.TableRow{Head: ui.Link{Text: q.Ask}, Cells: []ui.Cell{{Text: strings.Join(right, "; ")}, {Text: q.Why}}})
			}
			v.Blocks = append(v.Blocks, ui.Block{ID: "questions", Title: "Questions", Meta: "seen by those who keep training", Table: &ask})
		}
	}
	return r.Render(w, t.Status(), ui.Record(r.Shell(w, c.Title, "Organise", "Training"), v))
}

func history(r *screen.Request, run *training.Running) []ui.Step {
	type step struct {
		made training.Made
		text string
	}
	var all []step
	for _, x := range run.Versions {
		text := fmt.Sprintf("Version %d was taken into use", x.Version)
		if x.Retake {
			text += "; whoever completed an earlier one takes it again"
		}
		all = append(all, step{x.Made, text})
	}
	for _, x := range run.Assigned {
		text := fmt.Sprintf("Assigned to %s, within %d days", x.Audience.Says(), x.Days)
		if x.Over {
			text = "Withdrawn: nobody must take it"
		}
		if x.Note != "" {
			text += ": “" + x.Note + "”"
		}
		all = append(all, step{x.Made, text})
	}
	slices.SortStableFunc(all, func(a, b step) int { return b.made.At.Compare(a.made.At) })
	var ids []string
	for _, x := range all {
		ids = append(ids, x.made.By)
	}
	names := r.Names(ids)
	var out []ui.Step
	for _, x := range all {
		out = append(out, ui.Step{At: r.Words.At(x.made.At), Text: x.text, By: "by " + screen.Who(names, x.made.By), Entry: screen.EntryLink(x.made.Entry, x.made.Index)})
	}
	return out
}

// assignment is who must take a course, with the forms that change it.
func (s *site) assignment(r *screen.Request, run *training.Running, c, shipped *training.Course, which string, t *screen.Typed) ui.Block {
	b := ui.Block{ID: "who", Title: "Who must take it", Text: []string{"It is not in use: nobody can take it yet."}}
	if run != nil {
		if b.Text = []string{"Nobody must take it."}; run.Now() != nil {
			now := run.Now()
			b.Text = []string{screen.Capital(now.Audience.Says()) + fmt.Sprintf(", within %d days: from the assignment on %s, the first day, a move into the audience, or a version that asks for it.", now.Days, r.Words.Date(now.Made.Day.Time()))}
		}
	}
	if !r.May(access.TrainingManage) {
		return b
	}
	add := func(f ui.Form) {
		f.Action = "/training/courses/" + c.ID + "/" + f.ID
		if f.ID == which {
			t.Fill(&f)
		}
		b.Forms = append(b.Forms, f)
	}
	if run == nil {
		add(ui.Form{ID: "publish", Button: "Take it into use"})
		return b
	}
	if shipped != nil && shipped.Version > run.Newest().Version {
		yes := map[bool]string{true: "yes", false: "no"}[shipped.Retake]
		add(ui.Form{ID: "publish", Summary: fmt.Sprintf("Take version %d into use", shipped.Version), Open: true, Button: "Take it into use", Fields: []ui.Field{{Name: "retake", Label: "Does whoever completed an earlier version take this one?", Hint: "The course itself says: " + yes + ".", Kind: "select", Options: []ui.Option{{Value: "yes", Text: "Yes, within the days of the assignment", Selected: yes == "yes"}, {Value: "no", Text: "No, when it is due anyway", Selected: yes == "no"}}}}})
	}
	now, days, audience := run.Now(), "30", c.Suggested
	summary := "Say who must take it"
	if now != nil {
		days, audience, summary = strconv.Itoa(now.Days), now.Audience, "Say anew who must take it"
	}
	whom := ui.Field{Name: "whom", Label: "Who", Kind: "select"}
	for _, o := range [][2]string{{"everyone", "Everyone"}, {"employees", "Employees"}, {"contractors", "Contractors"}, {"titles", "People with certain job titles"}, {"teams", "Certain teams"}} {
		whom.Options = append(whom.Options, ui.Option{Value: o[0], Text: o[1], Selected: o[0] == string(audience.Whom)})
	}
	add(ui.Form{ID: "assign", Summary: summary, Open: now == nil, Quiet: now != nil, Button: "Assign it", Fields: []ui.Field{whom, {Name: "words", Label: "Which job titles or teams", Hint: "One on a line. Of a job title a part is enough: engineer.", Kind: "long", Value: strings.Join(audience.Words, "\n")},
		{Name: "days", Label: "Days to complete it", Value: days, Must: true}, {Name: "note", Label: "Note"}}})
	if now != nil {
		add(ui.Form{ID: "withdraw", Summary: "Withdraw it", Button: "Withdraw it", Danger: true, Note: "Nobody must take it from then on. What was completed, and what was late, stays.", Fields: []ui.Field{{Name: "note", Label: "Why", Kind: "long", Must: true}}})
	}
	return b
}

// decide does what a form of a course says.
func (s *site) decide(w http.ResponseWriter, r *screen.Request) error {
	ctx, id, verb, form := r.Context(), r.PathValue("course"), r.PathValue("verb"), r.PostForm
	var err error
	said := ""
	switch verb {
	case "publish":
		in := training.Publish{Course: id}
		if form.Has("retake") {
			yes := form.Get("retake") == "yes"
			in.Retake = &yes
		}
		said = "The course is in use."
		_, err = s.cfg.Training.Publish(ctx, r.Who, in)
	case "assign":
		in := training.Assign{Course: id, Audience: training.Audience{Whom: training.Whom(form.Get("whom"))}, Note: form.Get("note")}
		if in.Audience.Whom == training.Titles || in.Audience.Whom == training.Teams {
			in.Audience.Words = screen.Listed(form.Get("words"))
		}
		if in.Days, err = strconv.Atoi(strings.TrimSpace(form.Get("days"))); err != nil {
			err = fault.Wrap(fault.Invalid, err, "%.20q is no whole number", form.Get("days")).At("", 0, "days")
			break
		}
		said = "The course is assigned; whoever must take it is told."
		_, err = s.cfg.Training.Assign(ctx, r.Who, in)
	case "withdraw":
		said = "The course is withdrawn."
		_, err = s.cfg.Training.Withdraw(ctx, r.Who, id, form.Get("note"))
	default:
		return fault.New(fault.NotFound, "nothing of a course is called %.40q", verb)
	}
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showCourse(w, r, verb, t)
	}
	return r.Done(w, said, "/training/courses/"+id)
}

// elsewhere enters a course that another system gives.
func (s *site) elsewhere(w http.ResponseWriter, r *screen.Request) error {
	return s.showElsewhere(w, r, nil)
}

func (s *site) showElsewhere(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	f := ui.Form{ID: "elsewhere", Action: "/training/courses", Button: "Enter it", Fields: []ui.Field{{Name: "title", Label: "Title", Must: true}, {Name: "id", Label: "Short name", Hint: "Lower-case letters, digits and hyphens. Files of completions may use it.", Must: true}, {Name: "system", Label: "Where it is taken", Must: true},
		{Name: "summary", Label: "What it teaches", Kind: "long", Must: true}, {Name: "minutes", Label: "Minutes that it takes", Value: "60", Must: true}, {Name: "months", Label: "Months until it is taken again", Value: "12", Must: true}}}
	t.Fill(&f)
	v := ui.FormView{Crumbs: []ui.Link{{Text: "Training", Href: "/training"}, {Text: "Courses", Href: "/training/courses"}, {Text: "Another system"}}, Title: "Enter a course of another system", Note: "It can be assigned like a course of ours. That somebody completed it is known by importing a file.", Form: f}
	return r.Render(w, t.Status(), ui.FormPage(r.Shell(w, v.Title, "Organise", "Training"), v))
}

func (s *site) addElsewhere(w http.ResponseWriter, r *screen.Request) error {
	form := r.PostForm
	in := training.Elsewhere{ID: form.Get("id"), Title: form.Get("title"), Summary: form.Get("summary"), System: form.Get("system")}
	var err error
	for _, x := range []struct {
		name string
		into *int
	}{{"minutes", &in.Minutes}, {"months", &in.Months}} {
		if *x.into, err = strconv.Atoi(strings.TrimSpace(form.Get(x.name))); err != nil {
			err = fault.Wrap(fault.Invalid, err, "%.20q is no whole number", form.Get(x.name)).At("", 0, x.name)
			break
		}
	}
	if err == nil {
		_, err = s.cfg.Training.AddElsewhere(r.Context(), r.Who, in)
	}
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showElsewhere(w, r, t)
	}
	return r.Done(w, in.Title+" is entered. Say who must take it.", "/training/courses/"+strings.TrimSpace(in.ID))
}
