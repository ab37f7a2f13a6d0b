package work_test

import (
	"context"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/posture/worklist"
	"github.com/attesta/attesta/internal/program/plan"
	domain "github.com/attesta/attesta/internal/program/work"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/screen/screentest"
	"github.com/attesta/attesta/internal/web/work"
)

// fixture is the screens of a firm with four people.
type fixture struct {
	*screentest.Browser
	t                  *testing.T
	clock              *clock.Manual
	work               *domain.Service
	plan               *plan.Service
	area               screen.Area
	more               []domain.Item
	ann, bob, eve, tom access.Principal
}

func newFixture(t *testing.T, db *database.DB) *fixture {
	t.Helper()
	f := &fixture{t: t, clock: clock.NewManual(time.Date(2026, 8, 3, 9, 0, 0, 0, time.UTC))}
	dir, ctx := t.TempDir(), t.Context()
	log, err := ledger.Open(ctx, ledger.Config{DB: db, Dir: filepath.Join(dir, "ledger"), KeyFile: filepath.Join(dir, "key"), Clock: f.clock.Now})
	f.must(err)
	t.Cleanup(func() { log.Close() })
	people, err := access.New(access.Config{DB: db, Ledger: log, Clock: f.clock.Now})
	f.must(err)
	user := func(login string, role access.Role) access.Principal {
		u, err := people.AddUser(ctx, access.System(), access.NewUser{Login: login, Name: login, Role: role})
		f.must(err)
		return access.Principal{UserID: u.ID, Name: login, Role: role}
	}
	f.ann, f.bob, f.eve, f.tom = user("ann", access.ComplianceManager), user("bob", access.Contributor), user("eve", access.Contributor), user("tom", access.Training)
	f.work = domain.New(domain.Config{DB: db, Ledger: log, Access: people, Clock: f.clock.Now, Sources: func() []domain.Source {
		return []domain.Source{worklist.Tasks(f.plan), {Name: "more", All: func(context.Context) ([]domain.Item, error) { return f.more, nil }}}
	}})
	f.plan = plan.New(plan.Config{DB: db, Ledger: log, Clock: f.clock.Now, Stands: f.work.StandsFor})
	f.area = work.New(work.Config{Work: f.work, Plan: f.plan})
	f.Browser = screentest.New(t, f.area, f.clock.Now, f.bob)
	f.Label = map[string]string{f.ann.UserID: "Ann Long", f.bob.UserID: "Bob Short", f.eve.UserID: "Eve Wide"}
	return f
}

func (f *fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func form(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v
}

func (f *fixture) does(who access.Principal, path, to string, pairs ...string) {
	f.t.Helper()
	f.Who = who
	if a := f.Post(path, form(pairs...)); a.Status != 303 || a.To != to {
		f.t.Fatalf("POST %s: %d to %q, want %q\n%s", path, a.Status, a.To, to, a.Text())
	}
}

func (f *fixture) lacks(path, what string) {
	f.t.Helper()
	if a := f.Get(path); strings.Contains(a.Text(), what) {
		f.t.Errorf("%s says %q", path, what)
	}
}

// rows gives what a list's files say; the queue is no table on its screen.
func (f *fixture) rows(l screen.List, path string) (out [][]any) {
	f.t.Helper()
	for row, err := range l.Rows(screen.NewRequest(httptest.NewRequestWithContext(f.t.Context(), "GET", path, nil), f.Who, f.clock.Now(), time.UTC, f)) {
		f.must(err)
		out = append(out, row)
	}
	return out
}

func TestQueueByForms(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		ctx := t.Context()
		f.Says("/work", "All that was asked of you is done", "See the plan")
		task := func(title string, owner access.Principal, due time.Time) {
			_, err := f.plan.Create(ctx, f.ann, plan.Fields{Title: title, Why: "an auditor asks for it", Owner: owner.UserID, Due: due})
			f.must(err)
		}
		task("Write down who may open the safe", f.bob, f.clock.Now().AddDate(0, 0, -2))
		task("Count the keys", f.bob, f.clock.Now().AddDate(0, 0, 5))
		task("Change the lock", f.eve, time.Time{})
		a := f.Says("/work", "2 things wait for you, 1 overdue", "Overdue", "Within a week", "2 d late", "Do: Write down who may open the safe", "from Ann Long", "It is yours", "an auditor asks for it", "So far")
		if !strings.Contains(a.Body, `aria-current="true" `) && !strings.Contains(a.Body, `aria-current="true">`) {
			t.Error("no line is marked as the one that is shown")
		}
		f.lacks("/work", "Change the lock")
		f.lacks("/work?due=late", "Count the keys")
		f.Says("/work?item=task/T-2", "Do: Count the keys Why", "It is done")
		f.Says("/work?kind=finding", "Nothing of that kind waits for you")
		for _, bad := range []string{"/work?kind=golden", "/work?due=golden"} {
			if a := f.Get(bad); a.Status != 422 {
				t.Errorf("%s: %d", bad, a.Status)
			}
		}
		if rows := f.rows(f.area.Lists[0], "/work?due=late"); len(rows) != 1 || rows[0][3] != "Write down who may open the safe" {
			t.Errorf("the files say %v", rows)
		}

		// what stays of a form that is wrong, and what it does
		f.Who = f.bob
		if a := f.Post("/work/task", form("do", "snooze", "ref", "T-2", "until", "2020-01-01")); a.Status != 422 || !strings.Contains(a.Body, `value="2020-01-01"`) || !strings.Contains(a.Body, "within the next year") {
			t.Errorf("a day that is over: %d %s", a.Status, a.Text())
		}
		f.does(f.bob, "/work/task", "/work?item=task%2FT-2", "do", "wait", "ref", "T-2", "on", "the locksmith")
		f.Says("/work/waiting", "You wait for 1 thing", "Count the keys", "the locksmith", "3 Aug 2026")
		f.does(f.bob, "/work/task", "/work", "do", "snooze", "ref", "T-2", "until", "2026-08-20")
		f.Says("/work", "1 thing waits for you", "Asleep", "until 20 Aug")
		f.does(f.bob, "/work/task", "/work?item=task%2FT-1", "do", "comment", "ref", "T-1", "note", "the safe is in the cellar")
		f.Says("/work", "“the safe is in the cellar”")
		f.does(f.bob, "/work/task", "/work", "do", "finish", "ref", "T-1", "note", "it hangs on its door")
		f.lacks("/work", "Write down")
		if a := f.Post("/work/task", form("do", "give", "ref", "T-2", "owner", f.eve.UserID, "seq", "3")); a.Status != 403 {
			t.Errorf("who does not keep the plan gives tasks away: %d", a.Status)
		}
		if a := f.Post("/work/task", form("do", "eat", "ref", "T-2")); a.Status != 422 && a.Status != 400 {
			t.Errorf("a step that is none: %d", a.Status)
		}

		// what ann asked for
		f.Who = f.ann
		rows := f.HoldsList(f.area.Lists[1], "/work/waiting")
		if len(rows) != 2 {
			t.Errorf("ann waits for %v", rows)
		}
		f.Says("/work/waiting", "Change the lock", "Eve Wide")
	})
}

func TestAwayByForms(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		_, err := f.plan.Create(t.Context(), f.ann, plan.Fields{Title: "Change the lock", Owner: f.bob.UserID})
		f.must(err)
		f.more = []domain.Item{{Kind: "request", Ref: "1/R-1", Ask: "Answer it", Title: "List of keys", Path: "/engagements/1/requests/R-1", Act: "Answer", Owner: f.bob.UserID, May: access.RequestAnswer},
			{Kind: "approval", Ref: "W-1", Ask: "Approve or refuse a waiver", Title: "a door without a lock", Path: "/waivers/W-1", Act: "Decide", From: f.eve.UserID, Not: f.eve.UserID, May: access.WaiverApprove}}
		f.Says("/work/away", "Nobody is away", "Say that you are away")
		if a := f.Post("/work/away", form("stand", f.eve.UserID, "from", "2026-08-10", "to", "2026-08-04")); a.Status != 422 || !strings.Contains(a.Body, `id="away-to-problem"`) || !strings.Contains(a.Body, `value="2026-08-10"`) {
			t.Errorf("days in the wrong order: %d %s", a.Status, a.Text())
		}
		f.does(f.bob, "/work/away", "/work/away", "stand", f.eve.UserID, "from", "2026-08-03", "to", "2026-08-14", "note", "the keys are in the safe")
		f.Says("/work/away", "Eve Wide stands in from 2026-08-03", "2026-08-14", "End Bob Short's absence")
		f.Says("/work", "You are away until 14 Aug 2026", "Eve Wide stands in for you", "Eve Wide stands in")
		f.Who = f.eve
		f.Says("/work", "You stand in for Bob Short until 14 Aug 2026", "“the keys are in the safe”", "for Bob Short", "2 things wait for you")
		f.Says("/work?item=request/1/R-1", "Take it on for Bob Short", "recorded, with both names")
		f.does(f.eve, "/work/take", "/engagements/1/requests/R-1", "item", "request/1/R-1")
		f.Says("/work/away", "Request of an auditor 1/R-1 Eve Wide Bob Short")
		f.does(f.eve, "/work/task", "/work", "do", "finish", "ref", "T-1", "note", "it is changed")
		got, err := f.plan.Get(t.Context(), f.ann, "T-1")
		f.must(err)
		if last := got.Steps[len(got.Steps)-1]; got.State != plan.Done || last.Made.By != f.eve.UserID || last.Content.For != f.bob.UserID {
			t.Errorf("%+v", last)
		}
		if a := f.Post("/work/take", form("item", "approval/W-1")); a.Status != 404 {
			t.Errorf("who asked for a waiver takes its approval on: %d", a.Status)
		}
		f.Who = f.ann
		f.Says("/work?item=approval/W-1", "You did not write it", "Decide")
		a := f.Says("/work/away", "Told above", "Nothing is overdue by a week")
		i := strings.Index(a.Body, `name="id" value="`) + len(`name="id" value="`)
		id, _, _ := strings.Cut(a.Body[i:], `"`)
		f.does(f.ann, "/work/away/end", "/work/away", "id", id)
		f.Who = f.eve
		f.lacks("/work", "for Bob Short")
		f.Who = f.tom
		f.Says("/work", "All that was asked of you is done", "See your policies")
		for _, path := range []string{"/work/waiting", "/work/away"} {
			if a := f.Get(path); a.Status != 403 {
				t.Errorf("a reader of policies gets %s: %d", path, a.Status)
			}
		}
	})
}
