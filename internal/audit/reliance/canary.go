package reliance

import (
	"encoding/json"
	"fmt"
	"sync"

	"github.com/attesta/attesta/internal/facts"
	"github.com/attesta/attesta/internal/judge"
)

// The canary: one host that does not exist, on which root may log in by SSH with a
// password, judged by an expression that such a host must fail.
const (
	CanaryItem   = "canary"
	CanaryExpect = `sshd.effective.permitrootlogin == "no"`
	canaryFacts  = `{"installed":true,"effective":{"permitrootlogin":"yes"}}`
)

// canaryAttribute compiles it against the registry of facts that hosts are
// judged with.
var canaryAttribute = sync.OnceValues(func() (*judge.Attribute, error) {
	return judge.NewSchema(facts.Registry()).Compile("hosts", CanaryExpect, nil)
})

// Canary is what the known-failing item gave.
type Canary struct {
	Outcome judge.Outcome `json:"outcome"`
	Reason  string        `json:"reason"`
	Digest  string        `json:"check_digest"` // of the compiled check, with the judge's version
}

// Sound reports whether it failed, as it must.
func (c Canary) Sound() bool { return c.Outcome == judge.Fail }

// JudgeCanary judges the known-failing item, afresh each time. Where it cannot be
// judged at all the outcome is error.
func JudgeCanary() Canary { return judgeCanary(canaryFacts) }

func judgeCanary(values string) Canary {
	a, err := canaryAttribute()
	if err != nil {
		return Canary{Outcome: judge.Error, Reason: fmt.Sprintf("the canary's check cannot be compiled: %v", err)}
	}
	decoded, err := facts.Decode(facts.Section{Name: "sshd", Registry: facts.Registry().Version, Values: json.RawMessage(values)})
	if err != nil {
		return Canary{Outcome: judge.Error, Reason: fmt.Sprintf("the canary's facts cannot be read: %v", err), Digest: a.Digest()}
	}
	r := a.Judge(judge.Item{Sections: map[string]*facts.Decoded{"sshd": &decoded}})
	return Canary{Outcome: r.Outcome, Reason: r.Reason, Digest: a.Digest()}
}
