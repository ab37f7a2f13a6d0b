package places

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/journal"
	"github.com/attesta/attesta/internal/program/place"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

var sensorSteps = map[string]string{"declared": "declared", "described": "described anew", "failed": "out of order", "recovered": "in order again", "silent": "silent", "heard": "heard", "ended": "ended"}

// watched is a sensor with what it said last.
type watched struct {
	place.SensorObject
	heard place.Heard
}

func (s *site) sensorRows(r *screen.Request) ([]watched, error) {
	rows, _, err := s.watched(r)
	return rows, err
}

// watched gives the sensors that are shown, those out of order first, and how many
// there are by what they come to.
func (s *site) watched(r *screen.Request) ([]watched, map[string]int, error) {
	q := r.URL.Query()
	var f journal.Filter
	if ref := q.Get("site"); ref != "" {
		o, err := s.cfg.Places.Site(r.Context(), r.Who, ref)
		if err != nil {
			return nil, nil, err
		}
		f.Topic = o.ID
	}
	all, heard, err := s.cfg.Places.Sensors(r.Context(), r.Who, f)
	if err != nil {
		return nil, nil, err
	}
	n := map[string]int{}
	var out []watched
	for _, o := range all {
		m := o.Content.Mark().State
		n[m]++
		n[""]++
		if st := q.Get("state"); st == "" || st == m {
			out = append(out, watched{o, heard[o.ID]})
		}
	}
	rank := map[string]int{place.Fail: 0, place.Unread: 1, place.NotObserved: 2, place.Pass: 3, place.Ended: 4}
	slices.SortStableFunc(out, func(a, b watched) int { return rank[a.Content.Mark().State] - rank[b.Content.Mark().State] })
	return out, n, nil
}

func (s *site) sensorList() screen.List {
	type x = watched
	return screen.Declare(screen.List{Name: "sensors", Title: "Sensors", Pattern: "GET /sensors", Action: access.PlaceRead}, screen.Whole(s.sensorRows), nil,
		screen.Column[x]{Key: "number", Title: "Number", Value: func(_ *screen.Cells, o x) any { return o.Ref }},
		screen.Column[x]{Key: "name", Title: "Sensor", Head: "=", Width: 24, Value: func(_ *screen.Cells, o x) any { return o.Content.Name }},
		screen.Column[x]{Key: "measure", Title: "Measures", Head: "=", Value: func(_ *screen.Cells, o x) any { return o.Content.Measure }},
		screen.Column[x]{Key: "where", Title: "Where", Head: "=", Width: 24, Value: func(_ *screen.Cells, o x) any { return o.Content.Where }},
		screen.Column[x]{Key: "site", Title: "Site", Width: 20, Value: func(_ *screen.Cells, o x) any { return o.Content.SiteName }},
		screen.Column[x]{Key: "bounds", Title: "In order", Head: "=", Width: 20, Value: func(_ *screen.Cells, o x) any { return o.Content.Bounds() }},
		screen.Column[x]{Key: "value", Title: "Last value", Head: "=", Value: func(_ *screen.Cells, o x) any { return o.heard.Value }},
		screen.Column[x]{Key: "heard", Title: "Last heard", Head: "=", Width: 20, Value: func(_ *screen.Cells, o x) any { return o.heard.Heard }},
		screen.Column[x]{Key: "outcome", Title: "Comes to", Head: "=", Value: func(_ *screen.Cells, o x) any { return o.Content.Mark().State }},
		screen.Column[x]{Key: "reason", Title: "Why", Width: 40, Value: func(_ *screen.Cells, o x) any { return o.Content.Condition.Reason }},
		screen.Column[x]{Key: "since", Title: "Since", Width: 20, Value: func(_ *screen.Cells, o x) any { return o.Content.Condition.Since }})
}

// sensors answers: is something out of order, and is somebody silent?
func (s *site) sensors(w http.ResponseWriter, r *screen.Request) error {
	rows, n, err := s.watched(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	v := ui.ListView{Title: fmt.Sprintf("%s, %d out of order, %d silent", ui.Many(n[""]-n[place.Ended], "sensor", "sensors"), n[place.Fail]+n[place.Unread], n[place.NotObserved]), Note: "Cameras and environment sensors, as their own messages say. One that is silent for longer than expected is not observed.", Labels: []string{"Comes to"}, Undo: "/sensors", None: "No sensor matches."}
	chips := []ui.Chip{{Text: "All " + ui.Number(n[""]), Href: screen.With(q, "/sensors", "state", ""), Current: q.Get("state") == ""}}
	for _, st := range [][2]string{{place.Fail, "Fail"}, {place.Unread, "Error"}, {place.NotObserved, "Not observed"}, {place.Pass, "Pass"}, {place.Ended, "Ended"}} {
		chips = append(chips, ui.Chip{Text: st[1] + " " + ui.Number(n[st[0]]), Href: screen.With(q, "/sensors", "state", st[0]), Current: q.Get("state") == st[0]})
	}
	v.Chips = [][]ui.Chip{chips}
	if r.May(access.PlaceEdit) {
		v.Action = ui.Link{Text: "Declare a sensor", Href: "/sensors/new"}
	}
	if n[""] == 0 {
		v.Chips, v.Labels = nil, nil
		v.Title = "No sensor is declared yet"
		v.Empty = &ui.Empty{Title: "Let machines tell of heat, water and doors", Text: "Declare each sensor with its place, the values that are in order and how often it is heard. It reports by webhook; out of its bounds it fails, silent it is not observed.", Criteria: []ui.Link{{Text: "A1.2", Href: "/criteria/A1.2"}, {Text: "CC6.4", Href: "/criteria/CC6.4"}},
			Until: "Until then nothing tells of an overheating or a forced door. A firm whose machines stand in a vendor's hall leaves this to the vendor's report."}
		if r.May(access.PlaceEdit) {
			v.Empty.Actions = []ui.Link{v.Action, {Text: "Places", Href: "/places"}}
		}
	}
	v.Table = ui.Table{Caption: "Sensors, those out of order first", Columns: []ui.Column{{Text: "Sensor"}, {Text: "Measures"}, {Text: "Where"}, {Text: "In order"}, {Text: "Last value"}, {Text: "Last heard"}, {Text: "Comes to"}}}
	for _, o := range rows {
		c := &o.Content
		is, heard := outcomeCell(c.Condition.Outcome, c.Condition.Reason), ui.Cell{Text: "never", Muted: true}
		if c.State == place.Ended {
			is = ui.Cell{Text: "ended on " + c.EndedOn, Muted: true}
		}
		if !o.heard.Heard.IsZero() {
			heard = ui.Cell{Moment: r.Words.At(o.heard.Heard)}
		}
		v.Table.Rows = append(v.Table.Rows, ui.TableRow{Head: ui.Link{Text: c.Name, Href: "/sensors/" + o.Ref}, Meta: o.Ref + ", " + c.SiteName, Cells: []ui.Cell{{Text: c.Measure}, {Text: c.Where}, {Text: c.Bounds()}, {Text: value(c, o.heard)}, heard, is}})
	}
	v.Table.Pager = screen.Pager(len(rows), int64(len(rows)), q, "/sensors", "")
	return r.Render(w, http.StatusOK, ui.List(r.Shell(w, "Sensors", "Organise", "Sensors"), v))
}

func value(c *place.Sensor, h place.Heard) string {
	if h.Value == "" {
		return h.Said
	}
	return strings.TrimSpace(h.Value + " " + place.Unit(c.Measure))
}

func (s *site) sensorFields(r *screen.Request, d place.Declaration, all bool) ([]ui.Field, error) {
	var measures [][2]string
	for _, m := range place.Measures() {
		words := m[1]
		if m[2] != "" {
			words += " (" + m[2] + ")"
		}
		measures = append(measures, [2]string{m[0], words})
	}
	bound := func(f *float64) string {
		if f == nil {
			return ""
		}
		return strconv.FormatFloat(*f, 'f', -1, 64)
	}
	every := "15"
	if d.Every > 0 {
		every = strconv.Itoa(d.Every)
	}
	fields := []ui.Field{text("name", "What is it called?", "", d.Name, true), {Name: "measure", Label: "What does it measure?", Kind: "select", Options: screen.Options(d.Measure, measures...), Must: true}, text("where", "Where is it?", "Zone, rack or door.", d.Where, true),
		text("low", "Lowest value in order", "Empty for no bound.", bound(d.Low), false), text("high", "Highest value in order", "Empty for no bound.", bound(d.High), false), text("every_minutes", "It is heard at least every so many minutes", "Silent for longer, it is not observed.", every, true)}
	if !all {
		return fields, nil
	}
	sites, err := s.siteOptions(r, screen.OrElse(d.Site, r.URL.Query().Get("site")))
	return append([]ui.Field{{Name: "site", Label: "At which site?", Kind: "select", Options: sites, Must: true}, text("key", "How does it call itself in messages?", "", d.Key, true)}, fields...), err
}

func declarationOf(v url.Values) (place.Declaration, error) {
	d := place.Declaration{Site: v.Get("site"), Name: v.Get("name"), Key: v.Get("key"), Measure: v.Get("measure"), Where: v.Get("where")}
	for field, into := range map[string]**float64{"low": &d.Low, "high": &d.High} {
		t := strings.TrimSpace(strings.ReplaceAll(v.Get(field), ",", "."))
		if t == "" {
			continue
		}
		f, err := strconv.ParseFloat(t, 64)
		if err != nil {
			return d, fault.New(fault.Invalid, "%q is no number", t).At("", 0, field)
		}
		*into = &f
	}
	n, err := number(v, "every_minutes")
	d.Every = n
	return d, err
}

func (s *site) declareForm(w http.ResponseWriter, r *screen.Request) error {
	return s.showDeclare(w, r, nil)
}

func (s *site) showDeclare(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	fields, err := s.sensorFields(r, place.Declaration{}, true)
	if err != nil {
		return err
	}
	f := ui.Form{ID: "declare", Action: "/sensors/new", Button: "Declare it", Fields: fields}
	v := ui.FormView{Crumbs: []ui.Link{{Text: "Sensors", Href: "/sensors"}, {Text: "Declare one"}}, Title: "Declare a sensor", Note: "The page of its site has the address and the token with which it reports."}
	if len(fields[0].Options) == 0 {
		f.Action = ""
		v.Side = []ui.Block{{ID: "first", Title: "First a site", Text: []string{"A sensor stands at a site, and none is known."}, Links: []ui.Link{{Text: "Places", Href: "/places"}}}}
	}
	t.Fill(&f)
	v.Form = f
	return r.Render(w, t.Status(), ui.FormPage(r.Shell(w, "Declare a sensor", "Organise", "Sensors"), v))
}

func (s *site) declare(w http.ResponseWriter, r *screen.Request) error {
	d, err := declarationOf(r.PostForm)
	var o *place.SensorObject
	if err == nil {
		o, err = s.cfg.Places.Declare(r.Context(), r.Who, d)
	}
	to := ""
	if o != nil {
		to = "/sensors/" + o.Ref
	}
	return after(w, r, err, "It is declared, and not observed until it is heard.", to, func(t *screen.Typed) error { return s.showDeclare(w, r, t) })
}

func (s *site) sensor(w http.ResponseWriter, r *screen.Request) error {
	return s.showSensor(w, r, "", nil)
}

func (s *site) showSensor(w http.ResponseWriter, r *screen.Request, which string, typed *screen.Typed) error {
	o, err := s.cfg.Places.Sensor(r.Context(), r.Who, r.PathValue("ref"))
	if err != nil {
		return err
	}
	_, heard, err := s.cfg.Places.Sensors(r.Context(), r.Who, journal.Filter{Topic: o.Content.SiteID})
	if err != nil {
		return err
	}
	c, path := &o.Content, "/sensors/"+o.Ref
	names := r.Names(makers(o))
	h := heard[o.ID]
	rec := ui.RecordView{Crumbs: []ui.Link{{Text: "Sensors", Href: "/sensors"}, {Text: o.Ref}}, Title: c.Name, State: c.State, FactsOf: "The sensor", Zone: "times in " + r.Words.Zone.String(), Line: []string{o.Ref, c.SiteName, c.Where},
		Facts: []ui.Fact{{Term: "Site", Links: []ui.Link{{Text: c.SiteName, Href: "/places/" + c.Site}}}, {Term: "Measures", Text: c.Measure}, {Term: "In order", Text: c.Bounds()}, {Term: "Heard", Text: fmt.Sprintf("at least every %d minutes; last: %s", c.Every, when(r, h.Heard))}, {Term: "Calls itself", Text: c.Key, Mono: true}}}
	if h.Said != "" {
		rec.Facts = append(rec.Facts, ui.Fact{Term: "Said last", Text: value(c, h)})
	}
	if c.State == place.Watching {
		rec.Outcome = ui.Outcome(c.Condition.Outcome)
		since := c.Condition.Reason + ", since " + r.Words.Full(c.Condition.Since)
		if c.Condition.Outcome == place.Fail || c.Condition.Outcome == place.Unread {
			rec.Bad = screen.Sentence(since)
		} else {
			rec.Line = append(rec.Line, since)
		}
	}
	for i := len(o.History) - 1; i >= 0; i-- {
		x := o.History[i]
		said := sensorSteps[x.Step]
		switch x.Step {
		case "failed", "recovered", "silent", "heard":
			said += ": " + x.Content.Condition.Reason
		}
		if x.Note != "" {
			said += ": " + x.Note
		}
		by := "by " + screen.Who(names, x.By)
		if x.By == access.System().UserID {
			by = "as the sensor says"
		}
		st := ui.Step{At: r.Words.At(x.At), Text: said, By: by, Entry: screen.EntryLink(x.Entry, x.Index)}
		if x.Step == "failed" {
			st.Mark = "bad"
		}
		rec.History = append(rec.History, st)
	}
	if c.State == place.Watching {
		fields, err := s.sensorFields(r, c.Declaration, false)
		if err != nil {
			return err
		}
		forms := screen.Forms(r, path, which, typed, screen.Verb{Name: "describe", Action: access.PlaceEdit, Button: "Record it", Open: "Say anew what is in order", Fields: append(fields, long("note", "Why does it change?", "", "", false))},
			screen.Verb{Name: "end", Action: access.PlaceEdit, Button: "End it", Open: "The sensor is gone", Danger: true, Fields: []ui.Field{long("note", "Why?", "", "", true)}})
		if len(forms) > 0 {
			rec.Blocks = append(rec.Blocks, ui.Block{ID: "else", Title: "Otherwise", Forms: forms})
		}
	}
	return r.Render(w, typed.Status(), ui.Record(r.Shell(w, c.Name, "Organise", "Sensors"), rec))
}

func (s *site) keepSensor(w http.ResponseWriter, r *screen.Request) error {
	v, ref, do := r.PostForm, r.PathValue("ref"), r.PathValue("do")
	var err error
	switch do {
	case "describe":
		var d place.Declaration
		if d, err = declarationOf(v); err == nil {
			_, err = s.cfg.Places.Redeclare(r.Context(), r.Who, ref, d, v.Get("note"))
		}
	case "end":
		_, err = s.cfg.Places.EndSensor(r.Context(), r.Who, ref, v.Get("note"))
	default:
		err = unknown(do)
	}
	return after(w, r, err, "Recorded.", "/sensors/"+ref, func(t *screen.Typed) error { return s.showSensor(w, r, do, t) })
}
