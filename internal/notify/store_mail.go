package notify

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/base/database"
)

// awaiting gives people with notices that are due.
func awaiting(ctx context.Context, q database.Querier, from, to time.Time, limit int) ([]string, error) {
	rows, err := q.QueryContext(ctx, `SELECT DISTINCT user_id FROM notify_notice WHERE sending = '' AND due_at > $1 AND due_at <= $2 AND read_at = 0 ORDER BY user_id LIMIT $3`, micros(from), micros(to), limit)
	if err != nil {
		return nil, fmt.Errorf("look for notices that are due: %w", err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("look for notices that are due: %w", err)
		}
		all = append(all, id)
	}
	return all, rows.Err()
}

func dueNotices(ctx context.Context, q database.Querier, user string, from, to time.Time, limit int) ([]Notice, error) {
	return collect(q.QueryContext(ctx, `SELECT `+columns+` FROM notify_notice WHERE user_id = $1 AND sending = '' AND due_at > $2 AND due_at <= $3 AND read_at = 0 ORDER BY urgent DESC, changed_at DESC, id DESC LIMIT $4`,
		user, micros(from), micros(to), limit))
}

// mailed keeps in which mail notices go.
func mailed(ctx context.Context, q database.Querier, list []Notice, sending string) error {
	for _, n := range list {
		if _, err := exec(ctx, q, "keep in which mail a notice goes", `UPDATE notify_notice SET sending = $2 WHERE id = $1 AND sending = ''`, n.ID, sending); err != nil {
			return err
		}
	}
	return nil
}

func noticesOf(ctx context.Context, q database.Querier, sending string) ([]Notice, error) {
	return collect(q.QueryContext(ctx, `SELECT `+columns+` FROM notify_notice WHERE sending = $1 ORDER BY urgent DESC, changed_at DESC, id DESC LIMIT 500`, sending))
}

// choosers gives who chose some kind to come by mail.
func choosers(ctx context.Context, q database.Querier) ([]string, error) {
	rows, err := q.QueryContext(ctx, `SELECT user_id, choices FROM notify_person`)
	if err != nil {
		return nil, fmt.Errorf("read who chose mail: %w", err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var id, raw string
		var c Choices
		if err := rows.Scan(&id, &raw); err != nil {
			return nil, fmt.Errorf("read who chose mail: %w", err)
		}
		if err := json.Unmarshal([]byte(raw), &c); err != nil {
			return nil, fmt.Errorf("read who chose mail: %w", err)
		}
		if slices.ContainsFunc(Kinds(), func(k Kind) bool { w := c.Ways[k.Name]; return w != "" && w != InboxOnly }) {
			all = append(all, id)
		}
	}
	return all, rows.Err()
}

func insertGap(ctx context.Context, q database.Querier, g Gap) error {
	_, err := exec(ctx, q, "keep that a record is not told", `INSERT INTO notify_gap (record, at, reason, entry) VALUES ($1, $2, $3, $4)`, g.Record, micros(g.At), g.Reason, g.Entry)
	return err
}

func collectGaps(rows *sql.Rows, err error) ([]Gap, error) {
	if err != nil {
		return nil, fmt.Errorf("read which records were not told: %w", err)
	}
	defer rows.Close()
	var all []Gap
	for rows.Next() {
		var g Gap
		var at int64
		if err := rows.Scan(&g.Record, &at, &g.Reason, &g.Entry); err != nil {
			return nil, fmt.Errorf("read which records were not told: %w", err)
		}
		g.At = moment(at)
		all = append(all, g)
	}
	return all, rows.Err()
}

func gaps(ctx context.Context, q database.Querier, since time.Time) ([]Gap, error) {
	return collectGaps(q.QueryContext(ctx, `SELECT record, at, reason, entry FROM notify_gap WHERE at >= $1 ORDER BY record DESC LIMIT 1000`, micros(since)))
}

func gapAt(ctx context.Context, q database.Querier, record int64) ([]Gap, error) {
	return collectGaps(q.QueryContext(ctx, `SELECT record, at, reason, entry FROM notify_gap WHERE record = $1`, record))
}
