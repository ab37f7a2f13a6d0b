package outcome

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
)

// known gives the condition that a run was known by a ledger size, "" when
// everything is. column holds the run's number, placeholder the size.
func known(m moment, column, placeholder string) string {
	if m.known < 0 {
		return ""
	}
	return " AND EXISTS (SELECT 1 FROM run kr JOIN ledger_entry ke ON ke.id = kr.entry_id WHERE kr.no = " + column + " AND ke.idx < " + placeholder + ")"
}

// args gives $1 valid and, where it is used, $2 known.
func (m moment) args() []any {
	if m.known < 0 {
		return []any{m.valid}
	}
	return []any{m.valid, m.known}
}

type attributeRow struct {
	no         int64
	key        attributeKey
	population string
	sections   []string
}

func attributes(ctx context.Context, q database.Querier) (map[int64]attributeRow, error) {
	all := map[int64]attributeRow{}
	err := every(ctx, q, "read attributes", func(scan scanner) error {
		var a attributeRow
		var sections string
		err := scan(&a.no, &a.key.check, &a.key.id, &a.population, &sections)
		a.sections = strings.Split(sections, ",")
		all[a.no] = a
		return err
	}, `SELECT no, check_id, attribute_id, population, sections FROM check_attribute`)
	return all, err
}

type itemRow struct {
	Item
	no int64
}

func items(ctx context.Context, q database.Querier, where string, args ...any) (map[int64]itemRow, error) {
	all := map[int64]itemRow{}
	err := every(ctx, q, "read items", func(scan scanner) error {
		var i itemRow
		err := scan(&i.no, &i.ID, &i.Population, &i.Source, &i.Name)
		all[i.no] = i
		return err
	}, `SELECT no, id, population, source, name FROM item `+where, args...)
	return all, err
}

// itemSources gives the source of each item, by number.
func itemSources(ctx context.Context, q database.Querier) (map[int64]string, error) {
	all := map[int64]string{}
	err := every(ctx, q, "read items", func(scan scanner) error {
		var no int64
		var source string
		err := scan(&no, &source)
		all[no] = source
		return err
	}, `SELECT no, source FROM item`)
	return all, err
}

// presentAt gives those of items that are in their population at m.
func presentAt(ctx context.Context, q database.Querier, m moment, items []int64) ([]int64, error) {
	if len(items) == 0 {
		return nil, nil
	}
	present := map[int64]bool{}
	err := every(ctx, q, "read presence", func(scan scanner) error {
		var no int64
		var is bool
		err := scan(&no, &is)
		present[no] = is // the last row holds
		return err
	}, `SELECT p.item_no, p.present FROM item_presence p WHERE p.item_no `+in(items)+` AND p.valid_from <= $1`+known(m, "p.run_no", "$2")+`
		ORDER BY p.item_no, p.valid_from, p.run_no`, m.args()...)
	return slices.DeleteFunc(slices.Clone(items), func(no int64) bool { return !present[no] }), err
}

const sums = `CAST(COALESCE(SUM(pass), 0) AS BIGINT), CAST(COALESCE(SUM(fail), 0) AS BIGINT), CAST(COALESCE(SUM(error), 0) AS BIGINT),
	CAST(COALESCE(SUM(not_observed), 0) AS BIGINT), CAST(COALESCE(SUM(not_applicable), 0) AS BIGINT), CAST(COALESCE(SUM(waived), 0) AS BIGINT)`

func (c *Counts) targets() []any {
	return []any{&c.Pass, &c.Fail, &c.Error, &c.NotObserved, &c.NotApplicable, &c.Waived}
}

type fold struct{ no, validUpto, known int64 }

// foldFor gives the newest fold that a count at m may start from.
func foldFor(ctx context.Context, q database.Querier, m moment) (fold, bool, error) {
	knownBy := m.known
	if knownBy < 0 {
		knownBy = forever
	}
	var f fold
	err := q.QueryRowContext(ctx, `SELECT no, valid_upto, known FROM step_fold WHERE valid_upto <= $1 AND known <= $2
		ORDER BY valid_upto DESC, known DESC LIMIT 1`, m.valid, knownBy).Scan(&f.no, &f.validUpto, &f.known)
	if errors.Is(err, sql.ErrNoRows) {
		return fold{}, false, nil
	}
	if err != nil {
		return fold{}, false, fmt.Errorf("find a fold: %w", err)
	}
	return f, true, nil
}

// total is what the steps of an attribute sum up to, and since when (µs) at
// least one item fails or is waived without interruption; 0: none does.
type total struct {
	Counts
	since int64
}

// step adds a change of the counts, which comes after those before.
func (t *total) step(at int64, d Counts) {
	was := t.deviating()
	t.Counts = t.Counts.Plus(d)
	switch {
	case t.deviating() == 0:
		t.since = 0
	case was == 0:
		t.since = at
	}
}

// deviating is how many items fail or are waived.
func (c Counts) deviating() int64 { return c.Fail + c.Waived }

// storedTotals sums the steps, from the newest fold on that holds at m: silence
// is not in them. Since is filled in on demand. only are the attributes asked
// for, nil means all.
func storedTotals(ctx context.Context, q database.Querier, m moment, only []int64, since bool) (map[int64]total, error) {
	f, ok, err := foldFor(ctx, q, m)
	if err != nil {
		return nil, err
	}
	if !ok {
		return totalsFrom(ctx, q, nil, m, only, since)
	}
	return totalsFrom(ctx, q, &f, m, only, since)
}

// totalsFrom is storedTotals from a given fold on, or from the beginning.
func totalsFrom(ctx context.Context, q database.Querier, f *fold, m moment, only []int64, since bool) (map[int64]total, error) {
	totals := map[int64]total{}
	if f == nil {
		sums, err := allSums(ctx, q, m, only)
		if err != nil {
			return nil, err
		}
		var deviating []int64
		for no, c := range sums {
			totals[no] = total{Counts: c}
			if since && c.deviating() > 0 {
				deviating = append(deviating, no)
			}
		}
		return totals, sinceOf(ctx, q, m, nil, deviating, totals)
	}
	// What the fold holds, what happened after it, and what became known after
	// it of the time before.
	err := every(ctx, q, "read a fold", func(scan scanner) error {
		var no int64
		var t total
		err := scan(append(append([]any{&no}, t.targets()...), &t.since)...)
		totals[no] = t
		return err
	}, `SELECT attribute_no, pass, fail, error, not_observed, not_applicable, waived, since FROM step_sum WHERE fold_no = $1`+among("attribute_no", only), f.no)
	if err != nil {
		return nil, err
	}
	rows, err := stepsBetween(ctx, q, m, f.validUpto, only)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		t := totals[r.attributeNo]
		t.step(r.at, r.delta)
		totals[r.attributeNo] = t
	}
	late, err := lateRuns(ctx, q, f.known, m)
	if err != nil {
		return nil, err
	}
	moved := map[int64]bool{} // attributes whose time of deviation may be another
	for part := range slices.Chunk(late, 2000) {
		err = every(ctx, q, "sum late steps", func(scan scanner) error {
			var no, deviations int64
			var c Counts
			err := scan(append(append([]any{&no}, c.targets()...), &deviations)...)
			t := totals[no]
			t.Counts = t.Counts.Plus(c)
			totals[no] = t
			if deviations > 0 {
				moved[no] = true
			}
			return err
		}, `SELECT s.attribute_no, `+sumsOf("s")+`, CAST(SUM(CASE WHEN s.fail + s.waived <> 0 THEN 1 ELSE 0 END) AS BIGINT)
			FROM step s WHERE s.run_no `+in(part)+` AND s.valid_from + 0 <= $1`+among("s.attribute_no", only)+` GROUP BY s.attribute_no`, f.validUpto) // + 0: begin with the few runs, not with all steps
		if err != nil {
			return nil, err
		}
	}
	if !since {
		return totals, nil
	}
	return totals, sinceOf(ctx, q, m, f, sortedNos(moved), totals)
}

// fewEntries is how many ledger entries are looked through for late runs rather
// than all late runs for their entries.
const fewEntries = 5000

// lateRuns gives the runs that became known late by entries from a size on, and
// are known at m.
func lateRuns(ctx context.Context, q database.Querier, from int64, m moment) ([]int64, error) {
	size, err := ledgerSize(ctx, q)
	if err != nil {
		return nil, err
	}
	wheres := []string{"e.idx IS NULL"}
	if m.known >= 0 {
		size, wheres = min(size, m.known), nil
	}
	late := "r.late = 1"
	if size-from < fewEntries {
		late = "r.late + 0 = 1" // begin with the entries
	}
	if from < size {
		wheres = append(wheres, fmt.Sprintf("e.idx >= %d AND e.idx < %d", from, size))
	}
	var nos []int64
	for _, where := range wheres {
		err = every(ctx, q, "find late runs", func(scan scanner) error {
			var no int64
			err := scan(&no)
			nos = append(nos, no)
			return err
		}, `SELECT r.no FROM ledger_entry e JOIN run r ON r.entry_id = e.id WHERE `+late+` AND `+where)
		if err != nil {
			return nil, err
		}
	}
	return nos, nil
}

// among gives the condition that a column is one of numbers, "" where none are given.
func among(column string, nos []int64) string {
	if nos == nil {
		return ""
	}
	return " AND " + column + " " + in(nos)
}

// allSums sums all steps.
func allSums(ctx context.Context, q database.Querier, m moment, only []int64) (map[int64]Counts, error) {
	totals := map[int64]Counts{}
	// The plus keeps SQLite from walking an index over what is the whole table.
	err := every(ctx, q, "sum steps", func(scan scanner) error {
		var no int64
		var c Counts
		err := scan(append([]any{&no}, c.targets()...)...)
		totals[no] = c
		return err
	}, `SELECT attribute_no, `+sums+` FROM step s WHERE +valid_from <= $1`+known(m, "s.run_no", "$2")+among("s.attribute_no", only)+` GROUP BY attribute_no`, m.args()...)
	return totals, err
}

// sinceOf replays steps of attributes to find since when they deviate, from a
// fold on that nothing late concerns, or from the beginning.
func sinceOf(ctx context.Context, q database.Querier, m moment, f *fold, attributes []int64, totals map[int64]total) error {
	if len(attributes) == 0 {
		return nil
	}
	begin := int64(-forever)
	replayed := map[int64]*total{}
	for _, no := range attributes {
		replayed[no] = &total{}
	}
	for f != nil {
		late, err := firstDeviatingLate(ctx, q, f.known, m)
		if err != nil {
			return err
		}
		if late > f.validUpto {
			break
		}
		older, ok, err := foldFor(ctx, q, moment{valid: late - 1, known: m.known})
		if err != nil {
			return err
		}
		if f = nil; ok {
			f = &older
		}
	}
	if f != nil {
		begin = f.validUpto
		err := every(ctx, q, "read a fold", func(scan scanner) error {
			var no, n, since int64
			err := scan(&no, &n, &since)
			if t := replayed[no]; t != nil {
				t.Fail, t.since = n, since
			}
			return err
		}, `SELECT attribute_no, fail + waived, since FROM step_sum WHERE fold_no = $1`, f.no)
		if err != nil {
			return err
		}
	}
	for part := range slices.Chunk(attributes, 500) {
		err := every(ctx, q, "read since when checks deviate", func(scan scanner) error {
			var no, at, n int64
			err := scan(&no, &at, &n)
			if err == nil {
				replayed[no].step(at, Counts{Fail: n})
			}
			return err
		}, `SELECT s.attribute_no, s.valid_from, CAST(SUM(s.fail + s.waived) AS BIGINT) FROM step s
			WHERE s.attribute_no `+in(part)+` AND s.valid_from <= $1 AND s.valid_from > `+fmt.Sprint(begin)+` AND s.fail + s.waived <> 0`+known(m, "s.run_no", "$2")+`
			GROUP BY s.attribute_no, s.valid_from ORDER BY s.attribute_no, s.valid_from`, m.args()...)
		if err != nil {
			return err
		}
	}
	for _, no := range attributes {
		t := totals[no]
		t.since = replayed[no].since
		totals[no] = t
	}
	return nil
}

// firstDeviatingLate gives the first moment of which entries from a size on,
// known at m, said late that something fails, or does not; forever when none did.
func firstDeviatingLate(ctx context.Context, q database.Querier, from int64, m moment) (int64, error) {
	late, err := lateRuns(ctx, q, from, m)
	if err != nil {
		return 0, err
	}
	first := int64(forever)
	for part := range slices.Chunk(late, 2000) {
		var at sql.NullInt64
		err := q.QueryRowContext(ctx, `SELECT MIN(valid_from + 0) FROM step WHERE run_no `+in(part)+` AND fail + waived + 0 <> 0`).Scan(&at)
		if err != nil {
			return 0, fmt.Errorf("find what became known late: %w", err)
		}
		if at.Valid {
			first = min(first, at.Int64)
		}
	}
	return first, nil
}

// sumsOf is sums with columns of a table alias.
func sumsOf(alias string) string { return strings.ReplaceAll(sums, "SUM(", "SUM("+alias+".") }

// scannedCounts counts the outcomes themselves: what the steps must equal.
func scannedCounts(ctx context.Context, q database.Querier, m moment) (map[int64]Counts, error) {
	totals := map[int64]Counts{}
	err := every(ctx, q, "scan outcomes", func(scan scanner) error {
		var no, n int64
		var o Outcome
		err := scan(&no, &o, &n)
		c := totals[no]
		c.add(o, n)
		totals[no] = c
		return err
	}, `SELECT o.attribute_no, o.outcome, COUNT(*) FROM outcome o WHERE `+latest(m)+` GROUP BY o.attribute_no, o.outcome`, m.args()...)
	return totals, err
}

// heldCounts is scannedCounts of a few items: of each attribute the one row is
// looked up that holds, however many there were.
func heldCounts(ctx context.Context, q database.Querier, m moment, items, only []int64) (map[int64]Counts, error) {
	totals := map[int64]Counts{}
	if len(items) == 0 {
		return totals, nil
	}
	err := every(ctx, q, "look up outcomes", func(scan scanner) error {
		var no, n int64
		var o Outcome
		err := scan(&no, &o, &n)
		c := totals[no]
		c.add(o, n)
		totals[no] = c
		return err
	}, `SELECT attribute_no, held, COUNT(*) FROM (SELECT a.no AS attribute_no, (SELECT o.outcome FROM outcome o
			WHERE o.item_no = i.no AND o.attribute_no = a.no AND o.valid_from <= $1`+known(m, "o.run_no", "$2")+`
			ORDER BY o.valid_from DESC, o.run_no DESC LIMIT 1) AS held
		FROM item i JOIN check_attribute a ON a.population = i.population WHERE i.no `+in(items)+among("a.no", only)+`) h
		WHERE held IS NOT NULL GROUP BY attribute_no, held`, m.args()...)
	return totals, err
}

// itemsWith gives the items of which one of attributes had one of outcomes by m:
// all that have it, and those that once had.
func itemsWith(ctx context.Context, q database.Querier, m moment, outcomes []Outcome, attributes []int64) (map[int64]bool, error) {
	args, places := []any{m.valid}, make([]string, len(outcomes))
	for i, o := range outcomes {
		args = append(args, string(o))
		places[i] = fmt.Sprintf("$%d", len(args))
	}
	found := map[int64]bool{}
	err := every(ctx, q, "find items", func(scan scanner) error {
		var no int64
		err := scan(&no)
		found[no] = true
		return err
	}, `SELECT DISTINCT o.item_no FROM outcome o WHERE o.attribute_no `+in(attributes)+` AND o.outcome IN (`+strings.Join(places, ", ")+`)
		AND o.outcome <> 'pass' AND o.outcome <> 'gone' AND o.valid_from <= $1`, args...) // the index holds no others
	return found, err
}

// itemsHolding gives those of items of which one of attributes has one of outcomes at m.
func itemsHolding(ctx context.Context, q database.Querier, m moment, outcomes []Outcome, attributes, items []int64) (map[int64]bool, error) {
	args, places := m.args(), make([]string, len(outcomes))
	for i, o := range outcomes {
		args = append(args, string(o))
		places[i] = fmt.Sprintf("$%d", len(args))
	}
	found := map[int64]bool{}
	err := every(ctx, q, "look up outcomes", func(scan scanner) error {
		var no int64
		err := scan(&no)
		found[no] = true
		return err
	}, `SELECT item_no FROM (SELECT i.no AS item_no, (SELECT o.outcome FROM outcome o
			WHERE o.item_no = i.no AND o.attribute_no = a.no AND o.valid_from <= $1`+known(m, "o.run_no", "$2")+`
			ORDER BY o.valid_from DESC, o.run_no DESC LIMIT 1) AS held
		FROM item i CROSS JOIN check_attribute a WHERE a.no `+in(attributes)+` AND i.no `+in(items)+`) h WHERE held IN (`+strings.Join(places, ", ")+`)`, args...)
	return found, err
}

// storedCounts is storedTotals without since when.
func storedCounts(ctx context.Context, q database.Querier, m moment) (map[int64]Counts, error) {
	totals, err := storedTotals(ctx, q, m, nil, false)
	counts := make(map[int64]Counts, len(totals))
	for no, t := range totals {
		counts[no] = t.Counts
	}
	return counts, err
}

// latest gives the condition that row o is the one that holds at m.
func latest(m moment) string {
	return `o.valid_from <= $1` + known(m, "o.run_no", "$2") + ` AND NOT EXISTS (SELECT 1 FROM outcome p
		WHERE p.item_no = o.item_no AND p.attribute_no = o.attribute_no AND (p.valid_from, p.run_no) > (o.valid_from, o.run_no)
		AND p.valid_from <= $1` + known(m, "p.run_no", "$2") + `)`
}

// holding is a row that holds at a moment.
type holding struct {
	itemNo, attributeNo int64
	validFrom, runNo    int64
	outcome             Outcome
	verdict             [16]byte
}

// holdings gives the rows that hold at m, those that are gone left out. from is
// "outcome o" or a join with it.
func holdings(ctx context.Context, q database.Querier, m moment, from, where string, extra ...any) ([]holding, error) {
	var all []holding
	err := every(ctx, q, "read outcomes", func(scan scanner) error {
		var h holding
		var key []byte
		err := scan(&h.itemNo, &h.attributeNo, &h.validFrom, &h.runNo, &h.outcome, &key)
		copy(h.verdict[:], key)
		all = append(all, h)
		return err
	}, `SELECT o.item_no, o.attribute_no, o.valid_from, o.run_no, o.outcome, o.verdict FROM `+from+
		` WHERE o.outcome <> 'gone' AND `+latest(m)+where, append(m.args(), extra...)...)
	return all, err
}

const runColumns = `r.no, r.id, r.entry_id, e.idx, r.kind, r.population, r.source, r.batch, r.standards, r.inputs, r.valid_at, r.recorded_at,
	r.items, r.evaluated, r.changed, r.pass, r.fail, r.error, r.not_observed, r.not_applicable, r.waived, r.outcomes_digest, r.definition`

func scanRun(scan func(...any) error) (no int64, r Run, err error) {
	var idx sql.NullInt64
	var valid, recorded int64
	err = scan(append(append([]any{&no, &r.ID, &r.Entry, &idx, &r.Kind, &r.Population, &r.Source, &r.Batch, &r.Standards, &r.Inputs, &valid, &recorded,
		&r.Items, &r.Evaluated, &r.Changed}, r.Counts.targets()...), &r.Digest, &r.Definition)...)
	r.Index = -1
	if idx.Valid {
		r.Index = idx.Int64
	}
	r.ValidAt, r.RecordedAt = clock.FromMicros(valid), clock.FromMicros(recorded)
	return no, r, err
}

func runsWhere(ctx context.Context, q database.Querier, where string, args ...any) ([]Run, []int64, error) {
	var runs []Run
	var nos []int64
	err := every(ctx, q, "read runs", func(scan scanner) error {
		no, r, err := scanRun(scan)
		runs, nos = append(runs, r), append(nos, no)
		return err
	}, `SELECT `+runColumns+` FROM run r LEFT JOIN ledger_entry e ON e.id = r.entry_id `+where, args...)
	return runs, nos, err
}

func runByID(ctx context.Context, q database.Querier, id string) (int64, Run, error) {
	runs, nos, err := runsWhere(ctx, q, `WHERE r.id = $1`, id)
	if err != nil {
		return 0, Run{}, err
	}
	if len(runs) == 0 {
		return 0, Run{}, fault.New(fault.NotFound, "there is no run %s", id)
	}
	return nos[0], runs[0], nil
}

// runsPage gives runs, newest first.
func runsPage(ctx context.Context, q database.Querier, source string, kind RunKind, before string, limit int) ([]Run, error) {
	where, args := []string{"1 = 1"}, []any{}
	bind := func(condition string, v any) {
		args = append(args, v)
		where = append(where, condition+fmt.Sprintf(" $%d", len(args)))
	}
	if source != "" {
		bind("r.source =", source)
	}
	if kind != "" {
		bind("r.kind =", string(kind))
	}
	if before != "" {
		no, _, err := runByID(ctx, q, before)
		if err != nil {
			return nil, err
		}
		bind("r.no <", no)
	}
	args = append(args, limit)
	runs, _, err := runsWhere(ctx, q, `WHERE `+strings.Join(where, " AND ")+fmt.Sprintf(" ORDER BY r.no DESC LIMIT $%d", len(args)), args...)
	return runs, err
}

// changedOf gives a run's outcome rows in the words of the digest.
func changedOf(ctx context.Context, q database.Querier, runNo int64) ([]changed, error) {
	var all []changed
	err := every(ctx, q, "read a run's outcomes", func(scan scanner) error {
		var c changed
		var said Outcome
		err := scan(&c.check, &c.attribute, &c.item, &c.validFrom, &c.verdict.Outcome, &said, &c.verdict.Reason, &c.verdict.Observed, &c.verdict.Expected)
		if err == nil && said != c.verdict.Outcome {
			c.verdict.Outcome = said + "≠" + c.verdict.Outcome // two columns that must agree: the digest will not
		}
		all = append(all, c)
		return err
	}, `SELECT a.check_id, a.attribute_id, i.id, o.valid_from, o.outcome, v.outcome, v.reason, v.observed, v.expected
		FROM outcome o JOIN check_attribute a ON a.no = o.attribute_no JOIN item i ON i.no = o.item_no JOIN verdict v ON v.digest = o.verdict
		WHERE o.run_no = $1`, runNo)
	return all, err
}

// lastRuns gives, by population, when what was judged last was observed.
func lastRuns(ctx context.Context, q database.Querier, m moment) (map[string]time.Time, error) {
	all := map[string]time.Time{}
	err := every(ctx, q, "read last runs", func(scan scanner) error {
		var population string
		var at sql.NullInt64
		err := scan(&population, &at)
		if at.Valid {
			all[population] = clock.FromMicros(at.Int64)
		}
		return err
	}, `SELECT a.population, (SELECT o.valid_at FROM run o WHERE o.population = a.population AND o.valid_at <= $1 AND o.kind <> 'population'`+
		known(m, "o.no", "$2")+` ORDER BY o.valid_at DESC LIMIT 1) FROM (SELECT DISTINCT population FROM check_attribute) a`, m.args()...)
	return all, err
}

type stepRow struct {
	attributeNo, at int64
	delta           Counts
}

func stepsBetween(ctx context.Context, q database.Querier, m moment, from int64, only []int64) ([]stepRow, error) {
	var all []stepRow
	err := every(ctx, q, "read steps", func(scan scanner) error {
		var s stepRow
		err := scan(append([]any{&s.attributeNo, &s.at}, s.delta.targets()...)...)
		if s.delta != (Counts{}) {
			all = append(all, s)
		}
		return err
	}, `SELECT attribute_no, valid_from, `+sums+` FROM step s WHERE valid_from <= $1 AND valid_from > `+fmt.Sprint(from)+
		known(m, "s.run_no", "$2")+among("attribute_no", only)+` GROUP BY valid_from, attribute_no ORDER BY valid_from, attribute_no`, m.args()...)
	return all, err
}

func members(ctx context.Context, q database.Querier, population string, m moment) ([]Item, error) {
	args := append(m.args(), population)
	rows, err := q.QueryContext(ctx, `SELECT i.id, i.population, i.source, i.name FROM item i JOIN item_presence o ON o.item_no = i.no
		WHERE i.population = $`+fmt.Sprint(len(args))+` AND o.present = 1 AND o.valid_from <= $1`+known(m, "o.run_no", "$2")+`
		AND NOT EXISTS (SELECT 1 FROM item_presence p WHERE p.item_no = o.item_no AND (p.valid_from, p.run_no) > (o.valid_from, o.run_no)
			AND p.valid_from <= $1`+known(m, "p.run_no", "$2")+`) ORDER BY i.id`, args...)
	if err != nil {
		return nil, fmt.Errorf("read population %s: %w", population, err)
	}
	var all []Item
	err = each(rows, func() error {
		var i Item
		err := rows.Scan(&i.ID, &i.Population, &i.Source, &i.Name)
		all = append(all, i)
		return err
	})
	return all, err
}

func sortedNos[V any](m map[int64]V) []int64 {
	nos := make([]int64, 0, len(m))
	for no := range m {
		nos = append(nos, no)
	}
	slices.Sort(nos)
	return nos
}

// failingOf gives what fails of an item as things are.
func failingOf(ctx context.Context, q database.Querier, item string) ([]Change, error) {
	var out []Change
	err := every(ctx, q, "read what fails", func(scan scanner) error {
		c := Change{Was: Fail, Is: Fail, place: -1}
		var from int64
		if err := scan(&c.Check, &c.Attribute, &from, &c.Reason, &c.Observed, &c.Expected); err != nil {
			return err
		}
		c.From = clock.FromMicros(from)
		out = append(out, c)
		return nil
	}, `SELECT a.check_id, a.attribute_id, o.valid_from, v.reason, v.observed, v.expected
		FROM item i JOIN outcome o ON o.item_no = i.no JOIN check_attribute a ON a.no = o.attribute_no JOIN verdict v ON v.digest = o.verdict
		WHERE i.id = $1 AND o.outcome = 'fail' AND NOT EXISTS (SELECT 1 FROM outcome n WHERE n.item_no = o.item_no AND n.attribute_no = o.attribute_no
			AND (n.valid_from, n.run_no) > (o.valid_from, o.run_no))
		ORDER BY a.check_id, a.attribute_id`, item)
	return out, err
}
