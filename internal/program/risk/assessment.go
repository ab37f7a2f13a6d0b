package risk

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/program/register"
)

// Answer is what an assessment says to one of its questions.
type Answer struct {
	Topic string   `json:"topic"`
	Text  string   `json:"text"`
	Risks []string `json:"risks"` // R-3, that follow from it; none where the text says why
	Made  Made     `json:"made"`
}

// Assessment is a yearly look at every risk.
type Assessment struct {
	register.Head
	Title        string            `json:"title"`
	Day          Day               `json:"day"`             // it is dated
	Scope        int               `json:"scope"`           // version that held
	Since        Day               `json:"since,omitempty"` // day on which the one before closed
	After        time.Time         `json:"after,omitzero"`  // and the moment
	Participants []string          `json:"participants"`    // names and roles, in words
	Answers      map[string]Answer `json:"answers"`         // by topic
	Closed       *Signed           `json:"closed,omitempty"`
	Conclusion   string            `json:"conclusion,omitempty"`
	Text         string            `json:"text,omitempty"`     // frozen when it closed
	Digest       string            `json:"digest,omitempty"`   // of the text
	Evidence     string            `json:"evidence,omitempty"` // E-12, where it was filed as evidence
	Called       string            `json:"called_off,omitempty"`
}

// State is where it stands: open, closed, called off.
func (a *Assessment) State() string {
	switch {
	case a.Closed != nil:
		return "closed"
	case a.Called != "":
		return "called off"
	}
	return "open"
}

func (a *Assessment) open() error {
	if s := a.State(); s != "open" {
		return fault.New(fault.Conflict, "%s is %s", a.Ref, s).WithHint("begin another one")
	}
	return nil
}

// Missing gives what an assessment still needs before it can close.
func (a *Assessment) Missing(s *Scale, risks []*Risk) []string {
	var out []string
	for _, t := range s.Topics {
		if _, answered := a.Answers[t.ID]; !answered {
			out = append(out, t.Criterion+" is not answered: "+t.Ask)
		}
	}
	open := 0
	for _, r := range risks {
		if !r.Open() {
			continue
		}
		open++
		switch {
		case len(r.Inherent) == 0:
			out = append(out, r.Ref+" is not rated")
		case len(r.Residual) == 0:
			out = append(out, r.Ref+": what is left after controls is not rated")
		case !r.LookedSince(a.Begun.Day):
			out = append(out, r.Ref+" was not looked at since "+string(a.Begun.Day))
		case r.Response == nil:
			out = append(out, r.Ref+": nobody decided what is done about it")
		}
	}
	if open == 0 {
		out = append(out, "no risk is in the register")
	}
	return out
}

// OpenAssessment begins a yearly look.
type OpenAssessment struct {
	Title        string    `json:"title" doc:"Such as: yearly assessment of risks 2026." maxLength:"160"`
	Day          Day       `json:"day" doc:"As of which day."`
	Participants []string  `json:"participants" doc:"Who takes part, with their role: one text each."`
	Scope        int       `json:"scope" readOnly:"true"`
	Since        Day       `json:"since,omitempty" readOnly:"true"`
	After        time.Time `json:"after,omitzero" readOnly:"true"`
}

// Kind is opened.
func (*OpenAssessment) Kind() string { return "opened" }

// Action is editing.
func (*OpenAssessment) Action() access.Action { return access.RiskEdit }

// Check holds it to be the only one that is open.
func (x *OpenAssessment) Check(_ *Assessment, c *register.Checking, w World) error {
	if err := register.FirstOf(register.Line(&x.Title, "title", "what it is called", 4, 160), x.Day.Check("day", "as of which day", true)); err != nil {
		return err
	}
	if x.Day > c.Today {
		return register.Bad("day", "%s is in the future", x.Day)
	}
	if err := participants(&x.Participants); err != nil {
		return err
	}
	all, err := w.Assessed()
	if err != nil {
		return err
	}
	x.Scope, x.Since, x.After = w.Scope, "", time.Time{}
	for _, a := range all {
		if a.State() == "open" {
			return fault.New(fault.Conflict, "%s is open already", a.Ref).WithHint("close it, or call it off, first")
		}
		if a.Closed != nil {
			x.Since, x.After = a.Closed.Made.Day, a.Closed.Made.At
		}
	}
	return nil
}

func participants(list *[]string) error {
	*list = register.Listed(*list)
	switch {
	case len(*list) == 0:
		return register.Bad("participants", "say who takes part, with their role").WithHint("heads of the units that the scope names; one on a line")
	case len(*list) > 60:
		return register.Bad("participants", "%d are named; at most 60 are kept", len(*list))
	}
	for i := range *list {
		if err := register.Line(&(*list)[i], "participants", "who takes part", 2, 160); err != nil {
			return err
		}
	}
	return nil
}

// Fold begins it.
func (x *OpenAssessment) Fold(a *Assessment, m Made) {
	*a = Assessment{Head: a.Head, Title: x.Title, Day: x.Day, Scope: x.Scope, Since: x.Since, After: x.After, Participants: x.Participants, Answers: map[string]Answer{}}
}

// Say says it.
func (x *OpenAssessment) Say() string { return "Begun, as of " + string(x.Day) }

// AnswerTopic answers one of the questions.
type AnswerTopic struct {
	Topic string   `json:"topic" doc:"Id of the question: see risks.scale." maxLength:"40"`
	Text  string   `json:"text" doc:"What was found." maxLength:"4000"`
	Risks []string `json:"risks,omitempty" doc:"Risks that follow: R-3. None where the text says why none does."`
}

// Kind is considered.
func (*AnswerTopic) Kind() string { return "considered" }

// Action is editing.
func (*AnswerTopic) Action() access.Action { return access.RiskEdit }

// Check holds the question and the risks to be there.
func (x *AnswerTopic) Check(a *Assessment, _ *register.Checking, w World) error {
	if err := register.FirstOf(a.open(), register.Text(&x.Text, "text", "what was found", 20, 4000)); err != nil {
		return err
	}
	if _, known := w.Scale.Topic(x.Topic); !known {
		return register.Bad("topic", "there is no question %q", x.Topic)
	}
	risks, err := w.Risks()
	if err != nil {
		return err
	}
	x.Risks = register.Listed(x.Risks)
	for i, ref := range x.Risks {
		x.Risks[i] = strings.ToUpper(ref)
		if !slices.ContainsFunc(risks, func(r *Risk) bool { return r.Ref == x.Risks[i] }) {
			return register.Bad("risks", "there is no risk %s", ref).WithHint("enter it in the register first")
		}
	}
	return nil
}

// Fold answers it; a later answer takes the place of an earlier one.
func (x *AnswerTopic) Fold(a *Assessment, m Made) {
	a.Answers[x.Topic] = Answer{x.Topic, x.Text, x.Risks, m}
}

// Say says it.
func (x *AnswerTopic) Say() string { return "Answered: " + x.Topic }

// Join says who takes part, anew.
type Join struct {
	Participants []string `json:"participants" doc:"All who take part, with their role."`
}

// Kind is joined.
func (*Join) Kind() string { return "joined" }

// Action is editing.
func (*Join) Action() access.Action { return access.RiskEdit }

// Check asks for names.
func (x *Join) Check(a *Assessment, _ *register.Checking, _ World) error {
	return register.FirstOf(a.open(), participants(&x.Participants))
}

// Fold names them.
func (x *Join) Fold(a *Assessment, _ Made) { a.Participants = x.Participants }

// Say says it.
func (x *Join) Say() string {
	return register.Many(len(x.Participants), "person takes part", "people take part")
}

// CallOff ends an assessment without a result.
type CallOff struct {
	Why string `json:"why" maxLength:"1000"`
}

// Kind is called_off.
func (*CallOff) Kind() string { return "called_off" }

// Action is editing.
func (*CallOff) Action() access.Action { return access.RiskEdit }

// Check asks why.
func (x *CallOff) Check(a *Assessment, _ *register.Checking, _ World) error {
	return register.FirstOf(a.open(), register.Text(&x.Why, "why", "why it is called off", 5, 1000))
}

// Fold ends it.
func (x *CallOff) Fold(a *Assessment, _ Made) { a.Called = x.Why }

// Say says it.
func (x *CallOff) Say() string { return "Called off: “" + x.Why + "”" }

// CloseAssessment closes an assessment that somebody else began. What it says is
// frozen.
type CloseAssessment struct {
	Conclusion   string `json:"conclusion" doc:"What management concludes, and what follows." maxLength:"4000"`
	Compensation string `json:"compensation,omitempty" doc:"Where nobody else could close it: what stands in for a second person." maxLength:"1000"`
	Text         string `json:"text" readOnly:"true"`
}

// Kind is closed.
func (*CloseAssessment) Kind() string { return "closed" }

// Action is approving.
func (*CloseAssessment) Action() access.Action { return access.RiskApprove }

// Frozen is the text of the assessment.
func (x *CloseAssessment) Frozen() string { return x.Text }

// Check refuses while something is missing, and writes the text.
func (x *CloseAssessment) Check(a *Assessment, c *register.Checking, w World) error {
	if err := register.FirstOf(a.open(), register.Text(&x.Conclusion, "conclusion", "what management concludes, and what follows", 20, 4000)); err != nil {
		return err
	}
	risks, err := w.Risks()
	if err != nil {
		return err
	}
	if missing := a.Missing(w.Scale, risks); len(missing) > 0 {
		more := ""
		if len(missing) > 1 {
			more = fmt.Sprintf(", and %d more", len(missing)-1)
		}
		return fault.New(fault.Conflict, "%s cannot close: %s%s", a.Ref, missing[0], more).WithHint("its page lists all that is missing")
	}
	if x.Compensation, err = c.Second(a.Begun.By, access.RiskApprove, x.Compensation); err != nil {
		return err
	}
	now, err := w.Standing()
	if err != nil {
		return err
	}
	var since []string
	if w.Since != nil {
		if since, err = w.Since(c.Context(), a.Since); err != nil {
			return err
		}
	}
	x.Text = assessmentText(a, x.Conclusion, Diff(risks, a.After, c.Today), since, risks, now, w)
	return nil
}

// Fold closes it.
func (x *CloseAssessment) Fold(a *Assessment, m Made) {
	a.Closed, a.Conclusion, a.Text, a.Digest = &Signed{Compensation: x.Compensation, Made: m}, x.Conclusion, x.Text, register.Digest(x.Text)
}

// Say says it.
func (x *CloseAssessment) Say() string { return "Closed" }

// Filed says under which number a closed assessment lies among evidence.
type Filed struct {
	Evidence string `json:"evidence" doc:"E-12." maxLength:"20"`
}

// Kind is filed.
func (*Filed) Kind() string { return "filed" }

// Action is adding evidence.
func (*Filed) Action() access.Action { return access.EvidenceAdd }

// Check asks that it be closed.
func (x *Filed) Check(a *Assessment, _ *register.Checking, _ World) error {
	if a.Closed == nil || a.Evidence != "" {
		return fault.New(fault.Conflict, "%s is not closed, or lies among evidence already", a.Ref)
	}
	return register.Line(&x.Evidence, "evidence", "its number among evidence", 3, 20)
}

// Fold records it.
func (x *Filed) Fold(a *Assessment, _ Made) { a.Evidence = x.Evidence }

// Say says it.
func (x *Filed) Say() string { return "Filed as evidence " + x.Evidence }

// AssessmentNoun is the noun of assessments.
func AssessmentNoun() register.Noun[Assessment, World] {
	return register.Noun[Assessment, World]{Name: "assessment", Mark: "RY", ID: "ras", Head: func(a *Assessment) *register.Head { return &a.Head }, Begin: "opened",
		Changes: []func() register.Change[Assessment, World]{
			func() register.Change[Assessment, World] { return &OpenAssessment{} }, func() register.Change[Assessment, World] { return &AnswerTopic{} }, func() register.Change[Assessment, World] { return &Join{} },
			func() register.Change[Assessment, World] { return &CallOff{} }, func() register.Change[Assessment, World] { return &CloseAssessment{} }, func() register.Change[Assessment, World] { return &Filed{} },
		}}
}
