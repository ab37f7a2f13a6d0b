package notify

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/base/ledger"
)

// training says whom an assignment or a version asks. Where training is not kept
// it asks nobody.
func (a About) training(ctx context.Context, rec ledger.Record) ([]Happening, error) {
	if a.Training == nil {
		return nil, nil
	}
	title, users, err := a.Training.Asked(ctx, rec.Subject)
	if err != nil || len(users) == 0 {
		return nil, err
	}
	return []Happening{{Kind: "training.asked", Key: "training.asked " + rec.ID, Object: rec.Subject, Ref: rec.Subject, Title: "A course asks you to take it: " + title, Link: "/my/training/" + rec.Subject, Users: users}}, nil
}

// trainingsDue gives courses that people should complete soon or should have
// completed, one for each day on which that is due.
func (a About) trainingsDue(ctx context.Context, _ time.Time) ([]Happening, error) {
	if a.Training == nil {
		return nil, nil
	}
	list, err := a.Training.Reminders(ctx, int(dueSoon/(24*time.Hour)))
	if err != nil {
		return nil, err
	}
	days := map[string]*Happening{}
	for _, x := range list {
		stage, title := "due", fmt.Sprintf("%s should be completed by %s", x.Title, x.Due.Time().Format("2 Jan 2006"))
		if x.Late {
			stage, title = "late", fmt.Sprintf("%s should have been completed by %s", x.Title, x.Due.Time().Format("2 Jan 2006"))
		}
		key := fmt.Sprintf("training.%s %s %s", stage, x.Course, x.Due)
		if days[key] == nil {
			days[key] = &Happening{Kind: "training.due", Key: key, Object: x.Course, Ref: x.Course, Link: "/my/training/" + x.Course, Title: title, Urgent: x.Late}
		}
		days[key].Users = append(days[key].Users, x.User)
	}
	var all []Happening
	for _, key := range slices.Sorted(maps.Keys(days)) {
		all = append(all, *days[key])
	}
	return all, nil
}
