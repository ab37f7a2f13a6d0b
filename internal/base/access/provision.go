package access

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
)

// Kept says whether a directory keeps an account, and what it wants of it. A
// kept account has no password, and its name, address and role are changed in
// the directory alone. An administrator can close it here; a directory that
// wanted it in all along does not open it again.
type Kept int

// The states.
const (
	NotKept Kept = iota
	KeptIn       // active there, and in a group that has a role here
	KeptOut      // deactivated or deleted there, or in no group that has a role here
)

func errKept(what string) error {
	return fault.New(fault.Conflict, "a directory keeps this account: its %s is changed there", what).
		WithHint("what its groups mean here stands under Settings, Directory")
}

func errKeptPassword() error {
	return fault.New(fault.Forbidden, "a directory keeps this account, so it has no password").WithHint("log in by the organisation's own login")
}

// leaving is what else ends when a user is disabled.
type leaving struct {
	what string
	end  func(ctx context.Context, tx *sql.Tx, userID string) (int64, error)
}

// OnLeave adds what ends with a user, in the transaction that disables them;
// the ledger says how many there were, as "<what>_ended". It is called before
// anything is served.
func (s *Service) OnLeave(what string, end func(ctx context.Context, tx *sql.Tx, userID string) (int64, error)) {
	s.leaving = append(s.leaving, leaving{what, end})
}

// provisions reports whether the token is a directory's.
func (t APIToken) provisions() bool { return slices.Contains(t.Actions, Provision) }

// MakeDirectoryToken makes a token by which a directory keeps accounts, and
// nothing else; no other token does that (user.manage). It is not over when its
// maker leaves, or the other leavers of that day would stay: see
// DirectoryTokens for whose it is. It lets nobody in by itself, since an
// account that a directory keeps has no password.
func (s *Service) MakeDirectoryToken(ctx context.Context, p Principal, name string, life time.Duration) (APIToken, string, error) {
	if err := Proved(p, UserManage); err != nil {
		return APIToken{}, "", err
	}
	if p.IsSystem() || p.Only != nil {
		return APIToken{}, "", fault.New(fault.Forbidden, "a token is made by a person")
	}
	name, err := tokenName(name, life)
	if err != nil {
		return APIToken{}, "", err
	}
	return s.mint(ctx, p, name, []Action{Provision}, life)
}

// DirectoryTokens lists the tokens of directories, newest first (user.read).
func (s *Service) DirectoryTokens(ctx context.Context, p Principal) ([]APIToken, error) {
	if err := Authorise(p, UserRead); err != nil {
		return nil, err
	}
	return directoryTokens(ctx, s.cfg.DB.Reader())
}

// DirectoryToken gives the principal of a directory's token. Kind
// Unauthenticated for every other token.
func (s *Service) DirectoryToken(ctx context.Context, text string) (Principal, error) {
	refused := fault.New(fault.Unauthenticated, "this token keeps no accounts").WithHint("an administrator makes one under Settings, Directory")
	hash, err := hashToken(apiPrefix, strings.TrimSpace(text))
	if err != nil {
		return Principal{}, refused
	}
	t, _, err := tokenByHash(ctx, s.cfg.DB.Reader(), hash)
	if errors.Is(err, sql.ErrNoRows) {
		return Principal{}, refused
	}
	if err != nil {
		return Principal{}, err
	}
	now := s.cfg.Clock()
	if !t.Usable(now) || !t.provisions() {
		return Principal{}, refused
	}
	if err := s.usedToken(ctx, t, now); err != nil {
		return Principal{}, err
	}
	return Principal{UserID: t.ID, Name: t.Name, Role: directory, TokenID: t.ID, Via: ViaToken, At: t.Created, Only: t.Actions}, nil
}

// AddKept adds an account that a directory keeps, within the transaction that
// decided to. It has no role and is closed, see SettleKept. The login is made
// from what the directory calls the user. An address that somebody has is kind
// Conflict, of the field "emails".
func (s *Service) AddKept(ctx context.Context, tx *sql.Tx, p Principal, userName, name, email string) (User, error) {
	if err := Authorise(p, Provision); err != nil {
		return User{}, err
	}
	login, err := freeLogin(ctx, tx, userName)
	if err != nil {
		return User{}, err
	}
	if login, name, email, err = tidyKept(login, name, email); err != nil {
		return User{}, err
	}
	now := s.cfg.Clock()
	u := User{ID: ids.New("usr", now), Login: login, Name: name, Email: email, Created: now, Disabled: true, Directory: KeptOut}
	if err := insertKept(ctx, tx, u); err != nil {
		return User{}, takenKept(err)
	}
	return u, s.record(ctx, tx, p.UserID, "user.added", u.ID, map[string]any{"role": ""}, nil)
}

// RenameKept changes name and address of a kept account.
func (s *Service) RenameKept(ctx context.Context, tx *sql.Tx, p Principal, userID, name, email string) error {
	if err := Authorise(p, Provision); err != nil {
		return err
	}
	u, err := userByID(ctx, tx, userID)
	if err != nil {
		return err
	}
	if _, name, email, err = tidyKept(u.Login, name, email); err != nil {
		return err
	}
	if name == u.Name && email == u.Email {
		return nil
	}
	if err := renameUser(ctx, tx, userID, u.Login, name, email); err != nil {
		return takenKept(err)
	}
	fields := []string{}
	if name != u.Name {
		fields = append(fields, "name")
	}
	if email != u.Email {
		fields = append(fields, "email")
	}
	return s.record(ctx, tx, p.UserID, "user.renamed", userID, map[string]any{"fields": fields}, nil)
}

// SettleKept gives a kept account the role that its groups mean, none where it
// is "", and lets it in where the directory has it active and there is a role.
// Where it is out, everything by which it came in ends with this transaction.
// The caller has authorised p. To leave no administrator is kind Conflict.
func (s *Service) SettleKept(ctx context.Context, tx *sql.Tx, p Principal, userID string, r Role, active bool) error {
	was, err := userByID(ctx, tx, userID)
	if err != nil {
		return err
	}
	if was.Directory == NotKept {
		return fault.New(fault.Internal, "account %s is settled as a directory's, and is none", userID)
	}
	want := KeptOut
	if active && r != "" {
		want = KeptIn
	}
	if was.Directory == want && was.Role == r {
		return nil
	}
	if err := holdAdministrators(ctx, tx); err != nil {
		return err
	}
	if was.Role != r {
		if err := setRole(ctx, tx, userID, r); err != nil {
			return err
		}
		if err := s.record(ctx, tx, p.UserID, "user.role_changed", userID, map[string]any{"from": string(was.Role), "to": string(r)}, nil); err != nil {
			return err
		}
	}
	if was.Directory != want {
		if err := setKept(ctx, tx, userID, want); err != nil {
			return err
		}
	}
	switch {
	case want == KeptOut && !was.Disabled:
		return s.switchUser(ctx, tx, p, was, true)
	case want == KeptIn && was.Directory == KeptOut && was.Disabled:
		return s.switchUser(ctx, tx, p, was, false)
	case was.Disabled: // closed before, and no administrator who could go missing
		return nil
	}
	return anAdministratorStays(ctx, tx, was)
}

// CloseLeaver disables the account of somebody who has left the organisation,
// within the transaction that knows it, as the program itself; was reports
// whether it was open. The last administrator stays: kind Conflict, and nothing
// has changed.
func (s *Service) CloseLeaver(ctx context.Context, tx *sql.Tx, userID string) (was bool, err error) {
	if err := holdAdministrators(ctx, tx); err != nil {
		return false, err
	}
	u, err := userByID(ctx, tx, userID)
	if err != nil || u.Disabled {
		return false, err
	}
	if u.Role == Administrator {
		if n, err := countAdministrators(ctx, tx); err != nil || n <= 1 {
			return true, errors.Join(err, fault.New(fault.Conflict, "this is the last administrator").WithHint("make another user administrator first"))
		}
	}
	return true, s.switchUser(ctx, tx, System(), u, true)
}

// ForgetKept frees login and address of an account that its directory deleted,
// for whoever has them next: it is somebody else. The name stays for what this
// user did.
func (s *Service) ForgetKept(ctx context.Context, tx *sql.Tx, p Principal, userID string) error {
	if err := s.SettleKept(ctx, tx, p, userID, "", false); err != nil {
		return err
	}
	u, err := userByID(ctx, tx, userID)
	if err != nil {
		return err
	}
	gone := "gone-" + strings.TrimPrefix(userID, "usr_")
	if err := renameUser(ctx, tx, userID, gone, u.Name, ""); err != nil {
		return err
	}
	return s.record(ctx, tx, p.UserID, "user.renamed", userID, map[string]any{"fields": []string{"login", "email"}}, nil)
}

func takenKept(err error) error {
	if err = taken(err); fault.Is(err, fault.Conflict) {
		return fault.Wrap(fault.Conflict, err, "another account here has that address").At("", 0, "emails").
			WithHint("an account that was made by hand is not taken over: give it another address under Settings, Users")
	}
	return err
}

// tidyKept makes a directory's name fit to be shown: directories are less
// careful than forms, and their accounts come in all the same.
func tidyKept(login, name, email string) (string, string, string, error) {
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(name, "?"))
	if name = strings.Join(strings.Fields(name), " "); utf8.RuneCountInString(name) > 100 {
		name = strings.TrimSpace(string([]rune(name)[:100]))
	}
	login, name, email, err := tidy(login, name, email)
	var f *fault.Error
	if errors.As(err, &f) && f.Field == "email" {
		f.Field = "emails"
	}
	return login, name, email, err
}

// freeLogin makes a login of what a directory calls a user, with a number where
// somebody has it.
func freeLogin(ctx context.Context, tx *sql.Tx, userName string) (string, error) {
	local, _, _ := strings.Cut(userName, "@")
	login := strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '.', r == '_':
			return r
		}
		return '-'
	}, strings.ToLower(local)), ".-_")
	login = strings.TrimRight(login[:min(len(login), 56)], ".-_")
	if len(login) < 2 || login == "system" || strings.HasPrefix(login, "usr_") || strings.HasPrefix(login, "gone-") {
		login = "user"
	}
	for n := 1; n < 10_000; n++ {
		try := login
		if n > 1 {
			try += "-" + strconv.Itoa(n)
		}
		_, _, err := userByLogin(ctx, tx, try)
		if fault.Is(err, fault.NotFound) {
			return try, nil
		}
		if err != nil {
			return "", err
		}
	}
	return "", fault.New(fault.Conflict, "no login can be made of this user name").At("", 0, "userName")
}
