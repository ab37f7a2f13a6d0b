package sockets

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"
)

// Sizes of sock_diag(7): struct inet_diag_req_v2 and inet_diag_msg.
const (
	diagRequest = 56
	diagMessage = 72
)

// diagSockets asks the kernel by netlink for the sockets that wait, and only
// those: on a busy host /proc/net would list every connection too.
func diagSockets() ([]Socket, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return nil, fmt.Errorf("sock_diag: %w", err)
	}
	defer unix.Close(fd)
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 5}); err != nil {
		return nil, fmt.Errorf("sock_diag: %w", err)
	}
	var out []Socket
	for _, q := range []struct {
		proto            string
		family, protocol uint8
		state            uint
	}{
		{"tcp", unix.AF_INET, unix.IPPROTO_TCP, tcpListen},
		{"tcp6", unix.AF_INET6, unix.IPPROTO_TCP, tcpListen},
		{"udp", unix.AF_INET, unix.IPPROTO_UDP, udpClose},
		{"udp6", unix.AF_INET6, unix.IPPROTO_UDP, udpClose},
	} {
		request := make([]byte, unix.SizeofNlMsghdr+diagRequest)
		binary.NativeEndian.PutUint32(request[0:], uint32(len(request)))
		binary.NativeEndian.PutUint16(request[4:], unix.SOCK_DIAG_BY_FAMILY)
		binary.NativeEndian.PutUint16(request[6:], unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
		request[16], request[17] = q.family, q.protocol
		binary.NativeEndian.PutUint32(request[20:], 1<<q.state)
		if err := unix.Sendto(fd, request, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
			return nil, fmt.Errorf("sock_diag: %w", err)
		}
		if out, err = diagAnswers(fd, q.proto, out); err != nil {
			return nil, fmt.Errorf("sock_diag %s: %w", q.proto, err)
		}
	}
	return out, nil
}

func diagAnswers(fd int, proto string, out []Socket) ([]Socket, error) {
	buf := make([]byte, 32<<10)
	for {
		n, _, err := unix.Recvfrom(fd, buf, 0)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return nil, err
		}
		messages, err := syscall.ParseNetlinkMessage(buf[:n])
		if err != nil {
			return nil, err
		}
		for _, m := range messages {
			switch m.Header.Type {
			case unix.NLMSG_DONE:
				return out, nil
			case unix.NLMSG_ERROR:
				if len(m.Data) >= 4 {
					return nil, unix.Errno(-int32(binary.NativeEndian.Uint32(m.Data)))
				}
				return nil, errors.New("the kernel refused without a reason")
			case unix.SOCK_DIAG_BY_FAMILY:
				s, err := diagSocket(proto, m.Data)
				if err != nil {
					return nil, err
				}
				out = append(out, s)
			}
		}
	}
}

// diagSocket reads one inet_diag_msg.
func diagSocket(proto string, data []byte) (Socket, error) {
	if len(data) < diagMessage {
		return Socket{}, errors.New("a message is too short")
	}
	length := 4
	if data[0] == unix.AF_INET6 {
		length = 16
	}
	a, _ := netip.AddrFromSlice(data[8 : 8+length])
	return Socket{
		Proto: proto, Address: a, Port: binary.BigEndian.Uint16(data[4:]),
		UID: binary.NativeEndian.Uint32(data[64:]), Inode: uint64(binary.NativeEndian.Uint32(data[68:])),
	}, nil
}
