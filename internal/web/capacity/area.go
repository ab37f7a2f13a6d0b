// Package capacity is the screens of capacity: what is nearest to its limit, where
// each line goes, what was committed, and who looked. Rules are those of
// internal/operations/capacity.
package capacity

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/operations/capacity"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// Config is what the screens depend on. All is required.
type Config struct {
	Capacity *capacity.Service
	// Alone reports whether nobody else may do an action.
	Alone func(ctx context.Context, p access.Principal, a access.Action) (bool, error)
}

type site struct{ cfg Config }

// New gives the area.
func New(cfg Config) screen.Area {
	s := &site{cfg}
	return screen.Area{
		Routes: []screen.Route{
			{Pattern: "GET /capacity", Action: access.CapacityRead, Handle: s.list},
			{Pattern: "GET /capacity/{host}/{series}", Action: access.CapacityRead, Handle: s.series},
			{Pattern: "GET /capacity/plan", Action: access.CapacityRead, Handle: s.plans},
			{Pattern: "POST /capacity/plan", Action: access.CapacityEdit, Handle: s.draft},
			{Pattern: "GET /capacity/plan/{ref}", Action: access.CapacityRead, Handle: s.plan},
			{Pattern: "POST /capacity/plan/{ref}/keep", Action: access.CapacityEdit, Handle: s.keep},
			{Pattern: "POST /capacity/plan/{ref}/approve", Action: access.CapacityApprove, Handle: s.approve},
			{Pattern: "GET /capacity/reviews", Action: access.CapacityRead, Handle: s.reviews},
			{Pattern: "POST /capacity/reviews", Action: access.CapacityEdit, Handle: s.hold},
			{Pattern: "GET /capacity/reviews/{ref}", Action: access.CapacityRead, Handle: s.review},
		},
		Pages:  []screen.Page{{Section: "Operate", Name: "Capacity", Path: "/capacity", Action: access.CapacityRead}},
		Lists:  []screen.List{s.rows()},
		Doings: []screen.Doing{{Name: "Record a review of capacity", Path: "/capacity/reviews", Action: access.CapacityEdit}, {Name: "See what was committed on capacity", Path: "/capacity/plan", Action: access.CapacityRead}},
	}
}

func (s *site) shell(w http.ResponseWriter, r *screen.Request, title string) ui.Shell {
	return r.Shell(w, title, "Operate", "Capacity")
}

func filter(r *screen.Request) (capacity.Filter, error) {
	q := r.URL.Query()
	f := capacity.Filter{Query: strings.TrimSpace(q.Get("q")), Measure: q.Get("measure"), Environment: q.Get("environment"), Only: capacity.Only(q.Get("only")), After: q.Get("after"), Limit: screen.PageSize}
	if len(f.Query) > 200 {
		return f, fault.New(fault.Invalid, "a name has at most 200 letters")
	}
	return f, nil
}

func (s *site) page(r *screen.Request, after string) ([]capacity.Row, string, error) {
	f, err := filter(r)
	if err != nil {
		return nil, "", err
	}
	if after != "" {
		f.After = after
	}
	return s.cfg.Capacity.List(r.Context(), r.Who, f)
}

func (s *site) rows() screen.List {
	type row = capacity.Row
	day := func(n int, c *screen.Cells, x row) any {
		if f := x.Forecast; f.Trend != capacity.Rising || n < 0 {
			return ""
		}
		return n
	}
	return screen.Declare(screen.List{Name: "capacity", Title: "Measures of capacity", Pattern: "GET /capacity", Action: access.CapacityRead}, s.page, nil,
		screen.Column[row]{Key: "host", Title: "Host", Head: "=", Width: 24, Value: func(_ *screen.Cells, x row) any { return x.Host }},
		screen.Column[row]{Key: "environment", Title: "Environment", Value: func(_ *screen.Cells, x row) any { return x.Environment }},
		screen.Column[row]{Key: "measure", Title: "Measure", Head: "=", Value: func(_ *screen.Cells, x row) any { return title(x.Measure) }},
		screen.Column[row]{Key: "place", Title: "Place", Value: func(_ *screen.Cells, x row) any { return x.Place }},
		screen.Column[row]{Key: "now", Title: "Now, percent", Head: "Now", Value: func(_ *screen.Cells, x row) any { return float64(x.Value) / 100 }},
		screen.Column[row]{Key: "p95", Title: "95th percentile of a day, percent", Value: func(_ *screen.Cells, x row) any { return float64(x.P95) / 100 }},
		screen.Column[row]{Key: "used", Title: "Used", Value: func(_ *screen.Cells, x row) any { return x.Used }},
		screen.Column[row]{Key: "limit", Title: "Limit", Value: func(_ *screen.Cells, x row) any { return x.Limit }},
		screen.Column[row]{Key: "trend", Title: "Trend", Head: "=", Value: func(_ *screen.Cells, x row) any { return trend(&x.Series) }},
		screen.Column[row]{Key: "full_in", Title: "Full in days", Head: "Full in", Value: func(c *screen.Cells, x row) any { return day(x.Forecast.Mid, c, x) }},
		screen.Column[row]{Key: "full_earliest", Title: "At the earliest", Value: func(c *screen.Cells, x row) any { return day(x.Forecast.Low, c, x) }},
		screen.Column[row]{Key: "full_latest", Title: "At the latest", Value: func(c *screen.Cells, x row) any { return day(x.Forecast.High, c, x) }},
		screen.Column[row]{Key: "commitments", Title: "Commitments", Value: func(_ *screen.Cells, x row) any { return strings.Join(x.Held, ", ") }},
		screen.Column[row]{Key: "exceeds", Title: "Exceeds", Head: "Commitment", Value: func(_ *screen.Cells, x row) any { return strings.Join(x.Exceeds, ", ") }},
		screen.Column[row]{Key: "sampled", Title: "Newest sample", Value: func(_ *screen.Cells, x row) any { return x.Sampled }})
}

func title(measure string) string {
	m, _ := capacity.MeasureOf(measure)
	return m.Title
}

func percent(bp int64) string {
	if bp < 1000 {
		return fmt.Sprintf("%.1f %%", float64(bp)/100)
	}
	return fmt.Sprintf("%d %%", (bp+50)/100)
}

// trend says where a line goes.
func trend(x *capacity.Series) string {
	m, _ := capacity.MeasureOf(x.Measure)
	switch f := x.Forecast; {
	case !m.Fills:
		return "does not fill"
	case f.Trend == capacity.Short:
		return fmt.Sprintf("not enough history: %d of %d days", f.Have, capacity.Need)
	case f.Trend == capacity.NoTrend:
		return "no trend"
	case f.Trend == capacity.Full:
		return "full"
	default:
		return fmt.Sprintf("%s %.2f %% a day", f.Trend, max(f.Slope, -f.Slope)*100)
	}
}

// full says when a line reaches its limit: with its interval, or "".
func full(f capacity.Forecast) (short, interval string) {
	days := func(n int) string {
		if n < 0 {
			return "3 years or more"
		}
		return ui.Many(n, "day", "days")
	}
	switch {
	case f.Trend == capacity.Full:
		return "now", ""
	case f.Trend != capacity.Rising:
		return "", ""
	case f.Mid < 0:
		return days(-1), "not before " + days(f.Low)
	case f.High < 0:
		return days(f.Mid), fmt.Sprintf("between %s and later than can be said", days(f.Low))
	}
	return days(f.Mid), fmt.Sprintf("between %d and %s", f.Low, days(f.High))
}

// list answers: what is nearest to its limit, and when is it reached?
func (s *site) list(w http.ResponseWriter, r *screen.Request) error {
	rows, next, err := s.page(r, "")
	if err != nil {
		return err
	}
	counts, err := s.cfg.Capacity.Counts(r.Context(), r.Who)
	if err != nil {
		return err
	}
	plan, err := s.cfg.Capacity.Plan(r.Context(), r.Who)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	v := ui.ListView{Title: ui.Many(int(counts.Over), "limit is", "limits are") + " nearer than was committed", Note: fmt.Sprintf("%s full within 90 days; %s of %s, sampled each quarter of an hour.", areFull(counts.Soon), ui.Many(int(counts.All), "measure", "measures"), ui.Many(int(counts.Hosts), "host", "hosts")),
		Labels: []string{"Which", "Measure"}, Undo: "/capacity", None: "Nothing matches.",
		More: []ui.Link{{Text: "Reviews", Href: "/capacity/reviews"}, {Text: "Plan", Href: "/capacity/plan"}}}
	if counts.Over == 0 {
		v.Title = "No limit is nearer than was committed"
	}
	if plan == nil {
		v.Title = "Nothing is committed on capacity yet"
	}
	if counts.All == 0 {
		v.Title = "No host has said how much it uses yet"
		v.Empty = &ui.Empty{Title: "It comes by itself", Text: "Each agent says every quarter of an hour how much of its disks, memory, processors, open files and tracked connections is used. After two weeks each line that fills has a day, with how sure it is.",
			Criteria: []ui.Link{{Text: "A1.1", Href: "/criteria/A1.1"}}, Until: "Until then a full disk is found by who it stops.", Actions: []ui.Link{{Text: "See the hosts", Href: "/hosts"}}}
		return r.Render(w, http.StatusOK, ui.List(s.shell(w, r, "Capacity"), v))
	}
	only := func(text, value string, n int64) ui.Chip {
		return ui.Chip{Text: text + " " + ui.Number(n), Href: screen.With(q, "/capacity", "only", value, "after", ""), Current: q.Get("only") == value}
	}
	v.Chips = [][]ui.Chip{{only("All", "", counts.All), only("Over a commitment", "over", counts.Over), only("Full within 90 days", "soon", counts.Soon)}, {{Text: "Every measure", Href: screen.With(q, "/capacity", "measure", "", "after", ""), Current: q.Get("measure") == ""}}}
	for _, m := range capacity.Measures() {
		v.Chips[1] = append(v.Chips[1], ui.Chip{Text: m.Title, Href: screen.With(q, "/capacity", "measure", m.Name, "after", ""), Current: q.Get("measure") == m.Name})
	}
	v.Search = ui.SearchBox{Path: "/capacity", Value: q.Get("q"), Label: "Find a host", Hidden: []ui.Link{{Text: "only", Href: q.Get("only")}, {Text: "measure", Href: q.Get("measure")}}}
	v.Table = ui.Table{Caption: "Measures of hosts, the nearest to its limit first", Columns: []ui.Column{{Text: "Host"}, {Text: "Measure"}, {Text: "Now", N: true}, {Text: "Trend"}, {Text: "Full in"}, {Text: "Commitment"}}}
	for _, x := range rows {
		v.Table.Rows = append(v.Table.Rows, s.row(r, x))
	}
	total := counts.All
	switch capacity.Only(q.Get("only")) {
	case capacity.Over:
		total = counts.Over
	case capacity.Soon:
		total = counts.Soon
	}
	if q.Get("q") != "" || q.Get("measure") != "" || q.Get("environment") != "" {
		total = 0
	}
	v.Table.Pager = screen.Pager(len(rows), total, q, "/capacity", next)
	return r.Render(w, http.StatusOK, ui.List(s.shell(w, r, "Capacity"), v))
}

func areFull(n int64) string {
	if n == 0 {
		return "Nothing is"
	}
	return ui.Many(int(n), "line is", "lines are")
}

func (s *site) row(r *screen.Request, x capacity.Row) ui.TableRow {
	m, _ := capacity.MeasureOf(x.Measure)
	name := m.Title
	if x.Place != "" {
		name += " " + x.Place
	}
	when, interval := full(x.Forecast)
	path := x.Path()
	if x.HostID == "" {
		path = fmt.Sprintf("/capacity/%s/%d", x.Source, x.No)
	}
	soon := x.Forecast.Trend == capacity.Full || x.Forecast.Trend == capacity.Rising && x.Forecast.Mid >= 0 && x.Forecast.Mid <= 30
	commitment := ui.Cell{Text: "none", Muted: true}
	switch {
	case len(x.Exceeds) > 0:
		commitment = ui.Cell{Outcome: "fail", Meta: strings.Join(x.Exceeds, ", ")}
	case len(x.Held) > 0:
		commitment = ui.Cell{Outcome: "pass", Meta: strings.Join(x.Held, ", ")}
	}
	return ui.TableRow{Head: ui.Link{Text: x.Host, Href: path}, Meta: x.Environment, Cells: []ui.Cell{{Text: name}, {Text: percent(x.Value), N: true, Bad: len(x.Exceeds) > 0, Meta: amounts(x.Series)}, {Text: trend(&x.Series), Muted: x.Forecast.Trend != capacity.Rising && x.Forecast.Trend != capacity.Full},
		{Text: screen.OrElse(when, "—"), Meta: interval, Bad: soon, Muted: when == ""}, commitment}}
}

func amounts(x capacity.Series) string {
	m, _ := capacity.MeasureOf(x.Measure)
	if m.Unit == "share" {
		return ""
	}
	if m.Unit != "bytes" {
		return ui.Number(x.Used) + " of " + ui.Number(x.Limit)
	}
	return capacity.Amount(m, x.Used) + " of " + capacity.Amount(m, x.Limit)
}

func (s *site) alone(r *screen.Request) func(access.Action) (bool, error) {
	return func(a access.Action) (bool, error) { return s.cfg.Alone(r.Context(), r.Who, a) }
}

func lines(text string) []string {
	var out []string
	for _, l := range strings.FieldsFunc(text, func(c rune) bool { return c == '\n' || c == ',' }) {
		if l = strings.TrimSpace(l); l != "" && !slices.Contains(out, l) {
			out = append(out, l)
		}
	}
	return out
}
