package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/posture"
	"github.com/attesta/attesta/internal/web/ui"
)

// gridWeeks is how many weeks the heat grid shows: half a year, which is the
// usual window of an examination.
const gridWeeks = 26

// grid is posture's weeks with what the screens need of them.
type grid struct {
	head   ui.WeekHead
	weeks  []posture.Week
	strips map[string]ui.Strip
	now    int    // weeks that have begun at the moment shown
	before string // set when the moment shown lies before the records begin: says so
}

// weeks reads the grid around the moment shown: from the first record's week
// where there is less than half a year of records, so that what is to come
// stands to the right; else the half year that ends with that moment.
func (s *Site) weeks(ctx context.Context, r *request) (grid, error) {
	shown := r.now
	if r.period.past() {
		shown = r.period.end()
	}
	last := monday(shown.In(r.words.zone))
	from := last.AddDate(0, 0, -7*(gridWeeks-1))
	if first, err := s.cfg.Ledger.Record(ctx, "0"); err == nil {
		if begin := monday(first.At.In(r.words.zone)); begin.After(from) && !begin.After(last) {
			from = begin
		}
	} else if fault.Is(err, fault.NotFound) {
		from = last
	} else {
		return grid{}, err
	}
	g, err := s.cfg.Posture.Weeks(ctx, from, from.AddDate(0, 0, 7*gridWeeks))
	if err != nil {
		return grid{}, err
	}
	out := grid{weeks: g.Weeks, strips: map[string]ui.Strip{}}
	if shown.Before(g.Began) {
		out.before = "Records begin on " + r.words.at(g.Began).Text + "; before that there was nothing to observe."
	}
	for _, w := range g.Weeks {
		if !w.Start.After(shown) {
			out.now++
		}
	}
	for _, row := range g.Rows {
		st := ui.Strip{Now: out.now}
		for i, c := range row.Cells {
			worst := ui.Status(c.Worst)
			if i >= out.now {
				worst = "" // after the moment shown
			}
			st.Cells = append(st.Cells, ui.StripCell{Worst: worst})
		}
		out.strips[row.Criterion] = st
	}
	out.head = ui.WeekHead{Weeks: len(g.Weeks), Now: out.now}
	for i, w := range g.Weeks {
		start := w.Start.In(r.words.zone)
		for d := range 7 {
			if day := start.AddDate(0, 0, d); day.Day() == 1 {
				out.head.Months = append(out.head.Months, ui.MonthMark{Week: float64(i) + float64(d)/7, Name: day.Format("Jan")})
			}
		}
		if i == 0 && start.Day() != 1 && start.AddDate(0, 0, 14).Month() == start.Month() {
			out.head.Months = append(out.head.Months, ui.MonthMark{Week: 0, Name: start.Format("Jan")})
		}
	}
	return out, nil
}

// monday gives 00:00 of the Monday of t's week.
func monday(t time.Time) time.Time {
	return midnight(t).AddDate(0, 0, -(int(t.Weekday())+6)%7)
}

func coverage(c posture.Coverage) ui.Coverage {
	v := ui.Coverage{Words: c.Words()}
	if c.Expected > 0 {
		v.Permille = c.Observed * 1000 / c.Expected
	}
	return v
}

// criteria answers: which criterion would fail today, and when did it fail?
func (s *Site) criteria(w http.ResponseWriter, r *request) error {
	ctx := r.Context()
	at, err := s.at(ctx, r)
	if err != nil {
		return err
	}
	snap, err := s.cfg.Posture.Criteria(ctx, at)
	if err != nil {
		return err
	}
	g, err := s.weeks(ctx, r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	want, alone := posture.Status(q.Get("status")), q.Get("alone") != ""
	all := len(snap.Criteria)
	v := ui.CriteriaView{
		Title: criteriaTitle(r, snap, g), All: all, Head: g.head, Today: r.today(), Undo: with(q, "/criteria", "status", "", "alone", ""),
		Note: "Each status is derived from the worst key control; nothing missing counts as good. Weeks show the worst of the week, as known now.",
	}
	if g.before != "" {
		v.Note = g.before
	}
	v.AsKnown = "As known now, at ledger size " + ui.Number(snap.Known)
	if !snap.KnownNow {
		v.AsKnown = "As known then, at ledger size " + ui.Number(snap.Known)
	}
	single := 0
	controls, key := map[string]bool{}, map[string]bool{}
	var addressed, points, shownNone int
	groups := map[string]int{}
	series := map[string]string{}
	for _, se := range catalog.AllSeries() {
		series[se.ID] = se.Title
	}
	var cover posture.Coverage
	for _, c := range snap.Criteria {
		if c.Alone != "" {
			single++
		}
		if !criterionShown(q, c) {
			continue
		}
		i, ok := groups[c.Series]
		if !ok {
			i = len(v.Groups)
			groups[c.Series] = i
			v.Groups = append(v.Groups, ui.CriteriaGroup{ID: c.Series, Title: series[c.Series]})
		}
		row := criterionRow(r, c, g.strips[c.ID])
		v.Groups[i].Rows = append(v.Groups[i].Rows, row)
		v.Shown++
		if c.Status == posture.None {
			shownNone++
		}
		for _, k := range c.Controls {
			controls[k.Slug] = true
			if k.Key {
				key[k.Slug] = true
			}
		}
		addressed, points, cover = addressed+c.Addressed, points+c.Points, cover.Plus(c.Coverage)
		if text, deviated := ui.RunsOf(row.Strip); text != "" {
			v.Twin = append(v.Twin, ui.TwinRow{ID: c.ID, Href: row.Href, Weeks: text, Deviated: deviated})
		}
	}
	v.Foot = ui.CriteriaFoot{
		Criteria: many(v.Shown, "criterion", "criteria"), Weeks: fmt.Sprintf("%d of %d weeks have begun", g.now, len(g.weeks)),
		Today: fmt.Sprintf("%d without known deviation", shownNone), Coverage: cover.Words(),
		Controls: fmt.Sprintf("%d, %d key", len(controls), len(key)), Points: fmt.Sprintf("%d of %d", addressed, points),
	}
	if v.Shown == all {
		v.Foot.Coverage = snap.Coverage.Words()
	}
	v.Chips = append(v.Chips, ui.Chip{Text: fmt.Sprintf("All %d", all), Href: v.Undo, Current: want == "" && !alone})
	for _, st := range ui.Statuses() {
		n := snap.ByStatus[posture.Status(st)]
		v.Chips = append(v.Chips, ui.Chip{Text: fmt.Sprintf("%d %s", n, st.Words()), Cell: st.Cell(), Current: want == posture.Status(st),
			Href: with(q, "/criteria", "status", string(st), "alone", "")})
	}
	if single > 0 {
		v.Chips = append(v.Chips, ui.Chip{Text: fmt.Sprintf("%d on one key control", single), Current: alone, Href: with(q, "/criteria", "alone", "1", "status", "")})
	}
	sh := s.shell(w, r, "Criteria", "Comply", "Criteria")
	return s.render(w, r, http.StatusOK, ui.Criteria(sh, v))
}

// criterionShown reports whether the list's filter shows a criterion.
func criterionShown(q url.Values, c posture.Criterion) bool {
	want := posture.Status(q.Get("status"))
	return (want == "" || c.Status == want) && (q.Get("alone") == "" || c.Alone != "")
}

// statusWords gives a status as people read it.
func statusWords(s posture.Status) string { return ui.Status(s).Words() }

func criteriaTitle(r *request, snap posture.Snapshot, g grid) string {
	dev, all := snap.ByStatus[posture.Deviation], len(snap.Criteria)
	when, carry, lack := "today", "carry", "lack"
	if r.period.past() {
		when, carry, lack = "at the end of "+r.words.day(r.period.day), "carried", "lacked"
	} else if dev == 1 {
		carry = "carries"
	}
	title := fmt.Sprintf("%d of %d criteria %s a deviation %s", dev, all, carry, when)
	if dev == 0 {
		title = fmt.Sprintf("No criterion %s a known deviation %s; %d of %d %s evidence", strings.Replace(carry, "carry", "carries", 1), when,
			snap.ByStatus[posture.Insufficient], all, lack)
	}
	ever := 0
	for _, st := range g.strips {
		if _, n := ui.RunsOf(st); n > 0 {
			ever++
		}
	}
	if ever > dev && !r.period.past() {
		title += fmt.Sprintf("; %d did at some time in these weeks", ever)
	}
	return title
}

func criterionRow(r *request, c posture.Criterion, st ui.Strip) ui.CriterionRow {
	href := r.period.keep("/criteria/" + c.ID)
	row := ui.CriterionRow{ID: c.ID, Title: c.Title, Href: href, Drawer: drawer(href), Strip: st,
		Status: ui.Status(c.Status), Draft: c.Draft, Coverage: coverage(c.Coverage), Alone: c.Alone != "",
		Points: fmt.Sprintf("%d of %d", c.Addressed, c.Points)}
	switch {
	case c.Status == posture.Out:
		row.Points, row.Coverage = "", ui.Coverage{Words: "-"}
	case len(c.Controls) == 0:
		row.Controls = "none"
	case c.Key == 0:
		row.Controls = fmt.Sprintf("%d supporting", len(c.Controls))
	case c.Alone != "":
		row.Controls = "1 key only"
	default:
		row.Controls = fmt.Sprintf("%d key", c.Key)
		if n := len(c.Controls) - c.Key; n > 0 {
			row.Controls += fmt.Sprintf(", %d more", n)
		}
	}
	return row
}

// drawer adds what asks for the short form.
func drawer(href string) string {
	if strings.Contains(href, "?") {
		return href + "&drawer=1"
	}
	return href + "?drawer=1"
}

// criterion says why one criterion has its status; with drawer=1 in short.
func (s *Site) criterion(w http.ResponseWriter, r *request) error {
	return s.showCriterion(w, r, nil)
}

// showCriterion draws it, with a form that could not be taken.
func (s *Site) showCriterion(w http.ResponseWriter, r *request, bad *refusedForm) error {
	ctx, id := r.Context(), r.PathValue("id")
	at, err := s.at(ctx, r)
	if err != nil {
		return err
	}
	c, err := s.cfg.Posture.Criterion(ctx, id, at)
	if err != nil {
		return err
	}
	program, err := s.cfg.Controls.Program(ctx, r.who)
	if err != nil {
		return err
	}
	v := ui.CriterionView{ID: c.ID, Title: c.Title, Href: r.period.keep("/criteria/" + c.ID), List: ui.Link{Text: "Criteria", Href: r.period.keep("/criteria")},
		Category: c.Category.Words(), Status: ui.Status(c.Status), Draft: c.Draft, Since: r.words.at(c.Since), Coverage: coverage(c.Coverage),
		Why: sentence(c.Why), Change: sentence(c.Change), Key: c.Key, Addressed: c.Addressed, Relevant: c.Points}
	moment := at.Valid
	if moment.IsZero() {
		moment = r.now
	}
	for _, k := range c.Controls {
		v.Controls = append(v.Controls, controlRow(r, k))
		for _, ch := range k.Checks {
			if ch.Status != posture.None && ch.Status != posture.Out {
				v.Failing = append(v.Failing, ui.FailingCheck{Check: checkLink(r, ch.ID), Status: ui.Status(ch.Status), Why: sentence(ch.Why)})
			}
		}
		if k.Slug == c.Alone {
			v.Alone = ui.Link{Text: k.Title, Href: r.period.keep("/controls/" + k.Slug)}
		}
	}
	v.Failing = distinct(v.Failing)
	scope := program.ScopeAt(moment, at.Known)
	for _, p := range catalog.Points(id) {
		row := ui.PointRow{Number: p.Number, Title: p.Title}
		if ok, why := catalog.Applicable(p, scope.Scope); !ok {
			row.Applies = why
		}
		for _, k := range c.Controls {
			if k.Design.Covers(id, p.Number) {
				row.Controls = append(row.Controls, ui.Link{Text: k.Title, Href: r.period.keep("/controls/" + k.Slug)})
			}
		}
		v.Points = append(v.Points, row)
	}
	if r.URL.Query().Get("drawer") != "" {
		return s.render(w, r, http.StatusOK, ui.CriterionDrawer(v))
	}
	if err := s.guide(r, &v, c, at, scope, bad); err != nil {
		return err
	}
	g, err := s.weeks(ctx, r)
	if err != nil {
		return err
	}
	v.Head, v.Strip = g.head, g.strips[id]
	v.Weeks = "No known deviation in every week that has begun."
	if text, _ := ui.RunsOf(v.Strip); text != "" {
		v.Weeks = text + "; W1 began on " + r.words.day(g.weeks[0].Start) + "."
	}
	v.Nearby = neighbours(r, id)
	sh := s.shell(w, r, id+" "+c.Title, "Comply", "Criteria")
	status := http.StatusOK
	if bad != nil {
		sh.Path, status = "/criteria/"+id, http.StatusUnprocessableEntity
	}
	return s.render(w, r, status, ui.Criterion(sh, v))
}

// distinct drops checks that several controls rest on.
func distinct(list []ui.FailingCheck) []ui.FailingCheck {
	seen := map[string]bool{}
	var out []ui.FailingCheck
	for _, f := range list {
		if !seen[f.Check.Text] {
			seen[f.Check.Text] = true
			out = append(out, f)
		}
	}
	return out
}

func neighbours(r *request, id string) []ui.Link {
	all := catalog.All()
	var out []ui.Link
	for i, c := range all {
		if c.ID != id {
			continue
		}
		if i > 0 {
			out = append(out, ui.Link{Text: "← " + all[i-1].ID, Href: r.period.keep("/criteria/" + all[i-1].ID)})
		}
		if i+1 < len(all) {
			out = append(out, ui.Link{Text: all[i+1].ID + " →", Href: r.period.keep("/criteria/" + all[i+1].ID)})
		}
	}
	return out
}

// criterionLinks leads to criteria by id.
func criterionLinks(r *request, ids []string) []ui.Link {
	out := make([]ui.Link, 0, len(ids))
	for _, id := range ids {
		out = append(out, ui.Link{Text: id, Href: r.period.keep("/criteria/" + id)})
	}
	return out
}

// checkLink leads to a check. Its id is "pack/check".
func checkLink(r *request, id string) ui.Link {
	return ui.Link{Text: id, Href: r.period.keep("/checks/" + id)}
}
