package landing

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"
)

var began = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// sha gives a commit of that number.
func sha(n int) string { return fmt.Sprintf("%040x", n+1) }

// line makes a branch of commits, one an hour.
func line(messages ...string) Input {
	in := Input{Settings: Settings{Branch: "main", Forge: "github", Environments: []string{"production"}, Emergency: []string{"emergency"}, ReviewHours: 24}, Slug: "billing", ReadAt: began.Add(900 * time.Hour), Now: began.Add(1000 * time.Hour), Commits: map[string]*Commit{}}
	for i, m := range messages {
		c := &Commit{SHA: sha(i), Tree: "t" + sha(i), AuthorName: "Carol", AuthorMail: "carol@example.org", CommitterName: "Carol", CommitterMail: "carol@example.org", Message: m, CommittedAt: began.Add(time.Duration(i) * time.Hour), Place: i}
		if i > 0 {
			c.Parents = []string{sha(i - 1)}
		}
		in.Commits[c.SHA] = c
		in.Line = append(in.Line, c)
	}
	if err := in.Settings.Compile(); err != nil {
		panic(err)
	}
	return in
}

func (in *Input) tell(all ...Event) {
	for _, e := range all {
		e.ID = fmt.Sprintf("cev_%03d", len(in.Events))
		if e.Source == "" {
			e.Source = "GitHub"
		}
		in.Events = append(in.Events, e)
	}
}

func merged(n int64, head int, at time.Time, by string) Event {
	return Event{Kind: RequestSeen, At: at, Number: n, Title: fmt.Sprintf("BIL-%d Something", n), State: "merged", Branch: "main", Head: sha(head), Landed: sha(head), Commits: 1, MergedAt: at, Author: Identity{Login: "carol", Mail: "carol@example.org"}, Merger: Identity{Login: by}}
}

func approval(n int64, head int, at time.Time, by string) Event {
	return Event{Kind: ReviewGiven, At: at, Number: n, State: "approved", Head: sha(head), Actor: Identity{Login: by}}
}

// Each way in which a commit names a request, and what the forge says of it.
func TestClaims(t *testing.T) {
	for message, want := range map[string]int64{
		"Round amounts (#12)": 12, "Round amounts (!12)\n\nbody": 12, "Merge pull request #7 from acme/topic": 7, "Merge pull request 'Round' (#9) from topic into main": 9,
		"Merge branch 'topic' into 'main'\n\nSee merge request acme/billing!31": 31, "Round (#0)": 0, "Round amounts": 0, "Revert (#1) of it": 0, "(#99999999999)": 0,
	} {
		if got := claim(message); got != want {
			t.Errorf("%q names %d, want %d", message, got, want)
		}
	}
}

// What is open of a repository, and what an answer takes off the list.
func TestOpen(t *testing.T) {
	in := line("BIL-1 Merged (#1)", "BIL-2 Pushed", "BIL-3 Named (#77)", "No ticket (#4)", "BIL-5 Urgent (#5)")
	h := func(n int) time.Time { return began.Add(time.Duration(n) * time.Hour) }
	in.tell(merged(1, 0, h(0), "bob"), approval(1, 0, h(0).Add(-time.Minute), "bob"), merged(4, 3, h(3), "carol"))
	urgent := merged(5, 4, h(4), "carol")
	urgent.Labels = []string{"Emergency"}
	in.tell(urgent)
	for i := range in.Line {
		in.tell(Event{Kind: Checked, At: h(i), Name: "tests", Head: sha(i), State: "success"})
	}
	in.tell(Event{Kind: DeploymentMade, At: h(10), Name: "production", State: "success", Head: sha(4), Actor: Identity{Login: "deploy[bot]", Bot: true}, Hosts: []string{"web-1", "web-*"}},
		Event{Kind: DeploymentMade, At: h(11), Name: "production", State: "success", Head: strings.Repeat("d", 40), Actor: Identity{Login: "bob"}})
	open := func() Open {
		l := Derive(in)
		for i, ch := range l.Changes {
			ch.Number = int64(i + 1)
		}
		for i, d := range l.Deployments {
			d.Number = int64(i + 1)
		}
		l.Tie()
		return l.Open(nil)
	}
	refs := func(all []Deviation) string {
		var out []string
		for _, d := range all {
			out = append(out, d.Ref)
		}
		return strings.Join(out, " ")
	}
	o := open()
	for name, c := range map[string][2]string{"direct": {refs(o.Direct), "CH-2"}, "unproven": {refs(o.Unproven), "CH-3"}, "unapproved": {refs(o.Unapproved), "CH-4"}, "unrequested": {refs(o.Unrequested), ""}, "untested": {refs(o.Untested), ""},
		"late": {refs(o.EmergenciesLate), "CH-5"}, "waiting": {refs(o.EmergenciesOpen), ""}, "unmerged": {refs(o.Unmerged), "D-2"}, "own": {refs(o.Own), ""}, "unstaged": {refs(o.Unstaged), ""}} {
		if c[0] != c[1] {
			t.Errorf("%s: %q, want %q", name, c[0], c[1])
		}
	}
	if o.Unknown["unstaged"] == "" || o.Unknown["shared_hosts"] == "" || o.Never["unaccepted"] == "" {
		t.Errorf("what is not known: %v; what is not asked: %v", o.Unknown, o.Never)
	}
	// Staging is told of: what went straight to production stands out, and the
	// host that both name; a pattern names no host.
	in.tell(Event{Kind: DeploymentMade, At: h(12), Name: "staging", State: "success", Head: sha(4), Hosts: []string{"WEB-1", "web-*"}}, Event{Kind: DeploymentMade, At: h(13), Name: "production", State: "success", Head: sha(4), Actor: Identity{Login: "deploy[bot]", Bot: true}})
	in.Now = h(20)
	if o = open(); refs(o.Unstaged) != "D-1 D-2" || strings.Join(o.SharedHosts, " ") != "web-1" || strings.Join(o.Environments, " ") != "production staging" {
		t.Errorf("unstaged %q, shared %v of %v", refs(o.Unstaged), o.SharedHosts, o.Environments)
	}
	if refs(o.EmergenciesOpen) != "CH-5" || refs(o.EmergenciesLate) != "" || o.EmergenciesOpen[0].Day != h(28).Format(time.DateOnly) {
		t.Errorf("an emergency in time: %v, late %v", o.EmergenciesOpen, o.EmergenciesLate)
	}
	// An answer takes away what failed when it was given, and nothing else.
	in.tell(Event{Kind: Declared, At: h(14), Source: "here", State: "answered", Subject: sha(1), Text: "Looked at.", Labels: []string{Route}, Actor: Identity{User: "usr_bob"}})
	if o = open(); refs(o.Direct) != "" {
		t.Errorf("answered, and still open: %v", o.Direct)
	}
	l := Derive(in)
	if a := l.Changes[1].Attribute(Route); a.Outcome != Fail || len(Unanswered(l.Changes[1].Attributes, l.Changes[1].Answers)) != 1 {
		t.Errorf("an answer changed an outcome, or too much: %+v", l.Changes[1].Attributes)
	}
}

// Derive is a function of what was seen: events of one moment and commits in any
// order give the same.
func TestOrderDoesNotMatter(t *testing.T) {
	build := func(r *rand.Rand) *Landings {
		in := line("BIL-1 One (#1)", "BIL-2 Two (#2)", "Pushed")
		at := began
		all := []Event{merged(1, 0, at, "bob"), approval(1, 0, at, "bob"), merged(2, 1, at, "ann"), approval(2, 1, at, "bob"), {Kind: Checked, At: at, Name: "tests", Head: sha(0), State: "success"},
			{Kind: Checked, At: at, Name: "lint", Head: sha(0), State: "success"}, {Kind: Pushed, At: at, Branch: "main", Head: sha(2), Before: sha(1), Commits: 1, Actor: Identity{Login: "carol"}},
			{Kind: DeploymentMade, At: at, Name: "production", State: "success", Head: sha(1), Actor: Identity{Login: "dora"}}}
		order := r.Perm(len(all))
		for _, i := range order {
			e := all[i]
			e.ID, e.Source = fmt.Sprintf("cev_%03d", i), "GitHub"
			in.Events = append(in.Events, e)
		}
		return Derive(in)
	}
	want := build(rand.New(rand.NewPCG(1, 1)))
	for seed := range uint64(30) {
		got := build(rand.New(rand.NewPCG(seed, 2)))
		for i := range want.Changes {
			a, b := want.Changes[i].Attributes, got.Changes[i].Attributes
			if !reflect.DeepEqual(a, b) || !reflect.DeepEqual(want.Changes[i].Authors, got.Changes[i].Authors) {
				t.Fatalf("another order gives another change:\n%+v\n%+v", a, b)
			}
		}
		for i := range want.Deployments {
			if !reflect.DeepEqual(want.Deployments[i].Attributes, got.Deployments[i].Attributes) {
				t.Fatalf("another order gives another deployment")
			}
		}
	}
}

// What agents saw is accounted for by what happened on that host around then.
func TestCauses(t *testing.T) {
	at := began
	deployed := []*Deployment{{Number: 3, Repository: "billing", Environment: "production", State: "success", At: at, Hosts: []string{"Web-1"}}, {Number: 4, Repository: "shop", State: "success", At: at.Add(time.Hour)}, {Number: 5, Repository: "shop", State: "failure", At: at.Add(30 * time.Hour)}}
	hand := &Change{Number: 9, Kind: Manual, Hosts: []string{"db-*"}, DeployedAt: at, Attributes: []Attribute{{Name: Approved, Outcome: Pass}}}
	refused := &Change{Number: 10, Kind: Manual, Hosts: []string{"log-*"}, DeployedAt: at, Attributes: []Attribute{{Name: Approved, Outcome: Fail}}}
	c := NewCauses(deployed, map[string][]string{"shop": {"app-*"}}, []Held{{Change: "CH-2", Hosts: []string{"mail-1"}, From: at.Unix(), Until: at.Add(2 * time.Hour).Unix()}}, []*Change{hand, refused})
	for _, x := range []struct {
		host      string
		after, at time.Duration
		want      string
	}{
		{"web-1", 0, 10 * time.Minute, "D-3"}, {"WEB-1", 0, 10 * time.Minute, "D-3"}, {"web-1", 0, -10 * time.Minute, ""}, {"web-1", 0, 3 * time.Hour, ""}, {"web-1", -time.Hour, 20 * time.Hour, "D-3"}, {"web-1", -time.Hour, 40 * time.Hour, ""},
		{"app-7", 0, 70 * time.Minute, "D-4"}, {"app-7", 0, 30*time.Hour + time.Minute, ""}, {"mail-1", 0, time.Hour, "CH-2"}, {"mail-1", 0, 4 * time.Hour, ""}, {"db-2", 0, 50 * time.Minute, "CH-9"}, {"db-2", 0, 2 * time.Hour, ""}, {"log-1", 0, time.Minute, ""},
	} {
		o := Observed{Host: x.host, At: at.Add(x.at)}
		if x.after != 0 {
			o.After = at.Add(x.after)
		}
		if by, why := c.Of(o); by != x.want || why == "" {
			t.Errorf("%s after %s: %q (%s), want %q", x.host, x.at, by, why, x.want)
		}
	}
}
