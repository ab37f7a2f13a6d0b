// Package logfile judges files that only grow and are rotated: whether what
// was recorded of one is still there, at its beginning or further on in its
// chain.
//
// Serves C7.1c. Invariants: what was recorded counts as kept only where its
// digest was found again over exactly as many bytes; a chain that cannot be
// read is said, never taken to hold. No more is unpacked of a packed file than
// was recorded.
//
// Floor: edges, below agent/integrity. Imports nothing of the project.
package logfile

import (
	"cmp"
	"compress/bzip2"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Known is what was recorded of a file's content.
type Known struct {
	Name   string // in its directory
	Size   int64
	Digest [sha256.Size]byte
}

// Dir is the directory of a chain, as it is now.
type Dir struct {
	Names []string // the files in it
	Open  func(name string) (io.ReadCloser, error)
}

// Kind is what became of what was recorded.
type Kind string

// The kinds.
const (
	Kept      Kind = "kept"      // it is still the whole file
	Grown     Kind = "grown"     // it is the beginning of the file
	Rotated   Kind = "rotated"   // it is the beginning of another file of the chain
	Expired   Kind = "expired"   // it was the oldest of a chain that was rotated, and is gone
	Shrunk    Kind = "shrunk"    // the file is shorter, and it is nowhere
	Rewritten Kind = "rewritten" // the file is not shorter, and it is nowhere
	Gone      Kind = "gone"      // there is no file, and it is nowhere
	Unknown   Kind = "unknown"   // it is nowhere that can be read
)

// Lost reports whether what was recorded cannot be found.
func (k Kind) Lost() bool { return k == Shrunk || k == Rewritten || k == Gone || k == Unknown }

// Verdict is about one recorded file.
type Verdict struct {
	Kind   Kind
	Into   string // where Rotated found it
	Reason string // of Unknown: what could not be read
}

// member is a file's place in its chain.
type member struct {
	base  string // the name of the file that is written to
	order string // of the others: sorts from the newest to the oldest
	pack  string // how it is packed: gz, bz2, xz, zst; empty for not
}

var (
	packed   = regexp.MustCompile(`(?s)^.+(\.(gz|bz2|xz|zst))$`)
	numbered = regexp.MustCompile(`^(.+)\.([0-9]{1,4})$`)                                 // log.1
	dated    = regexp.MustCompile(`^(.+)[-.]((?:19|20)\d{6}(?:[-_.T]?\d{2,10})?)$`)       // log-20260314
	datedExt = regexp.MustCompile(`^(.+)[-.]((?:19|20)\d{6}(?:[-_T]?\d{2,10})?)(\.\w+)$`) // app-20260314.log
	numExt   = regexp.MustCompile(`^(.+)\.([0-9]{1,4})(\.[a-z]+)$`)                       // app.1.log
)

// place reads a name as logrotate and its like make them.
func place(name string) member {
	var m member
	if p := packed.FindStringSubmatch(name); p != nil {
		m.pack = p[2]
		name = strings.TrimSuffix(name, p[1])
	}
	newest := func(digits string) string { // the later, the lower
		b := []byte(digits)
		for i, c := range b {
			if c >= '0' && c <= '9' {
				b[i] = '9' - (c - '0')
			}
		}
		return "d" + string(b)
	}
	number := func(digits string) string {
		n, err := strconv.Atoi(digits)
		if err != nil {
			return "n"
		}
		return fmt.Sprintf("n%05d", n)
	}
	switch {
	case numbered.MatchString(name):
		p := numbered.FindStringSubmatch(name)
		m.base, m.order = p[1], number(p[2])
	case dated.MatchString(name):
		p := dated.FindStringSubmatch(name)
		m.base, m.order = p[1], newest(p[2])
	case datedExt.MatchString(name):
		p := datedExt.FindStringSubmatch(name)
		m.base, m.order = p[1]+p[3], newest(p[2])
	case numExt.MatchString(name):
		p := numExt.FindStringSubmatch(name)
		m.base, m.order = p[1]+p[3], number(p[2])
	default:
		m.base = name
	}
	return m
}

// Base is the name of the file of a chain that is written to.
func Base(name string) string { return place(name).base }

// Between reports whether a rotated file is one of those that were written no
// earlier than another of its chain.
func Between(name, other string) bool {
	a, b := place(name), place(other)
	return a.base == b.base && a.order != "" && a.order <= b.order
}

// Judge says for each recorded file of one directory what became of it. Files
// are read through dir.Open, packed ones in gzip and bzip2 unpacked.
func Judge(known []Known, dir Dir) []Verdict {
	chains := map[string][]string{} // the names there now, the newest first
	for _, n := range dir.Names {
		base := Base(n)
		chains[base] = append(chains[base], n)
	}
	for base := range chains {
		slices.SortFunc(chains[base], func(a, b string) int { return cmp.Compare(place(a).order, place(b).order) })
	}
	out := make([]Verdict, len(known))
	turned := map[string]bool{} // chains of which something went on to another file
	for i, k := range known {
		out[i] = find(k, chains[Base(k.Name)], dir)
		if out[i].Kind == Rotated {
			turned[Base(k.Name)] = true
		}
	}
	// Of a chain that was rotated the oldest fall out at its end: those of which none that
	// is older is kept. What is missing in between was taken away.
	for i, k := range known {
		m := place(k.Name)
		if !out[i].Kind.Lost() || out[i].Kind == Unknown || m.order == "" || !turned[m.base] {
			continue
		}
		older := false
		for j, other := range known {
			o := place(other.Name)
			older = older || j != i && o.base == m.base && o.order > m.order && !out[j].Kind.Lost()
		}
		if !older {
			out[i].Kind = Expired
		}
	}
	return out
}

// find looks for what was recorded: in the file itself, then along the chain.
func find(k Known, chain []string, dir Dir) Verdict {
	unread, here := "", false
	var size int64
	look := func(name string) bool {
		// What was recorded of a packed file are the bytes of the pack.
		n, sum, err := prefix(name, k.Size, dir, place(k.Name).pack != "")
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return false
		case err != nil:
			unread = fmt.Sprintf("%s: %v", name, err)
			return false
		}
		if name == k.Name {
			here, size = true, n
		}
		return n >= k.Size && sum == k.Digest
	}
	if slices.Contains(chain, k.Name) && look(k.Name) {
		if size == k.Size {
			return Verdict{Kind: Kept}
		}
		return Verdict{Kind: Grown}
	}
	if k.Size > 0 { // of nothing nothing can be found again
		for _, name := range chain {
			if name != k.Name && place(name).order > place(k.Name).order && look(name) {
				return Verdict{Kind: Rotated, Into: name}
			}
		}
		// Packed without another number: log.1 becomes log.1.gz.
		for _, name := range chain {
			if name != k.Name && place(name).order == place(k.Name).order && place(name).pack != "" && look(name) {
				return Verdict{Kind: Rotated, Into: name}
			}
		}
	}
	switch {
	case unread != "":
		return Verdict{Kind: Unknown, Reason: unread}
	case k.Size == 0 && here:
		return Verdict{Kind: Grown}
	case !here:
		return Verdict{Kind: Gone}
	case size < k.Size:
		return Verdict{Kind: Shrunk}
	}
	return Verdict{Kind: Rewritten}
}

// prefix gives the digest over the first size bytes of a file's content,
// unpacked unless raw is set, and how many bytes there are: at most one more
// than that.
func prefix(name string, size int64, dir Dir, raw bool) (n int64, sum [sha256.Size]byte, err error) {
	f, err := dir.Open(path.Base(name))
	if err != nil {
		return 0, sum, err
	}
	defer f.Close() // read only
	var from io.Reader = f
	pack := place(name).pack
	switch {
	case raw || pack == "":
	case pack == "gz":
		if from, err = gzip.NewReader(f); err != nil {
			return 0, sum, err
		}
	case pack == "bz2":
		from = bzip2.NewReader(f)
	default:
		return 0, sum, fmt.Errorf("what is packed with %s cannot be unpacked here", pack)
	}
	h := sha256.New()
	n, err = io.CopyN(h, from, size)
	if err != nil && !errors.Is(err, io.EOF) {
		return n, sum, err
	}
	h.Sum(sum[:0])
	if n == size {
		more, err := io.ReadFull(from, make([]byte, 1))
		if err != nil && !errors.Is(err, io.EOF) {
			return n, sum, err
		}
		n += int64(more)
	}
	return n, sum, nil
}
