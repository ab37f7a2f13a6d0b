package analysis

import (
	"cmp"
	"slices"
)

// wide is a number of up to 128 bits: an address.
type wide struct{ hi, lo uint64 }

func (a wide) compare(b wide) int { return cmp.Or(cmp.Compare(a.hi, b.hi), cmp.Compare(a.lo, b.lo)) }

func (a wide) next() wide {
	a.lo++
	if a.lo == 0 {
		a.hi++
	}
	return a
}

func (a wide) before() wide {
	if a.lo == 0 {
		a.hi--
	}
	a.lo--
	return a
}

func small(n uint64) wide { return wide{0, n} }

// span is the numbers from lo to hi, both included.
type span struct{ lo, hi wide }

// ranges are spans in their order, apart from each other.
type ranges []span

func one(n uint64) ranges     { return ranges{{small(n), small(n)}} }
func upTo(n uint64) ranges    { return ranges{{wide{}, small(n)}} }
func from(a, b uint64) ranges { return ranges{{small(a), small(b)}} }

// union gives the numbers of both.
func (r ranges) union(o ranges) ranges {
	all := slices.Concat(r, o)
	slices.SortFunc(all, func(a, b span) int { return a.lo.compare(b.lo) })
	var out ranges
	for _, s := range all {
		if n := len(out); n > 0 && (s.lo == (wide{}) || s.lo.before().compare(out[n-1].hi) <= 0) {
			if out[n-1].hi.compare(s.hi) < 0 {
				out[n-1].hi = s.hi
			}
			continue
		}
		out = append(out, s)
	}
	return out
}

// and gives the numbers that both have.
func (r ranges) and(o ranges) ranges {
	var out ranges
	for i, j := 0, 0; i < len(r) && j < len(o); {
		lo, hi := r[i].lo, r[i].hi
		if lo.compare(o[j].lo) < 0 {
			lo = o[j].lo
		}
		if hi.compare(o[j].hi) > 0 {
			hi = o[j].hi
		}
		if lo.compare(hi) <= 0 {
			out = append(out, span{lo, hi})
		}
		if r[i].hi.compare(o[j].hi) < 0 {
			i++
		} else {
			j++
		}
	}
	return out
}

// without gives the numbers that o has not.
func (r ranges) without(o ranges) ranges {
	var out ranges
	for _, s := range r {
		lo, done := s.lo, false
		for _, x := range o {
			if x.hi.compare(lo) < 0 {
				continue
			}
			if x.lo.compare(s.hi) > 0 {
				break
			}
			if x.lo.compare(lo) > 0 {
				out = append(out, span{lo, x.lo.before()})
			}
			if x.hi.compare(s.hi) >= 0 {
				done = true
				break
			}
			lo = x.hi.next()
		}
		if !done {
			out = append(out, span{lo, s.hi})
		}
	}
	return out
}

func (r ranges) equal(o ranges) bool { return slices.Equal(r, o) }

func (r ranges) has(n wide) bool {
	return slices.ContainsFunc(r, func(s span) bool { return s.lo.compare(n) <= 0 && n.compare(s.hi) <= 0 })
}

// share gives how much of size numbers these are, 0 to 1, roughly.
func (r ranges) share(all ranges) float64 {
	size := func(r ranges) (sum float64) {
		for _, s := range r {
			sum += (float64(s.hi.hi)-float64(s.lo.hi))*(1<<64) + float64(s.hi.lo) - float64(s.lo.lo) + 1
		}
		return sum
	}
	return size(r) / size(all)
}

// The dimensions of a packet.
const (
	protocol = iota
	source
	destination
	sourcePort
	destinationPort
	inInterface
	outInterface
	state
	dimensions
)

// box is the packets that have, in each dimension, one of the numbers.
type box [dimensions]ranges

func (b box) empty() bool {
	for _, r := range b {
		if len(r) == 0 {
			return true
		}
	}
	return false
}

func (b box) and(o box) (box, bool) {
	var out box
	for i := range b {
		if out[i] = b[i].and(o[i]); len(out[i]) == 0 {
			return out, false
		}
	}
	return out, true
}

// region is packets: those of any of its boxes.
type region []box

func (r region) and(o region) region {
	var out region
	for _, a := range r {
		for _, b := range o {
			if c, some := a.and(b); some {
				out = append(out, c)
			}
		}
	}
	return out
}

// without gives the packets that o has not, as boxes apart from each other where r's were.
func (r region) without(o region) region {
	for _, x := range o {
		var out region
		for _, b := range r {
			common, some := b.and(x)
			if !some {
				out = append(out, b)
				continue
			}
			for i := range b {
				if left := b[i].without(common[i]); len(left) > 0 {
					piece := b
					piece[i] = left
					out = append(out, piece)
				}
				b[i] = common[i]
			}
		}
		r = out
	}
	return r
}

// meets reports whether any packet is in both.
func (r region) meets(o region) bool {
	for _, a := range r {
		for _, b := range o {
			if _, some := a.and(b); some {
				return true
			}
		}
	}
	return false
}
