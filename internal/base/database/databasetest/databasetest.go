// Package databasetest gives store tests a fresh, migrated database on each
// engine. PostgreSQL is used where ATTESTA_TEST_POSTGRES names a server whose
// role may create databases (scripts/postgres starts one); elsewhere its half
// is listed as NOT RUN.
package databasetest

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/attesta/attesta/internal/base/database"

	_ "github.com/jackc/pgx/v5/stdlib" // registers "pgx"
)

// Each runs f once per engine, as subtests named after it.
func Each(t *testing.T, f func(t *testing.T, db *database.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { f(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { f(t, Postgres(t)) })
}

var template struct {
	once  sync.Once
	bytes []byte
	err   error
}

// SQLite gives a fresh database in a temporary directory.
func SQLite(t testing.TB) *database.DB {
	t.Helper()
	return openAt(t, SQLiteLocation(t))
}

// SQLiteLocation gives the location of a fresh, migrated database that is not open.
func SQLiteLocation(t testing.TB) string {
	t.Helper()
	template.once.Do(func() {
		dir, err := os.MkdirTemp("", "attesta-template-")
		if err != nil {
			template.err = err
			return
		}
		defer os.RemoveAll(dir)
		path := filepath.Join(dir, "t.db")
		db, err := database.Open(context.Background(), "sqlite:"+path, database.ReadWrite)
		if err != nil {
			template.err = err
			return
		}
		if template.err = db.Close(); template.err == nil {
			template.bytes, template.err = os.ReadFile(path)
		}
	})
	if template.err != nil {
		t.Fatalf("template database: %v", template.err)
	}
	path := filepath.Join(t.TempDir(), "attesta.db")
	if err := os.WriteFile(path, template.bytes, 0o600); err != nil {
		t.Fatal(err)
	}
	return "sqlite:" + path
}

func openAt(t testing.TB, location string) *database.DB {
	t.Helper()
	db, err := database.Open(context.Background(), location, database.ReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

var serial atomic.Int64

// Postgres gives a fresh database on the test server and drops it afterwards.
func Postgres(t testing.TB) *database.DB {
	t.Helper()
	return openAt(t, PostgresLocation(t))
}

// PostgresLocation gives the location of a fresh, empty database.
func PostgresLocation(t testing.TB) string {
	t.Helper()
	base := os.Getenv("ATTESTA_TEST_POSTGRES")
	if base == "" {
		t.Skip("NOT RUN: ATTESTA_TEST_POSTGRES names no PostgreSQL server")
	}
	admin, err := sql.Open("pgx", base)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	name := fmt.Sprintf("attesta_%d_%d", os.Getpid(), serial.Add(1))
	if _, err := admin.Exec("CREATE DATABASE " + name); err != nil {
		t.Fatalf("create test database: %v", err)
	}
	t.Cleanup(func() {
		admin, err := sql.Open("pgx", base)
		if err != nil {
			return
		}
		defer admin.Close()
		admin.Exec("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)")
	})
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}
