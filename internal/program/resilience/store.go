package resilience

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
)

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return clock.Micros(t)
}

func since(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return clock.FromMicros(us)
}

const runColumns = `id, backup_id, name, started_at, finished_at, result, bytes, sha256, place, says, via, reported_by, reported_at, entry_id`

func scanRun(scan func(...any) error, more ...any) (r Run, err error) {
	var started, finished, at int64
	err = scan(append([]any{&r.ID, &r.Backup, &r.Name, &started, &finished, &r.Result, &r.Bytes, &r.Digest, &r.Place, &r.Says, &r.Via, &r.By, &at, &r.Entry}, more...)...)
	r.Started, r.Finished, r.At = since(started), since(finished), since(at)
	return r, err
}

// insertRun keeps a run; told is false where the same one stands there.
func insertRun(ctx context.Context, q database.Querier, r Run, seq int) error {
	_, err := q.ExecContext(ctx, `INSERT INTO kept_run (`+runColumns+`, seq) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
		r.ID, r.Backup, r.Name, micros(r.Started), micros(r.Finished), string(r.Result), r.Bytes, r.Digest, r.Place, r.Says, r.Via, r.By, micros(r.At), r.Entry, seq)
	if err != nil {
		return fmt.Errorf("keep a run of %s: %w", r.Name, err)
	}
	return nil
}

// sameRun gives the run of a backup that ended at a moment at a place.
func sameRun(ctx context.Context, q database.Querier, backup string, finished time.Time, place string) (Run, bool, error) {
	r, err := scanRun(q.QueryRowContext(ctx, `SELECT `+runColumns+` FROM kept_run WHERE backup_id = $1 AND finished_at = $2 AND place = $3`, backup, micros(finished), place).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return r, false, nil
	}
	return r, err == nil, err
}

func readRuns(ctx context.Context, q database.Querier, query string, args ...any) ([]Run, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Run
	for rows.Next() {
		r, err := scanRun(rows.Scan)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

// newestRuns gives the newest runs of a backup, newest first.
func newestRuns(ctx context.Context, q database.Querier, backup string, limit int) (Runs, error) {
	return readRuns(ctx, q, `SELECT `+runColumns+` FROM kept_run WHERE backup_id = $1 ORDER BY finished_at DESC, place LIMIT $2`, backup, limit)
}

// lastGood gives the newest good run of a backup to each place, newest first: they
// may lie behind many that failed.
func lastGood(ctx context.Context, q database.Querier, backup string) (Runs, error) {
	return readRuns(ctx, q, `SELECT `+runColumns+` FROM kept_run r WHERE backup_id = $1 AND result = 'success' AND finished_at =
		(SELECT MAX(finished_at) FROM kept_run m WHERE m.backup_id = r.backup_id AND m.place = r.place AND m.result = 'success') ORDER BY finished_at DESC`, backup)
}

// pageOfRuns gives runs of all backups, newest first, before a moment.
func pageOfRuns(ctx context.Context, q database.Querier, backup string, result Result, before time.Time, beforeID string, limit int) (Runs, error) {
	query, args := `SELECT `+runColumns+` FROM kept_run WHERE 1 = 1`, []any{}
	and := func(condition string, v any) {
		args = append(args, v)
		query += fmt.Sprintf(" AND "+condition, len(args))
	}
	if backup != "" {
		and("backup_id = $%d", backup)
	}
	if result != "" {
		and("result = $%d", string(result))
	}
	if !before.IsZero() {
		and("(finished_at < $%[1]d", micros(before))
		args = append(args, beforeID)
		query += fmt.Sprintf(" OR finished_at = $%d AND id > $%d)", len(args)-1, len(args))
	}
	args = append(args, limit)
	return readRuns(ctx, q, query+fmt.Sprintf(" ORDER BY finished_at DESC, id LIMIT $%d", len(args)), args...)
}

// runsBetween gives runs that ended in [from, to) and were known by a size of the
// ledger (below 0: all).
func runsBetween(ctx context.Context, q database.Querier, from, to time.Time, known int64) ([]Run, error) {
	query, args := `SELECT r.id, r.backup_id, r.name, r.started_at, r.finished_at, r.result, r.bytes, r.sha256, r.place, r.says, r.via, r.reported_by, r.reported_at, r.entry_id
		FROM kept_run r JOIN ledger_entry l ON l.id = r.entry_id WHERE r.finished_at >= $1 AND r.finished_at <= $2`, []any{micros(from), micros(to)}
	if known >= 0 {
		query, args = query+` AND l.idx < $3`, append(args, known)
	}
	return readRuns(ctx, q, query+` ORDER BY r.finished_at, r.id`, args...)
}

// runsOfEntry gives the runs that a report told of, in its order.
func runsOfEntry(ctx context.Context, q database.Querier, entry string) ([]Run, error) {
	return readRuns(ctx, q, `SELECT `+runColumns+` FROM kept_run WHERE entry_id = $1 ORDER BY seq`, entry)
}

func countRuns(ctx context.Context, q database.Querier) (out map[Result]int64, err error) {
	rows, err := q.QueryContext(ctx, `SELECT result, COUNT(*) FROM kept_run GROUP BY result`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out = map[Result]int64{}
	for rows.Next() {
		var r Result
		var n int64
		if err := rows.Scan(&r, &n); err != nil {
			return nil, err
		}
		out[r] = n
	}
	return out, rows.Err()
}
