package api

import (
	"context"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/posture/gap"
	"github.com/attesta/attesta/internal/posture/readiness"
	"github.com/attesta/attesta/internal/program/plan"
)

// TaskRef names a task.
type TaskRef struct {
	Ref string `json:"ref" doc:"T-3" maxLength:"40"`
}

// TaskFields is what a person says of a task.
type TaskFields struct {
	Title     string     `json:"title" maxLength:"200"`
	Why       string     `json:"why,omitempty" maxLength:"2000"`
	About     plan.About `json:"about,omitzero" doc:"The object that it is about."`
	Owner     string     `json:"owner,omitempty" doc:"Id of a user; nobody when absent." maxLength:"40"`
	Role      string     `json:"role,omitempty" doc:"Who ought to do it, in words." maxLength:"160"`
	Due       string     `json:"due,omitempty" doc:"Its last day, 2026-03-31." maxLength:"10"`
	Effort    float64    `json:"effort_days,omitempty" doc:"Working days, in halves; half a day when absent." minimum:"0" maximum:"200"`
	Technical bool       `json:"technical,omitempty" doc:"Done on machines: planned before general work."`
	After     []int      `json:"after,omitempty" doc:"Numbers of tasks that it waits for."`
	Every     string     `json:"every,omitempty" doc:"How often it returns." enum:"weekly,monthly,quarterly,half-yearly,yearly"`
	Gap       string     `json:"gap,omitempty" doc:"Key of the gap that it closes; only when it is made." maxLength:"200"`
}

func (a *API) fields(ctx context.Context, in TaskFields) (plan.Fields, error) {
	f := plan.Fields{Title: in.Title, Why: in.Why, About: in.About, Owner: in.Owner, Role: in.Role, Effort: int(in.Effort*2 + 0.5), Technical: in.Technical, After: in.After, Every: in.Every, Gap: in.Gap}
	for _, n := range in.After {
		if n < 1 {
			return f, fault.New(fault.Invalid, "%d is no number of a task", n).At("", 0, "after")
		}
	}
	if in.Due == "" {
		return f, nil
	}
	v, err := a.cfg.Scopes.Now(ctx)
	if err != nil {
		return f, err
	}
	day, err := time.ParseInLocation(time.DateOnly, in.Due, v.Location())
	if err != nil {
		return f, fault.Wrap(fault.Invalid, err, "%q is no day", in.Due).At("", 0, "due").WithHint("write it as 2026-03-31")
	}
	f.Due = day.AddDate(0, 0, 1)
	return f, nil
}

func (a *API) taskStep(verb, summary, detail string, action access.Action, do func(context.Context, access.Principal, string, string) (*plan.Task, error)) *Operation {
	return define(Operation{Name: "tasks." + verb, Method: "POST", Path: "/tasks/{ref}/" + verb, Action: action, Of: "tasks.show", Summary: summary, Detail: detail},
		func(ctx context.Context, who access.Principal, in struct {
			TaskRef
			Note string `json:"note,omitempty" maxLength:"2000"`
		}) (*plan.Task, error) {
			return do(ctx, who, in.Ref, in.Note)
		})
}

func (a *API) aboutPlan() []*Operation {
	return []*Operation{
		define(Operation{Name: "gaps.list", Method: "GET", Path: "/gaps", Action: access.PostureRead, Summary: "The gap analysis at a moment: per criterion and point of focus what is considered, addressed, designed, operating; what hangs on one control, fails together or is missing"},
			func(ctx context.Context, who access.Principal, in Moment) (gap.Report, error) {
				at, err := a.at(ctx, in)
				if err != nil {
					return gap.Report{}, err
				}
				return a.cfg.Gaps.Report(ctx, who, at)
			}),
		define(Operation{Name: "readiness.show", Method: "GET", Path: "/readiness", Action: access.TaskRead, Summary: "What blocks the examination, what an auditor will ask about, and which evidence goes stale"},
			func(ctx context.Context, who access.Principal, _ struct{}) (readiness.Readiness, error) {
				return a.cfg.Readiness.Readiness(ctx, who)
			}),
		define(Operation{Name: "plan.show", Method: "GET", Path: "/plan", Action: access.TaskRead, Summary: "The plan: tasks with their schedule, slack and critical path to the examination"},
			func(ctx context.Context, who access.Principal, _ struct{}) (readiness.Outlook, error) {
				return a.cfg.Readiness.Outlook(ctx, who)
			}),
		define(Operation{Name: "plan.gather", Method: "GET", Path: "/plan/gather", Action: access.TaskRead, Summary: "Which instances of each control can still be gathered before the window ends"},
			func(ctx context.Context, _ access.Principal, _ struct{}) (Page[readiness.Gathering], error) {
				all, err := a.cfg.Readiness.Gather(ctx)
				if all == nil {
					all = []readiness.Gathering{}
				}
				return Page[readiness.Gathering]{Items: all, Total: int64(len(all))}, err
			}),
		define(Operation{Name: "plan.proposals", Method: "GET", Path: "/plan/proposals", Action: access.TaskRead, Summary: "A task for each gap, as it would be made"},
			func(ctx context.Context, who access.Principal, _ struct{}) (Page[readiness.Proposal], error) {
				all, err := a.cfg.Readiness.Propose(ctx, who)
				if all == nil {
					all = []readiness.Proposal{}
				}
				return Page[readiness.Proposal]{Items: all, Total: int64(len(all))}, err
			}),
		define(Operation{Name: "plan.make", Method: "POST", Path: "/plan/make", Action: access.TaskEdit, Summary: "Make tasks of gaps",
			Detail: "Of the gaps named by their keys; of those that plan.proposals marks as chosen when none are named. A gap that a task closes already is left."},
			func(ctx context.Context, who access.Principal, in struct {
				Gaps []string `json:"gaps,omitempty" maxItems:"500"`
			}) (Page[int], error) {
				all, err := a.cfg.Readiness.Make(ctx, who, in.Gaps)
				if all == nil {
					all = []int{}
				}
				return Page[int]{Items: all, Total: int64(len(all))}, err
			}),
		define(Operation{Name: "plan.slip", Method: "GET", Path: "/plan/slip", Action: access.TaskRead, Summary: "What changes when a task takes longer"},
			func(ctx context.Context, who access.Principal, in struct {
				TaskRef
				Days float64 `json:"days" doc:"Working days, in halves." minimum:"0.5" maximum:"200"`
			}) (plan.Slip, error) {
				_, slip, err := a.cfg.Readiness.Slip(ctx, who, in.Ref, int(in.Days*2+0.5))
				return slip, err
			}),
		define(Operation{Name: "tasks.list", Method: "GET", Path: "/tasks", Action: access.TaskRead, Summary: "Tasks by number"},
			func(ctx context.Context, who access.Principal, in struct {
				Owner string `json:"owner,omitempty" doc:"Id of a user; - for those of nobody." maxLength:"40"`
				State string `json:"state,omitempty" enum:"open,doing,said,done,dropped"`
				Kind  string `json:"about_kind,omitempty" doc:"With about_ref: tasks about one object." maxLength:"40"`
				Ref   string `json:"about_ref,omitempty" maxLength:"200"`
			}) (Page[plan.Task], error) {
				f := plan.Filter{Owner: in.Owner, About: plan.About{Kind: in.Kind, Ref: in.Ref}}
				if in.State != "" {
					f.State = []plan.State{plan.State(in.State)}
				}
				all, err := a.cfg.Plan.List(ctx, who, f)
				return Page[plan.Task]{Items: all, Total: int64(len(all))}, err
			}),
		define(Operation{Name: "tasks.mine", Method: "GET", Path: "/my/tasks", Action: access.TaskRead, Summary: "What is left of your own tasks, what is due first, first"},
			func(ctx context.Context, who access.Principal, _ struct{}) (Page[plan.Task], error) {
				all, err := a.cfg.Plan.Mine(ctx, who)
				return Page[plan.Task]{Items: all, Total: int64(len(all))}, err
			}),
		define(Operation{Name: "tasks.show", Method: "GET", Path: "/tasks/{ref}", Action: access.TaskRead, Summary: "One task with what happened to it"},
			func(ctx context.Context, who access.Principal, in TaskRef) (*plan.Task, error) {
				return a.cfg.Plan.Get(ctx, who, in.Ref)
			}),
		define(Operation{Name: "tasks.create", Method: "POST", Path: "/tasks", Action: access.TaskEdit, Summary: "Make a task"},
			func(ctx context.Context, who access.Principal, in TaskFields) (*plan.Task, error) {
				f, err := a.fields(ctx, in)
				if err != nil {
					return nil, err
				}
				return a.cfg.Plan.Create(ctx, who, f)
			}),
		define(Operation{Name: "tasks.change", Method: "POST", Path: "/tasks/{ref}/change", Action: access.TaskEdit, Of: "tasks.show", Summary: "Write a task's fields anew"},
			func(ctx context.Context, who access.Principal, in struct {
				TaskRef
				TaskFields
				Seq  int    `json:"seq" doc:"The step that was looked at; refused where a newer one exists." minimum:"1"`
				Note string `json:"note,omitempty" maxLength:"2000"`
			}) (*plan.Task, error) {
				f, err := a.fields(ctx, in.TaskFields)
				if err != nil {
					return nil, err
				}
				return a.cfg.Plan.Change(ctx, who, in.Ref, in.Seq, f, in.Note)
			}),
		a.taskStep("start", "Begin a task; one that nobody owns is taken", "", access.TaskWork, func(ctx context.Context, who access.Principal, ref, _ string) (*plan.Task, error) {
			return a.cfg.Plan.Start(ctx, who, ref)
		}),
		a.taskStep("wait", "Say on whom or what a task waits, in the note", "", access.TaskWork, a.taskWait),
		a.taskStep("resume", "Say that a task waits and sleeps no more", "", access.TaskWork, func(ctx context.Context, who access.Principal, ref, _ string) (*plan.Task, error) {
			return a.cfg.Plan.Resume(ctx, who, ref)
		}),
		define(Operation{Name: "tasks.snooze", Method: "POST", Path: "/tasks/{ref}/snooze", Action: access.TaskWork, Of: "tasks.show", Summary: "Let a task sleep until a moment"},
			func(ctx context.Context, who access.Principal, in struct {
				TaskRef
				Until time.Time `json:"until"`
			}) (*plan.Task, error) {
				return a.cfg.Plan.Snooze(ctx, who, in.Ref, in.Until)
			}),
		a.taskStep("comment", "Write a comment on a task", "", access.TaskComment, a.taskComment),
		a.taskStep("finish", "Say that a task is done", "One that closes a gap is done only when the gap is gone; until then it is done by somebody's word.", access.TaskWork, a.taskFinish),
		a.taskStep("drop", "Say that a task will not be done; the note says why", "", access.TaskEdit, a.taskDrop),
		a.taskStep("reopen", "Take a task up again; the note says why", "", access.TaskEdit, a.taskReopen),
	}
}

func (a *API) taskWait(ctx context.Context, who access.Principal, ref, note string) (*plan.Task, error) {
	return a.cfg.Plan.Wait(ctx, who, ref, note)
}

func (a *API) taskComment(ctx context.Context, who access.Principal, ref, note string) (*plan.Task, error) {
	return a.cfg.Plan.Comment(ctx, who, ref, note)
}

func (a *API) taskFinish(ctx context.Context, who access.Principal, ref, note string) (*plan.Task, error) {
	return a.cfg.Plan.Finish(ctx, who, ref, note)
}

func (a *API) taskDrop(ctx context.Context, who access.Principal, ref, note string) (*plan.Task, error) {
	return a.cfg.Plan.Drop(ctx, who, ref, note)
}

func (a *API) taskReopen(ctx context.Context, who access.Principal, ref, note string) (*plan.Task, error) {
	return a.cfg.Plan.Reopen(ctx, who, ref, note)
}
