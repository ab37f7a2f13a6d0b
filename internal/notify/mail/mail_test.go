package mail

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"database/sql"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"os"
	"os/exec"
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
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// received is a mail that the server took.
type received struct {
	From  string
	To    []string
	TLS   bool
	Login bool
	Data  []byte
}

// servers are those that run, by mode: each starts once.
var servers = map[string]*smtpd{}

func TestMain(m *testing.M) {
	code := m.Run()
	for _, s := range servers {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
		os.RemoveAll(s.dir)
	}
	os.Exit(code)
}

// smtpd is a real mail server, see testdata/server.py.
type smtpd struct {
	port  int
	took  chan received
	roots *x509.CertPool
	cmd   *exec.Cmd
	in    io.Closer // it ends when this does
	dir   string
}

// startServer gives the server of a mode, which took nothing yet.
func startServer(t *testing.T, mode string) *smtpd {
	t.Helper()
	if s := servers[mode]; s != nil {
		for len(s.took) > 0 {
			<-s.took
		}
		return s
	}
	if err := exec.Command("/usr/bin/python3", "-m", "aiosmtpd", "--version").Run(); err != nil {
		t.Skip("NOT RUN: python3-aiosmtpd is not installed")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	s := &smtpd{port: l.Addr().(*net.TCPAddr).Port, took: make(chan received, 100), roots: x509.NewCertPool()}
	l.Close()
	s.dir, err = os.MkdirTemp("", "attesta-mail-")
	must(t, err)
	cert, key := certificate(t, s.dir, s.roots)
	cmd := exec.Command("/usr/bin/python3", "testdata/server.py", fmt.Sprint(s.port), mode, cert, key)
	s.cmd = cmd
	s.in, err = cmd.StdinPipe()
	must(t, err)
	out, err := cmd.StdoutPipe()
	must(t, err)
	var trouble bytes.Buffer
	cmd.Stderr = &trouble
	must(t, cmd.Start())
	servers[mode] = s
	lines := bufio.NewReader(out)
	if line, err := lines.ReadString('\n'); err != nil || !strings.Contains(line, "ready") {
		t.Fatalf("the mail server does not start: %v %s %s", err, line, trouble.String())
	}
	go func() {
		for {
			line, err := lines.ReadBytes('\n')
			if err != nil {
				return
			}
			var r received
			if json.Unmarshal(line, &r) == nil {
				s.took <- r
			}
		}
	}()
	return s
}

// certificate makes one for localhost that signs itself.
func certificate(t *testing.T, dir string, pool *x509.CertPool) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	must(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(private)
	must(t, err)
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	must(t, os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}), 0o600))
	must(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600))
	pool.AppendCertsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}))
	return cert, key
}

// next gives the mail that the server took next.
func (s *smtpd) next(t *testing.T) received {
	t.Helper()
	select {
	case r := <-s.took:
		return r
	case <-time.After(20 * time.Second):
		t.Fatal("no mail arrived")
	}
	return received{}
}

// world is a deployment with an administrator and people to mail to.
type world struct {
	*testing.T
	db    *database.DB
	log   *ledger.Log
	clock *clock.Manual
	admin access.Principal
	who   map[string]string // user by login
	svc   *Service
}

func newWorld(t *testing.T, db *database.DB, roots *x509.CertPool) *world {
	t.Helper()
	w := &world{T: t, db: db, clock: clock.NewManual(time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)), who: map[string]string{}}
	dir := t.TempDir()
	var err error
	w.log, err = ledger.Open(t.Context(), ledger.Config{DB: db, Dir: filepath.Join(dir, "log"), KeyFile: filepath.Join(dir, "key"), Clock: w.clock.Now})
	must(t, err)
	t.Cleanup(func() { w.log.Close() })
	acc, err := access.New(access.Config{DB: db, Ledger: w.log, Clock: w.clock.Now})
	must(t, err)
	for _, login := range []string{"ada", "bob", "later", "never", "slow"} {
		u, err := acc.AddUser(t.Context(), access.System(), access.NewUser{Login: login, Name: login, Email: login + "@example.org", Role: access.Administrator})
		must(t, err)
		w.who[login] = u.ID
	}
	w.admin = access.Principal{UserID: w.who["ada"], Role: access.Administrator}
	key, err := sealed.Open(filepath.Join(dir, "sealed.key"))
	must(t, err)
	dialer, err := dial.New(dial.Config{Allow: []string{"localhost", "127.0.0.1"}, Timeout: 5 * time.Second})
	must(t, err)
	w.svc, err = New(Config{DB: db, Ledger: w.log, Access: acc, Key: key, Dialer: dialer, Site: "https://attesta.example", Roots: roots, Clock: w.clock.Now, Logger: slog.New(slog.DiscardHandler), Limit: 5 * time.Second})
	must(t, err)
	return w
}

func (w *world) set(change func(s *Settings)) {
	w.Helper()
	s := Usual()
	s.Host, s.User, s.Password, s.From = "localhost", "attesta", "hush-hush", "Attesta <attesta@example.org>"
	change(&s)
	must(w.T, w.svc.Set(w.Context(), w.admin, s))
}

func (w *world) queue(login string) Sending {
	w.Helper()
	var m Sending
	must(w.T, w.db.Tx(w.Context(), func(tx *sql.Tx) (err error) {
		m, err = w.svc.Queue(w.Context(), tx, w.who[login], "at_once", 2)
		return err
	}))
	w.clock.Advance(time.Millisecond) // so that the next comes after it
	return m
}

func (w *world) letter(_ context.Context, m Sending) (Letter, error) {
	for login, id := range w.who {
		if id == m.User {
			return Letter{To: login + "@example.org", Subject: "2 findings opened", Lead: "You should know:", Why: "You chose it.",
				Items: []Item{{Title: "F-1 on web-1: <b>ports</b> & more", Link: "/findings/F-1", Urgent: true, Act: "Take it on", ActAt: "/acknowledge/abc"}, {Title: "F-2 on München", Link: "/findings/F-2"}}}, nil
		}
	}
	return Letter{}, fault.New(fault.NotFound, "nobody")
}

func (w *world) drain() {
	w.Helper()
	must(w.T, w.svc.Drain(w.Context(), w.letter))
}

func (w *world) is(m Sending, state State, attempts int64, trouble string) Sending {
	w.Helper()
	got, err := get(w.Context(), w.db.Reader(), m.ID)
	must(w.T, err)
	if got.State != state || got.Attempts != attempts || trouble == "" && got.Trouble != "" || !strings.Contains(got.Trouble, trouble) {
		w.Fatalf("%s: %+v, want %s after %d: %s", m.ID, got, state, attempts, trouble)
	}
	return got
}

// parts gives the text parts of a mail by type.
func parts(t *testing.T, data []byte) (mail.Header, map[string]string) {
	t.Helper()
	msg, err := mail.ReadMessage(bytes.NewReader(data))
	must(t, err)
	typ, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	must(t, err)
	if typ != "multipart/alternative" {
		t.Fatalf("it is %s", typ)
	}
	all := map[string]string{}
	r := multipart.NewReader(msg.Body, params["boundary"])
	for {
		p, err := r.NextRawPart()
		if err == io.EOF {
			return msg.Header, all
		}
		must(t, err)
		body, err := io.ReadAll(quotedprintable.NewReader(p))
		must(t, err)
		typ, _, _ := strings.Cut(p.Header.Get("Content-Type"), ";")
		all[typ] = strings.ReplaceAll(string(body), "\r\n", "\n")
	}
}

// A mail is sent over STARTTLS with a login and kept with the server's answer;
// what the server puts off comes later and once, what it refuses has failed.
func TestSend(t *testing.T) {
	srv := startServer(t, "starttls")
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db, srv.roots)
		w.set(func(s *Settings) { s.Port = srv.port })
		bob, never := w.queue("bob"), w.queue("never")
		w.drain()
		if m := w.is(bob, Sent, 1, ""); m.Answer != "250 2.0.0 taken as 4711" || m.Entry == "" {
			t.Errorf("%+v", m)
		}
		if m := w.is(never, Failed, 1, "it answered: 550 5.1.1 nobody has this name"); strings.Contains(m.Trouble, "@") {
			t.Errorf("an address is kept: %q", m.Trouble)
		}
		r := srv.next(t)
		if r.From != "attesta@example.org" || strings.Join(r.To, " ") != "bob@example.org" || !r.TLS || !r.Login {
			t.Errorf("%+v", r)
		}
		head, text := parts(t, r.Data)
		for name, want := range map[string]string{"From": `"Attesta" <attesta@example.org>`, "To": "<bob@example.org>", "Subject": "Attesta: 2 findings opened", "Auto-Submitted": "auto-generated",
			"List-Unsubscribe": "<https://attesta.example/account/notifications>", "Message-Id": "<" + bob.ID + "@attesta.example>", "Date": "Tue, 03 Mar 2026 12:00:00 +0000"} {
			if got := head.Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		for _, want := range []string{"You should know:", "- urgent: F-1 on web-1: <b>ports</b> & more\n  https://attesta.example/findings/F-1", "Take it on: https://attesta.example/acknowledge/abc", "München", "You chose it."} {
			if !strings.Contains(text["text/plain"], want) {
				t.Errorf("the text lacks %q:\n%s", want, text["text/plain"])
			}
		}
		page := text["text/html"]
		for _, want := range []string{`<a href="https://attesta.example/findings/F-1">F-1 on web-1: &lt;b&gt;ports&lt;/b&gt; &amp; more</a>`, `href="https://attesta.example/acknowledge/abc"`} {
			if !strings.Contains(page, want) {
				t.Errorf("the page lacks %s:\n%s", want, page)
			}
		}
		for _, no := range []string{"<img", "src=", "style", "script", "<link"} {
			if strings.Contains(page, no) {
				t.Errorf("the page has %s", no)
			}
		}
		w.drain()
		w.is(bob, Sent, 1, "")
		w.is(never, Failed, 1, "550")

		list, err := w.log.Records(t.Context(), ledger.Filter{Type: "mail.sent", Limit: 5})
		must(t, err)
		if len(list) != 1 || list[0].Subject != w.who["bob"] || list[0].Data["sending"] != bob.ID {
			t.Fatalf("%+v", list)
		}
		must(t, checkResult(t.Context(), db.Reader(), list[0]))
		must(t, db.Tx(t.Context(), func(tx *sql.Tx) error {
			_, err := tx.ExecContext(t.Context(), `UPDATE notify_sending SET answer = 'something else' WHERE state = 'sent'`)
			return err
		}))
		if err := checkResult(t.Context(), db.Reader(), list[0]); !fault.Is(err, fault.Refused) {
			t.Errorf("a changed row: %v", err)
		}
		if len(srv.took) != 0 {
			t.Errorf("%d more mails", len(srv.took))
		}
	})
}

// What is put off is tried again with growing pauses, as the same message.
func TestPutOff(t *testing.T) {
	srv := startServer(t, "starttls")
	w := newWorld(t, databasetest.SQLite(t), srv.roots)
	w.set(func(s *Settings) { s.Port = srv.port })
	later, slow := w.queue("later"), w.queue("slow")
	w.drain()
	m := w.is(later, Waiting, 1, "451 4.2.1 come back later")
	if pause := m.NextAt.Sub(w.clock.Now()); pause != time.Minute {
		t.Errorf("it pauses %s", pause)
	}
	w.drain()
	w.is(later, Waiting, 1, "451")
	w.clock.Advance(time.Minute)
	w.drain()
	if pause := w.is(later, Waiting, 2, "451").NextAt.Sub(w.clock.Now()); pause != 4*time.Minute {
		t.Errorf("it pauses %s", pause)
	}
	w.clock.Advance(4 * time.Minute)
	w.drain()
	w.is(later, Sent, 3, "")
	if head, _ := parts(t, srv.next(t).Data); head.Get("Message-Id") != "<"+later.ID+"@attesta.example>" {
		t.Errorf("its id is %s", head.Get("Message-Id"))
	}
	for range 60 {
		w.clock.Advance(time.Hour)
		w.drain()
	}
	if m := w.is(slow, Failed, 12, "given up after two days: it answered: 451 4.2.1 the mailbox is busy"); m.Entry == "" {
		t.Error("its end is not recorded")
	}
	if len(srv.took) != 0 {
		t.Errorf("%d more mails", len(srv.took))
	}
}

// A server that cannot be trusted or reached is sent nothing, and says why.
func TestUnreached(t *testing.T) {
	starttls, bare, implicit := startServer(t, "starttls"), startServer(t, "bare"), startServer(t, "implicit")
	for name, c := range map[string]struct {
		roots  *x509.CertPool
		change func(s *Settings)
		says   string
	}{
		"nobody knows who signed":   {x509.NewCertPool(), func(s *Settings) { s.Port = starttls.port }, "an authority that this server does not know"},
		"signed for another name":   {starttls.roots, func(s *Settings) { s.Port, s.Host = starttls.port, "127.0.0.1" }, "certificate does not hold"},
		"it offers no STARTTLS":     {bare.roots, func(s *Settings) { s.Port = bare.port }, "offers no STARTTLS"},
		"another password":          {starttls.roots, func(s *Settings) { s.Port, s.Password = starttls.port, "guess" }, "refused the login: 535"},
		"TLS from the start, plain": {bare.roots, func(s *Settings) { s.Port, s.TLS = bare.port, Implicit }, "does not speak TLS"},
		"another authority, later":  {x509.NewCertPool(), func(s *Settings) { s.Port, s.TLS = implicit.port, Implicit }, "an authority that this server does not know"},
		"nobody is there":           {starttls.roots, func(s *Settings) { s.Port = 1 }, "connection refused"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, databasetest.SQLite(t), c.roots)
			w.set(c.change)
			first, second := w.queue("bob"), w.queue("never")
			w.drain()
			w.is(first, Waiting, 1, c.says)
			w.is(second, Waiting, 0, "") // it would fare no better
			m, err := w.svc.Test(t.Context(), w.admin)
			if err != nil || m.State != Failed || !strings.Contains(m.Trouble, c.says) {
				t.Errorf("a test: %+v, %v", m, err)
			}
		})
	}
	for _, s := range []*smtpd{starttls, bare, implicit} {
		if len(s.took) != 0 {
			t.Errorf("%d mails were given away", len(s.took))
		}
	}
}

func TestModes(t *testing.T) {
	for mode, c := range map[string]func(s *Settings){"implicit": func(s *Settings) { s.TLS = Implicit }, "none": func(s *Settings) { s.TLS, s.User, s.Password = Plain, "", "" }} {
		t.Run(mode, func(t *testing.T) {
			srv := startServer(t, mode)
			w := newWorld(t, databasetest.SQLite(t), srv.roots)
			w.set(func(s *Settings) { s.Port = srv.port; c(s) })
			m, err := w.svc.Test(t.Context(), w.admin)
			if err != nil || m.State != Sent || m.Answer != "250 2.0.0 taken as 4711" || m.By != w.admin.UserID {
				t.Fatalf("%+v, %v", m, err)
			}
			if r := srv.next(t); r.TLS != (mode == "implicit") || r.Login != (mode == "implicit") || r.To[0] != "ada@example.org" {
				t.Errorf("%+v", r)
			}
			w.is(m, Sent, 1, "")
		})
	}
}

// A mail is claimed by one, and one whose attempt never ended comes again and says so.
func TestClaim(t *testing.T) {
	srv := startServer(t, "starttls")
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db, srv.roots)
		w.set(func(s *Settings) { s.Port = srv.port })
		m := w.queue("bob")
		take := func() (mine bool) {
			must(t, db.Tx(t.Context(), func(tx *sql.Tx) (err error) { mine, err = claim(t.Context(), tx, m.ID, w.clock.Now()); return err }))
			return mine
		}
		if first, second := take(), take(); !first || second {
			t.Fatalf("claimed: %v, then %v", first, second)
		}
		w.drain() // the program died: nobody knows yet
		w.is(m, InFlight, 1, "")
		w.clock.Advance(lost + time.Minute)
		w.drain()
		w.is(m, Sent, 2, "")
		srv.next(t)
		m = w.queue("bob")
		take()
		w.clock.Advance(lost + time.Minute)
		must(t, w.svc.recover(t.Context()))
		w.is(m, Waiting, 1, "comes again with the same Message-ID")
		w.drain()
		srv.next(t)
	})
}

// No more than the limit is sent in a minute, a start of the program between or not.
func TestRate(t *testing.T) {
	srv := startServer(t, "starttls")
	w := newWorld(t, databasetest.SQLite(t), srv.roots)
	w.set(func(s *Settings) { s.Port, s.PerMinute = srv.port, 3 })
	for range 5 {
		w.queue("bob")
	}
	w.drain()
	w.drain()
	if _, err := w.svc.Test(t.Context(), w.admin); !fault.Is(err, fault.Conflict) {
		t.Errorf("a test beyond the limit: %v", err)
	}
	sent, err := w.svc.Log(t.Context(), w.admin, Filter{State: Sent}, "", 10)
	if err != nil || len(sent) != 3 {
		t.Fatalf("%d sent, %v", len(sent), err)
	}
	w.clock.Advance(time.Minute + time.Second)
	w.drain()
	for range 5 {
		srv.next(t)
	}
	page, err := w.svc.Log(t.Context(), w.admin, Filter{User: w.who["bob"]}, "", 4)
	must(t, err)
	rest, err := w.svc.Log(t.Context(), w.admin, Filter{User: w.who["bob"], State: Sent}, page[3].ID, 4)
	if err != nil || len(page) != 4 || len(rest) != 1 {
		t.Errorf("%d and %d, %v", len(page), len(rest), err)
	}
}

func TestSettings(t *testing.T) {
	w := newWorld(t, databasetest.SQLite(t), nil)
	ctx := t.Context()
	good := Settings{Host: "localhost", Port: 587, TLS: StartTLS, User: "attesta", Password: "hush-hush", From: "attesta@example.org", PerMinute: 30}
	for field, changes := range map[string][]func(s *Settings){
		"host":       {func(s *Settings) { s.Host = "" }, func(s *Settings) { s.Host = "smtp://mail.example.org" }, func(s *Settings) { s.Host = "a b" }, func(s *Settings) { s.Host = "169.254.169.254" }, func(s *Settings) { s.Host = "10.0.0.5" }},
		"port":       {func(s *Settings) { s.Port = 0 }, func(s *Settings) { s.Port = 70000 }},
		"tls":        {func(s *Settings) { s.TLS = "opportunistic" }, func(s *Settings) { s.TLS, s.Host, s.User = Plain, "mail.example.org", "" }},
		"user":       {func(s *Settings) { s.TLS = Plain }, func(s *Settings) { s.User = "a\r\nb" }},
		"from":       {func(s *Settings) { s.From = "" }, func(s *Settings) { s.From = "a@example.org\r\nBcc: everybody@example.org" }, func(s *Settings) { s.From = "a@example.org, b@example.org" }},
		"per_minute": {func(s *Settings) { s.PerMinute = 0 }},
		"password":   {func(s *Settings) { s.Password = "" }},
	} {
		for i, change := range changes {
			s := good
			change(&s)
			err := w.svc.Set(ctx, w.admin, s)
			var f *fault.Error
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("%s %d: %v", field, i, err)
			} else if f, _ = err.(*fault.Error); f != nil && f.Field != field {
				t.Errorf("%s %d is about %s: %v", field, i, f.Field, err)
			}
		}
	}
	must(t, w.svc.Set(ctx, w.admin, good))
	good.Password = ""
	must(t, w.svc.Set(ctx, w.admin, good)) // it stays
	other := good
	other.Host = "127.0.0.1"
	if err := w.svc.Set(ctx, w.admin, other); !fault.Is(err, fault.Invalid) {
		t.Errorf("the password went to another server: %v", err)
	}
	raw, ok, err := server(ctx, w.db.Reader())
	if err != nil || !ok || bytes.Contains(raw.raw, []byte("hush")) || bytes.Contains(raw.password, []byte("hush")) || len(raw.password) == 0 {
		t.Errorf("%+v", raw)
	}
	for _, role := range []access.Role{access.ComplianceManager, access.Responder, access.Auditor} {
		if err := w.svc.Set(ctx, access.Principal{UserID: "usr_x", Role: role}, good); !fault.Is(err, fault.Forbidden) {
			t.Errorf("%s set it: %v", role, err)
		}
	}
	stale := w.admin
	stale.Stale = true
	if err := w.svc.Set(ctx, stale, good); !access.NeedsProof(err) {
		t.Errorf("without proof: %v", err)
	}
	list, err := w.log.Records(ctx, ledger.Filter{Type: "mail.set", Limit: 1})
	must(t, err)
	must(t, checkSet(ctx, w.db.Reader(), list[0]))
	must(t, w.db.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE notify_mail SET settings = '{"host":"evil.example","port":25}'`)
		return err
	}))
	if err := checkSet(ctx, w.db.Reader(), list[0]); !fault.Is(err, fault.Refused) {
		t.Errorf("a changed row: %v", err)
	}
	must(t, w.svc.Remove(ctx, w.admin))
	if ready, err := w.svc.Ready(ctx); ready || err != nil {
		t.Errorf("removed, and ready: %v %v", ready, err)
	}
	must(t, w.svc.Drain(ctx, w.letter))
}

// What people and hosts are called reaches no header and no line of its own.
func TestHeaders(t *testing.T) {
	w := newWorld(t, databasetest.SQLite(t), nil)
	set := Settings{Host: "localhost", From: `"A, B" <a@example.org>`}
	for _, to := range []string{"a@example.org\r\nBcc: b@example.org", "a@example.org, b@example.org", "", "a", "a@b c"} {
		if _, err := w.svc.message(set, "snd_1", Letter{To: to}); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", to, err)
		}
	}
	evil := "x\r\nBcc: b@example.org\r\n\r\nhello"
	msg, err := w.svc.message(set, "snd_1", Letter{To: "a@example.org", Subject: evil, Lead: "Lead", Items: []Item{{Title: evil + "\x00\x1b[31m", Link: "/x"}}})
	must(t, err)
	var b bytes.Buffer
	_, err = msg.WriteTo(&b)
	must(t, err)
	head, text := parts(t, b.Bytes())
	if head.Get("Bcc") != "" || !strings.Contains(text["text/plain"], "- x  Bcc: b@example.org    hello") || strings.ContainsAny(text["text/plain"], "\x00\x1b") {
		t.Errorf("%v\n%s", head, text["text/plain"])
	}
}
