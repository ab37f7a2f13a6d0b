package ledger

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
	"github.com/attesta/attesta/internal/proof"
)

// row is a row of ledger_entry.
type row struct {
	id        string
	idx       int64 // -1 before it is numbered
	ord       int64
	stream    string
	streamSeq int64
	typ       string
	at        time.Time
	subject   string
	hash      []byte
	body      []byte // nil once its full bundle is on disk
}

// place is what a stream gives its next entries.
type place struct {
	seq   int64     // of the first of them
	at    time.Time // of all of them
	shift int64     // what to add to their order: the stream was ahead of this process
}

const (
	// The row is locked until the transaction ends: a stream has one writer.
	// Times and orders of a stream never go back, whichever process writes.
	advanceStream = `INSERT INTO ledger_stream (stream, seq, at, ord) VALUES ($1, $2, $3, $4)
		ON CONFLICT (stream) DO UPDATE SET seq = ledger_stream.seq + excluded.seq,
			at = CASE WHEN excluded.at > ledger_stream.at THEN excluded.at ELSE ledger_stream.at END,
			ord = CASE WHEN excluded.ord - $5 >= ledger_stream.ord THEN excluded.ord ELSE ledger_stream.ord + $5 END
		RETURNING seq, at, ord`
	addEntry    = `INSERT INTO ledger_entry (id, ord, stream, stream_seq, type, at, subject, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`
	addBody     = `INSERT INTO ledger_body (entry_id, body) VALUES ($1, $2)`
	addPersonal = `INSERT INTO ledger_personal (entry_id, salt, payload) VALUES ($1, $2, $3)`
)

// prepare parses Append's statements once on SQLite. PostgreSQL's driver keeps
// them per connection by itself: nil is right there.
func prepare(ctx context.Context, db *database.DB) (*database.Prepared, error) {
	if db.Dialect != database.SQLite {
		return nil, nil
	}
	return db.Prepare(ctx, advanceStream, addEntry, addBody)
}

// advance takes count numbers of a stream for a batch whose entries have the
// orders from ord on, batch of them.
func advance(ctx context.Context, q database.Querier, stream string, count int, at time.Time, ord int64, batch int) (place, error) {
	var last, us, end int64
	want := ord + int64(batch) - 1
	if err := q.QueryRowContext(ctx, advanceStream, stream, count, clock.Micros(at), want, batch).Scan(&last, &us, &end); err != nil {
		return place{}, fmt.Errorf("number stream %s: %w", stream, err)
	}
	return place{seq: last - int64(count) + 1, at: clock.FromMicros(us), shift: end - want}, nil
}

func insertEntry(ctx context.Context, q database.Querier, r row) error {
	if _, err := q.ExecContext(ctx, addEntry, r.id, r.ord, r.stream, r.streamSeq, r.typ, clock.Micros(r.at), r.subject, r.hash); err != nil {
		return fmt.Errorf("store ledger entry: %w", err)
	}
	if _, err := q.ExecContext(ctx, addBody, r.id, r.body); err != nil {
		return fmt.Errorf("store the bytes of ledger entry: %w", err)
	}
	return nil
}

func insertPersonal(ctx context.Context, q database.Querier, id string, salt, payload []byte) error {
	if _, err := q.ExecContext(ctx, addPersonal, id, salt, payload); err != nil {
		return fmt.Errorf("store personal data of ledger entry: %w", err)
	}
	return nil
}

// lastTimes gives the newest time of an entry or checkpoint, and the newest
// order of any stream.
func lastTimes(ctx context.Context, q database.Querier) (time.Time, int64, error) {
	var at, ord int64
	err := q.QueryRowContext(ctx, `SELECT COALESCE(MAX(at), 0), COALESCE(MAX(ord), 0) FROM ledger_stream`).Scan(&at, &ord)
	if err != nil {
		return time.Time{}, 0, fmt.Errorf("read the ledger's last time: %w", err)
	}
	head, err := lastCheckpoint(ctx, q)
	if err != nil {
		return time.Time{}, 0, err
	}
	return maxTime(clock.FromMicros(at), head.at), ord, nil
}

// checkpoint is a row of ledger_checkpoint.
type checkpoint struct {
	size int64
	root [32]byte
	at   time.Time
}

// lastCheckpoint gives the newest published checkpoint; the empty tree's when there is none.
func lastCheckpoint(ctx context.Context, q database.Querier) (checkpoint, error) {
	c := checkpoint{root: proof.EmptyRoot}
	var root []byte
	var us int64
	err := q.QueryRowContext(ctx, `SELECT size, root, at FROM ledger_checkpoint ORDER BY size DESC LIMIT 1`).Scan(&c.size, &root, &us)
	if errors.Is(err, sql.ErrNoRows) {
		return c, nil
	}
	if err != nil {
		return c, fmt.Errorf("read the last checkpoint: %w", err)
	}
	if len(root) != 32 {
		return c, fault.New(fault.Refused, "the root of checkpoint %d in the database has %d bytes, not 32", c.size, len(root))
	}
	c.root, c.at = [32]byte(root), clock.FromMicros(us)
	return c, nil
}

func sizeAt(ctx context.Context, q database.Querier, t time.Time) (int64, error) {
	var size int64
	err := q.QueryRowContext(ctx, `SELECT size FROM ledger_checkpoint WHERE at <= $1 ORDER BY at DESC, size DESC LIMIT 1`, clock.Micros(t)).Scan(&size)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("read the checkpoint before %s: %w", t.Format(time.RFC3339), err)
	}
	return size, nil
}

// sizeAfter is sizeAt from the other side.
func sizeAfter(ctx context.Context, q database.Querier, t time.Time) (size int64, ok bool, err error) {
	err = q.QueryRowContext(ctx, `SELECT size FROM ledger_checkpoint WHERE at >= $1 ORDER BY at, size LIMIT 1`, clock.Micros(t)).Scan(&size)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("read the checkpoint after %s: %w", t.Format(time.RFC3339), err)
	}
	return size, true, nil
}

// newestAnchor gives the largest size that somebody outside signed (package
// anchor), and when; 0 where nobody did.
func newestAnchor(ctx context.Context, q database.Querier) (size int64, at time.Time, err error) {
	var us int64
	err = q.QueryRowContext(ctx, `SELECT size, at FROM anchor_receipt WHERE LENGTH(proof) > 0 ORDER BY size DESC, at DESC LIMIT 1`).Scan(&size, &us)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, time.Time{}, nil
	}
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("read what is anchored: %w", err)
	}
	return size, clock.FromMicros(us), nil
}

// checkpointOf gives the recorded checkpoint of a size, kind NotFound where none
// has it.
func checkpointOf(ctx context.Context, q database.Querier, size int64) (checkpoint, error) {
	c := checkpoint{size: size}
	var root []byte
	var us int64
	err := q.QueryRowContext(ctx, `SELECT root, at FROM ledger_checkpoint WHERE size = $1`, size).Scan(&root, &us)
	if errors.Is(err, sql.ErrNoRows) {
		return c, fault.New(fault.NotFound, "the ledger recorded no checkpoint of %d entries", size)
	}
	if err != nil || len(root) != proof.HashSize {
		return c, fmt.Errorf("read the checkpoint of %d entries: %w", size, errors.Join(err, errRoot(root)))
	}
	c.root, c.at = [32]byte(root), clock.FromMicros(us)
	return c, nil
}

func errRoot(root []byte) error {
	if len(root) == proof.HashSize {
		return nil
	}
	return fault.New(fault.Refused, "its root has %d bytes, not %d", len(root), proof.HashSize)
}

const columns = `SELECT e.id, COALESCE(e.idx, -1), COALESCE(e.ord, -1), e.stream, e.stream_seq, e.type, e.at, e.subject, e.hash, b.body
	FROM ledger_entry e LEFT JOIN ledger_body b ON b.entry_id = e.id `

func selectRows(ctx context.Context, q database.Querier, f Filter) ([]row, error) {
	limit := f.Limit
	if limit <= 0 {
		limit = 100
	}
	limit = min(limit, 1000)
	where, args := "WHERE 1 = 1", []any{}
	and := func(condition string, value any) {
		args = append(args, value)
		where += " AND " + fmt.Sprintf(condition, len(args))
	}
	if f.Subject != "" {
		and("e.subject = $%d", f.Subject)
	}
	if strings.HasSuffix(f.Type, ".") {
		and(`e.type LIKE $%d ESCAPE '\'`, strings.NewReplacer(`\`, `\\`, "_", `\_`, "%", `\%`).Replace(f.Type)+"%")
	} else if f.Type != "" {
		and("e.type = $%d", f.Type)
	}
	var waiting []row
	if f.Before <= 0 && f.After <= 0 {
		var err error
		waiting, err = scan(q.QueryContext(ctx, columns+where+fmt.Sprintf(" AND e.idx IS NULL ORDER BY e.ord DESC, e.id DESC LIMIT %d", limit), args...))
		if err != nil || len(waiting) == limit {
			return waiting, err
		}
		limit -= len(waiting)
	}
	if f.Before > 0 {
		and("e.idx < $%d", f.Before)
	}
	and("e.idx >= $%d", max(f.After, 0))
	numbered, err := scan(q.QueryContext(ctx, columns+where+fmt.Sprintf(" ORDER BY e.idx DESC LIMIT %d", limit), args...))
	return append(waiting, numbered...), err
}

func rowsFrom(ctx context.Context, q database.Querier, from int64, limit int) ([]row, error) {
	return scan(q.QueryContext(ctx, columns+`WHERE e.idx >= $1 ORDER BY e.idx LIMIT $2`, from, limit))
}

func rowByIndex(ctx context.Context, q database.Querier, idx int64) ([]row, error) {
	return scan(q.QueryContext(ctx, columns+`WHERE e.idx = $1`, idx))
}

func rowByID(ctx context.Context, q database.Querier, id string) ([]row, error) {
	return scan(q.QueryContext(ctx, columns+`WHERE e.id = $1`, id))
}

// scan reads rows and closes them; it takes a query's two results.
func scan(rows *sql.Rows, err error) ([]row, error) {
	if err != nil {
		return nil, fmt.Errorf("read ledger entries: %w", err)
	}
	defer rows.Close()
	var out []row
	for rows.Next() {
		var r row
		var us int64
		if err := rows.Scan(&r.id, &r.idx, &r.ord, &r.stream, &r.streamSeq, &r.typ, &us, &r.subject, &r.hash, &r.body); err != nil {
			return nil, fmt.Errorf("read a ledger entry: %w", err)
		}
		if len(r.hash) != 32 {
			return nil, fault.New(fault.Refused, "the hash of ledger entry %s in the database has %d bytes, not 32", r.id, len(r.hash))
		}
		r.at = clock.FromMicros(us)
		out = append(out, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read ledger entries: %w", err)
	}
	return out, nil
}

// lastOfType gives the time of the newest entry of a type, numbered or not.
func lastOfType(ctx context.Context, q database.Querier, typ string) (time.Time, bool, error) {
	var us sql.NullInt64
	err := q.QueryRowContext(ctx, `SELECT MAX(at) FROM ledger_entry WHERE type = $1 AND idx IS NULL`, typ).Scan(&us)
	if err == nil && !us.Valid {
		err = q.QueryRowContext(ctx, `SELECT at FROM ledger_entry WHERE type = $1 AND idx IS NOT NULL ORDER BY idx DESC LIMIT 1`, typ).Scan(&us)
	}
	if errors.Is(err, sql.ErrNoRows) || err == nil && !us.Valid {
		return time.Time{}, false, nil
	}
	if err != nil {
		return time.Time{}, false, fmt.Errorf("look for the last entry of type %s: %w", typ, err)
	}
	return clock.FromMicros(us.Int64), true, nil
}
