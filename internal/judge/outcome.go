package judge

import "github.com/attesta/attesta/internal/facts"

// Outcome is what a judgement says about one item.
type Outcome string

// The six outcomes. Waived is never judged: it is a fail that an approved
// waiver covers, set by whoever keeps waivers.
const (
	Pass          Outcome = "pass"
	Fail          Outcome = "fail"
	Error         Outcome = "error"          // the evidence could not be read
	NotObserved   Outcome = "not_observed"   // the evidence did not arrive
	NotApplicable Outcome = "not_applicable" // what the check is about is not there
	Waived        Outcome = "waived"
)

// Outcomes gives the six in the order in which people care about them.
func Outcomes() []Outcome {
	return []Outcome{Fail, Waived, Error, NotObserved, NotApplicable, Pass}
}

// ParseOutcome gives the outcome of that name.
func ParseOutcome(s string) (Outcome, bool) {
	for _, o := range Outcomes() {
		if string(o) == s {
			return o, true
		}
	}
	return "", false
}

// Words gives the outcome as people read it: "not observed".
func (o Outcome) Words() string {
	switch o {
	case NotObserved:
		return "not observed"
	case NotApplicable:
		return "not applicable"
	}
	return string(o)
}

// Worst gives the outcome of several attributes together: the first of fail,
// waived, error, not_observed that occurs; pass when at least one passed;
// not_applicable when none could. No outcome at all is not_observed.
func Worst(outcomes ...Outcome) Outcome {
	for _, o := range []Outcome{Fail, Waived, Error, NotObserved, Pass, NotApplicable} {
		for _, got := range outcomes {
			if got == o {
				return o
			}
		}
	}
	return NotObserved
}

// outcomeOf says which outcome a missing fact leads to.
func outcomeOf(s facts.State) Outcome {
	switch s {
	case facts.Absent:
		return NotApplicable
	case facts.NotObserved:
		return NotObserved
	}
	return Error // facts.Error, and any state that is not known here
}

// Result is one judgement.
type Result struct {
	Outcome  Outcome  `json:"outcome"`
	Reason   string   `json:"reason,omitempty"`   // plain words; empty only for pass
	Observed string   `json:"observed,omitempty"` // compact JSON of what was read, at most 1 KB
	Expected string   `json:"expected,omitempty"` // plain words
	Reads    []string `json:"reads,omitempty"`    // JSON Pointers, section first; shared, not to be changed
}

// Item is one member of a population: its sections by name. A section that is
// nil or not there was never received. The values are only read.
type Item struct {
	Sections map[string]*facts.Decoded
}
