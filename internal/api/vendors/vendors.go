// Package vendors is the operations of vendors. Rules are those of
// internal/program/vendor.
//
// Floor: edges.
package vendors

import (
	"context"

	"github.com/attesta/attesta/internal/api/table"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/program/vendor"
)

type ops struct{ *vendor.Service }

// State is a vendor with what its attributes come to today.
type State struct {
	*vendor.Vendor
	Ref        string             `json:"ref"`
	ReviewDue  vendor.Day         `json:"review_due,omitempty"`
	Attributes []vendor.Attribute `json:"attributes"`
}

func (a ops) state(ctx context.Context, v *vendor.Vendor, err error) (State, error) {
	if err != nil {
		return State{}, err
	}
	row, err := a.Service.Judged(ctx, v)
	return State{Vendor: v, Ref: v.Ref(), ReviewDue: row.Due, Attributes: row.Judged}, err
}

// vendorDo makes the operation that records a change of a vendor.
func vendorDo[In interface{ Which() string }](a ops, verb, summary, detail string, change func(*In) vendor.Change) table.Row {
	return table.Define(table.Row{Name: "vendors." + verb, Method: "POST", Path: "/vendors/{ref}/" + verb, Action: change(new(In)).Action(), Of: "vendors.show", Summary: summary, Detail: detail},
		func(ctx context.Context, who access.Principal, in In) (State, error) {
			v, err := a.Service.Record(ctx, who, in.Which(), change(&in))
			return a.state(ctx, v, err)
		})
}

// The inputs of what is recorded about a vendor.
type (
	vendorDescribed struct {
		table.RefInput
		vendor.Described
	}
	vendorReview struct {
		table.RefInput
		vendor.Review
	}
	vendorApprove struct {
		table.RefInput
		vendor.Approve
	}
	vendorRefuse struct {
		table.RefInput
		vendor.Refuse
	}
	vendorEngage struct {
		table.RefInput
		vendor.Engage
	}
	vendorRole struct {
		table.RefInput
		vendor.Classified
	}
	vendorContract struct {
		table.RefInput
		vendor.Contract
	}
	vendorSent struct {
		table.RefInput
		vendor.Sent
	}
	vendorFilled struct {
		table.RefInput
		vendor.Filled
	}
	vendorReport struct {
		table.RefInput
		vendor.Report
	}
	vendorLetter struct {
		table.RefInput
		vendor.Letter
	}
	vendorReportReview struct {
		table.RefInput
		vendor.ReportReview
	}
	vendorDuty struct {
		table.RefInput
		vendor.Duty
	}
	vendorDutyMap struct {
		table.RefInput
		vendor.Mapping
	}
	vendorAssume struct {
		table.RefInput
		vendor.Assumption
	}
	vendorAssumeEnd struct {
		table.RefInput
		vendor.AssumptionEnd
	}
	vendorAccess struct {
		table.RefInput
		vendor.Access
	}
	vendorAccessEnd struct {
		table.RefInput
		vendor.AccessEnd
	}
	vendorIncident struct {
		table.RefInput
		vendor.Incident
	}
	vendorIncidentClose struct {
		table.RefInput
		vendor.IncidentClose
	}
	vendorLeave struct {
		table.RefInput
		vendor.Leave
	}
	vendorData struct {
		table.RefInput
		vendor.DataEnd
	}
	vendorEnd struct {
		table.RefInput
		vendor.End
	}
)

// Operations gives them over a service, which may be nil for the table alone.
func Operations(s *vendor.Service) []table.Row {
	a := ops{s}
	return []table.Row{
		table.Define(table.Row{Name: "vendors.list", Method: "GET", Path: "/vendors", Action: access.VendorRead, Summary: "Vendors with criticality, state, the next review and what their attributes come to"},
			func(ctx context.Context, who access.Principal, _ struct{}) (table.Page[vendor.Row], error) {
				return table.All(a.Service.List(ctx, who))
			}),
		table.Define(table.Row{Name: "vendors.book", Method: "GET", Path: "/vendor-book", Action: access.VendorRead, Summary: "How vendors are weighed and asked: levels, types of data, questions, the questionnaire"},
			func(context.Context, access.Principal, struct{}) (*vendor.Book, error) {
				return a.Service.Book(), nil
			}),
		table.Define(table.Row{Name: "vendors.show", Method: "GET", Path: "/vendors/{ref}", Action: access.VendorRead, Summary: "One vendor with all that is recorded of it"},
			func(ctx context.Context, who access.Principal, in table.RefInput) (State, error) {
				v, err := a.Service.Get(ctx, who, in.Ref)
				return a.state(ctx, v, err)
			}),
		table.Define(table.Row{Name: "vendors.ask", Method: "POST", Path: "/vendors", Action: access.VendorAsk, Draft: true, Summary: "Ask for a vendor, or enter one that is in use already",
			Detail: "Its criticality follows from the answers. Somebody else approves it."},
			func(ctx context.Context, who access.Principal, in vendor.Intake) (State, error) {
				v, err := a.Service.Ask(ctx, who, in)
				return a.state(ctx, v, err)
			}),
		table.Define(table.Row{Name: "vendors.import", Method: "POST", Path: "/vendor-import", Action: access.VendorEdit, Summary: "Enter the vendors of a CSV file that are not there yet",
			Detail: "With dry, or where one line is wrong, nothing is stored."},
			func(ctx context.Context, who access.Principal, in struct {
				File string `json:"file" doc:"The file's text." maxLength:"1048576"`
				Dry  bool   `json:"dry,omitempty" doc:"Only say what would happen."`
			}) (*vendor.Imported, error) {
				return a.Service.Import(ctx, who, []byte(in.File), in.Dry)
			}),
		table.Define(table.Row{Name: "vendors.duties", Method: "GET", Path: "/vendor-duties", Action: access.VendorRead, Summary: "Register: controls that vendors expect us to operate, each with our control that does"},
			func(ctx context.Context, who access.Principal, _ struct{}) (table.Page[vendor.DutyRow], error) {
				return table.All(a.Service.Duties(ctx, who))
			}),
		table.Define(table.Row{Name: "vendors.assumed", Method: "GET", Path: "/vendor-assumed", Action: access.VendorRead, Summary: "Register: controls that we assume at subservice organisations, and how we watch them"},
			func(ctx context.Context, who access.Principal, _ struct{}) (table.Page[vendor.AssumedRow], error) {
				return table.All(a.Service.AssumedControls(ctx, who))
			}),
		table.Define(table.Row{Name: "vendors.expected", Method: "GET", Path: "/customer-controls", Action: access.VendorRead, Summary: "Register: controls that we expect of our customers"},
			func(ctx context.Context, who access.Principal, in struct {
				All bool `json:"all,omitempty" doc:"Also those that are expected no more."`
			}) (table.Page[vendor.Expected], error) {
				return table.All(a.Service.Expected(ctx, who, in.All))
			}),
		table.Define(table.Row{Name: "vendors.expect", Method: "POST", Path: "/customer-controls", Action: access.VendorEdit, Summary: "Write what we expect of customers, or a version of it"},
			func(ctx context.Context, who access.Principal, in struct {
				Number int `json:"number,omitempty" doc:"Of the one that is written anew; absent for a new one." minimum:"0"`
				vendor.Expectation
			}) (vendor.Expected, error) {
				return a.Service.Expect(ctx, who, in.Number, in.Expectation)
			}),
		vendorDo(a, "describe", "Describe a vendor anew", "Its approval is asked for again where it changed.", func(in *vendorDescribed) vendor.Change { return &in.Described }),
		vendorDo(a, "review", "Record a review of a vendor", "Who manages it does not review it.", func(in *vendorReview) vendor.Change { return &in.Review }),
		vendorDo(a, "approve", "Approve a vendor that somebody else asked for", "It must have been reviewed.", func(in *vendorApprove) vendor.Change { return &in.Approve }),
		vendorDo(a, "refuse", "Refuse a vendor", "", func(in *vendorRefuse) vendor.Change { return &in.Refuse }),
		vendorDo(a, "engage", "Say when a vendor was engaged", "", func(in *vendorEngage) vendor.Change { return &in.Engage }),
		vendorDo(a, "classify", "Decide whether a vendor is a subservice organisation, and by which method it is treated", "", func(in *vendorRole) vendor.Change { return &in.Classified }),
		vendorDo(a, "contract", "Record a contract", "", func(in *vendorContract) vendor.Change { return &in.Contract }),
		vendorDo(a, "send", "Record that a questionnaire was sent", "", func(in *vendorSent) vendor.Change { return &in.Sent }),
		vendorDo(a, "answer", "Record the answers to a questionnaire", "Every question of it is answered.", func(in *vendorFilled) vendor.Change { return &in.Filled }),
		vendorDo(a, "report", "Record a report about a vendor", "", func(in *vendorReport) vendor.Change { return &in.Report }),
		vendorDo(a, "letter", "Record a bridge letter", "", func(in *vendorLetter) vendor.Change { return &in.Letter }),
		vendorDo(a, "review-report", "Review a report about a vendor", "Each deviation and each user-entity control is answered.", func(in *vendorReportReview) vendor.Change { return &in.ReportReview }),
		vendorDo(a, "duty", "Record a control that a vendor expects us to operate", "", func(in *vendorDuty) vendor.Change { return &in.Duty }),
		vendorDo(a, "map-duty", "Say which of our controls does what a vendor expects", "", func(in *vendorDutyMap) vendor.Change { return &vendor.DutyMap{Mapping: in.Mapping} }),
		vendorDo(a, "assume", "Record a control that we assume at a subservice organisation, or change one", "", func(in *vendorAssume) vendor.Change { return &in.Assumption }),
		vendorDo(a, "assume-end", "End an assumption", "", func(in *vendorAssumeEnd) vendor.Change { return &in.AssumptionEnd }),
		vendorDo(a, "access", "Record an account, key or grant that a vendor holds", "Never its secret.", func(in *vendorAccess) vendor.Change { return &in.Access }),
		vendorDo(a, "access-end", "Record that an access was removed, and what shows it", "", func(in *vendorAccessEnd) vendor.Change { return &in.AccessEnd }),
		vendorDo(a, "incident", "Tell of an incident at a vendor", "", func(in *vendorIncident) vendor.Change { return &in.Incident }),
		vendorDo(a, "incident-close", "Close an incident at a vendor", "", func(in *vendorIncidentClose) vendor.Change { return &in.IncidentClose }),
		vendorDo(a, "leave", "Begin the end of a vendor", "", func(in *vendorLeave) vendor.Change { return &in.Leave }),
		vendorDo(a, "data-end", "Record what became of our data", "", func(in *vendorData) vendor.Change { return &in.DataEnd }),
		vendorDo(a, "end", "End a vendor", "Each access must be removed, and what became of our data be shown.", func(in *vendorEnd) vendor.Change { return &in.End }),
	}
}
