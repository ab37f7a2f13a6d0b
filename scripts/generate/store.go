package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/ids"
)

// densify adds outcomes to a history until it holds as many as were asked for,
// and findings likewise: between two reports of a host some attributes that
// pass fail. A history of millions of rows is measured on, and a day of the
// simulation takes as long as it takes; here the rows are written straight, at
// runs that the simulation made, so that both time axes stay what they are. The
// entries of those runs know nothing of the added rows: the directory is for
// measuring, and its records do not verify.
func densify(ctx context.Context, db *database.DB, outcomes, findings int) error {
	d := dense{db: db, fails: map[int64][]byte{}, names: map[int64][2]string{}}
	if err := d.read(ctx); err != nil {
		return err
	}
	if outcomes = (outcomes - d.rows) / 2; outcomes <= 0 {
		return nil
	}
	pairs := 0
	for _, it := range d.items {
		pairs += it.runs / 2
	}
	if pairs == 0 || len(d.fails) == 0 {
		return errors.New("the history is too short to be made denser")
	}
	d.perPair = outcomes/pairs + 1
	if n := findings - d.findings; n > 0 {
		d.perFinding = max(outcomes/n, 1)
	}
	drop, create, err := indexes(ctx, db)
	if err != nil {
		return err
	}
	if err := statements(ctx, db, drop); err != nil {
		return err
	}
	said := clock.System()
	done := 0
	for part := range slices.Chunk(d.items, 250) {
		err := db.Tx(ctx, func(tx *sql.Tx) error {
			for _, it := range part {
				if err := d.item(ctx, tx, it); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		done += len(part)
		if now := clock.System(); now.Sub(said) > 5*time.Second {
			said = now
			fmt.Fprintf(os.Stderr, "%d of %d items made denser, %d outcomes added\n", done, len(d.items), d.added)
		}
	}
	if err := d.fold(ctx); err != nil {
		return err
	}
	return statements(ctx, db, create)
}

// indexes gives what drops the indexes of outcomes and steps, and what makes
// them again: millions of rows go in faster without them.
func indexes(ctx context.Context, db *database.DB) (drop, create []string, err error) {
	rows, err := db.Reader().QueryContext(ctx, `SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN ('outcome', 'step')`)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var name, made string
		if err := rows.Scan(&name, &made); err != nil {
			return nil, nil, err
		}
		drop, create = append(drop, "DROP INDEX "+name), append(create, made)
	}
	return drop, create, rows.Err()
}

func statements(ctx context.Context, db *database.DB, list []string) error {
	return db.Tx(ctx, func(tx *sql.Tx) error {
		for _, st := range list {
			if _, err := tx.ExecContext(ctx, st); err != nil {
				return err
			}
		}
		return nil
	})
}

type denseItem struct {
	no               int64
	id, name, source string
	runs             int
}

type dense struct {
	db                  *database.DB
	items               []denseItem
	fails               map[int64][]byte    // a verdict of each attribute that can fail
	names               map[int64][2]string // check and attribute
	rows, findings      int                 // there are already
	perPair, perFinding int
	added, next, number int
	folds               []denseFold
}

func (d *dense) read(ctx context.Context) error {
	q := d.db.Reader()
	err := q.QueryRowContext(ctx, `SELECT (SELECT COUNT(*) FROM outcome), (SELECT COUNT(*) FROM finding), (SELECT COALESCE(MAX(number), 0) FROM finding)`).Scan(&d.rows, &d.findings, &d.number)
	if err != nil {
		return err
	}
	rows, err := q.QueryContext(ctx, `SELECT i.no, i.id, i.name, i.source, (SELECT COUNT(*) FROM run r WHERE r.source = i.source AND r.kind = 'facts' AND r.late = 0) FROM item i ORDER BY i.no`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var it denseItem
		if err := rows.Scan(&it.no, &it.id, &it.name, &it.source, &it.runs); err != nil {
			return err
		}
		d.items = append(d.items, it)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	fails, err := q.QueryContext(ctx, `SELECT o.attribute_no, MIN(o.verdict), a.check_id, a.attribute_id FROM outcome o JOIN check_attribute a ON a.no = o.attribute_no
		WHERE o.outcome = 'fail' GROUP BY o.attribute_no, a.check_id, a.attribute_id`)
	if err != nil {
		return err
	}
	defer fails.Close()
	for fails.Next() {
		var no int64
		var verdict []byte
		var name [2]string
		if err := fails.Scan(&no, &verdict, &name[0], &name[1]); err != nil {
			return err
		}
		d.fails[no], d.names[no] = verdict, name
	}
	if err := fails.Err(); err != nil {
		return err
	}
	folds, err := q.QueryContext(ctx, `SELECT no, valid_upto FROM step_fold`)
	if err != nil {
		return err
	}
	defer folds.Close()
	for folds.Next() {
		var f denseFold
		if err := folds.Scan(&f.no, &f.end); err != nil {
			return err
		}
		f.moved = map[int64]int64{}
		d.folds = append(d.folds, f)
	}
	return folds.Err()
}

// denseFold is the sums of the steps up to an end, which the added ones join.
type denseFold struct {
	no, end int64
	moved   map[int64]int64 // by attribute: how many pass no more, and fail
}

func (d *dense) fold(ctx context.Context) error {
	return d.db.Tx(ctx, func(tx *sql.Tx) error {
		for _, f := range d.folds {
			for a, n := range f.moved {
				if _, err := tx.ExecContext(ctx, `UPDATE step_sum SET pass = pass - $1, fail = fail + $1 WHERE fold_no = $2 AND attribute_no = $3`, n, f.no, a); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

type denseRun struct {
	no, at int64
	id     string
}

type denseOutcome struct {
	at      int64
	outcome string
	verdict []byte
}

func (d *dense) item(ctx context.Context, tx *sql.Tx, it denseItem) error {
	rows, err := tx.QueryContext(ctx, `SELECT no, id, valid_at FROM run WHERE source = $1 AND kind = 'facts' AND late = 0 ORDER BY no`, it.source)
	if err != nil {
		return err
	}
	var runs []denseRun
	for rows.Next() {
		var r denseRun
		if err := rows.Scan(&r.no, &r.id, &r.at); err != nil {
			return errors.Join(err, rows.Close())
		}
		if n := len(runs); n == 0 || runs[n-1].at < r.at {
			runs = append(runs, r)
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	rows, err = tx.QueryContext(ctx, `SELECT attribute_no, valid_from, outcome, verdict FROM outcome WHERE item_no = $1 ORDER BY attribute_no, valid_from, run_no`, it.no)
	if err != nil {
		return err
	}
	history := map[int64][]denseOutcome{}
	var order []int64
	for rows.Next() {
		var a int64
		var o denseOutcome
		if err := rows.Scan(&a, &o.at, &o.outcome, &o.verdict); err != nil {
			return errors.Join(err, rows.Close())
		}
		if history[a] == nil && d.fails[a] != nil {
			order = append(order, a)
		}
		history[a] = append(history[a], o)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	if len(order) == 0 {
		return nil
	}
	var outs, steps, founds []any
	for i := 1; i+1 < len(runs); i += 2 {
		from, to := runs[i], runs[i+1]
		taken := 0
		for range order {
			if taken == d.perPair {
				break
			}
			d.next++
			a := order[d.next%len(order)]
			var held denseOutcome
			free := true
			for _, o := range history[a] {
				if o.at < from.at {
					held = o
				} else if o.at <= to.at {
					free = false
				}
			}
			if !free || held.outcome != "pass" {
				continue
			}
			taken++
			outs = append(outs, it.no, a, from.at, from.no, "fail", d.fails[a], it.no, a, to.at, to.no, "pass", held.verdict)
			steps = append(steps, a, from.at, from.no, -1, 1, a, to.at, to.no, 1, -1)
			d.added += 2
			for i := range d.folds {
				if f := &d.folds[i]; from.at <= f.end && f.end < to.at {
					f.moved[a]++
				}
			}
			if d.perFinding > 0 && d.added/2%d.perFinding == 0 {
				d.number++
				founds = append(founds, ids.New("fnd", clock.FromMicros(from.at)), d.number, d.names[a][0], d.names[a][1], it.id, it.name, it.source, from.at, to.at, from.id, to.id)
			}
		}
	}
	err = insert(ctx, tx, `INSERT INTO outcome (item_no, attribute_no, valid_from, run_no, outcome, verdict) VALUES `, "(?, ?, ?, ?, ?, ?)", 6, outs)
	if err != nil {
		return err
	}
	err = insert(ctx, tx, `INSERT INTO step (attribute_no, valid_from, run_no, pass, fail, error, not_observed, not_applicable, waived) VALUES `, "(?, ?, ?, ?, ?, 0, 0, 0, 0)", 5, steps)
	if err != nil {
		return err
	}
	return insert(ctx, tx, `INSERT INTO finding (id, number, check_id, attribute_id, item_id, item_name, source, opened_at, closed_at, opened_run, last_run,
		population, title, severity, severity_rank, state, reason, due_at, failing_since, changed_at, search) VALUES `,
		"(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'hosts', 'made denser', 'medium', 3, 'closed', 'observed to pass again', 0, 0, 0, 'made denser')", 11, founds)
}

// insert writes rows, a hundred at once.
func insert(ctx context.Context, tx *sql.Tx, head, row string, width int, args []any) error {
	for len(args) > 0 {
		n := min(len(args)/width, 100)
		if _, err := tx.ExecContext(ctx, head+strings.TrimSuffix(strings.Repeat(row+", ", n), ", "), args[:n*width]...); err != nil {
			return err
		}
		args = args[n*width:]
	}
	return nil
}
