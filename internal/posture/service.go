package posture

import (
	"context"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/program/evidence"
	"github.com/attesta/attesta/internal/program/scope"
)

// read gathers what posture at a moment is derived from.
func (s *Service) read(ctx context.Context, at At) (basis, error) {
	f, err := s.frame(ctx, at)
	if err != nil {
		return f, err
	}
	counts, err := s.cfg.Outcomes.Counts(ctx, outcome.At{Valid: f.valid, Known: f.known})
	f.take(counts)
	return f, err
}

func (f *basis) take(counts []outcome.AttributeCounts) {
	for _, c := range counts {
		f.counts[key{c.Check, c.Attribute}] = Counts(c.Counts)
		if !c.Since.IsZero() {
			f.since[key{c.Check, c.Attribute}] = c.Since
		}
	}
}

// frame is read without the counts.
func (s *Service) frame(ctx context.Context, at At) (basis, error) {
	f := basis{valid: at.Valid, known: at.Known, counts: map[key]Counts{}, since: map[key]time.Time{}}
	now := s.cfg.Clock()
	if f.valid.IsZero() {
		f.valid = now
	}
	if f.valid.After(now) {
		return f, fault.New(fault.Invalid, "%s lies in the future", f.valid.Format(time.RFC3339)).
			At("", 0, "at").WithHint("posture is derived from what was observed; ask for a moment up to now")
	}
	if f.known >= 0 {
		size, err := s.KnownThen(ctx, now)
		if err != nil {
			return f, err
		}
		if f.known > size {
			return f, fault.New(fault.Invalid, "the ledger has %d entries; nothing is known as of %d", size, f.known).
				At("", 0, "known").WithHint("give an index up to %d, or leave it out for everything known now", size)
		}
	}
	var err error
	if f.program, err = control.Load(ctx, s.cfg.DB.Reader()); err != nil {
		return f, err
	}
	if f.book, err = evidence.LoadBook(ctx, s.cfg.DB.Reader()); err != nil {
		return f, err
	}
	if f.set, err = s.cfg.Standards.SetAt(ctx, f.valid); err != nil {
		return f, err
	}
	f.lastRuns, err = s.cfg.Outcomes.LastRuns(ctx, outcome.At{Valid: f.valid, Known: f.known})
	return f, err
}

// KnownThen gives the ledger size that bounds what was known at t: that of the
// last checkpoint at or before it. Put it into At.Known for "as known then".
func (s *Service) KnownThen(ctx context.Context, t time.Time) (int64, error) {
	return ledger.IndexAt(ctx, s.cfg.DB.Reader(), t)
}

// MomentOf gives when the ledger first had a size, by its checkpoints: the
// moment that "as known then" at that size speaks of. Zero for a size that no
// checkpoint covers.
func (s *Service) MomentOf(ctx context.Context, known int64) (time.Time, error) {
	return checkpointTime(ctx, s.cfg.DB.Reader(), known)
}

// Criteria gives all 61 criteria at one moment.
func (s *Service) Criteria(ctx context.Context, at At) (Snapshot, error) {
	snap, _, err := s.Whole(ctx, at)
	return snap, err
}

// Whole is Criteria with all controls that were in use, by number, from the same
// derivation.
func (s *Service) Whole(ctx context.Context, at At) (Snapshot, []Control, error) {
	f, err := s.read(ctx, at)
	if err != nil {
		return Snapshot{}, nil, err
	}
	d := derive(f)
	snap := Snapshot{At: f.valid, Known: f.known, KnownNow: f.known < 0, Scope: d.scope, Criteria: d.criteria, ByStatus: map[Status]int{}}
	if snap.KnownNow {
		if snap.Known, err = s.KnownThen(ctx, s.cfg.Clock()); err != nil {
			return Snapshot{}, nil, err
		}
	}
	seen := map[string]bool{}
	for _, c := range snap.Criteria {
		snap.ByStatus[c.Status]++
		for _, k := range c.Controls {
			for _, check := range k.Checks {
				if k.Key && !seen[check.ID] {
					seen[check.ID] = true
					snap.Coverage = snap.Coverage.Plus(check.Coverage)
				}
			}
		}
	}
	return snap, d.controls, nil
}

// Criterion gives one criterion with its controls, checks and why; NotFound
// for an id that the catalogue does not hold.
func (s *Service) Criterion(ctx context.Context, id string, at At) (Criterion, error) {
	f, err := s.read(ctx, at)
	if err != nil {
		return Criterion{}, err
	}
	for _, c := range derive(f).criteria {
		if c.ID == id {
			return c, nil
		}
	}
	return Criterion{}, noCriterion(id)
}

// Controls gives all controls that were in use, worst first.
func (s *Service) Controls(ctx context.Context, at At) ([]Control, error) {
	f, err := s.read(ctx, at)
	if err != nil {
		return nil, err
	}
	controls := derive(f).controls
	slices.SortStableFunc(controls, func(a, b Control) int { return b.Status.rank() - a.Status.rank() })
	return controls, nil
}

// Control gives one control by its slug; NotFound where it was not in use.
func (s *Service) Control(ctx context.Context, slug string, at At) (Control, error) {
	f, err := s.read(ctx, at)
	if err != nil {
		return Control{}, err
	}
	for _, c := range derive(f).controls {
		if c.Slug == slug {
			return c, nil
		}
	}
	return Control{}, fault.New(fault.NotFound, "no control %q was in use", slug).WithHint("it may have been adopted later, or retired")
}

// Checks gives all checks of the standards in force, worst first.
func (s *Service) Checks(ctx context.Context, at At) ([]Check, error) {
	f, err := s.read(ctx, at)
	if err != nil {
		return nil, err
	}
	checks := derive(f).checks
	sortChecks(checks)
	return checks, nil
}

// Check gives one check with its failing items; NotFound where no standard in
// force held it.
func (s *Service) Check(ctx context.Context, id string, at At) (Check, error) {
	f, err := s.frame(ctx, at)
	if err != nil {
		return Check{}, err
	}
	counts, rows, err := s.cfg.Outcomes.OfCheck(ctx, id, deviant, outcome.At{Valid: f.valid, Known: f.known}, FailingLimit)
	if err != nil {
		return Check{}, err
	}
	f.take(counts)
	checks := derive(f).checks
	i := slices.IndexFunc(checks, func(c Check) bool { return c.ID == id })
	if i < 0 {
		return Check{}, fault.New(fault.NotFound, "no standard in force held a check %q", id)
	}
	c := checks[i]
	err = s.failing(ctx, &c, rows)
	return c, err
}

// deviant are the outcomes of the items that a check shows one by one.
var deviant = []outcome.Outcome{outcome.Fail, outcome.Waived, outcome.Error, outcome.NotObserved}

// Explained is Criterion with up to limit failing items at each check of its
// controls that does not stand well.
func (s *Service) Explained(ctx context.Context, id string, at At, limit int) (Criterion, error) {
	f, err := s.read(ctx, at)
	if err != nil {
		return Criterion{}, err
	}
	criteria := derive(f).criteria
	i := slices.IndexFunc(criteria, func(c Criterion) bool { return c.ID == id })
	if i < 0 {
		return Criterion{}, noCriterion(id)
	}
	for k := range criteria[i].Controls {
		checks := slices.Clone(criteria[i].Controls[k].Checks) // shared with other criteria
		for j := range checks {
			if checks[j].Status == None {
				continue
			}
			_, rows, err := s.cfg.Outcomes.OfCheck(ctx, checks[j].ID, deviant, outcome.At{Valid: f.valid, Known: f.known}, limit)
			if err != nil {
				return Criterion{}, err
			}
			if err := s.failing(ctx, &checks[j], rows); err != nil {
				return Criterion{}, err
			}
		}
		criteria[i].Controls[k].Checks = checks
	}
	return criteria[i], nil
}

func noCriterion(id string) error {
	return fault.New(fault.NotFound, "there is no criterion %q", id).WithHint("the catalogue goes from CC1.1 to P8.1")
}

// failing adds to a check the first of the items that do not pass.
func (s *Service) failing(ctx context.Context, c *Check, rows []outcome.Row) error {
	if len(rows) == 0 {
		return nil
	}
	open, err := s.cfg.Findings.OpenOf(ctx, c.ID)
	if err != nil {
		return err
	}
	for _, r := range rows {
		item := FailingItem{Item: r.Item, Name: r.ItemName, Attribute: r.Attribute, Outcome: string(r.Outcome),
			Reason: r.Reason, Observed: r.Observed, Since: r.Since, Run: r.Run}
		if r.Inherited {
			item.LastSeen = string(r.Stored)
		}
		if found, ok := open[finding.Key{Check: r.Check, Attribute: r.Attribute, Item: r.Item}]; ok {
			item.Finding, item.FindingID = found.Ref(), found.ID
		}
		c.Failing = append(c.Failing, item)
	}
	c.More = c.Counts.Fail + c.Counts.Waived + c.Counts.Error + c.Counts.NotObserved - int64(len(rows))
	return nil
}

// Weeks gives criteria × weeks over [from, to), as known now. Weeks begin on
// the day of from, at 00:00 in the organisation's zone; at most MaxWeeks.
func (s *Service) Weeks(ctx context.Context, from, to time.Time) (Grid, error) {
	now := s.cfg.Clock()
	rec, err := s.records(ctx)
	if err != nil {
		return Grid{}, err
	}
	program := rec.program
	weeks := weeksOf(from, to, program.ScopeAt(now, -1).Location())
	switch {
	case len(weeks) == 0:
		return Grid{}, fault.New(fault.Invalid, "the period ends before it begins").At("", 0, "to").WithHint("choose an end after %s", from.Format(time.DateOnly))
	case len(weeks) > MaxWeeks:
		return Grid{}, fault.New(fault.Invalid, "the period has %d weeks; at most %d are drawn", len(weeks), MaxWeeks).At("", 0, "to").WithHint("choose a shorter period")
	}
	start, end := weeks[0].Start, weeks[len(weeks)-1].End
	var steps map[string][]Step
	if start.Before(now) {
		if steps, err = s.timelines(ctx, rec, OfCriterion, start, end); err != nil {
			return Grid{}, err
		}
	}
	return gridOf(steps, weeks, now, program.System.Made.At), nil
}

// MaxWeeks is how many weeks a grid has at most: three years.
const MaxWeeks = 158

// turns gives when programme or standards changed, and the standards in force
// at such a moment, each set read once.
func (s *Service) turns(ctx context.Context, program *control.Program) (func(time.Time) (*standard.Set, error), []time.Time, error) {
	var turns []time.Time
	for _, c := range program.Controls {
		for _, v := range c.History {
			turns = append(turns, v.Effective)
		}
	}
	turns = append(turns, scope.Turns(program.Scopes)...)
	changes, err := standardChanges(ctx, s.cfg.DB.Reader())
	if err != nil {
		return nil, nil, err
	}
	var sets []time.Time
	for _, t := range changes {
		sets = append(sets, clock.FromMicros(t.At))
	}
	turns = append(turns, sets...)
	slices.SortFunc(turns, time.Time.Compare)
	slices.SortFunc(sets, time.Time.Compare)
	read := map[int]*standard.Set{} // by the number of changes before
	return func(t time.Time) (*standard.Set, error) {
		n := after(sets, t, func(t time.Time) time.Time { return t })
		if set, ok := read[n]; ok {
			return set, nil
		}
		set, err := s.cfg.Standards.SetAt(ctx, t)
		if err == nil {
			read[n] = set
		}
		return set, err
	}, slices.CompactFunc(turns, time.Time.Equal), nil
}
