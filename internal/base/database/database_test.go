package database_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
)

func TestTxAndView(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		ctx := context.Background()
		if err := db.Tx(ctx, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, `INSERT INTO meta (name, value) VALUES ($2, $1)`, "value", "name")
			return err
		}); err != nil {
			t.Fatal(err)
		}
		boom := errors.New("boom")
		err := db.Tx(ctx, func(tx *sql.Tx) error {
			if _, err := tx.ExecContext(ctx, `UPDATE meta SET value = $1`, "changed"); err != nil {
				return err
			}
			return boom
		})
		if !errors.Is(err, boom) {
			t.Fatalf("Tx gave %v, want the function's own error", err)
		}
		var got string
		if err := db.View(ctx, func(tx *sql.Tx) error {
			return tx.QueryRowContext(ctx, `SELECT value FROM meta WHERE name = $1`, "name").Scan(&got)
		}); err != nil || got != "value" {
			t.Fatalf("after a rollback: %q, %v", got, err)
		}
		err = db.Tx(ctx, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, `INSERT INTO meta (name, value) VALUES ($1, $2)`, "name", "again")
			return err
		})
		if !database.IsUnique(err) {
			t.Errorf("a second row of the same key: IsUnique false for %v", err)
		}
	})
}

func TestNewerDatabaseIsRefused(t *testing.T) {
	run := func(t *testing.T, location string) {
		ctx := context.Background()
		db, err := database.Open(ctx, location, database.ReadWrite)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Writer().Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES ($1, $2)`, 99999, true); err != nil {
			t.Fatal(err)
		}
		db.Close()
		for _, mode := range []database.Mode{database.ReadWrite, database.ReadOnly} {
			_, err = database.Open(ctx, location, mode)
			if !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "99999") {
				t.Errorf("mode %v: a newer database gave %v", mode, err)
			}
		}
	}
	t.Run("sqlite", func(t *testing.T) { run(t, databasetest.SQLiteLocation(t)) })
	t.Run("postgres", func(t *testing.T) { run(t, databasetest.PostgresLocation(t)) })
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	readOnly := filepath.Join(dir, "readonly.db")
	db, err := database.Open(context.Background(), "sqlite:"+readOnly, database.ReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	db.Close()
	if err := os.Chmod(readOnly, 0o400); err != nil {
		t.Fatal(err)
	}
	garbage := filepath.Join(dir, "garbage.db")
	if err := os.WriteFile(garbage, []byte(strings.Repeat("this is no database. ", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, location string
		mode           database.Mode
		want           fault.Kind
	}{
		{"unknown scheme", "mysql://x", database.ReadWrite, fault.Invalid},
		{"read-only file", "sqlite:" + readOnly, database.ReadWrite, fault.Unavailable},
		{"missing directory", "sqlite:" + filepath.Join(dir, "no", "such.db"), database.ReadWrite, fault.Unavailable},
		{"missing file, reading", "sqlite:" + filepath.Join(dir, "none.db"), database.ReadOnly, fault.NotFound},
		{"not a database", "sqlite:" + garbage, database.ReadWrite, fault.Refused},
		{"no server", "postgres://nobody@127.0.0.1:1/x?sslmode=disable&connect_timeout=2", database.ReadWrite, fault.Unavailable},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := database.Open(context.Background(), tc.location, tc.mode)
			if fault.KindOf(err) != tc.want {
				t.Errorf("kind %q, want %q: %v", fault.KindOf(err), tc.want, err)
			}
		})
	}
}
