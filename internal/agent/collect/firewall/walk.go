package firewall

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/facts"
)

// walker follows a packet through chains.
type walker struct {
	set   Ruleset
	rules map[string][]facts.FirewallRule // by chainKey
}

func newWalker(set Ruleset) *walker {
	w := &walker{set: set, rules: map[string][]facts.FirewallRule{}}
	for _, r := range set.Rules {
		key := chainKey(r.Engine, r.Family, r.Table, r.Chain)
		w.rules[key] = append(w.rules[key], r)
	}
	return w
}

// maxDepth of jumps; the kernel refuses more than 16.
const maxDepth = 32

// packet is one of a new connection, from an address and to a port that nobody
// names, which came in by an interface that nobody names.
type packet struct{ ip, protocol string }

// base gives the chains of a hook that see packets of an IP version, in their
// order.
func (w *walker) base(hook, kind, ip string) []facts.FirewallChain {
	var out []facts.FirewallChain
	for _, c := range w.set.Chains {
		family := c.Family == "inet" || c.Family == "ip" && ip == "4" || c.Family == "ip6" && ip == "6"
		if c.Hook == hook && c.Kind == kind && family {
			out = append(out, c)
		}
	}
	slices.SortStableFunc(out, func(a, b facts.FirewallChain) int { return cmp.Compare(a.Priority, b.Priority) })
	return out
}

// openness orders fates from strict to open.
var openness = map[string]int{"drop": 0, "reject": 1, "accept": 2, "none": 3}

// fate gives what becomes of a packet that no rule mentions, and what decides
// it. A packet has to be let through by every chain of the hook. Of tcp and
// udp, the more open fate counts.
func (w *walker) fate(hook, ip string) (fate, by string) {
	for _, protocol := range []string{"tcp", "udp"} {
		f, why := "none", "no chain filters "+hook
		for _, c := range w.base(hook, "filter", ip) {
			g, reason := w.through(c, packet{ip, protocol})
			if f == "none" || openness[g] < openness[f] {
				f, why = g, reason
			}
		}
		if fate == "" || openness[f] > openness[fate] {
			fate, by = f, why
		}
	}
	return fate, by
}

// through sends a packet through a base chain.
func (w *walker) through(c facts.FirewallChain, p packet) (fate, by string) {
	if r, decided := w.follow(c.Engine, c.Family, c.Table, c.Name, p, 0); decided {
		return r.Verdict, Words(r)
	}
	return c.Policy, "policy of " + strings.Join([]string{c.Family, c.Table, c.Name}, " ")
}

// follow gives the rule that decides about a packet in a chain and the chains
// it jumps to. It is false where the chain ends without a decision; a goto
// ends the chain that it stands in.
func (w *walker) follow(engine, family, table, chain string, p packet, depth int) (facts.FirewallRule, bool) {
	if depth > maxDepth {
		return facts.FirewallRule{}, false
	}
	for _, r := range w.rules[chainKey(engine, family, table, chain)] {
		if !p.meets(r) {
			continue
		}
		switch r.Verdict {
		case "accept", "drop", "reject":
			return r, true
		case "queue": // a program decides, and may let it in
			r.Verdict = "accept"
			return r, true
		case "return":
			return facts.FirewallRule{}, false
		case "jump", "goto":
			if d, decided := w.follow(engine, family, table, r.Target, p, depth+1); decided || r.Verdict == "goto" {
				return d, decided
			}
		}
	}
	return facts.FirewallRule{}, false
}

// meets reports whether the packet meets all conditions of a rule. A condition
// that the model does not know is met by nobody, with two exceptions that err
// on the open side: a limit, and TCP flags, where the rule lets something in.
func (p packet) meets(r facts.FirewallRule) bool {
	if r.Ip != "" && r.Ip != p.ip || !anyOf(r.Protocols, p.protocol) {
		return false
	}
	for _, list := range [][]string{r.Sources, r.Destinations} {
		if len(list) > 0 && !slices.ContainsFunc(list, everybody) {
			return false
		}
	}
	for _, list := range [][]string{r.SourcePorts, r.DestinationPorts} {
		if len(list) > 0 && !slices.ContainsFunc(list, everyPort) {
			return false
		}
	}
	for _, list := range [][]string{r.InInterfaces, r.OutInterfaces} {
		if len(list) > 0 && !slices.ContainsFunc(list, func(i string) bool { return i == "*" || i[:min(len(i), 1)] == "!" }) {
			return false
		}
	}
	return anyOf(r.States, "new") && !conditional(r)
}

// anyOf reports whether v is among the values of a condition: no values, v, or
// a negation that does not name v.
func anyOf(list []string, v string) bool {
	if len(list) == 0 || slices.Contains(list, v) {
		return true
	}
	return strings.HasPrefix(list[0], "!") && !slices.Contains(list, "!"+v)
}

// everybody reports whether a value of a condition about addresses takes in
// (nearly) everybody.
func everybody(a string) bool {
	return a == "0.0.0.0/0" || a == "::/0" || strings.HasPrefix(a, "!") || a == "0.0.0.0-255.255.255.255"
}

// everyPort reports whether a value of a condition about ports takes in nearly
// all of them.
func everyPort(s string) bool {
	if strings.HasPrefix(s, "!") {
		return true
	}
	first, last, ok := strings.Cut(s, "-")
	if !ok {
		return false
	}
	from, err1 := strconv.Atoi(first)
	to, err2 := strconv.Atoi(last)
	return err1 == nil && err2 == nil && to-from >= 60_000
}

// conditional reports whether a rule has conditions that not everybody meets.
func conditional(r facts.FirewallRule) bool {
	opens := r.Verdict == "accept" || r.Verdict == "dnat" || r.Verdict == "redirect" || r.Verdict == "jump" || r.Verdict == "goto" || r.Verdict == "queue"
	return slices.ContainsFunc(r.Other, func(o string) bool {
		if o == "addrtype dst-type LOCAL" || o == "fib daddr type local" { // a packet to this host
			return false
		}
		lenient := strings.HasPrefix(o, "limit ") && !strings.HasPrefix(o, "limit over") || strings.HasPrefix(o, "hashlimit ") || strings.HasPrefix(o, "recent ") ||
			strings.HasPrefix(o, "tcp flags") || strings.HasPrefix(o, "tcp tcp-flags") || strings.HasPrefix(o, "tcp syn")
		return !opens || !lenient
	})
}

// way is what narrowed a packet's path on its way to a chain.
type way struct {
	interfaces []string
	ip         string
}

// open lists what the rules of the input hook, and of address translation, let
// in from everybody.
func (w *walker) open() *facts.FirewallOpen {
	out := &facts.FirewallOpen{AnyAny: []string{}, Interfaces: []string{}, Ports: []facts.OpenPort{}}
	done := map[string]bool{}
	for _, ip := range []string{"4", "6"} {
		for _, c := range w.base("input", "filter", ip) {
			for _, protocol := range []string{"tcp", "udp"} {
				if r, decided := w.follow(c.Engine, c.Family, c.Table, c.Name, packet{ip, protocol}, 0); decided && r.Verdict == "accept" {
					out.AnyAny = append(out.AnyAny, Words(r))
				}
			}
			w.collect(c.Engine, c.Family, c.Table, c.Name, "input", way{ip: familyIP(c.Family)}, out, done, 0)
		}
		for _, c := range w.base("prerouting", "nat", ip) {
			w.collect(c.Engine, c.Family, c.Table, c.Name, "dnat", way{ip: familyIP(c.Family)}, out, done, 0)
		}
	}
	for _, list := range []*[]string{&out.AnyAny, &out.Interfaces} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	slices.SortFunc(out.Ports, func(a, b facts.OpenPort) int {
		return cmp.Or(cmp.Compare(a.Protocol, b.Protocol), portOf(a.Ports)-portOf(b.Ports), cmp.Compare(a.Ports, b.Ports), cmp.Compare(a.Ip, b.Ip), cmp.Compare(a.Via, b.Via), cmp.Compare(a.Rule, b.Rule))
	})
	out.Ports = slices.CompactFunc(out.Ports, func(a, b facts.OpenPort) bool {
		return a.Protocol == b.Protocol && a.Ports == b.Ports && a.Ip == b.Ip && a.Via == b.Via && a.Target == b.Target && slices.Equal(a.Interfaces, b.Interfaces)
	})
	return out
}

func familyIP(family string) string {
	return map[string]string{"ip": "4", "ip6": "6"}[family]
}

// collect gathers the rules of a chain, and of those it jumps to, that open
// something for everybody. done keeps each chain from being gone through twice
// the same way.
func (w *walker) collect(engine, family, table, chain, via string, on way, out *facts.FirewallOpen, done map[string]bool, depth int) {
	key := strings.Join([]string{chainKey(engine, family, table, chain), via, on.ip, strings.Join(on.interfaces, ",")}, "\x00")
	if depth > maxDepth || done[key] {
		return
	}
	done[key] = true
	for _, r := range w.rules[chainKey(engine, family, table, chain)] {
		if conditional(r) || !anyOf(r.States, "new") || len(r.Sources) > 0 && !slices.ContainsFunc(r.Sources, everybody) ||
			len(r.SourcePorts) > 0 && !slices.ContainsFunc(r.SourcePorts, everyPort) ||
			len(r.Destinations) > 0 && !slices.ContainsFunc(r.Destinations, func(d string) bool { return !multicast(d) }) {
			continue
		}
		here := on
		if r.Ip != "" {
			here.ip = r.Ip
		}
		if len(r.InInterfaces) > 0 {
			here.interfaces = r.InInterfaces
		}
		if len(here.interfaces) == 1 && here.interfaces[0] == "lo" {
			continue
		}
		switch r.Verdict {
		case "jump", "goto":
			w.collect(engine, family, table, r.Target, via, here, out, done, depth+1)
			continue
		case "accept":
			if via != "input" {
				continue
			}
		case "dnat", "redirect":
			if via != "dnat" {
				continue
			}
		default:
			continue
		}
		w.opens(r, here, via, out)
	}
}

// multicast reports whether a destination is that of a group or broadcast,
// which only the machines on the same link reach.
func multicast(destination string) bool {
	first, _, _ := strings.Cut(destination, "/")
	a, err := netip.ParseAddr(first)
	return err == nil && (a.IsMulticast() || first == "255.255.255.255")
}

// opens notes what one rule opens.
func (w *walker) opens(r facts.FirewallRule, on way, via string, out *facts.FirewallOpen) {
	protocols := slices.DeleteFunc(slices.Clone(r.Protocols), func(p string) bool { return p != "tcp" && p != "udp" && p != "sctp" })
	if len(r.Protocols) == 0 {
		protocols = []string{"any"}
	}
	named := slices.DeleteFunc(slices.Clone(on.interfaces), func(i string) bool { return strings.HasPrefix(i, "!") })
	if len(r.DestinationPorts) == 0 && slices.Equal(protocols, []string{"any"}) && via == "input" && len(named) > 0 && len(r.Destinations) == 0 {
		out.Interfaces = append(out.Interfaces, slices.DeleteFunc(slices.Clone(named), func(i string) bool { return i == "lo" })...)
	}
	ports := r.DestinationPorts
	if len(ports) == 0 {
		ports = []string{"any"}
	}
	for _, protocol := range protocols {
		for _, port := range ports {
			out.Ports = append(out.Ports, facts.OpenPort{
				Protocol: protocol, Ports: port, Ip: on.ip, Interfaces: append([]string{}, named...), Via: via, Target: r.Target, Rule: Words(r),
			})
		}
	}
}

// Words writes a rule in one line.
func Words(r facts.FirewallRule) string {
	words := []string{r.Family, r.Table, r.Chain, "rule", strconv.FormatInt(r.Position, 10) + ":"}
	if r.Family == "inet" && r.Ip != "" {
		words = append(words, "ipv"+r.Ip)
	}
	for _, c := range []struct {
		name string
		list []string
	}{
		{"in", r.InInterfaces}, {"out", r.OutInterfaces}, {"from", r.Sources}, {"to", r.Destinations}, {"", r.Protocols},
		{"from port", r.SourcePorts}, {"port", r.DestinationPorts}, {"state", r.States}, {"", r.Other},
	} {
		if len(c.list) > 0 {
			words = append(words, strings.TrimSpace(c.name+" "+strings.Join(c.list, ",")))
		}
	}
	words = append(words, strings.TrimSpace(r.Verdict+" "+r.Target))
	return strings.Join(words, " ")
}
