package control

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
)

// importedKeys gives the control that each row of earlier files became, by what
// the file calls it; the newest where there are several.
func importedKeys(ctx context.Context, q database.Querier) (map[string]string, error) {
	rows, err := q.QueryContext(ctx, `SELECT l.key, l.control_id FROM control_import_line l JOIN control_import i ON i.id = l.import_id ORDER BY i.number`)
	if err != nil {
		return nil, fmt.Errorf("read what was imported: %w", err)
	}
	defer rows.Close()
	out := map[string]string{}
	for rows.Next() {
		var key, id string
		if err := rows.Scan(&key, &id); err != nil {
			return nil, fmt.Errorf("read what was imported: %w", err)
		}
		out[key] = id
	}
	return out, rows.Err()
}

func nextImport(ctx context.Context, q database.Querier) (int, error) {
	var n int
	if err := q.QueryRowContext(ctx, `SELECT COALESCE(MAX(number), 0) + 1 FROM control_import`).Scan(&n); err != nil {
		return 0, fmt.Errorf("number an import: %w", err)
	}
	return n, nil
}

func insertImport(ctx context.Context, q database.Querier, id string, number int, file, content, digest string, at time.Time, by, entry string) error {
	_, err := q.ExecContext(ctx, `INSERT INTO control_import (id, number, file, content, digest, made_at, made_by, entry_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		id, number, file, content, digest, clock.Micros(at), by, entry)
	if database.IsUnique(err) {
		return fault.Wrap(fault.Conflict, err, "somebody else imported a file at the same time").WithHint("look at the file again")
	}
	if err != nil {
		return fmt.Errorf("store an import: %w", err)
	}
	return nil
}

func insertImportLine(ctx context.Context, q database.Querier, id, key, control string, seq int) error {
	if _, err := q.ExecContext(ctx, `INSERT INTO control_import_line (import_id, key, control_id, seq) VALUES ($1, $2, $3, $4)`, id, key, control, seq); err != nil {
		return fmt.Errorf("store a row of an import: %w", err)
	}
	return nil
}

// imports gives all imports, newest first, or the one with a number.
func imports(ctx context.Context, q database.Querier, number int) ([]Import, error) {
	rows, err := q.QueryContext(ctx, `SELECT i.id, i.number, i.file, i.content, i.made_at, i.made_by, i.entry_id, COALESCE(e.idx, -1), i.undone_at, i.undone_by
		FROM control_import i JOIN ledger_entry e ON e.id = i.entry_id WHERE i.number = $1 OR $1 = 0 ORDER BY i.number DESC`, number)
	if err != nil {
		return nil, fmt.Errorf("read imports: %w", err)
	}
	defer rows.Close()
	out, at := []Import{}, map[string]int{}
	for rows.Next() {
		im := Import{Controls: []string{}}
		var content string
		var made, undone int64
		if err := rows.Scan(&im.ID, &im.Number, &im.File, &content, &made, &im.Made.By, &im.Made.Entry, &im.Made.Index, &undone, &im.UndoneBy); err != nil {
			return nil, fmt.Errorf("read an import: %w", err)
		}
		var k kept
		if err := json.Unmarshal([]byte(content), &k); err != nil {
			return nil, fault.Wrap(fault.Refused, err, "the import I-%d cannot be read", im.Number)
		}
		im.Rows, im.Made.At = len(k.Rows), clock.FromMicros(made)
		if undone > 0 {
			im.Undone = clock.FromMicros(undone)
		}
		at[im.ID] = len(out)
		out = append(out, im)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	lines, err := q.QueryContext(ctx, `SELECT l.import_id, c.slug FROM control_import_line l JOIN control c ON c.id = l.control_id ORDER BY c.number`)
	if err != nil {
		return nil, fmt.Errorf("read rows of imports: %w", err)
	}
	defer lines.Close()
	for lines.Next() {
		var id, slug string
		if err := lines.Scan(&id, &slug); err != nil {
			return nil, fmt.Errorf("read a row of an import: %w", err)
		}
		if i, of := at[id]; of {
			out[i].Controls = append(out[i].Controls, slug)
		}
	}
	return out, lines.Err()
}

// importLines gives the version that an import made of each control.
func importLines(ctx context.Context, q database.Querier, id string) (map[string]int, error) {
	rows, err := q.QueryContext(ctx, `SELECT control_id, seq FROM control_import_line WHERE import_id = $1`, id)
	if err != nil {
		return nil, fmt.Errorf("read rows of an import: %w", err)
	}
	defer rows.Close()
	out := map[string]int{}
	for rows.Next() {
		var control string
		var seq int
		if err := rows.Scan(&control, &seq); err != nil {
			return nil, fmt.Errorf("read a row of an import: %w", err)
		}
		out[control] = seq
	}
	return out, rows.Err()
}

func undoImport(ctx context.Context, q database.Querier, id string, at time.Time, by, entry string) error {
	if _, err := q.ExecContext(ctx, `UPDATE control_import SET undone_at = $2, undone_by = $3, undone_entry = $4 WHERE id = $1`, id, clock.Micros(at), by, entry); err != nil {
		return fmt.Errorf("store that an import is undone: %w", err)
	}
	return nil
}

func importRow(ctx context.Context, q database.Querier, id string) (content, digest, entry, undone string, err error) {
	err = q.QueryRowContext(ctx, `SELECT content, digest, entry_id, undone_entry FROM control_import WHERE id = $1`, id).Scan(&content, &digest, &entry, &undone)
	return content, digest, entry, undone, err
}
