package offline

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
)

// Limits bound what a package may make its reader do.
type Limits struct {
	Files int64 // members
	Bytes int64 // of all members, as they are read
	File  int64 // of one member
	Ratio int64 // bytes read for each byte of the container, and of each member above a megabyte
}

// DefaultLimits are far above what a window of a year needs.
var DefaultLimits = Limits{Files: 250_000, Bytes: 64 << 30, File: 8 << 30, Ratio: 200}

// maxShown bounds foreign text in a report.
const maxShown = 600

// MalformedError says why something is no package that may be read.
type MalformedError struct {
	File    string // the member; "" for the whole
	Message string
}

func (e *MalformedError) Error() string {
	if e.File != "" {
		return fmt.Sprintf("%q: %s", e.File, e.Message)
	}
	return e.Message
}

func malformed(file, format string, args ...any) error {
	return &MalformedError{File: file, Message: fmt.Sprintf(format, args...)}
}

// member is one file of a package.
type member struct {
	size int64
	zip  *zip.File // nil in a directory
}

// Package is an opened package, whose names and sizes were checked. Nothing of
// its content was.
type Package struct {
	members map[string]member
	names   []string // sorted
	bytes   int64    // of all members
	root    *os.Root // of a directory
	file    *os.File // of a zip file
	digest  string   // SHA-256 of the zip file, in hex; "" of a directory
}

// Open opens a package: a zip file or a directory. What may not be read is a
// *MalformedError; other errors are the operating system's.
func Open(ctx context.Context, path string, limits Limits) (*Package, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if st.IsDir() {
		return openDir(ctx, path, limits)
	}
	if !st.Mode().IsRegular() {
		return nil, malformed("", "a package is a zip file or a directory")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	p, err := OpenZip(f, st.Size(), limits)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	p.file = f
	h := sha256.New()
	if _, err := io.Copy(h, readerWithContext{ctx, io.NewSectionReader(f, 0, st.Size())}); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	p.digest = hex.EncodeToString(h.Sum(nil))
	return p, nil
}

// Close releases the package.
func (p *Package) Close() error {
	if p.root != nil {
		return p.root.Close()
	}
	if p.file != nil {
		return p.file.Close()
	}
	return nil
}

// Names gives the members' names in order.
func (p *Package) Names() []string { return p.names }

// add takes a member in, where its name and size may be.
func (p *Package) add(name string, m member, limits Limits) error {
	if why := checkName(name); why != "" {
		return malformed(printable(name), "%s", why)
	}
	if _, twice := p.members[name]; twice {
		return malformed(name, "the package holds this name twice")
	}
	if int64(len(p.members)) >= limits.Files {
		return malformed("", "the package has more than %d files", limits.Files)
	}
	if m.size < 0 || m.size > limits.File {
		return malformed(name, "it has %d bytes; at most %d are read", m.size, limits.File)
	}
	if p.bytes += m.size; p.bytes > limits.Bytes {
		return malformed("", "the package holds more than %d bytes", limits.Bytes)
	}
	p.members[name] = m
	p.names = append(p.names, name)
	return nil
}

// settle refuses names that some file systems take for one another.
func (p *Package) settle() error {
	slices.Sort(p.names)
	folded := make(map[string]string, len(p.names))
	for _, name := range p.names {
		low := strings.ToLower(name)
		if other, ok := folded[low]; ok {
			return malformed(name, "it differs from %q only by upper and lower case", other)
		}
		folded[low] = name
	}
	for _, name := range p.names {
		for dir := name; strings.Contains(dir, "/"); {
			dir = dir[:strings.LastIndexByte(dir, '/')]
			if other, ok := folded[strings.ToLower(dir)]; ok {
				return malformed(name, "%q is a file and a directory at once", other)
			}
		}
	}
	return nil
}

func openDir(ctx context.Context, path string, limits Limits) (*Package, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	p := &Package{members: map[string]member{}, root: root}
	err = filepath.WalkDir(path, func(at string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return errors.Join(err, ctx.Err())
		}
		rel, err := filepath.Rel(path, at)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		if !d.Type().IsRegular() {
			return malformed(printable(name), "it is a link or a special file")
		}
		st, err := d.Info()
		if err != nil {
			return err
		}
		return p.add(name, member{size: st.Size()}, limits)
	})
	if err == nil {
		err = p.settle()
	}
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return p, nil
}

// OpenZip opens a package that is a zip of that size.
func OpenZip(r io.ReaderAt, size int64, limits Limits) (*Package, error) {
	if err := checkDirectory(r, size, limits); err != nil {
		return nil, err
	}
	z, err := zip.NewReader(r, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) { // names are checked here
		return nil, malformed("", "it is no zip file that can be read: %v", err)
	}
	p := &Package{members: make(map[string]member, len(z.File))}
	for _, f := range z.File {
		switch {
		case !f.Mode().IsRegular():
			return nil, malformed(printable(f.Name), "it is a directory, a link or a special file")
		case f.Flags&1 != 0:
			return nil, malformed(printable(f.Name), "it is encrypted")
		case f.Method != zip.Store && f.Method != zip.Deflate:
			return nil, malformed(printable(f.Name), "it is compressed by method %d; only 0 and 8 are read", f.Method)
		case f.UncompressedSize64 > math.MaxInt64 || f.CompressedSize64 > uint64(size):
			return nil, malformed(printable(f.Name), "its size cannot be")
		case f.Method == zip.Store && f.CompressedSize64 != f.UncompressedSize64:
			return nil, malformed(printable(f.Name), "it is stored with another size than its own")
		case f.UncompressedSize64 > 1<<20 && f.UncompressedSize64/uint64(limits.Ratio) > f.CompressedSize64:
			return nil, malformed(printable(f.Name), "it grows from %d bytes to %d when it is read: a zip bomb", f.CompressedSize64, f.UncompressedSize64)
		}
		if err := p.add(f.Name, member{size: int64(f.UncompressedSize64), zip: f}, limits); err != nil {
			return nil, err
		}
	}
	if p.bytes > 1<<20 && p.bytes/limits.Ratio > size {
		return nil, malformed("", "the package grows from %d bytes to %d when it is read: a zip bomb", size, p.bytes)
	}
	if err := p.settle(); err != nil {
		return nil, err
	}
	return p, checkPlaces(r, z.File, size)
}

// open gives a member's content, which ends with an error where it is longer
// or shorter than its size says.
func (p *Package) open(name string) (io.ReadCloser, error) {
	m, ok := p.members[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	var r io.ReadCloser
	var err error
	if m.zip != nil {
		if r, err = m.zip.Open(); err != nil {
			return nil, malformed(name, "it cannot be read: %v", err)
		}
	} else if r, err = p.root.Open(filepath.FromSlash(name)); err != nil {
		return nil, err
	}
	return &exact{r: r, name: name, left: m.size, zip: m.zip != nil}, nil
}

// exact reads as many bytes as a member has.
type exact struct {
	r    io.ReadCloser
	name string
	left int64
	zip  bool
}

func (e *exact) Read(b []byte) (int, error) {
	n, err := e.r.Read(b)
	e.left -= int64(n)
	switch {
	case e.left < 0:
		return 0, malformed(e.name, "it is longer than the package says")
	case errors.Is(err, io.EOF) && e.left > 0:
		return n, malformed(e.name, "it is shorter than the package says")
	case err != nil && !errors.Is(err, io.EOF) && e.zip:
		return n, malformed(e.name, "it cannot be read: %v", err)
	}
	return n, err
}

func (e *exact) Close() error { return e.r.Close() }

// read gives a whole member of at most limit bytes.
func (p *Package) read(name string, limit int64) ([]byte, error) {
	m, ok := p.members[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	if m.size > limit {
		return nil, malformed(name, "it has %d bytes; at most %d are read", m.size, limit)
	}
	r, err := p.open(name)
	if err != nil {
		return nil, err
	}
	b := make([]byte, m.size)
	if _, err = io.ReadFull(r, b); err == nil {
		_, err = r.Read(make([]byte, 1)) // also checks the zip's own checksum
		if err == nil || errors.Is(err, io.EOF) {
			err = nil
		}
	} else if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = malformed(name, "it is shorter than the package says")
	}
	return b, errors.Join(err, r.Close())
}

// printable gives foreign text as it can be shown: not endless, and without
// what a terminal would obey.
func printable(name string) string {
	if len(name) > maxShown {
		name = strings.ToValidUTF8(name[:maxShown], "?") + "…"
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar || unicode.Is(unicode.Bidi_Control, r) {
			return '?'
		}
		return r
	}, name)
}

type readerWithContext struct {
	ctx context.Context
	r   io.Reader
}

func (r readerWithContext) Read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(b)
}
