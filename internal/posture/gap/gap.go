package gap

import (
	"time"

	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/posture"
	"github.com/attesta/attesta/internal/program/control"
)

// Kind is what kind of gap something is.
type Kind string

// The kinds, in the order in which they matter.
const (
	Missing   Kind = "missing"   // no key control addresses the criterion
	Deviates  Kind = "deviates"  // a key control is known not to operate as designed
	Evidence  Kind = "evidence"  // nothing shows that a key control operates
	Design    Kind = "design"    // key controls that nobody approved: they are not designed yet
	Alone     Kind = "alone"     // one key control carries a criterion alone
	Together  Kind = "together"  // all key controls of a criterion fail with one cause
	Unaddress Kind = "points"    // points of focus that nothing addresses and nobody set aside
	Answered  Kind = "statement" // the first questions say that a control in use is not performed
)

// Kinds gives them in the order in which they matter.
func Kinds() []Kind {
	return []Kind{Missing, Deviates, Evidence, Design, Alone, Together, Unaddress, Answered}
}

// Words gives the kind as people read it.
func (k Kind) Words() string {
	switch k {
	case Missing:
		return "no control"
	case Deviates:
		return "deviates"
	case Evidence:
		return "not shown to operate"
	case Design:
		return "not approved"
	case Alone:
		return "hangs on one control"
	case Together:
		return "fails together"
	case Unaddress:
		return "points open"
	case Answered:
		return "said not to be done"
	}
	return string(k)
}

// Gap is something that lacks.
type Gap struct {
	Key       string    `json:"key"` // "CC6.3/missing": the same while it lasts
	Kind      Kind      `json:"kind"`
	Title     string    `json:"title"`  // "No control is in use for CC6.3"
	Why       string    `json:"why"`    // one sentence
	Change    string    `json:"change"` // what closes it
	Criteria  []string  `json:"criteria"`
	Points    []int     `json:"points,omitempty"`   // of Criteria[0], for points
	Controls  []string  `json:"controls,omitempty"` // slugs that it is about
	Cause     string    `json:"cause,omitempty"`    // what fails together share
	Since     time.Time `json:"since,omitzero"`     // of a deviation
	Technical bool      `json:"technical"`          // closed on machines rather than by people's routine
	Role      string    `json:"role,omitempty"`     // who keeps the control: a role or a user's id
	Library   []string  `json:"library,omitempty"`  // controls of the library that would close it, best first
}

// PointState is where a point of focus stands.
type PointState string

// The states of a point.
const (
	Addressed     PointState = "addressed"
	Partly        PointState = "partly"
	Supported     PointState = "supported"      // only by controls that support it
	NotRelevant   PointState = "not_relevant"   // a person said why
	NotApplicable PointState = "not_applicable" // in this scope
	OpenPoint     PointState = "open"           // nobody considered it
)

// Words gives the state as people read it.
func (s PointState) Words() string {
	switch s {
	case Partly:
		return "partly addressed"
	case Supported:
		return "only supported"
	case NotRelevant:
		return "not relevant"
	case NotApplicable:
		return "does not apply"
	case OpenPoint:
		return "not considered"
	}
	return string(s)
}

// Point is a point of focus with what addresses it.
type Point struct {
	catalog.Point
	State    PointState `json:"state"`
	Why      string     `json:"why,omitempty"`      // of those that are set aside
	Controls []string   `json:"controls,omitempty"` // slugs, strongest relation first
}

// Control is a control of a criterion with where it stands.
type Control struct {
	Slug      string         `json:"slug"`
	Number    int            `json:"number"`
	Title     string         `json:"title"`
	Key       bool           `json:"key"` // for this criterion
	Mode      control.Mode   `json:"mode"`
	Approved  bool           `json:"approved"`  // designed: a person approved the design
	Operating bool           `json:"operating"` // no known deviation, shown by evidence
	Status    posture.Status `json:"status"`
	Why       string         `json:"why"`
	Said      string         `json:"said,omitempty"` // to the first questions: yes, no, unknown; counts for nothing
}

// Cause is something that several key controls share.
type Cause struct {
	Kind     string   `json:"kind"` // source, tool, person, check, owner
	Name     string   `json:"name"`
	Controls []string `json:"controls"` // slugs of the key controls that share it
	All      bool     `json:"all"`      // all key controls of the criterion do
	Failing  bool     `json:"failing"`  // they deviate with it now
}

// Criterion is a criterion with what stands for it.
type Criterion struct {
	catalog.Criterion
	InScope   bool           `json:"in_scope"`
	Status    posture.Status `json:"status"`
	Points    []Point        `json:"points"`
	Controls  []Control      `json:"controls"`
	Key       int            `json:"key"`       // key controls in use
	Approved  int            `json:"approved"`  // of them: designed
	Operating int            `json:"operating"` // of them: shown to operate
	Apply     int            `json:"apply"`     // points that apply
	Settled   int            `json:"settled"`   // of them: addressed, partly or set aside with a reason
	Causes    []Cause        `json:"causes,omitempty"`
	Gaps      []string       `json:"gaps,omitempty"` // keys
}

// Report is the gap analysis at one moment.
type Report struct {
	At       time.Time    `json:"at"`
	Known    int64        `json:"known"`
	KnownNow bool         `json:"known_now"`
	Scope    int          `json:"scope"` // version of the scope that holds
	Criteria []Criterion  `json:"criteria"`
	Gaps     []Gap        `json:"gaps"` // in the order in which they matter
	ByKind   map[Kind]int `json:"by_kind"`
	Controls int          `json:"controls"` // in use
}

// Gap gives the gap with a key.
func (r *Report) Gap(key string) (Gap, bool) {
	for _, g := range r.Gaps {
		if g.Key == key {
			return g, true
		}
	}
	return Gap{}, false
}

// Criterion gives one criterion of the report.
func (r *Report) Criterion(id string) (Criterion, bool) {
	for _, c := range r.Criteria {
		if c.ID == id {
			return c, true
		}
	}
	return Criterion{}, false
}
