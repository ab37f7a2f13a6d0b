package place

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

func saveToken(ctx context.Context, q database.Querier, subject, hash string, now time.Time) error {
	_, err := q.ExecContext(ctx, `INSERT INTO place_token (subject, hash, made_at) VALUES ($1, $2, $3) ON CONFLICT (subject) DO UPDATE SET hash = excluded.hash, made_at = excluded.made_at`, subject, hash, clock.Micros(now))
	if err != nil {
		return fmt.Errorf("store a token: %w", err)
	}
	return nil
}

func tokenOf(ctx context.Context, q database.Querier, subject string) (hash string, err error) {
	err = q.QueryRowContext(ctx, `SELECT hash FROM place_token WHERE subject = $1`, subject).Scan(&hash)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read a token: %w", err)
	}
	return hash, nil
}

func remember(ctx context.Context, q database.Querier, digest string, now time.Time) error {
	_, err := q.ExecContext(ctx, `INSERT INTO place_message (digest, at) VALUES ($1, $2)`, digest, clock.Micros(now))
	if database.IsUnique(err) {
		return fault.Wrap(fault.Conflict, err, "this very message was taken already")
	}
	if err != nil {
		return fmt.Errorf("remember a message: %w", err)
	}
	return nil
}

func forget(ctx context.Context, q database.Querier, before time.Time) error {
	if _, err := q.ExecContext(ctx, `DELETE FROM place_message WHERE at < $1`, clock.Micros(before)); err != nil {
		return fmt.Errorf("forget messages: %w", err)
	}
	return nil
}

func saveHeard(ctx context.Context, q database.Querier, sensor string, h Heard) error {
	_, err := q.ExecContext(ctx, `INSERT INTO sensor_heard (sensor_id, at, heard_at, value, said) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (sensor_id) DO UPDATE SET at = excluded.at, heard_at = excluded.heard_at, value = excluded.value, said = excluded.said`, sensor, clock.Micros(h.At), clock.Micros(h.Heard), h.Value, h.Said)
	if err != nil {
		return fmt.Errorf("store what a sensor said: %w", err)
	}
	return nil
}

func heardOf(ctx context.Context, q database.Querier) (map[string]Heard, error) {
	rows, err := q.QueryContext(ctx, `SELECT sensor_id, at, heard_at, value, said FROM sensor_heard`)
	if err != nil {
		return nil, fmt.Errorf("read what sensors said: %w", err)
	}
	defer rows.Close()
	out := map[string]Heard{}
	for rows.Next() {
		var id string
		var at, heard int64
		var h Heard
		if err := rows.Scan(&id, &at, &heard, &h.Value, &h.Said); err != nil {
			return nil, fmt.Errorf("read what sensors said: %w", err)
		}
		h.At, h.Heard = clock.FromMicros(at), clock.FromMicros(heard)
		out[id] = h
	}
	return out, rows.Err()
}
