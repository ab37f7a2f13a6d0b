package web

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
)

func TestTokenIsShownOnceAndRevoked(t *testing.T) {
	s := newSite(t)
	s.login()
	s.says("/account/tokens", "There is none", "look at what you may look at")
	made := s.post("/account/tokens", url.Values{"name": {"nightly export"}, "days": {"30"}, "actions": {"read"}})
	text := regexp.MustCompile(`atta_[A-Za-z0-9_-]{43}`).FindString(made.body)
	if made.status != http.StatusOK || text == "" {
		t.Fatalf("%d %.2000s", made.status, made.body)
	}
	who, err := s.cfg.Access.Token(t.Context(), text)
	if err != nil || access.Authorise(who, access.PostureRead) != nil || access.Authorise(who, access.FindingAcknowledge) == nil {
		t.Errorf("principal %+v, %v", who, err)
	}
	page := s.says("/account/tokens", "nightly export", "…"+text[len(text)-4:])
	if strings.Contains(page.body, text) {
		t.Error("the token is shown again")
	}
	id := regexp.MustCompile(`tok_[0-9A-Za-z]+`).FindString(page.body)
	if a := s.post("/account/tokens/revoke", url.Values{"token": {id}}); a.status != http.StatusSeeOther {
		t.Errorf("revoke: %d", a.status)
	}
	s.says("/account/tokens", "revoked")
	if _, err := s.cfg.Access.Token(t.Context(), text); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("revoked, and it opens: %v", err)
	}
}

func TestTokenFormKeepsWhatWasTyped(t *testing.T) {
	s := newSite(t)
	s.login()
	for _, c := range []struct {
		form url.Values
		says string
	}{
		{url.Values{"name": {""}, "days": {"30"}, "actions": {"read"}}, "A token has a name"},
		{url.Values{"name": {"export"}, "days": {"30"}}, "A token says what it may do"},
		{url.Values{"name": {"export"}, "days": {"30"}, "actions": {"user.manage"}}, "cannot be given"},
	} {
		a := s.post("/account/tokens", c.form)
		if a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, c.says) || !strings.Contains(a.body, `value="`+c.form.Get("name")+`"`) {
			t.Errorf("%v: %d, want %q", c.form, a.status, c.says)
		}
	}
	if a := s.post("/account/tokens", url.Values{"name": {"x"}, "days": {"9999"}, "actions": {"read"}}); a.status != http.StatusUnprocessableEntity {
		t.Errorf("9999 days: %d", a.status)
	}
}
