package desk

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
)

const viewColumns = `SELECT id, list, name, query, owner, shared, changed_at, removed_at, entry_id FROM desk_view `

func scanView(scan func(...any) error) (v View, err error) {
	var shared, changed, removed int64
	err = scan(&v.ID, &v.List, &v.Name, &v.Query, &v.Owner, &shared, &changed, &removed, &v.entry)
	v.Shared, v.ChangedAt = shared == 1, clock.FromMicros(changed)
	if removed != 0 {
		v.Removed = clock.FromMicros(removed)
	}
	return v, err
}

func viewByID(ctx context.Context, q database.Querier, id string) (View, error) {
	v, err := scanView(q.QueryRowContext(ctx, viewColumns+`WHERE id = $1`, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return v, fault.New(fault.NotFound, "there is no such view").WithHint("it may have been removed meanwhile")
	}
	if err != nil {
		return v, fmt.Errorf("read a view: %w", err)
	}
	return v, nil
}

// viewsSeenBy gives somebody's own and shared views, of one list unless it is "".
func viewsSeenBy(ctx context.Context, q database.Querier, user, list string) ([]View, error) {
	rows, err := q.QueryContext(ctx, viewColumns+`WHERE removed_at = 0 AND (owner = $1 OR shared = 1) AND (list = $2 OR $2 = '') ORDER BY name, id`, user, list)
	if err != nil {
		return nil, fmt.Errorf("read views: %w", err)
	}
	defer rows.Close()
	var out []View
	for rows.Next() {
		v, err := scanView(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("read views: %w", err)
		}
		out = append(out, v)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read views: %w", err)
	}
	return out, nil
}

func putView(ctx context.Context, q database.Querier, v View) error {
	var shared, removed int64
	if v.Shared {
		shared = 1
	}
	if v.Removed != (time.Time{}) {
		removed = clock.Micros(v.Removed)
	}
	_, err := q.ExecContext(ctx, `INSERT INTO desk_view (id, list, name, query, owner, shared, changed_at, removed_at, entry_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (id) DO UPDATE SET shared = excluded.shared, changed_at = excluded.changed_at, removed_at = excluded.removed_at, entry_id = excluded.entry_id`,
		v.ID, v.List, v.Name, v.Query, v.Owner, shared, clock.Micros(v.ChangedAt), removed, v.entry)
	if err != nil {
		return fmt.Errorf("store a view: %w", err)
	}
	return nil
}
