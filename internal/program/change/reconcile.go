package change

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/program/landing"
)

// Reconcile holds what landed, what was deployed and what agents saw change
// against one another, in [from, to), as known now (change.read). Counts are over
// all; lists hold the newest 200.
func (s *Service) Reconcile(ctx context.Context, p access.Principal, from, to time.Time) (*landing.Reconciliation, error) {
	if err := access.Authorise(p, access.ChangeRead); err != nil {
		return nil, err
	}
	if !from.Before(to) {
		return nil, bad("from", "the window begins after it ends")
	}
	known, err := ledgerSize(ctx, s.cfg.DB.Reader())
	if err != nil {
		return nil, err
	}
	r, err := s.counted(ctx, from, to)
	if err != nil {
		return nil, err
	}
	r.From, r.To, r.Known = from, to, known
	if s.cfg.Observed == nil {
		r.Notes = append(r.Notes, "no agent reports what changes on hosts")
		return r, nil
	}
	observed, err := s.cfg.Observed(ctx, from, to, known)
	if err != nil {
		return nil, err
	}
	if len(observed) == 0 {
		return r, nil
	}
	asked, err := s.some(ctx, Filter{Flag: string(landing.Manual), From: from, To: to}, 10_000)
	if err != nil {
		return nil, err
	}
	causes, err := s.causes(ctx, from, to, known, asked)
	if err != nil {
		return nil, err
	}
	r.Explain(observed, causes)
	return r, nil
}

// counted reconciles what landed with what was deployed: counts of all, and the
// newest of each list.
func (s *Service) counted(ctx context.Context, from, to time.Time) (*landing.Reconciliation, error) {
	r := &landing.Reconciliation{}
	all, err := tallies(ctx, s.cfg.DB.Reader(), "change", from, to)
	if err != nil {
		return nil, err
	}
	for _, t := range all {
		if strings.Contains(t.flags, " "+string(landing.Manual)+" ") {
			continue
		}
		if r.Changes += t.n; t.deployed == landing.Pass {
			r.Deployed += t.n
		}
	}
	if all, err = tallies(ctx, s.cfg.DB.Reader(), "deployment", from, to); err != nil {
		return nil, err
	}
	for _, t := range all {
		if !strings.Contains(t.flags, " production ") || !strings.Contains(t.flags, " success ") {
			continue
		}
		if r.Deployments += t.n; t.merged == landing.Pass {
			r.Tied += t.n
		}
	}
	bad := []landing.Outcome{landing.Fail, landing.Error, landing.NotObserved}
	for _, x := range []struct {
		into *[]*landing.Change
		name string
		is   []landing.Outcome
	}{{&r.Undeployed, landing.Deployed, []landing.Outcome{landing.NotObserved}}, {&r.Direct, landing.Route, bad}, {&r.Rewritten, landing.Intact, []landing.Outcome{landing.Fail}}} {
		found, err := s.some(ctx, Filter{Attribute: x.name, Is: x.is, From: from, To: to}, landing.MaxShown)
		if err != nil {
			return nil, err
		}
		for _, ch := range found {
			if ch.Kind != landing.Manual {
				*x.into = append(*x.into, ch)
			}
		}
	}
	page, _, _, err := list(ctx, s.cfg.DB.Reader(), "deployment", Filter{Flag: "production", Attribute: landing.Merged, Is: bad, From: from, To: to}, "", landing.MaxShown)
	for i := 0; i < len(page) && err == nil; i++ {
		var d *landing.Deployment
		if d, err = page[i].deployment(); err == nil && d.State == "success" {
			r.Unmerged = append(r.Unmerged, *d)
		}
	}
	return r, err
}

// some gives the newest changes of a filter.
func (s *Service) some(ctx context.Context, f Filter, limit int) ([]*landing.Change, error) {
	page, _, _, err := list(ctx, s.cfg.DB.Reader(), "change", f, "", limit)
	all := make([]*landing.Change, 0, len(page))
	for i := 0; i < len(page) && err == nil; i++ {
		var ch *landing.Change
		ch, err = page[i].change()
		all = append(all, ch)
	}
	return all, err
}

func (s *Service) changesAt(ctx context.Context, from, to time.Time, known int64) ([]*landing.Change, error) {
	found, err := atLedger(ctx, s.cfg.DB.Reader(), "change", from, to, known)
	if err != nil {
		return nil, err
	}
	all := make([]*landing.Change, 0, len(found))
	for _, f := range found {
		ch, err := f.change()
		if err != nil {
			return nil, err
		}
		// What turned out to be part of another change is counted there.
		if a := ch.Attribute(landing.Intact); a.Outcome == landing.NotApplicable && ch.Kind != landing.Manual {
			continue
		}
		all = append(all, ch)
	}
	return all, nil
}

func (s *Service) deploymentsAt(ctx context.Context, from, to time.Time, known int64) ([]*landing.Deployment, error) {
	found, err := atLedger(ctx, s.cfg.DB.Reader(), "deployment", from, to, known)
	if err != nil {
		return nil, err
	}
	all := make([]*landing.Deployment, 0, len(found))
	for _, f := range found {
		d, err := f.deployment()
		if err != nil {
			return nil, err
		}
		all = append(all, d)
	}
	return all, nil
}

// causes gives what may account for what agents saw in a window: deployments
// around it, change tokens that held in it, and work that was asked for here.
func (s *Service) causes(ctx context.Context, from, to time.Time, known int64, changes []*landing.Change) (*landing.Causes, error) {
	deployments, err := s.deploymentsAt(ctx, from.Add(-landing.Around-24*time.Hour), to.Add(landing.Around), known)
	if err != nil {
		return nil, err
	}
	patterns := map[string][]string{}
	all, err := repositories(ctx, s.cfg.DB.Reader(), "")
	if err != nil {
		return nil, err
	}
	for _, r := range all {
		patterns[r.Slug] = r.Settings.Hosts
	}
	open, err := tokens(ctx, s.cfg.DB.Reader(), `WHERE t.from_at < $2 AND t.until_at > $1`, micros(from.Add(-landing.Around)), micros(to))
	if err != nil {
		return nil, err
	}
	held := make([]landing.Held, len(open))
	for i, t := range open {
		held[i] = landing.Held{Change: t.Change, Hosts: t.Hosts, From: t.From, Until: t.Until}
	}
	slices.SortFunc(deployments, func(a, b *landing.Deployment) int { return a.At.Compare(b.At) })
	return landing.NewCauses(deployments, patterns, held, changes), nil
}
