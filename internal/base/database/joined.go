package database

import (
	"context"
	"database/sql"
)

// joinedKey is under which a context carries the transaction that it joins.
type joinedKey struct{ db *DB }

type joined struct {
	tx    *sql.Tx
	depth int
}

func (d *DB) joined(ctx context.Context) *joined {
	j, _ := ctx.Value(joinedKey{d}).(*joined)
	return j
}

// Joined runs f in one transaction like Tx. Whatever f does over this database
// with the context that it is given happens in that transaction: Tx and View join
// it, each Tx as a savepoint that an error alone takes back, and Reader sees what
// was written. So functions that know nothing of each other can be done together
// or not at all; with an error from f nothing was done.
//
// One goroutine at a time may use the context. What is kept in memory about rows
// must not be kept from within: see Within.
func (d *DB) Joined(ctx context.Context, f func(ctx context.Context) error) error {
	return d.Tx(ctx, func(tx *sql.Tx) error {
		return f(context.WithValue(ctx, joinedKey{d}, &joined{tx: tx}))
	})
}

// Seen runs f like View: what f reads with the context that it is given is one
// snapshot. It writes nothing.
func (d *DB) Seen(ctx context.Context, f func(ctx context.Context) error) error {
	return d.View(ctx, func(tx *sql.Tx) error {
		return f(context.WithValue(ctx, joinedKey{d}, &joined{tx: tx}))
	})
}

// Within reports whether a context is one that Joined gave: what is read with it
// may be taken back.
func (d *DB) Within(ctx context.Context) bool { return d.joined(ctx) != nil }

// savepoint runs f in a part of the transaction that an error takes back alone.
func (j *joined) savepoint(ctx context.Context, f func(tx *sql.Tx) error) error {
	const names = "joined_0joined_1joined_2joined_3joined_4joined_5joined_6joined_7"
	if j.depth*8 >= len(names) {
		return f(j.tx)
	}
	name := names[j.depth*8 : j.depth*8+8]
	if _, err := j.tx.ExecContext(ctx, "SAVEPOINT "+name); err != nil {
		return err
	}
	j.depth++
	err := f(j.tx)
	j.depth--
	if err != nil {
		if _, back := j.tx.ExecContext(ctx, "ROLLBACK TO SAVEPOINT "+name); back != nil {
			return back
		}
	}
	if _, end := j.tx.ExecContext(ctx, "RELEASE SAVEPOINT "+name); end != nil {
		return end
	}
	return err
}

// pool reads outside a transaction, or within the one that a context joins.
type pool struct{ d *DB }

func (p pool) of(ctx context.Context) Querier {
	if j := p.d.joined(ctx); j != nil {
		return j.tx
	}
	return p.d.reader
}

func (p pool) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return p.of(ctx).ExecContext(ctx, query, args...)
}

func (p pool) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return p.of(ctx).QueryContext(ctx, query, args...)
}

func (p pool) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return p.of(ctx).QueryRowContext(ctx, query, args...)
}
