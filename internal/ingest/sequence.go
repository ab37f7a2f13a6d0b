package ingest

// The rules of a numbered stream, without SQL. A stream is where it has come
// to and the holes below; holes do not touch or overlap, and all lie below
// highest.

// place says what a sequence is to a stream.
type place int

const (
	next    place = iota // one more than the highest
	beyond               // it leaves a hole behind
	filling              // it lies in a hole
	known                // it was received before
)

// placeOf says what sequence is to a stream whose highest sequence is highest,
// given the hole that holds it, if one does.
func placeOf(sequence, highest int64, hole *Hole) place {
	switch {
	case sequence == highest+1:
		return next
	case sequence > highest:
		return beyond
	case hole != nil:
		return filling
	}
	return known
}

// without gives what is left of h when first to last are taken out: nothing,
// one hole or two.
func (h Hole) without(first, last int64) []Hole {
	if last < h.First || first > h.Last {
		return []Hole{h}
	}
	var rest []Hole
	if h.First < first {
		left := h
		left.Last = first - 1
		rest = append(rest, left)
	}
	if last < h.Last {
		right := h
		right.First = last + 1
		rest = append(rest, right)
	}
	return rest
}

// overlap gives the part of h within first to last.
func (h Hole) overlap(first, last int64) (Hole, bool) {
	h.First, h.Last = max(h.First, first), min(h.Last, last)
	return h, h.First <= h.Last
}
