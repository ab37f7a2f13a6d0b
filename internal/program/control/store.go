package control

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/scope"
)

// Load reads the system, its scopes and all its controls. A database in which
// no system was set up yet gives a Program without one.
func Load(ctx context.Context, q database.Querier) (*Program, error) {
	var p Program
	var err error
	if p.System, p.Scopes, err = scope.Load(ctx, q); err != nil || p.System.ID == "" {
		return &p, err
	}
	p.Controls, err = controls(ctx, q, p.System.ID, "")
	return &p, err
}

// controls reads all controls of a system, or the one with a slug.
func controls(ctx context.Context, q database.Querier, system, slug string) ([]Control, error) {
	rows, err := q.QueryContext(ctx, `SELECT c.id, c.slug, c.number, v.seq, v.version, v.state, v.design, v.digest, v.library, v.reason,
		v.effective_from, v.made_at, v.made_by, v.entry_id, COALESCE(e.idx, -1)
		FROM control c JOIN control_version v ON v.control_id = c.id JOIN ledger_entry e ON e.id = v.entry_id
		WHERE c.system_id = $1 AND (c.slug = $2 OR $2 = '') ORDER BY c.number, v.seq`, system, slug)
	if err != nil {
		return nil, fmt.Errorf("read controls: %w", err)
	}
	defer rows.Close()
	var out []Control
	for rows.Next() {
		var c Control
		var v Version
		var design string
		var effective, made int64
		if err := rows.Scan(&c.ID, &c.Slug, &c.Number, &v.Seq, &v.Version, &v.State, &design, &v.Digest, &v.Library, &v.Reason,
			&effective, &made, &v.Made.By, &v.Made.Entry, &v.Made.Index); err != nil {
			return nil, fmt.Errorf("read a version of a control: %w", err)
		}
		if err := json.Unmarshal([]byte(design), &v.Design); err != nil {
			return nil, fault.Wrap(fault.Refused, err, "version %d of control %s cannot be read", v.Seq, c.Slug)
		}
		v.Effective, v.Made.At = clock.FromMicros(effective), clock.FromMicros(made)
		if len(out) == 0 || out[len(out)-1].ID != c.ID {
			out = append(out, c)
		}
		last := &out[len(out)-1]
		last.History = append(last.History, v)
	}
	return out, rows.Err()
}

// nextNumber gives the number of the next control of a system.
func nextNumber(ctx context.Context, q database.Querier, system string) (int, error) {
	var n int
	if err := q.QueryRowContext(ctx, `SELECT COALESCE(MAX(number), 0) + 1 FROM control WHERE system_id = $1`, system).Scan(&n); err != nil {
		return 0, fmt.Errorf("number a control: %w", err)
	}
	return n, nil
}

func insertControl(ctx context.Context, q database.Querier, system string, c Control) error {
	_, err := q.ExecContext(ctx, `INSERT INTO control (id, system_id, slug, number) VALUES ($1, $2, $3, $4)`, c.ID, system, c.Slug, c.Number)
	if err != nil {
		return fmt.Errorf("store control %s: %w", c.Slug, err)
	}
	return nil
}

func insertVersion(ctx context.Context, q database.Querier, controlID string, v Version, design string) error {
	_, err := q.ExecContext(ctx, `INSERT INTO control_version
		(control_id, seq, version, state, design, digest, library, reason, effective_from, made_at, made_by, entry_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		controlID, v.Seq, v.Version, string(v.State), design, v.Digest, v.Library, v.Reason,
		clock.Micros(v.Effective), clock.Micros(v.Made.At), v.Made.By, v.Made.Entry)
	if database.IsUnique(err) {
		return fault.Wrap(fault.Conflict, err, "somebody else changed control %s at the same time", v.Design.Slug).
			WithHint("look at it again and repeat what is still needed")
	}
	if err != nil {
		return fmt.Errorf("store a version of control %s: %w", v.Design.Slug, err)
	}
	return nil
}

// bound is what a ledger entry of this package is held against.
type bound struct {
	content, digest, state string
	version                int
	subject                string
}

func versionByEntry(ctx context.Context, q database.Querier, entry string) (bound, error) {
	var b bound
	err := q.QueryRowContext(ctx, `SELECT v.design, v.digest, v.state, v.version, c.slug
		FROM control_version v JOIN control c ON c.id = v.control_id WHERE v.entry_id = $1`, entry).
		Scan(&b.content, &b.digest, &b.state, &b.version, &b.subject)
	return b, err
}
