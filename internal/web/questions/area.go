// Package questions is the screens of the first questions, of what follows from
// them, and of the inventory of data. Rules are those of internal/program/question.
package questions

import (
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/program/question"
	"github.com/attesta/attesta/internal/web/screen"
)

// Config is what the screens depend on.
type Config struct {
	Questions *question.Service
	Controls  *control.Service
}

type site struct{ cfg Config }

// New gives the area.
func New(cfg Config) screen.Area {
	s := &site{cfg}
	return screen.Area{
		Routes: []screen.Route{
			{Pattern: "GET /questions/{id}", Action: access.DataRead, Handle: s.ask},
			{Pattern: "POST /questions/{id}", Action: access.DataEdit, Handle: s.answer, MaxBody: 512 << 10},
			{Pattern: "GET /questions/first/result", Action: access.DataRead, Handle: s.result},
			{Pattern: "GET /questions/need/result", Action: access.DataRead, Handle: s.advice},
			{Pattern: "POST /questions/first/scope", Action: access.ScopeEdit, Handle: s.toScope},
			{Pattern: "POST /questions/need/scope", Action: access.ScopeEdit, Handle: s.windowToScope},
			{Pattern: "POST /questions/first/data", Action: access.DataEdit, Handle: s.takeData},
			{Pattern: "POST /questions/first/controls", Action: access.ControlEdit, Handle: s.adopt},
			{Pattern: "GET /data", Action: access.DataRead, Handle: s.inventory},
			{Pattern: "GET /data/accounts", Action: access.DataRead, Handle: s.accounts},
			{Pattern: "GET /data/new", Action: access.DataEdit, Handle: s.newData},
			{Pattern: "POST /data/new", Action: access.DataEdit, Handle: s.addData},
			{Pattern: "GET /data/{ref}", Action: access.DataRead, Handle: s.data},
			{Pattern: "POST /data/{ref}", Action: access.DataEdit, Handle: s.changeData},
		},
		Pages: []screen.Page{{Section: "Comply", Name: "First questions", Path: "/questions/first", Action: access.DataRead, First: true},
			{Section: "Organise", Name: "Data", Path: "/data", Action: access.DataRead, Under: "Assets"}},
		Lists:  []screen.List{s.dataList(), s.accountList()},
		Doings: []screen.Doing{{Name: "Answer the first questions", Path: "/questions/first", Action: access.DataEdit}, {Name: "Do we need a SOC 2 report?", Path: "/questions/need", Action: access.DataRead}, {Name: "Add a data set", Path: "/data/new", Action: access.DataEdit}},
		Finds:  []screen.Finder{{Kind: "data set", Action: access.DataRead, Find: s.find}},
	}
}

func (s *site) find(r *screen.Request, _ string) ([]screen.Found, error) {
	all, err := s.cfg.Questions.Inventory(r.Context(), r.Who)
	var out []screen.Found
	for i := range all {
		out = append(out, screen.Found{Name: all[i].Ref() + " " + all[i].Now().Name, Words: all[i].Now().Holds, Href: "/data/" + all[i].Ref()})
	}
	return out, err
}
