package change

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/landing"
)

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

func exec(ctx context.Context, q database.Querier, what, query string, args ...any) (int64, error) {
	res, err := q.ExecContext(ctx, query, args...)
	if database.IsUnique(err) {
		return 0, fault.Wrap(fault.Conflict, err, "%s: it is there already", what)
	}
	if err != nil {
		return 0, fmt.Errorf("%s: %w", what, err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return 0, fmt.Errorf("%s: %w", what, err)
	}
	return n, nil
}

func each(rows *sql.Rows, err error, what string, scan func() error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

const repositoryColumns = `id, slug, content, digest, secret, made_at, changed_at, changed_by, entry_id, removed_at, head, read_at, trouble, delivered_at, refused_at, refused, derived_at, stale, observed, turns_at`

func repositories(ctx context.Context, q database.Querier, where string, args ...any) ([]*Repository, error) {
	var all []*Repository
	rows, err := q.QueryContext(ctx, `SELECT `+repositoryColumns+` FROM change_repository `+where+` ORDER BY slug`, args...)
	err = each(rows, err, "read repositories", func() error {
		var r Repository
		var content string
		var made, changed, removed, read, delivered, refused, derived, turns int64
		if err := rows.Scan(&r.ID, &r.Slug, &content, &r.Digest, &r.secret, &made, &changed, &r.ChangedBy, &r.Entry, &removed, &r.Head, &read, &r.Trouble, &delivered, &refused, &r.Refused, &derived, &r.stale, &r.observed, &turns); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(content), &r.Settings); err != nil {
			return fault.Wrap(fault.Refused, err, "the settings of repository %s cannot be read", r.Slug)
		}
		r.MadeAt, r.ChangedAt, r.RemovedAt, r.ReadAt, r.DeliveredAt, r.RefusedAt, r.DerivedAt = moment(made), moment(changed), moment(removed), moment(read), moment(delivered), moment(refused), moment(derived)
		r.turns = moment(turns)
		r.Webhook = len(r.secret) > 0
		all = append(all, &r)
		return r.Settings.Compile()
	})
	return all, err
}

func repository(ctx context.Context, q database.Querier, slug string) (*Repository, error) {
	all, err := repositories(ctx, q, `WHERE slug = $1 OR id = $1`, slug)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, fault.New(fault.NotFound, "there is no repository %q", slug).WithHint("'attesta change repositories' lists them")
	}
	return all[0], nil
}

func insertRepository(ctx context.Context, q database.Querier, r *Repository, content string) error {
	_, err := exec(ctx, q, "store a repository", `INSERT INTO change_repository (id, slug, content, digest, secret, made_at, changed_at, changed_by, entry_id) VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8)`,
		r.ID, r.Slug, content, r.Digest, nilIfEmpty(r.secret), micros(r.MadeAt), r.ChangedBy, r.Entry)
	return err
}

func nilIfEmpty(b []byte) any {
	if len(b) == 0 {
		return nil
	}
	return b
}

func updateRepository(ctx context.Context, q database.Querier, r *Repository, content string) error {
	_, err := exec(ctx, q, "store a repository", `UPDATE change_repository SET content = $2, digest = $3, secret = $4, changed_at = $5, changed_by = $6, entry_id = $7, removed_at = $8, stale = 1, observed = '' WHERE id = $1`,
		r.ID, content, r.Digest, nilIfEmpty(r.secret), micros(r.ChangedAt), r.ChangedBy, r.Entry, micros(r.RemovedAt))
	return err
}

func setRead(ctx context.Context, q database.Querier, id, head string, at time.Time, trouble string, stale bool) error {
	if trouble != "" {
		_, err := exec(ctx, q, "store that a repository cannot be read", `UPDATE change_repository SET trouble = $2 WHERE id = $1`, id, trouble)
		return err
	}
	mark := ""
	if stale {
		mark = ", stale = 1"
	}
	_, err := exec(ctx, q, "store a reading", `UPDATE change_repository SET head = $2, read_at = $3, trouble = ''`+mark+` WHERE id = $1`, id, head, micros(at))
	return err
}

func setDelivered(ctx context.Context, q database.Querier, id string, at time.Time) error {
	_, err := exec(ctx, q, "store a delivery", `UPDATE change_repository SET delivered_at = $2, stale = 1 WHERE id = $1`, id, micros(at))
	return err
}

func setRefused(ctx context.Context, q database.Querier, id string, at time.Time, why string) error {
	_, err := exec(ctx, q, "store a refused delivery", `UPDATE change_repository SET refused_at = $2, refused = $3 WHERE id = $1`, id, micros(at), why)
	return err
}

func setObserved(ctx context.Context, q database.Querier, id, digest string) error {
	_, err := exec(ctx, q, "store what was said of a repository", `UPDATE change_repository SET observed = $2 WHERE id = $1`, id, digest)
	return err
}

func setStale(ctx context.Context, q database.Querier, id string) error {
	_, err := exec(ctx, q, "mark a repository", `UPDATE change_repository SET stale = 1 WHERE id = $1 OR $1 = ''`, id)
	return err
}

func setDerived(ctx context.Context, q database.Querier, id string, at, turns time.Time) error {
	_, err := exec(ctx, q, "store a derivation", `UPDATE change_repository SET derived_at = $2, stale = 0, turns_at = $3 WHERE id = $1`, id, micros(at), micros(turns))
	return err
}

// lockRepository makes readings and derivations of one repository wait for each
// other.
func lockRepository(ctx context.Context, q database.Querier, id string) error {
	_, err := exec(ctx, q, "hold a repository", `UPDATE change_repository SET slug = slug WHERE id = $1`, id)
	return err
}

func commitPlaces(ctx context.Context, q database.Querier, id string) (map[string]int, error) {
	all := map[string]int{}
	rows, err := q.QueryContext(ctx, `SELECT sha, place FROM change_commit WHERE repository_id = $1`, id)
	err = each(rows, err, "read commits", func() error {
		var sha string
		var place int
		err := rows.Scan(&sha, &place)
		all[sha] = place
		return err
	})
	return all, err
}

func commits(ctx context.Context, q database.Querier, id string) (map[string]*landing.Commit, []*landing.Commit, error) {
	all := map[string]*landing.Commit{}
	var line []*landing.Commit
	rows, err := q.QueryContext(ctx, `SELECT sha, parents, tree, author_name, author_mail, authored_at, committer_name, committer_mail, committed_at, message, paths, place, seen_at, after_at, gone_at
		FROM change_commit WHERE repository_id = $1`, id)
	top := -1
	err = each(rows, err, "read commits", func() error {
		var c landing.Commit
		var parents, paths string
		var authored, committed, seen, after, gone int64
		if err := rows.Scan(&c.SHA, &parents, &c.Tree, &c.AuthorName, &c.AuthorMail, &authored, &c.CommitterName, &c.CommitterMail, &committed, &c.Message, &paths, &c.Place, &seen, &after, &gone); err != nil {
			return err
		}
		if parents != "" {
			c.Parents = strings.Split(parents, " ")
		}
		if paths != "" {
			c.Paths = strings.Split(paths, "\n")
		}
		c.AuthoredAt, c.CommittedAt, c.SeenAt, c.AfterAt, c.GoneAt = moment(authored), moment(committed), moment(seen), moment(after), moment(gone)
		all[c.SHA] = &c
		top = max(top, c.Place)
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	line = make([]*landing.Commit, top+1)
	for _, c := range all {
		if c.Place >= 0 {
			line[c.Place] = c
		}
	}
	for i, c := range line {
		if c == nil {
			return nil, nil, fault.New(fault.Refused, "the commit at place %d of a branch is missing", i).WithHint("run 'attesta ledger verify'")
		}
	}
	return all, line, nil
}

func insertCommit(ctx context.Context, q database.Querier, id string, c landing.Commit, entry string) error {
	_, err := q.ExecContext(ctx, `INSERT INTO change_commit (repository_id, sha, parents, tree, author_name, author_mail, authored_at, committer_name, committer_mail, committed_at, message, paths, place, seen_at, after_at, entry_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
		id, c.SHA, strings.Join(c.Parents, " "), c.Tree, c.AuthorName, c.AuthorMail, micros(c.AuthoredAt), c.CommitterName, c.CommitterMail, micros(c.CommittedAt), c.Message, strings.Join(c.Paths, "\n"),
		c.Place, micros(c.SeenAt), micros(c.AfterAt), entry)
	if err != nil {
		return fmt.Errorf("store a commit: %w", err)
	}
	return nil
}

// placeCommit moves a commit that is known: onto the branch, along it, or off
// it. Paths are only known once it is on it.
func placeCommit(ctx context.Context, q database.Querier, id, sha string, place int, gone time.Time) error {
	_, err := exec(ctx, q, "place a commit", `UPDATE change_commit SET place = $3, gone_at = $4 WHERE repository_id = $1 AND sha = $2`, id, sha, place, micros(gone))
	return err
}

// arrive notes when a commit that was known came onto the branch.
func arrive(ctx context.Context, q database.Querier, id, sha string, place int, seen, after time.Time, paths []string) error {
	_, err := exec(ctx, q, "place a commit", `UPDATE change_commit SET place = $3, gone_at = 0, seen_at = $4, after_at = $5, paths = $6 WHERE repository_id = $1 AND sha = $2`,
		id, sha, place, micros(seen), micros(after), strings.Join(paths, "\n"))
	return err
}

func insertReading(ctx context.Context, q database.Querier, id string, r reading) error {
	_, err := exec(ctx, q, "store a reading", `INSERT INTO change_reading (entry_id, repository_id, at, head, commits, digest, gone, gone_digest, gone_ids) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		r.entry, id, micros(r.at), r.head, r.commits, r.digest, len(r.gone), r.goneDigest(), strings.Join(r.gone, " "))
	return err
}

func insertEvent(ctx context.Context, q database.Querier, repository, delivery string, seq int, e landing.Event, content, digest, by, entry string) error {
	_, err := exec(ctx, q, "store an event", `INSERT INTO change_event (id, repository_id, delivery, seq, kind, number, at, received_at, content, digest, by_user, entry_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`, e.ID, repository, delivery, seq, e.Kind, e.Number, micros(e.At), micros(e.Received), content, digest, by, entry)
	return err
}

func delivered(ctx context.Context, q database.Querier, repository, delivery string) (bool, error) {
	var n int
	err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM change_event WHERE repository_id = $1 AND delivery = $2`, repository, delivery).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("look for a delivery: %w", err)
	}
	return n > 0, nil
}

func events(ctx context.Context, q database.Querier, repository string) ([]landing.Event, error) {
	var all []landing.Event
	rows, err := q.QueryContext(ctx, `SELECT id, received_at, content FROM change_event WHERE repository_id = $1 ORDER BY at, received_at, id`, repository)
	err = each(rows, err, "read events", func() error {
		var e landing.Event
		var id, content string
		var received int64
		if err := rows.Scan(&id, &received, &content); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(content), &e); err != nil {
			return fault.Wrap(fault.Refused, err, "event %s cannot be read", id)
		}
		e.ID, e.Received = id, moment(received)
		all = append(all, e)
		return nil
	})
	return all, err
}

// knownPeople gives the users here with what they are known by: their mail
// address, and what somebody said of them.
func knownPeople(ctx context.Context, q database.Querier) ([]landing.Somebody, error) {
	at := map[string]int{}
	var all []landing.Somebody
	rows, err := q.QueryContext(ctx, `SELECT id, name, COALESCE(email, '') FROM access_user ORDER BY id`)
	err = each(rows, err, "read users", func() error {
		var k landing.Somebody
		var mail string
		if err := rows.Scan(&k.User, &k.Label, &mail); err != nil {
			return err
		}
		if mail != "" {
			k.Keys = append(k.Keys, landing.Identity{Mail: mail}.Keys()...)
		}
		at[k.User] = len(all)
		all = append(all, k)
		return nil
	})
	if err != nil {
		return nil, err
	}
	rows, err = q.QueryContext(ctx, `SELECT known_as, user_id FROM change_identity ORDER BY known_as`)
	err = each(rows, err, "read who is who", func() error {
		var as, user string
		if err := rows.Scan(&as, &user); err != nil {
			return err
		}
		if n, ok := at[user]; ok {
			all[n].Keys = append(all[n].Keys, as)
		}
		return nil
	})
	return all, err
}

func gone(err error) bool { return errors.Is(err, sql.ErrNoRows) }
