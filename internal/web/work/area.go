// Package work is the screens of one person's work: the queue of what waits for
// them, what they wait for, who is away and who stands in. Rules are those of
// internal/program/work.
package work

import (
	"net/http"
	"net/url"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/program/plan"
	"github.com/attesta/attesta/internal/program/work"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// Config is what the screens depend on. All is required.
type Config struct {
	Work *work.Service
	Plan *plan.Service
}

type site struct{ cfg Config }

// New gives the area.
func New(cfg Config) screen.Area {
	s := &site{cfg}
	return screen.Area{
		Routes: []screen.Route{
			{Pattern: "GET /work", Action: access.WorkRead, Handle: s.queue},
			{Pattern: "POST /work/take", Action: access.AbsenceSet, Handle: s.take},
			{Pattern: "POST /work/task", Action: access.TaskComment, Handle: s.task},
			{Pattern: "GET /work/waiting", Action: access.TaskRead, Handle: s.waiting},
			{Pattern: "GET /work/away", Action: access.AbsenceSet, Handle: s.away},
			{Pattern: "POST /work/away", Action: access.AbsenceSet, Handle: s.setAway},
			{Pattern: "POST /work/away/end", Action: access.AbsenceSet, Handle: s.endAway},
		},
		Pages: []screen.Page{
			{Section: section, Name: "Away", Path: "/work/away", Action: access.AbsenceSet, First: true},
			{Section: section, Name: "Waiting", Path: "/work/waiting", Action: access.TaskRead, First: true},
			{Section: section, Name: "Queue", Path: "/work", Action: access.WorkRead, First: true},
		},
		Lists:  []screen.List{s.queueList(), s.waitingList()},
		Doings: []screen.Doing{{Name: "Say that you are away", Path: "/work/away", Action: access.AbsenceSet}},
	}
}

const section = "My work"

// tabsOf leads between the pages; q is kept within the queue.
func tabsOf(r *screen.Request, current string) []ui.Chip {
	var out []ui.Chip
	for _, t := range []struct {
		path, text string
		action     access.Action
	}{{"/work", "For me", access.WorkRead}, {"/work/waiting", "What I wait for", access.TaskRead}, {"/work/away", "Away and stand-ins", access.AbsenceSet}} {
		if r.May(t.action) {
			out = append(out, ui.Chip{Text: t.text, Href: t.path, Current: t.path == current})
		}
	}
	return out
}

// take records that a stand-in takes an item on, and goes on to its object.
func (s *site) take(w http.ResponseWriter, r *screen.Request) error {
	m, err := s.cfg.Work.Take(r.Context(), r.Who, r.PostFormValue("item"))
	if err != nil {
		return err
	}
	said := "It is yours."
	if m.For != "" {
		said = "It is recorded that you do it for " + screen.Who(r.Names([]string{m.For}), m.For) + "."
	}
	return r.Done(w, said, m.Path)
}

func itemPath(q url.Values, id string) string { return screen.With(q, "/work", "item", id) }
