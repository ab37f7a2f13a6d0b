package diagram

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

func records(ctx context.Context, q database.Querier, where string, args ...any) ([]record, error) {
	rows, err := q.QueryContext(ctx, `SELECT r.diagram_id, d.number, r.seq, r.kind, r.content, r.digest, r.made_at, r.made_by, r.entry_id, COALESCE(e.idx, -1)
		FROM diagram_record r JOIN diagram d ON d.id = r.diagram_id JOIN ledger_entry e ON e.id = r.entry_id `+where+` ORDER BY d.number, r.seq`, args...)
	if err != nil {
		return nil, fmt.Errorf("read diagrams: %w", err)
	}
	defer rows.Close()
	var out []record
	for rows.Next() {
		var r record
		var made int64
		if err := rows.Scan(&r.diagram, &r.number, &r.seq, &r.kind, &r.content, &r.digest, &made, &r.made.By, &r.made.Entry, &r.made.Index); err != nil {
			return nil, fmt.Errorf("read diagrams: %w", err)
		}
		r.made.At = clock.FromMicros(made)
		out = append(out, r)
	}
	return out, rows.Err()
}

// recordsOf gives the records of one diagram by its id or number (DG-1).
func recordsOf(ctx context.Context, q database.Querier, ref string) ([]record, error) {
	if n, err := strconv.Atoi(strings.TrimPrefix(strings.ToUpper(ref), "DG-")); err == nil {
		return records(ctx, q, `WHERE d.number = $1`, n)
	}
	return records(ctx, q, `WHERE d.id = $1`, ref)
}

func insertDiagram(ctx context.Context, q database.Querier, id string, now time.Time) (int, error) {
	var n int
	err := q.QueryRowContext(ctx, `INSERT INTO diagram (id, number, seq, created_at) VALUES ($1, (SELECT COALESCE(MAX(number), 0) + 1 FROM diagram), 0, $2) RETURNING number`, id, clock.Micros(now)).Scan(&n)
	return n, conflict(err, "store a diagram")
}

func insertRecord(ctx context.Context, q database.Querier, r record) error {
	if _, err := q.ExecContext(ctx, `INSERT INTO diagram_record (diagram_id, seq, kind, content, digest, made_at, made_by, entry_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		r.diagram, r.seq, r.kind, r.content, r.digest, clock.Micros(r.made.At), r.made.By, r.made.Entry); err != nil {
		return conflict(err, "store a record of a diagram")
	}
	if _, err := q.ExecContext(ctx, `UPDATE diagram SET seq = $2 WHERE id = $1`, r.diagram, r.seq); err != nil {
		return fmt.Errorf("store a diagram: %w", err)
	}
	return nil
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

// Bindings are Bound under the types of the records that it answers for.
func Bindings() []ledger.Binding {
	var all []ledger.Binding
	for _, kind := range kinds {
		all = append(all, ledger.Binding{Name: kind, Check: Bound})
	}
	return all
}

// Bound holds a ledger record of this package against the row that it was
// written with: kind Refused where the row is gone or says something else.
func Bound(ctx context.Context, q database.Querier, rec ledger.Record) error {
	refuse := func(what string) error {
		return fault.New(fault.Refused, "ledger record %s (%s of %s): %s", rec.ID, rec.Type, rec.Subject, what).
			WithHint("the database was changed outside Attesta; restore a backup beside it and compare")
	}
	all, err := records(ctx, q, `WHERE r.entry_id = $1`, rec.ID)
	if err == nil && len(all) == 0 {
		err = sql.ErrNoRows
	}
	if errors.Is(err, sql.ErrNoRows) {
		return refuse("its row is gone")
	}
	if err != nil {
		return err
	}
	r := all[0]
	switch {
	case r.kind != rec.Type:
		return refuse("its row says " + r.kind)
	case digest(r.content) != r.digest:
		return refuse("the content of its row does not have the recorded digest")
	case r.diagram != rec.Subject || r.made.By != rec.Actor:
		return refuse("its row belongs to something else or to another person")
	}
	want := map[string]any{"number": int64(r.number), "seq": int64(r.seq), "digest": r.digest}
	if via, ok := rec.Data["via"]; ok {
		want["via"] = via
	}
	for name, v := range want {
		if rec.Data[name] != v {
			return refuse("its row says something else than was recorded as " + name)
		}
	}
	if len(rec.Data) != len(want) {
		return refuse("the record says more than its row")
	}
	return nil
}
