package finding

import (
	"context"
	"fmt"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/evidence/outcome"
)

// timelinesAt gives the findings that were opened up to a moment, each with what
// had happened to it, as known by a ledger size. Only what never changes is read
// of a finding's own row.
func timelinesAt(ctx context.Context, q database.Querier, at outcome.At) ([]told, error) {
	known, args := "", []any{micros(at.Valid)}
	if at.Known >= 0 {
		known, args = " AND e.idx < $2", append(args, at.Known)
	}
	rows, err := q.QueryContext(ctx, `SELECT f.id, f.number, f.check_id, f.attribute_id, f.item_id, f.title, f.severity, v.kind, v.to_state, v.valid_at
		FROM finding_event v JOIN finding f ON f.id = v.finding_id JOIN ledger_entry e ON e.id = v.entry_id
		WHERE v.valid_at <= $1`+known+` ORDER BY f.id, v.seq`, args...)
	if err != nil {
		return nil, fmt.Errorf("read timelines: %w", err)
	}
	defer rows.Close()
	var all []told
	for rows.Next() {
		var t told
		var e Event
		var valid int64
		if err := rows.Scan(&t.ID, &t.Number, &t.Check, &t.Attribute, &t.Item, &t.Title, &t.Severity, &e.Kind, &e.To, &valid); err != nil {
			return nil, fmt.Errorf("read timelines: %w", err)
		}
		e.ValidAt = moment(valid)
		if n := len(all); n == 0 || all[n-1].ID != t.ID {
			all = append(all, t)
		}
		last := &all[len(all)-1]
		last.events = append(last.events, e)
	}
	return all, rows.Err()
}
