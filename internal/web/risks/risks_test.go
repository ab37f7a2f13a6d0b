package risks_test

import (
	"context"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/program/plan"
	"github.com/attesta/attesta/internal/program/risk"
	"github.com/attesta/attesta/internal/web/risks"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/screen/screentest"
)

// fixture is the screens of a firm with three people.
type fixture struct {
	*screentest.Browser
	t             *testing.T
	clock         *clock.Manual
	risks         *risk.Service
	area          screen.Area
	standing      risk.Standings
	ann, bob, eve access.Principal
}

func newFixture(t *testing.T, db *database.DB) *fixture {
	t.Helper()
	f := &fixture{t: t, clock: clock.NewManual(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)), standing: risk.Standings{"payments-dual-approved": {Number: 4, Title: "Two people pay", Status: "none"}}}
	dir, ctx := t.TempDir(), t.Context()
	log, err := ledger.Open(ctx, ledger.Config{DB: db, Dir: filepath.Join(dir, "ledger"), KeyFile: filepath.Join(dir, "key"), Clock: f.clock.Now})
	f.must(err)
	t.Cleanup(func() { log.Close() })
	people, err := access.New(access.Config{DB: db, Ledger: log, Clock: f.clock.Now})
	f.must(err)
	scale, err := risk.ShippedScale()
	f.must(err)
	catalogue, err := risk.Shipped()
	f.must(err)
	tasks := plan.New(plan.Config{DB: db, Ledger: log, Clock: f.clock.Now})
	f.risks = risk.New(risk.Config{DB: db, Ledger: log, Clock: f.clock.Now, Scale: scale, Catalogue: catalogue, Access: people,
		Frame: func(context.Context) (risk.Frame, error) {
			return risk.Frame{Version: 1, Zone: time.UTC, Promises: map[string]string{"sc-1": "Data is seen by nobody else."}}, nil
		},
		Standing: func(context.Context) (risk.Standings, error) { return f.standing, nil },
		Tasks: func(ctx context.Context) (map[string][]risk.Task, error) {
			all, err := tasks.List(ctx, access.System(), plan.Filter{})
			out := map[string][]risk.Task{}
			for i := range all {
				out[all[i].About.Ref] = append(out[all[i].About.Ref], risk.Task{Ref: all[i].Ref(), Title: all[i].Title, State: all[i].State.Words(), Due: all[i].Due})
			}
			return out, err
		}})
	user := func(login string, role access.Role) access.Principal {
		u, err := people.AddUser(ctx, access.System(), access.NewUser{Login: login, Name: login, Role: role})
		f.must(err)
		return access.Principal{UserID: u.ID, Name: login, Role: role}
	}
	f.ann, f.bob, f.eve = user("ann", access.ComplianceManager), user("bob", access.Administrator), user("eve", access.Contributor)
	f.area = risks.New(risks.Config{Risks: f.risks, Plan: tasks, Alone: people.Alone})
	f.Browser = screentest.New(t, f.area, f.clock.Now, f.eve)
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

// does sends a form as somebody and holds where it leads.
func (f *fixture) does(who access.Principal, path, to string, pairs ...string) {
	f.t.Helper()
	f.Who = who
	if a := f.Post(path, form(pairs...)); a.Status != 303 || a.To != to {
		f.t.Fatalf("POST %s: %d to %q, want %q\n%s", path, a.Status, a.To, to, a.Text())
	}
}

// wrong sends a form that is refused and holds what its page says.
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

func TestRiskByForms(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		f.Says("/risks", "The register is empty", "Begin with what would hurt most", "CC3.3")
		f.Says("/risks/catalogue?q=redirects", "A forged message redirects a payment", "take it", "payments-dual-approved (no known deviation)", "insurance-reviewed (not in use)")
		f.Says("/risks/new?library=redirected-payment", "Criminals who read a supplier's mailbox", "Signs that it grows", "sc-1: Data is seen")
		bad := form("library", "redirected-payment", "title", "Forged bank details", "scenario", "short", "category", "fraud", "criteria", "CC3.3", "threatens", "sc-1")
		f.wrong(f.eve, "/risks", bad, `value="Forged bank details"`, `id="identify-scenario-problem"`, `value="sc-1" checked`, `<option value="fraud" selected`)
		f.does(f.eve, "/risks", "/risks/R-1", "library", "redirected-payment", "title", "Forged bank details", "scenario", "Somebody sends new bank details in a supplier's name, and we pay there.", "category", "fraud", "criteria", "CC3.3, CC9.1", "threatens", "sc-1")
		f.Says("/risks/R-1", "Next, it is rated as if there were no controls", "owned by Eve Wide", "to be rated by 2026-04-01")

		f.wrong(f.eve, "/risks/R-1/inherent", form("likelihood", "", "magnitude", "4", "because", "it happened to others"), `id="inherent-likelihood-problem"`, `<option value="4" selected`)
		f.does(f.eve, "/risks/R-1/inherent", "/risks/R-1", "likelihood", "4", "magnitude", "4", "because", "it happened to two firms next door", "loss_low", "1000", "loss_likely", "20000", "loss_high", "90000", "currency", "eur")
		if a := f.Says("/risks/R-1"); !strings.Contains(a.Body, `value="payments-dual-approved"`) {
			t.Error("the catalogue's control that is in use is not proposed")
		}
		f.Says("/risks/R-1", "EUR 1 000 to 90 000, likely 20 000", "what is left after controls is rated")
		f.wrong(f.eve, "/risks/R-1/residual", form("likelihood", "2", "magnitude", "4", "because", "two people look at each", "controls", "no-such"), `id="residual-controls-problem"`, `value="no-such"`)
		f.does(f.eve, "/risks/R-1/residual", "/risks/R-1", "likelihood", "2", "magnitude", "4", "because", "two people look at each", "controls", "payments-dual-approved")
		f.Says("/risks/R-1", "Counts as 8", "1 control without a known deviation")

		// the picture, its twin, and the cell that it leads to
		a := f.Says("/risks", "1 risk is open", "The same picture as a table", "Eve Wide", "none set")
		if !strings.Contains(a.Body, "Open risks: 1 at likelihood 2 and magnitude 4") || !strings.Contains(a.Body, `href="/risks?likelihood=2&amp;magnitude=4"`) {
			t.Error("the picture does not say where the risk stands")
		}
		if a := f.Says("/risks?side=inherent"); !strings.Contains(a.Body, "Open risks: 1 at likelihood 4 and magnitude 4") {
			t.Error("the picture without controls is another one")
		}
		f.Says("/risks?likelihood=5&magnitude=5", "No risk matches", "Shown: likelihood 5, magnitude 5")

		// the appetite, by two people
		limits := []string{"statement", "We take little where money leaves the house.", "note", "the first"}
		for _, k := range risk.Kinds() {
			limits = append(limits, "limit-"+k, "6")
		}
		lacking := form(limits...)
		lacking.Set("limit-fraud", "many")
		f.wrong(f.ann, "/risks/appetite/propose", lacking, `id="propose-limit-fraud-problem"`)
		f.does(f.ann, "/risks/appetite/propose", "/risks/appetite", limits...)
		if a := f.Says("/risks/appetite", "Version 1 waits for approval"); strings.Contains(a.Body, `action="/risks/appetite/approve"`) {
			t.Error("who wrote it is offered to approve it")
		}
		f.does(f.bob, "/risks/appetite/approve", "/risks/appetite", "version", "1")
		f.Says("/risks/appetite", "version 1", "approved on 2026-03-02 by Bob Short", "We take little")

		// a control that deviates
		f.standing["payments-dual-approved"] = risk.Standing{Number: 4, Title: "Two people pay", Status: "deviation", Why: "three payments had one name"}
		f.Says("/risks/R-1", "Counts as 16", "payments-dual-approved deviates", "three payments had one name", "it counts as it would without controls")
		f.Says("/risks", "1 is over the appetite and not accepted", "1 risk leans on a control that does not bear", "a control does not bear")
		f.standing["payments-dual-approved"] = risk.Standing{Number: 4, Status: "none"}

		// response, a task, acceptance
		f.does(f.eve, "/risks/R-1/respond", "/risks/R-1", "response", "mitigate", "plan", "Call back before bank details change.")
		f.wrong(f.ann, "/risks/R-1/task", form("title", "Write the call-back into the tool", "due", "soon", "effort", "2"), `id="task-due-problem"`, `value="Write the call-back into the tool"`)
		f.does(f.ann, "/risks/R-1/task", "/risks/R-1#h-response", "title", "Write the call-back into the tool", "due", "2026-05-31", "effort", "2")
		f.Says("/risks/R-1", "It is mitigated. Call back", "Write the call-back into the tool", "T-1")
		f.does(f.eve, "/risks/R-1/ask-acceptance", "/risks/R-1", "until", "2026-09-30", "reason", "The tool comes in autumn, and until then a sheet is kept.", "beside", "A sheet with two names.")
		a = f.Says("/risks/R-1", "Acceptance of the risk R-1", "waits for a signature", "then lapses by itself")
		digest := between(a.Text(), "SHA-256 of the text above ", " ")
		f.wrong(f.bob, "/risks/R-1/accept", form("digest", "aa"), "Another text waits")
		f.does(f.bob, "/risks/R-1/accept", "/risks/R-1", "digest", digest, "note", "until the tool is there")
		f.Says("/risks/R-1", "in force", "2026-03-02 by Bob Short", "accepted until 2026-09-30")
		f.Says("/risks", "over, accepted until 2026-09-30")
		f.does(f.eve, "/risks/R-1/review", "/risks/R-1", "looked", "the payments of the quarter, all with two names")

		// the file says what the list shows, and it is found
		rows := f.HoldsList(f.area.Lists[0], "/risks?about=accepted")
		if len(rows) != 1 || !slices.Contains(rows[0], any("2026-09-30")) {
			t.Errorf("the files say %v", rows)
		}
		for _, q := range []string{"state=golden", "category=none", "about=x", "side=x", "likelihood=9"} {
			if a := f.Get("/risks?" + q); a.Status != 422 {
				t.Errorf("%s: %d", q, a.Status)
			}
		}
		if found, err := f.area.Finds[0].Find(screen.NewRequest(httptest.NewRequestWithContext(t.Context(), "GET", "/", nil), f.ann, f.clock.Now(), time.UTC, f), "forged"); err != nil || len(found) != 1 || found[0].Href != "/risks/R-1" {
			t.Errorf("found %v, %v", found, err)
		}
		f.Who = f.eve
		if a := f.Post("/risks/R-1/close", form("why", "it went away by itself")); a.Status != 403 {
			t.Errorf("who may not close got %d", a.Status)
		}
		if a := f.Post("/risks/R-1/erase", nil); a.Status != 404 {
			t.Errorf("a step that is none got %d", a.Status)
		}
		f.does(f.eve, "/risks/R-1/describe", "/risks/R-1", "title", "Forged bank details", "scenario", "Somebody who sits in our own mailboxes sends new bank details.", "category", "fraud", "criteria", "CC3.3", "note", "it is our own mail now")
		f.Says("/risks/R-1", "holds no more: the risk changed", "it was described anew, on 2026-03-02")
		f.does(f.ann, "/risks/R-1/close", "/risks/R-1", "why", "payments are made by the bank's own people now")
		f.Says("/risks/R-1", "It is there again", "Closed: payments are made")
	})
}

func between(text, before, after string) string {
	_, rest, _ := strings.Cut(text, before)
	out, _, _ := strings.Cut(rest, after)
	return out
}

func TestAssessmentByForms(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		f.Says("/risk-assessments", "No yearly assessment was closed yet", "Begin a yearly assessment")
		f.wrong(f.ann, "/risk-assessments", form("title", "Yearly assessment", "day", "2026-03-02", "participants", ""), `id="open-participants-problem"`)
		f.does(f.ann, "/risk-assessments", "/risk-assessments/RY-1", "title", "Yearly assessment", "day", "2026-03-02", "participants", "Ann Long, compliance\r\nBob Short, operations")
		f.Says("/risk-assessments/RY-1", "Ann Long, compliance; Bob Short, operations", "no risk is in the register", "Fraud", "Significant change", "It cannot close yet: 10 things are missing")
		f.does(f.eve, "/risks", "/risks/R-1", "library", "redirected-payment")
		f.does(f.eve, "/risks/R-1/inherent", "/risks/R-1", "likelihood", "4", "magnitude", "4", "because", "it happened to two firms next door")
		f.does(f.eve, "/risks/R-1/residual", "/risks/R-1", "likelihood", "2", "magnitude", "4", "because", "two people look at each", "controls", "payments-dual-approved")
		f.does(f.eve, "/risks/R-1/respond", "/risks/R-1", "response", "mitigate", "plan", "Call back before bank details change.")
		first := f.risks.Scale().Topics[0]
		f.wrong(f.ann, "/risk-assessments/RY-1/answer-topic-"+first.ID, form("text", "Sales are paid by what is signed.", "risks", "R-7"), "There is no risk R-7", "Sales are paid by what is signed.</textarea>")
		for _, topic := range f.risks.Scale().Topics {
			f.does(f.eve, "/risk-assessments/RY-1/answer-topic-"+topic.ID, "/risk-assessments/RY-1", "text", "We looked at it: "+topic.ID+" follows.", "risks", "r-1")
		}
		f.Who = f.ann
		if a := f.Says("/risk-assessments/RY-1", "Nothing: it can close"); strings.Contains(a.Body, `action="/risk-assessments/RY-1/close"`) {
			t.Error("who began it is offered to close it")
		}
		f.does(f.bob, "/risk-assessments/RY-1/close", "/risk-assessments/RY-1", "conclusion", "We know what we have, and treat one of them.")
		f.Says("/risk-assessments/RY-1", "frozen when it closed", "Took part: Ann Long, compliance; Bob Short, operations", "It does not lie among evidence yet")
		f.Says("/risk-assessments", "the next is due by 2 Mar 2027")
		f.does(f.ann, "/risk-assessments", "/risk-assessments/RY-2", "title", "Another look", "day", "2026-03-02", "participants", "Ann")
		f.does(f.ann, "/risk-assessments/RY-2/call-off", "/risk-assessments/RY-2", "why", "begun by mistake")
		f.Says("/risk-assessments/RY-2", "Called off: begun by mistake")
	})
}
