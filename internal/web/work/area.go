// Package work is the screens of one person's work: the queue of what waits for
// them, what they wait for, who is away and who stands in. Rules are those of
// internal/program/work.
package work

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/program/plan"
	"github.com/attesta/attesta/internal/program/work"
	"github.com/attesta/attesta/internal/web/screen"
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

// pathOf gives the page of an item that is known by its id alone; "" where it
// cannot be told from that.
func pathOf(id string) string {
	kind, ref, _ := strings.Cut(id, "/")
	switch kind {
	case "task":
		return "/tasks/" + ref
	case "instance":
		slug, _, _ := strings.Cut(ref, " ")
		return "/controls/" + slug
	case "request":
		number, request, _ := strings.Cut(ref, "/")
		return "/engagements/" + number + "/requests/" + url.PathEscape(request)
	}
	for prefix, page := range map[string]string{"E-": "/evidence/", "W-": "/waivers/", "X-": "/exclusions/", "V-": "/vendors/", "CH-": "/changes/", "F-": "/findings/"} {
		if strings.HasPrefix(ref, prefix) {
			return page + ref
		}
	}
	return ""
}

// itemWords gives an item's id as people read it.
func itemWords(id string) string {
	kind, ref, _ := strings.Cut(id, "/")
	return work.KindOf(kind).One + " " + ref
}
