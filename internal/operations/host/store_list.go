package host

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/evidence/outcome"
)

const (
	isFailing = "n_fail + n_waived > 0"
	isUnknown = "n_fail + n_waived = 0 AND n_error + n_not_observed > 0"
	isInOrder = "n_fail + n_waived + n_error + n_not_observed = 0 AND n_pass + n_not_applicable > 0"
	isUnseen  = "n_pass + n_fail + n_error + n_not_observed + n_not_applicable + n_waived = 0"
)

// orders are the keys of each order: a column or expression before name and id.
var orders = map[Order]struct {
	key  string
	down bool
}{
	ByName: {"''", false}, ByOS: {"os", false}, ByOwner: {"owner", false}, ByHeard: {"last_seen", false},
	ByFailing: {"n_fail", true}, ByUnknown: {"n_error + n_not_observed", true},
}

func (f Filter) conditions(bind func(any) string) (string, error) {
	where := []string{"population = " + bind(cmp.Or(f.Population, Population))}
	add := func(condition string) { where = append(where, condition) }
	switch f.State {
	case "":
		if !f.Retired {
			add("retired_at = 0")
		}
	case Heard:
		add("retired_at = 0 AND silent_since = 0")
	case IsSilent:
		add("retired_at = 0 AND silent_since > 0")
	case Excluded:
		add("retired_at = 0 AND excluded_at > 0")
	case Retired:
		add("retired_at > 0")
	default:
		return "", fault.New(fault.Invalid, "%q is no state of a host", f.State).At("", 0, "state").WithHint("the states are heard, silent, excluded and retired")
	}
	switch f.Result {
	case "":
	case Failing:
		add(isFailing)
	case NotKnown:
		add(isUnknown)
	case InOrder:
		add(isInOrder)
	case Unjudged:
		add(isUnseen)
	default:
		return "", fault.New(fault.Invalid, "%q is no result of a host", f.Result).At("", 0, "result").WithHint("the results are failing, unknown, in_order and unjudged")
	}
	for column, v := range map[string]string{"os": f.OS, "owner": f.Owner, "class": f.Class, "environment": f.Environment} {
		if v == Nothing {
			add(column + " = ''")
		} else if v != "" {
			add(column + " = " + bind(v))
		}
	}
	contains := func(column, text string) {
		text = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text)
		add(column + ` LIKE ` + bind("%"+text+"%") + ` ESCAPE '\'`)
	}
	if f.Tag != "" {
		contains("tags", " "+f.Tag+" ")
	}
	for _, word := range strings.Fields(strings.ToLower(f.Query)) {
		contains("LOWER(name)", word)
	}
	return strings.Join(where, " AND "), nil
}

// Nothing as a filter's owner, class or environment asks for hosts of which
// none was said.
const Nothing = "-"

func listHosts(ctx context.Context, q database.Querier, f Filter, by Order, cursor string, limit int) ([]Host, string, int64, error) {
	order, ok := orders[by]
	if !ok {
		return nil, "", 0, fault.New(fault.Invalid, "hosts cannot be sorted by %q", string(by)).At("", 0, "sort")
	}
	var args []any
	bind := func(v any) string {
		args = append(args, v)
		return fmt.Sprintf("$%d", len(args))
	}
	where, err := f.conditions(bind)
	if err != nil {
		return nil, "", 0, err
	}
	var total int64
	err = q.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT 1 AS one FROM host WHERE `+where+fmt.Sprintf(` LIMIT %d) counted`, CountLimit+1), args...).Scan(&total)
	if err != nil {
		return nil, "", 0, fmt.Errorf("count hosts: %w", err)
	}
	than, direction := ">", ""
	if order.down {
		than, direction = "<", " DESC"
	}
	if cursor != "" {
		var at struct {
			Key      any
			Name, ID string
		}
		raw, err := base64.RawURLEncoding.DecodeString(cursor)
		dec := json.NewDecoder(strings.NewReader(string(raw)))
		dec.UseNumber()
		if err != nil || dec.Decode(&at) != nil {
			return nil, "", 0, fault.New(fault.Invalid, "the cursor is not one of this list").At("", 0, "cursor")
		}
		if n, ok := at.Key.(json.Number); ok {
			if at.Key, err = n.Int64(); err != nil {
				return nil, "", 0, fault.New(fault.Invalid, "the cursor is not one of this list").At("", 0, "cursor")
			}
		}
		after := "(name, id) > (" + bind(at.Name) + ", " + bind(at.ID) + ")"
		if by != ByName {
			k := bind(at.Key)
			after = fmt.Sprintf("(%s %s %s OR %s = %s AND %s)", order.key, than, k, order.key, k, after)
		}
		where += " AND " + after
	}
	sorted := "name, id"
	if by != ByName {
		sorted = order.key + direction + ", " + sorted
	}
	rows, err := q.QueryContext(ctx, `SELECT `+columns+` FROM host WHERE `+where+` ORDER BY `+sorted+` LIMIT `+bind(limit+1), args...)
	if err != nil {
		return nil, "", 0, fmt.Errorf("list hosts: %w", err)
	}
	defer rows.Close()
	var all []Host
	for rows.Next() {
		h, err := scanHost(rows.Scan)
		if err != nil {
			return nil, "", 0, fmt.Errorf("list hosts: %w", err)
		}
		all = append(all, h)
	}
	if err := rows.Err(); err != nil {
		return nil, "", 0, fmt.Errorf("list hosts: %w", err)
	}
	if len(all) <= limit {
		return all, "", total, nil
	}
	all = all[:limit]
	last := all[limit-1]
	key := map[Order]any{ByName: "", ByOS: last.OS, ByOwner: last.Owner, ByHeard: micros(last.LastSeen),
		ByFailing: last.stored.Fail, ByUnknown: last.stored.Error + last.stored.NotObserved}[by]
	raw, err := json.Marshal(map[string]any{"Key": key, "Name": last.Name, "ID": last.ID})
	if err != nil {
		return nil, "", 0, err
	}
	return all, base64.RawURLEncoding.EncodeToString(raw), total, nil
}

func facets(ctx context.Context, q database.Querier, population string) ([]Facet, error) {
	rows, err := q.QueryContext(ctx, `SELECT os, owner, class, environment,
		CASE WHEN retired_at > 0 THEN 'retired' WHEN excluded_at > 0 THEN 'excluded' WHEN silent_since > 0 THEN 'silent' ELSE 'heard' END AS state,
		CASE WHEN `+isFailing+` THEN 'failing' WHEN `+isUnknown+` THEN 'unknown' WHEN `+isInOrder+` THEN 'in_order' ELSE 'unjudged' END AS result,
		COUNT(*) FROM host WHERE population = $1 GROUP BY 1, 2, 3, 4, 5, 6`, population)
	if err != nil {
		return nil, fmt.Errorf("count hosts: %w", err)
	}
	defer rows.Close()
	var all []Facet
	for rows.Next() {
		var f Facet
		if err := rows.Scan(&f.OS, &f.Owner, &f.Class, &f.Environment, &f.State, &f.Result, &f.Hosts); err != nil {
			return nil, fmt.Errorf("count hosts: %w", err)
		}
		all = append(all, f)
	}
	return all, rows.Err()
}

// heardNow gives when the sources of hosts were last heard, and which of them
// lack a section at the moment. A source that was never heard is not there.
func heardNow(ctx context.Context, q database.Querier, hosts []Host, now time.Time, grace time.Duration) (map[string]time.Time, map[string]bool, error) {
	last, partly := map[string]time.Time{}, map[string]bool{}
	if len(hosts) == 0 {
		return last, partly, nil
	}
	places := make([]string, len(hosts))
	args := make([]any, len(hosts)+1)
	args[0] = clock.Micros(now)
	for i, h := range hosts {
		places[i], args[i+1] = fmt.Sprintf("$%d", i+2), h.Source
	}
	list := strings.Join(places, ", ")
	// The newest interval of each that has begun; it says whether it lasts.
	rows, err := q.QueryContext(ctx, `SELECT source, MAX(covered_to) FROM coverage WHERE covered_from <= $1 AND source IN (`+list+`) GROUP BY source`, args...)
	if err != nil {
		return nil, nil, fmt.Errorf("read when hosts were heard: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var source string
		var to int64
		if err := rows.Scan(&source, &to); err != nil {
			return nil, nil, fmt.Errorf("read when hosts were heard: %w", err)
		}
		last[source] = clock.FromMicros(to)
	}
	if err := rows.Err(); err != nil {
		return nil, nil, fmt.Errorf("read when hosts were heard: %w", err)
	}
	gaps, err := q.QueryContext(ctx, `SELECT DISTINCT source FROM coverage_gap WHERE gap_from <= $1 AND gap_to > $1 AND source IN (`+list+`)`, args...)
	if err != nil {
		return nil, nil, fmt.Errorf("read what hosts do not report: %w", err)
	}
	defer gaps.Close()
	for gaps.Next() {
		var source string
		if err := gaps.Scan(&source); err != nil {
			return nil, nil, fmt.Errorf("read what hosts do not report: %w", err)
		}
		partly[source] = true
	}
	return last, partly, gaps.Err()
}

// countChanges brings the numbers of a host's stored outcomes up to date.
func countChanges(ctx context.Context, q database.Querier, host string, changes []outcome.Change) error {
	var d outcome.Counts
	add := func(o outcome.Outcome, n int64) {
		switch o {
		case outcome.Pass:
			d.Pass += n
		case outcome.Fail:
			d.Fail += n
		case outcome.Error:
			d.Error += n
		case outcome.NotObserved:
			d.NotObserved += n
		case outcome.NotApplicable:
			d.NotApplicable += n
		case outcome.Waived:
			d.Waived += n
		}
	}
	for _, c := range changes {
		add(c.Was, -1)
		add(c.Is, 1)
	}
	if d == (outcome.Counts{}) {
		return nil
	}
	if _, err := q.ExecContext(ctx, countQuery, host, d.Pass, d.Fail, d.Error, d.NotObserved, d.NotApplicable, d.Waived); err != nil {
		return fmt.Errorf("count the outcomes of %s: %w", host, err)
	}
	return nil
}

const countQuery = `UPDATE host SET n_pass = n_pass + $2, n_fail = n_fail + $3, n_error = n_error + $4, n_not_observed = n_not_observed + $5,
	n_not_applicable = n_not_applicable + $6, n_waived = n_waived + $7 WHERE id = $1`

// uncounted gives the hosts that were judged and have no numbers.
func uncounted(ctx context.Context, q database.Querier) ([]string, error) {
	rows, err := q.QueryContext(ctx, `SELECT id FROM host WHERE standards <> '' AND `+isUnseen+` ORDER BY id`)
	if err != nil {
		return nil, fmt.Errorf("find hosts without numbers: %w", err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("find hosts without numbers: %w", err)
		}
		all = append(all, id)
	}
	return all, rows.Err()
}

// countAnew counts a host's stored outcomes from the outcomes.
func countAnew(ctx context.Context, tx *sql.Tx, id string) error {
	rows, err := tx.QueryContext(ctx, `SELECT o.outcome, COUNT(*) FROM item i JOIN outcome o ON o.item_no = i.no WHERE i.id = $1 AND NOT EXISTS
		(SELECT 1 FROM outcome p WHERE p.item_no = o.item_no AND p.attribute_no = o.attribute_no AND (p.valid_from, p.run_no) > (o.valid_from, o.run_no))
		GROUP BY o.outcome`, id)
	if err != nil {
		return fmt.Errorf("count the outcomes of %s: %w", id, err)
	}
	defer rows.Close()
	var changes []outcome.Change
	for rows.Next() {
		var o outcome.Outcome
		var n int
		if err := rows.Scan(&o, &n); err != nil {
			return fmt.Errorf("count the outcomes of %s: %w", id, err)
		}
		for range n {
			changes = append(changes, outcome.Change{Is: o})
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("count the outcomes of %s: %w", id, err)
	}
	return countChanges(ctx, tx, id, changes)
}

// edit stores what is said of a host.
func edit(ctx context.Context, tx *sql.Tx, id string, s Said, entry string) error {
	_, err := tx.ExecContext(ctx, `UPDATE host SET owner = $2, class = $3, environment = $4, tags = $5, edit_entry = $6 WHERE id = $1`,
		id, s.Owner, s.Class, s.Environment, s.tags(), entry)
	if err != nil {
		return fmt.Errorf("store what is said of %s: %w", id, err)
	}
	return nil
}

// checkEdited holds what is said of a host against the newest entry about it.
// The owner's name stands behind the entry's commitment.
func checkEdited(ctx context.Context, q database.Querier, rec ledger.Record) error {
	var s Said
	var tags, entry string
	err := q.QueryRowContext(ctx, `SELECT class, environment, tags, edit_entry FROM host WHERE id = $1`, rec.Subject).Scan(&s.Class, &s.Environment, &tags, &entry)
	if err != nil {
		return fault.Wrap(fault.Refused, err, "host %s: its row cannot be read", rec.Subject)
	}
	if entry == "" {
		return fault.New(fault.Refused, "host %s: its row names no entry, and it was edited", rec.Subject)
	}
	if entry != rec.ID {
		return nil // what a later entry said stands in the row
	}
	for name, got := range map[string]string{"class": s.Class, "environment": s.Environment, "tags": strings.TrimSpace(tags)} {
		if got != rec.Data[name] {
			return fault.New(fault.Refused, "host %s: its row says %s is %q, the ledger says %q", rec.Subject, name, got, rec.Data[name])
		}
	}
	return nil
}

func twins(ctx context.Context, q database.Querier, h Host) (all []Twin, err error) {
	rows, err := q.QueryContext(ctx, `SELECT id, name, CASE WHEN machine_id = $1 AND machine_id <> '' THEN 1 ELSE 0 END, CASE WHEN name = $2 THEN 1 ELSE 0 END FROM host
		WHERE population = $5 AND retired_at = 0 AND id <> $3 AND ((machine_id = $1 AND machine_id <> '') OR (name = $2 AND name <> '')) ORDER BY name, id LIMIT $4`, h.Machine, h.Name, h.ID, maxTwins, h.Population)
	if err != nil {
		return nil, fmt.Errorf("twins of host %s: %w", h.ID, err)
	}
	defer rows.Close()
	for rows.Next() {
		var t Twin
		var machine, name int
		if err := rows.Scan(&t.ID, &t.Name, &machine, &name); err != nil {
			return nil, fmt.Errorf("twins of host %s: %w", h.ID, err)
		}
		t.Machine, t.SameName = machine == 1, name == 1
		all = append(all, t)
	}
	return all, rows.Err()
}

func countTwins(ctx context.Context, q database.Querier) (n TwinCounts, err error) {
	for column, into := range map[string]*int64{"machine_id": &n.Machine, "name": &n.Name} {
		err := q.QueryRowContext(ctx, `SELECT COALESCE(SUM(n), 0) FROM (SELECT COUNT(*) AS n FROM host WHERE population = $1 AND retired_at = 0 AND `+column+` <> '' GROUP BY `+column+` HAVING COUNT(*) > 1) AS t`, Population).Scan(into)
		if err != nil {
			return n, fmt.Errorf("count hosts with one %s: %w", column, err)
		}
	}
	return n, nil
}
