package ask

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

const columns = `id, source_id, kind, args, subject, made_at, until, answered_at, done_at, refuse, result, entry`

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func moment(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return clock.FromMicros(us)
}

func scan(scan func(...any) error) (Asked, error) {
	var a Asked
	var made, until, answered, done int64
	var args, result string
	err := scan(&a.ID, &a.Source, &a.Kind, &args, &a.Subject, &made, &until, &answered, &done, &a.Refuse, &result, &a.Entry)
	a.Args, a.MadeAt, a.Until, a.AnsweredAt, a.DoneAt = json.RawMessage(args), moment(made), moment(until), moment(answered), moment(done)
	if result != "" {
		a.Result = json.RawMessage(result)
	}
	return a, err
}

func list(ctx context.Context, q database.Querier, tail string, args ...any) ([]Asked, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+columns+` FROM ask `+tail, args...)
	if err != nil {
		return nil, fmt.Errorf("list asks: %w", err)
	}
	defer rows.Close()
	var out []Asked
	for rows.Next() {
		a, err := scan(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("read an ask: %w", err)
		}
		out = append(out, a)
	}
	return out, rows.Err()
}

func open(ctx context.Context, q database.Querier, source string, now time.Time) ([]Asked, error) {
	return list(ctx, q, `WHERE source_id = $1 AND answered_at = 0 AND until > $2 ORDER BY made_at, id LIMIT $3`, source, clock.Micros(now), atOnce)
}

func about(ctx context.Context, q database.Querier, kind, subject string, limit int) ([]Asked, error) {
	return list(ctx, q, `WHERE kind = $1 AND subject = $2 ORDER BY made_at DESC, id DESC LIMIT $3`, kind, subject, limit)
}

func byID(ctx context.Context, q database.Querier, id string) (Asked, error) {
	a, err := scan(q.QueryRowContext(ctx, `SELECT `+columns+` FROM ask WHERE id = $1`, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return a, fault.New(fault.NotFound, "nothing was asked under %.40q", id)
	}
	if err != nil {
		return a, fmt.Errorf("read ask %s: %w", id, err)
	}
	return a, nil
}

func insert(ctx context.Context, tx *sql.Tx, a Asked, entry string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO ask (id, source_id, kind, args, subject, made_at, until, made_entry) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		a.ID, a.Source, a.Kind, string(a.Args), a.Subject, clock.Micros(a.MadeAt), clock.Micros(a.Until), entry)
	if err != nil {
		return fmt.Errorf("keep an ask: %w", err)
	}
	return nil
}

func saveAnswer(ctx context.Context, tx *sql.Tx, a Asked) error {
	_, err := tx.ExecContext(ctx, `UPDATE ask SET answered_at = $1, done_at = $2, refuse = $3, result = $4, entry = $5 WHERE id = $6 AND answered_at = 0`,
		clock.Micros(a.AnsweredAt), clock.Micros(a.DoneAt), a.Refuse, string(a.Result), a.Entry, a.ID)
	if err != nil {
		return fmt.Errorf("keep the answer to %s: %w", a.ID, err)
	}
	return nil
}

// Bindings are the rows that this package's ledger entries commit to.
func Bindings() []ledger.Binding {
	return []ledger.Binding{{Name: "agent.asked", Check: bound}, {Name: "agent.answered", Check: bound}}
}

func bound(ctx context.Context, q database.Querier, rec ledger.Record) error {
	refuse := func(what string) error {
		return fault.New(fault.Refused, "%s of %s: %s", rec.Type, rec.Subject, what)
	}
	a, err := byID(ctx, q, rec.Subject)
	if fault.Is(err, fault.NotFound) {
		return refuse("there is no such ask")
	}
	if err != nil {
		return err
	}
	if rec.Data["kind"] != a.Kind {
		return refuse("its kind is " + a.Kind)
	}
	if rec.Type == "agent.asked" {
		if rec.Data["args"] != digest(a.Args) || rec.Data["source"] != a.Source {
			return refuse("what was asked is another thing")
		}
		return nil
	}
	if a.Entry != rec.ID || rec.Data["result"] != digest([]byte(a.Refuse+string(a.Result))) {
		return refuse("the answer is another one")
	}
	return nil
}
