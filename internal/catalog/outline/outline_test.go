package outline_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/attesta/attesta/internal/catalog/guidance"
	"github.com/attesta/attesta/internal/catalog/outline"
	"github.com/attesta/attesta/internal/pack"
	"github.com/attesta/attesta/packs"
)

func TestShippedOutline(t *testing.T) {
	for _, id := range packs.Outlines() {
		dir, err := packs.Open(id)
		if err != nil {
			t.Fatal(err)
		}
		o, err := outline.Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		for n := 1; n <= 9; n++ {
			if e, ok := o.Entry(fmt.Sprintf("DC%d", n)); !ok || !e.Type2 {
				t.Errorf("DC%d is missing, or left out of type 2", n)
			}
		}
		if len(o.Entries) != 9 {
			t.Errorf("%d entries, want 9", len(o.Entries))
		}
		used := map[string]bool{}
		var shingles []map[string]bool
		var ids []string
		worst := 0.0
		for _, e := range o.Entries {
			for _, s := range e.Sections {
				for _, from := range s.Sources {
					used[from.Area] = true
				}
				mine := guidance.Shingles(s.Write)
				for i, other := range shingles {
					x := guidance.Similarity(mine, other)
					worst = max(worst, x)
					if x >= 0.5 {
						t.Errorf("sections %s and %s are alike: %.2f", s.ID, ids[i], x)
					}
				}
				shingles, ids = append(shingles, mine), append(ids, s.ID)
			}
		}
		for _, a := range o.Areas {
			if !used[a.ID] {
				t.Errorf("no section draws from area %s", a.ID)
			}
		}
		t.Logf("%d criteria, %d sections, most alike %.3f", len(o.Entries), len(ids), worst)
	}
}

const (
	manifest = "kind: outline\nid: o\nversion: 0.1.0\ntitle: O\nsummary: O\nlicence: Apache-2.0\nlocale: en\n"
	one      = `areas:
  - {id: scope, name: Scope}
criteria:
  - id: DC1
    title: Services
    asks: What is sold.
    applies: {type_1: true, type_2: true}
    when: Always.
    sections:
      - id: dc1-company
        heading: The company
        write: Two paragraphs.
        sources:
          - {area: scope, gives: names}
    mistakes: [Copying the sales page.]
`
)

func load(file string) (*outline.Outline, error) {
	return outline.Load(fstest.MapFS{"pack.yaml": {Data: []byte(manifest)}, "outline.yaml": {Data: []byte(file)}})
}

func TestMistakes(t *testing.T) {
	if o, err := load(one); err != nil || len(o.Entries) != 1 || len(o.Entries[0].Sections) != 1 {
		t.Fatalf("the sound outline: %+v, %v", o, err)
	}
	for _, tc := range []struct{ name, from, to, want string }{
		{"area twice", "  - {id: scope, name: Scope}\n", "  - {id: scope, name: Scope}\n  - {id: scope, name: Again}\n", "outline.yaml:3: areas[1].id: area scope stands here twice"},
		{"unknown area", "area: scope", "area: skope", `outline.yaml:14: criteria[0].sections[0].sources[0].area: "skope" is no area`},
		{"foreign section", "dc1-company", "dc2-company", `outline.yaml:10: criteria[0].sections[0].id: "dc2-company" does not begin with dc1-`},
		{"no type", "type_1: true, ", "", "outline.yaml:7: criteria[0].applies.type_1: is missing"},
		{"forbidden word", "What is sold.", "What is guaranteed.", `outline.yaml:6: criteria[0].asks: says "guaranteed"`},
		{"unknown field", "heading:", "title:", "outline.yaml:11: criteria[0].sections[0].title: is not a field"},
		{"nothing", one, "criteria: []\n", "the outline holds nothing"},
		{"no section", "sections:\n", "sections: []\n    parts:\n", "criteria[0].sections: is empty"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := load(strings.Replace(one, tc.from, tc.to, 1))
			for _, m := range pack.Mistakes(err) {
				if strings.Contains(m.Error(), tc.want) {
					return
				}
			}
			t.Errorf("got %v, want %q", err, tc.want)
		})
	}
}

func FuzzOutline(f *testing.F) {
	f.Add([]byte(one))
	f.Add([]byte("areas: [x]\ncriteria:\n  - {id: DC1, sections: [{id: dc1-, sources: {}}]}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		o, err := load(string(data))
		if err != nil {
			return
		}
		for _, e := range o.Entries {
			if e.ID == "" || len(e.Sections) == 0 {
				t.Errorf("accepted %+v", e)
			}
		}
	})
}
