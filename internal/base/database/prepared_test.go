package database_test

import (
	"context"
	"database/sql"
	"testing"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
)

func TestPrepared(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		ctx := context.Background()
		const put, get = `INSERT INTO meta (name, value) VALUES ($1, $2)`, `SELECT value FROM meta WHERE name = $1`
		p, err := db.Prepare(ctx, put, get)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		for _, prepared := range []*database.Prepared{p, p, nil} {
			err = db.Tx(ctx, func(tx *sql.Tx) error {
				q := prepared.Within(tx)
				if _, err := q.ExecContext(ctx, put, "n", "v"); err != nil {
					return err
				}
				var got string
				if err := q.QueryRowContext(ctx, get, "n").Scan(&got); err != nil || got != "v" {
					t.Errorf("read back %q, %v", got, err)
				}
				rows, err := q.QueryContext(ctx, get, "n")
				if err != nil {
					return err
				}
				defer rows.Close()
				if !rows.Next() {
					t.Error("no row")
				}
				rows.Close()
				_, err = q.ExecContext(ctx, `DELETE FROM meta WHERE name = $1`, "n") // as text
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if _, err := db.Prepare(ctx, `SELECT nothing FROM nowhere`); err == nil {
			t.Error("a statement that cannot be parsed was prepared")
		}
	})
}
