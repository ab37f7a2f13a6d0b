package watch

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// mounts tells when file systems are mounted or unmounted. The kernel says so of an
// open mountinfo, as an exceptional condition; the runtime waits for readable files
// only. An epoll instance in which mountinfo lies is one.
type mounts struct {
	changed chan struct{} // capacity 1
	info    int           // descriptor of mountinfo, which the runtime must not poll itself: whoever asks first takes a change away
	poll    *os.File      // nil for none
}

// apart is how far apart two words of changed mounts are: a container is several.
const apart = 100 * time.Millisecond

// openMounts gives mounts that never change with an error.
func openMounts() (*mounts, error) {
	m := &mounts{changed: make(chan struct{}, 1)}
	info, err := unix.Open("/proc/self/mountinfo", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return m, &os.PathError{Op: "open", Path: "/proc/self/mountinfo", Err: err}
	}
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		_ = unix.Close(info) // for reading
		return m, os.NewSyscallError("epoll_create1", err)
	}
	err = os.NewSyscallError("fcntl", unix.SetNonblock(fd, true)) // or the runtime does not wait for it
	if err == nil {
		err = os.NewSyscallError("epoll_ctl", unix.EpollCtl(fd, unix.EPOLL_CTL_ADD, info, &unix.EpollEvent{Events: unix.EPOLLPRI}))
	}
	if err != nil {
		_ = unix.Close(fd)   // nothing was read from it
		_ = unix.Close(info) // for reading
		return m, err
	}
	m.info, m.poll = info, os.NewFile(uintptr(fd), "epoll")
	raw, err := m.poll.SyscallConn()
	if err == nil {
		err = m.poll.SetReadDeadline(time.Time{}) // refused where the runtime cannot wait for it
	}
	if err != nil {
		m.close()
		return m, err
	}
	go func() {
		// Called at the beginning and whenever there is something. What epoll gives is
		// not looked at: the runtime has asked before.
		first := true
		_ = raw.Read(func(uintptr) bool { // ends with close
			if !first {
				stir(m.changed)
				time.Sleep(apart)
			}
			first = false
			_, _ = unix.EpollWait(fd, make([]unix.EpollEvent, 1), 0)
			return false
		})
	}()
	return m, nil
}

func (m *mounts) close() {
	if m.poll == nil {
		return
	}
	_ = m.poll.Close()     // for reading; Read ends
	_ = unix.Close(m.info) // likewise
	m.poll = nil
}
