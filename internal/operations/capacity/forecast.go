package capacity

import (
	"math"
	"slices"
)

// The bounds of a forecast.
const (
	Need     = 14   // days of history that a forecast needs
	lookBack = 120  // days of history that it uses
	horizon  = 1095 // days beyond which nothing is said
	week     = 7
)

// Point is the most that was used on a day, as a share of what there is now. Days
// without a sample have no point.
type Point struct {
	Day   int // days since 1970
	Value float64
}

// Trend says where a line goes.
type Trend string

// The trends. NoTrend is an answer: nothing that repeats itself points anywhere.
const (
	Short   Trend = "short" // not enough history: Have of Need days
	NoTrend Trend = "none"
	Rising  Trend = "rising"
	Falling Trend = "falling"
	Full    Trend = "full" // it is full now
)

// Forecast is what a history says of the time to come. Days count from the last
// point; -1 stands for beyond the horizon of three years.
type Forecast struct {
	Trend Trend   `json:"trend"`
	Have  int     `json:"have"`             // days of history that it rests on
	Since int     `json:"since,omitempty"`  // day of a step that cut the history: enlarged, cleaned
	Slope float64 `json:"slope,omitempty"`  // share a day
	Low   int     `json:"low,omitempty"`    // full in so many days at the earliest
	Mid   int     `json:"middle,omitempty"` // as the line goes
	High  int     `json:"high,omitempty"`   // at the latest
}

// Look makes a forecast of daily maxima, in order of their days.
//
// The slope is the median of the slopes of all pairs of days that lie whole weeks
// apart (Theil and Sen's estimator, kept within weekdays as Hirsch and Slack's
// seasonal test does), so that neither a single day nor the rhythm of the week
// moves it. Its interval of 95 % is Kendall's, widened where days resemble the day
// before. A trend is said only where the whole interval has one sign; a lasting
// step begins the history anew, since what was before says nothing of what is now.
func Look(points []Point) Forecast {
	if n := len(points); n > 0 {
		last := points[n-1].Day
		points = points[max(0, slices.IndexFunc(points, func(p Point) bool { return p.Day > last-lookBack })):]
	}
	cut := step(points)
	f := Forecast{Trend: Short}
	if cut > 0 {
		f.Since = points[cut].Day
		points = points[cut:]
	}
	f.Have = len(points)
	if f.Have > 0 && points[f.Have-1].Value >= 1 {
		f.Trend = Full
		return f
	}
	if f.Have < Need {
		return f
	}
	apart := week
	if points[f.Have-1].Day-points[0].Day < 3*week {
		apart = 1 // too short for pairs within weekdays
	}
	slope, low, high := slopes(points, apart)
	f.Trend, f.Slope = NoTrend, slope
	switch {
	case high < 0:
		f.Trend = Falling
	case low > 0:
		f.Trend = Rising
		f.Low, f.Mid, f.High = until(points, slope, low, high)
	}
	return f
}

// until gives the days from the last point to full: at the latest, as the line
// goes, at the earliest.
func until(points []Point, slope, low, high float64) (earliest, middle, latest int) {
	last := points[len(points)-1].Day
	rest := make([]float64, len(points))
	for i, p := range points {
		rest[i] = p.Value - slope*float64(p.Day-last)
	}
	slices.Sort(rest)
	in := func(level, slope float64) int {
		days := math.Ceil((1 - level) / slope)
		if !(days <= horizon) {
			return -1
		}
		return max(0, int(days))
	}
	return in(quantile(rest, 0.95), high), in(quantile(rest, 0.5), slope), in(quantile(rest, 0.05), low)
}

// slopes gives the median slope of pairs that lie a multiple of apart days from
// each other, and its interval of 95 %.
func slopes(points []Point, apart int) (mid, low, high float64) {
	var all []float64
	in := map[int]int{} // points of each weekday
	for i, p := range points {
		in[p.Day%apart]++
		for _, q := range points[i+1:] {
			if (q.Day-p.Day)%apart == 0 {
				all = append(all, (q.Value-p.Value)/float64(q.Day-p.Day))
			}
		}
	}
	if len(all) == 0 {
		return 0, math.Inf(-1), math.Inf(1)
	}
	slices.Sort(all)
	mid = quantile(all, 0.5)
	var variance float64
	for _, n := range in {
		n := float64(n)
		variance += n * (n - 1) * (2*n + 5) / 18
	}
	if r := alike(points, mid); r > 0 { // fewer days than there are, for they repeat each other
		variance *= (1 + r) / (1 - r)
	}
	c := 1.96 * math.Sqrt(variance)
	n := float64(len(all))
	at := func(rank float64) float64 { return all[min(max(int(math.Round(rank)), 0), len(all)-1)] }
	low, high = at((n-c)/2-1), at((n+c)/2)
	if c >= n { // so few pairs that they hold every slope
		return mid, math.Inf(-1), math.Inf(1)
	}
	return mid, low, high
}

// alike gives how much days resemble the day before, once the line is taken off:
// the correlation of neighbours, at most 0.9.
func alike(points []Point, slope float64) float64 {
	rest := make([]float64, len(points))
	for i, p := range points {
		rest[i] = p.Value - slope*float64(p.Day-points[0].Day)
	}
	sorted := slices.Sorted(slices.Values(rest))
	level := quantile(sorted, 0.5)
	var same, next float64
	for i := range rest {
		same += (rest[i] - level) * (rest[i] - level)
		if i > 0 && points[i].Day == points[i-1].Day+1 {
			next += (rest[i] - level) * (rest[i-1] - level)
		}
	}
	if same < 1e-12 {
		return 0
	}
	return min(next/same, 0.9)
}

// stepDays is how many days beside a step must agree that it lasted, and stepLeast
// the smallest share that counts as one.
const (
	stepDays  = 3
	stepLeast = 0.04
)

// step gives the place of the first point after the last step that lasted, 0 where
// there is none. A drop that comes again and again is the way of that host and no
// step: files that are cleaned each week.
func step(points []Point) int {
	if len(points) < 2*stepDays {
		return 0
	}
	pace := make([]float64, 0, len(points))
	for i := 1; i < len(points); i++ {
		pace = append(pace, (points[i].Value-points[i-1].Value)/float64(points[i].Day-points[i-1].Day))
	}
	slices.Sort(pace)
	daily := quantile(pace, 0.5)
	moved := func(i int) float64 { // beyond what the line does over a gap
		return points[i].Value - points[i-1].Value - daily*float64(points[i].Day-points[i-1].Day)
	}
	moves := make([]float64, 0, len(points))
	for i := 1; i < len(points); i++ {
		moves = append(moves, math.Abs(moved(i)))
	}
	slices.Sort(moves)
	least := max(stepLeast, 5*quantile(moves, 0.75))
	var cuts []int
	for i := stepDays; i+stepDays <= len(points); i++ {
		move := moved(i)
		if math.Abs(move) < least {
			continue
		}
		lowest := func(part []Point) (lo, hi float64) {
			lo, hi = math.Inf(1), math.Inf(-1)
			for _, p := range part {
				lo, hi = min(lo, p.Value), max(hi, p.Value)
			}
			return lo, hi
		}
		beforeLo, beforeHi := lowest(points[i-stepDays : i])
		afterLo, afterHi := lowest(points[i : i+stepDays])
		if move < 0 && afterHi < beforeLo-least/2 || move > 0 && afterLo > beforeHi+least/2 {
			cuts = append(cuts, i)
		}
	}
	if len(cuts) == 0 {
		return 0
	}
	last := cuts[len(cuts)-1]
	down := points[last].Value < points[last-1].Value
	again := 0
	for _, c := range cuts {
		if (points[c].Value < points[c-1].Value) == down {
			again++
		}
	}
	if again >= 3 {
		return 0
	}
	return last
}

// quantile of sorted values, between neighbours.
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}
