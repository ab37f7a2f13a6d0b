package concern_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/base/sealed"
	"github.com/attesta/attesta/internal/program/concern"
)

// fixture is a firm with two recipients, an administrator and an employee.
type fixture struct {
	*concern.Service
	t                  testing.TB
	ctx                context.Context
	db                 *database.DB
	log                *ledger.Log
	clock              *clock.Manual
	access             *access.Service
	ann, bob, vic, eve access.Principal
}

func newFixture(t testing.TB, db *database.DB) *fixture {
	t.Helper()
	f := &fixture{t: t, ctx: t.Context(), db: db, clock: clock.NewManual(time.Date(2026, 3, 2, 9, 17, 23, 456789000, time.UTC))}
	dir := t.TempDir()
	var err error
	f.log, err = ledger.Open(f.ctx, ledger.Config{DB: db, Dir: filepath.Join(dir, "ledger"), KeyFile: filepath.Join(dir, "key"), Clock: f.clock.Now})
	f.must(err)
	t.Cleanup(func() { f.log.Close() })
	f.access, err = access.New(access.Config{DB: db, Ledger: f.log, Clock: f.clock.Now})
	f.must(err)
	key, err := sealed.Open(filepath.Join(dir, "sealed.key"))
	f.must(err)
	f.Service = concern.New(concern.Config{DB: db, Ledger: f.log, Access: f.access, Key: key, Clock: f.clock.Now})
	f.bob, f.ann, f.vic, f.eve = f.user("bob", access.Administrator), f.user("ann", access.ComplianceManager), f.user("vic", access.Viewer), f.user("eve", access.Training)
	return f
}

func (f *fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		message, hint := fault.Public(err)
		f.t.Fatal(err, message, hint)
	}
}

func (f *fixture) refused(err error, kind fault.Kind, want string) {
	f.t.Helper()
	var fe *fault.Error
	if !errors.As(err, &fe) || fe.Kind != kind || !strings.Contains(fe.Error(), want) {
		f.t.Errorf("got %v, want %s: %s", err, kind, want)
	}
}

func (f *fixture) user(login string, role access.Role) access.Principal {
	f.t.Helper()
	u, err := f.access.AddUser(f.ctx, access.System(), access.NewUser{Login: login, Name: login, Role: role})
	f.must(err)
	return access.Principal{UserID: u.ID, Name: login, Role: role, SessionID: "ses_" + login}
}

// night lets the day end and the program do what it does then.
func (f *fixture) night() {
	f.clock.Advance(24 * time.Hour)
	f.must(f.Turn(f.ctx))
}

func (f *fixture) seen(p access.Principal) int {
	all, err := f.List(f.ctx, p)
	f.must(err)
	return len(all)
}

// dump gives every row of every table as text.
func (f *fixture) dump() map[string][]string {
	out := map[string][]string{}
	var tables []string
	names := `SELECT name FROM sqlite_master WHERE type = 'table'`
	rows, err := f.db.Reader().QueryContext(f.ctx, names)
	if err != nil {
		rows, err = f.db.Reader().QueryContext(f.ctx, `SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()`)
	}
	f.must(err)
	for rows.Next() {
		var n string
		f.must(rows.Scan(&n))
		tables = append(tables, n)
	}
	rows.Close()
	for _, table := range tables {
		rows, err := f.db.Reader().QueryContext(f.ctx, `SELECT * FROM `+table)
		f.must(err)
		columns, err := rows.Columns()
		f.must(err)
		for rows.Next() {
			values := make([]any, len(columns))
			into := make([]any, len(columns))
			for i := range values {
				into[i] = &values[i]
			}
			f.must(rows.Scan(into...))
			for i, v := range values {
				if b, ok := v.([]byte); ok {
					values[i] = string(b)
				}
			}
			out[table] = append(out[table], fmt.Sprintf("%v", values))
		}
		rows.Close()
	}
	return out
}

// A report leaves one row, in the table of concerns, in which nothing says who wrote
// it or at which minute; nothing else changes, the ledger included.
func TestNothingIsKeptOfWhoReports(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		f.must(f.Appoint(f.ctx, f.bob, concern.Settings{Recipients: []string{f.ann.UserID, f.vic.UserID}, Months: 24}))
		before := f.dump()
		code, err := f.Report(f.ctx, f.eve, concern.Report{Topic: "rules", Text: "Approvals are dated back each quarter by one of the leads.", Exclude: []string{f.vic.UserID}})
		f.must(err)
		_, err = f.Add(f.ctx, f.eve, code, "The last time was in February.")
		f.must(err)
		check := func(when string, may ...string) {
			t.Helper()
			micros := fmt.Sprint(clock.Micros(f.clock.Now()))
			for table, rows := range f.dump() {
				for _, r := range rows {
					if slices.Contains(before[table], r) {
						continue
					}
					if !slices.Contains(may, table) {
						t.Errorf("%s: %s changed: %s", when, table, r)
						continue
					}
					for what, secret := range map[string]string{"the user": f.eve.UserID, "the session": f.eve.SessionID, "the name": "eve", "the minute": micros[:len(micros)-8], "the time": "09:17", "the text": "dated back", "the code": code[:5], "who is excluded": f.vic.UserID, "who is addressed": f.ann.UserID} {
						if table == "concern" || table == "concern_word" {
							if strings.Contains(r, secret) {
								t.Errorf("%s: %s holds %s: %s", when, table, what, r)
							}
						}
					}
				}
			}
		}
		check("when it is reported", "concern", "concern_word")
		if f.seen(f.ann)+f.seen(f.vic) != 0 {
			t.Error("a recipient sees it before its day is over")
		}
		f.must(f.Turn(f.ctx))
		check("before its day is over", "concern", "concern_word")
		f.night()
		if f.seen(f.ann) != 1 || f.seen(f.vic) != 0 {
			t.Error("it is read by whom it addresses, once its day is over")
		}
		_, err = f.List(f.ctx, f.eve)
		f.refused(err, fault.Forbidden, "may not")
		_, err = f.List(f.ctx, access.System())
		f.refused(err, fault.Forbidden, "named recipient")

		records, err := f.log.Records(f.ctx, ledger.Filter{Limit: 1000})
		f.must(err)
		n := 0
		for _, r := range records {
			if r.Type == "concern.received" {
				n++
				if r.Actor != "member" || r.Subject != "concern" || len(r.Data) != 2 || r.Data["day"] != "2026-03-02" || r.At.Format(time.DateOnly) != "2026-03-03" {
					t.Errorf("%+v", r)
				}
			}
		}
		if n != 1 {
			t.Errorf("%d records of one concern", n)
		}
	})
}

func TestExamined(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		text := "Approvals are dated back each quarter by one of the leads."
		_, err := f.Report(f.ctx, f.eve, concern.Report{Topic: "rules", Text: text})
		f.refused(err, fault.Conflict, "nobody is named yet")
		f.refused(f.Appoint(f.ctx, f.ann, concern.Settings{Recipients: []string{f.ann.UserID}, Months: 24}), fault.Forbidden, "may not")
		f.refused(f.Appoint(f.ctx, f.bob, concern.Settings{Recipients: []string{f.eve.UserID}, Months: 24}), fault.Invalid, "may not be named")
		f.must(f.Appoint(f.ctx, f.bob, concern.Settings{Recipients: []string{f.ann.UserID, f.vic.UserID}, Months: 24}))
		_, err = f.Report(f.ctx, f.eve, concern.Report{Topic: "rules", Text: "short"})
		f.refused(err, fault.Invalid, "too short")
		_, err = f.Report(f.ctx, f.eve, concern.Report{Topic: "rules", Text: text, Exclude: []string{f.ann.UserID, f.vic.UserID}})
		f.refused(err, fault.Invalid, "leave nobody")
		code, err := f.Report(f.ctx, f.eve, concern.Report{Topic: "rules", Text: text, Exclude: []string{f.vic.UserID}})
		f.must(err)
		f.night()
		all, err := f.List(f.ctx, f.ann)
		f.must(err)
		id := all[0].ID
		if what, by := all[0].Due(); what != "an answer" || by.String() != "2026-03-10" || all[0].Text != text {
			t.Errorf("%+v", all[0])
		}

		// The excluded one does not read it: not by its id, not after the list changed.
		_, err = f.Get(f.ctx, f.vic, id)
		f.refused(err, fault.NotFound, "no such concern")
		f.refused(f.Take(f.ctx, f.vic, id), fault.NotFound, "no such concern")
		f.must(f.Appoint(f.ctx, f.bob, concern.Settings{Recipients: []string{f.vic.UserID}, Months: 24}))
		if f.seen(f.ann) != 1 || f.seen(f.vic) != 0 || f.seen(f.bob) != 0 {
			t.Error("who reads a concern does not follow the list of recipients")
		}

		f.refused(f.Close(f.ctx, f.ann, id, "confirmed", "It was as you said, and it has been ended."), fault.Conflict, "nobody has taken it on")
		f.must(f.Take(f.ctx, f.ann, id))
		f.must(f.Write(f.ctx, f.ann, id, "Which quarter was it?", false))
		f.must(f.Write(f.ctx, f.ann, id, "Ask for the log of the approvals.", true))
		got, err := f.Follow(f.ctx, f.eve, strings.ToLower(code))
		f.must(err)
		if len(got.Words) != 2 || got.Words[1].Text != "Which quarter was it?" || got.State != concern.Examined {
			t.Errorf("%+v", got)
		}
		_, err = f.Follow(f.ctx, f.eve, "AAAAA-AAAAA-AAAAA-AAAAA-AAAAA")
		f.refused(err, fault.Invalid, "no concern has this code")
		_, err = f.Add(f.ctx, f.eve, code, "The first of this year.")
		f.must(err)
		if c, err := f.Get(f.ctx, f.ann, id); err != nil || c.Asks() {
			t.Error("what is added is not shown before its day is over", err)
		}
		f.night()
		if c, err := f.Get(f.ctx, f.ann, id); err != nil || !c.Asks() || len(c.Words) != 4 {
			t.Errorf("%+v %v", c, err)
		}
		f.must(f.HandOver(f.ctx, f.ann, id, f.bob.UserID))
		if f.seen(f.bob) != 1 {
			t.Error("it was handed over")
		}
		f.must(f.Close(f.ctx, f.ann, id, "confirmed", "It was as you said, and it has been ended."))
		f.refused(f.Write(f.ctx, f.ann, id, "more", false), fault.Conflict, "closed")
		if got, err = f.Follow(f.ctx, f.eve, code); err != nil || got.Outcome != "confirmed" || got.State != concern.Closed {
			t.Errorf("%+v %v", got, err)
		}

		bound := func(q database.Querier) (n int, err error) {
			records, err := f.log.Records(f.ctx, ledger.Filter{Limit: 1000})
			f.must(err)
			for _, rec := range records {
				if strings.HasPrefix(rec.Type, "concern.") {
					n++
					if err := concern.Bound(f.ctx, q, rec); err != nil {
						return n, err
					}
				}
			}
			return n, nil
		}
		if n, err := bound(db.Reader()); err != nil || n != 4 {
			t.Error(n, err)
		}
		for _, change := range []string{`DELETE FROM concern_word WHERE kind = 'closed'`, `UPDATE concern SET day = day - 1`, `UPDATE concern SET content = 'x'`, `UPDATE concern SET content = ''`, `UPDATE concern_setting SET content = REPLACE(content, '24', '12')`} {
			undo := errors.New("undo")
			err := db.Tx(f.ctx, func(tx *sql.Tx) error {
				if _, err := tx.ExecContext(f.ctx, change); err != nil {
					return err
				}
				_, err := bound(tx)
				return errors.Join(undo, err)
			})
			if !fault.Is(err, fault.Refused) {
				t.Errorf("%s: %v", change, err)
			}
		}

		// After its time the texts are gone, and the records still hold.
		f.clock.Advance(740 * 24 * time.Hour)
		f.must(f.Turn(f.ctx))
		if f.seen(f.ann) != 0 {
			t.Error("its texts are erased, and with them whom it is addressed to")
		}
		if got, err = f.Follow(f.ctx, f.eve, code); err != nil || got.Text != "" || got.Erased == 0 || got.Outcome != "confirmed" {
			t.Errorf("%+v %v", got, err)
		}
		if n, err := bound(db.Reader()); err != nil || n != 4 {
			t.Error(n, err)
		}
	})
}
