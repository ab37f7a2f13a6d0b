package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/evidence/waiver"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// waivers answers: what is accepted rather than mended, by whom, until when?
func (s *Site) waivers(w http.ResponseWriter, r *request) error {
	ctx, q := r.Context(), r.URL.Query()
	f, state, err := waiverFilter(q)
	if err != nil {
		return err
	}
	page, err := s.cfg.Waivers.List(ctx, f, q.Get("after"), pageSize)
	if err != nil {
		return err
	}
	by, err := s.cfg.Waivers.Counts(ctx)
	if err != nil {
		return err
	}
	reset := func(pairs ...string) string { return with(q, "/waivers", append(pairs, "after", "")...) }
	var total int64
	chips := []ui.Chip{}
	for _, st := range waiver.States() {
		total += by[st]
		chips = append(chips, ui.Chip{Text: fmt.Sprintf("%s %s", capital(waiverWords(st)), ui.Number(by[st])), Href: reset("state", string(st)), Current: state == st})
	}
	v := ui.ListView{Title: waiversTitle(by), Note: "A waiver accepts a failing item until a day. It never makes a pass of it: what is waived is a deviation in every status.",
		Labels: []string{"State"}, Chips: [][]ui.Chip{append([]ui.Chip{{Text: "All " + ui.Number(total), Href: reset("state", ""), Current: state == ""}}, chips...)},
		Search: ui.SearchBox{Path: "/waivers", Value: f.Query, Label: "Number, check, item", Hidden: hidden("state", string(state))}, Undo: "/waivers",
		None: fmt.Sprintf("No waiver matches. %s without these filters.", many(total, "waiver", "waivers"))}
	if access.May(r.who.Role, access.WaiverAsk) {
		v.Action = ui.Link{Text: "Ask for a waiver", Href: "/waivers/new"}
	}
	if total == 0 {
		v.Title = "Nothing is waived"
		v.Empty = &ui.Empty{Title: "Nobody has asked for a waiver", Text: "Where a failing item cannot be mended yet, a waiver says why that is accepted, who answers for it, what compensates and until when. Somebody else approves it.",
			Criteria: []ui.Link{{Text: "CC7.1", Href: "/criteria/CC7.1"}}, Until: "Until then every failing item is a finding with its clock.", Actions: []ui.Link{{Text: "See the findings", Href: "/findings"}}}
	}
	names := s.waiverNames(r, page.Waivers)
	v.Table = ui.Table{Caption: "Waivers, newest first", Columns: []ui.Column{{Text: "Number"}, {Text: "What is waived"}, {Text: "State"}, {Text: "Owner"}, {Text: "Until"}, {Text: "Items", N: true}}}
	for _, x := range page.Waivers {
		state, bad := s.waiverState(r, x)
		row := ui.TableRow{Head: ui.Link{Text: x.Ref(), Href: "/waivers/" + x.Ref()}, Mono: true, Cells: []ui.Cell{
			{Links: []ui.Link{{Text: capital(x.About()), Href: "/waivers/" + x.Ref()}}, Meta: itemWords(x)},
			{Text: state, Bad: bad}, {Text: who(names, x.Owner)}, {Text: r.until(x.Expires)}, {Text: ui.Number(x.Items), N: true}}}
		if x.Alone != "" {
			row.Tag = "one person"
		}
		row.Pick = s.pick(r, "waivers", x.ID)
		v.Table.Rows = append(v.Table.Rows, row)
	}
	v.Table.Pager = pager(len(page.Waivers), page.Total, q, "/waivers", page.Next)
	r.matching = page.Total
	return s.render(w, r, http.StatusOK, ui.List(s.shell(w, r, "Waivers", "Operate", "Waivers"), v))
}

// waiverFilter reads what the list shows.
func waiverFilter(q url.Values) (f waiver.Filter, state waiver.State, err error) {
	f.Query, state = q.Get("q"), waiver.State(q.Get("state"))
	if state != "" {
		if !slices.Contains(waiver.States(), state) {
			return f, state, fault.New(fault.Invalid, "%q is no state of a waiver", string(state)).WithHint("asked, approved, expired, withdrawn or refused")
		}
		f.States = []waiver.State{state}
	}
	return f, state, nil
}

func waiversTitle(by map[waiver.State]int64) string {
	title := many(by[waiver.Approved], "waiver is in force or about to be", "waivers are in force or about to be")
	if n := by[waiver.Asked]; n > 0 {
		title += fmt.Sprintf("; %s for a decision", many(n, "waits", "wait"))
	}
	return title
}

func hidden(name, value string) []ui.Link { return screen.Hidden(name, value) }

func pager(shown int, total int64, q url.Values, path, next string) ui.Pager {
	return screen.Pager(shown, total, q, path, next)
}

func waiverWords(st waiver.State) string {
	if st == waiver.Asked {
		return "asked for"
	}
	return string(st)
}

func (s *Site) waiverState(r *request, x waiver.Waiver) (text string, bad bool) {
	switch {
	case x.Holds(r.now):
		if left := x.HoldsTo.Sub(r.now); left < 14*24*time.Hour {
			return "in force, ends in " + span(left), true
		}
		return "in force", false
	case x.State == waiver.Approved && x.HoldsFrom.After(r.now):
		return "approved, from " + r.words.day(x.HoldsFrom), false
	case x.State == waiver.Approved:
		return "expired", false
	}
	return waiverWords(x.State), false
}

func itemWords(x waiver.Waiver) string {
	text := strings.Join(x.Names, ", ")
	if more := x.Items - int64(len(x.Names)); more > 0 {
		text += fmt.Sprintf(" and %s more", ui.Number(more))
	}
	return text
}

func (s *Site) waiverNames(r *request, all []waiver.Waiver) map[string]string {
	var ids []string
	for _, x := range all {
		ids = append(ids, x.Owner, x.AskedBy, x.DecidedBy)
	}
	return s.names(r.Context(), slices.Compact(slices.Sorted(slices.Values(slices.DeleteFunc(ids, func(id string) bool { return id == "" })))))
}

// newWaiver is the form that asks for one; a finding fills in what it is about.
func (s *Site) newWaiver(w http.ResponseWriter, r *request) error {
	return s.showNewWaiver(w, r, nil)
}

func (s *Site) showNewWaiver(w http.ResponseWriter, r *request, t *typed) error {
	ctx, q := r.Context(), r.URL.Query()
	check, attribute, item := q.Get("check"), q.Get("attribute"), q.Get("item")
	if ref := q.Get("finding"); ref != "" {
		f, err := s.cfg.Findings.Get(ctx, ref)
		if err != nil {
			return err
		}
		check, attribute, item = f.Check, f.Attribute, f.ItemName
	}
	longest := s.cfg.Waivers.Longest()
	form := ui.Form{ID: "ask", Action: "/waivers", Button: "Ask for this waiver",
		Fields: []ui.Field{
			{Name: "check", Label: "Check", Value: check, Must: true, Hint: "Its id, as its page shows it: linux-server/sshd-root-login."},
			{Name: "attribute", Label: "Attribute", Value: attribute, Hint: "One attribute of the check; empty for all of them."},
			{Name: "items", Label: "Items", Kind: "long", Value: item, Hint: "Host names or ids, one on a line. Or leave this empty and give a filter."},
			{Name: "filter", Label: "Filter", Hint: "Instead of items: an expression such as item.name.startsWith(\"lab-\") && item.os == \"debian\". It selects the items that are there now; a later host is not covered."},
			{Name: "reason", Label: "Why it is accepted", Kind: "long", Must: true, Hint: "Why it is not mended now. The approver and the auditor read it."},
			{Name: "control", Label: "Compensating control", Hint: "Its short name, as in its address: network-segmentation. Or say below what compensates."},
			{Name: "compensating", Label: "What compensates, in words", Kind: "long", Hint: "What limits the harm meanwhile. Where nothing does, say that the risk is accepted."},
			{Name: "owner", Label: "Owner", Hint: "Login of who answers for it until it ends; empty: you."},
			{Name: "starts", Label: "From", Kind: "date", Hint: "Empty: as soon as it is approved. It never holds before that."},
			{Name: "expires", Label: "Until the end of", Kind: "date", Must: true, Hint: fmt.Sprintf("At most %d days. On the day after, what fails is a failing item again.", int(longest.Hours()/24))},
		}}
	t.fill(&form)
	v := ui.FormView{Crumbs: []ui.Link{{Text: "Waivers", Href: "/waivers"}, {Text: "Ask for a waiver"}}, Title: "Ask for a waiver",
		Note: "Nothing is waived before another person approves it. What is waived stays a deviation; its finding's clock stands still meanwhile.", Form: form,
		Side: []ui.Block{{ID: "what", Title: "What a waiver does", Text: []string{
			"While it holds, the outcome of a failing item is waived instead of fail. A pass stays a pass, and what cannot be read stays an error.",
			"The finding stays, marked waived until that day. Its clock stands still, and runs on from where it stood when the waiver ends.",
			"It ends by itself. Whoever may ask may withdraw it at any time."}}}}
	return s.render(w, r, t.status(), ui.FormPage(s.shell(w, r, v.Title, "Operate", "Waivers"), v))
}

// askWaiver asks for one.
func (s *Site) askWaiver(w http.ResponseWriter, r *request) error {
	f := r.PostForm
	a := waiver.Ask{Check: f.Get("check"), Attribute: f.Get("attribute"), Items: listed(f.Get("items")), Filter: f.Get("filter"), Reason: f.Get("reason"),
		Owner: f.Get("owner"), Control: f.Get("control"), Compensating: f.Get("compensating")}
	var err error
	if a.Starts, err = r.firstMoment(f.Get("starts"), "starts"); err == nil {
		a.Expires, err = r.lastMoment(f.Get("expires"), "expires")
	}
	var x waiver.Waiver
	if err == nil {
		x, err = s.cfg.Waivers.Ask(r.Context(), r.who, a)
	}
	if err != nil {
		t, other := wrongForm(r, err)
		if other != nil {
			return err
		}
		return s.showNewWaiver(w, r, t)
	}
	return s.done(w, r, x.Ref()+" waits for somebody else to approve it.", "/waivers/"+x.Ref())
}

// waiver shows one: what, why, who, until when, and what happened to it.
func (s *Site) waiver(w http.ResponseWriter, r *request) error { return s.showWaiver(w, r, nil, "") }

func (s *Site) showWaiver(w http.ResponseWriter, r *request, t *typed, form string) error {
	ctx := r.Context()
	x, err := s.cfg.Waivers.Get(ctx, r.PathValue("ref"))
	if err != nil {
		return err
	}
	path := "/waivers/" + x.Ref()
	if t == nil && r.PathValue("ref") != x.Ref() {
		http.Redirect(w, r.Request, path, http.StatusSeeOther)
		return nil
	}
	names := s.waiverNames(r, []waiver.Waiver{x})
	state, _ := s.waiverState(r, x)
	v := ui.RecordView{Crumbs: []ui.Link{{Text: "Waivers", Href: "/waivers"}, {Text: x.Ref()}}, Title: capital(x.About()) + " is accepted on " + many(x.Items, "item", "items"), State: state,
		Line: []string{"until the end of " + r.until(x.Expires), "owner: " + who(names, x.Owner)}, FactsOf: "This waiver", Zone: "times in " + r.words.zone.String()}
	if x.State == waiver.Asked || x.State == waiver.Refused {
		v.Title = "Somebody asks to accept " + x.About() + " on " + many(x.Items, "item", "items")
	}
	if x.Alone != "" {
		v.Notice, v.Warn = "Approved by the person who asked, for want of another. What stands in for a second person: “"+x.Alone+"”", true
	}
	v.Blocks = append(v.Blocks, ui.Block{ID: "why", Title: "Why it is accepted", Text: []string{x.Reason}})
	comp := ui.Block{ID: "comp", Title: "What compensates"}
	if x.Control != "" {
		comp.Facts = append(comp.Facts, ui.Fact{Term: "Control", Links: []ui.Link{{Text: x.Control, Href: "/controls/" + url.PathEscape(x.Control)}}})
	}
	if x.Compensating != "" {
		comp.Text = []string{x.Compensating}
	}
	v.Blocks = append(v.Blocks, comp)
	items, err := s.cfg.Waivers.Items(ctx, x.ID, r.URL.Query().Get("after"), pageSize)
	if err != nil {
		return err
	}
	b := ui.Block{ID: "items", Title: "Items", Meta: many(x.Items, "item, as named when it was asked for", "items, as named when it was asked for"), Code: x.Filter,
		Table: &ui.Table{Caption: "Items that the waiver covers", Columns: []ui.Column{{Text: "Item"}, {Text: "Outcome now"}}}}
	for _, i := range items {
		cell := ui.Cell{Links: []ui.Link{{Text: "see what is judged", Href: "/hosts/" + i.ID}}}
		b.Table.Rows = append(b.Table.Rows, ui.TableRow{Head: ui.Link{Text: i.Name, Href: "/hosts/" + i.ID}, Cells: []ui.Cell{cell}})
	}
	if len(items) == pageSize {
		b.Table.Pager.Next = with(r.URL.Query(), path, "after", items[len(items)-1].ID)
	}
	v.Blocks = append(v.Blocks, b)
	v.Blocks = append(v.Blocks, s.waiverForms(r, x, path, t, form)...)
	v.Facts = []ui.Fact{{Term: "Number", Text: x.Ref(), Mono: true}, {Term: "Id", Text: x.ID, Mono: true},
		{Term: "Check", Links: []ui.Link{{Text: x.Check, Href: "/checks/" + x.Check}}}, {Term: "Attribute", Text: orElse(x.Attribute, "every attribute")},
		{Term: "Asked for", Text: r.words.full(x.AskedAt) + " by " + who(names, x.AskedBy)}}
	if x.DecidedBy != "" {
		v.Facts = append(v.Facts, ui.Fact{Term: "Decided", Text: r.words.full(x.DecidedAt) + " by " + who(names, x.DecidedBy)})
	}
	if !x.HoldsFrom.IsZero() {
		v.Facts = append(v.Facts, ui.Fact{Term: "In force", Text: r.words.full(x.HoldsFrom) + " to " + r.words.full(x.HoldsTo)})
	}
	v.Facts = append(v.Facts, ui.Fact{Term: "Items digest", Text: x.ItemsDigest, Mono: true})
	events, err := s.cfg.Waivers.Timeline(ctx, x.ID)
	if err != nil {
		return err
	}
	for _, e := range slices.Backward(events) {
		st := ui.Step{At: r.words.at(e.At), Text: capital(orElse(map[string]string{"asked": "asked for", "began": "in force: its items were judged"}[e.Kind], e.Kind)), Entry: entryLink(e.Entry, e.Index)}
		if e.Actor != "system" {
			st.By = "by " + who(s.names(ctx, []string{e.Actor}), e.Actor)
		}
		if e.Note != "" {
			st.Text += ": “" + e.Note + "”"
		}
		if e.Kind == "approved" {
			st.Mark = "key"
		}
		v.History = append(v.History, st)
	}
	return s.render(w, r, t.status(), ui.Record(s.shell(w, r, x.Ref(), "Operate", "Waivers"), v))
}

// waiverForms gives what the reader may do about a waiver.
func (s *Site) waiverForms(r *request, x waiver.Waiver, path string, t *typed, which string) []ui.Block {
	var forms []ui.Form
	add := func(id string, f ui.Form) {
		f.ID, f.Action = id, path+"/"+id
		if which == id {
			t.fill(&f)
		}
		forms = append(forms, f)
	}
	approver := access.May(r.who.Role, access.WaiverApprove)
	if x.State == waiver.Asked && approver {
		f := ui.Form{Button: "Approve this waiver", Note: "What you approve: the reason, what compensates, these items, until this day. It becomes an entry in the ledger."}
		if r.who.UserID == x.AskedBy {
			f.Summary = "Approve it although you asked for it"
			f.Note = "Whoever asked does not approve, unless nobody else here may."
			f.Fields = []ui.Field{{Name: "alone", Label: "What stands in for a second person", Kind: "long", Hint: "Such as a review by the board, and when. It is shown with the waiver."}}
			f.Quiet = true
		}
		add("approve", f)
		add("refuse", ui.Form{Summary: "Refuse it", Button: "Refuse this waiver", Danger: true, Fields: []ui.Field{{Name: "note", Label: "Why it is refused", Kind: "long"}}})
	}
	if access.May(r.who.Role, access.WaiverAsk) && (x.State == waiver.Asked || x.State == waiver.Approved && x.HoldsTo.After(r.now)) {
		add("withdraw", ui.Form{Summary: "Withdraw it", Button: "Withdraw this waiver", Danger: true, Note: "What fails is a failing item again at once.",
			Fields: []ui.Field{{Name: "note", Label: "Why it is not needed any more", Kind: "long"}}})
	}
	if len(forms) == 0 {
		return nil
	}
	return []ui.Block{{ID: "decide", Title: "Decide", Forms: forms}}
}

// decideWaiver approves, refuses or withdraws, and comes back with what was
// wrong.
func (s *Site) decideWaiver(id, text string, act func(r *request, ref string) error) handler {
	return func(w http.ResponseWriter, r *request) error {
		ref := r.PathValue("ref")
		if err := act(r, ref); err != nil {
			t, other := wrongForm(r, err)
			if other != nil {
				return err
			}
			return s.showWaiver(w, r, t, id)
		}
		return s.done(w, r, text, "/waivers/"+ref)
	}
}

func (s *Site) approveWaiver(w http.ResponseWriter, r *request) error {
	return s.decideWaiver("approve", "The waiver is approved. Its items are judged with it within seconds.", func(r *request, ref string) error {
		return s.cfg.Waivers.Approve(r.Context(), r.who, ref, r.PostFormValue("alone"))
	})(w, r)
}

func (s *Site) refuseWaiver(w http.ResponseWriter, r *request) error {
	return s.decideWaiver("refuse", "The waiver is refused.", func(r *request, ref string) error {
		return s.cfg.Waivers.Refuse(r.Context(), r.who, ref, r.PostFormValue("note"))
	})(w, r)
}

func (s *Site) withdrawWaiver(w http.ResponseWriter, r *request) error {
	return s.decideWaiver("withdraw", "The waiver is withdrawn. What fails is a failing item again.", func(r *request, ref string) error {
		return s.cfg.Waivers.Withdraw(r.Context(), r.who, ref, r.PostFormValue("note"))
	})(w, r)
}
