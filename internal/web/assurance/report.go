package assurance

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/audit/firm"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/journal"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

var reportSteps = map[string]string{"received": "received", "handed": "a copy was handed out", "recalled": "a copy was asked back"}

// handed is a copy beside its report.
type handed struct {
	report firm.ReportObject
	copy   firm.Copy
}

func readerWords(as string) string {
	for _, x := range firm.Readers() {
		if x[0] == as {
			return x[1]
		}
	}
	return as
}

func covered(x firm.Received) string {
	if x.Type == 1 {
		return "Type 1, as of " + x.To
	}
	return "Type 2, " + x.From + " to " + x.To
}

// reportList is the reports as files say them.
func (s *site) reportList() screen.List {
	type row = firm.ReportObject
	return screen.Declare(screen.List{Name: "reports", Title: "Reports received", Pattern: "GET /reports", Action: access.FirmRead}, screen.Whole(func(r *screen.Request) ([]row, error) { return s.cfg.Firms.Reports(r.Context(), r.Who) }), nil,
		screen.Column[row]{Key: "number", Title: "Number", Value: func(_ *screen.Cells, o row) any { return o.Ref }},
		screen.Column[row]{Key: "title", Title: "Report", Head: "=", Width: 40, Value: func(_ *screen.Cells, o row) any { return o.Content.Title }},
		screen.Column[row]{Key: "covers", Title: "Covers", Head: "=", Width: 30, Value: func(_ *screen.Cells, o row) any { return covered(o.Content.Received) }},
		screen.Column[row]{Key: "opinion", Title: "Opinion", Head: "=", Value: func(_ *screen.Cells, o row) any { return string(o.Content.Opinion) }},
		screen.Column[row]{Key: "about", Title: "About", Width: 40, Value: func(_ *screen.Cells, o row) any { return o.Content.About }},
		screen.Column[row]{Key: "dated", Title: "Dated", Head: "=", Value: func(_ *screen.Cells, o row) any { return o.Content.Dated }},
		screen.Column[row]{Key: "sha256", Title: "SHA-256", Value: func(_ *screen.Cells, o row) any { return o.Content.Digest }},
		screen.Column[row]{Key: "copies", Title: "Copies", Head: "=", Value: func(_ *screen.Cells, o row) any { return len(o.Content.Copies) }})
}

// copies gives each copy with its report, newest report first.
func (s *site) copies(r *screen.Request) ([]handed, error) {
	all, err := s.cfg.Firms.Reports(r.Context(), r.Who)
	var out []handed
	for _, o := range all {
		for _, c := range slices.Backward(o.Content.Copies) {
			out = append(out, handed{o, c})
		}
	}
	return out, err
}

// copyList is the register of copies as files say it.
func (s *site) copyList() screen.List {
	return screen.Declare(screen.List{Name: "report-copies", Title: "Report distribution register", Pattern: "GET /reports/copies", Action: access.FirmRead}, screen.Whole(s.copies), func(x handed) []string { return []string{x.copy.By} },
		screen.Column[handed]{Key: "to", Title: "Handed to", Head: "=", Width: 30, Value: func(_ *screen.Cells, x handed) any { return x.copy.To }},
		screen.Column[handed]{Key: "as", Title: "Who is", Head: "=", Width: 30, Value: func(_ *screen.Cells, x handed) any { return readerWords(x.copy.As) }},
		screen.Column[handed]{Key: "on", Title: "On", Head: "=", Value: func(_ *screen.Cells, x handed) any { return x.copy.On }},
		screen.Column[handed]{Key: "terms", Title: "Terms", Head: "=", Width: 40, Value: func(_ *screen.Cells, x handed) any { return x.copy.Terms }},
		screen.Column[handed]{Key: "form", Title: "How", Value: func(_ *screen.Cells, x handed) any { return x.copy.Form }},
		screen.Column[handed]{Key: "with", Title: "With", Value: func(_ *screen.Cells, x handed) any { return x.copy.Letters }},
		screen.Column[handed]{Key: "recalled", Title: "Asked back", Value: func(_ *screen.Cells, x handed) any { return x.copy.Recalled }},
		screen.Column[handed]{Key: "recalled_why", Title: "Asked back: why", Width: 30, Value: func(_ *screen.Cells, x handed) any { return x.copy.Why }},
		screen.Column[handed]{Key: "report", Title: "Report", Head: "=", Width: 30, Value: func(_ *screen.Cells, x handed) any { return x.report.Ref + " " + x.report.Content.Title }},
		screen.Column[handed]{Key: "opinion", Title: "Opinion", Value: func(_ *screen.Cells, x handed) any { return string(x.report.Content.Opinion) }},
		screen.Column[handed]{Key: "by", Title: "By", Width: 24, Value: func(c *screen.Cells, x handed) any { return c.Name(x.copy.By) }})
}

// register answers: who has a copy of which report, and under which terms?
func (s *site) register(w http.ResponseWriter, r *screen.Request) error {
	all, err := s.copies(r)
	if err != nil {
		return err
	}
	v := ui.ListView{Crumbs: []ui.Link{{Text: "Reports", Href: "/reports"}, {Text: "Copies"}}, Title: ui.Many(len(all), "copy was", "copies were") + " handed out", Note: "The register of who received which report. A copy is recorded on the report's page.", None: "Nobody was given a copy yet.", Undo: "/reports/copies"}
	v.Table = ui.Table{Caption: "Copies, newest report first", Columns: []ui.Column{{Text: "Handed to"}, {Text: "Who is"}, {Text: "On"}, {Text: "Terms"}, {Text: "Report"}}}
	after, next := 0, ""
	if text := r.URL.Query().Get("after"); text != "" {
		if after, err = number(text, "after"); err != nil {
			return err
		}
		after = min(after, len(all))
	}
	page := all[after:]
	if len(page) > screen.PageSize {
		page, next = page[:screen.PageSize], fmt.Sprint(after+screen.PageSize)
	}
	for _, x := range page {
		v.Table.Rows = append(v.Table.Rows, copyRow(x.copy, "/reports/"+x.report.Ref, x.report.Ref))
	}
	v.Table.Pager = screen.Pager(len(page), int64(len(all)), r.URL.Query(), "/reports/copies", next)
	return r.Render(w, http.StatusOK, ui.List(r.Shell(w, "Copies of reports", "Audit", "Reports"), v))
}

// reports answers: which reports do we have, and who has a copy?
func (s *site) reports(w http.ResponseWriter, r *screen.Request) error {
	all, err := s.cfg.Firms.Reports(r.Context(), r.Who)
	if err != nil {
		return err
	}
	v := ui.ListView{Title: ui.Many(len(all), "report was", "reports were") + " received", Note: "A SOC 2 report is for those it names, who know the system. Whoever has a copy stands here, with the terms.", None: "No report matches.", Undo: "/reports"}
	if r.May(access.FirmEdit) {
		v.Action = ui.Link{Text: "Record a report", Href: "/reports/new"}
	}
	if len(all) == 0 {
		v.Empty = &ui.Empty{Title: "The report comes from the auditor", Text: "When it comes, record it with its opinion, whatever that is, and from then on who was given a copy and under which terms.", Criteria: []ui.Link{{Text: "CC2.3", Href: "/criteria/CC2.3"}}, Until: "Until then there is nothing to hand out."}
		if r.May(access.FirmEdit) {
			v.Empty.Actions = []ui.Link{v.Action}
		}
	}
	v.Table = ui.Table{Caption: "Reports, newest first", Columns: []ui.Column{{Text: "Report"}, {Text: "Covers"}, {Text: "Opinion"}, {Text: "Dated"}, {Text: "Copies", N: true}}}
	for _, o := range all {
		x := o.Content
		v.Table.Rows = append(v.Table.Rows, ui.TableRow{Head: ui.Link{Text: x.Title, Href: "/reports/" + o.Ref}, Meta: o.Ref, Cells: []ui.Cell{{Text: covered(x.Received)}, {Text: string(x.Opinion), Bad: x.Opinion != firm.Unqualified}, {Text: x.Dated}, {Text: ui.Number(len(x.Copies)), N: true}}})
	}
	v.Table.Pager = screen.Pager(len(all), int64(len(all)), r.URL.Query(), "/reports", "")
	v.More = []ui.Link{{Text: "Who has a copy", Href: "/reports/copies"}}
	return r.Render(w, http.StatusOK, ui.List(r.Shell(w, "Reports", "Audit", "Reports"), v))
}

func copyRow(c firm.Copy, href, ref string) ui.TableRow {
	on := ui.Cell{Text: c.On}
	if c.Recalled != "" {
		on.Meta = "asked back on " + c.Recalled
	}
	row := ui.TableRow{Head: ui.Link{Text: c.To}, Cells: []ui.Cell{{Text: readerWords(c.As)}, on, {Text: c.Terms, Meta: c.Form}}}
	if href != "" {
		row.Cells = append(row.Cells, ui.Cell{Links: []ui.Link{{Text: ref, Href: href}}})
	}
	return row
}

func (s *site) receiveForm(w http.ResponseWriter, r *screen.Request) error {
	return s.showReceive(w, r, nil)
}

func (s *site) showReceive(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	firms, _, err := s.cfg.Firms.List(r.Context(), r.Who, journal.Filter{States: []string{string(firm.Engaged), string(firm.Ended)}})
	if err != nil {
		return err
	}
	hint := "Its name, or its number in the register of firms."
	if len(firms) > 0 {
		hint = fmt.Sprintf("Its number, such as %s for %s, or a name.", firms[0].Ref, firms[0].Content.Name)
	}
	opinions := [][2]string{{"", "Choose one"}}
	for _, o := range firm.Opinions() {
		opinions = append(opinions, [2]string{string(o), screen.Capital(string(o))})
	}
	f := ui.Form{ID: "receive", Action: "/reports/new", Button: "Record it", Fields: []ui.Field{{Name: "title", Label: "What is it called?", Hint: "Such as: SOC 2 Type 2, security and availability, 2026.", Must: true}, {Name: "firm", Label: "Whose report is it?", Hint: hint, Must: true}, {Name: "engagement", Label: "Number of the engagement"},
		{Name: "type", Label: "Type", Kind: "select", Options: options("", [2]string{"", "Choose one"}, [2]string{"1", "Type 1: design at a date"}, [2]string{"2", "Type 2: operation over a window"}), Must: true}, {Name: "from", Label: "First day of the window", Hint: "Of type 2 only.", Kind: "date"}, {Name: "to", Label: "Last day of the window, or the date", Kind: "date", Must: true},
		{Name: "dated", Label: "Date of the auditor's report", Kind: "date", Must: true}, {Name: "opinion", Label: "Opinion", Kind: "select", Options: options("", opinions...), Must: true}, long("about", "Where it is modified: about what?", "", false), {Name: "sha256", Label: "SHA-256 of the file"}, {Name: "where", Label: "Where does it lie?", Must: true}}}
	t.Fill(&f)
	return r.Render(w, t.Status(), ui.FormPage(r.Shell(w, "Record a report", "Audit", "Reports"), ui.FormView{Crumbs: []ui.Link{{Text: "Reports", Href: "/reports"}, {Text: "Record one"}}, Title: "Record a report that was received", Note: "Whatever its opinion says.", Form: f}))
}

func (s *site) receive(w http.ResponseWriter, r *screen.Request) error {
	v := r.PostForm
	in := firm.Received{Title: v.Get("title"), Firm: v.Get("firm"), From: v.Get("from"), To: v.Get("to"), Dated: v.Get("dated"), Opinion: firm.Opinion(v.Get("opinion")), About: v.Get("about"), Digest: strings.ToLower(v.Get("sha256")), Where: v.Get("where")}
	var o *firm.ReportObject
	var err error
	if in.Engagement, err = number(v.Get("engagement"), "engagement"); err == nil {
		if in.Type, err = number(v.Get("type"), "type"); err == nil {
			o, err = s.cfg.Firms.Receive(r.Context(), r.Who, in)
		}
	}
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showReceive(w, r, t)
	}
	return r.Done(w, o.Ref+" is recorded.", "/reports/"+o.Ref)
}

func (s *site) report(w http.ResponseWriter, r *screen.Request) error {
	return s.showReport(w, r, "", nil)
}

func (s *site) showReport(w http.ResponseWriter, r *screen.Request, which string, typed *screen.Typed) error {
	o, err := s.cfg.Firms.Report(r.Context(), r.Who, r.PathValue("ref"))
	if err != nil {
		return err
	}
	x, path := o.Content, "/reports/"+o.Ref
	rec := ui.RecordView{Crumbs: []ui.Link{{Text: "Reports", Href: "/reports"}, {Text: o.Ref}}, Title: x.Title, State: string(x.Opinion), FactsOf: "The report", History: history(r, r.Names(makers(o)), o, reportSteps), Zone: "times in " + r.Words.Zone.String(), Line: []string{o.Ref, covered(x.Received), "dated " + x.Dated}}
	from := ui.Fact{Term: "From", Text: x.Firm}
	if strings.HasPrefix(x.Firm, firm.Kind.Letter+"-") {
		f, err := s.cfg.Firms.Get(r.Context(), r.Who, x.Firm)
		if err != nil {
			return err
		}
		from = ui.Fact{Term: "From", Links: []ui.Link{{Text: f.Content.Name, Href: "/firms/" + f.Ref}}}
	}
	rec.Facts = []ui.Fact{from, {Term: "Where it lies", Text: x.Where}}
	if x.Engagement > 0 {
		rec.Facts = append(rec.Facts, ui.Fact{Term: "Engagement", Links: []ui.Link{{Text: fmt.Sprint(x.Engagement), Href: fmt.Sprintf("/engagements/%d", x.Engagement)}}})
	}
	if x.Digest != "" {
		rec.Facts = append(rec.Facts, ui.Fact{Term: "SHA-256", Text: x.Digest, Mono: true})
	}
	if x.Opinion != firm.Unqualified {
		rec.Bad = "The opinion is " + string(x.Opinion) + ": " + x.About
	}
	table := ui.Table{Caption: "Who was given a copy", Columns: []ui.Column{{Text: "Handed to"}, {Text: "Who is"}, {Text: "On"}, {Text: "Terms"}}}
	var open []ui.Option
	for _, c := range slices.Backward(x.Copies) {
		table.Rows = append(table.Rows, copyRow(c, "", ""))
		if c.Recalled == "" {
			open = append(open, ui.Option{Value: fmt.Sprint(c.Number), Text: c.To + ", " + c.On})
		}
	}
	b := ui.Block{ID: "copies", Title: "Copies", Meta: ui.Many(len(x.Copies), "copy", "copies"), Table: &table, None: "Nobody was given one yet."}
	if r.May(access.ReportHand) {
		readers := append([][2]string{{"", "Choose one"}}, firm.Readers()...)
		forms := []ui.Form{{ID: "hand", Action: path + "/copies", Summary: "Record a copy that was handed out", Button: "Record it", Fields: []ui.Field{{Name: "to", Label: "Who got it?", Hint: "Person and organisation.", Must: true}, {Name: "as", Label: "What are they to us?", Kind: "select", Options: options("", readers...), Must: true}, {Name: "on", Label: "On", Kind: "date", Must: true},
			{Name: "terms", Label: "Under which terms?", Hint: "An agreement and its date.", Kind: "long", Must: true}, {Name: "form", Label: "How?", Hint: "With their name on each page, read only, on paper."}, {Name: "with", Label: "What else was given?"}}}}
		if len(open) > 0 {
			forms = append(forms, ui.Form{ID: "recall", Action: path + "/recall", Summary: "A copy was asked back", Button: "Record it", Quiet: true, Fields: []ui.Field{{Name: "number", Label: "Which?", Kind: "select", Options: open, Must: true}, {Name: "on", Label: "On", Kind: "date", Must: true}, long("why", "Why?", "", true)}})
		}
		for i := range forms {
			if forms[i].ID == which {
				typed.Fill(&forms[i])
			}
		}
		b.Forms = forms
	}
	rec.Blocks = []ui.Block{b}
	return r.Render(w, typed.Status(), ui.Record(r.Shell(w, o.Ref, "Audit", "Reports"), rec))
}

func (s *site) afterReport(w http.ResponseWriter, r *screen.Request, which string, err error) error {
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showReport(w, r, which, t)
	}
	return r.Done(w, "Recorded.", "/reports/"+r.PathValue("ref"))
}

func (s *site) hand(w http.ResponseWriter, r *screen.Request) error {
	v := r.PostForm
	_, err := s.cfg.Firms.Hand(r.Context(), r.Who, r.PathValue("ref"), firm.Handing{To: v.Get("to"), As: v.Get("as"), On: v.Get("on"), Terms: v.Get("terms"), Form: v.Get("form"), Letters: v.Get("with")})
	return s.afterReport(w, r, "hand", err)
}

func (s *site) recall(w http.ResponseWriter, r *screen.Request) error {
	n, err := number(r.PostForm.Get("number"), "number")
	if err == nil && n == 0 {
		err = fault.New(fault.Invalid, "choose which copy").At("", 0, "number")
	}
	if err == nil {
		_, err = s.cfg.Firms.Recall(r.Context(), r.Who, r.PathValue("ref"), n, r.PostForm.Get("on"), r.PostForm.Get("why"))
	}
	return s.afterReport(w, r, "recall", err)
}
