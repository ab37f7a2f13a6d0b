package change

import (
	"context"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/program/landing"
)

// Change gives one by id or number (change.read).
func (s *Service) Change(ctx context.Context, p access.Principal, ref string) (*landing.Change, error) {
	if err := access.Authorise(p, access.ChangeRead); err != nil {
		return nil, err
	}
	found, err := one(ctx, s.cfg.DB.Reader(), "change", ref)
	if err != nil {
		return nil, err
	}
	return found.change()
}

// Versions gives what was said of a change before, newest first (change.read).
func (s *Service) Versions(ctx context.Context, p access.Principal, ref string) ([]*landing.Change, error) {
	now, err := s.Change(ctx, p, ref)
	if err != nil {
		return nil, err
	}
	found, err := history(ctx, s.cfg.DB.Reader(), now.ID)
	if err != nil {
		return nil, err
	}
	var all []*landing.Change
	for _, f := range found {
		ch, err := f.change()
		if err != nil {
			return nil, err
		}
		all = append(all, ch)
	}
	return all, nil
}

// Deployment gives one by id or number (change.read).
func (s *Service) Deployment(ctx context.Context, p access.Principal, ref string) (*landing.Deployment, error) {
	if err := access.Authorise(p, access.ChangeRead); err != nil {
		return nil, err
	}
	found, err := one(ctx, s.cfg.DB.Reader(), "deployment", ref)
	if err != nil {
		return nil, err
	}
	return found.deployment()
}

// List gives a page of changes, newest first, and how many there are up to
// 10,000 (change.read).
func (s *Service) List(ctx context.Context, p access.Principal, f Filter, cursor string, limit int) ([]*landing.Change, string, int64, error) {
	if err := access.Authorise(p, access.ChangeRead); err != nil {
		return nil, "", 0, err
	}
	page, next, total, err := list(ctx, s.cfg.DB.Reader(), "change", f, cursor, limit)
	all := make([]*landing.Change, len(page))
	for i := 0; i < len(page) && err == nil; i++ {
		all[i], err = page[i].change()
	}
	return all, next, total, err
}

// ListDeployments gives a page of deployments, newest first (change.read).
func (s *Service) ListDeployments(ctx context.Context, p access.Principal, f Filter, cursor string, limit int) ([]*landing.Deployment, string, int64, error) {
	if err := access.Authorise(p, access.ChangeRead); err != nil {
		return nil, "", 0, err
	}
	page, next, total, err := list(ctx, s.cfg.DB.Reader(), "deployment", f, cursor, limit)
	all := make([]*landing.Deployment, len(page))
	for i := 0; i < len(page) && err == nil; i++ {
		all[i], err = page[i].deployment()
	}
	return all, next, total, err
}

// Counts gives how many changes have each outcome (change.read).
func (s *Service) Counts(ctx context.Context, p access.Principal) (Counts, error) {
	if err := access.Authorise(p, access.ChangeRead); err != nil {
		return Counts{}, err
	}
	return countItems(ctx, s.cfg.DB.Reader(), "change")
}

// Health is how well a repository is followed.
type Health struct {
	Repository *Repository      `json:"repository"`
	Events     map[string]int64 `json:"events"`             // received, by kind
	Missed     int64            `json:"missed"`             // changes that name a request of which nothing was received
	Examples   []string         `json:"examples,omitempty"` // "CH-12"
}

// Health gives how each repository is followed, and what deliveries were missed
// as the repository itself shows (change.read).
func (s *Service) Health(ctx context.Context, p access.Principal) ([]Health, error) {
	all, err := s.Repositories(ctx, p)
	if err != nil {
		return nil, err
	}
	out := []Health{}
	for _, r := range all {
		h := Health{Repository: r}
		if h.Events, err = eventTypes(ctx, s.cfg.DB.Reader(), r.ID); err != nil {
			return nil, err
		}
		if h.Missed, h.Examples, err = gapsOf(ctx, s.cfg.DB.Reader(), r.ID, 5); err != nil {
			return nil, err
		}
		out = append(out, h)
	}
	return out, nil
}
