package web

import (
	"bufio"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
)

// startSAML starts the provider of e2e that speaks SAML, of programs that nobody
// here wrote: pysaml2 and xmlsec1. It gives the address of its metadata.
func startSAML(t *testing.T, sp string, more ...string) string {
	t.Helper()
	const python = "/usr/bin/python3"
	if err := exec.Command(python, "-c", "import saml2").Run(); err != nil {
		t.Skip("NOT RUN: pysaml2 is not installed (Debian's python3-pysaml2)")
	}
	for _, program := range []string{"xmlsec1", "openssl"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("NOT RUN: %s is not installed", program)
		}
	}
	file := filepath.Join(t.TempDir(), "sp.xml")
	if err := os.WriteFile(file, []byte(sp), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, append([]string{"saml-provider.py", "--sp", file}, more...)...)
	cmd.Dir, cmd.Stderr = "../../e2e", os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("the provider ended with %v", err)
		}
	})
	var said struct{ Metadata string }
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil || json.Unmarshal(line, &said) != nil || said.Metadata == "" {
		t.Fatalf("the provider says %q, %v", line, err)
	}
	return said.Metadata
}

var samlFields = regexp.MustCompile(`name="(SAMLResponse|RelayState)" value="([^"]*)"`)

// atSAML is a browser at the provider: it fills in the form where there is one,
// and gives what the provider's page sends back.
func atSAML(t *testing.T, c *http.Client, to, login, password string) url.Values {
	t.Helper()
	read := func(resp *http.Response, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		page, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%s answers %d %v:\n%s", to, resp.StatusCode, err, page)
		}
		return string(page)
	}
	page := read(c.Get(to))
	if !strings.Contains(page, "SAMLResponse") {
		if login == "" {
			t.Fatalf("the provider asks who it is:\n%s", page)
		}
		page = read(c.PostForm(to, url.Values{"login": {login}, "password": {password}}))
	} else if login != "" {
		t.Fatal("the provider does not ask who it is")
	}
	form := url.Values{}
	for _, m := range samlFields.FindAllStringSubmatch(page, -1) {
		form.Set(m[1], html.UnescapeString(m[2]))
	}
	if form.Get("SAMLResponse") == "" {
		t.Fatalf("the provider sends nothing back:\n%s", page)
	}
	return form
}

// landed brings what the provider's page sends, over the landing, as a browser does.
func (s *site) landed(form url.Values) answer {
	s.t.Helper()
	a := s.post("/login/saml/acs", form, "Sec-Fetch-Site", "cross-site", "Origin", "http://127.0.0.1:1")
	if a.status != http.StatusOK {
		s.t.Fatalf("the landing: %d %s", a.status, a.text())
	}
	on := url.Values{}
	for _, m := range samlFields.FindAllStringSubmatch(a.body, -1) {
		on.Set(m[1], html.UnescapeString(m[2]))
	}
	return s.post("/login/saml/return", on)
}

// TestRealSAML goes the whole way with a provider of others: the metadata read
// from its address, login, the trial, the step-up, its next certificate, the
// session's end, leaving; and once more with everything encrypted.
func TestRealSAML(t *testing.T) {
	for _, how := range []string{"", "--encrypt"} {
		t.Run("provider"+how, func(t *testing.T) {
			s := newSite(t)
			s.clock.Advance(time.Since(s.clock.Now())) // the provider's clock is this machine's
			s.login()
			admin := s.client
			maeve, err := s.cfg.Access.AddUser(t.Context(), access.System(), access.NewUser{Login: "maeve", Name: "maeve", Email: "maeve@example.org", Role: access.ComplianceManager})
			if err != nil {
				t.Fatal(err)
			}
			if a := s.post("/settings/login/saml", url.Values{"do": {"key"}}); a.to != "/settings/login" {
				t.Fatalf("make a key: %d %s", a.status, a.text())
			}
			var more []string
			if how != "" {
				more = append(more, how)
			}
			metadata := startSAML(t, s.get("/login/saml/metadata").body, more...)
			s.clock.Advance(time.Since(s.clock.Now())) // its certificates are of this moment
			if a := s.post("/settings/login/saml", samlSettings(url.Values{"address": {metadata}})); a.to != "/settings/login" {
				t.Fatalf("set: %d %s", a.status, a.text())
			}
			there := func() *http.Client {
				jar, err := cookiejar.New(nil)
				if err != nil {
					t.Fatal(err)
				}
				return &http.Client{Jar: jar}
			}
			hers := there()
			const password = "maeves password there"

			// The trial opens nothing, and says what came.
			page := s.post("/settings/login/try", url.Values{"way": {"saml"}})
			m := regexp.MustCompile(`href="(http://127[^"]+)"`).FindStringSubmatch(page.body)
			if m == nil {
				t.Fatalf("no way to the provider: %d %s", page.status, page.text())
			}
			a := s.landed(atSAML(t, hers, html.UnescapeString(m[1]), "maeve", password))
			for _, want := range []string{"It works. A login would open the account maeve", "00u1", "maeve@example.org", "Maeve Doyle", "Nothing was opened or changed"} {
				if !strings.Contains(a.text(), want) {
					t.Errorf("the trial does not say %q: %d %s", want, a.status, a.text())
				}
			}

			s.client = s.stranger()
			form := atSAML(t, there(), s.get("/login/saml?next="+url.QueryEscape("/controls")).to, "maeve", password)
			if a = s.landed(form); a.to != "/controls" {
				t.Fatalf("back from the provider: %d to %q: %s", a.status, a.to, a.text())
			}
			s.says("/account", "logs in as maeve", "by identity provider", "Your login there opens this account")
			maeves := s.client
			if a := s.landed(form); a.status != http.StatusForbidden && a.status != http.StatusUnauthorized {
				t.Errorf("the same answer twice: %d %s", a.status, a.text())
			}
			sessions, err := s.cfg.Access.Sessions(t.Context(), access.System(), maeve.ID)
			if err != nil || len(sessions) != 1 {
				t.Fatalf("%d sessions, %v", len(sessions), err)
			}

			// Logged in at the provider already: no form.
			s.client = s.stranger()
			if a = s.landed(atSAML(t, hers, s.get("/login/saml").to, "", "")); a.to != "/" {
				t.Fatalf("the second login: %d %s", a.status, a.text())
			}

			// The step-up asks anew, though the provider still knows her.
			s.clock.Advance(20 * time.Minute)
			token := url.Values{"do": {"make"}, "name": {"ci"}, "days": {"30"}, "actions": {"settings.read"}}
			if a = s.post("/account/tokens", token); a.status != http.StatusForbidden || !strings.Contains(a.text(), "You came in with Shibboleth") {
				t.Fatalf("no proof is asked for: %d %s", a.status, a.text())
			}
			s.clock.Advance(-20 * time.Minute) // what the provider says is of the machine's clock
			if a = s.landed(atSAML(t, hers, s.get("/login/saml?for=proof&next=/account").to, "maeve", password)); a.to != "/account" {
				t.Fatalf("the proof: %d %s", a.status, a.text())
			}
			s.says("/account", "Go back to the tab that asked for it")

			// The provider signs with its next certificate, which its metadata had all along.
			resp, err := http.Post(strings.TrimSuffix(metadata, "/metadata")+"/rotate", "text/plain", nil)
			if err != nil || resp.Body.Close() != nil || resp.StatusCode != http.StatusOK {
				t.Fatalf("rotate: %v", err)
			}
			s.client = s.stranger()
			if a = s.landed(atSAML(t, hers, s.get("/login/saml").to, "", "")); a.to != "/" {
				t.Fatalf("signed with the next certificate: %d %s", a.status, a.text())
			}

			// Whom Attesta does not know is told so.
			s.client = s.stranger()
			if a = s.landed(atSAML(t, there(), s.get("/login/saml").to, "aoife", "aoifes password there")); a.status != http.StatusUnauthorized || !strings.Contains(a.text(), "of this domain") {
				t.Fatalf("aoife: %d %s", a.status, a.text())
			}

			// The provider's session lasts two hours, and ours no longer, awake as it is.
			s.client = maeves
			for range 7 {
				s.clock.Advance(17 * time.Minute)
				if a = s.get("/account"); a.status != http.StatusOK {
					t.Fatalf("awake: %d to %q", a.status, a.to)
				}
			}
			s.clock.Advance(2 * time.Minute)
			if a = s.get("/account"); !strings.HasPrefix(a.to, "/login") {
				t.Errorf("after the provider's session: %d to %q", a.status, a.to)
			}
			s.clock.Advance(-2*time.Hour - time.Minute)

			// She leaves: the provider's word opens nothing.
			if err := s.cfg.Access.Disable(t.Context(), access.System(), maeve.ID); err != nil {
				t.Fatal(err)
			}
			s.client = s.stranger()
			if a = s.landed(atSAML(t, hers, s.get("/login/saml").to, "", "")); a.status != http.StatusUnauthorized {
				t.Errorf("a leaver comes in: %d to %q %s", a.status, a.to, a.text())
			}
			s.client = admin
		})
	}
}
