package outcome

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
)

// runNumber gives a number for a run that begins now: microseconds since the
// epoch and twelve random bits, so that sources need not wait for each other.
func runNumber(now time.Time) int64 {
	var b [2]byte
	if _, err := rand.Read(b[:]); err != nil {
		panic("outcome: the system's random source failed: " + err.Error()) // crypto/rand documents that it never fails on Linux
	}
	return max(now.Sub(epoch).Microseconds(), 1)<<12 | int64(binary.BigEndian.Uint16(b[:])&0xfff)
}

// Statements of every run, prepared once.
const (
	lastRunQuery  = `SELECT no FROM run WHERE source = $1 ORDER BY no DESC LIMIT 1`
	itemQuery     = `SELECT no, source, name FROM item WHERE id = $1`
	presenceQuery = `SELECT valid_from, present FROM item_presence WHERE item_no = $1 ORDER BY valid_from, run_no`
	foldedQuery   = `SELECT COALESCE(MAX(valid_upto), 0) FROM step_fold`
	intoRun       = `INSERT INTO run (no, id, entry_id, kind, population, source, batch, standards, inputs, valid_at, recorded_at,
			items, evaluated, changed, pass, fail, error, not_observed, not_applicable, waived, outcomes_digest, definition, late)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)`
	currentQuery = `SELECT a.no, a.check_id, a.attribute_id,
			(SELECT o.outcome FROM outcome o WHERE o.item_no = $1 AND o.attribute_no = a.no ORDER BY o.valid_from DESC, o.run_no DESC LIMIT 1)
		FROM check_attribute a`
)

func lastRun(ctx context.Context, q database.Querier, source string) (int64, error) {
	var no int64
	err := q.QueryRowContext(ctx, lastRunQuery, source).Scan(&no)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("last run of %s: %w", source, err)
	}
	return no, nil
}

// nextNumber gives the next of a counter. On PostgreSQL its row stays locked
// until the transaction ends.
func nextNumber(ctx context.Context, q database.Querier, name string) (int64, error) {
	var n int64
	err := q.QueryRowContext(ctx, `UPDATE evidence_counter SET value = value + 1 WHERE name = $1 RETURNING value`, name).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("next number of %s: %w", name, err)
	}
	return n, nil
}

// item gives an item's number, and keeps its source and name up to date.
func (s *Service) item(ctx context.Context, q database.Querier, i Item) (int64, error) {
	var no int64
	var source, name string
	err := q.QueryRowContext(ctx, itemQuery, i.ID).Scan(&no, &source, &name)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		if no, err = nextNumber(ctx, q, "item"); err != nil {
			return 0, err
		}
		_, err = q.ExecContext(ctx, `INSERT INTO item (no, id, population, source, name) VALUES ($1, $2, $3, $4, $5)`, no, i.ID, i.Population, i.Source, i.Name)
	case err == nil && (source != i.Source || name != i.Name):
		if source != i.Source { // its whole past inherits from another source's silence
			if err := late(ctx, q, i.Source, clock.FromMicros(0), s.cfg.Clock()); err != nil {
				return 0, err
			}
		}
		_, err = q.ExecContext(ctx, `UPDATE item SET source = $2, name = $3 WHERE no = $1`, no, i.Source, i.Name)
	}
	if err != nil {
		return 0, fmt.Errorf("item %s: %w", i.ID, err)
	}
	return no, nil
}

// numberAttributes gives the numbers of a panel's attributes, new ones to
// those that have none.
func numberAttributes(ctx context.Context, q database.Querier, p *Panel, now time.Time) (map[attributeKey]numbered, error) {
	numbers, sections := map[attributeKey]numbered{}, map[attributeKey]string{}
	err := every(ctx, q, "read attributes", func(scan scanner) error {
		var n numbered
		var k attributeKey
		var sec string
		err := scan(&n.no, &k.check, &k.id, &sec, &n.since)
		numbers[k], sections[k] = n, sec
		return err
	}, `SELECT no, check_id, attribute_id, sections, since FROM check_attribute`)
	if err != nil {
		return nil, fmt.Errorf("read attributes: %w", err)
	}
	for i, a := range p.attributes {
		k, sec := attributeKey{a.Check, a.ID}, strings.Join(p.sections[i], ",")
		n, known := numbers[k]
		switch {
		case !known:
			if n.no, err = nextNumber(ctx, q, "attribute"); err != nil {
				return nil, err
			}
			since := a.Since
			if since.IsZero() {
				since = now
			}
			err = q.QueryRowContext(ctx, `INSERT INTO check_attribute (no, check_id, attribute_id, population, sections, since)
				VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (check_id, attribute_id) DO UPDATE SET sections = excluded.sections RETURNING no, since`,
				n.no, k.check, k.id, a.Population, sec, clock.Micros(since)).Scan(&n.no, &n.since)
			numbers[k] = n
		case sections[k] != sec:
			_, err = q.ExecContext(ctx, `UPDATE check_attribute SET sections = $2 WHERE no = $1`, n.no, sec)
		}
		if err != nil {
			return nil, fmt.Errorf("attribute %s/%s: %w", k.check, k.id, err)
		}
	}
	return numbers, nil
}

// scanner reads the columns of a row.
type scanner func(...any) error

// every gives all rows of a query to f; what says what is read.
func every(ctx context.Context, q database.Querier, what string, f func(scanner) error, query string, args ...any) error {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return each(rows, func() error { return f(rows.Scan) })
}

// each reads all rows and closes them.
func each(rows *sql.Rows, f func() error) error {
	defer rows.Close()
	for rows.Next() {
		if err := f(); err != nil {
			return err
		}
	}
	return rows.Err()
}

type presenceRow struct {
	validFrom int64
	present   bool
}

func presences(ctx context.Context, q database.Querier, itemNo int64) ([]presenceRow, error) {
	var all []presenceRow
	err := every(ctx, q, "read presence", func(scan scanner) error {
		var p presenceRow
		var present int64
		err := scan(&p.validFrom, &present)
		p.present = present == 1
		all = append(all, p)
		return err
	}, presenceQuery, itemNo)
	return all, err
}

func insertPresence(ctx context.Context, q database.Querier, itemNo, at, runNo int64, present bool, reason string) error {
	n := 0
	if present {
		n = 1
	}
	_, err := q.ExecContext(ctx, `INSERT INTO item_presence (item_no, valid_from, run_no, present, reason) VALUES ($1, $2, $3, $4, $5)`, itemNo, at, runNo, n, reason)
	if err != nil {
		return fmt.Errorf("store presence: %w", err)
	}
	return nil
}

// in gives "IN (1, 2, 3)" for numbers of our own; they are no input.
func in(nos []int64) string {
	b := []byte("IN (")
	for i, n := range nos {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = strconv.AppendInt(b, n, 10)
	}
	return string(append(b, ')'))
}

const (
	// One attribute of an item: its rows from $3 on and the one that held just before.
	historyOfOne = `SELECT attribute_no, valid_from, run_no, outcome, verdict FROM outcome WHERE item_no = $1 AND attribute_no = $2 AND valid_from >=
		COALESCE((SELECT MAX(valid_from) FROM outcome WHERE item_no = $1 AND attribute_no = $2 AND valid_from < $3), $3) ORDER BY valid_from, run_no`
	// The same of every attribute.
	historyOfAll = `SELECT o.attribute_no, o.valid_from, o.run_no, o.outcome, o.verdict FROM outcome o WHERE o.item_no = $1 AND o.valid_from >=
		COALESCE((SELECT MAX(p.valid_from) FROM outcome p WHERE p.item_no = $1 AND p.attribute_no = o.attribute_no AND p.valid_from < $2), $2)
		ORDER BY o.attribute_no, o.valid_from, o.run_no`
	few = 20 // attributes that are asked for one by one
)

// outcomesOf gives, by attribute, an item's rows from first on and the one
// that held just before, in order of time. It may give other attributes too.
func outcomesOf(ctx context.Context, q database.Querier, itemNo int64, attributes []int64, first int64) (map[int64][]stored, error) {
	have := make(map[int64][]stored, len(attributes))
	read := func(query string, args ...any) error {
		rows, err := q.QueryContext(ctx, query, args...)
		if err != nil {
			return fmt.Errorf("read outcomes: %w", err)
		}
		return each(rows, func() error {
			var no int64
			var r stored
			var key []byte
			err := rows.Scan(&no, &r.validFrom, &r.runNo, &r.outcome, &key)
			copy(r.verdict[:], key)
			have[no] = append(have[no], r)
			return err
		})
	}
	if len(attributes) > few {
		return have, read(historyOfAll, itemNo, first)
	}
	for _, no := range attributes {
		if err := read(historyOfOne, itemNo, no, first); err != nil {
			return nil, err
		}
	}
	return have, nil
}

// currentOf gives the attributes that an item has an outcome of now.
func currentOf(ctx context.Context, q database.Querier, itemNo int64) (map[attributeKey]int64, error) {
	now := map[attributeKey]int64{}
	err := every(ctx, q, "read present outcomes", func(scan scanner) error {
		var no int64
		var k attributeKey
		var o sql.NullString
		err := scan(&no, &k.check, &k.id, &o)
		if o.Valid && Outcome(o.String) != Gone {
			now[k] = no
		}
		return err
	}, currentQuery, itemNo)
	return now, err
}

type outcomeRow struct {
	attributeNo, validFrom int64
	outcome                Outcome
	verdict                [16]byte
}

type stepKey struct{ attributeNo, at int64 }

// values gives "($1, $2), ($3, $4)" for n rows of width columns.
func values(n, width int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteByte('(')
		for j := range width {
			if j > 0 {
				b.WriteString(", ")
			}
			b.WriteByte('$')
			b.WriteString(strconv.Itoa(i*width + j + 1))
		}
		b.WriteByte(')')
	}
	return b.String()
}

// rowsAtOnce is how many rows one statement inserts: few round trips on
// PostgreSQL, and few named parameters, which SQLite looks up one by one.
const rowsAtOnce = 8

// inserting is an INSERT of one row and the same of several.
type inserting struct {
	width     int
	one, many string
}

func newInserting(head, tail string, width int) inserting {
	return inserting{width, head + " VALUES " + values(1, width) + tail, head + " VALUES " + values(rowsAtOnce, width) + tail}
}

var (
	intoVerdict = newInserting(`INSERT INTO verdict (digest, outcome, reason, observed, expected)`, ` ON CONFLICT (digest) DO NOTHING`, 5)
	intoOutcome = newInserting(`INSERT INTO outcome (item_no, attribute_no, valid_from, run_no, outcome, verdict)`, "", 6)
	intoStep    = newInserting(`INSERT INTO step (attribute_no, valid_from, run_no, pass, fail, error, not_observed, not_applicable, waived)`, "", 9)
	intoSum     = newInserting(`INSERT INTO step_sum (fold_no, attribute_no, pass, fail, error, not_observed, not_applicable, waived, since)`, "", 9)
)

func (i inserting) rows(ctx context.Context, q database.Querier, args []any) error {
	for len(args) > 0 {
		n, query := 1, i.one
		if len(args) >= rowsAtOnce*i.width {
			n, query = rowsAtOnce, i.many
		}
		if _, err := q.ExecContext(ctx, query, args[:n*i.width]...); err != nil {
			return err
		}
		args = args[n*i.width:]
	}
	return nil
}

func insertVerdicts(ctx context.Context, q database.Querier, all map[[16]byte]verdict) error {
	keys := make([][16]byte, 0, len(all))
	for k := range all {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b [16]byte) int { return slices.Compare(a[:], b[:]) }) // the same order in every transaction
	args := make([]any, 0, 5*len(all))
	for _, k := range keys {
		v := all[k]
		args = append(args, k[:], string(v.Outcome), v.Reason, v.Observed, v.Expected)
	}
	err := intoVerdict.rows(ctx, q, args)
	if err != nil {
		return fmt.Errorf("store verdicts: %w", err)
	}
	return nil
}

func insertOutcomes(ctx context.Context, q database.Querier, itemNo, runNo int64, rows []outcomeRow) error {
	args := make([]any, 0, 6*len(rows))
	for _, r := range rows {
		args = append(args, itemNo, r.attributeNo, r.validFrom, runNo, string(r.outcome), r.verdict[:])
	}
	err := intoOutcome.rows(ctx, q, args)
	if err != nil {
		return fmt.Errorf("store outcomes: %w", err)
	}
	return nil
}

// insertSteps stores the steps that are not nothing and gives how many.
func insertSteps(ctx context.Context, q database.Querier, runNo int64, steps map[stepKey]Counts) (int, error) {
	args := make([]any, 0, 9*len(steps))
	for k, c := range steps {
		if c != (Counts{}) {
			args = append(args, k.attributeNo, k.at, runNo, c.Pass, c.Fail, c.Error, c.NotObserved, c.NotApplicable, c.Waived)
		}
	}
	err := intoStep.rows(ctx, q, args)
	if err != nil {
		return 0, fmt.Errorf("store steps: %w", err)
	}
	return len(args) / 9, nil
}

func verdicts(ctx context.Context, q database.Querier, keys [][16]byte) (map[[16]byte]verdict, error) {
	all := make(map[[16]byte]verdict, len(keys))
	for len(keys) > 0 {
		n := min(len(keys), 500)
		args := make([]any, n)
		for i := range n {
			args[i] = keys[i][:]
		}
		keys = keys[n:]
		rows, err := q.QueryContext(ctx, `SELECT digest, outcome, reason, observed, expected FROM verdict WHERE digest IN `+values(1, n), args...)
		if err != nil {
			return nil, fmt.Errorf("read verdicts: %w", err)
		}
		err = each(rows, func() error {
			var key []byte
			var v verdict
			err := rows.Scan(&key, &v.Outcome, &v.Reason, &v.Observed, &v.Expected)
			copy(v.key[:], key)
			all[v.key] = v
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("read verdicts: %w", err)
		}
	}
	return all, nil
}

// lateBy is how old evidence may be when it is recorded before its run is
// looked at again in every count that starts from a fold.
const lateBy = 5 * time.Minute

// insertRun stores a run whose earliest step is at a moment, in µs.
func insertRun(ctx context.Context, q database.Querier, no int64, r Run, earliest int64) error {
	var folded int64
	if err := q.QueryRowContext(ctx, foldedQuery).Scan(&folded); err != nil {
		return fmt.Errorf("read the newest fold: %w", err)
	}
	isLate := 0
	if earliest <= folded || clock.Micros(r.RecordedAt)-earliest > lateBy.Microseconds() {
		isLate = 1
	}
	_, err := q.ExecContext(ctx, intoRun,
		no, r.ID, r.Entry, string(r.Kind), r.Population, r.Source, r.Batch, r.Standards, r.Inputs, clock.Micros(r.ValidAt), clock.Micros(r.RecordedAt),
		r.Items, r.Evaluated, r.Changed, r.Counts.Pass, r.Counts.Fail, r.Counts.Error, r.Counts.NotObserved, r.Counts.NotApplicable, r.Counts.Waived,
		r.Digest, r.Definition, isLate)
	if err != nil {
		return fmt.Errorf("store run: %w", err)
	}
	return late(ctx, q, r.Source, clock.FromMicros(earliest), r.RecordedAt)
}
