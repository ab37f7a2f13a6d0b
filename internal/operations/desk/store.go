package desk

import (
	"context"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
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
