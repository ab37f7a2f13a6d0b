package activity

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

func upto(ctx context.Context, q database.Querier) (n int64, err error) {
	err = q.QueryRowContext(ctx, `SELECT upto FROM activity_cursor WHERE name = 'ledger'`).Scan(&n)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("read how far the index of activity has come: %w", err)
	}
	return n, nil
}

// advance refuses where another process has read the same entries.
func advance(ctx context.Context, q database.Querier, from, to int64) error {
	if from == 0 {
		if _, err := q.ExecContext(ctx, `INSERT INTO activity_cursor (name, upto) VALUES ('ledger', 0) ON CONFLICT (name) DO NOTHING`); err != nil {
			return fmt.Errorf("begin the index of activity: %w", err)
		}
	}
	res, err := q.ExecContext(ctx, `UPDATE activity_cursor SET upto = $2 WHERE name = 'ledger' AND upto = $1`, from, to)
	if err != nil {
		return fmt.Errorf("keep how far the index of activity has come: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return errors.Join(err, fault.New(fault.Conflict, "another process has read these entries"))
	}
	return nil
}

func insert(ctx context.Context, q database.Querier, records []ledger.Record) error {
	for _, r := range records {
		if _, err := q.ExecContext(ctx, `INSERT INTO activity_entry (idx, actor, type, subject, at) VALUES ($1, $2, $3, $4, $5)`, r.Index, r.Actor, r.Type, r.Subject, clock.Micros(r.At)); err != nil {
			return fmt.Errorf("index entry %d by whom it is: %w", r.Index, err)
		}
	}
	return nil
}

func find(ctx context.Context, q database.Querier, f Filter) ([]int64, error) {
	where, args := "WHERE 1 = 1", []any{}
	and := func(condition string, value any) {
		args = append(args, value)
		where += " AND " + fmt.Sprintf(condition, len(args))
	}
	if f.Actor != "" {
		and("actor = $%d", f.Actor)
	}
	if strings.HasSuffix(f.Type, ".") {
		and(`type LIKE $%d ESCAPE '\'`, strings.NewReplacer(`\`, `\\`, "_", `\_`, "%", `\%`).Replace(f.Type)+"%")
	} else if f.Type != "" {
		and("type = $%d", f.Type)
	}
	if f.Subject != "" {
		and("subject = $%d", f.Subject)
	}
	if !f.From.IsZero() {
		and("at >= $%d", clock.Micros(f.From))
	}
	if !f.To.IsZero() {
		and("at < $%d", clock.Micros(f.To))
	}
	if f.Before > 0 {
		and("idx < $%d", f.Before)
	}
	rows, err := q.QueryContext(ctx, `SELECT idx FROM activity_entry `+where+fmt.Sprintf(" ORDER BY idx DESC LIMIT %d", f.Limit), args...)
	if err != nil {
		return nil, fmt.Errorf("find what was done: %w", err)
	}
	defer rows.Close()
	var out []int64
	for rows.Next() {
		var n int64
		if err := rows.Scan(&n); err != nil {
			return nil, fmt.Errorf("find what was done: %w", err)
		}
		out = append(out, n)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("find what was done: %w", err)
	}
	return out, nil
}
