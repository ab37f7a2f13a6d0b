package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/proof"
)

// checkpointsAfter gives the recorded checkpoints above a size, in order.
func checkpointsAfter(ctx context.Context, q database.Querier, size int64, limit int) ([]checkpoint, error) {
	rows, err := q.QueryContext(ctx, `SELECT size, root, at FROM ledger_checkpoint WHERE size > $1 ORDER BY size LIMIT $2`, size, limit)
	if err != nil {
		return nil, fmt.Errorf("read recorded checkpoints: %w", err)
	}
	defer rows.Close()
	var out []checkpoint
	for rows.Next() {
		var c checkpoint
		var root []byte
		var us int64
		if err := rows.Scan(&c.size, &root, &us); err != nil {
			return nil, fmt.Errorf("read a recorded checkpoint: %w", err)
		}
		if len(root) != proof.HashSize {
			return nil, fault.New(fault.Refused, "the root of checkpoint %d in the database has %d bytes, not %d", c.size, len(root), proof.HashSize).
				At("ledger_checkpoint", 0, "root")
		}
		c.root, c.at = [32]byte(root), clock.FromMicros(us)
		out = append(out, c)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read recorded checkpoints: %w", err)
	}
	return out, nil
}

// held is a row of ledger_entry as verification reads it. One text for the small
// columns costs a third of reading them apart, a million times over.
type held struct {
	small string // idx (-1: none), "o" where there is an ord, at, stream_seq, id, stream, type, subject; joined by spaces
	hash  [32]byte
	body  []byte
}

// smallColumns names the parts of held.small.
var smallColumns = [...]string{"idx", "ord", "at", "stream_seq", "id", "stream", "type", "subject"}

const selectHeld = `SELECT format('%s %s %s %s %s %s %s %s', COALESCE(idx, -1), CASE WHEN ord IS NULL THEN '' ELSE 'o' END, at, stream_seq, id, stream, type, subject), hash, `

// heldFrom gives up to limit numbered entries from an index on; with bodies
// those that the database keeps.
func heldFrom(ctx context.Context, q database.Querier, from int64, limit int, bodies bool) ([]held, error) {
	if bodies {
		return scanHeld(q.QueryContext(ctx, selectHeld+`body FROM ledger_entry LEFT JOIN ledger_body ON entry_id = id WHERE idx >= $1 ORDER BY idx LIMIT $2`, from, limit))
	}
	return scanHeld(q.QueryContext(ctx, selectHeld+`NULL FROM ledger_entry WHERE idx >= $1 ORDER BY idx LIMIT $2`, from, limit))
}

// waitingAfter gives unnumbered entries by stream and sequence, after that place.
func waitingAfter(ctx context.Context, q database.Querier, stream string, seq int64, limit int) ([]held, error) {
	return scanHeld(q.QueryContext(ctx, selectHeld+`body FROM ledger_entry LEFT JOIN ledger_body ON entry_id = id
		WHERE idx IS NULL AND (stream > $1 OR (stream = $1 AND stream_seq > $2)) ORDER BY stream, stream_seq LIMIT $3`, stream, seq, limit))
}

// keptBodies gives how many bodies the database keeps and the first index that
// has one.
func keptBodies(ctx context.Context, q database.Querier) (count, first int64, err error) {
	if err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM ledger_body`).Scan(&count); err != nil {
		return 0, 0, fmt.Errorf("count the entries whose bytes are kept: %w", err)
	}
	err = q.QueryRowContext(ctx, `SELECT COALESCE(MIN(e.idx), $1) FROM ledger_body b JOIN ledger_entry e ON e.id = b.entry_id`, int64(math.MaxInt64)).Scan(&first)
	if err != nil {
		return 0, 0, fmt.Errorf("find the entries whose bytes are kept: %w", err)
	}
	return count, first, nil
}

func scanHeld(rows *sql.Rows, err error) ([]held, error) {
	if err != nil {
		return nil, fmt.Errorf("read ledger entries: %w", err)
	}
	defer rows.Close()
	var out []held
	var hash, body sql.RawBytes
	for rows.Next() {
		var h held
		if err := rows.Scan(&h.small, &hash, &body); err != nil {
			return nil, fmt.Errorf("read a ledger entry: %w", err)
		}
		if len(hash) != proof.HashSize {
			return nil, fault.New(fault.Refused, "the hash of ledger entry %s in the database has %d bytes, not %d", h.column("id"), len(hash), proof.HashSize).
				At("ledger_entry", 0, "hash")
		}
		h.hash = [32]byte(hash)
		if body != nil {
			h.body = append(make([]byte, 0, len(body)), body...)
		}
		out = append(out, h)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read ledger entries: %w", err)
	}
	return out, nil
}

// column gives one of the small columns.
func (h *held) column(name string) string {
	parts := strings.SplitN(h.small, " ", len(smallColumns))
	for i, part := range parts {
		if smallColumns[i] == name {
			return part
		}
	}
	return ""
}

// eachStream calls f with every stream's last sequence.
func eachStream(ctx context.Context, q database.Querier, f func(stream string, seq int64) error) error {
	rows, err := q.QueryContext(ctx, `SELECT stream, seq FROM ledger_stream ORDER BY stream`)
	if err != nil {
		return fmt.Errorf("read streams: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var stream string
		var seq int64
		if err := rows.Scan(&stream, &seq); err != nil {
			return fmt.Errorf("read a stream: %w", err)
		}
		if err := f(stream, seq); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read streams: %w", err)
	}
	return nil
}

// personalOf gives what the commitment of an entry hides; ok is false when it
// is not there.
func personalOf(ctx context.Context, q database.Querier, id string) (salt, payload []byte, ok bool, err error) {
	err = q.QueryRowContext(ctx, `SELECT salt, payload FROM ledger_personal WHERE entry_id = $1`, id).Scan(&salt, &payload)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil, false, nil
	}
	if err != nil {
		return nil, nil, false, fmt.Errorf("read personal data of ledger entry %s: %w", id, err)
	}
	return salt, payload, true, nil
}

func personalCount(ctx context.Context, q database.Querier) (int64, error) {
	var n int64
	if err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM ledger_personal`).Scan(&n); err != nil {
		return 0, fmt.Errorf("count personal data: %w", err)
	}
	return n, nil
}

// redacted reports whether a redaction entry about that entry exists.
func redacted(ctx context.Context, q database.Querier, id string) (bool, error) {
	var n int64
	if err := q.QueryRowContext(ctx, `SELECT (SELECT COUNT(*) FROM ledger_entry WHERE subject = $1 AND type = $2 AND idx IS NOT NULL) +
		(SELECT COUNT(*) FROM ledger_entry WHERE subject = $1 AND type = $2 AND idx IS NULL)`, id, redactionType).Scan(&n); err != nil {
		return false, fmt.Errorf("look for a redaction of ledger entry %s: %w", id, err)
	}
	return n > 0, nil
}

// deletePersonal overwrites and deletes personal data, so that it does not
// linger in a freed page.
func deletePersonal(ctx context.Context, tx *sql.Tx, id string, salt, payload []byte) error {
	if _, err := tx.ExecContext(ctx, `UPDATE ledger_personal SET salt = $1, payload = $2 WHERE entry_id = $3`,
		make([]byte, len(salt)), make([]byte, len(payload)), id); err != nil {
		return fmt.Errorf("overwrite personal data of ledger entry %s: %w", id, err)
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM ledger_personal WHERE entry_id = $1`, id); err != nil {
		return fmt.Errorf("delete personal data of ledger entry %s: %w", id, err)
	}
	return nil
}
