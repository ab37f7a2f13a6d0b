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
	"github.com/attesta/attesta/internal/program/calendar"
	"github.com/attesta/attesta/internal/render/ical"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// shown gives what an address asks for: a month, or the days that it names.
func (s *site) shown(r *screen.Request) (events []calendar.Event, all map[string]int, month calendar.Month, today calendar.Day, unread []string, err error) {
	q := r.URL.Query()
	if today, err = s.cfg.Calendar.Today(r.Context()); err != nil {
		return
	}
	if month, err = calendar.ParseMonth(q.Get("month"), today); err != nil {
		return
	}
	kind := q.Get("kind")
	if kind != "" && !slices.ContainsFunc(calendar.Kinds(), func(k calendar.Kind) bool { return k.Name == kind }) {
		err = fault.New(fault.Invalid, "%q is no kind of event", kind)
		return
	}
	if view := q.Get("view"); view != "" && view != "list" {
		err = fault.New(fault.Invalid, "%q is no view of the calendar", view)
		return
	}
	from, to := month.First(), month.Last()
	if q.Get("view") != "list" {
		weeks := month.Weeks()
		from, to = weeks[0][0], weeks[len(weeks)-1][6]
	}
	if day := q.Get("day"); day != "" {
		if from, err = calendar.ParseDay(day, "day"); err != nil {
			return
		}
		to = from
	}
	got, unread, err := s.cfg.Calendar.Events(r.Context(), r.Who, from, to)
	all = map[string]int{}
	for _, e := range got {
		all[e.Kind]++
		if kind == "" || e.Kind == kind {
			events = append(events, e)
		}
	}
	return events, all, month, today, unread, err
}

func (s *site) calendarList() screen.List {
	type x = calendar.Event
	return screen.Declare(screen.List{Name: "calendar", Title: "Calendar", Pattern: "GET /calendar", Action: access.CalendarRead}, screen.Whole(func(r *screen.Request) ([]x, error) {
		events, _, _, _, _, err := s.shown(r)
		return events, err
	}), func(e x) []string { return []string{e.Who} },
		screen.Column[x]{Key: "title", Title: "What", Head: "=", Width: 50, Value: func(_ *screen.Cells, e x) any { return e.Title }},
		screen.Column[x]{Key: "kind", Title: "Kind", Head: "=", Width: 20, Value: func(_ *screen.Cells, e x) any { return calendar.KindOf(e.Kind).One }},
		screen.Column[x]{Key: "from", Title: "From", Head: "=", Value: func(_ *screen.Cells, e x) any { return string(e.From) }},
		screen.Column[x]{Key: "to", Title: "To", Head: "=", Value: func(_ *screen.Cells, e x) any { return string(e.To) }},
		screen.Column[x]{Key: "state", Title: "State", Head: "=", Value: func(_ *screen.Cells, e x) any { return e.State }},
		screen.Column[x]{Key: "who", Title: "Whose", Head: "=", Width: 24, Value: func(c *screen.Cells, e x) any { return c.Name(e.Who) }},
		screen.Column[x]{Key: "systems", Title: "Systems", Width: 30, Value: func(_ *screen.Cells, e x) any { return strings.Join(e.Systems, ", ") }},
		screen.Column[x]{Key: "note", Title: "Note", Width: 40, Value: func(_ *screen.Cells, e x) any { return e.Note }},
		screen.Column[x]{Key: "page", Title: "Page", Width: 40, Value: func(_ *screen.Cells, e x) any { return e.Path }},
	)
}

const perDay = 4 // events that a day of the month shows

// calendar answers: what happens when, and when is there room?
func (s *site) calendar(w http.ResponseWriter, r *screen.Request) error {
	events, kinds, month, today, unread, err := s.shown(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	name := month.First().Time().Format("January 2006")
	v := monthView{Title: name, Note: "Days are those of " + r.Words.Zone.String() + ". What is due stands on its last day.", None: "Nothing is on the calendar then."}
	at := func(pairs ...string) string { return screen.With(q, "/calendar", append(pairs, "day", "")...) }
	list := q.Get("view") == "list"
	v.Views = []ui.Chip{{Text: "Month", Href: at("view", ""), Current: !list}, {Text: "List", Href: at("view", "list"), Current: list}}
	total := 0
	for _, k := range calendar.Kinds() {
		total += kinds[k.Name]
	}
	v.Kinds = []ui.Chip{{Text: fmt.Sprintf("All %d", total), Href: screen.With(q, "/calendar", "kind", ""), Current: q.Get("kind") == ""}}
	for _, k := range calendar.Kinds() {
		if n := kinds[k.Name]; n > 0 || q.Get("kind") == k.Name {
			v.Kinds = append(v.Kinds, ui.Chip{Text: fmt.Sprintf("%s %d", k.Many, n), Href: screen.With(q, "/calendar", "kind", k.Name), Current: q.Get("kind") == k.Name})
		}
	}
	v.Moves = []ui.Link{{Text: "← " + month.Add(-1).First().Time().Format("January"), Href: at("month", string(month.Add(-1)))}, {Text: "Today", Href: at("month", "")}, {Text: month.Add(1).First().Time().Format("January") + " →", Href: at("month", string(month.Add(1)))}}
	v.Action = []ui.Link{{Text: "A feed for your calendar", Href: "/calendar/feed"}}
	if r.May(access.FreezeEdit) {
		v.Action = append(v.Action, ui.Link{Text: "Plan a test or a freeze", Href: "/calendar/plan"})
	}
	if len(unread) > 0 {
		v.Notice = append(v.Notice, "Not all could be read just now: "+strings.Join(unread, ", ")+". More may be on the calendar than stands here.")
	}
	if day := calendar.Day(q.Get("day")); day != "" {
		v.Title = day.Time().Format("Monday 2 January 2006")
		list = true
	}
	if !list {
		for _, week := range month.Weeks() {
			var out monthWeek
			for i, day := range week {
				out[i] = dayOf(day, month, today, events, q)
			}
			v.Weeks = append(v.Weeks, out)
		}
	}
	var ids []string
	for _, e := range events {
		ids = append(ids, e.Who)
	}
	names := r.Names(ids)
	v.Table = &ui.Table{Caption: "What is on the calendar, by day", Columns: []ui.Column{{Text: "What"}, {Text: "Kind"}, {Text: "From"}, {Text: "To"}, {Text: "State"}, {Text: "Whose"}}}
	for _, e := range events {
		who := ui.Cell{Text: screen.Who(names, e.Who)}
		if e.Who == "" {
			who = ui.Cell{Text: "nobody by name", Muted: true}
		}
		row := ui.TableRow{Head: ui.Link{Text: e.Title, Href: e.Path}, Cells: []ui.Cell{{Text: calendar.KindOf(e.Kind).One}, {Text: string(e.From)}, {Text: string(e.To)}, {Text: e.State, Bad: e.State == "late" || e.State == "missed"}, who}}
		if len(e.Systems) > 0 {
			row.Meta = strings.Join(e.Systems, ", ")
		}
		v.Table.Rows = append(v.Table.Rows, row)
	}
	return r.Render(w, http.StatusOK, monthPage(r.Shell(w, "Calendar", section, "Calendar"), v))
}

// dayOf gives a day of the month. What lasts longer than a week stands on its
// first day and its last, and on Mondays.
func dayOf(day calendar.Day, month calendar.Month, today calendar.Day, events []calendar.Event, q url.Values) monthDay {
	t := day.Time()
	d := monthDay{Number: t.Format("2"), Full: t.Format("Monday 2 January 2006"), Out: calendar.MonthOf(day) != month, Today: day == today}
	more := 0
	for i := range events {
		e := &events[i]
		if !e.On(day) || e.Days() > 7 && day != e.From && day != e.To && t.Weekday() != time.Monday {
			continue
		}
		if len(d.Events) == perDay {
			more++
			continue
		}
		kind := calendar.KindOf(e.Kind).One
		if e.State != "" {
			kind += ", " + e.State
		}
		d.Events = append(d.Events, monthEvent{Text: e.Title, Kind: kind, Href: e.Path, Bad: e.State == "late" || e.State == "missed"})
	}
	if more > 0 {
		d.More = ui.Link{Text: fmt.Sprintf("and %d more", more), Href: screen.With(q, "/calendar", "day", string(day))}
	}
	return d
}

func (s *site) planForm(w http.ResponseWriter, r *screen.Request) error {
	return s.showPlan(w, r, nil, nil)
}

func (s *site) showPlan(w http.ResponseWriter, r *screen.Request, typed *screen.Typed, side []ui.Block) error {
	f := ui.Form{ID: "plan", Action: "/calendar/plan", Button: "Plan it", Open: true, Fields: []ui.Field{
		{Name: "kind", Label: "What", Kind: "select", Options: []ui.Option{{Value: calendar.Test, Text: "A test"}, {Value: calendar.Exercise, Text: "An exercise"}, {Value: calendar.Freeze, Text: "A freeze: nothing is to change"}}},
		{Name: "title", Label: "Name", Must: true},
		{Name: "from", Label: "First day", Kind: "date", Must: true},
		{Name: "to", Label: "Last day", Kind: "date", Hint: "Empty: one day."},
		{Name: "systems", Label: "Systems that it concerns", Hint: "Names between commas; empty: all of them."},
		{Name: "reason", Label: "Why", Kind: "long", Must: true},
		{Name: "anyway", Label: "In a freeze all the same, because", Hint: "Only where a test falls into a freeze and cannot wait."},
	}}
	typed.Fill(&f)
	return r.Render(w, typed.Status(), ui.FormPage(r.Shell(w, "Plan a test or a freeze", section, "Calendar"), ui.FormView{Crumbs: []ui.Link{{Text: "Calendar", Href: "/calendar"}, {Text: "Plan"}}, Title: "Plan a test, an exercise or a freeze",
		Note: "A test that falls into a freeze of its systems, or beside fieldwork and other tests, disrupts more than it must: the days that disrupt least are named.", Form: f, Side: side}))
}

func (s *site) plan(w http.ResponseWriter, r *screen.Request) error {
	p := calendar.Plan{Kind: r.PostFormValue("kind"), Title: r.PostFormValue("title"), From: calendar.Day(r.PostFormValue("from")), To: calendar.Day(r.PostFormValue("to")), Systems: screen.Listed(r.PostFormValue("systems")), Reason: r.PostFormValue("reason"), Anyway: r.PostFormValue("anyway")}
	e, err := s.cfg.Calendar.Make(r.Context(), r.Who, p)
	if err != nil {
		typed, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		var side []ui.Block
		if at, next, found, err := s.cfg.Calendar.Look(r.Context(), r.Who, p); err == nil && len(at.Hits) > 0 {
			b := ui.Block{ID: "hits", Title: "What stands in the way"}
			for _, h := range at.Hits {
				b.Links = append(b.Links, ui.Link{Text: fmt.Sprintf("%s, %s to %s", h.Title, h.From, h.To), Href: h.Path})
			}
			if found {
				b.Text = []string{fmt.Sprintf("The days that disrupt least: %s to %s.", next.From, next.To)}
			}
			side = append(side, b)
		}
		return s.showPlan(w, r, typed, side)
	}
	said := e.Ref() + " is planned."
	if at, next, found, err := s.cfg.Calendar.Look(r.Context(), r.Who, p); err == nil && e.Kind != calendar.Freeze && len(at.Hits) > 1 { // itself is one
		said += fmt.Sprintf(" It meets %s.", ui.Many(len(at.Hits)-1, "other thing", "other things"))
		if found && next.From != e.From {
			said += fmt.Sprintf(" From %s it would disrupt less.", next.From)
		}
	}
	return r.Done(w, said, "/calendar/plans/"+e.Ref())
}

// planned answers: what is this, whom does it concern, what does it meet?
func (s *site) planned(w http.ResponseWriter, r *screen.Request) error {
	return s.showPlanned(w, r, nil)
}

func (s *site) showPlanned(w http.ResponseWriter, r *screen.Request, typed *screen.Typed) error {
	e, err := s.cfg.Calendar.Get(r.Context(), r.Who, r.PathValue("ref"))
	if err != nil {
		return err
	}
	today, err := s.cfg.Calendar.Today(r.Context())
	if err != nil {
		return err
	}
	names := r.Names([]string{e.MadeBy, e.CancelledBy})
	state := "planned"
	switch {
	case !e.CancelledAt.IsZero():
		state = "cancelled"
	case e.To < today:
		state = "over"
	case e.From <= today:
		state = "now"
	}
	systems := "all of them"
	if len(e.Systems) > 0 {
		systems = strings.Join(e.Systems, ", ")
	}
	v := ui.RecordView{Crumbs: []ui.Link{{Text: "Calendar", Href: "/calendar?month=" + string(calendar.MonthOf(e.From))}, {Text: e.Ref()}}, Title: e.Title, State: state, FactsOf: "This " + e.Kind, Zone: "days in " + r.Words.Zone.String(),
		Line: []string{calendar.KindOf(e.Kind).One, string(e.From) + " to " + string(e.To)}, Blocks: []ui.Block{{ID: "why", Title: "Why", Text: []string{e.Reason}}},
		Facts: []ui.Fact{{Term: "Number", Text: e.Ref(), Mono: true}, {Term: "First day", Text: string(e.From)}, {Term: "Last day", Text: string(e.To)}, {Term: "Systems", Text: systems}}}
	if e.Anyway != "" {
		v.Warn, v.Notice = true, "It falls into a freeze, and is done all the same: “"+e.Anyway+"”"
	}
	v.History = []ui.Step{{At: r.Words.At(e.MadeAt), Text: "Planned", By: "by " + screen.Who(names, e.MadeBy), Entry: screen.EntryLink(e.Entry, -1)}}
	if state == "cancelled" {
		v.History = append([]ui.Step{{At: r.Words.At(e.CancelledAt), Text: "Cancelled: “" + e.Why + "”", By: "by " + screen.Who(names, e.CancelledBy)}}, v.History...)
	} else {
		plan := e.Plan
		at, next, found, err := s.cfg.Calendar.Look(r.Context(), r.Who, plan)
		if err != nil {
			return err
		}
		t := &ui.Table{Caption: "What else is on its days", Columns: []ui.Column{{Text: "What"}, {Text: "Kind"}, {Text: "Days"}}}
		for _, h := range at.Hits {
			if h.Ref != e.Ref() {
				t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: h.Title, Href: h.Path}, Cells: []ui.Cell{{Text: calendar.KindOf(h.Kind).One}, {Text: string(h.From) + " to " + string(h.To)}}})
			}
		}
		b := ui.Block{ID: "meets", Title: "What else keeps the same systems and people busy", Table: t, None: "Nothing that is known here."}
		if len(t.Rows) > 0 && e.Kind != calendar.Freeze && found {
			b.Text = []string{fmt.Sprintf("Less is disrupted from %s to %s.", next.From, next.To)}
		}
		v.Blocks = append(v.Blocks, b)
		if r.May(access.FreezeEdit) && state != "over" {
			f := ui.Form{ID: "cancel", Action: "/calendar/plans/" + e.Ref() + "/cancel", Summary: "Cancel it", Button: "Cancel it", Danger: true, Fields: []ui.Field{{Name: "why", Label: "Why", Must: true}}}
			typed.Fill(&f)
			v.Blocks = append(v.Blocks, ui.Block{ID: "do", Title: "What comes next", Forms: []ui.Form{f}})
		}
	}
	return r.Render(w, typed.Status(), ui.Record(r.Shell(w, e.Ref()+" "+e.Title, section, "Calendar"), v))
}

func (s *site) cancel(w http.ResponseWriter, r *screen.Request) error {
	e, err := s.cfg.Calendar.Cancel(r.Context(), r.Who, r.PathValue("ref"), r.PostFormValue("why"))
	if err != nil {
		typed, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showPlanned(w, r, typed)
	}
	return r.Done(w, e.Ref()+" is cancelled.", "/calendar/plans/"+e.Ref())
}

// feed answers: how do I get this into my own calendar?
func (s *site) feed(w http.ResponseWriter, r *screen.Request) error { return s.showFeed(w, r, "") }

func (s *site) showFeed(w http.ResponseWriter, r *screen.Request, token string) error {
	have, err := s.cfg.Calendar.OwnFeed(r.Context(), r.Who)
	if err != nil {
		return err
	}
	v := ui.RecordView{Crumbs: []ui.Link{{Text: "Calendar", Href: "/calendar"}, {Text: "Feed"}}, Title: "A feed for your calendar", FactsOf: "Your feed", State: "none",
		Blocks: []ui.Block{{ID: "what", Title: "What it is", Text: []string{"A link by which a calendar program reads what you may see here, from two months back to a year ahead: read-only, in the form of RFC 5545, asked for anew about every hour.",
			"Whoever has the link reads it without logging in. Give it to nobody; where it may have leaked, revoke it. It answers nothing once your account is closed."}}}}
	f := ui.Form{ID: "make", Action: "/calendar/feed", Button: "Make a link", Fields: []ui.Field{{Name: "do", Kind: "hidden", Value: "make"}}}
	if have != nil {
		v.State, f.Button, f.Quiet = "works", "Make a new link", true
		f.Note = "The link of now ends."
		v.Facts = append(v.Facts, ui.Fact{Term: "Made", Text: r.Words.Date(have.MadeAt)})
		v.SideMore = []ui.Block{{ID: "end", Title: "Revoke it", Forms: []ui.Form{{ID: "revoke", Action: "/calendar/feed", Button: "Revoke the link", Danger: true, Fields: []ui.Field{{Name: "do", Kind: "hidden", Value: "revoke"}}}}}}
	} else {
		v.Facts = append(v.Facts, ui.Fact{Term: "Made", Text: "none yet", Muted: true})
	}
	if token != "" {
		v.Blocks = append([]ui.Block{{ID: "link", Title: "Your link", Meta: "shown this once", Code: s.cfg.Site + "/calendar/feed/" + token, Text: []string{"Add it to your calendar program as a calendar that is subscribed to."}}}, v.Blocks...)
	}
	v.Blocks = append(v.Blocks, ui.Block{ID: "do", Title: "What comes next", Forms: []ui.Form{f}})
	w.Header().Set("Cache-Control", "no-store")
	return r.Render(w, http.StatusOK, ui.Record(r.Shell(w, "A feed for your calendar", section, "Calendar"), v))
}

func (s *site) changeFeed(w http.ResponseWriter, r *screen.Request) error {
	if r.PostFormValue("do") == "revoke" {
		if err := s.cfg.Calendar.RevokeFeed(r.Context(), r.Who); err != nil {
			return err
		}
		return r.Done(w, "The link is revoked: it answers nothing any more.", "/calendar/feed")
	}
	_, token, err := s.cfg.Calendar.MakeFeed(r.Context(), r.Who)
	if err != nil {
		return err
	}
	return s.showFeed(w, r, token)
}

// readFeed gives the calendar to whoever has a link.
func (s *site) readFeed(w http.ResponseWriter, r *screen.Request) error {
	ctx := r.Context()
	who, err := s.cfg.Calendar.ByFeed(ctx, strings.TrimSuffix(r.PathValue("token"), ".ics"))
	if err != nil {
		return err
	}
	today, err := s.cfg.Calendar.Today(ctx)
	if err != nil {
		return err
	}
	events, unread, err := s.cfg.Calendar.Events(ctx, who, today.Add(-62), today.Add(366))
	if err != nil {
		return err
	}
	if len(unread) > 0 { // a program would take what is missing for deleted
		return fault.New(fault.Unavailable, "not all of the calendar can be read just now").WithHint("ask again in a while")
	}
	c := ical.Calendar{Name: "Attesta", Made: s.cfg.Clock(), Again: time.Hour}
	host := "attesta"
	if u, err := url.Parse(s.cfg.Site); err == nil && u.Hostname() != "" {
		host = u.Hostname()
	}
	for _, e := range events {
		text := calendar.KindOf(e.Kind).One
		if e.State != "" {
			text += ", " + e.State
		}
		if len(e.Systems) > 0 {
			text += "\nSystems: " + strings.Join(e.Systems, ", ")
		}
		c.Events = append(c.Events, ical.Event{UID: e.Kind + "/" + strings.ReplaceAll(e.Ref, " ", "/") + "@" + host, First: string(e.From), Last: string(e.To), Summary: e.Title, Description: text, URL: s.cfg.Site + e.Path, Category: calendar.KindOf(e.Kind).Many, Busy: e.Busy})
	}
	w.Header().Set("Content-Type", "text/calendar; charset=utf-8")
	w.Header().Set("Content-Disposition", `inline; filename="attesta.ics"`)
	w.Header().Set("Cache-Control", "private, no-store")
	return ical.Write(w, c)
}
