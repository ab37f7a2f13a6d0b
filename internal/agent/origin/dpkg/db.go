package dpkg

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/attesta/attesta/internal/agent/collect/tree"
)

// Where dpkg and apt keep their records.
const (
	adminDir       = "/var/lib/dpkg"
	infoDir        = adminDir + "/info"
	statusFile     = adminDir + "/status"
	updatesDir     = adminDir + "/updates"
	diversionsFile = adminDir + "/diversions"
	unpackDir      = adminDir + "/tmp.ci" // of the package that is being unpacked
	logFile        = "/var/log/dpkg.log"
	historyFile    = "/var/log/apt/history.log"
)

// Database is dpkg's, as it was when Refresh was last called. It belongs to one
// goroutine.
type Database struct {
	root    tree.Root
	index   *index
	log     log
	history history

	status     *Status
	stamps     map[string]Stamp // of the status file and its updates
	diversions []Diversion
	diverted   Stamp
	merged     map[string]bool // top directories that are links into /usr
	keys       map[string]string
}

// Open gives a database; it reads nothing. nil where the host has no dpkg.
func Open(root tree.Root, zone *time.Location) *Database {
	if !root.There(statusFile) {
		return nil
	}
	return &Database{root: root, index: newIndex(), log: log{zone: zone}, history: history{zone: zone}, status: newStatus(), stamps: map[string]Stamp{}}
}

// Refresh reads what is not as it was. What could not be read is as it was
// before, and the error says so.
func (d *Database) Refresh(ctx context.Context, now time.Time) error {
	if d.merged == nil {
		d.merged = map[string]bool{}
		for _, top := range []string{"bin", "sbin", "lib", "lib32", "lib64", "libx32", "libo32"} {
			if to, err := d.root.Readlink("/" + top); err == nil && strings.Trim(to, "/") == "usr/"+top {
				d.merged[top] = true
			}
		}
	}
	return errors.Join(d.index.refresh(d.root, now), d.readStatus(), d.readDiversions(), d.log.refresh(d.root), d.history.refresh(d.root), ctx.Err())
}

func (d *Database) readStatus() error {
	files := []string{statusFile}
	names, err := d.root.Names(updatesDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, n := range names { // sorted, as dpkg applies them
		if n != "" && strings.Trim(n, "0123456789") == "" {
			files = append(files, updatesDir+"/"+n)
		}
	}
	stamps := make(map[string]Stamp, len(files))
	same := len(files) == len(d.stamps)
	for _, f := range files {
		st, err := d.root.Stat(f)
		if errors.Is(err, fs.ErrNotExist) && f != statusFile {
			continue // merged since it was listed
		}
		if err != nil {
			return err
		}
		stamps[f] = StampOf(st)
		same = same && stamps[f] == d.stamps[f]
	}
	if same {
		return nil
	}
	s := newStatus()
	if d.stamps[statusFile] == stamps[statusFile] && len(d.stamps) <= len(stamps) && !d.changed(stamps) {
		s, files = d.status, files[len(d.stamps):] // only updates came
	}
	for _, f := range files {
		if err := d.with(f, func(r io.Reader) error { return s.parse(f, r) }); err != nil && !(errors.Is(err, fs.ErrNotExist) && f != statusFile) {
			d.stamps = map[string]Stamp{}
			return err
		}
	}
	d.status, d.stamps, d.keys = s, stamps, nil
	return nil
}

// changed reports whether a file that was read is not as it was.
func (d *Database) changed(now map[string]Stamp) bool {
	for f, s := range d.stamps {
		if now[f] != s {
			return true
		}
	}
	return false
}

func (d *Database) with(file string, read func(io.Reader) error) error {
	f, err := d.root.Open(file)
	if err != nil {
		return err
	}
	defer f.Close() // for reading
	return read(f)
}

func (d *Database) readDiversions() error {
	st, err := d.root.Stat(diversionsFile)
	if errors.Is(err, fs.ErrNotExist) {
		d.diversions, d.diverted = nil, Stamp{}
		return nil
	}
	if err != nil {
		return err
	}
	stamp := StampOf(st)
	if stamp == d.diverted {
		return nil
	}
	return d.with(diversionsFile, func(r io.Reader) error {
		list, err := parseDiversions(diversionsFile, r)
		if err == nil {
			d.diversions, d.diverted = list, stamp
		}
		return err
	})
}

// Version gives the installed version of a package, "" where it is not
// installed or not known. name is as Owner has it, or "name:arch".
func (d *Database) Version(name string) string { return d.status.Packages[d.Key(name)].Version }

// Key gives "name:arch" for the name of a list file, which has no architecture
// where only one can be installed.
func (d *Database) Key(name string) string {
	if strings.Contains(name, ":") {
		return name
	}
	if d.keys == nil {
		d.keys = make(map[string]string, len(d.status.Packages))
		for key, p := range d.status.Packages {
			// Left over from a change of architecture may be one that is not installed.
			if _, two := d.keys[p.Name]; !two || p.Installed {
				d.keys[p.Name] = key
			}
		}
	}
	if key, ok := d.keys[name]; ok {
		return key
	}
	return name
}

// Owner is a package that has a path.
type Owner struct {
	Package string // "name:arch"
	Listed  string // the path as its list has it
	list    string // what its files in info are called
}

// Owners gives the packages that have a path, and whose it was until lately
// where it is nobody's any more.
func (d *Database) Owners(path string) (owners []Owner, former string) {
	names := d.spellings(path)
	add := func(listed string, without, only string) {
		for _, name := range d.index.owners(listed) {
			plain, _, _ := strings.Cut(name, ":")
			if without != "-" && plain == without || only != "" && plain != only {
				continue
			}
			owners = append(owners, Owner{d.Key(name), listed, name})
		}
		if f := d.index.former(listed); f != "" && former == "" {
			former = d.Key(f)
		}
	}
	only := ""
	for _, v := range d.diversions {
		if slices.Contains(names, v.From) { // what is here is the diverting package's
			if only = v.By; only == "" {
				only = ":" // nobody's
			}
		}
		if slices.Contains(names, v.To) { // what others have at From
			for _, n := range d.spellings(v.From) {
				add(n, v.By, "")
			}
		}
	}
	for _, n := range names {
		add(n, "-", only)
	}
	if len(owners) > 0 {
		former = ""
	}
	return owners, former
}

// spellings gives the names that lists may have for a path: they were written
// before the top directories became links into /usr.
func (d *Database) spellings(path string) []string {
	out := []string{path}
	rest, usr := strings.CutPrefix(path, "/usr/")
	if !usr {
		rest = strings.TrimPrefix(path, "/")
	}
	if top, _, below := strings.Cut(rest, "/"); below && d.merged[top] {
		if usr {
			out = append(out, "/"+rest)
		} else {
			out = append(out, "/usr/"+rest)
		}
	}
	return out
}

// Conffile gives what the status file says of a path.
func (d *Database) Conffile(path string) (Conffile, bool) {
	for _, n := range d.spellings(path) {
		if c, ok := d.status.Conffiles[n]; ok {
			return c, true
		}
	}
	return Conffile{}, false
}

// Sums gives the digests that packages have for paths: each package's file is
// read once. What has none is missing.
func (d *Database) Sums(wanted []Owner) (map[Owner]string, error) {
	by := map[string]map[string]Owner{}
	for _, o := range wanted {
		if by[o.list] == nil {
			by[o.list] = map[string]Owner{}
		}
		by[o.list][o.Listed] = o
	}
	out := make(map[Owner]string, len(wanted))
	var failed error
	for name, paths := range by {
		file := infoDir + "/" + name + ".md5sums"
		err := d.with(file, func(r io.Reader) error {
			return sums(file, r, func(path []byte, md5 string) {
				if o, ok := paths[string(path)]; ok {
					out[o] = md5
				}
			})
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			failed = errors.Join(failed, err)
		}
	}
	return out, failed
}

// Unpacking gives the package that is being unpacked, if one is, and the digests
// that it has for some paths: its records are not in their place yet.
func (d *Database) Unpacking(paths map[string]bool) (Package, map[string]string, error) {
	s := newStatus()
	control := unpackDir + "/control"
	err := d.with(control, func(r io.Reader) error { return s.parse(control, r) })
	if errors.Is(err, fs.ErrNotExist) {
		return Package{}, nil, nil
	}
	if err != nil || len(s.Packages) != 1 {
		return Package{}, nil, nil //nolint:nilerr // half written: it is read again when the manager goes on
	}
	var p Package
	for _, p = range s.Packages {
	}
	out := map[string]string{}
	file := unpackDir + "/md5sums"
	err = d.with(file, func(r io.Reader) error {
		return sums(file, r, func(path []byte, md5 string) {
			for _, n := range d.spellings(string(path)) {
				if paths[n] {
					out[n] = md5
				}
			}
		})
	})
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return p, out, err
}

// Running reports whether dpkg or apt is at work: one of them holds its lock.
func (d *Database) Running() bool {
	for _, name := range []string{adminDir + "/lock", adminDir + "/lock-frontend"} {
		f, err := d.root.Open(name)
		if err != nil {
			continue
		}
		lock := unix.Flock_t{Type: unix.F_WRLCK}
		err = unix.FcntlFlock(f.Fd(), unix.F_GETLK, &lock)
		f.Close()
		if err == nil && lock.Type != unix.F_UNLCK {
			return true
		}
	}
	return false
}

// Transaction is one run of the manager: of apt with all runs of dpkg that it
// made, or of dpkg alone.
type Transaction struct {
	ID         string
	Start, End time.Time // End is zero while it runs
	Apt        *Entry    // nil: dpkg by itself
	Runs       []*Run
}

// Act gives what the transaction did to a package, nil for nothing.
func (t *Transaction) Act(key string) *Act {
	var best *Act
	take := func(a *Act) {
		if a != nil && (best == nil || weight[a.Action] > weight[best.Action]) {
			best = a
		}
	}
	for _, r := range t.Runs {
		take(r.Acts[key])
		if !strings.Contains(key, ":") { // it is not installed any more, and its architecture forgotten
			for name, a := range r.Acts {
				if strings.HasPrefix(name, key+":") {
					take(a)
				}
			}
		}
	}
	return best
}

// Scripts gives the packages of which a script may have run at a moment.
func (t *Transaction) Scripts(at time.Time) []string {
	for i := len(t.Runs) - 1; i >= 0; i-- {
		if r := t.Runs[i]; !r.Start.After(at) {
			return r.scripts(at)
		}
	}
	return nil
}

// Transactions gives those that are known, the oldest first.
func (d *Database) Transactions(running bool) []*Transaction {
	var out []*Transaction
	for _, r := range d.log.runs {
		e := d.history.of(r)
		if k := len(out); e != nil && k > 0 && out[k-1].Apt == e {
			out[k-1].Runs = append(out[k-1].Runs, r)
			if e.End.IsZero() {
				out[k-1].End = r.Last
			}
			continue
		}
		t := &Transaction{Start: r.Start.UTC(), End: r.Last.UTC(), Apt: e, Runs: []*Run{r}}
		if e != nil {
			t.Start = e.Start.UTC()
			if !e.End.IsZero() {
				t.End = e.End.UTC()
			}
			sum := sha256.Sum256([]byte(e.Start.UTC().Format(time.RFC3339) + e.Command + "\x00" + e.By))
			t.ID = "apt-" + t.Start.Format("20060102t150405") + "-" + hex.EncodeToString(sum[:4])
		} else {
			t.ID = fmt.Sprintf("dpkg-%s-%d", t.Start.Format("20060102t150405"), r.Number)
		}
		out = append(out, t)
	}
	if k := len(out); k > 0 && running && (out[k-1].Apt == nil || out[k-1].Apt.End.IsZero()) {
		out[k-1].End = time.Time{}
	}
	return out
}
