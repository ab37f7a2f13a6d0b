package segment

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/facts"
)

// named is the most of each kind that facts name.
const named = 100

// status is what a rule comes to.
type status struct {
	rule      Rule
	forbidden []Flow  // seen now, against the rule
	flows     int     // seen now, that it decides
	proofs    []Proof // newest of each path, that it decides; broken first
	broken    []Proof
	newest    time.Time // of a proof that says something
	blind     string    // why it is not known with whom hosts are connected
	untried   string    // why nothing was tried
}

// Result is what the proofs of a rule say together.
func (s *status) result() Result {
	switch {
	case len(s.broken) > 0:
		return Broken
	case s.newest.IsZero():
		return Open
	}
	return Holds
}

// state is what the plan in force comes to.
type state struct {
	plan    *PlanObject
	world   *world
	zones   map[string][]*machine
	flows   []Flow
	rules   []status
	unzoned []Unzoned
	at      time.Time
}

// Unzoned is a host that is in no zone.
type Unzoned struct {
	Host   string `json:"host"` // "hst_…"
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

// weigh holds a plan against what was seen and tried.
func weigh(plan *PlanObject, w *world, rows []flowRow, newest map[string]*Proof, asked map[string]Asked, now time.Time) *state {
	p := &plan.Content.PlanText
	st := &state{plan: plan, world: w, zones: p.zonesOf(w), flows: p.join(w, rows, now), at: now}
	for _, m := range w.machines {
		if placed := p.Place(m.name, m.addresses); placed.Zone == "" {
			st.unzoned = append(st.unzoned, Unzoned{m.id, m.name, placed.Why})
		}
	}
	rules := map[string]*status{}
	var keys []string
	for _, r := range p.all() {
		rules[r.Key] = &status{rule: r, blind: p.blind(st.zones, r)}
		keys = append(keys, r.Key)
	}
	for _, f := range st.flows {
		s := rules[f.Rule]
		if s == nil || !f.Now {
			continue
		}
		s.flows++
		if f.Verdict == Refused {
			s.forbidden = append(s.forbidden, f)
		}
	}
	for _, x := range sortedProofs(newest) {
		m := w.bySource[x.Source]
		if m == nil {
			continue
		}
		// What the plan in force says of this path counts, not what was asked then.
		_, key := p.Decide(p.Place(m.name, m.addresses).Zone, p.peer(w, x.Address).placed.Zone, x.Protocol, x.Port, now)
		s := rules[key]
		if s == nil {
			continue
		}
		s.proofs = append(s.proofs, *x)
		switch Says(s.rule.Kind, x.Protocol, x.State) {
		case Broken:
			s.broken = append(s.broken, *x)
		case Open:
			s.untried = cmp.Or(s.untried, fmt.Sprintf("%s to %s %s: %s", x.From, x.To, x.Service(), cmp.Or(x.Reason, x.State)))
			continue
		}
		if x.At.After(s.newest) {
			s.newest = x.At
		}
	}
	latest := make([]Asked, 0, len(asked))
	for _, a := range asked {
		latest = append(latest, a)
	}
	slices.SortFunc(latest, func(a, b Asked) int { return cmp.Or(b.At.Compare(a.At), strings.Compare(a.Host, b.Host)) })
	for _, key := range keys {
		s := rules[key]
		slices.SortStableFunc(s.proofs, func(a, b Proof) int {
			rank := func(x *Proof) int {
				return slices.Index([]Result{Broken, Open, Holds}, Says(s.rule.Kind, x.Protocol, x.State))
			}
			return cmp.Compare(rank(&a), rank(&b))
		})
		if s.untried == "" {
			s.untried = why(latest, key, now)
		}
		if s.untried == "" {
			_, s.untried = p.tries(w, s.rule, newest, now)
		}
		s.untried = cmp.Or(s.untried, "nothing was tried yet")
		st.rules = append(st.rules, *s)
	}
	return st
}

// why says what became of the newest asks about a rule, where none gave a proof.
func why(latest []Asked, key string, now time.Time) string {
	for _, a := range latest {
		if !slices.Contains(a.Rules, key) {
			continue
		}
		switch {
		case a.Refuse != "":
			return a.Host + ": " + a.Refuse
		case a.Answered.IsZero() && now.Before(a.Until):
			return "agents were asked and have not answered yet"
		case a.Answered.IsZero():
			return a.Host + " did not answer within the hour"
		}
		return ""
	}
	return ""
}

// blind says why it is not known which connections there are between the zones of a
// rule: one end of each pair must report, and all of it. "" where it is known.
func (p *PlanText) blind(zones map[string][]*machine, r Rule) string {
	whole := func(zone string) (string, bool) {
		if len(zones[zone]) == 0 {
			return "no host of " + zone + " is known", false
		}
		for _, m := range zones[zone] {
			if m.silent {
				return m.name + " is silent", false
			}
			if m.mute != "" {
				return m.name + " does not say with whom it is connected: " + m.mute, false
			}
		}
		return "", true
	}
	known := 0
	reason := ""
	for _, pair := range p.pairs(r) {
		if len(zones[pair[0]])+len(zones[pair[1]]) == 0 && len(p.pairs(r)) > 1 {
			continue // of two zones without hosts nothing can be seen, and nothing is missed
		}
		a, ok := whole(pair[0])
		if ok {
			known++
			continue
		}
		b, ok := whole(pair[1])
		if ok {
			known++
			continue
		}
		reason = cmp.Or(reason, a+"; "+b)
	}
	if reason == "" && known == 0 {
		return "no host of its zones is known"
	}
	return reason
}

// section gives the facts of a rule.
func (s *status) section(days int, now time.Time) (facts.Section, error) {
	title := s.rule.Words()
	if s.rule.Key == keyDefault {
		title = "What no rule is about is forbidden"
	}
	v := facts.SegmentRule{Title: &title}
	var missing []facts.Missing
	gap := func(path string, state facts.State, reason string) {
		missing = append(missing, facts.Missing{Path: path, State: state, Reason: cut(reason)})
	}
	gap("/unzoned", facts.Absent, "it is about the item zones")
	forbids := s.rule.Kind == MustNot
	if !forbids {
		gap("/forbidden", facts.Absent, "the rule allows")
	} else if v.Forbidden = s.seen(); len(v.Forbidden) == 0 && s.blind != "" {
		v.Forbidden = nil
		gap("/forbidden", facts.NotObserved, s.blind)
	}
	mine, other, into, reason := "/reached", "/unreached", &v.Reached, "the rule forbids"
	if !forbids {
		mine, other, into, reason = other, mine, &v.Unreached, "the rule allows"
	}
	gap(other, facts.Absent, reason)
	expired := s.rule.Expired(now)
	switch {
	case expired:
		gap(mine, facts.Absent, "its last day is over")
		gap("/fresh", facts.Absent, "its last day is over")
		gap("/proved", facts.Absent, "its last day is over")
	case s.newest.IsZero():
		gap(mine, facts.NotObserved, s.untried)
		gap("/fresh", facts.NotObserved, s.untried)
		gap("/proved", facts.NotObserved, s.untried)
	default:
		*into = s.tried()
		fresh := now.Sub(s.newest) <= time.Duration(days)*24*time.Hour
		v.Fresh = &fresh
		if fresh {
			gap("/proved", facts.Absent, "it is sent while the proof is not fresh")
		} else {
			day := s.newest.UTC().Format(time.DateOnly)
			v.Proved = &day
		}
	}
	if forbids {
		gap("/expired", facts.Absent, "the rule forbids")
		gap("/wide", facts.Absent, "the rule forbids")
	} else {
		wide := len(s.rule.Ports) == 0
		v.Expired, v.Wide = &expired, &wide
	}
	return facts.NewSection("segment_rule", v, missing)
}

func (s *status) seen() []facts.SegmentFlow {
	out := []facts.SegmentFlow{}
	for _, f := range s.forbidden[:min(len(s.forbidden), named)] {
		out = append(out, facts.SegmentFlow{From: f.From, To: f.To, Service: f.Service(), Program: strings.Join(f.Programs, ", "), Since: f.First.UTC().Format(time.DateOnly)})
	}
	return out
}

// tried gives what was found broken. When it was tried is left out: it is tried
// again each day.
func (s *status) tried() []facts.SegmentProbe {
	out := []facts.SegmentProbe{}
	list := slices.Clone(s.broken)
	slices.SortFunc(list, func(a, b Proof) int {
		return cmp.Or(strings.Compare(a.From, b.From), strings.Compare(a.To, b.To), cmp.Compare(a.Port, b.Port), strings.Compare(a.path(), b.path()))
	})
	for _, x := range list[:min(len(list), named)] {
		to := x.To
		if to != x.Address {
			to += " (" + x.Address + ")"
		}
		out = append(out, facts.SegmentProbe{From: x.From, To: to, Service: x.Service(), State: x.State})
	}
	return out
}

// zonesSection gives the facts of the item that says which hosts have no zone.
func (st *state) zonesSection() (facts.Section, error) {
	title := "Every host is in a zone"
	v := facts.SegmentRule{Title: &title, Unzoned: []string{}}
	for _, u := range st.unzoned[:min(len(st.unzoned), named)] {
		v.Unzoned = append(v.Unzoned, u.Name+": "+u.Reason)
	}
	var missing []facts.Missing
	for _, path := range []string{"/forbidden", "/reached", "/unreached", "/fresh", "/proved", "/expired", "/wide"} {
		missing = append(missing, facts.Missing{Path: path, State: facts.Absent, Reason: "it is about hosts and zones, not about a rule"})
	}
	if len(st.world.machines) == 0 {
		v.Unzoned = nil
		missing = append(missing, facts.Missing{Path: "/unzoned", State: facts.NotObserved, Reason: "no host is known"})
	}
	return facts.NewSection("segment_rule", v, missing)
}

func cut(reason string) string {
	reason = strings.Join(strings.Fields(reason), " ")
	if len(reason) > 400 {
		reason = strings.ToValidUTF8(reason[:400], "") + "…"
	}
	return reason
}
