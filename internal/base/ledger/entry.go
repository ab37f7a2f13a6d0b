package ledger

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/fault"
)

const (
	// Version is the entry schema that this program writes.
	Version = 1
	// MaxEntry is the most bytes that an entry may have.
	MaxEntry = 2048
	// maxInteger is the largest integer that every JSON reader keeps exactly.
	maxInteger = 1<<53 - 1
	// maxPersonal bounds the payload behind a commitment.
	maxPersonal = 64 << 10
	// timeLayout is RFC 3339 in UTC with exactly six digits of a second.
	timeLayout = "2006-01-02T15:04:05.000000Z"
)

// Entry is what a caller puts into the ledger. Identifiers only: what a person
// is called, or wrote, belongs in Personal.
type Entry struct {
	Type     string            // what happened: "run", "finding.opened"; lower case, dotted
	Stream   string            // who numbers it; one writer per stream: "source/src_…", "system", "people"
	Actor    string            // pseudonym: "usr_…", "src_…" or "system"; never a name or an address
	Subject  string            // id or slug of what it is about
	Outcome  string            // optional
	Blob     string            // optional: SHA-256, in hex, of content kept outside
	Data     map[string]any    // optional: strings, integers, booleans, times, lists and maps of those
	Personal map[string]string // optional: committed to by a salted HMAC, kept outside the log, erasable
}

var (
	typePattern = regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$`)
	namePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:/@+\-]*$`)
	hashPattern = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// check refuses an entry that the schema cannot hold, naming the field.
func (e *Entry) check() error {
	bad := func(field, format string, args ...any) error {
		return fault.New(fault.Invalid, format, args...).At("", 0, field)
	}
	switch {
	case len(e.Type) > 64 || !typePattern.MatchString(e.Type):
		return bad("type", "a ledger entry's type is lower-case words joined by dots, at most 64 bytes, not %q", e.Type)
	case len(e.Stream) > 128 || !namePattern.MatchString(e.Stream):
		return bad("stream", "a ledger entry's stream is a name without spaces, at most 128 bytes, not %q", e.Stream)
	case len(e.Actor) > 128 || !namePattern.MatchString(e.Actor):
		return bad("actor", "a ledger entry's actor is a pseudonym without spaces, at most 128 bytes, not %q", e.Actor)
	case len(e.Subject) > 256 || !utf8.ValidString(e.Subject):
		return bad("subject", "a ledger entry's subject is valid text of at most 256 bytes")
	case len(e.Outcome) > 64 || !utf8.ValidString(e.Outcome):
		return bad("outcome", "a ledger entry's outcome is valid text of at most 64 bytes")
	case e.Blob != "" && !hashPattern.MatchString(e.Blob):
		return bad("blob", "a ledger entry's blob is a SHA-256 digest in lower-case hex")
	}
	return e.checkSecrets()
}

// encode gives the canonical bytes of e (RFC 8785): members in order, no
// spaces. A test holds it against another implementation of the RFC.
func (e *Entry) encode(id string, seq int64, at time.Time, commitment string) ([]byte, error) {
	b := make([]byte, 0, 640)
	text := func(name, value string) {
		if value != "" {
			b = append(b, name...)
			b = appendText(b, value)
		}
	}
	text(`{"actor":`, e.Actor)
	b = append(b, `,"at":"`...)
	b = at.UTC().AppendFormat(b, timeLayout)
	b = append(b, '"')
	text(`,"blob":`, e.Blob)
	text(`,"commitment":`, commitment)
	if len(e.Data) > 0 {
		b = append(b, `,"data":`...)
		var err error
		if b, err = appendValue(b, "data", reflect.ValueOf(e.Data), 0); err != nil {
			return nil, err
		}
	}
	text(`,"id":`, id)
	text(`,"outcome":`, e.Outcome)
	text(`,"stream":`, e.Stream)
	b = append(b, `,"stream_seq":`...)
	b = strconv.AppendInt(b, seq, 10)
	text(`,"subject":`, e.Subject)
	text(`,"type":`, e.Type)
	b = append(b, `,"v":`...)
	b = strconv.AppendInt(b, Version, 10)
	b = append(b, '}')
	if len(b) > MaxEntry {
		return nil, fault.New(fault.Invalid, "a ledger entry of type %q has %d bytes; at most %d are kept", e.Type, len(b), MaxEntry).
			At("", 0, "data").WithHint("store the content as a blob and put its digest in the entry")
	}
	return b, nil
}

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
		b = v.Interface().(time.Time).UTC().AppendFormat(b, timeLayout)
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

// commit gives the canonical payload of personal data and its commitment.
func commit(personal map[string]string, salt []byte) (payload []byte, commitment string, err error) {
	payload, err = appendValue(nil, "personal", reflect.ValueOf(personal), 0)
	if err != nil {
		return nil, "", err
	}
	if len(payload) > maxPersonal {
		return nil, "", fault.New(fault.Invalid, "personal data of %d bytes is more than the %d kept with an entry", len(payload), maxPersonal).
			At("", 0, "personal")
	}
	return payload, commitmentOf(payload, salt), nil
}

func commitmentOf(payload, salt []byte) string {
	mac := hmac.New(sha256.New, salt)
	mac.Write(payload)
	return hex.EncodeToString(mac.Sum(nil))
}

// leafHash is RFC 6962's hash of a leaf.
func leafHash(body []byte) [32]byte {
	if len(body) < 1024 { // nearly all; a large buffer takes time to clear
		var buf [1024]byte
		return sha256.Sum256(buf[:1+copy(buf[1:], body)])
	}
	return sha256.Sum256(append([]byte{0}, body...))
}
