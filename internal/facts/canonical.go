package facts

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/fault"
)

// NewSection makes a section of values, one of the generated structs or
// anything else that marshals to what the registry declares, and of what is
// missing. It refuses what Decode would refuse, and facts that the registry
// does not declare: both are defects of the reader.
func NewSection(name string, values any, missing []Missing) (Section, error) {
	raw, err := json.Marshal(values)
	if err != nil {
		return Section{}, fmt.Errorf("section %s: %w", name, err)
	}
	s := Section{Name: name, Registry: Registry().Version, Values: raw, Missing: sortedMissing(missing)}
	d, err := Decode(s)
	if err != nil {
		return Section{}, fmt.Errorf("section %s: %w", name, err)
	}
	if len(d.Unknown) > 0 {
		return Section{}, fault.New(fault.Internal, "section %s: the registry does not declare %v", name, d.Unknown)
	}
	s.Values = Canonical(d.Values)
	s.Digest = digest(s.Values, s.Missing)
	return s, nil
}

// Canonical gives the canonical JSON (RFC 8785) of a decoded value. Integers
// are written whole, also past 2^53.
func Canonical(v any) []byte { return appendCanonical(nil, v) }

func appendCanonical(dst []byte, v any) []byte {
	switch v := v.(type) {
	case string:
		return appendString(dst, v)
	case int64:
		return strconv.AppendInt(dst, v, 10)
	case bool:
		return strconv.AppendBool(dst, v)
	case []any:
		dst = append(dst, '[')
		for i, e := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendCanonical(dst, e)
		}
		return append(dst, ']')
	case map[string]any:
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		slices.SortFunc(keys, compareUTF16)
		dst = append(dst, '{')
		for i, k := range keys {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendString(dst, k)
			dst = append(dst, ':')
			dst = appendCanonical(dst, v[k])
		}
		return append(dst, '}')
	}
	return append(dst, "null"...) // no decoded value is of another type
}

func appendString(dst []byte, s string) []byte {
	const hexDigits = "0123456789abcdef"
	dst = append(dst, '"')
	for _, r := range s { // an invalid byte comes as U+FFFD
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r == '\b':
			dst = append(dst, `\b`...)
		case r == '\t':
			dst = append(dst, `\t`...)
		case r == '\n':
			dst = append(dst, `\n`...)
		case r == '\f':
			dst = append(dst, `\f`...)
		case r == '\r':
			dst = append(dst, `\r`...)
		case r < 0x20:
			dst = append(dst, `\u00`...)
			dst = append(dst, hexDigits[r>>4], hexDigits[r&0xf])
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return append(dst, '"')
}

// compareUTF16 orders keys as RFC 8785 does. Only characters past U+FFFF sort
// apart from their bytes.
func compareUTF16(a, b string) int {
	for a != "" && b != "" {
		ra, na := utf8.DecodeRuneInString(a)
		rb, nb := utf8.DecodeRuneInString(b)
		if ra != rb {
			if (ra > 0xffff) == (rb > 0xffff) {
				return cmp.Compare(ra, rb)
			}
			return slices.Compare(utf16.Encode([]rune{ra}), utf16.Encode([]rune{rb}))
		}
		a, b = a[na:], b[nb:]
	}
	return cmp.Compare(len(a), len(b))
}

func sortedMissing(missing []Missing) []Missing {
	out := slices.Clone(missing)
	slices.SortFunc(out, func(a, b Missing) int { return cmp.Compare(a.Path, b.Path) })
	return out
}

// digest is the SHA-256 over {"missing":[…],"values":…}, in hex, for canonical
// values and sorted missing.
func digest(values []byte, missing []Missing) string {
	list := make([]any, len(missing))
	for i, m := range missing {
		list[i] = map[string]any{"path": m.Path, "reason": m.Reason, "state": string(m.State)}
	}
	h := sha256.New()
	h.Write(appendCanonical([]byte(`{"missing":`), list))
	h.Write([]byte(`,"values":`))
	h.Write(values)
	h.Write([]byte(`}`))
	return hex.EncodeToString(h.Sum(nil))
}
