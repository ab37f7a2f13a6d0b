package segment

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/judge"
)

// Elsewhere is the row and column of what is in no zone.
const Elsewhere = ""

// Cell is what the plan says of one pair of zones, and what became of it.
type Cell struct {
	From      string    `json:"from"`
	To        string    `json:"to"`
	Says      Verdict   `json:"says" doc:"What holds at ports that no allowance names: allowed, forbidden, unstated, within (one zone), no zone."`
	Allows    []string  `json:"allows" doc:"What allowances name: tcp 5432."`
	Forbids   []string  `json:"forbids" doc:"What rules that forbid name, where the rest is not forbidden."`
	Rules     []string  `json:"rules" doc:"Keys of the rules about it."`
	Flows     int       `json:"flows" doc:"Kinds of connections seen within the hour."`
	Against   int       `json:"forbidden_flows" doc:"Of them forbidden."`
	Unstated  int       `json:"unstated_flows" doc:"Of them such that the plan says nothing about."`
	Proofs    int       `json:"proofs"`
	Broken    int       `json:"broken_proofs" doc:"Tries that show that it does not hold."`
	Unreached int       `json:"unreached_proofs" doc:"Of them such that an allowance could not be used."`
	Proved    time.Time `json:"proved,omitzero" doc:"Newest proof that says something."`
	Result    Result    `json:"result" doc:"What the proofs say: holds, broken, unproven."`
	Unproven  string    `json:"unproven,omitempty" doc:"Why nothing is proved."`
	KnownFlow bool      `json:"flows_known"`
	Blind     string    `json:"flows_unknown,omitempty" doc:"Why it is not known which connections there are."`
}

// Bad reports whether something does not hold.
func (c *Cell) Bad() bool { return c.Against > 0 || c.Broken > 0 }

// ZoneView is a zone with what is in it.
type ZoneView struct {
	Zone
	Members []string `json:"members" doc:"Hosts of it."`
}

// Matrix is the plan in force with what became of it.
type Matrix struct {
	Plan    string      `json:"plan" doc:"SG-3; empty where none is in force."`
	Default Default     `json:"default"`
	Zones   []ZoneView  `json:"zones"`
	Cells   [][]Cell    `json:"cells" doc:"By the zone that begins, then by the zone that is reached, in the order of zones."`
	Rules   []RuleView  `json:"rules"`
	Unzoned []Unzoned   `json:"unzoned"`
	Hosts   int         `json:"hosts"`
	Flows   int         `json:"flows"`
	Against int         `json:"forbidden_flows"`
	Nowhere int         `json:"flows_without_zone"`
	At      time.Time   `json:"at" doc:"As of then."`
	object  *PlanObject // the plan
}

// Object gives the plan in force; nil for none.
func (m *Matrix) Object() *PlanObject { return m.object }

// RuleView is a rule with what it comes to.
type RuleView struct {
	Rule
	Says     string    `json:"says" doc:"The rule in words."`
	Flows    int       `json:"flows"`
	Against  int       `json:"forbidden_flows"`
	Proofs   int       `json:"proofs"`
	Broken   int       `json:"broken_proofs"`
	Proved   time.Time `json:"proved,omitzero"`
	Result   Result    `json:"result"`
	Unproven string    `json:"unproven,omitempty"`
	Over     bool      `json:"expired"`
	Blind    string    `json:"flows_unknown,omitempty"`
}

// now gives the state that the last Turn left, or makes it.
func (s *Service) now(ctx context.Context) (*state, error) {
	s.memory.Lock()
	st, dirty := s.state, s.dirty
	s.memory.Unlock()
	if st != nil && !dirty {
		return st, nil
	}
	return s.weighed(ctx, s.cfg.Clock())
}

// Matrix gives the plan in force with what was seen and proved (segment.read).
func (s *Service) Matrix(ctx context.Context, p access.Principal) (*Matrix, error) {
	if err := access.Authorise(p, access.SegmentRead); err != nil {
		return nil, err
	}
	st, err := s.now(ctx)
	if err != nil {
		return nil, err
	}
	m := &Matrix{Hosts: len(st.world.machines), At: st.at, Zones: []ZoneView{}, Cells: [][]Cell{}, Rules: []RuleView{}, Unzoned: []Unzoned{}}
	if st.plan == nil {
		return m, nil
	}
	text := &st.plan.Content.PlanText
	m.Plan, m.Default, m.Unzoned, m.object = st.plan.Ref, text.Default, append(m.Unzoned, st.unzoned...), st.plan
	for _, z := range text.Zones {
		v := ZoneView{Zone: z, Members: []string{}}
		for _, x := range st.zones[z.Key] {
			v.Members = append(v.Members, x.name)
		}
		m.Zones = append(m.Zones, v)
	}
	for i := range st.rules {
		m.Rules = append(m.Rules, st.rules[i].view(st.at))
	}
	for _, f := range st.flows {
		if !f.Now {
			continue
		}
		m.Flows++
		switch f.Verdict {
		case Refused:
			m.Against++
		case NoZone:
			m.Nowhere++
		}
	}
	for _, from := range text.Zones {
		var row []Cell
		for _, to := range text.Zones {
			row = append(row, st.cell(from.Key, to.Key))
		}
		m.Cells = append(m.Cells, row)
	}
	return m, nil
}

func (s *status) view(now time.Time) RuleView {
	v := RuleView{Rule: s.rule, Says: s.rule.Words(), Flows: s.flows, Against: len(s.forbidden), Proofs: len(s.proofs), Broken: len(s.broken), Proved: s.newest, Result: s.result(), Over: s.rule.Expired(now), Blind: s.blind}
	if s.rule.Key == keyDefault {
		v.Says = "what no rule is about is forbidden"
	}
	if v.Result == Open {
		v.Unproven = s.untried
	}
	return v
}

func (st *state) cell(from, to string) Cell {
	p := &st.plan.Content.PlanText
	c := Cell{From: from, To: to, Allows: []string{}, Forbids: []string{}, Rules: []string{}, Result: Open}
	for i := range p.Rules {
		r := &p.Rules[i]
		if !r.about(from, to) {
			continue
		}
		c.Rules = append(c.Rules, r.Key)
		switch {
		case r.Expired(st.at):
		case r.Kind == May:
			c.Allows = append(c.Allows, r.Service())
		default:
			c.Forbids = append(c.Forbids, r.Service())
		}
	}
	c.Says, _ = p.rest(from, to, st.at)
	for _, f := range st.flows {
		if f.FromZone != from || f.ToZone != to || !f.Now {
			continue
		}
		c.Flows++
		switch f.Verdict {
		case Refused:
			c.Against++
		case NotSaid:
			c.Unstated++
		}
	}
	for i := range st.rules {
		s := &st.rules[i]
		if s.rule.Key != keyDefault && !s.rule.about(from, to) || s.rule.Key == keyDefault && (from == to || c.Says != Refused) {
			continue
		}
		c.Unproven = s.untried
		for _, x := range s.proofs {
			if x.FromZone != from || x.ToZone != to {
				continue
			}
			c.Proofs++
			switch Says(s.rule.Kind, x.Protocol, x.State) {
			case Broken:
				c.Broken++
				if s.rule.Kind == May {
					c.Unreached++
				}
			case Open:
				continue
			}
			if x.At.After(c.Proved) {
				c.Proved = x.At
			}
		}
	}
	switch {
	case c.Broken > 0:
		c.Result = Broken
	case !c.Proved.IsZero():
		c.Result = Holds
	}
	if c.Result != Open {
		c.Unproven = ""
	}
	c.Blind = p.blind(st.zones, Rule{From: from, To: to})
	c.KnownFlow = c.Blind == ""
	return c
}

// about reports whether a rule is about a pair of zones.
func (r *Rule) about(from, to string) bool {
	if (r.From == Any || r.To == Any) && from == to {
		return false
	}
	return (r.From == Any || r.From == from) && (r.To == Any || r.To == to)
}

// rest says what holds between two zones at ports that no rule names.
func (p *PlanText) rest(from, to string, now time.Time) (Verdict, string) {
	wide := PlanText{Default: p.Default}
	for _, r := range p.Rules {
		if len(r.Ports) == 0 && r.Protocol != "udp" {
			wide.Rules = append(wide.Rules, r)
		}
	}
	return wide.Decide(from, to, "tcp", 1, now)
}

// Pair is one cell with all that stands behind it.
type Pair struct {
	Cell
	Rules  []RuleView `json:"about"`
	Flows  []Flow     `json:"seen" doc:"Connections of the last 30 days, forbidden ones first."`
	Proofs []Proof    `json:"proved_by" doc:"Newest try of each path, broken ones first."`
}

// Pair gives one pair of zones (segment.read); an empty zone is what is in none.
func (s *Service) Pair(ctx context.Context, p access.Principal, from, to string) (*Pair, error) {
	if err := access.Authorise(p, access.SegmentRead); err != nil {
		return nil, err
	}
	st, err := s.now(ctx)
	if err != nil {
		return nil, err
	}
	if st.plan == nil {
		return nil, fault.New(fault.NotFound, "no segmentation plan is in force")
	}
	text := &st.plan.Content.PlanText
	for _, key := range []string{from, to} {
		if _, there := text.Zone(key); !there && key != Elsewhere {
			return nil, fault.New(fault.NotFound, "the plan in force has no zone %q", key)
		}
	}
	out := &Pair{Cell: st.cell(from, to), Rules: []RuleView{}, Flows: []Flow{}, Proofs: []Proof{}}
	for i := range st.rules {
		r := &st.rules[i]
		if r.rule.Key != keyDefault && r.rule.about(from, to) || r.rule.Key == keyDefault && out.Says == Refused && from != to {
			out.Rules = append(out.Rules, r.view(st.at))
			for _, x := range r.proofs {
				if x.FromZone == from && x.ToZone == to {
					out.Proofs = append(out.Proofs, x)
				}
			}
		}
	}
	for _, f := range st.flows {
		if f.FromZone == from && f.ToZone == to {
			out.Flows = append(out.Flows, f)
		}
	}
	return out, nil
}

// FlowFilter chooses connections; zero values choose all.
type FlowFilter struct {
	Query   string
	Verdict Verdict
	Over    bool // those that are over as well
}

// Flows gives connections of the last 30 days, forbidden ones first (segment.read).
func (s *Service) Flows(ctx context.Context, p access.Principal, f FlowFilter) ([]Flow, error) {
	if err := access.Authorise(p, access.SegmentRead); err != nil {
		return nil, err
	}
	if f.Verdict != "" && !slices.Contains([]Verdict{Allowed, Refused, NotSaid, NoZone, SameZone}, f.Verdict) {
		return nil, bad("verdict", "%q is no verdict", f.Verdict).WithHint("allowed, forbidden, unstated, within, no zone")
	}
	st, err := s.now(ctx)
	if err != nil {
		return nil, err
	}
	text := strings.ToLower(f.Query)
	out := []Flow{}
	for _, x := range st.flows {
		if !x.Now && !f.Over || f.Verdict != "" && x.Verdict != f.Verdict {
			continue
		}
		if text == "" || strings.Contains(strings.ToLower(strings.Join([]string{x.From, x.FromAddress, x.FromZone, x.To, x.ToAddress, x.ToZone, x.Service(), strings.Join(x.Programs, " ")}, " ")), text) {
			out = append(out, x)
		}
	}
	return out, nil
}

// Proofs gives tries of a window, newest first (segment.read).
func (s *Service) Proofs(ctx context.Context, p access.Principal, from time.Time) ([]Proof, error) {
	if err := access.Authorise(p, access.SegmentRead); err != nil {
		return nil, err
	}
	list, err := proofsSince(ctx, s.cfg.DB.Reader(), from)
	slices.Reverse(list)
	return list, err
}

// Asked gives what agents were asked of late, newest first (segment.read).
func (s *Service) Asked(ctx context.Context, p access.Principal) ([]Asked, error) {
	if err := access.Authorise(p, access.SegmentRead); err != nil {
		return nil, err
	}
	list, err := asksSince(ctx, s.cfg.DB.Reader(), s.cfg.Clock().Add(-7*24*time.Hour))
	slices.Reverse(list)
	return list, err
}

// Now gives the service's time.
func (s *Service) Now() time.Time { return s.cfg.Clock() }

// Sources gives proofs to populations.
func (s *Service) Sources() []population.Source {
	text, whole := &judge.Type{Kind: judge.String}, &judge.Type{Kind: judge.Int}
	return []population.Source{{Name: "segmentation-proofs", Title: "Proofs of segmentation", Doc: "Each connection that an agent tried to prove what a rule of the segmentation plan says.",
		Fields: []judge.Field{{Name: "rule", Type: text, Doc: "key of the rule that decided then; default"}, {Name: "plan", Type: text, Doc: "SG-3"}, {Name: "expects", Type: text, Doc: "may, must_not"}, {Name: "from", Type: text, Doc: "host that tried"}, {Name: "from_zone", Type: text, Doc: "its zone then"},
			{Name: "to", Type: text, Doc: "host or address"}, {Name: "to_zone", Type: text, Doc: "its zone then"}, {Name: "address", Type: text, Doc: "IP address that was tried"}, {Name: "protocol", Type: text, Doc: "tcp, udp"}, {Name: "port", Type: whole, Doc: "port"},
			{Name: "state", Type: text, Doc: "open, refused, unreachable, silent, error"}, {Name: "reason", Type: text, Doc: "in words"}, {Name: "result", Type: text, Doc: "holds, broken, unproven; derived"}, {Name: "at", Type: text, Doc: "when"}, {Name: "ask", Type: text, Doc: "id of the ask"}, {Name: "entry", Type: text, Doc: "ledger entry with the digest of the answer's proofs"}},
		Columns: []string{"rule", "from", "to", "port", "state", "result", "at"}, Dates: []population.Date{{Name: "tried", Doc: "the connection was tried"}}, Read: s.items}}
}

func (s *Service) items(ctx context.Context, r population.Request) ([]population.Item, error) {
	to := r.At.Valid
	if to.IsZero() {
		to = s.cfg.Clock()
	}
	from := r.From.Add(-time.Hour)
	if r.From.IsZero() {
		from = time.Unix(1, 0)
	}
	list, err := proofsBetween(ctx, s.cfg.DB.Reader(), from, to, r.At.Known)
	if err != nil {
		return nil, err
	}
	var out []population.Item
	for i := range list {
		x := &list[i]
		a := map[string]any{"rule": x.Rule, "plan": x.Plan, "expects": string(x.Expects), "from": x.From, "from_zone": x.FromZone, "to": x.To, "to_zone": x.ToZone, "address": x.Address, "protocol": x.Protocol, "port": int64(x.Port),
			"state": x.State, "reason": x.Reason, "result": string(Says(x.Expects, x.Protocol, x.State)), "at": x.At.Format(time.RFC3339), "ask": x.Ask, "entry": x.Entry}
		out = append(out, population.Item{ID: x.ID(), Attributes: a, Dates: map[string][]population.Span{"tried": {{From: x.At, To: x.At}}}})
	}
	return out, nil
}
