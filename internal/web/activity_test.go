package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/base/access"
)

// What somebody did is found from their name, by kind and day, and taken away as
// it is shown.
func TestActivity(t *testing.T) {
	s := newSite(t)
	s.login()
	s.report(rootMayLogIn)
	page := s.says("/ledger")
	me := between(page.body, `href="/ledger?by=usr_`, `"`)
	if me == "" {
		t.Fatalf("no name leads to what they did: %s", page.text())
	}
	by := "/ledger?by=usr_" + me
	page = s.says(by, "What "+"Administrator"+" did")
	if strings.Contains(page.body, "Run judged") || !strings.Contains(page.body, "by "+"Administrator") {
		t.Errorf("somebody else's entries, or no word by whom: %s", page.text())
	}
	s.says(by+"&type=run", "No entry matches")
	s.says(by+"&to=2001-01-01", "No entry matches")
	s.says("/ledger?by=system", "What Attesta did")
	if agent := between(s.says("/ledger?type=run").body, `href="/ledger?by=src_`, `"`); agent == "" {
		t.Error("no agent leads to what it did")
	} else {
		s.says("/ledger?by=src_"+agent, "What agent of web-1 did", "Run judged")
	}
	for _, bad := range []string{"from=yesterday", "to=2026-02-30", "from=2026-03-02&to=2026-03-01"} {
		if a := s.get(by + "&" + bad); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, "-problem") {
			t.Errorf("%s: %d %s", bad, a.status, a.text())
		}
	}
	s.as("quill", access.Auditor)
	if a := s.get(by); a.status != http.StatusForbidden {
		t.Errorf("an auditor sees what people did: %d", a.status)
	}
}

func between(text, from, to string) string {
	_, rest, ok := strings.Cut(text, from)
	if !ok {
		return ""
	}
	out, _, _ := strings.Cut(rest, to)
	return out
}
