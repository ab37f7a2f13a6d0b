package policy

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
)

// load reads one policy by its slug or number (P-3); nil where there is none.
func load(ctx context.Context, q database.Querier, slug string) (*Policy, error) {
	number := 0
	if rest, ok := strings.CutPrefix(slug, "P-"); ok {
		if n, err := strconv.Atoi(rest); err == nil {
			number = n
		}
	}
	all, err := policies(ctx, q, `WHERE p.slug = $1 OR p.number = $2`, slug, number)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	p := all[0]
	rows, err := q.QueryContext(ctx, `SELECT version, content FROM policy_version WHERE policy_id = $1 ORDER BY version`, p.ID)
	if err != nil {
		return nil, fmt.Errorf("read the versions of policy %s: %w", p.Slug, err)
	}
	err = each(rows, func() error {
		var n int
		var content string
		if err := rows.Scan(&n, &content); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(content), &p.Versions[n-1].Content); err != nil {
			return fault.Wrap(fault.Refused, err, "version %d of policy %s cannot be read", n, p.Slug)
		}
		return nil
	})
	return p, err
}

// loadAll reads every policy, without the contents of its versions.
func loadAll(ctx context.Context, q database.Querier) ([]*Policy, error) { return policies(ctx, q, "") }

func policies(ctx context.Context, q database.Querier, where string, args ...any) ([]*Policy, error) {
	var out []*Policy
	at := map[string]*Policy{}
	rows, err := q.QueryContext(ctx, `SELECT p.id, p.slug, p.number, p.template, v.version, v.title, v.owner, v.digest, v.text_digest, v.note, v.material, v.origin,
			v.made_at, v.made_by, v.entry_id, COALESCE(e.idx, -1)
		FROM policy p JOIN policy_version v ON v.policy_id = p.id JOIN ledger_entry e ON e.id = v.entry_id `+where+` ORDER BY p.number, v.version`, args...)
	if err != nil {
		return nil, fmt.Errorf("read policies: %w", err)
	}
	if err := each(rows, func() error {
		var p Policy
		var v Version
		var made int64
		if err := rows.Scan(&p.ID, &p.Slug, &p.Number, &p.Template, &v.Version, &v.Title, &v.Owner, &v.Digest, &v.TextDigest, &v.Note, &v.Material, &v.Origin,
			&made, &v.Made.By, &v.Made.Entry, &v.Made.Index); err != nil {
			return err
		}
		v.Made.At = clock.FromMicros(made)
		to := at[p.ID]
		if to == nil {
			to = &p
			at[p.ID], out = to, append(out, to)
		}
		to.Versions = append(to.Versions, v)
		return nil
	}); err != nil {
		return nil, fmt.Errorf("read policies: %w", err)
	}
	rows, err = q.QueryContext(ctx, `SELECT s.policy_id, s.seq, s.version, s.step, s.note, s.compensation, s.until, s.review, s.made_at, s.made_by, s.entry_id, COALESCE(e.idx, -1)
		FROM policy_step s JOIN policy p ON p.id = s.policy_id JOIN ledger_entry e ON e.id = s.entry_id `+where+` ORDER BY s.policy_id, s.seq`, args...)
	if err != nil {
		return nil, fmt.Errorf("read what happened to policies: %w", err)
	}
	if err := each(rows, func() error {
		id, s, err := scanStep(rows.Scan)
		if err != nil {
			return err
		}
		if to := at[id]; to != nil {
			to.Steps = append(to.Steps, s)
		}
		return nil
	}); err != nil {
		return nil, fmt.Errorf("read what happened to policies: %w", err)
	}
	for _, p := range out {
		p.derive()
	}
	return out, nil
}

func scanStep(scan func(...any) error) (id string, s Step, err error) {
	var until, review, made int64
	err = scan(&id, &s.Seq, &s.Version, &s.Step, &s.Note, &s.Compensation, &until, &review, &made, &s.Made.By, &s.Made.Entry, &s.Made.Index)
	s.Until, s.Review, s.Made.At = moment(until), moment(review), clock.FromMicros(made)
	return id, s, err
}

// moment gives a time that may be absent.
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

func each(rows *sql.Rows, scan func() error) error {
	defer rows.Close()
	for rows.Next() {
		if err := scan(); err != nil {
			return err
		}
	}
	return rows.Err()
}

// insertPolicy stores the row of a policy and gives its number.
func insertPolicy(ctx context.Context, q database.Querier, p *Policy, now time.Time) (int, error) {
	var n int
	err := q.QueryRowContext(ctx, `INSERT INTO policy (id, slug, number, template, created_at)
		VALUES ($1, $2, (SELECT COALESCE(MAX(number), 0) + 1 FROM policy), $3, $4) RETURNING number`, p.ID, p.Slug, p.Template, clock.Micros(now)).Scan(&n)
	return n, conflict(err, "store policy "+p.Slug)
}

func conflict(err error, doing string) error {
	if database.IsUnique(err) {
		return fault.Wrap(fault.Conflict, err, "somebody else changed the policy at the same time").WithHint("look at it again and repeat what is still needed")
	}
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

func insertVersion(ctx context.Context, q database.Querier, id string, v Version, content string) error {
	material := 0
	if v.Material {
		material = 1
	}
	_, err := q.ExecContext(ctx, `INSERT INTO policy_version (policy_id, version, title, owner, content, digest, text_digest, note, material, origin, made_at, made_by, entry_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		id, v.Version, v.Title, v.Owner, content, v.Digest, v.TextDigest, v.Note, material, string(v.Origin), clock.Micros(v.Made.At), v.Made.By, v.Made.Entry)
	if err := conflict(err, "store a version of a policy"); err != nil {
		return err
	}
	for _, r := range v.Roles {
		if _, err := q.ExecContext(ctx, `INSERT INTO policy_audience (policy_id, version, role) VALUES ($1, $2, $3)`, id, v.Version, string(r)); err != nil {
			return fmt.Errorf("store whom a policy asks: %w", err)
		}
	}
	return nil
}

func insertStep(ctx context.Context, q database.Querier, id string, s Step) error {
	_, err := q.ExecContext(ctx, `INSERT INTO policy_step (policy_id, seq, version, step, note, compensation, until, review, made_at, made_by, entry_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		id, s.Seq, s.Version, s.Step, s.Note, s.Compensation, micros(s.Until), micros(s.Review), clock.Micros(s.Made.At), s.Made.By, s.Made.Entry)
	return conflict(err, "store a step of a policy")
}

// bound is what a ledger entry about a version is held against.
type bound struct {
	policy, slug, template, content, digest, textDigest, note, origin, by string
	number, version                                                       int64
	material                                                              bool
}

func versionByEntry(ctx context.Context, q database.Querier, entry string) (bound, error) {
	var b bound
	err := q.QueryRowContext(ctx, `SELECT p.id, p.slug, p.template, p.number, v.version, v.content, v.digest, v.text_digest, v.note, v.origin, v.material, v.made_by
		FROM policy_version v JOIN policy p ON p.id = v.policy_id WHERE v.entry_id = $1`, entry).
		Scan(&b.policy, &b.slug, &b.template, &b.number, &b.version, &b.content, &b.digest, &b.textDigest, &b.note, &b.origin, &b.material, &b.by)
	return b, err
}

// audienceOf gives the roles beside a version's content.
func audienceOf(ctx context.Context, q database.Querier, policy string, version int64) (map[string]bool, error) {
	rows, err := q.QueryContext(ctx, `SELECT role FROM policy_audience WHERE policy_id = $1 AND version = $2`, policy, version)
	if err != nil {
		return nil, fmt.Errorf("read whom a policy asks: %w", err)
	}
	out := map[string]bool{}
	err = each(rows, func() error {
		var role string
		err := rows.Scan(&role)
		out[role] = true
		return err
	})
	return out, err
}

func stepByEntry(ctx context.Context, q database.Querier, entry string) (id, digest string, s Step, err error) {
	row := q.QueryRowContext(ctx, `SELECT s.policy_id, s.seq, s.version, s.step, s.note, s.compensation, s.until, s.review, s.made_at, s.made_by, s.entry_id, v.digest
		FROM policy_step s JOIN policy_version v ON v.policy_id = s.policy_id AND v.version = s.version WHERE s.entry_id = $1`, entry)
	var until, review, made int64
	err = row.Scan(&id, &s.Seq, &s.Version, &s.Step, &s.Note, &s.Compensation, &until, &review, &made, &s.Made.By, &s.Made.Entry, &digest)
	s.Until, s.Review, s.Made.At = moment(until), moment(review), clock.FromMicros(made)
	return id, digest, s, err
}
