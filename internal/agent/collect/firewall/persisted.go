package firewall

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
)

// persistedFiles is what the files of firewall programs would load.
type persistedFiles struct {
	managers []facts.FirewallManager
	chains   []facts.FirewallChain // of nftables and iptables files
	compare  Ruleset               // of programs that start at boot and whose files hold whole rule sets
}

// nftFiles and saveFiles, by distribution; the first that is there counts.
var (
	nftFiles  = []string{"/etc/nftables.conf", "/etc/sysconfig/nftables.conf", "/etc/nftables.nft"}
	saveFiles = []struct {
		manager string
		units   []string
		ip4     string
		ip6     string
	}{
		{"netfilter-persistent", []string{"netfilter-persistent"}, "/etc/iptables/rules.v4", "/etc/iptables/rules.v6"},
		{"iptables", []string{"iptables", "ip6tables"}, "/etc/sysconfig/iptables", "/etc/sysconfig/ip6tables"},
		{"iptables", []string{"iptables", "ip6tables"}, "/etc/iptables/rules-save", "/etc/iptables/rules6-save"},
	}
)

func persisted(root tree.Root) (persistedFiles, error) {
	out := persistedFiles{managers: []facts.FirewallManager{}, chains: []facts.FirewallChain{}}
	for _, read := range []func(tree.Root, *persistedFiles) error{readNFTFile, readSaveFiles, readUFW, readFirewalld} {
		if err := read(root, &out); err != nil {
			return out, err
		}
	}
	slices.SortFunc(out.managers, func(a, b facts.FirewallManager) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// starts reports whether a unit is linked into a target or run level.
func starts(root tree.Root, names ...string) (bool, error) {
	for _, name := range names {
		for _, pattern := range []string{"/etc/systemd/system/*.wants/" + name + ".service", "/etc/systemd/system/*.requires/" + name + ".service", "/etc/runlevels/*/" + name} {
			links, err := root.Glob(pattern)
			if err != nil || len(links) > 0 {
				return len(links) > 0, err
			}
		}
	}
	return false, nil
}

func readNFTFile(root tree.Root, out *persistedFiles) error {
	for _, file := range nftFiles {
		text, err := root.Read(file)
		if tree.Gone(err) {
			continue
		}
		if err != nil {
			return err
		}
		enabled, err := starts(root, "nftables")
		if err != nil {
			return err
		}
		p := newNFTFile(root)
		if err := p.parse(file, tree.Clean(string(text)), 0); err != nil {
			return err
		}
		set := p.ruleset()
		out.managers = append(out.managers, manager("nftables", file, enabled, set))
		out.chains = append(out.chains, set.Chains...)
		if enabled {
			out.compare.add(set)
		}
		return nil
	}
	return nil
}

// manager derives what becomes of a packet that a rule set does not mention.
func manager(name, file string, enabled bool, set Ruleset) facts.FirewallManager {
	w := newWalker(set)
	ip4, _ := w.fate("input", "4")
	ip6, _ := w.fate("input", "6")
	return facts.FirewallManager{Name: name, Enabled: enabled, File: file, Ip4: ip4, Ip6: ip6}
}

func readSaveFiles(root tree.Root, out *persistedFiles) error {
	for _, s := range saveFiles {
		var set Ruleset
		found := ""
		for _, f := range []struct{ family, file string }{{"ip", s.ip4}, {"ip6", s.ip6}} {
			text, err := root.Read(f.file)
			if tree.Gone(err) {
				continue
			}
			if err != nil {
				return err
			}
			rules, err := ParseSave(string(text), f.family, "iptables")
			if err != nil {
				return fmt.Errorf("%s: %w", f.file, err)
			}
			if set.add(rules); found == "" {
				found = f.file
			}
		}
		if found == "" {
			continue
		}
		enabled, err := starts(root, s.units...)
		if err != nil {
			return err
		}
		out.managers = append(out.managers, manager(s.manager, found, enabled, set))
		out.chains = append(out.chains, set.Chains...)
		if enabled {
			out.compare.add(set)
		}
	}
	return nil
}

// settings reads KEY=value lines.
func settings(root tree.Root, file string) (map[string]string, error) {
	out := map[string]string{}
	err := root.Lines(file, func(_ int, line string) error {
		key, value, ok := strings.Cut(line, "=")
		if key = strings.TrimSpace(key); ok && key != "" && key[0] != '#' {
			out[key] = tree.Unquote(value)
		}
		return nil
	})
	return out, err
}

// readUFW: ufw writes its chains itself; its defaults decide about what its
// rules do not name.
func readUFW(root tree.Root, out *persistedFiles) error {
	const file = "/etc/ufw/ufw.conf"
	conf, err := settings(root, file)
	if tree.Gone(err) {
		return nil
	}
	if err != nil {
		return err
	}
	defaults, err := settings(root, "/etc/default/ufw")
	if tree.IgnoreGone(err) != nil {
		return err
	}
	linked, err := starts(root, "ufw")
	if err != nil {
		return err
	}
	m := facts.FirewallManager{Name: "ufw", File: file, Enabled: linked && strings.EqualFold(conf["ENABLED"], "yes"), Ip4: strings.ToLower(defaults["DEFAULT_INPUT_POLICY"])}
	if _, known := openness[m.Ip4]; !known {
		m.Ip4 = "accept" // what ufw does without its default file
	}
	m.Ip6 = m.Ip4
	if strings.EqualFold(defaults["IPV6"], "no") {
		m.Ip6 = "none"
	}
	out.managers = append(out.managers, m)
	return nil
}

// readFirewalld: the target of the default zone decides about what no rule
// names.
func readFirewalld(root tree.Root, out *persistedFiles) error {
	const file = "/etc/firewalld/firewalld.conf"
	conf, err := settings(root, file)
	if tree.Gone(err) {
		return nil
	}
	if err != nil {
		return err
	}
	enabled, err := starts(root, "firewalld")
	if err != nil {
		return err
	}
	zone := conf["DefaultZone"]
	if zone == "" || strings.ContainsAny(zone, "/*?[") {
		zone = "public"
	}
	fate := "reject"
	for _, dir := range []string{"/etc/firewalld/zones", "/usr/lib/firewalld/zones"} {
		text, err := root.Text(path.Join(dir, zone+".xml"))
		if tree.Gone(err) {
			continue
		}
		if err != nil {
			return err
		}
		if _, rest, ok := strings.Cut(text, "<zone"); ok {
			tag, _, _ := strings.Cut(rest, ">")
			switch {
			case strings.Contains(tag, `target="ACCEPT"`):
				fate = "accept"
			case strings.Contains(tag, `target="DROP"`):
				fate = "drop"
			}
		}
		break
	}
	out.managers = append(out.managers, facts.FirewallManager{Name: "firewalld", File: file, Enabled: enabled, Ip4: fate, Ip6: fate})
	return nil
}

// strictest gives what holds at the next start: a packet has to be let through
// by every program that starts at boot.
func (f persistedFiles) strictest() (ip4, ip6 string) {
	ip4, ip6 = "none", "none"
	for _, m := range f.managers {
		if !m.Enabled {
			continue
		}
		if openness[m.Ip4] < openness[ip4] {
			ip4 = m.Ip4
		}
		if openness[m.Ip6] < openness[ip6] {
			ip6 = m.Ip6
		}
	}
	return ip4, ip6
}

// atRunTime are the programs that add chains while the host runs.
var atRunTime = []string{"docker", "podman", "kubernetes", "fail2ban", "libvirt"}

// differences compares chains in force with those that files would load:
// whether they are there, their policy and their number of rules. Tables that
// no file names are left to the programs that made them.
func (f persistedFiles) differences(running Ruleset) []string {
	out := []string{}
	if len(f.compare.Chains) == 0 {
		return out
	}
	name := func(c facts.FirewallChain) string { return strings.Join([]string{c.Family, c.Table, c.Name}, " ") }
	have := map[string]facts.FirewallChain{}
	added := map[string]int64{} // jumps into chains that other programs made
	other := map[string]bool{}
	for _, c := range running.Chains {
		have[name(c)] = c
		if slices.Contains(atRunTime, c.Origin) {
			other[strings.Join([]string{c.Family, c.Table, c.Name}, " ")] = true
		}
	}
	for _, r := range running.Rules {
		if other[strings.Join([]string{r.Family, r.Table, r.Target}, " ")] {
			added[strings.Join([]string{r.Family, r.Table, r.Chain}, " ")]++
		}
	}
	tables, wanted := map[string]bool{}, map[string]bool{}
	for _, c := range f.compare.Chains {
		tables[c.Family+" "+c.Table], wanted[name(c)] = true, true
		h, there := have[name(c)]
		switch {
		case !there && c.Rules == 0 && (c.Policy == "" || c.Policy == "accept"): // it would do nothing
		case !there:
			out = append(out, "chain "+name(c)+" is in the file and not in force")
		case h.Policy != c.Policy:
			out = append(out, fmt.Sprintf("policy of %s is %s, in the file %s", name(c), said(h.Policy), said(c.Policy)))
		case h.Rules-added[name(c)] != c.Rules:
			out = append(out, fmt.Sprintf("chain %s has %d rules, in the file %d", name(c), h.Rules-added[name(c)], c.Rules))
		}
	}
	for _, c := range running.Chains {
		if tables[c.Family+" "+c.Table] && !wanted[name(c)] && !slices.Contains(atRunTime, c.Origin) && (c.Rules > 0 || c.Policy == "drop") {
			out = append(out, "chain "+name(c)+" is in force and not in the file")
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func said(policy string) string {
	if policy == "" {
		return "none"
	}
	return policy
}
