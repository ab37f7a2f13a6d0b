package training_test

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/program/training"
	"github.com/attesta/attesta/internal/web/screen/screentest"
	screens "github.com/attesta/attesta/internal/web/training"
)

type crowd []training.Member

func (c crowd) Now(_ context.Context, seen string) ([]training.Member, string, error) {
	if seen == "same" {
		return nil, seen, nil
	}
	return c, "same", nil
}
func (c crowd) At(context.Context, time.Time, int64) ([]training.Member, error) { return c, nil }

var (
	ann = access.Principal{UserID: "usr_ann", Name: "Ann", Role: access.ComplianceManager}
	eve = access.Principal{UserID: "usr_eve", Name: "Eve", Role: access.Training}
)

func begin(t *testing.T) (*screentest.Browser, *training.Service, *clock.Manual) {
	t.Helper()
	now := clock.NewManual(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	db, dir := databasetest.SQLite(t), t.TempDir()
	log, err := ledger.Open(t.Context(), ledger.Config{DB: db, Dir: filepath.Join(dir, "ledger"), KeyFile: filepath.Join(dir, "key"), Clock: now.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	book, err := training.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	began, seed := time.Date(2025, 1, 7, 0, 0, 0, 0, time.UTC), int64(0)
	who := crowd{{ID: "per_ann", UserID: "usr_ann", Name: "Ann Long", Kind: training.Employee, From: began}, {ID: "per_bo", Name: "Bo Short", Mail: "bo@farol.example", Kind: training.Contractor, Team: "warehouse", From: began}, {ID: "per_eve", UserID: "usr_eve", Name: "Eve Wide", Mail: "eve@farol.example", Kind: training.Employee, From: began}}
	s := training.New(training.Config{DB: db, Ledger: log, Clock: now.Now, Book: book, People: who, Seed: func() int64 { seed++; return seed }})
	return screentest.New(t, screens.New(screens.Config{Training: s}), now.Now, ann), s, now
}

func form(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v
}

func has(t *testing.T, what, page string, marks ...string) {
	t.Helper()
	for _, m := range marks {
		if !strings.Contains(page, m) {
			t.Errorf("%s does not say %q:\n%s", what, m, page)
		}
	}
}

var attempt = regexp.MustCompile(`name="attempt" value="(att_[^"]+)"`)

// An employee reads a course, answers wrong, reads why, answers right.
func TestTake(t *testing.T) {
	b, s, _ := begin(t)
	b.Who = eve
	has(t, "my training without courses", b.Get("/my/training").Text(), "No course asks you")
	if a := b.Get("/training"); a.Status != 403 {
		t.Errorf("the role training sees the overview: %d", a.Status)
	}
	b.Who = ann
	if a := b.Post("/training/courses/phishing/assign", form("whom", "everyone", "days", "30")); a.Status != 404 {
		t.Errorf("a course that is not in use is assigned: %d", a.Status)
	}
	b.Post("/training/courses/phishing/publish", form())
	if a := b.Post("/training/courses/phishing/assign", form("whom", "titles", "days", "30")); a.Status != 422 {
		t.Errorf("an assignment to no titles: %d", a.Status)
	}
	if a := b.Post("/training/courses/phishing/assign", form("whom", "everyone", "words", "ignored", "days", "30")); a.Status != 303 {
		t.Errorf("an assignment: %d %s", a.Status, a.Text())
	}
	b.Who = eve
	has(t, "my training", b.Get("/my/training").Text(), "1 course waits for you", "to do by 1 Apr 2026", "20 minutes")
	has(t, "the first lesson", b.Get("/my/training/phishing").Text(), "How it works", "lesson 1 of 5", "Next: Reading an address")
	has(t, "the last lesson", b.Get("/my/training/phishing?lesson=what-to-do").Text(), "lesson 5 of 5", "To the questions (8)")
	if a := b.Get("/my/training/phishing?lesson=none"); a.Status != 422 {
		t.Errorf("a lesson that is none: %d", a.Status)
	}
	quiz := b.Get("/my/training/phishing/quiz")
	id := attempt.FindStringSubmatch(quiz.Body)
	if id == nil || strings.Contains(quiz.Body, "surest sign of phishing") && strings.Contains(quiz.Body, "cannot do without") {
		t.Fatalf("the quiz: %s", quiz.Text())
	}
	if a := b.Post("/my/training/phishing/quiz", form("attempt", id[1], "answer1", "1")); a.Status != 422 {
		t.Errorf("answers that are missing: %d", a.Status)
	} else {
		has(t, "a quiz with one answer", a.Text(), "7 questions are not answered yet")
	}
	answer := func(right bool) screentest.Answer {
		p, err := s.Begin(t.Context(), eve, "phishing")
		if err != nil {
			t.Fatal(err)
		}
		values := form("attempt", p.Attempt)
		course := s.Book().Get("phishing")
		for n, ask := range p.Asks {
			q := course.Questions[slices.IndexFunc(course.Questions, func(q training.Question) bool { return q.Ask == ask.Ask })]
			for i, text := range ask.Answers {
				if slices.Contains(q.Answers, training.Answer{Text: text, Right: right}) && (ask.Many || !values.Has(fmt.Sprintf("answer%d", n+1))) {
					values.Add(fmt.Sprintf("answer%d", n+1), fmt.Sprint(i+1))
				}
			}
		}
		return b.Post("/my/training/phishing/quiz", values)
	}
	a := answer(false)
	has(t, "a result that is not enough", b.Get(a.To).Text(), "0 of 8 right", "not completed", "Not enough this time", "Read that lesson again")
	if old := b.Post("/my/training/phishing/quiz", form("attempt", id[1])); old.Status != 422 {
		t.Errorf("answers handed in twice: %d", old.Status)
	}
	a = answer(true)
	has(t, "a result that is enough", b.Get(a.To).Text(), "8 of 8 right", "the course is completed", "Take it again by 2 Mar 2027")
	has(t, "my training, completed", b.Get("/my/training").Text(), "You have completed all of your courses", "again by 2 Mar 2027")
}

// Those who keep training see who is late, bring a file, and record an absence.
func TestKeep(t *testing.T) {
	b, _, now := begin(t)
	has(t, "an empty overview", b.Get("/training").Text(), "Nobody must take a course yet", "Look at the courses")
	b.Post("/training/courses/privacy/publish", form())
	b.Post("/training/courses/privacy/assign", form("whom", "everyone", "days", "30"))
	has(t, "the courses", b.Get("/training/courses").Text(), "1 course is in use", "everyone", "not in use")
	has(t, "a course", b.Get("/training/courses/privacy").Text(), "What personal data is", "within 30 days", "Version 1 was taken into use")
	now.Advance(40 * 24 * time.Hour)
	has(t, "the overview", b.Get("/training").Text(), "3 trainings are late", "no login", "no completion was imported")
	has(t, "contractors", b.Get("/training?kind=contractor").Text(), "Bo Short", "1 of 1 shown")
	if a := b.Get("/training?state=golden"); a.Status != 422 {
		t.Errorf("a state that is none: %d", a.Status)
	}
	file := "mail,course,day,score\nbo@farol.example,privacy,2026-03-20,88\n"
	if a := b.Post("/training/import", form("source", "Old system", "text", file+"x@farol.example,privacy,2026-03-20,1\n")); a.Status != 200 {
		t.Errorf("a file with a wrong line: %d", a.Status)
	} else {
		has(t, "a file with a wrong line", a.Text(), "1 wrong", "Nobody has this address", "Nothing is stored yet")
	}
	a := b.Post("/training/import", form("source", "Old system", "text", file))
	if a.To != "/training/imports/1" {
		t.Fatalf("the import leads to %q: %s", a.To, a.Text())
	}
	has(t, "the import", b.Get(a.To).Text(), "1 completion from Old system", "bo@farol.example,privacy,2026-03-20,88")
	if a := b.Post("/training/people/per_bo", form("from", "2026-05-01", "to", "2026-04-01", "why", "leave")); a.Status != 422 {
		t.Errorf("an absence that ends before it begins: %d", a.Status)
	}
	b.Post("/training/people/per_bo", form("from", "2026-05-01", "to", "2026-06-01", "why", "leave"))
	has(t, "a person", b.Get("/training/people/per_bo").Text(), "completed", "import 1", "not said", "1 Jun 2026", "courses cannot be taken here")
	if a := b.Post("/training/courses", form("title", "Board duties", "id", "board-duties", "system", "Law office", "summary", "What a board owes.", "minutes", "60", "months", "12")); a.To != "/training/courses/board-duties" {
		t.Errorf("a course elsewhere: %d %s", a.Status, a.Text())
	}
}
