package trainees

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
)

func each(ctx context.Context, q database.Querier, scan func(*sql.Rows) error, query string, args ...any) error {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("read who there is: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return fmt.Errorf("read who there is: %w", err)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read who there is: %w", err)
	}
	return nil
}

// person is somebody of the register.
type person struct {
	id, name, mail, kind, team, title, start, end, state, merged, user string
	left, created                                                      time.Time
}

// login is an account whose holder the register does not have.
type login struct {
	id, name, mail, role string
	since                time.Time
}

// logins gives those that are open, and a mark that changes whenever they or the
// people of the register do.
func logins(ctx context.Context, q database.Querier) (all []login, mark string, err error) {
	var n, newest int64
	if err := q.QueryRowContext(ctx, `SELECT COUNT(*), COALESCE(MAX(changed_at), 0) FROM person`).Scan(&n, &newest); err != nil {
		return nil, "", fmt.Errorf("count people: %w", err)
	}
	sum := fnv.New64a()
	err = each(ctx, q, func(rows *sql.Rows) error {
		var l login
		var created int64
		err := rows.Scan(&l.id, &l.name, &l.mail, &l.role, &created)
		l.since = clock.FromMicros(created)
		fmt.Fprintln(sum, l.id, l.name, l.mail, l.role)
		all = append(all, l)
		return err
	}, `SELECT u.id, u.name, COALESCE(u.email, ''), u.role, u.created_at FROM access_user u LEFT JOIN person p ON p.user_id = u.id AND p.state <> 'merged' WHERE p.id IS NULL AND u.disabled = 0 ORDER BY u.name, u.id`)
	return all, fmt.Sprintf("%d-%d-%x", n, newest, sum.Sum64()), err
}

func persons(ctx context.Context, q database.Querier) (all []person, err error) {
	err = each(ctx, q, func(rows *sql.Rows) error {
		var p person
		var left, created int64
		err := rows.Scan(&p.id, &p.name, &p.mail, &p.kind, &p.team, &p.title, &p.start, &p.end, &p.state, &p.merged, &p.user, &left, &created)
		if p.created = clock.FromMicros(created); left > 0 {
			p.left = clock.FromMicros(left)
		}
		all = append(all, p)
		return err
	}, `SELECT id, name, mail, kind, team, title, start_day, end_day, state, merged, user_id, left_at, created_at FROM person WHERE kind <> 'service' ORDER BY name_key, id`)
	return all, err
}

// moves gives when the team, title or kind of people last changed.
func moves(ctx context.Context, q database.Querier) (map[string]time.Time, error) {
	out := map[string]time.Time{}
	err := each(ctx, q, func(rows *sql.Rows) error {
		var id, data string
		var valid int64
		if err := rows.Scan(&id, &data, &valid); err != nil {
			return err
		}
		var said struct{ Fields []string }
		if err := json.Unmarshal([]byte(data), &said); err != nil {
			return err
		}
		if slices.ContainsFunc(said.Fields, func(f string) bool { return f == "team" || f == "title" || f == "kind" }) {
			out[id] = clock.FromMicros(valid)
		}
		return nil
	}, `SELECT subject, data, valid_at FROM people_event WHERE kind = 'changed' ORDER BY subject, seq`)
	return out, err
}
