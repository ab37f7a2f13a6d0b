package policy

import (
	"context"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/evidence/outcome"
)

// upTo bounds a query over steps or acknowledgements x with their entries e.
func upTo(at outcome.At) (where string, args []any) {
	where, args = "x.made_at <= $1", []any{clock.Micros(at.Valid)}
	if at.Known >= 0 {
		where, args = where+" AND e.idx < $2", append(args, at.Known)
	}
	return where, args
}

// stepsAt gives what happened to policies, in order, and the roles that each
// version asks, by policy and version.
func stepsAt(ctx context.Context, q database.Querier, at outcome.At) ([]told, map[string][]string, error) {
	where, args := upTo(at)
	rows, err := q.QueryContext(ctx, `SELECT p.number, v.title, x.version, x.step, x.until, x.made_at, v.digest FROM policy_step x JOIN policy p ON p.id = x.policy_id
		JOIN policy_version v ON v.policy_id = x.policy_id AND v.version = x.version JOIN ledger_entry e ON e.id = x.entry_id
		WHERE x.step IN ('published', 'retired') AND `+where+` ORDER BY p.number, x.seq`, args...)
	if err != nil {
		return nil, nil, fmt.Errorf("read what was published: %w", err)
	}
	var all []told
	if err := each(rows, func() error {
		var t told
		var until, made int64
		err := rows.Scan(&t.number, &t.title, &t.version, &t.step, &until, &made, &t.digest)
		t.at, t.until = clock.FromMicros(made), moment(until)
		all = append(all, t)
		return err
	}); err != nil {
		return nil, nil, err
	}
	rows, err = q.QueryContext(ctx, `SELECT p.number, a.version, a.role FROM policy_audience a JOIN policy p ON p.id = a.policy_id ORDER BY p.number, a.version, a.role`)
	if err != nil {
		return nil, nil, fmt.Errorf("read whom policies ask: %w", err)
	}
	roles := map[string][]string{}
	return all, roles, each(rows, func() error {
		var number, version int
		var role string
		err := rows.Scan(&number, &version, &role)
		roles[versionKey(number, version)] = append(roles[versionKey(number, version)], role)
		return err
	})
}

// acknowledgedAt gives who acknowledged which version when, by policy and user,
// in order.
func acknowledgedAt(ctx context.Context, q database.Querier, at outcome.At) (map[string][]taken, error) {
	where, args := upTo(at)
	rows, err := q.QueryContext(ctx, `SELECT p.number, x.user_id, x.version, x.tries, x.made_at FROM policy_acknowledgement x JOIN policy p ON p.id = x.policy_id
		JOIN ledger_entry e ON e.id = x.entry_id WHERE `+where+` ORDER BY x.made_at, x.version`, args...)
	if err != nil {
		return nil, fmt.Errorf("read acknowledgements: %w", err)
	}
	out := map[string][]taken{}
	return out, each(rows, func() error {
		var number int
		var user string
		var made int64
		var t taken
		err := rows.Scan(&number, &user, &t.version, &t.tries, &made)
		t.at = clock.FromMicros(made)
		key := fmt.Sprintf("P-%d/%s", number, user)
		out[key] = append(out[key], t)
		return err
	})
}

// told is a step as the ledger told it up to a moment.
type told struct {
	number, version int
	title, step     string
	digest          string
	at, until       time.Time // until is zero where nobody was asked
}

// taken is an acknowledgement.
type taken struct {
	version int
	tries   int64
	at      time.Time
}

func versionKey(number, version int) string { return fmt.Sprintf("%d/%d", number, version) }
