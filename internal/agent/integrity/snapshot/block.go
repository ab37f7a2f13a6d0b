package snapshot

import (
	"encoding/binary"
	"errors"
	"math/bits"
	"slices"

	"github.com/attesta/attesta/internal/agent/integrity/attr"
)

// A block: the number of classes (uvarint), the classes, the entries.
//
// A class is what neighbours have in common: length, then mode, uid, gid,
// links, device of the file system, device of a node, inode flags, has,
// reasons (their number, then part and reason of each), extended attributes.
//
// An entry, against the one before it in the block (the first against zeros):
// how (one byte, below), class (uvarint), bytes of the path shared and then
// added (uvarint, uvarint, bytes), inode, size and times (zigzag or uvarint),
// link target (uvarint, bytes), digest.

// How the times of an entry are written.
const (
	ctimeIsMtime  = 1 << iota // nothing is written
	ctimeByMtime              // as a distance from its own time of modification; else from the one before's
	btimeIsMtime              // nothing is written
	btimeByMtime              // as above
	mtimeIsSecond             // whole seconds: the distance is one of seconds
	lastHow
)

// builder makes one block.
type builder struct {
	classes [][]byte // encoded, reused
	entries []byte
	class   []byte
	n       int
	prev    attr.Entry
	path    []byte // of prev
}

func zigzag(v int64) uint64   { return uint64(v<<1) ^ uint64(v>>63) }
func unzigzag(v uint64) int64 { return int64(v>>1) ^ -int64(v&1) }

func width(v int64) int { return bits.Len64(zigzag(v)) }

const second = 1_000_000_000

func (b *builder) add(e *attr.Entry) {
	class := b.classOf(e)
	shared := 0
	for shared < len(e.Path) && shared < len(b.path) && e.Path[shared] == b.path[shared] {
		shared++
	}
	how, mtime := byte(0), e.Mtime-b.prev.Mtime
	if e.Mtime%second == 0 && b.prev.Mtime%second == 0 {
		how, mtime = how|mtimeIsSecond, e.Mtime/second-b.prev.Mtime/second
	}
	pick := func(v, prev int64, is, by byte) (int64, bool) {
		own, other := v-e.Mtime, v-prev
		switch {
		case own == 0:
			how |= is
			return 0, false
		case width(own) < width(other):
			how |= by
			return own, true
		}
		return other, true
	}
	ctime, writeCtime := pick(e.Ctime, b.prev.Ctime, ctimeIsMtime, ctimeByMtime)
	btime, writeBtime := pick(e.Btime, b.prev.Btime, btimeIsMtime, btimeByMtime)

	out := append(b.entries, how)
	out = binary.AppendUvarint(out, uint64(class))
	out = binary.AppendUvarint(out, uint64(shared))
	out = binary.AppendUvarint(out, uint64(len(e.Path)-shared))
	out = append(out, e.Path[shared:]...)
	out = binary.AppendUvarint(out, zigzag(int64(e.Ino-b.prev.Ino)))
	out = binary.AppendUvarint(out, uint64(e.Size))
	out = binary.AppendUvarint(out, zigzag(mtime))
	if writeCtime {
		out = binary.AppendUvarint(out, zigzag(ctime))
	}
	if writeBtime {
		out = binary.AppendUvarint(out, zigzag(btime))
	}
	if e.Has&attr.HasLink != 0 {
		out = binary.AppendUvarint(out, uint64(len(e.Link)))
		out = append(out, e.Link...)
	}
	if e.Has&attr.HasDigest != 0 {
		out = append(out, e.Digest[:]...)
	}
	b.entries = out
	b.path = append(b.path[:0], e.Path...)
	b.prev = *e
	b.n++
}

// classOf gives the number of e's class in this block.
func (b *builder) classOf(e *attr.Entry) int {
	c := b.class[:0]
	for _, v := range []uint64{uint64(e.Mode), uint64(e.UID), uint64(e.GID), uint64(e.Nlink), e.Dev, e.Rdev, uint64(e.Flags), uint64(e.Has)} {
		c = binary.AppendUvarint(c, v)
	}
	n := 0
	for _, why := range e.Why {
		if why != 0 {
			n++
		}
	}
	c = append(c, byte(n))
	for p, why := range e.Why {
		if why != 0 {
			c = binary.AppendUvarint(append(c, byte(p)), uint64(why))
		}
	}
	c = binary.AppendUvarint(c, uint64(len(e.Xattr)))
	c = append(c, e.Xattr...)
	b.class = c
	for i, have := range b.classes {
		if string(have) == string(c) {
			return i
		}
	}
	i := len(b.classes)
	if i < cap(b.classes) {
		b.classes = b.classes[:i+1]
		b.classes[i] = append(b.classes[i][:0], c...)
	} else {
		b.classes = append(b.classes, slices.Clone(c))
	}
	return i
}

// take appends the block to out and begins the next.
func (b *builder) take(out []byte) []byte {
	out = binary.AppendUvarint(out, uint64(len(b.classes)))
	for _, c := range b.classes {
		out = binary.AppendUvarint(out, uint64(len(c)))
		out = append(out, c...)
	}
	out = append(out, b.entries...)
	b.classes, b.entries, b.path, b.n, b.prev = b.classes[:0], b.entries[:0], b.path[:0], 0, attr.Entry{}
	return out
}

var errDamaged = errors.New("it does not hold what its checksum says")

// decoder reads the entries of one block.
type decoder struct {
	classes []attr.Entry
	rest    []byte
	left    int
	e       attr.Entry
	path    []byte
	bad     bool
}

func (d *decoder) uvarint() uint64 {
	if len(d.rest) > 0 && d.rest[0] < 0x80 {
		v := uint64(d.rest[0])
		d.rest = d.rest[1:]
		return v
	}
	v, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.bad = true
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

func (d *decoder) bytes(n uint64) []byte {
	if n > uint64(len(d.rest)) {
		d.bad = true
		return nil
	}
	b := d.rest[:n:n]
	d.rest = d.rest[n:]
	return b
}

// open begins a block of n entries.
func (d *decoder) open(block []byte, n int) error {
	d.rest, d.left, d.bad, d.e, d.path = block, n, false, attr.Entry{}, d.path[:0]
	classes := d.uvarint()
	if classes > Block {
		return errDamaged
	}
	d.classes = d.classes[:0]
	for range classes {
		body := d.bytes(d.uvarint())
		if d.bad {
			return errDamaged
		}
		after := d.rest
		d.rest = body
		var c attr.Entry
		c.Mode, c.UID, c.GID, c.Nlink = uint32(d.uvarint()), uint32(d.uvarint()), uint32(d.uvarint()), uint32(d.uvarint())
		c.Dev, c.Rdev, c.Flags, c.Has = d.uvarint(), d.uvarint(), uint32(d.uvarint()), attr.Has(d.uvarint())
		for range d.uvarint() {
			p, why := d.uvarint(), attr.Reason(d.uvarint())
			if d.bad || p >= attr.Unreadable || why == 0 || !why.Valid() {
				return errDamaged
			}
			c.Why[p] = why
		}
		c.Xattr = d.bytes(d.uvarint())
		if d.bad || len(d.rest) != 0 || attr.CheckList(c.Xattr) != nil {
			return errDamaged
		}
		if len(c.Xattr) == 0 {
			c.Xattr = nil
		}
		d.classes = append(d.classes, c)
		d.rest = after
	}
	return nil
}

// next reads the next entry into d.e. The path is d's own; link and extended
// attributes point into the block.
func (d *decoder) next() error {
	if len(d.rest) == 0 {
		return errDamaged
	}
	how := d.rest[0]
	d.rest = d.rest[1:]
	class, shared, added := d.uvarint(), d.uvarint(), d.uvarint()
	suffix := d.bytes(added)
	if d.bad || how >= lastHow || class >= uint64(len(d.classes)) || shared > uint64(len(d.path)) {
		return errDamaged
	}
	c := &d.classes[class]
	e := &d.e
	e.Mode, e.UID, e.GID, e.Nlink, e.Dev, e.Rdev, e.Flags, e.Has, e.Why, e.Xattr = c.Mode, c.UID, c.GID, c.Nlink, c.Dev, c.Rdev, c.Flags, c.Has, c.Why, c.Xattr
	e.Ino += uint64(unzigzag(d.uvarint()))
	e.Size = int64(d.uvarint())
	mtime := unzigzag(d.uvarint())
	if how&mtimeIsSecond != 0 {
		mtime = (e.Mtime/second+mtime)*second - e.Mtime
	}
	e.Mtime += mtime
	e.Ctime = d.time(how, ctimeIsMtime, ctimeByMtime, e.Ctime)
	e.Btime = d.time(how, btimeIsMtime, btimeByMtime, e.Btime)
	e.Link = nil
	if e.Has&attr.HasLink != 0 {
		e.Link = d.bytes(d.uvarint())
	}
	e.Digest = [32]byte{}
	if e.Has&attr.HasDigest != 0 {
		copy(e.Digest[:], d.bytes(32))
	}
	if d.bad {
		return errDamaged
	}
	d.path = append(d.path[:shared], suffix...)
	e.Path = d.path
	d.left--
	return nil
}

func (d *decoder) time(how, is, by byte, prev int64) int64 {
	switch {
	case how&is != 0:
		return d.e.Mtime
	case how&by != 0:
		return d.e.Mtime + unzigzag(d.uvarint())
	}
	return prev + unzigzag(d.uvarint())
}
