package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
)

// start runs the sequencer until the test ends or stop is called.
func (l *testLog) start(t testing.TB) (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	stop = sync.OnceValue(func() error { cancel(); return <-done })
	t.Cleanup(func() { _ = stop() })
	return stop
}

// await waits for a checkpoint of at least that size.
func (l *testLog) await(t testing.TB, size int64) Head {
	t.Helper()
	deadline := time.After(60 * time.Second)
	for {
		changed := l.Changed()
		head, err := l.Head(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if head.Size >= size {
			return head
		}
		select {
		case <-changed:
		case <-deadline:
			st, err := l.Status(context.Background())
			t.Fatalf("no checkpoint of %d entries: head %+v, status %+v, %v", size, head, st, err)
		}
	}
}

func TestRun(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		l := newTestLog(t, db, t.TempDir(), func(c *Config) { c.Clock = clock.System })
		stop := l.start(t)
		ids := l.add(t, numbered(0))
		l.await(t, 1)
		rec, err := l.Record(context.Background(), ids[0])
		if err != nil || rec.Index != 0 {
			t.Fatalf("%+v, %v", rec, err)
		}
		const writers, each = 4, 40
		var wg sync.WaitGroup
		for w := range writers {
			wg.Go(func() {
				for i := range each {
					if _, err := l.tryAdd(Entry{Type: "run", Stream: fmt.Sprint("s", (w+i)%2), Actor: "system", Subject: "x"}, numbered(int64(i))); err != nil {
						t.Error(err)
					}
				}
			})
		}
		for range 3 { // beside the running server
			if _, err := l.verify(nil); err != nil {
				t.Error(err)
			}
		}
		wg.Wait()
		l.await(t, 1+2*writers*each)
		rep := l.mustVerify(t)
		if rep.Size != 1+2*writers*each || rep.Unnumbered != 0 {
			t.Errorf("%+v", rep)
		}
		if st, err := l.Status(context.Background()); err != nil || !st.Sequencing || st.Err != nil || st.Waiting != 0 || st.Size != rep.Size {
			t.Errorf("status %+v, %v", st, err)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

// TestVerifyBesideWriter verifies again and again while the log grows.
func TestVerifyBesideWriter(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		l := newTestLog(t, db, t.TempDir(), func(c *Config) { c.Clock = clock.System })
		l.start(t)
		var stop atomic.Bool
		var wg sync.WaitGroup
		wg.Go(func() {
			for n := int64(0); !stop.Load(); n++ {
				if _, err := l.tryAdd(numbered(n), numbered(n+1), numbered(n+2)); err != nil {
					t.Error(err)
					return
				}
			}
		})
		var old []byte
		last := int64(0)
		for round := 0; round < 200 && last < 1500; round++ {
			rep, err := l.verify(old)
			if err != nil {
				t.Errorf("round %d: %+v, %v", round, rep, err)
				break
			}
			if rep.Size > last {
				last, old = rep.Size, nil
			}
			if raw, err := os.ReadFile(filepath.Join(l.cfg.Dir, "checkpoint")); err == nil {
				old = raw
			}
			<-l.Changed()
		}
		stop.Store(true)
		wg.Wait()
		if last < 300 {
			t.Errorf("the log only grew to %d entries", last)
		}
	})
}

// TestStandby: on PostgreSQL one process sequences, another follows and takes
// over when the first is gone.
func TestStandby(t *testing.T) {
	location := databasetest.PostgresLocation(t)
	data := t.TempDir()
	open := func() *testLog {
		db, err := database.Open(context.Background(), location, database.ReadWrite)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		return newTestLog(t, db, data, func(c *Config) { c.Clock, c.Poll = clock.System, 20*time.Millisecond })
	}
	first := open()
	stopFirst := first.start(t)
	first.add(t, numbered(0))
	first.await(t, 1)
	second := open()
	second.start(t)
	second.add(t, numbered(1))
	second.await(t, 2)
	first.await(t, 2)
	if st, err := second.Status(context.Background()); err != nil || st.Sequencing {
		t.Errorf("two sequencers: %+v, %v", st, err)
	}
	if err := stopFirst(); err != nil {
		t.Fatal(err)
	}
	second.add(t, numbered(2))
	second.await(t, 3)
	if st, err := second.Status(context.Background()); err != nil || !st.Sequencing {
		t.Errorf("nobody took over: %+v, %v", st, err)
	}
	if rep := second.mustVerify(t); rep.Size != 3 {
		t.Errorf("%+v", rep)
	}
}

// TestLostSeat: a sequencer whose connection was cut publishes nothing more
// until it has the lock again.
func TestLostSeat(t *testing.T) {
	db := databasetest.Postgres(t)
	l := newTestLog(t, db, t.TempDir(), nil)
	l.grow(t, 2)
	if _, err := db.Writer().Exec(`SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid() AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`); err != nil {
		t.Fatal(err)
	}
	l.add(t, numbered(2))
	if err := l.tryPublish(); err == nil {
		t.Fatal("published without the lock")
	}
	for deadline := time.Now().Add(30 * time.Second); l.sizeOf(t) < 3 && time.Now().Before(deadline); {
		l.publish(t) // as a follower, until the server has ended the old connection
	}
	if rep := l.mustVerify(t); rep.Size != 3 {
		t.Errorf("%+v", rep)
	}
}

// TestDiskFull: while nothing can be written entries are kept and the state
// says why; then everything is published.
func TestDiskFull(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		faulty := &faultyFiles{}
		var mu sync.Mutex
		var told []Status
		l := newTestLog(t, db, t.TempDir(), func(c *Config) {
			c.Clock, c.files, c.Poll = clock.System, faulty, 5*time.Millisecond
			c.OnStatus = func(st Status) {
				mu.Lock()
				defer mu.Unlock()
				told = append(told, st)
			}
		})
		l.grow(t, 5)
		faulty.full = true
		failing := make(chan struct{})
		notify := l.cfg.OnStatus
		l.cfg.OnStatus = func(st Status) {
			notify(st)
			if st.Err != nil {
				mu.Lock()
				faulty.full = false // room is made by the operator
				mu.Unlock()
				close(failing)
			}
		}
		ids := l.add(t, numbered(5), numbered(6))
		l.seq.stop()
		l.start(t)
		<-failing
		l.await(t, 7)
		for i, id := range ids {
			if rec, err := l.Record(context.Background(), id); err != nil || rec.Index != int64(5+i) {
				t.Errorf("%+v, %v", rec, err)
			}
		}
		l.mustVerify(t)
		mu.Lock()
		defer mu.Unlock()
		if len(told) < 2 || told[0].Err == nil || !strings.Contains(told[0].Err.Error(), "no space left") || told[0].Since.IsZero() || told[len(told)-1].Err != nil {
			t.Errorf("told %+v", told)
		}
	})
}

// TestDamagedWhileWaiting: an entry that was changed before it was numbered
// stops the sequencer; it is not signed.
func TestDamagedWhileWaiting(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		l := newTestLog(t, db, t.TempDir(), nil)
		l.grow(t, 2)
		ids := l.add(t, numbered(2), numbered(3))
		if _, err := db.Writer().Exec(`UPDATE ledger_body SET body = $1 WHERE entry_id = $2`, []byte(`{"forged":true}`), ids[1]); err != nil {
			t.Fatal(err)
		}
		l.seq.stop()
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := l.Run(ctx); !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), ids[1]) {
			t.Errorf("run gave %v", err)
		}
		if size := l.sizeOf(t); size != 2 {
			t.Errorf("published %d entries", size)
		}
	})
}

func TestReopen(t *testing.T) {
	location, data := databasetest.SQLiteLocation(t), t.TempDir()
	var origin, key string
	for i, size := range []int64{3, 256, 300, 900} {
		l := openAt(t, location, data, nil)
		if i > 0 && (l.Origin() != origin || l.VerifierKey() != key) {
			t.Errorf("another origin or key: %s %s", l.Origin(), l.VerifierKey())
		}
		origin, key = l.Origin(), l.VerifierKey()
		l.grow(t, size)
		l.mustVerify(t)
		l.close(t)
	}
	old := openAt(t, location, data, nil)
	old.add(t, numbered(900))
	old.close(t)

	t.Run("key readable by others", func(t *testing.T) {
		path := filepath.Join(data, "keys", "ledger.key")
		if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o600 {
			t.Errorf("the key has mode %v, %v", st.Mode(), err)
		}
		chmod(t, path, 0o644)
		refusedToOpen(t, location, data, nil, fault.Refused, "others may read")
		chmod(t, path, 0o600)
	})
	t.Run("key missing", func(t *testing.T) {
		path := filepath.Join(data, "keys", "ledger.key")
		rename(t, path, path+"~")
		refusedToOpen(t, location, data, nil, fault.Refused, "signing key")
		rename(t, path+"~", path)
	})
	t.Run("another log's key", func(t *testing.T) {
		other := t.TempDir()
		newTestLog(t, databasetest.SQLite(t), other, nil)
		for _, name := range []string{"ledger.key", "ledger.pub"} {
			rename(t, filepath.Join(data, "keys", name), filepath.Join(data, "keys", name+"~"))
			rename(t, filepath.Join(other, "keys", name), filepath.Join(data, "keys", name))
		}
		refusedToOpen(t, location, data, nil, fault.Refused, "is of log")
		for _, name := range []string{"ledger.key", "ledger.pub"} {
			rename(t, filepath.Join(data, "keys", name+"~"), filepath.Join(data, "keys", name))
		}
	})
	t.Run("another public key", func(t *testing.T) {
		path := filepath.Join(data, "keys", "ledger.pub")
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("attesta.local/x+00000000+AAAA\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		refusedToOpen(t, location, data, nil, fault.Refused, "is not the verifier key")
		if err := os.WriteFile(path, raw, 0o644); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("another origin configured", func(t *testing.T) {
		refusedToOpen(t, location, data, func(c *Config) { c.Origin = "example.org/other" }, fault.Conflict, "origin")
	})
	t.Run("bad origin", func(t *testing.T) {
		refusedToOpen(t, databasetest.SQLiteLocation(t), t.TempDir(), func(c *Config) { c.Origin = "two words" }, fault.Invalid, "origin")
	})
	t.Run("damaged tile at the end", func(t *testing.T) {
		path := filepath.Join(data, "ledger", "tile", "0", "003.p", "132")
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		raw[77] ^= 1
		if err := os.WriteFile(path, raw, 0o644); err != nil {
			t.Fatal(err)
		}
		refusedToOpen(t, location, data, nil, fault.Refused, "do not have the root")
		raw[77] ^= 1
		if err := os.WriteFile(path, raw, 0o644); err != nil {
			t.Fatal(err)
		}
	})
	l := openAt(t, location, data, nil)
	l.publish(t)
	if rep := l.mustVerify(t); rep.Size != 901 {
		t.Errorf("%+v", rep)
	}
	l.close(t)
}

func chmod(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

func refusedToOpen(t *testing.T, location, data string, change func(*Config), kind fault.Kind, says string) {
	t.Helper()
	db, err := database.Open(context.Background(), location, database.ReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	l, err := openTestLog(db, data, change)
	if err == nil {
		l.Close()
	}
	if !fault.Is(err, kind) || !strings.Contains(err.Error(), says) {
		t.Errorf("open gave %v, want %s %q", err, kind, says)
	}
}

// TestPutBack puts database or directory back to an earlier state.
func TestPutBack(t *testing.T) {
	location, data := databasetest.SQLiteLocation(t), t.TempDir()
	l := openAt(t, location, data, nil)
	l.grow(t, 100)
	l.close(t)
	oldDatabase, oldData := copyDatabase(t, location), copyDir(t, data)
	l = openAt(t, location, data, nil)
	l.grow(t, 200)
	l.close(t)

	t.Run("database", func(t *testing.T) {
		refusedToOpen(t, copyDatabase(t, oldDatabase), copyDir(t, data), nil, fault.Refused, "holds 200 entries, the database only 100")
	})
	t.Run("database, grown again", func(t *testing.T) {
		// A second history under the same key, past the first one's size.
		other, data2 := copyDatabase(t, oldDatabase), copyDir(t, oldData)
		l := openAt(t, other, data2, nil)
		l.clock.Advance(time.Second)
		l.grow(t, 300)
		l.close(t)
		refusedToOpen(t, other, copyDir(t, data), nil, fault.Refused, "hold different entries")
		refusedToOpen(t, copyDatabase(t, location), data2, nil, fault.Refused, "holds 300 entries, the database only 200")
	})
	t.Run("directory", func(t *testing.T) { // nothing is lost: it is brought up to the database again
		data2 := copyDir(t, oldData)
		l := openAt(t, copyDatabase(t, location), data2, nil)
		_, err := l.verify(nil)
		refused(t, "before the repair", err, "recorded a checkpoint of 200 entries, the directory has one of 100")
		l.publish(t)
		if rep := l.mustVerify(t); rep.Size != 200 {
			t.Errorf("%+v", rep)
		}
		l.close(t)
	})
	t.Run("directory, after its bundles were let go", func(t *testing.T) {
		copied, data2 := copyDatabase(t, location), copyDir(t, data)
		l := openAt(t, copied, data2, nil)
		l.grow(t, 600)
		l.close(t)
		l = openAt(t, copied, copyDir(t, oldData), nil)
		err := l.tryPublish()
		refused(t, "bundles are gone", err, "tile/entries/000")
		l.close(t)
	})
	t.Run("directory gone", func(t *testing.T) {
		data2 := copyDir(t, data)
		if err := os.RemoveAll(filepath.Join(data2, "ledger")); err != nil {
			t.Fatal(err)
		}
		l := openAt(t, copyDatabase(t, location), data2, nil)
		_, err := l.verify(nil)
		refused(t, "verify", err, "recorded a checkpoint of 200")
		l.publish(t) // all 200 bodies are still in the database
		l.mustVerify(t)
		l.close(t)
	})
	t.Run("another database", func(t *testing.T) {
		refusedToOpen(t, databasetest.SQLiteLocation(t), copyDir(t, data), nil, fault.Refused, "the database only 0")
	})
}

func copyDir(t *testing.T, dir string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	chmod(t, filepath.Join(to, "keys", "ledger.key"), 0o600)
	return to
}

// TestClockSetBack: a small step back is held, a large one refused.
func TestClockSetBack(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		data := t.TempDir()
		l := newTestLog(t, db, data, nil)
		l.add(t, numbered(0))
		l.clock.Advance(-90 * time.Second)
		ids := l.add(t, numbered(1))
		rec, err := l.Record(context.Background(), ids[0])
		if err != nil || !rec.At.Equal(testStart) || l.Held() != 90*time.Second {
			t.Errorf("time %v, held %v, %v", rec.At, l.Held(), err)
		}
		l.publish(t)
		l.clock.Advance(2 * time.Minute)
		l.add(t, numbered(2))
		if l.Held() != 0 {
			t.Errorf("still held: %v", l.Held())
		}
		l.publish(t)
		l.mustVerify(t)

		again, err := openTestLog(db, data, func(c *Config) { c.Clock = func() time.Time { return testStart.Add(-20 * time.Second) } })
		if err != nil {
			t.Fatalf("50 seconds behind: %v", err)
		}
		ids = again.add(t, numbered(3))
		if rec, err = again.Record(context.Background(), ids[0]); err != nil || !rec.At.Equal(testStart.Add(30*time.Second)) || again.Held() != 50*time.Second {
			t.Errorf("after a restart: time %v, held %v, %v", rec.At, again.Held(), err)
		}
		again.Close()
		_, err = openTestLog(db, data, func(c *Config) { c.Clock = func() time.Time { return testStart.Add(-3 * time.Minute) } })
		var f *fault.Error
		if !fault.Is(err, fault.Unavailable) || !errors.As(err, &f) || f.Hint == "" || !strings.Contains(err.Error(), "3m30s before") {
			t.Errorf("far behind: %v", err)
		}
	})
}

// TestSweep deletes partials an hour after their tile is full, not sooner, and
// keeps those of the present.
func TestSweep(t *testing.T) {
	db := databasetest.SQLite(t)
	l := newTestLog(t, db, t.TempDir(), nil)
	partials := func() int64 { return l.mustVerify(t).Partials }
	for _, size := range []int64{10, 100, 200, 300} {
		l.grow(t, size)
	}
	before := partials()
	exists := func(name string) bool {
		_, err := os.Stat(filepath.Join(l.cfg.Dir, name))
		return err == nil
	}
	l.clock.Advance(59 * time.Minute)
	l.publish(t)
	if partials() != before {
		t.Error("partials were deleted too soon")
	}
	l.clock.Advance(61 * time.Minute)
	l.publish(t)
	if n := partials(); n != before-6 || exists("tile/0/000.p") || exists("tile/entries/000.p") || !exists("tile/0/001.p/44") || !exists("tile/1/000.p/1") {
		t.Errorf("%d partials of %d are left", n, before)
	}
	l.grow(t, 513)
	l.clock.Advance(3 * time.Hour)
	l.publish(t)
	if exists("tile/0/001.p") || !exists("tile/0/002.p/1") || !exists("tile/1/000.p/1") {
		t.Error("the second sweep is wrong")
	}
	l.mustVerify(t)
}

func TestTransactionsRollBack(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		l := newTestLog(t, db, t.TempDir(), nil)
		l.add(t, numbered(0))
		boom := errors.New("boom")
		ctx := context.Background()
		if err := db.Tx(ctx, func(tx *sql.Tx) error {
			for range 3 {
				if _, err := l.Append(ctx, tx, numbered(0)); err != nil {
					return err
				}
			}
			return boom
		}); !errors.Is(err, boom) {
			t.Fatal(err)
		}
		l.add(t, numbered(0))
		l.publish(t)
		if rep := l.mustVerify(t); rep.Size != 2 {
			t.Errorf("%+v", rep)
		}
	})
}

// TestAppendAll: a batch is numbered in its order, also where a stream is ahead
// of this process because another one has a clock ahead.
func TestAppendAll(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		ctx := context.Background()
		data := t.TempDir()
		l := newTestLog(t, db, data, nil)
		entry := func(stream string, n int) Entry {
			return Entry{Type: "run", Stream: stream, Actor: "system", Subject: fmt.Sprint(n)}
		}
		ahead := newTestLog(t, db, data, func(c *Config) { c.Clock = func() time.Time { return testStart.Add(time.Minute) } })
		ahead.add(t, entry("a", 0))
		var ids []string
		if err := db.Tx(ctx, func(tx *sql.Tx) error {
			var err error
			ids, err = l.AppendAll(ctx, tx, entry("a", 1), entry("a", 2), entry("a", 3))
			if err == nil {
				_, err = l.AppendAll(ctx, tx)
			}
			return err
		}); err != nil || len(ids) != 3 {
			t.Fatal(ids, err)
		}
		l.add(t, entry("a", 4))
		l.publish(t)
		var batch []Entry
		for n := range 30 {
			batch = append(batch, entry(string(rune('a'+n*7%5)), 5+n))
		}
		if err := db.Tx(ctx, func(tx *sql.Tx) error {
			_, err := l.AppendAll(ctx, tx, batch...)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		l.publish(t)
		l.mustVerify(t)
		records, err := l.Since(ctx, 0, 5)
		if err != nil || len(records) != 5 {
			t.Fatal(records, err)
		}
		for n, r := range records {
			if r.Subject != fmt.Sprint(n) || r.At.Before(testStart.Add(time.Minute)) {
				t.Errorf("record %d: %+v", n, r)
			}
		}
		again := newTestLog(t, db, data, func(c *Config) { c.Clock = func() time.Time { return testStart.Add(time.Minute) } })
		if err := db.Tx(ctx, func(tx *sql.Tx) error {
			_, err := again.AppendAll(ctx, tx, batch...)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		l.publish(t)
		l.mustVerify(t)
		if records, err = l.Since(ctx, 35, 30); err != nil || len(records) != 30 {
			t.Fatal(len(records), err)
		}
		for n, r := range records {
			if r.Subject != fmt.Sprint(5+n) {
				t.Errorf("record %d is %s", n, r.Subject)
			}
		}
	})
}
