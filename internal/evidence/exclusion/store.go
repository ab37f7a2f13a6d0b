package exclusion

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
)

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return clock.Micros(t)
}

func moment(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return clock.FromMicros(us)
}

const columns = `id, number, population, subject, subject_name, cause, reason, starts_at, expires_at, asked_at, asked_by, state, decided_at, decided_by, alone,
	holds_from, holds_to, began, ended`

func scan(scanner func(...any) error) (Exclusion, error) {
	var x Exclusion
	var starts, expires, asked, decided, from, to, began, ended int64
	err := scanner(&x.ID, &x.Number, &x.Population, &x.Subject, &x.Name, &x.Cause, &x.Reason, &starts, &expires, &asked, &x.AskedBy, &x.State, &decided, &x.DecidedBy, &x.Alone,
		&from, &to, &began, &ended)
	x.Starts, x.Expires, x.AskedAt, x.DecidedAt, x.HoldsFrom, x.HoldsTo = moment(starts), moment(expires), moment(asked), moment(decided), moment(from), moment(to)
	x.began, x.ended = began == 1, ended == 1
	return x, err
}

func query(ctx context.Context, q database.Querier, tail string, args ...any) ([]Exclusion, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+columns+` FROM exclusion `+tail, args...)
	if err != nil {
		return nil, fmt.Errorf("read exclusions: %w", err)
	}
	defer rows.Close()
	var all []Exclusion
	for rows.Next() {
		x, err := scan(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("read exclusions: %w", err)
		}
		all = append(all, x)
	}
	return all, rows.Err()
}

func get(ctx context.Context, q database.Querier, ref string) (Exclusion, error) {
	none := fault.New(fault.NotFound, "there is no exclusion %q", ref).WithHint("exclusions have numbers like X-3")
	where, arg := `WHERE id = $1`, any(ref)
	if !strings.HasPrefix(ref, "exc_") {
		n, err := parseRef(ref)
		if err != nil {
			return Exclusion{}, none
		}
		where, arg = `WHERE number = $1`, n
	}
	all, err := query(ctx, q, where, arg)
	if err != nil {
		return Exclusion{}, err
	}
	if len(all) == 0 {
		return Exclusion{}, none
	}
	return all[0], nil
}

// lockExclusion gives one that no other transaction changes until this one ends.
func lockExclusion(ctx context.Context, q database.Querier, ref string) (Exclusion, error) {
	x, err := get(ctx, q, ref)
	if err != nil {
		return x, err
	}
	if _, err := q.ExecContext(ctx, `UPDATE exclusion SET state = state WHERE id = $1`, x.ID); err != nil {
		return x, fmt.Errorf("lock %s: %w", x.Ref(), err)
	}
	return get(ctx, q, x.ID)
}

func nextNumber(ctx context.Context, q database.Querier) (int64, error) {
	var n int64
	if err := q.QueryRowContext(ctx, `UPDATE evidence_counter SET value = value + 1 WHERE name = 'exclusion' RETURNING value`).Scan(&n); err != nil {
		return 0, fmt.Errorf("number an exclusion: %w", err)
	}
	return n, nil
}

func insertExclusion(ctx context.Context, q database.Querier, x Exclusion) error {
	_, err := q.ExecContext(ctx, `INSERT INTO exclusion (id, number, population, subject, subject_name, cause, reason, starts_at, expires_at, asked_at, asked_by, state)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		x.ID, x.Number, x.Population, x.Subject, x.Name, string(x.Cause), x.Reason, micros(x.Starts), micros(x.Expires), micros(x.AskedAt), x.AskedBy, string(x.State))
	if err != nil {
		return fmt.Errorf("store %s: %w", x.Ref(), err)
	}
	return nil
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func updateExclusion(ctx context.Context, q database.Querier, x Exclusion) error {
	_, err := q.ExecContext(ctx, `UPDATE exclusion SET state = $2, decided_at = $3, decided_by = $4, alone = $5, holds_from = $6, holds_to = $7, began = $8, ended = $9 WHERE id = $1`,
		x.ID, string(x.State), micros(x.DecidedAt), x.DecidedBy, x.Alone, micros(x.HoldsFrom), micros(x.HoldsTo), bit(x.began), bit(x.ended))
	if err != nil {
		return fmt.Errorf("store %s: %w", x.Ref(), err)
	}
	return nil
}

func insertEvent(ctx context.Context, q database.Querier, id string, e Event) error {
	_, err := q.ExecContext(ctx, `INSERT INTO exclusion_event (exclusion_id, seq, kind, state, at, actor, note, entry_id)
		VALUES ($1, (SELECT COALESCE(MAX(p.seq), 0) + 1 FROM exclusion_event p WHERE p.exclusion_id = $1), $2, $3, $4, $5, $6, $7)`,
		id, e.Kind, string(e.State), micros(e.At), e.Actor, e.Note, e.Entry)
	if err != nil {
		return fmt.Errorf("store the timeline of an exclusion: %w", err)
	}
	return nil
}

func timeline(ctx context.Context, q database.Querier, id string) ([]Event, error) {
	rows, err := q.QueryContext(ctx, `SELECT v.seq, v.kind, v.state, v.at, v.actor, v.note, v.entry_id, COALESCE(e.idx, -1)
		FROM exclusion_event v LEFT JOIN ledger_entry e ON e.id = v.entry_id WHERE v.exclusion_id = $1 ORDER BY v.seq`, id)
	if err != nil {
		return nil, fmt.Errorf("read the timeline of an exclusion: %w", err)
	}
	defer rows.Close()
	var all []Event
	for rows.Next() {
		var e Event
		var at int64
		if err := rows.Scan(&e.Seq, &e.Kind, &e.State, &at, &e.Actor, &e.Note, &e.Entry, &e.Index); err != nil {
			return nil, fmt.Errorf("read the timeline of an exclusion: %w", err)
		}
		e.At = moment(at)
		all = append(all, e)
	}
	return all, rows.Err()
}

// heldAt gives the exclusions that held at any time of [from, to], as known by a
// ledger size: one whose end was not known yet held until it would have ended.
func heldAt(ctx context.Context, q database.Querier, ask Question) ([]Entry, error) {
	where, args := ` WHERE x.holds_from > 0`, []any{}
	bind := func(v any) string {
		args = append(args, v)
		return fmt.Sprintf("$%d", len(args))
	}
	known := func(kind string) string {
		if ask.Known < 0 {
			return `EXISTS (SELECT 1 FROM exclusion_event v WHERE v.exclusion_id = x.id AND v.kind = '` + kind + `')`
		}
		return `EXISTS (SELECT 1 FROM exclusion_event v JOIN ledger_entry e ON e.id = v.entry_id WHERE v.exclusion_id = x.id AND v.kind = '` + kind + `' AND e.idx < ` + bind(ask.Known) + `)`
	}
	where += ` AND ` + known("approved") + ` AND x.holds_from <= ` + bind(micros(ask.To))
	if ask.Population != "" {
		where += ` AND x.population = ` + bind(ask.Population)
	}
	ended := known("ended")
	prefixed := "x." + strings.ReplaceAll(strings.ReplaceAll(columns, "\n\t", " "), ", ", ", x.")
	rows, err := q.QueryContext(ctx, `SELECT `+prefixed+`, CASE WHEN `+ended+` THEN 1 ELSE 0 END FROM exclusion x`+where+` ORDER BY x.number`, args...)
	if err != nil {
		return nil, fmt.Errorf("read exclusions: %w", err)
	}
	defer rows.Close()
	var all []Entry
	for rows.Next() {
		var endKnown int64
		x, err := scan(func(targets ...any) error { return rows.Scan(append(targets, &endKnown)...) })
		if err != nil {
			return nil, fmt.Errorf("read exclusions: %w", err)
		}
		if endKnown == 0 {
			x.HoldsTo = x.Expires
		}
		if x.HoldsFrom.Before(x.HoldsTo) && x.HoldsTo.After(ask.From) {
			all = append(all, x.entry())
		}
	}
	return all, rows.Err()
}

func eventByEntry(ctx context.Context, q database.Querier, entry string) (id string, e Event, err error) {
	var at int64
	err = q.QueryRowContext(ctx, `SELECT exclusion_id, seq, kind, state, at, actor, note FROM exclusion_event WHERE entry_id = $1`, entry).
		Scan(&id, &e.Seq, &e.Kind, &e.State, &at, &e.Actor, &e.Note)
	e.At, e.Entry = moment(at), entry
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		err = fmt.Errorf("read the timeline of an exclusion: %w", err)
	}
	return id, e, err
}
