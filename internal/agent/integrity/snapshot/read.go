package snapshot

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"runtime/debug"
	"sort"

	"golang.org/x/sys/unix"

	"github.com/attesta/attesta/internal/agent/integrity/attr"
	"github.com/attesta/attesta/internal/agent/integrity/merkle"
	"github.com/attesta/attesta/internal/base/fault"
)

// Snapshot is an open snapshot: a mapping of its file. Several goroutines may
// each have a cursor over it.
type Snapshot struct {
	Options Options
	name    string
	data    []byte
	index   []byte // a copy: 16 bytes for 64 entries
	foot    footer
	mapped  bool
}

// Open maps a snapshot. Ends, header, index and bounds are checked here, each
// block when it is read; Verify checks the whole.
func Open(path string) (*Snapshot, error) {
	f, err := os.Open(path)
	if err != nil {
		kind := fault.Unavailable
		if errors.Is(err, fs.ErrNotExist) {
			kind = fault.NotFound
		}
		return nil, fault.Wrap(kind, err, "there is no snapshot at %s", path).WithHint("make one with 'attesta-agent integrity baseline PATH... --db %s'", path)
	}
	defer f.Close() // the mapping stays
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() {
		return nil, fault.New(fault.Invalid, "%s is no file", path)
	}
	s := &Snapshot{name: path}
	if st.Size() < headerSize+footerSize {
		return nil, s.refuse("it has %d bytes, and no snapshot is that short", st.Size())
	}
	data, err := unix.Mmap(int(f.Fd()), 0, int(st.Size()), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "%s cannot be mapped", path)
	}
	s.data, s.mapped = data, true
	var failed error
	if err := s.guarded(0, func() { failed = s.parse() }); err != nil {
		failed = err
	}
	if failed != nil {
		return nil, errors.Join(failed, s.Close())
	}
	return s, nil
}

// Parse reads a snapshot that lies in memory.
func Parse(name string, data []byte) (*Snapshot, error) {
	s := &Snapshot{name: name, data: data}
	return s, s.parse()
}

func (s *Snapshot) refuse(format string, args ...any) error {
	return fault.New(fault.Invalid, format, args...).At(s.name, 0, "").
		WithHint("it is damaged or no snapshot: take the copy that you keep elsewhere, or make a new baseline and have it approved")
}

func (s *Snapshot) damage(what string, at uint64, cause error) error {
	f := fault.Wrap(fault.Invalid, cause, "the %s at offset %d is damaged", what, at).At(s.name, 0, "")
	return f.WithHint("take the copy that you keep elsewhere, or make a new baseline and have it approved")
}

func (s *Snapshot) parse() error {
	d := s.data
	if len(d) < headerSize+footerSize {
		return s.refuse("it has %d bytes, and no snapshot is that short", len(d))
	}
	if string(d[:8]) != magic {
		return s.refuse("it does not begin as a snapshot does")
	}
	if v := binary.LittleEndian.Uint32(d[8:]); v != Version {
		return s.refuse("it is of version %d of the format; this program reads version %d", v, Version)
	}
	if crc32.Checksum(d[:headerSize-4], castagnoli) != binary.LittleEndian.Uint32(d[headerSize-4:]) {
		return s.damage("header", 0, errDamaged)
	}
	if !s.foot.decode(d[len(d)-footerSize:]) {
		return s.refuse("its end is missing or damaged (offset %d): it was cut short or written over", len(d)-footerSize)
	}
	end := uint64(len(d) - footerSize)
	options := uint64(binary.LittleEndian.Uint32(d[12:]))
	first := headerSize + options
	f := &s.foot
	if first > f.texts || f.texts > f.index || f.index > end || f.blocks > end/indexSize || f.index+f.blocks*indexSize != end {
		return s.refuse("its parts do not fit its length of %d bytes: bytes are missing or were added", len(d))
	}
	if want := (f.Entries + Block - 1) / Block; f.Entries > 1<<48 || want != f.blocks {
		return s.damage("footer", end, errDamaged)
	}
	text := d[headerSize:first]
	if crc32.Checksum(text, castagnoli) != binary.LittleEndian.Uint32(d[16:]) {
		return s.damage("options", headerSize, errDamaged)
	}
	if err := json.Unmarshal(text, &s.Options); err != nil {
		return s.damage("options", headerSize, err)
	}
	s.index = bytes.Clone(d[f.index:end])
	at := first
	for i := range f.blocks {
		offset, size, _ := s.indexed(i)
		if offset != at || size == 0 {
			return s.damage("index", f.index+i*indexSize, errDamaged)
		}
		at += uint64(size)
	}
	if at != f.texts {
		return s.damage("index", f.index, errDamaged)
	}
	return nil
}

func (s *Snapshot) indexed(i uint64) (offset uint64, size, sum uint32) {
	b := s.index[i*indexSize:]
	return binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint32(b[8:]), binary.LittleEndian.Uint32(b[12:])
}

// Verify holds the whole file against its digest. Where that differs it names
// the first damaged block, if one is.
func (s *Snapshot) Verify() error {
	end := len(s.data) - footerSize
	holds := false
	if err := s.guarded(0, func() { holds = sha256.Sum256(s.data[:end]) == s.foot.digest }); err != nil || holds {
		return err
	}
	var block []byte
	for i := range s.foot.blocks {
		var err error
		if block, err = s.block(i, block); err != nil {
			return err
		}
	}
	return s.damage("file from its beginning", 0, errors.New("its digest is not the one at its end"))
}

// Close ends the mapping; no entry of it may be used afterwards.
func (s *Snapshot) Close() error {
	if !s.mapped {
		return nil
	}
	s.mapped = false
	data := s.data
	s.data = nil
	return unix.Munmap(data)
}

// Counts are of the whole snapshot.
func (s *Snapshot) Counts() Counts { return s.foot.Counts }

// Root is the Merkle root over all entries.
func (s *Snapshot) Root() merkle.Hash { return s.foot.root }

// Size is of the file in bytes.
func (s *Snapshot) Size() int { return len(s.data) }

// block copies block i to buf and checks it there, so that what is read is what
// was checked.
func (s *Snapshot) block(i uint64, buf []byte) ([]byte, error) {
	offset, size, sum := s.indexed(i)
	if err := s.guarded(offset, func() { buf = append(buf[:0], s.data[offset:offset+uint64(size)]...) }); err != nil {
		return nil, err
	}
	if crc32.Checksum(buf, castagnoli) != sum {
		return nil, s.damage("block", offset, errDamaged)
	}
	return buf, nil
}

// guarded runs f, which reads the mapping at an offset. Where the file was cut
// short, or its disk fails, the processor faults: that is an error here, not
// the end of the program.
func (s *Snapshot) guarded(at uint64, f func()) (err error) {
	before := debug.SetPanicOnFault(true)
	defer func() {
		debug.SetPanicOnFault(before)
		switch r := recover().(type) {
		case nil:
		case interface{ Addr() uintptr }: // a fault
			err = s.damage("file", at, fmt.Errorf("it cannot be read any more: %v", r))
		default:
			panic(r)
		}
	}()
	f()
	return nil
}

// entriesOf is how many entries block i has.
func (s *Snapshot) entriesOf(i uint64) int {
	if i == s.foot.blocks-1 {
		if n := s.foot.Entries % Block; n != 0 {
			return int(n)
		}
	}
	return Block
}

// Cursor reads entries in order.
type Cursor struct {
	s    *Snapshot
	d    decoder
	i    uint64 // the next block
	at   uint64 // offset of the block that is read
	buf  []byte // that block
	last []byte // the path before
}

// Cursor gives one before the first entry.
func (s *Snapshot) Cursor() *Cursor { return &Cursor{s: s} }

// Next gives the next entry, or io.EOF. The entry is the cursor's and holds
// until the next call.
func (c *Cursor) Next() (*attr.Entry, error) {
	c.last = append(c.last[:0], c.d.path...)
	first := len(c.last) == 0
	if c.d.left == 0 {
		if c.i > 0 && len(c.d.rest) != 0 {
			return nil, c.s.damage("block", c.at, errDamaged)
		}
		if c.i == c.s.foot.blocks {
			return nil, io.EOF
		}
		if err := c.load(c.i); err != nil {
			return nil, err
		}
		c.i++
	}
	if err := c.d.next(); err != nil {
		return nil, c.s.damage("block", c.at, err)
	}
	if len(c.d.path) == 0 || c.d.path[0] != '/' || bytes.IndexByte(c.d.path, 0) >= 0 || !first && Compare(c.last, c.d.path) >= 0 {
		return nil, c.s.damage("block", c.at, errDamaged)
	}
	return &c.d.e, nil
}

func (c *Cursor) load(i uint64) error {
	b, err := c.s.block(i, c.buf)
	if err != nil {
		return err
	}
	c.buf = b
	c.at, _, _ = c.s.indexed(i)
	if err := c.d.open(b, c.s.entriesOf(i)); err != nil {
		return c.s.damage("block", c.at, err)
	}
	return nil
}

// Seek puts the cursor before the first entry that is not before path.
func (c *Cursor) Seek(path []byte) error {
	var failed error
	// The first block whose first entry is after path; what is sought may begin in the one before it.
	i := sort.Search(int(c.s.foot.blocks), func(i int) bool {
		if failed != nil {
			return true
		}
		if failed = c.load(uint64(i)); failed == nil {
			failed = c.d.next()
		}
		return failed == nil && Compare(c.d.path, path) > 0
	})
	if failed != nil {
		return failed
	}
	c.d = decoder{classes: c.d.classes[:0], path: c.d.path[:0]}
	c.i = uint64(max(i-1, 0))
	for {
		before := *c
		before.d.path = append([]byte(nil), c.d.path...)
		e, err := c.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if Compare(e.Path, path) >= 0 {
			*c = before
			return nil
		}
	}
}
