package notify

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/dial"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/base/sealed"
	"github.com/attesta/attesta/internal/judge"
	"github.com/attesta/attesta/internal/notify/mail"
)

// withMail gives the world a mail server that nobody answers for: what goes to
// it waits.
func (w *world) withMail() {
	w.Helper()
	key, err := sealed.Open(filepath.Join(w.TempDir(), "sealed.key"))
	must(w.T, err)
	dialer, err := dial.New(dial.Config{Allow: []string{"localhost"}})
	must(w.T, err)
	w.svc.cfg.Mail, err = mail.New(mail.Config{DB: w.db, Ledger: w.log, Access: w.svc.cfg.Access, Key: key, Dialer: dialer, Site: "https://attesta.example", Clock: w.clock.Now, Logger: slog.New(slog.DiscardHandler)})
	must(w.T, err)
	must(w.T, w.svc.cfg.Mail.Set(w.Context(), w.who["ada"], mail.Settings{Host: "localhost", Port: 1, TLS: mail.StartTLS, From: "a@example.org", PerMinute: 30}))
}

func (w *world) say(kind, object string, urgent bool) {
	w.Helper()
	must(w.T, w.svc.Say(w.Context(), Happening{Kind: kind, Object: object, Title: "About " + object, Link: "/findings/" + object, Urgent: urgent, Users: []string{w.who["rex"].UserID}}))
}

func (w *world) mails(login string) []mail.Sending {
	w.Helper()
	list, err := w.svc.cfg.Mail.Own(w.Context(), w.who[login], 100)
	must(w.T, err)
	return list
}

func (w *world) choose(login string, c Choices) {
	w.Helper()
	must(w.T, w.svc.Choose(w.Context(), w.who[login], c))
}

// One mail takes everything of a person that is due then, and nothing twice;
// what was read, what is due later, and who has left or has no right are not in it.
func TestGather(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		w.withMail()
		ctx := t.Context()
		c := Usual()
		c.Ways = map[string]Way{"finding.opened": AtOnce, "evidence.due": Daily, "evidence.overdue": InboxOnly}
		w.choose("rex", c)
		for _, o := range []string{"a", "b", "read"} {
			w.say("finding.opened", o, o == "b")
		}
		w.say("evidence.due", "c", false)
		w.say("evidence.overdue", "d", false)
		for _, n := range w.inbox("rex") {
			if n.Object == "read" {
				_, err := w.svc.MarkRead(ctx, w.who["rex"], n.ID)
				must(t, err)
			}
		}
		must(t, w.svc.gather(ctx))
		if n := w.mails("rex"); len(n) != 0 {
			t.Fatalf("before it was due: %+v", n)
		}
		w.clock.Advance(settle)
		must(t, w.svc.gather(ctx))
		must(t, w.svc.gather(ctx))
		n := w.mails("rex")
		if len(n) != 1 || n[0].Notices != 2 || n[0].Why != "at_once" {
			t.Fatalf("%+v", n)
		}
		l, err := w.svc.letter(ctx, n[0])
		must(t, err)
		if l.To != "rex@example.org" || len(l.Items) != 2 || l.Items[0].Title != "About b" || !l.Items[0].Urgent || l.Items[1].Link != "/findings/a" || l.Subject != "2 findings opened" || l.Gone != "" {
			t.Errorf("%+v", l)
		}
		w.clock.Advance(11 * time.Hour) // over eight in the morning
		must(t, w.svc.gather(ctx))
		if n = w.mails("rex"); len(n) != 2 || n[0].Why != "daily" || n[0].Notices != 1 {
			t.Fatalf("the digest: %+v", n)
		}
		_, err = w.svc.MarkRead(ctx, w.who["rex"])
		must(t, err)
		if l, err = w.svc.letter(ctx, n[0]); err != nil || l.Gone == "" {
			t.Errorf("all read: %+v, %v", l, err)
		}
		w.say("finding.opened", "e", false)
		w.clock.Advance(time.Hour)
		must(t, w.svc.gather(ctx))
		must(t, w.svc.cfg.Access.Disable(ctx, access.System(), w.who["rex"].UserID))
		if l, err = w.svc.letter(ctx, w.mails("rex")[0]); err != nil || l.Gone != "the account is disabled" {
			t.Errorf("to a leaver: %+v, %v", l, err)
		}
	})
}

// When mail comes: quiet hours hold it back, whenever it was made, until they
// end by the clocks of the person's place.
func TestQuietMail(t *testing.T) {
	berlin := Choices{Zone: "Europe/Berlin", Quiet: true, QuietFrom: 22 * 60, QuietTo: 7 * 60, DigestAt: 8 * 60, Ways: map[string]Way{"finding.opened": AtOnce}}
	loud := berlin
	loud.Urgent = true
	digest := berlin
	digest.Ways = map[string]Way{"finding.opened": Daily}
	half := digest
	half.DigestAt, half.Quiet = 2*60+30, false // not there on the night in March
	for name, tc := range map[string]struct {
		c      Choices
		urgent bool
		at     string // when it happened
		want   string // when a mail of it is first made
	}{
		"in the evening":                  {berlin, false, "2026-03-03T20:50:00Z", "2026-03-03T20:51:00Z"},
		"a minute before quiet":           {berlin, false, "2026-03-03T20:59:30Z", "2026-03-04T06:00:00Z"},
		"at night":                        {berlin, false, "2026-03-04T01:00:00Z", "2026-03-04T06:00:00Z"},
		"at night, urgent, not allowed":   {berlin, true, "2026-03-04T01:00:00Z", "2026-03-04T06:00:00Z"},
		"at night, urgent, allowed":       {loud, true, "2026-03-04T01:00:00Z", "2026-03-04T01:01:00Z"},
		"the night the clocks go forward": {berlin, false, "2026-03-28T23:00:00Z", "2026-03-29T05:00:00Z"},
		"the night the clocks go back":    {berlin, false, "2026-10-24T23:00:00Z", "2026-10-25T06:00:00Z"},
		"digest, clocks forward":          {digest, false, "2026-03-28T12:00:00Z", "2026-03-29T06:00:00Z"},
		"digest, clocks back":             {digest, false, "2026-10-24T12:00:00Z", "2026-10-25T07:00:00Z"},
		"digest at an hour that is not":   {half, false, "2026-03-28T12:00:00Z", "2026-03-29T01:30:00Z"},
		"weekly waits for Monday":         {Choices{Zone: "Europe/Berlin", DigestAt: 8 * 60, Ways: map[string]Way{"finding.opened": Weekly}}, true, "2026-03-03T12:00:00Z", "2026-03-09T07:00:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, databasetest.SQLite(t))
			parse := func(s string) time.Time {
				at, err := time.Parse(time.RFC3339, s)
				must(t, err)
				return at
			}
			w.withMail()
			w.choose("rex", tc.c)
			w.clock.Advance(parse(tc.at).Sub(w.clock.Now()))
			w.say("finding.opened", "a", tc.urgent)
			w.clock.Advance(parse(tc.want).Add(-time.Second).Sub(w.clock.Now()))
			must(t, w.svc.gather(t.Context()))
			if n := w.mails("rex"); len(n) != 0 {
				t.Fatalf("a mail is made too early")
			}
			w.clock.Advance(time.Second)
			must(t, w.svc.gather(t.Context()))
			n := w.mails("rex")
			if len(n) != 1 {
				t.Fatalf("%d mails are made when it is due", len(n))
			}
			l, err := w.svc.letter(t.Context(), n[0])
			if err != nil || l.NotBefore.After(w.clock.Now()) {
				t.Errorf("it waits until %s: %v", l.NotBefore, err)
			}
		})
	}
}

// A mail that could not be sent before the quiet hours waits until they are over.
func TestRetryWaits(t *testing.T) {
	w := newWorld(t, databasetest.SQLite(t)) // half past nine in the evening
	w.withMail()
	c := Usual()
	c.Quiet, c.QuietFrom, c.QuietTo, c.Ways = true, 22*60, 7*60, map[string]Way{"finding.opened": AtOnce}
	w.choose("rex", c)
	w.say("finding.opened", "a", false)
	w.clock.Advance(29 * time.Minute)
	must(t, w.svc.Mail(t.Context()))
	if m := w.mails("rex"); len(m) != 1 || m[0].Attempts != 1 || !strings.Contains(m[0].Trouble, "refused") {
		t.Fatalf("%+v", m)
	}
	w.clock.Advance(2 * time.Minute)
	must(t, w.svc.Mail(t.Context()))
	if m := w.mails("rex")[0]; m.Attempts != 1 || !m.NextAt.Equal(time.Date(2026, 3, 4, 7, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v", m)
	}
	w.clock.Advance(10 * time.Hour)
	must(t, w.svc.Mail(t.Context()))
	if m := w.mails("rex")[0]; m.Attempts != 2 {
		t.Errorf("%+v", m)
	}
}

// What is urgent brings a notice forward that it joins; nothing puts one back.
func TestUrgentJoins(t *testing.T) {
	for name, first := range map[string]int{"one": 1, "many": most + 1} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, databasetest.SQLite(t))
			c := Usual()
			c.Quiet, c.QuietFrom, c.QuietTo, c.Urgent, c.Ways = true, 20*60, 7*60, true, map[string]Way{"finding.opened": AtOnce}
			w.choose("rex", c)
			say := func(urgent bool) {
				var all []Happening
				for i := range first {
					all = append(all, Happening{Kind: "finding.opened", Object: "x" + string(rune('a'+i)), Title: "x", Link: "/findings", Urgent: urgent, Users: []string{w.who["rex"].UserID}})
				}
				must(t, w.svc.Say(t.Context(), all...))
			}
			say(false)
			morning := time.Date(2026, 3, 4, 7, 0, 0, 0, time.UTC)
			if n := w.inbox("rex"); len(n) != 1 || !n[0].DueAt.Equal(morning) {
				t.Fatalf("%+v", n)
			}
			w.clock.Advance(time.Minute)
			say(true)
			soon := w.clock.Now().Add(settle)
			if n := w.inbox("rex"); len(n) != 1 || !n[0].Urgent || !n[0].DueAt.Equal(soon) {
				t.Fatalf("%+v", n)
			}
			w.clock.Advance(time.Second)
			say(false)
			if n := w.inbox("rex"); len(n) != 1 || !n[0].DueAt.Equal(soon) {
				t.Errorf("put back: %+v", n)
			}
		})
	}
}

// A record that cannot be read is tried for a while; then it is a gap that is
// recorded and named, and what comes after it is told.
func TestGap(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		ctx := t.Context()
		w.open(0, 1)
		w.number()
		w.steps()
		read := w.svc.cfg.Read
		w.svc.cfg.Read = func(ctx context.Context, rec ledger.Record) ([]Happening, error) {
			if rec.Subject == "fnd_2" {
				return nil, errors.New("no such column")
			}
			return read(ctx, rec)
		}
		w.open(1, 3)
		w.number()
		failed := 0
		for range 30 {
			n, err := w.svc.Step(ctx)
			if err != nil {
				failed++
			}
			if err == nil && n == 0 {
				break
			}
			if len(w.inbox("rex")) == 0 && failed > 0 {
				t.Fatal("what came before it is not told")
			}
		}
		if failed != patience-1 {
			t.Errorf("it was tried %d times", failed+1)
		}
		var told []string
		for _, n := range w.inbox("rex") {
			told = append(told, n.Object)
		}
		if strings.Join(told, " ") != "fnd_3 fnd_1" && strings.Join(told, " ") != "fnd_1 fnd_3" {
			t.Errorf("told: %v", told)
		}
		list, err := gaps(ctx, db.Reader(), time.Time{})
		if err != nil || len(list) != 1 {
			t.Fatalf("%+v, %v", list, err)
		}
		if h := w.svc.GapHealth(ctx); h.Outcome != judge.Fail || !strings.Contains(h.Reason, "1 records could not be read") {
			t.Errorf("%+v", h)
		}
		w.number()
		recs, err := w.log.Records(ctx, ledger.Filter{Type: "notice.gap", Limit: 2})
		if err != nil || len(recs) != 1 {
			t.Fatalf("%+v, %v", recs, err)
		}
		must(t, checkGap(ctx, db.Reader(), recs[0]))
		must(t, db.Tx(ctx, func(tx *sql.Tx) error { _, err := tx.ExecContext(ctx, `DELETE FROM notify_gap`); return err }))
		if err := checkGap(ctx, db.Reader(), recs[0]); !fault.Is(err, fault.Refused) {
			t.Errorf("a gap that is gone: %v", err)
		}
	})
}

func TestMailHealth(t *testing.T) {
	w := newWorld(t, databasetest.SQLite(t))
	want := func(o judge.Outcome, says string) {
		t.Helper()
		if h := w.svc.MailHealth(t.Context()); h.Outcome != o || !strings.Contains(h.Reason, says) {
			t.Errorf("%+v, want %s: %s", h, o, says)
		}
	}
	want(judge.NotApplicable, "sends no mail")
	w.withMail()
	want(judge.NotObserved, "no mail was sent")
	must(t, w.svc.cfg.Mail.Remove(t.Context(), w.who["ada"]))
	want(judge.NotApplicable, "nobody chose mail")
	w.choose("rex", Choices{Ways: map[string]Way{"finding.opened": AtOnce}})
	want(judge.Fail, "1 people chose to be told by mail, and no mail server is set")
	w.withMail()
	w.say("finding.opened", "a", false)
	for range 3 {
		w.clock.Advance(40 * time.Minute)
		must(t, w.svc.Mail(t.Context()))
	}
	want(judge.Fail, "1 mails wait, the oldest for 1h20m")
}
