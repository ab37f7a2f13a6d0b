package notify

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/dial"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/health"
	"github.com/attesta/attesta/internal/base/jobs"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/base/sealed"
	"github.com/attesta/attesta/internal/notify/webhook"
)

// world is a deployment with a user of some roles, whose records mean what the
// test says.
type world struct {
	*testing.T
	db    *database.DB
	log   *ledger.Log
	clock *clock.Manual
	who   map[string]access.Principal
	svc   *Service
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newWorld(t *testing.T, db *database.DB) *world {
	t.Helper()
	w := &world{T: t, db: db, clock: clock.NewManual(time.Date(2026, 3, 3, 21, 30, 0, 0, time.UTC)), who: map[string]access.Principal{}}
	dir := t.TempDir()
	var err error
	w.log, err = ledger.Open(t.Context(), ledger.Config{DB: db, Dir: filepath.Join(dir, "log"), KeyFile: filepath.Join(dir, "key"), Clock: w.clock.Now})
	must(t, err)
	t.Cleanup(func() { w.log.Close() })
	acc, err := access.New(access.Config{DB: db, Ledger: w.log, Clock: w.clock.Now})
	must(t, err)
	for login, role := range map[string]access.Role{"ada": access.Administrator, "cleo": access.ComplianceManager, "cory": access.ComplianceManager, "rex": access.Responder, "tom": access.Training} {
		u, err := acc.AddUser(t.Context(), access.System(), access.NewUser{Login: login, Name: "Name of " + login, Email: login + "@example.org", Role: role})
		must(t, err)
		w.who[login] = access.Principal{UserID: u.ID, Role: role}
	}
	w.svc, err = New(Config{DB: db, Ledger: w.log, Access: acc, Clock: w.clock.Now, Read: func(_ context.Context, rec ledger.Record) ([]Happening, error) {
		if rec.Type != "finding.opened" {
			return nil, nil
		}
		return []Happening{{Kind: "finding.opened", Event: "finding.opened", Object: rec.Subject, Title: "opened " + rec.Subject, Link: "/findings/" + rec.Subject, Instead: onCall}}, nil
	}})
	must(t, err)
	return w
}

// number lets the sequencer give positions to what was recorded.
func (w *world) number() {
	w.Helper()
	ctx, cancel := context.WithCancel(w.Context())
	done := make(chan error, 1)
	go func() { done <- w.log.Run(ctx) }()
	defer func() { cancel(); <-done }()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		st, err := w.log.Status(w.Context())
		must(w.T, err)
		if st.Waiting == 0 && st.Size > 0 {
			return
		}
		w.log.Wake()
		if time.Now().After(end) {
			w.Fatal("nothing is numbered")
		}
	}
}

// open records findings, from one number on.
func (w *world) open(from, n int) {
	w.Helper()
	var entries []ledger.Entry
	for i := range n {
		entries = append(entries, ledger.Entry{Type: "finding.opened", Stream: "hosts", Actor: "system", Subject: fmt.Sprintf("fnd_%d", from+i)})
	}
	must(w.T, w.db.Tx(w.Context(), func(tx *sql.Tx) error { _, err := w.log.AppendAll(w.Context(), tx, entries...); return err }))
}

func (w *world) steps() {
	w.Helper()
	for {
		n, err := w.svc.Step(w.Context())
		must(w.T, err)
		if n == 0 {
			return
		}
	}
}

func (w *world) inbox(login string) []Notice {
	w.Helper()
	list, err := w.svc.List(w.Context(), w.who[login], false, "", "", 100)
	must(w.T, err)
	return list
}

// A thousand findings at once are one notice that counts them, also when the
// first few were told before; each record is told once.
func TestStorm(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		w.open(0, 1)
		w.number()
		w.steps() // what was there before is not told
		if n := w.inbox("rex"); len(n) != 0 {
			t.Fatalf("history was told: %+v", n)
		}
		w.open(1, 3)
		w.number()
		w.steps()
		if n := w.inbox("rex"); len(n) != 3 || n[0].Count != 1 || n[0].Link == "/findings" {
			t.Fatalf("three: %+v", n)
		}
		w.open(4, 997)
		w.number()
		changed := w.svc.Changed()
		w.steps()
		n := w.inbox("rex")
		if len(n) != 1 || n[0].Count != 1000 || n[0].Title != "1000 findings opened" || n[0].Link != "/findings" {
			t.Fatalf("a thousand: %d notices, %+v", len(n), n)
		}
		select {
		case <-changed:
		default:
			t.Error("nobody was woken")
		}
		w.steps()
		if again := w.inbox("rex"); again[0].Count != 1000 {
			t.Errorf("told twice: %+v", again)
		}
		for _, login := range []string{"ada", "cleo", "tom"} {
			if other := w.inbox(login); len(other) != 0 {
				t.Errorf("%s was told as well: %+v", login, other)
			}
		}
		read, err := w.svc.MarkRead(t.Context(), w.who["rex"], n[0].ID)
		must(t, err)
		if left, err := w.svc.Unread(t.Context(), w.who["rex"]); err != nil || left != 0 || read != 1 {
			t.Errorf("%d read, %d left, %v", read, left, err)
		}
	})
}

func TestConcerned(t *testing.T) {
	w := newWorld(t, databasetest.SQLite(t))
	users, err := w.svc.cfg.Access.Users(t.Context(), access.System())
	must(t, err)
	for name, tc := range map[string]struct {
		h    Happening
		want []string
	}{
		"nobody owns it":                {Happening{Kind: "finding.opened", Instead: onCall}, []string{"rex"}},
		"owned, by login":               {Happening{Kind: "finding.opened", Owner: "Cleo", Instead: onCall}, []string{"cleo"}},
		"owned, by name":                {Happening{Kind: "finding.opened", Owner: "name of ada", Instead: onCall}, []string{"ada"}},
		"owned by a team":               {Happening{Kind: "finding.opened", Owner: "Platform team", Instead: onCall}, []string{"rex"}},
		"owned by who may not see it":   {Happening{Kind: "finding.opened", Owner: "tom", Instead: onCall}, []string{"rex"}},
		"owned by a role":               {Happening{Kind: "evidence.due", Owner: "Compliance manager", Instead: manager}, []string{"cleo", "cory"}},
		"approval, not by its author":   {Happening{Kind: "approval.asked", May: []access.Action{access.WaiverApprove}, Except: w.who["cleo"].UserID}, []string{"ada", "cory"}},
		"sent back to its author":       {Happening{Kind: "evidence.sent_back", Users: []string{w.who["rex"].UserID}}, []string{"rex"}},
		"a kind that nobody is told":    {Happening{Event: "finding.closed", Instead: onCall}, nil},
		"administrators, of the backup": {Happening{Kind: "health.failing", May: []access.Action{access.SettingsEdit}}, []string{"ada"}},
	} {
		var got []string
		for _, id := range concerned(users, tc.h) {
			for login, p := range w.who {
				if p.UserID == id {
					got = append(got, login)
				}
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, tc.want) {
			t.Errorf("%s: %v, want %v", name, got, tc.want)
		}
	}
}

func TestDue(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339, s)
		must(t, err)
		return v.UTC()
	}
	berlin := Choices{Zone: "Europe/Berlin", Quiet: true, QuietFrom: 22 * 60, QuietTo: 7 * 60, DigestAt: 8 * 60}
	loud := berlin
	loud.Urgent = true
	for name, tc := range map[string]struct {
		c      Choices
		way    Way
		urgent bool
		now    string
		last   time.Time
		want   string
	}{
		"at once settles":           {Usual(), AtOnce, false, "2026-03-03T21:30:00Z", time.Time{}, "2026-03-03T21:31:00Z"},
		"not sooner than ten":       {Usual(), AtOnce, false, "2026-03-03T21:30:00Z", at("2026-03-03T21:29:00Z"), "2026-03-03T21:39:00Z"},
		"quiet over midnight":       {berlin, AtOnce, false, "2026-03-03T21:30:00Z", time.Time{}, "2026-03-04T06:00:00Z"},
		"quiet, urgent, not asked":  {berlin, AtOnce, true, "2026-03-03T21:30:00Z", time.Time{}, "2026-03-04T06:00:00Z"},
		"quiet, urgent, allowed":    {loud, AtOnce, true, "2026-03-03T21:30:00Z", time.Time{}, "2026-03-03T21:31:00Z"},
		"quiet, not urgent":         {loud, AtOnce, false, "2026-03-03T21:30:00Z", time.Time{}, "2026-03-04T06:00:00Z"},
		"before the quiet hours":    {berlin, AtOnce, false, "2026-03-03T20:30:00Z", time.Time{}, "2026-03-03T20:31:00Z"},
		"daily at eight there":      {berlin, Daily, false, "2026-03-03T21:30:00Z", time.Time{}, "2026-03-04T07:00:00Z"},
		"daily, clocks put forward": {berlin, Daily, false, "2026-03-28T21:30:00Z", time.Time{}, "2026-03-29T06:00:00Z"},
		"weekly on Monday":          {berlin, Weekly, false, "2026-03-03T21:30:00Z", time.Time{}, "2026-03-09T07:00:00Z"},
		"inbox only":                {berlin, InboxOnly, true, "2026-03-03T21:30:00Z", time.Time{}, ""},
	} {
		got := tc.c.due(tc.way, tc.urgent, at(tc.now), tc.last)
		if tc.want == "" && !got.IsZero() || tc.want != "" && !got.Equal(at(tc.want)) {
			t.Errorf("%s: %s, want %s", name, got, tc.want)
		}
	}
}

// Choices hold for what happens from then on, are recorded without what they
// say, and a changed row is found.
func TestChoices(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		ctx, rex := t.Context(), w.who["rex"]
		for name, c := range map[string]Choices{
			"a kind": {Ways: map[string]Way{"x": AtOnce}}, "a way": {Ways: map[string]Way{"finding.opened": "fax"}}, "a zone": {Zone: "Mars/Base"}, "an hour": {DigestAt: 1440}, "this machine's zone": {Zone: "Local"},
		} {
			if err := w.svc.Choose(ctx, rex, c); !fault.Is(err, fault.Invalid) {
				t.Errorf("%s that is not: %v", name, err)
			}
		}
		c := Usual()
		c.Ways = map[string]Way{"finding.opened": AtOnce}
		must(t, w.svc.Choose(ctx, rex, c))
		must(t, w.svc.Say(ctx, Happening{Kind: "finding.opened", Key: "once", Object: "x", Title: "x", Link: "/findings/x", Instead: onCall}))
		must(t, w.svc.Say(ctx, Happening{Kind: "finding.opened", Key: "once", Object: "y", Title: "y", Link: "/findings/y", Instead: onCall}))
		if n := w.inbox("rex"); len(n) != 1 || n[0].Way != AtOnce || !n[0].DueAt.Equal(w.clock.Now().Add(settle)) {
			t.Errorf("%+v", n)
		}
		list, err := w.log.Records(ctx, ledger.Filter{Type: "notice.chosen", Limit: 1})
		must(t, err)
		must(t, checkChosen(ctx, db.Reader(), list[0]))
		must(t, db.Tx(ctx, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, `UPDATE notify_person SET choices = '{}'`)
			return err
		}))
		if err := checkChosen(ctx, db.Reader(), list[0]); !fault.Is(err, fault.Refused) {
			t.Errorf("a changed row: %v", err)
		}
		if _, err := w.svc.MarkRead(ctx, w.who["ada"], w.inbox("rex")[0].ID); err != nil || len(w.inbox("rex")) != 1 {
			t.Errorf("somebody else marked it: %v", err)
		}
	})
}

// A check that fails twice in a row is told once, its recovery too.
func TestWatch(t *testing.T) {
	w := newWorld(t, databasetest.SQLite(t))
	bad := true
	watch := &Watch{Service: w.svc, Report: func(context.Context, access.Principal) (health.Report, error) {
		r := health.Pass("fine")
		if bad {
			r = health.Fail("mend it", "broken")
		}
		return health.Report{Lines: []health.Line{{Name: "backup.age", Result: r}}}, nil
	}}
	for i, want := range []int{0, 1, 1} {
		must(t, watch.Look(t.Context()))
		if n := w.inbox("ada"); len(n) != want {
			t.Fatalf("look %d: %+v", i, n)
		}
	}
	bad = false
	must(t, watch.Look(t.Context()))
	bad = true
	for range 2 {
		must(t, watch.Look(t.Context()))
	}
	if n := w.inbox("ada"); len(n) != 1 || n[0].Count != 2 {
		t.Errorf("it fails again: %+v", n)
	}
}

// What happened reaches a receiver: signed, in its format, with a link to the
// page here; each record in one message, whatever is asked twice.
func TestReceiver(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		type post struct {
			id, signature, body string
			at                  int64
		}
		got := make(chan post, 10)
		srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			b, _ := io.ReadAll(r.Body)
			at, _ := strconv.ParseInt(r.Header.Get("webhook-timestamp"), 10, 64)
			got <- post{r.Header.Get("webhook-id"), r.Header.Get("webhook-signature"), string(b), at}
		}))
		defer srv.Close()
		quiet := slog.New(slog.DiscardHandler)
		run, err := jobs.New(t.Context(), jobs.Config{DB: db, Logger: quiet})
		must(t, err)
		dialer, err := dial.New(dial.Config{Allow: []string{"127.0.0.1"}})
		must(t, err)
		key, err := sealed.Open(filepath.Join(t.TempDir(), "sealed.key"))
		must(t, err)
		hooks, err := webhook.New(webhook.Config{DB: db, Ledger: w.log, Key: key, Jobs: run, Dialer: dialer, Site: "https://attesta.example", Logger: quiet})
		must(t, err)
		w.svc.cfg.Webhooks = hooks
		_, secret, err := hooks.Add(t.Context(), w.who["ada"], webhook.Settings{Name: "program", URL: srv.URL, Format: webhook.Attesta, Events: []string{"finding.opened"}})
		must(t, err)
		_, _, err = hooks.Add(t.Context(), w.who["ada"], webhook.Settings{Name: "channel", URL: srv.URL, Format: webhook.Slack, Events: []string{"finding.opened"}})
		must(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- run.Run(ctx) }()
		defer func() { cancel(); <-done }()
		w.number()
		w.steps()
		w.open(1, 1)
		w.number()
		w.steps()
		w.steps()
		program, channel := 0, 0
		for range 2 {
			select {
			case p := <-got:
				var said struct {
					Type string
					Data struct {
						Link  string
						Items []webhook.Event
					}
					Text string
				}
				must(t, json.Unmarshal([]byte(p.body), &said))
				if said.Text != "" {
					channel++
					if said.Text != "opened fnd_1" || !strings.Contains(p.body, "<https://attesta.example/findings/fnd_1|") {
						t.Errorf("the channel: %s", p.body)
					}
					continue
				}
				program++
				want, err := webhook.Sign(p.id, time.Unix(p.at, 0), []byte(p.body), secret)
				if err != nil || p.signature != want || said.Type != "finding.opened" || said.Data.Link != "https://attesta.example/findings/fnd_1" || said.Data.Items[0].Record == 0 {
					t.Errorf("the program: %v %s %s", err, p.signature, p.body)
				}
			case <-time.After(30 * time.Second):
				t.Fatal("nothing arrived")
			}
		}
		if program != 1 || channel != 1 || len(got) != 0 {
			t.Errorf("%d to the program, %d to the channel, %d more", program, channel, len(got))
		}
	})
}
