package api

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
)

// claimKey makes a key the caller's, or gives what is known of it. A key that
// never got its answer is free again after keyStalls.
func claimKey(ctx context.Context, db *database.DB, key, digest string, now time.Time) (before kept, fresh bool, err error) {
	err = db.Tx(ctx, func(tx *sql.Tx) error {
		before, fresh = kept{}, false
		if _, err := tx.ExecContext(ctx, `DELETE FROM api_key_used WHERE id = $1 AND answer IS NULL AND used_at <= $2`, key, clock.Micros(now.Add(-keyStalls))); err != nil {
			return fmt.Errorf("free a key: %w", err)
		}
		res, err := tx.ExecContext(ctx, `INSERT INTO api_key_used (id, digest, used_at) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING`, key, digest, clock.Micros(now))
		if err != nil {
			return fmt.Errorf("claim a key: %w", err)
		}
		n, err := res.RowsAffected()
		if err != nil {
			return fmt.Errorf("claim a key: %w", err)
		}
		if fresh = n == 1; fresh {
			return nil
		}
		var us int64
		if err := tx.QueryRowContext(ctx, `SELECT digest, answer, used_at FROM api_key_used WHERE id = $1`, key).Scan(&before.digest, &before.answer, &us); err != nil {
			return fmt.Errorf("read a key: %w", err)
		}
		before.at = clock.FromMicros(us)
		return nil
	})
	return before, fresh, err
}

func keepAnswer(ctx context.Context, db *database.DB, key string, answer []byte) error {
	return db.Tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE api_key_used SET answer = $2 WHERE id = $1`, key, answer); err != nil {
			return fmt.Errorf("keep an answer: %w", err)
		}
		return nil
	})
}

func dropKey(ctx context.Context, db *database.DB, key string) error {
	return db.Tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM api_key_used WHERE id = $1 AND answer IS NULL`, key); err != nil {
			return fmt.Errorf("drop a key: %w", err)
		}
		return nil
	})
}

func sweepKeys(ctx context.Context, db *database.DB, before time.Time) error {
	return db.Tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM api_key_used WHERE used_at <= $1`, clock.Micros(before)); err != nil {
			return fmt.Errorf("forget keys: %w", err)
		}
		return nil
	})
}
