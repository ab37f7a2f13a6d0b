package badge

import (
	"context"
	"database/sql"
	"encoding/json"
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

func fromMicros(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return clock.FromMicros(us)
}

func run(ctx context.Context, q database.Querier, doing, statement string, args ...any) error {
	_, err := q.ExecContext(ctx, statement, args...)
	if database.IsUnique(err) {
		return fault.Wrap(fault.Conflict, err, "somebody else changed it at the same time").WithHint("look at it again and repeat what is still needed")
	}
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

func each(ctx context.Context, q database.Querier, doing string, scan func(*sql.Rows) error, query string, args ...any) error {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return fmt.Errorf("%s: %w", doing, err)
		}
	}
	return rows.Err()
}

func nextID(ctx context.Context, q database.Querier, table string) (id int64, err error) {
	query := map[string]string{"badge_card": `SELECT COALESCE(MAX(id), 0) + 1 FROM badge_card`, "badge_door": `SELECT COALESCE(MAX(id), 0) + 1 FROM badge_door`}[table]
	if err := q.QueryRowContext(ctx, query).Scan(&id); err != nil {
		return 0, fmt.Errorf("number a row of %s: %w", table, err)
	}
	return id, nil
}

const cardColumns = `id, system_id, number, state, content, first_at, changed_at, seen_at, used_at`

func scanCard(scan func(...any) error) (*Card, error) {
	c := &Card{}
	var content string
	var first, changed, seen, used int64
	if err := scan(&c.ID, &c.System, &c.Number, &c.State, &content, &first, &changed, &seen, &used); err != nil {
		return nil, err
	}
	c.First, c.Changed, c.Seen, c.Used = fromMicros(first), fromMicros(changed), fromMicros(seen), fromMicros(used)
	if err := json.Unmarshal([]byte(content), &c.Holder); err != nil {
		return nil, fault.Wrap(fault.Refused, err, "badge %s cannot be read", c.Number)
	}
	return c, nil
}

func cardsOf(ctx context.Context, q database.Querier, system string) (map[string]*Card, error) {
	out := map[string]*Card{}
	err := each(ctx, q, "read badges", func(rows *sql.Rows) error {
		c, err := scanCard(rows.Scan)
		if err == nil {
			out[key(c.Number)] = c
		}
		return err
	}, `SELECT `+cardColumns+` FROM badge_card WHERE system_id = $1`, system)
	return out, err
}

func allCards(ctx context.Context, q database.Querier) (out []*Card, err error) {
	err = each(ctx, q, "read badges", func(rows *sql.Rows) error {
		c, err := scanCard(rows.Scan)
		out = append(out, c)
		return err
	}, `SELECT `+cardColumns+` FROM badge_card ORDER BY system_id, number`)
	return out, err
}

// cardMark changes when any badge does.
func cardMark(ctx context.Context, q database.Querier) (string, error) {
	var n, changed, seen, used int64
	err := q.QueryRowContext(ctx, `SELECT COUNT(*), COALESCE(SUM(changed_at / 1000000), 0), COALESCE(MAX(seen_at), 0), COALESCE(SUM(used_at / 1000000), 0) FROM badge_card`).Scan(&n, &changed, &seen, &used)
	if err != nil {
		return "", fmt.Errorf("count badges: %w", err)
	}
	return fmt.Sprint(n, changed, seen, used), nil
}

func cardByNumber(ctx context.Context, q database.Querier, system, number string) (*Card, error) {
	c, err := scanCard(q.QueryRowContext(ctx, `SELECT `+cardColumns+` FROM badge_card WHERE system_id = $1 AND number = $2`, system, number).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return c, err
}

func holderText(c *Card) (string, error) {
	raw, err := json.Marshal(c.Holder)
	if err != nil {
		return "", fmt.Errorf("write badge %s: %w", c.Number, err)
	}
	return string(raw), nil
}

func insertCard(ctx context.Context, q database.Querier, system string, c *Card) error {
	text, err := holderText(c)
	if err != nil {
		return err
	}
	return run(ctx, q, "store a badge", `INSERT INTO badge_card (`+cardColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		c.ID, system, c.Number, c.State, text, micros(c.First), micros(c.Changed), micros(c.Seen), micros(c.Used))
}

func updateCard(ctx context.Context, q database.Querier, c *Card) error {
	text, err := holderText(c)
	if err != nil {
		return err
	}
	return run(ctx, q, "store a badge", `UPDATE badge_card SET state = $2, content = $3, changed_at = $4, seen_at = $5, used_at = $6 WHERE id = $1`,
		c.ID, c.State, text, micros(c.Changed), micros(c.Seen), micros(c.Used))
}

func useCard(ctx context.Context, q database.Querier, id int64, at time.Time) error {
	return run(ctx, q, "store that a badge was used", `UPDATE badge_card SET used_at = $2 WHERE id = $1 AND used_at < $2`, id, micros(at))
}

func saveContent(ctx context.Context, q database.Querier, list, text string) error {
	return run(ctx, q, "store a list of badges", `INSERT INTO badge_content (list_id, content) VALUES ($1, $2)`, list, text)
}

func rawContent(ctx context.Context, q database.Querier, list string) (text string, err error) {
	err = q.QueryRowContext(ctx, `SELECT content FROM badge_content WHERE list_id = $1`, list).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read a list of badges: %w", err)
	}
	return text, nil
}

func contentOf(ctx context.Context, q database.Querier, list string) (out []Holder, err error) {
	text, err := rawContent(ctx, q, list)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		return nil, fault.Wrap(fault.Refused, err, "list %s cannot be read", list)
	}
	return out, nil
}

// listByEntry gives a list as a step of it left it.
func listByEntry(ctx context.Context, q database.Querier, entry string) (l List, err error) {
	var text string
	if err := q.QueryRowContext(ctx, `SELECT content FROM journal_step WHERE entry_id = $1`, entry).Scan(&text); err != nil {
		return l, fmt.Errorf("read a list of badges: %w", err)
	}
	err = json.Unmarshal([]byte(text), &l)
	return l, err
}

type beforeAfter struct {
	Before *Holder `json:"before,omitempty"`
	After  *Holder `json:"after,omitempty"`
}

func insertChange(ctx context.Context, q database.Querier, c *Change) error {
	raw, err := json.Marshal(beforeAfter{c.Before, c.After})
	if err != nil {
		return fmt.Errorf("write a change of badge %s: %w", c.Number, err)
	}
	return run(ctx, q, "store a change of a badge", `INSERT INTO badge_change (list_id, seq, card_id, kind, at, content) VALUES ($1, $2, $3, $4, $5, $6)`, c.List, c.Seq, c.Card, c.Kind, micros(c.At), string(raw))
}

// changeFilter chooses changes; zero values choose all.
type changeFilter struct {
	list, system string
	card         int64
	from, to     time.Time // [from, to)
	limit        int
}

// changesOf gives changes, newest first.
func changesOf(ctx context.Context, q database.Querier, f changeFilter) (out []Change, err error) {
	var args []any
	where := []string{"c.id = x.card_id"}
	with := func(cond string, v any) {
		args = append(args, v)
		where = append(where, fmt.Sprintf(cond, len(args)))
	}
	if f.list != "" {
		with("x.list_id = $%d", f.list)
	}
	if f.system != "" {
		with("c.system_id = $%d", f.system)
	}
	if f.card != 0 {
		with("x.card_id = $%d", f.card)
	}
	if !f.from.IsZero() {
		with("x.at >= $%d", micros(f.from))
	}
	if !f.to.IsZero() {
		with("x.at < $%d", micros(f.to))
	}
	query := `SELECT x.list_id, x.seq, x.card_id, c.number, x.kind, x.at, x.content FROM badge_change x, badge_card c WHERE ` + strings.Join(where, " AND ") + ` ORDER BY x.at DESC, x.list_id DESC, x.seq DESC`
	if f.limit > 0 {
		args = append(args, f.limit)
		query += fmt.Sprintf(" LIMIT $%d", len(args))
	}
	err = each(ctx, q, "read changes of badges", func(rows *sql.Rows) error {
		var c Change
		var at int64
		var text string
		if err := rows.Scan(&c.List, &c.Seq, &c.Card, &c.Number, &c.Kind, &at, &text); err != nil {
			return err
		}
		var ba beforeAfter
		if err := json.Unmarshal([]byte(text), &ba); err != nil {
			return err
		}
		c.At, c.Before, c.After = fromMicros(at), ba.Before, ba.After
		out = append(out, c)
		return nil
	}, query, args...)
	return out, err
}
