package web

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/judge"
	"github.com/attesta/attesta/internal/web/ui"
)

// populations answers: what can be listed completely, by which approved
// definition, and what was frozen?
func (s *Site) populations(w http.ResponseWriter, r *request) error {
	ctx := r.Context()
	all, err := s.cfg.Populations.Definitions(ctx)
	if err != nil {
		return err
	}
	recent, err := s.cfg.Populations.Extractions(ctx, "", 0, recentExtractions)
	if err != nil {
		return err
	}
	last := lastExtractions(recent)
	inForce, drafts := 0, 0
	v := ui.ListView{Note: "A population is a typed, reproducible set of items. Its definition is approved by somebody other than its author; an extraction freezes it with count, digest and everything that was left out.",
		Table: ui.Table{Caption: "Populations", Columns: []ui.Column{{Text: "Population"}, {Text: "Source"}, {Text: "Decides"}, {Text: "Definition"}, {Text: "Last extraction"}, {Text: "Items", N: true}}}}
	for _, d := range all {
		n := d.Newest()
		row := ui.TableRow{Head: ui.Link{Text: n.Title, Href: "/populations/" + d.Slug}, Meta: n.Purpose}
		state := ui.Cell{Text: "retired", Muted: true}
		approved, ok := d.InForce()
		switch {
		case ok && approved.Version == n.Version:
			state, inForce = ui.Cell{Text: fmt.Sprintf("version %d, approved", n.Version)}, inForce+1
		case ok:
			state, inForce, drafts = ui.Cell{Text: fmt.Sprintf("version %d, approved", approved.Version), Meta: fmt.Sprintf("version %d is a draft", n.Version)}, inForce+1, drafts+1
		case n.State == population.Draft:
			state, drafts = ui.Cell{Text: fmt.Sprintf("version %d", n.Version), Tag: "draft"}, drafts+1
		}
		if approved.Alone != "" {
			state.Tag = "one person"
		}
		e, was := last[d.Slug]
		when, count := ui.Cell{Text: "never", Muted: true}, ui.Cell{N: true}
		if was {
			when, count = ui.Cell{Links: []ui.Link{{Text: e.Ref(), Href: "/extractions/" + e.Ref()}}, Meta: s.windowWords(r, e.Window)}, ui.Cell{Text: ui.Number(e.Count), N: true}
		}
		src, err := s.cfg.Populations.Source(n.Source)
		if err != nil {
			return err
		}
		row.Cells = []ui.Cell{{Text: src.Title, Meta: n.Subject}, {Text: strings.ReplaceAll(n.Date, "_", " ")}, state, when, count}
		v.Table.Rows = append(v.Table.Rows, row)
	}
	v.Title = fmt.Sprintf("%s approved; %s", many(inForce, "population is", "populations are"), many(drafts, "draft waits for somebody to approve it", "drafts wait for somebody to approve them"))
	if access.May(r.who.Role, access.PopulationEdit) {
		v.Action = ui.Link{Text: "Define a population", Href: "/populations/new"}
	}
	if len(recent) > 0 {
		v.After, v.Heads = []ui.Table{s.extractionTable(r, recent)}, []string{"Frozen extractions, newest first"}
	}
	return s.render(w, r, http.StatusOK, ui.List(s.shell(w, r, "Populations", "Audit", "Populations"), v))
}

// recentExtractions is how many extractions the list of populations looks at.
const recentExtractions = 20

// lastExtractions gives the newest by population, of extractions newest first.
func lastExtractions(recent []population.Extraction) map[string]population.Extraction {
	last := map[string]population.Extraction{}
	for _, e := range slices.Backward(recent) {
		last[e.Slug] = e
	}
	return last
}

func (s *Site) extractionTable(r *request, all []population.Extraction) ui.Table {
	t := ui.Table{Caption: "Frozen extractions", Columns: []ui.Column{{Text: "Number"}, {Text: "Population"}, {Text: "Window"}, {Text: "Frozen"}, {Text: "Items", N: true}, {Text: "Left out", N: true}, {Text: "Digest"}}}
	for _, e := range all {
		t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: e.Ref(), Href: "/extractions/" + e.Ref()}, Mono: true, Cells: []ui.Cell{
			{Links: []ui.Link{{Text: e.Content.Title, Href: "/populations/" + e.Slug}}, Meta: fmt.Sprintf("version %d", e.Version)}, {Text: s.windowWords(r, e.Window)},
			{Moment: r.words.at(e.MadeAt)}, {Text: ui.Number(e.Count), N: true}, {Text: ui.Number(e.Excluded), N: true, Muted: e.Excluded == 0}, {Text: e.Digest[:12], Mono: true}}})
	}
	return t
}

// windowWords says a window as people do: the last day is in it.
func (s *Site) windowWords(r *request, w population.Window) string {
	if w.Instant() {
		return "at " + r.words.at(w.To).Text
	}
	midnight := func(t time.Time) bool {
		t = t.In(r.words.zone)
		return t.Hour() == 0 && t.Minute() == 0 && t.Second() == 0
	}
	to := "up to " + r.words.at(w.To).Text
	if midnight(w.To) {
		to = "to " + r.until(w.To)
	}
	if midnight(w.From) {
		return r.words.day(w.From) + " " + to
	}
	return r.words.at(w.From).Text + " " + to
}

// population shows a definition, its versions and its extractions.
func (s *Site) population(w http.ResponseWriter, r *request) error {
	return s.showPopulation(w, r, nil, "")
}

func (s *Site) showPopulation(w http.ResponseWriter, r *request, t *typed, which string) error {
	ctx, slug := r.Context(), r.PathValue("slug")
	d, err := s.cfg.Populations.Definition(ctx, slug)
	if err != nil {
		return err
	}
	n := d.Newest()
	src, err := s.cfg.Populations.Source(n.Source)
	if err != nil {
		return err
	}
	path := "/populations/" + slug
	approved, ok := d.InForce()
	v := ui.RecordView{Crumbs: []ui.Link{{Text: "Populations", Href: "/populations"}, {Text: slug}}, Title: n.Title, State: string(n.State), Line: []string{fmt.Sprintf("version %d", n.Version), src.Title},
		FactsOf: "This population", Zone: "times in " + r.words.zone.String()}
	if ok && approved.Version != n.Version {
		v.Notice = fmt.Sprintf("Version %d is in force. Version %d, shown here, is a draft.", approved.Version, n.Version)
	}
	if n.Alone != "" {
		v.Notice, v.Warn = "Approved by its author, for want of another person. What stands in for a second one: “"+n.Alone+"”", true
	}
	rule := ui.Block{ID: "def", Title: "Definition", Text: []string{n.Purpose}, Facts: []ui.Fact{
		{Term: "Items", Text: src.Doc}, {Term: "Decides", Text: n.Rule(src, false)}, {Term: "At an instant", Text: n.Rule(src, true)},
		{Term: "Window", Text: "its first day begins and its last day ends at midnight in " + n.Zone},
		{Term: "Exclusions", Text: map[bool]string{true: "what an exclusion leaves out for all of the window is left out, and listed", false: "none is applied; the register is listed"}[n.Apply]}}}
	if n.Subject != "" {
		rule.Facts = append(rule.Facts, ui.Fact{Term: capital(src.Subject), Text: n.Subject, Mono: true})
	}
	if n.Boundary != "" {
		rule.Facts = append(rule.Facts, ui.Fact{Term: "Boundary", Text: n.Boundary})
	}
	if rule.Code = n.Filter; n.Filter == "" {
		rule.Facts = append(rule.Facts, ui.Fact{Term: "Filter", Text: "none: every item"})
	}
	if access.May(r.who.Role, access.PopulationEdit) {
		rule.Links = []ui.Link{{Text: "Define it anew", Href: path + "/edit"}}
	}
	v.Blocks = append(v.Blocks, rule)
	if forms := s.populationForms(r, n, ok, path, t, which); len(forms) > 0 {
		v.Blocks = append(v.Blocks, ui.Block{ID: "act", Title: "Approve and extract", Forms: forms})
	}
	recent, err := s.cfg.Populations.Extractions(ctx, slug, 0, 50)
	if err != nil {
		return err
	}
	table := s.extractionTable(r, recent)
	v.Blocks = append(v.Blocks, ui.Block{ID: "ex", Title: "Frozen extractions", Table: &table, None: "Nothing has been extracted yet. An extraction freezes the items as known now, so that a sample can be drawn from them."})
	names := s.names(ctx, versionPeople(d))
	for _, x := range slices.Backward(d.Versions) {
		if x.ApprovedBy != "" {
			v.History = append(v.History, ui.Step{At: r.words.at(x.ApprovedAt), Text: fmt.Sprintf("Version %d approved", x.Version), By: "by " + who(names, x.ApprovedBy), Mark: "key", Entry: entryLink(x.Approval, -1)})
		}
		st := ui.Step{At: r.words.at(x.MadeAt), Text: fmt.Sprintf("Version %d defined", x.Version), By: "by " + orElse(names[x.MadeBy], "Attesta"), Entry: entryLink(x.Entry, -1)}
		if x.State == population.Retired {
			st.Text = "Retired"
		}
		v.History = append(v.History, st)
	}
	for i := range v.History {
		v.History[i].Entry.Text = "entry"
	}
	v.Facts = []ui.Fact{{Term: "Short name", Text: slug, Mono: true}, {Term: "Versions", Text: strconv.Itoa(len(d.Versions))}, {Term: "Digest", Text: n.Digest, Mono: true}}
	return s.render(w, r, t.status(), ui.Record(s.shell(w, r, n.Title, "Audit", "Populations"), v))
}

func versionPeople(d population.Definition) []string {
	var ids []string
	for _, x := range d.Versions {
		for _, id := range []string{x.MadeBy, x.ApprovedBy} {
			if strings.HasPrefix(id, "usr_") && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

func (s *Site) populationForms(r *request, n population.Version, inForce bool, path string, t *typed, which string) (forms []ui.Form) {
	add := func(id string, f ui.Form) {
		f.ID, f.Action = id, path+"/"+id
		if which == id {
			t.fill(&f)
		}
		forms = append(forms, f)
	}
	if n.State == population.Draft && access.May(r.who.Role, access.PopulationApprove) {
		f := ui.Form{Button: fmt.Sprintf("Approve version %d", n.Version), Fields: []ui.Field{{Name: "version", Kind: "hidden", Value: strconv.Itoa(n.Version)}},
			Note: "What you approve is the definition above. Extractions are made by the approved version only."}
		if n.MadeBy == r.who.UserID {
			f.Summary, f.Quiet, f.Note = "Approve it although you wrote it", true, "Its author does not approve it, unless nobody else here may."
			f.Fields = append(f.Fields, ui.Field{Name: "alone", Label: "What stands in for a second person", Kind: "long", Hint: "It is shown with the definition."})
		}
		add("approve", f)
	}
	if inForce && access.May(r.who.Role, access.PopulationExtract) {
		add("extract", ui.Form{Button: "Extract and freeze", Summary: "Extract it", Open: which != "approve",
			Note:   "Leave both days empty for this moment, or the first for one instant at the end of a day. What is frozen cannot be changed.",
			Fields: []ui.Field{{Name: "from", Label: "First day of the window", Kind: "date"}, {Name: "to", Label: "Last day of the window", Kind: "date"}}})
	}
	if n.State != population.Retired && access.May(r.who.Role, access.PopulationEdit) {
		add("retire", ui.Form{Summary: "Retire it", Button: "Retire this population", Danger: true, Note: "Nothing is extracted by it any more; what was extracted stays."})
	}
	return forms
}

// actPopulation approves, extracts or retires.
func (s *Site) actPopulation(w http.ResponseWriter, r *request, what string, act func(slug string) (said, to string, err error)) error {
	slug := r.PathValue("slug")
	said, to, err := act(slug)
	if err != nil {
		t, other := wrongForm(r, err)
		if other != nil {
			return err
		}
		return s.showPopulation(w, r, t, what)
	}
	return s.done(w, r, said, to)
}

func (s *Site) approvePopulation(w http.ResponseWriter, r *request) error {
	return s.actPopulation(w, r, "approve", func(slug string) (string, string, error) {
		version, err := strconv.Atoi(r.PostFormValue("version"))
		if err != nil {
			version = 0
		}
		return "The definition is approved. The approval is an entry in the ledger.", "/populations/" + slug,
			s.cfg.Populations.Approve(r.Context(), r.who, slug, version, r.PostFormValue("alone"))
	})
}

func (s *Site) retirePopulation(w http.ResponseWriter, r *request) error {
	return s.actPopulation(w, r, "retire", func(slug string) (string, string, error) {
		return "The population is retired.", "/populations/" + slug, s.cfg.Populations.Retire(r.Context(), r.who, slug)
	})
}

func (s *Site) extractPopulation(w http.ResponseWriter, r *request) error {
	return s.actPopulation(w, r, "extract", func(slug string) (string, string, error) {
		d, err := s.cfg.Populations.Definition(r.Context(), slug)
		if err != nil {
			return "", "", err
		}
		v, _ := d.InForce()
		zoned := *r // days begin and end where the definition says
		if zone, err := time.LoadLocation(orElse(v.Zone, "UTC")); err == nil {
			zoned.words.zone = zone
		}
		var win population.Window
		if win.From, err = zoned.firstMoment(r.PostFormValue("from"), "from"); err != nil {
			return "", "", err
		}
		if win.To, err = zoned.lastMoment(r.PostFormValue("to"), "to"); err != nil {
			return "", "", err
		}
		e, err := s.cfg.Populations.Extract(r.Context(), r.who, slug, win)
		if err != nil {
			return "", "", err
		}
		return fmt.Sprintf("%s is frozen: %s.", e.Ref(), many(e.Count, "item", "items")), "/extractions/" + e.Ref(), nil
	})
}

// newPopulation and editPopulation are the form of a definition.
func (s *Site) newPopulation(w http.ResponseWriter, r *request) error {
	return s.showDefine(w, r, "", population.Content{Source: "hosts", Zone: r.words.zone.String(), Apply: true}, nil)
}

func (s *Site) editPopulation(w http.ResponseWriter, r *request) error {
	d, err := s.cfg.Populations.Definition(r.Context(), r.PathValue("slug"))
	if err != nil {
		return err
	}
	return s.showDefine(w, r, d.Slug, d.Newest().Content, nil)
}

func (s *Site) showDefine(w http.ResponseWriter, r *request, slug string, c population.Content, t *typed) error {
	var sources, dates, takes []ui.Option
	var side []ui.Block
	for _, src := range s.cfg.Populations.Sources() {
		sources = append(sources, ui.Option{Value: src.Name, Text: src.Title, Selected: src.Name == c.Source})
		b := ui.Block{ID: "src-" + src.Name, Title: src.Title, Text: []string{src.Doc}}
		for _, d := range src.Dates {
			dates = append(dates, ui.Option{Value: d.Name, Text: src.Title + ": " + strings.ReplaceAll(d.Name, "_", " "), Selected: src.Name == c.Source && d.Name == c.Date})
			b.Facts = append(b.Facts, ui.Fact{Term: strings.ReplaceAll(d.Name, "_", " "), Text: d.Doc})
		}
		var names []string
		for _, f := range src.Fields {
			names = append(names, "item."+f.Name+" ("+typeWords(f.Type)+")")
		}
		b.Facts = append(b.Facts, ui.Fact{Term: "For filters", Text: strings.Join(names, ", ")})
		side = append(side, b)
	}
	for _, x := range []struct{ value, text string }{{population.Take, "are members"}, {population.Leave, "are left out"}} {
		takes = append(takes, ui.Option{Value: x.value, Text: x.text})
	}
	choose := func(value string) []ui.Option {
		out := slices.Clone(takes)
		for i := range out {
			out[i].Selected = out[i].Value == value
		}
		return out
	}
	apply := []ui.Option{{Value: "yes", Text: "leave out what an exclusion leaves out, and list it", Selected: c.Apply}, {Value: "no", Text: "apply none, and list the register", Selected: !c.Apply}}
	name := ui.Field{Name: "slug", Label: "Short name", Value: slug, Must: true, Hint: "Lower-case words joined by hyphens: production-hosts."}
	form := ui.Form{ID: "define", Action: "/populations", Button: "Keep as a draft", Fields: []ui.Field{name,
		{Name: "title", Label: "Title", Value: c.Title, Must: true},
		{Name: "purpose", Label: "What is tested with it", Kind: "long", Value: c.Purpose, Must: true},
		{Name: "source", Label: "Source", Kind: "select", Options: sources},
		{Name: "subject", Label: "Check", Value: c.Subject, Hint: "For outcomes of a check: its id."},
		{Name: "filter", Label: "Filter", Kind: "long", Value: c.Filter, Hint: "An expression over item, such as item.os == \"debian\" && item.name.startsWith(\"web-\"); empty for every item. An item for which it cannot be answered stays a member and is marked."},
		{Name: "date", Label: "The date that decides", Kind: "select", Options: dates},
		{Name: "zone", Label: "Time zone", Value: c.Zone, Hint: "Days of a window begin and end there: Europe/Dublin."},
		{Name: "joiners", Label: "Items that began after the window did", Kind: "select", Options: choose(orElse(c.Joiners, population.Take))},
		{Name: "in_flight", Label: "Items that had not ended when the window did", Kind: "select", Options: choose(orElse(c.InFlight, population.Take))},
		{Name: "apply", Label: "Exclusions", Kind: "select", Options: apply},
		{Name: "boundary", Label: "What else is to be known about the edges", Kind: "long", Value: c.Boundary},
	}}
	title := "Define a population"
	if slug != "" {
		title = "Define " + c.Title + " anew"
		form.Fields[0] = ui.Field{Name: "slug", Kind: "hidden", Value: slug}
	}
	t.fill(&form)
	v := ui.FormView{Crumbs: []ui.Link{{Text: "Populations", Href: "/populations"}, {Text: title}}, Title: title,
		Note: "What you keep is a draft. Nothing is extracted by it before somebody else approves it.", Form: form, Side: side}
	return s.render(w, r, t.status(), ui.FormPage(s.shell(w, r, title, "Audit", "Populations"), v))
}

func typeWords(t *judge.Type) string { return t.String() }

func (s *Site) definePopulation(w http.ResponseWriter, r *request) error {
	f := r.PostForm
	c := population.Content{Title: f.Get("title"), Purpose: f.Get("purpose"), Source: f.Get("source"), Subject: f.Get("subject"), Filter: strings.ReplaceAll(f.Get("filter"), "\r\n", "\n"),
		Date: f.Get("date"), Zone: f.Get("zone"), Joiners: f.Get("joiners"), InFlight: f.Get("in_flight"), Apply: f.Get("apply") == "yes", Boundary: f.Get("boundary")}
	x, err := s.cfg.Populations.Define(r.Context(), r.who, strings.TrimSpace(f.Get("slug")), c)
	if err != nil {
		t, other := wrongForm(r, err)
		if other != nil {
			return err
		}
		slug := ""
		if _, err := s.cfg.Populations.Definition(r.Context(), f.Get("slug")); err == nil {
			slug = f.Get("slug")
		}
		return s.showDefine(w, r, slug, c, t)
	}
	return s.done(w, r, fmt.Sprintf("Version %d is kept as a draft. Somebody else approves it.", x.Version), "/populations/"+x.Slug)
}

// registerBlock lists what an extraction left out.
func (s *Site) registerBlock(r *request, e population.Extraction) ui.Block {
	t := ui.Table{Caption: "What was left out", Columns: []ui.Column{{Text: "What"}, {Text: "Kind"}, {Text: "Why"}, {Text: "By"}, {Text: "Approved by"}, {Text: "Until"}, {Text: "Items", N: true}}}
	names := s.exclusionNames(r, e.Exclusions)
	const most = 100
	for _, x := range e.Exclusions[:min(len(e.Exclusions), most)] {
		t.Rows = append(t.Rows, s.exclusionRow(r, x, names))
	}
	if len(e.Exclusions) > most {
		t.Pager.Text = fmt.Sprintf("%d of %s shown; the export holds all", most, ui.Number(len(e.Exclusions)))
	}
	meta := many(e.Excluded, "item left out by a person's word", "items left out by a person's word")
	return ui.Block{ID: "left", Title: "Exclusions", Meta: meta, Table: &t, None: "Nothing was left out."}
}
