package change

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/landing"
)

func standards(ctx context.Context, q database.Querier) ([]*landing.Standard, error) {
	all := []*landing.Standard{}
	rows, err := q.QueryContext(ctx, `SELECT id, number, content, made_at, made_by, state, decided_at, decided_by, alone, ended_at, entry_id FROM change_standard ORDER BY number DESC`)
	err = each(rows, err, "read standard changes", func() error {
		var s, kept landing.Standard
		var content string
		var made, decided, ended int64
		if err := rows.Scan(&kept.ID, &kept.Number, &content, &made, &kept.MadeBy, &kept.State, &decided, &kept.DecidedBy, &kept.Alone, &ended, &kept.Entry); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(content), &s); err != nil {
			return fault.Wrap(fault.Refused, err, "standard change %s cannot be read", kept.ID)
		}
		s.ID, s.Number, s.MadeBy, s.State, s.DecidedBy, s.Alone, s.Entry = kept.ID, kept.Number, kept.MadeBy, kept.State, kept.DecidedBy, kept.Alone, kept.Entry
		s.MadeAt, s.DecidedAt, s.EndedAt = moment(made), moment(decided), moment(ended)
		all = append(all, &s)
		return nil
	})
	return all, err
}

func nextStandard(ctx context.Context, q database.Querier) (int64, error) {
	var n int64
	if err := q.QueryRowContext(ctx, `SELECT COALESCE(MAX(number), 0) + 1 FROM change_standard`).Scan(&n); err != nil {
		return 0, fmt.Errorf("number a standard change: %w", err)
	}
	return n, nil
}

func insertStandard(ctx context.Context, q database.Querier, s *landing.Standard, content, digest string) error {
	_, err := exec(ctx, q, "store a standard change", `INSERT INTO change_standard (id, number, content, digest, made_at, made_by, state, entry_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		s.ID, s.Number, content, digest, micros(s.MadeAt), s.MadeBy, s.State, s.Entry)
	return err
}

func decideStandard(ctx context.Context, q database.Querier, s *landing.Standard, entry string) error {
	column := "decision"
	if s.State == "ended" {
		column = "ending"
	}
	_, err := exec(ctx, q, "store a decision", `UPDATE change_standard SET state = $2, decided_at = $3, decided_by = $4, alone = $5, ended_at = $6, `+column+` = $7 WHERE id = $1`,
		s.ID, s.State, micros(s.DecidedAt), s.DecidedBy, s.Alone, micros(s.EndedAt), entry)
	return err
}

func putIdentity(ctx context.Context, q database.Querier, as, user, by, entry string, at time.Time) error {
	if user == "" {
		n, err := exec(ctx, q, "take back who is who", `DELETE FROM change_identity WHERE known_as = $1`, as)
		if err == nil && n == 0 {
			return fault.New(fault.NotFound, "nobody is known as %q", as)
		}
		return err
	}
	var n int
	if err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM access_user WHERE id = $1`, user).Scan(&n); err != nil {
		return fmt.Errorf("look for a user: %w", err)
	}
	if n == 0 {
		return bad("user", "there is no user %q", user)
	}
	_, err := exec(ctx, q, "store who is who", `INSERT INTO change_identity (known_as, user_id, at, by_user, entry_id) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (known_as) DO UPDATE SET user_id = excluded.user_id, at = excluded.at, by_user = excluded.by_user, entry_id = excluded.entry_id`, as, user, micros(at), by, entry)
	return err
}

// fullCommit gives the commit that a beginning names, or the beginning itself
// where no commit or more than one has it.
func fullCommit(ctx context.Context, q database.Querier, repository, begin string) (string, error) {
	if len(begin) == 40 || len(begin) == 64 {
		return begin, nil
	}
	var found []string
	rows, err := q.QueryContext(ctx, `SELECT sha FROM change_commit WHERE repository_id = $1 AND sha >= $2 AND sha < $3 ORDER BY sha LIMIT 2`, repository, begin, begin+"g")
	err = each(rows, err, "look for a commit", func() error {
		var sha string
		err := rows.Scan(&sha)
		found = append(found, sha)
		return err
	})
	if err != nil {
		return "", err
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return "", bad("commit", "no commit that is known begins with %s", begin).WithHint("give all digits of the commit")
	}
	return "", bad("commit", "several commits begin with %s", begin)
}

func itemByKey(ctx context.Context, q database.Querier, repository, kind, key string) (string, error) {
	var id string
	err := q.QueryRowContext(ctx, `SELECT id FROM change_item WHERE repository_id = $1 AND kind = $2 AND natural_key = $3`, repository, kind, key).Scan(&id)
	if gone(err) {
		return "", fault.New(fault.NotFound, "it lies before the day from when on this repository is judged")
	}
	if err != nil {
		return "", fmt.Errorf("find an item: %w", err)
	}
	return id, nil
}

// recentContents gives the newest changes, for what is only shown.
func recentContents(ctx context.Context, q database.Querier, limit int) ([]*scanned, error) {
	page, _, _, err := list(ctx, q, "change", Filter{}, "", limit)
	return page, err
}

// gaps gives the requests that changes name and of which nothing was received.
func gapsOf(ctx context.Context, q database.Querier, repository string, limit int) (n int64, refs []string, err error) {
	if err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM change_item WHERE repository_id = $1 AND kind = 'change' AND withdrawn = 0 AND flags LIKE '% claimed %'`, repository).Scan(&n); err != nil {
		return 0, nil, fmt.Errorf("count gaps: %w", err)
	}
	rows, err := q.QueryContext(ctx, `SELECT number FROM change_item WHERE repository_id = $1 AND kind = 'change' AND withdrawn = 0 AND flags LIKE '% claimed %' ORDER BY at DESC LIMIT `+fmt.Sprint(limit), repository)
	err = each(rows, err, "read gaps", func() error {
		var number int64
		err := rows.Scan(&number)
		refs = append(refs, fmt.Sprintf("CH-%d", number))
		return err
	})
	return n, refs, err
}

func eventTypes(ctx context.Context, q database.Querier, repository string) (map[string]int64, error) {
	all := map[string]int64{}
	rows, err := q.QueryContext(ctx, `SELECT kind, COUNT(*) FROM change_event WHERE repository_id = $1 GROUP BY kind`, repository)
	err = each(rows, err, "count events", func() error {
		var kind string
		var n int64
		err := rows.Scan(&kind, &n)
		all[strings.TrimSpace(kind)] = n
		return err
	})
	return all, err
}
