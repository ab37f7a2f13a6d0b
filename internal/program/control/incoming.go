package control

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/catalog"
)

// Incoming is a control as a file of somebody else's describes it.
type Incoming struct {
	Row       int      `json:"row" doc:"Of the file, from 1."`
	Ref       string   `json:"ref,omitempty" doc:"What the file calls it, such as DCF-71."`
	Title     string   `json:"title"`
	Statement string   `json:"statement"`
	Owner     string   `json:"owner,omitempty"`
	Criteria  []string `json:"criteria"`
	Frequency string   `json:"frequency,omitempty" doc:"One of ours; yearly where the file says none and no trigger."`
	Trigger   string   `json:"trigger,omitempty"`
	Mode      Mode     `json:"mode"`
	Nature    Nature   `json:"nature"`
}

// key tells controls of files apart: by what the file calls them, or by their title.
func (in Incoming) key() string {
	if in.Ref != "" {
		return "ref " + strings.ToLower(in.Ref)
	}
	return "title " + strings.Join(wordsOf(in.Title), " ")
}

const (
	maxIncoming  = 2000 // rows of a file
	maxTitle     = 120  // bytes, as tailoring keeps
	maxStatement = 1200
	maxRole      = 120
)

// check refuses what cannot become a design, naming the column.
func (in Incoming) check() error {
	bad := func(column, format string, args ...any) error {
		return fault.New(fault.Invalid, format, args...).At("", in.Row, column)
	}
	all := in.Ref + in.Title + in.Statement + in.Owner + in.Trigger
	switch {
	case !utf8.ValidString(all):
		return bad("title", "the text is not UTF-8")
	case strings.ContainsFunc(all, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }):
		return bad("title", "the text holds control characters")
	case utf8.RuneCountInString(in.Title) < 3:
		return bad("title", "the control has no title")
	case len(in.Title) > maxTitle:
		return bad("title", "the title has %d bytes; at most %d are kept", len(in.Title), maxTitle)
	case utf8.RuneCountInString(in.Statement) < 10:
		return bad("statement", "nothing says what is done")
	case len(in.Statement) > maxStatement:
		return bad("statement", "the description has %d bytes; at most %d are kept", len(in.Statement), maxStatement)
	case len(in.Owner) > maxRole:
		return bad("owner", "the owner has %d bytes; at most %d are kept", len(in.Owner), maxRole)
	case len(in.Ref) > 60 || len(in.Trigger) > maxRole:
		return bad("ref", "the id or what sets it off is too long")
	case in.Frequency != "" && !isFrequency(in.Frequency):
		return bad("frequency", "%q is no frequency that is known here", in.Frequency)
	case in.Mode != "" && in.Mode != Automated && in.Mode != Manual:
		return bad("mode", "%q is neither automated nor manual", in.Mode)
	case in.Nature != "" && in.Nature != Preventive && in.Nature != Detective && in.Nature != Corrective:
		return bad("nature", "%q is neither preventive, detective nor corrective", in.Nature)
	}
	for _, c := range in.Criteria {
		if _, known := catalog.Get(c); !known {
			return bad("criteria", "there is no criterion %q", c)
		}
	}
	return nil
}

// design makes a design of ours. It names no check and no population: nothing
// shows that it operates until somebody brings evidence or ties it to checks.
func (in Incoming) design(slug string) Design {
	d := Design{Slug: slug, Title: in.Title, Statement: in.Statement, Risk: "Not written down yet; the file that it came from names none.", Weight: Key, Nature: in.Nature, Mode: in.Mode,
		Frequency: in.Frequency, Trigger: in.Trigger, Performer: in.Owner, Owner: in.Owner, Evidence: []string{"what shows that it was performed; not said yet"}, Information: []string{}, Points: []PointLink{}}
	if d.Frequency == "" && d.Trigger == "" {
		d.Frequency = "yearly"
	}
	if d.Mode == "" {
		d.Mode = Manual
	}
	if d.Nature == "" {
		d.Nature = Preventive
	}
	if d.Owner == "" {
		d.Owner, d.Performer = "nobody named yet", "nobody named yet"
	}
	words := wordsOf(in.Title + " " + in.Statement)
	for _, c := range in.Criteria {
		d.Points = append(d.Points, PointLink{Criterion: c, Number: nearest(c, words), Relation: Partly, Rationale: "The file names the criterion. The point was chosen by its words; whoever approves the control looks at it."})
	}
	return d
}

// nearest gives the point of focus of a criterion that shares most words.
func nearest(criterion string, words []string) int {
	best, most := 1, -1
	for _, p := range catalog.Points(criterion) {
		n := 0
		for _, w := range wordsOf(p.Title) {
			if slices.Contains(words, w) {
				n++
			}
		}
		if n > most {
			best, most = p.Number, n
		}
	}
	return best
}

// empty are words that say nothing of what a control is about.
var empty = map[string]bool{"the": true, "a": true, "an": true, "and": true, "or": true, "of": true, "to": true, "in": true, "is": true, "are": true, "for": true, "by": true, "on": true, "with": true, "its": true, "their": true,
	"company": true, "organization": true, "organisation": true, "that": true, "be": true, "as": true, "has": true, "have": true, "at": true, "from": true, "performed": true, "it": true, "established": true, "s": true}

// wordsOf gives the words of a text that say something, in their plainest form.
func wordsOf(text string) []string {
	var out []string
	for _, w := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		if empty[w] {
			continue
		}
		for _, end := range []string{"ies", "es", "ed", "ing", "s"} {
			if len(w) > len(end)+3 && strings.HasSuffix(w, end) {
				w = strings.TrimSuffix(w, end)
				break
			}
		}
		if len(w) > 4 {
			w = strings.TrimSuffix(w, "e") // change, changes, changing
		}
		if !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out
}

// Like gives the design of the library whose title is most like one, false where
// none shares half of its words.
func (l *Library) Like(title string) (Design, bool) {
	words := wordsOf(title)
	var best Design
	most := 0.5
	for _, d := range l.Designs {
		have := wordsOf(d.Title)
		both := 0
		for _, w := range words {
			if slices.Contains(have, w) {
				both++
			}
		}
		if all := len(words) + len(have) - both; all > 0 && float64(both)/float64(all) >= most && both >= 2 {
			if share := float64(both) / float64(all); share > most || best.Slug == "" {
				best, most = d, share
			}
		}
	}
	return best, best.Slug != ""
}

// slugFor makes a slug of a title that no control and no entry of the library has.
func slugFor(title string, taken func(string) bool) string {
	var b strings.Builder
	for _, r := range strings.ToLower(title) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() >= 60 {
			break
		}
	}
	slug := strings.Trim(b.String(), "-")
	if slug == "" || slug[0] >= '0' && slug[0] <= '9' {
		slug = strings.TrimSuffix("control-"+slug, "-")
	}
	for n := 1; ; n++ {
		try := slug
		if n > 1 {
			try = fmt.Sprintf("%s-%d", slug, n)
		}
		if !taken(try) {
			return try
		}
	}
}
