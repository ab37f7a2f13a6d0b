package access

import (
	"context"
	"database/sql"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

// bench is one deployment with a clock that stands still.
type bench struct {
	t *testing.T
	*Service
	db    *database.DB
	log   *ledger.Log
	clock *clock.Manual
	ctx   context.Context
}

var (
	start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	desk  = Client{Address: "192.0.2.10", Agent: "Firefox/140"}
	far   = Client{Address: "198.51.100.7", Agent: "curl/8"}
)

const (
	good  = "four grey herons wade"
	other = "no parsnips before noon"
)

func each(t *testing.T, f func(b *bench)) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) { f(newBench(t, db)) })
}

func newBench(t *testing.T, db *database.DB) *bench {
	t.Helper()
	b := &bench{t: t, db: db, clock: clock.NewManual(start), ctx: context.Background()}
	dir := t.TempDir()
	var err error
	b.log, err = ledger.Open(b.ctx, ledger.Config{DB: db, Dir: filepath.Join(dir, "ledger"),
		KeyFile: filepath.Join(dir, "keys", "ledger.key"), Clock: b.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.log.Close() })
	b.restart()
	return b
}

// restart is what a new process has: the database and nothing else.
func (b *bench) restart(change ...func(*Config)) {
	b.t.Helper()
	cfg := Config{DB: b.db, Ledger: b.log, Clock: b.clock.Now, FailureTime: -1, Hash: HashCost{Memory: 64, Time: 1, Threads: 1}}
	for _, f := range change {
		f(&cfg)
	}
	s, err := New(cfg)
	if err != nil {
		b.t.Fatal(err)
	}
	b.Service = s
}

func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatalf("%v (cause %v)", err, unwrapped(err))
		}
		return v
	}
}

func unwrapped(err error) error {
	if u, ok := err.(interface{ Unwrap() error }); ok {
		return u.Unwrap()
	}
	return nil
}

func (b *bench) kind(err error, want fault.Kind) {
	b.t.Helper()
	if fault.KindOf(err) != want {
		b.t.Fatalf("kind %q, want %q: %v", fault.KindOf(err), want, err)
	}
}

// admin comes in by the first link and sets a password.
func (b *bench) admin() Login {
	b.t.Helper()
	link := must[Link](b.t)(b.FirstLink(b.ctx))
	l := must[Login](b.t)(b.UseLink(b.ctx, link.Token, desk))
	return must[Login](b.t)(b.SetPassword(b.ctx, l.Principal, "", good))
}

// Users who were brought in before anybody administers do not lock the door.
func TestFirstLinkWhereOthersAre(t *testing.T) {
	each(t, func(b *bench) {
		must[User](t)(b.AddUser(b.ctx, System(), NewUser{Login: "maeve", Name: "Maeve Doyle", Role: Responder}))
		link := must[Link](t)(b.FirstLink(b.ctx))
		if p := must[Login](t)(b.UseLink(b.ctx, link.Token, desk)).Principal; p.Role != Administrator {
			t.Errorf("the first link gives %+v", p)
		}
	})
}

// user adds somebody with the password good.
func (b *bench) user(by Principal, login string, r Role) User {
	b.t.Helper()
	u := must[User](b.t)(b.AddUser(b.ctx, by, NewUser{Login: login, Name: "Maeve Doyle", Email: login + "@example.org", Role: r}))
	link := must[Link](b.t)(b.LoginLink(b.ctx, by, u.ID, FirstLogin))
	l := must[Login](b.t)(b.UseLink(b.ctx, link.Token, far))
	l = must[Login](b.t)(b.SetPassword(b.ctx, l.Principal, "", good))
	if err := b.Logout(b.ctx, l.Principal); err != nil {
		b.t.Fatal(err)
	}
	return must[User](b.t)(b.User(b.ctx, by, u.ID))
}

// types lists the types of the people's entries in order, since the given number of them.
func (b *bench) types(since int) []string {
	b.t.Helper()
	rows, err := b.db.Reader().QueryContext(b.ctx, `SELECT type FROM ledger_entry WHERE stream = 'people' ORDER BY stream_seq`)
	if err != nil {
		b.t.Fatal(err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			b.t.Fatal(err)
		}
		all = append(all, s)
	}
	return all[min(since, len(all)):]
}

func (b *bench) expectTypes(since int, want ...string) {
	b.t.Helper()
	if got := strings.Join(b.types(since), " "); got != strings.Join(want, " ") {
		b.t.Fatalf("entries:\n got %s\nwant %s", got, strings.Join(want, " "))
	}
}

func TestFirstAdministrator(t *testing.T) {
	each(t, func(b *bench) {
		first := must[Link](t)(b.FirstLink(b.ctx))
		if first.Purpose != FirstLogin || !first.Expires.Equal(start.Add(15*time.Minute)) {
			t.Fatalf("first link %+v", first)
		}
		// Started again before anybody came in: the same administrator, a new link, the old one is dead.
		second := must[Link](t)(b.FirstLink(b.ctx))
		if second.UserID != first.UserID {
			t.Fatal("a second start added a second administrator")
		}
		_, err := b.UseLink(b.ctx, first.Token, desk)
		b.kind(err, fault.NotFound)

		info := must[LinkInfo](t)(b.LinkInfo(b.ctx, second.Token))
		if info.UserName != "Administrator" {
			t.Errorf("link page shows %q", info.UserName)
		}
		l := must[Login](t)(b.UseLink(b.ctx, second.Token, desk))
		p := must[Principal](t)(b.Session(b.ctx, l.Token))
		if p.Role != Administrator || !p.NoPassword || p.Via != ViaLink || !reflect.DeepEqual(p, l.Principal) {
			t.Fatalf("principal %+v, login gave %+v", p, l.Principal)
		}
		// A link that was used lets nobody in, and a session opened by it is no password yet.
		_, err = b.UseLink(b.ctx, second.Token, far)
		b.kind(err, fault.NotFound)
		must[Link](t)(b.FirstLink(b.ctx))

		set := must[Login](t)(b.SetPassword(b.ctx, p, "", good))
		if set.Token == l.Token || set.Principal.NoPassword {
			t.Error("the session kept its token, or still says that there is no password")
		}
		_, err = b.Session(b.ctx, l.Token)
		b.kind(err, fault.Unauthenticated)
		must[Principal](t)(b.Session(b.ctx, set.Token))
		_, err = b.FirstLink(b.ctx)
		b.kind(err, fault.Conflict)
		must[Login](t)(b.Login(b.ctx, " ADMIN ", good, desk))
		b.expectTypes(0, "user.added", "user.link_made", "user.link_made", "user.link_used", "user.login", "user.link_refused",
			"user.link_made", "user.password_set", "user.login")
	})
}

func TestLinks(t *testing.T) {
	each(t, func(b *bench) {
		root := b.admin().Principal
		maeve := b.user(root, "maeve", Responder)

		_, err := b.LoginLink(b.ctx, root, maeve.ID, FirstLogin)
		b.kind(err, fault.Conflict)
		_, err = b.LoginLink(b.ctx, root, maeve.ID, "party")
		b.kind(err, fault.Invalid)
		_, err = b.LoginLink(b.ctx, root, "usr_nobody", Recovery)
		b.kind(err, fault.NotFound)

		link := must[Link](t)(b.LoginLink(b.ctx, root, maeve.ID, Recovery))
		b.clock.Advance(15 * time.Minute)
		_, err = b.LinkInfo(b.ctx, link.Token)
		b.kind(err, fault.NotFound)
		_, err = b.UseLink(b.ctx, link.Token, desk)
		b.kind(err, fault.NotFound)

		link = must[Link](t)(b.LoginLink(b.ctx, root, maeve.ID, Recovery))
		before := must[Login](t)(b.Login(b.ctx, "maeve@example.org", good, far))
		l := must[Login](t)(b.UseLink(b.ctx, link.Token, desk))
		// Recovery sets a password without the old one, once, and ends every other session.
		l = must[Login](t)(b.SetPassword(b.ctx, l.Principal, "", other))
		_, err = b.Session(b.ctx, before.Token)
		b.kind(err, fault.Unauthenticated)
		_, err = b.SetPassword(b.ctx, l.Principal, "", good)
		b.kind(err, fault.Invalid)
		must[Login](t)(b.SetPassword(b.ctx, l.Principal, other, good))

		// … and not long after the link was used.
		link = must[Link](t)(b.LoginLink(b.ctx, root, maeve.ID, Recovery))
		l = must[Login](t)(b.UseLink(b.ctx, link.Token, desk))
		b.clock.Advance(15 * time.Minute)
		_, err = b.SetPassword(b.ctx, l.Principal, "", other)
		b.kind(err, fault.Invalid)

		// A session's token opens no link and a link's no session.
		_, err = b.UseLink(b.ctx, l.Token, desk)
		b.kind(err, fault.NotFound)
		link = must[Link](t)(b.LoginLink(b.ctx, root, maeve.ID, Recovery))
		_, err = b.Session(b.ctx, link.Token)
		b.kind(err, fault.Unauthenticated)
		if err := b.Disable(b.ctx, root, maeve.ID); err != nil {
			t.Fatal(err)
		}
		_, err = b.UseLink(b.ctx, link.Token, desk)
		b.kind(err, fault.NotFound)
		_, err = b.LoginLink(b.ctx, root, maeve.ID, Recovery)
		b.kind(err, fault.Conflict)
	})
}

func TestSecretsAreHashedAtRest(t *testing.T) {
	each(t, func(b *bench) {
		root := b.admin()
		link := must[Link](t)(b.LoginLink(b.ctx, root.Principal, root.Principal.UserID, Recovery))
		for _, q := range []string{`SELECT token_hash FROM access_link`, `SELECT token_hash FROM access_session`,
			`SELECT CAST(password AS BLOB) FROM access_user`, `SELECT body FROM ledger_body`} {
			if b.db.Dialect == database.Postgres {
				q = strings.Replace(q, "CAST(password AS BLOB)", "convert_to(password, 'UTF8')", 1)
			}
			rows, err := b.db.Reader().QueryContext(b.ctx, q)
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for ; rows.Next(); n++ {
				var v []byte
				if err := rows.Scan(&v); err != nil {
					t.Fatal(err)
				}
				for _, secret := range []string{root.Token[5:], link.Token[5:], good, "Administrator", desk.Address} {
					if strings.Contains(string(v), secret) {
						t.Errorf("%s shows %q", q, secret)
					}
				}
			}
			rows.Close()
			if n == 0 {
				t.Errorf("%s gave nothing to look at", q)
			}
		}
	})
}

func TestSessionTimeOuts(t *testing.T) {
	each(t, func(b *bench) {
		b.admin()
		l := must[Login](t)(b.Login(b.ctx, "admin", good, desk))
		// Activity keeps it; a poll does not.
		for range 23 {
			b.clock.Advance(29 * time.Minute)
			must[Principal](t)(b.Session(b.ctx, l.Token))
		}
		b.clock.Advance(29 * time.Minute)
		must[Principal](t)(b.Peek(b.ctx, l.Token))
		b.clock.Advance(time.Minute)
		_, err := b.Peek(b.ctx, l.Token)
		b.kind(err, fault.Unauthenticated)
		_, err = b.Session(b.ctx, l.Token)
		b.kind(err, fault.Unauthenticated)

		// Twelve hours are the end, however busy.
		l = must[Login](t)(b.Login(b.ctx, "admin", good, desk))
		for range 35 {
			b.clock.Advance(20 * time.Minute)
			must[Principal](t)(b.Session(b.ctx, l.Token))
		}
		b.clock.Advance(20 * time.Minute)
		_, err = b.Session(b.ctx, l.Token)
		b.kind(err, fault.Unauthenticated)

		var rows int
		count := func() int {
			if err := b.db.Reader().QueryRowContext(b.ctx, `SELECT COUNT(*) FROM access_session`).Scan(&rows); err != nil {
				t.Fatal(err)
			}
			return rows
		}
		had := count()
		if err := b.Sweep(b.ctx); err != nil {
			t.Fatal(err)
		}
		if count() != 0 {
			t.Errorf("of %d ended sessions %d were left after a sweep", had, rows)
		}
	})
}

// Activity is written at most once a minute: a page with fifty requests is one write.
func TestActivityIsWrittenSparingly(t *testing.T) {
	each(t, func(b *bench) {
		l := b.admin()
		seen := func() time.Time {
			return must[[]Session](t)(b.Sessions(b.ctx, l.Principal, l.Principal.UserID))[0].Seen
		}
		b.clock.Advance(59 * time.Second)
		must[Principal](t)(b.Session(b.ctx, l.Token))
		if !seen().Equal(start) {
			t.Errorf("written after 59 s: %s", seen())
		}
		b.clock.Advance(time.Second)
		must[Principal](t)(b.Session(b.ctx, l.Token))
		if !seen().Equal(start.Add(time.Minute)) {
			t.Errorf("not written after 60 s: %s", seen())
		}
	})
}

func TestSessionsAreListedAndRevoked(t *testing.T) {
	each(t, func(b *bench) {
		root := b.admin()
		maeve := b.user(root.Principal, "maeve", Viewer)
		one := must[Login](t)(b.Login(b.ctx, "maeve", good, desk))
		b.clock.Advance(time.Second)
		two := must[Login](t)(b.Login(b.ctx, "maeve", good, far))
		list := must[[]Session](t)(b.Sessions(b.ctx, two.Principal, maeve.ID))
		if len(list) != 2 || !list[0].Current || list[1].Current || list[0].Client != far || list[1].Client != desk {
			t.Fatalf("sessions %+v", list)
		}
		_, err := b.Sessions(b.ctx, two.Principal, root.Principal.UserID)
		b.kind(err, fault.Forbidden)
		b.kind(b.Revoke(b.ctx, two.Principal, root.Principal.SessionID), fault.Forbidden)
		b.kind(b.Revoke(b.ctx, Principal{}, one.Principal.SessionID), fault.Unauthenticated)

		since := len(b.types(0))
		if err := b.Revoke(b.ctx, two.Principal, one.Principal.SessionID); err != nil {
			t.Fatal(err)
		}
		b.kind(b.Revoke(b.ctx, two.Principal, one.Principal.SessionID), fault.NotFound)
		_, err = b.Session(b.ctx, one.Token)
		b.kind(err, fault.Unauthenticated)
		if err := b.Revoke(b.ctx, root.Principal, two.Principal.SessionID); err != nil {
			t.Fatal(err)
		}
		_, err = b.Session(b.ctx, two.Token)
		b.kind(err, fault.Unauthenticated)

		one, two = must[Login](t)(b.Login(b.ctx, "maeve", good, desk)), must[Login](t)(b.Login(b.ctx, "maeve", good, far))
		if n := must[int64](t)(b.RevokeOthers(b.ctx, two.Principal, maeve.ID)); n != 1 {
			t.Errorf("%d other sessions ended, want 1", n)
		}
		must[Principal](t)(b.Session(b.ctx, two.Token))
		if err := b.Logout(b.ctx, two.Principal); err != nil {
			t.Fatal(err)
		}
		_, err = b.Session(b.ctx, two.Token)
		b.kind(err, fault.Unauthenticated)
		b.expectTypes(since, "user.session_revoked", "user.session_revoked", "user.login", "user.login", "user.sessions_revoked", "user.logout")
	})
}

func TestRolesActAtOnce(t *testing.T) {
	each(t, func(b *bench) {
		root := b.admin().Principal
		maeve := b.user(root, "maeve", Viewer)
		l := must[Login](t)(b.Login(b.ctx, "maeve", good, far))
		b.kind(Authorise(must[Principal](t)(b.Session(b.ctx, l.Token)), ControlEdit), fault.Forbidden)
		if err := b.SetRole(b.ctx, root, maeve.ID, ComplianceManager); err != nil {
			t.Fatal(err)
		}
		if err := Authorise(must[Principal](t)(b.Session(b.ctx, l.Token)), ControlEdit); err != nil {
			t.Error(err)
		}
		b.kind(b.SetRole(b.ctx, root, maeve.ID, "system"), fault.Invalid)
		b.kind(b.SetRole(b.ctx, l.Principal, maeve.ID, Administrator), fault.Forbidden)

		b.kind(b.SetRole(b.ctx, root, root.UserID, Viewer), fault.Conflict)
		b.kind(b.Disable(b.ctx, root, root.UserID), fault.Conflict)
		if must[User](t)(b.User(b.ctx, root, root.UserID)).Role != Administrator {
			t.Error("a refused change was kept")
		}
		if err := b.SetRole(b.ctx, root, maeve.ID, Administrator); err != nil {
			t.Fatal(err)
		}
		if err := b.SetRole(b.ctx, root, root.UserID, Viewer); err != nil {
			t.Fatal(err)
		}

		second := must[Principal](t)(b.Session(b.ctx, l.Token))
		if err := b.Disable(b.ctx, second, root.UserID); err != nil {
			t.Fatal(err)
		}
		_, err := b.Login(b.ctx, "admin", good, desk)
		b.kind(err, fault.Unauthenticated)
		if err := b.Enable(b.ctx, second, root.UserID); err != nil {
			t.Fatal(err)
		}
		must[Login](t)(b.Login(b.ctx, "admin", good, desk))
	})
}

func TestUsers(t *testing.T) {
	each(t, func(b *bench) {
		root := b.admin().Principal
		maeve := b.user(root, "maeve", Viewer)
		for name, n := range map[string]NewUser{
			"login taken": {Login: "Maeve", Name: "x", Role: Viewer},
			"mail taken":  {Login: "mae", Name: "x", Email: "MAEVE@example.org", Role: Viewer},
		} {
			if _, err := b.AddUser(b.ctx, root, n); !fault.Is(err, fault.Conflict) {
				t.Errorf("%s: %v", name, err)
			}
		}
		for name, n := range map[string]NewUser{
			"no login": {Name: "x", Role: Viewer}, "login with @": {Login: "a@b", Name: "x", Role: Viewer},
			"the program's login": {Login: "system", Name: "x", Role: Viewer}, "no name": {Login: "ok", Name: " ", Role: Viewer},
			"no address": {Login: "ok", Name: "x", Email: "nowhere", Role: Viewer}, "two addresses": {Login: "ok", Name: "x", Email: "Me <a@b.c>", Role: Viewer},
			"no role": {Login: "ok", Name: "x"}, "not text": {Login: "ok", Name: "\xff", Role: Viewer},
		} {
			if _, err := b.AddUser(b.ctx, root, n); !fault.Is(err, fault.Invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		// Without e-mail as many as wanted.
		for _, login := range []string{"no-mail-1", "no-mail-2"} {
			must[User](t)(b.AddUser(b.ctx, root, NewUser{Login: login, Name: login, Role: Training}))
		}
		l := must[Login](t)(b.Login(b.ctx, "maeve", good, far))
		_, err := b.Users(b.ctx, l.Principal)
		b.kind(err, fault.Forbidden)
		_, err = b.User(b.ctx, l.Principal, root.UserID)
		b.kind(err, fault.Forbidden)
		_, err = b.AddUser(b.ctx, l.Principal, NewUser{Login: "x1", Name: "x", Role: Viewer})
		b.kind(err, fault.Forbidden)
		if err := b.Rename(b.ctx, l.Principal, maeve.ID, "maeve", "Maeve Doyle-Roche", maeve.Email); err != nil {
			t.Fatal(err)
		}
		b.kind(b.Rename(b.ctx, l.Principal, maeve.ID, "maeve", "Maeve Doyle-Roche", "other@example.org"), fault.Forbidden)
		b.kind(b.Rename(b.ctx, l.Principal, root.UserID, "root", "Root", ""), fault.Forbidden)
		all := must[[]User](t)(b.Users(b.ctx, root))
		if len(all) != 4 || all[1].Name != "Maeve Doyle-Roche" || all[1].Email != maeve.Email || !all[1].HasPassword {
			t.Errorf("users %+v", all)
		}
		names := must[map[string]string](t)(b.Names(b.ctx, []string{maeve.ID, "system", root.UserID}))
		if len(names) != 2 || names[maeve.ID] != "Maeve Doyle-Roche" {
			t.Errorf("names %v", names)
		}
		for _, by := range []string{"MAEVE", maeve.ID} {
			if u := must[User](t)(b.Find(b.ctx, root, by)); u.ID != maeve.ID {
				t.Errorf("find %s gave %s", by, u.ID)
			}
		}
		if err := b.Rename(b.ctx, root, maeve.ID, "maeve", "Maeve Doyle-Roche", ""); err != nil {
			t.Fatal(err)
		}
		_, err = b.Find(b.ctx, root, "maeve@example.org")
		b.kind(err, fault.NotFound)
	})
}

// A row and its entry are committed together or not at all.
func TestNothingWithoutItsEntry(t *testing.T) {
	each(t, func(b *bench) {
		root := b.admin().Principal
		boom := fault.New(fault.Internal, "no")
		before := len(b.types(0))
		err := b.db.Tx(b.ctx, func(tx *sql.Tx) error {
			if _, err := b.addUser(b.ctx, tx, root, NewUser{Login: "ghost", Name: "Ghost", Role: Viewer}); err != nil {
				return err
			}
			return boom
		})
		b.kind(err, fault.Internal)
		_, err = b.Find(b.ctx, root, "ghost")
		b.kind(err, fault.NotFound)
		if len(b.types(0)) != before {
			t.Error("an entry stayed behind")
		}
	})
}
