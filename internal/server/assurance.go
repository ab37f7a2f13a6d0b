package server

import (
	"context"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/audit/firm"
	"github.com/attesta/attesta/internal/audit/owntest"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/journal"
	"github.com/attesta/attesta/internal/web/ui"
)

// keepAssurance makes the services of management's own tests and of audit firms.
func (p *parts) keepAssurance() error {
	log := journal.Config{DB: p.db, Ledger: p.log, Clock: p.clock}
	p.firms = firm.New(firm.Config{Journal: log, Zone: p.zone})
	about := owntest.Sources{Controls: p.controls, Evidence: p.evidence, Populations: p.population, Scopes: p.scopes, Clock: p.clock}
	p.ownTests = owntest.New(owntest.Config{Journal: log, Ledger: p.log, Control: about.Performed, Population: about.Population})
	return nil
}

// controlOptions gives the controls in use, by title.
func (p *parts) controlOptions(ctx context.Context) ([]ui.Option, error) {
	program, err := p.controls.Program(ctx, access.System())
	if err != nil {
		return nil, err
	}
	var out []ui.Option
	for i := range program.Controls {
		if v, ok := program.Controls[i].At(p.clock(), -1); ok {
			out = append(out, ui.Option{Value: program.Controls[i].Slug, Text: v.Design.Title})
		}
	}
	slices.SortFunc(out, func(a, b ui.Option) int { return strings.Compare(a.Text, b.Text) })
	return out, nil
}

// testers gives whoever may test a control, by name.
func (p *parts) testers(ctx context.Context) ([]ui.Option, error) {
	users, err := p.access.Users(ctx, access.System())
	var out []ui.Option
	for _, u := range users {
		if !u.Disabled && access.May(u.Role, access.OwnTestDo) {
			out = append(out, ui.Option{Value: u.Login, Text: u.Name})
		}
	}
	slices.SortFunc(out, func(a, b ui.Option) int { return strings.Compare(a.Text, b.Text) })
	return out, err
}
