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

func insertTaken(ctx context.Context, q database.Querier, entry, by string, at time.Time, t Taken) error {
	_, err := q.ExecContext(ctx, `INSERT INTO desk_export (entry_id, list, address, format, lines, digest, size, valid_at, known_from, known_to, made_at, made_by)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`, entry, t.List, t.Address, t.Format, t.Count, t.Digest, t.Size, clock.Micros(t.Valid), t.KnownFrom, t.KnownTo, clock.Micros(at), by)
	if err != nil {
		return fmt.Errorf("store what was taken away: %w", err)
	}
	return nil
}

func takenByEntry(ctx context.Context, q database.Querier, entry string) (t Taken, by string, err error) {
	var valid int64
	err = q.QueryRowContext(ctx, `SELECT list, address, format, lines, digest, size, valid_at, known_from, known_to, made_by FROM desk_export WHERE entry_id = $1`, entry).
		Scan(&t.List, &t.Address, &t.Format, &t.Count, &t.Digest, &t.Size, &valid, &t.KnownFrom, &t.KnownTo, &by)
	t.Valid = clock.FromMicros(valid)
	return t, by, err
}

const viewColumns = `id, list, name, query, owner, shared, changed_at, removed_at`

func scanView(scan func(...any) error) (View, error) {
	var v View
	var changed, removed, shared int64
	err := scan(&v.ID, &v.List, &v.Name, &v.Query, &v.Owner, &shared, &changed, &removed)
	v.Shared, v.ChangedAt, v.removed = shared != 0, clock.FromMicros(changed), removed != 0
	return v, err
}

func viewsOf(ctx context.Context, q database.Querier, list, user string) ([]View, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+viewColumns+` FROM desk_view WHERE list = $1 AND removed_at = 0 AND (owner = $2 OR shared = 1) ORDER BY LOWER(name), id`, list, user)
	if err != nil {
		return nil, fmt.Errorf("read the views of %s: %w", list, err)
	}
	defer rows.Close()
	var all []View
	for rows.Next() {
		v, err := scanView(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("read the views of %s: %w", list, err)
		}
		all = append(all, v)
	}
	return all, rows.Err()
}

func viewByID(ctx context.Context, q database.Querier, id string) (View, error) {
	v, err := scanView(q.QueryRowContext(ctx, `SELECT `+viewColumns+` FROM desk_view WHERE id = $1`, id).Scan)
	if errors.Is(err, sql.ErrNoRows) || err == nil && v.removed {
		return v, fault.New(fault.NotFound, "there is no such view").WithHint("it may have been removed meanwhile")
	}
	if err != nil {
		return v, fmt.Errorf("read view %s: %w", id, err)
	}
	return v, nil
}

func anyView(ctx context.Context, q database.Querier, id string) (View, error) {
	return scanView(q.QueryRowContext(ctx, `SELECT `+viewColumns+` FROM desk_view WHERE id = $1`, id).Scan)
}

func putView(ctx context.Context, q database.Querier, v View) error {
	shared, removed := 0, int64(0)
	if v.Shared {
		shared = 1
	}
	if v.removed {
		removed = clock.Micros(v.ChangedAt)
	}
	_, err := q.ExecContext(ctx, `INSERT INTO desk_view (`+viewColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, query = excluded.query, shared = excluded.shared, changed_at = excluded.changed_at, removed_at = excluded.removed_at`,
		v.ID, v.List, v.Name, v.Query, v.Owner, shared, clock.Micros(v.ChangedAt), removed)
	if err != nil {
		return fmt.Errorf("store view %s: %w", v.ID, err)
	}
	return nil
}

func countViews(ctx context.Context, q database.Querier, user string) (n int, err error) {
	if err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM desk_view WHERE owner = $1 AND removed_at = 0`, user).Scan(&n); err != nil {
		return 0, fmt.Errorf("count views: %w", err)
	}
	return n, nil
}

func addViewChange(ctx context.Context, q database.Querier, entry, id, content string) error {
	_, err := q.ExecContext(ctx, `INSERT INTO desk_view_change (entry_id, view_id, seq, content)
		SELECT $1, $2, COALESCE(MAX(seq), 0) + 1, $3 FROM desk_view_change WHERE view_id = $4`, entry, id, content, id)
	if err != nil {
		return fmt.Errorf("store the change of view %s: %w", id, err)
	}
	return nil
}

// viewChange gives what an entry said of a view, and whether it is the last word.
func viewChange(ctx context.Context, q database.Querier, entry string) (id, content string, last bool, err error) {
	var seq, newest int64
	err = q.QueryRowContext(ctx, `SELECT view_id, content, seq, (SELECT MAX(n.seq) FROM desk_view_change n WHERE n.view_id = c.view_id) FROM desk_view_change c WHERE entry_id = $1`, entry).
		Scan(&id, &content, &seq, &newest)
	return id, content, seq == newest, err
}

func choose(ctx context.Context, q database.Querier, user, list, id string) error {
	if _, err := q.ExecContext(ctx, `DELETE FROM desk_choice WHERE user_id = $1 AND list = $2`, user, list); err != nil {
		return fmt.Errorf("choose a view: %w", err)
	}
	if id == "" {
		return nil
	}
	if _, err := q.ExecContext(ctx, `INSERT INTO desk_choice (user_id, list, view_id) VALUES ($1, $2, $3)`, user, list, id); err != nil {
		return fmt.Errorf("choose a view: %w", err)
	}
	return nil
}

// chosen gives the queries of a person's chosen views, by list. A view that was
// removed or is no longer shared is not chosen.
func chosen(ctx context.Context, q database.Querier, user string) (map[string]View, error) {
	rows, err := q.QueryContext(ctx, `SELECT v.id, v.list, v.name, v.query, v.owner, v.shared, v.changed_at, v.removed_at FROM desk_choice c JOIN desk_view v ON v.id = c.view_id
		WHERE c.user_id = $1 AND v.removed_at = 0 AND (v.owner = c.user_id OR v.shared = 1)`, user)
	if err != nil {
		return nil, fmt.Errorf("read the chosen views: %w", err)
	}
	defer rows.Close()
	out := map[string]View{}
	for rows.Next() {
		v, err := scanView(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("read the chosen views: %w", err)
		}
		out[v.List] = v
	}
	return out, rows.Err()
}
