package access

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/attesta/attesta/internal/base/access/password"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

// HashCost is the price of one password hash.
type HashCost = password.Cost

// longest is of a password, in bytes.
const longest = password.Longest

func same(a, b string) bool { return password.Same(a, b) }

func checkNew(text string, u User) error {
	return password.Check(text, password.Owner{Login: u.Login, Name: u.Name, Email: u.Email})
}

// Config is all that the service depends on. Zero durations and counts take
// the default beside them.
type Config struct {
	DB     *database.DB // required
	Ledger *ledger.Log  // required
	Clock  clock.Clock  // clock.System

	LinkLifetime    time.Duration // 15 min: how long a one-time link can be used
	IdleTimeout     time.Duration // 30 min without a request ends a session
	AbsoluteTimeout time.Duration // 12 h after it was opened, a session ends
	LockAfter       int           // 5 failures in a row lock a user, a name or a source
	LockFirst       time.Duration // 30 s: the first lock; it doubles with each further failure
	LockLongest     time.Duration // 1 h
	FailureTime     time.Duration // 400 ms: no failed login is answered sooner; negative: at once (tests)
	RecordedPerHour int           // 60: entries for failures that anybody can cause without knowing a name
	Hash            HashCost      // password.DefaultCost
	Hashers         int           // 2: passwords hashed at the same time; each takes Hash.Memory
	HashQueue       int           // 50: logins that wait for a hasher; more are kind Unavailable
}

// Service is users, links, sessions and lock-out over one database. Its
// methods may be called at the same time.
type Service struct {
	cfg     Config
	hasher  *password.Hasher
	leaving []leaving // set before anything is served
}

// New makes the service.
func New(cfg Config) (*Service, error) {
	if cfg.DB == nil || cfg.Ledger == nil {
		return nil, fault.New(fault.Internal, "access.Config needs DB and Ledger")
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&cfg.LinkLifetime, 15 * time.Minute}, {&cfg.IdleTimeout, 30 * time.Minute}, {&cfg.AbsoluteTimeout, 12 * time.Hour},
		{&cfg.LockFirst, 30 * time.Second}, {&cfg.LockLongest, time.Hour}, {&cfg.FailureTime, 400 * time.Millisecond},
	} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	for _, n := range []struct {
		field *int
		value int
	}{{&cfg.LockAfter, 5}, {&cfg.RecordedPerHour, 60}, {&cfg.Hashers, 2}, {&cfg.HashQueue, 50}} {
		if *n.field == 0 {
			*n.field = n.value
		}
	}
	if cfg.Hash == (HashCost{}) {
		cfg.Hash = password.DefaultCost
	}
	if cfg.LinkLifetime < 0 || cfg.IdleTimeout < 0 || cfg.AbsoluteTimeout < cfg.IdleTimeout || cfg.LockAfter < 0 ||
		cfg.LockFirst < 0 || cfg.LockLongest < cfg.LockFirst || cfg.Hashers < 0 {
		return nil, fault.New(fault.Invalid, "the time-outs of sessions, links and locks do not fit together").
			WithHint("the idle time-out is at most the absolute one, the first lock at most the longest, none is negative")
	}
	return &Service{cfg: cfg, hasher: password.NewHasher(cfg.Hash, cfg.Hashers, cfg.HashQueue)}, nil
}

// Login opens a session by login or e-mail and password. What is wrong is
// never said: kind Unauthenticated; while locked, its message says until when.
// Kind Unavailable when too many people log in at once.
func (s *Service) Login(ctx context.Context, login, password string, from Client) (Login, error) {
	soonest := time.NewTimer(max(s.cfg.FailureTime, 0))
	defer soonest.Stop()
	l, err := s.login(ctx, login, password, from)
	if fault.Is(err, fault.Unauthenticated) {
		select { // a failure takes the same time, whatever was wrong
		case <-soonest.C:
		case <-ctx.Done():
		}
	}
	return l, err
}

func (s *Service) login(ctx context.Context, typed, password string, from Client) (Login, error) {
	release, err := s.hasher.Acquire(ctx)
	if err != nil {
		return Login{}, err
	}
	defer release()
	a, err := s.begin(ctx, typed, from)
	if err != nil {
		return Login{}, err
	}
	// From here on the attempt counts, and whoever hangs up does not get it
	// unrecorded.
	ctx = context.WithoutCancel(ctx)
	stored := a.stored
	if len(password) > longest || a.userLocked || a.user.Disabled {
		stored = "" // the same work, and no
	}
	ok, stale, err := s.hasher.Verify(stored, password)
	if err != nil {
		return Login{}, err
	}
	keep := a.stored
	if ok && stale {
		if keep, err = s.hasher.Hash(password); err != nil {
			return Login{}, err
		}
	}
	var l Login
	entered := false
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		l = Login{}
		entered = ok
		if ok { // unless the password was changed or the user disabled while it was hashed
			var err error
			if entered, err = swapPassword(ctx, tx, a.user.ID, a.stored, keep); err != nil {
				return err
			}
		}
		if !entered {
			return s.failed(ctx, tx, a, from)
		}
		if err := s.succeeded(ctx, tx, a); err != nil {
			return err
		}
		var err error
		l, err = s.open(ctx, tx, a.user, ViaPassword, from, time.Time{})
		return err
	})
	if err == nil && !entered {
		err = errWrong()
	}
	return l, err
}

// SetPassword sets p's own password. The old one is required, unless the user
// has none or the session was opened by a link less than LinkLifetime ago and
// has not set one yet. A password against the rules and a wrong old one are
// kind Invalid; wrong old ones count as failed logins do. All other sessions
// and all links of the user end, and the session gets a new token: put it into
// the cookie.
func (s *Service) SetPassword(ctx context.Context, p Principal, old, password string) (Login, error) {
	if err := Authorise(p, SessionManageOwn); err != nil {
		return Login{}, err
	}
	if p.SessionID == "" {
		return Login{}, fault.New(fault.Forbidden, "a password is set by its owner, in a session")
	}
	u, stored, err := userWithPassword(ctx, s.cfg.DB.Reader(), p.UserID)
	if err != nil {
		return Login{}, err
	}
	row, err := sessionByID(ctx, s.cfg.DB.Reader(), p.SessionID)
	if errors.Is(err, sql.ErrNoRows) || err == nil && row.half {
		return Login{}, errNoSession()
	}
	if err != nil {
		return Login{}, err
	}
	if u.Directory != NotKept {
		return Login{}, errKeptPassword()
	}
	if err := checkNew(password, u); err != nil {
		return Login{}, err
	}
	if stored == "" && (!u.Passkey.IsZero() || row.via.provider()) { // a first password is another way in, beside the one that there is
		if err := Proved(p, SessionManageOwn); err != nil {
			return Login{}, err
		}
	}
	release, err := s.hasher.Acquire(ctx)
	if err != nil {
		return Login{}, err
	}
	defer release()
	with, err := s.mayChange(ctx, u, stored, row, old)
	if err != nil {
		return Login{}, err
	}
	if with == "old" && same(old, password) {
		return Login{}, fault.New(fault.Invalid, "the new password is the old one").At("", 0, "password")
	}
	phc, err := s.hasher.Hash(password)
	if err != nil {
		return Login{}, err
	}
	token, hash, err := newToken(sessionPrefix)
	if err != nil {
		return Login{}, err
	}
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		swapped, err := swapPassword(ctx, tx, u.ID, stored, phc)
		if err != nil {
			return err
		}
		if !swapped {
			return fault.New(fault.Conflict, "the password was changed elsewhere in the meantime").WithHint("log in again")
		}
		rotated, err := rotateSession(ctx, tx, row.id, hash)
		if err != nil {
			return err
		}
		if !rotated {
			return errNoSession()
		}
		if err := withdrawLinks(ctx, tx, u.ID); err != nil {
			return err
		}
		ended, err := endSessions(ctx, tx, u.ID, row.id)
		if err != nil {
			return err
		}
		if err := s.unlock(ctx, tx, u.ID, u.ID); err != nil {
			return err
		}
		return s.record(ctx, tx, u.ID, "user.password_set", u.ID, map[string]any{"with": with, "session": row.id, "sessions_ended": ended}, nil)
	})
	if err != nil {
		return Login{}, err
	}
	u.HasPassword = true
	who, err := s.principal(ctx, s.cfg.DB.Reader(), u, row)
	return Login{Token: token, Principal: who, Expires: s.cfg.last(row)}, err
}

// mayChange says by what right a password is set: "first", "link" or "old". A
// wrong old one is counted, before it is looked at, like a failed login: a
// stolen session is no way around the lock.
func (s *Service) mayChange(ctx context.Context, u User, stored string, row sessionRow, old string) (string, error) {
	now := s.cfg.Clock()
	switch {
	case stored == "":
		return "first", nil
	case row.mayReset && now.Sub(row.opened) < s.cfg.LinkLifetime:
		return "link", nil
	}
	ok, err := s.isPassword(ctx, u, stored, row.client, old)
	if err == nil && !ok {
		err = fault.New(fault.Invalid, "the old password is wrong").At("", 0, "old")
	}
	return "old", err
}

// isPassword says whether a password is u's, for somebody who is in a session.
// The caller holds a slot of the hasher.
func (s *Service) isPassword(ctx context.Context, u User, stored string, from Client, password string) (bool, error) {
	a := attempt{user: u, known: true}
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		a.counts = nil
		until, err := s.count(ctx, tx, &a, scopeUser, u.ID)
		if err == nil && !until.IsZero() {
			return fault.New(fault.Forbidden, "too many failed attempts; the next one counts after %s", until.UTC().Format("15:04:05 UTC"))
		}
		return err
	})
	if err != nil {
		return false, err
	}
	if len(password) > longest {
		password = ""
	}
	ctx = context.WithoutCancel(ctx)
	ok, _, err := s.hasher.Verify(stored, password)
	if err != nil {
		return false, err
	}
	return ok, s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if ok {
			return s.succeeded(ctx, tx, a)
		}
		return s.failed(ctx, tx, a, from)
	})
}
