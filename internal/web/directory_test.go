package web

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/access/directory"
)

var tokenShown = regexp.MustCompile(`value="(atta_[A-Za-z0-9_-]{43})"`)

// okta makes a directory's token on the screen and gives what it opens.
func (s *site) okta() access.Principal {
	s.t.Helper()
	a := s.post("/settings/directory", url.Values{"do": {"make"}, "name": {"Okta"}, "days": {"365"}})
	m := tokenShown.FindStringSubmatch(a.body)
	if a.status != http.StatusOK || m == nil {
		s.t.Fatalf("making a token answers %d: %.500s", a.status, a.text())
	}
	if strings.Contains(s.get("/settings/directory").body, m[1]) {
		s.t.Error("the token is shown again")
	}
	p, err := s.cfg.Access.DirectoryToken(s.t.Context(), m[1])
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

func TestDirectoryScreen(t *testing.T) {
	s := newSite(t)
	s.login()
	if !strings.Contains(s.get("/settings/directory").body, `value="http://localhost:7373/scim/v2"`) {
		t.Error("the address is not shown")
	}
	s.says("/settings/directory", "There is none yet", "No directory has sent a group yet")
	p, ctx := s.okta(), t.Context()
	tess, err := s.cfg.Directory.AddUser(ctx, p, directory.User{UserName: "tess@example.org", Active: true})
	if err != nil {
		t.Fatal(err)
	}
	g, err := s.cfg.Directory.AddGroup(ctx, p, directory.Group{Name: "On <call>", Members: []directory.Ref{{ID: tess.ID}}})
	if err != nil {
		t.Fatal(err)
	}
	s.says("/settings/directory", "On <call>", "Without 1", "Okta")
	s.says("/settings/users?state=disabled", "closed by the directory")
	if a := s.post("/settings/directory", url.Values{"do": {"map"}, "group": {g.ID}, "role": {"king"}}); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, `id="`+g.ID+`-problem"`) {
		t.Errorf("a role that is none: %d %.500s", a.status, a.text())
	}
	if a := s.post("/settings/directory", url.Values{"do": {"map"}, "group": {g.ID}, "role": {"responder"}}); a.to != "/settings/directory" {
		t.Errorf("mapping answers %d: %.500s", a.status, a.text())
	}
	s.says("/settings/directory?state=role", "On <call>", "With a role 1")
	s.says("/settings/users?role=responder", "kept by the directory")
	for path, status := range map[string]int{"/settings/directory?state=king": 422, "/settings/directory?after=grp_x": 422, "/settings/directory?q=nothing": 200} {
		if a := s.get(path); a.status != status {
			t.Errorf("%s: %d", path, a.status)
		}
	}
	if a := s.post("/settings/directory", url.Values{"do": {"make"}, "name": {" "}, "days": {"90"}}); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, "A token has a name") {
		t.Errorf("a token without a name: %d %.500s", a.status, a.text())
	}
	s.clock.Advance(access.ProofLife + time.Minute)
	for _, form := range []url.Values{{"do": {"map"}, "group": {g.ID}, "role": {"administrator"}}, {"do": {"make"}, "name": {"x"}, "days": {"90"}}} {
		if a := s.post("/settings/directory", form); a.status != http.StatusForbidden || !strings.Contains(a.body, "proof-password") {
			t.Errorf("%v without showing who is there: %d", form, a.status)
		}
	}
	if a := s.post("/settings/directory", url.Values{"do": {"revoke"}, "token": {p.TokenID}}); a.to != "/settings/directory" {
		t.Errorf("revoking answers %d: %.500s", a.status, a.text())
	}
	s.says("/settings/directory", "revoked")
}

// Whoever a directory deactivates is refused with the next request, and the
// stream of an open page ends.
func TestLeaverIsOut(t *testing.T) {
	s := newSite(t)
	s.login()
	p, ctx := s.okta(), t.Context()
	tess, err := s.cfg.Directory.AddUser(ctx, p, directory.User{UserName: "tess@example.org", Active: true})
	if err != nil {
		t.Fatal(err)
	}
	g, err := s.cfg.Directory.AddGroup(ctx, p, directory.Group{Name: "staff", Members: []directory.Ref{{ID: tess.ID}}})
	if err != nil {
		t.Fatal(err)
	}
	if a := s.post("/settings/directory", url.Values{"do": {"map"}, "group": {g.ID}, "role": {"viewer"}}); a.to == "" {
		t.Fatalf("mapping answers %d", a.status)
	}
	link, err := s.cfg.Access.LoginLink(ctx, access.System(), tess.ID, access.FirstLogin)
	if err != nil {
		t.Fatal(err)
	}
	s.client = s.stranger()
	if a := s.post(LinkPath(link.Token), url.Values{"do": {"set"}, "password": {"a few words in a row"}}); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.text(), "so it has no password") {
		t.Errorf("a directory's account sets a password: %d %.300s", a.status, a.text())
	}
	s.says("/findings")
	s.settle()
	head, err := s.cfg.Ledger.Head(ctx)
	if err != nil {
		t.Fatal(err)
	}
	soon, cancel := context.WithTimeout(ctx, beat/2) // well before a stream looks by itself
	defer cancel()
	req, err := http.NewRequestWithContext(soon, http.MethodGet, s.server.URL+fmt.Sprintf("/events?from=%d", head.Size), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	if !lines.Scan() {
		t.Fatal("no stream")
	}
	if _, err := s.cfg.Directory.ChangeUser(ctx, p, tess.ID, func(u directory.User) (directory.User, error) {
		u.Active = false
		return u, nil
	}); err != nil {
		t.Fatal(err)
	}
	if a := s.get("/findings"); a.status != http.StatusSeeOther || !strings.HasPrefix(a.to, "/login") {
		t.Errorf("the next request answers %d", a.status)
	}
	bye := false
	for lines.Scan() {
		bye = bye || lines.Text() == "event: bye"
	}
	if !bye || soon.Err() != nil {
		t.Errorf("the stream was not closed: %v", lines.Err())
	}
}
