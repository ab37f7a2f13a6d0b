package risk

import (
	"context"
	"fmt"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/catalog"
	"github.com/attesta/attesta/internal/program/register"
)

// World is what changes are held against beside the thing itself.
type World struct {
	Scale     *Scale
	Catalogue *Catalogue
	Appetite  *Appetite         // nil: none was proposed yet
	Taken     map[string]string // scenarios of the catalogue in the register, with the risk
	Promises  map[string]string // commitments of the scope, by id
	Standing  func() (Standings, error)
	Risks     func() ([]*Risk, error)
	Assessed  func() ([]*Assessment, error)
	Scope     int // version of the scope that holds
	Control   func(ctx context.Context, slug string) error
	Since     func(ctx context.Context, since Day) ([]string, error)
}

func (p *Profile) check(c *register.Checking, w World) error {
	err := register.FirstOf(register.Line(&p.Title, "title", "what it is called", 4, 160), register.Text(&p.Scenario, "scenario", "who or what, by which way, with which result", 20, 3000),
		register.OneOf(&p.Category, "category", "the category", Kinds()...))
	if err != nil {
		return err
	}
	p.Threatens, p.Criteria = register.Listed(p.Threatens), register.Listed(p.Criteria)
	for _, id := range p.Threatens {
		if _, known := w.Promises[id]; !known {
			return register.Bad("threatens", "the scope has no commitment %q", id).WithHint("the page Scope lists them")
		}
	}
	for i, id := range p.Criteria {
		id = strings.ToUpper(id)
		if _, known := catalog.Get(id); !known {
			return register.Bad("criteria", "%q is none of the 61 criteria", id).WithHint("write an id like CC6.1")
		}
		p.Criteria[i] = id
	}
	if len(p.Criteria) == 0 {
		return register.Bad("criteria", "name a criterion at least that answers it").WithHint("such as CC6.1; the catalogue of risks names them for its scenarios")
	}
	p.Owner, err = c.User(p.Owner, "owner")
	return err
}

func (r *Risk) open() error {
	if !r.Open() {
		return fault.New(fault.Conflict, "%s is closed", r.Ref).WithHint("open it again first")
	}
	return nil
}

// Identify enters a risk. Of a scenario of the catalogue what is left empty is
// taken from there.
type Identify struct {
	Library string `json:"library,omitempty" doc:"Id of a scenario of the catalogue; what is left empty is taken from it." maxLength:"60"`
	Profile
}

// Kind is identified.
func (*Identify) Kind() string { return "identified" }

// Action is editing.
func (*Identify) Action() access.Action { return access.RiskEdit }

// Check holds it against the catalogue and the scope.
func (x *Identify) Check(_ *Risk, c *register.Checking, w World) error {
	if x.Library = strings.TrimSpace(x.Library); x.Library != "" {
		s, known := w.Catalogue.Get(x.Library)
		if !known {
			return register.Bad("library", "the catalogue has no risk %q", x.Library).WithHint("'attesta risks list --library' lists it")
		}
		if ref := w.Taken[x.Library]; ref != "" {
			return fault.New(fault.Conflict, "%s was taken from this scenario already", ref).At("", 0, "library").WithHint("look at it first; close it where it is another")
		}
		if strings.TrimSpace(x.Title) == "" {
			x.Title = s.Title
		}
		if strings.TrimSpace(x.Scenario) == "" {
			x.Scenario = s.Scenario
		}
		if x.Category == "" {
			x.Category = s.Kind
		}
		if len(register.Listed(x.Criteria)) == 0 {
			x.Criteria = s.Criteria
		}
	}
	return x.Profile.check(c, w)
}

// Fold begins a risk.
func (x *Identify) Fold(r *Risk, m Made) {
	*r = Risk{Head: r.Head, Library: x.Library, Profile: x.Profile, Inherent: []Rating{}, Residual: []Rating{}, Acceptances: []Acceptance{}, Reviews: []Review{}, spans: []span{{from: m.Day}}}
}

// Say says it.
func (x *Identify) Say() string {
	if x.Library != "" {
		return "Entered, from the catalogue"
	}
	return "Entered"
}

// Describe changes what a risk is.
type Describe struct {
	Profile
	Note string `json:"note" doc:"What changed and why." maxLength:"1000"`
}

// Kind is described.
func (*Describe) Kind() string { return "described" }

// Action is editing.
func (*Describe) Action() access.Action { return access.RiskEdit }

// Check keeps the owner where nobody is named.
func (x *Describe) Check(r *Risk, c *register.Checking, w World) error {
	if x.Owner == "" {
		x.Owner = r.Profile.Owner
	}
	return register.FirstOf(r.open(), x.Profile.check(c, w), register.Text(&x.Note, "note", "what changed and why", 3, 1000))
}

// Fold describes it. What was accepted was another scenario.
func (x *Describe) Fold(r *Risk, m Made) {
	if x.Scenario != r.Profile.Scenario || x.Category != r.Profile.Category {
		r.outgrow(m, "it was described anew")
	}
	r.Profile = x.Profile
}

// Say says it.
func (x *Describe) Say() string { return "Described anew: “" + x.Note + "”" }

// Assess rates a risk, without controls or with them.
type Assess struct {
	Side       string            `json:"side" enum:"inherent,residual" doc:"inherent: as if there were no controls; residual: what is left after those that are named."`
	Likelihood int               `json:"likelihood" doc:"Step of the scale, from 1." minimum:"1"`
	Magnitude  int               `json:"magnitude" doc:"Step of the scale, from 1." minimum:"1"`
	Because    string            `json:"because" doc:"Why these steps." maxLength:"2000"`
	Controls   []string          `json:"controls,omitempty" doc:"Of what is left: short names of the controls that leave it."`
	Currency   string            `json:"currency,omitempty" doc:"Of the loss: EUR." maxLength:"3"`
	LossLow    int               `json:"loss_low,omitempty" doc:"Loss of one event, in whole units: low end." minimum:"0"`
	LossLikely int               `json:"loss_likely,omitempty" minimum:"0"`
	LossHigh   int               `json:"loss_high,omitempty" minimum:"0"`
	Stood      map[string]string `json:"stood,omitempty" readOnly:"true" doc:"How each control stood."`
}

// Kind is assessed.
func (*Assess) Kind() string { return "assessed" }

// Action is editing.
func (*Assess) Action() access.Action { return access.RiskEdit }

// Check holds it against the scale and the controls in use.
func (x *Assess) Check(r *Risk, _ *register.Checking, w World) error {
	x.Stood = nil
	err := register.FirstOf(r.open(), register.OneOf(&x.Side, "side", "what is rated", "inherent", "residual"), step(x.Likelihood, w.Scale.Likelihood, "likelihood"), step(x.Magnitude, w.Scale.Magnitude, "magnitude"),
		register.Text(&x.Because, "because", "why these steps", 10, 2000), x.checkLoss())
	if err != nil {
		return err
	}
	x.Controls = register.Listed(x.Controls)
	if x.Side == "inherent" {
		if len(x.Controls) > 0 {
			return register.Bad("controls", "what a risk is without controls names none")
		}
		if left := last(r.Residual); left != nil && left.Score() > x.Likelihood*x.Magnitude {
			return register.Bad("likelihood", "what is left after controls is rated %d, and without them it cannot be %d", left.Score(), x.Likelihood*x.Magnitude).WithHint("rate what is left anew first")
		}
		return nil
	}
	in := last(r.Inherent)
	switch {
	case in == nil:
		return fault.New(fault.Conflict, "%s is not rated without controls yet", r.Ref).WithHint("that comes first: what is left is less than something")
	case x.Likelihood > in.Likelihood:
		return register.Bad("likelihood", "controls do not make it more likely than %d", in.Likelihood).WithHint("rate it without controls anew where it grew")
	case x.Magnitude > in.Magnitude:
		return register.Bad("magnitude", "controls do not make it worse than %d", in.Magnitude).WithHint("rate it without controls anew where it grew")
	case len(x.Controls) == 0 && x.Likelihood*x.Magnitude < in.Score():
		return register.Bad("controls", "name the controls that leave less than %d", in.Score()).WithHint("without one, what is left is what it is without controls")
	case len(x.Controls) > 20:
		return register.Bad("controls", "%d controls are named; at most 20 are kept", len(x.Controls)).WithHint("name those that it would be missed without")
	}
	now, err := w.Standing()
	if err != nil {
		return err
	}
	for _, slug := range x.Controls {
		s, used := now[slug]
		if !used {
			return register.Bad("controls", "there is no control %q in use", slug).WithHint("the page Controls lists them by their short names")
		}
		if x.Stood == nil {
			x.Stood = map[string]string{}
		}
		x.Stood[slug] = s.Status
	}
	return nil
}

func step(n int, of []Step, field string) error {
	if n < 1 || n > len(of) {
		return register.Bad(field, "%d is no step of the scale", n).WithHint("from 1 (%s) to %d (%s)", strings.ToLower(of[0].Title), len(of), strings.ToLower(of[len(of)-1].Title))
	}
	return nil
}

func (x *Assess) checkLoss() error {
	x.Currency = strings.ToUpper(strings.TrimSpace(x.Currency))
	if x.LossLow == 0 && x.LossLikely == 0 && x.LossHigh == 0 {
		x.Currency = ""
		return nil
	}
	switch {
	case len(x.Currency) != 3 || strings.Trim(x.Currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "":
		return register.Bad("currency", "%q is no currency", x.Currency).WithHint("three letters, such as EUR")
	case x.LossLow < 0 || x.LossLow > x.LossLikely || x.LossLikely > x.LossHigh:
		return register.Bad("loss_low", "a loss goes from low over likely to high, and these do not")
	}
	return nil
}

// Fold rates it.
func (x *Assess) Fold(r *Risk, m Made) {
	n := Rating{Likelihood: x.Likelihood, Magnitude: x.Magnitude, Because: x.Because, Controls: x.Controls, Stood: x.Stood, Made: m}
	if x.LossHigh > 0 {
		n.Loss = &Loss{x.Currency, x.LossLow, x.LossLikely, x.LossHigh}
	}
	if x.Side == "inherent" {
		n.Version = len(r.Inherent) + 1
		r.Inherent = append(r.Inherent, n)
	} else {
		n.Version = len(r.Residual) + 1
		r.Residual = append(r.Residual, n)
	}
	for i := range r.Acceptances {
		if a := &r.Acceptances[i]; a.void == "" && r.Rated().Score() > a.Score {
			r.outgrow(m, fmt.Sprintf("it was rated %d, and %d was accepted", r.Rated().Score(), a.Score))
		}
	}
	r.looked(m)
}

// Say says it.
func (x *Assess) Say() string {
	return fmt.Sprintf("Rated %s: likelihood %d, magnitude %d, together %d", map[string]string{"inherent": "without controls", "residual": "after controls"}[x.Side], x.Likelihood, x.Magnitude, x.Likelihood*x.Magnitude)
}

// Respond decides what is done about a risk.
type Respond struct {
	Response
}

// Kind is answered.
func (*Respond) Kind() string { return "answered" }

// Action is editing.
func (*Respond) Action() access.Action { return access.RiskEdit }

// Check asks for a rating first.
func (x *Respond) Check(r *Risk, _ *register.Checking, _ World) error {
	x.Made = Made{}
	if err := register.FirstOf(r.open(), register.OneOf(&x.Response.Response, "response", "the response", Responses()...), register.Text(&x.Plan, "plan", "how, to whom, or why", 10, 3000)); err != nil {
		return err
	}
	if len(r.Inherent) == 0 {
		return fault.New(fault.Conflict, "%s is not rated yet", r.Ref).WithHint("rate it without controls first")
	}
	return nil
}

// Fold decides it.
func (x *Respond) Fold(r *Risk, m Made) {
	n := x.Response
	n.Made = m
	r.Response = &n
}

// Say says it.
func (x *Respond) Say() string {
	return map[string]string{"mitigate": "To be mitigated", "accept": "To be accepted", "transfer": "To be transferred", "avoid": "To be avoided"}[x.Response.Response] + ": " + x.Plan
}

// Look says that somebody looked at a risk and its ratings still hold.
type Look struct {
	Looked string `json:"looked" doc:"What was looked at, and why its ratings still hold." maxLength:"2000"`
}

// Kind is reviewed.
func (*Look) Kind() string { return "reviewed" }

// Action is editing.
func (*Look) Action() access.Action { return access.RiskEdit }

// Check asks for a rating first.
func (x *Look) Check(r *Risk, _ *register.Checking, _ World) error {
	if err := register.FirstOf(r.open(), register.Text(&x.Looked, "looked", "what was looked at, and why its ratings still hold", 10, 2000)); err != nil {
		return err
	}
	if r.Rated() == nil {
		return fault.New(fault.Conflict, "%s is not rated yet", r.Ref).WithHint("rate it; there is nothing that could still hold")
	}
	return nil
}

// Fold records the look.
func (x *Look) Fold(r *Risk, m Made) {
	r.Reviews = append(r.Reviews, Review{x.Looked, m})
	r.looked(m)
}

// Say says it.
func (x *Look) Say() string { return "Looked at, its ratings hold: “" + x.Looked + "”" }

// Close says that a risk is gone.
type Close struct {
	Why string `json:"why" doc:"What made it go." maxLength:"1000"`
}

// Kind is closed.
func (*Close) Kind() string { return "closed" }

// Action is approving: who enters risks does not make them vanish.
func (*Close) Action() access.Action { return access.RiskApprove }

// Check asks why.
func (x *Close) Check(r *Risk, _ *register.Checking, _ World) error {
	return register.FirstOf(r.open(), register.Text(&x.Why, "why", "what made it go", 10, 1000))
}

// Fold closes it.
func (x *Close) Fold(r *Risk, m Made) {
	r.Closed = &Review{x.Why, m}
	r.spans[len(r.spans)-1].to = m.Day
	r.outgrow(m, "the risk was closed")
}

// Say says it.
func (x *Close) Say() string { return "Closed: “" + x.Why + "”" }

// Reopen says that a risk is there again.
type Reopen struct {
	Why string `json:"why" doc:"What brought it back." maxLength:"1000"`
}

// Kind is reopened.
func (*Reopen) Kind() string { return "reopened" }

// Action is editing.
func (*Reopen) Action() access.Action { return access.RiskEdit }

// Check asks why.
func (x *Reopen) Check(r *Risk, _ *register.Checking, w World) error {
	if r.Open() {
		return fault.New(fault.Conflict, "%s is open", r.Ref)
	}
	if ref := w.Taken[r.Library]; r.Library != "" && ref != "" {
		return fault.New(fault.Conflict, "%s was taken from the same scenario since", ref)
	}
	return register.Text(&x.Why, "why", "what brought it back", 10, 1000)
}

// Fold opens it again.
func (x *Reopen) Fold(r *Risk, m Made) {
	r.Closed = nil
	r.spans = append(r.spans, span{from: m.Day})
}

// Say says it.
func (x *Reopen) Say() string { return "Opened again: “" + x.Why + "”" }
