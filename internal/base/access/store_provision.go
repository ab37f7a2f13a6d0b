package access

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/ledger"
)

func insertKept(ctx context.Context, tx *sql.Tx, u User) error {
	_, err := exec(ctx, tx, "add user", `INSERT INTO access_user (id, login, name, email, role, disabled, created_at, directory)
		VALUES ($1, $2, $3, $4, '', 1, $5, $6)`, u.ID, u.Login, u.Name, nullable(u.Email), micros(u.Created), int(u.Directory))
	return err
}

func setKept(ctx context.Context, tx *sql.Tx, id string, k Kept) error {
	_, err := exec(ctx, tx, "note what a directory wants", `UPDATE access_user SET directory = $2 WHERE id = $1`, id, int(k))
	return err
}

// superseded reports whether a later record of either type is about the same
// subject.
func superseded(ctx context.Context, q database.Querier, rec ledger.Record, a, b string) (bool, error) {
	var n int64
	err := q.QueryRowContext(ctx, `SELECT
		(SELECT COUNT(*) FROM ledger_entry WHERE subject = $1 AND idx IS NOT NULL AND (type = $2 OR type = $3) AND stream = $4 AND stream_seq > $5) +
		(SELECT COUNT(*) FROM ledger_entry WHERE subject = $1 AND idx IS NULL AND (type = $2 OR type = $3) AND stream = $4 AND stream_seq > $5)`,
		rec.Subject, a, b, rec.Stream, rec.StreamSeq).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("read later records: %w", err)
	}
	return n > 0, nil
}
