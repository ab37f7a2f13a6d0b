package work_test

import (
	"context"
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
	"github.com/attesta/attesta/internal/program/work"
)

var monday = time.Date(2026, 8, 3, 9, 0, 0, 0, time.UTC)

type fixture struct {
	*work.Service
	t                       *testing.T
	ctx                     context.Context
	db                      *database.DB
	log                     *ledger.Log
	users                   *access.Service
	clock                   *clock.Manual
	items                   []work.Item
	own                     map[string][]work.Item
	broken                  bool
	told                    []work.Escalation
	ann, bob, cid, eve, tom access.Principal
}

func newFixture(t *testing.T, db *database.DB) *fixture {
	t.Helper()
	f := &fixture{t: t, ctx: context.Background(), db: db, clock: clock.NewManual(monday), own: map[string][]work.Item{}}
	dir := t.TempDir()
	var err error
	f.log, err = ledger.Open(f.ctx, ledger.Config{DB: db, Dir: filepath.Join(dir, "ledger"), KeyFile: filepath.Join(dir, "key"), Clock: f.clock.Now})
	f.must(err)
	t.Cleanup(func() { f.log.Close() })
	f.users, err = access.New(access.Config{DB: db, Ledger: f.log, Clock: f.clock.Now})
	f.must(err)
	f.ann, f.bob, f.cid = f.user("ann", access.ComplianceManager), f.user("bob", access.Contributor), f.user("cid", access.Contributor)
	f.eve, f.tom = f.user("eve", access.Administrator), f.user("tom", access.Training)
	f.Service = work.New(work.Config{DB: db, Ledger: f.log, Access: f.users, Clock: f.clock.Now, Sources: func() []work.Source {
		return []work.Source{
			{Name: "things", All: func(context.Context) ([]work.Item, error) {
				if f.broken {
					return nil, errors.New("the disk is gone")
				}
				return f.items, nil
			}},
			{Name: "papers", Of: func(_ context.Context, who access.Principal) ([]work.Item, error) { return f.own[who.UserID], nil }},
		}
	}, Zone: func(context.Context) (*time.Location, error) { return time.LoadLocation("Europe/Berlin") },
		Manager: func(_ context.Context, user string) (string, error) {
			if user == f.bob.UserID {
				return f.cid.UserID, nil
			}
			return "", nil
		}, Tell: func(_ context.Context, all []work.Escalation) error { f.told = append(f.told, all...); return nil }})
	return f
}

func (f *fixture) user(login string, role access.Role) access.Principal {
	u, err := f.users.AddUser(f.ctx, access.System(), access.NewUser{Login: login, Name: login, Role: role})
	f.must(err)
	return access.Principal{UserID: u.ID, Name: login, Role: role}
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

// later lets time go by; the pool that was read is old then.
func (f *fixture) later(d time.Duration) { f.clock.Advance(d + 2*time.Minute) }

// refs gives whose queue has what, in order.
func (f *fixture) refs(who access.Principal) string {
	f.t.Helper()
	f.later(0)
	v, err := f.Queue(f.ctx, who)
	f.must(err)
	var out []string
	for _, m := range v.Items {
		mark := ""
		if m.For != "" {
			mark = "*"
		}
		if m.Alone {
			mark += "!"
		}
		out = append(out, m.Ref+mark)
	}
	return strings.Join(out, " ")
}

func (f *fixture) holds(who access.Principal, want string) {
	f.t.Helper()
	if got := f.refs(who); got != want {
		f.t.Errorf("%s has %q, want %q", who.Name, got, want)
	}
}

func TestWhoseItIs(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		due := monday.AddDate(0, 0, 2)
		f.items = []work.Item{
			{Kind: "task", Ref: "T-1", Owner: f.bob.UserID, From: f.ann.UserID, May: access.TaskWork, Due: due},
			{Kind: "approval", Ref: "W-1", From: f.ann.UserID, Not: f.ann.UserID, May: access.WaiverApprove, Due: due, Soft: true, Impact: work.High},
			{Kind: "approval", Ref: "W-2", From: f.bob.UserID, Not: f.bob.UserID, May: access.WaiverApprove, Due: due.AddDate(0, 0, -1)},
			{Kind: "task", Ref: "T-2", May: access.TaskEdit, Roles: []access.Role{access.ComplianceManager}},
			{Kind: "task", Ref: "T-3", May: access.TaskEdit, Roles: []access.Role{access.Responder}}, // of a role that nobody has
			{Kind: "task", Ref: "T-4", Owner: f.ann.UserID, Waits: "the supplier", Since: monday, May: access.TaskWork, Asleep: monday.AddDate(0, 0, 9)},
		}
		f.own[f.tom.UserID] = []work.Item{{Kind: "acknowledgement", Ref: "P-1", Owner: f.tom.UserID, May: access.PolicyAcknowledge, Personal: true, Due: due}}
		f.holds(f.bob, "T-1")
		f.holds(f.ann, "W-2 T-2 T-3 T-4") // not the waiver that she asked for; what sleeps is last
		f.holds(f.eve, "W-2 W-1 T-3")
		f.holds(f.tom, "P-1")
		f.holds(f.cid, "")
		v, err := f.Queue(f.ctx, f.ann)
		f.must(err)
		if v.Asleep != 1 || v.Count() != 3 || v.Kinds["task"] != 3 || v.Late != 0 {
			t.Errorf("%+v", v)
		}
		var asked []string
		for _, a := range v.Asked {
			asked = append(asked, fmt.Sprint(a.Ref, " ", len(a.On), a.Waits))
		}
		if got := strings.Join(asked, ", "); got != "T-4 0the supplier, T-1 1, W-1 1" {
			t.Errorf("ann waits for %q", got)
		}
		n, err := f.Count(f.ctx, f.bob, false)
		f.must(err)
		if f.items = f.items[1:]; n != 1 {
			t.Errorf("bob has %d", n)
		}
		if n, _ = f.Count(f.ctx, f.bob, false); n != 1 {
			t.Error("the number in the masthead is read anew on each page")
		}
		f.later(0)
		if n, _ = f.Count(f.ctx, f.bob, true); n != 0 {
			t.Errorf("a fresh number is %d", n)
		}
		if n, err := f.Count(f.ctx, access.Principal{UserID: "usr_x", Role: access.Auditor}, true); n != 0 || err != nil {
			t.Errorf("an auditor has %d, %v", n, err)
		}
		// what cannot be read is said, and hides nothing else
		f.broken = true
		f.later(0)
		v, err = f.Queue(f.ctx, f.tom)
		f.must(err)
		if len(v.Unread) != 1 || v.Unread[0] != "things" || len(v.Items) != 1 {
			t.Errorf("%+v", v)
		}
	})
}

// Where nobody else may decide, the author is asked, and the page says so.
func TestAlone(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		f.items = []work.Item{{Kind: "approval", Ref: "W-1", From: f.eve.UserID, Not: f.eve.UserID, May: access.WaiverApprove}}
		f.holds(f.eve, "")
		f.must(f.users.SetRole(f.ctx, access.System(), f.ann.UserID, access.Contributor))
		f.holds(f.eve, "W-1!")
	})
}

func TestAbsence(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		set := func(p access.Principal, a work.Away) (*work.Absence, error) { return f.Set(f.ctx, p, a) }
		for want, a := range map[string]work.Away{
			"is no day":                 {Stand: f.cid.UserID, From: "tomorrow", To: "2026-08-14"},
			"before the first":          {Stand: f.cid.UserID, From: "2026-08-10", To: "2026-08-04"},
			"these days are over":       {Stand: f.cid.UserID, From: "2026-07-01", To: "2026-07-14"},
			"it begins today at":        {Stand: f.cid.UserID, From: "2026-08-01", To: "2026-08-14"},
			"stands in for themselves":  {Stand: f.bob.UserID, From: "2026-08-10", To: "2026-08-14"},
			"say who stands in":         {From: "2026-08-10", To: "2026-08-14"},
			"nobody who does work here": {Stand: f.tom.UserID, From: "2026-08-10", To: "2026-08-14"},
			"a year at most":            {Stand: f.cid.UserID, From: "2026-08-10", To: "2028-08-14"},
			"letters are kept":          {Stand: f.cid.UserID, From: "2026-08-10", To: "2026-08-14", Note: strings.Repeat("x", 501)},
		} {
			_, err := set(f.bob, a)
			f.refused(err, fault.Invalid, want)
		}
		_, err := set(f.bob, work.Away{Person: f.cid.UserID, Stand: f.bob.UserID, From: "2026-08-10", To: "2026-08-14"})
		f.refused(err, fault.Forbidden, "only of yourself")
		_, err = set(f.tom, work.Away{Stand: f.bob.UserID, From: "2026-08-10", To: "2026-08-14"})
		if !fault.Is(err, fault.Forbidden) {
			t.Errorf("who does no work is away: %v", err)
		}
		a, err := set(f.bob, work.Away{Stand: f.cid.UserID, From: "2026-08-10", To: "2026-08-14", Note: "The  keys are\nin the safe."})
		f.must(err)
		if a.Note != "The keys are in the safe." || a.Person != f.bob.UserID {
			t.Errorf("%+v", a)
		}
		_, err = set(f.bob, work.Away{Stand: f.ann.UserID, From: "2026-08-14", To: "2026-08-20"})
		f.refused(err, fault.Conflict, "said already")
		_, err = set(f.ann, work.Away{Stand: f.bob.UserID, From: "2026-08-12", To: "2026-08-12"})
		f.refused(err, fault.Conflict, "who is to stand in is away")
		_, err = set(f.cid, work.Away{Stand: f.ann.UserID, From: "2026-08-12", To: "2026-08-12"})
		f.refused(err, fault.Conflict, "they stand in for somebody else")

		f.items = []work.Item{
			{Kind: "task", Ref: "T-1", Owner: f.bob.UserID, May: access.TaskWork},
			{Kind: "evidence", Ref: "E-1", Owner: f.bob.UserID, Not: f.cid.UserID, May: access.EvidenceAdd}, // by the stand-in
			{Kind: "task", Ref: "T-2", Owner: f.bob.UserID, May: access.TaskEdit},                           // asks for a role that the stand-in has not
		}
		f.own[f.bob.UserID] = []work.Item{{Kind: "acknowledgement", Ref: "P-1", Owner: f.bob.UserID, May: access.PolicyAcknowledge, Personal: true}, {Kind: "finding", Ref: "F-1", Owner: f.bob.UserID, May: access.FindingAcknowledge}}
		f.holds(f.cid, "")
		if ok, _ := f.StandsFor(f.ctx, db.Reader(), f.cid.UserID, f.bob.UserID); ok {
			t.Error("somebody stands in before the first day")
		}
		// its first day begins at midnight in Berlin, which is 22:00 in UTC
		f.clock.Advance(time.Date(2026, 8, 9, 21, 50, 0, 0, time.UTC).Sub(f.clock.Now()))
		f.holds(f.cid, "")
		f.clock.Advance(10 * time.Minute)
		f.holds(f.cid, "F-1* T-1*")
		f.holds(f.bob, "P-1 E-1 F-1 T-1") // both see it, and each the other
		v, err := f.Queue(f.ctx, f.bob)
		f.must(err)
		if v.Away == nil || v.Items[3].Stand != f.cid.UserID || v.Items[0].Stand != "" {
			t.Errorf("bob's queue does not say who stands in: %+v", v)
		}
		_, err = f.Take(f.ctx, f.cid, "task/T-9")
		f.refused(err, fault.NotFound, "does not wait for you")
		for range 2 { // the second time says nothing new
			m, err := f.Take(f.ctx, f.cid, "task/T-1")
			f.must(err)
			if m.For != f.bob.UserID {
				t.Errorf("%+v", m)
			}
		}
		took, err := f.Taken(f.ctx, f.bob)
		f.must(err)
		if len(took) != 1 || took[0].By != f.cid.UserID || took[0].Item != "task/T-1" {
			t.Errorf("%+v", took)
		}
		if took, _ := f.Taken(f.ctx, f.tom); len(took) != 0 {
			t.Error("what concerns others is shown to everybody")
		}
		_, err = f.End(f.ctx, f.cid, a.ID)
		f.refused(err, fault.Forbidden, "somebody else's")
		_, err = f.End(f.ctx, f.bob, a.ID)
		f.must(err)
		_, err = f.End(f.ctx, f.bob, a.ID)
		f.refused(err, fault.Conflict, "over already")
		f.holds(f.cid, "")
		list, err := f.Absences(f.ctx, f.ann, false)
		f.must(err)
		if all, _ := f.Absences(f.ctx, f.ann, true); len(list) != 0 || len(all) != 1 {
			t.Errorf("%v, %v", list, all)
		}
		f.verifies()
	})
}

func TestEscalate(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		f.items = []work.Item{
			{Kind: "task", Ref: "T-1", Owner: f.bob.UserID, May: access.TaskWork, Due: monday},
			{Kind: "task", Ref: "T-2", Owner: f.cid.UserID, May: access.TaskWork, Due: monday},
			{Kind: "approval", Ref: "W-1", May: access.WaiverApprove, Due: monday, Soft: true},
			{Kind: "task", Ref: "T-3", Owner: f.bob.UserID, May: access.TaskWork, Due: monday, Asleep: monday.AddDate(0, 1, 0)},
		}
		escalate := func(want int) {
			t.Helper()
			n, err := f.Escalate(f.ctx)
			f.must(err)
			if n != want {
				t.Errorf("%d were told of, want %d", n, want)
			}
		}
		escalate(0)
		f.later(work.Patience)
		escalate(2)
		escalate(0)
		f.later(time.Hour)
		escalate(0)
		if len(f.told) != 2 || f.told[0].To != f.cid.UserID || f.told[1].To != "" {
			t.Errorf("%+v", f.told)
		}
		f.items[0].Due = monday.AddDate(0, 0, 1) // a new day that went by
		f.later(24 * time.Hour)
		escalate(1)
		all, err := f.Escalations(f.ctx, f.ann)
		f.must(err)
		if len(all) != 3 || all[0].Item != "task/T-1" {
			t.Errorf("%+v", all)
		}
		if _, err := f.Escalations(f.ctx, f.bob); !fault.Is(err, fault.Forbidden) {
			t.Errorf("everybody sees what was told above: %v", err)
		}
		f.verifies()
	})
}

// verifies holds the ledger against the rows, and that a row that was changed is found.
func (f *fixture) verifies() {
	f.t.Helper()
	records := func() (bad int) {
		list, err := f.log.Records(f.ctx, ledger.Filter{Limit: 1000})
		f.must(err)
		for _, rec := range list {
			for _, b := range work.Bindings() {
				if b.Name == rec.Type && b.Check(f.ctx, f.db.Reader(), rec) != nil {
					bad++
				}
			}
		}
		return bad
	}
	if n := records(); n != 0 {
		f.t.Errorf("%d records do not match their rows", n)
	}
	for _, change := range []string{`UPDATE absence SET stand = 'usr_x'`, `UPDATE escalation SET told = 'usr_x'`} {
		_, err := f.db.Writer().ExecContext(f.ctx, change)
		f.must(err)
	}
	if records() == 0 {
		f.t.Error("rows that were changed outside are not found")
	}
}
