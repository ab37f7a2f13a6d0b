package kernel

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	inTree = unix.IN_CREATE | unix.IN_DELETE | unix.IN_MODIFY | unix.IN_CLOSE_WRITE | unix.IN_ATTRIB | unix.IN_MOVE | unix.IN_DELETE_SELF |
		unix.IN_MOVE_SELF | unix.IN_ONLYDIR | unix.IN_DONT_FOLLOW | unix.IN_EXCL_UNLINK
	inAbove = unix.IN_CREATE | unix.IN_DELETE | unix.IN_MOVE | unix.IN_ATTRIB | unix.IN_MODIFY | unix.IN_CLOSE_WRITE | unix.IN_ONLYDIR
)

// ErrWatches says that the kernel allows no more watches.
var ErrWatches = errors.New("the kernel allows no more watches of inotify")

// Inotify watches each directory of its places.
type Inotify struct {
	file   *os.File
	fd     int
	holder Holder
	places []Place

	mu    sync.Mutex
	paths map[int32]string
	wds   map[string]int32
	moved map[uint32]Event // the first half of renames, by cookie
	order []uint32
}

// OpenInotify watches the places. The error says what is in the way; ErrWatches
// among others.
func OpenInotify(places []Place, holder Holder) (*Inotify, error) {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("inotify_init: %w", err)
	}
	w := &Inotify{fd: fd, holder: holder, places: places, paths: map[int32]string{}, wds: map[string]int32{}, moved: map[uint32]Event{}}
	for _, p := range places {
		if err := w.place(p); err != nil {
			_ = unix.Close(fd) // nothing was read from it
			return nil, err
		}
	}
	w.file = os.NewFile(uintptr(fd), "inotify")
	return w, nil
}

// place watches a tree, and the way to it so that it is seen to come and go.
func (w *Inotify) place(p Place) error {
	for dir := p.Root; dir != "/"; {
		dir = filepath.Dir(dir)
		if err := w.add(dir, inAbove); err != nil && !gone(err) && !errors.Is(err, unix.EACCES) {
			return err
		}
	}
	return w.tree(p.Root)
}

func gone(err error) bool { return errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) }

// tree watches a directory and those below it, on the same file system unless
// the place crosses.
func (w *Inotify) tree(dir string) error {
	if !w.holder.Holds(dir) {
		return nil
	}
	if err := w.add(dir, inTree); err != nil {
		if gone(err) || errors.Is(err, unix.EACCES) {
			return nil // no directory, or one that cannot be listed: a look at it says so
		}
		return err
	}
	list, err := os.ReadDir(dir)
	if err != nil {
		return nil // removed since, or not to be listed
	}
	for _, e := range list {
		if !e.IsDir() {
			continue
		}
		sub := join(dir, e.Name())
		if !w.crosses(sub) {
			continue
		}
		if err := w.tree(sub); err != nil {
			return err
		}
	}
	return nil
}

// crosses reports whether a directory is gone into: not where another file
// system begins, unless that is asked for.
func (w *Inotify) crosses(dir string) bool {
	for _, p := range w.places {
		if p.Root == dir || p.Cross && Within(dir, p.Root) {
			return true
		}
	}
	var a, b unix.Stat_t
	return unix.Lstat(dir, &a) == nil && unix.Lstat(filepath.Dir(dir), &b) == nil && a.Dev == b.Dev
}

func (w *Inotify) add(dir string, mask uint32) error {
	if old, ok := w.wds[dir]; ok && mask == inAbove && w.paths[old] == dir {
		return nil
	}
	wd, err := unix.InotifyAddWatch(w.fd, dir, mask)
	switch {
	case errors.Is(err, unix.ENOSPC):
		return fmt.Errorf("%w: %s; raise fs.inotify.max_user_watches (%d directories are watched)", ErrWatches, limit("max_user_watches"), len(w.paths))
	case err != nil:
		return fmt.Errorf("inotify on %s: %w", dir, err)
	}
	if before, ok := w.paths[int32(wd)]; ok && before != dir && w.wds[before] == int32(wd) {
		delete(w.wds, before)
	}
	w.paths[int32(wd)], w.wds[dir] = dir, int32(wd)
	return nil
}

func limit(name string) string {
	text, err := os.ReadFile("/proc/sys/fs/inotify/" + name)
	if err != nil {
		return name + " is reached"
	}
	return name + " is " + strings.TrimSpace(string(text))
}

// Watches is how many directories are watched.
func (w *Inotify) Watches() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.paths)
}

// Detail says how much is watched.
func (w *Inotify) Detail() string {
	return fmt.Sprintf("%d directories; %s", w.Watches(), limit("max_user_watches"))
}

// Mark watches what is not watched yet, when mounts have changed.
func (w *Inotify) Mark() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range w.places {
		if err := w.place(p); err != nil {
			return err
		}
	}
	return nil
}

// Read gives events to emit until the reader is closed, in one goroutine. It
// ends with ErrWatches when a new directory cannot be watched.
func (w *Inotify) Read(emit func(Event)) error {
	buf := make([]byte, 64<<10)
	for {
		n, err := w.file.Read(buf)
		switch {
		case errors.Is(err, os.ErrClosed):
			return nil
		case errors.Is(err, os.ErrDeadlineExceeded):
			w.mu.Lock()
			w.halves(emit)
			err = w.file.SetReadDeadline(time.Time{})
			w.mu.Unlock()
			if err != nil {
				return err
			}
			continue
		case errors.Is(err, syscall.EINTR):
			continue
		case err != nil:
			return fmt.Errorf("inotify: %w", err)
		}
		at := time.Now()
		var failed error
		w.mu.Lock()
		err = ParseInotify(buf[:n], func(r *InRecord) {
			if err := w.take(r, at, emit); err != nil {
				failed = err
			}
		})
		var wait time.Time
		if len(w.moved) > 0 { // the other half may be in the next buffer
			wait = time.Now().Add(20 * time.Millisecond)
		}
		failed = errors.Join(failed, w.file.SetReadDeadline(wait))
		w.mu.Unlock()
		if err != nil {
			emit(Event{Op: Lost, At: at})
		}
		if failed != nil {
			return failed
		}
	}
}

// Close ends Read.
func (w *Inotify) Close() error { return w.file.Close() }

// halves lets go of renames whose other half did not come: the kernel puts both
// into its queue one after the other, so that it lies outside.
func (w *Inotify) halves(emit func(Event)) {
	for _, c := range w.order {
		e, ok := w.moved[c]
		if !ok {
			continue
		}
		if e.Dir {
			w.forget(e.Path)
		}
		emit(e)
	}
	clear(w.moved)
	w.order = w.order[:0]
}

func (w *Inotify) take(r *InRecord, at time.Time, emit func(Event)) error {
	if r.Mask&unix.IN_Q_OVERFLOW != 0 {
		emit(Event{Op: Lost, At: at})
		// Directories that came meanwhile are not watched yet.
		for _, p := range w.places {
			if err := w.place(p); err != nil {
				return err
			}
		}
		return nil
	}
	dir, known := w.paths[r.WD]
	if !known {
		return nil
	}
	if r.Mask&unix.IN_IGNORED != 0 {
		delete(w.paths, r.WD)
		if w.wds[dir] == r.WD {
			delete(w.wds, dir)
		}
		return nil
	}
	path, isDir := join(dir, r.Name), r.Mask&unix.IN_ISDIR != 0
	if r.Mask&unix.IN_UNMOUNT != 0 {
		emit(Event{Op: Unmount, Dir: true, Path: dir, At: at})
		return nil
	}
	if !w.holder.Holds(path) && !w.above(path) {
		return nil
	}
	e := Event{Dir: isDir, Path: path, At: at}
	switch {
	case r.Mask&unix.IN_MOVED_FROM != 0:
		e.Op, e.Deep = Rename, isDir
		w.moved[r.Cookie] = e
		w.order = append(w.order, r.Cookie)
		return nil
	case r.Mask&unix.IN_MOVED_TO != 0:
		first, ok := w.moved[r.Cookie]
		delete(w.moved, r.Cookie)
		e.Op, e.Deep, e.Path, e.To = Rename, isDir, "", path
		if ok {
			e.Path = first.Path
			if isDir {
				w.rename(first.Path, path)
			}
		}
	case r.Mask&unix.IN_CREATE != 0:
		e.Op, e.Deep = Create, isDir
	case r.Mask&unix.IN_DELETE != 0:
		e.Op = Delete
	case r.Mask&unix.IN_MODIFY != 0:
		e.Op = Modify
	case r.Mask&unix.IN_CLOSE_WRITE != 0:
		e.Op = Written
	case r.Mask&unix.IN_ATTRIB != 0:
		e.Op = Attrib
	case r.Mask&(unix.IN_DELETE_SELF|unix.IN_MOVE_SELF) != 0:
		return nil // told where it lies, whose directory is watched as well
	default:
		return nil
	}
	var err error
	if isDir && e.Op&(Create|Rename) != 0 {
		// What was made in it before it is watched is found by a look at it.
		if e.Deep = true; w.above(path) {
			for _, p := range w.places {
				if Within(p.Root, path) {
					err = errors.Join(err, w.place(p))
				}
			}
		} else {
			err = w.tree(path)
		}
	}
	emit(e)
	return err
}

func (w *Inotify) above(p string) bool {
	for _, pl := range w.places {
		if Within(pl.Root, p) {
			return true
		}
	}
	return false
}

// rename gives watches below a directory their new paths.
func (w *Inotify) rename(from, to string) {
	for wd, p := range w.paths {
		if Within(p, from) {
			now := to + p[len(from):]
			if w.wds[p] == wd {
				delete(w.wds, p)
			}
			w.paths[wd], w.wds[now] = now, wd
		}
	}
}

// forget ends the watches below a directory that was moved away.
func (w *Inotify) forget(dir string) {
	for wd, p := range w.paths {
		if Within(p, dir) && w.wds[p] == wd {
			delete(w.paths, wd)
			delete(w.wds, p)
			_, _ = unix.InotifyRmWatch(w.fd, uint32(wd)) // gone already: the same
		}
	}
}
