package outcome

import (
	"math"
	"slices"
)

// forever is the end of a stretch of valid time that has none.
const forever = math.MaxInt64

// stored is a row of one item's attribute as it stands.
type stored struct {
	validFrom int64
	runNo     int64
	outcome   Outcome
	verdict   [16]byte
}

// wanted says what the outcome is from a moment on.
type wanted struct {
	from    int64
	verdict verdict
	again   bool // verdict is one that is stored: only Outcome and key are set
}

// delta is a change of counts at a moment.
type delta struct {
	at    int64
	count Counts
}

// correction is what has to be written so that an outcome becomes what is
// wanted.
type correction struct {
	rows   []wanted // in order of time
	steps  []delta  // in order of time
	before Outcome  // now, before; "" when there was none
	after  Outcome  // now, after
	last   verdict  // of the last wanted stretch
}

// correct says which rows and steps make the outcome equal to want (ascending,
// not empty) over [want[0].from, until), and leave it as it is elsewhere. have
// is every stored row, in order of (validFrom, runNo); where several start at
// the same moment the last one holds.
//
// A stretch in which the item or the check was gone, and which begins after
// the first wanted moment, stays gone: late evidence does not bring back what
// had left.
func correct(have []stored, want []wanted, until int64) correction {
	old := collapse(have)
	c := correction{last: want[len(want)-1].verdict}
	if n := len(old); n > 0 {
		c.before = old[n-1].outcome
	}

	// The usual case: nothing is stored at or after the first wanted moment.
	start := want[0].from
	i, _ := slices.BinarySearchFunc(old, start, func(s stored, t int64) int { return compare(s.validFrom, t) })
	running := Gone // the new function, just before the point in hand
	if i > 0 {
		running = old[i-1].outcome
	}
	was := running // the old function, just before the point in hand
	said := newVerdict(Gone, "", "", "").key
	if i > 0 {
		said = old[i-1].verdict
	}

	points := make([]int64, 0, len(want)+len(old)-i+1)
	for _, w := range want {
		points = append(points, w.from)
	}
	for _, s := range old[i:] {
		if s.validFrom <= until {
			points = append(points, s.validFrom)
		}
	}
	if until != forever {
		points = append(points, until)
	}
	slices.Sort(points)
	points = slices.Compact(points)

	current, next := 0, i
	held := false // gone by a stored row after start
	for _, p := range points {
		is, has := was, false // the old function at p
		if next < len(old) && old[next].validFrom == p {
			is, has, said = old[next].outcome, true, old[next].verdict
			next++
			held = is == Gone && p > start
		}
		natural := running // what holds at p when nothing is written
		if has {
			natural = is
		}
		for current+1 < len(want) && want[current+1].from <= p {
			current++
		}
		desired, v := want[current].verdict.Outcome, want[current].verdict
		again := p >= until || held
		if again {
			desired, v = is, verdict{Outcome: is, key: said}
		}
		if desired != natural {
			c.rows = append(c.rows, wanted{from: p, verdict: v, again: again})
		}
		d := one(desired).minus(one(running)).minus(one(is).minus(one(was)))
		if d != (Counts{}) {
			c.steps = append(c.steps, delta{p, d})
		}
		running, was = desired, is
	}
	c.after = running
	if next < len(old) { // rows after until
		c.after = old[len(old)-1].outcome
	}
	return c
}

// collapse keeps, of rows that start at the same moment, the one that holds.
func collapse(have []stored) []stored {
	out := make([]stored, 0, len(have))
	for _, s := range have {
		if n := len(out); n > 0 && out[n-1].validFrom == s.validFrom {
			out[n-1] = s
			continue
		}
		out = append(out, s)
	}
	return out
}

// jumps gives the step function of one item's rows: what a rebuild of the steps
// compares before and after each run.
func jumps(have []stored) []delta {
	var out []delta
	was := Gone
	for _, s := range collapse(have) {
		if d := one(s.outcome).minus(one(was)); d != (Counts{}) {
			out = append(out, delta{s.validFrom, d})
		}
		was = s.outcome
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
