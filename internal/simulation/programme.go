package simulation

import (
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/simulation/upkeep"
	"github.com/attesta/attesta/internal/simulation/years"
)

// storyDays is how long a history has to be for the programme's year: a
// shorter one has hosts, a scope and evidence alone.
const storyDays = 300

// area is a part of the programme with a year of its own; see the package
// comment for how one is added.
type area struct {
	name string
	make func(o *Organisation) error              // its services, on the simulation's clock; nil: it needs none
	year func(o *Organisation, c *calendar) error // what people do of it, and when
}

// areas gives every area, in the order in which things of the same moment happen.
func areas() []area {
	return []area{
		{"people", nil, yearOfPeople},
		{"scope", nil, yearOfScope},
		{"controls", nil, yearOfControls},
		{"policies", makePolicies, yearOfPolicies},
		{"changes", makeChanges, yearOfChanges},
		{"waivers", nil, yearOfWaivers},
		{"exclusions", nil, yearOfExclusions},
		{"populations", makePopulations, yearOfPopulations},
		{"engagements", makeEngagements, yearOfEngagements},
		{"years", nil, nil}, // the areas of package years stand here
		{"itself", nil, yearOfItself},
		{"notices", makeNotices, yearOfNotices},
	}
}

// deed is something that somebody does at a moment of the history.
type deed struct {
	at   time.Time
	day  int    // of the story on which it was meant, where its time of day is not settled; else -1
	what string // for errors: "waivers: W-1 is approved"
	do   func(ctx context.Context) error
}

// calendar takes the deeds of one area. Days count from the first day of the
// history, in a year of 365; in a history of another length they are moved with
// it.
type calendar struct {
	area  string
	plan  Plan
	r     *rand.Rand // the area's own: what is drawn here changes no other area
	deeds *[]deed
}

func newCalendar(name string, p Plan, into *[]deed) *calendar {
	h := fnv.New64a()
	h.Write([]byte(name))
	return &calendar{area: name, plan: p, r: rand.New(rand.NewPCG(p.Seed, h.Sum64())), deeds: into}
}

// day gives 00:00 UTC of a day of the history.
func (c *calendar) day(n int) time.Time {
	return c.plan.start().AddDate(0, 0, n*c.plan.Days/365)
}

// on has somebody do something on a day, or the next on which people work, in
// working hours. What was meant for earlier days comes before it, and on the same
// day what stands before it: areas in their order, deeds as they were written.
func (c *calendar) on(n int, what string, do func(ctx context.Context) error) {
	day, last := c.day(n), c.plan.End.Truncate(24*time.Hour) // the last day may end before its working hours
	for off(day) {
		day = day.AddDate(0, 0, 1)
	}
	if c.day(n).Before(last) {
		for !day.Before(last) || off(day) { // it is done before the days off
			day = day.AddDate(0, 0, -1)
		}
	}
	if day.Before(last) {
		*c.deeds = append(*c.deeds, deed{day, n, c.area + ": " + what, do})
	}
}

// at has something happen at a moment. What lies after the end does not happen.
func (c *calendar) at(t time.Time, what string, do func(ctx context.Context) error) {
	if t.Before(c.plan.End.Add(-2 * time.Minute)) { // after it hosts are heard for the last time
		*c.deeds = append(*c.deeds, deed{t, -1, c.area + ": " + what, do})
	}
}

// daily has something happen each day at a time of the day, on working days only
// where work says so.
func (c *calendar) daily(clock time.Duration, work bool, what string, do func(ctx context.Context) error) {
	for day := c.plan.start(); day.Before(c.plan.End); day = day.AddDate(0, 0, 1) {
		if !work || !off(day) {
			c.at(day.Add(clock), what, do)
		}
	}
}

// programme makes the services of every area and gives what happens, in order.
func (o *Organisation) programme() ([]deed, error) {
	var all []deed
	for _, a := range areas() {
		if a.name == "years" {
			if err := o.years(&all); err != nil {
				return nil, err
			}
			continue
		}
		if a.make != nil {
			if err := a.make(o); err != nil {
				return nil, fmt.Errorf("%s: %w", a.name, err)
			}
		}
		if err := a.year(o, newCalendar(a.name, o.Plan, &all)); err != nil {
			return nil, fmt.Errorf("%s: %w", a.name, err)
		}
	}
	settle(all, o.Plan.Seed)
	return all, nil
}

// years makes the services of the areas of package years, on a stage of what
// there is by now, and takes their deeds.
func (o *Organisation) years(into *[]deed) error {
	from, to := o.window()
	o.Stage = &years.Stage{DB: o.cfg.DB, Ledger: o.cfg.Ledger, Blobs: o.cfg.Blobs, Papers: o.cfg.Evidence, Key: o.cfg.Key, Data: o.cfg.Data, Clock: o.clock.Now, Set: o.set, Quiet: o.quiet,
		Start: o.Plan.start(), End: o.Plan.End, AsOf: o.asOf(), From: from, To: to, Cast: o.cast, Access: o.Access, Standards: o.Standards, Outcomes: o.Outcomes, Findings: o.Findings, Hosts: o.Hosts,
		Controls: o.Controls, Scopes: o.Scopes, Evidence: o.Evidence, Policies: o.Policies, Changes: o.Changes, Waivers: o.Waivers, Exclusions: o.Exclusions, Populations: o.Populations, Engagements: o.Engagements, Instances: o.Instances}
	for _, a := range append(years.Areas(), upkeep.Areas()...) {
		if a.Make != nil {
			if err := a.Make(o.Stage); err != nil {
				return fmt.Errorf("%s: %w", a.Name, err)
			}
		}
		c := newCalendar(a.Name, o.Plan, into)
		if err := a.Year(o.Stage, &years.Calendar{Days: o.Plan.Days, R: c.r, On: c.on, At: c.at, Daily: c.daily, Day: c.day}); err != nil {
			return fmt.Errorf("%s: %w", a.Name, err)
		}
	}
	return nil
}

// settle gives each deed its time of day, and puts all in order.
func settle(all []deed, seed uint64) {
	days := map[int64][]*deed{}
	for i := range all {
		if d := &all[i]; d.day >= 0 {
			days[d.at.Unix()] = append(days[d.at.Unix()], d)
		}
	}
	for day, list := range days {
		r := rand.New(rand.NewPCG(seed, uint64(day)))
		slices.SortStableFunc(list, func(a, b *deed) int { return a.day - b.day })
		after := make([]int, len(list)) // seconds from the beginning of the working day
		for i := range after {
			after[i] = r.IntN(9 * 3600)
		}
		slices.Sort(after)
		for i, d := range list {
			d.at = d.at.Add(8*time.Hour + 30*time.Minute + time.Duration(after[i])*time.Second + time.Duration(i)*time.Millisecond)
		}
	}
	slices.SortStableFunc(all, func(a, b deed) int { return a.at.Compare(b.at) })
}

// live lets messages arrive and people do what they do up to a moment, each in
// its time.
func (o *Organisation) live(ctx context.Context, all []message, to time.Time, sum *Summary) error {
	for len(o.deeds) > 0 && o.deeds[0].at.Before(to) {
		d := o.deeds[0]
		o.deeds = o.deeds[1:]
		n, _ := slices.BinarySearchFunc(all, d.at, func(m message, t time.Time) int { return m.received.Compare(t) })
		if err := o.receive(ctx, all[:n], sum); err != nil {
			return err
		}
		all = all[n:]
		o.set(d.at)
		if err := d.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", d.what, err)
		}
	}
	return o.receive(ctx, all, sum)
}
