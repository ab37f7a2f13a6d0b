package proof

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/fault"
)

// appendText writes s as RFC 8785 does: only what must be is escaped.
func appendText(b []byte, s string) []byte {
	const hexDigits = "0123456789abcdef"
	b = append(b, '"')
	start := 0
	for i := range len(s) {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\b':
			b = append(b, `\b`...)
		case '\t':
			b = append(b, `\t`...)
		case '\n':
			b = append(b, `\n`...)
		case '\f':
			b = append(b, `\f`...)
		case '\r':
			b = append(b, `\r`...)
		default:
			b = append(b, `\u00`...)
			b = append(b, hexDigits[c>>4], hexDigits[c&15])
		}
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}

var (
	timeType  = reflect.TypeFor[time.Time]()
	bytesType = reflect.TypeFor[[]byte]()
)

// appendValue writes v as canonical JSON and refuses what an entry cannot hold,
// naming the key.
func appendValue(b []byte, key string, v reflect.Value, depth int) ([]byte, error) {
	bad := func(format string, args ...any) ([]byte, error) {
		return nil, fault.New(fault.Invalid, format, args...).At("", 0, key)
	}
	if depth > 8 {
		return bad("is nested more than eight deep")
	}
	for v.IsValid() && v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	if !v.IsValid() {
		return bad("is nil; leave the key out instead")
	}
	switch v.Type() {
	case bytesType:
		return bad("is a list of bytes; write text, or the digest of a blob")
	case timeType:
		b = append(b, '"')
		b = v.Interface().(time.Time).UTC().AppendFormat(b, TimeLayout)
		return append(b, '"'), nil
	}
	switch v.Kind() {
	case reflect.String:
		if !utf8.ValidString(v.String()) {
			return bad("is not valid UTF-8")
		}
		return appendText(b, v.String()), nil
	case reflect.Bool:
		return strconv.AppendBool(b, v.Bool()), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if n := v.Int(); n > maxInteger || n < -maxInteger {
			return bad("%d is beyond 2^53-1 and would not be read back exactly; write it as a string", n)
		}
		return strconv.AppendInt(b, v.Int(), 10), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if v.Uint() > maxInteger {
			return bad("%d is beyond 2^53-1 and would not be read back exactly; write it as a string", v.Uint())
		}
		return strconv.AppendUint(b, v.Uint(), 10), nil
	case reflect.Float32, reflect.Float64:
		return bad("is a floating-point number; ledger entries hold integers only")
	case reflect.Slice, reflect.Array:
		b = append(b, '[')
		for i := range v.Len() {
			if i > 0 {
				b = append(b, ',')
			}
			var err error
			if b, err = appendValue(b, key+"["+strconv.Itoa(i)+"]", v.Index(i), depth+1); err != nil {
				return nil, err
			}
		}
		return append(b, ']'), nil
	case reflect.Map:
		return appendMap(b, key, v, depth)
	}
	return bad("has Go type %s; ledger entries hold strings, integers, booleans, times, and lists and maps of those", v.Type())
}

func appendMap(b []byte, key string, v reflect.Value, depth int) ([]byte, error) {
	bad := func(text string) ([]byte, error) {
		return nil, fault.New(fault.Invalid, "%s", text).At("", 0, key)
	}
	if v.Type().Key().Kind() != reflect.String {
		return bad("is a map whose keys are no strings")
	}
	keys := v.MapKeys()
	slices.SortFunc(keys, func(x, y reflect.Value) int { return compareUTF16(x.String(), y.String()) })
	b = append(b, '{')
	for i, k := range keys {
		if i > 0 {
			b = append(b, ',')
		}
		if !utf8.ValidString(k.String()) {
			return bad("has a key that is not valid UTF-8")
		}
		b = append(appendText(b, k.String()), ':')
		var err error
		if b, err = appendValue(b, key+"."+k.String(), v.MapIndex(k), depth+1); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

// compareUTF16 orders member names by their UTF-16 code units, as RFC 8785
// asks: it differs from the order of bytes where a surrogate meets a character
// above U+DFFF.
func compareUTF16(x, y string) int {
	for i := range min(len(x), len(y)) {
		if x[i] == y[i] {
			continue
		}
		if x[i] < utf8.RuneSelf || y[i] < utf8.RuneSelf {
			return cmp.Compare(x[i], y[i])
		}
		return slices.Compare(utf16.Encode([]rune(x)), utf16.Encode([]rune(y)))
	}
	return cmp.Compare(len(x), len(y))
}

// Canonical gives v as RFC 8785 JSON. v is made of maps with string keys, lists,
// strings, integers, booleans and times.
func Canonical(v any) ([]byte, error) { return appendValue(nil, "", reflect.ValueOf(v), 0) }

// IsCanonical refuses JSON that is not in the one form that it can have, so
// that no two readers understand it differently.
func IsCanonical(raw []byte) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return fmt.Errorf("it is no JSON: %w", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return fmt.Errorf("other bytes follow its JSON")
	}
	again, err := Canonical(integers(v))
	if err != nil {
		return fmt.Errorf("it is no canonical JSON: %w", err)
	}
	if !bytes.Equal(raw, again) {
		return fmt.Errorf("it is not in canonical form (RFC 8785)")
	}
	return nil
}
