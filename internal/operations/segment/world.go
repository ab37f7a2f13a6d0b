package segment

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/operations/host"
)

// machine is a host as segmentation sees it.
type machine struct {
	id, source, name string
	silent           bool
	heard            time.Time    // last
	told             string       // digest of its flows
	addresses        []netip.Addr // its own, without those that only its containers use
	listening        []int        // TCP ports that others can reach, sorted
	flows            []facts.Flow
	mute             string // why it does not say with whom it is connected; "" where it does
}

// world is the hosts of the population as they last said, and who has which address.
type world struct {
	machines []*machine // by name
	bySource map[string]*machine
	byAddr   map[netip.Addr][]*machine
}

// read is what is kept of a host between looks.
type read struct {
	network, flows, ports string // digests
	machine
}

// look reads what changed of the hosts.
func (s *Service) look(ctx context.Context) (*world, error) {
	s.reading.Lock()
	defer s.reading.Unlock()
	known := map[string]*read{}
	for cursor := ""; ; {
		list, next, _, err := s.cfg.Hosts.Plain(ctx, host.Filter{}, cursor, 1000)
		if err != nil {
			return nil, err
		}
		for _, h := range list {
			r := s.read[h.ID]
			if r == nil {
				r = &read{}
			}
			r.id, r.source, r.name, r.silent = h.ID, h.Source, cmp.Or(h.Name, h.ID), h.Silent
			r.heard = h.LastSeen
			known[h.ID] = r
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	s.read = known
	for _, section := range []struct {
		name   string
		digest func(r *read) *string
		take   func(r *read, n host.Newest) error
	}{
		{"network", func(r *read) *string { return &r.network }, takeNetwork},
		{"ports", func(r *read) *string { return &r.ports }, takePorts},
		{"flows", func(r *read) *string { return &r.flows }, takeFlows},
	} {
		newest, err := s.cfg.Hosts.Newest(ctx, section.name, func(id, digest string) bool {
			r := known[id]
			return r == nil || *section.digest(r) == digest
		})
		if err != nil {
			return nil, err
		}
		for id, n := range newest {
			r := known[id]
			if r == nil || n.Section == nil && *section.digest(r) == n.Digest && n.Digest != "" {
				continue
			}
			if err := section.take(r, n); err != nil {
				return nil, fault.Wrap(fault.Refused, err, "section %s of %s cannot be read", section.name, r.name)
			}
			*section.digest(r) = n.Digest
		}
	}
	w := &world{bySource: map[string]*machine{}, byAddr: map[netip.Addr][]*machine{}}
	for _, r := range known {
		m := r.machine
		m.told = r.flows
		w.machines = append(w.machines, &m)
	}
	slices.SortFunc(w.machines, func(a, b *machine) int { return cmp.Or(strings.Compare(a.name, b.name), strings.Compare(a.id, b.id)) })
	for _, m := range w.machines {
		w.bySource[m.source] = m
		for _, a := range m.addresses {
			w.byAddr[a] = append(w.byAddr[a], m)
		}
	}
	return w, nil
}

func valueOf(n host.Newest, pointer string, into any) (why string, err error) {
	if n.Section == nil {
		return "it was never read", nil
	}
	if m, missing := n.Section.MissingAt(pointer); missing {
		return m.Reason, nil
	}
	v, there := n.Section.At(pointer)
	if !there {
		return "it was not reported", nil
	}
	raw, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(raw, into)
	}
	return "", err
}

func takeNetwork(r *read, n host.Newest) error {
	var list []facts.Interface
	if _, err := valueOf(n, "/interfaces", &list); err != nil {
		return err
	}
	r.addresses = nil
	for _, i := range list {
		// A bridge of an engine has the same address on every host; a veth with an address
		// is that of a host which is a container itself.
		if i.Container && i.Kind != "veth" || i.Kind == "loopback" {
			continue
		}
		for _, text := range i.Addresses {
			p, err := netip.ParsePrefix(text)
			if err != nil {
				return err
			}
			if a := p.Addr().Unmap(); !a.IsLinkLocalUnicast() && !a.IsLoopback() && !slices.Contains(r.addresses, a) {
				r.addresses = append(r.addresses, a)
			}
		}
	}
	slices.SortFunc(r.addresses, netip.Addr.Compare)
	return nil
}

func takePorts(r *read, n host.Newest) error {
	var list []facts.Socket
	if _, err := valueOf(n, "/listening", &list); err != nil {
		return err
	}
	r.listening = nil
	for _, s := range list {
		if strings.HasPrefix(s.Proto, "tcp") && !s.Loopback {
			r.listening = append(r.listening, int(s.Port))
		}
	}
	slices.Sort(r.listening)
	r.listening = slices.Compact(r.listening)
	return nil
}

func takeFlows(r *read, n host.Newest) error {
	r.machine.flows = nil
	why, err := valueOf(n, "/flows", &r.machine.flows)
	if err != nil {
		return err
	}
	r.mute = why
	var overflow bool
	if why == "" {
		if _, err := valueOf(n, "/overflow", &overflow); err != nil {
			return err
		}
	}
	if overflow {
		r.mute = "it has more kinds of connections than its agent keeps"
	}
	return nil
}

// end is one side of a connection.
type end struct {
	name    string // of the host; the address where no host has it
	address string
	placed  Placed
}

// peer says who has an address, and in which zone.
func (p *PlanText) peer(w *world, text string) end {
	e := end{name: text, address: text}
	if text == "public4" || text == "public6" {
		e.name = "public addresses"
		e.placed = p.public(text == "public6")
		return e
	}
	a, err := netip.ParseAddr(text)
	if err != nil {
		e.placed = Placed{Why: "its address cannot be read"}
		return e
	}
	a = a.Unmap()
	var names []string
	for _, m := range w.byAddr[a] {
		names = append(names, m.name)
		placed := p.Place(m.name, m.addresses)
		if len(names) > 1 && placed.Zone != e.placed.Zone {
			e.placed = Placed{Why: fmt.Sprintf("%s have the address %s, in different zones", strings.Join(names, " and "), a)}
			break
		}
		e.placed = placed
	}
	switch len(names) {
	case 0:
		e.placed = p.PlaceAddress(a)
	case 1:
		e.name = names[0]
	default:
		e.name = strings.Join(names, " or ")
	}
	return e
}

// public gives the zone of public addresses that an agent does not tell apart: that
// of the whole Internet, unless a zone is made of some of them.
func (p *PlanText) public(six bool) Placed {
	all, some := "", ""
	for _, z := range p.Zones {
		for _, text := range z.Networks {
			n, err := netip.ParsePrefix(text)
			if err != nil || n.Addr().Is6() != six {
				continue
			}
			switch {
			case n.Bits() == 0:
				all = z.Key
			case !n.Addr().IsPrivate():
				some = z.Key
			}
		}
	}
	if some != "" {
		return Placed{Why: "the agent does not tell so many public addresses apart, and some are in zone " + some}
	}
	if all == "" {
		return Placed{Why: "no zone names it"}
	}
	return Placed{Zone: all, By: "every address"}
}

// Flow is a kind of connections between two ends, as those ends that report saw it.
type Flow struct {
	From        string    `json:"from" doc:"Host or address that began."`
	FromAddress string    `json:"from_address"`
	FromZone    string    `json:"from_zone"`
	To          string    `json:"to"`
	ToAddress   string    `json:"to_address"`
	ToZone      string    `json:"to_zone"`
	Protocol    string    `json:"protocol"`
	Port        int       `json:"port"`
	Programs    []string  `json:"programs" doc:"Processes, each with the host that names it."`
	Seen        []string  `json:"seen_by" doc:"Hosts that saw it."`
	First       time.Time `json:"first_seen"`
	Last        time.Time `json:"last_seen" doc:"When the last host that saw it was heard; of one that is over, when it was last told."`
	Now         bool      `json:"current" doc:"It was seen within the last hour."`
	Verdict     Verdict   `json:"verdict"`
	Rule        string    `json:"rule" doc:"Key of the rule that decides; default where none does."`
	Why         string    `json:"why,omitempty" doc:"Of an end without a zone: why."`
}

// Service names the port.
func (f *Flow) Service() string { return fmt.Sprintf("%s/%d", f.Protocol, f.Port) }

// joined is a Flow while its ends are put together: what a host says of its own end
// counts before what an address says.
type joined struct {
	Flow
	from, to       end
	ownFrom, ownTo bool
}

func (j *joined) know(from, to end, own string) {
	better := func(old, new end, wasOwn, isOwn bool) bool {
		return isOwn && !wasOwn || isOwn == wasOwn && old.placed.Zone == "" && new.placed.Zone != ""
	}
	if better(j.from, from, j.ownFrom, own == "from") {
		j.from, j.ownFrom = from, own == "from"
	}
	if better(j.to, to, j.ownTo, own == "to") {
		j.to, j.ownTo = to, own == "to"
	}
}

// join makes one list of what hosts saw, both ends of one connection once, and says
// what the plan says of each.
func (p *PlanText) join(w *world, rows []flowRow, now time.Time) []Flow {
	merged := map[string]*joined{}
	ends := map[string]end{}
	peer := func(a string) end {
		e, known := ends[a]
		if !known {
			e = p.peer(w, a)
			ends[a] = e
		}
		return e
	}
	self := map[string]Placed{}
	for _, r := range rows {
		m := w.bySource[r.source]
		if m == nil {
			continue // it left
		}
		here, own := end{name: m.name, address: r.local}, "from"
		if a, err := netip.ParseAddr(r.local); err == nil && !slices.Contains(m.addresses, a) { // a container's, or another's that passes through
			if e := peer(r.local); r.direction == "forward" || e.placed.Zone != "" {
				here, own = e, ""
			}
		}
		if here.placed == (Placed{}) {
			placed, known := self[m.id]
			if !known {
				placed = p.Place(m.name, m.addresses)
				self[m.id] = placed
			}
			here.placed = placed
		}
		there := peer(r.remote)
		from, to := here, there
		if r.direction == "in" {
			from, to = there, here
			if own != "" {
				own = "to"
			}
		}
		key := fmt.Sprintf("%s %s %s %d", from.address, to.address, r.protocol, r.port)
		f := merged[key]
		if f == nil {
			f = &joined{Flow: Flow{FromAddress: from.address, ToAddress: to.address, Protocol: r.protocol, Port: r.port, First: r.first, Programs: []string{}, Seen: []string{}}, from: from, to: to, ownFrom: own == "from", ownTo: own == "to"}
			merged[key] = f
		}
		f.know(from, to, own)
		if r.first.Before(f.First) {
			f.First = r.first
		}
		if r.last.After(f.Last) {
			f.Last = r.last
		}
		f.Now = f.Now || r.now
		if text := r.program + " on " + m.name; r.program != "" && !slices.Contains(f.Programs, text) {
			f.Programs = append(f.Programs, text)
		}
		if !slices.Contains(f.Seen, m.name) {
			f.Seen = append(f.Seen, m.name)
		}
	}
	out := make([]Flow, 0, len(merged))
	for _, j := range merged {
		f := j.Flow
		f.From, f.FromZone, f.To, f.ToZone = j.from.name, j.from.placed.Zone, j.to.name, j.to.placed.Zone
		for _, e := range []end{j.from, j.to} {
			if e.placed.Zone == "" && f.Why == "" {
				f.Why = e.name + ": " + e.placed.Why
			}
		}
		f.Verdict, f.Rule = p.Decide(f.FromZone, f.ToZone, f.Protocol, f.Port, now)
		slices.Sort(f.Programs)
		slices.Sort(f.Seen)
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b Flow) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), a.First.Compare(b.First), strings.Compare(a.From, b.From), strings.Compare(a.To, b.To), cmp.Compare(a.Port, b.Port), strings.Compare(a.FromAddress+a.ToAddress+a.Protocol, b.FromAddress+b.ToAddress+b.Protocol))
	})
	return out
}

// rank sorts what is forbidden first.
func (f *Flow) rank() int {
	n := slices.Index([]Verdict{Refused, NotSaid, NoZone, Allowed, SameZone}, f.Verdict)
	if !f.Now {
		n += 10
	}
	return n
}
