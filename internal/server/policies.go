package server

import (
	"context"
	"fmt"
	"sync"

	"github.com/attesta/attesta/internal/pack"
	"github.com/attesta/attesta/internal/program/policy"
	"github.com/attesta/attesta/packs"
)

// keepPolicies makes the service of policies over the shipped templates.
func (p *parts) keepPolicies() error {
	dir, err := packs.Open(packs.Policies()[0])
	if err != nil {
		return fmt.Errorf("open the policy templates: %w", err)
	}
	book, err := policy.Load(dir)
	if err != nil {
		return fmt.Errorf("read the policy templates: %w", err)
	}
	p.policies = policy.New(policy.Config{DB: p.db, Ledger: p.log, Clock: p.clock, Book: book, Provers: p.provers(shippedChecks()), Tenures: p.access.Tenures})
	return nil
}

// shippedChecks gives the names of the checks that come with this build, once.
func shippedChecks() func() ([]string, error) {
	return sync.OnceValues(func() ([]string, error) {
		all, err := pack.Shipped()
		var out []string
		for _, std := range all {
			for _, c := range std.Checks {
				out = append(out, c.ID)
			}
		}
		return out, err
	})
}

// provers gives what a policy's statement may be proved by: controls of the
// library and the organisation's own, checks of shipped and of installed standards.
func (p *parts) provers(shipped func() ([]string, error)) func(context.Context) (controls, checks map[string]bool, err error) {
	return func(ctx context.Context) (controls, checks map[string]bool, err error) {
		controls, checks = map[string]bool{}, map[string]bool{}
		for _, d := range p.controls.Library().Designs {
			controls[d.Slug] = true
		}
		names, err := shipped()
		if err != nil {
			return nil, nil, err
		}
		for _, name := range names {
			checks[name] = true
		}
		installed, err := p.standards.List(ctx)
		if err != nil {
			return nil, nil, err
		}
		for _, st := range installed {
			std, err := p.standards.Loaded(ctx, st.ID)
			if err != nil {
				return nil, nil, err
			}
			for _, c := range std.Checks {
				checks[c.ID] = true
			}
		}
		return controls, checks, nil
	}
}
