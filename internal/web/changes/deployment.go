package changes

import (
	"net/http"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/program/landing"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// held is a table of attributes.
func held(all []landing.Attribute) *ui.Table {
	t := &ui.Table{Caption: "Answers", Columns: []ui.Column{{Text: "Question"}, {Text: "Answer"}, {Text: "Why"}, {Text: "Read from"}}}
	for _, a := range all {
		t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: landing.Title(a.Name)}, Cells: []ui.Cell{{Outcome: outcome(a.Outcome)}, {Text: screen.Sentence(a.Reason)}, {Text: a.Source, Muted: true}}})
	}
	return t
}

// said is the words of people on what does not hold; nil where nobody said any.
func said(r *screen.Request, all []landing.Answer) []ui.Block {
	if len(all) == 0 {
		return nil
	}
	t := &ui.Table{Caption: "What people said", Columns: []ui.Column{{Text: "By"}, {Text: "When"}, {Text: "About"}, {Text: "What was looked at and done"}}}
	for _, a := range all {
		about := make([]string, len(a.About))
		for i, name := range a.About {
			about[i] = screen.OrElse(landing.Title(name), "In another environment before")
		}
		t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: screen.OrElse(a.By.Name, a.By.Key)}, Cells: []ui.Cell{{Moment: r.Words.At(a.At)}, {Text: strings.Join(about, "; ")}, {Text: a.Text}}})
	}
	return []ui.Block{{ID: "said", Title: "What people said of it", Meta: "it changes no answer above", Table: t}}
}

// answerForm is the form with which somebody answers for what does not hold;
// false where there is nothing to answer for, or this is not theirs to do.
func (s *site) answerForm(r *screen.Request, action string, open, mine bool) (ui.Form, bool, error) {
	if !open || !r.May(access.ChangeApprove) {
		return ui.Form{}, false, nil
	}
	f := ui.Form{ID: "answer", Action: action, Summary: "Answer for what does not hold", Button: "Record it", Note: "No answer above changes. The finding of the repository closes once nothing of it waits.",
		Fields: []ui.Field{{Name: "do", Kind: "hidden", Value: "answer"}, {Name: "text", Label: "What was looked at, found and done", Hint: "10 to 500 letters; an auditor reads it.", Kind: "long", Must: true}}}
	if mine {
		alone, err := s.cfg.Alone(r.Context(), r.Who, access.ChangeApprove)
		if err != nil || !alone {
			return ui.Form{}, false, err
		}
		f.Fields = append(f.Fields, ui.Field{Name: "compensation", Label: "Nobody else can answer for it: what stands in for a second person", Kind: "long", Must: true})
	}
	return f, true, nil
}

func (s *site) deployment(w http.ResponseWriter, r *screen.Request) error {
	return s.showDeployment(w, r, nil)
}

func (s *site) showDeployment(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	d, err := s.cfg.Changes.Deployment(r.Context(), r.Who, r.PathValue("ref"))
	if err != nil {
		return err
	}
	path := "/changes/deployments/" + d.Ref()
	v := ui.RecordView{Crumbs: []ui.Link{{Text: "Changes", Href: "/changes"}, {Text: "Deployments", Href: "/changes/deployments"}, {Text: d.Ref()}}, Title: short(d.Commit) + " to " + d.Environment, Outcome: outcome(d.Outcome),
		Line: []string{d.Repository, "deployed " + r.Words.At(d.At).Text}, Zone: "times in " + r.Words.Zone.String(), FactsOf: "About this deployment"}
	if d.State == "failure" {
		v.State = "it failed"
	}
	v.Blocks = append(v.Blocks, ui.Block{ID: "answers", Title: "What holds", Meta: "derived from what was seen; nobody typed it", Table: held(d.Attributes)})
	v.Blocks = append(v.Blocks, said(r, d.Answers)...)
	changes := &ui.Table{Caption: "Changes that it brought first", Columns: []ui.Column{{Text: "Change"}, {Text: "Landed"}, {Text: "Outcome"}}}
	for _, ref := range d.Changes[:min(len(d.Changes), 20)] {
		ch, err := s.cfg.Changes.Change(r.Context(), r.Who, ref)
		if err != nil {
			return err
		}
		changes.Rows = append(changes.Rows, ui.TableRow{Head: ui.Link{Text: ref + " " + ch.Title, Href: "/changes/" + ref}, Meta: manner(ch), Cells: []ui.Cell{{Moment: r.Words.At(ch.At)}, {Outcome: outcome(ch.Outcome)}}})
	}
	meta := ""
	if d.Brought > len(changes.Rows) {
		meta = ui.Number(len(changes.Rows)) + " of " + ui.Number(d.Brought)
	}
	v.Blocks = append(v.Blocks, ui.Block{ID: "changes", Title: "Changes that it brought first", Meta: meta, Table: changes, None: "None: it had been deployed before, or it is not on the production branch."})
	open := len(landing.Unanswered(d.Attributes, d.Answers)) > 0
	f, may, err := s.answerForm(r, path, open, d.By.Key == r.Who.UserID)
	if err != nil {
		return err
	}
	if may {
		t.Fill(&f)
		v.Blocks = append(v.Blocks, ui.Block{ID: "do", Title: "What you can do", Forms: []ui.Form{f}})
	}
	v.Facts = []ui.Fact{{Term: "Number", Text: d.Ref(), Mono: true}, {Term: "Commit", Text: d.Commit, Mono: true}, {Term: "Environment", Text: d.Environment}, {Term: "By", Text: screen.OrElse(listed([]landing.Person{d.By}), "not known")}, {Term: "Read from", Text: d.From}}
	if len(d.Hosts) > 0 {
		v.Facts = append(v.Facts, ui.Fact{Term: "Hosts", Text: strings.Join(d.Hosts, ", ")})
	}
	if d.Link != "" {
		v.Links = append(v.Links, ui.Link{Text: "Its run", Href: d.Link})
	}
	v.Facts = append(v.Facts, ui.Fact{Term: "In the ledger", Links: []ui.Link{screen.EntryLink(d.Entry, d.Index)}})
	return r.Render(w, t.Status(), ui.Record(r.Shell(w, d.Ref()+" "+d.Environment, section, page), v))
}

func (s *site) answerDeployment(w http.ResponseWriter, r *screen.Request) error {
	ref := r.PathValue("ref")
	if err := s.cfg.Changes.AnswerFor(r.Context(), r.Who, ref, r.PostFormValue("text"), r.PostFormValue("compensation")); err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showDeployment(w, r, t)
	}
	return r.Done(w, "What was looked at and done is recorded.", "/changes/deployments/"+ref)
}
