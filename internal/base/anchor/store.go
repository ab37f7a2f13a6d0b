package anchor

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
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

const columns = `id, name, kind, address, place, trust, every, made_at, entry, next_at, failing, failed_since, trouble, held_size, held_at, removed_at`

func scan(scan func(...any) error) (a Anchor, err error) {
	var every, made, next, since, held, gone int64
	err = scan(&a.ID, &a.Name, &a.Kind, &a.address, &a.Place, &a.Trust, &every, &made, &a.Entry, &next, &a.Failing, &since, &a.Trouble, &a.HeldSize, &held, &gone)
	a.Every = time.Duration(every) * time.Microsecond
	a.MadeAt, a.NextAt, a.FailedSince, a.HeldAt, a.RemovedAt = moment(made), moment(next), moment(since), moment(held), moment(gone)
	return a, err
}

func put(ctx context.Context, q database.Querier, a Anchor) error {
	if a.address == nil { // an engine gives nil for what is empty
		a.address = []byte{}
	}
	_, err := q.ExecContext(ctx, `INSERT INTO anchor (`+columns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, address = excluded.address, place = excluded.place, trust = excluded.trust, every = excluded.every, entry = excluded.entry,
			next_at = excluded.next_at, failing = excluded.failing, failed_since = excluded.failed_since, trouble = excluded.trouble, held_size = excluded.held_size,
			held_at = excluded.held_at, removed_at = excluded.removed_at`,
		a.ID, a.Name, string(a.Kind), a.address, a.Place, a.Trust, a.Every.Microseconds(), micros(a.MadeAt), a.Entry, micros(a.NextAt), a.Failing, micros(a.FailedSince), a.Trouble, a.HeldSize,
		micros(a.HeldAt), micros(a.RemovedAt))
	if err != nil {
		return fmt.Errorf("store anchor %s: %w", a.ID, err)
	}
	return nil
}

// list gives the anchors that are in use, by name.
func list(ctx context.Context, q database.Querier) ([]Anchor, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+columns+` FROM anchor WHERE removed_at = 0 ORDER BY name, id`)
	if err != nil {
		return nil, fmt.Errorf("list the anchors: %w", err)
	}
	defer rows.Close()
	var all []Anchor
	for rows.Next() {
		a, err := scan(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("list the anchors: %w", err)
		}
		all = append(all, a)
	}
	return all, rows.Err()
}

// get gives one, removed or not.
func get(ctx context.Context, q database.Querier, id string) (Anchor, error) {
	a, err := scan(q.QueryRowContext(ctx, `SELECT `+columns+` FROM anchor WHERE id = $1`, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return a, fault.New(fault.NotFound, "there is no anchor %q", id)
	}
	if err != nil {
		return a, fmt.Errorf("read anchor %s: %w", id, err)
	}
	return a, nil
}

func insertReceipt(ctx context.Context, tx *sql.Tx, r Receipt) error {
	if r.Proof == nil {
		r.Proof = []byte{}
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO anchor_receipt (id, anchor, size, root, note, proof, said, at, entry) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		r.ID, r.Anchor, r.Size, r.Root, r.Note, r.Proof, micros(r.Said), micros(r.At), r.Entry)
	if err != nil {
		return fmt.Errorf("keep what anchor %s answered: %w", r.Anchor, err)
	}
	return nil
}

const receiptColumns = `r.id, r.anchor, a.name, a.kind, r.size, r.root, r.note, r.proof, r.said, r.at, a.trust, r.entry`

// receipts gives what was answered, the newest first, as where chooses.
func receipts(ctx context.Context, q database.Querier, where string, args ...any) ([]Receipt, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+receiptColumns+` FROM anchor_receipt r JOIN anchor a ON a.id = r.anchor `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read what anchors answered: %w", err)
	}
	defer rows.Close()
	var all []Receipt
	for rows.Next() {
		var r Receipt
		var said, at int64
		if err := rows.Scan(&r.ID, &r.Anchor, &r.Name, &r.Kind, &r.Size, &r.Root, &r.Note, &r.Proof, &said, &at, &r.Trust, &r.Entry); err != nil {
			return nil, fmt.Errorf("read what anchors answered: %w", err)
		}
		r.Said, r.At = moment(said), moment(at)
		all = append(all, r)
	}
	return all, rows.Err()
}

// receiptsOf gives those of an anchor made before one of them; "" is the newest.
func receiptsOf(ctx context.Context, q database.Querier, anchor, before string, limit int) ([]Receipt, error) {
	return receipts(ctx, q, `WHERE r.anchor = $1 AND (r.id < $2 OR $2 = '') ORDER BY r.id DESC LIMIT $3`, anchor, before, limit)
}

func receiptByEntry(ctx context.Context, q database.Querier, entry string) ([]Receipt, error) {
	return receipts(ctx, q, `WHERE r.entry = $1`, entry)
}

// AsOf gives the newest verifiable answer of each holder that a ledger of that
// many entries records, also of holders that were removed since: the same for
// that size whenever it is asked.
func AsOf(ctx context.Context, q database.Querier, size int64) ([]Receipt, error) {
	all, err := receipts(ctx, q, `WHERE LENGTH(r.proof) > 0 AND r.size <= $1 ORDER BY r.id DESC LIMIT 5000`, size)
	if err != nil {
		return nil, err
	}
	var out []Receipt
	seen := map[string]bool{}
	for _, r := range all {
		if seen[r.Anchor] {
			continue
		}
		at, err := ledger.Places(ctx, q, []string{r.Entry})
		if err != nil {
			return nil, err
		}
		if index, ok := at[r.Entry]; ok && index < size {
			seen[r.Anchor] = true
			out = append(out, r)
		}
	}
	return out, nil
}

// All gives every verifiable answer, oldest first.
func All(ctx context.Context, q database.Querier) ([]Receipt, error) {
	return receipts(ctx, q, `WHERE LENGTH(r.proof) > 0 ORDER BY r.id`)
}
