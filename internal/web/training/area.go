// Package training is the screens of training: what I have to take, lesson by
// lesson; and, for those who keep it, who must take what and how they stand. Rules
// are those of internal/program/training.
package training

import (
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/program/training"
	"github.com/attesta/attesta/internal/web/screen"
)

// Config is what the screens depend on.
type Config struct {
	Training *training.Service
}

type site struct{ cfg Config }

// New gives the area.
func New(cfg Config) screen.Area {
	s := &site{cfg}
	return screen.Area{
		Routes: []screen.Route{
			{Pattern: "GET /my/training", Action: access.OwnTrainingRead, Handle: s.mine},
			{Pattern: "GET /my/training/{course}", Action: access.OwnTrainingRead, Handle: s.lesson},
			{Pattern: "GET /my/training/{course}/quiz", Action: access.TrainingTake, Handle: s.quiz},
			{Pattern: "POST /my/training/{course}/quiz", Action: access.TrainingTake, Handle: s.answer},
			{Pattern: "GET /my/training/{course}/results/{attempt}", Action: access.OwnTrainingRead, Handle: s.result},
			{Pattern: "GET /training", Action: access.TrainingRead, Handle: s.overview},
			{Pattern: "GET /training/results/{attempt}", Action: access.TrainingRead, Handle: s.answers},
			{Pattern: "GET /training/courses", Action: access.TrainingRead, Handle: s.courses},
			{Pattern: "POST /training/courses", Action: access.TrainingManage, Handle: s.addElsewhere},
			{Pattern: "GET /training/courses/{course}", Action: access.TrainingRead, Handle: s.course},
			{Pattern: "POST /training/courses/{course}/{verb}", Action: access.TrainingManage, Handle: s.decide},
			{Pattern: "GET /training/elsewhere", Action: access.TrainingManage, Handle: s.elsewhere},
			{Pattern: "GET /training/people/{person}", Action: access.TrainingRead, Handle: s.person},
			{Pattern: "POST /training/people/{person}", Action: access.TrainingManage, Handle: s.absent},
			{Pattern: "GET /training/import", Action: access.TrainingManage, Handle: s.importForm},
			{Pattern: "POST /training/import", Action: access.TrainingManage, Handle: s.importFile, MaxBody: training.MaxFile + 1<<20},
			{Pattern: "GET /training/imports/{number}", Action: access.TrainingRead, Handle: s.imported},
		},
		Pages: []screen.Page{{Section: "My work", Name: "My training", Path: "/my/training", Action: access.OwnTrainingRead},
			{Section: "Organise", Name: "Training", Path: "/training", Action: access.TrainingRead}},
		Lists: []screen.List{s.list()},
		Doings: []screen.Doing{{Name: "Import completions of a course", Path: "/training/import", Action: access.TrainingManage},
			{Name: "Say who must take a course", Path: "/training/courses", Action: access.TrainingManage}},
		Finds: []screen.Finder{{Kind: "course", Action: access.OwnTrainingRead, Find: func(r *screen.Request, asked string) ([]screen.Found, error) {
			all, err := cfg.Training.Mine(r.Context(), r.Who)
			var out []screen.Found
			for _, x := range all {
				if strings.Contains(strings.ToLower(x.Title+" "+x.Course), asked) {
					out = append(out, screen.Found{Name: x.Title, Words: x.Course, Href: "/my/training/" + x.Course})
				}
			}
			return out, err
		}}},
	}
}
