package saml

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
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

func read(ctx context.Context, q database.Querier) (row, bool, error) {
	var r row
	var domains, role string
	var both, vouches, tile, changed, at int64
	err := q.QueryRowContext(ctx, `SELECT name, issuer, address, metadata, read_at, problem, domains, make_with, asks_both, vouches, subject_from, mail_from, tile, hours, changed_at
		FROM access_saml WHERE id = 'saml'`).
		Scan(&r.Name, &r.Issuer, &r.Address, &r.metadata, &at, &r.Problem, &domains, &role, &both, &vouches, &r.SubjectFrom, &r.MailFrom, &tile, &r.Hours, &changed)
	if errors.Is(err, sql.ErrNoRows) {
		return row{}, false, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(domains), &r.Domains)
	}
	if err != nil {
		return row{}, false, fmt.Errorf("read the SAML provider: %w", err)
	}
	r.MakeWith, r.AsksBoth, r.Vouches, r.Tile = access.Role(role), both != 0, vouches != 0, tile != 0
	r.Changed, r.Read = clock.FromMicros(changed), clock.FromMicros(at)
	return r, true, nil
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

func save(ctx context.Context, tx *sql.Tx, r row) error {
	domains, err := json.Marshal(r.Domains)
	if err != nil {
		return err
	}
	_, err = exec(ctx, tx, "save the SAML provider", `INSERT INTO access_saml (id, name, issuer, address, metadata, read_at, problem, domains, make_with, asks_both, vouches, subject_from, mail_from, tile, hours, changed_at)
		VALUES ('saml', $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
		ON CONFLICT (id) DO UPDATE SET name = $1, issuer = $2, address = $3, metadata = $4, read_at = $5, problem = $6, domains = $7, make_with = $8, asks_both = $9, vouches = $10,
			subject_from = $11, mail_from = $12, tile = $13, hours = $14, changed_at = $15`,
		r.Name, r.Issuer, r.Address, r.metadata, clock.Micros(r.Read), r.Problem, string(domains), string(r.MakeWith), bit(r.AsksBoth), bit(r.Vouches), r.SubjectFrom, r.MailFrom, bit(r.Tile), r.Hours,
		clock.Micros(r.Changed))
	return err
}

// touch notes that the metadata was read, or why it was not.
func touch(ctx context.Context, tx *sql.Tx, at time.Time, problem string) error {
	_, err := exec(ctx, tx, "note the reading of metadata", `UPDATE access_saml SET read_at = $1, problem = $2`, clock.Micros(at), problem)
	return err
}

func drop(ctx context.Context, tx *sql.Tx) (int64, error) {
	return exec(ctx, tx, "remove the SAML provider", `DELETE FROM access_saml`)
}

// Keys.

func keys(ctx context.Context, q database.Querier) ([]keyRow, error) {
	rows, err := q.QueryContext(ctx, `SELECT id, certificate, secret, state, made_at FROM access_saml_key ORDER BY made_at, id`)
	if err != nil {
		return nil, fmt.Errorf("list SAML keys: %w", err)
	}
	defer rows.Close()
	var all []keyRow
	for rows.Next() {
		var k keyRow
		var made int64
		if err := rows.Scan(&k.id, &k.certificate, &k.box, &k.state, &made); err != nil {
			return nil, fmt.Errorf("list SAML keys: %w", err)
		}
		k.made = clock.FromMicros(made)
		all = append(all, k)
	}
	return all, rows.Err()
}

func insertKey(ctx context.Context, tx *sql.Tx, k keyRow) error {
	_, err := exec(ctx, tx, "keep a SAML key", `INSERT INTO access_saml_key (id, certificate, secret, state, made_at) VALUES ($1, $2, $3, $4, $5)`,
		k.id, k.certificate, k.box, string(k.state), clock.Micros(k.made))
	return err
}

func moveKeys(ctx context.Context, tx *sql.Tx, from, to State) error {
	_, err := exec(ctx, tx, "move SAML keys", `UPDATE access_saml_key SET state = $2 WHERE state = $1`, string(from), string(to))
	return err
}

func dropKeys(ctx context.Context, tx *sql.Tx, state State) (int64, error) {
	return exec(ctx, tx, "remove SAML keys", `DELETE FROM access_saml_key WHERE state = $1`, string(state))
}

// Assertions.

// use notes that an assertion opens something, and reports whether it is the
// first time.
func use(ctx context.Context, tx *sql.Tx, id []byte, until time.Time) (bool, error) {
	n, err := exec(ctx, tx, "use an assertion", `INSERT INTO access_saml_used (id, until) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING`, id, clock.Micros(until))
	return n == 1, err
}

func forget(ctx context.Context, tx *sql.Tx, now time.Time) error {
	_, err := exec(ctx, tx, "forget assertions", `DELETE FROM access_saml_used WHERE until <= $1`, clock.Micros(now))
	return err
}

// after reports whether an entry of some types about the same subject follows a
// position of the stream.
func after(ctx context.Context, q database.Querier, about string, types [3]string, stream string, seq int64) (bool, error) {
	var n int64
	err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM ledger_entry WHERE subject = $1 AND type IN ($2, $3, $4) AND stream = $5 AND stream_seq > $6`,
		about, types[0], types[1], types[2], stream, seq).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("read later entries: %w", err)
	}
	return n > 0, nil
}
