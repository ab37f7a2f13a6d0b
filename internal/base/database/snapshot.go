package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/fault"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// Part is one file of a snapshot.
type Part struct {
	Name    string   // "attesta.db", or "TABLE.copy"
	Columns []string // of a table's file
}

// SnapshotFile is what an SQLite snapshot is called.
const SnapshotFile = "attesta.db"

// Snapshot writes all of the database as of one moment into files of dir, while
// others read and write. look sees the same moment. On SQLite it is one
// database file, on PostgreSQL a COPY text of each table.
func (d *DB) Snapshot(ctx context.Context, dir string, look func(q Querier) error) ([]Part, error) {
	if d.Dialect == Postgres {
		return d.exportTables(ctx, dir, look)
	}
	path := filepath.Join(dir, SnapshotFile)
	from, err := sql.Open("sqlite", "file:"+(&url.URL{Path: d.path}).EscapedPath()+"?_pragma=busy_timeout(10000)")
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", d.path, err)
	}
	defer from.Close()
	if _, err := from.ExecContext(ctx, `VACUUM INTO $1`, path); err != nil {
		return nil, translate(fmt.Errorf("copy the database: %w", err), path)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, fmt.Errorf("protect the copy: %w", err)
	}
	copied, err := open(ctx, "sqlite:"+path, ReadOnly)
	if err != nil {
		return nil, err
	}
	err = copied.View(ctx, func(tx *sql.Tx) error {
		var said string
		if err := tx.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&said); err != nil {
			return fmt.Errorf("check the copy: %w", err)
		}
		if said != "ok" {
			return fault.New(fault.Refused, "the copy of the database is damaged: %s", said).WithHint("the database itself may be: keep it as it is and restore an earlier backup beside it")
		}
		return look(tx)
	})
	return []Part{{Name: SnapshotFile}}, errors.Join(err, copied.Close())
}

// withPgx runs f on a connection of its own, within a transaction.
func (d *DB) withPgx(ctx context.Context, opts *sql.TxOptions, f func(tx *sql.Tx, conn *pgx.Conn) error) error {
	c, err := d.writer.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer c.Close()
	var conn *pgx.Conn
	if err := c.Raw(func(driver any) error {
		std, ok := driver.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("the driver is %T", driver)
		}
		conn = std.Conn()
		return nil
	}); err != nil {
		return err
	}
	tx, err := c.BeginTx(ctx, opts)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback() // does nothing after Commit
	if err := f(tx, conn); err != nil {
		return err
	}
	return tx.Commit()
}

func (d *DB) exportTables(ctx context.Context, dir string, look func(q Querier) error) (parts []Part, err error) {
	err = d.withPgx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}, func(tx *sql.Tx, conn *pgx.Conn) error {
		if err := look(tx); err != nil {
			return err
		}
		tables, err := tablesOf(ctx, tx)
		if err != nil {
			return err
		}
		for _, t := range tables {
			p := Part{Name: t.name + ".copy", Columns: t.columns}
			if err := writeFile(filepath.Join(dir, p.Name), func(w io.Writer) error {
				_, err := conn.PgConn().CopyTo(ctx, w, "COPY "+quote(t.name)+" ("+quoted(t.columns)+") TO STDOUT")
				return err
			}); err != nil {
				return fmt.Errorf("copy table %s: %w", t.name, err)
			}
			parts = append(parts, p)
		}
		return nil
	})
	return parts, translate(err, "the database")
}

func writeFile(path string, fill func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err := fill(f); err != nil {
		return errors.Join(err, f.Close())
	}
	return errors.Join(f.Sync(), f.Close())
}

type table struct {
	name    string
	columns []string
}

// tablesOf gives the tables of the schema that is searched first, in an order
// in which none refers to a later one.
func tablesOf(ctx context.Context, q Querier) ([]table, error) {
	pairs := func(query string) (list [][2]string, err error) {
		rows, err := q.QueryContext(ctx, query)
		if err != nil {
			return nil, fmt.Errorf("list the tables: %w", err)
		}
		defer rows.Close()
		for rows.Next() {
			var p [2]string
			if err := rows.Scan(&p[0], &p[1]); err != nil {
				return nil, fmt.Errorf("list the tables: %w", err)
			}
			list = append(list, p)
		}
		return list, rows.Err()
	}
	columns, err := pairs(`SELECT c.table_name, c.column_name FROM information_schema.columns c JOIN information_schema.tables t
		ON t.table_schema = c.table_schema AND t.table_name = c.table_name
		WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE' AND c.is_generated = 'NEVER' ORDER BY c.table_name, c.ordinal_position`)
	if err != nil {
		return nil, err
	}
	refers, err := pairs(`SELECT f.relname, t.relname FROM pg_constraint c JOIN pg_class f ON f.oid = c.conrelid JOIN pg_class t ON t.oid = c.confrelid
		JOIN pg_namespace n ON n.oid = f.relnamespace WHERE c.contype = 'f' AND n.nspname = current_schema() AND f.oid <> t.oid`)
	if err != nil {
		return nil, err
	}
	var waiting []table
	for _, c := range columns {
		if n := len(waiting); n == 0 || waiting[n-1].name != c[0] {
			waiting = append(waiting, table{name: c[0]})
		}
		waiting[len(waiting)-1].columns = append(waiting[len(waiting)-1].columns, c[1])
	}
	var ordered []table
	for len(waiting) > 0 {
		i := slices.IndexFunc(waiting, func(t table) bool {
			return !slices.ContainsFunc(refers, func(r [2]string) bool {
				return r[0] == t.name && slices.ContainsFunc(waiting, func(o table) bool { return o.name == r[1] })
			})
		})
		if i < 0 {
			return nil, fault.New(fault.Internal, "the tables refer to each other in a ring: %s", waiting[0].name)
		}
		ordered = append(ordered, waiting[i])
		waiting = slices.Delete(waiting, i, i+1)
	}
	return ordered, nil
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }

func quoted(names []string) string {
	list := make([]string, len(names))
	for i, n := range names {
		list[i] = quote(n)
	}
	return strings.Join(list, ", ")
}

var tableFile = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}\.copy$`)

// LoadTables puts a snapshot of PostgreSQL into an empty database. version is
// that of its schema. prepare makes tables that are not of our migrations; it is
// called with the database open. Kind Conflict where the database is not empty.
func LoadTables(ctx context.Context, location, dir string, version int64, parts []Part, prepare func(*DB) error) error {
	d, err := open(ctx, location, AsIs)
	if err != nil {
		return err
	}
	defer d.Close()
	if d.Dialect != Postgres {
		return fault.New(fault.Invalid, "the backup is of PostgreSQL, and the database that is named is not").WithHint("name an empty PostgreSQL database with ATTESTA_DATABASE_FILE")
	}
	have, err := tablesOf(ctx, d.reader)
	if err != nil {
		return err
	}
	if len(have) > 0 {
		return fault.New(fault.Conflict, "the database is not empty: it has the table %s", have[0].name).WithHint("name an empty database; nothing was changed")
	}
	d.limit = version
	if err := d.migrate(ctx, ReadWrite); err != nil {
		return err
	}
	if err := prepare(d); err != nil {
		return err
	}
	return translate(d.withPgx(ctx, nil, func(tx *sql.Tx, conn *pgx.Conn) error { return load(ctx, tx, conn, dir, parts) }), "the database")
}

func load(ctx context.Context, tx *sql.Tx, conn *pgx.Conn, dir string, parts []Part) error {
	tables, err := tablesOf(ctx, tx)
	if err != nil {
		return err
	}
	names := make([]string, len(tables))
	for i, t := range tables {
		names[i] = t.name
	}
	if _, err := tx.ExecContext(ctx, "TRUNCATE "+quoted(names)); err != nil {
		return fmt.Errorf("empty the tables: %w", err)
	}
	for _, p := range parts {
		if name := strings.TrimSuffix(p.Name, ".copy"); !tableFile.MatchString(p.Name) || !slices.Contains(names, name) {
			return fault.New(fault.Refused, "the backup has a table %q that this schema does not", name).WithHint("restore it with the version that made it")
		}
	}
	for _, t := range tables { // in their order
		i := slices.IndexFunc(parts, func(p Part) bool { return p.Name == t.name+".copy" })
		if i < 0 {
			continue // a library's table that is newer than the backup
		}
		f, err := os.Open(filepath.Join(dir, parts[i].Name))
		if err != nil {
			return fmt.Errorf("read table %s: %w", t.name, err)
		}
		_, err = conn.PgConn().CopyFrom(ctx, f, "COPY "+quote(t.name)+" ("+quoted(parts[i].Columns)+") FROM STDIN")
		if err = errors.Join(err, f.Close()); err != nil {
			return fmt.Errorf("load table %s: %w", t.name, err)
		}
	}
	return advanceSequences(ctx, tx)
}

// advanceSequences makes what numbers rows go on after those that were loaded.
func advanceSequences(ctx context.Context, tx *sql.Tx) error {
	rows, err := tx.QueryContext(ctx, `SELECT table_name, column_name FROM information_schema.columns
		WHERE table_schema = current_schema() AND (column_default LIKE 'nextval(%' OR is_identity = 'YES')`)
	if err != nil {
		return fmt.Errorf("list the sequences: %w", err)
	}
	var list [][2]string
	for rows.Next() {
		var p [2]string
		if err := rows.Scan(&p[0], &p[1]); err != nil {
			return errors.Join(err, rows.Close())
		}
		list = append(list, p)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return fmt.Errorf("list the sequences: %w", err)
	}
	for _, p := range list {
		if _, err := tx.ExecContext(ctx, "SELECT setval(pg_get_serial_sequence($1, $2), (SELECT COALESCE(MAX("+quote(p[1])+"), 0) + 1 FROM "+quote(p[0])+"), false)", quote(p[0]), p[1]); err != nil {
			return fmt.Errorf("advance the sequence of %s.%s: %w", p[0], p[1], err)
		}
	}
	return nil
}

// Bytes is about how much room a snapshot takes: the files of SQLite; 0 on
// PostgreSQL, which keeps its own.
func (d *DB) Bytes() (int64, error) {
	if d.path == "" {
		return 0, nil
	}
	n := int64(0)
	for _, end := range []string{"", "-wal"} {
		st, err := os.Stat(d.path + end)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return 0, fmt.Errorf("measure the database: %w", err)
		}
		if err == nil {
			n += st.Size()
		}
	}
	return n, nil
}
