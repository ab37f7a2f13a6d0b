package component

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/database"
)

// where writes a filter as a condition.
func (f Filter) where() (string, []any) {
	var parts []string
	var args []any
	add := func(part string, v any) {
		args = append(args, v)
		parts = append(parts, strings.ReplaceAll(part, "?", "$"+strconv.Itoa(len(args))))
	}
	if f.Kind != "" {
		add("c.kind = ?", string(f.Kind))
	}
	if f.State != "" {
		add("c.state = ?", string(f.State))
	}
	if f.Open {
		parts = append(parts, "c.state IN ('new', 'refused', 'expired')")
	}
	if f.Asked {
		parts = append(parts, "c.asked = 1")
	}
	if f.Query != "" {
		escaped := strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(strings.ToLower(f.Query))
		add(`LOWER(c.name) LIKE ? ESCAPE '\'`, "%"+escaped+"%")
	}
	if f.Host != "" {
		add("EXISTS (SELECT 1 FROM component_host h JOIN component_member m ON m.set_id = h.set_id WHERE h.host_id = ? AND m.component_id = c.id)", f.Host)
	}
	if !f.From.IsZero() {
		add("c.first_at >= ?", micros(f.From))
	}
	if !f.Until.IsZero() {
		add("c.first_at < ?", micros(f.Until))
	}
	if len(parts) == 0 {
		return "1 = 1", args
	}
	return strings.Join(parts, " AND "), args
}

func cursorOf(c *Component) string { return strconv.FormatInt(micros(c.First), 10) + "|" + c.ID }

func page(ctx context.Context, q database.Querier, f Filter, after string, limit int) ([]*Component, error) {
	where, args := f.where()
	if after != "" {
		us, id, ok := strings.Cut(after, "|")
		n, err := strconv.ParseInt(us, 10, 64)
		if err != nil || !ok {
			return nil, bad("cursor", "%q is no place in this list", after)
		}
		where += " AND (c.first_at, c.id) < ($" + strconv.Itoa(len(args)+1) + ", $" + strconv.Itoa(len(args)+2) + ")"
		args = append(args, n, id)
	}
	return all(ctx, q, scanComponent, `SELECT `+columns+` FROM component c WHERE `+where+` ORDER BY c.first_at DESC, c.id DESC LIMIT $`+strconv.Itoa(len(args)+1), append(args, limit)...)
}

func countOf(ctx context.Context, q database.Querier, f Filter) (n int64, err error) {
	where, args := f.where()
	if err = q.QueryRowContext(ctx, `SELECT COUNT(*) FROM component c WHERE `+where, args...).Scan(&n); err != nil {
		return 0, fmt.Errorf("count components: %w", err)
	}
	return n, nil
}

// count says of each component on how many hosts it is.
func count(ctx context.Context, q database.Querier, list []*Component) error {
	ids := make([]string, len(list))
	at := map[string]*Component{}
	for i, c := range list {
		ids[i], at[c.ID] = c.ID, c
	}
	return eachPart(ids, func(part []string, args []any) error {
		rows, err := q.QueryContext(ctx, `SELECT m.component_id, SUM(s.hosts) FROM component_member m JOIN component_set s ON s.id = m.set_id WHERE m.component_id IN (`+marks(1, len(part))+`) GROUP BY m.component_id`, args...)
		if err != nil {
			return fmt.Errorf("count hosts of components: %w", err)
		}
		defer rows.Close()
		for rows.Next() {
			var id string
			var n int64
			if err := rows.Scan(&id, &n); err != nil {
				return err
			}
			at[id].Hosts = n
		}
		return rows.Err()
	})
}

func eventsOf(ctx context.Context, q database.Querier, id string, limit int) ([]Event, error) {
	return all(ctx, q, func(scan func(...any) error) (e Event, err error) {
		var at int64
		err = scan(&at, &e.Host, &e.Name, &e.What)
		e.At = moment(at)
		return e, err
	}, `SELECT at, host_id, host_name, what FROM component_event WHERE component_id = $1 ORDER BY at DESC, host_id LIMIT $2`, id, limit)
}

type span struct {
	c        *Component
	from, to time.Time
}

// spansUpTo gives when each component was on any host, up to a moment, as known by a
// size of the ledger (-1: now).
func spansUpTo(ctx context.Context, q database.Querier, at time.Time, known int64) ([]span, error) {
	return all(ctx, q, func(scan func(...any) error) (x span, err error) {
		var from, to int64
		x.c, err = scanComponent(func(into ...any) error { return scan(append(into, &from, &to)...) })
		x.from, x.to = moment(from), moment(to)
		if x.to.After(at) {
			x.to = time.Time{}
		}
		return x, err
	}, `SELECT `+columns+`, s.from_at, s.to_at FROM component_span s JOIN component c ON c.id = s.component_id
		WHERE s.from_at <= $1 AND ($2 < 0 OR EXISTS (SELECT 1 FROM ledger_entry e WHERE e.id = s.entry_id AND e.idx < $2)) ORDER BY c.kind, c.name, c.id, s.from_at`, micros(at), known)
}

func decisionsUpTo(ctx context.Context, q database.Querier, at time.Time, known int64) ([]Decision, error) {
	return all(ctx, q, scanDecision, `SELECT `+decisionColumns+` FROM component_decision d
		WHERE d.at <= $1 AND ($2 < 0 OR EXISTS (SELECT 1 FROM ledger_entry e WHERE e.id = d.entry_id AND e.idx < $2)) ORDER BY d.component_id, d.seq`, micros(at), known)
}
