package outcome

import (
	"context"
	"database/sql"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
)

// settled is how far back a fold ends: what is younger may still be on its way.
const settled = 10 * time.Minute

// Fold stores the sums of the steps up to ten minutes ago, from which every
// later count starts. Daily, and after much has changed. It reports whether
// there was anything to fold.
func (s *Service) Fold(ctx context.Context) (bool, error) {
	q := s.cfg.DB.Reader()
	size, err := ledgerSize(ctx, q)
	if err != nil {
		return false, err
	}
	upto := s.cfg.Clock().Add(-settled)
	if waiting, ok, err := firstUnnumbered(ctx, q); err != nil {
		return false, err
	} else if ok && waiting.Add(-settled).Before(upto) {
		upto = waiting.Add(-settled)
	}
	m := moment{valid: clock.Micros(upto), known: size}
	if f, ok, err := foldFor(ctx, q, moment{valid: forever, known: -1}); err != nil || ok && (f.validUpto >= m.valid || f.known == size) {
		return false, err
	}
	totals, err := storedCounts(ctx, q, m) // of entries that are numbered, up to a moment: neither changes any more
	if err != nil || len(totals) == 0 {
		return false, err
	}
	return true, s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error { return insertFold(ctx, tx, m, totals) })
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

// FoldAnew drops all folds and makes new ones: at the end of each week that has
// gone by, and of days that changed much, so that what is known now of any date
// begins near to it. All of them hold what the ledger holds now; what was known
// then is summed from the steps themselves.
func (s *Service) FoldAnew(ctx context.Context) error {
	if err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error { return dropFolds(ctx, tx) }); err != nil {
		return err
	}
	q := s.cfg.DB.Reader()
	first, ok, err := firstStep(ctx, q)
	if err != nil || !ok {
		return err
	}
	size, err := ledgerSize(ctx, q)
	if err != nil {
		return err
	}
	end := s.cfg.Clock().Add(-settled)
	if waiting, ok, err := firstUnnumbered(ctx, q); err != nil {
		return err
	} else if ok && waiting.Add(-settled).Before(end) {
		end = waiting.Add(-settled)
	}
	const day = 24 * time.Hour
	last := clock.Micros(first) - 1
	for t, n := first.UTC().Truncate(day).Add(day), 1; t.Before(end); t, n = t.Add(day), n+1 {
		m := moment{valid: clock.Micros(t), known: size}
		changed, err := countSteps(ctx, q, last, m.valid, largeFold)
		if err != nil {
			return err
		}
		if n%7 != 0 && changed < largeFold {
			continue
		}
		totals, err := storedCounts(ctx, q, m)
		if err != nil {
			return err
		}
		if err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error { return insertFold(ctx, tx, m, totals) }); err != nil {
			return err
		}
		last = m.valid
	}
	_, err = s.Fold(ctx)
	return err
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
