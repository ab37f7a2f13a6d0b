package server

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/api/scim"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/access/directory"
)

// What a directory speaks to opens to a directory's token alone, whoever else
// asks, and that token opens nothing else.
func TestDirectoryOpensToNobodyElse(t *testing.T) {
	a := newPrograms(t)
	_, token, err := a.p.access.MakeDirectoryToken(t.Context(), a.admin, "Okta", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	h := a.p.provisioning("http://localhost:7373")
	ask := func(method, path, token string) int {
		r := httptest.NewRequest(method, scim.Prefix+path, strings.NewReader("{}"))
		r.Header.Set("Content-Type", "application/scim+json")
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code
	}
	for _, path := range []string{"/Users", "/Users/usr_x", "/Groups", "/Groups/grp_x", "/ServiceProviderConfig", "/ResourceTypes", "/Schemas", "/Bulk", "/moon"} {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
			for _, r := range access.Roles() {
				if got := ask(method, path, a.tokens[r]); got != http.StatusUnauthorized {
					t.Errorf("%s %s as %s: %d", method, path, r, got)
				}
			}
			if got := ask(method, path, ""); got != http.StatusUnauthorized {
				t.Errorf("%s %s as nobody: %d", method, path, got)
			}
			if got := ask(method, path, token); got == http.StatusUnauthorized || got == http.StatusForbidden || got == http.StatusInternalServerError {
				t.Errorf("%s %s as a directory: %d", method, path, got)
			}
		}
	}
	for _, o := range a.api.Operations() {
		if resp, body := a.ask(token, o.Method, "/api/v1"+strings.NewReplacer("{", "", "}", "").Replace(o.Path), ""); resp.StatusCode != http.StatusUnauthorized {
			t.Errorf("a directory's token at %s: %d %s", o.Name, resp.StatusCode, body)
		}
	}
}

// With a leaver end the enrolment tokens that they made and the second factor
// that they began, in this deployment as it is wired.
func TestLeaverEndsWhatTheyMade(t *testing.T) {
	a := newPrograms(t)
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, token, err := a.p.access.MakeDirectoryToken(ctx, a.admin, "Okta", time.Hour)
	must(err)
	dir, err := a.p.access.DirectoryToken(ctx, token)
	must(err)
	u, err := a.p.directory.AddUser(ctx, dir, directory.User{UserName: "tess@example.org", Active: true})
	must(err)
	g, err := a.p.directory.AddGroup(ctx, dir, directory.Group{Name: "administrators", Members: []directory.Ref{{ID: u.ID}}})
	must(err)
	must(a.p.directory.Map(ctx, a.admin, g.ID, access.Administrator))
	link, err := a.p.access.LoginLink(ctx, access.System(), u.ID, access.FirstLogin)
	must(err)
	l, err := a.p.access.UseLink(ctx, link.Token, access.Client{})
	must(err)
	_, err = a.p.ingest.MakeToken(ctx, l.Principal, time.Hour, "theirs")
	must(err)
	_, err = a.p.ingest.MakeToken(ctx, a.admin, time.Hour, "another's")
	must(err)
	_, err = a.p.second.Begin(ctx, l.Principal)
	must(err)
	_, err = a.p.directory.ChangeUser(ctx, dir, u.ID, func(u directory.User) (directory.User, error) {
		u.Active = false
		return u, nil
	})
	must(err)
	tokens, err := a.p.ingest.Tokens(ctx, access.System())
	must(err)
	for _, x := range tokens {
		if over := !x.ExpiresAt.After(time.Now()); over != (x.MadeBy == u.ID) {
			t.Errorf("the token %q ends %s", x.Label, x.ExpiresAt)
		}
	}
	if len(tokens) != 2 {
		t.Errorf("%d tokens", len(tokens))
	}
	var begun int
	must(a.p.db.Reader().QueryRowContext(ctx, `SELECT COUNT(*) FROM access_factor WHERE user_id = $1`, u.ID).Scan(&begun))
	if begun != 0 {
		t.Error("a second factor that was begun is still there")
	}
}
