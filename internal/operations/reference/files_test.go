package reference

import (
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/operations/component"
	"github.com/attesta/attesta/internal/operations/integrity/baseline"
)

func TestWeigh(t *testing.T) {
	for _, c := range []struct {
		name, reference, member string
		known                   bool
		x                       component.Compared
		outcome, why            string
	}{
		{"the same", "", "", true, component.Compared{Same: 7}, Same, "the same 7 components"},
		{"it has more", "", "", true, component.Compared{Same: 7, Beyond: 2, Open: 1}, Differs, "2 beyond the reference, of which 1 without approval; 0 lacking"},
		{"it lacks", "", "", true, component.Compared{Lacks: 1, Apart: []component.Apart{{}}}, Differs, "1 lacking; 1 lists cannot be compared"},
		{"the reference is silent", "web-1 is silent", "", true, component.Compared{Same: 7}, NotObserved, "nothing is judged by the reference: web-1 is silent"},
		{"it is silent", "", "web-2 is silent", true, component.Compared{Same: 7}, NotObserved, "web-2 is silent"},
		{"nothing is known", "", "", false, component.Compared{}, NotObserved, "nothing is known yet"},
		{"a list cannot be read", "", "", true, component.Compared{Same: 7, Apart: []component.Apart{{Part: "users/accounts", Reason: "needs root"}}}, NotObserved, "1 lists cannot be compared, such as users/accounts: needs root"},
	} {
		t.Run(c.name, func(t *testing.T) {
			outcome, why := Weigh(c.reference, c.member, c.known, c.x)
			if outcome != c.outcome || !strings.Contains(why, c.why) {
				t.Errorf("%s: %s", outcome, why)
			}
		})
	}
}

func TestWeighFiles(t *testing.T) {
	its := reading{root: "aa"}
	compared := func(state, a, b string, cut bool, differs ...string) *baseline.Comparison {
		c := &baseline.Comparison{Ref: "HC-1", State: state, RootA: a, RootB: b, Cut: cut, Why: "it has no baseline", Roots: []baseline.Root{{Path: "/etc"}, {Path: "/usr", Equal: true}}}
		for _, d := range differs {
			c.Differs = append(c.Differs, baseline.Different{Path: d})
		}
		return c
	}
	for _, c := range []struct {
		name              string
		reference, member reading
		c                 *baseline.Comparison
		outcome, why      string
		approved, named   bool
	}{
		{"one root, approved", its, reading{root: "aa"}, nil, Same, "one root", true, false},
		{"one root that waits", its, reading{root: "cc", snapshot: "aa"}, nil, Same, "one root", false, false},
		{"another root", its, reading{root: "bb"}, nil, Differs, "not asked yet", true, false},
		{"its snapshot is another, though its baseline is the same", its, reading{root: "aa", snapshot: "bb"}, nil, Differs, "not asked yet", false, false},
		{"it was gone into", its, reading{snapshot: "bb"}, compared("done", "aa", "bb", false, "/etc/x"), Differs, "1 paths differ, below /etc; 1 of 2 watched trees are the same", false, true},
		{"bounds", its, reading{snapshot: "bb"}, compared("done", "aa", "bb", true, "/etc/x"), Differs, "more than 1 paths differ", false, true},
		{"it was gone into before", its, reading{snapshot: "bb"}, compared("done", "aa", "dd", false, "/etc/x"), Differs, "not asked yet", false, false},
		{"against another baseline of the reference", its, reading{snapshot: "bb"}, compared("done", "dd", "bb", false, "/etc/x"), Differs, "not asked yet", false, false},
		{"it goes on", its, reading{snapshot: "bb"}, compared("running", "", "", false), Differs, "both hosts are asked", false, false},
		{"it failed", its, reading{snapshot: "bb"}, compared("failed", "", "", false), Differs, "not known: it has no baseline", false, false},
		{"nothing waits", its, reading{}, nil, NotObserved, "no approved baseline, and no snapshot waits", false, false},
		{"it is silent", its, reading{why: "web-2 is silent"}, nil, NotObserved, "web-2 is silent", false, false},
		{"the reference is silent", reading{root: "aa", why: "web-1 is silent"}, reading{root: "aa"}, nil, NotObserved, "nothing is judged by the reference: web-1 is silent", false, false},
		{"the reference has none approved", reading{snapshot: "aa"}, reading{root: "aa"}, nil, NotObserved, "the reference has no approved baseline", false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := WeighFiles(c.reference, c.member, c.c)
			if f.Outcome != c.outcome || !strings.Contains(f.Why, c.why) || f.Approved != c.approved || (f.Trees != nil) != c.named {
				t.Errorf("%+v", f)
			}
		})
	}
}

func TestChosen(t *testing.T) {
	members := []File{
		{Name: "web-2", Outcome: Same, Snapshot: "BL-2"}, {Name: "web-3", Outcome: Same, Approved: true},
		{Name: "web-4", Outcome: Differs, Snapshot: "BL-4", Trees: []baseline.Root{{Path: "/etc"}}},
		{Name: "web-5", Outcome: Differs, Snapshot: "BL-5"}, {Name: "web-6", Outcome: NotObserved, Snapshot: "BL-6", Why: "it is silent"},
	}
	for _, c := range []struct {
		equal     bool
		different string
		want, err string
	}{
		{true, "", "BL-2", ""}, {true, "bl-4", "BL-2 BL-4", ""}, {false, "BL-4", "BL-4", ""}, {true, "BL-2", "BL-2", ""},
		{false, "", "", "no snapshot of the group is chosen"}, {true, "BL-5", "", "in what web-5 differs"}, {true, "BL-6", "", "web-6 now: it is silent"}, {true, "BL-9", "", "no snapshot of this group"},
	} {
		list, err := chosen(members, c.equal, strings.Fields(c.different))
		got := ""
		if err != nil {
			got = err.Error()
		}
		if strings.Join(list, " ") != c.want || c.err == "" && got != "" || !strings.Contains(got, c.err) {
			t.Errorf("%v %s: %v, %v", c.equal, c.different, list, err)
		}
	}
}
