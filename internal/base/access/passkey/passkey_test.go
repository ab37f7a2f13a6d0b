package passkey

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/access/passkey/passkeytest"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

const (
	password = "four grey herons wade"
	home     = "https://attesta.example.org"
)

var desk = access.Client{Address: "192.0.2.10", Agent: "Firefox/140"}

// bench is one deployment with a clock that stands still and one administrator.
type bench struct {
	t     *testing.T
	ctx   context.Context
	db    *database.DB
	clock *clock.Manual
	users *access.Service
	keys  *Service
	admin access.Login
}

func each(t *testing.T, f func(b *bench)) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		b := &bench{t: t, ctx: t.Context(), db: db, clock: clock.NewManual(time.Date(2036, 3, 2, 9, 0, 0, 0, time.UTC))}
		dir := t.TempDir()
		log, err := ledger.Open(b.ctx, ledger.Config{DB: db, Dir: filepath.Join(dir, "ledger"), KeyFile: filepath.Join(dir, "ledger.key"), Clock: b.clock.Now})
		b.must(err)
		t.Cleanup(func() { log.Close() })
		b.users, err = access.New(access.Config{DB: db, Ledger: log, Clock: b.clock.Now, FailureTime: -1, Hash: access.HashCost{Memory: 64, Time: 1, Threads: 1}})
		b.must(err)
		b.keys, err = New(Config{DB: db, Access: b.users, Clock: b.clock.Now, PublicURL: home})
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

func (b *bench) device() *passkeytest.Device {
	return passkeytest.New(b.t, home, "attesta.example.org")
}

// add registers a device for whoever is in a session.
func (b *bench) add(p access.Principal, d *passkeytest.Device) Passkey {
	b.t.Helper()
	asked, err := b.keys.BeginAdd(b.ctx, p, "work laptop")
	b.must(err)
	k, err := b.keys.Add(b.ctx, p, Answer{asked.Word, d.Create(b.t, asked.Options)})
	b.must(err)
	return k
}

// login asks and answers.
func (b *bench) login(d *passkeytest.Device) (access.Login, error) {
	b.t.Helper()
	asked, err := b.keys.BeginLogin(desk)
	b.must(err)
	return b.keys.Login(b.ctx, Answer{asked.Word, d.Get(b.t, asked.Options)}, desk)
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

func TestPasskey(t *testing.T) {
	each(t, func(b *bench) {
		other, err := b.users.Login(b.ctx, "admin", password, desk)
		b.must(err)
		d := b.device()
		k := b.add(b.admin.Principal, d)
		if _, err := b.users.Session(b.ctx, other.Token); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("a session from before lives on: %v", err)
		}
		b.clock.Advance(time.Hour)
		l, err := b.login(d)
		b.must(err)
		if l.Half || l.Principal.Via != access.ViaPasskey || l.Principal.UserID != b.admin.Principal.UserID || !l.Principal.Passkey {
			t.Errorf("it opens %+v", l)
		}
		all, err := b.keys.Of(b.ctx, l.Principal, l.Principal.UserID)
		b.must(err)
		if len(all) != 1 || all[0].ID != k.ID || all[0].Name != "work laptop" || !all[0].Used.Equal(b.clock.Now()) || all[0].Synced {
			t.Errorf("the list is %+v", all)
		}
		for _, want := range []string{"user.passkey_added", "user.login "} {
			if !strings.Contains(b.types(), want) {
				t.Errorf("no entry %s", want)
			}
		}
		rows, err := b.db.Reader().QueryContext(b.ctx, `SELECT body FROM ledger_body`)
		b.must(err)
		defer rows.Close()
		seen := false
		for rows.Next() {
			var body []byte
			b.must(rows.Scan(&body))
			seen = seen || strings.Contains(string(body), k.ID)
			if strings.Contains(string(body), "laptop") {
				t.Error("the ledger holds the owner's word for it")
			}
		}
		if b.must(rows.Err()); !seen {
			t.Error("the ledger does not hold its id")
		}
	})
}

// Each of these is an answer that opens nothing, and is counted.
func TestWrongAnswers(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(b *bench, d *passkeytest.Device)
	}{
		{"another site", func(_ *bench, d *passkeytest.Device) { d.Origin = "https://attesta.example.com" }},
		{"the same host by another port", func(_ *bench, d *passkeytest.Device) { d.Origin = home + ":8443" }},
		{"without HTTPS", func(_ *bench, d *passkeytest.Device) { d.Origin = "http://attesta.example.org" }},
		{"signed for another party", func(_ *bench, d *passkeytest.Device) { d.RPID = "example.org" }},
		{"the owner was not verified", func(_ *bench, d *passkeytest.Device) { d.Verified = false }},
		{"in a frame of another site", func(_ *bench, d *passkeytest.Device) { d.Cross = true }},
		{"another user's handle", func(_ *bench, d *passkeytest.Device) { d.User = []byte("usr_somebody") }},
		{"without a handle", func(_ *bench, d *passkeytest.Device) { d.User = nil }},
		{"an unknown passkey", func(b *bench, d *passkeytest.Device) {
			user := d.User
			*d = *b.device()
			d.User = user
		}},
		{"the key of another device", func(b *bench, d *passkeytest.Device) {
			id, user := d.ID, d.User
			*d = *b.device()
			d.ID, d.User = id, user
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			each(t, func(b *bench) {
				d := b.device()
				b.add(b.admin.Principal, d)
				right := *d
				c.do(b, d)
				for i := range 5 {
					b.clock.Advance(time.Second)
					l, err := b.login(d)
					b.kind("it", err, fault.Unauthenticated)
					if l.Token != "" || l.Principal.Known() {
						t.Fatalf("time %d: it opens %+v", i, l)
					}
				}
				if !strings.Contains(b.types(), "user.login_failed") {
					t.Error("it is not recorded")
				}
				if _, err := b.login(&right); err == nil || !strings.Contains(err.Error(), "too many failed attempts") {
					t.Errorf("five wrong ones lock nothing: %v", err)
				}
				b.clock.Advance(time.Minute)
				if _, err := b.login(&right); err != nil {
					t.Errorf("the right one afterwards: %v", err)
				}
			})
		})
	}
}

// An answer is taken once, for a few minutes, for what it was asked for.
func TestChallenges(t *testing.T) {
	each(t, func(b *bench) {
		d, p := b.device(), b.admin.Principal
		b.add(p, d)
		user, err := b.users.User(b.ctx, p, p.UserID)
		b.must(err)

		asked, err := b.keys.BeginLogin(desk)
		b.must(err)
		a := Answer{asked.Word, d.Get(t, asked.Options)}
		_, err = b.keys.Login(b.ctx, a, desk)
		b.must(err)
		_, err = b.keys.Login(b.ctx, a, desk)
		b.kind("the same answer again", err, fault.Unauthenticated)

		asked, err = b.keys.BeginLogin(desk)
		b.must(err)
		next, err := b.keys.BeginLogin(desk)
		b.must(err)
		_, err = b.keys.Login(b.ctx, Answer{next.Word, d.Get(t, asked.Options)}, desk)
		b.kind("another challenge's answer", err, fault.Unauthenticated)

		asked, err = b.keys.BeginLogin(desk)
		b.must(err)
		b.clock.Advance(challengeLife)
		_, err = b.keys.Login(b.ctx, Answer{asked.Word, d.Get(t, asked.Options)}, desk)
		b.kind("five minutes later", err, fault.Unauthenticated)

		asked, err = b.keys.BeginProof(b.ctx, user, p.SessionID)
		b.must(err)
		_, err = b.keys.Login(b.ctx, Answer{asked.Word, d.Get(t, asked.Options)}, desk)
		b.kind("a proof as a login", err, fault.Unauthenticated)
		_, err = b.keys.Proof(Answer{asked.Word, d.Get(t, asked.Options)}, "ses_another")
		b.kind("a proof of another session", err, fault.Unauthenticated)
		if _, err = b.keys.Proof(Answer{asked.Word, ""}, p.SessionID); err != nil {
			t.Errorf("another session's try ended the challenge: %v", err)
		}

		asked, err = b.keys.BeginAdd(b.ctx, p, "phone")
		b.must(err)
		_, err = b.keys.Proof(Answer{asked.Word, d.Get(t, asked.Options)}, p.SessionID)
		b.kind("a registration as a proof", err, fault.Unauthenticated)
		phone := b.device()
		first := phone.Create(t, asked.Options)
		_, err = b.keys.Add(b.ctx, p, Answer{asked.Word, first})
		b.must(err)
		_, err = b.keys.Add(b.ctx, p, Answer{asked.Word, first})
		b.kind("the same registration again", err, fault.Invalid)
		asked, err = b.keys.BeginAdd(b.ctx, p, "phone")
		b.must(err)
		_, err = b.keys.Add(b.ctx, p, Answer{asked.Word, phone.Create(t, asked.Options)})
		b.kind("the same passkey again", err, fault.Conflict)

		for range perSession + 5 {
			_, err = b.keys.BeginAdd(b.ctx, p, "tablet")
			b.must(err)
		}
		if n := len(b.keys.held.byHolder[p.SessionID]); n != perSession {
			t.Errorf("a session holds %d challenges", n)
		}
		b.clock.Advance(challengeLife)
		_, err = b.keys.BeginLogin(desk)
		b.must(err)
		if n := len(b.keys.held.byID); n != 1 {
			t.Errorf("%d challenges are kept after their time", n)
		}
	})
}

// A registration that is wrong adds nothing.
func TestWrongRegistrations(t *testing.T) {
	each(t, func(b *bench) {
		p := b.admin.Principal
		for name, do := range map[string]func(d *passkeytest.Device){
			"another site":               func(d *passkeytest.Device) { d.Origin = "https://evil.example" },
			"another party":              func(d *passkeytest.Device) { d.RPID = "evil.example" },
			"the owner was not verified": func(d *passkeytest.Device) { d.Verified = false },
			"in a frame":                 func(d *passkeytest.Device) { d.Cross = true },
		} {
			d := b.device()
			do(d)
			asked, err := b.keys.BeginAdd(b.ctx, p, "x")
			b.must(err)
			_, err = b.keys.Add(b.ctx, p, Answer{asked.Word, d.Create(t, asked.Options)})
			b.kind(name, err, fault.Invalid)
		}
		for _, text := range []string{"", "{}", "null", "[]", strings.Repeat("a", MaxAnswer+1), `{"id":"AA","rawId":"AA","type":"public-key","response":{}}`} {
			asked, err := b.keys.BeginAdd(b.ctx, p, "x")
			b.must(err)
			_, err = b.keys.Add(b.ctx, p, Answer{asked.Word, text})
			b.kind("a wrong text", err, fault.Invalid)
		}
		for _, name := range []string{"", "  ", strings.Repeat("x", 61), "a\x00b"} {
			_, err := b.keys.BeginAdd(b.ctx, p, name)
			b.kind("a wrong name", err, fault.Invalid)
		}
		stale := p
		stale.Stale = true
		if _, err := b.keys.BeginAdd(b.ctx, stale, "x"); !access.NeedsProof(err) {
			t.Errorf("without proof: %v", err)
		}
		if _, err := b.keys.Add(b.ctx, stale, Answer{}); !access.NeedsProof(err) {
			t.Errorf("without proof: %v", err)
		}
		all, err := b.keys.Of(b.ctx, p, p.UserID)
		b.must(err)
		if len(all) != 0 {
			t.Errorf("there are %+v", all)
		}
	})
}

// A counter that does not go forward ends the passkey, and is recorded.
func TestCopiedPasskey(t *testing.T) {
	each(t, func(b *bench) {
		d := b.device()
		d.Counter = 1
		k := b.add(b.admin.Principal, d)
		_, err := b.login(d)
		b.must(err)
		thief := d.Copy()
		_, err = b.login(d)
		b.must(err)
		_, err = b.login(thief)
		b.kind("a counter that was there before", err, fault.Unauthenticated)
		d.Counter += 100
		_, err = b.login(d)
		b.kind("the suspected passkey", err, fault.Unauthenticated)
		if !strings.Contains(b.types(), suspectedEntry) {
			t.Error("it is not recorded")
		}
		all, err := b.keys.Of(b.ctx, b.admin.Principal, b.admin.Principal.UserID)
		b.must(err)
		if all[0].Suspect.IsZero() {
			t.Error("the list does not say so")
		}
		rec := ledger.Record{ID: "ent_1", Type: suspectedEntry, Data: map[string]any{"passkey": k.ID}}
		b.must(check(b.ctx, b.db.Reader(), rec))
		_, err = b.db.Writer().ExecContext(b.ctx, `UPDATE access_passkey SET suspect_at = 0`)
		b.must(err)
		b.kind("a suspicion that was wiped away", check(b.ctx, b.db.Reader(), rec), fault.Refused)
	})
}

// A passkey is the second factor of a password, and shows again who is there.
func TestSecondFactorAndProof(t *testing.T) {
	each(t, func(b *bench) {
		d := b.device()
		b.add(b.admin.Principal, d)
		half, err := b.users.Login(b.ctx, "admin", password, desk)
		b.must(err)
		if !half.Half || half.Principal.Known() {
			t.Fatalf("the password alone opens %+v", half)
		}
		id, user, err := b.users.Half(b.ctx, half.Token)
		b.must(err)
		asked, err := b.keys.BeginProof(b.ctx, user, id)
		b.must(err)
		proof, err := b.keys.Proof(Answer{asked.Word, d.Get(t, asked.Options)}, id)
		b.must(err)
		l, err := b.users.Enter(b.ctx, half.Token, proof)
		b.must(err)
		if l.Principal.Via != access.ViaPassword {
			t.Errorf("it opens %+v", l)
		}
		b.clock.Advance(20 * time.Minute)
		p, err := b.users.Session(b.ctx, l.Token)
		b.must(err)
		if !p.Stale {
			t.Fatal("not stale")
		}
		asked, err = b.keys.BeginProof(b.ctx, user, p.SessionID)
		b.must(err)
		wrong := b.device()
		wrong.ID, wrong.User = d.ID, d.User
		proof, err = b.keys.Proof(Answer{asked.Word, wrong.Get(t, asked.Options)}, p.SessionID)
		b.must(err)
		b.kind("another key", b.users.Prove(b.ctx, p, proof), fault.Unauthenticated)
		asked, err = b.keys.BeginProof(b.ctx, user, p.SessionID)
		b.must(err)
		proof, err = b.keys.Proof(Answer{asked.Word, d.Get(t, asked.Options)}, p.SessionID)
		b.must(err)
		b.must(b.users.Prove(b.ctx, p, proof))
		if p, err = b.users.Session(b.ctx, l.Token); err != nil || p.Stale {
			t.Errorf("a right one does not prove: %+v, %v", p, err)
		}
	})
}

// A role that needs a second factor has one in a passkey.
func TestRequired(t *testing.T) {
	each(t, func(b *bench) {
		b.must(b.users.RequireSecond(b.ctx, b.admin.Principal, []access.Role{access.Administrator}))
		p, err := b.users.Session(b.ctx, b.admin.Token)
		b.must(err)
		if !p.Confined {
			t.Fatal("nothing is closed")
		}
		b.add(p, b.device())
		if p, err = b.users.Session(b.ctx, b.admin.Token); err != nil || p.Confined {
			t.Errorf("with a passkey: %+v, %v", p, err)
		}
	})
}

func TestRemove(t *testing.T) {
	each(t, func(b *bench) {
		p := b.admin.Principal
		d := b.device()
		k := b.add(p, d)
		u, err := b.users.AddUser(b.ctx, p, access.NewUser{Login: "maeve", Name: "Maeve Doyle", Role: access.Viewer})
		b.must(err)
		link, err := b.users.LoginLink(b.ctx, p, u.ID, access.FirstLogin)
		b.must(err)
		maeve, err := b.users.UseLink(b.ctx, link.Token, desk)
		b.must(err)
		b.kind("somebody else's", b.keys.Remove(b.ctx, maeve.Principal, k.ID), fault.Forbidden)
		if _, err := b.keys.Of(b.ctx, maeve.Principal, p.UserID); !fault.Is(err, fault.Forbidden) {
			t.Errorf("somebody else's list: %v", err)
		}
		b.kind("nobody", b.keys.Remove(b.ctx, access.Principal{}, k.ID), fault.Unauthenticated)
		b.kind("one that is not there", b.keys.Remove(b.ctx, p, "pky_x"), fault.NotFound)
		stale := p
		stale.Stale = true
		if err := b.keys.Remove(b.ctx, stale, k.ID); !access.NeedsProof(err) {
			t.Errorf("without proof: %v", err)
		}
		hers := b.add(maeve.Principal, b.device())
		b.must(b.keys.Remove(b.ctx, maeve.Principal, hers.ID)) // hers is no administrator's
		b.add(maeve.Principal, b.device())
		b.must(b.keys.RemoveAll(b.ctx, p, u.ID)) // she lost it
		b.kind("none is left", b.keys.RemoveAll(b.ctx, p, u.ID), fault.NotFound)
		b.must(b.keys.Remove(b.ctx, p, k.ID)) // there is the password
		_, err = b.login(d)
		b.kind("a removed one", err, fault.Unauthenticated)
		if l, err := b.users.Login(b.ctx, "admin", password, desk); err != nil || l.Half {
			t.Errorf("the password afterwards: %+v, %v", l, err)
		}
	})
}

// The last way in of the last administrator stays, whoever else there is.
func TestLastWayIn(t *testing.T) {
	each(t, func(b *bench) {
		p := b.admin.Principal
		_, err := b.db.Writer().ExecContext(b.ctx, `UPDATE access_user SET password = ''`)
		b.must(err)
		_, err = b.users.AddUser(b.ctx, p, access.NewUser{Login: "maeve", Name: "Maeve Doyle", Role: access.Administrator}) // never came in
		b.must(err)
		d, spare := b.device(), b.device()
		one, two := b.add(p, d), b.add(p, spare)
		b.must(b.keys.Remove(b.ctx, p, two.ID))
		b.kind("the last one", b.keys.Remove(b.ctx, p, one.ID), fault.Conflict)
		if _, err := b.login(d); err != nil {
			t.Errorf("it does not open any more: %v", err)
		}
		if _, err := b.users.FirstLink(b.ctx); !fault.Is(err, fault.Conflict) {
			t.Errorf("a link for an administrator who has a passkey: %v", err)
		}
		stale := p
		stale.Stale = true
		if _, err := b.users.SetPassword(b.ctx, stale, "", "no parsnips before noon"); !access.NeedsProof(err) {
			t.Errorf("a first password without proof: %v", err)
		}
		b.must(b.keys.RemoveAll(b.ctx, access.System(), p.UserID)) // the machine's owner makes links
	})
}

func TestDisabledUser(t *testing.T) {
	each(t, func(b *bench) {
		u, err := b.users.AddUser(b.ctx, b.admin.Principal, access.NewUser{Login: "maeve", Name: "Maeve Doyle", Role: access.Viewer})
		b.must(err)
		link, err := b.users.LoginLink(b.ctx, b.admin.Principal, u.ID, access.FirstLogin)
		b.must(err)
		maeve, err := b.users.UseLink(b.ctx, link.Token, desk)
		b.must(err)
		d := b.device()
		b.add(maeve.Principal, d)
		b.must(b.users.Disable(b.ctx, b.admin.Principal, u.ID))
		_, err = b.login(d)
		b.kind("a disabled user's", err, fault.Unauthenticated)
	})
}

// Whoever puts a passkey into the database is seen.
func TestBinding(t *testing.T) {
	each(t, func(b *bench) {
		p := b.admin.Principal
		rec := ledger.Record{ID: "ent_1", Type: "user.added", Stream: "people", Subject: p.UserID, Data: map[string]any{}}
		b.must(check(b.ctx, b.db.Reader(), rec))
		k := b.add(p, b.device())
		rows, err := list(b.ctx, b.db.Reader(), p.UserID)
		b.must(err)
		b.must(check(b.ctx, b.db.Reader(), rec)) // a later one says more
		added := rec
		added.Type, added.StreamSeq, added.Data = addedEntry, 1000, map[string]any{"passkeys": []any{digest(k.ID, rows[0].cred)}}
		b.must(check(b.ctx, b.db.Reader(), added))
		removed := added
		removed.Type, removed.Data = removedEntry, map[string]any{"passkeys": []any{}}
		b.kind("a removal that did not happen", check(b.ctx, b.db.Reader(), removed), fault.Refused)
		in := rows[0]
		in.ID, in.cred.ID = "pky_put", []byte("put in")
		b.must(b.db.Tx(b.ctx, func(tx *sql.Tx) error { return insert(b.ctx, tx, in) }))
		b.kind("one that was put in", check(b.ctx, b.db.Reader(), added), fault.Refused)
		_, err = b.db.Writer().ExecContext(b.ctx, `DELETE FROM access_passkey`)
		b.must(err)
		b.kind("one that was taken out", check(b.ctx, b.db.Reader(), added), fault.Refused)
		b.must(b.db.Tx(b.ctx, func(tx *sql.Tx) error { return insert(b.ctx, tx, in) }))
		rec.StreamSeq = 1000
		b.kind("one where none was ever added", check(b.ctx, b.db.Reader(), rec), fault.Refused)
	})
}

// Relying party and origin are the configured address's.
func TestAddresses(t *testing.T) {
	for address, there := range map[string]bool{
		"https://attesta.example.org": true, "https://attesta.example.org:8443": true, "http://localhost:7373": true, "http://LOCALHOST:7373": true,
		"http://attesta.example.org": false, "https://192.0.2.1": false, "http://127.0.0.1:7373": false, "https://[::1]:7373": false,
	} {
		s, err := New(Config{DB: &database.DB{}, Access: &access.Service{}, PublicURL: address})
		if err != nil || (s.None() == "") != there {
			t.Errorf("%s: %v, %v", address, s, err)
			continue
		}
		if _, err := s.BeginLogin(desk); (err == nil) != there || err != nil && !fault.Is(err, fault.Conflict) {
			t.Errorf("%s: %v", address, err)
		}
	}
	if _, err := New(Config{DB: &database.DB{}, Access: &access.Service{}, PublicURL: "attesta"}); !fault.Is(err, fault.Invalid) {
		t.Errorf("no address: %v", err)
	}
}

// What a browser sends is anybody's bytes.
func FuzzAnswer(f *testing.F) {
	d := passkeytest.New(f, home, "attesta.example.org")
	options := []byte(`{"challenge":"AAAAAAAAAAAAAAAAAAAAAA","user":{"id":"dXNyXzE"}}`)
	for _, s := range []string{d.Create(f, options), d.Get(f, options), "", "{}", `{"id":"\n","rawId":"","type":"public-key"}`} {
		f.Add(s)
	}
	s, err := New(Config{DB: &database.DB{}, Access: &access.Service{}, PublicURL: home})
	if err != nil {
		f.Fatal(err)
	}
	asked, data, err := s.lib.BeginRegistration(owner{user: access.User{ID: "usr_1", Login: "a", Name: "A"}})
	if err != nil || asked == nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := s.made(owner{user: access.User{ID: "usr_1"}}, open{data: *data}, text); err == nil {
			t.Error("an answer to no challenge of ours is taken")
		}
		if p, err := parse(text); err == nil && (p == nil || len(p.RawID) == 0) {
			t.Errorf("%q is read as %+v", text, p)
		}
	})
}
