package concern

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
)

// row is a row of concern.
type row struct {
	id, code, digest string
	day              Day
	content          []byte
	state            State
	outcome          string
	closed, erased   Day
	entry            string
}

// wordRow is a row of concern_word.
type wordRow struct {
	concern, kind, by, digest, entry string
	seq                              int
	day                              Day
	content                          []byte
}

func each(ctx context.Context, q database.Querier, scan func(*sql.Rows) error, query string, args ...any) error {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("read concerns: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return fmt.Errorf("read concerns: %w", err)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read concerns: %w", err)
	}
	return nil
}

func exec(ctx context.Context, q database.Querier, query string, args ...any) error {
	_, err := q.ExecContext(ctx, query, args...)
	if database.IsUnique(err) {
		return fault.Wrap(fault.Conflict, err, "something else was written to it at the same time").WithHint("look at it again and repeat what is still needed")
	}
	if err != nil {
		return fmt.Errorf("store a concern: %w", err)
	}
	return nil
}

func rowsOf(ctx context.Context, q database.Querier, where string, args ...any) ([]row, error) {
	var out []row
	err := each(ctx, q, func(rows *sql.Rows) error {
		var r row
		err := rows.Scan(&r.id, &r.code, &r.day, &r.content, &r.digest, &r.state, &r.outcome, &r.closed, &r.erased, &r.entry)
		out = append(out, r)
		return err
	}, `SELECT id, code, day, content, digest, state, outcome, closed_day, erased_day, entry_id FROM concern `+where+` ORDER BY day DESC, id`, args...)
	return out, err
}

func insert(ctx context.Context, q database.Querier, r row) error {
	return exec(ctx, q, `INSERT INTO concern (id, code, day, content, digest, state) VALUES ($1, $2, $3, $4, $5, $6)`, r.id, r.code, int(r.day), r.content, r.digest, string(r.state))
}

func update(ctx context.Context, q database.Querier, r row) error {
	return exec(ctx, q, `UPDATE concern SET state = $2, outcome = $3, closed_day = $4, erased_day = $5, entry_id = $6 WHERE id = $1`, r.id, string(r.state), r.outcome, int(r.closed), int(r.erased), r.entry)
}

func countOn(ctx context.Context, q database.Querier, day Day) (int, error) {
	var n int
	if err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM concern WHERE day = $1`, int(day)).Scan(&n); err != nil {
		return 0, fmt.Errorf("count concerns: %w", err)
	}
	return n, nil
}

func wordsOf(ctx context.Context, q database.Querier, where string, args ...any) ([]wordRow, error) {
	var out []wordRow
	err := each(ctx, q, func(rows *sql.Rows) error {
		var w wordRow
		err := rows.Scan(&w.concern, &w.seq, &w.kind, &w.by, &w.day, &w.content, &w.digest, &w.entry)
		out = append(out, w)
		return err
	}, `SELECT concern_id, seq, kind, made_by, day, content, digest, entry_id FROM concern_word `+where+` ORDER BY concern_id, seq`, args...)
	return out, err
}

func insertWord(ctx context.Context, q database.Querier, w wordRow) error {
	return exec(ctx, q, `INSERT INTO concern_word (concern_id, seq, kind, made_by, day, content, digest, entry_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		w.concern, w.seq, w.kind, w.by, int(w.day), w.content, w.digest, w.entry)
}

// erase empties the texts of a concern.
func erase(ctx context.Context, q database.Querier, id string, today Day) error {
	if err := exec(ctx, q, `UPDATE concern SET content = $2, erased_day = $3 WHERE id = $1`, id, []byte{}, int(today)); err != nil {
		return err
	}
	return exec(ctx, q, `UPDATE concern_word SET content = $2 WHERE concern_id = $1`, id, []byte{})
}

// setting is a row of concern_setting.
type setting struct {
	number                     int64
	content, digest, by, entry string
	made                       int64
}

func settings(ctx context.Context, q database.Querier, where string, args ...any) (setting, error) {
	var s setting
	err := q.QueryRowContext(ctx, `SELECT number, content, digest, made_at, made_by, entry_id FROM concern_setting `+where+` ORDER BY number DESC LIMIT 1`, args...).Scan(&s.number, &s.content, &s.digest, &s.made, &s.by, &s.entry)
	if errors.Is(err, sql.ErrNoRows) {
		return setting{}, nil
	}
	if err != nil {
		return setting{}, fmt.Errorf("read who receives concerns: %w", err)
	}
	return s, nil
}

func insertSetting(ctx context.Context, q database.Querier, s setting, now clock.Clock) error {
	return exec(ctx, q, `INSERT INTO concern_setting (number, content, digest, made_at, made_by, entry_id) VALUES ($1, $2, $3, $4, $5, $6)`, s.number, s.content, s.digest, clock.Micros(now()), s.by, s.entry)
}
