package simulation

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/simulation/balancing"
	"github.com/attesta/attesta/internal/simulation/drifting"
	"github.com/attesta/attesta/internal/simulation/fencing"
	"github.com/attesta/attesta/internal/simulation/fitting"
	"github.com/attesta/attesta/internal/simulation/lodging"
	"github.com/attesta/attesta/internal/simulation/zoning"
	"github.com/attesta/attesta/internal/wire"
)

// profile is a kind of host.
type profile struct {
	name        string
	share       int // of a hundred
	owner       string
	class       string
	environment string
}

func profiles() []profile {
	return []profile{
		{"web", 34, "platform", "customer data", "production"},
		{"app", 26, "platform", "customer data", "production"},
		{"db", 12, "data", "customer data", "production"},
		{"worker", 14, "platform", "internal", "production"},
		{"build", 8, "engineering", "internal", "build"},
		{"stage", 6, "engineering", "none", "staging"},
	}
}

// trouble is a drift that holds on a machine.
type trouble struct {
	drift       int
	from, until time.Time // until somebody mends it
}

// machine is a host as its agent sees it.
type machine struct {
	name, source string
	profile      profile
	r            *rand.Rand // its own: what it does depends on no other host
	joins        time.Time
	leaves       time.Time // zero: never
	habits       []int     // drifts it is given to, the likeliest first
	weak         int       // the drift that comes and goes on it
	phase        time.Duration
	offset       int64 // of its clock, µs

	balancer string                                                             // haproxy or nginx, where it has one
	turns    []time.Time                                                        // at which what is behind it changes
	standing []trouble                                                          // that begin on a day of the story
	accounts []lodging.Account                                                  // of people, beside those of a host in good order
	walls    func(at time.Time) []drifting.Edit                                 // its packet filter, of a whole programme
	fits     func(good map[string]map[string]any, at time.Time) []drifting.Edit // what it consists of, of a whole programme
	kernel   int                                                                // how often it was patched
	troubles []trouble
	sent     map[string]string // digests in force, by section
	sequence int64
	fell     time.Time // since when nothing is heard of it
	silent   time.Time // until when; zero: it is heard
	spools   bool      // of the present silence: it sends later what it observed
	spool    []message
	gone     bool
}

// message is one envelope of an agent, ready to be received.
type message struct {
	m         *machine
	observed  time.Time
	received  time.Time
	heartbeat bool
	items     []json.RawMessage
	sequence  int64
	retire    string // not an envelope: the host leaves, for this reason
}

// fleet makes the machines of a plan.
func fleet(p Plan, w *world, r *rand.Rand) []*machine {
	kinds := profiles()
	count := map[string]int{}
	days := time.Duration(p.Days) * 24 * time.Hour
	all := make([]*machine, p.Hosts)
	for i := range all {
		k := kinds[len(kinds)-1]
		for at, n := 0, (i*37+11)%100; at < len(kinds); at++ {
			if n -= kinds[at].share; n < 0 {
				k = kinds[at]
				break
			}
		}
		count[k.name]++
		m := &machine{name: fmt.Sprintf("%s-%02d", k.name, count[k.name]), source: fmt.Sprintf("src_%026d", i+1), profile: k,
			r: rand.New(rand.NewPCG(p.Seed, uint64(i)+1)), sent: map[string]string{}}
		m.joins = p.start().Add(time.Duration(m.r.Int64N(int64(6 * time.Hour)))).Add(8 * time.Hour)
		if m.r.IntN(100) < 25 { // a quarter joins later
			m.joins = m.joins.Add(time.Duration(m.r.Int64N(int64(days)*3/4)) / (24 * time.Hour) * 24 * time.Hour)
		}
		if m.r.IntN(100) < 9 && i > 0 {
			m.leaves = m.joins.Add(days/4 + time.Duration(m.r.Int64N(int64(days))))
		}
		for range 8 + m.r.IntN(12) {
			m.habits = append(m.habits, m.r.IntN(len(w.drifts)))
		}
		m.weak = m.habits[m.r.IntN(len(m.habits))]
		if i == 3 { // also in a small fleet somebody leaves
			m.joins, m.leaves = p.start().Add(10*time.Hour), p.start().Add(days*2/3)
		}
		m.phase = time.Duration(m.r.Int64N(int64(min(p.Beat, 24*time.Hour))))
		m.offset = m.r.Int64N(9000) - 3000
		if m.r.IntN(50) == 0 {
			m.offset *= 400 // a clock that nobody looks after
		}
		all[i] = m
	}
	return all
}

// own is what no other host shares: its name, and what patches made of it.
func (m *machine) own() []drifting.Edit {
	edits := []drifting.Edit{{Path: []string{"os", "hostname"}, Value: m.name}}
	if address := zoning.AddressOf(m.name); address != "" {
		edits = append(edits, drifting.Edit{Path: []string{"network", "interfaces"}, Value: []any{
			map[string]any{"name": "eth0", "kind": "ethernet", "mac": "", "addresses": []any{address + "/24"}, "up": true, "state": "up", "mtu": int64(1500), "container": false},
			map[string]any{"name": "lo", "kind": "loopback", "mac": "", "addresses": []any{"127.0.0.1/8", "::1/128"}, "up": true, "state": "unknown", "mtu": int64(65536), "container": false}}})
	}
	if m.kernel > 0 {
		edits = append(edits, drifting.Edit{Path: []string{"os", "kernel"}, Value: fmt.Sprintf("6.1.0-%d-amd64", 28+m.kernel)})
	}
	return edits
}

// report gives the sections that differ at a moment from what was sent last,
// as items.
func (m *machine) report(p Plan, w *world, at time.Time) ([]json.RawMessage, error) {
	var drifts []int
	for _, t := range m.troubles {
		if edits := w.drifts[t.drift].edits; !t.from.After(at) && (len(m.accounts) == 0 || !lodging.Evicts(edits)) && (m.fits == nil || !fitting.Evicts(edits)) {
			drifts = append(drifts, t.drift)
		}
	}
	slices.Sort(drifts)
	var items []json.RawMessage
	own := m.own()
	if m.walls != nil {
		own = append(own, m.walls(at)...)
	}
	if m.fits != nil {
		own = append(own, m.fits(w.good, at)...)
	}
	own = append(own, lodging.At(w.good["users"], m.accounts, at)...)
	for _, name := range slices.Sorted(maps.Keys(w.good)) {
		var e encoded
		var err error
		if slices.Contains(balancing.Sections(), name) {
			e, err = m.balancing(p, w, name, at)
		} else {
			e, err = w.section(name, own, slices.Compact(drifts))
		}
		if err != nil {
			return nil, fmt.Errorf("section %s of %s with %v: %w", name, m.name, m.says(w), err)
		}
		if m.sent[name] != e.digest {
			m.sent[name] = e.digest
			items = append(items, e.raw)
		}
	}
	return items, nil
}

// lodge gives machines the accounts of people, packet filters and parts for what they do.
func lodge(p Plan, machines []*machine) {
	house := lodging.House{Day: func(n int) time.Time { return p.start().AddDate(0, 0, n*p.Days/365) }}
	for _, m := range machines {
		m.accounts = house.Of(m.profile.name, m.leaves.IsZero() && m.joins.Before(house.Day(90).Add(16*time.Hour)))
		m.walls = func(at time.Time) []drifting.Edit { return fencing.Walls(m.profile.name, house.Day, at) }
		m.fits = func(good map[string]map[string]any, at time.Time) []drifting.Edit {
			return fitting.At(good, m.profile.name, strings.HasSuffix(m.name, "-01"), house.Day, at)
		}
	}
}

// balance gives two of the web hosts a load balancer.
func balance(p Plan, machines []*machine) {
	left := balancing.Sections()
	for _, m := range machines {
		if len(left) > 0 && m.profile.name == "web" && m.leaves.IsZero() {
			m.balancer, left = left[0], left[1:]
			if m.balancer == "haproxy" {
				m.turns = balancing.Turns(p.End, m.joins)
			}
		}
	}
}

// balancing gives the section of a load balancer at a moment.
func (m *machine) balancing(p Plan, w *world, name string, at time.Time) (encoded, error) {
	values, missing, key := w.good[name], []facts.Missing(nil), "good"
	switch {
	case m.balancer != name:
		values, missing = balancing.None(name)
		key = "none"
	case name == "haproxy":
		values = balancing.HAProxy(values, p.End, m.joins, at)
		key = fmt.Sprint(values["running"])
	}
	key = "balancer " + name + " " + key
	if e, ok := w.cache[key]; ok {
		return e, nil
	}
	return w.encode(key, name, values, missing)
}

// says names what is wrong with it, for errors.
func (m *machine) says(w *world) []string {
	var out []string
	for _, t := range m.troubles {
		out = append(out, w.drifts[t.drift].check+" "+w.drifts[t.drift].name)
	}
	return out
}

// beat gives a heartbeat's item.
func (m *machine) beat() (json.RawMessage, error) {
	return json.Marshal(wire.Heartbeat{Sections: m.sent})
}

// has reports whether a drift holds on it.
func (m *machine) has(drift int) bool {
	return slices.ContainsFunc(m.troubles, func(t trouble) bool { return t.drift == drift })
}

// mend takes away what was to be mended by a moment.
func (m *machine) mend(by time.Time) {
	m.troubles = slices.DeleteFunc(m.troubles, func(t trouble) bool { return !t.until.After(by) })
}

// envelope is a message as ingest hands it on.
func (msg *message) envelope() host.Batch {
	m := msg.m
	return host.Batch{Source: m.source, SourceName: m.name, Stream: "host." + m.name, Sequence: msg.sequence,
		ObservedAt: msg.observed.Add(time.Duration(m.offset) * time.Microsecond), ClockOffsetUs: &m.offset, ReceivedAt: msg.received,
		Digest: strings.Repeat("0", 64), AgentVersion: "0.1.0", Items: msg.items}
}
