package collect

import (
	"bytes"
	"cmp"
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

	"github.com/attesta/attesta/internal/facts"
)

// socket is one listening socket as the kernel lists it.
type socket struct {
	proto   string
	address netip.Addr
	port    uint16
	uid     uint32
	inode   uint64
}

func readPorts(ctx context.Context, root Root) (facts.Section, error) {
	var rep report
	var sockets []socket
	var err error
	if root.live() {
		sockets, err = diagSockets()
	}
	if !root.live() || err != nil { // no sock_diag in this kernel or sandbox
		sockets, err = procSockets(root)
	}
	if errors.Is(err, fs.ErrNotExist) {
		rep.notObserved("/listening", "no /proc/net here: what listens cannot be known")
		return rep.section("ports", facts.Ports{})
	}
	if err != nil {
		rep.failed("/listening", err)
		return rep.section("ports", facts.Ports{})
	}
	holders, denied, err := socketHolders(ctx, root, sockets)
	if ctx.Err() != nil {
		return facts.Section{}, ctx.Err()
	}
	if err != nil {
		return facts.Section{}, err
	}
	list, unknown, err := listening(root, sockets, holders, denied)
	if err != nil {
		rep.failed("/listening", err)
		return rep.section("ports", facts.Ports{})
	}
	for _, i := range unknown {
		p := "/listening/" + strconv.Itoa(i) + "/process"
		switch {
		case !root.live():
			rep.notObserved(p, notLive)
		case os.Geteuid() != 0:
			rep.add(p, facts.Error, needsRoot+": the process of another user's socket")
		default:
			rep.add(p, facts.Error, "the processes that may hold it could not be looked at")
		}
	}
	return rep.section("ports", facts.Ports{Listening: list})
}

// listening gives the sockets sorted, those that look the same once, and the
// indexes of those whose process is unknown. A socket that nobody holds has
// an empty process, unless some process could not be looked at.
func listening(root Root, sockets []socket, holders map[uint64]string, denied bool) (list []facts.Socket, unknown []int, err error) {
	slices.SortFunc(sockets, func(a, b socket) int {
		return cmp.Or(cmp.Compare(a.proto, b.proto), a.address.Compare(b.address), cmp.Compare(a.port, b.port), cmp.Compare(a.uid, b.uid), cmp.Compare(holders[a.inode], holders[b.inode]), cmp.Compare(a.inode, b.inode))
	})
	users := names{root: root, file: "/etc/passwd"}
	list = []facts.Socket{}
	for i, s := range sockets {
		process, held := holders[s.inode]
		if i > 0 {
			before := sockets[i-1]
			was, wasHeld := holders[before.inode]
			if before.inode = s.inode; before == s && was == process && wasHeld == held {
				continue // several sockets share the port
			}
		}
		user, err := users.of(int64(s.uid))
		if err != nil {
			return nil, nil, err
		}
		out := facts.Socket{Proto: s.proto, Address: s.address.String(), Port: int64(s.port), Loopback: s.address.Unmap().IsLoopback(), UID: int64(s.uid), User: user}
		if held || !denied {
			out.Process = new(process)
		} else {
			unknown = append(unknown, len(list))
		}
		list = append(list, out)
	}
	return list, unknown, nil
}

// socketHolders finds by their open files which processes hold the sockets:
// the name of the one with the lowest number, by inode. denied says that some
// process could not be looked at.
func socketHolders(ctx context.Context, root Root, sockets []socket) (holders map[uint64]string, denied bool, err error) {
	holders = map[uint64]string{}
	if !root.live() {
		return holders, true, nil
	}
	wanted := map[uint64]bool{}
	for _, s := range sockets {
		wanted[s.inode] = true
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
func procSockets(root Root) ([]socket, error) {
	var out []socket
	for _, proto := range []string{"tcp", "tcp6", "udp", "udp6"} {
		file := "/proc/net/" + proto
		err := root.scan(file, func(n int, line []byte) error {
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
func procSocket(proto string, line []byte) (s socket, ok bool, err error) {
	f := bytes.Fields(line)
	if len(f) < 10 {
		return s, false, errors.New("expected ten columns")
	}
	state, err := strconv.ParseUint(string(f[3]), 16, 8)
	if err != nil {
		return s, false, fmt.Errorf("state: %w", err)
	}
	if strings.HasPrefix(proto, "tcp") && state != tcpListen || strings.HasPrefix(proto, "udp") && state != udpClose {
		return s, false, nil
	}
	address, port, found := strings.Cut(string(f[1]), ":")
	raw, err := hex.DecodeString(address)
	if err != nil || !found || len(raw) != 4 && len(raw) != 16 {
		return s, false, fmt.Errorf("address %.60q", f[1])
	}
	for i := 0; i < len(raw); i += 4 { // words in the order of the processor
		binary.NativeEndian.PutUint32(raw[i:], binary.BigEndian.Uint32(raw[i:]))
	}
	p, err := strconv.ParseUint(port, 16, 16)
	if err != nil {
		return s, false, fmt.Errorf("port: %w", err)
	}
	uid, err := strconv.ParseUint(string(f[7]), 10, 32)
	if err != nil {
		return s, false, fmt.Errorf("user: %w", err)
	}
	inode, err := strconv.ParseUint(string(f[9]), 10, 64)
	if err != nil {
		return s, false, fmt.Errorf("inode: %w", err)
	}
	a, _ := netip.AddrFromSlice(raw)
	return socket{proto, a, uint16(p), uint32(uid), inode}, true, nil
}
