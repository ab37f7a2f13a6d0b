// Package work is the screens of one person's work: the queue of what waits for
// them, what they wait for, who is away and who stands in; the calendar and its
// feed; and who answers for what. Rules are those of internal/program/work,
// internal/program/calendar and internal/program/raci.
package work

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/program/calendar"
	"github.com/attesta/attesta/internal/program/plan"
	"github.com/attesta/attesta/internal/program/raci"
	"github.com/attesta/attesta/internal/program/work"
	"github.com/attesta/attesta/internal/web/screen"
)

// Config is what the screens depend on. All is required.
type Config struct {
	Work     *work.Service
	Plan     *plan.Service
	Calendar *calendar.Service
	RACI     *raci.Service
	Site     string // address that people type, for links that are taken elsewhere
	Clock    clock.Clock
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
			{Pattern: "GET /calendar", Action: access.CalendarRead, Handle: s.calendar},
			{Pattern: "GET /calendar/plan", Action: access.FreezeEdit, Handle: s.planForm},
			{Pattern: "POST /calendar/plan", Action: access.FreezeEdit, Handle: s.plan},
			{Pattern: "GET /calendar/plans/{ref}", Action: access.CalendarRead, Handle: s.planned},
			{Pattern: "POST /calendar/plans/{ref}/cancel", Action: access.FreezeEdit, Handle: s.cancel},
			{Pattern: "GET /calendar/feed", Action: access.CalendarRead, Handle: s.feed},
			{Pattern: "POST /calendar/feed", Action: access.CalendarRead, Handle: s.changeFeed},
			{Pattern: "GET /calendar/feed/{token}", Action: screen.Public, Handle: s.readFeed},
			{Pattern: "GET /responsibilities", Action: access.RaciRead, Handle: s.responsibilities},
			{Pattern: "GET /responsibilities/{kind}/{ref}", Action: access.RaciRead, Handle: s.responsibility},
			{Pattern: "POST /responsibilities/{kind}/{ref}", Action: access.RaciEdit, Handle: s.setResponsibility},
		},
		Pages: []screen.Page{
			{Section: section, Name: "Calendar", Path: "/calendar", Action: access.CalendarRead, First: true},
			{Section: section, Name: "Away", Path: "/work/away", Action: access.AbsenceSet, First: true},
			{Section: section, Name: "Waiting", Path: "/work/waiting", Action: access.TaskRead, First: true},
			{Section: section, Name: "Queue", Path: "/work", Action: access.WorkRead, First: true},
			{Section: "Organise", Name: "Responsibilities", Path: "/responsibilities", Action: access.RaciRead, Under: "Governance"},
		},
		Lists:  []screen.List{s.queueList(), s.waitingList(), s.calendarList(), s.raciList()},
		Doings: []screen.Doing{{Name: "Say that you are away", Path: "/work/away", Action: access.AbsenceSet}, {Name: "Plan a test or a freeze", Path: "/calendar/plan", Action: access.FreezeEdit}},
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
