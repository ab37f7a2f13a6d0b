package posture

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/trail"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/program/evidence"
	"github.com/attesta/attesta/internal/program/instance"
)

// Statuses over time are kept as step functions, derived once and read again
// for as long as nothing became known late. Each answer looks first at what they
// were derived from: where that is another now, what was kept from there on is
// not used, and Keep derives it anew. A property test holds what is read against
// what is computed.

// closedAfter is how long after a moment its statuses are kept: by then every
// transaction that judged it in time has ended, and what comes later says so.
const closedAfter = time.Hour

// stretchOfDeltas is how much time is derived in one go: it bounds memory.
const stretchOfDeltas = 14 * 24 * time.Hour

// ground is what kept statuses were derived from.
type ground struct {
	Rule     int             `json:"rule"`     // raised when the derivation itself changes
	Grace    int64           `json:"grace"`    // µs
	Sections string          `json:"sections"` // digest over what attributes read: it decides which silence concerns them
	Turns    []reason        `json:"turns"`    // changes of programme, standards and instances
	Late     map[int64]int64 `json:"late"`     // what became known late, by day
}

// rule is the version of the derivation in this package: raise it when the same
// records give other statuses than before.
const rule = 1

// reason is a change of what rests on what, or of what people performed.
type reason struct {
	At   int64  `json:"at"`
	What string `json:"what"`
}

// records is what statuses are derived from beside outcomes and coverage, as it
// is known now.
type records struct {
	program   *control.Program
	book      *instance.Book
	performed performances
	turns     []turn // of performed, over all of the time up to now
	ground    ground
}

// records reads them. Read them before the outcomes: what comes in between is
// then late.
func (s *Service) records(ctx context.Context) (records, error) {
	var r records
	g := ground{Rule: rule, Grace: s.cfg.Outcomes.Grace().Microseconds()}
	var err error
	if g.Late, err = trail.Late(ctx, s.cfg.DB.Reader()); err != nil {
		return r, err
	}
	program, err := control.Load(ctx, s.cfg.DB.Reader())
	if err != nil {
		return r, err
	}
	book, err := evidence.LoadBook(ctx, s.cfg.DB.Reader())
	if err != nil {
		return r, err
	}
	now := s.cfg.Clock()
	begin := now
	for _, c := range program.Controls {
		if at := c.History[0].Effective.Add(-time.Microsecond); at.Before(begin) {
			begin = at
		}
	}
	r.program, r.book, r.performed = program, book, newPerformances(program, book, begin, now)
	r.turns = r.performed.turns(begin, now)
	for _, t := range r.turns {
		g.Turns = append(g.Turns, reason{clock.Micros(t.at), fmt.Sprintf("instances of %s %s", program.Controls[t.control].Slug, t.status)})
	}
	for _, c := range program.Controls {
		for _, v := range c.History {
			g.Turns = append(g.Turns, reason{clock.Micros(v.Effective), fmt.Sprintf("control %s %d %s %s", c.Slug, v.Seq, v.State, v.Digest)})
		}
	}
	for _, v := range program.Scopes {
		if v.Approved() {
			g.Turns = append(g.Turns, reason{clock.Micros(v.Effective), fmt.Sprintf("scope %d %s", v.Version, v.Digest)})
		}
	}
	standards, err := standardChanges(ctx, s.cfg.DB.Reader())
	if err != nil {
		return r, err
	}
	g.Turns = append(g.Turns, standards...)
	slices.SortFunc(g.Turns, reason.compare)
	attributes, err := attributeKeys(ctx, s.cfg.DB.Reader())
	if err != nil {
		return r, err
	}
	h := sha256.New()
	for _, no := range slices.Sorted(maps.Keys(attributes)) {
		a := attributes[no]
		fmt.Fprintf(h, "%d %s %s %q\n", no, a.key.check, a.key.attribute, a.sections)
	}
	g.Sections = hex.EncodeToString(h.Sum(nil)[:8])
	r.ground = g
	return r, nil
}

func (t reason) compare(o reason) int {
	if d := compare(t.At, o.At); d != 0 {
		return d
	}
	switch {
	case t.What < o.What:
		return -1
	case t.What > o.What:
		return 1
	}
	return 0
}

// endless is after every moment.
const endless = int64(1) << 62

// holds gives up to when (µs, exclusive) what was derived from old still holds.
func (g ground) holds(old ground) int64 {
	if g.Rule != old.Rule || g.Grace != old.Grace || g.Sections != old.Sections {
		return 0
	}
	until := endless
	for a, b := g.Turns, old.Turns; ; a, b = a[1:], b[1:] {
		if len(a) > 0 && len(b) > 0 && a[0] == b[0] {
			continue
		}
		if len(a) > 0 {
			until = min(until, a[0].At)
		}
		if len(b) > 0 {
			until = min(until, b[0].At)
		}
		break
	}
	for _, late := range []map[int64]int64{g.Late, old.Late} {
		for day := range late {
			if g.Late[day] != old.Late[day] {
				until = min(until, day)
			}
		}
	}
	return until
}

// kept is what stands in the store of statuses up to a moment.
type kept struct {
	upto   int64 // µs, exclusive; 0: nothing is kept
	ground ground
}

// usable gives up to when what is kept may be read, for what holds now.
func (k kept) usable(now ground) int64 { return min(k.upto, now.holds(k.ground)) }

// deriving walks statuses over [from, to) µs: what differs from prior, and the
// coverage that differs from cover, is told. done is called at the end of each
// stretch with its end; it may be nil, as may covered.
func (s *Service) deriving(ctx context.Context, r records, from, to int64, prior map[Subject]Status, cover map[string]Coverage,
	tell func(Subject, Step), covered func(coveredDay), done func(upto int64) error) error {
	h := history{program: r.program, performed: r.performed, counts: map[key]Counts{}, known: maps.Clone(prior), cover: maps.Clone(cover)}
	var err error
	if h.sets, h.turns, err = s.turns(ctx, r.program); err != nil {
		return err
	}
	before := clock.FromMicros(from - 1)
	h.performances = r.turns[after(r.turns, before, func(t turn) time.Time { return t.at }):]
	counts, err := s.cfg.Outcomes.Counts(ctx, outcome.At{Valid: before, Known: -1})
	if err != nil {
		return err
	}
	for _, c := range counts {
		h.counts[key{c.Check, c.Attribute}] = Counts(c.Counts)
	}
	if err := h.begin(before, tell); err != nil {
		return err
	}
	for from < to {
		next := min(to, dayOf(from)+stretchOfDeltas.Microseconds())
		if h.deltas, err = s.deltas(ctx, from-1, next-1); err != nil {
			return err
		}
		if err := h.walk(clock.FromMicros(next-1), tell, covered); err != nil {
			return err
		}
		if done != nil {
			if err := done(next); err != nil {
				return err
			}
		}
		from = next
	}
	return nil
}

// dayOf gives 00:00 UTC of a moment's day.
func dayOf(us int64) int64 {
	const day = int64(24 * time.Hour / time.Microsecond)
	return us - ((us%day)+day)%day
}

// deltas gives the changes of counts with from < at <= to, silence included.
func (s *Service) deltas(ctx context.Context, from, to int64) ([]delta, error) {
	steps, err := s.cfg.Outcomes.Steps(ctx, clock.FromMicros(from), clock.FromMicros(to), -1)
	if err != nil {
		return nil, err
	}
	out, err := silences(ctx, s.cfg.DB.Reader(), from, to, s.cfg.Outcomes.Grace().Microseconds())
	if err != nil {
		return nil, err
	}
	out = slices.Grow(out, len(steps))
	for _, d := range steps {
		out = append(out, delta{d.At, key{d.Check, d.Attribute}, Counts(d.Delta)})
	}
	slices.SortStableFunc(out, func(a, b delta) int { return a.at.Compare(b.at) })
	return out, nil
}

// first gives the first moment of which anything is known; false when nothing is.
func (s *Service) first(ctx context.Context, g ground) (int64, bool, error) {
	at, ok, err := firstRecord(ctx, s.cfg.DB.Reader())
	if err != nil {
		return 0, false, err
	}
	if len(g.Turns) > 0 && (!ok || g.Turns[0].At < at) {
		at, ok = g.Turns[0].At, true
	}
	return at, ok, nil
}

// Keep derives the statuses of what is past and has not been derived, or was
// derived from what is known otherwise now, and stores them. A job calls it
// every few minutes; what it has not reached yet is computed when it is asked
// for. progress may be nil.
func (s *Service) Keep(ctx context.Context, progress func(upto time.Time)) error {
	rec, err := s.records(ctx)
	if err != nil {
		return err
	}
	g := rec.ground
	var prior priorState
	have, err := s.stored(ctx, g, &prior, "", 0)
	if err != nil {
		return err
	}
	to := clock.Micros(s.cfg.Clock().Add(-closedAfter))
	from, since := have, false
	if from == 0 {
		var ok bool
		if from, ok, err = s.first(ctx, g); err != nil || !ok {
			return err
		}
		since = true
	}
	if from >= to {
		return nil
	}
	raw, err := json.Marshal(g)
	if err != nil {
		return fmt.Errorf("write down what statuses rest on: %w", err)
	}
	cut := have
	var steps []keptStep
	var days []coveredDay
	return s.deriving(ctx, rec, from, to, prior.statuses, prior.cover, func(sub Subject, st Step) {
		at := clock.Micros(st.At)
		if since && at < from {
			at = 0 // as it was before anything was known
		}
		steps = append(steps, keptStep{sub, at, st.Status})
	}, func(d coveredDay) { days = append(days, d) }, func(upto int64) error {
		err := s.replace(ctx, cut, upto, string(raw), steps, days)
		cut, steps, days = upto, steps[:0], days[:0]
		if err == nil && progress != nil {
			progress(clock.FromMicros(upto))
		}
		return err
	})
}

// Forget drops what is kept, so that Keep derives all of it again.
func (s *Service) Forget(ctx context.Context) error { return s.forget(ctx) }

// Timelines gives the statuses of all subjects of a kind over [from, to), as
// known now: of each its steps, the first of which says how it began.
func (s *Service) Timelines(ctx context.Context, kind Kind, from, to time.Time) (map[string][]Step, error) {
	if !from.Before(to) {
		return nil, fault.New(fault.Invalid, "the period ends before it begins").At("", 0, "to").WithHint("choose an end after %s", from.Format(time.DateOnly))
	}
	rec, err := s.records(ctx)
	if err != nil {
		return nil, err
	}
	return s.timelines(ctx, rec, kind, from, to)
}

func (s *Service) timelines(ctx context.Context, rec records, kind Kind, from, to time.Time) (map[string][]Step, error) {
	out := map[string][]Step{}
	add := func(id string, st Step) {
		all := out[id]
		n := len(all)
		switch {
		case n > 0 && all[n-1].Status == st.Status:
			return
		case n > 0 && !st.At.After(all[n-1].At): // the same instant, or both before the period
			all[n-1] = st
		case n > 0 && !st.At.After(from):
			all[n-1] = st
		default:
			all = append(all, st)
		}
		out[id] = all
	}
	if now := s.cfg.Clock(); to.After(now) {
		to = now.Add(time.Microsecond)
	}
	start, end := clock.Micros(from), clock.Micros(to)
	if start >= end {
		return out, nil
	}
	var prior priorState
	have, err := s.stored(ctx, rec.ground, &prior, kind, end)
	if err != nil {
		return nil, err
	}
	tail := have
	if have <= start {
		prior, tail = priorState{}, start+1 // so that the state at start itself is told
	}
	for _, st := range prior.steps {
		add(st.subject.ID, Step{clock.FromMicros(st.at), st.status})
	}
	if tail < end {
		err = s.deriving(ctx, rec, tail, end, prior.statuses, nil, func(sub Subject, st Step) {
			if sub.Kind == kind {
				add(sub.ID, st)
			}
		}, nil, nil)
	}
	for id, all := range out {
		if all[0].At.Before(from) {
			all[0].At = from
		}
		if all[0].Status == "" { // not in use yet, or no more
			all = all[1:]
		}
		if out[id] = all; len(all) == 0 {
			delete(out, id)
		}
	}
	return out, err
}
