package webhook

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

const columns = `id, name, url, place, format, events, secret, former, former_until, made_at, entry, failing, failed_since, retry_at, paused_at, paused_why, removed_at`

func scan(scan func(...any) error) (Webhook, error) {
	var w Webhook
	var events string
	var former, made, since, retry, paused, removed int64
	if err := scan(&w.ID, &w.Name, &w.url, &w.Place, &w.Format, &events, &w.secret, &w.former, &former, &made, &w.Entry, &w.Failing, &since, &retry, &paused, &w.PausedWhy, &removed); err != nil {
		return w, err
	}
	w.FormerUntil, w.MadeAt, w.FailedSince, w.RetryAt, w.PausedAt, w.RemovedAt = moment(former), moment(made), moment(since), moment(retry), moment(paused), moment(removed)
	return w, json.Unmarshal([]byte(events), &w.Events)
}

func put(ctx context.Context, q database.Querier, w Webhook) error {
	for _, box := range []*[]byte{&w.url, &w.secret, &w.former} {
		if *box == nil { // an engine gives nil for what is empty
			*box = []byte{}
		}
	}
	events, err := json.Marshal(w.Events)
	if err == nil {
		_, err = q.ExecContext(ctx, `INSERT INTO notify_webhook (`+columns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
			ON CONFLICT (id) DO UPDATE SET name = excluded.name, url = excluded.url, place = excluded.place, format = excluded.format, events = excluded.events, secret = excluded.secret,
				former = excluded.former, former_until = excluded.former_until, entry = excluded.entry, failing = excluded.failing, failed_since = excluded.failed_since,
				retry_at = excluded.retry_at, paused_at = excluded.paused_at, paused_why = excluded.paused_why, removed_at = excluded.removed_at`,
			w.ID, w.Name, w.url, w.Place, string(w.Format), string(events), w.secret, w.former, micros(w.FormerUntil), micros(w.MadeAt), w.Entry, w.Failing, micros(w.FailedSince),
			micros(w.RetryAt), micros(w.PausedAt), w.PausedWhy, micros(w.RemovedAt))
	}
	if err != nil {
		return fmt.Errorf("store webhook %s: %w", w.ID, err)
	}
	return nil
}

func list(ctx context.Context, q database.Querier) ([]Webhook, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+columns+` FROM notify_webhook WHERE removed_at = 0 ORDER BY name, id`)
	if err != nil {
		return nil, fmt.Errorf("list webhooks: %w", err)
	}
	defer rows.Close()
	var all []Webhook
	for rows.Next() {
		w, err := scan(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("list webhooks: %w", err)
		}
		all = append(all, w)
	}
	return all, rows.Err()
}

func get(ctx context.Context, q database.Querier, id string) (Webhook, error) {
	w, err := scan(q.QueryRowContext(ctx, `SELECT `+columns+` FROM notify_webhook WHERE id = $1 AND removed_at = 0`, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return w, fault.New(fault.NotFound, "there is no webhook %q", id)
	}
	if err != nil {
		return w, fmt.Errorf("read webhook %s: %w", id, err)
	}
	return w, nil
}

// evenGone gives a webhook, removed or not.
func evenGone(ctx context.Context, q database.Querier, id string) (Webhook, error) {
	return scan(q.QueryRowContext(ctx, `SELECT `+columns+` FROM notify_webhook WHERE id = $1`, id).Scan)
}

// standing keeps how deliveries go.
func standing(ctx context.Context, q database.Querier, w Webhook) error {
	_, err := q.ExecContext(ctx, `UPDATE notify_webhook SET failing = $2, failed_since = $3, retry_at = $4 WHERE id = $1`, w.ID, w.Failing, micros(w.FailedSince), micros(w.RetryAt))
	if err != nil {
		return fmt.Errorf("store how webhook %s stands: %w", w.ID, err)
	}
	return nil
}

// claimWake reports whether a job must be queued for a time, and notes that it
// is. What was noted before lost is taken for lost.
func claimWake(ctx context.Context, q database.Querier, id string, at, lost time.Time) (bool, error) {
	res, err := q.ExecContext(ctx, `UPDATE notify_webhook SET wake_at = $2 WHERE id = $1 AND (wake_at = 0 OR wake_at > $2 OR wake_at < $3)`, id, micros(at), micros(lost))
	if err != nil {
		return false, fmt.Errorf("note when webhook %s is delivered to: %w", id, err)
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

// woken notes that the job that was queued runs.
func woken(ctx context.Context, q database.Querier, id string, now time.Time) error {
	if _, err := q.ExecContext(ctx, `UPDATE notify_webhook SET wake_at = 0 WHERE id = $1 AND wake_at <= $2`, id, micros(now)); err != nil {
		return fmt.Errorf("note that webhook %s is delivered to: %w", id, err)
	}
	return nil
}

const messageColumns = `id, webhook, event, items, body, made_at, state, attempts, next_at, entry`

func scanMessage(scan func(...any) error) (Message, error) {
	var m Message
	var made, next int64
	err := scan(&m.ID, &m.Webhook, &m.Event, &m.Items, &m.Body, &made, &m.State, &m.Attempts, &next, &m.Entry)
	m.MadeAt, m.NextAt = moment(made), moment(next)
	return m, err
}

func insertMessage(ctx context.Context, q database.Querier, m Message) error {
	_, err := q.ExecContext(ctx, `INSERT INTO notify_message (`+messageColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		m.ID, m.Webhook, m.Event, m.Items, m.Body, micros(m.MadeAt), string(m.State), m.Attempts, micros(m.NextAt), m.Entry)
	if err != nil {
		return fmt.Errorf("store a message of webhook %s: %w", m.Webhook, err)
	}
	return nil
}

func updateMessage(ctx context.Context, q database.Querier, m Message) error {
	_, err := q.ExecContext(ctx, `UPDATE notify_message SET state = $2, attempts = $3, next_at = $4, entry = $5 WHERE id = $1`, m.ID, string(m.State), m.Attempts, micros(m.NextAt), m.Entry)
	if err != nil {
		return fmt.Errorf("store message %s: %w", m.ID, err)
	}
	return nil
}

func messageByID(ctx context.Context, q database.Querier, id string) (Message, error) {
	m, err := scanMessage(q.QueryRowContext(ctx, `SELECT `+messageColumns+` FROM notify_message WHERE id = $1`, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return m, fault.New(fault.NotFound, "there is no message %q", id)
	}
	if err != nil {
		return m, fmt.Errorf("read message %s: %w", id, err)
	}
	return m, nil
}

func messages(ctx context.Context, q database.Querier, webhook, state, before string, limit int) ([]Message, error) {
	var last Message
	if before != "" {
		var err error
		if last, err = messageByID(ctx, q, before); err != nil {
			return nil, err
		}
	}
	rows, err := q.QueryContext(ctx, `SELECT `+messageColumns+` FROM notify_message WHERE webhook = $1 AND ($2 = '' OR state = $2) AND ($3 = '' OR (made_at, id) < ($4, $3))
		ORDER BY made_at DESC, id DESC LIMIT $5`, webhook, state, before, micros(last.MadeAt), limit)
	return collect(rows, err)
}

// due gives waiting messages whose time has come, oldest first.
func due(ctx context.Context, q database.Querier, webhook string, now time.Time, limit int) ([]Message, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+messageColumns+` FROM notify_message WHERE webhook = $1 AND state = 'waiting' AND next_at <= $2 ORDER BY next_at, id LIMIT $3`,
		webhook, micros(now), limit)
	return collect(rows, err)
}

// old gives waiting messages that were made before a time.
func old(ctx context.Context, q database.Querier, webhook string, made time.Time, limit int) ([]Message, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+messageColumns+` FROM notify_message WHERE webhook = $1 AND state = 'waiting' AND made_at <= $2 ORDER BY made_at, id LIMIT $3`,
		webhook, micros(made), limit)
	return collect(rows, err)
}

func collect(rows *sql.Rows, err error) ([]Message, error) {
	if err != nil {
		return nil, fmt.Errorf("list messages: %w", err)
	}
	defer rows.Close()
	var all []Message
	for rows.Next() {
		m, err := scanMessage(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("list messages: %w", err)
		}
		all = append(all, m)
	}
	return all, rows.Err()
}

// nextDue gives when the first waiting message is to be tried; zero: none waits.
func nextDue(ctx context.Context, q database.Querier, webhook string) (time.Time, error) {
	var us int64
	if err := q.QueryRowContext(ctx, `SELECT COALESCE(MIN(next_at), 0) FROM notify_message WHERE webhook = $1 AND state = 'waiting'`, webhook).Scan(&us); err != nil {
		return time.Time{}, fmt.Errorf("look for waiting messages: %w", err)
	}
	return moment(us), nil
}

// hold keeps waiting messages of a webhook that is paused.
func hold(ctx context.Context, q database.Querier, webhook string) error {
	if _, err := q.ExecContext(ctx, `UPDATE notify_message SET state = 'held' WHERE webhook = $1 AND state = 'waiting'`, webhook); err != nil {
		return fmt.Errorf("hold messages: %w", err)
	}
	return nil
}

// release makes what was held since a time wait again.
func release(ctx context.Context, q database.Querier, webhook string, now, since time.Time) error {
	_, err := q.ExecContext(ctx, `UPDATE notify_message SET state = 'waiting', next_at = $2 WHERE webhook = $1 AND state = 'held' AND made_at >= $3`, webhook, micros(now), micros(since))
	if err != nil {
		return fmt.Errorf("release messages: %w", err)
	}
	return nil
}

func insertAttempt(ctx context.Context, q database.Querier, a Attempt) error {
	_, err := q.ExecContext(ctx, `INSERT INTO notify_attempt (message, number, at, took, status, trouble, answer, by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		a.Message, a.Number, micros(a.At), a.Took.Microseconds(), a.Status, a.Trouble, a.Answer, a.By)
	if err != nil {
		return fmt.Errorf("store an attempt of message %s: %w", a.Message, err)
	}
	return nil
}

func attempts(ctx context.Context, q database.Querier, message string) ([]Attempt, error) {
	rows, err := q.QueryContext(ctx, `SELECT message, number, at, took, status, trouble, answer, by FROM notify_attempt WHERE message = $1 ORDER BY number`, message)
	if err != nil {
		return nil, fmt.Errorf("list attempts: %w", err)
	}
	defer rows.Close()
	var all []Attempt
	for rows.Next() {
		var a Attempt
		var at, took int64
		if err := rows.Scan(&a.Message, &a.Number, &at, &took, &a.Status, &a.Trouble, &a.Answer, &a.By); err != nil {
			return nil, fmt.Errorf("list attempts: %w", err)
		}
		a.At, a.Took = moment(at), time.Duration(took)*time.Microsecond
		all = append(all, a)
	}
	return all, rows.Err()
}

// sweep forgets messages that are over, and were made before a time.
func sweep(ctx context.Context, q database.Querier, before time.Time) error {
	for _, statement := range []string{
		`DELETE FROM notify_attempt WHERE message IN (SELECT id FROM notify_message WHERE made_at < $1 AND state <> 'waiting')`,
		`DELETE FROM notify_message WHERE made_at < $1 AND state <> 'waiting'`,
	} {
		if _, err := q.ExecContext(ctx, statement, micros(before)); err != nil {
			return fmt.Errorf("forget old messages: %w", err)
		}
	}
	return nil
}
