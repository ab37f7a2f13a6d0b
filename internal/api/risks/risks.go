// Package risks is the operations of risks: the register, the appetite, yearly
// assessments. Rules are those of internal/program/risk.
//
// Floor: edges.
package risks

import (
	"context"

	"github.com/attesta/attesta/internal/api/table"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/program/register"
	"github.com/attesta/attesta/internal/program/risk"
)

// State is a risk with what it comes to today.
type State struct {
	*risk.Risk
	Today risk.Row `json:"today"`
}

func state(r risk.Row, err error) (State, error) { return State{r.Risk, r}, err }

// riskDo makes the operation that records a change of a risk.
func riskDo[In interface{ Which() string }](s *risk.Service, verb, summary, detail string, change func(*In) register.Change[risk.Risk, risk.World]) table.Row {
	return table.Define(table.Row{Name: "risks." + verb, Method: "POST", Path: "/risks/{ref}/" + verb, Action: change(new(In)).Action(), Of: "risks.show", Summary: summary, Detail: detail},
		func(ctx context.Context, who access.Principal, in In) (State, error) {
			return state(s.Record(ctx, who, in.Which(), change(&in)))
		})
}

// assessmentDo is riskDo of a yearly assessment.
func assessmentDo[In interface{ Which() string }](s *risk.Service, verb, summary, detail string, change func(*In) register.Change[risk.Assessment, risk.World]) table.Row {
	return table.Define(table.Row{Name: "risk-assessments." + verb, Method: "POST", Path: "/risk-assessments/{ref}/" + verb, Action: change(new(In)).Action(), Of: "risk-assessments.show", Summary: summary, Detail: detail},
		func(ctx context.Context, who access.Principal, in In) (risk.AssessmentState, error) {
			return s.RecordAssessment(ctx, who, in.Which(), change(&in))
		})
}

// The inputs of what is recorded about risks.
type (
	riskDescribe struct {
		table.RefInput
		risk.Describe
	}
	riskAssess struct {
		table.RefInput
		risk.Assess
	}
	riskRespond struct {
		table.RefInput
		risk.Respond
	}
	riskLook struct {
		table.RefInput
		risk.Look
	}
	riskAsk struct {
		table.RefInput
		risk.AskAcceptance
	}
	riskSign struct {
		table.RefInput
		risk.SignAcceptance
	}
	riskRefuse struct {
		table.RefInput
		risk.RefuseAcceptance
	}
	riskEnd struct {
		table.RefInput
		risk.EndAcceptance
	}
	riskClose struct {
		table.RefInput
		risk.Close
	}
	riskReopen struct {
		table.RefInput
		risk.Reopen
	}
	assessmentAnswer struct {
		table.RefInput
		risk.AnswerTopic
	}
	assessmentJoin struct {
		table.RefInput
		risk.Join
	}
	assessmentCallOff struct {
		table.RefInput
		risk.CallOff
	}
	assessmentClose struct {
		table.RefInput
		risk.CloseAssessment
	}
)

// Operations are the operations of risks.
func Operations(s *risk.Service) []table.Row {
	type change = register.Change[risk.Risk, risk.World]
	type changed = register.Change[risk.Assessment, risk.World]
	return []table.Row{
		table.Define(table.Row{Name: "risks.list", Method: "GET", Path: "/risks", Action: access.RiskRead, Summary: "Risks of the register, the most exposed first, with ratings, appetite, acceptance and what their attributes come to"},
			func(ctx context.Context, who access.Principal, _ struct{}) (table.Page[risk.Row], error) {
				return table.All(s.List(ctx, who))
			}),
		table.Define(table.Row{Name: "risks.scale", Method: "GET", Path: "/risk-scale", Action: access.RiskRead, Summary: "How risks are rated: steps, bands, the questions of a yearly assessment"},
			func(context.Context, access.Principal, struct{}) (*risk.Scale, error) { return s.Scale(), nil }),
		table.Define(table.Row{Name: "risks.catalogue", Method: "GET", Path: "/risk-catalogue", Action: access.RiskRead, Summary: "Scenarios that risks can be taken from"},
			func(context.Context, access.Principal, struct{}) (*risk.Catalogue, error) { return s.Catalogue(), nil }),
		table.Define(table.Row{Name: "risks.show", Method: "GET", Path: "/risks/{ref}", Action: access.RiskRead, Summary: "One risk with its ratings, acceptances and history"},
			func(ctx context.Context, who access.Principal, in table.RefInput) (State, error) {
				return state(s.Get(ctx, who, in.Ref))
			}),
		table.Define(table.Row{Name: "risks.identify", Method: "POST", Path: "/risks", Action: access.RiskEdit, Summary: "Enter a risk, from the catalogue or an own one",
			Detail: "Of a scenario of the catalogue what is left empty is taken from there."},
			func(ctx context.Context, who access.Principal, in risk.Identify) (State, error) {
				return state(s.Identify(ctx, who, in))
			}),
		riskDo(s, "describe", "Describe a risk anew", "Where the scenario changes, what was accepted holds no more.", func(in *riskDescribe) change { return &in.Describe }),
		riskDo(s, "assess", "Rate a risk, without controls (inherent) or after them (residual)", "A residual rating names the controls that leave it.", func(in *riskAssess) change { return &in.Assess }),
		riskDo(s, "respond", "Decide what is done about a risk", "Tasks that treat it are tasks of the plan about it: tasks.create with about.", func(in *riskRespond) change { return &in.Respond }),
		riskDo(s, "review", "Record that a risk was looked at and its ratings still hold", "", func(in *riskLook) change { return &in.Look }),
		riskDo(s, "ask-acceptance", "Ask that a risk be accepted as it is, until a day", "The text that is signed is made from the register and frozen.", func(in *riskAsk) change { return &in.AskAcceptance }),
		riskDo(s, "accept", "Sign an acceptance that somebody else asked for", "The digest names the text that was read.", func(in *riskSign) change { return &in.SignAcceptance }),
		riskDo(s, "refuse-acceptance", "Refuse to accept a risk", "", func(in *riskRefuse) change { return &in.RefuseAcceptance }),
		riskDo(s, "end-acceptance", "End an acceptance before its day, or take a request back", "", func(in *riskEnd) change { return &in.EndAcceptance }),
		riskDo(s, "close", "Close a risk that is gone", "", func(in *riskClose) change { return &in.Close }),
		riskDo(s, "reopen", "Open a closed risk again", "", func(in *riskReopen) change { return &in.Reopen }),
		table.Define(table.Row{Name: "risk-appetite.show", Method: "GET", Path: "/risk-appetite", Action: access.RiskRead, Summary: "How much risk is taken, by category, in versions"},
			func(ctx context.Context, who access.Principal, _ struct{}) (*risk.Appetite, error) {
				return s.Appetite(ctx, who)
			}),
		table.Define(table.Row{Name: "risk-appetite.propose", Method: "POST", Path: "/risk-appetite", Action: access.RiskEdit, Summary: "Write a version of the appetite"},
			func(ctx context.Context, who access.Principal, in risk.ProposeAppetite) (*risk.Appetite, error) {
				return s.ProposeAppetite(ctx, who, in)
			}),
		table.Define(table.Row{Name: "risk-appetite.approve", Method: "POST", Path: "/risk-appetite/approve", Action: access.RiskApprove, Summary: "Approve the version of the appetite that somebody else wrote"},
			func(ctx context.Context, who access.Principal, in risk.ApproveAppetite) (*risk.Appetite, error) {
				return s.ApproveAppetite(ctx, who, in)
			}),
		table.Define(table.Row{Name: "risk-assessments.list", Method: "GET", Path: "/risk-assessments", Action: access.RiskRead, Summary: "Yearly assessments, newest first"},
			func(ctx context.Context, who access.Principal, _ struct{}) (table.Page[*risk.Assessment], error) {
				return table.All(s.Assessments(ctx, who))
			}),
		table.Define(table.Row{Name: "risk-assessments.show", Method: "GET", Path: "/risk-assessments/{ref}", Action: access.RiskRead, Summary: "One yearly assessment: answers, what it still needs, what changed since the one before"},
			func(ctx context.Context, who access.Principal, in table.RefInput) (risk.AssessmentState, error) {
				return s.Assessment(ctx, who, in.Ref)
			}),
		table.Define(table.Row{Name: "risk-assessments.open", Method: "POST", Path: "/risk-assessments", Action: access.RiskEdit, Summary: "Begin a yearly assessment"},
			func(ctx context.Context, who access.Principal, in risk.OpenAssessment) (risk.AssessmentState, error) {
				return s.OpenAssessment(ctx, who, in)
			}),
		assessmentDo(s, "answer", "Answer one of its questions on fraud and change", "", func(in *assessmentAnswer) changed { return &in.AnswerTopic }),
		assessmentDo(s, "join", "Say who takes part", "", func(in *assessmentJoin) changed { return &in.Join }),
		assessmentDo(s, "call-off", "End an assessment without a result", "", func(in *assessmentCallOff) changed { return &in.CallOff }),
		assessmentDo(s, "close", "Close an assessment that somebody else began", "Every question is answered, and every open risk was looked at since it began. What it says is frozen and filed as evidence.", func(in *assessmentClose) changed { return &in.CloseAssessment }),
		table.Define(table.Row{Name: "risk-assessments.file", Method: "POST", Path: "/risk-assessments/{ref}/file", Action: access.EvidenceAdd, Of: "risk-assessments.show", Summary: "File a closed assessment as evidence, where that did not happen when it closed"},
			func(ctx context.Context, who access.Principal, in table.RefInput) (risk.AssessmentState, error) {
				return s.FileAssessment(ctx, who, in.Ref)
			}),
	}
}
