package posture

import (
	"context"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
)

// deviatingSince gives, for each attribute of which an item fails or is waived
// at valid, since when at least one did without interruption, as known by a
// ledger size (below 0: everything). Only changes of deviating items are read.
func deviatingSince(ctx context.Context, q database.Querier, valid time.Time, known int64) (map[key]time.Time, error) {
	bound, args := "", []any{clock.Micros(valid)}
	if known >= 0 {
		bound = ` AND s.run_no NOT IN (SELECT r.no FROM run r JOIN ledger_entry e ON e.id = r.entry_id WHERE e.idx >= $2 OR e.idx IS NULL)`
		args = append(args, known)
	}
	rows, err := q.QueryContext(ctx, `SELECT a.check_id, a.attribute_id, d.valid_from, d.n
		FROM (SELECT s.attribute_no, s.valid_from, SUM(s.fail + s.waived) AS n FROM step s
			WHERE s.valid_from <= $1 AND s.fail + s.waived <> 0`+bound+`
			GROUP BY s.attribute_no, s.valid_from) d
		JOIN check_attribute a ON a.no = d.attribute_no
		ORDER BY d.attribute_no, d.valid_from`, args...)
	if err != nil {
		return nil, fmt.Errorf("read since when checks deviate: %w", err)
	}
	defer rows.Close()
	out := map[key]time.Time{}
	var current key
	var n int64
	for rows.Next() {
		var k key
		var at, delta int64
		if err := rows.Scan(&k.check, &k.attribute, &at, &delta); err != nil {
			return nil, fmt.Errorf("read a change of deviating items: %w", err)
		}
		if k != current {
			current, n = k, 0
		}
		if n == 0 && delta > 0 {
			out[k] = clock.FromMicros(at)
		}
		if n += delta; n == 0 {
			delete(out, k)
		}
	}
	return out, rows.Err()
}
