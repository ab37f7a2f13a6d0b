// Package flows reads with whom a host is connected: one line for all connections
// of a kind, whatever ports their clients took.
//
// Serves B18 (CC6.6) and C7.1d. Invariants:
//   - What was seen within the last hour is told; nothing in it says when, so that a
//     host that does the same all day tells the same all day.
//   - What is kept is bounded, and what did not fit is said.
//   - Nothing is sent and nothing is asked of another host: it reads the kernel's
//     tables. A network namespace that could not be looked into is said.
//
// Floor: edges, below agent/collect. Imports facts, tree, missing, sockets.
package flows

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/attesta/attesta/internal/agent/collect/missing"
	"github.com/attesta/attesta/internal/agent/collect/sockets"
	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
)

// reader keeps what it saw between its looks.
type reader struct {
	mu       sync.Mutex
	kept     *kept             // guarded by mu
	programs map[uint64]string // guarded by mu: of sockets that are open, by inode
}

var host = &reader{kept: newKept(), programs: map[uint64]string{}}

// Read reads section flows.
func Read(ctx context.Context, root tree.Root) (facts.Section, error) {
	if !root.Live() {
		var gaps missing.List
		gaps.NotObserved("", "%s", tree.NotLive)
		return gaps.Section("flows", facts.Flows{})
	}
	return host.read(ctx, root, time.Now())
}

func (r *reader) read(ctx context.Context, root tree.Root, now time.Time) (facts.Section, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var gaps missing.List
	l, err := r.look(ctx, root)
	if ctx.Err() != nil {
		return facts.Section{}, ctx.Err()
	}
	if err != nil {
		gaps.Failed("", err)
		return gaps.Section("flows", facts.Flows{})
	}
	r.kept.take(now, l.flows)
	list, overflow := r.kept.tell(now)
	v := facts.Flows{Flows: list, Conntrack: &l.tracked, Overflow: &overflow, Unseen: l.unseen}
	return gaps.Section("flows", v)
}

// seen is what one look saw.
type seen struct {
	flows   []flow
	tracked bool
	unseen  []string
}

func (r *reader) look(ctx context.Context, root tree.Root) (l seen, err error) {
	waiting, err := sockets.List(root)
	if err != nil {
		return l, err
	}
	connections, err := sockets.Connections()
	if err != nil { // without netlink
		if _, connections, err = sockets.Of(root, "/proc/net"); err != nil {
			return l, err
		}
	}
	chance := ephemeral(root)
	all := []space{{waiting, connections}}
	others, unseen := namespaces(root)
	for _, ns := range others {
		if ctx.Err() != nil {
			return l, ctx.Err()
		}
		waiting, connections, err := sockets.Of(root, "/proc/"+strconv.Itoa(ns.pid)+"/net")
		if tree.Gone(err) {
			continue // its last process has just ended
		}
		if err != nil {
			unseen = append(unseen, ns.name+": "+words(err))
			continue
		}
		all = append(all, space{waiting, connections})
	}
	if err := r.hold(ctx, root, all); err != nil {
		return l, err
	}
	for _, s := range all {
		l.flows = append(l.flows, s.flows(chance, r.programs)...)
	}
	own, err := addresses()
	if err != nil {
		return l, err
	}
	err = root.Scan("/proc/net/nf_conntrack", func(n int, line []byte) error {
		t, ok, err := parseTracked(line)
		if err != nil {
			return fmt.Errorf("/proc/net/nf_conntrack line %d: %w", n, err)
		}
		if f := t.flow(own); ok && tells(f.local, f.remote) && !(own(f.local) && own(f.remote)) {
			l.flows = append(l.flows, f)
		}
		return nil
	})
	switch {
	case err == nil:
		l.tracked = true
	case !tree.Gone(err) && !errors.Is(err, fs.ErrPermission):
		return l, err
	}
	slices.Sort(unseen)
	l.unseen = slices.Compact(append([]string{}, unseen...))
	return l, nil
}

// space is what one network namespace holds.
type space struct {
	waiting     []sockets.Socket
	connections []sockets.Connection
}

// hold finds who holds sockets that were not there at the look before.
func (r *reader) hold(ctx context.Context, root tree.Root, all []space) error {
	programs, fresh := map[uint64]string{}, []sockets.Socket{}
	for _, s := range all {
		for _, c := range s.connections {
			if c.Inode == 0 || !tells(c.Local.Addr(), c.Remote.Addr()) {
				continue
			}
			if name, known := r.programs[c.Inode]; known {
				programs[c.Inode] = name
			} else {
				fresh = append(fresh, sockets.Socket{Inode: c.Inode})
			}
		}
	}
	if len(fresh) > 0 {
		found, _, err := sockets.Holders(ctx, root, fresh)
		if err != nil {
			return err
		}
		for inode, name := range found {
			programs[inode] = name
		}
	}
	r.programs = programs
	return nil
}

// flows says what the connections of a namespace come to. A connection came in
// where its local port is one that the namespace waits at, or is no port that
// clients take by chance while the other one is.
func (s space) flows(chance [2]uint16, programs map[uint64]string) (list []flow) {
	type port struct {
		tcp bool
		n   uint16
	}
	serves := map[port]bool{}
	for _, w := range s.waiting {
		// A UDP socket that is bound to a port of chance is a client without a fixed peer.
		if tcp := strings.HasPrefix(w.Proto, "tcp"); tcp || !within(w.Port, chance) {
			serves[port{tcp, w.Port}] = true
		}
	}
	for _, c := range s.connections {
		if !tells(c.Local.Addr(), c.Remote.Addr()) {
			continue
		}
		local, remote := c.Local.Port(), c.Remote.Port()
		f := flow{out, c.Proto, remote, c.Local.Addr(), c.Remote.Addr().WithZone(""), programs[c.Inode]}
		if serves[port{c.Proto == "tcp", local}] || !serves[port{c.Proto == "tcp", remote}] && !within(local, chance) && within(remote, chance) {
			f.direction, f.port = in, local
		}
		list = append(list, f)
	}
	return list
}

func within(port uint16, r [2]uint16) bool { return port >= r[0] && port <= r[1] }

// tells reports whether a connection says something about the network: not one
// within the host.
func tells(local, remote netip.Addr) bool {
	return local.IsValid() && remote.IsValid() && !local.IsLoopback() && !remote.IsLoopback() && !remote.IsUnspecified() && !remote.IsMulticast() && local != remote
}

// ephemeral gives the range of ports that clients take by chance.
func ephemeral(root tree.Root) [2]uint16 {
	usual := [2]uint16{32768, 60999}
	text, err := root.Text("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		return usual // a kernel without the setting has its default
	}
	f := strings.Fields(text)
	if len(f) != 2 {
		return usual
	}
	low, err1 := strconv.ParseUint(f[0], 10, 16)
	high, err2 := strconv.ParseUint(f[1], 10, 16)
	if err1 != nil || err2 != nil || low > high {
		return usual
	}
	return [2]uint16{uint16(low), uint16(high)}
}

func addresses() (func(netip.Addr) bool, error) {
	list, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	own := map[netip.Addr]bool{}
	for _, a := range list {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			own[p.Addr().Unmap().WithZone("")] = true
		}
	}
	return func(a netip.Addr) bool { return own[a] }, nil
}

// namespace is a network namespace other than the agent's.
type namespace struct {
	pid  int
	name string // of that process
}

// mostSpaces bounds what one look reads.
const mostSpaces = 512

// namespaces gives one process, that with the lowest number, of each other network
// namespace; unseen says of what it could not be told.
func namespaces(root tree.Root) (list []namespace, unseen []string) {
	mine, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		return nil, []string{"all others: " + words(err)}
	}
	names, err := root.Names("/proc")
	if err != nil {
		return nil, []string{"all others: " + words(err)}
	}
	var pids []int
	for _, n := range names {
		if pid, err := strconv.Atoi(n); err == nil {
			pids = append(pids, pid)
		}
	}
	slices.Sort(pids)
	known := map[string]bool{mine: true}
	denied := false
	for _, pid := range pids {
		dir := "/proc/" + strconv.Itoa(pid)
		ns, err := os.Readlink(dir + "/ns/net")
		if errors.Is(err, fs.ErrPermission) {
			denied = true
			continue
		}
		if err != nil || ns == "" || known[ns] {
			continue // it has ended, or is no program
		}
		known[ns] = true
		name := "a process that ended"
		if comm, err := os.ReadFile(dir + "/comm"); err == nil {
			name = tree.Clean(strings.TrimSpace(string(comm)))
		}
		if len(list) == mostSpaces {
			unseen = append(unseen, fmt.Sprintf("others: more than %d network namespaces", mostSpaces))
			break
		}
		list = append(list, namespace{pid, name})
	}
	if denied {
		why := "they cannot be looked at"
		if os.Geteuid() != 0 {
			why = missing.NeedsRoot
		}
		unseen = append(unseen, "processes of other users: "+why)
	}
	return list, unseen
}

func words(err error) string {
	if errors.Is(err, fs.ErrPermission) && os.Geteuid() != 0 {
		return missing.NeedsRoot
	}
	return tree.Clean(err.Error())
}
