package sca

import (
	"fmt"
	"strings"
)

// Text is the report in words.
func (r Report) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d checks with %d rules read from %s\n", r.Checks, r.Rules, r.File)
	fmt.Fprintf(&b, "  %d translated and judged\n", r.Mapped)
	fmt.Fprintf(&b, "  %d partly: some rules have a counterpart, the check is not judged\n", r.Partly)
	fmt.Fprintf(&b, "  %d not: no rule has a counterpart, the check is not judged\n", r.Not)
	fmt.Fprintf(&b, "  %d of %d rules have a counterpart in facts\n", r.RulesMapped, r.Rules)
	fmt.Fprintf(&b, "Requirements: %s\n", r.Requirements)
	return b.String()
}

// Readme is the text that the pack carries about itself.
func (r Report) Readme(title string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\nImported from %s. No command of the policy is ever run: its rules are asked of facts.\n\n```\n%s```\n", oneLine(title, 200), r.File, r.Text())
	b.WriteString("\nSeverity (medium), tier (thorough) and criterion (CC7.1/1) are ours: the policy has none that fit. Look at them before you approve.\n")
	for _, part := range []struct {
		head string
		list []Remark
	}{{"In what judged checks differ from their rules", r.Notes}, {"Rules without a counterpart", r.Unmapped}} {
		if len(part.list) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n## %s (%d)\n\n", part.head, len(part.list))
		for _, n := range part.list {
			fmt.Fprintf(&b, "- %s, line %d: %s\n\n      %s\n", n.Check, n.Line, n.Text, strings.Join(strings.Fields(n.Rule), " "))
		}
	}
	return b.String()
}
