package vendor

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/catalog"
)

// Duty is a control that a vendor expects us to operate.
type Duty struct {
	Number   int      `json:"number" readOnly:"true"`
	Text     string   `json:"text" maxLength:"1000"`
	Source   string   `json:"source" doc:"Where it stands: a contract, a page." maxLength:"300"`
	Controls []string `json:"controls" readOnly:"true"`
	Missing  string   `json:"missing,omitempty" readOnly:"true"`
	Not      bool     `json:"does_not_concern,omitempty" readOnly:"true"`
	Mapped   *Made    `json:"mapped,omitempty" readOnly:"true"` // nil: nobody has said yet
	Gone     bool     `json:"gone,omitempty" readOnly:"true"`   // a newer report expects it no more
}

// Kind is duty.
func (*Duty) Kind() string { return "duty" }

// Action is editing.
func (*Duty) Action() access.Action { return access.VendorEdit }

func (x *Duty) check(v *Vendor, _ *checking) error {
	*x = Duty{Text: x.Text, Source: x.Source}
	if err := firstOf(v.running(), line(&x.Text, "text", "what it expects of us", 5, 1000), line(&x.Source, "source", "where that stands", 3, 300)); err != nil {
		return err
	}
	if slices.ContainsFunc(v.Duties, func(d Duty) bool { return d.Text == x.Text && !d.Gone }) {
		return bad("text", "that is in the register already")
	}
	return nil
}

func (x *Duty) fold(v *Vendor, _ Made) {
	v.Duties = append(v.Duties, Duty{Number: len(v.Duties) + 1, Text: x.Text, Source: x.Source})
}

func (x *Duty) say() string { return "Expects of us: “" + x.Text + "”" }

// Open reports whether no control of ours does it.
func (x *Duty) Open() bool { return !x.Gone && !x.Not && len(x.Controls) == 0 }

// DutyMap says which of our controls does what a vendor expects.
type DutyMap struct{ Mapping }

// Kind is duty_mapped.
func (*DutyMap) Kind() string { return "duty_mapped" }

// Action is reviewing.
func (*DutyMap) Action() access.Action { return access.VendorReview }

func (x *DutyMap) check(v *Vendor, c *checking) error {
	return firstOf(v.running(), x.Mapping.check(v, c))
}
func (x *DutyMap) fold(v *Vendor, m Made) { x.apply(v, m) }
func (x *DutyMap) say() string {
	switch {
	case x.Not:
		return fmt.Sprintf("What it expects (%d) does not concern us: “%s”", x.Duty, x.Missing)
	case len(x.Controls) == 0:
		return fmt.Sprintf("Nothing of ours does what it expects (%d): “%s”", x.Duty, x.Missing)
	}
	return fmt.Sprintf("What it expects (%d) is done by %s", x.Duty, strings.Join(x.Controls, ", "))
}

// Assumption is a control that we assume at a subservice organisation.
type Assumption struct {
	Number   int      `json:"number,omitempty" doc:"Of the one that is changed; absent for a new one." minimum:"0"`
	Text     string   `json:"text" maxLength:"1000"`
	Criteria []string `json:"criteria" doc:"Criteria that it serves, such as CC6.4."`
	How      string   `json:"how" doc:"How we watch it: the review of its report, a test of ours, a meeting." maxLength:"1000"`
	Controls []string `json:"controls,omitempty" doc:"Our controls that watch it, by short name."`
	Ended    bool     `json:"ended,omitempty" readOnly:"true"`
	Made     Made     `json:"made" readOnly:"true"`
}

// Kind is assumed.
func (*Assumption) Kind() string { return "assumed" }

// Action is editing.
func (*Assumption) Action() access.Action { return access.VendorEdit }

func (x *Assumption) check(v *Vendor, c *checking) error {
	x.Made, x.Ended = Made{}, false
	if err := firstOf(v.running(), text(&x.Text, "text", "which control is assumed", 10, 1000), text(&x.How, "how", "how we watch that it operates", 5, 1000)); err != nil {
		return err
	}
	if !v.Subservice() {
		return fault.New(fault.Conflict, "%s is not decided to be a subservice organisation", v.Ref()).WithHint("decide first what it is, with the reasons")
	}
	if x.Number != 0 {
		if err := gone(v, x.Number, len(v.Assumed), "assumed control"); err != nil {
			return err
		}
	}
	x.Criteria = listed(x.Criteria)
	if len(x.Criteria) == 0 {
		return bad("criteria", "say which criteria it serves").WithHint("such as CC6.4, CC7.2")
	}
	for _, id := range x.Criteria {
		if _, known := catalog.Get(id); !known {
			return bad("criteria", "%q is none of the 61 criteria", id).WithHint("write an id like CC6.1")
		}
	}
	var err error
	x.Controls, err = c.controls(x.Controls, "controls")
	return err
}

func (x *Assumption) fold(v *Vendor, m Made) {
	a := *x
	a.Made = m
	if a.Number == 0 {
		a.Number = len(v.Assumed) + 1
		v.Assumed = append(v.Assumed, a)
	} else if a.Number <= len(v.Assumed) {
		v.Assumed[a.Number-1] = a
	}
}

func (x *Assumption) say() string { return "Assumed there: “" + x.Text + "”" }

// AssumptionEnd takes an assumption back.
type AssumptionEnd struct {
	Number int    `json:"number" minimum:"1"`
	Note   string `json:"note" maxLength:"1000"`
}

// Kind is assumed_ended.
func (*AssumptionEnd) Kind() string { return "assumed_ended" }

// Action is editing.
func (*AssumptionEnd) Action() access.Action { return access.VendorEdit }

func (x *AssumptionEnd) check(v *Vendor, _ *checking) error {
	return firstOf(gone(v, x.Number, len(v.Assumed), "assumed control"), text(&x.Note, "note", "why it is assumed no more", 3, 1000))
}

func (x *AssumptionEnd) fold(v *Vendor, _ Made) { v.Assumed[x.Number-1].Ended = true }
func (x *AssumptionEnd) say() string {
	return fmt.Sprintf("Assumed control %d ended: “%s”", x.Number, x.Note)
}

// Access is an account, key or other way by which a vendor reaches us.
type Access struct {
	Number int        `json:"number" readOnly:"true"`
	Is     string     `json:"kind" enum:"account,api_key,oauth,network,physical,other"`
	System string     `json:"system" doc:"What it reaches." maxLength:"200"`
	Name   string     `json:"name" doc:"The account, the key's name or fingerprint, the grant; never the secret." maxLength:"200"`
	May    string     `json:"may" doc:"What it may do there." maxLength:"500"`
	Since  Day        `json:"since"`
	Ended  *AccessEnd `json:"ended,omitempty" readOnly:"true"`
	Made   Made       `json:"made" readOnly:"true"`
}

// AccessKinds gives the kinds of access, with what people call them.
func AccessKinds() [][2]string {
	return [][2]string{{"account", "account"}, {"api_key", "API key"}, {"oauth", "OAuth grant"}, {"network", "network (VPN, peering)"}, {"physical", "key or badge"}, {"other", "other"}}
}

// Kind is access.
func (*Access) Kind() string { return "access" }

// Action is editing.
func (*Access) Action() access.Action { return access.VendorEdit }

func (x *Access) check(v *Vendor, c *checking) error {
	x.Number, x.Ended, x.Made = 0, nil, Made{}
	var kinds []string
	for _, k := range AccessKinds() {
		kinds = append(kinds, k[0])
	}
	if err := firstOf(v.running(), oneOf(&x.Is, "kind", "the kind", kinds...), line(&x.System, "system", "what it reaches", 2, 200), line(&x.Name, "name", "which account or key", 1, 200),
		line(&x.May, "may", "what it may do there", 3, 500), x.Since.check("since", "since when", true)); err != nil {
		return err
	}
	if x.Since > c.today {
		return bad("since", "%s is in the future", x.Since)
	}
	if slices.ContainsFunc(v.Holds(), func(a Access) bool { return a.System == x.System && a.Name == x.Name }) {
		return bad("name", "%s holds that already", v.Ref())
	}
	return nil
}

func (x *Access) fold(v *Vendor, m Made) {
	a := *x
	a.Number, a.Made = len(v.Accesses)+1, m
	v.Accesses = append(v.Accesses, a)
}

func (x *Access) say() string { return "Reaches " + x.System + " by " + x.Name + ": " + x.May }

// AccessEnd says that an access was removed.
type AccessEnd struct {
	Number int    `json:"number" minimum:"1"`
	On     Day    `json:"on"`
	Proof  string `json:"proof" doc:"What shows that it is gone." maxLength:"500"`
	Made   Made   `json:"made" readOnly:"true"`
}

// Kind is access_ended.
func (*AccessEnd) Kind() string { return "access_ended" }

// Action is editing.
func (*AccessEnd) Action() access.Action { return access.VendorEdit }

func (x *AccessEnd) check(v *Vendor, c *checking) error {
	x.Made = Made{}
	if err := firstOf(gone(v, x.Number, len(v.Accesses), "access"), x.On.check("on", "when it was removed", true), text(&x.Proof, "proof", "what shows that it is gone", 5, 500)); err != nil {
		return err
	}
	switch a := v.Accesses[x.Number-1]; {
	case a.Ended != nil:
		return fault.New(fault.Conflict, "access %d of %s was removed on %s", x.Number, v.Ref(), a.Ended.On)
	case x.On > c.today || x.On < a.Since:
		return bad("on", "%s lies outside the time in which it was held", x.On)
	}
	return nil
}

func (x *AccessEnd) fold(v *Vendor, m Made) {
	e := *x
	e.Made = m
	v.Accesses[x.Number-1].Ended = &e
}

func (x *AccessEnd) say() string {
	return fmt.Sprintf("Access %d removed: “%s”", x.Number, x.Proof)
}

// Incident is something that went wrong at a vendor.
type Incident struct {
	Number int            `json:"number" readOnly:"true"`
	What   string         `json:"what" maxLength:"2000"`
	Found  time.Time      `json:"found,omitzero" doc:"When the vendor found it; absent where it did not say."`
	Told   time.Time      `json:"told" doc:"When we were told, or learned of it otherwise."`
	By     string         `json:"by" doc:"How we learned of it." enum:"vendor,press,customer,ourselves,other"`
	Effect string         `json:"effect" doc:"What it means for us." maxLength:"2000"`
	Data   bool           `json:"our_data,omitempty" doc:"Our data is concerned."`
	Hours  int            `json:"promised_hours" readOnly:"true"` // by the contract then; 0: nothing was promised
	Closed *IncidentClose `json:"closed,omitempty" readOnly:"true"`
	Made   Made           `json:"made" readOnly:"true"`
}

// Kind is incident.
func (*Incident) Kind() string { return "incident" }

// Action is asking: whoever learns of it says so.
func (*Incident) Action() access.Action { return access.VendorAsk }

func (x *Incident) check(v *Vendor, c *checking) error {
	x.Number, x.Closed, x.Made, x.Hours = 0, nil, Made{}, 0
	x.Found, x.Told = x.Found.UTC().Truncate(time.Second), x.Told.UTC().Truncate(time.Second)
	if err := firstOf(text(&x.What, "what", "what happened", 10, 2000), when(x.Found, "found", "when it was found", c.now, false), when(x.Told, "told", "when we were told", c.now, true),
		oneOf(&x.By, "by", "how we learned of it", "vendor", "press", "customer", "ourselves", "other"), text(&x.Effect, "effect", "what it means for us; where that is not known yet, say so", 5, 2000)); err != nil {
		return err
	}
	if !x.Found.IsZero() && x.Told.Before(x.Found) {
		return bad("told", "we cannot have been told before it was found")
	}
	if k := v.Contract(DayOf(x.Told, time.UTC)); k != nil {
		x.Hours = k.BreachHours
	}
	return nil
}

func (x *Incident) fold(v *Vendor, m Made) {
	i := *x
	i.Number, i.Made = len(v.Incidents)+1, m
	v.Incidents = append(v.Incidents, i)
}

func (x *Incident) say() string { return "Incident there: “" + x.What + "”" }

// Promise says whether we were told in time: pass, fail, not_applicable, or
// not_observed where it cannot be said, with the reason.
func (x *Incident) Promise() (outcome, reason string) {
	switch {
	case x.Hours == 0:
		return "not_applicable", "the contract of that day promises nothing"
	case x.By != "vendor":
		return "fail", "we learned of it otherwise, though the contract promises to tell us"
	case x.Found.IsZero():
		return "not_observed", "the vendor did not say when it found it"
	}
	took := x.Told.Sub(x.Found)
	words := fmt.Sprintf("told after %s, promised within %d hours", hours(took), x.Hours)
	if took > time.Duration(x.Hours)*time.Hour {
		return "fail", words
	}
	return "pass", words
}

func hours(d time.Duration) string {
	if d < 2*time.Hour {
		return fmt.Sprintf("%d minutes", int(d.Minutes()))
	}
	return fmt.Sprintf("%d hours", int(d.Hours()))
}

// IncidentClose says how an incident ended for us.
type IncidentClose struct {
	Number int    `json:"number" minimum:"1"`
	Note   string `json:"note" maxLength:"2000"`
	Made   Made   `json:"made" readOnly:"true"`
}

// Kind is incident_closed.
func (*IncidentClose) Kind() string { return "incident_closed" }

// Action is reviewing.
func (*IncidentClose) Action() access.Action { return access.VendorReview }

func (x *IncidentClose) check(v *Vendor, _ *checking) error {
	x.Made = Made{}
	if err := firstOf(gone(v, x.Number, len(v.Incidents), "incident"), text(&x.Note, "note", "how it ended for us, and what was learned", 10, 2000)); err != nil {
		return err
	}
	if v.Incidents[x.Number-1].Closed != nil {
		return fault.New(fault.Conflict, "incident %d of %s is closed", x.Number, v.Ref())
	}
	return nil
}

func (x *IncidentClose) fold(v *Vendor, m Made) {
	c := *x
	c.Made = m
	v.Incidents[x.Number-1].Closed = &c
}

func (x *IncidentClose) say() string {
	return fmt.Sprintf("Incident %d closed: “%s”", x.Number, x.Note)
}
