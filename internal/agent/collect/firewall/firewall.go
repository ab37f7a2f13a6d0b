// Package firewall reads the packet filter of a host: nftables, iptables over
// nftables and the older iptables in one rule model, what it does to a packet
// that nobody names, and what the files of firewall programs would load.
//
// Serves C7.1b, B12, B19 (CC6.6). Invariants: numbers and other things that change
// by themselves stay out, so that equal rules give equal facts; of a counter only
// that it stands at zero is told, which changes once; a table that is
// in the kernel and cannot be read is an error, never an empty list; what a
// condition means that is not modelled is kept in words and counts as "not
// everybody" where a rule lets something in.
//
// Rules come from the programs nft (as JSON) and iptables-save, not from
// google/nftables. The kernel keeps nftables as code for a small machine; nft
// turns it back into the conditions that somebody wrote, with sets, maps and
// concatenations, and is tested with the kernel it is for. A library of our own
// choice would give the code, cost 1 MB of the agent's 20, and still not read
// iptables. Where the kernel holds no table no program is started; where it
// holds one and the program is not there, that is an error with its name.
//
// Floor: edges, below agent/collect. Imports facts, tree, missing, command.
package firewall

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/agent/collect/command"
	"github.com/attesta/attesta/internal/agent/collect/missing"
	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
)

// Limits of what is read and sent.
const (
	maxRules    = 5_000
	maxElements = 64 // of one set, written out
)

// Ruleset is what one source says: chains and rules in their order.
type Ruleset struct {
	Chains []facts.FirewallChain
	Rules  []facts.FirewallRule
	counts []counter
}

// counter says of the rules at one place whether a packet met them since they were
// loaded.
type counter struct {
	engine, family, table, chain string
	position                     int64
	there, zero                  bool
}

func (c counter) name() string {
	return strings.Join([]string{c.engine, c.family, c.table, c.chain, strconv.FormatInt(c.position, 10)}, " ")
}

// idle names the rules that no packet has met, and those that do not count.
func (s *Ruleset) idle() (zero, uncounted []string) {
	zero, uncounted = []string{}, []string{}
	for _, c := range s.counts {
		switch {
		case !c.there:
			uncounted = append(uncounted, c.name())
		case c.zero:
			zero = append(zero, c.name())
		}
	}
	slices.Sort(zero)
	slices.Sort(uncounted)
	return zero, uncounted
}

func (s *Ruleset) add(other Ruleset) {
	s.Chains = append(s.Chains, other.Chains...)
	s.Rules = append(s.Rules, other.Rules...)
	s.counts = append(s.counts, other.counts...)
}

// count sets each chain's number of rules. Rules at one place count once.
func (s *Ruleset) count() {
	last := map[string]int64{}
	for _, r := range s.Rules {
		key := chainKey(r.Engine, r.Family, r.Table, r.Chain)
		last[key] = max(last[key], r.Position)
	}
	for i, c := range s.Chains {
		s.Chains[i].Rules = last[chainKey(c.Engine, c.Family, c.Table, c.Name)]
	}
}

func chainKey(engine, family, table, chain string) string {
	return strings.Join([]string{engine, family, table, chain}, "\x00")
}

// runningPaths are the facts that only the running kernel can tell.
var runningPaths = []string{"/engines", "/chains", "/rules", "/input", "/forward", "/open", "/differences", "/zero", "/uncounted"}

// Read reads section firewall.
func Read(ctx context.Context, root tree.Root) (facts.Section, error) {
	var gaps missing.List
	v := facts.Firewall{}
	files, err := persisted(root)
	if err != nil {
		gaps.Failed("/persisted", err)
	} else {
		ip4, ip6 := files.strictest()
		v.Persisted = &facts.FirewallPersisted{Managers: files.managers, Chains: files.chains, Ip4: &ip4, Ip6: &ip6}
	}
	running, engines, runErr := inForce(ctx, root)
	switch {
	case ctx.Err() != nil:
		return facts.Section{}, ctx.Err()
	case !root.Live():
		for _, p := range runningPaths {
			gaps.NotObserved(p, tree.NotLive)
		}
		return gaps.Section("firewall", v)
	case runErr != nil && os.Geteuid() != 0:
		for _, p := range runningPaths {
			gaps.Add(p, facts.Error, missing.NeedsRoot+": the packet filter")
		}
		return gaps.Section("firewall", v)
	case runErr != nil:
		for _, p := range runningPaths {
			gaps.Failed(p, runErr)
		}
		return gaps.Section("firewall", v)
	}
	v.Engines, v.Chains, v.Rules = engines, orEmpty(running.Chains), orEmpty(running.Rules)
	v.Zero, v.Uncounted = running.idle()
	if len(running.Rules) > maxRules {
		v.Rules, v.Zero, v.Uncounted = nil, nil, nil
		for _, p := range []string{"/rules", "/zero", "/uncounted"} {
			gaps.Add(p, facts.Error, fmt.Sprintf("%d rules are more than the %d that are sent", len(running.Rules), maxRules))
		}
	}
	w := newWalker(running)
	in4, by4 := w.fate("input", "4")
	in6, by6 := w.fate("input", "6")
	v.Input = &facts.FirewallInput{Ip4: &in4, Ip4By: &by4, Ip6: &in6, Ip6By: &by6}
	fwd4, _ := w.fate("forward", "4")
	fwd6, _ := w.fate("forward", "6")
	v.Forward = &facts.FirewallForward{Ip4: &fwd4, Ip6: &fwd6}
	v.Open = w.open()
	if err != nil {
		gaps.Failed("/differences", err)
	} else {
		v.Differences = files.differences(running)
	}
	return gaps.Section("firewall", v)
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// inForce asks the kernel which engines hold tables, and their programs for
// the rules.
func inForce(ctx context.Context, root tree.Root) (Ruleset, []string, error) {
	var all Ruleset
	engines := []string{}
	if !root.Live() {
		return all, nil, nil
	}
	tables, err := kernelTables()
	if err != nil {
		return all, nil, err
	}
	if len(tables) > 0 {
		out, err := run(ctx, "nft", "-j", "list", "ruleset")
		if err != nil {
			return all, nil, fmt.Errorf("%w; the kernel holds the nftables tables %s", err, strings.Join(tables, ", "))
		}
		native, err := ParseNFT(out)
		if err != nil {
			return all, nil, err
		}
		over, err := iptables(ctx, "nft", tables)
		if err != nil {
			return all, nil, err
		}
		native.without(over)
		if len(native.Chains) > 0 {
			engines = append(engines, "nft")
		}
		if len(over.Chains) > 0 {
			engines = append(engines, "iptables-nft")
		}
		all.add(native)
		all.add(over)
	}
	older, err := legacyTables(root)
	if err != nil {
		return all, nil, err
	}
	if len(older) > 0 {
		rules, err := iptables(ctx, "legacy", older)
		if err != nil {
			return all, nil, err
		}
		if len(rules.Chains) > 0 {
			engines = append(engines, "iptables-legacy")
		}
		all.add(rules)
	}
	all.count()
	slices.Sort(engines)
	return all, engines, nil
}

// without takes the tables away that other has too: iptables over nftables
// gives what nft cannot read of its own.
func (s *Ruleset) without(other Ruleset) {
	taken := map[string]bool{}
	for _, c := range other.Chains {
		taken[c.Family+"\x00"+c.Table] = true
	}
	s.Chains = slices.DeleteFunc(s.Chains, func(c facts.FirewallChain) bool { return taken[c.Family+"\x00"+c.Table] })
	s.Rules = slices.DeleteFunc(s.Rules, func(r facts.FirewallRule) bool { return taken[r.Family+"\x00"+r.Table] })
	s.counts = slices.DeleteFunc(s.counts, func(c counter) bool { return taken[c.family+"\x00"+c.table] })
}

// iptables reads what iptables-save and ip6tables-save of one kind print, for
// the IP versions among tables ("ip filter"; without family both).
func iptables(ctx context.Context, kind string, tables []string) (Ruleset, error) {
	var all Ruleset
	for _, v := range []struct{ family, program string }{{"ip", "iptables"}, {"ip6", "ip6tables"}} {
		if !slices.ContainsFunc(tables, func(t string) bool {
			family, name, ok := strings.Cut(t, " ")
			return ok && family == v.family && slices.Contains(iptablesTables, name)
		}) {
			continue
		}
		out, err := run(ctx, v.program+"-"+kind+"-save", "-c")
		if errors.Is(err, errNotThere) { // systems with one kind only give it the short name
			out, err = run(ctx, v.program+"-save", "-c")
		}
		if errors.Is(err, errNotThere) && kind == "nft" {
			continue // nft has listed the table
		}
		if err != nil {
			return all, fmt.Errorf("%w; the kernel holds tables of iptables", err)
		}
		rules, err := ParseSave(string(out), v.family, "iptables-"+kind)
		if err != nil {
			return all, err
		}
		all.add(rules)
	}
	return all, nil
}

var iptablesTables = []string{"filter", "nat", "mangle", "raw", "security"}

var errNotThere = errors.New("is not installed")

func run(ctx context.Context, program string, args ...string) ([]byte, error) {
	p, ok := command.Find(program)
	if !ok {
		return nil, fmt.Errorf("%s %w", program, errNotThere)
	}
	return command.Run(ctx, p, args...)
}

// legacyTables gives the tables of the older iptables: "ip filter".
func legacyTables(root tree.Root) ([]string, error) {
	var out []string
	for family, file := range map[string]string{"ip": "/proc/net/ip_tables_names", "ip6": "/proc/net/ip6_tables_names"} {
		err := root.Lines(file, func(_ int, line string) error {
			if name := strings.TrimSpace(line); name != "" {
				out = append(out, family+" "+name)
			}
			return nil
		})
		if tree.IgnoreGone(err) != nil {
			return nil, err
		}
	}
	slices.Sort(out)
	return out, nil
}

// origin tells by names which program a chain belongs to.
func origin(table, chain string) string {
	for _, o := range []struct{ prefix, program string }{
		{"DOCKER", "docker"}, {"NETAVARK", "podman"}, {"CNI-", "podman"}, {"KUBE-", "kubernetes"}, {"cali-", "kubernetes"}, {"CILIUM", "kubernetes"},
		{"ufw-", "ufw"}, {"ufw6-", "ufw"}, {"f2b-", "fail2ban"}, {"LIBVIRT", "libvirt"}, {"IN_", "firewalld"}, {"FWD", "firewalld"},
	} {
		if strings.HasPrefix(chain, o.prefix) {
			return o.program
		}
	}
	switch {
	case table == "firewalld":
		return "firewalld"
	case table == "netavark":
		return "podman"
	case strings.HasPrefix(table, "docker"):
		return "docker"
	case strings.HasPrefix(table, "f2b"):
		return "fail2ban"
	case strings.HasPrefix(table, "libvirt"):
		return "libvirt"
	case strings.HasPrefix(table, "kube"):
		return "kubernetes"
	}
	return ""
}
