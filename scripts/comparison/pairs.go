package main

import (
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/connectors/xccdf"
	"github.com/attesta/attesta/internal/judge"
)

//go:embed rules.tsv
var rulesTSV string

const (
	rulePrefix  = "xccdf_org.ssgproject.content_rule_"
	valuePrefix = "xccdf_org.ssgproject.content_value_"
	profile     = "xccdf_org.attesta_profile_comparison"
)

// pair is one line of rules.tsv.
type pair struct {
	line       int
	rule       string            // of SSG
	check      string            // of linux-server
	attributes []string          // empty: all
	values     map[string]string // of SSG, set to what our check asks
	// How the two may differ: "theirs/ours", and whether they always do.
	differ []string
	always bool
	reason string
}

func (p pair) where() string {
	if len(p.attributes) == 0 {
		return p.check
	}
	return p.check + "#" + strings.Join(p.attributes, ",")
}

var side = []string{"pass", "fail"}

// readPairs reads rules.tsv: rule, check#attribute,…, value=…, how they may
// differ, reason. A # begins a line that is not read.
func readPairs() ([]pair, error) {
	var all []pair
	seen := map[string]int{}
	for i, text := range strings.Split(rulesTSV, "\n") {
		if text == "" || text[0] == '#' {
			continue
		}
		bad := func(format string, args ...any) error {
			return fmt.Errorf("rules.tsv:%d: %s", i+1, fmt.Sprintf(format, args...))
		}
		f := strings.Split(text, "\t")
		if len(f) != 5 {
			return nil, bad("has %d fields; give rule, check, values, differences and reason, with a tab between each two", len(f))
		}
		p := pair{line: i + 1, rule: f[0], reason: f[4], values: map[string]string{}}
		if at := seen[p.rule]; at > 0 {
			return nil, bad("%s stands in line %d already", p.rule, at)
		}
		seen[p.rule] = p.line
		var attributes string
		if p.check, attributes, _ = strings.Cut(f[1], "#"); attributes != "" {
			p.attributes = strings.Split(attributes, ",")
		}
		for _, v := range strings.Fields(f[2]) {
			name, value, ok := strings.Cut(v, "=")
			if !ok {
				return nil, bad("%q is no name=value", v)
			}
			p.values[name] = value
		}
		if words := strings.Fields(f[3]); len(words) > 0 {
			if words[0] != "may" && words[0] != "always" || len(words) == 1 {
				return nil, bad("%q does not say may or always, and how: may fail/pass", f[3])
			}
			p.always = words[0] == "always"
			for _, w := range words[1:] {
				theirs, ours, _ := strings.Cut(w, "/")
				if !slices.Contains(side, theirs) || !slices.Contains(side, ours) || theirs == ours {
					return nil, bad("%q is no difference: pass/fail or fail/pass, theirs first", w)
				}
				p.differ = append(p.differ, w)
			}
		}
		if (len(p.differ) > 0) != (p.reason != "") {
			return nil, bad("a difference has a reason, and a reason a difference")
		}
		all = append(all, p)
	}
	return all, nil
}

var (
	// An SSG content is for one release, and most of its rules for machines that
	// are no containers; elsewhere it judges nothing. Of login.defs and PAM it says
	// that they are not there where they are.
	platform = regexp.MustCompile(`(?m)^\s*<(?:xccdf-1\.2:)?platform idref="(?:cpe:/o:[^"]*|#machine|#login_defs|#pam)"/>\n?`)
	// A rule that requires another is passed over where that one is not asked.
	requires = regexp.MustCompile(`(?m)^\s*<xccdf-1\.2:(?:requires|conflicts) idref="[^"]*"/>\n?`)
	ruleID   = regexp.MustCompile(`<xccdf-1\.2:Rule [^>]*\bid="` + regexp.QuoteMeta(rulePrefix) + `([^"]+)"`)
	first    = regexp.MustCompile(`<xccdf-1\.2:Profile `)
)

// tailored gives a copy of a content that judges wherever it is run, with a
// profile of the rules of pairs that it has and with our thresholds; and the
// pairs that it has and has not.
func tailored(content string, pairs []pair) (tailored string, has, left []pair) {
	rules := map[string]bool{}
	for _, m := range ruleID.FindAllStringSubmatch(content, -1) {
		rules[m[1]] = true
	}
	var b strings.Builder
	// A line each: oscap reads only every second of elements that touch.
	fmt.Fprintf(&b, "<xccdf-1.2:Profile id=%q>\n<xccdf-1.2:title>comparison</xccdf-1.2:title>\n", profile)
	set := map[string]bool{}
	var values strings.Builder
	for _, p := range pairs {
		if !rules[p.rule] {
			left = append(left, p)
			continue
		}
		has = append(has, p)
		fmt.Fprintf(&b, "<xccdf-1.2:select idref=\"%s%s\" selected=\"true\"/>\n", rulePrefix, p.rule)
		for name, value := range p.values {
			if !set[name] {
				set[name] = true
				fmt.Fprintf(&values, "<xccdf-1.2:set-value idref=\"%s%s\">%s</xccdf-1.2:set-value>\n", valuePrefix, name, value)
			}
		}
	}
	b.WriteString(values.String() + "</xccdf-1.2:Profile>\n")
	content = requires.ReplaceAllString(platform.ReplaceAllString(content, ""), "")
	if at := first.FindStringIndex(content); at != nil {
		content = content[:at[0]] + b.String() + content[at[0]:]
	}
	return content, has, left
}

type verdict struct {
	name, short string
	bad         bool
}

var (
	unexplained = verdict{"DIFFERS, and rules.tsv does not say why", "differ unexplained", true}
	stale       = verdict{"AGREES, and rules.tsv says that it cannot", "explained and not so", true}
	unknown     = verdict{"NOT THERE on one side", "not there", true}
	explained   = verdict{"differs, for a reason that is written down", "differ for a written reason", false}
	changed     = verdict{"changed on this host while it was asked", "changed meanwhile", false}
	alone       = verdict{"judged by one alone", "judged by one alone", false}
	neither     = verdict{"judged by neither", "judged by neither", false}
	agree       = verdict{"agree", "agree", false}

	verdicts = []verdict{unexplained, stale, unknown, explained, changed, alone, neither, agree}
)

type line struct {
	pair         pair
	theirs, ours string
	verdict      verdict
	note         string
}

// join holds both sides against each other. before and after are what our checks
// said before and after the scanner ran.
func join(pairs []pair, theirs map[string]xccdf.Rule, before, after map[string]judge.Outcome) []line {
	var all []line
	for _, p := range pairs {
		l := line{pair: p}
		rule, there := theirs[p.rule]
		ours, ok := outcomeOf(p, before)
		later, _ := outcomeOf(p, after)
		l.theirs, l.ours = string(rule.Outcome), string(ours)
		difference := l.theirs + "/" + l.ours
		judgedThere, judgedHere := slices.Contains(side, l.theirs), slices.Contains(side, l.ours)
		switch {
		case !there || !ok:
			l.verdict, l.note = unknown, map[bool]string{true: "no such check or attribute", false: "no content has the rule"}[there]
		case ours != later:
			l.verdict, l.note = changed, "later "+string(later)
		case !judgedThere && !judgedHere:
			l.verdict = neither
		case !judgedThere || !judgedHere:
			l.verdict = alone
		case l.theirs != l.ours && slices.Contains(p.differ, difference):
			l.verdict, l.note = explained, p.reason
		case l.theirs != l.ours:
			l.verdict, l.note = unexplained, p.reason
		case p.always:
			l.verdict, l.note = stale, p.reason
		default:
			l.verdict = agree
		}
		all = append(all, l)
	}
	return all
}

func outcomeOf(p pair, said map[string]judge.Outcome) (judge.Outcome, bool) {
	if len(p.attributes) == 0 {
		o, ok := said[p.check]
		return o, ok
	}
	var all []judge.Outcome
	for _, a := range p.attributes {
		o, ok := said[p.check+"#"+a]
		if !ok {
			return "", false
		}
		all = append(all, o)
	}
	return judge.Worst(all...), true
}

// docsTable is the table of differences of docs/standards-comparison.md.
func docsTable(pairs []pair) string {
	var b strings.Builder
	b.WriteString("| SSG rule | our check | SSG/ours | why |\n|---|---|---|---|\n")
	for _, p := range pairs {
		if p.reason != "" {
			how := map[bool]string{true: "always ", false: "may be "}[p.always]
			fmt.Fprintf(&b, "| `%s` | `%s` | %s%s | %s |\n", p.rule, p.where(), how, strings.Join(p.differ, ", "), p.reason)
		}
	}
	return b.String()
}
