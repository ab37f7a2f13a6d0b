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

// standing says how a justification stands on a day.
func standing(o *firewall.JustificationObject, today firewall.Day) string {
	switch c := o.Content; {
	case c.State != "active":
		return "withdrawn"
	case c.Until < today:
		return "expired"
	case c.Until < today.Add(1, 0):
		return "ends soon"
	}
	return "in force"
}

func (s *site) chosen(r *screen.Request) ([]firewall.JustificationObject, map[string]int, error) {
	all, err := s.cfg.Firewall.Justifications(r.Context(), r.Who)
	if err != nil {
		return nil, nil, err
	}
	q := r.URL.Query()
	query, counts, today := strings.ToLower(strings.TrimSpace(q.Get("q"))), map[string]int{}, firewall.Day(r.Now.UTC().Format("2006-01-02"))
	var out []firewall.JustificationObject
	for i := range all {
		c, st := all[i].Content, standing(&all[i], today)
		counts[""]++
		counts[st]++
		if (q.Get("state") == "" || q.Get("state") == st) && strings.Contains(strings.ToLower(c.Chain+" "+c.Rule+" "+c.Owner+" "+c.Reason+" "+c.Ticket), query) {
			out = append(out, all[i])
		}
	}
	return out, counts, nil
}

func (s *site) justificationRows() screen.List {
	type row = firewall.JustificationObject
	read := screen.Whole(func(r *screen.Request) ([]row, error) {
		rows, _, err := s.chosen(r)
		return rows, err
	})
	return screen.Declare(screen.List{Name: "firewall-justifications", Title: "Justifications of rules", Pattern: "GET /firewall/justifications", Action: access.FirewallRead}, read, func(x row) []string { return []string{x.Content.By} },
		screen.Column[row]{Key: "number", Title: "Number", Value: func(_ *screen.Cells, x row) any { return x.Ref }},
		screen.Column[row]{Key: "chain", Title: "Chain", Width: 24, Value: func(_ *screen.Cells, x row) any { return x.Content.Chain }},
		screen.Column[row]{Key: "rule", Title: "Rule", Head: "=", Width: 60, Value: func(_ *screen.Cells, x row) any { return x.Content.Rule }},
		screen.Column[row]{Key: "hosts", Title: "Hosts", Head: "=", Width: 30, Value: func(_ *screen.Cells, x row) any { return strings.Join(x.Content.Hosts, ", ") }},
		screen.Column[row]{Key: "owner", Title: "Owner", Head: "=", Width: 24, Value: func(_ *screen.Cells, x row) any { return x.Content.Owner }},
		screen.Column[row]{Key: "reason", Title: "Reason", Head: "What needs it", Width: 60, Value: func(_ *screen.Cells, x row) any { return x.Content.Reason }},
		screen.Column[row]{Key: "ticket", Title: "Request", Value: func(_ *screen.Cells, x row) any { return x.Content.Ticket }},
		screen.Column[row]{Key: "until", Title: "Until", Head: "=", Value: func(_ *screen.Cells, x row) any { return string(x.Content.Until) }},
		screen.Column[row]{Key: "state", Title: "State", Value: func(_ *screen.Cells, x row) any { return x.Content.State }},
		screen.Column[row]{Key: "by", Title: "Written by", Value: func(c *screen.Cells, x row) any { return c.Name(x.Content.By) }})
}

// justifications answers: why are openings there, and which reasons end?
func (s *site) justifications(w http.ResponseWriter, r *screen.Request) error {
	all, counts, err := s.chosen(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	v := ui.ListView{Crumbs: crumbs(ui.Link{Text: "Justifications"}), Title: ui.Many(counts["expired"], "justification has", "justifications have") + " expired", Note: ui.Many(counts["in force"]+counts["ends soon"], "is", "are") + " in force.", Labels: []string{"Which"}, Undo: "/firewall/justifications", None: "No justification matches."}
	if counts["expired"] == 0 {
		v.Title = ui.Many(counts[""], "justification", "justifications") + ", and none has expired"
	}
	if r.May(access.FirewallEdit) {
		v.Action = ui.Link{Text: "Justify rules", Href: "/firewall/justifications/new"}
	}
	if counts[""] == 0 {
		v.Title = "No rule is justified yet"
		v.Empty = &ui.Empty{Title: "Say once what needs a rule", Text: "For each rule that lets something in: what needs it, who answers for it, and until when. It holds on every host that has the rule, or on those you name.",
			Criteria: []ui.Link{{Text: "CC6.6", Href: "/criteria/CC6.6"}}, Until: "Until then nobody knows what would break without a rule."}
		if v.Action.Href != "" {
			v.Empty.Actions = []ui.Link{v.Action}
		}
	}
	v.Chips = [][]ui.Chip{{{Text: "All " + ui.Number(int64(counts[""])), Href: screen.With(q, "/firewall/justifications", "state", "", "after", ""), Current: q.Get("state") == ""}}}
	for _, st := range []string{"in force", "ends soon", "expired", "withdrawn"} {
		v.Chips[0] = append(v.Chips[0], ui.Chip{Text: screen.Capital(st) + " " + ui.Number(int64(counts[st])), Href: screen.With(q, "/firewall/justifications", "state", st, "after", ""), Current: q.Get("state") == st})
	}
	v.Search = ui.SearchBox{Path: "/firewall/justifications", Value: q.Get("q"), Label: "Find a rule, an owner or a reason", Hidden: []ui.Link{{Text: "state", Href: q.Get("state")}}}
	page, next := screen.CutPage(r.Request, all, func(o firewall.JustificationObject) string { return o.Ref })
	v.Table = ui.Table{Caption: "Justifications, newest first", Columns: []ui.Column{{Text: "Rule"}, {Text: "Hosts"}, {Text: "What needs it"}, {Text: "Owner"}, {Text: "Until"}}}
	today := firewall.Day(r.Now.UTC().Format("2006-01-02"))
	for i := range page {
		o := &page[i]
		c, st := o.Content, standing(o, today)
		until := ui.Cell{Text: r.Words.Date(c.Until.Time()), Meta: st, Bad: st == "expired", Muted: st == "withdrawn"}
		v.Table.Rows = append(v.Table.Rows, ui.TableRow{Head: ui.Link{Text: c.Rule, Href: "/firewall/justifications/" + o.Ref}, Mono: true, Meta: o.Ref + " · " + c.Chain, Cells: []ui.Cell{{Text: screen.OrElse(strings.Join(c.Hosts, ", "), "all that have it"), Muted: len(c.Hosts) == 0}, {Text: screen.Cut(c.Reason, 120), Meta: c.Ticket}, {Text: c.Owner}, until}})
	}
	v.Table.Pager = screen.Pager(len(page), int64(len(all)), q, "/firewall/justifications", next)
	return r.Render(w, http.StatusOK, ui.List(s.shell(w, r, "Justifications of rules"), v))
}

func fields(c firewall.JustificationText) []ui.Field {
	list := append([]ui.Field{{Name: "chain", Label: "Chain", Hint: "As a rule set shows it: inet filter input. * stands for any letters.", Value: c.Chain, Must: true}, {Name: "rule", Label: "Rule", Hint: "As a rule set shows it: tcp port 443 accept. * stands for any letters.", Value: c.Rule, Must: true}}, whyFields()...)
	for i, v := range map[string]string{"reason": c.Reason, "owner": c.Owner, "ticket": c.Ticket, "until": string(c.Until), "hosts": strings.Join(c.Hosts, ", ")} {
		for n := range list {
			if list[n].Name == i {
				list[n].Value = v
			}
		}
	}
	return list
}

func (s *site) newJustification(w http.ResponseWriter, r *screen.Request) error {
	q := r.URL.Query()
	return s.showNew(w, r, firewall.JustificationText{Chain: q.Get("chain"), Rule: q.Get("rule")}, nil, false)
}

func (s *site) showNew(w http.ResponseWriter, r *screen.Request, in firewall.JustificationText, t *screen.Typed, preview bool) error {
	f := ui.Form{ID: "give", Action: "/firewall/justifications/new", Button: "Justify", Fields: fields(in), Also: ui.Link{Text: "See what it would be about", Href: "preview"}}
	t.Fill(&f)
	v := ui.FormView{Crumbs: crumbs(ui.Link{Text: "Justifications", Href: "/firewall/justifications"}, ui.Link{Text: "Justify rules"}), Title: "Justify rules", Note: "Rules of one rule set are justified on its page. Here one justification may be about many: what a container engine makes by itself, for instance.", Form: f}
	status := t.Status()
	if preview {
		found, err := s.cfg.Firewall.Matching(r.Context(), r.Who, in)
		if err != nil {
			return err
		}
		b := ui.Block{ID: "about", Title: "It would be about " + ui.Many(len(found), "rule", "rules")}
		if len(found) == 0 {
			b.Text = []string{"No rule that lets something in, on a host that you name, says this."}
		}
		for _, x := range found[:min(len(found), 50)] {
			b.Facts = append(b.Facts, ui.Fact{Term: x.Set, Text: fmt.Sprintf("%s (%s), on %d of %d", x.Rule.Text, x.Rule.Chain, x.Hosts, x.Of)})
		}
		if len(found) > 50 {
			b.Text = append(b.Text, fmt.Sprintf("And %d more.", len(found)-50))
		}
		v.Side = []ui.Block{b}
	}
	return r.Render(w, status, ui.FormPage(s.shell(w, r, "Justify rules"), v))
}

func (s *site) giveJustification(w http.ResponseWriter, r *screen.Request) error {
	in := textOf(r)
	if r.PostForm.Get("do") == "preview" {
		return s.showNew(w, r, in, nil, true)
	}
	o, err := s.cfg.Firewall.Justify(r.Context(), r.Who, in)
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showNew(w, r, in, t, false)
	}
	return r.Done(w, o.Ref+" is in force.", "/firewall/justifications/"+o.Ref)
}

func (s *site) justification(w http.ResponseWriter, r *screen.Request) error {
	return s.showJustification(w, r, "", nil)
}

func (s *site) showJustification(w http.ResponseWriter, r *screen.Request, which string, t *screen.Typed) error {
	o, err := s.cfg.Firewall.GetJustification(r.Context(), r.Who, r.PathValue("ref"))
	if err != nil {
		return err
	}
	c, path := o.Content, "/firewall/justifications/"+o.Ref
	st := standing(o, firewall.Day(r.Now.UTC().Format("2006-01-02")))
	rec := ui.RecordView{Crumbs: crumbs(ui.Link{Text: "Justifications", Href: "/firewall/justifications"}, ui.Link{Text: o.Ref}), Title: c.Rule, State: st, Line: []string{o.Ref, c.Chain, "until " + r.Words.Date(c.Until.Time())}, FactsOf: "The justification", Zone: "times in " + r.Words.Zone.String()}
	if st == "expired" {
		rec.Bad = "It expired on " + r.Words.Date(c.Until.Time()) + "."
	}
	rec.Facts = []ui.Fact{{Term: "Hosts", Text: screen.OrElse(strings.Join(c.Hosts, ", "), "all that have the rule")}, {Term: "Owner", Text: c.Owner}, {Term: "Request", Text: screen.OrElse(c.Ticket, "none named"), Muted: c.Ticket == ""}}
	rec.Blocks = []ui.Block{{ID: "why", Title: "What needs it", Text: strings.Split(c.Reason, "\n")}}
	if c.State == "active" {
		found, err := s.cfg.Firewall.Matching(r.Context(), r.Who, c.JustificationText)
		if err != nil {
			return err
		}
		table := ui.Table{Caption: "Rules that it is about now", Columns: []ui.Column{{Text: "Rule"}, {Text: "Rule set"}, {Text: "Hosts"}}}
		for _, x := range found[:min(len(found), 100)] {
			table.Rows = append(table.Rows, ui.TableRow{Head: ui.Link{Text: x.Rule.Text, Href: "/firewall/" + x.Set}, Mono: true, Meta: x.Rule.Chain, Cells: []ui.Cell{{Text: x.Set, Meta: x.Name}, {Text: fmt.Sprintf("%d of %d", x.Hosts, x.Of)}}})
		}
		rec.Blocks = append(rec.Blocks, ui.Block{ID: "about", Title: "Rules that it is about", Table: &table, None: "None any more: withdraw it."})
		forms := screen.Forms(r, path, which, t, screen.Verb{Name: "change", Action: access.FirewallEdit, Button: "Write it so", Open: "Change it, or give it a later end", Fields: fields(c.JustificationText)},
			screen.Verb{Name: "withdraw", Action: access.FirewallEdit, Button: "Withdraw it", Open: "Take it back", Danger: true, Fields: []ui.Field{screen.LongField("note", "Why?", "", true)}})
		if len(forms) > 0 {
			rec.Blocks = append(rec.Blocks, ui.Block{ID: "then", Title: "What next", Forms: forms})
		}
	}
	for _, h := range o.History {
		rec.History = append(rec.History, ui.Step{At: r.Words.At(h.At), Text: h.Step, By: "by " + screen.Who(r.Names([]string{h.By}), h.By), Entry: screen.EntryLink(h.Entry, h.Index)})
	}
	return r.Render(w, t.Status(), ui.Record(s.shell(w, r, o.Ref), rec))
}

func (s *site) changeJustification(w http.ResponseWriter, r *screen.Request) error {
	o, err := s.cfg.Firewall.ChangeJustification(r.Context(), r.Who, r.PathValue("ref"), 0, textOf(r))
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showJustification(w, r, "change", t)
	}
	return r.Done(w, o.Ref+" is changed.", "/firewall/justifications/"+o.Ref)
}

func (s *site) withdraw(w http.ResponseWriter, r *screen.Request) error {
	o, err := s.cfg.Firewall.Withdraw(r.Context(), r.Who, r.PathValue("ref"), r.PostForm.Get("note"))
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showJustification(w, r, "withdraw", t)
	}
	return r.Done(w, o.Ref+" is withdrawn.", "/firewall/justifications/"+o.Ref)
}
