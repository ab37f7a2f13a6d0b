package obligation

import (
	"fmt"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/register"
)

// Day is a calendar day, "2026-09-30".
type Day = register.Day

// Made says when a record was made, by whom and where in the ledger.
type Made = register.Made

// Sorts gives what an obligation can be: id and words.
func Sorts() [][2]string {
	return [][2]string{{"law", "Law or regulation"}, {"contract", "Contract with customers or others"}, {"rule", "Rule of a regulator or trade body"}, {"own", "Own promise, published"}}
}

// Profile is what an obligation says.
type Profile struct {
	Title     string   `json:"title" maxLength:"160"`
	Sort      string   `json:"sort" enum:"law,contract,rule,own"`
	Where     string   `json:"where" doc:"Jurisdiction and citation, or parties and number of the contract." maxLength:"300"`
	Asks      string   `json:"asks" doc:"What it asks of us, in our words." maxLength:"4000"`
	Applies   string   `json:"applies" doc:"Why it applies to us, or to which part." maxLength:"2000"`
	Owner     string   `json:"owner,omitempty" doc:"Who follows it: a login or usr_…; who records it, when absent." maxLength:"120"`
	Months    int      `json:"months" doc:"Looked at every so many months." minimum:"1" maximum:"36"`
	Promises  []string `json:"commitments,omitempty" doc:"Ids of the scope's commitments that rest on it: sc-1."`
	Controls  []string `json:"controls,omitempty" doc:"Short names of the controls that follow it."`
	Data      []string `json:"data,omitempty" doc:"Numbers of the data that it is about, as the inventory has them: D-3."`
	BreachHrs int      `json:"breach_hours,omitempty" doc:"It asks to tell somebody of a breach within hours; 0: it does not." minimum:"0"`
}

// Review says that somebody looked at an obligation.
type Review struct {
	Looked  string `json:"looked"`
	Changed bool   `json:"changed"` // it asks something else than before
	Made    Made   `json:"made"`
}

// Obligation is what the records of an obligation come to.
type Obligation struct {
	register.Head
	Profile Profile  `json:"profile"`
	Version int      `json:"version"`
	Reviews []Review `json:"reviews"`
	Ended   Day      `json:"ended,omitempty"`
	Why     string   `json:"why_ended,omitempty"`
	changed Made     // when it was written last
	looks   []look
}

type look struct {
	day    Day
	by     string
	months int // until the next
}

// World is what changes are held against beside the thing itself.
type World struct {
	Promises map[string]string // commitments of the scope, by id
	Control  func(slug string) error
	Data     func(ref string) error
}

func (p *Profile) check(c *register.Checking, w World) error {
	var sorts []string
	for _, s := range Sorts() {
		sorts = append(sorts, s[0])
	}
	err := register.FirstOf(register.Line(&p.Title, "title", "what it is called", 3, 160), register.OneOf(&p.Sort, "sort", "what it is", sorts...), register.Line(&p.Where, "where", "jurisdiction and citation, or parties and number", 2, 300),
		register.Text(&p.Asks, "asks", "what it asks of us", 10, 4000), register.Text(&p.Applies, "applies", "why it applies to us", 5, 2000))
	if err != nil {
		return err
	}
	if p.Months < 1 || p.Months > 36 {
		return register.Bad("months", "%d months are not between 1 and 36", p.Months).WithHint("twelve is usual")
	}
	if p.BreachHrs < 0 || p.BreachHrs > 24*90 {
		return register.Bad("breach_hours", "%d hours are not between 0 and 90 days", p.BreachHrs)
	}
	p.Promises, p.Controls, p.Data = register.Listed(p.Promises), register.Listed(p.Controls), register.Listed(p.Data)
	for _, id := range p.Promises {
		if _, known := w.Promises[id]; !known {
			return register.Bad("commitments", "the scope has no commitment %q", id).WithHint("the page Scope lists them")
		}
	}
	for _, slug := range p.Controls {
		if err := w.Control(slug); fault.Is(err, fault.NotFound) {
			return register.Bad("controls", "there is no control %q in use", slug).WithHint("the page Controls lists them by their short names")
		} else if err != nil {
			return err
		}
	}
	for i, ref := range p.Data {
		p.Data[i] = strings.ToUpper(ref)
		if err := w.Data(p.Data[i]); fault.Is(err, fault.NotFound) {
			return register.Bad("data", "the inventory has no data %q", ref).WithHint("the page Data lists them")
		} else if err != nil {
			return err
		}
	}
	p.Owner, err = c.User(p.Owner, "owner")
	return err
}

func (o *Obligation) applies() error {
	if o.Ended != "" {
		return fault.New(fault.Conflict, "%s applies no more since %s", o.Ref, o.Ended).WithHint("enter it anew where it applies again")
	}
	return nil
}

// Enter enters an obligation.
type Enter struct{ Profile }

// Kind is entered.
func (*Enter) Kind() string { return "entered" }

// Action is editing.
func (*Enter) Action() access.Action { return access.GovernanceEdit }

// Check holds it against scope, controls and data.
func (x *Enter) Check(_ *Obligation, c *register.Checking, w World) error {
	return x.Profile.check(c, w)
}

// Fold begins it. Who enters it has looked at it.
func (x *Enter) Fold(o *Obligation, m Made) {
	*o = Obligation{Head: o.Head, Profile: x.Profile, Version: 1, Reviews: []Review{}, changed: m, looks: []look{{m.Day, m.By, x.Months}}}
}

// Say says it.
func (x *Enter) Say() string { return "Entered: " + x.Title }

// Describe writes an obligation anew.
type Describe struct {
	Profile
	Note string `json:"note" doc:"What changed and why." maxLength:"1000"`
}

// Kind is described.
func (*Describe) Kind() string { return "described" }

// Action is editing.
func (*Describe) Action() access.Action { return access.GovernanceEdit }

// Check keeps the owner where nobody is named.
func (x *Describe) Check(o *Obligation, c *register.Checking, w World) error {
	if x.Owner == "" {
		x.Owner = o.Profile.Owner
	}
	return register.FirstOf(o.applies(), x.Profile.check(c, w), register.Text(&x.Note, "note", "what changed and why", 3, 1000))
}

// Fold writes the version.
func (x *Describe) Fold(o *Obligation, m Made) {
	o.Profile, o.Version, o.changed = x.Profile, o.Version+1, m
}

// Say says it.
func (x *Describe) Say() string { return "Written anew: “" + x.Note + "”" }

// Look says that somebody looked whether it still asks the same.
type Look struct {
	Looked  string `json:"looked" doc:"What was read, and what was found." maxLength:"3000"`
	Changed bool   `json:"changed,omitempty" doc:"It asks something else than before: then it is written anew as well."`
}

// Kind is reviewed.
func (*Look) Kind() string { return "reviewed" }

// Action is editing.
func (*Look) Action() access.Action { return access.GovernanceEdit }

// Check asks what was read.
func (x *Look) Check(o *Obligation, _ *register.Checking, _ World) error {
	return register.FirstOf(o.applies(), register.Text(&x.Looked, "looked", "what was read, and what was found", 10, 3000))
}

// Fold records it.
func (x *Look) Fold(o *Obligation, m Made) {
	o.Reviews = append(o.Reviews, Review{x.Looked, x.Changed, m})
	o.looks = append(o.looks, look{m.Day, m.By, o.Profile.Months})
}

// Say says it.
func (x *Look) Say() string {
	if x.Changed {
		return "Looked at, and it changed: “" + x.Looked + "”"
	}
	return "Looked at: “" + x.Looked + "”"
}

// End says that it applies no more.
type End struct {
	Since Day    `json:"since"`
	Why   string `json:"why" maxLength:"1000"`
}

// Kind is ended.
func (*End) Kind() string { return "ended" }

// Action is approving: what binds us does not vanish by who follows it.
func (*End) Action() access.Action { return access.GovernanceApprove }

// Check asks why.
func (x *End) Check(o *Obligation, _ *register.Checking, _ World) error {
	return register.FirstOf(o.applies(), x.Since.Check("since", "since when", true), register.Text(&x.Why, "why", "why it applies no more", 10, 1000))
}

// Fold ends it.
func (x *End) Fold(o *Obligation, _ Made) { o.Ended, o.Why = x.Since, x.Why }

// Say says it.
func (x *End) Say() string { return "Applies no more since " + string(x.Since) + ": " + x.Why }

// ReviewDue is the day by which it is to be looked at next; "" where it applies no more.
func (o *Obligation) ReviewDue() Day {
	if o.Ended != "" {
		return ""
	}
	last := o.looks[len(o.looks)-1]
	return last.day.Add(o.Profile.Months, 0)
}

// Due is one day by which it was to be looked at.
type Due struct {
	Day    Day    `json:"day"`
	Done   Day    `json:"done,omitempty"`
	By     string `json:"by,omitempty"`
	Closed bool   `json:"closed,omitempty"`
}

// Dues gives each day by which it was, or is, to be looked at.
func (o *Obligation) Dues() []Due {
	var out []Due
	for i, l := range o.looks {
		d := Due{Day: l.day.Add(l.months, 0)}
		if i+1 < len(o.looks) {
			d.Done, d.By = o.looks[i+1].day, o.looks[i+1].by
		} else if d.Day = l.day.Add(o.Profile.Months, 0); o.Ended != "" && o.Ended <= d.Day {
			d.Closed = true
		}
		out = append(out, d)
	}
	return out
}

// Unwritten reports whether somebody found that it changed and nobody wrote it anew since.
func (o *Obligation) Unwritten() bool {
	for _, r := range o.Reviews {
		if r.Changed && r.Made.At.After(o.changed.At) {
			return true
		}
	}
	return false
}

// Attribute is one thing that is judged of an obligation.
type Attribute struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Outcome string `json:"outcome"` // pass, fail, not_applicable
	Reason  string `json:"reason"`
}

// Judge gives what an obligation comes to on a day.
func (o *Obligation) Judge(today Day) []Attribute {
	out := []Attribute{{ID: "reviewed_in_time", Title: "Looked at in time"}, {ID: "followed", Title: "A control follows it"}, {ID: "up_to_date", Title: "Written as it stands now"}}
	set := func(i int, outcome, format string, args ...any) {
		out[i].Outcome, out[i].Reason = outcome, fmt.Sprintf(format, args...)
	}
	if o.Ended != "" && o.Ended <= today {
		for i := range out {
			set(i, "not_applicable", "it applies no more since %s", o.Ended)
		}
		return out
	}
	if due := o.ReviewDue(); due != "" && due < today {
		set(0, "fail", "it was to be looked at by %s", due)
	} else {
		set(0, "pass", "next by %s", due)
	}
	if n := len(o.Profile.Controls); n == 0 {
		set(1, "fail", "no control is named")
	} else {
		set(1, "pass", "%s", register.Many(n, "control", "controls"))
	}
	if o.Unwritten() {
		set(2, "fail", "it was found to ask something else, and nobody wrote it anew")
	} else {
		set(2, "pass", "version %d of %s", o.Version, o.changed.Day)
	}
	return out
}

// Noun is the noun of obligations.
func Noun() register.Noun[Obligation, World] {
	return register.Noun[Obligation, World]{Name: "obligation", Mark: "L", ID: "obl", Head: func(o *Obligation) *register.Head { return &o.Head }, Begin: "entered",
		Changes: []func() register.Change[Obligation, World]{
			func() register.Change[Obligation, World] { return &Enter{} }, func() register.Change[Obligation, World] { return &Describe{} },
			func() register.Change[Obligation, World] { return &Look{} }, func() register.Change[Obligation, World] { return &End{} },
		}}
}
