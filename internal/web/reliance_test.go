package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/audit/reliance"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/render/sheet"
)

// What concerns Attesta itself: the page, a declaration, the files, and an auditor
// who sees the window of an engagement and no other.
func TestReliance(t *testing.T) {
	s := newSite(t)
	s.login()
	if err := s.cfg.Reliance.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.cfg.Reliance.Evaluate(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.settle()
	s.clock.Advance(time.Minute)
	s.says("/reliance", "An item that must fail, judged just now", "As it must", "Started", "version test", "Judged: fail", "Account added", "Standard installed", "None among the", "not observed",
		"Nobody has declared yet", "the ledger begins then", "Who may change what Attesta says", "What it does not prove")
	s.says("/reliance?section=people", "Account added", "One-time login link made")
	if a := s.get("/reliance?section=people"); strings.Contains(a.text(), "Backups, restores") {
		t.Error("one section shows another")
	}
	if a := s.get("/reliance?section=moon"); a.status != http.StatusNotFound {
		t.Errorf("a section that is none answers %d", a.status)
	}
	if a := s.get("/reliance?from=2036-09-01&to=2036-08-01"); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.text(), "ends before it begins") || !strings.Contains(a.body, `value="2036-09-01"`) {
		t.Errorf("a window the wrong way answers %d: %s", a.status, a.text())
	}

	if a := s.post("/reliance?from=2036-08-01&to=2036-08-31", url.Values{"run_sql": {"Two operators, by sudo"}, "read_data": {" "}}); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.text(), "was not answered") || !strings.Contains(a.body, "Two operators, by sudo") {
		t.Errorf("half a declaration answers %d: %s", a.status, a.text())
	}
	a := s.post("/reliance?from=2036-08-01&to=2036-08-31", url.Values{"run_sql": {"Two operators, by sudo"}, "read_data": {"The same"}})
	if a.status != http.StatusSeeOther || !strings.Contains(a.to, "section=reach") || !strings.Contains(a.to, "from=2036-08-01") {
		t.Fatalf("a declaration answers %d %s: %s", a.status, a.to, a.text())
	}
	s.settle()
	s.clock.Advance(time.Minute)
	s.says(a.to, "Declared", "Two operators, by sudo")
	if a := s.get("/reliance"); strings.Contains(a.text(), "Nobody has declared yet") {
		t.Error("what was declared is still asked for")
	}

	a = s.post("/reliance/export", url.Values{"format": {"json"}, "from": {"2036-08-01"}, "to": {"2036-08-31"}})
	var rep reliance.Report
	if err := json.Unmarshal([]byte(a.body), &rep); err != nil || len(rep.Sections) != 8 || rep.From.Format(time.DateOnly) != "2036-08-01" {
		t.Fatalf("as JSON: %d %v %s", a.status, err, a.text())
	}
	a = s.post("/reliance/export", url.Values{"format": {"xlsx"}, "from": {"2036-08-01"}, "to": {"2036-08-31"}})
	book, err := sheet.Open(strings.NewReader(a.body), "reliance.xlsx")
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	if got := strings.Join(book.Sheets(), " "); got != "About runs people settings versions gaps backups reach canary" {
		t.Errorf("the workbook's sheets: %s", got)
	}
	if a := s.post("/reliance/export", url.Values{"format": {"pdf"}}); a.status != http.StatusUnprocessableEntity && a.status != http.StatusBadRequest {
		t.Errorf("a format that is none answers %d", a.status)
	}
	s.settle()
	took, err := s.cfg.Ledger.Records(t.Context(), ledger.Filter{Type: "list.exported"})
	if err != nil || len(took) != 2 {
		t.Errorf("files taken away: %v, %v", took, err)
	}

	// an auditor, without and with an engagement
	u, err := s.cfg.Access.AddUser(t.Context(), access.System(), access.NewUser{Login: "quill", Name: "Tess Quill", Role: access.Auditor})
	if err != nil {
		t.Fatal(err)
	}
	link, err := s.cfg.Access.LoginLink(t.Context(), access.System(), u.ID, access.FirstLogin)
	if err != nil {
		t.Fatal(err)
	}
	ours := s.client
	theirs := s.stranger()
	s.client = theirs
	s.post(LinkPath(link.Token), url.Values{"do": {"skip"}})
	s.says("/reliance", "No engagement names you yet")
	if a := s.post("/reliance/export", url.Values{"format": {"json"}}); a.status != http.StatusNotFound {
		t.Errorf("an auditor without an engagement takes a file: %d", a.status)
	}
	s.client = ours
	form := engagementFields()
	form.Add("auditor", u.ID)
	if a := s.post("/engagements/new", form); a.to != "/engagements/1" {
		t.Fatalf("set up: %d %s", a.status, a.text())
	}
	s.client = theirs
	s.says("/reliance", "1 Jun 2036 to 30 Nov 2036", "Judged: fail")
	a = s.get("/reliance")
	for _, w := range []string{`id="run_sql"`, "Any days"} {
		if strings.Contains(a.body, w) {
			t.Errorf("an auditor is offered %q", w)
		}
	}
	if a := s.post("/reliance", url.Values{"run_sql": {"x"}, "read_data": {"x"}}); a.status != http.StatusForbidden {
		t.Errorf("an auditor declares: %d", a.status)
	}
	if a := s.get("/reliance?engagement=2"); a.status != http.StatusNotFound {
		t.Errorf("another's engagement answers %d", a.status)
	}
	if a := s.post("/reliance/export", url.Values{"format": {"json"}, "engagement": {"1"}}); a.status != http.StatusOK || !strings.Contains(a.body, `"2036-06-01T00:00:00`) {
		t.Errorf("an auditor's file: %d", a.status)
	}
}
