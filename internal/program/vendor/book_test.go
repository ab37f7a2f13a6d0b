package vendor_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/attesta/attesta/internal/catalog/guidance"
	"github.com/attesta/attesta/internal/pack"
	"github.com/attesta/attesta/internal/program/vendor"
)

func TestShippedBook(t *testing.T) {
	b, err := vendor.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	if short, long := len(b.Form("short")), len(b.Form("long")); short < 12 || long < 35 || short >= long || len(b.Form("none")) != 0 {
		t.Errorf("%d and %d questions", short, long)
	}
	for i, q := range b.Questions {
		if !strings.HasSuffix(q.Ask, "?") {
			t.Errorf("%s asks nothing", q.ID)
		}
		for _, other := range b.Questions[:i] {
			if s := guidance.Similarity(guidance.Shingles(q.Ask), guidance.Shingles(other.Ask)); s >= 0.5 {
				t.Errorf("%s and %s are alike: %.2f", q.ID, other.ID, s)
			}
		}
	}
}

func TestWeigh(t *testing.T) {
	b, err := vendor.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	calm := map[string]string{"outage": "nothing", "access": "none", "replace": "days", "controls": "no"}
	with := func(id, a string) map[string]string {
		out := map[string]string{}
		for k, v := range calm {
			out[k] = v
		}
		out[id] = a
		return out
	}
	for _, tc := range []struct {
		name    string
		answers map[string]string
		data    []string
		level   string
		because string
		missing int
	}{
		{"nothing hangs on it", calm, []string{"none"}, "low", "it handles only public data", 0},
		{"what it holds decides", calm, []string{"internal", "sensitive"}, "critical", "protects specially", 0},
		{"what it reaches decides", with("access", "production-read"), []string{"none"}, "high", "it can read in production", 0},
		{"the highest of several", with("controls", "yes"), []string{"customer-data"}, "critical", "rests on its controls", 0},
		{"not all is known", map[string]string{"outage": "slower"}, []string{"none"}, "medium", "more slowly", 3},
		{"nothing is known", nil, nil, "", "", 5},
	} {
		level, because, missing := b.Weigh(tc.answers, tc.data)
		if level != tc.level || !strings.Contains(strings.Join(because, "; "), tc.because) || len(missing) != tc.missing {
			t.Errorf("%s: %s, %q, %q", tc.name, level, because, missing)
		}
	}
}

const (
	manifest = "kind: vendors\nid: v\nversion: 0.1.0\ntitle: V\nsummary: V\nlicence: Apache-2.0\nlocale: en\n"
	whole    = `levels:
  - {id: low, title: Low, months: 24, questionnaire: none, report: false, means: Little.}
data:
  - {id: none, title: None, level: low, because: nothing}
questions:
  - id: one
    ask: One?
    answers:
      - {id: a, text: A, level: low, because: a}
      - {id: b, text: B, level: low, because: b}
questionnaire:
  - {id: q, section: S, short: true, ask: "Q?", why: Why., gap: Gap.}
`
)

func TestBookMistakes(t *testing.T) {
	read := func(file string) error {
		_, err := vendor.Load(fstest.MapFS{"pack.yaml": {Data: []byte(manifest)}, "a.yaml": {Data: []byte(file)}})
		return err
	}
	if err := read(whole); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ name, from, to, want string }{
		{"unknown level", "level: low, because: nothing", "level: lowest, because: nothing", `"lowest" is no level`},
		{"months", "months: 24", "months: 99", "not between 1 and 36"},
		{"one answer", "      - {id: b, text: B, level: low, because: b}\n", "", "fewer than two answers"},
		{"answer twice", "id: b,", "id: a,", `"a" is used twice`},
		{"unknown field", "gap: Gap.", "gab: Gap.", "is not a field"},
		{"nothing to ask", "questionnaire:\n  - {id: q, section: S, short: true, ask: \"Q?\", why: Why., gap: Gap.}\n", "", "is missing"},
	} {
		found := false
		for _, m := range pack.Mistakes(read(strings.Replace(whole, tc.from, tc.to, 1))) {
			found = found || strings.Contains(m.Error(), tc.want)
		}
		if !found {
			t.Errorf("%s: %v", tc.name, read(strings.Replace(whole, tc.from, tc.to, 1)))
		}
	}
}

func FuzzParse(f *testing.F) {
	b, err := vendor.Shipped()
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte("name,service\nAcme,Mail\n"))
	f.Add([]byte("Vendor Name;data\n\xfc;\"a;b\"\n"))
	f.Add([]byte("\xef\xbb\xbfname\tsince\nA\t2026-02-30\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := b.Parse(raw)
		if err != nil {
			return
		}
		for _, l := range got.Lines {
			if l.State != "new" && l.State != "wrong" || l.Line < 2 {
				t.Errorf("%+v", l)
			}
		}
	})
}
