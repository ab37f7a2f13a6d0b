package access

import (
	"context"
	"database/sql"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
)

// ByAddress gives the user with that e-mail address, for whoever has had it
// verified; false where nobody has it.
func (s *Service) ByAddress(ctx context.Context, q database.Querier, email string) (User, bool, error) {
	u, _, err := userByLogin(ctx, q, email)
	if fault.Is(err, fault.NotFound) {
		return User{}, false, nil
	}
	return u, err == nil, err
}

// SourceLocked says, with kind Unauthenticated, that attempts from a source come
// to nothing at this moment, for whoever would have to ask others to look at one.
func (s *Service) SourceLocked(ctx context.Context, from Client) error {
	until, err := lockedUntil(ctx, s.cfg.DB.Reader(), scopeAddress, from.address())
	if err == nil && until.After(s.cfg.Clock()) {
		err = locked(until)
	}
	return err
}

// AddKnown adds an account for somebody whom the organisation's own provider
// knows and has just let in, within the transaction that decided to. Never an
// administrator or an auditor: people choose those.
func (s *Service) AddKnown(ctx context.Context, tx *sql.Tx, name, email string, r Role) (User, error) {
	if err := MadeRole(r); err != nil {
		return User{}, err
	}
	login, err := freeLogin(ctx, tx, email)
	if err != nil {
		return User{}, err
	}
	if login, name, email, err = tidyKept(login, orText(name, login), email); err != nil {
		return User{}, err
	}
	now := s.cfg.Clock()
	u := User{ID: ids.New("usr", now), Login: login, Name: name, Email: email, Role: r, Created: now}
	if err := insertUser(ctx, tx, u); err != nil {
		return User{}, taken(err)
	}
	return u, s.record(ctx, tx, u.ID, "user.added", u.ID, map[string]any{"role": string(r), "by": "provider"}, nil)
}

// MadeRole refuses, with kind Invalid, a role that no account is made with by itself.
func MadeRole(r Role) error {
	if _, err := ParseRole(string(r)); err != nil {
		return err
	}
	if r == Administrator || r == Auditor {
		return fault.New(fault.Invalid, "no account is made %s by itself", r.Title()).WithHint("choose a lesser role; an administrator gives more under Settings, Users")
	}
	return nil
}

func orText(a, b string) string {
	if a == "" {
		return b
	}
	return a
}
