// Package sca reads a policy of Wazuh's Security Configuration Assessment (one
// YAML file) and writes a standard of ours from it: a pack directory.
//
// Serves C7.1a: an organisation that already has such policies keeps them.
//
// Invariants:
//   - No command of a policy is ever run. What a rule asks of a command's output
//     or a file's line is asked of the facts that the agent reads anyway.
//   - A check is translated whole or not at all. One rule without a counterpart
//     keeps its check out of the judged ones; it is listed in untranslated.yaml
//     with file, line and reason, so nothing is dropped and nothing turns green.
//   - The fixtures of a translated check are judged twice, apart: the policy's
//     own rules over the text that the facts stand for say what must come out,
//     and the pack's lint holds the expression against that.
//   - Where facts say more or less than the text that the rule looks at, the
//     report says in what.
//   - Any bytes are accepted; mistakes come all at once, with line and hint.
//
// Floor: edges.
package sca

import (
	"fmt"
	"strings"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/pack"
)

// MaxBytes is how large a policy may be.
const MaxBytes = 4 << 20

// Limits of one policy.
const (
	maxChecks = 2_000
	maxRules  = 100 // of one check
	maxRule   = 4 << 10
)

// Policy is what one file says.
type Policy struct {
	File         string
	ID           string
	Name         string
	Description  string
	PCRE2        bool // regex_type: pcre2; else Wazuh's own expressions
	Requirements *Check
	Checks       []Check
}

// Check is one check of a policy; also its requirements.
type Check struct {
	ID          string
	Line        int
	Title       string
	Description string
	Rationale   string
	Remediation string
	Condition   string // all, any, none
	Rules       []Rule
}

// Rule is one rule, taken apart.
type Rule struct {
	Raw    string
	Line   int
	Not    bool
	Kind   byte // f, d, p, c, r
	Target string
	Inner  string // of a directory: the name of the files that are looked into
	Tests  []Test // on one line; none: existence
}

// Test is one test on a line.
type Test struct {
	Not    bool
	Kind   byte // 'l' whole line, 'r' expression, 'n' number
	Text   string
	Op     string
	Number int64
}

var prefixes = map[string]string{"f": "a file", "d": "a directory", "p": "a process", "c": "a command", "r": "a registry key"}

// ParseRule takes one rule apart; variables are put in already.
func ParseRule(raw string) (Rule, *fault.Error) {
	r := Rule{Raw: raw}
	text := strings.TrimSpace(raw)
	if len(text) > maxRule {
		return r, fault.New(fault.Invalid, "is longer than %d bytes", maxRule).WithHint("split the rule")
	}
	if rest, ok := strings.CutPrefix(text, "not "); ok {
		r.Not, text = true, strings.TrimSpace(rest)
	}
	prefix, rest, ok := strings.Cut(text, ":")
	if !ok || prefixes[prefix] == "" {
		return r, fault.New(fault.Invalid, "the rule %q starts with no known kind", short(raw)).
			WithHint("start with f: (file), d: (directory), p: (process), c: (command) or r: (registry), after an optional not")
	}
	r.Kind = prefix[0]
	parts := strings.Split(rest, " -> ")
	r.Target = strings.TrimSpace(parts[0])
	if r.Target == "" {
		return r, fault.New(fault.Invalid, "the rule %q names nothing to look at", short(raw)).WithHint("write %s after %s:", prefixes[prefix], prefix)
	}
	switch n := len(parts); {
	case n == 1:
		if r.Kind == 'c' {
			return r, fault.New(fault.Invalid, "the rule %q asks nothing of the command's output", short(raw)).WithHint("add -> and what the output must hold, with spaces around ->")
		}
		return r, nil
	case n == 3 && (r.Kind == 'd' || r.Kind == 'r'):
		r.Inner = strings.TrimSpace(parts[1])
	case n > 2:
		return r, fault.New(fault.Invalid, "the rule %q has more than one ->", short(raw)).WithHint("only d: and r: rules take two")
	case r.Kind == 'p':
		return r, fault.New(fault.Invalid, "the rule %q asks something of a process", short(raw)).WithHint("p: rules only ask whether it runs; leave out what follows ->")
	}
	for part := range strings.SplitSeq(parts[len(parts)-1], " && ") {
		t, err := parseTest(strings.TrimSpace(part))
		if err != nil {
			return r, err
		}
		r.Tests = append(r.Tests, t)
	}
	return r, nil
}

func parseTest(text string) (Test, *fault.Error) {
	t := Test{Kind: 'l', Text: text}
	if rest, ok := strings.CutPrefix(text, "!"); ok {
		t.Not, t.Text = true, rest
	}
	if rest, ok := strings.CutPrefix(t.Text, "r:"); ok {
		t.Kind, t.Text = 'r', rest
	} else if rest, ok := strings.CutPrefix(t.Text, "n:"); ok {
		t.Kind = 'n'
		pattern, compare, found := strings.Cut(rest, " compare ")
		var op string
		var n int64
		if _, err := fmt.Sscanf(compare, "%s %d", &op, &n); !found || err != nil || strings.TrimSpace(compare) != fmt.Sprintf("%s %d", op, n) {
			return t, fault.New(fault.Invalid, "the comparison %q cannot be read", short(text)).WithHint(`write n:EXPRESSION(\d+) compare <= 4`)
		}
		switch op {
		case "<", "<=", "==", "!=", ">=", ">":
		default:
			return t, fault.New(fault.Invalid, "%q is no comparison", op).WithHint("use <, <=, ==, !=, >= or >")
		}
		t.Text, t.Op, t.Number = pattern, op, n
	}
	if t.Text == "" {
		return t, fault.New(fault.Invalid, "a test is empty").WithHint("write the line, r:EXPRESSION or n:EXPRESSION compare <= 4")
	}
	return t, nil
}

func short(s string) string {
	if r := []rune(s); len(r) > 80 {
		return string(r[:80]) + "…"
	}
	return s
}

// Report says what became of a policy.
type Report struct {
	Policy       string   `json:"policy"`
	File         string   `json:"file"`
	Checks       int      `json:"checks"`
	Mapped       int      `json:"mapped"` // checks that are judged
	Partly       int      `json:"partly"` // checks of which some rules have a counterpart; not judged
	Not          int      `json:"not"`    // checks of which no rule has one; not judged
	Rules        int      `json:"rules"`  // of checks
	RulesMapped  int      `json:"rules_mapped"`
	Requirements string   `json:"requirements"` // what became of them, in words
	Where        string   `json:"where"`
	Notes        []Remark `json:"notes"`    // in what a judged check differs from its rule
	Unmapped     []Remark `json:"unmapped"` // rules without counterpart
}

// Remark is about one rule.
type Remark struct {
	Check string `json:"check"`
	Line  int    `json:"line"`
	Rule  string `json:"rule"`
	Text  string `json:"text"`
}

// Result is what an import gives.
type Result struct {
	Files  map[string][]byte // of the pack, by path
	Report Report
}

// Import reads a policy and translates it. Mistakes of the policy are
// pack.Errors.
func Import(name string, data []byte) (Result, error) {
	p, err := Parse(name, data)
	if err != nil {
		return Result{}, err
	}
	return translate(p)
}

// faults collects mistakes of one file.
type faults struct {
	file string
	list pack.Errors
}

func (f *faults) add(line int, field string, e *fault.Error) {
	if len(f.list) < 200 {
		f.list = append(f.list, e.At(f.file, line, field))
	}
}
