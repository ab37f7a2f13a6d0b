package segment

import (
	"cmp"
	"net/netip"
	"path"
	"slices"
	"strings"
	"time"
)

// Placed says which zone something is in, or why in none.
type Placed struct {
	Zone string `json:"zone"` // "" for none
	By   string `json:"by"`   // the pattern or network that decided
	Why  string `json:"why"`  // of none: why
}

// Place gives the zone of a host, by its name and its addresses. A name that stands
// as it is comes before a pattern, of patterns the one with more letters, of
// networks the smaller one; a name decides before an address.
func (p *PlanText) Place(name string, addresses []netip.Addr) Placed {
	name = strings.ToLower(name)
	best, by, zones := -1, "", []string(nil)
	for _, z := range p.Zones {
		for _, pattern := range z.Hosts {
			if ok, err := path.Match(pattern, name); err != nil || !ok {
				continue
			}
			weight := len(strings.NewReplacer("*", "", "?", "").Replace(pattern))
			if !strings.ContainsAny(pattern, "*?[") {
				weight = 1000 // a whole name
			}
			best, by, zones = heavier(best, by, zones, weight, pattern, z.Key)
		}
	}
	if len(zones) > 0 {
		return decided(zones, by)
	}
	for _, a := range addresses {
		w, network, z := p.networks(a)
		for _, key := range z {
			best, by, zones = heavier(best, by, zones, w, network, key)
		}
	}
	return decided(zones, by)
}

// PlaceAddress gives the zone of an address that no known host has.
func (p *PlanText) PlaceAddress(a netip.Addr) Placed {
	_, by, zones := p.networks(a)
	return decided(zones, by)
}

func (p *PlanText) networks(a netip.Addr) (best int, by string, zones []string) {
	best = -1
	for _, z := range p.Zones {
		for _, text := range z.Networks {
			n, err := netip.ParsePrefix(text)
			if err != nil || !n.Contains(a) {
				continue
			}
			best, by, zones = heavier(best, by, zones, n.Bits(), text, z.Key)
		}
	}
	return best, by, zones
}

func heavier(best int, by string, zones []string, weight int, what, zone string) (int, string, []string) {
	switch {
	case weight > best:
		return weight, what, []string{zone}
	case weight == best && !slices.Contains(zones, zone):
		return best, by, append(slices.Clone(zones), zone)
	}
	return best, by, zones
}

func decided(zones []string, by string) Placed {
	switch len(zones) {
	case 0:
		return Placed{Why: "no zone names it"}
	case 1:
		return Placed{Zone: zones[0], By: by}
	}
	slices.Sort(zones)
	return Placed{By: by, Why: "the zones " + strings.Join(zones, " and ") + " name it alike"}
}

// Verdict is what the plan says of connections.
type Verdict string

// The verdicts.
const (
	Allowed  Verdict = "allowed"
	Refused  Verdict = "forbidden"
	NotSaid  Verdict = "unstated"
	NoZone   Verdict = "no zone"
	SameZone Verdict = "within"
)

// Decide says whether one zone may reach another at a port, and by which rule; ""
// where none is about it. Of several rules the one that names both zones comes
// first, then that with fewer ports, then that with a protocol; of equal ones that
// which forbids. An allowance whose day is over allows nothing.
func (p *PlanText) Decide(from, to, protocol string, port int, now time.Time) (Verdict, string) {
	if from == "" || to == "" {
		return NoZone, ""
	}
	var best *Rule
	for i := range p.Rules {
		r := &p.Rules[i]
		if !r.covers(from, to, protocol, port) || r.Expired(now) {
			continue
		}
		if best == nil || r.before(best) {
			best = r
		}
	}
	switch {
	case best != nil && best.Kind == May:
		return Allowed, best.Key
	case best != nil:
		return Refused, best.Key
	case from == to:
		return SameZone, ""
	case p.Default == Forbidden:
		return Refused, keyDefault
	}
	return NotSaid, ""
}

func (r *Rule) covers(from, to, protocol string, port int) bool {
	if r.From != Any && r.From != from || r.To != Any && r.To != to || r.Protocol != "" && r.Protocol != protocol {
		return false
	}
	if (r.From == Any || r.To == Any) && from == to {
		return false // every other zone
	}
	return len(r.Ports) == 0 || slices.ContainsFunc(r.spans(), func(s span) bool { return s.low <= port && port <= s.high })
}

func (r *Rule) spans() []span {
	var out []span
	for _, text := range r.Ports {
		if s, err := parseSpan(text); err == nil { // tidy saw to it
			out = append(out, s)
		}
	}
	return out
}

func (r *Rule) width() int {
	if len(r.Ports) == 0 {
		return 65536
	}
	n := 0
	for _, s := range r.spans() {
		n += s.high - s.low + 1
	}
	return n
}

// before reports whether r decides before o.
func (r *Rule) before(o *Rule) bool {
	named := func(x *Rule) int {
		n := 0
		if x.From != Any {
			n++
		}
		if x.To != Any {
			n++
		}
		return n
	}
	loose := func(x *Rule) int {
		if x.Protocol == "" {
			return 1
		}
		return 0
	}
	c := cmp.Or(cmp.Compare(named(o), named(r)), cmp.Compare(r.width(), o.width()), cmp.Compare(loose(r), loose(o)))
	return c < 0 || c == 0 && r.Kind == MustNot && o.Kind == May
}
