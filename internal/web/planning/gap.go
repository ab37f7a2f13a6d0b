package planning

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/posture"
	"github.com/attesta/attesta/internal/posture/gap"
	"github.com/attesta/attesta/internal/program/plan"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// moment reads the date that an address asks about: the end of that day, as known
// now, or with known=then as it was known.
func (s *site) moment(r *screen.Request) (posture.At, error) {
	at := posture.Now()
	text := r.URL.Query().Get("at")
	if text == "" {
		return at, nil
	}
	end, err := r.LastMoment(text, "at")
	if err != nil {
		return at, err
	}
	if at.Valid = end.Add(-time.Microsecond); at.Valid.After(r.Now) {
		at.Valid = r.Now
	}
	if r.URL.Query().Get("known") == "then" {
		at.Known, err = s.cfg.Posture.KnownThen(r.Context(), at.Valid)
	}
	return at, err
}

func (s *site) report(r *screen.Request) (gap.Report, error) {
	at, err := s.moment(r)
	if err != nil {
		return gap.Report{}, err
	}
	return s.cfg.Gaps.Report(r.Context(), r.Who, at)
}

// when are the chips that choose a moment.
func when(r *screen.Request, path string) []ui.Chip {
	q := r.URL.Query()
	at, known := q.Get("at"), q.Get("known")
	out := []ui.Chip{{Text: "Now", Href: screen.With(q, path, "at", "", "known", "", "after", ""), Current: at == ""}}
	days := []string{}
	for _, back := range []int{7, 30, 90} {
		days = append(days, r.Now.In(r.Words.Zone).AddDate(0, 0, -back).Format(screen.DateLayout))
	}
	if at != "" && !slices.Contains(days, at) {
		days = append(days, at)
	}
	for _, d := range days {
		out = append(out, ui.Chip{Text: "End of " + d, Href: screen.With(q, path, "at", d, "after", ""), Current: at == d})
	}
	if at != "" {
		out = append(out, ui.Chip{Text: "as known now", Href: screen.With(q, path, "known", ""), Current: known != "then"}, ui.Chip{Text: "as known then", Href: screen.With(q, path, "known", "then"), Current: known == "then"})
	}
	return out
}

// shownCriteria gives the criteria that an address asks for: those in scope, unless
// it asks for all, or only those with gaps.
func (s *site) shownCriteria(r *screen.Request) (rows []gap.Criterion, rep gap.Report, err error) {
	show := r.URL.Query().Get("show")
	if !slices.Contains([]string{"", "gaps", "all"}, show) {
		return nil, rep, fault.New(fault.Invalid, "%q is nothing that can be shown", show).WithHint("gaps or all")
	}
	if rep, err = s.report(r); err != nil {
		return nil, rep, err
	}
	for _, c := range rep.Criteria {
		if c.InScope && (show == "" || show == "all" || len(c.Gaps) > 0) || show == "all" {
			rows = append(rows, c)
		}
	}
	return rows, rep, nil
}

func causeWords(c gap.Cause) string {
	text := c.Kind + " " + c.Name
	if c.Failing {
		text += ", deviates"
	}
	return text
}

// alone gives the control that a criterion hangs on.
func alone(c gap.Criterion) string {
	if c.Key != 1 {
		return ""
	}
	return c.Controls[slices.IndexFunc(c.Controls, func(k gap.Control) bool { return k.Key })].Slug
}

func shared(c gap.Criterion) (all, some []string) {
	for _, x := range c.Causes {
		if x.All {
			all = append(all, causeWords(x))
		} else {
			some = append(some, causeWords(x))
		}
	}
	return all, some
}

func kindsOf(rep gap.Report, c gap.Criterion) []string {
	var out []string
	for _, key := range c.Gaps {
		if g, ok := rep.Gap(key); ok && !slices.Contains(out, g.Kind.Words()) {
			out = append(out, g.Kind.Words())
		}
	}
	return out
}

// matrix answers: per criterion, what stands for it and what is missing?
func (s *site) matrix(w http.ResponseWriter, r *screen.Request) error {
	rows, rep, err := s.shownCriteria(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	in, with := 0, 0
	for _, c := range rep.Criteria {
		if c.InScope {
			in++
			if len(c.Gaps) > 0 {
				with++
			}
		}
	}
	v := ui.ListView{Title: fmt.Sprintf("%d of %d criteria in scope have gaps", with, in),
		Note:   "Derived from controls, checks and evidence; nobody types a gap, and nobody closes one. A point of focus is a consideration: a control that addresses it, or a reason why it is not relevant.",
		Labels: []string{"Criteria", "Moment"}, Undo: "/gaps", None: "No criterion has a gap.",
		More: []ui.Link{{Text: "All gaps by kind", Href: screen.With(q, "/gaps/list", "show", "")}, {Text: "First questions", Href: "/questions/first"}},
		Chips: [][]ui.Chip{{{Text: ui.Many(in, "in scope", "in scope"), Href: screen.With(q, "/gaps", "show", ""), Current: q.Get("show") == ""},
			{Text: ui.Many(with, "with gaps", "with gaps"), Href: screen.With(q, "/gaps", "show", "gaps"), Current: q.Get("show") == "gaps"},
			{Text: "All 61", Href: screen.With(q, "/gaps", "show", "all"), Current: q.Get("show") == "all"}}, when(r, "/gaps")},
		Table: ui.Table{Caption: "Criteria and what stands for them", Columns: []ui.Column{{Text: "Criterion"}, {Text: "Points settled"}, {Text: "Key controls", N: true}, {Text: "Designed", N: true}, {Text: "Operating", N: true}, {Text: "Hangs on"}, {Text: "Fails together"}, {Text: "Gaps"}}},
	}
	if r.May(access.TaskEdit) && with > 0 {
		v.Action = ui.Link{Text: "Make tasks of gaps", Href: "/plan/make"}
	}
	for _, c := range rows {
		row := ui.TableRow{Head: ui.Link{Text: c.ID, Href: screen.With(q, "/gaps/"+c.ID, "show", "")}, Meta: c.Title}
		if !c.InScope {
			row.Cells = []ui.Cell{{Text: "not in scope", Muted: true}, {}, {}, {}, {}, {}, {}}
			v.Table.Rows = append(v.Table.Rows, row)
			continue
		}
		all, some := shared(c)
		together := ui.Cell{Text: words(all, 1), Bad: len(all) > 0}
		if len(all) == 0 && len(some) > 0 {
			together = ui.Cell{Text: words(some, 1), Muted: true, Meta: "not all of them"}
		}
		row.Cells = []ui.Cell{{Text: fmt.Sprintf("%d of %d", c.Settled, c.Apply), Bad: c.Settled < c.Apply}, {Text: fmt.Sprint(c.Key), N: true, Bad: c.Key == 0},
			{Text: fmt.Sprint(c.Approved), N: true, Bad: c.Approved < c.Key}, {Text: fmt.Sprint(c.Operating), N: true, Bad: c.Operating < c.Key},
			{Text: alone(c), Bad: c.Key == 1}, together, {Text: words(kindsOf(rep, c), 4), Muted: len(c.Gaps) == 0}}
		if len(c.Gaps) == 0 {
			row.Cells[6].Text = "none"
		}
		v.Table.Rows = append(v.Table.Rows, row)
	}
	v.Table.Pager.Text = fmt.Sprintf("%d shown", len(rows))
	return r.Render(w, http.StatusOK, ui.List(r.Shell(w, "Gaps", "Comply", "Gaps"), v))
}

// matrixList is the matrix as files.
func (s *site) matrixList() screen.List {
	type x struct {
		gap.Criterion
		kinds []string
	}
	read := func(r *screen.Request) ([]x, error) {
		rows, rep, err := s.shownCriteria(r)
		var out []x
		for _, c := range rows {
			out = append(out, x{c, kindsOf(rep, c)})
		}
		return out, err
	}
	return screen.Declare(screen.List{Name: "gap-matrix", Title: "Criteria and what stands for them", Pattern: "GET /gaps", Action: access.PostureRead}, screen.Whole(read), nil,
		screen.Column[x]{Key: "criterion", Title: "Criterion", Head: "=", Width: 10, Value: func(_ *screen.Cells, c x) any { return c.ID }},
		screen.Column[x]{Key: "title", Title: "Title", Width: 40, Value: func(_ *screen.Cells, c x) any { return c.Title }},
		screen.Column[x]{Key: "in_scope", Title: "In scope", Width: 10, Value: func(_ *screen.Cells, c x) any { return c.InScope }},
		screen.Column[x]{Key: "status", Title: "Evidence status", Width: 20, Value: func(_ *screen.Cells, c x) any { return c.Status.Words() }},
		screen.Column[x]{Key: "points_settled", Title: "Points settled", Head: "=", Width: 10, Value: func(_ *screen.Cells, c x) any { return c.Settled }},
		screen.Column[x]{Key: "points_apply", Title: "Points that apply", Width: 10, Value: func(_ *screen.Cells, c x) any { return c.Apply }},
		screen.Column[x]{Key: "key_controls", Title: "Key controls", Head: "=", Width: 10, Value: func(_ *screen.Cells, c x) any { return c.Key }},
		screen.Column[x]{Key: "designed", Title: "Designed", Head: "=", Width: 10, Value: func(_ *screen.Cells, c x) any { return c.Approved }},
		screen.Column[x]{Key: "operating", Title: "Operating", Head: "=", Width: 10, Value: func(_ *screen.Cells, c x) any { return c.Operating }},
		screen.Column[x]{Key: "hangs_on", Title: "Hangs on", Head: "=", Width: 24, Value: func(_ *screen.Cells, c x) any { return alone(c.Criterion) }},
		screen.Column[x]{Key: "fails_together", Title: "Fails together", Head: "=", Width: 30, Value: func(_ *screen.Cells, c x) any {
			all, _ := shared(c.Criterion)
			return strings.Join(all, "; ")
		}},
		screen.Column[x]{Key: "gaps", Title: "Gaps", Head: "=", Width: 40, Value: func(_ *screen.Cells, c x) any { return strings.Join(c.kinds, "; ") }},
	)
}

// shownGaps gives the gaps that an address asks for.
func (s *site) shownGaps(r *screen.Request) (rows []gap.Gap, rep gap.Report, tasks map[string]*plan.Task, err error) {
	kind, text := gap.Kind(r.URL.Query().Get("kind")), strings.ToLower(r.URL.Query().Get("q"))
	if kind != "" && !slices.Contains(gap.Kinds(), kind) {
		return nil, rep, nil, fault.New(fault.Invalid, "%q is no kind of gap", string(kind))
	}
	if rep, err = s.report(r); err != nil {
		return nil, rep, nil, err
	}
	for _, g := range rep.Gaps {
		if (kind == "" || g.Kind == kind) && (text == "" || strings.Contains(strings.ToLower(g.Title+" "+strings.Join(g.Controls, " ")+" "+strings.Join(g.Criteria, " ")), text)) {
			rows = append(rows, g)
		}
	}
	tasks = map[string]*plan.Task{}
	if !r.May(access.TaskRead) {
		return rows, rep, tasks, nil
	}
	all, err := s.cfg.Plan.List(r.Context(), r.Who, plan.Filter{State: []plan.State{plan.Open, plan.Doing, plan.Said}})
	for i := range all {
		if all[i].Gap != "" {
			tasks[all[i].Gap] = &all[i]
		}
	}
	return rows, rep, tasks, err
}

func (s *site) gaps(w http.ResponseWriter, r *screen.Request) error {
	rows, rep, tasks, err := s.shownGaps(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	kind := q.Get("kind")
	chips := []ui.Chip{{Text: fmt.Sprintf("All %d", len(rep.Gaps)), Href: screen.With(q, "/gaps/list", "kind", "", "after", ""), Current: kind == ""}}
	for _, k := range gap.Kinds() {
		chips = append(chips, ui.Chip{Text: fmt.Sprintf("%s %d", screen.Capital(k.Words()), rep.ByKind[k]), Href: screen.With(q, "/gaps/list", "kind", string(k), "after", ""), Current: kind == string(k)})
	}
	v := ui.ListView{Crumbs: []ui.Link{{Text: "Gaps", Href: "/gaps"}, {Text: "By kind"}}, Title: ui.Many(len(rep.Gaps), "gap", "gaps"), Note: "What lacks, why, and what closes it. A gap is gone when what it is derived from has changed.",
		Labels: []string{"Kind", "Moment"}, Chips: [][]ui.Chip{chips, when(r, "/gaps/list")}, Undo: "/gaps/list", None: "No gap matches.",
		Search: ui.SearchBox{Path: "/gaps/list", Value: q.Get("q"), Label: "Title, control, criterion", Hidden: slices.Concat(screen.Hidden("kind", kind), screen.Hidden("at", q.Get("at")), screen.Hidden("known", q.Get("known")))},
		Table:  ui.Table{Caption: "Gaps, in the order in which they matter", Columns: []ui.Column{{Text: "Gap"}, {Text: "Criteria"}, {Text: "What closes it"}, {Text: "Task"}}}}
	if r.May(access.TaskEdit) && len(rep.Gaps) > 0 {
		v.Action = ui.Link{Text: "Make tasks of gaps", Href: "/plan/make"}
	}
	total, after := len(rows), q.Get("after")
	if at := slices.IndexFunc(rows, func(g gap.Gap) bool { return g.Key == after }); after != "" && at >= 0 {
		rows = rows[at+1:]
	}
	next := ""
	if len(rows) > screen.PageSize {
		rows = rows[:screen.PageSize]
		next = rows[screen.PageSize-1].Key
	}
	for _, g := range rows {
		row := ui.TableRow{Head: ui.Link{Text: g.Title, Href: gapPath(g)}, Tag: g.Kind.Words(), Meta: screen.Sentence(g.Why)}
		at := g.Criteria
		cell := ui.Cell{Links: criteria(at[:min(4, len(at))])}
		if len(at) > 4 {
			cell.Meta = fmt.Sprintf("and %d more", len(at)-4)
		}
		task := ui.Cell{Text: "none", Muted: true}
		if t := tasks[g.Key]; t != nil {
			task = ui.Cell{Links: []ui.Link{{Text: t.Ref(), Href: "/tasks/" + t.Ref()}}, Meta: t.State.Words()}
		}
		closes := ui.Cell{Text: screen.Sentence(g.Change)}
		if len(g.Library) > 0 {
			closes.Meta = "in the library: " + strings.Join(g.Library, ", ")
		}
		row.Cells = []ui.Cell{cell, closes, task}
		v.Table.Rows = append(v.Table.Rows, row)
	}
	v.Table.Pager = screen.Pager(len(v.Table.Rows), int64(total), q, "/gaps/list", next)
	return r.Render(w, http.StatusOK, ui.List(r.Shell(w, "Gaps by kind", "Comply", "Gaps"), v))
}

func gapPath(g gap.Gap) string {
	switch g.Kind {
	case gap.Design:
		return "/controls"
	case gap.Deviates, gap.Evidence, gap.Answered:
		return "/controls/" + g.Controls[0]
	}
	return "/gaps/" + g.Criteria[0]
}

// gapList is the gaps as files.
func (s *site) gapList() screen.List {
	type x struct {
		gap.Gap
		task string
	}
	read := func(r *screen.Request) ([]x, error) {
		rows, _, tasks, err := s.shownGaps(r)
		var out []x
		for _, g := range rows {
			one := x{Gap: g}
			if t := tasks[g.Key]; t != nil {
				one.task = t.Ref()
			}
			out = append(out, one)
		}
		return out, err
	}
	return screen.Declare(screen.List{Name: "gaps", Title: "Gaps", Pattern: "GET /gaps/list", Action: access.PostureRead}, screen.Whole(read), nil,
		screen.Column[x]{Key: "key", Title: "Key", Width: 24, Value: func(_ *screen.Cells, g x) any { return g.Key }},
		screen.Column[x]{Key: "kind", Title: "Kind", Width: 20, Value: func(_ *screen.Cells, g x) any { return g.Kind.Words() }},
		screen.Column[x]{Key: "gap", Title: "Gap", Head: "=", Width: 50, Value: func(_ *screen.Cells, g x) any { return g.Title }},
		screen.Column[x]{Key: "why", Title: "Why", Width: 50, Value: func(_ *screen.Cells, g x) any { return g.Why }},
		screen.Column[x]{Key: "criteria", Title: "Criteria", Head: "=", Width: 20, Value: func(_ *screen.Cells, g x) any { return strings.Join(g.Criteria, " ") }},
		screen.Column[x]{Key: "controls", Title: "Controls", Width: 30, Value: func(_ *screen.Cells, g x) any { return strings.Join(g.Controls, " ") }},
		screen.Column[x]{Key: "closes", Title: "What closes it", Head: "=", Width: 50, Value: func(_ *screen.Cells, g x) any { return g.Change }},
		screen.Column[x]{Key: "library", Title: "Controls of the library", Width: 30, Value: func(_ *screen.Cells, g x) any { return strings.Join(g.Library, " ") }},
		screen.Column[x]{Key: "task", Title: "Task", Head: "=", Width: 8, Value: func(_ *screen.Cells, g x) any { return g.task }},
	)
}

// criterion answers: what stands for this criterion, point by point?
func (s *site) criterion(w http.ResponseWriter, r *screen.Request) error {
	rep, err := s.report(r)
	if err != nil {
		return err
	}
	id := r.PathValue("criterion")
	c, ok := rep.Criterion(id)
	if !ok {
		return fault.New(fault.NotFound, "there is no criterion %q", id).WithHint("the catalogue goes from CC1.1 to P8.1")
	}
	v := ui.RecordView{Crumbs: []ui.Link{{Text: "Gaps", Href: "/gaps"}, {Text: c.ID}}, Title: c.ID + " " + c.Title, State: c.Status.Words(), FactsOf: "In short", Zone: "times in " + r.Words.Zone.String(),
		Links: []ui.Link{{Text: "Status and checks", Href: "/criteria/" + c.ID}}}
	if at := r.URL.Query().Get("at"); at != "" {
		v.Notice = "This is how it stood at the end of " + at + "."
	}
	if !c.InScope {
		v.Notice = "This criterion is not in scope, so nothing of it is a gap."
	}
	points := ui.Table{Caption: "Points of focus", Columns: []ui.Column{{Text: "Point of focus"}, {Text: "State"}, {Text: "Controls"}}}
	for _, p := range c.Points {
		cell := ui.Cell{Muted: len(p.Controls) == 0, Text: "none"}
		if len(p.Controls) > 0 {
			cell.Text = ""
			for _, slug := range p.Controls {
				cell.Links = append(cell.Links, ui.Link{Text: slug, Href: "/controls/" + slug})
			}
		}
		state := ui.Cell{Text: p.State.Words(), Meta: p.Why, Bad: c.InScope && (p.State == gap.OpenPoint || p.State == gap.Supported), Muted: p.State == gap.NotApplicable}
		points.Rows = append(points.Rows, ui.TableRow{Head: ui.Link{Text: fmt.Sprintf("%d. %s", p.Number, p.Title), Href: "/criteria/" + c.ID}, Cells: []ui.Cell{state, cell}})
	}
	controls := ui.Table{Caption: "Controls", Columns: []ui.Column{{Text: "Control"}, {Text: "Designed"}, {Text: "Operating"}, {Text: "You said"}}}
	for _, k := range c.Controls {
		designed, operating := ui.Cell{Text: "approved"}, ui.Cell{Text: k.Status.Words(), Meta: screen.Sentence(k.Why), Bad: k.Status == posture.Deviation}
		if !k.Approved {
			designed = ui.Cell{Text: "a draft", Bad: k.Key}
		}
		said := ui.Cell{Text: "nothing", Muted: true}
		if k.Said != "" {
			said = ui.Cell{Text: map[string]string{"yes": "it is done", "no": "it is not done", "unknown": "not known"}[k.Said], Meta: "an answer counts for nothing"}
		}
		tag := "supporting"
		if k.Key {
			tag = "key"
		}
		controls.Rows = append(controls.Rows, ui.TableRow{Head: ui.Link{Text: fmt.Sprintf("C-%d %s", k.Number, k.Title), Href: "/controls/" + k.Slug}, Tag: tag, Cells: []ui.Cell{designed, operating, said}})
	}
	causes := ui.Table{Caption: "What key controls share", Columns: []ui.Column{{Text: "Cause"}, {Text: "Key controls"}, {Text: "Then"}}}
	for _, x := range c.Causes {
		then := ui.Cell{Text: "others still carry the criterion", Muted: true}
		if x.All {
			then = ui.Cell{Text: "nothing carries the criterion", Bad: true}
		}
		if x.Failing {
			then.Meta = "several of them deviate now"
		}
		causes.Rows = append(causes.Rows, ui.TableRow{Head: ui.Link{Text: screen.Capital(x.Kind) + ": " + x.Name}, Cells: []ui.Cell{{Text: strings.Join(x.Controls, ", ")}, then}})
	}
	lacks := ui.Table{Caption: "Gaps", Columns: []ui.Column{{Text: "Gap"}, {Text: "What closes it"}}}
	var offers []string
	for _, key := range c.Gaps {
		g, _ := rep.Gap(key)
		lacks.Rows = append(lacks.Rows, ui.TableRow{Head: ui.Link{Text: g.Title, Href: gapPath(g)}, Tag: g.Kind.Words(), Meta: screen.Sentence(g.Why), Cells: []ui.Cell{{Text: screen.Sentence(g.Change)}}})
		for _, slug := range g.Library {
			if !slices.Contains(offers, slug) {
				offers = append(offers, slug)
			}
		}
	}
	v.Blocks = []ui.Block{{ID: "gaps", Title: "What lacks", Table: &lacks, None: "Nothing: each point that applies is settled, and more than one key control is shown to operate."}}
	if len(offers) > 0 {
		table := ui.Table{Caption: "Controls of the library that would help", Columns: []ui.Column{{Text: "Control"}, {Text: "What it says"}}}
		options := []ui.Option{}
		for _, slug := range offers {
			d, _ := s.cfg.Controls.Library().Design(slug)
			table.Rows = append(table.Rows, ui.TableRow{Head: ui.Link{Text: d.Title, Href: "/controls/library/" + slug}, Cells: []ui.Cell{{Text: d.Statement}}})
			options = append(options, ui.Option{Value: slug, Text: d.Title})
		}
		b := ui.Block{ID: "offers", Title: "What the library has for it", Table: &table}
		if r.May(access.ControlEdit) {
			b.Forms = []ui.Form{{ID: "adopt", Action: "/gaps/adopt", Button: "Adopt this control", Fields: []ui.Field{{Name: "criterion", Kind: "hidden", Value: c.ID}, {Name: "control", Label: "Control", Kind: "select", Options: options}}}}
		}
		v.Blocks = append(v.Blocks, b)
	}
	v.Blocks = append(v.Blocks, ui.Block{ID: "points", Title: "Point by point", Meta: fmt.Sprintf("%d of %d that apply are settled", c.Settled, c.Apply), Table: &points, Links: []ui.Link{{Text: "Say why a point is not relevant", Href: "/criteria/" + c.ID}}},
		ui.Block{ID: "controls", Title: "Controls", Table: &controls, None: "No control is in use for it."}, ui.Block{ID: "causes", Title: "What fails together", Table: &causes, None: "Its key controls share no source, tool, person or failing check."})
	v.Facts = []ui.Fact{{Term: "Key controls", Text: fmt.Sprint(c.Key)}, {Term: "Of them designed", Text: fmt.Sprint(c.Approved)}, {Term: "Of them operating", Text: fmt.Sprint(c.Operating)}, {Term: "Points that apply", Text: fmt.Sprint(c.Apply)}, {Term: "Of them settled", Text: fmt.Sprint(c.Settled)}}
	return r.Render(w, http.StatusOK, ui.Record(r.Shell(w, "Gaps of "+c.ID, "Comply", "Gaps"), v))
}

func (s *site) adopt(w http.ResponseWriter, r *screen.Request) error {
	slug := r.PostFormValue("control")
	if err := s.cfg.Controls.Adopt(r.Context(), r.Who, slug); err != nil {
		return err
	}
	return r.Done(w, "The control "+slug+" is in use from now on.", "/gaps/"+url.PathEscape(r.PostFormValue("criterion")))
}
