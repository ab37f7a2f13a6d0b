package risks

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/register"
	"github.com/attesta/attesta/internal/program/risk"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// assessments answers: when did we last look at all of it, and when next?
func (s *site) assessments(w http.ResponseWriter, r *screen.Request) error {
	return s.showAssessments(w, r, nil)
}

func (s *site) showAssessments(w http.ResponseWriter, r *screen.Request, t *screen.Typed) error {
	all, err := s.cfg.Risks.Assessments(r.Context(), r.Who)
	if err != nil {
		return err
	}
	y, err := s.cfg.Risks.Yearly(r.Context())
	if err != nil {
		return err
	}
	v := ui.ListView{Crumbs: []ui.Link{{Text: "Risks", Href: "/risks"}, {Text: "Yearly assessment"}}, Title: "The yearly assessment", Note: "All risks at once, with fraud and significant change, dated and closed by somebody who did not begin it.", None: "None was begun yet.",
		Table: ui.Table{Caption: "Assessments, newest first", Columns: []ui.Column{{Text: "Assessment"}, {Text: "State"}, {Text: "As of"}, {Text: "Scope"}, {Text: "Took part", N: true}, {Text: "Evidence"}}}}
	switch {
	case y.Last == nil:
		v.Title = "No yearly assessment was closed yet"
	case y.Late:
		v.Title = "The yearly assessment is late: it was due by " + r.Words.Date(y.Due.Time())
	default:
		v.Title = "The yearly assessment is of " + r.Words.Date(y.Last.Day.Time()) + "; the next is due by " + r.Words.Date(y.Due.Time())
	}
	for _, a := range all {
		ev := ui.Cell{Text: "not filed", Muted: true}
		if a.Evidence != "" {
			ev = ui.Cell{Links: []ui.Link{{Text: a.Evidence, Href: "/evidence/" + a.Evidence}}}
		}
		v.Table.Rows = append(v.Table.Rows, ui.TableRow{Head: ui.Link{Text: a.Title, Href: "/risk-assessments/" + a.Ref}, Meta: a.Ref, Cells: []ui.Cell{{Text: a.State()}, {Text: string(a.Day)}, {Text: fmt.Sprintf("version %d", a.Scope)}, {Text: fmt.Sprint(len(a.Participants)), N: true}, ev}})
	}
	if r.May(access.RiskEdit) && y.Open == nil {
		today, err := s.cfg.Risks.Today(r.Context())
		if err != nil {
			return err
		}
		v.Form = ui.Form{ID: "open", Action: "/risk-assessments", Summary: "Begin a yearly assessment", Button: "Begin it", Open: len(all) == 0,
			Fields: []ui.Field{{Name: "title", Label: "What is it called?", Value: "Yearly assessment of risks " + string(today)[:4], Must: true}, {Name: "day", Label: "As of", Kind: "date", Value: string(today), Must: true}, screen.LongField("participants", "Who takes part", "One on a line, with their role: heads of the units that the scope names.", true)}}
		t.Fill(&v.Form)
	}
	return r.Render(w, t.Status(), ui.List(r.Shell(w, "Yearly assessment of risks", "Organise", "Risks"), v))
}

// openAssessment begins one.
func (s *site) openAssessment(w http.ResponseWriter, r *screen.Request) error {
	in := risk.OpenAssessment{}
	err := screen.Decode(r.PostForm, &in, r.Words.Zone, "participants")
	var a risk.AssessmentState
	if err == nil {
		a, err = s.cfg.Risks.OpenAssessment(r.Context(), r.Who, in)
	}
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showAssessments(w, r, t)
	}
	return r.Done(w, a.Ref+" is begun.", "/risk-assessments/"+a.Ref)
}

var assessing = map[string]func() register.Change[risk.Assessment, risk.World]{
	"answer": func() register.Change[risk.Assessment, risk.World] { return &risk.AnswerTopic{} }, "join": func() register.Change[risk.Assessment, risk.World] { return &risk.Join{} },
	"call-off": func() register.Change[risk.Assessment, risk.World] { return &risk.CallOff{} }, "close": func() register.Change[risk.Assessment, risk.World] { return &risk.CloseAssessment{} },
}

// recordAssessment does what a form of an assessment's page says.
func (s *site) recordAssessment(w http.ResponseWriter, r *screen.Request) error {
	ref, name := r.PathValue("ref"), r.PathValue("verb")
	verb, topic, _ := strings.Cut(name, "-topic-")
	var a risk.AssessmentState
	var err error
	if name == "file" {
		a, err = s.cfg.Risks.FileAssessment(r.Context(), r.Who, ref)
	} else {
		make, known := assessing[verb]
		if !known {
			return fault.New(fault.NotFound, "nothing of an assessment is called %q", name)
		}
		c := make()
		if err = screen.Decode(r.PostForm, c, r.Words.Zone, "participants"); err == nil {
			if x, ok := c.(*risk.AnswerTopic); ok {
				x.Topic = topic
			}
			a, err = s.cfg.Risks.RecordAssessment(r.Context(), r.Who, ref, c)
		}
	}
	if err != nil {
		t, err := r.WrongForm(err)
		if err != nil {
			return err
		}
		return s.showAssessment(w, r, name, t)
	}
	return r.Done(w, screen.Sentence(a.History[len(a.History)-1].Text), "/risk-assessments/"+a.Ref)
}

// assessment answers: what was found, and what is still missing?
func (s *site) assessment(w http.ResponseWriter, r *screen.Request) error {
	return s.showAssessment(w, r, "", nil)
}

func (s *site) showAssessment(w http.ResponseWriter, r *screen.Request, which string, t *screen.Typed) error {
	a, err := s.cfg.Risks.Assessment(r.Context(), r.Who, r.PathValue("ref"))
	if err != nil {
		return err
	}
	var people []string
	for _, e := range a.History {
		people = append(people, e.Made.By)
	}
	names, path := r.Names(people), "/risk-assessments/"+a.Ref
	v := ui.RecordView{Crumbs: []ui.Link{{Text: "Risks", Href: "/risks"}, {Text: "Yearly assessment", Href: "/risk-assessments"}, {Text: a.Ref}}, Title: a.Title, State: a.State, Line: []string{a.Ref, "as of " + string(a.Day), fmt.Sprintf("version %d of the scope", a.Scope)}, FactsOf: "This assessment", Zone: "times in " + r.Words.Zone.String()}
	for _, e := range slices.Backward(a.History) {
		v.History = append(v.History, ui.Step{At: r.Words.At(e.Made.At), Text: e.Text, By: "by " + screen.Who(names, e.Made.By), Entry: screen.EntryLink(e.Made.Entry, e.Made.Index)})
	}
	v.Facts = []ui.Fact{{Term: "Took part", Text: strings.Join(a.Participants, "; ")}}
	if a.Since != "" {
		v.Facts = append(v.Facts, ui.Fact{Term: "The one before closed on", Text: string(a.Since)})
	}
	open := a.State == "open"
	if open {
		v.Blocks = append(v.Blocks, s.missing(a), s.changed(a))
	} else if a.Called != "" {
		v.Notice = "Called off: " + a.Called
	} else {
		b := ui.Block{ID: "text", Title: "What was found", Meta: "frozen when it closed", Code: a.Text, Facts: []ui.Fact{{Term: "SHA-256 of the text above", Text: a.Digest, Mono: true}}}
		switch {
		case a.Evidence != "":
			b.Links = []ui.Link{{Text: "Filed as evidence " + a.Evidence, Href: "/evidence/" + a.Evidence}}
		default:
			v.Notice, v.Warn = screen.Sentence("It does not lie among evidence yet. "+a.Unfiled), true
			b.Forms = screen.Forms(r, path, which, t, screen.Verb{Name: "file", Action: access.EvidenceAdd, Button: "File it as evidence"})
		}
		v.Blocks = append(v.Blocks, b)
	}
	v.Blocks = append(v.Blocks, s.answers(r, a, names, which, t)...)
	if open {
		b := ui.Block{ID: "close", Title: "Close it", Text: []string{"Somebody who did not begin it closes it. What it says is frozen then and filed as evidence."}}
		if len(a.Missing) == 0 {
			f := screen.Verb{Name: "close", Action: access.RiskApprove, Button: "Close the assessment", Fields: []ui.Field{screen.LongField("conclusion", "What management concludes, and what follows", "", true)}}.Form(r, path)
			if f.Action != "" {
				if err := screen.Compensated(r, &f, a.Begun.By, access.RiskApprove, s.alone(r)); err != nil {
					return err
				}
				if which == "close" {
					t.Fill(&f)
				}
				b.Forms = append(b.Forms, f)
			}
		} else {
			b.Text = append(b.Text, "It cannot close yet: "+ui.Many(len(a.Missing), "thing is", "things are")+" missing.")
		}
		b.Forms = append(b.Forms, screen.Forms(r, path, which, t, screen.Verb{Name: "join", Action: access.RiskEdit, Button: "Record them", Open: "Change who takes part", Fields: []ui.Field{{Name: "participants", Label: "Who takes part", Hint: "One on a line, with their role.", Kind: "long", Value: strings.Join(a.Participants, "\n"), Must: true}}},
			screen.Verb{Name: "call-off", Action: access.RiskEdit, Button: "Call it off", Open: "Call it off", Danger: true, Fields: []ui.Field{screen.LongField("why", "Why it is called off", "", true)}})...)
		v.Blocks = append(v.Blocks, b)
	}
	return r.Render(w, t.Status(), ui.Record(r.Shell(w, a.Title, "Organise", "Risks"), v))
}

func (s *site) missing(a risk.AssessmentState) ui.Block {
	t := ui.Table{Caption: "What is missing before it can close", Columns: []ui.Column{{Text: "Missing"}}}
	for _, m := range a.Missing {
		row := ui.TableRow{Head: ui.Link{Text: m}}
		if ref, _, _ := strings.Cut(strings.TrimSuffix(m, ":"), " "); strings.HasPrefix(ref, "R-") {
			row.Head.Href = "/risks/" + strings.TrimSuffix(ref, ":")
		}
		t.Rows = append(t.Rows, row)
	}
	return ui.Block{ID: "missing", Title: "What is missing", Meta: ui.Many(len(a.Missing), "thing", "things"), Table: &t, None: "Nothing: it can close."}
}

func (s *site) changed(a risk.AssessmentState) ui.Block {
	t := ui.Table{Caption: "What changed since the one before", Columns: []ui.Column{{Text: "What"}, {Text: "How"}}}
	for _, x := range a.Elsewhere {
		t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: "Beside the register"}, Cells: []ui.Cell{{Text: screen.Capital(x)}}})
	}
	for _, d := range a.Changed {
		t.Rows = append(t.Rows, ui.TableRow{Head: ui.Link{Text: d.Ref + " " + d.Title, Href: "/risks/" + d.Ref}, Cells: []ui.Cell{{Text: screen.Capital(d.Text), Tag: d.What}}})
	}
	b := ui.Block{ID: "changed", Title: "What changed since", Meta: "since the assessment before", Table: &t, None: "Nothing that is known here."}
	if a.Since == "" {
		b.Meta = "this is the first assessment"
	}
	return b
}

// answers gives a block for each criterion with its questions.
func (s *site) answers(r *screen.Request, a risk.AssessmentState, names map[string]string, which string, t *screen.Typed) []ui.Block {
	var out []ui.Block
	titles := map[string]string{"CC3.3": "Fraud", "CC3.4": "Significant change"}
	for _, topic := range s.cfg.Risks.Scale().Topics {
		if len(out) == 0 || out[len(out)-1].ID != strings.ToLower(strings.ReplaceAll(topic.Criterion, ".", "-")) {
			out = append(out, ui.Block{ID: strings.ToLower(strings.ReplaceAll(topic.Criterion, ".", "-")), Title: screen.OrElse(titles[topic.Criterion], topic.Criterion), Meta: topic.Criterion,
				Table: &ui.Table{Caption: "Questions of " + topic.Criterion, Columns: []ui.Column{{Text: "Question"}, {Text: "Answer"}, {Text: "Risks that follow"}}}})
		}
		b := &out[len(out)-1]
		x, answered := a.Answers[topic.ID]
		answer, follow := ui.Cell{Text: "not answered", Bad: a.State == "open", Muted: a.State != "open"}, ui.Cell{}
		if answered {
			answer, follow = ui.Cell{Text: x.Text, Meta: string(x.Made.Day) + " by " + screen.Who(names, x.Made.By)}, ui.Cell{Text: "none", Muted: true}
			if len(x.Risks) > 0 {
				follow = ui.Cell{}
				for _, ref := range x.Risks {
					follow.Links = append(follow.Links, ui.Link{Text: ref, Href: "/risks/" + ref})
				}
			}
		}
		b.Table.Rows = append(b.Table.Rows, ui.TableRow{Head: ui.Link{Text: topic.Ask}, Cells: []ui.Cell{answer, follow}})
		if a.State == "open" {
			b.Forms = append(b.Forms, screen.Forms(r, "/risk-assessments/"+a.Ref, which, t, screen.Verb{Name: "answer-topic-" + topic.ID, Action: access.RiskEdit, Button: "Record the answer", Open: "Answer: " + topic.Ask, Note: topic.Why,
				Fields: []ui.Field{{Name: "text", Label: "What was found", Kind: "long", Value: x.Text, Must: true}, {Name: "risks", Label: "Risks that follow", Hint: "Such as R-3, R-7. None: the text says why.", Value: screen.Joined(x.Risks)}}})...)
		}
	}
	return out
}
