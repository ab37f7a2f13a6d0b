package trail

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/attesta/attesta/internal/base/database"
)

// eachInterval calls f for every interval of every source that began before hi,
// by source and time.
func eachInterval(ctx context.Context, q database.Querier, hi, known int64, f func(source string, from, to int64)) error {
	rows, err := q.QueryContext(ctx, `SELECT c.source, c.covered_from, c.covered_to FROM coverage c
		WHERE c.covered_from < $1 AND (c.entry_id = '' OR EXISTS (SELECT 1 FROM ledger_entry e WHERE e.id = c.entry_id AND e.idx < $2))
		ORDER BY c.source, c.covered_from, c.recorded_at`, hi, known)
	if err != nil {
		return fmt.Errorf("coverage of all sources: %w", err)
	}
	return each(rows, func() error {
		var source string
		var from, to int64
		if err := rows.Scan(&source, &from, &to); err != nil {
			return err
		}
		f(source, from, to)
		return nil
	})
}

// eachGap calls f for every gap of a section that meets [lo, hi).
func eachGap(ctx context.Context, q database.Querier, lo, hi int64, f func(g SourceGap, from, to int64)) error {
	rows, err := q.QueryContext(ctx, `SELECT source, section, reason, gap_from, gap_to FROM coverage_gap WHERE gap_from < $2 AND gap_to > $1
		ORDER BY source, section, gap_from`, lo, hi)
	if err != nil {
		return fmt.Errorf("gaps of all sections: %w", err)
	}
	return each(rows, func() error {
		var g SourceGap
		var from, to int64
		if err := rows.Scan(&g.Source, &g.Section, &g.Reason, &from, &to); err != nil {
			return err
		}
		f(g, from, to)
		return nil
	})
}

// changingRuns finds runs by the steps of the checks' attributes.
func changing(ctx context.Context, q database.Querier, checks []string, from, to, known int64, limit int) ([]string, error) {
	if len(checks) == 0 {
		return nil, nil
	}
	args := []any{from, to, known, limit}
	var in strings.Builder
	for _, c := range checks {
		args = append(args, c)
		if in.Len() > 0 {
			in.WriteString(", ")
		}
		fmt.Fprintf(&in, "$%d", len(args))
	}
	rows, err := q.QueryContext(ctx, `SELECT r.entry_id FROM run r JOIN ledger_entry e ON e.id = r.entry_id
		WHERE e.idx < $3 AND r.no IN (SELECT s.run_no FROM step s JOIN check_attribute a ON a.no = s.attribute_no
			WHERE s.valid_from >= $1 AND s.valid_from < $2 AND a.check_id IN (`+in.String()+`))
		ORDER BY e.idx DESC LIMIT $4`, args...)
	if err != nil {
		return nil, fmt.Errorf("runs that changed checks: %w", err)
	}
	var out []string
	err = each(rows, func() error {
		var id string
		err := rows.Scan(&id)
		out = append(out, id)
		return err
	})
	return out, err
}

// Late gives, by UTC day of valid time (in µs), how often something became
// known late that holds from that day on.
func Late(ctx context.Context, q database.Querier) (map[int64]int64, error) {
	rows, err := q.QueryContext(ctx, `SELECT day, CAST(SUM(times) AS BIGINT) FROM late_change GROUP BY day`)
	if err != nil {
		return nil, fmt.Errorf("read what became known late: %w", err)
	}
	all := map[int64]int64{}
	err = each(rows, func() error {
		var d, n int64
		err := rows.Scan(&d, &n)
		all[d] = n
		return err
	})
	return all, err
}

func each(rows *sql.Rows, f func() error) error {
	defer rows.Close()
	for rows.Next() {
		if err := f(); err != nil {
			return err
		}
	}
	return rows.Err()
}
