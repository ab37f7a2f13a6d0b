package tree

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Clean writes the bytes of a text that are no UTF-8 as \xNN, so that two
// different texts stay different in JSON.
func Clean(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		if _, size := utf8.DecodeRuneInString(s[i:]); r == utf8.RuneError && size == 1 {
			fmt.Fprintf(&b, `\x%02x`, s[i])
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// EachLine is like Lines for a text that was read from p.
func EachLine(p, text string, f func(n int, line string) error) error {
	n := 0
	for line := range strings.Lines(text) {
		n++
		if err := f(n, strings.TrimRight(line, "\r\n")); err != nil {
			return fmt.Errorf("%s:%d: %w", p, n, err)
		}
	}
	return nil
}

// ScanLines is like Scan for what p was opened as.
func ScanLines(p string, from io.Reader, f func(n int, line []byte) error) error {
	s := bufio.NewScanner(from)
	s.Buffer(make([]byte, 0, 32<<10), 1<<20)
	n := 0
	for s.Scan() {
		n++
		if err := f(n, s.Bytes()); err != nil {
			return fmt.Errorf("%s:%d: %w", p, n, err)
		}
	}
	if err := s.Err(); err != nil {
		return fmt.Errorf("%s:%d: %w", p, n+1, err)
	}
	return nil
}

// Unquote takes the quotes of a shell word away, with backslashes inside
// double quotes.
func Unquote(s string) string {
	s = strings.TrimSpace(s)
	if len(s) < 2 || s[0] != s[len(s)-1] || s[0] != '"' && s[0] != '\'' {
		return s
	}
	quote, s := s[0], s[1:len(s)-1]
	if quote == '\'' {
		return s
	}
	return strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\$`, `$`, "\\`", "`").Replace(s)
}

// CutSpace cuts s around its first run of white space.
func CutSpace(s string) (before, after string) {
	i := strings.IndexAny(s, " \t")
	if i < 0 {
		return s, ""
	}
	return s[:i], strings.TrimLeft(s[i:], " \t")
}
