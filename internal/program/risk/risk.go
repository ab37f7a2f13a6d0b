package risk

import (
	"slices"

	"github.com/attesta/attesta/internal/program/register"
)

// Profile is what a risk is.
type Profile struct {
	Title     string   `json:"title" maxLength:"160"`
	Scenario  string   `json:"scenario" doc:"Who or what, by which way, with which result." maxLength:"3000"`
	Category  string   `json:"category" doc:"Where it comes from: see risks.scale."`
	Threatens []string `json:"threatens,omitempty" doc:"Ids of the scope's commitments: sc-1."`
	Criteria  []string `json:"criteria" doc:"Criteria that answer it: CC6.1."`
	Owner     string   `json:"owner,omitempty" doc:"Who answers for it: a login or usr_…; who records it, when absent." maxLength:"120"`
}

// Responses gives what can be done about a risk.
func Responses() []string { return []string{"mitigate", "accept", "transfer", "avoid"} }

// Response is what is done about a risk.
type Response struct {
	Response string `json:"response" enum:"mitigate,accept,transfer,avoid"`
	Plan     string `json:"plan" doc:"How, to whom it is transferred, or why it is accepted." maxLength:"3000"`
	Made     Made   `json:"made" readOnly:"true"`
}

// Review says that somebody looked at a risk and its ratings still hold.
type Review struct {
	Looked string `json:"looked"`
	Made   Made   `json:"made"`
}

// Signed is a decision on an acceptance.
type Signed struct {
	Note         string `json:"note,omitempty"`
	Compensation string `json:"compensation,omitempty"` // what stood in for a second person
	Made         Made   `json:"made"`
}

// Acceptance is a risk taken as it is, until a day.
type Acceptance struct {
	Number  int     `json:"number"` // from 1, of the risk
	Asked   Made    `json:"asked"`
	Until   Day     `json:"until"` // its last day
	Reason  string  `json:"reason"`
	Text    string  `json:"text"`   // frozen: what is signed
	Digest  string  `json:"digest"` // SHA-256 of the text, which is in the ledger
	Score   int     `json:"score"`  // that is accepted
	Signed  *Signed `json:"signed,omitempty"`
	Refused *Signed `json:"refused,omitempty"`
	Ended   *Signed `json:"ended,omitempty"`
	void    string  // why it holds no more though nobody ended it
	voidOn  Day
}

// Risk is what the records of a risk come to.
type Risk struct {
	register.Head
	Library     string       `json:"library,omitempty"` // id of the catalogue's scenario that it was taken from
	Profile     Profile      `json:"profile"`
	Inherent    []Rating     `json:"inherent"`
	Residual    []Rating     `json:"residual"`
	Response    *Response    `json:"response,omitempty"`
	Acceptances []Acceptance `json:"acceptances"`
	Reviews     []Review     `json:"reviews"`
	Closed      *Review      `json:"closed,omitempty"` // with why
	spans       []span       // in which it stood open
	looks       []look       // at which somebody looked at it
}

type span struct{ from, to Day } // to: "" where it is open

type look struct {
	day   Day
	by    string
	score int // that counted, by ratings alone
}

// Open reports whether it stands.
func (r *Risk) Open() bool { return r.Closed == nil }

// State is the state of the register.
func (r *Risk) State() string {
	if r.Open() {
		return "open"
	}
	return "closed"
}

// Rated is the newest rating by which it is looked at: what is left, or else what
// it is without controls. nil where there is none.
func (r *Risk) Rated() *Rating {
	if left := last(r.Residual); left != nil {
		return left
	}
	return last(r.Inherent)
}

func (r *Risk) looked(m Made) {
	r.looks = append(r.looks, look{m.Day, m.By, r.Rated().Score()})
}

// State of an acceptance on a day: waits, in_force, lapsed, outgrown, refused, ended.
func (a *Acceptance) State(on Day) string {
	switch {
	case a.Refused != nil:
		return "refused"
	case a.Ended != nil:
		return "ended"
	case a.void != "":
		return "outgrown"
	case on > a.Until:
		return "lapsed"
	case a.Signed == nil:
		return "waits"
	}
	return "in_force"
}

// AcceptanceWords gives the state of an acceptance as people read it.
func AcceptanceWords(state string) string {
	switch state {
	case "waits":
		return "waits for a signature"
	case "in_force":
		return "in force"
	case "outgrown":
		return "holds no more: the risk changed"
	}
	return state
}

// Void says why an acceptance holds no more though nobody ended it, and since when.
func (a *Acceptance) Void() (why string, since Day) { return a.void, a.voidOn }

// Accepted gives the acceptance that is in force on a day; nil where none is.
func (r *Risk) Accepted(on Day) *Acceptance {
	for i := range r.Acceptances {
		if r.Acceptances[i].State(on) == "in_force" {
			return &r.Acceptances[i]
		}
	}
	return nil
}

// Waiting gives the acceptance that waits for a signature; nil where none does.
func (r *Risk) Waiting(on Day) *Acceptance {
	for i := range r.Acceptances {
		if r.Acceptances[i].State(on) == "waits" {
			return &r.Acceptances[i]
		}
	}
	return nil
}

// outgrow ends what was accepted or asked of another risk than this one now is.
func (r *Risk) outgrow(m Made, why string) {
	for i := range r.Acceptances {
		a := &r.Acceptances[i]
		if a.void == "" && a.Refused == nil && a.Ended == nil && a.Until >= m.Day {
			a.void, a.voidOn = why, m.Day
		}
	}
}

// Due is one date by which a risk was to be looked at.
type Due struct {
	Day    Day    `json:"day"`
	Done   Day    `json:"done,omitempty"`
	By     string `json:"by,omitempty"`
	Score  int    `json:"score"`            // by which the date was set
	Closed bool   `json:"closed,omitempty"` // the risk was closed before the day
}

// firstLook is within how many days of its entry a risk is rated.
const firstLook = 30

// Dues gives every date by which it was, or is, to be looked at: first within 30
// days of its entry, then as long after each look as its band allows. Looks of one
// day are one.
func (r *Risk) Dues(s *Scale) []Due {
	out := []Due{{Day: r.Begun.Day.Add(0, firstLook)}}
	for i, l := range r.looks {
		if i+1 < len(r.looks) && r.looks[i+1].day == l.day {
			continue
		}
		d := &out[len(out)-1]
		d.Done, d.By = l.day, l.by
		out = append(out, Due{Day: l.day.Add(s.Band(max(1, l.score)).Months, 0), Score: l.score})
	}
	if d := &out[len(out)-1]; r.Closed != nil && r.Closed.Made.Day <= d.Day {
		d.Closed = true
	}
	return out
}

// ReviewDue is the date by which it is to be looked at next; "" where it is closed.
func (r *Risk) ReviewDue(s *Scale) Day {
	if !r.Open() {
		return ""
	}
	dues := r.Dues(s)
	return dues[len(dues)-1].Day
}

// LookedSince reports whether somebody looked at it on a day or later.
func (r *Risk) LookedSince(day Day) bool {
	return slices.ContainsFunc(r.looks, func(l look) bool { return l.day >= day })
}

// Noun is the noun of risks.
func Noun() register.Noun[Risk, World] {
	return register.Noun[Risk, World]{Name: "risk", Mark: "R", ID: "rsk", Head: func(r *Risk) *register.Head { return &r.Head }, Begin: "identified",
		Changes: []func() register.Change[Risk, World]{
			func() register.Change[Risk, World] { return &Identify{} }, func() register.Change[Risk, World] { return &Describe{} }, func() register.Change[Risk, World] { return &Assess{} },
			func() register.Change[Risk, World] { return &Respond{} }, func() register.Change[Risk, World] { return &Look{} },
			func() register.Change[Risk, World] { return &AskAcceptance{} }, func() register.Change[Risk, World] { return &SignAcceptance{} }, func() register.Change[Risk, World] { return &RefuseAcceptance{} },
			func() register.Change[Risk, World] { return &EndAcceptance{} }, func() register.Change[Risk, World] { return &Close{} }, func() register.Change[Risk, World] { return &Reopen{} },
		}}
}
