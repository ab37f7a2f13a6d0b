package updates

import (
	"errors"
	"fmt"
	"strings"

	"github.com/attesta/attesta/internal/facts"
)

// option is one option of apt.conf(5) by its full name.
type option struct {
	name string
	list bool // Name:: "value" adds to a list
	facts.Setting
}

// maxNested is how deep blocks may lie in each other.
const maxNested = 32

// parseApt reads a file of apt.conf(5): Name::Sub "value"; Name { Sub "value";
// "element"; }; comments are //, # and /* */.
func parseApt(file, text string) ([]option, error) {
	s := scanner{text: text, line: 1}
	var out []option
	var scopes []string
	var words []string
	at := 0
	fail := func(format string, args ...any) error {
		return fmt.Errorf("%s:%d: %w", file, s.line, fmt.Errorf(format, args...))
	}
	full := func(name string) string { return strings.Join(append(append([]string{}, scopes...), name), "::") }
	for {
		token, quoted, err := s.next()
		if err != nil {
			return nil, fail("%w", err)
		}
		switch {
		case token == "" && !quoted:
			if len(scopes) > 0 {
				return nil, fail("a block is not closed")
			}
			return out, nil
		case quoted || !strings.Contains("{};", token):
			if len(words) == 0 {
				at = s.line
			}
			if quoted {
				token = "\"" + token
			}
			words = append(words, token)
		case token == "{":
			if len(words) != 1 || words[0][0] == '"' || len(scopes) == maxNested {
				return nil, fail("a block needs one name, and lies at most %d deep", maxNested)
			}
			scopes, words = append(scopes, strings.TrimSuffix(words[0], "::")), nil
		case token == "}":
			if len(scopes) == 0 {
				return nil, fail("} closes no block")
			}
			scopes, words = scopes[:len(scopes)-1], nil
		default: // ;
			o := option{Setting: facts.Setting{File: file, Line: int64(at)}}
			switch {
			case len(words) == 1 && words[0][0] == '"':
				o.name, o.list, o.Value = strings.Join(scopes, "::"), true, words[0][1:]
			case len(words) >= 2:
				o.name, o.list = strings.CutSuffix(full(words[0]), "::")
				o.Value = strings.TrimPrefix(words[1], "\"")
			}
			if o.name != "" {
				out = append(out, o)
			}
			words = nil
		}
	}
}

type scanner struct {
	text string
	line int
}

// next gives the next token: a word, {, }, ; or a quoted text. At the end it
// gives nothing.
func (s *scanner) next() (token string, quoted bool, err error) {
	for s.text != "" {
		switch c := s.text[0]; {
		case c == '\n':
			s.line++
			s.text = s.text[1:]
		case c == ' ' || c == '\t' || c == '\r':
			s.text = s.text[1:]
		case c == '#' || strings.HasPrefix(s.text, "//"):
			end := strings.IndexByte(s.text, '\n')
			if end < 0 {
				end = len(s.text)
			}
			s.text = s.text[end:]
		case strings.HasPrefix(s.text, "/*"):
			end := strings.Index(s.text, "*/")
			if end < 0 {
				return "", false, errors.New("a comment is not closed")
			}
			s.line += strings.Count(s.text[:end], "\n")
			s.text = s.text[end+2:]
		case c == '{' || c == '}' || c == ';':
			s.text = s.text[1:]
			return string(c), false, nil
		case c == '"':
			end := strings.IndexByte(s.text[1:], '"')
			if end < 0 {
				return "", false, errors.New("a quote is not closed")
			}
			token = s.text[1 : 1+end]
			s.line += strings.Count(token, "\n")
			s.text = s.text[end+2:]
			return token, true, nil
		default:
			end := strings.IndexAny(s.text, " \t\r\n{};\"")
			if end < 0 {
				end = len(s.text)
			}
			token, s.text = s.text[:end], s.text[end:]
			return token, false, nil
		}
	}
	return "", false, nil
}
