package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
)

// span gives from when to when the records go.
func span(ctx context.Context, db *database.DB) (time.Time, time.Time, error) {
	var from, to sql.NullInt64
	if err := db.Reader().QueryRowContext(ctx, `SELECT MIN(valid_at), MAX(recorded_at) FROM run`).Scan(&from, &to); err != nil {
		return time.Time{}, time.Time{}, err
	}
	if !from.Valid || from.Int64 == to.Int64 {
		return time.Time{}, time.Time{}, errors.New("the directory holds no history to measure on")
	}
	return clock.FromMicros(from.Int64), clock.FromMicros(to.Int64), nil
}

func sizes(ctx context.Context, db *database.DB) error {
	for _, table := range []string{"host", "finding", "outcome", "step", "run", "ledger_entry"} {
		var n int64
		if err := db.Reader().QueryRowContext(ctx, `SELECT COUNT(*) FROM `+table).Scan(&n); err != nil {
			return err
		}
		fmt.Printf("%d %s rows; ", n, table)
	}
	fmt.Println()
	return nil
}

// readAll reads every row of a table and sorts them: a list without keys.
func readAll(ctx context.Context, db *database.DB, table string) error {
	rows, err := db.Reader().QueryContext(ctx, `SELECT id FROM `+table+` ORDER BY id`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return err
		}
	}
	return rows.Err()
}
