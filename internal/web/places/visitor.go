package places

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/journal"
	"github.com/attesta/attesta/internal/program/place"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

var visitSteps = map[string]string{"announced": "announced", "arrived": "arrived", "left": "left", "cancelled": "did not come", "corrected": "the badge came back"}

func (s *site) visitFilter(r *screen.Request, after string) (journal.Filter, error) {
	q := r.URL.Query()
	f := journal.Filter{Limit: screen.PageSize}
	if st := q.Get("state"); st != "" {
		f.States = []string{st}
	}
	if ref := q.Get("site"); ref != "" {
		o, err := s.cfg.Places.Site(r.Context(), r.Who, ref)
		if err != nil {
			return f, err
		}
		f.Topic = o.ID
	}
	if after != "" {
		n, err := strconv.ParseInt(after, 10, 64)
		if err != nil || n < 1 {
			return f, fault.New(fault.Invalid, "%q is no page", after)
		}
		f.Below = n
	}
	return f, nil
}

func (s *site) visitRows(r *screen.Request, after string) ([]place.VisitObject, string, error) {
	f, err := s.visitFilter(r, after)
	if err != nil {
		return nil, "", err
	}
	rows, next, err := s.cfg.Places.Visits(r.Context(), r.Who, f)
	if next == 0 {
		return rows, "", err
	}
	return rows, strconv.FormatInt(next, 10), err
}

func (s *site) visitorList() screen.List {
	type x = place.VisitObject
	return screen.Declare(screen.List{Name: "visitors", Title: "Visitors", Pattern: "GET /visitors", Action: access.VisitorRead}, s.visitRows, nil,
		screen.Column[x]{Key: "number", Title: "Number", Value: func(_ *screen.Cells, o x) any { return o.Ref }},
		screen.Column[x]{Key: "name", Title: "Visitor", Head: "=", Width: 24, Value: func(_ *screen.Cells, o x) any { return o.Content.Name }},
		screen.Column[x]{Key: "organisation", Title: "Organisation", Width: 24, Value: func(_ *screen.Cells, o x) any { return o.Content.Organisation }},
		screen.Column[x]{Key: "purpose", Title: "Purpose", Width: 30, Value: func(_ *screen.Cells, o x) any { return o.Content.Purpose }},
		screen.Column[x]{Key: "site", Title: "Site", Head: "=", Width: 20, Value: func(_ *screen.Cells, o x) any { return o.Content.SiteName }},
		screen.Column[x]{Key: "day", Title: "Day", Head: "=", Value: func(_ *screen.Cells, o x) any { return o.Content.Day }},
		screen.Column[x]{Key: "host", Title: "Host", Head: "=", Width: 20, Value: func(_ *screen.Cells, o x) any { return o.Content.Host }},
		screen.Column[x]{Key: "escort", Title: "Escort", Width: 20, Value: func(_ *screen.Cells, o x) any { return o.Content.Escort }},
		screen.Column[x]{Key: "badge", Title: "Badge", Head: "=", Value: func(_ *screen.Cells, o x) any { return o.Content.Badge }},
		screen.Column[x]{Key: "arrived", Title: "Arrived", Width: 20, Value: func(_ *screen.Cells, o x) any { return o.Content.Arrived }},
		screen.Column[x]{Key: "left", Title: "Left", Width: 20, Value: func(_ *screen.Cells, o x) any { return o.Content.Left }},
		screen.Column[x]{Key: "outcome", Title: "Comes to", Head: "=", Value: func(c *screen.Cells, o x) any { is, _ := o.Content.Standing(c.Words.Now); return is }},
		screen.Column[x]{Key: "reason", Title: "Why", Width: 40, Value: func(c *screen.Cells, o x) any { _, why := o.Content.Standing(c.Words.Now); return why }})
}

// visitors answers: who is here, and who has not left?
func (s *site) visitors(w http.ResponseWriter, r *screen.Request) error {
	q := r.URL.Query()
	rows, next, err := s.visitRows(r, q.Get("after"))
	if err != nil {
		return err
	}
	n, late, err := s.cfg.Places.VisitCounts(r.Context(), r.Who)
	if err != nil {
		return err
	}
	var all int64
	for _, k := range n {
		all += k
	}
	v := ui.ListView{Title: ui.Many(n[place.Here], "visitor is here", "visitors are here") + ", " + ui.Many(late, "overdue", "overdue"), Note: "Announced by their host, accompanied while they are here, gone with their badge returned by the end of the day.", Labels: []string{"State"}, Undo: "/visitors", None: "No visitor matches."}
	if late == 0 {
		v.Title = ui.Many(n[place.Here], "visitor is here", "visitors are here") + ", nobody overdue"
	}
	states := []ui.Chip{{Text: "All " + ui.Number(all), Href: screen.With(q, "/visitors", "state", "", "after", ""), Current: q.Get("state") == ""}}
	for _, st := range place.VisitStates() {
		states = append(states, ui.Chip{Text: screen.Capital(st[1]) + " " + ui.Number(n[st[0]]), Href: screen.With(q, "/visitors", "state", st[0], "after", ""), Current: q.Get("state") == st[0]})
	}
	v.Chips = [][]ui.Chip{states}
	if r.May(access.VisitorKeep) {
		v.Action = ui.Link{Text: "Announce a visitor", Href: "/visitors/new"}
	}
	if all == 0 {
		v.Chips, v.Labels = nil, nil
		v.Title = "No visitor was announced yet"
		v.Empty = &ui.Empty{Title: "Keep who comes to see you", Text: "A host announces a visitor; one click says that they are here, one that they left and that the badge came back. The register is a population that an auditor samples from.", Criteria: []ui.Link{{Text: "CC6.4", Href: "/criteria/CC6.4"}},
			Until: "Until then nobody can say who was in the building. Without premises there is nothing to do here: say so under Places."}
		if r.May(access.VisitorKeep) {
			v.Empty.Actions = []ui.Link{v.Action, {Text: "Places", Href: "/places"}}
		}
	}
	v.Table = ui.Table{Caption: "Visitors, newest first", Columns: []ui.Column{{Text: "Visitor"}, {Text: "Site"}, {Text: "Day"}, {Text: "Host"}, {Text: "Badge"}, {Text: "Comes to"}, {Text: "Next"}}}
	for _, o := range rows {
		c := &o.Content
		is, why := c.Standing(r.Words.Now)
		act := ui.Cell{}
		if r.May(access.VisitorKeep) {
			switch {
			case c.State == place.Announced:
				act.Post = ui.Post{Text: "Arrived", Label: c.Name + " arrived", Action: "/visitors/" + o.Ref + "/arrive", Fields: []ui.Link{{Text: "back", Href: "list"}}}
			case c.State == place.Here && !c.Overdue(r.Words.Now):
				act.Post = ui.Post{Text: "Left", Label: c.Name + " left", Action: "/visitors/" + o.Ref + "/leave", Fields: []ui.Link{{Text: "back", Href: "list"}}}
				if c.Badge != "" {
					act.Post.Text = "Left, badge returned"
					act.Post.Fields = append(act.Post.Fields, ui.Link{Text: "returned", Href: "yes"})
				}
			}
		}
		v.Table.Rows = append(v.Table.Rows, ui.TableRow{Head: ui.Link{Text: c.Name, Href: "/visitors/" + o.Ref}, Meta: strings.Trim(o.Ref+", "+c.Organisation, ", "), Cells: []ui.Cell{{Text: c.SiteName}, {Text: c.Day}, {Text: c.Host}, {Text: screen.OrElse(c.Badge, "none"), Muted: c.Badge == ""}, outcomeCell(is, why), act}})
	}
	total := all
	if st := q.Get("state"); st != "" {
		total = n[st]
	}
	v.Table.Pager = screen.Pager(len(rows), total, q, "/visitors", next)
	return r.Render(w, http.StatusOK, ui.List(r.Shell(w, "Visitors", "Organise", "Visitors"), v))
}

func (s *site) announceForm(w http.ResponseWriter, r *screen.Request) error {
	return s.showAnnounce(w, r, nil)
}

func (s *site) showAnnounce(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	sites, err := s.siteOptions(r, r.URL.Query().Get("site"))
	if err != nil {
		return err
	}
	f := ui.Form{ID: "announce", Action: "/visitors/new", Button: "Announce them", Fields: []ui.Field{{Name: "site", Label: "Where?", Kind: "select", Options: sites, Must: true}, text("name", "Who comes?", "", "", true), text("organisation", "From which organisation?", "", "", false),
		text("purpose", "What for?", "", "", true), text("host", "Who expects them?", "A mail address or whole name; you when empty.", "", false), {Name: "day", Label: "On which day?", Hint: "Today when empty.", Kind: "date"}}}
	v := ui.FormView{Crumbs: []ui.Link{{Text: "Visitors", Href: "/visitors"}, {Text: "Announce"}}, Title: "Announce a visitor", Note: "Or enter one who stands at the door, and say next that they arrived."}
	if len(sites) == 0 {
		f.Action = ""
		v.Side = []ui.Block{{ID: "first", Title: "First a site", Text: []string{"A visitor comes to a site, and none is known."}, Links: []ui.Link{{Text: "Places", Href: "/places"}}}}
	}
	t.Fill(&f)
	v.Form = f
	return r.Render(w, t.Status(), ui.FormPage(r.Shell(w, "Announce a visitor", "Organise", "Visitors"), v))
}

func (s *site) announce(w http.ResponseWriter, r *screen.Request) error {
	v := r.PostForm
	o, err := s.cfg.Places.Announce(r.Context(), r.Who, place.Announcement{Site: v.Get("site"), Name: v.Get("name"), Organisation: v.Get("organisation"), Purpose: v.Get("purpose"), Host: v.Get("host"), Day: v.Get("day")})
	to := ""
	if o != nil {
		to = "/visitors/" + o.Ref
	}
	return after(w, r, err, "Announced.", to, func(t *screen.Typed) error { return s.showAnnounce(w, r, t) })
}

func (s *site) visitor(w http.ResponseWriter, r *screen.Request) error {
	return s.showVisitor(w, r, "", nil)
}

func (s *site) showVisitor(w http.ResponseWriter, r *screen.Request, which string, typed *screen.Typed) error {
	o, err := s.cfg.Places.Visit(r.Context(), r.Who, r.PathValue("ref"))
	if err != nil {
		return err
	}
	c, path := &o.Content, "/visitors/"+o.Ref
	names := r.Names(makers(o))
	is, why := c.Standing(r.Words.Now)
	state := c.State
	for _, st := range place.VisitStates() {
		if st[0] == c.State {
			state = st[1]
		}
	}
	rec := ui.RecordView{Crumbs: []ui.Link{{Text: "Visitors", Href: "/visitors"}, {Text: o.Ref}}, Title: c.Name, State: state, Outcome: ui.Outcome(is), FactsOf: "The visit", History: history(r, names, o, visitSteps), Zone: "times in " + r.Words.Zone.String(), Line: []string{o.Ref, c.SiteName, c.Day, why}}
	if is == place.Fail {
		rec.Bad = screen.Sentence(why)
		rec.Line = rec.Line[:3]
	}
	for _, f := range [][2]string{{"From", c.Organisation}, {"What for", c.Purpose}, {"Host", c.Host}, {"Accompanied by", c.Escort}, {"Badge", c.Badge}} {
		if f[1] != "" {
			rec.Facts = append(rec.Facts, ui.Fact{Term: f[0], Text: f[1]})
		}
	}
	for _, f := range []struct {
		term string
		at   time.Time
	}{{"Arrived", c.Arrived}, {"Left", c.Left}, {"Written that they left", c.Told}} {
		if !f.at.IsZero() {
			rec.Facts = append(rec.Facts, ui.Fact{Term: f.term, Text: r.Words.Full(f.at)})
		}
	}
	late := text("at", "When, if not now?", "As 2026-03-02T17:40:00Z.", "", false)
	var verbs []screen.Verb
	switch {
	case c.State == place.Announced:
		verbs = []screen.Verb{{Name: "arrive", Action: access.VisitorKeep, Button: "They are here", Fields: []ui.Field{text("badge", "Which badge do they get?", "Empty where none is given.", "", false), text("escort", "Who accompanies them?", "The host when empty.", "", false), late}},
			{Name: "cancel", Action: access.VisitorKeep, Button: "They did not come", Open: "They did not come", Danger: true, Fields: []ui.Field{long("note", "Note", "", "", false)}}}
	case c.State == place.Here:
		fields := []ui.Field{late, long("note", "Note", "Needed where the badge did not come back, or their day is over.", "", false)}
		if c.Badge != "" {
			fields = slices.Insert(fields, 0, screen.Choice("returned", "Badge "+c.Badge, "", "yes", [2]string{"yes", "came back"}, [2]string{"no", "did not come back"}))
		}
		verbs = []screen.Verb{{Name: "leave", Action: access.VisitorKeep, Button: "They left", Fields: fields}}
	case c.State == place.Gone && c.Badge != "" && !c.Returned:
		verbs = []screen.Verb{{Name: "returned", Action: access.VisitorKeep, Button: "The badge came back", Fields: []ui.Field{long("note", "How, and when?", "", "", true)}}}
	}
	forms := screen.Forms(r, path, which, typed, verbs...)
	if len(forms) > 0 {
		rec.Action = forms[0]
		rec.Action.Quiet = false
		if len(forms) > 1 {
			rec.Blocks = []ui.Block{{ID: "else", Title: "Otherwise", Forms: forms[1:]}}
		}
	}
	return r.Render(w, typed.Status(), ui.Record(r.Shell(w, c.Name, "Organise", "Visitors"), rec))
}

func (s *site) keepVisitor(w http.ResponseWriter, r *screen.Request) error {
	v, ref, do := r.PostForm, r.PathValue("ref"), r.PathValue("do")
	var err error
	said, to := "", "/visitors/"+ref
	if v.Get("back") == "list" {
		to = "/visitors"
	}
	switch do {
	case "arrive":
		said = "They are here."
		_, err = s.cfg.Places.Arrive(r.Context(), r.Who, ref, place.Arrival{Badge: v.Get("badge"), Escort: v.Get("escort"), At: v.Get("at")})
	case "leave":
		said = "They left."
		_, err = s.cfg.Places.Leave(r.Context(), r.Who, ref, place.Departure{Returned: v.Get("returned") == "yes", At: v.Get("at"), Note: v.Get("note")})
	case "returned":
		said = "Recorded."
		_, err = s.cfg.Places.Returned(r.Context(), r.Who, ref, v.Get("note"))
	case "cancel":
		said = "Recorded: they did not come."
		_, err = s.cfg.Places.Cancel(r.Context(), r.Who, ref, v.Get("note"))
	default:
		err = unknown(do)
	}
	return after(w, r, err, said, to, func(t *screen.Typed) error { return s.showVisitor(w, r, do, t) })
}
