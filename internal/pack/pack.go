package pack

import (
	"slices"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/judge"
)

// Tiers say in which order checks matter to an organisation that starts.
const (
	Essential   = "essential"
	Recommended = "recommended"
	Thorough    = "thorough"
)

// Severities of a check that fails.
const (
	Critical = "critical"
	High     = "high"
	Medium   = "medium"
	Low      = "low"
)

var (
	tiers       = []string{Essential, Recommended, Thorough}
	severities  = []string{Critical, High, Medium, Low}
	frequencies = []string{"continuous", "hourly", "daily", "weekly", "monthly", "quarterly", "yearly"}
)

// Tiers gives the tiers, what matters most first.
func Tiers() []string { return slices.Clone(tiers) }

// TierRank gives a tier's place in that order; one that is not known is last.
func TierRank(tier string) int {
	if at := slices.Index(tiers, tier); at >= 0 {
		return at
	}
	return len(tiers)
}

// Severities gives the severities, the worst first.
func Severities() []string { return slices.Clone(severities) }

// Pack is what one directory declares. It is not changed once it is loaded.
type Pack struct {
	Kind     string         `json:"kind"` // "standard"
	ID       string         `json:"id"`   // "linux-server"
	Version  string         `json:"version"`
	Title    string         `json:"title"`
	Summary  string         `json:"summary"`
	Licence  string         `json:"licence"` // SPDX expression
	Locale   string         `json:"locale"`  // of its texts, "en"
	Requires map[string]int `json:"requires,omitempty"`

	Digest string `json:"digest"`          // SHA-256, hex; after tailoring another
	Base   string `json:"base,omitempty"`  // digest before tailoring; empty when not tailored
	Files  []File `json:"files,omitempty"` // what the digest covers

	Checks  []Check `json:"checks,omitempty"`  // of kind standard, in the order of files and lines
	Content any     `json:"content,omitempty"` // what another kind's decoder made

	Untranslated []Untranslated `json:"untranslated,omitempty"` // of kind standard, imported: what is not judged, and why

	Approval *Approval `json:"approval,omitempty"` // nil: a draft

	tailored Tailoring
}

// Draft reports whether nobody has approved the pack as it is. Results of a
// draft are marked so.
func (p *Pack) Draft() bool { return p.Approval == nil }

// Check gives the check of that id, with or without the pack's id in front.
func (p *Pack) Check(id string) (*Check, bool) {
	for i := range p.Checks {
		if p.Checks[i].ID == id || p.Checks[i].ID == p.ID+"/"+id {
			return &p.Checks[i], true
		}
	}
	return nil, false
}

// Check asks one thing of every item of a population.
type Check struct {
	ID          string      `json:"id"` // "linux-server/sshd-root-login"
	Title       string      `json:"title"`
	Population  string      `json:"population"`
	Where       string      `json:"where,omitempty"` // CEL; items for which it is false are not applicable
	Tier        string      `json:"tier"`
	Severity    string      `json:"severity"`
	Frequency   string      `json:"frequency"`
	Criteria    []PointRef  `json:"criteria"`
	Rationale   string      `json:"rationale"`
	Remediation string      `json:"remediation"`
	Parameters  []Parameter `json:"parameters,omitempty"`
	Attributes  []Attribute `json:"attributes"`
	Fixtures    []Fixture   `json:"-"`
	Off         string      `json:"off,omitempty"` // why tailoring switched it off; such a check is not judged

	File string `json:"-"`
	Line int    `json:"-"`

	texts checkTexts // as written, with {{placeholders}}
}

type checkTexts struct{ title, rationale, remediation string }

// Attribute gives the attribute of that id.
func (c *Check) Attribute(id string) (*Attribute, bool) {
	for i := range c.Attributes {
		if c.Attributes[i].ID == id {
			return &c.Attributes[i], true
		}
	}
	return nil, false
}

// Params gives the values of the check's parameters in force.
func (c *Check) Params() map[string]any {
	if len(c.Parameters) == 0 {
		return nil
	}
	values := make(map[string]any, len(c.Parameters))
	for _, p := range c.Parameters {
		values[p.Name] = p.Value
	}
	return values
}

// PointRef names a point of focus of a criterion.
type PointRef struct {
	Criterion string `json:"criterion"` // "CC6.1"
	Number    int    `json:"number"`    // from 1
}

// Parameter is a setting that organisations choose for themselves.
type Parameter struct {
	Name    string   `json:"name"`
	Type    string   `json:"type"` // "int", "string", "bool" or "list" (of strings)
	Title   string   `json:"title"`
	Default any      `json:"default"` // int64, string, bool or []string
	Value   any      `json:"value"`   // Default, unless tailored
	Min     *int64   `json:"min,omitempty"`
	Max     *int64   `json:"max,omitempty"`
	Choices []string `json:"choices,omitempty"`
}

// Attribute is one condition of a check. A check passes when all of its
// attributes do; each has outcomes of its own.
type Attribute struct {
	ID       string `json:"id"`
	Title    string `json:"title"`
	Expect   string `json:"expect"`             // CEL predicate
	Observed string `json:"observed,omitempty"` // CEL expression to show instead of what was read
	Expected string `json:"expected"`           // plain words

	Compiled *judge.Attribute `json:"-"`

	expected string // as written
	file     string
	line     int
}

// Fixture is an item that the check must judge as said. Item shares nothing
// with other fixtures' that may be changed.
type Fixture struct {
	Name    string
	Expect  map[string]judge.Outcome // by attribute
	Item    judge.Item
	Own     map[string]any // how it differs from the base, by section; Removed stands for what it takes away
	Missing []FixtureMissing
	File    string
	Line    int
}

// Removed stands for a value that a fixture takes away from the base (null).
type Removed struct{}

// FixtureMissing is a fact that could not be had in a fixture.
type FixtureMissing struct{ Path, State, Reason string }

// Untranslated is a check of a foreign standard that says nothing here: why it
// could not be translated. It is listed, and never judged.
type Untranslated struct {
	ID     string   `json:"id"` // as its own standard names it
	Title  string   `json:"title"`
	Rules  []string `json:"rules"` // as written
	Reason string   `json:"reason"`
}

// Approval is a named person's word that a pack is the organisation's
// standard. It holds for one digest.
type Approval struct {
	Pack    string    `json:"pack"` // id
	Version string    `json:"version"`
	Digest  string    `json:"digest"`
	By      string    `json:"by"` // "usr_…"
	At      time.Time `json:"at"`
	Note    string    `json:"note,omitempty"`
}

// Approve gives the pack with an approval by a person, and the approval to be
// recorded.
func (p *Pack) Approve(by, note string, at time.Time) (*Pack, Approval) {
	a := Approval{Pack: p.ID, Version: p.Version, Digest: p.Digest, By: by, At: at.UTC(), Note: note}
	approved := *p
	approved.Approval = &a
	return &approved, a
}

// WithApproval gives the pack with an approval that was recorded earlier. One
// for other content is refused: what was approved is not what is here.
func (p *Pack) WithApproval(a Approval) (*Pack, error) {
	if a.Pack != p.ID || a.Digest != p.Digest {
		return nil, fault.New(fault.Conflict, "the approval is for %s %s (%.12s), the pack is %s %s (%.12s)",
			a.Pack, a.Version, a.Digest, p.ID, p.Version, p.Digest).WithHint("approve the pack as it is now")
	}
	approved := *p
	approved.Approval = &a
	return &approved, nil
}
