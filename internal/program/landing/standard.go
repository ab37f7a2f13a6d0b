package landing

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/proof/permit"
)

// Standard is a kind of change that is approved beforehand, within limits.
type Standard struct {
	ID         string    `json:"id"`     // "std_…"
	Number     int64     `json:"number"` // STD-1
	Title      string    `json:"title"`
	Repository string    `json:"repository"`        // slug
	Paths      []string  `json:"paths"`             // patterns: all that it may touch
	Authors    []string  `json:"authors,omitempty"` // logins or mail addresses; empty: anybody
	PerDay     int       `json:"per_day"`           // how many in any 24 hours
	Direct     bool      `json:"direct"`            // it may be pushed without a request
	Until      time.Time `json:"until"`
	State      string    `json:"state"` // draft, approved, ended
	MadeAt     time.Time `json:"made_at"`
	MadeBy     string    `json:"made_by"`
	DecidedAt  time.Time `json:"decided_at,omitzero"`
	DecidedBy  string    `json:"decided_by,omitempty"`
	EndedAt    time.Time `json:"ended_at,omitzero"`
	Alone      string    `json:"alone,omitempty"` // what stood in for a second person
	Entry      string    `json:"entry"`           // of its newest step
}

// Ref gives the short number: "STD-1".
func (s *Standard) Ref() string { return fmt.Sprintf("STD-%d", s.Number) }

// Tidy trims and checks a standard change.
func (s *Standard) Tidy(now time.Time) error {
	s.Title, s.Paths, s.Authors = strings.Join(strings.Fields(s.Title), " "), Lists(s.Paths), Lists(s.Authors)
	switch {
	case len(s.Title) < 3 || len(s.Title) > 120 || !utf8.ValidString(s.Title):
		return bad("title", "say in 3 to 120 letters which changes these are")
	case len(s.Paths) == 0 || len(s.Paths) > 20:
		return bad("paths", "name 1 to 20 patterns of all that such a change may touch")
	case len(s.Authors) > 50:
		return bad("authors", "name up to 50 authors")
	case s.PerDay < 1 || s.PerDay > 100:
		return bad("per_day", "between 1 and 100 in any 24 hours are approved beforehand")
	case !s.Until.After(now):
		return bad("until", "it holds until a day that is still to come")
	case s.Until.After(now.AddDate(1, 0, 1)):
		return bad("until", "it is approved for at most a year, then looked at again")
	}
	for _, p := range s.Paths {
		if strings.Trim(p, "*/?.") == "" || len(p) > 200 {
			return bad("paths", "%q would cover everything", p).WithHint("name the directories and files that such a change touches")
		}
	}
	return nil
}

// standard gives the standard change that a change is one of.
func (l *Landings) standard(ch *Change, uses map[string][]time.Time) *Standard {
	for i := range l.Standards {
		s := &l.Standards[i]
		ends := s.Until
		if !s.EndedAt.IsZero() && s.EndedAt.Before(ends) {
			ends = s.EndedAt
		}
		if s.Repository != l.Slug || ch.At.Before(s.DecidedAt) || !ch.At.Before(ends) || len(ch.Paths) == 0 || len(ch.Paths) == MaxNamed {
			continue
		}
		if slices.ContainsFunc(ch.Paths, func(p string) bool {
			return !slices.ContainsFunc(s.Paths, func(pattern string) bool { return permit.Match(pattern, p) })
		}) {
			continue
		}
		if len(s.Authors) > 0 && slices.ContainsFunc(ch.Authors, func(a Person) bool {
			return !slices.ContainsFunc(s.Authors, func(name string) bool {
				return l.people.who(Identity{Login: name}).same(a) || l.people.who(Identity{Mail: name}).same(a)
			})
		}) {
			continue
		}
		recent := 0
		for _, t := range uses[s.ID] {
			if ch.At.Sub(t) < 24*time.Hour {
				recent++
			}
		}
		if recent >= s.PerDay {
			continue
		}
		uses[s.ID] = append(uses[s.ID], ch.At)
		return s
	}
	return nil
}
