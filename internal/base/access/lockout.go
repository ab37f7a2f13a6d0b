package access

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
)

// Failures are counted in three scopes. A name is counted as it was typed,
// whether somebody has it or not, so that a lock tells nothing about who
// exists; a user is counted whichever of login and e-mail was typed.
const (
	scopeAddress = "address" // a source: an address or an IPv6 /64
	scopeName    = "name"    // a bucket of the hash of what was typed
	scopeUser    = "user"    // usr_…
	scopeCode    = "code"    // usr_…: codes of the second factor; a right password does not clear it
)

// Counts are forgotten this long after the last failure.
const (
	forgetAddress = time.Hour // short: a whole office may share one
	forgetName    = 24 * time.Hour
)

// lockFor gives how long the nth failure in a row locks: nothing before
// LockAfter, then LockFirst, doubling up to LockLongest.
func (c Config) lockFor(n int64) time.Duration {
	over := n - int64(c.LockAfter)
	if over < 0 {
		return 0
	}
	d := c.LockFirst
	for range over {
		if d *= 2; d >= c.LockLongest {
			return c.LockLongest
		}
	}
	return min(d, c.LockLongest)
}

// nameBucket gives the counter of a typed name: 20 bits of its hash. What was
// typed may be a password, so it is not kept, and strangers cannot make more
// than a million rows.
func nameBucket(typed string) string {
	sum := sha256.Sum256([]byte("name\x00" + strings.ToLower(strings.TrimSpace(typed))))
	return hex.EncodeToString(sum[:3])[:5]
}

// counted is one scope in which an attempt was counted.
type counted struct {
	scope, name string
	failures    int64     // this attempt included
	until       time.Time // locked until then should the attempt fail; zero: not
}

// attempt is a login that was counted and is not decided yet.
type attempt struct {
	user       User
	stored     string // PHC string; empty: nobody, or no password
	known      bool   // somebody has that name
	userLocked bool   // that user is locked: whatever the password, the answer is no
	counts     []counted
}

// locked is what attempts meet while a lock lasts; the password is not looked at.
func locked(until time.Time) error {
	return fault.New(fault.Unauthenticated, "too many failed attempts; the next one counts after %s", until.UTC().Format("15:04:05 UTC")).
		WithHint("wait, or ask an administrator for a one-time link")
}

// errWrong is all that a failed login says.
func errWrong() error {
	return fault.New(fault.Unauthenticated, "the login or the password is wrong").
		WithHint("after several failures a login is locked for a while; an administrator can make a one-time link")
}

// begin counts an attempt before the password is looked at. While the source
// or the name is locked it counts nothing and gives the locked error.
func (s *Service) begin(ctx context.Context, typed string, from Client) (attempt, error) {
	var a attempt
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		a = attempt{}
		u, stored, err := userByLogin(ctx, tx, typed)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		if a.known = err == nil; a.known {
			a.user, a.stored = u, stored
		}
		for _, c := range []struct{ scope, name string }{{scopeAddress, from.address()}, {scopeName, nameBucket(typed)}} {
			until, err := s.count(ctx, tx, &a, c.scope, c.name)
			if err != nil {
				return err
			}
			if !until.IsZero() {
				return locked(until) // rolls back what was counted
			}
		}
		if a.known {
			until, err := s.count(ctx, tx, &a, scopeUser, u.ID)
			if err != nil {
				return err
			}
			a.userLocked = !until.IsZero()
		}
		return nil
	})
	return a, err
}

// count counts one failure ahead of time. Where that scope is locked it gives
// until when, and counts nothing.
func (s *Service) count(ctx context.Context, tx *sql.Tx, a *attempt, scope, name string) (lockedUntil time.Time, err error) {
	now, forget := s.cfg.Clock(), forgetName
	if scope == scopeAddress {
		forget = forgetAddress
	}
	n, until, err := countFailure(ctx, tx, scope, name, now, now.Add(-forget), now.Add(s.cfg.LockLongest))
	if err != nil || !until.IsZero() {
		return until, err
	}
	c := counted{scope: scope, name: name, failures: n}
	if d := s.cfg.lockFor(n); d > 0 {
		c.until = now.Add(d)
		if err := lockFailure(ctx, tx, scope, name, c.until); err != nil {
			return time.Time{}, err
		}
	}
	a.counts = append(a.counts, c)
	return time.Time{}, nil
}

// failed records an attempt that came to nothing. Its counts stand already.
func (s *Service) failed(ctx context.Context, tx *sql.Tx, a attempt, from Client) error {
	if !a.known {
		if err := s.recordLimited(ctx, tx, "user.login_failed", nobody, nil, from); err != nil {
			return err
		}
	} else if a.userLocked || a.user.Disabled {
		data := map[string]any{"why": "locked"}
		if a.user.Disabled {
			data["why"] = "disabled"
		}
		if err := s.recordLimited(ctx, tx, "user.login_failed", a.user.ID, data, from); err != nil {
			return err
		}
	}
	for _, c := range a.counts {
		if (c.scope == scopeUser || c.scope == scopeCode) && !a.user.Disabled { // few by nature: after a handful each one locks for longer
			data := map[string]any{"failures": c.failures}
			if c.scope == scopeCode {
				data["with"] = "code"
			}
			if err := s.record(ctx, tx, nobody, "user.login_failed", a.user.ID, data, from.personal()); err != nil {
				return err
			}
		}
	}
	for _, c := range a.counts {
		if c.until.IsZero() {
			continue
		}
		data := map[string]any{"failures": c.failures, "until": c.until, "scope": c.scope}
		var err error
		switch c.scope {
		case scopeUser, scopeCode:
			err = s.record(ctx, tx, "system", "user.locked", a.user.ID, data, from.personal())
		case scopeAddress:
			err = s.recordLimited(ctx, tx, "user.locked", nobody, data, from)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// succeeded takes the attempt out of the counts again: the user's and the
// name's begin anew, the source's goes back by this one only, or whoever has
// one good password could try all others.
func (s *Service) succeeded(ctx context.Context, tx *sql.Tx, a attempt) error {
	for _, c := range a.counts {
		var err error
		if c.scope == scopeAddress {
			err = uncountFailure(ctx, tx, c.scope, c.name, c.failures)
		} else {
			err = clearFailure(ctx, tx, c.scope, c.name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// unlock clears a user's counts and says so where there was a lock.
func (s *Service) unlock(ctx context.Context, tx *sql.Tx, actor, userID string) error {
	u, err := userByID(ctx, tx, userID)
	if err != nil {
		return err
	}
	was, err := lockedUntil(ctx, tx, scopeUser, userID)
	if err != nil {
		return err
	}
	for _, scope := range []string{scopeUser, scopeCode} {
		if err := clearFailure(ctx, tx, scope, userID); err != nil {
			return err
		}
	}
	for _, name := range []string{u.Login, u.Email} {
		if name == "" {
			continue
		}
		if err := clearFailure(ctx, tx, scopeName, nameBucket(name)); err != nil {
			return err
		}
	}
	if was.After(s.cfg.Clock()) {
		return s.record(ctx, tx, actor, "user.unlocked", userID, nil, nil)
	}
	return nil
}
