package web

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/audit/engagement"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/posture"
	"github.com/attesta/attesta/internal/program/instance"
	"github.com/attesta/attesta/internal/program/scope"
	"github.com/attesta/attesta/internal/web/ui"
)

const (
	timelineCells  = 60 // at most; a longer window has cells of several weeks
	timelineGather = 20 // instances that are listed
)

// axis is a window cut into cells of whole weeks from its first day.
type axis struct {
	window scope.Window
	now    time.Time
	step   int         // days of a cell
	starts []time.Time // of each cell, and the window's end
	begun  int
}

func newAxis(w scope.Window, now time.Time) axis {
	a := axis{window: w, now: now, step: 7}
	for (w.Days+a.step-1)/a.step > timelineCells {
		a.step += 7
	}
	first := w.Start.In(w.Zone)
	for t := first; t.Before(w.End); t = t.AddDate(0, 0, a.step) {
		a.starts = append(a.starts, t)
		if !t.After(now) {
			a.begun++
		}
	}
	a.starts = append(a.starts, w.End)
	return a
}

func (a axis) cells() int { return len(a.starts) - 1 }

// place gives where a moment stands, in cells.
func (a axis) place(t time.Time) float64 {
	return t.Sub(a.window.Start).Hours() / 24 / float64(a.step)
}

func (a axis) head() ui.WeekHead {
	h := ui.WeekHead{Weeks: a.cells(), Now: a.begun}
	first := a.window.Start.In(a.window.Zone)
	last := -2.0 // names of months do not touch
	for m := time.Date(first.Year(), first.Month(), 1, 0, 0, 0, 0, a.window.Zone); m.Before(a.window.End); m = m.AddDate(0, 1, 0) {
		at := a.place(m)
		if at >= 0 && at-last >= 2 {
			h.Months, last = append(h.Months, ui.MonthMark{Week: at, Name: m.Format("Jan")}), at
		}
	}
	return h
}

// strip gives the worst status of each cell that has begun; what comes before
// the first step was not in use.
func (a axis) strip(steps []posture.Step) ui.Strip {
	st := ui.Strip{Now: a.begun, Cells: make([]ui.StripCell, a.cells())}
	for i := range a.begun {
		var worst posture.Status
		for k, s := range steps {
			ends := k+1 < len(steps) && !steps[k+1].At.After(a.starts[i])
			if !ends && s.At.Before(a.starts[i+1]) && !s.At.After(a.now) {
				worst = posture.Worst(worst, s.Status)
			}
		}
		st.Cells[i].Worst = ui.Status(worst)
	}
	return st
}

// covered adds up the days of the window that have begun; only those of which
// something is known count.
func (a axis) covered(days []posture.Coverage) (sum posture.Coverage, known, all int) {
	first := a.window.Start.UTC().Truncate(24 * time.Hour)
	for i, c := range days {
		day := first.AddDate(0, 0, i)
		if day.After(a.now) || !day.Before(a.window.End) {
			break
		}
		all++
		if c.Expected > 0 {
			known++
		}
		sum = sum.Plus(c)
	}
	return sum, known, all
}

// timelineWindow gives the window asked for, with the engagement whose it is
// (number 0: the scope's). False where there is none to draw.
func (s *Site) timelineWindow(r *request) (scope.Window, engagement.Engagement, bool, error) {
	raw := r.URL.Query().Get("engagement")
	if raw == "" {
		holds, err := s.cfg.Scopes.Now(r.Context())
		if err != nil {
			return scope.Window{}, engagement.Engagement{}, false, err
		}
		w, ok := holds.Window()
		return w, engagement.Engagement{}, ok && w.Type == 2, nil
	}
	n, err := strconv.Atoi(raw)
	if err != nil {
		return scope.Window{}, engagement.Engagement{}, false, fault.New(fault.NotFound, "there is no engagement %q", raw)
	}
	g, err := s.cfg.Engagements.Get(r.Context(), r.who, n)
	if err != nil {
		return scope.Window{}, g, false, err
	}
	c := scope.Content{}
	c.Zone = g.Zone
	c.Examination = scope.Examination{Type: 2, From: g.From, To: g.To}
	w, ok := c.Window()
	w.Scope = g.Scope
	return w, g, ok && g.Type == 2, nil
}

// timeline answers: where are the holes in the window, and what can still be
// gathered before it ends?
func (s *Site) timeline(w http.ResponseWriter, r *request) error {
	win, g, ok, err := s.timelineWindow(r)
	if err != nil {
		return err
	}
	v := ui.TimelineView{Title: "Timeline"}
	if g.Number > 0 {
		v.Crumbs = []ui.Link{{Text: "Engagements", Href: "/engagements"}, {Text: g.Title, Href: engagementPath(g.Number)}, {Text: "Timeline"}}
	}
	sh := s.shell(w, r, "Timeline", "Audit", "Timeline")
	if !ok {
		v.Empty = noWindow(r, g)
		return s.render(w, r, http.StatusOK, ui.WindowTimeline(sh, v))
	}
	from := fmt.Sprintf("scope version %d", win.Scope)
	if g.Number > 0 {
		from = g.Title
	}
	v.Line = []string{win.Words(r.now), from, "days in " + win.Zone.String()}
	first, last, _, err := s.cfg.Outcomes.HeardWithin(r.Context(), win.Start, win.End)
	if err != nil {
		return err
	}
	period := engagement.Content{Type: 2, From: win.From, To: win.To, Zone: win.Zone.String()}
	for _, f := range period.Unobserved(first, last, r.now) {
		v.Missing = append(v.Missing, f.Text)
	}
	if err := s.timelineOf(r, &v, newAxis(win, r.now)); err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, ui.WindowTimeline(sh, v))
}

func noWindow(r *request, g engagement.Engagement) *ui.Empty {
	e := &ui.Empty{Title: "The scope names no window yet", Text: "A type 2 is examined over a window, and every control in use must be shown to operate in all of it. Once the approved scope names the window, each control has a lane here: when it operated, deviated or lacked evidence, and what can still be gathered.",
		Criteria: criterionLinks(r, []string{"CC4.1"}), Until: "Until then controls are watched all the same; their pages show a year."}
	switch {
	case g.Number > 0:
		e.Title, e.Text, e.Until = "This engagement is as of a date", "A type 1 looks at one day, so there is no window in which a control could have a hole.", ""
		e.Actions = []ui.Link{{Text: "See the criteria of that day", Href: "/criteria?at=" + g.From}, {Text: "Back to the engagement", Href: engagementPath(g.Number)}}
	case access.May(r.who.Role, access.ScopeEdit):
		e.Actions = []ui.Link{{Text: "Set the window", Href: "/scope/edit"}, {Text: "See the criteria", Href: "/criteria"}}
	default:
		e.Actions = []ui.Link{{Text: "See the criteria", Href: "/criteria"}}
	}
	return e
}

// lane is a lane before it is grouped.
type lane struct {
	series string
	ui.TimelineLane
	deviated, lacked bool
}

func (s *Site) timelineOf(r *request, v *ui.TimelineView, a axis) error {
	q := r.URL.Query()
	path := "/timeline"
	v.Head, v.Step = a.head(), "a week"
	if a.step > 7 {
		v.Step = fmt.Sprintf("%d weeks", a.step/7)
	}
	lanes, gather, err := s.controlLanes(r, a)
	if err != nil {
		return err
	}
	v.Title = timelineTitle(r, a, lanes)
	by, show := q.Get("by"), q.Get("show")
	controls := len(lanes)
	if by == "criteria" {
		if lanes, err = s.criterionLanes(r, a); err != nil {
			return err
		}
	}
	holes := 0
	v.All, v.Undo = len(lanes), with(q, path, "show", "")
	series := map[string]int{}
	for _, l := range lanes {
		hole := l.deviated || l.lacked
		if hole {
			holes++
		}
		if show == "holes" && !hole {
			continue
		}
		i, ok := series[l.series]
		if !ok {
			i = len(v.Groups)
			series[l.series] = i
			v.Groups = append(v.Groups, ui.TimelineGroup{ID: l.series, Title: seriesTitle(l.series)})
		}
		v.Groups[i].Lanes = append(v.Groups[i].Lanes, l.TimelineLane)
		v.Shown++
	}
	order := catalog.AllSeries()
	at := func(id string) int {
		return slices.IndexFunc(order, func(se catalog.Series) bool { return se.ID == id })
	}
	slices.SortStableFunc(v.Groups, func(x, y ui.TimelineGroup) int { return cmp.Compare(at(x.ID), at(y.ID)) })
	v.Note = "No control has been in use in this window yet."
	if v.All > 0 {
		v.Note = "No lane has a deviation or lacks evidence in the part of the window that has gone by."
	}
	v.Chips = []ui.Chip{
		{Text: many(controls, "control", "controls"), Href: with(q, path, "by", "", "show", ""), Current: by != "criteria" && show != "holes"},
		{Text: "61 criteria", Href: with(q, path, "by", "criteria", "show", ""), Current: by == "criteria" && show != "holes"},
		{Text: fmt.Sprintf("%d with a hole", holes), Href: with(q, path, "show", "holes"), Current: show == "holes"},
	}
	if r.now.Before(a.window.End) {
		v.Until, v.GatherN = r.words.lastDay(a.window.End), len(gather)
		v.Gather = gather[:min(len(gather), timelineGather)]
	}
	return nil
}

func seriesTitle(id string) string {
	for _, se := range catalog.AllSeries() {
		if se.ID == id {
			return se.Title
		}
	}
	return "controls that address no criterion"
}

func timelineTitle(r *request, a axis, lanes []lane) string {
	if r.now.Before(a.window.Start) {
		return "The window has not begun: it begins on " + r.words.date(a.window.Start)
	}
	deviated, lacked := 0, 0
	for _, l := range lanes {
		if l.deviated {
			deviated++
		} else if l.lacked {
			lacked++
		}
	}
	so := "so far"
	if !r.now.Before(a.window.End) {
		so = "in all"
	}
	if len(lanes) == 0 {
		return "No control has been in use in this window " + so
	}
	return fmt.Sprintf("Of %s in this window %d deviated %s, and %d more lacked evidence at some time", many(len(lanes), "control", "controls"), deviated, so, lacked)
}

// controlLanes gives a lane for each control, and what can still be gathered,
// soonest first.
func (s *Site) controlLanes(r *request, a axis) ([]lane, []ui.GatherRow, error) {
	list, err := s.cfg.Posture.Lanes(r.Context(), a.window.Start, a.window.End)
	if err != nil {
		return nil, nil, err
	}
	now, err := s.cfg.Posture.Controls(r.Context(), posture.Now())
	if err != nil {
		return nil, nil, err
	}
	heads := map[string]posture.Control{}
	for _, c := range now {
		heads[c.Slug] = c
	}
	type open struct {
		lane posture.Lane
		instance.Gatherable
	}
	var opened []open
	var out []lane
	for _, p := range list {
		c := heads[p.Slug]
		l := newLane(a, p.Steps)
		l.Link, l.Title = ui.Link{Text: fmt.Sprintf("C-%d", p.Number), Href: "/controls/" + url.PathEscape(p.Slug)}, p.Title
		l.Status, l.Why = ui.Status(c.Status), sentence(c.Why)
		if len(c.Criteria) > 0 {
			if first, ok := catalog.Get(c.Criteria[0]); ok {
				l.series = first.Series
			}
		}
		sum, known, all := a.covered(p.Covered)
		l.Coverage = coverage(sum)
		if len(p.Checks) > 0 {
			l.Days = fmt.Sprintf("something was expected on %d of %s", known, many(all, "day", "days"))
		}
		laneInstances(&l, a, p)
		for _, g := range p.Gather {
			opened = append(opened, open{p, g})
		}
		out = append(out, l)
	}
	slices.SortStableFunc(opened, func(x, y open) int { return x.Until.Compare(y.Until) })
	mayAdd := access.May(r.who.Role, access.EvidenceAdd)
	var gather []ui.GatherRow
	for _, o := range opened {
		row := ui.GatherRow{Name: fmt.Sprintf("C-%d %s, due %s", o.lane.Number, o.lane.Title, r.words.lastDay(o.Due)), What: "can be performed by " + r.words.lastDay(o.Until)}
		if !o.Perform {
			row.What = "if it was performed in time, its evidence can still be collected"
		}
		if mayAdd && !o.Start.After(r.now) {
			row.Add = addEvidence(o.lane.Slug, o.Key, instance.AsPerformance)
		}
		gather = append(gather, row)
	}
	return out, gather, nil
}

func newLane(a axis, steps []posture.Step) lane {
	l := lane{TimelineLane: ui.TimelineLane{Strip: a.strip(steps)}}
	for _, c := range l.Strip.Cells {
		l.deviated = l.deviated || c.Worst == ui.Status(posture.Deviation)
		l.lacked = l.lacked || c.Worst == ui.Status(posture.Insufficient)
	}
	return l
}

// laneInstances draws what people were expected to perform in the window.
func laneInstances(l *lane, a axis, p posture.Lane) {
	by := map[instance.State]int{}
	for _, i := range p.Instances {
		if i.Due.After(a.window.End) || !i.Due.After(a.window.Start) {
			continue
		}
		by[i.State]++
		l.Marks = append(l.Marks, ui.TimelineMark{Week: a.place(i.Due), State: ui.InstanceState(i.State)})
	}
	var said []string
	for _, st := range instance.States() {
		if n := by[st]; n > 0 {
			said = append(said, fmt.Sprintf("%d %s", n, st.Words()))
		}
	}
	l.Instances = strings.Join(said, ", ")
	l.MarkLabel = fmt.Sprintf("%s due in the window: %s", many(len(l.Marks), "instance", "instances"), l.Instances)
	perform, collect := 0, 0
	for _, g := range p.Gather {
		if g.Perform {
			perform++
		} else {
			collect++
		}
	}
	var open []string
	if perform > 0 {
		open = append(open, fmt.Sprintf("%d can still be performed in time", perform))
	}
	if collect > 0 {
		open = append(open, fmt.Sprintf("evidence of %d can still be collected", collect))
	}
	l.Open = strings.Join(open, "; ")
}

func (s *Site) criterionLanes(r *request, a axis) ([]lane, error) {
	steps, err := s.cfg.Posture.Timelines(r.Context(), posture.OfCriterion, a.window.Start, a.window.End)
	if err != nil {
		return nil, err
	}
	snap, err := s.cfg.Posture.Criteria(r.Context(), posture.Now())
	if err != nil {
		return nil, err
	}
	var out []lane
	for _, c := range snap.Criteria {
		l := newLane(a, steps[c.ID])
		l.series = c.Series
		l.Link, l.Title = ui.Link{Text: c.ID, Href: "/criteria/" + c.ID}, c.Title
		l.Status, l.Why, l.Coverage = ui.Status(c.Status), sentence(c.Why), coverage(c.Coverage)
		out = append(out, l)
	}
	return out, nil
}
