package evidence

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/instance"
)

func insertItem(ctx context.Context, q database.Querier, system, id string) (number int, err error) {
	err = q.QueryRowContext(ctx, `INSERT INTO evidence (id, system_id, number)
		SELECT $1, $2, COALESCE(MAX(number), 0) + 1 FROM evidence WHERE system_id = $2 RETURNING number`, id, system).Scan(&number)
	if database.IsUnique(err) {
		return 0, fault.Wrap(fault.Conflict, err, "somebody else added evidence at the same moment").WithHint("send it again")
	}
	if err != nil {
		return 0, fmt.Errorf("number evidence: %w", err)
	}
	return number, nil
}

func numberOf(ctx context.Context, q database.Querier, id string) (n int, err error) {
	if err = q.QueryRowContext(ctx, `SELECT number FROM evidence WHERE id = $1`, id).Scan(&n); err != nil {
		return 0, fmt.Errorf("read the number of evidence: %w", err)
	}
	return n, nil
}

type itemRow struct {
	id       string
	versions int
}

func byNumber(ctx context.Context, q database.Querier, system string, number int) (itemRow, bool, error) {
	var r itemRow
	err := q.QueryRowContext(ctx, `SELECT e.id, (SELECT COUNT(*) FROM evidence_version v WHERE v.evidence_id = e.id) FROM evidence e
		WHERE e.system_id = $1 AND e.number = $2`, system, number).Scan(&r.id, &r.versions)
	if errors.Is(err, sql.ErrNoRows) {
		return r, false, nil
	}
	if err != nil {
		return r, false, fmt.Errorf("read evidence E-%d: %w", number, err)
	}
	return r, true, nil
}

func insertVersion(ctx context.Context, q database.Querier, v Version, controls []string) error {
	_, err := q.ExecContext(ctx, `INSERT INTO evidence_version (evidence_id, version, kind, title, description, source, query, address, file_name,
			content_type, size, digest, performed_at, covers_from, covers_to, collected_at, scope, made_at, made_by, entry_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)`,
		v.ID, v.Version, string(v.Kind), v.Title, v.Description, v.Source, v.Query, v.Address, v.FileName, v.ContentType, v.Size, v.Digest,
		clock.Micros(v.Performed), clock.Micros(v.From), clock.Micros(v.To), clock.Micros(v.Collected), v.Scope, clock.Micros(v.Made.At), v.Made.By, v.Made.Entry)
	if database.IsUnique(err) {
		return fault.Wrap(fault.Conflict, err, "somebody else added a version of %s at the same moment", v.Ref()).WithHint("look at it first")
	}
	if err != nil {
		return fmt.Errorf("store evidence: %w", err)
	}
	for i, c := range v.Covers {
		_, err := q.ExecContext(ctx, `INSERT INTO evidence_cover (evidence_id, version, control_id, instance, role, items) VALUES ($1, $2, $3, $4, $5, $6)`,
			v.ID, v.Version, controls[i], c.Instance, c.Role, c.Items)
		if err != nil {
			return fmt.Errorf("store what evidence covers: %w", err)
		}
	}
	return nil
}

func insertReview(ctx context.Context, q database.Querier, v Version, r Review) error {
	_, err := q.ExecContext(ctx, `INSERT INTO evidence_review (evidence_id, version, seq, decision, reason, compensation, made_at, made_by, entry_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		v.ID, v.Version, r.Seq, string(r.Decision), r.Reason, r.Compensation, clock.Micros(r.Made.At), r.Made.By, r.Made.Entry)
	if database.IsUnique(err) {
		return fault.Wrap(fault.Conflict, err, "somebody else reviewed %s at the same moment", v.Ref()).WithHint("look at it again")
	}
	if err != nil {
		return fmt.Errorf("store the review of %s: %w", v.Ref(), err)
	}
	return nil
}

// redact empties what a person wrote.
func redact(ctx context.Context, q database.Querier, v Version, entry string) error {
	_, err := q.ExecContext(ctx, `UPDATE evidence_version SET title = '', description = '', source = '', query = '', address = '', file_name = '', redacted_by = $1
		WHERE evidence_id = $2 AND version = $3`, entry, v.ID, v.Version)
	if err != nil {
		return fmt.Errorf("redact %s: %w", v.Ref(), err)
	}
	return nil
}

// digestNamed reports whether a version that was not redacted has the content.
func digestNamed(ctx context.Context, q database.Querier, digest string) (bool, error) {
	var n int
	if err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM evidence_version WHERE digest = $1 AND digest <> '' AND redacted_by = ''`, digest).Scan(&n); err != nil {
		return false, fmt.Errorf("look for evidence with a content: %w", err)
	}
	return n > 0, nil
}

const versionColumns = `SELECT e.id, e.number, v.version, v.kind, v.title, v.description, v.source, v.query, v.address, v.file_name, v.content_type, v.size, v.digest,
		v.performed_at, v.covers_from, v.covers_to, v.collected_at, v.scope, v.made_at, v.made_by, v.entry_id, COALESCE(l.idx, -1), v.redacted_by
		FROM evidence e JOIN evidence_version v ON v.evidence_id = e.id JOIN ledger_entry l ON l.id = v.entry_id `

func scanVersion(scan func(...any) error) (Version, error) {
	var v Version
	var performed, from, to, collected, made int64
	err := scan(&v.ID, &v.Number, &v.Version, &v.Kind, &v.Title, &v.Description, &v.Source, &v.Query, &v.Address, &v.FileName, &v.ContentType, &v.Size, &v.Digest,
		&performed, &from, &to, &collected, &v.Scope, &made, &v.Made.By, &v.Made.Entry, &v.Made.Index, &v.Redacted)
	v.Performed, v.From, v.To, v.Collected, v.Made.At = clock.FromMicros(performed), clock.FromMicros(from), clock.FromMicros(to), clock.FromMicros(collected), clock.FromMicros(made)
	return v, err
}

// load reads every version of an item, oldest first.
func load(ctx context.Context, q database.Querier, number int) ([]Version, error) {
	return read(ctx, q, versionColumns+`WHERE e.number = $1 ORDER BY v.version`, number)
}

// read reads versions, with what they cover and their reviews.
func read(ctx context.Context, q database.Querier, query string, args ...any) ([]Version, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read evidence: %w", err)
	}
	var out []Version
	if err := each(rows, func() error {
		v, err := scanVersion(rows.Scan)
		out = append(out, v)
		return err
	}); err != nil {
		return nil, fmt.Errorf("read evidence: %w", err)
	}
	for i := range out {
		if err := fill(ctx, q, &out[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func fill(ctx context.Context, q database.Querier, v *Version) error {
	rows, err := q.QueryContext(ctx, `SELECT c.slug, x.instance, x.role, x.items FROM evidence_cover x JOIN control c ON c.id = x.control_id
		WHERE x.evidence_id = $1 AND x.version = $2`, v.ID, v.Version)
	if err != nil {
		return fmt.Errorf("read what evidence covers: %w", err)
	}
	if err := each(rows, func() error {
		var c Cover
		err := rows.Scan(&c.Control, &c.Instance, &c.Role, &c.Items)
		v.Covers = append(v.Covers, c)
		return err
	}); err != nil {
		return fmt.Errorf("read what evidence covers: %w", err)
	}
	sortCovers(v.Covers)
	rows, err = q.QueryContext(ctx, `SELECT r.seq, r.decision, r.reason, r.compensation, r.made_at, r.made_by, r.entry_id, COALESCE(l.idx, -1)
		FROM evidence_review r JOIN ledger_entry l ON l.id = r.entry_id WHERE r.evidence_id = $1 AND r.version = $2 ORDER BY r.seq`, v.ID, v.Version)
	if err != nil {
		return fmt.Errorf("read reviews: %w", err)
	}
	if err := each(rows, func() error {
		var r Review
		var made int64
		err := rows.Scan(&r.Seq, &r.Decision, &r.Reason, &r.Compensation, &made, &r.Made.By, &r.Made.Entry, &r.Made.Index)
		r.Made.At = clock.FromMicros(made)
		v.Reviews = append(v.Reviews, r)
		return err
	}); err != nil {
		return fmt.Errorf("read reviews: %w", err)
	}
	return nil
}

// newestOf reads the newest versions of items, newest item first.
func newestOf(ctx context.Context, q database.Querier, numbers []int) ([]Version, error) {
	if len(numbers) == 0 {
		return nil, nil
	}
	args := make([]any, len(numbers))
	marks := make([]string, len(numbers))
	for i, n := range numbers {
		args[i], marks[i] = n, "$"+strconv.Itoa(i+1)
	}
	return read(ctx, q, versionColumns+`WHERE v.version = (SELECT MAX(w.version) FROM evidence_version w WHERE w.evidence_id = e.id)
		AND e.number IN (`+strings.Join(marks, ", ")+`) ORDER BY e.number DESC`, args...)
}

// newest reads the newest version of every item, newest first, as far as lists
// choose by it: with what it covers, and the last of its reviews.
func newest(ctx context.Context, q database.Querier) ([]Version, error) {
	const last = `v.version = (SELECT MAX(w.version) FROM evidence_version w WHERE w.evidence_id = e.id)`
	rows, err := q.QueryContext(ctx, `SELECT e.number, v.title, v.source, v.file_name, v.digest, v.performed_at, v.covers_from, v.covers_to, v.collected_at, v.made_by FROM evidence e JOIN evidence_version v ON v.evidence_id = e.id
		WHERE `+last+` ORDER BY e.number DESC`)
	if err != nil {
		return nil, fmt.Errorf("read evidence: %w", err)
	}
	var out []Version
	at := map[int]int{}
	err = each(rows, func() error {
		var v Version
		var performed, from, to, collected int64
		err := rows.Scan(&v.Number, &v.Title, &v.Source, &v.FileName, &v.Digest, &performed, &from, &to, &collected, &v.Made.By)
		v.Performed, v.From, v.To, v.Collected = clock.FromMicros(performed), clock.FromMicros(from), clock.FromMicros(to), clock.FromMicros(collected)
		at[v.Number] = len(out)
		out = append(out, v)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read evidence: %w", err)
	}
	if rows, err = q.QueryContext(ctx, `SELECT e.number, c.slug, x.instance, x.role, x.items FROM evidence e JOIN evidence_version v ON v.evidence_id = e.id
		JOIN evidence_cover x ON x.evidence_id = e.id AND x.version = v.version JOIN control c ON c.id = x.control_id WHERE `+last); err != nil {
		return nil, fmt.Errorf("read what evidence covers: %w", err)
	}
	slugs := map[string]string{} // one text for each
	err = each(rows, func() error {
		var n int
		var c Cover
		err := rows.Scan(&n, &c.Control, &c.Instance, &c.Role, &c.Items)
		if known, ok := slugs[c.Control]; ok {
			c.Control = known
		} else {
			slugs[c.Control] = c.Control
		}
		if i, ok := at[n]; ok { // else it was added meanwhile
			out[i].Covers = append(out[i].Covers, c)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read what evidence covers: %w", err)
	}
	if rows, err = q.QueryContext(ctx, `SELECT e.number, r.decision FROM evidence e JOIN evidence_version v ON v.evidence_id = e.id JOIN evidence_review r ON r.evidence_id = e.id AND r.version = v.version
		WHERE `+last+` ORDER BY r.seq`); err != nil {
		return nil, fmt.Errorf("read reviews of evidence: %w", err)
	}
	err = each(rows, func() error {
		var n int
		var r Review
		err := rows.Scan(&n, &r.Decision)
		if i, ok := at[n]; ok {
			out[i].Reviews = []Review{r}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read reviews of evidence: %w", err)
	}
	return out, nil
}

// markOf says how far what lists of evidence rest on has come.
func markOf(ctx context.Context, q database.Querier) (mark string, err error) {
	var n [7]int64
	err = q.QueryRowContext(ctx, `SELECT (SELECT COUNT(*) FROM evidence_version), (SELECT COUNT(*) FROM evidence_version WHERE redacted_by <> ''), (SELECT COUNT(*) FROM evidence_review),
		(SELECT COUNT(*) FROM instance_event), (SELECT COUNT(*) FROM control_version), (SELECT COUNT(*) FROM scope), (SELECT COUNT(*) FROM scope_approval)`).Scan(&n[0], &n[1], &n[2], &n[3], &n[4], &n[5], &n[6])
	if err != nil {
		return "", fmt.Errorf("see how far evidence has come: %w", err)
	}
	return fmt.Sprint(n), nil
}

// twins gives the numbers of other items whose newest version has the same
// content, by digest.
func twins(ctx context.Context, q database.Querier) (map[string][]int, error) {
	rows, err := q.QueryContext(ctx, `SELECT v.digest, e.number FROM evidence_version v JOIN evidence e ON e.id = v.evidence_id
		WHERE v.digest <> '' AND v.digest IN (SELECT digest FROM evidence_version WHERE digest <> '' GROUP BY digest HAVING COUNT(DISTINCT evidence_id) > 1)
		GROUP BY v.digest, e.number ORDER BY e.number`)
	if err != nil {
		return nil, fmt.Errorf("look for equal evidence: %w", err)
	}
	out := map[string][]int{}
	err = each(rows, func() error {
		var digest string
		var n int
		err := rows.Scan(&digest, &n)
		out[digest] = append(out[digest], n)
		return err
	})
	return out, err
}

// performances reads what the book of instances is made of. A version that
// covers a control no more, which an earlier one did, gives a row without role.
func performances(ctx context.Context, q database.Querier) ([]instance.Performance, error) {
	rows, err := q.QueryContext(ctx, `SELECT e.id, e.number, v.version, k.control_id, COALESCE(x.instance, ''), COALESCE(x.role, ''), COALESCE(x.items, -1),
			v.performed_at, v.collected_at, COALESCE(l.idx, -1)
		FROM evidence e JOIN evidence_version v ON v.evidence_id = e.id JOIN ledger_entry l ON l.id = v.entry_id
		JOIN (SELECT DISTINCT evidence_id, control_id FROM evidence_cover) k ON k.evidence_id = e.id
		LEFT JOIN evidence_cover x ON x.evidence_id = e.id AND x.version = v.version AND x.control_id = k.control_id
		ORDER BY e.number, v.version`)
	if err != nil {
		return nil, fmt.Errorf("read evidence of instances: %w", err)
	}
	var out []instance.Performance
	if err := each(rows, func() error {
		var p instance.Performance
		var performed, collected int64
		err := rows.Scan(&p.Evidence, &p.Number, &p.Version, &p.Control, &p.Instance, &p.Role, &p.Items, &performed, &collected, &p.Index)
		p.Performed, p.Collected = clock.FromMicros(performed), clock.FromMicros(collected)
		out = append(out, p)
		return err
	}); err != nil {
		return nil, fmt.Errorf("read evidence of instances: %w", err)
	}
	type key struct {
		id      string
		version int
	}
	reviews := map[key][]instance.Review{}
	rows, err = q.QueryContext(ctx, `SELECT r.evidence_id, r.version, r.decision, COALESCE(l.idx, -1) FROM evidence_review r
		JOIN ledger_entry l ON l.id = r.entry_id ORDER BY r.evidence_id, r.version, r.seq`)
	if err != nil {
		return nil, fmt.Errorf("read reviews: %w", err)
	}
	if err := each(rows, func() error {
		var k key
		var r instance.Review
		err := rows.Scan(&k.id, &k.version, &r.Decision, &r.Index)
		reviews[k] = append(reviews[k], r)
		return err
	}); err != nil {
		return nil, fmt.Errorf("read reviews: %w", err)
	}
	for i := range out {
		out[i].Reviews = reviews[key{out[i].Evidence, out[i].Version}]
	}
	return out, nil
}

func versionByEntry(ctx context.Context, q database.Querier, entry string) ([]Version, error) {
	return read(ctx, q, versionColumns+`WHERE v.entry_id = $1`, entry)
}

func versionByReview(ctx context.Context, q database.Querier, entry string) ([]Version, error) {
	return read(ctx, q, versionColumns+`WHERE EXISTS (SELECT 1 FROM evidence_review r WHERE r.evidence_id = e.id AND r.version = v.version AND r.entry_id = $1)`, entry)
}

func each(rows *sql.Rows, scan func() error) error {
	defer rows.Close()
	for rows.Next() {
		if err := scan(); err != nil {
			return err
		}
	}
	return rows.Err()
}
