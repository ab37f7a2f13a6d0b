package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
)

// renameOrigin gives the log of a database another name.
func renameOrigin(ctx context.Context, db *database.DB, old, origin string) error {
	return db.Tx(ctx, func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `UPDATE meta SET value = $1 WHERE name = $2 AND value = $3`, origin, originName, old)
		if err != nil {
			return fmt.Errorf("name the epoch: %w", err)
		}
		if n, err := r.RowsAffected(); err != nil || n != 1 {
			return errors.Join(err, fault.New(fault.Refused, "the database belongs to another log than %q", old))
		}
		return nil
	})
}

func insertEpoch(ctx context.Context, tx *sql.Tx, e Epoch) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO ledger_epoch (origin, at, before, key, size, root, manifest, entry) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		e.Origin, clock.Micros(e.At), e.Before, e.Key, e.Size, e.Root, e.manifest, e.Entry)
	if err != nil {
		return fmt.Errorf("keep the epoch: %w", err)
	}
	return nil
}

func scanEpoch(row interface{ Scan(...any) error }) (e Epoch, err error) {
	var us int64
	err = row.Scan(&e.Origin, &us, &e.Before, &e.Key, &e.Size, &e.Root, &e.manifest, &e.Entry)
	e.At = clock.FromMicros(us)
	return e, err
}

const selectEpoch = `SELECT origin, at, before, key, size, root, manifest, entry FROM ledger_epoch `

func epochByEntry(ctx context.Context, q database.Querier, entry string) (Epoch, bool, error) {
	e, err := scanEpoch(q.QueryRowContext(ctx, selectEpoch+`WHERE entry = $1`, entry))
	if errors.Is(err, sql.ErrNoRows) {
		return e, false, nil
	}
	if err != nil {
		return e, false, fmt.Errorf("read an epoch: %w", err)
	}
	return e, true, nil
}

func epochs(ctx context.Context, q database.Querier) ([]Epoch, error) {
	rows, err := q.QueryContext(ctx, selectEpoch+`ORDER BY at, origin`)
	if err != nil {
		return nil, fmt.Errorf("read the epochs: %w", err)
	}
	defer rows.Close()
	var all []Epoch
	for rows.Next() {
		e, err := scanEpoch(rows)
		if err != nil {
			return nil, fmt.Errorf("read the epochs: %w", err)
		}
		all = append(all, e)
	}
	return all, rows.Err()
}
