package calendar

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
)

func moment(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return clock.FromMicros(us)
}

func nextNumber(ctx context.Context, q database.Querier) (int, error) {
	var n int
	if err := q.QueryRowContext(ctx, `SELECT COALESCE(MAX(number), 0) + 1 FROM calendar_entry`).Scan(&n); err != nil {
		return 0, fmt.Errorf("number a plan: %w", err)
	}
	return n, nil
}

func insertEntry(ctx context.Context, q database.Querier, e *Entry, content string) error {
	_, err := q.ExecContext(ctx, `INSERT INTO calendar_entry (id, number, kind, from_day, to_day, content, made_at, made_by, entry_id, cancelled_at, cancelled_by, why, cancel_entry)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, '', '', '')`, e.ID, e.Number, e.Kind, string(e.From), string(e.To), content, clock.Micros(e.MadeAt), e.MadeBy, e.Entry)
	if database.IsUnique(err) {
		return fault.Wrap(fault.Conflict, err, "somebody else planned something at the same time").WithHint("try again")
	}
	if err != nil {
		return fmt.Errorf("store a plan: %w", err)
	}
	return nil
}

func cancelEntry(ctx context.Context, q database.Querier, e *Entry) error {
	if _, err := q.ExecContext(ctx, `UPDATE calendar_entry SET cancelled_at = $2, cancelled_by = $3, why = $4, cancel_entry = $5 WHERE id = $1`, e.ID, clock.Micros(e.CancelledAt), e.CancelledBy, e.Why, e.cancel); err != nil {
		return fmt.Errorf("cancel a plan: %w", err)
	}
	return nil
}

func entries(ctx context.Context, q database.Querier, where string, args ...any) ([]*Entry, error) {
	rows, err := q.QueryContext(ctx, `SELECT id, number, content, made_at, made_by, entry_id, cancelled_at, cancelled_by, why, cancel_entry FROM calendar_entry `+where+` ORDER BY number`, args...)
	if err != nil {
		return nil, fmt.Errorf("read what is planned: %w", err)
	}
	defer rows.Close()
	var out []*Entry
	for rows.Next() {
		e := &Entry{}
		var content string
		var made, cancelled int64
		if err := rows.Scan(&e.ID, &e.Number, &content, &made, &e.MadeBy, &e.Entry, &cancelled, &e.CancelledBy, &e.Why, &e.cancel); err != nil {
			return nil, fmt.Errorf("read what is planned: %w", err)
		}
		if err := json.Unmarshal([]byte(content), &e.Plan); err != nil {
			return nil, fault.Wrap(fault.Refused, err, "what %s says cannot be read", e.Ref())
		}
		e.MadeAt, e.CancelledAt = moment(made), moment(cancelled)
		out = append(out, e)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read what is planned: %w", err)
	}
	return out, nil
}

func insertFeed(ctx context.Context, q database.Querier, f *Feed, digest string) error {
	if _, err := q.ExecContext(ctx, `INSERT INTO calendar_feed (id, user_id, digest, made_at, entry_id, ended_at, ended_by, end_entry) VALUES ($1, $2, $3, $4, $5, 0, '', '')`, f.ID, f.User, digest, clock.Micros(f.MadeAt), f.Entry); err != nil {
		return fmt.Errorf("store a feed: %w", err)
	}
	return nil
}

func endFeed(ctx context.Context, q database.Querier, f Feed) error {
	if _, err := q.ExecContext(ctx, `UPDATE calendar_feed SET ended_at = $2, ended_by = $3, end_entry = $4 WHERE id = $1`, f.ID, clock.Micros(f.Ended), f.By, f.end); err != nil {
		return fmt.Errorf("end a feed: %w", err)
	}
	return nil
}

func feeds(ctx context.Context, q database.Querier, where string, args ...any) ([]Feed, error) {
	rows, err := q.QueryContext(ctx, `SELECT id, user_id, made_at, entry_id, ended_at, ended_by, end_entry FROM calendar_feed `+where+` ORDER BY id`, args...)
	if err != nil {
		return nil, fmt.Errorf("read feeds: %w", err)
	}
	defer rows.Close()
	var out []Feed
	for rows.Next() {
		var f Feed
		var made, ended int64
		if err := rows.Scan(&f.ID, &f.User, &made, &f.Entry, &ended, &f.By, &f.end); err != nil {
			return nil, fmt.Errorf("read feeds: %w", err)
		}
		f.MadeAt, f.Ended = moment(made), moment(ended)
		out = append(out, f)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read feeds: %w", err)
	}
	return out, nil
}

// said is what a ledger entry of this package is held against.
type said struct {
	subject, by string
	data        map[string]any
}

func byEntry(ctx context.Context, q database.Querier, kind, entry string) (said, bool, error) {
	switch kind {
	case "calendar.planned", "calendar.cancelled":
		var s said
		var id, what, from, to, content, made, cancelled, why string
		var number int64
		column := map[string]string{"calendar.planned": "entry_id", "calendar.cancelled": "cancel_entry"}[kind]
		err := q.QueryRowContext(ctx, `SELECT id, number, kind, from_day, to_day, content, made_by, cancelled_by, why FROM calendar_entry WHERE `+column+` = $1`, entry).
			Scan(&id, &number, &what, &from, &to, &content, &made, &cancelled, &why)
		if errors.Is(err, sql.ErrNoRows) {
			return s, false, nil
		}
		s = said{id, made, map[string]any{"number": number, "kind": what, "from": from, "to": to, "digest": digestOf([]byte(content))}}
		if kind == "calendar.cancelled" {
			s = said{id, cancelled, map[string]any{"number": number, "why": digestOf([]byte(why))}}
		}
		return s, err == nil, err
	}
	column := map[string]string{"calendar.feed_made": "entry_id", "calendar.feed_ended": "end_entry"}[kind]
	have, err := feeds(ctx, q, `WHERE `+column+` = $1`, entry)
	if err != nil || len(have) == 0 {
		return said{}, false, err
	}
	f := have[0]
	by := f.User
	if kind == "calendar.feed_ended" {
		by = f.By
	}
	return said{f.User, by, map[string]any{"id": f.ID}}, true, nil
}
