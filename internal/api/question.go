package api

import (
	"context"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/program/question"
	"github.com/attesta/attesta/internal/program/scope"
)

// QuestionnaireID names a questionnaire.
type QuestionnaireID struct {
	ID string `json:"id" doc:"first or need." maxLength:"60"`
}

// Questioned is a questionnaire with what was answered.
type Questioned struct {
	question.Questionnaire
	History []question.Version `json:"history" doc:"Versions of the answers, oldest first."`
}

// DataRef names a data set.
type DataRef struct {
	Ref string `json:"ref" doc:"D-3" maxLength:"40"`
}

// Drafted is a draft of the scope.
type Drafted struct {
	Version int `json:"version"`
}

func (a *API) aboutQuestions() []*Operation {
	toScope := func(verb, summary string, do func(context.Context, access.Principal) (scope.Version, error)) *Operation {
		return define(Operation{Name: "questions." + verb, Method: "POST", Path: "/questions/" + verb, Action: access.ScopeEdit, Draft: true, Summary: summary, Detail: "It holds once somebody else approved it."},
			func(ctx context.Context, who access.Principal, _ struct{}) (Drafted, error) {
				v, err := do(ctx, who)
				return Drafted{v.Version}, err
			})
	}
	return []*Operation{
		define(Operation{Name: "questions.show", Method: "GET", Path: "/questionnaires/{id}", Action: access.DataRead, Summary: "A questionnaire with every version of its answers: first (what is held, where, who has access) or need (whether a report is needed)"},
			func(ctx context.Context, who access.Principal, in QuestionnaireID) (Questioned, error) {
				q, err := a.cfg.Questions.Book().Get(in.ID)
				if err != nil {
					return Questioned{}, err
				}
				h, err := a.cfg.Questions.History(ctx, who, in.ID)
				return Questioned{*q, h}, err
			}),
		define(Operation{Name: "questions.answer", Method: "POST", Path: "/questionnaires/{id}", Action: access.DataEdit, Summary: "Answer a questionnaire: all answers, as its next version",
			Detail: "What is left out is skipped; unknown says that nobody knows, which never counts as good."},
			func(ctx context.Context, who access.Principal, in struct {
				QuestionnaireID
				Base    int                        `json:"base" doc:"The version that was looked at; 0 for none." minimum:"0"`
				Answers map[string]question.Answer `json:"answers"`
			}) (question.Version, error) {
				return a.cfg.Questions.Answer(ctx, who, in.ID, in.Base, in.Answers)
			}),
		define(Operation{Name: "questions.result", Method: "GET", Path: "/questions/result", Action: access.DataRead, Summary: "What follows from the first questions: categories with reasons, controls to begin with, data, accounts, what is open"},
			func(ctx context.Context, who access.Principal, _ struct{}) (question.Result, error) {
				return a.cfg.Questions.Result(ctx, who)
			}),
		define(Operation{Name: "questions.advice", Method: "GET", Path: "/questions/advice", Action: access.DataRead, Summary: "Whether a report is needed, of which type and when, with the reasons"},
			func(ctx context.Context, who access.Principal, _ struct{}) (question.Advice, error) {
				return a.cfg.Questions.Advice(ctx, who)
			}),
		toScope("scope", "Write what follows from the first questions as a draft of the scope", func(ctx context.Context, who access.Principal) (scope.Version, error) {
			return a.cfg.Questions.ToScope(ctx, who)
		}),
		toScope("window", "Write the advised date or window as a draft of the scope", func(ctx context.Context, who access.Principal) (scope.Version, error) {
			return a.cfg.Questions.WindowToScope(ctx, who)
		}),
		define(Operation{Name: "data.list", Method: "GET", Path: "/data", Action: access.DataRead, Summary: "The inventory of data: owner, classification, retention, where it lives, how it moves, who has access"},
			func(ctx context.Context, who access.Principal, _ struct{}) (Page[question.Data], error) {
				all, err := a.cfg.Questions.Inventory(ctx, who)
				return Page[question.Data]{Items: all, Total: int64(len(all))}, err
			}),
		define(Operation{Name: "data.accounts", Method: "GET", Path: "/data/accounts", Action: access.DataRead, Summary: "Who has access to data by the inventory: the first population of accounts"},
			func(ctx context.Context, who access.Principal, _ struct{}) (Page[question.Holder], error) {
				sets, err := a.cfg.Questions.Inventory(ctx, who)
				all := question.Population(sets)
				if all == nil {
					all = []question.Holder{}
				}
				return Page[question.Holder]{Items: all, Total: int64(len(all))}, err
			}),
		define(Operation{Name: "data.show", Method: "GET", Path: "/data/{ref}", Action: access.DataRead, Summary: "One data set with every version"},
			func(ctx context.Context, who access.Principal, in DataRef) (*question.Data, error) {
				return a.cfg.Questions.Data(ctx, who, in.Ref)
			}),
		define(Operation{Name: "data.add", Method: "POST", Path: "/data", Action: access.DataEdit, Summary: "Take a data set into the inventory"},
			func(ctx context.Context, who access.Principal, in question.DataSet) (Page[int], error) {
				n, err := a.cfg.Questions.AddData(ctx, who, in)
				return Page[int]{Items: n, Total: int64(len(n))}, err
			}),
		define(Operation{Name: "data.change", Method: "POST", Path: "/data/{ref}", Action: access.DataEdit, Of: "data.show", Summary: "Write a new version of a data set"},
			func(ctx context.Context, who access.Principal, in struct {
				DataRef
				Base int              `json:"base" doc:"The version that was looked at." minimum:"1"`
				Data question.DataSet `json:"data"`
				Note string           `json:"note" doc:"What changed and why." maxLength:"1000"`
			}) (*question.Data, error) {
				return a.cfg.Questions.ChangeData(ctx, who, in.Ref, in.Base, in.Data, in.Note)
			}),
	}
}
