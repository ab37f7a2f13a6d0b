package network

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
)

// link is what rtnetlink says about one interface.
type link struct {
	name, mac, state string
	made             string // IFLA_INFO_KIND: what made it; empty for hardware
	addresses        []string
	mtu              int64
	up, loopback     bool
	ethernet         bool
	wireless         bool
}

func dump(kind, family int) ([]byte, error) {
	b, err := syscall.NetlinkRIB(kind, family)
	if err != nil {
		return nil, fmt.Errorf("rtnetlink: %w", os.NewSyscallError("dump", err))
	}
	return b, nil
}

// kernelLinks gives the interfaces of this network namespace by index.
func kernelLinks() (map[int]link, error) {
	raw, err := dump(unix.RTM_GETLINK, unix.AF_UNSPEC)
	if err != nil {
		return nil, err
	}
	links, err := parseLinks(raw)
	if err != nil {
		return nil, err
	}
	for i, l := range links {
		if l.ethernet && l.made == "" {
			if _, err := os.Stat(path.Join("/sys/class/net", l.name, "wireless")); err == nil {
				l.wireless = true
				links[i] = l
			}
		}
	}
	if raw, err = dump(unix.RTM_GETADDR, unix.AF_UNSPEC); err != nil {
		return nil, err
	}
	return links, parseAddresses(raw, links)
}

// each calls f with the messages of one kind: their fixed part of size bytes,
// and their attributes.
func each(raw []byte, kind uint16, size int, f func(fixed []byte, attributes map[uint16][]byte) error) error {
	messages, err := syscall.ParseNetlinkMessage(raw)
	if err != nil {
		return fmt.Errorf("rtnetlink: %w", err)
	}
	for _, m := range messages {
		if m.Header.Type == unix.NLMSG_ERROR {
			return errors.New("rtnetlink: the kernel refused")
		}
		if m.Header.Type != kind {
			continue
		}
		if len(m.Data) < size {
			return errors.New("rtnetlink: a message that is too short")
		}
		attributes, err := parseAttributes(m.Data[size:])
		if err != nil {
			return err
		}
		if err := f(m.Data[:size], attributes); err != nil {
			return err
		}
	}
	return nil
}

// parseAttributes reads attributes; of several of one type, the first counts.
func parseAttributes(b []byte) (map[uint16][]byte, error) {
	out := map[uint16][]byte{}
	for len(b) >= unix.SizeofRtAttr {
		size, kind := int(binary.NativeEndian.Uint16(b)), binary.NativeEndian.Uint16(b[2:])&0x3fff
		if size < unix.SizeofRtAttr || size > len(b) {
			return nil, errors.New("rtnetlink: an attribute longer than its message")
		}
		if _, twice := out[kind]; !twice {
			out[kind] = b[unix.SizeofRtAttr:size]
		}
		b = b[min((size+3)&^3, len(b)):]
	}
	return out, nil
}

func text(b []byte) string {
	s, _, _ := strings.Cut(string(b), "\x00")
	return tree.Clean(s)
}

func uint32Of(b []byte) uint32 {
	if len(b) < 4 {
		return 0
	}
	return binary.NativeEndian.Uint32(b)
}

// operStates by RFC 2863, as the kernel numbers them.
var operStates = []string{"unknown", "notpresent", "down", "lowerlayerdown", "testing", "dormant", "up"}

func parseLinks(raw []byte) (map[int]link, error) {
	out := map[int]link{}
	err := each(raw, unix.RTM_NEWLINK, unix.SizeofIfInfomsg, func(fixed []byte, a map[uint16][]byte) error {
		hardware, flags := binary.NativeEndian.Uint16(fixed[2:]), binary.NativeEndian.Uint32(fixed[8:])
		l := link{name: text(a[unix.IFLA_IFNAME]), mtu: int64(uint32Of(a[unix.IFLA_MTU])), state: "unknown",
			up: flags&unix.IFF_UP != 0, loopback: flags&unix.IFF_LOOPBACK != 0, ethernet: hardware == unix.ARPHRD_ETHER}
		if mac := a[unix.IFLA_ADDRESS]; len(mac) > 0 && strings.Trim(string(mac), "\x00") != "" {
			l.mac = net.HardwareAddr(mac).String()
		}
		if s := a[unix.IFLA_OPERSTATE]; len(s) > 0 && int(s[0]) < len(operStates) {
			l.state = operStates[s[0]]
		}
		if info, ok := a[unix.IFLA_LINKINFO]; ok {
			inner, err := parseAttributes(info)
			if err != nil {
				return err
			}
			l.made = text(inner[unix.IFLA_INFO_KIND])
		}
		out[int(int32(binary.NativeEndian.Uint32(fixed[4:])))] = l
		return nil
	})
	return out, err
}

func parseAddresses(raw []byte, links map[int]link) error {
	return each(raw, unix.RTM_NEWADDR, unix.SizeofIfAddrmsg, func(fixed []byte, a map[uint16][]byte) error {
		flags := uint32(fixed[2])
		if wide, ok := a[unix.IFA_FLAGS]; ok {
			flags = uint32Of(wide)
		}
		index := int(binary.NativeEndian.Uint32(fixed[4:]))
		l, known := links[index]
		if !known || fixed[0] == unix.AF_INET6 && flags&unix.IFA_F_TEMPORARY != 0 {
			return nil // temporary addresses change by themselves
		}
		own, ok := a[unix.IFA_LOCAL] // of a point-to-point link IFA_ADDRESS is the other end
		if !ok {
			own = a[unix.IFA_ADDRESS]
		}
		if addr, ok := netip.AddrFromSlice(own); ok {
			l.addresses = append(l.addresses, fmt.Sprintf("%s/%d", addr, fixed[1]))
			links[index] = l
		}
		return nil
	})
}

func kernelRoutes(links map[int]link) ([]facts.Route, error) {
	raw, err := dump(unix.RTM_GETROUTE, unix.AF_UNSPEC)
	if err != nil {
		return nil, err
	}
	return parseRoutes(raw, links)
}

// Words for numbers of rtnetlink(7).
var (
	routeOrigins = map[byte]string{unix.RTPROT_KERNEL: "kernel", unix.RTPROT_BOOT: "boot", unix.RTPROT_STATIC: "static", unix.RTPROT_DHCP: "dhcp", unix.RTPROT_RA: "ra",
		unix.RTPROT_ZEBRA: "zebra", unix.RTPROT_BIRD: "bird", unix.RTPROT_BGP: "bgp", unix.RTPROT_OSPF: "ospf", unix.RTPROT_ISIS: "isis", unix.RTPROT_RIP: "rip"}
	routeKinds = map[byte]string{unix.RTN_UNICAST: "unicast", unix.RTN_BLACKHOLE: "blackhole", unix.RTN_UNREACHABLE: "unreachable", unix.RTN_PROHIBIT: "prohibit",
		unix.RTN_MULTICAST: "multicast", unix.RTN_ANYCAST: "anycast"}
)

func parseRoutes(raw []byte, links map[int]link) ([]facts.Route, error) {
	out := []facts.Route{}
	err := each(raw, unix.RTM_NEWROUTE, unix.SizeofRtMsg, func(fixed []byte, a map[uint16][]byte) error {
		family, bits, table, protocol, kind := fixed[0], fixed[1], uint32(fixed[4]), fixed[5], fixed[7]
		if wide, ok := a[unix.RTA_TABLE]; ok {
			table = uint32Of(wide)
		}
		if table == unix.RT_TABLE_LOCAL || binary.NativeEndian.Uint32(fixed[8:])&unix.RTM_F_CLONED != 0 || family != unix.AF_INET && family != unix.AF_INET6 {
			return nil
		}
		r := facts.Route{Destination: "0.0.0.0/0", Metric: int64(uint32Of(a[unix.RTA_PRIORITY])), Origin: or(routeOrigins[protocol]), Kind: or(routeKinds[kind]), Table: int64(table)}
		if family == unix.AF_INET6 {
			r.Destination = "::/0"
		}
		if addr, ok := netip.AddrFromSlice(a[unix.RTA_DST]); ok {
			r.Destination = fmt.Sprintf("%s/%d", addr, bits)
		}
		if addr, ok := netip.AddrFromSlice(a[unix.RTA_PREFSRC]); ok {
			r.Source = addr.String()
		}
		gateways, interfaces := []string{gateway(a)}, []string{links[int(uint32Of(a[unix.RTA_OIF]))].name}
		if ways, ok := a[unix.RTA_MULTIPATH]; ok {
			var err error
			if gateways, interfaces, err = severalWays(ways, links); err != nil {
				return err
			}
		}
		r.Gateway, r.Interface = joined(gateways), joined(interfaces)
		out = append(out, r)
		return nil
	})
	slices.SortFunc(out, func(a, b facts.Route) int {
		return cmp.Or(cmp.Compare(a.Table, b.Table), cmp.Compare(a.Destination, b.Destination), cmp.Compare(a.Metric, b.Metric), cmp.Compare(a.Interface, b.Interface), cmp.Compare(a.Gateway, b.Gateway), cmp.Compare(a.Kind, b.Kind))
	})
	return out, err
}

func or(s string) string {
	if s == "" {
		return "other"
	}
	return s
}

// gateway gives the next router; of an IPv4 route it may be an IPv6 one
// (RTA_VIA: a family, then the address).
func gateway(a map[uint16][]byte) string {
	raw := a[unix.RTA_GATEWAY]
	if via := a[unix.RTA_VIA]; len(raw) == 0 && len(via) > 2 {
		raw = via[2:]
	}
	if addr, ok := netip.AddrFromSlice(raw); ok {
		return addr.String()
	}
	return ""
}

// severalWays reads RTA_MULTIPATH: struct rtnexthop (length, flags, hops,
// interface) with attributes, one after the other.
func severalWays(b []byte, links map[int]link) (gateways, interfaces []string, err error) {
	for len(b) >= unix.SizeofRtNexthop {
		size := int(binary.NativeEndian.Uint16(b))
		if size < unix.SizeofRtNexthop || size > len(b) {
			return nil, nil, errors.New("rtnetlink: a way longer than its route")
		}
		a, err := parseAttributes(b[unix.SizeofRtNexthop:size])
		if err != nil {
			return nil, nil, err
		}
		gateways = append(gateways, gateway(a))
		interfaces = append(interfaces, links[int(binary.NativeEndian.Uint32(b[4:]))].name)
		b = b[min((size+3)&^3, len(b)):]
	}
	return gateways, interfaces, nil
}

func joined(list []string) string {
	list = slices.DeleteFunc(list, func(s string) bool { return s == "" })
	slices.Sort(list)
	return strings.Join(slices.Compact(list), ",")
}

func kernelNeighbours(links map[int]link) ([]facts.Neighbour, error) {
	raw, err := dump(unix.RTM_GETNEIGH, unix.AF_UNSPEC)
	if err != nil {
		return nil, err
	}
	return parseNeighbours(raw, links)
}

func parseNeighbours(raw []byte, links map[int]link) ([]facts.Neighbour, error) {
	out := []facts.Neighbour{}
	err := each(raw, unix.RTM_NEWNEIGH, unix.SizeofNdMsg, func(fixed []byte, a map[uint16][]byte) error {
		state, flags := binary.NativeEndian.Uint16(fixed[8:]), fixed[10]
		addr, ok := netip.AddrFromSlice(a[unix.NDA_DST])
		mac := a[unix.NDA_LLADDR]
		if !ok || len(mac) == 0 || strings.Trim(string(mac), "\x00") == "" || state&(unix.NUD_NOARP|unix.NUD_INCOMPLETE|unix.NUD_FAILED) != 0 || flags&unix.NTF_PROXY != 0 {
			return nil // multicast, tunnels, and what was asked for and did not answer
		}
		n := facts.Neighbour{Address: addr.String(), Mac: net.HardwareAddr(mac).String(), Interface: links[int(binary.NativeEndian.Uint32(fixed[4:]))].name, State: "learned", Router: flags&unix.NTF_ROUTER != 0}
		if state&unix.NUD_PERMANENT != 0 {
			n.State = "permanent"
		}
		out = append(out, n)
		return nil
	})
	slices.SortFunc(out, func(a, b facts.Neighbour) int {
		return cmp.Or(cmp.Compare(a.Interface, b.Interface), cmp.Compare(a.Address, b.Address), cmp.Compare(a.Mac, b.Mac))
	})
	return out, err
}
