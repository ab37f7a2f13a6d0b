package control

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
)

const considerationColumns = `SELECT p.criterion, p.number, p.seq, p.state, p.reason, p.effective_from, p.made_at, p.made_by, p.entry_id, COALESCE(e.idx, -1)
		FROM point_consideration p JOIN ledger_entry e ON e.id = p.entry_id `

func scanConsideration(scan func(...any) error) (Consideration, error) {
	var c Consideration
	var effective, made int64
	err := scan(&c.Criterion, &c.Number, &c.Seq, &c.State, &c.Reason, &effective, &made, &c.Made.By, &c.Made.Entry, &c.Made.Index)
	c.Effective, c.Made.At = clock.FromMicros(effective), clock.FromMicros(made)
	return c, err
}

// considerations reads what was said about the points of a criterion ("": of
// all), or with a number about one of them, oldest first.
func considerations(ctx context.Context, q database.Querier, criterion string, number int) ([]Consideration, error) {
	rows, err := q.QueryContext(ctx, considerationColumns+`WHERE (p.criterion = $1 OR $1 = '') AND (p.number = $2 OR $2 = 0) ORDER BY p.criterion, p.number, p.seq`, criterion, int64(number))
	if err != nil {
		return nil, fmt.Errorf("read what was said about points of %s: %w", criterion, err)
	}
	defer rows.Close()
	var out []Consideration
	for rows.Next() {
		c, err := scanConsideration(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("read what was said about a point of %s: %w", criterion, err)
		}
		out = append(out, c)
	}
	return out, rows.Err()
}

func considerationByEntry(ctx context.Context, q database.Querier, entry string) (Consideration, bool, error) {
	c, err := scanConsideration(q.QueryRowContext(ctx, considerationColumns+`WHERE p.entry_id = $1`, entry).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return c, false, nil
	}
	if err != nil {
		return c, false, fmt.Errorf("read what was said about a point of focus: %w", err)
	}
	return c, true, nil
}

func insertConsideration(ctx context.Context, q database.Querier, system string, c Consideration) error {
	_, err := q.ExecContext(ctx, `INSERT INTO point_consideration
		(system_id, criterion, number, seq, state, reason, effective_from, made_at, made_by, entry_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		system, c.Criterion, c.Number, c.Seq, string(c.State), c.Reason, clock.Micros(c.Effective), clock.Micros(c.Made.At), c.Made.By, c.Made.Entry)
	if database.IsUnique(err) {
		return fault.Wrap(fault.Conflict, err, "somebody else said something about point %d of %s at the same time", c.Number, c.Criterion).
			WithHint("look at it again and repeat what is still needed")
	}
	if err != nil {
		return fmt.Errorf("store what was said about point %d of %s: %w", c.Number, c.Criterion, err)
	}
	return nil
}
