package access

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
)

// Purpose says what a link is for.
type Purpose string

// The purposes.
const (
	FirstLogin Purpose = "first_login" // the user has no password yet
	Recovery   Purpose = "recovery"    // the user lost the password or is locked out
)

// Link is a fresh one-time link. Token is shown once and kept nowhere.
type Link struct {
	ID      string // "lnk_…"
	Token   string // for the URL
	UserID  string
	Purpose Purpose
	Expires time.Time
}

// LinkInfo is what the page behind a link may show before it is used.
type LinkInfo struct {
	Purpose  Purpose
	UserName string
	Expires  time.Time
}

// linkRow is a link as stored.
type linkRow struct {
	id, userID, madeBy     string
	purpose                Purpose
	created, expires, used time.Time
}

func (l linkRow) usable(now time.Time) bool { return l.used.IsZero() && now.Before(l.expires) }

// errNoLink says the same of a link that never was, was used or has expired.
func errNoLink() error {
	return fault.New(fault.NotFound, "this link is not valid any more").
		WithHint("a link works once and not for long: ask an administrator for another, or start Attesta again where no administrator has a password yet")
}

// FirstLink makes the link that `attesta up` prints: where nobody exists yet
// it adds the first administrator; where no administrator has ever set a
// password it makes a new link and the older ones stop working. Otherwise it
// gives kind Conflict: log in, or make a recovery link.
func (s *Service) FirstLink(ctx context.Context) (Link, error) {
	var link Link
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		u, state, err := firstAdministrator(ctx, tx)
		switch {
		case err != nil:
			return err
		case state == setUp:
			return fault.New(fault.Conflict, "an administrator exists already").
				WithHint("log in, or make a recovery link for somebody who cannot")
		case state == empty:
			if u, err = s.addUser(ctx, tx, System(), NewUser{Login: "admin", Name: "Administrator", Role: Administrator}); err != nil {
				return err
			}
		}
		link, err = s.makeLink(ctx, tx, System(), u, FirstLogin)
		return err
	})
	return link, err
}

// LoginLink makes a one-time link for a user (user.manage). Unused links of
// that user stop working. A first-login link for somebody who has a password,
// and any link for somebody disabled, is kind Conflict.
func (s *Service) LoginLink(ctx context.Context, p Principal, userID string, purpose Purpose) (Link, error) {
	if err := Proved(p, UserManage); err != nil {
		return Link{}, err
	}
	if purpose != FirstLogin && purpose != Recovery {
		return Link{}, fault.New(fault.Invalid, "%q is no purpose of a link", purpose).WithHint("first_login or recovery")
	}
	var link Link
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		u, err := userByID(ctx, tx, userID)
		if err != nil {
			return err
		}
		if u.Disabled {
			return fault.New(fault.Conflict, "this user is disabled").WithHint("enable the user first")
		}
		if purpose == FirstLogin && u.HasPassword {
			return fault.New(fault.Conflict, "this user has a password already").WithHint("make a recovery link instead")
		}
		link, err = s.makeLink(ctx, tx, p, u, purpose)
		return err
	})
	return link, err
}

func (s *Service) makeLink(ctx context.Context, tx *sql.Tx, p Principal, u User, purpose Purpose) (Link, error) {
	if err := withdrawLinks(ctx, tx, u.ID); err != nil {
		return Link{}, err
	}
	token, hash, err := newToken(linkPrefix)
	if err != nil {
		return Link{}, err
	}
	now := s.cfg.Clock()
	row := linkRow{id: ids.New("lnk", now), userID: u.ID, madeBy: p.UserID, purpose: purpose, created: now, expires: now.Add(s.cfg.LinkLifetime)}
	if err := insertLink(ctx, tx, row, hash); err != nil {
		return Link{}, err
	}
	data := map[string]any{"link": row.id, "purpose": string(purpose), "expires": row.expires}
	if err := s.record(ctx, tx, p.UserID, "user.link_made", u.ID, data, nil); err != nil {
		return Link{}, err
	}
	return Link{ID: row.id, Token: token, UserID: u.ID, Purpose: purpose, Expires: row.expires}, nil
}

// LinkInfo looks at a link without using it, for a page with a button: mail
// scanners follow links, people press buttons. Unknown, used and expired links
// are the same kind NotFound.
func (s *Service) LinkInfo(ctx context.Context, token string) (LinkInfo, error) {
	hash, err := hashToken(linkPrefix, token)
	if err != nil {
		return LinkInfo{}, errNoLink()
	}
	l, u, err := linkByHash(ctx, s.cfg.DB.Reader(), hash)
	if errors.Is(err, sql.ErrNoRows) || (err == nil && (!l.usable(s.cfg.Clock()) || u.Disabled)) {
		return LinkInfo{}, errNoLink()
	}
	return LinkInfo{Purpose: l.purpose, UserName: u.Name, Expires: l.expires}, err
}

// UseLink opens a session by a link, once, and unlocks the user.
func (s *Service) UseLink(ctx context.Context, token string, from Client) (Login, error) {
	hash, err := hashToken(linkPrefix, token)
	if err != nil {
		return Login{}, errNoLink()
	}
	var login Login
	refused := false
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		login, refused = Login{}, false
		now := s.cfg.Clock()
		l, u, err := linkByHash(ctx, tx, hash)
		if errors.Is(err, sql.ErrNoRows) {
			refused = true
			return nil
		}
		if err != nil {
			return err
		}
		used := false
		if l.usable(now) && !u.Disabled {
			if used, err = useLink(ctx, tx, l.id, now); err != nil {
				return err
			}
		}
		if !used { // somebody holds a link that is over: worth an entry, within the limit
			refused = true
			why := "expired"
			if !l.used.IsZero() || l.usable(now) {
				why = "used"
			}
			return s.recordLimited(ctx, tx, "user.link_refused", u.ID, map[string]any{"link": l.id, "why": why}, from)
		}
		if err := s.record(ctx, tx, u.ID, "user.link_used", u.ID, map[string]any{"link": l.id, "purpose": string(l.purpose)}, from.personal()); err != nil {
			return err
		}
		if err := s.unlock(ctx, tx, u.ID, u.ID); err != nil {
			return err
		}
		login, err = s.open(ctx, tx, u, ViaLink, from, time.Time{})
		return err
	})
	if err == nil && refused {
		err = errNoLink()
	}
	return login, err
}
