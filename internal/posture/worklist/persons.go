package worklist

import (
	"context"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/program/concern"
	"github.com/attesta/attesta/internal/program/people"
	"github.com/attesta/attesta/internal/program/review"
	"github.com/attesta/attesta/internal/program/training"
	"github.com/attesta/attesta/internal/program/work"
)

// Reviews gives what each reviewer has still to decide in a review of access, what
// nobody was asked to, reviews that wait only for their end, and access that was
// revoked and is still there.
func Reviews(s *review.Service) work.Source {
	return work.Source{Name: "reviews of access", All: func(ctx context.Context) ([]work.Item, error) {
		all, err := s.Loads(ctx, access.System())
		var out []work.Item
		for _, l := range all {
			c := l.Campaign
			x := work.Item{Kind: "review", Ref: c.Ref(), Title: c.Set.Title, Path: "/access-reviews/" + c.Ref(), From: author(c.Begun.By), Impact: work.Medium, Since: c.Begun.At, Due: c.Due, Facts: facts("Period", c.Set.From+" to "+c.Set.To, "Control", c.Set.Control)}
			for _, r := range l.Reviewers {
				y := x
				y.Ref += " " + r.Reviewer
				y.Ask, y.Act, y.May, y.Owner = "Decide on "+many(r.Items, "access", "accesses"), "Decide", access.ReviewDecide, r.Reviewer
				if r.Reviewer == "" {
					y.Ref = c.Ref() + " nobody"
					y.Ask, y.Act, y.May, y.Roles, y.State = "Say who reviews "+many(r.Items, "access", "accesses"), "Give them to somebody", access.ReviewManage, managers, "nobody's yet"
				}
				out = append(out, y)
			}
			if c.State == review.Running && len(l.Reviewers) == 0 {
				y := x
				y.Ref += " end"
				y.Ask, y.Act, y.May, y.Roles = "Close the review", "Close it", access.ReviewManage, managers
				out = append(out, y)
			}
			if c.Count.Open > 0 {
				y := x
				y.Ref += " revocations"
				y.Ask, y.Act, y.May, y.Roles, y.Path, y.Due = "Take away "+many(c.Count.Open, "access", "accesses"), "See which", access.ReviewManage, managers, "/access-reviews/revocations", l.Revoke
				if c.Count.Overdue > 0 {
					y.Impact = work.High
				}
				out = append(out, y)
			}
		}
		return out, err
	}}
}

// Courses gives each person the courses that they must take.
func (l Later) Courses(s *training.Service, zone func(context.Context) (*time.Location, error)) work.Source {
	return work.Source{Name: "training", Of: func(ctx context.Context, who access.Principal) ([]work.Item, error) {
		all, err := s.Mine(ctx, who)
		if err != nil {
			return nil, err
		}
		z, err := zone(ctx)
		if err != nil {
			return nil, err
		}
		var out []work.Item
		for _, c := range all {
			if !c.Asked || c.State != training.Late && c.State != training.Open && c.State != training.Renew {
				continue
			}
			x := work.Item{Kind: "training", Ref: c.Course, Ask: "Take the course", Title: c.Title, Path: "/my/training/" + c.Course, Act: "Begin", Owner: who.UserID, Impact: work.Medium, May: access.TrainingTake, Personal: true, Facts: facts("Why", c.Why, "Time", many(c.Minutes, "minute", "minutes"))}
			if c.Due != 0 {
				x.Due = (c.Due + 1).In(z)
			}
			out = append(out, x)
		}
		return out, nil
	}}
}

// Concerns tells who receives concerns that one waits for an answer or an outcome,
// and nothing else of it.
func (l Later) Concerns(s *concern.Service, zone func(context.Context) (*time.Location, error)) work.Source {
	return work.Source{Name: "concerns", Of: func(ctx context.Context, who access.Principal) ([]work.Item, error) {
		if ok, err := s.Recipient(ctx, who); err != nil || !ok {
			return nil, err
		}
		all, err := s.List(ctx, who)
		if err != nil {
			return nil, err
		}
		z, err := zone(ctx)
		if err != nil {
			return nil, err
		}
		var out []work.Item
		for i := range all {
			c := &all[i]
			what, by := c.Due()
			if what == "" {
				continue
			}
			out = append(out, work.Item{Kind: "concern", Ref: c.Ref(), Ask: "It waits for " + what, Title: "A concern " + c.Ref(), Path: "/concerns/received/" + c.ID, Act: "Read it", Owner: who.UserID, Due: (by + 1).In(z), Impact: work.High, May: access.ConcernExamine, Personal: true})
		}
		return out, nil
	}}
}

// Directories gives what a source of people said and was not taken over, because a
// person has to look at it first.
func Directories(s *people.Service) work.Source {
	return work.Source{Name: "sources of people", All: func(ctx context.Context) ([]work.Item, error) {
		all, err := s.Sources(ctx, access.System())
		var out []work.Item
		for _, src := range all {
			r := src.Held
			if r == nil {
				continue
			}
			out = append(out, answer(work.Item{Kind: "approval", Ref: r.ID, Ask: "Decide on changes of people", Title: src.Name, Path: "/settings/people-readings/" + r.ID, Act: "Look and decide", From: author(r.MadeBy), Not: author(r.MadeBy), Impact: work.High, May: access.PeopleApprove,
				Facts: facts("Would join", fmt.Sprint(r.Joins), "Would change", fmt.Sprint(r.Changes), "Would leave", fmt.Sprint(r.Leaves))}, r.MadeAt))
		}
		return out, err
	}}
}
