package reliance

import (
	"context"
	"database/sql"
	"encoding/json"
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
	"github.com/attesta/attesta/internal/judge"
)

var start = time.Date(2026, 7, 1, 9, 0, 0, 0, time.UTC)

var (
	admin   = access.Principal{UserID: "usr_a", Role: access.Administrator}
	manager = access.Principal{UserID: "usr_m", Role: access.ComplianceManager}
	auditor = access.Principal{UserID: "usr_q", Role: access.Auditor}
	viewer  = access.Principal{UserID: "usr_v", Role: access.Viewer}
)

type fixture struct {
	*Service
	t     *testing.T
	ctx   context.Context
	log   *ledger.Log
	clock *clock.Manual
}

func newFixture(t *testing.T, db *database.DB) *fixture {
	t.Helper()
	f := &fixture{t: t, ctx: t.Context(), clock: clock.NewManual(start)}
	dir := t.TempDir()
	var err error
	f.log, err = ledger.Open(f.ctx, ledger.Config{DB: db, Dir: filepath.Join(dir, "ledger"), KeyFile: filepath.Join(dir, "key"), Clock: f.clock.Now, Poll: 5 * time.Millisecond, Settle: time.Millisecond})
	f.must(err)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f.log.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		f.log.Close()
	})
	f.Service = New(Config{DB: db, Ledger: f.log, Clock: f.clock.Now, Version: "1.0.0", Data: dir, Grace: func() time.Duration { return time.Hour },
		Engaged: func(_ context.Context, _ access.Principal, number int) (Window, error) {
			if number != 1 {
				return Window{}, fault.New(fault.NotFound, "there is no engagement %d", number)
			}
			return Window{From: start.AddDate(0, 0, -1), To: start.AddDate(0, 0, 30)}, nil
		}})
	return f
}

func (f *fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// append records something that another package would.
func (f *fixture) append(e ledger.Entry) {
	f.t.Helper()
	f.must(f.cfg.DB.Tx(f.ctx, func(tx *sql.Tx) error {
		_, err := f.log.Append(f.ctx, tx, e)
		return err
	}))
	f.log.Wake()
}

// numbered waits until every entry has its position.
func (f *fixture) numbered() {
	f.t.Helper()
	for range 2000 {
		st, err := f.log.Status(f.ctx)
		f.must(err)
		if st.Waiting == 0 {
			return
		}
		time.Sleep(2 * time.Millisecond)
	}
	f.t.Fatal("the ledger does not number its entries")
}

// later lets time pass after all that was recorded.
func (f *fixture) later(d time.Duration) {
	f.t.Helper()
	f.numbered()
	f.clock.Advance(d)
}

func (f *fixture) report(from, to time.Time) Report {
	f.t.Helper()
	f.numbered()
	r, err := f.Report(f.ctx, admin, 0, Window{From: from, To: to})
	f.must(err)
	return r
}

func section(t *testing.T, r Report, id string) Section {
	t.Helper()
	for _, s := range r.Sections {
		if s.ID == id {
			return s
		}
	}
	t.Fatalf("there is no section %s", id)
	return Section{}
}

// said writes a section's lines, one below the other.
func said(s Section) string {
	var b strings.Builder
	for _, l := range s.Lines {
		if l.Before {
			b.WriteString("before: ")
		}
		b.WriteString(l.What + " | " + l.About + " | " + l.Detail + "\n")
	}
	return b.String()
}

func holds(t *testing.T, s Section, words ...string) {
	t.Helper()
	have := said(s)
	for _, w := range words {
		if !strings.Contains(have, w) {
			t.Errorf("%s does not say %q:\n%s", s.ID, w, have)
		}
	}
}

// An empty table is never an answer: the report says over which entries it holds,
// or what is not observed and why.
func TestNothingIsSaid(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		r := f.report(start.AddDate(0, 0, -3), start.AddDate(0, 0, 1))
		for _, s := range r.Sections {
			if len(s.Lines) != 0 || s.Nothing != "" {
				t.Errorf("without an entry %s says %+v", s.ID, s)
			}
		}
		if got := strings.Join(r.NotObserved, "\n"); got != "anything: the ledger has no entry yet" {
			t.Errorf("without an entry: %q", got)
		}
		f.append(ledger.Entry{Type: "other.thing", Stream: "x", Actor: "system", Subject: "x"})
		f.later(time.Hour)
		r = f.report(start.AddDate(0, 0, -3), start.AddDate(0, 0, 1))
		if len(r.Sections) != 8 {
			t.Fatalf("%d sections", len(r.Sections))
		}
		for _, s := range r.Sections {
			if want := "None among the 1 entries of the window, index 0 to 0."; s.ID != "gaps" && s.Nothing != want || s.ID == "gaps" && s.Nothing != "" {
				t.Errorf("%s: %q", s.ID, s.Nothing)
			}
		}
		if got := strings.Join(r.NotObserved, "\n"); !strings.Contains(got, "before 2026-07-01 09:00 UTC: the ledger begins then") || !strings.Contains(got, "after 2026-07-01 09:00 UTC") {
			t.Errorf("of the window: %q", got)
		}
		for id, want := range map[string]string{"runs": "no version that ran by its end recorded them", "reach": "nobody had declared it", "canary": "on 4 of the 4 days", "settings": "flags", "backups": "still where it was written", "gaps": "no source was enrolled"} {
			if got := strings.Join(section(t, r, id).NotObserved, "\n"); !strings.Contains(got, want) {
				t.Errorf("%s does not say %q but %q", id, want, got)
			}
		}
		if raw, err := json.Marshal(r); err != nil || strings.Contains(string(raw), `"lines":null`) {
			t.Errorf("as JSON: %v", err)
		}
	})
}

// What happened in a window, what was in force when it began, and an end that
// nobody said.
func TestReport(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		f.must(f.Start(f.ctx))
		f.append(ledger.Entry{Type: "user.added", Stream: "people", Actor: "system", Subject: "usr_a", Data: map[string]any{"role": "administrator"}})
		f.append(ledger.Entry{Type: "user.added", Stream: "people", Actor: "usr_a", Subject: "usr_gone", Data: map[string]any{"role": "administrator"}})
		f.append(ledger.Entry{Type: "user.disabled", Stream: "people", Actor: "usr_a", Subject: "usr_gone"})
		f.append(ledger.Entry{Type: "user.added", Stream: "people", Actor: "usr_a", Subject: "usr_l", Data: map[string]any{"role": "viewer"}})
		for _, v := range []string{"1", "2"} {
			f.append(ledger.Entry{Type: "standard.approved", Stream: "standards", Actor: "usr_a", Subject: "std_" + v, Data: map[string]any{"pack": "linux-server", "version": v}})
			f.numbered()
		}
		f.must(f.Declare(f.ctx, admin, Declaration{RunSQL: "nobody", ReadData: "the host's owners"}))
		f.later(time.Hour)
		f.must(f.Stop(f.ctx))
		f.later(24 * time.Hour) // the window begins while the server is down
		from := f.clock.Now().Add(-time.Hour)
		f.must(f.Start(f.ctx))
		f.must(f.Evaluate(f.ctx))
		f.append(ledger.Entry{Type: "user.role_changed", Stream: "people", Actor: "usr_a", Subject: "usr_l", Data: map[string]any{"from": "viewer", "to": "administrator"}})
		f.append(ledger.Entry{Type: "user.link_made", Stream: "people", Actor: "usr_a", Subject: "usr_l"})
		f.append(ledger.Entry{Type: "backup.made", Stream: "system", Actor: "usr_a", Subject: "bkp_1", Data: map[string]any{"reason": "asked"}})
		f.append(ledger.Entry{Type: "login.second_required", Stream: "people", Actor: "usr_a", Subject: "settings"})
		f.later(2 * time.Hour)
		f.cfg.Version = "1.1.0"
		f.must(f.Start(f.ctx)) // without a stop: it was killed
		f.later(time.Hour)

		r := f.report(from, f.clock.Now())
		holds(t, section(t, r, "runs"), "before: Ended cleanly", "Started |  | version 1.0.0", "after 24h0m down", "Ended without saying so |  | last heard then; gone at most 2h0m")
		holds(t, section(t, r, "people"), "before: Administrator when the window began | usr_a", "Role changed | usr_l | from viewer; to administrator", "One-time login link made | usr_l")
		if s := said(section(t, r, "people")); strings.Contains(s, "usr_gone") || strings.Contains(s, "began | usr_l") {
			t.Errorf("somebody administered who could not:\n%s", s)
		}
		holds(t, section(t, r, "versions"), "before: Standard approved | linux-server | pack linux-server; version 2", "before: Program in force | attesta | version 1.0.0", "Program in force | attesta | version 1.1.0")
		if s := said(section(t, r, "versions")); strings.Contains(s, "version 1\n") {
			t.Errorf("an older version of the standard is in force:\n%s", s)
		}
		holds(t, section(t, r, "backups"), "Backup made | bkp_1")
		holds(t, section(t, r, "settings"), "Login second required")
		holds(t, section(t, r, "reach"), "before: Declared |  | SQL: nobody\nFiles: the host's owners")
		holds(t, section(t, r, "canary"), "Judged: fail")
		if r.Due != "" || r.Canary == nil || r.Canary.Outcome != judge.Fail || len(r.Seen) < 3 || len(r.Powers) < 15 {
			t.Errorf("due %q, canary %+v, seen %v, %d powers", r.Due, r.Canary, r.Seen, len(r.Powers))
		}

		b := Bounds{Window: Window{From: r.From, To: r.To}, Start: r.Start, End: r.End, Head: r.End, Closed: true}
		one, err := f.Between(f.ctx, b)
		f.must(err)
		if s := said(section(t, one, "reach")); strings.Contains(s, "owners") {
			t.Errorf("a closed report says what people wrote: %s", s)
		}
		f.must(f.Declare(f.ctx, admin, Declaration{RunSQL: "everybody", ReadData: "everybody"}))
		f.later(time.Hour)
		two, err := f.Between(f.ctx, b)
		f.must(err)
		x, _ := json.Marshal(one)
		y, _ := json.Marshal(two)
		if string(x) != string(y) {
			t.Errorf("the same bounds give another report:\n%s\n%s", x, y)
		}

		f.clock.Advance(Stale + time.Hour)
		if r := f.report(from, f.clock.Now()); !strings.Contains(r.Due, "more than a year ago") {
			t.Errorf("after a year: %q", r.Due)
		}
	})
}

func TestWhoMaySee(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		f.must(f.Start(f.ctx))
		f.numbered()
		w := Window{From: start, To: start.AddDate(0, 0, 1)}
		for name, c := range map[string]struct {
			who    access.Principal
			number int
			kind   fault.Kind
			ok     bool
		}{
			"administrator":             {admin, 0, "", true},
			"manager":                   {manager, 0, "", true},
			"auditor, engagement":       {auditor, 1, "", true},
			"auditor, unnamed":          {auditor, 0, fault.NotFound, false},
			"auditor, another's":        {auditor, 2, fault.NotFound, false},
			"viewer":                    {viewer, 0, fault.Forbidden, false},
			"nobody":                    {access.Principal{}, 0, fault.Unauthenticated, false},
			"viewer, by an engagement":  {viewer, 1, fault.Forbidden, false},
			"manager, of an engagement": {manager, 1, "", true},
		} {
			r, err := f.Report(f.ctx, c.who, c.number, w)
			if (err == nil) != c.ok || err != nil && !fault.Is(err, c.kind) {
				t.Errorf("%s: %v", name, err)
			}
			if err == nil && c.number == 1 && !r.From.Equal(start.AddDate(0, 0, -1)) {
				t.Errorf("%s sees from %s", name, r.From)
			}
		}
		for _, who := range []access.Principal{manager, auditor, viewer} {
			if err := f.Declare(f.ctx, who, Declaration{"a", "b"}); !fault.Is(err, fault.Forbidden) {
				t.Errorf("%s declares: %v", who.Role, err)
			}
		}
		for field, d := range map[string]Declaration{"run_sql": {" ", "x"}, "read_data": {"x", strings.Repeat("y", maxDeclared+1)}} {
			if err := f.Declare(f.ctx, admin, d); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), field) {
				t.Errorf("%s: %v", field, err)
			}
		}
	})
}

func TestDays(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ from, to, want, field string }{
		{"2026-03-01", "2026-03-31", "2026-03-01T00:00:00+01:00 2026-04-01T00:00:00+02:00", ""},
		{"", "", "2026-04-03T00:00:00+02:00 2026-07-02T00:00:00+02:00", ""},
		{"2026-07-01", "", "2026-07-01T00:00:00+02:00 2026-07-02T00:00:00+02:00", ""},
		{"2026-07-02", "2026-07-01", "", "to"},
		{"1 July", "", "", "from"},
		{"", "2026-13-01", "", "to"},
		{"1990-01-01", "", "", "from"},
	} {
		w, err := Days(c.from, c.to, start, zone)
		if c.field != "" {
			if err == nil || !strings.Contains(err.Error(), c.field) {
				t.Errorf("%s to %s: %v", c.from, c.to, err)
			}
			continue
		}
		if got := w.From.Format(time.RFC3339) + " " + w.To.Format(time.RFC3339); err != nil || got != c.want {
			t.Errorf("%q to %q: %s, %v; want %s", c.from, c.to, got, err, c.want)
		}
	}
}

// The ledger's verification holds each row against its entry.
func TestBindings(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		f.must(f.Start(f.ctx))
		f.must(f.Evaluate(f.ctx))
		f.must(f.Declare(f.ctx, admin, Declaration{"nobody", "nobody"}))
		f.must(f.Stop(f.ctx))
		f.numbered()
		recs, err := f.log.Records(f.ctx, ledger.Filter{})
		f.must(err)
		if len(recs) != 4 {
			t.Fatalf("%d entries", len(recs))
		}
		for _, rec := range recs {
			f.must(bound(f.ctx, db.Reader(), rec))
		}
		for _, tamper := range []string{"UPDATE reliance_event SET version = 'x' WHERE kind = 'server.started'", "UPDATE reliance_event SET outcome = 'pass' WHERE kind = 'canary.judged'",
			"UPDATE reliance_event SET run_sql = 'x' WHERE kind = 'reach.declared'", "DELETE FROM reliance_event WHERE kind = 'server.stopped'"} {
			f.must(db.Tx(f.ctx, func(tx *sql.Tx) error {
				_, err := tx.ExecContext(f.ctx, tamper)
				return err
			}))
			refused := 0
			for _, rec := range recs {
				if err := bound(f.ctx, db.Reader(), rec); fault.Is(err, fault.Refused) {
					refused++
				}
			}
			if refused == 0 {
				t.Errorf("not seen: %s", tamper)
			}
			recs = dropKind(recs, tamper)
		}
		if len(recs) != 0 {
			t.Errorf("%d entries were never tampered with", len(recs))
		}
	})
}

// dropKind leaves out the entries whose rows were changed.
func dropKind(recs []ledger.Record, tamper string) (left []ledger.Record) {
	for _, rec := range recs {
		if !strings.Contains(tamper, rec.Type) {
			left = append(left, rec)
		}
	}
	return left
}
