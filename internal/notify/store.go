package notify

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
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

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func exec(ctx context.Context, q database.Querier, what, query string, args ...any) (int64, error) {
	res, err := q.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", what, err)
	}
	return res.RowsAffected()
}

func cursor(ctx context.Context, q database.Querier) (upto int64, known bool, err error) {
	err = q.QueryRowContext(ctx, `SELECT upto FROM notify_cursor WHERE name = 'ledger'`).Scan(&upto)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("read up to where people were told: %w", err)
	}
	return upto, true, nil
}

func beginCursor(ctx context.Context, q database.Querier, at int64) error {
	_, err := exec(ctx, q, "begin to tell people", `INSERT INTO notify_cursor (name, upto) VALUES ('ledger', $1) ON CONFLICT (name) DO NOTHING`, at)
	return err
}

// moveCursor refuses where another process has told the same records.
func moveCursor(ctx context.Context, q database.Querier, from, to int64) error {
	n, err := exec(ctx, q, "keep up to where people were told", `UPDATE notify_cursor SET upto = $2 WHERE name = 'ledger' AND upto = $1`, from, to)
	if err == nil && n != 1 {
		err = fault.New(fault.Conflict, "another process told this already")
	}
	return err
}

func wasSaid(ctx context.Context, q database.Querier, key string) (bool, error) {
	var n int
	if err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM notify_said WHERE key = $1`, key).Scan(&n); err != nil {
		return false, fmt.Errorf("look whether it was said: %w", err)
	}
	return n > 0, nil
}

func say(ctx context.Context, q database.Querier, key string, at time.Time) error {
	_, err := exec(ctx, q, "keep that it was said", `INSERT INTO notify_said (key, at) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING`, key, micros(at))
	return err
}

func unsay(ctx context.Context, q database.Querier, key string) error {
	_, err := exec(ctx, q, "forget that it was said", `DELETE FROM notify_said WHERE key = $1`, key)
	return err
}

const columns = `id, user_id, kind, object, title, link, count, urgent, at, changed_at, read_at, way, due_at, sending`

func collect(rows *sql.Rows, err error) ([]Notice, error) {
	if err != nil {
		return nil, fmt.Errorf("read notices: %w", err)
	}
	defer rows.Close()
	var all []Notice
	for rows.Next() {
		var n Notice
		var urgent, at, changed, read, due int64
		if err := rows.Scan(&n.ID, &n.User, &n.Kind, &n.Object, &n.Title, &n.Link, &n.Count, &urgent, &at, &changed, &read, &n.Way, &due, &n.Sending); err != nil {
			return nil, fmt.Errorf("read notices: %w", err)
		}
		n.Urgent, n.At, n.ChangedAt, n.ReadAt, n.DueAt = urgent != 0, moment(at), moment(changed), moment(read), moment(due)
		all = append(all, n)
	}
	return all, rows.Err()
}

func insert(ctx context.Context, q database.Querier, n Notice) error {
	_, err := exec(ctx, q, "store a notice", `INSERT INTO notify_notice (`+columns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		n.ID, n.User, n.Kind, n.Object, n.Title, n.Link, n.Count, bit(n.Urgent), micros(n.At), micros(n.ChangedAt), micros(n.ReadAt), string(n.Way), micros(n.DueAt), n.Sending)
	return err
}

func update(ctx context.Context, q database.Querier, n Notice) error {
	_, err := exec(ctx, q, "store a notice", `UPDATE notify_notice SET title = $2, link = $3, count = $4, urgent = $5, changed_at = $6, due_at = $7 WHERE id = $1`,
		n.ID, n.Title, n.Link, n.Count, bit(n.Urgent), micros(n.ChangedAt), micros(n.DueAt))
	return err
}

func drop(ctx context.Context, q database.Querier, id string) error {
	_, err := exec(ctx, q, "take a notice in", `DELETE FROM notify_notice WHERE id = $1`, id)
	return err
}

// unmailed gives a person's unread notices of a kind that were not mailed.
func unmailed(ctx context.Context, q database.Querier, user, kind string, since time.Time) ([]Notice, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+columns+` FROM notify_notice WHERE user_id = $1 AND read_at = 0 AND kind = $2 AND changed_at >= $3 AND sending = '' ORDER BY changed_at DESC, id DESC LIMIT 50`,
		user, kind, micros(since))
	return collect(rows, err)
}

func unread(ctx context.Context, q database.Querier, user string) (n int64, err error) {
	if err = q.QueryRowContext(ctx, `SELECT COUNT(*) FROM notify_notice WHERE user_id = $1 AND read_at = 0`, user).Scan(&n); err != nil {
		err = fmt.Errorf("count notices: %w", err)
	}
	return n, err
}

func listOf(ctx context.Context, q database.Querier, user string, all bool, kind, after string, limit int) ([]Notice, error) {
	at := int64(0)
	if after != "" {
		err := q.QueryRowContext(ctx, `SELECT changed_at FROM notify_notice WHERE id = $1 AND user_id = $2`, after, user).Scan(&at)
		if errors.Is(err, sql.ErrNoRows) {
			return nil, fault.New(fault.NotFound, "there is no notice %q", after)
		}
		if err != nil {
			return nil, fmt.Errorf("read notices: %w", err)
		}
	}
	rows, err := q.QueryContext(ctx, `SELECT `+columns+` FROM notify_notice WHERE user_id = $1 AND ($2 = 1 OR read_at = 0) AND ($3 = '' OR kind = $3) AND ($4 = '' OR (changed_at, id) < ($5, $4))
		ORDER BY changed_at DESC, id DESC LIMIT $6`, user, bit(all), kind, after, at, limit)
	return collect(rows, err)
}

func markRead(ctx context.Context, q database.Querier, user string, which []string, now time.Time) (int64, error) {
	query, args := `UPDATE notify_notice SET read_at = $2 WHERE user_id = $1 AND read_at = 0`, []any{user, micros(now)}
	if len(which) > 0 {
		marks := make([]string, len(which))
		for i, id := range which {
			args = append(args, id)
			marks[i] = "$" + strconv.Itoa(len(args))
		}
		query += " AND id IN (" + strings.Join(marks, ", ") + ")"
	}
	return exec(ctx, q, "mark notices as read", query, args...)
}

// lastMail gives when somebody was last mailed at once.
func lastMail(ctx context.Context, q database.Querier, user string) (time.Time, error) {
	var us int64
	if err := q.QueryRowContext(ctx, `SELECT COALESCE(MAX(made_at), 0) FROM notify_sending WHERE user_id = $1 AND why = 'at_once'`, user).Scan(&us); err != nil {
		return time.Time{}, fmt.Errorf("look for the last mail: %w", err)
	}
	return moment(us), nil
}

func choicesOf(ctx context.Context, q database.Querier, user string) (Choices, error) {
	var raw string
	err := q.QueryRowContext(ctx, `SELECT choices FROM notify_person WHERE user_id = $1`, user).Scan(&raw)
	if errors.Is(err, sql.ErrNoRows) {
		return Usual(), nil
	}
	var c Choices
	if err == nil {
		err = json.Unmarshal([]byte(raw), &c)
	}
	if err != nil {
		return c, fmt.Errorf("read choices: %w", err)
	}
	return c, nil
}

func saveChoices(ctx context.Context, q database.Querier, user string, raw []byte, entry string, now time.Time) error {
	_, err := exec(ctx, q, "store choices", `INSERT INTO notify_person (user_id, choices, changed_at, entry) VALUES ($1, $2, $3, $4)
		ON CONFLICT (user_id) DO UPDATE SET choices = excluded.choices, changed_at = excluded.changed_at, entry = excluded.entry`, user, string(raw), micros(now), entry)
	return err
}

// Bindings are the rows that the ledger's entries about notices stand for.
func Bindings() []ledger.Binding {
	return []ledger.Binding{{Name: "notice.chosen", Check: checkChosen}, {Name: "notice.gap", Check: checkGap}}
}

// checkChosen holds somebody's newest choices against their row.
func checkChosen(ctx context.Context, q database.Querier, rec ledger.Record) error {
	var raw, entry string
	err := q.QueryRowContext(ctx, `SELECT choices, entry FROM notify_person WHERE user_id = $1`, rec.Subject).Scan(&raw, &entry)
	if errors.Is(err, sql.ErrNoRows) {
		return fault.Wrap(fault.Refused, err, "what %s chose to be told of is missing", rec.Subject)
	}
	if err == nil && entry == rec.ID && digest([]byte(raw)) != rec.Data["choices"] {
		return fault.New(fault.Refused, "what %s chose to be told of is not what the ledger says", rec.Subject)
	}
	return err
}

// noticeByID gives one notice, and whether there is one.
func noticeByID(ctx context.Context, q database.Querier, id string) (Notice, bool, error) {
	list, err := collect(q.QueryContext(ctx, `SELECT `+columns+` FROM notify_notice WHERE id = $1`, id))
	if err != nil || len(list) == 0 {
		return Notice{}, false, err
	}
	return list[0], true, nil
}
