package question

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
)

func answersOf(ctx context.Context, q database.Querier, questionnaire string) ([]Version, error) {
	rows, err := q.QueryContext(ctx, `SELECT a.version, a.content, a.digest, a.made_at, a.made_by, a.entry_id, COALESCE(e.idx, -1)
		FROM question_answers a JOIN ledger_entry e ON e.id = a.entry_id WHERE a.questionnaire = $1 ORDER BY a.version`, questionnaire)
	if err != nil {
		return nil, fmt.Errorf("read answers: %w", err)
	}
	out := []Version{}
	err = each(rows, func() error {
		var v Version
		var content string
		var made int64
		if err := rows.Scan(&v.Version, &content, &v.Digest, &made, &v.Made.By, &v.Made.Entry, &v.Made.Index); err != nil {
			return err
		}
		v.Made.At = clock.FromMicros(made)
		if err := json.Unmarshal([]byte(content), &v.Content); err != nil {
			return fault.Wrap(fault.Refused, err, "version %d of the answers to %s cannot be read", v.Version, questionnaire)
		}
		out = append(out, v)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read answers: %w", err)
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

func insertAnswers(ctx context.Context, q database.Querier, questionnaire string, v Version, content string) error {
	_, err := q.ExecContext(ctx, `INSERT INTO question_answers (questionnaire, version, content, digest, made_at, made_by, entry_id) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		questionnaire, v.Version, content, v.Digest, clock.Micros(v.Made.At), v.Made.By, v.Made.Entry)
	if database.IsUnique(err) {
		return fault.Wrap(fault.Conflict, err, "somebody else answered these questions at the same time").WithHint("look at the answers again and repeat what is still needed")
	}
	if err != nil {
		return fmt.Errorf("store answers: %w", err)
	}
	return nil
}

// dataSets reads the inventory, or the data set with a number.
func dataSets(ctx context.Context, q database.Querier, number int) ([]Data, error) {
	rows, err := q.QueryContext(ctx, `SELECT d.id, d.number, v.version, v.content, v.digest, v.note, v.made_at, v.made_by, v.entry_id, COALESCE(e.idx, -1)
		FROM data_set d JOIN data_set_version v ON v.data_set_id = d.id JOIN ledger_entry e ON e.id = v.entry_id
		WHERE d.number = $1 OR $1 = 0 ORDER BY d.number, v.version`, int64(number))
	if err != nil {
		return nil, fmt.Errorf("read the inventory of data: %w", err)
	}
	out := []Data{}
	err = each(rows, func() error {
		var d Data
		var v DataVersion
		var content string
		var made int64
		if err := rows.Scan(&d.ID, &d.Number, &v.Version, &content, &v.Digest, &v.Note, &made, &v.Made.By, &v.Made.Entry, &v.Made.Index); err != nil {
			return err
		}
		v.Made.At = clock.FromMicros(made)
		if err := json.Unmarshal([]byte(content), &v.DataSet); err != nil {
			return fault.Wrap(fault.Refused, err, "version %d of %s cannot be read", v.Version, d.Ref())
		}
		if len(out) == 0 || out[len(out)-1].ID != d.ID {
			out = append(out, d)
		}
		last := &out[len(out)-1]
		last.History = append(last.History, v)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the inventory of data: %w", err)
	}
	return out, nil
}

func insertData(ctx context.Context, q database.Querier, d Data, now time.Time) error {
	_, err := q.ExecContext(ctx, `INSERT INTO data_set (id, number, created_at) VALUES ($1, $2, $3)`, d.ID, d.Number, clock.Micros(now))
	if database.IsUnique(err) {
		return fault.Wrap(fault.Conflict, err, "somebody else added a data set at the same time").WithHint("try again")
	}
	if err != nil {
		return fmt.Errorf("store a data set: %w", err)
	}
	return nil
}

func insertDataVersion(ctx context.Context, q database.Querier, id string, v DataVersion, content string) error {
	_, err := q.ExecContext(ctx, `INSERT INTO data_set_version (data_set_id, version, content, digest, note, made_at, made_by, entry_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		id, v.Version, content, v.Digest, v.Note, clock.Micros(v.Made.At), v.Made.By, v.Made.Entry)
	if database.IsUnique(err) {
		return fault.Wrap(fault.Conflict, err, "somebody else changed the data set at the same time").WithHint("look at it again and repeat what is still needed")
	}
	if err != nil {
		return fmt.Errorf("store a version of a data set: %w", err)
	}
	return nil
}

// bound is what a ledger entry of this package is held against.
type bound struct {
	subject, content, digest, note, by string
	version                            int64
}

func answersByEntry(ctx context.Context, q database.Querier, entry string) (bound, error) {
	var b bound
	err := q.QueryRowContext(ctx, `SELECT questionnaire, content, digest, version, made_by FROM question_answers WHERE entry_id = $1`, entry).
		Scan(&b.subject, &b.content, &b.digest, &b.version, &b.by)
	return b, err
}

func dataByEntry(ctx context.Context, q database.Querier, entry string) (bound, error) {
	var b bound
	err := q.QueryRowContext(ctx, `SELECT data_set_id, content, digest, version, note, made_by FROM data_set_version WHERE entry_id = $1`, entry).
		Scan(&b.subject, &b.content, &b.digest, &b.version, &b.note, &b.by)
	return b, err
}
