package health

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/jobs"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/judge"
)

func TestRunKeepsTheOrderAndSurvivesChecks(t *testing.T) {
	say := func(r Result) func(context.Context) Result { return func(context.Context) Result { return r } }
	r := Run(t.Context(), clock.System, "v", []Check{
		{Name: "a", Run: func(context.Context) Result { time.Sleep(20 * time.Millisecond); return Pass("slow") }},
		{Name: "b", Run: func(context.Context) Result { panic("broken") }},
		{Name: "c", Run: say(Failed(fault.New(fault.Unavailable, "the disk is away").WithHint("plug it in")))},
		{Name: "d", Run: say(Failed(errors.New("bare")))},
		{Name: "e", Run: say(NotApplicable("there is none"))},
	})
	var got []string
	for _, l := range r.Lines {
		got = append(got, l.Name+" "+string(l.Outcome)+" "+l.Reason+"|"+l.Do)
	}
	want := "a pass slow|\nb error the check itself broke off: broken|report this as a defect\nc error the disk is away|plug it in\n" +
		"d error bare|see the server's log\ne not_applicable there is none|"
	if strings.Join(got, "\n") != want {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), want)
	}
	if !r.Bad() || r.Count(judge.Error) != 3 {
		t.Errorf("bad %v, %d errors", r.Bad(), r.Count(judge.Error))
	}
}

func TestMonitor(t *testing.T) {
	var asked atomic.Int64
	m := NewMonitor(clock.System, "v", []Check{
		{Name: "one", Ready: true, Run: func(context.Context) Result { asked.Add(1); return Fail("mend it", "secret detail") }},
		{Name: "two", Run: func(context.Context) Result { return Fail("", "not about readiness") }},
	})
	for range 50 {
		if got := m.Unready(t.Context()); len(got) != 1 || got[0] != "one" {
			t.Fatalf("not ready for %v", got)
		}
	}
	if asked.Load() != 1 {
		t.Errorf("50 questions ran the check %d times", asked.Load())
	}
	if _, err := m.Report(t.Context(), access.Principal{UserID: "usr_x", Role: access.Auditor}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("an auditor saw Health: %v", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel() // whoever asked first went away
	r, err := m.Report(gone, access.System())
	if err != nil || len(r.Lines) != 2 || r.Lines[1].Outcome != judge.Fail {
		t.Errorf("report %+v, %v", r, err)
	}
	before := asked.Load()
	for range 3 {
		if _, err := m.Report(t.Context(), access.System()); err != nil {
			t.Fatal(err)
		}
	}
	if asked.Load() != before {
		t.Error("an answer of a moment ago does not stand")
	}
	for range 2 { // the doctor, after something was mended
		if _, err := m.Anew(t.Context(), access.System()); err != nil {
			t.Fatal(err)
		}
	}
	if asked.Load() != before+2 {
		t.Errorf("asked anew twice, the check ran %d times", asked.Load()-before)
	}
	if _, err := m.Anew(t.Context(), access.Principal{UserID: "usr_x", Role: access.Auditor}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("an auditor saw Health: %v", err)
	}
}

func TestSpace(t *testing.T) {
	const gib = 1 << 30
	for _, x := range []struct {
		free, size, inodes, all int64
		space, head             judge.Outcome
	}{
		{50 * gib, 100 * gib, 1e6, 2e6, judge.Pass, judge.Pass},
		{4 * gib, 100 * gib, 1e6, 2e6, judge.Pass, judge.Fail},
		{gib / 2, gib, 1e6, 2e6, judge.Pass, judge.Fail},
		{Watermark - 1, 100 * gib, 1e6, 2e6, judge.Fail, judge.Fail},
		{50 * gib, 100 * gib, 5, 2e6, judge.Fail, judge.Pass},
		{50 * gib, 100 * gib, 0, 0, judge.Pass, judge.Pass}, // a file system without inodes
	} {
		if got := space(x.free, x.size, x.inodes, x.all); got.Outcome != x.space || (got.Do == "") != (x.space == judge.Pass) {
			t.Errorf("space of %+v: %+v", x, got)
		}
		if got := headroom(x.free, x.size); got.Outcome != x.head {
			t.Errorf("headroom of %+v: %+v", x, got)
		}
	}
}

func TestModes(t *testing.T) {
	dir := t.TempDir()
	if err := errors.Join(os.Chmod(dir, 0o700), os.Mkdir(filepath.Join(dir, "keys"), 0o700), os.WriteFile(filepath.Join(dir, "keys", "ledger.key"), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	check := func(want judge.Outcome, says string) {
		t.Helper()
		if got := Modes(dir).Run(t.Context()); got.Outcome != want || !strings.Contains(got.Reason, says) {
			t.Errorf("%+v; want %s with %q", got, want, says)
		}
	}
	check(judge.Pass, "only their owner")
	os.Chmod(filepath.Join(dir, "keys", "ledger.key"), 0o640)
	check(judge.Fail, "keys/ledger.key has mode 0640, more than 0600")
	os.Chmod(filepath.Join(dir, "keys", "ledger.key"), 0o600)
	os.Chmod(dir, 0o755)
	check(judge.Fail, "mode 0755")
	os.RemoveAll(filepath.Join(dir, "keys"))
	check(judge.Error, "cannot be looked through")
}

func TestJobs(t *testing.T) {
	now := time.Date(2026, 8, 20, 9, 0, 0, 0, time.UTC)
	for _, x := range []struct {
		all  []jobs.Status
		want judge.Outcome
		says string
	}{
		{[]jobs.Status{{Name: "sweep"}}, judge.Pass, "none failing"},
		{[]jobs.Status{{Name: "sweep", Failures: 3, LastError: "the disk is full"}}, judge.Fail, `"sweep" failed 3 times in a row: the disk is full`},
		{[]jobs.Status{{Name: "sweep", Running: true, Since: now.Add(-time.Hour)}}, judge.Fail, "runs since"},
		{[]jobs.Status{{Name: "mail", Waiting: 20_000}}, judge.Fail, "20000 jobs wait"},
	} {
		if got := judgeJobs(x.all, now); got.Outcome != x.want || !strings.Contains(got.Reason, x.says) {
			t.Errorf("%+v: %+v", x.all, got)
		}
	}
}

func TestDatabaseAndLedger(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		dir, ctx := t.TempDir(), t.Context()
		key := filepath.Join(dir, "keys", "ledger.key")
		expect := func(c Check, want judge.Outcome, says string) {
			t.Helper()
			if got := c.Run(ctx); got.Outcome != want || !strings.Contains(got.Reason, says) {
				t.Errorf("%s: %+v; want %s with %q", c.Name, got, want, says)
			}
		}
		head := LedgerHead(db, filepath.Join(dir, "ledger"), key)
		expect(head, judge.NotObserved, "no ledger yet")
		log, err := ledger.Open(ctx, ledger.Config{DB: db, Dir: filepath.Join(dir, "ledger"), KeyFile: key})
		if err != nil {
			t.Fatal(err)
		}
		defer log.Close()
		expect(Backup(db, clock.System, time.Hour), judge.Fail, "knows of no backup")
		if err := appendOne(ctx, db, log); err != nil {
			t.Fatal(err)
		}
		expect(Backup(db, clock.System, time.Hour), judge.Pass, "was made") // not numbered yet
		if err := log.Publish(ctx); err != nil {
			t.Fatal(err)
		}
		expect(head, judge.Pass, "of 1 entries")
		expect(Backup(db, clock.System, time.Hour), judge.Pass, "was made")
		expect(Backup(db, func() time.Time { return time.Now().Add(50 * time.Hour) }, time.Hour), judge.Fail, "2 days ago")
		expect(Publishing(log), judge.Pass, "1 entries published, 0 on their way")
		expect(LedgerClock(log), judge.Pass, "")
		expect(Database(db, clock.System, true), judge.Pass, "takes a transaction")
		expect(Schema(db), judge.Pass, "version ")

		checkpoint := filepath.Join(dir, "ledger", "checkpoint")
		raw, err := os.ReadFile(checkpoint)
		if err != nil {
			t.Fatal(err)
		}
		raw[len(raw)-5] ^= 1
		if err := os.WriteFile(checkpoint, raw, 0o644); err != nil {
			t.Fatal(err)
		}
		expect(head, judge.Fail, "checkpoint")
		db.Close()
		expect(Database(db, clock.System, false), judge.Error, "")
	})
}

func TestBlobs(t *testing.T) {
	root := filepath.Join(t.TempDir(), "blobs")
	if got := Blobs("blobs.work", "it", root, false).Run(t.Context()); got.Outcome != judge.NotObserved {
		t.Errorf("a store that is not there: %+v", got)
	}
	if err := os.MkdirAll(filepath.Join(root, "tmp"), 0o700); err != nil {
		t.Fatal(err)
	}
	if got := Blobs("blobs.work", "it", root, true).Run(t.Context()); got.Outcome != judge.Pass {
		t.Errorf("a store that works: %+v", got)
	}
	if left, err := os.ReadDir(filepath.Join(root, "tmp")); err != nil || len(left) > 0 {
		t.Errorf("the probe left %v, %v", left, err)
	}
	os.RemoveAll(filepath.Join(root, "tmp"))
	if got := Blobs("blobs.work", "it", root, true).Run(t.Context()); got.Outcome != judge.Error || got.Do == "" {
		t.Errorf("a store that cannot be written: %+v", got)
	}
}

func TestCertificate(t *testing.T) {
	dir := t.TempDir()
	if got := Certificate(dir, clock.System).Run(t.Context()); got.Outcome != judge.NotObserved {
		t.Errorf("no authority: %+v", got)
	}
	if err := os.WriteFile(filepath.Join(dir, "agents-ca.crt"), []byte("junk"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := Certificate(dir, clock.System).Run(t.Context()); got.Outcome != judge.Error {
		t.Errorf("junk: %+v", got)
	}
}
