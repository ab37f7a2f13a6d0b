package web

import (
	"bytes"
	"io"
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
	s.says("/engagements", "SOC 2 type 2, 2036", "Quill LLP", "planned", "none yet")
	s.says("/engagements/1", "Nothing was observed in this period: no source reported from 1 Jun 2036 to", "not_observed, because no source reported",
		"This engagement examines availability, which version 1 of the scope leaves out", "names no window yet")
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
	if a.status != http.StatusOK || !strings.Contains(a.text(), "The list would add 2 requests") {
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

// An upload that is too large is refused while it streams, and half an upload
// leaves nothing behind.
func TestEngagementUploads(t *testing.T) {
	s := newSite(t)
	s.login()
	if a := s.post("/engagements/new", engagementFields()); a.to != "/engagements/1" {
		t.Fatalf("set up: %d %s", a.status, a.text())
	}
	const begin = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"big.xlsx\"\r\nContent-Type: application/octet-stream\r\n\r\n"
	send := func(size int64) (int, string, int64) {
		t.Helper()
		body := &zeros{left: size}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.server.URL+"/engagements/1/requests/import", io.MultiReader(strings.NewReader(begin), body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "multipart/form-data; boundary=b")
		req.Header.Set("Sec-Fetch-Site", "same-origin")
		a := s.do(req)
		return a.status, a.text(), size - body.left
	}
	if status, text, sent := send(2 << 30); status != http.StatusUnprocessableEntity || !strings.Contains(text, "the file is larger than 20 MB") && !strings.Contains(text, "The file is larger than 20 MB") || sent > 64<<20 {
		t.Errorf("two gigabytes answer %d after %d MB: %s", status, sent>>20, text)
	}
	if status, text, _ := send(1 << 10); status != http.StatusUnprocessableEntity || !strings.Contains(text, "The file did not arrive whole") {
		t.Errorf("half an upload answers %d: %s", status, text)
	}
	whole := requestList(t, []any{"1", "Security policy", "CC5.3", "", ""})
	if a := s.upload("/engagements/1/requests/import", "IRL.xlsx", whole[:len(whole)/2]); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.text(), "not an .xlsx workbook") {
		t.Errorf("half a workbook answers %d: %s", a.status, a.text())
	}
	s.says("/engagements/1", "Nothing is asked yet")
}

// zeros is a long file.
type zeros struct{ left int64 }

func (z *zeros) Read(b []byte) (int, error) {
	if z.left == 0 {
		return 0, io.EOF
	}
	n := min(int64(len(b)), z.left)
	clear(b[:n])
	z.left -= n
	return int(n), nil
}

// An auditor sees the engagements that name them, freezes populations for them
// and says where they stand; every address of another engagement is not there.
func TestAuditorsEngagements(t *testing.T) {
	s := newSite(t)
	s.login()
	s.report(nil)
	admin := s.client
	ctx := t.Context()
	u, err := s.cfg.Access.AddUser(ctx, access.System(), access.NewUser{Login: "ines", Name: "Ines Okafor", Role: access.Auditor})
	if err != nil {
		t.Fatal(err)
	}
	link, err := s.cfg.Access.LoginLink(ctx, access.System(), u.ID, access.FirstLogin)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cfg.Populations.Start(ctx); err != nil {
		t.Fatal(err)
	}
	users, err := s.cfg.Access.Users(ctx, access.System())
	if err != nil {
		t.Fatal(err)
	}
	boss := access.Principal{UserID: users[0].ID, Role: access.Administrator}
	if err := s.cfg.Populations.Approve(ctx, boss, "hosts", 1, ""); err != nil {
		t.Fatal(err)
	}
	mine := engagementFields()
	mine["auditor"] = []string{u.ID}
	for i, f := range []url.Values{engagementFields(), mine} {
		if a := s.post("/engagements/new", f); a.status != http.StatusSeeOther {
			t.Fatalf("set up %d: %d %s", i, a.status, a.text())
		}
	}
	wrong := engagementFields()
	wrong["auditor"] = []string{boss.UserID}
	if a := s.post("/engagements/new", wrong); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.text(), "has the role administrator") {
		t.Errorf("an administrator as auditor answers %d: %s", a.status, a.text())
	}
	for _, n := range []string{"1", "2"} {
		if a := s.post("/engagements/"+n+"/requests", url.Values{"ref": {"A"}, "text": {"Security policy"}}); a.status != http.StatusSeeOther {
			t.Fatalf("ask: %d %s", a.status, a.text())
		}
	}
	s.settle()

	s.client = s.stranger()
	if r := s.post(LinkPath(link.Token), url.Values{"password": {"a few other words"}, "do": {"set"}}); r.status != http.StatusSeeOther {
		t.Fatalf("the auditor's link answers %d: %s", r.status, r.text())
	}
	if page := s.says("/engagements", "SOC 2 type 2, 2036"); strings.Contains(page.body, "/engagements/1") || !strings.Contains(page.body, "/engagements/2") {
		t.Errorf("the list shows another engagement: %s", page.text())
	}
	for _, tc := range []struct {
		path string
		form url.Values // nil: GET
		want int        // for the engagement that names them
	}{
		{"", nil, 200}, {"?show=late", nil, 200}, {"/requests.xlsx", nil, 200}, {"/requests/A", nil, 200}, {"/requests/A/judge", url.Values{"version": {"1"}, "theirs": {"received"}}, 303},
		{"/requests/A/messages", url.Values{"text": {"Which version?"}}, 303}, {"/requests", url.Values{"ref": {"B"}, "text": {"Network diagram"}}, 303}, {"/populations", url.Values{"population": {"hosts"}}, 303},
		{"/requests/A/answer", url.Values{"version": {"2"}, "ours": {"ready"}, "kind": {"document"}}, 403}, {"/requests/A/attach", url.Values{"exhibit": {"evidence E-1"}}, 404},
		{"/change", nil, 403}, {"/change", mine, 403}, {"/requests/import", url.Values{"digest": {"0"}, "name": {"x"}}, 422},
	} {
		for n, want := range map[string]int{"1": 404, "2": tc.want} {
			if tc.want == 403 {
				want = max(want, 403) // what the role may not do is refused before the engagement is looked for
				if n == "1" {
					want = 0
				}
			}
			path := "/engagements/" + n + tc.path
			a := answer{}
			if tc.form == nil {
				a = s.get(path)
			} else {
				a = s.post(path, tc.form)
			}
			if want == 0 && a.status != 403 && a.status != 404 || want != 0 && a.status != want {
				t.Errorf("%s answers %d, want %d: %.300s", path, a.status, want, a.text())
			}
		}
	}
	s.says("/engagements/2", "P-1 Hosts", "Network diagram")
	if a := s.get("/engagements/new"); a.status != 403 {
		t.Errorf("an auditor sets up an engagement: %d", a.status)
	}
	page := s.get("/engagements/2")
	at := strings.Index(page.body, "/engagements/2/populations/pex_")
	if at < 0 {
		t.Fatalf("no tie-out: %s", page.text())
	}
	tie := page.body[at : at+strings.Index(page.body[at:], `"`)]
	if a := s.get(tie); a.status != 200 {
		t.Errorf("the tie-out answers %d", a.status)
	}
	if a := s.get(strings.Replace(tie, "/2/", "/1/", 1)); a.status != 404 {
		t.Errorf("the tie-out through another engagement answers %d", a.status)
	}

	// taken off the engagement, they see nothing of it any more
	s.client = admin
	off := engagementFields()
	off.Set("version", "1")
	off.Set("state", "fieldwork")
	if a := s.post("/engagements/2/change", off); a.status != http.StatusSeeOther {
		t.Fatalf("take off: %d %s", a.status, a.text())
	}
	s.client = s.stranger()
	if r := s.post("/login", url.Values{"login": {"ines"}, "password": {"a few other words"}}); r.status != http.StatusSeeOther {
		t.Fatalf("log in: %d", r.status)
	}
	s.says("/engagements", "No engagement names you yet")
	if a := s.get("/engagements/2"); a.status != 404 {
		t.Errorf("after being taken off: %d", a.status)
	}
}
