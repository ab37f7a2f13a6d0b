package factor

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
)

func moment(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return clock.FromMicros(us)
}

func exec(ctx context.Context, q database.Querier, what, query string, args ...any) (int64, error) {
	res, err := q.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", what, err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return 0, fmt.Errorf("%s: %w", what, err)
	}
	return n, nil
}

func read(ctx context.Context, q database.Querier, userID string) (r row, there bool, err error) {
	var made, confirmed int64
	r.userID = userID
	err = q.QueryRowContext(ctx, `SELECT secret, made_at, confirmed_at, step FROM access_factor WHERE user_id = $1`, userID).Scan(&r.box, &made, &confirmed, &r.step)
	if errors.Is(err, sql.ErrNoRows) {
		return row{}, false, nil
	}
	if err != nil {
		return row{}, false, fmt.Errorf("read second factor: %w", err)
	}
	r.made, r.confirmed = moment(made), moment(confirmed)
	return r, true, nil
}

// begin reports whether none counted already.
func begin(ctx context.Context, tx *sql.Tx, r row) (bool, error) {
	n, err := exec(ctx, tx, "begin second factor", `INSERT INTO access_factor AS f (user_id, secret, made_at) VALUES ($1, $2, $3)
		ON CONFLICT (user_id) DO UPDATE SET secret = $2, made_at = $3, step = 0 WHERE f.confirmed_at = 0`, r.userID, r.box, clock.Micros(r.made))
	return n == 1, err
}

func confirm(ctx context.Context, tx *sql.Tx, userID string, now time.Time, step int64) error {
	_, err := exec(ctx, tx, "confirm second factor", `UPDATE access_factor SET confirmed_at = $2, step = $3 WHERE user_id = $1`, userID, clock.Micros(now), step)
	return err
}

// useStep reports whether no code of that step or a later one was used before.
func useStep(ctx context.Context, tx *sql.Tx, userID string, step int64) (bool, error) {
	n, err := exec(ctx, tx, "use code", `UPDATE access_factor SET step = $2 WHERE user_id = $1 AND step < $2`, userID, step)
	return n == 1, err
}

func abandon(ctx context.Context, tx *sql.Tx, userID string) (int64, error) {
	return exec(ctx, tx, "abandon second factor", `DELETE FROM access_factor WHERE user_id = $1 AND confirmed_at = 0`, userID)
}

func remove(ctx context.Context, tx *sql.Tx, userID string) error {
	_, err := exec(ctx, tx, "remove second factor", `DELETE FROM access_factor WHERE user_id = $1`, userID)
	return err
}

func replaceCodes(ctx context.Context, tx *sql.Tx, userID string, hashes [][]byte) error {
	if _, err := exec(ctx, tx, "remove recovery codes", `DELETE FROM access_recovery WHERE user_id = $1`, userID); err != nil {
		return err
	}
	for _, hash := range hashes {
		if _, err := exec(ctx, tx, "add recovery code", `INSERT INTO access_recovery (code_hash, user_id) VALUES ($1, $2)`, hash, userID); err != nil {
			return err
		}
	}
	return nil
}

// useCode reports whether this call was the one that used it.
func useCode(ctx context.Context, tx *sql.Tx, userID string, hash []byte, now time.Time) (bool, error) {
	n, err := exec(ctx, tx, "use recovery code", `UPDATE access_recovery SET used_at = $3 WHERE code_hash = $1 AND user_id = $2 AND used_at = 0`, hash, userID, clock.Micros(now))
	return n == 1, err
}

func codesLeft(ctx context.Context, q database.Querier, userID string) (int, error) {
	var n int
	err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM access_recovery WHERE user_id = $1 AND used_at = 0`, userID).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count recovery codes: %w", err)
	}
	return n, nil
}

// hasSecond reports whether a user has an app or a passkey, as the login asks it.
func hasSecond(ctx context.Context, q database.Querier, userID string) (bool, error) {
	var n int
	err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM access_user WHERE id = $1 AND (second_at > 0 OR passkey_at > 0)`, userID).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("read second factor: %w", err)
	}
	return n > 0, nil
}

// since gives when a user's second factor was confirmed, as the login asks it; zero
// where there is none.
func since(ctx context.Context, q database.Querier, userID string) (time.Time, error) {
	var us int64
	err := q.QueryRowContext(ctx, `SELECT second_at FROM access_user WHERE id = $1`, userID).Scan(&us)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, fmt.Errorf("read second factor: %w", err)
	}
	return moment(us), nil
}

// after reports whether one of the user's entries of two types follows a
// position in the people's stream.
func after(ctx context.Context, q database.Querier, userID, typ, other, stream string, seq int64) (bool, error) {
	var n int64
	err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM ledger_entry WHERE subject = $1 AND (type = $2 OR type = $3) AND stream = $4 AND stream_seq > $5`,
		userID, typ, other, stream, seq).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("read later entries: %w", err)
	}
	return n > 0, nil
}
