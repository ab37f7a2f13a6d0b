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
	"github.com/attesta/attesta/internal/posture/agenda"
	"github.com/attesta/attesta/internal/posture/worklist"
	"github.com/attesta/attesta/internal/program/calendar"
	"github.com/attesta/attesta/internal/program/plan"
	"github.com/attesta/attesta/internal/program/raci"
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
	calendar           *calendar.Service
	raci               *raci.Service
	subjects           []raci.Subject
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
	f.calendar = calendar.New(calendar.Config{DB: db, Ledger: log, Access: people, Clock: f.clock.Now, Sources: func() []calendar.Source {
		return []calendar.Source{agenda.Tasks(f.plan, f.clock.Now)}
	}})
	f.raci = raci.New(raci.Config{DB: db, Ledger: log, Access: people, Clock: f.clock.Now, Subjects: func(context.Context) ([]raci.Subject, error) { return f.subjects, nil }})
	f.area = work.New(work.Config{Work: f.work, Plan: f.plan, Calendar: f.calendar, RACI: f.raci, Site: "https://attesta.example", Clock: f.clock.Now})
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

func TestCalendarByForms(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		f.Who = f.ann
		f.Says("/calendar", "August 2026", "Monday 3 August 2026", "Nothing is on the calendar then")
		_, err := f.plan.Create(t.Context(), f.ann, plan.Fields{Title: "Count the keys", Owner: f.bob.UserID, Due: time.Date(2026, 8, 13, 0, 0, 0, 0, time.UTC)})
		f.must(err)
		f.does(f.ann, "/calendar/plan", "/calendar/plans/K-1", "kind", "freeze", "title", "Summer", "from", "2026-08-10", "to", "2026-08-14", "reason", "most of us are away")
		test := form("kind", "test", "title", "Restore of the payroll", "from", "2026-08-12", "systems", "payroll, web", "reason", "as every year")
		if a := f.Post("/calendar/plan", test); a.Status != 422 || !strings.Contains(a.Body, "the next free days are 2026-08-17") && !strings.Contains(a.Body, "The next free days are 2026-08-17") || !strings.Contains(a.Text(), "The days that disrupt least: 2026-08-17 to 2026-08-17.") || !strings.Contains(a.Body, `value="Restore of the payroll"`) {
			t.Errorf("a test in a freeze: %d %s", a.Status, a.Text())
		}
		test.Set("anyway", "the supplier comes on that day only")
		if a := f.Post("/calendar/plan", test); a.To != "/calendar/plans/K-2" {
			t.Fatalf("with a reason: %d %s", a.Status, a.Text())
		}
		f.Says("/calendar/plans/K-2", "It falls into a freeze", "“the supplier comes on that day only”", "payroll, web", "Less is disrupted from 2026-08-17", "Summer")
		f.Says("/calendar", "Restore of the payroll Test, planned", "T-1 Count the keys Task, due", "Summer Freeze, planned")
		rows := f.HoldsList(f.area.Lists[2], "/calendar?view=list")
		if len(rows) != 3 {
			t.Errorf("the files say %v", rows)
		}
		f.Says("/calendar?day=2026-08-12", "Wednesday 12 August 2026", "Count the keys")
		f.lacks("/calendar?view=list&kind=freeze", "Count the keys")
		for _, bad := range []string{"/calendar?month=August", "/calendar?kind=party", "/calendar?view=year", "/calendar?day=12"} {
			if a := f.Get(bad); a.Status != 422 {
				t.Errorf("%s: %d", bad, a.Status)
			}
		}
		if a := f.Post("/calendar/plans/K-2/cancel", form("why", "no")); a.Status != 422 {
			t.Errorf("a test is cancelled without a reason: %d", a.Status)
		}
		f.does(f.ann, "/calendar/plans/K-2/cancel", "/calendar/plans/K-2", "why", "the supplier is ill")
		f.lacks("/calendar", "Restore of the payroll")

		// a feed of one's own, by whoever has its link
		a := f.Post("/calendar/feed", form("do", "make"))
		i := strings.Index(a.Body, "https://attesta.example/calendar/feed/")
		if a.Status != 200 || i < 0 {
			t.Fatalf("a link: %d %s", a.Status, a.Text())
		}
		link, _, _ := strings.Cut(a.Body[i+len("https://attesta.example"):], "<")
		f.lacks("/calendar/feed", "attc_")
		f.Who = access.Principal{}
		feed := f.Get(link)
		if feed.Status != 200 || feed.Header.Get("Content-Type") != "text/calendar; charset=utf-8" || feed.Header.Get("Cache-Control") != "private, no-store" {
			t.Errorf("the feed answers %d %v", feed.Status, feed.Header)
		}
		for _, want := range []string{"SUMMARY:Summer\r\n", "DTSTART;VALUE=DATE:20260810\r\nDTEND;VALUE=DATE:20260815\r\n", "SUMMARY:T-1 Count the keys\r\n", "DTSTART;VALUE=DATE:20260812\r\n", "URL:https://attesta.example/tasks/T-1\r\n"} {
			if !strings.Contains(feed.Body, want) {
				t.Errorf("the feed lacks %q:\n%s", want, feed.Body)
			}
		}
		f.does(f.ann, "/calendar/feed", "/calendar/feed", "do", "revoke")
		f.Who = access.Principal{}
		if a := f.Get(link); a.Status != 404 {
			t.Errorf("a revoked link answers %d", a.Status)
		}
		f.Who = f.bob
		if a := f.Get("/calendar/plan"); a.Status != 403 {
			t.Errorf("who may not plan gets the form: %d", a.Status)
		}
	})
}

func TestResponsibilitiesByForms(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		f.Who = f.ann
		f.Says("/responsibilities", "There is nothing yet", "Choose controls")
		f.subjects = []raci.Subject{{Kind: raci.Control, Ref: "logs-reviewed", Title: "Logs are reviewed", Path: "/controls/logs-reviewed", Proposed: raci.Roles{Accountable: "Head of operations", Responsible: []string{"On call"}}}, {Kind: raci.Data, Ref: "D-1", Title: "Pay slips", Path: "/data/D-1"}}
		f.Says("/responsibilities", "2 things have a gap", "proposed", "nobody said who answers for it; nobody is accountable")
		const page = "/responsibilities/control/logs-reviewed"
		f.Says(page, "Head of operations", "Nobody said who answers for it", "Say who answers for it")
		if a := f.Post(page, form("base", "0", "responsible_roles", "On call, deputy")); a.Status != 422 || !strings.Contains(a.Body, `id="raci-accountable-problem"`) || !strings.Contains(a.Body, `value="On call, deputy"`) {
			t.Errorf("nobody accountable: %d %s", a.Status, a.Text())
		}
		f.does(f.ann, page, page, "base", "0", "accountable", f.ann.UserID, "responsible", f.bob.UserID, "responsible", f.eve.UserID, "informed_roles", "The board", "note", "agreed in August")
		f.Says(page, "Bob Short, Eve Wide", "Ann Long", "The board", "“agreed in August”")
		rows := f.HoldsList(f.area.Lists[3], "/responsibilities?kind=control")
		if len(rows) != 1 || rows[0][3] != "Bob Short, Eve Wide" || rows[0][8] != "" {
			t.Errorf("the files say %v", rows)
		}
		f.lacks("/responsibilities?about=gaps", "Logs are reviewed")
		f.Says("/responsibilities?q=pay", "Pay slips")
		for _, bad := range []string{"/responsibilities?kind=golden", "/responsibilities?about=golden"} {
			if a := f.Get(bad); a.Status != 422 {
				t.Errorf("%s: %d", bad, a.Status)
			}
		}
		f.Who = f.bob
		f.lacks(page, "Say who answers for it")
		if a := f.Post(page, form("base", "1")); a.Status != 403 {
			t.Errorf("who may only look says who answers: %d", a.Status)
		}
		if a := f.Get("/responsibilities/control/none"); a.Status != 404 {
			t.Errorf("a control that is none: %d", a.Status)
		}
	})
}
