package kernel

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	fanBase = unix.FAN_CREATE | unix.FAN_DELETE | unix.FAN_MODIFY | unix.FAN_CLOSE_WRITE | unix.FAN_ATTRIB | unix.FAN_ONDIR
	// FAN_RENAME tells both names at once, from Linux 5.17 on.
	fanMoves = unix.FAN_MOVED_FROM | unix.FAN_MOVED_TO

	maxDirs = 1 << 16 // directories whose paths are remembered
)

// Fanotify watches whole file systems and keeps what lies in its places.
type Fanotify struct {
	file   *os.File
	fd     int
	rename bool
	pidfd  bool
	target bool
	holder Holder
	// Seen is told who did something, at once and in the reader's goroutine;
	// pidfd is closed when it returns.
	Seen func(pid, pidfd int32, at time.Time)
	// Pauses is set where nothing is lost when events wait a little: Seen need not see
	// a process while it runs.
	Pauses bool

	mu     sync.Mutex
	places []fanPlace
	roots  []string
	failed error               // a right was lost
	dirs   map[Handle][]string // paths of directories by handle, none for one that does not concern us
}

// fanPlace is a place as it is reached.
type fanPlace struct {
	root  string
	at    string // a directory on the same mount
	fs    uint64
	mount int
}

// OpenFanotify marks the file systems of the places. The error says what is in
// the way.
func OpenFanotify(places []Place, holder Holder) (*Fanotify, error) {
	f := &Fanotify{holder: holder, fd: -1, dirs: map[Handle][]string{}}
	const base = unix.FAN_CLOEXEC | unix.FAN_NONBLOCK | unix.FAN_CLASS_NOTIF
	var err error
	for _, try := range []struct {
		flags         uint
		target, pidfd bool
	}{
		{unix.FAN_REPORT_DFID_NAME_TARGET | unix.FAN_REPORT_PIDFD, true, true}, // 5.17
		{unix.FAN_REPORT_DFID_NAME | unix.FAN_REPORT_PIDFD, false, true},       // 5.15
		{unix.FAN_REPORT_DFID_NAME, false, false},                              // 5.9
	} {
		if f.fd, err = unix.FanotifyInit(base|try.flags, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_LARGEFILE); err == nil {
			f.target, f.pidfd = try.target, try.pidfd
			break
		}
		if !errors.Is(err, unix.EINVAL) {
			break
		}
	}
	switch {
	case errors.Is(err, unix.EPERM):
		return nil, errors.New("fanotify needs CAP_SYS_ADMIN")
	case errors.Is(err, unix.EINVAL), errors.Is(err, unix.ENOSYS):
		return nil, fmt.Errorf("this kernel's fanotify does not tell names (Linux 5.9 does): %w", err)
	case err != nil:
		return nil, fmt.Errorf("fanotify_init: %w", err)
	}
	f.rename = f.target
	if err := f.Mark(places); err != nil {
		_ = unix.Close(f.fd) // nothing was read from it
		return nil, err
	}
	f.file = os.NewFile(uintptr(f.fd), "fanotify")
	return f, nil
}

// Detail says what was had of the kernel.
func (f *Fanotify) Detail() string {
	d := "file system mark, directory and name"
	if f.rename {
		d += ", both names of a rename"
	}
	if f.pidfd {
		d += ", process descriptor"
	}
	return d
}

// Mark watches the places, in place of those before. It may be called again
// when mounts have changed.
func (f *Fanotify) Mark(places []Place) error {
	var next []fanPlace
	var roots []string
	for _, p := range places {
		roots = append(roots, p.Root)
		points := []string{p.Root}
		if p.Cross {
			points = append(points, mountsBelow(p.Root)...)
		}
		for i, at := range points {
			fp, err := f.mark(at)
			if err != nil {
				if i > 0 && (errors.Is(err, unix.ENODEV) || errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EXDEV)) {
					continue // a made-up file system below a place: a walk leaves it out too
				}
				return err
			}
			fp.root = p.Root
			next = append(next, fp)
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.places, f.roots = next, roots
	clear(f.dirs)
	return nil
}

func (f *Fanotify) mark(root string) (fanPlace, error) {
	fp := fanPlace{at: root}
	// Of what is no directory, or is not there now, the directory that it lies in.
	for {
		st, err := os.Lstat(fp.at)
		if err == nil && st.IsDir() {
			break
		}
		if fp.at == "/" {
			return fp, fmt.Errorf("%s cannot be looked at: %w", root, err)
		}
		fp.at = filepath.Dir(fp.at)
	}
	mask := uint64(fanBase | unix.FAN_RENAME)
	if !f.rename {
		mask = fanBase | fanMoves
	}
	err := unix.FanotifyMark(f.fd, unix.FAN_MARK_ADD|unix.FAN_MARK_FILESYSTEM|unix.FAN_MARK_ONLYDIR|unix.FAN_MARK_DONT_FOLLOW, mask, unix.AT_FDCWD, fp.at)
	if errors.Is(err, unix.EINVAL) && f.rename {
		f.rename = false
		return f.mark(root)
	}
	switch {
	case errors.Is(err, unix.EXDEV), errors.Is(err, unix.ENODEV), errors.Is(err, unix.EOPNOTSUPP):
		return fp, fmt.Errorf("the file system of %s takes no mark of fanotify: %w", root, err)
	case err != nil:
		return fp, fmt.Errorf("fanotify_mark on %s: %w", root, err)
	}
	var st unix.Statfs_t
	if err := unix.Statfs(fp.at, &st); err != nil {
		return fp, fmt.Errorf("the file system of %s cannot be looked at: %w", root, err)
	}
	fp.fs = *(*uint64)(unsafe.Pointer(&st.Fsid)) // two int32, as the kernel copies them
	if _, fp.mount, err = unix.NameToHandleAt(unix.AT_FDCWD, fp.at, 0); err != nil {
		return fp, fmt.Errorf("the file system of %s has no handles: %w", root, err)
	}
	h, err := unix.Open(fp.at, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0)
	if err != nil {
		return fp, fmt.Errorf("%s cannot be opened: %w", fp.at, err)
	}
	defer unix.Close(h) // for reading
	own, _, err := unix.NameToHandleAt(h, "", unix.AT_EMPTY_PATH)
	if err != nil {
		return fp, fmt.Errorf("the file system of %s has no handles: %w", root, err)
	}
	back, err := unix.OpenByHandleAt(h, own, unix.O_PATH|unix.O_CLOEXEC)
	if err != nil {
		return fp, fmt.Errorf("handles cannot be opened (CAP_DAC_READ_SEARCH): %w", err)
	}
	return fp, unix.Close(back)
}

// Read gives events to emit until the reader is closed, in one goroutine.
func (f *Fanotify) Read(emit func(Event)) error {
	buf := make([]byte, 256<<10)
	Urgent()
	var p Pacer
	for n := 0; ; {
		if f.Pauses && n < len(buf)/4 {
			p.Pause()
		}
		var err error
		n, err = f.file.Read(buf)
		p.Woken()
		switch {
		case errors.Is(err, os.ErrClosed):
			return nil
		case errors.Is(err, syscall.EINTR):
			continue
		case err != nil:
			return fmt.Errorf("fanotify: %w", err)
		case n == 0:
			return errors.New("fanotify: nothing more comes")
		}
		at := time.Now()
		f.mu.Lock()
		err = ParseFanotify(buf[:n], func(r *FanRecord) { f.take(r, at, emit) })
		failed := f.failed
		f.mu.Unlock()
		if err != nil {
			emit(Event{Op: Lost, At: at})
		}
		if failed != nil {
			return failed
		}
	}
}

// Urgent lets the thread of this goroutine run before others, so that the
// kernel's queue does not fill and a process is looked at while it runs.
// Without the right to it it runs as others do.
func Urgent() {
	runtime.LockOSThread()
	_ = unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), -15)
}

// Close ends Read.
func (f *Fanotify) Close() error { return f.file.Close() }

// fanOps is in no order; the bits of one record have lost theirs.
var fanOps = []struct {
	mask uint64
	op   Op
}{{unix.FAN_CREATE, Create}, {unix.FAN_MODIFY, Modify}, {unix.FAN_CLOSE_WRITE, Written}, {unix.FAN_ATTRIB, Attrib}, {unix.FAN_DELETE, Delete}}

func (f *Fanotify) take(r *FanRecord, at time.Time, emit func(Event)) {
	if r.PIDFD >= 0 {
		defer unix.Close(int(r.PIDFD)) // a process descriptor holds nothing
	}
	if r.FD >= 0 {
		defer unix.Close(int(r.FD))
	}
	if r.Mask&unix.FAN_Q_OVERFLOW != 0 {
		emit(Event{Op: Lost, At: at})
		return
	}
	if !r.HasDir && !r.HasTo {
		return
	}
	dir := r.Mask&unix.FAN_ONDIR != 0
	from, err1 := f.paths(r.Dir, r.Name, r.HasDir)
	to, err2 := f.paths(r.ToDir, r.ToName, r.HasTo)
	if err := errors.Join(err1, err2); err != nil {
		if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
			f.failed = fmt.Errorf("directories can no longer be found by their handles: %w", err)
		}
		emit(Event{Op: Lost, At: at})
		return
	}
	if dir && r.Mask&(unix.FAN_RENAME|fanMoves) != 0 {
		f.renamed(from, to)
	}
	if len(from)+len(to) == 0 {
		return
	}
	if f.Seen != nil {
		f.Seen(r.PID, r.PIDFD, at)
	}
	e := Event{Dir: dir, PID: r.PID, At: at}
	for _, o := range fanOps {
		if r.Mask&o.mask != 0 {
			e.Op |= o.op
		}
	}
	switch {
	case r.Mask&unix.FAN_RENAME != 0:
		for i := range max(len(from), len(to)) {
			m := e
			m.Op, m.Deep = m.Op|Rename, dir
			if i < len(from) {
				m.Path = from[i]
			}
			if i < len(to) {
				m.To = to[i]
			}
			emit(m)
		}
		return
	case r.Mask&fanMoves != 0:
		f.halves(r, e, from, emit)
		return
	case e.Op&Create != 0 && dir && r.HasChild && len(from) > 0:
		f.remember(r.Child, slices.Clone(from))
	}
	if e.Op == 0 {
		return
	}
	for _, p := range from {
		m := e
		m.Path = p
		emit(m)
	}
}

// renamed gives what lies below a directory its paths of now, or forgets them.
func (f *Fanotify) renamed(from, to []string) {
	if len(from) != 1 || len(to) != 1 {
		clear(f.dirs)
		return
	}
	for _, dirs := range f.dirs {
		for i, d := range dirs {
			if Within(d, from[0]) {
				dirs[i] = to[0] + d[len(from[0]):]
			}
		}
	}
}

// halves gives the two records of a rename, which come one after the other from
// one process.
func (f *Fanotify) halves(r *FanRecord, e Event, paths []string, emit func(Event)) {
	for _, p := range paths {
		m := e
		m.Op, m.Deep = m.Op|Rename, e.Dir
		if r.Mask&unix.FAN_MOVED_FROM != 0 {
			m.Path = p
		}
		if r.Mask&unix.FAN_MOVED_TO != 0 && m.Path == "" {
			m.To = p
		}
		emit(m)
	}
}

// paths gives the paths of a name in a directory that concern us. Of a directory
// that is gone, and whose path was not known, there are none: its own removal is
// told where it lay.
func (f *Fanotify) paths(h Handle, name string, has bool) (out []string, err error) {
	if !has {
		return nil, nil
	}
	dirs, known := f.dirs[h]
	if !known {
		if dirs, err = f.resolve(h); err != nil {
			return nil, err
		}
		f.remember(h, dirs)
	}
	for _, d := range dirs {
		p := join(d, name)
		if f.holder.Holds(p) || above(f.roots, p) {
			out = append(out, p)
		}
	}
	return out, nil
}

func (f *Fanotify) remember(h Handle, dirs []string) {
	if len(f.dirs) >= maxDirs {
		clear(f.dirs)
	}
	f.dirs[h] = dirs
}

// resolve finds the paths of a directory in each mount through which a place
// is reached, and keeps those that concern us.
func (f *Fanotify) resolve(h Handle) (out []string, err error) {
	var tried []int
	for _, p := range f.places {
		if p.fs != h.FS || slices.Contains(tried, p.mount) {
			continue
		}
		tried = append(tried, p.mount)
		path, e := pathOf(p.at, h)
		switch {
		case errors.Is(e, unix.ESTALE), errors.Is(e, unix.ENOENT):
		case e != nil:
			err = e
		case !strings.HasPrefix(path, "/"), slices.Contains(out, path): // (unreachable): outside this mount
		case f.holder.Holds(path), above(f.roots, path):
			out = append(out, path)
		}
	}
	if len(out) > 0 {
		err = nil
	}
	return out, err
}

const deleted = " (deleted)"

func pathOf(at string, h Handle) (string, error) {
	mount, err := unix.Open(at, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	for (errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR)) && at != "/" { // removed: what it lay in will do
		at = filepath.Dir(at)
		mount, err = unix.Open(at, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	}
	if err != nil {
		return "", err
	}
	defer unix.Close(mount) // for reading
	fd, err := unix.OpenByHandleAt(mount, unix.NewFileHandle(h.Type, []byte(h.Bytes)), unix.O_PATH|unix.O_CLOEXEC)
	if err != nil {
		return "", err
	}
	defer unix.Close(fd)
	path, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
	if err != nil {
		return "", err
	}
	if bare, was := strings.CutSuffix(path, deleted); was {
		var st unix.Stat_t
		if unix.Lstat(path, &st) != nil {
			path = bare
		}
	}
	return path, nil
}

// mountsBelow are the mount points below a directory.
func mountsBelow(root string) []string {
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil
	}
	var out []string
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < 5 {
			continue
		}
		if p := Unescape(fields[4]); p != root && Within(p, root) && !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out
}

// Unescape reads the octal escapes of mountinfo.
func Unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) && s[i+1] >= '0' && s[i+1] <= '3' && s[i+2] >= '0' && s[i+2] <= '7' && s[i+3] >= '0' && s[i+3] <= '7' {
			b.WriteByte((s[i+1]-'0')<<6 | (s[i+2]-'0')<<3 | (s[i+3] - '0'))
			i += 3
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
