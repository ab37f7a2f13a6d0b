package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"time"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/proof"
)

// Head is the last published checkpoint.
type Head struct {
	Origin   string
	Size     int64     // entries that it covers: indexes 0 to Size-1
	Root     [32]byte  // Merkle root
	At       time.Time // when it was signed; zero while the ledger is empty
	Anchored bool      // somebody outside has signed that they hold a checkpoint of this ledger

	AnchoredSize int64     // entries that the newest of those covers
	AnchoredAt   time.Time // when they signed, by this machine's clock
}

// Filter chooses records. Zero values choose everything.
type Filter struct {
	Subject string
	Type    string // exact, or a family when it ends in a dot: "finding."
	Before  int64  // only indexes below it, when above 0
	After   int64  // only indexes from this log size on: the cursor of a reader who has seen After entries
	Limit   int    // 100 when 0, at most 1,000
}

// Head gives the last published checkpoint, whichever process wrote it.
func (l *Log) Head(ctx context.Context) (Head, error) {
	h, err := lastCheckpoint(ctx, l.cfg.DB.Reader())
	if err != nil {
		return Head{}, err
	}
	head := Head{Origin: l.origin, Size: h.size, Root: h.root, At: h.at}
	if head.AnchoredSize, head.AnchoredAt, err = newestAnchor(ctx, l.cfg.DB.Reader()); err != nil {
		return Head{}, err
	}
	head.Anchored = head.AnchoredSize > 0
	return head, nil
}

// Records gives records newest first. Entries that are not numbered yet
// (Index -1) come before all others, and only where neither Before nor After
// is set.
func (l *Log) Records(ctx context.Context, f Filter) ([]Record, error) {
	var rows []row
	if err := l.cfg.DB.View(ctx, func(tx *sql.Tx) error { // one snapshot: no entry may be among both kinds
		var err error
		rows, err = selectRows(ctx, tx, f)
		return err
	}); err != nil {
		return nil, err
	}
	return l.bodies(rows)
}

// Since gives numbered records oldest first, from log size from on: what a
// reader who has seen from entries reads next.
func (l *Log) Since(ctx context.Context, from int64, limit int) ([]Record, error) {
	rows, err := rowsFrom(ctx, l.cfg.DB.Reader(), from, limit)
	if err != nil {
		return nil, err
	}
	return l.bodies(rows)
}

// Record gives the record with that id ("ent_…") or that index.
func (l *Log) Record(ctx context.Context, idOrIndex string) (Record, error) {
	q := l.cfg.DB.Reader()
	var rows []row
	var err error
	if n, convErr := strconv.ParseInt(idOrIndex, 10, 64); convErr == nil {
		rows, err = rowByIndex(ctx, q, n)
	} else if ids.Valid(idOrIndex, "ent") {
		rows, err = rowByID(ctx, q, idOrIndex)
	}
	if err != nil {
		return Record{}, err
	}
	if len(rows) == 0 {
		return Record{}, fault.New(fault.NotFound, "the ledger has no record %q", idOrIndex)
	}
	records, err := l.bodies(rows)
	if err != nil {
		return Record{}, err
	}
	return records[0], nil
}

// Numbered gives the records of indexes, in their order. Kind NotFound where the
// ledger has not got one of them.
func (l *Log) Numbered(ctx context.Context, indexes []int64) ([]Record, error) {
	var all []row
	for _, n := range indexes {
		rows, err := rowByIndex(ctx, l.cfg.DB.Reader(), n)
		if err != nil {
			return nil, err
		}
		if len(rows) == 0 {
			return nil, fault.New(fault.NotFound, "the ledger has no entry %d", n)
		}
		all = append(all, rows...)
	}
	return l.bodies(all)
}

// IndexAt gives the size of the ledger as of the last checkpoint at or before
// t: what was known then is what has an index below it. 0 before the first.
func IndexAt(ctx context.Context, q database.Querier, t time.Time) (int64, error) {
	return sizeAt(ctx, q, t)
}

// bodies turns rows into records, each held against its stored hash.
func (l *Log) bodies(rows []row) ([]Record, error) {
	if err := l.fill(rows); err != nil {
		return nil, err
	}
	out := make([]Record, 0, len(rows))
	for _, r := range rows {
		rec, err := proof.ParseEntry(r.body)
		if err != nil {
			return nil, fmt.Errorf("read ledger entry %s: %w", r.id, err)
		}
		if rec.ID != r.id || rec.Hash != [32]byte(r.hash) {
			return nil, fault.New(fault.Refused, "ledger entry %s is not what was stored: its bytes do not have its hash", r.id).
				WithHint("run 'attesta ledger verify'")
		}
		rec.Index = r.idx
		out = append(out, rec)
	}
	return out, nil
}

// HeadOf gives the size and the root of the last checkpoint that a database
// recorded.
func HeadOf(ctx context.Context, q database.Querier) (size int64, root [32]byte, err error) {
	c, err := lastCheckpoint(ctx, q)
	return c.size, c.root, err
}

// LastTime gives the newest time of an entry or checkpoint; 1970 where there is none.
func LastTime(ctx context.Context, q database.Querier) (time.Time, error) {
	at, _, err := lastTimes(ctx, q)
	return at, err
}
