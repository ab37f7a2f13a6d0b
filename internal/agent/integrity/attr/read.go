package attr

import (
	"bytes"
	"context"
	"crypto/sha256"
	"hash"
	"slices"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// chunk is how much is read of a file at once.
const chunk = 128 << 10

// resolveCached is RESOLVE_CACHED of linux/openat2.h.
const resolveCached = 0x20

// tries is how often a file that changes while it is read is read again.
const tries = 3

// Reader reads what takes more than a look at the inode. It belongs to one
// goroutine.
type Reader struct {
	hash  hash.Hash
	chunk []byte
	names []byte   // as listxattr gives them
	list  [][]byte // the same, sorted
	value []byte
	proc  []byte

	// Bytes counts what was hashed.
	Bytes int64
	// Local says that nothing that is read lies on a file system which others
	// answer for: then what is asked of an open file cannot wait for long, and the
	// scheduler is not told of each question, which costs more than the question.
	Local bool

	older bool // the kernel knows no way of asking for what is in memory
	how   unix.OpenHow
	vec   unix.Iovec
}

// NewReader gives a reader with its buffers.
func NewReader() *Reader {
	return &Reader{hash: sha256.New(), chunk: make([]byte, chunk), names: make([]byte, 1024), value: make([]byte, 1024)}
}

// Stat fills e with what a look at the inode gives. name ends with a NUL; an
// empty one means dirfd itself. Whether another file system begins here is
// known only from Linux 5.8 on.
func Stat(dirfd int, name []byte, e *Entry) (mount Mount, err error) {
	return stat(dirfd, name, e, false)
}

// stat is Stat; at once is for what cannot wait, see Reader.Local.
func stat(dirfd int, name []byte, e *Entry, atOnce bool) (mount Mount, err error) {
	var st unix.Statx_t
	flags := unix.AT_SYMLINK_NOFOLLOW | unix.AT_NO_AUTOMOUNT
	if name[0] == 0 {
		flags |= unix.AT_EMPTY_PATH
	}
	for {
		var no syscall.Errno
		if atOnce {
			_, _, no = unix.RawSyscall6(unix.SYS_STATX, uintptr(dirfd), uintptr(unsafe.Pointer(&name[0])), uintptr(flags),
				unix.STATX_BASIC_STATS|unix.STATX_BTIME, uintptr(unsafe.Pointer(&st)), 0)
		} else {
			_, _, no = unix.Syscall6(unix.SYS_STATX, uintptr(dirfd), uintptr(unsafe.Pointer(&name[0])), uintptr(flags),
				unix.STATX_BASIC_STATS|unix.STATX_BTIME, uintptr(unsafe.Pointer(&st)), 0)
		}
		if no == unix.EINTR {
			continue
		}
		if no != 0 {
			return MountUnknown, no
		}
		break
	}
	e.Dev, e.Rdev = unix.Mkdev(st.Dev_major, st.Dev_minor), unix.Mkdev(st.Rdev_major, st.Rdev_minor)
	e.Ino, e.Size, e.Mode, e.UID, e.GID, e.Nlink = st.Ino, int64(st.Size), uint32(st.Mode), st.Uid, st.Gid, st.Nlink
	e.Mtime, e.Why[PartMtime] = nanoseconds(st.Mtime)
	e.Ctime, e.Why[PartCtime] = nanoseconds(st.Ctime)
	e.Has &^= HasBtime
	if e.Btime, e.Why[PartBtime] = 0, Reason(unix.EOPNOTSUPP); st.Mask&unix.STATX_BTIME != 0 {
		if e.Btime, e.Why[PartBtime] = nanoseconds(st.Btime); e.Why[PartBtime] == 0 {
			e.Has |= HasBtime
		}
	}
	switch {
	case st.Attributes_mask&unix.STATX_ATTR_MOUNT_ROOT == 0:
		return MountUnknown, nil
	case st.Attributes&unix.STATX_ATTR_MOUNT_ROOT != 0:
		return MountRoot, nil
	}
	return MountInside, nil
}

// Mount is how an entry stands to the file systems that are mounted.
type Mount uint8

// The ways.
const (
	MountUnknown Mount = iota
	MountInside
	MountRoot // another file system, or a part of one, begins here
)

// nanoseconds since 1970, where 64 bits hold them.
func nanoseconds(t unix.StatxTimestamp) (int64, Reason) {
	const most = 9_223_372_035
	if t.Sec > most || t.Sec < -most {
		return 0, OutOfRange
	}
	return t.Sec*1_000_000_000 + int64(t.Nsec), 0
}

// Read completes e, of which Stat was asked: content digest, extended
// attributes, inode flags, link target, as its type has them. dirfd and name
// (which ends with a NUL) say where it is; digest is false where content is not
// to be read, for the reason in e. What the entry holds afterwards points into
// *buf, which grows. gone reports that nothing is there any more.
func (r *Reader) Read(ctx context.Context, dirfd int, name []byte, e *Entry, buf *[]byte, digest bool) (gone bool, err error) {
	switch e.Type() {
	case unix.S_IFREG:
		return r.regular(ctx, dirfd, name, e, buf, digest)
	case unix.S_IFDIR:
		fd, no := open(dirfd, name, unix.O_DIRECTORY)
		if no != 0 {
			e.Why[PartFlags] = Reason(no)
			r.xattrsAt(dirfd, name, e, buf)
			return false, nil // what lies below it may have been read: it is kept, and what is missing said
		}
		r.flags(fd, e)
		r.xattrs(fd, e, buf)
		return false, unix.Close(fd)
	case unix.S_IFLNK:
		if gone := r.link(dirfd, name, e, buf); gone {
			return true, nil
		}
	}
	r.xattrsAt(dirfd, name, e, buf)
	return e.Why[PartXattr] == Reason(unix.ENOENT), nil
}

func open(dirfd int, name []byte, flags int) (int, syscall.Errno) {
	flags |= unix.O_RDONLY | unix.O_NOFOLLOW | unix.O_CLOEXEC | unix.O_NONBLOCK | unix.O_NOATIME
	for {
		fd, _, no := unix.Syscall6(unix.SYS_OPENAT, uintptr(dirfd), uintptr(unsafe.Pointer(&name[0])), uintptr(flags), 0, 0, 0)
		switch {
		case no == 0:
			return int(fd), 0
		case no == unix.EINTR:
		case no == unix.EPERM && flags&unix.O_NOATIME != 0: // for the owner and root
			flags &^= unix.O_NOATIME
		default:
			return -1, no
		}
	}
}

// Open opens a directory to list it; it is never reached over a link.
func Open(dirfd int, name []byte) (int, error) {
	fd, no := open(dirfd, name, unix.O_DIRECTORY)
	if no != 0 {
		return -1, no
	}
	return fd, nil
}

func (r *Reader) regular(ctx context.Context, dirfd int, name []byte, e *Entry, buf *[]byte, digest bool) (gone bool, err error) {
	fd, no := r.open(dirfd, name)
	switch {
	case no == unix.ENOENT:
		return true, nil
	case no != 0:
		if digest {
			e.Why[PartDigest] = Reason(no)
		}
		e.Why[PartFlags] = Reason(no)
		r.xattrsAt(dirfd, name, e, buf)
		return false, nil
	}
	return false, r.opened(ctx, fd, e, buf, digest)
}

// ReadUnseen is Read for what a listing said is a file and nobody has looked at:
// it is looked at when it is open. What turns out to be another thing is read as
// that.
func (r *Reader) ReadUnseen(ctx context.Context, dirfd int, name []byte, e *Entry, buf *[]byte) (gone bool, err error) {
	fd, no := r.open(dirfd, name)
	switch {
	case no == unix.ENOENT:
		return true, nil
	case no == 0:
		if _, err := stat(fd, []byte{0}, e, r.Local); err == nil && e.Regular() {
			return false, r.opened(ctx, fd, e, buf, true)
		}
		if err := r.close(fd); err != nil {
			return false, err
		}
	}
	*e = Entry{Path: e.Path}
	if _, err := Stat(dirfd, name, e); err == unix.ENOENT {
		return true, nil
	} else if err != nil {
		e.Unseen(ReasonOf(err))
		return false, nil
	}
	if e.IsDir() {
		e.Why[PartEntries] = NotLooked // it came in place of the file
	}
	return r.Read(ctx, dirfd, name, e, buf, true)
}

// opened reads a file that is open, and closes it.
func (r *Reader) opened(ctx context.Context, fd int, e *Entry, buf *[]byte, digest bool) (err error) {
	defer func() {
		if cerr := r.close(fd); err == nil && cerr != nil {
			err = cerr
		}
	}()
	before := *e
	for try := 1; ; try++ {
		if !digest {
			r.flags(fd, e)
			r.xattrs(fd, e, buf)
			return nil
		}
		why, err := r.content(ctx, fd, e)
		if err != nil {
			return err
		}
		r.flags(fd, e)
		r.xattrs(fd, e, buf)
		if _, serr := stat(fd, []byte{0}, e, r.Local); serr != nil {
			why = ReasonOf(serr)
		}
		if e.Type() != unix.S_IFREG { // somebody put another thing in its place before it was opened
			e.Has &^= HasDigest | HasFlags
			e.Why[PartDigest], e.Why[PartFlags] = 0, 0
			return nil
		}
		if why != 0 {
			e.Has &^= HasDigest
			e.Why[PartDigest] = why
			return nil
		}
		// Equal before and after: the digest is of what the attributes say.
		if e.Size == before.Size && e.Mtime == before.Mtime && e.Ctime == before.Ctime && e.Ino == before.Ino && e.Dev == before.Dev {
			return nil
		}
		if try == tries {
			e.Has &^= HasDigest
			e.Why[PartDigest] = Unstable
			return nil
		}
		before = *e
		if _, serr := unix.Seek(fd, 0, 0); serr != nil {
			return serr
		}
	}
}

// open opens a file: at once where all that leads to it is in memory, as is the
// rule when the walk has just looked at it.
func (r *Reader) open(dirfd int, name []byte) (int, syscall.Errno) {
	if !r.Local || r.older {
		return open(dirfd, name, 0)
	}
	r.how = unix.OpenHow{Flags: unix.O_RDONLY | unix.O_NOFOLLOW | unix.O_CLOEXEC | unix.O_NONBLOCK | unix.O_NOATIME, Resolve: resolveCached}
	fd, _, no := unix.RawSyscall6(unix.SYS_OPENAT2, uintptr(dirfd), uintptr(unsafe.Pointer(&name[0])), uintptr(unsafe.Pointer(&r.how)), unsafe.Sizeof(r.how), 0, 0)
	switch no {
	case 0:
		return int(fd), 0
	case unix.ENOSYS, unix.EINVAL, unix.E2BIG:
		r.older = true
	}
	return open(dirfd, name, 0) // it says what the matter is
}

// some reads the next bytes of a file: at once what is in memory, and waits for
// the rest.
func (r *Reader) some(fd int) (uintptr, syscall.Errno) {
	if r.Local && !r.older {
		r.vec.Base = &r.chunk[0]
		r.vec.SetLen(len(r.chunk))
		n, _, no := unix.RawSyscall6(unix.SYS_PREADV2, uintptr(fd), uintptr(unsafe.Pointer(&r.vec)), 1, ^uintptr(0), ^uintptr(0), unix.RWF_NOWAIT)
		if no == 0 && n > 0 {
			return n, 0
		}
	}
	n, _, no := unix.Syscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&r.chunk[0])), uintptr(len(r.chunk)))
	return n, no
}

func (r *Reader) close(fd int) error {
	if r.Local {
		if _, _, no := unix.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0); no != 0 {
			return no
		}
		return nil
	}
	return unix.Close(fd)
}

// content hashes what fd gives, a chunk at a time.
func (r *Reader) content(ctx context.Context, fd int, e *Entry) (Reason, error) {
	r.hash.Reset()
	total := int64(0)
	for {
		n, no := r.some(fd)
		if no == unix.EINTR {
			continue
		}
		if no != 0 {
			return Reason(no), nil
		}
		if n == 0 {
			break
		}
		r.hash.Write(r.chunk[:n])
		if total += int64(n); total == e.Size {
			break // whether it has grown the second look tells
		}
		if int(n) == len(r.chunk) && ctx.Err() != nil {
			return 0, ctx.Err()
		}
	}
	r.Bytes += total
	r.hash.Sum(e.Digest[:0])
	e.Has |= HasDigest
	e.Why[PartDigest] = 0
	return 0, nil
}

func (r *Reader) flags(fd int, e *Entry) {
	var v uint32
	var no syscall.Errno
	if r.Local {
		_, _, no = unix.RawSyscall(unix.SYS_IOCTL, uintptr(fd), unix.FS_IOC_GETFLAGS, uintptr(unsafe.Pointer(&v)))
	} else {
		_, _, no = unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.FS_IOC_GETFLAGS, uintptr(unsafe.Pointer(&v)))
	}
	if no != 0 {
		e.Has, e.Flags, e.Why[PartFlags] = e.Has&^HasFlags, 0, Reason(no)
		return
	}
	e.Has, e.Flags, e.Why[PartFlags] = e.Has|HasFlags, v&^itsOwn, 0
}

func (r *Reader) link(dirfd int, name []byte, e *Entry, buf *[]byte) (gone bool) {
	for size := 256; ; size *= 4 {
		if len(r.value) < size {
			r.value = make([]byte, size)
		}
		n, _, no := unix.Syscall6(unix.SYS_READLINKAT, uintptr(dirfd), uintptr(unsafe.Pointer(&name[0])),
			uintptr(unsafe.Pointer(&r.value[0])), uintptr(len(r.value)), 0, 0)
		if no != 0 {
			e.Why[PartLink] = Reason(no)
			return no == unix.ENOENT
		}
		if int(n) < len(r.value) {
			e.Link = keep(buf, r.value[:n])
			e.Has |= HasLink
			return false
		}
	}
}

// keep appends b to *buf and gives the copy.
func keep(buf *[]byte, b []byte) []byte {
	start := len(*buf)
	*buf = append(*buf, b...)
	return (*buf)[start:len(*buf):len(*buf)]
}

// target is where the calls for extended attributes look: an open file, or a
// name below an open directory, which is reached over /proc because those
// calls take no directory.
func (r *Reader) target(dirfd int, name []byte) *byte {
	if dirfd == unix.AT_FDCWD {
		return &name[0]
	}
	r.proc = append(r.proc[:0], "/proc/self/fd/"...)
	r.proc = strconv.AppendInt(r.proc, int64(dirfd), 10)
	r.proc = append(r.proc, '/')
	r.proc = append(r.proc, name...)
	return &r.proc[0]
}

func (r *Reader) xattrs(fd int, e *Entry, buf *[]byte) {
	r.read(e, buf, unix.SYS_FLISTXATTR, unix.SYS_FGETXATTR, uintptr(fd))
}

func (r *Reader) xattrsAt(dirfd int, name []byte, e *Entry, buf *[]byte) {
	p := r.target(dirfd, name)
	r.read(e, buf, unix.SYS_LLISTXATTR, unix.SYS_LGETXATTR, uintptr(unsafe.Pointer(p)))
}

// read lists the names and reads each value; both may grow in between.
func (r *Reader) read(e *Entry, buf *[]byte, listCall, getCall, on uintptr) {
	e.Xattr, e.Has, e.Why[PartXattr] = nil, e.Has&^HasXattr, 0
	n, no := grown(&r.names, func(b []byte) (uintptr, syscall.Errno) {
		if r.Local && listCall == unix.SYS_FLISTXATTR {
			n, _, no := unix.RawSyscall(listCall, on, uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
			return n, no
		}
		n, _, no := unix.Syscall(listCall, on, uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
		return n, no
	})
	if no != 0 {
		e.Why[PartXattr] = Reason(no)
		return
	}
	e.Has |= HasXattr
	if n == 0 {
		return
	}
	r.list = r.list[:0]
	for name := range bytes.SplitSeq(bytes.TrimSuffix(r.names[:n], []byte{0}), []byte{0}) {
		r.list = append(r.list, name) // in r.names, where a NUL follows it
	}
	slices.SortFunc(r.list, bytes.Compare)
	start := len(*buf)
	for _, name := range r.list {
		n, no := grown(&r.value, func(b []byte) (uintptr, syscall.Errno) {
			n, _, no := unix.Syscall6(getCall, on, uintptr(unsafe.Pointer(&name[0])), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), 0, 0)
			return n, no
		})
		switch {
		case no == unix.ENODATA: // removed since it was listed
		case no != 0:
			*buf = appendXattr(*buf, name, failed, []byte{byte(no), byte(no >> 8)})
		default:
			*buf = appendValue(*buf, name, r.value[:n])
		}
	}
	e.Xattr = (*buf)[start:len(*buf):len(*buf)]
}

// grown repeats a call with a larger buffer until what it gives fits.
func grown(buf *[]byte, call func([]byte) (uintptr, syscall.Errno)) (int, syscall.Errno) {
	for {
		n, no := call(*buf)
		switch {
		case no == unix.ERANGE && len(*buf) < 1<<17:
			*buf = make([]byte, 4*len(*buf))
		case no == unix.EINTR:
		default:
			return int(n), no
		}
	}
}
