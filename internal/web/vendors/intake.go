package vendors

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/vendor"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// profile gives the fields of what a vendor is to us.
func (s *site) profile(p vendor.Profile) []ui.Field {
	book := s.cfg.Vendors.Book()
	data := ui.Field{Name: "data", Label: "Which of these does it handle?", Kind: "many"}
	for _, d := range book.Data {
		data.Options = append(data.Options, ui.Option{Value: d.ID, Text: d.Title, Selected: slices.Contains(p.Data, d.ID)})
	}
	out := []ui.Field{{Name: "name", Label: "What is it called?", Value: p.Name, Must: true}, {Name: "service", Label: "What does it do for us?", Value: p.Service, Must: true}, data}
	for _, q := range book.Asks {
		f := ui.Field{Name: "answer-" + q.ID, Label: q.Ask, Kind: "select", Options: []ui.Option{{Text: "Not known yet"}}}
		for _, a := range q.Answers {
			f.Options = append(f.Options, ui.Option{Value: a.ID, Text: a.Text, Selected: p.Answers[q.ID] == a.ID})
		}
		out = append(out, f)
	}
	manager := "Their login; empty: you."
	if p.Manager != "" {
		manager = "Their login; empty: as now."
	}
	return append(out, ui.Field{Name: "why", Label: "Why this one?", Kind: "long", Value: p.Why, Must: true}, ui.Field{Name: "alternatives", Label: "What else was looked at, and why not?", Kind: "long", Value: p.Alternatives, Hint: "Where nothing was, say so.", Must: true},
		ui.Field{Name: "manager", Label: "Who manages it here?", Hint: manager}, ui.Field{Name: "website", Label: "Website", Value: p.Website}, ui.Field{Name: "contact", Label: "Contact there", Hint: "And whom to call about security.", Value: p.Contact})
}

func (s *site) fresh(w http.ResponseWriter, r *screen.Request) error { return s.showFresh(w, r, nil) }

func (s *site) showFresh(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	f := ui.Form{ID: "ask", Action: "/vendors", Button: "Ask for it", Fields: append(s.profile(vendor.Profile{}), ui.Field{Name: "needed", Label: "Needed by", Kind: "date"},
		ui.Field{Name: "since", Label: "In use already, since", Hint: "Only where it is. That it was never approved then shows.", Kind: "date"})}
	t.Fill(&f)
	var levels []string
	for _, l := range s.cfg.Vendors.Book().Levels {
		report := ""
		if l.Report {
			report = ", with a report over the window"
		}
		levels = append(levels, fmt.Sprintf("%s: %s Reviewed every %s%s.", l.Title, l.Means, ui.Many(l.Months, "month", "months"), report))
	}
	return r.Render(w, t.Status(), ui.FormPage(r.Shell(w, "Ask for a vendor", "Organise", "Vendors"), ui.FormView{Crumbs: []ui.Link{{Text: "Vendors", Href: "/vendors"}, {Text: "Ask for one"}}, Title: "Ask for a vendor",
		Note: "Somebody reviews it, and somebody who did not ask for it approves it, before it is paid, connected or given data.", Form: f, Side: []ui.Block{{ID: "levels", Title: "What the answers decide", Text: levels}}}))
}

func (s *site) ask(w http.ResponseWriter, r *screen.Request) error {
	in := vendor.Intake{}
	err := decode(r.PostForm, &in, r.Words.Zone)
	in.Answers = screen.Prefixed(r.PostForm, "answer-")
	var v *vendor.Vendor
	if err == nil {
		v, err = s.cfg.Vendors.Ask(r.Context(), r.Who, in)
	}
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showFresh(w, r, t)
	}
	return r.Done(w, v.Ref()+" is asked for.", "/vendors/"+v.Ref())
}

func (s *site) edit(w http.ResponseWriter, r *screen.Request) error { return s.showEdit(w, r, nil) }

func (s *site) showEdit(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	v, err := s.cfg.Vendors.Get(r.Context(), r.Who, r.PathValue("ref"))
	if err != nil {
		return err
	}
	f := ui.Form{ID: "describe", Action: "/vendors/" + v.Ref() + "/describe", Button: "Record it", Fields: append(s.profile(v.Profile), long("note", "What changed, and why?", "", true))}
	t.Fill(&f)
	return r.Render(w, t.Status(), ui.FormPage(r.Shell(w, "Describe "+v.Profile.Name, "Organise", "Vendors"), ui.FormView{Crumbs: crumbs(v, "Describe anew"), Title: "Describe " + v.Profile.Name + " anew",
		Note: "Where more hangs on it now, it is reviewed and approved again.", Form: f}))
}

func crumbs(v *vendor.Vendor, last string) []ui.Link {
	return []ui.Link{{Text: "Vendors", Href: "/vendors"}, {Text: v.Ref(), Href: "/vendors/" + v.Ref()}, {Text: last}}
}

// questionnaire is the form that a vendor's answers are entered in.
func (s *site) questionnaire(w http.ResponseWriter, r *screen.Request) error {
	return s.showQuestionnaire(w, r, nil)
}

func (s *site) showQuestionnaire(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	v, err := s.cfg.Vendors.Get(r.Context(), r.Who, r.PathValue("ref"))
	if err != nil {
		return err
	}
	book, form := s.cfg.Vendors.Book(), r.URL.Query().Get("form")
	if t != nil {
		form = t.Values.Get("form")
	}
	if form != "short" && form != "long" {
		if form = book.Level(v.Level).Questionnaire; form == "none" {
			form = "short"
		}
	}
	other := map[string]string{"short": "long", "long": "short"}[form]
	f := ui.Form{ID: "answer", Action: "/vendors/" + v.Ref() + "/answer", Button: "Record the answers", Fields: []ui.Field{{Name: "form", Kind: "hidden", Value: form}, {Name: "by", Label: "Who there answered?", Must: true}, day("on", "Answered on", "")}}
	for _, q := range book.Form(form) {
		f.Fields = append(f.Fields, ui.Field{Name: "q-" + q.ID, Label: q.Ask, Hint: q.Section + ". " + q.Why, Kind: "select", Options: options("", [2]string{"", "No answer yet"}, [2]string{"yes", "Yes"}, [2]string{"partly", "Partly"}, [2]string{"no", "No"}, [2]string{"na", "Does not apply"})},
			ui.Field{Name: "n-" + q.ID, Label: "Said with it"})
	}
	if !r.May(access.VendorEdit) {
		f.Action = ""
	}
	t.Fill(&f)
	return r.Render(w, t.Status(), ui.FormPage(r.Shell(w, "Questionnaire for "+v.Profile.Name, "Organise", "Vendors"), ui.FormView{Crumbs: crumbs(v, "Questionnaire"), Title: fmt.Sprintf("The %s questionnaire for %s", form, v.Profile.Name),
		Note: ui.Many(len(book.Form(form)), "question", "questions") + ". Enter what the vendor answered; what raises something is listed by itself.", Form: f,
		Side: []ui.Block{{ID: "other", Title: "Another length", Links: []ui.Link{{Text: "The " + other + " questionnaire", Href: "/vendors/" + v.Ref() + "/questionnaire?form=" + other}}}}}))
}

// report shows a report and the form of its review.
func (s *site) report(w http.ResponseWriter, r *screen.Request) error {
	return s.showReport(w, r, r.PathValue("number"), "", nil)
}

func (s *site) showReport(w http.ResponseWriter, r *screen.Request, number, which string, t *screen.Typed) error {
	v, err := s.cfg.Vendors.Get(r.Context(), r.Who, r.PathValue("ref"))
	if err != nil {
		return err
	}
	n, _ := strconv.Atoi(number)
	x := v.Report(n)
	if x == nil {
		return fault.New(fault.NotFound, "%s has no report %s", v.Ref(), number)
	}
	today, window, err := s.cfg.Vendors.Today(r.Context())
	if err != nil {
		return err
	}
	rec := ui.RecordView{Crumbs: crumbs(v, fmt.Sprintf("Report %d", n)), Title: x.Title(), Line: []string{v.Profile.Name, "by " + x.Issuer}, FactsOf: "This report"}
	rec.Facts = []ui.Fact{{Term: "Opinion", Text: x.Opinion}, {Term: "Scope", Text: x.Scope}, {Term: "Received", Text: string(x.Received)}}
	if len(x.Categories) > 0 {
		rec.Facts = append(rec.Facts, ui.Fact{Term: "Categories", Text: fmt.Sprint(join(x.Categories))})
	}
	if x.Carved != "" {
		rec.Facts = append(rec.Facts, ui.Fact{Term: "Its subservice organisations", Text: x.Carved})
	}
	if x.Where != "" {
		rec.Facts = append(rec.Facts, ui.Fact{Term: "Where it lies", Text: x.Where})
	}
	if x.Period() {
		rec.Figures = []ui.Figure{{Term: "Days of the period", Value: ui.Number(x.From.Until(x.To) + 1)}, {Term: "Days since its end", Value: ui.Number(x.To.Until(today)), Bad: x.To.Until(today) > vendor.LongestLetter, Note: "to today"}}
		if window.To != "" {
			rec.Figures = append(rec.Figures, ui.Figure{Term: "Gap to the window's end", Value: ui.Number(max(0, x.To.Until(window.To))), Note: "days, to " + string(window.To)})
		}
		if stretch, ok := v.Stretch(today, window); ok {
			g := v.Covered(stretch)
			rec.Figures = append(rec.Figures, ui.Figure{Term: "Of the window so far, not spoken of", Value: ui.Number(g.Days + g.After), Bad: g.Days+g.After > 0, Note: "days, by all reviewed reports and letters"})
		}
	}
	if x.Opinion == "qualified" || x.Opinion == "adverse" || x.Opinion == "disclaimer" {
		rec.Bad = "the opinion is " + x.Opinion
	}
	review := ui.Block{ID: "review", Title: "What it means for us"}
	deviations := ui.Table{Caption: "Deviations", Columns: []ui.Column{{Text: "Deviation"}, {Text: "Effect on us"}, {Text: "Why, or what we do"}}}
	for i, d := range x.Deviations {
		row := ui.TableRow{Head: ui.Link{Text: fmt.Sprintf("%d. %s", i+1, d)}, Cells: []ui.Cell{{Text: "not said", Bad: true}, {}}}
		if x.Review != nil {
			for _, e := range x.Review.Effects {
				if e.Deviation == i+1 {
					row.Cells = []ui.Cell{{Text: map[string]string{"none": "none", "covered": "made up for by a control of ours", "affects": "affects us"}[e.Effect], Bad: e.Effect == "affects"}, {Text: e.Note}}
				}
			}
		}
		deviations.Rows = append(deviations.Rows, row)
	}
	status, err := s.cfg.Operates(r.Context())
	if err != nil {
		return err
	}
	expects := dutyTable(v, x.Duties, status)
	if x.Review == nil {
		review.Text = []string{"Nobody has reviewed it yet: until then it shows nothing."}
	} else {
		names := r.Names([]string{x.Review.Made.By})
		review.Text = []string{screen.Capital(map[string]string{"rely": "it can be relied on", "in_part": "it can be relied on in part", "not": "it cannot be relied on"}[x.Review.Conclusion]) + ". " + x.Review.Note}
		review.Meta = "reviewed on " + string(x.Review.Made.Day) + " by " + screen.Who(names, x.Review.Made.By)
		review.Facts = []ui.Fact{{Term: "Covers what we use", Text: x.Review.Match + opt(". ", x.Review.MatchNote)}}
		if x.Review.Compensation != "" {
			review.Facts = append(review.Facts, ui.Fact{Term: "By its manager, for want of another", Text: x.Review.Compensation})
		}
	}
	if r.May(access.VendorReview) && v.State != vendor.Ended {
		f := s.reviewForm(v, x)
		if x.Review != nil {
			f.Summary = "Review it again"
		} else {
			f.Open = true
		}
		if err := s.alone(r, v, access.VendorReview, &f); err != nil {
			return err
		}
		if which == "review-report" {
			t.Fill(&f)
		}
		review.Forms = append(review.Forms, f)
	}
	rec.Blocks = []ui.Block{review, {ID: "deviations", Title: "Deviations", Table: &deviations, None: "It notes none."}, {ID: "expects", Title: "What it expects of its customers", Table: &expects, None: "It names nothing."}}
	letters := ui.Table{Caption: "Bridge letters", Columns: []ui.Column{{Text: "Speaks of"}, {Text: "Received"}, {Text: "Material changes"}}}
	for _, l := range x.Letters {
		letters.Rows = append(letters.Rows, ui.TableRow{Head: ui.Link{Text: string(l.From) + " to " + string(l.To)}, Cells: []ui.Cell{{Text: string(l.Received)}, {Text: map[bool]string{true: "yes: " + l.Note, false: "none"}[l.Changes], Bad: l.Changes}}})
	}
	if x.Period() {
		b := ui.Block{ID: "letters", Title: "Bridge letters", Table: &letters, None: "There is none."}
		if f := s.form(v, "letter", r.May); f.Action != "" && v.State != vendor.Ended {
			f.Fields[0].Value = strconv.Itoa(n)
			if which == "letter" {
				t.Fill(&f)
			}
			b.Forms = []ui.Form{f}
		}
		rec.Blocks = append(rec.Blocks, b)
	}
	return r.Render(w, t.Status(), ui.Record(r.Shell(w, x.Title(), "Organise", "Vendors"), rec))
}

func (s *site) reviewForm(v *vendor.Vendor, x *vendor.Report) ui.Form {
	f := ui.Form{ID: "review-report", Action: "/vendors/" + v.Ref() + "/review-report", Button: "Record the review", Summary: "Review this report", Fields: []ui.Field{{Name: "report", Kind: "hidden", Value: strconv.Itoa(x.Number)},
		choice("match", "Does it cover the services that we use, and the criteria that matter to us?", "", [2]string{"", "Choose one"}, [2]string{"yes", "Yes"}, [2]string{"partly", "Partly"}, [2]string{"no", "No"}), {Name: "match_note", Label: "What does not match"}}}
	for i, d := range x.Deviations {
		f.Fields = append(f.Fields, choice(fmt.Sprintf("effect-%d", i+1), fmt.Sprintf("Deviation %d: what does it mean for us?", i+1), d, [2]string{"", "Not said yet"}, [2]string{"none", "Nothing: it does not touch us"}, [2]string{"covered", "A control of ours makes up for it"}, [2]string{"affects", "It affects us"}),
			ui.Field{Name: fmt.Sprintf("effect_note-%d", i+1), Label: fmt.Sprintf("Deviation %d: why, or what we do", i+1)})
	}
	for _, n := range x.Duties {
		d := v.Duties[n-1]
		f.Fields = append(f.Fields, ui.Field{Name: "duty", Kind: "hidden", Value: strconv.Itoa(n)}, ui.Field{Name: fmt.Sprintf("controls-%d", n), Label: fmt.Sprintf("Expected %d: which controls of ours do it?", n), Hint: d.Text + " (short names)", Value: join(d.Controls)},
			ui.Field{Name: fmt.Sprintf("missing-%d", n), Label: fmt.Sprintf("Expected %d: or what is missing, or why it does not concern us", n), Value: d.Missing},
			ui.Field{Name: fmt.Sprintf("not-%d", n), Label: fmt.Sprintf("Expected %d: does not concern our use", n), Kind: "select", Options: options(map[bool]string{true: "yes", false: "no"}[d.Not], yesNo...)})
	}
	f.Fields = append(f.Fields, choice("conclusion", "Can we rely on it?", "", [2]string{"", "Choose one"}, [2]string{"rely", "Yes"}, [2]string{"in_part", "In part"}, [2]string{"not", "No"}), long("note", "What that rests on", "", true))
	return f
}

// alone adds the field for what stands in for a second person, where who asks
// manages the vendor and nobody else could do it.
func (s *site) alone(r *screen.Request, v *vendor.Vendor, a access.Action, f *ui.Form) error {
	if a == access.VendorReview && v.Profile.Manager != r.Who.UserID {
		return nil
	}
	alone, err := s.cfg.Alone(r.Context(), r.Who, a)
	if err != nil || !alone {
		return err
	}
	f.Fields = append(f.Fields, ui.Field{Name: "compensation", Label: "What stands in for a second person?", Hint: "Nobody else here could do this. For example: who from outside looks at it, and when."})
	return nil
}

func (s *site) importForm(w http.ResponseWriter, r *screen.Request) error {
	return s.showImport(w, r, nil, "", nil)
}

func (s *site) showImport(w http.ResponseWriter, r *screen.Request, got *vendor.Imported, text string, t *screen.Typed) error {
	f := ui.Form{ID: "import", Action: "/vendors/import", Button: "Look at the file", Upload: true, Note: "CSV with a head, in UTF-8 or Windows-1252. Nothing is stored before you have seen what it holds.", Fields: []ui.Field{{Name: "file", Label: "File", Kind: "file", Must: true}}}
	t.Fill(&f)
	view := ui.FormView{Crumbs: []ui.Link{{Text: "Vendors", Href: "/vendors"}, {Text: "Import"}}, Title: "Import vendors", Note: "From a spreadsheet, or from another system.", Form: f,
		Side: []ui.Block{{ID: "columns", Title: "Columns", Text: []string{"Only the name and the service must be there. Names of other systems, such as Vendor Name or Description, are understood."}, Code: join(s.cfg.Vendors.Book().Head())}}}
	if got == nil {
		return r.Render(w, t.Status(), ui.FormPage(r.Shell(w, "Import vendors", "Organise", "Vendors"), view))
	}
	table := ui.Table{Caption: "Lines of the file", Columns: []ui.Column{{Text: "Vendor"}, {Text: "Line", N: true}, {Text: "What happens"}, {Text: "Why"}}}
	for _, l := range got.Lines {
		c := ui.Cell{Text: l.Problem}
		if l.Ref != "" {
			c = ui.Cell{Links: []ui.Link{{Text: l.Ref, Href: "/vendors/" + l.Ref}}}
		}
		table.Rows = append(table.Rows, ui.TableRow{Head: ui.Link{Text: screen.OrElse(l.Name, "without a name")}, Cells: []ui.Cell{{Text: strconv.Itoa(l.Line), N: true}, {Text: map[string]string{"new": "is entered", "there": "is there already", "wrong": "cannot be entered", "added": "was entered"}[l.State], Bad: l.State == "wrong"}, c}})
	}
	notes := slices.Clone(got.Notes)
	if len(got.Ignored) > 0 {
		notes = append(notes, "Columns that were not understood: "+join(got.Ignored)+".")
	}
	list := ui.ListView{Crumbs: view.Crumbs, Title: fmt.Sprintf("%s new, %d there already, %d wrong", ui.Many(got.New, "vendor is", "vendors are"), got.There, got.Wrong), Note: join(append(notes, "Nothing is stored yet.")), Table: table, None: "The file holds no vendor."}
	if got.Wrong == 0 && got.New > 0 {
		list.Form = ui.Form{ID: "enter", Action: "/vendors/import", Button: fmt.Sprintf("Enter %s", ui.Many(got.New, "vendor", "vendors")), Fields: []ui.Field{{Name: "text", Kind: "hidden", Value: text}}}
	} else {
		list.Form = view.Form
	}
	return r.Render(w, http.StatusOK, ui.List(r.Shell(w, "Import vendors", "Organise", "Vendors"), list))
}

func (s *site) importFile(w http.ResponseWriter, r *screen.Request) error {
	raw, confirmed, err := readUpload(r)
	var got *vendor.Imported
	if err == nil {
		got, err = s.cfg.Vendors.Import(r.Context(), r.Who, raw, !confirmed)
	}
	if err != nil {
		t, err := screen.WrongForm(url.Values{}, err)
		if err != nil {
			return err
		}
		return s.showImport(w, r, nil, "", t)
	}
	if got.Stored {
		return r.Done(w, ui.Many(got.New, "vendor was", "vendors were")+" entered.", "/vendors")
	}
	return s.showImport(w, r, got, string(raw), nil)
}

// readUpload gives a file that was chosen, or one that was looked at and is
// confirmed.
func readUpload(r *screen.Request) (raw []byte, confirmed bool, err error) {
	if r.PostForm != nil && r.PostForm.Has("text") {
		return []byte(r.PostForm.Get("text")), true, nil
	}
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, false, fault.Wrap(fault.Invalid, err, "no file was sent").At("", 0, "file")
	}
	for {
		p, err := parts.NextPart()
		if err == io.EOF { //nolint:errorlint // NextPart gives it bare
			return nil, false, fault.New(fault.Invalid, "no file was chosen").At("", 0, "file")
		}
		if err != nil {
			return nil, false, fault.Wrap(fault.Invalid, err, "the file did not come whole").At("", 0, "file")
		}
		if p.FormName() == "file" {
			raw, err := io.ReadAll(io.LimitReader(p, vendor.MaxFile+1))
			if err != nil {
				return nil, false, fault.Wrap(fault.Invalid, err, "the file did not come whole").At("", 0, "file")
			}
			return raw, false, nil
		}
	}
}
