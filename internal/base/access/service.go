package access

import (
	"context"
	"log/slog"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
)

// Config is all that the service depends on. Zero durations and counts take
// the default beside them.
type Config struct {
	DB     *database.DB // required
	// Ledger *ledger.Log: required; comes with that package
	Clock  clock.Clock  // clock.System
	Logger *slog.Logger // slog.Default()

	LinkLifetime    time.Duration // 15 min: how long a one-time link can be used
	IdleTimeout     time.Duration // 30 min without a request ends a session
	AbsoluteTimeout time.Duration // 12 h after it was opened, a session ends
	LockAfter       int           // 5 failed attempts in a row lock a user or an address
	LockFirst       time.Duration // 30 s: the first lock; it doubles with each further failure
	LockLongest     time.Duration // 1 h
	FailureTime     time.Duration // 400 ms: no failed login is answered sooner; negative: at once (tests)
	RecordedPerHour int           // 60: entries for failures that anybody can cause without knowing a name
	Hash            HashCost      // DefaultHashCost
	Hashers         int           // 2: passwords hashed at the same time; each takes Hash.Memory
}

// Service is users, links, sessions and lock-out over one database.
type Service struct{ cfg Config }

// New makes the service.
func New(cfg Config) (*Service, error) { return &Service{cfg: cfg}, nil }

// HashCost is the price of one argon2id hash.
type HashCost struct {
	Memory  uint32 // KiB
	Time    uint32 // passes
	Threads uint8
}

// Client is where a request comes from, as far as the web can tell. Both are
// personal data: they stand in the session's row and die with it.
type Client struct {
	Address string // IP address without port; empty when there is none (a local command)
	Agent   string // User-Agent, cut to 200 bytes
}

// Purpose says what a link is for.
type Purpose string

// The purposes.
const (
	FirstLogin Purpose = "first_login" // the user has no password yet
	Recovery   Purpose = "recovery"    // the user lost the password or is locked out
)

// Via says how a session was opened.
type Via string

// The ways.
const (
	ViaLink     Via = "link"
	ViaPassword Via = "password"
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

// Login is an open session. Token goes into the cookie and nowhere else.
type Login struct {
	Token     string
	Principal Principal
	Expires   time.Time // absolute; the idle time-out may end it sooner
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

// User is one row of the user table.
type User struct {
	ID          string
	Login       string // lower case, without @; what is typed to log in
	Name        string
	Email       string // lower case; may be empty; can be typed to log in as well
	Role        Role
	Disabled    bool
	HasPassword bool
	Created     time.Time
	LastLogin   time.Time // zero: never
	LockedUntil time.Time // zero: not locked
}

// NewUser is a user to be added.
type NewUser struct {
	Login, Name, Email string
	Role               Role
}

var errLater = fault.New(fault.Unavailable, "not built yet")

// FirstLink makes the link that `attesta up` prints: where nobody exists yet
// it adds the first administrator; where no administrator has ever set a
// password it makes a new link and the older ones stop working. Otherwise it
// gives kind Conflict: log in, or make a recovery link.
func (s *Service) FirstLink(ctx context.Context) (Link, error) { return Link{}, errLater }

// LoginLink makes a one-time link for a user (user.manage). Unused links of
// that user stop working.
func (s *Service) LoginLink(ctx context.Context, p Principal, userID string, purpose Purpose) (Link, error) {
	return Link{}, errLater
}

// LinkInfo looks at a link without using it, for a page with a button: mail
// scanners follow links, people press buttons. Unknown, used and expired links
// are the same kind NotFound.
func (s *Service) LinkInfo(ctx context.Context, token string) (LinkInfo, error) {
	return LinkInfo{}, errLater
}

// UseLink opens a session by a link, once, and unlocks the user.
func (s *Service) UseLink(ctx context.Context, token string, from Client) (Login, error) {
	return Login{}, errLater
}

// Login opens a session by login or e-mail and password. What is wrong is
// never said: kind Unauthenticated; while locked, its message says until when.
func (s *Service) Login(ctx context.Context, login, password string, from Client) (Login, error) {
	return Login{}, errLater
}

// Session gives the principal of a cookie's token and counts as activity.
// Kind Unauthenticated when there is no such session any more.
func (s *Service) Session(ctx context.Context, token string) (Principal, error) {
	return Principal{}, errLater
}

// Peek is Session without counting as activity: for streams and polls that a
// browser makes by itself, so that an open page does not keep a session alive.
func (s *Service) Peek(ctx context.Context, token string) (Principal, error) {
	return Principal{}, errLater
}

// Logout ends p's session.
func (s *Service) Logout(ctx context.Context, p Principal) error { return errLater }

// Sessions lists a user's open sessions, newest first: one's own
// (session.manage_own) or somebody's (user.read).
func (s *Service) Sessions(ctx context.Context, p Principal, userID string) ([]Session, error) {
	return nil, errLater
}

// Revoke ends a session: one's own (session.manage_own) or somebody's (user.manage).
func (s *Service) Revoke(ctx context.Context, p Principal, sessionID string) error { return errLater }

// SetPassword sets p's own password. The old one is required, unless the user
// has none or the session was opened by a link less than LinkLifetime ago and
// has not set one yet. All other sessions of the user end, and the session
// gets a new token: put it into the cookie.
func (s *Service) SetPassword(ctx context.Context, p Principal, old, password string) (Login, error) {
	return Login{}, errLater
}

// AddUser adds a user without a password (user.manage); make a link for them.
func (s *Service) AddUser(ctx context.Context, p Principal, u NewUser) (User, error) {
	return User{}, errLater
}

// Rename changes a user's login, name and e-mail: one's own
// (session.manage_own) or somebody's (user.manage).
func (s *Service) Rename(ctx context.Context, p Principal, userID, login, name, email string) error {
	return errLater
}

// SetRole changes a user's role at once, in open sessions too (user.manage).
// The last administrator stays one: kind Conflict.
func (s *Service) SetRole(ctx context.Context, p Principal, userID string, r Role) error {
	return errLater
}

// Disable ends a user's sessions and links and refuses new ones (user.manage).
// The last administrator cannot be disabled: kind Conflict.
func (s *Service) Disable(ctx context.Context, p Principal, userID string) error { return errLater }

// Enable lets a disabled user log in again (user.manage).
func (s *Service) Enable(ctx context.Context, p Principal, userID string) error { return errLater }

// Users lists all users by name (user.read).
func (s *Service) Users(ctx context.Context, p Principal) ([]User, error) { return nil, errLater }

// User gives one user: oneself or, with user.read, anybody.
func (s *Service) User(ctx context.Context, p Principal, userID string) (User, error) {
	return User{}, errLater
}

// Find gives the user with that login, e-mail or id (user.read).
func (s *Service) Find(ctx context.Context, p Principal, loginOrID string) (User, error) {
	return User{}, errLater
}

// Names gives display names by user id, for screens that show who did it; an
// id that is no user's is left out.
func (s *Service) Names(ctx context.Context, ids []string) (map[string]string, error) {
	return nil, errLater
}

// Sweep removes what has expired: sessions, links, forgotten failures. A job
// calls it every few minutes.
func (s *Service) Sweep(ctx context.Context) error { return errLater }
