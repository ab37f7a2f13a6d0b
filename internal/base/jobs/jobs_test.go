package jobs

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"

	"go.uber.org/goleak"
)

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

func runner(t *testing.T, db *database.DB, change ...func(*Config)) *Runner {
	t.Helper()
	cfg := Config{DB: db, Logger: quiet, Poll: 20 * time.Millisecond}
	for _, f := range change {
		f(&cfg)
	}
	r, err := New(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// start runs r and gives what stops it and waits.
func start(t *testing.T, r *Runner) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

// await returns when cond does, or fails after half a minute.
func await(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !cond(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for: %s", what)
		}
	}
}

func status(t *testing.T, r *Runner, name string) Status {
	t.Helper()
	all, err := r.List(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("no status of %s in %+v", name, all)
	return Status{}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestPeriodic(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		r := runner(t, db)
		var ran, at, most atomic.Int64
		check(t, r.Define("every so often", Every(50*time.Millisecond), func(ctx context.Context) error {
			if n := at.Add(1); n > most.Load() {
				most.Store(n)
			}
			defer at.Add(-1)
			if ran.Add(1) == 2 { // longer than the period
				time.Sleep(200 * time.Millisecond)
			}
			return nil
		}))
		if s := status(t, r, "every so often"); !s.Periodic || !s.LastRun.IsZero() || s.Next.IsZero() {
			t.Errorf("before it ran: %+v", s)
		}
		start(t, r)
		await(t, "five runs", func() bool { return ran.Load() >= 5 })
		if most.Load() != 1 {
			t.Errorf("%d runs of one periodic job at the same time", most.Load())
		}
		await(t, "a recorded run", func() bool { return !status(t, r, "every so often").LastRun.IsZero() })
		if s := status(t, r, "every so often"); s.LastError != "" || s.Failures != 0 {
			t.Errorf("after good runs: %+v", s)
		}
	})
}

func TestErrorsAndPanicsAreKept(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		var mu sync.Mutex
		var log bytes.Buffer
		r := runner(t, db, func(c *Config) {
			c.Logger = slog.New(slog.NewTextHandler(writerFunc(func(p []byte) (int, error) {
				mu.Lock()
				defer mu.Unlock()
				return log.Write(p)
			}), nil))
		})
		var healthy atomic.Bool
		check(t, r.Define("fails", Every(30*time.Millisecond), func(ctx context.Context) error {
			if healthy.Load() {
				return nil
			}
			return fault.Wrap(fault.Unavailable, errors.New("the private cause"), "the feed does not answer").WithHint("look at the proxy")
		}))
		check(t, r.Define("secretive", Every(time.Hour), func(ctx context.Context) error { return errors.New("password=hunter2") }))
		check(t, r.Define("panics", Every(time.Hour), func(ctx context.Context) error { panic("out of range") }))
		start(t, r)
		await(t, "three failures", func() bool { return status(t, r, "fails").Failures >= 3 })
		if s := status(t, r, "fails"); s.LastError != "the feed does not answer (look at the proxy)" {
			t.Errorf("kept %q", s.LastError)
		}
		await(t, "the panic", func() bool { return status(t, r, "panics").Failures == 1 })
		await(t, "the error without a kind", func() bool { return status(t, r, "secretive").Failures == 1 })
		for _, name := range []string{"panics", "secretive"} {
			if s := status(t, r, name); strings.Contains(s.LastError, "hunter2") || strings.Contains(s.LastError, "out of range") || s.LastError == "" {
				t.Errorf("%s: kept %q", name, s.LastError)
			}
		}
		healthy.Store(true)
		await(t, "recovery", func() bool { s := status(t, r, "fails"); return s.Failures == 0 && s.LastError == "" })
		mu.Lock()
		defer mu.Unlock()
		for _, want := range []string{"the private cause", "out of range", "jobs_test.go"} {
			if !strings.Contains(log.String(), want) {
				t.Errorf("the log lacks %q", want)
			}
		}
	})
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestQueued(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		ctx := context.Background()
		r := runner(t, db)
		type letter struct{ To string }
		var mu sync.Mutex
		var got []string
		var tries atomic.Int64
		check(t, r.Handle("letter", func(ctx context.Context, payload json.RawMessage) error {
			var l letter
			if err := json.Unmarshal(payload, &l); err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			got = append(got, l.To)
			return nil
		}))
		check(t, r.Handle("final", func(ctx context.Context, payload json.RawMessage) error {
			tries.Add(1)
			return fault.New(fault.Invalid, "there is no such address")
		}))
		start(t, r)

		check(t, db.Tx(ctx, func(tx *sql.Tx) error { return r.Insert(ctx, tx, "letter", letter{"maeve"}) }))
		boom := errors.New("boom")
		if err := db.Tx(ctx, func(tx *sql.Tx) error {
			check(t, r.Insert(ctx, tx, "letter", letter{"nobody"}))
			return boom
		}); !errors.Is(err, boom) {
			t.Fatal(err)
		}
		check(t, db.Tx(ctx, func(tx *sql.Tx) error {
			return errors.Join(r.RunAt(ctx, tx, "letter", time.Now().Add(time.Hour), letter{"later"}),
				r.RunAt(ctx, tx, "letter", time.Now().Add(-time.Hour), letter{"overdue"}), r.Insert(ctx, tx, "final", nil))
		}))
		await(t, "two letters", func() bool { mu.Lock(); defer mu.Unlock(); return len(got) >= 2 })
		await(t, "the final error", func() bool { return status(t, r, "final").Failures == 1 })
		mu.Lock()
		if s := strings.Join(got, " "); s != "maeve overdue" && s != "overdue maeve" {
			t.Errorf("letters to %s", s)
		}
		mu.Unlock()
		await(t, "one letter waiting", func() bool { return status(t, r, "letter").Waiting == 1 })
		await(t, "nothing left of the final one", func() bool { return status(t, r, "final").Waiting == 0 })

		for _, name := range []string{"unheard.of", ""} {
			if err := db.Tx(ctx, func(tx *sql.Tx) error { return r.Insert(ctx, tx, name, nil) }); !fault.Is(err, fault.Internal) {
				t.Errorf("a job of kind %q was queued: %v", name, err)
			}
		}
	})
}

// What a stop breaks off counts as not begun, and a restart does it.
func TestStopAndRestart(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		before := goleak.IgnoreCurrent()
		ctx := context.Background()
		var began, done atomic.Int64
		define := func(r *Runner) {
			check(t, r.Handle("slow", func(ctx context.Context, _ json.RawMessage) error {
				if began.Add(1) == 1 {
					<-ctx.Done()
					return ctx.Err()
				}
				done.Add(1)
				return nil
			}))
		}
		r := runner(t, db)
		define(r)
		stop := start(t, r)
		check(t, db.Tx(ctx, func(tx *sql.Tx) error { return r.Insert(ctx, tx, "slow", nil) }))
		await(t, "the job to begin", func() bool { return status(t, r, "slow").Running })
		stop()
		if s := status(t, r, "slow"); s.Failures != 0 || !s.LastRun.IsZero() || s.Waiting != 1 || s.Running {
			t.Errorf("after the stop: %+v", s)
		}
		goleak.VerifyNone(t, before)

		r = runner(t, db)
		define(r)
		stop = start(t, r)
		await(t, "the job to be done", func() bool { return done.Load() == 1 })
		stop()
		if err := r.Run(ctx); !fault.Is(err, fault.Internal) {
			t.Errorf("running a second time: %v", err)
		}
	})
}

// A killed process leaves rows behind that say running.
func TestKilledProcess(t *testing.T) {
	db := databasetest.SQLite(t)
	ctx := context.Background()
	r := runner(t, db)
	var ran atomic.Int64
	define := func() {
		check(t, r.Handle("begun", func(context.Context, json.RawMessage) error { ran.Add(1); return nil }))
		check(t, r.Define("tick", Every(time.Hour), func(context.Context) error { ran.Add(10); return nil }))
	}
	define()
	check(t, db.Tx(ctx, func(tx *sql.Tx) error {
		if err := r.Insert(ctx, tx, "begun", nil); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE river_job SET state = 'running', attempt = 1, attempted_at = created_at`)
		return err
	}))
	r = runner(t, db)
	define()
	start(t, r)
	await(t, "both jobs", func() bool { return ran.Load() == 11 })
}

func TestTimeLimit(t *testing.T) {
	db := databasetest.SQLite(t)
	r := runner(t, db)
	check(t, r.Define("endless", Every(time.Hour), func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, Limit(50*time.Millisecond)))
	start(t, r)
	await(t, "the time limit", func() bool { return status(t, r, "endless").Failures == 1 })
	if s := status(t, r, "endless"); !strings.Contains(s.LastError, "longer than its limit of 50ms") {
		t.Errorf("kept %q", s.LastError)
	}
}

// What was due while the server was down is made up for, once; what was not, waits.
func TestMissedRunsAreMadeUpFor(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		ctx := context.Background()
		now := time.Now().UTC()
		check(t, saveRun(ctx, db, "missed", run{started: now.Add(-50 * time.Hour), err: "it failed then"}))
		check(t, saveRun(ctx, db, "not due", run{started: now.Add(-time.Hour)}))
		check(t, saveRun(ctx, db, "not due", run{started: now.Add(-2 * time.Hour), err: "older, and told later"}))
		r := runner(t, db)
		var missed, notDue, fresh atomic.Int64
		check(t, r.Define("missed", Every(24*time.Hour), func(context.Context) error { missed.Add(1); return nil }))
		check(t, r.Define("not due", Every(24*time.Hour), func(context.Context) error { notDue.Add(1); return nil }))
		check(t, r.Define("fresh", Daily(now.Hour(), now.Minute(), time.UTC), func(context.Context) error { fresh.Add(1); return nil }))
		if s := status(t, r, "not due"); s.Failures != 0 || s.Next.Sub(now).Round(time.Hour) != 23*time.Hour {
			t.Errorf("not due: %+v", s)
		}
		start(t, r)
		await(t, "both that are due", func() bool { return missed.Load() == 1 && fresh.Load() == 1 })
		await(t, "the record", func() bool { return status(t, r, "missed").Failures == 0 })
		if notDue.Load() != 0 || missed.Load() != 1 {
			t.Errorf("missed ran %d times, not due %d times", missed.Load(), notDue.Load())
		}
	})
}

func TestDefinitionsAreChecked(t *testing.T) {
	r := runner(t, databasetest.SQLite(t))
	f := func(context.Context) error { return nil }
	check(t, r.Define("one", Every(time.Hour), f))
	for name, err := range map[string]error{
		"twice":       r.Define("one", Every(time.Hour), f),
		"also queued": r.Handle("one", func(context.Context, json.RawMessage) error { return nil }),
		"capitals":    r.Define("One", Every(time.Hour), f),
		"empty":       r.Define("", Every(time.Hour), f),
		"no schedule": r.Define("two", nil, f),
		"no time":     r.Define("three", Every(time.Hour), f, Limit(-1)),
	} {
		if !fault.Is(err, fault.Internal) {
			t.Errorf("%s: %v", name, err)
		}
	}
	start(t, r)
	await(t, "the start", func() bool { return fault.Is(r.Define("late", Every(time.Hour), f), fault.Internal) })
}

// Business transactions and jobs share SQLite's one writing connection: a job
// that writes, a transaction that queues, and a long one, all at once.
func TestOneConnectionIsEnough(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		ctx := context.Background()
		r := runner(t, db)
		var done atomic.Int64
		check(t, r.Handle("writes", func(ctx context.Context, payload json.RawMessage) error {
			err := db.Tx(ctx, func(tx *sql.Tx) error {
				_, err := tx.ExecContext(ctx, `INSERT INTO meta (name, value) VALUES ($1, 'x')`, string(payload))
				return err
			})
			if database.IsUnique(err) {
				err = nil
			}
			if err == nil {
				done.Add(1)
			}
			return err
		}))
		start(t, r)
		const n = 40
		for i := range n {
			check(t, db.Tx(ctx, func(tx *sql.Tx) error {
				if err := r.Insert(ctx, tx, "writes", i); err != nil {
					return err
				}
				if i%10 == 0 {
					time.Sleep(50 * time.Millisecond)
				}
				return nil
			}))
		}
		await(t, "all jobs", func() bool { return done.Load() == n })
	})
}

func TestSchedules(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	check(t, err)
	at := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339, s)
		check(t, err)
		return v
	}
	for _, tc := range []struct {
		name       string
		s          Schedule
		from, next string
	}{
		{"every", Every(5 * time.Minute), "2026-03-01T10:00:00Z", "2026-03-01T10:05:00Z"},
		{"later today", Daily(10, 30, time.UTC), "2026-03-01T10:00:00Z", "2026-03-01T10:30:00Z"},
		{"strictly after", Daily(10, 30, time.UTC), "2026-03-01T10:30:00Z", "2026-03-02T10:30:00Z"},
		{"over the month", Daily(0, 5, time.UTC), "2026-01-31T23:00:00Z", "2026-02-01T00:05:00Z"},
		{"in its zone", Daily(0, 5, berlin), "2026-01-31T23:00:00Z", "2026-01-31T23:05:00Z"},
		{"summer time begins: 02:30 is left out", Daily(2, 30, berlin), "2026-03-28T12:00:00Z", "2026-03-29T01:30:00Z"},
		{"the day after", Daily(2, 30, berlin), "2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z"},
		{"summer time ends: 02:30 comes twice", Daily(2, 30, berlin), "2026-10-24T12:00:00Z", "2026-10-25T01:30:00Z"},
		{"and is due once", Daily(2, 30, berlin), "2026-10-25T01:30:00Z", "2026-10-26T01:30:00Z"},
	} {
		if got := tc.s.Next(at(tc.from)).UTC(); !got.Equal(at(tc.next)) {
			t.Errorf("%s: after %s comes %s, want %s", tc.name, tc.from, got.Format(time.RFC3339), tc.next)
		}
	}
}

// However long the machine slept, one run makes up for it.
func TestTimetable(t *testing.T) {
	base := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	c := clock.NewManual(base)
	p := &timetable{s: Every(time.Minute), now: c.Now, first: base.Add(-time.Hour)}
	if got := p.Next(base); !got.Equal(base.Add(-time.Hour)) {
		t.Errorf("first %s", got)
	}
	if got := p.Next(base.Add(-time.Hour)); !got.Equal(base.Add(time.Minute)) {
		t.Errorf("after a missed hour %s", got)
	}
	if got := p.Next(base.Add(time.Minute)); !got.Equal(base.Add(2 * time.Minute)) {
		t.Errorf("then %s", got)
	}
	c.Advance(8 * time.Hour)
	if got := p.Next(base.Add(2 * time.Minute)); !got.Equal(base.Add(8*time.Hour + time.Minute)) {
		t.Errorf("after eight hours of sleep %s", got)
	}
}
