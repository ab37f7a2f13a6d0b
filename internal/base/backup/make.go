package backup

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/proof"

	"filippo.io/age"
)

// Config is what a backup is made of. All but Clock is required.
type Config struct {
	DB      *database.DB
	Log     *ledger.Log
	Content map[string]string // directories by name: blobs, evidence, exports
	Keys    string            // directory of private keys
	Temp    string            // directory for the snapshot; made, and emptied before and after
	Version string            // of the program
	Clock   clock.Clock       // clock.System

	Progress func(done, total int64) // optional: bytes read of about that many

	wrap func(io.Writer) io.Writer // tests make the disk full
}

// Reason is why a backup was made.
type Reason string

// The reasons.
const (
	Asked     Reason = "asked"
	Scheduled Reason = "scheduled"
	Migration Reason = "migration" // before the schema changed; without content
)

// Options are of one backup.
type Options struct {
	To         string   // a file that is not there, or a directory
	Recipients []string // age recipients; with them the file is encrypted and holds keys
	Reason     Reason   // Asked
}

// Made is a backup that was made.
type Made struct {
	ID        string    `json:"id"`
	Path      string    `json:"path"`
	At        time.Time `json:"at"`
	Reason    Reason    `json:"reason"`
	Manifest  string    `json:"manifest"` // its SHA-256
	Ledger    Position  `json:"ledger"`
	Files     int64     `json:"files"`
	Bytes     int64     `json:"bytes"`  // of the files in it
	Packed    int64     `json:"packed"` // of the file
	Encrypted bool      `json:"encrypted"`
	Content   bool      `json:"content"`
	SHA256    string    `json:"sha256"`           // of the file, hex; "" of those made before it was kept
	Actor     string    `json:"actor,omitempty"`  // pseudonym of who asked for it; system
	Removed   time.Time `json:"removed,omitzero"` // by the retention
}

// Extension is how files of backups end.
const Extension = ".attesta-backup"

// Make writes a backup while others read and write. It does not record it: see
// Record.
func Make(ctx context.Context, cfg Config, opt Options) (made Made, err error) {
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	if opt.Reason == "" {
		opt.Reason = Asked
	}
	recipients, err := ParseRecipients(opt.Recipients)
	if err != nil {
		return Made{}, err
	}
	now := cfg.Clock().UTC().Truncate(time.Microsecond)
	to, err := target(opt.To, Prefix(cfg.Log.Origin())+now.Format("20060102T150405Z")+Extension)
	if err != nil {
		return Made{}, err
	}
	if err := emptyTemp(cfg.Temp); err != nil {
		return Made{}, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(cfg.Temp)) }()
	f, err := os.CreateTemp(filepath.Dir(to), unfinished)
	if err != nil {
		return Made{}, full(fault.Wrap(fault.Unavailable, err, "the backup cannot be written into %s: %v", filepath.Dir(to), err).WithHint("check that the directory is there, its owner and its mode"))
	}
	defer func() {
		if err != nil {
			f.Close() // may be closed already; the error that led here is told
			if e := os.Remove(f.Name()); e != nil && !errors.Is(e, fs.ErrNotExist) {
				err = errors.Join(err, e)
			}
		}
	}()
	sum := sha256.New()
	m, err := cfg.write(ctx, f, sum, recipients, opt, now)
	if err != nil {
		return Made{}, err
	}
	st, err := f.Stat()
	if err != nil {
		return Made{}, err
	}
	if err := finish(f, to); err != nil {
		return Made{}, err
	}
	return Made{Path: to, At: now, Reason: opt.Reason, Manifest: m.Digest, Ledger: m.Ledger, Files: int64(len(m.Files)), Bytes: m.Bytes(),
		Packed: st.Size(), Encrypted: m.Keys, Content: m.Content, SHA256: hex.EncodeToString(sum.Sum(nil))}, nil
}

// Prefix begins the names that the backups of a log get in a directory: those of
// other logs may lie beside them.
func Prefix(origin string) string {
	origin, _, _ = strings.Cut(origin, "/epoch-")
	tail := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToLower(origin))
	return "attesta-" + tail[max(0, len(tail)-8):] + "-"
}

// target gives the file's path: in a directory, and below a path that ends with
// a slash, it gets the name.
func target(to, name string) (string, error) {
	if to == "" {
		return "", fault.New(fault.Invalid, "a backup needs a file or a directory")
	}
	directory := strings.HasSuffix(to, "/") // even when it is not there: a mount that is gone must not become a file
	to, err := filepath.Abs(to)
	if err != nil {
		return "", err
	}
	if st, err := os.Stat(to); directory || err == nil && st.IsDir() {
		dir, stem := to, strings.TrimSuffix(name, Extension)
		to = filepath.Join(dir, name)
		for n := 2; n < 10; n++ { // two in one second
			if _, err := os.Lstat(to); err != nil {
				break
			}
			to = filepath.Join(dir, fmt.Sprintf("%s.%d%s", stem, n, Extension))
		}
	}
	if _, err := os.Lstat(to); err == nil {
		return "", fault.New(fault.Conflict, "there is a file %s already", to).WithHint("name another one; nothing was replaced")
	}
	return to, nil
}

// Prune removes the oldest backups of a log from a directory but for keep of
// them, and what was broken off more than a day ago. It gives what it removed.
func Prune(dir, prefix string, keep int, now time.Time) (removed []string, err error) {
	all, err := filepath.Glob(filepath.Join(dir, prefix+"*"+Extension)) // by name, so by time
	if err != nil {
		return nil, err
	}
	for len(all) > keep {
		if err := os.Remove(all[0]); err != nil {
			return removed, fault.Wrap(fault.Unavailable, err, "the old backup %s cannot be removed", all[0])
		}
		removed, all = append(removed, all[0]), all[1:]
	}
	broken, err := filepath.Glob(filepath.Join(dir, unfinished))
	if err != nil {
		return removed, err
	}
	for _, path := range broken {
		st, err := os.Stat(path)
		if err == nil && now.Sub(st.ModTime()) > 24*time.Hour {
			err = os.Remove(path)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return removed, fault.Wrap(fault.Unavailable, err, "the unfinished backup %s cannot be removed", path)
		}
	}
	return removed, nil
}

func emptyTemp(dir string) error {
	err := os.RemoveAll(dir)
	if err == nil {
		err = os.MkdirAll(dir, 0o700)
	}
	if err != nil {
		return full(fault.Wrap(fault.Unavailable, err, "the directory for the snapshot, %s, cannot be made", dir))
	}
	return nil
}

func (cfg Config) write(ctx context.Context, f *os.File, sum io.Writer, recipients []age.Recipient, opt Options, now time.Time) (m Manifest, err error) {
	schema, _, err := cfg.DB.Version(ctx)
	if err != nil {
		return m, err
	}
	m = Manifest{Header: Header{Format: Format, Made: now, Version: cfg.Version, Schema: schema, Dialect: string(cfg.DB.Dialect)},
		Ledger: Position{Origin: cfg.Log.Origin(), Key: cfg.Log.VerifierKey()}, Content: opt.Reason != Migration, Keys: len(recipients) > 0}
	need, err := cfg.room(f.Name(), m.Content)
	if err != nil {
		return m, err
	}
	var root [32]byte
	m.State, err = cfg.DB.Snapshot(ctx, cfg.Temp, func(q database.Querier) error {
		var err error
		m.Ledger.Size, root, err = ledger.HeadOf(ctx, q)
		return err
	})
	if err != nil {
		return m, err
	}
	if m.Ledger.Size == 0 {
		return m, fault.New(fault.Unavailable, "the ledger has published nothing yet").WithHint("try again in a second")
	}
	m.Ledger.Root = proof.EncodeHash(root)
	var out io.Writer = f
	if cfg.wrap != nil {
		out = cfg.wrap(f)
	}
	w, err := newWriter(io.MultiWriter(out, sum), recipients, now)
	if err != nil {
		return m, err
	}
	if cfg.Progress != nil {
		cfg.Progress(0, need)
		w.read = func(done int64) { cfg.Progress(done, max(need, done)) }
	}
	if err := cfg.fill(ctx, w, &m); err != nil {
		return m, errors.Join(err, ignoreClosed(w))
	}
	return m, w.close()
}

// ignoreClosed releases a writer after an error that is told already.
func ignoreClosed(w *writer) error {
	for _, c := range w.under {
		c.Close()
	}
	return nil
}

// fill writes all files: state first, because what it names is then there.
func (cfg Config) fill(ctx context.Context, w *writer, m *Manifest) error {
	if _, err := w.json(headerFile, m.Header); err != nil {
		return err
	}
	for _, p := range m.State {
		if err := w.addFile(ctx, "state/"+p.Name, filepath.Join(cfg.Temp, p.Name)); err != nil {
			return err
		}
		if err := os.Remove(filepath.Join(cfg.Temp, p.Name)); err != nil { // its room is needed
			return err
		}
	}
	if err := cfg.ledger(ctx, w, *m); err != nil {
		return err
	}
	if m.Content {
		for _, name := range sortedNames(cfg.Content) {
			if err := addTree(ctx, w, name, cfg.Content[name], func(rel string) bool { return !strings.HasPrefix(rel, "tmp/") }); err != nil {
				return err
			}
		}
	}
	if m.Keys {
		if err := addTree(ctx, w, "keys", cfg.Keys, func(rel string) bool { return !strings.HasPrefix(rel, "ledger.") && !strings.HasSuffix(rel, ".new") }); err != nil {
			return err
		}
	}
	m.Files = w.files
	var err error
	m.Digest, err = w.json(manifestFile, m)
	return err
}

// ledger writes the log as it was at the backup's size: its tiles and bundles,
// and the checkpoint of that size, signed.
func (cfg Config) ledger(ctx context.Context, w *writer, m Manifest) error {
	c, err := cfg.Log.CheckpointOf(ctx, m.Ledger.Size)
	if err != nil {
		return err
	}
	if proof.EncodeHash(c.Root) != m.Ledger.Root {
		return fault.New(fault.Refused, "the snapshot and the ledger have different roots at %d entries", m.Ledger.Size).WithHint("run 'attesta ledger verify'")
	}
	if err := w.add(ctx, "ledger/checkpoint", int64(len(c.Raw)), bytes.NewReader(c.Raw)); err != nil {
		return err
	}
	for t := range tiles(m.Ledger.Size) {
		raw, err := cfg.Log.Tile(t)
		if err != nil {
			return err
		}
		if err := w.add(ctx, "ledger/"+t.Path(), int64(len(raw)), bytes.NewReader(raw)); err != nil {
			return err
		}
	}
	return nil
}

// tiles gives every tile and bundle of a tree of that size.
func tiles(size int64) func(yield func(proof.Tile) bool) {
	return func(yield func(proof.Tile) bool) {
		each := func(level int, hashes int64) bool {
			for n := int64(0); n*proof.TileWidth < hashes; n++ {
				if !yield(proof.Tile{Level: level, N: n, Width: int(min(hashes-n*proof.TileWidth, proof.TileWidth))}) {
					return false
				}
			}
			return true
		}
		if !each(proof.EntriesLevel, size) {
			return
		}
		for level, hashes := 0, size; hashes > 0; level, hashes = level+1, hashes/proof.TileWidth {
			if !each(level, hashes) {
				return
			}
		}
	}
}

func sortedNames(m map[string]string) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// addTree adds the files of a directory that take says yes to.
func addTree(ctx context.Context, w *writer, name, root string, take func(rel string) bool) error {
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // removed meanwhile, or nothing was ever stored
		}
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if rel = filepath.ToSlash(rel); !take(rel) {
			return nil
		}
		if err := checkPath(name + "/" + rel); err != nil {
			return fault.Wrap(fault.Refused, err, "this file does not belong into the data directory").At(path, 0, "").WithHint("look at what it is, and move it away")
		}
		return w.addFile(ctx, name+"/"+rel, path)
	})
	if err != nil {
		return fmt.Errorf("back up %s: %w", name, err)
	}
	return nil
}

// room refuses before anything is written where the disks are plainly too
// small, and gives about how much is read. What is on the disk is an upper bound
// of what is packed.
func (cfg Config) room(to string, content bool) (need int64, err error) {
	state, err := cfg.DB.Bytes()
	if err != nil {
		return 0, err
	}
	need = state
	if content {
		for _, dir := range cfg.Content {
			if err := filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
				if errors.Is(err, fs.ErrNotExist) {
					return nil
				}
				if err != nil || !e.Type().IsRegular() {
					return err
				}
				st, err := e.Info()
				if errors.Is(err, fs.ErrNotExist) {
					return nil
				}
				if err == nil {
					need += st.Size()
				}
				return err
			}); err != nil {
				return 0, fmt.Errorf("measure the content: %w", err)
			}
		}
	}
	for _, p := range []struct {
		dir  string
		need int64
		what string
	}{{filepath.Dir(to), need, "the backup"}, {cfg.Temp, state, "the snapshot of the database"}} {
		var st syscall.Statfs_t
		if err := syscall.Statfs(p.dir, &st); err != nil {
			return 0, fault.Wrap(fault.Unavailable, err, "the file system of %s does not answer", p.dir)
		}
		if free := int64(st.Bavail) * st.Bsize; free < p.need+p.need/20+(64<<20) {
			return 0, fault.New(fault.Unavailable, "there are %d MiB free in %s; %s may need %d MiB and 64 to spare", free>>20, p.dir, p.what, (p.need+p.need/20)>>20).
				WithHint("free some space, or name another place; nothing was written")
		}
	}
	return need, nil
}
