package web

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/access/identity"
)

// startProvider starts the OpenID provider of e2e, a program that nobody here
// wrote, and gives its issuer.
func startProvider(t *testing.T) string {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("NOT RUN: node is not installed")
	}
	if _, err := os.Stat("../../e2e/node_modules/oidc-provider"); err != nil {
		t.Skip("NOT RUN: the OpenID provider for tests is not installed (npm ci in e2e)")
	}
	cmd := exec.Command(node, "provider.mjs", "--client", "attesta", "--secret", "never shown", "--redirect", "http://localhost:7373"+identity.Return)
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
	var said struct{ Issuer string }
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil || json.Unmarshal(line, &said) != nil || said.Issuer == "" {
		t.Fatalf("the provider says %q, %v", line, err)
	}
	return said.Issuer
}

// atProvider is a browser at the provider: it goes where it is sent, fills in
// the form, and stops where it is sent back to Attesta, which it gives.
func atProvider(t *testing.T, c *http.Client, to, login, password string) string {
	t.Helper()
	for range 12 {
		if path, ok := strings.CutPrefix(to, "http://localhost:7373"); ok {
			return path
		}
		resp, err := c.Get(to)
		if err != nil {
			t.Fatal(err)
		}
		page, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
		resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode == http.StatusOK { // the form
			if login == "" {
				t.Fatalf("the provider asks who it is:\n%s", page)
			}
			if resp, err = c.PostForm(to, url.Values{"login": {login}, "password": {password}}); err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
		}
		next, err := resp.Location()
		if err != nil {
			t.Fatalf("%s answers %d:\n%s", to, resp.StatusCode, page)
		}
		to = next.String()
	}
	t.Fatal("sent round in circles")
	return ""
}

// TestRealProvider goes the whole way with a provider of others: login, the
// account found once by its verified address, the step-up, connecting, leaving.
func TestRealProvider(t *testing.T) {
	issuer := startProvider(t)
	s := newSite(t)
	s.clock.Advance(time.Since(s.clock.Now())) // the provider's clock is this machine's
	s.login()
	admin := s.client
	var maeve, aoife access.User
	for login, u := range map[string]*access.User{"maeve": &maeve, "aoife": &aoife} {
		var err error
		if *u, err = s.cfg.Access.AddUser(t.Context(), access.System(), access.NewUser{Login: login, Name: login, Email: login + "@example.org", Role: access.ComplianceManager}); err != nil {
			t.Fatal(err)
		}
	}
	if a := s.post("/settings/login/provider", settingsForm(issuer)); a.to != "/settings/login" {
		t.Fatalf("set: %d %s", a.status, a.text())
	}

	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	there := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	s.client = s.stranger()
	a := s.get("/login/oidc?next=" + url.QueryEscape("/controls"))
	back := atProvider(t, there, a.to, "maeve", "maeves password there")
	if a = s.get(back); a.to != "/controls" {
		t.Fatalf("back from the provider: %d to %q: %s", a.status, a.to, a.text())
	}
	s.says("/account", "logs in as maeve", "by identity provider", "Your login there opens this account")
	if a := s.get(back); a.status != http.StatusForbidden && a.status != http.StatusUnauthorized {
		t.Errorf("the same answer twice: %d %s", a.status, a.text())
	}

	// Logged in at the provider already: no form, and by subject.
	s.client = s.stranger()
	if a = s.get(atProvider(t, there, s.get("/login/oidc").to, "", "")); a.to != "/" {
		t.Fatalf("the second login: %d %s", a.status, a.text())
	}

	// The step-up asks anew, though the provider still knows her.
	s.clock.Advance(20 * time.Minute)
	token := url.Values{"do": {"make"}, "name": {"ci"}, "days": {"30"}, "actions": {"settings.read"}}
	if a = s.post("/account/tokens", token); a.status != http.StatusForbidden || !strings.Contains(a.text(), "You came in with Okta") {
		t.Fatalf("no proof is asked for: %d %s", a.status, a.text())
	}
	s.clock.Advance(-20 * time.Minute) // auth_time is the machine's
	began := s.get("/login/oidc?for=proof&next=/account")
	if a = s.get(atProvider(t, there, began.to, "maeve", "maeves password there")); a.to != "/account" {
		t.Fatalf("the proof: %d %s", a.status, a.text())
	}
	s.says("/account", "Go back to the tab that asked for it")

	// Whose address is not verified connects it, from a session.
	s.client = s.stranger()
	jar, err = cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	there.Jar = jar
	if a = s.get(atProvider(t, there, s.get("/login/oidc").to, "aoife", "aoifes password there")); a.status != http.StatusUnauthorized || !strings.Contains(a.text(), "does not say that it verified") {
		t.Fatalf("not verified: %d %s", a.status, a.text())
	}
	link, err := s.cfg.Access.LoginLink(t.Context(), access.System(), aoife.ID, access.FirstLogin)
	if err != nil {
		t.Fatal(err)
	}
	if a = s.post(LinkPath(link.Token), url.Values{"do": {"skip"}}); a.to != "/" {
		t.Fatalf("the link: %d %s", a.status, a.text())
	}
	page := s.post("/account/provider", url.Values{"do": {"connect"}, "way": {"oidc"}})
	m := regexp.MustCompile(`href="(http://127[^"]+)"`).FindStringSubmatch(page.body)
	if m == nil {
		t.Fatalf("no way to the provider: %d %s", page.status, page.text())
	}
	if a = s.get(atProvider(t, there, strings.ReplaceAll(m[1], "&amp;", "&"), "aoife", "aoifes password there")); a.to != "/account" {
		t.Fatalf("connect: %d %s", a.status, a.text())
	}
	s.client = s.stranger()
	if a = s.get(atProvider(t, there, s.get("/login/oidc").to, "", "")); a.to != "/" {
		t.Fatalf("connected, and: %d %s", a.status, a.text())
	}

	// She leaves: out at once, and the provider's word opens nothing.
	hers := s.client
	s.client = admin
	if a = s.post("/settings/users/"+aoife.ID, url.Values{"do": {"disable"}}); a.status != http.StatusSeeOther {
		t.Fatalf("disable: %d %s", a.status, a.text())
	}
	s.client = hers
	if a = s.get("/account"); !strings.HasPrefix(a.to, "/login") {
		t.Errorf("a leaver's session: %d to %q", a.status, a.to)
	}
	if a = s.get(atProvider(t, there, s.get("/login/oidc").to, "", "")); a.status != http.StatusUnauthorized {
		t.Errorf("a leaver comes in: %d to %q %s", a.status, a.to, a.text())
	}
}
