package pack

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/judge"

	"github.com/google/go-cmp/cmp"
)

// shipped loads linux-server once for the tests of this file.
func shipped(t testing.TB) *Pack {
	t.Helper()
	all, err := Shipped()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 1 || all[0].ID != "linux-server" {
		t.Fatalf("shipped %d packs", len(all))
	}
	return all[0]
}

// The shipped standard has no mistakes, its fixtures hold (Load judged them),
// and its texts are what somebody needs at night.
func TestShippedTexts(t *testing.T) {
	p := shipped(t)
	if !p.Draft() {
		t.Error("what ships is a draft until a person approves it")
	}
	if len(p.Checks) != 40 {
		t.Errorf("%d checks, want 40", len(p.Checks))
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
			if a.Expected == "" || a.Compiled == nil || a.Compiled.Population() != "hosts" {
				t.Errorf("%s/%s is not ready to judge", c.ID, a.ID)
			}
		}
	}
	if perTier[Essential] != 15 || perTier[Recommended] < 15 || perTier[Thorough] < 3 {
		t.Errorf("tiers: %v", perTier)
	}
}

// Where the running state and what survives a restart are two facts, they are
// two attributes.
func TestRunningAndPersistedAreApart(t *testing.T) {
	schema := judge.NewSchema(facts.Registry())
	for _, c := range shipped(t).Checks {
		for _, a := range c.Attributes {
			predicate, err := schema.Compile(c.Population, a.Expect, c.Params()) // without the where
			if err != nil {
				t.Errorf("%s/%s: %v", c.ID, a.ID, err)
				continue
			}
			running, persisted := false, false
			for _, r := range predicate.Reads() {
				running = running || strings.HasPrefix(r, "/sysctl/running") || strings.HasPrefix(r, "/services/running") || strings.HasPrefix(r, "/mounts/directories")
				persisted = persisted || strings.HasPrefix(r, "/sysctl/persisted") || strings.HasPrefix(r, "/services/units") || strings.HasPrefix(r, "/mounts/persisted")
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
	t.Fatal("no fixture of the first check is the base item")
	return judge.Item{}
}

// Evidence that cannot be read never passes, attribute by attribute.
func TestUnreadableNeverPasses(t *testing.T) {
	p := shipped(t)
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
func TestReadsOfShippedChecks(t *testing.T) {
	p := shipped(t)
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
func TestFixturesAreDecodable(t *testing.T) {
	for _, c := range shipped(t).Checks {
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
