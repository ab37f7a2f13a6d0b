package capacity

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestChunk(t *testing.T) {
	c := chunk{}
	c.put(3, 1, span{10, 20, 30})
	c.put(3, 9, span{0, 0, 0})
	c.put(300, 2, span{9999, 10000, 30000})
	for _, x := range []tier{hours, days} {
		back, err := decode(x, c.encode(x))
		if err != nil || back.String() != c.String() {
			t.Errorf("%s: %v, %v", x, back, err)
		}
	}
	back, err := decode(raw, c.encode(raw))
	if err != nil || back[3][1] != (span{10, 10, 10}) {
		t.Errorf("raw: %v, %v", back, err)
	}
	f := chunk{0: {1: {10, 10, 10}}, 59: {1: {30, 30, 30}}, 60: {1: {7, 7, 7}}}.fold(func(m int) int { return m / 60 })
	if f[0][1] != (span{10, 20, 30}) || f[1][1] != (span{7, 7, 7}) || len(f) != 2 {
		t.Errorf("folded: %v", f)
	}
	for _, b := range [][]byte{{1}, {1, 1}, {1, 1, 1}, {0, 0, 0, 0}, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}, {1, 2, 1, 5, 0, 5}} {
		if _, err := decode(raw, b); err == nil {
			t.Errorf("%v was read", b)
		}
	}
	if got := slices.Sorted(maps.Keys(c.of(9))); !slices.Equal(got, []int{3}) {
		t.Errorf("series 9 has %v", got)
	}
}

// What a host costs: twelve measures that wander, 96 samples a day.
func TestBytesOfAHost(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	samples, whole := chunk{}, chunk{}
	for no := 1; no <= 12; no++ {
		for minute := 0; minute < 1440; minute += 15 {
			v := int64(800*no) + r.Int64N(300)
			samples.put(minute, no, span{v, v, v})
		}
		for day := range chunkDays {
			v := int64(800*no) + r.Int64N(300)
			whole.put(day, no, span{v, v + r.Int64N(200), v + 200 + r.Int64N(400)})
		}
	}
	day, hour, year := len(samples.encode(raw)), len(samples.fold(func(m int) int { return m / 60 }).encode(hours)), len(whole.encode(days))
	all := day*keepRaw + hour*keepHours + year*3
	t.Logf("a day of samples %d bytes, of hours %d; a year of days %d; all that is kept of a host after three years %d", day, hour, year, all)
	if year > 32<<10 || all > 256<<10 {
		t.Errorf("a host costs %d bytes a year and %d in all", year, all)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(true, chunk{3: {1: {1, 2, 3}, 4: {5, 6, 7}}, 90: {2: {1, 1, 1}}}.encode(days))
	f.Add(false, chunk{3: {1: {1, 1, 1}}}.encode(raw))
	f.Fuzz(func(t *testing.T, wide bool, b []byte) {
		x := raw
		if wide {
			x = days
		}
		c, err := decode(x, b)
		if err != nil {
			return
		}
		again, err := decode(x, c.encode(x))
		if err != nil || again.String() != c.String() {
			t.Fatalf("%v becomes %v, %v", c, again, err)
		}
	})
}
