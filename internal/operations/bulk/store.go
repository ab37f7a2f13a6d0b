package bulk

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
)

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return clock.Micros(t)
}

func moment(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return clock.FromMicros(us)
}

// Within a transaction one item is tried after another: what its rules refuse is
// taken back alone.
func savepoint(ctx context.Context, tx *sql.Tx) error {
	if _, err := tx.ExecContext(ctx, `SAVEPOINT bulk_item`); err != nil {
		return fmt.Errorf("begin an item: %w", err)
	}
	return nil
}

func rollback(ctx context.Context, tx *sql.Tx) error {
	if _, err := tx.ExecContext(ctx, `ROLLBACK TO SAVEPOINT bulk_item`); err != nil {
		return fmt.Errorf("take an item back: %w", err)
	}
	return release(ctx, tx)
}

func release(ctx context.Context, tx *sql.Tx) error {
	if _, err := tx.ExecContext(ctx, `RELEASE SAVEPOINT bulk_item`); err != nil {
		return fmt.Errorf("end an item: %w", err)
	}
	return nil
}

const batchColumns = `id, kind, by_user, made_at, state, params, address, seen, previewed_at, begun_at, begun_entry, ended_at, ended_entry, undoes, undone_by`

func insertBatch(ctx context.Context, q database.Querier, b Batch) error {
	params, err := json.Marshal(b.Params)
	if err != nil {
		return err
	}
	if _, err := q.ExecContext(ctx, `INSERT INTO bulk_batch (`+batchColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
		b.ID, b.Kind, b.By, micros(b.MadeAt), string(b.State), string(params), b.Address, b.Seen, micros(b.PreviewedAt), micros(b.BegunAt), b.begun, micros(b.EndedAt), b.ended, b.Undoes, b.UndoneBy); err != nil {
		return fmt.Errorf("store a batch: %w", err)
	}
	return insertLines(ctx, q, b)
}

func updateBatch(ctx context.Context, q database.Querier, b Batch) error {
	params, err := json.Marshal(b.Params)
	if err != nil {
		return err
	}
	if _, err := q.ExecContext(ctx, `UPDATE bulk_batch SET state = $2, params = $3, seen = $4, previewed_at = $5, begun_at = $6, begun_entry = $7, ended_at = $8, ended_entry = $9, undone_by = $10 WHERE id = $1`,
		b.ID, string(b.State), string(params), b.Seen, micros(b.PreviewedAt), micros(b.BegunAt), b.begun, micros(b.EndedAt), b.ended, b.UndoneBy); err != nil {
		return fmt.Errorf("store batch %s: %w", b.ID, err)
	}
	return nil
}

func insertLines(ctx context.Context, q database.Querier, b Batch) error {
	for _, l := range b.Lines {
		changes, err := json.Marshal(l.Changes)
		if err != nil {
			return err
		}
		if _, err := q.ExecContext(ctx, `INSERT INTO bulk_line (batch_id, seq, item, name, about, version, was, changes, state, why, after, entry_id)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`, b.ID, l.Seq, l.Item, l.Name, l.About, l.version, l.was, string(changes), string(l.State), l.Why, l.after, l.Entry); err != nil {
			return fmt.Errorf("store a line of batch %s: %w", b.ID, err)
		}
	}
	return nil
}

func deleteLines(ctx context.Context, q database.Querier, id string) error {
	if _, err := q.ExecContext(ctx, `DELETE FROM bulk_line WHERE batch_id = $1`, id); err != nil {
		return fmt.Errorf("forget the lines of batch %s: %w", id, err)
	}
	return nil
}

func updateLine(ctx context.Context, q database.Querier, batch string, l Line) error {
	if _, err := q.ExecContext(ctx, `UPDATE bulk_line SET state = $3, why = $4, after = $5, entry_id = $6 WHERE batch_id = $1 AND seq = $2`,
		batch, l.Seq, string(l.State), l.Why, l.after, l.Entry); err != nil {
		return fmt.Errorf("store a line of batch %s: %w", batch, err)
	}
	return nil
}

// lockBatch gives a batch that nobody else changes until the transaction ends.
func lockBatch(ctx context.Context, q database.Querier, id string) (Batch, error) {
	if _, err := q.ExecContext(ctx, `UPDATE bulk_batch SET state = state WHERE id = $1`, id); err != nil {
		return Batch{}, fmt.Errorf("lock batch %s: %w", id, err)
	}
	return readBatch(ctx, q, id)
}

func readBatch(ctx context.Context, q database.Querier, id string) (Batch, error) {
	var b Batch
	var params string
	var made, previewed, begun, ended int64
	err := q.QueryRowContext(ctx, `SELECT `+batchColumns+` FROM bulk_batch WHERE id = $1`, id).
		Scan(&b.ID, &b.Kind, &b.By, &made, &b.State, &params, &b.Address, &b.Seen, &previewed, &begun, &b.begun, &ended, &b.ended, &b.Undoes, &b.UndoneBy)
	if errors.Is(err, sql.ErrNoRows) {
		return b, none()
	}
	if err != nil {
		return b, fmt.Errorf("read batch %s: %w", id, err)
	}
	b.MadeAt, b.PreviewedAt, b.BegunAt, b.EndedAt = moment(made), moment(previewed), moment(begun), moment(ended)
	if err := json.Unmarshal([]byte(params), &b.Params); err != nil {
		return b, fmt.Errorf("read batch %s: %w", id, err)
	}
	rows, err := q.QueryContext(ctx, `SELECT seq, item, name, about, version, was, changes, state, why, after, entry_id FROM bulk_line WHERE batch_id = $1 ORDER BY seq`, id)
	if err != nil {
		return b, fmt.Errorf("read the lines of batch %s: %w", id, err)
	}
	defer rows.Close()
	for rows.Next() {
		var l Line
		var changes string
		if err := rows.Scan(&l.Seq, &l.Item, &l.Name, &l.About, &l.version, &l.was, &changes, &l.State, &l.Why, &l.after, &l.Entry); err != nil {
			return b, fmt.Errorf("read the lines of batch %s: %w", id, err)
		}
		if err := json.Unmarshal([]byte(changes), &l.Changes); err != nil {
			return b, fmt.Errorf("read the lines of batch %s: %w", id, err)
		}
		b.Lines = append(b.Lines, l)
	}
	b.count()
	return b, rows.Err()
}

// recentBatches gives the newest batches of kinds that are begun, without lines.
func recentBatches(ctx context.Context, q database.Querier, kinds []string, limit int) ([]Batch, error) {
	if len(kinds) == 0 {
		return nil, nil
	}
	args, marks := []any{limit}, make([]string, len(kinds))
	for i, k := range kinds {
		args = append(args, k)
		marks[i] = fmt.Sprintf("$%d", len(args))
	}
	rows, err := q.QueryContext(ctx, `SELECT b.id, b.kind, b.by_user, b.state, b.begun_at, b.ended_at, b.undoes, b.undone_by,
			COUNT(*) FILTER (WHERE l.state = 'will'), COUNT(*) FILTER (WHERE l.state = 'cannot'), COUNT(*) FILTER (WHERE l.state = 'done'),
			COUNT(*) FILTER (WHERE l.state = 'changed'), COUNT(*) FILTER (WHERE l.state = 'refused')
		FROM bulk_batch b JOIN bulk_line l ON l.batch_id = b.id WHERE b.state IN ('applying', 'done') AND b.kind IN (`+strings.Join(marks, ", ")+`)
		GROUP BY b.id, b.kind, b.by_user, b.state, b.begun_at, b.ended_at, b.undoes, b.undone_by ORDER BY b.begun_at DESC, b.id DESC LIMIT $1`, args...)
	if err != nil {
		return nil, fmt.Errorf("read batches: %w", err)
	}
	defer rows.Close()
	var all []Batch
	for rows.Next() {
		var b Batch
		var begun, ended int64
		c := &b.Counts
		if err := rows.Scan(&b.ID, &b.Kind, &b.By, &b.State, &begun, &ended, &b.Undoes, &b.UndoneBy, &c.Will, &c.Cannot, &c.Done, &c.Changed, &c.Refused); err != nil {
			return nil, fmt.Errorf("read batches: %w", err)
		}
		b.BegunAt, b.EndedAt = moment(begun), moment(ended)
		all = append(all, b)
	}
	return all, rows.Err()
}

// forget removes what nobody did.
func forget(ctx context.Context, q database.Querier, before time.Time) error {
	if _, err := q.ExecContext(ctx, `DELETE FROM bulk_line WHERE batch_id IN (SELECT id FROM bulk_batch WHERE state IN ('chosen', 'previewed') AND made_at < $1)`, micros(before)); err != nil {
		return fmt.Errorf("forget old previews: %w", err)
	}
	if _, err := q.ExecContext(ctx, `DELETE FROM bulk_batch WHERE state IN ('chosen', 'previewed') AND made_at < $1`, micros(before)); err != nil {
		return fmt.Errorf("forget old previews: %w", err)
	}
	return nil
}

// lastEntry gives the entry that this transaction appended last about a subject.
func lastEntry(ctx context.Context, q database.Querier, subject string) (string, error) {
	var id string
	err := q.QueryRowContext(ctx, `SELECT id FROM ledger_entry WHERE idx IS NULL AND subject = $1 ORDER BY ord DESC LIMIT 1`, subject).Scan(&id)
	if err != nil {
		return "", fmt.Errorf("read the entry about %s: %w", subject, err)
	}
	return id, nil
}
