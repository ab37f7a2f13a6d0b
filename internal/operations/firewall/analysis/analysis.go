// Package analysis says what is odd about the rules of a packet filter: rules that let
// everybody in to everything, that expose ports of administration and of databases,
// that never decide, that say what is decided anyway, and policies that accept.
//
// Serves B12 (CC6.6). Invariants: it reads nothing and knows no clock. What it says
// of a rule is proved for every packet: conditions that are not modelled are held
// between two bounds, what for sure meets them and what may, and a rule of which
// neither follows is said to be not modelled. TestPackets holds it against a
// simulator that follows single packets.
//
// Floor: domains. Imports facts.
package analysis

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/facts"
)

// Set is the chains and rules of one filter, in their order.
type Set struct {
	Chains []facts.FirewallChain
	Rules  []facts.FirewallRule
}

// Kind is what is said of a rule or a policy.
type Kind string

// The kinds.
const (
	AnyAny      Kind = "any_any"       // lets everybody in, to every port
	TooWide     Kind = "too_wide"      // lets the internet in to what administers or holds data
	Shadowed    Kind = "shadowed"      // never decides: rules before it have
	Redundant   Kind = "redundant"     // decides what would be decided the same without it
	Unreachable Kind = "unreachable"   // no packet comes to its chain
	Unmodelled  Kind = "not_modelled"  // lets in by conditions that are not understood
	Accepting   Kind = "policy_accept" // what no rule mentions is let in
)

// Remark is one thing said of a rule.
type Remark struct {
	Kind Kind   `json:"kind" doc:"any_any, too_wide, shadowed, redundant, unreachable, not_modelled."`
	Why  string `json:"why"`
	By   []int  `json:"by,omitempty" doc:"Places of the rules that do it, in the rule set, from 0."`
}

// Policy is a chain or a hook where what no rule mentions is let in.
type Policy struct {
	Chain string `json:"chain" doc:"inet filter input; empty where no chain filters the hook."`
	Hook  string `json:"hook"`
	IP    string `json:"ip" doc:"4 or 6."`
	Why   string `json:"why"`
}

// Report is what is said of a rule set. Rules goes by place.
type Report struct {
	Rules    [][]Remark `json:"rules"`
	Opens    []bool     `json:"opens"` // it lets something in, or hands it on, that was not asked for from here
	Policies []Policy   `json:"policies"`
	Limits   []string   `json:"limits,omitempty" doc:"What could not be analysed, and why."`
}

// Of gives the remarks of a kind on a rule.
func (r *Report) Of(i int, k Kind) (Remark, bool) {
	for _, x := range r.Rules[i] {
		if x.Kind == k {
			return x, true
		}
	}
	return Remark{}, false
}

// Most of what is looked at. Beyond it, it is said that it was not.
const (
	mostVisits    = 200_000 // rules met on the way through jumps
	mostBoxes     = 2_000   // parts of what reaches a rule
	mostRedundant = 1_500   // rules of a set of which redundancy is asked
	deepest       = 32
	named         = 8
)

// ChainOf names the chain of a rule.
func ChainOf(r *facts.FirewallRule) string { return r.Family + " " + r.Table + " " + r.Chain }

func keyOf(engine, family, table, chain string) string {
	return strings.Join([]string{engine, family, table, chain}, "\x00")
}

// filters reports whether a chain of that family sees packets of an IP version.
func filters(family, ip string) bool {
	return family == "inet" || family == "ip" && ip == "4" || family == "ip6" && ip == "6"
}

// Analyse says what is odd.
func Analyse(set Set) *Report {
	a := &analyser{set: set, report: &Report{Rules: make([][]Remark, len(set.Rules)), Opens: make([]bool, len(set.Rules)), Policies: []Policy{}}, interfaces: newAlphabet(set.Rules), limits: map[string]bool{}}
	a.applies, a.seen = make([]bool, len(set.Rules)), make([]bool, len(set.Rules))
	a.redundant = make([]*verdict, len(set.Rules))
	a.shadow = make([]map[int]bool, len(set.Rules))
	for _, c := range set.Chains {
		if !filters(c.Family, "4") && !filters(c.Family, "6") {
			a.limit("chains of family " + c.Family + " are not modelled")
		}
	}
	for _, ip := range []string{"4", "6"} {
		a.version(ip)
	}
	a.conclude()
	for l := range a.limits {
		a.report.Limits = append(a.report.Limits, l)
	}
	slices.Sort(a.report.Limits)
	return a.report
}

type verdict struct {
	no  bool
	by  map[int]bool
	pol string
}

type analyser struct {
	set        Set
	report     *Report
	interfaces *alphabet
	limits     map[string]bool

	applies   []bool         // some packet could meet it
	seen      []bool         // some packet may reach it and meet it
	reached   map[int]bool   // its chain was gone through
	shadow    []map[int]bool // who decided before
	redundant []*verdict
}

func (a *analyser) limit(why string) { a.limits[why] = true }

func (a *analyser) remark(i int, k Kind, why string, by ...int) {
	if old, twice := a.report.Of(i, k); twice && (old.Why == why || k != TooWide) {
		return
	}
	a.report.Rules[i] = append(a.report.Rules[i], Remark{k, why, by})
}

// version analyses what happens to packets of one IP version.
func (a *analyser) version(ip string) {
	w := &walk{ip: ip, set: &a.set, chains: map[string][]int{}, known: map[string]bool{}, limit: a.limit, match: make([]matched, len(a.set.Rules))}
	for i := range a.set.Rules {
		r := &a.set.Rules[i]
		if !filters(r.Family, ip) {
			continue
		}
		k := keyOf(r.Engine, r.Family, r.Table, r.Chain)
		w.chains[k] = append(w.chains[k], i)
		w.match[i] = match(r, ip, a.interfaces)
		if len(w.match[i].most) > 0 {
			a.applies[i] = true
		}
	}
	var bases []facts.FirewallChain
	for _, c := range a.set.Chains {
		if !filters(c.Family, ip) {
			continue
		}
		w.known[keyOf(c.Engine, c.Family, c.Table, c.Name)] = true
		if c.Hook != "" {
			bases = append(bases, c)
		}
	}
	slices.SortStableFunc(bases, func(x, y facts.FirewallChain) int { return cmp.Compare(x.Priority, y.Priority) })
	everything := boxes(box{upTo(255), addresses(ip), addresses(ip), upTo(65535), upTo(65535), a.interfaces.all(), a.interfaces.all(), upTo(uint64(len(states) - 1))})
	if a.reached == nil {
		a.reached = map[int]bool{}
	}
	fresh := a.probe(ip)
	fresh[0][protocol] = upTo(255)
	runs := make([]*run, len(bases))
	for n, c := range bases {
		r := w.run(c, everything, -1)
		runs[n] = r
		for i, met := range r.met {
			a.reached[i] = true
			switch a.set.Rules[i].Verdict {
			case "accept", "queue", "dnat", "redirect":
				if slices.Contains([]string{"input", "forward", "prerouting"}, c.Hook) && (c.Kind == "filter" || a.set.Rules[i].Verdict != "accept") && met.hi.meets(fresh) {
					a.report.Opens[i] = true
				}
			}
			if len(met.hi) > 0 {
				a.seen[i] = true
				continue
			}
			if a.shadow[i] == nil {
				a.shadow[i] = map[int]bool{}
			}
			for _, d := range r.decided[:met.after] {
				if d.what.meets(w.match[i].most) && (!leaves(a.set.Rules[d.rule].Verdict) || ChainOf(&a.set.Rules[d.rule]) == ChainOf(&a.set.Rules[i])) {
					a.shadow[i][d.rule] = true
				}
			}
		}
		if len(a.set.Rules) > mostRedundant {
			a.limit(fmt.Sprintf("redundancy is asked of up to %d rules, there are %d", mostRedundant, len(a.set.Rules)))
			continue
		}
		for i, met := range r.met {
			switch a.set.Rules[i].Verdict {
			case "accept", "drop", "reject":
				if len(met.hi) > 0 {
					a.replaced(w, c, i, met.hi)
				}
			}
		}
	}
	for _, hook := range []string{"input", "forward"} {
		a.hook(w, ip, hook, bases, runs)
	}
}

// leaves reports whether a verdict ends only the chain that the rule stands in.
func leaves(verdict string) bool { return verdict == "return" || verdict == "goto" }

// replaced notes whether what a rule decides would be decided the same without it.
func (a *analyser) replaced(w *walk, c facts.FirewallChain, i int, hi region) {
	v := a.redundant[i]
	if v == nil {
		v = &verdict{by: map[int]bool{}}
		a.redundant[i] = v
	}
	if v.no {
		return
	}
	r := w.run(c, hi, i)
	if r.spoilt || !r.passed {
		v.no = true
		return
	}
	for _, d := range r.decided {
		v.by[d.rule] = true
	}
	if len(r.end) > 0 {
		if c.Policy != a.set.Rules[i].Verdict {
			v.no = true
			return
		}
		v.pol = fmt.Sprintf("%s %s %s", c.Family, c.Table, c.Name)
	}
}

// probe is packets of new connections from elsewhere than this host.
func (a *analyser) probe(ip string) region {
	in := a.interfaces.all().without(one(1))
	return boxes(box{one(6).union(one(17)), addresses(ip), addresses(ip), upTo(65535), upTo(65535), in, a.interfaces.all(), one(0)})
}

// hook looks at the policies and the rules of what filters one hook.
func (a *analyser) hook(w *walk, ip, hook string, bases []facts.FirewallChain, runs []*run) {
	probe := a.probe(ip)
	closed, open := make([]bool, len(bases)), make([]bool, len(bases))
	filtering, shut := false, -1
	for n, c := range bases {
		if c.Hook != hook || c.Kind != "filter" {
			continue
		}
		filtering = true
		open[n] = c.Policy == "accept" && wideOpen(runs[n].end.and(probe), ip)
		if closed[n] = !open[n] && !a.letsAll(w, ip, runs[n]); closed[n] {
			shut = n
		}
	}
	if !filtering && hook != "input" {
		return
	}
	if !filtering {
		a.report.Policies = append(a.report.Policies, Policy{Hook: hook, IP: ip, Why: "no chain filters it"})
		return
	}
	for n, c := range bases {
		if c.Hook != hook || c.Kind != "filter" {
			continue
		}
		name := c.Family + " " + c.Table + " " + c.Name
		if open[n] && shut < 0 && hook == "input" { // whether a host hands anything on is not in its rules
			a.report.Policies = append(a.report.Policies, Policy{Chain: name, Hook: hook, IP: ip, Why: "its policy is accept and no last rule closes it"})
		}
		guarded := slices.ContainsFunc(bases, func(o facts.FirewallChain) bool {
			m := slices.IndexFunc(bases, func(x facts.FirewallChain) bool { return x == o })
			return m != n && closed[m]
		})
		for i, met := range runs[n].met {
			if a.set.Rules[i].Verdict != "accept" {
				continue
			}
			if len(met.hi) == 0 || guarded {
				continue
			}
			a.openness(w, ip, i, met)
		}
	}
}

// letsAll reports whether a rule of a chain lets everybody in, to everything.
func (a *analyser) letsAll(w *walk, ip string, r *run) bool {
	for i, met := range r.met {
		if a.set.Rules[i].Verdict != "accept" || len(met.hi) == 0 {
			continue
		}
		for _, b := range w.match[i].open.and(met.path).and(a.probe(ip)) {
			if wholeWorld(b, ip) && b[inInterface].equal(a.interfaces.all().without(one(1))) && met.hi.meets(region{b}) {
				return true
			}
		}
	}
	return false
}

// wholeWorld reports whether a box holds packets from everybody to every port.
func wholeWorld(b box, ip string) bool {
	return b[source].equal(addresses(ip)) && b[destination].equal(addresses(ip)) && b[sourcePort].equal(upTo(65535)) && b[destinationPort].equal(upTo(65535))
}

// openness says whether an accepting rule lets everybody in.
func (a *analyser) openness(w *walk, ip string, i int, met *met) {
	m := w.match[i]
	open := m.open.and(met.path).and(a.probe(ip))
	if len(open) == 0 {
		if len(m.unknown) > 0 && !slices.ContainsFunc(m.unknown, narrow) && wideOpen(met.hi.and(a.probe(ip)), ip) {
			a.remark(i, Unmodelled, "it lets in by "+strings.Join(m.unknown[:min(len(m.unknown), named)], "; ")+", which is not modelled")
		}
		return
	}
	rate := ""
	if m.rate {
		rate = ", up to a rate"
	}
	for _, b := range open {
		what := "every tcp and udp port"
		switch tcp, udp := b[protocol].has(small(6)), b[protocol].has(small(17)); {
		case tcp && !udp:
			what = "every tcp port"
		case udp && !tcp:
			what = "every udp port"
		}
		if wholeWorld(b, ip) && met.hi.meets(region{b}) {
			a.remark(i, AnyAny, fmt.Sprintf("everybody%s reaches %s%s", a.by(b[inInterface]), what, rate))
			continue
		}
		if b[source].share(addresses(ip)) < 0.5 || groups(b[destination], ip) {
			continue
		}
		if b[destinationPort].share(upTo(65535)) > 0.9 && met.hi.meets(region{b}) {
			a.remark(i, TooWide, fmt.Sprintf("nearly everybody%s reaches nearly every port%s", a.by(b[inInterface]), rate))
			continue
		}
		var list []string
		for _, p := range sensitive {
			single := b
			single[protocol], single[destinationPort] = b[protocol].and(one(p.protocol)), b[destinationPort].and(one(uint64(p.port)))
			if wideOpen(met.hi.and(boxes(single)), ip) {
				list = append(list, fmt.Sprintf("%d (%s)", p.port, p.name))
			}
		}
		if len(list) > 0 {
			a.remark(i, TooWide, fmt.Sprintf("the internet%s reaches %s%s", a.by(b[inInterface]), strings.Join(list[:min(len(list), named)], ", "), rate))
		}
	}
}

// by names the interfaces where it is not all of them.
func (a *analyser) by(in ranges) string {
	if in.equal(a.interfaces.all().without(one(1))) {
		return ""
	}
	if in.has(small(0)) { // all but some
		return ""
	}
	return " on " + a.interfaces.words(in)
}

// wideOpen reports whether packets come from at least half of all addresses.
func wideOpen(r region, ip string) bool {
	var from ranges
	for _, b := range r {
		from = from.union(b[source])
	}
	return from.share(addresses(ip)) >= 0.5
}

// groups reports whether all of these addresses are those of groups, or broadcast.
func groups(r ranges, ip string) bool {
	of := "224.0.0.0/4"
	if ip == "6" {
		of = "ff00::/8"
	}
	g, _ := parseAddress(of, ip)
	if ip == "4" {
		g = g.union(one(1<<32 - 1))
	}
	return len(r.without(g)) == 0
}

// conclude makes remarks of what both IP versions came to.
func (a *analyser) conclude() {
	for i := range a.set.Rules {
		r := &a.set.Rules[i]
		if !filters(r.Family, "4") && !filters(r.Family, "6") {
			continue
		}
		switch {
		case !a.applies[i]:
			a.remark(i, Shadowed, "no packet can meet its conditions")
		case !a.reached[i]:
			a.remark(i, Unreachable, "no rule leads to its chain")
		case !a.seen[i]:
			by := places(a.shadow[i])
			if len(by) == 0 {
				a.remark(i, Shadowed, "no packet that comes to its chain meets its conditions")
			} else {
				a.remark(i, Shadowed, "what it is about is decided before it: "+a.words(by), by...)
			}
		case a.redundant[i] != nil && !a.redundant[i].no && !a.stopped():
			v := a.redundant[i]
			by := places(v.by)
			why := "without it the same would happen: " + a.words(by)
			if v.pol != "" {
				why = "without it the same would happen: policy of " + v.pol
				if len(by) > 0 {
					why += ", " + a.words(by)
				}
			}
			a.remark(i, Redundant, why, by...)
		}
	}
	if a.stopped() { // what was not gone through to its end is not told from what is not there
		for i, list := range a.report.Rules {
			a.report.Rules[i] = slices.DeleteFunc(list, func(r Remark) bool {
				return r.Kind == Shadowed || r.Kind == Unreachable || r.Kind == Redundant
			})
		}
	}
}

func (a *analyser) stopped() bool { return a.limits[tooMany] || a.limits[tooDeep] }

func places(of map[int]bool) []int {
	out := make([]int, 0, len(of))
	for i := range of {
		out = append(out, i)
	}
	slices.Sort(out)
	return out
}

func (a *analyser) words(by []int) string {
	var out []string
	for _, i := range by[:min(len(by), named)] {
		r := &a.set.Rules[i]
		out = append(out, fmt.Sprintf("%s rule %d", ChainOf(r), r.Position))
	}
	if len(by) > named {
		out = append(out, fmt.Sprintf("%d more", len(by)-named))
	}
	return strings.Join(out, ", ")
}
