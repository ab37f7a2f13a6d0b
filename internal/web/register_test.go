package web

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
)

// as logs in as another user of a role.
func (s *site) as(login string, role access.Role) {
	s.t.Helper()
	ctx := s.t.Context()
	u, err := s.cfg.Access.Find(ctx, access.System(), login)
	if err != nil {
		if u, err = s.cfg.Access.AddUser(ctx, access.System(), access.NewUser{Login: login, Name: "Quinn " + login, Role: role}); err != nil {
			s.t.Fatal(err)
		}
	}
	link, err := s.cfg.Access.LoginLink(ctx, access.System(), u.ID, access.FirstLogin)
	if err != nil {
		s.t.Fatal(err)
	}
	s.client = s.stranger()
	s.post(LinkPath(link.Token), url.Values{"do": {"skip"}})
}

// failing reports a host that lets root log in.
func (s *site) failing() {
	s.report(func(facts map[string]any) {
		facts["sshd"].(map[string]any)["effective"].(map[string]any)["permitrootlogin"] = "yes"
	})
}

func (s *site) holds(what string, a answer, status int, words ...string) {
	s.t.Helper()
	if a.status != status {
		s.t.Fatalf("%s answers %d %s\n%s", what, a.status, a.to, a.text())
	}
	for _, w := range words {
		if !strings.Contains(a.body, w) && !strings.Contains(strings.ToLower(a.text()), strings.ToLower(w)) {
			s.t.Errorf("%s does not say %q:\n%s", what, w, a.text())
		}
	}
}

// From a finding to a waiver that somebody else approves, and to its end.
func TestWaiverScreens(t *testing.T) {
	s := newSite(t)
	s.login()
	s.failing()
	list := s.get("/findings?q=root")
	at := strings.Index(list.body, "/findings/F-")
	if at < 0 {
		t.Fatalf("no finding:\n%s", list.text())
	}
	ref, _, _ := strings.Cut(list.body[at+len("/findings/"):], `"`)
	s.holds("the finding", s.get("/findings/"+ref), 200, "/waivers/new?finding="+ref, "Ask for a waiver")
	s.holds("the form", s.get("/waivers/new?finding="+ref), 200, `name="check"`, "linux-server/", "Until the end of")
	s.holds("nothing waived", s.get("/waivers"), 200, "Nobody has asked for a waiver")
	page, err := s.cfg.Findings.Get(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{"check": {page.Check}, "attribute": {page.Attribute}, "items": {page.ItemName}, "reason": {"too short"}, "compensating": {"only from the jump host"},
		"expires": {started.AddDate(0, 1, 0).Format(dateLayout)}}
	s.holds("a short reason", s.post("/waivers", form), 422, "too short", "only from the jump host", "say in at least", `aria-invalid="true"`)
	form.Set("reason", "the vendor mends it in October")
	form.Set("expires", "31.10.2036")
	s.holds("no day", s.post("/waivers", form), 422, "31.10.2036", "is no day")
	form.Set("expires", started.AddDate(0, 1, 0).Format(dateLayout))
	if a := s.post("/waivers", form); a.status != http.StatusSeeOther || a.to != "/waivers/W-1" {
		t.Fatalf("asking leads to %d %s\n%s", a.status, a.to, a.text())
	}
	s.holds("the waiver", s.get("/waivers/W-1"), 200, "asked for", "Approve it although you asked for it")
	s.holds("the finding, asked", s.get("/findings/"+ref), 200, "W-1 waits for a decision")
	s.as("second", access.ComplianceManager)
	if a := s.post("/waivers/W-1/approve", nil); a.status != http.StatusSeeOther {
		t.Fatalf("approving answers %d\n%s", a.status, a.text())
	}
	if _, err := s.cfg.Hosts.ApplyWaivers(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.settle()
	s.holds("the waiver in force", s.get("/waivers/W-1"), 200, "in force", "Withdraw it")
	s.holds("the finding, waived", s.get("/findings/"+ref), 200, "Waived by W-1", "Its clock stands still")
	s.holds("the list", s.get("/waivers?state=approved"), 200, "W-1", page.ItemName)
	s.holds("waived findings", s.get("/findings?state=waived"), 200, ref)
	s.holds("a bad state", s.get("/waivers?state=perhaps"), 422)
	s.holds("no such waiver", s.get("/waivers/W-9"), 404)
	s.holds("no word", s.post("/waivers/W-1/withdraw", url.Values{"note": {" "}}), 422, "say why")
	s.clock.Advance(time.Second)
	if a := s.post("/waivers/W-1/withdraw", url.Values{"note": {"it is mended"}}); a.status != http.StatusSeeOther {
		t.Fatalf("withdrawing answers %d", a.status)
	}
	if _, err := s.cfg.Hosts.ApplyWaivers(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.holds("the finding, open again", s.get("/findings/"+ref), 200, "Waiver ended", "Ask for a waiver")
	s.holds("the history", s.get("/waivers/W-1"), 200, "withdrawn", "it is mended")
}

// Whoever asked cannot approve while somebody else could.
func TestNobodyApprovesTheirOwn(t *testing.T) {
	s := newSite(t)
	s.login()
	s.failing()
	host := s.cfg.host(t)
	s.as("second", access.ComplianceManager)
	s.client = s.stranger()
	s.again()
	form := url.Values{"subject": {host}, "cause": {"out_of_scope"}, "reason": {"it holds no customer data"}, "expires": {started.AddDate(0, 1, 0).Format(dateLayout)}}
	if a := s.post("/exclusions", form); a.to != "/exclusions/X-1" {
		t.Fatalf("asking leads to %d %s\n%s", a.status, a.to, a.text())
	}
	if a := s.post("/exclusions/X-1/approve", url.Values{"alone": {"the board looked at it"}}); a.status != http.StatusForbidden {
		t.Errorf("approving one's own answers %d", a.status)
	}
	s.as("second", access.ComplianceManager)
	s.post("/exclusions/X-1/approve", nil)
	if _, err := s.cfg.Hosts.ApplyExclusions(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.holds("the register", s.get("/exclusions"), 200, "X-1", "out of scope: it holds no customer data", "Where of a check")
	s.holds("the host", s.get("/hosts/"+host), 200, "Left out of the population", "X-1")
	s.holds("findings of the host", s.get("/findings?state=stale&host="+host), 200, "F-")
	s.holds("a filter", s.get("/exclusions?kind=item&q=customer"), 200, "X-1")
	s.holds("a bad kind", s.get("/exclusions?kind=ghost"), 422)
}

// host gives the id of the only host.
func (c Config) host(t *testing.T) string {
	t.Helper()
	h, err := c.Hosts.Get(t.Context(), source)
	if err != nil {
		t.Fatal(err)
	}
	return h.ID
}

// From a draft to a frozen extraction that is held against a zone file.
func TestPopulationScreens(t *testing.T) {
	s := newSite(t)
	s.login()
	s.failing()
	s.holds("the list", s.get("/populations"), 200, "drafts wait", "Hosts that joined", "Findings raised")
	s.holds("a draft", s.get("/populations/hosts"), 200, "Approve version 1", "draft")
	if a := s.post("/populations/hosts/extract", nil); a.status != http.StatusUnprocessableEntity && a.status != http.StatusConflict {
		t.Errorf("extracting by a draft answers %d", a.status)
	}
	if a := s.post("/populations/hosts/approve", url.Values{"version": {"1"}}); a.status != http.StatusSeeOther {
		t.Fatalf("approving answers %d\n%s", a.status, a.text())
	}
	define := url.Values{"slug": {"web-hosts"}, "title": {"Web hosts"}, "purpose": {"To test."}, "source": {"hosts"}, "filter": {`item.colour == "red"`}, "date": {"present"}, "zone": {"UTC"}, "apply": {"yes"}}
	s.holds("a mistake in a filter", s.post("/populations", define), 422, "colour", `aria-invalid="true"`, "Web hosts")
	define.Set("filter", `item.name.startsWith("web")`)
	if a := s.post("/populations", define); a.to != "/populations/web-hosts" {
		t.Fatalf("defining leads to %d %s\n%s", a.status, a.to, a.text())
	}
	s.holds("a form to define anew", s.get("/populations/web-hosts/edit"), 200, "Define Web hosts anew")
	s.clock.Advance(1000)
	s.settle()
	s.holds("a window in the future", s.post("/populations/hosts/extract", url.Values{"to": {"2040-01-01"}}), 422, "ends in the future", "2040-01-01")
	a := s.post("/populations/hosts/extract", nil)
	if a.to != "/extractions/P-1" {
		t.Fatalf("extracting leads to %d %s\n%s", a.status, a.to, a.text())
	}
	s.settle()
	s.holds("the extraction", s.get("/extractions/P-1"), 200, "1 item, frozen", "High-water mark", "Where of a check", "Hold it against a zone or hosts file")
	if a := s.post("/extractions/P-1/again", nil); a.status != http.StatusSeeOther {
		t.Errorf("again answers %d", a.status)
	}
	s.holds("again", s.get("/extractions/P-1"), 200, "the same digest")
	file := s.get("/extractions/P-1/items.jsonl")
	s.holds("the file", file, 200, `"name":`)
	name, _, _ := strings.Cut(file.body[strings.Index(file.body, `"name":"`)+len(`"name":"`):], `"`)
	s.holds("all of it", s.get("/extractions/P-1/extraction.json"), 200, `"digest"`, `"exclusions"`)
	s.holds("no file", s.get("/extractions/P-1/passwd"), 404)
	if book := s.get("/extractions/P-1/workbook.xlsx"); book.status != http.StatusOK || !strings.HasPrefix(book.body, "PK") {
		t.Errorf("the workbook answers %d", book.status)
	}
	s.holds("a broken zone", s.source("/extractions/P-1/reconcile", "zone", "example.org", "web IN A 10.0.0\n"), 422, "cannot be read", "example.org")
	a = s.source("/extractions/P-1/reconcile", "zone", "example.org", name+" IN A 10.0.0.9\nprinter IN A 10.0.0.77\n")
	if !strings.HasPrefix(a.to, "/reconciliations/rcn_") {
		t.Fatalf("reconciling leads to %d %s\n%s", a.status, a.to, a.text())
	}
	rec := a.to
	s.holds("the reconciliation", s.get(rec), 200, "1 of 1 hosts are known", "printer.example.org", "2 = 1 matched + 1 only there", "not explained")
	s.holds("no word", s.post(rec+"/explain", url.Values{"side": {"b"}, "line": {"2"}, "cause": {"not_an_item"}, "text": {"x"}}), 422, "explain it in")
	if a := s.post(rec+"/explain", url.Values{"side": {"b"}, "line": {"2"}, "cause": {"not_an_item"}, "text": {"it is a printer"}, "exclude": {started.AddDate(0, 2, 0).Format(dateLayout)}}); a.status != http.StatusSeeOther {
		t.Fatalf("explaining answers %d\n%s", a.status, a.text())
	}
	s.holds("explained", s.get(rec), 200, "not a host: it is a printer", "/exclusions/exc_")
	s.holds("asked to leave out", s.get("/exclusions"), 200, "name printer.example.org", "Waiting for a decision")
	a = s.post("/extractions/P-1/neighbours", nil)
	if !strings.HasPrefix(a.to, "/reconciliations/rcn_") {
		t.Fatalf("reconciling with neighbours leads to %d %s\n%s", a.status, a.to, a.text())
	}
	s.holds("neighbours", s.get(a.to), 200, "neighbour tables of the hosts", "only there")
}

// source sends the file of a second source in its form.
func (s *site) source(path, kind, name, content string) answer {
	s.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for k, v := range map[string]string{"kind": kind, "name": name} {
		if err := m.WriteField(k, v); err != nil {
			s.t.Fatal(err)
		}
	}
	f, err := m.CreateFormFile("file", "db.zone")
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := f.Write([]byte(content)); err != nil {
		s.t.Fatal(err)
	}
	m.Close()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.server.URL+path, &b)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", m.FormDataContentType())
	return s.do(req)
}

// What is odd about a host stands on its page and over the list: others that say
// they are the same, a clock that is far off, a month without a word.
func TestHostOddities(t *testing.T) {
	s := newSite(t)
	s.login()
	s.failing()
	page := s.get("/hosts").body
	id, _, _ := strings.Cut(page[strings.Index(page, "/hosts/hst_"):], `"`)
	if text := s.get(id).text(); strings.Contains(text, "Another host says") || strings.Contains(text, "Its clock is wrong") || strings.Contains(text, "It was away") {
		t.Fatalf("a host in good order has notices:\n%s", text)
	}
	if _, err := s.db.Writer().ExecContext(t.Context(), `UPDATE host SET machine_id = 'abababababababababababababababab'`); err != nil {
		t.Fatal(err)
	}
	if _, err := s.db.Writer().ExecContext(t.Context(), `INSERT INTO host (id, source, name, machine_id, first_seen, last_seen, last_observed) SELECT 'hst_twin', 'src_twin', 'clone', machine_id, first_seen, last_seen, last_observed FROM host`); err != nil {
		t.Fatal(err)
	}
	if _, err := s.db.Writer().ExecContext(t.Context(), `UPDATE host SET clock_known = 1, clock_offset = 86400000000 WHERE id <> 'hst_twin'`); err != nil {
		t.Fatal(err)
	}
	s.holds("the host", s.get(id), 200, "Another host says it is the same", "same machine id", "/hosts/hst_twin", "Its clock is wrong")
	s.holds("the list", s.get("/hosts"), 200, "2 hosts share a machine id")
}
