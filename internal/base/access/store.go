package access

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
)

// micros keeps the zero time as 0.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return clock.Micros(t)
}

func fromMicros(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return clock.FromMicros(us)
}

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

// Users.

const userColumns = `u.id, u.login, u.name, COALESCE(u.email, ''), u.role, u.password, u.disabled, u.created_at, u.last_login_at, u.second_at, u.passkey_at, u.directory`

// userFields gives scan targets for userColumns, and done to call after Scan.
func userFields(u *User, stored *string) (targets []any, done func()) {
	var disabled, created, last, second, passkey int64
	return []any{&u.ID, &u.Login, &u.Name, &u.Email, &u.Role, stored, &disabled, &created, &last, &second, &passkey, &u.Directory}, func() {
		u.Second, u.Passkey = fromMicros(second), fromMicros(passkey)
		u.Disabled, u.Created, u.LastLogin = disabled != 0, fromMicros(created), fromMicros(last)
		u.HasPassword = *stored != ""
	}
}

func oneUser(row *sql.Row) (User, string, error) {
	var u User
	var stored string
	targets, done := userFields(&u, &stored)
	err := row.Scan(targets...)
	if errors.Is(err, sql.ErrNoRows) {
		return User{}, "", fault.New(fault.NotFound, "there is no such user")
	}
	if err != nil {
		return User{}, "", fmt.Errorf("read user: %w", err)
	}
	done()
	return u, stored, nil
}

func userWithPassword(ctx context.Context, q database.Querier, id string) (User, string, error) {
	return oneUser(q.QueryRowContext(ctx, `SELECT `+userColumns+` FROM access_user u WHERE u.id = $1`, id))
}

func userByID(ctx context.Context, q database.Querier, id string) (User, error) {
	u, _, err := userWithPassword(ctx, q, id)
	return u, err
}

// userByLogin takes a login or, with an @, an e-mail address.
func userByLogin(ctx context.Context, q database.Querier, typed string) (User, string, error) {
	typed = strings.ToLower(strings.TrimSpace(typed))
	if !loginPattern.MatchString(typed) && (!strings.Contains(typed, "@") || len(typed) > 254 || strings.ContainsRune(typed, 0)) {
		typed = "" // nobody has it; PostgreSQL refuses text that is not valid
	}
	typed = strings.ToValidUTF8(typed, "")
	return oneUser(q.QueryRowContext(ctx, `SELECT `+userColumns+` FROM access_user u WHERE u.login = $1 OR u.email = $1`, typed))
}

// listUsers gives all users by name, with how long they are locked.
func listUsers(ctx context.Context, q database.Querier, now time.Time) ([]User, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+userColumns+`, COALESCE(f.locked_until, 0)
		FROM access_user u LEFT JOIN access_failure f ON f.scope = 'user' AND f.name = u.id
		ORDER BY LOWER(u.name), u.id`)
	if err != nil {
		return nil, fmt.Errorf("list users: %w", err)
	}
	defer rows.Close()
	var all []User
	for rows.Next() {
		var u User
		var stored string
		var until int64
		targets, done := userFields(&u, &stored)
		if err := rows.Scan(append(targets, &until)...); err != nil {
			return nil, fmt.Errorf("list users: %w", err)
		}
		done()
		if t := fromMicros(until); t.After(now) {
			u.LockedUntil = t
		}
		all = append(all, u)
	}
	return all, rows.Err()
}

func namesOf(ctx context.Context, q database.Querier, ids []string) (map[string]string, error) {
	names := make(map[string]string, len(ids))
	for len(ids) > 0 {
		n := min(len(ids), 500)
		marks, args := make([]string, n), make([]any, n)
		for i, id := range ids[:n] {
			marks[i], args[i] = fmt.Sprintf("$%d", i+1), id
		}
		ids = ids[n:]
		if err := func() error {
			rows, err := q.QueryContext(ctx, `SELECT id, name FROM access_user WHERE id IN (`+strings.Join(marks, ", ")+`)`, args...)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				var id, name string
				if err := rows.Scan(&id, &name); err != nil {
					return err
				}
				names[id] = name
			}
			return rows.Err()
		}(); err != nil {
			return nil, fmt.Errorf("read users' names: %w", err)
		}
	}
	return names, nil
}

func insertUser(ctx context.Context, tx *sql.Tx, u User) error {
	_, err := exec(ctx, tx, "add user", `INSERT INTO access_user (id, login, name, email, role, created_at)
		VALUES ($1, $2, $3, $4, $5, $6)`, u.ID, u.Login, u.Name, nullable(u.Email), string(u.Role), micros(u.Created))
	return err
}

func nullable(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func renameUser(ctx context.Context, tx *sql.Tx, id, login, name, email string) error {
	_, err := exec(ctx, tx, "rename user", `UPDATE access_user SET login = $2, name = $3, email = $4 WHERE id = $1`, id, login, name, nullable(email))
	return err
}

func setRole(ctx context.Context, tx *sql.Tx, id string, r Role) error {
	_, err := exec(ctx, tx, "set role", `UPDATE access_user SET role = $2 WHERE id = $1`, id, string(r))
	return err
}

func setDisabled(ctx context.Context, tx *sql.Tx, id string, disabled bool) error {
	v := 0
	if disabled {
		v = 1
	}
	_, err := exec(ctx, tx, "disable user", `UPDATE access_user SET disabled = $2 WHERE id = $1`, id, v)
	return err
}

// holdAdministrators makes changes of who is one wait for each other.
func holdAdministrators(ctx context.Context, tx *sql.Tx) error {
	_, err := exec(ctx, tx, "hold administrators", `UPDATE access_user SET role = role WHERE role = $1`, string(Administrator))
	return err
}

func countAdministrators(ctx context.Context, tx *sql.Tx) (int64, error) {
	var n int64
	err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM access_user WHERE role = $1 AND disabled = 0`, string(Administrator)).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count administrators: %w", err)
	}
	return n, nil
}

// What firstAdministrator finds.
const (
	empty   = iota // there is no administrator
	waiting        // there is an administrator, and none has a password or a passkey yet
	setUp          // an administrator can come back without a link
)

func firstAdministrator(ctx context.Context, tx *sql.Tx) (User, int, error) {
	var all, comesBack int64
	err := tx.QueryRowContext(ctx, `SELECT COUNT(*), COUNT(*) FILTER (WHERE (password <> '' OR passkey_at > 0) AND role = $1 AND disabled = 0) FROM access_user`, string(Administrator)).
		Scan(&all, &comesBack)
	switch {
	case err != nil:
		return User{}, 0, fmt.Errorf("look for an administrator: %w", err)
	case all == 0:
		return User{}, empty, nil
	case comesBack > 0:
		return User{}, setUp, nil
	}
	u, _, err := oneUser(tx.QueryRowContext(ctx, `SELECT `+userColumns+` FROM access_user u
		WHERE u.role = $1 AND u.disabled = 0 ORDER BY u.created_at, u.id LIMIT 1`, string(Administrator)))
	if fault.Is(err, fault.NotFound) { // others were brought in before anybody came to administer
		return User{}, empty, nil
	}
	return u, waiting, err
}

// swapPassword sets a password where the stored one is still old, and keeps
// others who read or write it waiting until the transaction ends.
func swapPassword(ctx context.Context, tx *sql.Tx, id, old, phc string) (bool, error) {
	n, err := exec(ctx, tx, "set password", `UPDATE access_user SET password = $3 WHERE id = $1 AND password = $2 AND disabled = 0`, id, old, phc)
	return n == 1, err
}

func sawLogin(ctx context.Context, tx *sql.Tx, id string, at time.Time) error {
	_, err := exec(ctx, tx, "note login", `UPDATE access_user SET last_login_at = $2 WHERE id = $1`, id, micros(at))
	return err
}

// Links.

func insertLink(ctx context.Context, tx *sql.Tx, l linkRow, hash []byte) error {
	_, err := exec(ctx, tx, "add link", `INSERT INTO access_link (id, token_hash, user_id, purpose, made_by, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`, l.id, hash, l.userID, string(l.purpose), l.madeBy, micros(l.created), micros(l.expires))
	return err
}

// linkByHash gives sql.ErrNoRows when there is none.
func linkByHash(ctx context.Context, q database.Querier, hash []byte) (linkRow, User, error) {
	var l linkRow
	var u User
	var stored string
	var created, expires, used int64
	targets, done := userFields(&u, &stored)
	err := q.QueryRowContext(ctx, `SELECT l.id, l.user_id, l.purpose, l.made_by, l.created_at, l.expires_at, l.used_at, `+userColumns+`
		FROM access_link l JOIN access_user u ON u.id = l.user_id WHERE l.token_hash = $1`, hash).
		Scan(append([]any{&l.id, &l.userID, &l.purpose, &l.madeBy, &created, &expires, &used}, targets...)...)
	if err != nil {
		return linkRow{}, User{}, fmt.Errorf("read link: %w", err)
	}
	done()
	l.created, l.expires, l.used = fromMicros(created), fromMicros(expires), fromMicros(used)
	return l, u, nil
}

// useLink reports whether this call was the one that used it.
func useLink(ctx context.Context, tx *sql.Tx, id string, at time.Time) (bool, error) {
	n, err := exec(ctx, tx, "use link", `UPDATE access_link SET used_at = $2 WHERE id = $1 AND used_at = 0`, id, micros(at))
	return n == 1, err
}

func withdrawLinks(ctx context.Context, tx *sql.Tx, userID string) error {
	_, err := exec(ctx, tx, "withdraw links", `DELETE FROM access_link WHERE user_id = $1 AND used_at = 0`, userID)
	return err
}

// Sessions.

const sessionColumns = `s.id, s.user_id, s.via, s.opened_at, s.seen_at, s.may_reset, s.address, s.agent, s.proved_at, s.half, s.ends_at`

func sessionFields(r *sessionRow) (targets []any, done func()) {
	var opened, seen, mayReset, proved, half, ends int64
	return []any{&r.id, &r.userID, &r.via, &opened, &seen, &mayReset, &r.client.Address, &r.client.Agent, &proved, &half, &ends}, func() {
		r.until = fromMicros(ends)
		r.proved, r.half = fromMicros(max(proved, opened)), half != 0
		r.opened, r.seen, r.mayReset = fromMicros(opened), fromMicros(seen), mayReset != 0
	}
}

func insertSession(ctx context.Context, tx *sql.Tx, r sessionRow, hash []byte) error {
	mayReset, half := 0, 0
	if r.mayReset {
		mayReset = 1
	}
	if r.half {
		half = 1
	}
	_, err := exec(ctx, tx, "open session", `INSERT INTO access_session (id, token_hash, user_id, via, opened_at, seen_at, may_reset, address, agent, proved_at, half, ends_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		r.id, hash, r.userID, string(r.via), micros(r.opened), micros(r.seen), mayReset, r.client.Address, r.client.Agent, micros(r.proved), half, micros(r.until))
	return err
}

// sessionByHash gives sql.ErrNoRows when there is none.
func sessionByHash(ctx context.Context, q database.Querier, hash []byte) (sessionRow, User, error) {
	var r sessionRow
	var u User
	var stored string
	sf, sdone := sessionFields(&r)
	uf, udone := userFields(&u, &stored)
	err := q.QueryRowContext(ctx, `SELECT `+sessionColumns+`, `+userColumns+`
		FROM access_session s JOIN access_user u ON u.id = s.user_id WHERE s.token_hash = $1`, hash).Scan(append(sf, uf...)...)
	if err != nil {
		return sessionRow{}, User{}, fmt.Errorf("read session: %w", err)
	}
	sdone()
	udone()
	return r, u, nil
}

// sessionByID gives sql.ErrNoRows when there is none.
func sessionByID(ctx context.Context, q database.Querier, id string) (sessionRow, error) {
	var r sessionRow
	targets, done := sessionFields(&r)
	if err := q.QueryRowContext(ctx, `SELECT `+sessionColumns+` FROM access_session s WHERE s.id = $1`, id).Scan(targets...); err != nil {
		return sessionRow{}, fmt.Errorf("read session: %w", err)
	}
	done()
	return r, nil
}

func sessionsOf(ctx context.Context, q database.Querier, userID string) ([]sessionRow, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+sessionColumns+` FROM access_session s WHERE s.user_id = $1 ORDER BY s.opened_at DESC, s.id DESC`, userID)
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	defer rows.Close()
	var all []sessionRow
	for rows.Next() {
		var r sessionRow
		targets, done := sessionFields(&r)
		if err := rows.Scan(targets...); err != nil {
			return nil, fmt.Errorf("list sessions: %w", err)
		}
		done()
		all = append(all, r)
	}
	return all, rows.Err()
}

func touchSession(ctx context.Context, tx *sql.Tx, id string, at time.Time) error {
	_, err := exec(ctx, tx, "note activity", `UPDATE access_session SET seen_at = $2 WHERE id = $1 AND seen_at < $2`, id, micros(at))
	return err
}

// rotateSession gives a session another token and takes its right to reset.
func rotateSession(ctx context.Context, tx *sql.Tx, id string, hash []byte) (bool, error) {
	n, err := exec(ctx, tx, "rotate session", `UPDATE access_session SET token_hash = $2, may_reset = 0 WHERE id = $1`, id, hash)
	return n == 1, err
}

func endSession(ctx context.Context, tx *sql.Tx, id string) (bool, error) {
	n, err := exec(ctx, tx, "end session", `DELETE FROM access_session WHERE id = $1`, id)
	return n == 1, err
}

// endSessions ends all of a user's sessions but one.
func endSessions(ctx context.Context, tx *sql.Tx, userID, but string) (int64, error) {
	return exec(ctx, tx, "end sessions", `DELETE FROM access_session WHERE user_id = $1 AND id <> $2`, userID, but)
}

// Failures.

// countFailure adds one and gives the count in a row, beginning anew after
// forget. Where a lock lasts it changes nothing and gives until when. A lock
// further off than sane was set by a clock that has been put right since.
func countFailure(ctx context.Context, tx *sql.Tx, scope, name string, now, forget, sane time.Time) (n int64, until time.Time, err error) {
	err = tx.QueryRowContext(ctx, `INSERT INTO access_failure AS f (scope, name, failures, last_at) VALUES ($1, $2, 1, $3)
		ON CONFLICT (scope, name) DO UPDATE SET
			failures = CASE WHEN f.last_at <= $4 THEN 1 ELSE f.failures + 1 END, last_at = $3, locked_until = 0
			WHERE f.locked_until <= $3 OR f.locked_until > $5
		RETURNING failures`, scope, name, micros(now), micros(forget), micros(sane)).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		until, err = lockedUntil(ctx, tx, scope, name)
		return 0, until, err
	}
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("count attempt: %w", err)
	}
	return n, time.Time{}, nil
}

func lockFailure(ctx context.Context, tx *sql.Tx, scope, name string, until time.Time) error {
	_, err := exec(ctx, tx, "lock", `UPDATE access_failure SET locked_until = $3 WHERE scope = $1 AND name = $2`, scope, name, micros(until))
	return err
}

// uncountFailure takes one back, and the lock with it where nobody failed since.
func uncountFailure(ctx context.Context, tx *sql.Tx, scope, name string, failures int64) error {
	_, err := exec(ctx, tx, "take back an attempt", `UPDATE access_failure SET failures = failures - 1,
		locked_until = CASE WHEN failures = $3 THEN 0 ELSE locked_until END
		WHERE scope = $1 AND name = $2 AND failures > 0`, scope, name, failures)
	return err
}

func clearFailure(ctx context.Context, tx *sql.Tx, scope, name string) error {
	_, err := exec(ctx, tx, "clear failures", `DELETE FROM access_failure WHERE scope = $1 AND name = $2`, scope, name)
	return err
}

// lockedUntil gives the zero time where there is no lock.
func lockedUntil(ctx context.Context, q database.Querier, scope, name string) (time.Time, error) {
	var us int64
	err := q.QueryRowContext(ctx, `SELECT locked_until FROM access_failure WHERE scope = $1 AND name = $2`, scope, name).Scan(&us)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("read lock: %w", err)
	}
	return fromMicros(us), nil
}

// What strangers caused to be recorded.

type recording struct {
	started           time.Time
	recorded, counted int64
}

// holdRecording gives the running window and keeps others waiting for it.
func holdRecording(ctx context.Context, tx *sql.Tx, now time.Time) (recording, error) {
	var w recording
	var us int64
	err := tx.QueryRowContext(ctx, `INSERT INTO access_recording AS r (kind, started_at, recorded, counted) VALUES ('stranger', $1, 0, 0)
		ON CONFLICT (kind) DO UPDATE SET kind = r.kind RETURNING started_at, recorded, counted`, micros(now)).
		Scan(&us, &w.recorded, &w.counted)
	if err != nil {
		return recording{}, fmt.Errorf("read what was recorded: %w", err)
	}
	w.started = fromMicros(us)
	return w, nil
}

// recordingDue reports whether a window is over in which something was only counted.
func recordingDue(ctx context.Context, q database.Querier, before time.Time) (bool, error) {
	var n int64
	err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM access_recording WHERE counted > 0 AND started_at <= $1`, micros(before)).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("read what was recorded: %w", err)
	}
	return n > 0, nil
}

func saveRecording(ctx context.Context, tx *sql.Tx, w recording) error {
	_, err := exec(ctx, tx, "note what was recorded", `UPDATE access_recording SET started_at = $1, recorded = $2, counted = $3
		WHERE kind = 'stranger'`, micros(w.started), w.recorded, w.counted)
	return err
}

type sweepLimits struct {
	openedBefore, seenBefore, linksBefore, failuresBefore, now time.Time
}

func sweep(ctx context.Context, tx *sql.Tx, l sweepLimits) error {
	if _, err := exec(ctx, tx, "remove sessions", `DELETE FROM access_session WHERE opened_at <= $1 OR seen_at <= $2 OR (half = 1 AND opened_at <= $3) OR (ends_at > 0 AND ends_at <= $4)`,
		micros(l.openedBefore), micros(l.seenBefore), micros(l.now.Add(-halfLife)), micros(l.now)); err != nil {
		return err
	}
	if _, err := exec(ctx, tx, "remove links", `DELETE FROM access_link WHERE expires_at <= $1`, micros(l.linksBefore)); err != nil {
		return err
	}
	_, err := exec(ctx, tx, "remove failures", `DELETE FROM access_failure WHERE last_at <= $1 AND locked_until <= $2`, micros(l.failuresBefore), micros(l.now))
	return err
}

// enabledRoles gives the role of every enabled user but one.
func enabledRoles(ctx context.Context, q database.Querier, but string) ([]Role, error) {
	rows, err := q.QueryContext(ctx, `SELECT role FROM access_user WHERE disabled = 0 AND id <> $1`, but)
	if err != nil {
		return nil, fmt.Errorf("read users' roles: %w", err)
	}
	defer rows.Close()
	var out []Role
	for rows.Next() {
		var r Role
		if err := rows.Scan(&r); err != nil {
			return nil, fmt.Errorf("read a user's role: %w", err)
		}
		out = append(out, r)
	}
	return out, rows.Err()
}
