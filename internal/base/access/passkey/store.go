package passkey

import (
	"context"
	"database/sql"
	"encoding/json"
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

const columns = `id, user_id, name, record, sign_count, created_at, used_at, suspect_at`

func scan(from func(...any) error) (row, error) {
	var r row
	var record string
	var count, created, used, suspected int64
	if err := from(&r.ID, &r.UserID, &r.Name, &record, &count, &created, &used, &suspected); err != nil {
		return row{}, err
	}
	if err := json.Unmarshal([]byte(record), &r.cred); err != nil {
		return row{}, fmt.Errorf("passkey %s: %w", r.ID, err)
	}
	r.cred.Authenticator.SignCount = uint32(count)
	r.Synced, r.Created, r.Used, r.Suspect = r.cred.Flags.BackupEligible, moment(created), moment(used), moment(suspected)
	return r, nil
}

func one(r *sql.Row) (row, bool, error) {
	found, err := scan(r.Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return row{}, false, nil
	}
	if err != nil {
		return row{}, false, fmt.Errorf("read passkey: %w", err)
	}
	return found, true, nil
}

func byID(ctx context.Context, q database.Querier, id string) (row, bool, error) {
	return one(q.QueryRowContext(ctx, `SELECT `+columns+` FROM access_passkey WHERE id = $1`, id))
}

func byCredential(ctx context.Context, q database.Querier, credential []byte) (row, bool, error) {
	return one(q.QueryRowContext(ctx, `SELECT `+columns+` FROM access_passkey WHERE credential = $1`, credential))
}

// list gives a user's passkeys, oldest first.
func list(ctx context.Context, q database.Querier, userID string) ([]row, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+columns+` FROM access_passkey WHERE user_id = $1 ORDER BY created_at, id`, userID)
	if err != nil {
		return nil, fmt.Errorf("list passkeys: %w", err)
	}
	defer rows.Close()
	var all []row
	for rows.Next() {
		r, err := scan(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("list passkeys: %w", err)
		}
		all = append(all, r)
	}
	return all, rows.Err()
}

func insert(ctx context.Context, tx *sql.Tx, r row) error {
	record, err := json.Marshal(r.cred)
	if err != nil {
		return err
	}
	_, err = exec(ctx, tx, "add passkey", `INSERT INTO access_passkey (id, user_id, credential, name, record, sign_count, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		r.ID, r.UserID, r.cred.ID, r.Name, string(record), int64(r.cred.Authenticator.SignCount), clock.Micros(r.Created))
	return err
}

// note keeps what a use has changed.
func note(ctx context.Context, tx *sql.Tx, id, record string, count int64, now time.Time) error {
	_, err := exec(ctx, tx, "note use of passkey", `UPDATE access_passkey SET record = $2, sign_count = $3, used_at = $4 WHERE id = $1`, id, record, count, clock.Micros(now))
	return err
}

func suspect(ctx context.Context, tx *sql.Tx, id string, now time.Time) error {
	_, err := exec(ctx, tx, "suspect passkey", `UPDATE access_passkey SET suspect_at = $2 WHERE id = $1`, id, clock.Micros(now))
	return err
}

// drop removes one passkey, or all of a user's where id is empty.
func drop(ctx context.Context, tx *sql.Tx, id, userID string) (int64, error) {
	return exec(ctx, tx, "remove passkeys", `DELETE FROM access_passkey WHERE user_id = $2 AND (id = $1 OR $1 = '')`, id, userID)
}

// since gives when a user's oldest passkey was added, as the login asks it;
// zero where there is none.
func since(ctx context.Context, q database.Querier, userID string) (time.Time, error) {
	var us int64
	err := q.QueryRowContext(ctx, `SELECT passkey_at FROM access_user WHERE id = $1`, userID).Scan(&us)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, fmt.Errorf("read passkey: %w", err)
	}
	return moment(us), nil
}

// after reports whether one of the user's entries that say which passkeys there
// are follows a position in the people's stream.
func after(ctx context.Context, q database.Querier, userID, stream string, seq int64) (bool, error) {
	var n int64
	err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM ledger_entry WHERE subject = $1 AND (type = $2 OR type = $3) AND stream = $4 AND stream_seq > $5`,
		userID, addedEntry, removedEntry, stream, seq).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("read later entries: %w", err)
	}
	return n > 0, nil
}
