package policy

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/fault"
)

// Proof is what a statement of a text is proved by. It stands at the end of the
// statement's line, after its words: {proof: access-reviewed linux-server/sshd-root-login}.
// A name with a slash is a check, one without a control.
type Proof struct {
	Line      int      `json:"line"` // of the text, from 1
	Statement string   `json:"statement"`
	Controls  []string `json:"controls,omitempty"`
	Checks    []string `json:"checks,omitempty"`
}

var (
	proofMark = regexp.MustCompile(`\s*\{proof:([^{}\n]*)\}`)
	listMark  = regexp.MustCompile(`^\s*(?:[-*+]|\d{1,9}[.)])\s+`)
	checkName = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*/[a-z0-9]+(-[a-z0-9]+)*$`)
)

// Proofs gives what the statements of a text are proved by, in reading order. A
// mark that cannot be read is a fault with its line.
func Proofs(text string) ([]Proof, error) {
	var out []Proof
	for i, line := range strings.Split(text, "\n") {
		marks := proofMark.FindAllStringSubmatch(line, -1)
		if len(marks) == 0 {
			continue
		}
		p := Proof{Line: i + 1, Statement: strings.TrimSpace(listMark.ReplaceAllString(proofMark.ReplaceAllString(line, ""), ""))}
		wrong := func(format string, args ...any) error {
			return fault.New(fault.Invalid, format, args...).At("", i+1, "text").
				WithHint("write {proof: control-slug pack/check} at the end of a statement, names apart by spaces")
		}
		if p.Statement == "" {
			return nil, wrong("line %d: a proof stands alone; it belongs to the end of a statement", i+1)
		}
		for _, m := range marks {
			names := strings.FieldsFunc(m[1], func(r rune) bool { return r == ' ' || r == ',' || r == '\t' })
			if len(names) == 0 {
				return nil, wrong("line %d: a proof names nothing", i+1)
			}
			for _, name := range names {
				switch {
				case checkName.MatchString(name) && !slices.Contains(p.Checks, name):
					p.Checks = append(p.Checks, name)
				case slug.MatchString(name) && !slices.Contains(p.Controls, name):
					p.Controls = append(p.Controls, name)
				case !checkName.MatchString(name) && !slug.MatchString(name):
					return nil, wrong("line %d: %.60q is no name of a control or check", i+1, name)
				}
			}
		}
		out = append(out, p)
	}
	return out, nil
}

// Reading gives the text without its proofs, as people read it.
func Reading(text string) string { return proofMark.ReplaceAllString(text, "") }

// mark writes a statement's proofs behind it.
func mark(s Statement) string {
	names := slices.Concat(s.Controls, s.Checks)
	if len(names) == 0 {
		return ""
	}
	return " {proof: " + strings.Join(names, " ") + "}"
}

// ParseQuestions reads questions as people write them: a line that begins with
// "?" asks, "-" is an answer, "+" the right one, "!" says why. A mistake is a
// fault of the field "questions" with its line.
func ParseQuestions(text string) ([]Question, error) {
	out := []Question{}
	for i, line := range strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n") {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		said := strings.TrimSpace(line[1:])
		last := len(out) - 1
		wrong := func(format string, args ...any) *fault.Error {
			return fault.New(fault.Invalid, "line %d: "+format, append([]any{i + 1}, args...)...).At("", i+1, "questions").
				WithHint("a question begins with ?, an answer with -, the right answer with +, why it is right with !")
		}
		if line[0] != '?' && last < 0 {
			return nil, wrong("the first line is no question")
		}
		switch line[0] {
		case '?':
			out = append(out, Question{Ask: said})
		case '-':
			out[last].Answers = append(out[last].Answers, said)
		case '+':
			if out[last].Right != 0 {
				return nil, wrong("two answers are marked as right")
			}
			out[last].Answers = append(out[last].Answers, said)
			out[last].Right = len(out[last].Answers)
		case '!':
			if out[last].Why != "" {
				return nil, wrong("it says twice why the answer is right")
			}
			out[last].Why = said
		default:
			return nil, wrong("it begins with none of ? - + !")
		}
	}
	for i, q := range out {
		if err := q.check(); err != nil {
			return nil, bad("questions", "question %d: %s", i+1, err.Message).WithHint("%s", err.Hint)
		}
	}
	return out, nil
}

// WriteQuestions is the reverse of ParseQuestions.
func WriteQuestions(all []Question) string {
	var b strings.Builder
	for i, q := range all {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "? %s\n", oneLine(q.Ask))
		for n, a := range q.Answers {
			sign := "-"
			if n+1 == q.Right {
				sign = "+"
			}
			fmt.Fprintf(&b, "%s %s\n", sign, oneLine(a))
		}
		fmt.Fprintf(&b, "! %s\n", oneLine(q.Why))
	}
	return b.String()
}
