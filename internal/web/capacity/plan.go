package capacity

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/operations/capacity"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }

var planWords = map[capacity.PlanState]string{capacity.Draft: "draft", capacity.InForce: "in force", capacity.Replaced: "replaced", capacity.Withdrawn: "withdrawn"}

var planSteps = map[string]string{"drafted": "drafted", "edited": "written anew", "approved": "approved, in force", "replaced": "replaced by a newer version", "withdrawn": "withdrawn"}

// plans answers: what did we commit to, and which version is in force?
func (s *site) plans(w http.ResponseWriter, r *screen.Request) error { return s.showPlans(w, r, nil) }

func (s *site) showPlans(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	list, err := s.cfg.Capacity.Plans(r.Context(), r.Who)
	if err != nil {
		return err
	}
	v := ui.ListView{Crumbs: []ui.Link{{Text: "Capacity", Href: "/capacity"}, {Text: "Plan"}}, Title: "No commitment on capacity is in force", Note: "Each commitment is judged all the time: who exceeds it is a finding, and no longer one once it fell below where it clears.", Undo: "/capacity/plan", None: "There is none."}
	var who []string
	for _, o := range list {
		who = append(who, o.Content.Author, o.Content.Approver)
	}
	names := r.Names(who)
	v.Table = ui.Table{Caption: "Versions of the plan, newest first", Columns: []ui.Column{{Text: "Version"}, {Text: "State"}, {Text: "Commitments", N: true}, {Text: "Written by"}, {Text: "Approved by"}, {Text: "In force"}}}
	draft := false
	for _, o := range list {
		c := o.Content
		draft = draft || c.State == capacity.Draft
		held := ui.Cell{Text: "never", Muted: true}
		if !c.From.IsZero() {
			held = ui.Cell{Text: "from " + r.Words.Date(c.From)}
			if !c.To.IsZero() {
				held.Text += " to " + r.Words.Date(c.To)
			}
		}
		if c.State == capacity.InForce {
			v.Title = ui.Many(len(c.Lines), "commitment on capacity is", "commitments on capacity are") + " in force"
		}
		v.Table.Rows = append(v.Table.Rows, ui.TableRow{Head: ui.Link{Text: o.Ref, Href: "/capacity/plan/" + o.Ref}, Meta: c.Why, Cells: []ui.Cell{{Text: planWords[c.State]}, {Text: strconv.Itoa(len(c.Lines)), N: true}, {Text: screen.Who(names, c.Author)}, {Text: screen.OrElse(screen.Who(names, c.Approver), "nobody"), Muted: c.Approver == ""}, held}})
	}
	if r.May(access.CapacityEdit) && !draft {
		v.Form = ui.Form{ID: "draft", Action: "/capacity/plan", Summary: "Draft a new version", Open: len(list) == 0, Button: "Draft it", Note: "It begins with the commitments that are in force, or with six usual ones, and holds once somebody else approved it.", Fields: []ui.Field{screen.LongField("why", "What is new, and why?", "", true)}}
		t.Fill(&v.Form)
	}
	if len(list) == 0 {
		v.Empty = &ui.Empty{Title: "Say what may not be reached", Text: "A commitment names a measure, the hosts it is about and a mark: disks of every host below 80 %, no disk full within 30 days. It serves what you promised to customers, and somebody else approves it.", Criteria: []ui.Link{{Text: "A1.1", Href: "/criteria/A1.1"}}, Until: "Until then use is measured, and nothing says what is too much."}
	}
	return r.Render(w, t.Status(), ui.List(s.shell(w, r, "Plan of capacity"), v))
}

func (s *site) draft(w http.ResponseWriter, r *screen.Request) error {
	text := capacity.Starter()
	now, err := s.cfg.Capacity.Plan(r.Context(), r.Who)
	if err != nil {
		return err
	}
	if now != nil {
		text = now.Content.PlanText
	}
	text.Why = r.PostForm.Get("why")
	o, err := s.cfg.Capacity.DraftPlan(r.Context(), r.Who, text)
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showPlans(w, r, t)
	}
	return r.Done(w, o.Ref+" is drafted.", "/capacity/plan/"+o.Ref)
}

func (s *site) plan(w http.ResponseWriter, r *screen.Request) error {
	return s.showPlan(w, r, "", nil)
}

func (s *site) showPlan(w http.ResponseWriter, r *screen.Request, which string, t *screen.Typed) error {
	o, err := s.cfg.Capacity.GetPlan(r.Context(), r.Who, r.PathValue("ref"))
	if err != nil {
		return err
	}
	c, path := o.Content, "/capacity/plan/"+o.Ref
	who := []string{c.Author, c.Approver}
	for _, h := range o.History {
		who = append(who, h.By)
	}
	names := r.Names(who)
	rec := ui.RecordView{Crumbs: []ui.Link{{Text: "Capacity", Href: "/capacity"}, {Text: "Plan", Href: "/capacity/plan"}, {Text: o.Ref}}, Title: "Commitments on capacity, " + o.Ref, State: planWords[c.State], Line: []string{ui.Many(len(c.Lines), "commitment", "commitments"), "written by " + screen.Who(names, c.Author)},
		FactsOf: "This version", Facts: []ui.Fact{{Term: "What is new", Text: c.Why}}, Zone: "times in " + r.Words.Zone.String()}
	if c.Approver != "" {
		rec.Facts = append(rec.Facts, ui.Fact{Term: "Approved by", Text: screen.Who(names, c.Approver)})
	}
	if c.Alone != "" {
		rec.Facts = append(rec.Facts, ui.Fact{Term: "In place of a second person", Text: c.Alone})
	}
	for i := len(o.History) - 1; i >= 0; i-- {
		h := o.History[i]
		text := screen.OrElse(planSteps[h.Step], h.Step)
		if h.Note != "" {
			text += ": " + h.Note
		}
		rec.History = append(rec.History, ui.Step{At: r.Words.At(h.At), Text: text, By: "by " + screen.Who(names, h.By), Entry: screen.EntryLink(h.Entry, h.Index)})
	}
	table := ui.Table{Caption: "Commitments", Columns: []ui.Column{{Text: "Commitment"}, {Text: "Asks"}, {Text: "Of"}, {Text: "Serves"}, {Text: "Why"}}}
	for _, l := range c.Lines {
		asks := ui.Cell{Text: l.Words()}
		if l.Mark > 0 {
			asks.Meta = "clears below " + strconv.Itoa(l.Clear) + " %"
		}
		table.Rows = append(table.Rows, ui.TableRow{Head: ui.Link{Text: l.Title}, Meta: l.Key, Cells: []ui.Cell{asks, {Text: l.About()}, {Text: screen.OrElse(l.Serves, "—"), Muted: l.Serves == ""}, {Text: l.Why}}})
	}
	block := ui.Block{ID: "lines", Title: "Commitments", Table: &table, None: "None."}
	if c.State == capacity.Draft && r.May(access.CapacityEdit) {
		promises, err := s.cfg.Capacity.Promises(r.Context())
		if err != nil {
			return err
		}
		change := ui.Form{ID: "line", Action: path + "/keep", Summary: "Add a commitment, or change one", Button: "Keep it", Quiet: true, Note: "The same key changes the commitment of that key.", Fields: lineFields(promises)}
		var present [][2]string
		for _, l := range c.Lines {
			present = append(present, [2]string{l.Key, l.Title})
		}
		leave := ui.Form{ID: "leave", Action: path + "/keep", Summary: "Leave one out", Button: "Leave it out", Quiet: true, Fields: []ui.Field{{Name: "do", Kind: "hidden", Value: "leave"}, screen.Choice("gone", "Which?", "", "", present...)}}
		withdraw := ui.Form{ID: "withdraw", Action: path + "/keep", Summary: "Give this draft up", Button: "Withdraw it", Danger: true, Fields: []ui.Field{{Name: "do", Kind: "hidden", Value: "withdraw"}, screen.LongField("note", "Why?", "", true)}}
		for _, f := range []*ui.Form{&change, &leave, &withdraw} {
			if f.ID == which {
				t.Fill(f)
			}
		}
		block.Forms = []ui.Form{change, leave, withdraw}
	}
	if c.State == capacity.Draft && r.May(access.CapacityApprove) {
		rec.Action = ui.Form{ID: "approve", Action: path + "/approve", Summary: "Approve", Button: "Take it into force", Note: "It is judged from now on, and takes the place of the version before.", Fields: []ui.Field{screen.LongField("note", "Note", "", false)}}
		if err := screen.Compensated(r, &rec.Action, c.Author, access.CapacityApprove, s.alone(r)); err != nil {
			return err
		}
		if which == "approve" {
			t.Fill(&rec.Action)
		}
		if rec.Action.Action == "" {
			rec.Notice = "Somebody other than its author approves it."
		}
	}
	rec.Blocks = []ui.Block{block}
	return r.Render(w, t.Status(), ui.Record(s.shell(w, r, rec.Title), rec))
}

func lineFields(promises map[string]string) []ui.Field {
	var measures [][2]string
	for _, m := range capacity.Measures() {
		measures = append(measures, [2]string{m.Name, m.Title})
	}
	serves := [][2]string{{"", "None in particular"}}
	for _, id := range sortedKeys(promises) {
		serves = append(serves, [2]string{id, id + ": " + screen.Cut(promises[id], 80)})
	}
	return []ui.Field{{Name: "do", Kind: "hidden", Value: "line"}, {Name: "title", Label: "What is committed?", Hint: "In words: disks are not full.", Must: true}, {Name: "key", Label: "Key", Hint: "Short, stays the same over versions: disks-80.", Must: true},
		screen.Choice("measure", "Measure", "", "disk.bytes", measures...), {Name: "place", Label: "Mount point", Hint: "Empty: each."},
		screen.Choice("test", "How is it held against use?", "", "now", [2]string{"now", "The newest two samples are below a mark"}, [2]string{"day", "95 of 100 samples of a day are below a mark"}, [2]string{"foreseen", "It is not full within some days, as the line goes"}),
		{Name: "percent", Label: "Mark, in percent"}, {Name: "clears_at", Label: "Clears below, in percent", Hint: "Empty: 3 below the mark."}, {Name: "within_days", Label: "Within days", Hint: "For what is foreseen."},
		screen.Choice("scope", "Of which hosts?", "", "all", [2]string{"all", "Every host"}, [2]string{"environment", "Hosts of an environment"}, [2]string{"host", "One host"}), {Name: "of", Label: "Which environment or host?"}, {Name: "except", Label: "Not of these hosts", Hint: "Names, with commas."},
		screen.Choice("serves", "Which promise does it serve?", "Commitments of the scope.", "", serves...), screen.LongField("why", "Why this mark?", "And why hosts are left out.", true)}
}

func lineOf(v url.Values) (capacity.Line, error) {
	l := capacity.Line{Key: strings.TrimSpace(v.Get("key")), Title: v.Get("title"), On: v.Get("measure"), Place: v.Get("place"), Test: capacity.Test(v.Get("test")), Scope: v.Get("scope"), Of: v.Get("of"), Except: lines(v.Get("except")), Serves: v.Get("serves"), Why: v.Get("why")}
	for _, n := range []struct {
		field string
		into  *int
	}{{"percent", &l.Mark}, {"clears_at", &l.Clear}, {"within_days", &l.Within}} {
		text := strings.TrimSpace(v.Get(n.field))
		if text == "" {
			continue
		}
		x, err := strconv.Atoi(text)
		if err != nil {
			return l, fault.New(fault.Invalid, "%q is no number", text).At("", 0, n.field)
		}
		*n.into = x
	}
	return l, nil
}

func (s *site) keep(w http.ResponseWriter, r *screen.Request) error {
	v, ref := r.PostForm, r.PathValue("ref")
	o, err := s.cfg.Capacity.GetPlan(r.Context(), r.Who, ref)
	if err != nil {
		return err
	}
	text, do, said := o.Content.PlanText, v.Get("do"), "It is kept."
	text.Lines = slices.Clone(text.Lines)
	at := 0
	switch do {
	case "line":
		var l capacity.Line
		if l, err = lineOf(v); err != nil {
			break
		}
		if at = slices.IndexFunc(text.Lines, func(x capacity.Line) bool { return x.Key == l.Key }); at < 0 {
			at, text.Lines = len(text.Lines), append(text.Lines, l)
		} else {
			text.Lines[at] = l
		}
		_, err = s.cfg.Capacity.EditPlan(r.Context(), r.Who, ref, o.Seq, text)
	case "leave":
		said = "It is left out."
		text.Lines = slices.DeleteFunc(text.Lines, func(x capacity.Line) bool { return x.Key == v.Get("gone") })
		_, err = s.cfg.Capacity.EditPlan(r.Context(), r.Who, ref, o.Seq, text)
	case "withdraw":
		said = "It is withdrawn."
		_, err = s.cfg.Capacity.WithdrawPlan(r.Context(), r.Who, ref, v.Get("note"))
	default:
		err = fault.New(fault.Invalid, "nothing of a plan is called %q", do)
	}
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		t.Field = strings.TrimPrefix(t.Field, "commitments["+strconv.Itoa(at)+"].")
		return s.showPlan(w, r, do, t)
	}
	return r.Done(w, said, "/capacity/plan/"+ref)
}

func (s *site) approve(w http.ResponseWriter, r *screen.Request) error {
	ref := r.PathValue("ref")
	if _, err := s.cfg.Capacity.ApprovePlan(r.Context(), r.Who, ref, r.PostForm.Get("note"), r.PostForm.Get("compensation")); err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showPlan(w, r, "approve", t)
	}
	return r.Done(w, "It is in force.", "/capacity/plan/"+ref)
}
