package ledger

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
)

// lockKey is this product's advisory lock for the sequencer; advisory locks
// are per database.
const lockKey = 0x61747465737461 // "attesta"

// seat is the right to sequence. On PostgreSQL it is an advisory lock on a
// connection of its own, and numbering runs on that connection: whoever loses
// the connection loses the lock and can number nothing. On SQLite the data
// directory has one process, and the caller holds its lock.
type seat struct {
	db   *database.DB
	conn *sql.Conn // nil on SQLite
}

// takeSeat gives nil when another process sequences.
func takeSeat(ctx context.Context, db *database.DB) (*seat, error) {
	if db.Dialect != database.Postgres {
		return &seat{db: db}, nil
	}
	conn, err := db.Writer().Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect the sequencer: %w", err)
	}
	var got bool
	if err := conn.QueryRowContext(ctx, `SELECT pg_try_advisory_lock($1)`, int64(lockKey)).Scan(&got); err != nil || !got {
		if err != nil {
			err = fmt.Errorf("lock the sequencer: %w", err)
		}
		return nil, errors.Join(err, conn.Close())
	}
	return &seat{db: db, conn: conn}, nil
}

// leave gives the seat up.
func (s *seat) leave() error {
	if s == nil || s.conn == nil {
		return nil
	}
	_, err := s.conn.ExecContext(context.Background(), `SELECT pg_advisory_unlock($1)`, int64(lockKey))
	if err != nil {
		// The connection, and the lock with it, must not go back into the pool.
		err = errors.Join(err, s.conn.Raw(func(any) error { return driver.ErrBadConn }))
	}
	return errors.Join(err, s.conn.Close())
}

// held fails when the seat was lost with its connection.
func (s *seat) held(ctx context.Context) error {
	if s.conn == nil {
		return nil
	}
	var one int
	if err := s.conn.QueryRowContext(ctx, `SELECT 1`).Scan(&one); err != nil {
		return fmt.Errorf("the sequencer lost its lock: %w", err)
	}
	return nil
}

// tx runs f in a transaction that only the holder of the seat can commit.
func (s *seat) tx(ctx context.Context, f func(tx *sql.Tx) error) error {
	if s.conn == nil {
		return s.db.Tx(ctx, f)
	}
	tx, err := s.conn.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback() // does nothing after Commit
	if err := f(tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// anyWaiting reports whether a committed entry has no position.
func anyWaiting(ctx context.Context, q database.Querier) (bool, error) {
	var n int64
	if err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM ledger_entry WHERE idx IS NULL LIMIT 1) waiting`).Scan(&n); err != nil {
		return false, fmt.Errorf("look for unnumbered ledger entries: %w", err)
	}
	return n > 0, nil
}

// waitingCount counts committed entries from log size published on.
func waitingCount(ctx context.Context, q database.Querier, published int64) (int64, error) {
	var n int64
	err := q.QueryRowContext(ctx, `SELECT (SELECT COUNT(*) FROM ledger_entry WHERE idx IS NULL) + (SELECT COUNT(*) FROM ledger_entry WHERE idx >= $1)`, published).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count unpublished ledger entries: %w", err)
	}
	return n, nil
}

// numberedSize is how many entries have a position.
func numberedSize(ctx context.Context, q database.Querier) (int64, error) {
	var n int64
	if err := q.QueryRowContext(ctx, `SELECT COALESCE(MAX(idx), -1) + 1 FROM ledger_entry WHERE idx IS NOT NULL`).Scan(&n); err != nil {
		return 0, fmt.Errorf("read the ledger's size: %w", err)
	}
	return n, nil
}

// number gives up to limit waiting entries the positions from next on, and
// returns them with their bodies.
func number(ctx context.Context, tx *sql.Tx, next int64, limit int) ([]row, error) {
	size, err := numberedSize(ctx, tx)
	if err != nil {
		return nil, err
	}
	if size != next {
		return nil, fault.New(fault.Conflict, "another process numbers this ledger too: it has %d entries, %d were expected", size, next)
	}
	if _, err := tx.ExecContext(ctx, `UPDATE ledger_entry SET idx = waiting.position + $1, ord = NULL
		FROM (SELECT id, ROW_NUMBER() OVER (ORDER BY ord, id) - 1 AS position
			FROM (SELECT id, ord FROM ledger_entry WHERE idx IS NULL ORDER BY ord, id LIMIT $2) AS next) AS waiting
		WHERE ledger_entry.id = waiting.id`, next, limit); err != nil {
		return nil, fmt.Errorf("number ledger entries: %w", err)
	}
	return rowsFrom(ctx, tx, next, limit)
}

// recordCheckpoint notes a published checkpoint, and lets go of the bodies
// whose full bundles are on disk: indexes from low to below high.
func recordCheckpoint(ctx context.Context, tx *sql.Tx, c checkpoint, low, high int64) error {
	if _, err := tx.ExecContext(ctx, `INSERT INTO ledger_checkpoint (size, root, at) VALUES ($1, $2, $3) ON CONFLICT (size) DO NOTHING`,
		c.size, c.root[:], clock.Micros(c.at)); err != nil {
		return fmt.Errorf("record the checkpoint: %w", err)
	}
	if low >= high {
		return nil
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM ledger_body WHERE entry_id IN (SELECT id FROM ledger_entry WHERE idx >= $1 AND idx < $2)`, low, high); err != nil {
		return fmt.Errorf("let go of bundled entries: %w", err)
	}
	return nil
}

// hashesFrom calls f with the leaf hashes from index low to below high.
func hashesFrom(ctx context.Context, q database.Querier, low, high int64, f func(hash [32]byte) error) error {
	for low < high {
		rows, err := rowsFrom(ctx, q, low, int(min(high-low, 4096)))
		if err != nil {
			return err
		}
		for _, r := range rows {
			if r.idx != low {
				return fault.New(fault.Refused, "the database has no entry with index %d", low)
			}
			if err := f([32]byte(r.hash)); err != nil {
				return err
			}
			low++
		}
		if len(rows) == 0 {
			return fault.New(fault.Refused, "the database has no entry with index %d", low)
		}
	}
	return nil
}

func metaValue(ctx context.Context, q database.Querier, name string) (string, error) {
	var v string
	err := q.QueryRowContext(ctx, `SELECT value FROM meta WHERE name = $1`, name).Scan(&v)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("read %s: %w", name, err)
	}
	return v, nil
}

// keepMeta stores a value that must not change once it is there.
func keepMeta(ctx context.Context, db *database.DB, name, value string) error {
	return db.Tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`, name, value); err != nil {
			return fmt.Errorf("store %s: %w", name, err)
		}
		have, err := metaValue(ctx, tx, name)
		if err == nil && have != value {
			err = fault.New(fault.Conflict, "%s is %q already", name, have)
		}
		return err
	})
}
