// Package trainings is the operations of training. Rules are those of
// internal/program/training. Questions and what is right are in none of them.
//
// Floor: edges.
package trainings

import (
	"context"

	"github.com/attesta/attesta/internal/api/table"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/program/training"
)

// CourseInput names a course.
type CourseInput struct {
	Course string `json:"course" doc:"Short name of a course, such as phishing."`
}

// CourseState is a course in use, without the questions and what is right.
type CourseState struct {
	ID         string              `json:"id"`
	Title      string              `json:"title"`
	Summary    string              `json:"summary"`
	Version    int                 `json:"version"`
	Newest     int                 `json:"shipped_version" doc:"The newest version that comes with the program; 0 where it is taken elsewhere."`
	Minutes    int                 `json:"minutes"`
	Months     int                 `json:"months"`
	PassMark   int                 `json:"pass_mark"`
	Lessons    int                 `json:"lessons"`
	Questions  int                 `json:"questions"`
	Criteria   []string            `json:"criteria"`
	Elsewhere  string              `json:"elsewhere,omitempty"`
	InUse      bool                `json:"in_use"`
	Assignment *training.Assigned  `json:"assignment,omitempty"`
	History    []training.Assigned `json:"assignments"`
}

func courseState(c *training.Course, r *training.Running, shipped *training.Course) CourseState {
	if r != nil {
		c = &r.Newest().Course
	}
	out := CourseState{ID: c.ID, Title: c.Title, Summary: c.Summary, Version: c.Version, Minutes: c.Minutes, Months: c.Months, PassMark: c.PassMark, Lessons: len(c.Lessons), Questions: len(c.Questions), Criteria: c.Criteria, Elsewhere: c.Elsewhere,
		InUse: r != nil, History: []training.Assigned{}}
	if shipped != nil {
		out.Newest = shipped.Version
	}
	if r != nil {
		out.Assignment, out.History = r.Now(), append(out.History, r.Assigned...)
	}
	return out
}

func (a ops) courseShown(ctx context.Context, who access.Principal, id string) (CourseState, error) {
	shipped := a.Book().Get(id)
	r, err := a.Course(ctx, who, id)
	if err != nil && shipped == nil {
		return CourseState{}, err
	}
	if err != nil {
		if _, err := a.Plan(ctx, who); err != nil {
			return CourseState{}, err
		}
		r = nil
	}
	return courseState(shipped, r, shipped), nil
}

type ops struct{ *training.Service }

// Operations gives the rows of the table.
func Operations(s *training.Service) []table.Row {
	a := ops{s}
	return []table.Row{
		table.Define(table.Row{Name: "courses.list", Method: "GET", Path: "/courses", Action: access.TrainingRead, Summary: "Courses: those that come with the program and those in use, each with who must take it"},
			func(ctx context.Context, who access.Principal, _ struct{}) (table.Page[CourseState], error) {
				plan, err := a.Plan(ctx, who)
				if err != nil {
					return table.Page[CourseState]{}, err
				}
				var out []CourseState
				for _, c := range a.Book().Courses {
					out = append(out, courseState(c, plan.Courses[c.ID], c))
				}
				for _, id := range plan.Order {
					if a.Book().Get(id) == nil {
						out = append(out, courseState(nil, plan.Courses[id], nil))
					}
				}
				return table.All(out, nil)
			}),
		table.Define(table.Row{Name: "courses.show", Method: "GET", Path: "/courses/{course}", Action: access.TrainingRead, Summary: "One course with who must take it, and how that changed"},
			func(ctx context.Context, who access.Principal, in CourseInput) (CourseState, error) {
				return a.courseShown(ctx, who, in.Course)
			}),
		table.Define(table.Row{Name: "courses.publish", Method: "POST", Path: "/courses/{course}/publish", Action: access.TrainingManage, Of: "courses.show", Summary: "Take the newest version of a course into use",
			Detail: "Whoever completed an earlier version takes this one where retake says so."},
			func(ctx context.Context, who access.Principal, in struct {
				CourseInput
				Retake *bool `json:"retake,omitempty" doc:"Whoever completed an earlier version takes this one. Absent: as the course says."`
			}) (CourseState, error) {
				if _, err := a.Publish(ctx, who, training.Publish{Course: in.Course, Retake: in.Retake}); err != nil {
					return CourseState{}, err
				}
				return a.courseShown(ctx, who, in.Course)
			}),
		table.Define(table.Row{Name: "courses.elsewhere", Method: "POST", Path: "/courses", Action: access.TrainingManage, Summary: "Enter a course that another system gives; its completions are imported"},
			func(ctx context.Context, who access.Principal, in training.Elsewhere) (CourseState, error) {
				if _, err := a.AddElsewhere(ctx, who, in); err != nil {
					return CourseState{}, err
				}
				return a.courseShown(ctx, who, in.ID)
			}),
		table.Define(table.Row{Name: "courses.assign", Method: "POST", Path: "/courses/{course}/assign", Action: access.TrainingManage, Of: "courses.show", Summary: "Say who must take a course, and within how many days"},
			func(ctx context.Context, who access.Principal, in struct {
				CourseInput
				Audience training.Audience `json:"audience"`
				Days     int               `json:"days" minimum:"1" maximum:"365" doc:"From the assignment, the first day, a move into the audience, or a version that asks for it."`
				Note     string            `json:"note,omitempty" maxLength:"500"`
			}) (CourseState, error) {
				if _, err := a.Assign(ctx, who, training.Assign{Course: in.Course, Audience: in.Audience, Days: in.Days, Note: in.Note}); err != nil {
					return CourseState{}, err
				}
				return a.courseShown(ctx, who, in.Course)
			}),
		table.Define(table.Row{Name: "courses.withdraw", Method: "POST", Path: "/courses/{course}/withdraw", Action: access.TrainingManage, Of: "courses.show", Summary: "Say that nobody must take a course any more"},
			func(ctx context.Context, who access.Principal, in struct {
				CourseInput
				Note string `json:"note" doc:"Why." maxLength:"500"`
			}) (CourseState, error) {
				if _, err := a.Withdraw(ctx, who, in.Course, in.Note); err != nil {
					return CourseState{}, err
				}
				return a.courseShown(ctx, who, in.Course)
			}),
		table.Define(table.Row{Name: "training.list", Method: "GET", Path: "/training", Action: access.TrainingRead, Summary: "Who must take which course, by when, and how they stand"},
			func(ctx context.Context, who access.Principal, in struct {
				Course string `json:"course,omitempty"`
				State  string `json:"state,omitempty" doc:"late, open, renew, done, no_need, all; absent: all who are asked."`
				Team   string `json:"team,omitempty"`
				Query  string `json:"q,omitempty" doc:"Part of a name, an address or a team."`
				Limit  int    `json:"limit,omitempty" minimum:"1" maximum:"1000"`
				Offset int    `json:"offset,omitempty" minimum:"0" doc:"Where the page begins."`
			}) (table.Page[training.Row], error) {
				if in.Limit == 0 {
					in.Limit = 100
				}
				o, err := a.Overview(ctx, who, training.Filter{Course: in.Course, State: training.State(in.State), Team: in.Team, Query: in.Query}, in.Offset, in.Limit)
				return table.Page[training.Row]{Items: o.Rows, Total: int64(o.Total)}, err
			}),
		table.Define(table.Row{Name: "training.import", Method: "POST", Path: "/training-import", Action: access.TrainingManage, Summary: "Record the completions of a CSV file of another system that are not there yet",
			Detail: "Columns: mail, course, day, score. With dry, or where one line is wrong, nothing is stored; the same file again adds nothing. The file is kept, and each completion is marked as imported."},
			func(ctx context.Context, who access.Principal, in struct {
				Source string `json:"source" doc:"The system that the file came from." maxLength:"100"`
				File   string `json:"file" doc:"The file's text." maxLength:"1048576"`
				Dry    bool   `json:"dry,omitempty" doc:"Only say what would happen."`
			}) (*training.Imported, error) {
				return a.Import(ctx, who, in.Source, []byte(in.File), in.Dry)
			}),
		table.Define(table.Row{Name: "training.absent", Method: "POST", Path: "/training-absences", Action: access.TrainingManage, Summary: "Say from when to when somebody is away; these days move their due dates"},
			func(ctx context.Context, who access.Principal, in struct {
				Person string `json:"person" doc:"per_… or usr_…."`
				From   string `json:"from" doc:"First day."`
				To     string `json:"to" doc:"Last day, as expected."`
				Why    string `json:"why" maxLength:"300"`
			}) (training.Absence, error) {
				from, err := training.ParseDay(in.From, "from")
				if err != nil {
					return training.Absence{}, err
				}
				to, err := training.ParseDay(in.To, "to")
				if err != nil {
					return training.Absence{}, err
				}
				x := training.Absence{Person: in.Person, From: from, To: to, Why: in.Why}
				return x, a.Absent(ctx, who, x)
			}),
		table.Define(table.Row{Name: "training.mine", Method: "GET", Path: "/my-training", Action: access.OwnTrainingRead, Summary: "Courses that ask you, and those that you took"},
			func(ctx context.Context, who access.Principal, _ struct{}) (table.Page[training.Mine], error) {
				return table.All(a.Mine(ctx, who))
			}),
		table.Define(table.Row{Name: "training.read", Method: "GET", Path: "/my-training/{course}", Action: access.OwnTrainingRead, Summary: "The lessons of a course"},
			func(ctx context.Context, who access.Principal, in CourseInput) (training.Reading, error) {
				return a.Read(ctx, who, in.Course)
			}),
	}
}
