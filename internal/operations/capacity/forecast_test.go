package capacity

import (
	"math"
	"math/rand/v2"
	"testing"
)

// series makes n days of values, from day 20000.
func series(n int, value func(i int) float64, without ...int) []Point {
	var out []Point
	gone := map[int]bool{}
	for _, i := range without {
		gone[i] = true
	}
	for i := range n {
		if !gone[i] {
			out = append(out, Point{20000 + i, value(i)})
		}
	}
	return out
}

func TestForecastOfKnownSeries(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	noise := func(s float64) float64 { return s * r.NormFloat64() }
	line := func(from, slope, sigma float64) func(int) float64 {
		return func(i int) float64 { return from + slope*float64(i) + noise(sigma) }
	}
	gaps := []int{}
	for i := 20; i < 34; i++ {
		gaps = append(gaps, i)
	}
	for _, c := range []struct {
		name   string
		points []Point
		trend  Trend
		full   int // days until full as the series was made; 0: not asked
		have   int // 0: not asked
		since  int // place of the step; -1: none
	}{
		{"constant", series(60, func(int) float64 { return 0.4 }), NoTrend, 0, 60, -1},
		{"constant with noise", series(90, line(0.4, 0, 0.02)), NoTrend, 0, 90, -1},
		{"a line", series(60, line(0.2, 0.005, 0)), Rising, 101, 60, -1}, // 0.495 on the last day
		{"a line with noise", series(60, line(0.2, 0.005, 0.01)), Rising, 101, 60, -1},
		{"a slow line", series(90, line(0.1, 0.0001, 0.0001)), Rising, -1, 90, -1},
		{"falling", series(60, line(0.9, -0.005, 0.01)), Falling, 0, 60, -1},
		{"a gap of two weeks", series(60, line(0.2, 0.005, 0.005), gaps...), Rising, 101, 46, -1},
		{"every third day", series(90, line(0.2, 0.004, 0.002), thirds(90)...), Rising, 112, 60, -1},
		{"a week's rhythm and no trend", series(84, func(i int) float64 { return 0.3 + 0.3*float64(min(i%7, 1)) + noise(0.01) }), NoTrend, 0, 84, -1},
		{"a week's rhythm on a line", series(84, func(i int) float64 { return 0.2 + 0.003*float64(i) - 0.1*float64(min(i%7, 1)) + noise(0.003) }), Rising, 215, 84, -1},
		{"saw-tooth of a week", series(84, func(i int) float64 { return 0.4 + 0.05*float64(i%7) }), NoTrend, 0, 84, -1},
		{"saw-tooth of ten days", series(90, func(i int) float64 { return 0.4 + 0.05*float64(i%10) }), NoTrend, 0, 90, -1},
		{"cleaned forty days ago", series(80, func(i int) float64 { return 0.5 + 0.005*float64(i) - 0.35*over(i, 40) + noise(0.001) }), Rising, 91, 40, 40},
		{"cleaned five days ago", series(80, func(i int) float64 { return 0.5 + 0.005*float64(i) - 0.6*over(i, 75) + noise(0.001) }), Short, 0, 5, 75},
		{"filled at once thirty days ago", series(60, func(i int) float64 { return 0.2 + 0.3*over(i, 30) + noise(0.002) }), NoTrend, 0, 30, 30},
		{"one odd day", series(60, func(i int) float64 { return 0.3 + 0.4*spike(i, 30) + noise(0.002) }), NoTrend, 0, 60, -1},
		{"thirteen days", series(13, line(0.2, 0.01, 0)), Short, 0, 13, -1},
		{"fourteen days", series(14, line(0.2, 0.01, 0)), Rising, 67, 14, -1},
		{"full", series(30, line(0.71, 0.01, 0)), Full, 0, 30, -1},
		{"nothing", nil, Short, 0, 0, -1},
	} {
		f := Look(c.points)
		if f.Trend != c.trend || f.Have != c.have {
			t.Errorf("%s: %+v, want %s over %d days", c.name, f, c.trend, c.have)
			continue
		}
		if want := 20000 + c.since; c.since >= 0 && f.Since != want || c.since < 0 && f.Since != 0 {
			t.Errorf("%s: begins anew at %d, want %d", c.name, f.Since, want)
		}
		switch {
		case c.full == -1 && f.Mid != -1:
			t.Errorf("%s: full in %d days, want beyond the horizon", c.name, f.Mid)
		case c.full > 0 && (math.Abs(float64(f.Mid-c.full)) > 0.12*float64(c.full)+1 || f.Low > c.full+1 || f.High != -1 && f.High < c.full-1):
			t.Errorf("%s: full in %d days (%d to %d), want %d", c.name, f.Mid, f.Low, f.High, c.full)
		case c.full == 0 && (f.Low != 0 || f.Mid != 0 || f.High != 0):
			t.Errorf("%s: a date was made up: %+v", c.name, f)
		}
	}
}

func over(i, at int) float64 {
	if i >= at {
		return 1
	}
	return 0
}

func spike(i, at int) float64 {
	if i == at {
		return 1
	}
	return 0
}

func thirds(n int) []int {
	var out []int
	for i := 0; i < n; i += 3 {
		out = append(out, i)
	}
	return out
}

// Of noise alone a trend is said seldom, and of a line the interval holds the
// truth mostly.
func TestForecastIsHonest(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	wrong, missed := 0, 0
	for range 400 {
		level := 0.0
		f := Look(series(60, func(int) float64 { // noise that resembles the day before
			level = 0.5*level + 0.01*r.NormFloat64()
			return 0.5 + level
		}))
		if f.Trend == Rising || f.Trend == Falling {
			wrong++
		}
		g := Look(series(60, func(i int) float64 { return 0.2 + 0.004*float64(i) + 0.02*r.NormFloat64() }))
		if truth := 141; g.Trend != Rising || g.Low > truth || g.High != -1 && g.High < truth {
			missed++
		}
	}
	t.Logf("of 400: %d trends in noise, %d intervals without the truth", wrong, missed)
	if wrong > 40 {
		t.Errorf("%d of 400 series of noise have a trend", wrong)
	}
	if missed > 20 {
		t.Errorf("%d of 400 intervals miss the truth", missed)
	}
}

func BenchmarkLook(b *testing.B) {
	points := series(120, func(i int) float64 { return 0.2 + 0.004*float64(i) })
	for b.Loop() {
		Look(points)
	}
}
