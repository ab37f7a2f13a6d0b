package access

import (
	"context"
	"database/sql"
	"time"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
)

// Whose says, by what somebody shows, whom it claims to be; "" is nobody we
// know. It does not say that it is right: a Check does.
type Whose func(ctx context.Context, q database.Querier) (userID string, err error)

// LoginBy opens a session by something that says by itself whose it is and
// shows that its owner is there, such as a passkey. It is counted like a
// password: by its source, and by its user once that is known. What is wrong is
// never said: kind Unauthenticated.
func (s *Service) LoginBy(ctx context.Context, via Via, from Client, whose Whose, check Check) (Login, error) {
	return s.LoginUntil(ctx, via, from, whose, check, time.Time{})
}

// LoginUntil is LoginBy for a session that ends at a time at the latest,
// whatever is requested; zero: none bounds it.
func (s *Service) LoginUntil(ctx context.Context, via Via, from Client, whose Whose, check Check, ends time.Time) (Login, error) {
	ctx = context.WithoutCancel(ctx) // whoever hangs up has tried all the same
	var l Login
	right := false
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		l, right = Login{}, false
		var a attempt
		until, err := s.count(ctx, tx, &a, scopeAddress, from.address())
		if err != nil {
			return err
		}
		if !until.IsZero() {
			return locked(until)
		}
		id, err := whose(ctx, tx)
		if err != nil {
			return err
		}
		if id == "" {
			return s.failed(ctx, tx, a, from)
		}
		if a.user, err = userByID(ctx, tx, id); err != nil {
			return err
		}
		a.known = true
		if until, err = s.count(ctx, tx, &a, scopeCode, id); err != nil {
			return err
		}
		if !until.IsZero() {
			return locked(until)
		}
		with, err := check(ctx, tx, id)
		if err != nil {
			return err
		}
		if with == "" || a.user.Disabled {
			return s.failed(ctx, tx, a, from)
		}
		if err := s.succeeded(ctx, tx, a); err != nil {
			return err
		}
		right = true
		l, err = s.open(ctx, tx, a.user, via, from, ends)
		return err
	})
	if err == nil && !right {
		err = fault.New(fault.Unauthenticated, "this opens nothing").
			WithHint("try again, or come in by the password; after several failures there is a wait")
	}
	return l, err
}

// HasPasskey notes since when a user has a passkey, zero for none. Whoever had
// no second factor before has one now: their other sessions end. With the last
// second factor go the recovery codes.
func (s *Service) HasPasskey(ctx context.Context, tx *sql.Tx, userID string, since time.Time, but string) (ended int64, err error) {
	u, err := userByID(ctx, tx, userID)
	if err != nil {
		return 0, err
	}
	if err := setPasskey(ctx, tx, userID, since); err != nil {
		return 0, err
	}
	if since.IsZero() {
		return 0, endRecovery(ctx, tx, userID)
	}
	if u.HasSecond() {
		return 0, nil
	}
	return endSessions(ctx, tx, userID, but)
}

// HoldUser makes changes of a user's ways in, and of who can come in at all,
// wait for each other. Kind NotFound where there is no such user.
func (s *Service) HoldUser(ctx context.Context, tx *sql.Tx, userID string) error {
	if err := holdAdministrators(ctx, tx); err != nil {
		return err
	}
	return holdUser(ctx, tx, userID)
}

// AWayStays refuses, after a way in was taken and within its transaction, to
// leave no administrator a password or a passkey: kind Conflict. Whoever owns
// the data directory makes links, and is not refused.
func (s *Service) AWayStays(ctx context.Context, tx *sql.Tx, p Principal) error {
	if p.IsSystem() {
		return nil
	}
	n, err := countComingBack(ctx, tx)
	if err == nil && n == 0 {
		err = fault.New(fault.Conflict, "no administrator could log in any more").WithHint("set a password or add another passkey first")
	}
	return err
}
