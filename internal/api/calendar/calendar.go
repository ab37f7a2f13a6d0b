// Package calendar is the operations of the calendar. Rules are those of
// internal/program/calendar.
//
// Floor: edges.
package calendar

import (
	"context"

	"github.com/attesta/attesta/internal/api/table"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/program/calendar"
)

// Shown is what is on the calendar between two days.
type Shown struct {
	Items  []calendar.Event `json:"items"`
	Unread []string         `json:"unread,omitempty" doc:"Parts that could not be read just now."`
}

// Looked is what a plan would meet, and where it disrupts least.
type Looked struct {
	At   calendar.Slot  `json:"at"`
	Next *calendar.Slot `json:"next,omitempty" doc:"Absent where no days are free in the next half-year."`
}

// Operations gives the rows.
func Operations(s *calendar.Service) []table.Row {
	return []table.Row{
		table.Define(table.Row{Name: "calendar.show", Method: "GET", Path: "/calendar", Action: access.CalendarRead, Summary: "Audits, controls to perform, reviews, tests, exercises and freezes between two days",
			Detail: "Days are those of the organisation's zone. Without days it is the month of today."},
			func(ctx context.Context, who access.Principal, in struct {
				From calendar.Day `json:"from,omitempty" doc:"First day: 2026-08-01." maxLength:"10"`
				To   calendar.Day `json:"to,omitempty" doc:"Last day." maxLength:"10"`
			}) (Shown, error) {
				today, err := s.Today(ctx)
				if err != nil {
					return Shown{}, err
				}
				from, to := calendar.MonthOf(today).First(), calendar.MonthOf(today).Last()
				if in.From != "" {
					if from, err = calendar.ParseDay(string(in.From), "from"); err != nil {
						return Shown{}, err
					}
					to = calendar.MonthOf(from).Last()
				}
				if in.To != "" {
					if to, err = calendar.ParseDay(string(in.To), "to"); err != nil {
						return Shown{}, err
					}
				}
				all, unread, err := s.Events(ctx, who, from, to)
				if all == nil {
					all = []calendar.Event{}
				}
				return Shown{all, unread}, err
			}),
		table.Define(table.Row{Name: "calendar.look", Method: "GET", Path: "/calendar/look", Action: access.CalendarRead, Summary: "What a test would meet on its days, and the next days on which it disrupts least"},
			func(ctx context.Context, who access.Principal, in struct {
				From    calendar.Day `json:"from" maxLength:"10"`
				To      calendar.Day `json:"to,omitempty" maxLength:"10"`
				Systems []string     `json:"systems,omitempty" maxItems:"20"`
			}) (Looked, error) {
				at, next, found, err := s.Look(ctx, who, calendar.Plan{Kind: calendar.Test, Title: "a test", Reason: "to look", From: in.From, To: in.To, Systems: in.Systems})
				out := Looked{At: at}
				if found {
					out.Next = &next
				}
				return out, err
			}),
		table.Define(table.Row{Name: "calendar.plan", Method: "POST", Path: "/calendar/plans", Action: access.FreezeEdit, Summary: "Plan a test or an exercise, or declare a freeze",
			Detail: "A test in a freeze of its systems is refused with the next free days, unless anyway says why."},
			func(ctx context.Context, who access.Principal, in calendar.Plan) (*calendar.Entry, error) {
				return s.Make(ctx, who, in)
			}),
		table.Define(table.Row{Name: "calendar.plan-show", Method: "GET", Path: "/calendar/plans/{ref}", Action: access.CalendarRead, Summary: "One thing that is planned"},
			func(ctx context.Context, who access.Principal, in table.RefInput) (*calendar.Entry, error) {
				return s.Get(ctx, who, in.Ref)
			}),
		table.Define(table.Row{Name: "calendar.cancel", Method: "POST", Path: "/calendar/plans/{ref}/cancel", Action: access.FreezeEdit, Of: "calendar.plan-show", Summary: "Cancel what is planned"},
			func(ctx context.Context, who access.Principal, in struct {
				table.RefInput
				Why string `json:"why" maxLength:"500"`
			}) (*calendar.Entry, error) {
				return s.Cancel(ctx, who, in.Ref, in.Why)
			}),
	}
}
