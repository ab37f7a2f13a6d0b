package web

import (
	"archive/zip"
	"bytes"
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/program/policy"
	"github.com/attesta/attesta/packs"
)

var hiddenDigest = regexp.MustCompile(`name="digest" value="([0-9a-f]{64})"`)

var templates = sync.OnceValues(func() (*policy.Book, error) {
	dir, err := packs.Open(packs.Policies()[0])
	if err != nil {
		return nil, err
	}
	return policy.Load(dir)
})

// policyService is the service of policies, over the shipped templates.
func policyService(t *testing.T, db *database.DB, log *ledger.Log, acc *access.Service, now clock.Clock) *policy.Service {
	t.Helper()
	book, err := templates()
	if err != nil {
		t.Fatal(err)
	}
	return policy.New(policy.Config{DB: db, Ledger: log, Clock: now, Book: book, Tenures: acc.Tenures, Provers: func(context.Context) (controls, checks map[string]bool, err error) {
		controls, checks = map[string]bool{}, map[string]bool{}
		for _, tpl := range book.Templates {
			for _, st := range tpl.Statements() {
				for _, name := range st.Controls {
					controls[name] = true
				}
				for _, name := range st.Checks {
					checks[name] = true
				}
			}
		}
		return controls, checks, nil
	}})
}

// From an empty list to a policy that an employee read, by forms alone.
func TestPolicyScreens(t *testing.T) {
	s := newSite(t)
	s.login()
	contains := func(a answer, status int, want ...string) {
		t.Helper()
		if a.status != status {
			t.Fatalf("%d, want %d: %s", a.status, status, a.body)
		}
		for _, w := range want {
			if !strings.Contains(a.body, w) {
				t.Errorf("the page does not say %q", w)
			}
		}
	}
	contains(s.get("/policies"), http.StatusOK, "There are no policies yet", "Choose a template")
	contains(s.get("/policies/new"), http.StatusOK, "Access control policy", "not used")
	contains(s.get("/policies/new?template=access-control"), http.StatusOK, "Your organisation", "Hours after the last working day")
	form := url.Values{"template": {"access-control"}, "do": {"adopt"}, "fill.leaver_hours": {"a day"}, "fill.organisation": {"Harbour"}}
	contains(s.post("/policies", form), http.StatusUnprocessableEntity, "Nothing was saved: 1 value cannot stand in the text.", "is no whole number", `value="Harbour"`)
	form.Set("fill.leaver_hours", "12")
	if a := s.post("/policies", form); a.status != http.StatusSeeOther || a.to != "/policies/access-control" {
		t.Fatalf("adopted: %d %s %s", a.status, a.to, a.body)
	}
	contains(s.get("/policies/access-control"), http.StatusOK, "What shows that it is done", "within 12 hours", "Submit version 1 for approval", "nobody is bound by it yet")
	act := func(where, do string, more ...string) answer {
		f := url.Values{"version": {"1"}, "do": {do}}
		for i := 0; i+1 < len(more); i += 2 {
			f.Set(more[i], more[i+1])
		}
		return s.post("/policies/access-control/"+where, f)
	}
	contains(act("step", "submit"), http.StatusSeeOther)
	admin := s.client
	s.as("ann", access.ComplianceManager)
	contains(s.get("/policies"), http.StatusOK, "waits for approval")
	contains(act("decide", "send_back", "note", "no"), http.StatusUnprocessableEntity, "what has to change")
	contains(act("decide", "approve"), http.StatusSeeOther)
	contains(act("step", "publish"), http.StatusSeeOther)
	s.as("eve", access.Training)
	contains(s.get("/policies"), http.StatusForbidden)
	contains(s.get("/my/policies"), http.StatusOK, "1 policy waits for you", "/my/policies/access-control")
	page := s.get("/my/policies/access-control")
	contains(page, http.StatusOK, "A few questions")
	if strings.Contains(page.body, "{proof:") {
		t.Error("a reader sees the marks of proofs")
	}
	digest := hiddenDigest.FindStringSubmatch(page.body)
	if digest == nil {
		t.Fatal("the form holds no digest")
	}
	questions := strings.Count(page.body, "<legend>")
	tpl, err := s.policies.Book().Get("access-control")
	if err != nil || questions != len(tpl.Questions) {
		t.Fatalf("%d questions are asked, %v", questions, err)
	}
	answers := url.Values{"digest": {digest[1]}}
	contains(s.post("/my/policies/access-control", answers), http.StatusUnprocessableEntity, "not answered yet")
	for i, q := range tpl.Questions {
		answers.Set("answer"+string(rune('1'+i)), string(rune('0'+q.Right)))
	}
	right := answers.Get("answer1")
	answers.Set("answer1", string(rune('1'+tpl.Questions[0].Right%len(tpl.Questions[0].Answers))))
	contains(s.post("/my/policies/access-control", answers), http.StatusUnprocessableEntity, "Not quite.", "1 question was answered wrong")
	answers.Set("answer1", right)
	contains(s.post("/my/policies/access-control", answers), http.StatusSeeOther)
	contains(s.get("/my/policies"), http.StatusOK, "You have acknowledged all of your policies")

	s.client = admin
	a := s.post("/export/policies", url.Values{"format": {"csv"}, "address": {"/policies"}})
	contains(a, http.StatusOK, "Access control policy", "review_due")
	if a := s.says("/policies"); !strings.Contains(a.body, `action="/export/policies"`) {
		t.Error("the list offers no files")
	}
	contains(s.get("/policies/access-control"), http.StatusOK, "Who has acknowledged it", "Quinn eve", "1 of 3")
	contains(s.get("/policies/access-control/print"), http.StatusOK, "Digest of the text")
	edit := url.Values{"base": {"1"}, "title": {"Access control policy"}, "owner": {"head of engineering"}, "days": {"30"}, "review_months": {"12"}, "roles": {"administrator"}, "note": {"shorter"}, "material": {"no"},
		"text": {"# Access\n\n1. Access is reviewed. {proof: no-such-control}\n<script>alert(1)</script>\n"}, "do": {"preview"}}
	preview := s.post("/policies/access-control/edit", edit)
	contains(preview, http.StatusOK, "Preview", "Access is reviewed.")
	if strings.Contains(preview.body, "<script>alert") {
		t.Error("a text's script comes through")
	}
	edit.Set("do", "save")
	contains(s.post("/policies/access-control/edit", edit), http.StatusUnprocessableEntity, "there is no control", "shorter")
	edit.Set("text", "# Access\n\n1. Access is reviewed each month.\n")
	contains(s.post("/policies/access-control/edit", edit), http.StatusSeeOther)
	contains(s.get("/policies/access-control/diff?from=1&to=2"), http.StatusOK, "<ins>", "<del>")
	contains(s.get("/policies?state=golden"), http.StatusUnprocessableEntity)
	contains(s.get("/policies?state=draft"), http.StatusOK, "No policy matches")
}

// A document in Word becomes a text that its owner sees before it is kept.
func TestImportPolicy(t *testing.T) {
	s := newSite(t)
	s.login()
	docx := func(body, more string) string {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for _, f := range [][2]string{{"[Content_Types].xml", "<Types/>"}, {"word/document.xml", "<w:document><w:body>" + body + "</w:body></w:document>"},
			{"word/styles.xml", `<w:styles><w:style w:styleId="H"><w:name w:val="heading 1"/></w:style></w:styles>`}, {more, "x"}} {
			w, err := z.Create(f[0])
			if err == nil {
				_, err = w.Write([]byte(f[1]))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	long := strings.Repeat("<w:p><w:r><w:t>Doors are locked at night, and whoever leaves last looks at the windows too.</w:t></w:r></w:p>", 1500)
	body := `<w:p><w:pPr><w:pStyle w:val="H"/></w:pPr><w:r><w:t>Doors and windows</w:t></w:r></w:p><w:p><w:r><w:drawing/><w:t>Keys are counted.</w:t></w:r></w:p>`
	a := s.upload("/policies/import", "doors.docx", []byte(docx(body, "docProps/app.xml")))
	for _, want := range []string{`value="Doors and windows"`, "Keys are counted.", "What stayed behind: 1 picture.", `name="origin" value="import`} {
		if a.status != http.StatusOK || !strings.Contains(a.body, want) {
			t.Errorf("%d, without %q: %s", a.status, want, a.text())
		}
	}
	if a := s.upload("/policies/import", "long.docx", []byte(docx(body+long, "docProps/app.xml"))); a.status != http.StatusOK {
		t.Errorf("a long document: %d %s", a.status, a.text())
	}
	for name, c := range map[string]struct{ content, want string }{
		"macro.docm": {docx(body, "word/vbaProject.bin"), "holds macros"},
		"old.doc":    {"\xd0\xcf\x11\xe0", "old kind"},
		"scan.pdf":   {"%PDF-1.7", "no text to change"},
		"table.xlsx": {"x", "is no Word document, Markdown or text"},
		"latin.txt":  {"\xe4", "UTF-8"},
	} {
		a := s.upload("/policies/import", name, []byte(c.content))
		if a.status != http.StatusUnprocessableEntity || !strings.Contains(a.text(), c.want) {
			t.Errorf("%s: %d %s", name, a.status, a.text())
		}
	}
}
