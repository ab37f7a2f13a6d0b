package policy_test

import (
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/program/policy"
)

// sides gives back the two texts of a comparison.
func sides(lines []policy.Line) (older, newer string) {
	var a, b strings.Builder
	for _, l := range lines {
		for _, c := range l.Pieces {
			if c.Kind != "added" {
				a.WriteString(c.Text)
			}
			if c.Kind != "removed" {
				b.WriteString(c.Text)
			}
		}
		if l.Kind != "added" {
			a.WriteByte('\n')
		}
		if l.Kind != "removed" {
			b.WriteByte('\n')
		}
	}
	return a.String(), b.String()
}

func TestDiff(t *testing.T) {
	older, newer := "# Keys\n\nKeys live for 30 days at most.\nNobody shares a key.\n", "# Keys\n\nKeys live for 60 days.\nNobody shares a key.\nA lost key is reported at once.\n"
	lines := policy.Diff(older, newer)
	var kinds []string
	for _, l := range lines {
		kinds = append(kinds, l.Kind)
	}
	if got := strings.Join(kinds, " "); got != "same same changed same added" {
		t.Errorf("kinds %s: %+v", got, lines)
	}
	changed := lines[2].Pieces
	if changed[0].Kind != "same" || changed[0].Text != "Keys live for " || changed[1].Text != "30" || changed[2].Text != "60" {
		t.Errorf("by word: %+v", changed)
	}
	if a, b := sides(lines); a != older || b != newer {
		t.Errorf("the sides are %q and %q", a, b)
	}
	for _, l := range policy.Diff(older, older) {
		if l.Kind != "same" {
			t.Errorf("equal texts differ: %+v", l)
		}
	}
}

func FuzzDiff(f *testing.F) {
	f.Add("a\nb c\n", "a\nb d\ne\n")
	f.Add("", "x\n")
	f.Fuzz(func(t *testing.T, older, newer string) {
		clean := func(s string) string {
			s = strings.ToValidUTF8(strings.ReplaceAll(s, "\r", ""), "?")
			if len(s) > 2000 {
				s = strings.ToValidUTF8(s[:2000], "")
			}
			return strings.TrimRight(s, "\n") + "\n"
		}
		older, newer = clean(older), clean(newer)
		if a, b := sides(policy.Diff(older, newer)); a != older || b != newer {
			t.Errorf("%q and %q come back as %q and %q", older, newer, a, b)
		}
	})
}
