package plan

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
)

// tasks reads tasks by number; with a number only that one.
func tasks(ctx context.Context, q database.Querier, f Filter, number int) ([]Task, error) {
	where, args := []string{"1 = 1"}, []any{}
	add := func(condition string, v any) {
		args = append(args, v)
		where = append(where, fmt.Sprintf(condition, len(args)))
	}
	if number != 0 {
		add("t.number = $%d", number)
	}
	if f.Owner == "-" {
		add("t.owner = $%d", "")
	} else if f.Owner != "" {
		add("t.owner = $%d", f.Owner)
	}
	if f.Gap != "" {
		add("t.gap = $%d", f.Gap)
	}
	if f.About.Kind != "" {
		add("t.about = $%d", f.About.key())
	}
	if len(f.State) > 0 {
		var marks []string
		for _, st := range f.State {
			args = append(args, string(st))
			marks = append(marks, fmt.Sprintf("$%d", len(args)))
		}
		where = append(where, "t.state IN ("+strings.Join(marks, ", ")+")")
	}
	rows, err := q.QueryContext(ctx, `SELECT t.id, t.number, t.seq, t.created_at, s.content, s.made_at, s.made_by, f.made_by
		FROM task t JOIN task_step s ON s.task_id = t.id AND s.seq = t.seq JOIN task_step f ON f.task_id = t.id AND f.seq = 1 WHERE `+strings.Join(where, " AND ")+` ORDER BY t.number`, args...)
	if err != nil {
		return nil, fmt.Errorf("read tasks: %w", err)
	}
	out := []Task{}
	err = each(rows, func() error {
		var t Task
		var created, updated int64
		var content string
		if err := rows.Scan(&t.ID, &t.Number, &t.Seq, &created, &content, &updated, &t.By, &t.Maker); err != nil {
			return err
		}
		t.Created, t.Updated = clock.FromMicros(created), clock.FromMicros(updated)
		if err := json.Unmarshal([]byte(content), &t.Content); err != nil {
			return fault.Wrap(fault.Refused, err, "task %s cannot be read", t.Ref())
		}
		out = append(out, t)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read tasks: %w", err)
	}
	return out, nil
}

func steps(ctx context.Context, q database.Querier, task string) ([]Step, error) {
	rows, err := q.QueryContext(ctx, `SELECT s.seq, s.step, s.note, s.content, s.made_at, s.made_by, s.entry_id, COALESCE(e.idx, -1)
		FROM task_step s JOIN ledger_entry e ON e.id = s.entry_id WHERE s.task_id = $1 ORDER BY s.seq`, task)
	if err != nil {
		return nil, fmt.Errorf("read the steps of a task: %w", err)
	}
	var out []Step
	err = each(rows, func() error {
		var s Step
		var content string
		var made int64
		if err := rows.Scan(&s.Seq, &s.Step, &s.Note, &content, &made, &s.Made.By, &s.Made.Entry, &s.Made.Index); err != nil {
			return err
		}
		s.Made.At = clock.FromMicros(made)
		out = append(out, s)
		return json.Unmarshal([]byte(content), &out[len(out)-1].Content)
	})
	if err != nil {
		return nil, fmt.Errorf("read the steps of a task: %w", err)
	}
	return out, nil
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

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return clock.Micros(t)
}

// waitsOf gives what every task waits for, those that are over too: they may be
// taken up again.
func waitsOf(ctx context.Context, q database.Querier) (map[int][]int, error) {
	all, err := tasks(ctx, q, Filter{}, 0)
	out := map[int][]int{}
	for _, t := range all {
		out[t.Number] = t.After
	}
	return out, err
}

// openFor gives the task that is to close a gap and is not over; 0 for none.
func openFor(ctx context.Context, q database.Querier, gap string) (int, error) {
	var n int
	err := q.QueryRowContext(ctx, `SELECT number FROM task WHERE gap = $1 AND state NOT IN ('done', 'dropped') ORDER BY number LIMIT 1`, gap).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read the task of a gap: %w", err)
	}
	return n, nil
}

func nextNumber(ctx context.Context, q database.Querier) (int, error) {
	var n int
	if err := q.QueryRowContext(ctx, `SELECT COALESCE(MAX(number), 0) + 1 FROM task`).Scan(&n); err != nil {
		return 0, fmt.Errorf("number a task: %w", err)
	}
	return n, nil
}

func insertTask(ctx context.Context, q database.Querier, t *Task) error {
	_, err := q.ExecContext(ctx, `INSERT INTO task (id, number, seq, state, owner, due_at, waiting, snoozed, about, gap, created_at)
		VALUES ($1, $2, 0, '', '', 0, 0, 0, '', '', $3)`, t.ID, t.Number, clock.Micros(t.Created))
	if database.IsUnique(err) {
		return fault.Wrap(fault.Conflict, err, "somebody else made a task at the same time").WithHint("try again")
	}
	if err != nil {
		return fmt.Errorf("store a task: %w", err)
	}
	return nil
}

func insertStep(ctx context.Context, q database.Querier, task string, s Step, content, digest string) error {
	_, err := q.ExecContext(ctx, `INSERT INTO task_step (task_id, seq, step, content, digest, note, made_at, made_by, entry_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		task, s.Seq, s.Step, content, digest, s.Note, clock.Micros(s.Made.At), s.Made.By, s.Made.Entry)
	if database.IsUnique(err) {
		return fault.Wrap(fault.Conflict, err, "somebody else changed the task at the same time").WithHint("look at it again and repeat what is still needed")
	}
	if err != nil {
		return fmt.Errorf("store a step of a task: %w", err)
	}
	return nil
}

// update repeats the newest state in the row that lists are read from.
func update(ctx context.Context, q database.Querier, t *Task) error {
	_, err := q.ExecContext(ctx, `UPDATE task SET seq = $2, state = $3, owner = $4, due_at = $5, waiting = $6, snoozed = $7, about = $8, gap = $9 WHERE id = $1`,
		t.ID, t.Seq, string(t.State), t.Owner, micros(t.Due), micros(t.Since), micros(t.Snoozed), t.About.key(), t.Gap)
	if err != nil {
		return fmt.Errorf("store a task: %w", err)
	}
	return nil
}

// people gives whoever is enabled and may do tasks.
func people(ctx context.Context, q database.Querier) ([]Person, error) {
	rows, err := q.QueryContext(ctx, `SELECT id, name, role FROM access_user WHERE disabled = 0 ORDER BY name, id`)
	if err != nil {
		return nil, fmt.Errorf("read who can do tasks: %w", err)
	}
	out := []Person{}
	err = each(rows, func() error {
		var x Person
		var role access.Role
		if err := rows.Scan(&x.ID, &x.Name, &role); err != nil {
			return err
		}
		if access.May(role, access.TaskWork) {
			out = append(out, x)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read who can do tasks: %w", err)
	}
	return out, nil
}

// bound is what a ledger entry of this package is held against.
type bound struct {
	task, step, content, digest, note, by string
	number, seq, newest                   int64
	state, owner, gap                     string // of the task's row
}

func stepByEntry(ctx context.Context, q database.Querier, entry string) (bound, error) {
	var b bound
	err := q.QueryRowContext(ctx, `SELECT s.task_id, s.step, s.content, s.digest, s.note, s.made_by, t.number, s.seq, t.seq, t.state, t.owner, t.gap
		FROM task_step s JOIN task t ON t.id = s.task_id WHERE s.entry_id = $1`, entry).
		Scan(&b.task, &b.step, &b.content, &b.digest, &b.note, &b.by, &b.number, &b.seq, &b.newest, &b.state, &b.owner, &b.gap)
	return b, err
}
