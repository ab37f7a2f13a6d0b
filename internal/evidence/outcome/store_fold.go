package outcome

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
)

// ledgerSize is the number of entries that have their place.
func ledgerSize(ctx context.Context, q database.Querier) (int64, error) {
	var n int64
	if err := q.QueryRowContext(ctx, `SELECT COALESCE(MAX(idx) + 1, 0) FROM ledger_entry WHERE idx IS NOT NULL`).Scan(&n); err != nil {
		return 0, fmt.Errorf("size of the ledger: %w", err)
	}
	return n, nil
}

func firstUnnumbered(ctx context.Context, q database.Querier) (time.Time, bool, error) {
	var at sql.NullInt64
	if err := q.QueryRowContext(ctx, `SELECT MIN(at) FROM ledger_entry WHERE idx IS NULL`).Scan(&at); err != nil {
		return time.Time{}, false, fmt.Errorf("find entries that wait: %w", err)
	}
	return clock.FromMicros(at.Int64), at.Valid, nil
}

// countSteps counts the steps with from < valid_from <= upto, up to a limit.
func countSteps(ctx context.Context, q database.Querier, from, upto, limit int64) (n int64, err error) {
	err = q.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT 1 AS one FROM step WHERE valid_from > $1 AND valid_from <= $2 LIMIT $3) counted`, from, upto, limit).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count steps: %w", err)
	}
	return n, nil
}

// insertFold stores what is known of a moment; again says that it was known of
// it before, by fewer entries.
func insertFold(ctx context.Context, tx *sql.Tx, m moment, again bool, totals map[int64]total) (*fold, error) {
	no, err := nextNumber(ctx, tx, "fold")
	if err != nil {
		return nil, err
	}
	twin := 0
	if again {
		twin = 1
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO step_fold (no, valid_upto, known, again) VALUES ($1, $2, $3, $4)`, no, m.valid, m.known, twin); err != nil {
		return nil, fmt.Errorf("store a fold: %w", err)
	}
	var args []any
	for _, attribute := range sortedNos(totals) {
		if c := totals[attribute]; c.Counts != (Counts{}) {
			args = append(args, no, attribute, c.Pass, c.Fail, c.Error, c.NotObserved, c.NotApplicable, c.Waived, c.since)
		}
	}
	err = intoSum.rows(ctx, tx, args)
	if err != nil {
		return nil, fmt.Errorf("store a fold: %w", err)
	}
	return &fold{no, m.valid, m.known}, nil
}

// twins are a fold of what was known then, and one of what was known of the
// same moment later; no 0 where there is none.
type twins struct{ then, again fold }

// twinsOf gives all folds in order of time.
func twinsOf(ctx context.Context, q database.Querier) ([]twins, error) {
	var all []twins
	err := every(ctx, q, "read folds", func(scan scanner) error {
		var f fold
		var again int64
		if err := scan(&f.no, &f.validUpto, &f.known, &again); err != nil {
			return err
		}
		if n := len(all); n > 0 && again == 1 && all[n-1].then.validUpto == f.validUpto {
			all[n-1].again = f
			return nil
		}
		all = append(all, twins{then: f})
		return nil
	}, `SELECT no, valid_upto, known, again FROM step_fold ORDER BY valid_upto, again`)
	return all, err
}

// firstLate gives the first moment of which anything became known late by
// entries from a size on and before another; forever when nothing did.
func firstLate(ctx context.Context, q database.Querier, from, size int64) (int64, error) {
	var at sql.NullInt64
	err := q.QueryRowContext(ctx, `SELECT MIN(s.valid_from) FROM run r JOIN ledger_entry e ON e.id = r.entry_id JOIN step s ON s.run_no = r.no
		WHERE r.late = 1 AND e.idx >= $1 AND e.idx < $2`, from, size).Scan(&at)
	if err != nil {
		return 0, fmt.Errorf("find what became known late: %w", err)
	}
	if !at.Valid {
		return forever, nil
	}
	return at.Int64, nil
}

// moveFolds lets the later twins before a moment hold up to a size, by which
// nothing of their time became known.
func moveFolds(ctx context.Context, tx *sql.Tx, before, size int64) error {
	if _, err := tx.ExecContext(ctx, `UPDATE step_fold SET known = $2 WHERE again = 1 AND valid_upto < $1 AND known < $2`, before, size); err != nil {
		return fmt.Errorf("move folds on: %w", err)
	}
	return nil
}

// copyFold gives a fold its later twin, by whose size nothing of its time became known.
func copyFold(ctx context.Context, tx *sql.Tx, f fold, size int64) (*fold, error) {
	no, err := nextNumber(ctx, tx, "fold")
	if err != nil {
		return nil, err
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO step_fold (no, valid_upto, known, again) VALUES ($1, $2, $3, 1)`, no, f.validUpto, size); err != nil {
		return nil, fmt.Errorf("copy a fold: %w", err)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO step_sum (fold_no, attribute_no, pass, fail, error, not_observed, not_applicable, waived, since)
		SELECT CAST($1 AS BIGINT), attribute_no, pass, fail, error, not_observed, not_applicable, waived, since FROM step_sum WHERE fold_no = $2`, no, f.no)
	if err != nil {
		return nil, fmt.Errorf("copy a fold: %w", err)
	}
	return &fold{no, f.validUpto, size}, nil
}

func dropFold(ctx context.Context, tx *sql.Tx, no int64) error {
	for _, q := range []string{`DELETE FROM step_sum WHERE fold_no = $1`, `DELETE FROM step_fold WHERE no = $1`} {
		if _, err := tx.ExecContext(ctx, q, no); err != nil {
			return fmt.Errorf("drop a fold: %w", err)
		}
	}
	return nil
}

// markLate marks the runs that a fold at m does not hold although they have
// steps between from and m.
func markLate(ctx context.Context, tx *sql.Tx, from int64, m moment) error {
	_, err := tx.ExecContext(ctx, `UPDATE run SET late = 1 WHERE late = 0 AND no IN (SELECT s.run_no FROM step s JOIN run r ON r.no = s.run_no
		LEFT JOIN ledger_entry e ON e.id = r.entry_id WHERE s.valid_from > $1 AND s.valid_from <= $2 AND (e.idx IS NULL OR e.idx >= $3))`, from, m.valid, m.known)
	if err != nil {
		return fmt.Errorf("mark what became known after a fold: %w", err)
	}
	return nil
}

// firstStep gives when the first step is.
func firstStep(ctx context.Context, q database.Querier) (time.Time, bool, error) {
	var at sql.NullInt64
	if err := q.QueryRowContext(ctx, `SELECT MIN(valid_from) FROM step`).Scan(&at); err != nil {
		return time.Time{}, false, fmt.Errorf("find the first step: %w", err)
	}
	return clock.FromMicros(at.Int64), at.Valid, nil
}

// dropStraySteps removes steps of runs that changed no outcome.
func dropStraySteps(ctx context.Context, tx *sql.Tx) (int64, error) {
	r, err := tx.ExecContext(ctx, `DELETE FROM step WHERE NOT EXISTS (SELECT 1 FROM outcome o WHERE o.run_no = step.run_no)`)
	if err != nil {
		return 0, fmt.Errorf("drop stray steps: %w", err)
	}
	return r.RowsAffected()
}

func dropFolds(ctx context.Context, tx *sql.Tx) error {
	for _, q := range []string{`DELETE FROM step_sum`, `DELETE FROM step_fold`} {
		if _, err := tx.ExecContext(ctx, q); err != nil {
			return fmt.Errorf("drop folds: %w", err)
		}
	}
	return nil
}

// rebuildItem replaces the steps of one item's runs that differ from what its
// outcomes say, and gives how many rows that were.
func rebuildItem(ctx context.Context, tx *sql.Tx, itemNo int64) (int64, error) {
	want := map[int64]map[stepKey]Counts{}
	var h history
	err := every(ctx, tx, "read outcomes", func(scan scanner) error {
		var no int64
		var r stored
		if err := scan(&no, &r.validFrom, &r.runNo, &r.outcome); err != nil {
			return err
		}
		if no != h.attributeNo {
			h.replay(want)
			h = history{attributeNo: no}
		}
		h.rows = append(h.rows, r)
		return nil
	}, `SELECT attribute_no, valid_from, run_no, outcome FROM outcome WHERE item_no = $1 ORDER BY attribute_no, run_no, valid_from`, itemNo)
	if err != nil {
		return 0, fmt.Errorf("read outcomes: %w", err)
	}
	h.replay(want)
	var differed int64
	for _, run := range sortedNos(want) {
		have, err := stepsOf(ctx, tx, run)
		if err != nil {
			return 0, err
		}
		n := int64(0)
		for k, c := range want[run] {
			if have[k] != c {
				n++
			}
			delete(have, k)
		}
		if n += int64(len(have)); n == 0 {
			continue
		}
		differed += n
		if _, err := tx.ExecContext(ctx, `DELETE FROM step WHERE run_no = $1`, run); err != nil {
			return 0, fmt.Errorf("replace steps: %w", err)
		}
		if _, err := insertSteps(ctx, tx, run, want[run]); err != nil {
			return 0, err
		}
	}
	return differed, nil
}

func stepsOf(ctx context.Context, q database.Querier, runNo int64) (map[stepKey]Counts, error) {
	all := map[stepKey]Counts{}
	err := every(ctx, q, "read steps", func(scan scanner) error {
		var k stepKey
		var c Counts
		err := scan(append([]any{&k.attributeNo, &k.at}, c.targets()...)...)
		all[k] = c
		return err
	}, `SELECT attribute_no, valid_from, pass, fail, error, not_observed, not_applicable, waived FROM step WHERE run_no = $1`, runNo)
	return all, err
}
