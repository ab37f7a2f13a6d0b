package web

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
)

// says fails the test unless the page answers 200 and says all of it.
func (s *site) says(path string, words ...string) answer {
	s.t.Helper()
	a := s.get(path)
	text := a.text()
	if a.status != http.StatusOK {
		s.t.Fatalf("%s answers %d: %s", path, a.status, text)
	}
	for _, w := range words {
		if !strings.Contains(text, w) {
			s.t.Errorf("%s does not say %q:\n%s", path, w, text)
		}
	}
	return a
}

// Before anything was observed nothing is good, and the pages say what will come.
func TestScreensBeforeTheFirstReport(t *testing.T) {
	s := newSite(t)
	s.login()
	s.says("/", "Nothing has been observed yet", "What happens now", "No finding is open")
	s.says("/criteria", "No criterion carries a known deviation today", "insufficient evidence")
	s.says("/hosts", "No host has reported yet", "Waiting for the first host")
	s.says("/findings", "No finding has been opened yet", "See the hosts")
	s.says("/standards", "as a draft that nobody has approved", "Linux server")
	s.says("/controls", "lack evidence")
	s.says("/ledger", "anchored outside", "Not anchored outside")
	s.says("/ledger/0", "Proof that it is in the signed tree")
	if page := s.get("/criteria").body; strings.Contains(page, `"#c-ok"`) && !strings.Contains(page, "no known deviation") {
		t.Error("a cell is drawn as good before anything was observed")
	}
	for _, path := range []string{"/criteria/CC99.9", "/controls/nothing", "/hosts/hst_nothing", "/findings/F-99", "/standards/std_nothing", "/ledger/999999", "/checks/linux-server/nothing"} {
		if a := s.get(path); a.status != http.StatusNotFound {
			t.Errorf("%s answers %d: %s", path, a.status, a.text())
		}
	}
}

// From a fact that was read to the criterion, every step on the page.
func TestFromFactToCriterion(t *testing.T) {
	s := newSite(t)
	s.login()
	s.report(nil)
	s.says("/hosts", "web-1", "none with a failing check")
	s.report(rootMayLogIn)

	s.says("/", "carry a deviation today", "F-1 ")
	s.says("/findings", "1 finding needs a person", "F-1", "web-1")
	a := s.says("/findings/F-1", "Why it says so", "sshd.effective.permitrootlogin", `"yes"`, `sshd.effective.permitrootlogin == "no"`,
		"linux-server/sshd-root-login", "ledger entry", "not yet anchored", "Logins to hosts go through a hardened SSH service", "CC6.1", "deviation", "What to do", "PermitRootLogin no", "read by agent 0.1.0", "draft")
	entry := regexp.MustCompile(`href="(/ledger/\d+)"`).FindStringSubmatch(a.body)
	if entry == nil {
		t.Fatal("the derivation leads to no ledger entry")
	}
	s.says(entry[1], "Canonical bytes", "the root computed from this entry equals the signed one", "Download the proof")
	if proof := s.get(entry[1] + "/proof"); !strings.HasPrefix(proof.body, "c2sp.org/tlog-proof@v1\n") {
		t.Errorf("the proof begins %.60q", proof.body)
	}
	facts := regexp.MustCompile(`href="(/hosts/[^"]+/sections/sshd[^"]*)"`).FindStringSubmatch(a.body)
	if facts == nil {
		t.Fatal("the derivation leads to no facts")
	}
	page := s.says(strings.ReplaceAll(facts[1], "&amp;", "&"), "sshd.effective.permitrootlogin", `"yes"`, "Like this since")
	if !strings.Contains(page.body, `class="selected"`) {
		t.Error("the fact that was read is not marked among the others")
	}
	host := regexp.MustCompile(`^/hosts/[^/]+`).FindString(facts[1])
	s.says(host, "attributes fail", "web-1", "Nobody logs in as root over SSH", "What changed", "3 ms ahead")
	s.says("/criteria/CC6.1", "deviation", "Controls", "Points of focus")
	s.says("/criteria/CC6.1?drawer=1", "deviation", "What would change this status")
	s.says("/checks/linux-server/sshd-root-login", "deviation", "F-1", "web-1", "What to do when it fails")
	s.says("/criteria?status=deviation", "CC6.1")
	s.says("/ledger?type=finding.", "Finding opened")

	// Mended: it closes by itself.
	s.report(nil)
	s.says("/findings/F-1", "closed", "Closed")
	s.says("/findings", "No finding needs a person now")
	s.says("/findings?state=closed", "F-1")
}

func TestTakeOnAndApprove(t *testing.T) {
	s := newSite(t)
	s.login()
	s.report(rootMayLogIn)
	if a := s.post("/findings/F-1/acknowledge", url.Values{}); a.status != http.StatusSeeOther || a.to != "/findings/F-1" {
		t.Fatalf("taking on answers %d %s: %s", a.status, a.to, a.text())
	}
	a := s.says("/findings/F-1", "You have taken on F-1", "acknowledged")
	if strings.Contains(a.body, "Take it on") {
		t.Error("what is taken on can be taken on")
	}
	if a := s.post("/findings/F-1/acknowledge", url.Values{}); a.status != http.StatusConflict || !strings.Contains(a.text(), "Nothing was changed") {
		t.Errorf("taking on twice answers %d: %s", a.status, a.text())
	}
	me, err := s.cfg.Access.Users(t.Context(), access.System())
	if err != nil {
		t.Fatal(err)
	}
	if a := s.post("/findings/F-1/assign", url.Values{"owner": {me[0].ID}}); a.to != "/findings/F-1" {
		t.Fatalf("assigning answers %d: %s", a.status, a.text())
	}
	s.says("/findings/F-1", "The owner of F-1 is named", "Owner "+me[0].Name, "Assigned")
	s.says("/findings?owner=me", "F-1", "owner "+me[0].Name)
	if a := s.post("/findings/F-1/release", url.Values{}); a.to != "/findings/F-1" {
		t.Fatalf("releasing answers %d: %s", a.status, a.text())
	}
	s.says("/findings/F-1", "Released", "Take it on")

	list := s.says("/standards", "draft")
	standard := regexp.MustCompile(`/standards/std_[a-z0-9]+`).FindString(list.body)
	page := s.says(standard, "Approve version", "not approved yet", "essential")
	digest := regexp.MustCompile(`name="digest" value="([^"]+)"`).FindStringSubmatch(page.body)
	if digest == nil {
		t.Fatal("the form does not say what is approved")
	}
	if a := s.post(standard+"/approve", url.Values{"digest": {"something else"}}); a.status != http.StatusConflict {
		t.Errorf("approving what was not shown answers %d", a.status)
	}
	if a := s.post(standard+"/approve", url.Values{"digest": {digest[1]}}); a.status != http.StatusSeeOther {
		t.Fatalf("approving answers %d: %s", a.status, a.text())
	}
	s.settle()
	s.says(standard, "is approved", "approved 18 Aug")
	s.says("/ledger?type=standard.", "Standard approved")
}

func TestPeriod(t *testing.T) {
	s := newSite(t)
	s.login()
	s.report(nil)
	s.clock.Advance(38*time.Hour + 57*time.Minute) // 19 August, 23:58
	s.report(rootMayLogIn)                         // a minute before the day ends, so that the host is heard at its end
	s.clock.Advance(48 * time.Hour)                // 21 August
	s.report(nil)
	s.again()

	today := s.says("/criteria", "Today")
	if strings.Contains(today.text(), "carry a deviation today") {
		t.Errorf("today shows a deviation that was mended: %s", today.text())
	}
	past := s.says("/criteria?at=2036-08-19", "carried a deviation at the end of 19 Aug")
	if !strings.Contains(past.body, `href="/?at=2036-08-19"`) || !strings.Contains(past.body, "/criteria/CC6.1?at=2036-08-19") {
		t.Error("the day is lost in the links of the page")
	}
	if !strings.Contains(past.body, "Back to today") {
		t.Error("nothing leads back to today")
	}
	s.says("/?at=2036-08-19", "At the end of 19 Aug", "carried a deviation")
	s.says("/criteria/CC6.1?at=2036-08-19&known=then", "deviation")
	s.says("/criteria?at=2036-08-19&known=then", "As known then")
	s.says("/controls?at=2036-08-19", "deviation")
	if page := s.get("/standards?at=2036-08-19").body; !strings.Contains(page, "This page shows the present") {
		t.Error("the list of standards does not say that it shows the present")
	}
	for _, bad := range []string{"2036-13-01", "tomorrow", "2036-08-30"} {
		a := s.get("/criteria?at=" + bad)
		if a.status != http.StatusUnprocessableEntity || !strings.Contains(a.text(), bad) {
			t.Errorf("at=%s answers %d: %s", bad, a.status, a.text())
		}
	}
}

// What was known then of a moment is told apart from what is known now, on
// every screen that shows posture, with why they differ.
func TestBothAxes(t *testing.T) {
	s := newSite(t)
	s.login()
	s.report(nil)
	s.clock.Advance(38*time.Hour + 57*time.Minute) // 19 August, 23:58
	s.report(nil)
	s.clock.Advance(3 * 24 * time.Hour)               // 23 August
	s.late(72*time.Hour+30*time.Second, rootMayLogIn) // what was seen late on the evening of the 19th arrives
	s.again()

	id := regexp.MustCompile(`/hosts/hst_[a-z0-9]+`).FindString(s.get("/hosts").body)
	for _, path := range []string{"/", "/criteria", "/criteria/CC6.1", "/controls", "/checks/linux-server/sshd-root-login", "/findings", id} {
		now := s.says(path+"?at=2036-08-19", "Not the present", "as known now", "What is known otherwise now")
		then := s.says(path+"?at=2036-08-19&known=then", "Not the present", "as known then")
		on := s.says(path+"?at=2036-08-19&known=on&on=2036-08-20", "as known on 20 Aug 2036")
		if now.text() == then.text() {
			t.Errorf("%s says the same of both", path)
		}
		if path != "/controls" && !strings.Contains(on.body, "known=2036-08-20") && !strings.Contains(path, "hosts") && path != "/findings" {
			t.Errorf("%s loses the day on which it was known", path)
		}
	}
	s.says("/findings?at=2036-08-19", "1 finding needed a person", "F-1")
	s.says("/findings?at=2036-08-19&known=then", "0 findings needed a person", "No finding had been opened")
	s.says(id+"?at=2036-08-18&known=then", "pass")
	s.says(id+"?at=2036-08-10", "Nothing was known of this host then")
	s.says("/posture/differences", "Choose a day that has gone by")
	s.says("/posture/differences?at=2036-08-19", "known otherwise now", "web-1", "observed then, arrived later", "sshd-root-login is known otherwise")
	s.says("/posture/differences?at=2036-08-18", "is what is known now")
	for _, bad := range []string{"at=2036-08-19&known=2036-08-18", "at=2036-08-19&known=soon", "at=2036-08-19&known=on&on="} {
		if a := s.get("/criteria?" + bad); a.status != http.StatusUnprocessableEntity {
			t.Errorf("%s answers %d", bad, a.status)
		}
	}
}

// A host that fell silent is not observed: what was read of it is no evidence.
func TestSilentHost(t *testing.T) {
	s := newSite(t)
	s.login()
	s.report(rootMayLogIn)
	s.clock.Advance(3 * time.Hour)
	if _, err := s.cfg.Hosts.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.settle()
	s.again()
	s.says("/hosts", "silent")
	s.says("/", "Silent sources", "web-1", "3 h")
	s.says("/findings/F-1", "Stale")
	a := s.says("/hosts", "web-1")
	host := regexp.MustCompile(`/hosts/hst_[a-z0-9]+`).FindString(a.body)
	s.says(host, "Silent", "not observed")
}

func TestListsRefuseNonsense(t *testing.T) {
	s := newSite(t)
	s.login()
	for _, path := range []string{"/findings?state=angry", "/findings?severity=dreadful", "/findings?sort=colour", "/ledger?before=x", "/ledger?before=-3"} {
		if a := s.get(path); a.status != http.StatusUnprocessableEntity {
			t.Errorf("%s answers %d", path, a.status)
		}
	}
}

func TestRemedy(t *testing.T) {
	steps := remedy("First look.\n1. Find it:  grep -rin x /etc   (as root)\n2. Set:\n     PermitRootLogin no\n     StrictModes yes\n3. sshd -t && reload\n4. Change the account\n   (passwd NAME) and go on.\nRed Hat:         dnf install x\nCheck again:  sshd -T\n")
	type line struct{ num, text, code, note string }
	var got []line
	for _, st := range steps {
		for _, l := range st.Lines {
			got = append(got, line{st.Number, l.Text, l.Code, l.Note})
		}
	}
	want := []line{{"", "First look.", "", ""}, {"1", "Find it:", "grep -rin x /etc", "(as root)"}, {"2", "Set:", "PermitRootLogin no\nStrictModes yes", ""},
		{"3", "", "sshd -t && reload", ""}, {"4", "Change the account (passwd NAME) and go on.", "", ""}, {"", "Red Hat:", "dnf install x", ""}, {"", "Check again:", "sshd -T", ""}}
	if len(got) != len(want) {
		t.Fatalf("%d lines, want %d: %+v", len(got), len(want), got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("line %d is %+v, want %+v", i, got[i], want[i])
		}
	}
}

func TestFlatten(t *testing.T) {
	facts, err := flatten([]byte(`{"installed":true,"effective":{"port":[22],"permitrootlogin":"no"},"accounts":[{"name":"root","uid":0},{"name":"ann","uid":1000}],
		"files":{"/etc/a":{"mode":420,"tags":[]},"/etc/b":{"mode":384,"tags":["x"]}},"mixed":[{"a":1},{"b":2}],"none":{}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := []flatFact{{"/accounts/0", `name: "root", uid: 0`}, {"/accounts/1", `name: "ann", uid: 1000`}, {"/effective/permitrootlogin", `"no"`}, {"/effective/port", "[22]"},
		{"/files/~1etc~1a", "mode: 420, tags: []"}, {"/files/~1etc~1b", `mode: 384, tags: ["x"]`}, {"/installed", "true"}, {"/mixed/0/a", "1"}, {"/mixed/1/b", "2"}, {"/none", "{}"}}
	if len(facts) != len(want) {
		t.Fatalf("%d facts: %+v", len(facts), facts)
	}
	for i := range want {
		if facts[i] != want[i] {
			t.Errorf("fact %d is %+v, want %+v", i, facts[i], want[i])
		}
	}
	if _, err := flatten([]byte(`{"a":`)); err == nil {
		t.Error("a broken section is read without an error")
	}
	shadow := flatFact{pointer: "/~1etc~1shadow"}
	if !shadow.holds("/files/~1etc~1shadow/mode", "/files/~1etc~1shadow") {
		t.Error("a record does not hold the fact within it")
	}
}

func TestWords(t *testing.T) {
	for d, want := range map[time.Duration]string{8 * time.Second: "8 s", 47 * time.Minute: "47 min", 3*time.Hour + 10*time.Minute: "3 h 10 min", 61 * time.Hour: "2 d 13 h", 30 * 24 * time.Hour: "30 d"} {
		if got := span(d); got != want {
			t.Errorf("span(%s) = %q, want %q", d, got, want)
		}
	}
	w := newWords(started, time.UTC)
	if m := w.at(time.Date(2025, 12, 31, 23, 5, 0, 0, time.UTC)); m.Text != "31 Dec 2025 23:05" {
		t.Errorf("another year is %q", m.Text)
	}
	if m := w.at(time.Time{}); m.Known() {
		t.Error("no time is shown as a time")
	}
	for p, want := range map[string]string{"/sshd/effective/permitrootlogin": "sshd.effective.permitrootlogin", "/sysctl/running/net.ipv4.ip_forward": "sysctl.running[net.ipv4.ip_forward]", "/files/~1etc~1shadow/mode": "files[/etc/shadow].mode"} {
		if got := factName(p); got != want {
			t.Errorf("factName(%q) = %q, want %q", p, got, want)
		}
	}
}
