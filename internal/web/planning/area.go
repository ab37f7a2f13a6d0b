// Package planning is the screens of gaps, the plan with its tasks, and readiness.
// Rules are those of internal/posture/gap, internal/posture/readiness and
// internal/program/plan.
package planning

import (
	"net/http"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/posture"
	"github.com/attesta/attesta/internal/posture/gap"
	"github.com/attesta/attesta/internal/posture/readiness"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/program/plan"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// Config is what the screens depend on.
type Config struct {
	Gaps      *gap.Service
	Plan      *plan.Service
	Readiness *readiness.Service
	Posture   *posture.Service
	Controls  *control.Service
}

type site struct{ cfg Config }

// New gives the area.
func New(cfg Config) screen.Area {
	s := &site{cfg}
	return screen.Area{
		Routes: []screen.Route{
			{Pattern: "GET /gaps", Action: access.PostureRead, Handle: s.matrix},
			{Pattern: "GET /gaps/list", Action: access.PostureRead, Handle: s.gaps},
			{Pattern: "GET /gaps/{criterion}", Action: access.PostureRead, Handle: s.criterion},
			{Pattern: "POST /gaps/adopt", Action: access.ControlEdit, Handle: s.adopt},
			{Pattern: "GET /plan", Action: access.TaskRead, Handle: s.plan},
			{Pattern: "GET /plan/make", Action: access.TaskEdit, Handle: s.proposals},
			{Pattern: "POST /plan/make", Action: access.TaskEdit, Handle: s.makeTasks},
			{Pattern: "GET /plan/new", Action: access.TaskEdit, Handle: s.newTask},
			{Pattern: "POST /plan/new", Action: access.TaskEdit, Handle: s.createTask},
			{Pattern: "GET /tasks/{ref}", Action: access.TaskRead, Handle: s.task},
			{Pattern: "GET /tasks/{ref}/edit", Action: access.TaskEdit, Handle: s.editTask},
			{Pattern: "POST /tasks/{ref}/edit", Action: access.TaskEdit, Handle: s.changeTask},
			{Pattern: "POST /tasks/{ref}/work", Action: access.TaskWork, Handle: s.work},
			{Pattern: "POST /tasks/{ref}/comment", Action: access.TaskComment, Handle: s.comment},
			{Pattern: "POST /tasks/{ref}/decide", Action: access.TaskEdit, Handle: s.decide},
			{Pattern: "GET /readiness", Action: access.TaskRead, Handle: s.readiness},
		},
		Pages: []screen.Page{{Section: "Comply", Name: "Gaps", Path: "/gaps", Action: access.PostureRead}, {Section: "Comply", Name: "Plan", Path: "/plan", Action: access.TaskRead},
			{Section: "Comply", Name: "Readiness", Path: "/readiness", Action: access.TaskRead}},
		Lists:  []screen.List{s.matrixList(), s.gapList(), s.taskList()},
		Doings: []screen.Doing{{Name: "Make a task", Path: "/plan/new", Action: access.TaskEdit}, {Name: "Make tasks of gaps", Path: "/plan/make", Action: access.TaskEdit}},
		Finds:  []screen.Finder{{Kind: "task", Action: access.TaskRead, Find: s.find}},
	}
}

// find finds tasks for the palette.
func (s *site) find(r *screen.Request, _ string) ([]screen.Found, error) {
	all, err := s.cfg.Plan.List(r.Context(), r.Who, plan.Filter{})
	var out []screen.Found
	for i := range all {
		out = append(out, screen.Found{Name: all[i].Ref() + " " + all[i].Title, Words: all[i].Why, Href: "/tasks/" + all[i].Ref()})
	}
	return out, err
}

func words(list []string, most int) string {
	if len(list) <= most {
		return strings.Join(list, ", ")
	}
	return strings.Join(list[:most], ", ") + " and " + ui.Many(len(list)-most, "more", "more")
}

func criteria(ids []string) []ui.Link {
	var out []ui.Link
	for _, id := range ids {
		out = append(out, ui.Link{Text: id, Href: "/gaps/" + id})
	}
	return out
}

// readiness answers: what blocks the examination?
func (s *site) readiness(w http.ResponseWriter, r *screen.Request) error {
	got, err := s.cfg.Readiness.Readiness(r.Context(), r.Who)
	if err != nil {
		return err
	}
	v := readinessView{Title: "Nothing that is known here blocks the examination", Target: got.Target.Words, Risk: got.Risk}
	if n := len(got.Blocks); n > 0 {
		v.Title = ui.Many(n, "thing blocks the examination", "things block the examination")
	}
	v.Plan = ui.Many(got.Left, "task is left", "tasks are left")
	if !got.End.IsZero() {
		v.Plan += ", the last of them can be done by " + r.Words.LastDay(got.End)
	}
	if !got.Target.At.IsZero() && got.Left > 0 {
		if got.Spare >= 0 {
			v.Plan += ", " + plan.Days(got.Spare) + " working days before that"
		} else {
			v.Plan += ", " + plan.Days(-got.Spare) + " working days too late"
		}
	}
	if got.Loose > 0 {
		v.Plan += "; " + ui.Many(got.Loose, "gap has", "gaps have") + " no task"
	}
	for _, l := range got.Path {
		v.Path = append(v.Path, ui.Link{Text: l.Text, Href: l.Path})
	}
	v.Groups = []readinessGroup{
		{"blocks", "What blocks it", "Each leads to what produced it; when that is gone, the line is gone.", got.Blocks, "Nothing of what is known here. An auditor knows more."},
		{"asks", "What an auditor will ask about", "Not a reason to wait, but a reason to have an answer.", got.Asks, "Nothing that is known here."},
		{"stale", "Evidence that is stale, or will be within 30 days", "It shows an earlier performance; the next one needs evidence of its own.", got.Stale, "None."},
	}
	for i := range v.Groups {
		for j := range v.Groups[i].Lines {
			l := &v.Groups[i].Lines[j]
			if !l.When.IsZero() {
				l.Text += ", " + map[bool]string{true: "stale since ", false: "stale on "}[!l.When.After(got.Now)] + r.Words.Date(l.When)
			}
		}
	}
	return r.Render(w, http.StatusOK, readinessPage(r.Shell(w, "Readiness", "Comply", "Readiness"), v))
}
