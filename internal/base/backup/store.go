package backup

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
)

func insertMade(ctx context.Context, tx *sql.Tx, m Made, entry string) error {
	encrypted := 0
	if m.Encrypted {
		encrypted = 1
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO backup_made (id, at, reason, manifest, size, root, bytes, files, encrypted, entry) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		m.ID, clock.Micros(m.At), string(m.Reason), m.Manifest, m.Ledger.Size, m.Ledger.Root, m.Bytes, m.Files, encrypted, entry)
	if err != nil {
		return fmt.Errorf("keep the backup's row: %w", err)
	}
	return nil
}

// madeByEntry gives the row of a backup.made entry; ok is false where there is
// none.
func madeByEntry(ctx context.Context, q database.Querier, entry string) (m Made, ok bool, err error) {
	var us, encrypted int64
	err = q.QueryRowContext(ctx, `SELECT id, at, reason, manifest, size, root, bytes, files, encrypted FROM backup_made WHERE entry = $1`, entry).
		Scan(&m.ID, &us, &m.Reason, &m.Manifest, &m.Ledger.Size, &m.Ledger.Root, &m.Bytes, &m.Files, &encrypted)
	if errors.Is(err, sql.ErrNoRows) {
		return m, false, nil
	}
	if err != nil {
		return m, false, fmt.Errorf("read the row of a backup: %w", err)
	}
	m.At, m.Encrypted = clock.FromMicros(us), encrypted == 1
	return m, true, nil
}

// List gives the newest backups that the database knows of.
func List(ctx context.Context, q database.Querier, limit int) ([]Made, error) {
	rows, err := q.QueryContext(ctx, `SELECT id, at, reason, manifest, size, root, bytes, files, encrypted FROM backup_made ORDER BY at DESC, id DESC LIMIT $1`, limit)
	if err != nil {
		return nil, fmt.Errorf("list the backups: %w", err)
	}
	defer rows.Close()
	var all []Made
	for rows.Next() {
		var m Made
		var us, encrypted int64
		if err := rows.Scan(&m.ID, &us, &m.Reason, &m.Manifest, &m.Ledger.Size, &m.Ledger.Root, &m.Bytes, &m.Files, &encrypted); err != nil {
			return nil, fmt.Errorf("list the backups: %w", err)
		}
		m.At, m.Encrypted, m.Content = clock.FromMicros(us), encrypted == 1, m.Reason != Migration
		all = append(all, m)
	}
	return all, rows.Err()
}
