package pack

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/judge"

	"github.com/google/go-cmp/cmp"
)

// shipped loads the standards that come with this build.
func shipped(t testing.TB) []*Pack {
	t.Helper()
	all, err := Shipped()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 2 || all[0].ID != "linux-server" {
		t.Fatalf("shipped %d packs", len(all))
	}
	return all
}

// standards runs a test over each shipped standard.
func standards(t *testing.T, f func(t *testing.T, p *Pack)) {
	for _, p := range shipped(t) {
		t.Run(p.ID, func(t *testing.T) { f(t, p) })
	}
}

// least is how many checks a standard holds, and how many of them are the
// essential ones to start with.
var least = map[string]struct{ checks, essential, mostEssential, recommended, thorough int }{
	"linux-server":   {230, 15, 30, 10, 3},
	"container-host": {45, 8, 15, 10, 3},
	"postgresql":     {60, 12, 20, 10, 3},
	"repository":     {12, 6, 8, 2, 3},
	"capacity":       {3, 3, 3, 0, 0},
	"backups":        {7, 7, 7, 0, 0},
	"load-balancer":  {36, 12, 22, 8, 3},
	"components":     {18, 18, 18, 0, 0},
	"segmentation":   {7, 7, 7, 0, 0},
	"integrity":      {6, 5, 5, 1, 0},
	"firewall":       {11, 9, 9, 0, 2},
	"endpoints":      {8, 8, 8, 0, 0},
}

// The shipped standards have no mistakes, their fixtures hold (Load judged
// them), and their texts are what somebody needs at night.
func TestShippedTexts(t *testing.T) { standards(t, shippedTexts) }

func shippedTexts(t *testing.T, p *Pack) {
	if !p.Draft() {
		t.Error("what ships is a draft until a person approves it")
	}
	want := least[p.ID]
	if want.checks == 0 || len(p.Checks) < want.checks {
		t.Errorf("%d checks, want at least %d", len(p.Checks), want.checks)
	}
	perTier := map[string]int{}
	never := regexp.MustCompile(`(?i)\b(certified|compliant|compliance|passed|guaranteed?|exception)\b`)
	titles := map[string]bool{}
	for _, c := range p.Checks {
		perTier[c.Tier]++
		if titles[c.Title] {
			t.Errorf("%s: another check has the same title", c.ID)
		}
		titles[c.Title] = true
		if !strings.Contains(c.Remediation, "Check again:") {
			t.Errorf("%s: the remediation does not say how to check again", c.ID)
		}
		for name, text := range map[string]string{"title": c.Title, "rationale": c.Rationale, "remediation": c.Remediation} {
			if word := never.FindString(text); word != "" {
				t.Errorf("%s: %s says %q", c.ID, name, word)
			}
			if strings.Contains(text, "{{") {
				t.Errorf("%s: %s has a placeholder left: %s", c.ID, name, text)
			}
		}
		if sentences := strings.Count(c.Rationale+" ", ". "); sentences < 1 || sentences > 3 {
			t.Errorf("%s: the rationale has %d sentences, want 1 to 3", c.ID, sentences)
		}
		for _, a := range c.Attributes {
			if a.Expected == "" || a.Compiled == nil || a.Compiled.Population() != c.Population {
				t.Errorf("%s/%s is not ready to judge", c.ID, a.ID)
			}
		}
	}
	if n := perTier[Essential]; n < want.essential || n > want.mostEssential || perTier[Recommended] < want.recommended || perTier[Thorough] < want.thorough {
		t.Errorf("tiers: %v", perTier)
	}
}

// Where the running state and what survives a restart are two facts, they are
// two attributes.
func TestRunningAndPersistedAreApart(t *testing.T) { standards(t, runningApart) }

func runningApart(t *testing.T, p *Pack) {
	schema := judge.NewSchema(facts.Registry())
	for _, c := range p.Checks {
		for _, a := range c.Attributes {
			predicate, err := schema.Compile(c.Population, a.Expect, c.Params()) // without the where
			if err != nil {
				t.Errorf("%s/%s: %v", c.ID, a.ID, err)
				continue
			}
			running, persisted := false, false
			for _, r := range predicate.Reads() {
				running = running || strings.HasPrefix(r, "/sysctl/running") || strings.HasPrefix(r, "/services/running") || strings.HasPrefix(r, "/mounts/directories") || strings.HasPrefix(r, "/firewall/input") || strings.HasPrefix(r, "/firewall/open") || strings.HasPrefix(r, "/audit/running")
				persisted = persisted || strings.HasPrefix(r, "/sysctl/persisted") || strings.HasPrefix(r, "/services/units") || strings.HasPrefix(r, "/mounts/persisted") || strings.HasPrefix(r, "/firewall/persisted") || strings.HasPrefix(r, "/audit/persisted")
			}
			if running && persisted {
				t.Errorf("%s/%s mixes running and persisted state: %v", c.ID, a.ID, predicate.Reads())
			}
		}
	}
}

// good gives an item that every check of the standard passes on.
func good(t testing.TB, p *Pack) judge.Item {
	t.Helper()
	for _, f := range p.Checks[0].Fixtures {
		if !slices.ContainsFunc(slices.Collect(maps.Values(f.Expect)), func(o judge.Outcome) bool { return o != judge.Pass }) {
			return f.Item
		}
	}
	t.Fatalf("no fixture of %s/%s is the base item", p.ID, p.Checks[0].ID)
	return judge.Item{}
}

// Evidence that cannot be read never passes, attribute by attribute.
func TestUnreadableNeverPasses(t *testing.T) { standards(t, unreadableNeverPasses) }

func unreadableNeverPasses(t *testing.T, p *Pack) {
	for state, want := range map[facts.State]judge.Outcome{facts.Error: judge.Error, facts.NotObserved: judge.NotObserved} {
		for _, c := range p.Checks {
			for _, a := range c.Attributes {
				item := judge.Item{Sections: maps.Clone(good(t, p).Sections)}
				for _, r := range a.Compiled.Reads() {
					path, _ := facts.SplitPointer(r)
					d := *item.Sections[path[0]]
					d.Missing = append(slices.Clone(d.Missing), facts.Missing{Path: facts.JoinPointer(path[1:]...), State: state, Reason: "because"})
					item.Sections[path[0]] = &d
				}
				if r := a.Compiled.Judge(item); r.Outcome != want || !strings.Contains(r.Reason, "because") {
					t.Errorf("%s/%s is %s (%s) when nothing could be read (%s)", c.ID, a.ID, r.Outcome, r.Reason, state)
				}
			}
		}
	}
	for _, c := range p.Checks {
		for _, a := range c.Attributes {
			if r := a.Compiled.Judge(judge.Item{}); r.Outcome != judge.NotObserved {
				t.Errorf("%s/%s is %s (%s) when nothing was received", c.ID, a.ID, r.Outcome, r.Reason)
			}
		}
	}
}

// Whatever changes outside an attribute's reads leaves its result as it was:
// results may be kept by the digests of what they read.
func TestReadsOfShippedChecks(t *testing.T) { standards(t, readsOfShippedChecks) }

func readsOfShippedChecks(t *testing.T, p *Pack) {
	base := good(t, p)
	for _, c := range p.Checks {
		for _, a := range c.Attributes {
			want := a.Compiled.Judge(base)
			same := func(what string, changed judge.Item) {
				if diff := cmp.Diff(want, a.Compiled.Judge(changed)); diff != "" {
					t.Errorf("%s/%s does not read %s, and yet:\n%s", c.ID, a.ID, what, diff)
				}
			}
			reads := func(at string) bool {
				return slices.ContainsFunc(a.Compiled.Reads(), func(r string) bool {
					return strings.HasPrefix(at+"/", r+"/") || strings.HasPrefix(r+"/", at+"/")
				})
			}
			for name, d := range base.Sections {
				changed := judge.Item{Sections: maps.Clone(base.Sections)}
				if !reads("/" + name) {
					delete(changed.Sections, name)
					same("/"+name, changed)
					continue
				}
				for _, at := range pointers(d.Values) {
					if reads("/" + name + at) {
						continue
					}
					path, _ := facts.SplitPointer(at)
					other := *d
					other.Values = without(d.Values, path).(map[string]any)
					changed.Sections[name] = &other
					same("/"+name+at, changed)
				}
			}
		}
	}
}

// pointers gives the JSON Pointer of every value below v.
func pointers(v any) []string {
	var all []string
	switch x := v.(type) {
	case map[string]any:
		for key, sub := range x {
			at := facts.JoinPointer(key)
			all = append(all, at)
			for _, p := range pointers(sub) {
				all = append(all, at+p)
			}
		}
	case []any:
		for i, sub := range x {
			for _, p := range pointers(sub) {
				all = append(all, "/"+strconv.Itoa(i)+p)
			}
		}
	}
	return all
}

// What the fixtures judge, an agent could have sent: every section of every
// fixture decodes against the registry to what was judged.
func TestFixturesAreDecodable(t *testing.T) { standards(t, fixturesAreDecodable) }

func fixturesAreDecodable(t *testing.T, p *Pack) {
	for _, c := range p.Checks {
		for _, f := range c.Fixtures {
			for name, d := range f.Item.Sections {
				section, err := facts.NewSection(name, d.Values, d.Missing)
				if err != nil {
					t.Errorf("%s: %s: %v", f, name, err)
					continue
				}
				decoded, err := facts.Decode(section)
				if err != nil {
					t.Errorf("%s: %s: %v", f, name, err)
					continue
				}
				if diff := cmp.Diff(d.Values, decoded.Values); diff != "" || len(decoded.Unknown) > 0 {
					t.Errorf("%s: %s: unknown %v\n%s", f, name, decoded.Unknown, diff)
				}
			}
		}
	}
}

func BenchmarkLoadShipped(b *testing.B) {
	for b.Loop() {
		shipped(b)
	}
}

// A version of a shipped standard has one content for ever: a deployment that
// holds the version with other content could not take the new one.
// testdata/released holds each version with its digest; ATTESTA_TEST_UPDATE=1
// adds new versions and changes none.
func TestReleasedVersionsKeepTheirContent(t *testing.T) {
	name := filepath.Join("testdata", "released")
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	released := map[string]string{}
	for line := range strings.Lines(string(raw)) {
		f := strings.Fields(line)
		if len(f) != 3 {
			t.Fatalf("%s: %q is not id, version and digest", name, line)
		}
		released[f[0]+" "+f[1]] = f[2]
	}
	added := ""
	for _, p := range shipped(t) {
		switch digest, ok := released[p.ID+" "+p.Version]; {
		case ok && digest != p.Digest:
			t.Errorf("%s %s was released with other content (digest %s, now %s): raise its version in packs/%s/pack.yaml", p.ID, p.Version, digest, p.Digest, p.ID)
		case !ok && os.Getenv("ATTESTA_TEST_UPDATE") != "":
			added += fmt.Sprintln(p.ID, p.Version, p.Digest)
		case !ok:
			t.Errorf("%s %s is new: run again with ATTESTA_TEST_UPDATE=1, which adds it to %s", p.ID, p.Version, name)
		}
	}
	if added != "" {
		if err := os.WriteFile(name, append(raw, added...), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
