package walk

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/attesta/attesta/internal/agent/integrity/attr"
)

// frame is a directory on the way down.
type frame struct {
	dir      *dir // nil while it is closed, to keep few open
	dev, ino uint64
	path     int // length of its path
	first    int // where its names begin in the list
	next     int
	mark     mark
	network  bool
	far      bool
}

// enter opens and lists the directory in w.e, gives it, and makes it the
// innermost frame. at is the descriptor from which w.name leads to it.
func (w *Walk) enter(at int, network bool) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	f := frame{dev: w.e.Dev, ino: w.e.Ino, path: len(w.path), first: len(w.list.refs), mark: w.list.mark(), network: network, far: w.far}
	f.next = f.first
	if len(w.path) == 1 {
		f.path = 0 // "/" and a name make "/name"
	}
	fd, err := attr.Open(at, w.name)
	if err == nil {
		f.dir = &dir{fd: fd}
		f.dir.refs.Add(1)
		err = w.names(fd)
	}
	if errors.Is(err, unix.ENOENT) && len(w.frames) > 0 {
		w.counts.Vanished++
		w.leave(&f)
		return nil
	}
	if err != nil {
		w.e.Why[attr.PartEntries] = attr.ReasonOf(err)
		w.leave(&f)
		return w.look()
	}
	if err := w.look(); err != nil {
		w.leave(&f)
		return err
	}
	w.sorted(&f)
	w.frames = append(w.frames, f)
	if n := len(w.frames) - openFrames - 1; n >= 0 && w.frames[n].dir != nil {
		w.frames[n].dir.release()
		w.frames[n].dir = nil
	}
	return nil
}

func (w *Walk) leave(f *frame) {
	if f.dir != nil {
		f.dir.release()
	}
	w.list.refs = w.list.refs[:f.first]
	w.list.back(f.mark)
}

// names lists the directory that fd has open.
func (w *Walk) names(fd int) error {
	for {
		n, err := unix.Getdents(fd, w.dents)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil || n == 0 {
			return err
		}
		// struct linux_dirent64: inode, offset, length of the record, type, name with NUL.
		for b := w.dents[:n]; len(b) > 19; {
			size := int(binary.NativeEndian.Uint16(b[16:]))
			if size < 20 || size > len(b) {
				return unix.EIO
			}
			kind, name := b[18], b[19:size]
			if end := bytes.IndexByte(name, 0); end >= 0 {
				name = name[:end]
			}
			b = b[size:]
			if len(name) > 0 && !(name[0] == '.' && (len(name) == 1 || len(name) == 2 && name[1] == '.')) {
				w.list.add(name, kind)
			}
		}
	}
}

// step looks at the next entry of the innermost directory, or leaves it.
func (w *Walk) step() error {
	top := len(w.frames) - 1
	f := &w.frames[top]
	if f.next == len(w.list.refs) {
		w.leave(f)
		w.frames = w.frames[:top]
		return nil
	}
	kind := byte(0)
	w.name, kind = w.list.get(w.list.refs[f.next])
	f.next++
	w.path = append(w.path[:f.path], '/')
	w.path = append(w.path, w.name[:len(w.name)-1]...)
	if w.opts.Exclude != nil && w.opts.Exclude(w.path) {
		return nil
	}
	w.e, w.far = attr.Entry{Path: w.path}, f.far
	if w.opts.Far != nil && !w.named[string(w.path)] && w.opts.Far(string(w.path)) {
		w.e.Unseen(attr.Network)
		return w.look()
	}
	if f.dir == nil {
		if err := w.reopen(top); err != nil {
			w.e.Unseen(attr.ReasonOf(err))
			return w.look()
		}
	}
	w.entry = f.dir
	if w.opts.Unseen && kind == unix.DT_REG && !f.network {
		w.e.Mode, w.unseen = unix.S_IFREG, true
		err := w.look()
		w.unseen = false
		return err
	}
	mount, err := attr.Stat(f.dir.fd, w.name, &w.e)
	switch {
	case errors.Is(err, unix.ENOENT):
		w.counts.Vanished++
		return nil
	case err != nil:
		w.e.Unseen(attr.ReasonOf(err))
		return w.look()
	case !w.e.IsDir():
		if f.network && w.e.Regular() {
			w.e.Why[attr.PartDigest] = attr.Network
		}
		return w.look()
	case w.opts.Shallow:
		w.e.Why[attr.PartEntries] = attr.NotLooked
		return w.look()
	}
	network := f.network
	if mount == attr.MountRoot || mount == attr.MountUnknown && w.e.Dev != f.dev {
		why, remote := w.cross(f.dir.fd)
		if why != 0 {
			w.e.Why[attr.PartEntries] = why
			return w.look()
		}
		network = remote
		w.far = remote
	}
	return w.enter(f.dir.fd, network)
}

// cross decides about another file system that begins at w.name below at.
func (w *Walk) cross(at int) (why attr.Reason, network bool) {
	named := w.named[string(w.path)]
	if !named && !w.opts.Cross {
		return attr.MountPoint, false
	}
	fd, err := attr.Open(at, w.name)
	if err != nil {
		return attr.ReasonOf(err), false
	}
	defer unix.Close(fd)
	var fs unix.Statfs_t
	if err := unix.Fstatfs(fd, &fs); err != nil {
		return attr.ReasonOf(err), false
	}
	switch w.kindOf(int64(fs.Type)) {
	case made:
		return attr.KernelMade, false
	case remote:
		if !named && !w.opts.Network {
			return attr.Network, false
		}
		return 0, !w.opts.Network
	}
	return 0, false
}

// reopen opens a directory that was closed on the way down, from its root
// along the frames, and makes sure that it is the same.
func (w *Walk) reopen(top int) error {
	at, fd := unix.AT_FDCWD, -1
	for i := 0; i <= top; i++ {
		f := &w.frames[i]
		from := 0
		if i > 0 {
			from = w.frames[i-1].path + 1
		}
		name := "/"
		if f.path > 0 {
			name = string(w.path[from:f.path])
		}
		next, err := attr.Open(at, append([]byte(name), 0))
		if fd >= 0 {
			_ = unix.Close(fd) // open for reading only
		}
		if err != nil {
			return err
		}
		at, fd = next, next
	}
	var e attr.Entry
	if _, err := attr.Stat(fd, []byte{0}, &e); err != nil || e.Ino != w.frames[top].ino || e.Dev != w.frames[top].dev {
		_ = unix.Close(fd)
		return unix.ESTALE
	}
	w.frames[top].dir = &dir{fd: fd}
	w.frames[top].dir.refs.Add(1)
	return nil
}

// names holds the listings of the directories on the way down, one after
// another, in pieces that are used again.
type names struct {
	pieces [][]byte
	piece  int
	at     int
	refs   []uint32 // piece and offset of each name
}

type mark struct{ piece, at int }

const pieceSize = 64 << 10

func (l *names) mark() mark  { return mark{l.piece, l.at} }
func (l *names) back(m mark) { l.piece, l.at = m.piece, m.at }

// add keeps a name: length in two bytes, its type, the name, a NUL.
func (l *names) add(name []byte, kind byte) {
	if len(l.pieces) > 0 && l.at+len(name)+4 > pieceSize {
		l.piece, l.at = l.piece+1, 0
	}
	if l.piece == len(l.pieces) {
		l.pieces = append(l.pieces, make([]byte, pieceSize))
	}
	p := l.pieces[l.piece]
	binary.NativeEndian.PutUint16(p[l.at:], uint16(len(name)))
	p[l.at+2] = kind
	copy(p[l.at+3:], name)
	p[l.at+3+len(name)] = 0
	l.refs = append(l.refs, uint32(l.piece)<<16|uint32(l.at))
	l.at += len(name) + 4
}

// get gives a name with its NUL, and what the listing says it is.
func (l *names) get(ref uint32) (name []byte, kind byte) {
	b := l.pieces[ref>>16][ref&0xffff:]
	n := int(binary.NativeEndian.Uint16(b))
	return b[3 : n+4 : n+4], b[2]
}

func (l *names) compare(a, b uint32) int {
	x, _ := l.get(a)
	y, _ := l.get(b)
	return bytes.Compare(x[:len(x)-1], y[:len(y)-1])
}

// The kinds of file systems.
type fsKind uint8

const (
	local fsKind = iota
	remote
	made // by the kernel
)

// kindOf is about the file system of the entry that is looked at. What the host
// itself runs from is its own, whatever carries it.
func (w *Walk) kindOf(magic int64) fsKind {
	kind := kindOf(magic)
	if kind == remote && w.e.Dev == w.host {
		return local
	}
	return kind
}

// kindOf tells by the magic numbers of statfs(2) and linux/magic.h. FUSE counts
// as remote: who answers there is not known.
func kindOf(magic int64) fsKind {
	magic &= 0xffff_ffff
	if slices.Contains([]int64{0x6969, 0x517b, 0xfe534d42, 0xff534d42, 0x65735546, 0x01021997, 0x00c36400, 0x5346414f, 0x6b414653, 0x73757245,
		0x564c, 0x0bd00bd0, 0x19830326}, magic) {
		return remote
	}
	if slices.Contains([]int64{0x9fa0, 0x62656572, 0x27e0eb, 0x63677270, 0x64626720, 0x74726163, 0x73636673, 0x1cd1, 0xcafe4a11, 0x6165676c,
		0xde5e81e4, 0x19800202, 0x42494e4d, 0x62656570, 0xf97cff8c, 0x65735543, 0x6e736673, 0x958458f6, 0x0187, 0x67596969}, magic) {
		return made
	}
	return local
}
