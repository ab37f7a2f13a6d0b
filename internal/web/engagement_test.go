package web

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/render/sheet"
)

// upload sends a file with a form.
func (s *site) upload(path, name string, content []byte) answer {
	s.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	w, err := form.CreateFormFile("file", name)
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := w.Write(content); err != nil {
		s.t.Fatal(err)
	}
	if err := form.Close(); err != nil {
		s.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.server.URL+path, &body)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", form.FormDataContentType())
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	return s.do(req)
}

func requestList(t *testing.T, rows ...[]any) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := sheet.Write(&b, sheet.Table{Name: "IRL", About: []string{"Request list"}, Columns: []sheet.Column{{Title: "PBC #"}, {Title: "Request"}, {Title: "TSC"}, {Title: "Due date"}, {Title: "Status"}}, Rows: sheet.Rows(rows)}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func engagementFields() url.Values {
	return url.Values{"title": {"SOC 2 type 2, 2036"}, "type": {"2"}, "from": {"2036-06-01"}, "to": {"2036-11-30"}, "zone": {"UTC"}, "category": {"security", "availability"}, "firm": {"Quill LLP"}}
}

// From an empty page to a request that is answered with a frozen population.
func TestEngagement(t *testing.T) {
	s := newSite(t)
	s.login()
	s.says("/engagements", "No examination is set up yet", "Set up an engagement")
	s.says("/engagements/new", "Set up an engagement", "Nobody has the role auditor yet")

	wrong := engagementFields()
	wrong.Set("to", "2036-01-01")
	if a := s.post("/engagements/new", wrong); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.text(), "before it begins") || !strings.Contains(a.body, `value="SOC 2 type 2, 2036"`) {
		t.Errorf("a window the wrong way answers %d: %s", a.status, a.text())
	}
	if a := s.post("/engagements/new", engagementFields()); a.to != "/engagements/1" {
		t.Fatalf("set up: %d %s", a.status, a.text())
	}
	s.says("/engagements/1", "Quill LLP", "type 2, 1 Jun to 30 Nov 2036", "day 79 of 183", "Nothing is asked yet", "No population is frozen", "0 of 0")

	for name, tc := range map[string]struct {
		content []byte
		want    string
	}{
		"text":      {[]byte("Ref;Request"), "not an .xlsx workbook"},
		"no list":   {requestList(t), "is empty"},
		"a mistake": {requestList(t, []any{"", "No reference", "CC1.1", "", ""}), "the request has no reference"},
	} {
		if a := s.upload("/engagements/1/requests/import", "IRL.xlsx", tc.content); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.text(), tc.want) {
			t.Errorf("%s answers %d: %s", name, a.status, a.text())
		}
	}
	list := requestList(t, []any{"A/1", "Population of hosts", "CC7.1", "2036-08-01", "Open"}, []any{"A 2", "Security policy", "CC5.3", "2036-09-30", "Received"})
	a := s.upload("/engagements/1/requests/import", `C:\lists\IRL.xlsx`, list)
	if a.status != http.StatusOK || !strings.Contains(a.text(), "The list would add 2 and change 0 of 2 requests") {
		t.Fatalf("the preview answers %d: %s", a.status, a.text())
	}
	digest := a.body[strings.Index(a.body, `name="digest" value="`)+len(`name="digest" value="`):]
	digest = digest[:64]
	s.says("/engagements/1", "Nothing is asked yet")
	if a := s.post("/engagements/1/requests/import", url.Values{"digest": {digest}, "name": {"IRL.xlsx"}, "sheet": {"IRL"}, "do": {"apply"}}); a.to != "/engagements/1" {
		t.Fatalf("taking it in answers %d: %s", a.status, a.text())
	}
	s.says("/engagements/1", "Taken in: 2 new", "Needs us 2", "17 d late", "IRL.xlsx with our answers")
	s.says("/engagements/1?show=late", "A/1", "1 of 2 shown")
	s.says("/engagements/1/requests/A%2F1", "Population of hosts", "waits on us", "late: due 1 Aug")

	// nothing to show yet
	form := url.Values{"version": {"1"}, "kind": {"population"}, "ours": {"ready"}, "owner": {""}, "due": {"2036-08-01"}, "answer": {""}}
	if a := s.post("/engagements/1/requests/A%2F1/answer", form); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.text(), "Nothing answers the request yet") {
		t.Errorf("ready with nothing answers %d: %s", a.status, a.text())
	}
	form.Set("answer", "See P-1.")
	if a := s.post("/engagements/1/requests/A%2F1/answer", form); a.status != http.StatusSeeOther {
		t.Fatalf("an answer: %d %s", a.status, a.text())
	}
	s.says("/engagements/1/requests/A%2F1", "waits on the auditor", "See P-1.", "Our status: ready, before: open; answer rewritten.")
	if a := s.post("/engagements/1/requests/A%2F1/judge", url.Values{"version": {"2"}, "theirs": {"accepted"}}); a.status != http.StatusForbidden {
		t.Errorf("the auditor's status by the administrator answers %d", a.status)
	}
	if a := s.post("/engagements/1/requests/A%2F1/messages", url.Values{"text": {"Is that enough?"}}); a.status != http.StatusSeeOther {
		t.Errorf("a message: %d %s", a.status, a.text())
	}
	s.says("/engagements/1/requests/A%2F1", "Is that enough?")

	out := s.get("/engagements/1/requests.xlsx?form=theirs")
	book, err := sheet.Open(strings.NewReader(out.body), "back.xlsx")
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	g, err := book.Grid("IRL")
	if err != nil || !strings.Contains(strings.Join(g.Rows[3], "|"), "ready|See P-1.") {
		t.Errorf("the auditor's workbook comes back with %q, %v", g.Rows, err)
	}
}

// A population is frozen over the period and comes as a workbook that ties out.
func TestEngagementPopulation(t *testing.T) {
	s := newSite(t)
	s.login()
	s.report(nil)
	if a := s.post("/engagements/new", engagementFields()); a.to != "/engagements/1" {
		t.Fatalf("set up: %d %s", a.status, a.text())
	}
	if err := s.cfg.Populations.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.says("/engagements/1", "nobody has approved yet")
	users, err := s.cfg.Access.Users(t.Context(), access.System())
	if err != nil {
		t.Fatal(err)
	}
	admin := access.Principal{UserID: users[0].ID, Role: access.Administrator}
	if err := s.cfg.Populations.Approve(t.Context(), admin, "hosts", 1, ""); err != nil {
		t.Fatal(err)
	}
	s.settle()
	if a := s.post("/engagements/1/populations", url.Values{"population": {"nothing"}}); a.status != http.StatusNotFound {
		t.Errorf("an unknown population answers %d", a.status)
	}
	a := s.post("/engagements/1/populations", url.Values{"population": {"hosts"}})
	if a.status != http.StatusSeeOther {
		t.Fatalf("freeze: %d %s", a.status, a.text())
	}
	page := s.says("/engagements/1", "P-1 is frozen: 1 item. The period is not over", "P-1 Hosts", "not tested")
	at := strings.Index(page.body, "/engagements/1/populations/pex_")
	path := page.body[at : at+strings.Index(page.body[at:], `"`)]
	out := s.get(path)
	book, err := sheet.Open(strings.NewReader(out.body), "P-1.xlsx")
	if err != nil {
		t.Fatalf("%v: %d %.200s", err, out.status, out.text())
	}
	defer book.Close()
	g, err := book.Grid("Tie-out")
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]string{}
	for _, r := range g.Rows {
		if len(r) == 2 {
			said[r[0]] = r[1]
		}
	}
	if said["Count"] != "1" || !strings.HasPrefix(said["Engagement"], "Engagement 1, type 2") || said["Second source"] == "" || len(said["SHA-256 of the items' file"]) != 64 {
		t.Errorf("the tie-out says %v", said)
	}
	if a := s.get("/engagements/1/populations/pex_other.xlsx"); a.status != http.StatusNotFound {
		t.Errorf("a population of no engagement answers %d", a.status)
	}
}
