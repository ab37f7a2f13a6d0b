package jobs

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
)

// run is how the last run of a job that ended went.
type run struct {
	started  time.Time
	took     time.Duration
	err      string
	failures int64
}

func readRuns(ctx context.Context, q database.Querier) (map[string]run, error) {
	rows, err := q.QueryContext(ctx, `SELECT name, started_at, took, error, failures FROM job_run`)
	if err != nil {
		return nil, fmt.Errorf("read how jobs went: %w", err)
	}
	defer rows.Close()
	all := map[string]run{}
	for rows.Next() {
		var name string
		var r run
		var started, took int64
		if err := rows.Scan(&name, &started, &took, &r.err, &r.failures); err != nil {
			return nil, fmt.Errorf("read how jobs went: %w", err)
		}
		r.started, r.took = clock.FromMicros(started), time.Duration(took)*time.Microsecond
		all[name] = r
	}
	return all, rows.Err()
}

// saveRun keeps how a run went, unless a later one was kept already.
func saveRun(ctx context.Context, db *database.DB, name string, r run) error {
	failed := 0
	if r.err != "" {
		failed = 1
	}
	err := db.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO job_run AS j (name, started_at, took, error, failures) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (name) DO UPDATE SET started_at = $2, took = $3, error = $4,
				failures = CASE WHEN $5 = 0 THEN 0 ELSE j.failures + 1 END
			WHERE j.started_at <= $2`, name, clock.Micros(r.started), r.took.Microseconds(), r.err, failed)
		return err
	})
	if err != nil {
		return fmt.Errorf("keep how job %s went: %w", name, err)
	}
	return nil
}

// countWaiting counts queued jobs by kind. The table is river's.
func countWaiting(ctx context.Context, q database.Querier) (map[string]int64, error) {
	rows, err := q.QueryContext(ctx, `SELECT kind, COUNT(*) FROM river_job
		WHERE state IN ('available', 'pending', 'retryable', 'scheduled') GROUP BY kind`)
	if err != nil {
		return nil, fmt.Errorf("count waiting jobs: %w", err)
	}
	defer rows.Close()
	all := map[string]int64{}
	for rows.Next() {
		var kind string
		var n int64
		if err := rows.Scan(&kind, &n); err != nil {
			return nil, fmt.Errorf("count waiting jobs: %w", err)
		}
		all[kind] = n
	}
	return all, rows.Err()
}

// takeUpAgain makes what a killed process had begun due again.
func takeUpAgain(ctx context.Context, db *database.DB) error {
	err := db.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE river_job SET state = 'available' WHERE state = 'running'`)
		return err
	})
	if err != nil {
		return fmt.Errorf("take up broken-off jobs: %w", err)
	}
	return nil
}
