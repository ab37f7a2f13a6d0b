package access

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
)

const (
	// ProofLife is how long a session may do what Proved guards, after its user
	// showed who they are.
	ProofLife = 15 * time.Minute

	// halfLife is how long after the password the second factor is taken.
	halfLife = 5 * time.Minute
)

var errStale = errors.New("who is in the session was shown too long ago")

// NeedsProof reports whether an error asks for a password or a code:
// with it the same request goes through.
func NeedsProof(err error) bool { return errors.Is(err, errStale) }

// Proved is Authorise for what a borrowed screen must not do: roles, ways in,
// tokens, exports, secrets. Whoever is in a session has shown who they are
// within ProofLife. A program with a token can show nobody, and is refused. The
// command line has no screen to borrow.
func Proved(p Principal, a Action) error {
	if err := Authorise(p, a); err != nil {
		return err
	}
	if p.TokenID != "" {
		return fault.New(fault.Forbidden, "a token does not do this: a person in a session does").WithHint("log in and do it there, or on the machine with the command line")
	}
	if p.Stale {
		return fault.Wrap(fault.Forbidden, errStale, "say who you are once more: it was last shown more than %d minutes ago", int(ProofLife.Minutes())).
			WithHint("the password, a passkey, or a code of the second factor")
	}
	return nil
}

var errNoSecond = errors.New("no second factor")

func errConfined() error {
	return fault.Wrap(fault.Forbidden, errNoSecond, "this role needs a second factor, and there is none yet").WithHint("set one up under Account")
}

// NeedsSecond reports whether an error is that the role needs a second factor.
func NeedsSecond(err error) bool { return errors.Is(err, errNoSecond) }

// Check looks, within the transaction that counts the attempt, whether what was
// shown is the user's, and gives what it was: "code", "recovery", "passkey"; ""
// is wrong. What it writes stays, whether right or wrong.
type Check func(ctx context.Context, tx *sql.Tx, userID string) (with string, err error)

// errWrongCode is all that a wrong code or passkey says.
func errWrongCode() error {
	return fault.New(fault.Unauthenticated, "what you showed is wrong, or was used before").
		WithHint("a code is taken once, at most half a minute before or after its time: wait for the next one")
}

// Half gives a session that waits for the second factor, and its user. Kind
// Unauthenticated when there is none.
func (s *Service) Half(ctx context.Context, token string) (sessionID string, u User, err error) {
	row, u, err := s.half(ctx, token)
	return row.id, u, err
}

func (s *Service) half(ctx context.Context, token string) (sessionRow, User, error) {
	over := fault.New(fault.Unauthenticated, "log in again").WithHint("the second factor is taken for %d minutes after the password", int(halfLife.Minutes()))
	hash, err := hashToken(sessionPrefix, token)
	if err != nil {
		return sessionRow{}, User{}, over
	}
	row, u, err := sessionByHash(ctx, s.cfg.DB.Reader(), hash)
	if errors.Is(err, sql.ErrNoRows) || err == nil && (!row.half || u.Disabled || !s.cfg.Clock().Before(row.opened.Add(halfLife))) {
		return sessionRow{}, User{}, over
	}
	return row, u, err
}

// Enter opens the session that waits for the second factor, with a new token.
// A wrong one is kind Unauthenticated, and counts like a
// wrong password; a right password does not take it out of the count.
func (s *Service) Enter(ctx context.Context, token string, check Check) (Login, error) {
	row, u, err := s.half(ctx, token)
	if err != nil {
		return Login{}, err
	}
	var l Login
	right, err := s.tryCode(ctx, u, row.client, check, func(tx *sql.Tx, with string) error {
		fresh, hash, err := newToken(sessionPrefix)
		if err != nil {
			return err
		}
		now := s.cfg.Clock()
		row.opened, row.seen, row.proved, row.half = now, now, now, false
		if entered, err := enterSession(ctx, tx, row.id, hash, now); err != nil || !entered {
			return errors.Join(err, errNoSession())
		}
		if err := sawLogin(ctx, tx, u.ID, now); err != nil {
			return err
		}
		if err := s.record(ctx, tx, u.ID, "user.login", u.ID, map[string]any{"session": row.id, "via": string(row.via), "with": with}, row.client.personal()); err != nil {
			return err
		}
		p, err := s.principal(ctx, tx, u, row)
		l = Login{Token: fresh, Principal: p, Expires: s.cfg.last(row)}
		return err
	})
	if err == nil && !right {
		err = errWrongCode()
	}
	return l, err
}

// Prove notes that p has just shown who they are, by what check looks at.
func (s *Service) Prove(ctx context.Context, p Principal, check Check) error {
	row, u, err := s.ownSession(ctx, p)
	if err != nil {
		return err
	}
	right, err := s.tryCode(ctx, u, row.client, check, func(tx *sql.Tx, with string) error { return s.proved(ctx, tx, p, with) })
	if err == nil && !right {
		err = errWrongCode()
	}
	return err
}

// ProvePassword is Prove by the password. A wrong one is kind Unauthenticated.
func (s *Service) ProvePassword(ctx context.Context, p Principal, password string) error {
	row, u, err := s.ownSession(ctx, p)
	if err != nil {
		return err
	}
	release, err := s.hasher.Acquire(ctx)
	if err != nil {
		return err
	}
	defer release()
	_, stored, err := userWithPassword(ctx, s.cfg.DB.Reader(), u.ID)
	if err != nil {
		return err
	}
	right, err := s.isPassword(ctx, u, stored, row.client, password)
	if err != nil {
		return err
	}
	if !right {
		return fault.New(fault.Unauthenticated, "the password is wrong").WithHint("a code of the second factor will do as well, where there is one")
	}
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error { return s.proved(ctx, tx, p, "password") })
}

func (s *Service) proved(ctx context.Context, tx *sql.Tx, p Principal, with string) error {
	if err := proveSession(ctx, tx, p.SessionID, s.cfg.Clock()); err != nil {
		return err
	}
	return s.record(ctx, tx, p.UserID, "user.proved", p.UserID, map[string]any{"session": p.SessionID, "with": with}, nil)
}

func (s *Service) ownSession(ctx context.Context, p Principal) (sessionRow, User, error) {
	if !p.Known() || p.SessionID == "" {
		return sessionRow{}, User{}, errNoSession()
	}
	row, err := sessionByID(ctx, s.cfg.DB.Reader(), p.SessionID)
	if errors.Is(err, sql.ErrNoRows) || err == nil && (row.half || row.userID != p.UserID) {
		return sessionRow{}, User{}, errNoSession()
	}
	if err != nil {
		return sessionRow{}, User{}, err
	}
	u, err := userByID(ctx, s.cfg.DB.Reader(), p.UserID)
	return row, u, err
}

// tryCode counts an attempt, looks, and does what follows from a right one, in
// one transaction: attempts at the same time wait for each other.
func (s *Service) tryCode(ctx context.Context, u User, from Client, check Check, then func(tx *sql.Tx, with string) error) (right bool, err error) {
	ctx = context.WithoutCancel(ctx) // whoever hangs up has tried all the same
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		right = false
		a := attempt{user: u, known: true}
		until, err := s.count(ctx, tx, &a, scopeCode, u.ID)
		if err != nil {
			return err
		}
		if !until.IsZero() {
			return locked(until)
		}
		with, err := check(ctx, tx, u.ID)
		if err != nil {
			return err
		}
		if with == "" {
			return s.failed(ctx, tx, a, from)
		}
		right = true
		if err := s.succeeded(ctx, tx, a); err != nil {
			return err
		}
		return then(tx, with)
	})
	return right, err
}

// Record appends an entry of this package's stream for another that keeps ways in.
func (s *Service) Record(ctx context.Context, tx *sql.Tx, actor, typ, userID string, data map[string]any) error {
	return s.record(ctx, tx, actor, typ, userID, data, nil)
}

// HasSecond notes since when a user has an authenticator app, zero for none, and
// ends their other sessions where one came. With the last second factor go the
// recovery codes.
func (s *Service) HasSecond(ctx context.Context, tx *sql.Tx, userID string, since time.Time, but string) (ended int64, err error) {
	if err := setSecond(ctx, tx, userID, since); err != nil {
		return 0, err
	}
	if since.IsZero() {
		return 0, endRecovery(ctx, tx, userID)
	}
	return endSessions(ctx, tx, userID, but)
}
