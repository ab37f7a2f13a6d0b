package waiver

import (
	"context"
	"fmt"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/evidence/outcome"
)

// toldAt gives the waivers that were asked for up to a moment, each with what
// had happened to it, as known by a ledger size.
func toldAt(ctx context.Context, q database.Querier, at outcome.At) ([]told, error) {
	known, args := "", []any{micros(at.Valid)}
	if at.Known >= 0 {
		known, args = " AND e.idx < $2", append(args, at.Known)
	}
	rows, err := q.QueryContext(ctx, `SELECT `+columns+`, v.kind, v.state, v.at, v.actor FROM waiver w JOIN waiver_event v ON v.waiver_id = w.id
		JOIN ledger_entry e ON e.id = v.entry_id WHERE v.at <= $1`+known+` ORDER BY w.id, v.seq`, args...)
	if err != nil {
		return nil, fmt.Errorf("read waivers: %w", err)
	}
	defer rows.Close()
	var all []told
	for rows.Next() {
		var e Event
		var when int64
		w, err := scan(func(targets ...any) error { return rows.Scan(append(targets, &e.Kind, &e.State, &when, &e.Actor)...) })
		if err != nil {
			return nil, fmt.Errorf("read waivers: %w", err)
		}
		e.At = moment(when)
		if n := len(all); n == 0 || all[n-1].ID != w.ID {
			all = append(all, told{Waiver: w})
		}
		last := &all[len(all)-1]
		last.events = append(last.events, e)
	}
	return all, rows.Err()
}
