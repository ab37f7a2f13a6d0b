package risks

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/risk"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// abouts are what the register is filtered by, beside state and category.
var abouts = [][2]string{{"Over the appetite, not accepted", "over"}, {"Accepted", "accepted"}, {"Acceptance holds no more", "lapsed"}, {"Leans on a control that does not bear", "doubt"}, {"Look is late", "late"}, {"Not rated", "unrated"}, {"Something fails", "failing"}}

func is(x risk.Row, about string) bool {
	switch about {
	case "over":
		return x.Uncovered()
	case "accepted":
		return x.Accepted != ""
	case "lapsed":
		return slices.ContainsFunc(x.Judged, func(a risk.Attribute) bool { return a.ID == "acceptance_in_force" && a.Outcome == "fail" })
	case "doubt":
		return x.Risk.Open() && x.Exposure.Doubt
	case "late":
		return x.Late
	case "unrated":
		return x.Risk.Open() && x.Exposure.Score == 0
	}
	return x.Failing > 0
}

// rows gives the risks that an address asks for, and all of them.
func (s *site) rows(r *screen.Request) (shown, all []risk.Row, err error) {
	q := r.URL.Query()
	state, category, about, text, side := q.Get("state"), q.Get("category"), q.Get("about"), strings.ToLower(q.Get("q")), q.Get("side")
	if state != "" && state != "open" && state != "closed" {
		return nil, nil, fault.New(fault.Invalid, "%q is no state of a risk", state)
	}
	if category != "" && !slices.Contains(risk.Kinds(), category) {
		return nil, nil, fault.New(fault.Invalid, "%q is no category of risks", category)
	}
	if about != "" && !slices.ContainsFunc(abouts, func(a [2]string) bool { return a[1] == about }) {
		return nil, nil, fault.New(fault.Invalid, "%q is nothing that risks are chosen by", about)
	}
	if !slices.ContainsFunc(sides, func(a [2]string) bool { return a[0] == side }) {
		return nil, nil, fault.New(fault.Invalid, "%q is no side of a rating", side)
	}
	likelihood, err := cellOf(q.Get("likelihood"), len(s.cfg.Risks.Scale().Likelihood))
	if err != nil {
		return nil, nil, err
	}
	magnitude, err := cellOf(q.Get("magnitude"), len(s.cfg.Risks.Scale().Magnitude))
	if err != nil {
		return nil, nil, err
	}
	if all, err = s.cfg.Risks.List(r.Context(), r.Who); err != nil {
		return nil, nil, err
	}
	for _, x := range all {
		l, m := placed(x, side)
		if (state == "" || x.State == state) && (category == "" || x.Category == category) && (about == "" || is(x, about)) &&
			(likelihood == 0 || x.Risk.Open() && l == likelihood) && (magnitude == 0 || x.Risk.Open() && m == magnitude) &&
			(text == "" || strings.Contains(strings.ToLower(x.Ref+" "+x.Title+" "+x.Risk.Profile.Scenario), text)) {
			shown = append(shown, x)
		}
	}
	return shown, all, nil
}

func cellOf(text string, most int) (int, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0, fault.New(fault.Invalid, "%q is no step of the scale", text)
	}
	return n, nil
}

// risksList is the register as files say it.
func (s *site) risksList() screen.List {
	columns := []screen.Column[risk.Row]{
		{Key: "number", Title: "Number", Value: func(_ *screen.Cells, x risk.Row) any { return x.Ref }},
		{Key: "title", Title: "Risk", Head: "=", Width: 40, Value: func(_ *screen.Cells, x risk.Row) any { return x.Title }},
		{Key: "category", Title: "Category", Value: func(_ *screen.Cells, x risk.Row) any { return x.Category }},
		{Key: "state", Title: "State", Value: func(_ *screen.Cells, x risk.Row) any { return x.State }},
		{Key: "counts", Title: "Counts as", Head: "=", Value: func(_ *screen.Cells, x risk.Row) any { return x.Exposure.Score }},
		{Key: "why", Title: "Why", Width: 40, Value: func(_ *screen.Cells, x risk.Row) any { return x.Exposure.Why }},
		{Key: "inherent", Title: "Without controls", Head: "=", Value: func(_ *screen.Cells, x risk.Row) any { return x.Inherent }},
		{Key: "residual", Title: "After controls", Head: "=", Value: func(_ *screen.Cells, x risk.Row) any { return x.Residual }},
		{Key: "appetite", Title: "Appetite", Head: "=", Value: func(_ *screen.Cells, x risk.Row) any {
			if x.Limit == nil {
				return ""
			}
			return *x.Limit
		}},
		{Key: "accepted", Title: "Accepted until", Value: func(_ *screen.Cells, x risk.Row) any { return string(x.Accepted) }},
		{Key: "response", Title: "Response", Head: "=", Value: func(_ *screen.Cells, x risk.Row) any { return x.Response }},
		{Key: "owner", Title: "Owner", Head: "=", Width: 24, Value: func(c *screen.Cells, x risk.Row) any { return c.Name(x.Owner) }},
		{Key: "due", Title: "Look due", Head: "=", Value: func(_ *screen.Cells, x risk.Row) any { return string(x.Due) }},
		{Key: "failing", Title: "Failing", Head: "=", Value: func(_ *screen.Cells, x risk.Row) any { return x.Failing }},
	}
	for i, a := range risk.Attributes() {
		columns = append(columns, screen.Column[risk.Row]{Key: a[0], Title: a[1], Value: func(_ *screen.Cells, x risk.Row) any { return x.Judged[i].Outcome }},
			screen.Column[risk.Row]{Key: a[0] + "_why", Title: a[1] + ": why", Width: 40, Value: func(_ *screen.Cells, x risk.Row) any { return x.Judged[i].Reason }})
	}
	return screen.Declare(screen.List{Name: "risks", Title: "Risks", Pattern: "GET /risks", Action: access.RiskRead}, screen.Whole(func(r *screen.Request) ([]risk.Row, error) {
		shown, _, err := s.rows(r)
		return shown, err
	}), func(x risk.Row) []string { return []string{x.Owner} }, columns...)
}

// list answers: what could keep us from our promises, and where is it more than we want?
func (s *site) list(w http.ResponseWriter, r *screen.Request) error {
	shown, all, err := s.rows(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	chip := func(text, field, value string, fits func(risk.Row) bool) ui.Chip {
		n := 0
		for _, x := range all {
			if fits(x) {
				n++
			}
		}
		return ui.Chip{Text: fmt.Sprintf("%s %d", text, n), Href: screen.With(q, "/risks", field, value, "after", ""), Current: q.Get(field) == value}
	}
	states := []ui.Chip{chip("All", "state", "", func(risk.Row) bool { return true }), chip("Open", "state", "open", func(x risk.Row) bool { return x.State == "open" }), chip("Closed", "state", "closed", func(x risk.Row) bool { return x.State == "closed" })}
	about := []ui.Chip{{Text: "Whatever holds", Href: screen.With(q, "/risks", "about", "", "after", ""), Current: q.Get("about") == ""}}
	for _, a := range abouts {
		about = append(about, chip(a[0], "about", a[1], func(x risk.Row) bool { return is(x, a[1]) }))
	}
	categories := []ui.Chip{{Text: "Any category", Href: screen.With(q, "/risks", "category", "", "after", ""), Current: q.Get("category") == ""}}
	for _, k := range risk.Kinds() {
		if slices.ContainsFunc(all, func(x risk.Row) bool { return x.Category == k }) {
			categories = append(categories, chip(screen.Capital(k), "category", k, func(x risk.Row) bool { return x.Category == k }))
		}
	}
	open, over, doubt := 0, 0, 0
	for _, x := range all {
		if x.Risk.Open() {
			open++
		}
		if x.Uncovered() {
			over++
		}
		if is(x, "doubt") {
			doubt++
		}
	}
	v := listView{Title: ui.Many(open, "risk is", "risks are") + " open", Note: "What counts is what is left after controls, as long as each of them bears; else what it would be without them.", Heat: s.heat(r, all), Chips: [][]ui.Chip{states, about, categories}, Labels: []string{"State", "What holds", "Category"},
		Links:  []ui.Link{{Text: "Appetite", Href: "/risks/appetite"}, {Text: "Yearly assessment", Href: "/risk-assessments"}, {Text: "Catalogue", Href: "/risks/catalogue"}},
		Search: ui.SearchBox{Path: "/risks", Value: q.Get("q"), Label: "Title, scenario, number", Hidden: slices.Concat(screen.Hidden("state", q.Get("state")), screen.Hidden("about", q.Get("about")), screen.Hidden("category", q.Get("category")), screen.Hidden("side", q.Get("side")), screen.Hidden("likelihood", q.Get("likelihood")), screen.Hidden("magnitude", q.Get("magnitude")))}}
	if over > 0 {
		v.Title += "; " + ui.Many(over, "is", "are") + " over the appetite and not accepted"
	}
	if doubt > 0 {
		v.Note += " " + screen.Capital(ui.Many(doubt, "risk leans", "risks lean")) + " on a control that does not bear."
	}
	if q.Get("likelihood") != "" || q.Get("magnitude") != "" {
		v.Where = fmt.Sprintf("Shown: likelihood %s, magnitude %s.", screen.OrElse(q.Get("likelihood"), "any"), screen.OrElse(q.Get("magnitude"), "any"))
	}
	if r.May(access.RiskEdit) {
		v.Action = ui.Link{Text: "Enter a risk", Href: "/risks/new"}
	}
	if len(all) == 0 {
		v.Title, v.Note = "The register is empty", "What could keep us from our promises is not written down yet."
		v.Empty = &ui.Empty{Title: "Begin with what would hurt most", Text: "The catalogue has scenarios that companies like yours usually weigh; take those that could happen to you, and add your own. Rate each as if there were no controls, then say which controls leave less, and what is done about the rest.",
			Criteria: screen.CriteriaLinks([]string{"CC3.2", "CC3.3", "CC3.4"}), Until: "Until then nothing shows that risks were looked at, whatever else is in place.", Actions: []ui.Link{{Text: "Look at the catalogue", Href: "/risks/catalogue"}}}
		if r.May(access.RiskEdit) {
			v.Empty.Actions = append(v.Empty.Actions, ui.Link{Text: "Enter one of your own", Href: "/risks/new"})
		}
	}
	v.Table = ui.Table{Caption: "Risks, the most exposed first", Columns: []ui.Column{{Text: "Risk"}, {Text: "Counts as", N: true}, {Text: "Without controls", N: true}, {Text: "After controls", N: true}, {Text: "Appetite"}, {Text: "Response"}, {Text: "Owner"}, {Text: "Look due"}, {Text: "Failing", N: true}}}
	page, next := screen.CutPage(r.Request, shown, func(x risk.Row) string { return x.Ref })
	var people []string
	for _, x := range page {
		people = append(people, x.Owner)
	}
	names := r.Names(people)
	for _, x := range page {
		v.Table.Rows = append(v.Table.Rows, s.line(r, x, names))
	}
	v.Table.Pager = screen.Pager(len(page), int64(len(shown)), q, "/risks", next)
	return r.Render(w, http.StatusOK, listPage(r.Shell(w, "Risks", "Organise", "Risks"), v))
}

// score shows a rating; 0 is none.
func score(n int) ui.Cell {
	if n == 0 {
		return ui.Cell{Text: "not rated", Muted: true, N: true}
	}
	return ui.Cell{Text: fmt.Sprint(n), N: true}
}

func (s *site) line(r *screen.Request, x risk.Row, names map[string]string) ui.TableRow {
	counts := score(x.Exposure.Score)
	if x.Exposure.Score > 0 {
		counts.Meta = strings.ToLower(s.cfg.Risks.Scale().Band(x.Exposure.Score).Title)
	}
	if x.Exposure.Doubt {
		counts.Meta, counts.Bad = "a control does not bear", true
	}
	appetite := ui.Cell{Text: "none set", Muted: true}
	if x.Limit != nil {
		appetite = ui.Cell{Text: fmt.Sprintf("%d", *x.Limit)}
		switch {
		case x.Uncovered():
			appetite.Meta, appetite.Bad = "over, not accepted", true
		case x.Over:
			appetite.Meta = "over, accepted until " + string(x.Accepted)
		case x.Risk.Open() && x.Exposure.Score > 0:
			appetite.Meta = "within"
		}
	}
	due := ui.Cell{Text: "none", Muted: true}
	if x.Due != "" {
		if due = (ui.Cell{Text: r.Words.Date(x.Due.Time()), Bad: x.Late}); x.Late {
			due.Meta = "late"
		}
	}
	row := ui.TableRow{Head: ui.Link{Text: x.Title, Href: "/risks/" + x.Ref}, Meta: x.Ref + " · " + x.Category,
		Cells: []ui.Cell{counts, score(x.Inherent), score(x.Residual), appetite, {Text: screen.OrElse(x.Response, "not decided"), Muted: x.Response == ""}, {Text: screen.Who(names, x.Owner)}, due, {Text: fmt.Sprint(x.Failing), N: true, Bad: x.Failing > 0, Muted: x.Failing == 0}}}
	if !x.Risk.Open() {
		row.Tag = "closed"
	}
	return row
}

// catalogue answers: what could happen to a company like ours that we have not thought of?
func (s *site) catalogue(w http.ResponseWriter, r *screen.Request) error {
	q := r.URL.Query()
	all, err := s.cfg.Risks.List(r.Context(), r.Who)
	if err != nil {
		return err
	}
	now, err := s.cfg.Risks.Standing(r.Context())
	if err != nil {
		return err
	}
	taken := map[string]string{}
	for _, x := range all {
		if x.Risk.Library != "" && x.Risk.Open() {
			taken[x.Risk.Library] = x.Ref
		}
	}
	kind, text := q.Get("category"), strings.ToLower(q.Get("q"))
	kinds := []ui.Chip{{Text: "Any category", Href: screen.With(q, "/risks/catalogue", "category", ""), Current: kind == ""}}
	for _, k := range risk.Kinds() {
		kinds = append(kinds, ui.Chip{Text: screen.Capital(k), Href: screen.With(q, "/risks/catalogue", "category", k), Current: kind == k})
	}
	v := ui.ListView{Crumbs: []ui.Link{{Text: "Risks", Href: "/risks"}, {Text: "Catalogue"}}, Title: ui.Many(len(s.cfg.Risks.Catalogue().Risks), "scenario", "scenarios") + " to choose from", Note: "A starting point, never a finished register: likelihood and magnitude are your own.",
		Chips: [][]ui.Chip{kinds}, Labels: []string{"Category"}, Undo: "/risks/catalogue", None: "No scenario matches.", Search: ui.SearchBox{Path: "/risks/catalogue", Value: q.Get("q"), Label: "Title, scenario", Hidden: screen.Hidden("category", kind)},
		Table: ui.Table{Caption: "Scenarios of the catalogue", Columns: []ui.Column{{Text: "Scenario"}, {Text: "Category"}, {Text: "In the register"}, {Text: "Criteria"}, {Text: "Controls that answer it"}}}}
	for _, x := range s.cfg.Risks.Catalogue().Risks {
		if kind != "" && x.Kind != kind || text != "" && !strings.Contains(strings.ToLower(x.Title+" "+x.Scenario), text) {
			continue
		}
		in := ui.Cell{Text: "no", Muted: true}
		switch ref := taken[x.ID]; {
		case ref != "":
			in = ui.Cell{Links: []ui.Link{{Text: ref, Href: "/risks/" + ref}}}
		case r.May(access.RiskEdit):
			in = ui.Cell{Links: []ui.Link{{Text: "take it", Href: "/risks/new?library=" + x.ID}}}
		}
		v.Table.Rows = append(v.Table.Rows, ui.TableRow{Head: ui.Link{Text: x.Title}, Meta: x.Scenario, Cells: []ui.Cell{{Text: x.Kind}, in, {Links: screen.CriteriaLinks(x.Criteria)}, controls(x.Controls, now)}})
	}
	return r.Render(w, http.StatusOK, ui.List(r.Shell(w, "Catalogue of risks", "Organise", "Risks"), v))
}
