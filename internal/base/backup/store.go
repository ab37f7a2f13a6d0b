package backup

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
)

func insertMade(ctx context.Context, tx *sql.Tx, m Made, entry string) error {
	encrypted := 0
	if m.Encrypted {
		encrypted = 1
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO backup_made (id, at, reason, manifest, size, root, bytes, files, encrypted, entry, path, packed, sha256, actor) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		m.ID, clock.Micros(m.At), string(m.Reason), m.Manifest, m.Ledger.Size, m.Ledger.Root, m.Bytes, m.Files, encrypted, entry, m.Path, m.Packed, m.SHA256, m.Actor)
	if err != nil {
		return fmt.Errorf("keep the backup's row: %w", err)
	}
	return nil
}

const madeColumns = `id, at, reason, manifest, size, root, bytes, files, encrypted, path, packed, sha256, actor, removed_at`

func scanMade(scan func(...any) error) (m Made, err error) {
	var us, encrypted, removed int64
	if err := scan(&m.ID, &us, &m.Reason, &m.Manifest, &m.Ledger.Size, &m.Ledger.Root, &m.Bytes, &m.Files, &encrypted, &m.Path, &m.Packed, &m.SHA256, &m.Actor, &removed); err != nil {
		return m, err
	}
	m.At, m.Encrypted, m.Content, m.Removed = clock.FromMicros(us), encrypted == 1, m.Reason != Migration, moment(removed)
	return m, nil
}

// moment is a time, or none for 0.
func moment(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return clock.FromMicros(us)
}

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return clock.Micros(t)
}

// madeByEntry gives the row of a backup.made entry; ok is false where there is
// none.
func madeByEntry(ctx context.Context, q database.Querier, entry string) (m Made, ok bool, err error) {
	m, err = scanMade(q.QueryRowContext(ctx, `SELECT `+madeColumns+` FROM backup_made WHERE entry = $1`, entry).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return m, false, nil
	}
	if err != nil {
		return m, false, fmt.Errorf("read the row of a backup: %w", err)
	}
	return m, true, nil
}

// madeByID gives one backup, or kind NotFound.
func madeByID(ctx context.Context, q database.Querier, id string) (Made, error) {
	m, err := scanMade(q.QueryRowContext(ctx, `SELECT `+madeColumns+` FROM backup_made WHERE id = $1`, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return m, fault.New(fault.NotFound, "there is no backup %q", id)
	}
	if err != nil {
		return m, fmt.Errorf("read backup %s: %w", id, err)
	}
	return m, nil
}

// List gives the newest backups that the database knows of.
func List(ctx context.Context, q database.Querier, limit int) ([]Made, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+madeColumns+` FROM backup_made ORDER BY at DESC, id DESC LIMIT $1`, limit)
	if err != nil {
		return nil, fmt.Errorf("list the backups: %w", err)
	}
	defer rows.Close()
	var all []Made
	for rows.Next() {
		m, err := scanMade(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("list the backups: %w", err)
		}
		all = append(all, m)
	}
	return all, rows.Err()
}

// removed notes which files the retention removed, and gives their backups.
func removed(ctx context.Context, tx *sql.Tx, paths []string, at time.Time) ([]string, error) {
	var all []string
	for _, path := range paths {
		var id string
		err := tx.QueryRowContext(ctx, `UPDATE backup_made SET removed_at = $2 WHERE path = $1 AND removed_at = 0 RETURNING id`, path, micros(at)).Scan(&id)
		if errors.Is(err, sql.ErrNoRows) { // made before paths were kept, or by a ledger of the same name
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("note that %s was removed: %w", path, err)
		}
		all = append(all, id)
	}
	return all, nil
}

const runColumns = `id, what, reason, backup, actor, asked_at, began_at, ended_at, state, how, trouble, hint, entry`

func scanRun(scan func(...any) error) (r Run, err error) {
	var asked, began, ended int64
	if err := scan(&r.ID, &r.What, &r.Reason, &r.Backup, &r.Actor, &asked, &began, &ended, &r.State, &r.How, &r.Trouble, &r.Hint, &r.Entry); err != nil {
		return r, err
	}
	r.Asked, r.Began, r.Ended = moment(asked), moment(began), moment(ended)
	return r, nil
}

func putRun(ctx context.Context, q database.Querier, r Run) error {
	_, err := q.ExecContext(ctx, `INSERT INTO backup_run (`+runColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
		ON CONFLICT (id) DO UPDATE SET backup = excluded.backup, began_at = excluded.began_at, ended_at = excluded.ended_at, state = excluded.state, how = excluded.how,
			trouble = excluded.trouble, hint = excluded.hint, entry = excluded.entry`,
		r.ID, r.What, string(r.Reason), r.Backup, r.Actor, micros(r.Asked), micros(r.Began), micros(r.Ended), r.State, string(r.How), r.Trouble, r.Hint, r.Entry)
	if err != nil {
		return fmt.Errorf("keep how a backup goes: %w", err)
	}
	return nil
}

func runByID(ctx context.Context, q database.Querier, id string) (Run, error) {
	r, err := scanRun(q.QueryRowContext(ctx, `SELECT `+runColumns+` FROM backup_run WHERE id = $1`, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return r, fault.New(fault.NotFound, "there is no attempt %q", id)
	}
	if err != nil {
		return r, fmt.Errorf("read how a backup went: %w", err)
	}
	return r, nil
}

// runs gives attempts, the newest first: of one kind, of one backup, in one of
// some states; "" and none choose all.
func runs(ctx context.Context, q database.Querier, what, backup string, states []string, limit int) ([]Run, error) {
	where, args := `WHERE (what = $1 OR $1 = '') AND (backup = $2 OR $2 = '')`, []any{what, backup, limit}
	for i, st := range states {
		where += map[bool]string{true: ` AND state IN (`, false: `, `}[i == 0] + fmt.Sprintf("$%d", i+4)
		args = append(args, st)
	}
	if len(states) > 0 {
		where += `)`
	}
	rows, err := q.QueryContext(ctx, `SELECT `+runColumns+` FROM backup_run `+where+` ORDER BY asked_at DESC, id DESC LIMIT $3`, args...)
	if err != nil {
		return nil, fmt.Errorf("list how backups went: %w", err)
	}
	defer rows.Close()
	var all []Run
	for rows.Next() {
		r, err := scanRun(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("list how backups went: %w", err)
		}
		all = append(all, r)
	}
	return all, rows.Err()
}

// scheduleRow gives what somebody set; ok is false where nobody did.
func scheduleRow(ctx context.Context, q database.Querier) (every time.Duration, keep int, entry string, ok bool, err error) {
	var us int64
	err = q.QueryRowContext(ctx, `SELECT every, keep, entry FROM backup_schedule WHERE name = 'schedule'`).Scan(&us, &keep, &entry)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, 0, "", false, nil
	}
	if err != nil {
		return 0, 0, "", false, fmt.Errorf("read the schedule of backups: %w", err)
	}
	return time.Duration(us) * time.Microsecond, keep, entry, true, nil
}

func putSchedule(ctx context.Context, tx *sql.Tx, every time.Duration, keep int, entry string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO backup_schedule (name, every, keep, entry) VALUES ('schedule', $1, $2, $3)
		ON CONFLICT (name) DO UPDATE SET every = excluded.every, keep = excluded.keep, entry = excluded.entry`, every.Microseconds(), keep, entry)
	if err != nil {
		return fmt.Errorf("keep the schedule of backups: %w", err)
	}
	return nil
}
