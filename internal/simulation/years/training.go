package years

import (
	"context"
	"encoding/csv"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/program/concern"
	"github.com/attesta/attesta/internal/program/trainees"
	"github.com/attesta/attesta/internal/program/training"
)

func makeTraining(o *Stage) error {
	book, err := training.Shipped()
	if err != nil {
		return err
	}
	zone, seed := trainees.Zone(o.Scopes), int64(0)
	who := &trainees.Trainees{DB: o.DB, People: o.People.PopulationSource(), Tenures: o.Access.Tenures}
	o.Training = training.New(training.Config{DB: o.DB, Ledger: o.Ledger, Clock: o.Clock, Book: book, People: who, Zone: zone, Seed: func() int64 { seed++; return seed }})
	o.Concerns = concern.New(concern.Config{DB: o.DB, Ledger: o.Ledger, Access: o.Access, Key: o.Key, Clock: o.Clock, Zone: zone})
	return nil
}

// yearOfTraining is five courses, taken by most in time. Daniel Costa does not come
// to phishing, and one person of the warehouse is in no file of its learning system.
func yearOfTraining(o *Stage, c *Calendar) error {
	for i, id := range []string{"security-awareness", "phishing", "incident-reporting", "privacy", "secure-coding"} {
		c.On(30+i, id+" is assigned", func(ctx context.Context) error {
			course := o.Training.Book().Get(id)
			if _, err := o.Training.Publish(ctx, o.Cast["ines"], training.Publish{Course: id}); err != nil {
				return err
			}
			_, err := o.Training.Assign(ctx, o.Cast["ines"], training.Assign{Course: id, Audience: course.Suggested, Days: 30})
			return err
		})
	}
	c.Daily(14*time.Hour, true, "people take courses", func(ctx context.Context) error { return o.learn(ctx, c) })
	for day := 50; day < 365; day += 28 {
		c.On(day, "the warehouse's learning system is read", o.fileOfWarehouse)
	}
	c.On(32, "recipients of concerns are named", func(ctx context.Context) error {
		return o.Concerns.Appoint(ctx, o.Cast["joana"], concern.Settings{Recipients: []string{o.Cast["ines"].UserID, o.Cast["rui"].UserID}, Months: 24})
	})
	code := ""
	c.On(118, "a concern comes in", func(ctx context.Context) (err error) {
		code, err = o.Concerns.Report(ctx, o.Cast["clara"], concern.Report{Topic: "rules", Text: "At the end of the quarter two access reviews were signed without anybody having looked.\nThe lists went out at noon and came back signed after ten minutes.", Exclude: []string{o.Cast["rui"].UserID}})
		return err
	})
	first := func(do func(ctx context.Context, id string) error) func(context.Context) error {
		return func(ctx context.Context) error {
			all, err := o.Concerns.List(ctx, o.Cast["ines"])
			if err != nil || len(all) == 0 {
				return err
			}
			return do(ctx, all[len(all)-1].ID) // the oldest
		}
	}
	c.On(121, "it is examined", first(func(ctx context.Context, id string) error {
		if err := o.Concerns.Take(ctx, o.Cast["ines"], id); err != nil {
			return err
		}
		return o.Concerns.Write(ctx, o.Cast["ines"], id, "Thank you. Which systems were these reviews about?", false)
	}))
	c.On(124, "its question is answered", func(ctx context.Context) error {
		_, err := o.Concerns.Add(ctx, o.Cast["clara"], code, "The order system and the shared drive.")
		return err
	})
	c.On(146, "it is closed", first(func(ctx context.Context, id string) error {
		return o.Concerns.Close(ctx, o.Cast["ines"], id, "confirmed", "It was as you said. Both reviews were done again, and reviews now name what was looked at.")
	}))
	c.On(354, "another comes in", func(ctx context.Context) error {
		_, err := o.Concerns.Report(ctx, o.Cast["beatriz"], concern.Report{Topic: "conduct", Text: "In the night shift people are shouted at when they report that a scanner does not work. Some have stopped reporting it."})
		return err
	})
	c.Daily(20*time.Minute, false, "the day of concerns is over", o.Concerns.Turn)
	return nil
}

// learn has some people take one of the courses that ask them.
func (o *Stage) learn(ctx context.Context, c *Calendar) error {
	var logins []string
	for login := range o.Cast {
		logins = append(logins, login)
	}
	slices.Sort(logins)
	for _, login := range logins {
		who := o.Cast[login]
		if c.R.IntN(4) > 0 || !access.May(who.Role, access.TrainingTake) {
			continue
		}
		mine, err := o.Training.Mine(ctx, who)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(mine, func(m training.Mine) bool {
			return m.Asked && m.Elsewhere == "" && (m.State == training.Late || m.State == training.Open || m.State == training.Renew) && (login != "daniel" || m.Course != "phishing")
		})
		if i < 0 {
			continue
		}
		paper, err := o.Training.Begin(ctx, who, mine[i].Course)
		if err != nil {
			return err
		}
		if _, err = o.Training.Answer(ctx, who, paper.Attempt, o.answers(ctx, paper, c.R.IntN(4))); err != nil {
			return err
		}
	}
	return nil
}

// answers gives the right answers to a paper, but for some of its first questions.
func (o *Stage) answers(ctx context.Context, p training.Paper, wrong int) [][]int {
	r, err := o.Training.Course(ctx, o.Cast["ines"], p.Course)
	if err != nil {
		return nil
	}
	questions := r.Newest().Questions
	var out [][]int
	for n, ask := range p.Asks {
		q := questions[slices.IndexFunc(questions, func(q training.Question) bool { return q.Ask == ask.Ask })]
		var right, other []int
		for i, text := range ask.Answers {
			if slices.Contains(q.Answers, training.Answer{Text: text, Right: true}) {
				right = append(right, i+1)
			} else {
				other = append(other, i+1)
			}
		}
		if n < wrong {
			right = other[:1]
		}
		out = append(out, right)
	}
	return out
}

// fileOfWarehouse is what another system says of people who have no login here.
func (o *Stage) fileOfWarehouse(ctx context.Context) error {
	view, err := o.Training.Overview(ctx, o.Cast["ines"], training.Filter{Login: "no"}, 0, 10_000)
	if err != nil {
		return err
	}
	var file strings.Builder
	w := csv.NewWriter(&file)
	rows := [][]string{training.Head()}
	missing := ""
	for i, x := range view.Rows {
		if x.Mail == "" || x.State != training.Late && x.State != training.Open && x.State != training.Renew {
			continue
		}
		if missing == "" || missing == x.Person && x.Course == "privacy" {
			if missing = x.Person; x.Course == "privacy" {
				continue
			}
		}
		rows = append(rows, []string{x.Mail, x.Course, view.Today.String(), strconv.Itoa(80 + 5*(i%5))})
	}
	if err := w.WriteAll(rows); err != nil || len(rows) == 1 {
		return err
	}
	_, err = o.Training.Import(ctx, o.Cast["ines"], "Learning system of the warehouse", []byte(file.String()), false)
	return err
}
