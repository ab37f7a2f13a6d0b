package nginx

import (
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/agent/collect/tree"
)

// directive is one directive with its block, after includes.
type directive struct {
	name  string
	args  []string
	block []directive // nil when it has none
	file  string
	line  int
}

func (d *directive) arg(i int) string {
	if i >= 0 && i < len(d.args) {
		return d.args[i]
	}
	return ""
}

// fault gives an error with where the directive stands.
func (d *directive) fault(format string, args ...any) error {
	return fmt.Errorf("%s:%d: %w", d.file, d.line, fmt.Errorf(format, args...))
}

// Limits of what is read.
const (
	maxFiles      = 2_000
	maxDepth      = 30 // of blocks, and of includes
	maxDirectives = 300_000
	maxToken      = 64 << 10
)

// reader reads a configuration with what it includes.
type reader struct {
	read  func(file string) ([]byte, error)
	glob  func(pattern string) ([]string, error)
	base  string   // what includes are relative to
	files []string // in the order of reading
	count int
}

// load reads the file of a host, and all that it includes.
func load(root tree.Root, file string) ([]directive, []string, error) {
	r := &reader{base: path.Dir(file), read: root.Read, glob: root.Glob}
	all, err := r.file(file, 0)
	return all, r.files, err
}

func (r *reader) file(name string, depth int) ([]directive, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("%s: more than %d includes in one another", name, maxDepth)
	}
	text, err := r.read(name)
	if err != nil {
		return nil, err
	}
	if len(r.files) >= maxFiles {
		return nil, fmt.Errorf("more than %d files", maxFiles)
	}
	r.files = append(r.files, name)
	s := &scanner{text: tree.Clean(string(text)), line: 1, file: name}
	all, err := r.block(s, depth, 0)
	if placed := (inner{}); err != nil && !errors.As(err, &placed) {
		err = inner{fmt.Errorf("%s:%d: %w", name, s.line, err)}
	}
	return all, err
}

// inner marks an error that has its place already.
type inner struct{ err error }

func (e inner) Error() string { return e.err.Error() }
func (e inner) Unwrap() error { return e.err }

var errUnfinished = errors.New("a directive has no end: expected ; or {")

// block reads directives to the closing brace, or at depth 0 to the end.
func (r *reader) block(s *scanner, includes, depth int) ([]directive, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("more than %d blocks in one another", maxDepth)
	}
	all := []directive{}
	var d directive
	for {
		word, kind, err := s.next()
		if err != nil {
			return nil, err
		}
		switch {
		case kind == atWord && d.name == "":
			d = directive{name: word, file: s.file, line: s.line}
			if r.count++; r.count > maxDirectives {
				return nil, fmt.Errorf("more than %d directives", maxDirectives)
			}
		case kind == atWord:
			d.args = append(d.args, word)
		case (kind == atEnd || kind == atClose) && d.name != "":
			s.line = d.line // where it begins says more than where the file ends
			return nil, errUnfinished
		case kind == atEnd && depth > 0:
			return nil, errors.New("a block has no end: expected }")
		case kind == atEnd:
			return all, nil
		case kind == atClose && depth == 0:
			return nil, errors.New("} closes nothing")
		case kind == atClose:
			return all, nil
		case d.name == "":
			return nil, fmt.Errorf("%q stands alone", string(rune(kind)))
		case kind == atOpen && strings.HasSuffix(d.name, "_by_lua_block"):
			if err := s.skip(); err != nil {
				return nil, err
			}
			all, d = append(all, d), directive{}
		case kind == atOpen:
			if d.block, err = r.block(s, includes, depth+1); err != nil {
				return nil, err
			}
			all, d = append(all, d), directive{}
		default: // ;
			more := []directive{d}
			if d.name == "include" && len(d.args) == 1 {
				if more, err = r.include(d.args[0], includes); err != nil {
					return nil, err
				}
			}
			all, d = append(all, more...), directive{}
		}
	}
}

func (r *reader) include(pattern string, depth int) ([]directive, error) {
	if !path.IsAbs(pattern) {
		pattern = path.Join(r.base, pattern)
	}
	names := []string{pattern}
	if strings.ContainsAny(pattern, "*?[") {
		found, err := r.glob(pattern)
		if err != nil {
			return nil, fmt.Errorf("include %.100q: %w", pattern, err)
		}
		names = found
	}
	var all []directive
	for _, name := range names {
		more, err := r.file(name, depth+1)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return all, nil
}

// kinds of tokens
const (
	atWord  = 'w'
	atOpen  = '{'
	atClose = '}'
	atStop  = ';'
	atEnd   = 0
)

// scanner takes a file apart as nginx does.
type scanner struct {
	text string
	at   int
	line int
	file string
}

func (s *scanner) next() (word string, kind int, err error) {
	for ; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; c {
		case '\n':
			s.line++
		case ' ', '\t', '\r':
		case '#':
			for s.at+1 < len(s.text) && s.text[s.at+1] != '\n' {
				s.at++
			}
		case '{', '}', ';':
			s.at++
			return "", int(c), nil
		case '"', '\'':
			return s.quoted(c)
		default:
			return s.bare()
		}
	}
	return "", atEnd, nil
}

func (s *scanner) quoted(quote byte) (string, int, error) {
	var b strings.Builder
	for s.at++; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; c {
		case '\\':
			s.escaped(&b)
		case quote:
			s.at++
			if s.at < len(s.text) && strings.IndexByte(" \t\r\n;{)", s.text[s.at]) < 0 {
				return "", 0, fmt.Errorf("unexpected %q after a quoted text", s.text[s.at])
			}
			return b.String(), atWord, nil
		default:
			if c == '\n' {
				s.line++
			}
			b.WriteByte(c)
		}
		if b.Len() > maxToken {
			return "", 0, fmt.Errorf("a word is longer than %d bytes", maxToken)
		}
	}
	return "", 0, fmt.Errorf("a quoted text has no end: expected %c", quote)
}

func (s *scanner) bare() (string, int, error) {
	var b strings.Builder
	for ; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; {
		case c == '\\':
			s.escaped(&b)
		case c == '$' && s.at+1 < len(s.text) && s.text[s.at+1] == '{': // ${name}
			b.WriteString("${")
			s.at++
		case c == '}' && strings.Contains(b.String(), "${") && strings.LastIndexByte(b.String(), '}') < strings.LastIndex(b.String(), "${"):
			b.WriteByte(c)
		case strings.IndexByte(" \t\r\n;{", c) >= 0:
			return b.String(), atWord, nil
		default:
			b.WriteByte(c)
		}
		if b.Len() > maxToken {
			return "", 0, fmt.Errorf("a word is longer than %d bytes", maxToken)
		}
	}
	return b.String(), atWord, nil
}

// escaped writes what the backslash at s.at and the byte after it stand for, and
// stays on that byte.
func (s *scanner) escaped(b *strings.Builder) {
	if s.at+1 >= len(s.text) {
		b.WriteByte('\\')
		return
	}
	s.at++
	switch c := s.text[s.at]; c {
	case '"', '\'', '\\', ' ', ';', '{', '}':
		b.WriteByte(c)
	case 't':
		b.WriteByte('\t')
	case 'r':
		b.WriteByte('\r')
	case 'n':
		b.WriteByte('\n')
	default:
		if c == '\n' {
			s.line++
		}
		b.WriteByte('\\')
		b.WriteByte(c)
	}
}

// skip passes over a block of Lua, by its braces: those in texts and comments do
// not count.
func (s *scanner) skip() error {
	quote := byte(0)
	for depth := 1; s.at < len(s.text); s.at++ {
		c := s.text[s.at]
		switch {
		case quote != 0 && c == '\\':
			s.at++
			continue
		case quote != 0 && c == quote:
			quote = 0
			continue
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
			continue
		case quote == 0 && strings.HasPrefix(s.text[s.at:], "--"):
			for s.at+1 < len(s.text) && s.text[s.at+1] != '\n' {
				s.at++
			}
			continue
		case quote != 0 && c != '\n':
			continue
		}
		switch c {
		case '\n':
			s.line++
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				s.at++
				return nil
			}
		}
	}
	return errors.New("a block has no end: expected }")
}

// duration reads a time of nginx: 60, 5s, 1h 30m as one word, 500ms.
func duration(text string) (int64, error) {
	units := []struct {
		name  string
		milli int64
	}{{"ms", 1}, {"s", 1_000}, {"m", 60_000}, {"h", 3_600_000}, {"d", 86_400_000}, {"w", 604_800_000}, {"M", 2_592_000_000}, {"y", 31_536_000_000}}
	rest, sum := text, int64(0)
	for rest != "" {
		n := 0
		for n < len(rest) && rest[n] >= '0' && rest[n] <= '9' {
			n++
		}
		value, err := strconv.ParseInt(rest[:n], 10, 32)
		if err != nil {
			return 0, fmt.Errorf("expected a time, found %.40q", text)
		}
		rest = rest[n:]
		factor := int64(1_000)
		for _, u := range units {
			if strings.HasPrefix(rest, u.name) {
				factor, rest = u.milli, rest[len(u.name):]
				break
			}
		}
		if rest = strings.TrimLeft(rest, " "); rest != "" && (rest[0] < '0' || rest[0] > '9') {
			return 0, fmt.Errorf("expected a time, found %.40q", text)
		}
		sum += value * factor
	}
	if text == "" || sum > 1<<50 {
		return 0, fmt.Errorf("expected a time, found %.40q", text)
	}
	return sum, nil
}

// size reads a size of nginx: 1024, 8k, 1m, 1g.
func size(text string) (int64, error) {
	factor := int64(1)
	digits := text
	if n := len(text); n > 0 {
		switch text[n-1] {
		case 'k', 'K':
			factor, digits = 1<<10, text[:n-1]
		case 'm', 'M':
			factor, digits = 1<<20, text[:n-1]
		case 'g', 'G':
			factor, digits = 1<<30, text[:n-1]
		}
	}
	n, err := strconv.ParseInt(digits, 10, 32)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("expected a size, found %.40q", text)
	}
	return n * factor, nil
}
