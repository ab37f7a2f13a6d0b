package component

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
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

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// all reads rows.
func all[T any](ctx context.Context, q database.Querier, scan func(func(...any) error) (T, error), query string, args ...any) ([]T, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read components: %w", err)
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		x, err := scan(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("read components: %w", err)
		}
		out = append(out, x)
	}
	return out, rows.Err()
}

func oneText(scan func(...any) error) (s string, err error) { err = scan(&s); return s, err }

func exec(ctx context.Context, q database.Querier, query string, args ...any) error {
	if _, err := q.ExecContext(ctx, query, args...); err != nil {
		return fmt.Errorf("store components: %w", err)
	}
	return nil
}

// many inserts rows, 100 a statement.
func many(ctx context.Context, q database.Querier, head, tail string, rows [][]any) error {
	for len(rows) > 0 {
		part := rows[:min(len(rows), 100)]
		rows = rows[len(part):]
		var b strings.Builder
		var args []any
		b.WriteString(head)
		for i, r := range part {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteByte('(')
			for j, v := range r {
				if j > 0 {
					b.WriteByte(',')
				}
				args = append(args, v)
				b.WriteString("$" + strconv.Itoa(len(args)))
			}
			b.WriteByte(')')
		}
		b.WriteString(tail)
		if err := exec(ctx, q, b.String(), args...); err != nil {
			return err
		}
	}
	return nil
}

// marks gives $from, … for n values.
func marks(from, n int) string {
	var out []string
	for i := range n {
		out = append(out, "$"+strconv.Itoa(from+i))
	}
	return strings.Join(out, ", ")
}

// eachPart calls f with at most 400 ids at a time.
func eachPart(ids []string, f func(part []string, args []any) error) error {
	for len(ids) > 0 {
		part := ids[:min(len(ids), 400)]
		ids = ids[len(part):]
		args := make([]any, len(part))
		for i, id := range part {
			args[i] = id
		}
		if err := f(part, args); err != nil {
			return err
		}
	}
	return nil
}

const columns = `c.id, c.kind, c.name, c.identity, c.evidence, c.first_at, c.first_host, c.first_name, c.gone_at, c.gone_host, c.state, c.why, c.asked, c.item, c.quiet_at`

func scanComponent(scan func(...any) error) (*Component, error) {
	var c Component
	var identity string
	var first, gone, asked, item, quiet int64
	if err := scan(&c.ID, &c.Kind, &c.Name, &identity, &c.Evidence, &first, &c.FirstHost, &c.FirstName, &gone, &c.GoneFrom, &c.State, &c.Why, &asked, &item, &quiet); err != nil {
		return nil, err
	}
	c.First, c.GoneAt, c.Asked, c.item, c.quiet = moment(first), moment(gone), asked != 0, item != 0, moment(quiet)
	return &c, json.Unmarshal([]byte(identity), &c.Identity)
}

func get(ctx context.Context, q database.Querier, id string) (*Component, error) {
	c, err := scanComponent(q.QueryRowContext(ctx, `SELECT `+columns+` FROM component c WHERE c.id = $1`, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fault.New(fault.NotFound, "there is no component %s", id)
	}
	if err != nil {
		return nil, fmt.Errorf("component %s: %w", id, err)
	}
	return c, nil
}

// lock is get for somebody who is about to change it.
func lock(ctx context.Context, q database.Querier, id string) (*Component, error) {
	if err := exec(ctx, q, `UPDATE component SET due = due WHERE id = $1`, id); err != nil {
		return nil, err
	}
	return get(ctx, q, id)
}

// held is what a part of a host was when it was last read.
type held struct {
	set, state, reason string
	since              time.Time
	known              bool
}

func heldBy(ctx context.Context, q database.Querier, host, part string) (h held, err error) {
	var since int64
	err = q.QueryRowContext(ctx, `SELECT set_id, state, reason, since FROM component_host WHERE host_id = $1 AND part = $2`, host, part).Scan(&h.set, &h.state, &h.reason, &since)
	if errors.Is(err, sql.ErrNoRows) {
		return held{}, nil
	}
	h.since, h.known = moment(since), err == nil
	return h, err
}

func putHeld(ctx context.Context, q database.Querier, host, part string, h held, at time.Time) error {
	return exec(ctx, q, `INSERT INTO component_host (host_id, part, set_id, state, reason, since, at) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (host_id, part) DO UPDATE SET set_id = excluded.set_id, state = excluded.state, reason = excluded.reason, at = excluded.at`, host, part, h.set, h.state, h.reason, micros(h.since), micros(at))
}

func members(ctx context.Context, q database.Querier, set string) ([]string, error) {
	if set == "" {
		return nil, nil
	}
	return all(ctx, q, oneText, `SELECT component_id FROM component_member WHERE set_id = $1`, set)
}

type set struct {
	id, digest string
	hosts      int64
}

func setOf(ctx context.Context, q database.Querier, part, digest string) (s set, err error) {
	err = q.QueryRowContext(ctx, `SELECT id, digest, hosts FROM component_set WHERE part = $1 AND digest = $2`, part, digest).Scan(&s.id, &s.digest, &s.hosts)
	if errors.Is(err, sql.ErrNoRows) {
		return set{}, nil
	}
	return s, err
}

func hostsOf(ctx context.Context, q database.Querier, id string) (n int64, err error) {
	err = q.QueryRowContext(ctx, `SELECT hosts FROM component_set WHERE id = $1`, id).Scan(&n)
	return n, err
}

func insertSet(ctx context.Context, q database.Querier, id, part, digest string) error {
	return exec(ctx, q, `INSERT INTO component_set (id, part, digest, hosts) VALUES ($1, $2, $3, 1)`, id, part, digest)
}

func countSet(ctx context.Context, q database.Querier, id string, by int) error {
	return exec(ctx, q, `UPDATE component_set SET hosts = hosts + $2 WHERE id = $1`, id, by)
}

func renameSet(ctx context.Context, q database.Querier, id, digest string) error {
	return exec(ctx, q, `UPDATE component_set SET digest = $2 WHERE id = $1`, id, digest)
}

func dropSet(ctx context.Context, q database.Querier, id string) error {
	if err := exec(ctx, q, `DELETE FROM component_member WHERE set_id = $1`, id); err != nil {
		return err
	}
	return exec(ctx, q, `DELETE FROM component_set WHERE id = $1`, id)
}

func addMembers(ctx context.Context, q database.Querier, set string, ids []string) error {
	rows := make([][]any, len(ids))
	for i, id := range ids {
		rows[i] = []any{set, id}
	}
	return many(ctx, q, `INSERT INTO component_member (set_id, component_id) VALUES `, ` ON CONFLICT DO NOTHING`, rows)
}

func dropMembers(ctx context.Context, q database.Querier, set string, ids []string) error {
	return eachPart(ids, func(part []string, args []any) error {
		return exec(ctx, q, `DELETE FROM component_member WHERE set_id = $1 AND component_id IN (`+marks(2, len(part))+`)`, append([]any{set}, args...)...)
	})
}

// unknownOf gives which of some components do not stand in the register yet, and which
// of the others were nowhere.
func standingOf(ctx context.Context, q database.Querier, ids []string) (there map[string]bool, gone map[string]bool, err error) {
	there, gone = map[string]bool{}, map[string]bool{}
	err = eachPart(ids, func(part []string, args []any) error {
		rows, err := q.QueryContext(ctx, `SELECT id, gone_at FROM component WHERE id IN (`+marks(1, len(part))+`)`, args...)
		if err != nil {
			return fmt.Errorf("read components: %w", err)
		}
		defer rows.Close()
		for rows.Next() {
			var id string
			var at int64
			if err := rows.Scan(&id, &at); err != nil {
				return err
			}
			there[id], gone[id] = true, at != 0
		}
		return rows.Err()
	})
	return there, gone, err
}

// anywhere gives which of some components are part of a host.
func anywhere(ctx context.Context, q database.Querier, ids []string) (map[string]bool, error) {
	out := map[string]bool{}
	return out, eachPart(ids, func(part []string, args []any) error {
		list, err := all(ctx, q, oneText, `SELECT DISTINCT component_id FROM component_member WHERE component_id IN (`+marks(1, len(part))+`)`, args...)
		for _, id := range list {
			out[id] = true
		}
		return err
	})
}

func insertComponents(ctx context.Context, q database.Querier, list []Seen, judged map[Kind]Baseline, host, name string, at time.Time) error {
	rows := make([][]any, len(list))
	for i, s := range list {
		identity, err := s.identity()
		if err != nil {
			return err
		}
		_, has := judged[s.Kind]
		rows[i] = []any{s.ID(), string(s.Kind), s.Name, identity, s.Evidence, micros(at), host, name, 0, "", string(Learning), notYet(s.Kind), 0, 0, 0, 0, 0, bit(has || s.Kind == Machine)}
	}
	return many(ctx, q, `INSERT INTO component (id, kind, name, identity, evidence, first_at, first_host, first_name, gone_at, gone_host, state, why, asked, scoped, expires_at, item, quiet_at, due) VALUES `, ` ON CONFLICT (id) DO NOTHING`, rows)
}

func insertSpans(ctx context.Context, q database.Querier, ids []string, at time.Time, entry string) error {
	rows := make([][]any, len(ids))
	for i, id := range ids {
		rows[i] = []any{id, micros(at), 0, entry}
	}
	return many(ctx, q, `INSERT INTO component_span (component_id, from_at, to_at, entry_id) VALUES `, ` ON CONFLICT DO NOTHING`, rows)
}

func back(ctx context.Context, q database.Querier, ids []string) error {
	return eachPart(ids, func(part []string, args []any) error {
		return exec(ctx, q, `UPDATE component SET gone_at = 0, gone_host = '', due = 1 WHERE id IN (`+marks(1, len(part))+`)`, args...)
	})
}

func vanish(ctx context.Context, q database.Querier, ids []string, host string, at time.Time) error {
	return eachPart(ids, func(part []string, args []any) error {
		if err := exec(ctx, q, `UPDATE component SET gone_at = $1, gone_host = $2, due = 1 WHERE id IN (`+marks(3, len(part))+`)`, append([]any{micros(at), host}, args...)...); err != nil {
			return err
		}
		return exec(ctx, q, `UPDATE component_span SET to_at = $1 WHERE to_at = 0 AND component_id IN (`+marks(2, len(part))+`)`, append([]any{micros(at)}, args...)...)
	})
}

func insertEvents(ctx context.Context, q database.Querier, ids []string, host, name, what string, at time.Time) error {
	rows := make([][]any, len(ids))
	for i, id := range ids {
		rows[i] = []any{id, micros(at), host, name, what}
	}
	return many(ctx, q, `INSERT INTO component_event (component_id, at, host_id, host_name, what) VALUES `, ` ON CONFLICT DO NOTHING`, rows)
}

// stir has components looked at again whose state a host may change: those that are
// items, and those that are approved for some hosts only.
func stir(ctx context.Context, q database.Querier, set string) error {
	if set == "" {
		return nil
	}
	return exec(ctx, q, `UPDATE component SET due = 1 WHERE due = 0 AND (item = 1 OR scoped = 1) AND id IN (SELECT component_id FROM component_member WHERE set_id = $1)`, set)
}

func stirThese(ctx context.Context, q database.Querier, ids []string) error {
	return eachPart(ids, func(part []string, args []any) error {
		return exec(ctx, q, `UPDATE component SET due = 1 WHERE (item = 1 OR scoped = 1) AND id IN (`+marks(1, len(part))+`)`, args...)
	})
}

func stirKind(ctx context.Context, q database.Querier, kind Kind) error {
	return exec(ctx, q, `UPDATE component SET due = 1 WHERE kind = $1`, string(kind))
}

// stirExpired has those looked at whose approval ends about now.
func stirExpired(ctx context.Context, q database.Querier, now time.Time) error {
	return exec(ctx, q, `UPDATE component SET due = 1 WHERE expires_at > 0 AND expires_at <= $1`, micros(now))
}

// stirHosts has the items of some hosts looked at, which fell silent or spoke again,
// and what is approved for some hosts only: a reference may be among them.
func stirHosts(ctx context.Context, q database.Querier, hosts []string) error {
	return eachPart(hosts, func(part []string, args []any) error {
		return exec(ctx, q, `UPDATE component SET due = 1 WHERE (item = 1 OR scoped = 1) AND id IN (SELECT m.component_id FROM component_host h JOIN component_member m ON m.set_id = h.set_id WHERE h.host_id IN (`+marks(1, len(part))+`))`, args...)
	})
}

func stirMachines(ctx context.Context, q database.Querier, ids []string) error {
	return eachPart(ids, func(part []string, args []any) error {
		return exec(ctx, q, `UPDATE component SET due = 1 WHERE id IN (`+marks(1, len(part))+`)`, args...)
	})
}

func dueNow(ctx context.Context, q database.Querier, limit int) ([]*Component, error) {
	return all(ctx, q, scanComponent, `SELECT `+columns+` FROM component c WHERE c.due = 1 ORDER BY c.id LIMIT $1`, limit)
}

func items(ctx context.Context, q database.Querier) ([]*Component, error) {
	return all(ctx, q, scanComponent, `SELECT `+columns+` FROM component c WHERE c.item = 1 ORDER BY c.id`)
}

func save(ctx context.Context, q database.Querier, c *Component, scoped bool, expires time.Time) error {
	return exec(ctx, q, `UPDATE component SET state = $2, why = $3, asked = $4, scoped = $5, expires_at = $6, item = $7, quiet_at = $8, due = 0 WHERE id = $1`,
		c.ID, string(c.State), c.Why, bit(c.Asked), bit(scoped), micros(expires), bit(c.item), micros(c.quiet))
}

// placesOf gives where a component is, as last read. Names and silence are not of
// here.
func placesOf(ctx context.Context, q database.Querier, id string) ([]Place, error) {
	return all(ctx, q, func(scan func(...any) error) (p Place, err error) {
		var since, seen int64
		err = scan(&p.Host, &p.Part, &p.State, &p.Reason, &since, &seen)
		p.Since = moment(max(since, seen))
		return p, err
	}, `SELECT h.host_id, h.part, h.state, h.reason, h.since, COALESCE((SELECT MAX(e.at) FROM component_event e WHERE e.component_id = m.component_id AND e.host_id = h.host_id AND e.what = 'appeared'), 0)
		FROM component_member m JOIN component_host h ON h.set_id = m.set_id WHERE m.component_id = $1`, id)
}

const decisionColumns = `d.id, d.component_id, d.seq, d.at, d.what, d.by_user, d.owner, d.reason, d.scope, d.expires_at, d.to_user, d.alone, d.from_file, d.entry_id, COALESCE((SELECT e.idx FROM ledger_entry e WHERE e.id = d.entry_id), -1)`

func scanDecision(scan func(...any) error) (d Decision, err error) {
	var at, expires, file int64
	err = scan(&d.ID, &d.Component, &d.Seq, &at, &d.What, &d.By, &d.Owner, &d.Reason, &d.Scope, &expires, &d.To, &d.Alone, &file, &d.Entry, &d.Index)
	d.At, d.Expires, d.FromFile = moment(at), moment(expires), file != 0
	return d, err
}

func decisionsOf(ctx context.Context, q database.Querier, id string) ([]Decision, error) {
	return all(ctx, q, scanDecision, `SELECT `+decisionColumns+` FROM component_decision d WHERE d.component_id = $1 ORDER BY d.seq`, id)
}

func decisionsOfEntry(ctx context.Context, q database.Querier, entry string) ([]Decision, error) {
	return all(ctx, q, scanDecision, `SELECT `+decisionColumns+` FROM component_decision d WHERE d.entry_id = $1 ORDER BY d.component_id, d.seq`, entry)
}

func insertDecision(ctx context.Context, q database.Querier, d Decision) error {
	return exec(ctx, q, `INSERT INTO component_decision (id, component_id, at, seq, what, by_user, owner, reason, scope, expires_at, to_user, alone, from_file, entry_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		d.ID, d.Component, micros(d.At), d.Seq, d.What, d.By, d.Owner, d.Reason, d.Scope, micros(d.Expires), d.To, d.Alone, bit(d.FromFile), d.Entry)
}

func lastSeq(ctx context.Context, q database.Querier, id string) (n int64, err error) {
	err = q.QueryRowContext(ctx, `SELECT COALESCE(MAX(seq), 0) FROM component_decision WHERE component_id = $1`, id).Scan(&n)
	return n, err
}

func baselines(ctx context.Context, q database.Querier) (map[Kind]Baseline, error) {
	list, err := all(ctx, q, func(scan func(...any) error) (b Baseline, err error) {
		var at int64
		err = scan(&b.Kind, &at, &b.By)
		b.At = moment(at)
		return b, err
	}, `SELECT kind, at, by_user FROM component_baseline`)
	out := map[Kind]Baseline{}
	for _, b := range list {
		out[b.Kind] = b
	}
	return out, err
}

// putBaseline reports whether the kind had none.
func putBaseline(ctx context.Context, q database.Querier, kind Kind, at time.Time, by, entry string) (bool, error) {
	r, err := q.ExecContext(ctx, `INSERT INTO component_baseline (kind, at, by_user, entry_id) VALUES ($1, $2, $3, $4) ON CONFLICT (kind) DO NOTHING`, string(kind), micros(at), by, entry)
	if err != nil {
		return false, fmt.Errorf("store a baseline: %w", err)
	}
	n, err := r.RowsAffected()
	return n > 0, err
}

func putLinks(ctx context.Context, q database.Querier, host string, macs, gateways []string) error {
	if err := exec(ctx, q, `DELETE FROM component_link WHERE host_id = $1`, host); err != nil {
		return err
	}
	var rows [][]any
	for _, m := range macs {
		rows = append(rows, []any{host, "mac", m})
	}
	for _, g := range gateways {
		rows = append(rows, []any{host, "gateway", g})
	}
	return many(ctx, q, `INSERT INTO component_link (host_id, what, value) VALUES `, ` ON CONFLICT DO NOTHING`, rows)
}

func linkedTo(ctx context.Context, q database.Querier, what, value string) ([]string, error) {
	return all(ctx, q, oneText, `SELECT host_id FROM component_link WHERE what = $1 AND value = $2 ORDER BY host_id`, what, value)
}

// unread gives hosts, of some, whose sections were never looked at.
func reported(ctx context.Context, q database.Querier) (map[string]bool, error) {
	list, err := all(ctx, q, oneText, `SELECT DISTINCT host_id FROM component_host`)
	out := map[string]bool{}
	for _, id := range list {
		out[id] = true
	}
	return out, err
}

func foundBy(ctx context.Context, q database.Querier, entry string) ([]string, error) {
	return all(ctx, q, oneText, `SELECT component_id FROM component_span WHERE entry_id = $1`, entry)
}

func dropItem(ctx context.Context, q database.Querier, id string) error {
	return exec(ctx, q, `UPDATE component SET item = 0, quiet_at = 0 WHERE id = $1`, id)
}

func countKinds(ctx context.Context, q database.Querier) (map[Kind]map[State]int64, error) {
	rows, err := q.QueryContext(ctx, `SELECT kind, state, COUNT(*) FROM component GROUP BY kind, state`)
	if err != nil {
		return nil, fmt.Errorf("count components: %w", err)
	}
	defer rows.Close()
	out := map[Kind]map[State]int64{}
	for rows.Next() {
		var k Kind
		var st State
		var n int64
		if err := rows.Scan(&k, &st, &n); err != nil {
			return nil, err
		}
		if out[k] == nil {
			out[k] = map[State]int64{}
		}
		out[k][st] = n
	}
	return out, rows.Err()
}
