package probe

import (
	"encoding/json"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/wire"

	"golang.org/x/sys/unix"
)

func prober(t *testing.T, networks ...string) *Prober {
	t.Helper()
	p, err := New(Settings{Mode: Zones, Networks: networks})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestSettings(t *testing.T) {
	for _, s := range []Settings{{}, {Mode: Off}, {Mode: Off, Networks: []string{"10.0.0.0/8"}}} {
		p, err := New(s)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Answer(t.Context(), json.RawMessage(`{"targets":[{"address":"10.0.0.1","port":22,"protocol":"tcp"}]}`)); err == nil || err.Error() != "probing is not allowed by this agent's settings" {
			t.Errorf("%+v: %v", s, err)
		}
	}
	for _, s := range []Settings{{Mode: "on"}, {Mode: Zones, Networks: []string{"10.0.0.1"}}} {
		if _, err := New(s); !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v: %v", s, err)
		}
	}
}

func TestWhatIsNeverTried(t *testing.T) {
	p := prober(t, "0.0.0.0/0", "::/0")
	mine := []netip.Prefix{netip.MustParsePrefix("10.1.2.3/24"), netip.MustParsePrefix("10.9.9.9/31"), netip.MustParsePrefix("fd00::3/64")}
	for address, want := range map[string]string{
		"127.0.0.1": "this host itself", "::1": "this host itself", "0.0.0.0": "this host itself", "::": "this host itself", "::ffff:127.0.0.1": "this host itself", "10.1.2.3": "this host itself", "fd00::3": "this host itself",
		"224.0.0.1": "group", "ff02::1": "group", "255.255.255.255": "broadcast", "169.254.169.254": "link-local", "fe80::1": "link-local", "10.1.2.255": "broadcast address of 10.1.2.0/24",
		"db-01": "is no IP address", "fe80::1%eth0": "is no IP address", "": "is no IP address", "10.1.2.4": "", "10.9.9.8": "", "fd00::4": "",
	} {
		_, err := p.allowed(wire.ProbeTarget{Address: address, Port: 22, Protocol: "tcp"}, mine)
		if got := ""; err == nil && want != "" || err != nil && (want == "" || !strings.Contains(err.Error(), want)) {
			if err != nil {
				got = err.Error()
			}
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
	for _, bad := range []wire.ProbeTarget{{Address: "10.1.2.4", Port: 0, Protocol: "tcp"}, {Address: "10.1.2.4", Port: 70000, Protocol: "tcp"}, {Address: "10.1.2.4", Port: 1, Protocol: "icmp"}} {
		if _, err := p.allowed(bad, mine); err == nil {
			t.Errorf("%+v would be tried", bad)
		}
	}
	private := prober(t)
	for address, want := range map[string]bool{"10.1.2.4": true, "192.168.1.1": true, "fd00::4": true, "203.0.113.9": false, "2001:db8::1": false} {
		if _, err := private.allowed(wire.ProbeTarget{Address: address, Port: 22, Protocol: "tcp"}, nil); (err == nil) != want {
			t.Errorf("without a list of networks %s: %v", address, err)
		}
	}
}

func TestBadAsks(t *testing.T) {
	p := prober(t)
	many := `{"targets":[` + strings.TrimSuffix(strings.Repeat(`{"address":"10.0.0.1","port":1,"protocol":"tcp"},`, maxTargets+1), ",") + `]}`
	for ask, want := range map[string]string{
		`{`: "cannot be read", `{}`: "0 targets", many: "1001 targets",
		`{"targets":[{"address":"10.0.0.1","port":1,"protocol":"tcp"}],"timeout_ms":1}`:     "time limit",
		`{"targets":[{"address":"10.0.0.1","port":1,"protocol":"tcp"}],"timeout_ms":60000}`: "time limit",
	} {
		if _, err := p.Answer(t.Context(), json.RawMessage(ask)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.80s: %v, want %q", ask, err, want)
		}
	}
}

// What each errno and who said so comes to.
func TestOutcome(t *testing.T) {
	to := netip.MustParseAddrPort("10.0.0.2:53")
	router, itself := said{from: netip.MustParseAddr("10.0.0.254"), kind: 3, code: 13}, said{from: to.Addr(), kind: 3, code: 3}
	for _, c := range []struct {
		protocol string
		err      error
		icmp     said
		want     string
	}{
		{"tcp", nil, said{}, open}, {"udp", nil, said{}, open}, {"tcp", unix.ECONNREFUSED, said{}, refused}, {"tcp", unix.ECONNREFUSED, itself, unreachable}, {"tcp", unix.ECONNREFUSED, router, unreachable},
		{"udp", unix.ECONNREFUSED, itself, refused}, {"udp", unix.ECONNREFUSED, said{}, refused}, {"udp", unix.ECONNREFUSED, router, unreachable},
		{"tcp", unix.EHOSTUNREACH, router, unreachable}, {"tcp", unix.ENETUNREACH, said{}, unreachable}, {"tcp", unix.ETIMEDOUT, said{}, silent}, {"tcp", unix.EPERM, said{}, unreachable}, {"tcp", unix.ECONNRESET, said{}, refused},
	} {
		state, reason, err := outcome(c.protocol, to, c.err, c.icmp)
		if state != c.want || reason == "" || err != nil {
			t.Errorf("%s %v %v: %s %q %v, want %s", c.protocol, c.err, c.icmp, state, reason, err, c.want)
		}
	}
	if _, _, err := outcome("tcp", to, unix.EMFILE, said{}); err == nil {
		t.Error("what cannot be told is told")
	}
}

// The very calls, over loopback, which allowed would refuse.
func TestTry(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	there := netip.MustParseAddrPort(l.Addr().String())
	got := try(wire.ProbeTarget{Address: "127.0.0.1", Port: int(there.Port()), Protocol: "tcp"}, there, time.Second)
	if got.State != open || got.Local == "" || got.TookUs <= 0 {
		t.Errorf("%+v", got)
	}
	l.Close()
	if got := try(wire.ProbeTarget{Protocol: "tcp"}, there, time.Second); got.State != refused {
		t.Errorf("%+v", got)
	}
	if got := try(wire.ProbeTarget{Protocol: "udp"}, there, time.Second); got.State != refused {
		t.Errorf("%+v", got)
	}
	u, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	quiet := netip.MustParseAddrPort(u.LocalAddr().String())
	if got := try(wire.ProbeTarget{Protocol: "udp"}, quiet, 100*time.Millisecond); got.State != silent || !strings.Contains(got.Reason, "looks the same") {
		t.Errorf("%+v", got)
	}
	go func() {
		b := make([]byte, 1)
		for range 2 { // the datagram of the try before waits still
			_, from, err := u.ReadFrom(b)
			if err != nil {
				return
			}
			u.WriteTo([]byte("x"), from) //nolint:errcheck // the try says that nothing came
		}
	}()
	if got := try(wire.ProbeTarget{Protocol: "udp"}, quiet, 2*time.Second); got.State != open {
		t.Errorf("%+v", got)
	}
}

// Through a firewall between two network namespaces: what is dropped, what is
// rejected in each way, what nobody listens at.
func TestThroughFirewall(t *testing.T) {
	if os.Getenv("ATTESTA_PROBE_INSIDE") != "" {
		p := prober(t)
		var in wire.AskProbeArgs
		for _, port := range []int{1001, 1002, 1003, 1004, 1005} {
			in.Targets = append(in.Targets, wire.ProbeTarget{Address: "10.77.0.2", Port: port, Protocol: "tcp"})
		}
		in.Timeout = 400
		raw, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		res, err := p.Answer(t.Context(), raw)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range res.(wire.ProbeResult).Probes {
			t.Logf("RESULT %d %s (%s)", x.Port, x.State, x.Reason)
		}
		return
	}
	if os.Geteuid() != 0 {
		t.Skip("NOT RUN: needs root")
	}
	for _, tool := range []string{"ip", "nft", "unshare"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("NOT RUN: %v", err)
		}
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	script := filepath.Join(t.TempDir(), "run.sh")
	text := `set -e
mount -t tmpfs none /run/netns 2>/dev/null || { mkdir -p /run/netns; mount -t tmpfs none /run/netns; }
ip netns add far
ip link add near type veth peer name end netns far
ip addr add 10.77.0.1/24 dev near; ip link set near up; ip link set lo up
ip -n far addr add 10.77.0.2/24 dev end; ip -n far link set end up; ip -n far link set lo up
ip netns exec far nft -f - <<R
table inet f { chain i { type filter hook input priority 0; policy accept;
tcp dport 1002 drop
tcp dport 1003 reject
tcp dport 1004 reject with icmpx admin-prohibited
meta l4proto tcp tcp dport 1005 reject with tcp reset
}
}
R
ATTESTA_PROBE_INSIDE=1 exec ` + self + ` -test.run '^TestThroughFirewall$' -test.v
`
	if err := os.WriteFile(script, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "unshare", "-n", "-m", "-p", "-f", "--mount-proc", "sh", script).CombinedOutput()
	if err != nil {
		if strings.Contains(string(out), "not permitted") || strings.Contains(string(out), "not supported") {
			t.Skipf("NOT RUN: no network namespaces here: %s", out)
		}
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"RESULT 1001 refused", "RESULT 1002 silent", "RESULT 1003 unreachable (a filter refused it by ICMP: 10.77.0.2", "RESULT 1004 unreachable", "RESULT 1005 refused"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("there is no %q in\n%s", want, out)
		}
	}
}

func FuzzErrorQueue(f *testing.F) {
	f.Add([]byte{48, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 11, 0, 0, 0, 111, 0, 0, 0, 2, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 10, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, oob []byte) {
		if s, ok := parseQueue(oob); ok != s.from.IsValid() {
			t.Errorf("%x gives %+v, %v", oob, s, ok)
		}
	})
}
