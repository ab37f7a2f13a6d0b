package web

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/proof/offline"
)

// The package of an engagement is built from its page, listed with who built it,
// and verifies where it was downloaded.
func TestEngagementPackage(t *testing.T) {
	s := newSite(t)
	s.login()
	s.report(nil)
	if a := s.post("/engagements/new", engagementFields()); a.to != "/engagements/1" {
		t.Fatalf("set up: %d %s", a.status, a.text())
	}
	s.settle()
	s.says("/engagements/1", "Build the package", "None is built yet")
	if a := s.post("/engagements/1/packages", url.Values{}); a.status != http.StatusSeeOther {
		t.Fatalf("build: %d %s", a.status, a.text())
	}
	page := s.says("/engagements/1", "The package is built", "records of the ledger, by ")
	if strings.Contains(page.text(), "None is built yet") {
		t.Error("the page has a package and says that there is none")
	}
	at := strings.Index(page.body, "/engagements/1/packages/pkg_")
	if at < 0 {
		t.Fatal("the page has no link to the package")
	}
	got := s.get(page.body[at : at+strings.Index(page.body[at:], `"`)])
	path := filepath.Join(t.TempDir(), "package.zip")
	if err := os.WriteFile(path, []byte(got.body), 0o600); err != nil {
		t.Fatal(err)
	}
	raw, err := offline.TrustFile{Origins: []offline.Origin{{Origin: s.cfg.Ledger.Origin(), Key: s.cfg.Ledger.VerifierKey(), Epoch: 1}}}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	trust, err := offline.ParseTrust(raw)
	if err != nil {
		t.Fatal(err)
	}
	rep, err := offline.VerifyFile(t.Context(), path, trust, offline.Options{})
	if err != nil || rep.Result != "verified" || rep.Subject.ID != "1" || rep.Entries == 0 {
		t.Fatalf("%v %+v", err, rep)
	}
	if a := s.get("/engagements/1/packages/pkg_none"); a.status != http.StatusNotFound {
		t.Errorf("a package that is not there answers %d", a.status)
	}
	if a := s.post("/engagements/9/packages", url.Values{}); a.status != http.StatusNotFound {
		t.Errorf("an engagement that is not there answers %d", a.status)
	}
}
