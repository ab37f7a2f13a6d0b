package change

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/landing"
)

// stored is what is kept of an item to see whether a derivation changes it.
type stored struct {
	id        string
	number    int64
	key       string
	version   int
	digest    string
	withdrawn bool
}

func storedItems(ctx context.Context, q database.Querier, repository, kind string) (map[string]*stored, error) {
	all := map[string]*stored{}
	rows, err := q.QueryContext(ctx, `SELECT id, number, natural_key, version, digest, withdrawn FROM change_item WHERE repository_id = $1 AND kind = $2`, repository, kind)
	err = each(rows, err, "read items", func() error {
		var s stored
		err := rows.Scan(&s.id, &s.number, &s.key, &s.version, &s.digest, &s.withdrawn)
		all[s.key] = &s
		return err
	})
	return all, err
}

func lastNumber(ctx context.Context, q database.Querier, kind string) (int64, error) {
	var n int64
	if err := q.QueryRowContext(ctx, `SELECT COALESCE(MAX(number), 0) FROM change_item WHERE kind = $1`, kind).Scan(&n); err != nil {
		return 0, fmt.Errorf("number an item: %w", err)
	}
	return n, nil
}

// row is an item as it is written.
type row struct {
	stored
	kind, repository, content, search string
	at                                time.Time
	outcome                           landing.Outcome
	attributes                        []landing.Attribute
	flags                             []string
	fresh                             bool
}

func putItem(ctx context.Context, q database.Querier, r row, entry string) error {
	gone := 0
	if r.withdrawn {
		gone = 1
	}
	args := []any{r.id, r.kind, r.number, r.repository, r.key, micros(r.at), string(r.outcome)}
	for _, name := range landing.Names() {
		args = append(args, string(landing.AttributeOf(r.attributes, name).Outcome))
	}
	args = append(args, " "+strings.Join(r.flags, " ")+" ", r.version, r.digest, gone, r.search)
	query := `INSERT INTO change_item (id, kind, number, repository_id, natural_key, at, outcome, route, requested, tested, approved, accepted, segregated, deployed, merged, intact, flags, version, digest, withdrawn, search)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)`
	if !r.fresh {
		query += ` ON CONFLICT (id) DO UPDATE SET at = excluded.at, outcome = excluded.outcome, route = excluded.route, requested = excluded.requested, tested = excluded.tested, approved = excluded.approved,
			accepted = excluded.accepted, segregated = excluded.segregated, deployed = excluded.deployed, merged = excluded.merged, intact = excluded.intact, flags = excluded.flags, version = excluded.version,
			digest = excluded.digest, withdrawn = excluded.withdrawn, search = excluded.search`
	}
	if _, err := exec(ctx, q, "store an item", query, args...); err != nil {
		return err
	}
	_, err := exec(ctx, q, "store a version", `INSERT INTO change_version (item_id, version, kind, at, content, digest, entry_id) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		r.id, r.version, r.kind, micros(r.at), r.content, r.digest, entry)
	return err
}

const versionColumns = `i.id, i.number, i.natural_key, v.version, v.content, v.entry_id, COALESCE(e.idx, -1)`

type scanned struct {
	id, key, content, entry string
	number, index           int64
	version                 int
}

func (s *scanned) scan(scan func(...any) error) error {
	return scan(&s.id, &s.number, &s.key, &s.version, &s.content, &s.entry, &s.index)
}

func (s *scanned) change() (*landing.Change, error) {
	var c landing.Change
	if err := json.Unmarshal([]byte(s.content), &c); err != nil {
		return nil, fault.Wrap(fault.Refused, err, "change %s cannot be read", s.id)
	}
	c.ID, c.Number, c.Key, c.Version, c.Entry, c.Index = s.id, s.number, s.key, s.version, s.entry, s.index
	return &c, nil
}

func (s *scanned) deployment() (*landing.Deployment, error) {
	var d landing.Deployment
	if err := json.Unmarshal([]byte(s.content), &d); err != nil {
		return nil, fault.Wrap(fault.Refused, err, "deployment %s cannot be read", s.id)
	}
	d.ID, d.Number, d.Key, d.Version, d.Entry, d.Index = s.id, s.number, s.key, s.version, s.entry, s.index
	return &d, nil
}

// one reads the newest version of an item by id, number or key.
func one(ctx context.Context, q database.Querier, kind, ref string) (*scanned, error) {
	prefix, what := "CH-", "change"
	if kind == "deployment" {
		prefix, what = "D-", kind
	}
	where, arg := `i.id = $2`, any(ref)
	if rest, ok := strings.CutPrefix(strings.ToUpper(ref), prefix); ok {
		if n, err := strconv.ParseInt(rest, 10, 64); err == nil {
			where, arg = `i.number = $2`, n
		}
	}
	var s scanned
	err := s.scan(q.QueryRowContext(ctx, `SELECT `+versionColumns+` FROM change_item i JOIN change_version v ON v.item_id = i.id AND v.version = i.version JOIN ledger_entry e ON e.id = v.entry_id
		WHERE i.kind = $1 AND `+where, kind, arg).Scan)
	if gone(err) {
		return nil, fault.New(fault.NotFound, "there is no %s %q", what, ref)
	}
	if err != nil {
		return nil, fmt.Errorf("read a %s: %w", what, err)
	}
	return &s, nil
}

// history reads every version of an item, newest first.
func history(ctx context.Context, q database.Querier, id string) ([]*scanned, error) {
	var all []*scanned
	rows, err := q.QueryContext(ctx, `SELECT `+versionColumns+` FROM change_item i JOIN change_version v ON v.item_id = i.id JOIN ledger_entry e ON e.id = v.entry_id
		WHERE i.id = $1 ORDER BY v.version DESC LIMIT 200`, id)
	err = each(rows, err, "read versions", func() error {
		var s scanned
		all = append(all, &s)
		return s.scan(rows.Scan)
	})
	return all, err
}

// Filter selects changes or deployments.
type Filter struct {
	Repository string            // slug
	Outcome    []landing.Outcome // of the whole
	Attribute  string            // one of Names, with Is
	Is         []landing.Outcome
	Flag       string // direct, emergency, standard, revert, a class
	From, To   time.Time
	Search     string
}

// where gives the condition of a filter, and its arguments after the first.
func (f Filter) where(ids map[string]string, args []any) (string, []any, error) {
	var b strings.Builder
	add := func(format string, values ...any) {
		for _, v := range values {
			args = append(args, v)
			format = strings.Replace(format, "?", "$"+strconv.Itoa(len(args)), 1)
		}
		b.WriteString(" AND " + format)
	}
	any := func(column string, list []landing.Outcome) error {
		if len(list) == 0 {
			return nil
		}
		marks, values := make([]string, len(list)), make([]interface{}, len(list))
		for i, o := range list {
			if !slices.Contains(landing.Outcomes(), o) {
				return bad("outcome", "%q is no outcome", o)
			}
			marks[i], values[i] = "?", string(o)
		}
		add("i."+column+" IN ("+strings.Join(marks, ", ")+")", values...)
		return nil
	}
	if f.Repository != "" {
		id, ok := ids[f.Repository]
		if !ok {
			return "", nil, bad("repository", "there is no repository %q", f.Repository)
		}
		add("i.repository_id = ?", id)
	}
	if err := any("outcome", f.Outcome); err != nil {
		return "", nil, err
	}
	if f.Attribute != "" || len(f.Is) > 0 {
		if !slices.Contains(landing.Names(), f.Attribute) {
			return "", nil, bad("attribute", "%q is no attribute", f.Attribute).WithHint("one of %s", strings.Join(landing.Names(), ", "))
		}
		if err := any(f.Attribute, f.Is); err != nil {
			return "", nil, err
		}
	}
	if f.Flag != "" {
		add("i.flags LIKE ?", "% "+escape(f.Flag)+" %")
	}
	if !f.From.IsZero() {
		add("i.at >= ?", micros(f.From))
	}
	if !f.To.IsZero() {
		add("i.at < ?", micros(f.To))
	}
	words := strings.Fields(strings.ToLower(f.Search))
	slices.SortStableFunc(words, func(a, b string) int { return digits(b) - digits(a) }) // numbers are rare: what is asked first spares the rest
	for _, word := range words {
		add(`replace(i.search, ?, '') <> i.search`, word) // both engines look for plain text faster than for a pattern
	}
	return b.String(), args, nil
}

func digits(s string) int {
	return len(s) - len(strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return -1
		}
		return r
	}, s))
}

func escape(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s)
}

const maxCounted = 10_000

// list gives a page, newest first, after a cursor.
func list(ctx context.Context, q database.Querier, kind string, f Filter, cursor string, limit int) (page []*scanned, next string, total int64, err error) {
	ids := map[string]string{}
	rows, err := q.QueryContext(ctx, `SELECT slug, id FROM change_repository`)
	if err := each(rows, err, "read repositories", func() error {
		var slug, id string
		err := rows.Scan(&slug, &id)
		ids[slug] = id
		return err
	}); err != nil {
		return nil, "", 0, err
	}
	where, args, err := f.where(ids, []any{kind})
	if err != nil {
		return nil, "", 0, err
	}
	all, counted := where, args
	if cursor != "" {
		at, id, ok := strings.Cut(cursor, "_after_")
		us, err := strconv.ParseInt(at, 10, 64)
		if !ok || err != nil {
			return nil, "", 0, bad("cursor", "this is no place in the list")
		}
		args = append(slices.Clone(args), us, id)
		where += fmt.Sprintf(" AND (i.at, i.id) < ($%d, $%d)", len(args)-1, len(args))
	}
	var last struct {
		at int64
		id string
	}
	rows, err = q.QueryContext(ctx, `SELECT p.at, p.id, p.number, p.natural_key, v.version, v.content, v.entry_id, COALESCE(e.idx, -1)
		FROM (SELECT i.at, i.id, i.number, i.natural_key, i.version FROM change_item i WHERE i.kind = $1 AND i.withdrawn = 0`+where+` ORDER BY i.at DESC, i.id DESC LIMIT `+strconv.Itoa(limit+1)+`) AS p
		JOIN change_version v ON v.item_id = p.id AND v.version = p.version JOIN ledger_entry e ON e.id = v.entry_id ORDER BY p.at DESC, p.id DESC`, args...)
	err = each(rows, err, "read items", func() error {
		var s scanned
		var at int64
		if err := rows.Scan(&at, &s.id, &s.number, &s.key, &s.version, &s.content, &s.entry, &s.index); err != nil {
			return err
		}
		if len(page) == limit {
			next = strconv.FormatInt(last.at, 10) + "_after_" + last.id
			return nil
		}
		last.at, last.id = at, s.id
		page = append(page, &s)
		return nil
	})
	if total = int64(len(page)); err != nil || cursor == "" && next == "" {
		return page, next, total, err // the page is all there is
	}
	err = q.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM change_item i WHERE i.kind = $1 AND i.withdrawn = 0`+all+` LIMIT `+strconv.Itoa(maxCounted)+`) AS n`, counted...).Scan(&total)
	if err != nil {
		return nil, "", 0, fmt.Errorf("count items: %w", err)
	}
	return page, next, total, nil
}

// tally counts items of a kind of [from, to) by what a reconciliation asks.
type tally struct {
	route, deployed, merged landing.Outcome
	flags                   string
	n                       int
}

func tallies(ctx context.Context, q database.Querier, kind string, from, to time.Time) ([]tally, error) {
	var all []tally
	rows, err := q.QueryContext(ctx, `SELECT route, deployed, merged, flags, COUNT(*) FROM change_item WHERE kind = $1 AND withdrawn = 0 AND at >= $2 AND at < $3 GROUP BY route, deployed, merged, flags`, kind, micros(from), micros(to))
	err = each(rows, err, "count items", func() error {
		var t tally
		err := rows.Scan(&t.route, &t.deployed, &t.merged, &t.flags, &t.n)
		all = append(all, t)
		return err
	})
	return all, err
}

// atLedger gives the version of every item of a kind that was newest at a size
// of the ledger, of those that landed or were deployed in [from, to).
func atLedger(ctx context.Context, q database.Querier, kind string, from, to time.Time, known int64) ([]*scanned, error) {
	var all []*scanned
	rows, err := q.QueryContext(ctx, `SELECT i.id, i.number, i.natural_key, v.version, v.content, v.entry_id, COALESCE(e.idx, -1)
		FROM change_version v JOIN ledger_entry e ON e.id = v.entry_id JOIN change_item i ON i.id = v.item_id
		WHERE v.kind = $1 AND v.at >= $2 AND v.at < $3 AND e.idx < $4 AND NOT EXISTS (SELECT 1 FROM change_version w JOIN ledger_entry f ON f.id = w.entry_id
			WHERE w.item_id = v.item_id AND w.version > v.version AND f.idx < $4) ORDER BY i.number`, kind, micros(from), micros(to), known)
	err = each(rows, err, "read items", func() error {
		var s scanned
		all = append(all, &s)
		return s.scan(rows.Scan)
	})
	return all, err
}

// contentOf gives the content of an item's newest version.
func contentOf(ctx context.Context, q database.Querier, id string) (string, error) {
	var content string
	err := q.QueryRowContext(ctx, `SELECT v.content FROM change_item i JOIN change_version v ON v.item_id = i.id AND v.version = i.version WHERE i.id = $1`, id).Scan(&content)
	if err != nil {
		return "", fmt.Errorf("read a version: %w", err)
	}
	return content, nil
}

// Counts are how many changes have each outcome of each attribute.
type Counts struct {
	Total      int64                                `json:"total"`
	Outcome    map[landing.Outcome]int64            `json:"outcome"`
	Attributes map[string]map[landing.Outcome]int64 `json:"attributes"`
	Direct     int64                                `json:"direct"`
	Unreviewed int64                                `json:"unreviewed"` // emergencies that wait for a review
}

func countItems(ctx context.Context, q database.Querier, kind string) (Counts, error) {
	c := Counts{Outcome: map[landing.Outcome]int64{}, Attributes: map[string]map[landing.Outcome]int64{}}
	names := landing.Names()
	for _, n := range names {
		c.Attributes[n] = map[landing.Outcome]int64{}
	}
	rows, err := q.QueryContext(ctx, `SELECT outcome, `+strings.Join(names, ", ")+`, COUNT(*) FROM change_item WHERE kind = $1 AND withdrawn = 0 GROUP BY outcome, `+strings.Join(names, ", "), kind)
	err = each(rows, err, "count items", func() error {
		values := make([]string, len(names)+1)
		var n int64
		into := []any{}
		for i := range values {
			into = append(into, &values[i])
		}
		if err := rows.Scan(append(into, &n)...); err != nil {
			return err
		}
		c.Total += n
		c.Outcome[landing.Outcome(values[0])] += n
		for i, name := range names {
			c.Attributes[name][landing.Outcome(values[i+1])] += n
		}
		return nil
	})
	c.Direct = c.Attributes[landing.Route][landing.Fail]
	return c, err
}

func ledgerSize(ctx context.Context, q database.Querier) (int64, error) {
	var size int64
	if err := q.QueryRowContext(ctx, `SELECT COALESCE(MAX(idx) + 1, 0) FROM ledger_entry`).Scan(&size); err != nil {
		return 0, fmt.Errorf("read the ledger's size: %w", err)
	}
	return size, nil
}
