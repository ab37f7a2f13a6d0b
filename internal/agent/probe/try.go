package probe

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/attesta/attesta/internal/wire"

	"golang.org/x/sys/unix"
)

// States of a try.
const (
	open        = "open"
	refused     = "refused"
	unreachable = "unreachable"
	silent      = "silent"
	failed      = "error"
)

// try makes one connection, or sends one datagram, and says what became of it.
func try(t wire.ProbeTarget, to netip.AddrPort, timeout time.Duration) wire.Probed {
	began := time.Now()
	out := wire.Probed{ProbeTarget: t, At: began.UTC()}
	var local netip.AddrPort
	var err error
	out.State, out.Reason, local, err = connect(t.Protocol, to, timeout)
	if err != nil {
		out.State, out.Reason = failed, err.Error()
	}
	if local.IsValid() {
		out.Local = local.String()
	}
	out.TookUs = time.Since(began).Microseconds()
	return out
}

// connect uses a socket of its own rather than package net: which machine refused
// is in the socket's error queue, which net does not show.
func connect(protocol string, to netip.AddrPort, timeout time.Duration) (state, reason string, local netip.AddrPort, err error) {
	family, kind := unix.AF_INET, unix.SOCK_STREAM
	if to.Addr().Is6() {
		family = unix.AF_INET6
	}
	if protocol == "udp" {
		kind = unix.SOCK_DGRAM
	}
	fd, err := unix.Socket(family, kind|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return "", "", local, fmt.Errorf("socket: %w", err)
	}
	defer unix.Close(fd)
	if family == unix.AF_INET {
		err = unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_RECVERR, 1)
	} else {
		err = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_RECVERR, 1)
	}
	if err != nil {
		return "", "", local, fmt.Errorf("ask for the reasons of failures: %w", err)
	}
	if protocol == "tcp" { // a connection that opens is reset: neither side keeps it
		if err := unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}); err != nil {
			return "", "", local, fmt.Errorf("linger: %w", err)
		}
	}
	err = unix.Connect(fd, sockaddr(to))
	if protocol == "udp" && err == nil {
		_, err = unix.Write(fd, nil)
		if err == nil {
			err = unix.EINPROGRESS
		}
	}
	local = localOf(fd)
	if errors.Is(err, unix.EINPROGRESS) {
		ready, perr := poll(fd, protocol, timeout)
		if perr != nil {
			return "", "", local, perr
		}
		local = localOf(fd)
		if !ready {
			if protocol == "udp" {
				return silent, fmt.Sprintf("no answer within %s; a UDP service that does not answer to an empty datagram looks the same as a filter", timeout), local, nil
			}
			return silent, fmt.Sprintf("no answer within %s: something on the way, or the other side, drops it", timeout), local, nil
		}
		n, gerr := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
		if gerr != nil {
			return "", "", local, fmt.Errorf("result: %w", gerr)
		}
		err = nil
		if n != 0 {
			err = unix.Errno(n)
		}
	}
	state, reason, err = outcome(protocol, to, err, who(fd))
	return state, reason, local, err
}

// outcome says what an error of a connection means. icmp says who answered by ICMP,
// and what, where somebody did.
func outcome(protocol string, to netip.AddrPort, err error, icmp said) (state, reason string, _ error) {
	switch {
	case err == nil && protocol == "udp":
		return open, "it answered", nil
	case err == nil:
		return open, "the connection was opened, and reset at once", nil
	case errors.Is(err, unix.ECONNREFUSED) && protocol == "udp" && (!icmp.from.IsValid() || icmp.from == to.Addr()):
		return refused, "the other side says that nobody listens there: the way is open", nil
	case errors.Is(err, unix.ECONNREFUSED) && icmp.from.IsValid():
		return unreachable, "a filter refused it by ICMP: " + icmp.words(), nil
	case errors.Is(err, unix.ECONNREFUSED):
		return refused, "the other side refused it: the way is open, and nobody listens there", nil
	case errors.Is(err, unix.ETIMEDOUT):
		return silent, "no answer", nil
	case errors.Is(err, unix.EHOSTUNREACH), errors.Is(err, unix.ENETUNREACH), errors.Is(err, unix.ENOPROTOOPT), errors.Is(err, unix.EHOSTDOWN):
		if icmp.from.IsValid() {
			return unreachable, icmp.words(), nil
		}
		return unreachable, err.Error(), nil
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		return unreachable, "this host's own packet filter does not let it out", nil
	case errors.Is(err, unix.ECONNRESET):
		return refused, "the other side reset it: the way is open", nil
	}
	return "", "", err
}

func poll(fd int, protocol string, timeout time.Duration) (bool, error) {
	events := int16(unix.POLLOUT)
	if protocol == "udp" {
		events = unix.POLLIN
	}
	end := time.Now().Add(timeout)
	for {
		left := time.Until(end)
		if left <= 0 {
			return false, nil
		}
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: events}}, int(left.Milliseconds())+1)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return false, fmt.Errorf("wait: %w", err)
		}
		return n > 0, nil
	}
}

func sockaddr(to netip.AddrPort) unix.Sockaddr {
	if to.Addr().Is6() {
		return &unix.SockaddrInet6{Port: int(to.Port()), Addr: to.Addr().As16()}
	}
	return &unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()}
}

func localOf(fd int) netip.AddrPort {
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return netip.AddrPort{}
	}
	switch a := sa.(type) {
	case *unix.SockaddrInet4:
		if a.Port != 0 {
			return netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port))
		}
	case *unix.SockaddrInet6:
		if a.Port != 0 {
			return netip.AddrPortFrom(netip.AddrFrom16(a.Addr), uint16(a.Port))
		}
	}
	return netip.AddrPort{}
}

// said is what somebody answered by ICMP.
type said struct {
	from       netip.Addr
	kind, code uint8
}

func (s said) words() string {
	return fmt.Sprintf("%s says so (type %d, code %d)", s.from, s.kind, s.code)
}

// who reads the socket's error queue.
func who(fd int) said {
	oob := make([]byte, 512)
	_, n, _, _, err := unix.Recvmsg(fd, make([]byte, 64), oob, unix.MSG_ERRQUEUE|unix.MSG_DONTWAIT)
	if err != nil {
		return said{}
	}
	s, _ := parseQueue(oob[:n])
	return s
}

// sizeExtendedErr is the size of struct sock_extended_err; behind it stands the
// address of who said so.
const sizeExtendedErr = 16

// parseQueue reads the control messages of an error queue; ok is false where none
// tells of an ICMP message.
func parseQueue(oob []byte) (s said, ok bool) {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return said{}, false
	}
	for _, m := range messages {
		four := m.Header.Level == unix.IPPROTO_IP && m.Header.Type == unix.IP_RECVERR
		six := m.Header.Level == unix.IPPROTO_IPV6 && m.Header.Type == unix.IPV6_RECVERR
		if !four && !six || len(m.Data) < sizeExtendedErr {
			continue
		}
		origin := m.Data[4]
		if origin != unix.SO_EE_ORIGIN_ICMP && origin != unix.SO_EE_ORIGIN_ICMP6 {
			continue
		}
		s.kind, s.code = m.Data[5], m.Data[6]
		at := m.Data[sizeExtendedErr:]
		if len(at) < 2 {
			continue
		}
		switch family := binary.NativeEndian.Uint16(at); {
		case family == unix.AF_INET && len(at) >= 8:
			s.from, _ = netip.AddrFromSlice(at[4:8])
		case family == unix.AF_INET6 && len(at) >= 24:
			s.from, _ = netip.AddrFromSlice(at[8:24])
			s.from = s.from.Unmap()
		default:
			continue
		}
		return s, true
	}
	return said{}, false
}
