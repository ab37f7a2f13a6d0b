package web

import (
	"database/sql"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

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
	s.client = s.stranger()
	if a := s.get("/search?q=F-1"); a.status != http.StatusSeeOther || !strings.HasPrefix(a.to, "/login") {
		t.Errorf("a stranger: %d %s", a.status, a.to)
	}
}

var (
	hitHref  = regexp.MustCompile(`data-href="([^"]+)" aria-selected`)
	goKey    = regexp.MustCompile(`data-go="(.)" data-href="([^"]+)"`)
	sheetKey = regexp.MustCompile(`<dt data-keys="([^"]+)"`)
	bound    = regexp.MustCompile(`(?m)^    "?(.)"?: \{ when: `)
)

// hits gives the addresses that a search names.
func (s *site) hits(asked string) (all []string) {
	s.t.Helper()
	a := s.get("/search?part=1&q=" + url.QueryEscape(asked))
	if a.status != http.StatusOK {
		s.t.Errorf("%q answers %d", asked, a.status)
	}
	for _, m := range hitHref.FindAllStringSubmatch(a.body, -1) {
		all = append(all, m[1])
	}
	return all
}

// Nothing is named that the role may not read, and what it may read is: every hit
// opens, for every role. The same holds of the keys that lead to pages.
func TestSearchNamesWhatTheRoleMayRead(t *testing.T) {
	s := newSite(t)
	s.login()
	s.report(rootMayLogIn)
	if a := s.post("/engagements/new", engagementFields()); a.status != http.StatusSeeOther {
		t.Fatalf("set up an engagement: %d %s", a.status, a.text())
	}
	asked := map[string]access.Action{"F-1": access.FindingRead, "web-1": access.HostRead, "CC7.1": access.PostureRead, "C-1": access.ControlRead,
		"sshd-root-login": access.StandardRead, "linux": access.StandardRead, "hosts": access.PopulationRead, "Quinn": access.UserRead,
		"Add evidence": access.EvidenceAdd, "Ask for a waiver": access.WaiverAsk, "Leave something out": access.ExclusionAsk, "Write the scope": access.ScopeEdit,
		"Add a user": access.UserManage, "Make a token": access.SessionManageOwn, "ledger": access.LedgerRead, "": access.SessionManageOwn}
	for _, role := range access.Roles() {
		s.as("quill-"+string(role), role)
		opened := map[string]bool{}
		for q, action := range asked {
			found := s.hits(q)
			if may := access.May(role, action); may && len(found) == 0 {
				t.Errorf("%s does not find %q", role, q)
			} else if !may && q != "hosts" && q != "linux" && len(found) > 0 {
				t.Errorf("%s finds %q: %v", role, q, found)
			}
			for _, href := range found {
				if opened[href] {
					continue
				}
				opened[href] = true
				if a := s.get(href); a.status != http.StatusOK && a.status != http.StatusConflict { // a screen may say what must be there first
					t.Errorf("%s is led to %s, which answers %d", role, href, a.status)
				}
			}
		}
		for _, m := range goKey.FindAllStringSubmatch(s.get("/account").body, -1) {
			if a := s.get(m[2]); a.status != http.StatusOK {
				t.Errorf("%s is led by g %s to %s, which answers %d", role, m[1], m[2], a.status)
			}
		}
		if found := s.hits("SOC 2 type 2"); slices.Contains(found, "/engagements/1") != (access.May(role, access.EngagementRead) && role != access.Auditor) {
			t.Errorf("%s finds of an engagement that names nobody: %v", role, found)
		}
	}
}

// The sheet names exactly the keys that the script binds.
func TestKeySheetIsTrue(t *testing.T) {
	s := newSite(t)
	s.login()
	script, err := os.ReadFile("ui/static/attesta.js")
	if err != nil {
		t.Fatal(err)
	}
	var named, binds []string
	for _, m := range sheetKey.FindAllStringSubmatch(s.get("/").body, -1) {
		named = append(named, strings.Fields(m[1])...)
	}
	for _, m := range bound.FindAllStringSubmatch(string(script), -1) {
		binds = append(binds, m[1])
	}
	slices.Sort(named)
	slices.Sort(binds)
	if named = slices.Compact(named); len(binds) < 5 || !slices.Equal(named, binds) {
		t.Errorf("the sheet names %q, the script binds %q", named, binds)
	}
}

// A search stays quick however many hosts there are.
func TestSearchAmongManyHosts(t *testing.T) {
	s := newSite(t)
	s.login()
	s.report(nil)
	err := s.db.Tx(t.Context(), func(tx *sql.Tx) error { return manyHosts(t, tx, 10_000) })
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []string{"web", "web-0777", "9999", "nothing of that name"} {
		began := time.Now()
		found := s.hits(q)
		took := time.Since(began)
		t.Logf("%q among 10,001 hosts: %d hits in %s", q, len(found), took.Round(time.Millisecond))
		if took > 2*time.Second {
			t.Errorf("%q took %s", q, took)
		}
	}
}

// manyHosts copies the one that reported.
func manyHosts(t *testing.T, tx *sql.Tx, n int) error {
	t.Helper()
	rows, err := tx.QueryContext(t.Context(), `SELECT * FROM host LIMIT 1`)
	if err != nil {
		return err
	}
	columns, err := rows.Columns()
	if err := rows.Close(); err != nil {
		return err
	}
	if err != nil {
		return err
	}
	values := slices.Clone(columns)
	for i, c := range columns {
		switch c {
		case "id", "name", "source":
			values[i] = `'` + map[string]string{"id": "hst_", "name": "web-", "source": "src_"}[c] + `' || substr('0000' || n.i, -5)`
		}
	}
	_, err = tx.ExecContext(t.Context(), `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1) INSERT INTO host (`+strings.Join(columns, ", ")+`) SELECT `+strings.Join(values, ", ")+` FROM n, (SELECT * FROM host LIMIT 1) one`, n)
	return err
}
