package access

import (
	"context"
	"database/sql"
	"net/mail"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
)

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
	Second      time.Time // when an authenticator app was confirmed; zero: there is none
	Passkey     time.Time // when the oldest passkey was added; zero: there is none
	Directory   Kept      // whether a directory keeps the account
}

// HasSecond reports whether the user has something to show beside a password.
func (u User) HasSecond() bool { return !u.Second.IsZero() || !u.Passkey.IsZero() }

// NewUser is a user to be added.
type NewUser struct {
	Login, Name, Email string
	Role               Role
}

var loginPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}[a-z0-9]$`)

// tidy gives the stored form of login, name and e-mail, or which is wrong.
func tidy(login, name, email string) (string, string, string, error) {
	bad := func(field, hint, format string, args ...any) (string, string, string, error) {
		return "", "", "", fault.New(fault.Invalid, format, args...).At("", 0, field).WithHint("%s", hint)
	}
	login = strings.ToLower(strings.TrimSpace(login))
	if !loginPattern.MatchString(login) {
		return bad("login", "use letters, digits, dots, dashes and underscores: maeve.doyle",
			"the login is 2 to 64 letters, digits, dots, dashes or underscores, and begins and ends with a letter or digit")
	}
	if login == "system" || strings.HasPrefix(login, "usr_") {
		return bad("login", "choose another", "the login %s is the program's own", login)
	}
	name = strings.Join(strings.Fields(name), " ")
	if name == "" || utf8.RuneCountInString(name) > 100 || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return bad("name", "it is shown beside what this person does", "the name has 1 to 100 characters")
	}
	if email = strings.ToLower(strings.TrimSpace(email)); email != "" {
		a, err := mail.ParseAddress(email)
		if err != nil || a.Address != email || len(email) > 254 {
			return bad("email", "leave it empty if there is none", "this is no e-mail address")
		}
	}
	return login, name, email, nil
}

// AddUser adds a user without a password (user.manage); make a link for them.
// A login or e-mail that is taken is kind Conflict.
func (s *Service) AddUser(ctx context.Context, p Principal, n NewUser) (User, error) {
	if err := Proved(p, UserManage); err != nil {
		return User{}, err
	}
	var u User
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) (err error) {
		u, err = s.addUser(ctx, tx, p, n)
		return err
	})
	return u, err
}

func (s *Service) addUser(ctx context.Context, tx *sql.Tx, p Principal, n NewUser) (User, error) {
	if _, err := ParseRole(string(n.Role)); err != nil {
		return User{}, err
	}
	login, name, email, err := tidy(n.Login, n.Name, n.Email)
	if err != nil {
		return User{}, err
	}
	now := s.cfg.Clock()
	u := User{ID: ids.New("usr", now), Login: login, Name: name, Email: email, Role: n.Role, Created: now}
	if err := insertUser(ctx, tx, u); err != nil {
		return User{}, taken(err)
	}
	return u, s.record(ctx, tx, p.UserID, "user.added", u.ID, map[string]any{"role": string(u.Role)}, nil)
}

func taken(err error) error {
	if database.IsUnique(err) {
		return fault.Wrap(fault.Conflict, err, "another user has that login or e-mail address")
	}
	return err
}

// Rename changes a user's login, name and e-mail: one's own
// (session.manage_own) or somebody's (user.manage). The address is never one's
// own to change: an identity provider's word for it opens the account. The
// ledger says which of them changed, not what they are.
func (s *Service) Rename(ctx context.Context, p Principal, userID, login, name, email string) error {
	if err := ownOr(p, userID, UserManage); err != nil {
		return err
	}
	login, name, email, err := tidy(login, name, email)
	if err != nil {
		return err
	}
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		u, err := userByID(ctx, tx, userID)
		if err != nil {
			return err
		}
		fields := []string{}
		for _, f := range []struct{ name, old, new string }{{"login", u.Login, login}, {"name", u.Name, name}, {"email", u.Email, email}} {
			if f.old != f.new {
				fields = append(fields, f.name)
			}
		}
		if len(fields) == 0 {
			return nil
		}
		if u.Directory != NotKept {
			return errKept("name, login and address")
		}
		if email != u.Email {
			if err := Proved(p, UserManage); err != nil {
				return err
			}
		}
		if err := renameUser(ctx, tx, userID, login, name, email); err != nil {
			return taken(err)
		}
		return s.record(ctx, tx, p.UserID, "user.renamed", userID, map[string]any{"fields": fields}, nil)
	})
}

// SetRole changes a user's role at once, in open sessions too (user.manage).
// The last administrator stays one: kind Conflict.
func (s *Service) SetRole(ctx context.Context, p Principal, userID string, r Role) error {
	if err := Proved(p, UserManage); err != nil {
		return err
	}
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error { return s.SetRoleIn(ctx, tx, p, userID, r) })
}

// SetRoleIn is SetRole in the caller's transaction.
func (s *Service) SetRoleIn(ctx context.Context, tx *sql.Tx, p Principal, userID string, r Role) error {
	if err := Proved(p, UserManage); err != nil {
		return err
	}
	if _, err := ParseRole(string(r)); err != nil {
		return err
	}
	u, err := userByID(ctx, tx, userID)
	if err != nil || u.Role == r {
		return err
	}
	if u.Directory != NotKept {
		return errKept("role")
	}
	if err := holdAdministrators(ctx, tx); err != nil {
		return err
	}
	if err := setRole(ctx, tx, userID, r); err != nil {
		return err
	}
	if err := anAdministratorStays(ctx, tx, u); err != nil {
		return err
	}
	return s.record(ctx, tx, p.UserID, "user.role_changed", userID, map[string]any{"from": string(u.Role), "to": string(r)}, nil)
}

// Disable ends a user's sessions, links, tokens and what else lets them in, and
// refuses new ones (user.manage).
// The last administrator cannot be disabled: kind Conflict.
func (s *Service) Disable(ctx context.Context, p Principal, userID string) error {
	return s.setDisabled(ctx, p, userID, true)
}

// Enable lets a disabled user log in again (user.manage).
func (s *Service) Enable(ctx context.Context, p Principal, userID string) error {
	return s.setDisabled(ctx, p, userID, false)
}

func (s *Service) setDisabled(ctx context.Context, p Principal, userID string, disabled bool) error {
	if err := Proved(p, UserManage); err != nil {
		return err
	}
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error { return s.SwitchIn(ctx, tx, p, userID, disabled) })
}

// SwitchIn is Disable or Enable in the caller's transaction.
func (s *Service) SwitchIn(ctx context.Context, tx *sql.Tx, p Principal, userID string, disabled bool) error {
	if err := Proved(p, UserManage); err != nil {
		return err
	}
	u, err := userByID(ctx, tx, userID)
	if err != nil || u.Disabled == disabled {
		return err
	}
	if !disabled && u.Directory == KeptOut {
		return errKept("account closed")
	}
	if err := holdAdministrators(ctx, tx); err != nil {
		return err
	}
	return s.switchUser(ctx, tx, p, u, disabled)
}

// UserIn gives the user with that id, login or address as the caller's
// transaction sees them.
func (s *Service) UserIn(ctx context.Context, tx *sql.Tx, loginOrID string) (User, error) {
	u, err := userByID(ctx, tx, loginOrID)
	if fault.Is(err, fault.NotFound) {
		u, _, err = userByLogin(ctx, tx, loginOrID)
	}
	return u, err
}

// switchUser enables a user, or disables one and ends all by which they or
// their programs come in, within the transaction that decided to. The caller
// holds the administrators.
func (s *Service) switchUser(ctx context.Context, tx *sql.Tx, p Principal, u User, disabled bool) error {
	if err := setDisabled(ctx, tx, u.ID, disabled); err != nil {
		return err
	}
	if !disabled {
		return s.record(ctx, tx, p.UserID, "user.enabled", u.ID, nil, nil)
	}
	if err := anAdministratorStays(ctx, tx, u); err != nil {
		return err
	}
	if err := withdrawLinks(ctx, tx, u.ID); err != nil {
		return err
	}
	sessions, err := endSessions(ctx, tx, u.ID, "")
	if err != nil {
		return err
	}
	tokens, err := endTokensOf(ctx, tx, u.ID, s.cfg.Clock())
	if err != nil {
		return err
	}
	data := map[string]any{"sessions_ended": sessions, "tokens_ended": tokens}
	for _, l := range s.leaving {
		n, err := l.end(ctx, tx, u.ID)
		if err != nil {
			return err
		}
		data[l.what+"_ended"] = n
	}
	return s.record(ctx, tx, p.UserID, "user.disabled", u.ID, data, nil)
}

// anAdministratorStays refuses, after the change and within its transaction,
// to leave the deployment without one who can log in.
func anAdministratorStays(ctx context.Context, tx *sql.Tx, changed User) error {
	if changed.Role != Administrator {
		return nil
	}
	n, err := countAdministrators(ctx, tx)
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.New(fault.Conflict, "this is the last administrator").WithHint("make another user administrator first")
	}
	return nil
}

// Users lists all users by name (user.read).
func (s *Service) Users(ctx context.Context, p Principal) ([]User, error) {
	if err := Authorise(p, UserRead); err != nil {
		return nil, err
	}
	return listUsers(ctx, s.cfg.DB.Reader(), s.cfg.Clock())
}

// User gives one user: oneself or, with user.read, anybody.
func (s *Service) User(ctx context.Context, p Principal, userID string) (User, error) {
	if err := ownOr(p, userID, UserRead); err != nil {
		return User{}, err
	}
	return userByID(ctx, s.cfg.DB.Reader(), userID)
}

// Find gives the user with that login, e-mail or id (user.read).
func (s *Service) Find(ctx context.Context, p Principal, loginOrID string) (User, error) {
	if err := Authorise(p, UserRead); err != nil {
		return User{}, err
	}
	if ids.Valid(loginOrID, "usr") {
		return userByID(ctx, s.cfg.DB.Reader(), loginOrID)
	}
	u, _, err := userByLogin(ctx, s.cfg.DB.Reader(), loginOrID)
	return u, err
}

// Names gives display names by user id, for screens that show who did it; an
// id that is no user's is left out.
func (s *Service) Names(ctx context.Context, userIDs []string) (map[string]string, error) {
	return namesOf(ctx, s.cfg.DB.Reader(), userIDs)
}

// ownOr authorises what everybody may do to themselves and other needs a for.
func ownOr(p Principal, userID string, a Action) error {
	if p.Known() && p.UserID == userID {
		return Authorise(p, SessionManageOwn)
	}
	return Authorise(p, a)
}
