package web

import (
	"archive/zip"
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/program/evidence"
	"github.com/attesta/attesta/internal/program/instance"
)

// person adds somebody and gives their browser.
func (s *site) person(login string, role access.Role) *http.Client {
	s.t.Helper()
	u, err := s.cfg.Access.AddUser(s.t.Context(), access.System(), access.NewUser{Login: login, Name: login, Role: role})
	if err != nil {
		s.t.Fatal(err)
	}
	link, err := s.cfg.Access.LoginLink(s.t.Context(), access.System(), u.ID, access.FirstLogin)
	if err != nil {
		s.t.Fatal(err)
	}
	before := s.client
	s.client = s.stranger()
	s.post(LinkPath(link.Token), url.Values{"do": {"skip"}})
	theirs := s.client
	s.client = before
	return theirs
}

// manual gives a site on 20 January whose starter controls were approved on 18
// August, with the slug of a quarterly control and of a triggered one.
func manual(t *testing.T) (s *site, quarterly, triggered string) {
	t.Helper()
	s = newSite(t)
	s.login()
	users, err := s.cfg.Access.Users(t.Context(), access.System())
	if err != nil {
		t.Fatal(err)
	}
	admin := access.Principal{UserID: users[0].ID, Role: users[0].Role}
	if _, err := s.cfg.Controls.ApproveAll(t.Context(), admin); err != nil {
		t.Fatal(err)
	}
	program, err := s.cfg.Controls.Program(t.Context(), access.System())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range program.Controls {
		d := c.Current().Design
		switch {
		case d.Frequency == "quarterly" && quarterly == "":
			quarterly = c.Slug
		case instance.Triggered(d) && triggered == "":
			triggered = c.Slug
		}
	}
	if quarterly == "" || triggered == "" {
		t.Fatal("the starter profile lacks a quarterly or a triggered control")
	}
	s.clock.Advance(time.Date(2037, 1, 20, 9, 0, 0, 0, time.UTC).Sub(s.clock.Now()))
	s.again()
	return s, quarterly, triggered
}

// part is one part of a form; a file where it has a name.
type part struct{ name, value, file string }

func reviewOf(slug string) []part {
	return []part{{name: "control", value: slug}, {name: "cover", value: slug + "/2036-12-31"}, {name: "title", value: "Access review, fourth quarter"}, {name: "source", value: "identity provider, export of members"},
		{name: "performed", value: "2036-12-28"}, {name: "from", value: "2036-08-18"}, {name: "to", value: "2036-12-27"}, {name: "kind", value: "file"}}
}

// withParts gives the form with some fields changed; a file comes last.
func withParts(form []part, change ...part) []part {
	out := append([]part(nil), form...)
	for _, c := range change {
		found := false
		for i := range out {
			if out[i].name == c.name {
				out[i], found = c, true
			}
		}
		if !found && len(out) > 0 && out[len(out)-1].name == "file" {
			out = append(out[:len(out)-1], c, out[len(out)-1])
		} else if !found {
			out = append(out, c)
		}
	}
	return out
}

func encode(t *testing.T, form []part) (body []byte, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, p := range form {
		var err error
		if p.file != "" {
			var f io.Writer
			if f, err = w.CreateFormFile(p.name, p.file); err == nil {
				_, err = io.WriteString(f, p.value)
			}
		} else {
			err = w.WriteField(p.name, p.value)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), w.FormDataContentType()
}

func (s *site) bring(form []part) answer {
	s.t.Helper()
	body, contentType := encode(s.t, form)
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.server.URL+"/evidence", bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	return s.do(req)
}

const csv = "member,role\nu1,admin\nu2,reader\n"

// From nothing to an instance that counts: brought by one person, reviewed by
// another, seen on the control's page, taken away with its proofs.
func TestEvidenceByHand(t *testing.T) {
	s, slug, _ := manual(t)
	s.says("/evidence", "Nobody has brought evidence yet", "insufficient evidence")
	s.says("/controls/"+slug, "Instances", "missed")
	s.says("/evidence/new", "Which control does it show?")
	s.says("/evidence/new?control="+slug, "due 31 Dec 2036", "18 Aug 2036 to 31 Dec 2036, missed")
	bob := s.person("bob", access.ComplianceManager)

	a := s.bring(withParts(reviewOf(slug), part{"file", csv, `C:\exports\members.csv`}))
	if a.status != http.StatusSeeOther || a.to != "/evidence/E-1" {
		t.Fatalf("bringing a file answers %d %s: %s", a.status, a.to, a.text())
	}
	s.settle()
	sum := sha256.Sum256([]byte(csv))
	s.says("/evidence/E-1", "Access review, fourth quarter", "awaits review", "members.csv", hex.EncodeToString(sum[:]), "28 Dec 2036", "18 Aug 2036 to 27 Dec 2036", "You brought this, so another person reviews it.", "collected after the instance was due")
	s.says("/controls/"+slug, "awaits review")

	if a := s.post("/evidence/E-1/review", url.Values{"version": {"1"}, "decision": {"accepted"}}); a.status != http.StatusForbidden {
		t.Errorf("who brought it accepts it while another person could: %d", a.status)
	}
	admin := s.client
	s.client = bob
	if a := s.post("/evidence/E-1/review", url.Values{"version": {"1"}, "decision": {"sent_back"}}); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, `id="r-reason-problem"`) {
		t.Errorf("sending back without a reason answers %d: %s", a.status, a.text())
	}
	if a := s.post("/evidence/E-1/review", url.Values{"version": {"1"}, "decision": {"sent_back"}, "reason": {"The contractors are missing."}}); a.status != http.StatusSeeOther {
		t.Fatalf("sending back answers %d: %s", a.status, a.text())
	}
	s.says("/evidence?state=sent_back", "E-1", "sent back")
	s.client = admin
	s.says("/evidence/E-1", "The contractors are missing.", "Add a new version")
	if a := s.bring(withParts(reviewOf(slug), part{name: "of", value: "1"}, part{"file", csv + "u3,contractor\n", "members.csv"})); a.to != "/evidence/E-1" {
		t.Fatalf("a new version answers %d: %s", a.status, a.text())
	}
	s.says("/evidence/E-1?version=1", "A later version speaks for this evidence")
	s.client = bob
	if a := s.post("/evidence/E-1/review", url.Values{"version": {"2"}, "decision": {"accepted"}}); a.status != http.StatusSeeOther {
		t.Fatalf("accepting answers %d: %s", a.status, a.text())
	}
	s.settle()
	s.says("/evidence/E-1", "Accepted", "by bob", "version 2 of 2", "performed")
	page := s.get("/controls/" + slug).text()
	if !strings.Contains(page, "1 of 1") || strings.Contains(page, "awaits review") {
		t.Errorf("the control does not show its instance: %s", page)
	}

	content := s.get("/evidence/E-1/2/content")
	if content.body != csv+"u3,contractor\n" || content.header.Get("Content-Security-Policy") != "default-src 'none'; sandbox" || !strings.HasPrefix(content.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("the content: %q, %v", content.body, content.header)
	}
	archive := s.get("/evidence/E-1/2/package")
	z, err := zip.NewReader(strings.NewReader(archive.body), int64(len(archive.body)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name] = string(b)
	}
	var m manifest
	if err := json.Unmarshal([]byte(files["manifest.json"]), &m); err != nil {
		t.Fatal(err)
	}
	sum = sha256.Sum256([]byte(files["content/members.csv"]))
	if m.Evidence.Digest != hex.EncodeToString(sum[:]) || len(m.Proofs) != 2 || !strings.HasPrefix(files["proof-added.txt"], "c2sp.org/tlog-proof@v1") || files["proof-review-1.txt"] == "" {
		t.Errorf("the package holds %v, manifest %+v", files, m)
	}
}

// A firm of one records what stands in for a second person, or counts nothing.
func TestEvidenceAlone(t *testing.T) {
	s, slug, _ := manual(t)
	s.bring(withParts(reviewOf(slug), part{"file", csv, "members.csv"}))
	s.says("/evidence/E-1", "nobody else can review it", "What stands in for a second person")
	form := url.Values{"version": {"1"}, "decision": {"accepted"}, "reason": {"Looked at each line."}}
	if a := s.post("/evidence/E-1/review", form); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, `id="r-comp-problem"`) || !strings.Contains(a.body, "Looked at each line.") {
		t.Errorf("accepting alone without a word answers %d: %s", a.status, a.text())
	}
	form.Set("compensation", "The accountant looks at it each year in March.")
	if a := s.post("/evidence/E-1/review", form); a.status != http.StatusSeeOther {
		t.Fatalf("accepting alone answers %d: %s", a.status, a.text())
	}
	s.says("/evidence/E-1", "in place of a second person: The accountant looks at it each year in March.")
}

// Whatever is wrong is said beside its field, what was typed stays, and nothing
// is stored.
func TestEvidenceThatCannotBeTaken(t *testing.T) {
	s, slug, triggered := manual(t)
	good := withParts(reviewOf(slug), part{"file", csv, "members.csv"})
	for name, tc := range map[string]struct {
		change []part
		at     string // id of the problem
		says   string
	}{
		"no file chosen":           {[]part{{"file", "", ""}}, "e-file-problem", "No file was chosen."},
		"an empty file":            {[]part{{"file", "", "empty.csv"}}, "e-file-problem", "The file is empty."},
		"larger than is taken":     {[]part{{"file", strings.Repeat("x", 1<<20+1), "big.csv"}}, "e-file-problem", "larger than 1.0 MB"},
		"a link of another kind":   {[]part{{name: "kind", value: "link"}, {name: "address", value: "javascript:alert(1)"}}, "e-address-problem", "https"},
		"a link to a disk":         {[]part{{name: "kind", value: "link"}, {name: "address", value: "file:///etc/passwd"}}, "e-address-problem", "https"},
		"a link without a host":    {[]part{{name: "kind", value: "link"}, {name: "address", value: "https://"}}, "e-address-problem", "https"},
		"a link with a password":   {[]part{{name: "kind", value: "link"}, {name: "address", value: "https://ann:secret@wiki.example/page"}}, "e-address-problem", "password"},
		"the period back to front": {[]part{{name: "from", value: "2036-12-27"}, {name: "to", value: "2036-08-18"}}, "e-to-problem", "before"},
		"collected before done":    {[]part{{name: "collected", value: "2036-12-01"}}, "e-performed-problem", "performing comes before collecting"},
		"collected tomorrow":       {[]part{{name: "collected", value: "2037-01-21"}}, "e-collected-problem", "has not come yet"},
		"performed tomorrow":       {[]part{{name: "performed", value: "2037-01-21"}}, "e-performed-problem", "performing comes before collecting"},
		"no date":                  {[]part{{name: "performed", value: "31.12.2036"}}, "e-performed-problem", "“31.12.2036” is no date"},
		"older than its instance":  {[]part{{name: "performed", value: "2036-08-01"}, {name: "from", value: "2036-07-01"}, {name: "to", value: "2036-07-31"}}, "e-performed-problem", "before instance 2036-12-31"},
		"no instance":              {[]part{{name: "cover", value: triggered + "/2036-12-31"}}, "", "no instance"},
		"no title":                 {[]part{{name: "title", value: " "}}, "e-title-problem", "title"},
	} {
		a := s.bring(withParts(good, tc.change...))
		text := strings.ReplaceAll(a.text(), `"31.12.2036"`, "“31.12.2036”")
		if a.status != http.StatusUnprocessableEntity || !strings.Contains(strings.ToLower(text), strings.ToLower(tc.says)) {
			t.Errorf("%s answers %d: %s", name, a.status, text)
			continue
		}
		if tc.at != "" && !strings.Contains(a.body, `id="`+tc.at+`"`) {
			t.Errorf("%s: nothing is said at %s: %s", name, tc.at, text)
		}
		if !strings.Contains(a.body, "identity provider, export of members") {
			t.Errorf("%s: what was typed is gone", name)
		}
	}
	s.nothingStored()
}

// Another control is added to the form without losing what was typed, and
// without anything being kept yet.
func TestEvidenceOfTwoControls(t *testing.T) {
	s, slug, triggered := manual(t)
	form := withParts(reviewOf(slug), part{name: "go", value: "control"})
	form = append(form, part{name: "control", value: triggered}, part{"file", csv, "members.csv"})
	a := s.bring(form)
	if a.status != http.StatusOK || !strings.Contains(a.body, `value="Access review, fourth quarter"`) || !strings.Contains(a.body, `name="control" value="`+triggered+`"`) || !strings.Contains(a.body, `value="`+slug+`/2036-12-31" checked`) {
		t.Errorf("choosing a second control answers %d: %s", a.status, a.text())
	}
	s.nothingStored()
}

// A form cut off in the middle of the file, in the middle of a field, or right
// after the file's last byte leaves nothing; the answer says so.
func TestHalfAnUpload(t *testing.T) {
	s, slug, _ := manual(t)
	body, contentType := encode(t, withParts(reviewOf(slug), part{"file", strings.Repeat("line\n", 50_000), "members.csv"}))
	u, err := url.Parse(s.server.URL)
	if err != nil {
		t.Fatal(err)
	}
	for name, keep := range map[string]int{"in a field": 300, "in the file": len(body) / 2, "before the end is told": len(body) - 20} {
		conn, err := net.Dial("tcp", u.Host)
		if err != nil {
			t.Fatal(err)
		}
		req, err := http.NewRequest(http.MethodPost, s.server.URL+"/evidence", nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range s.client.Jar.Cookies(u) {
			req.AddCookie(c)
		}
		head := fmt.Sprintf("POST /evidence HTTP/1.1\r\nHost: %s\r\nCookie: %s\r\nSec-Fetch-Site: same-origin\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n", u.Host, req.Header.Get("Cookie"), contentType, len(body))
		if _, err := conn.Write(append([]byte(head), body[:keep]...)); err != nil {
			t.Fatal(err)
		}
		if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		// whoever cut the line only half, as a proxy does, is told
		resp, err := http.ReadResponse(bufio.NewReader(conn), req)
		if err != nil {
			t.Fatalf("%s: no answer: %v", name, err)
		}
		b, err := io.ReadAll(resp.Body)
		conn.Close()
		if text := (answer{body: string(b)}).text(); err != nil || (resp.StatusCode != http.StatusBadRequest && resp.StatusCode != http.StatusUnprocessableEntity) || !strings.Contains(text, "The upload ended before") || !strings.Contains(text, "othing was stored") {
			t.Errorf("%s answers %d, %v: %s", name, resp.StatusCode, err, text)
		}
	}
	s.nothingStored()
}

// What follows the file would be dropped in silence, so it is refused.
func TestFieldAfterTheFile(t *testing.T) {
	s, slug, _ := manual(t)
	if a := s.bring(append(withParts(reviewOf(slug), part{"file", csv, "members.csv"}), part{name: "collected", value: "2037-01-02"})); a.status != http.StatusConflict || !strings.Contains(a.text(), "after the file") {
		t.Errorf("a field after the file answers %d: %s", a.status, a.text())
	}
	s.nothingStored()
}

// nothingStored holds that neither a row nor a file came of it.
func (s *site) nothingStored() {
	s.t.Helper()
	list, _, err := s.cfg.Evidence.List(s.t.Context(), access.System(), evidence.Filter{})
	if err != nil || len(list) != 0 {
		s.t.Errorf("%d items were stored, %v", len(list), err)
	}
	if files := s.files(); len(files) != 0 {
		s.t.Errorf("files were left: %v", files)
	}
}

// What set a control off makes an instance that evidence can show.
func TestTriggeredInstance(t *testing.T) {
	s, _, slug := manual(t)
	s.says("/controls/"+slug, "Nothing is recorded to have set it off, and the quarter to 31 Dec 2036 was not counted", "Record what set it off")
	form := url.Values{"do": {"triggered"}, "what": {"change CHG-7"}, "occurred": {"2037-02-01"}}
	if a := s.post("/controls/"+slug+"/instances", form); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, `id="i-occurred-problem"`) || !strings.Contains(a.body, "change CHG-7") {
		t.Errorf("a day to come answers %d: %s", a.status, a.text())
	}
	form.Set("occurred", "2037-01-12")
	if a := s.post("/controls/"+slug+"/instances", form); a.status != http.StatusSeeOther {
		t.Fatalf("recording answers %d: %s", a.status, a.text())
	}
	s.says("/controls/"+slug, "change CHG-7")
	s.says("/evidence/new?control="+slug, "change CHG-7")
}

// A waiver is no performance: the instance stays a deviation.
func TestWaiveAnInstance(t *testing.T) {
	s, slug, _ := manual(t)
	form := url.Values{"do": {"waived"}, "instance": {"2036-12-31"}}
	if a := s.post("/controls/"+slug+"/instances", form); a.status != http.StatusUnprocessableEntity || !strings.Contains(strings.ToLower(a.text()), "why") {
		t.Errorf("a waiver without a reason answers %d: %s", a.status, a.text())
	}
	form.Set("reason", "The tool was replaced in September; access was frozen.")
	if a := s.post("/controls/"+slug+"/instances", form); a.status != http.StatusSeeOther {
		t.Fatalf("a waiver answers %d: %s", a.status, a.text())
	}
	s.says("/controls/"+slug, "waived", "Take the waiver back", "0 of 1")
}

// The list reads on from a number, and its filters stay.
func TestEvidencePages(t *testing.T) {
	s, slug, _ := manual(t)
	for i := range pageSize + 1 {
		a := s.bring(withParts(reviewOf(slug), part{name: "title", value: fmt.Sprintf("Review %d", i)}, part{"file", fmt.Sprint("run ", i), "run.txt"}))
		if a.status != http.StatusSeeOther {
			t.Fatalf("item %d: %d %s", i, a.status, a.text())
		}
	}
	a := s.get("/evidence?state=waiting&control=" + slug)
	next := fmt.Sprintf("/evidence?before=E-2&amp;control=%s&amp;state=waiting", slug)
	if !strings.Contains(a.body, next) {
		t.Fatalf("no way on to %s: %s", next, a.text())
	}
	s.says(strings.ReplaceAll(next, "&amp;", "&"), "Review 0", "1 item of evidence shown")
	s.says("/evidence?q=review+0", "E-1", "1 item of evidence shown")
	s.says("/evidence?state=accepted", "No evidence matches.")
	if a := s.get("/evidence?state=golden"); a.status != http.StatusUnprocessableEntity && a.status != http.StatusBadRequest {
		t.Errorf("an unknown state answers %d", a.status)
	}
}

// files gives the names of all files in the store, unfinished ones too.
func (s *site) files() []string {
	s.t.Helper()
	var out []string
	err := filepath.WalkDir(s.stored, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			out = append(out, path)
		}
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}
