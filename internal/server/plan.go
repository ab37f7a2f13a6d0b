package server

import (
	"context"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/posture"
	"github.com/attesta/attesta/internal/posture/gap"
	"github.com/attesta/attesta/internal/posture/readiness"
	"github.com/attesta/attesta/internal/program/plan"
	"github.com/attesta/attesta/internal/program/policy"
	"github.com/attesta/attesta/internal/program/question"
	"github.com/attesta/attesta/packs"
)

// planning makes the services of questions, gaps, tasks and readiness.
func (p *parts) planning() error {
	dir, err := packs.Open(packs.Questions()[0])
	if err != nil {
		return fmt.Errorf("open the questions: %w", err)
	}
	book, err := question.Load(dir)
	if err != nil {
		return fmt.Errorf("read the questions: %w", err)
	}
	p.questions = question.New(question.Config{DB: p.db, Ledger: p.log, Clock: p.clock, Book: book, Scopes: p.scopes})
	p.gaps = gap.New(gap.Config{Posture: p.posture, Controls: p.controls, Said: func(ctx context.Context, at posture.At) (map[string]string, error) {
		valid := at.Valid
		if valid.IsZero() {
			valid = p.clock()
		}
		return p.questions.Said(ctx, valid, at.Known)
	}})
	p.plan = plan.New(plan.Config{DB: p.db, Ledger: p.log, Clock: p.clock, Gaps: p.gapKeys, Zone: p.zone, Stands: p.work.StandsFor})
	p.keepCalendar()
	p.readiness = readiness.New(readiness.Config{Clock: p.clock, Posture: p.posture, Gaps: p.gaps, Plan: p.plan, Scopes: p.scopes, Evidence: p.evidence, Beside: p.besideGaps, Risks: p.governance.Risks})
	return nil
}

// gapKeys gives the keys of the gaps that there are now.
func (p *parts) gapKeys(ctx context.Context) (map[string]bool, error) {
	r, err := p.gaps.Report(ctx, access.System(), posture.Now())
	out := map[string]bool{}
	for _, g := range r.Gaps {
		out[g.Key] = true
	}
	return out, err
}

func (p *parts) zone(ctx context.Context) (*time.Location, error) {
	v, err := p.scopes.Now(ctx)
	return v.Location(), err
}

// settleTasks closes the tasks whose gap is gone.
func (p *parts) settleTasks(ctx context.Context) error {
	_, _, err := p.plan.Settle(ctx)
	return err
}

// besideGaps says what policies and engagements mean for readiness.
func (p *parts) besideGaps(ctx context.Context, who access.Principal) ([]readiness.Line, error) {
	var out []readiness.Line
	rows, err := p.policies.List(ctx, who)
	if err != nil {
		return nil, err
	}
	published := 0
	over := readiness.Line{Kind: "policy", Path: "/policies?due=review", Why: "an auditor looks for a review within twelve months"}
	late := readiness.Line{Kind: "policy", Path: "/policies?due=acknowledgements", Why: "people who did not acknowledge a policy are exceptions of the control that requires it"}
	for _, x := range rows {
		if x.State == policy.Published {
			published++
		}
		at := readiness.Link{Text: x.Ref + " " + x.Title, Path: "/policies/" + x.Slug}
		if x.Overdue {
			over.Items = append(over.Items, at)
		}
		if x.Late > 0 {
			late.Items = append(late.Items, at)
		}
	}
	if published == 0 {
		out = append(out, readiness.Line{Kind: "policy", Blocks: true, Path: "/policies", Text: "No policy is published", Why: "nothing says in writing what people here are expected to do (CC5.3)"})
	}
	if n := len(over.Items); n > 0 {
		over.Text = fmt.Sprintf("%d policies were not reviewed in time", n)
		if n == 1 {
			over.Text = "1 policy was not reviewed in time"
		}
		out = append(out, over)
	}
	if n := len(late.Items); n > 0 {
		late.Text = fmt.Sprintf("%d policies wait for people who are late", n)
		if n == 1 {
			late.Text = "1 policy waits for people who are late"
		}
		out = append(out, late)
	}
	engagements, err := p.engagements.List(ctx, who)
	if err == nil && len(engagements) == 0 {
		out = append(out, readiness.Line{Kind: "engagement", Path: "/engagements", Text: "No engagement names an auditor", Why: "a licensed, independent firm has to be chosen and engaged before the examination; good ones are booked months ahead"})
	}
	return out, err
}
