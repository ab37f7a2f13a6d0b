package web

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
)

func slicesSorted(seq iter.Seq[string]) []string { return slices.Sorted(seq) }

// example fills the wildcards of a pattern.
func example(pattern string) (method, path string) {
	method, path, _ = strings.Cut(pattern, " ")
	path = strings.NewReplacer("{$}", "", "{id}", "CC6.1", "{slug}", "x", "{pack}", "linux-server", "{check}", "sshd-root-login", "{section}", "sshd",
		"{number}", "1", "{extraction}", "pex_1", "{ref}", "F-1", "{version}", "1", "{entry}", "0", "{token}", "nothing").Replace(path)
	return method, path
}

// Whoever is not signed in reaches the door and nothing else, on every route
// that there is.
func TestEveryRouteNeedsASession(t *testing.T) {
	s := newSite(t)
	site := &Site{}
	doors := 0
	for _, rt := range site.routes() {
		method, path := example(rt.pattern)
		var a answer
		if method == http.MethodPost {
			a = s.post(path, url.Values{})
		} else {
			a = s.get(path)
		}
		if rt.action == public {
			doors++
			if a.status == http.StatusForbidden || a.status >= 500 {
				t.Errorf("the door %s answers %d", rt.pattern, a.status)
			}
			continue
		}
		if !slices.Contains(access.Actions(), rt.action) {
			t.Errorf("%s needs %q, which the table of roles does not know", rt.pattern, rt.action)
		}
		toDoor := a.status == http.StatusSeeOther && strings.HasPrefix(a.to, "/login")
		if !toDoor && a.status != http.StatusUnauthorized {
			t.Errorf("%s answers %d %s to somebody unknown", rt.pattern, a.status, a.to)
		}
	}
	if doors != 17 {
		t.Errorf("%d routes are open to anybody, want 17", doors)
	}
	if a := s.get("/no-such-page"); a.status != http.StatusSeeOther {
		t.Errorf("an unknown address answers %d to somebody unknown: it tells which addresses there are", a.status)
	}
}

// A role sees what the table grants and is refused the rest.
func TestRolesAreHeld(t *testing.T) {
	s := newSite(t)
	s.login()
	ctx := t.Context()
	first := s.cfg.Access
	admin, err := first.Users(ctx, access.System())
	if err != nil || len(admin) != 1 {
		t.Fatalf("users: %v, %v", admin, err)
	}
	for _, role := range []access.Role{access.Training, access.Auditor} {
		u, err := first.AddUser(ctx, access.System(), access.NewUser{Login: string(role), Name: "Tess Quill", Role: role})
		if err != nil {
			t.Fatal(err)
		}
		link, err := first.LoginLink(ctx, access.System(), u.ID, access.FirstLogin)
		if err != nil {
			t.Fatal(err)
		}
		s.client = s.stranger()
		s.post(LinkPath(link.Token), url.Values{"do": {"skip"}})
		for _, rt := range (&Site{}).routes() {
			method, path := example(rt.pattern)
			if rt.action == public || method != http.MethodGet || path == "/events" {
				continue
			}
			a := s.get(path)
			if may := access.May(role, rt.action); may == (a.status == http.StatusForbidden) {
				t.Errorf("%s as %s: the table says %v, the page answers %d", rt.pattern, role, may, a.status)
			}
		}
		page := s.get("/account").body
		for path, action := range map[string]access.Action{"/criteria": access.PostureRead, "/findings": access.FindingRead, "/ledger": access.LedgerRead} {
			if got := strings.Contains(page, `href="`+path+`"`); got != access.May(role, action) && path != "/ledger" {
				t.Errorf("the menu of %s shows %s: %v", role, path, got)
			}
		}
	}
}

func TestHeaders(t *testing.T) {
	s := newSite(t)
	a := s.get("/login")
	for name, want := range map[string]string{"Content-Security-Policy": contentPolicy, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
		"Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin"} {
		if got := a.header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if strings.Contains(contentPolicy, "unsafe") {
		t.Error("the policy allows what is unsafe")
	}
}

// Behind https every cookie is bound to this host and to encryption, no browser
// comes back without it, and logging out empties what the browser kept.
func TestCookiesBehindHTTPS(t *testing.T) {
	s := newSite(t)
	cfg := s.cfg
	cfg.PublicURL = "https://attesta.example.org"
	handler, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	link, err := cfg.Access.FirstLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	held, seen := "", 0
	ask := func(path string, form url.Values) *http.Response {
		r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if held != "" {
			r.Header.Set("Cookie", held)
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		for _, c := range w.Result().Cookies() {
			seen++
			if !strings.HasPrefix(c.Name, "__Host-") || !c.Secure || !c.HttpOnly || c.Path != "/" || c.Domain != "" || c.MaxAge >= 0 && c.SameSite != http.SameSiteLaxMode && c.SameSite != http.SameSiteStrictMode {
				t.Errorf("%s sets %s", path, c)
			}
			if c.Name == "__Host-attesta" {
				held = c.Name + "=" + c.Value
			}
		}
		if got := w.Result().Header.Get("Strict-Transport-Security"); got != "max-age=31536000; includeSubDomains" {
			t.Errorf("%s: HSTS %q", path, got)
		}
		return w.Result()
	}
	ask(LinkPath(link.Token), url.Values{"do": {"set"}, "password": {"a few words in a row"}})
	ask("/theme", url.Values{"theme": {"dark"}})
	out := ask("/logout", nil)
	if seen < 4 || out.Header.Get("Clear-Site-Data") != `"cache", "storage"` {
		t.Errorf("%d cookies; logging out says %q", seen, out.Header.Get("Clear-Site-Data"))
	}
}

// A file's address carries a digest of its content; any other is not found.
func TestStaticFilesAreKeptForEver(t *testing.T) {
	s := newSite(t)
	page := s.get("/login").body
	found := 0
	for _, part := range strings.Split(page, `"`) {
		if !strings.HasPrefix(part, "/static/") {
			continue
		}
		found++
		a := s.get(part)
		if a.status != http.StatusOK || a.body == "" {
			t.Errorf("%s answers %d", part, a.status)
		}
		if !strings.Contains(a.header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s may not be kept: %q", part, a.header.Get("Cache-Control"))
		}
	}
	if found < 5 {
		t.Errorf("only %d files are asked for", found)
	}
	if a := s.get("/static/attesta.css"); a.status != http.StatusNotFound {
		t.Errorf("a file without its digest answers %d", a.status)
	}
}

func TestOtherSitesChangeNothing(t *testing.T) {
	s := newSite(t)
	s.login()
	for name, header := range map[string][]string{
		"by fetch metadata": {"Sec-Fetch-Site", "cross-site"},
		"by origin":         {"Sec-Fetch-Site", "", "Origin", "https://elsewhere.example"},
	} {
		a := s.post("/logout", url.Values{}, header...)
		if a.status != http.StatusForbidden {
			t.Errorf("%s: answered %d", name, a.status)
		}
	}
	if a := s.get("/account"); a.status != http.StatusOK {
		t.Errorf("another site logged the reader out: %d", a.status)
	}
}

func TestDoor(t *testing.T) {
	s := newSite(t)
	link, err := s.cfg.Access.FirstLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if a := s.get(LinkPath(link.Token)); a.status != http.StatusOK || !strings.Contains(a.body, "set a password") {
		t.Fatalf("the landing answers %d: %s", a.status, a.text())
	}
	if a := s.get(LinkPath(link.Token)); a.status != http.StatusOK {
		t.Fatal("looking at the link used it up")
	}
	// A password that is refused: in, and asked again.
	a := s.post(LinkPath(link.Token), url.Values{"password": {"short"}, "do": {"set"}})
	if a.status != http.StatusUnprocessableEntity || !strings.Contains(a.text(), "at least 12") {
		t.Fatalf("a short password is answered %d: %s", a.status, a.text())
	}
	if a := s.post("/account/password", url.Values{"new": {"a few words in a row"}}); a.status != http.StatusSeeOther {
		t.Fatalf("the second try is answered %d: %s", a.status, a.text())
	}
	if a := s.get("/account"); !strings.Contains(a.text(), "All other sessions have ended") {
		t.Errorf("nothing says that the password is set: %s", a.text())
	}
	if a := s.get("/account"); strings.Contains(a.text(), "All other sessions have ended") {
		t.Error("what was done is said twice")
	}
	if a := s.post(LinkPath(link.Token), url.Values{"do": {"skip"}}); a.status != http.StatusNotFound {
		t.Errorf("the link works twice: %d", a.status)
	}
	user, err := s.cfg.Access.Users(t.Context(), access.System())
	if err != nil {
		t.Fatal(err)
	}
	if a := s.post("/logout", url.Values{}); a.to != "/login?out=1" {
		t.Errorf("logout leads to %q", a.to)
	}
	if a := s.get("/account"); a.status != http.StatusSeeOther {
		t.Errorf("after logout the account answers %d", a.status)
	}
	form := url.Values{"login": {user[0].Login}, "password": {"a few words in a row"}, "next": {"/findings?state=all"}}
	if a := s.post("/login", form); a.to != "/findings?state=all" {
		t.Errorf("login leads to %q (%d): %s", a.to, a.status, a.text())
	}
	for _, away := range []string{"https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "javascript:alert(1)"} {
		form.Set("next", away)
		if a := s.post("/login", form); a.to != "/" {
			t.Errorf("login leads to %q for next=%q", a.to, away)
		}
	}
}

func TestLockedOut(t *testing.T) {
	s := newSite(t)
	s.login()
	user, err := s.cfg.Access.Users(t.Context(), access.System())
	if err != nil {
		t.Fatal(err)
	}
	s.client = s.stranger()
	var last answer
	for range 7 {
		last = s.post("/login", url.Values{"login": {user[0].Login}, "password": {"not the password"}})
		if last.status != http.StatusUnauthorized {
			t.Fatalf("a wrong password is answered %d", last.status)
		}
	}
	if !strings.Contains(strings.ToLower(last.text()), "counts after") {
		t.Errorf("a locked reader is not told until when: %s", last.text())
	}
	if !strings.Contains(last.body, `value="`+user[0].Login+`"`) {
		t.Error("the name must be typed again")
	}
}

func TestTheme(t *testing.T) {
	s := newSite(t)
	s.login()
	for theme, want := range map[string]string{"dark": ` data-theme="dark"`, "light": ` data-theme="light"`, "": `<html lang="en">`, "x\"><script>": `<html lang="en">`} {
		if a := s.post("/theme", url.Values{"theme": {theme}, "back": {"/account"}}); a.to != "/account" {
			t.Errorf("theme %q leads to %q", theme, a.to)
		}
		if page := s.get("/account").body; !strings.Contains(page[:200], want) {
			t.Errorf("theme %q: %s", theme, page[:120])
		}
	}
}

// The stream says what was recorded since, and nothing of what was before.
func TestEvents(t *testing.T) {
	s := newSite(t)
	s.login()
	s.settle()
	head, err := s.cfg.Ledger.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.server.URL+fmt.Sprintf("/events?from=%d", head.Size), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got := resp.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Fatalf("content type %q", got)
	}
	s.report(rootMayLogIn)
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			if !strings.Contains(data, `"opened":1`) {
				t.Errorf("the stream says %s, not that a finding was opened", data)
			}
			return
		}
	}
	t.Fatalf("the stream ended without a word: %v", lines.Err())
}

// Who is refused is in the log, by route and user and without what an address
// may hold.
func TestRefusalsAreLogged(t *testing.T) {
	s := newSite(t)
	s.login()
	var log bytes.Buffer
	cfg := s.cfg
	cfg.Logger = slog.New(slog.NewJSONHandler(&log, nil))
	handler, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s.as("tess", access.Viewer)
	home, err := url.Parse(s.server.URL)
	if err != nil {
		t.Fatal(err)
	}
	jar := s.client.Jar.Cookies(home)
	r := httptest.NewRequest(http.MethodGet, "/settings/users?secret=hush", nil)
	for _, c := range jar {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	if said := log.String(); w.Code != http.StatusForbidden || !strings.Contains(said, `"user":"usr_`) || !strings.Contains(said, `"route":"GET /settings/users"`) || strings.Contains(said, "hush") {
		t.Errorf("%d; the log says %s", w.Code, said)
	}
}
