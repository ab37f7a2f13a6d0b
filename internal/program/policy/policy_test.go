package policy_test

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/catalog/guidance"
	"github.com/attesta/attesta/internal/pack"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/program/policy"
	"github.com/attesta/attesta/packs"
)

var read = sync.OnceValues(func() (*policy.Book, error) {
	dir, err := packs.Open(packs.Policies()[0])
	if err != nil {
		return nil, err
	}
	return policy.Load(dir)
})

func shipped(t *testing.T) *policy.Book {
	t.Helper()
	b, err := read()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// never stand in a text of ours, beyond what the loader refuses.
var never = regexp.MustCompile(`(?i)\b(certified|certification|compliant|compliance|passed|guarantee[ds]?|shall|AICPA|exceptions?)\b`)

// What the shipped templates promise: 24 subjects, each short, plain, its own,
// with references that lead somewhere.
func TestShippedTemplates(t *testing.T) {
	b := shipped(t)
	for _, id := range []string{
		"information-security", "access-control", "change-management", "incident-response", "business-continuity", "disaster-recovery",
		"vendor-management", "data-classification", "acceptable-use", "cryptography", "secure-development", "logging-monitoring",
		"vulnerability-management", "physical-security", "human-resources", "privacy", "backup", "asset-management", "remote-work",
		"risk-management", "ai-use", "code-of-conduct", "communication", "sanctions",
	} {
		if _, err := b.Get(id); err != nil {
			t.Error(err)
		}
	}
	library, err := control.ShippedLibrary()
	if err != nil {
		t.Fatal(err)
	}
	var slugs []string
	for _, d := range library.Designs {
		slugs = append(slugs, d.Slug)
	}
	standards, err := pack.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range b.Unlinked(slugs, standards) {
		t.Error(m)
	}

	seen := map[string]string{} // sentence: template
	var shingles []map[string]bool
	worst, least, most, statements, checked := 0.0, 1<<30, 0, 0, 0
	for i, p := range b.Templates {
		text, errs := p.Fill(nil)
		if len(errs) > 0 {
			t.Fatalf("%s by its defaults: %v", p.ID, errs)
		}
		if strings.Contains(text, "{{") || strings.Contains(text, "}}") {
			t.Errorf("%s has an open fill-in", p.ID)
		}
		n := len(strings.Fields(text))
		least, most = min(least, n), max(most, n)
		if n < 300 || n > 900 {
			t.Errorf("%s has %d words, not 300 to 900", p.ID, n)
		}
		for _, st := range p.Statements() {
			statements++
			if len(st.Checks) > 0 {
				checked++
			}
		}
		said := []string{p.Title, p.Summary, policy.Reading(text)}
		for _, q := range p.Questions {
			said = append(said, q.Ask, q.Why)
			said = append(said, q.Answers...)
			// A comma in a list without quotes would have cut an answer in two.
			if len(q.Answers) != 3 || slices.ContainsFunc(q.Answers, func(a string) bool { return a[:1] != strings.ToUpper(a[:1]) }) {
				t.Errorf("%s has answers that were cut: %q", p.ID, q.Answers)
			}
		}
		for _, s := range said {
			if w := never.FindString(s); w != "" {
				t.Errorf("%s says %q: %.80s", p.ID, w, s)
			}
			for _, m := range guidance.Misleading(s) {
				t.Errorf("%s: %s", p.ID, m)
			}
		}
		words, sentences := 0, 0
		for _, part := range p.Texts() {
			for _, s := range guidance.Sentences(part) {
				k := len(strings.Fields(s))
				words, sentences = words+k, sentences+1
				if k > 45 {
					t.Errorf("%s has a sentence of %d words: %.80s", p.ID, k, s)
				}
				if other, twice := seen[s]; twice && k > 5 {
					t.Errorf("%s and %s share a sentence: %s", p.ID, other, s)
				}
				seen[s] = p.ID
			}
		}
		if mean := float64(words) / float64(sentences); mean > 20 {
			t.Errorf("the sentences of %s have %.1f words on average, over 20", p.ID, mean)
		}
		shingles = append(shingles, guidance.Shingles(strings.Join(p.Texts(), " ")))
		for j := range i {
			s := guidance.Similarity(shingles[i], shingles[j])
			worst = max(worst, s)
			if s > 0.1 {
				t.Errorf("%s and %s are alike: %.3f", p.ID, b.Templates[j].ID, s)
			}
		}
	}
	// A right answer that always stands in the same place is no question.
	places := map[int]int{}
	for _, p := range b.Templates {
		for _, q := range p.Questions {
			places[q.Right]++
		}
	}
	for place := 1; place <= 3; place++ {
		if n := places[place]; n < 15 {
			t.Errorf("only %d right answers stand at place %d: %v", n, place, places)
		}
	}
	t.Logf("%d templates, %d to %d words, %d statements of which %d name checks, most alike %.3f, right answers at %v",
		len(b.Templates), least, most, statements, checked, worst, places)
}

const (
	manifest = "kind: policies\nid: p\nversion: 0.1.0\ntitle: P\nsummary: P\nlicence: Apache-2.0\nlocale: en\n"
	common   = `fill_ins:
  - {name: owner_role, type: text, default: head of security, help: A role.}
  - {name: review_months, type: number, default: 12, minimum: 1, maximum: 12, help: Months.}
`
	one = `templates:
  - id: one
    title: One
    summary: About one thing.
    audience: everyone
    owner: head of people
    criteria: [CC6.1]
    fill_ins:
      - {name: days, type: number, default: 5, minimum: 1, maximum: 9, help: Days., parameter: a/b.c}
    purpose: It has a reason.
    sections:
      - title: First
        statements:
          - id: first
            text: You do it within {{days}} days.
            controls: [access-reviewed]
            checks: [linux-server/x]
    questions:
      - {ask: "A?", answers: [yes it is, no], right: 1, why: So.}
      - {ask: "B?", answers: [yes it is, no], right: 2, why: So.}
      - {ask: "C?", answers: [yes it is, no], right: 1, why: So.}
`
)

func load(file string) (*policy.Book, error) {
	return policy.Load(fstest.MapFS{"pack.yaml": {Data: []byte(manifest)}, "fill-ins.yaml": {Data: []byte(common)}, "a.yaml": {Data: []byte(file)}})
}

func TestMistakes(t *testing.T) {
	b, err := load(one)
	if err != nil || len(b.Templates) != 1 {
		t.Fatalf("the sound pack: %v", err)
	}
	got := b.Unlinked([]string{"another"}, nil)
	for _, want := range []string{"a.yaml:9: ", "a.yaml:16: ", "a.yaml:17: "} {
		if !slices.ContainsFunc(got, func(m *fault.Error) bool { return strings.Contains(m.Error(), want) }) {
			t.Errorf("references that lead nowhere give %v, want one at %s", got, want)
		}
	}
	for _, tc := range []struct{ name, from, to, want string }{
		{"bad id", "id: one", "id: One", `"One" is no slug`},
		{"no owner", "    owner: head of people\n", "", "templates[0].owner: is missing"},
		{"unknown criterion", "[CC6.1]", "[CC6.99]", `"CC6.99" is none of the 61 criteria`},
		{"undeclared", "{{days}}", "{{weeks}}", "a text uses {{weeks}}, which is not declared"},
		{"unused", "within {{days}} days", "at once", `declares "days", which no text uses`},
		{"declared twice", "name: days", "name: owner_role", `"owner_role" is declared already`},
		{"default out of bounds", "default: 5", "default: 50", "it lies between 1 and 9"},
		{"no bounds", ", minimum: 1, maximum: 9", "", "fill_ins[0].minimum: is missing"},
		{"no controls", "[access-reviewed]", "[]", "statements[0].controls: is empty"},
		{"a fill-in in a title", "title: One", `title: "One {{days}}"`, "fill-ins stand in purpose and statements only"},
		{"right out of bounds", "right: 2", "right: 3", "3 is none of the 2 answers"},
		{"two questions", "      - {ask: \"C?\", answers: [yes it is, no], right: 1, why: So.}\n", "", "holds 2 questions, not 3 to 5"},
		{"forbidden word", "It has a reason.", "We are certified.", `says "certified"`},
		{"unknown field", "summary: About", "sumary: About", "templates[0].sumary: is not a field"},
		{"twice", one, one + strings.TrimPrefix(one, "templates:\n"), `another template has the id "one"`},
		{"nothing", one, "templates: []\n", "the pack holds no template"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := load(strings.Replace(one, tc.from, tc.to, 1))
			for _, m := range pack.Mistakes(err) {
				if strings.Contains(m.Error()+" "+m.Hint, tc.want) {
					return
				}
			}
			t.Errorf("got %v, want %q", err, tc.want)
		})
	}
}

func TestFill(t *testing.T) {
	b, err := load(one)
	if err != nil {
		t.Fatal(err)
	}
	p := b.Templates[0]
	text, errs := p.Fill(map[string]string{"days": " 3 "})
	if len(errs) > 0 || !strings.Contains(text, "1. You do it within 3 days.") || !strings.Contains(text, "The head of people keeps this policy and reads it again within 12 months") {
		t.Errorf("%v\n%s", errs, text)
	}
	for _, tc := range []struct{ name, field, value, want string }{
		{"not a number", "days", "three", "is no whole number"},
		{"too many", "days", "10", "it lies between 1 and 9"},
		{"empty", "days", " ", "is empty"},
		{"HTML", "owner_role", "<script>", "would change the text around it"},
		{"a fill-in", "owner_role", "{{days}}", "would change the text around it"},
		{"two lines", "owner_role", "a\n# b", "would change the text around it"},
		{"too long", "owner_role", strings.Repeat("a", 121), "at most 120 fit"},
		{"unknown", "weeks", "3", `has no fill-in "weeks"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			text, errs := p.Fill(map[string]string{tc.field: tc.value})
			if text != "" || len(errs) != 1 || !strings.Contains(errs[0].Error(), tc.want) {
				t.Errorf("got %q, %v; want %q", text, errs, tc.want)
			}
		})
	}
	if _, errs := p.Fill(map[string]string{"days": "0", "owner_role": ""}); len(errs) != 2 {
		t.Errorf("two mistakes give %v", errs)
	}
}

func FuzzTemplates(f *testing.F) {
	f.Add([]byte(one))
	f.Add([]byte("templates:\n  - {id: x, sections: [{statements: [{text: '{{}}'}]}]}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := load(string(data))
		if err != nil {
			return
		}
		for _, p := range b.Templates {
			text, errs := p.Fill(nil)
			if len(errs) > 0 || text == "" {
				t.Errorf("accepted a template whose defaults cannot be filled: %+v %v", p, errs)
			}
		}
	})
}
