package guidance_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/attesta/attesta/internal/catalog/guidance"
	"github.com/attesta/attesta/internal/pack"
	"github.com/attesta/attesta/packs"
)

func shipped(t *testing.T) *guidance.Book {
	t.Helper()
	fsys, err := packs.Open("guidance")
	if err != nil {
		t.Fatal(err)
	}
	b, err := guidance.Load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestShippedWords(t *testing.T) {
	b := shipped(t)
	for _, m := range b.Missing() {
		t.Errorf("nothing is said about %s", m)
	}
	for _, e := range b.Lint() {
		t.Error(e)
	}
}

// Two rows that say the same are one row too many.
func TestRowsDiffer(t *testing.T) {
	type row struct {
		name     string
		shingles map[string]bool
	}
	var rows []row
	for _, c := range shipped(t).All() {
		for _, p := range c.Points {
			var text []string
			for _, part := range p.Parts(c.ID) {
				text = append(text, part.Text)
			}
			rows = append(rows, row{c.ID, guidance.Shingles(strings.Join(text, " "))})
		}
	}
	worst := 0.0
	for i := range rows {
		for j := range i {
			s := guidance.Similarity(rows[i].shingles, rows[j].shingles)
			worst = max(worst, s)
			if s >= 0.5 {
				t.Errorf("rows of %s and %s are alike: %.2f", rows[i].name, rows[j].name, s)
			}
		}
	}
	t.Logf("%d rows, most alike %.3f", len(rows), worst)
}

const manifest = "kind: guidance\nid: g\nversion: 0.1.0\ntitle: G\nsummary: G\nlicence: Apache-2.0\nlocale: en\n"

func book(t *testing.T, file string) (*guidance.Book, error) {
	t.Helper()
	return guidance.Load(fstest.MapFS{"pack.yaml": {Data: []byte(manifest)}, "cc1.yaml": {Data: []byte(file)}})
}

func TestMistakes(t *testing.T) {
	texts := "asks: a\n        small: a\n        large: a\n        auditor: a\n        mistakes: a\n        applies: a\n"
	for _, tc := range []struct{ name, file, want string }{
		{"unknown criterion", "series: CC1\ncriteria:\n  - criterion: CC1.9\n    summary: s\n    points: []\n", "no criterion"},
		{"wrong series", "series: CC1\ncriteria:\n  - criterion: CC2.1\n    summary: s\n    points: []\n", "belongs to the series CC2"},
		{"unknown point", "series: CC1\ncriteria:\n  - criterion: CC1.1\n    summary: s\n    points:\n      - number: 99\n        " + texts, "no point of focus 99"},
		{"point twice", "series: CC1\ncriteria:\n  - criterion: CC1.1\n    summary: s\n    points:\n      - number: 1\n        " + texts + "      - number: 1\n        " + texts, "twice"},
		{"missing part", "series: CC1\ncriteria:\n  - criterion: CC1.1\n    summary: s\n    points:\n      - number: 1\n        asks: a\n", "mistakes"},
		{"unknown field", "series: CC1\ncolour: red\ncriteria: []\n", "colour"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := book(t, tc.file)
			if err == nil {
				t.Fatal("accepted")
			}
			for _, m := range pack.Mistakes(err) {
				if m.File == "cc1.yaml" && m.Line > 0 && strings.Contains(m.Error(), tc.want) {
					return
				}
			}
			t.Errorf("no mistake with file and line says %q: %v", tc.want, err)
		})
	}
}

func TestLintSees(t *testing.T) {
	long := strings.Repeat("word ", 50)
	row := func(asks string) string {
		fill := func(n string) string { return "the " + n + " " + strings.Repeat(n+" ", 26) + "end" }
		return "series: CC1\ncriteria:\n  - criterion: CC1.1\n    summary: " + fill("sum") + "\n    points:\n      - number: 1\n        asks: >-\n          " + asks +
			"\n        small: " + fill("little") + "\n        large: " + fill("big") + "\n        auditor: " + fill("look") + "\n        mistakes: " + fill("oops") + "\n        applies: it applies to a company of any size at all\n"
	}
	for _, tc := range []struct{ name, asks, want string }{
		{"too short", "Two words.", "has 2 words"},
		{"forbidden", strings.Repeat("fine text here and there ", 6) + "it must be so.", "must"},
		{"promise", strings.Repeat("fine text here and there ", 6) + "you are certified.", "certified"},
		{"long sentence", long, "sentence of 50 words"},
		{"repeated", strings.Repeat("fine text here and there ", 6) + "end. A b c d. A b c d.", "repeats a sentence"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b, err := book(t, row(tc.asks))
			if err != nil {
				t.Fatal(err)
			}
			var all []string
			for _, e := range b.Lint() {
				all = append(all, e.Error())
			}
			if !strings.Contains(strings.Join(all, "\n"), tc.want) {
				t.Errorf("the lint says %q, not %q", all, tc.want)
			}
		})
	}
	if b, err := book(t, row("Five plain words stand here. "+strings.Repeat("more ", 24)+"end.")); err != nil || len(b.Lint()) != 0 {
		t.Errorf("a good row is refused: %v %v", b.Lint(), err)
	}
}
