package population

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
)

// micros stores a time; the zero time is 0.
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

// ledgerSize is the number of entries that have their place.
func ledgerSize(ctx context.Context, q database.Querier) (int64, error) {
	var size int64
	if err := q.QueryRowContext(ctx, `SELECT COALESCE(MAX(idx) + 1, 0) FROM ledger_entry`).Scan(&size); err != nil {
		return 0, fmt.Errorf("read the ledger's size: %w", err)
	}
	return size, nil
}

// definitions gives all, or the one of a slug.
func definitions(ctx context.Context, q database.Querier, slug string) ([]Definition, error) {
	where, args := "", []any{}
	if slug != "" {
		where, args = " WHERE slug = $1", []any{slug}
	}
	rows, err := q.QueryContext(ctx, `SELECT slug, version, state, content, digest, made_at, made_by, entry_id, approved_at, approved_by, alone, approval_entry
		FROM population_version`+where+` ORDER BY slug, version`, args...)
	if err != nil {
		return nil, fmt.Errorf("read populations: %w", err)
	}
	defer rows.Close()
	var all []Definition
	for rows.Next() {
		var v Version
		var content string
		var made, approved int64
		if err := rows.Scan(&v.Slug, &v.Version, &v.State, &content, &v.Digest, &made, &v.MadeBy, &v.Entry, &approved, &v.ApprovedBy, &v.Alone, &v.Approval); err != nil {
			return nil, fmt.Errorf("read populations: %w", err)
		}
		if err := json.Unmarshal([]byte(content), &v.Content); err != nil {
			return nil, fault.Wrap(fault.Refused, err, "version %d of population %s cannot be read", v.Version, v.Slug)
		}
		v.MadeAt, v.ApprovedAt = moment(made), moment(approved)
		if n := len(all); n == 0 || all[n-1].Slug != v.Slug {
			all = append(all, Definition{Slug: v.Slug})
		}
		d := &all[len(all)-1]
		d.Versions = append(d.Versions, v)
	}
	return all, rows.Err()
}

func insertVersion(ctx context.Context, q database.Querier, v Version, content string) error {
	_, err := q.ExecContext(ctx, `INSERT INTO population_version (slug, version, state, content, digest, made_at, made_by, entry_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		v.Slug, v.Version, string(v.State), content, v.Digest, micros(v.MadeAt), v.MadeBy, v.Entry)
	if database.IsUnique(err) {
		return fault.Wrap(fault.Conflict, err, "somebody else changed population %s at the same time", v.Slug).WithHint("look at it again and repeat what is still needed")
	}
	if err != nil {
		return fmt.Errorf("store a version of population %s: %w", v.Slug, err)
	}
	return nil
}

func approveVersion(ctx context.Context, q database.Querier, v Version) error {
	res, err := q.ExecContext(ctx, `UPDATE population_version SET state = $3, approved_at = $4, approved_by = $5, alone = $6, approval_entry = $7
		WHERE slug = $1 AND version = $2 AND state = 'draft'`, v.Slug, v.Version, string(v.State), micros(v.ApprovedAt), v.ApprovedBy, v.Alone, v.Approval)
	if err != nil {
		return fmt.Errorf("approve population %s: %w", v.Slug, err)
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return fault.New(fault.Conflict, "somebody else decided about population %s at the same time", v.Slug)
	}
	return nil
}

func nextNumber(ctx context.Context, q database.Querier) (int64, error) {
	var n int64
	if err := q.QueryRowContext(ctx, `UPDATE evidence_counter SET value = value + 1 WHERE name = 'extraction' RETURNING value`).Scan(&n); err != nil {
		return 0, fmt.Errorf("number an extraction: %w", err)
	}
	return n, nil
}

func insertExtraction(ctx context.Context, q database.Querier, e Extraction, register string) error {
	_, err := q.ExecContext(ctx, `INSERT INTO extraction (id, number, slug, version, definition, source, window_from, window_to, known, count, undecided, digest, size,
			excluded, exclusions, exclusions_digest, made_at, made_by, entry_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)`,
		e.ID, e.Number, e.Slug, e.Version, e.Definition, e.Content.Source, micros(e.Window.From), micros(e.Window.To), e.Known, e.Count, e.Undecided, e.Digest, e.Size,
		e.Excluded, register, e.exclusionsDigest, micros(e.MadeAt), e.MadeBy, e.Entry)
	if err != nil {
		return fmt.Errorf("store extraction %s: %w", e.Ref(), err)
	}
	return nil
}

const extractionColumns = `x.id, x.number, x.slug, x.version, x.definition, x.source, x.window_from, x.window_to, x.known, x.count, x.undecided, x.digest, x.size,
	x.excluded, x.exclusions, x.made_at, x.made_by, x.entry_id, COALESCE(e.idx, -1), v.content`

func extractionsWhere(ctx context.Context, q database.Querier, tail string, args ...any) ([]Extraction, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+extractionColumns+` FROM extraction x JOIN population_version v ON v.slug = x.slug AND v.version = x.version
		LEFT JOIN ledger_entry e ON e.id = x.entry_id `+tail, args...)
	if err != nil {
		return nil, fmt.Errorf("read extractions: %w", err)
	}
	defer rows.Close()
	var all []Extraction
	for rows.Next() {
		var x Extraction
		var from, to, made int64
		var source, register, content string
		if err := rows.Scan(&x.ID, &x.Number, &x.Slug, &x.Version, &x.Definition, &source, &from, &to, &x.Known, &x.Count, &x.Undecided, &x.Digest, &x.Size,
			&x.Excluded, &register, &made, &x.MadeBy, &x.Entry, &x.Index, &content); err != nil {
			return nil, fmt.Errorf("read extractions: %w", err)
		}
		if err := errors.Join(json.Unmarshal([]byte(content), &x.Content), json.Unmarshal([]byte(register), &x.Exclusions)); err != nil {
			return nil, fault.Wrap(fault.Refused, err, "extraction %s cannot be read", x.Ref())
		}
		x.Content.Source, x.Query = source, x.Content.Filter
		x.Window, x.MadeAt, x.exclusionsDigest = Window{moment(from), moment(to)}, moment(made), hexDigest([]byte(register))
		all = append(all, x)
	}
	return all, rows.Err()
}

func extraction(ctx context.Context, q database.Querier, ref string) (Extraction, error) {
	tail, arg := `WHERE x.id = $1`, any(ref)
	if digits, ok := strings.CutPrefix(strings.ToUpper(ref), "P-"); ok {
		n, err := strconv.ParseInt(digits, 10, 64)
		if err != nil {
			return Extraction{}, fault.Wrap(fault.NotFound, err, "there is no extraction %q", ref)
		}
		tail, arg = `WHERE x.number = $1`, n
	}
	all, err := extractionsWhere(ctx, q, tail, arg)
	if err != nil {
		return Extraction{}, err
	}
	if len(all) == 0 {
		return Extraction{}, fault.New(fault.NotFound, "there is no extraction %q", ref).WithHint("extractions have numbers like P-3")
	}
	return all[0], nil
}

func extractions(ctx context.Context, q database.Querier, slug string, before int64, limit int) ([]Extraction, error) {
	tail, args := "WHERE 1 = 1", []any{}
	bind := func(v any) string {
		args = append(args, v)
		return "$" + strconv.Itoa(len(args))
	}
	if slug != "" {
		tail += " AND x.slug = " + bind(slug)
	}
	if before > 0 {
		tail += " AND x.number < " + bind(before)
	}
	return extractionsWhere(ctx, q, tail+" ORDER BY x.number DESC LIMIT "+bind(limit), args...)
}
