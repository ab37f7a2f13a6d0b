package analysis

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	collect "github.com/attesta/attesta/internal/agent/collect/firewall"
	"github.com/attesta/attesta/internal/facts"
)

const (
	drop   = "*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n"
	accept = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n"
)

func parse(t testing.TB, text, family string) Set {
	t.Helper()
	s, err := collect.ParseSave(text, family, "iptables-nft")
	if err != nil {
		t.Fatal(err)
	}
	return Set{s.Chains, s.Rules}
}

func said(r *Report) []string {
	out := []string{}
	for i, list := range r.Rules {
		for _, x := range list {
			line := fmt.Sprintf("%d %s", i, x.Kind)
			if len(x.By) > 0 {
				line += fmt.Sprint(" by ", x.By)
			}
			out = append(out, line)
		}
	}
	for _, p := range r.Policies {
		if p.IP == "4" {
			out = append(out, "policy "+p.Hook)
		}
	}
	return out
}

// TestAnalyse: rule sets of iptables, and what is said of them.
func TestAnalyse(t *testing.T) {
	for _, c := range []struct {
		name, rules string
		want        []string
	}{
		{"closed", drop + "-A INPUT -i lo -j ACCEPT\n-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n-A INPUT -s 10.0.0.0/8 -p tcp --dport 22 -j ACCEPT\n-A INPUT -p tcp --dport 443 -j ACCEPT\n", nil},
		{"policy", accept + "-A INPUT -p tcp --dport 23 -j DROP\n", []string{"policy input"}},
		{"policy, closed by a last rule", accept + "-A INPUT -p tcp --dport 443 -j ACCEPT\n-A INPUT -j DROP\n", nil},
		{"policy, closed but for a network", accept + "-A INPUT ! -s 10.0.0.0/8 -j DROP\n", nil},
		{"any-any", drop + "-A INPUT -j ACCEPT\n", []string{"0 any_any"}},
		{"any-any for tcp", drop + "-A INPUT -p tcp -j ACCEPT\n", []string{"0 any_any"}},
		{"any-any for tcp in ports", drop + "-A INPUT -p tcp --dport 0:65535 -j ACCEPT\n", []string{"0 any_any"}},
		{"any-any on an interface", drop + "-A INPUT -i eth0 -j ACCEPT\n", []string{"0 any_any"}},
		{"loopback", drop + "-A INPUT -i lo -j ACCEPT\n", nil},
		{"any-any with a limit", drop + "-A INPUT -m limit --limit 99/sec -j ACCEPT\n", []string{"0 any_any"}},
		{"established only", drop + "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n", nil},
		{"icmp", drop + "-A INPUT -p icmp -j ACCEPT\n", nil},
		{"any-any after everything was dropped", drop + "-A INPUT -j DROP\n-A INPUT -j ACCEPT\n", []string{"1 shadowed by [0]"}},
		{"all but a network", drop + "-A INPUT ! -s 10.0.0.0/8 -j ACCEPT\n", []string{"0 too_wide"}},
		{"SSH for everybody", drop + "-A INPUT -p tcp --dport 22 -j ACCEPT\n", []string{"0 too_wide"}},
		{"a database in a range", drop + "-A INPUT -p tcp --dport 5000:6000 -j ACCEPT\n", []string{"0 too_wide"}},
		{"SSH for two halves of the world", drop + "-A INPUT -s 0.0.0.0/1 -p tcp --dport 22 -j ACCEPT\n", []string{"0 too_wide"}},
		{"SSH for everybody, dropped before", drop + "-A INPUT -p tcp --dport 22 -j DROP\n-A INPUT -p tcp -m multiport --dports 22,443 -j ACCEPT\n", nil},
		{"by a chain", drop + ":mine - [0:0]\n-A INPUT -i eth0 -j mine\n-A mine -j ACCEPT\n", []string{"1 any_any"}},
		{"by a chain for one network", drop + ":mine - [0:0]\n-A INPUT -s 10.0.0.0/8 -j mine\n-A mine -j ACCEPT\n", nil},
		{"shadowed by one", drop + "-A INPUT -s 10.0.0.0/8 -j ACCEPT\n-A INPUT -s 10.1.0.0/16 -p tcp --dport 22 -j DROP\n", []string{"1 shadowed by [0]"}},
		{"shadowed by two together", drop + "-A INPUT -s 10.0.0.0/9 -p tcp -j ACCEPT\n-A INPUT -s 10.128.0.0/9 -p tcp -j ACCEPT\n-A INPUT -s 10.0.0.0/8 -p tcp --dport 80 -j DROP\n", []string{"2 shadowed by [0 1]"}},
		{"not shadowed by a rule with a mark", drop + "-A INPUT -m mark --mark 0x1 -j DROP\n-A INPUT -s 10.1.0.0/16 -p tcp --dport 80 -j ACCEPT\n", nil},
		{"shadowed in spite of a mark", drop + "-A INPUT -s 10.0.0.0/8 -j ACCEPT\n-A INPUT -s 10.0.0.0/8 -m mark --mark 0x1 -j DROP\n", []string{"1 shadowed by [0]"}},
		{"shadowed in a chain", drop + ":mine - [0:0]\n-A INPUT -p tcp -j mine\n-A mine -p udp -j ACCEPT\n", []string{"1 shadowed"}},
		{"returned before", drop + ":mine - [0:0]\n-A INPUT -j mine\n-A mine -j RETURN\n-A mine -p tcp --dport 443 -j ACCEPT\n", []string{"2 shadowed by [1]"}},
		{"after a return the caller goes on", drop + ":mine - [0:0]\n-A INPUT -j mine\n-A INPUT -p tcp --dport 443 -j ACCEPT\n-A mine -j RETURN\n", nil},
		{"after a goto the caller does not", drop + ":mine - [0:0]\n-A INPUT -p tcp -g mine\n-A INPUT -p tcp --dport 443 -j ACCEPT\n-A mine -s 10.0.0.0/8 -j ACCEPT\n", []string{"1 shadowed by [0 2]"}},
		{"unreachable", drop + ":mine - [0:0]\n-A mine -p tcp --dport 443 -j ACCEPT\n", []string{"0 unreachable"}},
		{"redundant by the policy", drop + "-A INPUT -p tcp --dport 23 -j DROP\n", []string{"0 redundant"}},
		{"redundant by a rule", drop + "-A INPUT -s 10.1.0.0/16 -p tcp --dport 80 -j ACCEPT\n-A INPUT -p tcp --dport 80 -j ACCEPT\n", []string{"0 redundant by [1]"}},
		{"not redundant, something is dropped between", drop + "-A INPUT -s 10.1.0.0/16 -p tcp --dport 80 -j ACCEPT\n-A INPUT -s 10.0.0.0/8 -j DROP\n-A INPUT -p tcp --dport 80 -j ACCEPT\n", nil},
		{"an address that nobody can have", drop + "-A INPUT -p 300 --dport 80 -s 10.0.0.1-10.0.0.0 -j ACCEPT\n", []string{"0 not_modelled"}},
		{"conditions that contradict", drop + "-A INPUT -s 2001:db8::/32 -p tcp --dport 80 -j ACCEPT\n", []string{"0 shadowed"}},
		{"a condition that is not modelled", drop + "-A INPUT -m set --match-set friends src -j ACCEPT\n", []string{"0 not_modelled"}},
		{"a target that is not modelled decides perhaps", drop + "-A INPUT -p tcp -j SYNPROXY\n-A INPUT -p tcp --dport 443 -j ACCEPT\n", nil},
		{"interfaces by beginning", drop + "-A INPUT -i eth+ -j DROP\n-A INPUT -i eth3 -p tcp --dport 443 -j ACCEPT\n", []string{"1 shadowed by [0]"}},
		{"interfaces but one", drop + "-A INPUT ! -i eth0 -j DROP\n-A INPUT -i eth0 -p tcp --dport 443 -j ACCEPT\n-A INPUT -i wg0 -p tcp --dport 443 -j ACCEPT\n", []string{"2 shadowed by [0]"}},
		{"nothing filters", "*nat\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n", []string{"policy input"}},
		{"states", drop + "-A INPUT -m conntrack --ctstate NEW,ESTABLISHED,RELATED,INVALID,UNTRACKED -p tcp --dport 443 -j ACCEPT\n-A INPUT -p tcp --dport 443 -s 10.0.0.1 -j DROP\n", []string{"1 shadowed by [0]"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := said(Analyse(parse(t, c.rules, "ip")))
			if !slices.Equal(got, append([]string{}, c.want...)) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestTwoChains: a chain that closes a hook guards what another lets in.
func TestTwoChains(t *testing.T) {
	text := `{"nftables": [
	 {"chain": {"family": "inet", "table": "a", "name": "in", "type": "filter", "hook": "input", "prio": -10, "policy": "accept"}},
	 {"chain": {"family": "inet", "table": "b", "name": "in", "type": "filter", "hook": "input", "prio": 0, "policy": "%s"}},
	 {"chain": {"family": "inet", "table": "b", "name": "fw", "type": "filter", "hook": "forward", "prio": 0, "policy": "drop"}},
	 {"rule": {"family": "inet", "table": "a", "chain": "in", "expr": [{"accept": null}]}}]}`
	for policy, want := range map[string]string{
		"drop":   "[0 redundant]", // the second chain guards
		"accept": "[0 any_any 0 redundant policy input]",
	} {
		s, err := collect.ParseNFT(fmt.Appendf(nil, text, policy))
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(said(Analyse(Set{s.Chains, s.Rules}))); got != want {
			t.Errorf("%s: %v, want %v", policy, got, want)
		}
	}
}

// TestVersions: IPv6 rules are about IPv6.
func TestVersions(t *testing.T) {
	r := Analyse(parse(t, drop+"-A INPUT -s 2001:db8::/32 -p tcp --dport 22 -j ACCEPT\n-A INPUT -s 2001:db8:1::/48 -p tcp --dport 22 -j DROP\n-A INPUT -p tcp --dport 5432 -j ACCEPT\n", "ip6"))
	if got := fmt.Sprint(said(r)); got != "[1 shadowed by [0] 2 too_wide policy input]" {
		t.Error(got)
	}
	if w := r.Rules[2][0].Why; w != "the internet reaches 5432 (PostgreSQL)" {
		t.Error(w)
	}
}

// TestLarge: a set of 5,000 rules is analysed in the time that a person waits.
func TestLarge(t *testing.T) {
	var b strings.Builder
	b.WriteString(drop)
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		fmt.Fprintf(&b, "-A INPUT -s 10.%d.%d.0/24 -p tcp --dport %d -j ACCEPT\n", rnd.IntN(256), rnd.IntN(256), 1+rnd.IntN(60000))
	}
	began := time.Now()
	r := Analyse(parse(t, b.String(), "ip"))
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("took %s", took)
	} else {
		t.Log(took, r.Limits)
	}
	if len(r.Limits) == 0 {
		t.Error("nothing is said of redundancy that was not asked")
	}
}

// packet is one packet of the simulator.
type packet struct {
	src, dst     netip.Addr
	proto        string
	sport, dport int
	in, out      string
	state        string
	other        map[string]bool
}

func addressIn(list []string, a netip.Addr) bool {
	return within(list, func(e string) bool {
		if lo, hi, ok := strings.Cut(e, "-"); ok {
			return !a.Less(netip.MustParseAddr(lo)) && !netip.MustParseAddr(hi).Less(a)
		}
		if strings.Contains(e, "/") {
			return netip.MustParsePrefix(e).Contains(a)
		}
		return netip.MustParseAddr(e) == a
	})
}

func within(list []string, is func(string) bool) bool {
	positive, some := false, false
	for _, e := range list {
		if n, not := strings.CutPrefix(e, "!"); not {
			if is(n) {
				return false
			}
			continue
		}
		some = true
		positive = positive || is(e)
	}
	return positive || !some
}

func portIn(list []string, p int) bool {
	return within(list, func(e string) bool {
		lo, hi, ok := strings.Cut(e, "-")
		a, _ := strconv.Atoi(lo)
		b := a
		if ok {
			b, _ = strconv.Atoi(hi)
		}
		return a <= p && p <= b
	})
}

func interfaceIn(list []string, name string) bool {
	return within(list, func(e string) bool {
		if start, ok := strings.CutSuffix(e, "*"); ok {
			return strings.HasPrefix(name, start)
		}
		return e == name
	})
}

func (p packet) meets(r facts.FirewallRule) bool {
	is := func(v string) func(string) bool { return func(e string) bool { return e == v } }
	if r.Ip == "4" && !p.src.Is4() || r.Ip == "6" && p.src.Is4() {
		return false
	}
	if !within(r.Protocols, is(p.proto)) || !within(r.States, is(p.state)) || !addressIn(r.Sources, p.src) || !addressIn(r.Destinations, p.dst) || !interfaceIn(r.InInterfaces, p.in) || !interfaceIn(r.OutInterfaces, p.out) {
		return false
	}
	if (len(r.SourcePorts) > 0 || len(r.DestinationPorts) > 0) && p.proto != "tcp" && p.proto != "udp" {
		return false
	}
	if !portIn(r.SourcePorts, p.sport) || !portIn(r.DestinationPorts, p.dport) {
		return false
	}
	for _, o := range r.Other {
		if !p.other[o] {
			return false
		}
	}
	return true
}

// simulate sends one packet through a base chain: the verdict, and which rule
// decided; -1 for the policy. met are the rules that it came to and met.
func simulate(set Set, base facts.FirewallChain, p packet, without int) (verdict string, by int, met []int) {
	var follow func(chain string, depth int) (int, bool)
	follow = func(chain string, depth int) (int, bool) {
		for i, r := range set.Rules {
			if r.Chain != chain || i == without || !p.meets(r) || depth > 20 {
				continue
			}
			met = append(met, i)
			switch r.Verdict {
			case "accept", "drop", "reject":
				return i, true
			case "return":
				return -1, false
			case "jump":
				if d, done := follow(r.Target, depth+1); done {
					return d, true
				}
			case "goto":
				return follow(r.Target, depth+1)
			}
		}
		return -1, false
	}
	if i, done := follow(base.Name, 0); done {
		return set.Rules[i].Verdict, i, met
	}
	return base.Policy, -1, met
}

func choose[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

// randomSet makes rules that overlap much: few addresses, ports and interfaces.
func randomSet(r *rand.Rand) Set {
	set := Set{}
	names := []string{"input", "a", "b"}
	for _, n := range names {
		c := facts.FirewallChain{Engine: "nft", Family: "inet", Table: "t", Name: n}
		if n == "input" {
			c.Hook, c.Kind, c.Policy = "input", "filter", choose(r, "drop", "accept")
		}
		set.Chains = append(set.Chains, c)
	}
	some := func(p float64, n int, of ...string) []string {
		out := []string{}
		if r.Float64() < p {
			not := choose(r, "", "", "", "!")
			for range 1 + r.IntN(n) {
				out = append(out, not+choose(r, of...))
			}
		}
		return out
	}
	for ci, n := range names {
		for i := range 1 + r.IntN(6) {
			x := facts.FirewallRule{Engine: "nft", Family: "inet", Table: "t", Chain: n, Position: int64(i + 1)}
			x.Verdict = choose(r, "accept", "accept", "drop", "drop", "reject", "return", "log", "jump", "jump", "jump", "goto")
			if leads := x.Verdict == "jump" || x.Verdict == "goto"; leads && ci < 2 {
				x.Target = names[ci+1+r.IntN(2-ci)]
			} else if leads {
				x.Verdict = "accept"
			}
			x.Protocols = some(.5, 2, "tcp", "udp", "icmp")
			switch r.IntN(3) {
			case 0:
				x.Sources, x.Ip = some(.9, 2, "10.0.0.0/8", "10.0.0.0/9", "10.128.0.0/9", "0.0.0.0/0", "10.1.1.1", "10.1.0.0-10.2.255.255", "128.0.0.0/1", "0.0.0.0/1"), "4"
			case 1:
				x.Sources, x.Ip = some(.5, 2, "2001:db8::/32", "2001:db8::/33", "2001:db8:8000::/33", "::/0", "2001:db8::1"), "6"
			}
			if !slices.Contains(x.Protocols, "icmp") && !slices.ContainsFunc(x.Protocols, func(s string) bool { return strings.HasPrefix(s, "!") }) && len(x.Protocols) > 0 {
				x.DestinationPorts = some(.6, 2, "22", "80", "20-100", "0-1023", "1024-65535", "0-65535")
				x.SourcePorts = some(.1, 1, "53", "0-65535")
			}
			x.InInterfaces = some(.3, 2, "eth0", "eth*", "lo", "e*", "wg0")
			x.States = some(.3, 3, "new", "established", "related", "invalid", "untracked")
			x.Other = some(.12, 1, "limit 5/second", "meta mark 1")
			for j := range x.Other {
				x.Other[j] = strings.TrimPrefix(x.Other[j], "!")
			}
			set.Rules = append(set.Rules, x)
		}
	}
	return set
}

func randomPacket(r *rand.Rand) packet {
	p := packet{proto: choose(r, "tcp", "tcp", "udp", "icmp"), sport: choose(r, 53, r.IntN(65536)), dport: choose(r, 22, 80, 20, 100, 101, 1023, 1024, r.IntN(65536)),
		in: choose(r, "eth0", "eth1", "lo", "ens3", "wg0", "x"), out: "", state: choose(r, "new", "new", "new", "established", "related", "invalid", "untracked"),
		other: map[string]bool{"limit 5/second": r.IntN(2) == 0, "meta mark 1": r.IntN(2) == 0}}
	if r.IntN(3) > 0 {
		p.src, p.dst = netip.MustParseAddr(choose(r, "10.1.1.1", "10.0.0.0", "10.127.255.255", "10.128.0.0", "10.255.255.255", "10.1.0.0", "10.2.255.255", "10.3.0.0", "8.8.8.8", "192.0.2.1", "127.255.255.255", "255.255.255.255")), netip.MustParseAddr("192.0.2.9")
		return p
	}
	p.src, p.dst = netip.MustParseAddr(choose(r, "2001:db8::1", "2001:db8:7fff:ffff::", "2001:db8:8000::", "2001:db9::", "::", "ffff::1")), netip.MustParseAddr("2001:db8::9")
	return p
}

// TestPackets holds what is said of random rule sets against single packets: a
// shadowed or unreachable rule never meets one, without a redundant rule each has the
// same fate, and an any-any rule lets in whatever comes to it from outside.
func TestPackets(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	counts := map[Kind]int{}
	sets := 3000
	if testing.Short() {
		sets = 300
	}
	live := 0
	for n := range sets {
		set := randomSet(r)
		report := Analyse(set)
		if len(report.Limits) > 0 {
			t.Fatalf("set %d: %v", n, report.Limits)
		}
		met := map[int]bool{}
		for i := range report.Rules {
			for _, k := range report.Rules[i] {
				counts[k.Kind]++
			}
		}
		for range 400 {
			p := randomPacket(r)
			verdict, by, hit := simulate(set, set.Chains[0], p, -1)
			for _, i := range hit {
				met[i] = true
				for _, k := range []Kind{Shadowed, Unreachable} {
					if x, is := report.Of(i, k); is {
						t.Fatalf("set %d: rule %d is %s (%s), and decides about %+v\n%s", n, i, k, x.Why, p, show(set))
					}
				}
			}
			if by >= 0 {
				if _, is := report.Of(by, Redundant); is {
					if without, _, _ := simulate(set, set.Chains[0], p, by); without != verdict {
						t.Fatalf("set %d: rule %d is redundant, and without it %s becomes %s for %+v\n%s", n, by, verdict, without, p, show(set))
					}
				}
			}
			// any-any: from a stranger, by an interface of its own, to a port that nobody chose
			if p.state != "new" || p.in == "lo" || p.proto == "icmp" {
				continue
			}
			p.other = map[string]bool{"limit 5/second": true, "meta mark 1": p.other["meta mark 1"]}
			for i := range set.Rules {
				x, is := report.Of(i, AnyAny)
				if !is || strings.Contains(x.Why, " on ") || strings.Contains(x.Why, "every tcp port") && p.proto != "tcp" || strings.Contains(x.Why, "every udp port") && p.proto != "udp" {
					continue
				}
				if p.src.Is4() && set.Rules[i].Ip == "6" || !p.src.Is4() && set.Rules[i].Ip == "4" {
					continue
				}
				// it is let in, unless what stands before decided or led past it
				cut := set
				cut.Rules = slices.Clone(set.Rules)
				for j := range cut.Rules {
					switch v := cut.Rules[j].Verdict; {
					case j == i || v == "jump" || v == "goto":
					default:
						cut.Rules[j].Verdict = "log"
					}
				}
				if v, d, _ := simulate(cut, facts.FirewallChain{Name: "input", Policy: "drop"}, p, -1); (v != "accept" || d != i) && !strings.Contains(show(cut), "goto") && !slices.ContainsFunc(set.Rules[i].InInterfaces, func(s string) bool { return s != "" }) && set.Rules[i].Chain == "input" {
					t.Fatalf("set %d: rule %d is any-any (%s), and %+v comes to %s by %d\n%s", n, i, x.Why, p, v, d, show(set))
				}
			}
		}
		live += len(met)
	}
	for _, k := range []Kind{Shadowed, Redundant, Unreachable, AnyAny, TooWide, Unmodelled} {
		if counts[k] == 0 {
			t.Errorf("nothing was said to be %s", k)
		}
	}
	t.Log(counts, live)
}

func show(s Set) string {
	var b strings.Builder
	for i, r := range s.Rules {
		fmt.Fprintf(&b, "%d: %s (%s)\n", i, collect.Words(r), r.Ip)
	}
	return b.String()
}
