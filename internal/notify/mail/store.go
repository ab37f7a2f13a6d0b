package mail

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

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func change(ctx context.Context, q database.Querier, what, query string, args ...any) (int64, error) {
	res, err := q.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", what, err)
	}
	return res.RowsAffected()
}

// kept is the row of the mail server.
type kept struct {
	Settings
	raw, password []byte
	changed       time.Time
	entry         string
}

// server gives the mail server; ok is false where none is set.
func server(ctx context.Context, q database.Querier) (k kept, ok bool, err error) {
	var changed int64
	err = q.QueryRowContext(ctx, `SELECT settings, password, changed_at, entry FROM notify_mail WHERE name = 'mail'`).Scan(&k.raw, &k.password, &changed, &k.entry)
	if errors.Is(err, sql.ErrNoRows) {
		return k, false, nil
	}
	if err == nil && string(k.raw) != "{}" {
		ok, err = true, json.Unmarshal(k.raw, &k.Settings)
	}
	if err != nil {
		return k, false, fmt.Errorf("read the mail server's settings: %w", err)
	}
	k.changed = moment(changed)
	return k, ok, nil
}

func putServer(ctx context.Context, q database.Querier, k kept) error {
	if k.password == nil {
		k.password = []byte{}
	}
	_, err := change(ctx, q, "store the mail server's settings", `INSERT INTO notify_mail (name, settings, password, changed_at, entry) VALUES ('mail', $1, $2, $3, $4)
		ON CONFLICT (name) DO UPDATE SET settings = excluded.settings, password = excluded.password, changed_at = excluded.changed_at, entry = excluded.entry`,
		string(k.raw), k.password, micros(k.changed), k.entry)
	return err
}

const columns = `id, user_id, why, notices, made_at, state, attempts, next_at, tried_at, took, trouble, answer, by, entry`

func collect(rows *sql.Rows, err error) ([]Sending, error) {
	if err != nil {
		return nil, fmt.Errorf("read mails: %w", err)
	}
	defer rows.Close()
	var all []Sending
	for rows.Next() {
		var s Sending
		var made, next, tried, took int64
		if err := rows.Scan(&s.ID, &s.User, &s.Why, &s.Notices, &made, &s.State, &s.Attempts, &next, &tried, &took, &s.Trouble, &s.Answer, &s.By, &s.Entry); err != nil {
			return nil, fmt.Errorf("read mails: %w", err)
		}
		s.MadeAt, s.NextAt, s.TriedAt, s.Took = moment(made), moment(next), moment(tried), time.Duration(took)*time.Microsecond
		all = append(all, s)
	}
	return all, rows.Err()
}

func insert(ctx context.Context, q database.Querier, s Sending) error {
	_, err := change(ctx, q, "store a mail", `INSERT INTO notify_sending (`+columns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		s.ID, s.User, s.Why, s.Notices, micros(s.MadeAt), string(s.State), s.Attempts, micros(s.NextAt), micros(s.TriedAt), s.Took.Microseconds(), s.Trouble, s.Answer, s.By, s.Entry)
	return err
}

// claim takes a waiting mail for one attempt; false: somebody else has it.
func claim(ctx context.Context, q database.Querier, id string, now time.Time) (bool, error) {
	n, err := change(ctx, q, "claim a mail", `UPDATE notify_sending SET state = 'sending', attempts = attempts + 1, tried_at = $2 WHERE id = $1 AND state = 'waiting'`, id, micros(now))
	return n == 1, err
}

// settle keeps what became of a claimed mail.
func settle(ctx context.Context, q database.Querier, s Sending) error {
	_, err := change(ctx, q, "keep what became of a mail", `UPDATE notify_sending SET state = $2, next_at = $3, took = $4, trouble = $5, answer = $6, entry = $7 WHERE id = $1 AND state = 'sending'`,
		s.ID, string(s.State), micros(s.NextAt), s.Took.Microseconds(), s.Trouble, s.Answer, s.Entry)
	return err
}

// putOff lets a waiting mail wait until later, without an attempt.
func putOff(ctx context.Context, q database.Querier, id string, until time.Time) error {
	_, err := change(ctx, q, "put a mail off", `UPDATE notify_sending SET next_at = $2 WHERE id = $1 AND state = 'waiting'`, id, micros(until))
	return err
}

// orphans gives mails whose attempt began before a moment and never came to an end.
func orphans(ctx context.Context, q database.Querier, before time.Time) ([]Sending, error) {
	return collect(q.QueryContext(ctx, `SELECT `+columns+` FROM notify_sending WHERE state = 'sending' AND tried_at < $1 ORDER BY tried_at LIMIT 500`, micros(before)))
}

func due(ctx context.Context, q database.Querier, now time.Time, limit int) ([]Sending, error) {
	return collect(q.QueryContext(ctx, `SELECT `+columns+` FROM notify_sending WHERE state = 'waiting' AND next_at <= $1 ORDER BY next_at, id LIMIT $2`, micros(now), limit))
}

func triedSince(ctx context.Context, q database.Querier, since time.Time) (n int, err error) {
	if err = q.QueryRowContext(ctx, `SELECT COUNT(*) FROM notify_sending WHERE tried_at > $1`, micros(since)).Scan(&n); err != nil {
		err = fmt.Errorf("count mails: %w", err)
	}
	return n, err
}

func get(ctx context.Context, q database.Querier, id string) (Sending, error) {
	list, err := collect(q.QueryContext(ctx, `SELECT `+columns+` FROM notify_sending WHERE id = $1`, id))
	if err == nil && len(list) == 0 {
		err = fault.New(fault.NotFound, "there is no mail %q", id)
	}
	if err != nil {
		return Sending{}, err
	}
	return list[0], nil
}

// list gives mails, the newest first, that come after one of them.
func list(ctx context.Context, q database.Querier, f Filter, after string, limit int) ([]Sending, error) {
	at := int64(0)
	if after != "" {
		s, err := get(ctx, q, after)
		if err != nil {
			return nil, err
		}
		at = micros(s.MadeAt)
	}
	return collect(q.QueryContext(ctx, `SELECT `+columns+` FROM notify_sending WHERE ($1 = '' OR user_id = $1) AND ($2 = '' OR state = $2) AND ($3 = '' OR why = $3) AND ($4 = '' OR (made_at, id) < ($5, $4))
		ORDER BY made_at DESC, id DESC LIMIT $6`, f.User, string(f.State), f.Why, after, at, limit))
}

// stand says how sending goes.
func stand(ctx context.Context, q database.Querier, since time.Time) (st Standing, err error) {
	var oldest int64
	if err = q.QueryRowContext(ctx, `SELECT COUNT(*), COALESCE(MIN(made_at), 0) FROM notify_sending WHERE state = 'waiting' AND attempts > 0`).Scan(&st.Trying, &oldest); err != nil {
		return st, fmt.Errorf("see how mail goes: %w", err)
	}
	st.Oldest = moment(oldest)
	if err = q.QueryRowContext(ctx, `SELECT COUNT(CASE WHEN state = 'sent' THEN 1 END), COUNT(CASE WHEN state = 'failed' THEN 1 END) FROM notify_sending WHERE made_at >= $1`, micros(since)).Scan(&st.Sent, &st.Failed); err != nil {
		return st, fmt.Errorf("see how mail goes: %w", err)
	}
	err = q.QueryRowContext(ctx, `SELECT trouble FROM notify_sending WHERE trouble <> '' AND tried_at >= $1 ORDER BY tried_at DESC LIMIT 1`, micros(since)).Scan(&st.Trouble)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return st, err
}

func sweep(ctx context.Context, q database.Querier, before time.Time) error {
	_, err := change(ctx, q, "forget old mails", `DELETE FROM notify_sending WHERE made_at < $1 AND state IN ('sent', 'failed')`, micros(before))
	return err
}
