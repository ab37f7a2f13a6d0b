package pack

import (
	"encoding/json"
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/judge"

	"github.com/google/go-cmp/cmp"
)

const manifest = `kind: standard
id: small
version: 0.1.0
title: Small
summary: One check.
licence: Apache-2.0
locale: en
requires: {registry: 1}
`

const baseItem = `population: hosts
facts: {sshd: {installed: true, effective: {permitrootlogin: "no", maxauthtries: 4}}}
`

const oneCheck = `checks:
  - id: max-tries
    title: At most {{tries}} attempts
    where: sshd.installed
    tier: essential
    severity: high
    frequency: continuous
    criteria: [CC6.1/3]
    rationale: More than {{tries}} help whoever guesses.
    remediation: Set MaxAuthTries {{tries}}.
    parameters:
      tries: {type: int, default: 4, min: 1, max: 10, title: Attempts}
    attributes:
      - {id: effective, title: The server, expect: sshd.effective.maxauthtries <= params.tries}
    fixtures:
      - {name: four, expect: pass}
      - {name: six, expect: fail, facts: {sshd: {effective: {maxauthtries: 6}}}}
      - {name: unreadable, expect: error, missing: [{path: /sshd/effective, state: error, reason: needs root}]}
`

func small(changes map[string]string) fstest.MapFS {
	files := fstest.MapFS{
		"pack.yaml":           {Data: []byte(manifest)},
		"checks.yaml":         {Data: []byte(oneCheck)},
		"fixtures/hosts.yaml": {Data: []byte(baseItem)},
		"README.md":           {Data: []byte("Words.")},
	}
	for name, content := range changes {
		if content == "" {
			delete(files, name)
			continue
		}
		files[name] = &fstest.MapFile{Data: []byte(content)}
	}
	return files
}

func mustLoad(t testing.TB, fsys fs.FS) *Pack {
	t.Helper()
	p, err := Load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestLoad(t *testing.T) {
	p := mustLoad(t, small(nil))
	if p.Kind != "standard" || p.ID != "small" || p.Version != "0.1.0" || p.Locale != "en" || p.Requires["registry"] != 1 || !p.Draft() {
		t.Errorf("manifest: %+v", p)
	}
	if len(p.Files) != 4 {
		t.Errorf("%d files", len(p.Files))
	}
	c, ok := p.Check("max-tries")
	if same, _ := p.Check("small/max-tries"); !ok || same != c {
		t.Fatal("a check is found with and without the pack's id")
	}
	min, max := int64(1), int64(10)
	want := Check{
		ID: "small/max-tries", Title: "At most 4 attempts", Population: "hosts", Where: "sshd.installed",
		Tier: Essential, Severity: High, Frequency: "continuous", Criteria: []PointRef{{"CC6.1", 3}},
		Rationale: "More than 4 help whoever guesses.", Remediation: "Set MaxAuthTries 4.",
		Parameters: []Parameter{{Name: "tries", Type: "int", Title: "Attempts", Default: int64(4), Value: int64(4), Min: &min, Max: &max}},
		Attributes: []Attribute{{ID: "effective", Title: "The server", Expect: "sshd.effective.maxauthtries <= params.tries", Expected: "sshd effective maxauthtries is at most 4"}},
	}
	got, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	wanted, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(wanted), string(got)); diff != "" {
		t.Errorf("check (-want +got):\n%s", diff)
	}
	if c.File != "checks.yaml" || c.Line != 2 || len(c.Fixtures) != 3 {
		t.Errorf("check stands at %s:%d with %d fixtures", c.File, c.Line, len(c.Fixtures))
	}
}

// The digest says what the pack says: every byte and name of its files, and
// nothing else.
func TestDigest(t *testing.T) {
	base := mustLoad(t, small(nil)).Digest
	if len(base) != 64 {
		t.Errorf("digest %q", base)
	}
	if again := mustLoad(t, small(map[string]string{".git/config": "x", ".hidden": "y"})).Digest; again != base {
		t.Error("hidden files count")
	}
	for name, changes := range map[string]map[string]string{
		"a text":       {"README.md": "Other words."},
		"a new file":   {"LICENCE": "x"},
		"a file less":  {"README.md": ""},
		"another name": {"checks.yaml": "", "check.yaml": oneCheck},
		"a version":    {"pack.yaml": strings.Replace(manifest, "0.1.0", "0.1.1", 1)},
	} {
		if mustLoad(t, small(changes)).Digest == base {
			t.Errorf("%s leaves the digest as it was", name)
		}
	}
	const known = "38e94514e6" // kept: approvals of old packs must hold in later versions
	if !strings.HasPrefix(base, known) {
		t.Errorf("the digest of the same files is now %.10s, was %s", base, known)
	}
}

// Mistakes come all at once, in order, each a fault with file, line and field.
// (Each kind of mistake is in the scripts of the command line.)
func TestMistakes(t *testing.T) {
	_, err := Load(small(map[string]string{
		"pack.yaml":   strings.Replace(manifest, "version: 0.1.0", "version: one\nextra: x", 1),
		"checks.yaml": strings.Replace(oneCheck, "severity: high", "severity: hihg", 1),
	}))
	var got []string
	for _, m := range Mistakes(err) {
		got = append(got, m.Error())
		if m.Kind != fault.Invalid || m.File == "" {
			t.Errorf("%+v", m)
		}
	}
	want := []string{
		`checks.yaml:6: checks[0].severity: "hihg" is not one of critical, high, medium, low`,
		`pack.yaml:3: version: "one" is not a version`,
		`pack.yaml:4: extra: is not a field that is known here`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("mistakes (-want +got):\n%s", diff)
	}
	if !fault.Is(err, fault.Invalid) || Mistakes(errors.New("other")) != nil {
		t.Error("kind of the error")
	}
}

func TestLimits(t *testing.T) {
	deep := strings.Repeat("[", 200) + strings.Repeat("]", 200)
	for name, changes := range map[string]map[string]string{
		"is larger than":     {"README.md": strings.Repeat("x", maxFile+1)},
		"nested more than":   {"checks.yaml": "checks: " + deep},
		"is not UTF-8":       {"checks.yaml": "checks: \xff"},
		"more than one YAML": {"checks.yaml": oneCheck + "---\na: b\n"},
		"is empty":           {"checks.yaml": "# nothing\n"},
		"uses a YAML tag":    {"checks.yaml": "checks: !!binary aGVsbG8="},
		"uses a YAML alias":  {"checks.yaml": "checks:\n  - &a b\n  - *a\n"},
		"is given twice":     {"checks.yaml": "checks: []\nchecks: []\n"},
		"not a plain word":   {"checks.yaml": "[a]: b\n"},
		"more than 1000":     many(1001),
	} {
		_, err := Load(small(changes))
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("want %q, got %v", name, err)
		}
	}
	if _, err := Load(fstest.MapFS{"pack.yaml": {Data: []byte(manifest), Mode: fs.ModeSymlink}}); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("link: %v", err)
	}
}

func many(n int) map[string]string {
	files := map[string]string{}
	for i := range n {
		files[strings.Repeat("a", i%50+1)+strings.Repeat("b", i/50)+".md"] = "x"
	}
	return files
}

func TestApproval(t *testing.T) {
	p := mustLoad(t, small(nil))
	at := time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC)
	approved, a := p.Approve("usr_1", "for all servers", at)
	if approved.Draft() || !p.Draft() {
		t.Error("approving gives another pack and leaves the first a draft")
	}
	if a != (Approval{Pack: "small", Version: "0.1.0", Digest: p.Digest, By: "usr_1", At: at, Note: "for all servers"}) {
		t.Errorf("approval %+v", a)
	}
	if again, err := p.WithApproval(a); err != nil || again.Draft() {
		t.Errorf("a recorded approval: %v", err)
	}
	other := mustLoad(t, small(map[string]string{"README.md": "Other words."}))
	if _, err := other.WithApproval(a); !fault.Is(err, fault.Conflict) {
		t.Errorf("an approval of other content: %v", err)
	}
}

func TestTailor(t *testing.T) {
	l := Default()
	p, err := l.Load(small(nil))
	if err != nil {
		t.Fatal(err)
	}
	approved, _ := p.Approve("usr_1", "", time.Unix(0, 0))
	six := judge.Item{Sections: map[string]*facts.Decoded{"sshd": {Name: "sshd", Values: map[string]any{
		"installed": true, "effective": map[string]any{"maxauthtries": int64(6)}}}}}

	tailored, err := l.Tailor(approved, Tailoring{Pack: "small", Checks: map[string]Change{
		"max-tries": {Severity: Low, Parameters: map[string]any{"tries": 6.0}, Reason: "old clients"}, // a number as JSON gives it
	}})
	if err != nil {
		t.Fatal(err)
	}
	c := tailored.Checks[0]
	if c.Title != "At most 6 attempts" || c.Remediation != "Set MaxAuthTries 6." || c.Severity != Low || c.Attributes[0].Expected != "sshd effective maxauthtries is at most 6" {
		t.Errorf("tailored check: %+v", c)
	}
	if got := c.Attributes[0].Compiled.Judge(six).Outcome; got != judge.Pass {
		t.Errorf("six attempts are %s after tailoring", got)
	}
	if before := approved.Checks[0]; before.Title != "At most 4 attempts" || before.Parameters[0].Value != int64(4) || before.Attributes[0].Compiled.Judge(six).Outcome != judge.Fail {
		t.Errorf("tailoring changed the pack itself: %+v", before)
	}
	if !tailored.Draft() || tailored.Base != p.Digest || tailored.Digest == p.Digest || tailored.Tailored().Pack != "small" {
		t.Errorf("a tailored pack is a draft with its own digest: %+v", tailored)
	}
	if c.Attributes[0].Compiled.Digest() == p.Checks[0].Attributes[0].Compiled.Digest() {
		t.Error("the attribute has its old digest")
	}

	again, err := l.Tailor(p, tailored.Tailored())
	if err != nil || again.Digest != tailored.Digest {
		t.Errorf("the same tailoring gives another digest: %v", err)
	}
	if same, err := l.Tailor(approved, Tailoring{Pack: "small"}); err != nil || same != approved {
		t.Errorf("an empty tailoring: %v", err)
	}
	if _, err := l.Tailor(tailored, Tailoring{Pack: "small"}); !fault.Is(err, fault.Conflict) {
		t.Errorf("tailoring twice: %v", err)
	}

	off, err := l.Tailor(p, Tailoring{Pack: "small", Checks: map[string]Change{"max-tries": {Off: true, Reason: "no SSH here"}}})
	if err != nil || off.Checks[0].Off != "no SSH here" || len(off.Checks) != 1 {
		t.Errorf("a check that is off stays listed with its reason: %v %+v", err, off)
	}
}

func TestTailorMistakes(t *testing.T) {
	l := Default()
	p, err := l.Load(small(nil))
	if err != nil {
		t.Fatal(err)
	}
	tailoring, err := ParseTailoring("mine.yaml", []byte(`pack: small
checks:
  max-trys: {off: true, reason: x}
  max-tries:
    off: true
    severity: lowest
    parameters:
      tries: 11
      try: 1
`))
	if err != nil {
		t.Fatal(err)
	}
	_, err = l.Tailor(p, tailoring)
	want := []string{
		`mine.yaml:3: checks.max-trys: the pack has no such check`,
		`mine.yaml:4: checks.max-tries.reason: is missing`,
		`mine.yaml:6: checks.max-tries.severity: "lowest" is no severity`,
		`mine.yaml:8: checks.max-tries.parameters.tries: 11 is more than the maximum 10`,
		`mine.yaml:9: checks.max-tries.parameters.try: is no parameter of the check`,
	}
	if diff := cmp.Diff(strings.Join(want, "\n"), err.Error()); diff != "" {
		t.Errorf("mistakes (-want +got):\n%s", diff)
	}
	for text, want := range map[string]string{
		"pack: other\nchecks: {max-tries: {off: true, reason: x}}":            `is for pack "other"`,
		"pack: small\nbase: abc\nchecks: {max-tries: {off: true, reason: x}}": "was written for abc",
		"pack: small\nchecks: {max-tries: {parameters: {tries: four}}}":       "is text; expected a whole number",
		"pack: small\nchecks: {max-tries: {parameters: {tries: [1]}}}":        "is a whole number; expected text",
		"pack: small\nchecks: {max-tries: {of: true}}":                        "not a field that is known here",
		"pack: small":                    "checks: is missing",
		"checks: {}":                     "pack: is missing",
		"- a":                            "expected fields",
		"pack: small\nchecks: {a: true}": "expected fields",
	} {
		tailoring, err := ParseTailoring("mine.yaml", []byte(text))
		if err == nil {
			_, err = l.Tailor(p, tailoring)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n want %q, got %v", text, want, err)
		}
	}
}

func TestCompare(t *testing.T) {
	old := mustLoad(t, small(nil))
	second := strings.Replace(oneCheck, "checks:\n", "", 1)
	second = strings.Replace(second, "id: max-tries", "id: other", 1)
	newer := mustLoad(t, small(map[string]string{
		"pack.yaml":   strings.Replace(manifest, "0.1.0", "0.2.0", 1),
		"checks.yaml": strings.Replace(oneCheck, "severity: high", "severity: low", 1) + second,
	}))
	want := Diff{
		Pack:    []FieldDiff{{"version", "0.1.0", "0.2.0"}},
		Added:   []string{"other"},
		Changed: []CheckDiff{{ID: "max-tries", Fields: []FieldDiff{{"severity", "high", "low"}}}},
	}
	if diff := cmp.Diff(want, Compare(old, newer)); diff != "" {
		t.Errorf("diff (-want +got):\n%s", diff)
	}
	if back := Compare(newer, old); len(back.Removed) != 1 || back.Removed[0] != "other" {
		t.Errorf("the other way: %+v", back)
	}
	if d := Compare(old, old); !d.Empty() {
		t.Errorf("with itself: %+v", d)
	}
	tailored, err := Default().Tailor(old, Tailoring{Pack: "small", Checks: map[string]Change{"max-tries": {Parameters: map[string]any{"tries": int64(5)}}}})
	if err != nil {
		t.Fatal(err)
	}
	fields := Compare(old, tailored).Changed[0].Fields
	if len(fields) != 5 || fields[3] != (FieldDiff{"parameters.tries.value", "4", "5"}) {
		t.Errorf("tailoring shows as %+v", fields)
	}
}

// A loader knows the kinds that it was given, and no others.
func TestKinds(t *testing.T) {
	words := Kind{Name: "words", Decode: func(src *Source, p *Pack) {
		o := src.YAML("words.yaml").Object()
		if o == nil {
			return
		}
		p.Content = o.Need("words", "a list of words").Texts()
		o.Done()
	}}
	l := NewLoader(words)
	fsys := fstest.MapFS{
		"pack.yaml":  {Data: []byte(strings.Replace(manifest, "kind: standard", "kind: words", 1))},
		"words.yaml": {Data: []byte("words: [a, b]\n")},
	}
	p, err := l.Load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "b"}, p.Content); diff != "" {
		t.Error(diff)
	}
	if _, err := l.Load(small(nil)); err == nil || !strings.Contains(err.Error(), `kind: "standard" is not one of words`) {
		t.Errorf("an unknown kind: %v", err)
	}
	if _, err := l.Tailor(p, Tailoring{Pack: "small", Checks: map[string]Change{"a": {Off: true}}}); err == nil || !strings.Contains(err.Error(), "cannot be tailored") {
		t.Errorf("a kind without tailoring: %v", err)
	}
}

// Any bytes can be loaded, tailored with and compared.
func FuzzLoad(f *testing.F) {
	f.Add([]byte(manifest), []byte(oneCheck), []byte(baseItem))
	f.Add([]byte("kind: standard\nrequires: {registry: -1}"), []byte("checks: [{id: a}, 1, [], {attributes: [{id: b}]}]"), []byte("population: hosts\nfacts: {sshd: null}"))
	f.Add([]byte("&a [*a]"), []byte("checks: {{x}}"), []byte("\x00"))
	f.Add([]byte(manifest), []byte("checks:\n- parameters: {a: {type: list, default: [1]}}\n  fixtures: [{expect: {a: b}}]\n  attributes: [{expect: '1'}]"), []byte(baseItem))
	l := Default()
	f.Fuzz(func(t *testing.T, pack, checks, base []byte) {
		p, err := l.Load(fstest.MapFS{"pack.yaml": {Data: pack}, "checks.yaml": {Data: checks}, "fixtures/hosts.yaml": {Data: base}})
		if err != nil {
			for _, m := range Mistakes(err) {
				if m.File == "" || m.Message == "" {
					t.Errorf("a mistake without place or words: %+v", m)
				}
			}
			return
		}
		if !Compare(p, p).Empty() {
			t.Error("a pack differs from itself")
		}
	})
}

// Any bytes can be read as a tailoring.
func FuzzTailoring(f *testing.F) {
	f.Add([]byte("pack: small\nchecks: {max-tries: {parameters: {tries: 6}, severity: low, reason: x}}"))
	f.Add([]byte("pack: small\nchecks: {max-tries: {parameters: {tries: [a, 1]}, off: 1}}"))
	f.Add([]byte("pack: small\nchecks: {max-tries: {parameters: {tries: null}}}"))
	l := Default()
	p := mustLoad(f, small(nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		tailoring, err := ParseTailoring("t.yaml", data)
		if err != nil {
			return
		}
		if next, err := l.Tailor(p, tailoring); err == nil && next.Digest == p.Digest && !tailoring.Empty() {
			t.Error("a changed pack has its old digest")
		}
	})
}

func TestShortDiff(t *testing.T) {
	for _, tc := range []struct{ old, now, wantOld, wantNow string }{
		{"a", "b", "a", "b"},
		{"", "a\nb", "", "a\nb"},
		{"1\n2\n3\n4", "1\n2\nx\n4", "…\n3\n…", "…\nx\n…"},
		{"1\n2", "1\n2\n3", "…", "…\n3"},
		{"1\n1", "1", "…\n1", "…"},
	} {
		got := FieldDiff{Field: "f", Old: tc.old, New: tc.now}.Short()
		if got.Old != tc.wantOld || got.New != tc.wantNow {
			t.Errorf("%q, %q: %q, %q", tc.old, tc.now, got.Old, got.New)
		}
	}
}
