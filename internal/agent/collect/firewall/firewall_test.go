package firewall

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/attesta/attesta/internal/agent/collect/command"
	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"

	"github.com/google/go-cmp/cmp"
)

func read(t testing.TB, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func allWords(rules []facts.FirewallRule) []string {
	var out []string
	for _, r := range rules {
		out = append(out, Words(r))
	}
	return out
}

// TestNFT reads what nft printed for testdata/ruleset.nft.
func TestNFT(t *testing.T) {
	set, err := ParseNFT(read(t, "ruleset.json"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"inet filter input rule 1: state established,related accept",
		"inet filter input rule 2: state invalid drop",
		"inet filter input rule 3: in lo accept",
		"inet filter input rule 4: in lo accept",
		"inet filter input rule 5: ipv4 from 10.0.0.0/8,172.16.0.1-172.16.0.4,192.0.2.7 tcp port 22 accept",
		"inet filter input rule 6: ipv4 from @bans drop",
		"inet filter input rule 7: ipv4 from 0.0.0.0/0 tcp port 2222 accept",
		"inet filter input rule 8: ipv4 from 0.0.0.0/0 accept",
		"inet filter input rule 9: tcp port 80,443,8000-8010 accept",
		"inet filter input rule 10: ipv4 icmp accept",
		"inet filter input rule 11: ipv6 ipv6-icmp accept",
		"inet filter input rule 12: icmp,ipv6-icmp limit 5/second accept",
		"inet filter input rule 13: ipv4 from !10.0.0.0/8 udp port 53 drop",
		"inet filter input rule 14: ip saddr . tcp dport {10.1.1.1 . 99, 10.1.1.2 . 100} accept",
		"inet filter input rule 15: tcp port 25 drop",
		"inet filter input rule 15: tcp port 26 jump other",
		"inet filter input rule 16: in lo accept",
		"inet filter input rule 16: in eth0 jump other",
		"inet filter input rule 17: in eth0,wg* port 53 accept",
		"inet filter input rule 18: tcp port !23 state new tcp flags & syn, ack syn accept",
		"inet filter input rule 19: state invalid drop",
		"inet filter input rule 19: state established accept",
		"inet filter input rule 19: state related accept",
		"inet filter input rule 20: fib daddr type broadcast drop",
		"inet filter input rule 21: meta mark 1 accept",
		"inet filter input rule 22: ipv4 tcp port 1-1024 accept",
		"inet filter input rule 23: icmp icmp type echo-request accept",
		"inet filter input rule 24: ether saddr aa:bb:cc:dd:ee:ff accept",
		"inet filter input rule 25: goto other",
		"inet filter input rule 26: reject",
		"inet filter other rule 1: return",
		"inet filter dn rule 1: tcp port 8080 dnat 10.0.0.5:80",
		"inet filter dn rule 2: tcp port 8081 redirect :80",
		"inet filter post rule 1: out eth0 masquerade",
		"inet filter post rule 2: snat 1.2.3.4",
	}
	if diff := cmp.Diff(want, allWords(set.Rules)); diff != "" {
		t.Error(diff)
	}
	if set.Rules[4].Comment != "ssh from inside" {
		t.Errorf("comment %q", set.Rules[4].Comment)
	}
	if c := set.Chains[0]; c.Hook != "input" || c.Policy != "drop" || c.Rules != 26 || c.Kind != "filter" {
		t.Errorf("%+v", c)
	}
}

// TestFate: what becomes of a packet that nobody names, and what is open, in
// rule sets as people write them.
func TestFate(t *testing.T) {
	const head = "*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n"
	const accepting = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n"
	for _, c := range []struct {
		name, rules string
		fate        string
		anyAny      []string
		interfaces  []string
		ports       []string
	}{
		{"nothing", "", "none", nil, nil, nil},
		{"policy drop", head + "-A INPUT -i lo -j ACCEPT\n-A INPUT -p tcp --dport 22 -j ACCEPT\n", "drop", nil, nil, []string{"tcp 22"}},
		{"policy accept", accepting + "-A INPUT -p tcp --dport 22 -j DROP\n", "accept", nil, nil, nil},
		{"a last rule that rejects", accepting + "-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT\n-A INPUT -j REJECT --reject-with icmp-host-prohibited\n", "reject", nil, nil, nil},
		{"any-any", head + "-A INPUT -j ACCEPT\n", "accept", []string{"ip filter INPUT rule 1: accept"}, nil, []string{"any any"}},
		{"any-any for new connections", head + "-A INPUT -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT\n", "accept", []string{"ip filter INPUT rule 1: state established,new accept"}, nil, []string{"any any"}},
		{"any-any for tcp alone", head + "-A INPUT -p tcp -j ACCEPT\n", "accept", []string{"ip filter INPUT rule 1: tcp accept"}, nil, []string{"tcp any"}},
		{"any-any by all ports", head + "-A INPUT -p udp --dport 1:65535 -j ACCEPT\n", "accept", []string{"ip filter INPUT rule 1: udp port 1-65535 accept"}, nil, []string{"udp 1-65535"}},
		{"any-any with a limit", head + "-A INPUT -m limit --limit 99/sec -j ACCEPT\n", "accept", []string{"ip filter INPUT rule 1: limit limit 99/sec accept"}, nil, []string{"any any"}},
		{"any-any after all was dropped", head + "-A INPUT -j DROP\n-A INPUT -j ACCEPT\n", "drop", nil, nil, []string{"any any"}},
		{"everything from one interface", head + "-A INPUT -i docker0 -j ACCEPT\n", "drop", nil, []string{"docker0"}, []string{"any any docker0"}},
		{"everything from elsewhere", head + "-A INPUT ! -i eth1 -j ACCEPT\n", "accept", []string{"ip filter INPUT rule 1: in !eth1 accept"}, nil, []string{"any any"}},
		{"everything from one network", head + "-A INPUT -s 10.0.0.0/8 -j ACCEPT\n", "drop", nil, nil, nil},
		{"everything but from one network", head + "-A INPUT ! -s 10.0.0.0/8 -j ACCEPT\n", "accept", []string{"ip filter INPUT rule 1: from !10.0.0.0/8 accept"}, nil, []string{"any any"}},
		{"a mark", head + "-A INPUT -m mark --mark 0x1 -j ACCEPT\n", "drop", nil, nil, nil},
		{"established only", head + "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n", "drop", nil, nil, nil},
		{"in a chain of its own", head + ":mine - [0:0]\n-A INPUT -i eth0 -j mine\n-A mine -p tcp -m multiport --dports 80,443 -j ACCEPT\n-A mine -s 10.0.0.0/8 -p tcp --dport 5432 -j ACCEPT\n", "drop", nil, nil, []string{"tcp 80 eth0", "tcp 443 eth0"}},
		{"a chain that returns", head + ":mine - [0:0]\n-A INPUT -j mine\n-A mine -m addrtype --dst-type LOCAL -j RETURN\n-A mine -j DROP\n-A INPUT -j ACCEPT\n", "accept", []string{"ip filter INPUT rule 2: accept"}, nil, []string{"any any"}},
		{"goto does not come back", head + ":mine - [0:0]\n-A INPUT -g mine\n-A INPUT -j ACCEPT\n-A mine -p tcp --dport 22 -j ACCEPT\n", "drop", nil, nil, []string{"tcp 22", "any any"}},
		{"chains that jump to each other", head + ":a - [0:0]\n:b - [0:0]\n-A INPUT -j a\n-A a -j b\n-A b -j a\n", "drop", nil, nil, nil},
		{"a published port", head + "COMMIT\n*nat\n:PREROUTING ACCEPT [0:0]\n:DOCKER - [0:0]\n-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER\n-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80\n", "drop", nil, nil, []string{"tcp 8080 dnat 172.17.0.2:80"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			set, err := ParseSave(c.rules, "ip", "iptables-nft")
			if err != nil {
				t.Fatal(err)
			}
			w := newWalker(set)
			if fate, by := w.fate("input", "4"); fate != c.fate {
				t.Errorf("fate %s by %q, want %s", fate, by, c.fate)
			}
			if fate, _ := w.fate("input", "6"); fate != "none" {
				t.Errorf("fate of IPv6 %s, want none: these rules are for IPv4", fate)
			}
			open := w.open()
			var ports []string
			for _, p := range open.Ports {
				words := []string{p.Protocol, p.Ports}
				words = append(words, p.Interfaces...)
				if p.Via == "dnat" {
					words = append(words, "dnat", p.Target)
				}
				ports = append(ports, strings.Join(words, " "))
			}
			sorted := func(list []string) []string {
				list = slices.Clone(list)
				slices.Sort(list)
				return append([]string{}, list...)
			}
			if diff := cmp.Diff(sorted(c.ports), sorted(ports)); diff != "" {
				t.Errorf("ports: %s", diff)
			}
			if diff := cmp.Diff(sorted(c.anyAny), open.AnyAny); diff != "" {
				t.Errorf("any-any: %s", diff)
			}
			if diff := cmp.Diff(sorted(c.interfaces), open.Interfaces); diff != "" {
				t.Errorf("interfaces: %s", diff)
			}
		})
	}
}

func TestUFW(t *testing.T) {
	set, err := ParseSave(string(read(t, "ufw.save")), "ip", "iptables-nft")
	if err != nil {
		t.Fatal(err)
	}
	w := newWalker(set)
	if fate, by := w.fate("input", "4"); fate != "drop" || by != "policy of ip filter INPUT" {
		t.Errorf("%s by %s", fate, by)
	}
	open := w.open()
	if len(open.AnyAny) != 0 || len(open.Interfaces) != 0 {
		t.Errorf("%+v", open)
	}
	var ports []string
	for _, p := range open.Ports {
		ports = append(ports, p.Protocol+" "+p.Ports)
	}
	if want := []string{"tcp 22"}; !slices.Equal(ports, want) {
		t.Errorf("ports %v, want %v", ports, want)
	}
	// What ufw does when its default is to let everything in.
	loose, err := ParseSave(strings.ReplaceAll(strings.ReplaceAll(string(read(t, "ufw.save")), ":INPUT DROP", ":INPUT ACCEPT"), "-A ufw-skip-to-policy-input -j DROP", "-A ufw-skip-to-policy-input -j ACCEPT"), "ip", "iptables-nft")
	if err != nil {
		t.Fatal(err)
	}
	if fate, by := newWalker(loose).fate("input", "4"); fate != "accept" {
		t.Errorf("%s by %s, want accept", fate, by)
	}
}

func TestMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"-A INPUT -j ACCEPT\n":                         "iptables-nft rules:1: expected *table",
		"*filter\nINPUT\n":                             "iptables-nft rules:2: expected -A chain",
		"*filter\n:INPUT\n":                            "iptables-nft rules:2: expected :chain policy",
		"*filter\n-A INPUT -m comment --comment \"x\n": "iptables-nft rules:2: a quotation mark is not closed",
		"*filter\n-A INPUT -j\n":                       "iptables-nft rules:2: expected a target after -j",
	} {
		if _, err := ParseSave(text, "ip", "iptables-nft"); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: error %v, want %s", text, err, want)
		}
	}
	if _, err := ParseNFT([]byte(`{"nftables": [{"chain": 7}]}`)); err == nil {
		t.Error("a chain that is a number is no mistake")
	}
	for text, want := range map[string]string{
		"table inet x {\n chain a {\n":          "/etc/nftables.conf:",
		"table inet x {\n }\n}\n":               "/etc/nftables.conf:3: a brace is closed that was not opened",
		"include \"/etc/nothing.nft\"\n":        "/etc/nftables.conf:1: /etc/nothing.nft is included and not there",
		"define x = \"a\n":                      "/etc/nftables.conf: line 1: a quotation mark is not closed",
		"include \"/etc/nftables.conf\"\n":      "more than 64 files are included",
		"table ip x {\n set y { elements = { 1": "a brace is not closed",
	} {
		root := files(t, map[string]string{"/etc/nftables.conf": text})
		if _, err := persisted(root); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %s", text, err, want)
		}
	}
}

func files(t testing.TB, list map[string]string) tree.Root {
	t.Helper()
	dir := t.TempDir()
	for name, text := range list {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return tree.Root{Dir: dir}
}

func TestPersisted(t *testing.T) {
	const drop = "table inet filter {\n\tchain input {\n\t\ttype filter hook input priority filter; policy drop;\n\t\ttcp dport { 22, 80 } accept\n\t}\n}\n"
	for _, c := range []struct {
		name     string
		files    map[string]string
		ip4, ip6 string
		managers []facts.FirewallManager
	}{
		{"nothing", nil, "none", "none", []facts.FirewallManager{}},
		{"nftables not enabled", map[string]string{"/etc/nftables.conf": drop}, "none", "none",
			[]facts.FirewallManager{{Name: "nftables", File: "/etc/nftables.conf", Ip4: "drop", Ip6: "drop"}}},
		{"nftables", map[string]string{"/etc/nftables.conf": "#!/usr/sbin/nft -f\nflush ruleset\ninclude \"/etc/nftables.d/*.nft\"\n", "/etc/nftables.d/a.nft": drop,
			"/etc/systemd/system/sysinit.target.wants/nftables.service": ""}, "drop", "drop",
			[]facts.FirewallManager{{Name: "nftables", File: "/etc/nftables.conf", Ip4: "drop", Ip6: "drop", Enabled: true}}},
		{"nftables as Debian ships it", map[string]string{"/etc/nftables.conf": "flush ruleset\ntable inet filter {\n chain input {\n type filter hook input priority filter;\n }\n chain forward {\n type filter hook forward priority filter;\n }\n}\n",
			"/etc/systemd/system/sysinit.target.wants/nftables.service": ""}, "accept", "accept",
			[]facts.FirewallManager{{Name: "nftables", File: "/etc/nftables.conf", Ip4: "accept", Ip6: "accept", Enabled: true}}},
		{"nftables by commands, a last rule that drops", map[string]string{"/etc/sysconfig/nftables.conf": "add table ip x\nadd chain ip x in { type filter hook input priority 0 ; }\nadd rule ip x in tcp dport 22 accept\nadd rule x in counter log prefix \"gone \" drop\n",
			"/etc/systemd/system/multi-user.target.wants/nftables.service": ""}, "drop", "none",
			[]facts.FirewallManager{{Name: "nftables", File: "/etc/sysconfig/nftables.conf", Ip4: "drop", Ip6: "none", Enabled: true}}},
		{"ufw", map[string]string{"/etc/ufw/ufw.conf": "# x\nENABLED=yes\n", "/etc/default/ufw": "IPV6=yes\nDEFAULT_INPUT_POLICY=\"DROP\"\n", "/etc/systemd/system/multi-user.target.wants/ufw.service": ""}, "drop", "drop",
			[]facts.FirewallManager{{Name: "ufw", File: "/etc/ufw/ufw.conf", Ip4: "drop", Ip6: "drop", Enabled: true}}},
		{"ufw switched off", map[string]string{"/etc/ufw/ufw.conf": "ENABLED=no\n", "/etc/default/ufw": "DEFAULT_INPUT_POLICY=\"DROP\"\n", "/etc/systemd/system/multi-user.target.wants/ufw.service": ""}, "none", "none",
			[]facts.FirewallManager{{Name: "ufw", File: "/etc/ufw/ufw.conf", Ip4: "drop", Ip6: "drop"}}},
		{"firewalld", map[string]string{"/etc/firewalld/firewalld.conf": "DefaultZone=drop\n", "/usr/lib/firewalld/zones/drop.xml": "<?xml version=\"1.0\"?>\n<zone target=\"DROP\">\n</zone>", "/etc/systemd/system/multi-user.target.wants/firewalld.service": ""}, "drop", "drop",
			[]facts.FirewallManager{{Name: "firewalld", File: "/etc/firewalld/firewalld.conf", Ip4: "drop", Ip6: "drop", Enabled: true}}},
		{"firewalld trusts all", map[string]string{"/etc/firewalld/firewalld.conf": "DefaultZone=trusted\n", "/usr/lib/firewalld/zones/trusted.xml": "<zone target=\"ACCEPT\">", "/etc/systemd/system/multi-user.target.wants/firewalld.service": ""}, "accept", "accept",
			[]facts.FirewallManager{{Name: "firewalld", File: "/etc/firewalld/firewalld.conf", Ip4: "accept", Ip6: "accept", Enabled: true}}},
		{"netfilter-persistent, IPv6 forgotten", map[string]string{"/etc/iptables/rules.v4": "*filter\n:INPUT DROP [1:2]\n[0:0] -A INPUT -p tcp --dport 22 -j ACCEPT\nCOMMIT\n", "/etc/systemd/system/multi-user.target.wants/netfilter-persistent.service": ""}, "drop", "none",
			[]facts.FirewallManager{{Name: "netfilter-persistent", File: "/etc/iptables/rules.v4", Ip4: "drop", Ip6: "none", Enabled: true}}},
		{"Alpine", map[string]string{"/etc/iptables/rules-save": "*filter\n:INPUT ACCEPT [1:2]\nCOMMIT\n", "/etc/runlevels/default/iptables": ""}, "accept", "none",
			[]facts.FirewallManager{{Name: "iptables", File: "/etc/iptables/rules-save", Ip4: "accept", Ip6: "none", Enabled: true}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := persisted(files(t, c.files))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.managers, got.managers); diff != "" {
				t.Error(diff)
			}
			if ip4, ip6 := got.strictest(); ip4 != c.ip4 || ip6 != c.ip6 {
				t.Errorf("IPv4 %s, IPv6 %s, want %s and %s", ip4, ip6, c.ip4, c.ip6)
			}
		})
	}
}

func TestDifferences(t *testing.T) {
	root := files(t, map[string]string{"/etc/nftables.conf": string(read(t, "ruleset.nft")), "/etc/systemd/system/sysinit.target.wants/nftables.service": ""})
	p, err := persisted(root)
	if err != nil {
		t.Fatal(err)
	}
	running, err := ParseNFT(read(t, "ruleset.json"))
	if err != nil {
		t.Fatal(err)
	}
	if got := p.differences(running); len(got) != 0 {
		t.Errorf("what was loaded from the file differs from it: %v", got)
	}
	running.Chains[0].Policy = "accept"
	running.Chains[1].Rules++
	running.Chains = append(running.Chains[:4], facts.FirewallChain{Family: "inet", Table: "filter", Name: "extra", Rules: 1}, facts.FirewallChain{Family: "inet", Table: "filter", Name: "f2b-ssh", Rules: 1, Origin: "fail2ban"})
	want := []string{
		"chain inet filter extra is in force and not in the file",
		"chain inet filter other has 2 rules, in the file 1",
		"chain inet filter post is in the file and not in force",
		"policy of inet filter input is accept, in the file drop",
	}
	if diff := cmp.Diff(want, p.differences(running)); diff != "" {
		t.Error(diff)
	}
}

// inNamespace runs the calling test again in a network namespace of its own,
// and reports whether this is that run.
func inNamespace(t *testing.T) bool {
	t.Helper()
	if os.Getenv("ATTESTA_OWN_NETWORK") == t.Name() {
		return true
	}
	for _, program := range []string{"nft", "iptables-save"} {
		if _, ok := command.Find(program); !ok {
			t.Skipf("NOT RUN: %s is not installed", program)
		}
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

func program(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v: %s", name, args, err, out)
	}
	return string(out)
}

// TestAgree loads rules into a network of its own with the system's tools and
// holds what is read against what they list.
func TestAgree(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	ctx := t.Context()
	if set, engines, err := inForce(ctx, tree.Root{}); err != nil || len(engines) != 0 || len(set.Chains) != 0 {
		t.Fatalf("an empty network: %v %v %v", set, engines, err)
	}
	program(t, "nft", "-f", "testdata/ruleset.nft")
	set, engines, err := inForce(ctx, tree.Root{})
	if err != nil || !slices.Equal(engines, []string{"nft"}) {
		t.Fatalf("%v %v", engines, err)
	}
	// Every rule that nft lists with a handle is read, in its chain.
	perChain, chain := map[string]int64{}, ""
	for line := range strings.Lines(program(t, "nft", "-a", "list", "ruleset")) {
		f := strings.Fields(line)
		switch {
		case len(f) > 1 && f[0] == "chain":
			chain = f[1]
		case len(f) > 0 && f[0] == "table":
		case strings.Contains(line, "# handle") && chain != "":
			perChain[chain]++
		}
	}
	if len(perChain) < 4 {
		t.Fatalf("nft lists %v", perChain)
	}
	for _, c := range set.Chains {
		if c.Rules != perChain[c.Name] {
			t.Errorf("chain %s: %d rules, nft lists %d", c.Name, c.Rules, perChain[c.Name])
		}
	}
	// The file says the same as the kernel, and counters change nothing.
	file := newNFTFile(tree.Root{})
	here, err := filepath.Abs("testdata/ruleset.nft")
	if err != nil {
		t.Fatal(err)
	}
	if err := file.parse(here, string(read(t, "ruleset.nft")), 0); err != nil {
		t.Fatal(err)
	}
	if got := (persistedFiles{compare: file.ruleset()}).differences(set); len(got) != 0 {
		t.Errorf("the file that was loaded differs from what is in force: %v", got)
	}
	program(t, "nft", "flush", "ruleset")

	for _, cmd := range []string{
		"iptables -P INPUT DROP", "iptables -A INPUT -p tcp -m multiport --dports 22,80:90 -s 10.0.0.0/8 -j ACCEPT", "iptables -A INPUT -i lo -j ACCEPT", "iptables -N mine", "iptables -A INPUT -j mine",
		"ip6tables -A INPUT -p tcp --dport 22 -j ACCEPT", "iptables-legacy -A INPUT -p udp ! -s 1.2.3.4 -j REJECT", "iptables-legacy -t nat -A PREROUTING -p tcp --dport 99 -j DNAT --to-destination 1.1.1.1:3",
		"nft add table inet own", "nft add chain inet own in { type filter hook input priority 0 ; policy drop ; }",
	} {
		f := strings.Fields(cmd)
		program(t, f[0], f[1:]...)
	}
	set, engines, err = inForce(ctx, tree.Root{})
	if err != nil || !slices.Equal(engines, []string{"iptables-legacy", "iptables-nft", "nft"}) {
		t.Fatalf("%v %v", engines, err)
	}
	counted := map[string]int{}
	for _, r := range set.Rules {
		counted[r.Engine+" "+r.Family]++
	}
	for key, save := range map[string]string{"iptables-nft ip": "iptables-nft-save", "iptables-nft ip6": "ip6tables-nft-save", "iptables-legacy ip": "iptables-legacy-save", "iptables-legacy ip6": "ip6tables-legacy-save"} {
		if want := strings.Count("\n"+program(t, save), "\n-A "); counted[key] != want {
			t.Errorf("%s: %d rules, %s lists %d", key, counted[key], save, want)
		}
	}
	w := newWalker(set)
	if fate, by := w.fate("input", "4"); fate != "drop" {
		t.Errorf("IPv4 %s by %s", fate, by)
	}
	if fate, by := w.fate("input", "6"); fate != "drop" || by != "policy of inet own in" {
		t.Errorf("IPv6 %s by %s", fate, by)
	}
	a, err := Read(ctx, tree.Root{})
	if err != nil {
		t.Fatal(err)
	}
	program(t, "iptables", "-Z") // counters
	b, err := Read(ctx, tree.Root{})
	if err != nil {
		t.Fatal(err)
	}
	if a.Digest != b.Digest {
		t.Error("the digest changes with the counters")
	}
}

func FuzzNFT(f *testing.F) {
	f.Add(read(f, "ruleset.json"))
	f.Add([]byte(`{"nftables":[{"rule":{"family":"ip","table":"a","chain":"b","expr":[{"vmap":{"key":{"ct":{"key":"state"}},"data":"@x"}},{"match":{"left":[],"right":{"a":1,"b":2}}}]}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		set, err := ParseNFT(data)
		if err != nil {
			return
		}
		w := newWalker(set)
		for _, hook := range []string{"input", "forward"} {
			if fate, _ := w.fate(hook, "4"); fate == "" && !slices.ContainsFunc(set.Chains, func(c facts.FirewallChain) bool { return c.Policy == "" }) {
				t.Errorf("no fate")
			}
		}
		section(t, set, w)
	})
}

func FuzzSave(f *testing.F) {
	f.Add(read(f, "ufw.save"))
	f.Add([]byte("*nat\n:PREROUTING - [0:0]\n-A PREROUTING ! -i \"a b\" -p 6 --dport 1:2 -j DNAT --to 1\n-A x -g x\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		set, err := ParseSave(string(data), "ip", "iptables-nft")
		if err != nil {
			return
		}
		section(t, set, newWalker(set))
	})
}

func section(t *testing.T, set Ruleset, w *walker) {
	t.Helper()
	if _, err := facts.NewSection("firewall", facts.Firewall{Chains: orEmpty(set.Chains), Rules: orEmpty(set.Rules), Open: w.open(), Differences: persistedFiles{compare: set}.differences(set)}, nil); err != nil {
		t.Error(err)
	}
}

func FuzzNFTFile(f *testing.F) {
	f.Add(string(read(f, "ruleset.nft")))
	f.Add("add rule inet x y tcp dport { 1 } accept\nadd chain x y { type filter hook input priority filter - 1; }\ntable t { chain c { type; policy; jump } }")
	f.Fuzz(func(t *testing.T, text string) {
		p := newNFTFile(tree.Root{Dir: os.DevNull})
		if p.parse("/etc/nftables.conf", text, 0) != nil {
			return
		}
		set := p.ruleset()
		section(t, Ruleset{Chains: set.Chains}, newWalker(set))
	})
}

func FuzzKernelTables(f *testing.F) {
	f.Add([]byte("\x24\x00\x00\x00\x00\x0a\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x0b\x00\x01\x00filter\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if tables, _, err := tableNames(data); err == nil && len(tables) > len(data) {
			t.Error("more tables than bytes")
		}
	})
}

// TestCounters: of counters only that they stand at zero is told.
func TestCounters(t *testing.T) {
	set, err := ParseNFT([]byte(`{"nftables": [{"rule": {"family": "inet", "table": "t", "chain": "c", "expr": [{"counter": {"packets": 0, "bytes": 0}}, {"accept": null}]}},
		{"rule": {"family": "inet", "table": "t", "chain": "c", "expr": [{"counter": {"packets": 7, "bytes": 420}}, {"accept": null}]}},
		{"rule": {"family": "inet", "table": "t", "chain": "c", "expr": [{"drop": null}]}},
		{"rule": {"family": "inet", "table": "t", "chain": "c", "expr": [{"counter": "mine"}, {"drop": null}]}},
		{"rule": {"family": "inet", "table": "t", "chain": "c", "expr": [{"counter": "shared"}, {"drop": null}]}},
		{"rule": {"family": "inet", "table": "t", "chain": "c", "expr": [{"counter": "shared"}, {"drop": null}]}},
		{"counter": {"family": "inet", "table": "t", "name": "mine", "packets": 0}}, {"counter": {"family": "inet", "table": "t", "name": "shared", "packets": 3}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	zero, uncounted := set.idle()
	if !slices.Equal(zero, []string{"nft inet t c 1", "nft inet t c 4"}) || !slices.Equal(uncounted, []string{"nft inet t c 3", "nft inet t c 5", "nft inet t c 6"}) {
		t.Errorf("zero %v, uncounted %v", zero, uncounted)
	}
	set, err = ParseSave("*filter\n:INPUT DROP [0:0]\n[0:0] -A INPUT -j ACCEPT\n[12:900] -A INPUT -j ACCEPT\n-A INPUT -j ACCEPT\n", "ip", "iptables-nft")
	if err != nil {
		t.Fatal(err)
	}
	zero, uncounted = set.idle()
	if !slices.Equal(zero, []string{"iptables-nft ip filter INPUT 1"}) || !slices.Equal(uncounted, []string{"iptables-nft ip filter INPUT 3"}) {
		t.Errorf("zero %v, uncounted %v", zero, uncounted)
	}
}

// TestConditionsTwice: two conditions on one thing must both hold, so that the second
// is no further element of the first; and what a map says of everything else comes last.
func TestConditionsTwice(t *testing.T) {
	set, err := ParseNFT([]byte(`{"nftables": [{"rule": {"family": "inet", "table": "t", "chain": "c", "expr": [
		{"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": {"prefix": {"addr": "10.0.0.0", "len": 8}}}},
		{"match": {"op": "!=", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": "10.1.1.1"}}, {"accept": null}]}},
		{"rule": {"family": "inet", "table": "t", "chain": "c", "expr": [{"vmap": {"key": {"payload": {"protocol": "tcp", "field": "dport"}}, "data": {"set": [["*", {"drop": null}], [22, {"accept": null}]]}}}]}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"inet t c rule 1: ipv4 from 10.0.0.0/8 ip saddr != 10.1.1.1 accept", "inet t c rule 2: tcp port 22 accept", "inet t c rule 2: drop"}
	if diff := cmp.Diff(want, allWords(set.Rules)); diff != "" {
		t.Error(diff)
	}
}
