package kinds

import (
	"context"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/operations/folder"
	"github.com/attesta/attesta/internal/program/calendar"
	"github.com/attesta/attesta/internal/program/plan"
	"github.com/attesta/attesta/internal/program/training"
)

type taskFile struct {
	Title     string     `json:"title"`
	Why       string     `json:"why"`
	About     plan.About `json:"about,omitzero"`
	Owner     string     `json:"owner,omitempty"`
	Role      string     `json:"role,omitempty"`
	Due       time.Time  `json:"due,omitzero"` // first moment after its last day
	HalfDays  int        `json:"half_days"`
	Technical bool       `json:"technical,omitempty"`
	After     []string   `json:"after,omitempty"` // names of the files of tasks
	Every     string     `json:"every,omitempty"`
	Gap       string     `json:"gap,omitempty"`
	State     plan.State `json:"state" held:"yes"`
}

// tasks gives tasks' files' names by number, and the reverse.
func (s Set) tasks(ctx context.Context, t *folder.Turn) (all []plan.Task, keys map[int]string, numbers map[string]int, err error) {
	if all, err = s.Plan.List(ctx, t.Who, plan.Filter{}); err != nil {
		return nil, nil, nil, err
	}
	slices.SortFunc(all, func(a, b plan.Task) int { return a.Number - b.Number })
	given := folder.Keys{}
	keys, numbers = map[int]string{}, map[string]int{}
	for _, x := range all {
		key := given.Of(x.Title)
		keys[x.Number], numbers[key] = key, x.Number
	}
	return all, keys, numbers, nil
}

func (s Set) plan() []folder.Kind {
	fields := func(ctx context.Context, t *folder.Turn, f taskFile) (plan.Fields, error) {
		out := plan.Fields{Title: f.Title, Why: f.Why, About: f.About, Owner: t.User(f.Owner), Role: f.Role, Due: f.Due, Effort: f.HalfDays, Technical: f.Technical, Every: f.Every, Gap: f.Gap}
		if len(f.After) == 0 {
			return out, nil
		}
		_, _, numbers, err := s.tasks(ctx, t)
		if err != nil {
			return out, err
		}
		for _, key := range f.After {
			n := numbers[key]
			if n == 0 {
				return out, folder.Later(fault.New(fault.Invalid, "there is no task %q", key).At("", 0, "after").WithHint("name the file of the task, without its end"))
			}
			out.After = append(out.After, n)
		}
		return out, nil
	}
	return []folder.Kind{&folder.Of[taskFile]{
		Spec: folder.Spec{Name: "plan", See: access.TaskRead, About: "A task of the plan. Doing it is a record, and stays in Attesta."},
		Name: func(f taskFile) string { return f.Title },
		List: func(ctx context.Context, t *folder.Turn) ([]folder.Item[taskFile], error) {
			all, keys, _, err := s.tasks(ctx, t)
			if err != nil {
				return nil, err
			}
			var out []folder.Item[taskFile]
			for _, x := range all {
				f := taskFile{x.Title, x.Why, x.About, x.Owner, x.Role, x.Due, x.Effort, x.Technical, nil, x.Every, x.Gap, x.State}
				for _, n := range x.After {
					f.After = append(f.After, keys[n])
				}
				out = append(out, folder.Item[taskFile]{Key: keys[x.Number], Ref: x.Ref(), Seq: x.Seq, Doc: f})
			}
			return out, nil
		},
		Add: func(ctx context.Context, t *folder.Turn, _ string, to taskFile) error {
			if to.State == plan.Done || to.State == plan.Dropped {
				return folder.Hold("it is %s, and was never open here", to.State)
			}
			f, err := fields(ctx, t, to)
			if err != nil {
				return err
			}
			_, err = s.Plan.Create(ctx, t.Who, f)
			return err
		},
		Set: func(ctx context.Context, t *folder.Turn, was folder.Item[taskFile], to taskFile) error {
			f, err := fields(ctx, t, to)
			if err != nil {
				return err
			}
			_, err = s.Plan.Change(ctx, t.Who, was.Ref, was.Seq, f, t.Note)
			return err
		},
	}}
}

type courseFile struct {
	Audience training.Audience `json:"audience,omitzero"`
	Days     int               `json:"days,omitempty"`
	Note     string            `json:"note,omitempty"`
	Title    string            `json:"title" held:"yes"`
	Version  int               `json:"version" held:"yes"`
}

func (s Set) training() []folder.Kind {
	assign := func(ctx context.Context, t *folder.Turn, course string, to courseFile) error {
		if to.Days == 0 && to.Audience.Whom == "" {
			return nil
		}
		_, err := s.Training.Assign(ctx, t.Who, training.Assign{Course: course, Audience: to.Audience, Days: to.Days, Note: to.Note})
		return err
	}
	return []folder.Kind{&folder.Of[courseFile]{
		Spec: folder.Spec{Name: "training", See: access.TrainingRead, About: "A course in use, and who must take it within how many days."},
		List: func(ctx context.Context, t *folder.Turn) ([]folder.Item[courseFile], error) {
			p, err := s.Training.Plan(ctx, t.Who)
			if err != nil {
				return nil, err
			}
			var out []folder.Item[courseFile]
			for _, id := range p.Order {
				r := p.Courses[id]
				f := courseFile{Title: r.Newest().Title, Version: r.Newest().Version}
				if now := r.Now(); now != nil && !now.Over {
					f.Audience, f.Days, f.Note = now.Audience, now.Days, now.Note
				}
				out = append(out, folder.Item[courseFile]{Key: folder.Slug(id), Ref: id, Doc: f})
			}
			return out, nil
		},
		Add: func(ctx context.Context, t *folder.Turn, key string, to courseFile) error {
			if s.Training.Book().Get(key) == nil {
				return folder.Hold("the course %q does not come with the program; enter it where it is taken", to.Title)
			}
			if _, err := s.Training.Publish(ctx, t.Who, training.Publish{Course: key}); err != nil {
				return err
			}
			return assign(ctx, t, key, to)
		},
		Set: func(ctx context.Context, t *folder.Turn, was folder.Item[courseFile], to courseFile) error {
			if to.Days == 0 && to.Audience.Whom == "" {
				_, err := s.Training.Withdraw(ctx, t.Who, was.Ref, t.Note)
				return err
			}
			return assign(ctx, t, was.Ref, to)
		},
	}}
}

type plannedFile struct {
	calendar.Plan
	Cancelled bool `json:"cancelled,omitempty" held:"yes"`
}

func (s Set) calendar() []folder.Kind {
	return []folder.Kind{&folder.Of[plannedFile]{
		Spec: folder.Spec{Name: "calendar", See: access.CalendarRead, About: "A freeze, a test or an exercise that was planned. One that is to be otherwise is cancelled and planned anew."},
		Name: func(f plannedFile) string { return string(f.From) + " " + f.Title },
		List: func(ctx context.Context, t *folder.Turn) ([]folder.Item[plannedFile], error) {
			all, err := s.Calendar.Plans(ctx, t.Who)
			if err != nil {
				return nil, err
			}
			keys := folder.Keys{}
			var out []folder.Item[plannedFile]
			for _, e := range all {
				out = append(out, folder.Item[plannedFile]{Key: keys.Of(string(e.From) + " " + e.Title), Ref: e.Ref(), Doc: plannedFile{e.Plan, !e.CancelledAt.IsZero()}})
			}
			return out, nil
		},
		Add: func(ctx context.Context, t *folder.Turn, _ string, to plannedFile) error {
			today, err := s.Calendar.Today(ctx)
			switch {
			case err != nil:
				return err
			case to.Cancelled:
				return folder.Hold("it was cancelled, and was never planned here")
			case max(to.To, to.From) < today:
				return folder.Hold("its days are over")
			}
			_, err = s.Calendar.Make(ctx, t.Who, to.Plan)
			return err
		},
	}}
}
