package main

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/connectors/xccdf"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/judge"
	"github.com/attesta/attesta/internal/pack"
)

// Each pair names a check and attributes that linux-server has.
func TestPairsNameChecks(t *testing.T) {
	pairs, err := readPairs()
	if err != nil {
		t.Fatal(err)
	}
	if len(pairs) < 150 {
		t.Fatalf("only %d pairs were read", len(pairs))
	}
	p, err := pack.Default().LoadShipped("linux-server")
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{}
	for _, c := range p.Checks {
		id := strings.TrimPrefix(c.ID, "linux-server/")
		have[id] = true
		for _, a := range c.Attributes {
			have[id+"#"+a.ID] = true
		}
	}
	for _, x := range pairs {
		if !have[x.check] {
			t.Errorf("rules.tsv:%d: linux-server has no check %s", x.line, x.check)
		}
		for _, a := range x.attributes {
			if !have[x.check+"#"+a] {
				t.Errorf("rules.tsv:%d: %s has no attribute %s", x.line, x.check, a)
			}
		}
	}
}

// The docs explain each difference in the words of rules.tsv, and none that is not there.
func TestDocsExplain(t *testing.T) {
	pairs, err := readPairs()
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../docs/standards-comparison.md")
	if err != nil {
		t.Fatal(err)
	}
	want := docsTable(pairs)
	if !strings.Contains(string(page), want) {
		t.Errorf("docs/standards-comparison.md does not hold the table of `go run ./scripts/comparison -table`")
	}
	if rows := strings.Count(string(page), "\n| `"); rows != strings.Count(want, "\n| `") {
		t.Errorf("the page explains %d rules, rules.tsv %d", rows, strings.Count(want, "\n| `"))
	}
}

func TestJoin(t *testing.T) {
	for _, c := range []struct {
		name           string
		pair           pair
		theirs         outcome.Outcome
		before, after  judge.Outcome
		noRule, noneOf bool
		want           verdict
	}{
		{name: "alike", theirs: "fail", before: "fail", want: agree},
		{name: "nobody says why", theirs: "fail", before: "pass", want: unexplained},
		{name: "explained", pair: pair{differ: []string{"fail/pass"}}, theirs: "fail", before: "pass", want: explained},
		{name: "explained the other way round", pair: pair{differ: []string{"fail/pass"}}, theirs: "pass", before: "fail", want: unexplained},
		{name: "may differ and agrees", pair: pair{differ: []string{"fail/pass"}}, theirs: "pass", before: "pass", want: agree},
		{name: "always differs and agrees", pair: pair{differ: []string{"fail/pass"}, always: true}, theirs: "pass", before: "pass", want: stale},
		{name: "theirs not judged", theirs: "not_applicable", before: "fail", want: alone},
		{name: "ours could not be read", theirs: "pass", before: "error", want: alone},
		{name: "neither", theirs: "not_observed", before: "not_applicable", want: neither},
		{name: "changed while asked", theirs: "fail", before: "pass", after: "fail", want: changed},
		{name: "no such rule", before: "pass", noRule: true, want: unknown},
		{name: "no such check", theirs: "pass", noneOf: true, want: unknown},
	} {
		c.pair.rule, c.pair.check, c.pair.attributes = "r", "c", []string{"a"}
		theirs := map[string]xccdf.Rule{"r": {Outcome: c.theirs}}
		if c.noRule {
			theirs = nil
		}
		before, after := map[string]judge.Outcome{"c#a": c.before}, map[string]judge.Outcome{"c#a": c.before}
		if c.after != "" {
			after["c#a"] = c.after
		}
		if c.noneOf {
			before, after = nil, nil
		}
		if got := join([]pair{c.pair}, theirs, before, after); got[0].verdict != c.want {
			t.Errorf("%s: %s, want %s", c.name, got[0].verdict.name, c.want.name)
		}
	}
	if !slices.Contains(verdicts, unexplained) || !unexplained.bad || !stale.bad || !unknown.bad || explained.bad {
		t.Error("what wants a look is not counted so")
	}
}

// The copy judges on any release, asks for the pairs' rules alone and with our thresholds.
func TestTailored(t *testing.T) {
	content := `<xccdf-1.2:Benchmark>
  <xccdf-1.2:platform idref="cpe:/o:debian:debian_linux:11"/>
  <xccdf-1.2:Profile id="x">
  </xccdf-1.2:Profile>
  <xccdf-1.2:Rule selected="false" id="` + rulePrefix + `one" severity="low">
  <xccdf-1.2:platform idref="#machine"/>
  <xccdf-1.2:platform idref="#sudo"/>
  <xccdf-1.2:requires idref="` + rulePrefix + `two"/>
  </xccdf-1.2:Rule>
`
	got, has, left := tailored(content, []pair{{rule: "one", values: map[string]string{"v": "3"}}, {rule: "on"}})
	if len(has) != 1 || has[0].rule != "one" || len(left) != 1 || left[0].rule != "on" {
		t.Errorf("has %v, left %v", has, left)
	}
	for text, want := range map[string]int{"cpe:/o:": 0, "#machine": 0, "#sudo": 1, "requires": 0, `content_rule_one" selected="true"`: 1, `content_value_v">3<`: 1, profile: 1} {
		if n := strings.Count(got, text); n != want {
			t.Errorf("%q stands there %d times, want %d\n%s", text, n, want, got)
		}
	}
}
