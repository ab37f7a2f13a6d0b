package ledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
)

// faultyFiles is a file system that fails at a chosen operation and that
// forgets, when the power goes, what was not synced.
type faultyFiles struct {
	failAt int    // the operation that fails, from 1 on; 0: none
	how    string // "before", "half" (a short write), "after" (done, but reported as failed)
	die    bool   // nothing works from then on, as if the process was gone
	full   bool   // every write fails with ENOSPC
	n      int
	failed string // what failed
	undo   []unsynced
}

// unsynced is a change of a directory that only its sync makes durable.
type unsynced struct {
	dir    string
	revert func() error
}

var errInjected = errors.New("injected fault")

// step runs one operation, or what is left of it.
func (f *faultyFiles) step(name string, do, half func() error) error {
	f.n++
	switch {
	case f.failAt == 0 || f.n < f.failAt || (f.n > f.failAt && !f.die):
		return do()
	case f.n > f.failAt:
		return errInjected
	}
	f.failed = name
	switch f.how {
	case "half":
		return errors.Join(errInjected, half())
	case "after":
		return errors.Join(errInjected, do())
	}
	return errInjected
}

func (f *faultyFiles) WriteSynced(path string, mode fs.FileMode, data []byte) error {
	if f.full {
		return &fs.PathError{Op: "write", Path: path, Err: syscall.ENOSPC}
	}
	write := func(data []byte) func() error {
		return func() error {
			f.note(filepath.Dir(path), path)
			return osFiles{}.WriteSynced(path, mode, data)
		}
	}
	return f.step("write "+filepath.Base(path), write(data), write(data[:len(data)/2]))
}

func (f *faultyFiles) Rename(from, to string) error {
	do := func() error {
		f.note(filepath.Dir(to), to)
		return os.Rename(from, to)
	}
	return f.step("rename to "+to, do, do)
}

func (f *faultyFiles) Mkdir(path string) error {
	do := func() error {
		err := os.Mkdir(path, 0o755)
		if err == nil {
			f.undo = append(f.undo, unsynced{filepath.Dir(path), func() error { return os.RemoveAll(path) }})
		}
		return err
	}
	return f.step("mkdir "+path, do, do)
}

func (f *faultyFiles) SyncDir(path string) error {
	return f.step("sync "+path, func() error {
		f.undo = slices.DeleteFunc(f.undo, func(u unsynced) bool { return u.dir == path })
		return nil
	}, func() error { return nil })
}

func (f *faultyFiles) Remove(path string) error {
	do := func() error {
		if st, err := os.Stat(path); err == nil && !st.IsDir() {
			f.note(filepath.Dir(path), path)
		}
		return os.Remove(path)
	}
	return f.step("remove "+path, do, do)
}

// note remembers what path was before it changes.
func (f *faultyFiles) note(dir, path string) {
	old, err := os.ReadFile(path)
	f.undo = append(f.undo, unsynced{dir, func() error {
		if err != nil {
			if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			return nil
		}
		return os.WriteFile(path, old, 0o644)
	}})
}

// powerLoss takes back unsynced changes: all, none, or a random choice.
func (f *faultyFiles) powerLoss(t *testing.T, lose func() bool) {
	t.Helper()
	for i := len(f.undo) - 1; i >= 0; i-- {
		if lose() {
			if err := f.undo[i].revert(); err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(err)
			}
		}
	}
}

// TestFaultAtEveryOperation lets every operation of the file system fail in
// turn, in each way, and goes on after it: with another try, or after the
// process died, with or without what was not synced. The log must be whole
// each time, contain every entry once, and continue what was published before.
// The ends take turns; with ATTESTA_TORTURE_ROUNDS set all of them follow each fault.
func TestFaultAtEveryOperation(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	ways, ends := []string{"before", "half", "after"}, []string{"again", "nothing lost", "all lost", "some lost"}
	all := os.Getenv("ATTESTA_TORTURE_ROUNDS") != ""
	for _, tc := range []struct{ from, to int64 }{{0, 1}, {250, 270}} {
		base := t.TempDir()
		location := databasetest.SQLiteLocation(t)
		before := openAt(t, location, base, nil)
		before.grow(t, tc.from)
		var batch []Entry
		for n := tc.from; n < tc.to; n++ {
			batch = append(batch, numbered(n))
		}
		added := before.add(t, batch...)
		var old []byte
		if tc.from > 0 {
			old = before.checkpointFile(t)
		}
		before.close(t)
		random := rand.New(rand.NewPCG(7, uint64(tc.to)))
		losses := map[string]func() bool{
			"nothing lost": func() bool { return false },
			"all lost":     func() bool { return true },
			"some lost":    func() bool { return random.IntN(2) == 0 },
		}
		steps := 0
		for i, how := range ways {
			for j, after := range ends {
				for failAt := 1; ; failAt++ {
					if !all && (failAt+i)%len(ends) != j && failAt <= steps {
						continue
					}
					name := fmt.Sprintf("%d to %d, operation %d fails %s, then %s", tc.from, tc.to, failAt, how, after)
					data := t.TempDir()
					if err := os.CopyFS(data, os.DirFS(base)); err != nil {
						t.Fatal(err)
					}
					if err := os.Chmod(filepath.Join(data, "keys", "ledger.key"), 0o600); err != nil {
						t.Fatal(err)
					}
					copied := copyDatabase(t, location)
					faulty := &faultyFiles{failAt: failAt, how: how, die: after != "again"}
					l := openAt(t, copied, data, faulty)
					err := l.tryPublish()
					if faulty.n < failAt {
						if err != nil {
							t.Fatalf("%s: without a fault: %v", name, err)
						}
						l.close(t)
						steps = max(steps, failAt-1)
						break
					}
					if !errors.Is(err, errInjected) {
						t.Fatalf("%s: the fault was not reported: %v", name, err)
					}
					if after != "again" {
						faulty.powerLoss(t, losses[after])
						l.close(t)
						l = openAt(t, copied, data, nil)
					}
					if _, err := l.verify(old); err != nil { // even before it is repaired
						t.Fatalf("%s (%s): verify after the fault: %v", name, faulty.failed, err)
					}
					if err := l.tryPublish(); err != nil {
						t.Fatalf("%s (%s): publish after the fault: %v", name, faulty.failed, err)
					}
					rep, err := l.verify(old)
					if err != nil || rep.Size != tc.to || rep.Unnumbered+rep.Unpublished != 0 {
						t.Fatalf("%s (%s): %+v, %v", name, faulty.failed, rep, err)
					}
					records, err := l.Since(ctx, tc.from, 1000)
					if err != nil || len(records) != len(added) {
						t.Fatalf("%s (%s): %d records, %v", name, faulty.failed, len(records), err)
					}
					for k, rec := range records {
						if rec.ID != added[k] || rec.Index != tc.from+int64(k) {
							t.Fatalf("%s (%s): record %d is %s at %d", name, faulty.failed, k, rec.ID, rec.Index)
						}
					}
					if size := l.sizeOf(t); size != tc.to {
						t.Fatalf("%s (%s): the database knows a checkpoint of %d", name, faulty.failed, size)
					}
					if after == "again" { // what was published then is durable: the power may go
						now := l.checkpointFile(t)
						l.close(t)
						faulty.powerLoss(t, losses["all lost"])
						l = openAt(t, copied, data, nil)
						if _, err := l.verify(now); err != nil {
							t.Fatalf("%s (%s): verify after a power loss: %v", name, faulty.failed, err)
						}
						l.publish(t)
					}
					if left, err := os.ReadDir(l.cfg.Dir + ".tmp"); err != nil || len(left) > 0 {
						t.Fatalf("%s (%s): left %v, %v", name, faulty.failed, left, err)
					}
					l.close(t)
				}
			}
		}
		if steps < 10 {
			t.Errorf("%d to %d: only %d operations", tc.from, tc.to, steps)
		}
		t.Logf("%d to %d: %d operations, each failing in %d ways", tc.from, tc.to, steps, len(ways))
	}
}

// openAt opens a ledger over a database location, for tests that close and
// reopen both.
func openAt(t *testing.T, location, data string, f files) *testLog {
	t.Helper()
	db, err := database.Open(context.Background(), location, database.ReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	l, err := openTestLog(db, data, func(c *Config) { c.files = f })
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (l *testLog) close(t *testing.T) {
	t.Helper()
	l.seq.stop()
	if err := errors.Join(l.Close(), l.db.Close()); err != nil {
		t.Fatal(err)
	}
}

// copyDatabase copies a SQLite database that is not open.
func copyDatabase(t *testing.T, location string) string {
	t.Helper()
	raw, err := os.ReadFile(strings.TrimPrefix(location, "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "attesta.db")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return "sqlite:" + path
}

// A key that could not be stored whole is made again; nothing half-made stays.
func TestFaultWhileTheKeyIsMade(t *testing.T) {
	for failAt := 1; ; failAt++ {
		data := t.TempDir()
		db := databasetest.SQLite(t)
		faulty := &faultyFiles{failAt: failAt, how: "half", die: true}
		l, err := openTestLog(db, data, func(c *Config) { c.files = faulty })
		if faulty.n < failAt {
			if err != nil || failAt < 6 {
				t.Fatalf("%d operations, %v", failAt, err)
			}
			l.Close()
			return
		}
		if err == nil {
			t.Fatalf("operation %d: no error", failAt)
		}
		faulty.powerLoss(t, func() bool { return true })
		l = newTestLog(t, db, data, nil)
		l.grow(t, 2)
		l.mustVerify(t)
	}
}
