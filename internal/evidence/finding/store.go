package finding

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
)

const columns = `id, number, check_id, attribute_id, item_id, item_name, population, source, title, severity, state, stale_cause, reason,
	opened_at, due_at, failing_since, acknowledged_at, acknowledged_by, closed_at, changed_at, reopened, opened_run, last_run,
	waiver, waived_from, waived_until, owner`

const selecting = `SELECT ` + columns + ` FROM finding `

// micros stores a time; the zero time is 0.
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

func scan(scanner func(...any) error) (Finding, error) {
	var f Finding
	var opened, due, failing, acknowledged, closed, changed, waived, until int64
	err := scanner(&f.ID, &f.Number, &f.Check, &f.Attribute, &f.Item, &f.ItemName, &f.Population, &f.Source, &f.Title, &f.Severity, &f.State, &f.Cause,
		&f.Reason, &opened, &due, &failing, &acknowledged, &f.AcknowledgedBy, &closed, &changed, &f.Reopened, &f.OpenedRun, &f.LastRun,
		&f.Waiver, &waived, &until, &f.Owner)
	f.WaivedFrom, f.WaivedUntil = moment(waived), moment(until)
	f.OpenedAt, f.Due, f.FailingSince, f.AcknowledgedAt, f.ClosedAt, f.ChangedAt = moment(opened), moment(due), moment(failing), moment(acknowledged), moment(closed), moment(changed)
	return f, err
}

func query(ctx context.Context, q database.Querier, where string, args ...any) ([]Finding, error) {
	rows, err := q.QueryContext(ctx, selecting+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read findings: %w", err)
	}
	defer rows.Close()
	var all []Finding
	for rows.Next() {
		f, err := scan(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("read findings: %w", err)
		}
		all = append(all, f)
	}
	return all, rows.Err()
}

// Statements of every transition, prepared once.
const (
	ofItemWhere = `WHERE item_id = $1 ORDER BY number`
	ofItemQuery = selecting + ofItemWhere
	numberQuery = `UPDATE evidence_counter SET value = value + 1 WHERE name = 'finding' RETURNING value`
	insertQuery = `INSERT INTO finding (` + columns + `, severity_rank, search) VALUES
		($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29)`
	updateQuery = `UPDATE finding SET item_name = $2, source = $3, state = $4, stale_cause = $5, reason = $6, failing_since = $7,
		acknowledged_at = $8, acknowledged_by = $9, closed_at = $10, changed_at = $11, reopened = $12, last_run = $13, search = $14,
		due_at = $15, waiver = $16, waived_from = $17, waived_until = $18, owner = $19 WHERE id = $1`
	eventInsert = `INSERT INTO finding_event (finding_id, seq, kind, from_state, to_state, valid_at, at, actor, reason, note, run_id, entry_id, owner)
		VALUES ($1, (SELECT COALESCE(MAX(p.seq), 0) + 1 FROM finding_event p WHERE p.finding_id = $1), $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING seq`
)

// ofItem gives the newest finding of each identity of an item.
func ofItem(ctx context.Context, q database.Querier, item string) (map[Key]*Finding, error) {
	all, err := query(ctx, q, ofItemWhere, item)
	if err != nil {
		return nil, err
	}
	newest := make(map[Key]*Finding, len(all))
	for i := range all {
		newest[Key{all[i].Check, all[i].Attribute, item}] = &all[i]
	}
	return newest, nil
}

func get(ctx context.Context, q database.Querier, ref string) (Finding, error) {
	where, arg := `WHERE id = $1`, any(ref)
	if !strings.HasPrefix(ref, "fnd_") {
		n, err := parseRef(ref)
		if err != nil {
			return Finding{}, fault.Wrap(fault.NotFound, err, "there is no finding %q", ref).WithHint("findings have numbers like F-12")
		}
		where, arg = `WHERE number = $1`, n
	}
	all, err := query(ctx, q, where, arg)
	if err != nil {
		return Finding{}, err
	}
	if len(all) == 0 {
		return Finding{}, fault.New(fault.NotFound, "there is no finding %q", ref).WithHint("findings have numbers like F-12")
	}
	return all[0], nil
}

// lockFinding gives a finding that no other transaction changes until this one
// ends.
func lockFinding(ctx context.Context, q database.Querier, ref string) (Finding, error) {
	f, err := get(ctx, q, ref)
	if err != nil {
		return f, err
	}
	if _, err := q.ExecContext(ctx, `UPDATE finding SET state = state WHERE id = $1`, f.ID); err != nil {
		return f, fmt.Errorf("lock %s: %w", f.Ref(), err)
	}
	return get(ctx, q, f.ID)
}

// nextNumber gives the next short number. On PostgreSQL its row stays locked
// until the transaction ends.
func nextNumber(ctx context.Context, q database.Querier) (int64, error) {
	var n int64
	if err := q.QueryRowContext(ctx, numberQuery).Scan(&n); err != nil {
		return 0, fmt.Errorf("next number of a finding: %w", err)
	}
	return n, nil
}

func insertFinding(ctx context.Context, q database.Querier, f Finding) error {
	_, err := q.ExecContext(ctx, insertQuery,
		f.ID, f.Number, f.Check, f.Attribute, f.Item, f.ItemName, f.Population, f.Source, f.Title, f.Severity, string(f.State), string(f.Cause), f.Reason,
		micros(f.OpenedAt), micros(f.Due), micros(f.FailingSince), micros(f.AcknowledgedAt), f.AcknowledgedBy, micros(f.ClosedAt), micros(f.ChangedAt),
		f.Reopened, f.OpenedRun, f.LastRun, f.Waiver, micros(f.WaivedFrom), micros(f.WaivedUntil), f.Owner, rank(f.Severity), f.search())
	if err != nil {
		return fmt.Errorf("store %s: %w", f.Ref(), err)
	}
	return nil
}

func updateFinding(ctx context.Context, q database.Querier, f Finding) error {
	_, err := q.ExecContext(ctx, updateQuery,
		f.ID, f.ItemName, f.Source, string(f.State), string(f.Cause), f.Reason, micros(f.FailingSince), micros(f.AcknowledgedAt), f.AcknowledgedBy,
		micros(f.ClosedAt), micros(f.ChangedAt), f.Reopened, f.LastRun, f.search(), micros(f.Due), f.Waiver, micros(f.WaivedFrom), micros(f.WaivedUntil), f.Owner)
	if err != nil {
		return fmt.Errorf("store %s: %w", f.Ref(), err)
	}
	return nil
}

func insertEvent(ctx context.Context, q database.Querier, e Event) (seq int64, err error) {
	err = q.QueryRowContext(ctx, eventInsert,
		e.Finding, string(e.Kind), string(e.From), string(e.To), micros(e.ValidAt), micros(e.At), e.Actor, e.Reason, e.Note, e.Run, e.Entry, e.Owner).Scan(&seq)
	if err != nil {
		return 0, fmt.Errorf("store the timeline of %s: %w", e.Finding, err)
	}
	return seq, nil
}

const eventColumns = `v.finding_id, f.number, v.seq, v.kind, v.from_state, v.to_state, v.valid_at, v.at, v.actor, v.reason, v.note, v.run_id, v.entry_id, v.owner, COALESCE(e.idx, -1)`

func events(ctx context.Context, q database.Querier, tail string, args ...any) ([]Event, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+eventColumns+` FROM finding_event v JOIN finding f ON f.id = v.finding_id LEFT JOIN ledger_entry e ON e.id = v.entry_id `+tail, args...)
	if err != nil {
		return nil, fmt.Errorf("read timeline: %w", err)
	}
	defer rows.Close()
	var all []Event
	for rows.Next() {
		var e Event
		var valid, at int64
		if err := rows.Scan(&e.Finding, &e.Number, &e.Seq, &e.Kind, &e.From, &e.To, &valid, &at, &e.Actor, &e.Reason, &e.Note, &e.Run, &e.Entry, &e.Owner, &e.Index); err != nil {
			return nil, fmt.Errorf("read timeline: %w", err)
		}
		e.ValidAt, e.At = moment(valid), moment(at)
		all = append(all, e)
	}
	return all, rows.Err()
}

func timeline(ctx context.Context, q database.Querier, id string) ([]Event, error) {
	return events(ctx, q, `WHERE v.finding_id = $1 ORDER BY v.seq`, id)
}

func recent(ctx context.Context, q database.Querier, limit int) ([]Event, error) {
	return events(ctx, q, `ORDER BY v.at DESC, v.finding_id DESC, v.seq DESC LIMIT $1`, limit)
}

// conditions turns a filter into SQL.
func conditions(f Filter) (where string, args []any) {
	all := []string{"1 = 1"}
	bind := func(v any) string {
		args = append(args, v)
		return fmt.Sprintf("$%d", len(args))
	}
	oneOf := func(column string, values []string) {
		if len(values) == 0 {
			return
		}
		places := make([]string, len(values))
		for i, v := range values {
			places[i] = bind(v)
		}
		all = append(all, column+" IN ("+strings.Join(places, ", ")+")")
	}
	states := make([]string, len(f.States))
	for i, s := range f.States {
		states[i] = string(s)
	}
	oneOf("state", states)
	oneOf("severity", f.Severities)
	for column, v := range map[string]string{"check_id": f.Check, "attribute_id": f.Attribute, "item_id": f.Item, "source": f.Source, "owner": f.Owner} {
		if v != "" {
			all = append(all, column+" = "+bind(v))
		}
	}
	for _, word := range strings.Fields(strings.ToLower(f.Query)) {
		word = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(word)
		all = append(all, `search LIKE `+bind("%"+word+"%")+` ESCAPE '\'`)
	}
	if f.Live || !f.OverdueAt.IsZero() {
		all = append(all, "state <> 'closed'")
	}
	if !f.OverdueAt.IsZero() {
		all = append(all, "waived_from = 0 AND due_at < "+bind(micros(f.OverdueAt)))
	}
	if !f.ClosedSince.IsZero() {
		all = append(all, "state = 'closed' AND closed_at >= "+bind(micros(f.ClosedSince)))
	}
	return "WHERE " + strings.Join(all, " AND "), args
}

// sorting is the key of each order: its columns, and whether they descend.
var sorting = map[Order]struct {
	columns []string
	down    bool
	key     func(Finding) []int64
}{
	ByUrgency: {[]string{"severity_rank", "due_at", "number"}, false, func(f Finding) []int64 { return []int64{rank(f.Severity), micros(f.Due), f.Number} }},
	ByDue:     {[]string{"due_at", "number"}, false, func(f Finding) []int64 { return []int64{micros(f.Due), f.Number} }},
	ByNumber:  {[]string{"number"}, true, func(f Finding) []int64 { return []int64{f.Number} }},
	ByChange:  {[]string{"changed_at", "number"}, true, func(f Finding) []int64 { return []int64{micros(f.ChangedAt), f.Number} }},
}

func list(ctx context.Context, q database.Querier, f Filter, order Order, cursor string, limit int) (Page, error) {
	by, ok := sorting[order]
	if !ok {
		return Page{}, fault.New(fault.Invalid, "%q is no order of findings", order).At("", 0, "sort")
	}
	var page Page
	where, args := conditions(f)
	err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT 1 AS one FROM finding `+where+fmt.Sprintf(` LIMIT %d) counted`, CountLimit+1), args...).Scan(&page.Total)
	if err != nil {
		return Page{}, fmt.Errorf("count findings: %w", err)
	}
	if page.Total > CountLimit {
		page.Total, page.More = CountLimit, true
	}
	key, than, direction := strings.Join(by.columns, ", "), ">", ""
	if by.down {
		than, direction = "<", " DESC"
	}
	if cursor != "" {
		var at []int64
		raw, err := base64.RawURLEncoding.DecodeString(cursor)
		if err != nil || json.Unmarshal(raw, &at) != nil || len(at) != len(by.columns) {
			return Page{}, fault.New(fault.Invalid, "the cursor is not one of this list").At("", 0, "cursor")
		}
		places := make([]string, len(at))
		for i, v := range at {
			args = append(args, v)
			places[i] = fmt.Sprintf("$%d", len(args))
		}
		where += fmt.Sprintf(" AND (%s) %s (%s)", key, than, strings.Join(places, ", "))
	}
	found, err := query(ctx, q, where+" ORDER BY "+strings.Join(by.columns, direction+", ")+direction+fmt.Sprintf(" LIMIT %d", limit+1), args...)
	if err != nil {
		return Page{}, err
	}
	if len(found) > limit {
		found = found[:limit]
		raw, err := json.Marshal(by.key(found[limit-1]))
		if err != nil {
			return Page{}, err
		}
		page.Next = base64.RawURLEncoding.EncodeToString(raw)
	}
	page.Findings = found
	return page, nil
}

// liveStates are those of findings that are not closed.
const liveStates = `('open', 'acknowledged', 'waived', 'stale')`

func summary(ctx context.Context, q database.Querier, f Filter, now time.Time) (Summary, error) {
	s := Summary{States: map[State]int64{}, Late: map[State]int64{}, Severities: map[string]int64{}}
	where, args := conditions(f)
	closed := int64(0)
	if len(f.States) == 0 || slices.Contains(f.States, Closed) {
		err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT 1 AS one FROM finding `+where+fmt.Sprintf(` AND state = 'closed' LIMIT %d) counted`, CountLimit+1), args...).Scan(&closed)
		if err != nil {
			return s, fmt.Errorf("count closed findings: %w", err)
		}
	}
	if closed > 0 {
		s.States[Closed], s.More = min(closed, CountLimit), closed > CountLimit
	}
	args = append(args, micros(now))
	rows, err := q.QueryContext(ctx, `SELECT state, severity, COUNT(*), COUNT(*) FILTER (WHERE waived_from = 0 AND due_at < $`+fmt.Sprint(len(args))+`) FROM finding `+where+
		` AND state IN `+liveStates+` GROUP BY state, severity`, args...)
	if err != nil {
		return s, fmt.Errorf("count findings: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var state State
		var severity string
		var n, late int64
		if err := rows.Scan(&state, &severity, &n, &late); err != nil {
			return s, fmt.Errorf("count findings: %w", err)
		}
		s.States[state] += n
		s.Severities[severity] += n
		s.Overdue += late
		s.Late[state] += late
	}
	return s, rows.Err()
}

func openOf(ctx context.Context, q database.Querier, check string) (map[Key]Finding, error) {
	all, err := query(ctx, q, `WHERE check_id = $1 AND state <> 'closed'`, check)
	if err != nil {
		return nil, err
	}
	out := make(map[Key]Finding, len(all))
	for _, f := range all {
		out[Key{f.Check, f.Attribute, f.Item}] = f
	}
	return out, nil
}

// eventEntries gives the entries of the events of checks' findings in [from, to),
// oldest first.
func eventEntries(ctx context.Context, q database.Querier, checks []string, from, to int64) ([]string, error) {
	if len(checks) == 0 {
		return nil, nil
	}
	args := []any{from, to}
	var in strings.Builder
	for _, c := range checks {
		args = append(args, c)
		if in.Len() > 0 {
			in.WriteString(", ")
		}
		fmt.Fprintf(&in, "$%d", len(args))
	}
	rows, err := q.QueryContext(ctx, `SELECT v.entry_id FROM finding_event v JOIN finding f ON f.id = v.finding_id
		WHERE v.at >= $1 AND v.at < $2 AND f.check_id IN (`+in.String()+`) ORDER BY v.at, v.finding_id, v.seq`, args...)
	if err != nil {
		return nil, fmt.Errorf("read events of findings: %w", err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("read an event of a finding: %w", err)
		}
		out = append(out, id)
	}
	return out, rows.Err()
}
