package reliance

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
)

func insertEvent(ctx context.Context, tx *sql.Tx, e Event) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO reliance_event (entry_id, kind, at, by_user, version, origin, outcome, reason, run_sql, read_data)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		e.Entry, e.Kind, clock.Micros(e.At), e.By, e.Version, e.Origin, e.Outcome, e.Reason, e.RunSQL, e.ReadData)
	if err != nil {
		return fmt.Errorf("keep what the deployment recorded about itself: %w", err)
	}
	return nil
}

const selectEvent = `SELECT entry_id, kind, at, by_user, version, origin, outcome, reason, run_sql, read_data FROM reliance_event `

func one(row *sql.Row) (e Event, ok bool, err error) {
	var us int64
	err = row.Scan(&e.Entry, &e.Kind, &us, &e.By, &e.Version, &e.Origin, &e.Outcome, &e.Reason, &e.RunSQL, &e.ReadData)
	if errors.Is(err, sql.ErrNoRows) {
		return e, false, nil
	}
	if err != nil {
		return e, false, fmt.Errorf("read what the deployment recorded about itself: %w", err)
	}
	e.At = clock.FromMicros(us)
	return e, true, nil
}

func eventByEntry(ctx context.Context, q database.Querier, entry string) (Event, bool, error) {
	return one(q.QueryRowContext(ctx, selectEvent+`WHERE entry_id = $1`, entry))
}

func lastEvent(ctx context.Context, q database.Querier, kind string) (Event, bool, error) {
	return one(q.QueryRowContext(ctx, selectEvent+`WHERE kind = $1 ORDER BY at DESC, entry_id DESC LIMIT 1`, kind))
}

// databaseUser gives as whom PostgreSQL knows this program.
func databaseUser(ctx context.Context, q database.Querier) (user string, err error) {
	if err = q.QueryRowContext(ctx, `SELECT current_user`).Scan(&user); err != nil {
		return "", fmt.Errorf("ask as whom the database is used: %w", err)
	}
	return user, nil
}
