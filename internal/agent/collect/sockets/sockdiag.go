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

// diag asks the kernel by netlink for sockets in some states, and only those: on a
// busy host /proc/net would list every connection too.
type diag struct{ fd int }

func openDiag() (diag, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return diag{}, fmt.Errorf("sock_diag: %w", err)
	}
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 5}); err != nil {
		unix.Close(fd)
		return diag{}, fmt.Errorf("sock_diag: %w", err)
	}
	return diag{fd}, nil
}

func (d diag) close() { unix.Close(d.fd) }

// protocols are what is asked for, as /proc/net names its files.
var protocols = []struct {
	proto            string
	family, protocol uint8
}{{"tcp", unix.AF_INET, unix.IPPROTO_TCP}, {"tcp6", unix.AF_INET6, unix.IPPROTO_TCP}, {"udp", unix.AF_INET, unix.IPPROTO_UDP}, {"udp6", unix.AF_INET6, unix.IPPROTO_UDP}}

func diagSockets() (out []Socket, err error) {
	d, err := openDiag()
	if err != nil {
		return nil, err
	}
	defer d.close()
	for _, q := range protocols {
		state := uint32(1) << tcpListen
		if q.protocol == unix.IPPROTO_UDP {
			state = 1 << udpClose
		}
		if err := d.dump(q.family, q.protocol, state, func(data []byte) error {
			s, err := diagSocket(q.proto, data)
			out = append(out, s)
			return err
		}); err != nil {
			return nil, fmt.Errorf("sock_diag %s: %w", q.proto, err)
		}
	}
	return out, nil
}

// dump calls each with the messages of the sockets in the given states.
func (d diag) dump(family, protocol uint8, states uint32, each func(data []byte) error) error {
	request := make([]byte, unix.SizeofNlMsghdr+diagRequest)
	binary.NativeEndian.PutUint32(request[0:], uint32(len(request)))
	binary.NativeEndian.PutUint16(request[4:], unix.SOCK_DIAG_BY_FAMILY)
	binary.NativeEndian.PutUint16(request[6:], unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	request[16], request[17] = family, protocol
	binary.NativeEndian.PutUint32(request[20:], states)
	if err := unix.Sendto(d.fd, request, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return err
	}
	buf := make([]byte, 32<<10)
	for {
		n, _, err := unix.Recvfrom(d.fd, buf, 0)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return err
		}
		done, err := diagMessages(buf[:n], each)
		if done || err != nil {
			return err
		}
	}
}

// diagMessages reads one answer of the kernel; done says that it was the last.
func diagMessages(raw []byte, each func(data []byte) error) (done bool, err error) {
	messages, err := syscall.ParseNetlinkMessage(raw)
	if err != nil {
		return false, err
	}
	for _, m := range messages {
		switch m.Header.Type {
		case unix.NLMSG_DONE:
			return true, nil
		case unix.NLMSG_ERROR:
			if len(m.Data) >= 4 {
				return false, unix.Errno(-int32(binary.NativeEndian.Uint32(m.Data)))
			}
			return false, errors.New("the kernel refused without a reason")
		case unix.SOCK_DIAG_BY_FAMILY:
			if err := each(m.Data); err != nil {
				return false, err
			}
		}
	}
	return false, nil
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
