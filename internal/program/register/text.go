package register

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text tidies a text of several lines and refuses what is none. what is how the
// text is called: "why it is accepted".
func Text(s *string, field, what string, least, most int) error {
	*s = strings.TrimSpace(strings.ReplaceAll(strings.ReplaceAll(*s, "\r\n", "\n"), "\r", "\n"))
	switch n := utf8.RuneCountInString(*s); {
	case !utf8.ValidString(*s):
		return Bad(field, "%s is not UTF-8 text", what)
	case n < least:
		return Bad(field, "say %s", what)
	case len(*s) > most:
		return Bad(field, "%s has %d bytes; at most %d are kept", what, len(*s), most)
	case strings.ContainsFunc(*s, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }):
		return Bad(field, "%s holds control characters", what).WithHint("remove them")
	}
	return nil
}

// Line is Text of one line.
func Line(s *string, field, what string, least, most int) error {
	*s = strings.Join(strings.Fields(*s), " ")
	return Text(s, field, what, least, most)
}

// OneOf refuses what is none of some words.
func OneOf(s *string, field, what string, words ...string) error {
	if *s = strings.TrimSpace(*s); !slices.Contains(words, *s) {
		return Bad(field, "%s is one of %s, not %q", what, strings.Join(words, ", "), *s)
	}
	return nil
}

// Listed tidies a list of words: no empty ones, none twice.
func Listed(list []string) []string {
	out := []string{}
	for _, x := range list {
		if x = strings.Join(strings.Fields(x), " "); x != "" && !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	return out
}

// FirstOf gives the first error.
func FirstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// Many says a number with its noun.
func Many(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}
