package planning_test

import (
	"context"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/posture"
	"github.com/attesta/attesta/internal/posture/gap"
	"github.com/attesta/attesta/internal/posture/readiness"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/program/evidence"
	"github.com/attesta/attesta/internal/program/plan"
	"github.com/attesta/attesta/internal/program/scope"
	"github.com/attesta/attesta/internal/web/planning"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/screen/screentest"
)

// fixture is the screens of a firm with the starter's controls and nothing else.
type fixture struct {
	*screentest.Browser
	t                  *testing.T
	clock              *clock.Manual
	area               screen.Area
	plan               *plan.Service
	ann, eve, vic, tom access.Principal
}

func newFixture(t *testing.T, db *database.DB) *fixture {
	t.Helper()
	f := &fixture{t: t, clock: clock.NewManual(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	dir, ctx, now := t.TempDir(), t.Context(), f.clock.Now
	log, err := ledger.Open(ctx, ledger.Config{DB: db, Dir: filepath.Join(dir, "ledger"), KeyFile: filepath.Join(dir, "key"), Clock: now})
	must(err)
	t.Cleanup(func() { log.Close() })
	people, err := access.New(access.Config{DB: db, Ledger: log, Clock: now})
	must(err)
	standards, err := standard.New(standard.Config{DB: db, Ledger: log, Clock: now})
	must(err)
	library, err := control.ShippedLibrary()
	must(err)
	controls := control.New(control.Config{DB: db, Ledger: log, Clock: now, Library: library})
	must(controls.Start(ctx))
	status := posture.New(posture.Config{DB: db, Clock: now, Outcomes: outcome.New(outcome.Config{DB: db, Ledger: log, Clock: now}), Standards: standards, Findings: finding.New(finding.Config{DB: db, Ledger: log, Clock: now})})
	gaps := gap.New(gap.Config{Posture: status, Controls: controls})
	scopes := scope.New(scope.Config{DB: db, Ledger: log, Clock: now})
	f.plan = plan.New(plan.Config{DB: db, Ledger: log, Clock: now, Gaps: func(ctx context.Context) (map[string]bool, error) {
		r, err := gaps.Report(ctx, access.System(), posture.Now())
		out := map[string]bool{}
		for _, g := range r.Gaps {
			out[g.Key] = true
		}
		return out, err
	}})
	ready := readiness.New(readiness.Config{Clock: now, Posture: status, Gaps: gaps, Plan: f.plan, Scopes: scopes, Evidence: evidence.NewService(evidence.Config{DB: db, Ledger: log, Clock: now})})
	user := func(login string, role access.Role) access.Principal {
		u, err := people.AddUser(ctx, access.System(), access.NewUser{Login: login, Name: login, Role: role})
		must(err)
		return access.Principal{UserID: u.ID, Name: login, Role: role}
	}
	f.ann, f.eve, f.vic, f.tom = user("ann", access.ComplianceManager), user("eve", access.Contributor), user("vic", access.Viewer), user("tom", access.Training)
	f.area = planning.New(planning.Config{Gaps: gaps, Plan: f.plan, Readiness: ready, Posture: status, Controls: controls})
	f.Browser = screentest.New(t, f.area, now, f.ann)
	f.Label = map[string]string{f.ann.UserID: "Ann Long", f.eve.UserID: "Eve Wide"}
	return f
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

func (f *fixture) wrong(who access.Principal, path string, values url.Values, marks ...string) {
	f.t.Helper()
	f.Who = who
	a := f.Post(path, values)
	if a.Status != 422 {
		f.t.Fatalf("POST %s: %d to %q, want 422\n%s", path, a.Status, a.To, a.Text())
	}
	for _, m := range marks {
		if !strings.Contains(a.Body, m) {
			f.t.Errorf("POST %s does not answer %q:\n%s", path, m, a.Text())
		}
	}
}

// From the gaps of a first day to a task that is done only when its gap is gone.
func TestPlanByForms(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		f.Says("/gaps", "criteria in scope have gaps", "Hangs on", "CC6.1")
		f.Says("/gaps/list", "What closes it", "Not approved 1", "What lacks, why, and what closes it")
		f.Says("/gaps/CC6.1", "What lacks", "Point by point", "What key controls share")
		f.Says("/plan", "There is no plan yet", "Begin from the gaps", "Choose gaps", "CC4.2")
		f.Says("/readiness", "block the examination", "The yearly risk assessment", "97 gaps have no task")
		for path, status := range map[string]int{"/gaps?show=some": 422, "/gaps/list?kind=big": 422, "/gaps/CC6.99": 404, "/gaps?at=yesterday": 422, "/plan?state=golden": 422, "/plan?due=ever": 422, "/tasks/T-9": 404, "/tasks/nine": 404} {
			if a := f.Get(path); a.Status != status {
				t.Errorf("%s: %d, want %d", path, a.Status, status)
			}
		}

		// tasks of gaps: what is ticked
		page := f.Says("/plan/make", "tasks can be made", "1 day of work")
		if !strings.Contains(page.Body, `name="gap" value="controls/design" checked`) {
			t.Errorf("the design of controls is not proposed:\n%s", page.Text())
		}
		f.wrong(f.ann, "/plan/make", form(), "no gap is ticked")
		f.does(f.ann, "/plan/make", "/plan", "gap", "controls/design")
		f.Says("/plan", "1 task was made", "T-1", "nobody yet", "Read, tailor and approve the controls that are drafts")
		f.Says("/plan/make", "T-1 is to close it already")
		if a := f.Post("/plan/make", form("gap", "controls/design")); a.Status != 409 {
			t.Errorf("a gap that has a task: %d", a.Status)
		}
		f.Says("/gaps/list?kind=design", "T-1 open")

		// a task by hand: what was typed stays
		f.wrong(f.ann, "/plan/new", form("title", "no", "effort", "2", "why", "because of the lamp"), "because of the lamp</textarea>", `id="task-title-problem"`)
		f.wrong(f.ann, "/plan/new", form("title", "Lock the lamp away", "effort", "a lot"), `id="task-effort-problem"`, `value="Lock the lamp away"`)
		f.wrong(f.ann, "/plan/new", form("title", "Lock the lamp away", "effort", "1", "every", "monthly"), `id="task-due-problem"`)
		f.does(f.ann, "/plan/new", "/tasks/T-2", "title", "Lock the lamp away", "why", "It was seen on the stairs.", "effort", "0.5", "owner", f.eve.UserID, "due", "2026-03-20", "every", "monthly", "after", "T-1")
		f.Says("/tasks/T-2", "owner: Eve Wide", "20 Mar 2026", "0.5 days, general", "T-1", "monthly", "It was seen on the stairs.")
		f.Says("/tasks/T-2?slip=3", "By 3 working days", "What moves")

		// its owner works on it; somebody else's word is not asked
		f.does(f.eve, "/tasks/T-2/work", "/tasks/T-2", "do", "start")
		f.wrong(f.eve, "/tasks/T-2/work", form("do", "wait", "on", ""), `id="wait-on-problem"`)
		f.does(f.eve, "/tasks/T-2/work", "/tasks/T-2", "do", "wait", "on", "the locksmith")
		f.Says("/tasks/T-2", "It waits on the locksmith since")
		f.does(f.eve, "/tasks/T-2/work", "/tasks/T-2", "do", "resume")
		f.wrong(f.eve, "/tasks/T-2/work", form("do", "snooze", "until", "soon"), `id="snooze-until-problem"`)
		f.does(f.eve, "/tasks/T-2/comment", "/tasks/T-2", "do", "comment", "note", "The lamp is heavy.")
		f.does(f.eve, "/tasks/T-2/work", "/tasks/T-2", "do", "finish", "note", "It stands in the cellar.")
		f.Says("/tasks/T-2", "done", "“It stands in the cellar.”", "Returned as T-3")
		f.Who = f.eve
		if a := f.Post("/tasks/T-2/decide", form("do", "reopen", "note", "it is back")); a.Status != 403 {
			t.Errorf("who may not decide got %d", a.Status)
		}

		// a gap's task is done by derivation, not by word
		f.does(f.ann, "/tasks/T-1/work", "/tasks/T-1", "do", "finish", "note", "all read")
		f.Says("/tasks/T-1", "done by somebody's word", "The gap that it is to close is still there")
		seq := regexp.MustCompile(`name="seq" value="(\d+)"`).FindStringSubmatch(f.Get("/tasks/T-3/edit").Body)
		if seq == nil {
			t.Fatal("the form does not say which step it began from")
		}
		f.wrong(f.ann, "/tasks/T-3/edit", form("seq", seq[1], "title", "", "effort", "1", "note", "shorter"), `id="task-title-problem"`, "shorter")
		f.does(f.ann, "/tasks/T-3/edit", "/tasks/T-3", "seq", seq[1], "title", "See that the lamp is locked", "effort", "0.5", "due", "2026-04-17", "every", "monthly", "note", "clearer")
		f.wrong(f.ann, "/tasks/T-3/edit", form("seq", seq[1], "title", "Another title", "effort", "0.5"), "Somebody changed T-3 meanwhile")
		f.wrong(f.ann, "/tasks/T-3/decide", form("do", "drop", "note", ""), `id="drop-note-problem"`)
		f.does(f.ann, "/tasks/T-3/decide", "/tasks/T-3", "do", "drop", "note", "The lamp was sold.")
		f.does(f.ann, "/tasks/T-3/decide", "/tasks/T-3", "do", "reopen", "note", "Another was bought.")

		// the lists hold their columns, and filters find
		for _, l := range f.area.Lists {
			path := strings.TrimPrefix(l.Pattern, "GET ")
			if rows := f.HoldsList(l, path); len(rows) == 0 {
				t.Errorf("%s has no lines", path)
			}
		}
		if rows := f.HoldsList(f.area.Lists[2], "/plan?state=said"); len(rows) != 1 || !slices.Contains(rows[0], any("T-1")) {
			t.Errorf("said to be done: %v", rows)
		}
		f.Says("/plan?q=nothing", "No task matches")

		// adopting from a criterion's gap
		var slug string
		for _, id := range []string{"CC6.1", "CC7.2", "CC8.1", "CC1.1", "CC1.2", "CC2.1", "CC3.2", "CC9.2"} {
			if m := regexp.MustCompile(`<option value="([a-z0-9-]+)">`).FindStringSubmatch(f.Get("/gaps/" + id).Body); m != nil {
				slug = m[1]
				f.does(f.ann, "/gaps/adopt", "/gaps/"+id, "criterion", id, "control", slug)
				f.Says("/gaps/"+id, slug)
				break
			}
		}
		if slug == "" {
			t.Error("no criterion offers a control of the library")
		}
	})
}

var forms = regexp.MustCompile(`<form[^>]*method="post"[^>]*action="/(plan|tasks|gaps)`)

// Whoever may only read gets pages without forms, and no more.
func TestRolesOfPlan(t *testing.T) {
	f := newFixture(t, databasetest.SQLite(t))
	f.does(f.ann, "/plan/new", "/tasks/T-1", "title", "Lock the lamp away", "effort", "1")
	f.Who = f.vic
	for _, path := range []string{"/gaps", "/gaps/list", "/gaps/CC6.1", "/plan", "/tasks/T-1", "/readiness"} {
		if a := f.Says(path); forms.MatchString(a.Body) {
			t.Errorf("%s offers a form to a reader", path)
		}
	}
	for _, path := range []string{"/plan/make", "/plan/new", "/tasks/T-1/edit"} {
		if a := f.Get(path); a.Status != 403 {
			t.Errorf("%s answers a reader with %d", path, a.Status)
		}
	}
	for _, path := range []string{"/plan/make", "/plan/new", "/tasks/T-1/edit", "/tasks/T-1/work", "/tasks/T-1/comment", "/tasks/T-1/decide", "/gaps/adopt"} {
		if a := f.Post(path, form("do", "start")); a.Status != 403 {
			t.Errorf("POST %s answers a reader with %d", path, a.Status)
		}
	}
	f.Who = f.tom
	for _, path := range []string{"/gaps", "/plan", "/tasks/T-1", "/readiness"} {
		if a := f.Get(path); a.Status != 403 {
			t.Errorf("%s answers somebody in training with %d", path, a.Status)
		}
	}
}
