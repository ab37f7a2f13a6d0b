package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
)

func (l *testLog) verify(old []byte, bindings ...Binding) (Report, error) {
	return Verify(context.Background(), VerifyConfig{DB: l.db, Dir: l.cfg.Dir, VerifierKey: l.VerifierKey(), OldCheckpoint: old, Bindings: bindings})
}

func (l *testLog) mustVerify(t testing.TB) Report {
	t.Helper()
	rep, err := l.verify(nil)
	if err != nil {
		t.Fatalf("verify: %v", err)
	}
	return rep
}

func (l *testLog) checkpointFile(t testing.TB) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(l.cfg.Dir, "checkpoint"))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// fullLog is a log with everything in it: full and partial bundles and tiles,
// personal data, an erasure, numbered and unnumbered entries.
func fullLog(t testing.TB, db *database.DB) *testLog {
	t.Helper()
	l := newTestLog(t, db, t.TempDir(), nil)
	for _, size := range []int64{3, 200, 256, 300, 520} {
		l.grow(t, size)
		l.clock.Advance(time.Second)
	}
	person := func(name string) Entry {
		return Entry{Type: "user.added", Stream: "people", Actor: "usr_1", Subject: "usr_2", Personal: map[string]string{"name": name, "mail": name + "@example.org"}}
	}
	ids := l.add(t, person("ada"), person("grace"))
	l.publish(t)
	erase(t, l, ids[1])
	l.publish(t)
	l.add(t, Entry{Type: "run", Stream: "source/src_1", Actor: "system", Subject: "host_1"}, person("late"))
	return l
}

func TestVerify(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		l := newTestLog(t, db, t.TempDir(), nil)
		rep := l.mustVerify(t)
		if rep.Size != 0 || rep.Anchored || !strings.Contains(strings.Join(rep.Notes, "\n"), "not anchored") {
			t.Errorf("empty ledger: %+v", rep)
		}
		l = fullLog(t, databasetestOther(t, db))
		rep = l.mustVerify(t)
		want := Report{Size: 523, Unnumbered: 2, Streams: 9, Bundles: 2, Tiles: 2, Checkpoints: 7, Commitments: 2, Erased: 1}
		if rep.Size != want.Size || rep.Unnumbered != want.Unnumbered || rep.Streams != want.Streams || rep.Bundles != want.Bundles ||
			rep.Tiles != want.Tiles || rep.Checkpoints != want.Checkpoints || rep.Commitments != want.Commitments || rep.Erased != want.Erased {
			t.Errorf("report\n%+v, want\n%+v", rep, want)
		}
		notes := strings.Join(rep.Notes, "\n")
		for _, part := range []string{"not anchored", "a rollback to an earlier state cannot be detected", "2 committed entries have no position"} {
			if !strings.Contains(notes, part) {
				t.Errorf("the notes do not say %q:\n%s", part, notes)
			}
		}
		old := l.checkpointFile(t)
		l.grow(t, 800)
		rep, err := l.verify(old)
		if err != nil || rep.OldSize == nil || *rep.OldSize != 523 || strings.Contains(strings.Join(rep.Notes, "\n"), "rollback") {
			t.Errorf("with an older checkpoint: %+v, %v", rep, err)
		}
	})
}

// databasetestOther gives a second fresh database of the same engine.
func databasetestOther(t testing.TB, db *database.DB) *database.DB {
	if db.Dialect == database.Postgres {
		return databasetest.Postgres(t)
	}
	return databasetest.SQLite(t)
}

// refused requires a refusal that names one of these.
func refused(t *testing.T, what string, err error, names ...string) {
	t.Helper()
	if !fault.Is(err, fault.Refused) {
		t.Errorf("%s: verify gave %v, want a refusal", what, err)
		return
	}
	for _, name := range names {
		if strings.Contains(err.Error(), name) {
			return
		}
	}
	t.Errorf("%s: the refusal %q names none of %q", what, err, names)
}

// TestVerifyFindsEveryFlippedByte flips bytes in every file of the log.
func TestVerifyFindsEveryFlippedByte(t *testing.T) {
	l := fullLog(t, databasetest.SQLite(t))
	l.mustVerify(t)
	random := rand.New(rand.NewPCG(1, 2))
	files := 0
	err := filepath.WalkDir(l.cfg.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		offsets := []int{0, len(raw) - 1, random.IntN(len(raw)), random.IntN(len(raw)), random.IntN(len(raw))}
		if d.Name() == "checkpoint" { // small, and everything hangs on it
			offsets = nil
			for i := range raw {
				offsets = append(offsets, i)
			}
		}
		for _, at := range offsets {
			bad := bytes.Clone(raw)
			bad[at] ^= 1 << random.IntN(8)
			if err := os.WriteFile(path, bad, 0o644); err != nil {
				return err
			}
			_, err := l.verify(nil)
			rel, _ := filepath.Rel(l.cfg.Dir, path)
			refused(t, fmt.Sprintf("byte %d of %s", at, rel), err, rel)
		}
		for what, bad := range map[string][]byte{"cut short": raw[:len(raw)-1], "longer": append(bytes.Clone(raw), 0), "empty": nil} {
			if err := os.WriteFile(path, bad, 0o644); err != nil {
				return err
			}
			_, err := l.verify(nil)
			rel, _ := filepath.Rel(l.cfg.Dir, path)
			refused(t, rel+" "+what, err, rel)
		}
		return os.WriteFile(path, raw, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 19 {
		t.Errorf("only %d files were tried", files)
	}
	l.mustVerify(t)
}

// TestVerifyFindsEveryChangedColumn changes each column of database rows.
func TestVerifyFindsEveryChangedColumn(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		l := fullLog(t, db)
		ctx := context.Background()
		exec := func(query string, args ...any) {
			t.Helper()
			if _, err := db.Writer().ExecContext(ctx, query, args...); err != nil {
				t.Fatalf("%s: %v", query, err)
			}
		}
		rows, err := selectRows(ctx, db.Reader(), Filter{Limit: 1})
		if err != nil || len(rows) != 1 || rows[0].idx != -1 {
			t.Fatal(rows, err)
		}
		for _, idx := range []int64{0, 255, 256, 300, 511, 512, 522} {
			r, err := rowByIndex(ctx, db.Reader(), idx)
			if err != nil || len(r) != 1 {
				t.Fatal(idx, r, err)
			}
			rows = append(rows, r[0])
		}
		for _, r := range rows {
			restore := func() {
				var idx, ord any
				if r.idx >= 0 {
					idx = r.idx
				}
				if r.ord >= 0 {
					ord = r.ord
				}
				exec(`DELETE FROM ledger_entry WHERE id = $1 OR id = 'changed'`, r.id)
				exec(`INSERT INTO ledger_entry (id, idx, ord, stream, stream_seq, type, at, subject, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
					r.id, idx, ord, r.stream, r.streamSeq, r.typ, r.at.UnixMicro(), r.subject, r.hash)
				exec(`DELETE FROM ledger_body WHERE entry_id IN ($1, 'changed')`, r.id)
				if r.body != nil {
					exec(`INSERT INTO ledger_body (entry_id, body) VALUES ($1, $2)`, r.id, r.body)
				}
			}
			flip := func(b []byte, at int) []byte { b = bytes.Clone(b); b[at] ^= 0x20; return b }
			where := []string{"ledger_entry", "ledger_body", fmt.Sprintf("index %d ", r.idx), r.id, "stream " + r.stream}
			changes := []struct {
				what, query string
				args        []any
			}{
				{"id", `UPDATE ledger_entry SET id = $1 WHERE id = $2`, []any{"changed", r.id}},
				{"stream", `UPDATE ledger_entry SET stream = $1 WHERE id = $2`, []any{r.stream + "x", r.id}},
				{"stream_seq", `UPDATE ledger_entry SET stream_seq = $1 WHERE id = $2`, []any{r.streamSeq ^ 1, r.id}},
				{"type", `UPDATE ledger_entry SET type = $1 WHERE id = $2`, []any{r.typ + "x", r.id}},
				{"at", `UPDATE ledger_entry SET at = $1 WHERE id = $2`, []any{r.at.UnixMicro() ^ 1, r.id}},
				{"subject", `UPDATE ledger_entry SET subject = $1 WHERE id = $2`, []any{r.subject + "x", r.id}},
				{"hash", `UPDATE ledger_entry SET hash = $1 WHERE id = $2`, []any{flip(r.hash, 7), r.id}},
				{"hash cut", `UPDATE ledger_entry SET hash = $1 WHERE id = $2`, []any{r.hash[:31], r.id}},
				{"deleted", `DELETE FROM ledger_entry WHERE id = $1`, []any{r.id}},
			}
			type change = struct {
				what, query string
				args        []any
			}
			if r.idx >= 0 {
				changes = append(changes, change{"idx", `UPDATE ledger_entry SET idx = $1 WHERE id = $2`, []any{r.idx ^ 1<<40, r.id}},
					change{"idx gone", `UPDATE ledger_entry SET idx = NULL WHERE id = $1`, []any{r.id}},
					change{"ord", `UPDATE ledger_entry SET ord = 5 WHERE id = $1`, []any{r.id}})
			}
			if r.body != nil {
				changes = append(changes, change{"body", `UPDATE ledger_body SET body = $1 WHERE entry_id = $2`, []any{flip(r.body, 20), r.id}},
					change{"body of another", `UPDATE ledger_body SET entry_id = $1 WHERE entry_id = $2`, []any{"changed", r.id}},
					change{"body gone", `DELETE FROM ledger_body WHERE entry_id = $1`, []any{r.id}})
			} else {
				changes = append(changes, change{"body", `INSERT INTO ledger_body (body, entry_id) VALUES ($1, $2)`, []any{[]byte("{}"), r.id}})
			}
			for _, c := range changes {
				exec(c.query, c.args...)
				_, err := l.verify(nil)
				refused(t, fmt.Sprintf("index %d (%s): %s", r.idx, r.id, c.what), err, append(where, fmt.Sprintf("%d entries", l.sizeOf(t)-1), "checkpoint", "no redaction says why")...)
				restore()
			}
			l.mustVerify(t)
		}
		for _, c := range []struct{ what, change, back string }{
			{"stream sequence", `UPDATE ledger_stream SET seq = seq + 1 WHERE stream = 'people'`, `UPDATE ledger_stream SET seq = seq - 1 WHERE stream = 'people'`},
			{"stream name", `UPDATE ledger_stream SET stream = 'peoplf' WHERE stream = 'people'`, `UPDATE ledger_stream SET stream = 'people' WHERE stream = 'peoplf'`},
			{"checkpoint size", `UPDATE ledger_checkpoint SET size = 301 WHERE size = 300`, `UPDATE ledger_checkpoint SET size = 300 WHERE size = 301`},
			{"checkpoint time", `UPDATE ledger_checkpoint SET at = at - 10000000 WHERE size = 300`, `UPDATE ledger_checkpoint SET at = at + 10000000 WHERE size = 300`},
			{"personal data moved", `UPDATE ledger_personal SET entry_id = entry_id || 'x'`, `UPDATE ledger_personal SET entry_id = substr(entry_id, 1, length(entry_id) - 1)`},
			{"origin", `UPDATE meta SET value = value || 'x' WHERE name = 'ledger.origin'`, `UPDATE meta SET value = substr(value, 1, length(value) - 1) WHERE name = 'ledger.origin'`},
		} {
			exec(c.change)
			_, err := l.verify(nil)
			refused(t, c.what, err, "ledger_stream", "ledger_checkpoint", "ledger_personal", "personal data", "belongs to log")
			exec(c.back)
		}
		l.mustVerify(t)
		exec(`UPDATE ledger_checkpoint SET root = $1 WHERE size = 300`, make([]byte, 32))
		_, err = l.verify(nil)
		refused(t, "checkpoint root", err, "ledger_checkpoint: root")
	})
}

func (l *testLog) sizeOf(t testing.TB) int64 {
	t.Helper()
	head, err := l.Head(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return head.Size
}

func TestVerifyRefusesWhatDoesNotBelong(t *testing.T) {
	l := fullLog(t, databasetest.SQLite(t))
	for _, name := range []string{"notes.txt", "tile/0/000.txt", "tile/9/000", "tile/7/999", "tile/7/x004/096", "tile/0/0", "tile/0/999", "tile/0/000.p/256", "tile/0/002.p/007",
		"tile/entries/002.p/200", "tile/entries/x000/000", "tile/00/000", ".tmp", "checkpoint.old", "tile/entries/000.p/x"} {
		path := filepath.Join(l.cfg.Dir, filepath.FromSlash(name))
		made := firstMissing(path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("?"), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := l.verify(nil)
		refused(t, name, err, strings.TrimSuffix(name, "/000"))
		if err := os.RemoveAll(made); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("/etc/hostname", filepath.Join(l.cfg.Dir, "tile", "0", "004")); err != nil {
		t.Fatal(err)
	}
	_, err := l.verify(nil)
	refused(t, "symbolic link", err, "tile/0/004")
	if err := os.Remove(filepath.Join(l.cfg.Dir, "tile", "0", "004")); err != nil {
		t.Fatal(err)
	}
	l.mustVerify(t)
	for _, name := range []string{"checkpoint", "tile/0/000", "tile/entries/001", "tile/0/002.p/11", "tile/1/000.p/2", "tile/entries/002.p/11"} {
		path := filepath.Join(l.cfg.Dir, filepath.FromSlash(name))
		if err := os.Rename(path, path+"~"); err != nil {
			t.Fatal(name, err)
		}
		_, err := l.verify(nil)
		refused(t, name+" missing", err, name)
		if err := os.Rename(path+"~", path); err != nil {
			t.Fatal(err)
		}
	}
	l.mustVerify(t)
}

func firstMissing(path string) string {
	for {
		parent := filepath.Dir(path)
		if _, err := os.Stat(parent); err == nil {
			return path
		}
		path = parent
	}
}

func TestVerifyOldCheckpoint(t *testing.T) {
	db := databasetest.SQLite(t)
	l := newTestLog(t, db, t.TempDir(), nil)
	l.grow(t, 300)
	old := l.checkpointFile(t)
	forged := Checkpoint{Origin: l.Origin(), Size: 300, Root: [32]byte{1}}
	raw, err := forged.Sign(l.signer)
	if err != nil {
		t.Fatal(err)
	}
	l.grow(t, 400)
	_, err = l.verify(raw)
	refused(t, "another history", err, "does not continue the older checkpoint")
	forged.Size = 4000
	if raw, err = forged.Sign(l.signer); err != nil {
		t.Fatal(err)
	}
	_, err = l.verify(raw)
	refused(t, "a later checkpoint", err, "covers 4000 entries, today's only 400")
	_, err = l.verify(old[:len(old)-4])
	refused(t, "a checkpoint cut short", err, "the older checkpoint")
	other := newTestLog(t, databasetest.SQLite(t), t.TempDir(), nil)
	other.grow(t, 3)
	_, err = l.verify(other.checkpointFile(t))
	refused(t, "another log's checkpoint", err, "the older checkpoint")
	if _, err := l.verify(old); err != nil {
		t.Errorf("the right one: %v", err)
	}
}

func TestVerifyBindings(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		l := newTestLog(t, db, t.TempDir(), nil)
		ctx := context.Background()
		l.grow(t, 600)
		n := 0
		rep, err := l.verify(nil, Binding{Name: "run", Check: func(ctx context.Context, q database.Querier, rec Record) error {
			var rows int
			if err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM ledger_entry WHERE id = $1`, rec.ID).Scan(&rows); err != nil || rows != 1 {
				return fmt.Errorf("%d rows, %w", rows, err)
			}
			if rec.Index != int64(n) || rec.Data["n"] != int64(n) {
				return fmt.Errorf("record %d has index %d", n, rec.Index)
			}
			n++
			return nil
		}})
		if err != nil || n != 600 || rep.Bound["run"] != 600 {
			t.Fatalf("%d records were checked, report %+v, %v", n, rep, err)
		}
		_, err = l.verify(nil, Binding{Name: "run", Check: func(_ context.Context, _ database.Querier, rec Record) error {
			if rec.Index == 417 {
				return errors.New("the outcomes have digest abc")
			}
			return nil
		}})
		refused(t, "a business row that was changed", err, "index 417")
		_ = ctx
	})
}
