package web

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"

	"github.com/pquerna/otp/totp"
)

var (
	secretShown = regexp.MustCompile(`id="secret"[^>]*value="([A-Z2-7 ]+)"`)
	codeShown   = regexp.MustCompile(`<li>([a-z2-7]{4}(?:-[a-z2-7]{4}){5})</li>`)
)

// app is what the phone shows now.
func (s *site) app(secret string) string {
	s.t.Helper()
	code, err := totp.GenerateCode(strings.ReplaceAll(secret, " ", ""), s.clock.Now())
	if err != nil {
		s.t.Fatal(err)
	}
	return code
}

// enrol sets up the second factor of whoever is logged in.
func (s *site) enrol() (secret string, codes []string) {
	s.t.Helper()
	a := s.post("/account/second", url.Values{"do": {"begin"}})
	m := secretShown.FindStringSubmatch(a.body)
	if m == nil || !strings.Contains(a.body, `class="qr`) {
		s.t.Fatalf("no secret: %d %s", a.status, a.text())
	}
	if wrong := s.post("/account/second", url.Values{"do": {"confirm"}, "code": {"000000"}}); wrong.status != http.StatusUnprocessableEntity || !strings.Contains(wrong.body, `id="code-problem"`) || secretShown.MatchString(wrong.body) {
		s.t.Fatalf("a wrong code answers %d: %s", wrong.status, wrong.text())
	}
	a = s.post("/account/second", url.Values{"do": {"confirm"}, "code": {s.app(m[1])}})
	for _, c := range codeShown.FindAllStringSubmatch(a.body, -1) {
		codes = append(codes, c[1])
	}
	if a.status != http.StatusOK || len(codes) != 10 {
		s.t.Fatalf("confirming answers %d: %s", a.status, a.text())
	}
	s.clock.Advance(30 * time.Second)
	return m[1], codes
}

func TestSecondFactorScreens(t *testing.T) {
	s := newSite(t)
	s.login()
	s.says("/account/second", "There is none yet")
	secret, codes := s.enrol()
	if page := s.says("/account/second", "10 recovery codes are left"); strings.Contains(page.body, codes[0]) || strings.Contains(page.body, secret) {
		t.Error("secrets are shown again")
	}
	boss := s.client

	s.client = s.stranger()
	a := s.post("/login", url.Values{"login": {"admin"}, "password": {"a few words in a row"}, "next": {"/criteria"}})
	if a.to != "/login/code?next=%2Fcriteria" {
		t.Fatalf("the password answers %d, %s", a.status, a.to)
	}
	for _, path := range []string{"/", "/criteria", "/account", "/settings/users"} {
		if b := s.get(path); !strings.HasPrefix(b.to, "/login") {
			t.Errorf("half a session opens %s: %d", path, b.status)
		}
	}
	if page := s.says("/login/code?next=%2Fcriteria", "Second factor"); !strings.Contains(page.body, `value="/criteria"`) {
		t.Error("the page forgets where its reader wanted to go")
	}
	if b := s.post("/login/code", url.Values{"code": {"123"}, "next": {"/criteria"}}); b.status != http.StatusUnauthorized || !strings.Contains(b.body, `value="/criteria"`) {
		t.Errorf("a wrong code: %d %s", b.status, b.text())
	}
	if b := s.post("/login/code", url.Values{"code": {s.app(secret)}, "next": {"//evil.example"}}); b.status != http.StatusSeeOther || b.to != "/" {
		t.Errorf("a right code: %d %s", b.status, b.to)
	}
	s.says("/criteria", "CC6.1")

	s.client = s.stranger()
	if b := s.get("/login/code"); b.to != "/login?next=%2Flogin%2Fcode" {
		t.Errorf("without a password: %d %s", b.status, b.to)
	}
	s.client = boss
	path := "/settings/users/" + s.idOf("admin")
	s.says(path, "second factor since")
	if b := s.post(path, url.Values{"do": {"second"}}); b.to != path {
		t.Errorf("removing it: %d %s", b.status, b.text())
	}
	s.says(path, "no second factor")
}

// What is asked for a quarter of an hour later goes on after the password, with
// all that was typed.
func TestProofLosesNothing(t *testing.T) {
	s := newSite(t)
	s.login()
	s.clock.Advance(16 * time.Minute)
	form := url.Values{"login": {"maeve"}, "name": {`Maeve "Em" Doyle`}, "email": {""}, "role": {"viewer"}}
	a := s.post("/settings/users", form)
	if a.status != http.StatusForbidden || !strings.Contains(a.body, `action="/settings/users"`) || !strings.Contains(a.body, `name="name" value="Maeve &#34;Em&#34; Doyle"`) {
		t.Fatalf("it answers %d: %s", a.status, a.body)
	}
	form.Set("proof-password", "wrong")
	a = s.post("/settings/users", form)
	if a.status != http.StatusForbidden || !strings.Contains(a.body, "The password is wrong.") || !strings.Contains(a.body, `name="role" value="viewer"`) || strings.Contains(a.body, `"wrong"`) {
		t.Fatalf("a wrong password: %d %s", a.status, a.body)
	}
	form.Set("proof-password", "a few words in a row")
	a = s.post("/settings/users", form)
	if a.status != http.StatusOK || shownLink(a) == "" {
		t.Fatalf("a right password: %d %s", a.status, a.text())
	}
	if u, err := s.cfg.Access.Find(t.Context(), access.System(), "maeve"); err != nil || u.Name != `Maeve "Em" Doyle` {
		t.Errorf("%+v, %v", u, err)
	}
	if a := s.post("/account/tokens", url.Values{"name": {"nightly"}, "days": {"30"}, "actions": {"read"}}); a.status != http.StatusOK {
		t.Errorf("the proof does not last: %d", a.status)
	}
	s.clock.Advance(16 * time.Minute)
	form = url.Values{"name": {"nightly"}, "days": {"30"}, "actions": {"read", "waiver.ask"}}
	if a := s.post("/account/tokens", form); strings.Count(a.body, `type="hidden" name="actions"`) != 2 {
		t.Errorf("a list is not kept: %s", a.body)
	}
}

// A role that needs a second factor opens one's own account until there is one.
func TestSecondFactorRequired(t *testing.T) {
	s := newSite(t)
	s.login()
	if a := s.post("/settings/login", url.Values{"roles": {"administrator", "auditor"}}); a.to != "/settings/login" {
		t.Fatalf("requiring it: %d %s", a.status, a.text())
	}
	for _, path := range []string{"/", "/criteria", "/settings/login"} {
		if a := s.get(path); a.to != "/account/second" {
			t.Errorf("%s: %d %s", path, a.status, a.to)
		}
	}
	s.says("/account/second", "Your role needs a second factor")
	s.enrol()
	page := s.says("/settings/login", "1 of 1 account has one")
	if !strings.Contains(page.body, `value="administrator" checked`) || !strings.Contains(page.body, `value="auditor" checked`) || strings.Contains(page.body, `value="viewer" checked`) {
		t.Error("the roles are not shown as chosen")
	}
}
