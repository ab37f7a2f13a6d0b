package segment

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
)

// flowKey is what a kind of connections of a host is known by.
type flowKey struct {
	source, direction, protocol string
	port                        int
	local, remote, program      string
}

// flowRow is one of them, since when and until when.
type flowRow struct {
	flowKey
	first, last time.Time
	now         bool // the host tells it
}

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

func all[T any](ctx context.Context, q database.Querier, scan func(scan func(...any) error) (T, error), query string, args ...any) ([]T, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		x, err := scan(rows.Scan)
		if err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, rows.Err()
}

func putFlow(ctx context.Context, q database.Querier, r flowRow) error {
	_, err := q.ExecContext(ctx, `INSERT INTO segment_flow (source, direction, protocol, port, local, remote, program, first_at, last_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (source, direction, protocol, port, local, remote, program) DO UPDATE SET last_at = excluded.last_at`,
		r.source, r.direction, r.protocol, r.port, r.local, r.remote, r.program, micros(r.first), micros(r.last))
	return err
}

func dropFlows(ctx context.Context, q database.Querier, before time.Time) error {
	_, err := q.ExecContext(ctx, `DELETE FROM segment_flow WHERE last_at > 0 AND last_at < $1`, micros(before))
	return err
}

func flowsSince(ctx context.Context, q database.Querier, since time.Time) ([]flowRow, error) {
	return all(ctx, q, func(scan func(...any) error) (r flowRow, err error) {
		var first, last int64
		err = scan(&r.source, &r.direction, &r.protocol, &r.port, &r.local, &r.remote, &r.program, &first, &last)
		r.first, r.last, r.now = moment(first), moment(last), last == 0
		return r, err
	}, `SELECT source, direction, protocol, port, local, remote, program, first_at, last_at FROM segment_flow WHERE last_at = 0 OR last_at >= $1`, micros(since))
}

const askColumns = `ask_id, source, host, plan, rules, targets, asked_by, asked_at, until, answered_at, refuse`

func scanAsk(scan func(...any) error) (a Asked, err error) {
	var rules string
	var at, until, answered int64
	err = scan(&a.ID, &a.Source, &a.Host, &a.Plan, &rules, &a.Targets, &a.By, &at, &until, &answered, &a.Refuse)
	a.Rules, a.At, a.Until, a.Answered = strings.Fields(rules), moment(at), moment(until), moment(answered)
	return a, err
}

func insertAsk(ctx context.Context, q database.Querier, a Asked) error {
	_, err := q.ExecContext(ctx, `INSERT INTO segment_ask (`+askColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, '')`,
		a.ID, a.Source, a.Host, a.Plan, strings.Join(a.Rules, " "), a.Targets, a.By, micros(a.At), micros(a.Until))
	if err != nil {
		return fmt.Errorf("keep what %s was asked: %w", a.Host, err)
	}
	return nil
}

func answerAsk(ctx context.Context, q database.Querier, a Asked) error {
	_, err := q.ExecContext(ctx, `UPDATE segment_ask SET answered_at = $2, refuse = $3 WHERE ask_id = $1`, a.ID, micros(a.Answered), a.Refuse)
	return err
}

func askOf(ctx context.Context, q database.Querier, id string) (Asked, error) {
	a, err := scanAsk(q.QueryRowContext(ctx, `SELECT `+askColumns+` FROM segment_ask WHERE ask_id = $1`, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return a, fault.New(fault.NotFound, "no probe was asked for under %s", id)
	}
	return a, err
}

func asksSince(ctx context.Context, q database.Querier, since time.Time) ([]Asked, error) {
	return all(ctx, q, scanAsk, `SELECT `+askColumns+` FROM segment_ask WHERE asked_at >= $1 ORDER BY asked_at, host, ask_id`, micros(since))
}

const proofColumns = `ask_id, no, plan, rule, expects, source, from_host, from_zone, to_host, to_zone, address, protocol, port, state, reason, local, at, took_us, entry_id`

func scanProof(scan func(...any) error) (p Proof, err error) {
	var at int64
	var expects string
	err = scan(&p.Ask, &p.No, &p.Plan, &p.Rule, &expects, &p.Source, &p.From, &p.FromZone, &p.To, &p.ToZone, &p.Address, &p.Protocol, &p.Port, &p.State, &p.Reason, &p.Local, &at, &p.TookUs, &p.Entry)
	p.Expects, p.At = Kind(expects), moment(at)
	return p, err
}

func insertProof(ctx context.Context, q database.Querier, p Proof) error {
	_, err := q.ExecContext(ctx, `INSERT INTO segment_proof (`+proofColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)`,
		p.Ask, p.No, p.Plan, p.Rule, string(p.Expects), p.Source, p.From, p.FromZone, p.To, p.ToZone, p.Address, p.Protocol, p.Port, p.State, p.Reason, p.Local, micros(p.At), p.TookUs, p.Entry)
	if err != nil {
		return fmt.Errorf("keep a proof of %s: %w", p.Rule, err)
	}
	return nil
}

func proofsSince(ctx context.Context, q database.Querier, since time.Time) ([]Proof, error) {
	return all(ctx, q, scanProof, `SELECT `+proofColumns+` FROM segment_proof WHERE at >= $1 ORDER BY at, ask_id, no`, micros(since))
}

func proofsOfEntry(ctx context.Context, q database.Querier, entry string) ([]Proof, error) {
	return all(ctx, q, scanProof, `SELECT `+proofColumns+` FROM segment_proof WHERE entry_id = $1 ORDER BY ask_id, no`, entry)
}

// proofsBetween gives proofs of a window as known by a size of the ledger (below 0: all).
func proofsBetween(ctx context.Context, q database.Querier, from, to time.Time, known int64) ([]Proof, error) {
	return all(ctx, q, scanProof, `SELECT p.`+strings.ReplaceAll(proofColumns, ", ", ", p.")+` FROM segment_proof p JOIN ledger_entry l ON l.id = p.entry_id
		WHERE p.at >= $1 AND p.at <= $2 AND ($3 < 0 OR l.idx < $3) ORDER BY p.at, p.ask_id, p.no`, micros(from), micros(to), known)
}
