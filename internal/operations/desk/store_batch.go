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

func insertBatch(ctx context.Context, q database.Querier, b Batch, content string) error {
	if _, err := q.ExecContext(ctx, `INSERT INTO desk_batch (id, kind, content, made_at, made_by, entry_id) VALUES ($1, $2, $3, $4, $5, $6)`,
		b.ID, b.Kind, content, clock.Micros(b.MadeAt), b.MadeBy, b.Entry); err != nil {
		return fmt.Errorf("store batch %s: %w", b.ID, err)
	}
	for i, x := range b.Items {
		if _, err := q.ExecContext(ctx, `INSERT INTO desk_batch_item (batch_id, seq, subject, name, former, state) VALUES ($1, $2, $3, $4, $5, $6)`,
			b.ID, i, x.Subject, x.Name, x.Former, string(Planned)); err != nil {
			return fmt.Errorf("store batch %s: %w", b.ID, err)
		}
	}
	return nil
}

func setItem(ctx context.Context, q database.Querier, id string, seq int, x Item) error {
	if _, err := q.ExecContext(ctx, `UPDATE desk_batch_item SET state = $3, why = $4, later = $5 WHERE batch_id = $1 AND seq = $2`, id, seq, string(x.State), x.Why, x.Later); err != nil {
		return fmt.Errorf("store row %d of batch %s: %w", seq, id, err)
	}
	return nil
}

// setUndone marks a batch; false where somebody was faster.
func setUndone(ctx context.Context, q database.Querier, id, entry string, at time.Time) (bool, error) {
	res, err := q.ExecContext(ctx, `UPDATE desk_batch SET undone_at = $2, undo_entry = $3 WHERE id = $1 AND undone_at = 0`, id, clock.Micros(at), entry)
	if err != nil {
		return false, fmt.Errorf("mark batch %s: %w", id, err)
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

func batchWhere(ctx context.Context, q database.Querier, where string, args ...any) (Batch, string, error) {
	var b Batch
	var content string
	var made, undone int64
	err := q.QueryRowContext(ctx, `SELECT id, kind, content, made_at, made_by, entry_id, undone_at, undo_entry FROM desk_batch WHERE `+where, args...).
		Scan(&b.ID, &b.Kind, &content, &made, &b.MadeBy, &b.Entry, &undone, &b.UndoEntry)
	if err != nil {
		return b, "", err
	}
	b.MadeAt = clock.FromMicros(made)
	if undone != 0 {
		b.UndoneAt = clock.FromMicros(undone)
	}
	rows, err := q.QueryContext(ctx, `SELECT subject, name, former, later, state, why FROM desk_batch_item WHERE batch_id = $1 ORDER BY seq`, b.ID)
	if err != nil {
		return b, "", fmt.Errorf("read batch %s: %w", b.ID, err)
	}
	defer rows.Close()
	for rows.Next() {
		var x Item
		if err := rows.Scan(&x.Subject, &x.Name, &x.Former, &x.Later, &x.State, &x.Why); err != nil {
			return b, "", fmt.Errorf("read batch %s: %w", b.ID, err)
		}
		b.Items = append(b.Items, x)
	}
	return b, content, rows.Err()
}

func batchByID(ctx context.Context, q database.Querier, id string) (Batch, error) {
	b, _, err := batchWhere(ctx, q, "id = $1", id)
	if errors.Is(err, sql.ErrNoRows) {
		return b, fault.New(fault.NotFound, "there is no change of many rows %q", id)
	}
	return b, err
}

func batchesBy(ctx context.Context, q database.Querier, user string, since time.Time) ([]string, error) {
	rows, err := q.QueryContext(ctx, `SELECT id FROM desk_batch WHERE made_by = $1 AND made_at >= $2 ORDER BY made_at DESC LIMIT 20`, user, clock.Micros(since))
	if err != nil {
		return nil, fmt.Errorf("read batches: %w", err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("read batches: %w", err)
		}
		all = append(all, id)
	}
	return all, rows.Err()
}
