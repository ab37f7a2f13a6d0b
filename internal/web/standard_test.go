package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/evidence/standard"
)

const tries = "/checks/linux-server/sshd-max-auth-tries/tailor"

// linux gives the shipped standard as it stands.
func (s *site) linux() standard.Standard {
	s.t.Helper()
	list, err := s.cfg.Standards.List(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	for _, st := range list {
		if st.Pack == "linux-server" {
			return st
		}
	}
	s.t.Fatal("linux-server is not installed")
	return standard.Standard{}
}

// C7.1a: a check is tailored with a preview, listed, compared and taken back.
func TestTailorACheck(t *testing.T) {
	s := newSite(t)
	s.report(nil)
	s.login()
	form := func(pairs ...string) url.Values {
		v := url.Values{"digest": {s.linux().Digest}, "severity": {"medium"}, "do": {"preview"}}
		for i := 0; i+1 < len(pairs); i += 2 {
			v.Set(pairs[i], pairs[i+1])
		}
		return v
	}
	s.says(tries, "Tailor: ", "A whole number from", "As declared: 4", "Preview what changes")
	for _, tc := range []struct{ typed, says string }{
		{"many", `"many" is not a whole number`}, {"99", "99 is more than the maximum"}, {"-1", "is less than the minimum"}, {"4", "the tailoring changes nothing"},
	} {
		a := s.post(tries, form("p.max_auth_tries", tc.typed))
		if a.status != http.StatusUnprocessableEntity || !strings.Contains(strings.ToLower(a.text()), strings.ToLower(tc.says)) || !strings.Contains(a.body, `value="`+tc.typed+`"`) {
			t.Errorf("%q answers %d, does not say %q or forgets what was typed:\n%s", tc.typed, a.status, tc.says, a.text())
		}
	}
	a := s.post(tries, form("p.max_auth_tries", "3", "reason", "scanners"))
	for _, want := range []string{"What would change", "nothing is stored yet", "parameters.max_auth_tries.value", "Judged for this preview: 1 host", "Put it in force", "scanners"} {
		if a.status != http.StatusOK || !strings.Contains(a.text(), want) {
			t.Fatalf("the preview answers %d and does not say %q:\n%s", a.status, want, a.text())
		}
	}
	if !strings.Contains(a.text(), "this tailoring 0 1 0 0 0") { // the host allows 4 tries
		t.Errorf("the preview does not show that the host would fail:\n%s", a.text())
	}
	if st := s.linux(); st.Digest != st.Base {
		t.Error("a preview changed the standard")
	}
	if a = s.post(tries, form("p.max_auth_tries", "3", "do", "save")); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.text(), "Say why") {
		t.Errorf("without a reason it answers %d:\n%s", a.status, a.text())
	}
	stale := form("p.max_auth_tries", "3", "do", "save", "reason", "scanners")
	if a = s.post(tries, stale); a.status != http.StatusSeeOther {
		t.Fatalf("saving answers %d:\n%s", a.status, a.text())
	}
	if a = s.post(tries, stale); a.status != http.StatusConflict {
		t.Errorf("a page that is out of date answers %d", a.status)
	}
	page := "/standards/" + s.linux().ID
	s.says(page, "Tailored", "4 → 3", "scanners", "Approve version 1.", "Change or take back")
	s.says(page+"/diff?from=installed", "what tailoring changes", "parameters.max_auth_tries.value", "sshd-max-auth-tries")
	s.says("/checks/linux-server/sshd-max-auth-tries", "ends a connection after 3 failed attempts", "what differs", "Fixtures: what it makes of known hosts")
	s.says(tries, "Tailored now", "4 → 3", "Take the tailoring back")

	// The author does not approve, unless the compensation is said.
	digest := url.Values{"digest": {s.linux().Digest}}
	if a = s.post(page+"/approve", digest); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.text(), "say what stands in for a second person") {
		t.Errorf("approving one's own tailoring answers %d:\n%s", a.status, a.text())
	}
	digest.Set("compensation", "the adviser reads it in April")
	if a = s.post(page+"/approve", digest); a.status != http.StatusSeeOther || !s.linux().Approved {
		t.Errorf("approving alone answers %d:\n%s", a.status, a.text())
	}
	s.says(page, "Approved alone", "the adviser reads it in April")

	// Left out, then taken back.
	if a = s.post(tries, form("exclude", "yes", "reason", "no sshd here", "do", "save")); a.status != http.StatusSeeOther {
		t.Fatalf("excluding answers %d:\n%s", a.status, a.text())
	}
	if a = s.get("/checks/linux-server/sshd-max-auth-tries"); a.to != tries {
		t.Errorf("an excluded check answers %d %s", a.status, a.to)
	}
	s.says(tries, "left out: not judged", "no sshd here")
	if a = s.post(tries, form("do", "undo", "reason", "there is one now")); a.status != http.StatusSeeOther {
		t.Fatalf("undoing answers %d:\n%s", a.status, a.text())
	}
	if st := s.linux(); st.Digest != st.Base || !strings.Contains(s.get(tries).text(), "as declared: the tailoring before was taken back") {
		t.Error("taking back does not give what was declared, or does not stand in the history")
	}
	s.says(page+"/diff?from=installed", "Nothing is tailored")
	if a = s.get(page + "/diff?from=std_nothing"); a.status != http.StatusNotFound {
		t.Errorf("a version that is not there answers %d", a.status)
	}
	if a = s.get("/checks/linux-server/nothing/tailor"); a.status != http.StatusNotFound {
		t.Errorf("a check that is not there answers %d", a.status)
	}
}

// Tiers decide what opens findings, and say so.
func TestTierSwitch(t *testing.T) {
	s := newSite(t)
	s.report(func(facts map[string]any) {
		facts["sshd"].(map[string]any)["effective"].(map[string]any)["maxauthtries"] = 10
	})
	s.login()
	page := "/standards/" + s.linux().ID
	s.says(page, "What opens findings", "judged and counted; opens no finding", "1 judgement fails now")
	s.says("/checks/linux-server/sshd-max-auth-tries", "opens no finding: the tier recommended is not switched on", "deviation")
	s.says(page+"?tier=essential", "Essential")
	if a := s.get(page + "?tier=most"); a.status != http.StatusUnprocessableEntity {
		t.Errorf("a tier that does not exist answers %d", a.status)
	}
	count := func() int64 {
		page, err := s.cfg.Findings.List(t.Context(), finding.Filter{Live: true}, finding.ByNumber, "", 10)
		if err != nil {
			t.Fatal(err)
		}
		return page.Total
	}
	if n := count(); n != 0 {
		t.Fatalf("%d findings before the tier is on", n)
	}
	if a := s.post(page+"/tier", url.Values{"tier": {"recommended"}}); a.status != http.StatusSeeOther {
		t.Fatalf("switching on answers %d:\n%s", a.status, a.text())
	}
	if _, err := s.cfg.Hosts.Rejudge(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if n := count(); n != 1 {
		t.Errorf("%d findings after the tier is on", n)
	}
	a := s.post(page+"/tier", url.Values{"tier": {"essential"}})
	if a.status != http.StatusUnprocessableEntity || !strings.Contains(a.text(), "Say why these findings are put aside") {
		t.Errorf("switching off without a reason answers %d:\n%s", a.status, a.text())
	}
	s.says("/standards?state=draft", "essential, recommended", "All 1")
	if a := s.get("/standards?state=nice"); a.status != http.StatusUnprocessableEntity {
		t.Errorf("a state that does not exist answers %d", a.status)
	}
}
