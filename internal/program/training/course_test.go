package training

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/pack"
)

func TestShipped(t *testing.T) {
	book, err := Shipped()
	if err != nil {
		t.Fatal(err)
	}
	if len(book.Courses) != 5 {
		t.Fatalf("%d courses, not 5", len(book.Courses))
	}
	for _, c := range book.Courses {
		if n := len(c.Lessons); n < 4 || n > 7 {
			t.Errorf("%s has %d lessons, not 4 to 7", c.ID, n)
		}
		if len(c.Questions) < 8 || c.DrawN < 8 {
			t.Errorf("%s has %d questions and draws %d", c.ID, len(c.Questions), c.DrawN)
		}
		asked := map[string]bool{}
		for _, q := range c.Questions {
			asked[q.Lesson] = true
		}
		for _, l := range c.Lessons {
			if n := len(strings.Fields(l.Text)); n < 100 || n > 260 {
				t.Errorf("%s/%s has %d words, not 100 to 260", c.ID, l.ID, n)
			}
			if !asked[l.ID] && l.ID != "why-you" {
				t.Errorf("no question is about %s/%s", c.ID, l.ID)
			}
		}
	}
}

const sound = `id: sample
version: 2
title: A sample
summary: What people can do after it.
minutes: 5
pass: 60
draw: 3
months: 12
audience: {whom: everyone}
criteria: [CC1.4]
lessons:
  - {id: one, title: One, text: Read this.}
questions:
  - {id: a, lesson: one, ask: "A?", answers: [{text: "yes", right: true}, {text: "no"}], why: Because.}
  - {id: b, lesson: one, ask: "B?", answers: [{text: "yes", right: true}, {text: "no"}, {text: both, right: true}], why: Because.}
  - {id: c, lesson: one, ask: "C?", answers: [{text: "yes", right: true}, {text: "no"}], why: Because.}
`

func load(course string) (*Book, error) {
	return Load(fstest.MapFS{"pack.yaml": {Data: []byte("kind: courses\nid: courses\nversion: 1.0.0\ntitle: Courses\nsummary: Some.\nlicence: Apache-2.0\nlocale: en\n")}, "sample.yaml": {Data: []byte(course)}})
}

func sample(t testing.TB) *Course {
	t.Helper()
	b, err := load(sound)
	if err != nil {
		t.Fatal(err)
	}
	return b.Courses[0]
}

func TestLint(t *testing.T) {
	sample(t)
	for _, c := range []struct{ old, new, want string }{
		{`{text: "yes", right: true}, {text: "no"}], why: Because.}
  - {id: b`, `{text: "yes"}, {text: "no"}], why: Because.}
  - {id: b`, "no answer is marked as right"},
		{`{text: "no"}, {text: both, right: true}`, `{text: "no", right: true}, {text: both, right: true}`, "every answer is marked as right"},
		{"{id: c,", "{id: a,", `"a" is used twice`},
		{"{id: a, lesson: one", "{id: a, lesson: two", `no lesson "two"`},
		{"draw: 3", "draw: 4", "4 questions are drawn of 3"},
		{"pass: 60", "pass: 20", "20 is not between 50 and 100"},
		{"CC1.4", "CC1.9", `"CC1.9" is none of the 61 criteria`},
		{"{whom: everyone}", "{whom: titles}", "words belong to titles and teams"},
		{`ask: "A?", answers: [{text: "yes", right: true}, {text: "no"}], why: Because.`, `ask: "A?", answers: [{text: "yes", right: true}, {text: "no"}]`, "why"},
		{"{text: \"yes\", right: true}, {text: \"no\"}], why: Because.}\n  - {id: b", "{text: \"yes\", right: true}, {text: \"yes\"}], why: Because.}\n  - {id: b", "stands there twice"},
	} {
		changed := strings.Replace(sound, c.old, c.new, 1)
		if changed == sound {
			t.Fatalf("%q is not in the sample", c.old)
		}
		_, err := load(changed)
		found := slices.ContainsFunc(pack.Mistakes(err), func(e *fault.Error) bool {
			return strings.Contains(e.Error(), c.want) && e.File == "sample.yaml" && e.Line > 0
		})
		if !found {
			t.Errorf("%q: got %v, want %q with file and line", c.new, err, c.want)
		}
	}
}

// The same version and seed give the same questions, for ever: these were drawn
// when the first course was made.
func TestDraw(t *testing.T) {
	c := sample(t)
	say := func(seed int64) string {
		var b strings.Builder
		for _, d := range c.Draw(seed) {
			fmt.Fprint(&b, d.Question.ID, d.Order)
		}
		return b.String()
	}
	for seed, want := range map[int64]string{1: golden1, 2: golden2, -7: golden7} {
		if got := say(seed); got != want {
			t.Errorf("seed %d gives %s, not %s", seed, got, want)
		}
	}
	seen := map[string]bool{}
	for seed := range int64(200) {
		seen[say(seed)] = true
	}
	if len(seen) < 30 {
		t.Errorf("200 seeds give only %d quizzes", len(seen))
	}
}

func TestGrade(t *testing.T) {
	c := sample(t)
	many := Drawn{c.Questions[1], []int{2, 0, 1}} // shown: both, yes, no
	for _, x := range []struct {
		chosen []int
		right  bool
	}{{[]int{1, 2}, true}, {[]int{2, 1}, true}, {[]int{1}, false}, {[]int{1, 2, 3}, false}, {[]int{3}, false}, {nil, false}} {
		if many.right(x.chosen) != x.right {
			t.Errorf("%v is graded %v", x.chosen, !x.right)
		}
	}
	one := Drawn{c.Questions[0], []int{1, 0}}
	for _, x := range []struct {
		answers [][]int
		want    string
	}{{[][]int{{2}, {1}}, ""}, {[][]int{{2}}, "1 answers for 2"}, {[][]int{{}, {1}}, "question 1 is not answered"}, {[][]int{{3}, {1}}, "question 1 has no answer 3"}, {[][]int{{1, 2}, {1}}, "has one right answer"}, {[][]int{{1}, {1, 0}}, "no answer 0"}} {
		err := check([]Drawn{one, many}, x.answers)
		if (err == nil) != (x.want == "") || err != nil && !strings.Contains(err.Error(), x.want) {
			t.Errorf("%v: %v, want %q", x.answers, err, x.want)
		}
	}
}

const (
	golden1 = "b[1 2 0]a[1 0]c[1 0]"
	golden2 = "b[2 1 0]a[0 1]c[1 0]"
	golden7 = "c[0 1]a[1 0]b[0 2 1]"
)
