package flows

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/facts"
)

// Directions of a flow.
const (
	in      = "in"
	out     = "out"
	forward = "forward"
)

// flow is a kind of connections.
type flow struct {
	direction, protocol string
	port                uint16
	local, remote       netip.Addr // remote is not valid: public addresses that are not told apart
	program             string
}

// Limits.
const (
	most   = 4096             // flows that are kept
	apart  = 32               // public addresses at one port that are told apart
	keep   = time.Hour        // since it was seen last
	many   = 1000             // flows, from which on news waits
	pause  = 10 * time.Minute // for so long
	people = "public"         // with 4 or 6: addresses that are not told apart
)

// portKey is what public addresses are counted by: a flow without its other side.
type portKey struct {
	direction, protocol string
	port                uint16
	local               netip.Addr
}

// kept is what was seen within the last hour. It belongs to one reader.
type kept struct {
	seen     map[flow]time.Time
	public   map[portKey]int
	folded   map[portKey]bool
	overflow time.Time // when something was not kept last

	told   []facts.Flow
	toldAt time.Time
}

func newKept() *kept {
	return &kept{seen: map[flow]time.Time{}, public: map[portKey]int{}, folded: map[portKey]bool{}}
}

var shared = netip.MustParsePrefix("100.64.0.0/10")

func public(a netip.Addr) bool {
	return a.IsGlobalUnicast() && !a.IsPrivate() && !shared.Contains(a)
}

func (f flow) key() portKey { return portKey{f.direction, f.protocol, f.port, f.local} }

// take keeps what one look saw.
func (k *kept) take(now time.Time, list []flow) {
	all := map[flow]bool{}
	held := map[flow]bool{} // without the program
	for _, f := range list {
		f = k.plain(f)
		all[f] = true
		if f.program != "" {
			f.program = ""
			held[f] = true
		}
	}
	for f := range k.seen {
		if f.program != "" {
			f.program = ""
			held[f] = true
		}
	}
	for f := range all {
		if f.program == "" && held[f] {
			for _, old := range k.named(f) { // it is still seen, by who held it
				k.seen[old] = now
			}
			continue
		}
		k.add(now, f)
	}
	for f, at := range k.seen {
		if age := now.Sub(at); age > keep || age < -keep || f.program == "" && held[f] {
			k.drop(f)
		}
	}
}

// plain gives a flow as it is kept.
func (k *kept) plain(f flow) flow {
	if f.remote.IsValid() && public(f.remote) && k.folded[f.key()] {
		f.remote = netip.Addr{}
	}
	return f
}

func (k *kept) drop(f flow) {
	delete(k.seen, f)
	switch key := f.key(); {
	case !f.remote.IsValid():
		delete(k.folded, key)
	case public(f.remote):
		if k.public[key]--; k.public[key] <= 0 {
			delete(k.public, key)
		}
	}
}

// named gives the kept flows that are f with a program. It is asked for seldom: of
// connections that nobody holds any more.
func (k *kept) named(f flow) (out []flow) {
	for old := range k.seen {
		if x := old; x.program != "" {
			if x.program = ""; x == f {
				out = append(out, old)
			}
		}
	}
	return out
}

func (k *kept) add(now time.Time, f flow) {
	f = k.plain(f)
	_, there := k.seen[f]
	switch open := f.remote.IsValid() && public(f.remote); {
	case there:
		k.seen[f] = now
	case open && k.public[f.key()] >= apart:
		k.fold(now, f)
	case len(k.seen) >= most:
		k.overflow = now
	default:
		k.seen[f] = now
		if open {
			k.public[f.key()]++
		}
	}
}

// fold puts one flow in the place of those with all the public addresses at a port.
func (k *kept) fold(now time.Time, f flow) {
	key := f.key()
	for old := range k.seen {
		if old.remote.IsValid() && public(old.remote) && old.key() == key {
			delete(k.seen, old)
			old.remote = netip.Addr{}
			k.seen[old] = now
		}
	}
	delete(k.public, key)
	k.folded[key] = true
	f.remote = netip.Addr{}
	k.seen[f] = now
}

// tell gives what is kept, sorted. Of very many flows news waits, so that a host
// that talks with everybody does not send all of them each minute.
func (k *kept) tell(now time.Time) (list []facts.Flow, overflow bool) {
	overflow = !k.overflow.IsZero() && now.Sub(k.overflow) <= keep
	if age := now.Sub(k.toldAt); len(k.seen) > many && k.told != nil && age >= 0 && age < pause {
		return k.told, overflow
	}
	all := make([]flow, 0, len(k.seen))
	for f := range k.seen {
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b flow) int {
		return cmp.Or(cmp.Compare(a.direction, b.direction), cmp.Compare(a.protocol, b.protocol), cmp.Compare(a.port, b.port), a.local.Compare(b.local), a.remote.Compare(b.remote), cmp.Compare(a.program, b.program))
	})
	list = make([]facts.Flow, len(all))
	for i, f := range all {
		remote := people + "4"
		switch {
		case f.remote.IsValid():
			remote = f.remote.String()
		case f.local.Is6():
			remote = people + "6"
		}
		list[i] = facts.Flow{Direction: f.direction, Protocol: f.protocol, Port: int64(f.port), Local: f.local.String(), Remote: remote, Program: f.program}
	}
	k.told, k.toldAt = list, now
	return list, overflow
}
