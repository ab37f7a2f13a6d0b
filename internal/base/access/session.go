package access

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
)

// Via says how a session was opened.
type Via string

// The ways.
const (
	ViaLink         Via = "link"
	ViaPassword     Via = "password"
	ViaPasskey      Via = "passkey"       // shown on the device, where its owner was verified: both factors
	ViaProvider     Via = "provider"      // by the organisation's identity provider
	ViaProviderBoth Via = "provider_both" // by one of which the settings say that it asks for both factors
	ViaToken        Via = "token"         // a program with a token of the user's
	ViaMail         Via = "mail"          // a link in a mail to the account's address; opens no session, see ByMail
	ViaCommand      Via = "command"       // the command line of whoever owns the data directory, in a user's name
)

// provider reports whether the organisation's identity provider let somebody in.
func (v Via) provider() bool { return v == ViaProvider || v == ViaProviderBoth }

// Client is where a request comes from, as far as the web can tell. Both are
// personal data: they stand in the session's row and die with it.
type Client struct {
	Address string // IP address without port; empty when there is none (a local command)
	Agent   string // User-Agent; 200 bytes are kept
}

// Login is an open session. Token goes into the cookie and nowhere else.
type Login struct {
	Token     string
	Principal Principal
	Expires   time.Time // absolute; the idle time-out may end it sooner
	Half      bool      // the second factor is asked for first: until then the token opens nothing, and Principal is nobody
}

// Session is one row of "where am I logged in".
type Session struct {
	ID      string
	UserID  string
	Via     Via
	Client  Client
	Opened  time.Time
	Seen    time.Time // last request, to the minute
	Expires time.Time // when it ends without another request
	Current bool      // the session of whoever asks
}

// sessionRow is a session as stored.
type sessionRow struct {
	id, userID   string
	via          Via
	opened, seen time.Time
	mayReset     bool      // opened by a link: a password can be set without the old one
	proved       time.Time // zero: when it was opened
	half         bool      // the second factor is not shown yet
	until        time.Time // when the provider's session ends, and this one with it; zero: none bounds it
	client       Client
}

// ends gives when the session ends without another request.
func (c Config) ends(r sessionRow) time.Time {
	idle, last := r.seen.Add(c.IdleTimeout), c.last(r)
	if idle.Before(last) {
		return idle
	}
	return last
}

// last gives when the session ends whatever is requested.
func (c Config) last(r sessionRow) time.Time {
	absolute := r.opened.Add(c.AbsoluteTimeout)
	if !r.until.IsZero() && r.until.Before(absolute) {
		return r.until
	}
	return absolute
}

// touchEvery bounds how often activity is written. The idle time-out counts
// from what was written, so that it may come this much early, never late.
func (c Config) touchEvery() time.Duration { return min(time.Minute, c.IdleTimeout/10) }

func errNoSession() error {
	return fault.New(fault.Unauthenticated, "log in first").WithHint("a session ends after a while without a request")
}

// open makes a session for u, within the transaction that decided to. It ends
// at until at the latest, where that is set.
func (s *Service) open(ctx context.Context, tx *sql.Tx, u User, via Via, from Client, until time.Time) (Login, error) {
	token, hash, err := newToken(sessionPrefix)
	if err != nil {
		return Login{}, err
	}
	now := s.cfg.Clock()
	row := sessionRow{id: ids.New("ses", now), userID: u.ID, via: via, opened: now, seen: now, proved: now, mayReset: via == ViaLink, until: until, client: from.trimmed()}
	row.half = u.HasSecond() && (via == ViaPassword || via == ViaLink || via == ViaProvider)
	if err := insertSession(ctx, tx, row, hash); err != nil {
		return Login{}, err
	}
	if row.half {
		err := s.record(ctx, tx, u.ID, "user.login_begun", u.ID, map[string]any{"session": row.id, "via": string(via)}, from.personal())
		return Login{Token: token, Expires: now.Add(halfLife), Half: true}, err
	}
	if err := sawLogin(ctx, tx, u.ID, now); err != nil {
		return Login{}, err
	}
	if err := s.record(ctx, tx, u.ID, "user.login", u.ID, map[string]any{"session": row.id, "via": string(via)}, from.personal()); err != nil {
		return Login{}, err
	}
	p, err := s.principal(ctx, tx, u, row)
	return Login{Token: token, Principal: p, Expires: s.cfg.last(row)}, err
}

// principal is who is in a session, as far as it opens anything at this moment.
func (s *Service) principal(ctx context.Context, q database.Querier, u User, r sessionRow) (Principal, error) {
	p := Principal{UserID: u.ID, Name: u.Name, Role: u.Role, SessionID: r.id, At: r.opened, Via: r.via, NoPassword: !u.HasPassword, Second: !u.Second.IsZero(), Passkey: !u.Passkey.IsZero()}
	p.Stale = !s.cfg.Clock().Before(r.proved.Add(ProofLife))
	if u.HasSecond() || r.via == ViaProviderBoth {
		return p, nil
	}
	asked, err := secondRoles(ctx, q)
	p.Confined = slices.Contains(asked, u.Role)
	return p, err
}

// Session gives the principal of a cookie's token and counts as activity.
// Kind Unauthenticated when there is no such session any more.
func (s *Service) Session(ctx context.Context, token string) (Principal, error) {
	return s.session(ctx, token, true)
}

// Peek is Session without counting as activity: for streams and polls that a
// browser makes by itself, so that an open page does not keep a session alive.
func (s *Service) Peek(ctx context.Context, token string) (Principal, error) {
	return s.session(ctx, token, false)
}

func (s *Service) session(ctx context.Context, token string, activity bool) (Principal, error) {
	hash, err := hashToken(sessionPrefix, token)
	if err != nil {
		return Principal{}, errNoSession()
	}
	row, u, err := sessionByHash(ctx, s.cfg.DB.Reader(), hash)
	if errors.Is(err, sql.ErrNoRows) {
		return Principal{}, errNoSession()
	}
	if err != nil {
		return Principal{}, err
	}
	now := s.cfg.Clock()
	if u.Disabled || row.half || !now.Before(s.cfg.ends(row)) {
		return Principal{}, errNoSession()
	}
	if activity && now.Sub(row.seen) >= s.cfg.touchEvery() {
		err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error { return touchSession(ctx, tx, row.id, now) })
		// A disk that cannot be written makes the session end sooner; it does
		// not keep people from looking why.
		if err != nil && !fault.Is(err, fault.Unavailable) {
			return Principal{}, err
		}
	}
	return s.principal(ctx, s.cfg.DB.Reader(), u, row)
}

// Logout ends p's session.
func (s *Service) Logout(ctx context.Context, p Principal) error {
	if err := Authorise(p, SessionManageOwn); err != nil {
		return err
	}
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		ended, err := endSession(ctx, tx, p.SessionID)
		if err != nil || !ended {
			return err
		}
		return s.record(ctx, tx, p.UserID, "user.logout", p.UserID, map[string]any{"session": p.SessionID}, nil)
	})
}

// Sessions lists a user's open sessions, newest first: one's own
// (session.manage_own) or somebody's (user.read).
func (s *Service) Sessions(ctx context.Context, p Principal, userID string) ([]Session, error) {
	if err := ownOr(p, userID, UserRead); err != nil {
		return nil, err
	}
	rows, err := sessionsOf(ctx, s.cfg.DB.Reader(), userID)
	if err != nil {
		return nil, err
	}
	now := s.cfg.Clock()
	var open []Session
	for _, r := range rows {
		if end := s.cfg.ends(r); now.Before(end) && !r.half {
			open = append(open, Session{ID: r.id, UserID: r.userID, Via: r.via, Client: r.client, Opened: r.opened, Seen: r.seen,
				Expires: end, Current: r.id == p.SessionID})
		}
	}
	return open, nil
}

// Revoke ends a session: one's own (session.manage_own) or somebody's (user.manage).
func (s *Service) Revoke(ctx context.Context, p Principal, sessionID string) error {
	if !p.Known() {
		return Authorise(p, SessionManageOwn)
	}
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		row, err := sessionByID(ctx, tx, sessionID)
		if errors.Is(err, sql.ErrNoRows) {
			return fault.New(fault.NotFound, "this session has ended already")
		}
		if err != nil {
			return err
		}
		if err := ownOr(p, row.userID, UserManage); err != nil {
			return err
		}
		if _, err := endSession(ctx, tx, sessionID); err != nil {
			return err
		}
		return s.record(ctx, tx, p.UserID, "user.session_revoked", row.userID, map[string]any{"session": sessionID}, nil)
	})
}

// RevokeOthers ends all sessions of a user but p's own, and gives how many:
// one's own (session.manage_own) or somebody's (user.manage).
func (s *Service) RevokeOthers(ctx context.Context, p Principal, userID string) (int64, error) {
	if err := ownOr(p, userID, UserManage); err != nil {
		return 0, err
	}
	var n int64
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) (err error) {
		if n, err = endSessions(ctx, tx, userID, p.SessionID); err != nil || n == 0 {
			return err
		}
		return s.record(ctx, tx, p.UserID, "user.sessions_revoked", userID, map[string]any{"sessions_ended": n}, nil)
	})
	return n, err
}
