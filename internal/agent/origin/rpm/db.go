package rpm

import (
	"cmp"
	"context"
	"errors"
	"hash/maphash"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/attesta/attesta/internal/agent/collect/command"
	"github.com/attesta/attesta/internal/agent/collect/tree"
)

const (
	// atOnce is how many packages rpm is asked about in one run: what it prints is
	// bounded.
	atOnce = 40
	// kept is how many changes of packages are remembered.
	kept    = 20_000
	logTail = 4 << 20
)

var (
	directories = [...]string{"/usr/lib/sysimage/rpm", "/var/lib/rpm"}
	databases   = [...]string{"rpmdb.sqlite", "rpmdb.sqlite-wal", "Packages.db", "Packages"}
	logs        = [...]string{"/var/log/dnf.rpm.log", "/var/log/dnf.log"}
)

type stamp struct {
	size  int64
	mtime time.Time
}

// Act is what a transaction did to one package.
type Act struct {
	Action, Before, After string
}

// Transaction is one run of rpm, or of dnf.
type Transaction struct {
	TID     int64
	End     time.Time // the last that is on record of it
	Command string    // of dnf, "" where none is known
	Acts    map[string]*Act
}

// Start is when it began.
func (t *Transaction) Start() time.Time { return time.Unix(t.TID, 0) }

// list is the paths of one package, as hashes.
type list struct {
	pkg    Package
	hashes []uint64
}

// Database is rpm's, as it was when Refresh was last called. It belongs to one
// goroutine.
type Database struct {
	root     tree.Root
	dir      string
	program  string
	seed     maphash.Seed
	stamps   map[string]stamp
	lists    map[string]*list // by ID
	entries  []uint64         // sorted: 40 bits of a path's hash, 24 of the place in ids
	ids      []string
	keys     map[string]bool
	former   map[uint64]string // hash -> name
	removed  map[int64]map[string]*Act
	logs     map[string]stamp
	done     []Done
	commands []Command
}

// Open gives a database; it asks nothing. nil where the host has none, or no
// program rpm.
func Open(root tree.Root) *Database {
	program, ok := command.Find("rpm")
	if !ok {
		return nil
	}
	for _, dir := range directories {
		for _, name := range databases {
			if root.There(dir + "/" + name) {
				return &Database{root: root, dir: dir, program: program, seed: maphash.MakeSeed(), lists: map[string]*list{}, former: map[uint64]string{}, removed: map[int64]map[string]*Act{}}
			}
		}
	}
	return nil
}

func (d *Database) run(ctx context.Context, use func(io.Reader) error, args ...string) error {
	if !d.root.Live() {
		args = append([]string{"--root=" + d.root.Dir}, args...)
	}
	return command.Stream(ctx, use, d.program, append([]string{"--dbpath=" + d.dir}, args...)...)
}

func (d *Database) look(files []string) map[string]stamp {
	out := map[string]stamp{}
	for _, f := range files {
		if st, err := d.root.Stat(f); err == nil {
			out[f] = stamp{st.Size(), st.ModTime()}
		}
	}
	return out
}

func same(a, b map[string]stamp) bool {
	if len(a) != len(b) {
		return false
	}
	for f, s := range a {
		if t, ok := b[f]; !ok || t != s {
			return false
		}
	}
	return true
}

// Refresh asks what is not as it was.
func (d *Database) Refresh(ctx context.Context, now time.Time) error {
	var files []string
	for _, n := range databases {
		files = append(files, d.dir+"/"+n)
	}
	stamps := d.look(files)
	failed := d.readLogs()
	if d.stamps != nil && same(stamps, d.stamps) {
		return failed
	}
	var all []Package
	err := d.run(ctx, func(r io.Reader) (err error) {
		all, d.keys, err = parsePackages(r)
		return err
	}, "-qa", "--qf", packageFormat)
	if err != nil {
		return errors.Join(failed, err)
	}
	first := d.stamps == nil
	there := make(map[string]bool, len(all))
	var fresh []Package
	for _, p := range all {
		there[p.ID()] = true
		if l := d.lists[p.ID()]; l == nil || l.pkg.TID != p.TID {
			fresh = append(fresh, p)
		}
	}
	gone := map[string]*list{}
	for id, l := range d.lists {
		if !there[id] {
			gone[l.pkg.Name] = l
		}
	}
	for part := range slices.Chunk(fresh, atOnce) {
		ids := []string{"-q", "--qf", fileFormat}
		for _, p := range part {
			ids = append(ids, p.ID())
			d.lists[p.ID()] = &list{pkg: p}
		}
		err := d.run(ctx, func(r io.Reader) error {
			return parseFiles(r, func(path string, f File) {
				if l := d.lists[f.Package]; l != nil {
					l.hashes = append(l.hashes, d.hash(path))
				}
			})
		}, ids...)
		if err != nil {
			for _, p := range part {
				delete(d.lists, p.ID())
			}
			return errors.Join(failed, err)
		}
	}
	if !first {
		d.note(fresh, gone, now)
	}
	for _, l := range gone {
		delete(d.lists, l.pkg.ID())
	}
	d.stamps = stamps
	d.index()
	return failed
}

const slotMask = 1<<24 - 1

// index puts the paths of all packages into one order.
func (d *Database) index() {
	d.entries, d.ids = d.entries[:0], d.ids[:0]
	for id, l := range d.lists {
		d.ids = append(d.ids, id)
		for _, h := range l.hashes {
			d.entries = append(d.entries, h&^slotMask|uint64(len(d.ids)-1)&slotMask)
		}
	}
	slices.Sort(d.entries)
}

// note keeps what went with packages that are not there any more, and what they
// were before.
func (d *Database) note(fresh []Package, gone map[string]*list, now time.Time) {
	if len(d.removed) > kept {
		clear(d.removed)
	}
	acts := func(tid int64) map[string]*Act {
		if d.removed[tid] == nil {
			d.removed[tid] = map[string]*Act{}
		}
		return d.removed[tid]
	}
	if len(d.former) > 200_000 {
		clear(d.former)
	}
	last := now.Unix()
	for _, p := range fresh {
		last = p.TID
		a := &Act{Action: "install", After: p.Version}
		if old := gone[p.Name]; old != nil {
			a.Action, a.Before = "upgrade", old.pkg.Version
		}
		acts(p.TID)[p.Name] = a
	}
	for name, l := range gone {
		for _, h := range l.hashes {
			d.former[h] = name
		}
		if !slices.ContainsFunc(fresh, func(p Package) bool { return p.Name == name }) {
			acts(last)[name] = &Act{Action: "remove", Before: l.pkg.Version}
		}
	}
}

func (d *Database) hash(p string) uint64 { return maphash.String(d.seed, p) }

// Read reports whether the database could be read once.
func (d *Database) Read() bool { return d.stamps != nil }

// Written is when the database was last written.
func (d *Database) Written() (at time.Time) {
	for _, s := range d.stamps {
		if s.mtime.After(at) {
			at = s.mtime
		}
	}
	return at
}

// Package gives what is installed under an ID.
func (d *Database) Package(id string) (Package, bool) {
	l := d.lists[id]
	if l == nil {
		return Package{}, false
	}
	return l.pkg, true
}

// Trusted reports whether a package is signed by a key that rpm was told to trust.
func (d *Database) Trusted(p Package) bool { return p.Key != "" && d.keys[p.Key] }

// Former gives the package that had a path before and has it no more.
func (d *Database) Former(path string) string { return d.former[d.hash(path)] }

// Files gives what packages have at some paths.
func (d *Database) Files(ctx context.Context, paths map[string]bool) (map[string][]File, error) {
	ids := map[string]bool{}
	for p := range paths {
		h := d.hash(p) &^ slotMask
		i, _ := slices.BinarySearch(d.entries, h)
		for n := 0; i < len(d.entries) && d.entries[i]&^slotMask == h && n < 8; n++ { // more than that have only directories
			ids[d.ids[d.entries[i]&slotMask]] = true
			i++
		}
	}
	sorted := make([]string, 0, len(ids))
	for id := range ids {
		sorted = append(sorted, id)
	}
	slices.Sort(sorted)
	out := map[string][]File{}
	var failed error
	for part := range slices.Chunk(sorted, atOnce) {
		failed = errors.Join(failed, d.run(ctx, func(r io.Reader) error {
			return parseFiles(r, func(path string, f File) {
				if paths[path] {
					out[path] = append(out[path], f)
				}
			})
		}, append([]string{"-q", "--qf", fileFormat}, part...)...))
	}
	return out, failed
}

// Running reports whether rpm is at work: it holds its lock.
func (d *Database) Running() bool {
	f, err := d.root.Open(d.dir + "/.rpm.lock")
	if err != nil {
		return false
	}
	defer f.Close() // for reading
	lock := unix.Flock_t{Type: unix.F_WRLCK}
	return unix.FcntlFlock(f.Fd(), unix.F_GETLK, &lock) == nil && lock.Type != unix.F_UNLCK
}

func (d *Database) readLogs() error {
	stamps := d.look(logs[:])
	if same(stamps, d.logs) {
		return nil
	}
	var done []Done
	var commands []Command
	for _, name := range logs {
		f, err := d.root.Open(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if st, serr := f.Stat(); serr == nil && st.Size() > logTail {
			_, err = f.Seek(st.Size()-logTail, io.SeekStart)
		}
		if err == nil && strings.HasSuffix(name, "rpm.log") {
			err = parseDone(f, func(x Done) { done = append(done, x) })
		} else if err == nil {
			err = parseCommands(f, func(x Command) { commands = append(commands, x) })
		}
		_ = f.Close() // for reading
		if err != nil {
			return err
		}
	}
	d.done, d.commands, d.logs = done[max(0, len(done)-kept):], commands, stamps
	return nil
}

// Transactions gives those that are known, the oldest first: by the database,
// by what went since this program began, and by dnf's log.
func (d *Database) Transactions() []*Transaction {
	by := map[int64]*Transaction{}
	at := func(tid int64) *Transaction {
		if by[tid] == nil {
			by[tid] = &Transaction{TID: tid, End: time.Unix(tid, 0), Acts: map[string]*Act{}}
		}
		return by[tid]
	}
	for _, l := range d.lists {
		if l.pkg.TID > 0 {
			at(l.pkg.TID).Acts[l.pkg.Name] = &Act{Action: "install", After: l.pkg.Version}
		}
	}
	for tid, acts := range d.removed {
		for name, a := range acts {
			at(tid).Acts[name] = a
		}
	}
	out := make([]*Transaction, 0, len(by))
	for _, t := range by {
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b *Transaction) int { return cmp.Compare(a.TID, b.TID) })
	of := func(when time.Time) *Transaction { // the last that had begun
		i, found := slices.BinarySearchFunc(out, when.Unix(), func(t *Transaction, s int64) int { return cmp.Compare(t.TID, s) })
		if !found {
			i--
		}
		if i < 0 || when.Sub(out[i].Start()) > time.Hour {
			return nil
		}
		return out[i]
	}
	for _, x := range d.done {
		t := of(x.At)
		if t == nil {
			continue
		}
		t.End = x.At
		name, version := nameOf(x.ID)
		a := t.Acts[name]
		switch {
		case a == nil && x.Before:
			t.Acts[name] = &Act{Action: x.Action, Before: version}
		case a == nil:
			t.Acts[name] = &Act{Action: x.Action, After: version}
		case x.Before && a.Before == "":
			a.Action, a.Before = x.Action, version
		case !x.Before && a.Before == "":
			a.Action = x.Action
		}
	}
	for _, c := range d.commands {
		// dnf says what it was asked to do before its transaction begins.
		i, _ := slices.BinarySearchFunc(out, c.At.Unix(), func(t *Transaction, s int64) int { return cmp.Compare(t.TID, s) })
		if i < len(out) && out[i].Start().Sub(c.At) < time.Hour && len(d.done) > 0 {
			out[i].Command = c.Line
		}
	}
	return out
}
