package judge

import (
	"fmt"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/facts"

	"cel.dev/cel-go/common/types"
)

// cause says why a part of an expression is unknown. It travels inside a CEL
// unknown: the outcome as the unknown's id, the rest as its trail's name, so
// that merging unknowns keeps each cause once.
type cause struct {
	outcome Outcome
	pointer string // full pointer, when the path is known
	key     string // of a map, when only the key is known
	field   string // of a struct, when only the field is known
	reason  string
}

// Unknown ids rank the outcomes, worst first.
const (
	rankError         = 1
	rankNotObserved   = 2
	rankNotApplicable = 3
)

func rankOf(o Outcome) int64 {
	switch o {
	case NotApplicable:
		return rankNotApplicable
	case NotObserved:
		return rankNotObserved
	}
	return rankError
}

const causeSeparator = "\x00"

func encodeCause(c cause) string {
	return strings.Join([]string{c.pointer, c.key, c.field, c.reason}, causeSeparator)
}

// causes gives the worst outcome among an unknown's causes and the causes of
// that outcome, in a fixed order.
func causes(u *types.Unknown) (Outcome, []cause) {
	worst := u.IDs()[0] // sorted: the smallest is the worst
	outcome := map[int64]Outcome{rankError: Error, rankNotObserved: NotObserved, rankNotApplicable: NotApplicable}[worst]
	if outcome == "" {
		return Error, []cause{{outcome: Error, reason: "the expression could not be evaluated"}}
	}
	trails, _ := u.GetAttributeTrails(worst)
	list := make([]cause, 0, len(trails))
	for _, t := range trails {
		parts := strings.SplitN(t.Variable(), causeSeparator, 4)
		if len(parts) != 4 {
			continue
		}
		list = append(list, cause{outcome: outcome, pointer: parts[0], key: parts[1], field: parts[2], reason: parts[3]})
	}
	slices.SortFunc(list, func(a, b cause) int { return strings.Compare(encodeCause(a), encodeCause(b)) })
	return outcome, list
}

// sentence puts causes into words: "permitrootlogin: needs root". Causes with
// one reason share it; three names stand for many.
func sentence(list []cause, reads []string) string {
	var reasons []string
	names := map[string][]string{}
	for _, c := range list {
		if _, known := names[c.reason]; !known {
			reasons = append(reasons, c.reason)
		}
		if name := c.name(reads); !slices.Contains(names[c.reason], name) {
			names[c.reason] = append(names[c.reason], name)
		}
	}
	parts := make([]string, 0, len(reasons))
	for _, reason := range reasons {
		subject := names[reason]
		if len(subject) > 3 {
			subject = append(slices.Clone(subject[:3]), fmt.Sprintf("%d more", len(names[reason])-3))
		}
		switch words := strings.Join(subject, ", "); {
		case strings.Contains(reason, words):
			parts = append(parts, reason)
		case strings.HasPrefix(reason, "was ") || strings.HasPrefix(reason, "has "):
			parts = append(parts, words+" "+reason)
		default:
			parts = append(parts, words+": "+reason)
		}
	}
	return strings.Join(parts, "; ")
}

// name says which fact the cause is about.
func (c cause) name(reads []string) string {
	switch {
	case c.pointer != "":
		return label(c.pointer)
	case c.key != "":
		for _, r := range reads {
			if t := tokens(r); slices.Contains(t, c.key) {
				return label(facts.JoinPointer(t[:slices.Index(t, c.key)+1]...))
			}
		}
		return c.key
	case c.field != "":
		for _, r := range reads {
			if t := tokens(r); t[len(t)-1] == c.field {
				return label(r)
			}
		}
		return c.field
	}
	return "a fact"
}

// label names the fact at a pointer for people: "/sshd/effective/permitrootlogin"
// is "sshd effective permitrootlogin"; a key that explains itself does without
// the section: "/files/~1etc~1shadow/mode" is "/etc/shadow mode",
// "/sysctl/running/kernel.sysrq" is "running kernel.sysrq".
func label(pointer string) string {
	t := tokens(pointer)
	if len(t) == 0 {
		return "the item"
	}
	if len(t) == 1 {
		return "section " + t[0]
	}
	if slices.ContainsFunc(t[1:], isKey) {
		t = t[1:]
	}
	words := make([]string, len(t))
	for i, token := range t {
		words[i] = token
		if !isKey(token) {
			words[i] = strings.ReplaceAll(token, "_", " ")
		}
	}
	return strings.Join(words, " ")
}

// isKey tells names of the world (paths, settings, units) from names of fields.
func isKey(token string) bool { return strings.ContainsAny(token, "./") }
