package pack

import (
	"os"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// Every fact that a Linux standard has to judge is judged: the table names the
// checks, and each fact's path is among what one of them reads.
func TestEveryHostFactIsJudged(t *testing.T) {
	text, err := os.ReadFile("testdata/host-facts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var table []struct {
		Number int
		Fact   string
		Path   string
		Checks []string
	}
	if err := yaml.Unmarshal(text, &table); err != nil {
		t.Fatal(err)
	}
	if len(table) != 98 {
		t.Fatalf("the table has %d facts, want 98", len(table))
	}
	checks := map[string]Check{}
	p := shipped(t)[0]
	for _, c := range p.Checks {
		checks[strings.TrimPrefix(c.ID, p.ID+"/")] = c
	}
	for i, row := range table {
		if row.Number != i+1 {
			t.Errorf("fact %d stands at place %d", row.Number, i+1)
		}
		read := false
		for _, id := range row.Checks {
			c, ok := checks[id]
			if !ok {
				t.Errorf("fact %d, %s: there is no check %s", row.Number, row.Fact, id)
				continue
			}
			read = read || slices.ContainsFunc(c.Attributes, func(a Attribute) bool {
				return slices.ContainsFunc(a.Compiled.Reads(), func(r string) bool { return strings.HasPrefix(r+"/", row.Path+"/") })
			})
		}
		if !read {
			t.Errorf("fact %d, %s: none of the checks %v reads %s", row.Number, row.Fact, row.Checks, row.Path)
		}
	}
}
