package control_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/pack"
	"github.com/attesta/attesta/internal/program/control"
)

func shipped(t testing.TB) *control.Library {
	t.Helper()
	l, err := control.ShippedLibrary()
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// What the shipped library promises: two to three controls for each criterion
// of CC6 to CC8, so that one may fail, and every point of focus considered.
func TestShippedLibrary(t *testing.T) {
	l := shipped(t)
	if len(l.Designs) < 30 {
		t.Errorf("%s; at least 30 are promised", l.Summary())
	}
	scope := catalog.DefaultScope()
	scope.Categories = catalog.Categories()
	for _, c := range catalog.All() {
		if !slices.Contains([]string{"CC6", "CC7", "CC8"}, c.Series) {
			continue
		}
		var all, key, starter []string
		for _, d := range l.Designs {
			if slices.Contains(d.Criteria(), c.ID) && slices.ContainsFunc(d.Points, func(p control.PointLink) bool {
				return p.Criterion == c.ID && p.Relation != control.Supports
			}) {
				all = append(all, d.Slug)
			}
			if d.KeyFor(c.ID) {
				key = append(key, d.Slug)
				if d.Starter {
					starter = append(starter, d.Slug)
				}
			}
		}
		if len(all) < 2 || len(key) < 1 || len(starter) < 1 {
			t.Errorf("%s has controls %v, of them key %v, of them in the starter profile %v", c.ID, all, key, starter)
		}
		for _, p := range catalog.Points(c.ID) {
			if !slices.ContainsFunc(l.Designs, func(d control.Design) bool { return d.Covers(c.ID, p.Number) }) {
				t.Errorf("no control addresses %s %s", p.ID(), p.Title)
			}
		}
	}
	for _, d := range l.Designs {
		text := strings.ToLower(d.Title + " " + d.Statement + " " + d.Risk)
		for _, word := range []string{"certified", "compliant", "guarantee", "ensure", "appropriate"} {
			if strings.Contains(text, word) {
				t.Errorf("control %s says %q, which cannot be tested or must not be said", d.Slug, word)
			}
		}
		if len(d.Statement) > 400 {
			t.Errorf("the statement of %s has %d letters: one or two sentences, please", d.Slug, len(d.Statement))
		}
		if d.Frequency == "continuous" != (d.Mode == control.Automated) {
			t.Errorf("control %s is %s and %s", d.Slug, d.Mode, d.Frequency)
		}
	}
	standards, err := pack.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	var checks []string
	for _, p := range standards {
		for _, c := range p.Checks {
			checks = append(checks, c.ID)
			if n := len(slices.DeleteFunc(slices.Clone(l.Designs), func(d control.Design) bool { return !d.Tests(c.ID) })); n < 2 {
				t.Errorf("check %s observes %d controls; besides the standard as a whole, one should rest on it", c.ID, n)
			}
		}
	}
	for _, m := range l.Unmatched(checks) {
		t.Error(m)
	}
	if got := l.Unmatched([]string{"linux-server/none"}); len(got) == 0 || got[0].Line == 0 || !strings.HasSuffix(got[0].File, ".yaml") {
		t.Errorf("checks that do not exist give %v, want mistakes with their place", got)
	}
}

const (
	manifest = "kind: controls\nid: test\nversion: 1.0.0\ntitle: Test\nsummary: For tests.\nlicence: Apache-2.0\nlocale: en\n"
	one      = `controls:
  - id: one
    title: One
    statement: Does one thing.
    risk: It is not done.
    weight: key
    nature: preventive
    mode: automated
    frequency: continuous
    performer: agent
    owner: engineer
    evidence: [record]
    information: [facts]
    checks: [linux-server/sshd-*]
    points:
      - {criterion: CC6.1, number: 3, relation: addresses, rationale: Because.}
`
	lists = `populations:
  - id: hosts
    title: Hosts
    of: hosts
    date: presence
    source: hosts
    from: agents
    collected: true
`
)

func load(files map[string]string) (*control.Library, error) {
	fsys := fstest.MapFS{"pack.yaml": {Data: []byte(manifest)}}
	for name, content := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(content)}
	}
	return control.LoadLibrary(fsys)
}

func TestLibraryMistakes(t *testing.T) {
	if l, err := load(map[string]string{"a.yaml": one}); err != nil || l.Name() != "test@1.0.0" || len(l.Designs) != 1 {
		t.Fatalf("the sound library: %v, %v", l, err)
	}
	for _, tc := range []struct {
		name, from, to string
		want           string // file:line: field: message
	}{
		{"unknown field", "risk: It", "rsik: It", "a.yaml:5: controls[0].rsik: is not a field"},
		{"missing field", "    risk: It is not done.\n", "", "a.yaml:2: controls[0].risk: is missing"},
		{"wrong type", "evidence: [record]", "evidence: record", "a.yaml:12: controls[0].evidence: is text; expected a list"},
		{"empty list", "evidence: [record]", "evidence: []", "a.yaml:12: controls[0].evidence: is empty"},
		{"bad slug", "id: one", "id: One", `a.yaml:2: controls[0].id: "One" is no slug`},
		{"unknown word", "weight: key", "weight: heavy", `a.yaml:6: controls[0].weight: "heavy" is not one of key, supporting`},
		{"unknown frequency", "frequency: continuous", "frequency: sometimes", `a.yaml:9: controls[0].frequency: "sometimes" is not one of`},
		{"frequency and trigger", "frequency: continuous", "frequency: daily\n    trigger: a person leaves", "a.yaml:10: controls[0].trigger: stands beside a frequency"},
		{"neither", "    frequency: continuous\n", "", "a.yaml:2: controls[0]: has neither a frequency nor a trigger"},
		{"automated without a check", "    checks: [linux-server/sshd-*]\n", "", "a.yaml:2: controls[0]: is automated but names no check"},
		{"pattern without a standard", "linux-server/sshd-*", "sshd-*", `a.yaml:14: controls[0].checks[0]: "sshd-*" is neither a check's id nor a pattern`},
		{"broken pattern", "checks: [linux-server/sshd-*]", `checks: ["linux-server/[sshd"]`, "a.yaml:14: controls[0].checks[0]"},
		{"unknown criterion", "CC6.1", "CC6.9", `a.yaml:16: controls[0].points[0].criterion: "CC6.9" is none of the 61 criteria`},
		{"unknown point", "number: 3", "number: 99", "a.yaml:16: controls[0].points[0]: CC6.1 has no point of focus 99"},
		{"unknown relation", "relation: addresses", "relation: solves", `"solves" is not one of addresses, partly, supports`},
		{"no rationale", ", rationale: Because.", "", "a.yaml:16: controls[0].points[0].rationale: is missing"},
		{"key that only supports", "relation: addresses", "relation: supports", "a.yaml:15: controls[0].points: only supports points"},
		{"no point", "points:\n      - {criterion: CC6.1, number: 3, relation: addresses, rationale: Because.}", "points: []", "a.yaml:15: controls[0].points: is empty"},
		{"point twice", "Because.}\n", "Because.}\n      - {criterion: CC6.1, number: 3, relation: partly, rationale: Again.}\n", "a.yaml:17: controls[0].points[1]: names CC6.1.3 twice"},
		{"share of nothing known", "    checks:", "    shares: [{kind: mood, name: x}]\n    checks:", `a.yaml:14: controls[0].shares[0].kind: "mood" is not one of source, tool, person`},
		{"unknown population", "    points:", "    populations: [leavers]\n    points:", `a.yaml:15: controls[0].populations[0]: control one is tested on "leavers", which is no population of this library`},
		{"population twice", "    points:", "    populations:\n      - hosts\n      - hosts\n    points:", `a.yaml:17: controls[0].populations[1]: names "hosts" twice`},
		{"populations that are no list", "    points:", "    populations: hosts\n    points:", "a.yaml:15: controls[0].populations: is text; expected a list"},
		{"no YAML", "controls:", "controls: [", "a.yaml"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			text := strings.Replace(one, tc.from, tc.to, 1)
			if text == one {
				t.Fatal("the case changes nothing")
			}
			_, err := load(map[string]string{"a.yaml": text, "populations.yaml": lists})
			var mistakes pack.Errors
			if !errors.As(err, &mistakes) || !fault.Is(err, fault.Invalid) {
				t.Fatalf("got %v, want mistakes of kind invalid", err)
			}
			for _, m := range mistakes {
				if strings.Contains(m.Error(), tc.want) {
					if m.Hint == "" && !strings.Contains(m.Message, "expected") && !strings.Contains(m.Message, "is not one of") {
						t.Errorf("%q says not what to do", m.Error())
					}
					return
				}
			}
			t.Errorf("got\n%v\nwant %q", err, tc.want)
		})
	}
	for _, tc := range []struct{ name, from, to, want string }{
		{"missing date", "    date: presence\n", "", "populations.yaml:2: populations[0].date: is missing"},
		{"flag left out", "    collected: true\n", "", "populations.yaml:2: populations[0].collected: is missing"},
		{"flag that is none", "collected: true", "collected: perhaps", "populations.yaml:8: populations[0].collected"},
		{"bad slug", "id: hosts", "id: Hosts", `populations.yaml:2: populations[0].id: "Hosts" is no slug`},
		{"bad source", "source: hosts", "source: all hosts", `populations.yaml:6: populations[0].source: "all hosts" is no slug`},
		{"unknown subject", "    from:", "    subject: mood\n    from:", `populations[0].subject: "mood" is not one of control, check`},
		{"unknown field", "date: presence", "date: presence\n    zone: UTC", "populations.yaml:6: populations[0].zone: is not a field"},
	} {
		t.Run("population, "+tc.name, func(t *testing.T) {
			text := strings.Replace(lists, tc.from, tc.to, 1)
			if text == lists {
				t.Fatal("the case changes nothing")
			}
			if _, err := load(map[string]string{"a.yaml": one, "populations.yaml": text}); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got\n%v\nwant %q", err, tc.want)
			}
		})
	}
	// The order of files does not matter, and one file may hold both lists.
	named := strings.Replace(one, "    points:", "    populations: [hosts]\n    points:", 1)
	for _, files := range []map[string]string{{"a.yaml": named, "z.yaml": lists}, {"z.yaml": named, "a.yaml": lists}, {"a.yaml": named + lists}} {
		if l, err := load(files); err != nil || len(l.Designs) != 1 || !slices.Equal(l.Designs[0].Populations, []string{"hosts"}) {
			t.Errorf("%v: %v", files, err)
		} else if p, ok := l.Population("hosts"); !ok || p.Source != "hosts" || !p.Collected {
			t.Errorf("the population was read as %+v", p)
		}
	}
	for name, files := range map[string]map[string]string{
		"populations alone":                {"populations.yaml": lists},
		"the same population in two files": {"a.yaml": one, "b.yaml": lists, "c.yaml": lists},
		"the same id in two files":         {"a.yaml": one, "b.yaml": one},
		"a stray file":                     {"a.yaml": one, "notes.txt": "x"},
		"no control":                       {},
	} {
		if _, err := load(files); pack.Mistakes(err) == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzLibrary(f *testing.F) {
	f.Add([]byte(one))
	f.Add([]byte("controls:\n  - {id: x, points: [{criterion: CC6.1, number: -1}], checks: ['[']}\n"))
	f.Add([]byte("controls: {a: &x [*x]}"))
	f.Add([]byte(strings.Replace(one, "    points:", "    populations: [hosts]\n    points:", 1) + lists))
	f.Add([]byte("populations: [{id: hosts, subject: [], collected: 1}]\ncontrols: [{populations: [[]]}]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := load(map[string]string{"a.yaml": string(data)})
		if err != nil {
			return
		}
		for _, d := range l.Designs { // what was accepted can be stored and asked
			if _, digest, err := d.Digest(); err != nil || len(digest) != 64 || len(d.Points) == 0 {
				t.Errorf("accepted %+v: %v", d, err)
			}
			d.Tests("linux-server/sshd-root-login")
			for _, slug := range d.Populations {
				if _, known := l.Population(slug); !known {
					t.Errorf("accepted population %q, which nothing defines", slug)
				}
			}
		}
	})
}
