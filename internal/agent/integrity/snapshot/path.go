package snapshot

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/base/fault"
)

// Path is a path in the options. In JSON a byte that is no part of a UTF-8
// character stands as \xNN and a backslash as \\, so that none is lost.
type Path string

// MarshalJSON writes the escaped form.
func (p Path) MarshalJSON() ([]byte, error) {
	var s strings.Builder
	for i, r := range string(p) {
		switch {
		case r == '\\':
			s.WriteString(`\\`)
		case r == '\uFFFD' && !strings.HasPrefix(string(p)[i:], "\uFFFD"):
			s.WriteString(`\x`)
			s.WriteString(strconv.FormatUint(uint64(p[i])|0x100, 16)[1:])
		default:
			s.WriteRune(r)
		}
	}
	return json.Marshal(s.String())
}

// UnmarshalJSON reads it.
func (p *Path) UnmarshalJSON(b []byte) error {
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return err
	}
	var s strings.Builder
	for len(text) > 0 {
		switch {
		case strings.HasPrefix(text, `\\`):
			s.WriteByte('\\')
			text = text[2:]
		case strings.HasPrefix(text, `\x`) && len(text) >= 4:
			v, err := strconv.ParseUint(text[2:4], 16, 8)
			if err != nil {
				return fault.New(fault.Invalid, "path %q: %q is no byte", text, text[:4])
			}
			s.WriteByte(byte(v))
			text = text[4:]
		case text[0] == '\\':
			return fault.New(fault.Invalid, "path %q: a backslash that stands for nothing", text)
		default:
			s.WriteByte(text[0])
			text = text[1:]
		}
	}
	*p = Path(s.String())
	return nil
}
