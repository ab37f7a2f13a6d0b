package web

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/access"
)

var (
	draftField = regexp.MustCompile(`name="draft" value="([^"]*)"`)
	stepField  = regexp.MustCompile(`name="step" value="([^"]*)"`)
)

// answer sends the answer to the question that a page asks.
func (s *site) answer(page answer, form url.Values) answer {
	s.t.Helper()
	draft, step := draftField.FindStringSubmatch(page.body), stepField.FindStringSubmatch(page.body)
	if draft == nil || step == nil {
		s.t.Fatalf("the page asks nothing (%d): %s", page.status, page.text())
	}
	form.Set("draft", html.UnescapeString(draft[1]))
	form.Set("step", step[1])
	if !form.Has("go") {
		form.Set("go", "next")
	}
	return s.post("/scope/edit", form)
}

func asks(t *testing.T, a answer, status int, want ...string) answer {
	t.Helper()
	for _, w := range want {
		if a.status != status || !strings.Contains(a.text(), w) && !strings.Contains(a.body, w) {
			t.Fatalf("answers %d without %q: %s", a.status, w, a.text())
		}
	}
	return a
}

// payroll answers the first six questions.
func (s *site) payroll() answer {
	s.t.Helper()
	t := s.t
	a := asks(t, s.get("/scope/edit"), 200, "Which systems are examined?")
	a = asks(t, s.answer(a, url.Values{"0.name": {"Payroll"}, "0.description": {"Pays people."}, "0.services": {"Monthly payroll\n\nPayslips"}}), 200, "What lies inside the boundary")
	a = asks(t, s.answer(a, url.Values{"0.name": {"Servers"}, "0.kind": {"infrastructure"}, "0.where": {"in"}, "0.hosts": {"web-*, db-1"}, "0.reason": {""}, "go": {"more"}}), 200, "Component 2", `value="web-* db-1"`)
	a = asks(t, s.answer(a, url.Values{"0.name": {"Servers"}, "0.kind": {"infrastructure"}, "0.where": {"in"}, "0.hosts": {"web-*"},
		"1.name": {"The bank"}, "1.kind": {"software"}, "1.where": {"out"}, "1.hosts": {""}, "1.reason": {""}}), 422, `id="q-1-reason-problem"`, "Say why “The bank” lies outside")
	a = asks(t, s.answer(a, url.Values{"0.name": {"Servers"}, "0.kind": {"infrastructure"}, "0.where": {"in"}, "0.hosts": {"web-*"},
		"1.name": {"The bank"}, "1.kind": {"software"}, "1.where": {"out"}, "1.hosts": {""}, "1.reason": {"It is a subservice organisation."}}), 200, "What was promised")
	a = asks(t, s.answer(a, url.Values{"0.statement": {"99.9 % of every month"}, "0.to": {"customers"}, "0.source": {"SLA, section 2"}}), 422, "touches no category")
	a = asks(t, s.answer(a, url.Values{"0.statement": {"99.9 % of every month"}, "0.to": {"customers"}, "0.source": {"SLA, section 2"}, "0.categories": {"availability"}}), 200, "What must the systems do", "sc-1 99.9 % of every month")
	a = asks(t, s.answer(a, url.Values{"0.statement": {"Restore within four hours"}, "0.by": {"contract"}, "0.reference": {"SLA"}, "0.serves": {"sc-1"}}), 200, "Which categories are examined?", "Touched by sc-1.")
	if !regexp.MustCompile(`name="in.availability" value="in" checked`).MatchString(a.body) {
		t.Errorf("availability is not derived from the commitment: %s", a.text())
	}
	a = asks(t, s.answer(a, url.Values{"in.availability": {"in"}, "in.privacy": {"out"}, "reason.privacy": {"No personal information of customers is kept."}, "controller": {"no"}}), 200, "As of which day")
	for _, wrong := range []struct {
		form url.Values
		want string
	}{
		{url.Values{"type": {"2"}, "from": {"2036-12-31"}, "to": {"2036-07-01"}, "zone": {"UTC"}}, `id="q-to-problem"`},
		{url.Values{"type": {"2"}, "from": {""}, "to": {"2036-12-31"}, "zone": {"UTC"}}, `id="q-from-problem"`},
		{url.Values{"type": {"1"}, "date": {"soon"}, "zone": {"UTC"}}, `id="q-date-problem"`},
		{url.Values{"type": {"0"}, "zone": {"Mars/Phobos"}}, `id="q-zone-problem"`},
	} {
		a = asks(t, s.answer(a, wrong.form), 422, wrong.want)
	}
	return asks(t, s.answer(a, url.Values{"type": {"2"}, "from": {"2036-07-01"}, "to": {"2036-12-31"}, "zone": {"Europe/Berlin"}}), 200, "Why, and from which day on?", "What changes against version 1", "Processing integrity is left out without a reason")
}

// From an unnamed system to a window that holds: written by one person, approved
// by another, changed in the middle of the window with its reason.
func TestScope(t *testing.T) {
	s := newSite(t)
	s.login()
	s.says("/scope", "Nothing says yet what is examined", "what Attesta began with", "Change the scope")
	bob := s.person("bob", access.ComplianceManager)
	a := s.payroll()
	a = asks(t, s.answer(a, url.Values{"reason": {" "}}), 422, `id="s-reason-problem"`, "Say why the scope is written or changed.")
	if a = s.answer(a, url.Values{"reason": {"As agreed with the board."}, "effective": {"2036-07-01"}}); a.to != "/scope" {
		t.Fatalf("proposing answers %d: %s", a.status, a.text())
	}
	s.says("/scope", "Version 2 waits for approval", "You wrote it, so another person approves it.", "Nothing says yet what is examined")
	if a := s.post("/scope/approve", url.Values{"version": {"2"}}); a.status != http.StatusForbidden {
		t.Errorf("the author approves: %d", a.status)
	}
	admin := s.client
	s.client = bob
	if a := s.post("/scope/approve", url.Values{"version": {"2"}}); a.to != "/scope" {
		t.Fatalf("approving answers %d: %s", a.status, a.text())
	}
	s.client = admin
	s.says("/scope", "Payroll: security, availability, from 1 Jul 2036 to 31 Dec 2036", "approved by bob", "backdated", "Monthly payroll", "It is a subservice organisation.", "No personal information of customers is kept.", "left out",
		"What version 2 changed")
	s.says("/scope?version=1", "version 2 holds now")

	s.clock.Advance(24 * time.Hour)
	s.again()
	a = asks(t, s.get("/scope/edit?question=categories"), 200, "Which categories are examined?")
	a = asks(t, s.answer(a, url.Values{"in.availability": {"in"}, "in.confidentiality": {"in"}, "go": {"reason"}}), 200, "is running: today is day 50 of 184", "in the middle of the window")
	a = asks(t, s.answer(a, url.Values{}), 422, "Say why the scope changes in the middle of the window from 2036-07-01 to 2036-12-31.")
	if a = s.answer(a, url.Values{"reason": {"A customer asked for secrecy in writing."}}); a.to != "/scope" {
		t.Fatalf("proposing answers %d: %s", a.status, a.text())
	}
	s.says("/scope", "in the middle of the window, on day 50 of 184", "A customer asked for secrecy in writing.", "Day 50 of 184 of the window from 1 Jul 2036 to 31 Dec 2036.")
	if a := asks(t, s.get("/scope/edit?question=reason"), 200, "Why"); s.answer(a, url.Values{"reason": {"once more"}}).status != http.StatusUnprocessableEntity {
		t.Error("a version that says the same is written again")
	}
}

// What a browser sends that no form of ours would.
func TestScopeFormIsHeld(t *testing.T) {
	s := newSite(t)
	s.login()
	for name, form := range map[string]url.Values{
		"no question": {"draft": {"{}"}},
		"no draft":    {"step": {"systems"}},
		"a field":     {"step": {"systems"}, "draft": {`{"golden":true}`}},
		"two drafts":  {"step": {"systems"}, "draft": {`{} {}`}},
	} {
		if a := s.post("/scope/edit", form); a.status != http.StatusUnprocessableEntity && a.status != http.StatusBadRequest {
			t.Errorf("%s answers %d: %s", name, a.status, a.text())
		}
	}
	long := url.Values{"step": {"systems"}, "go": {"next"}, "draft": {`{"zone":"UTC","categories":["security"]}`}, "0.name": {strings.Repeat("x", 200)}}
	if a := s.post("/scope/edit", long); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, `id="q-0-name-problem"`) {
		t.Errorf("a name that is too long answers %d: %s", a.status, a.text())
	}
	if a := s.post("/scope/edit", url.Values{"draft": {strings.Repeat("x", maxScope+1)}}); a.status < 400 || a.status >= 500 {
		t.Errorf("a form that is too large answers %d", a.status)
	}
}
