package sockets

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"strings"

	"github.com/attesta/attesta/internal/agent/collect/tree"

	"golang.org/x/sys/unix"
)

// Connection is one connected socket: a TCP connection that was established, also
// one that is being closed or was closed within the last minute, or a UDP socket
// that has one other side.
type Connection struct {
	Proto         string // tcp, udp
	Local, Remote netip.AddrPort
	Inode         uint64 // 0: nobody holds it any more
}

// connected are the states of TCP after the handshake: established, fin-wait-1,
// fin-wait-2, time-wait, close-wait, last-ack, closing.
const (
	connected    = 1<<1 | 1<<4 | 1<<5 | 1<<6 | 1<<8 | 1<<9 | 1<<11
	udpConnected = 1 << 1
)

// Connections gives the connected sockets of this network namespace by netlink.
func Connections() (out []Connection, err error) {
	d, err := openDiag()
	if err != nil {
		return nil, err
	}
	defer d.close()
	for _, q := range protocols {
		proto, states := "tcp", uint32(connected)
		if q.protocol == unix.IPPROTO_UDP {
			proto, states = "udp", udpConnected
		}
		if err := d.dump(q.family, q.protocol, states, func(data []byte) error {
			c, err := diagConnection(proto, data)
			out = append(out, c)
			return err
		}); err != nil {
			return nil, fmt.Errorf("sock_diag %s: %w", q.proto, err)
		}
	}
	return out, nil
}

// diagConnection reads one inet_diag_msg of a connected socket.
func diagConnection(proto string, data []byte) (Connection, error) {
	if len(data) < diagMessage {
		return Connection{}, errors.New("a message is too short")
	}
	length := 4
	if data[0] == unix.AF_INET6 {
		length = 16
	}
	from, _ := netip.AddrFromSlice(data[8 : 8+length])
	to, _ := netip.AddrFromSlice(data[24 : 24+length])
	return Connection{Proto: proto, Local: netip.AddrPortFrom(from.Unmap(), binary.BigEndian.Uint16(data[4:])), Remote: netip.AddrPortFrom(to.Unmap(), binary.BigEndian.Uint16(data[6:])),
		Inode: uint64(binary.NativeEndian.Uint32(data[68:]))}, nil
}

// Of gives the sockets that wait and those that are connected as the files of
// one directory say: /proc/net, or /proc/PID/net of a process in another
// network namespace.
func Of(root tree.Root, dir string) (waiting []Socket, connections []Connection, err error) {
	for _, q := range protocols {
		err := root.Scan(dir+"/"+q.proto, func(n int, line []byte) error {
			if n == 1 {
				return nil // headings
			}
			r, err := procLine(line)
			if err != nil {
				return err
			}
			tcp := strings.HasPrefix(q.proto, "tcp")
			switch {
			case tcp && r.state == tcpListen, !tcp && r.state == udpClose:
				waiting = append(waiting, Socket{q.proto, r.local.Addr(), r.local.Port(), r.uid, r.inode})
			case tcp && r.state < 32 && connected&(1<<r.state) != 0, !tcp && r.state < 32 && udpConnected&(1<<r.state) != 0:
				connections = append(connections, Connection{q.proto[:3], netip.AddrPortFrom(r.local.Addr().Unmap(), r.local.Port()), netip.AddrPortFrom(r.remote.Addr().Unmap(), r.remote.Port()), r.inode})
			}
			return nil
		})
		if err != nil && !(strings.HasSuffix(q.proto, "6") && errors.Is(err, fs.ErrNotExist)) {
			return nil, nil, err
		}
	}
	return waiting, connections, nil
}
