package assurance

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/audit/owntest"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/journal"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

var testSteps = map[string]string{"planned": "planned", "drawn": "items drawn", "seen": "results recorded", "concluded": "concluded", "sent_back": "sent back", "reviewed": "reviewed", "followed": "what follows was recorded", "dropped": "dropped"}

func filterOf(r *screen.Request) (journal.Filter, error) {
	q := r.URL.Query()
	f := journal.Filter{Topic: q.Get("control"), Limit: screen.PageSize}
	if st := q.Get("state"); st != "" {
		if !slices.Contains(owntest.States(), owntest.State(st)) {
			return f, fault.New(fault.Invalid, "%q is no state of a test", st)
		}
		f.States = []string{st}
	}
	if after := q.Get("after"); after != "" {
		n, err := strconv.ParseInt(after, 10, 64)
		if err != nil {
			return f, fault.Wrap(fault.Invalid, err, "%q is no place in this list", after)
		}
		f.Below = n
	}
	return f, nil
}

func (s *site) testPage(r *screen.Request, after string) ([]owntest.Object, string, error) {
	f, err := filterOf(r)
	if err != nil {
		return nil, "", err
	}
	if after != "" {
		if f.Below, err = strconv.ParseInt(after, 10, 64); err != nil {
			return nil, "", err
		}
	}
	all, next, err := s.cfg.Tests.List(r.Context(), r.Who, f)
	if next == 0 {
		return all, "", err
	}
	return all, strconv.FormatInt(next, 10), err
}

func (s *site) testList() screen.List {
	return screen.Declare(screen.List{Name: "own-tests", Title: "Own tests", Pattern: "GET /own-tests", Action: access.OwnTestRead}, s.testPage, func(o owntest.Object) []string { return []string{o.Content.Tester, o.Content.Reviewer} },
		screen.Column[owntest.Object]{Key: "number", Title: "Number", Value: func(_ *screen.Cells, o owntest.Object) any { return o.Ref }},
		screen.Column[owntest.Object]{Key: "control", Title: "Control", Head: "=", Width: 30, Value: func(_ *screen.Cells, o owntest.Object) any { return o.Content.Control }},
		screen.Column[owntest.Object]{Key: "objective", Title: "Objective", Width: 40, Value: func(_ *screen.Cells, o owntest.Object) any { return o.Content.Objective }},
		screen.Column[owntest.Object]{Key: "method", Title: "Method", Value: func(_ *screen.Cells, o owntest.Object) any { return string(o.Content.Method) }},
		screen.Column[owntest.Object]{Key: "from", Title: "From", Value: func(c *screen.Cells, o owntest.Object) any { return c.Words.Date(o.Content.From) }},
		screen.Column[owntest.Object]{Key: "to", Title: "To", Value: func(c *screen.Cells, o owntest.Object) any { return c.Words.LastDay(o.Content.To) }},
		screen.Column[owntest.Object]{Key: "state", Title: "State", Head: "=", Value: func(_ *screen.Cells, o owntest.Object) any { return o.Content.State.Words() }},
		screen.Column[owntest.Object]{Key: "conclusion", Title: "Conclusion", Head: "=", Value: func(_ *screen.Cells, o owntest.Object) any { return string(o.Content.Conclusion) }},
		screen.Column[owntest.Object]{Key: "because", Title: "Because", Width: 40, Value: func(_ *screen.Cells, o owntest.Object) any { return o.Content.Because }},
		screen.Column[owntest.Object]{Key: "tester", Title: "Tester", Head: "=", Width: 24, Value: func(c *screen.Cells, o owntest.Object) any { return c.Name(o.Content.Tester) }},
		screen.Column[owntest.Object]{Key: "due", Title: "Due", Head: "=", Value: func(c *screen.Cells, o owntest.Object) any { return c.Words.LastDay(o.Content.Due) }},
		screen.Column[owntest.Object]{Key: "reviewer", Title: "Reviewed by", Width: 24, Value: func(c *screen.Cells, o owntest.Object) any { return c.Name(o.Content.Reviewer) }})
}

// tests answers: which controls did we test ourselves, and what came of it?
func (s *site) tests(w http.ResponseWriter, r *screen.Request) error {
	rows, next, err := s.testPage(r, "")
	if err != nil {
		return err
	}
	counts, err := s.cfg.Tests.Counts(r.Context(), r.Who)
	if err != nil {
		return err
	}
	var all, shown int64
	for _, n := range counts {
		all += n
	}
	q := r.URL.Query()
	if shown = all; q.Get("state") != "" {
		shown = counts[q.Get("state")]
	}
	open := counts[string(owntest.Planned)] + counts[string(owntest.Testing)]
	v := ui.ListView{Title: ui.Many(int(open), "own test is", "own tests are") + " open", Note: "A control is tried before the auditor tries it, by somebody who does not perform it, on items that nobody chose.", Labels: []string{"State"},
		Chips: [][]ui.Chip{chips(r, "/own-tests", counts, owntest.States(), owntest.State.Words)}, Undo: "/own-tests", None: "No test matches."}
	if r.May(access.OwnTestDo) {
		v.Action = ui.Link{Text: "Plan a test", Href: "/own-tests/new"}
	}
	if all == 0 {
		v.Title = "No control was tested by ourselves yet"
		v.Empty = &ui.Empty{Title: "Find deviations before the auditor does", Text: "Choose a key control that runs for a while, say what must hold of each item, and name somebody who does not perform it. The items are drawn from the whole population; what was seen at each gives the conclusion by itself.",
			Criteria: []ui.Link{{Text: "CC4.1", Href: "/criteria/CC4.1"}}, Until: "Until then the first to test your controls is the auditor."}
		if r.May(access.OwnTestDo) {
			v.Empty.Actions = []ui.Link{v.Action}
		}
	}
	var who []string
	for _, o := range rows {
		who = append(who, o.Content.Tester)
	}
	names := r.Names(who)
	v.Table = ui.Table{Caption: "Own tests, newest first", Columns: []ui.Column{{Text: "Control"}, {Text: "State"}, {Text: "Conclusion"}, {Text: "Tester"}, {Text: "Due"}}}
	for _, o := range rows {
		t := o.Content
		due := ui.Cell{Text: r.Words.LastDay(t.Due), Muted: true}
		if (t.State == owntest.Planned || t.State == owntest.Testing) && !t.Due.After(r.Words.Now) {
			due = ui.Cell{Text: due.Text, Meta: "late", Bad: true}
		}
		v.Table.Rows = append(v.Table.Rows, ui.TableRow{Head: ui.Link{Text: t.Control, Href: "/own-tests/" + o.Ref}, Meta: o.Ref + " · " + t.Objective, Cells: []ui.Cell{{Text: t.State.Words()}, conclusion(t), {Text: screen.Who(names, t.Tester)}, due}})
	}
	v.Table.Pager = screen.Pager(len(rows), shown, q, "/own-tests", next)
	return r.Render(w, http.StatusOK, ui.List(r.Shell(w, "Own tests", "Audit", "Own tests"), v))
}

func conclusion(t owntest.Test) ui.Cell {
	if t.Conclusion == "" {
		return ui.Cell{Text: "none yet", Muted: true}
	}
	return ui.Cell{Text: string(t.Conclusion), Meta: t.Because, Bad: t.Conclusion == owntest.Deviation}
}

func (s *site) planForm(w http.ResponseWriter, r *screen.Request) error { return s.showPlan(w, r, nil) }

func (s *site) showPlan(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	q := r.URL.Query()
	controls, err := s.cfg.Controls(r.Context())
	if err != nil {
		return err
	}
	for i := range controls {
		controls[i].Selected = controls[i].Value == q.Get("control")
	}
	testers, err := s.cfg.Testers(r.Context())
	if err != nil {
		return err
	}
	methods := [][2]string{{"", "Choose one"}, {"inspection", "Inspection: records are looked at"}, {"reperformance", "Reperformance: it is done again"}, {"observation", "Observation: somebody watches it being done"}, {"inquiry", "Inquiry: whoever does it is asked; alone it shows little"}}
	f := ui.Form{ID: "plan", Action: "/own-tests/new", Button: "Plan it", Fields: []ui.Field{
		{Name: "control", Label: "Control", Kind: "select", Options: append([]ui.Option{{Text: "Choose one"}}, controls...), Must: true},
		{Name: "objective", Label: "What is it to find out?", Hint: "Such as: was each leaver's access removed within a day?", Must: true},
		{Name: "method", Label: "How is it tested?", Kind: "select", Options: options("", methods...), Must: true},
		{Name: "procedure", Label: "What does the tester do with each item?", Kind: "long", Must: true},
		{Name: "attributes", Label: "What must hold of each item?", Hint: "One on a line, at most 8. They become A, B, C.", Kind: "long", Must: true},
		{Name: "from", Label: "First day of the period", Kind: "date", Must: true}, {Name: "to", Label: "Last day of the period", Kind: "date", Must: true},
		{Name: "source", Label: "Drawn from", Hint: "Empty: what the control owed in the period. Else the number of an extraction of a population, such as P-12."},
		{Name: "size", Label: "How many items?", Hint: "Empty: as many as an examination would usually draw."},
		{Name: "tester", Label: "Who tests?", Hint: "Somebody who neither owns nor performs it.", Kind: "select", Options: append([]ui.Option{{Text: "Choose somebody"}}, testers...), Must: true},
		{Name: "due", Label: "Done by", Kind: "date", Must: true},
		{Name: "stands_in", Label: "Where nobody independent can test: what stands in?", Hint: "Only where you are alone.", Kind: "long"},
		{Name: "prior", Kind: "hidden", Value: q.Get("again")}}}
	t.Fill(&f)
	return r.Render(w, t.Status(), ui.FormPage(r.Shell(w, "Plan a test", "Audit", "Own tests"), ui.FormView{Crumbs: []ui.Link{{Text: "Own tests", Href: "/own-tests"}, {Text: "Plan one"}}, Title: "Plan a test of a control",
		Note: "Items are drawn after the plan is in the ledger, so that nobody knows them while planning.", Form: f, Side: []ui.Block{{ID: "usual", Title: "How many are usual", Text: []string{"Of 1 or 2 performances 1, of up to 4 2, of up to 12 5, of up to 52 15, of up to 250 25, beyond that 40."}}}}))
}

func (s *site) plan(w http.ResponseWriter, r *screen.Request) error {
	o, err := func() (*owntest.Object, error) {
		v := r.PostForm
		in := owntest.Plan{Control: v.Get("control"), Objective: v.Get("objective"), Method: owntest.Method(v.Get("method")), Procedure: v.Get("procedure"), Attributes: strings.Split(v.Get("attributes"), "\n"), Source: v.Get("source"), Tester: v.Get("tester"), Prior: v.Get("prior"), Stands: v.Get("stands_in")}
		var err error
		if in.From, err = r.FirstMoment(v.Get("from"), "from"); err != nil {
			return nil, err
		}
		if in.To, err = r.LastMoment(v.Get("to"), "to"); err != nil {
			return nil, err
		}
		if in.Due, err = r.LastMoment(v.Get("due"), "due"); err != nil {
			return nil, err
		}
		if text := strings.TrimSpace(v.Get("size")); text != "" {
			if in.Size, err = strconv.Atoi(text); err != nil || in.Size < 1 {
				return nil, fault.New(fault.Invalid, "%q is no number of items", text).At("", 0, "size")
			}
		}
		if in.Tester == "" {
			return nil, fault.New(fault.Invalid, "choose who tests").At("", 0, "tester")
		}
		return s.cfg.Tests.Plan(r.Context(), r.Who, in)
	}()
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showPlan(w, r, t)
	}
	return r.Done(w, o.Ref+" is planned.", "/own-tests/"+o.Ref)
}

func (s *site) test(w http.ResponseWriter, r *screen.Request) error {
	return s.showTest(w, r, "", nil)
}

func (s *site) showTest(w http.ResponseWriter, r *screen.Request, which string, typed *screen.Typed) error {
	o, err := s.cfg.Tests.Get(r.Context(), r.Who, r.PathValue("ref"))
	if err != nil {
		return err
	}
	t := o.Content
	names := r.Names(append(makers(o), t.Tester, t.Reviewer))
	path := "/own-tests/" + o.Ref
	rec := ui.RecordView{Crumbs: []ui.Link{{Text: "Own tests", Href: "/own-tests"}, {Text: o.Ref}}, Title: t.Objective, State: t.State.Words(), FactsOf: "The plan", History: history(r, names, o, testSteps), Zone: "times in " + r.Words.Zone.String(),
		Line: []string{o.Ref, t.Control, "tested by " + screen.Who(names, t.Tester)}}
	rec.Facts = []ui.Fact{{Term: "Control", Links: []ui.Link{{Text: t.Control, Href: "/controls/" + t.Control}}}, {Term: "Version of its design", Text: strconv.Itoa(t.Version)}, {Term: "Method", Text: string(t.Method)}, {Term: "Procedure", Text: t.Procedure},
		{Term: "Period", Text: r.Words.Date(t.From) + " to " + r.Words.LastDay(t.To)}, {Term: "Due", Text: r.Words.LastDay(t.Due)}}
	if t.Prior != "" {
		rec.Facts = append(rec.Facts, ui.Fact{Term: "Repeats", Links: []ui.Link{{Text: t.Prior, Href: "/own-tests/" + t.Prior}}})
	}
	if t.Conflict != "" {
		rec.Facts = append(rec.Facts, ui.Fact{Term: "The tester", Text: t.Conflict + "; what stands in: " + t.Stands})
	}
	if t.Alone != "" {
		rec.Facts = append(rec.Facts, ui.Fact{Term: "In place of a second person", Text: t.Alone})
	}
	if t.Conclusion != "" {
		text := screen.Sentence(screen.Capital(string(t.Conclusion)) + ": " + t.Because)
		if t.Conclusion == owntest.Deviation || t.Conclusion == owntest.Insufficient {
			rec.Bad = text
		} else {
			rec.Notice = text
		}
	} else if t.State == owntest.Testing {
		c, why := t.Judge()
		rec.Notice = "As it stands: " + string(c) + ", because " + why + "."
	}
	mine := r.Who.UserID == t.Tester && r.May(access.OwnTestDo)
	switch {
	case t.State == owntest.Planned && mine:
		rec.Action = ui.Form{ID: "draw", Action: path + "/test", Button: "Draw the items", Note: "Once. The same items come out whenever it is repeated.", Fields: []ui.Field{{Name: "do", Kind: "hidden", Value: "draw"}}}
	case t.State == owntest.Testing && mine:
		rec.Action = ui.Form{ID: "conclude", Action: path + "/test", Summary: "Conclude", Button: "Conclude", Note: "The conclusion follows from the results.", Fields: []ui.Field{{Name: "do", Kind: "hidden", Value: "conclude"}, long("note", "Note", "Required where an attribute was not looked at.", false)}}
	case t.State == owntest.Concluded && r.May(access.OwnTestReview):
		rec.Action = ui.Form{ID: "review", Action: path + "/review", Summary: "Review", Button: "Accept it", Fields: []ui.Field{{Name: "do", Kind: "hidden", Value: "review"}, long("note", "Note", "", false)}}
		if err := s.alone(r, t.Tester, access.OwnTestReview, &rec.Action); err != nil {
			return err
		}
	}
	if which == rec.Action.ID {
		typed.Fill(&rec.Action)
	}
	rec.Blocks = []ui.Block{attributeBlock(t), itemBlock(o)}
	if t.Draw != nil {
		rec.SideMore = []ui.Block{{ID: "draw-facts", Title: "How the items were drawn", Facts: []ui.Fact{{Term: "From", Text: map[bool]string{true: "what the control owed", false: t.Draw.From}[t.Draw.From == "instances"]}, {Term: "Items in all", Text: ui.Number(t.Draw.Count)}, {Term: "Drawn", Text: ui.Number(len(t.Items))},
			{Term: "Digest of the population", Text: t.Draw.Digest, Mono: true}, {Term: "Seed: root of the ledger", Text: t.Draw.Seed, Mono: true}, {Term: "at entries", Text: ui.Number(t.Draw.LedgerSize)}, {Term: "Drawn at", Text: r.Words.Full(t.Draw.At)}}}}
	}
	if b, ok := s.followBlock(r, o, names, which, typed); ok {
		rec.Blocks = append(rec.Blocks, b)
	}
	var more []ui.Form
	if t.State == owntest.Concluded && r.May(access.OwnTestReview) && r.Who.UserID != t.Tester {
		more = append(more, ui.Form{ID: "send-back", Action: path + "/review", Summary: "Send it back", Button: "Send it back", Quiet: true, Fields: []ui.Field{{Name: "do", Kind: "hidden", Value: "send-back"}, long("note", "What is to be looked at again?", "", true)}})
	}
	if (t.State == owntest.Planned || t.State == owntest.Testing) && r.May(access.OwnTestDo) {
		more = append(more, ui.Form{ID: "drop", Action: path + "/test", Summary: "It will not be done", Button: "Drop it", Danger: true, Fields: []ui.Field{{Name: "do", Kind: "hidden", Value: "drop"}, long("note", "Why?", "What was seen stays here.", true)}})
	}
	for i := range more {
		if which == more[i].ID {
			typed.Fill(&more[i])
		}
	}
	if len(more) > 0 {
		rec.Blocks = append(rec.Blocks, ui.Block{ID: "else", Title: "Otherwise", Forms: more})
	}
	if t.State == owntest.Reviewed && r.May(access.OwnTestDo) {
		rec.Links = []ui.Link{{Text: "Test it again", Href: "/own-tests/new?control=" + url.QueryEscape(t.Control) + "&again=" + o.Ref}}
	}
	return r.Render(w, typed.Status(), ui.Record(r.Shell(w, o.Ref, "Audit", "Own tests"), rec))
}

func attributeBlock(t owntest.Test) ui.Block {
	tab := ui.Table{Caption: "What must hold of each item, with counts", Columns: []ui.Column{{Text: "Attribute"}, {Text: "Pass", N: true}, {Text: "Fail", N: true}, {Text: "Error", N: true}, {Text: "Not applicable", N: true}, {Text: "Not looked at", N: true}}}
	for _, a := range t.Attributes {
		n := map[owntest.Outcome]int{}
		for _, x := range t.Items {
			n[t.Of(x.ID, a.Letter).Outcome]++
		}
		row := ui.TableRow{Head: ui.Link{Text: a.Letter + ". " + a.Text}}
		for _, o := range []owntest.Outcome{owntest.Pass, owntest.Fail, owntest.Error, owntest.NotApplicable, owntest.NotObserved} {
			row.Cells = append(row.Cells, ui.Cell{Text: strconv.Itoa(n[o]), N: true, Muted: n[o] == 0, Bad: o == owntest.Fail && n[o] > 0})
		}
		tab.Rows = append(tab.Rows, row)
	}
	return ui.Block{ID: "attributes", Title: "Attributes", Table: &tab}
}

func itemBlock(o *owntest.Object) ui.Block {
	t := o.Content
	tab := ui.Table{Caption: "Items that were drawn", Columns: []ui.Column{{Text: "Item"}}}
	for _, a := range t.Attributes {
		tab.Columns = append(tab.Columns, ui.Column{Text: a.Letter})
	}
	for _, x := range t.Items {
		row := ui.TableRow{Head: ui.Link{Text: x.ID, Href: "/own-tests/" + o.Ref + "/item?id=" + url.QueryEscape(x.ID)}, Meta: x.Text}
		for _, a := range t.Attributes {
			r := t.Of(x.ID, a.Letter)
			c := ui.Cell{Outcome: ui.Outcome(r.Outcome)}
			if r.Outcome != owntest.NotObserved && r.Outcome != owntest.Pass {
				c.Meta = r.Reason
			}
			row.Cells = append(row.Cells, c)
		}
		tab.Rows = append(tab.Rows, row)
	}
	none := "They are drawn when the test begins."
	if t.Draw != nil {
		none = "There was nothing to draw: the population is complete and empty."
	}
	return ui.Block{ID: "items", Title: "Items", Meta: ui.Many(len(t.Items), "item", "items"), Table: &tab, None: none}
}

func (s *site) followBlock(r *screen.Request, o *owntest.Object, names map[string]string, which string, typed *screen.Typed) (ui.Block, bool) {
	t := o.Content
	if t.Conclusion != owntest.Deviation {
		return ui.Block{}, false
	}
	b := ui.Block{ID: "follow", Title: "What follows from the deviation"}
	if f := t.Follow; f != nil {
		b.Facts = []ui.Fact{{Term: "Cause", Text: f.Cause}, {Term: "Kind", Text: map[bool]string{true: "systemic: it would happen to other items too", false: "isolated"}[f.Systemic]}, {Term: "What is done", Text: f.Action}, {Term: "Tested again by", Text: r.Words.LastDay(f.Retest)}, {Term: "Said by", Text: screen.Who(names, f.By) + ", " + r.Words.Date(f.At)}}
		if f.Retest.IsZero() {
			b.Facts[3].Text = "not settled"
		}
	} else {
		b.Text = []string{"Nobody has said yet why it happened and what is done."}
	}
	if r.May(access.OwnTestReview) {
		f := ui.Form{ID: "follow-up", Action: "/own-tests/" + o.Ref + "/review", Summary: "Say what follows", Button: "Record it", Quiet: true, Fields: []ui.Field{{Name: "do", Kind: "hidden", Value: "follow-up"}, long("cause", "Why did it happen?", "", true),
			{Name: "systemic", Label: "Is it isolated?", Kind: "select", Options: options("", [2]string{"no", "Isolated"}, [2]string{"yes", "Systemic: it would happen to other items too"})}, long("action", "What is done about it?", "With the number of the task.", true), {Name: "retest", Label: "Tested again by", Kind: "date"}}}
		if which == f.ID {
			typed.Fill(&f)
		}
		b.Forms = []ui.Form{f}
	}
	return b, true
}

// work is what a test's tester does with it as a whole.
func (s *site) work(w http.ResponseWriter, r *screen.Request) error {
	ref, note := r.PathValue("ref"), r.PostForm.Get("note")
	var said string
	var err error
	do := r.PostForm.Get("do")
	switch do {
	case "draw":
		var o *owntest.Object
		if o, err = s.cfg.Tests.Draw(r.Context(), r.Who, ref); err == nil {
			said = ui.Many(len(o.Content.Items), "item was", "items were") + " drawn."
		}
	case "conclude":
		var o *owntest.Object
		if o, err = s.cfg.Tests.Conclude(r.Context(), r.Who, ref, note); err == nil {
			said = screen.Sentence(screen.Capital(string(o.Content.Conclusion)))
		}
	case "drop":
		if _, err = s.cfg.Tests.Drop(r.Context(), r.Who, ref, note); err == nil {
			said = "It will not be done."
		}
	default:
		err = fault.New(fault.Invalid, "nothing of a test is called %q", do)
	}
	return s.after(w, r, do, said, err)
}

func (s *site) after(w http.ResponseWriter, r *screen.Request, which, said string, err error) error {
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showTest(w, r, which, t)
	}
	return r.Done(w, said, "/own-tests/"+r.PathValue("ref"))
}

// review is what somebody else does with a concluded test.
func (s *site) review(w http.ResponseWriter, r *screen.Request) error {
	ref, v := r.PathValue("ref"), r.PostForm
	var said string
	var err error
	do := v.Get("do")
	switch do {
	case "review":
		_, err = s.cfg.Tests.Review(r.Context(), r.Who, ref, v.Get("note"), v.Get("compensation"))
		said = "It is reviewed."
	case "send-back":
		_, err = s.cfg.Tests.SendBack(r.Context(), r.Who, ref, v.Get("note"))
		said = "It was sent back."
	case "follow-up":
		var retest time.Time
		if retest, err = r.LastMoment(v.Get("retest"), "retest"); err == nil {
			_, err = s.cfg.Tests.FollowUp(r.Context(), r.Who, ref, owntest.Remedy{Cause: v.Get("cause"), Systemic: v.Get("systemic") == "yes", Action: v.Get("action"), Retest: retest})
		}
		said = "Recorded."
	default:
		err = fault.New(fault.Invalid, "nothing of a test is called %q", do)
	}
	return s.after(w, r, do, said, err)
}

func (s *site) item(w http.ResponseWriter, r *screen.Request) error {
	return s.showItem(w, r, r.URL.Query().Get("id"), nil)
}

func (s *site) showItem(w http.ResponseWriter, r *screen.Request, id string, typed *screen.Typed) error {
	o, err := s.cfg.Tests.Get(r.Context(), r.Who, r.PathValue("ref"))
	if err != nil {
		return err
	}
	t := o.Content
	at := slices.IndexFunc(t.Items, func(x owntest.Item) bool { return x.ID == id })
	if at < 0 {
		return fault.New(fault.NotFound, "%s did not draw %q", o.Ref, id)
	}
	path := "/own-tests/" + o.Ref
	f := ui.Form{ID: "see", Button: "Record and go on", Fields: []ui.Field{{Name: "id", Kind: "hidden", Value: id}}}
	if t.State == owntest.Testing && r.Who.UserID == t.Tester && r.May(access.OwnTestDo) {
		f.Action = path + "/item"
	}
	now := ui.Table{Caption: "What is recorded", Columns: []ui.Column{{Text: "Attribute"}, {Text: "Outcome"}, {Text: "Looked at"}, {Text: "Because"}}}
	for _, a := range t.Attributes {
		got := t.Of(id, a.Letter)
		now.Rows = append(now.Rows, ui.TableRow{Head: ui.Link{Text: a.Letter + ". " + a.Text}, Cells: []ui.Cell{{Outcome: ui.Outcome(got.Outcome)}, {Text: got.Looked}, {Text: got.Reason}}})
		chosen := string(got.Outcome)
		if got.Outcome == owntest.NotObserved {
			chosen, got.Reason = "", ""
		}
		f.Fields = append(f.Fields, ui.Field{Name: "outcome-" + a.Letter, Label: a.Letter + ". " + a.Text, Kind: "select", Options: options(chosen, [2]string{"", "Not looked at"}, [2]string{"pass", "Holds"}, [2]string{"fail", "Does not hold"}, [2]string{"error", "Cannot be read"}, [2]string{"not_applicable", "Does not apply"})},
			ui.Field{Name: "looked-" + a.Letter, Label: a.Letter + ": what was looked at?", Hint: "The number of the evidence, a ticket, a screen on a day.", Value: got.Looked},
			ui.Field{Name: "reason-" + a.Letter, Label: a.Letter + ": why does it not hold?", Kind: "long", Value: got.Reason})
	}
	typed.Fill(&f)
	side := []ui.Block{{ID: "procedure", Title: "Procedure", Text: []string{t.Procedure}}, {ID: "now", Title: "Recorded", Table: &now}}
	if t.Items[at].Text != "" {
		side = append([]ui.Block{{ID: "known", Title: "Known of it", Text: []string{t.Items[at].Text}}}, side...)
	}
	return r.Render(w, typed.Status(), ui.FormPage(r.Shell(w, id, "Audit", "Own tests"), ui.FormView{Crumbs: []ui.Link{{Text: "Own tests", Href: "/own-tests"}, {Text: o.Ref, Href: path}, {Text: id}}, Title: id, Note: fmt.Sprintf("Item %d of %d that were drawn for %s.", at+1, len(t.Items), o.Ref), Form: f, Side: side}))
}

// see records what was seen at one item and goes on to the next that is open.
func (s *site) see(w http.ResponseWriter, r *screen.Request) error {
	v, ref := r.PostForm, r.PathValue("ref")
	id := v.Get("id")
	var all []owntest.Seen
	for letter := 'A'; letter < 'A'+8; letter++ {
		l := string(letter)
		if o := v.Get("outcome-" + l); o != "" {
			all = append(all, owntest.Seen{Item: id, Attribute: l, Outcome: owntest.Outcome(o), Looked: v.Get("looked-" + l), Reason: v.Get("reason-" + l)})
		}
	}
	o, err := s.cfg.Tests.See(r.Context(), r.Who, ref, all...)
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showItem(w, r, id, t)
	}
	for _, x := range o.Content.Items {
		for _, a := range o.Content.Attributes {
			if o.Content.Of(x.ID, a.Letter).Outcome == owntest.NotObserved && x.ID != id {
				return r.Done(w, id+" is recorded.", "/own-tests/"+o.Ref+"/item?id="+url.QueryEscape(x.ID))
			}
		}
	}
	return r.Done(w, id+" is recorded; it was the last.", "/own-tests/"+o.Ref)
}
