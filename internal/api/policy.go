package api

import (
	"context"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/policy"
)

// PolicyVersion names a version of a policy.
type PolicyVersion struct {
	SlugInput
	Version int `json:"version" doc:"The version that was looked at." minimum:"1"`
}

// PolicyText is what a version of a policy says.
type PolicyText struct {
	Title        string   `json:"title" maxLength:"200"`
	Owner        string   `json:"owner" doc:"The role that keeps it." maxLength:"200"`
	Text         string   `json:"text" doc:"Markdown. A statement may end in {proof: control-slug pack/check}." maxLength:"200000"`
	Roles        []string `json:"roles,omitempty" doc:"Roles whose accounts are asked to acknowledge it; everybody who works here when absent."`
	Days         int      `json:"days,omitempty" doc:"Days to acknowledge it; 30 when absent." minimum:"1" maximum:"365"`
	ReviewMonths int      `json:"review_months,omitempty" doc:"Months until it is read again; 12 when absent." minimum:"1" maximum:"12"`
	Questions    string   `json:"questions,omitempty" doc:"One line each: ? asks, - is an answer, + the right one, ! says why." maxLength:"50000"`
	Note         string   `json:"note,omitempty" doc:"What changed and why." maxLength:"1000"`
}

func (t PolicyText) write() (policy.Write, error) {
	asked, err := policy.ParseQuestions(t.Questions)
	if err != nil {
		return policy.Write{}, err
	}
	w := policy.Write{Content: policy.Content{Title: t.Title, Owner: t.Owner, Text: t.Text, Days: t.Days, ReviewMonths: t.ReviewMonths, Questions: asked}, Note: t.Note}
	for _, r := range t.Roles {
		w.Roles = append(w.Roles, access.Role(r))
	}
	return w, nil
}

// step makes the operation that takes a step of a version.
func (a *API) policyStep(verb, summary string, action access.Action, do func(context.Context, access.Principal, PolicyVersion) error) *Operation {
	return define(Operation{Name: "policies." + verb, Method: "POST", Path: "/policies/{slug}/" + verb, Action: action, Of: "policies.show", Summary: summary},
		func(ctx context.Context, who access.Principal, in PolicyVersion) (*policy.Policy, error) {
			if err := do(ctx, who, in); err != nil {
				return nil, err
			}
			return a.cfg.Policies.Get(ctx, who, in.Slug)
		})
}

// PolicyNote is a step with words.
type PolicyNote struct {
	PolicyVersion
	Note string `json:"note" maxLength:"1000"`
}

func (a *API) policyNote(verb, summary, detail string, do func(context.Context, access.Principal, PolicyNote) error) *Operation {
	return define(Operation{Name: "policies." + verb, Method: "POST", Path: "/policies/{slug}/" + verb, Action: access.PolicyApprove, Of: "policies.show", Summary: summary, Detail: detail},
		func(ctx context.Context, who access.Principal, in PolicyNote) (*policy.Policy, error) {
			if err := do(ctx, who, in); err != nil {
				return nil, err
			}
			return a.cfg.Policies.Get(ctx, who, in.Slug)
		})
}

func (a *API) aboutPolicies() []*Operation {
	return []*Operation{
		define(Operation{Name: "policies.list", Method: "GET", Path: "/policies", Action: access.PolicyRead, Summary: "The organisation's policies with state, owner, review and acknowledgements"},
			func(ctx context.Context, who access.Principal, _ struct{}) (Page[policy.Row], error) {
				all, err := a.cfg.Policies.List(ctx, who)
				return Page[policy.Row]{Items: all, Total: int64(len(all))}, err
			}),
		define(Operation{Name: "policies.templates", Method: "GET", Path: "/policy-templates", Action: access.PolicyRead, Summary: "Templates that policies begin from, with their fill-ins"},
			func(context.Context, access.Principal, struct{}) (*policy.Book, error) {
				return a.cfg.Policies.Book(), nil
			}),
		define(Operation{Name: "policies.show", Method: "GET", Path: "/policies/{slug}", Action: access.PolicyRead, Summary: "One policy with every version and what happened to it"},
			func(ctx context.Context, who access.Principal, in SlugInput) (*policy.Policy, error) {
				return a.cfg.Policies.Get(ctx, who, in.Slug)
			}),
		define(Operation{Name: "policies.people", Method: "GET", Path: "/policies/{slug}/people", Action: access.PolicyRead, Summary: "Whom a published policy asks, who acknowledged it, and who is late"},
			func(ctx context.Context, who access.Principal, in SlugInput) (Page[policy.Person], error) {
				all, err := a.cfg.Policies.People(ctx, who, in.Slug)
				if all == nil {
					all = []policy.Person{}
				}
				return Page[policy.Person]{Items: all, Total: int64(len(all))}, err
			}),
		define(Operation{Name: "policies.diff", Method: "GET", Path: "/policies/{slug}/diff", Action: access.PolicyRead, Summary: "What differs between two versions of a policy's text"},
			func(ctx context.Context, who access.Principal, in struct {
				SlugInput
				From int `json:"from" minimum:"1"`
				To   int `json:"to" minimum:"1"`
			}) (Page[policy.Line], error) {
				p, err := a.cfg.Policies.Get(ctx, who, in.Slug)
				if err != nil {
					return Page[policy.Line]{}, err
				}
				if n := len(p.Versions); in.From > n || in.To > n {
					return Page[policy.Line]{}, fault.New(fault.NotFound, "%s has %d versions", p.Ref(), n)
				}
				lines := policy.Diff(p.Versions[in.From-1].Text, p.Versions[in.To-1].Text)
				return Page[policy.Line]{Items: lines, Total: int64(len(lines))}, nil
			}),
		define(Operation{Name: "policies.adopt", Method: "POST", Path: "/policies/adopt", Action: access.PolicyEdit, Draft: true, Summary: "Make a draft of a template",
			Detail: "Fill-ins that are absent take their defaults."},
			func(ctx context.Context, who access.Principal, in struct {
				Template string            `json:"template" maxLength:"100"`
				Fill     map[string]string `json:"fill,omitempty" doc:"Values by name of the fill-in."`
			}) (*policy.Policy, error) {
				p, errs := a.cfg.Policies.Adopt(ctx, who, in.Template, in.Fill)
				if len(errs) > 0 {
					return nil, errs[0]
				}
				return p, nil
			}),
		define(Operation{Name: "policies.create", Method: "POST", Path: "/policies", Action: access.PolicyEdit, Draft: true, Summary: "Write a policy of one's own, as a draft"},
			func(ctx context.Context, who access.Principal, in PolicyText) (*policy.Policy, error) {
				w, err := in.write()
				if err != nil {
					return nil, err
				}
				return a.cfg.Policies.Create(ctx, who, w)
			}),
		define(Operation{Name: "policies.edit", Method: "POST", Path: "/policies/{slug}/versions", Action: access.PolicyEdit, Draft: true, Of: "policies.show", Summary: "Write a new version of a policy, as a draft"},
			func(ctx context.Context, who access.Principal, in struct {
				SlugInput
				PolicyText
				Base     int  `json:"base" doc:"The version that was edited; refused where a newer one exists." minimum:"1"`
				Material bool `json:"material,omitempty" doc:"The change is material: everybody it concerns is asked again."`
			}) (*policy.Policy, error) {
				w, err := in.write()
				if err != nil {
					return nil, err
				}
				w.Base, w.Material = in.Base, in.Material
				return a.cfg.Policies.Edit(ctx, who, in.Slug, w)
			}),
		a.policyStep("submit", "Ask for the approval of the newest version", access.PolicyEdit, func(ctx context.Context, who access.Principal, in PolicyVersion) error {
			return a.cfg.Policies.Submit(ctx, who, in.Slug, in.Version)
		}),
		a.policyStep("withdraw", "Take a version back that waits for approval", access.PolicyEdit, func(ctx context.Context, who access.Principal, in PolicyVersion) error {
			return a.cfg.Policies.Withdraw(ctx, who, in.Slug, in.Version)
		}),
		a.policyStep("publish", "Put an approved version in force; a material change asks everybody it concerns", access.PolicyEdit, func(ctx context.Context, who access.Principal, in PolicyVersion) error {
			return a.cfg.Policies.Publish(ctx, who, in.Slug, in.Version)
		}),
		define(Operation{Name: "policies.approve", Method: "POST", Path: "/policies/{slug}/approve", Action: access.PolicyApprove, Of: "policies.show", Summary: "Approve a version that somebody else wrote"},
			func(ctx context.Context, who access.Principal, in struct {
				PolicyVersion
				Compensation string `json:"compensation,omitempty" doc:"Where nobody else can approve: what stands in for it." maxLength:"1000"`
			}) (*policy.Policy, error) {
				if err := a.cfg.Policies.Approve(ctx, who, in.Slug, in.Version, in.Compensation); err != nil {
					return nil, err
				}
				return a.cfg.Policies.Get(ctx, who, in.Slug)
			}),
		a.policyNote("send-back", "Send a version back to its author", "The note says what has to change.", func(ctx context.Context, who access.Principal, in PolicyNote) error {
			return a.cfg.Policies.SendBack(ctx, who, in.Slug, in.Version, in.Note)
		}),
		a.policyNote("review", "Record that a published policy was read again and stays as it is", "The note says what was looked at.", func(ctx context.Context, who access.Principal, in PolicyNote) error {
			return a.cfg.Policies.Review(ctx, who, in.Slug, in.Version, in.Note)
		}),
		a.policyNote("retire", "End a policy", "Nobody is asked about it any more. The note says why.", func(ctx context.Context, who access.Principal, in PolicyNote) error {
			return a.cfg.Policies.Retire(ctx, who, in.Slug, in.Version, in.Note)
		}),
		define(Operation{Name: "policies.mine", Method: "GET", Path: "/my/policies", Action: access.OwnPolicyRead, Summary: "The policies that ask you, open ones first"},
			func(ctx context.Context, who access.Principal, _ struct{}) (Page[policy.Task], error) {
				all, err := a.cfg.Policies.Mine(ctx, who)
				return Page[policy.Task]{Items: all, Total: int64(len(all))}, err
			}),
		define(Operation{Name: "policies.read", Method: "GET", Path: "/my/policies/{slug}", Action: access.OwnPolicyRead, Summary: "A policy that asks you, with its questions"},
			func(ctx context.Context, who access.Principal, in SlugInput) (policy.Paper, error) {
				return a.cfg.Policies.Paper(ctx, who, in.Slug)
			}),
		define(Operation{Name: "policies.acknowledge", Method: "POST", Path: "/my/policies/{slug}", Action: access.PolicyAcknowledge,
			Summary: "Answer a policy's questions and acknowledge the version that a digest names", Detail: "Wrong answers are explained and may be tried again."},
			func(ctx context.Context, who access.Principal, in struct {
				SlugInput
				Digest  string `json:"digest" doc:"The digest of what was read." maxLength:"64"`
				Answers []int  `json:"answers,omitempty" doc:"The answer to each question, from 1, in order."`
			}) (policy.Answered, error) {
				return a.cfg.Policies.Acknowledge(ctx, who, in.Slug, in.Digest, in.Answers)
			}),
	}
}
