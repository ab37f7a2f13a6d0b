package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/base/backup"
)

func TestHealth(t *testing.T) {
	s := newSite(t)
	s.login()
	page := s.says("/settings/health", "1 check needs somebody", "database.answers", "Does the database answer?", "attesta doctor --data /var/lib/attesta",
		"disk.full", "There is <none>.", "Free some.", "/readyz answers 503")
	if strings.Contains(page.body, "<none>") {
		t.Error("a reason is not escaped")
	}
	if bad, good := strings.Index(page.body, ">disk.full</"), strings.Index(page.body, ">database.answers<"); bad > good && good >= 0 {
		t.Error("what fails does not stand first")
	}
	if text := s.get("/settings/health?outcome=pass").text(); strings.Contains(text, "There is") || !strings.Contains(text, "database.answers") {
		t.Errorf("only what passes: %.800s", text)
	}
	s.says("/settings/health", "None was made yet", "attesta backup FILE --data /var/lib/attesta")
	if _, err := backup.Record(t.Context(), s.db, s.cfg.Ledger, "system", backup.Made{At: s.clock.Now(), Reason: backup.Scheduled, Manifest: strings.Repeat("ab", 32),
		Ledger: backup.Position{Size: 1234, Root: "r"}, Files: 7, Bytes: 5_000_000, Encrypted: true}); err != nil {
		t.Fatal(err)
	}
	s.says("/settings/health", "on schedule", "1,234", "5.0 MB", "not verified", "manifest abababababab")
	s.says("/settings/health?q=nosuchcheck", "No check matches.", "Clear the filters")
	for _, path := range []string{"/settings/health?outcome=waived", "/settings/health?outcome=green", "/settings/health?sort=colour"} {
		if a := s.get(path); a.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", path, a.status)
		}
	}
}
