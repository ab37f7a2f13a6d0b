package posture

import "slices"

// stretch is [from, to) of valid time, in microseconds.
type stretch struct{ from, to int64 }

// change is a stored outcome from a moment on; "gone" means not judged.
type change struct {
	at      int64
	outcome string
}

// unheard gives when a source was silent, between from and to: where no
// interval of hearing it, prolonged by the grace, holds.
func unheard(heard []stretch, grace, from, to int64) []stretch {
	slices.SortFunc(heard, func(a, b stretch) int { return compare(a.from, b.from) })
	var out []stretch
	at := from
	for _, h := range heard {
		if h.from > at && at < to {
			out = append(out, stretch{at, min(h.from, to)})
		}
		at = max(at, h.to+grace)
	}
	if at < to {
		out = append(out, stretch{at, to})
	}
	return out
}

// union merges stretches that overlap or touch.
func union(all []stretch) []stretch {
	slices.SortFunc(all, func(a, b stretch) int { return compare(a.from, b.from) })
	var out []stretch
	for _, s := range all {
		if s.to <= s.from {
			continue
		}
		if n := len(out); n > 0 && s.from <= out[n-1].to {
			out[n-1].to = max(out[n-1].to, s.to)
			continue
		}
		out = append(out, s)
	}
	return out
}

func compare(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// inherited calls emit for each change, after from and up to to, of what
// silence makes of one outcome: while its source is silent the item counts as
// not observed instead of as what is stored. stored is in order of time, silent
// is a union.
func inherited(stored []change, silent []stretch, from, to int64, emit func(at int64, n Counts)) {
	var was Counts // what silence adds to the stored counts
	i, j := 0, 0
	outcome := "gone"
	at := from
	for {
		for i < len(stored) && stored[i].at <= at {
			outcome = stored[i].outcome
			i++
		}
		for j < len(silent) && silent[j].to <= at {
			j++
		}
		var is Counts
		if j < len(silent) && silent[j].from <= at {
			if n := one(outcome); n != (Counts{}) {
				is = Counts{NotObserved: 1}.Minus(n)
			}
		}
		if is != was && at > from {
			emit(at, is.Minus(was))
		}
		was = is
		next := to + 1
		if i < len(stored) {
			next = min(next, stored[i].at)
		}
		if j < len(silent) {
			if silent[j].from > at {
				next = min(next, silent[j].from)
			} else {
				next = min(next, silent[j].to)
			}
		}
		if next > to {
			return
		}
		at = next
	}
}

// one gives the counts of a single item; none for "gone".
func one(outcome string) Counts {
	switch outcome {
	case "pass":
		return Counts{Pass: 1}
	case "fail":
		return Counts{Fail: 1}
	case "error":
		return Counts{Error: 1}
	case "not_observed":
		return Counts{NotObserved: 1}
	case "not_applicable":
		return Counts{NotApplicable: 1}
	case "waived":
		return Counts{Waived: 1}
	}
	return Counts{}
}
