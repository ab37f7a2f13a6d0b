package web

import (
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access/passkey/passkeytest"
)

var optionsShown = regexp.MustCompile(`data-options="([^"]+)"`)

// toAsk is what the page's script reads.
type toAsk struct {
	Word    string          `json:"word"`
	Options json.RawMessage `json:"options"`
	Problem string          `json:"problem"`
}

func (s *site) ask(path string) toAsk {
	s.t.Helper()
	var a toAsk
	if got := s.post(path, nil); json.Unmarshal([]byte(got.body), &a) != nil {
		s.t.Fatalf("%s answers %d: %s", path, got.status, got.body)
	}
	return a
}

// addPasskey does on the account page what its buttons and script do.
func (s *site) addPasskey(d *passkeytest.Device, more url.Values) answer {
	s.t.Helper()
	form := url.Values{"do": {"begin"}, "name": {"work laptop"}}
	for k, v := range more {
		form[k] = v
	}
	page := s.post("/account/passkeys", form)
	m := optionsShown.FindStringSubmatch(page.body)
	if m == nil {
		return page
	}
	var a toAsk
	if err := json.Unmarshal([]byte(html.UnescapeString(m[1])), &a); err != nil {
		s.t.Fatal(err)
	}
	return s.post("/account/passkeys", url.Values{"do": {"add"}, "passkey-word": {a.Word}, "passkey-answer": {d.Create(s.t, []byte(a.Options))}})
}

func TestPasskeyScreens(t *testing.T) {
	s := newSite(t)
	s.login()
	d := passkeytest.New(t, "http://localhost:7373", "localhost")
	s.says("/account", "There is none yet")
	if a := s.post("/account/passkeys", url.Values{"do": {"begin"}, "name": {""}}); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, `id="passkey-name-problem"`) {
		t.Errorf("without a name: %d %s", a.status, a.text())
	}
	if a := s.post("/account/passkeys", url.Values{"do": {"add"}, "passkey-word": {"x"}, "passkey-answer": {"{}"}}); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, "came too late") {
		t.Errorf("an answer to nothing: %d %s", a.status, a.text())
	}
	if a := s.addPasskey(d, nil); a.to != "/account" {
		t.Fatalf("adding it answers %d: %s", a.status, a.text())
	}
	s.says("/account", "work laptop")

	// alone it lets its owner in
	s.client = s.stranger()
	if page := s.get("/login"); !strings.Contains(page.body, `data-ask="/login/passkey/ask"`) || strings.Contains(page.body, "<script>") {
		t.Error("the login page does not offer it")
	}
	a := s.ask("/login/passkey/ask")
	in := s.post("/login/passkey", url.Values{"passkey-word": {a.Word}, "passkey-answer": {d.Get(t, []byte(a.Options))}, "next": {"/criteria"}})
	if in.to != "/criteria" {
		t.Fatalf("logging in answers %d: %s", in.status, in.text())
	}
	s.says("/account", "by passkey")

	// once more, a quarter of an hour later, in place of the password
	s.clock.Advance(16 * time.Minute)
	form := url.Values{"login": {"maeve"}, "name": {"Maeve Doyle"}, "email": {""}, "role": {"viewer"}}
	if page := s.post("/settings/users", form); page.status != http.StatusForbidden || !strings.Contains(page.body, `data-ask="/account/passkeys/ask"`) || !strings.Contains(page.body, `name="proof-word"`) || strings.Count(page.body, `name="login" value="maeve"`) != 2 {
		t.Fatalf("it answers %d: %s", page.status, page.body)
	}
	a = s.ask("/account/passkeys/ask")
	wrong := d.Copy()
	wrong.Verified = false
	form.Set("proof-word", a.Word)
	form.Set("proof-answer", wrong.Get(t, []byte(a.Options)))
	if page := s.post("/settings/users", form); page.status != http.StatusForbidden || !strings.Contains(page.body, "What you showed is wrong") || strings.Contains(page.body, "clientDataJSON") {
		t.Fatalf("an owner who was not verified: %d %s", page.status, page.text())
	}
	a = s.ask("/account/passkeys/ask")
	form.Set("proof-word", a.Word)
	form.Set("proof-answer", d.Get(t, []byte(a.Options)))
	if page := s.post("/settings/users", form); page.status != http.StatusOK || shownLink(page) == "" {
		t.Fatalf("with it: %d %s", page.status, page.text())
	}

	// the password asks for it as well
	s.client = s.stranger()
	if b := s.post("/login", url.Values{"login": {"admin"}, "password": {"a few words in a row"}}); !strings.HasPrefix(b.to, "/login/code") {
		t.Fatalf("the password alone answers %d %s", b.status, b.to)
	}
	if page := s.says("/login/code?next=%2F", "Now show your passkey"); strings.Contains(page.body, `id="code"`) {
		t.Error("it asks for a code of an app that is not there")
	}
	a = s.ask("/login/code/ask")
	if b := s.post("/login/code", url.Values{"passkey-word": {"other"}, "passkey-answer": {d.Get(t, []byte(a.Options))}}); b.status != http.StatusUnauthorized {
		t.Errorf("an answer to nothing: %d %s", b.status, b.to)
	}
	if b := s.post("/login/code", url.Values{"passkey-word": {a.Word}, "passkey-answer": {d.Get(t, []byte(a.Options))}, "next": {"/ledger"}}); b.to != "/ledger" {
		t.Fatalf("with it: %d %s", b.status, b.text())
	}
	path := "/settings/users/" + s.idOf("admin")
	s.says(path, "passkey since")
	if b := s.post(path, url.Values{"do": {"second"}}); b.to != path {
		t.Errorf("removing it: %d %s", b.status, b.text())
	}
	s.says("/account", "There is none yet")
}

// Adding and removing ask who is there, and go on afterwards.
func TestPasskeysAskForProof(t *testing.T) {
	s := newSite(t)
	s.login()
	d := passkeytest.New(t, "http://localhost:7373", "localhost")
	s.clock.Advance(16 * time.Minute)
	if a := s.addPasskey(d, nil); a.status != http.StatusForbidden || !strings.Contains(a.body, `name="name" value="work laptop"`) {
		t.Fatalf("without proof: %d %s", a.status, a.text())
	}
	if a := s.addPasskey(d, url.Values{"proof-password": {"a few words in a row"}}); a.to != "/account" {
		t.Fatalf("with it: %d %s", a.status, a.text())
	}
	m := regexp.MustCompile(`name="passkey" value="(pky_[^"]+)"`).FindStringSubmatch(s.get("/account").body)
	if m == nil {
		t.Fatal("it is not listed")
	}
	s.clock.Advance(16 * time.Minute)
	form := url.Values{"do": {"remove"}, "passkey": {m[1]}}
	if a := s.post("/account/passkeys", form); a.status != http.StatusForbidden {
		t.Fatalf("removing without proof: %d %s", a.status, a.text())
	}
	form.Set("proof-password", "a few words in a row")
	if a := s.post("/account/passkeys", form); a.to != "/account" {
		t.Fatalf("removing with it: %d %s", a.status, a.text())
	}
	if a := s.post("/account/passkeys", url.Values{"do": {"dance"}}); a.status != http.StatusUnprocessableEntity && a.status != http.StatusBadRequest {
		t.Errorf("nothing that is done: %d", a.status)
	}
}

// Strangers are answered the same whoever they ask for, and a frame of another
// site is not answered at all.
func TestStrangersAndPasskeys(t *testing.T) {
	s := newSite(t)
	s.login()
	s.client = s.stranger()
	d := passkeytest.New(t, "http://localhost:7373", "localhost")
	d.User = []byte("usr_nobody")
	a := s.ask("/login/passkey/ask")
	if b := s.post("/login/passkey", url.Values{"passkey-word": {a.Word}, "passkey-answer": {d.Get(t, []byte(a.Options))}}); b.status != http.StatusUnauthorized || !strings.Contains(b.body, "This opens nothing.") {
		t.Errorf("an unknown passkey: %d %s", b.status, b.text())
	}
	for _, answer := range []string{"", "{}", "null", "\xff", strings.Repeat("[", 10000)} {
		a := s.ask("/login/passkey/ask")
		if b := s.post("/login/passkey", url.Values{"passkey-word": {a.Word}, "passkey-answer": {answer}}); b.status != http.StatusUnauthorized {
			t.Errorf("%.20q: %d", answer, b.status)
		}
	}
	if a := s.ask("/login/code/ask"); a.Problem == "" || a.Word != "" {
		t.Errorf("without a password there is %+v", a)
	}
	if b := s.post("/account/passkeys/ask", nil); b.to != "/login" {
		t.Errorf("a stranger proves: %d %s", b.status, b.to)
	}
}

// Whoever has only passkeys has recovery codes for the day on which the device
// is lost; they end with the last passkey.
func TestRecoveryCodesOfPasskeys(t *testing.T) {
	s := newSite(t)
	s.login()
	if a := s.post("/account/second", url.Values{"do": {"codes"}}); a.status != http.StatusConflict {
		t.Errorf("codes without a second factor: %d %s", a.status, a.text())
	}
	d := passkeytest.New(t, "http://localhost:7373", "localhost")
	if a := s.addPasskey(d, nil); a.to != "/account" {
		t.Fatalf("add: %d %s", a.status, a.text())
	}
	s.says("/account/second", "Recovery codes for your passkeys", "0 recovery codes are left")
	made := codeShown.FindAllStringSubmatch(s.post("/account/second", url.Values{"do": {"codes"}}).body, -1)
	if len(made) != 10 {
		t.Fatalf("%d codes are shown", len(made))
	}
	in := s.client
	s.client = s.stranger()
	if a := s.post("/login", url.Values{"login": {"admin"}, "password": {"a few words in a row"}}); !strings.HasPrefix(a.to, "/login/code") {
		t.Fatalf("the password alone leads to %s", a.to)
	}
	s.says("/login/code", "Show your passkey, or type one of your recovery codes")
	if a := s.post("/login/code", url.Values{"code": {made[0][1]}}); a.to != "/" {
		t.Fatalf("a recovery code: %d %s", a.status, a.text())
	}
	s.says("/account/second", "9 recovery codes are left")
	s.clock.Advance(20 * time.Minute) // it shows who is there as well, once each
	stepUp := url.Values{"do": {"codes"}, "proof-code": {made[0][1]}}
	if a := s.post("/account/second", stepUp); a.status != http.StatusForbidden || !strings.Contains(a.text(), "Or a recovery code") {
		t.Errorf("a code twice: %d %s", a.status, a.text())
	}
	stepUp.Set("proof-code", made[1][1])
	fresh := codeShown.FindAllStringSubmatch(s.post("/account/second", stepUp).body, -1)
	if len(fresh) != 10 || fresh[0][1] == made[0][1] {
		t.Errorf("new codes: %v", fresh)
	}
	s.client = in
	page := s.get("/account")
	m := regexp.MustCompile(`name="passkey" value="(psk_[^"]+|[^"]+)"`).FindStringSubmatch(page.body)
	if m == nil {
		t.Fatalf("no passkey on the page: %s", page.text())
	}
	if a := s.post("/account/passkeys", url.Values{"do": {"remove"}, "passkey": {m[1]}, "proof-password": {"a few words in a row"}}); a.to != "/account" {
		t.Fatalf("remove: %d %s", a.status, a.text())
	}
	var left int
	if err := s.db.Reader().QueryRowContext(t.Context(), `SELECT COUNT(*) FROM access_recovery`).Scan(&left); err != nil || left != 0 {
		t.Errorf("%d codes are left without a passkey, %v", left, err)
	}
}
