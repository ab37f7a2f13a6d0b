package crosswalk_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/catalog/crosswalk"
	"github.com/attesta/attesta/internal/catalog/guidance"
	"github.com/attesta/attesta/internal/pack"
	"github.com/attesta/attesta/packs"
)

// Loading holds the rest: ids on both sides, every criterion related or
// listed with a reason, no rationale twice.
func TestShippedCrosswalks(t *testing.T) {
	for _, id := range packs.Crosswalks() {
		dir, err := packs.Open(id)
		if err != nil {
			t.Fatal(err)
		}
		x, err := crosswalk.Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		by := map[crosswalk.Relation]int{}
		for _, m := range x.Mappings {
			by[m.Relation]++
			if n := len(strings.Fields(m.Rationale)); n < 4 || n > 60 {
				t.Errorf("%s: the rationale of %s and %s has %d words, not 4 to 60", id, m.Criterion, m.Target, n)
			}
		}
		worst := 0.0
		shingles := make([]map[string]bool, len(x.Mappings))
		for i, m := range x.Mappings {
			shingles[i] = guidance.Shingles(m.Rationale)
			for j := range i {
				s := guidance.Similarity(shingles[i], shingles[j])
				worst = max(worst, s)
				if s >= 0.5 && len(shingles[i]) > 5 {
					t.Errorf("%s: the rationales of %s/%s and %s/%s are alike: %.2f", id, m.Criterion, m.Target, x.Mappings[j].Criterion, x.Mappings[j].Target, s)
				}
			}
		}
		t.Logf("%s: %d relations %v, %d of %d items reached, %d criteria without; most alike %.3f", id, len(x.Mappings), by, x.Reached(), len(x.Targets), len(x.Without), worst)
	}
}

const (
	manifest = "kind: crosswalk\nid: x\nversion: 0.1.0\ntitle: X\nsummary: X\nlicence: Apache-2.0\nlocale: en\n"
	target   = "framework: F\nedition: \"1\"\npublisher: P\ntargets:\n  - {id: A, level: family, name: Group A}\n  - {id: A-1, level: control, parent: A, name: One}\n  - {id: A-2, level: control, parent: A, name: Two}\n"
)

// sound relates CC6.1 and lists the other sixty.
func sound() string {
	var b strings.Builder
	b.WriteString("mappings:\n  - {criterion: CC6.1, target: A-1, relation: subset, rationale: Both ask.}\n  - {criterion: CC6.1, target: A-2, relation: equal, rationale: Same words.}\nwithout:\n")
	for _, c := range catalog.All() {
		if c.ID != "CC6.1" {
			fmt.Fprintf(&b, "  - {criterion: %s, reason: Nothing on %s there.}\n", c.ID, c.ID)
		}
	}
	return b.String()
}

func load(target, mappings string) (*crosswalk.Crosswalk, error) {
	return crosswalk.Load(fstest.MapFS{"pack.yaml": {Data: []byte(manifest)}, "target.yaml": {Data: []byte(target)}, "mappings.yaml": {Data: []byte(mappings)}})
}

func TestLookups(t *testing.T) {
	x, err := load(target, sound())
	if err != nil {
		t.Fatal(err)
	}
	if got := x.Of("CC6.1"); len(got) != 2 || got[0].Target != "A-1" {
		t.Errorf("of CC6.1: %v", got)
	}
	if got := x.To("A-2"); len(got) != 1 || got[0].Relation != crosswalk.Equal || x.Reached() != 2 {
		t.Errorf("to A-2: %v, %d reached", got, x.Reached())
	}
	if reason, ok := x.Reason("CC1.1"); !ok || reason != "Nothing on CC1.1 there." {
		t.Errorf("why there is nothing for CC1.1: %q", reason)
	}
	if _, ok := x.Reason("CC6.1"); ok {
		t.Error("CC6.1 is related, and there is a reason why not")
	}
	for r, want := range map[crosswalk.Relation]crosswalk.Relation{crosswalk.Subset: crosswalk.Superset, crosswalk.Superset: crosswalk.Subset, crosswalk.Equal: crosswalk.Equal, crosswalk.Intersects: crosswalk.Intersects} {
		if r.Inverse() != want {
			t.Errorf("%s read from the other side is %s, want %s", r, r.Inverse(), want)
		}
	}
}

func TestMistakes(t *testing.T) {
	for _, tc := range []struct{ name, file, from, to, want string }{
		{"unknown criterion", "mappings", "criterion: CC6.1, target: A-1", "criterion: CC6.99, target: A-1", `mappings.yaml:2: mappings[0].criterion: "CC6.99" is none of the 61 criteria`},
		{"unknown target", "mappings", "target: A-1", "target: A-9", `mappings.yaml:2: mappings[0].target: "A-9" is no target of F 1`},
		{"unknown relation", "mappings", "relation: subset", "relation: similar", `mappings.yaml:2: mappings[0].relation: "similar" is not one of`},
		{"no rationale", "mappings", ", rationale: Both ask.", "", "mappings.yaml:2: mappings[0].rationale: is missing"},
		{"rationale twice", "mappings", "Same words.", "both  ask.", "mappings.yaml:3: mappings[1].rationale: is the same as for CC6.1 and A-1"},
		{"pair twice", "mappings", "target: A-2", "target: A-1", "mappings.yaml:3: mappings[1]: relates CC6.1 to A-1 once more"},
		{"related and without", "mappings", "without:\n", "without:\n  - {criterion: CC6.1, reason: Nothing at all.}\n", "mappings.yaml:5: without[0].criterion: CC6.1 stands under without, and is related"},
		{"without twice", "mappings", "without:\n", "without:\n  - {criterion: CC1.1, reason: Nothing at all.}\n", "CC1.1 stands under without twice"},
		{"left out", "mappings", "  - {criterion: CC1.1, reason: Nothing on CC1.1 there.}\n", "", "says nothing about CC1.1"},
		{"forbidden word", "mappings", "Both ask.", "Both are compliant.", `says "compliant"`},
		{"unknown field", "mappings", "rationale: Both ask.", "rationale: Both ask., weight: 2", "mappings[0].weight: is not a field"},
		{"target twice", "target", "A-2", "A-1", "target.yaml:7: targets[2].id: target A-1 stands here twice"},
		{"unknown parent", "target", "parent: A, name: One", "parent: B, name: One", `target.yaml:6: targets[1].parent: "B" is no target above`},
		{"no framework", "target", "framework: F\n", "", "target.yaml:1: framework: is missing"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			to, maps := target, sound()
			if tc.file == "target" {
				to = strings.Replace(to, tc.from, tc.to, 1)
			} else {
				maps = strings.Replace(maps, tc.from, tc.to, 1)
			}
			if to == target && maps == sound() {
				t.Fatal("the case changes nothing")
			}
			_, err := load(to, maps)
			for _, m := range pack.Mistakes(err) {
				if strings.Contains(m.Error(), tc.want) {
					return
				}
			}
			t.Errorf("got %v, want %q", err, tc.want)
		})
	}
	if _, err := crosswalk.Load(fstest.MapFS{"pack.yaml": {Data: []byte(manifest)}}); pack.Mistakes(err) == nil {
		t.Errorf("a crosswalk without target.yaml: %v", err)
	}
}

func FuzzCrosswalk(f *testing.F) {
	f.Add([]byte(target), []byte(sound()))
	f.Add([]byte("framework: F\ntargets: [{id: 1, parent: 1}]"), []byte("mappings: {a: b}\nwithout: [x]"))
	f.Fuzz(func(t *testing.T, to, maps []byte) {
		x, err := load(string(to), string(maps))
		if err != nil {
			return
		}
		for _, m := range x.Mappings {
			if _, ok := x.Target(m.Target); !ok || m.Rationale == "" {
				t.Errorf("accepted %+v", m)
			}
		}
	})
}
