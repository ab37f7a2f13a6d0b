package training

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Made says when something was recorded, by whom and where in the ledger.
type Made struct {
	At    time.Time `json:"at"`
	Day   Day       `json:"day"`
	By    string    `json:"by"`
	Entry string    `json:"entry"`
	Index int64     `json:"index"` // -1: without a position yet
}

// Published is a version of a course that was taken into use.
type Published struct {
	Course
	Digest string `json:"digest"` // SHA-256 of the record
	Made   Made   `json:"made"`
}

// Assigned says who must take a course, until it is assigned anew or withdrawn.
type Assigned struct {
	Course   string   `json:"course"`
	Audience Audience `json:"audience"`
	Days     int      `json:"days"` // to complete it: from the assignment, the first day, a move into the audience, or a version that asks for it
	Over     bool     `json:"over,omitempty"`
	Note     string   `json:"note,omitempty"`
	Made     Made     `json:"made"`
}

// Absence is when somebody is away. Its days do not count towards a due date. Why
// is for those who keep training; no list shows it.
type Absence struct {
	Person string `json:"person"`
	From   Day    `json:"from"`
	To     Day    `json:"to"` // the last day
	Why    string `json:"why"`
	Made   Made   `json:"made"`
}

// Running is a course in use with its history, oldest first.
type Running struct {
	Versions []Published `json:"versions"`
	Assigned []Assigned  `json:"assigned"`
}

// Newest is the version that is taken now.
func (r *Running) Newest() *Published { return &r.Versions[len(r.Versions)-1] }

// Now is the assignment that holds, or nil.
func (r *Running) Now() *Assigned {
	if len(r.Assigned) == 0 || r.Assigned[len(r.Assigned)-1].Over {
		return nil
	}
	return &r.Assigned[len(r.Assigned)-1]
}

// Version gives a version that was published, or nil.
func (r *Running) Version(n int) *Published {
	for i := range r.Versions {
		if r.Versions[i].Version == n {
			return &r.Versions[i]
		}
	}
	return nil
}

// asks gives the newest version that whoever completed an earlier one had to take.
func (r *Running) asks() int {
	for _, v := range slices.Backward(r.Versions) {
		if v.Retake {
			return v.Version
		}
	}
	return r.Versions[0].Version
}

// Plan is every course in use, and who is away.
type Plan struct {
	Courses map[string]*Running
	Order   []string // ids, as they were first published
	Away    map[string][]Absence
}

// record is a row of what was decided.
type record struct {
	number  int64
	kind    string
	subject string
	content string
	digest  string
	made    Made
}

// fold gives what records come to.
func fold(all []record) (*Plan, error) {
	p := &Plan{Courses: map[string]*Running{}, Away: map[string][]Absence{}}
	for _, r := range all {
		var err error
		switch r.kind {
		case "published":
			v := Published{Digest: r.digest, Made: r.made}
			err = json.Unmarshal([]byte(r.content), &v.Course)
			if p.Courses[r.subject] == nil {
				p.Courses[r.subject], p.Order = &Running{}, append(p.Order, r.subject)
			}
			p.Courses[r.subject].Versions = append(p.Courses[r.subject].Versions, v)
		case "assigned", "withdrawn":
			var a Assigned
			err = json.Unmarshal([]byte(r.content), &a)
			a.Made, a.Over = r.made, r.kind == "withdrawn"
			p.Courses[r.subject].Assigned = append(p.Courses[r.subject].Assigned, a)
		case "absent":
			var a Absence
			err = json.Unmarshal([]byte(r.content), &a)
			a.Made = r.made
			// Said again of the same first day, it replaces what was said before.
			rest := slices.DeleteFunc(p.Away[a.Person], func(x Absence) bool { return x.From == a.From })
			p.Away[a.Person] = append(rest, a)
			slices.SortFunc(p.Away[a.Person], func(x, y Absence) int { return int(x.From - y.From) })
		}
		if err != nil {
			return nil, fmt.Errorf("read what was decided about %s (record %d): %w", r.subject, r.number, err)
		}
	}
	return p, nil
}

// Kinds of members.
const (
	Employee   = "employee"
	Contractor = "contractor"
)

// Member is somebody who may have to take a course.
type Member struct {
	ID     string   // per_…, or usr_… of a login that is nobody's in the register
	UserID string   // their login; "" for none
	Also   []string // ids that were theirs before
	Name   string
	Mail   string // lower case
	Kind   string // employee, contractor
	Team   string
	Title  string
	From   time.Time // first day, or when they were first heard of
	Moved  time.Time // when team, title or kind last changed
	Left   time.Time // zero while they are here
}

// fits reports whether an audience holds somebody.
func (a Audience) fits(m *Member) bool {
	switch a.Whom {
	case Everyone:
		return true
	case Employees:
		return m.Kind != Contractor
	case Contractors:
		return m.Kind == Contractor
	case Titles:
		title := strings.ToLower(m.Title)
		return slices.ContainsFunc(a.Words, func(w string) bool { return strings.Contains(title, strings.ToLower(w)) })
	case Teams:
		return slices.ContainsFunc(a.Words, func(w string) bool { return strings.EqualFold(w, m.Team) })
	}
	return false
}

// Says gives an audience in words.
func (a Audience) Says() string {
	switch a.Whom {
	case Employees:
		return "all employees"
	case Contractors:
		return "all contractors"
	case Titles:
		return "job titles with " + strings.Join(a.Words, ", ")
	case Teams:
		return "the teams " + strings.Join(a.Words, ", ")
	}
	return "everyone"
}

// tidy gives an audience as it is stored, or what is wrong with it.
func (a Audience) tidy() (Audience, error) {
	if !slices.Contains([]Whom{Everyone, Employees, Contractors, Titles, Teams}, a.Whom) {
		return a, bad("whom", "%.40q is nobody who can be asked", string(a.Whom)).WithHint("everyone, employees, contractors, titles or teams")
	}
	var words []string
	for _, w := range a.Words {
		if w = line(w); w != "" && !slices.Contains(words, w) {
			words = append(words, w)
		}
	}
	a.Words = words
	switch named := a.Whom == Titles || a.Whom == Teams; {
	case named && len(words) == 0:
		return a, bad("words", "say which %s", string(a.Whom)).WithHint("one on a line")
	case !named && len(words) > 0:
		return a, bad("words", "words belong to job titles and teams only").WithHint("leave them out, or choose titles or teams")
	case len(words) > 50:
		return a, bad("words", "%d words; at most 50 are kept", len(words))
	}
	for _, w := range words {
		if len(w) > 100 {
			return a, bad("words", "%.40q… is longer than 100 bytes", w)
		}
	}
	return a, nil
}

func line(s string) string { return strings.Join(strings.Fields(s), " ") }

// words refuses a text that is too short, too long or no text.
func words(field, what, text string, least, most int) error {
	switch n := utf8.RuneCountInString(text); {
	case !utf8.ValidString(text):
		return bad(field, "%s is not UTF-8 text", what)
	case n == 0 && least > 0:
		return bad(field, "%s is missing", what)
	case n < least:
		return bad(field, "%s is too short", what)
	case len(text) > most:
		return bad(field, "%s has %d bytes; at most %d are kept", what, len(text), most)
	case strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' }):
		return bad(field, "%s holds control characters", what)
	}
	return nil
}
