package access

import (
	"context"
	"database/sql"

	"github.com/attesta/attesta/internal/base/database"
)

// AfterRestore ends what a backup would bring back to life: every session and
// every login link that was not used. Whoever was disabled, or whose token was
// revoked, after the backup was made is there again as they were: the operator
// looks through users and tokens.
func AfterRestore(ctx context.Context, db *database.DB) error {
	return db.Tx(ctx, func(tx *sql.Tx) error {
		if _, err := exec(ctx, tx, "end sessions", `DELETE FROM access_session`); err != nil {
			return err
		}
		_, err := exec(ctx, tx, "withdraw links", `DELETE FROM access_link WHERE used_at = 0`)
		return err
	})
}
