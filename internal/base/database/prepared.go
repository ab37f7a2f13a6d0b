package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Prepared is statements that were parsed once. SQLite parses a statement anew
// each time it is given as text, which costs more than running a small one.
type Prepared struct{ statements map[string]*sql.Stmt }

// Prepare parses statements for Within. It must not be called inside a Tx: on
// SQLite there is one connection that writes.
func (d *DB) Prepare(ctx context.Context, queries ...string) (*Prepared, error) {
	if d.writer == nil {
		return nil, nil
	}
	p := &Prepared{statements: make(map[string]*sql.Stmt, len(queries))}
	for _, query := range queries {
		st, err := d.writer.PrepareContext(ctx, query)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("prepare %q: %w", query, err), p.Close())
		}
		p.statements[query] = st
	}
	return p, nil
}

// Within gives a Querier of tx that runs the prepared statements as such and
// all others as text. A nil Prepared gives tx itself.
func (p *Prepared) Within(tx *sql.Tx) Querier {
	if p == nil {
		return tx
	}
	return preparedTx{tx, p}
}

// Close releases the statements.
func (p *Prepared) Close() error {
	if p == nil {
		return nil
	}
	var errs []error
	for _, st := range p.statements {
		errs = append(errs, st.Close())
	}
	return errors.Join(errs...)
}

type preparedTx struct {
	tx *sql.Tx
	p  *Prepared
}

func (q preparedTx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if st := q.p.statements[query]; st != nil {
		return q.tx.StmtContext(ctx, st).ExecContext(ctx, args...)
	}
	return q.tx.ExecContext(ctx, query, args...)
}

func (q preparedTx) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if st := q.p.statements[query]; st != nil {
		return q.tx.StmtContext(ctx, st).QueryContext(ctx, args...)
	}
	return q.tx.QueryContext(ctx, query, args...)
}

func (q preparedTx) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if st := q.p.statements[query]; st != nil {
		return q.tx.StmtContext(ctx, st).QueryRowContext(ctx, args...)
	}
	return q.tx.QueryRowContext(ctx, query, args...)
}
