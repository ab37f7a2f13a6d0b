package gap_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/posture"
	"github.com/attesta/attesta/internal/posture/gap"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/program/scope"
)

// world is a snapshot with security in scope and some controls on CC6.3.
func world(considered map[control.PointKey]control.Consideration, library []control.Design, list ...posture.Control) gap.Report {
	s := posture.Snapshot{Known: 9, KnownNow: true, Scope: scope.Version{Version: 2, Content: scope.Content{Scope: catalog.DefaultScope(), Zone: "UTC"}}}
	for _, c := range catalog.All() {
		k := posture.Criterion{Criterion: c, InScope: c.Category == catalog.Security}
		for _, have := range list {
			if slices.Contains(have.Design.Criteria(), c.ID) {
				have.Key = have.Design.KeyFor(c.ID)
				k.Controls = append(k.Controls, have)
			}
		}
		s.Criteria = append(s.Criteria, k)
	}
	return gap.Derive(gap.Basis{Snapshot: s, Controls: list, Considered: considered, Library: library, Said: map[string]string{"leavers": "no"}})
}

func design(slug string, shares []control.Share, points ...int) control.Design {
	d := control.Design{Slug: slug, Title: slug, Weight: control.Key, Mode: control.Manual, Owner: "head of security", Shares: shares}
	for _, n := range points {
		d.Points = append(d.Points, control.PointLink{Criterion: "CC6.3", Number: n, Relation: control.Addresses})
	}
	return d
}

func used(n int, d control.Design, st posture.Status, state control.State) posture.Control {
	c := posture.Control{Slug: d.Slug, Number: n, Title: d.Title, State: state, Design: d, Criteria: d.Criteria()}
	c.Status, c.Why, c.Change = st, "because", "something"
	return c
}

func TestDerive(t *testing.T) {
	identity := []control.Share{{Kind: "tool", Name: "identity provider"}}
	joiners, leavers, reviews := design("joiners", identity, 1), design("leavers", identity, 2), design("reviews", nil, 3)
	library := []control.Design{joiners, design("badge", identity, 1, 2, 3), reviews}
	setAside := map[control.PointKey]control.Consideration{{Criterion: "CC6.3", Number: 4}: {Criterion: "CC6.3", Number: 4, State: control.NotRelevant, Reason: "no such roles"}}
	for _, tc := range []struct {
		name string
		have []posture.Control
		said map[control.PointKey]control.Consideration
		want []string // keys of CC6.3, in order
		lib  []string // that would close the first
	}{
		{"nothing in use", nil, nil, []string{"CC6.3/missing", "CC6.3/points"}, []string{"badge", "joiners", "reviews"}},
		{"one control", []posture.Control{used(1, joiners, posture.None, control.Adopted)}, nil, []string{"CC6.3/alone", "CC6.3/points"}, []string{"reviews"}},
		{"a draft that nothing shows", []posture.Control{used(1, reviews, posture.Insufficient, control.Draft)}, setAside,
			[]string{"reviews/evidence", "controls/design", "CC6.3/alone", "CC6.3/points"}, nil},
		{"two with one tool, one deviates, said not to be done", []posture.Control{used(1, joiners, posture.None, control.Adopted), used(2, leavers, posture.Deviation, control.Adopted)}, setAside,
			[]string{"leavers/deviates", "CC6.3/together", "CC6.3/points", "leavers/statement"}, nil},
		{"three that differ, a point set aside", []posture.Control{used(1, joiners, posture.None, control.Adopted), used(2, leavers, posture.DidNotOperate, control.Adopted), used(3, reviews, posture.None, control.Adopted)}, setAside,
			[]string{"leavers/statement"}, nil},
	} {
		r := world(tc.said, library, tc.have...)
		c, _ := r.Criterion("CC6.3")
		if !slices.Equal(c.Gaps, tc.want) {
			t.Errorf("%s: gaps %q, want %q", tc.name, c.Gaps, tc.want)
			continue
		}
		if g, ok := r.Gap(c.Gaps[0]); !ok || tc.lib != nil && !slices.Equal(g.Library, tc.lib) {
			t.Errorf("%s: the library would close it by %q, want %q", tc.name, g.Library, tc.lib)
		}
		for _, g := range r.Gaps {
			if g.Why == "" || g.Change == "" || g.Title == "" || len(g.Criteria) == 0 {
				t.Errorf("%s: %s says nothing of why or how it closes: %+v", tc.name, g.Key, g)
			}
		}
		if p, ok := r.Criterion("P1.1"); !ok || p.InScope || len(p.Gaps) > 0 {
			t.Errorf("%s: privacy is not in scope and has gaps %q", tc.name, p.Gaps)
		}
	}
	// Each point that applies is set aside, addressed, or open; words of both counts.
	r := world(setAside, library, used(1, joiners, posture.None, control.Adopted), used(2, leavers, posture.None, control.Adopted))
	c, _ := r.Criterion("CC6.3")
	if c.Apply != 4 || c.Settled != 3 || c.Points[3].State != gap.NotRelevant || c.Points[2].State != gap.OpenPoint || c.Key != 2 || c.Operating != 2 {
		t.Errorf("%+v", c)
	}
	g, _ := r.Gap("CC6.3/points")
	if g.Title != "One point of focus of CC6.3 is not considered" || !slices.Equal(g.Points, []int{3}) || !slices.Equal(g.Library, []string{"badge", "reviews"}) {
		t.Errorf("%+v", g)
	}
	if g, _ := r.Gap("CC6.3/together"); !strings.Contains(g.Why, "identity provider") || !slices.Equal(g.Library, []string{"reviews"}) {
		t.Errorf("what fails together is closed by what rests on something else: %+v", g)
	}
}

// A cause that deviates now goes before one that only may.
func TestCauses(t *testing.T) {
	disk := []control.Share{{Kind: "source", Name: "agent"}}
	bad := func(n int, slug string) posture.Control {
		c := used(n, design(slug, disk, n), posture.Deviation, control.Adopted)
		c.Checks = []posture.Check{{ID: "linux-server/sshd", Head: posture.Head{Status: posture.Deviation}}}
		return c
	}
	r := world(nil, nil, bad(1, "a"), bad(2, "b"), used(3, design("c", nil, 3), posture.None, control.Adopted))
	c, _ := r.Criterion("CC6.3")
	if len(c.Causes) != 2 || !c.Causes[0].Failing || c.Causes[0].All || !slices.Equal(c.Causes[0].Controls, []string{"a", "b"}) {
		t.Errorf("%+v", c.Causes)
	}
	if slices.Contains(c.Gaps, "CC6.3/together") {
		t.Error("a third control stands apart, so the criterion does not fall with the two")
	}
}
