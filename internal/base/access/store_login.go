package access

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
)

// enterSession makes half a session a whole one, and reports whether it was half.
func enterSession(ctx context.Context, tx *sql.Tx, id string, hash []byte, now time.Time) (bool, error) {
	n, err := exec(ctx, tx, "enter session", `UPDATE access_session SET token_hash = $2, half = 0, opened_at = $3, seen_at = $3, proved_at = $3
		WHERE id = $1 AND half = 1`, id, hash, micros(now))
	return n == 1, err
}

func proveSession(ctx context.Context, tx *sql.Tx, id string, now time.Time) error {
	n, err := exec(ctx, tx, "prove session", `UPDATE access_session SET proved_at = $2 WHERE id = $1`, id, micros(now))
	if err == nil && n == 0 {
		err = errNoSession()
	}
	return err
}

func setSecond(ctx context.Context, tx *sql.Tx, userID string, since time.Time) error {
	_, err := exec(ctx, tx, "note second factor", `UPDATE access_user SET second_at = $2 WHERE id = $1`, userID, micros(since))
	return err
}

func secondRoles(ctx context.Context, q database.Querier) ([]Role, error) {
	var raw string
	err := q.QueryRowContext(ctx, `SELECT value FROM access_setting WHERE name = $1`, secondRolesSetting).Scan(&raw)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	var roles []Role
	if err == nil {
		err = json.Unmarshal([]byte(raw), &roles)
	}
	if err != nil {
		return nil, fmt.Errorf("read setting %s: %w", secondRolesSetting, err)
	}
	return roles, nil
}

func saveSetting(ctx context.Context, tx *sql.Tx, name string, value any, now time.Time, by string) error {
	raw, err := json.Marshal(value)
	if err != nil {
		return err
	}
	_, err = exec(ctx, tx, "save setting", `INSERT INTO access_setting (name, value, changed_at, changed_by) VALUES ($1, $2, $3, $4)
		ON CONFLICT (name) DO UPDATE SET value = $2, changed_at = $3, changed_by = $4`, name, string(raw), micros(now), by)
	return err
}

func setPasskey(ctx context.Context, tx *sql.Tx, userID string, since time.Time) error {
	_, err := exec(ctx, tx, "note passkey", `UPDATE access_user SET passkey_at = $2 WHERE id = $1`, userID, micros(since))
	return err
}

// endRecovery takes away the recovery codes of whoever has nothing left that they
// stand in for.
func endRecovery(ctx context.Context, tx *sql.Tx, userID string) error {
	_, err := exec(ctx, tx, "remove recovery codes", `DELETE FROM access_recovery WHERE user_id = $1
		AND EXISTS (SELECT 1 FROM access_user u WHERE u.id = $1 AND u.second_at = 0 AND u.passkey_at = 0)`, userID)
	return err
}

// countComingBack counts administrators who can log in without a link.
func countComingBack(ctx context.Context, tx *sql.Tx) (int64, error) {
	var n int64
	err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM access_user WHERE role = $1 AND disabled = 0 AND (password <> '' OR passkey_at > 0)`, string(Administrator)).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count administrators who can log in: %w", err)
	}
	return n, nil
}

func holdUser(ctx context.Context, tx *sql.Tx, userID string) error {
	n, err := exec(ctx, tx, "hold user", `UPDATE access_user SET role = role WHERE id = $1`, userID)
	if err == nil && n == 0 {
		err = fault.New(fault.NotFound, "there is no such user")
	}
	return err
}
