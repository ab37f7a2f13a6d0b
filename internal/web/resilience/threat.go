package resilience

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/resilience"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

var threatSteps = map[string]string{"added": "added", "described": "described anew", "protected": "a protection was added", "inspected": "a protection was inspected", "unprotected": "a protection is gone", "reviewed": "reviewed", "ended": "ended"}

func (s *site) threatRows(r *screen.Request) (list, all []resilience.SeenThreat, err error) {
	if err := checkShow(r); err != nil {
		return nil, nil, err
	}
	if all, err = s.cfg.Resilience.Threats(r.Context(), r.Who); err != nil {
		return nil, nil, err
	}
	for _, x := range all {
		if shown(r, resilience.Worst(x.Judged).Outcome, x.Content.State == "active") {
			list = append(list, x)
		}
	}
	return list, all, nil
}

func (s *site) threatList() screen.List {
	type row = resilience.SeenThreat
	columns := []screen.Column[row]{
		{Key: "number", Title: "Number", Value: func(_ *screen.Cells, x row) any { return x.Ref }},
		{Key: "place", Title: "Place", Width: 28, Value: func(_ *screen.Cells, x row) any { return x.Content.Place }},
		{Key: "threat", Title: "Threat", Head: "=", Width: 24, Value: func(_ *screen.Cells, x row) any { return x.Content.KindWords() }},
		{Key: "likelihood", Title: "Likelihood", Value: func(_ *screen.Cells, x row) any { return x.Content.Likelihood }},
		{Key: "magnitude", Title: "Magnitude", Value: func(_ *screen.Cells, x row) any { return x.Content.Magnitude }},
		{Key: "level", Title: "Level", Head: "=", Value: func(_ *screen.Cells, x row) any { return x.Content.Level() }},
		{Key: "vendor", Title: "Vendor", Value: func(_ *screen.Cells, x row) any { return x.Content.Vendor }},
		{Key: "report", Title: "Report", Value: func(_ *screen.Cells, x row) any { return x.Content.Report }},
		{Key: "owner", Title: "Owner", Value: func(_ *screen.Cells, x row) any { return x.Content.Owner }},
	}
	heads := []string{"Noticed", "Protected", "Inspected", "Reviewed"}
	for i, a := range resilience.ThreatAttributes() {
		columns = append(columns, screen.Column[row]{Key: a[0], Title: a[1], Head: heads[i], Value: func(_ *screen.Cells, x row) any { return x.Judged[i].Outcome }},
			screen.Column[row]{Key: a[0] + "_why", Title: a[1] + ": because", Width: 32, Value: func(_ *screen.Cells, x row) any { return x.Judged[i].Reason }})
	}
	return screen.Declare(screen.List{Name: "threats", Title: "Threats", Pattern: "GET /threats", Action: access.ResilienceRead}, screen.Whole(func(r *screen.Request) ([]row, error) {
		list, _, err := s.threatRows(r)
		return list, err
	}), nil, columns...)
}

// threats answers: what could take a site from us, and what stands against it?
func (s *site) threats(w http.ResponseWriter, r *screen.Request) error {
	list, all, err := s.threatRows(r)
	if err != nil {
		return err
	}
	counts := map[string]int{}
	for _, x := range all {
		if x.Content.State != "active" {
			counts["ended"]++
			continue
		}
		counts[""]++
		counts[resilience.Worst(x.Judged).Outcome]++
	}
	v := ui.ListView{Title: ui.Many(counts["fail"], "threat lacks", "threats lack") + " something", Note: "Fire, water, power, heat, the loss of a region: for each place how likely and how grave, what notices it and what stands against it. Where a provider runs the place, its report says so.", Labels: []string{"Which"}, Undo: "/threats", None: "No threat matches.", Chips: [][]ui.Chip{showChips(r, "/threats", counts)},
		More: []ui.Link{{Text: "Where we recover to", Href: "/alternates"}}}
	if counts["fail"] == 0 {
		v.Title = ui.Many(counts[""], "threat", "threats") + " to sites and regions, each with what stands against it"
	}
	if r.May(access.ResilienceEdit) {
		v.Action = ui.Link{Text: "Add a threat", Href: "/threats/new"}
	}
	if len(all) == 0 {
		v.Title = "No threat to a site is in the register yet"
		v.Empty = &ui.Empty{Title: "Go through your places", Text: "An office, a server room, a region of a provider: for each the hazards that could take it. Fully in the cloud the list is short, and the provider's report answers most of it; the loss of the region stays yours.", Criteria: []ui.Link{{Text: "A1.2", Href: "/criteria/A1.2"}}, Until: "Until then nobody can say what was thought of."}
		if v.Action.Href != "" {
			v.Empty.Actions = []ui.Link{v.Action}
		}
	}
	v.Table = ui.Table{Caption: "Threats, the gravest first", Columns: []ui.Column{{Text: "Threat"}, {Text: "Level", N: true}, {Text: "Noticed"}, {Text: "Protected"}, {Text: "Inspected"}, {Text: "Reviewed"}}}
	for _, x := range list {
		c := x.Content
		v.Table.Rows = append(v.Table.Rows, ui.TableRow{Head: ui.Link{Text: c.KindWords() + ", " + c.Place, Href: "/threats/" + x.Ref}, Meta: x.Ref + " · " + c.Owner, Cells: []ui.Cell{{Text: strconv.Itoa(c.Level()), N: true, Meta: fmt.Sprintf("%d × %d", c.Likelihood, c.Magnitude)}, outcome(x.Judged[0]), outcome(x.Judged[1]), outcome(x.Judged[2]), outcome(x.Judged[3])}})
	}
	v.Table.Pager = screen.Pager(len(list), int64(len(list)), r.URL.Query(), "/threats", "")
	return r.Render(w, http.StatusOK, ui.List(s.shell(w, r, "Threats", "Organise", "Threats"), v))
}

func five(words ...string) [][2]string {
	var out [][2]string
	for i, w := range words {
		out = append(out, [2]string{strconv.Itoa(i + 1), fmt.Sprintf("%d: %s", i+1, w)})
	}
	return out
}

func threatFields() []ui.Field {
	return []ui.Field{{Name: "place", Label: "Which place?", Hint: "A site, or a provider and its region.", Must: true}, screen.Choice("kind", "Which threat?", "", "", append([][2]string{{"", "Choose one"}}, resilience.Threats()...)...), screen.LongField("what", "What would happen to the systems there?", "", true),
		screen.Choice("likelihood", "How likely is it?", "", "2", five("less than once in 30 years", "once in 10 to 30 years", "once in 3 to 10 years", "about once a year", "several times a year")...), screen.Choice("magnitude", "How grave would it be?", "", "3", five("nobody outside notices", "hours of trouble", "a day without the service", "days, or data lost", "the end of the firm")...),
		screen.LongField("why", "What does the rating rest on?", "Maps, history, the provider's word.", true), {Name: "owner", Label: "Who answers for the place?", Must: true}, {Name: "vendor", Label: "Where a provider runs the place: who?", Hint: "V-3 or its name."}, {Name: "report", Label: "Which of its reports covers this?", Hint: "Such as: SOC 2 Type 2, section on environmental controls."},
		{Name: "report_until", Label: "Last day of that report's period", Kind: "date"}, {Name: "risk", Label: "Risk of the register", Hint: "R-3."}}
}

func threatOf(v url.Values) (resilience.ThreatText, error) {
	t := resilience.ThreatText{Place: v.Get("place"), Kind: v.Get("kind"), What: v.Get("what"), Why: v.Get("why"), Vendor: v.Get("vendor"), Report: v.Get("report"), ReportTo: resilience.Day(v.Get("report_until")), Risk: v.Get("risk"), Owner: v.Get("owner")}
	return t, numbers(v, map[string]*int{"likelihood": &t.Likelihood, "magnitude": &t.Magnitude})
}

func (s *site) newThreat(w http.ResponseWriter, r *screen.Request) error {
	return s.showNewThreat(w, r, nil)
}

func (s *site) showNewThreat(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	f := ui.Form{ID: "add", Action: "/threats/new", Button: "Add it", Fields: threatFields()}
	t.Fill(&f)
	return r.Render(w, t.Status(), ui.FormPage(s.shell(w, r, "Add a threat", "Organise", "Threats"), ui.FormView{Crumbs: []ui.Link{{Text: "Threats", Href: "/threats"}, {Text: "Add one"}}, Title: "Add a threat to a place", Note: "What protects against it comes next, on its page.", Form: f}))
}

func (s *site) addThreat(w http.ResponseWriter, r *screen.Request) error {
	in, err := threatOf(r.PostForm)
	if err == nil {
		var o *resilience.ThreatObject
		if o, err = s.cfg.Resilience.AddThreat(r.Context(), r.Who, in); err == nil {
			return r.Done(w, o.Ref+" is in the register.", "/threats/"+o.Ref)
		}
	}
	return wrong(r, err, func(t *screen.Typed) error { return s.showNewThreat(w, r, t) })
}

func (s *site) threat(w http.ResponseWriter, r *screen.Request) error {
	return s.showThreat(w, r, "", nil)
}

func (s *site) showThreat(w http.ResponseWriter, r *screen.Request, which string, t *screen.Typed) error {
	x, err := s.cfg.Resilience.Threat(r.Context(), r.Who, r.PathValue("ref"))
	if err != nil {
		return err
	}
	c, path := x.Content, "/threats/"+x.Ref
	worst := resilience.Worst(x.Judged)
	rec := ui.RecordView{Crumbs: []ui.Link{{Text: "Threats", Href: "/threats"}, {Text: x.Ref}}, Title: c.KindWords() + ", " + c.Place, Outcome: ui.Outcome(worst.Outcome), Line: []string{x.Ref, fmt.Sprintf("level %d of 25", c.Level()), "answered for by " + c.Owner}, FactsOf: "The threat", History: history(r, x.ThreatObject, threatSteps), Zone: "times in " + r.Words.Zone.String()}
	if worst.Outcome == "fail" {
		rec.Bad = worst.Title + ": " + worst.Reason
	}
	rec.Facts = []ui.Fact{{Term: "What would happen", Text: c.What}, {Term: "Likelihood and magnitude", Text: fmt.Sprintf("%d and %d: %s", c.Likelihood, c.Magnitude, c.Why)}}
	if c.Vendor != "" {
		rec.Facts = append(rec.Facts, ui.Fact{Term: "Run by", Text: c.Vendor}, ui.Fact{Term: "Its report", Text: screen.OrElse(c.Report, "none is named")})
		if c.ReportTo != "" {
			rec.Facts = append(rec.Facts, ui.Fact{Term: "Speaks until", Text: string(c.ReportTo)})
		}
	}
	if c.Risk != "" {
		rec.Facts = append(rec.Facts, ui.Fact{Term: "Risk", Links: []ui.Link{{Text: c.Risk, Href: "/risks/" + c.Risk}}})
	}
	rec.Facts = append(rec.Facts, ui.Fact{Term: "To be reviewed by", Text: string(c.ReviewDue())})
	table := ui.Table{Caption: "Protections", Columns: []ui.Column{{Text: "Protection"}, {Text: "What it does"}, {Text: "Last inspected"}, {Text: "Next by"}}}
	var present [][2]string
	for _, p := range c.Protections {
		if p.Gone != "" {
			continue
		}
		present = append(present, [2]string{strconv.Itoa(p.Number), p.What})
		last := ui.Cell{Text: "not yet", Muted: true}
		if n := len(p.Inspections); n > 0 {
			i := p.Inspections[n-1]
			last = ui.Cell{Text: string(i.On), Tag: i.Result, Meta: i.Found, Bad: i.Result == "fails"}
		}
		table.Rows = append(table.Rows, ui.TableRow{Head: ui.Link{Text: p.What}, Meta: p.By, Cells: []ui.Cell{{Text: classWords(p.Class)}, last, {Text: string(p.Due()), Bad: string(p.Due()) < r.Words.Now.Format("2006-01-02")}}})
	}
	block := ui.Block{ID: "protections", Title: "What protects", Table: &table, None: "Nothing of our own is named."}
	rec.Blocks = []ui.Block{{ID: "judged", Title: "What it comes to", Table: judgedTable(x.Judged)}, block}
	if r.May(access.ResilienceEdit) && c.State == "active" {
		form := func(id, summary, button string, danger bool, fields ...ui.Field) ui.Form {
			f := ui.Form{ID: id, Action: path + "/keep", Summary: summary, Button: button, Danger: danger, Quiet: !danger, Fields: append([]ui.Field{{Name: "do", Kind: "hidden", Value: id}}, fields...)}
			if id == which {
				t.Fill(&f)
			}
			return f
		}
		rec.Blocks[1].Forms = []ui.Form{form("protect", "Add a protection", "Add it", false, ui.Field{Name: "protection", Label: "What protects?", Must: true}, screen.Choice("class", "What does it do?", "", "", append([][2]string{{"", "Choose one"}}, resilience.Classes()...)...), ui.Field{Name: "inspected_every_months", Label: "Inspected every so many months", Hint: "Empty: 12."}, ui.Field{Name: "by", Label: "Who services or tries it?"})}
		if len(present) > 0 {
			rec.Blocks[1].Forms = append(rec.Blocks[1].Forms, form("inspect", "Record an inspection", "Record it", false, screen.Choice("number", "Of which?", "", "", present...), screen.DayField("on", "When?", ""), screen.Choice("result", "How was it?", "", "works", [2]string{"works", "It works"}, [2]string{"mended", "It was mended and works"}, [2]string{"fails", "It fails"}), screen.LongField("found", "What was looked at and found?", "", true)),
				form("unprotect", "A protection is gone", "Take it out", true, screen.Choice("number", "Which?", "", "", present...), screen.LongField("why", "Why?", "", true)))
		}
		rec.Action = form("review", "Review it", "Record the review", false, screen.LongField("found", "What did you find?", "Is the rating still right? Does each protection stand?", true))
		values := map[string]string{"place": c.Place, "kind": c.Kind, "what": c.What, "likelihood": strconv.Itoa(c.Likelihood), "magnitude": strconv.Itoa(c.Magnitude), "why": c.Why, "owner": c.Owner, "vendor": c.Vendor, "report": c.Report, "report_until": string(c.ReportTo), "risk": c.Risk}
		rec.Blocks = append(rec.Blocks, ui.Block{ID: "else", Title: "Otherwise", Forms: []ui.Form{form("describe", "Describe it anew", "Keep it", false, prefilled(threatFields(), values)...), form("end", "It is no threat any more", "End it", true, screen.LongField("why", "Why?", "", true))}})
	}
	return r.Render(w, t.Status(), ui.Record(s.shell(w, r, rec.Title, "Organise", "Threats"), rec))
}

func classWords(class string) string {
	for _, c := range resilience.Classes() {
		if c[0] == class {
			return c[1]
		}
	}
	return class
}

func (s *site) keepThreat(w http.ResponseWriter, r *screen.Request) error {
	v, ref := r.PostForm, r.PathValue("ref")
	do := v.Get("do")
	err := func() error {
		n, err := number(v, "number")
		if err != nil {
			return err
		}
		switch do {
		case "protect":
			in := resilience.ProtectionText{What: v.Get("protection"), Class: v.Get("class"), By: v.Get("by")}
			if in.Every, err = number(v, "inspected_every_months"); err == nil {
				_, err = s.cfg.Resilience.Protect(r.Context(), r.Who, ref, in)
			}
		case "inspect":
			_, err = s.cfg.Resilience.Inspect(r.Context(), r.Who, ref, n, resilience.Inspection{On: resilience.Day(v.Get("on")), Result: v.Get("result"), Found: v.Get("found")})
		case "unprotect":
			_, err = s.cfg.Resilience.Unprotect(r.Context(), r.Who, ref, n, v.Get("why"))
		case "review":
			_, err = s.cfg.Resilience.ReviewThreat(r.Context(), r.Who, ref, v.Get("found"))
		case "describe":
			var in resilience.ThreatText
			if in, err = threatOf(v); err == nil {
				_, err = s.cfg.Resilience.DescribeThreat(r.Context(), r.Who, ref, in)
			}
		case "end":
			_, err = s.cfg.Resilience.EndThreat(r.Context(), r.Who, ref, v.Get("why"))
		default:
			err = fault.New(fault.Invalid, "nothing of a threat is called %q", do)
		}
		return err
	}()
	if err != nil {
		return wrong(r, err, func(t *screen.Typed) error { return s.showThreat(w, r, do, t) })
	}
	return r.Done(w, "It is recorded.", "/threats/"+ref)
}
