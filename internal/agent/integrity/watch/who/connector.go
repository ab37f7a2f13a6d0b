package who

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
	"unsafe"

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
	procData = nlHeader + cnHeader + 16 // where what differs by kind begins
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
	file *os.File
	when time.Time // a moment,
	at   int64     // and the same by the clock of messages
}

func openConnector(t *Table) (*connector, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, netlinkConnector)
	if err != nil {
		return nil, fmt.Errorf("the proc connector is not there: %w", err)
	}
	if err := begin(fd); err != nil {
		_ = unix.Close(fd) // nothing was read from it
		if errors.Is(err, unix.EPERM) {
			return nil, errors.New("the proc connector needs CAP_NET_ADMIN")
		}
		return nil, fmt.Errorf("the proc connector: %w", err)
	}
	c := &connector{file: os.NewFile(uintptr(fd), "proc connector")} // read by the runtime's poller, since it does not block
	raw, err := c.file.SyscallConn()
	var now unix.Timespec
	if err == nil {
		err = unix.ClockGettime(unix.CLOCK_MONOTONIC, &now)
	}
	if err != nil {
		c.close()
		return nil, fmt.Errorf("the proc connector: %w", err)
	}
	c.when, c.at = time.Now(), now.Nano()
	go c.read(raw, t)
	return c, nil
}

func begin(fd int) error {
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: cnIdxProc}); err != nil {
		return err
	}
	const room = 8 << 20
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, room) != nil {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, room) // less room: what is lost is counted
	}
	if err := attach(fd); err != nil {
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
	return unix.Sendto(fd, m, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK})
}

// wanted lets the kernel drop what says nothing of a process: threads that begin and
// end, of which a compiler has very many, names, traces.
var wanted = []unix.SockFilter{
	load(nlHeader + cnHeader), // what
	equal(procExec, 12, 0),
	equal(procUID, 11, 0),
	equal(procSID, 10, 0),
	equal(procFork, 0, 4),
	load(procData + 8), // the new thread, and its process
	{Code: bpfToX},
	load(procData + 12),
	{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_X, Jt: 5, Jf: 6},
	equal(procExit, 0, 5),
	load(procData), // the thread, and its process
	{Code: bpfToX},
	load(procData + 4),
	{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_X, Jt: 0, Jf: 1},
	{Code: unix.BPF_RET | unix.BPF_K, K: ^uint32(0)}, // all of it
	{Code: unix.BPF_RET | unix.BPF_K},                // none
}

func attach(fd int) error {
	return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(wanted)), Filter: &wanted[0]})
}

// bpfToX copies what was loaded to be compared with.
const bpfToX = unix.BPF_MISC | unix.BPF_TAX

func load(at uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: at}
}

// equal compares with a number of this machine's byte order; filters load in the
// network's.
func equal(n uint32, yes, no uint8) unix.SockFilter {
	k := binary.BigEndian.Uint32(binary.NativeEndian.AppendUint32(nil, n))
	return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jt: yes, Jf: no, K: k}
}

func (c *connector) read(raw syscall.RawConn, t *Table) {
	kernel.Urgent()
	buf := make([]byte, 16<<10)
	_ = raw.Read(func(fd uintptr) bool { // ends with close
		for {
			n, fromKernel, err := receive(fd, buf)
			switch {
			case err == unix.EAGAIN:
				return false
			case err == unix.EINTR:
			case err == unix.ENOBUFS:
				t.missed()
			case err != 0:
				return true
			case !fromKernel: // only it is believed
			case parseConnector(buf[:n], func(e procEvent) { t.event(e, c.time(e)) }) != nil:
				t.missed()
			}
		}
	})
}

// receive takes a message that is there. It never waits, so the scheduler need not
// hear of it.
func receive(fd uintptr, buf []byte) (n int, fromKernel bool, err unix.Errno) {
	var from unix.RawSockaddrNetlink
	size := uint32(unix.SizeofSockaddrNetlink)
	r, _, err := unix.RawSyscall6(unix.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(&buf[0])), uintptr(len(buf)), unix.MSG_DONTWAIT,
		uintptr(unsafe.Pointer(&from)), uintptr(unsafe.Pointer(&size)))
	if err != 0 {
		return 0, false, err
	}
	return int(r), from.Family == unix.AF_NETLINK && from.Pid == 0, 0
}

// time is when a message was made.
func (c *connector) time(e procEvent) time.Time {
	now := time.Now()
	if late := now.Sub(c.when) - time.Duration(int64(e.sinceRun)-c.at); late > 0 && late < time.Minute {
		return now.Add(-late)
	}
	return now
}

func (t *Table) event(e procEvent, at time.Time) {
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

func (c *connector) close() { _ = c.file.Close() } // for reading; it ends
