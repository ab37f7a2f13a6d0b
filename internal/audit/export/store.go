package export

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
)

func insert(ctx context.Context, q database.Querier, e Export) error {
	_, err := q.ExecContext(ctx, `INSERT INTO package_export (id, kind, subject, title, window_from, window_to, start_size, end_size, head_size, files, records, size, digest, personal, made_at, made_by, entry_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`,
		e.ID, string(e.Kind), e.Subject, e.Title, clock.Micros(e.From), clock.Micros(e.To), e.Start, e.End, e.Head, e.Files, e.Records, e.Size, e.Digest, e.Personal,
		clock.Micros(e.MadeAt), e.MadeBy, e.Entry)
	if err != nil {
		return fmt.Errorf("store package %s: %w", e.ID, err)
	}
	return nil
}

const columns = `SELECT p.id, p.kind, p.subject, p.title, p.window_from, p.window_to, p.start_size, p.end_size, p.head_size, p.files, p.records, p.size, p.digest, p.personal,
	p.made_at, p.made_by, p.entry_id, COALESCE(l.idx, -1) FROM package_export p JOIN ledger_entry l ON l.id = p.entry_id `

func list(ctx context.Context, q database.Querier, where string, args ...any) ([]Export, error) {
	rows, err := q.QueryContext(ctx, columns+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read packages: %w", err)
	}
	defer rows.Close()
	var out []Export
	for rows.Next() {
		var e Export
		var from, to, at int64
		if err := rows.Scan(&e.ID, &e.Kind, &e.Subject, &e.Title, &from, &to, &e.Start, &e.End, &e.Head, &e.Files, &e.Records, &e.Size, &e.Digest, &e.Personal,
			&at, &e.MadeBy, &e.Entry, &e.Index); err != nil {
			return nil, fmt.Errorf("read a package: %w", err)
		}
		e.From, e.To, e.MadeAt = clock.FromMicros(from), clock.FromMicros(to), clock.FromMicros(at)
		out = append(out, e)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read packages: %w", err)
	}
	return out, nil
}

func pageOf(ctx context.Context, q database.Querier, kind Kind, subject, before string, limit int) ([]Export, error) {
	where, args := "WHERE 1 = 1", []any{}
	and := func(condition string, value any) {
		args = append(args, value)
		where += fmt.Sprintf(" AND "+condition, len(args))
	}
	if kind != "" {
		and("p.kind = $%d", string(kind))
	}
	if subject != "" {
		and("p.subject = $%d", subject)
	}
	if before != "" {
		and("p.id < $%d", before)
	}
	return list(ctx, q, where+fmt.Sprintf(" ORDER BY p.id DESC LIMIT %d", limit), args...)
}

func byID(ctx context.Context, q database.Querier, id string) (Export, error) {
	all, err := list(ctx, q, `WHERE p.id = $1`, id)
	if err == nil && len(all) == 0 {
		err = fault.New(fault.NotFound, "there is no package %q", id)
	}
	if err != nil {
		return Export{}, err
	}
	return all[0], nil
}

// heldBelow gives the sizes that readers of earlier packages hold, where those
// packages were recorded below a size.
func heldBelow(ctx context.Context, q database.Querier, head int64, limit int) ([]int64, error) {
	rows, err := q.QueryContext(ctx, `SELECT s.size FROM (SELECT p.head_size AS size, l.idx AS idx FROM package_export p JOIN ledger_entry l ON l.id = p.entry_id) s
		WHERE s.idx < $1 GROUP BY s.size ORDER BY s.size DESC LIMIT $2`, head, limit)
	if err != nil {
		return nil, fmt.Errorf("read what earlier packages hold: %w", err)
	}
	defer rows.Close()
	var out []int64
	for rows.Next() {
		var size int64
		if err := rows.Scan(&size); err != nil {
			return nil, fmt.Errorf("read what an earlier package holds: %w", err)
		}
		out = append(out, size)
	}
	return out, rows.Err()
}

func byEntry(ctx context.Context, q database.Querier, entry string) (Export, error) {
	all, err := list(ctx, q, `WHERE p.entry_id = $1`, entry)
	if err == nil && len(all) == 0 {
		err = sql.ErrNoRows
	}
	if errors.Is(err, sql.ErrNoRows) || err != nil {
		return Export{}, err
	}
	return all[0], nil
}
