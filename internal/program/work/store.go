package work

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
)

func moment(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return clock.FromMicros(us)
}

func each(rows *sql.Rows, row func() error) error {
	defer rows.Close()
	for rows.Next() {
		if err := row(); err != nil {
			return err
		}
	}
	return rows.Err()
}

// absences reads those of a condition, the soonest first.
func absences(ctx context.Context, q database.Querier, where string, args ...any) ([]Absence, error) {
	rows, err := q.QueryContext(ctx, `SELECT id, person, stand, from_day, to_day, note, set_at, set_by, entry_id, ended_at, ended_by, end_entry FROM absence `+where+` ORDER BY from_day, id`, args...)
	if err != nil {
		return nil, fmt.Errorf("read absences: %w", err)
	}
	out := []Absence{}
	err = each(rows, func() error {
		var a Absence
		var set, ended int64
		if err := rows.Scan(&a.ID, &a.Person, &a.Stand, &a.From, &a.To, &a.Note, &set, &a.SetBy, &a.Entry, &ended, &a.EndedBy, &a.end); err != nil {
			return err
		}
		a.SetAt, a.EndedAt = moment(set), moment(ended)
		out = append(out, a)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read absences: %w", err)
	}
	return out, nil
}

func insertAbsence(ctx context.Context, q database.Querier, a Absence) error {
	_, err := q.ExecContext(ctx, `INSERT INTO absence (id, person, stand, from_day, to_day, note, set_at, set_by, entry_id, ended_at, ended_by, end_entry) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, '', '')`,
		a.ID, a.Person, a.Stand, a.From, a.To, a.Note, clock.Micros(a.SetAt), a.SetBy, a.Entry)
	if err != nil {
		return fmt.Errorf("store an absence: %w", err)
	}
	return nil
}

func endAbsence(ctx context.Context, q database.Querier, a Absence) error {
	if _, err := q.ExecContext(ctx, `UPDATE absence SET ended_at = $2, ended_by = $3, end_entry = $4 WHERE id = $1`, a.ID, clock.Micros(a.EndedAt), a.EndedBy, a.end); err != nil {
		return fmt.Errorf("end an absence: %w", err)
	}
	return nil
}

// takenBefore reports whether the same person took the same item for the same
// person already.
func takenBefore(ctx context.Context, q database.Querier, t taken) (bool, error) {
	var n int
	if err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM absence_act WHERE item = $1 AND person = $2 AND acted_by = $3`, t.item, t.person, t.by).Scan(&n); err != nil {
		return false, fmt.Errorf("read what stand-ins took on: %w", err)
	}
	return n > 0, nil
}

func insertTaken(ctx context.Context, q database.Querier, t taken) error {
	if _, err := q.ExecContext(ctx, `INSERT INTO absence_act (id, item, person, acted_at, acted_by, entry_id) VALUES ($1, $2, $3, $4, $5, $6)`, t.id, t.item, t.person, clock.Micros(t.at), t.by, t.entry); err != nil {
		return fmt.Errorf("store what a stand-in took on: %w", err)
	}
	return nil
}

func tookAll(ctx context.Context, q database.Querier) ([]Took, error) {
	rows, err := q.QueryContext(ctx, `SELECT item, person, acted_by, acted_at, entry_id FROM absence_act ORDER BY acted_at DESC, id DESC`)
	if err != nil {
		return nil, fmt.Errorf("read what stand-ins took on: %w", err)
	}
	out := []Took{}
	err = each(rows, func() error {
		var t Took
		var at int64
		if err := rows.Scan(&t.Item, &t.Person, &t.By, &at, &t.Entry); err != nil {
			return err
		}
		t.At = moment(at)
		out = append(out, t)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read what stand-ins took on: %w", err)
	}
	return out, nil
}

func escalations(ctx context.Context, q database.Querier) ([]Escalation, error) {
	rows, err := q.QueryContext(ctx, `SELECT id, item, due_at, told, told_at, entry_id FROM escalation ORDER BY told_at DESC, id DESC`)
	if err != nil {
		return nil, fmt.Errorf("read escalations: %w", err)
	}
	out := []Escalation{}
	err = each(rows, func() error {
		var e Escalation
		var due, at int64
		if err := rows.Scan(&e.ID, &e.Item, &due, &e.To, &at, &e.Entry); err != nil {
			return err
		}
		e.Due, e.At = moment(due), moment(at)
		out = append(out, e)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read escalations: %w", err)
	}
	return out, nil
}

func insertEscalation(ctx context.Context, q database.Querier, e Escalation) error {
	if _, err := q.ExecContext(ctx, `INSERT INTO escalation (id, item, due_at, told, told_at, entry_id) VALUES ($1, $2, $3, $4, $5, $6)`, e.ID, e.Item, clock.Micros(e.Due), e.To, clock.Micros(e.At), e.Entry); err != nil {
		return fmt.Errorf("store an escalation: %w", err)
	}
	return nil
}

// said is what a ledger entry of this package is held against.
type said struct {
	subject, by, note string
	data              map[string]any
}

// byEntry gives the row that an entry was written with.
func byEntry(ctx context.Context, q database.Querier, kind, entry string) (said, bool, error) {
	var s said
	var err error
	switch kind {
	case "absence.set", "absence.ended":
		var list []Absence
		column := map[string]string{"absence.set": "entry_id", "absence.ended": "end_entry"}[kind]
		if list, err = absences(ctx, q, `WHERE `+column+` = $1`, entry); err != nil || len(list) == 0 {
			return s, false, err
		}
		a := list[0]
		if kind == "absence.ended" {
			return said{subject: a.Person, by: a.EndedBy, data: map[string]any{"id": a.ID}}, true, nil
		}
		return said{subject: a.Person, by: a.SetBy, note: a.Note, data: map[string]any{"id": a.ID, "stand": a.Stand, "from": a.From, "to": a.To}}, true, nil
	case "absence.acted":
		var id, item string
		err = q.QueryRowContext(ctx, `SELECT id, item, person, acted_by FROM absence_act WHERE entry_id = $1`, entry).Scan(&id, &item, &s.subject, &s.by)
		s.data = map[string]any{"id": id, "item": item}
	default:
		var id, item, to string
		var due int64
		err = q.QueryRowContext(ctx, `SELECT id, item, due_at, told FROM escalation WHERE entry_id = $1`, entry).Scan(&id, &item, &due, &to)
		s.subject, s.by, s.data = item, "system", map[string]any{"id": id, "item": item, "due": moment(due).UTC().Format("2006-01-02T15:04:05.000000Z")}
		if to != "" {
			s.data["to"] = to
		}
	}
	if errors.Is(err, sql.ErrNoRows) {
		return s, false, nil
	}
	return s, err == nil, err
}
