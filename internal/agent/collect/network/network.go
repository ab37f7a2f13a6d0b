// Package network reads a host's interfaces, routes, neighbours and how it
// looks names up.
//
// Serves C7.1b, B19. Invariants: nothing is probed and nothing is asked of the
// network; what changes by itself every few seconds (how lately a neighbour
// answered, life times, temporary addresses, traffic counters) is left out, so
// that the sections change when the host does.
//
// The kernel is asked by rtnetlink with the standard library: four dumps, of
// which a few attributes are read. vishvananda/netlink gives the same and would
// cost 1 MB of the agent's 20.
//
// Floor: edges, below agent/collect. Imports facts, tree, missing.
package network

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/agent/collect/missing"
	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
)

// Limits of what is sent.
const (
	maxRoutes     = 10_000
	maxNeighbours = 4_096
	maxHosts      = 20_000
)

// Read reads section network.
func Read(_ context.Context, root tree.Root) (facts.Section, error) {
	var gaps missing.List
	v := facts.Network{Resolvers: &facts.NetworkResolvers{}}
	if !root.Live() {
		gaps.NotObserved("/interfaces", tree.NotLive)
		gaps.NotObserved("/routes", tree.NotLive)
	} else if links, err := kernelLinks(); err != nil {
		gaps.Failed("/interfaces", err)
		gaps.Failed("/routes", err)
	} else {
		v.Interfaces = interfaces(links)
		routes, err := kernelRoutes(links)
		switch {
		case err != nil:
			gaps.Failed("/routes", err)
		case len(routes) > maxRoutes:
			gaps.Add("/routes", facts.Error, fmt.Sprintf("%d routes are more than the %d that are sent", len(routes), maxRoutes))
		default:
			v.Routes = routes
		}
	}
	readResolvers(root, v.Resolvers, &gaps)
	hosts, err := hostsFile(root)
	if gaps.Unless("/hosts", err, "no /etc/hosts") {
		v.Hosts = hosts
	}
	return gaps.Section("network", v)
}

// ReadNeighbours reads section neighbours.
func ReadNeighbours(_ context.Context, root tree.Root) (facts.Section, error) {
	var gaps missing.List
	v := facts.Neighbours{}
	if !root.Live() {
		gaps.NotObserved("/entries", tree.NotLive)
		return gaps.Section("neighbours", v)
	}
	links, err := kernelLinks()
	if err == nil {
		v.Entries, err = kernelNeighbours(links)
	}
	switch {
	case err != nil:
		gaps.Failed("/entries", err)
	case len(v.Entries) > maxNeighbours:
		gaps.Add("/entries", facts.Error, fmt.Sprintf("%d neighbours are more than the %d that are sent", len(v.Entries), maxNeighbours))
		v.Entries = nil
	}
	return gaps.Section("neighbours", v)
}

func interfaces(links map[int]link) []facts.Interface {
	out := []facts.Interface{}
	for _, l := range links {
		slices.Sort(l.addresses)
		out = append(out, facts.Interface{
			Name: l.name, Kind: kind(l), Mac: l.mac, Addresses: append([]string{}, l.addresses...),
			Up: l.up, State: l.state, Mtu: l.mtu, Container: madeByEngine(l),
		})
	}
	slices.SortFunc(out, func(a, b facts.Interface) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// kind names the kind of a link by what the kernel says that made it.
func kind(l link) string {
	switch l.made {
	case "bridge", "bond", "vlan", "veth", "wireguard", "vxlan", "macvlan", "ipvlan", "dummy", "ppp":
		return l.made
	case "team":
		return "bond"
	case "macvtap":
		return "macvlan"
	case "tun", "gre", "gretap", "ipip", "sit", "ip6tnl", "vti", "ip6gre", "geneve", "erspan":
		return "tunnel"
	}
	switch {
	case l.loopback:
		return "loopback"
	case l.made != "":
		return "other"
	case l.wireless:
		return "wireless"
	case l.ethernet:
		return "ethernet"
	}
	return "other"
}

// madeByEngine tells by kind and name what container engines and hypervisors
// make.
func madeByEngine(l link) bool {
	if l.made == "veth" {
		return true
	}
	if rest, ok := strings.CutPrefix(l.name, "br-"); ok && l.made == "bridge" && len(rest) == 12 && strings.Trim(rest, "0123456789abcdef") == "" {
		return true
	}
	for _, p := range []string{"docker", "podman", "cni", "cali", "cilium", "flannel", "lxcbr", "lxdbr", "virbr", "vnet", "nerdctl"} {
		if rest, ok := strings.CutPrefix(l.name, p); ok && (rest == "" || strings.ContainsAny(rest[:1], "0123456789._-")) {
			return true
		}
	}
	return false
}

// hostsFile reads hosts(5).
func hostsFile(root tree.Root) ([]facts.HostsEntry, error) {
	out := []facts.HostsEntry{}
	err := root.Lines("/etc/hosts", func(n int, line string) error {
		line, _, _ = strings.Cut(line, "#")
		f := strings.Fields(line)
		if len(f) < 2 {
			return nil // the resolver skips it too
		}
		if len(out) == maxHosts {
			return fmt.Errorf("more than %d entries", maxHosts)
		}
		out = append(out, facts.HostsEntry{Address: f[0], Names: f[1:], Line: int64(n)})
		return nil
	})
	return out, err
}

const (
	resolvConf = "/etc/resolv.conf"
	upstream   = "/run/systemd/resolve/resolv.conf"
)

func readResolvers(root tree.Root, v *facts.NetworkResolvers, gaps *missing.List) {
	conf, err := resolvers(root, resolvConf)
	if !gaps.Unless("/resolvers", err, "no %s: names are looked up at this host's own resolver, if at all", resolvConf) {
		return
	}
	manager := resolverManager(root, conf.comment)
	v.Servers, v.Search, v.Options, v.Manager = conf.servers, conf.search, conf.options, &manager
	if !slices.Contains(conf.servers, "127.0.0.53") && !slices.Contains(conf.servers, "127.0.0.54") {
		gaps.Absent("/resolvers/upstream", "the name servers are asked directly")
		return
	}
	above, err := resolvers(root, upstream)
	if gaps.Unless("/resolvers/upstream", err, "no %s", upstream) {
		v.Upstream = above.servers
	}
}

// resolverFile is what a file of the form resolv.conf(5) says.
type resolverFile struct {
	servers, search, options []string
	comment                  string // its comments, in lower case
}

func resolvers(root tree.Root, file string) (resolverFile, error) {
	out := resolverFile{servers: []string{}, search: []string{}, options: []string{}}
	err := root.Lines(file, func(_ int, line string) error {
		if line = strings.TrimSpace(line); line == "" {
			return nil
		}
		if line[0] == '#' || line[0] == ';' {
			if len(out.comment) < 4<<10 {
				out.comment += strings.ToLower(line) + "\n"
			}
			return nil
		}
		f := strings.Fields(line)
		switch f[0] {
		case "nameserver":
			if len(f) > 1 {
				out.servers = append(out.servers, f[1])
			}
		case "search", "domain": // the last one counts
			out.search = append([]string{}, f[1:]...)
		case "options":
			out.options = append(out.options, f[1:]...)
		}
		return nil
	})
	slices.Sort(out.options)
	out.options = slices.Compact(out.options)
	return out, err
}

// resolverManager tells who writes resolv.conf: by where it leads, then by
// what its comment says.
func resolverManager(root tree.Root, comment string) string {
	if to, err := root.Readlink(resolvConf); err == nil {
		to = path.Join("/etc", to)
		if path.IsAbs(to) {
			switch {
			case strings.Contains(to, "systemd/resolve"):
				return "systemd-resolved"
			case strings.Contains(to, "NetworkManager"):
				return "networkmanager"
			case strings.Contains(to, "resolvconf"):
				return "resolvconf"
			}
		}
	}
	for _, m := range []struct{ word, manager string }{
		{"systemd-resolved", "systemd-resolved"}, {"networkmanager", "networkmanager"}, {"resolvconf", "resolvconf"},
		{"dhclient", "dhclient"}, {"docker", "docker"}, {"podman", "podman"},
	} {
		if strings.Contains(comment, m.word) {
			return m.manager
		}
	}
	return "file"
}
