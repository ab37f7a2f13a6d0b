package components

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/operations/component"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// one answers: what is it, where is it, and who said what of it?
func (s *site) one(w http.ResponseWriter, r *screen.Request) error { return s.show(w, r, "", nil) }

func (s *site) show(w http.ResponseWriter, r *screen.Request, which string, t *screen.Typed) error {
	c, err := s.cfg.Components.Get(r.Context(), r.Who, r.PathValue("id"))
	if err != nil {
		return err
	}
	cell := stateCell(r.Words, c.Component)
	rec := ui.RecordView{Crumbs: []ui.Link{{Text: "Components", Href: listPath}, {Text: one(c.Kind), Href: listPath + "?show=all&kind=" + string(c.Kind)}}, Title: c.Name, Outcome: cell.Outcome, State: stateWords[c.State],
		Line: []string{one(c.Kind), ui.Many(int(c.Hosts), "host", "hosts")}, Notice: screen.Capital(strings.TrimRight(r.Words.Stamps(c.Why), ".")) + ".", Warn: cell.Outcome == "fail", FactsOf: "The component", Zone: "times in " + r.Words.Zone.String()}
	fact := func(term, text string) {
		if text != "" {
			rec.Facts = append(rec.Facts, ui.Fact{Term: term, Text: text})
		}
	}
	for _, p := range c.Identity {
		fact(screen.Capital(p[0]), p[1])
	}
	fact("Seen first", r.Words.Full(c.First)+" on "+c.FirstName)
	fact("Evidence", c.Evidence)
	fact("Router of", strings.Join(c.Router, ", "))
	if !c.GoneAt.IsZero() {
		fact("Gone", r.Words.Full(c.GoneAt)+" from "+c.GoneFrom)
	}
	if href, err := s.cfg.Finding(r.Context(), c.Source); err != nil {
		return err
	} else if href != "" {
		rec.Links = append(rec.Links, ui.Link{Text: "Its findings", Href: href})
	}
	rec.Blocks = append(rec.Blocks, s.hosts(r, c), s.events(r, c))
	if rec.History, err = s.history(r, c); err != nil {
		return err
	}
	forms, err := s.forms(r, c, which, t)
	if err != nil {
		return err
	}
	if len(forms) > 0 {
		rec.Blocks = append([]ui.Block{{ID: "say", Title: "Say something about it", Forms: forms}}, rec.Blocks...)
	}
	return r.Render(w, t.Status(), ui.Record(r.Shell(w, c.Name, "Operate", "Components"), rec))
}

func (s *site) hosts(r *screen.Request, c *component.View) ui.Block {
	t := ui.Table{Caption: "Where it is, as last read", Columns: []ui.Column{{Text: "Host"}, {Text: "Since"}, {Text: "Read from"}, {Text: "Now"}}}
	for _, p := range c.Places {
		now := ui.Cell{Text: "seen"}
		switch {
		case !p.Silent.IsZero():
			now = ui.Cell{Outcome: "not_observed", Meta: "the host is silent since " + r.Words.Full(p.Silent)}
		case p.State != "":
			now = ui.Cell{Outcome: ui.Outcome(p.State), Meta: p.Reason}
		}
		t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: p.Name, Href: "/hosts/" + p.Host}, Cells: []ui.Cell{{Moment: r.Words.At(p.Since)}, {Text: p.Part, Mono: true}, now}})
	}
	b := ui.Block{ID: "hosts", Title: "Hosts", Table: &t, None: "It is on no host now."}
	if n := int(c.Hosts) - len(c.Places); n > 0 {
		b.Text = []string{fmt.Sprintf("and %d more hosts", n)}
	}
	return b
}

func (s *site) events(r *screen.Request, c *component.View) ui.Block {
	t := ui.Table{Caption: "Comings and goings, newest first", Columns: []ui.Column{{Text: "When"}, {Text: "Host"}, {Text: "What"}}}
	for _, e := range c.Events {
		what := ui.Cell{Text: "appeared"}
		if e.What == "gone" {
			what = ui.Cell{Text: "was gone"}
		}
		t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: r.Words.At(e.At).Text}, Cells: []ui.Cell{{Links: []ui.Link{{Text: e.Name, Href: "/hosts/" + e.Host}}}, what}})
	}
	return ui.Block{ID: "events", Title: "Comings and goings", Table: &t, None: "It was there when its hosts first reported, and nothing changed since."}
}

var saidWords = map[string]string{component.Approved: "approved", component.Refused: "refused", component.Withdrawn: "taken back", component.Asked: "asked", component.Answered: "answered"}

func (s *site) history(r *screen.Request, c *component.View) ([]ui.Step, error) {
	var who []string
	for _, d := range c.Decisions {
		who = append(who, d.By, d.To)
	}
	names := r.Names(slices.DeleteFunc(who, func(id string) bool { return id == "" }))
	var out []ui.Step
	for _, d := range slices.Backward(c.Decisions) {
		text := saidWords[d.What]
		switch d.What {
		case component.Approved:
			text += ", " + d.Owner + " answers for it"
			if d.Scope != "" {
				text += ", on " + d.Scope
			}
			if d.FromFile {
				text += ", from files too"
			}
			if !d.Expires.IsZero() {
				text += ", until " + r.Words.Full(d.Expires)
			}
		case component.Asked:
			text += " " + screen.Who(names, d.To)
		}
		text += ": " + d.Reason
		if d.Alone != "" {
			text += " (one's own account, nobody else could approve: " + d.Alone + ")"
		}
		out = append(out, ui.Step{At: r.Words.At(d.At), Text: text, By: "by " + screen.Who(names, d.By), Entry: screen.EntryLink(d.Entry, d.Index)})
	}
	return out, nil
}

// approvalFields ask what an approval says.
func approvalFields(own bool) []ui.Field {
	out := []ui.Field{{Name: "owner", Label: "Who answers for it?", Hint: "A person or a team.", Must: true}, screen.LongField("reason", "Why is it needed?", "The auditor will ask.", true),
		{Name: "scope", Label: "On which hosts?", Hint: "Names with * and ?, spaces between them: web-* db-1. Empty: every host."}, screen.DayOrNone("until", "Until which day?", "The last day. Empty: for good.")}
	if own {
		out = append(out, screen.LongField("compensation", "If it is your own, and nobody else may approve it: what stands in for a second person?", "Otherwise leave it empty.", false))
	}
	return out
}

func (s *site) forms(r *screen.Request, c *component.View, which string, t *screen.Typed) ([]ui.Form, error) {
	path := listPath + "/" + c.ID + "/say"
	do := func(what string) ui.Field { return ui.Field{Name: "do", Kind: "hidden", Value: what} }
	var forms []ui.Form
	if r.May(access.ComponentDecide) && c.State != component.Recognised {
		own := slices.Contains([]component.Kind{component.User, component.SSHKey, component.Sudo, component.Group}, c.Kind)
		approve := ui.Form{ID: component.Approved, Action: path, Summary: "Approve it", Button: "Approve", Fields: append([]ui.Field{do(component.Approved)}, approvalFields(own)...)}
		if c.Kind == component.Package {
			approve.Fields = append(approve.Fields, ui.Field{Name: "from_file", Label: "Where may it come from?", Kind: "many", Options: []ui.Option{{Value: "yes", Text: "From a file too, not only from a configured repository"}}, Hint: "Then what it changes on these hosts is authorised by package, whichever file it came from."})
		}
		if c.State == component.Learning {
			approve.Note = "It is the first of its kind: from then on all " + plural(c.Kind) + " are judged, and what is not approved becomes findings. To approve many, learn a baseline."
		}
		forms = append(forms, approve)
		if c.State != component.Gone && c.State != component.Left {
			forms = append(forms, ui.Form{ID: component.Refused, Action: path, Summary: "Refuse it", Button: "Refuse", Danger: true, Note: "It stays a finding until it was observed to be gone.", Fields: []ui.Field{do(component.Refused), screen.LongField("reason", "Why must it go?", "Whoever removes it reads this.", true)}})
		}
		people, err := s.cfg.People(r.Context())
		if err != nil {
			return nil, err
		}
		forms = append(forms, ui.Form{ID: component.Asked, Action: path, Summary: "Ask somebody about it", Button: "Ask", Quiet: true, Note: "A question decides nothing: the deadline goes on.",
			Fields: []ui.Field{do(component.Asked), {Name: "to", Label: "Who is asked?", Kind: "select", Options: people, Must: true}, screen.LongField("reason", "The question", "", true)}})
		if slices.ContainsFunc(c.Decisions, func(d component.Decision) bool { return d.What == component.Approved || d.What == component.Refused }) && c.State != component.Fresh {
			forms = append(forms, ui.Form{ID: component.Withdrawn, Action: path, Summary: "Take back what was decided", Button: "Take back", Danger: true, Fields: []ui.Field{do(component.Withdrawn), screen.LongField("reason", "Why?", "", true)}})
		}
	}
	if c.Asked && r.May(access.ComponentAnswer) {
		question := ""
		for _, d := range c.Decisions {
			if d.What == component.Asked {
				question = d.Reason
			}
		}
		forms = append([]ui.Form{{ID: component.Answered, Action: path, Summary: "Answer the question", Open: true, Note: "Asked: " + question, Button: "Answer", Fields: []ui.Field{do(component.Answered), screen.LongField("reason", "The answer", "", true)}}}, forms...)
	}
	for i := range forms {
		if forms[i].ID == which {
			t.Fill(&forms[i])
		}
	}
	return forms, nil
}

func plural(k component.Kind) string {
	w, _ := component.About(k)
	return w.Many
}

func (s *site) said(r *screen.Request, what string) (component.Said, error) {
	v := r.PostForm
	x := component.Said{What: what, Owner: v.Get("owner"), Reason: v.Get("reason"), Scope: v.Get("scope"), To: v.Get("to"), FromFile: v.Get("from_file") == "yes", Alone: v.Get("compensation")}
	var err error
	if what == component.Approved {
		x.Expires, err = r.LastMoment(v.Get("until"), "until")
	}
	return x, err
}

func (s *site) say(w http.ResponseWriter, r *screen.Request) error {
	what := r.PostForm.Get("do")
	if saidWords[what] == "" {
		return fault.New(fault.Invalid, "%q is nothing that is said of a component", what).At("", 0, "do")
	}
	id := r.PathValue("id")
	x, err := s.said(r, what)
	if err == nil {
		err = s.cfg.Components.Say(r.Context(), r.Who, []string{id}, x)
	}
	if err != nil {
		var f *fault.Error
		if fault.Is(err, fault.Invalid) && asField(err, &f) && f.Field == "expires" {
			err = f.At("", 0, "until")
		}
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.show(w, r, what, t)
	}
	return r.Done(w, "It is "+saidWords[what]+".", listPath+"/"+id)
}
