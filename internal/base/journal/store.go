package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
)

func insertObject(ctx context.Context, q database.Querier, k Kind, id string, now time.Time) (int64, error) {
	var n int64
	err := q.QueryRowContext(ctx, `INSERT INTO journal_object (id, kind, number, seq, state, owner, topic, due_at, created_at)
		VALUES ($1, $2, (SELECT COALESCE(MAX(number), 0) + 1 FROM journal_object WHERE kind = $2), 0, '', '', '', 0, $3) RETURNING number`, id, k.Name, clock.Micros(now)).Scan(&n)
	return n, conflict(err, "store a "+k.Noun)
}

func conflict(err error, doing string) error {
	if database.IsUnique(err) {
		return fault.Wrap(fault.Conflict, err, "somebody else changed it at the same time").WithHint("look at it again and repeat what is still needed")
	}
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

// stepRow is a step as it is stored.
type stepRow struct {
	seq                         int64
	step, content, digest, note string
	at                          time.Time
	by, entry                   string
	index                       int64
}

func insertStep(ctx context.Context, q database.Querier, object string, s stepRow) error {
	_, err := q.ExecContext(ctx, `INSERT INTO journal_step (object_id, seq, step, content, digest, note, made_at, made_by, entry_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		object, s.seq, s.step, s.content, s.digest, s.note, clock.Micros(s.at), s.by, s.entry)
	return conflict(err, "store a step")
}

func updateObject(ctx context.Context, q database.Querier, id string, seq int64, m Mark) error {
	var due int64
	if !m.Due.IsZero() {
		due = clock.Micros(m.Due)
	}
	_, err := q.ExecContext(ctx, `UPDATE journal_object SET seq = $2, state = $3, owner = $4, topic = $5, due_at = $6 WHERE id = $1`, id, seq, m.State, m.Owner, m.Topic, due)
	if err != nil {
		return fmt.Errorf("store the newest step: %w", err)
	}
	return nil
}

func steps(ctx context.Context, q database.Querier, object string) ([]stepRow, error) {
	rows, err := q.QueryContext(ctx, `SELECT s.seq, s.step, s.content, s.digest, s.note, s.made_at, s.made_by, s.entry_id, COALESCE(e.idx, -1)
		FROM journal_step s JOIN ledger_entry e ON e.id = s.entry_id WHERE s.object_id = $1 ORDER BY s.seq`, object)
	if err != nil {
		return nil, fmt.Errorf("read steps: %w", err)
	}
	defer rows.Close()
	var out []stepRow
	for rows.Next() {
		var s stepRow
		var at int64
		if err := rows.Scan(&s.seq, &s.step, &s.content, &s.digest, &s.note, &at, &s.by, &s.entry, &s.index); err != nil {
			return nil, fmt.Errorf("read steps: %w", err)
		}
		s.at = clock.FromMicros(at)
		out = append(out, s)
	}
	return out, rows.Err()
}

// reading is which objects are read, and as of when.
type reading struct {
	kind         string
	id           string
	number       int64
	states       []string
	owner, topic string
	below        int64
	limit        int
	past         bool // as of valid and known, rather than now
	valid        time.Time
	known        int64
}

// objectRow is an object with the content after one of its steps.
type objectRow struct {
	id          string
	number, seq int64
	created, at time.Time
	creator     string
	content     string
}

func objects(ctx context.Context, q database.Querier, f reading) ([]objectRow, error) {
	var args []any
	bind := func(v any) string {
		args = append(args, v)
		return fmt.Sprintf("$%d", len(args))
	}
	where := []string{"o.kind = " + bind(f.kind)}
	newest := "o.seq"
	if f.past {
		newest = `(SELECT MAX(p.seq) FROM journal_step p JOIN ledger_entry l ON l.id = p.entry_id WHERE p.object_id = o.id AND p.made_at <= ` + bind(clock.Micros(f.valid))
		if f.known >= 0 {
			newest += ` AND l.idx < ` + bind(f.known)
		}
		newest += `)`
	}
	if f.id != "" {
		where = append(where, "o.id = "+bind(f.id))
	}
	if f.number != 0 {
		where = append(where, "o.number = "+bind(f.number))
	}
	if f.owner != "" {
		where = append(where, "o.owner = "+bind(f.owner))
	}
	if f.topic != "" {
		where = append(where, "o.topic = "+bind(f.topic))
	}
	if f.below > 0 {
		where = append(where, "o.number < "+bind(f.below))
	}
	if len(f.states) > 0 {
		var marks []string
		for _, s := range f.states {
			marks = append(marks, bind(s))
		}
		where = append(where, "o.state IN ("+strings.Join(marks, ", ")+")")
	}
	query := `SELECT o.id, o.number, s.seq, o.created_at, s.made_at, c.made_by, s.content FROM journal_object o
		JOIN journal_step s ON s.object_id = o.id AND s.seq = ` + newest + ` JOIN journal_step c ON c.object_id = o.id AND c.seq = 1
		WHERE ` + strings.Join(where, " AND ") + ` ORDER BY o.number DESC`
	if f.limit > 0 {
		query += " LIMIT " + bind(f.limit)
	}
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", f.kind, err)
	}
	defer rows.Close()
	var out []objectRow
	for rows.Next() {
		var r objectRow
		var created, at int64
		if err := rows.Scan(&r.id, &r.number, &r.seq, &created, &at, &r.creator, &r.content); err != nil {
			return nil, fmt.Errorf("read %s: %w", f.kind, err)
		}
		r.created, r.at = clock.FromMicros(created), clock.FromMicros(at)
		out = append(out, r)
	}
	return out, rows.Err()
}

func count(ctx context.Context, q database.Querier, kind string) (map[string]int64, error) {
	rows, err := q.QueryContext(ctx, `SELECT state, COUNT(*) FROM journal_object WHERE kind = $1 GROUP BY state`, kind)
	if err != nil {
		return nil, fmt.Errorf("count %s: %w", kind, err)
	}
	defer rows.Close()
	out := map[string]int64{}
	for rows.Next() {
		var state string
		var n int64
		if err := rows.Scan(&state, &n); err != nil {
			return nil, fmt.Errorf("count %s: %w", kind, err)
		}
		out[state] = n
	}
	return out, rows.Err()
}

// bound is what a ledger entry is held against.
type bound struct {
	stepRow
	kind, id     string
	number       int64
	newest       int64
	state, owner string
	topic        string
	due          int64
}

func byEntry(ctx context.Context, q database.Querier, entry string) (b bound, found bool, err error) {
	err = q.QueryRowContext(ctx, `SELECT s.seq, s.step, s.content, s.digest, s.note, s.made_by, o.kind, o.id, o.number, o.seq, o.state, o.owner, o.topic, o.due_at
		FROM journal_step s JOIN journal_object o ON o.id = s.object_id WHERE s.entry_id = $1`, entry).
		Scan(&b.seq, &b.step, &b.content, &b.digest, &b.note, &b.by, &b.kind, &b.id, &b.number, &b.newest, &b.state, &b.owner, &b.topic, &b.due)
	if errors.Is(err, sql.ErrNoRows) {
		return b, false, nil
	}
	return b, err == nil, err
}
