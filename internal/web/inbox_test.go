package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/notify"
)

// holds looks for marks of a page, beside what it says.
func holds(t *testing.T, a answer, marks ...string) {
	t.Helper()
	for _, m := range marks {
		if !strings.Contains(a.body, m) {
			t.Errorf("the page lacks %s", m)
		}
	}
}

// What somebody is told shows in the bell and in the inbox, and is marked read
// there; of somebody else's nothing shows.
func TestInbox(t *testing.T) {
	s := newSite(t)
	s.login()
	s.says("/inbox", "Nothing waits for you")
	for _, n := range []string{"one", "two"} {
		if err := s.cfg.Notices.Say(t.Context(), notify.Happening{Kind: "health.failing", Object: n, Title: "The check " + n + " <fails>", Link: "/settings/health", Urgent: true, May: []access.Action{access.SettingsEdit}}); err != nil {
			t.Fatal(err)
		}
	}
	page := s.says("/inbox", "2 notices wait for you", "The check one <fails>", "urgent")
	holds(t, page, `id="bell-count">2</span>`)
	s.says("/inbox?kind=health.failing", "The check two")
	if a := s.get("/inbox?kind=nothing"); a.status != http.StatusUnprocessableEntity {
		t.Errorf("an unknown kind: %d", a.status)
	}
	_, rest, _ := strings.Cut(page.body, `name="notice" value="`)
	id, _, _ := strings.Cut(rest, `"`)
	if a := s.post("/inbox", url.Values{"do": {"chosen"}, "notice": {id}}); a.status != http.StatusSeeOther {
		t.Fatalf("marking one: %d", a.status)
	}
	s.says("/inbox", "1 notice waits for you", "1 marked as read")
	s.post("/inbox", url.Values{"do": {"all"}})
	holds(t, s.says("/inbox", "Nothing waits for you"), `id="bell-count" hidden>`)
	s.says("/inbox?all=1", "The check one", "The check two")
}

func TestChoicesForm(t *testing.T) {
	s := newSite(t)
	s.login()
	holds(t, s.says("/account/notifications", "Mail at once", "Daily digest"), `value="08:00"`)
	form := url.Values{"way.finding.opened": {"weekly"}, "zone": {"Europe/Berlin"}, "digest_at": {"09:30"}, "quiet": {"1"}, "quiet_from": {"22:00"}, "quiet_to": {"07:00"}}
	if a := s.post("/account/notifications", form); a.status != http.StatusSeeOther {
		t.Fatalf("%d %.300s", a.status, a.text())
	}
	holds(t, s.get("/account/notifications"), `value="09:30"`, `value="Europe/Berlin"`, `value="weekly" selected`)
	form.Set("zone", "Mars/Base")
	if a := s.post("/account/notifications", form); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, `value="Mars/Base"`) {
		t.Errorf("a zone that is not: %d", a.status)
	}
}

// A webhook is added, shows its secret once, is tested, given another secret,
// paused and removed; its address does not show.
func TestWebhookScreens(t *testing.T) {
	s := newSite(t)
	s.login()
	got := 0
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { got++; w.WriteHeader(http.StatusAccepted) }))
	defer hook.Close()
	s.says("/settings/webhooks", "There is none", "A finding opened, or opened again")
	form := url.Values{"name": {"on call"}, "url": {"http://10.0.0.1/hush"}, "format": {"attesta"}, "events": {"finding.opened"}}
	if a := s.post("/settings/webhooks", form); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, "private address") || !strings.Contains(a.body, `value="on call"`) {
		t.Fatalf("an address inside: %d %.900s", a.status, a.text())
	}
	form.Set("url", hook.URL+"/hush")
	a := s.post("/settings/webhooks", form)
	if a.status != http.StatusOK || !strings.Contains(a.body, "whsec_") || strings.Contains(a.body, "/hush") {
		t.Fatalf("added: %d %.900s", a.status, a.text())
	}
	list, err := s.cfg.Webhooks.List(t.Context(), access.System())
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	path := "/settings/webhooks/" + list[0].ID
	if page := s.says(path, "on call", "in use"); strings.Contains(page.body, "whsec_") || strings.Contains(page.body, "/hush") {
		t.Error("the secret or the address is shown again")
	}
	for _, c := range []struct{ do, says string }{{"test", "The receiver answered 202"}, {"rotate", "whsec_"}, {"pause", "It is paused"}, {"pause", "is paused already"}, {"resume", "It is sent to again"}, {"dance", "is nothing that can be done"}} {
		if a := s.post(path, url.Values{"do": {c.do}}); !strings.Contains(a.body, c.says) {
			t.Errorf("%s: %d %.900s", c.do, a.status, a.text())
		}
	}
	s.says(path, "webhook.test", "delivered", "answer 202", "signs too until")
	if got != 1 {
		t.Errorf("%d requests", got)
	}
	if a := s.post(path, url.Values{"do": {"remove"}}); a.status != http.StatusSeeOther {
		t.Errorf("removing: %d", a.status)
	}
	if a := s.get(path); a.status != http.StatusNotFound {
		t.Errorf("removed, and there: %d", a.status)
	}
}

// The mail server is set, its password shows nowhere, a test says what came of
// it, and the choices say where mail goes.
func TestMailScreens(t *testing.T) {
	s := newSite(t)
	s.login()
	s.says("/settings/mail", "No mail server is set", "No mail. Each mail is kept for 180 days")
	s.says("/account/notifications", "No mail server is set")
	form := url.Values{"do": {"set"}, "host": {"10.0.0.1"}, "port": {"1"}, "tls": {"starttls"}, "user": {"attesta"}, "password": {"hush-hush"}, "from": {"Attesta <a@example.org>"}, "per_minute": {"30"}}
	if a := s.post("/settings/mail", form); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, "private address") || !strings.Contains(a.body, `value="10.0.0.1"`) || strings.Contains(a.body, "hush") {
		t.Fatalf("an address inside: %d %.900s", a.status, a.text())
	}
	form.Set("host", "127.0.0.1")
	form.Set("port", "many")
	if a := s.post("/settings/mail", form); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, "is no number") {
		t.Fatalf("no port: %d %.900s", a.status, a.text())
	}
	form.Set("port", "1")
	if a := s.post("/settings/mail", form); a.status != http.StatusSeeOther {
		t.Fatalf("set: %d %.900s", a.status, a.text())
	}
	if page := s.says("/settings/mail", "127.0.0.1, port 1, STARTTLS, required", "Send me a test message"); strings.Contains(page.body, "hush") {
		t.Error("the password is shown")
	}
	s.post("/settings/mail", url.Values{"do": {"test"}})
	if a := s.post("/settings/mail", url.Values{"do": {"dance"}}); a.status != http.StatusUnprocessableEntity {
		t.Errorf("dancing: %d", a.status)
	}
	s.get("/settings/mail?state=failed&why=test")
	if a := s.post("/settings/mail", url.Values{"do": {"remove"}}); a.status != http.StatusSeeOther {
		t.Errorf("removing: %d", a.status)
	}
	s.says("/settings/mail", "No mail server is set")
}

// The link of a mail opens without a login, shows one thing, and acts when its
// button is pressed.
func TestSlipScreen(t *testing.T) {
	s := newSite(t)
	s.login()
	if err := s.cfg.Notices.Say(t.Context(), notify.Happening{Kind: "health.failing", Object: "one", Title: "The check one <fails>", Link: "/settings/health", May: []access.Action{access.SettingsEdit}}); err != nil {
		t.Fatal(err)
	}
	me, err := s.cfg.Access.Users(t.Context(), access.System())
	if err != nil {
		t.Fatal(err)
	}
	list, err := s.cfg.Notices.List(t.Context(), access.Principal{UserID: me[0].ID, Role: me[0].Role}, false, "", "", 10)
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	_, path, err := s.cfg.Notices.SlipOf(t.Context(), list[0], s.clock.Now())
	if err != nil || path == "" {
		t.Fatal(path, err)
	}
	s.post("/logout", nil)
	for range 2 { // looking changes nothing
		s.says(path, "The check one <fails>", "Mark it as read")
	}
	if a := s.get("/inbox"); a.status != http.StatusSeeOther {
		t.Errorf("the link opened a session: %d", a.status)
	}
	if a := s.post(path, nil); a.status != http.StatusOK || !strings.Contains(a.text(), "Marked as read") {
		t.Errorf("%d %.500s", a.status, a.text())
	}
	s.says(path, "You have read it already")
	if a := s.get(path + "x"); a.status != http.StatusNotFound || !strings.Contains(a.text(), "This link cannot be used") {
		t.Errorf("a forged one: %d %.300s", a.status, a.text())
	}
	if n, err := s.cfg.Notices.Unread(t.Context(), access.Principal{UserID: me[0].ID, Role: me[0].Role}); n != 0 || err != nil {
		t.Errorf("%d wait still, %v", n, err)
	}
}
