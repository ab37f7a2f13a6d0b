package health

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/attesta/attesta/internal/base/blobs"
	"github.com/attesta/attesta/internal/base/fault"

	"golang.org/x/sys/unix"
)

// Watermark is the free space below which nothing is taken in.
const Watermark = 256 << 20

// Modes asks whether others may read what is private in a data directory.
func Modes(dir string) Check {
	return Check{Name: "data.modes", Asks: "Are the data directory and its keys closed to other users?", Run: func(context.Context) Result {
		var wrong []string
		look := func(path string, allowed fs.FileMode) error {
			st, err := os.Lstat(path)
			if err != nil {
				return err
			}
			name, err := filepath.Rel(dir, path)
			if name == "." {
				name = "the directory itself"
			}
			if err != nil {
				return err
			}
			if over := st.Mode().Perm() &^ allowed; over != 0 {
				wrong = append(wrong, fmt.Sprintf("%s has mode %04o, more than %04o", name, st.Mode().Perm(), allowed))
			}
			if sys, ok := st.Sys().(*syscall.Stat_t); ok && int(sys.Uid) != os.Geteuid() && os.Geteuid() != 0 {
				wrong = append(wrong, fmt.Sprintf("%s belongs to user %d, not to %d who runs this", name, sys.Uid, os.Geteuid()))
			}
			return nil
		}
		err := look(dir, 0o750)
		keys := filepath.Join(dir, "keys")
		if err == nil {
			err = filepath.WalkDir(keys, func(path string, e fs.DirEntry, err error) error {
				switch {
				case err != nil:
					return err
				case e.IsDir():
					return look(path, 0o700)
				case strings.HasSuffix(path, ".pub"), strings.HasSuffix(path, ".crt"):
					return look(path, 0o644)
				}
				return look(path, 0o600)
			})
		}
		for _, name := range []string{"server.json", "attesta.db", "attesta.db-wal"} {
			allowed := fs.FileMode(0o600)
			if name != "server.json" {
				allowed = 0o644 // the directory is what closes it
			}
			if e := look(filepath.Join(dir, name), allowed); e != nil && !errors.Is(e, fs.ErrNotExist) {
				err = errors.Join(err, e)
			}
		}
		switch {
		case err != nil:
			return Failed(fault.Wrap(fault.Unavailable, err, "the data directory cannot be looked through: %v", err).WithHint("run this as the user that runs the server"))
		case len(wrong) > 0:
			return Fail(fmt.Sprintf("take the rights of others away: chmod 700 %s %s; chmod 600 %s/*.key", dir, keys, keys), "%s", strings.Join(wrong, "; "))
		}
		return Pass("only their owner reads them")
	}}
}

// Space asks whether there is room to take anything in.
func Space(dir string) Check {
	return Check{Name: "disk.space", Asks: "Is there room on the disk for what comes in?", Ready: true, Run: func(context.Context) Result {
		var st syscall.Statfs_t
		if err := syscall.Statfs(dir, &st); err != nil {
			return Failed(fault.Wrap(fault.Unavailable, err, "the file system of %s does not answer", dir))
		}
		return space(int64(st.Bavail)*st.Bsize, int64(st.Blocks)*st.Bsize, int64(st.Ffree), int64(st.Files))
	}}
}

func space(free, size, inodes, allInodes int64) Result {
	const do = "free space, or move the data directory to a larger file system; agents keep what they could not send"
	switch {
	case free < Watermark:
		return Fail(do, "%s free of %s: below %s nothing is taken in", bytesWords(free), bytesWords(size), bytesWords(Watermark))
	case allInodes > 0 && inodes < 10_000 && inodes*50 < allInodes:
		return Fail("remove small files, or move the data directory", "%d inodes free of %d", inodes, allInodes)
	}
	return Pass("%s free of %s", bytesWords(free), bytesWords(size))
}

// Headroom asks whether the room will last.
func Headroom(dir string) Check {
	return Check{Name: "disk.headroom", Asks: "Is there enough room to wait until somebody looks?", Run: func(context.Context) Result {
		var st syscall.Statfs_t
		if err := syscall.Statfs(dir, &st); err != nil {
			return Failed(fault.Wrap(fault.Unavailable, err, "the file system of %s does not answer", dir))
		}
		return headroom(int64(st.Bavail)*st.Bsize, int64(st.Blocks)*st.Bsize)
	}}
}

func headroom(free, size int64) Result {
	if free < 4*Watermark || free*20 < size {
		return Fail("plan for more room now: below "+bytesWords(Watermark)+" nothing is taken in", "%s free of %s, less than 1 GiB or a twentieth", bytesWords(free), bytesWords(size))
	}
	return Pass("%s free of %s", bytesWords(free), bytesWords(size))
}

func bytesWords(n int64) string {
	switch {
	case n >= 10<<30:
		return fmt.Sprintf("%d GiB", n>>30)
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	}
	return fmt.Sprintf("%d MiB", n>>20)
}

// Blobs asks whether a content store takes and gives content. Where probe is
// false it only looks.
func Blobs(name, what, root string, probe bool) Check {
	return Check{Name: name, Asks: "Can " + what + " be written and read back?", Ready: true, Run: func(ctx context.Context) Result {
		if _, err := os.Stat(root); errors.Is(err, fs.ErrNotExist) && !probe {
			return NotObserved("start the server once", "there is no %s yet", root)
		}
		if !probe {
			if _, err := os.ReadDir(root); err != nil {
				return Failed(fault.Wrap(fault.Unavailable, err, "%s cannot be read: %v", root, err))
			}
			return NotObserved("start the server: it writes and reads a probe", "%s can be listed; whether it can be written was not tried", root)
		}
		if err := probeDir(ctx, root); err != nil {
			return Failed(err)
		}
		return Pass("a probe was written, synced and read back")
	}}
}

// probeDir writes a file of random bytes beside the content, reads it back and
// removes it.
func probeDir(ctx context.Context, root string) (err error) {
	dir, err := os.MkdirTemp(filepath.Join(root, "tmp"), "probe-*")
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "%s cannot be written: %v", root, err).WithHint("check its owner, its mode and whether the file system is mounted read-only")
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	store, err := blobs.Open(dir)
	if err != nil {
		return err
	}
	digest, _, err := store.Put(ctx, io.LimitReader(rand.Reader, 4096), 4096)
	if err != nil {
		return err
	}
	r, err := store.Open(digest)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, r) // kind Refused where it is not what was written
	return errors.Join(err, r.Close())
}

// FileClock asks whether the clock of this process and the stamps of the file
// system agree; they do not where the directory is on another machine.
func FileClock(dir string) Check {
	return Check{Name: "clock.files", Asks: "Do the file system's stamps agree with the clock?", Run: func(context.Context) Result {
		f, err := os.CreateTemp(dir, ".clock-*")
		if err != nil {
			return Failed(fault.Wrap(fault.Unavailable, err, "%s cannot be written: %v", dir, err).WithHint("check its owner, its mode and whether the file system is mounted read-only"))
		}
		now := time.Now()
		st, err := f.Stat()
		err = errors.Join(err, f.Close(), os.Remove(f.Name()))
		if err != nil {
			return Failed(fault.Wrap(fault.Unavailable, err, "a file in %s cannot be looked at: %v", dir, err))
		}
		off := st.ModTime().Sub(now)
		if off.Abs() > 2*time.Second {
			return Fail("set both clocks by the same time servers", "the file system stamps a new file %s off", off.Round(time.Millisecond))
		}
		return Pass("a new file is stamped within %s", max(off.Abs().Round(time.Millisecond), time.Millisecond))
	}}
}

// KernelClock asks the kernel whether its clock is kept by a time server.
func KernelClock() Check {
	return Check{Name: "clock.synchronised", Asks: "Is the clock kept by a time server?", Run: func(context.Context) Result {
		var t unix.Timex
		state, err := unix.Adjtimex(&t)
		if err != nil {
			return NotObserved("see 'timedatectl' or 'chronyc tracking' on the host", "the kernel does not say: %v", err)
		}
		if state == unix.TIME_ERROR || t.Status&unix.STA_UNSYNC != 0 {
			return Fail("start chrony or systemd-timesyncd; in a container, on its host", "the kernel says that nothing keeps its clock")
		}
		return Pass("the kernel says so, with a largest error of %s", (time.Duration(t.Maxerror) * time.Microsecond).Round(time.Millisecond))
	}}
}
