package policy

import (
	"regexp"
	"strings"

	"github.com/sergi/go-diff/diffmatchpatch"
)

// Change is a piece of a comparison: what both texts say, what only the newer
// says, or what only the older said.
type Change struct {
	Kind string `json:"kind"` // same, added, removed
	Text string `json:"text"`
}

var word = regexp.MustCompile(`[\pL\pN]+|[^\pL\pN]`)

// Line is a line of a comparison, by its pieces.
type Line struct {
	Kind   string   `json:"kind"` // same, added, removed, changed
	Pieces []Change `json:"pieces"`
}

var kinds = map[diffmatchpatch.Operation]string{diffmatchpatch.DiffEqual: "same", diffmatchpatch.DiffInsert: "added", diffmatchpatch.DiffDelete: "removed"}

// Diff compares two texts line by line, and lines that took others' place word
// by word.
func Diff(older, newer string) []Line {
	d := diffmatchpatch.New()
	d.DiffTimeout = 0 // the texts are bounded, and the answer must not depend on how busy the machine is
	a, b, lines := d.DiffLinesToRunes(older, newer)
	var out []Line
	var removed []string
	flush := func(added []string) {
		both := min(len(removed), len(added))
		for i := range both {
			out = append(out, Line{Kind: "changed", Pieces: byWord(d, removed[i], added[i])})
		}
		for _, l := range removed[both:] {
			out = append(out, Line{Kind: "removed", Pieces: []Change{{"removed", l}}})
		}
		for _, l := range added[both:] {
			out = append(out, Line{Kind: "added", Pieces: []Change{{"added", l}}})
		}
		removed = nil
	}
	for _, x := range d.DiffCharsToLines(d.DiffMainRunes(a, b, false), lines) {
		text := strings.Split(strings.TrimSuffix(x.Text, "\n"), "\n")
		switch x.Type {
		case diffmatchpatch.DiffDelete:
			removed = append(removed, text...)
		case diffmatchpatch.DiffInsert:
			flush(text)
		default:
			flush(nil)
			for _, l := range text {
				out = append(out, Line{Kind: "same", Pieces: []Change{{"same", l}}})
			}
		}
	}
	flush(nil)
	return out
}

// byWord compares two lines by words: each is a line to the same algorithm.
func byWord(d *diffmatchpatch.DiffMatchPatch, older, newer string) []Change {
	split := func(s string) string { return word.ReplaceAllString(s, "$0\n") }
	a, b, words := d.DiffLinesToRunes(split(older), split(newer))
	var out []Change
	for _, x := range d.DiffCharsToLines(d.DiffMainRunes(a, b, false), words) {
		out = append(out, Change{kinds[x.Type], strings.ReplaceAll(x.Text, "\n", "")})
	}
	return out
}
