package webhook

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/dial"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/jobs"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/base/sealed"
)

var (
	admin  = access.Principal{UserID: "usr_1", Role: access.Administrator}
	viewer = access.Principal{UserID: "usr_2", Role: access.Viewer}
)

// world is a service with a clock that stands, and a receiver on this host that
// the configuration allows.
type world struct {
	*testing.T
	db    *database.DB
	log   *ledger.Log
	clock *clock.Manual
	jobs  *jobs.Runner
	svc   *Service
	hook  *httptest.Server

	mu     sync.Mutex
	got    []received                                   // guarded by mu
	answer func(w http.ResponseWriter, r *http.Request) // guarded by mu; nil: 204
}

type received struct {
	header http.Header
	body   []byte
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newWorld(t *testing.T, db *database.DB, change ...func(*Config, *dial.Config)) *world {
	t.Helper()
	w := &world{T: t, db: db, clock: clock.NewManual(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))}
	w.hook = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		w.mu.Lock()
		w.got = append(w.got, received{r.Header, b})
		answer := w.answer
		w.mu.Unlock()
		if answer == nil {
			rw.WriteHeader(http.StatusNoContent)
			return
		}
		answer(rw, r)
	}))
	t.Cleanup(w.hook.Close)
	dir := t.TempDir()
	var err error
	w.log, err = ledger.Open(t.Context(), ledger.Config{DB: db, Dir: filepath.Join(dir, "log"), KeyFile: filepath.Join(dir, "key"), Clock: w.clock.Now})
	must(t, err)
	t.Cleanup(func() { w.log.Close() })
	key, err := sealed.Open(filepath.Join(dir, "sealed.key"))
	must(t, err)
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	w.jobs, err = jobs.New(t.Context(), jobs.Config{DB: db, Logger: quiet, Poll: 20 * time.Millisecond})
	must(t, err)
	cfg := Config{DB: db, Ledger: w.log, Key: key, Jobs: w.jobs, Site: "https://attesta.example", Version: "test", Clock: w.clock.Now, Logger: quiet, Limit: 2 * time.Second}
	dc := dial.Config{Allow: []string{"127.0.0.1"}}
	for _, f := range change {
		f(&cfg, &dc)
	}
	cfg.Dialer, err = dial.New(dc)
	must(t, err)
	w.svc, err = New(cfg)
	must(t, err)
	return w
}

func (w *world) answers(f func(w http.ResponseWriter, r *http.Request)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answer = f
}

func (w *world) received() []received {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]received(nil), w.got...)
}

// add adds a webhook to an address, "" for the receiver's.
func (w *world) add(address string, f Format) (Webhook, string) {
	w.Helper()
	if address == "" {
		address = w.hook.URL + "/services/T0/hush"
	}
	h, secret, err := w.svc.Add(w.Context(), admin, Settings{Name: "on call " + strconv.Itoa(int(time.Now().UnixNano())), URL: address, Format: f, Events: []string{"finding.opened", "health.failing"}})
	must(w.T, err)
	return h, secret
}

func opened(n int) []Event {
	var all []Event
	for i := range n {
		all = append(all, Event{Type: "finding.opened", Ref: fmt.Sprintf("F-%d", i+1), Object: fmt.Sprintf("fnd_%d", i), Title: "Root <may> log in & more: web-1", Severity: "high",
			Link: fmt.Sprintf("/findings/F-%d", i+1), At: time.Date(2026, 3, 2, 8, 59, 0, 0, time.UTC), Record: int64(i)})
	}
	return all
}

func (w *world) raise(events ...Event) {
	w.Helper()
	must(w.T, w.db.Tx(w.Context(), func(tx *sql.Tx) error { return w.svc.Raise(w.Context(), tx, events) }))
}

func (w *world) messages(id string) []Message {
	w.Helper()
	list, err := w.svc.Messages(w.Context(), admin, id, "", "", 100)
	must(w.T, err)
	return list
}

func (w *world) webhook(id string) Webhook {
	w.Helper()
	h, err := w.svc.Get(w.Context(), admin, id)
	must(w.T, err)
	return h
}

func (w *world) last(m Message) Attempt {
	w.Helper()
	all, err := w.svc.Attempts(w.Context(), admin, m.ID)
	must(w.T, err)
	if len(all) == 0 {
		w.Fatalf("no attempt of %+v", m)
	}
	return all[len(all)-1]
}

// records gives the types of the ledger's entries about a subject.
func (w *world) records(subject string) map[string]int {
	w.Helper()
	list, err := w.log.Records(w.Context(), ledger.Filter{Subject: subject, Limit: 1000})
	must(w.T, err)
	n := map[string]int{}
	for _, r := range list {
		n[r.Type]++
	}
	return n
}

// bound holds every entry about a subject against its rows.
func (w *world) bound(subject string) {
	w.Helper()
	list, err := w.log.Records(w.Context(), ledger.Filter{Subject: subject, Limit: 1000})
	must(w.T, err)
	for _, r := range list {
		for _, b := range Bindings() {
			if b.Name == r.Type {
				must(w.T, b.Check(w.Context(), w.db.Reader(), r))
			}
		}
	}
}

// From the transaction that raises it to the receiver, through the jobs, with a
// signature that holds by the specification's own words.
func TestDelivered(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		h, secret := w.add("", Attesta)
		w.raise(opened(60)...)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- w.jobs.Run(ctx) }()
		for end := time.Now().Add(20 * time.Second); len(w.received()) == 0 && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		}
		for end := time.Now().Add(20 * time.Second); w.messages(h.ID)[0].State != Delivered && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		}
		stop()
		must(t, <-done)
		got := w.received()
		if len(got) != 1 {
			t.Fatalf("%d requests for one message", len(got))
		}
		m := w.messages(h.ID)[0]
		head := got[0].header
		at, err := strconv.ParseInt(head.Get("webhook-timestamp"), 10, 64)
		must(t, err)
		want, err := Sign(head.Get("webhook-id"), time.Unix(at, 0), got[0].body, secret)
		must(t, err)
		if head.Get("webhook-signature") != want || head.Get("webhook-id") != m.ID || m.State != Delivered || m.Attempts != 1 || m.Items != 60 {
			t.Errorf("header %v, message %+v", head, m)
		}
		var b body
		must(t, json.Unmarshal(got[0].body, &b))
		if b.Type != "finding.opened" || b.Data.Count != 60 || b.Data.More != 10 || len(b.Data.Items) != 50 || b.Data.Items[0].Link != "https://attesta.example/findings/F-1" || b.Data.Link != "https://attesta.example/findings" {
			t.Errorf("body: %s", got[0].body)
		}
		if a := w.last(m); a.Status != 204 || a.Trouble != "" || a.By != "system" {
			t.Errorf("attempt: %+v", a)
		}
		if n := w.records(h.ID); n["webhook.set"] != 1 || n["webhook.delivered"] != 1 {
			t.Errorf("records: %v", n)
		}
		w.bound(h.ID)
		var box, address []byte
		must(t, db.Reader().QueryRowContext(t.Context(), `SELECT secret, url FROM notify_webhook`).Scan(&box, &address))
		if bytes.Contains(box, []byte(secret[8:])) || bytes.Contains(address, []byte("hush")) || strings.Contains(h.Place, "hush") {
			t.Error("a secret is not sealed, or shown")
		}
		list, err := w.log.Records(t.Context(), ledger.Filter{Limit: 100})
		must(t, err)
		for _, r := range list {
			if s := fmt.Sprint(r.Data); strings.Contains(s, "hush") || strings.Contains(s, "127.0.0.1") {
				t.Errorf("an entry holds an address: %s", s)
			}
		}
	})
}

// The example of the specification (Standard Webhooks 1.0.0, section signature
// scheme), and the reference implementation's test vector.
func TestSign(t *testing.T) {
	got, err := Sign("msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	must(t, err)
	if got != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" {
		t.Errorf("%s", got)
	}
	if _, err := Sign("m", time.Unix(1, 0), nil, "whsec_short"); err == nil {
		t.Error("a short secret signs")
	}
}

func TestRotation(t *testing.T) {
	w := newWorld(t, databasetest.SQLite(t))
	h, first := w.add("", Attesta)
	_, second, err := w.svc.Rotate(t.Context(), admin, h.ID)
	must(t, err)
	if first == second {
		t.Fatal("the secret stayed")
	}
	for _, want := range [][]string{{second, first}, {second}} {
		w.raise(opened(1)...)
		must(t, w.svc.Deliver(t.Context(), h.ID))
		got := w.received()
		r := got[len(got)-1]
		signature, err := Sign(r.header.Get("webhook-id"), w.clock.Now(), r.body, want...)
		must(t, err)
		if r.header.Get("webhook-signature") != signature {
			t.Errorf("signed %q, want %d signatures", r.header.Get("webhook-signature"), len(want))
		}
		w.clock.Advance(Rotation)
	}
	w.bound(h.ID)
}

// What fails is tried again with growing pauses over a day, then given up, and
// the webhook is paused with an entry by which people are told.
func TestGrowingPausesThenPaused(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		h, _ := w.add("", Attesta)
		w.answers(func(rw http.ResponseWriter, _ *http.Request) {
			http.Error(rw, "no room\x00", http.StatusServiceUnavailable)
		})
		began := w.clock.Now()
		w.raise(opened(1)...)
		var pauses []time.Duration
		for w.webhook(h.ID).PausedAt.IsZero() && len(pauses) < 40 {
			must(t, w.svc.Deliver(t.Context(), h.ID))
			m := w.messages(h.ID)[0]
			if m.State != Waiting {
				break
			}
			next := laterOf(m.NextAt, w.webhook(h.ID).RetryAt)
			pauses = append(pauses, next.Sub(w.clock.Now()))
			must(t, w.svc.Deliver(t.Context(), h.ID)) // not before its time
			w.clock.Advance(next.Sub(w.clock.Now()))
		}
		m, h := w.messages(h.ID)[0], w.webhook(h.ID)
		took := w.clock.Now().Sub(began)
		if m.State != Failed || h.PausedAt.IsZero() || h.State() != "paused" || took > GiveUp || took < GiveUp-8*time.Hour {
			t.Fatalf("after %s: %+v, %+v, pauses %v", took, m, h, pauses)
		}
		if n := len(w.received()); int64(n) != m.Attempts || n < 8 || n > 14 {
			t.Errorf("%d requests, %d attempts, pauses %v", n, m.Attempts, pauses)
		}
		if pauses[0] < 8*time.Second || pauses[0] > 12*time.Second || pauses[5] < 10*pauses[2] {
			t.Errorf("pauses do not grow: %v", pauses)
		}
		if a := w.last(m); a.Status != 503 || !strings.Contains(a.Answer, "no room·") {
			t.Errorf("attempt: %+v", a)
		}
		if n := w.records(h.ID); n["webhook.failed"] != 1 || n["webhook.paused"] != 1 {
			t.Errorf("records: %v", n)
		}

		// What happens meanwhile is held, and released when it is sent to again.
		w.raise(opened(2)...)
		must(t, w.svc.Deliver(t.Context(), h.ID))
		if got := w.messages(h.ID)[0]; got.State != Held || got.Attempts != 0 {
			t.Errorf("while paused: %+v", got)
		}
		w.answers(nil)
		must(t, w.svc.Resume(t.Context(), admin, h.ID))
		must(t, w.svc.Deliver(t.Context(), h.ID))
		if got := w.messages(h.ID)[0]; got.State != Delivered || w.webhook(h.ID).State() != "in use" {
			t.Errorf("resumed: %+v", got)
		}
		// What was given up is sent once more by hand, with its id.
		a, err := w.svc.Again(t.Context(), admin, m.ID)
		must(t, err)
		if again := w.messages(h.ID)[1]; a.Status != 204 || again.State != Delivered || again.ID != m.ID || w.last(again).By != admin.UserID {
			t.Errorf("by hand: %+v, %+v", a, again)
		}
		w.bound(h.ID)
	})
}

// A receiver that answers nothing costs one attempt, whatever waits for it.
func TestDeadReceiverCostsOneAttempt(t *testing.T) {
	w := newWorld(t, databasetest.SQLite(t), func(c *Config, _ *dial.Config) { c.Limit = 500 * time.Millisecond })
	h, _ := w.add("", Attesta)
	hang := make(chan struct{})
	defer close(hang)
	w.answers(func(http.ResponseWriter, *http.Request) { <-hang })
	for range 20 {
		w.raise(opened(1)...)
	}
	must(t, w.svc.Deliver(t.Context(), h.ID))
	if n := len(w.received()); n != 1 {
		t.Errorf("%d attempts", n)
	}
	if a := w.last(w.messages(h.ID)[19]); a.Trouble != "no answer in time" || a.Status != 0 {
		t.Errorf("%+v", a)
	}
	var queued int
	must(t, w.db.Reader().QueryRowContext(t.Context(), `SELECT COUNT(*) FROM river_job WHERE kind = 'webhook-deliveries' AND state IN ('available', 'scheduled')`).Scan(&queued))
	if queued > 2 {
		t.Errorf("%d jobs are queued for one receiver", queued)
	}
}

func TestHostileReceivers(t *testing.T) {
	self := httptest.NewTLSServer(http.NotFoundHandler())
	defer self.Close()
	rebind := &rebinding{}
	w := newWorld(t, databasetest.SQLite(t), func(c *Config, d *dial.Config) {
		c.Limit, d.Timeout, d.Resolver = 2*time.Second, time.Second, rebind
	})
	reached := false
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer elsewhere.Close()
	endless := func(rw http.ResponseWriter, _ *http.Request) {
		chunk := bytes.Repeat([]byte("A"), 64<<10)
		for range 10_000 { // 640 MB, if anybody read it
			if _, err := rw.Write(chunk); err != nil {
				return
			}
		}
	}
	for name, tc := range map[string]struct {
		address string
		answer  func(http.ResponseWriter, *http.Request)
		state   State
		says    string
	}{
		"redirect to the metadata service": {"", func(rw http.ResponseWriter, r *http.Request) {
			http.Redirect(rw, r, "http://169.254.169.254/latest/meta-data/", http.StatusTemporaryRedirect)
		}, Waiting, "it answered 307; a redirect is not followed"},
		"redirect to another server": {"", func(rw http.ResponseWriter, r *http.Request) {
			http.Redirect(rw, r, elsewhere.URL, http.StatusMovedPermanently)
		}, Waiting, "redirect is not followed"},
		"an answer without end": {"", endless, Delivered, ""},
		"a slow answer": {"", func(rw http.ResponseWriter, r *http.Request) {
			rw.WriteHeader(http.StatusOK)
			for range 1000 {
				if _, err := rw.Write([]byte("x")); err != nil {
					return
				}
				rw.(http.Flusher).Flush()
				time.Sleep(20 * time.Millisecond)
			}
		}, Waiting, "it answered 200, and then broke off: no answer in time"},
		"a head without end": {"", func(rw http.ResponseWriter, r *http.Request) {
			rw.Header().Set("X-Long", strings.Repeat("a", 1<<20))
		}, Waiting, "the head of its answer is too long"},
		"a line of nonsense": {"", func(rw http.ResponseWriter, r *http.Request) {
			conn, _, _ := rw.(http.Hijacker).Hijack()
			_, _ = conn.Write([]byte("\x00\x01 nonsense\r\n\r\n"))
			_ = conn.Close()
		}, Waiting, "the connection broke off"},
		"it is gone":               {"", func(rw http.ResponseWriter, r *http.Request) { rw.WriteHeader(http.StatusGone) }, Failed, "it answered 410: gone"},
		"an unknown authority":     {self.URL, nil, Waiting, "signed by an authority"},
		"plain where TLS is meant": {strings.Replace(w.hook.URL, "http:", "https:", 1), nil, Waiting, "does not speak TLS"},
		"a name that leads inside": {"http://rebind.example/x", nil, Failed, "which is not dialled"},
		"nobody listens":           {"http://127.0.0.1:1/x", nil, Waiting, "does not answer"},
	} {
		w.answers(tc.answer)
		h, _ := w.add(tc.address, Attesta)
		w.raise(Event{Type: "health.failing", Ref: "disk.full", Object: "disk.full", Title: "The disk is full", Link: "/settings/health", At: w.clock.Now()})
		began := time.Now()
		must(t, w.svc.Deliver(t.Context(), h.ID))
		m := w.messages(h.ID)[0]
		a := w.last(m)
		if m.State != tc.state || !strings.Contains(a.Trouble, tc.says) || tc.says == "" && a.Trouble != "" {
			t.Errorf("%s: %s, %+v", name, m.State, a)
		}
		if len(a.Answer) > 3*maxAnswer || time.Since(began) > 5*time.Second {
			t.Errorf("%s: %d bytes kept, after %s", name, len(a.Answer), time.Since(began))
		}
		if strings.Contains(a.Trouble, "hush") {
			t.Errorf("%s: the trouble shows the address: %s", name, a.Trouble)
		}
		must(t, w.svc.Remove(t.Context(), admin, h.ID))
	}
	if reached {
		t.Error("a redirect was followed")
	}
}

// rebinding says a public address when the webhook is set, and one inside when
// it is dialled.
type rebinding struct{ asked int }

func (r *rebinding) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	r.asked++
	if r.asked == 1 {
		return []netip.Addr{netip.MustParseAddr("93.184.215.14")}, nil
	}
	return []netip.Addr{netip.MustParseAddr("10.0.0.7")}, nil
}

func TestSlack(t *testing.T) {
	w := newWorld(t, databasetest.SQLite(t))
	h, _ := w.add("", Slack)
	w.raise(opened(1)...)
	w.clock.Advance(time.Second) // the first is sent first
	w.raise(opened(1000)...)
	must(t, w.svc.Deliver(t.Context(), h.ID))
	var one, many struct {
		Text   string
		Blocks []struct {
			Type string
			Text struct{ Type, Text string }
		}
	}
	got := w.received()
	must(t, json.Unmarshal(got[0].body, &one))
	must(t, json.Unmarshal(got[1].body, &many))
	if one.Text != "Root &lt;may&gt; log in &amp; more: web-1" || one.Blocks[0].Text.Text != "*<https://attesta.example/findings/F-1|Root &lt;may&gt; log in &amp; more: web-1>*" {
		t.Errorf("%s", got[0].body)
	}
	if many.Text != "1000 findings opened" || !strings.HasSuffix(many.Blocks[1].Text.Text, "and 990 more") || len(many.Blocks[1].Text.Text) > 3000 {
		t.Errorf("%s", got[1].body)
	}
}

func TestRefusals(t *testing.T) {
	w := newWorld(t, databasetest.SQLite(t))
	ctx := t.Context()
	good := Settings{Name: "x", URL: "https://93.184.215.14/x", Format: Attesta, Events: []string{"finding.opened"}}
	first, _, err := w.svc.Add(ctx, admin, good)
	must(t, err)
	add := func(p access.Principal, change func(*Settings)) error {
		s := good
		s.Name = "y"
		change(&s)
		_, _, err := w.svc.Add(ctx, p, s)
		return err
	}
	same := func(*Settings) {}
	for name, tc := range map[string]struct {
		err   error
		kind  fault.Kind
		field string
	}{
		"a viewer":          {add(viewer, same), fault.Forbidden, ""},
		"nobody":            {add(access.Principal{}, same), fault.Unauthenticated, ""},
		"no name":           {add(admin, func(s *Settings) { s.Name = " " }), fault.Invalid, "name"},
		"the same name":     {add(admin, func(s *Settings) { s.Name = "x" }), fault.Conflict, "name"},
		"no address":        {add(admin, func(s *Settings) { s.URL = "" }), fault.Invalid, "url"},
		"a file":            {add(admin, func(s *Settings) { s.URL = "file:///etc/passwd" }), fault.Invalid, "url"},
		"gopher":            {add(admin, func(s *Settings) { s.URL = "gopher://x/" }), fault.Invalid, "url"},
		"a password in it":  {add(admin, func(s *Settings) { s.URL = "https://u:hush@x.example/" }), fault.Invalid, "url"},
		"a port of nothing": {add(admin, func(s *Settings) { s.URL = "https://x.example:99999/" }), fault.Invalid, "url"},
		"this host":         {add(admin, func(s *Settings) { s.URL = "http://[::1]:7373/" }), fault.Invalid, "url"},
		"metadata":          {add(admin, func(s *Settings) { s.URL = "http://169.254.169.254/latest" }), fault.Invalid, "url"},
		"metadata, mapped":  {add(admin, func(s *Settings) { s.URL = "http://[::ffff:a9fe:a9fe]/latest" }), fault.Invalid, "url"},
		"another format":    {add(admin, func(s *Settings) { s.Format = "xml" }), fault.Invalid, "format"},
		"no events":         {add(admin, func(s *Settings) { s.Events = nil }), fault.Invalid, "events"},
		"another event":     {add(admin, func(s *Settings) { s.Events = []string{"user.login"} }), fault.Invalid, "events"},
		"pause by a viewer": {w.svc.Pause(ctx, viewer, first.ID), fault.Forbidden, ""},
		"resume in use":     {w.svc.Resume(ctx, admin, first.ID), fault.Conflict, ""},
		"remove unknown":    {w.svc.Remove(ctx, admin, "whk_0"), fault.NotFound, ""},
		"test by a viewer":  {func() error { _, err := w.svc.Test(ctx, viewer, first.ID); return err }(), fault.Forbidden, ""},
	} {
		var f *fault.Error
		if !fault.Is(tc.err, tc.kind) {
			t.Errorf("%s: %v, want kind %s", name, tc.err, tc.kind)
		} else if f = tc.err.(*fault.Error); tc.field != "" && f.Field != tc.field || strings.Contains(f.Error()+f.Hint, "hush") {
			t.Errorf("%s: %v at %q (%s)", name, f, f.Field, f.Hint)
		}
	}
}

// The test button sends at once, also to one that is paused, and never again by itself.
func TestTest(t *testing.T) {
	w := newWorld(t, databasetest.SQLite(t))
	h, _ := w.add("", Attesta)
	a, err := w.svc.Test(t.Context(), admin, h.ID)
	must(t, err)
	if a.Status != 204 || a.Trouble != "" || w.messages(h.ID)[0].State != Delivered {
		t.Errorf("%+v", a)
	}
	must(t, w.svc.Pause(t.Context(), admin, h.ID))
	w.clock.Advance(time.Second) // the log is newest first
	w.answers(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusTeapot) })
	if a, err = w.svc.Test(t.Context(), admin, h.ID); err != nil || a.Trouble != "it answered 418" {
		t.Errorf("%+v, %v", a, err)
	}
	if m := w.messages(h.ID)[0]; m.State != Failed {
		t.Errorf("a test waits to be tried again: %+v", m)
	}
}

// A changed row is found.
func TestBound(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		h, _ := w.add("", Attesta)
		w.raise(opened(1)...)
		must(t, w.svc.Deliver(t.Context(), h.ID))
		w.bound(h.ID)
		list, err := w.log.Records(t.Context(), ledger.Filter{Subject: h.ID, Limit: 10})
		must(t, err)
		wrong := func(typ, statement string) {
			t.Helper()
			must(t, db.Tx(t.Context(), func(tx *sql.Tx) error { _, err := tx.ExecContext(t.Context(), statement); return err }))
			for _, r := range list {
				for _, b := range Bindings() {
					if b.Name == typ && r.Type == typ {
						if err := b.Check(t.Context(), db.Reader(), r); !fault.Is(err, fault.Refused) {
							t.Errorf("%s: %v", statement, err)
						}
					}
				}
			}
		}
		wrong("webhook.delivered", `UPDATE notify_message SET state = 'failed'`)
		wrong("webhook.set", `UPDATE notify_webhook SET events = '["finding.closed"]'`)
	})
}
