package agent

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// noticed are the directories in which a change by hand is looked at once,
// instead of at the next quick look: where the watched files of the registry
// lie, as far as they are quiet. Those that do not exist are left out; what
// happens in them is found by the quick looks all the same.
var noticed = []string{
	"/etc", "/etc/ssh", "/etc/ssh/sshd_config.d", "/etc/sudoers.d", "/etc/security", "/etc/pam.d", "/etc/audit",
	"/etc/sysctl.d", "/usr/lib/sysctl.d", "/etc/cron.d", "/etc/cron.hourly", "/etc/cron.daily", "/etc/cron.weekly", "/etc/cron.monthly",
	"/boot/grub", "/boot/grub2", "/etc/systemd/system", "/var/spool/cron/crontabs", "/root/.ssh",
}

// A burst of changes (an editor's temporary files, a package) is one look, and
// however much happens, looks are apart.
const (
	noticeSettle = 50 * time.Millisecond
	noticeApart  = 500 * time.Millisecond
)

// notice calls changed when something was written, made, moved, removed or
// given another mode or owner in dirs (inotify(7)), until ctx ends. An error
// means that nobody looks any more.
func notice(ctx context.Context, dirs []string, changed func()) error {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return fmt.Errorf("inotify: %w", err)
	}
	f := os.NewFile(uintptr(fd), "inotify") // read by the runtime's poller, since it does not block
	defer f.Close()
	watched := 0
	for _, dir := range dirs {
		_, err := unix.InotifyAddWatch(fd, dir, unix.IN_ATTRIB|unix.IN_CLOSE_WRITE|unix.IN_CREATE|unix.IN_DELETE|unix.IN_MOVE|unix.IN_ONLYDIR)
		switch {
		case err == nil:
			watched++
		case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENOTDIR), errors.Is(err, unix.EACCES):
		default:
			return fmt.Errorf("inotify: watch %s: %w", dir, err)
		}
	}
	if watched == 0 {
		return errors.New("none of the directories can be watched")
	}
	stop := context.AfterFunc(ctx, func() { f.SetReadDeadline(time.Unix(1, 0)) }) // wakes the read below
	defer stop()
	buf := make([]byte, 4096)
	for {
		// What the events say is not looked at: the readers do that.
		if _, err := f.Read(buf); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("inotify: %w", err)
		}
		if !sleep(ctx, noticeSettle) {
			return nil
		}
		if err := drainNotices(f, buf); err != nil {
			return err
		}
		changed()
		if !sleep(ctx, noticeApart) {
			return nil
		}
	}
}

// drainNotices takes what has come so far; what comes later is another notice.
func drainNotices(f *os.File, buf []byte) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return fmt.Errorf("inotify: %w", err)
	}
	var failed error
	err = raw.Read(func(fd uintptr) bool {
		for {
			_, err := unix.Read(int(fd), buf)
			switch {
			case errors.Is(err, unix.EINTR), err == nil:
				continue
			case !errors.Is(err, unix.EAGAIN):
				failed = err
			}
			return true // never wait
		}
	})
	if err = errors.Join(err, failed); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("inotify: %w", err)
	}
	return nil
}
