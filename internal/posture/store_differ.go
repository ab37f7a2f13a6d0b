package posture

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
)

// lateRuns gives the runs that were not known by a ledger size and changed
// outcomes that hold at or before a moment, newest first, up to LateRunLimit.
// It begins with the runs that are marked late and those that were recorded
// within the hour after the moment: others cannot have judged the time before.
func lateRuns(ctx context.Context, q database.Querier, valid time.Time, known int64) ([]LateRun, bool, error) {
	const head = `SELECT r.no FROM run r JOIN ledger_entry e ON e.id = r.entry_id WHERE (e.idx IS NULL OR e.idx >= $1) AND `
	const tail = ` AND EXISTS (SELECT 1 FROM outcome o WHERE o.run_no = r.no AND o.valid_from <= $2)`
	rows, err := q.QueryContext(ctx, `SELECT no FROM (`+head+`r.late = 1`+tail+` UNION `+head+`r.recorded_at > $3 AND r.recorded_at <= $4`+tail+`) found ORDER BY no DESC LIMIT $5`,
		known, clock.Micros(valid), clock.Micros(valid.Add(-time.Hour)), clock.Micros(valid.Add(time.Hour)), LateRunLimit+1)
	if err != nil {
		return nil, false, fmt.Errorf("find late runs: %w", err)
	}
	var nos []int64
	err = each(rows, func() error {
		var no int64
		err := rows.Scan(&no)
		nos = append(nos, no)
		return err
	})
	if err != nil {
		return nil, false, fmt.Errorf("find late runs: %w", err)
	}
	more := len(nos) > LateRunLimit
	nos = nos[:min(len(nos), LateRunLimit)]
	var out []LateRun
	for _, no := range nos {
		var r LateRun
		var index sql.NullInt64
		var validAt, recorded int64
		err := q.QueryRowContext(ctx, `SELECT r.id, r.kind, r.source, r.entry_id, e.idx, r.valid_at, r.recorded_at FROM run r JOIN ledger_entry e ON e.id = r.entry_id WHERE r.no = $1`, no).
			Scan(&r.ID, &r.Kind, &r.Source, &r.Entry, &index, &validAt, &recorded)
		if err != nil {
			return nil, false, fmt.Errorf("read a late run: %w", err)
		}
		r.Index = -1
		if index.Valid {
			r.Index = index.Int64
		}
		r.ValidAt, r.RecordedAt = clock.FromMicros(validAt), clock.FromMicros(recorded)
		rows, err := q.QueryContext(ctx, `SELECT a.check_id, i.name, i.id, (SELECT COUNT(*) FROM outcome p JOIN run r ON r.no = p.run_no JOIN ledger_entry e ON e.id = r.entry_id
				WHERE p.item_no = o.item_no AND p.attribute_no = o.attribute_no AND p.valid_from = o.valid_from AND p.run_no < o.run_no AND e.idx < $3)
			FROM outcome o JOIN check_attribute a ON a.no = o.attribute_no JOIN item i ON i.no = o.item_no
			WHERE o.run_no = $1 AND o.valid_from <= $2 ORDER BY a.check_id`, no, clock.Micros(valid), known)
		if err != nil {
			return nil, false, fmt.Errorf("read a late run: %w", err)
		}
		err = each(rows, func() error {
			var check string
			var before int
			err := rows.Scan(&check, &r.Name, &r.Item, &before)
			r.Changed++
			r.Replaced += min(before, 1)
			if !slices.Contains(r.Checks, check) {
				r.Checks = append(r.Checks, check)
			}
			return err
		})
		if err != nil {
			return nil, false, fmt.Errorf("read a late run: %w", err)
		}
		out = append(out, r)
	}
	return out, more, nil
}

// lateCoverage gives the stretches up to a moment that were filled in after a
// ledger size, by source.
func lateCoverage(ctx context.Context, q database.Querier, valid time.Time, known int64) ([]LateCoverage, error) {
	rows, err := q.QueryContext(ctx, `SELECT c.source, COALESCE((SELECT MIN(i.name) FROM item i WHERE i.source = c.source), c.source), c.covered_from, c.covered_to, COALESCE(e.idx, -1)
		FROM coverage c JOIN ledger_entry e ON e.id = c.entry_id
		WHERE c.entry_id <> '' AND (e.idx IS NULL OR e.idx >= $1) AND c.covered_from <= $2 ORDER BY c.covered_from DESC, c.source LIMIT 200`, known, clock.Micros(valid))
	if err != nil {
		return nil, fmt.Errorf("read late coverage: %w", err)
	}
	var out []LateCoverage
	err = each(rows, func() error {
		var h LateCoverage
		var from, to int64
		err := rows.Scan(&h.Source, &h.Name, &from, &to, &h.Index)
		h.From, h.To = clock.FromMicros(from), clock.FromMicros(to)
		out = append(out, h)
		return err
	})
	return out, err
}
