// Package database opens the state database, SQLite (WAL mode, the default) or
// PostgreSQL, and brings it to the newest schema. Everything above speaks one
// SQL subset that both share:
//
//   - placeholders $1, $2, …; types BIGINT, TEXT, BLOB (a domain over bytea on
//     PostgreSQL); times BIGINT microseconds UTC; booleans BIGINT 0 or 1; JSON as TEXT
//   - ON CONFLICT, RETURNING, FILTER, row values, window functions, CTEs: yes
//   - arrays, casts with ::, now(), ILIKE, FOR UPDATE, AUTOINCREMENT, SERIAL: no
//
// A lint test in this package holds the subset over migrations and every
// store.go.
//
// On SQLite all writers pass one connection, so a transaction never meets
// SQLITE_BUSY from its own process; readers have connections of their own and
// see a snapshot.
//
// Floor: base, stateful.
package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/fault"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	sqlite "modernc.org/sqlite"
	sqlitelib "modernc.org/sqlite/lib"
)

// Dialect names the engine behind a DB. Only this package and river's wiring
// may branch on it.
type Dialect string

// The two engines.
const (
	SQLite   Dialect = "sqlite"
	Postgres Dialect = "postgres"
)

// Querier is what a store function needs: a DB's reader, its writer or a Tx.
type Querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// DB is an open state database.
type DB struct {
	Dialect Dialect
	writer  *sql.DB // SQLite: exactly one connection
	reader  *sql.DB // SQLite: query_only connections; PostgreSQL: the same pool as writer
	path    string  // SQLite: the file
	limit   int64   // the version to migrate to; 0: the newest
}

// Mode says how a database is opened.
type Mode int

// ReadWrite migrates the schema; ReadOnly refuses a schema that is not the
// newest; AsIs writes and leaves an older schema as it is, for backups; Making
// is ReadWrite without waiting for the disk, for a database that is thrown away
// where it does not come to its end: whoever makes it syncs the file after Close.
const (
	ReadWrite Mode = iota
	ReadOnly
	AsIs
	Making
)

// Open opens "sqlite:PATH" or "postgres://…", migrates it (ReadWrite) and
// checks its version. A database written by a newer Attesta is refused with
// kind Conflict; one that cannot be written with kind Unavailable.
func Open(ctx context.Context, location string, mode Mode) (*DB, error) {
	db, err := open(ctx, location, mode)
	if err != nil {
		return nil, err
	}
	if err := db.migrate(ctx, mode); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

func open(ctx context.Context, location string, mode Mode) (*DB, error) {
	if path, ok := strings.CutPrefix(location, "sqlite:"); ok {
		return openSQLite(ctx, path, mode)
	}
	if strings.HasPrefix(location, "postgres://") || strings.HasPrefix(location, "postgresql://") {
		return openPostgres(ctx, location)
	}
	return nil, fault.New(fault.Invalid, "the database location is neither sqlite:PATH nor postgres://…").
		WithHint("leave it out to use SQLite in the data directory")
}

func openSQLite(ctx context.Context, path string, mode Mode) (*DB, error) {
	if mode == ReadOnly || mode == AsIs {
		if _, err := os.Stat(path); err != nil {
			return nil, fault.Wrap(fault.NotFound, err, "there is no database at %s", path).
				WithHint("name the data directory with --data, or start Attesta there first")
		}
	}
	if mode != ReadOnly {
		if err := writable(path); err != nil {
			return nil, err
		}
	}
	dsn := func(pragmas ...string) string {
		q := url.Values{}
		for _, p := range append([]string{"busy_timeout(10000)", "foreign_keys(1)"}, pragmas...) {
			q.Add("_pragma", p)
		}
		return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
	}
	db := &DB{Dialect: SQLite, path: path}
	var err error
	if mode != ReadOnly {
		synchronous := "synchronous(FULL)"
		if mode == Making {
			synchronous = "synchronous(OFF)"
		}
		db.writer, err = sql.Open("sqlite", dsn("journal_mode(WAL)", synchronous, "cache_size(-16000)")+"&_txlock=immediate")
		if err != nil {
			return nil, fmt.Errorf("open %s: %w", path, err)
		}
		db.writer.SetMaxOpenConns(1)
		if err := db.writer.PingContext(ctx); err != nil {
			db.writer.Close()
			return nil, translate(err, path)
		}
	}
	db.reader, err = sql.Open("sqlite", dsn("query_only(1)", "cache_size(-16000)"))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	db.reader.SetMaxOpenConns(8)
	db.reader.SetMaxIdleConns(8)
	if err := db.reader.PingContext(ctx); err != nil {
		db.Close()
		return nil, translate(err, path)
	}
	return db, nil
}

// writable refuses a database file or directory that cannot be written before
// SQLite reports it less plainly.
func writable(path string) error {
	readOnly := func(what string, err error) error {
		return fault.Wrap(fault.Unavailable, err, "%s cannot be written", what).
			WithHint("check its owner, its mode and whether the file system is mounted read-only; nothing was changed")
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	switch {
	case errors.Is(err, os.ErrNotExist):
		probe, err := os.CreateTemp(filepath.Dir(path), ".probe-*")
		if err != nil {
			return readOnly(filepath.Dir(path), err)
		}
		probe.Close()
		return os.Remove(probe.Name())
	case err != nil:
		return readOnly(path, err)
	}
	defer f.Close()
	// Root may open a file without any write bit; its owner took the bits away for a reason.
	if st, err := f.Stat(); err == nil && st.Mode().Perm()&0o222 == 0 {
		return readOnly(path, errors.New("no write permission bit is set"))
	}
	return nil
}

func openPostgres(ctx context.Context, location string) (*DB, error) {
	cfg, err := pgx.ParseConfig(location)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the PostgreSQL location cannot be read")
	}
	cfg.RuntimeParams["timezone"] = "UTC"
	pool := stdlib.OpenDB(*cfg)
	pool.SetMaxOpenConns(16)
	pool.SetMaxIdleConns(8)
	if err := pool.PingContext(ctx); err != nil {
		pool.Close()
		return nil, fault.Wrap(fault.Unavailable, err, "PostgreSQL at %s:%d does not answer", cfg.Host, cfg.Port)
	}
	return &DB{Dialect: Postgres, writer: pool, reader: pool}, nil
}

// Reader gives a handle for reads outside a transaction, or within the one that a
// context joins.
func (d *DB) Reader() Querier { return pool{d} }

// Writer gives the pool that writes; for libraries that want a *sql.DB (river).
func (d *DB) Writer() *sql.DB { return d.writer }

// Close closes the database.
func (d *DB) Close() error {
	var err error
	if d.writer != nil {
		err = d.writer.Close()
	}
	if d.reader != nil && d.reader != d.writer {
		err = errors.Join(err, d.reader.Close())
	}
	return err
}

// Tx runs f in one read-write transaction and commits it. f may run more than
// once: PostgreSQL reports serialisation failures and deadlocks, after which
// the whole transaction is run again, five times at most. An error from f
// rolls back and is returned unchanged.
func (d *DB) Tx(ctx context.Context, f func(tx *sql.Tx) error) error {
	if d.writer == nil {
		return fault.New(fault.Internal, "the database was opened for reading only")
	}
	if j := d.joined(ctx); j != nil {
		return j.savepoint(ctx, f)
	}
	for attempt := 1; ; attempt++ {
		err := d.once(ctx, d.writer, nil, f)
		if err == nil || attempt == 5 || !retriable(err) {
			return translate(err, "the database")
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Duration(attempt*attempt) * 5 * time.Millisecond):
		}
	}
}

// View runs f in one read-only transaction that sees a single snapshot.
func (d *DB) View(ctx context.Context, f func(tx *sql.Tx) error) error {
	if j := d.joined(ctx); j != nil {
		return f(j.tx)
	}
	opts := &sql.TxOptions{}
	if d.Dialect == Postgres {
		opts = &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	}
	return d.once(ctx, d.reader, opts, f)
}

func (d *DB) once(ctx context.Context, pool *sql.DB, opts *sql.TxOptions, f func(tx *sql.Tx) error) error {
	tx, err := pool.BeginTx(ctx, opts)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback() // does nothing after Commit
	if err := f(tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

func retriable(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "40001" || pg.Code == "40P01"
	}
	return false
}

// IsUnique reports whether err is a violated unique or primary key constraint.
func IsUnique(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "23505"
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		return lite.Code() == sqlitelib.SQLITE_CONSTRAINT_UNIQUE || lite.Code() == sqlitelib.SQLITE_CONSTRAINT_PRIMARYKEY
	}
	return false
}

// translate gives the conditions an operator can mend their own kind and words.
func translate(err error, what string) error {
	var f *fault.Error
	if err == nil || errors.As(err, &f) {
		return err
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		switch lite.Code() & 0xff {
		case sqlitelib.SQLITE_FULL:
			return fault.Wrap(fault.Unavailable, err, "the disk is full; nothing of this step was stored").
				WithHint("free some space and try again")
		case sqlitelib.SQLITE_READONLY, sqlitelib.SQLITE_CANTOPEN:
			return fault.Wrap(fault.Unavailable, err, "%s cannot be written; nothing of this step was stored", what).
				WithHint("check its owner, its mode and whether the file system is mounted read-only")
		case sqlitelib.SQLITE_CORRUPT, sqlitelib.SQLITE_NOTADB:
			return fault.Wrap(fault.Refused, err, "%s is damaged or no SQLite database", what).
				WithHint("keep the file as it is and restore a backup beside it")
		}
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) && (pg.Code == "53100" || strings.HasPrefix(pg.Code, "57P")) {
		return fault.Wrap(fault.Unavailable, err, "PostgreSQL cannot store now; nothing of this step was stored")
	}
	return err
}
