package standard

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
)

// generation counts changes of the standards: equal generations, equal sets.
func generation(ctx context.Context, q database.Querier) (int64, error) {
	var n int64
	if err := q.QueryRowContext(ctx, `SELECT value FROM evidence_counter WHERE name = 'standard'`).Scan(&n); err != nil {
		return 0, fmt.Errorf("read the standards' generation: %w", err)
	}
	return n, nil
}

// nextGeneration raises it; its row stays locked until the transaction ends.
func nextGeneration(ctx context.Context, tx *sql.Tx) (int64, error) {
	var n int64
	if err := tx.QueryRowContext(ctx, `UPDATE evidence_counter SET value = value + 1 WHERE name = 'standard' RETURNING value`).Scan(&n); err != nil {
		return 0, fmt.Errorf("raise the standards' generation: %w", err)
	}
	return n, nil
}

func insertStandard(ctx context.Context, tx *sql.Tx, st Standard, generation int64, content []byte) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO standard (id, pack, version, title, digest, content, checks, attributes, generation, installed_at, installed_by, entry_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`, st.ID, st.Pack, st.Version, st.Title, st.Base, content, st.Checks, st.Attributes,
		generation, clock.Micros(st.InstalledAt), st.InstalledBy, st.Entry)
	if err != nil {
		return fmt.Errorf("store standard %s %s: %w", st.Pack, st.Version, err)
	}
	return nil
}

// standards gives every version, in order of installation, without approvals
// and tailoring.
func standards(ctx context.Context, q database.Querier) ([]Standard, error) {
	rows, err := q.QueryContext(ctx, `SELECT id, pack, version, title, digest, checks, attributes, generation, installed_at, installed_by, entry_id
		FROM standard ORDER BY generation`)
	if err != nil {
		return nil, fmt.Errorf("read standards: %w", err)
	}
	defer rows.Close()
	var all []Standard
	for rows.Next() {
		var st Standard
		var at int64
		if err := rows.Scan(&st.ID, &st.Pack, &st.Version, &st.Title, &st.Base, &st.Checks, &st.Attributes, &st.generation, &at, &st.InstalledBy, &st.Entry); err != nil {
			return nil, fmt.Errorf("read standards: %w", err)
		}
		st.Digest, st.InstalledAt = st.Base, clock.FromMicros(at)
		all = append(all, st)
	}
	return all, rows.Err()
}

func content(ctx context.Context, q database.Querier, id string) ([]byte, error) {
	var raw []byte
	err := q.QueryRowContext(ctx, `SELECT content FROM standard WHERE id = $1`, id).Scan(&raw)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fault.New(fault.NotFound, "there is no standard %s", id)
	}
	if err != nil {
		return nil, fmt.Errorf("read standard %s: %w", id, err)
	}
	return raw, nil
}

type approval struct {
	standard, digest, by, entry string
	at                          time.Time
	compensation                string // "" where another person approved than made it
}

func insertApproval(ctx context.Context, tx *sql.Tx, a approval) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO standard_approval (standard_id, digest, approved_at, approved_by, entry_id, compensation) VALUES ($1, $2, $3, $4, $5, $6)`,
		a.standard, a.digest, clock.Micros(a.at), a.by, a.entry, a.compensation)
	if err != nil {
		return fmt.Errorf("store approval of %s: %w", a.standard, err)
	}
	return nil
}

func approvals(ctx context.Context, q database.Querier) ([]approval, error) {
	rows, err := q.QueryContext(ctx, `SELECT standard_id, digest, approved_at, approved_by, entry_id, compensation FROM standard_approval ORDER BY approved_at`)
	if err != nil {
		return nil, fmt.Errorf("read approvals: %w", err)
	}
	defer rows.Close()
	var all []approval
	for rows.Next() {
		var a approval
		var at int64
		if err := rows.Scan(&a.standard, &a.digest, &at, &a.by, &a.entry, &a.compensation); err != nil {
			return nil, fmt.Errorf("read approvals: %w", err)
		}
		a.at = clock.FromMicros(at)
		all = append(all, a)
	}
	return all, rows.Err()
}

func insertTailoring(ctx context.Context, tx *sql.Tx, t Tailoring, generation int64) error {
	parameters, err := json.Marshal(t.Parameters)
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "a parameter cannot be stored").At("", 0, "parameters")
	}
	excluded := 0
	if t.Exclude {
		excluded = 1
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO tailoring (id, pack, check_id, generation, excluded, severity, parameters, reason, made_at, made_by, entry_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`, ids.New("tlr", t.MadeAt), t.pack, t.Check, generation, excluded, t.Severity, string(parameters),
		t.Reason, clock.Micros(t.MadeAt), t.MadeBy, t.Entry)
	if err != nil {
		return fmt.Errorf("store the tailoring of %s: %w", t.Check, err)
	}
	return nil
}

// everyTailoring gives every tailoring that was made, oldest first.
func everyTailoring(ctx context.Context, q database.Querier) ([]Tailoring, error) {
	rows, err := q.QueryContext(ctx, `SELECT pack, check_id, excluded, severity, parameters, reason, made_at, made_by, entry_id FROM tailoring ORDER BY generation`)
	if err != nil {
		return nil, fmt.Errorf("read tailorings: %w", err)
	}
	defer rows.Close()
	var all []Tailoring
	for rows.Next() {
		var t Tailoring
		var excluded, at int64
		var parameters string
		if err := rows.Scan(&t.pack, &t.Check, &excluded, &t.Severity, &parameters, &t.Reason, &at, &t.MadeBy, &t.Entry); err != nil {
			return nil, fmt.Errorf("read tailorings: %w", err)
		}
		t.Exclude, t.MadeAt = excluded == 1, clock.FromMicros(at)
		if t.Parameters, err = readParameters([]byte(parameters)); err != nil {
			return nil, fmt.Errorf("read the tailoring of %s: %w", t.Check, err)
		}
		all = append(all, t)
	}
	return all, rows.Err()
}

// tailorings gives the newest tailoring of each check.
func tailorings(ctx context.Context, q database.Querier) ([]Tailoring, error) {
	all, err := everyTailoring(ctx, q)
	return newestTailorings(all), err
}

// newestTailorings keeps the newest of each check; all is oldest first.
func newestTailorings(all []Tailoring) []Tailoring {
	last := map[string]int{}
	for i, t := range all {
		last[t.Check] = i
	}
	var out []Tailoring
	for i, t := range all {
		if last[t.Check] == i {
			out = append(out, t)
		}
	}
	return out
}

func insertTier(ctx context.Context, tx *sql.Tx, t TierChange, generation int64) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO standard_tier (id, pack, generation, tier, reason, made_at, made_by, entry_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		ids.New("trs", t.MadeAt), t.Pack, generation, t.Tier, t.Reason, clock.Micros(t.MadeAt), t.MadeBy, t.Entry)
	if err != nil {
		return fmt.Errorf("store the tiers of %s: %w", t.Pack, err)
	}
	return nil
}

// tiers gives every change of tiers, oldest first.
func tiers(ctx context.Context, q database.Querier) ([]TierChange, error) {
	rows, err := q.QueryContext(ctx, `SELECT pack, tier, reason, made_at, made_by, entry_id FROM standard_tier ORDER BY generation`)
	if err != nil {
		return nil, fmt.Errorf("read tiers: %w", err)
	}
	defer rows.Close()
	var all []TierChange
	for rows.Next() {
		var t TierChange
		var at int64
		if err := rows.Scan(&t.Pack, &t.Tier, &t.Reason, &at, &t.MadeBy, &t.Entry); err != nil {
			return nil, fmt.Errorf("read tiers: %w", err)
		}
		t.MadeAt = clock.FromMicros(at)
		all = append(all, t)
	}
	return all, rows.Err()
}

// of gives those of one pack.
func of(all []Tailoring, packID string) []Tailoring {
	var out []Tailoring
	for _, t := range all {
		if t.pack == packID {
			out = append(out, t)
		}
	}
	return out
}

// readParameters reads what insertTailoring stored: int64, string, bool or []string.
func readParameters(raw []byte) (map[string]any, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var out map[string]any
	if err := dec.Decode(&out); err != nil {
		return nil, err
	}
	for name, v := range out {
		switch v := v.(type) {
		case json.Number:
			n, err := v.Int64()
			if err != nil {
				return nil, err
			}
			out[name] = n
		case []any:
			texts := make([]string, len(v))
			for i := range v {
				texts[i], _ = v[i].(string)
			}
			out[name] = texts
		}
	}
	return out, nil
}

// sameParameters reports whether a row's parameters are those of an entry.
func sameParameters(row map[string]any, entry any) bool {
	if len(row) == 0 {
		return entry == nil
	}
	a, errA := json.Marshal(row)
	b, errB := json.Marshal(entry)
	return errA == nil && errB == nil && bytes.Equal(a, b)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
