package questions_test

import (
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
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/program/question"
	"github.com/attesta/attesta/internal/program/scope"
	"github.com/attesta/attesta/internal/web/questions"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/screen/screentest"
	"github.com/attesta/attesta/packs"
)

type fixture struct {
	*screentest.Browser
	t        *testing.T
	area     screen.Area
	scopes   *scope.Service
	ann, vic access.Principal
}

func newFixture(t *testing.T, db *database.DB) *fixture {
	t.Helper()
	f := &fixture{t: t}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	now := clock.NewManual(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)).Now
	dir, ctx := t.TempDir(), t.Context()
	log, err := ledger.Open(ctx, ledger.Config{DB: db, Dir: filepath.Join(dir, "ledger"), KeyFile: filepath.Join(dir, "key"), Clock: now})
	must(err)
	t.Cleanup(func() { log.Close() })
	library, err := control.ShippedLibrary()
	must(err)
	pack, err := packs.Open(packs.Questions()[0])
	must(err)
	book, err := question.Load(pack)
	must(err)
	f.scopes = scope.New(scope.Config{DB: db, Ledger: log, Clock: now})
	controls := control.New(control.Config{DB: db, Ledger: log, Clock: now, Library: library})
	must(controls.Start(ctx))
	f.area = questions.New(questions.Config{Controls: controls,
		Questions: question.New(question.Config{DB: db, Ledger: log, Clock: now, Book: book, Scopes: f.scopes})})
	f.ann, f.vic = access.Principal{UserID: "usr_ann", Name: "ann", Role: access.ComplianceManager}, access.Principal{UserID: "usr_vic", Name: "vic", Role: access.Viewer}
	f.Browser = screentest.New(t, f.area, now, f.ann)
	f.Label = map[string]string{"usr_ann": "Ann Long"}
	return f
}

func form(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v
}

func (f *fixture) does(path, to string, pairs ...string) {
	f.t.Helper()
	if a := f.Post(path, form(pairs...)); a.Status != 303 || a.To != to {
		f.t.Fatalf("POST %s: %d to %q, want %q\n%s", path, a.Status, a.To, to, a.Text())
	}
}

func (f *fixture) wrong(path string, values url.Values, marks ...string) {
	f.t.Helper()
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

// From the first answers to a draft of the scope, data sets and controls.
func TestFirstQuestionsByForms(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		f.Says("/questions/first", "What do you call the service", "Why: The report describes one system", "I do not know", "Skip it for now")
		f.Says("/questions/first/result", "0 of 17 questions are answered", "No kind of data was named", "Nobody was named", "17 questions are open", "not known yet")
		f.Says("/questions/need", "Has anybody asked you for a SOC 2 report?")
		f.Says("/data", "The inventory of data is empty", "Begin with the first questions", "CC6.1")
		for path, status := range map[string]int{"/questions/last": 404, "/data?class=golden": 422, "/data/D-9": 404, "/data/nine": 404} {
			if a := f.Get(path); a.Status != status {
				t.Errorf("%s: %d, want %d", path, a.Status, status)
			}
		}

		answers := []string{"base", "0", "q-service", "Harbour Post", "q-use", "Letters\nParcels", "q-data", "content", "q-data", "accounts", "q-backups", "-unknown", "q-two-factors", "no",
			"q-access-staff", "Ann (platform) - database", "q-promises", "uptime", "q-goods", "no", "u-access-vendors", "yes"}
		// what was typed stays, each box and each choice, and the question is named
		long := form(answers...)
		long.Set("q-service", strings.Repeat("x", 300))
		f.wrong("/questions/first", long, `id="problem-service"`, "Nothing was kept", `name="q-data" value="accounts" checked`, `name="q-two-factors" value="no" checked`, "Letters\nParcels</textarea>", `name="u-access-vendors" value="yes" checked`)
		none := form(answers...)
		none.Set("q-data", "gold")
		f.wrong("/questions/first", none, `id="problem-data"`, "none of the answers")
		f.does("/questions/first", "/questions/first/result", answers...)
		page := f.Says("/questions/first/result", "7 of 17 questions are answered", "Availability examine it", "Because you promise up-time or recovery", "Customers' content", "Ann (platform) staff database", "Write a draft of the scope")
		if !strings.Contains(page.Body, `name="data" value="Customers&#39; content" checked`) {
			t.Errorf("a data set is not offered:\n%s", page.Body)
		}
		f.does("/questions/first", "/questions/first/result", append([]string{"base", "1"}, answers[2:]...)...)
		f.Says("/questions/first/result", "Nothing was changed")
		f.wrong("/questions/first", form(append(answers, "q-places", "the cellar")...), "Somebody answered these questions meanwhile", "the cellar</textarea>")
		f.does("/questions/first", "/questions/first/result", append([]string{"base", "1", "q-places", "the cellar"}, answers[2:]...)...)
		f.Says("/questions/first", "Version 2 of the answers, 2 Mar 2026, by Ann Long", "1 answer changed in the newest version", "was: skipped; is: the cellar")

		// what follows is taken, once
		f.does("/questions/first/data", "/data", "data", "Customers' content", "data", "Users' accounts", "data", "gold")
		f.Says("/data", "2 data sets", "2 data sets are in the inventory", "not said")
		f.Says("/questions/first/result", "D-1 is in the inventory")
		f.does("/questions/first/data", "/questions/first/result")
		f.does("/questions/first/controls", "/questions/first/result", "control", "availability-measured", "control", "continuity-plan-tested", "control", "access-reviewed")
		f.Says("/questions/first/result", "2 controls are in use from now on", "In use as a draft")
		f.does("/questions/first/scope", "/scope")
		history, err := f.scopes.History(t.Context(), f.ann)
		if err != nil || len(history) != 2 || history[1].Systems[0].Name != "Harbour Post" || history[1].Approved() {
			t.Errorf("the draft of the scope: %v, %+v", err, history)
		}

		// the inventory
		f.wrong("/data/new", form("name", "", "owner", "Ann", "access", "ghost: nobody"), `id="data-name-problem"`, `value="Ann"`)
		f.wrong("/data/new", form("name", "users' ACCOUNTS"), "D-2 is called Users&#39; accounts already")
		f.does("/data/new", "/data/D-3", "name", "Stamps", "holds", "Pictures of stamps", "classification", "public", "owner", "Ann", "retention", "for ever", "lives", "the cellar", "moves", "by hand", "access", "vendor: Printers Ltd - the plates")
		f.Says("/data/D-3", "public", "Printers Ltd", "the cellar", "for ever")
		f.wrong("/data/D-3", form("base", "1", "name", "Stamps", "classification", "public", "owner", "Bob"), "Say what changed and why", `value="Bob"`)
		f.does("/data/D-3", "/data/D-3", "base", "1", "name", "Stamps", "classification", "internal", "owner", "Bob", "note", "Bob keeps them now")
		f.Says("/data/D-3", "internal", "“Bob keeps them now”")
		f.wrong("/data/D-3", form("base", "1", "name", "Stamps", "note", "again"), "Somebody wrote version 2 of D-3 meanwhile")
		f.does("/data/D-3", "/data/D-3", "base", "2", "name", "Stamps", "classification", "internal", "retired", "yes", "note", "sold")
		f.Says("/data/D-3", "It is retired")
		f.Says("/data?show=retired", "Stamps")
		f.Says("/data?q=nothing", "No data set matches")
		f.Says("/data/accounts", "Ann (platform)", "D-1", "confidential")
		for _, l := range f.area.Lists {
			if rows := f.HoldsList(l, strings.TrimPrefix(l.Pattern, "GET ")); len(rows) == 0 {
				t.Errorf("%s has no lines", l.Name)
			}
		}
		if rows := f.HoldsList(f.area.Lists[0], "/data?show=lacks"); len(rows) != 2 || !slices.Contains(rows[0], any("Customers' content")) {
			t.Errorf("what lacks something: %v", rows)
		}
	})
}

func TestNeedByForms(t *testing.T) {
	f := newFixture(t, databasetest.SQLite(t))
	f.Says("/questions/need/result", "Why", "What to do next")
	f.wrong("/questions/need", form("base", "0", "q-asked", "contract", "q-by", "next spring"), `id="problem-by"`, `value="next spring"`)
	f.does("/questions/need", "/questions/need/result", "base", "0", "q-asked", "contract", "q-held", "yes", "q-financial", "no", "q-accepted", "type1", "q-by", "2026-12-01", "q-running", "some", "q-people", "fifty", "q-earlier", "no")
	f.Says("/questions/need/result", "Report in hand around", "Write this into a draft of the scope")
	f.does("/questions/need/scope", "/scope")
	if history, err := f.scopes.History(t.Context(), f.ann); err != nil || len(history) != 2 || history[1].Examination.Type != 1 {
		t.Errorf("the draft of the window: %v, %+v", err, history)
	}
	if a := f.Post("/questions/need", form("base", "none")); a.Status != 422 {
		t.Errorf("a form without its base: %d", a.Status)
	}
}

var buttons = regexp.MustCompile(`(?s)<form[^>]*method="post" action="/(questions|data)[^>]*>(.*?)<button.*?</form>`)

func TestRolesOfQuestions(t *testing.T) {
	f := newFixture(t, databasetest.SQLite(t))
	f.does("/questions/first", "/questions/first/result", "base", "0", "q-data", "content", "q-promises", "uptime")
	f.does("/data/new", "/data/D-1", "name", "Stamps")
	f.Who = f.vic
	for _, path := range []string{"/questions/first", "/questions/need", "/questions/first/result", "/questions/need/result", "/data", "/data/accounts", "/data/D-1"} {
		if a := f.Says(path); buttons.MatchString(a.Body) {
			t.Errorf("%s offers a form to a reader", path)
		}
	}
	for _, path := range []string{"/questions/first", "/questions/first/scope", "/questions/need/scope", "/questions/first/data", "/questions/first/controls", "/data/new", "/data/D-1"} {
		if a := f.Post(path, form("base", "1")); a.Status != 403 {
			t.Errorf("POST %s answers a reader with %d", path, a.Status)
		}
	}
}
