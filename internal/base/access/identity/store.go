package identity

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
)

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

func read(ctx context.Context, q database.Querier) (row, bool, error) {
	var r row
	var domains, role string
	var both, changed int64
	err := q.QueryRowContext(ctx, `SELECT name, issuer, client_id, secret, domains, make_with, asks_both, changed_at FROM access_provider WHERE id = 'oidc'`).
		Scan(&r.Name, &r.Issuer, &r.ClientID, &r.box, &domains, &role, &both, &changed)
	if errors.Is(err, sql.ErrNoRows) {
		return row{}, false, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(domains), &r.Domains)
	}
	if err != nil {
		return row{}, false, fmt.Errorf("read the login provider: %w", err)
	}
	r.MakeWith, r.AsksBoth, r.Changed = access.Role(role), both != 0, clock.FromMicros(changed)
	return r, true, nil
}

func save(ctx context.Context, tx *sql.Tx, r row) error {
	domains, err := json.Marshal(r.Domains)
	if err != nil {
		return err
	}
	both := 0
	if r.AsksBoth {
		both = 1
	}
	_, err = exec(ctx, tx, "save the login provider", `INSERT INTO access_provider (id, name, issuer, client_id, secret, domains, make_with, asks_both, changed_at)
		VALUES ('oidc', $1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (id) DO UPDATE SET name = $1, issuer = $2, client_id = $3, secret = $4, domains = $5, make_with = $6, asks_both = $7, changed_at = $8`,
		r.Name, r.Issuer, r.ClientID, r.box, string(domains), string(r.MakeWith), both, clock.Micros(r.Changed))
	return err
}

func drop(ctx context.Context, tx *sql.Tx) (int64, error) {
	return exec(ctx, tx, "remove the login provider", `DELETE FROM access_provider`)
}

// userOf gives whose an identity is; "" nobody's.
func userOf(ctx context.Context, q database.Querier, issuer, sub string) (string, error) {
	var id string
	err := q.QueryRowContext(ctx, `SELECT user_id FROM access_identity WHERE issuer = $1 AND subject = $2`, issuer, sub).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read identity: %w", err)
	}
	return id, nil
}

func bind(ctx context.Context, tx *sql.Tx, issuer, sub, userID string, now time.Time) error {
	_, err := exec(ctx, tx, "bind identity", `INSERT INTO access_identity (issuer, subject, user_id, bound_at) VALUES ($1, $2, $3, $4)`, issuer, sub, userID, clock.Micros(now))
	return err
}

func unbindFrom(ctx context.Context, tx *sql.Tx, userID, issuer string) (int64, error) {
	return exec(ctx, tx, "unbind identities", `DELETE FROM access_identity WHERE user_id = $1 AND issuer = $2`, userID, issuer)
}

func unbind(ctx context.Context, tx *sql.Tx, userID string) (int64, error) {
	return exec(ctx, tx, "unbind identities", `DELETE FROM access_identity WHERE user_id = $1`, userID)
}

// identity is one of a user's, by issuer.
type identity struct{ issuer, subject string }

// digest names an identity without saying it.
func (i identity) digest() string {
	sum := sha256.Sum256([]byte(i.issuer + "\x00" + i.subject))
	return hex.EncodeToString(sum[:])
}

func identities(ctx context.Context, q database.Querier, userID string) ([]identity, error) {
	rows, err := q.QueryContext(ctx, `SELECT issuer, subject FROM access_identity WHERE user_id = $1 ORDER BY bound_at, issuer, subject`, userID)
	if err != nil {
		return nil, fmt.Errorf("list identities: %w", err)
	}
	defer rows.Close()
	var all []identity
	for rows.Next() {
		var i identity
		if err := rows.Scan(&i.issuer, &i.subject); err != nil {
			return nil, fmt.Errorf("list identities: %w", err)
		}
		all = append(all, i)
	}
	return all, rows.Err()
}

func digests(all []identity) []string {
	out := []string{}
	for _, i := range all {
		out = append(out, i.digest())
	}
	return out
}

// after reports whether an entry of one of three types about the same subject
// follows a position of the stream.
func after(ctx context.Context, q database.Querier, about string, types [3]string, stream string, seq int64) (bool, error) {
	var n int64
	err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM ledger_entry WHERE subject = $1 AND type IN ($2, $3, $4) AND stream = $5 AND stream_seq > $6`,
		about, types[0], types[1], types[2], stream, seq).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("read later entries: %w", err)
	}
	return n > 0, nil
}
