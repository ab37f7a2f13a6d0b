package roster

import (
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
)

// SourceKind is how a source is read.
type SourceKind string

// The kinds of sources.
const (
	SCIM SourceKind = "scim" // the accounts that a directory keeps here
	LDAP SourceKind = "ldap"
	CSV  SourceKind = "csv"
	Hand SourceKind = "hand" // what people here write; there is one
)

// Settings of a source. Which of them count depends on its kind.
type Settings struct {
	URL        string            `json:"url,omitempty"` // ldaps://ldap.example.org, ldap://…
	StartTLS   bool              `json:"start_tls,omitempty"`
	CA         string            `json:"ca,omitempty"` // PEM; empty: the authorities of this machine
	BindDN     string            `json:"bind_dn,omitempty"`
	Base       string            `json:"base,omitempty"`
	Filter     string            `json:"filter,omitempty"`
	Attributes map[string]string `json:"attributes,omitempty"` // LDAP: field → attribute
	Columns    map[string]string `json:"columns,omitempty"`    // CSV: field → column
	Every      int               `json:"every_minutes,omitempty"`
	Part       bool              `json:"part,omitempty"`  // CSV: whoever is not in it stays
	First      []string          `json:"first,omitempty"` // fields for which it counts before the sources above it
	Least      int               `json:"least_leavers,omitempty"`
	Percent    int               `json:"percent_leavers,omitempty"`
	GraceHours int               `json:"grace_hours,omitempty"` // of the source Hand: in which a leaver's access is to be gone
}

// Defaults of settings.
const (
	DefaultEvery   = 60 // minutes between two readings
	DefaultLeast   = 3
	DefaultPercent = 5
	DefaultGrace   = 24 // hours
)

// Source is where people come from.
type Source struct {
	ID       string     `json:"id"` // psr_…
	Kind     SourceKind `json:"kind"`
	Name     string     `json:"name"`
	Place    int        `json:"place"` // whose word counts first, from 1
	Settings Settings   `json:"settings"`
	Secret   bool       `json:"secret"` // one is kept
	AddedAt  time.Time  `json:"added_at"`
	TriedAt  time.Time  `json:"tried_at,omitzero"`
	ReadAt   time.Time  `json:"read_at,omitzero"`
	Said     int        `json:"said"`
	Trouble  string     `json:"trouble,omitempty"`
	Held     *Reading   `json:"held,omitempty"`

	Removed time.Time `json:"-"`
	Box     []byte    `json:"-"` // the sealed secret
	Entry   string    `json:"-"` // of its newest change
}

// Least is how many leavers always go through.
func (s *Source) Least() int { return OrElse(s.Settings.Least, DefaultLeast) }

// Percent is how many of a hundred go through.
func (s *Source) Percent() int { return OrElse(s.Settings.Percent, DefaultPercent) }

// OrElse gives a setting, or its default where it is 0.
func OrElse(n, otherwise int) int {
	if n == 0 {
		return otherwise
	}
	return n
}

// Due reports whether the source is to be read by itself.
func (s *Source) Due(now time.Time) bool {
	switch s.Kind {
	case SCIM:
		return true
	case LDAP:
		return !now.Before(s.TriedAt.Add(time.Duration(OrElse(s.Settings.Every, DefaultEvery)) * time.Minute))
	}
	return false
}

// Reading is a reading of a source that changed something or waits.
type Reading struct {
	ID        string    `json:"id"` // prd_…
	Source    string    `json:"source"`
	State     string    `json:"state"` // applied, held, approved, refused, overtaken
	Digest    string    `json:"digest"`
	Said      int       `json:"said"`
	Joins     int       `json:"joins"`
	Changes   int       `json:"changes"`
	Leaves    int       `json:"leaves"`
	Bound     int       `json:"bound"`
	MadeAt    time.Time `json:"made_at"`
	MadeBy    string    `json:"made_by"`
	DecidedAt time.Time `json:"decided_at,omitzero"`
	DecidedBy string    `json:"decided_by,omitempty"`

	Content string `json:"-"` // what was read, while it is held
}

// NewSource is a source that is to be added or changed.
type NewSource struct {
	Kind     SourceKind
	Name     string
	Place    int // 0: last
	Settings Settings
	Secret   string // of the read-only bind; empty of a change: as it was
}

// Tidy puts the name in order and holds the settings against their bounds; kind
// Invalid with the field that is wrong.
func (n *NewSource) Tidy() error {
	bad := func(field, format string, args ...any) *fault.Error {
		return fault.New(fault.Invalid, format, args...).At("", 0, field)
	}
	n.Name = strings.Join(strings.Fields(n.Name), " ")
	if l := len([]rune(n.Name)); l < 2 || l > 60 {
		return bad("name", "the name of a source has 2 to 60 letters")
	}
	s := &n.Settings
	switch {
	case s.Every < 0 || s.Every > 7*24*60:
		return bad("every_minutes", "%d minutes are no interval of readings", s.Every).WithHint("from 1 to 10080")
	case s.Least < 0 || s.Least > 1000:
		return bad("least_leavers", "%d is no bound of leavers", s.Least).WithHint("from 1 to 1000")
	case s.Percent < 0 || s.Percent > 50:
		return bad("percent_leavers", "%d is no bound of leavers in per cent", s.Percent).WithHint("from 1 to 50")
	case s.GraceHours < 0 || s.GraceHours > 30*24:
		return bad("grace_hours", "%d hours are no time in which access is gone", s.GraceHours).WithHint("from 1 to 720")
	case len(n.Secret) > 1000:
		return bad("secret", "the password has more than 1000 bytes")
	}
	for _, f := range s.First {
		if !slices.Contains(fieldNames, f) {
			return bad("first", "%q is no field of a person", f).WithHint("the fields are %s", strings.Join(fieldNames, ", "))
		}
	}
	for name, m := range map[string]map[string]string{"attributes": s.Attributes, "columns": s.Columns} {
		for f, to := range m {
			if (f != "key" && f != "active" && !slices.Contains(fieldNames, f)) || len(to) > 100 {
				return bad(name, "%q is no field of a person", f).WithHint("the fields are key, active, %s", strings.Join(fieldNames, ", "))
			}
		}
	}
	return nil
}
