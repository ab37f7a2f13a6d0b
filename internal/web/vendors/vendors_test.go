package vendors_test

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
	"github.com/attesta/attesta/internal/program/vendor"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/screen/screentest"
	"github.com/attesta/attesta/internal/web/ui"
	"github.com/attesta/attesta/internal/web/vendors"
)

// fixture is the screens of a firm with three people.
type fixture struct {
	*screentest.Browser
	t             *testing.T
	clock         *clock.Manual
	vendors       *vendor.Service
	area          screen.Area
	ann, bob, eve access.Principal
}

func newFixture(t *testing.T, db *database.DB) *fixture {
	t.Helper()
	f := &fixture{t: t, clock: clock.NewManual(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))}
	dir, ctx := t.TempDir(), t.Context()
	log, err := ledger.Open(ctx, ledger.Config{DB: db, Dir: filepath.Join(dir, "ledger"), KeyFile: filepath.Join(dir, "key"), Clock: f.clock.Now})
	f.must(err)
	t.Cleanup(func() { log.Close() })
	people, err := access.New(access.Config{DB: db, Ledger: log, Clock: f.clock.Now})
	f.must(err)
	book, err := vendor.Shipped()
	f.must(err)
	f.vendors = vendor.New(vendor.Config{DB: db, Ledger: log, Clock: f.clock.Now, Book: book, Access: people,
		Frame: func(context.Context) (*time.Location, vendor.Window, error) {
			return time.UTC, vendor.Window{From: "2026-01-01", To: "2026-12-31"}, nil
		}})
	user := func(login string, role access.Role) access.Principal {
		u, err := people.AddUser(ctx, access.System(), access.NewUser{Login: login, Name: login, Role: role})
		f.must(err)
		return access.Principal{UserID: u.ID, Name: login, Role: role}
	}
	f.ann, f.bob, f.eve = user("ann", access.ComplianceManager), user("bob", access.Administrator), user("eve", access.Contributor)
	f.area = vendors.New(vendors.Config{Vendors: f.vendors, Alone: people.Alone,
		Operates: func(context.Context) (map[string]ui.Status, error) {
			return map[string]ui.Status{"logs-reviewed": "operating"}, nil
		}})
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

var asked = []string{"name", "Northern Cloud", "service", "Machines and disks that the service runs on", "data", "customer-data", "data", "secrets", "answer-outage", "commitment", "answer-access", "production-read",
	"answer-replace", "rebuild", "answer-controls", "yes", "why", "Sites in two countries, and its reports are there.", "alternatives", "Own machines: no second site."}

func TestLifeByForms(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		f.Says("/vendors", "There are no vendors yet", "Ask for a vendor", "CC9.2")
		f.Says("/vendors/registers", "None yet. They come with the reports")
		f.Says("/vendors/new", "Which of these does it handle?", "What else was looked at")

		// what was typed stays, each box too, and the field is named
		bad := form(asked...)
		bad.Set("alternatives", "")
		f.wrong(f.eve, "/vendors", bad, `value="Northern Cloud"`, `name="data" value="customer-data" checked`, `name="data" value="secrets" checked`, `<option value="commitment" selected`, `id="ask-alternatives-problem"`)
		f.does(f.eve, "/vendors", "/vendors/V-1", asked...)
		f.wrong(f.eve, "/vendors", form(asked...), "V-1 is called Northern Cloud already")
		f.Says("/vendors/V-1", "Asked for", "waits for approval", "critical", "managed by Eve Wide", "Next, somebody who does not manage it reviews it", "Nobody has reviewed it yet")

		f.wrong(f.ann, "/vendors/V-1/review", form("looked", "its report and the draft of the contract", "conclusion", "conditions"), "its report and the draft of the contract</textarea>", `id="review-conditions-problem"`)
		f.wrong(f.ann, "/vendors/V-1/review", form("looked", "its report and the draft of the contract", "conclusion", ""), `id="review-conclusion-problem"`)
		f.does(f.ann, "/vendors/V-1/review", "/vendors/V-1", "looked", "its report and the draft of the contract", "conclusion", "keep")
		f.does(f.bob, "/vendors/V-1/approve", "/vendors/V-1", "note", "the report is sound")
		f.Says("/vendors/V-1", "Approved: “the report is sound”", "It may be engaged", "2026-03-02 by Bob Short")
		f.wrong(f.eve, "/vendors/V-1/engage", form("on", "2026-04-01"), `value="2026-04-01"`, `id="engage-on-problem"`)
		f.does(f.eve, "/vendors/V-1/engage", "/vendors/V-1", "on", "2026-03-02")
		f.does(f.ann, "/vendors/V-1/classify", "/vendors/V-1", "is", "subservice", "method", "carve_out", "reasons", "if its controls fail we break commitments")
		f.does(f.eve, "/vendors/V-1/contract", "/vendors/V-1", "title", "Master agreement", "from", "2026-03-01", "to", "2027-02-28", "notice_days", "90", "renews", "yes", "breach_hours", "48", "audit_right", "yes")
		f.Says("/vendors/V-1", "Master agreement", "renews unless ended by 2026-11-30", "tells of breaches within 48 hours", "audit right")

		// the questionnaire that its criticality asks for
		book := f.vendors.Book()
		answers := []string{"form", "short", "by", "their security desk", "on", "2026-03-01"}
		for _, q := range book.Form("short") {
			answers = append(answers, "q-"+q.ID, q.Expect)
		}
		first := book.Form("short")[0]
		lacking := form(answers...)
		lacking.Set("q-"+first.ID, "")
		f.wrong(f.eve, "/vendors/V-1/answer", lacking, `id="answer-q-`+first.ID+`-problem"`, `value="their security desk"`)
		f.does(f.eve, "/vendors/V-1/send", "/vendors/V-1", "form", "short", "to", "their security desk", "due", "2026-04-01")
		f.Says("/vendors/V-1", "was sent to their security desk and is due on 2026-04-01")
		f.does(f.eve, "/vendors/V-1/answer", "/vendors/V-1", answers...)
		f.Says("/vendors/V-1", "was answered on 2026-03-01 by their security desk", "No answer raises anything")

		// a report, its review, a bridge letter
		report := form("kind", "soc2_type2", "issuer", "Grey and Partners", "from", "2025-02-01", "to", "2026-01-31", "opinion", "unqualified", "scope", "Compute and storage", "received", "2026-02-20",
			"deviations", "A4: two leavers kept their badge\r\n", "user_entity_controls", "Customers review their own logs.")
		f.wrong(f.eve, "/vendors/V-1/report", report, `id="report-categories-problem"`, "Compute and storage</textarea>")
		f.does(f.eve, "/vendors/V-1/report", "/vendors/V-1/reports/1", "kind", "soc2_type2", "issuer", "Grey and Partners", "from", "2025-02-01", "to", "2026-01-31", "opinion", "unqualified", "scope", "Compute and storage", "received", "2026-02-20",
			"categories", "security", "categories", "availability", "deviations", "A4: two leavers kept their badge\r\n", "user_entity_controls", "Customers review their own logs.")
		f.Who = f.ann
		f.Says("/vendors/V-1/reports/1", "Nobody has reviewed it yet", "security, availability", "A4: two leavers kept their badge", "Gap to the window's end", "334")
		review := []string{"report", "1", "match", "yes", "effect-1", "none", "effect_note-1", "none of ours lies at that site", "duty", "1", "controls-1", "logs-reviewed", "conclusion", "rely", "note", "read in full; it covers what we use"}
		without := form(review...)
		without.Set("effect-1", "")
		f.wrong(f.ann, "/vendors/V-1/review-report", without, `id="review-report-effect-1-problem"`, "none of ours lies at that site")
		f.does(f.ann, "/vendors/V-1/review-report", "/vendors/V-1/reports/1", review...)
		f.does(f.eve, "/vendors/V-1/letter", "/vendors/V-1/reports/1", "report", "1", "from", "2026-02-01", "to", "2026-03-01", "received", "2026-03-02", "changes", "no")
		f.Says("/vendors/V-1/reports/1", "It can be relied on", "by Ann Long", "logs-reviewed (operating)", "2026-02-01 to 2026-03-01")

		// the registers
		f.does(f.eve, "/vendors/V-1/assume", "/vendors/V-1", "text", "Visitors to its sites are accompanied.", "criteria", "CC6.4, CC7.2", "how", "review of its report", "controls", "logs-reviewed")
		expected := form("text", "Customers keep their own keys secret.", "criteria", "CC6.99", "why", "whoever has a key reads the data", "told", "the contract")
		f.wrong(f.eve, "/vendors/registers", expected, `id="expect-criteria-problem"`, `value="CC6.99"`)
		f.does(f.eve, "/vendors/registers", "/vendors/registers", "text", "Customers keep their own keys secret.", "criteria", "CC6.1", "why", "whoever has a key reads the data", "told", "the contract")
		f.Says("/vendors/registers", "Customers review their own logs. Northern Cloud done", "Visitors to its sites are accompanied. Northern Cloud carved out", "Customers keep their own keys secret. U-1, version 1 CC6.1")
		f.Says("/vendors/registers?expected=1", "Change U-1")
		f.does(f.eve, "/vendors/registers", "/vendors/registers", "number", "1", "ended", "yes", "text", "Customers keep their own keys secret.", "criteria", "CC6.1", "why", "whoever has a key reads the data", "told", "the contract")
		if a := f.Says("/vendors/registers"); strings.Contains(a.Text(), "Customers keep their own keys secret.") {
			t.Error("what is expected no more stands in the register")
		}

		// accounts and incidents
		f.does(f.eve, "/vendors/V-1/access", "/vendors/V-1", "kind", "api_key", "system", "billing", "name", "key ending in 4f2a", "may", "read usage", "since", "2026-03-02")
		f.does(f.eve, "/vendors/V-1/incident", "/vendors/V-1", "what", "A disk array was reachable by a neighbour", "found", "2026-02-26 08:00", "told", "2026-03-02 08:00", "by", "vendor", "effect", "not known yet", "our_data", "yes")
		f.Says("/vendors/V-1", "told after 96 hours, promised within 48 hours", "our data is concerned", "billing: key ending in 4f2a")
		f.does(f.ann, "/vendors/V-1/incident-close", "/vendors/V-1", "number", "1", "note", "none of our disks lay on that array")

		// the list holds its columns, and finds
		rows := f.HoldsList(f.area.Lists[0], "/vendors?about=failing")
		if len(rows) != 1 || !slices.Contains(rows[0], any("Northern Cloud")) || !slices.Contains(rows[0], any("subservice, carved out")) {
			t.Errorf("the files say %v", rows)
		}
		if a := f.Get("/vendors?state=golden"); a.Status != 422 {
			t.Errorf("a state that is none: %d", a.Status)
		}
		f.Says("/vendors?q=nothing", "No vendor matches")
		if found, err := f.area.Finds[0].Find(screen.NewRequest(httptest.NewRequestWithContext(t.Context(), "GET", "/", nil), f.ann, f.clock.Now(), time.UTC, f), "northern"); err != nil || len(found) != 1 || found[0].Href != "/vendors/V-1" {
			t.Errorf("found %v, %v", found, err)
		}

		// the end
		f.does(f.eve, "/vendors/V-1/leave", "/vendors/V-1", "reason", "we move to our own machines", "last", "2026-06-30")
		f.wrong(f.eve, "/vendors/V-1/end", form("on", "2026-03-02"), "still holds 1 account or key")
		f.does(f.eve, "/vendors/V-1/access-end", "/vendors/V-1", "number", "1", "on", "2026-03-02", "proof", "the key is refused: 401")
		f.does(f.eve, "/vendors/V-1/data-end", "/vendors/V-1", "how", "destroyed", "on", "2026-03-02", "proof", "certificate of 2 March, E-12")
		f.does(f.eve, "/vendors/V-1/end", "/vendors/V-1", "on", "2026-03-02")
		a := f.Says("/vendors/V-1", "It ended on 2026-03-02", "certificate of 2 March")
		if strings.Contains(a.Body, "<textarea") {
			t.Error("an ended vendor still offers forms")
		}
		f.Who = f.eve
		if a := f.Post("/vendors/V-1/approve", nil); a.Status != 403 {
			t.Errorf("who may not approve got %d", a.Status)
		}
		if a := f.Post("/vendors/V-1/delete", nil); a.Status != 404 {
			t.Errorf("a step that is none got %d", a.Status)
		}
	})
}

func TestImportByForm(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFixture(t, db)
		const text = "Vendor Name,Description,Zodiac\nPost Office,Sends letters,lion\n,nothing,\n"
		body := "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"v.csv\"\r\n\r\n" + text + "\r\n--b--\r\n"
		a := f.Do("POST", "/vendors/import", "multipart/form-data; boundary=b", strings.NewReader(body))
		for _, want := range []string{"1 vendor is new, 0 there already, 1 wrong", "cannot be entered", "Columns that were not understood: Zodiac", "Nothing is stored yet"} {
			if !strings.Contains(a.Text(), want) {
				t.Errorf("a file that is partly wrong does not say %q:\n%s", want, a.Text())
			}
		}
		f.does(f.eve, "/vendors/import", "/vendors", "text", strings.TrimSuffix(text, ",nothing,\n"))
		f.Says("/vendors", "1 vendor was entered", "Post Office", "questions are open")
	})
}
