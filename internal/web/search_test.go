package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/base/access"
)

func TestRank(t *testing.T) {
	for _, tc := range []struct {
		asked, name, words string
		want               int
	}{{"f-1", "F-1", "", 0}, {"cc7", "CC7.1", "", 1}, {"log ssh", "C-3", "Logins by SSH", 2}, {"ogin", "C-3", "Logins by SSH", 3}, {"mail", "C-3", "Logins by SSH", -1}, {"", "Home", "", 1}} {
		if got := rank(tc.asked, tc.name, tc.words); got != tc.want {
			t.Errorf("%q in %q %q: %d, not %d", tc.asked, tc.name, tc.words, got, tc.want)
		}
	}
}

// Everything that the reader may see is found, best first; nothing else is.
func TestSearch(t *testing.T) {
	s := newSite(t)
	s.login()
	s.report(rootMayLogIn)
	for asked, href := range map[string]string{"F-1": "/findings/F-1", "cc7.1": "/criteria/CC7.1", "web-1": "/hosts/hst_", "sshd-root-login": "/checks/linux-server/sshd-root-login", "add evidence": "/evidence/new", "ledger": "/ledger"} {
		page := s.says("/search?q=" + strings.ReplaceAll(asked, " ", "+"))
		if !strings.Contains(page.body, `href="`+href) {
			t.Errorf("%q does not lead to %s: %s", asked, href, page.text())
		}
		part := s.get("/search?part=1&q=" + strings.ReplaceAll(asked, " ", "+"))
		if first, _, _ := strings.Cut(part.body, "</li>"); !strings.Contains(first, `role="option"`) || !strings.Contains(first, `data-href="`+href) {
			t.Errorf("%q finds first %s", asked, first)
		}
	}
	s.says("/search?q=nothing+is+called+this", "Nothing of that name is here")
	if a := s.get("/search?q=" + strings.Repeat("a", 200)); a.status != http.StatusUnprocessableEntity && a.status != http.StatusBadRequest {
		t.Errorf("a long question: %d", a.status)
	}
	s.as("quill", access.Auditor)
	for _, asked := range []string{"F-1", "web-1", "add+evidence", "ledger", "Quinn"} {
		if a := s.get("/search?part=1&q=" + asked); a.status != http.StatusOK || strings.Contains(a.body, "role=\"option\"") {
			t.Errorf("an auditor finds %s: %d %s", asked, a.status, a.body)
		}
	}
	s.client = s.stranger()
	if a := s.get("/search?q=F-1"); a.status != http.StatusSeeOther || !strings.HasPrefix(a.to, "/login") {
		t.Errorf("a stranger: %d %s", a.status, a.to)
	}
}
