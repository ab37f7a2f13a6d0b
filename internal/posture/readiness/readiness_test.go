package readiness

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/posture"
	"github.com/attesta/attesta/internal/posture/gap"
	"github.com/attesta/attesta/internal/program/instance"
	"github.com/attesta/attesta/internal/program/plan"
	"github.com/attesta/attesta/internal/program/scope"
)

func day(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}

func window(e scope.Examination) (scope.Window, bool) {
	return scope.Content{Zone: "UTC", Examination: e}.Window()
}

func TestTargetOf(t *testing.T) {
	two := scope.Examination{Type: 2, From: "2026-04-01", To: "2026-09-30"}
	for _, tc := range []struct {
		name, now string
		e         scope.Examination
		at, words string
	}{
		{"nothing set", "2026-03-01", scope.Examination{}, "", "the scope names neither a date nor a window"},
		{"a date ahead", "2026-03-01", scope.Examination{Type: 1, Date: "2026-06-30"}, "2026-07-01", "as of 30 Jun 2026 (type 1)"},
		{"a window ahead", "2026-03-01", two, "2026-04-01", "the window begins on 1 Apr 2026"},
		{"within", "2026-05-01", two, "2026-10-01", "the window ends on 30 Sep 2026"},
		{"past", "2026-12-01", two, "", "the window ended on 30 Sep 2026"},
	} {
		w, has := window(tc.e)
		got := TargetOf(w, has, day(tc.now))
		if got.Words != tc.words || tc.at != "" && !got.At.Equal(day(tc.at)) || tc.at == "" && !got.At.IsZero() {
			t.Errorf("%s: %+v", tc.name, got)
		}
	}
}

func TestGathering(t *testing.T) {
	w, _ := window(scope.Examination{Type: 2, From: "2026-01-01", To: "2026-06-30"})
	quarter := func(due string, st instance.State) instance.Instance {
		return instance.Instance{Key: due, Due: day(due), State: st, Reviewed: st == instance.Performed && due == "2026-04-01"}
	}
	for _, tc := range []struct {
		name string
		now  string
		l    posture.Lane
		want string
	}{
		{"half way", "2026-04-10", posture.Lane{Instances: []instance.Instance{quarter("2026-04-01", instance.Performed), quarter("2026-07-01", instance.Expected)},
			Gather: []instance.Gatherable{{Instance: quarter("2026-07-01", instance.Expected), Perform: true, Until: day("2026-07-01")}}}, "shown 1 waiting 0 missed 0 perform 1 collect 0 never false"},
		{"one missed, one waits for review", "2026-06-10", posture.Lane{Instances: []instance.Instance{quarter("2026-02-01", instance.Performed), quarter("2026-04-01", instance.Missed)},
			Gather: []instance.Gatherable{{Instance: quarter("2026-04-01", instance.Missed), Until: w.End}}}, "shown 1 waiting 1 missed 1 perform 0 collect 1 never false"},
		{"yearly, due after the window", "2026-05-01", posture.Lane{Instances: []instance.Instance{quarter("2027-01-01", instance.Expected)}}, "shown 0 waiting 0 missed 0 perform 0 collect 0 never true"},
		{"set off by what happens", "2026-05-01", posture.Lane{Instances: []instance.Instance{{Trigger: "a leaver", Due: day("2026-03-01"), State: instance.Late}}}, "shown 0 waiting 0 missed 1 perform 0 collect 0 never false"},
	} {
		g, ok := gathering(&tc.l, w, day(tc.now))
		got := fmt.Sprintf("shown %d waiting %d missed %d perform %d collect %d never %v", g.Shown, g.Waiting, g.Missed, g.Perform, g.Collect, g.Never)
		if !ok || got != tc.want {
			t.Errorf("%s: %s, %v; want %s", tc.name, got, ok, tc.want)
		}
	}
	if _, ok := gathering(&posture.Lane{}, w, w.Start); ok {
		t.Error("a control that only machines perform has nothing to gather")
	}
}

func report() gap.Report {
	keys := []gap.Control{{Slug: "ssh", Number: 3, Title: "SSH is hardened", Key: true}, {Slug: "reviews", Number: 7, Title: "Access is reviewed", Key: true, Approved: true}}
	return gap.Report{Criteria: []gap.Criterion{{Criterion: catalog.Criterion{ID: "CC6.1"}, Controls: keys}}, Gaps: []gap.Gap{
		{Key: "CC6.3/missing", Kind: gap.Missing, Criteria: []string{"CC6.3"}, Library: []string{"joiners", "leavers"}},
		{Key: "ssh/deviates", Kind: gap.Deviates, Criteria: []string{"CC6.1"}, Controls: []string{"ssh"}, Technical: true},
		{Key: "reviews/evidence", Kind: gap.Evidence, Criteria: []string{"CC6.1"}, Controls: []string{"reviews"}, Role: "head of security"},
		{Key: "controls/design", Kind: gap.Design, Criteria: []string{"CC6.1"}, Controls: []string{"ssh"}},
	}}
}

func TestProposals(t *testing.T) {
	all := proposals(report(), map[string]int{"CC6.3/missing": 4}, day("2026-03-02"), day("2026-03-31"), time.UTC)
	if len(all) != 4 || all[0].Task != 4 || all[0].Chosen || !strings.Contains(all[0].Why, "joiners and leavers") {
		t.Fatalf("%+v", all)
	}
	mend, show, read := all[1], all[2], all[3]
	if mend.Title != "Mend C-3: SSH is hardened" || !slices.Equal(mend.After, []int{-4}) || !mend.Technical {
		t.Errorf("what a draft shows is mended once the draft is approved: %+v", mend)
	}
	if show.Chosen || show.After != nil || show.Role != "head of security" || show.About.Path != "/controls/reviews" {
		t.Errorf("what people do at times shows itself: %+v", show)
	}
	if read.Due.IsZero() || read.Due.After(mend.Due) || mend.Due.After(day("2026-03-31")) {
		t.Errorf("reading is due %v, mending %v", read.Due, mend.Due)
	}
	// Chosen ones are numbered among themselves.
	list := Chosen(all, func(p Proposal) bool { return p.Chosen })
	if len(list) != 2 || !slices.Equal(list[0].After, []int{-2}) {
		t.Errorf("%+v", list)
	}
	if list = Chosen(all, func(p Proposal) bool { return p.Kind == gap.Deviates }); len(list) != 1 || len(list[0].After) != 0 {
		t.Errorf("it waits for nothing that is not made: %+v", list)
	}
}

// Each count has its list, and what blocks is told from what is asked about.
func TestLines(t *testing.T) {
	for _, l := range ofGaps(report()) {
		n := 0
		if _, err := fmt.Sscanf(l.Text, "%d ", &n); err != nil || n != len(l.Items) || l.Path == "" || l.Why == "" {
			t.Errorf("%q lists %d things, leads to %q", l.Text, len(l.Items), l.Path)
		}
	}
	o := Outlook{Now: day("2026-03-02"), Target: Target{At: day("2026-03-04")}, Tasks: []plan.Task{
		{Number: 1, Content: plan.Content{State: plan.Said, Fields: plan.Fields{Title: "x", Effort: 8, Owner: "usr_1", Due: day("2026-03-01")}}}}}
	o.Schedule = plan.NewSchedule(o.Tasks, o.Now, o.Target.At, time.UTC)
	var got []string
	for _, l := range ofTasks(o) {
		got = append(got, fmt.Sprintf("%s %v %d", l.Text, l.Blocks, len(l.Items)))
	}
	want := []string{"The plan ends 2 working days after 3 Mar 2026 true 0", "1 task is late false 1", "1 task is done by somebody's word only false 1", "4 working days of tasks lie before one person, and 2 are left false 0"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	lines := ofScope([]scope.Version{{Version: 1, Content: scope.Content{Scope: catalog.DefaultScope(), Zone: "UTC"}, Made: scope.Made{By: "system"}}}, o.Now)
	blocks := 0
	for _, l := range lines {
		if l.Blocks {
			blocks++
		}
	}
	if blocks != 2 || len(lines) < 4 {
		t.Errorf("an empty scope: %+v", lines)
	}
}
