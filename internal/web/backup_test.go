package web

import (
	"context"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/backup"

	"filippo.io/age"
)

// works lets the jobs run until the test ends.
func (s *site) works() {
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.jobs.Run(ctx) }()
	s.t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			s.t.Error(err)
		}
	})
}

// until loads a page again until it says something.
func (s *site) until(path, says string) answer {
	s.t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		a := s.get(path)
		if strings.Contains(a.text(), says) {
			return a
		}
		if time.Now().After(end) {
			s.t.Fatalf("%s does not say %q:\n%s", path, says, a.text())
		}
	}
}

// byHand ends the schedule: no backup is made but those that a test asks for.
func byHand(s *site) {
	s.t.Helper()
	admin := access.Principal{UserID: "usr_x", SessionID: "ses_x", Role: access.Administrator, Via: access.ViaPassword}
	if err := s.cfg.Backups.SetSchedule(s.t.Context(), admin, 0, 3); err != nil {
		s.t.Fatal(err)
	}
}

func TestBackups(t *testing.T) {
	s := newSite(t)
	s.login()
	s.says("/settings/backup", "Nothing is backed up", "There is none yet", "1 d, the newest 3 stay", "the server's configuration", "Make a backup", "set backup-recipients for both")
	if a := s.post("/settings/backup", url.Values{"do": {"make"}}); a.status != http.StatusSeeOther {
		t.Fatalf("%d %s", a.status, a.text())
	}
	s.says("/settings/backup", "A backup is being made", "it waits for its turn")
	if a := s.post("/settings/backup", url.Values{"do": {"make"}}); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.text(), "A backup is being made already") {
		t.Errorf("two at once: %d %s", a.status, a.text())
	}
	byHand(s)
	s.works()
	page := s.until("/settings/backup", "The newest backup is 0 s old, and nobody has verified it")
	all, err := s.cfg.Backups.View(t.Context(), access.System(), 10)
	if err != nil || len(all.Backups) == 0 {
		t.Fatalf("%+v %v", all, err)
	}
	m := all.Backups[0].Made
	path := "/settings/backup/" + m.ID
	for _, want := range []string{"asked for", filepath.Base(m.Path), "not verified", "attesta restore "} {
		if !strings.Contains(page.body, want) {
			t.Errorf("the list lacks %q", want)
		}
	}
	s.says(path, "Backup of", m.SHA256, m.Manifest, "It was not verified yet", "This file is not encrypted", "Verify this one")
	if a := s.post(path, url.Values{"do": {"take"}}); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.text(), "is not encrypted") {
		t.Errorf("taken away in clear: %d %s", a.status, a.text())
	}
	if a := s.post(path, url.Values{"do": {"verify"}}); a.to != path {
		t.Fatalf("%d %s", a.status, a.text())
	}
	s.until(path, "sound restored beside the live data")
	s.says("/settings/backup?verified=sound", filepath.Base(m.Path))
	s.says("/settings/backup?why=migration", "No backup matches.", "Clear the filters")
	s.says("/settings/health", "asked for", "sound")

	// damaged, then gone
	if err := os.WriteFile(m.Path, []byte("no backup"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.clock.Advance(time.Minute)
	if a := s.post(path, url.Values{"do": {"verify"}}); a.to != path {
		t.Fatalf("%d %s", a.status, a.text())
	}
	s.until(path, "The file is damaged")
	if err := os.Remove(m.Path); err != nil {
		t.Fatal(err)
	}
	s.says(path, "There is no file at")
	if a := s.post(path, url.Values{"do": {"verify"}}); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.text(), "There is no file at") {
		t.Errorf("%d %s", a.status, a.text())
	}

	// the schedule keeps what was typed, and names the field
	for _, c := range []struct{ every, keep, says string }{{"two", "3", "is no number"}, {"24", "0", "0 backups cannot be kept"}, {"9000", "3", "is no time between two backups"}, {"-1", "3", "is no number"}} {
		a := s.post("/settings/backup", url.Values{"do": {"schedule"}, "every": {c.every}, "keep": {c.keep}})
		if a.status != http.StatusUnprocessableEntity || !strings.Contains(a.text(), c.says) || !strings.Contains(a.body, `value="`+c.every+`"`) {
			t.Errorf("%+v: %d %s", c, a.status, a.text())
		}
	}
	if a := s.post("/settings/backup", url.Values{"do": {"schedule"}, "every": {"12"}, "keep": {"30"}}); a.status != http.StatusSeeOther {
		t.Errorf("%d %s", a.status, a.text())
	}
	s.says("/settings/backup", "12 h, the newest 30 stay", "somebody here")
	for _, bad := range []string{"/settings/backup?why=x", "/settings/backup?verified=x"} {
		if a := s.get(bad); a.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", bad, a.status)
		}
	}
	if a := s.get("/settings/backup/bkp_none"); a.status != http.StatusNotFound {
		t.Errorf("%d", a.status)
	}
	for _, where := range []string{"/settings/backup", path} {
		if a := s.post(where, url.Values{"do": {"dance"}}); a.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", where, a.status)
		}
	}
	// asked for again after the proof of who it is has become old
	s.clock.Advance(access.ProofLife + time.Minute)
	if a := s.post("/settings/backup", url.Values{"do": {"make"}}); a.status == http.StatusSeeOther || !strings.Contains(a.text(), "Is it you?") {
		t.Errorf("no step-up: %d %s", a.status, a.text())
	}
}

// An encrypted one can be taken away, whole; a failure stands on the page with
// its reason.
func TestBackupIsTakenOrFails(t *testing.T) {
	s := newSite(t)
	s.login()
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	made, err := backup.Make(t.Context(), s.backups.Config, backup.Options{To: s.backups.Dir, Recipients: []string{identity.Recipient().String()}})
	if err == nil {
		made, err = backup.Record(t.Context(), s.db, s.cfg.Ledger, "system", made)
	}
	if err != nil {
		t.Fatal(err)
	}
	path := "/settings/backup/" + made.ID
	s.says(path, "the command line", "Download the file")
	if !strings.Contains(s.get(path).body, "--data NEWDIR --identity-file key.txt") {
		t.Error("no command to copy")
	}
	a := s.post(path, url.Values{"do": {"take"}})
	raw, err := os.ReadFile(made.Path)
	if err != nil || a.status != http.StatusOK || a.body != string(raw) || !strings.Contains(a.header.Get("Content-Disposition"), filepath.Base(made.Path)) {
		t.Errorf("%d, %d of %d bytes, %v", a.status, len(a.body), len(raw), err)
	}
	s.settle()
	s.says("/ledger?type=backup.taken", made.ID)

	if err := os.RemoveAll(s.backups.Dir); err != nil {
		t.Fatal(err)
	}
	if a := s.post("/settings/backup", url.Values{"do": {"make"}}); a.status != http.StatusSeeOther {
		t.Fatalf("%d %s", a.status, a.text())
	}
	byHand(s)
	s.works()
	s.until("/settings/backup", "The last backup failed")
	s.says("/settings/backup", "cannot be written into", "Check that the directory is there")
}
