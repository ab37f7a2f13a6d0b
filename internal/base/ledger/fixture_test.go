package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
)

// testLog is a ledger whose sequencer runs when the test says so.
type testLog struct {
	*Log
	db    *database.DB
	clock *clock.Manual
	seq   *sequencer
}

var testStart = time.Date(2026, 3, 14, 9, 26, 53, 589793000, time.UTC)

// newTestLog opens a ledger in data; change may adapt its configuration.
func newTestLog(t testing.TB, db *database.DB, data string, change func(*Config)) *testLog {
	t.Helper()
	l, err := openTestLog(db, data, change)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.seq.stop(); l.Close() })
	return l
}

func openTestLog(db *database.DB, data string, change func(*Config)) (*testLog, error) {
	m := clock.NewManual(testStart)
	cfg := Config{DB: db, Dir: filepath.Join(data, "ledger"), KeyFile: filepath.Join(data, "keys", "ledger.key"),
		Clock: m.Now, Logger: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&cfg)
	}
	l, err := Open(context.Background(), cfg)
	if err != nil {
		return nil, err
	}
	return &testLog{Log: l, db: db, clock: m, seq: &sequencer{log: l}}, nil
}

// add commits one transaction with these entries and gives their ids.
func (l *testLog) add(t testing.TB, entries ...Entry) []string {
	t.Helper()
	ids, err := l.tryAdd(entries...)
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

func (l *testLog) tryAdd(entries ...Entry) ([]string, error) {
	var ids []string
	ctx := context.Background()
	err := l.db.Tx(ctx, func(tx *sql.Tx) error {
		ids = ids[:0]
		for _, e := range entries {
			id, err := l.Append(ctx, tx, e)
			if err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return nil
	})
	return ids, err
}

// publish runs the sequencer until nothing is waiting.
func (l *testLog) publish(t testing.TB) {
	t.Helper()
	if err := l.tryPublish(); err != nil {
		t.Fatal(err)
	}
}

func (l *testLog) tryPublish() error {
	for {
		again, err := l.seq.round(context.Background())
		if err != nil {
			l.seq.forget()
			return err
		}
		if !again {
			return nil
		}
	}
}

// grow adds and publishes entries until the log has that size.
func (l *testLog) grow(t testing.TB, size int64) {
	t.Helper()
	head, err := l.Head(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for n := head.Size; n < size; {
		var batch []Entry
		for ; n < size && len(batch) < 1000; n++ {
			batch = append(batch, numbered(n))
		}
		l.add(t, batch...)
	}
	l.publish(t)
}

// numbered is an entry of the kind that runs of checks write.
func numbered(n int64) Entry {
	return Entry{Type: "run", Stream: fmt.Sprintf("source/src_%d", n%7), Actor: "system", Subject: fmt.Sprintf("host_%d", n%50),
		Data: map[string]any{"n": n, "text": "…"}}
}

// erase erases the personal data of an entry.
func erase(t testing.TB, l *testLog, id string) string {
	t.Helper()
	ctx := context.Background()
	var redaction string
	if err := l.db.Tx(ctx, func(tx *sql.Tx) error {
		var err error
		redaction, err = l.Erase(ctx, tx, id, "GDPR article 17", "usr_9")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return redaction
}

func asFault(err error, f **fault.Error) bool { return errors.As(err, f) }

func fieldOf(f *fault.Error) string {
	if f == nil {
		return ""
	}
	return f.Field
}

// unsyncedFiles is the operating system's file system without its syncs.
type unsyncedFiles struct{ osFiles }

func (unsyncedFiles) WriteSynced(path string, mode fs.FileMode, data []byte) error {
	return os.WriteFile(path, data, mode)
}
func (unsyncedFiles) SyncDir(string) error { return nil }
