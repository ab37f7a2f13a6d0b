package firewall

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/operations/firewall"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

func stateWords(s string) string { return strings.ReplaceAll(s, "_", " ") }

func (s *site) reviewRows() screen.List {
	type row = firewall.ReviewObject
	read := screen.Whole(func(r *screen.Request) ([]row, error) { return s.cfg.Firewall.Reviews(r.Context(), r.Who) })
	return screen.Declare(screen.List{Name: "firewall-reviews", Title: "Reviews of firewalls", Pattern: "GET /firewall/reviews", Action: access.FirewallRead}, read, func(x row) []string { return []string{x.Content.Reviewer, x.Content.Approver} },
		screen.Column[row]{Key: "review", Title: "Review", Head: "=", Value: func(_ *screen.Cells, x row) any { return x.Ref }},
		screen.Column[row]{Key: "rule_set", Title: "Rule set", Head: "=", Value: func(_ *screen.Cells, x row) any { return x.Content.Set }},
		screen.Column[row]{Key: "name", Title: "Who had it", Width: 30, Value: func(_ *screen.Cells, x row) any { return x.Content.Name }},
		screen.Column[row]{Key: "begun", Title: "Begun", Value: func(_ *screen.Cells, x row) any { return x.Created }},
		screen.Column[row]{Key: "reviewer", Title: "Reviewer", Head: "=", Value: func(c *screen.Cells, x row) any { return c.Name(x.Content.Reviewer) }},
		screen.Column[row]{Key: "state", Title: "State", Head: "=", Value: func(_ *screen.Cells, x row) any { return stateWords(x.Content.State) }},
		screen.Column[row]{Key: "rules", Title: "Rules", Head: "=", Value: func(_ *screen.Cells, x row) any { return len(x.Content.Rules) }},
		screen.Column[row]{Key: "remove", Title: "To be removed", Head: "=", Value: func(_ *screen.Cells, x row) any { return x.Content.Decided(firewall.Remove) }},
		screen.Column[row]{Key: "approver", Title: "Approver", Value: func(c *screen.Cells, x row) any { return c.Name(x.Content.Approver) }},
		screen.Column[row]{Key: "approved", Title: "Approved", Value: func(_ *screen.Cells, x row) any { return x.Content.Approved }})
}

// reviews answers: who looked at which rules, and what was decided?
func (s *site) reviews(w http.ResponseWriter, r *screen.Request) error {
	all, err := s.cfg.Firewall.Reviews(r.Context(), r.Who)
	if err != nil {
		return err
	}
	var who []string
	open := 0
	for _, o := range all {
		who = append(who, o.Content.Reviewer, o.Content.Approver)
		if o.Content.State == "open" || o.Content.State == "handed_in" {
			open++
		}
	}
	names := r.Names(who)
	v := ui.ListView{Crumbs: crumbs(ui.Link{Text: "Reviews"}), Title: ui.Many(open, "review is", "reviews are") + " not over", Note: "Each keeps the rules as they were seen, with what was decided on every one.", Undo: "/firewall/reviews", None: "There is none."}
	if open == 0 {
		v.Title = ui.Many(len(all), "review", "reviews") + ", and none waits"
	}
	if len(all) == 0 {
		v.Title = "No firewall was reviewed yet"
		v.Empty = &ui.Empty{Title: "Look at each rule twice a year", Text: "Open a rule set and begin: its rules are frozen, you decide on each to keep it, to remove it or to ask, and somebody else approves. That a rule went shows in the facts.",
			Criteria: []ui.Link{{Text: "CC6.6", Href: "/criteria/CC6.6"}}, Until: "Until then nobody is shown to have read the rules.", Actions: []ui.Link{{Text: "Rule sets", Href: "/firewall"}}}
	}
	page, next := screen.CutPage(r.Request, all, func(o firewall.ReviewObject) string { return o.Ref })
	v.Table = ui.Table{Caption: "Reviews, newest first", Columns: []ui.Column{{Text: "Review"}, {Text: "Rule set"}, {Text: "Reviewer"}, {Text: "State"}, {Text: "Rules", N: true}, {Text: "To be removed", N: true}}}
	for _, o := range page {
		c := o.Content
		state := ui.Cell{Text: stateWords(c.State), Muted: c.State == "dropped"}
		switch c.State {
		case "open":
			state.Meta = ui.Many(c.Open(), "rule waits", "rules wait")
		case "approved":
			state.Meta = "by " + screen.Who(names, c.Approver) + ", " + r.Words.Date(c.Approved)
		}
		v.Table.Rows = append(v.Table.Rows, ui.TableRow{Head: ui.Link{Text: o.Ref, Href: "/firewall/reviews/" + o.Ref}, Meta: r.Words.Date(o.Created), Cells: []ui.Cell{{Links: []ui.Link{{Text: c.Set, Href: "/firewall/" + c.Set}}, Meta: c.Name}, {Text: screen.Who(names, c.Reviewer)}, state,
			{Text: ui.Number(int64(len(c.Rules))), N: true}, {Text: ui.Number(int64(c.Decided(firewall.Remove))), N: true, Muted: c.Decided(firewall.Remove) == 0}}})
	}
	v.Table.Pager = screen.Pager(len(page), int64(len(all)), r.URL.Query(), "/firewall/reviews", next)
	return r.Render(w, http.StatusOK, ui.List(s.shell(w, r, "Reviews of firewalls"), v))
}

func (s *site) review(w http.ResponseWriter, r *screen.Request) error {
	return s.showReview(w, r, "", nil)
}

// showReview answers: what was decided on each rule, and what waits?
func (s *site) showReview(w http.ResponseWriter, r *screen.Request, which string, t *screen.Typed) error {
	o, err := s.cfg.Firewall.GetReview(r.Context(), r.Who, r.PathValue("ref"))
	if err != nil {
		return err
	}
	c := o.Content
	names := r.Names([]string{c.Reviewer, c.Approver})
	path := "/firewall/reviews/" + o.Ref
	rec := ui.RecordView{Crumbs: crumbs(ui.Link{Text: "Reviews", Href: "/firewall/reviews"}, ui.Link{Text: o.Ref}), Title: "Review of the rules of " + c.Name, State: stateWords(c.State), Line: []string{o.Ref, "by " + screen.Who(names, c.Reviewer), "begun " + r.Words.Date(o.Created)}, FactsOf: "The review", Zone: "times in " + r.Words.Zone.String()}
	rec.Figures = []ui.Figure{{Term: "Wait", Value: ui.Number(int64(c.Open())), Bad: c.Open() > 0 && c.State == "open"}, {Term: "Keep", Value: ui.Number(int64(c.Decided(firewall.Keep)))}, {Term: "Remove", Value: ui.Number(int64(c.Decided(firewall.Remove)))}, {Term: "Ask", Value: ui.Number(int64(c.Decided(firewall.Ask)))}}
	rec.Facts = []ui.Fact{{Term: "Rule set", Links: []ui.Link{{Text: c.Set, Href: "/firewall/" + c.Set}}}, {Term: "Digest", Text: c.Digest[:16], Mono: true}, {Term: "Who had it", Text: screen.Cut(strings.Join(c.Hosts, ", "), 300)}}
	if c.Approver != "" {
		rec.Facts = append(rec.Facts, ui.Fact{Term: "Approved", Text: r.Words.Full(c.Approved) + " by " + screen.Who(names, c.Approver)})
	}
	if c.Alone != "" {
		rec.Facts = append(rec.Facts, ui.Fact{Term: "Instead of a second person", Text: c.Alone})
	}
	for _, p := range c.Policies {
		rec.Facts = append(rec.Facts, ui.Fact{Term: "Lets in", Text: p})
	}
	for _, p := range c.Limits {
		rec.Facts = append(rec.Facts, ui.Fact{Term: "Not analysed", Text: p})
	}
	mine := c.State == "open" && c.Reviewer == r.Who.UserID && r.May(access.FirewallReview)
	table := ui.Table{Caption: "Rules as they were frozen", Columns: []ui.Column{{Text: "Rule"}, {Text: "What was odd"}, {Text: "Justified"}, {Text: "Decision"}}}
	for i, x := range c.Rules {
		if i == mostShown {
			break
		}
		odd := ui.Cell{Text: "—", Muted: true}
		if len(x.Remarks) > 0 {
			odd = ui.Cell{Text: screen.Cut(keptRemarks(x.Remarks), 220)}
		}
		just := ui.Cell{Text: screen.OrElse(justifiedWords(x.Justified), "lets nothing in"), Muted: x.Justified == "", Bad: x.Justified != "" && x.Justified != firewall.InForce}
		if x.By != "" {
			just.Links = []ui.Link{{Text: x.By, Href: "/firewall/justifications/" + x.By}}
			if x.Justified == firewall.InForce {
				just.Text = ""
			}
		}
		d := ui.Cell{Text: screen.OrElse(x.Decision, "waits"), Muted: x.Decision == "", Meta: x.Note}
		meta := fmt.Sprintf("%s, %d", x.Chain, x.Position)
		if x.Comment != "" {
			meta += " · " + x.Comment
		}
		table.Rows = append(table.Rows, ui.TableRow{Head: ui.Link{Text: x.Rule}, Mono: true, Meta: meta, Cells: []ui.Cell{odd, just, d}})
	}
	b := ui.Block{ID: "rules", Title: "Rules", Table: &table, None: "There was no rule."}
	if len(c.Rules) > mostShown {
		b.Meta = fmt.Sprintf("the first %d of %d", mostShown, len(c.Rules))
	}
	rec.Blocks = []ui.Block{b}
	if mine {
		rec.Blocks = append([]ui.Block{decideBlock(&c, path, which, t)}, rec.Blocks...)
	}
	var forms []ui.Form
	if mine && c.Open() == 0 && c.Decided(firewall.Ask) == 0 {
		rec.Action = ui.Form{ID: "hand-in", Action: path + "/hand-in", Button: "Hand it in"}
	}
	if c.State == "handed_in" && r.May(access.FirewallApprove) {
		f := ui.Form{ID: "approve", Action: path + "/approve", Button: "Approve it", Fields: []ui.Field{{Name: "note", Label: "A word on it"}}}
		if err := screen.Compensated(r, &f, c.Reviewer, access.FirewallApprove, func(a access.Action) (bool, error) { return s.cfg.Alone(r.Context(), r.Who, a) }); err != nil {
			return err
		}
		if f.Action != "" {
			if which == "approve" {
				t.Fill(&f)
			}
			forms = append(forms, f)
		}
		forms = append(forms, screen.Forms(r, path, which, t, screen.Verb{Name: "send-back", Action: access.FirewallApprove, Button: "Send it back", Open: "Ask the reviewer to look again", Fields: []ui.Field{screen.LongField("note", "What is to be looked at again?", "", true)}})...)
	}
	if c.State == "open" || c.State == "handed_in" {
		forms = append(forms, screen.Forms(r, path, which, t, screen.Verb{Name: "drop", Action: access.FirewallReview, Button: "Drop it", Open: "Give this review up", Danger: true, Fields: []ui.Field{screen.LongField("note", "Why?", "", true)}})...)
	}
	if len(forms) > 0 {
		rec.Blocks = append(rec.Blocks, ui.Block{ID: "then", Title: "What next", Forms: forms})
	}
	for _, h := range o.History {
		rec.History = append(rec.History, ui.Step{At: r.Words.At(h.At), Text: stateWords(h.Step), By: "by " + screen.Who(r.Names([]string{h.By}), h.By), Entry: screen.EntryLink(h.Entry, h.Index)})
	}
	return r.Render(w, t.Status(), ui.Record(s.shell(w, r, o.Ref), rec))
}

// decideBlock asks for decisions on rules that wait, many at once.
func decideBlock(c *firewall.Review, path, which string, t *screen.Typed) ui.Block {
	many := ui.Field{Name: "keys", Label: "Which rules?", Kind: "many"}
	told := map[string]bool{}
	for _, x := range c.Rules {
		if x.Decision != "" && x.Decision != firewall.Ask || told[x.Key] || len(many.Options) == 200 {
			continue
		}
		told[x.Key] = true
		text := x.Rule + " (" + x.Chain + ")"
		if x.Decision == firewall.Ask {
			text += ", asked"
		}
		many.Options = append(many.Options, ui.Option{Value: x.Key, Text: text})
	}
	if len(many.Options) == 0 {
		return ui.Block{ID: "decide", Title: "Every rule is decided on", Text: []string{"Hand the review in; somebody else approves it."}}
	}
	f := ui.Form{ID: "decide", Action: path + "/decide", Button: "Decide", Fields: []ui.Field{many, screen.Choice("decision", "What becomes of them?", "", firewall.Keep, [2]string{firewall.Keep, "Keep"}, [2]string{firewall.Remove, "Remove"}, [2]string{firewall.Ask, "Ask first what it is for"}), screen.LongField("note", "Why, or who is asked what?", "Needed to remove and to ask.", false)}}
	if which == "decide" {
		t.Fill(&f)
	}
	return ui.Block{ID: "decide", Title: "Decide", Meta: ui.Many(c.Open(), "rule waits", "rules wait"), Forms: []ui.Form{f}}
}

func (s *site) wrong(w http.ResponseWriter, r *screen.Request, which string, err error) error {
	t, err := r.WrongForm(err)
	if err != nil {
		return err
	}
	return s.showReview(w, r, which, t)
}

func (s *site) decide(w http.ResponseWriter, r *screen.Request) error {
	if err := parse(r); err != nil {
		return err
	}
	o, err := s.cfg.Firewall.Decide(r.Context(), r.Who, r.PathValue("ref"), firewall.Decision{Keys: r.PostForm["keys"], Decision: r.PostForm.Get("decision"), Note: r.PostForm.Get("note")})
	if err != nil {
		return s.wrong(w, r, "decide", err)
	}
	return r.Done(w, ui.Many(o.Content.Open(), "rule waits", "rules wait")+" for a decision.", "/firewall/reviews/"+o.Ref)
}

func (s *site) handIn(w http.ResponseWriter, r *screen.Request) error {
	o, err := s.cfg.Firewall.HandIn(r.Context(), r.Who, r.PathValue("ref"), "")
	if err != nil {
		return s.wrong(w, r, "hand-in", err)
	}
	return r.Done(w, o.Ref+" is handed in; somebody else approves it.", "/firewall/reviews/"+o.Ref)
}

func (s *site) approve(w http.ResponseWriter, r *screen.Request) error {
	o, err := s.cfg.Firewall.Approve(r.Context(), r.Who, r.PathValue("ref"), r.PostForm.Get("note"), r.PostForm.Get("compensation"))
	if err != nil {
		return s.wrong(w, r, "approve", err)
	}
	return r.Done(w, o.Ref+" is approved.", "/firewall/reviews/"+o.Ref)
}

func (s *site) sendBack(w http.ResponseWriter, r *screen.Request) error {
	o, err := s.cfg.Firewall.SendBack(r.Context(), r.Who, r.PathValue("ref"), r.PostForm.Get("note"))
	if err != nil {
		return s.wrong(w, r, "send-back", err)
	}
	return r.Done(w, o.Ref+" is its reviewer's again.", "/firewall/reviews/"+o.Ref)
}

func (s *site) drop(w http.ResponseWriter, r *screen.Request) error {
	o, err := s.cfg.Firewall.Drop(r.Context(), r.Who, r.PathValue("ref"), r.PostForm.Get("note"))
	if err != nil {
		return s.wrong(w, r, "drop", err)
	}
	return r.Done(w, o.Ref+" is dropped.", "/firewall/"+o.Content.Set)
}
