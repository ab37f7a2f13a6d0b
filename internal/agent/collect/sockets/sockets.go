// Package sockets lists what waits for connections on a host, and who holds
// it, without a library for all of netlink.
//
// Serves C7.1d. Invariant: the answer is the kernel's, of this network
// namespace; a process that could not be looked at is said to be so.
//
// Floor: edges, below agent/collect. Imports agent/collect/tree.
package sockets

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/agent/collect/tree"
)

// Socket is one socket that waits, as the kernel lists it.
type Socket struct {
	Proto   string // tcp, tcp6, udp, udp6
	Address netip.Addr
	Port    uint16
	UID     uint32
	Inode   uint64
}

// List gives the sockets that listen (TCP) or are bound and unconnected
// (UDP): by netlink, and where that is not to be had, or root is a tree, from
// /proc/net.
func List(root tree.Root) ([]Socket, error) {
	if root.Live() {
		if list, err := diagSockets(); err == nil {
			return list, nil
		}
	}
	return procSockets(root)
}

// Holders finds by their open files which processes hold the sockets:
// the name of the one with the lowest number, by inode. denied says that some
// process could not be looked at.
func Holders(ctx context.Context, root tree.Root, list []Socket) (holders map[uint64]string, denied bool, err error) {
	holders = map[uint64]string{}
	if !root.Live() {
		return holders, true, nil
	}
	wanted := map[uint64]bool{}
	for _, s := range list {
		wanted[s.Inode] = true
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, false, err
	}
	var pids []int
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			pids = append(pids, pid)
		}
	}
	slices.Sort(pids)
	for _, pid := range pids {
		if ctx.Err() != nil {
			return nil, false, ctx.Err()
		}
		if len(holders) == len(wanted) {
			break
		}
		dir := "/proc/" + strconv.Itoa(pid)
		fds, err := os.ReadDir(dir + "/fd")
		if err != nil {
			denied = denied || errors.Is(err, fs.ErrPermission) // else it has just ended
			continue
		}
		for _, fd := range fds {
			to, err := os.Readlink(path.Join(dir, "fd", fd.Name()))
			if err != nil {
				continue // closed meanwhile
			}
			inode, err := strconv.ParseUint(strings.TrimSuffix(strings.TrimPrefix(to, "socket:["), "]"), 10, 64)
			if err != nil || !wanted[inode] {
				continue
			}
			if _, known := holders[inode]; known {
				continue
			}
			if comm, err := os.ReadFile(dir + "/comm"); err == nil {
				holders[inode] = strings.TrimSpace(string(comm))
			}
		}
	}
	return holders, denied, nil
}

// States of sockets that wait, as /proc/net and sock_diag number them.
const (
	tcpListen = 10
	udpClose  = 7 // bound, not connected
)

// procSockets reads /proc/net; kernels without IPv6 have no tcp6 and udp6.
func procSockets(root tree.Root) ([]Socket, error) {
	var out []Socket
	for _, proto := range []string{"tcp", "tcp6", "udp", "udp6"} {
		file := "/proc/net/" + proto
		err := root.Scan(file, func(n int, line []byte) error {
			if n == 1 {
				return nil // headings
			}
			s, ok, err := procSocket(proto, line)
			if ok {
				out = append(out, s)
			}
			return err
		})
		if err != nil && !(strings.HasSuffix(proto, "6") && errors.Is(err, fs.ErrNotExist)) {
			return nil, err
		}
	}
	return out, nil
}

// procSocket reads one line of /proc/net/tcp and its siblings; ok is false for
// sockets that do not wait.
func procSocket(proto string, line []byte) (s Socket, ok bool, err error) {
	l, err := procLine(line)
	if err != nil || strings.HasPrefix(proto, "tcp") && l.state != tcpListen || strings.HasPrefix(proto, "udp") && l.state != udpClose {
		return s, false, err
	}
	return Socket{proto, l.local.Addr(), l.local.Port(), l.uid, l.inode}, true, nil
}

// row is one line of /proc/net/tcp and its siblings.
type row struct {
	local, remote netip.AddrPort
	state         uint8
	uid           uint32
	inode         uint64
}

func procLine(line []byte) (r row, err error) {
	f := bytes.Fields(line)
	if len(f) < 10 {
		return r, errors.New("expected ten columns")
	}
	state, err := strconv.ParseUint(string(f[3]), 16, 8)
	if err != nil {
		return r, fmt.Errorf("state: %w", err)
	}
	if r.local, err = procAddress(f[1]); err != nil {
		return r, err
	}
	if r.remote, err = procAddress(f[2]); err != nil {
		return r, err
	}
	uid, err := strconv.ParseUint(string(f[7]), 10, 32)
	if err != nil {
		return r, fmt.Errorf("user: %w", err)
	}
	if r.inode, err = strconv.ParseUint(string(f[9]), 10, 64); err != nil {
		return r, fmt.Errorf("inode: %w", err)
	}
	r.state, r.uid = uint8(state), uint32(uid)
	return r, nil
}

func procAddress(field []byte) (netip.AddrPort, error) {
	address, port, found := strings.Cut(string(field), ":")
	raw, err := hex.DecodeString(address)
	if err != nil || !found || len(raw) != 4 && len(raw) != 16 {
		return netip.AddrPort{}, fmt.Errorf("address %.60q", field)
	}
	for i := 0; i < len(raw); i += 4 { // words in the order of the processor
		binary.NativeEndian.PutUint32(raw[i:], binary.BigEndian.Uint32(raw[i:]))
	}
	p, err := strconv.ParseUint(port, 16, 16)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("port: %w", err)
	}
	a, _ := netip.AddrFromSlice(raw)
	return netip.AddrPortFrom(a, uint16(p)), nil
}
