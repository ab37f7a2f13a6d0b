package risk

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/register"
)

// AppetiteVersion is a version of how much risk the organisation takes.
type AppetiteVersion struct {
	Version   int            `json:"version"`
	Limits    map[string]int `json:"limits"` // highest rating that is taken, by category
	Statement string         `json:"statement"`
	Note      string         `json:"note"`
	Proposed  Made           `json:"proposed"`
	Approved  *Signed        `json:"approved,omitempty"`
}

// Appetite is how much risk the organisation takes, in versions.
type Appetite struct {
	register.Head
	Versions []AppetiteVersion `json:"versions"`
}

// Now gives the version that holds: the newest that was approved; nil for none.
func (a *Appetite) Now() *AppetiteVersion {
	if a == nil {
		return nil
	}
	for i := len(a.Versions) - 1; i >= 0; i-- {
		if a.Versions[i].Approved != nil {
			return &a.Versions[i]
		}
	}
	return nil
}

// Holds is the number of the version that holds; 0 for none.
func (a *Appetite) Holds() int {
	if v := a.Now(); v != nil {
		return v.Version
	}
	return 0
}

// Waiting gives the newest version, where it waits for approval.
func (a *Appetite) Waiting() *AppetiteVersion {
	if a == nil || len(a.Versions) == 0 || a.Versions[len(a.Versions)-1].Approved != nil {
		return nil
	}
	return &a.Versions[len(a.Versions)-1]
}

// Limit gives the highest rating that is taken of a category.
func (a *Appetite) Limit(category string) (int, bool) {
	v := a.Now()
	if v == nil {
		return 0, false
	}
	n, set := v.Limits[category]
	return n, set
}

// ProposeAppetite writes a version; the first begins the appetite.
type ProposeAppetite struct {
	Limits    map[string]int `json:"limits" doc:"Highest rating that is taken, by category: see risks.scale."`
	Statement string         `json:"statement" doc:"In words: what is taken for which gain, and what never." maxLength:"4000"`
	Note      string         `json:"note" doc:"Why, and what changed." maxLength:"1000"`
}

// Kind is proposed.
func (*ProposeAppetite) Kind() string { return "proposed" }

// Action is editing.
func (*ProposeAppetite) Action() access.Action { return access.RiskEdit }

// Check asks for a limit of every category.
func (x *ProposeAppetite) Check(_ *Appetite, _ *register.Checking, w World) error {
	for _, k := range slices.Sorted(maps.Keys(x.Limits)) {
		if !slices.Contains(Kinds(), k) {
			return register.Bad("limits", "%q is no category", k).WithHint("the categories are %s", strings.Join(Kinds(), ", "))
		}
	}
	for _, k := range Kinds() {
		n, set := x.Limits[k]
		if !set {
			return register.Bad("limit-"+k, "say the highest rating that is taken of the category %s", k).WithHint("0 to take none")
		}
		if n < 0 || n > w.Scale.Most() {
			return register.Bad("limit-"+k, "%d is no rating", n).WithHint("from 0 to %d", w.Scale.Most())
		}
	}
	return register.FirstOf(register.Text(&x.Statement, "statement", "what is taken for which gain, and what never", 20, 4000), register.Text(&x.Note, "note", "why, and what changed", 3, 1000))
}

// Fold adds the version.
func (x *ProposeAppetite) Fold(a *Appetite, m Made) {
	a.Versions = append(a.Versions, AppetiteVersion{Version: len(a.Versions) + 1, Limits: x.Limits, Statement: x.Statement, Note: x.Note, Proposed: m})
}

// Say says it.
func (x *ProposeAppetite) Say() string { return "Proposed: “" + x.Note + "”" }

// ReviseAppetite is ProposeAppetite of a later version.
type ReviseAppetite struct {
	ProposeAppetite
}

// Kind is revised.
func (*ReviseAppetite) Kind() string { return "revised" }

// ApproveAppetite approves the version that somebody else wrote.
type ApproveAppetite struct {
	Version      int    `json:"version" doc:"The version that was read." minimum:"1"`
	Compensation string `json:"compensation,omitempty" doc:"Where nobody else could approve: what stands in for a second person." maxLength:"1000"`
}

// Kind is approved.
func (*ApproveAppetite) Kind() string { return "approved" }

// Action is approving.
func (*ApproveAppetite) Action() access.Action { return access.RiskApprove }

// Check holds that another person approves what they read.
func (x *ApproveAppetite) Check(a *Appetite, c *register.Checking, _ World) error {
	v := a.Waiting()
	switch {
	case v == nil:
		return fault.New(fault.Conflict, "no version of the appetite waits for approval")
	case v.Version != x.Version:
		return fault.New(fault.Conflict, "version %d of the appetite waits for approval, not %d", v.Version, x.Version).WithHint("read it first")
	}
	var err error
	x.Compensation, err = c.Second(v.Proposed.By, access.RiskApprove, x.Compensation)
	return err
}

// Fold approves it.
func (x *ApproveAppetite) Fold(a *Appetite, m Made) {
	if v := a.Waiting(); v != nil {
		v.Approved = &Signed{Compensation: x.Compensation, Made: m}
	}
}

// Say says it.
func (x *ApproveAppetite) Say() string { return fmt.Sprintf("Version %d approved", x.Version) }

// AppetiteNoun is the noun of the appetite, of which there is one.
func AppetiteNoun() register.Noun[Appetite, World] {
	return register.Noun[Appetite, World]{Name: "appetite", Mark: "RA", ID: "apt", Head: func(a *Appetite) *register.Head { return &a.Head }, Begin: "proposed",
		Changes: []func() register.Change[Appetite, World]{
			func() register.Change[Appetite, World] { return &ProposeAppetite{} }, func() register.Change[Appetite, World] { return &ReviseAppetite{} }, func() register.Change[Appetite, World] { return &ApproveAppetite{} },
		}}
}
