package network

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/attesta/attesta/internal/agent/collect/command"
	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"

	"github.com/google/go-cmp/cmp"
)

// inNamespace runs the calling test again in a network namespace of its own,
// and reports whether this is that run.
func inNamespace(t *testing.T) bool {
	t.Helper()
	if os.Getenv("ATTESTA_OWN_NETWORK") == t.Name() {
		return true
	}
	if _, ok := command.Find("ip"); !ok {
		t.Skip("NOT RUN: ip is not installed")
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), "ATTESTA_OWN_NETWORK="+t.Name())
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	out, err := cmd.CombinedOutput()
	if errors.Is(err, syscall.EPERM) {
		t.Skip("NOT RUN: no network namespace may be made here")
	}
	if err != nil {
		t.Errorf("in its own network: %v\n%s", err, out)
	} else if strings.Contains(string(out), "--- SKIP") {
		t.Skipf("NOT RUN: %s", out)
	}
	return false
}

func ip(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "ip", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("ip %v: %v: %s", args, err, out)
	}
	return string(out)
}

func fromIP[T any](t *testing.T, args ...string) []T {
	t.Helper()
	var out []T
	if err := json.Unmarshal([]byte(ip(t, args...)), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestAgreeWithIP holds what is read of a network with many kinds of links,
// and of this host's own, against ip -json.
func TestAgreeWithIP(t *testing.T) {
	if os.Getenv("ATTESTA_OWN_NETWORK") == "" {
		if _, ok := command.Find("ip"); ok {
			t.Run("this host", agree)
		}
	}
	if !inNamespace(t) {
		return
	}
	for _, cmd := range []string{
		"link set lo up", "link add v0 type veth peer name v1", "link add br-0123456789ab type bridge", "link add d0 type veth peer name d1",
		"link set v0 up", "link set v1 up", "link set d1 up", "link set d0 up mtu 1400", "addr add 192.0.2.5/24 dev v0", "addr add 2001:db8::5/64 dev v0 nodad", "addr add 10.9.0.1 peer 10.9.0.2/32 dev d0",
		"route add default via 192.0.2.1 metric 50", "route add 198.51.100.0/24 nexthop via 192.0.2.8 nexthop via 192.0.2.9", "route add blackhole 203.0.113.0/24",
		"route add 10.0.0.0/8 via 192.0.2.77 table 100 proto static src 192.0.2.5", "-6 route add 2001:db8:1::/48 via 2001:db8::1", "route add 10.77.0.0/16 via inet6 2001:db8::9 dev v0",
		"neigh add 192.0.2.1 lladdr 02:00:00:00:00:01 dev v0 nud permanent", "neigh add 192.0.2.2 lladdr 02:00:00:00:00:02 dev v0 nud reachable",
		"neigh add 192.0.2.3 dev v0 nud failed", "neigh add 2001:db8::1 lladdr 02:00:00:00:00:03 dev v0 router nud stale",
	} {
		ip(t, strings.Fields(cmd)...)
	}
	// Kinds that not every kernel has.
	optional := map[string]string{"v7 vlan": "link add link v0 name v7 type vlan id 7", "u0 dummy": "link add u0 type dummy", "g0 tunnel": "link add g0 type gre local 192.0.2.5 remote 192.0.2.6"}
	for name, cmd := range optional {
		if exec.CommandContext(t.Context(), "ip", strings.Fields(cmd)...).Run() != nil {
			t.Logf("this kernel makes no %s", name)
			delete(optional, name)
		}
	}
	agree(t)
	s, err := ReadNeighbours(t.Context(), tree.Root{})
	if err != nil {
		t.Fatal(err)
	}
	before := s.Digest
	ip(t, "neigh", "change", "192.0.2.2", "lladdr", "02:00:00:00:00:02", "dev", "v0", "nud", "stale")
	if s, err = ReadNeighbours(t.Context(), tree.Root{}); err != nil || s.Digest != before {
		t.Errorf("the digest changes with how lately a neighbour answered (%v)", err)
	}
	links, err := kernelLinks()
	if err != nil {
		t.Fatal(err)
	}
	made := map[string]bool{}
	for _, i := range interfaces(links) {
		made[i.Name+" "+i.Kind] = i.Container
	}
	want := map[string]bool{"lo loopback": false, "v0 veth": true, "v1 veth": true, "br-0123456789ab bridge": true, "d0 veth": true}
	for k := range optional {
		want[k] = false
	}
	for k, v := range want {
		if got, ok := made[k]; !ok || got != v {
			t.Errorf("%s: made by an engine %v (there %v), want %v", k, got, ok, v)
		}
	}
}

func agree(t *testing.T) {
	links, err := kernelLinks()
	if err != nil {
		t.Fatal(err)
	}
	got := interfaces(links)
	type address struct {
		Local     string
		Prefixlen int
		Temporary bool
	}
	type shown struct {
		Ifname, Address, Operstate string
		Mtu                        int64
		Flags                      []string
		AddrInfo                   []address `json:"addr_info"`
	}
	list := fromIP[shown](t, "-j", "addr")
	if len(list) != len(got) || len(list) == 0 {
		t.Fatalf("%d interfaces, ip shows %d", len(got), len(list))
	}
	for _, want := range list {
		i := slices.IndexFunc(got, func(g facts.Interface) bool { return g.Name == want.Ifname })
		if i < 0 {
			t.Errorf("ip shows %s and we do not", want.Ifname)
			continue
		}
		g := got[i]
		addresses := []string{}
		for _, a := range want.AddrInfo {
			if !a.Temporary {
				addresses = append(addresses, fmt.Sprintf("%s/%d", a.Local, a.Prefixlen))
			}
		}
		slices.Sort(addresses)
		mac := want.Address
		if mac == "00:00:00:00:00:00" || strings.Contains(mac, ".") {
			mac = ""
		}
		w := facts.Interface{Name: want.Ifname, Kind: g.Kind, Mac: mac, Addresses: addresses, Up: slices.Contains(want.Flags, "UP"), State: strings.ToLower(want.Operstate), Mtu: want.Mtu, Container: g.Container}
		if want.Address != "" && strings.Count(want.Address, ":") != 5 {
			w.Mac = g.Mac // a tunnel's address
		}
		if diff := cmp.Diff(w, g); diff != "" {
			t.Error(diff)
		}
	}
	type way struct{ Gateway, Dev string }
	type route struct {
		Type, Dst, Gateway, Dev, Prefsrc, Table, Protocol string
		Metric                                            int64
		Via                                               struct{ Host string }
		Nexthops                                          []way
	}
	routes, err := kernelRoutes(links)
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]int{}
	for _, r := range routes {
		have[strings.Join([]string{r.Destination, r.Gateway, r.Interface, r.Source, strconv.FormatInt(r.Metric, 10), r.Kind, strconv.FormatInt(r.Table, 10)}, " ")]++
	}
	for _, family := range []string{"-4", "-6"} {
		for _, r := range fromIP[route](t, family, "-N", "-j", "-d", "route", "show", "table", "all") {
			table := r.Table
			if table == "" {
				table = "254"
			}
			if table == "255" {
				continue
			}
			dst := r.Dst
			switch {
			case dst == "default" && family == "-4":
				dst = "0.0.0.0/0"
			case dst == "default":
				dst = "::/0"
			case !strings.Contains(dst, "/") && family == "-4":
				dst += "/32"
			case !strings.Contains(dst, "/"):
				dst += "/128"
			}
			gateway, dev := r.Gateway+r.Via.Host, r.Dev
			if len(r.Nexthops) > 0 {
				var g, d []string
				for _, n := range r.Nexthops {
					g, d = append(g, n.Gateway), append(d, n.Dev)
				}
				gateway, dev = joined(g), joined(d)
			}
			kind := map[string]string{"1": "unicast", "6": "blackhole", "7": "unreachable", "8": "prohibit", "5": "multicast", "4": "anycast", "": "unicast"}[r.Type]
			if kind == "" {
				kind = r.Type
			}
			key := strings.Join([]string{dst, gateway, dev, r.Prefsrc, strconv.FormatInt(r.Metric, 10), kind, table}, " ")
			if have[key]--; have[key] < 0 {
				t.Errorf("ip shows route %q and we do not", key)
			}
			if have[key] <= 0 {
				delete(have, key)
			}
		}
	}
	for key := range have {
		t.Errorf("route %q: ip does not show it", key)
	}
	type neighbour struct {
		Dst, Dev, Lladdr string
		State            []string
		Router           json.RawMessage
	}
	neighbours, err := kernelNeighbours(links)
	if err != nil {
		t.Fatal(err)
	}
	var want []facts.Neighbour
	for _, n := range fromIP[neighbour](t, "-j", "neigh") {
		if n.Lladdr == "" || slices.Contains(n.State, "FAILED") || slices.Contains(n.State, "INCOMPLETE") || slices.Contains(n.State, "NOARP") {
			continue
		}
		state := "learned"
		if slices.Contains(n.State, "PERMANENT") {
			state = "permanent"
		}
		want = append(want, facts.Neighbour{Address: n.Dst, Mac: n.Lladdr, Interface: n.Dev, State: state, Router: len(n.Router) > 0})
	}
	key := func(n facts.Neighbour) string { return fmt.Sprint(n) }
	for _, n := range want {
		if !slices.ContainsFunc(neighbours, func(g facts.Neighbour) bool { return key(g) == key(n) }) {
			t.Errorf("ip shows %+v and we do not", n)
		}
	}
	if len(want) != len(neighbours) {
		t.Errorf("%d neighbours, ip shows %d", len(neighbours), len(want))
	}
}

func files(t testing.TB, list map[string]string) tree.Root {
	t.Helper()
	dir := t.TempDir()
	for name, content := range list {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if to, ok := strings.CutPrefix(content, "-> "); ok {
			if err := os.Symlink(to, p); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.WriteFile(p, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return tree.Root{Dir: dir}
}

func TestResolvers(t *testing.T) {
	for _, c := range []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"by hand", map[string]string{"/etc/resolv.conf": "; x\nnameserver 192.0.2.1\nnameserver 2001:db8::1 # no comment\nsearch old.example\nsearch example.org example.net\noptions edns0 timeout:2\noptions edns0\n"},
			`{"manager":"file","options":["edns0","timeout:2"],"search":["example.org","example.net"],"servers":["192.0.2.1","2001:db8::1"]} /resolvers/upstream absent`},
		{"systemd-resolved", map[string]string{"/etc/resolv.conf": "-> ../run/systemd/resolve/stub-resolv.conf", "/run/systemd/resolve/stub-resolv.conf": "nameserver 127.0.0.53\n", "/run/systemd/resolve/resolv.conf": "nameserver 192.0.2.9\n"},
			`{"manager":"systemd-resolved","options":[],"search":[],"servers":["127.0.0.53"],"upstream":["192.0.2.9"]}`},
		{"in a container", map[string]string{"/etc/resolv.conf": "# Generated by Docker Engine.\nnameserver 127.0.0.11\n"},
			`{"manager":"docker","options":[],"search":[],"servers":["127.0.0.11"]} /resolvers/upstream absent`},
		{"nothing", nil, `{} /resolvers absent`},
		{"a directory", map[string]string{"/etc/resolv.conf/x": ""}, `{} /resolvers error`},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := Read(t.Context(), files(t, c.files))
			if err != nil {
				t.Fatal(err)
			}
			d, err := facts.Decode(s)
			if err != nil {
				t.Fatal(err)
			}
			v, _ := d.At("/resolvers")
			got := string(facts.Canonical(v))
			for _, m := range s.Missing {
				if strings.HasPrefix(m.Path, "/resolvers") {
					got += " " + m.Path + " " + string(m.State)
				}
			}
			if got != c.want {
				t.Errorf("%s\nwant %s", got, c.want)
			}
		})
	}
}

func FuzzFiles(f *testing.F) {
	f.Add("nameserver\nsearch\noptions a b\n# x\n127.0.0.1 a b # c\n::1\n")
	f.Fuzz(func(t *testing.T, content string) {
		root := files(t, map[string]string{"/etc/resolv.conf": content, "/etc/hosts": content})
		s, err := Read(t.Context(), root)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := facts.Decode(s); err != nil {
			t.Fatal(err)
		}
	})
}

// FuzzKernel gives any bytes as what the kernel answers.
func FuzzKernel(f *testing.F) {
	for _, kind := range []int{syscall.RTM_GETLINK, syscall.RTM_GETADDR, syscall.RTM_GETROUTE, 30} {
		raw, err := dump(kind, syscall.AF_UNSPEC)
		if err != nil {
			f.Skipf("NOT RUN: %v", err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		links, err := parseLinks(raw)
		if err != nil {
			links = map[int]link{}
		}
		v := facts.Network{}
		if parseAddresses(raw, links) == nil {
			v.Interfaces = interfaces(links)
		}
		if routes, err := parseRoutes(raw, links); err == nil {
			v.Routes = routes
		}
		if _, err := facts.NewSection("network", v, nil); err != nil {
			t.Error(err)
		}
		if list, err := parseNeighbours(raw, links); err == nil {
			if _, err := facts.NewSection("neighbours", facts.Neighbours{Entries: list}, nil); err != nil {
				t.Error(err)
			}
		}
	})
}
