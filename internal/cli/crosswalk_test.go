package cli

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/packs"
)

// run gives what a command line prints.
func run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	root := New("attesta", "", "test", CrosswalkCommand(), RisksCommand(), CriteriaCommand(), ControlsCommand())
	var out, problems bytes.Buffer
	root.SetArgs(args)
	root.SetOut(&out)
	root.SetErr(&problems)
	err := root.Execute()
	return out.String(), err
}

func runJSON[T any](t *testing.T, args ...string) T {
	t.Helper()
	out, err := run(t, append(args, "--json")...)
	if err != nil {
		t.Fatalf("%v: %v", args, err)
	}
	var v T
	if err := json.Unmarshal([]byte(out), &v); err != nil {
		t.Fatalf("%v prints %.200s: %v", args, out, err)
	}
	return v
}

func TestCrosswalkCommands(t *testing.T) {
	list := runJSON[[]listedCrosswalk](t, "crosswalk", "list")
	if len(list) != len(packs.Crosswalks()) || len(list) == 0 {
		t.Fatalf("%d crosswalks are listed, %d come with this build", len(list), len(packs.Crosswalks()))
	}
	for _, l := range list {
		if l.Criteria+l.Without != 61 || l.Mappings < l.Criteria || l.Reached > l.Targets {
			t.Errorf("%s: %+v", l.ID, l)
		}
		type shown struct {
			Mappings []struct{ Criterion, Target, Relation, Rationale string }
			Without  []struct{ Criterion, Reason string }
		}
		whole := runJSON[shown](t, "crosswalk", "show", l.ID)
		if len(whole.Mappings) != l.Mappings || len(whole.Without) != l.Without {
			t.Errorf("%s shows %d relations, lists %d", l.ID, len(whole.Mappings), l.Mappings)
		}
		part := runJSON[shown](t, "crosswalk", "show", l.ID, "--criterion", "cc6.1")
		if len(part.Mappings) == 0 {
			t.Errorf("%s relates CC6.1 to nothing", l.ID)
		}
		for _, m := range part.Mappings {
			if m.Criterion != "CC6.1" || m.Rationale == "" {
				t.Errorf("%s --criterion CC6.1 shows %+v", l.ID, m)
			}
		}
		back := runJSON[shown](t, "crosswalk", "show", l.ID, "--target", part.Mappings[0].Target)
		for _, m := range back.Mappings {
			if m.Target != part.Mappings[0].Target {
				t.Errorf("%s --target shows %+v", l.ID, m)
			}
		}
		text, err := run(t, "crosswalk", "show", l.ID, "--criterion", "CC6.1")
		if err != nil || !strings.Contains(text, "CC6.1 ") || !strings.Contains(text, part.Mappings[0].Target) {
			t.Errorf("%s prints %.200s, %v", l.ID, text, err)
		}
	}
	for _, args := range [][]string{{"crosswalk", "show", "nothing"}, {"crosswalk", "show", list[0].ID, "--criterion", "CC99"}, {"crosswalk", "show", list[0].ID, "--target", "none"}} {
		if _, err := run(t, args...); !fault.Is(err, fault.NotFound) {
			t.Errorf("%v: %v", args, err)
		}
	}
}

func TestRisksCommand(t *testing.T) {
	type listed struct{ ID, Title, Scenario, Kind string }
	all := runJSON[[]listed](t, "risks", "list", "--library")
	if len(all) < 60 {
		t.Errorf("%d risks; at least 60 are promised", len(all))
	}
	some := runJSON[[]listed](t, "risks", "list", "--library", "--criterion", "CC6.1")
	if len(some) == 0 || len(some) >= len(all) {
		t.Errorf("%d of %d risks for CC6.1", len(some), len(all))
	}
	if text, err := run(t, "risks", "list", "--library"); err != nil || !strings.Contains(text, all[0].Title) {
		t.Errorf("the table says %.200s, %v", text, err)
	}
	if _, err := run(t, "risks", "list"); !fault.Is(err, fault.Invalid) {
		t.Errorf("without --library: %v", err)
	}
}

// The figures that the words were promised in.
func TestContentCounts(t *testing.T) {
	if n := len(runJSON[[]any](t, "criteria", "list")); n != 61 {
		t.Errorf("%d criteria, want 61", n)
	}
	points := runJSON[[]struct {
		Criterion string
		Number    int
		Guidance  struct{ Asks, Small, Large, Auditor, Mistakes, Applies string }
	}](t, "criteria", "points")
	if n := len(points); n != 330 {
		t.Errorf("%d points of focus, want 330", n)
	}
	for _, p := range points {
		if g := p.Guidance; g.Asks == "" || g.Small == "" || g.Large == "" || g.Auditor == "" || g.Mistakes == "" || g.Applies == "" {
			t.Errorf("%s/%d lacks a part of its guidance", p.Criterion, p.Number)
		}
	}
	if n := len(runJSON[[]any](t, "controls", "list", "--library")); n < 150 {
		t.Errorf("%d controls in the library, want at least 150", n)
	}
}
