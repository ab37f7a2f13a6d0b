package web

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// An issuer that only says where its addresses are: nobody comes in by it.
func sayingIssuer(t *testing.T) *httptest.Server {
	var s *httptest.Server
	s = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/.well-known/openid-configuration" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(map[string]string{"issuer": s.URL, "authorization_endpoint": s.URL + "/auth", "token_endpoint": s.URL + "/token", "jwks_uri": s.URL + "/keys"}); err != nil {
			t.Log(err)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func settingsForm(issuer string) url.Values {
	return url.Values{"do": {"set"}, "provider": {"Okta"}, "issuer": {issuer}, "client": {"attesta"}, "secret": {"never shown"}, "domains": {"example.org"}}
}

func TestProviderScreens(t *testing.T) {
	s := newSite(t)
	issuer := sayingIssuer(t)
	s.login()
	s.says("/settings/login", "None is set yet", "http://localhost:7373/login/oidc/return")
	wrong := settingsForm("http://login.example.org")
	if a := s.post("/settings/login/provider", wrong); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, `value="http://login.example.org"`) ||
		!strings.Contains(a.body, `id="issuer-problem"`) || strings.Contains(a.body, "never shown") {
		t.Errorf("a wrong issuer: %d %s", a.status, a.text())
	}
	if a := s.post("/settings/login/provider", settingsForm(issuer.URL)); a.to != "/settings/login" {
		t.Fatalf("set: %d %s", a.status, a.text())
	}
	if a := s.get("/settings/login"); !strings.Contains(a.body, issuer.URL) || !strings.Contains(a.text(), "One is kept") || strings.Contains(a.body, "never shown") {
		t.Errorf("filled: %s", a.text())
	}
	s.says("/account", "Login at Okta", "None opens this account yet")
	if a := s.post("/account/provider", url.Values{"do": {"connect"}, "way": {"oidc"}}); a.status != http.StatusOK || !strings.Contains(a.body, issuer.URL+"/auth?") || !strings.Contains(a.body, "prompt=login") {
		t.Errorf("connect: %d %s", a.status, a.text())
	}
	if a := s.post("/account/provider", url.Values{"do": {"connect"}, "way": {"oidc"}}, "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"); a.status != http.StatusForbidden {
		t.Errorf("another site connects a login: %d", a.status)
	}
	if a := s.get("/login/oidc?next=/findings"); a.to != "/findings" {
		t.Errorf("somebody in a session is sent to %s", a.to)
	}

	in := s.client
	s.client = s.stranger()
	s.says("/login", "Log in with Okta")
	for _, next := range []string{"//evil.example", "https://evil.example", `/\evil.example`, "/" + strings.Repeat("x", 5000)} {
		a := s.get("/login/oidc?next=" + url.QueryEscape(next))
		cookie := a.header.Get("Set-Cookie")
		if a.status != http.StatusSeeOther || !strings.HasPrefix(a.to, issuer.URL+"/auth?") || strings.Contains(a.to, "evil") {
			t.Errorf("next=%.20s leads to %s", next, a.to)
		}
		if !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Lax") || len(cookie) > 4000 {
			t.Errorf("next=%.20s: the cookie has %d bytes: %s", next, len(cookie), cookie)
		}
	}
	begun, err := url.Parse(s.get("/login/oidc").to)
	if err != nil {
		t.Fatal(err)
	}
	state := begun.Query().Get("state")
	for name, q := range map[string]string{"another state": "state=x&code=y", "nothing": "", "an error": "error=<b>&state=" + state, "a code of nobody": "code=x&state=" + state} {
		s.get("/login/oidc") // a cookie of another login
		if name == "a code of nobody" || name == "an error" {
			u, err := url.Parse(s.get("/login/oidc").to)
			if err != nil {
				t.Fatal(err)
			}
			q = strings.Replace(q, state, u.Query().Get("state"), 1)
		}
		a := s.get("/login/oidc/return?" + q)
		if a.status != http.StatusUnauthorized || !strings.Contains(a.body, `role="alert"`) || !strings.Contains(a.text(), "Log in with Okta") || strings.Contains(a.body, "<b>") {
			t.Errorf("%s: %d %s", name, a.status, a.text())
		}
		if a := s.get("/findings"); a.status != http.StatusSeeOther {
			t.Errorf("%s opens a session", name)
		}
	}
	issuer.Close() // away, and still known for ten minutes: the door says what else lets in
	s.clock.Advance(11 * 60 * 1e9)
	if a := s.get("/login/oidc"); a.status != http.StatusServiceUnavailable || !strings.Contains(a.text(), "the password and passkeys still let in") && !strings.Contains(a.text(), "The password and passkeys still let in") {
		t.Errorf("away: %d %s", a.status, a.text())
	}

	s.client = in
	if a := s.post("/settings/login/provider", url.Values{"do": {"remove"}}); a.to != "/settings/login" {
		t.Errorf("remove: %d %s", a.status, a.text())
	}
	s.client = s.stranger()
	if a := s.get("/login"); strings.Contains(a.text(), "Okta") {
		t.Error("the door still names the provider")
	}
}
