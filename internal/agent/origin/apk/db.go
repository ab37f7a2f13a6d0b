package apk

import (
	"hash/maphash"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/agent/collect/tree"
)

// Change is what a run did to one package.
type Change struct{ Action, Before, After string }

// Run is one time that the database was written.
type Run struct {
	From, At time.Time // the time before it, and this
	Packages map[string]Change
}

const (
	slotMask = 1<<24 - 1
	maxRuns  = 200
)

var databases = [...]string{"/usr/lib/apk/db/installed", "/lib/apk/db/installed"}

// Database is apk's, as it was when Refresh was last called. It belongs to one
// goroutine.
type Database struct {
	root tree.Root
	file string
	info fs.FileInfo
	seed maphash.Seed

	now, before list
	packages    map[string]Package
	runs        []Run
}

// list says whose a path is: sorted numbers, 40 bits of the path's hash and 24
// of the package's place in names.
type list struct {
	entries []uint64
	names   []string
}

func (l list) find(hash uint64) []string {
	i, _ := slices.BinarySearch(l.entries, hash)
	var out []string
	for ; i < len(l.entries) && l.entries[i]&^slotMask == hash; i++ {
		out = append(out, l.names[l.entries[i]&slotMask])
	}
	return out
}

// Open gives a database; it reads nothing. nil where the host has none.
func Open(root tree.Root) *Database {
	for _, file := range databases {
		if root.There(file) {
			return &Database{root: root, file: file, seed: maphash.MakeSeed()}
		}
	}
	return nil
}

func (d *Database) hash(p string) uint64 { return maphash.String(d.seed, p) &^ slotMask }

// Refresh reads the database where it is not as it was.
func (d *Database) Refresh() error {
	st, err := d.root.Stat(d.file)
	if err != nil {
		return err
	}
	if d.info != nil && d.info.ModTime().Equal(st.ModTime()) && d.info.Size() == st.Size() {
		return nil
	}
	var l list
	packages := map[string]Package{}
	err = d.scan(func(p Package) { packages[p.Name] = p }, func(path string, f File) {
		if k := len(l.names); k == 0 || l.names[k-1] != f.Package {
			l.names = append(l.names, f.Package)
		}
		l.entries = append(l.entries, d.hash(path)|uint64(len(l.names)-1)&slotMask)
	})
	if err != nil {
		return err
	}
	slices.Sort(l.entries)
	if d.info != nil {
		d.runs = append(d.runs, Run{From: d.info.ModTime(), At: st.ModTime(), Packages: changes(d.packages, packages)})
		if len(d.runs) > maxRuns {
			d.runs = slices.Delete(d.runs, 0, len(d.runs)-maxRuns)
		}
		d.before = d.now
	}
	d.now, d.packages, d.info = l, packages, st
	return nil
}

func changes(before, after map[string]Package) map[string]Change {
	out := map[string]Change{}
	for name, p := range after {
		switch old, had := before[name]; {
		case !had:
			out[name] = Change{"install", "", p.Version}
		case old != p:
			out[name] = Change{"upgrade", old.Version, p.Version}
		}
	}
	for name, p := range before {
		if _, ok := after[name]; !ok {
			out[name] = Change{"remove", p.Version, ""}
		}
	}
	return out
}

func (d *Database) scan(pkg func(Package), path func(string, File)) error {
	f, err := d.root.Open(d.file)
	if err != nil {
		return err
	}
	defer f.Close() // for reading
	return parse(d.file, f, pkg, path)
}

// Read reports whether the database could be read once.
func (d *Database) Read() bool { return d.info != nil }

// Written is when the database was last written.
func (d *Database) Written() time.Time { return d.info.ModTime() }

// Runs gives those that were seen, the oldest first.
func (d *Database) Runs() []Run { return d.runs }

// Package gives what is installed under a name.
func (d *Database) Package(name string) Package { return d.packages[name] }

// Files gives what packages have at some paths; of a directory all of them.
func (d *Database) Files(paths map[string]bool) (map[string][]File, error) {
	some := false
	for p := range paths {
		some = some || len(d.now.find(d.hash(p))) > 0
	}
	if !some {
		return nil, nil
	}
	out := map[string][]File{}
	return out, d.scan(func(Package) {}, func(path string, f File) {
		if paths[path] {
			out[path] = append(out[path], f)
		}
	})
}

// Former gives the package that had a path before the last run and has it no
// more, "" for none.
func (d *Database) Former(path string) string {
	h := d.hash(path)
	if names := d.before.find(h); len(names) > 0 && len(d.now.find(h)) == 0 {
		return names[0]
	}
	return ""
}

// Running reports whether apk is at work: it holds its lock.
func (d *Database) Running() bool {
	st, err := d.root.Stat(strings.TrimSuffix(d.file, "installed") + "lock")
	return err == nil && locked(st)
}
