package backup

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/blobs"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/jobs"
	"github.com/attesta/attesta/internal/base/ledger"

	"filippo.io/age"
)

// place is a deployment without the rest: a database, a ledger that is
// sequenced, blobs, and writers that keep what was acknowledged.
type place struct {
	t    *testing.T
	cfg  Config
	dir  string
	stop func()

	mu    sync.Mutex
	acked map[string]string // guarded by mu: digest of the blob by row, once committed
}

func newPlace(t *testing.T, db *database.DB) *place {
	t.Helper()
	p := &place{t: t, dir: t.TempDir(), acked: map[string]string{}}
	must(t, os.MkdirAll(filepath.Join(p.dir, "keys"), 0o700))
	must(t, os.WriteFile(filepath.Join(p.dir, "keys", "agents-ca.key"), []byte("the private key of the agents' authority"), 0o600))
	log, err := ledger.Open(t.Context(), ledger.Config{DB: db, Dir: filepath.Join(p.dir, "ledger"), KeyFile: filepath.Join(p.dir, "keys", "ledger.key")})
	must(t, err)
	_, err = jobs.New(t.Context(), jobs.Config{DB: db}) // river's tables are there too
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- log.Run(ctx) }()
	p.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the sequencer: %v", err)
		}
		log.Close()
	})
	t.Cleanup(func() { p.stop() })
	p.cfg = Config{DB: db, Log: log, Content: map[string]string{"blobs": filepath.Join(p.dir, "blobs")}, Keys: filepath.Join(p.dir, "keys"), Temp: filepath.Join(p.dir, "backup.tmp"), Version: "v1"}
	return p
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// write stores content, then a row that names it with its entry, and notes that
// it was acknowledged.
func (p *place) write(ctx context.Context, name string) error {
	store, err := blobs.Open(p.cfg.Content["blobs"])
	if err != nil {
		return err
	}
	digest, _, err := store.Put(ctx, strings.NewReader("content of "+name), 1<<20)
	if err != nil {
		return err
	}
	err = p.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO meta (name, value) VALUES ($1, $2)`, "test."+name, digest); err != nil {
			return err
		}
		_, err := p.cfg.Log.Append(ctx, tx, ledger.Entry{Stream: "s", Type: "test.written", Actor: "system", Subject: name, Blob: digest})
		return err
	})
	if err == nil {
		p.mu.Lock()
		p.acked[name] = digest
		p.mu.Unlock()
	}
	return err
}

// acknowledged gives what was acknowledged so far.
func (p *place) acknowledged() map[string]string {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make(map[string]string, len(p.acked))
	for k, v := range p.acked {
		out[k] = v
	}
	return out
}

func (p *place) publish() {
	p.t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		p.cfg.Log.Wake()
		if st, err := p.cfg.Log.Status(p.t.Context()); err == nil && st.Waiting == 0 && st.Size > 0 {
			return
		}
	}
	p.t.Fatal("the ledger does not publish")
}

// restoreTo gives where a backup of an engine is restored to.
func restoreTo(t *testing.T, db *database.DB, o RestoreOptions) RestoreOptions {
	o.To = filepath.Join(t.TempDir(), "data")
	o.Prepare = func(d *database.DB) error {
		_, err := jobs.New(t.Context(), jobs.Config{DB: d})
		return err
	}
	if db.Dialect == database.Postgres {
		o.Database = databasetest.PostgresLocation(t)
	}
	o.Bindings = append(Bindings(), ledger.EpochBinding())
	return o
}

// Write, acknowledge, back up while writes go on, lose the machine, restore,
// verify: nothing that was acknowledged before the backup is missing.
func TestLossOfTheMachine(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		ctx := t.Context()
		p := newPlace(t, db)
		for i := range 300 { // past a full bundle
			must(t, p.write(ctx, fmt.Sprintf("early-%d", i)))
		}
		p.publish()
		identity, err := age.GenerateX25519Identity()
		must(t, err)
		writing, stopWriting := context.WithCancel(ctx)
		var writers sync.WaitGroup
		var during atomic.Int64
		for w := range 3 {
			writers.Go(func() {
				for i := 0; writing.Err() == nil; i++ {
					if err := p.write(ctx, fmt.Sprintf("during-%d-%d", w, i)); err != nil {
						t.Error(err)
						return
					}
					during.Add(1)
				}
			})
		}
		for during.Load() < 30 {
			time.Sleep(time.Millisecond)
		}
		before := p.acknowledged()
		out := filepath.Join(t.TempDir(), "b"+Extension)
		made, err := Make(ctx, p.cfg, Options{To: out, Recipients: []string{identity.Recipient().String()}})
		must(t, err)
		after := during.Load()
		stopWriting()
		writers.Wait()
		made, err = Record(ctx, db, p.cfg.Log, "system", made)
		must(t, err)
		p.publish()
		rep, err := ledger.Verify(ctx, ledger.VerifyConfig{DB: db, Dir: filepath.Join(p.dir, "ledger"), VerifierKey: p.cfg.Log.VerifierKey(), Bindings: Bindings()})
		if err != nil || rep.Bound[MadeType] != 1 {
			t.Fatalf("the ledger with the backup's entry: %+v, %v", rep, err)
		}
		if left, err := filepath.Glob(filepath.Join(p.dir, "backup.tmp*")); err != nil || len(left) > 0 {
			t.Errorf("the snapshot was left behind: %v", left)
		}
		t.Logf("%d acknowledged before the backup, %d writes while it ran, ledger size %d, %d files, %d bytes in %d", len(before), after-30, made.Ledger.Size, made.Files, made.Bytes, made.Packed)

		p.stop()
		must(t, os.RemoveAll(p.dir)) // the machine is lost

		raw, err := os.ReadFile(out)
		must(t, err)
		if strings.Contains(string(raw), "content of early") || strings.Contains(string(raw), "agents-ca") {
			t.Error("the backup can be read without a key")
		}
		m, err := Verify(ctx, out, []age.Identity{identity})
		if err != nil || m.Digest != made.Manifest {
			t.Fatalf("verify: %s, %v", m.Digest, err)
		}
		o := restoreTo(t, db, RestoreOptions{From: out, Identities: []age.Identity{identity}, Key: m.Ledger.Key})
		back, err := Restore(ctx, o)
		must(t, err)
		if back.Verified.Size != made.Ledger.Size || back.Epoch.Size != made.Ledger.Size || back.Epoch.Before != m.Ledger.Origin || back.Digest != made.Manifest {
			t.Errorf("restored %+v", back)
		}
		location := o.Database
		if location == "" {
			location = "sqlite:" + filepath.Join(o.To, database.SnapshotFile)
		}
		again, err := database.Open(ctx, location, database.ReadWrite)
		must(t, err)
		defer again.Close()
		store, err := blobs.Open(filepath.Join(o.To, "blobs"))
		must(t, err)
		for name, digest := range before {
			var have string
			if err := again.Reader().QueryRowContext(ctx, `SELECT value FROM meta WHERE name = $1`, "test."+name).Scan(&have); err != nil || have != digest {
				t.Fatalf("%s was acknowledged before the backup and is missing: %q, %v", name, have, err)
			}
			r, err := store.Open(digest)
			must(t, err)
			_, err = io.Copy(io.Discard, r)
			must(t, err)
			r.Close()
		}
		// the ledger goes on, says that there was a restore, and every part of it holds
		log, err := ledger.Open(ctx, ledger.Config{DB: again, Dir: filepath.Join(o.To, "ledger"), KeyFile: filepath.Join(o.To, "keys", "ledger.key")})
		must(t, err)
		defer log.Close()
		must(t, again.Tx(ctx, func(tx *sql.Tx) error {
			_, err := log.Append(ctx, tx, ledger.Entry{Stream: "s", Type: "test.written", Actor: "system", Subject: "after"})
			return err
		}))
		must(t, log.Publish(ctx))
		rep, err = ledger.Verify(ctx, ledger.VerifyConfig{DB: again, Dir: filepath.Join(o.To, "ledger"), VerifierKey: log.VerifierKey(), Bindings: o.Bindings})
		if err != nil || rep.Bound[ledger.RestoredType] != 1 || rep.Size <= made.Ledger.Size {
			t.Errorf("after the restore: %+v, %v", rep, err)
		}
		records, err := log.Records(ctx, ledger.Filter{Type: ledger.RestoredType})
		if err != nil || len(records) != 1 || records[0].Blob != made.Manifest || records[0].Data["before"] != m.Ledger.Origin {
			t.Errorf("the entry of the restore: %+v, %v", records, err)
		}
		key, err := os.ReadFile(filepath.Join(o.To, "keys", "agents-ca.key"))
		if err != nil || !strings.Contains(string(key), "authority") {
			t.Errorf("the agents' key: %v", err)
		}
		if kept, err := filepath.Glob(filepath.Join(o.To, "epochs", "*", "checkpoint")); err != nil || len(kept) != 1 {
			t.Errorf("the old checkpoint is not kept: %v", kept)
		}
		// a backup of the restored one is a backup as well
		cfg := Config{DB: again, Log: log, Content: map[string]string{"blobs": filepath.Join(o.To, "blobs")}, Keys: filepath.Join(o.To, "keys"), Temp: filepath.Join(o.To, "backup.tmp"), Version: "v1"}
		second, err := Make(ctx, cfg, Options{To: t.TempDir()})
		must(t, err)
		if m, err := Verify(ctx, second.Path, nil); err != nil || m.Keys || m.Ledger.Origin != back.Epoch.Origin {
			t.Errorf("the second backup: %+v, %v", m.Ledger, err)
		}
	})
}

// smallPlace gives a place with a plain backup of it.
func smallPlace(t *testing.T) (*place, string, Made) {
	t.Helper()
	p := newPlace(t, databasetest.SQLite(t))
	must(t, p.write(t.Context(), "one"))
	p.publish()
	out := filepath.Join(t.TempDir(), "b"+Extension)
	made, err := Make(t.Context(), p.cfg, Options{To: out})
	must(t, err)
	return p, out, made
}

func TestPlainBackupHoldsNoKeys(t *testing.T) {
	p, out, made := smallPlace(t)
	m, err := Verify(t.Context(), out, nil)
	must(t, err)
	for _, f := range m.Files {
		if strings.HasPrefix(f.Path, "keys/") {
			t.Errorf("%s is in a backup that is not encrypted", f.Path)
		}
	}
	if made.Encrypted || m.Keys || !m.Content {
		t.Errorf("%+v", made)
	}
	if st, err := os.Stat(out); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", st.Mode(), err)
	}
	if _, err := Make(t.Context(), p.cfg, Options{To: out}); !fault.Is(err, fault.Conflict) {
		t.Errorf("an existing file: %v", err)
	}
}

// Every flipped byte that changes anything and every cut is noticed, and nothing
// is restored of it. The packing has a few bits that mean nothing: with those
// flipped what is read is still the manifest that was made, and all it names.
func TestDamage(t *testing.T) {
	_, out, made := smallPlace(t)
	raw, err := os.ReadFile(out)
	must(t, err)
	bad := filepath.Join(t.TempDir(), "bad")
	step, idle, tried := max(len(raw)/400, 1), 0, 0
	for at := 0; at < len(raw); at += step {
		b := append([]byte(nil), raw...)
		b[at] ^= 0x40
		must(t, os.WriteFile(bad, b, 0o600))
		tried++
		m, err := Verify(t.Context(), bad, nil)
		switch {
		case err == nil && m.Digest == made.Manifest:
			idle++
		case !fault.Is(err, fault.Refused) && !fault.Is(err, fault.Conflict):
			t.Fatalf("byte %d of %d flipped: %v", at, len(raw), err)
		}
	}
	if idle*20 > tried {
		t.Errorf("%d of %d flips changed nothing", idle, tried)
	}
	t.Logf("%d flips, %d of them without any effect on what is read", tried, idle)
	for _, size := range []int{0, 1, 100, len(raw) / 2, len(raw) - 100, len(raw) - 1} {
		must(t, os.WriteFile(bad, raw[:size], 0o600))
		_, err := Verify(t.Context(), bad, nil)
		if !fault.Is(err, fault.Refused) {
			t.Errorf("cut to %d bytes: %v", size, err)
		}
	}
	to := filepath.Join(t.TempDir(), "data")
	must(t, os.WriteFile(bad, raw[:len(raw)-50], 0o600))
	if _, err := Restore(t.Context(), RestoreOptions{From: bad, To: to}); !fault.Is(err, fault.Refused) {
		t.Errorf("restoring a cut backup: %v", err)
	}
	if left, err := os.ReadDir(filepath.Dir(to)); err != nil || len(left) > 0 {
		t.Errorf("the failed restore left %v", left)
	}
	must(t, os.WriteFile(bad, append(append([]byte(nil), raw...), "more"...), 0o600))
	if _, err := Verify(t.Context(), bad, nil); !fault.Is(err, fault.Refused) {
		t.Errorf("something behind it: %v", err)
	}
}

func TestBadInput(t *testing.T) {
	p, out, _ := smallPlace(t)
	ctx := t.Context()
	full := t.TempDir()
	must(t, os.WriteFile(filepath.Join(full, "x"), nil, 0o600))
	identity, err := age.GenerateX25519Identity()
	must(t, err)
	other, err := age.GenerateX25519Identity()
	must(t, err)
	sealed := filepath.Join(t.TempDir(), "sealed")
	_, err = Make(ctx, p.cfg, Options{To: sealed, Recipients: []string{identity.Recipient().String()}})
	must(t, err)
	text := filepath.Join(t.TempDir(), "text")
	must(t, os.WriteFile(text, []byte("hello, this is no backup at all"), 0o600))
	restore := func(o RestoreOptions) error {
		if o.To == "" {
			o.To = filepath.Join(t.TempDir(), "data")
		}
		_, err := Restore(ctx, o)
		return err
	}
	make1 := func(o Options) error { _, err := Make(ctx, p.cfg, o); return err }
	for name, x := range map[string]struct {
		err  error
		kind fault.Kind
		says string
	}{
		"target not empty":       {restore(RestoreOptions{From: out, To: full}), fault.Conflict, "is not empty: it holds x"},
		"target a file":          {restore(RestoreOptions{From: out, To: text}), fault.Invalid, "no directory"},
		"no such backup":         {restore(RestoreOptions{From: out + "x"}), fault.NotFound, "there is no backup"},
		"no backup":              {restore(RestoreOptions{From: text}), fault.Refused, "damaged"},
		"encrypted, no identity": {restore(RestoreOptions{From: sealed}), fault.Invalid, "is encrypted"},
		"another's identity":     {restore(RestoreOptions{From: sealed, Identities: []age.Identity{other}}), fault.Forbidden, "for somebody else"},
		"another ledger's key":   {restore(RestoreOptions{From: out, Key: "other+1+x"}), fault.Refused, "another verifier key"},
		"another database":       {restore(RestoreOptions{From: out, Database: "postgres://localhost/x"}), fault.Invalid, "is of SQLite"},
		"bad recipient":          {make1(Options{To: out + "2", Recipients: []string{"age1nonsense"}}), fault.Invalid, "is no recipient"},
		"nowhere to write":       {make1(Options{To: filepath.Join(full, "a", "b", "c")}), fault.Unavailable, "cannot be written into"},
		"no target":              {make1(Options{}), fault.Invalid, "needs a file"},
	} {
		if !fault.Is(x.err, x.kind) || !strings.Contains(fmt.Sprint(x.err), x.says) {
			t.Errorf("%s: %v (%s)", name, x.err, fault.KindOf(x.err))
		}
		var f *fault.Error
		if errors.As(x.err, &f) && f.Hint == "" && name != "no target" && name != "no such backup" && name != "target a file" {
			t.Errorf("%s: no hint", name)
		}
	}
	if _, err := os.Stat(filepath.Join(full, "x")); err != nil {
		t.Errorf("what was there is gone: %v", err)
	}
}

// limited is a disk that is full after some bytes.
type limited struct {
	w    io.Writer
	left int
}

func (l *limited) Write(p []byte) (int, error) {
	if len(p) > l.left {
		return 0, &os.PathError{Op: "write", Path: "backup", Err: syscall.ENOSPC}
	}
	l.left -= len(p)
	return l.w.Write(p)
}

func TestFullDiskAndInterruption(t *testing.T) {
	p, out, made := smallPlace(t)
	dir := t.TempDir()
	// Times and the rest of a manifest pack into a few bytes more or less each
	// time: the last disk is full some way before any of them ends.
	for _, room := range []int{0, 100, int(made.Packed) / 2, int(made.Packed) - 256} {
		cfg := p.cfg
		cfg.wrap = func(w io.Writer) io.Writer { return &limited{w, room} }
		if _, err := Make(t.Context(), cfg, Options{To: filepath.Join(dir, "b")}); !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "disk is full") {
			t.Errorf("room for %d of %d bytes: %v", room, made.Packed, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Make(ctx, p.cfg, Options{To: filepath.Join(dir, "b")}); err == nil {
		t.Error("a backup that was broken off is called done")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if _, err := os.Stat(p.cfg.Temp); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the snapshot is left behind: %v", err)
	}
	if _, err := Verify(t.Context(), out, nil); err != nil {
		t.Error(err)
	}
}

func TestHeader(t *testing.T) {
	newest, err := database.Newest()
	must(t, err)
	head := func(format, schema int64, more string) []byte {
		return fmt.Appendf(nil, `{"format":%d,"made":"2026-08-20T00:00:00Z","version":"v9","schema":%d,"dialect":"sqlite"%s}`, format, schema, more)
	}
	for name, x := range map[string]struct {
		raw  []byte
		kind fault.Kind
		says string
	}{
		"newer schema": {head(1, newest+1, ""), fault.Conflict, "a newer Attesta made this backup (v9"},
		"newer format": {head(2, newest, `,"colour":"red"`), fault.Conflict, "a newer Attesta"},
		"no schema":    {head(1, 0, ""), fault.Refused, "not what a backup begins with"},
		"no JSON":      {[]byte("x"), fault.Refused, "not what a backup begins with"},
		"other engine": {[]byte(`{"format":1,"schema":1,"dialect":"oracle"}`), fault.Refused, `"oracle"`},
	} {
		if _, err := parseHeader(x.raw); !fault.Is(err, x.kind) || !strings.Contains(err.Error(), x.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if h, err := parseHeader(head(1, newest, "")); err != nil || h.Version != "v9" {
		t.Errorf("%+v, %v", h, err)
	}
}

func TestPaths(t *testing.T) {
	for _, good := range []string{"state/attesta.db", "ledger/tile/0/x001/067.p/3", "blobs/sha256/ab/cd/abcd", "keys/agents-ca.key"} {
		if err := checkPath(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{"", "state", "state/", "/state/x", "state/../keys/x", "../x", "keys/.hidden", "state//x", "other/x", "state/a b", "keys/\x00", "keys/" + strings.Repeat("x", 500)} {
		if err := checkPath(bad); !fault.Is(err, fault.Refused) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
