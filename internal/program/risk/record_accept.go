package risk

import (
	"fmt"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/register"
)

// longestAcceptance is how many months ahead a risk can be accepted.
const longestAcceptance = 12

// AskAcceptance asks that a risk be taken as it is, until a day. The text that is
// signed is made here and does not change.
type AskAcceptance struct {
	Until  Day    `json:"until" doc:"Its last day, at most a year ahead."`
	Reason string `json:"reason" doc:"Why it is taken as it is." maxLength:"2000"`
	Beside string `json:"beside" doc:"What is done meanwhile so that it does not grow." maxLength:"2000"`
	Score  int    `json:"score" readOnly:"true"`
	Text   string `json:"text" readOnly:"true"`
}

// Kind is acceptance_asked.
func (*AskAcceptance) Kind() string { return "acceptance_asked" }

// Action is editing.
func (*AskAcceptance) Action() access.Action { return access.RiskEdit }

// Frozen is the text that is signed.
func (x *AskAcceptance) Frozen() string { return x.Text }

// Check writes the text.
func (x *AskAcceptance) Check(r *Risk, c *register.Checking, w World) error {
	err := register.FirstOf(r.open(), x.Until.Check("until", "until when it is accepted", true), register.Text(&x.Reason, "reason", "why it is taken as it is", 20, 2000), register.Text(&x.Beside, "beside", "what is done meanwhile", 5, 2000))
	if err != nil {
		return err
	}
	switch {
	case r.Rated() == nil:
		return fault.New(fault.Conflict, "%s is not rated yet", r.Ref).WithHint("nobody accepts what nobody knows the size of")
	case x.Until <= c.Today:
		return register.Bad("until", "%s is not ahead", x.Until)
	case x.Until > c.Today.Add(longestAcceptance, 0):
		return register.Bad("until", "%s is more than %d months ahead", x.Until, longestAcceptance).WithHint("accept it for a shorter time; it can be accepted anew then")
	case r.Waiting(c.Today) != nil:
		return fault.New(fault.Conflict, "an acceptance of %s waits for a signature already", r.Ref)
	}
	now, err := w.Standing()
	if err != nil {
		return err
	}
	e := r.Exposure(now)
	x.Score = e.Score
	x.Text = acceptanceText(r, e, w, c.Today, x)
	return nil
}

// acceptanceText is what is signed: all that a reader needs, without the register.
func acceptanceText(r *Risk, e Exposure, w World, today Day, x *AskAcceptance) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("Acceptance of the risk %s: %s", r.Ref, r.Profile.Title)
	line("Written on %s. It holds until %s and then lapses by itself.", today, x.Until)
	line("")
	line("The risk: %s", strings.Join(strings.Fields(r.Profile.Scenario), " "))
	for _, id := range r.Profile.Threatens {
		line("It threatens the commitment %s: %s", id, w.Promises[id])
	}
	line("")
	rate := func(of string, n *Rating) {
		if n != nil {
			line("%s: likelihood %d (%s), magnitude %d (%s), together %d of %d. %s", of, n.Likelihood, w.Scale.Likelihood[n.Likelihood-1].Title, n.Magnitude, w.Scale.Magnitude[n.Magnitude-1].Title, n.Score(), w.Scale.Most(), strings.Join(strings.Fields(n.Because), " "))
			if n.Loss != nil {
				line("A loss of one event: %s.", n.Loss.Words())
			}
		}
	}
	rate("Without controls", last(r.Inherent))
	rate("After controls", last(r.Residual))
	for _, l := range e.Leans {
		line("It leans on %s, which on that day had the status: %s.", l.Control, statusWords(l.Status))
	}
	line("What counts is %d: %s.", e.Score, e.Why)
	if limit, set := w.Appetite.Limit(r.Profile.Category); set {
		line("The appetite for risks of the category %s is %d (version %d).", r.Profile.Category, limit, w.Appetite.Holds())
	} else {
		line("No appetite is set for risks of the category %s.", r.Profile.Category)
	}
	line("")
	line("Why it is taken as it is: %s", x.Reason)
	line("Done meanwhile: %s", x.Beside)
	return strings.TrimRight(b.String(), "\n")
}

// Fold adds the request.
func (x *AskAcceptance) Fold(r *Risk, m Made) {
	r.Acceptances = append(r.Acceptances, Acceptance{Number: len(r.Acceptances) + 1, Asked: m, Until: x.Until, Reason: x.Reason, Text: x.Text, Digest: register.Digest(x.Text), Score: x.Score})
}

// Say says it.
func (x *AskAcceptance) Say() string { return "Acceptance asked for, until " + string(x.Until) }

// SignAcceptance accepts a risk as a text that somebody else wrote says.
type SignAcceptance struct {
	Digest       string `json:"digest" doc:"SHA-256 of the text that is signed, as the risk shows it: what was read is what is signed."`
	Note         string `json:"note,omitempty" maxLength:"1000"`
	Compensation string `json:"compensation,omitempty" doc:"Where nobody else could sign: what stands in for a second person." maxLength:"1000"`
}

// Kind is accepted.
func (*SignAcceptance) Kind() string { return "accepted" }

// Action is approving.
func (*SignAcceptance) Action() access.Action { return access.RiskApprove }

// Check holds that another person signs what they read.
func (x *SignAcceptance) Check(r *Risk, c *register.Checking, _ World) error {
	a := r.Waiting(c.Today)
	if a == nil {
		return fault.New(fault.Conflict, "no acceptance of %s waits for a signature", r.Ref)
	}
	if err := register.Text(&x.Note, "note", "the note", 0, 1000); err != nil {
		return err
	}
	if x.Digest = strings.TrimSpace(x.Digest); x.Digest != a.Digest {
		return fault.New(fault.Conflict, "another text waits for a signature than the one that was read").WithHint("read it again")
	}
	var err error
	x.Compensation, err = c.Second(a.Asked.By, access.RiskApprove, x.Compensation)
	return err
}

// Fold signs the one that waits; an earlier one ends with it.
func (x *SignAcceptance) Fold(r *Risk, m Made) {
	now := r.Waiting(m.Day)
	for i := range r.Acceptances {
		if a := &r.Acceptances[i]; a != now && a.State(m.Day) == "in_force" {
			a.Ended = &Signed{Note: "a later one took its place", Made: m}
		}
	}
	if now != nil {
		now.Signed = &Signed{x.Note, x.Compensation, m}
	}
}

// Say says it.
func (x *SignAcceptance) Say() string {
	if x.Note != "" {
		return "Accepted: “" + x.Note + "”"
	}
	return "Accepted"
}

// RefuseAcceptance refuses to accept a risk.
type RefuseAcceptance struct {
	Note string `json:"note" doc:"Why not, and what is to be done instead." maxLength:"1000"`
}

// Kind is acceptance_refused.
func (*RefuseAcceptance) Kind() string { return "acceptance_refused" }

// Action is approving.
func (*RefuseAcceptance) Action() access.Action { return access.RiskApprove }

// Check asks why.
func (x *RefuseAcceptance) Check(r *Risk, c *register.Checking, _ World) error {
	if r.Waiting(c.Today) == nil {
		return fault.New(fault.Conflict, "no acceptance of %s waits for a signature", r.Ref)
	}
	return register.Text(&x.Note, "note", "why not, and what is to be done instead", 5, 1000)
}

// Fold refuses it.
func (x *RefuseAcceptance) Fold(r *Risk, m Made) {
	if a := r.Waiting(m.Day); a != nil {
		a.Refused = &Signed{Note: x.Note, Made: m}
	}
}

// Say says it.
func (x *RefuseAcceptance) Say() string { return "Acceptance refused: “" + x.Note + "”" }

// EndAcceptance ends an acceptance before its day, or takes a request back.
type EndAcceptance struct {
	Note string `json:"note" doc:"Why it is not needed any more." maxLength:"1000"`
}

// Kind is acceptance_ended.
func (*EndAcceptance) Kind() string { return "acceptance_ended" }

// Action is editing.
func (*EndAcceptance) Action() access.Action { return access.RiskEdit }

// Check asks why.
func (x *EndAcceptance) Check(r *Risk, c *register.Checking, _ World) error {
	if r.Waiting(c.Today) == nil && r.Accepted(c.Today) == nil {
		return fault.New(fault.Conflict, "no acceptance of %s is in force or waits", r.Ref)
	}
	return register.Text(&x.Note, "note", "why it is not needed any more", 5, 1000)
}

// Fold ends what waits, or else what is in force.
func (x *EndAcceptance) Fold(r *Risk, m Made) {
	a := r.Waiting(m.Day)
	if a == nil {
		a = r.Accepted(m.Day)
	}
	if a != nil {
		a.Ended = &Signed{Note: x.Note, Made: m}
	}
}

// Say says it.
func (x *EndAcceptance) Say() string { return "Acceptance ended: “" + x.Note + "”" }
