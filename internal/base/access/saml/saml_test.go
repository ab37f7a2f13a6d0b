package saml

import (
	"context"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/access/identity"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/dial"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/base/sealed"
	"github.com/attesta/attesta/internal/judge"

	"github.com/crewjam/saml/xmlenc"
)

const home = "https://attesta.example.org"

var desk = access.Client{Address: "192.0.2.10", Agent: "Firefox/140"}

// bench is one deployment with an administrator, a provider that is set, and
// Maeve, whose address the provider knows.
type bench struct {
	t     *testing.T
	ctx   context.Context
	db    *database.DB
	log   *ledger.Log
	clock *clock.Manual
	users *access.Service
	ways  *identity.Service
	s     *Service
	idp   *idp
	admin access.Principal
	maeve access.User
}

func each(t *testing.T, f func(b *bench)) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) { f(newBench(t, db)) })
}

func newBench(t *testing.T, db *database.DB) *bench {
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
	b.ways, err = identity.New(identity.Config{DB: db, Access: b.users, Key: key, Dialer: d, Clock: b.clock.Now, PublicURL: home})
	b.must(err)
	b.s, err = New(Config{DB: db, Access: b.users, Key: key, Dialer: d, Clock: b.clock.Now, PublicURL: home, MakeKey: func() (*rsa.PrivateKey, error) { return keyOurs(), nil }})
	b.must(err)
	b.ways.Add(Way, b.s)
	b.users.OnLeave("identities", b.ways.Abandon)
	link, err := b.users.FirstLink(b.ctx)
	b.must(err)
	l, err := b.users.UseLink(b.ctx, link.Token, desk)
	b.must(err)
	b.admin = l.Principal
	b.maeve, err = b.users.AddUser(b.ctx, b.admin, access.NewUser{Login: "maeve", Name: "Maeve Doyle", Email: "maeve@example.org", Role: access.Viewer})
	b.must(err)
	b.idp = newIDP(t, b.clock.Now)
	b.set(b.settings())
	return b
}

func (b *bench) settings() Settings {
	return Settings{Name: "Okta", Domains: []string{"example.org"}, Vouches: true, Hours: 12}
}

func (b *bench) set(n Settings) {
	b.t.Helper()
	b.must(b.s.Set(b.ctx, b.admin, n, b.idp.metadata()))
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

// come logs in by the provider, whose answer may be spoiled.
func (b *bench) come(spoil func(a *answer)) (identity.Came, error) {
	b.t.Helper()
	begun, err := b.ways.Begin(b.ctx, Way, "/findings")
	b.must(err)
	return b.finish(access.Principal{}, begun, spoil)
}

func (b *bench) finish(p access.Principal, begun identity.Begun, spoil func(a *answer)) (identity.Came, error) {
	b.t.Helper()
	r := b.idp.asked(begun.URL)
	a := b.idp.answer(r)
	if spoil != nil {
		spoil(a)
	}
	return b.ways.Finish(b.ctx, p, Way, begun.Cookie, a.form(r.relay), desk)
}

func (b *bench) in(spoil func(a *answer)) access.Principal {
	b.t.Helper()
	came, err := b.come(spoil)
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

// verify holds the rows against the ledger; want is part of what it says.
func (b *bench) verify(want string) {
	b.t.Helper()
	all, err := b.log.Records(b.ctx, ledger.Filter{Limit: 1000})
	b.must(err)
	said := ""
	for _, rec := range all {
		for _, binding := range append(Bindings(), identity.Bindings()...) {
			if err := binding.Check(b.ctx, b.db.Reader(), rec); err != nil {
				said += err.Error() + "\n"
			}
		}
	}
	if (said == "") != (want == "") || !strings.Contains(said, want) {
		b.t.Fatalf("the bindings say %q, want %q", said, want)
	}
}

func TestLogin(t *testing.T) {
	each(t, func(b *bench) {
		t := b.t
		came, err := b.come(nil)
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
		if p := b.in(func(a *answer) { a.attributes = nil }); p.UserID != b.maeve.ID {
			t.Fatalf("without an address came in as %+v", p)
		}
		for name, spoil := range map[string]func(*answer){
			"the response signed too": func(a *answer) { a.signAround = true },
			"no certificate in it":    func(a *answer) { a.noKeyInfo = true },
			"a clock 50 seconds ahead": func(a *answer) {
				a.issued, a.before, a.at = a.issued.Add(50*time.Second), stamp(a.issued.Add(50*time.Second)), a.issued.Add(50*time.Second)
			},
			"a clock 50 seconds behind": func(a *answer) {
				a.issued, a.after, a.confirmedUntil = a.issued.Add(-50*time.Second), stamp(a.issued.Add(-50*time.Second)), stamp(a.issued.Add(-50*time.Second))
			},
			"a format that is not said": func(a *answer) { a.subject = `<saml:NameID>00u1</saml:NameID>` },
			"qualified": func(a *answer) {
				a.subject = `<saml:NameID Format="` + persistent + `" NameQualifier="` + b.idp.issuer + `" SPNameQualifier="` + home + Metadata + `">00u1</saml:NameID>`
			},
			"encrypted, GCM": func(a *answer) { a.encryptFor, a.cipher = b.ours(), xmlenc.AES256GCM },
			"encrypted, CBC, and signed around it": func(a *answer) {
				a.encryptFor, a.cipher, a.signAround = b.ours(), xmlenc.AES256CBC, true
			},
			"two audiences": func(a *answer) { a.audience = audience("https://else.example", home+Metadata) },
		} {
			came, err := b.come(spoil)
			if err != nil || came.Login.Principal.UserID != b.maeve.ID {
				t.Errorf("%s: %v (cause %v)", name, err, errors.Unwrap(err))
			}
		}
		if n := b.count("user.identity_bound"); n != 1 {
			t.Fatalf("%d entries of binding, want 1", n)
		}
		b.verify("")
	})
}

// ours is the certificate that our metadata says to encrypt for.
func (b *bench) ours() *x509.Certificate {
	b.t.Helper()
	all, err := keys(b.ctx, b.db.Reader())
	b.must(err)
	for _, k := range all {
		if k.state == Current {
			c, err := x509.ParseCertificate(k.certificate)
			b.must(err)
			return c
		}
	}
	b.t.Fatal("there is no key of ours")
	return nil
}

func TestReplay(t *testing.T) {
	each(t, func(b *bench) {
		t := b.t
		begun, err := b.ways.Begin(b.ctx, Way, "/")
		b.must(err)
		r := b.idp.asked(begun.URL)
		a := b.idp.answer(r)
		form := a.form(r.relay)
		_, err = b.ways.Finish(b.ctx, access.Principal{}, Way, begun.Cookie, form, desk)
		b.must(err)
		_, err = b.ways.Finish(b.ctx, access.Principal{}, Way, begun.Cookie, form, desk)
		b.kind("the same answer", err, fault.Unauthenticated)
		// Another process, or this one after a restart, knows it too.
		fresh, err := New(b.s.cfg)
		b.must(err)
		ways, err := identity.New(identity.Config{DB: b.db, Access: b.users, Key: b.s.cfg.Key, Dialer: b.s.cfg.Dialer, Clock: b.clock.Now, PublicURL: home})
		b.must(err)
		ways.Add(Way, fresh)
		_, err = ways.Finish(b.ctx, access.Principal{}, Way, begun.Cookie, form, desk)
		if b.kind("after a restart", err, fault.Unauthenticated); !strings.Contains(err.Error(), "used before") {
			t.Fatal(err)
		}
		_, err = b.finish(access.Principal{}, begun, nil)
		if b.kind("another answer to what was answered", err, fault.Unauthenticated); !strings.Contains(err.Error(), "used before") {
			t.Fatal(err)
		}
		used := func() (n int) {
			b.must(b.db.Reader().QueryRowContext(b.ctx, `SELECT COUNT(*) FROM access_saml_used`).Scan(&n))
			return n
		}
		if used() != 2 {
			t.Fatalf("%d assertions are kept", used())
		}
		b.clock.Advance(3 * time.Hour)
		b.must(b.s.Keep(b.ctx))
		if used() != 0 {
			t.Fatalf("%d assertions are kept after they expired", used())
		}
	})
}

// The provider changes its certificate: both stand in its metadata for a while.
func TestRollover(t *testing.T) {
	each(t, func(b *bench) {
		t := b.t
		b.in(nil)
		old := b.idp.pair
		b.idp.also = []tls.Certificate{b.idp.certify(keyTwo()), b.idp.ec()}
		b.set(b.settings())
		for i, c := range append([]tls.Certificate{old}, b.idp.also...) {
			for _, bare := range []bool{false, true} {
				if _, err := b.come(func(a *answer) { a.signs, a.noKeyInfo = c, bare }); err != nil {
					t.Errorf("certificate %d, bare %v: %v (cause %v)", i, bare, err, errors.Unwrap(err))
				}
			}
		}
		b.idp.pair, b.idp.also = b.idp.also[0], nil
		b.set(b.settings())
		b.in(nil)
		_, err := b.come(func(a *answer) { a.signs = old })
		b.kind("the old certificate", err, fault.Unauthenticated)
		b.verify("")
	})
}

// Our keys change without a gap, and sealed they stay.
func TestKeys(t *testing.T) {
	each(t, func(b *bench) {
		t := b.t
		list := func(want ...State) []Key {
			t.Helper()
			have, err := b.s.Keys(b.ctx, b.admin)
			b.must(err)
			got := []State{}
			for _, k := range have {
				got = append(got, k.State)
			}
			if len(got) != len(want) {
				t.Fatalf("keys are %v, want %v", got, want)
			}
			for i := range want {
				if got[i] != want[i] {
					t.Fatalf("keys are %v, want %v", got, want)
				}
			}
			return have
		}
		in := func(c *x509.Certificate) error {
			_, err := b.come(func(a *answer) { a.encryptFor, a.cipher = c, xmlenc.AES128GCM })
			return err
		}
		list(Current)
		old := b.ours()
		b.kind("no next key", b.s.UseKey(b.ctx, b.admin), fault.Conflict)
		b.s.cfg.MakeKey = func() (*rsa.PrivateKey, error) { return keyTwo(), nil }
		b.clock.Advance(time.Minute)
		b.must(b.s.MakeKey(b.ctx, b.admin))
		b.kind("two next keys", b.s.MakeKey(b.ctx, b.admin), fault.Conflict)
		list(Current, Next)
		doc, err := b.s.Document(b.ctx)
		b.must(err)
		if n := strings.Count(string(doc), "<KeyDescriptor"); n != 4 {
			t.Fatalf("the metadata has %d keys:\n%s", n, doc)
		}
		b.must(b.s.UseKey(b.ctx, b.admin))
		list(Former, Current)
		fresh := b.ours()
		if fresh.Equal(old) {
			t.Fatal("the key is the old one")
		}
		b.must(in(old))
		b.must(in(fresh))
		b.must(b.s.DropKey(b.ctx, b.admin, Former))
		b.kind("drop the current key", b.s.DropKey(b.ctx, b.admin, Current), fault.Invalid)
		list(Current)
		b.kind("encrypted for a key that is gone", in(old), fault.Unauthenticated)
		b.verify("")
		var box []byte
		b.must(b.db.Reader().QueryRowContext(b.ctx, `SELECT secret FROM access_saml_key`).Scan(&box))
		if _, err := x509.ParsePKCS8PrivateKey(box); err == nil {
			t.Fatal("the key is not sealed")
		}
	})
}

func TestMetadata(t *testing.T) {
	b := newBench(t, databasetest.SQLite(t))
	doc, err := b.s.Document(b.ctx)
	b.must(err)
	for _, want := range []string{`entityID="` + home + Metadata + `"`, `AuthnRequestsSigned="true"`, `WantAssertionsSigned="true"`, `Location="` + home + Consumer + `"`, "aes256-gcm"} {
		if !strings.Contains(string(doc), want) {
			t.Errorf("our metadata does not say %s:\n%s", want, doc)
		}
	}
	if strings.Contains(string(doc), "Artifact") || strings.Contains(string(doc), "validUntil") {
		t.Errorf("our metadata says too much:\n%s", doc)
	}

	good := b.idp.metadata()
	short := pairOf(t, keyShort(), keyShort().Public(), b.clock.Now().Add(-time.Hour), b.clock.Now().AddDate(1, 0, 0))
	over := pairOf(t, keyOne(), keyOne().Public(), b.clock.Now().AddDate(-2, 0, 0), b.clock.Now().AddDate(-1, 0, 0))
	with := func(c tls.Certificate) string { p := *b.idp; p.pair = c; return p.metadata() }
	for name, text := range map[string]string{
		"nothing of the kind":      "hello",
		"HTML":                     "<html><body>Log in</body></html>",
		"two roots":                good + "<x/>",
		"a document type":          strings.Replace(good, "<md:Entity", `<!DOCTYPE x [<!ENTITY a "b">]><md:Entity`, 1),
		"an entity":                strings.Replace(good, "<md:IDPSSO", "&a;<md:IDPSSO", 1),
		"nobody's":                 strings.Replace(good, b.idp.issuer, "", 1),
		"our own":                  string(doc),
		"of us":                    strings.Replace(good, b.idp.issuer, home+Metadata, 1),
		"a long name":              strings.Replace(good, b.idp.issuer, "https://x.example/"+strings.Repeat("x", 300), 1),
		"no role":                  strings.ReplaceAll(good, "IDPSSODescriptor", "OtherDescriptor"),
		"SAML 1.1":                 strings.Replace(good, `Enumeration="urn:oasis:names:tc:SAML:2.0:protocol"`, `Enumeration="urn:oasis:names:tc:SAML:1.1:protocol"`, 1),
		"no redirect":              strings.ReplaceAll(good, "HTTP-Redirect", "SOAP"),
		"without TLS":              strings.ReplaceAll(good, "https://idp.example.net/sso", "http://idp.example.net/sso"),
		"script":                   strings.ReplaceAll(good, "https://idp.example.net/sso?tenant=1", "javascript:alert(1)"),
		"with a fragment":          strings.ReplaceAll(good, "sso?tenant=1", "sso#x"),
		"no certificate":           strings.ReplaceAll(good, `use="signing"`, `use="encryption"`),
		"a certificate of nothing": strings.ReplaceAll(good, "<ds:X509Certificate>", "<ds:X509Certificate>AAAA"),
		"a short key":              with(short),
		"expired":                  with(over),
		"ended":                    strings.Replace(good, "entityID", `validUntil="2030-01-01T00:00:00Z" entityID`, 1),
		"deep":                     strings.Replace(good, "<md:IDPSSO", strings.Repeat("<x>", 40)+strings.Repeat("</x>", 40)+"<md:IDPSSO", 1),
		"wide":                     strings.Replace(good, "<md:IDPSSO", strings.Repeat("<x/>", 5000)+"<md:IDPSSO", 1),
		"long":                     strings.Replace(good, "<md:IDPSSO", "<x>"+strings.Repeat("x", mostBytes)+"</x><md:IDPSSO", 1),
	} {
		err := b.s.Set(b.ctx, b.admin, b.settings(), text)
		var f *fault.Error
		if !errors.As(err, &f) || f.Kind != fault.Invalid || f.Field != "metadata" || f.Hint == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	b.verify("")
	b.in(nil)
}

// The metadata is read from its address, again and again, and never becomes
// another provider's.
func TestAddress(t *testing.T) {
	each(t, func(b *bench) {
		t := b.t
		status, text := http.StatusOK, b.idp.metadata()
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = w.Write([]byte(text))
		}))
		defer server.Close()
		n := b.settings()
		n.Address = server.URL + "/metadata"
		b.must(b.s.Set(b.ctx, b.admin, n, ""))
		b.in(nil)
		entries := b.count(setEntry) + b.count(readEntry)
		b.must(b.s.Keep(b.ctx))
		if b.count(setEntry)+b.count(readEntry) != entries {
			t.Fatal("the same metadata is an entry")
		}
		b.idp.pair = b.idp.certify(keyTwo())
		_, err := b.come(nil)
		b.kind("before it is read", err, fault.Unauthenticated)
		text = b.idp.metadata()
		b.must(b.s.Reread(b.ctx, b.admin))
		b.in(nil)
		if b.count(readEntry) != 1 {
			t.Fatal("new metadata is no entry")
		}
		show := func() Settings {
			t.Helper()
			n, err := b.s.Show(b.ctx, b.admin)
			b.must(err)
			return n
		}
		read := show().Read
		for name, spoil := range map[string]func(){
			"away":             func() { status = http.StatusBadGateway },
			"nothing":          func() { status, text = http.StatusOK, "" },
			"another provider": func() { text = strings.ReplaceAll(b.idp.metadata(), b.idp.issuer, "https://evil.example") },
			"too long": func() {
				text = b.idp.metadata() + strings.Repeat(" ", 1) + "<!--" + strings.Repeat("x", mostBytes) + "-->"
			},
		} {
			status, text = http.StatusOK, b.idp.metadata()
			spoil()
			b.clock.Advance(time.Hour)
			b.must(b.s.Keep(b.ctx))
			if have := show(); have.Problem == "" || !have.Read.Equal(read) {
				t.Errorf("%s: %q, read %s", name, have.Problem, have.Read)
			}
			if err := b.s.Reread(b.ctx, b.admin); err == nil {
				t.Errorf("%s is taken", name)
			}
			b.in(nil) // by what was read before
		}
		if r := b.s.Health(b.ctx); r.Outcome != judge.Pass {
			t.Errorf("an hour later: %+v", r)
		}
		b.clock.Advance(stale)
		if r := b.s.Health(b.ctx); r.Outcome != judge.Fail || !strings.Contains(r.Reason, "was last read on") {
			t.Errorf("three days later: %+v", r)
		}
		status, text = http.StatusOK, b.idp.metadata()
		b.must(b.s.Keep(b.ctx))
		if have := show(); have.Problem != "" {
			t.Errorf("read again: %q", have.Problem)
		}
		inside := b.settings()
		inside.Address = "https://10.0.0.1/metadata"
		if err := b.s.Set(b.ctx, b.admin, inside, ""); err == nil || !strings.Contains(err.Error(), "not dialled") {
			t.Errorf("an address inside: %v", err)
		}
		b.verify("")
	})
}

func TestHealth(t *testing.T) {
	b := newBench(t, databasetest.SQLite(t))
	says := func(what string, outcome judge.Outcome, want string) {
		t.Helper()
		if r := b.s.Health(b.ctx); r.Outcome != outcome || !strings.Contains(r.Reason, want) {
			t.Errorf("%s: %+v", what, r)
		}
	}
	says("set", judge.Pass, "signs by 1 certificates")
	b.idp.until = stamp(b.clock.Now().AddDate(0, 0, 40))
	b.set(b.settings())
	says("metadata for 40 days", judge.Pass, "")
	b.clock.Advance(20 * 24 * time.Hour)
	says("metadata for 20 days", judge.Fail, "the metadata of Okta ends on 2036-04-11")
	b.clock.Advance(21 * 24 * time.Hour)
	says("metadata that ended", judge.Fail, "nobody comes in by it")
	_, err := b.ways.Begin(b.ctx, Way, "/")
	b.kind("login by metadata that ended", err, fault.Unavailable)
	if _, err := b.s.Show(b.ctx, b.admin); err != nil {
		t.Errorf("the settings cannot be seen then: %v", err)
	}
	b.idp.until = ""
	b.set(b.settings())
	says("renewed", judge.Pass, "")
	b.clock.Advance(670 * 24 * time.Hour)
	says("a certificate for 20 days", judge.Fail, "expires on 2038-03-02")
	b.clock.Advance(21 * 24 * time.Hour)
	says("an expired certificate", judge.Fail, "nobody comes in by it")
	b.idp.pair = b.idp.certify(keyTwo())
	b.set(b.settings())
	b.clock.Advance(360 * 24 * time.Hour)
	says("our own for some days", judge.Fail, "our own certificate expires")
	b.must(b.s.Remove(b.ctx, b.admin))
	says("removed", judge.NotApplicable, "")
}

func TestMade(t *testing.T) {
	each(t, func(b *bench) {
		t := b.t
		n := b.settings()
		n.MakeWith = access.Viewer
		b.set(n)
		p := b.in(func(a *answer) {
			a.subject = strings.Replace(a.subject, "00u1", "00u9", 1)
			a.attributes = map[string][]string{"urn:oid:0.9.2342.19200300.100.1.3": {"New.One@Example.org"}, "urn:oid:2.5.4.42": {"New"}, "urn:oid:2.5.4.4": {"One"}}
		})
		u, err := b.users.User(b.ctx, p, p.UserID)
		b.must(err)
		if u.Role != access.Viewer || u.Email != "new.one@example.org" || u.Name != "New One" || u.HasPassword {
			t.Fatalf("made %+v", u)
		}
		b.verify("")
	})
}

// Nobody gets an account by an address alone: not one that the provider does not
// answer for, nor a second login, nor whoever has the address later.
func TestTakeOver(t *testing.T) {
	each(t, func(b *bench) {
		t := b.t
		n := b.settings()
		n.Vouches = false
		b.set(n)
		_, err := b.come(nil)
		if b.kind("nobody answers for the address", err, fault.Forbidden); !strings.Contains(err.Error(), "does not say that it verified") {
			t.Fatal(err)
		}
		b.set(b.settings())
		b.in(nil)
		_, err = b.come(func(a *answer) { a.subject = strings.Replace(a.subject, "00u1", "00u2", 1) })
		if b.kind("somebody else with the address", err, fault.Forbidden); !strings.Contains(err.Error(), "another login") {
			t.Fatal(err)
		}
		for name, spoil := range map[string]func(a *answer){
			"two addresses":  func(a *answer) { a.attributes["mail"] = []string{"niamh@example.org", "x@example.org"} },
			"no address":     func(a *answer) { a.attributes = nil },
			"another domain": func(a *answer) { a.attributes["mail"] = []string{"niamh@example.net"} },
			"not known":      func(a *answer) { a.attributes["mail"] = []string{"stranger@example.org"} },
		} {
			b.clock.Advance(time.Minute) // wrong ones are counted
			_, err := b.come(func(a *answer) { spoil(a); a.subject = strings.Replace(a.subject, "00u1", "00u3", 1) })
			b.kind(name, err, fault.Forbidden)
		}
		// The same provider under one name by both protocols: no identity of one is of the other.
		var issuer string
		b.must(b.db.Reader().QueryRowContext(b.ctx, `SELECT issuer FROM access_identity`).Scan(&issuer))
		if issuer == b.idp.issuer || Issuer(issuer) != b.idp.issuer {
			t.Fatalf("the identity's issuer is %q", issuer)
		}
		b.verify("")
	})
}

// What names somebody: an attribute that the settings name, instead of the NameID.
func TestSubjectFrom(t *testing.T) {
	b := newBench(t, databasetest.SQLite(t))
	n := b.settings()
	n.SubjectFrom, n.MailFrom = "urn:oasis:names:tc:SAML:attribute:subject-id", "workMail"
	b.set(n)
	begun, err := b.ways.Begin(b.ctx, Way, "/")
	b.must(err)
	if f := b.idp.asked(begun.URL).Policy.Format; f == persistent {
		t.Errorf("a NameID of the format %s is asked for", f)
	}
	right := func(a *answer) {
		a.subject = `<saml:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress">maeve@example.org</saml:NameID>`
		a.attributes = map[string][]string{n.SubjectFrom: {"m7@example.org"}, "workmail": {"maeve@example.org"}, "mail": {"private@example.net"}}
	}
	if p := b.in(right); p.UserID != b.maeve.ID {
		t.Fatalf("came in as %+v", p)
	}
	for name, values := range map[string][]string{"none": nil, "two": {"a@example.org", "b@example.org"}, "empty": {" "}} {
		_, err := b.come(func(a *answer) { right(a); a.attributes[n.SubjectFrom] = values })
		b.kind(name, err, fault.Unauthenticated)
	}
}

// A session ends with the provider's, and after the hours that are set.
func TestSessionEnds(t *testing.T) {
	each(t, func(b *bench) {
		t := b.t
		n := b.settings()
		n.Hours = 4
		b.set(n)
		awake := func(token string, until time.Duration) error { // with a request every 20 minutes
			for d := time.Duration(0); d < until; d += 20 * time.Minute {
				b.clock.Advance(20 * time.Minute)
				if _, err := b.users.Session(b.ctx, token); err != nil {
					return err
				}
			}
			return nil
		}
		came, err := b.come(nil)
		b.must(err)
		if left := came.Login.Expires.Sub(b.clock.Now()); left != 4*time.Hour {
			t.Fatalf("the session lasts %s", left)
		}
		b.must(awake(came.Login.Token, 4*time.Hour-20*time.Minute))
		b.kind("after four hours", awake(came.Login.Token, 20*time.Minute), fault.Unauthenticated)

		came, err = b.come(func(a *answer) { a.ends = stamp(b.clock.Now().Add(time.Hour)) })
		b.must(err)
		b.must(awake(came.Login.Token, 40*time.Minute))
		b.kind("after the provider's session", awake(came.Login.Token, 20*time.Minute), fault.Unauthenticated)
		b.must(b.users.Sweep(b.ctx))
		var left int
		b.must(b.db.Reader().QueryRowContext(b.ctx, `SELECT COUNT(*) FROM access_session WHERE user_id = $1 AND ends_at > 0`, b.maeve.ID).Scan(&left))
		if left != 0 {
			t.Fatalf("%d sessions that ended are kept", left)
		}
		_, err = b.come(func(a *answer) { a.ends = stamp(b.clock.Now().Add(-time.Second)) })
		b.kind("a session there that has ended", err, fault.Unauthenticated)
	})
}

// Who leaves is out at once, and the provider's word opens nothing.
func TestLeave(t *testing.T) {
	each(t, func(b *bench) {
		came, err := b.come(nil)
		b.must(err)
		b.must(b.users.Disable(b.ctx, b.admin, b.maeve.ID))
		_, err = b.users.Session(b.ctx, came.Login.Token)
		b.kind("session of a leaver", err, fault.Unauthenticated)
		_, err = b.come(nil)
		b.kind("login of a leaver", err, fault.Forbidden)
		b.verify("")
	})
}

// The step-up and the connection of an account ask the provider anew.
func TestAnew(t *testing.T) {
	each(t, func(b *bench) {
		t := b.t
		p := b.in(nil)
		begun, err := b.ways.BeginProof(b.ctx, p, Way, "/account")
		b.must(err)
		if !b.idp.asked(begun.URL).Force {
			t.Fatal("the provider is not told to ask anew")
		}
		b.clock.Advance(5 * time.Minute)
		_, err = b.finish(p, begun, func(a *answer) { a.at = a.at.Add(-10 * time.Minute) })
		if b.kind("a login of before", err, fault.Unauthenticated); !strings.Contains(err.Error(), "not asked anew") {
			t.Fatal(err)
		}
		begun, err = b.ways.BeginProof(b.ctx, p, Way, "/account")
		b.must(err)
		_, err = b.finish(p, begun, func(a *answer) { a.subject = strings.Replace(a.subject, "00u1", "00u2", 1) })
		b.kind("somebody else", err, fault.Unauthenticated)
		begun, err = b.ways.BeginProof(b.ctx, p, Way, "/account")
		b.must(err)
		_, err = b.finish(b.admin, begun, nil)
		b.kind("in another session", err, fault.Unauthenticated)
		begun, err = b.ways.BeginProof(b.ctx, p, Way, "/account")
		b.must(err)
		_, err = b.finish(p, begun, nil)
		b.must(err)
		if b.count("user.proved") != 1 {
			t.Fatal("no proof is recorded")
		}

		begun, err = b.ways.BeginConnect(b.ctx, b.admin, Way, "/account")
		b.must(err)
		_, err = b.finish(b.admin, begun, func(a *answer) { a.subject = strings.Replace(a.subject, "00u1", "00u7", 1); a.attributes = nil })
		b.must(err)
		if on, err := b.ways.Connected(b.ctx, b.admin); err != nil || !on[Way] || on[identity.OIDC] {
			t.Fatalf("connected %v, %v", on, err)
		}
		b.verify("")
	})
}

// A trial says what a login would do, or why the answer is refused, and does nothing.
func TestTrial(t *testing.T) {
	each(t, func(b *bench) {
		t := b.t
		try := func(spoil func(a *answer)) *identity.Trial {
			t.Helper()
			begun, err := b.ways.BeginTrial(b.ctx, b.admin, Way)
			b.must(err)
			came, err := b.finish(b.admin, begun, spoil)
			b.must(err)
			if came.Login.Token != "" || came.Trial == nil {
				t.Fatalf("a trial came to %+v", came)
			}
			return came.Trial
		}
		if seen := try(nil); seen.No != nil || seen.Login != "maeve" || seen.Said.Subject != "00u1" || seen.Said.Email != "maeve@example.org" || seen.Makes {
			t.Errorf("maeve: %+v", seen)
		}
		n := b.settings()
		n.MakeWith = access.Viewer
		b.set(n)
		other := func(a *answer) {
			a.subject, a.attributes["mail"] = strings.Replace(a.subject, "00u1", "00u8", 1), []string{"other@example.org"}
		}
		if seen := try(other); seen.No != nil || !seen.Makes || seen.Role != access.Viewer {
			t.Errorf("made: %+v", seen)
		}
		b.set(b.settings())
		if seen := try(other); !fault.Is(seen.No, fault.Forbidden) || seen.Makes || seen.Said.Email != "other@example.org" {
			t.Errorf("not known: %+v", seen)
		}
		if seen := try(func(a *answer) { a.signNothing = true }); !fault.Is(seen.No, fault.Unauthenticated) || errors.Unwrap(seen.No) == nil {
			t.Errorf("not signed: %+v", seen)
		}
		if n := b.count("user.identity_bound") + b.count("user.added"); n != 2 { // the first administrator and maeve
			t.Errorf("%d accounts and bindings, want 2", n)
		}
		_, err := b.ways.BeginTrial(b.ctx, access.Principal{UserID: b.maeve.ID, SessionID: "x", Role: access.Viewer}, Way)
		b.kind("a trial of a viewer", err, fault.Forbidden)
		b.in(nil)
		b.verify("")
	})
}

// An answer that nobody asked for is refused, or begins a login where there is a tile.
func TestUnasked(t *testing.T) {
	b := newBench(t, databasetest.SQLite(t))
	unasked := func(spoil func(a *answer)) bool {
		t.Helper()
		begun, err := b.ways.Begin(b.ctx, Way, "/")
		b.must(err)
		a := b.idp.answer(b.idp.asked(begun.URL))
		a.inResponseTo, a.confirmed = "", ""
		if spoil != nil {
			spoil(a)
		}
		begins, err := b.s.Unasked(b.ctx, a.form("").Get("SAMLResponse"))
		b.must(err)
		return begins
	}
	if unasked(nil) {
		t.Fatal("a login begins at the provider, and nobody said that it may")
	}
	n := b.settings()
	n.Tile = true
	b.set(n)
	if !unasked(nil) {
		t.Fatal("no login begins")
	}
	if unasked(func(a *answer) { a.inResponseTo = "id-x" }) || unasked(func(a *answer) { a.issuer = "https://else.example" }) || unasked(func(a *answer) { a.rewrite = func(string) string { return "<x/>" } }) {
		t.Fatal("any answer begins a login")
	}
	_, err := b.come(func(a *answer) { a.inResponseTo, a.confirmed = "", "" })
	b.kind("an assertion that nobody asked for, with a tile", err, fault.Unauthenticated)
}

// Whoever lets another provider in, or another key, in the database is seen.
func TestBindings(t *testing.T) {
	each(t, func(b *bench) {
		b.in(nil)
		b.verify("")
		change := func(query string, args ...any) {
			b.must(b.db.Tx(b.ctx, func(tx *sql.Tx) error { _, err := tx.ExecContext(b.ctx, query, args...); return err }))
		}
		p := *b.idp
		p.pair = b.idp.certify(keyTwo())
		change(`UPDATE access_saml SET metadata = $1`, p.metadata())
		b.verify("the SAML provider is not")
		change(`UPDATE access_saml SET metadata = $1`, strings.TrimSpace(b.idp.metadata()))
		b.verify("")
		change(`UPDATE access_saml SET vouches = 0`)
		b.verify("the SAML provider is not")
		change(`UPDATE access_saml SET vouches = 1`)
		change(`UPDATE access_saml_key SET state = 'former'`)
		b.verify("our SAML keys are not")
		change(`UPDATE access_saml_key SET state = 'current'`)
		b.must(b.s.Remove(b.ctx, b.admin))
		b.verify("")
		_, err := b.ways.Begin(b.ctx, Way, "/")
		b.kind("removed", err, fault.NotFound)
	})
}

func TestSettings(t *testing.T) {
	b := newBench(t, databasetest.SQLite(t))
	for field, change := range map[string]func(n *Settings){
		"provider": func(n *Settings) { n.Name = " " },
		"domains":  func(n *Settings) { n.Domains = []string{"example"} },
		"make":     func(n *Settings) { n.MakeWith = access.Administrator },
		"hours":    func(n *Settings) { n.Hours = 13 },
		"subject":  func(n *Settings) { n.SubjectFrom = "two words" },
		"mail":     func(n *Settings) { n.MailFrom = strings.Repeat("x", 200) },
		"address":  func(n *Settings) { n.Address = "http://login.example.org" },
		"metadata": func(n *Settings) { n.Address = "https://login.example.org" }, // and an upload
	} {
		n := b.settings()
		change(&n)
		upload := ""
		if field == "metadata" {
			upload = b.idp.metadata()
		}
		err := b.s.Set(b.ctx, b.admin, n, upload)
		var f *fault.Error
		if !errors.As(err, &f) || f.Kind != fault.Invalid || f.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	entries := b.count(setEntry)
	b.must(b.s.Set(b.ctx, b.admin, b.settings(), "")) // the metadata stays
	if b.count(setEntry) != entries {
		t.Error("nothing was changed, and it is an entry")
	}
	long := b.settings() // its entry has room
	long.Domains, long.SubjectFrom = nil, "urn:"+strings.Repeat("x", mostName-4)
	for i := range 20 {
		long.Domains = append(long.Domains, strings.Repeat(string(rune('a'+i)), 30)+".example")
	}
	p := *b.idp
	p.issuer = "https://idp.example.net/" + strings.Repeat("x", mostIssuer-24)
	for range mostCertificates - 1 {
		p.also = append(p.also, b.idp.ec())
	}
	b.must(b.s.Set(b.ctx, b.admin, long, p.metadata()))
	stale := b.admin
	stale.Stale = true
	if err := b.s.Set(b.ctx, stale, b.settings(), b.idp.metadata()); !access.NeedsProof(err) {
		t.Errorf("set on a borrowed screen: %v", err)
	}
	viewer := access.Principal{UserID: b.maeve.ID, Role: access.Viewer}
	b.kind("set by a viewer", b.s.Set(b.ctx, viewer, b.settings(), b.idp.metadata()), fault.Forbidden)
	b.kind("key of a viewer", b.s.MakeKey(b.ctx, viewer), fault.Forbidden)
	b.verify("")
}
