package outcome

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/ledger"
)

// Interval is a stretch in which a source, or one of its sections, was observed
// (or, from Gaps, was not).
type Interval struct {
	From, To time.Time // To: the last observation, or the next one where it is a gap
	Open     bool      // it lasts at the time of reading
	Reason   string    // of a gap, in plain words
}

// catchUp is how long an interval that is filled in afterwards grows before a
// new row begins: so long is it uncertain, within such a row, when a part of it
// became known.
const catchUp = 10 * time.Minute

// Heard says that a source was observed at a moment, in the caller's
// transaction. An interval that is filled in afterwards changes what is known of
// the past: its beginning is a ledger entry. What is heard at once is none.
func (s *Service) Heard(ctx context.Context, tx *sql.Tx, source string, at, received time.Time) error {
	q := s.prepared.Within(tx)
	last, ok, err := intervalBefore(ctx, q, source, clock.Micros(at))
	if err != nil {
		return err
	}
	afterwards := received.Sub(at) > s.cfg.Grace
	if ok {
		gap := at.Sub(last.to)
		sameKind := afterwards == (last.entry != "") && (!afterwards || received.Sub(last.recorded) <= catchUp)
		switch {
		case gap <= 0:
			return nil
		case gap <= s.cfg.Grace && sameKind:
			if err := late(ctx, q, source, at, received); err != nil {
				return err
			}
			return extendInterval(ctx, q, source, last, at)
		}
	}
	entry := ""
	if afterwards {
		entry, err = s.cfg.Ledger.Append(ctx, tx, ledger.Entry{Type: "coverage.late", Stream: "source/" + source, Actor: source, Subject: source,
			Data: map[string]any{"from": at}})
		if err != nil {
			return err
		}
	}
	if err := late(ctx, q, source, at, received); err != nil {
		return err
	}
	return insertInterval(ctx, q, source, at, received, entry)
}

// Missed says that a source that was heard said nothing usable of a section
// from a moment on.
func (s *Service) Missed(ctx context.Context, tx *sql.Tx, source, section string, from time.Time, reason string) error {
	return openGap(ctx, tx, source, section, from, s.cfg.Clock(), reason)
}

// Regained ends what Missed began.
func (s *Service) Regained(ctx context.Context, tx *sql.Tx, source, section string, at time.Time) error {
	return closeGap(ctx, tx, source, section, at, s.cfg.Clock())
}

// Covered reports whether a section of a source was observed at a moment;
// section "" asks about the source.
func (s *Service) Covered(ctx context.Context, source, section string, at At) (bool, error) {
	m := s.moment(at)
	sil, err := s.silence(ctx, m, source)
	if err != nil {
		return false, err
	}
	return !sil.of(source, []string{section}), nil
}

// Coverage gives the intervals in which a source (section "") or a section was
// observed that meet [from, to), in order, as known now. Stretches of silence
// up to the grace count as observed.
func (s *Service) Coverage(ctx context.Context, source, section string, from, to time.Time) ([]Interval, error) {
	q := s.cfg.DB.Reader()
	rows, err := intervals(ctx, q, source, clock.Micros(from)-s.cfg.Grace.Microseconds(), clock.Micros(to))
	if err != nil {
		return nil, err
	}
	var heard []Interval
	for _, r := range rows {
		if n := len(heard); n > 0 && r.from.Sub(heard[n-1].To) <= s.cfg.Grace {
			if r.to.After(heard[n-1].To) {
				heard[n-1].To = r.to
			}
			continue
		}
		heard = append(heard, Interval{From: r.from, To: r.to})
	}
	now := s.cfg.Clock()
	if n := len(heard); n > 0 {
		heard[n-1].Open = now.Sub(heard[n-1].To) <= s.cfg.Grace
	}
	if section == "" {
		return heard, nil
	}
	gaps, err := gapsOf(ctx, q, source, section)
	if err != nil {
		return nil, err
	}
	for _, g := range gaps {
		heard = without(heard, g)
	}
	return heard, nil
}

// without takes a gap out of intervals.
func without(all []Interval, gap Interval) []Interval {
	var out []Interval
	for _, i := range all {
		if !gap.From.Before(i.To) && !(gap.Open && i.Open) || !gap.To.After(i.From) && !gap.Open {
			out = append(out, i)
			continue
		}
		if gap.From.After(i.From) {
			out = append(out, Interval{From: i.From, To: gap.From})
		}
		if !gap.Open && (gap.To.Before(i.To) || i.Open && gap.To.Equal(i.To)) {
			out = append(out, Interval{From: gap.To, To: i.To, Open: i.Open})
		}
	}
	return out
}

// Gaps gives the stretches of [from, to) in which a source (section "") or a
// section was not observed, in order, as known now. Before its first message a
// source has no gaps: it did not exist.
func (s *Service) Gaps(ctx context.Context, source, section string, from, to time.Time) ([]Interval, error) {
	if now := s.cfg.Clock(); to.After(now) {
		to = now
	}
	heard, err := s.Coverage(ctx, source, section, from, to)
	if err != nil {
		return nil, err
	}
	first, ok, err := firstHeard(ctx, s.cfg.DB.Reader(), source)
	if err != nil || !ok {
		return nil, err
	}
	if first.After(from) {
		from = first
	}
	gaps, err := gapsOf(ctx, s.cfg.DB.Reader(), source, section)
	if err != nil {
		return nil, err
	}
	var out []Interval
	add := func(a, b time.Time, open bool) {
		if !b.After(a) {
			return
		}
		reason := "nothing was heard of the source"
		if i := slices.IndexFunc(gaps, func(g Interval) bool { return !g.From.After(a) && (g.Open || g.To.After(a)) }); i >= 0 {
			reason = gaps[i].Reason
		}
		out = append(out, Interval{From: a, To: b, Open: open, Reason: reason})
	}
	at := from
	for _, h := range heard {
		if h.From.After(at) {
			add(at, h.From, false)
		}
		if end := h.To; h.Open {
			at = to
		} else if end.After(at) {
			at = end
		}
	}
	if at.Before(to) && (len(heard) == 0 || to.Sub(at) > s.cfg.Grace || section != "") {
		add(at, to, true)
	}
	return out, nil
}

// HeardWithin gives the first and the last moment of [from, to) at which any
// source was heard, and how many sources were; zero times where none was.
func (s *Service) HeardWithin(ctx context.Context, from, to time.Time) (first, last time.Time, sources int, err error) {
	return heardWithin(ctx, s.cfg.DB.Reader(), clock.Micros(from), clock.Micros(to))
}
