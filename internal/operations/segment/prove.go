package segment

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/operations/ask"
	"github.com/attesta/attesta/internal/wire"
)

// Limits of what is tried.
const (
	sampled   = 3               // hosts of a zone, on either end
	tried     = 8               // ports of one host
	mostTries = 300             // of one rule
	patience  = time.Hour       // for which an agent is asked
	daily     = 24 * time.Hour  // between looks at a rule
	remember  = 40 * 24         // hours of proofs that are looked at
	waitFor   = 2 * time.Second // for one connection
)

// usualPorts are tried at a host of which it is not known where it listens, and
// come first at others.
var usualPorts = []int{22, 443, 5432, 3306, 80, 6379, 8080, 9200}

// try is one connection that a rule wants tried.
type try struct {
	rule     string
	from     *machine
	to       string // host; the address where none has it
	address  netip.Addr
	protocol string
	port     int
}

// Proof is what became of one try.
type Proof struct {
	Ask      string    `json:"ask"` // "ask_…"
	No       int       `json:"no"`
	Plan     string    `json:"plan"` // SG-3
	Rule     string    `json:"rule"`
	Expects  Kind      `json:"expects"`
	Source   string    `json:"source"`
	From     string    `json:"from"`
	FromZone string    `json:"from_zone"`
	To       string    `json:"to"`
	ToZone   string    `json:"to_zone"`
	Address  string    `json:"address"`
	Protocol string    `json:"protocol"`
	Port     int       `json:"port"`
	State    string    `json:"state" doc:"open, refused (the way is open, nobody listens), unreachable, silent, error."`
	Reason   string    `json:"reason"`
	Local    string    `json:"local"`
	At       time.Time `json:"at"`
	TookUs   int64     `json:"took_us"`
	Entry    string    `json:"entry"`
}

// ID names a proof.
func (p *Proof) ID() string { return fmt.Sprintf("%s.%d", p.Ask, p.No) }

// Service names the port.
func (p *Proof) Service() string { return fmt.Sprintf("%s/%d", p.Protocol, p.Port) }

func (p *Proof) path() string {
	return fmt.Sprintf("%s %s %s %d", p.Source, p.Address, p.Protocol, p.Port)
}

// Result is what a proof says of its rule.
type Result string

// The results.
const (
	Holds  Result = "holds"
	Broken Result = "broken"
	Open   Result = "unproven" // it says neither
)

// Says gives what a state means for a rule of a kind. Silence of UDP proves nothing.
func Says(kind Kind, protocol, state string) Result {
	reached := false
	switch state {
	case "open", "refused":
		reached = true
	case "unreachable":
	case "silent":
		if protocol == "udp" {
			return Open
		}
	default:
		return Open
	}
	if reached == (kind == May) {
		return Holds
	}
	return Broken
}

// order gives hosts in an order that differs from day to day, so that a sample
// comes to all of them.
func order(list []*machine, salt string, day int) []*machine {
	rank := func(m *machine) uint64 {
		h := fnv.New64a()
		fmt.Fprintf(h, "%s %d %s", salt, day, m.id) //nolint:errcheck // a hash takes every write
		return h.Sum64()
	}
	out := slices.Clone(list)
	slices.SortFunc(out, func(a, b *machine) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), strings.Compare(a.id, b.id))
	})
	return out
}

// zonesOf gives the hosts of each zone.
func (p *PlanText) zonesOf(w *world) map[string][]*machine {
	out := map[string][]*machine{}
	for _, m := range w.machines {
		if z := p.Place(m.name, m.addresses).Zone; z != "" {
			out[z] = append(out[z], m)
		}
	}
	return out
}

// pairs gives the pairs of zones that a rule is about; of the default all.
func (p *PlanText) pairs(r Rule) (out [][2]string) {
	names := func(key string) []string {
		if key != Any {
			return []string{key}
		}
		var all []string
		for _, z := range p.Zones {
			all = append(all, z.Key)
		}
		return all
	}
	for _, from := range names(r.From) {
		for _, to := range names(r.To) {
			if from != to || r.From != Any && r.To != Any {
				out = append(out, [2]string{from, to})
			}
		}
	}
	return out
}

// all gives the rules, and last the default where it forbids.
func (p *PlanText) all() []Rule {
	out := slices.Clone(p.Rules)
	if p.Default == Forbidden {
		out = append(out, Rule{Key: keyDefault, From: Any, To: Any, Kind: MustNot, Why: "What no rule is about is forbidden."})
	}
	return out
}

// tries says what is to be tried for a rule, what was found broken first. why says
// why there is nothing.
func (p *PlanText) tries(w *world, r Rule, newest map[string]*Proof, now time.Time) (out []try, why string) {
	day := int(now.Unix() / 86400)
	zones := p.zonesOf(w)
	have := map[string]bool{}
	add := func(t try) {
		key := fmt.Sprintf("%s %s %s %d", t.from.source, t.address, t.protocol, t.port)
		from, to := p.Place(t.from.name, t.from.addresses).Zone, p.peer(w, t.address.String()).placed.Zone
		if _, rule := p.Decide(from, to, t.protocol, t.port, now); rule != r.Key || have[key] || len(out) >= mostTries || slices.Contains(t.from.addresses, t.address) {
			return
		}
		have[key] = true
		out = append(out, t)
	}
	for _, x := range sortedProofs(newest) {
		m := w.bySource[x.Source]
		a, err := netip.ParseAddr(x.Address)
		if m == nil || m.silent || err != nil || Says(r.Kind, x.Protocol, x.State) != Broken {
			continue
		}
		add(try{r.Key, m, x.To, a, x.Protocol, x.Port})
	}
	most := sampled
	if r.Key == keyDefault || r.From == Any || r.To == Any {
		most = 1
	}
	whys := map[string]bool{}
	for _, pair := range p.pairs(r) {
		var from []*machine
		for _, m := range order(zones[pair[0]], r.Key+pair[0], day) {
			if !m.silent && len(from) < most {
				from = append(from, m)
			}
		}
		if len(from) == 0 {
			whys["no host of "+pair[0]+" is heard of"] = true
			continue
		}
		to := p.targets(w, zones[pair[1]], pair[1], r.Key, day, most)
		if len(to) == 0 {
			whys["no address of "+pair[1]+" is known"] = true
			continue
		}
		for _, f := range from {
			for _, t := range to {
				for _, port := range r.ports(t.listening) {
					add(try{r.Key, f, t.name, t.address, cmp.Or(r.Protocol, "tcp"), port})
				}
			}
		}
	}
	if len(out) == 0 && len(whys) > 0 {
		list := make([]string, 0, len(whys))
		for w := range whys {
			list = append(list, w)
		}
		slices.Sort(list)
		why = list[0]
	}
	return out, why
}

func sortedProofs(m map[string]*Proof) []*Proof {
	out := make([]*Proof, 0, len(m))
	for _, p := range m {
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b *Proof) int {
		return cmp.Or(b.At.Compare(a.At), strings.Compare(a.path(), b.path()))
	})
	return out
}

// target is a host or an address that is tried.
type target struct {
	name      string
	address   netip.Addr
	listening []int
}

// targets gives hosts of a zone, and addresses that the zone names one by one.
func (p *PlanText) targets(w *world, hosts []*machine, zone, salt string, day, most int) (out []target) {
	z, _ := p.Zone(zone)
	var networks []netip.Prefix
	for _, text := range z.Networks {
		if n, err := netip.ParsePrefix(text); err == nil {
			networks = append(networks, n)
		}
	}
	for _, m := range order(hosts, salt+"to"+zone, day) {
		if len(m.addresses) == 0 || len(out) >= most {
			continue
		}
		address := m.addresses[0]
		if i := slices.IndexFunc(m.addresses, func(a netip.Addr) bool {
			return slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(a) })
		}); i >= 0 {
			address = m.addresses[i]
		}
		out = append(out, target{m.name, address, m.listening})
	}
	for _, n := range networks {
		if n.IsSingleIP() && len(out) < most && len(w.byAddr[n.Addr()]) == 0 {
			out = append(out, target{name: n.Addr().String(), address: n.Addr()})
		}
	}
	return out
}

// ports gives those that are tried of a rule at a host that listens at some.
func (r *Rule) ports(listening []int) []int {
	var out []int
	add := func(n int) {
		if len(out) < tried && !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	if len(r.Ports) > 0 {
		for _, s := range r.spans() {
			for _, n := range listening { // within a range what answers comes first
				if s.low <= n && n <= s.high {
					add(n)
				}
			}
			add(s.low)
			add(s.high)
		}
		return out
	}
	for _, n := range usualPorts {
		if slices.Contains(listening, n) {
			add(n)
		}
	}
	for _, n := range listening {
		add(n)
	}
	if len(listening) == 0 {
		add(usualPorts[0])
		add(usualPorts[1])
	}
	return out
}

// Asked says what became of asking one agent.
type Asked struct {
	ID       string    `json:"id"`
	Source   string    `json:"source"`
	Host     string    `json:"host"`
	Plan     string    `json:"plan"`
	Rules    []string  `json:"rules"`
	Targets  int       `json:"targets"`
	By       string    `json:"asked_by"`
	At       time.Time `json:"asked_at"`
	Until    time.Time `json:"until"`
	Answered time.Time `json:"answered_at,omitzero"`
	Refuse   string    `json:"refused" doc:"Why the agent did not do it."`
}

// Probe asks agents to try what a rule says, or all rules where key is empty, now
// (segment.probe).
func (s *Service) Probe(ctx context.Context, p access.Principal, key string) ([]Asked, error) {
	if err := s.edit(p, access.SegmentProbe); err != nil {
		return nil, err
	}
	plan, err := s.inForce(ctx)
	if err != nil {
		return nil, err
	}
	if plan == nil {
		return nil, fault.New(fault.Conflict, "no segmentation plan is in force").WithHint("draft one, and have somebody else approve it")
	}
	var rules []Rule
	for _, r := range plan.Content.all() {
		if key == "" || r.Key == key {
			rules = append(rules, r)
		}
	}
	if len(rules) == 0 {
		return nil, fault.New(fault.NotFound, "the plan in force has no rule %q", key)
	}
	w, err := s.look(ctx)
	if err != nil {
		return nil, err
	}
	asked, why, err := s.askAgents(ctx, p, plan, w, rules, s.cfg.Clock())
	if err != nil {
		return nil, err
	}
	if len(asked) == 0 {
		return nil, fault.New(fault.Conflict, "there is nothing to try: %s", cmp.Or(why, "no host of the zones is known"))
	}
	s.again()
	return asked, nil
}

// askAgents asks each agent once for all that the rules want tried from its host.
func (s *Service) askAgents(ctx context.Context, p access.Principal, plan *PlanObject, w *world, rules []Rule, now time.Time) (asked []Asked, why string, err error) {
	s.memory.Lock()
	newest := s.proofs
	s.memory.Unlock()
	bySource := map[string][]try{}
	var sources []string
	for _, r := range rules {
		list, reason := plan.Content.tries(w, r, newest, now)
		why = cmp.Or(why, reason)
		for _, t := range list {
			if bySource[t.from.source] == nil {
				sources = append(sources, t.from.source)
			}
			if len(bySource[t.from.source]) < 1000 {
				bySource[t.from.source] = append(bySource[t.from.source], t)
			}
		}
	}
	if len(sources) == 0 {
		return nil, why, nil
	}
	actor := cmp.Or(p.UserID, "system")
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		asked = nil
		for _, source := range sources {
			args := wire.AskProbeArgs{Timeout: int(waitFor / time.Millisecond)}
			var keys []string
			for _, t := range bySource[source] {
				args.Targets = append(args.Targets, wire.ProbeTarget{Address: t.address.String(), Port: t.port, Protocol: t.protocol})
				if !slices.Contains(keys, t.rule) {
					keys = append(keys, t.rule)
				}
			}
			a := Asked{Source: source, Host: bySource[source][0].from.name, Plan: plan.Ref, Rules: keys, Targets: len(args.Targets), By: actor, At: now, Until: now.Add(patience)}
			if a.ID, err = s.cfg.Asks.Put(ctx, tx, p, source, wire.AskProbe, plan.ID, args, a.Until); err != nil {
				return fmt.Errorf("ask %s: %w", a.Host, err)
			}
			if err := insertAsk(ctx, tx, a); err != nil {
				return err
			}
			asked = append(asked, a)
		}
		return nil
	})
	if err != nil {
		return nil, "", err
	}
	s.cfg.Ledger.Wake()
	s.memory.Lock()
	for _, a := range asked {
		s.asked[a.ID] = a
	}
	s.memory.Unlock()
	return asked, why, nil
}

// Take is the Handler of answers to probes: it keeps a proof for each try.
func (s *Service) Take(ctx context.Context, tx *sql.Tx, a ask.Asked) error {
	known, err := askOf(ctx, tx, a.ID)
	if err != nil {
		return err
	}
	known.Answered, known.Refuse = a.AnsweredAt, a.Refuse
	var proofs []Proof
	if a.Refuse == "" {
		if proofs, err = s.proofsOf(ctx, a, known); err != nil {
			return err
		}
	}
	if err := answerAsk(ctx, tx, known); err != nil {
		return err
	}
	if len(proofs) > 0 {
		entry, err := s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "segmentation.proved", Stream: "segmentation", Actor: a.Source, Subject: a.ID,
			Data: map[string]any{"plan": known.Plan, "answer": a.Entry, "proofs": int64(len(proofs)), "digest": digestOf(proofs)}})
		if err != nil {
			return err
		}
		for i := range proofs {
			proofs[i].Entry = entry
			if err := insertProof(ctx, tx, proofs[i]); err != nil {
				return err
			}
		}
	}
	s.again() // what was kept is read again once the transaction is over
	return nil
}

// proofsOf reads an answer against what was asked.
func (s *Service) proofsOf(ctx context.Context, a ask.Asked, known Asked) ([]Proof, error) {
	var args wire.AskProbeArgs
	if err := json.Unmarshal(a.Args, &args); err != nil {
		return nil, fault.Wrap(fault.Refused, err, "what %s was asked cannot be read", a.ID)
	}
	var res wire.ProbeResult
	if err := json.Unmarshal(a.Result, &res); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the result of %s cannot be read: %s", a.ID, err).At("", 0, "result")
	}
	if len(res.Probes) != len(args.Targets) {
		return nil, bad("result.probes", "%d tries are told, and %d were asked for", len(res.Probes), len(args.Targets))
	}
	plan, err := s.plans.Get(ctx, known.Plan)
	if err != nil {
		return nil, err
	}
	w, err := s.look(ctx)
	if err != nil {
		return nil, err
	}
	p := &plan.Content.PlanText
	from := Placed{}
	if m := w.bySource[a.Source]; m != nil {
		from = p.Place(m.name, m.addresses)
	}
	var out []Proof
	for i, x := range res.Probes {
		field := fmt.Sprintf("result.probes[%d]", i)
		if x.ProbeTarget != args.Targets[i] {
			return nil, bad(field, "%s %s:%d was not what was asked for in this place", x.Protocol, x.Address, x.Port)
		}
		if !slices.Contains([]string{"open", "refused", "unreachable", "silent", "error"}, x.State) {
			return nil, bad(field+".state", "%.40q is no state of a try", x.State)
		}
		if len(x.Reason) > 500 || len(x.Local) > 100 {
			return nil, bad(field, "a reason has at most 500 bytes")
		}
		at := x.At
		if at.Before(a.MadeAt) || at.After(a.AnsweredAt) { // its clock is wrong
			at = a.AnsweredAt
		}
		to := p.peer(w, x.Address)
		kind := MustNot
		_, rule := p.Decide(from.Zone, to.placed.Zone, x.Protocol, x.Port, known.At)
		if r, there := p.Rule(rule); there {
			kind = r.Kind
		}
		out = append(out, Proof{Ask: a.ID, No: i + 1, Plan: known.Plan, Rule: rule, Expects: kind, Source: a.Source, From: known.Host, FromZone: from.Zone, To: to.name, ToZone: to.placed.Zone, Address: x.Address, Protocol: x.Protocol, Port: x.Port,
			State: x.State, Reason: strings.ToValidUTF8(x.Reason, "?"), Local: strings.ToValidUTF8(x.Local, "?"), At: at.UTC().Truncate(time.Microsecond), TookUs: x.TookUs})
	}
	return out, nil
}

// digestOf is what the ledger keeps of the proofs of one answer.
func digestOf(list []Proof) string {
	h := sha256.New()
	for _, p := range list {
		fmt.Fprintf(h, "%s\x1f%d\x1f%s\x1f%s\x1f%s\x1f%s\x1f%s\x1f%s\x1f%s\x1f%s\x1f%s\x1f%s\x1f%d\x1f%s\x1f%s\x1f%s\x1f%d\x1f%d\n", p.Ask, p.No, p.Plan, p.Rule, p.Expects, p.Source, p.From, p.FromZone, p.To, p.ToZone, p.Address, p.Protocol, p.Port, p.State, p.Reason, p.Local, p.At.UnixMicro(), p.TookUs) //nolint:errcheck // a hash takes every write
	}
	return hex.EncodeToString(h.Sum(nil))
}
