package instance

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
)

const columns = `SELECT v.id, v.control_id, v.instance, v.kind, v.occurred_at, v.due_at, v.reason, v.made_at, v.made_by, v.entry_id, COALESCE(e.idx, -1)
		FROM instance_event v JOIN ledger_entry e ON e.id = v.entry_id `

func scan(row func(...any) error) (Event, error) {
	var v Event
	var occurred, due, made int64
	err := row(&v.ID, &v.Control, &v.Instance, &v.Kind, &occurred, &due, &v.Reason, &made, &v.By, &v.Entry, &v.Index)
	v.At = clock.FromMicros(made)
	if occurred != 0 {
		v.Occurred, v.Due = clock.FromMicros(occurred), clock.FromMicros(due)
	}
	return v, err
}

// Events reads what people said about the instances of a control, or with ""
// of every control, oldest first: all stand in the stream "people".
func Events(ctx context.Context, q database.Querier, control string) ([]Event, error) {
	rows, err := q.QueryContext(ctx, columns+`WHERE v.control_id = $1 OR $1 = '' ORDER BY e.stream_seq`, control)
	if err != nil {
		return nil, fmt.Errorf("read what was said about instances: %w", err)
	}
	defer rows.Close()
	var out []Event
	for rows.Next() {
		v, err := scan(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("read what was said about an instance: %w", err)
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

func insert(ctx context.Context, q database.Querier, v Event) error {
	micros := func(t time.Time) int64 {
		if t.IsZero() {
			return 0
		}
		return clock.Micros(t)
	}
	_, err := q.ExecContext(ctx, `INSERT INTO instance_event (id, control_id, instance, kind, occurred_at, due_at, reason, made_at, made_by, entry_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		v.ID, v.Control, v.Instance, string(v.Kind), micros(v.Occurred), micros(v.Due), v.Reason, micros(v.At), v.By, v.Entry)
	if err != nil {
		return fmt.Errorf("store what was said about an instance: %w", err)
	}
	return nil
}

func eventByEntry(ctx context.Context, q database.Querier, entry string) (v Event, slug string, found bool, err error) {
	v, err = scan(q.QueryRowContext(ctx, columns+`WHERE v.entry_id = $1`, entry).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return v, "", false, nil
	}
	if err != nil {
		return v, "", false, fmt.Errorf("read what was said about an instance: %w", err)
	}
	if err := q.QueryRowContext(ctx, `SELECT slug FROM control WHERE id = $1`, v.Control).Scan(&slug); err != nil {
		return v, "", false, fmt.Errorf("read the control of an instance: %w", err)
	}
	return v, slug, true, nil
}
