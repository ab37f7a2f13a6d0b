package review

import (
	"context"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/ledger"
)

// own is what Attesta itself says: its users and their roles.
func (s *Service) own(ctx context.Context) (Part, error) {
	now := s.cfg.Clock()
	p := Part{Place: Attesta, Part: "users", Kind: Attesta, Name: "Attesta", From: now, Until: now}
	all, err := s.cfg.Access.Users(ctx, access.System())
	if err != nil {
		return p, err
	}
	given, err := s.given(ctx)
	if err != nil {
		return p, err
	}
	for _, u := range all {
		if u.Disabled {
			p.LeftOut++
			continue
		}
		g := Grant{Account: u.Login, Role: u.Role.Title(), Privileged: u.Role == access.Administrator, Name: u.Name, Mail: u.Email, User: u.ID, LastUsed: u.LastLogin, GrantedAt: u.Created}
		if m, ok := given[u.ID]; ok {
			g.GrantedAt, g.GrantedBy = m.At, m.By
		}
		p.Grants = append(p.Grants, g)
	}
	p.Digest = digestOf(p.Grants)
	return p, nil
}

// given says when each user got their role, and from whom, as the ledger says.
func (s *Service) given(ctx context.Context) (map[string]Made, error) {
	out := map[string]Made{}
	for _, kind := range []string{"user.added", "user.role_changed"} {
		for before, more := int64(0), true; more; {
			page, err := s.cfg.Ledger.Records(ctx, ledger.Filter{Type: kind, Before: before, Limit: 1000})
			if err != nil {
				return nil, err
			}
			more = len(page) == 1000
			for _, r := range page {
				if r.Index >= 0 {
					before = r.Index
				}
				if out[r.Subject].At.Before(r.At) {
					m := Made{At: r.At, By: r.Actor}
					if m.By == access.System().UserID {
						m.By = ""
					}
					out[r.Subject] = m
				}
			}
			more = more && before > 0
		}
	}
	return out, nil
}
