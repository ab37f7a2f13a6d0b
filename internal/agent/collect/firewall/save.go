package firewall

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
)

// hooks of the built-in chains of iptables.
var hooks = map[string]string{"INPUT": "input", "FORWARD": "forward", "OUTPUT": "output", "PREROUTING": "prerouting", "POSTROUTING": "postrouting"}

// priorities of the tables of iptables (NF_IP_PRI_…; of nat, where it
// translates destinations).
var priorities = map[string]int64{"raw": -300, "mangle": -150, "nat": -100, "filter": 0, "security": 50}

// ParseSave reads what iptables-save prints, which is also what
// iptables-restore takes, for family ip or ip6.
func ParseSave(text, family, engine string) (Ruleset, error) {
	p := saveParser{family: family, engine: engine, chains: map[string]bool{}, places: map[string]int64{}}
	err := tree.EachLine(saveName(engine, family), tree.Clean(text), func(_ int, line string) error { return p.line(strings.TrimSpace(line)) })
	if err != nil {
		return Ruleset{}, err
	}
	// A jump may come before its chain is declared, in files by hand.
	for i, r := range p.out.Rules {
		if p.chains[r.Table+"\x00"+r.Verdict] && r.Target == "" {
			p.out.Rules[i].Verdict, p.out.Rules[i].Target = "jump", r.Verdict
		}
	}
	p.out.count()
	return p.out, nil
}

func saveName(engine, family string) string {
	if family == "ip6" {
		return strings.Replace(engine, "iptables", "ip6tables", 1) + " rules"
	}
	return engine + " rules"
}

type saveParser struct {
	family, engine, table string
	out                   Ruleset
	chains                map[string]bool  // table and chain, of those that rules jump to
	places                map[string]int64 // last position by table and chain
}

func (p *saveParser) line(line string) error {
	switch {
	case line == "" || line[0] == '#' || line == "COMMIT":
		return nil
	case line[0] == '*':
		p.table = strings.TrimSpace(line[1:])
		return nil
	case p.table == "":
		return fmt.Errorf("expected *table, found %.60q", line)
	case line[0] == ':':
		return p.chain(strings.Fields(line[1:]))
	}
	count := counter{engine: p.engine, family: p.family, table: p.table}
	if line[0] == '[' { // counters before the rule: [packets:bytes]
		if numbers, rest, ok := strings.Cut(line, "]"); ok {
			packets, _, _ := strings.Cut(numbers[1:], ":")
			n, err := strconv.ParseUint(packets, 10, 64)
			count.there, count.zero = err == nil, n == 0
			line = strings.TrimSpace(rest)
		}
	}
	words, err := split(line)
	if err != nil {
		return err
	}
	if len(words) < 2 || words[0] != "-A" && words[0] != "--append" {
		return fmt.Errorf("expected -A chain, found %.60q", line)
	}
	if err := p.rule(words[1], words[2:]); err != nil {
		return err
	}
	count.chain, count.position = words[1], p.places[p.table+"\x00"+words[1]]
	p.out.counts = append(p.out.counts, count)
	return nil
}

func (p *saveParser) chain(f []string) error {
	if len(f) < 2 {
		return errors.New("expected :chain policy")
	}
	c := facts.FirewallChain{Engine: p.engine, Family: p.family, Table: p.table, Name: f[0], Origin: origin(p.table, f[0])}
	if hook, builtin := hooks[f[0]]; builtin && f[1] != "-" {
		c.Hook, c.Policy, c.Kind, c.Priority = hook, strings.ToLower(f[1]), "filter", priorities[p.table]
		switch p.table {
		case "nat":
			c.Kind = "nat"
		case "mangle":
			if hook == "output" {
				c.Kind = "route"
			}
		}
	} else {
		p.chains[p.table+"\x00"+f[0]] = true
	}
	p.out.Chains = append(p.out.Chains, c)
	return nil
}

// rule reads the options of one rule. Conditions that the model has no place
// for are kept in words.
func (p *saveParser) rule(chain string, words []string) error {
	place := p.table + "\x00" + chain
	p.places[place]++
	r := newRule(p.engine, p.family, p.table, chain, p.places[place])
	if p.family == "ip6" {
		r.Ip = "6"
	} else {
		r.Ip = "4"
	}
	not, module := "", ""
	for i := 0; i < len(words); i++ {
		w := words[i]
		if w == "!" {
			not = "!"
			continue
		}
		value := func() string {
			if i+1 < len(words) {
				i++
				return words[i]
			}
			return ""
		}
		list := func(to *[]string, lower bool) {
			for v := range strings.SplitSeq(value(), ",") {
				if lower {
					v = strings.ToLower(v)
				}
				*to = append(*to, not+v)
			}
		}
		switch w {
		case "-s", "--source", "--src":
			list(&r.Sources, false)
		case "-d", "--destination", "--dst":
			list(&r.Destinations, false)
		case "-i", "--in-interface":
			r.InInterfaces = append(r.InInterfaces, not+strings.ReplaceAll(value(), "+", "*"))
		case "-o", "--out-interface":
			r.OutInterfaces = append(r.OutInterfaces, not+strings.ReplaceAll(value(), "+", "*"))
		case "-p", "--protocol", "--proto":
			if v := strings.ToLower(value()); v != "all" {
				r.Protocols = append(r.Protocols, not+protocolName(v))
			}
		case "--dport", "--destination-port", "--dports", "--destination-ports":
			ports(&r.DestinationPorts, not, value())
		case "--sport", "--source-port", "--sports", "--source-ports":
			ports(&r.SourcePorts, not, value())
		case "--state", "--ctstate":
			list(&r.States, true)
		case "--comment":
			r.Comment = value()
		case "-m", "--match":
			module = value()
		case "-j", "--jump":
			if i+1 >= len(words) {
				return errors.New("expected a target after -j")
			}
			p.target(&r, value(), words[min(i+1, len(words)):])
			i = len(words)
		case "-g", "--goto":
			r.Verdict, r.Target = "goto", value()
		default:
			text := []string{}
			if module != "" {
				text = append(text, module)
			}
			text = append(text, not+strings.TrimLeft(w, "-"))
			for i+1 < len(words) && words[i+1] != "!" && !strings.HasPrefix(words[i+1], "-") {
				text = append(text, value())
			}
			r.Other = append(r.Other, strings.Join(text, " "))
		}
		not = ""
	}
	r.sort()
	p.out.Rules = append(p.out.Rules, r.FirewallRule)
	return nil
}

// target reads what comes after -j.
func (p *saveParser) target(r *rule, name string, options []string) {
	switch name {
	case "ACCEPT", "DROP", "REJECT", "RETURN", "DNAT", "SNAT", "MASQUERADE", "REDIRECT", "LOG":
		r.Verdict = strings.ToLower(name)
	case "NFLOG", "ULOG":
		r.Verdict = "log"
	case "QUEUE", "NFQUEUE":
		r.Verdict = "queue"
	case "MARK", "CONNMARK", "CT", "NOTRACK", "TCPMSS", "CHECKSUM", "CLASSIFY", "DSCP", "TOS", "SECMARK", "CONNSECMARK", "TRACE", "AUDIT", "SET", "HL", "TTL":
		r.Verdict = "none"
	default:
		r.Verdict = name // a chain, if one of that name is declared
	}
	if i := slices.IndexFunc(options, func(o string) bool {
		return o == "--to-destination" || o == "--to-source" || o == "--to-ports" || o == "--to"
	}); i >= 0 && i+1 < len(options) {
		r.Target = options[i+1]
	}
}

func ports(to *[]string, not, value string) {
	for v := range strings.SplitSeq(value, ",") {
		*to = append(*to, not+strings.Replace(v, ":", "-", 1))
	}
}

// protocolName gives the name of a protocol that is written as a number.
func protocolName(s string) string {
	switch s {
	case "1":
		return "icmp"
	case "6":
		return "tcp"
	case "17":
		return "udp"
	case "58", "icmpv6":
		return "ipv6-icmp"
	case "132":
		return "sctp"
	}
	return s
}

// split cuts a line into words as iptables-restore does: quotes keep white
// space, a backslash inside them the next character.
func split(line string) ([]string, error) {
	var out []string
	var word strings.Builder
	started, quoted := false, false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case quoted && c == '\\' && i+1 < len(line):
			i++
			word.WriteByte(line[i])
		case c == '"':
			quoted, started = !quoted, true
		case !quoted && (c == ' ' || c == '\t'):
			if started {
				out = append(out, word.String())
				word.Reset()
				started = false
			}
		default:
			word.WriteByte(c)
			started = true
		}
	}
	if quoted {
		return nil, errors.New("a quotation mark is not closed")
	}
	if started {
		out = append(out, word.String())
	}
	return out, nil
}

// rule is a rule while it is read.
type rule struct{ facts.FirewallRule }

func newRule(engine, family, table, chain string, position int64) rule {
	return rule{facts.FirewallRule{
		Engine: engine, Family: family, Table: table, Chain: chain, Position: position, Verdict: "none", Origin: origin(table, chain),
		Protocols: []string{}, Sources: []string{}, Destinations: []string{}, SourcePorts: []string{}, DestinationPorts: []string{},
		InInterfaces: []string{}, OutInterfaces: []string{}, States: []string{}, Other: []string{},
	}}
}

// sort brings what has no order of its own into one.
func (r *rule) sort() {
	for _, list := range []*[]string{&r.Protocols, &r.Sources, &r.Destinations, &r.InInterfaces, &r.OutInterfaces, &r.States} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	for _, list := range []*[]string{&r.SourcePorts, &r.DestinationPorts} {
		slices.SortFunc(*list, func(a, b string) int { return portOf(a) - portOf(b) })
		*list = slices.Compact(*list)
	}
}

// portOf gives the first number of "22", "8000-8010" or "!22".
func portOf(s string) int {
	first, _, _ := strings.Cut(strings.TrimPrefix(s, "!"), "-")
	n, err := strconv.Atoi(first)
	if err != nil {
		return 1 << 20 // a name or a set: last
	}
	return n
}
