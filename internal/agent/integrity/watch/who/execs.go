package who

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/attesta/attesta/internal/agent/integrity/watch/kernel"
)

// execs is told by fanotify of each program that is opened to be run, with a
// descriptor of it: that stays true when the process has ended and the file is
// gone.
type execs struct {
	file *os.File
	fd   int
}

func openExecs(t *Table) (*execs, error) {
	fd, err := unix.FanotifyInit(unix.FAN_CLOEXEC|unix.FAN_NONBLOCK|unix.FAN_CLASS_NOTIF, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_LARGEFILE|unix.O_NOATIME)
	if errors.Is(err, unix.EPERM) {
		return nil, errors.New("fanotify needs CAP_SYS_ADMIN")
	}
	if err != nil {
		return nil, fmt.Errorf("fanotify_init: %w", err)
	}
	x := &execs{fd: fd}
	if err := x.mark(); err != nil {
		_ = unix.Close(fd) // nothing was read from it
		return nil, err
	}
	x.file = os.NewFile(uintptr(fd), "fanotify")
	go x.read(t)
	return x, nil
}

// mark marks every file system that programs can be run from.
func (x *execs) mark() error {
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return err
	}
	marked := 0
	last := errors.New("no file system is mounted")
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) < 10 || slices.Contains(strings.Split(f[5], ","), "noexec") {
			continue
		}
		i := slices.Index(f, "-")
		if i < 0 || i+1 >= len(f) || !slices.Contains([]string{"ext2", "ext3", "ext4", "xfs", "btrfs", "tmpfs", "overlay", "f2fs", "zfs", "squashfs", "erofs", "vfat", "bcachefs"}, f[i+1]) {
			continue
		}
		if err := unix.FanotifyMark(x.fd, unix.FAN_MARK_ADD|unix.FAN_MARK_FILESYSTEM, unix.FAN_OPEN_EXEC, unix.AT_FDCWD, kernel.Unescape(f[4])); err != nil {
			last = fmt.Errorf("fanotify_mark: %w", err)
			continue
		}
		marked++
	}
	if marked == 0 {
		return last
	}
	return nil
}

func (x *execs) read(t *Table) {
	kernel.Urgent()
	buf := make([]byte, 32<<10)
	var pace kernel.Pacer
	for {
		pace.Pause() // each holds its file open: nothing is lost
		n, err := x.file.Read(buf)
		pace.Woken()
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil || n == 0 {
			return
		}
		at := time.Now()
		_ = kernel.ParseFanotify(buf[:n], func(r *kernel.FanRecord) { // damaged: the program is unknown, with a reason
			if r.FD < 0 {
				return
			}
			path, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(int(r.FD)))
			file := os.NewFile(uintptr(r.FD), path)
			if err != nil || r.PID == int32(os.Getpid()) {
				_ = file.Close() // for reading
				return
			}
			t.opens(r.PID, strings.TrimSuffix(path, " (deleted)"), t.programs.from(file), at)
		})
	}
}

func (x *execs) close() { _ = x.file.Close() } // ends the reading
