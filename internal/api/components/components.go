// Package components is the operations of the register of components. Rules are those
// of internal/operations/component.
//
// Floor: edges.
package components

import (
	"context"
	"time"

	"github.com/attesta/attesta/internal/api/table"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/operations/component"
)

// IDInput names one component.
type IDInput struct {
	ID string `json:"id" doc:"cmp_…" maxLength:"64"`
}

// Some names components.
type Some struct {
	Components []string `json:"components" doc:"Their ids, cmp_…" minItems:"1" maxItems:"5000"`
}

// Approval is what an approval says.
type Approval struct {
	Owner    string    `json:"owner" doc:"Who answers for them: a person or a team." maxLength:"200"`
	Reason   string    `json:"reason" doc:"Why they are needed." maxLength:"2000"`
	Scope    string    `json:"scope,omitempty" doc:"Patterns of host names with spaces between: web-* db-1. Empty: every host." maxLength:"1000"`
	Expires  time.Time `json:"expires,omitzero" doc:"When the approval ends; absent: never."`
	FromFile bool      `json:"from_file,omitempty" doc:"Of packages: also where they come from a file and not from a configured repository."`
	Alone    string    `json:"compensation,omitempty" doc:"Of one's own account or key, where nobody else may approve: what stands in for a second person." maxLength:"2000"`
}

func (a Approval) said() component.Said {
	return component.Said{What: component.Approved, Owner: a.Owner, Reason: a.Reason, Scope: a.Scope, Expires: a.Expires, FromFile: a.FromFile, Alone: a.Alone}
}

// Told says how many components something was said of.
type Told struct {
	Components int `json:"components"`
	Own        int `json:"own,omitempty" doc:"Left out, because they are of the approver's own account."`
}

type text struct {
	Some
	Reason string `json:"reason" maxLength:"2000"`
}

// LearnInput is what a proposal is made from.
type LearnInput struct {
	Host  string           `json:"host,omitempty" doc:"hst_…: a host that is as it should be." maxLength:"64"`
	Kinds []component.Kind `json:"kinds,omitempty" doc:"Empty: all." maxItems:"20"`
	From  time.Time        `json:"from,omitzero" doc:"Seen first at or after it."`
	Until time.Time        `json:"until,omitzero" doc:"Seen first before it."`
}

func (l LearnInput) learn() component.Learn {
	return component.Learn{Host: l.Host, Kinds: l.Kinds, From: l.From, Until: l.Until}
}

// Operations gives them.
func Operations(s *component.Service) []table.Row {
	const read, decide = access.ComponentRead, access.ComponentDecide
	say := func(ctx context.Context, who access.Principal, ids []string, x component.Said) (Told, error) {
		return Told{Components: len(ids)}, s.Say(ctx, who, ids, x)
	}
	return []table.Row{
		table.Define(table.Row{Name: "components.list", Method: "GET", Path: "/components", Action: read, Summary: "What hosts consist of, each distinct component once, the newest first"},
			func(ctx context.Context, who access.Principal, in struct {
				Kind  string `json:"kind,omitempty" doc:"user, group, ssh_key, sudo, port, service, job, package, module, setting, usb, image, container, certificate, suid, content_root, host" maxLength:"20"`
				State string `json:"state,omitempty" doc:"learning, new, approved, recognised, refused, expired, gone, left, unknown" maxLength:"20"`
				Open  bool   `json:"open,omitempty" doc:"Only those that somebody must say something about."`
				Asked bool   `json:"asked,omitempty" doc:"Only those with a question that has no answer."`
				Query string `json:"q,omitempty" doc:"Part of the name." maxLength:"200"`
				Host  string `json:"host,omitempty" doc:"hst_…: what is on it." maxLength:"64"`
				After string `json:"cursor,omitempty" doc:"The next of the page before." maxLength:"200"`
				Limit int    `json:"limit,omitempty" doc:"50 when absent." minimum:"1" maximum:"1000"`
			}) (table.Page[*component.Component], error) {
				if in.Limit == 0 {
					in.Limit = 50
				}
				list, next, total, err := s.List(ctx, who, component.Filter{Kind: component.Kind(in.Kind), State: component.State(in.State), Open: in.Open, Asked: in.Asked, Query: in.Query, Host: in.Host}, in.After, in.Limit)
				page, err := table.All(list, err)
				page.Next, page.Total = next, total
				return page, err
			}),
		table.Define(table.Row{Name: "components.kinds", Method: "GET", Path: "/component-kinds", Action: read, Summary: "The kinds of components with how many stand where, and since when each is judged"},
			func(ctx context.Context, who access.Principal, _ struct{}) (table.Page[component.KindCount], error) {
				return table.All(s.Counts(ctx, who))
			}),
		table.Define(table.Row{Name: "components.show", Method: "GET", Path: "/components/{id}", Action: read, Summary: "One component with where it is, what was decided, and its history"},
			func(ctx context.Context, who access.Principal, in IDInput) (*component.View, error) {
				return s.Get(ctx, who, in.ID)
			}),
		table.Define(table.Row{Name: "components.approve", Method: "POST", Path: "/components-approve", Action: decide, Summary: "Approve components: all of them, or none where one cannot be",
			Detail: "The first approval of a kind has all of that kind judged. It asks who is there, so that no token does it."},
			func(ctx context.Context, who access.Principal, in struct {
				Some
				Approval
			}) (Told, error) {
				return say(ctx, who, in.Components, in.said())
			}),
		table.Define(table.Row{Name: "components.refuse", Method: "POST", Path: "/components-refuse", Action: decide, Summary: "Refuse components: each stays a finding until it was observed to be gone", Detail: "It asks who is there, so that no token does it."},
			func(ctx context.Context, who access.Principal, in text) (Told, error) {
				return say(ctx, who, in.Components, component.Said{What: component.Refused, Reason: in.Reason})
			}),
		table.Define(table.Row{Name: "components.withdraw", Method: "POST", Path: "/components-withdraw", Action: decide, Summary: "Take back what was approved or refused"},
			func(ctx context.Context, who access.Principal, in text) (Told, error) {
				return say(ctx, who, in.Components, component.Said{What: component.Withdrawn, Reason: in.Reason})
			}),
		table.Define(table.Row{Name: "components.ask", Method: "POST", Path: "/components-ask", Action: decide, Summary: "Ask somebody about components; it decides nothing"},
			func(ctx context.Context, who access.Principal, in struct {
				text
				To string `json:"to" doc:"Login or id of who is asked." maxLength:"254"`
			}) (Told, error) {
				return say(ctx, who, in.Components, component.Said{What: component.Asked, Reason: in.Reason, To: in.To})
			}),
		table.Define(table.Row{Name: "components.answer", Method: "POST", Path: "/components-answer", Action: access.ComponentAnswer, Summary: "Answer a question about components"},
			func(ctx context.Context, who access.Principal, in text) (Told, error) {
				return say(ctx, who, in.Components, component.Said{What: component.Answered, Reason: in.Reason})
			}),
		table.Define(table.Row{Name: "components.propose", Method: "POST", Path: "/components-propose", Action: decide, Summary: "What a baseline from a reference host or a window of time would hold", Detail: "Nothing is changed. components.learn approves it, with the digest that stands under seen."},
			func(ctx context.Context, who access.Principal, in LearnInput) (*component.Proposal, error) {
				return s.Propose(ctx, who, in.learn())
			}),
		table.Define(table.Row{Name: "components.learn", Method: "POST", Path: "/components-learn", Action: decide, Summary: "Approve a proposal as it was seen", Detail: "It asks who is there, so that no token does it."},
			func(ctx context.Context, who access.Principal, in struct {
				LearnInput
				Seen string `json:"seen" doc:"The digest that the proposal gave." maxLength:"64"`
				Approval
			}) (Told, error) {
				n, own, err := s.ApproveProposal(ctx, who, in.learn(), in.Seen, in.said())
				return Told{Components: n, Own: own}, err
			}),
	}
}
