package database_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
)

// What is done within Joined is done together or not at all; a Tx within it is
// taken back alone; nobody outside sees any of it before.
func TestJoined(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		ctx, boom := context.Background(), errors.New("boom")
		set := func(ctx context.Context, name string, err error) error {
			return db.Tx(ctx, func(tx *sql.Tx) error {
				if _, e := tx.ExecContext(ctx, `INSERT INTO meta (name, value) VALUES ($1, 'x')`, name); e != nil {
					return e
				}
				return err
			})
		}
		count := func(ctx context.Context) (n int) {
			t.Helper()
			if err := db.Reader().QueryRowContext(ctx, `SELECT COUNT(*) FROM meta WHERE name LIKE 'j%'`).Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		for _, end := range []error{boom, nil} {
			err := db.Joined(ctx, func(in context.Context) error {
				if err := set(in, "j1", nil); err != nil {
					return err
				}
				if err := set(in, "j2", boom); !errors.Is(err, boom) {
					t.Errorf("a part gave %v", err)
				}
				if err := set(in, "j1", nil); !database.IsUnique(err) {
					t.Errorf("the same row again gave %v", err)
				}
				if err := db.Tx(in, func(*sql.Tx) error { // a part of which a part fails
					return errors.Join(set(in, "j3", nil), func() error { _ = set(in, "j4", boom); return nil }())
				}); err != nil {
					return err
				}
				if n := count(in); n != 2 {
					t.Errorf("within it there are %d rows, want j1 and j3", n)
				}
				if !db.Within(in) || db.Within(ctx) {
					t.Error("Within does not tell the two apart")
				}
				if n := count(ctx); n != 0 {
					t.Errorf("outside of it there are %d rows already", n)
				}
				return end
			})
			if !errors.Is(err, end) {
				t.Fatalf("Joined gave %v", err)
			}
			if n := count(ctx); end != nil && n != 0 || end == nil && n != 2 {
				t.Errorf("after %v there are %d rows", end, n)
			}
		}
		if err := db.Seen(ctx, func(in context.Context) error {
			if n := count(in); n != 2 {
				t.Errorf("seen are %d rows", n)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	})
}
