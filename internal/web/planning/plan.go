package planning

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/posture/gap"
	"github.com/attesta/attesta/internal/posture/readiness"
	"github.com/attesta/attesta/internal/program/plan"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// row is a task with its place in the schedule.
type row struct {
	plan.Task
	slot   plan.Slot
	placed bool
	gone   bool // its gap is gone: the next look closes it
}

// shownTasks gives the tasks that an address asks for, in the order of the
// schedule, what is over last.
func (s *site) shownTasks(r *screen.Request) (rows []row, o readiness.Outlook, err error) {
	q := r.URL.Query()
	state, due, owner, text := q.Get("state"), q.Get("due"), q.Get("owner"), strings.ToLower(q.Get("q"))
	if state != "" && state != "left" && state != "waiting" && !slices.Contains(plan.States(), plan.State(state)) {
		return nil, o, fault.New(fault.Invalid, "%q is no state of a task", state)
	}
	if due != "" && due != "late" && due != "critical" {
		return nil, o, fault.New(fault.Invalid, "%q is nothing that can be due", due).WithHint("late or critical")
	}
	if o, err = s.cfg.Readiness.Outlook(r.Context(), r.Who); err != nil {
		return nil, o, err
	}
	for _, t := range o.Tasks {
		x := row{Task: t, gone: slices.Contains(o.Gone, t.Number)}
		x.slot, x.placed = o.Schedule.Slot(t.Number)
		switch {
		case state == "left" && t.State.Over(), state == "waiting" && t.Waiting == "", state != "" && state != "left" && state != "waiting" && string(t.State) != state,
			due == "late" && !t.Late(r.Now), due == "critical" && !x.slot.Critical, owner != "" && owner != t.Owner && (owner != "-" || t.Owner != ""),
			text != "" && !strings.Contains(strings.ToLower(t.Ref()+" "+t.Title+" "+t.Role+" "+t.About.Ref), text):
			continue
		}
		rows = append(rows, x)
	}
	slices.SortStableFunc(rows, func(a, b row) int {
		if a.placed != b.placed {
			if a.placed {
				return -1
			}
			return 1
		}
		if !a.placed {
			return b.Updated.Compare(a.Updated)
		}
		return a.slot.Start.Compare(b.slot.Start)
	})
	return rows, o, nil
}

func owners(list []row) []string {
	var ids []string
	for _, x := range list {
		if x.Owner != "" && !slices.Contains(ids, x.Owner) {
			ids = append(ids, x.Owner)
		}
	}
	return ids
}

// plan answers: what is to be done, in which order, and does it end in time?
func (s *site) plan(w http.ResponseWriter, r *screen.Request) error {
	rows, o, err := s.shownTasks(r)
	if err != nil {
		return err
	}
	gather, err := s.cfg.Readiness.Gather(r.Context())
	if err != nil {
		return err
	}
	q := r.URL.Query()
	ids := owners(rows)
	for _, l := range o.Schedule.Loads {
		ids = append(ids, l.Owner)
	}
	names := r.Names(ids)
	by, late, waiting := map[plan.State]int{}, 0, 0
	for i := range o.Tasks {
		by[o.Tasks[i].State]++
		if o.Tasks[i].Late(r.Now) {
			late++
		}
		if o.Tasks[i].Waiting != "" {
			waiting++
		}
	}
	chip := func(text, key, value string) ui.Chip {
		return ui.Chip{Text: text, Href: screen.With(q, "/plan", key, value, "after", ""), Current: q.Get(key) == value}
	}
	states := []ui.Chip{chip(fmt.Sprintf("All %d", len(o.Tasks)), "state", ""), chip(fmt.Sprintf("Left %d", len(o.Schedule.Slots)), "state", "left"), chip(fmt.Sprintf("Waiting %d", waiting), "state", "waiting")}
	for _, st := range plan.States() {
		states = append(states, chip(fmt.Sprintf("%s %d", screen.Capital(st.Words()), by[st]), "state", string(st)))
	}
	v := ui.ListView{Title: planTitle(r, o), Note: s.planNote(r, o), Labels: []string{"State", "Due", "Whose"}, Undo: "/plan", None: "No task matches.",
		Chips:  [][]ui.Chip{states, {chip("Whenever", "due", ""), chip(fmt.Sprintf("Late %d", late), "due", "late"), chip(fmt.Sprintf("Critical %d", len(critical(o))), "due", "critical")}, {chip("Everybody's", "owner", ""), chip("Mine", "owner", r.Who.UserID), chip("Nobody's", "owner", "-")}},
		Search: ui.SearchBox{Path: "/plan", Value: q.Get("q"), Label: "Title, number, role", Hidden: slices.Concat(screen.Hidden("state", q.Get("state")), screen.Hidden("due", q.Get("due")), screen.Hidden("owner", q.Get("owner")))},
		Table:  ui.Table{Caption: "Tasks, in the order in which they can be done", Columns: []ui.Column{{Text: "Task"}, {Text: "State"}, {Text: "Owner"}, {Text: "Due"}, {Text: "Can be done"}, {Text: "Slack"}, {Text: "Waits for"}}}}
	if r.May(access.TaskEdit) {
		v.Action, v.More = ui.Link{Text: "Make a task", Href: "/plan/new"}, []ui.Link{{Text: "Make tasks of gaps", Href: "/plan/make"}}
	}
	if len(o.Tasks) == 0 {
		v.Title = "There is no plan yet"
		v.Empty = &ui.Empty{Title: "Begin from the gaps", Text: fmt.Sprintf("%s without a task. A task is made for each that you choose: technical work first, what it waits for, and the last day on which it can be done. Such a task closes when its gap is gone, and by nobody's word.", ui.Many(len(o.Loose), "gap is", "gaps are")),
			Criteria: []ui.Link{{Text: "CC4.2", Href: "/criteria/CC4.2"}, {Text: "CC5.3", Href: "/criteria/CC5.3"}}, Until: "Until then nothing says who does what by when."}
		if r.May(access.TaskEdit) {
			v.Empty.Actions = []ui.Link{{Text: "Choose gaps", Href: "/plan/make"}, {Text: "Write a task", Href: "/plan/new"}}
		}
	}
	total, next := len(rows), ""
	if at := slices.IndexFunc(rows, func(x row) bool { return x.Ref() == q.Get("after") }); at >= 0 {
		rows = rows[at+1:]
	}
	if len(rows) > screen.PageSize {
		rows = rows[:screen.PageSize]
		next = rows[screen.PageSize-1].Ref()
	}
	for _, x := range rows {
		v.Table.Rows = append(v.Table.Rows, s.planRow(r, x, o, names))
	}
	v.Table.Pager = screen.Pager(len(rows), int64(total), q, "/plan", next)
	if len(gather) > 0 {
		v.After, v.Heads = append(v.After, gatherTable(r, gather)), append(v.Heads, "Instances that can still be gathered before the window ends")
	}
	if len(o.Schedule.Loads) > 0 {
		v.After, v.Heads = append(v.After, loadTable(o, names)), append(v.Heads, "What lies before each person")
	}
	return r.Render(w, http.StatusOK, ui.List(r.Shell(w, "Plan", "Comply", "Plan"), v))
}

func critical(o readiness.Outlook) []int {
	var out []int
	for _, x := range o.Schedule.Slots {
		if x.Critical {
			out = append(out, x.Number)
		}
	}
	return out
}

func planTitle(r *screen.Request, o readiness.Outlook) string {
	n := len(o.Schedule.Slots)
	title := ui.Many(n, "task is left", "tasks are left")
	switch {
	case n == 0:
	case o.Target.At.IsZero():
		title += ", and can be done by " + r.Words.LastDay(o.Schedule.End)
	case o.Schedule.Spare < 0:
		title += fmt.Sprintf(", and end %s working days too late", plan.Days(-o.Schedule.Spare))
	default:
		title += fmt.Sprintf(", with %s working days to spare", plan.Days(o.Schedule.Spare))
	}
	return title
}

func (s *site) planNote(r *screen.Request, o readiness.Outlook) string {
	note := screen.Capital(o.Target.Words) + ". "
	if len(o.Schedule.Path) > 0 {
		var refs []string
		for _, n := range o.Schedule.Path {
			refs = append(refs, fmt.Sprintf("T-%d", n))
		}
		note += "Critical path: " + words(refs, 12) + "; a day lost there moves the end. "
	}
	return note + "The order is computed: each task after those it waits for, one after another for each owner, technical work first."
}

func (s *site) planRow(r *screen.Request, x row, o readiness.Outlook, names map[string]string) ui.TableRow {
	out := ui.TableRow{Head: ui.Link{Text: x.Title, Href: "/tasks/" + x.Ref()}, Meta: x.Ref()}
	if x.Technical {
		out.Meta += ", technical"
	}
	if x.Every != "" {
		out.Meta += ", " + x.Every
	}
	if x.slot.Critical {
		out.Tag = "critical"
	}
	state := ui.Cell{Text: x.State.Words(), Bad: x.State == plan.Said}
	switch {
	case x.gone:
		state.Meta = "its gap is gone; it closes by itself"
	case x.State == plan.Said:
		state.Meta = "the gap is still there"
	case x.Waiting != "":
		state.Meta = "waits on " + x.Waiting + " since " + r.Words.Day(x.Since)
	case x.Asleep(r.Now):
		state.Meta = "sleeps until " + r.Words.Day(x.Snoozed)
	case x.State == plan.Done && x.Derived:
		state.Meta = "the gap is gone"
	}
	owner := ui.Cell{Text: "nobody yet", Muted: true, Meta: x.Role}
	if x.Owner != "" {
		owner = ui.Cell{Text: screen.Who(names, x.Owner)}
	}
	due := ui.Cell{Text: "no day", Muted: true}
	if !x.Due.IsZero() {
		due = ui.Cell{Text: r.Words.LastDay(x.Due), Bad: x.Late(r.Now)}
		if x.Late(r.Now) {
			due.Meta = "late"
		}
	}
	can, slack := ui.Cell{}, ui.Cell{}
	if x.placed {
		can = ui.Cell{Text: r.Words.Day(x.slot.Start) + " to " + r.Words.LastDay(x.slot.End), Meta: work(x.Effort) + " of work", Bad: x.slot.Late}
		if x.slot.Behind != 0 {
			can.Meta += fmt.Sprintf(", after T-%d of the same person", x.slot.Behind)
		}
		if slack = (ui.Cell{Text: plan.Days(max(0, x.slot.Slack)) + " days"}); o.Target.At.IsZero() {
			slack = ui.Cell{Text: "no target", Muted: true}
		} else if x.slot.Slack < 0 {
			slack = ui.Cell{Text: plan.Days(-x.slot.Slack) + " days too late", Bad: true}
		}
	}
	return ui.TableRow{Head: out.Head, Tag: out.Tag, Meta: out.Meta, Cells: []ui.Cell{state, owner, due, can, slack, {Links: refs(x.After)}}}
}

func refs(numbers []int) []ui.Link {
	var out []ui.Link
	for _, n := range numbers {
		out = append(out, ui.Link{Text: fmt.Sprintf("T-%d", n), Href: fmt.Sprintf("/tasks/T-%d", n)})
	}
	return out
}

func gatherTable(r *screen.Request, list []readiness.Gathering) ui.Table {
	t := ui.Table{Caption: "Controls that people perform, those that cannot be shown any more first", Columns: []ui.Column{{Text: "Control"}, {Text: "Shown", N: true}, {Text: "Missed", N: true}, {Text: "Can be performed", N: true}, {Text: "Only evidence lacks", N: true}, {Text: "Next by"}, {Text: "Last by"}}}
	for _, g := range list {
		row := ui.TableRow{Head: ui.Link{Text: fmt.Sprintf("C-%d %s", g.Number, g.Title), Href: "/controls/" + g.Slug}, Meta: g.Rhythm}
		if g.Key {
			row.Tag = "key"
		}
		can := ui.Cell{Text: fmt.Sprint(g.Perform), N: true, Bad: g.Never}
		if g.Never {
			can.Meta = "nothing can show it in this window"
		} else if g.Triggered {
			can = ui.Cell{Text: "when it happens", Muted: true}
		}
		row.Cells = []ui.Cell{{Text: fmt.Sprint(g.Shown), N: true}, {Text: fmt.Sprint(g.Missed), N: true, Bad: g.Missed > 0, Muted: g.Missed == 0}, can, {Text: fmt.Sprint(g.Collect), N: true, Muted: g.Collect == 0}, {Text: lastDay(r, g.Next)}, {Text: lastDay(r, g.Last)}}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// work gives half days in words: "1 day", "2.5 days".
func work(half int) string {
	if half == 2 {
		return "1 day"
	}
	return plan.Days(half) + " days"
}

// lastDay gives the last day before a moment; "" where there is none.
func lastDay(r *screen.Request, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return r.Words.LastDay(t)
}

func loadTable(o readiness.Outlook, names map[string]string) ui.Table {
	t := ui.Table{Caption: "Work by person", Columns: []ui.Column{{Text: "Who"}, {Text: "Tasks", N: true}, {Text: "Days of work", N: true}, {Text: "Working days left", N: true}}}
	for _, l := range o.Schedule.Loads {
		left := ui.Cell{Text: plan.Days(max(0, l.Room)), N: true, Bad: l.Effort > l.Room}
		if o.Target.At.IsZero() {
			left = ui.Cell{Text: "no target", Muted: true, N: true}
		}
		t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: screen.Who(names, l.Owner), Href: "/plan?owner=" + l.Owner}, Cells: []ui.Cell{{Text: fmt.Sprint(l.Tasks), N: true}, {Text: plan.Days(l.Effort), N: true}, left}})
	}
	return t
}

// taskList is the plan as files.
func (s *site) taskList() screen.List {
	type x = row
	read := func(r *screen.Request) ([]x, error) {
		rows, _, err := s.shownTasks(r)
		return rows, err
	}
	col := func(key, title, head string, width float64, value func(c *screen.Cells, t x) any) screen.Column[x] {
		return screen.Column[x]{Key: key, Title: title, Head: head, Width: width, Value: value}
	}
	return screen.Declare(screen.List{Name: "tasks", Title: "Tasks", Pattern: "GET /plan", Action: access.TaskRead}, screen.Whole(read), func(t x) []string { return []string{t.Owner} },
		col("number", "Number", "", 8, func(_ *screen.Cells, t x) any { return t.Ref() }),
		col("task", "Task", "=", 50, func(_ *screen.Cells, t x) any { return t.Title }),
		col("why", "Why", "", 50, func(_ *screen.Cells, t x) any { return t.Why }),
		col("state", "State", "=", 20, func(_ *screen.Cells, t x) any { return t.State.Words() }),
		col("owner", "Owner", "=", 20, func(c *screen.Cells, t x) any { return c.Name(t.Owner) }),
		col("role", "Role", "", 20, func(_ *screen.Cells, t x) any { return t.Role }),
		col("due", "Due (first moment after)", "Due", 20, func(_ *screen.Cells, t x) any { return t.Due }),
		col("effort_days", "Days of work", "", 8, func(_ *screen.Cells, t x) any { return plan.Days(t.Effort) }),
		col("technical", "Technical", "", 8, func(_ *screen.Cells, t x) any { return t.Technical }),
		col("can_begin", "Can begin", "Can be done", 20, func(_ *screen.Cells, t x) any { return t.slot.Start }),
		col("can_end", "Can end (first moment after)", "", 20, func(_ *screen.Cells, t x) any { return t.slot.End }),
		col("slack_days", "Slack in working days", "Slack", 8, func(_ *screen.Cells, t x) any {
			if t.slot.Slack < 0 {
				return "-" + plan.Days(-t.slot.Slack)
			}
			return plan.Days(t.slot.Slack)
		}),
		col("critical", "Critical", "", 8, func(_ *screen.Cells, t x) any { return t.slot.Critical }),
		col("waits_for", "Waits for", "=", 16, func(_ *screen.Cells, t x) any {
			var out []string
			for _, l := range refs(t.After) {
				out = append(out, l.Text)
			}
			return strings.Join(out, " ")
		}),
		col("waiting_on", "Waiting on", "", 20, func(_ *screen.Cells, t x) any { return t.Waiting }),
		col("waiting_since", "Waiting since", "", 20, func(_ *screen.Cells, t x) any { return t.Since }),
		col("gap", "Gap", "", 24, func(_ *screen.Cells, t x) any { return t.Gap }),
	)
}

// proposals answers: which tasks do the gaps call for?
func (s *site) proposals(w http.ResponseWriter, r *screen.Request) error {
	all, err := s.cfg.Readiness.Propose(r.Context(), r.Who)
	if err != nil {
		return err
	}
	v := makeView{Note: "One task for each gap that you tick, due on the last day that still meets the target. Give them to people afterwards. Evidence of what people do at times is not ticked: it comes when it is due."}
	for _, k := range gap.Kinds() {
		g := makeGroup{ID: string(k), Title: screen.Capital(k.Words())}
		for _, x := range all {
			if x.Kind != k {
				continue
			}
			meta := work(x.Effort) + " of work"
			if !x.Due.IsZero() {
				meta += ", by " + r.Words.LastDay(x.Due)
			}
			if x.Role != "" && !strings.HasPrefix(x.Role, "usr_") {
				meta += ", " + x.Role
			}
			if x.Technical {
				meta += ", technical"
			}
			row := ui.Tick{Name: "gap", Value: x.Gap, Chosen: x.Chosen, Head: ui.Link{Text: x.Title}, Lines: []string{x.Why, meta}}
			if x.Task != 0 {
				row = ui.Tick{Head: row.Head, Is: refs([]int{x.Task})[0], IsNote: "is to close it already"}
			} else {
				v.Left++
			}
			g.Rows = append(g.Rows, row)
		}
		if len(g.Rows) > 0 {
			g.Note = ui.Many(len(g.Rows), "gap", "gaps")
			v.Groups = append(v.Groups, g)
		}
	}
	v.Title = ui.Many(v.Left, "task can be made", "tasks can be made")
	return r.Render(w, http.StatusOK, makePage(r.Shell(w, "Make tasks of gaps", "Comply", "Plan"), v))
}

func (s *site) makeTasks(w http.ResponseWriter, r *screen.Request) error {
	keys := r.PostForm["gap"]
	if len(keys) == 0 {
		return fault.New(fault.Invalid, "no gap is ticked").At("", 0, "gap").WithHint("go back and tick those that are to become tasks")
	}
	made, err := s.cfg.Readiness.Make(r.Context(), r.Who, keys)
	if err != nil {
		return err
	}
	return r.Done(w, ui.Many(len(made), "task was made.", "tasks were made. Now give them to people."), "/plan")
}
