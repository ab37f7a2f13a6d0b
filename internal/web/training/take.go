package training

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/training"
	"github.com/attesta/attesta/internal/render/markdown"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

func percent(score int) string {
	if score < 0 {
		return ""
	}
	return fmt.Sprintf("%d %%", score)
}

// standing says how somebody stands with a course of theirs.
func standing(r *screen.Request, x training.Mine) ui.Cell {
	due := r.Words.Date(x.Due.Time())
	switch x.State {
	case training.Late:
		return ui.Cell{Text: "late since " + due, Bad: true}
	case training.Open:
		c := ui.Cell{Text: "to do by " + due}
		if x.Why == training.Newer {
			c.Meta = "a new version asks everybody"
		}
		return c
	case training.Renew:
		return ui.Cell{Text: "to take again by " + due, Meta: "completed on " + r.Words.Date(x.Completed.Time())}
	case training.Done:
		return ui.Cell{Text: "completed on " + r.Words.Date(x.Completed.Time()), Meta: "again by " + due}
	}
	if x.Completed > 0 {
		return ui.Cell{Text: "completed on " + r.Words.Date(x.Completed.Time()), Meta: "not asked of you"}
	}
	return ui.Cell{Text: "not asked of you", Muted: true}
}

// mine answers: what do I have to take?
func (s *site) mine(w http.ResponseWriter, r *screen.Request) error {
	all, err := s.cfg.Training.Mine(r.Context(), r.Who)
	if err != nil {
		return err
	}
	open, late := 0, 0
	v := ui.ListView{Note: "Courses of the organisation. Read the lessons, answer the questions; the answers are graded at once, and you may try again.",
		Table: ui.Table{Caption: "Courses that ask you, what is due first", Columns: []ui.Column{{Text: "Course"}, {Text: "State"}, {Text: "Takes"}, {Text: "Score", N: true}, {Text: "Tries", N: true}}}}
	for _, x := range all {
		switch x.State {
		case training.Late:
			late++
			open++
		case training.Open, training.Renew:
			open++
		}
		takes := fmt.Sprintf("%d minutes", x.Minutes)
		if x.Elsewhere != "" {
			takes += ", in " + x.Elsewhere
		}
		v.Table.Rows = append(v.Table.Rows, ui.TableRow{Head: ui.Link{Text: x.Title, Href: "/my/training/" + x.Course}, Meta: x.Summary,
			Cells: []ui.Cell{standing(r, x), {Text: takes}, {Text: screen.OrElse(percent(x.Score), "none yet"), N: true, Muted: x.Score < 0}, {Text: strconv.Itoa(x.Tries), N: true}}})
	}
	v.Table.Pager.Text = ui.Many(len(all), "course", "courses")
	switch {
	case len(all) == 0:
		v.Title = "No course asks you"
		v.Empty = &ui.Empty{Title: "There is nothing to take yet", Text: "When a course concerns you, it stands here with the day by which you should have completed it."}
	case open == 0:
		v.Title = "You have completed all of your courses"
	default:
		v.Title = ui.Many(open, "course waits for you", "courses wait for you")
		if late > 0 {
			v.Title += fmt.Sprintf(", %d of them late", late)
		}
	}
	return r.Render(w, http.StatusOK, ui.List(r.Shell(w, "My training", "My work", "My training"), v))
}

// lesson is one lesson of a course.
func (s *site) lesson(w http.ResponseWriter, r *screen.Request) error {
	c, err := s.cfg.Training.Read(r.Context(), r.Who, r.PathValue("course"))
	if err != nil {
		return err
	}
	path := "/my/training/" + c.Course
	v := lessonView{Title: c.Title, Line: []string{fmt.Sprintf("version %d", c.Version), fmt.Sprintf("%d minutes", c.Minutes)}}
	switch cell := standing(r, c.Mine); {
	case cell.Bad:
		v.Bad = cell.Text
	default:
		v.Line = append(v.Line, cell.Text)
	}
	if c.State == training.Done {
		v.Done = fmt.Sprintf("You completed version %d on %s. You may read it and take it again whenever you like.", c.Of, r.Words.Date(c.Completed.Time()))
		if c.Of == 0 {
			v.Done = "You completed it on " + r.Words.Date(c.Completed.Time()) + ", as another system says."
		}
	}
	if len(c.Pages) == 0 {
		v.Elsewhere = fmt.Sprintf("This course is taken in %s. %s What you complete there is brought here from time to time.", c.Elsewhere, screen.Sentence(c.Summary))
		return r.Render(w, http.StatusOK, lessonPage(r.Shell(w, c.Title, "My work", "My training"), v))
	}
	asked := screen.OrElse(r.URL.Query().Get("lesson"), c.Pages[0].ID)
	i := slices.IndexFunc(c.Pages, func(l training.Lesson) bool { return l.ID == asked })
	if i < 0 {
		return fault.New(fault.Invalid, "%.40q is no lesson of this course", asked)
	}
	at := func(n int) string { return path + "?lesson=" + url.QueryEscape(c.Pages[n].ID) }
	for n, l := range c.Pages {
		v.Lessons = append(v.Lessons, ui.Chip{Text: fmt.Sprintf("%d. %s", n+1, l.Title), Href: at(n), Current: n == i})
	}
	html, err := markdown.HTML(c.Pages[i].Text, 2)
	if err != nil {
		return err
	}
	v.Lesson, v.Text, v.Place = c.Pages[i].Title, ui.Prose(html), fmt.Sprintf("lesson %d of %d", i+1, len(c.Pages))
	if i > 0 {
		v.Before = ui.Link{Text: "Back: " + c.Pages[i-1].Title, Href: at(i - 1)}
	}
	v.Next = ui.Link{Text: fmt.Sprintf("To the questions (%d)", c.Questions), Href: path + "/quiz"}
	if i+1 < len(c.Pages) {
		v.Next = ui.Link{Text: "Next: " + c.Pages[i+1].Title, Href: at(i + 1)}
	}
	return r.Render(w, http.StatusOK, lessonPage(r.Shell(w, c.Title, "My work", "My training"), v))
}

// quiz is the questions of an attempt.
func (s *site) quiz(w http.ResponseWriter, r *screen.Request) error {
	return s.showQuiz(w, r, nil, "")
}

func (s *site) showQuiz(w http.ResponseWriter, r *screen.Request, answers [][]int, problem string) error {
	p, err := s.cfg.Training.Begin(r.Context(), r.Who, r.PathValue("course"))
	if err != nil {
		return err
	}
	v := quizView{Course: p.Course, Title: p.Title, Attempt: p.Attempt, Problem: problem,
		Note: fmt.Sprintf("%s. %d %% of them must be right. Answers are kept; what is wrong is explained, and you may try again with other questions.", ui.Many(len(p.Asks), "question", "questions"), p.PassMark)}
	for i, q := range p.Asks {
		x := quizAsk{Name: fmt.Sprintf("answer%d", i+1), Ask: q.Ask, Many: q.Many}
		for n, text := range q.Answers {
			x.Answers = append(x.Answers, ui.Option{Value: strconv.Itoa(n + 1), Text: text, Selected: answers != nil && slices.Contains(answers[i], n+1)})
		}
		x.Missing = answers != nil && len(answers[i]) == 0
		v.Asks = append(v.Asks, x)
	}
	status := http.StatusOK
	if problem != "" {
		status = http.StatusUnprocessableEntity
	}
	return r.Render(w, status, quizPage(r.Shell(w, "Questions: "+p.Title, "My work", "My training"), v))
}

// answer hands in the answers of an attempt.
func (s *site) answer(w http.ResponseWriter, r *screen.Request) error {
	p, err := s.cfg.Training.Begin(r.Context(), r.Who, r.PathValue("course"))
	if err != nil {
		return err
	}
	if id := r.PostForm.Get("attempt"); id != p.Attempt {
		return s.showQuiz(w, r, nil, "These answers belong to questions that were handed in already, or to an older version. The questions below are new.")
	}
	answers, open := make([][]int, len(p.Asks)), 0
	for i, q := range p.Asks {
		for _, text := range r.PostForm[fmt.Sprintf("answer%d", i+1)] {
			if n, err := strconv.Atoi(text); err == nil && n >= 1 && n <= len(q.Answers) && !slices.Contains(answers[i], n) {
				answers[i] = append(answers[i], n)
			}
		}
		if len(answers[i]) == 0 {
			open++
		}
	}
	if open > 0 {
		return s.showQuiz(w, r, answers, screen.Capital(ui.Many(open, "question is", "questions are"))+" not answered yet. Nothing was handed in.")
	}
	res, err := s.cfg.Training.Answer(r.Context(), r.Who, p.Attempt, answers)
	if err != nil {
		return err
	}
	http.Redirect(w, r.Request, "/my/training/"+res.Course+"/results/"+res.Attempt, http.StatusSeeOther)
	return nil
}

// result answers: was it enough, and what did I get wrong?
func (s *site) result(w http.ResponseWriter, r *screen.Request) error {
	res, err := s.cfg.Training.Result(r.Context(), r.Who, r.PathValue("attempt"))
	if err != nil {
		return err
	}
	if res.Course != r.PathValue("course") {
		return fault.New(fault.NotFound, "that attempt was at another course")
	}
	path := "/my/training/" + res.Course
	v := s.resultOf(r, res)
	v.Crumbs = []ui.Link{{Text: "My training", Href: "/my/training"}, {Text: res.Title, Href: path}, {Text: "Result"}}
	for i := range v.Judged {
		if j := res.Judged[i]; !j.Right {
			v.Judged[i].Lesson = ui.Link{Text: "Read that lesson again", Href: path + "?lesson=" + url.QueryEscape(j.Lesson)}
		}
	}
	v.Actions = []ui.Link{{Text: "Try again with other questions", Href: path + "/quiz"}, {Text: "Read the lessons", Href: path}}
	if v.Notice = "Not enough this time. Each wrong answer is explained below; read that part again and try once more. That you tried is kept, and costs nothing."; res.Passed {
		v.Notice = "That was enough: the course is completed. Take it again by " + r.Words.Date(res.Until.Time()) + "; you will be reminded."
		v.Actions = []ui.Link{{Text: "To my training", Href: "/my/training"}}
	}
	return r.Render(w, http.StatusOK, resultPage(r.Shell(w, v.Title, "My work", "My training"), v))
}

func (s *site) resultOf(r *screen.Request, res training.Result) resultView {
	v := resultView{Title: fmt.Sprintf("%d of %d right: %s", res.Correct, res.Of, res.Title), Line: []string{fmt.Sprintf("%d %%", res.Score), fmt.Sprintf("%d %% are needed", res.PassMark), fmt.Sprintf("version %d", res.Version), "handed in " + r.Words.At(res.Done).Text}}
	if !res.Passed {
		v.Bad = "not completed"
	}
	for _, j := range res.Judged {
		x := judgedAsk{Ask: j.Ask, Right: j.Right, Why: j.Why}
		for n, text := range j.Answers {
			var notes []string
			if slices.Contains(j.Chosen, n+1) {
				notes = append(notes, "chosen")
			}
			if slices.Contains(j.Which, n+1) {
				notes = append(notes, "right")
			}
			x.Answers = append(x.Answers, judgedAnswer{text, strings.Join(notes, ", ")})
		}
		v.Judged = append(v.Judged, x)
	}
	return v
}

// answers is an attempt as those who keep training see it.
func (s *site) answers(w http.ResponseWriter, r *screen.Request) error {
	res, err := s.cfg.Training.Result(r.Context(), r.Who, r.PathValue("attempt"))
	if err != nil {
		return err
	}
	v := s.resultOf(r, res)
	v.Crumbs = []ui.Link{{Text: "Training", Href: "/training"}, {Text: res.Title, Href: "/training/courses/" + res.Course}, {Text: "Answers"}}
	v.Notice = "The questions follow from the seed that is kept, so that they can be drawn again."
	return r.Render(w, http.StatusOK, resultPage(r.Shell(w, v.Title, "Organise", "Training"), v))
}
