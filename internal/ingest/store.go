package ingest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/wire"
)

const sourceColumns = `id, name, machine, agent, enrolled_at, expires_at, revoked_at, revoked_reason, seen_at, clock_offset_us, clock_offset_at`

func scanSource(row interface{ Scan(...any) error }) (Source, error) {
	var s Source
	var enrolled, expires, revoked, seen, offsetAt int64
	var offset sql.NullInt64
	err := row.Scan(&s.ID, &s.Name, &s.Machine, &s.Agent, &enrolled, &expires, &revoked, &s.RevokedReason, &seen, &offset, &offsetAt)
	s.EnrolledAt, s.ExpiresAt, s.RevokedAt, s.SeenAt, s.ClockAt = when(enrolled), when(expires), when(revoked), when(seen), when(offsetAt)
	if offset.Valid {
		d := time.Duration(offset.Int64) * time.Microsecond
		s.ClockOffset = &d
	}
	return s, err
}

// when gives the zero time for 0.
func when(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return clock.FromMicros(us)
}

func sourceByID(ctx context.Context, q database.Querier, id string) (Source, error) {
	s, err := scanSource(q.QueryRowContext(ctx, `SELECT `+sourceColumns+` FROM source WHERE id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return s, fault.New(fault.NotFound, "there is no source %s", id)
	}
	if err != nil {
		return s, fmt.Errorf("read source %s: %w", id, err)
	}
	return s, nil
}

func allSources(ctx context.Context, q database.Querier) ([]Source, error) {
	return collect(ctx, q, func(r *sql.Rows) (Source, error) { return scanSource(r) },
		`SELECT `+sourceColumns+` FROM source ORDER BY name, id`)
}

// collect runs a query and scans every row.
func collect[T any](ctx context.Context, q database.Querier, scan func(*sql.Rows) (T, error), query string, args ...any) ([]T, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("list: %w", err)
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("list: %w", err)
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// putSource writes a source that has enrolled, for the first time or again.
func putSource(ctx context.Context, tx *sql.Tx, s Source, token, serial string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO source (id, name, machine, agent, enrolled_at, enrolled_with, certificate, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, machine = excluded.machine, agent = excluded.agent,
			enrolled_at = excluded.enrolled_at, enrolled_with = excluded.enrolled_with,
			certificate = excluded.certificate, expires_at = excluded.expires_at`,
		s.ID, s.Name, s.Machine, s.Agent, clock.Micros(s.EnrolledAt), token, serial, clock.Micros(s.ExpiresAt))
	if err != nil {
		return fmt.Errorf("store source %s: %w", s.ID, err)
	}
	return nil
}

func putCertificate(ctx context.Context, tx *sql.Tx, source, serial string, expires time.Time) error {
	if _, err := tx.ExecContext(ctx, `UPDATE source SET certificate = $2, expires_at = $3 WHERE id = $1`,
		source, serial, clock.Micros(expires)); err != nil {
		return fmt.Errorf("store the certificate of %s: %w", source, err)
	}
	return nil
}

// revoke reports false when the source was revoked before.
func revoke(ctx context.Context, tx *sql.Tx, source, by, reason string, at time.Time) (bool, error) {
	r, err := tx.ExecContext(ctx, `UPDATE source SET revoked_at = $2, revoked_by = $3, revoked_reason = $4 WHERE id = $1 AND revoked_at = 0`,
		source, clock.Micros(at), by, reason)
	if err != nil {
		return false, fmt.Errorf("revoke %s: %w", source, err)
	}
	n, err := r.RowsAffected()
	return n == 1, err
}

type tokenRow struct {
	Token
	usedKey string
}

func scanToken(row interface{ Scan(...any) error }) (tokenRow, error) {
	var t tokenRow
	var made, expires, used int64
	err := row.Scan(&t.ID, &t.Label, &t.MadeBy, &made, &expires, &used, &t.UsedBy, &t.usedKey)
	t.MadeAt, t.ExpiresAt, t.UsedAt = when(made), when(expires), when(used)
	return t, err
}

const tokenColumns = `id, label, made_by, made_at, expires_at, used_at, used_by, used_key`

func putToken(ctx context.Context, tx *sql.Tx, t Token, secret string) error {
	if _, err := tx.ExecContext(ctx, `INSERT INTO source_token (id, secret, label, made_by, made_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		t.ID, secret, t.Label, t.MadeBy, clock.Micros(t.MadeAt), clock.Micros(t.ExpiresAt)); err != nil {
		return fmt.Errorf("store a token: %w", err)
	}
	return nil
}

func endTokens(ctx context.Context, tx *sql.Tx, userID string, now time.Time) (int64, error) {
	res, err := tx.ExecContext(ctx, `UPDATE source_token SET expires_at = $2 WHERE made_by = $1 AND used_at = 0 AND expires_at > $2`, userID, clock.Micros(now))
	if err != nil {
		return 0, fmt.Errorf("end a user's tokens: %w", err)
	}
	return res.RowsAffected()
}

// lockToken finds a token by its secret's digest and keeps others from using
// it until the transaction ends.
func lockToken(ctx context.Context, tx *sql.Tx, secret string) (tokenRow, bool, error) {
	t, err := scanToken(tx.QueryRowContext(ctx, `UPDATE source_token SET secret = secret WHERE secret = $1 RETURNING `+tokenColumns, secret))
	if errors.Is(err, sql.ErrNoRows) {
		return t, false, nil
	}
	if err != nil {
		return t, false, fmt.Errorf("read a token: %w", err)
	}
	return t, true, nil
}

func useToken(ctx context.Context, tx *sql.Tx, id, source, key string, at time.Time) error {
	if _, err := tx.ExecContext(ctx, `UPDATE source_token SET used_at = $2, used_by = $3, used_key = $4 WHERE id = $1`,
		id, clock.Micros(at), source, key); err != nil {
		return fmt.Errorf("use token %s: %w", id, err)
	}
	return nil
}

func allTokens(ctx context.Context, q database.Querier) ([]Token, error) {
	return collect(ctx, q, func(r *sql.Rows) (Token, error) {
		t, err := scanToken(r)
		return t.Token, err
	}, `SELECT `+tokenColumns+` FROM source_token ORDER BY made_at DESC, id DESC`)
}

// progress is the row of a stream while its transaction holds it.
type progress struct{ contiguous, highest, beat int64 }

// lockStream gives how far a stream has come and keeps other batches of it
// waiting until the transaction ends.
func lockStream(ctx context.Context, tx *sql.Tx, source, stream string, at time.Time) (progress, error) {
	var p progress
	err := tx.QueryRowContext(ctx, `INSERT INTO source_stream (source, stream, contiguous, highest, received, duplicates, seen_at)
		VALUES ($1, $2, 0, 0, 0, 0, $3)
		ON CONFLICT (source, stream) DO UPDATE SET seen_at = excluded.seen_at
		RETURNING contiguous, highest, beat`, source, stream, clock.Micros(at)).Scan(&p.contiguous, &p.highest, &p.beat)
	if err != nil {
		return p, fmt.Errorf("read stream %s of %s: %w", stream, source, err)
	}
	return p, nil
}

func putProgress(ctx context.Context, tx *sql.Tx, source, stream string, p progress) error {
	if _, err := tx.ExecContext(ctx, `UPDATE source_stream SET contiguous = $3, highest = $4, beat = $5, received = received + 1
		WHERE source = $1 AND stream = $2`, source, stream, p.contiguous, p.highest, p.beat); err != nil {
		return fmt.Errorf("advance stream %s of %s: %w", stream, source, err)
	}
	return nil
}

func countDuplicate(ctx context.Context, tx *sql.Tx, source, stream string) error {
	if _, err := tx.ExecContext(ctx, `UPDATE source_stream SET duplicates = duplicates + 1 WHERE source = $1 AND stream = $2`, source, stream); err != nil {
		return fmt.Errorf("count a duplicate of %s: %w", source, err)
	}
	return nil
}

func scanHole(r interface{ Scan(...any) error }) (Hole, error) {
	var h Hole
	var seen, declared int64
	err := r.Scan(&h.First, &h.Last, &seen, &declared, &h.Reason)
	h.SeenAt, h.DeclaredAt = when(seen), when(declared)
	return h, err
}

// holesWithin lists the holes of a stream that overlap first to last.
func holesWithin(ctx context.Context, q database.Querier, source, stream string, first, last int64) ([]Hole, error) {
	return collect(ctx, q, func(r *sql.Rows) (Hole, error) { return scanHole(r) },
		`SELECT first, last, seen_at, declared_at, reason FROM source_hole
		 WHERE source = $1 AND stream = $2 AND first <= $4 AND last >= $3 ORDER BY first`, source, stream, first, last)
}

// replaceHole puts others in the place of a hole.
func replaceHole(ctx context.Context, tx *sql.Tx, source, stream string, old Hole, others ...Hole) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM source_hole WHERE source = $1 AND stream = $2 AND first = $3`, source, stream, old.First); err != nil {
		return fmt.Errorf("close a hole of %s: %w", source, err)
	}
	for _, h := range others {
		if err := putHole(ctx, tx, source, stream, h); err != nil {
			return err
		}
	}
	return nil
}

func putHole(ctx context.Context, tx *sql.Tx, source, stream string, h Hole) error {
	declared := int64(0)
	if !h.DeclaredAt.IsZero() {
		declared = clock.Micros(h.DeclaredAt)
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO source_hole (source, stream, first, last, seen_at, declared_at, reason) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		source, stream, h.First, h.Last, clock.Micros(h.SeenAt), declared, h.Reason); err != nil {
		return fmt.Errorf("record a hole of %s: %w", source, err)
	}
	return nil
}

// firstAwaited gives the lowest sequence that is still awaited, 0 for none.
func firstAwaited(ctx context.Context, tx *sql.Tx, source, stream string) (int64, error) {
	var first int64
	err := tx.QueryRowContext(ctx, `SELECT COALESCE(MIN(first), 0) FROM source_hole WHERE source = $1 AND stream = $2 AND declared_at = 0`,
		source, stream).Scan(&first)
	if err != nil {
		return 0, fmt.Errorf("read the holes of %s: %w", source, err)
	}
	return first, nil
}

// batchDigest gives the digest of a recorded batch, "" when there is no row.
func batchDigest(ctx context.Context, q database.Querier, source, stream string, sequence int64) (string, error) {
	var digest string
	err := q.QueryRowContext(ctx, `SELECT digest FROM batch WHERE source = $1 AND stream = $2 AND sequence = $3`, source, stream, sequence).Scan(&digest)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("read a batch of %s: %w", source, err)
	}
	return digest, nil
}

func putBatch(ctx context.Context, tx *sql.Tx, e *wire.Envelope, digest string, at time.Time, offset *int64, size int, quarantined bool) error {
	aside := int64(0)
	if quarantined {
		aside = 1
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO batch (source, stream, sequence, kind, digest, observed_at, received_at, clock_offset_us, items, bytes, quarantined)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		e.Source, e.Stream, e.Sequence, e.Kind, digest, clock.Micros(e.ObservedAt), clock.Micros(at), offset, int64(len(e.Items)), int64(size), aside); err != nil {
		return fmt.Errorf("record batch %d of %s: %w", e.Sequence, e.Source, err)
	}
	return nil
}

func dropBatch(ctx context.Context, tx *sql.Tx, source, stream string, sequence int64) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM batch WHERE source = $1 AND stream = $2 AND sequence = $3`, source, stream, sequence); err != nil {
		return fmt.Errorf("drop the heartbeat before the last: %w", err)
	}
	return nil
}

// touch records on its row that a source has spoken, and its clock when measured.
func touch(ctx context.Context, tx *sql.Tx, source, agent string, at time.Time, measured *int64) error {
	_, err := tx.ExecContext(ctx, `UPDATE source SET seen_at = CASE WHEN seen_at > $2 THEN seen_at ELSE $2 END, agent = $3,
			clock_offset_us = COALESCE($4, clock_offset_us), clock_offset_at = CASE WHEN $5 = 1 THEN $2 ELSE clock_offset_at END
		WHERE id = $1`, source, clock.Micros(at), agent, measured, flag(measured != nil))
	if err != nil {
		return fmt.Errorf("touch source %s: %w", source, err)
	}
	return nil
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func putQuarantine(ctx context.Context, tx *sql.Tx, id string, e *wire.Envelope, digest, reason string, at time.Time, raw []byte) error {
	if _, err := tx.ExecContext(ctx, `INSERT INTO batch_quarantine (id, source, stream, sequence, kind, digest, received_at, reason, raw)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		id, e.Source, e.Stream, e.Sequence, e.Kind, digest, clock.Micros(at), reason, raw); err != nil {
		return fmt.Errorf("keep batch %d of %s aside: %w", e.Sequence, e.Source, err)
	}
	return nil
}

const quarantineColumns = `id, source, stream, sequence, kind, digest, received_at, reason, resolved_at, resolved_by`

func scanQuarantined(r interface{ Scan(...any) error }, more ...any) (Quarantined, error) {
	var q Quarantined
	var received, resolved int64
	err := r.Scan(append([]any{&q.ID, &q.Source, &q.Stream, &q.Sequence, &q.Kind, &q.Digest, &received, &q.Reason, &resolved, &q.ResolvedBy}, more...)...)
	q.ReceivedAt, q.ResolvedAt = when(received), when(resolved)
	return q, err
}

func allQuarantined(ctx context.Context, q database.Querier) ([]Quarantined, error) {
	return collect(ctx, q, func(r *sql.Rows) (Quarantined, error) { return scanQuarantined(r) },
		`SELECT `+quarantineColumns+` FROM batch_quarantine ORDER BY received_at DESC, id DESC`)
}

// lockQuarantined gives one quarantined batch with its bytes and keeps others
// from resolving it until the transaction ends.
func lockQuarantined(ctx context.Context, tx *sql.Tx, id string) (Quarantined, []byte, error) {
	var raw []byte
	q, err := scanQuarantined(tx.QueryRowContext(ctx, `UPDATE batch_quarantine SET id = id WHERE id = $1 RETURNING `+quarantineColumns+`, raw`, id), &raw)
	if errors.Is(err, sql.ErrNoRows) {
		return q, nil, fault.New(fault.NotFound, "there is no quarantined batch %s", id)
	}
	if err != nil {
		return q, nil, fmt.Errorf("read quarantined batch %s: %w", id, err)
	}
	return q, raw, nil
}

func resolveQuarantined(ctx context.Context, tx *sql.Tx, id, by string, at time.Time) error {
	if _, err := tx.ExecContext(ctx, `UPDATE batch_quarantine SET resolved_at = $2, resolved_by = $3 WHERE id = $1`, id, clock.Micros(at), by); err != nil {
		return fmt.Errorf("resolve quarantined batch %s: %w", id, err)
	}
	return nil
}

func streamsOf(ctx context.Context, q database.Querier, source string) ([]Stream, error) {
	all, err := collect(ctx, q, func(r *sql.Rows) (Stream, error) {
		s := Stream{Source: source}
		var seen int64
		err := r.Scan(&s.Name, &s.Contiguous, &s.Highest, &s.Received, &s.Duplicates, &seen)
		s.SeenAt = when(seen)
		return s, err
	}, `SELECT stream, contiguous, highest, received, duplicates, seen_at FROM source_stream WHERE source = $1 ORDER BY stream`, source)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].Holes, err = holesWithin(ctx, q, source, all[i].Name, 0, all[i].Highest); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func putContiguous(ctx context.Context, tx *sql.Tx, source, stream string, contiguous int64) error {
	if _, err := tx.ExecContext(ctx, `UPDATE source_stream SET contiguous = $3 WHERE source = $1 AND stream = $2`, source, stream, contiguous); err != nil {
		return fmt.Errorf("advance stream %s of %s: %w", stream, source, err)
	}
	return nil
}
