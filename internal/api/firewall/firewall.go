// Package firewall is the operations of the review of firewalls. Rules are those of
// internal/operations/firewall.
//
// Floor: edges.
package firewall

import (
	"context"
	"strings"

	"github.com/attesta/attesta/internal/api/table"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/connectors/cloudrules"
	"github.com/attesta/attesta/internal/operations/firewall"
	"github.com/attesta/attesta/internal/operations/firewall/analysis"
)

type noted struct {
	table.RefInput
	Note  string `json:"note,omitempty" maxLength:"4000"`
	Alone string `json:"compensation,omitempty" doc:"Where nobody else may: what stands in for a second person." maxLength:"1000"`
}

// Bring reads a file of a cloud's groups and takes it in.
func Bring(ctx context.Context, s *firewall.Service, who access.Principal, name, cloud string, raw []byte, whole bool) (*firewall.FileObject, error) {
	if err := access.Authorise(who, access.FirewallEdit); err != nil {
		return nil, err
	}
	groups, err := cloudrules.Parse(name, cloud, strings.NewReader(string(raw)))
	if err != nil {
		return nil, err
	}
	var list []firewall.CloudGroup
	for _, g := range groups {
		list = append(list, firewall.CloudGroup{Cloud: g.Cloud, ID: g.ID, Name: g.Name, Set: analysis.Set{Chains: g.Chains, Rules: g.Rules}})
	}
	return s.Bring(ctx, who, name, raw, whole, list)
}

// Operations gives them.
func Operations(s *firewall.Service) []table.Row {
	step := func(verb, summary, detail string, action access.Action, do func(context.Context, access.Principal, noted) (*firewall.ReviewObject, error)) table.Row {
		return table.Define(table.Row{Name: "firewall-reviews." + verb, Method: "POST", Path: "/firewall-reviews/{ref}/" + verb, Action: action, Of: "firewall-reviews.show", Summary: summary, Detail: detail}, do)
	}
	return []table.Row{
		table.Define(table.Row{Name: "firewall.list", Method: "GET", Path: "/firewall", Action: access.FirewallRead, Summary: "Rule sets of firewalls with what is to be done about them, most first"},
			func(ctx context.Context, who access.Principal, in struct {
				Query string `json:"q,omitempty" doc:"Part of a host's name or of a rule." maxLength:"200"`
				Kind  string `json:"kind,omitempty" enum:"host,aws,azure,gcp"`
				Only  string `json:"only,omitempty" enum:"odd,open,unjustified,overdue,drift,gone"`
				After string `json:"cursor,omitempty" maxLength:"40"`
				Limit int    `json:"limit,omitempty" minimum:"1" maximum:"1000"`
			}) (table.Page[firewall.Row], error) {
				rows, next, counts, err := s.List(ctx, who, firewall.Filter{Query: in.Query, Kind: in.Kind, Only: in.Only, After: in.After, Limit: in.Limit})
				if err != nil {
					return table.Page[firewall.Row]{}, err
				}
				page, err := table.All(rows, nil)
				page.Next, page.Total = next, int64(counts.All)
				if in.Query != "" || in.Kind != "" || in.Only != "" {
					page.Total = int64(len(rows))
				}
				return page, err
			}),
		table.Define(table.Row{Name: "firewall.show", Method: "GET", Path: "/firewall/{ref}", Action: access.FirewallRead, Summary: "One rule set: its rules with what is odd about each, who has it, what came and went"},
			func(ctx context.Context, who access.Principal, in table.RefInput) (*firewall.View, error) {
				return s.Show(ctx, who, in.Ref)
			}),
		table.Define(table.Row{Name: "firewall.justify", Method: "POST", Path: "/firewall/{ref}/justify", Action: access.FirewallEdit, Of: "firewall.show", Summary: "Say what needs rules of a rule set, all or none"},
			func(ctx context.Context, who access.Principal, in struct {
				table.RefInput
				Keys   []string     `json:"keys" doc:"Of the rules." maxItems:"500"`
				Hosts  []string     `json:"hosts,omitempty" maxItems:"200"`
				Owner  string       `json:"owner" maxLength:"120"`
				Reason string       `json:"reason" maxLength:"2000"`
				Ticket string       `json:"ticket,omitempty" maxLength:"300"`
				Until  firewall.Day `json:"until" maxLength:"10"`
			}) (table.Page[firewall.JustificationObject], error) {
				return table.All(s.JustifyMany(ctx, who, in.Ref, in.Keys, firewall.JustificationText{Hosts: in.Hosts, Owner: in.Owner, Reason: in.Reason, Ticket: in.Ticket, Until: in.Until}))
			}),
		table.Define(table.Row{Name: "firewall-justifications.list", Method: "GET", Path: "/firewall-justifications", Action: access.FirewallRead, Summary: "Justifications of rules, newest first"},
			func(ctx context.Context, who access.Principal, _ struct{}) (table.Page[firewall.JustificationObject], error) {
				return table.All(s.Justifications(ctx, who))
			}),
		table.Define(table.Row{Name: "firewall-justifications.show", Method: "GET", Path: "/firewall-justifications/{ref}", Action: access.FirewallRead, Summary: "One justification with its history"},
			func(ctx context.Context, who access.Principal, in table.RefInput) (*firewall.JustificationObject, error) {
				return s.GetJustification(ctx, who, in.Ref)
			}),
		table.Define(table.Row{Name: "firewall-justifications.preview", Method: "GET", Path: "/firewall-justifications-preview", Action: access.FirewallRead, Summary: "The rules that a justification would be about"},
			func(ctx context.Context, who access.Principal, in struct {
				Chain string `json:"chain" maxLength:"200"`
				Rule  string `json:"rule" maxLength:"2000"`
				Hosts string `json:"hosts,omitempty" doc:"Names, with commas." maxLength:"2000"`
			}) (table.Page[firewall.Found], error) {
				hosts := strings.FieldsFunc(in.Hosts, func(c rune) bool { return c == ',' || c == ' ' })
				return table.All(s.Matching(ctx, who, firewall.JustificationText{Chain: in.Chain, Rule: in.Rule, Hosts: hosts}))
			}),
		table.Define(table.Row{Name: "firewall-justifications.give", Method: "POST", Path: "/firewall-justifications", Action: access.FirewallEdit, Summary: "Say what needs a rule, for hosts and until a day", Detail: "Chain and rule may have * for any letters: ip nat DOCKER and *."},
			func(ctx context.Context, who access.Principal, in firewall.JustificationText) (*firewall.JustificationObject, error) {
				return s.Justify(ctx, who, in)
			}),
		table.Define(table.Row{Name: "firewall-justifications.change", Method: "POST", Path: "/firewall-justifications/{ref}/change", Action: access.FirewallEdit, Of: "firewall-justifications.show", Summary: "Write a justification anew, also to give it a later end"},
			func(ctx context.Context, who access.Principal, in struct {
				table.RefInput
				firewall.JustificationText
				Base int64 `json:"base,omitempty" doc:"Step that was read; 0: whatever it is."`
			}) (*firewall.JustificationObject, error) {
				return s.ChangeJustification(ctx, who, in.Ref, in.Base, in.JustificationText)
			}),
		table.Define(table.Row{Name: "firewall-justifications.withdraw", Method: "POST", Path: "/firewall-justifications/{ref}/withdraw", Action: access.FirewallEdit, Of: "firewall-justifications.show", Summary: "Take a justification back, with a reason"},
			func(ctx context.Context, who access.Principal, in noted) (*firewall.JustificationObject, error) {
				return s.Withdraw(ctx, who, in.Ref, in.Note)
			}),
		table.Define(table.Row{Name: "firewall-reviews.list", Method: "GET", Path: "/firewall-reviews", Action: access.FirewallRead, Summary: "Reviews of rule sets, newest first"},
			func(ctx context.Context, who access.Principal, _ struct{}) (table.Page[firewall.ReviewObject], error) {
				return table.All(s.Reviews(ctx, who))
			}),
		table.Define(table.Row{Name: "firewall-reviews.show", Method: "GET", Path: "/firewall-reviews/{ref}", Action: access.FirewallRead, Summary: "One review with each rule as it was seen, and its history"},
			func(ctx context.Context, who access.Principal, in table.RefInput) (*firewall.ReviewObject, error) {
				return s.GetReview(ctx, who, in.Ref)
			}),
		table.Define(table.Row{Name: "firewall-reviews.begin", Method: "POST", Path: "/firewall/{ref}/review", Action: access.FirewallReview, Of: "firewall.show", Summary: "Begin a review of a rule set; its rules are frozen"},
			func(ctx context.Context, who access.Principal, in table.RefInput) (*firewall.ReviewObject, error) {
				return s.Begin(ctx, who, in.Ref)
			}),
		table.Define(table.Row{Name: "firewall-reviews.decide", Method: "POST", Path: "/firewall-reviews/{ref}/decide", Action: access.FirewallReview, Of: "firewall-reviews.show", Summary: "Decide on rules: keep, remove, ask"},
			func(ctx context.Context, who access.Principal, in struct {
				table.RefInput
				firewall.Decision
			}) (*firewall.ReviewObject, error) {
				return s.Decide(ctx, who, in.Ref, in.Decision)
			}),
		step("hand-in", "End the reviewer's part", "Every rule was decided on.", access.FirewallReview, func(ctx context.Context, who access.Principal, in noted) (*firewall.ReviewObject, error) {
			return s.HandIn(ctx, who, in.Ref, in.Note)
		}),
		step("approve", "Approve a review that somebody else did", "It counts from then on. A token does not do this: a person does, in a session or on the command line.", access.FirewallApprove, func(ctx context.Context, who access.Principal, in noted) (*firewall.ReviewObject, error) {
			return s.Approve(ctx, who, in.Ref, in.Note, in.Alone)
		}),
		step("send-back", "Ask the reviewer to look again", "", access.FirewallApprove, func(ctx context.Context, who access.Principal, in noted) (*firewall.ReviewObject, error) {
			return s.SendBack(ctx, who, in.Ref, in.Note)
		}),
		step("drop", "Give a review up, with a reason", "", access.FirewallReview, func(ctx context.Context, who access.Principal, in noted) (*firewall.ReviewObject, error) {
			return s.Drop(ctx, who, in.Ref, in.Note)
		}),
		table.Define(table.Row{Name: "firewall-files.list", Method: "GET", Path: "/firewall-files", Action: access.FirewallRead, Summary: "Files of clouds' groups that were brought, newest first"},
			func(ctx context.Context, who access.Principal, _ struct{}) (table.Page[firewall.FileObject], error) {
				return table.All(s.Files(ctx, who))
			}),
		table.Define(table.Row{Name: "firewall-files.bring", Method: "POST", Path: "/firewall-files", Action: access.FirewallEdit, Summary: "Bring a file of a cloud's groups", Detail: "What aws ec2 describe-security-groups, az network nsg list or gcloud compute firewall-rules list --format=json printed."},
			func(ctx context.Context, who access.Principal, in struct {
				Name  string `json:"name,omitempty" doc:"Of the file, for errors." maxLength:"200"`
				Cloud string `json:"cloud,omitempty" doc:"Told by its fields when left out." enum:"aws,azure,gcp"`
				JSON  string `json:"json" doc:"The file." maxLength:"16777216"`
				Whole bool   `json:"whole,omitempty" doc:"It lists every group of its accounts: others are gone."`
			}) (*firewall.FileObject, error) {
				name := in.Name
				if name == "" {
					name = "groups.json"
				}
				return Bring(ctx, s, who, name, in.Cloud, []byte(in.JSON), in.Whole)
			}),
	}
}
