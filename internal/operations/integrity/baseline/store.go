package baseline

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return clock.Micros(t)
}

func nextCompare(ctx context.Context, q database.Querier) (no int64, err error) {
	err = q.QueryRowContext(ctx, `UPDATE integrity_counter SET value = value + 1 WHERE name = 'compare' RETURNING value`).Scan(&no)
	return no, err
}

func insertCompare(ctx context.Context, q database.Querier, c *Comparison) error {
	body, err := json.Marshal(c)
	if err != nil {
		return err
	}
	if _, err := q.ExecContext(ctx, `INSERT INTO integrity_compare (id, number, a, b, state, body, made_by, made_at, ended_at, entry_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, '')`, c.ID, c.Number, c.A, c.B, c.State, string(body), c.By, micros(c.Made)); err != nil {
		return fmt.Errorf("store a comparison: %w", err)
	}
	return nil
}

func saveCompare(ctx context.Context, q database.Querier, c *Comparison) error {
	body, err := json.Marshal(c)
	if err != nil {
		return err
	}
	if _, err := q.ExecContext(ctx, `UPDATE integrity_compare SET state = $2, body = $3, ended_at = $4, entry_id = $5 WHERE id = $1`, c.ID, c.State, string(body), micros(c.Ended), c.entry); err != nil {
		return fmt.Errorf("store a comparison: %w", err)
	}
	return nil
}

func scanCompare(scan func(...any) error) (*Comparison, error) {
	var body, entry string
	var number int64
	if err := scan(&number, &body, &entry); err != nil {
		return nil, err
	}
	c := &Comparison{}
	if err := json.Unmarshal([]byte(body), c); err != nil {
		return nil, fault.Wrap(fault.Refused, err, "%s cannot be read", RefOf(number))
	}
	c.Number, c.entry = number, entry
	return c, nil
}

// compareOf gives one by its number or id; lock has others wait until the
// transaction ends.
func compareOf(ctx context.Context, q database.Querier, ref string, lock bool) (*Comparison, error) {
	query := `SELECT number, body, entry_id FROM integrity_compare WHERE id = $1 OR number = $2`
	if lock {
		query = `UPDATE integrity_compare SET state = state WHERE id = $1 OR number = $2 RETURNING number, body, entry_id`
	}
	n, err := strconv.ParseInt(strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(ref)), "HC-"), 10, 64)
	if err != nil {
		n = -1
	}
	c, err := scanCompare(q.QueryRowContext(ctx, query, ref, n).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fault.New(fault.NotFound, "there is no comparison %.40q", ref).WithHint("they have numbers like HC-3")
	}
	return c, err
}

func comparesListed(ctx context.Context, q database.Querier, limit int) ([]*Comparison, error) {
	return scanCompares(q.QueryContext(ctx, `SELECT number, body, entry_id FROM integrity_compare ORDER BY number DESC LIMIT $1`, limit))
}

// comparesOf gives the comparisons of a source with others, newest first.
func comparesOf(ctx context.Context, q database.Querier, a string, others []string) ([]*Comparison, error) {
	marks, args := "", []any{a}
	for _, b := range others {
		args = append(args, b)
		marks += ", $" + strconv.Itoa(len(args))
	}
	return scanCompares(q.QueryContext(ctx, `SELECT c.number, c.body, c.entry_id FROM integrity_compare c WHERE c.number IN (SELECT MAX(x.number) FROM integrity_compare x WHERE x.a = $1 AND x.b IN (`+marks[2:]+`) GROUP BY x.b)`, args...))
}

func scanCompares(rows *sql.Rows, err error) ([]*Comparison, error) {
	if err != nil {
		return nil, fmt.Errorf("list comparisons: %w", err)
	}
	defer rows.Close()
	var out []*Comparison
	for rows.Next() {
		c, err := scanCompare(rows.Scan)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, rows.Err()
}

// boundCompare holds a comparison's entry against its row.
func boundCompare(ctx context.Context, q database.Querier, rec ledger.Record) error {
	refuse := func(what string) error {
		return fault.New(fault.Refused, "ledger record %s (%s of %s): %s", rec.ID, rec.Type, rec.Subject, what).WithHint("the database was changed outside Attesta; restore a backup beside it and compare")
	}
	c, err := compareOf(ctx, q, rec.Subject, false)
	if fault.Is(err, fault.NotFound) {
		return refuse("its row is gone")
	}
	if err != nil {
		return err
	}
	if c.entry != rec.ID || c.digest() != rec.Data["digest"] || c.State != rec.Outcome || c.RootA != rec.Data["root_a"] || c.RootB != rec.Data["root_b"] {
		return refuse("its row says something else than was recorded")
	}
	return nil
}
