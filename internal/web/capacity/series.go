package capacity

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/operations/capacity"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// seriesView is the page of one line.
type seriesView struct {
	Crumbs  []ui.Link
	Title   string
	Line    []string
	Bad     string
	Links   []ui.Link
	Figures []ui.Figure
	Chart   *chart
	Blocks  []ui.Block
	Side    []ui.Block
}

// chart is the picture of a line: what was used day by day as a share of the limit
// of then, marks of commitments, events and where it goes.
type chart struct {
	Label         string
	Width, Height int
	Band, Most    string // paths: from least to most of each day; the most
	Ahead, Fan    string // paths: where the line goes, with its interval
	Rules         []rule // horizontal
	Ticks         []tick // of months
	Events        []tick
	Now           float64
	Gaps          []box
}

type rule struct {
	Y     float64
	Text  string
	Class string
}

type tick struct {
	X    float64
	Text string
}

type box struct{ X, W float64 }

const (
	chartLeft, chartTop   = 44.0, 16.0
	chartWide, chartTall  = 720.0, 180.0
	chartDays, chartAhead = 180, 60
)

func f1(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }

// draw makes the picture of the last half year and two months ahead.
func draw(h *capacity.History, now time.Time, words screen.Words) *chart {
	days := h.Days
	from := now.AddDate(0, 0, -chartDays).Truncate(24 * time.Hour)
	for len(days) > 0 && days[0].At.Before(from) {
		days = days[1:]
	}
	if len(days) < 2 {
		return nil
	}
	from = days[0].At
	until := now.AddDate(0, 0, chartAhead*max(14, int(now.Sub(from).Hours()/24))/chartDays)
	top := 10000.0
	for _, d := range days {
		top = max(top, float64(d.Most))
	}
	x := func(t time.Time) float64 {
		return chartLeft + (chartWide-chartLeft)*t.Sub(from).Hours()/until.Sub(from).Hours()
	}
	y := func(bp float64) float64 { return chartTop + (chartTall-chartTop)*(1-bp/top) }
	c := &chart{Width: chartWide, Height: chartTall + 24, Now: x(now)}
	var most, upper strings.Builder
	lower := ""
	var last time.Time
	flush := func() {
		if lower != "" {
			c.Band += upper.String() + lower + "Z"
		}
		upper.Reset()
		lower = ""
	}
	for i, d := range days {
		joined := i > 0 && d.At.Sub(last) <= 36*time.Hour
		move := "L"
		if !joined {
			flush()
			move = "M"
			if i > 0 {
				c.Gaps = append(c.Gaps, box{x(last), x(d.At) - x(last)})
			}
		}
		fmt.Fprintf(&most, "%s%s %s", move, f1(x(d.At)), f1(y(float64(d.Most))))
		fmt.Fprintf(&upper, "%s%s %s", move, f1(x(d.At)), f1(y(float64(d.Most))))
		lower = "L" + f1(x(d.At)) + " " + f1(y(float64(d.Least))) + lower
		last = d.At
	}
	flush()
	c.Most = most.String()
	for _, v := range []float64{0, 2500, 5000, 7500, 10000} {
		c.Rules = append(c.Rules, rule{y(v), fmt.Sprintf("%.0f %%", v/100), "hair"})
	}
	for _, l := range h.Lines {
		if l.Mark > 0 && float64(l.Mark)*100 <= top {
			c.Rules = append(c.Rules, rule{y(float64(l.Mark) * 100), "", "cap-mark"})
		}
	}
	for m := time.Date(from.Year(), from.Month()+1, 1, 0, 0, 0, 0, time.UTC); m.Before(until); m = m.AddDate(0, 1, 0) {
		c.Ticks = append(c.Ticks, tick{x(m), m.Format("Jan")})
	}
	for _, e := range h.Events {
		if e.Kind != "joined" && e.At.After(from) && e.At.Before(until) {
			c.Events = append(c.Events, tick{x(e.At), e.Words()})
		}
	}
	said := fmt.Sprintf("From %s to %s the most of a day went from %s to %s", words.Date(days[0].At), words.Date(last), percent(days[0].Most), percent(days[len(days)-1].Most))
	if f := h.Forecast; f.Trend == capacity.Rising {
		level := float64(days[len(days)-1].Most)
		end := func(slope float64) float64 { return min(level+slope*until.Sub(last).Hours()/24*10000, top) }
		line := func(days int) float64 { // slope of a line that is full in so many days
			if days <= 0 {
				return f.Slope
			}
			return (1 - level/10000) / float64(days)
		}
		c.Ahead = fmt.Sprintf("M%s %sL%s %s", f1(x(last)), f1(y(level)), f1(x(until)), f1(y(end(f.Slope))))
		low := 0.0
		if f.High > 0 {
			low = line(f.High)
		}
		c.Fan = fmt.Sprintf("M%s %sL%s %sL%s %sZ", f1(x(last)), f1(y(level)), f1(x(until)), f1(y(end(line(f.Low)))), f1(x(until)), f1(y(end(low))))
		when, interval := full(f)
		said += "; full in " + when + ", " + interval
	}
	c.Label = said
	return c
}

// series answers: how much is used, where does it go, and what was promised?
func (s *site) series(w http.ResponseWriter, r *screen.Request) error {
	no, err := strconv.Atoi(r.PathValue("series"))
	if err != nil {
		return fault.New(fault.NotFound, "there is no such page")
	}
	h, err := s.cfg.Capacity.Show(r.Context(), r.Who, r.PathValue("host"), no)
	if err != nil {
		return err
	}
	m, _ := capacity.MeasureOf(h.Measure)
	name := m.Title
	if h.Place != "" {
		name += " " + h.Place
	}
	when, interval := full(h.Forecast)
	v := seriesView{Crumbs: []ui.Link{{Text: "Capacity", Href: "/capacity"}, {Text: h.Host, Href: screen.With(nil, "/capacity", "q", h.Host)}, {Text: name}}, Title: name + " of " + h.Host, Line: []string{percent(h.Value) + " used", "sampled " + r.Words.At(h.Sampled).Text}}
	if a := amounts(h.Series); a != "" {
		v.Line = append(v.Line, a)
	}
	if h.HostID != "" {
		v.Links = []ui.Link{{Text: "The host", Href: "/hosts/" + h.HostID}}
	}
	if len(h.Exceeds) > 0 {
		v.Bad = "over " + strings.Join(h.Exceeds, ", ")
	}
	v.Figures = []ui.Figure{{Term: "Now", Value: percent(h.Value), Bad: len(h.Exceeds) > 0}, {Term: "95 of 100 samples of a day below", Value: percent(h.P95)}}
	switch {
	case when != "":
		v.Figures = append(v.Figures, ui.Figure{Term: "Full in", Value: when, Note: interval, Bad: h.Forecast.Trend == capacity.Full || h.Forecast.Mid >= 0 && h.Forecast.Mid <= 30})
	default:
		v.Figures = append(v.Figures, ui.Figure{Term: "Full in", Value: "—", Note: trend(&h.Series)})
	}
	v.Chart = draw(h, r.Now, r.Words)

	rests := ui.Block{ID: "rests", Title: "What the forecast rests on", Facts: []ui.Fact{{Term: "Trend", Text: trend(&h.Series)}, {Term: "Days of history", Text: fmt.Sprintf("%d; %d are needed", h.Forecast.Have, capacity.Need)}}}
	if h.Forecast.Since > 0 {
		rests.Facts = append(rests.Facts, ui.Fact{Term: "Begins on", Text: time.Unix(int64(h.Forecast.Since)*86400, 0).UTC().Format("2 Jan 2006") + ": what was used changed at once then, and what was before says nothing of now"})
	}
	rests.Facts = append(rests.Facts, ui.Fact{Term: "How", Text: "The median slope of all pairs of days that lie whole weeks apart, over the daily maxima of at most 120 days; an interval of 95 %. A trend is said only where the whole interval rises or falls."})
	v.Side = append(v.Side, rests)

	held := ui.Table{Caption: "Commitments on this measure", Columns: []ui.Column{{Text: "Commitment"}, {Text: "Asks"}, {Text: "Serves"}, {Text: "Holds"}}}
	for _, l := range h.Lines {
		state := ui.Cell{Outcome: "pass"}
		for _, e := range h.Over {
			if e.Line == l.Key {
				state = ui.Cell{Outcome: "fail", Meta: "since " + r.Words.At(e.Since).Text}
			}
		}
		if l.Test == capacity.Foreseen && h.Forecast.Trend == capacity.Short && state.Outcome == "pass" {
			state = ui.Cell{Outcome: "not_observed", Meta: trend(&h.Series)}
		}
		if r.Now.Sub(h.Sampled) > 13*time.Hour && state.Outcome == "pass" {
			state = ui.Cell{Outcome: "not_observed", Meta: "no sample since " + r.Words.At(h.Sampled).Text}
		}
		held.Rows = append(held.Rows, ui.TableRow{Head: ui.Link{Text: l.Title, Href: "/capacity/plan"}, Meta: l.Key, Cells: []ui.Cell{{Text: l.Words()}, {Text: screen.OrElse(l.Serves, "—"), Muted: l.Serves == ""}, state}})
	}
	v.Blocks = append(v.Blocks, ui.Block{ID: "commitments", Title: "What was committed", Table: &held, None: "No commitment is about this."})
	events := ui.Table{Caption: "Scaling events", Columns: []ui.Column{{Text: "When"}, {Text: "What"}}}
	for i := len(h.Events) - 1; i >= 0; i-- {
		events.Rows = append(events.Rows, ui.TableRow{Head: ui.Link{Text: r.Words.Date(h.Events[i].At)}, Cells: []ui.Cell{{Text: h.Events[i].Words()}}})
	}
	v.Blocks = append(v.Blocks, ui.Block{ID: "events", Title: "What changed the line", Table: &events, None: "Nothing but use."})
	twin := ui.Table{Caption: "The picture as a table: each day, newest first", Columns: []ui.Column{{Text: "Day"}, {Text: "Least", N: true}, {Text: "Mean", N: true}, {Text: "Most", N: true}, {Text: "Limit", N: true}}}
	for i := len(h.Days) - 1; i >= 0 && len(twin.Rows) < 60; i-- {
		d := h.Days[i]
		twin.Rows = append(twin.Rows, ui.TableRow{Head: ui.Link{Text: r.Words.Date(d.At)}, Cells: []ui.Cell{{Text: percent(d.Least), N: true}, {Text: percent(d.Mean), N: true}, {Text: percent(d.Most), N: true}, {Text: capacity.Amount(m, d.Limit), N: true}}})
	}
	v.Blocks = append(v.Blocks, ui.Block{ID: "days", Title: "Day by day", Meta: fmt.Sprintf("%d of %s", len(twin.Rows), ui.Many(len(h.Days), "day", "days")), Table: &twin, None: "The first day is not over yet."})
	if len(h.Missing) > 0 {
		gone := ui.Block{ID: "missing", Title: "What this host cannot say"}
		for _, k := range sortedKeys(h.Missing) {
			gone.Facts = append(gone.Facts, ui.Fact{Term: k, Text: h.Missing[k]})
		}
		v.Side = append(v.Side, gone)
	}
	return r.Render(w, http.StatusOK, seriesPage(s.shell(w, r, v.Title), v))
}
