// Package people is the screens of people: who is there by all sources, what is
// to be done for joiners, movers and leavers, whether leavers' accounts are gone,
// who reports to whom, and where people come from. Rules are those of
// internal/program/people, roster and checklist.
package people

import (
	"context"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/program/people"
	"github.com/attesta/attesta/internal/web/screen"
)

// Config is what the screens depend on. All is required.
type Config struct {
	People *people.Service
	// Alone reports whether nobody else may do an action.
	Alone func(ctx context.Context, p access.Principal, a access.Action) (bool, error)
}

type site struct{ cfg Config }

const (
	base     = "/people"
	settings = "/settings/people"

	maxFile = 4 << 20 // bytes of a file of people that a screen takes
	maxForm = 8 << 20 // of the form that brings it, or brings it back as base64
)

// New gives the area.
func New(cfg Config) screen.Area {
	s := &site{cfg}
	return screen.Area{
		Routes: []screen.Route{
			{Pattern: "GET /people", Action: access.PeopleRead, Handle: s.list},
			{Pattern: "POST /people", Action: access.PeopleEdit, Handle: s.add},
			{Pattern: "GET /people/new", Action: access.PeopleEdit, Handle: s.fresh},
			{Pattern: "GET /people/chart", Action: access.PeopleRead, Handle: s.chart},
			{Pattern: "GET /checklists", Action: access.PeopleRead, Handle: s.items},
			{Pattern: "GET /checklists/{item}", Action: access.PeopleRead, Handle: s.item},
			{Pattern: "POST /checklists/{item}/{verb}", Action: access.PeopleEdit, Handle: s.doItem},
			{Pattern: "GET /people/unclear", Action: access.PeopleRead, Handle: s.unclear},
			{Pattern: "POST /people/unclear/{verb}", Action: access.PeopleEdit, Handle: s.tell},
			{Pattern: "GET /people/{id}", Action: access.PeopleRead, Handle: s.person},
			{Pattern: "GET /people/{id}/edit", Action: access.PeopleEdit, Handle: s.edit},
			{Pattern: "POST /people/{id}/{verb}", Action: access.PeopleEdit, Handle: s.record},

			{Pattern: "GET /settings/people", Action: access.PeopleRead, Handle: s.sources},
			{Pattern: "POST /settings/people", Action: access.PeopleSources, Handle: s.addSource},
			{Pattern: "POST /settings/people/grace", Action: access.PeopleSources, Handle: s.grace},
			{Pattern: "GET /settings/people/new", Action: access.PeopleSources, Handle: s.newSource},
			{Pattern: "GET /settings/people/{id}", Action: access.PeopleRead, Handle: s.source},
			{Pattern: "GET /settings/people/{id}/edit", Action: access.PeopleSources, Handle: s.editSource},
			{Pattern: "POST /settings/people/{id}/edit", Action: access.PeopleSources, Handle: s.changeSource},
			{Pattern: "POST /settings/people/{id}/remove", Action: access.PeopleSources, Handle: s.removeSource},
			{Pattern: "POST /settings/people/{id}/look", Action: access.PeopleEdit, Handle: s.look},
			{Pattern: "POST /settings/people/{id}/import", Action: access.PeopleEdit, Handle: s.importFile, MaxBody: maxForm},
			{Pattern: "GET /settings/people-readings/{reading}", Action: access.PeopleRead, Handle: s.held},
			{Pattern: "POST /settings/people-readings/{reading}/{verb}", Action: access.PeopleApprove, Handle: s.decide},
		},
		Pages: []screen.Page{{Section: "Organise", Name: "People", Path: base, Action: access.PeopleRead, First: true},
			{Section: "Settings", Name: "People's sources", Path: settings, Action: access.PeopleRead}},
		Lists:  []screen.List{s.peopleList(), s.itemsList()},
		Doings: []screen.Doing{{Name: "Write somebody into the register", Path: base + "/new", Action: access.PeopleEdit}},
		Finds: []screen.Finder{{Kind: "person", Action: access.PeopleRead, Find: func(r *screen.Request, asked string) ([]screen.Found, error) {
			page, err := cfg.People.List(r.Context(), r.Who, people.Filter{Query: asked, States: everyState}, "", "", 20)
			var out []screen.Found
			for _, x := range page.People {
				out = append(out, screen.Found{Name: x.Name, Words: strings.Join([]string{x.Mail, x.Team, x.Title, x.Number}, " "), Href: base + "/" + x.ID})
			}
			return out, err
		}}},
	}
}

var everyState = []people.State{people.Planned, people.Here, people.Leaving, people.Left}
