package identity

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/dial"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/base/sealed"

	"github.com/go-jose/go-jose/v4"
)

const (
	home     = "https://attesta.example.org"
	password = "four grey herons wade"
)

var desk = access.Client{Address: "192.0.2.10", Agent: "Firefox/140"}

// bench is one deployment with an administrator, a provider that is set, and
// Maeve, whose address the provider knows.
type bench struct {
	t     testing.TB
	ctx   context.Context
	db    *database.DB
	log   *ledger.Log
	clock *clock.Manual
	users *access.Service
	s     *Service
	idp   *idp
	admin access.Principal
	maeve access.User
}

func each(t *testing.T, f func(b *bench)) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) { f(newBench(t, db)) })
}

func newBench(t testing.TB, db *database.DB) *bench {
	b := &bench{t: t, ctx: t.Context(), db: db, clock: clock.NewManual(time.Date(2036, 3, 2, 9, 0, 0, 0, time.UTC))}
	dir := t.TempDir()
	var err error
	b.log, err = ledger.Open(b.ctx, ledger.Config{DB: db, Dir: filepath.Join(dir, "ledger"), KeyFile: filepath.Join(dir, "ledger.key"), Clock: b.clock.Now})
	b.must(err)
	t.Cleanup(func() { b.log.Close() })
	b.users, err = access.New(access.Config{DB: db, Ledger: b.log, Clock: b.clock.Now, FailureTime: -1, Hash: access.HashCost{Memory: 64, Time: 1, Threads: 1}})
	b.must(err)
	key, err := sealed.Open(filepath.Join(dir, "sealed.key"))
	b.must(err)
	d, err := dial.New(dial.Config{Allow: []string{"127.0.0.1"}})
	b.must(err)
	b.s, err = New(Config{DB: db, Access: b.users, Key: key, Dialer: d, Clock: b.clock.Now, PublicURL: home})
	b.must(err)
	b.users.OnLeave("identities", b.s.Abandon)
	link, err := b.users.FirstLink(b.ctx)
	b.must(err)
	l, err := b.users.UseLink(b.ctx, link.Token, desk)
	b.must(err)
	b.admin = l.Principal
	b.maeve, err = b.users.AddUser(b.ctx, b.admin, access.NewUser{Login: "maeve", Name: "Maeve Doyle", Email: "maeve@example.org", Role: access.Viewer})
	b.must(err)
	b.idp = newIDP(t, func() int64 { return b.clock.Now().Unix() })
	b.set(Settings{}, clientSecret)
	return b
}

// set keeps settings, with what is left out as it usually is.
func (b *bench) set(n Settings, secret string) {
	b.t.Helper()
	n.Name, n.Issuer, n.ClientID = "Okta", b.idp.server.URL, clientID
	if n.Domains == nil {
		n.Domains = []string{"example.org"}
	}
	b.must(b.s.Set(b.ctx, b.admin, n, secret))
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

// come logs in by the provider.
func (b *bench) come() (Came, error) {
	b.t.Helper()
	begun, err := b.s.Begin(b.ctx, OIDC, "/findings")
	b.must(err)
	return b.s.Finish(b.ctx, access.Principal{}, OIDC, begun.Cookie, b.idp.authorize(begun.URL), desk)
}

func (b *bench) in() access.Principal {
	b.t.Helper()
	came, err := b.come()
	b.must(err)
	return came.Login.Principal
}

// count gives how many entries of a type there are.
func (b *bench) count(typ string) int {
	b.t.Helper()
	var n int
	b.must(b.db.Reader().QueryRowContext(b.ctx, `SELECT COUNT(*) FROM ledger_entry WHERE type = $1`, typ).Scan(&n))
	return n
}

func TestLogin(t *testing.T) {
	each(t, func(b *bench) {
		came, err := b.come()
		b.must(err)
		p := came.Login.Principal
		if p.UserID != b.maeve.ID || p.Via != access.ViaProvider || came.Next != "/findings" || came.Login.Half {
			t.Fatalf("came in as %+v, on to %s", p, came.Next)
		}
		again, err := b.users.Session(b.ctx, came.Login.Token)
		b.must(err)
		if again.UserID != b.maeve.ID {
			t.Fatalf("the session is %+v", again)
		}
		// From here on the subject counts, and no address.
		b.idp.claims["email"] = "somebody.else@example.org"
		if p := b.in(); p.UserID != b.maeve.ID {
			t.Fatalf("after a new address at the provider came in as %+v", p)
		}
		if n := b.count(boundEntry); n != 1 {
			t.Fatalf("%d entries of binding, want 1", n)
		}
		b.verify("")
	})
}

// verify holds the rows against the ledger; want is part of what it says.
func (b *bench) verify(want string) {
	b.t.Helper()
	all, err := b.log.Records(b.ctx, ledger.Filter{Limit: 1000})
	b.must(err)
	said := ""
	for _, rec := range all {
		for _, binding := range Bindings() {
			if err := binding.Check(b.ctx, b.db.Reader(), rec); err != nil {
				said += err.Error() + "\n"
			}
		}
	}
	if (said == "") != (want == "") || !strings.Contains(said, want) {
		b.t.Fatalf("the bindings say %q, want %q", said, want)
	}
}

// TestRefused has what a provider, a browser or somebody between them does
// wrong. Each opens nothing, and is undone by a login that is right.
func TestRefused(t *testing.T) {
	other := newKey()
	claim := func(name string, value any) func(*bench) {
		return func(b *bench) {
			b.idp.spoil = func(c map[string]any) {
				if c[name] = value; value == nil {
					delete(c, name)
				}
			}
		}
	}
	tests := []struct {
		name  string
		spoil func(b *bench)
		bring func(b *bench, cookie string, q url.Values) (string, url.Values)
		want  string
	}{
		{name: "another login's nonce", spoil: claim("nonce", "another"), want: "belongs to another login"},
		{name: "no nonce", spoil: claim("nonce", nil), want: "belongs to another login"},
		{name: "another issuer", spoil: claim("iss", "https://login.example.net"), want: "not signed by the issuer"},
		{name: "another audience", spoil: claim("aud", "somebody else"), want: "for another client"},
		{name: "no audience", spoil: claim("aud", nil), want: "for another client"},
		{name: "two audiences and no party", spoil: claim("aud", []string{clientID, "else"}), want: "for another client"},
		{name: "another party", spoil: claim("azp", "else"), want: "for another client"},
		{name: "no subject", spoil: claim("sub", ""), want: "who it is about"},
		{name: "a long subject", spoil: claim("sub", strings.Repeat("x", 256)), want: "who it is about"},
		{name: "a NUL in the subject", spoil: claim("sub", "00u1\x00"), want: "who it is about"},
		{name: "expired", spoil: func(b *bench) { claim("exp", b.idp.now()-120)(b) }, want: "has expired"},
		{name: "no expiry", spoil: claim("exp", nil), want: "has expired"},
		{name: "issued in the future", spoil: func(b *bench) { claim("iat", b.idp.now()+600)(b) }, want: "from the future"},
		{name: "alg none", spoil: func(b *bench) { b.idp.sign = none }, want: "not signed by the issuer"},
		{name: "HMAC with the client's secret", spoil: func(b *bench) {
			b.idp.sign = func(p []byte) string { return b.idp.signed(jose.HS256, []byte(clientSecret), "k1", p) }
		}, want: "not signed by the issuer"},
		{name: "HMAC with the public key", spoil: func(b *bench) {
			b.idp.sign = func(p []byte) string { return b.idp.signed(jose.HS256, b.idp.public(), "k1", p) }
		}, want: "not signed by the issuer"},
		{name: "a stranger's key", spoil: func(b *bench) {
			b.idp.sign = func(p []byte) string { return b.idp.signed(jose.RS256, other, "k1", p) }
		}, want: "not signed by the issuer"},
		{name: "no ID token", spoil: func(b *bench) {
			b.idp.answer = func(w http.ResponseWriter) bool {
				b.idp.json(w, map[string]string{"access_token": "x", "token_type": "Bearer"})
				return true
			}
		}, want: "no ID token"},
		{name: "not verified", spoil: claim("email_verified", false), want: "does not say that it verified"},
		{name: "verified, as a word", spoil: claim("email_verified", "false"), want: "does not say that it verified"},
		{name: "nothing about verified", spoil: claim("email_verified", nil), want: "does not say that it verified"},
		{name: "no address", spoil: func(b *bench) { delete(b.idp.claims, "email"); b.idp.userinfo = map[string]any{"sub": b.idp.sub} }, want: "told no mail address"},
		{name: "userinfo of somebody else", spoil: func(b *bench) {
			delete(b.idp.claims, "email")
			b.idp.userinfo = map[string]any{"sub": "00u2", "email": "maeve@example.org", "email_verified": true}
		}, want: "speaks of two people"},
		{name: "another domain", spoil: claim("email", "maeve@example.net"), want: "of this domain"},
		{name: "two domains", spoil: claim("email", "maeve@example.net@example.org"), want: "of this domain"},
		{name: "a letter that becomes another in lower case", spoil: claim("email", "\u212aim@example.org"), want: "beyond ASCII"},
		{name: "not known here", spoil: claim("email", "stranger@example.org"), want: "Attesta does not"},
		{name: "closed", spoil: func(b *bench) { b.must(b.users.Disable(b.ctx, b.admin, b.maeve.ID)) }, want: "this account is closed"},
		{name: "the code of nobody", bring: func(b *bench, cookie string, q url.Values) (string, url.Values) {
			q.Set("code", "guessed")
			return cookie, q
		}, want: "did not take the code"},
		{name: "no code", bring: func(b *bench, cookie string, q url.Values) (string, url.Values) { q.Del("code"); return cookie, q }, want: "no code"},
		{name: "a code of another login", bring: func(b *bench, cookie string, q url.Values) (string, url.Values) {
			begun, err := b.s.Begin(b.ctx, OIDC, "/")
			b.must(err)
			q.Set("code", b.idp.authorize(begun.URL).Get("code")) // PKCE: the verifier is of this browser's login
			return cookie, q
		}, want: "did not take the code"},
		{name: "another state", bring: func(b *bench, cookie string, q url.Values) (string, url.Values) {
			q.Set("state", "x")
			return cookie, q
		}, want: "not begun in this browser"},
		{name: "no state", bring: func(b *bench, cookie string, q url.Values) (string, url.Values) { q.Del("state"); return cookie, q }, want: "not begun in this browser"},
		{name: "no cookie", bring: func(b *bench, _ string, q url.Values) (string, url.Values) { return "", q }, want: "not begun in this browser"},
		{name: "a cookie that somebody wrote", bring: func(b *bench, c string, q url.Values) (string, url.Values) {
			return c[:40] + strings.ToLower(c[40:]), q
		}, want: "not begun in this browser"},
		{name: "too late", bring: func(b *bench, c string, q url.Values) (string, url.Values) {
			b.clock.Advance(11 * time.Minute)
			return c, q
		}, want: "not begun in this browser"},
		{name: "the answer of another issuer", bring: func(b *bench, c string, q url.Values) (string, url.Values) {
			q.Set("iss", "https://login.example.net")
			return c, q
		}, want: "another issuer"},
		{name: "broken off", bring: func(b *bench, c string, q url.Values) (string, url.Values) {
			q.Del("code")
			q.Set("error", "access_denied")
			return c, q
		}, want: "did not let you in"},
		{name: "an error with words of its own", bring: func(b *bench, c string, q url.Values) (string, url.Values) {
			q.Set("error", "Call +1 555 0100")
			return c, q
		}, want: "answered with an error"},
		{name: "settings of another client meanwhile", bring: func(b *bench, c string, q url.Values) (string, url.Values) {
			b.must(b.s.Set(b.ctx, b.admin, Settings{Name: "Okta", Issuer: b.idp.server.URL, ClientID: "other", Domains: []string{"example.org"}}, "x"))
			return c, q
		}, want: "changed in the meantime"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			db := databasetest.SQLite(t)
			b := newBench(t, db)
			if test.spoil != nil {
				test.spoil(b)
			}
			begun, err := b.s.Begin(b.ctx, OIDC, "/")
			b.must(err)
			cookie, q := begun.Cookie, b.idp.authorize(begun.URL)
			if test.bring != nil {
				cookie, q = test.bring(b, cookie, q)
			}
			came, err := b.s.Finish(b.ctx, access.Principal{}, OIDC, cookie, q, desk)
			b.kind(test.name, err, fault.KindOf(err))
			if k := fault.KindOf(err); k != fault.Unauthenticated && k != fault.Forbidden || !strings.Contains(err.Error(), test.want) || came.Login.Token != "" {
				t.Fatalf("kind %q, %v (cause %v), want %q", k, err, errors.Unwrap(err), test.want)
			}
			if strings.Contains(err.Error(), "555") {
				t.Fatalf("a stranger's words are shown: %v", err)
			}
			if n := b.count("user.login") + b.count(boundEntry); n != 1 { // the administrator's
				t.Fatalf("%d logins and bindings, want 1", n)
			}
		})
	}
}

func TestReplay(t *testing.T) {
	each(t, func(b *bench) {
		begun, err := b.s.Begin(b.ctx, OIDC, "/")
		b.must(err)
		q := b.idp.authorize(begun.URL)
		_, err = b.s.Finish(b.ctx, access.Principal{}, OIDC, begun.Cookie, q, desk)
		b.must(err)
		_, err = b.s.Finish(b.ctx, access.Principal{}, OIDC, begun.Cookie, q, desk)
		b.kind("code replay", err, fault.Unauthenticated)
		b.idp.forgets = true
		q = b.idp.authorize(begun.URL)
		_, err = b.s.Finish(b.ctx, access.Principal{}, OIDC, begun.Cookie, q, desk)
		b.kind("state replay, with a new code", err, fault.Unauthenticated)
		if !strings.Contains(err.Error(), "used before") {
			t.Fatal(err)
		}
	})
}

// Keys of a provider change without a word; the first login with the new one works.
func TestKeyRotated(t *testing.T) {
	each(t, func(b *bench) {
		b.in()
		old := b.idp.key
		b.idp.rotate("k2")
		b.in()
		b.idp.sign = func(p []byte) string { return b.idp.signed(jose.RS256, old, "k1", p) }
		_, err := b.come()
		b.kind("a key that is gone", err, fault.Unauthenticated)
	})
}

// Whoever brings wrong answers is locked out, from that source, like one who guesses.
func TestFailuresLock(t *testing.T) {
	each(t, func(b *bench) {
		b.in()
		b.idp.spoil = func(c map[string]any) { c["nonce"] = "x" }
		var err error
		for range 300 {
			if _, err = b.come(); err == nil {
				b.t.Fatal("came in")
			} else if strings.Contains(err.Error(), "too many failed") {
				break
			}
		}
		if !strings.Contains(err.Error(), "too many failed") {
			b.t.Fatalf("never locked: %v", err)
		}
		asked := b.idp.asked
		b.idp.spoil = nil
		_, err = b.come()
		b.kind("right, and locked", err, fault.Unauthenticated)
		if b.idp.asked != asked {
			b.t.Fatal("the provider is asked for a source that is locked")
		}
	})
}

func TestMade(t *testing.T) {
	each(t, func(b *bench) {
		b.set(Settings{MakeWith: access.Viewer}, "")
		b.idp.sub, b.idp.claims["email"], b.idp.claims["name"] = "00u9", "New.One@Example.org", "New\u0000 One"
		p := b.in()
		u, err := b.users.User(b.ctx, p, p.UserID)
		b.must(err)
		if u.Role != access.Viewer || u.Email != "new.one@example.org" || u.Name != "New One" || u.Login != "new.one" || u.HasPassword {
			t.Fatalf("made %+v", u)
		}
		for _, r := range []access.Role{access.Administrator, access.Auditor, "root"} {
			err := b.s.Set(b.ctx, b.admin, Settings{Name: "Okta", Issuer: b.idp.server.URL, ClientID: clientID, Domains: []string{"example.org"}, MakeWith: r}, "")
			b.kind(string(r), err, fault.Invalid)
		}
		b.verify("")
	})
}

// An address at the provider that somebody else had first opens nothing, and
// nobody changes their own address here to be found by.
func TestTakeOver(t *testing.T) {
	each(t, func(b *bench) {
		p := b.in()
		b.idp.sub = "00u2" // the address was given to somebody else there
		_, err := b.come()
		b.kind("second subject of one address", err, fault.Forbidden)
		b.kind("own address", b.users.Rename(b.ctx, p, p.UserID, "maeve", "Maeve Doyle", "boss@example.org"), fault.Forbidden)
		b.must(b.users.Rename(b.ctx, p, p.UserID, "maeve", "Maeve D.", "maeve@example.org"))
		b.clock.Advance(time.Hour)
		stale := b.admin
		stale.Stale = true
		err = b.users.Rename(b.ctx, stale, b.maeve.ID, "maeve", "Maeve D.", "boss@example.org")
		if !access.NeedsProof(err) {
			t.Fatalf("an address is changed on a borrowed screen: %v", err)
		}
	})
}

func TestSecondFactor(t *testing.T) {
	each(t, func(b *bench) {
		b.must(b.users.RequireSecond(b.ctx, b.admin, []access.Role{access.Viewer}))
		if p := b.in(); !p.Confined {
			t.Fatal("a role that needs a second factor is let in without")
		}
		b.must(b.db.Tx(b.ctx, func(tx *sql.Tx) error {
			_, err := b.users.HasSecond(b.ctx, tx, b.maeve.ID, b.clock.Now(), "")
			return err
		}))
		came, err := b.come()
		b.must(err)
		if _, err := b.users.Session(b.ctx, came.Login.Token); !came.Login.Half || !fault.Is(err, fault.Unauthenticated) {
			t.Fatalf("the second factor is not asked for: %+v, %v", came.Login, err)
		}
		b.set(Settings{AsksBoth: true}, "")
		p := b.in()
		if p.Confined || p.Via != access.ViaProviderBoth {
			t.Fatalf("the provider asks for both, and %+v", p)
		}
	})
}

// A proof is of the same person, and asked anew.
func TestProof(t *testing.T) {
	each(t, func(b *bench) {
		came, err := b.come()
		b.must(err)
		p := came.Login.Principal
		b.clock.Advance(20 * time.Minute)
		stale := func() bool {
			p, err := b.users.Session(b.ctx, came.Login.Token)
			b.must(err)
			return p.Stale
		}
		if !stale() {
			t.Fatal("the session is not stale")
		}
		prove := func(p access.Principal) error {
			begun, err := b.s.BeginProof(b.ctx, came.Login.Principal, OIDC, "/account")
			b.must(err)
			if u := begun.URL; !strings.Contains(u, "prompt=login") || !strings.Contains(u, "max_age=0") {
				t.Fatalf("the provider is not told to ask anew: %s", u)
			}
			_, err = b.s.Finish(b.ctx, p, OIDC, begun.Cookie, b.idp.authorize(begun.URL), desk)
			return err
		}
		for name, f := range map[string]func(c map[string]any){
			"asked long ago":    func(c map[string]any) { c["auth_time"] = b.idp.now() - 600 },
			"no word of asking": func(c map[string]any) { delete(c, "auth_time") },
			"somebody else":     func(c map[string]any) { c["sub"] = "00u2" },
		} {
			b.idp.spoil = f
			b.kind(name, prove(p), fault.Unauthenticated)
		}
		b.idp.spoil = nil
		b.kind("another session", prove(b.admin), fault.Unauthenticated)
		b.kind("no session", prove(access.Principal{}), fault.Unauthenticated)
		if stale() {
			b.must(prove(p))
		} else {
			t.Fatal("a wrong proof counted")
		}
		if stale() {
			t.Fatal("the proof did not count")
		}
		_, err = b.s.BeginProof(b.ctx, access.Principal{}, OIDC, "/")
		b.kind("proof of nobody", err, fault.Unauthenticated)
	})
}

// Where addresses are not verified, somebody in a session connects their own login.
func TestConnect(t *testing.T) {
	each(t, func(b *bench) {
		b.idp.claims = nil // no address, and userinfo is not asked for who is known
		b.idp.sub = "00u7"
		connect := func(p access.Principal) error {
			begun, err := b.s.BeginConnect(b.ctx, p, OIDC, "/account")
			if err != nil {
				return err
			}
			came, err := b.s.Finish(b.ctx, p, OIDC, begun.Cookie, b.idp.authorize(begun.URL), desk)
			if err == nil && (!came.Connected || came.Login.Token != "") {
				t.Fatalf("connected: %+v", came)
			}
			return err
		}
		stale := b.admin
		stale.Stale = true
		if err := connect(stale); !access.NeedsProof(err) {
			t.Fatalf("connected on a borrowed screen: %v", err)
		}
		b.idp.spoil = func(c map[string]any) { delete(c, "auth_time") } // whoever was logged in at the provider in this browser
		b.kind("not asked anew", connect(b.admin), fault.Unauthenticated)
		b.idp.spoil = nil
		b.must(connect(b.admin))
		b.must(connect(b.admin)) // once more changes nothing
		if p := b.in(); p.UserID != b.admin.UserID {
			t.Fatalf("came in as %+v", p)
		}
		b.idp.sub = "00u8"
		b.kind("a second login", connect(b.admin), fault.Forbidden)
		b.idp.sub = "00u7"
		link, err := b.users.LoginLink(b.ctx, b.admin, b.maeve.ID, access.FirstLogin)
		b.must(err)
		l, err := b.users.UseLink(b.ctx, link.Token, desk)
		b.must(err)
		b.kind("somebody's login", connect(l.Principal), fault.Forbidden)
		b.verify("")
		b.must(b.s.Disconnect(b.ctx, b.admin, OIDC))
		if on, err := b.s.Connected(b.ctx, b.admin); err != nil || on[OIDC] {
			t.Fatalf("connected %v, %v", on, err)
		}
		b.must(connect(l.Principal))
		b.verify("")
	})
}

// Who leaves is out at once, by every way, and comes back by a verified address alone.
func TestLeave(t *testing.T) {
	each(t, func(b *bench) {
		came, err := b.come()
		b.must(err)
		begun, err := b.s.Begin(b.ctx, OIDC, "/")
		b.must(err)
		b.must(b.users.Disable(b.ctx, b.admin, b.maeve.ID))
		_, err = b.users.Session(b.ctx, came.Login.Token)
		b.kind("session of a leaver", err, fault.Unauthenticated)
		_, err = b.s.Finish(b.ctx, access.Principal{}, OIDC, begun.Cookie, b.idp.authorize(begun.URL), desk)
		b.kind("login of a leaver", err, fault.Forbidden)
		b.verify("")
		b.must(b.users.Enable(b.ctx, b.admin, b.maeve.ID))
		b.idp.claims["email_verified"] = false
		_, err = b.come()
		b.kind("back, not verified", err, fault.Forbidden)
		b.idp.claims["email_verified"] = true
		b.in()
		b.verify("")
	})
}

// Whom the directory lets go is out of the session that the provider opened, at
// once, and the provider lets them in no more.
func TestDirectoryLetsGo(t *testing.T) {
	each(t, func(b *bench) {
		_, text, err := b.users.MakeDirectoryToken(b.ctx, b.admin, "Entra", 24*time.Hour)
		b.must(err)
		scim, err := b.users.DirectoryToken(b.ctx, text)
		b.must(err)
		var u access.User
		settle := func(active bool) {
			b.must(b.db.Tx(b.ctx, func(tx *sql.Tx) error {
				if u.ID == "" {
					if u, err = b.users.AddKept(b.ctx, tx, scim, "niamh", "Niamh Byrne", "niamh@example.org"); err != nil {
						return err
					}
				}
				return b.users.SettleKept(b.ctx, tx, scim, u.ID, access.Viewer, active)
			}))
		}
		settle(true)
		b.idp.sub, b.idp.claims["email"] = "00u5", "niamh@example.org"
		came, err := b.come()
		b.must(err)
		if came.Login.Principal.UserID != u.ID {
			b.t.Fatalf("came in as %+v", came.Login.Principal)
		}
		settle(false)
		_, err = b.users.Session(b.ctx, came.Login.Token)
		b.kind("session of whom the directory let go", err, fault.Unauthenticated)
		_, err = b.come()
		b.kind("login of whom the directory let go", err, fault.Forbidden)
		b.verify("")
	})
}

// Whoever binds themselves to an account, or sends people to another provider,
// in the database is seen.
func TestBindings(t *testing.T) {
	each(t, func(b *bench) {
		b.in()
		b.verify("")
		change := func(query string) {
			b.must(b.db.Tx(b.ctx, func(tx *sql.Tx) error { _, err := tx.ExecContext(b.ctx, query); return err }))
		}
		change(`INSERT INTO access_identity (issuer, subject, user_id, bound_at) SELECT 'x', 'mallory', id, 1 FROM access_user WHERE login = 'maeve'`)
		b.verify("the identities of")
		change(`DELETE FROM access_identity WHERE subject = 'mallory'`)
		b.verify("")
		change(`UPDATE access_provider SET issuer = 'https://evil.example'`)
		b.verify("the login provider is not")
	})
}

func TestSettings(t *testing.T) {
	each(t, func(b *bench) {
		good := Settings{Name: "Okta", Issuer: b.idp.server.URL, ClientID: clientID, Domains: []string{"example.org"}}
		for name, change := range map[string]func(s *Settings){
			"provider": func(s *Settings) { s.Name = " " },
			"issuer":   func(s *Settings) { s.Issuer = "http://login.example.org" },
			"client":   func(s *Settings) { s.ClientID = "" },
			"domains":  func(s *Settings) { s.Domains = []string{"example"} },
			"make":     func(s *Settings) { s.MakeWith = access.Administrator },
			"secret":   func(s *Settings) { s.ClientID = "another" }, // the kept one is not sent for it
		} {
			n := good
			change(&n)
			err := b.s.Set(b.ctx, b.admin, n, "")
			var f *fault.Error
			if !errors.As(err, &f) || f.Kind != fault.Invalid || f.Field != name {
				t.Errorf("%s: %v", name, err)
			}
		}
		long := good
		long.Domains = nil
		for i := range 20 {
			long.Domains = append(long.Domains, strings.Repeat(string(rune('a'+i)), 30)+".example")
		}
		b.must(b.s.Set(b.ctx, b.admin, long, "")) // its entry has room
		stale := b.admin
		stale.Stale = true
		if err := b.s.Set(b.ctx, stale, good, ""); !access.NeedsProof(err) {
			t.Errorf("set on a borrowed screen: %v", err)
		}
		b.kind("set by a viewer", b.s.Set(b.ctx, access.Principal{UserID: b.maeve.ID, Role: access.Viewer}, good, "x"), fault.Forbidden)

		// What an issuer says of itself is held to the same rules.
		for name, at := range map[string]string{"plain": "http://login.example.org/token", "script": "javascript:alert(1)", "file": "file:///etc/passwd", "nothing": ""} {
			for _, field := range []string{"authorization_endpoint", "token_endpoint", "jwks_uri"} {
				b.s.have = nil
				b.idp.discover = func(d map[string]any) { d[field] = at }
				b.kind(name+" "+field, b.s.Set(b.ctx, b.admin, good, ""), fault.Invalid)
			}
		}
		b.idp.discover = func(d map[string]any) { d["issuer"] = "https://login.example.net" }
		b.s.have = nil
		b.kind("another issuer", b.s.Set(b.ctx, b.admin, good, ""), fault.Invalid)
		b.idp.discover = func(d map[string]any) { d["long"] = strings.Repeat("x", mostBytes) }
		b.kind("too long", b.s.Set(b.ctx, b.admin, good, ""), fault.Invalid)
		b.idp.discover = nil

		inside := good
		inside.Issuer = "https://10.0.0.1"
		err := b.s.Set(b.ctx, b.admin, inside, "x")
		b.kind("inside", err, fault.Invalid)
		if !strings.Contains(err.Error(), "not dialled") {
			t.Errorf("an address inside: %v", err)
		}

		b.must(b.s.Remove(b.ctx, b.admin))
		_, err = b.s.Begin(b.ctx, OIDC, "/")
		b.kind("removed", err, fault.NotFound)
		b.verify("")
	})
}

// Strangers do not make us ask without bound.
func TestAskedAtOnce(t *testing.T) {
	b := newBench(t, databasetest.SQLite(t))
	b.s.have = nil
	for range mostAsked {
		b.s.slots <- struct{}{}
	}
	_, err := b.s.Begin(b.ctx, OIDC, "/")
	b.kind("too many at once", err, fault.Unavailable)
}

// Whatever a provider's token endpoint answers, nobody comes in who is not
// signed for, and nothing panics.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte(`{"access_token":"x","token_type":"Bearer","id_token":"a.b.c"}`))
	f.Add([]byte(`{"access_token":"x","token_type":"Bearer","id_token":"` + none([]byte(`{"sub":"00u1"}`)) + `"}`))
	f.Add([]byte(`access_token=x&id_token=y`))
	f.Add([]byte(``))
	b := newBench(f, databasetest.SQLite(f)) // one for all: nothing may come of any answer
	f.Fuzz(func(t *testing.T, answer []byte) {
		b.t, b.idp.t = t, t
		b.idp.answer = func(w http.ResponseWriter) bool {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(answer)
			return true
		}
		if came, err := b.come(); err == nil || came.Login.Token != "" {
			t.Fatalf("came in by %q", answer)
		}
	})
}
