package database

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/attesta/attesta/internal/base/fault"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations are forward only, in one numbered sequence, in the shared SQL
// subset: the same files run on both engines.
func (d *DB) migrate(ctx context.Context, mode Mode) error {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	dialect, pool := goose.DialectSQLite3, d.writer
	if d.Dialect == Postgres {
		dialect = goose.DialectPostgres
	}
	if pool == nil {
		pool = d.reader
	}
	p, err := goose.NewProvider(dialect, pool, dir, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	sources := p.ListSources()
	newest := sources[len(sources)-1].Version
	if mode == ReadOnly {
		return d.checkVersion(ctx, newest, true)
	}
	if err := d.checkVersion(ctx, newest, false); err != nil || mode == AsIs {
		return err
	}
	if d.Dialect == Postgres {
		if err := d.prepare(ctx); err != nil {
			return err
		}
	}
	if d.limit > 0 {
		_, err = p.UpTo(ctx, d.limit)
	} else {
		_, err = p.Up(ctx)
	}
	if err != nil {
		return translate(fmt.Errorf("migrate the database: %w", err), "the database")
	}
	return nil
}

// Version gives the version of the schema that the database has, and the newest
// that this program knows. have is 0 where there is no schema.
func (d *DB) Version(ctx context.Context) (have, newest int64, err error) {
	if newest, err = Newest(); err != nil {
		return 0, 0, err
	}
	err = d.reader.QueryRowContext(ctx, `SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version`).Scan(&have)
	if err != nil {
		return 0, newest, fault.Wrap(fault.NotFound, err, "the database holds no Attesta schema")
	}
	return have, newest, nil
}

// Newest is the version of the schema that this program writes.
func Newest() (int64, error) {
	files, err := fs.Glob(migrations, "migrations/*.sql") // in order
	if err != nil {
		return 0, err
	}
	return goose.NumericComponent(files[len(files)-1])
}

// Ping asks the database for an answer, and with write whether it takes a
// transaction that writes.
func (d *DB) Ping(ctx context.Context, write bool) error {
	f := func(tx *sql.Tx) error {
		var n int64
		return tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM meta`).Scan(&n)
	}
	if write {
		return d.Tx(ctx, f)
	}
	return translate(d.View(ctx, f), "the database")
}

// checkVersion refuses a database newer than this program, and with exact an
// older one too.
func (d *DB) checkVersion(ctx context.Context, newest int64, exact bool) error {
	var have int64
	err := d.reader.QueryRowContext(ctx, `SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version`).Scan(&have)
	if err != nil {
		if exact {
			return fault.Wrap(fault.NotFound, err, "the database holds no Attesta schema")
		}
		return nil // a new database: the table is made by the migration
	}
	if have > newest {
		return fault.New(fault.Conflict, "the database has version %d; this program knows versions up to %d", have, newest).
			WithHint("run the Attesta version that wrote it, or a newer one; nothing was changed")
	}
	if exact && have < newest {
		return fault.New(fault.Conflict, "the database has version %d; this program needs version %d", have, newest).
			WithHint("start this version's server once: it migrates the database")
	}
	return nil
}

// prepare makes PostgreSQL understand BLOB.
func (d *DB) prepare(ctx context.Context) error {
	var n int
	err := d.writer.QueryRowContext(ctx, `SELECT COUNT(*) FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
		WHERE t.typname = 'blob' AND n.nspname = current_schema()`).Scan(&n)
	if err == nil && n == 0 {
		_, err = d.writer.ExecContext(ctx, `CREATE DOMAIN blob AS bytea`)
	}
	if err != nil {
		return fmt.Errorf("declare the blob type: %w", err)
	}
	return nil
}
