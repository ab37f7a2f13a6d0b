package web

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/evidence/finding"
)

var seenField = regexp.MustCompile(`name="seen" value="([0-9a-f]{64})"`)

// Findings are marked on their list, looked at, taken on and let go again, by
// forms alone; and all that match a filter likewise.
func TestBulkScreens(t *testing.T) {
	s := newSite(t)
	s.login()
	s.says("/bulk", "Nothing was done to many at once yet", "See the findings")
	s.report(func(facts map[string]any) {
		rootMayLogIn(facts)
		facts["sshd"].(map[string]any)["effective"].(map[string]any)["permitemptypasswords"] = "yes"
	})
	page, err := s.cfg.Findings.List(t.Context(), finding.Filter{}, finding.ByNumber, "", 100)
	if err != nil || len(page.Findings) < 2 {
		t.Fatalf("%d findings, %v", len(page.Findings), err)
	}
	n := len(page.Findings)
	list := s.says("/findings", "Mark F-1", "With marked lines", "Take them on", "Say who is to mend them", fmt.Sprintf("Preview for all %d that match", n), "What was done to many")
	if strings.Count(list.body, `name="item"`) != n {
		t.Errorf("%d lines can be marked, of %d", strings.Count(list.body, `name="item"`), n)
	}
	to := func(form url.Values) string {
		t.Helper()
		a := s.post("/bulk", form)
		if a.status != http.StatusSeeOther {
			t.Fatalf("choosing answers %d: %s", a.status, a.text())
		}
		return a.to
	}
	// Nothing is marked: the list says so.
	if at := to(url.Values{"kind": {"findings.acknowledge"}, "which": {"marked"}, "address": {"/findings?state=open"}}); at != "/findings?state=open" {
		t.Errorf("without a mark it goes to %s", at)
	}
	s.says("/findings?state=open", "No line is chosen", "Mark the lines")

	if a := s.post("/findings/F-1/acknowledge", url.Values{}); a.status != http.StatusSeeOther {
		t.Fatal(a.text())
	}
	preview := to(url.Values{"kind": {"findings.acknowledge"}, "which": {"all"}, "address": {"/findings?after="}})
	a := s.says(preview, "preview: nothing is changed yet", "What will change", "open → acknowledged", "What cannot be changed", "F-1 is acknowledged already", "It can be undone for 24 hours")
	if f, err := s.cfg.Findings.Get(t.Context(), "F-2"); err != nil || f.State != finding.Open {
		t.Errorf("the preview changed F-2: %s, %v", f.State, err)
	}
	m := seenField.FindStringSubmatch(a.body)
	if m == nil {
		t.Fatal("the form does not say what was seen")
	}
	if again := s.post(preview+"/preview", url.Values{"note": {"with a word"}}); again.to != preview {
		t.Fatalf("another preview: %d %s", again.status, again.text())
	}
	if stale := s.post(preview+"/apply", url.Values{"seen": {m[1]}}); stale.to != preview {
		t.Fatalf("what was seen before: %d %s", stale.status, stale.text())
	}
	a = s.says(preview, "What you saw is not what the preview says now", "with a word")
	for range 2 { // a double click
		if a := s.post(preview+"/apply", url.Values{"seen": {seenField.FindStringSubmatch(a.body)[1]}}); a.to != preview {
			t.Fatalf("applying answers %d: %s", a.status, a.text())
		}
	}
	s.settle()
	a = s.says(preview, fmt.Sprintf("%d finding", n-1), "changed", "Undo", "Until 19 Aug", "Ledger", "1 left out, as the preview said")
	if ledger := regexp.MustCompile(`/ledger/ent_[a-z0-9]+`).FindString(a.body); ledger == "" || s.get(ledger).status != http.StatusOK {
		t.Errorf("the entry %q of a line does not open", ledger)
	}
	undone := s.post(preview+"/undo", url.Values{})
	if undone.status != http.StatusSeeOther || undone.to == preview {
		t.Fatalf("undoing answers %d %s: %s", undone.status, undone.to, undone.text())
	}
	s.says(undone.to, "as before again", "acknowledged → open", "What was undone")
	s.says(preview, "This was undone", "How it was undone")
	s.says("/bulk", "Findings: take them on", "undoes another", "undone")
	s.says("/findings/F-2", "Released", "with a word")

	// A question is asked before the preview, and keeps what was typed when it is wrong.
	me, err := s.cfg.Access.Users(t.Context(), access.System())
	if err != nil {
		t.Fatal(err)
	}
	ask := to(url.Values{"kind": {"findings.assign"}, "which": {"marked"}, "item": {page.Findings[0].ID, page.Findings[1].ID}, "address": {"/findings"}})
	s.says(ask, "2 findings chosen", "Who is to mend them", me[0].Name)
	if a := s.post(ask+"/preview", url.Values{"owner": {"zoe"}, "note": {"kept"}}); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.text(), "There is no user") || !strings.Contains(a.body, "kept</textarea>") {
		t.Errorf("a wrong owner: %d %s", a.status, a.text())
	}
	if a := s.post(ask+"/preview", url.Values{"owner": {me[0].ID}}); a.to != ask {
		t.Fatalf("%d %s", a.status, a.text())
	}
	s.says(ask, "2 findings will change", "none → "+me[0].Name)

	// Hosts are marked for both: to be compared, and to be said something of.
	hosts := s.says("/hosts", "Mark web-1", "Say owner, data, environment or tags", "Compare the two marked hosts")
	id := regexp.MustCompile(`name="host" value="(hst_[a-z0-9]+)"`).FindStringSubmatch(hosts.body)
	if id == nil {
		t.Fatal("no host can be marked")
	}
	if a := s.get("/hosts/compare?host=" + id[1] + "&host=hst_b&kind=hosts.edit&address=%2Fhosts"); a.to != "/hosts/compare?host="+id[1]+"&host=hst_b" {
		t.Errorf("comparing from the bar goes to %q", a.to)
	}
	edit := to(url.Values{"kind": {"hosts.edit"}, "which": {"marked"}, "host": {id[1]}, "address": {"/hosts"}})
	if a := s.post(edit+"/preview", url.Values{}); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.text(), "Say at least one of them") {
		t.Errorf("nothing is said: %d %s", a.status, a.text())
	}
	if a := s.post(edit+"/preview", url.Values{"owner": {"platform"}, "add": {"edge"}}); a.to != edit {
		t.Fatalf("%d %s", a.status, a.text())
	}
	s.says(edit, "1 host will change", "none → platform", "none → edge")
}

// Who may not do it to one is offered nothing, and refused when they ask all the
// same; accounts ask who is there.
func TestBulkOfRoles(t *testing.T) {
	s := newSite(t)
	s.login()
	s.report(rootMayLogIn)
	a := s.says("/settings/users", "Give them another role", "Disable them")
	own := regexp.MustCompile(`name="item" value="(usr_[a-z0-9]+)"`).FindStringSubmatch(a.body)
	if own == nil {
		t.Fatal("no user can be marked")
	}
	if a := s.post("/bulk", url.Values{"kind": {"users.disable"}, "which": {"marked"}, "item": {own[1]}, "address": {"/settings/users"}}); a.status != http.StatusSeeOther {
		t.Fatalf("%d %s", a.status, a.text())
	} else {
		s.says(a.to, "Nothing of this can be changed", "This is your own account")
	}
	s.clock.Advance(access.ProofLife + 1)
	if a := s.post("/bulk", url.Values{"kind": {"users.disable"}, "which": {"marked"}, "item": {own[1]}, "address": {"/settings/users"}}); a.status != http.StatusForbidden || !strings.Contains(a.text(), "Is it you?") {
		t.Errorf("a session that was proved long ago: %d %s", a.status, a.text())
	}
	for _, no := range []url.Values{{"kind": {"moon.launch"}}, {"kind": {"findings.acknowledge"}, "which": {"all"}, "address": {"/hosts"}}, {"kind": {"findings.acknowledge"}, "which": {"all"}, "address": {"/findings?at=2036-08-17"}}} {
		if a := s.post("/bulk", no); a.status != http.StatusUnprocessableEntity && a.status != http.StatusBadRequest {
			t.Errorf("%v: %d %s", no, a.status, a.text())
		}
	}
	for _, role := range []access.Role{access.Viewer, access.Contributor} {
		s.as("u-"+strings.ReplaceAll(string(role), "_", "-"), role)
		page := s.get("/findings")
		offers := strings.Contains(page.body, `action="/bulk"`)
		if offers != (role == access.Contributor) || strings.Contains(page.body, "findings.assign") {
			t.Errorf("%s is offered %v", role, offers)
		}
		if h := s.get("/hosts"); !strings.Contains(h.body, "Compare the two marked hosts") || strings.Contains(h.body, `action="/bulk"`) || !strings.Contains(h.body, `<form id="bulk" method="get" action="/hosts/compare">`) {
			t.Errorf("%s cannot compare hosts any more", role)
		}
		if a := s.post("/bulk", url.Values{"kind": {"findings.assign"}, "which": {"all"}, "address": {"/findings"}}); a.status != http.StatusForbidden {
			t.Errorf("%s assigns: %d", role, a.status)
		}
	}
}
