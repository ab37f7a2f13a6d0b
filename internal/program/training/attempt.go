package training

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/base/ledger"
)

// Mine is a course as somebody who takes it sees it.
type Mine struct {
	Course    string `json:"course"`
	Title     string `json:"title"`
	Summary   string `json:"summary"`
	Version   int    `json:"version"`
	Minutes   int    `json:"minutes"`
	Lessons   int    `json:"lessons"`
	Questions int    `json:"questions"`
	PassMark  int    `json:"pass_mark"`
	Elsewhere string `json:"elsewhere,omitempty"`
	Asked     bool   `json:"asked"` // it must be taken
	State     State  `json:"state"`
	Due       Day    `json:"due,omitempty"`
	Why       string `json:"why,omitempty"`
	Completed Day    `json:"completed,omitempty"`
	Of        int    `json:"completed_version,omitempty"`
	Score     int    `json:"score"` // percent; -1: none
	How       string `json:"how,omitempty"`
	Tries     int    `json:"tries"` // at this version
}

// member gives who p is: somebody of the roll, or their login alone.
func (k *kept) member(p access.Principal) *Member {
	if i, ok := k.byUser[p.UserID]; ok {
		return &k.members[i]
	}
	return &Member{ID: p.UserID, UserID: p.UserID, Name: p.Name}
}

// Mine gives the courses in use: those that p must take first, by due date
// (own_training.read).
func (s *Service) Mine(ctx context.Context, p access.Principal) ([]Mine, error) {
	if err := access.Authorise(p, access.OwnTrainingRead); err != nil {
		return nil, err
	}
	k, err := s.look(ctx)
	if err != nil {
		return nil, err
	}
	zone, err := s.zone(ctx)
	if err != nil {
		return nil, err
	}
	m := k.member(p)
	_, known := k.byUser[p.UserID]
	out := []Mine{}
	for _, id := range k.plan.Order {
		r := k.plan.Courses[id]
		c := r.Newest()
		x := Mine{Course: id, Title: c.Title, Summary: c.Summary, Version: c.Version, Minutes: c.Minutes, Lessons: len(c.Lessons), Questions: c.size(), PassMark: c.PassMark, Elsewhere: c.Elsewhere, State: NoNeed, Score: -1}
		row, there := rowOf(r, m, k.plan.Away[m.ID], takenBy(k.taken, m, id), k.today, zone)
		if there {
			x.State, x.Due, x.Why, x.Completed, x.Of, x.Score, x.How = row.State, row.Due, row.Why, row.Completed, row.Version, row.Score, row.How
		}
		if x.Asked = there && known && row.State != NoNeed; !x.Asked {
			x.State, x.Due = NoNeed, 0
		}
		if r.Now() == nil && !there {
			continue // nobody is asked, and they never took it
		}
		if x.Tries, err = triesOf(ctx, s.cfg.DB.Reader(), m.ID, id, c.Version); err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	slices.SortStableFunc(out, func(a, b Mine) int {
		if d := place(a.State) - place(b.State); d != 0 {
			return d
		}
		if a.Due != b.Due {
			return int(a.Due - b.Due)
		}
		return strings.Compare(a.Title, b.Title)
	})
	return out, nil
}

// Reading is a course to be read.
type Reading struct {
	Mine
	Pages []Lesson `json:"lessons_text"`
}

// Read gives the lessons of a course in use (own_training.read).
func (s *Service) Read(ctx context.Context, p access.Principal, course string) (Reading, error) {
	all, err := s.Mine(ctx, p)
	if err != nil {
		return Reading{}, err
	}
	k, err := s.look(ctx)
	if err != nil {
		return Reading{}, err
	}
	i := slices.IndexFunc(all, func(m Mine) bool { return m.Course == course })
	if i < 0 {
		return Reading{}, fault.New(fault.NotFound, "no course %.60q is given", course).WithHint("your courses stand on the page My training")
	}
	return Reading{Mine: all[i], Pages: k.plan.Courses[course].Newest().Lessons}, nil
}

// Ask is a question without what is right.
type Ask struct {
	Ask     string   `json:"ask"`
	Answers []string `json:"answers"` // in the order of this attempt
	Many    bool     `json:"many"`    // more than one is right
	Lesson  string   `json:"lesson"`
}

// Paper is a quiz that waits for its answers.
type Paper struct {
	Attempt  string `json:"attempt"`
	Course   string `json:"course"`
	Title    string `json:"title"`
	Version  int    `json:"version"`
	PassMark int    `json:"pass_mark"`
	Asks     []Ask  `json:"questions"`
}

func paperOf(id string, c *Course, seed int64) Paper {
	out := Paper{Attempt: id, Course: c.ID, Title: c.Title, Version: c.Version, PassMark: c.PassMark}
	for _, d := range c.Draw(seed) {
		a := Ask{Ask: d.Question.Ask, Many: d.Question.Many(), Lesson: d.Question.Lesson}
		for _, at := range d.Order {
			a.Answers = append(a.Answers, d.Question.Answers[at].Text)
		}
		out.Asks = append(out.Asks, a)
	}
	return out
}

// Begin draws a quiz, or gives the one that p has not answered yet
// (training.take).
func (s *Service) Begin(ctx context.Context, p access.Principal, course string) (Paper, error) {
	if err := s.may(p, access.TrainingTake); err != nil {
		return Paper{}, err
	}
	k, err := s.look(ctx)
	if err != nil {
		return Paper{}, err
	}
	r, err := inUse(k.plan, course)
	if err != nil {
		return Paper{}, err
	}
	c := &r.Newest().Course
	if !c.Quiz() {
		return Paper{}, fault.New(fault.Conflict, "%s is taken in %s; what was completed there is imported", c.Title, c.Elsewhere)
	}
	if r.Now() == nil {
		return Paper{}, fault.New(fault.Conflict, "%s is not given any more", c.Title)
	}
	m := k.member(p)
	var out Paper
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		open, err := attempts(ctx, tx, `WHERE user_id = $1 AND course = $2 AND version = $3 AND done_at = 0`, p.UserID, course, c.Version)
		if err != nil {
			return err
		}
		if len(open) > 0 {
			out = paperOf(open[0].id, c, open[0].seed)
			return nil
		}
		now := s.cfg.Clock()
		a := attempt{id: ids.New("att", now), person: m.ID, user: p.UserID, course: course, version: c.Version, seed: s.cfg.Seed(), started: now}
		out = paperOf(a.id, c, a.seed)
		return insertAttempt(ctx, tx, a)
	})
	return out, err
}

// Judged is a question with what was chosen.
type Judged struct {
	Ask     string   `json:"ask"`
	Answers []string `json:"answers"`
	Chosen  []int    `json:"chosen"`          // from 1, as shown
	Right   bool     `json:"right"`           // chosen right
	Which   []int    `json:"which,omitempty"` // what is right; only once the quiz is passed
	Why     string   `json:"why,omitempty"`   // of what was answered wrong, and of all once it is passed
	Lesson  string   `json:"lesson"`
}

// Result is what became of an attempt.
type Result struct {
	Attempt  string    `json:"attempt"`
	Course   string    `json:"course"`
	Title    string    `json:"title"`
	Version  int       `json:"version"`
	Passed   bool      `json:"passed"`
	Correct  int       `json:"correct"`
	Of       int       `json:"of"`
	Score    int       `json:"score"`     // percent, rounded down
	PassMark int       `json:"pass_mark"` // percent
	Done     time.Time `json:"done"`
	Until    Day       `json:"until,omitempty"` // when it is to be taken again
	Judged   []Judged  `json:"questions"`
	Entry    string    `json:"entry"`
}

// Answer takes the answers of an attempt: of each question the places that were
// chosen, from 1, as shown. It is graded here, once (training.take).
func (s *Service) Answer(ctx context.Context, p access.Principal, id string, answers [][]int) (Result, error) {
	if err := s.may(p, access.TrainingTake); err != nil {
		return Result{}, err
	}
	today, _, now, err := s.today(ctx)
	if err != nil {
		return Result{}, err
	}
	var out Result
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		a, r, err := s.attempt(ctx, tx, p, id)
		if err != nil {
			return err
		}
		if !a.done.IsZero() {
			return fault.New(fault.Conflict, "this quiz is answered already").WithHint("begin a new one from the course")
		}
		c := r.Newest()
		if c.Version != a.version {
			return fault.New(fault.Conflict, "version %d of %s was published since you began", c.Version, c.Title).WithHint("read what is new, and begin again")
		}
		drawn := c.Draw(a.seed)
		if err := check(drawn, answers); err != nil {
			return err
		}
		a.asked = len(drawn)
		for i, d := range drawn {
			if d.right(answers[i]) {
				a.correct++
			}
		}
		a.passed, a.done = a.correct*100 >= c.PassMark*a.asked, now
		raw, err := json.Marshal(answers)
		if err != nil {
			return fmt.Errorf("encode answers: %w", err)
		}
		a.answers = string(raw)
		if a.entry, err = s.append(ctx, tx, p, ledger.Entry{Type: "training.attempted", Subject: a.course,
			Data: map[string]any{"attempt": a.id, "person": a.person, "version": a.version, "seed": a.seed, "correct": a.correct, "of": a.asked, "passed": a.passed, "answers": digest(a.answers)}}); err != nil {
			return err
		}
		if err := finishAttempt(ctx, tx, a); err != nil {
			return err
		}
		if a.passed {
			done := Completion{Person: a.person, Course: a.course, Version: a.version, Day: today, Score: a.correct * 100 / a.asked, How: ByQuiz, Attempt: a.id, Made: Made{At: now, By: p.UserID}}
			if done.Number, err = nextCompletion(ctx, tx); err != nil {
				return err
			}
			if done.Made.Entry, err = s.append(ctx, tx, p, ledger.Entry{Type: "training.completed", Subject: a.course,
				Data: map[string]any{"number": done.Number, "person": done.Person, "version": done.Version, "day": today.String(), "score": done.Score, "attempt": a.id}}); err != nil {
				return err
			}
			if err := insertCompletion(ctx, tx, done); err != nil {
				return err
			}
		}
		out, err = s.resultOf(ctx, r, a)
		return err
	})
	return out, err
}

// attempt gives an attempt of p with its course.
func (s *Service) attempt(ctx context.Context, tx *sql.Tx, p access.Principal, id string) (attempt, *Running, error) {
	all, err := attempts(ctx, tx, `WHERE id = $1 AND user_id = $2`, id, p.UserID)
	if err != nil {
		return attempt{}, nil, err
	}
	if len(all) == 0 {
		return attempt{}, nil, fault.New(fault.NotFound, "you began no quiz %.60q", id).WithHint("begin one from the course")
	}
	recs, err := records(ctx, tx, "")
	if err != nil {
		return attempt{}, nil, err
	}
	plan, err := fold(recs)
	if err != nil {
		return attempt{}, nil, err
	}
	r, err := inUse(plan, all[0].course)
	return all[0], r, err
}

// resultOf reads an attempt with the questions of its version.
func (s *Service) resultOf(ctx context.Context, r *Running, a attempt) (Result, error) {
	c := r.Version(a.version)
	if c == nil || a.asked == 0 {
		return Result{}, fault.New(fault.Internal, "an attempt is of a version that was not published")
	}
	zone, err := s.zone(ctx)
	if err != nil {
		return Result{}, err
	}
	var answers [][]int
	if err := json.Unmarshal([]byte(a.answers), &answers); err != nil {
		return Result{}, fmt.Errorf("read answers: %w", err)
	}
	out := Result{Attempt: a.id, Course: a.course, Title: c.Title, Version: a.version, Passed: a.passed, Correct: a.correct, Of: a.asked, Score: a.correct * 100 / a.asked, PassMark: c.PassMark, Done: a.done, Entry: a.entry}
	if a.passed {
		out.Until = DayOf(a.done, zone).months(c.Months)
	}
	for i, d := range c.Draw(a.seed) {
		j := Judged{Ask: d.Question.Ask, Lesson: d.Question.Lesson, Chosen: answers[i], Right: d.right(answers[i])}
		for shown, at := range d.Order {
			j.Answers = append(j.Answers, d.Question.Answers[at].Text)
			if a.passed && d.Question.Answers[at].Right {
				j.Which = append(j.Which, shown+1)
			}
		}
		if a.passed || !j.Right {
			j.Why = d.Question.Why
		}
		out.Judged = append(out.Judged, j)
	}
	return out, nil
}

// Result gives what became of an attempt of p, or, for whoever may training.read,
// of anybody.
func (s *Service) Result(ctx context.Context, p access.Principal, id string) (Result, error) {
	if err := access.Authorise(p, access.OwnTrainingRead); err != nil {
		if access.Authorise(p, access.TrainingRead) != nil {
			return Result{}, err
		}
	}
	where, args := `WHERE id = $1 AND done_at > 0 AND user_id = $2`, []any{id, p.UserID}
	if access.Authorise(p, access.TrainingRead) == nil {
		where, args = `WHERE id = $1 AND done_at > 0`, []any{id}
	}
	all, err := attempts(ctx, s.cfg.DB.Reader(), where, args...)
	if err != nil {
		return Result{}, err
	}
	if len(all) == 0 {
		return Result{}, fault.New(fault.NotFound, "no quiz %.60q was answered", id)
	}
	k, err := s.look(ctx)
	if err != nil {
		return Result{}, err
	}
	r, err := inUse(k.plan, all[0].course)
	if err != nil {
		return Result{}, err
	}
	return s.resultOf(ctx, r, all[0])
}

// Attempts gives what somebody answered, newest first (training.read).
func (s *Service) Attempts(ctx context.Context, p access.Principal, person string) ([]Result, error) {
	if err := access.Authorise(p, access.TrainingRead); err != nil {
		return nil, err
	}
	k, err := s.look(ctx)
	if err != nil {
		return nil, err
	}
	all, err := attempts(ctx, s.cfg.DB.Reader(), `WHERE person = $1 AND done_at > 0 ORDER BY done_at DESC, id DESC`, person)
	if err != nil {
		return nil, err
	}
	out := []Result{}
	for _, a := range all {
		r, err := inUse(k.plan, a.course)
		if err != nil {
			return nil, err
		}
		x, err := s.resultOf(ctx, r, a)
		if err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, nil
}
