package finding

import (
	"context"
	"fmt"
	"strconv"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/evidence/outcome"
)

// lastEvents joins findings to the newest of their events up to a moment, as
// known by a ledger size.
func lastEvents(at outcome.At, f Filter) (string, []any) {
	of, known, args := "", "", []any{micros(at.Valid)}
	if at.Known >= 0 {
		args = append(args, at.Known)
		of, known = " JOIN ledger_entry e ON e.id = w.entry_id", " AND e.idx < $2"
	}
	from := `FROM finding f JOIN finding_event v ON v.finding_id = f.id WHERE v.seq = (SELECT MAX(w.seq) FROM finding_event w` + of + `
		WHERE w.finding_id = f.id AND w.valid_at <= $1` + known + `)`
	for _, is := range []struct{ column, value string }{{"check_id", f.Check}, {"item_id", f.Item}} {
		if is.value != "" {
			args = append(args, is.value)
			from += " AND f." + is.column + " = $" + strconv.Itoa(len(args))
		}
	}
	return from, args
}

func statesAt(ctx context.Context, q database.Querier, at outcome.At, f Filter) (map[State]int64, error) {
	from, args := lastEvents(at, f)
	rows, err := q.QueryContext(ctx, `SELECT v.to_state, COUNT(*) `+from+` GROUP BY v.to_state`, args...)
	if err != nil {
		return nil, fmt.Errorf("count findings of a moment: %w", err)
	}
	defer rows.Close()
	out := map[State]int64{}
	for rows.Next() {
		var s State
		var n int64
		if err := rows.Scan(&s, &n); err != nil {
			return nil, fmt.Errorf("count findings of a moment: %w", err)
		}
		out[s] = n
	}
	return out, rows.Err()
}

func listAt(ctx context.Context, q database.Querier, at outcome.At, f Filter, before int64, limit int) ([]Finding, error) {
	from, args := lastEvents(at, f)
	if len(f.States) > 0 {
		in := ""
		for i, s := range f.States {
			if i > 0 {
				in += ", "
			}
			args = append(args, string(s))
			in += "$" + strconv.Itoa(len(args))
		}
		from += " AND v.to_state IN (" + in + ")"
	}
	if before > 0 {
		args = append(args, before)
		from += " AND f.number < $" + strconv.Itoa(len(args))
	}
	args = append(args, limit)
	rows, err := q.QueryContext(ctx, `SELECT f.id, f.number, f.check_id, f.attribute_id, f.item_id, f.item_name, f.title, f.severity, f.opened_at, v.to_state, v.valid_at, v.reason
		`+from+` ORDER BY f.number DESC LIMIT $`+strconv.Itoa(len(args)), args...)
	if err != nil {
		return nil, fmt.Errorf("read findings of a moment: %w", err)
	}
	defer rows.Close()
	var all []Finding
	for rows.Next() {
		var x Finding
		var opened, changed int64
		if err := rows.Scan(&x.ID, &x.Number, &x.Check, &x.Attribute, &x.Item, &x.ItemName, &x.Title, &x.Severity, &opened, &x.State, &changed, &x.Reason); err != nil {
			return nil, fmt.Errorf("read findings of a moment: %w", err)
		}
		x.OpenedAt, x.ChangedAt = moment(opened), moment(changed)
		all = append(all, x)
	}
	return all, rows.Err()
}
