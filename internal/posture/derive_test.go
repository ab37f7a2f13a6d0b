package posture

import (
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/program/scope"
)

func TestStatusRule(t *testing.T) {
	for _, tc := range []struct {
		name string
		n    Counts
		want Status
	}{
		{"all pass", Counts{Pass: 4}, None},
		{"one fails", Counts{Pass: 3, Fail: 1}, Deviation},
		{"a waived item is still a deviation", Counts{Pass: 3, Waived: 1}, Deviation},
		{"deviation goes before missing evidence", Counts{Fail: 1, Error: 1, NotObserved: 5}, Deviation},
		{"unreadable", Counts{Pass: 3, Error: 1}, Insufficient},
		{"not observed", Counts{Pass: 99, NotObserved: 1}, Insufficient},
		{"nothing judged", Counts{}, Insufficient},
		{"applies to none", Counts{NotApplicable: 4}, DidNotOperate},
		{"applies to some", Counts{Pass: 1, NotApplicable: 3}, None},
	} {
		if got := tc.n.status(); got != tc.want {
			t.Errorf("%s: %s, want %s", tc.name, got.Words(), tc.want.Words())
		}
	}
}

func TestFold(t *testing.T) {
	for _, tc := range []struct {
		parts []Status
		want  Status
	}{
		{nil, Insufficient},
		{[]Status{None, None}, None},
		{[]Status{None, Insufficient, None}, Insufficient},
		{[]Status{Insufficient, Deviation, None}, Deviation},
		{[]Status{DidNotOperate, DidNotOperate}, DidNotOperate},
		{[]Status{DidNotOperate, None}, None},
		{[]Status{None, DidNotOperate}, None},
		{[]Status{DidNotOperate, Insufficient, DidNotOperate}, Insufficient},
		{[]Status{Insufficient, None}, Insufficient},
	} {
		if got := fold(tc.parts...); got != tc.want {
			t.Errorf("fold(%v) = %s, want %s", tc.parts, got, tc.want)
		}
	}
}

func TestCoverageWords(t *testing.T) {
	for _, tc := range []struct {
		observed, expected int64
		want               string
	}{
		{0, 0, "none"}, {0, 4, "0 %"}, {4, 4, "100 %"}, {3, 4, "75 %"}, {999, 1000, "99.9 %"}, {99_999, 100_000, "99.9 %"}, {1, 3, "33.3 %"},
	} {
		if got := (Coverage{tc.observed, tc.expected}).Words(); got != tc.want {
			t.Errorf("%d of %d: %q, want %q", tc.observed, tc.expected, got, tc.want)
		}
	}
}

// world is a small programme: a standard of four checks and a few controls of
// CC6.1, so that sentences can be read as people would meet them.
type world struct {
	basis
}

var day = time.Date(2026, 3, 20, 12, 0, 0, 0, time.UTC)

func newWorld() *world {
	w := &world{basis{valid: day, known: -1, counts: map[key]Counts{}, since: map[key]time.Time{}, lastRuns: map[string]time.Time{},
		program: &control.Program{}, set: &standard.Set{}}}
	std := standard.Standard{Pack: "linux-server", Version: "1", Approved: true, ApprovedAt: day.AddDate(0, -2, 0)}
	for _, id := range []string{"sshd-root-login", "sshd-empty-passwords", "users-uid-zero"} {
		w.set.Checks = append(w.set.Checks, standard.Check{ID: "linux-server/" + id, Standard: std, Population: "hosts", Severity: "high",
			Attributes: []standard.Attribute{{ID: "ok"}}})
		w.counts[key{"linux-server/" + id, "ok"}] = Counts{Pass: 4}
	}
	w.set.Checks = append(w.set.Checks, standard.Check{ID: "linux-server/clock", Standard: std, Population: "hosts", Severity: "low",
		Attributes: []standard.Attribute{{ID: "running"}, {ID: "offset"}}})
	w.counts[key{"linux-server/clock", "running"}] = Counts{Pass: 4}
	w.counts[key{"linux-server/clock", "offset"}] = Counts{Pass: 4}
	return w
}

func (w *world) adopt(d control.Design) *world {
	w.program.Controls = append(w.program.Controls, control.Control{Slug: d.Slug, Number: len(w.program.Controls) + 1,
		History: []control.Version{{Seq: 1, Version: 1, State: control.Adopted, Design: d, Effective: day.AddDate(0, -1, 0), Made: control.Made{Index: 5}}}})
	return w
}

func (w *world) count(check, attribute string, n Counts) *world {
	w.counts[key{"linux-server/" + check, attribute}] = n
	return w
}

func (w *world) criterion(t *testing.T, id string) Criterion {
	t.Helper()
	for _, c := range derive(w.basis).criteria {
		if c.ID == id {
			return c
		}
	}
	t.Fatalf("no criterion %s", id)
	return Criterion{}
}

func point(criterion string, number int, r control.Relation) control.PointLink {
	return control.PointLink{Criterion: criterion, Number: number, Relation: r, Rationale: "because"}
}

func ssh() control.Design {
	return control.Design{Slug: "ssh", Title: "SSH is hardened", Weight: control.Key, Mode: control.Automated, Checks: []string{"linux-server/sshd-*"},
		Points: []control.PointLink{point("CC6.1", 3, control.Addresses)}, Shares: []control.Share{{Kind: "source", Name: "Attesta agent"}}}
}

func accounts() control.Design {
	return control.Design{Slug: "accounts", Title: "Accounts are sound", Weight: control.Key, Mode: control.Automated, Checks: []string{"linux-server/users-uid-zero"},
		Points: []control.PointLink{point("CC6.1", 4, control.Addresses)}, Shares: []control.Share{{Kind: "source", Name: "Attesta agent"}}}
}

func review() control.Design {
	return control.Design{Slug: "review", Title: "Access is reviewed", Weight: control.Key, Mode: control.Manual,
		Points: []control.PointLink{point("CC6.1", 8, control.Partly)}}
}

func TestCriterionSentences(t *testing.T) {
	supporting := accounts()
	supporting.Weight = control.Supporting
	ghost := ssh()
	ghost.Slug, ghost.Title, ghost.Checks = "ghost", "Nothing tests it", []string{"linux-server/sshd-root-login", "other/none"}
	clock := control.Design{Slug: "clock", Title: "Clocks agree", Weight: control.Key, Mode: control.Automated, Checks: []string{"linux-server/clock"},
		Points: []control.PointLink{point("CC6.1", 1, control.Partly)}}
	mere := review()
	mere.Points[0].Relation = control.Supports
	failing := func(w *world, n int64, since time.Time) *world {
		w.since[key{"linux-server/sshd-root-login", "ok"}] = since
		return w.count("sshd-root-login", "ok", Counts{Pass: 4 - n, Fail: n})
	}
	march := time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		name   string
		w      *world
		status Status
		why    string
		change string
	}{
		{"nothing adopted", newWorld(), Insufficient, "no key control is in use for it", "a key control that is adopted for it"},
		{"one control, alone", newWorld().adopt(ssh()), None,
			"its key control shows no known deviation; one key control carries it alone", ""},
		{"two controls", newWorld().adopt(ssh()).adopt(accounts()), None, "its key controls show no known deviation", ""},
		{"a deviation with its date", failing(newWorld().adopt(ssh()).adopt(accounts()), 3, march), Deviation,
			"3 of 4 hosts fail sshd-root-login since 14 Mar (C-1)",
			"when the 3 hosts are observed to pass sshd-root-login, this becomes no known deviation"},
		{"a year ago, one host", failing(newWorld().adopt(ssh()).adopt(accounts()), 1, march.AddDate(-1, 0, 0)), Deviation,
			"1 of 4 hosts fails sshd-root-login since 14 Mar 2025 (C-1)",
			"when the host is observed to pass sshd-root-login, this becomes no known deviation"},
		{"a deviation beside a manual control", failing(newWorld().adopt(ssh()).adopt(review()), 1, march), Deviation,
			"1 of 4 hosts fails sshd-root-login since 14 Mar (C-1)",
			"when the host is observed to pass sshd-root-login, this becomes insufficient evidence"},
		{"two deviating controls", failing(newWorld().adopt(ssh()).adopt(accounts()).count("users-uid-zero", "ok", Counts{Pass: 2, Fail: 1, Waived: 1}), 4, march), Deviation,
			"all 4 hosts fail sshd-root-login since 14 Mar (C-1); 1 more of 2 key controls deviates",
			"when the 2 key controls that deviate are observed to pass, this becomes no known deviation"},
		{"two deviating checks of one control",
			failing(newWorld().adopt(ssh()).adopt(accounts()).count("sshd-empty-passwords", "ok", Counts{Pass: 3, Waived: 1}), 2, march), Deviation,
			"1 of 4 hosts is waived for sshd-empty-passwords; 1 more of 2 checks deviates (C-1)",
			"when the 2 checks that deviate are observed to pass, this becomes no known deviation"},
		{"manual, nothing recorded", newWorld().adopt(ssh()).adopt(review()), Insufficient,
			"no check observes C-2 “Access is reviewed” and no instance is recorded yet", "a recorded instance, or a check that observes it"},
		{"silent and unreadable", newWorld().adopt(ssh()).adopt(accounts()).count("users-uid-zero", "ok", Counts{Pass: 1, Error: 1, NotObserved: 2}), Insufficient,
			"2 of 4 hosts are not observed and 1 cannot be read for users-uid-zero (C-2)",
			"when the 3 hosts can be read again, this becomes what they show"},
		{"the only host is silent", newWorld().adopt(ssh()).adopt(accounts()).count("users-uid-zero", "ok", Counts{NotObserved: 1}), Insufficient,
			"the only host is not observed for users-uid-zero (C-2)",
			"when the host can be read again, this becomes what it shows"},
		{"nothing judged yet", newWorld().adopt(ssh()).adopt(accounts()).count("users-uid-zero", "ok", Counts{}), Insufficient,
			"no host has been judged by users-uid-zero yet (C-2)", "a report of the first host"},
		{"a check that no standard holds", newWorld().adopt(ghost), Insufficient,
			"no standard in force holds other/none, which observes it (C-1); one key control carries it alone",
			"a standard in force that holds its checks"},
		{"applies to none", newWorld().adopt(accounts()).count("users-uid-zero", "ok", Counts{NotApplicable: 4}), DidNotOperate,
			"none of its key controls operated; one key control carries it alone", ""},
		{"one of two did not operate", newWorld().adopt(ssh()).adopt(accounts()).count("users-uid-zero", "ok", Counts{NotApplicable: 4}), None,
			"its key controls show no known deviation; 1 did not operate", ""},
		{"one of two attributes", newWorld().adopt(ssh()).adopt(clock).count("clock", "offset", Counts{Pass: 1, Fail: 3}), Deviation,
			"3 of 4 hosts fail clock (C-2)", "when the 3 hosts are observed to pass clock, this becomes no known deviation"},
		{"both attributes", newWorld().adopt(ssh()).adopt(clock).count("clock", "offset", Counts{Pass: 1, Fail: 3}).count("clock", "running", Counts{Pass: 3, Fail: 1}), Deviation,
			"3 of 4 hosts fail clock (offset) (C-2)", "when clock is observed to pass on every host, this becomes no known deviation"},
		{"both attributes of a silent host", newWorld().adopt(ssh()).adopt(clock).count("clock", "offset", Counts{Pass: 3, NotObserved: 1}).count("clock", "running", Counts{Pass: 3, NotObserved: 1}), Insufficient,
			"1 of 4 hosts is not observed for clock (C-2)", "when the host can be read again, this becomes what it shows"},
		{"a supporting control does not decide", newWorld().adopt(ssh()).adopt(supporting).count("users-uid-zero", "ok", Counts{Fail: 4}), None,
			"its key control shows no known deviation; 1 supporting control deviates; one key control carries it alone", ""},
		{"a key control that only supports this criterion does not decide", newWorld().adopt(ssh()).adopt(mere), None,
			"its key control shows no known deviation; one key control carries it alone", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := tc.w.criterion(t, "CC6.1")
			if c.Status != tc.status || c.Why != tc.why || c.Change != tc.change {
				t.Errorf("\n got %s: %s\n     change: %s\nwant %s: %s\n     change: %s", c.Status, c.Why, c.Change, tc.status, tc.why, tc.change)
			}
		})
	}
}

func TestControlSentences(t *testing.T) {
	three := ssh()
	three.Checks = []string{"linux-server/sshd-*", "linux-server/users-uid-zero"}
	for _, tc := range []struct {
		name, why string
		w         *world
	}{
		{"all", "its 3 checks show no known deviation", newWorld().adopt(three)},
		{"two apply nowhere", "1 of its 3 checks shows no known deviation; 2 apply nowhere",
			newWorld().adopt(three).count("sshd-root-login", "ok", Counts{NotApplicable: 4}).count("sshd-empty-passwords", "ok", Counts{NotApplicable: 4})},
		{"none applies", "none of its 2 checks applies anywhere",
			newWorld().adopt(ssh()).count("sshd-root-login", "ok", Counts{NotApplicable: 4}).count("sshd-empty-passwords", "ok", Counts{NotApplicable: 4})},
		{"some apply to some", "3 of 4 hosts pass users-uid-zero; it does not apply to 1",
			newWorld().adopt(accounts()).count("users-uid-zero", "ok", Counts{Pass: 3, NotApplicable: 1})},
		{"the same host is silent for all", "1 of 4 hosts is not observed",
			newWorld().adopt(ssh()).count("sshd-root-login", "ok", Counts{Pass: 3, NotObserved: 1}).count("sshd-empty-passwords", "ok", Counts{Fail: 0, Pass: 2, NotApplicable: 1, NotObserved: 1})},
		{"nothing judged", "no host has been judged yet", newWorld().adopt(ssh()).count("sshd-root-login", "ok", Counts{}).count("sshd-empty-passwords", "ok", Counts{})},
	} {
		if got := derive(tc.w.basis).controls[0].Why; got != tc.why {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.why)
		}
	}
}

func TestCriterionFacts(t *testing.T) {
	w := newWorld().adopt(ssh()).adopt(accounts()).adopt(review())
	c := w.criterion(t, "CC6.1")
	if c.Key != 3 || c.Observed != 2 || c.Alone != "" || c.Together != "" {
		t.Errorf("key %d, observed %d, alone %q, together %q", c.Key, c.Observed, c.Alone, c.Together)
	}
	if c.Points != 11 || c.Addressed != 3 {
		t.Errorf("%d of %d points addressed, want 3 of 11 with security alone in scope", c.Addressed, c.Points)
	}
	if want := (Counts{Pass: 12}); c.Counts != want || c.Coverage != (Coverage{12, 12}) {
		t.Errorf("counts %+v, coverage %+v", c.Counts, c.Coverage)
	}
	two := newWorld().adopt(ssh()).adopt(accounts()).criterion(t, "CC6.1")
	if want := "its 2 key controls share the source Attesta agent and fail together with it"; two.Together != want {
		t.Errorf("together %q, want %q", two.Together, want)
	}
	twice := ssh()
	twice.Slug = "twice"
	both := newWorld().adopt(ssh()).adopt(twice).criterion(t, "CC6.1")
	if both.Counts.Total() != 8 {
		t.Errorf("a check that tests two controls is counted %d times 4", both.Counts.Total()/4)
	}
	out := w.criterion(t, "A1.2")
	if out.Status != Out || out.Why != "availability is not in scope" || out.InScope {
		t.Errorf("A1.2: %s, %q", out.Status, out.Why)
	}
}

func TestDraftAndMoments(t *testing.T) {
	w := newWorld().adopt(ssh())
	if c := w.criterion(t, "CC6.1"); c.Draft {
		t.Error("approved control and standard are marked draft")
	}
	w.program.Controls[0].History[0].State = control.Draft
	if c := w.criterion(t, "CC6.1"); !c.Draft || c.Status != None {
		t.Errorf("a draft control: draft %v, %s", c.Draft, c.Status)
	}
	w.program.Controls[0].History[0].State = control.Adopted
	w.valid = day.AddDate(0, 0, -25)
	for i := range w.set.Checks {
		w.set.Checks[i].Standard.ApprovedAt = day
	}
	if c := w.criterion(t, "CC6.1"); !c.Draft {
		t.Error("before the standard was approved the result was a draft")
	}
	w.valid = day.AddDate(0, -1, -1)
	if c := w.criterion(t, "CC6.1"); c.Key != 0 || !strings.Contains(c.Why, "no key control is in use") {
		t.Errorf("before adoption: %d key controls, %q", c.Key, c.Why)
	}
	w.valid, w.known = day, 5
	if c := w.criterion(t, "CC6.1"); c.Key != 0 {
		t.Error("a control whose entry has index 5 was known at ledger size 5")
	}
	w.known = 6
	if c := w.criterion(t, "CC6.1"); c.Key != 1 {
		t.Error("a control whose entry has index 5 was not known at ledger size 6")
	}
}

func TestScopeOfOtherCategories(t *testing.T) {
	w := newWorld()
	w.program.Scopes = []scope.Version{
		{Version: 1, Effective: day.AddDate(-1, 0, 0), Made: scope.Made{By: "system", Index: 1}, Content: scope.Content{Scope: catalog.DefaultScope(), Zone: "UTC"}},
		{Version: 2, Effective: day.AddDate(0, 0, -1), Made: scope.Made{Index: 2}, Approval: &scope.Approval{Made: scope.Made{Index: 3}},
			Content: scope.Content{Scope: catalog.Scope{Categories: []catalog.Category{catalog.Availability}}, Zone: "Europe/Dublin"}},
	}
	if c := w.criterion(t, "A1.1"); c.Status != Insufficient {
		t.Errorf("availability in scope: %s", c.Status)
	}
	w.valid = day.AddDate(0, 0, -2)
	if c := w.criterion(t, "A1.1"); c.Status != Out {
		t.Errorf("the day before it came into scope: %s", c.Status)
	}
}
