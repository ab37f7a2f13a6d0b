package asset

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
)

const recordColumns = `r.subject, s.number, %s, r.seq, r.kind, r.content, r.digest, r.day, r.made_at, r.made_by, r.entry_id, COALESCE(e.idx, -1)
	FROM asset_record r JOIN %s s ON s.id = r.subject JOIN ledger_entry e ON e.id = r.entry_id `

func read(ctx context.Context, q database.Querier, flows bool, where string, args ...any) ([]record, error) {
	origin, table := "s.origin", "asset"
	if flows {
		origin, table = "''", "asset_flow"
	}
	rows, err := q.QueryContext(ctx, `SELECT `+fmt.Sprintf(recordColumns, origin, table)+where+` ORDER BY s.number, r.seq`, args...)
	if err != nil {
		return nil, fmt.Errorf("read records of assets: %w", err)
	}
	defer rows.Close()
	var out []record
	for rows.Next() {
		var r record
		var made int64
		if err := rows.Scan(&r.subject, &r.number, &r.origin, &r.seq, &r.kind, &r.content, &r.digest, &r.made.Day, &made, &r.made.By, &r.made.Entry, &r.made.Index); err != nil {
			return nil, fmt.Errorf("read records of assets: %w", err)
		}
		r.made.At = clock.FromMicros(made)
		out = append(out, r)
	}
	return out, rows.Err()
}

// until gives every record of assets up to a moment, as known by a ledger size
// (below 0: everything).
func until(ctx context.Context, q database.Querier, valid time.Time, known int64) ([]record, error) {
	if known < 0 {
		return read(ctx, q, false, `WHERE r.made_at <= $1`, clock.Micros(valid))
	}
	return read(ctx, q, false, `WHERE r.made_at <= $1 AND e.idx < $2`, clock.Micros(valid), known)
}

func byEntry(ctx context.Context, q database.Querier, flows bool, entry string) (record, error) {
	all, err := read(ctx, q, flows, `WHERE r.entry_id = $1`, entry)
	if err == nil && len(all) == 0 {
		err = sql.ErrNoRows
	}
	if err != nil {
		return record{}, err
	}
	return all[0], nil
}

func missing(err error) bool { return errors.Is(err, sql.ErrNoRows) }

// head gives the row of an asset by its id, number or origin.
func head(ctx context.Context, q database.Querier, ref string) (id string, number, seq int, err error) {
	where, arg := `id = $1 OR origin = $1`, any(ref)
	if n, err := strconv.Atoi(strings.TrimPrefix(strings.ToUpper(ref), "A-")); err == nil {
		where, arg = `number = $1`, n
	}
	err = q.QueryRowContext(ctx, `SELECT id, number, seq FROM asset WHERE `+where, arg).Scan(&id, &number, &seq)
	return id, number, seq, err
}

func insertAsset(ctx context.Context, q database.Querier, id, origin, name string, now time.Time) (int, error) {
	var n int
	err := q.QueryRowContext(ctx, `INSERT INTO asset (id, number, origin, name_key, seq, created_at) VALUES ($1, (SELECT COALESCE(MAX(number), 0) + 1 FROM asset), $2, $3, 0, $4) RETURNING number`,
		id, origin, name, clock.Micros(now)).Scan(&n)
	return n, conflict(err, "store an asset")
}

func insertFlow(ctx context.Context, q database.Querier, id string, now time.Time) (int, error) {
	var n int
	err := q.QueryRowContext(ctx, `INSERT INTO asset_flow (id, number, seq, created_at) VALUES ($1, (SELECT COALESCE(MAX(number), 0) + 1 FROM asset_flow), 0, $2) RETURNING number`, id, clock.Micros(now)).Scan(&n)
	return n, conflict(err, "store a flow")
}

func insertRecord(ctx context.Context, q database.Querier, r record) error {
	if _, err := q.ExecContext(ctx, `INSERT INTO asset_record (subject, seq, kind, content, digest, day, made_at, made_by, entry_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		r.subject, r.seq, r.kind, r.content, r.digest, string(r.made.Day), clock.Micros(r.made.At), r.made.By, r.made.Entry); err != nil {
		return conflict(err, "store a record of an asset")
	}
	table := "asset"
	if strings.HasPrefix(r.kind, "flow.") {
		table = "asset_flow"
	}
	if _, err := q.ExecContext(ctx, `UPDATE `+table+` SET seq = $2 WHERE id = $1`, r.subject, r.seq); err != nil {
		return fmt.Errorf("store a record of an asset: %w", err)
	}
	return nil
}

func conflict(err error, doing string) error {
	if database.IsUnique(err) {
		return fault.Wrap(fault.Conflict, err, "somebody else changed it at the same time").WithHint("look at it again and repeat what is still needed")
	}
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}
