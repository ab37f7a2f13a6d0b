package health

import (
	"context"
	"database/sql"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/ledger"
)

func appendOne(ctx context.Context, db *database.DB, log *ledger.Log) error {
	return db.Tx(ctx, func(tx *sql.Tx) error {
		_, err := log.Append(ctx, tx, ledger.Entry{Stream: "backup", Type: "backup.made", Actor: "system", Subject: "bkp_x", Outcome: "done"})
		return err
	})
}
