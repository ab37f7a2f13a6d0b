package training

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/judge"
)

// PopulationSource gives trainings due: one item for each day by which somebody had
// to have completed a course, as was so at the end of the window and known by the
// ledger then.
func (s *Service) PopulationSource() population.Source {
	text, number, truth := &judge.Type{Kind: judge.String}, &judge.Type{Kind: judge.Int}, &judge.Type{Kind: judge.Bool}
	return population.Source{
		Name: "training-assignments", Title: "Trainings due", Doc: "Each day by which somebody had to have completed a course: after they joined, when the last completion grew too old, when a version asked for it.",
		Fields: []judge.Field{
			{Name: "person", Type: text, Doc: "id of the person, or of a login that is nobody's in the register"},
			{Name: "kind", Type: text, Doc: "employee, contractor"},
			{Name: "team", Type: text, Doc: "team at the end of the window"},
			{Name: "course", Type: text, Doc: "short name of the course"},
			{Name: "title", Type: text, Doc: "its title"},
			{Name: "why", Type: text, Doc: "first, renewal, version"},
			{Name: "asked", Type: text, Doc: "since when it was asked for"},
			{Name: "due", Type: text, Doc: "the last day on which it was in time; days of absence do not count"},
			{Name: "completed", Type: text, Doc: "when it was completed; left out where it was not"},
			{Name: "version", Type: number, Doc: "version that was completed; 0 of an import"},
			{Name: "score", Type: number, Doc: "percent; -1 where it is not said"},
			{Name: "how", Type: text, Doc: "quiz: graded here; import: a file of another system says so"},
			{Name: "days_late", Type: number, Doc: "days after the due day, up to the end of the window where it was not completed"},
			{Name: "absent_days", Type: number, Doc: "days of absence by which the due day moved"},
			{Name: "login", Type: truth, Doc: "whether they have a login to take it with"},
			{Name: "in_time", Type: text, Doc: "pass, fail, not_observed (not due yet), not_applicable (left, or not asked any more, before); derived"},
			{Name: "in_time_why", Type: text, Doc: "the reason"},
			{Name: "version_current", Type: text, Doc: "pass, fail, not_observed (an import does not say), not_applicable; derived"},
			{Name: "version_current_why", Type: text, Doc: "the reason"},
		},
		Columns: []string{"person", "course", "why", "due", "completed", "how", "in_time", "version_current"},
		Dates: []population.Date{
			{Name: "due", Doc: "the course fell due"},
			{Name: "asked", Doc: "the course was asked for"},
			{Name: "completed", Doc: "the course was completed"},
		},
		Read: s.populationItems,
	}
}

func (s *Service) populationItems(ctx context.Context, r population.Request) ([]population.Item, error) {
	q, at := s.cfg.DB.Reader(), r.At
	if at.Valid.IsZero() {
		at.Valid = s.cfg.Clock()
	}
	zone, err := s.zone(ctx)
	if err != nil {
		return nil, err
	}
	recs, err := recordsUntil(ctx, q, at.Valid, at.Known)
	if err != nil {
		return nil, err
	}
	plan, err := fold(recs)
	if err != nil {
		return nil, err
	}
	done, err := completionsUntil(ctx, q, at.Valid, at.Known)
	if err != nil {
		return nil, err
	}
	members, err := s.cfg.People.At(ctx, at.Valid, at.Known)
	if err != nil {
		return nil, err
	}
	// The end of a window is not part of it: its last day is the one before.
	return items(plan, members, byPerson(nil, done), DayOf(at.Valid.Add(-time.Microsecond), zone), zone), nil
}

func items(plan *Plan, members []Member, taken map[string][]Completion, today Day, zone *time.Location) []population.Item {
	var out []population.Item
	for i := range members {
		m := &members[i]
		for _, id := range plan.Order {
			r := plan.Courses[id]
			for _, d := range r.Dues(m, plan.Away[m.ID], takenBy(taken, m, id), zone) {
				if d.Asked <= today {
					out = append(out, itemOf(r, m, d, plan.Away[m.ID], today, zone))
				}
			}
		}
	}
	slices.SortFunc(out, func(a, b population.Item) int {
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	return out
}

func itemOf(r *Running, m *Member, d Due, away []Absence, today Day, zone *time.Location) population.Item {
	login := m.UserID != ""
	a := map[string]any{"person": m.ID, "kind": m.Kind, "team": m.Team, "course": r.Newest().ID, "title": r.Newest().Title, "why": d.Why, "asked": d.Asked.String(), "due": d.Day.String(), "login": login, "days_late": int64(0)}
	absent := 0
	for _, x := range away {
		if from, to := max(x.From, d.Asked), min(x.To, d.Day); from <= to {
			absent += int(to - from + 1)
		}
	}
	a["absent_days"] = int64(absent)
	moment := func(day Day) []population.Span {
		return []population.Span{{From: day.In(zone), To: day.In(zone)}}
	}
	dates := map[string][]population.Span{"due": moment(d.Day), "asked": moment(d.Asked)}
	outcome, why := d.InTime(today, login)
	a["in_time"], a["in_time_why"] = outcome, why
	a["version_current"], a["version_current_why"] = d.Current(r)
	switch {
	case d.Done != nil:
		a["completed"], a["version"], a["score"], a["how"] = d.Done.Day.String(), int64(d.Done.Version), int64(d.Done.Score), d.Done.How
		a["days_late"] = int64(max(0, d.Done.Day-d.Day))
		dates["completed"] = moment(d.Done.Day)
	case outcome == fail:
		a["days_late"] = int64(today - d.Day)
	}
	return population.Item{ID: fmt.Sprintf("%s/%s/%s", m.ID, r.Newest().ID, d.Asked), Attributes: a, Dates: dates}
}
