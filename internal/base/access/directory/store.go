package directory

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

func exec(ctx context.Context, q database.Querier, what, query string, args ...any) (int64, error) {
	res, err := q.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", what, err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return 0, fmt.Errorf("%s: %w", what, err)
	}
	return n, nil
}

// each calls scan for every row.
func each(ctx context.Context, q database.Querier, what string, scan func(*sql.Rows) error, query string, args ...any) error {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Users.

const userColumns = `id, user_name, external_id, display_name, formatted, given_name, family_name, emails, active, version, created_at, changed_at`

func scanUser(row interface{ Scan(...any) error }) (User, error) {
	var u User
	var emails string
	var active, created, changed int64
	err := row.Scan(&u.ID, &u.UserName, &u.ExternalID, &u.DisplayName, &u.Formatted, &u.GivenName, &u.FamilyName, &emails, &active, &u.Version, &created, &changed)
	if err != nil {
		return User{}, err
	}
	u.Active, u.Created, u.Changed = active != 0, clock.FromMicros(created), clock.FromMicros(changed)
	return u, json.Unmarshal([]byte(emails), &u.Emails)
}

func userByID(ctx context.Context, q database.Querier, id string) (User, error) {
	u, err := scanUser(q.QueryRowContext(ctx, `SELECT `+userColumns+` FROM directory_user WHERE id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return User{}, fault.New(fault.NotFound, "there is no such user")
	}
	if err != nil {
		return User{}, fmt.Errorf("read a directory's user: %w", err)
	}
	return u, nil
}

// userIDByName gives "" where nobody has the name.
func userIDByName(ctx context.Context, q database.Querier, userName string) (string, error) {
	return one(ctx, q, `SELECT id FROM directory_user WHERE user_key = $1`, key(userName))
}

func one(ctx context.Context, q database.Querier, query, value string) (string, error) {
	var id string
	err := q.QueryRowContext(ctx, query, value).Scan(&id)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("look for a name: %w", err)
	}
	return id, nil
}

func listUsers(ctx context.Context, q database.Querier, w Where) ([]User, error) {
	where, args := ``, []any{}
	switch w.Field {
	case "":
	case "id":
		where, args = ` WHERE id = $1`, []any{w.Value}
	case "userName":
		where, args = ` WHERE user_key = $1`, []any{key(w.Value)}
	case "externalId":
		where, args = ` WHERE external_id = $1`, []any{w.Value}
	default:
		return nil, fault.New(fault.Internal, "users are not narrowed by %s", w.Field)
	}
	var all []User
	err := each(ctx, q, "list a directory's users", func(rows *sql.Rows) error {
		u, err := scanUser(rows)
		all = append(all, u)
		return err
	}, `SELECT `+userColumns+` FROM directory_user`+where+` ORDER BY id`, args...)
	return all, err
}

func insertUser(ctx context.Context, tx *sql.Tx, u User) error {
	emails, err := json.Marshal(nonNil(u.Emails))
	if err != nil {
		return err
	}
	_, err = exec(ctx, tx, "add a directory's user", `INSERT INTO directory_user (`+userColumns+`, user_key)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`, u.ID, u.UserName, u.ExternalID, u.DisplayName, u.Formatted, u.GivenName, u.FamilyName,
		string(emails), flag(u.Active), u.Version, clock.Micros(u.Created), clock.Micros(u.Changed), key(u.UserName))
	return err
}

func nonNil(list []Email) []Email {
	if list == nil {
		return []Email{}
	}
	return list
}

func updateUser(ctx context.Context, tx *sql.Tx, u User) error {
	emails, err := json.Marshal(nonNil(u.Emails))
	if err != nil {
		return err
	}
	_, err = exec(ctx, tx, "change a directory's user", `UPDATE directory_user SET user_name = $2, user_key = $3, external_id = $4, display_name = $5, formatted = $6,
		given_name = $7, family_name = $8, emails = $9, active = $10, version = $11, changed_at = $12 WHERE id = $1`,
		u.ID, u.UserName, key(u.UserName), u.ExternalID, u.DisplayName, u.Formatted, u.GivenName, u.FamilyName, string(emails), flag(u.Active), u.Version, clock.Micros(u.Changed))
	return err
}

func deleteUser(ctx context.Context, tx *sql.Tx, id string) error {
	_, err := exec(ctx, tx, "remove a directory's user", `DELETE FROM directory_user WHERE id = $1`, id)
	return err
}

func groupsOf(ctx context.Context, q database.Querier, userID string) ([]Ref, error) {
	var all []Ref
	err := each(ctx, q, "read a user's groups", func(rows *sql.Rows) error {
		var r Ref
		err := rows.Scan(&r.ID, &r.Name)
		all = append(all, r)
		return err
	}, `SELECT g.id, g.name FROM directory_member m JOIN directory_group g ON g.id = m.group_id WHERE m.user_id = $1 ORDER BY g.name_key`, userID)
	return all, err
}

func rolesOf(ctx context.Context, q database.Querier, userID string) ([]access.Role, error) {
	var all []access.Role
	err := each(ctx, q, "read what a user's groups mean", func(rows *sql.Rows) error {
		var r access.Role
		err := rows.Scan(&r)
		all = append(all, r)
		return err
	}, `SELECT DISTINCT g.role FROM directory_member m JOIN directory_group g ON g.id = m.group_id WHERE m.user_id = $1 AND g.role <> ''`, userID)
	return all, err
}

// Groups.

const groupColumns = `g.id, g.name, g.external_id, g.role, g.version, g.created_at, g.changed_at, (SELECT COUNT(*) FROM directory_member m WHERE m.group_id = g.id)`

func scanGroup(row interface{ Scan(...any) error }) (Group, error) {
	var g Group
	var created, changed int64
	if err := row.Scan(&g.ID, &g.Name, &g.ExternalID, &g.Role, &g.Version, &created, &changed, &g.Count); err != nil {
		return Group{}, err
	}
	g.Created, g.Changed = clock.FromMicros(created), clock.FromMicros(changed)
	return g, nil
}

func groupByID(ctx context.Context, q database.Querier, id string) (Group, error) {
	g, err := scanGroup(q.QueryRowContext(ctx, `SELECT `+groupColumns+` FROM directory_group g WHERE g.id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return Group{}, fault.New(fault.NotFound, "there is no such group")
	}
	if err != nil {
		return Group{}, fmt.Errorf("read a directory's group: %w", err)
	}
	return g, nil
}

// groupIDByName gives "" where no group has the name.
func groupIDByName(ctx context.Context, q database.Querier, name string) (string, error) {
	return one(ctx, q, `SELECT id FROM directory_group WHERE name_key = $1`, key(name))
}

func listGroups(ctx context.Context, q database.Querier, w Where) ([]Group, error) {
	where, args := ``, []any{}
	switch w.Field {
	case "":
	case "id":
		where, args = ` WHERE g.id = $1`, []any{w.Value}
	case "displayName":
		where, args = ` WHERE g.name_key = $1`, []any{key(w.Value)}
	case "externalId":
		where, args = ` WHERE g.external_id = $1`, []any{w.Value}
	default:
		return nil, fault.New(fault.Internal, "groups are not narrowed by %s", w.Field)
	}
	var all []Group
	err := each(ctx, q, "list a directory's groups", func(rows *sql.Rows) error {
		g, err := scanGroup(rows)
		all = append(all, g)
		return err
	}, `SELECT `+groupColumns+` FROM directory_group g`+where+` ORDER BY g.id`, args...)
	return all, err
}

func insertGroup(ctx context.Context, tx *sql.Tx, g Group) error {
	_, err := exec(ctx, tx, "add a directory's group", `INSERT INTO directory_group (id, name, name_key, external_id, version, created_at, changed_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`, g.ID, g.Name, key(g.Name), g.ExternalID, g.Version, clock.Micros(g.Created), clock.Micros(g.Changed))
	return err
}

func updateGroup(ctx context.Context, tx *sql.Tx, g Group) error {
	_, err := exec(ctx, tx, "change a directory's group", `UPDATE directory_group SET name = $2, name_key = $3, external_id = $4, version = $5, changed_at = $6 WHERE id = $1`,
		g.ID, g.Name, key(g.Name), g.ExternalID, g.Version, clock.Micros(g.Changed))
	return err
}

func mapGroup(ctx context.Context, tx *sql.Tx, id string, r access.Role) error {
	_, err := exec(ctx, tx, "say what a group means", `UPDATE directory_group SET role = $2 WHERE id = $1`, id, string(r))
	return err
}

func deleteGroup(ctx context.Context, tx *sql.Tx, id string) error {
	if _, err := exec(ctx, tx, "empty a directory's group", `DELETE FROM directory_member WHERE group_id = $1`, id); err != nil {
		return err
	}
	_, err := exec(ctx, tx, "remove a directory's group", `DELETE FROM directory_group WHERE id = $1`, id)
	return err
}

func membersOf(ctx context.Context, q database.Querier, groupID string) ([]Ref, error) {
	all := []Ref{}
	err := each(ctx, q, "read a group's members", func(rows *sql.Rows) error {
		var r Ref
		err := rows.Scan(&r.ID, &r.Name)
		all = append(all, r)
		return err
	}, `SELECT u.id, u.user_name FROM directory_member m JOIN directory_user u ON u.id = m.user_id WHERE m.group_id = $1 ORDER BY u.id`, groupID)
	return all, err
}

func memberIDs(ctx context.Context, q database.Querier, groupID string) ([]string, error) {
	var all []string
	err := each(ctx, q, "read a group's members", func(rows *sql.Rows) error {
		var id string
		err := rows.Scan(&id)
		all = append(all, id)
		return err
	}, `SELECT user_id FROM directory_member WHERE group_id = $1 ORDER BY user_id`, groupID)
	return all, err
}

// addMember reports whether there is such a user.
func addMember(ctx context.Context, tx *sql.Tx, groupID, userID string) (bool, error) {
	n, err := exec(ctx, tx, "add a member", `INSERT INTO directory_member (group_id, user_id) SELECT $1, u.id FROM directory_user u WHERE u.id = $2`, groupID, userID)
	return n == 1, err
}

func removeMember(ctx context.Context, tx *sql.Tx, groupID, userID string) error {
	_, err := exec(ctx, tx, "remove a member", `DELETE FROM directory_member WHERE group_id = $1 AND user_id = $2`, groupID, userID)
	return err
}

// superseded reports whether a later record of one of the types is about the
// same subject.
func superseded(ctx context.Context, q database.Querier, rec ledger.Record, a, b, c string) (bool, error) {
	var n int64
	err := q.QueryRowContext(ctx, `SELECT
		(SELECT COUNT(*) FROM ledger_entry WHERE subject = $1 AND idx IS NOT NULL AND type IN ($2, $3, $4) AND stream = $5 AND stream_seq > $6) +
		(SELECT COUNT(*) FROM ledger_entry WHERE subject = $1 AND idx IS NULL AND type IN ($2, $3, $4) AND stream = $5 AND stream_seq > $6)`,
		rec.Subject, a, b, c, rec.Stream, rec.StreamSeq).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("read later records: %w", err)
	}
	return n > 0, nil
}
