package plan_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/program/plan"
)

type fixture struct {
	*plan.Service
	t             *testing.T
	ctx           context.Context
	db            *database.DB
	log           *ledger.Log
	clock         *clock.Manual
	gaps          map[string]bool
	ann, bob, eve access.Principal
}

func newFixture(t *testing.T, db *database.DB) *fixture {
	t.Helper()
	f := &fixture{t: t, ctx: context.Background(), db: db, clock: clock.NewManual(monday), gaps: map[string]bool{"CC6.3/missing": true}}
	dir := t.TempDir()
	var err error
	f.log, err = ledger.Open(f.ctx, ledger.Config{DB: db, Dir: filepath.Join(dir, "ledger"), KeyFile: filepath.Join(dir, "key"), Clock: f.clock.Now})
	f.must(err)
	t.Cleanup(func() { f.log.Close() })
	users, err := access.New(access.Config{DB: db, Ledger: f.log, Clock: f.clock.Now})
	f.must(err)
	user := func(login string, role access.Role) access.Principal {
		u, err := users.AddUser(f.ctx, access.System(), access.NewUser{Login: login, Name: login, Role: role})
		f.must(err)
		return access.Principal{UserID: u.ID, Role: role}
	}
	f.ann, f.bob, f.eve = user("ann", access.ComplianceManager), user("bob", access.Contributor), user("eve", access.Viewer)
	f.Service = plan.New(plan.Config{DB: db, Ledger: f.log, Clock: f.clock.Now, Gaps: func(context.Context) (map[string]bool, error) { return f.gaps, nil }})
	return f
}

func (f *fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) refused(err error, kind fault.Kind, want string) {
	f.t.Helper()
	var fe *fault.Error
	if !errors.As(err, &fe) || fe.Kind != kind || !strings.Contains(fe.Error(), want) {
		f.t.Errorf("got %v, want %s: %s", err, kind, want)
	}
}

func (f *fixture) state(want plan.State, derived bool) func(t *plan.Task, err error) {
	return func(t *plan.Task, err error) {
		f.t.Helper()
		f.must(err)
		if t.State != want || t.Derived != derived {
			f.t.Errorf("%s is %s, derived %v; want %s, %v", t.Ref(), t.State, t.Derived, want, derived)
		}
	}
}

// The life of a task that closes a gap: said to be done counts for nothing.
func TestGapTask(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		made, err := f.Create(f.ctx, f.ann, plan.Fields{Title: "  Adopt a control\n for CC6.3 ", Why: "none is in use", Gap: "CC6.3/missing", Owner: f.bob.UserID,
			About: plan.About{Kind: "criterion", Ref: "CC6.3", Path: "/criteria/CC6.3"}})
		f.must(err)
		if made.Ref() != "T-1" || made.Title != "Adopt a control for CC6.3" || made.Effort != 1 || len(made.Steps) != 1 {
			t.Errorf("%+v", made)
		}
		_, err = f.Create(f.ctx, f.ann, plan.Fields{Title: "The same", Gap: "CC6.3/missing"})
		f.refused(err, fault.Conflict, "T-1 closes this gap already")
		f.state(plan.Doing, false)(f.Start(f.ctx, f.bob, "t-1"))
		f.state(plan.Said, false)(f.Finish(f.ctx, f.bob, "1", "done, believe me"))
		_, err = f.Finish(f.ctx, f.bob, "T-1", "really")
		f.refused(err, fault.Conflict, "the gap is still there")
		mine, err := f.Mine(f.ctx, f.bob)
		f.must(err)
		if len(mine) != 1 {
			t.Error("what somebody says is done has left their list")
		}
		settle := func(closed, reopened int) {
			t.Helper()
			c, r, err := f.Settle(f.ctx)
			if err != nil || c != closed || r != reopened {
				t.Errorf("settled %d, %d, %v; want %d, %d", c, r, err, closed, reopened)
			}
		}
		settle(0, 0)
		f.gaps = map[string]bool{}
		settle(1, 0)
		settle(0, 0)
		f.state(plan.Done, true)(f.Get(f.ctx, f.eve, "T-1"))
		f.gaps = map[string]bool{"CC6.3/missing": true}
		settle(0, 1)
		f.state(plan.Open, false)(f.Get(f.ctx, f.eve, "T-1"))
		f.state(plan.Dropped, false)(f.Drop(f.ctx, f.ann, "T-1", "another way was found"))
		settle(0, 0)
		_, err = f.Create(f.ctx, f.ann, plan.Fields{Title: "Another way", Gap: "CC6.3/missing"})
		f.must(err)
		_, err = f.Reopen(f.ctx, f.ann, "T-1", "the first was better")
		f.refused(err, fault.Conflict, "T-2 closes the same gap now")
		f.gaps = map[string]bool{}
		f.state(plan.Done, true)(f.Finish(f.ctx, f.ann, "T-2", ""))
		f.verify()
	})
}

// verify holds each record of the ledger against its row, and finds each change.
func (f *fixture) verify() {
	f.t.Helper()
	records, err := f.log.Records(f.ctx, ledger.Filter{Type: "task.", Limit: 1000})
	f.must(err)
	if len(records) < 5 {
		f.t.Fatalf("only %d records of tasks", len(records))
	}
	hold := func(q database.Querier) error {
		for _, rec := range records {
			if strings.Contains(string(rec.Raw), "believe me") {
				f.t.Error("what a person wrote stands in the ledger itself; it could never be erased")
			}
			if err := plan.Bound(f.ctx, q, rec); err != nil {
				return err
			}
		}
		return nil
	}
	f.must(hold(f.db.Reader()))
	for _, sabotage := range []string{
		`UPDATE task_step SET content = '{}' WHERE seq = 1`, `UPDATE task_step SET note = 'x' WHERE note <> ''`, `UPDATE task_step SET made_by = 'usr_x' WHERE seq = 1`,
		`UPDATE task SET state = 'doing'`, `UPDATE task SET gap = 'other'`, `DELETE FROM task_step WHERE seq = 1`,
	} {
		err := f.db.Tx(f.ctx, func(tx *sql.Tx) error {
			if _, err := tx.ExecContext(f.ctx, sabotage); err != nil {
				return err
			}
			if err := hold(tx); err != nil {
				return err
			}
			return errors.New("nothing was noticed")
		})
		if !fault.Is(err, fault.Refused) {
			f.t.Errorf("%s: %v", sabotage, err)
		}
	}
}

func TestWaits(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		numbers, err := f.CreateAll(f.ctx, f.ann, []plan.Fields{{Title: "first"}, {Title: "second", After: []int{-1}}, {Title: "third", After: []int{-2, -1}}})
		f.must(err)
		if fmt.Sprint(numbers) != "[1 2 3]" {
			t.Fatal(numbers)
		}
		third, err := f.Get(f.ctx, f.ann, "T-3")
		f.must(err)
		if fmt.Sprint(third.After) != "[1 2]" {
			t.Error(third.After)
		}
		one, err := f.Get(f.ctx, f.ann, "T-1")
		f.must(err)
		ring := one.Fields
		ring.After = []int{3}
		_, err = f.Change(f.ctx, f.ann, "T-1", one.Seq, ring, "")
		f.refused(err, fault.Invalid, "T-1 waits for T-3, T-3 waits for T-1")
		ring.After = []int{1}
		_, err = f.Change(f.ctx, f.ann, "T-1", one.Seq, ring, "")
		f.refused(err, fault.Invalid, "cannot wait for itself")
		ring.After = []int{9}
		_, err = f.Change(f.ctx, f.ann, "T-1", one.Seq, ring, "")
		f.refused(err, fault.Invalid, "there is no task T-9")
		_, err = f.CreateAll(f.ctx, f.ann, []plan.Fields{{Title: "a task", After: []int{-2}}, {Title: "another", After: []int{-1}}})
		f.refused(err, fault.Invalid, "T-4 waits for T-5, T-5 waits for T-4")
		good := one.Fields
		good.Title, good.Owner = "first of all", f.bob.UserID
		if _, err = f.Change(f.ctx, f.ann, "T-1", one.Seq, good, "clearer"); err != nil {
			t.Fatal(err)
		}
		_, err = f.Change(f.ctx, f.ann, "T-1", one.Seq, good, "again")
		f.refused(err, fault.Conflict, "somebody changed T-1 meanwhile")
	})
}

func TestWaitSnoozeReturn(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		due := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC) // the last day is 28 February
		_, err := f.Create(f.ctx, f.ann, plan.Fields{Title: "Read the logs", Every: "monthly", Due: due, Owner: f.bob.UserID})
		f.must(err)
		_, err = f.Wait(f.ctx, f.bob, "T-1", "the vendor")
		f.must(err)
		since := f.clock.Now()
		f.clock.Advance(48 * time.Hour)
		waits, err := f.Wait(f.ctx, f.bob, "T-1", "the vendor's support")
		f.must(err)
		if !waits.Since.Equal(since) || waits.Waiting != "the vendor's support" {
			t.Errorf("other words begin the wait anew: %+v", waits.Content)
		}
		if waits, err = f.Resume(f.ctx, f.bob, "T-1"); err != nil || waits.Waiting != "" || !waits.Since.IsZero() {
			t.Errorf("%+v, %v", waits, err)
		}
		_, err = f.Snooze(f.ctx, f.bob, "T-1", f.clock.Now().AddDate(3, 0, 0))
		f.refused(err, fault.Invalid, "within the next year")
		_, err = f.Create(f.ctx, f.ann, plan.Fields{Title: "Something else", Owner: f.bob.UserID})
		f.must(err)
		_, err = f.Snooze(f.ctx, f.bob, "T-1", f.clock.Now().AddDate(0, 0, 7))
		f.must(err)
		mine, err := f.Mine(f.ctx, f.bob)
		f.must(err)
		if len(mine) != 2 || mine[0].Number != 2 || !mine[1].Asleep(f.clock.Now()) {
			t.Errorf("what sleeps comes last: %+v", mine)
		}
		f.state(plan.Done, false)(f.Finish(f.ctx, f.bob, "T-1", "all read"))
		next, err := f.Get(f.ctx, f.ann, "T-3")
		f.must(err)
		if want := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC); !next.Due.Equal(want) || next.Prior != 1 || next.State != plan.Open {
			t.Errorf("it returns due %v as %+v", next.Due, next.Content)
		}
		_, err = f.Reopen(f.ctx, f.ann, "T-1", "not done at all")
		f.refused(err, fault.Conflict, "returned as T-3")
		f.verify()
	})
}

func TestWhoMay(t *testing.T) {
	f := newFixture(t, databasetest.SQLite(t))
	_, err := f.Create(f.ctx, f.ann, plan.Fields{Title: "Of Ann", Owner: f.ann.UserID})
	f.must(err)
	_, err = f.Create(f.ctx, f.ann, plan.Fields{Title: "Of nobody"})
	f.must(err)
	_, err = f.Create(f.ctx, f.bob, plan.Fields{Title: "By Bob"})
	f.refused(err, fault.Forbidden, "make tasks")
	_, err = f.Start(f.ctx, f.bob, "T-1")
	f.refused(err, fault.Forbidden, "somebody else's task")
	taken, err := f.Start(f.ctx, f.bob, "T-2")
	f.must(err)
	if taken.Owner != f.bob.UserID {
		t.Error("who starts what nobody owns takes it")
	}
	_, err = f.Finish(f.ctx, f.eve, "T-2", "")
	f.refused(err, fault.Forbidden, "")
	_, err = f.Comment(f.ctx, f.eve, "T-2", "well done")
	f.refused(err, fault.Forbidden, "")
	if _, err = f.List(f.ctx, access.Principal{UserID: "usr_9", Role: access.Training}, plan.Filter{}); !fault.Is(err, fault.Forbidden) {
		t.Error(err)
	}
	for _, tc := range []struct {
		name, field string
		f           plan.Fields
	}{
		{"no title", "title", plan.Fields{Title: " "}},
		{"somebody who may not", "owner", plan.Fields{Title: "A task", Owner: f.eve.UserID}},
		{"nobody", "owner", plan.Fields{Title: "A task", Owner: "usr_nobody"}},
		{"an odd period", "every", plan.Fields{Title: "A task", Every: "daily", Due: monday}},
		{"a period without a day", "due", plan.Fields{Title: "A task", Every: "weekly"}},
		{"a page elsewhere", "about", plan.Fields{Title: "A task", About: plan.About{Kind: "host", Ref: "x", Path: "//example.com"}}},
		{"a script", "about", plan.Fields{Title: "A task", About: plan.About{Kind: "host", Ref: "x", Path: "javascript:alert(1)"}}},
		{"years of work", "effort", plan.Fields{Title: "A task", Effort: 4000}},
		{"control characters", "why", plan.Fields{Title: "A task", Why: "a\x00b"}},
	} {
		_, err := f.Create(f.ctx, f.ann, tc.f)
		var fe *fault.Error
		if !errors.As(err, &fe) || fe.Field != tc.field {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}
