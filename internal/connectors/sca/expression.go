package sca

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// matcher is a rule's tests, ready to be asked of a line, in Go and in CEL.
type matcher struct {
	tests []compiled
}

type compiled struct {
	Test
	re *regexp.Regexp // nil for a whole line
}

// compileTests translates a rule's expressions; why says why one cannot be.
func compileTests(tests []Test, pcre2 bool) (m matcher, why string) {
	for _, t := range tests {
		c := compiled{Test: t}
		if t.Kind != 'l' {
			text := t.Text
			if !pcre2 {
				var ok bool
				if text, ok = fromOSRegex(t.Text); !ok {
					return m, "the expression " + short(t.Text) + " has a form that is not known here"
				}
			}
			re, err := regexp.Compile(text)
			if err != nil {
				return m, "the expression " + short(t.Text) + " has no counterpart without looking back or ahead"
			}
			if t.Kind == 'n' && re.NumSubexp() < 1 {
				return m, "the expression " + short(t.Text) + " has no group that a number is taken from"
			}
			c.re = re
		}
		m.tests = append(m.tests, c)
	}
	return m, ""
}

// fromOSRegex translates Wazuh's own expressions, in which case does not
// count, a dot is a dot, \. is any character and \s a space only.
func fromOSRegex(s string) (string, bool) {
	classes := map[byte]string{
		'w': `[A-Za-z0-9@_-]`, 'W': `[^A-Za-z0-9@_-]`, 'd': `[0-9]`, 'D': `[^0-9]`, 's': `[ ]`, 'S': `[^ ]`, 't': `\t`,
		'p': `[()*+,\-.:;<=>?\[\]!"'#$%&|{}]`, '.': `.`,
	}
	var b strings.Builder
	b.WriteString("(?i)")
	repeats := false // whether the last thing may be followed by + or *
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '\\':
			if i++; i == len(s) {
				return "", false
			}
			switch class, known := classes[s[i]]; {
			case known:
				b.WriteString(class)
				repeats = true
				continue
			case strings.IndexByte(`$()\|<^*+?[]{}-/"'`, s[i]) >= 0:
				b.WriteString(regexp.QuoteMeta(s[i : i+1]))
			default:
				return "", false
			}
		case (c == '+' || c == '*') && repeats:
			b.WriteByte(c)
		case c == '(' || c == ')' || c == '|':
			b.WriteByte(c)
		case c == '^' && (i == 0 || s[i-1] == '|' || s[i-1] == '('), c == '$' && (i == len(s)-1 || s[i+1] == '|' || s[i+1] == ')'):
			b.WriteByte(c)
		default:
			b.WriteString(regexp.QuoteMeta(s[i : i+1]))
		}
		repeats = false
	}
	return b.String(), true
}

// holds asks the tests of one line, as the policy would.
func (m matcher) holds(line string) bool {
	for _, t := range m.tests {
		var yes bool
		switch t.Kind {
		case 'l':
			yes = line == t.Text
		case 'r':
			yes = t.re.MatchString(line)
		case 'n':
			if g := t.re.FindStringSubmatch(line); g != nil {
				if n, err := strconv.ParseInt(g[1], 10, 64); err == nil {
					yes = compare(n, t.Op, t.Number)
				}
			}
		}
		if yes == t.Not {
			return false
		}
	}
	return true
}

// any asks whether one of the lines holds.
func (m matcher) any(lines ...string) bool {
	for _, l := range lines {
		if m.holds(l) {
			return true
		}
	}
	return false
}

func compare(a int64, op string, b int64) bool {
	switch op {
	case "<":
		return a < b
	case "<=":
		return a <= b
	case "==":
		return a == b
	case "!=":
		return a != b
	case ">=":
		return a >= b
	}
	return a > b
}

// cel asks the tests of a line that the expression line gives. Of a numeric
// test the number is what value gives, a text of digits.
func (m matcher) cel(line, value string) string {
	var parts []string
	for _, t := range m.tests {
		var s string
		switch t.Kind {
		case 'l':
			s = fmt.Sprintf("(%s) == %s", line, strconv.Quote(t.Text))
		case 'r':
			s = fmt.Sprintf("(%s).matches(%s)", line, strconv.Quote(t.re.String()))
		case 'n':
			s = fmt.Sprintf("((%s).matches(%s) && (%s).matches(\"^-?[0-9]{1,18}$\") && int(%s) %s %d)", line, strconv.Quote(t.re.String()), value, value, t.Op, t.Number)
		}
		if t.Not {
			s = "!(" + s + ")"
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, " && ")
}

// captures reports whether a numeric test takes the whole value of such lines,
// and not a part of it.
func (m matcher) captures(render func(value string) string) bool {
	for _, t := range m.tests {
		if t.Kind != 'n' {
			continue
		}
		any := false
		for _, value := range []string{"0", "4", "7", "15", "60", "365", "1440", "100000"} {
			if g := t.re.FindStringSubmatch(render(value)); g != nil {
				if any = true; g[1] != value {
					return false
				}
			}
		}
		if !any {
			return false
		}
	}
	return true
}

var (
	escapes = regexp.MustCompile(`\\.`)
	words   = regexp.MustCompile(`[A-Za-z0-9_][A-Za-z0-9_.@/:-]*`)
)

// tokens gives the plain words of the tests' expressions.
func (m matcher) tokens(negated bool) []string {
	var all []string
	for _, t := range m.tests {
		if t.Not && !negated {
			continue
		}
		text := t.Text
		text = strings.ReplaceAll(strings.ReplaceAll(text, `\.`, " "), `\-`, "-")
		text = escapes.ReplaceAllString(text, " ")
		for _, w := range words.FindAllString(text, 40) {
			all = append(all, strings.TrimRight(w, ".:"))
		}
	}
	return all
}
