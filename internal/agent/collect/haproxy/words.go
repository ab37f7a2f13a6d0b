package haproxy

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/agent/collect/tree"
)

// directive is one line of a configuration, with where it stands.
type directive struct {
	words []string
	file  string
	line  int
}

func (d directive) word(i int) string {
	if i < len(d.words) {
		return d.words[i]
	}
	return ""
}

// after gives the words from the ith on.
func (d directive) after(i int) []string { return d.words[min(i, len(d.words)):] }

func (d directive) fault(format string, args ...any) error {
	return fmt.Errorf("%s:%d: %w", d.file, d.line, fmt.Errorf(format, args...))
}

// section is one section with its lines; the first says its kind and name.
type section struct {
	directive
	lines []directive
}

func (s section) kind() string { return s.word(0) }
func (s section) name() string {
	if s.word(1) == "from" { // defaults from OTHER
		return ""
	}
	return s.word(1)
}

// from gives the defaults that a section names; empty when it names none.
func (s section) from() string {
	if i := slices.Index(s.words, "from"); i > 0 {
		return s.word(i + 1)
	}
	return ""
}

var sectionKinds = []string{"global", "defaults", "frontend", "backend", "listen", "userlist", "peers", "mailers", "resolvers", "program", "cache", "http-errors", "ring",
	"fcgi-app", "log-forward", "log-profile", "crt-store", "acme", "traces"}

// Limits of what is read.
const (
	maxFiles = 1_000
	maxLines = 500_000
	maxWords = 2_000 // of a line; HAProxy itself takes 64, longer lines of certificates are split
)

var errConditions = errors.New("what .if leaves in depends on how HAProxy is started, which is not worked out here")

// readFiles reads a configuration's files in their order.
func readFiles(root tree.Root, files []string, env map[string]string) ([]section, error) {
	var all []section
	lines := 0
	for _, file := range files {
		err := root.Lines(file, func(n int, line string) error {
			if lines++; lines > maxLines {
				return fmt.Errorf("more than %d lines", maxLines)
			}
			words, err := split(line, env)
			if err != nil || len(words) == 0 {
				return err
			}
			d := directive{words: words, file: file, line: n}
			switch words[0] {
			case ".if", ".elif", ".else", ".endif":
				return errConditions
			case ".notice", ".warning", ".alert", ".diag":
				return nil
			case "setenv", "presetenv":
				_, there := env[d.word(1)]
				if words[0] == "setenv" || !there {
					env[d.word(1)] = strings.Join(d.after(2), " ")
				}
				return nil
			}
			if slices.Contains(sectionKinds, words[0]) {
				all = append(all, section{directive: d})
				return nil
			}
			if len(all) == 0 {
				return fmt.Errorf("%.40q stands before the first section", words[0])
			}
			s := &all[len(all)-1]
			s.lines = append(s.lines, d)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// expand gives the files that -f names: of a directory its *.cfg, sorted.
func expand(root tree.Root, names []string) ([]string, error) {
	out := []string{}
	for _, name := range names {
		if !root.IsDir(name) {
			out = append(out, name)
			continue
		}
		entries, err := root.Names(name)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if p := path.Join(name, e); strings.HasSuffix(e, ".cfg") && !strings.HasPrefix(e, ".") && !root.IsDir(p) {
				out = append(out, p)
			}
		}
	}
	if len(out) > maxFiles {
		return nil, fmt.Errorf("%d files are more than the limit of %d", len(out), maxFiles)
	}
	return out, nil
}

// split takes a line apart as HAProxy does: quotes, backslashes, comments, and
// variables within double quotes. A variable that is not known stays as it is
// written.
func split(line string, env map[string]string) ([]string, error) {
	var words []string
	var word strings.Builder
	in := false // within a word, which may be empty
	end := func() {
		if in {
			words = append(words, word.String())
			word.Reset()
			in = false
		}
	}
	for i := 0; i < len(line); i++ {
		switch c := line[i]; c {
		case ' ', '\t', '\r', '\v', '\f':
			end()
		case '#':
			end()
			return words, nil
		case '\\':
			in = true
			i += escaped(&word, line[i+1:])
		case '\'':
			in = true
			to := strings.IndexByte(line[i+1:], '\'')
			if to < 0 {
				return nil, fmt.Errorf("a quote ' has no end")
			}
			word.WriteString(line[i+1 : i+1+to])
			i += to + 1
		case '"':
			in = true
			n, err := quoted(&word, line[i+1:], env)
			if err != nil {
				return nil, err
			}
			i += n
		default:
			in = true
			word.WriteByte(c)
		}
		if len(words) > maxWords {
			return nil, fmt.Errorf("more than %d words", maxWords)
		}
	}
	end()
	return words, nil
}

// escaped writes what a backslash before s stands for, and gives how much of s it
// took.
func escaped(to *strings.Builder, s string) int {
	if s == "" {
		to.WriteByte('\\')
		return 0
	}
	switch s[0] {
	case 'n':
		to.WriteByte('\n')
	case 'r':
		to.WriteByte('\r')
	case 't':
		to.WriteByte('\t')
	case 'x':
		if len(s) > 2 {
			if n, err := strconv.ParseUint(s[1:3], 16, 8); err == nil && n < 0x80 {
				to.WriteByte(byte(n))
				return 3
			}
		}
		to.WriteString(`\x`)
	default:
		to.WriteByte(s[0])
	}
	return 1
}

// quoted writes what stands within double quotes, and gives how much of s it took,
// the closing quote among it.
func quoted(to *strings.Builder, s string, env map[string]string) (int, error) {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '"':
			return i + 1, nil
		case '\\':
			if i+1 < len(s) && strings.IndexByte("\"\\$", s[i+1]) >= 0 {
				i++
				to.WriteByte(s[i])
				continue
			}
			i += escaped(to, s[i+1:])
		case '$':
			n := variable(to, s[i:], env)
			i += n - 1
		default:
			to.WriteByte(c)
		}
	}
	return 0, fmt.Errorf(`a quote " has no end`)
}

// variable writes the value of $NAME or ${NAME} or ${NAME-default}, which s starts
// with, and gives its length.
func variable(to *strings.Builder, s string, env map[string]string) int {
	name, n := "", 1
	fallback, has := "", false
	if strings.HasPrefix(s, "${") {
		end := strings.IndexByte(s, '}')
		if end < 0 {
			to.WriteByte('$')
			return 1
		}
		name, n = strings.TrimSuffix(s[2:end], "[*]"), end+1
		name, fallback, has = strings.Cut(name, "-")
	} else {
		for n < len(s) && (s[n] == '_' || s[n] >= '0' && s[n] <= '9' || s[n] >= 'A' && s[n] <= 'Z' || s[n] >= 'a' && s[n] <= 'z') {
			n++
		}
		name = s[1:n]
	}
	switch value, known := env[name]; {
	case known && name != "":
		to.WriteString(value)
	case has:
		to.WriteString(fallback)
	default:
		to.WriteString(s[:n])
	}
	return n
}

// millis reads a time of HAProxy's files; without a unit it is milliseconds.
func millis(s string) (int64, error) {
	return number(s, map[string]int64{"us": 0, "ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "": 1})
}

// number reads digits and a unit.
func number(s string, units map[string]int64) (int64, error) {
	digits := strings.TrimRight(s, "usmhdkKMGg")
	n, err := strconv.ParseInt(digits, 10, 64)
	factor, ok := units[s[len(digits):]]
	if err != nil || !ok || n < 0 || n > 1<<40 {
		return 0, fmt.Errorf("expected a number, found %.40q", s)
	}
	if s[len(digits):] == "us" {
		return n / 1_000, nil
	}
	return n * factor, nil
}
