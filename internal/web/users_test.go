package web

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
)

var linkShown = regexp.MustCompile(`http://localhost:7373(/link/[^"]+)`)

// shownLink gives the path of the login link that a page shows, or "".
func shownLink(a answer) string {
	if m := linkShown.FindStringSubmatch(a.body); m != nil {
		return m[1]
	}
	return ""
}

// idOf gives a user's id by login.
func (s *site) idOf(login string) string {
	s.t.Helper()
	u, err := s.cfg.Access.Find(s.t.Context(), access.System(), login)
	if err != nil {
		s.t.Fatal(err)
	}
	return u.ID
}

// Somebody of each role is added, comes in by the link that is shown once, and
// finds of these screens what the table grants.
func TestUsersOfEveryRole(t *testing.T) {
	s := newSite(t)
	s.login()
	boss := s.client
	other := s.idOf("admin")
	for _, role := range access.Roles() {
		s.client = boss
		login := "new." + strings.ReplaceAll(string(role), "_", "-")
		a := s.post("/settings/users", url.Values{"login": {login}, "name": {"Tess Quill"}, "role": {string(role)}})
		link := shownLink(a)
		if a.status != http.StatusOK || link == "" {
			t.Fatalf("adding a %s: %d %.600s", role, a.status, a.text())
		}
		if page := s.says("/settings/users", role.Title(), strings.ReplaceAll(role.What(), "'", "&#39;")); shownLink(page) != "" {
			t.Error("the link is shown again")
		}
		s.client = s.stranger()
		if a := s.post(link, url.Values{"do": {"skip"}}); a.status != http.StatusSeeOther {
			t.Fatalf("the link of a %s: %d", role, a.status)
		}
		for _, c := range []struct {
			path   string
			form   url.Values
			action access.Action
		}{
			{"/settings/users", nil, access.UserRead},
			{"/settings/users", url.Values{"name": {"X"}}, access.UserManage},
			{"/settings/users/" + other, nil, access.UserManage},
			{"/settings/users/" + other, url.Values{"do": {"nothing"}}, access.UserManage},
		} {
			a := s.get(c.path)
			if c.form != nil {
				a = s.post(c.path, c.form)
			}
			if may := access.May(role, c.action); may == (a.status == http.StatusForbidden) {
				t.Errorf("%s %v as %s: the table says %v, the page answers %d", c.path, c.form, role, may, a.status)
			}
		}
		page := s.get("/account").body
		if got := strings.Contains(page, `href="/settings/users"`); got != access.May(role, access.UserRead) {
			t.Errorf("the menu of %s shows the users: %v", role, got)
		}
		if list := s.get("/settings/users"); list.status == http.StatusOK && strings.Contains(list.body, "Add somebody") != access.May(role, access.UserManage) {
			t.Errorf("the form to add users, as %s: %v", role, strings.Contains(list.body, "Add somebody"))
		}
	}
}

func TestAddUserKeepsWhatWasTyped(t *testing.T) {
	s := newSite(t)
	s.login()
	for name, c := range map[string]struct {
		login, called, email, role string
		field, says                string
	}{
		"no role":         {"maeve", "Maeve Doyle", "", "", "role", "Choose a role."},
		"a role of none":  {"maeve", "Maeve Doyle", "", "king", "role", "Choose a role."},
		"a login of none": {"ma eve", "Maeve Doyle", "", "viewer", "login", "The login is 2 to 64"},
		"a login taken":   {"admin", "Maeve Doyle", "", "viewer", "login", "Another user has that login"},
		"no name":         {"maeve", " ", "", "viewer", "name", "The name has 1 to 100"},
		"no address":      {"maeve", "Maeve Doyle", "maeve", "viewer", "email", "This is no e-mail address"},
	} {
		a := s.post("/settings/users", url.Values{"login": {c.login}, "name": {c.called}, "email": {c.email}, "role": {c.role}})
		if a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, `id="`+c.field+`-problem" role="alert">`+c.says) || !strings.Contains(a.body, `value="`+c.login+`"`) {
			t.Errorf("%s: %d, want %q beside %s", name, a.status, c.says, c.field)
		}
		if c.role == "viewer" && !strings.Contains(a.body, `value="viewer" checked`) {
			t.Errorf("%s: the role is lost", name)
		}
		if shownLink(a) != "" {
			t.Errorf("%s: a link is shown", name)
		}
	}
	if all, err := s.cfg.Access.Users(t.Context(), access.System()); err != nil || len(all) != 1 {
		t.Errorf("%d users, %v", len(all), err)
	}
}

func TestLastAdministratorStays(t *testing.T) {
	s := newSite(t)
	s.login()
	path := "/settings/users/" + s.idOf("admin")
	for do, form := range map[string]url.Values{"role": {"do": {"role"}, "role": {"viewer"}}, "disable": {"do": {"disable"}}} {
		a := s.post(path, form)
		if a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, `id="`+do+`-problem" role="alert">This is the last administrator. Make another user administrator first.`) {
			t.Errorf("%s: %d %.300s", do, a.status, a.text())
		}
	}
	u, err := s.cfg.Access.Find(t.Context(), access.System(), "admin")
	if err != nil || u.Role != access.Administrator || u.Disabled {
		t.Errorf("%+v, %v", u, err)
	}
}

func TestUserIsChanged(t *testing.T) {
	s := newSite(t)
	s.login()
	ctx, boss := t.Context(), s.client
	link := shownLink(s.post("/settings/users", url.Values{"login": {"tess"}, "name": {"Tess Quill"}, "role": {"viewer"}}))
	id := s.idOf("tess")
	path := "/settings/users/" + id
	s.client = s.stranger()
	s.post(link, url.Values{"password": {"some more words in a row"}, "do": {"set"}})
	hers := s.client
	made := s.post("/account/tokens", url.Values{"name": {"nightly export"}, "days": {"30"}, "actions": {"read"}})
	token := regexp.MustCompile(`atta_[A-Za-z0-9_-]{43}`).FindString(made.body)
	s.client = boss
	press := func(form url.Values, to string) {
		t.Helper()
		if a := s.post(path, form); a.status != http.StatusSeeOther || a.to != to {
			t.Fatalf("%v: %d to %q\n%.600s", form, a.status, a.to, a.text())
		}
	}
	s.says(path, "nightly export", "by link", "End all sessions")
	s.says("/settings/users?role=viewer", "Tess Quill", "1 of 1 shown")
	press(url.Values{"do": {"rename"}, "name": {"Tess Quill-Doyle"}, "login": {"tess.q"}, "email": {"tess@example.org"}}, path)
	s.says(path, "Tess Quill-Doyle", "tess.q", "tess@example.org")
	press(url.Values{"do": {"role"}, "role": {"contributor"}}, path)
	if u, err := s.cfg.Access.User(ctx, access.System(), id); err != nil || u.Role != access.Contributor {
		t.Errorf("%+v, %v", u, err)
	}
	if a := s.post(path, url.Values{"do": {"role"}, "role": {"king"}}); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, `id="role-problem"`) {
		t.Errorf("a role that is none: %d", a.status)
	}
	if a := s.post(path, url.Values{"do": {"rename"}, "name": {"Tess"}, "login": {"admin"}}); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, `id="login-problem"`) || !strings.Contains(a.body, `value="admin"`) {
		t.Errorf("a login that is taken: %d", a.status)
	}
	if a := s.post(path, url.Values{"do": {"token"}, "token": {"tok_of_somebody_else"}}); a.status != http.StatusNotFound {
		t.Errorf("a token of nobody: %d", a.status)
	}
	tok := regexp.MustCompile(`tok_[0-9A-Za-z]+`).FindString(s.get(path).body)
	press(url.Values{"do": {"token"}, "token": {tok}}, path)
	if _, err := s.cfg.Access.Token(ctx, token); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("revoked, and it opens: %v", err)
	}
	press(url.Values{"do": {"sessions"}}, path)
	s.client = hers
	if a := s.get("/account"); a.status == http.StatusOK {
		t.Error("her session goes on")
	}
	s.client = boss
	again := s.post(path, url.Values{"do": {"link"}})
	if again.status != http.StatusOK || shownLink(again) == "" || shownLink(s.get(path)) != "" {
		t.Errorf("a new link: %d %q", again.status, shownLink(again))
	}
	press(url.Values{"do": {"disable"}}, path)
	if a := s.post(path, url.Values{"do": {"link"}}); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, `id="link-problem" role="alert">This user is disabled.`) {
		t.Errorf("a link for somebody disabled: %d", a.status)
	}
	s.says("/settings/users?state=disabled", "Tess Quill-Doyle")
	s.client = s.stranger()
	if a := s.get(shownLink(again)); a.status != http.StatusNotFound {
		t.Errorf("the link of somebody disabled: %d", a.status)
	}
	s.client = boss
	press(url.Values{"do": {"enable"}}, path)
	s.post("/settings/users", url.Values{"login": {"second"}, "name": {"Ada Second"}, "role": {"administrator"}})
	own := "/settings/users/" + s.idOf("admin")
	if a := s.post(own, url.Values{"do": {"role"}, "role": {"viewer"}}); a.status != http.StatusSeeOther || a.to != "/account" {
		t.Errorf("one's own role: %d to %q", a.status, a.to)
	}
	if a := s.get("/settings/users"); a.status != http.StatusForbidden {
		t.Errorf("the users, as a viewer: %d", a.status)
	}
}

func TestUsersAreListed(t *testing.T) {
	s := newSite(t)
	s.login()
	for i := range pageSize + 3 {
		s.clock.Advance(time.Millisecond)
		if _, err := s.cfg.Access.AddUser(t.Context(), access.System(), access.NewUser{Login: "u" + string(rune('a'+i/26)) + string(rune('a'+i%26)), Name: "Person " + string(rune('A'+i/26)) + string(rune('A'+i%26)), Role: access.Training}); err != nil {
			t.Fatal(err)
		}
	}
	page := s.says("/settings/users?role=training", "50 of 53 shown", "Person AA")
	next := regexp.MustCompile(`href="([^"]+)" rel="next"`).FindStringSubmatch(page.body)
	if next == nil {
		t.Fatal("there is no next page")
	}
	s.says(strings.ReplaceAll(next[1], "&amp;", "&"), "3 of 53 shown", "Person CA")
	s.says("/settings/users?q=person+ab", "1 of 1 shown")
	s.says("/settings/users?q=nobody+is+called+so", "No user matches")
	if first := s.get("/settings/users?sort=last").text(); strings.Index(first, "Person AA") > strings.Index(first, "logs in as admin") && strings.Contains(first, "logs in as admin") {
		t.Error("whoever came last stands first")
	}
	for _, bad := range []string{"role=king", "state=golden", "sort=height", "after=usr_gone"} {
		if a := s.get("/settings/users?" + bad); a.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", bad, a.status)
		}
	}
	boss := s.client
	for range 6 {
		s.client = s.stranger()
		s.post("/login", url.Values{"login": {"uaa"}, "password": {"not the right words"}})
	}
	s.client = boss
	s.says("/settings/users?state=locked", "Person AA", "locked until")
}
