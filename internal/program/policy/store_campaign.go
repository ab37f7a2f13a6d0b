package policy

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
)

// held gives, per policy that is published and not retired, the version that
// holds, the version since which acknowledgements count, and when that one was
// published and is due. Published versions only grow.
const held = `WITH held AS (
		SELECT s.policy_id, MAX(s.version) AS version, MAX(CASE WHEN s.until > 0 THEN s.version ELSE 0 END) AS asked
		FROM policy_step s WHERE s.step = 'published' AND NOT EXISTS (
			SELECT 1 FROM policy_step r WHERE r.policy_id = s.policy_id AND r.step = 'retired' AND NOT EXISTS (
				SELECT 1 FROM policy_step l WHERE l.policy_id = r.policy_id AND l.step = 'published' AND l.seq > r.seq))
		GROUP BY s.policy_id),
	asking AS (SELECT h.policy_id, h.version, h.asked, s.made_at AS published, s.until FROM held h
		JOIN policy_step s ON s.policy_id = h.policy_id AND s.version = h.asked AND s.step = 'published') `

type counts struct{ asked, acknowledged, late int }

// progress gives how many people each published policy asks, how many of them
// acknowledged, and how many are late.
func progress(ctx context.Context, q database.Querier, now time.Time) (map[string]counts, error) {
	rows, err := q.QueryContext(ctx, held+`, person AS (
		SELECT o.policy_id, CASE WHEN EXISTS (SELECT 1 FROM policy_acknowledgement k WHERE k.user_id = u.id AND k.policy_id = o.policy_id AND k.version >= o.asked) THEN 1 ELSE 0 END AS done,
			CASE WHEN o.until < $1 AND u.created_at + o.until - o.published < $1 THEN 1 ELSE 0 END AS past
		FROM asking o JOIN policy_audience a ON a.policy_id = o.policy_id AND a.version = o.version JOIN access_user u ON u.role = a.role AND u.disabled = 0)
		SELECT policy_id, COUNT(*), SUM(done), SUM((1 - done) * past) FROM person GROUP BY policy_id`, clock.Micros(now))
	if err != nil {
		return nil, fmt.Errorf("count acknowledgements: %w", err)
	}
	out := map[string]counts{}
	err = each(rows, func() error {
		var id string
		var c counts
		err := rows.Scan(&id, &c.asked, &c.acknowledged, &c.late)
		out[id] = c
		return err
	})
	return out, err
}

// tasksOf gives the published policies that ask a user of a role.
func tasksOf(ctx context.Context, q database.Querier, user, role string, now time.Time) ([]Task, error) {
	rows, err := q.QueryContext(ctx, held+`SELECT p.slug, p.number, v.title, v.version, v.digest, o.published, o.until, u.created_at,
			COALESCE((SELECT MAX(k.version) FROM policy_acknowledgement k WHERE k.policy_id = p.id AND k.user_id = u.id AND k.version >= o.asked), 0),
			COALESCE((SELECT MAX(k.made_at) FROM policy_acknowledgement k WHERE k.policy_id = p.id AND k.user_id = u.id AND k.version >= o.asked), 0),
			(SELECT COUNT(*) FROM policy_try t WHERE t.policy_id = p.id AND t.version = v.version AND t.user_id = u.id)
		FROM asking o JOIN policy p ON p.id = o.policy_id JOIN policy_version v ON v.policy_id = o.policy_id AND v.version = o.version
		JOIN policy_audience a ON a.policy_id = o.policy_id AND a.version = o.version AND a.role = $2
		JOIN access_user u ON u.id = $1`, user, role)
	if err != nil {
		return nil, fmt.Errorf("read whom policies ask: %w", err)
	}
	out := []Task{}
	err = each(rows, func() error {
		var t Task
		var number int
		var published, until, joined, made int64
		if err := rows.Scan(&t.Slug, &number, &t.Title, &t.Version, &t.Digest, &published, &until, &joined, &t.Of, &made, &t.Tries); err != nil {
			return err
		}
		t.Ref, t.Published, t.Acknowledged = fmt.Sprintf("P-%d", number), clock.FromMicros(published), moment(made)
		t.Due = due(t.Published, clock.FromMicros(until), clock.FromMicros(joined))
		t.Late = !t.Done() && now.After(t.Due)
		out = append(out, t)
		return nil
	})
	return out, err
}

// people gives whom a published policy asks, and who acknowledged it and is not
// asked any more.
func people(ctx context.Context, q database.Querier, id string, now time.Time) ([]Person, error) {
	rows, err := q.QueryContext(ctx, held+`SELECT u.id, u.role, u.disabled, u.created_at, o.published, o.until, COALESCE(k.version, 0), COALESCE(k.made_at, 0), COALESCE(k.tries, 0), COALESCE(k.entry_id, ''), COALESCE(e.idx, -1),
			(SELECT COUNT(*) FROM policy_try t WHERE t.policy_id = o.policy_id AND t.version = o.version AND t.user_id = u.id),
			CASE WHEN EXISTS (SELECT 1 FROM policy_audience a WHERE a.policy_id = o.policy_id AND a.version = o.version AND a.role = u.role) THEN 1 ELSE 0 END
		FROM asking o CROSS JOIN access_user u
		LEFT JOIN policy_acknowledgement k ON k.policy_id = o.policy_id AND k.user_id = u.id AND k.version >= o.asked AND NOT EXISTS (
			SELECT 1 FROM policy_acknowledgement n WHERE n.policy_id = k.policy_id AND n.user_id = k.user_id AND n.version > k.version)
		LEFT JOIN ledger_entry e ON e.id = k.entry_id
		WHERE o.policy_id = $1 ORDER BY u.name, u.id`, id)
	if err != nil {
		return nil, fmt.Errorf("read whom a policy asks: %w", err)
	}
	var out []Person
	err = each(rows, func() error {
		var x Person
		var disabled, asked bool
		var joined, published, until, made int64
		var tried int
		if err := rows.Scan(&x.UserID, &x.Role, &disabled, &joined, &published, &until, &x.Version, &made, &x.Tries, &x.Entry, &x.Index, &tried, &asked); err != nil {
			return err
		}
		x.Acknowledged = moment(made)
		if asked = asked && !disabled; !asked && x.Acknowledged.IsZero() {
			return nil
		}
		x.Left = !asked
		x.Due = due(clock.FromMicros(published), clock.FromMicros(until), clock.FromMicros(joined))
		if x.Acknowledged.IsZero() {
			x.Tries, x.Late = tried, now.After(x.Due)
		}
		out = append(out, x)
		return nil
	})
	return out, err
}

// triesOf gives how often somebody answered a version's questions, and whether
// they acknowledged it.
func triesOf(ctx context.Context, q database.Querier, id string, version int, user string) (int, bool, error) {
	var tries, done int
	err := q.QueryRowContext(ctx, `SELECT (SELECT COUNT(*) FROM policy_try WHERE policy_id = $1 AND version = $2 AND user_id = $3),
		(SELECT COUNT(*) FROM policy_acknowledgement WHERE policy_id = $1 AND version = $2 AND user_id = $3)`, id, version, user).Scan(&tries, &done)
	if err != nil {
		return 0, false, fmt.Errorf("read earlier answers: %w", err)
	}
	return tries, done > 0, nil
}

func insertTry(ctx context.Context, q database.Querier, id string, version int, user string, seq int, answers string, wrong int, m Made) error {
	_, err := q.ExecContext(ctx, `INSERT INTO policy_try (policy_id, version, user_id, seq, answers, wrong, made_at, entry_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		id, version, user, seq, answers, wrong, clock.Micros(m.At), m.Entry)
	return conflict(err, "store answers")
}

func insertAcknowledgement(ctx context.Context, q database.Querier, id string, version int, user, digest string, tries int, m Made) error {
	_, err := q.ExecContext(ctx, `INSERT INTO policy_acknowledgement (policy_id, version, user_id, digest, tries, made_at, entry_id) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		id, version, user, digest, tries, clock.Micros(m.At), m.Entry)
	return conflict(err, "store an acknowledgement")
}

// said is what somebody answered or acknowledged.
type said struct {
	policy, user, digest, answers string
	number, version, tries, wrong int64
}

func tryByEntry(ctx context.Context, q database.Querier, entry string) (said, error) {
	var b said
	err := q.QueryRowContext(ctx, `SELECT p.id, p.number, t.version, t.user_id, t.seq, t.wrong, t.answers, v.digest FROM policy_try t JOIN policy p ON p.id = t.policy_id
		JOIN policy_version v ON v.policy_id = t.policy_id AND v.version = t.version WHERE t.entry_id = $1`, entry).
		Scan(&b.policy, &b.number, &b.version, &b.user, &b.tries, &b.wrong, &b.answers, &b.digest)
	return b, err
}

func acknowledgementByEntry(ctx context.Context, q database.Querier, entry string) (said, error) {
	var b said
	err := q.QueryRowContext(ctx, `SELECT p.id, p.number, k.version, k.user_id, k.tries, k.digest FROM policy_acknowledgement k JOIN policy p ON p.id = k.policy_id WHERE k.entry_id = $1`, entry).
		Scan(&b.policy, &b.number, &b.version, &b.user, &b.tries, &b.digest)
	return b, err
}

func gone(err error) bool { return errors.Is(err, sql.ErrNoRows) }
