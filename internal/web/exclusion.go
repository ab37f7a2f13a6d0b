package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/evidence/exclusion"
	"github.com/attesta/attesta/internal/web/ui"
)

// exclusions answers: what is left out, who decided that, why and until when?
func (s *Site) exclusions(w http.ResponseWriter, r *request) error {
	ctx, q := r.Context(), r.URL.Query()
	kind := exclusion.Kind(q.Get("kind"))
	shown, err := exclusionShown(q)
	if err != nil {
		return err
	}
	all, err := s.cfg.Exclusions.Register(ctx, exclusion.Question{Known: -1})
	if err != nil {
		return err
	}
	waiting, err := s.cfg.Exclusions.List(ctx, exclusion.Asked)
	if err != nil {
		return err
	}
	by := map[exclusion.Kind]int{}
	v := ui.ListView{Note: "Everything that is left out of what is judged, whoever decided it. It is exported with every population.", Labels: []string{"Kind"}, Undo: "/exclusions",
		Search: ui.SearchBox{Path: "/exclusions", Value: q.Get("q"), Label: "Name or reason", Hidden: hidden("kind", string(kind))}}
	names := s.exclusionNames(r, all)
	v.Table = ui.Table{Caption: "What is left out", Columns: []ui.Column{{Text: "What"}, {Text: "Kind"}, {Text: "Why"}, {Text: "By"}, {Text: "Approved by"}, {Text: "Until"}, {Text: "Items", N: true}}}
	for _, x := range all {
		by[x.Kind]++
		if !shown(x) {
			continue
		}
		v.Table.Rows = append(v.Table.Rows, s.exclusionRow(r, x, names))
	}
	chips := []ui.Chip{{Text: fmt.Sprintf("All %d", len(all)), Href: with(q, "/exclusions", "kind", ""), Current: kind == ""}}
	for _, k := range exclusion.Kinds() {
		if by[k] > 0 {
			chips = append(chips, ui.Chip{Text: fmt.Sprintf("%s %d", capital(k.Words()), by[k]), Href: with(q, "/exclusions", "kind", string(k)), Current: kind == k})
		}
	}
	v.Chips = [][]ui.Chip{chips}
	decided := by[exclusion.OfItem] + by[exclusion.OfScope]
	v.Title = fmt.Sprintf("%s by a person's word; %s by rule, tailoring or retirement", many(decided, "thing is left out", "things are left out"), ui.Number(len(all)-decided))
	v.None = fmt.Sprintf("Nothing matches. %s without these filters.", many(len(all), "line stands in the register", "lines stand in the register"))
	v.Table.Pager.Text = fmt.Sprintf("%d of %d shown", len(v.Table.Rows), len(all))
	if len(waiting) > 0 {
		t := ui.Table{Caption: "Exclusions that wait for a decision", Columns: []ui.Column{{Text: "Number"}, {Text: "What"}, {Text: "Why"}, {Text: "Until"}}}
		for _, x := range waiting {
			t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: x.Ref(), Href: "/exclusions/" + x.Ref()}, Mono: true,
				Cells: []ui.Cell{{Text: x.Name}, {Text: x.Cause.Words() + ": " + x.Reason}, {Text: r.until(x.Expires)}}})
		}
		v.After, v.Heads = append(v.After, t), append(v.Heads, "Waiting for a decision")
	}
	if access.May(r.who.Role, access.ExclusionAsk) {
		v.Action = ui.Link{Text: "Leave something out", Href: "/exclusions/new"}
	}
	return s.render(w, r, http.StatusOK, ui.List(s.shell(w, r, "Exclusions", "Audit", "Exclusions"), v))
}

// exclusionShown gives what the list's filter shows.
func exclusionShown(q url.Values) (func(exclusion.Entry) bool, error) {
	kind, words := exclusion.Kind(q.Get("kind")), strings.Fields(strings.ToLower(q.Get("q")))
	if kind != "" {
		if err := kind.Check(); err != nil {
			return nil, err
		}
	}
	return func(x exclusion.Entry) bool {
		return (kind == "" || x.Kind == kind) && !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(strings.ToLower(x.Name+" "+x.Ref+" "+x.Reason), w) })
	}, nil
}

func (s *Site) exclusionNames(r *request, all []exclusion.Entry) map[string]string {
	var ids []string
	for _, x := range all {
		for _, id := range []string{x.By, x.ApprovedBy} {
			if strings.HasPrefix(id, "usr_") {
				ids = append(ids, id)
			}
		}
	}
	slices.Sort(ids)
	return s.names(r.Context(), slices.Compact(ids))
}

func (s *Site) exclusionRow(r *request, x exclusion.Entry, names map[string]string) ui.TableRow {
	row := ui.TableRow{Head: ui.Link{Text: x.Name}}
	switch x.Kind {
	case exclusion.OfItem, exclusion.OfScope:
		row.Head.Href, row.Tag = "/exclusions/"+x.Ref, x.Ref
	case exclusion.WasRetired:
		row.Head.Href = "/hosts/" + x.Subject
	case exclusion.OfCheck:
		row.Meta = "see the standard's tailoring"
	default:
		row.Head.Href = "/checks/" + x.Subject
	}
	until := ui.Cell{Text: "it is changed", Muted: true}
	if !x.Until.IsZero() {
		until = ui.Cell{Text: r.until(x.Until)}
	}
	approved := ui.Cell{Text: "nobody", Muted: true}
	if x.ApprovedBy != "" {
		approved = ui.Cell{Text: who(names, x.ApprovedBy)}
		if x.Alone != "" {
			approved.Tag = "one person"
		}
	}
	by := ui.Cell{Text: who(names, x.By)}
	if !x.At.IsZero() {
		by.Meta = r.words.day(x.At)
	}
	row.Cells = []ui.Cell{{Text: x.Kind.Words()}, {Text: sentence(x.Reason)}, by, approved, until, {Text: ui.Number(x.Items), N: true, Muted: x.Items == 0}}
	return row
}

func (s *Site) newExclusion(w http.ResponseWriter, r *request) error {
	return s.showNewExclusion(w, r, nil)
}

func (s *Site) showNewExclusion(w http.ResponseWriter, r *request, t *typed) error {
	q := r.URL.Query()
	form := ui.Form{ID: "ask", Action: "/exclusions", Button: "Ask for this exclusion", Fields: []ui.Field{
		{Name: "subject", Label: "What is left out", Value: q.Get("subject"), Must: true, Hint: "A host by its name or id; or what is no host, as \"address 10.0.0.9\", \"name printer-3\" or \"scope the guests' network\"."},
		{Name: "cause", Label: "Why", Kind: "select", Options: causeOptions(q.Get("cause"))},
		{Name: "reason", Label: "Why, in words", Kind: "long", Must: true, Value: q.Get("reason"), Hint: "The approver and the auditor read it."},
		{Name: "starts", Label: "From", Kind: "date", Hint: "Empty: as soon as it is approved."},
		{Name: "expires", Label: "Until the end of", Kind: "date", Must: true, Hint: "At most a year. Then it is judged again, unless somebody asks anew."},
	}}
	t.fill(&form)
	v := ui.FormView{Crumbs: []ui.Link{{Text: "Exclusions", Href: "/exclusions"}, {Text: "Leave something out"}}, Title: "Leave something out",
		Note: "Nothing is left out before another person approves it.", Form: form,
		Side: []ui.Block{{ID: "what", Title: "What an exclusion does", Text: []string{
			"A host that is left out still reports and is shown. It is not judged, and its findings say why.",
			"It is listed with every population that is extracted, with who decided it, why and until when.",
			"For a failing item that stays in scope ask for a waiver instead."}, Links: []ui.Link{{Text: "Ask for a waiver", Href: "/waivers/new"}}}}}
	return s.render(w, r, t.status(), ui.FormPage(s.shell(w, r, v.Title, "Audit", "Exclusions"), v))
}

func causeOptions(chosen string) (out []ui.Option) {
	for _, c := range exclusion.Causes() {
		out = append(out, ui.Option{Value: string(c), Text: c.Words(), Selected: chosen == string(c)})
	}
	return out
}

func (s *Site) askExclusion(w http.ResponseWriter, r *request) error {
	f := r.PostForm
	a := exclusion.Ask{Population: "hosts", Subject: f.Get("subject"), Cause: exclusion.Cause(f.Get("cause")), Reason: f.Get("reason")}
	var err error
	if a.Starts, err = r.firstMoment(f.Get("starts"), "starts"); err == nil {
		a.Expires, err = r.lastMoment(f.Get("expires"), "expires")
	}
	var x exclusion.Exclusion
	if err == nil {
		x, err = s.cfg.Exclusions.Ask(r.Context(), r.who, a)
	}
	if err != nil {
		t, other := wrongForm(r, err)
		if other != nil {
			return err
		}
		return s.showNewExclusion(w, r, t)
	}
	return s.done(w, r, x.Ref()+" waits for somebody else to approve it.", "/exclusions/"+x.Ref())
}

func (s *Site) exclusion(w http.ResponseWriter, r *request) error {
	return s.showExclusion(w, r, nil, "")
}

func (s *Site) showExclusion(w http.ResponseWriter, r *request, t *typed, which string) error {
	ctx := r.Context()
	x, err := s.cfg.Exclusions.Get(ctx, r.PathValue("ref"))
	if err != nil {
		return err
	}
	path := "/exclusions/" + x.Ref()
	names := s.names(ctx, slices.DeleteFunc([]string{x.AskedBy, x.DecidedBy}, func(id string) bool { return id == "" }))
	state := string(x.State)
	switch {
	case x.Holds(r.now):
		state = "in force"
	case x.State == exclusion.Asked:
		state = "asked for"
	}
	v := ui.RecordView{Crumbs: []ui.Link{{Text: "Exclusions", Href: "/exclusions"}, {Text: x.Ref()}}, Title: x.Name + " is left out of " + x.Population, State: state,
		Line: []string{x.Cause.Words(), "until the end of " + r.until(x.Expires)}, FactsOf: "This exclusion", Zone: "times in " + r.words.zone.String()}
	if x.State == exclusion.Asked || x.State == exclusion.Refused {
		v.Title = "Somebody asks to leave " + x.Name + " out of " + x.Population
	}
	if x.Alone != "" {
		v.Notice, v.Warn = "Approved by the person who asked, for want of another. What stands in for a second person: “"+x.Alone+"”", true
	}
	v.Blocks = []ui.Block{{ID: "why", Title: "Why it is left out", Text: []string{x.Reason}}}
	var forms []ui.Form
	add := func(id string, f ui.Form) {
		f.ID, f.Action = id, path+"/"+id
		if which == id {
			t.fill(&f)
		}
		forms = append(forms, f)
	}
	if x.State == exclusion.Asked && access.May(r.who.Role, access.ExclusionApprove) {
		f := ui.Form{Button: "Approve this exclusion"}
		if r.who.UserID == x.AskedBy {
			f.Summary, f.Quiet, f.Note = "Approve it although you asked for it", true, "Whoever asked does not approve, unless nobody else here may."
			f.Fields = []ui.Field{{Name: "alone", Label: "What stands in for a second person", Kind: "long", Hint: "It is shown with the exclusion."}}
		}
		add("approve", f)
		add("refuse", ui.Form{Summary: "Refuse it", Button: "Refuse this exclusion", Danger: true, Fields: []ui.Field{{Name: "note", Label: "Why it is refused", Kind: "long"}}})
	}
	if access.May(r.who.Role, access.ExclusionAsk) && (x.State == exclusion.Asked || x.State == exclusion.Approved && x.HoldsTo.After(r.now)) {
		add("end", ui.Form{Summary: "End it", Button: "End this exclusion", Danger: true, Note: "It is judged again at once.", Fields: []ui.Field{{Name: "note", Label: "Why it ends", Kind: "long"}}})
	}
	if len(forms) > 0 {
		v.Blocks = append(v.Blocks, ui.Block{ID: "decide", Title: "Decide", Forms: forms})
	}
	subject := ui.Fact{Term: "Subject", Text: x.Subject, Mono: true}
	if x.OfItem() {
		subject = ui.Fact{Term: "Item", Links: []ui.Link{{Text: x.Name, Href: "/hosts/" + x.Subject}}}
	}
	v.Facts = []ui.Fact{{Term: "Number", Text: x.Ref(), Mono: true}, subject, {Term: "Population", Text: x.Population}, {Term: "Asked for", Text: r.words.full(x.AskedAt) + " by " + who(names, x.AskedBy)}}
	if x.DecidedBy != "" {
		v.Facts = append(v.Facts, ui.Fact{Term: "Decided", Text: r.words.full(x.DecidedAt) + " by " + who(names, x.DecidedBy)})
	}
	if !x.HoldsFrom.IsZero() {
		v.Facts = append(v.Facts, ui.Fact{Term: "In force", Text: r.words.full(x.HoldsFrom) + " to " + r.words.full(x.HoldsTo)})
	}
	events, err := s.cfg.Exclusions.Timeline(ctx, x.ID)
	if err != nil {
		return err
	}
	for _, e := range slices.Backward(events) {
		st := ui.Step{At: r.words.at(e.At), Text: capital(orElse(map[string]string{"asked": "asked for", "began": "in force: it left the population"}[e.Kind], e.Kind)), Entry: entryLink(e.Entry, e.Index)}
		if e.Actor != "system" {
			st.By = "by " + who(s.names(ctx, []string{e.Actor}), e.Actor)
		}
		if e.Note != "" {
			st.Text += ": “" + e.Note + "”"
		}
		v.History = append(v.History, st)
	}
	return s.render(w, r, t.status(), ui.Record(s.shell(w, r, x.Ref(), "Audit", "Exclusions"), v))
}

// decideExclusion approves, refuses or ends one.
func (s *Site) decideExclusion(w http.ResponseWriter, r *request) error {
	ctx, ref, what := r.Context(), r.PathValue("ref"), r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	var err error
	said := ""
	switch what {
	case "approve":
		err, said = s.cfg.Exclusions.Approve(ctx, r.who, ref, r.PostFormValue("alone")), "The exclusion is approved and is carried out within seconds."
	case "refuse":
		err, said = s.cfg.Exclusions.Refuse(ctx, r.who, ref, r.PostFormValue("note")), "The exclusion is refused."
	case "end":
		err, said = s.cfg.Exclusions.End(ctx, r.who, ref, r.PostFormValue("note")), "The exclusion has ended. What it left out is judged again."
	default:
		return fault.New(fault.NotFound, "there is no such page")
	}
	if err != nil {
		t, other := wrongForm(r, err)
		if other != nil {
			return err
		}
		return s.showExclusion(w, r, t, what)
	}
	return s.done(w, r, said, "/exclusions/"+ref)
}
