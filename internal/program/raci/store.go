package raci

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

func insert(ctx context.Context, q database.Querier, kind, ref string, v Version, content string) error {
	_, err := q.ExecContext(ctx, `INSERT INTO raci (kind, ref, version, content, note, made_at, made_by, entry_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		kind, ref, v.Version, content, v.Note, clock.Micros(v.MadeAt), v.MadeBy, v.Entry)
	if database.IsUnique(err) {
		return fault.Wrap(fault.Conflict, err, "somebody else said it at the same time").WithHint("look at it again and repeat what is still needed")
	}
	if err != nil {
		return fmt.Errorf("store who answers: %w", err)
	}
	return nil
}

func scan(rows *sql.Rows) (key string, v Version, err error) {
	var kind, ref, content string
	var made int64
	if err := rows.Scan(&kind, &ref, &v.Version, &content, &v.Note, &made, &v.MadeBy, &v.Entry, &v.Index); err != nil {
		return "", v, err
	}
	v.MadeAt = clock.FromMicros(made)
	return kind + "/" + ref, v, json.Unmarshal([]byte(content), &v.Roles)
}

const columns = `SELECT r.kind, r.ref, r.version, r.content, r.note, r.made_at, r.made_by, r.entry_id, COALESCE(e.idx, -1) FROM raci r JOIN ledger_entry e ON e.id = r.entry_id `

func versions(ctx context.Context, q database.Querier, kind, ref string) ([]Version, error) {
	rows, err := q.QueryContext(ctx, columns+`WHERE r.kind = $1 AND r.ref = $2 ORDER BY r.version`, kind, ref)
	if err != nil {
		return nil, fmt.Errorf("read who answers: %w", err)
	}
	defer rows.Close()
	var out []Version
	for rows.Next() {
		_, v, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("read who answers: %w", err)
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

// newest gives what holds, by kind/ref.
func newest(ctx context.Context, q database.Querier) (map[string]Version, error) {
	rows, err := q.QueryContext(ctx, columns+`ORDER BY r.version`)
	if err != nil {
		return nil, fmt.Errorf("read who answers: %w", err)
	}
	defer rows.Close()
	out := map[string]Version{}
	for rows.Next() {
		key, v, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("read who answers: %w", err)
		}
		out[key] = v
	}
	return out, rows.Err()
}

func byEntry(ctx context.Context, q database.Querier, entry string) (subject, content, note, by string, version int64, found bool, err error) {
	var kind, ref string
	err = q.QueryRowContext(ctx, `SELECT kind, ref, version, content, note, made_by FROM raci WHERE entry_id = $1`, entry).Scan(&kind, &ref, &version, &content, &note, &by)
	if errors.Is(err, sql.ErrNoRows) {
		return "", "", "", "", 0, false, nil
	}
	return kind + "/" + ref, content, note, by, version, err == nil, err
}
