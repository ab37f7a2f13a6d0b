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

func insertFold(ctx context.Context, tx *sql.Tx, m moment, totals map[int64]Counts) error {
	no, err := nextNumber(ctx, tx, "fold")
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO step_fold (no, valid_upto, known) VALUES ($1, $2, $3)`, no, m.valid, m.known); err != nil {
		return fmt.Errorf("store a fold: %w", err)
	}
	var args []any
	for _, attribute := range sortedNos(totals) {
		if c := totals[attribute]; c != (Counts{}) {
			args = append(args, no, attribute, c.Pass, c.Fail, c.Error, c.NotObserved, c.NotApplicable, c.Waived)
		}
	}
	err = intoSum.rows(ctx, tx, args)
	if err != nil {
		return fmt.Errorf("store a fold: %w", err)
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
