package analysis

import "github.com/attesta/attesta/internal/facts"

const (
	tooMany = "jumps lead to more rules than are followed"
	tooDeep = "jumps lead deeper than is followed, or in a circle"
)

// walk follows packets of one IP version through chains.
type walk struct {
	ip     string
	set    *Set
	chains map[string][]int // places of rules by chain
	known  map[string]bool  // chains that are there
	match  []matched        // by place
	limit  func(string)
}

// met is what came to a rule: no more than hi meets it. path is for sure what its
// chain is for, apart from what is decided before.
type met struct {
	hi, path region
	after    int // decisions before it
}

type decision struct {
	rule int
	what region
}

// run is one way through a base chain.
type run struct {
	*walk
	met     map[int]*met
	decided []decision
	end     region // what comes to the policy, no less
	visits  int

	skip   int  // a rule that is taken out; -1: none
	passed bool // the place of that rule was met
	spoilt bool // after it something else was decided
}

// run sends packets through a base chain. With skip that rule is left out, and
// decisions from there on are compared with it.
func (w *walk) run(c facts.FirewallChain, packets region, skip int) *run {
	r := &run{walk: w, met: map[int]*met{}, skip: skip}
	through, back := r.chain(keyOf(c.Engine, c.Family, c.Table, c.Name), packets, packets, 0)
	r.end = append(through, back...)
	return r
}

// chain sends packets through a chain. It gives those that come out at its end, and
// those that a goto takes out for good of the chain that it stands in.
func (r *run) chain(key string, hi, path region, depth int) (through, back region) {
	if depth > deepest {
		r.limit(tooDeep)
		return hi, nil
	}
	for _, i := range r.chains[key] {
		if r.spoilt {
			return nil, nil
		}
		if r.visits++; r.visits > mostVisits {
			r.limit(tooMany)
			return hi, back
		}
		rule, m := &r.set.Rules[i], &r.match[i]
		if len(m.most) == 0 && len(m.open) == 0 {
			if r.met[i] == nil {
				r.met[i] = &met{after: len(r.decided)}
			}
			continue
		}
		taken := hi.and(m.most)
		if i == r.skip {
			r.passed = true
			continue
		}
		x := r.met[i]
		if x == nil {
			x = &met{}
			r.met[i] = x
		}
		x.hi, x.after = append(x.hi, taken...), len(r.decided)
		x.path = append(x.path, path...)
		if len(taken) == 0 {
			continue
		}
		switch rule.Verdict {
		case "accept", "drop", "reject", "dnat", "snat", "masquerade", "redirect":
			if r.skip >= 0 && r.passed && rule.Verdict != r.set.Rules[r.skip].Verdict {
				r.spoilt = true
				return nil, nil
			}
			if r.skip < 0 || r.passed {
				if sure := taken.and(m.least); len(sure) > 0 {
					r.decided = append(r.decided, decision{i, sure})
				}
			}
			hi = r.less(hi, m.least)
		case "return":
			back = append(back, taken...)
			if sure := taken.and(m.least); len(sure) > 0 && r.skip < 0 {
				r.decided = append(r.decided, decision{i, sure})
			}
			hi = r.less(hi, m.least)
		case "jump", "goto":
			target := keyOf(rule.Engine, rule.Family, rule.Table, rule.Target)
			out, away := r.chain(target, taken, path.and(m.open), depth+1)
			hi = r.less(hi, m.least)
			if rule.Verdict == "goto" {
				back = append(back, append(out, away...)...)
				if sure := taken.and(m.least); len(sure) > 0 && r.skip < 0 {
					r.decided = append(r.decided, decision{i, sure})
				}
			} else if len(m.least) > 0 { // what was not taken for sure is in hi still
				hi = append(hi, append(out, away...)...)
			}
		case "none", "log", "continue":
		default: // queue, or a target that is not modelled: it may end here or go on
			if r.skip >= 0 && r.passed {
				r.spoilt = true
				return nil, nil
			}
		}
		if len(hi) > mostBoxes {
			r.limit("some overlaps of rules have too many parts to be followed")
			hi = boxes(whole(hi))
		}
	}
	return hi, back
}

// less takes from packets what is decided for sure.
func (r *run) less(hi, sure region) region {
	if len(sure) == 0 {
		return hi
	}
	return hi.without(sure)
}

// whole is one box that holds all packets of a region: more, never less.
func whole(r region) box {
	var b box
	for _, x := range r {
		for i := range b {
			b[i] = b[i].union(x[i])
		}
	}
	return b
}
