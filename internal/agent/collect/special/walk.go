package special

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
)

// walk is one walk over the planned mounts.
type walk struct {
	root  tree.Root
	plan  plan
	names owned

	suid, files, dirs, unowned list
	closed                     int    // directories that could not be opened
	firstClosed                string // and why
}

func newWalk(root tree.Root, p plan, names owned) *walk {
	return &walk{root: root, plan: p, names: names}
}

func (w *walk) all(ctx context.Context) error {
	for _, m := range w.plan.mounts {
		if err := w.from(ctx, m); err != nil {
			return err
		}
	}
	if w.closed > 0 {
		return fmt.Errorf("%d directories could not be opened, the first: %s", w.closed, w.firstClosed)
	}
	return nil
}

// real is where a path of the host lies for this process.
func (w *walk) real(p string) string {
	if w.root.Live() {
		return p
	}
	return filepath.Join(w.root.Dir, p)
}

// from walks one mount. Directories wait on a stack of paths, so that what is
// held does not grow with the number of files.
func (w *walk) from(ctx context.Context, m mount) error {
	var st unix.Stat_t
	if err := unix.Lstat(w.real(m.point), &st); err != nil {
		if errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ENOTDIR) {
			return nil
		}
		return fmt.Errorf("%s: %w", m.point, err)
	}
	w.look(m.point, &st, m.nosuid)
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		return nil // a bind mount of one file
	}
	stack := []string{m.point}
	for len(stack) > 0 {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		dir := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		below, err := w.dir(dir, m.nosuid)
		if err != nil {
			if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
				continue // removed meanwhile
			}
			if w.closed++; w.closed == 1 {
				w.firstClosed = fmt.Sprintf("%s: %v", dir, errors.Unwrap(err))
			}
			continue
		}
		stack = append(stack, below...)
	}
	return nil
}

// dir looks at the entries of one directory and gives the directories in it.
func (w *walk) dir(dir string, nosuid bool) (below []string, err error) {
	f, err := os.OpenFile(w.real(dir), os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW|syscall.O_NOATIME, 0)
	if errors.Is(err, os.ErrPermission) { // O_NOATIME is for the owner and root
		f, err = os.OpenFile(w.real(dir), os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW, 0)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for {
		names, err := f.Readdirnames(512)
		for _, name := range names {
			var st unix.Stat_t
			if err := unix.Fstatat(int(f.Fd()), name, &st, unix.AT_SYMLINK_NOFOLLOW|unix.AT_NO_AUTOMOUNT); err != nil {
				if errors.Is(err, syscall.ENOENT) {
					continue
				}
				return below, &os.PathError{Op: "stat", Path: path.Join(dir, name), Err: err}
			}
			p := path.Join(dir, name)
			if w.plan.points[p] || layered(p) {
				continue // another mount, walked for itself or not at all
			}
			w.look(p, &st, nosuid)
			if st.Mode&unix.S_IFMT == unix.S_IFDIR {
				below = append(below, p)
			}
		}
		if errors.Is(err, io.EOF) {
			return below, nil
		}
		if err != nil {
			return below, err
		}
	}
}

// look keeps what is special about one entry.
func (w *walk) look(p string, st *unix.Stat_t, nosuid bool) {
	mode := st.Mode
	kind := mode & unix.S_IFMT
	named := w.names.named(st.Uid, st.Gid)
	raised := kind == unix.S_IFREG && mode&(unix.S_ISUID|unix.S_ISGID) != 0 && !nosuid
	writable := mode&0o002 != 0 && (kind == unix.S_IFREG || kind == unix.S_IFDIR && mode&unix.S_ISVTX == 0)
	if named && !raised && !writable {
		return
	}
	f := facts.SpecialFile{Path: tree.Clean(p), Mode: int64(mode & 0o7777), UID: int64(st.Uid), GID: int64(st.Gid)}
	f.ModeOctal = fmt.Sprintf("%04o", f.Mode)
	if raised {
		w.suid.add(f)
	}
	if writable && kind == unix.S_IFREG {
		w.files.add(f)
	}
	if writable && kind == unix.S_IFDIR {
		w.dirs.add(f)
	}
	if !named {
		w.unowned.add(f)
	}
}

// atLowPriority runs f on a thread of its own that gives way to everything else
// on the host, for the processor and for disks.
func atLowPriority(f func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with this goroutine, and its priority with it
		const lowest, whoProcess, classIdle, classShift = 19, 1, 3, 13
		tid := unix.Gettid()
		_ = unix.Setpriority(unix.PRIO_PROCESS, tid, lowest)                                                                    // not permitted: it runs as it is
		_, _, _ = unix.Syscall(unix.SYS_IOPRIO_SET, uintptr(whoProcess), uintptr(tid), uintptr(classIdle)<<uintptr(classShift)) // the same
		done <- f()
	}()
	return <-done
}
