package component

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
)

// Filter narrows a list. Empty fields do not.
type Filter struct {
	Kind  Kind
	State State
	Open  bool   // somebody must say something: new, expired or refused and still there
	Asked bool   // a question has no answer yet
	Query string // part of the name, whatever the case
	Host  string // "hst_…": what is on it, as last read
	From  time.Time
	Until time.Time // when it was seen first
}

func (f Filter) check() error {
	if _, ok := About(f.Kind); f.Kind != "" && !ok {
		return bad("kind", "%q is no kind of component", string(f.Kind)).WithHint("one of %s", kindNames())
	}
	if f.State != "" && !slices.Contains(States(), f.State) {
		return bad("state", "%q is no state of a component", string(f.State))
	}
	return nil
}

func kindNames() string {
	var out []string
	for _, w := range kinds {
		out = append(out, string(w.Kind))
	}
	return strings.Join(out, ", ")
}

// List gives components, the newest first, a page at a time (component.read). after is
// the cursor of the next page.
func (s *Service) List(ctx context.Context, p access.Principal, f Filter, after string, limit int) (list []*Component, next string, total int64, err error) {
	if err := access.Authorise(p, access.ComponentRead); err != nil {
		return nil, "", 0, err
	}
	if err := f.check(); err != nil {
		return nil, "", 0, err
	}
	limit = min(max(limit, 1), 5000)
	if list, err = page(ctx, s.cfg.DB.Reader(), f, after, limit+1); err != nil {
		return nil, "", 0, err
	}
	if len(list) > limit {
		list = list[:limit]
		next = cursorOf(list[limit-1])
	}
	if total, err = countOf(ctx, s.cfg.DB.Reader(), f); err != nil {
		return nil, "", 0, err
	}
	return list, next, total, count(ctx, s.cfg.DB.Reader(), list)
}

// KindCount is how many components there are of a kind, by state.
type KindCount struct {
	Words
	Baseline *Baseline       `json:"baseline,omitempty" doc:"Absent: nothing of it is approved yet, and none is judged."`
	States   map[State]int64 `json:"states"`
	Total    int64           `json:"total" doc:"Of those that are somewhere."`
	Open     int64           `json:"open"`
}

// Counts says of every kind that hosts have how its components stand (component.read).
func (s *Service) Counts(ctx context.Context, p access.Principal) ([]KindCount, error) {
	if err := access.Authorise(p, access.ComponentRead); err != nil {
		return nil, err
	}
	counts, err := countKinds(ctx, s.cfg.DB.Reader())
	if err != nil {
		return nil, err
	}
	judged, err := baselines(ctx, s.cfg.DB.Reader())
	if err != nil {
		return nil, err
	}
	var out []KindCount
	for _, w := range kinds {
		k := KindCount{Words: w, States: counts[w.Kind]}
		if b, has := judged[w.Kind]; has {
			k.Baseline = &b
		}
		for st, n := range k.States {
			if st != Gone && st != Left {
				k.Total += n
			}
			if st.open() {
				k.Open += n
			}
		}
		if k.Total > 0 || k.Baseline != nil || len(k.States) > 0 {
			out = append(out, k)
		}
	}
	return out, nil
}

// Event is a coming or going on one host.
type Event struct {
	At   time.Time `json:"at"`
	Host string    `json:"host"`
	Name string    `json:"host_name"`
	What string    `json:"what" doc:"appeared or gone"`
}

// View is one component with all that is known of it.
type View struct {
	*Component
	Places    []Place    `json:"places" doc:"Where it is, as last read; at most 200."`
	Decisions []Decision `json:"decisions,omitempty" doc:"In their order."`
	Events    []Event    `json:"events,omitempty" doc:"Comings and goings, newest first; at most 200."`
	Source    string     `json:"source" doc:"As which it is judged."`
	Router    []string   `json:"router_of,omitempty" doc:"Of a machine on a link: hosts whose packets it hands on."`
}

// Get gives one (component.read).
func (s *Service) Get(ctx context.Context, p access.Principal, id string) (*View, error) {
	if err := access.Authorise(p, access.ComponentRead); err != nil {
		return nil, err
	}
	q := s.cfg.DB.Reader()
	c, err := get(ctx, q, id)
	if err != nil {
		return nil, err
	}
	v := &View{Component: c, Source: source(c.ID)}
	if v.Places, err = s.places(ctx, q, id); err != nil {
		return nil, err
	}
	v.Hosts = int64(len(v.Places))
	v.Places = v.Places[:min(len(v.Places), 200)]
	if v.Decisions, err = decisionsOf(ctx, q, id); err != nil {
		return nil, err
	}
	if v.Events, err = eventsOf(ctx, q, id, 200); err != nil {
		return nil, err
	}
	if c.Kind == Machine {
		address, _, _ := strings.Cut(c.Evidence, ",")
		of, err := linkedTo(ctx, q, "gateway", address)
		if err != nil {
			return nil, err
		}
		hosts, err := s.cfg.Hosts.Briefs(ctx, q, of)
		if err != nil {
			return nil, err
		}
		for _, id := range of {
			v.Router = append(v.Router, hosts[id].Name)
		}
	}
	return v, nil
}

// Question gives the question that has no answer yet; nil for none.
func (v *View) Question() *Decision { return stand(v.Decisions).Question }

// Proposal is what would be approved as a baseline.
type Proposal struct {
	Components []*Component   `json:"components" doc:"What nobody has approved or refused and would be approved."`
	Kinds      map[Kind]int64 `json:"kinds" doc:"How many of each kind."`
	Left       map[Kind]int64 `json:"left" doc:"How many of each of these kinds stay without approval: they become findings."`
	None       []Kind         `json:"none,omitempty" doc:"Kinds that were asked for and of which there is nothing anywhere: approved so, whatever comes of them is a finding."`
	Seen       string         `json:"seen" doc:"Digest of the proposal: what is approved is this."`
}

// Learn is what a proposal is made from: a host that is as it should be, or what was
// seen first within a window of time.
type Learn struct {
	Host  string    `json:"host,omitempty" doc:"hst_…"`
	Kinds []Kind    `json:"kinds,omitempty" doc:"Empty: all."`
	From  time.Time `json:"from,omitzero"`
	Until time.Time `json:"until,omitzero"`
}

const maxProposal = 20_000

// Propose gives what would be approved, and changes nothing (component.decide).
func (s *Service) Propose(ctx context.Context, p access.Principal, l Learn) (*Proposal, error) {
	if err := access.Authorise(p, access.ComponentDecide); err != nil {
		return nil, err
	}
	for _, k := range l.Kinds {
		if err := (Filter{Kind: k}).check(); err != nil {
			return nil, err
		}
	}
	if l.Host == "" && l.From.IsZero() && l.Until.IsZero() {
		return nil, bad("host", "choose a host that is as it should be, or a window of time")
	}
	if !l.Until.IsZero() && !l.Until.After(l.From) {
		return nil, bad("until", "the window ends before it begins")
	}
	q := s.cfg.DB.Reader()
	if l.Host != "" {
		if _, err := s.cfg.Hosts.Get(ctx, l.Host); err != nil {
			if fault.Is(err, fault.NotFound) {
				return nil, bad("host", "there is no host %s", l.Host)
			}
			return nil, err
		}
	}
	out := &Proposal{Components: []*Component{}, Kinds: map[Kind]int64{}, Left: map[Kind]int64{}}
	for cursor := ""; ; {
		list, err := page(ctx, q, Filter{Host: l.Host, From: l.From, Until: l.Until}, cursor, 5000)
		if err != nil {
			return nil, err
		}
		for _, c := range list {
			if !slices.Contains([]State{Learning, Fresh, Expired, Unknown}, c.State) || len(l.Kinds) > 0 && !slices.Contains(l.Kinds, c.Kind) {
				continue
			}
			out.Components = append(out.Components, c)
			out.Kinds[c.Kind]++
		}
		if len(list) < 5000 {
			break
		}
		cursor = cursorOf(list[len(list)-1])
	}
	if len(out.Components) > maxProposal {
		return nil, fault.New(fault.Invalid, "these are more than %d components", maxProposal).WithHint("take fewer kinds, or a shorter window")
	}
	counts, err := countKinds(ctx, q)
	if err != nil {
		return nil, err
	}
	for k, n := range out.Kinds {
		for _, st := range []State{Learning, Fresh, Expired, Unknown} {
			out.Left[k] += counts[k][st]
		}
		out.Left[k] -= n
	}
	if out.None, err = s.noneOf(ctx, l.Kinds, out, counts); err != nil {
		return nil, err
	}
	var ids []string
	for _, c := range out.Components {
		ids = append(ids, c.ID)
	}
	for _, k := range out.None {
		ids = append(ids, "none of "+string(k))
	}
	slices.Sort(ids)
	out.Seen = digestOf(ids)
	return out, count(ctx, q, out.Components)
}

// noneOf gives those of the kinds asked for that are not judged yet and of which
// nothing is known.
func (s *Service) noneOf(ctx context.Context, asked []Kind, p *Proposal, counts map[Kind]map[State]int64) (none []Kind, err error) {
	judged, err := baselines(ctx, s.cfg.DB.Reader())
	for _, w := range kinds { // in one order
		if _, has := judged[w.Kind]; has || !slices.Contains(asked, w.Kind) || p.Kinds[w.Kind] > 0 {
			continue
		}
		there := int64(0)
		for st, n := range counts[w.Kind] {
			if st != Gone && st != Left {
				there += n
			}
		}
		if there == 0 {
			none = append(none, w.Kind)
		}
	}
	return none, err
}

// ApproveProposal approves what a proposal holds, as it was seen (component.decide).
// What is of the approver's own account is left out, where another person may approve
// it; how many that were is given.
func (s *Service) ApproveProposal(ctx context.Context, p access.Principal, l Learn, seen string, x Said) (approved, own int, err error) {
	x.What = Approved
	prop, err := s.Propose(ctx, p, l)
	if err != nil {
		return 0, 0, err
	}
	if len(prop.Components)+len(prop.None) == 0 {
		return 0, 0, fault.New(fault.Conflict, "there is nothing to approve")
	}
	if prop.Seen != seen {
		return 0, 0, fault.New(fault.Conflict, "something changed since the preview").WithHint("look at the proposal again")
	}
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		own = 0
		if err := s.admit(ctx, tx, p, &x); err != nil {
			return err
		}
		var list []*Component
		for _, c := range prop.Components {
			_, err := s.may(ctx, tx, p, c, x)
			if fault.Is(err, fault.Forbidden) || fault.Is(err, fault.Invalid) && c.accountOf() != "" {
				own++
				continue
			}
			if err != nil {
				return err
			}
			list = append(list, c)
		}
		if approved = len(list); approved == 0 && len(prop.None) == 0 {
			return fault.New(fault.Forbidden, "all of it is of your own account").WithHint("ask another person who may approve components")
		}
		_, err := s.say(ctx, tx, p, list, x, prop.None...)
		return err
	})
	if err != nil {
		return 0, 0, err
	}
	s.cfg.Ledger.Wake()
	return approved, own, s.Settle(ctx)
}
