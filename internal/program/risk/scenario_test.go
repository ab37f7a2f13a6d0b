package risk_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/catalog/guidance"
	"github.com/attesta/attesta/internal/pack"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/program/risk"
	"github.com/attesta/attesta/packs"
)

// What the shipped catalogue promises: sixty risks, each of its own, and links
// that lead somewhere.
func TestShippedRisks(t *testing.T) {
	for _, id := range packs.Risks() {
		dir, err := packs.Open(id)
		if err != nil {
			t.Fatal(err)
		}
		c, err := risk.Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		if len(c.Risks) < 60 {
			t.Errorf("%d risks; at least 60 are promised", len(c.Risks))
		}
		library, err := control.ShippedLibrary()
		if err != nil {
			t.Fatal(err)
		}
		var slugs []string
		for _, d := range library.Designs {
			slugs = append(slugs, d.Slug)
		}
		for _, m := range c.Unlinked(slugs) {
			t.Error(m)
		}
		var shingles []map[string]bool
		worst := 0.0
		for i, r := range c.Risks {
			shingles = append(shingles, guidance.Shingles(r.Scenario))
			for j := range i {
				s := guidance.Similarity(shingles[i], shingles[j])
				worst = max(worst, s)
				if s >= 0.5 {
					t.Errorf("the scenarios of %s and %s are alike: %.2f", r.ID, c.Risks[j].ID, s)
				}
			}
			if n := len(strings.Fields(r.Scenario)); n < 20 || n > 100 {
				t.Errorf("the scenario of %s has %d words, not 20 to 100", r.ID, n)
			}
		}
		for _, k := range risk.Kinds() {
			n := 0
			for _, r := range c.Risks {
				if r.Kind == k {
					n++
				}
			}
			if n < 3 {
				t.Errorf("%d risks of kind %s; at least 3 make it a kind", n, k)
			}
		}
		for _, x := range catalog.All() {
			if len(c.Of(x.ID)) == 0 {
				t.Errorf("no risk is answered by %s", x.ID)
			}
		}
		t.Logf("%d risks, scenarios most alike %.3f", len(c.Risks), worst)
	}
}

const (
	manifest = "kind: risks\nid: r\nversion: 0.1.0\ntitle: R\nsummary: R\nlicence: Apache-2.0\nlocale: en\n"
	one      = `risks:
  - id: one
    title: One
    scenario: It happens.
    kind: fraud
    commitments: [security]
    threatens: Something.
    criteria: [CC6.1]
    controls: [access-reviewed]
    indicators: [a sign]
`
)

func load(file string) (*risk.Catalogue, error) {
	return risk.Load(fstest.MapFS{"pack.yaml": {Data: []byte(manifest)}, "a.yaml": {Data: []byte(file)}})
}

func TestMistakes(t *testing.T) {
	c, err := load(one)
	if err != nil || len(c.Risks) != 1 {
		t.Fatalf("the sound catalogue: %v, %v", c, err)
	}
	if got := c.Unlinked([]string{"another"}); len(got) != 1 || got[0].File != "a.yaml" || got[0].Line != 9 {
		t.Errorf("a control that does not exist gives %v", got)
	}
	if len(c.Unlinked([]string{"access-reviewed"})) != 0 || len(c.Of("CC6.1")) != 1 || len(c.Answered("access-reviewed")) != 1 {
		t.Error("links are not found")
	}
	for _, tc := range []struct{ name, from, to, want string }{
		{"bad id", "id: one", "id: One", `a.yaml:2: risks[0].id: "One" is no slug`},
		{"no scenario", "    scenario: It happens.\n", "", "a.yaml:2: risks[0].scenario: is missing"},
		{"unknown kind", "kind: fraud", "kind: fate", `a.yaml:5: risks[0].kind: "fate" is not one of`},
		{"unknown category", "[security]", "[safety]", `a.yaml:6: risks[0].commitments[0]: "safety" is no category`},
		{"unknown criterion", "CC6.1", "CC6.99", `a.yaml:8: risks[0].criteria[0]: "CC6.99" is none of the 61 criteria`},
		{"criterion twice", "[CC6.1]", "[CC6.1, CC6.1]", `a.yaml:8: risks[0].criteria[1]: names "CC6.1" twice`},
		{"no control", "[access-reviewed]", "[]", "a.yaml:9: risks[0].controls: is empty"},
		{"unknown field", "title: One", "titel: One", "a.yaml:3: risks[0].titel: is not a field"},
		{"forbidden word", "It happens.", "A certified host fails.", `a.yaml:4: risks[0].scenario: says "certified"`},
		{"twice", one, one + strings.TrimPrefix(one, "risks:\n"), `a.yaml:11: risks[1].id: another risk has the id "one"`},
		{"nothing", one, "risks: []\n", "the catalogue holds no risk"},
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

func FuzzRisks(f *testing.F) {
	f.Add([]byte(one))
	f.Add([]byte("risks:\n  - {id: x, criteria: [1], controls: {a: b}}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := load(string(data))
		if err != nil {
			return
		}
		for _, r := range c.Risks {
			if r.ID == "" || len(r.Criteria) == 0 || len(r.Controls) == 0 {
				t.Errorf("accepted %+v", r)
			}
		}
	})
}
