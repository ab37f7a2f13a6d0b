package training

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
)

func each(ctx context.Context, q database.Querier, what string, scan func(*sql.Rows) error, query string, args ...any) error {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

func exec(ctx context.Context, q database.Querier, what, query string, args ...any) error {
	_, err := q.ExecContext(ctx, query, args...)
	if database.IsUnique(err) {
		return fault.Wrap(fault.Conflict, err, "somebody else changed it at the same time").WithHint("look at it again and repeat what is still needed")
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// What was decided.

func records(ctx context.Context, q database.Querier, where string, args ...any) ([]record, error) {
	var out []record
	err := each(ctx, q, "read what was decided about training", func(rows *sql.Rows) error {
		var r record
		var made int64
		err := rows.Scan(&r.number, &r.kind, &r.subject, &r.content, &r.digest, &r.made.Day, &made, &r.made.By, &r.made.Entry, &r.made.Index)
		r.made.At = clock.FromMicros(made)
		out = append(out, r)
		return err
	}, `SELECT r.number, r.kind, r.subject, r.content, r.digest, r.day, r.made_at, r.made_by, r.entry_id, COALESCE(e.idx, -1)
		FROM training_record r LEFT JOIN ledger_entry e ON e.id = r.entry_id `+where+` ORDER BY r.number`, args...)
	return out, err
}

// recordsUntil gives the records up to a moment, as known by a ledger size (below
// 0: everything).
func recordsUntil(ctx context.Context, q database.Querier, until time.Time, known int64) ([]record, error) {
	if known < 0 {
		return records(ctx, q, `WHERE r.made_at <= $1`, clock.Micros(until))
	}
	return records(ctx, q, `WHERE r.made_at <= $1 AND e.idx < $2`, clock.Micros(until), known)
}

// head counts what was decided and what was completed.
func head(ctx context.Context, q database.Querier) (recs, completions int64, err error) {
	if err = q.QueryRowContext(ctx, `SELECT (SELECT COALESCE(MAX(number), 0) FROM training_record), (SELECT COALESCE(MAX(number), 0) FROM training_completion)`).Scan(&recs, &completions); err != nil {
		err = fmt.Errorf("count training: %w", err)
	}
	return recs, completions, err
}

func insertRecord(ctx context.Context, q database.Querier, r record) error {
	return exec(ctx, q, "store what was decided about training", `INSERT INTO training_record (number, kind, subject, content, digest, day, made_at, made_by, entry_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		r.number, r.kind, r.subject, r.content, r.digest, int(r.made.Day), clock.Micros(r.made.At), r.made.By, r.made.Entry)
}

// Attempts.

// attempt is a row of training_attempt.
type attempt struct {
	id, person, user, course string
	version                  int
	seed                     int64
	started                  time.Time
	answers                  string
	correct, asked           int
	passed                   bool
	done                     time.Time
	entry                    string
}

func attempts(ctx context.Context, q database.Querier, where string, args ...any) ([]attempt, error) {
	var out []attempt
	err := each(ctx, q, "read attempts", func(rows *sql.Rows) error {
		var a attempt
		var started, done, passed int64
		err := rows.Scan(&a.id, &a.person, &a.user, &a.course, &a.version, &a.seed, &started, &a.answers, &a.correct, &a.asked, &passed, &done, &a.entry)
		a.started, a.passed = clock.FromMicros(started), passed == 1
		if done > 0 {
			a.done = clock.FromMicros(done)
		}
		out = append(out, a)
		return err
	}, `SELECT id, person, user_id, course, version, seed, started_at, answers, correct, asked, passed, done_at, entry_id FROM training_attempt `+where, args...)
	return out, err
}

func insertAttempt(ctx context.Context, q database.Querier, a attempt) error {
	return exec(ctx, q, "store an attempt", `INSERT INTO training_attempt (id, person, user_id, course, version, seed, started_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		a.id, a.person, a.user, a.course, a.version, a.seed, clock.Micros(a.started))
}

func finishAttempt(ctx context.Context, q database.Querier, a attempt) error {
	passed := 0
	if a.passed {
		passed = 1
	}
	return exec(ctx, q, "store an attempt's answers", `UPDATE training_attempt SET answers = $2, correct = $3, asked = $4, passed = $5, done_at = $6, entry_id = $7 WHERE id = $1`,
		a.id, a.answers, a.correct, a.asked, passed, clock.Micros(a.done), a.entry)
}

// triesOf counts the attempts that somebody finished at a version of a course.
func triesOf(ctx context.Context, q database.Querier, person, course string, version int) (int, error) {
	var n int
	err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM training_attempt WHERE person = $1 AND course = $2 AND version = $3 AND done_at > 0`, person, course, version).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count attempts: %w", err)
	}
	return n, nil
}

// Completions.

func completions(ctx context.Context, q database.Querier, where string, args ...any) ([]Completion, error) {
	var out []Completion
	err := each(ctx, q, "read completions", func(rows *sql.Rows) error {
		var c Completion
		var made int64
		err := rows.Scan(&c.Number, &c.Person, &c.Course, &c.Version, &c.Day, &c.Score, &c.How, &c.Attempt, &c.Import, &made, &c.Made.By, &c.Made.Entry, &c.Made.Index)
		c.Made.At = clock.FromMicros(made)
		out = append(out, c)
		return err
	}, `SELECT c.number, c.person, c.course, c.version, c.day, c.score, c.how, c.attempt, c.import, c.made_at, c.made_by, c.entry_id, COALESCE(e.idx, -1)
		FROM training_completion c LEFT JOIN ledger_entry e ON e.id = c.entry_id `+where, args...)
	return out, err
}

func completionsUntil(ctx context.Context, q database.Querier, until time.Time, known int64) ([]Completion, error) {
	if known < 0 {
		return completions(ctx, q, `WHERE c.made_at <= $1 ORDER BY c.day, c.number`, clock.Micros(until))
	}
	return completions(ctx, q, `WHERE c.made_at <= $1 AND e.idx < $2 ORDER BY c.day, c.number`, clock.Micros(until), known)
}

func nextCompletion(ctx context.Context, q database.Querier) (int64, error) {
	_, n, err := head(ctx, q)
	return n + 1, err
}

func insertCompletion(ctx context.Context, q database.Querier, c Completion) error {
	return exec(ctx, q, "store a completion", `INSERT INTO training_completion (number, person, course, version, day, score, how, attempt, import, made_at, made_by, entry_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		c.Number, c.Person, c.Course, c.Version, int(c.Day), c.Score, c.How, c.Attempt, c.Import, clock.Micros(c.Made.At), c.Made.By, c.Made.Entry)
}

// Imports.

func imports(ctx context.Context, q database.Querier, where string, args ...any) ([]Import, error) {
	var out []Import
	err := each(ctx, q, "read imports of completions", func(rows *sql.Rows) error {
		var i Import
		var made int64
		err := rows.Scan(&i.Number, &i.Source, &i.file, &i.SHA256, &i.Rows, &i.Digest, &made, &i.Made.By, &i.Made.Entry, &i.Made.Index)
		i.Made.At = clock.FromMicros(made)
		out = append(out, i)
		return err
	}, `SELECT i.number, i.source, i.file, i.sha256, i.rows, i.digest, i.made_at, i.made_by, i.entry_id, COALESCE(e.idx, -1)
		FROM training_import i LEFT JOIN ledger_entry e ON e.id = i.entry_id `+where+` ORDER BY i.number`, args...)
	return out, err
}

func nextImport(ctx context.Context, q database.Querier) (int64, error) {
	var n int64
	if err := q.QueryRowContext(ctx, `SELECT COALESCE(MAX(number), 0) + 1 FROM training_import`).Scan(&n); err != nil {
		return 0, fmt.Errorf("number an import: %w", err)
	}
	return n, nil
}

func insertImport(ctx context.Context, q database.Querier, i Import) error {
	return exec(ctx, q, "store an import of completions", `INSERT INTO training_import (number, source, file, sha256, rows, digest, made_at, made_by, entry_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		i.Number, i.Source, i.file, i.SHA256, i.Rows, i.Digest, clock.Micros(i.Made.At), i.Made.By, i.Made.Entry)
}
