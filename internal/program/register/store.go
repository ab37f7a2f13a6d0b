package register

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

const columns = `r.thing_id, t.noun, t.number, r.seq, r.kind, r.content, r.digest, r.frozen, r.day, r.made_at, r.made_by, r.entry_id, COALESCE(e.idx, -1)
	FROM register_record r JOIN register_thing t ON t.id = r.thing_id JOIN ledger_entry e ON e.id = r.entry_id `

func scan(row func(...any) error) (r record, err error) {
	var made int64
	err = row(&r.thing, &r.noun, &r.number, &r.seq, &r.kind, &r.content, &r.digest, &r.frozen, &r.made.Day, &made, &r.made.By, &r.made.Entry, &r.made.Index)
	r.made.At = clock.FromMicros(made)
	return r, err
}

func records(ctx context.Context, q database.Querier, where string, args ...any) ([]record, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+columns+where+` ORDER BY t.number, r.seq`, args...)
	if err != nil {
		return nil, fmt.Errorf("read a register: %w", err)
	}
	defer rows.Close()
	var out []record
	for rows.Next() {
		r, err := scan(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("read a register: %w", err)
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

func recordsUntil(ctx context.Context, q database.Querier, noun string, until time.Time, known int64) ([]record, error) {
	if known < 0 {
		return records(ctx, q, `WHERE t.noun = $1 AND r.made_at <= $2`, noun, clock.Micros(until))
	}
	return records(ctx, q, `WHERE t.noun = $1 AND r.made_at <= $2 AND e.idx < $3`, noun, clock.Micros(until), known)
}

type headRow struct {
	id  string
	seq int
}

// heads gives the sequence of each thing's newest record.
func heads(ctx context.Context, q database.Querier, noun string) ([]headRow, error) {
	rows, err := q.QueryContext(ctx, `SELECT id, seq FROM register_thing WHERE noun = $1 ORDER BY number`, noun)
	if err != nil {
		return nil, fmt.Errorf("read a register: %w", err)
	}
	defer rows.Close()
	var out []headRow
	for rows.Next() {
		var h headRow
		if err := rows.Scan(&h.id, &h.seq); err != nil {
			return nil, fmt.Errorf("read a register: %w", err)
		}
		out = append(out, h)
	}
	return out, rows.Err()
}

func insertThing(ctx context.Context, q database.Querier, id, noun string, now time.Time) (int, error) {
	var n int
	err := q.QueryRowContext(ctx, `INSERT INTO register_thing (id, noun, number, seq, created_at) VALUES ($1, $2, (SELECT COALESCE(MAX(number), 0) + 1 FROM register_thing WHERE noun = $2), 0, $3) RETURNING number`,
		id, noun, clock.Micros(now)).Scan(&n)
	return n, conflict(err, "store a "+noun)
}

func insertRecord(ctx context.Context, q database.Querier, r record) error {
	if _, err := q.ExecContext(ctx, `INSERT INTO register_record (thing_id, seq, kind, content, digest, frozen, day, made_at, made_by, entry_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		r.thing, r.seq, r.kind, r.content, r.digest, r.frozen, string(r.made.Day), clock.Micros(r.made.At), r.made.By, r.made.Entry); err != nil {
		return conflict(err, "store a record of a "+r.noun)
	}
	if _, err := q.ExecContext(ctx, `UPDATE register_thing SET seq = $2 WHERE id = $1`, r.thing, r.seq); err != nil {
		return fmt.Errorf("store a %s: %w", r.noun, err)
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

func recordByEntry(ctx context.Context, q database.Querier, entry string) (record, error) {
	return scan(q.QueryRowContext(ctx, `SELECT `+columns+`WHERE r.entry_id = $1`, entry).Scan)
}

func missing(err error) bool { return errors.Is(err, sql.ErrNoRows) }
