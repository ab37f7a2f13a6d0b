package who

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/attesta/attesta/internal/agent/integrity/watch/kernel"
)

// The proc connector tells of every process that begins, becomes another
// program or user, and ends: linux/connector.h and linux/cn_proc.h.
const (
	netlinkConnector = 11
	cnIdxProc        = 1
	cnValProc        = 1
	procListen       = 1

	procFork = 0x00000001
	procExec = 0x00000002
	procUID  = 0x00000004
	procSID  = 0x00000080
	procExit = 0x80000000

	nlHeader = 16
	cnHeader = 20
)

// procEvent is one message.
type procEvent struct {
	what     uint32
	pid      int32 // of the process (thread group)
	thread   int32
	parent   int32 // of a fork
	uid      uint32
	sinceRun uint64 // nanoseconds of the monotonic clock
}

var errMessage = errors.New("a message of the proc connector is cut short or damaged")

// parseConnector reads one datagram.
func parseConnector(b []byte, each func(procEvent)) error {
	for len(b) > 0 {
		if len(b) < nlHeader {
			return errMessage
		}
		size := int(binary.NativeEndian.Uint32(b))
		kind := binary.NativeEndian.Uint16(b[4:])
		if size < nlHeader || size > len(b) {
			return errMessage
		}
		if kind != unix.NLMSG_NOOP && kind != unix.NLMSG_ERROR {
			if err := parseMessage(b[nlHeader:size], each); err != nil {
				return err
			}
		}
		b = b[min((size+3)&^3, len(b)):]
	}
	return nil
}

func parseMessage(b []byte, each func(procEvent)) error {
	if len(b) < cnHeader {
		return errMessage
	}
	if binary.NativeEndian.Uint32(b) != cnIdxProc || binary.NativeEndian.Uint32(b[4:]) != cnValProc {
		return nil
	}
	n := int(binary.NativeEndian.Uint16(b[16:]))
	if n > len(b)-cnHeader {
		return errMessage
	}
	b = b[cnHeader : cnHeader+n]
	if len(b) < 16 {
		return errMessage
	}
	e := procEvent{what: binary.NativeEndian.Uint32(b), sinceRun: binary.NativeEndian.Uint64(b[8:])}
	b = b[16:]
	need := map[uint32]int{procFork: 16, procExec: 8, procUID: 16, procSID: 8, procExit: 8}[e.what]
	if need == 0 {
		return nil
	}
	if len(b) < need {
		return errMessage
	}
	word := func(i int) int32 { return int32(binary.NativeEndian.Uint32(b[4*i:])) }
	switch e.what {
	case procFork:
		e.parent, e.thread, e.pid = word(1), word(2), word(3)
	default:
		e.thread, e.pid = word(0), word(1)
		if e.what == procUID {
			e.uid = uint32(word(3))
		}
	}
	each(e)
	return nil
}

type connector struct {
	fd   int
	done chan struct{}
	once sync.Once
}

func openConnector(t *Table) (*connector, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, netlinkConnector)
	if err != nil {
		return nil, fmt.Errorf("the proc connector is not there: %w", err)
	}
	c := &connector{fd: fd, done: make(chan struct{})}
	if err := c.begin(); err != nil {
		_ = unix.Close(fd) // nothing was read from it
		if errors.Is(err, unix.EPERM) {
			return nil, errors.New("the proc connector needs CAP_NET_ADMIN")
		}
		return nil, fmt.Errorf("the proc connector: %w", err)
	}
	go c.read(t)
	return c, nil
}

func (c *connector) begin() error {
	if err := unix.Bind(c.fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: cnIdxProc}); err != nil {
		return err
	}
	const room = 8 << 20
	if unix.SetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, room) != nil {
		_ = unix.SetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_RCVBUF, room) // less room: what is lost is counted
	}
	if err := unix.SetsockoptTimeval(c.fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 200_000}); err != nil {
		return err
	}
	m := make([]byte, 0, nlHeader+cnHeader+4)
	m = binary.NativeEndian.AppendUint32(m, nlHeader+cnHeader+4)
	m = binary.NativeEndian.AppendUint16(m, unix.NLMSG_DONE)
	m = append(m, make([]byte, 10)...)
	m = binary.NativeEndian.AppendUint32(m, cnIdxProc)
	m = binary.NativeEndian.AppendUint32(m, cnValProc)
	m = append(m, make([]byte, 8)...)
	m = binary.NativeEndian.AppendUint16(m, 4)
	m = append(m, 0, 0)
	m = binary.NativeEndian.AppendUint32(m, procListen)
	return unix.Sendto(c.fd, m, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK})
}

func (c *connector) read(t *Table) {
	kernel.Urgent()
	defer close(c.done)
	buf := make([]byte, 16<<10)
	for {
		n, from, err := unix.Recvfrom(c.fd, buf, 0)
		switch {
		case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EINTR):
			select {
			case <-t.programs.ctx.Done():
				return
			default:
			}
			continue
		case errors.Is(err, unix.ENOBUFS):
			t.missed()
			continue
		case err != nil:
			return
		}
		if nl, ok := from.(*unix.SockaddrNetlink); !ok || nl.Pid != 0 {
			continue // only the kernel is believed
		}
		if parseConnector(buf[:n], func(e procEvent) { t.event(e) }) != nil {
			t.missed()
		}
	}
}

func (t *Table) event(e procEvent) {
	at := time.Now()
	var now unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &now) == nil {
		if late := now.Nano() - int64(e.sinceRun); late > 0 && late < int64(time.Minute) {
			at = at.Add(-time.Duration(late))
		}
	}
	switch e.what {
	case procFork:
		if e.thread == e.pid { // not a thread
			t.fork(e.parent, e.pid, at)
		}
	case procExec:
		t.exec(e.pid, at)
	case procUID:
		t.becomes(e.pid, e.uid)
	case procSID:
		t.leads(e.pid)
	case procExit:
		if e.thread == e.pid {
			t.exit(e.pid, at)
		}
	}
}

func (c *connector) close() {
	c.once.Do(func() {
		_ = unix.Shutdown(c.fd, unix.SHUT_RDWR) // may not be had; the reader wakes by itself
		go func() {
			<-c.done
			_ = unix.Close(c.fd)
		}()
	})
}
