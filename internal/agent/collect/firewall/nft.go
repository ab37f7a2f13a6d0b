package firewall

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
)

// ParseNFT reads what nft -j list ruleset prints (libnftables-json(5)).
func ParseNFT(out []byte) (Ruleset, error) {
	var doc struct {
		Nftables []map[string]json.RawMessage `json:"nftables"`
	}
	if err := json.Unmarshal(out, &doc); err != nil {
		return Ruleset{}, fmt.Errorf("nft -j: %w", err)
	}
	p := nftParser{sets: map[string]set{}, places: map[string]int64{}, counters: map[string]*named{}}
	// Sets and counters first: rules name them before or after they are listed.
	for _, want := range [...][]string{{"set", "map", "counter"}, {"chain", "rule"}} {
		for i, object := range doc.Nftables {
			for kind, raw := range object {
				if !slices.Contains(want, kind) {
					continue
				}
				o, err := decode(raw)
				if err != nil {
					return Ruleset{}, fmt.Errorf("nft -j: object %d: %w", i, err)
				}
				p.object(kind, o)
			}
		}
	}
	for _, c := range p.counters {
		for _, i := range c.rules { // one that several rules share does not tell which of them counted
			p.out.counts[i].there, p.out.counts[i].zero = len(c.rules) == 1 || c.zero, c.zero
		}
	}
	p.out.count()
	return p.out, nil
}

type nftParser struct {
	out      Ruleset
	sets     map[string]set
	places   map[string]int64 // last position by chain
	counters map[string]*named
}

// named is a counter with a name, and the places in Ruleset.counts that use it.
type named struct {
	zero  bool
	rules []int
}

// set is a named set or map.
type set struct {
	elements []any
	changes  bool // by itself: elements time out, or rules add them
}

func decode(raw json.RawMessage) (map[string]any, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var o map[string]any
	err := d.Decode(&o)
	return o, err
}

func (p *nftParser) object(kind string, o map[string]any) {
	family, table := text(o["family"]), text(o["table"])
	switch kind {
	case "set", "map":
		s := set{elements: items(o["elem"])}
		for _, f := range items(o["flags"]) {
			s.changes = s.changes || text(f) == "timeout" || text(f) == "dynamic"
		}
		p.sets[family+"\x00"+table+"\x00"+text(o["name"])] = s
	case "counter":
		p.counters[family+"\x00"+table+"\x00"+text(o["name"])] = &named{zero: number(o["packets"]) == 0}
	case "chain":
		p.out.Chains = append(p.out.Chains, facts.FirewallChain{
			Engine: "nft", Family: family, Table: table, Name: text(o["name"]), Kind: text(o["type"]), Hook: text(o["hook"]),
			Priority: number(o["prio"]), Policy: text(o["policy"]), Origin: origin(table, text(o["name"])),
		})
	case "rule":
		p.rule(family, table, text(o["chain"]), text(o["comment"]), items(o["expr"]))
	}
}

// rule reads the expressions of a rule. A verdict map makes one rule per
// verdict.
func (p *nftParser) rule(family, table, chain, comment string, expressions []any) {
	key := family + "\x00" + table + "\x00" + chain
	p.places[key]++
	r := newRule("nft", family, table, chain, p.places[key])
	r.Comment = comment
	switch family {
	case "ip":
		r.Ip = "4"
	case "ip6":
		r.Ip = "6"
	}
	var vmap map[string]any
	p.out.counts = append(p.out.counts, counter{engine: "nft", family: family, table: table, chain: chain, position: r.Position})
	count := &p.out.counts[len(p.out.counts)-1]
	for _, e := range expressions {
		kind, value := only(e)
		switch kind {
		case "match":
			m, _ := value.(map[string]any)
			p.match(&r, m["left"], text(m["op"]), m["right"])
		case "counter":
			m, numbers := value.(map[string]any)
			count.there, count.zero = numbers, numbers && number(m["packets"]) == 0
			if c := p.counters[family+"\x00"+table+"\x00"+text(value)]; c != nil {
				c.rules = append(c.rules, len(p.out.counts)-1)
			}
		case "vmap":
			vmap, _ = value.(map[string]any)
		case "limit":
			m, _ := value.(map[string]any)
			over := ""
			if inv, _ := m["inv"].(bool); inv {
				over = "over "
			}
			r.Other = append(r.Other, fmt.Sprintf("limit %s%s/%s", over, text(m["rate"]), text(m["per"])))
		case "xt", "connlimit", "quota", "ct count", "tproxy", "synproxy":
			r.Other = append(r.Other, kind)
		default:
			r.verdict(kind, value)
		}
	}
	if vmap == nil {
		p.emit(r)
		return
	}
	data := items(vmap["data"])
	if name, named := strings.CutPrefix(text(vmap["data"]), "@"); named {
		data = p.sets[family+"\x00"+table+"\x00"+name].elements
	}
	if len(data) == 0 || len(data) > 4*maxElements {
		r.Other = append(r.Other, p.words(vmap["key"])+" vmap")
		p.emit(r)
		return
	}
	rest := func(pair any) bool { kv := items(pair); return len(kv) == 2 && text(kv[0]) == "*" }
	data = slices.Concat(slices.DeleteFunc(slices.Clone(data), rest), slices.DeleteFunc(slices.Clone(data), func(p any) bool { return !rest(p) }))
	for _, pair := range data { // the element for everything else last
		kv := items(pair)
		if len(kv) != 2 {
			continue
		}
		one := r.clone()
		if k := kv[0]; text(k) != "*" {
			p.match(&one, vmap["key"], "==", element(k))
		}
		kind, value := only(kv[1])
		one.verdict(kind, value)
		p.emit(one)
	}
}

func (p *nftParser) emit(r rule) {
	r.sort()
	p.out.Rules = append(p.out.Rules, r.FirewallRule)
}

func (r rule) clone() rule {
	for _, list := range []*[]string{&r.Protocols, &r.Sources, &r.Destinations, &r.SourcePorts, &r.DestinationPorts, &r.InInterfaces, &r.OutInterfaces, &r.States, &r.Other} {
		*list = append([]string{}, *list...)
	}
	return r
}

// verdict notes what a statement does to a packet. Statements that only count
// or change it leave the verdict as it is.
func (r *rule) verdict(kind string, value any) {
	m, _ := value.(map[string]any)
	switch kind {
	case "accept", "drop", "return", "reject", "queue", "continue":
		r.Verdict = kind
	case "jump", "goto":
		r.Verdict, r.Target = kind, text(m["target"])
	case "dnat", "snat", "masquerade", "redirect":
		r.Verdict = kind
		target := text(m["addr"])
		if to := words(m["port"]); to != "" {
			target += ":" + to
		}
		r.Target = target
	case "log":
		if r.Verdict == "none" {
			r.Verdict = "log"
		}
	}
}

// match puts a condition into the field that it is about, or into words.
func (p *nftParser) match(r *rule, left any, op string, right any) {
	kind, value := only(left)
	m, _ := value.(map[string]any)
	negated := op == "!="
	about := text(m["key"])
	if kind == "payload" {
		about = text(m["protocol"]) + " " + text(m["field"])
	}
	var to *[]string
	switch {
	case op != "==" && op != "!=" && op != "in":
		// an order or a mask: in words
	case kind == "payload":
		protocol, field := text(m["protocol"]), text(m["field"])
		switch {
		case protocol == "ip" || protocol == "ip6":
			switch field {
			case "saddr":
				to = &r.Sources
			case "daddr":
				to = &r.Destinations
			case "protocol", "nexthdr":
				to = &r.Protocols
			}
			r.Ip = map[string]string{"ip": "4", "ip6": "6"}[protocol]
		case field == "dport":
			to = &r.DestinationPorts
		case field == "sport":
			to = &r.SourcePorts
		}
		r.implied(protocol)
	case kind == "meta":
		switch about {
		case "l4proto":
			to = &r.Protocols
		case "iif", "iifname":
			to = &r.InInterfaces
		case "oif", "oifname":
			to = &r.OutInterfaces
		case "nfproto", "protocol":
			if v := map[string]string{"ipv4": "4", "ip": "4", "ipv6": "6", "ip6": "6"}[text(right)]; v != "" && !negated {
				r.Ip = v
				return
			}
		}
	case kind == "ct" && about == "state":
		to = &r.States
	}
	if to != nil && len(*to) > 0 && to != &r.Protocols && !(negated && strings.HasPrefix((*to)[0], "!")) {
		to = nil // a second condition on the same: both must hold, so that it is no further element
	}
	if to == nil {
		if implied, _ := maskedPayload(left); implied != "" {
			r.implied(implied)
		}
		if op == "in" || op == "==" {
			op = ""
		} else {
			op += " "
		}
		r.Other = append(r.Other, strings.TrimSpace(p.words(left)+" "+op+p.words(right)))
		return
	}
	for _, v := range p.values(r, right) {
		if negated {
			v = "!" + v
		}
		if to == &r.Protocols {
			v = protocolName(v)
		}
		*to = append(*to, v)
	}
}

// implied adds the protocol that a condition about its header asks for.
func (r *rule) implied(protocol string) {
	switch protocol {
	case "tcp", "udp", "sctp", "dccp", "udplite", "icmp":
	case "icmpv6":
		protocol = "ipv6-icmp"
	default:
		return
	}
	if len(r.Protocols) == 0 {
		r.Protocols = append(r.Protocols, protocol)
	}
}

// maskedPayload gives the protocol of {"&": [{"payload": …}, …]}.
func maskedPayload(left any) (protocol, field string) {
	kind, value := only(left)
	if kind != "&" {
		return "", ""
	}
	for _, v := range items(value) {
		if k, p := only(v); k == "payload" {
			m, _ := p.(map[string]any)
			return text(m["protocol"]), text(m["field"])
		}
	}
	return "", ""
}

// values writes out the right side of a condition.
func (p *nftParser) values(r *rule, right any) []string {
	if name, named := strings.CutPrefix(text(right), "@"); named {
		s, known := p.sets[r.Family+"\x00"+r.Table+"\x00"+name]
		if !known || s.changes || len(s.elements) == 0 {
			return []string{"@" + name}
		}
		out := p.list(s.elements)
		if i := slices.IndexFunc(out, everybody); i >= 0 {
			return out[i : i+1]
		}
		if len(out) > maxElements {
			return []string{"@" + name}
		}
		return out
	}
	kind, value := only(right)
	switch {
	case kind == "set":
		return p.list(items(value))
	case kind == "":
		if list, ok := right.([]any); ok {
			return p.list(list)
		}
	}
	return []string{words(right)}
}

func (p *nftParser) list(list []any) []string {
	out := make([]string, 0, min(len(list), maxElements))
	for _, v := range list {
		out = append(out, words(element(v)))
	}
	return out
}

// element takes the wrapping of an element away: counters, comments, time.
func element(v any) any {
	if kind, value := only(v); kind == "elem" {
		m, _ := value.(map[string]any)
		return m["val"]
	}
	return v
}

// words writes an expression for people.
func (p *nftParser) words(v any) string { return words(v) }

func words(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return tree.Clean(v)
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	case []any:
		return join(v, ", ")
	}
	kind, value := only(v)
	m, _ := value.(map[string]any)
	switch kind {
	case "payload":
		if base := text(m["base"]); base != "" {
			return fmt.Sprintf("@%s,%s,%s", base, text(m["offset"]), text(m["len"]))
		}
		return text(m["protocol"]) + " " + text(m["field"])
	case "meta", "ct", "rt", "socket", "osf", "ipsec":
		return strings.TrimSpace(kind + " " + text(m["key"]))
	case "fib":
		return "fib " + join(items(m["flags"]), " . ") + " " + text(m["result"])
	case "prefix":
		return text(m["addr"]) + "/" + text(m["len"])
	case "range":
		return join(items(value), "-")
	case "concat":
		return join(items(value), " . ")
	case "set":
		return "{" + join(items(value), ", ") + "}"
	case "&", "|", "^", "<<", ">>":
		return join(items(value), " "+kind+" ")
	case "elem":
		return words(m["val"])
	case "":
		raw, err := json.Marshal(v) // of decoded JSON: it cannot fail
		if err != nil {
			return ""
		}
		return string(raw)
	}
	return strings.TrimSpace(kind + " " + words(value))
}

func join(list []any, by string) string {
	if len(list) > maxElements {
		return fmt.Sprintf("%d elements", len(list))
	}
	parts := make([]string, len(list))
	for i, v := range list {
		parts[i] = words(v)
	}
	return strings.Join(parts, by)
}

// only gives name and value of an object with one member, as every expression
// is; of anything else nothing.
func only(v any) (string, any) {
	m, ok := v.(map[string]any)
	if !ok || len(m) != 1 {
		return "", nil
	}
	for _, k := range slices.Collect(maps.Keys(m)) {
		return k, m[k]
	}
	return "", nil
}

// items gives a list, also where nft writes a single element without brackets
// or wraps it as {"set": […]}.
func items(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	case map[string]any:
		if list, ok := v["set"].([]any); ok && len(v) == 1 {
			return list
		}
	}
	return []any{v}
}

func text(v any) string {
	switch v := v.(type) {
	case string:
		return tree.Clean(v)
	case json.Number:
		return v.String()
	}
	return ""
}

func number(v any) int64 {
	n, ok := v.(json.Number)
	if !ok {
		return 0
	}
	i, err := n.Int64()
	if err != nil {
		return 0
	}
	return i
}
