package server

import (
	"context"
	"fmt"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/program/plan"
	"github.com/attesta/attesta/internal/program/policy"
	"github.com/attesta/attesta/internal/program/question"
	"github.com/attesta/attesta/internal/web/ui"
)

// begin gives what the programme of an organisation begins with, as far as it is
// done; none for whoever does none of it, and once all of it is done.
func (p *parts) begin(ctx context.Context, who access.Principal) ([]ui.FirstStep, error) {
	if !access.May(who.Role, access.DataEdit) || !access.May(who.Role, access.ScopeEdit) || !access.May(who.Role, access.TaskEdit) {
		return nil, nil
	}
	answers, err := p.questions.History(ctx, who, question.First)
	if err != nil {
		return nil, err
	}
	versions, err := p.scopes.History(ctx, who)
	if err != nil {
		return nil, err
	}
	now, err := p.scopes.Now(ctx)
	if err != nil {
		return nil, err
	}
	program, err := p.controls.Program(ctx, who)
	if err != nil {
		return nil, err
	}
	drafts, approved := 0, 0
	for i := range program.Controls {
		switch program.Controls[i].Current().State {
		case control.Draft:
			drafts++
		case control.Adopted:
			approved++
		}
	}
	tasks, err := p.plan.List(ctx, who, plan.Filter{})
	if err != nil {
		return nil, err
	}
	policies, err := p.policies.List(ctx, who)
	if err != nil {
		return nil, err
	}
	published := 0
	for _, x := range policies {
		if x.State == policy.Published {
			published++
		}
	}
	scoped := ui.FirstStep{Text: "Say what is examined", Detail: "The first questions write a draft of it. Somebody approves it; until then no criterion but those of security counts.", Done: now.Version > 1, Link: ui.Link{Text: "Scope", Href: "/scope"}}
	if !scoped.Done && len(versions) > 1 {
		scoped.Detail, scoped.Link.Text = fmt.Sprintf("Version %d waits for approval.", len(versions)), "Approve it"
	}
	controls := ui.FirstStep{Text: "Choose controls", Detail: "Take those of the library that you keep, or bring your own as a spreadsheet. None counts before somebody approved it.", Done: approved > 0, Link: ui.Link{Text: "Controls", Href: "/controls"}}
	if drafts > 0 && approved == 0 {
		controls.Detail = fmt.Sprintf("%d of the library are drafts. Look at each, tailor it to what you do, and approve it. None counts before.", drafts)
	}
	steps := []ui.FirstStep{
		{Text: "Answer the first questions", Detail: "What you hold, where it lives, how it moves, who has access, what you promise. Ten minutes; skip what you do not know.", Done: len(answers) > 0, Link: ui.Link{Text: "Start here", Href: "/questions/first"}},
		scoped, controls,
		{Text: "Make a plan of the gaps", Detail: "What lacks is derived. Tick what you want to close; each becomes a task with a last day.", Done: len(tasks) > 0, Link: ui.Link{Text: "Choose gaps", Href: "/plan/make"}},
		{Text: "Publish the first policy", Detail: "Begin from a template, change it to what you do, have it approved, and let people acknowledge it.", Done: published > 0, Link: ui.Link{Text: "Policies", Href: "/policies"}},
	}
	current := false
	for i := range steps {
		if !steps[i].Done && !current {
			steps[i].Current, current = true, true
		}
	}
	if !current {
		return nil, nil
	}
	return steps, nil
}
