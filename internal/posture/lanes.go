package posture

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/program/instance"
	"github.com/attesta/attesta/internal/program/scope"
)

// Lane is one control over a period, as known now.
type Lane struct {
	Slug      string                `json:"slug"`
	Number    int                   `json:"number"`
	Title     string                `json:"title"`
	Key       bool                  `json:"key"`
	Mode      control.Mode          `json:"mode"`
	Rhythm    string                `json:"rhythm"`
	Checks    []string              `json:"checks,omitempty"` // that observe it, as its newest design says
	Steps     []Step                `json:"steps"`            // its status; before the first it was not in use
	Covered   []Coverage            `json:"covered"`          // of its checks, by day of the period; zero where nothing is known
	Instances []instance.Instance   `json:"instances,omitempty"`
	Gather    []instance.Gatherable `json:"gather,omitempty"` // of them: what can still be gathered before the period ends
}

// Lanes gives every control that was in use at some time of [from, to), by
// number, as known now: what the picture of a window is drawn from.
func (s *Service) Lanes(ctx context.Context, from, to time.Time) ([]Lane, error) {
	rec, err := s.records(ctx)
	if err != nil {
		return nil, err
	}
	steps, err := s.timelines(ctx, rec, OfControl, from, to)
	if err != nil {
		return nil, err
	}
	days, err := coverageDays(ctx, s.cfg.DB.Reader(), clock.Micros(to))
	if err != nil {
		return nil, err
	}
	byCheck := map[string][]coveredDay{}
	for _, d := range days {
		byCheck[d.check] = append(byCheck[d.check], d)
	}
	now := s.cfg.Clock()
	set, err := s.cfg.Standards.SetAt(ctx, now)
	if err != nil {
		return nil, err
	}
	var out []Lane
	for i := range rec.program.Controls {
		c := &rec.program.Controls[i]
		if len(steps[c.Slug]) == 0 {
			continue
		}
		v := c.Current()
		lane := Lane{Slug: c.Slug, Number: c.Number, Title: v.Design.Title, Key: v.Design.Weight == control.Key, Mode: v.Design.Mode, Rhythm: v.Design.Rhythm(), Steps: steps[c.Slug]}
		lane.Checks, _ = tests(v.Design, set)
		lane.Covered = covers(lane.Checks, byCheck, from, to)
		if hasInstances(v.Design) {
			sc := rec.program.ScopeAt(now, -1)
			plan := rec.book.Plan(c, sc.Location(), -1, from, to)
			lane.Instances, lane.Gather = plan.All(now), plan.Gather(now, scope.Window{Start: from, End: to})
		}
		out = append(out, lane)
	}
	slices.SortStableFunc(out, func(a, b Lane) int { return cmp.Compare(a.Number, b.Number) })
	return out, nil
}

// covers adds up the coverage of checks at the end of each UTC day of a period.
func covers(checks []string, by map[string][]coveredDay, from, to time.Time) []Coverage {
	first := from.UTC().Truncate(24 * time.Hour)
	n := int(to.Sub(first)/(24*time.Hour)) + 1
	out := make([]Coverage, n)
	for _, id := range checks {
		days := by[id]
		var last Coverage
		for i := range out {
			day := first.AddDate(0, 0, i)
			for ; len(days) > 0 && !days[0].day.After(day); days = days[1:] {
				last = days[0].Coverage
			}
			out[i] = out[i].Plus(last)
		}
	}
	return out
}
