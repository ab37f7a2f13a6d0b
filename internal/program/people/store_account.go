package people

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
)

const accountColumns = `id, person_id, place, place_name, source, population, name, rule, says, state, reason, first_at, changed_at, seen_at, failing, entry_id`

func accounts(ctx context.Context, q database.Querier, where string, args ...any) ([]Account, error) {
	all := []Account{}
	err := each(ctx, q, "read people's accounts", func(rows *sql.Rows) error {
		var a Account
		var first, changed, seen, failing int64
		err := rows.Scan(&a.ID, &a.Person, &a.Place, &a.PlaceName, &a.Source, &a.Population, &a.Name, &a.Rule, &a.Says, &a.State, &a.Reason, &first, &changed, &seen, &failing, &a.Entry)
		a.FirstAt, a.ChangedAt, a.SeenAt, a.Failing = clock.FromMicros(first), clock.FromMicros(changed), clock.FromMicros(seen), failing != 0
		all = append(all, a)
		return err
	}, `SELECT `+accountColumns+` FROM people_account `+where+` ORDER BY place_name, name, id`, args...)
	return all, err
}

// accountsOf gives the accounts of a person; "" is everybody's.
func accountsOf(ctx context.Context, q database.Querier, person string) ([]Account, error) {
	if person == "" {
		return accounts(ctx, q, "")
	}
	return accounts(ctx, q, `WHERE person_id = $1`, person)
}

func accountByID(ctx context.Context, q database.Querier, id string) (*Account, error) {
	all, err := accounts(ctx, q, `WHERE id = $1`, id)
	if err == nil && len(all) == 0 {
		err = fault.New(fault.NotFound, "there is no account %q", id)
	}
	if err != nil {
		return nil, err
	}
	return &all[0], nil
}

func saveAccount(ctx context.Context, q database.Querier, a *Account, first bool) error {
	if first {
		return exec(ctx, q, "store a person's account", `INSERT INTO people_account (`+accountColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
			a.ID, a.Person, a.Place, a.PlaceName, a.Source, a.Population, a.Name, a.Rule, a.Says, a.State, a.Reason, micros(a.FirstAt), micros(a.ChangedAt), micros(a.SeenAt), boolInt(a.Failing), a.Entry)
	}
	return exec(ctx, q, "store a person's account", `UPDATE people_account SET person_id = $2, place_name = $3, says = $4, state = $5, reason = $6, changed_at = $7, seen_at = $8, failing = $9, entry_id = $10 WHERE id = $1`,
		a.ID, a.Person, a.PlaceName, a.Says, a.State, a.Reason, micros(a.ChangedAt), micros(a.SeenAt), boolInt(a.Failing), a.Entry)
}

// accountsDue reports whether a leaver's account has outlived the grace without
// a finding, or whether one is to be looked at again.
// accountMark changes when an account does.
func accountMark(ctx context.Context, q database.Querier) (string, error) {
	var n int64
	var newest string
	if err := q.QueryRowContext(ctx, `SELECT COUNT(*), COALESCE(MAX(entry_id), '') FROM people_account`).Scan(&n, &newest); err != nil {
		return "", fmt.Errorf("count accounts: %w", err)
	}
	return fmt.Sprintf("%d-%s", n, newest), nil
}

func accountsDue(ctx context.Context, q database.Querier, now time.Time) (bool, error) {
	return exists(ctx, q, "look for accounts of leavers", `SELECT COUNT(*) FROM people_account a JOIN person p ON p.id = a.person_id
		WHERE p.state = 'left' AND a.says = 'theirs' AND a.state = 'present' AND (a.place = 'attesta' OR a.failing = 0 AND p.left_at + p.grace * 3600000000 <= $1)
			OR a.failing = 1 AND p.state <> 'left'`, clock.Micros(now))
}

// Records.

func insertRecord(ctx context.Context, q database.Querier, r Record) error {
	return exec(ctx, q, "store a record", `INSERT INTO people_record (id, person_id, kind, day, step, other_id, link, made_at, made_by, entry_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		r.ID, r.Person, r.Kind, r.Day, r.Step, r.Other, r.Link, clock.Micros(r.At), r.By, r.Entry)
}

func recordsWhere(ctx context.Context, q database.Querier, where string, args ...any) ([]Record, error) {
	all := []Record{}
	err := each(ctx, q, "read records of people", func(rows *sql.Rows) error {
		var r Record
		var made int64
		err := rows.Scan(&r.ID, &r.Person, &r.Kind, &r.Day, &r.Step, &r.Other, &r.Link, &made, &r.By, &r.Entry, &r.OtherName)
		r.At = clock.FromMicros(made)
		all = append(all, r)
		return err
	}, `SELECT r.id, r.person_id, r.kind, r.day, r.step, r.other_id, r.link, r.made_at, r.made_by, r.entry_id, COALESCE(o.name, '') FROM people_record r LEFT JOIN person o ON o.id = r.other_id `+where+` ORDER BY r.day DESC, r.made_at DESC, r.id`, args...)
	return all, err
}

// moveAll gives one person's accounts and records to another. Of accounts
// at the same place and of the same name the other's own stays.
func moveAll(ctx context.Context, q database.Querier, to, from string) error {
	for _, query := range []string{
		`UPDATE people_account SET person_id = $1 WHERE person_id = $2 AND NOT EXISTS (SELECT 1 FROM people_account o WHERE o.person_id = $1 AND o.place = people_account.place AND o.name = people_account.name)`,
		`UPDATE people_record SET person_id = $1 WHERE person_id = $2`,
	} {
		if err := exec(ctx, q, "make two people one", query, to, from); err != nil {
			return err
		}
	}
	return nil
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
