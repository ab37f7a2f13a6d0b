package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"

	"filippo.io/age"
	"golang.org/x/sys/unix"
)

// RestoreOptions say what is brought back and where to.
type RestoreOptions struct {
	From       string         // the backup
	To         string         // data directory: empty, or not there
	Database   string         // postgres://… of an empty database, for a backup of PostgreSQL; "" for SQLite
	Identities []age.Identity // for an encrypted backup
	Key        string         // the verifier key from outside; "" believes the backup's own
	Quick      bool           // verify only the end of the ledger
	Bindings   []ledger.Binding
	Prepare    func(*database.DB) error                  // makes tables that are not of our migrations
	After      func(context.Context, *database.DB) error // ends what must not come back to life: sessions, links
	Progress   func(what string)                         // optional
	Clock      clock.Clock                               // clock.System
}

// Back is what was brought back.
type Back struct {
	Manifest Manifest      `json:"-"`
	Digest   string        `json:"manifest"`
	Made     time.Time     `json:"made"`
	Version  string        `json:"version"`
	Verified ledger.Report `json:"verified"` // before the epoch began; empty after a quick look
	Epoch    ledger.Epoch  `json:"epoch"`
	Content  bool          `json:"content"` // blobs, evidence and exports came back too
	Keys     bool          `json:"keys"`
}

// Restore brings a backup back into an empty directory. Everything is written
// beside it and verified there; the directory gets its name at the end. The
// database of PostgreSQL is filled before that, so after an error it is to be
// dropped.
func Restore(ctx context.Context, opt RestoreOptions) (back Back, err error) {
	if opt.Clock == nil {
		opt.Clock = clock.System
	}
	if opt.Progress == nil {
		opt.Progress = func(string) {}
	}
	to, err := filepath.Abs(opt.To)
	if err != nil {
		return back, err
	}
	if err := emptyTarget(to); err != nil {
		return back, err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return back, full(err)
	}
	work, err := os.MkdirTemp(filepath.Dir(to), "."+filepath.Base(to)+".restoring-*")
	if err != nil {
		return back, full(fault.Wrap(fault.Unavailable, err, "nothing can be written beside %s: %v", to, err))
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(work))
		}
	}()
	opt.Progress("reading the backup and its digests")
	m, err := readFile(ctx, opt.From, opt.Identities, (&extraction{root: work}).take)
	if err != nil {
		return back, err
	}
	back = Back{Manifest: m, Digest: m.Digest, Made: m.Made, Version: m.Version, Content: m.Content, Keys: m.Keys}
	if opt.Key != "" && opt.Key != m.Ledger.Key {
		return back, fault.New(fault.Refused, "the backup is of a ledger with another verifier key").WithHint("give the key of the ledger that was backed up, or take the right backup")
	}
	opt.Progress("opening the database")
	db, err := opt.openState(ctx, work, m)
	if err != nil {
		return back, err
	}
	defer func() { err = errors.Join(err, db.Close()) }() // a second Close does nothing
	opt.Progress("verifying the ledger")
	check := ledger.VerifyConfig{DB: db, Dir: filepath.Join(work, "ledger"), VerifierKey: m.Ledger.Key, Bindings: opt.Bindings, Clock: opt.Clock}
	if opt.Quick {
		_, err = ledger.Quick(ctx, check)
	} else {
		back.Verified, err = ledger.Verify(ctx, check)
	}
	if err != nil {
		return back, fmt.Errorf("the backup's ledger: %w", err)
	}
	if err := keepCheckpoint(work, m); err != nil {
		return back, err
	}
	if opt.After != nil {
		if err := opt.After(ctx, db); err != nil {
			return back, err
		}
	}
	opt.Progress("beginning an epoch of the ledger")
	back.Epoch, err = ledger.BeginEpoch(ctx, ledger.Config{DB: db, Dir: filepath.Join(work, "ledger"), KeyFile: filepath.Join(work, "keys", "ledger.key"), Clock: opt.Clock}, m.Ledger.Key,
		ledger.Restored{Manifest: m.Digest, Made: m.Made, Version: m.Version})
	if err != nil {
		return back, err
	}
	if err := db.Close(); err != nil {
		return back, fmt.Errorf("close the database: %w", err)
	}
	return back, putInPlace(work, to)
}

func emptyTarget(to string) error {
	entries, err := os.ReadDir(to)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fault.Wrap(fault.Invalid, err, "%s is no directory that can be read", to).At("", 0, "data")
	case len(entries) > 0:
		return fault.New(fault.Conflict, "%s is not empty: it holds %s", to, entries[0].Name()).At("", 0, "data").
			WithHint("name a directory that is empty or not there; nothing was changed")
	}
	return nil
}

// extraction writes a backup's files to their places.
type extraction struct{ root string }

func (x *extraction) take(path string, size int64, r io.Reader) error {
	var st syscall.Statfs_t
	if err := syscall.Statfs(x.root, &st); err == nil && size > int64(st.Bavail)*st.Bsize {
		return fault.New(fault.Unavailable, "%s has %d MiB and there are %d free", path, size>>20, int64(st.Bavail)*st.Bsize>>20).WithHint("free some space, or name another directory")
	}
	to, mode := filepath.Join(x.root, filepath.FromSlash(path)), os.FileMode(0o600)
	top, rest, _ := strings.Cut(path, "/")
	switch {
	case path == "state/"+database.SnapshotFile:
		to = filepath.Join(x.root, database.SnapshotFile)
	case top == "ledger", top == "keys" && (strings.HasSuffix(rest, ".crt") || strings.HasSuffix(rest, ".pub")):
		mode = 0o644
	case top == "blobs", top == "evidence":
		mode = 0o400
	}
	dirs := os.FileMode(0o700)
	if top == "ledger" {
		dirs = 0o755
	}
	if err := os.MkdirAll(filepath.Dir(to), dirs); err != nil {
		return full(err)
	}
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if errors.Is(err, fs.ErrExist) {
		return fault.Wrap(fault.Refused, err, "the backup holds %s twice", path)
	}
	if err != nil {
		return full(err)
	}
	_, err = io.Copy(f, r)
	return full(errors.Join(err, f.Close())) // synced all together at the end
}

// openState gives the restored database, at this program's schema.
func (opt RestoreOptions) openState(ctx context.Context, work string, m Manifest) (*database.DB, error) {
	if m.Dialect == string(database.SQLite) {
		if opt.Database != "" {
			return nil, fault.New(fault.Invalid, "the backup is of SQLite; it cannot be restored into another database").At("", 0, "database").WithHint("leave the database out")
		}
		return database.Open(ctx, "sqlite:"+filepath.Join(work, database.SnapshotFile), database.ReadWrite)
	}
	if opt.Database == "" {
		return nil, fault.New(fault.Invalid, "the backup is of PostgreSQL").At("", 0, "database").WithHint("make an empty database and name it with ATTESTA_DATABASE or --database-file")
	}
	prepare := opt.Prepare
	if prepare == nil {
		prepare = func(*database.DB) error { return nil }
	}
	if err := database.LoadTables(ctx, opt.Database, filepath.Join(work, "state"), m.Schema, m.State, prepare); err != nil {
		return nil, err
	}
	if err := os.RemoveAll(filepath.Join(work, "state")); err != nil {
		return nil, err
	}
	return database.Open(ctx, opt.Database, database.ReadWrite)
}

// keepCheckpoint keeps the last checkpoint under the old key, with that key,
// for whoever asks what the epoch continues.
func keepCheckpoint(work string, m Manifest) error {
	raw, err := os.ReadFile(filepath.Join(work, "ledger", "checkpoint"))
	if err != nil {
		return err
	}
	dir := filepath.Join(work, "epochs", fmt.Sprintf("%012d-%s", m.Ledger.Size, m.Digest[:8]))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return full(err)
	}
	return full(errors.Join(os.WriteFile(filepath.Join(dir, "checkpoint"), raw, 0o644), os.WriteFile(filepath.Join(dir, "ledger.pub"), []byte(m.Ledger.Key+"\n"), 0o644)))
}

// putInPlace syncs all that was written and gives it its name.
func putInPlace(work, to string) error {
	d, err := os.Open(work)
	if err != nil {
		return err
	}
	err = errors.Join(unix.Syncfs(int(d.Fd())), d.Close())
	if err != nil {
		return full(fmt.Errorf("sync what was restored: %w", err))
	}
	if err := os.Remove(to); err != nil && !errors.Is(err, fs.ErrNotExist) { // it is empty
		return fault.Wrap(fault.Conflict, err, "%s is no longer empty", to)
	}
	if err := os.Rename(work, to); err != nil {
		return fmt.Errorf("name the restored directory: %w", err)
	}
	parent, err := os.Open(filepath.Dir(to))
	if err != nil {
		return err
	}
	return errors.Join(parent.Sync(), parent.Close())
}
