package databases

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

const columns = `source, name, place, connection, added_at, entry_id, removed_at, gone_entry, tried_at, trouble`

func scan(scan func(...any) error) (Database, error) {
	var d Database
	var added, removed, tried int64
	err := scan(&d.Source, &d.Name, &d.Place, &d.box, &added, &d.Entry, &removed, &d.gone, &tried, &d.Trouble)
	d.AddedAt = clock.FromMicros(added)
	if removed != 0 {
		d.RemovedAt = clock.FromMicros(removed)
	}
	if tried != 0 {
		d.TriedAt = clock.FromMicros(tried)
	}
	return d, err
}

func insert(ctx context.Context, q database.Querier, d Database) error {
	_, err := q.ExecContext(ctx, `INSERT INTO database_connection (source, name, place, connection, added_at, entry_id) VALUES ($1, $2, $3, $4, $5, $6)`,
		d.Source, d.Name, d.Place, d.box, clock.Micros(d.AddedAt), d.Entry)
	if err != nil {
		return fmt.Errorf("store database %s: %w", d.Name, err)
	}
	return nil
}

func named(ctx context.Context, q database.Querier, name string) (bool, error) {
	var n int
	if err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM database_connection WHERE name = $1 AND removed_at = 0`, name).Scan(&n); err != nil {
		return false, fmt.Errorf("look for database %s: %w", name, err)
	}
	return n > 0, nil
}

func inUse(ctx context.Context, q database.Querier) ([]Database, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+columns+` FROM database_connection WHERE removed_at = 0 ORDER BY name`)
	if err != nil {
		return nil, fmt.Errorf("list databases: %w", err)
	}
	defer rows.Close()
	var all []Database
	for rows.Next() {
		d, err := scan(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("list databases: %w", err)
		}
		all = append(all, d)
	}
	return all, rows.Err()
}

// remove also forgets the connection: nobody needs it any more. Its digest in
// the ledger stays.
func remove(ctx context.Context, q database.Querier, source, entry string, now time.Time) error {
	res, err := q.ExecContext(ctx, `UPDATE database_connection SET removed_at = $2, gone_entry = $3, connection = $4, trouble = '' WHERE source = $1 AND removed_at = 0`,
		source, clock.Micros(now), entry, []byte{})
	if err != nil {
		return fmt.Errorf("remove database %s: %w", source, err)
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return fault.New(fault.Conflict, "the database is removed already")
	}
	return nil
}

func trouble(ctx context.Context, q database.Querier, source string, at time.Time, why string) error {
	tried := int64(0)
	if !at.IsZero() {
		tried = clock.Micros(at)
	}
	if _, err := q.ExecContext(ctx, `UPDATE database_connection SET tried_at = $2, trouble = $3 WHERE source = $1`, source, tried, why); err != nil {
		return fmt.Errorf("keep why %s cannot be read: %w", source, err)
	}
	return nil
}

// Bindings are the rows that the ledger's entries about databases stand for.
func Bindings() []ledger.Binding {
	return []ledger.Binding{{Name: "database.added", Check: checkAdded}, {Name: "database.removed", Check: checkRemoved}}
}

func rowOf(ctx context.Context, q database.Querier, rec ledger.Record) (Database, error) {
	d, err := scan(q.QueryRowContext(ctx, `SELECT `+columns+` FROM database_connection WHERE source = $1`, rec.Subject).Scan)
	if err == sql.ErrNoRows {
		return d, fault.Wrap(fault.Refused, err, "database %s: its row is missing", rec.Subject)
	}
	if err == nil && d.Name != rec.Data["name"] {
		err = fault.New(fault.Refused, "database %s: its row says it is called %q, the ledger says %q", rec.Subject, d.Name, rec.Data["name"])
	}
	return d, err
}

func checkAdded(ctx context.Context, q database.Querier, rec ledger.Record) error {
	d, err := rowOf(ctx, q, rec)
	switch {
	case err != nil:
		return err
	case d.Entry != rec.ID:
		return fault.New(fault.Refused, "database %s: its row names entry %s, not %s", rec.Subject, d.Entry, rec.ID)
	case d.RemovedAt.IsZero() && d.data()["connection"] != rec.Data["connection"]:
		return fault.New(fault.Refused, "database %s: its connection is not the one that was added", rec.Subject)
	}
	return nil
}

func checkRemoved(ctx context.Context, q database.Querier, rec ledger.Record) error {
	d, err := rowOf(ctx, q, rec)
	if err == nil && (d.gone != rec.ID || d.RemovedAt.IsZero()) {
		err = fault.New(fault.Refused, "database %s: its row does not say that it was removed by entry %s", rec.Subject, rec.ID)
	}
	return err
}
