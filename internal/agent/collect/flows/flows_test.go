package flows

import (
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/agent/collect/sockets"
	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
)

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

var noon = time.Date(2036, 5, 6, 12, 0, 0, 0, time.UTC)

func TestTracked(t *testing.T) {
	own := func(a netip.Addr) bool { return a == addr("10.0.0.1") }
	const reply = "src=10.0.0.2 dst=10.0.0.1 sport=5432 dport=40000 [ASSURED] mark=0 zone=0 use=2"
	for line, want := range map[string]string{
		"ipv4     2 tcp      6 431999 ESTABLISHED src=10.0.0.1 dst=10.0.0.2 sport=40000 dport=5432 " + reply:                                                              "out tcp 5432 10.0.0.1 10.0.0.2",
		"ipv4     2 tcp      6 431999 ESTABLISHED src=10.0.0.9 dst=10.0.0.1 sport=40000 dport=443 src=10.0.0.1 dst=10.0.0.9 sport=443 dport=40000 [ASSURED] mark=0 use=2": "in tcp 443 10.0.0.1 10.0.0.9",
		"ipv4     2 tcp      6 431999 ESTABLISHED src=10.0.0.9 dst=10.0.0.1 sport=40000 dport=80 src=172.17.0.2 dst=10.0.0.9 sport=8080 dport=40000 [ASSURED] use=2":      "in tcp 80 10.0.0.1 10.0.0.9",
		"ipv4     2 udp      17 25 src=172.17.0.2 dst=10.0.0.5 sport=40000 dport=53 src=10.0.0.5 dst=10.0.0.1 sport=53 dport=40000 mark=0 use=2":                          "forward udp 53 172.17.0.2 10.0.0.5",
		"ipv6     10 udp      17 25 src=fd00::1 dst=fd00::2 sport=40000 dport=53 src=fd00::2 dst=fd00::1 sport=53 dport=40000 mark=0 use=2":                               "forward udp 53 fd00::1 fd00::2",
		"ipv4     2 udp      17 25 src=10.0.0.1 dst=10.0.0.5 sport=40000 dport=53 [UNREPLIED] src=10.0.0.5 dst=10.0.0.1 sport=53 dport=40000 mark=0 use=2":                "",
		"ipv4     2 tcp      6 110 SYN_SENT src=10.0.0.1 dst=10.0.0.2 sport=40000 dport=5432 [UNREPLIED] " + reply:                                                        "",
		"ipv4     2 icmp     1 29 src=10.0.0.1 dst=10.0.0.2 type=8 code=0 id=1 src=10.0.0.2 dst=10.0.0.1 type=0 code=0 id=1 mark=0 use=2":                                 "",
		"ipv4     2 tcp      6 431999 ESTABLISHED src=10.0.0.1 dst=10.0.0.2 sport=4x dport=5432 " + reply:                                                                 "error: port",
		"ipv4     2 tcp      6 431999 ESTABLISHED src=10.0.0.1 dst=host sport=4 dport=5432 " + reply:                                                                      "error: address",
		"ipv4     2 tcp      6 431999 ESTABLISHED src=10.0.0.1 dst=10.0.0.2 sport=4 dport=5432":                                                                           "error: both ways",
		"ipv4 2": "error: six columns",
	} {
		x, ok, err := parseTracked([]byte(line))
		got := ""
		if err != nil {
			got = "error: " + err.Error()
		} else if ok {
			f := x.flow(own)
			got = fmt.Sprintf("%s %s %d %s %s", f.direction, f.protocol, f.port, f.local, f.remote)
		}
		if got != want && !(strings.HasPrefix(want, "error: ") && strings.HasPrefix(got, "error: ") && strings.Contains(got, strings.TrimPrefix(want, "error: "))) {
			t.Errorf("%s\ngives %q, want %q", line, got, want)
		}
	}
}

func FuzzTracked(f *testing.F) {
	f.Add([]byte("ipv4 2 tcp 6 431999 ESTABLISHED src=10.0.0.1 dst=10.0.0.2 sport=40000 dport=5432 src=10.0.0.2 dst=10.0.0.1 sport=5432 dport=40000 [ASSURED] use=2"))
	f.Add([]byte("ipv6 10 udp 17 25 src=fd00::1 dst=fd00::2 sport=1 dport=53 src=fd00::2 dst=fd00::1 sport=53 dport=1 use=2"))
	f.Fuzz(func(t *testing.T, line []byte) {
		x, ok, err := parseTracked(line)
		if err == nil && ok && (!x.from.IsValid() || !x.to.IsValid() || !x.answer.IsValid() || x.from.Addr().Zone() != "") {
			t.Errorf("%q gives %+v", line, x)
		}
	})
}

func TestDirection(t *testing.T) {
	chance := [2]uint16{32768, 60999}
	at := func(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }
	s := space{waiting: []sockets.Socket{{Proto: "tcp", Port: 443}, {Proto: "udp", Port: 53}, {Proto: "udp", Port: 40001}, {Proto: "tcp", Port: 50000}}}
	programs := map[uint64]string{7: "nginx"}
	for name, c := range map[string]struct {
		in   sockets.Connection
		want string
	}{
		"a client of ours":              {sockets.Connection{Proto: "tcp", Local: at("10.0.0.1:443"), Remote: at("10.0.0.9:40000"), Inode: 7}, "in tcp 443 nginx"},
		"we are a client":               {sockets.Connection{Proto: "tcp", Local: at("10.0.0.1:40000"), Remote: at("10.0.0.9:5432")}, "out tcp 5432 "},
		"nobody waits there any more":   {sockets.Connection{Proto: "tcp", Local: at("10.0.0.1:22"), Remote: at("10.0.0.9:40000")}, "in tcp 22 "},
		"a service at a port of chance": {sockets.Connection{Proto: "tcp", Local: at("10.0.0.1:50000"), Remote: at("10.0.0.9:40000")}, "in tcp 50000 "},
		"both below":                    {sockets.Connection{Proto: "tcp", Local: at("10.0.0.1:1000"), Remote: at("10.0.0.9:2049")}, "out tcp 2049 "},
		"a resolver":                    {sockets.Connection{Proto: "udp", Local: at("10.0.0.1:40001"), Remote: at("10.0.0.9:53")}, "out udp 53 "},
		"within the host":               {sockets.Connection{Proto: "tcp", Local: at("127.0.0.1:443"), Remote: at("127.0.0.1:40000")}, ""},
		"to itself":                     {sockets.Connection{Proto: "tcp", Local: at("10.0.0.1:443"), Remote: at("10.0.0.1:40000")}, ""},
	} {
		s.connections = []sockets.Connection{c.in}
		got := ""
		for _, f := range s.flows(chance, programs) {
			got = fmt.Sprintf("%s %s %d %s", f.direction, f.protocol, f.port, f.program)
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestKept(t *testing.T) {
	f := func(direction string, port uint16, remote, program string) flow {
		return flow{direction, "tcp", port, addr("10.0.0.1"), addr(remote), program}
	}
	lines := func(k *kept, now time.Time) (out []string) {
		list, _ := k.tell(now)
		for _, x := range list {
			out = append(out, fmt.Sprintf("%s %d %s %s", x.Direction, x.Port, x.Remote, x.Program))
		}
		return out
	}
	expect := func(what string, got []string, want ...string) {
		t.Helper()
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	k := newKept()
	k.take(noon, []flow{f(in, 443, "10.0.0.9", "nginx"), f(out, 5432, "10.0.0.7", "")})
	expect("one look", lines(k, noon), "in 443 10.0.0.9 nginx", "out 5432 10.0.0.7 ")
	k.take(noon.Add(30*time.Minute), []flow{f(in, 443, "10.0.0.9", ""), f(out, 5432, "10.0.0.7", "app")})
	expect("who held it is known, of one before and of the other now", lines(k, noon), "in 443 10.0.0.9 nginx", "out 5432 10.0.0.7 app")
	k.take(noon.Add(61*time.Minute), nil)
	expect("an hour is not over since they were seen last", lines(k, noon), "in 443 10.0.0.9 nginx", "out 5432 10.0.0.7 app")
	k.take(noon.Add(91*time.Minute), nil)
	expect("it is over", lines(k, noon))

	var list []flow
	for i := range 40 {
		list = append(list, f(in, 443, fmt.Sprintf("203.0.113.%d", i), "nginx"))
	}
	list = append(list, f(in, 443, "10.0.0.9", "nginx"), f(in, 22, "203.0.113.1", "sshd"))
	k = newKept()
	k.take(noon, list)
	want := []string{"in 22 203.0.113.1 sshd", "in 443 public4 nginx", "in 443 10.0.0.9 nginx"}
	expect("many public addresses are one", lines(k, noon), want...)
	k.take(noon.Add(time.Minute), []flow{f(in, 443, "203.0.113.200", "")})
	expect("and stay one", lines(k, noon), want...)
	k.take(noon.Add(62*time.Minute), []flow{f(in, 443, "203.0.113.200", "nginx")})
	if len(k.public) > 0 {
		t.Errorf("counts are left: %v", k.public)
	}
	k.take(noon.Add(124*time.Minute), []flow{f(in, 443, "203.0.113.200", "nginx")})
	if got := lines(k, noon); len(k.folded) > 1 || len(got) != 1 {
		t.Errorf("after two hours %q, folded %v", got, k.folded)
	}

	k, list = newKept(), nil
	for i := range most + 10 {
		list = append(list, f(out, uint16(i), "10.0.0.9", "scan"))
	}
	k.take(noon, list)
	if _, overflow := k.tell(noon); len(k.seen) != most || !overflow {
		t.Errorf("%d are kept, said: %v", len(k.seen), overflow)
	}
	before := lines(k, noon)
	k.take(noon.Add(61*time.Minute), nil)
	k.take(noon.Add(61*time.Minute+time.Second), nil)
	if got, overflow := k.tell(noon.Add(61 * time.Minute)); len(got) != 0 || overflow {
		t.Errorf("after the hour %d of %d, %v", len(got), len(before), overflow)
	}

	k, list = newKept(), nil
	for i := range many + 1 {
		list = append(list, f(out, uint16(i), "10.0.0.9", "scan"))
	}
	k.take(noon, list)
	told := len(lines(k, noon))
	k.take(noon.Add(time.Minute), []flow{f(in, 22, "10.0.0.9", "sshd")})
	if n := len(lines(k, noon.Add(time.Minute))); n != told {
		t.Errorf("news of very many flows did not wait: %d after %d", n, told)
	}
	if n := len(lines(k, noon.Add(pause))); n != told+1 {
		t.Errorf("news came not at all: %d after %d", n, told)
	}
}

// Of this very host, where it has an address beside loopback.
func TestRealConnection(t *testing.T) {
	own, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	var at netip.Addr
	for _, a := range own {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Is4() && !p.Addr().IsLoopback() {
			at = p.Addr()
		}
	}
	r := &reader{kept: newKept(), programs: map[uint64]string{}}
	s, err := r.read(t.Context(), tree.Root{}, noon)
	if err != nil {
		t.Fatal(err)
	}
	var v facts.Flows
	if err := json.Unmarshal(s.Values, &v); err != nil || v.Flows == nil && len(s.Missing) == 0 {
		t.Errorf("%s, missing %v: %v", s.Values, s.Missing, err)
	}
	t.Logf("%d flows, conntrack %v, unseen %v, address %s", len(v.Flows), *v.Conntrack, v.Unseen, at)
	again, err := r.read(t.Context(), tree.Root{}, noon.Add(time.Second))
	if err != nil || len(again.Values) < len(s.Values)-2 {
		t.Errorf("what was seen is gone a second later: %v", err)
	}
}

// BenchmarkTenThousandSockets measures one look at a host with 10,000 connections,
// of which it holds both ends.
func BenchmarkTenThousandSockets(b *testing.B) {
	const pairs = 5000
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	for range pairs {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			b.Skipf("NOT RUN: %v", err)
		}
		defer c.Close()
		a, err := l.Accept()
		if err != nil {
			b.Skipf("NOT RUN: %v", err)
		}
		defer a.Close()
	}
	r := &reader{kept: newKept(), programs: map[uint64]string{}}
	b.ResetTimer()
	for range b.N {
		l, err := r.look(b.Context(), tree.Root{})
		if err != nil {
			b.Fatal(err)
		}
		r.kept.take(noon, l.flows)
	}
	b.StopTimer()
	all, err := sockets.Connections()
	if err != nil || len(all) < 2*pairs {
		b.Fatalf("%d connections: %v", len(all), err)
	}
	b.ReportMetric(float64(len(all)), "sockets")
	if os.Geteuid() != 0 {
		b.Log("not root: holders of others' sockets are not looked for")
	}
}
