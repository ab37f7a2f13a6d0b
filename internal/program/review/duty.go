package review

import (
	"fmt"
	"path"
	"strings"
	"unicode/utf8"
)

// Side is one of two entitlements that do not go together.
type Side struct {
	System string `json:"system" doc:"Name of a system, with * for any text; or host:*, database:*, attesta, list:*." maxLength:"120"`
	Role   string `json:"role" doc:"Role, with * for any text." maxLength:"120"`
}

// Duty is a rule of segregation of duties.
type Duty struct {
	Number  int    `json:"number"`
	Version int    `json:"version"`
	Title   string `json:"title" maxLength:"120"`
	Why     string `json:"why" doc:"What somebody could do with both." maxLength:"1000"`
	A       Side   `json:"a"`
	B       Side   `json:"b"`
	Ended   bool   `json:"ended,omitempty" doc:"It holds no more."`
	Made    Made   `json:"made"`
}

// Ref is its short number: SD-2.
func (d Duty) Ref() string { return fmt.Sprintf("SD-%d", d.Number) }

func (s Side) fits(x *Item) bool {
	return (match(s.System, x.PlaceName) || match(s.System, x.Kind+":"+x.PlaceName) || s.System == x.Kind) && match(s.Role, x.Role)
}

// match compares without regard to case; * is any text.
func match(pattern, text string) bool {
	// A name may hold what path.Match gives a meaning to.
	escape := strings.NewReplacer(`\`, `\\`, "[", `\[`, "?", `\?`, "/", "\x1f")
	ok, err := path.Match(escape.Replace(strings.ToLower(pattern)), strings.ReplaceAll(strings.ToLower(text), "/", "\x1f"))
	return err == nil && ok
}

func (d *Duty) check() error {
	for _, f := range []struct {
		at          *string
		field, what string
		least, most int
	}{{&d.Title, "title", "what the rule is called", 3, 120}, {&d.Why, "why", "what somebody could do with both", 10, 1000}, {&d.A.System, "a_system", "the first system", 1, 120}, {&d.A.Role, "a_role", "the first role", 1, 120},
		{&d.B.System, "b_system", "the second system", 1, 120}, {&d.B.Role, "b_role", "the second role", 1, 120}} {
		if err := line(f.at, f.field, f.what, f.least, f.most); err != nil {
			return err
		}
	}
	if d.A == d.B {
		return bad("b_role", "both sides are the same")
	}
	return nil
}

// line tidies one line of text.
func line(s *string, field, what string, least, most int) error {
	if !utf8.ValidString(*s) {
		return bad(field, "the text is not UTF-8")
	}
	*s = strings.Join(strings.Fields(*s), " ")
	switch n := utf8.RuneCountInString(*s); {
	case n < least && n == 0:
		return bad(field, "say %s", what)
	case n < least:
		return bad(field, "%s has %d letters; at least %d are asked for", what, n, least)
	case n > most:
		return bad(field, "%s has %d letters; at most %d are kept", what, n, most)
	}
	return nil
}
