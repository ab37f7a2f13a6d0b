package changes

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/change"
	"github.com/attesta/attesta/internal/program/landing"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

func (s *site) change(w http.ResponseWriter, r *screen.Request) error { return s.show(w, r, nil, "") }

func (s *site) show(w http.ResponseWriter, r *screen.Request, t *screen.Typed, form string) error {
	ctx := r.Context()
	ch, err := s.cfg.Changes.Change(ctx, r.Who, r.PathValue("ref"))
	if err != nil {
		return err
	}
	path := "/changes/" + ch.Ref()
	v := ui.RecordView{Crumbs: []ui.Link{{Text: "Changes", Href: "/changes"}, {Text: ch.Ref()}}, Title: ch.Title, Outcome: outcome(ch.Outcome), State: manner(ch), Zone: "times in " + r.Words.Zone.String(), FactsOf: "About this change"}
	v.Line = []string{ch.Repository, "landed " + r.Words.At(ch.At).Text}
	if ch.Kind == landing.Manual {
		v.Line[1] = "asked for " + r.Words.At(ch.At).Text
	}
	if ch.Address != "" {
		v.Links = append(v.Links, ui.Link{Text: fmt.Sprintf("Request %d at the forge", ch.Request), Href: ch.Address})
	}
	v.Blocks = append(v.Blocks, ui.Block{ID: "answers", Title: "What holds", Meta: "derived from what was seen; nobody typed it", Table: held(ch.Attributes)})
	v.Blocks = append(v.Blocks, said(r, ch.Answers)...)
	if ch.Text != "" {
		v.Blocks = append(v.Blocks, ui.Block{ID: "text", Title: "What is asked for", Text: strings.Split(ch.Text, "\n")})
	}
	if ch.Kind != landing.Manual {
		approvals := &ui.Table{Caption: "Approvals", Columns: []ui.Column{{Text: "By"}, {Text: "When"}, {Text: "Of commit"}, {Text: "Counts"}}}
		for _, a := range ch.Approvals {
			c := ui.Cell{Text: "yes"}
			if !a.Counts {
				c = ui.Cell{Text: "no: " + a.Why, Bad: true}
			}
			approvals.Rows = append(approvals.Rows, ui.TableRow{Head: ui.Link{Text: screen.OrElse(a.By.Name, a.By.Key)}, Cells: []ui.Cell{{Moment: r.Words.At(a.At)}, {Text: short(a.Commit), Mono: true}, c}})
		}
		checks := &ui.Table{Caption: "Checks", Columns: []ui.Column{{Text: "Check"}, {Text: "Result"}, {Text: "When"}, {Text: "On commit"}}}
		for _, c := range ch.Checks {
			checks.Rows = append(checks.Rows, ui.TableRow{Head: ui.Link{Text: c.Name, Href: c.URL}, Cells: []ui.Cell{{Text: c.State, Bad: c.State == "failure"}, {Moment: r.Words.At(c.At)}, {Text: short(c.Commit), Mono: true}}})
		}
		commits := &ui.Table{Caption: "Commits", Columns: []ui.Column{{Text: "Commit"}, {Text: "What"}}}
		for _, sha := range ch.Commits {
			what := "brought by it"
			if sha == ch.Landed {
				what = "landed on the production branch"
			}
			commits.Rows = append(commits.Rows, ui.TableRow{Head: ui.Link{Text: sha}, Mono: true, Cells: []ui.Cell{{Text: what}}})
		}
		meta := ui.Many(ch.Lines, "commit", "commits")
		if ch.Lines > len(ch.Commits) {
			meta += fmt.Sprintf(", %d of them shown", len(ch.Commits))
		}
		v.Blocks = append(v.Blocks, ui.Block{ID: "approvals", Title: "Approvals", Table: approvals, None: "None was received."}, ui.Block{ID: "checks", Title: "Checks", Table: checks, None: "No result was received for what landed."},
			ui.Block{ID: "commits", Title: "Commits", Meta: meta, Table: commits})
		deployments := &ui.Table{Caption: "Deployments", Columns: []ui.Column{{Text: "Deployment"}, {Text: "Repository"}, {Text: "Environment"}, {Text: "Deployed"}, {Text: "By"}, {Text: "Changes", N: true}, {Text: "Outcome"}}}
		for _, ref := range ch.Deployments {
			d, err := s.cfg.Changes.Deployment(ctx, r.Who, ref)
			if err != nil {
				return err
			}
			deployments.Rows = append(deployments.Rows, deploymentRow(r, d))
		}
		v.Blocks = append(v.Blocks, ui.Block{ID: "deployments", Title: "Deployments", Table: deployments, None: "No deployment is known that holds it."})
	}
	if len(ch.Paths) > 0 {
		v.Blocks = append(v.Blocks, ui.Block{ID: "paths", Title: "Paths", Meta: strings.Join(ch.Classes, ", "), Code: strings.Join(ch.Paths, "\n")})
	}
	if err := s.tokens(r, ch, &v); err != nil {
		return err
	}
	forms, err := s.forms(r, ch, path)
	if err != nil {
		return err
	}
	for i := range forms {
		if forms[i].ID == form {
			t.Fill(&forms[i])
		}
	}
	if len(forms) > 0 {
		v.Blocks = append(v.Blocks, ui.Block{ID: "do", Title: "What you can do", Forms: forms})
	}
	v.Facts = []ui.Fact{{Term: "Number", Text: ch.Ref(), Mono: true}, {Term: "Authors", Text: screen.OrElse(listed(ch.Authors), "not known")}, {Term: "Merged or made by", Text: screen.OrElse(screen.OrElse(ch.Merger.Name, ch.Merger.Key), "not known")}}
	for _, x := range []ui.Fact{{Term: "Commit", Text: ch.Landed, Mono: true}, {Term: "Tickets", Text: strings.Join(ch.Tickets, ", ")}, {Term: "Reverts", Text: strings.Join(ch.Reverts, ", "), Mono: true}, {Term: "Picked from", Text: strings.Join(ch.Picked, ", "), Mono: true},
		{Term: "Emergency", Text: ch.Emergency}, {Term: "Review due", Text: due(r, ch)}, {Term: "Standard change", Text: ch.Standard}, {Term: "Hosts", Text: strings.Join(ch.Hosts, ", ")}} {
		if x.Text != "" {
			v.Facts = append(v.Facts, x)
		}
	}
	v.Facts = append(v.Facts, ui.Fact{Term: "Version of this answer", Text: fmt.Sprint(ch.Version)}, ui.Fact{Term: "In the ledger", Links: []ui.Link{screen.EntryLink(ch.Entry, ch.Index)}})
	return r.Render(w, t.Status(), ui.Record(r.Shell(w, ch.Ref()+" "+ch.Title, section, page), v))
}

// due says by when an emergency is reviewed, while it is not.
func due(r *screen.Request, ch *landing.Change) string {
	if ch.Due.IsZero() || ch.Attribute(landing.Approved).Outcome == landing.Pass {
		return ""
	}
	return r.Words.Full(ch.Due)
}

func (s *site) tokens(r *screen.Request, ch *landing.Change, v *ui.RecordView) error {
	all, err := s.cfg.Changes.Tokens(r.Context(), r.Who, ch.Ref())
	if err != nil || len(all) == 0 {
		return err
	}
	t := &ui.Table{Caption: "Change tokens", Columns: []ui.Column{{Text: "Paths"}, {Text: "Hosts"}, {Text: "Until"}, {Text: "Token"}}}
	for _, x := range all {
		t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: strings.Join(x.Paths, ", ")}, Mono: true, Cells: []ui.Cell{{Text: strings.Join(x.Hosts, ", "), Mono: true}, {Moment: r.Words.At(time.Unix(x.Until, 0))}, {Text: x.Text, Mono: true}}})
	}
	v.Blocks = append(v.Blocks, ui.Block{ID: "tokens", Title: "Change tokens", Meta: "no secrets: whoever watches files verifies them offline", Table: t})
	return nil
}

// forms are what who looks may do with a change.
func (s *site) forms(r *screen.Request, ch *landing.Change, path string) ([]ui.Form, error) {
	var out []ui.Form
	word := func(do, summary, label, hint, button string, more ...ui.Field) {
		fields := append([]ui.Field{{Name: "do", Kind: "hidden", Value: do}, {Name: "text", Label: label, Hint: hint, Kind: "long", Must: true}}, more...)
		out = append(out, ui.Form{ID: do, Action: path, Summary: summary, Button: button, Fields: fields})
	}
	approved := ch.Attribute(landing.Approved)
	mine := false
	for _, a := range ch.Authors {
		mine = mine || a.Key == r.Who.UserID
	}
	switch {
	case ch.Kind == landing.Manual:
		if approved.Outcome == landing.NotObserved && r.May(access.ChangeApprove) {
			alone := false
			if mine {
				var err error
				if alone, err = s.cfg.Alone(r.Context(), r.Who, access.ChangeApprove); err != nil {
					return nil, err
				}
			}
			if !mine {
				word("approve", "Approve it", "What was looked at", "An auditor reads it.", "Approve")
			} else if alone {
				word("approve", "Approve it, as nobody else can", "What was looked at", "An auditor reads it.", "Approve", ui.Field{Name: "compensation", Label: "What stands in for a second person", Hint: "For example who from outside looks at it, and when.", Kind: "long", Must: true})
			}
			word("refuse", "Refuse it", "Why", "Whoever asked reads it.", "Refuse")
		}
		if ch.DeployedAt.IsZero() && approved.Outcome != landing.NotApplicable && r.May(access.ChangeReport) {
			word("done", "Say that it was done", "What was done", "It is held against what agents saw change.", "It was done")
		}
	case ch.Emergency == "" && r.May(access.ChangeAsk):
		word("emergency", "It was an emergency", "Why it could not wait", "Somebody who wrote none of it then reviews it afterwards.", "Declare an emergency")
	case ch.Emergency != "" && !mine && approved.Outcome != landing.Pass && r.May(access.ChangeApprove):
		word("review", "Review this emergency", "What was looked at and found", "An auditor reads it.", "Record the review")
	}
	unproven := ch.Attribute(landing.Route).Outcome == landing.NotObserved && len(ch.Answers) == 0
	f, may, err := s.answerForm(r, path, unproven || len(landing.Unanswered(ch.Attributes, ch.Answers)) > 0, mine || ch.Merger.Key == r.Who.UserID)
	if err != nil {
		return nil, err
	}
	if may {
		out = append(out, f)
	}
	if approved.Outcome == landing.Pass && r.May(access.ChangeApprove) {
		out = append(out, ui.Form{ID: "token", Action: path, Summary: "Sign a change token", Button: "Sign", Note: "Changes that it covers are expected where hosts are watched. It may ask once more who you are.", Fields: []ui.Field{{Name: "do", Kind: "hidden", Value: "token"},
			{Name: "hosts", Label: "Hosts", Hint: "Patterns of names, one on a line: web-*", Kind: "long", Must: true, Value: strings.Join(ch.Hosts, "\n")}, {Name: "paths", Label: "Paths", Hint: "Patterns, one on a line: /etc/nginx/**", Kind: "long", Must: true},
			{Name: "until", Label: "Last day", Kind: "date", Must: true}}})
	}
	return out, nil
}

// word takes one of the forms of a change. Each asks for its own action.
func (s *site) word(w http.ResponseWriter, r *screen.Request) error {
	ctx, ref, do, text := r.Context(), r.PathValue("ref"), r.PostFormValue("do"), r.PostFormValue("text")
	said := map[string]string{"emergency": "It counts as an emergency; somebody else reviews it.", "review": "The review is recorded.", "approve": "It is approved.", "refuse": "It is refused.", "done": "It is recorded as done.", "token": "The token is signed.", "answer": "What was looked at and done is recorded."}[do]
	var err error
	switch do {
	case "emergency":
		_, err = s.cfg.Changes.DeclareEmergency(ctx, r.Who, ref, text)
	case "review":
		_, err = s.cfg.Changes.Review(ctx, r.Who, ref, text)
	case "approve":
		_, err = s.cfg.Changes.ApproveAsked(ctx, r.Who, ref, text, r.PostFormValue("compensation"))
	case "refuse":
		_, err = s.cfg.Changes.RefuseAsked(ctx, r.Who, ref, text)
	case "done":
		_, err = s.cfg.Changes.DoneAsked(ctx, r.Who, ref, text)
	case "answer":
		err = s.cfg.Changes.AnswerFor(ctx, r.Who, ref, text, r.PostFormValue("compensation"))
	case "token":
		var until time.Time
		if until, err = r.LastMoment(r.PostFormValue("until"), "until"); err == nil {
			_, err = s.cfg.Changes.MakeToken(ctx, r.Who, change.Permit{Change: ref, Hosts: screen.Listed(r.PostFormValue("hosts")), Paths: screen.Listed(r.PostFormValue("paths")), Until: until})
		}
	default:
		err = fault.New(fault.NotFound, "a change has no %q", do)
	}
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.show(w, r, t, do)
	}
	return r.Done(w, said, "/changes/"+ref)
}

func (s *site) askForm(w http.ResponseWriter, r *screen.Request) error { return s.asking(w, r, nil) }

func (s *site) asking(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	v := ui.FormView{Crumbs: []ui.Link{{Text: "Changes", Href: "/changes"}, {Text: "Ask for a change"}}, Title: "Ask for a change by hand", Note: "For work on hosts and databases that no repository holds. Somebody else approves it before it is done.",
		Form: ui.Form{ID: "ask", Action: "/changes/ask", Button: "Ask for it", Fields: []ui.Field{{Name: "title", Label: "What is to change", Must: true}, {Name: "text", Label: "What is to be done, and how it is taken back", Kind: "long", Must: true},
			{Name: "hosts", Label: "Hosts", Hint: "Names or patterns, one on a line: db-01, web-*", Kind: "long"}, {Name: "paths", Label: "Paths", Hint: "Absolute paths or patterns that it touches, one on a line", Kind: "long"}}},
		Side: []ui.Block{{ID: "then", Title: "What happens then", Text: []string{"Somebody who may approve changes and did not ask approves or refuses it.", "Once approved, a change token can be signed for it, so that watched hosts expect the change.", "When it is done, say so: what agents saw change around then is held against it."}}}}
	t.Fill(&v.Form)
	return r.Render(w, t.Status(), ui.FormPage(r.Shell(w, "Ask for a change", section, page), v))
}

func (s *site) ask(w http.ResponseWriter, r *screen.Request) error {
	ch, err := s.cfg.Changes.Ask(r.Context(), r.Who, change.Ask{Title: r.PostFormValue("title"), Text: r.PostFormValue("text"), Hosts: screen.Listed(r.PostFormValue("hosts")), Paths: screen.Listed(r.PostFormValue("paths"))})
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.asking(w, r, t)
	}
	return r.Done(w, ch.Ref()+" waits for somebody else's approval.", "/changes/"+ch.Ref())
}
