package dpkg

import (
	"bytes"
	"errors"
	"hash/maphash"
	"io"
	"io/fs"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/attesta/attesta/internal/agent/collect/tree"
)

// Stamp tells one state of a file from the next.
type Stamp struct {
	Size  int64
	Mtime int64
	Inode uint64
}

// StampOf gives the stamp of a file.
func StampOf(st fs.FileInfo) Stamp {
	s := Stamp{Size: st.Size(), Mtime: st.ModTime().UnixNano()}
	if sys, ok := st.Sys().(*syscall.Stat_t); ok {
		s.Inode = sys.Ino
	}
	return s
}

const (
	slotBits = 24
	slotMask = 1<<slotBits - 1
	// formerMost is how many paths that packages gave up are remembered.
	formerMost = 200_000
	formerKeep = time.Hour
)

// slot is one state of one list file.
type slot struct {
	name  string // "libc6:amd64", as the file is called
	stamp Stamp
	dead  bool
}

// former is a path that a package had.
type former struct {
	name string
	at   time.Time // when that was found
}

// index says which packages list a path: sorted numbers, 40 bits of the path's
// hash and 24 of the slot. A path that nobody lists is taken for a package's
// once in ten million; whoever asks for its digest then finds none.
type index struct {
	seed    maphash.Seed
	slots   []slot
	byName  map[string]int
	entries []uint64
	gone    map[uint64]former
	dir     Stamp
	read    time.Time
}

func newIndex() *index {
	return &index{seed: maphash.MakeSeed(), byName: map[string]int{}, gone: map[uint64]former{}}
}

func (x *index) hash(path []byte) uint64 { return maphash.Bytes(x.seed, path) &^ slotMask }

// refresh reads the lists that are new, or are not as they were.
func (x *index) refresh(root tree.Root, now time.Time) error {
	st, err := root.Stat(infoDir)
	if err != nil {
		return err
	}
	// A list is always renamed into its place. Within a tick of the clock the
	// directory's time may stay.
	if stamp := StampOf(st); stamp == x.dir && x.read.UnixNano()-stamp.Mtime > int64(50*time.Millisecond) {
		return nil
	}
	names, err := root.Names(infoDir)
	if err != nil {
		return err
	}
	var added []uint64
	seen := make(map[string]bool, len(x.byName))
	changed := map[string]int{} // the slot that it had
	for _, file := range names {
		name, ok := strings.CutSuffix(file, ".list")
		if !ok {
			continue
		}
		info, err := root.Lstat(infoDir + "/" + file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		seen[name] = true
		old, had := x.byName[name]
		stamp := StampOf(info)
		if had && x.slots[old].stamp == stamp {
			continue
		}
		if len(x.slots) > slotMask {
			return errors.New("too many lists of packages were read")
		}
		number := uint64(len(x.slots))
		hashes, err := x.list(root, infoDir+"/"+file, number)
		if errors.Is(err, fs.ErrNotExist) {
			delete(seen, name)
			continue
		}
		if err != nil {
			return err
		}
		if had {
			x.slots[old].dead = true
			changed[name] = old
		}
		x.slots = append(x.slots, slot{name: name, stamp: stamp})
		x.byName[name] = int(number)
		added = append(added, hashes...)
	}
	for name, n := range x.byName {
		if !seen[name] {
			x.slots[n].dead = true
			delete(x.byName, name)
			changed[name] = n
		}
	}
	slices.Sort(added)
	x.merge(added, now)
	x.dir, x.read = StampOf(st), now
	return nil
}

func (x *index) list(root tree.Root, file string, number uint64) ([]uint64, error) {
	f, err := root.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close() // for reading
	b, err := io.ReadAll(f)
	if err != nil {
		return nil, err
	}
	return x.lines(b, number), nil
}

// lines gives the numbers of the paths of a list.
func (x *index) lines(b []byte, number uint64) []uint64 {
	out := make([]uint64, 0, bytes.Count(b, []byte("\n")))
	for len(b) > 0 {
		var line []byte
		line, b, _ = bytes.Cut(b, []byte("\n"))
		if len(line) > 1 && line[0] == '/' && !bytes.Equal(line, []byte("/.")) {
			out = append(out, x.hash(line)|number)
		}
	}
	return out
}

// merge takes new numbers in, drops those of lists that are no more, and
// remembers the paths that went with them.
func (x *index) merge(added []uint64, now time.Time) {
	if len(x.gone) > 0 {
		for h, f := range x.gone {
			if now.Sub(f.at) > formerKeep {
				delete(x.gone, h)
			}
		}
	}
	out := make([]uint64, 0, len(x.entries)+len(added))
	var dropped []uint64
	old := x.entries
	for len(old) > 0 || len(added) > 0 {
		var e uint64
		if len(added) == 0 || len(old) > 0 && old[0] < added[0] {
			e, old = old[0], old[1:]
			if x.slots[e&slotMask].dead {
				dropped = append(dropped, e)
				continue
			}
		} else {
			e, added = added[0], added[1:]
		}
		out = append(out, e)
	}
	x.entries = out
	for _, e := range dropped {
		name := x.slots[e&slotMask].name
		if slices.Contains(x.at(e&^slotMask), name) {
			continue // its new list has the path as well
		}
		if len(x.gone) < formerMost {
			x.gone[e&^slotMask] = former{name, now}
		}
	}
	if dead := len(x.slots) - len(x.byName); dead > 1000 && dead > len(x.byName) {
		x.compact()
	}
}

// compact gives the slots new numbers, without those that are dead.
func (x *index) compact() {
	to := make([]uint64, len(x.slots))
	var live []slot
	for i, s := range x.slots {
		if !s.dead {
			to[i] = uint64(len(live))
			x.byName[s.name] = len(live)
			live = append(live, s)
		}
	}
	for i, e := range x.entries {
		x.entries[i] = e&^slotMask | to[e&slotMask]
	}
	x.slots = live // in their order, so that the entries stay sorted
}

// at gives the packages that list what hashes so.
func (x *index) at(hash uint64) []string {
	i, _ := slices.BinarySearch(x.entries, hash)
	var out []string
	for ; i < len(x.entries) && x.entries[i]&^slotMask == hash; i++ {
		out = append(out, x.slots[x.entries[i]&slotMask].name)
	}
	return out
}

// owners gives the packages that list a path, as their files are called.
func (x *index) owners(path string) []string { return x.at(x.hash([]byte(path))) }

// former gives the package that had a path until lately, "" for none.
func (x *index) former(path string) string { return x.gone[x.hash([]byte(path))].name }
