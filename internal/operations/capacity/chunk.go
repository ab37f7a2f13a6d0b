package capacity

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"github.com/attesta/attesta/internal/base/fault"
)

// tier is how fine a part of the history is.
type tier string

// The tiers: each sample for a week, hours for a month, days for three years.
const (
	raw   tier = "raw"  // a chunk is a day; its ticks are minutes
	hours tier = "hour" // a chunk is a day; its ticks are hours
	days  tier = "day"  // a chunk is 366 days from a multiple of 366; its ticks are days
)

const (
	keepRaw   = 7
	keepHours = 31
	keepDays  = 3 * 366
	chunkDays = 366
)

// span is what one series did in one tick: least, mean and most, basis points. Of a
// sample all three are equal, and only one is stored.
type span struct{ Least, Mean, Most int64 }

// chunk is a part of one host's history: ticks, and in each what each series did.
type chunk map[int]map[int]span

// put adds what a series did in a tick; what was there is replaced.
func (c chunk) put(tick, no int, s span) {
	if c[tick] == nil {
		c[tick] = map[int]span{}
	}
	c[tick][no] = s
}

// encode writes a chunk: for each tick its distance from the one before and the
// number of series; for each series its distance in number, then one value or three.
func (c chunk) encode(t tier) []byte {
	var b []byte
	put := func(n int64) { b = binary.AppendUvarint(b, uint64(n)) }
	last := 0
	for _, tick := range slices.Sorted(maps.Keys(c)) {
		put(int64(tick - last))
		last = tick
		put(int64(len(c[tick])))
		before := 0
		for _, no := range slices.Sorted(maps.Keys(c[tick])) {
			s := c[tick][no]
			put(int64(no - before))
			before = no
			put(s.Least)
			if t != raw {
				put(s.Mean - s.Least)
				put(s.Most - s.Mean)
			}
		}
	}
	return b
}

// decode reads a chunk: kind Refused where it is none.
func decode(t tier, b []byte) (chunk, error) {
	c := chunk{}
	bad := func() (chunk, error) {
		return nil, fault.New(fault.Refused, "a part of the history of capacity cannot be read").WithHint("the database was changed outside Attesta, or is damaged; restore a backup beside it and compare")
	}
	next := func(limit uint64) (int64, bool) {
		n, size := binary.Uvarint(b)
		if size <= 0 || n > limit {
			return 0, false
		}
		b = b[size:]
		return int64(n), true
	}
	tick := 0
	for first := true; len(b) > 0; first = false {
		step, ok := next(1 << 16)
		if !ok || !first && step == 0 {
			return bad()
		}
		tick += int(step)
		count, ok := next(1 << 12)
		if !ok {
			return bad()
		}
		if c[tick] != nil || tick > 1<<16 {
			return bad()
		}
		c[tick] = map[int]span{}
		no := 0
		for range count {
			step, ok := next(1 << 12)
			if !ok {
				return bad()
			}
			no += int(step)
			if _, twice := c[tick][no]; twice {
				return bad()
			}
			least, ok := next(most)
			s := span{least, least, least}
			if ok && t != raw {
				var more [2]int64
				for i := range more {
					if more[i], ok = next(most); !ok {
						return bad()
					}
				}
				s.Mean = least + more[0]
				s.Most = s.Mean + more[1]
			}
			if !ok {
				return bad()
			}
			c[tick][no] = s
		}
	}
	return c, nil
}

// fold gives what series did over ticks, of which each into gives one.
func (c chunk) fold(into func(tick int) int) chunk {
	type sum struct {
		span
		total, n int64
	}
	sums := map[int]map[int]*sum{}
	for tick, all := range c {
		to := into(tick)
		if sums[to] == nil {
			sums[to] = map[int]*sum{}
		}
		for no, s := range all {
			x := sums[to][no]
			if x == nil {
				x = &sum{span: s}
				sums[to][no] = x
			}
			x.Least, x.Most = min(x.Least, s.Least), max(x.Most, s.Most)
			x.total += s.Mean
			x.n++
		}
	}
	out := chunk{}
	for tick, all := range sums {
		for no, x := range all {
			out.put(tick, no, span{x.Least, x.total / x.n, x.Most})
		}
	}
	return out
}

// of gives the points of one series, by tick.
func (c chunk) of(no int) map[int]span {
	out := map[int]span{}
	for tick, all := range c {
		if s, ok := all[no]; ok {
			out[tick] = s
		}
	}
	return out
}

// dayName says a day as people write it.
func dayName(day int) string { return dayTime(day).Format("2006-01-02") }

// String is for tests that fail.
func (c chunk) String() string { return fmt.Sprint(map[int]map[int]span(c)) }
