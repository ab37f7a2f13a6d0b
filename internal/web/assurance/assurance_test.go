package assurance_test

import (
	"context"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/audit/firm"
	"github.com/attesta/attesta/internal/audit/owntest"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/journal"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/web/assurance"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/screen/screentest"
	"github.com/attesta/attesta/internal/web/ui"
)

type fixture struct {
	*screentest.Browser
	t             *testing.T
	log           *ledger.Log
	area          screen.Area
	ann, bob, eve access.Principal
}

func begin(t *testing.T, db *database.DB) *fixture {
	t.Helper()
	f := &fixture{t: t}
	now := clock.NewManual(time.Date(2026, 7, 2, 9, 0, 0, 0, time.UTC))
	dir, ctx := t.TempDir(), t.Context()
	var err error
	f.log, err = ledger.Open(ctx, ledger.Config{DB: db, Dir: filepath.Join(dir, "ledger"), KeyFile: filepath.Join(dir, "key"), Clock: now.Now})
	f.must(err)
	t.Cleanup(func() { f.log.Close() })
	users, err := access.New(access.Config{DB: db, Ledger: f.log, Clock: now.Now})
	f.must(err)
	user := func(login string, role access.Role) access.Principal {
		u, err := users.AddUser(ctx, access.System(), access.NewUser{Login: login, Name: login, Role: role})
		f.must(err)
		return access.Principal{UserID: u.ID, Name: login, Role: role}
	}
	f.ann, f.bob, f.eve = user("ann", access.ComplianceManager), user("bob", access.Administrator), user("eve", access.Contributor)
	items := []owntest.Item{{ID: "2026-W01", Text: "due 4 Jan"}, {ID: "2026-W02"}, {ID: "2026-W03"}}
	log := journal.Config{DB: db, Ledger: f.log, Clock: now.Now}
	f.area = assurance.New(assurance.Config{Firms: firm.New(firm.Config{Journal: log}), Alone: users.Alone,
		Tests: owntest.New(owntest.Config{Journal: log, Ledger: f.log,
			Control: func(context.Context, access.Principal, string, time.Time, time.Time) (owntest.Performed, error) {
				return owntest.Performed{Version: 2, Brought: []string{f.ann.UserID}}, nil
			},
			Population: func(_ context.Context, _ access.Principal, _, source string, _, _ time.Time) (owntest.Population, error) {
				return owntest.Population{From: source, Items: items}, nil
			}}),
		Controls: func(context.Context) ([]ui.Option, error) {
			return []ui.Option{{Value: "logs-reviewed", Text: "Logs are reviewed"}}, nil
		},
		Testers: func(context.Context) ([]ui.Option, error) {
			return []ui.Option{{Value: "eve", Text: "Eve Wide"}, {Value: "ann", Text: "Ann Long"}}, nil
		}})
	f.Browser = screentest.New(t, f.area, now.Now, f.ann)
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

var planned = []string{"control", "logs-reviewed", "objective", "Were logs reviewed each week?", "method", "inspection", "procedure", "Open the record of the week.", "attributes", "There is a record\nSomebody else signed it", "from", "2026-01-01", "to", "2026-06-30", "tester", "eve", "due", "2026-07-20", "size", "2"}

// with gives a form with one answer changed.
func with(pairs []string, name, value string) url.Values {
	v := form(pairs...)
	v.Set(name, value)
	return v
}

func TestOwnTestByForms(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := begin(t, db)
		f.Says("/own-tests", "No control was tested by ourselves yet", "CC4.1", "Plan a test")
		f.Says("/own-tests/new", "Logs are reviewed", "Eve Wide", "Reperformance")
		f.wrong(f.ann, "/own-tests/new", with(planned, "size", "many"), "is no number of items", "There is a record")
		f.wrong(f.ann, "/own-tests/new", with(planned, "from", "soon"), "Write it as 2026-09-30")
		f.wrong(f.ann, "/own-tests/new", with(planned, "tester", ""), "Choose who tests")
		f.wrong(f.ann, "/own-tests/new", with(planned, "tester", "ann"), "brought evidence of the control")
		f.does(f.ann, "/own-tests/new", "/own-tests/OT-1", planned...)
		f.must(f.log.Publish(t.Context()))
		f.Says("/own-tests/OT-1", "Were logs reviewed each week?", "planned", "They are drawn when the test begins", "Open the record of the week", "1 Jan 2026 to 30 Jun 2026")
		f.does(f.eve, "/own-tests/OT-1/test", "/own-tests/OT-1", "do", "draw")
		page := f.Says("/own-tests/OT-1", "As it stands: insufficient evidence", "Seed: root of the ledger", "2026-W0")
		first, second := drawn(page.Body)
		f.wrong(f.eve, "/own-tests/OT-1/test", form("do", "conclude"), "4 attributes were not looked at")
		f.wrong(f.eve, "/own-tests/OT-1/item", form("id", first, "outcome-A", "fail", "looked-A", "E-1"), "Say why it did not pass")
		f.wrong(f.eve, "/own-tests/OT-1/item", form("id", first), "at one item at least")
		f.does(f.eve, "/own-tests/OT-1/item", "/own-tests/OT-1/item?id="+second, "id", first, "outcome-A", "pass", "looked-A", "E-1", "outcome-B", "fail", "looked-B", "E-1", "reason-B", "Signed by whoever wrote it.")
		f.Says("/own-tests/OT-1/item?id="+second, "of 2 that were drawn", "Somebody else signed it", "Not looked at")
		if a := f.Get("/own-tests/OT-1/item?id=elsewhere"); a.Status != 404 {
			t.Errorf("an item that was not drawn: %d", a.Status)
		}
		f.does(f.eve, "/own-tests/OT-1/item", "/own-tests/OT-1", "id", second, "outcome-A", "pass", "looked-A", "E-2", "outcome-B", "pass", "looked-B", "E-2")
		f.does(f.eve, "/own-tests/OT-1/test", "/own-tests/OT-1", "do", "conclude")
		f.Who = f.eve
		if a := f.Post("/own-tests/OT-1/review", form("do", "review")); a.Status != 403 {
			t.Errorf("the tester reviews: %d", a.Status)
		}
		f.does(f.ann, "/own-tests/OT-1/review", "/own-tests/OT-1", "do", "follow-up", "cause", "No deputy was named.", "systemic", "yes", "action", "One is named, T-4.", "retest", "2026-09-30")
		f.does(f.ann, "/own-tests/OT-1/review", "/own-tests/OT-1", "do", "review")
		f.Says("/own-tests/OT-1", "Deviation: 1 attribute failed", "systemic", "30 Sep 2026", "Test it again", "results recorded")
		f.Says("/own-tests", "0 own tests are open", "deviation", "Reviewed 1")
		f.Says("/own-tests?state=planned", "No test matches")
		if a := f.Get("/own-tests?state=golden"); a.Status != 422 {
			t.Errorf("a wrong filter: %d", a.Status)
		}
		f.does(f.ann, "/own-tests/new", "/own-tests/OT-2", planned...)
		f.wrong(f.ann, "/own-tests/OT-2/test", form("do", "drop"), "Say why")
		f.does(f.ann, "/own-tests/OT-2/test", "/own-tests/OT-2", "do", "drop", "note", "Planned twice.")
		f.Says("/own-tests/OT-2", "dropped: Planned twice.")
	})
}

// drawn gives the two items that a test's page links to.
func drawn(page string) (first, second string) {
	const mark = "/own-tests/OT-1/item?id="
	var out []string
	for rest := page; ; {
		_, after, found := strings.Cut(rest, mark)
		if !found {
			break
		}
		if id := after[:len("2026-W01")]; !slices.Contains(out, id) {
			out = append(out, id)
		}
		rest = after
	}
	return out[0], out[1]
}

func TestFirmByForms(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := begin(t, db)
		f.Says("/firms", "No audit firm was looked at yet", "CC4.1")
		f.Says("/firms/new", "Propose an audit firm")
		f.wrong(f.ann, "/firms/new", form("name", "Ledger & Quill"), "Say what it has examined")
		f.does(f.ann, "/firms/new", "/firms/AF-1", "name", "Ledger & Quill", "experience", "Three like us.", "why", "Independent.")
		f.Says("/firms/AF-1", "Before it can be engaged: nobody looked its licence up", "12 of 12 questions")
		f.wrong(f.ann, "/firms/AF-1/keep", form("do", "verify", "number", "7", "issuer", "Board", "where", "site", "peer_review", "fail", "peer_review_year", "2025"), "Say what the review found")
		f.does(f.ann, "/firms/AF-1/keep", "/firms/AF-1", "do", "verify", "number", "7", "issuer", "Board", "where", "site", "peer_review", "pass", "peer_review_year", "2025")
		answers := url.Values{}
		for _, q := range firm.Questions() {
			answers.Set("answer-"+q.ID, "no")
		}
		answers.Set("answer-kin", "yes")
		f.wrong(f.ann, "/firms/AF-1/independence", answers, "Say what makes up for this threat")
		answers.Set("safeguard-kin", "She is not on the team.")
		f.Who = f.ann
		if a := f.Post("/firms/AF-1/independence", answers); a.Status != 303 {
			t.Fatalf("answers: %d %s", a.Status, a.Text())
		}
		if a := f.Says("/firms/AF-1/independence"); !strings.Contains(a.Body, "She is not on the team.") {
			t.Error("the answers are not in their form")
		}
		f.Says("/firms/AF-1", "Whoever proposed it does not engage it", "familiarity")
		f.wrong(f.bob, "/firms/AF-1/decide", form("do", "engage"), "Say why")
		f.does(f.bob, "/firms/AF-1/decide", "/firms/AF-1", "do", "engage", "note", "The best of three.")
		f.wrong(f.ann, "/firms/AF-1/keep", form("do", "letter", "signed", "2026-07-09", "by", "Bob", "covers", "Type 2", "where", "E-1"), "has not come yet")
		f.does(f.ann, "/firms/AF-1/keep", "/firms/AF-1", "do", "letter", "signed", "2026-07-01", "by", "Bob", "engagement", "1", "covers", "Type 2", "where", "E-1")
		f.Says("/firms/AF-1", "engaged: The best of three.", "engagement 1")
		f.Says("/firms?state=engaged", "1 audit firm is engaged", "Ledger & Quill")
		f.does(f.bob, "/firms/AF-1/decide", "/firms/AF-1", "do", "end", "note", "Five years.")
		f.does(f.ann, "/firms/new", "/firms/AF-2", "name", "Other", "experience", "None like us.", "why", "Cheap.")
		f.does(f.bob, "/firms/AF-2/decide", "/firms/AF-2", "do", "refuse", "note", "No licence.")
		f.Who = f.eve
		if a := f.Get("/firms"); a.Status != 403 {
			t.Errorf("a contributor sees firms: %d", a.Status)
		}
	})
}

func TestReportByForms(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := begin(t, db)
		f.Says("/reports", "0 reports were received", "The report comes from the auditor")
		f.Says("/reports/new", "Disclaimer")
		got := []string{"title", "SOC 2 Type 2, 2025", "firm", "Ledger & Quill", "type", "2", "from", "2025-01-01", "to", "2025-12-31", "dated", "2026-02-20", "opinion", "qualified", "about", "CC6.3", "where", "E-9"}
		f.wrong(f.ann, "/reports/new", with(got, "opinion", ""), "Say what the opinion is")
		f.wrong(f.ann, "/reports/new", with(got, "type", "two"), "is no number")
		f.does(f.ann, "/reports/new", "/reports/SR-1", got...)
		f.Says("/reports/SR-1", "The opinion is qualified: CC6.3", "Nobody was given one yet", "Type 2, 2025-01-01 to 2025-12-31")
		f.wrong(f.ann, "/reports/SR-1/copies", form("to", "Zoe Hill", "as", "customer", "on", "2026-03-01"), "Say under which terms")
		f.does(f.ann, "/reports/SR-1/copies", "/reports/SR-1", "to", "Zoe Hill, Northern Bank", "as", "customer", "on", "2026-03-01", "terms", "Agreement of 2024")
		f.wrong(f.ann, "/reports/SR-1/recall", form("on", "2026-03-05", "why", "They left."), "Choose which copy")
		f.does(f.ann, "/reports/SR-1/recall", "/reports/SR-1", "number", "1", "on", "2026-03-05", "why", "They left.")
		f.Says("/reports/SR-1", "asked back on 2026-03-05", "Zoe Hill, Northern Bank")
		f.Says("/reports", "1 report was received", "Who has a copy")
		f.Says("/reports/copies", "1 copy was handed out", "Agreement of 2024", "asked back on 2026-03-05")
		f.does(f.ann, "/own-tests/new", "/own-tests/OT-1", planned...)
		f.does(f.ann, "/firms/new", "/firms/AF-1", "name", "Ledger & Quill", "experience", "Three like us.", "why", "Independent.")
		for i, path := range []string{"/own-tests", "/firms", "/reports", "/reports/copies"} {
			if rows := f.HoldsList(f.area.Lists[i], path); len(rows) != 1 {
				t.Errorf("%s has %d rows", path, len(rows))
			}
		}
	})
}
