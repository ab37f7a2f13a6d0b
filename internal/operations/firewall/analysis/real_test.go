package analysis

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	collect "github.com/attesta/attesta/internal/agent/collect/firewall"
	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
)

// inNamespace runs the calling test again in a network of its own, and reports
// whether this is that run.
func inNamespace(t *testing.T) bool {
	t.Helper()
	if os.Getenv("ATTESTA_OWN_NETWORK") == t.Name() {
		return true
	}
	if _, err := exec.LookPath("nft"); err != nil {
		t.Skip("NOT RUN: real packets through real rules (needs Debian's package nftables)")
	}
	if os.Geteuid() != 0 {
		t.Skip("NOT RUN: real packets through real rules (needs root for a network namespace)")
	}
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		t.Skip("NOT RUN: real packets through real rules (needs /dev/net/tun)")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, "-test.run", "^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), "ATTESTA_OWN_NETWORK="+t.Name())
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	out, err := cmd.CombinedOutput()
	switch {
	case errors.Is(err, syscall.EPERM):
		t.Skip("NOT RUN: real packets through real rules (this machine gives no network namespace)")
	case err != nil:
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
	return false
}

func program(t *testing.T, stdin, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v: %s\n%s", name, args, err, out, stdin)
	}
	return string(out)
}

// link makes an interface that gives the kernel whatever packets are written to it.
func link(t *testing.T) *os.File {
	t.Helper()
	f, err := os.OpenFile("/dev/net/tun", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	req, err := unix.NewIfreq("eth0")
	if err != nil {
		t.Fatal(err)
	}
	req.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
	if err := unix.IoctlIfreq(int(f.Fd()), unix.TUNSETIFF, req); err != nil {
		t.Fatal(err)
	}
	for _, n := range []string{"all", "default", "eth0"} {
		if err := os.WriteFile("/proc/sys/net/ipv4/conf/"+n+"/rp_filter", []byte("0"), 0o600); err != nil {
			t.Logf("rp_filter of %s: %v", n, err)
		}
	}
	program(t, "", "ip", "link", "set", "lo", "up")
	program(t, "", "ip", "link", "set", "eth0", "up")
	program(t, "", "ip", "addr", "add", "192.0.2.9/24", "dev", "eth0")
	program(t, "", "ip", "route", "add", "default", "dev", "eth0")
	program(t, "", "ip", "-6", "addr", "add", "2001:db8::9/64", "dev", "eth0", "nodad")
	program(t, "", "ip", "-6", "route", "add", "default", "dev", "eth0")
	return f
}

func sum16(parts ...[]byte) uint16 {
	var sum uint32
	for _, b := range parts {
		for i := 0; i+1 < len(b); i += 2 {
			sum += uint32(binary.BigEndian.Uint16(b[i:]))
		}
	}
	for sum>>16 != 0 {
		sum = sum&0xffff + sum>>16
	}
	return ^uint16(sum)
}

// bytes writes a packet: the first of a connection.
func (p packet) bytes() []byte {
	number, l4 := byte(17), make([]byte, 8)
	if p.proto == "tcp" {
		number, l4 = 6, make([]byte, 20)
		l4[12], l4[13] = 5<<4, 2 // SYN
	}
	binary.BigEndian.PutUint16(l4, uint16(p.sport))
	binary.BigEndian.PutUint16(l4[2:], uint16(p.dport))
	at := 16
	if p.proto == "udp" {
		at = 6
		binary.BigEndian.PutUint16(l4[4:], 8)
	}
	tail := []byte{0, number, 0, byte(len(l4))}
	binary.BigEndian.PutUint16(l4[at:], sum16(p.src.AsSlice(), p.dst.AsSlice(), tail, l4))
	if p.src.Is4() {
		h := make([]byte, 20)
		h[0], h[8], h[9] = 0x45, 64, number
		binary.BigEndian.PutUint16(h[2:], uint16(20+len(l4)))
		copy(h[12:], p.src.AsSlice())
		copy(h[16:], p.dst.AsSlice())
		binary.BigEndian.PutUint16(h[10:], sum16(h))
		return append(h, l4...)
	}
	h := make([]byte, 40)
	h[0], h[6], h[7] = 0x60, number, 64
	binary.BigEndian.PutUint16(h[4:], uint16(len(l4)))
	copy(h[8:], p.src.AsSlice())
	copy(h[24:], p.dst.AsSlice())
	return append(h, l4...)
}

// nft writes a rule set as nft reads it; false where nft has no words for it.
func nft(set Set) (string, bool) {
	var b strings.Builder
	fmt.Fprintf(&b, "flush ruleset\ntable inet t {\n")
	group := func(l []string) (string, bool) {
		if len(l) == 0 {
			return "", true
		}
		op, plain := "", []string{}
		for _, e := range l {
			n, not := strings.CutPrefix(e, "!")
			if not {
				op = "!= "
			}
			if !slices.Contains(plain, n) {
				plain = append(plain, n)
			}
		}
		if len(plain) == 1 {
			return op + plain[0], true
		}
		return op + "{ " + strings.Join(plain, ", ") + " }", true
	}
	for i := len(set.Chains) - 1; i >= 0; i-- { // a chain stands before those that jump to it
		c := set.Chains[i]
		fmt.Fprintf(&b, " chain %s {\n", c.Name)
		if c.Hook != "" {
			fmt.Fprintf(&b, "  type filter hook %s priority 0; policy %s;\n", c.Hook, c.Policy)
		}
		for _, r := range set.Rules {
			if r.Chain != c.Name {
				continue
			}
			line := ""
			ip := map[string]string{"4": "ip", "6": "ip6"}[r.Ip]
			if ip != "" {
				line += " meta nfproto " + map[string]string{"4": "ipv4", "6": "ipv6"}[r.Ip]
			}
			for _, m := range []struct {
				key  string
				list []string
			}{{"meta l4proto", r.Protocols}, {ip + " saddr", r.Sources}, {"iifname", r.InInterfaces}, {"th sport", r.SourcePorts}, {"th dport", r.DestinationPorts}, {"ct state", r.States}} {
				if len(m.list) == 0 {
					continue
				}
				g, ok := group(m.list)
				if !ok {
					return "", false
				}
				line += " " + m.key + " " + g
			}
			line += " counter"
			switch r.Verdict {
			case "jump", "goto":
				line += " " + r.Verdict + " " + r.Target
			case "log":
			case "reject":
				line += " drop" // an answer would go out by the interface, and be read by nobody
			default:
				line += " " + r.Verdict
			}
			fmt.Fprintf(&b, " %s\n", line)
		}
		fmt.Fprintf(&b, " }\n")
	}
	return b.String() + "}\n", true
}

// hits reads the counters of rules, in the order of the listing: chain and place.
func hits(t *testing.T) map[string]int64 {
	t.Helper()
	var doc struct {
		Nftables []struct {
			Rule *struct {
				Chain string
				Expr  []map[string]json.RawMessage
			}
		}
	}
	if err := json.Unmarshal([]byte(program(t, "", "nft", "-j", "list", "ruleset")), &doc); err != nil {
		t.Fatal(err)
	}
	out, place := map[string]int64{}, map[string]int{}
	for _, o := range doc.Nftables {
		if o.Rule == nil {
			continue
		}
		place[o.Rule.Chain]++
		for _, e := range o.Rule.Expr {
			if raw, is := e["counter"]; is {
				var c struct{ Packets int64 }
				if err := json.Unmarshal(raw, &c); err != nil {
					t.Fatal(err)
				}
				out[fmt.Sprintf("%s %d", o.Rule.Chain, place[o.Rule.Chain])] = c.Packets
			}
		}
	}
	return out
}

// TestRealPackets loads random rule sets into the kernel, reads them with the agent's
// reader, analyses what was read, and sends real packets through: no rule counts one
// of which it is said that it never decides, and the simulator and the kernel count
// the same.
func TestRealPackets(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	to := link(t)
	r := rand.New(rand.NewPCG(3, 4))
	sets, sent, shadowed, exact := 0, 0, 0, 0
	for sets < 60 {
		set := randomSet(r)
		for i := range set.Rules {
			set.Rules[i].Other = nil
			set.Rules[i].InInterfaces = slices.DeleteFunc(set.Rules[i].InInterfaces, func(s string) bool { return strings.HasSuffix(s, "*") })
			if len(set.Rules[i].Sources) > 1 { // a set of nft must not overlap
				set.Rules[i].Sources = set.Rules[i].Sources[:1]
			}
			if slices.ContainsFunc(set.Rules[i].Sources, func(s string) bool { return strings.HasSuffix(s, "/0") }) {
				set.Rules[i].Sources = nil
			}
			if len(set.Rules[i].DestinationPorts) > 1 {
				set.Rules[i].DestinationPorts = set.Rules[i].DestinationPorts[:1]
			}
		}
		text, ok := nft(set)
		if !ok {
			continue
		}
		program(t, text, "nft", "-f", "-")
		section, err := collect.Read(t.Context(), tree.Root{})
		if err != nil {
			t.Fatal(err)
		}
		var read facts.Firewall
		if err := json.Unmarshal(section.Values, &read); err != nil {
			t.Fatal(err)
		}
		got := Set{read.Chains, read.Rules}
		report := Analyse(got)
		if len(read.Zero) != len(got.Rules) || len(read.Uncounted) != 0 {
			t.Fatalf("%d of %d rules that nothing came to stand at zero, %d do not count", len(read.Zero), len(got.Rules), len(read.Uncounted))
		}
		sets++
		base := got.Chains[slices.IndexFunc(got.Chains, func(c facts.FirewallChain) bool { return c.Hook == "input" })]
		want := make([]int64, len(got.Rules))
		began := hits(t)
		for range 120 {
			p := randomPacket(r)
			p.in, p.state, p.sport = "eth0", "new", 1+r.IntN(65535)
			if p.proto == "icmp" || p.src == netip.MustParseAddr("255.255.255.255") || p.src.Is4() && p.src.As4()[0] == 127 || p.src == netip.MustParseAddr("::") || !p.src.Is4() && p.src.As16()[0] == 0xff {
				continue // the kernel drops these before rules are asked
			}
			_, _, met := simulate(got, base, p, -1)
			for _, i := range met {
				want[i]++
			}
			if _, err := to.Write(p.bytes()); err != nil {
				t.Fatal(err)
			}
			sent++
		}
		ended := hits(t)
		for range 20 { // packets are taken in by a softirq: soon
			time.Sleep(5 * time.Millisecond)
			if next := hits(t); fmt.Sprint(next) == fmt.Sprint(ended) {
				break
			} else {
				ended = next
			}
		}
		for i, rule := range got.Rules {
			key := fmt.Sprintf("%s %d", rule.Chain, rule.Position)
			n := ended[key] - began[key]
			if _, is := report.Of(i, Shadowed); is {
				shadowed++
				if n > 0 {
					t.Errorf("rule %d never decides, and %d packets met it\n%s", i, n, text)
				}
			}
			if n != want[i] {
				t.Errorf("rule %s: the kernel counts %d, the simulator %d\n%s\n%s", key, n, want[i], text, show(got))
			} else if n > 0 {
				exact++
			}
		}
		if t.Failed() {
			return
		}
	}
	if sent < 3000 || shadowed < 50 || exact < 100 {
		t.Errorf("too little: %d packets, %d shadowed rules, %d rules that counted", sent, shadowed, exact)
	}
	t.Logf("%d rule sets, %d packets, %d shadowed rules met none, %d rules counted as simulated", sets, sent, shadowed, exact)
}
