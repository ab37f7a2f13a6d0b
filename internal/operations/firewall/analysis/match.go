package analysis

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/facts"
)

// States of a connection, by number.
var states = map[string]uint64{"new": 0, "established": 1, "related": 2, "invalid": 3, "untracked": 4}

var protocols = map[string]uint64{"icmp": 1, "igmp": 2, "ipip": 4, "ipencap": 4, "tcp": 6, "udp": 17, "dccp": 33, "ipv6": 41, "gre": 47, "esp": 50, "ipsec-esp": 50, "ah": 51, "ipsec-ah": 51, "ipv6-icmp": 58, "ospf": 89, "vrrp": 112, "sctp": 132, "udplite": 136}

// ported are the protocols whose packets have ports.
var ported = one(6).union(one(17)).union(one(33)).union(one(132)).union(one(136))

// alphabet numbers the interfaces that rules tell apart: those that are named, one
// for the rest of each beginning (eth*), and 0 for all others.
type alphabet struct {
	exact    map[string]uint64
	patterns []string // beginnings, the longest first
}

func newAlphabet(rules []facts.FirewallRule) *alphabet {
	a := &alphabet{exact: map[string]uint64{"lo": 1}}
	for _, r := range rules {
		for _, name := range slices.Concat(r.InInterfaces, r.OutInterfaces) {
			name = strings.TrimPrefix(name, "!")
			if start, all := strings.CutSuffix(name, "*"); all {
				if start != "" && !slices.Contains(a.patterns, start) {
					a.patterns = append(a.patterns, start)
				}
				continue
			}
			if _, known := a.exact[name]; !known && !strings.HasPrefix(name, "@") {
				a.exact[name] = uint64(len(a.exact) + 1)
			}
		}
	}
	slices.SortFunc(a.patterns, func(x, y string) int { return len(y) - len(x) })
	return a
}

func (a *alphabet) all() ranges { return upTo(uint64(len(a.exact) + len(a.patterns))) }

// rest is the number of interfaces that begin with a pattern and are not named.
func (a *alphabet) rest(i int) uint64 { return uint64(len(a.exact) + 1 + i) }

func (a *alphabet) parse(name string) (ranges, bool) {
	if strings.HasPrefix(name, "@") {
		return nil, false
	}
	start, pattern := strings.CutSuffix(name, "*")
	if !pattern {
		return one(a.exact[name]), true
	}
	if start == "" {
		return a.all(), true
	}
	var out ranges
	for known, n := range a.exact {
		if strings.HasPrefix(known, start) {
			out = out.union(one(n))
		}
	}
	for i, p := range a.patterns {
		if strings.HasPrefix(p, start) {
			out = out.union(one(a.rest(i)))
		}
	}
	return out, true
}

// words names the interfaces of ranges.
func (a *alphabet) words(r ranges) string {
	var out []string
	for name, n := range a.exact {
		if n != 1 && r.has(small(n)) {
			out = append(out, name)
		}
	}
	for i, p := range a.patterns {
		if r.has(small(a.rest(i))) {
			out = append(out, p+"*")
		}
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

func parseProtocol(s string) (ranges, bool) {
	if n, known := protocols[s]; known {
		return one(n), true
	}
	n, err := strconv.ParseUint(s, 10, 8)
	return one(n), err == nil
}

func parseState(s string) (ranges, bool) {
	n, known := states[s]
	return one(n), known
}

func parsePort(s string) (ranges, bool) {
	first, last, between := strings.Cut(s, "-")
	a, err := strconv.ParseUint(first, 10, 16)
	b := a
	if err == nil && between {
		b, err = strconv.ParseUint(last, 10, 16)
	}
	if err != nil || b < a {
		return nil, false
	}
	return from(a, b), true
}

// addresses gives all addresses of an IP version.
func addresses(ip string) ranges {
	if ip == "4" {
		return upTo(1<<32 - 1)
	}
	return ranges{{wide{}, wide{1<<64 - 1, 1<<64 - 1}}}
}

func number(a netip.Addr) wide {
	b := a.As16()
	if a.Is4() {
		return small(uint64(b[12])<<24 | uint64(b[13])<<16 | uint64(b[14])<<8 | uint64(b[15]))
	}
	var w wide
	for i := range 8 {
		w.hi, w.lo = w.hi<<8|uint64(b[i]), w.lo<<8|uint64(b[8+i])
	}
	return w
}

// parseAddress reads 10.0.0.1, 10.0.0.0/8, 10.0.0.0/255.0.0.0, 10.0.0.1-10.0.0.9. One
// of the other IP version is nobody.
func parseAddress(s, ip string) (ranges, bool) {
	of := func(a netip.Addr) bool { return a.Is4() == (ip == "4") }
	if first, last, between := strings.Cut(s, "-"); between {
		a, err1 := netip.ParseAddr(first)
		b, err2 := netip.ParseAddr(last)
		if err1 != nil || err2 != nil || b.Less(a) || a.Is4() != b.Is4() {
			return nil, false
		}
		if !of(a) {
			return nil, true
		}
		return ranges{{number(a), number(b)}}, true
	}
	if at, mask, ok := strings.Cut(s, "/"); ok && strings.Contains(mask, ".") {
		bits, contiguous := ones(mask)
		if !contiguous {
			return nil, false
		}
		s = at + "/" + strconv.Itoa(bits)
	}
	if !strings.Contains(s, "/") {
		a, err := netip.ParseAddr(s)
		if err != nil {
			return nil, false
		}
		if !of(a) {
			return nil, true
		}
		return ranges{{number(a), number(a)}}, true
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return nil, false
	}
	if !of(p.Addr()) {
		return nil, true
	}
	lo := number(p.Masked().Addr())
	hi := lo
	free := p.Addr().BitLen() - p.Bits()
	if free >= 64 {
		hi.lo = 1<<64 - 1
		if free == 128 {
			hi.hi = 1<<64 - 1
		} else {
			hi.hi |= 1<<(free-64) - 1
		}
	} else {
		hi.lo |= 1<<free - 1
	}
	return ranges{{lo, hi}}, true
}

func ones(mask string) (bits int, ok bool) {
	a, err := netip.ParseAddr(mask)
	if err != nil || !a.Is4() {
		return 0, false
	}
	n := uint32(number(a).lo)
	for n&(1<<31) != 0 {
		bits, n = bits+1, n<<1
	}
	return bits, n == 0
}

// matched is what a rule takes of packets: no more than most, for sure least. With
// its rates and flags met it takes open.
type matched struct {
	most, least, open region
	unknown           []string // conditions that are not modelled
	rate              bool     // it takes so many at a time
}

// list is the two bounds of one condition. Elements that begin with ! are taken away
// from the others; those that are not understood may be anything.
func list(elements []string, all ranges, parse func(string) (ranges, bool)) (most, least ranges, unknown []string) {
	var yes, no ranges
	some, open, closed := false, false, false
	for _, e := range elements {
		name, not := strings.CutPrefix(e, "!")
		r, known := parse(name)
		switch {
		case !known:
			unknown = append(unknown, e)
			open, closed = open || !not, closed || not
			some = some || !not
		case not:
			no = no.union(r)
		default:
			yes, some = yes.union(r), true
		}
	}
	most, least = yes, yes
	if !some {
		most, least = all, all
	} else if open {
		most = all
	}
	most, least = most.and(all).without(no), least.and(all).without(no)
	if closed {
		least = nil
	}
	return most, least, unknown
}

// lenient reports whether a condition of another kind is one that whoever wants to
// can meet: a rate, or the flags of a first packet.
func lenient(o string) (met, rate bool) {
	switch {
	case strings.HasPrefix(o, "limit over"), strings.HasPrefix(o, "hashlimit hashlimit-above"):
		return false, false
	case strings.HasPrefix(o, "limit "), strings.HasPrefix(o, "hashlimit "):
		return true, true
	case strings.HasPrefix(o, "to "): // whom in a cloud's network it is for: for them it is open
		return true, false
	case strings.HasPrefix(o, "tcp flags"), strings.HasPrefix(o, "tcp tcp-flags"), strings.HasPrefix(o, "tcp syn"):
		return true, false
	}
	return false, false
}

// narrow is a condition that only machines of one's own can meet, of a cloud's groups.
func narrow(o string) bool {
	return slices.ContainsFunc([]string{"from group ", "from tag ", "from service account ", "from an application security group", "from VirtualNetwork", "from AzureLoadBalancer"}, func(p string) bool { return strings.HasPrefix(o, p) })
}

// local is a condition that every packet meets that is for this host.
func local(o string) bool { return o == "addrtype dst-type LOCAL" || o == "fib daddr type local" }

// match gives what a rule takes of the packets of an IP version.
func match(r *facts.FirewallRule, ip string, interfaces *alphabet) matched {
	var m matched
	if r.Ip != "" && r.Ip != ip {
		return m
	}
	addr := func(s string) (ranges, bool) { return parseAddress(s, ip) }
	var most, least box
	for i, c := range [dimensions]struct {
		elements []string
		all      ranges
		parse    func(string) (ranges, bool)
	}{
		protocol: {r.Protocols, upTo(255), parseProtocol}, source: {r.Sources, addresses(ip), addr}, destination: {r.Destinations, addresses(ip), addr},
		sourcePort: {r.SourcePorts, upTo(65535), parsePort}, destinationPort: {r.DestinationPorts, upTo(65535), parsePort},
		inInterface: {r.InInterfaces, interfaces.all(), interfaces.parse}, outInterface: {r.OutInterfaces, interfaces.all(), interfaces.parse},
		state: {r.States, upTo(uint64(len(states) - 1)), parseState},
	} {
		var unknown []string
		most[i], least[i], unknown = list(c.elements, c.all, c.parse)
		m.unknown = append(m.unknown, unknown...)
	}
	m.most = boxes(most)
	if len(r.SourcePorts)+len(r.DestinationPorts) > 0 {
		least[protocol] = least[protocol].and(ported)
		with, without := most, most
		with[protocol] = most[protocol].and(ported)
		without[protocol] = most[protocol].without(ported)
		without[sourcePort], without[destinationPort] = upTo(65535), upTo(65535)
		m.most = append(boxes(with), boxes(without)...) // what lies where a port would be is not told
	}
	m.open, m.least = boxes(least), boxes(least)
	for _, o := range r.Other {
		met, rate := lenient(o)
		m.rate = m.rate || rate
		m.least = nil
		if !met && !local(o) {
			m.open = nil
			m.unknown = append(m.unknown, o)
		}
	}
	return m
}

func boxes(b box) region {
	if b.empty() {
		return nil
	}
	return region{b}
}
