package outcome

import (
	"context"
	"database/sql"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/ledger"
)

// settled is how far back a fold ends: what is younger may still be on its way.
const settled = 10 * time.Minute

// Fold stores the sums of the steps up to ten minutes ago, from which every
// later count starts, and brings older folds up to what became known of their
// time since. Daily, and after much has changed. It reports whether there was
// anything to fold.
func (s *Service) Fold(ctx context.Context) (bool, error) {
	q := s.cfg.DB.Reader()
	size, err := ledgerSize(ctx, q)
	if err != nil {
		return false, err
	}
	upto, err := s.foldable(ctx)
	if err != nil {
		return false, err
	}
	last, any, err := foldFor(ctx, q, moment{valid: forever, known: -1})
	if err != nil {
		return false, err
	}
	if any && (last.validUpto >= upto || last.known == size) {
		return false, nil
	}
	if !any { // none yet, or a new version of the program dropped them
		if err := s.foldDays(ctx, upto); err != nil {
			return false, err
		}
	}
	m := moment{valid: upto, known: size}
	totals, err := storedTotals(ctx, q, m, nil, true) // of entries that are numbered, up to a moment: neither changes any more
	if err != nil || len(totals) == 0 {
		return false, err
	}
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		_, err := insertFold(ctx, tx, m, false, totals)
		return err
	})
	if err != nil {
		return false, err
	}
	return true, s.refold(ctx, size)
}

// foldable gives up to when steps can be folded: younger ones may be on their way.
func (s *Service) foldable(ctx context.Context) (int64, error) {
	upto := s.cfg.Clock().Add(-settled)
	waiting, ok, err := firstUnnumbered(ctx, s.cfg.DB.Reader())
	if ok && waiting.Add(-settled).Before(upto) {
		upto = waiting.Add(-settled)
	}
	return clock.Micros(upto), err
}

// refold gives every fold a twin that holds what is known of the same moment by
// now, so that a question about the past need not add up all that came late. Of
// those before the first late step since the last time only the size moves on.
func (s *Service) refold(ctx context.Context, size int64) error {
	q := s.cfg.DB.Reader()
	twins, err := twinsOf(ctx, q)
	if err != nil || len(twins) == 0 {
		return err
	}
	from := int64(forever) // twins from here on are computed again
	known := size
	for _, t := range twins {
		if t.again.no != 0 {
			known = min(known, t.again.known)
		} else if t.then.known < size {
			known = min(known, t.then.known)
		}
	}
	if known < size {
		if from, err = firstLate(ctx, q, known, size); err != nil {
			return err
		}
	}
	if err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error { return moveFolds(ctx, tx, from, size) }); err != nil {
		return err
	}
	var base *fold
	for _, t := range twins {
		m := moment{valid: t.then.validUpto, known: size}
		switch {
		case t.again.no == 0 && t.then.known == size:
			base = &t.then
		case t.again.no != 0 && (m.valid < from || t.again.known == size):
			base = &fold{t.again.no, m.valid, size}
		default:
			if err := s.renew(ctx, t, &base, m, m.valid < from); err != nil {
				return err
			}
		}
	}
	return nil
}

// renew gives a fold its later twin, computed from base on where anything of its
// time became known, and makes it the base of the next.
func (s *Service) renew(ctx context.Context, t twins, base **fold, m moment, same bool) error {
	if same {
		return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) (err error) {
			*base, err = copyFold(ctx, tx, t.then, m.known)
			return err
		})
	}
	totals, err := totalsFrom(ctx, s.cfg.DB.Reader(), *base, m, nil, true)
	if err != nil {
		return err
	}
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) (err error) {
		if err := dropFold(ctx, tx, t.again.no); err != nil {
			return err
		}
		*base, err = insertFold(ctx, tx, m, true, totals)
		return err
	})
}

// largeFold is how many steps are worth a fold before its time.
const largeFold = 20_000

// FoldWhenLarge folds when many steps have come since the last fold: after a
// fleet was enrolled, or a standard was installed. It costs little to ask.
func (s *Service) FoldWhenLarge(ctx context.Context) (bool, error) {
	q := s.cfg.DB.Reader()
	last, _, err := foldFor(ctx, q, moment{valid: forever, known: -1})
	if err != nil {
		return false, err
	}
	upto := clock.Micros(s.cfg.Clock().Add(-settled))
	if n, err := countSteps(ctx, q, last.validUpto, upto, largeFold); err != nil || n < largeFold {
		return false, err
	}
	return s.Fold(ctx)
}

// Rebuild computes the steps again from the outcomes, puts right those that
// differ, and gives how many did. progress may be nil.
func (s *Service) Rebuild(ctx context.Context, progress func(done, total int)) (differed int64, err error) {
	known, err := items(ctx, s.cfg.DB.Reader(), "")
	if err != nil {
		return 0, err
	}
	for i, no := range sortedNos(known) {
		var n int64
		err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
			var err error
			n, err = rebuildItem(ctx, tx, no)
			return err
		})
		if err != nil {
			return differed, err
		}
		differed += n
		if progress != nil {
			progress(i+1, len(known))
		}
	}
	var stray int64
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		var err error
		if stray, err = dropStraySteps(ctx, tx); err != nil {
			return err
		}
		return dropFolds(ctx, tx)
	})
	if err != nil {
		return differed, err
	}
	differed += stray
	return differed, s.FoldAnew(ctx)
}

// FoldAnew drops all folds and makes new ones, at the end of each day that has
// gone by: of what was known then, and of what is known now.
func (s *Service) FoldAnew(ctx context.Context) error {
	if err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error { return dropFolds(ctx, tx) }); err != nil {
		return err
	}
	_, err := s.Fold(ctx)
	return err
}

// foldDays makes a fold at the end of each day before a moment that changed
// anything, of what was known then.
func (s *Service) foldDays(ctx context.Context, end int64) error {
	q := s.cfg.DB.Reader()
	first, ok, err := firstStep(ctx, q)
	if err != nil || !ok {
		return err
	}
	const day = 24 * time.Hour
	var base *fold
	for t := first.UTC().Truncate(day).Add(day); clock.Micros(t) < end; t = t.Add(day) {
		m := moment{valid: clock.Micros(t)}
		if m.known, err = ledger.IndexAt(ctx, q, t.Add(settled)); err != nil {
			return err
		}
		changed, err := countSteps(ctx, q, beginOf(base), m.valid, 1)
		if err != nil {
			return err
		}
		if changed == 0 {
			continue
		}
		totals, err := totalsFrom(ctx, q, base, m, nil, true)
		if err != nil {
			return err
		}
		err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) (err error) {
			if err := markLate(ctx, tx, beginOf(base), m); err != nil {
				return err
			}
			base, err = insertFold(ctx, tx, m, false, totals)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func beginOf(f *fold) int64 {
	if f == nil {
		return 0
	}
	return f.validUpto
}

// history is the rows of one attribute of an item, in order of runs.
type history struct {
	attributeNo int64
	rows        []stored
}

// replay gives the steps that each run must have: what its rows changed of the
// step function that all runs before it had made.
func (h history) replay(into map[int64]map[stepKey]Counts) {
	var so []stored // in order of (validFrom, runNo)
	for i := 0; i < len(h.rows); {
		run := h.rows[i].runNo
		before := jumps(so)
		for ; i < len(h.rows) && h.rows[i].runNo == run; i++ {
			at := len(so)
			for at > 0 && so[at-1].validFrom > h.rows[i].validFrom {
				at--
			}
			so = append(so, stored{})
			copy(so[at+1:], so[at:])
			so[at] = h.rows[i]
		}
		steps := into[run]
		if steps == nil {
			steps = map[stepKey]Counts{}
			into[run] = steps
		}
		for _, d := range jumps(so) {
			k := stepKey{h.attributeNo, d.at}
			steps[k] = steps[k].Plus(d.count)
		}
		for _, d := range before {
			k := stepKey{h.attributeNo, d.at}
			steps[k] = steps[k].minus(d.count)
		}
	}
}
