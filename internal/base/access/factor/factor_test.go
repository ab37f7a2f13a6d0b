package factor

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/base/sealed"

	"github.com/pquerna/otp/totp"
)

// bench is one deployment with a clock that stands still and one administrator.
type bench struct {
	t      *testing.T
	ctx    context.Context
	db     *database.DB
	clock  *clock.Manual
	users  *access.Service
	second *Service
	admin  access.Login
}

const password = "four grey herons wade"

var desk = access.Client{Address: "192.0.2.10", Agent: "Firefox/140"}

func each(t *testing.T, f func(b *bench)) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b := &bench{t: t, ctx: t.Context(), db: db, clock: clock.NewManual(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))}
		dir := t.TempDir()
		log, err := ledger.Open(b.ctx, ledger.Config{DB: db, Dir: filepath.Join(dir, "ledger"), KeyFile: filepath.Join(dir, "ledger.key"), Clock: b.clock.Now})
		b.must(err)
		t.Cleanup(func() { log.Close() })
		b.users, err = access.New(access.Config{DB: db, Ledger: log, Clock: b.clock.Now, FailureTime: -1, Hash: access.HashCost{Memory: 64, Time: 1, Threads: 1}})
		b.must(err)
		key, err := sealed.Open(filepath.Join(dir, "sealed.key"))
		b.must(err)
		b.second, err = New(Config{DB: db, Access: b.users, Key: key, Clock: b.clock.Now, Host: "attesta.example.org"})
		b.must(err)
		link, err := b.users.FirstLink(b.ctx)
		b.must(err)
		l, err := b.users.UseLink(b.ctx, link.Token, desk)
		b.must(err)
		b.admin, err = b.users.SetPassword(b.ctx, l.Principal, "", password)
		b.must(err)
		f(b)
	})
}

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatalf("%v (cause %v)", err, errors.Unwrap(err))
	}
}

func (b *bench) kind(what string, err error, want fault.Kind) {
	b.t.Helper()
	if fault.KindOf(err) != want || err == nil {
		b.t.Fatalf("%s: kind %q, want %q: %v", what, fault.KindOf(err), want, err)
	}
}

// code is what the app shows, off by some steps.
func (b *bench) code(secret string, steps int) string {
	b.t.Helper()
	code, err := totp.GenerateCode(strings.ReplaceAll(secret, " ", ""), b.clock.Now().Add(time.Duration(steps)*30*time.Second))
	b.must(err)
	return code
}

// enrol sets up a second factor for the administrator.
func (b *bench) enrol() (secret string, codes []string) {
	b.t.Helper()
	s, err := b.second.Begin(b.ctx, b.admin.Principal)
	b.must(err)
	codes, err = b.second.Confirm(b.ctx, b.admin.Principal, b.code(s.Text, 0))
	b.must(err)
	b.clock.Advance(time.Minute) // that code is used
	return s.Text, codes
}

// half logs in with the password alone.
func (b *bench) half() string {
	b.t.Helper()
	l, err := b.users.Login(b.ctx, "admin", password, desk)
	b.must(err)
	if !l.Half || l.Principal.Known() {
		b.t.Fatalf("the password alone opens %+v", l)
	}
	return l.Token
}

func TestSecondFactor(t *testing.T) {
	each(t, func(b *bench) {
		p := b.admin.Principal
		other, err := b.users.Login(b.ctx, "admin", password, desk)
		b.must(err)
		s, err := b.second.Begin(b.ctx, p)
		b.must(err)
		if !strings.HasPrefix(s.URI, "otpauth://totp/Attesta:admin@attesta.example.org?") || !strings.Contains(s.URI, strings.ReplaceAll(s.Text, " ", "")) {
			t.Errorf("the picture says %s", s.URI)
		}
		if _, err := b.users.Login(b.ctx, "admin", password, desk); err != nil {
			t.Errorf("a secret that is not confirmed counts: %v", err)
		}
		_, err = b.second.Confirm(b.ctx, p, "000000")
		b.kind("a wrong first code", err, fault.Invalid)
		codes, err := b.second.Confirm(b.ctx, p, b.code(s.Text, 0))
		b.must(err)
		if len(codes) != 10 {
			t.Errorf("%d recovery codes", len(codes))
		}
		if _, err := b.users.Session(b.ctx, other.Token); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("another session goes on: %v", err)
		}
		_, err = b.second.Begin(b.ctx, p)
		b.kind("a second one beside it", err, fault.Conflict)

		half := b.half()
		_, err = b.users.Session(b.ctx, half)
		b.kind("half a session", err, fault.Unauthenticated)
		_, err = b.users.Enter(b.ctx, half, b.second.Code(b.code(s.Text, 0)))
		b.kind("the code that confirmed it, again", err, fault.Unauthenticated)
		b.clock.Advance(30 * time.Second)
		in, err := b.users.Enter(b.ctx, half, b.second.Code(b.code(s.Text, 0)))
		b.must(err)
		if in.Token == half || in.Principal.UserID != p.UserID || !in.Principal.Second {
			t.Errorf("entered as %+v", in.Principal)
		}
		if _, err := b.users.Session(b.ctx, in.Token); err != nil {
			t.Error(err)
		}
		_, err = b.users.Enter(b.ctx, half, b.second.Code(codes[0]))
		b.kind("the old token", err, fault.Unauthenticated)
		b.kind("a code that was used, to prove", b.users.Prove(b.ctx, in.Principal, b.second.Code(b.code(s.Text, 0))), fault.Unauthenticated)
		b.must(b.users.Prove(b.ctx, in.Principal, b.second.Code(b.code(s.Text, 1))))
		b.kind("an older one", b.users.Prove(b.ctx, in.Principal, b.second.Code(b.code(s.Text, 0))), fault.Unauthenticated)
	})
}

func TestWindow(t *testing.T) {
	each(t, func(b *bench) {
		secret, _ := b.enrol()
		for _, steps := range []int{-2, 2, 10, -1, 0, 1} { // the right ones in the order of time
			b.clock.Advance(time.Hour) // no lock is left
			_, err := b.users.Enter(b.ctx, b.half(), b.second.Code(b.code(secret, steps)))
			if got, want := err == nil, steps >= -1 && steps <= 1; got != want {
				t.Errorf("%d steps off: %v", steps, err)
			}
		}
	})
}

func TestRecoveryCodes(t *testing.T) {
	each(t, func(b *bench) {
		_, codes := b.enrol()
		in, err := b.users.Enter(b.ctx, b.half(), b.second.Code(" "+strings.ToUpper(strings.ReplaceAll(codes[3], "-", ""))+"\n"))
		b.must(err)
		_, err = b.users.Enter(b.ctx, b.half(), b.second.Code(codes[3]))
		b.kind("the same once more", err, fault.Unauthenticated)
		if st, err := b.second.State(b.ctx, in.Principal); err != nil || st.Codes != 9 {
			t.Errorf("%+v, %v", st, err)
		}
		fresh, err := b.second.NewCodes(b.ctx, in.Principal)
		b.must(err)
		_, err = b.users.Enter(b.ctx, b.half(), b.second.Code(codes[4]))
		b.kind("one of the old", err, fault.Unauthenticated)
		_, err = b.users.Enter(b.ctx, b.half(), b.second.Code(fresh[0]))
		b.must(err)
		var stored []byte
		b.must(b.db.Reader().QueryRowContext(b.ctx, `SELECT secret FROM access_factor`).Scan(&stored))
		if len(stored) < 40 {
			t.Error("the secret is not sealed")
		}
	})
}

// Wrong codes lock, and a right password does not undo that.
func TestCodesLock(t *testing.T) {
	each(t, func(b *bench) {
		secret, codes := b.enrol()
		for range 5 {
			_, err := b.users.Enter(b.ctx, b.half(), b.second.Code("000000"))
			b.kind("a wrong code", err, fault.Unauthenticated)
		}
		half := b.half()
		for _, right := range []string{b.code(secret, 0), codes[0]} {
			_, err := b.users.Enter(b.ctx, half, b.second.Code(right))
			b.kind("a right code while locked", err, fault.Unauthenticated)
			if !strings.Contains(err.Error(), "too many failed attempts") {
				t.Errorf("it says %v", err)
			}
		}
		b.clock.Advance(time.Minute)
		_, err := b.users.Enter(b.ctx, half, b.second.Code(b.code(secret, 0)))
		b.must(err)
		types := b.types()
		for _, want := range []string{"user.second_begun", "user.second_confirmed", "user.login_begun", "user.login_failed", "user.locked"} {
			if !strings.Contains(types, want) {
				t.Errorf("no entry %s among %s", want, types)
			}
		}
	})
}

func (b *bench) types() string {
	b.t.Helper()
	rows, err := b.db.Reader().QueryContext(b.ctx, `SELECT type FROM ledger_entry ORDER BY stream_seq`)
	b.must(err)
	defer rows.Close()
	all := ""
	for rows.Next() {
		var s string
		b.must(rows.Scan(&s))
		all += s + " "
	}
	b.must(rows.Err())
	return all
}

// Half a session is over soon, and one by a link asks for the code as well.
func TestHalfASession(t *testing.T) {
	each(t, func(b *bench) {
		secret, _ := b.enrol()
		half := b.half()
		b.clock.Advance(5 * time.Minute)
		_, err := b.users.Enter(b.ctx, half, b.second.Code(b.code(secret, 0)))
		b.kind("five minutes later", err, fault.Unauthenticated)
		link, err := b.users.LoginLink(b.ctx, access.System(), b.admin.Principal.UserID, access.Recovery)
		b.must(err)
		l, err := b.users.UseLink(b.ctx, link.Token, desk)
		b.must(err)
		if !l.Half {
			t.Fatal("a link goes around the second factor")
		}
		_, err = b.users.SetPassword(b.ctx, l.Principal, "", "no parsnips before noon")
		b.kind("a password by half a session", err, fault.Unauthenticated)
		in, err := b.users.Enter(b.ctx, l.Token, b.second.Code(b.code(secret, 0)))
		b.must(err)
		_, err = b.users.SetPassword(b.ctx, in.Principal, "", "no parsnips before noon")
		b.must(err)
	})
}

func TestRemove(t *testing.T) {
	each(t, func(b *bench) {
		u, err := b.users.AddUser(b.ctx, access.System(), access.NewUser{Login: "maeve", Name: "Maeve Doyle", Role: access.Viewer})
		b.must(err)
		link, err := b.users.LoginLink(b.ctx, access.System(), u.ID, access.FirstLogin)
		b.must(err)
		maeve, err := b.users.UseLink(b.ctx, link.Token, desk)
		b.must(err)
		b.enrol()
		admin := b.admin.Principal.UserID
		b.kind("somebody else's", b.second.Remove(b.ctx, maeve.Principal, admin), fault.Forbidden)
		b.kind("of somebody who has none", b.second.Remove(b.ctx, b.admin.Principal, u.ID), fault.NotFound)
		stale := b.admin.Principal
		stale.Stale = true
		if err := b.second.Remove(b.ctx, stale, admin); !access.NeedsProof(err) {
			t.Errorf("without proof: %v", err)
		}
		b.must(b.second.Remove(b.ctx, access.System(), admin))
		if l, err := b.users.Login(b.ctx, "admin", password, desk); err != nil || l.Half {
			t.Errorf("after that: %+v, %v", l, err)
		}
		if !strings.Contains(b.types(), "user.second_removed") {
			t.Error("it is not recorded")
		}
	})
}

// A session proves itself for a quarter of an hour, and again by the password.
func TestProof(t *testing.T) {
	each(t, func(b *bench) {
		fresh := func() access.Principal {
			p, err := b.users.Session(b.ctx, b.admin.Token)
			b.must(err)
			return p
		}
		b.clock.Advance(15*time.Minute - time.Second)
		if fresh().Stale {
			t.Error("too early")
		}
		b.clock.Advance(time.Second)
		p := fresh()
		_, err := b.users.AddUser(b.ctx, p, access.NewUser{Login: "maeve", Name: "Maeve Doyle", Role: access.Viewer})
		if !access.NeedsProof(err) || !fault.Is(err, fault.Forbidden) {
			t.Errorf("a user is added: %v", err)
		}
		for what, err := range map[string]error{
			"a role":  b.users.SetRole(b.ctx, p, p.UserID, access.Viewer),
			"disable": b.users.Disable(b.ctx, p, p.UserID),
			"require": b.users.RequireSecond(b.ctx, p, nil),
			"token": func() error {
				_, _, err := b.users.MakeToken(b.ctx, p, access.NewAPIToken{Name: "x", Actions: []access.Action{access.Read}, Life: time.Hour})
				return err
			}(),
			"link":  func() error { _, err := b.users.LoginLink(b.ctx, p, p.UserID, access.Recovery); return err }(),
			"begin": func() error { _, err := b.second.Begin(b.ctx, p); return err }(),
		} {
			if !access.NeedsProof(err) {
				t.Errorf("%s without proof: %v", what, err)
			}
		}
		b.kind("a wrong password", b.users.ProvePassword(b.ctx, p, "wrong"), fault.Unauthenticated)
		if !fresh().Stale {
			t.Error("a wrong password proves")
		}
		b.must(b.users.ProvePassword(b.ctx, p, password))
		if fresh().Stale {
			t.Error("a right password does not prove")
		}
	})
}

func TestRequired(t *testing.T) {
	each(t, func(b *bench) {
		b.must(b.users.RequireSecond(b.ctx, b.admin.Principal, []access.Role{access.Viewer, access.Administrator}))
		p, err := b.users.Session(b.ctx, b.admin.Token)
		b.must(err)
		if err := access.Authorise(p, access.PostureRead); !access.NeedsSecond(err) || !fault.Is(err, fault.Forbidden) {
			t.Errorf("nothing is closed: %v", err)
		}
		s, err := b.second.Begin(b.ctx, p)
		b.must(err)
		_, err = b.second.Confirm(b.ctx, p, b.code(s.Text, 0))
		b.must(err)
		p, err = b.users.Session(b.ctx, b.admin.Token)
		b.must(err)
		b.must(access.Authorise(p, access.PostureRead))
		roles, err := b.users.SecondRoles(b.ctx, p)
		b.must(err)
		if len(roles) != 2 || roles[0] != access.Administrator {
			t.Errorf("the roles are %v", roles)
		}
	})
}

// Whoever takes a second factor out of the database is seen.
func TestBinding(t *testing.T) {
	each(t, func(b *bench) {
		b.enrol()
		var since int64
		b.must(b.db.Reader().QueryRowContext(b.ctx, `SELECT second_at FROM access_user WHERE second_at > 0`).Scan(&since))
		rec := ledger.Record{ID: "ent_1", Type: confirmedEntry, Stream: "people", StreamSeq: 1000, Subject: b.admin.Principal.UserID,
			Data: map[string]any{"since": clock.FromMicros(since).UTC().Format("2006-01-02T15:04:05.000000Z")}}
		b.must(check(b.ctx, b.db.Reader(), rec))
		removed := rec
		removed.Type, removed.Data = removedEntry, map[string]any{}
		b.kind("a removal that did not happen", check(b.ctx, b.db.Reader(), removed), fault.Refused)
		b.must(b.db.Tx(b.ctx, func(tx *sql.Tx) error { return remove(b.ctx, tx, b.admin.Principal.UserID) }))
		b.kind("rows taken out", check(b.ctx, b.db.Reader(), rec), fault.Refused)
	})
}

func FuzzCode(f *testing.F) {
	for _, s := range []string{"123456", "abcd-efgh-ijkl-mnop", "ABCDEFGHIJKLMNOP", " 12 34 56 ", "", "\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		hash, err := hashCode(typed)
		if (err == nil) != (len(hash) == 32) {
			t.Errorf("%q: %d bytes, %v", typed, len(hash), err)
		}
	})
}
