package questions

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/program/question"
	"github.com/attesta/attesta/internal/program/scope"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

func sentence(s string) string { return screen.Sentence(s) }

// ask shows a questionnaire with what was answered.
func (s *site) ask(w http.ResponseWriter, r *screen.Request) error {
	return s.showAsk(w, r, nil, nil)
}

func (s *site) showAsk(w http.ResponseWriter, r *screen.Request, typed question.Answers, wrong *fault.Error) error {
	id := r.PathValue("id")
	q, err := s.cfg.Questions.Book().Get(id)
	if err != nil {
		return err
	}
	history, err := s.cfg.Questions.History(r.Context(), r.Who, id)
	if err != nil {
		return err
	}
	v := askView{ID: id, Title: q.Title, Intro: q.Intro, Base: "0", Edit: r.May(access.DataEdit), Other: ui.Link{Text: "Do we need a report?", Href: "/questions/need"}}
	if id == question.Need {
		v.Other = ui.Link{Text: "First questions", Href: "/questions/first"}
	}
	answers := question.Answers{}
	if n := len(history); n > 0 {
		last := history[n-1]
		answers, v.Base, v.Result = last.Answers, strconv.Itoa(last.Version), true
		v.Version = fmt.Sprintf("Version %d of the answers, %s, by %s.", last.Version, r.Words.Date(last.Made.At), screen.Who(r.Names([]string{last.Made.By}), last.Made.By))
		if n > 1 {
			v.Changes = q.Diff(history[n-2].Answers, last.Answers)
		}
	}
	status := http.StatusOK
	if typed != nil {
		answers, v.Base, status = typed, r.PostFormValue("base"), http.StatusUnprocessableEntity
	}
	for _, sec := range q.Sections {
		out := askSection{Title: sec.Title}
		for _, x := range sec.Questions {
			one := askQuestion{Question: x, Answer: answers[x.ID]}
			if wrong != nil && wrong.Field == x.ID {
				one.Problem = problem(wrong)
			}
			out.Questions = append(out.Questions, one)
		}
		v.Sections = append(v.Sections, out)
	}
	if wrong != nil {
		v.Problem = problem(wrong)
	}
	return r.Render(w, status, askPage(r.Shell(w, q.Title, "Comply", "First questions"), v))
}

func problem(f *fault.Error) string {
	out := screen.Sentence(f.Message)
	if f.Hint != "" {
		out += " " + screen.Sentence(f.Hint)
	}
	return out
}

// answer keeps answers as the next version.
func (s *site) answer(w http.ResponseWriter, r *screen.Request) error {
	id := r.PathValue("id")
	q, err := s.cfg.Questions.Book().Get(id)
	if err != nil {
		return err
	}
	answers := question.Answers{}
	for _, x := range q.Questions() {
		var a question.Answer
		if x.Kind == question.One || x.Kind == question.Many {
			for _, v := range r.PostForm["q-"+x.ID] {
				switch v {
				case "-unknown":
					a.Unknown = true
				case "":
				default:
					a.Values = append(a.Values, v)
				}
			}
		} else {
			a.Text = r.PostFormValue("q-" + x.ID)
		}
		a.Unknown = a.Unknown || r.PostFormValue("u-"+x.ID) == "yes"
		answers[x.ID] = a
	}
	base, err := strconv.Atoi(r.PostFormValue("base"))
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "the form does not say which answers it began from")
	}
	_, err = s.cfg.Questions.Answer(r.Context(), r.Who, id, base, answers)
	var f *fault.Error
	switch {
	case err == nil:
		return r.Done(w, "Your answers are kept. This is what follows from them.", "/questions/"+id+"/result")
	case fault.Is(err, fault.Conflict) && strings.HasSuffix(err.Error(), "already"):
		return r.Done(w, "Nothing was changed.", "/questions/"+id+"/result")
	case errors.As(err, &f) && (f.Kind == fault.Invalid || f.Kind == fault.Conflict):
		return s.showAsk(w, r, answers, f)
	}
	return err
}

func title(s string) string { return screen.Capital(strings.ReplaceAll(s, "_", " ")) }

// result answers: what follows from the first questions?
func (s *site) result(w http.ResponseWriter, r *screen.Request) error {
	got, err := s.cfg.Questions.Result(r.Context(), r.Who)
	if err != nil {
		return err
	}
	v := resultView{Title: fmt.Sprintf("%d of %d questions are answered", got.Known, got.Asked), Draft: r.May(access.ScopeEdit) && got.Known > 0, Keep: r.May(access.DataEdit), Adopt: r.May(access.ControlEdit), Open: got.Open,
		Note: "All of it is a suggestion: you decide what to take. Answers count for nothing by themselves; what counts is what checks and evidence show."}
	verdict := map[question.Verdict]string{question.In: "examine it", question.Out: "leave it out", question.Open: "not known yet"}
	for _, c := range got.Categories {
		one := resultCategory{Name: title(string(c.Category)), Verdict: verdict[c.Verdict], Bad: c.Verdict == question.Open}
		for _, why := range c.Reasons {
			one.Reasons = append(one.Reasons, screen.Sentence("Because "+why))
		}
		v.Categories = append(v.Categories, one)
	}
	sets, err := s.cfg.Questions.Inventory(r.Context(), r.Who)
	if err != nil {
		return err
	}
	for _, d := range got.Data {
		one := ui.Tick{Name: "data", Value: d.Name, Chosen: true, Head: ui.Link{Text: d.Name}, Lines: []string{fmt.Sprintf("%s: %s. Kept: %s. Its owner is yours to name.", title(string(d.Classification)), d.Classification.What(), strings.TrimSuffix(d.Retention, "."))}}
		if i := slices.IndexFunc(sets, func(x question.Data) bool { return strings.EqualFold(x.Now().Name, d.Name) }); i >= 0 {
			one = ui.Tick{Head: one.Head, Is: ui.Link{Text: sets[i].Ref(), Href: "/data/" + sets[i].Ref()}, IsNote: "is in the inventory"}
		} else {
			v.DataLeft++
		}
		v.Data = append(v.Data, one)
	}
	v.Accounts = ui.Table{Caption: "Who has access", Columns: []ui.Column{{Text: "Who"}, {Text: "Kind"}, {Text: "What they reach"}}}
	for _, a := range got.Accounts {
		reach := ui.Cell{Text: a.Reach}
		if a.Reach == "" {
			reach = ui.Cell{Text: "not said", Bad: true}
		}
		v.Accounts.Rows = append(v.Accounts.Rows, ui.TableRow{Head: ui.Link{Text: a.Who}, Cells: []ui.Cell{{Text: kindWords(a.Kind)}, reach}})
	}
	if err := s.resultControls(r, got, &v); err != nil {
		return err
	}
	return r.Render(w, http.StatusOK, resultPage(r.Shell(w, "What follows from the first questions", "Comply", "First questions"), v))
}

func kindWords(kind string) string {
	return map[string]string{"staff": "staff", "support": "support", "vendor": "vendor", "service": "service account"}[kind]
}

func (s *site) resultControls(r *screen.Request, got question.Result, v *resultView) error {
	p, err := s.cfg.Controls.Program(r.Context(), r.Who)
	if err != nil {
		return err
	}
	used := map[string]control.Version{}
	for i := range p.Controls {
		if x, in := p.Controls[i].At(r.Now, -1); in {
			used[p.Controls[i].Slug] = x
		}
	}
	for _, h := range got.Controls {
		d, ok := s.cfg.Controls.Library().Design(h.Control)
		if !ok {
			continue
		}
		because := "Because: " + strings.Join(h.Because, "; ") + "."
		one := ui.Tick{Name: "control", Value: h.Control, Chosen: true, Head: ui.Link{Text: d.Title}, Lines: []string{because}}
		if x, in := used[h.Control]; in {
			state := "In use, approved. "
			if x.State == control.Draft {
				state = "In use as a draft. "
			}
			one = ui.Tick{Head: ui.Link{Text: d.Title, Href: "/controls/" + h.Control}, Lines: []string{state + because}}
		} else {
			v.ControlsLeft++
		}
		v.Controls = append(v.Controls, one)
	}
	return nil
}

func (s *site) toScope(w http.ResponseWriter, r *screen.Request) error {
	v, err := s.cfg.Questions.ToScope(r.Context(), r.Who)
	return s.drafted(w, r, v, err, "/questions/first/result")
}

func (s *site) windowToScope(w http.ResponseWriter, r *screen.Request) error {
	v, err := s.cfg.Questions.WindowToScope(r.Context(), r.Who)
	return s.drafted(w, r, v, err, "/questions/need/result")
}

func (s *site) drafted(w http.ResponseWriter, r *screen.Request, v scope.Version, err error, back string) error {
	if fault.Is(err, fault.Conflict) {
		message, _ := fault.Public(err)
		return r.Done(w, screen.Sentence(message), back)
	}
	if err != nil {
		return err
	}
	return r.Done(w, fmt.Sprintf("Version %d of the scope is a draft. It holds once somebody approved it.", v.Version), "/scope")
}

func (s *site) takeData(w http.ResponseWriter, r *screen.Request) error {
	got, err := s.cfg.Questions.Result(r.Context(), r.Who)
	if err != nil {
		return err
	}
	var list []question.DataSet
	for _, d := range got.Data {
		if slices.Contains(r.PostForm["data"], d.Name) {
			list = append(list, d)
		}
	}
	if len(list) == 0 {
		return r.Done(w, "Nothing was ticked.", "/questions/first/result")
	}
	if _, err := s.cfg.Questions.AddData(r.Context(), r.Who, list...); err != nil {
		return err
	}
	return r.Done(w, ui.Many(len(list), "data set is", "data sets are")+" in the inventory. Name an owner for each.", "/data")
}

func (s *site) adopt(w http.ResponseWriter, r *screen.Request) error {
	n := 0
	for _, slug := range r.PostForm["control"] {
		switch err := s.cfg.Controls.Adopt(r.Context(), r.Who, slug); {
		case err == nil:
			n++
		case fault.Is(err, fault.Conflict): // it is in use already
		default:
			return err
		}
	}
	return r.Done(w, ui.Many(n, "control is in use from now on.", "controls are in use from now on."), "/questions/first/result")
}

// advice answers: do we need a report, which type, and when?
func (s *site) advice(w http.ResponseWriter, r *screen.Request) error {
	d, err := s.cfg.Questions.Advice(r.Context(), r.Who)
	if err != nil {
		return err
	}
	v := adviceView{Advice: d, Draft: r.May(access.ScopeEdit) && d.Type != 0}
	date := func(s string) string {
		t, err := time.Parse(time.DateOnly, s)
		if err != nil {
			return s
		}
		return t.Format("2 Jan 2006")
	}
	if v.Window = "as of " + date(d.Exam.Date); d.Type == 2 {
		v.Window = date(d.Exam.From) + " to " + date(d.Exam.To)
	}
	if d.Then != nil {
		v.Then = date(d.Then.From) + " to " + date(d.Then.To)
	}
	v.Ready, v.Have = d.Ready.Format("2 Jan 2006"), d.Have.Format("2 Jan 2006")
	return r.Render(w, http.StatusOK, advicePage(r.Shell(w, "Do we need a report?", "Comply", "First questions"), v))
}

func (v adviceView) facts() []ui.Fact {
	out := []ui.Fact{{Term: "Type", Text: strconv.Itoa(v.Type)}, {Term: "Controls in place by", Text: v.Ready}, {Term: "Examined", Text: v.Window}}
	if v.Then != "" {
		out = append(out, ui.Fact{Term: "Then, type 2", Text: v.Then})
	}
	return append(out, ui.Fact{Term: "Report in hand around", Text: v.Have})
}
