package web

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/posture"
	"github.com/attesta/attesta/internal/program/scope"
)

// Without a window the page teaches; a type 1 has none; an engagement that is
// not there is not found.
func TestTimelineWithoutWindow(t *testing.T) {
	s := newSite(t)
	s.login()
	s.says("/timeline", "The scope names no window yet", "Set the window")
	for _, path := range []string{"/timeline?engagement=9", "/timeline?engagement=x"} {
		if a := s.get(path); a.status != http.StatusNotFound {
			t.Errorf("%s answers %d", path, a.status)
		}
	}
	form := engagementFields()
	form.Set("type", "1")
	form.Set("from", "2036-08-31")
	form.Set("to", "")
	if a := s.post("/engagements/new", form); a.to != "/engagements/1" {
		t.Fatalf("set up: %d %s", a.status, a.text())
	}
	s.says("/timeline?engagement=1", "This engagement is as of a date")
	if a := s.says("/engagements/1"); strings.Contains(a.body, "/timeline?engagement=1") {
		t.Error("a type 1 leads to a timeline")
	}
}

// An engagement's window: what was missed, what can still be gathered, and
// that nobody observed it.
func TestTimeline(t *testing.T) {
	s, quarterly, _ := manual(t)
	form := engagementFields()
	form.Set("to", "2037-03-31")
	if a := s.post("/engagements/new", form); a.to != "/engagements/1" {
		t.Fatalf("set up: %d %s", a.status, a.text())
	}
	if a := s.says("/engagements/1"); !strings.Contains(a.body, `href="/timeline?engagement=1"`) {
		t.Error("the engagement does not lead to its timeline")
	}
	a := s.says("/timeline?engagement=1", "day 234 of 304", "lacked evidence at some time", "Nothing was observed in this period", "not_observed, because no source reported",
		"What can still be gathered before the window ends on 31 Mar 2037", "can be performed by", "evidence of 1 can still be collected", "not in use, or still to come", "insufficient evidence")
	if !strings.Contains(a.body, `href="/controls/`+quarterly+`"`) || !strings.Contains(a.body, `href="#g-missed"`) || !strings.Contains(a.body, `class="nowline"`) {
		t.Error("a quarterly control without evidence has no lane, no missed mark or no line of today")
	}
	if strings.Contains(a.body, " style=") {
		t.Error("the page has an inline style")
	}
	if n := strings.Count(a.body[:strings.Index(a.body, `class="legend`)], `"#c-ok"`); n != 0 {
		t.Errorf("%d cells are drawn as good in a window that nobody observed", n)
	}
	s.says("/timeline?engagement=1&by=criteria", "CC1.1", "CC9.2")
	if all, holes := strings.Count(a.body, `data-label="Coverage"`), strings.Count(s.get("/timeline?engagement=1&show=holes").body, `data-label="Coverage"`); holes == 0 || holes > all {
		t.Errorf("%d cells of coverage with holes alone, %d in all", holes, all)
	}
	form.Set("from", "2037-06-01")
	form.Set("to", "2037-11-30")
	if a := s.post("/engagements/new", form); a.to != "/engagements/2" {
		t.Fatalf("set up: %d %s", a.status, a.text())
	}
	s.says("/timeline?engagement=2", "The window has not begun", "No control has been in use in this window yet")
}

func TestAxis(t *testing.T) {
	c := scope.Content{Zone: "Europe/Dublin", Examination: scope.Examination{Type: 2, From: "2036-01-01", To: "2036-12-31"}}
	w, ok := c.Window()
	if !ok {
		t.Fatal("no window")
	}
	day := func(m time.Month, d int) time.Time { return time.Date(2036, m, d, 12, 0, 0, 0, w.Zone) }
	a := newAxis(w, day(2, 1))
	if a.cells() != 53 || a.step != 7 || a.begun != 5 {
		t.Errorf("%d cells of %d days, %d begun", a.cells(), a.step, a.begun)
	}
	st := a.strip([]posture.Step{{At: day(1, 9), Status: posture.Insufficient}, {At: day(1, 16), Status: posture.None}, {At: day(1, 17), Status: posture.Deviation}, {At: day(1, 18), Status: posture.None}})
	got := ""
	for _, c := range st.Cells[:6] {
		got += string(c.Worst) + ";"
	}
	// 1-7, 8-14, 15-21, 22-28 January, 29 January to 4 February, then to come
	if want := ";insufficient;deviation;none;none;;"; got != want {
		t.Errorf("the strip is %q, want %q", got, want)
	}
	sum, known, all := a.covered([]posture.Coverage{{}, {Observed: 1, Expected: 2}, {Observed: 2, Expected: 2}})
	if sum.Words() != "75 %" || known != 2 || all != 3 {
		t.Errorf("coverage %s on %d of %d days", sum.Words(), known, all)
	}
	c.Examination.To = "2038-12-31"
	w, _ = c.Window()
	if a := newAxis(w, day(2, 1)); a.cells() > timelineCells || a.step%7 != 0 {
		t.Errorf("three years have %d cells of %d days", a.cells(), a.step)
	}
}
