package vendor

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

const columns = `r.vendor_id, v.number, r.seq, r.kind, r.content, r.digest, r.day, r.made_at, r.made_by, r.entry_id, COALESCE(e.idx, -1)
	FROM vendor_record r JOIN vendor v ON v.id = r.vendor_id JOIN ledger_entry e ON e.id = r.entry_id `

func scan(row func(...any) error) (r record, err error) {
	var made int64
	err = row(&r.vendor, &r.number, &r.seq, &r.kind, &r.content, &r.digest, &r.made.Day, &made, &r.made.By, &r.made.Entry, &r.made.Index)
	r.made.At = clock.FromMicros(made)
	return r, err
}

func records(ctx context.Context, q database.Querier, where string, args ...any) ([]record, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+columns+where+` ORDER BY v.number, r.seq`, args...)
	if err != nil {
		return nil, fmt.Errorf("read vendors: %w", err)
	}
	defer rows.Close()
	var out []record
	for rows.Next() {
		r, err := scan(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("read vendors: %w", err)
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

// recordsOf gives the records of one vendor by its id or number (V-3).
func recordsOf(ctx context.Context, q database.Querier, ref string) ([]record, error) {
	if n, err := strconv.Atoi(strings.TrimPrefix(strings.ToUpper(ref), "V-")); err == nil {
		return records(ctx, q, `WHERE v.number = $1`, n)
	}
	return records(ctx, q, `WHERE v.id = $1`, ref)
}

// recordsUntil gives every record up to a moment, as known by a ledger size
// (below 0: everything).
func recordsUntil(ctx context.Context, q database.Querier, until time.Time, known int64) ([]record, error) {
	if known < 0 {
		return records(ctx, q, `WHERE r.made_at <= $1`, clock.Micros(until))
	}
	return records(ctx, q, `WHERE r.made_at <= $1 AND e.idx < $2`, clock.Micros(until), known)
}

// heads gives the sequence of each vendor's newest record.
func heads(ctx context.Context, q database.Querier) (ids []string, seqs []int, err error) {
	rows, err := q.QueryContext(ctx, `SELECT id, seq FROM vendor ORDER BY number`)
	if err != nil {
		return nil, nil, fmt.Errorf("read vendors: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		var seq int
		if err := rows.Scan(&id, &seq); err != nil {
			return nil, nil, fmt.Errorf("read vendors: %w", err)
		}
		ids, seqs = append(ids, id), append(seqs, seq)
	}
	return ids, seqs, rows.Err()
}

// named gives the number of a vendor of that name; 0 where there is none.
func named(ctx context.Context, q database.Querier, key string) (int, error) {
	var n int
	err := q.QueryRowContext(ctx, `SELECT COALESCE(MAX(number), 0) FROM vendor WHERE name_key = $1`, key).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("look for a vendor of that name: %w", err)
	}
	return n, nil
}

func insertVendor(ctx context.Context, q database.Querier, id, key string, now time.Time) (int, error) {
	var n int
	err := q.QueryRowContext(ctx, `INSERT INTO vendor (id, number, name_key, seq, created_at) VALUES ($1, (SELECT COALESCE(MAX(number), 0) + 1 FROM vendor), $2, 0, $3) RETURNING number`,
		id, key, clock.Micros(now)).Scan(&n)
	return n, conflict(err, "store a vendor")
}

func insertRecord(ctx context.Context, q database.Querier, r record, key string) error {
	if _, err := q.ExecContext(ctx, `INSERT INTO vendor_record (vendor_id, seq, kind, content, digest, day, made_at, made_by, entry_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		r.vendor, r.seq, r.kind, r.content, r.digest, string(r.made.Day), clock.Micros(r.made.At), r.made.By, r.made.Entry); err != nil {
		return conflict(err, "store a record of a vendor")
	}
	if _, err := q.ExecContext(ctx, `UPDATE vendor SET seq = $2, name_key = $3 WHERE id = $1`, r.vendor, r.seq, key); err != nil {
		return fmt.Errorf("store a vendor: %w", err)
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

// expectations gives each version of what we expect of customers.
func expectations(ctx context.Context, q database.Querier, where string, args ...any) ([]expectationRow, error) {
	rows, err := q.QueryContext(ctx, `SELECT c.number, c.version, c.content, c.digest, c.made_at, c.made_by, c.entry_id, COALESCE(e.idx, -1)
		FROM customer_control c JOIN ledger_entry e ON e.id = c.entry_id `+where+` ORDER BY c.number, c.version`, args...)
	if err != nil {
		return nil, fmt.Errorf("read what is expected of customers: %w", err)
	}
	defer rows.Close()
	var out []expectationRow
	for rows.Next() {
		var r expectationRow
		var made int64
		if err := rows.Scan(&r.number, &r.version, &r.content, &r.digest, &made, &r.made.By, &r.made.Entry, &r.made.Index); err != nil {
			return nil, fmt.Errorf("read what is expected of customers: %w", err)
		}
		r.made.At = clock.FromMicros(made)
		out = append(out, r)
	}
	return out, rows.Err()
}

func nextExpectation(ctx context.Context, q database.Querier) (int, error) {
	var n int
	if err := q.QueryRowContext(ctx, `SELECT COALESCE(MAX(number), 0) + 1 FROM customer_control`).Scan(&n); err != nil {
		return 0, fmt.Errorf("number what is expected of customers: %w", err)
	}
	return n, nil
}

func insertExpectation(ctx context.Context, q database.Querier, r expectationRow) error {
	_, err := q.ExecContext(ctx, `INSERT INTO customer_control (number, version, content, digest, made_at, made_by, entry_id) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		r.number, r.version, r.content, r.digest, clock.Micros(r.made.At), r.made.By, r.made.Entry)
	return conflict(err, "store what is expected of customers")
}

func missing(err error) bool { return errors.Is(err, sql.ErrNoRows) }
