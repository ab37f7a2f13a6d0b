package badge

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/database"
)

func doorsOf(ctx context.Context, q database.Querier, system string) (map[string]int64, error) {
	out := map[string]int64{}
	err := each(ctx, q, "read doors", func(rows *sql.Rows) error {
		var id int64
		var name string
		err := rows.Scan(&id, &name)
		out[name] = id
		return err
	}, `SELECT id, name FROM badge_door WHERE system_id = $1`, system)
	return out, err
}

func insertDoor(ctx context.Context, q database.Querier, id int64, system, name string) error {
	return run(ctx, q, "store a door", `INSERT INTO badge_door (id, system_id, name) VALUES ($1, $2, $3)`, id, system, name)
}

// insertReadings gives what stores one reading and says whether it was new.
func insertReadings(ctx context.Context, tx *sql.Tx) (add func(card int64, at time.Time, door int64, granted bool) (bool, error), done func() error, err error) {
	st, err := tx.PrepareContext(ctx, `INSERT INTO badge_reading (card_id, at, door_id, granted) VALUES ($1, $2, $3, $4) ON CONFLICT (card_id, at, door_id) DO NOTHING`)
	if err != nil {
		return nil, nil, fmt.Errorf("store readings: %w", err)
	}
	return func(card int64, at time.Time, door int64, granted bool) (bool, error) {
		g := 0
		if granted {
			g = 1
		}
		res, err := st.ExecContext(ctx, card, micros(at), door, g)
		if err != nil {
			return false, fmt.Errorf("store a reading: %w", err)
		}
		n, err := res.RowsAffected()
		return n == 1, err
	}, st.Close, nil
}

func openDay(ctx context.Context, q database.Querier, system, day string) error {
	return run(ctx, q, "store a day of readings", `INSERT INTO badge_day (system_id, day, open, readings, digest, pruned, entry_id) VALUES ($1, $2, 1, 0, '', 0, '') ON CONFLICT (system_id, day) DO UPDATE SET open = 1`, system, day)
}

// day is a day of readings.
type day struct {
	system, day   string
	open, pruned  bool
	digest, entry string
}

func openDays(ctx context.Context, q database.Querier, before string) (out []day, err error) {
	err = each(ctx, q, "read days of readings", func(rows *sql.Rows) error {
		var d day
		err := rows.Scan(&d.system, &d.day)
		out = append(out, d)
		return err
	}, `SELECT system_id, day FROM badge_day WHERE open = 1 AND day < $1 ORDER BY day, system_id`, before)
	return out, err
}

func dayOf(ctx context.Context, q database.Querier, system, name string) (*day, error) {
	d := &day{system: system, day: name}
	var open, pruned int64
	err := q.QueryRowContext(ctx, `SELECT open, pruned, digest, entry_id FROM badge_day WHERE system_id = $1 AND day = $2`, system, name).Scan(&open, &pruned, &d.digest, &d.entry)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read a day of readings: %w", err)
	}
	d.open, d.pruned = open == 1, pruned == 1
	return d, nil
}

// digestDay gives how many readings a day of a system has, and their digest.
func digestDay(ctx context.Context, q database.Querier, system, name string) (int, string, error) {
	from, err := time.Parse(time.DateOnly, name)
	if err != nil {
		return 0, "", fmt.Errorf("read a day of readings: %w", err)
	}
	h := newDayDigest()
	err = each(ctx, q, "read a day of readings", func(rows *sql.Rows) error {
		var at, granted int64
		var card, door string
		err := rows.Scan(&at, &card, &door, &granted)
		h.add(at, card, door, granted)
		return err
	}, `SELECT r.at, c.number, d.name, r.granted FROM badge_reading r JOIN badge_card c ON c.id = r.card_id JOIN badge_door d ON d.id = r.door_id
		WHERE c.system_id = $1 AND r.at >= $2 AND r.at < $3 ORDER BY r.at, r.card_id, r.door_id`, system, micros(from), micros(from.AddDate(0, 0, 1)))
	return h.n, h.sum(), err
}

func sealDay(ctx context.Context, q database.Querier, system, name string, n int, digest, entry string) error {
	return run(ctx, q, "record a day of readings", `UPDATE badge_day SET open = 0, readings = $3, digest = $4, entry_id = $5 WHERE system_id = $1 AND day = $2`, system, name, n, digest, entry)
}

// anyBefore reports whether a recorded day before one still has its readings.
func anyBefore(ctx context.Context, q database.Querier, system, before string) (bool, error) {
	var n int64
	err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM badge_day WHERE system_id = $1 AND day < $2 AND pruned = 0 AND open = 0`, system, before).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("look for old readings: %w", err)
	}
	return n > 0, nil
}

func prune(ctx context.Context, q database.Querier, system string, before time.Time) error {
	if err := run(ctx, q, "forget old readings", `DELETE FROM badge_reading WHERE at < $2 AND card_id IN (SELECT id FROM badge_card WHERE system_id = $1)`, system, micros(before)); err != nil {
		return err
	}
	return run(ctx, q, "forget old readings", `UPDATE badge_day SET pruned = 1 WHERE system_id = $1 AND day < $2`, system, before.Format(time.DateOnly))
}

// uses gives readings before a moment, newest first.
func uses(ctx context.Context, q database.Querier, system string, card int64, before time.Time, limit int) (out []Use, err error) {
	// + 0 keeps the engine on the index of moments, newest first, rather than sort all.
	query, args := `SELECT r.at, c.number, d.name, r.granted FROM badge_reading r JOIN badge_card c ON c.id = r.card_id JOIN badge_door d ON d.id = r.door_id
		WHERE r.card_id + 0 IN (SELECT id FROM badge_card WHERE system_id = $1) AND r.at < $2 ORDER BY r.at DESC LIMIT $3`, []any{system, micros(before), limit}
	if card != 0 {
		query, args = `SELECT r.at, c.number, d.name, r.granted FROM badge_reading r JOIN badge_card c ON c.id = r.card_id JOIN badge_door d ON d.id = r.door_id
			WHERE r.card_id = $1 AND r.at < $2 ORDER BY r.at DESC LIMIT $3`, []any{card, micros(before), limit}
	}
	err = each(ctx, q, "read readings", func(rows *sql.Rows) error {
		var u Use
		var at, granted int64
		err := rows.Scan(&at, &u.Card, &u.Door, &granted)
		u.At, u.Granted = fromMicros(at), granted == 1
		out = append(out, u)
		return err
	}, query, args...)
	return out, err
}

// firstUse gives the first time that a badge opened something after a moment.
func firstUse(ctx context.Context, q database.Querier, card int64, after time.Time) (time.Time, string, error) {
	var at int64
	var door string
	err := q.QueryRowContext(ctx, `SELECT r.at, d.name FROM badge_reading r JOIN badge_door d ON d.id = r.door_id WHERE r.card_id = $1 AND r.at > $2 AND r.granted = 1 ORDER BY r.at LIMIT 1`, card, micros(after)).Scan(&at, &door)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, "", nil
	}
	if err != nil {
		return time.Time{}, "", fmt.Errorf("read readings: %w", err)
	}
	return fromMicros(at), door, nil
}
