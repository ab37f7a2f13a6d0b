package simulation

import (
	"time"

	"github.com/attesta/attesta/internal/base/fault"
)

// Plan says what kind of history is made.
type Plan struct {
	Hosts int
	Days  int
	Seed  uint64
	End   time.Time     // the last moment; the first day is Days before
	Beat  time.Duration // between heartbeats; 0: six hours up to 100 hosts, a day up to 1,000, a week above
	Drift float64       // settings that drift on a host in a week, on average; 0: 0.6
	Flap  float64       // short failures of its one weak spot on a host in a week; 0: 0.5
}

// Small is twelve hosts over ninety days: for tests and pictures, in seconds.
func Small(end time.Time) Plan { return Plan{Hosts: 12, Days: 90, Seed: 1, End: end} }

// Large is what the benchmarks of lists and posture ask for: ten thousand
// hosts over a year.
func Large(end time.Time) Plan {
	return Plan{Hosts: 10_000, Days: 365, Seed: 1, End: end, Drift: 1, Flap: 1}
}

// filled gives the plan with its defaults, or what is wrong with it.
func (p Plan) filled() (Plan, error) {
	switch {
	case p.Hosts < 1 || p.Hosts > 100_000:
		return p, fault.New(fault.Invalid, "%d hosts cannot be simulated", p.Hosts).At("", 0, "hosts").WithHint("1 to 100,000")
	case p.Days < 2 || p.Days > 3*366:
		return p, fault.New(fault.Invalid, "%d days cannot be simulated", p.Days).At("", 0, "days").WithHint("2 days to three years")
	case p.End.IsZero():
		return p, fault.New(fault.Internal, "simulation.Plan needs an end")
	}
	p.End = p.End.UTC().Truncate(time.Microsecond)
	if p.Beat == 0 {
		switch {
		case p.Hosts <= 100:
			p.Beat = 6 * time.Hour
		case p.Hosts <= 1000:
			p.Beat = 24 * time.Hour
		default:
			p.Beat = 7 * 24 * time.Hour
		}
	}
	if p.Drift == 0 {
		p.Drift = 0.6
	}
	if p.Flap == 0 {
		p.Flap = 0.5
	}
	return p, nil
}

// start is 00:00 UTC of the first day.
func (p Plan) start() time.Time {
	y, m, d := p.End.AddDate(0, 0, -p.Days).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// Start gives when the history begins.
func (p Plan) Start() time.Time { return p.start() }

// off reports a day on which nobody works: nothing is mended, little changes.
func off(day time.Time) bool {
	if w := day.Weekday(); w == time.Saturday || w == time.Sunday {
		return true
	}
	switch m, d := day.Month(), day.Day(); {
	case m == time.December && d >= 23, m == time.January && d <= 2, m == time.May && d == 1:
		return true
	}
	return false
}

// patchDay is the second Tuesday of the month.
func patchDay(day time.Time) bool {
	return day.Weekday() == time.Tuesday && day.Day() > 7 && day.Day() <= 14
}
