package access

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/database"
)

const tokenColumns = `t.id, t.user_id, t.name, t.tail, t.actions, t.made_by, t.created_at, t.expires_at, t.seen_at, t.ended_at`

// tokenFields gives scan targets for tokenColumns, and done to call after Scan.
func tokenFields(t *APIToken) (targets []any, done func() error) {
	var actions string
	var created, expires, seen, ended int64
	return []any{&t.ID, &t.UserID, &t.Name, &t.Tail, &actions, &t.MadeBy, &created, &expires, &seen, &ended}, func() error {
		t.Created, t.Expires, t.Seen, t.Ended = fromMicros(created), fromMicros(expires), fromMicros(seen), fromMicros(ended)
		if err := json.Unmarshal([]byte(actions), &t.Actions); err != nil {
			return fmt.Errorf("read token %s: %w", t.ID, err)
		}
		return nil
	}
}

func insertToken(ctx context.Context, tx *sql.Tx, t APIToken, hash []byte) error {
	actions, err := json.Marshal(t.Actions)
	if err != nil {
		return err
	}
	_, err = exec(ctx, tx, "add token", `INSERT INTO access_token (id, token_hash, user_id, name, tail, actions, made_by, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, t.ID, hash, t.UserID, t.Name, t.Tail, string(actions), t.MadeBy, micros(t.Created), micros(t.Expires))
	return err
}

// tokenByHash gives a token and its user, or sql.ErrNoRows.
func tokenByHash(ctx context.Context, q database.Querier, hash []byte) (APIToken, User, error) {
	var t APIToken
	var u User
	var stored string
	ours, done := tokenFields(&t)
	theirs, complete := userFields(&u, &stored)
	err := q.QueryRowContext(ctx, `SELECT `+tokenColumns+`, `+userColumns+`
		FROM access_token t JOIN access_user u ON u.id = t.user_id WHERE t.token_hash = $1`, hash).Scan(append(ours, theirs...)...)
	if err != nil {
		return APIToken{}, User{}, tokenError(err)
	}
	complete()
	return t, u, done()
}

// endTokensOf ends a user's tokens, but for those of directories.
func endTokensOf(ctx context.Context, tx *sql.Tx, userID string, now time.Time) (int64, error) {
	return exec(ctx, tx, "end tokens", `UPDATE access_token SET ended_at = $2 WHERE user_id = $1 AND ended_at = 0 AND expires_at > $2 AND actions <> $3`,
		userID, micros(now), directoryActions)
}

// directoryActions is what stands in the row of a directory's token.
const directoryActions = `["` + string(Provision) + `"]`

func tokenByID(ctx context.Context, q database.Querier, id string) (APIToken, error) {
	var t APIToken
	targets, done := tokenFields(&t)
	if err := q.QueryRowContext(ctx, `SELECT `+tokenColumns+` FROM access_token t WHERE t.id = $1`, id).Scan(targets...); err != nil {
		return APIToken{}, tokenError(err)
	}
	return t, done()
}

func tokenError(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return err
	}
	return fmt.Errorf("read token: %w", err)
}

func tokensOf(ctx context.Context, q database.Querier, userID string) ([]APIToken, error) {
	return listTokens(ctx, q, `t.user_id = $1`, userID)
}

func directoryTokens(ctx context.Context, q database.Querier) ([]APIToken, error) {
	return listTokens(ctx, q, `t.actions = $1`, directoryActions)
}

func listTokens(ctx context.Context, q database.Querier, where, value string) ([]APIToken, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+tokenColumns+` FROM access_token t WHERE `+where+` ORDER BY t.created_at DESC, t.id DESC`, value)
	if err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	defer rows.Close()
	var all []APIToken
	for rows.Next() {
		var t APIToken
		targets, done := tokenFields(&t)
		if err := rows.Scan(targets...); err != nil {
			return nil, fmt.Errorf("list tokens: %w", err)
		}
		if err := done(); err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, rows.Err()
}

func touchToken(ctx context.Context, tx *sql.Tx, id string, now time.Time) error {
	_, err := exec(ctx, tx, "note a token's use", `UPDATE access_token SET seen_at = $2 WHERE id = $1`, id, micros(now))
	return err
}

func endToken(ctx context.Context, tx *sql.Tx, id string, now time.Time) (bool, error) {
	n, err := exec(ctx, tx, "revoke token", `UPDATE access_token SET ended_at = $2 WHERE id = $1 AND ended_at = 0`, id, micros(now))
	return n > 0, err
}
