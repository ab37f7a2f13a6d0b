// Package assurance is the operations of management's own tests, audit firms and
// reports. Rules are those of internal/audit/owntest and internal/audit/firm.
//
// Floor: edges.
package assurance

import (
	"context"

	"github.com/attesta/attesta/internal/api/table"
	"github.com/attesta/attesta/internal/audit/firm"
	"github.com/attesta/attesta/internal/audit/owntest"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/journal"
)

// noted names an object and what is said of it.
type noted struct {
	table.RefInput
	Note  string `json:"note,omitempty" maxLength:"4000"`
	Alone string `json:"compensation,omitempty" doc:"Where nobody else may: what stands in for a second person." maxLength:"1000"`
}

// Operations gives them.
func Operations(tests *owntest.Service, firms *firm.Service) []table.Row {
	test := func(verb, summary, detail string, action access.Action, do func(context.Context, access.Principal, noted) (*owntest.Object, error)) table.Row {
		return table.Define(table.Row{Name: "own-tests." + verb, Method: "POST", Path: "/own-tests/{ref}/" + verb, Action: action, Of: "own-tests.show", Summary: summary, Detail: detail}, do)
	}
	chosen := func(verb, summary, detail string, action access.Action, do func(context.Context, access.Principal, noted) (*firm.Object, error)) table.Row {
		return table.Define(table.Row{Name: "firms." + verb, Method: "POST", Path: "/firms/{ref}/" + verb, Action: action, Of: "firms.show", Summary: summary, Detail: detail}, do)
	}
	return []table.Row{
		table.Define(table.Row{Name: "own-tests.list", Method: "GET", Path: "/own-tests", Action: access.OwnTestRead, Summary: "Management's own tests of controls, newest first"},
			func(ctx context.Context, who access.Principal, in struct {
				State   string `json:"state,omitempty" enum:"planned,testing,concluded,reviewed,dropped"`
				Control string `json:"control,omitempty" maxLength:"120"`
			}) (table.Page[owntest.Object], error) {
				f := journal.Filter{Topic: in.Control}
				if in.State != "" {
					f.States = []string{in.State}
				}
				all, _, err := tests.List(ctx, who, f)
				return table.All(all, err)
			}),
		table.Define(table.Row{Name: "own-tests.show", Method: "GET", Path: "/own-tests/{ref}", Action: access.OwnTestRead, Summary: "One test with its items, results and history"},
			func(ctx context.Context, who access.Principal, in table.RefInput) (*owntest.Object, error) {
				return tests.Get(ctx, who, in.Ref)
			}),
		table.Define(table.Row{Name: "own-tests.plan", Method: "POST", Path: "/own-tests", Action: access.OwnTestDo, Draft: true, Summary: "Plan a test of a control",
			Detail: "Whoever owns the control, or brought evidence of it in the period, does not test it unless nobody else could."},
			func(ctx context.Context, who access.Principal, in owntest.Plan) (*owntest.Object, error) {
				return tests.Plan(ctx, who, in)
			}),
		test("draw", "Draw the items of a test", "Once, by its tester. The seed is the head of the ledger, which comes after the plan.", access.OwnTestDo, func(ctx context.Context, who access.Principal, in noted) (*owntest.Object, error) {
			return tests.Draw(ctx, who, in.Ref)
		}),
		table.Define(table.Row{Name: "own-tests.see", Method: "POST", Path: "/own-tests/{ref}/see", Action: access.OwnTestDo, Of: "own-tests.show", Summary: "Record what the tester saw at items"},
			func(ctx context.Context, who access.Principal, in struct {
				table.RefInput
				Seen []owntest.Seen `json:"seen" maxItems:"480"`
			}) (*owntest.Object, error) {
				return tests.See(ctx, who, in.Ref, in.Seen...)
			}),
		test("conclude", "End the tester's part", "The conclusion follows from the results.", access.OwnTestDo, func(ctx context.Context, who access.Principal, in noted) (*owntest.Object, error) {
			return tests.Conclude(ctx, who, in.Ref, in.Note)
		}),
		test("review", "Review a test that somebody else did", "", access.OwnTestReview, func(ctx context.Context, who access.Principal, in noted) (*owntest.Object, error) {
			return tests.Review(ctx, who, in.Ref, in.Note, in.Alone)
		}),
		test("send-back", "Ask the tester to look again", "", access.OwnTestReview, func(ctx context.Context, who access.Principal, in noted) (*owntest.Object, error) {
			return tests.SendBack(ctx, who, in.Ref, in.Note)
		}),
		test("drop", "Say that a test will not be done, and why", "", access.OwnTestDo, func(ctx context.Context, who access.Principal, in noted) (*owntest.Object, error) {
			return tests.Drop(ctx, who, in.Ref, in.Note)
		}),
		table.Define(table.Row{Name: "own-tests.follow-up", Method: "POST", Path: "/own-tests/{ref}/follow-up", Action: access.OwnTestReview, Of: "own-tests.show", Summary: "Say what is done about a deviation"},
			func(ctx context.Context, who access.Principal, in struct {
				table.RefInput
				owntest.Remedy
			}) (*owntest.Object, error) {
				return tests.FollowUp(ctx, who, in.Ref, in.Remedy)
			}),
		table.Define(table.Row{Name: "firms.list", Method: "GET", Path: "/firms", Action: access.FirmRead, Summary: "Audit firms that were considered or engaged"},
			func(ctx context.Context, who access.Principal, _ struct{}) (table.Page[firm.Object], error) {
				all, _, err := firms.List(ctx, who, journal.Filter{})
				return table.All(all, err)
			}),
		table.Define(table.Row{Name: "firms.questions", Method: "GET", Path: "/firm-questions", Action: access.FirmRead, Summary: "The questions on a firm's independence"},
			func(context.Context, access.Principal, struct{}) (table.Page[firm.Question], error) {
				return table.All(firm.Questions(), nil)
			}),
		table.Define(table.Row{Name: "firms.show", Method: "GET", Path: "/firms/{ref}", Action: access.FirmRead, Summary: "One firm with its licence, answers, letters and history"},
			func(ctx context.Context, who access.Principal, in table.RefInput) (*firm.Object, error) {
				return firms.Get(ctx, who, in.Ref)
			}),
		table.Define(table.Row{Name: "firms.propose", Method: "POST", Path: "/firms", Action: access.FirmEdit, Draft: true, Summary: "Add a firm that could examine us"},
			func(ctx context.Context, who access.Principal, in firm.Profile) (*firm.Object, error) {
				return firms.Propose(ctx, who, in)
			}),
		table.Define(table.Row{Name: "firms.describe", Method: "POST", Path: "/firms/{ref}/describe", Action: access.FirmEdit, Of: "firms.show", Summary: "Write anew what is known of a firm"},
			func(ctx context.Context, who access.Principal, in struct {
				table.RefInput
				firm.Profile
				Note string `json:"note,omitempty" maxLength:"4000"`
			}) (*firm.Object, error) {
				return firms.Describe(ctx, who, in.Ref, in.Profile, in.Note)
			}),
		table.Define(table.Row{Name: "firms.verify", Method: "POST", Path: "/firms/{ref}/verify", Action: access.FirmEdit, Of: "firms.show", Summary: "Record what was found when a firm's licence and peer review were looked up"},
			func(ctx context.Context, who access.Principal, in struct {
				table.RefInput
				firm.Licence
			}) (*firm.Object, error) {
				return firms.Verify(ctx, who, in.Ref, in.Licence)
			}),
		table.Define(table.Row{Name: "firms.answer", Method: "POST", Path: "/firms/{ref}/answer", Action: access.FirmEdit, Of: "firms.show", Summary: "Answer questions on a firm's independence"},
			func(ctx context.Context, who access.Principal, in struct {
				table.RefInput
				Answers map[string]firm.Answer `json:"answers" doc:"By the id of the question."`
			}) (*firm.Object, error) {
				return firms.Answer(ctx, who, in.Ref, in.Answers)
			}),
		table.Define(table.Row{Name: "firms.sign", Method: "POST", Path: "/firms/{ref}/letters", Action: access.FirmEdit, Of: "firms.show", Summary: "Record an engagement letter"},
			func(ctx context.Context, who access.Principal, in struct {
				table.RefInput
				firm.Letter
			}) (*firm.Object, error) {
				return firms.Sign(ctx, who, in.Ref, in.Letter)
			}),
		chosen("engage", "Engage a firm that somebody else proposed", "Its licence was looked up, and each question on independence has an answer.", access.FirmDecide, func(ctx context.Context, who access.Principal, in noted) (*firm.Object, error) {
			return firms.Engage(ctx, who, in.Ref, in.Note, in.Alone)
		}),
		chosen("refuse", "Decide against a firm", "", access.FirmDecide, func(ctx context.Context, who access.Principal, in noted) (*firm.Object, error) {
			return firms.Refuse(ctx, who, in.Ref, in.Note)
		}),
		chosen("end", "End the relationship with a firm", "", access.FirmDecide, func(ctx context.Context, who access.Principal, in noted) (*firm.Object, error) {
			return firms.End(ctx, who, in.Ref, in.Note)
		}),
		table.Define(table.Row{Name: "reports.list", Method: "GET", Path: "/reports", Action: access.FirmRead, Summary: "Reports that were received, with who was given a copy"},
			func(ctx context.Context, who access.Principal, _ struct{}) (table.Page[firm.ReportObject], error) {
				return table.All(firms.Reports(ctx, who))
			}),
		table.Define(table.Row{Name: "reports.show", Method: "GET", Path: "/reports/{ref}", Action: access.FirmRead, Summary: "One report with its copies and history"},
			func(ctx context.Context, who access.Principal, in table.RefInput) (*firm.ReportObject, error) {
				return firms.Report(ctx, who, in.Ref)
			}),
		table.Define(table.Row{Name: "reports.receive", Method: "POST", Path: "/reports", Action: access.FirmEdit, Summary: "Record a report that was received, whatever its opinion"},
			func(ctx context.Context, who access.Principal, in firm.Received) (*firm.ReportObject, error) {
				return firms.Receive(ctx, who, in)
			}),
		table.Define(table.Row{Name: "reports.hand", Method: "POST", Path: "/reports/{ref}/copies", Action: access.ReportHand, Of: "reports.show", Summary: "Record who was given a copy, and under which terms"},
			func(ctx context.Context, who access.Principal, in struct {
				table.RefInput
				firm.Handing
			}) (*firm.ReportObject, error) {
				return firms.Hand(ctx, who, in.Ref, in.Handing)
			}),
		table.Define(table.Row{Name: "reports.recall", Method: "POST", Path: "/reports/{ref}/recall", Action: access.ReportHand, Of: "reports.show", Summary: "Record that a copy was asked back, and why"},
			func(ctx context.Context, who access.Principal, in struct {
				table.RefInput
				Number int    `json:"number" doc:"Of the copy." minimum:"1"`
				On     string `json:"on" doc:"2026-03-31" maxLength:"10"`
				Why    string `json:"why" maxLength:"1000"`
			}) (*firm.ReportObject, error) {
				return firms.Recall(ctx, who, in.Ref, in.Number, in.On, in.Why)
			}),
	}
}
