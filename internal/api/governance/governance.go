// Package governance is the operations of committees, their meetings, laws and
// contracts, and the board pack. Rules are those of internal/program/committee,
// internal/program/obligation and internal/posture/oversight.
//
// Floor: edges.
package governance

import (
	"context"

	"github.com/attesta/attesta/internal/api/table"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/posture/oversight"
	"github.com/attesta/attesta/internal/program/committee"
	"github.com/attesta/attesta/internal/program/obligation"
	"github.com/attesta/attesta/internal/program/register"
)

type which interface{ Which() string }

func committeeDo[In which](s oversight.Set, verb, summary, detail string, change func(*In) register.Change[committee.Committee, committee.World]) table.Row {
	return table.Define(table.Row{Name: "committees." + verb, Method: "POST", Path: "/committees/{ref}/" + verb, Action: change(new(In)).Action(), Of: "committees.show", Summary: summary, Detail: detail},
		func(ctx context.Context, who access.Principal, in In) (committee.Row, error) {
			return s.Committees.Record(ctx, who, in.Which(), change(&in))
		})
}

func meetingDo[In which](s oversight.Set, verb, summary, detail string, change func(*In) register.Change[committee.Meeting, committee.World]) table.Row {
	return table.Define(table.Row{Name: "meetings." + verb, Method: "POST", Path: "/meetings/{ref}/" + verb, Action: change(new(In)).Action(), Of: "meetings.show", Summary: summary, Detail: detail},
		func(ctx context.Context, who access.Principal, in In) (committee.MeetingRow, error) {
			return s.Committees.RecordMeeting(ctx, who, in.Which(), change(&in))
		})
}

func obligationDo[In which](s oversight.Set, verb, summary, detail string, change func(*In) register.Change[obligation.Obligation, obligation.World]) table.Row {
	return table.Define(table.Row{Name: "obligations." + verb, Method: "POST", Path: "/obligations/{ref}/" + verb, Action: change(new(In)).Action(), Of: "obligations.show", Summary: summary, Detail: detail},
		func(ctx context.Context, who access.Principal, in In) (obligation.Row, error) {
			return s.Obligations.Record(ctx, who, in.Which(), change(&in))
		})
}

// The inputs of what is recorded.
type (
	committeeReshape struct {
		table.RefInput
		committee.Reshape
	}
	committeeSeat struct {
		table.RefInput
		committee.Seat
	}
	committeeConfirm struct {
		table.RefInput
		committee.Confirm
	}
	committeeUnseat struct {
		table.RefInput
		committee.Unseat
	}
	committeeCharter struct {
		table.RefInput
		committee.WriteCharter
	}
	committeeApprove struct {
		table.RefInput
		committee.ApproveCharter
	}
	committeeDissolve struct {
		table.RefInput
		committee.Dissolve
	}
	meetingRearrange struct {
		table.RefInput
		committee.Rearrange
	}
	meetingAttend struct {
		table.RefInput
		committee.Attend
	}
	meetingDeclare struct {
		table.RefInput
		committee.Declare
	}
	meetingDecide struct {
		table.RefInput
		committee.Decide
	}
	meetingMinute struct {
		table.RefInput
		committee.Minute
	}
	meetingApprove struct {
		table.RefInput
		committee.ApproveMinutes
	}
	meetingCancel struct {
		table.RefInput
		committee.Cancel
	}
	obligationDescribe struct {
		table.RefInput
		obligation.Describe
	}
	obligationLook struct {
		table.RefInput
		obligation.Look
	}
	obligationEnd struct {
		table.RefInput
		obligation.End
	}
)

// Operations are the operations of governance.
func Operations(s oversight.Set) []table.Row {
	type (
		change  = register.Change[committee.Committee, committee.World]
		meeting = register.Change[committee.Meeting, committee.World]
		law     = register.Change[obligation.Obligation, obligation.World]
	)
	return []table.Row{
		table.Define(table.Row{Name: "board-pack.show", Method: "GET", Path: "/board-pack", Action: access.GovernanceRead, Summary: "What those who oversee are shown, as of a day: posture, risks, findings, waivers, examination, meetings; each figure with its list"},
			func(ctx context.Context, who access.Principal, in struct {
				On oversight.Day `json:"on,omitempty" doc:"As of the end of this day; absent for now."`
			}) (oversight.Pack, error) {
				return s.Oversight.Pack(ctx, who, in.On)
			}),
		table.Define(table.Row{Name: "committees.list", Method: "GET", Path: "/committees", Action: access.GovernanceRead, Summary: "Committees with members, independence, when they met and what their attributes come to"},
			func(ctx context.Context, who access.Principal, _ struct{}) (table.Page[committee.Row], error) {
				return table.All(s.Committees.List(ctx, who))
			}),
		table.Define(table.Row{Name: "committees.show", Method: "GET", Path: "/committees/{ref}", Action: access.GovernanceRead, Summary: "One committee with members, charters and history"},
			func(ctx context.Context, who access.Principal, in table.RefInput) (committee.Row, error) {
				return s.Committees.Get(ctx, who, in.Ref)
			}),
		table.Define(table.Row{Name: "committees.form", Method: "POST", Path: "/committees", Action: access.GovernanceEdit, Summary: "Form a committee"},
			func(ctx context.Context, who access.Principal, in committee.Form) (committee.Row, error) {
				return s.Committees.Form(ctx, who, in)
			}),
		committeeDo(s, "reshape", "Change what a committee is", "", func(in *committeeReshape) change { return &in.Reshape }),
		committeeDo(s, "seat", "Make somebody a member", "Independence is said with its reason.", func(in *committeeSeat) change { return &in.Seat }),
		committeeDo(s, "confirm", "Say anew whether a member is independent", "", func(in *committeeConfirm) change { return &in.Confirm }),
		committeeDo(s, "unseat", "End a membership", "", func(in *committeeUnseat) change { return &in.Unseat }),
		committeeDo(s, "write-charter", "Write a version of the charter", "", func(in *committeeCharter) change { return &in.WriteCharter }),
		committeeDo(s, "approve-charter", "Approve the charter that somebody else wrote", "", func(in *committeeApprove) change { return &in.ApproveCharter }),
		committeeDo(s, "dissolve", "End a committee", "", func(in *committeeDissolve) change { return &in.Dissolve }),
		table.Define(table.Row{Name: "meetings.list", Method: "GET", Path: "/meetings", Action: access.GovernanceRead, Summary: "Meetings, the latest first"},
			func(ctx context.Context, who access.Principal, in struct {
				Committee string `json:"committee,omitempty" doc:"Only those of this committee: B-1." maxLength:"64"`
			}) (table.Page[committee.MeetingRow], error) {
				return table.All(s.Committees.Meetings(ctx, who, in.Committee))
			}),
		table.Define(table.Row{Name: "meetings.show", Method: "GET", Path: "/meetings/{ref}", Action: access.GovernanceRead, Summary: "One meeting with attendance, decisions and minutes"},
			func(ctx context.Context, who access.Principal, in table.RefInput) (committee.MeetingRow, error) {
				return s.Committees.Meeting(ctx, who, in.Ref)
			}),
		table.Define(table.Row{Name: "meetings.invite", Method: "POST", Path: "/meetings", Action: access.GovernanceEdit, Summary: "Plan a meeting"},
			func(ctx context.Context, who access.Principal, in committee.Invite) (committee.MeetingRow, error) {
				return s.Committees.Invite(ctx, who, in)
			}),
		meetingDo(s, "rearrange", "Change day, agenda or papers before a meeting", "", func(in *meetingRearrange) meeting { return &in.Rearrange }),
		meetingDo(s, "attend", "Record who was there", "Members with a vote are counted against the quorum.", func(in *meetingAttend) meeting { return &in.Attend }),
		meetingDo(s, "declare", "Record an interest that a member declared in a matter", "Who declared one does not vote on it.", func(in *meetingDeclare) meeting { return &in.Declare }),
		meetingDo(s, "decide", "Record a decision", "A meeting without its quorum decides nothing. A decision with an owner or a day becomes a task.", func(in *meetingDecide) meeting { return &in.Decide }),
		meetingDo(s, "minute", "Write the minutes, or a version of them", "", func(in *meetingMinute) meeting { return &in.Minute }),
		meetingDo(s, "approve-minutes", "Approve minutes as the chair", "Not by who wrote them. Where the chair has no account, say what shows the chair's word.", func(in *meetingApprove) meeting { return &in.ApproveMinutes }),
		meetingDo(s, "cancel", "Call a meeting off", "", func(in *meetingCancel) meeting { return &in.Cancel }),
		table.Define(table.Row{Name: "obligations.list", Method: "GET", Path: "/obligations", Action: access.GovernanceRead, Summary: "Register of laws, contracts and rules that apply"},
			func(ctx context.Context, who access.Principal, _ struct{}) (table.Page[obligation.Row], error) {
				return table.All(s.Obligations.List(ctx, who))
			}),
		table.Define(table.Row{Name: "obligations.show", Method: "GET", Path: "/obligations/{ref}", Action: access.GovernanceRead, Summary: "One law, contract or rule"},
			func(ctx context.Context, who access.Principal, in table.RefInput) (obligation.Row, error) {
				return s.Obligations.Get(ctx, who, in.Ref)
			}),
		table.Define(table.Row{Name: "obligations.enter", Method: "POST", Path: "/obligations", Action: access.GovernanceEdit, Summary: "Enter a law, contract or rule that applies"},
			func(ctx context.Context, who access.Principal, in obligation.Enter) (obligation.Row, error) {
				return s.Obligations.Enter(ctx, who, in)
			}),
		obligationDo(s, "describe", "Write one anew", "", func(in *obligationDescribe) law { return &in.Describe }),
		obligationDo(s, "review", "Record that one was looked at", "", func(in *obligationLook) law { return &in.Look }),
		obligationDo(s, "end", "Say that one applies no more", "", func(in *obligationEnd) law { return &in.End }),
	}
}
