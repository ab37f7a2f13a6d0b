// Package risks is the screens of risks: what could keep promises from being kept,
// how large each is as controls stand today, what is accepted until when, and the
// yearly assessment. Rules are those of internal/program/risk.
package risks

import (
	"context"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/program/plan"
	"github.com/attesta/attesta/internal/program/risk"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// Config is what the screens depend on. All is required.
type Config struct {
	Risks *risk.Service
	Plan  *plan.Service
	// Alone reports whether nobody else may do an action.
	Alone func(ctx context.Context, p access.Principal, a access.Action) (bool, error)
}

type site struct{ cfg Config }

// New gives the area.
func New(cfg Config) screen.Area {
	s := &site{cfg}
	return screen.Area{
		Routes: []screen.Route{
			{Pattern: "GET /risks", Action: access.RiskRead, Handle: s.list},
			{Pattern: "POST /risks", Action: access.RiskEdit, Handle: s.identify},
			{Pattern: "GET /risks/new", Action: access.RiskEdit, Handle: s.fresh},
			{Pattern: "GET /risks/catalogue", Action: access.RiskRead, Handle: s.catalogue},
			{Pattern: "GET /risks/appetite", Action: access.RiskRead, Handle: s.appetite},
			{Pattern: "POST /risks/appetite/propose", Action: access.RiskEdit, Handle: s.propose},
			{Pattern: "POST /risks/appetite/approve", Action: access.RiskApprove, Handle: s.approve},
			{Pattern: "GET /risk-assessments", Action: access.RiskRead, Handle: s.assessments},
			{Pattern: "POST /risk-assessments", Action: access.RiskEdit, Handle: s.openAssessment},
			{Pattern: "GET /risk-assessments/{ref}", Action: access.RiskRead, Handle: s.assessment},
			{Pattern: "POST /risk-assessments/{ref}/{verb}", Action: access.RiskEdit, Handle: s.recordAssessment, MaxBody: 1 << 20},
			{Pattern: "GET /risks/{ref}", Action: access.RiskRead, Handle: s.risk},
			{Pattern: "GET /risks/{ref}/edit", Action: access.RiskEdit, Handle: s.edit},
			{Pattern: "POST /risks/{ref}/{verb}", Action: access.RiskEdit, Handle: s.record, MaxBody: 1 << 20},
		},
		Pages:  []screen.Page{{Section: "Organise", Name: "Risks", Path: "/risks", Action: access.RiskRead}},
		Lists:  []screen.List{s.risksList()},
		Doings: []screen.Doing{{Name: "Enter a risk", Path: "/risks/new", Action: access.RiskEdit}},
		Finds: []screen.Finder{{Kind: "risk", Action: access.RiskRead, Find: func(r *screen.Request, asked string) ([]screen.Found, error) {
			rows, err := cfg.Risks.List(r.Context(), r.Who)
			var out []screen.Found
			for _, x := range rows {
				if len(out) < 20 && strings.Contains(strings.ToLower(x.Ref+" "+x.Title), asked) {
					out = append(out, screen.Found{Name: x.Title, Words: x.Ref + " " + x.Category, Href: "/risks/" + x.Ref})
				}
			}
			return out, err
		}}},
	}
}

// alone gives whether nobody else may do an action.
func (s *site) alone(r *screen.Request) func(access.Action) (bool, error) {
	return func(a access.Action) (bool, error) { return s.cfg.Alone(r.Context(), r.Who, a) }
}

// controls gives controls of ours with how they stand now.
func controls(list []string, now risk.Standings) ui.Cell {
	if len(list) == 0 {
		return ui.Cell{Text: "none", Muted: true}
	}
	var c ui.Cell
	for _, slug := range list {
		l := ui.Link{Text: slug + " (not in use)", Href: "/controls/library/" + slug}
		if st, used := now[slug]; used {
			l = ui.Link{Text: slug + " (" + ui.Status(st.Status).Words() + ")", Href: "/controls/" + slug}
		}
		c.Links = append(c.Links, l)
	}
	return c
}
