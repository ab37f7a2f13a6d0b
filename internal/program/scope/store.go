package scope

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
)

// Load reads the system and every version of its scope, oldest first. A
// database in which no system was set up yet gives a System without an id.
func Load(ctx context.Context, q database.Querier) (System, []Version, error) {
	var sys System
	var at int64
	err := q.QueryRowContext(ctx, `SELECT s.id, s.name, s.created_at, s.entry_id, COALESCE(e.idx, -1)
		FROM system s JOIN ledger_entry e ON e.id = s.entry_id ORDER BY s.created_at LIMIT 1`).
		Scan(&sys.ID, &sys.Name, &at, &sys.Made.Entry, &sys.Made.Index)
	if errors.Is(err, sql.ErrNoRows) {
		return sys, nil, nil
	}
	if err != nil {
		return sys, nil, fmt.Errorf("read the system: %w", err)
	}
	sys.Made.At, sys.Made.By = clock.FromMicros(at), "system"
	history, err := versions(ctx, q, sys.ID)
	return sys, history, err
}

func versions(ctx context.Context, q database.Querier, system string) ([]Version, error) {
	rows, err := q.QueryContext(ctx, `SELECT s.version, s.content, s.digest, s.reason, s.effective_from, s.made_at, s.made_by, s.entry_id, COALESCE(e.idx, -1),
			COALESCE(a.entry_id, ''), COALESCE(a.compensation, ''), COALESCE(a.made_at, 0), COALESCE(a.made_by, ''), COALESCE(ae.idx, -1)
		FROM scope s JOIN ledger_entry e ON e.id = s.entry_id
		LEFT JOIN scope_approval a ON a.system_id = s.system_id AND a.version = s.version
		LEFT JOIN ledger_entry ae ON ae.id = a.entry_id
		WHERE s.system_id = $1 ORDER BY s.version`, system)
	if err != nil {
		return nil, fmt.Errorf("read the scope: %w", err)
	}
	defer rows.Close()
	var out []Version
	for rows.Next() {
		var v Version
		var a Approval
		var content string
		var effective, made, approved int64
		if err := rows.Scan(&v.Version, &content, &v.Digest, &v.Reason, &effective, &made, &v.Made.By, &v.Made.Entry, &v.Made.Index,
			&a.Made.Entry, &a.Compensation, &approved, &a.Made.By, &a.Made.Index); err != nil {
			return nil, fmt.Errorf("read a version of the scope: %w", err)
		}
		if err := json.Unmarshal([]byte(content), &v.Content); err != nil {
			return nil, fault.Wrap(fault.Refused, err, "version %d of the scope cannot be read", v.Version)
		}
		v.Effective, v.Made.At, a.Made.At = clock.FromMicros(effective), clock.FromMicros(made), clock.FromMicros(approved)
		if a.Made.Entry != "" {
			v.Approval = &a
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

func insertSystem(ctx context.Context, q database.Querier, s System) error {
	_, err := q.ExecContext(ctx, `INSERT INTO system (id, name, created_at, entry_id) VALUES ($1, $2, $3, $4)`,
		s.ID, s.Name, clock.Micros(s.Made.At), s.Made.Entry)
	if err != nil {
		return fmt.Errorf("store the system: %w", err)
	}
	return nil
}

func insertVersion(ctx context.Context, q database.Querier, system string, v Version, content string) error {
	_, err := q.ExecContext(ctx, `INSERT INTO scope (system_id, version, content, digest, reason, effective_from, made_at, made_by, entry_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		system, v.Version, content, v.Digest, v.Reason, clock.Micros(v.Effective), clock.Micros(v.Made.At), v.Made.By, v.Made.Entry)
	if database.IsUnique(err) {
		return fault.Wrap(fault.Conflict, err, "somebody else wrote a version of the scope at the same time").
			WithHint("look at it again and repeat what is still needed")
	}
	if err != nil {
		return fmt.Errorf("store a version of the scope: %w", err)
	}
	return nil
}

func insertApproval(ctx context.Context, q database.Querier, system string, v Version) error {
	_, err := q.ExecContext(ctx, `INSERT INTO scope_approval (system_id, version, digest, compensation, made_at, made_by, entry_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		system, v.Version, v.Digest, v.Approval.Compensation, clock.Micros(v.Approval.Made.At), v.Approval.Made.By, v.Approval.Made.Entry)
	if database.IsUnique(err) {
		return fault.Wrap(fault.Conflict, err, "version %d of the scope is approved already", v.Version)
	}
	if err != nil {
		return fmt.Errorf("store the approval of the scope: %w", err)
	}
	return nil
}

// bound is what a ledger entry of this package is held against.
type bound struct {
	content, digest, subject, written string // written: what the person wrote
	version                           int
}

func versionByEntry(ctx context.Context, q database.Querier, entry string) (bound, error) {
	var b bound
	err := q.QueryRowContext(ctx, `SELECT content, digest, version, system_id, reason FROM scope WHERE entry_id = $1`, entry).
		Scan(&b.content, &b.digest, &b.version, &b.subject, &b.written)
	return b, err
}

func approvalByEntry(ctx context.Context, q database.Querier, entry string) (bound, error) {
	var b bound
	err := q.QueryRowContext(ctx, `SELECT s.content, a.digest, a.version, a.system_id, a.compensation FROM scope_approval a
		JOIN scope s ON s.system_id = a.system_id AND s.version = a.version WHERE a.entry_id = $1`, entry).
		Scan(&b.content, &b.digest, &b.version, &b.subject, &b.written)
	return b, err
}
