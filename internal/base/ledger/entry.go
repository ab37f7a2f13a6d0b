package ledger

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"sort"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/attesta/attesta/internal/base/fault"

	"github.com/gowebpki/jcs"
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

// wireEntry is the entry as it is hashed, before canonical ordering.
type wireEntry struct {
	V          int             `json:"v"`
	ID         string          `json:"id"`
	Type       string          `json:"type"`
	Stream     string          `json:"stream"`
	StreamSeq  int64           `json:"stream_seq"`
	At         string          `json:"at"`
	Actor      string          `json:"actor"`
	Subject    string          `json:"subject,omitempty"`
	Outcome    string          `json:"outcome,omitempty"`
	Blob       string          `json:"blob,omitempty"`
	Commitment string          `json:"commitment,omitempty"`
	Data       json.RawMessage `json:"data,omitempty"`
}

// encode gives the canonical bytes of e.
func (e *Entry) encode(id string, seq int64, at time.Time, commitment string) ([]byte, error) {
	w := wireEntry{V: Version, ID: id, Type: e.Type, Stream: e.Stream, StreamSeq: seq,
		At: at.UTC().Format(timeLayout), Actor: e.Actor, Subject: e.Subject, Outcome: e.Outcome,
		Blob: e.Blob, Commitment: commitment}
	if len(e.Data) > 0 {
		var b bytes.Buffer
		if err := appendValue(&b, "data", reflect.ValueOf(e.Data), 0); err != nil {
			return nil, err
		}
		w.Data = b.Bytes()
	}
	plain, err := json.Marshal(w)
	if err != nil {
		return nil, fmt.Errorf("encode ledger entry: %w", err)
	}
	body, err := jcs.Transform(plain)
	if err != nil {
		return nil, fmt.Errorf("make ledger entry canonical: %w", err)
	}
	if len(body) > MaxEntry {
		return nil, fault.New(fault.Invalid, "a ledger entry of type %q has %d bytes; at most %d are kept", e.Type, len(body), MaxEntry).
			At("", 0, "data").WithHint("store the content as a blob and put its digest in the entry")
	}
	return body, nil
}

var (
	timeType  = reflect.TypeFor[time.Time]()
	bytesType = reflect.TypeFor[[]byte]()
)

// appendValue writes v as JSON and refuses what an entry cannot hold, naming
// the key. Object keys are sorted later, by jcs.
func appendValue(b *bytes.Buffer, key string, v reflect.Value, depth int) error {
	bad := func(format string, args ...any) error {
		return fault.New(fault.Invalid, format, args...).At("", 0, key)
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
	if v.Type() == bytesType {
		return bad("is a list of bytes; write text, or the digest of a blob")
	}
	if v.Type() == timeType {
		b.WriteString(`"` + v.Interface().(time.Time).UTC().Format(timeLayout) + `"`)
		return nil
	}
	switch v.Kind() {
	case reflect.String:
		if !utf8.ValidString(v.String()) {
			return bad("is not valid UTF-8")
		}
		quoted, err := json.Marshal(v.String())
		if err != nil {
			return bad("cannot be written as JSON: %v", err)
		}
		b.Write(quoted)
	case reflect.Bool:
		b.WriteString(strconv.FormatBool(v.Bool()))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if n := v.Int(); n > maxInteger || n < -maxInteger {
			return bad("%d is beyond 2^53-1 and would not be read back exactly; write it as a string", n)
		}
		b.WriteString(strconv.FormatInt(v.Int(), 10))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if v.Uint() > maxInteger {
			return bad("%d is beyond 2^53-1 and would not be read back exactly; write it as a string", v.Uint())
		}
		b.WriteString(strconv.FormatUint(v.Uint(), 10))
	case reflect.Float32, reflect.Float64:
		return bad("is a floating-point number; ledger entries hold integers only")
	case reflect.Slice, reflect.Array:
		b.WriteByte('[')
		for i := range v.Len() {
			if i > 0 {
				b.WriteByte(',')
			}
			if err := appendValue(b, key+"["+strconv.Itoa(i)+"]", v.Index(i), depth+1); err != nil {
				return err
			}
		}
		b.WriteByte(']')
	case reflect.Map:
		if v.Type().Key().Kind() != reflect.String {
			return bad("is a map whose keys are no strings")
		}
		keys := v.MapKeys()
		sort.Slice(keys, func(i, j int) bool { return keys[i].String() < keys[j].String() })
		b.WriteByte('{')
		for i, k := range keys {
			if i > 0 {
				b.WriteByte(',')
			}
			if !utf8.ValidString(k.String()) {
				return bad("has a key that is not valid UTF-8")
			}
			quoted, err := json.Marshal(k.String())
			if err != nil {
				return bad("has a key that cannot be written as JSON: %v", err)
			}
			b.Write(quoted)
			b.WriteByte(':')
			if err := appendValue(b, key+"."+k.String(), v.MapIndex(k), depth+1); err != nil {
				return err
			}
		}
		b.WriteByte('}')
	default:
		return bad("has Go type %s; ledger entries hold strings, integers, booleans, times, and lists and maps of those", v.Type())
	}
	return nil
}

// commit gives the canonical payload of personal data and its commitment.
func commit(personal map[string]string, salt []byte) (payload []byte, commitment string, err error) {
	var b bytes.Buffer
	if err := appendValue(&b, "personal", reflect.ValueOf(personal), 0); err != nil {
		return nil, "", err
	}
	payload, err = jcs.Transform(b.Bytes())
	if err != nil {
		return nil, "", fmt.Errorf("make personal data canonical: %w", err)
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
	var buf [1 + MaxEntry]byte
	if len(body) <= MaxEntry {
		n := copy(buf[1:], body)
		return sha256.Sum256(buf[:1+n])
	}
	h := sha256.New()
	h.Write([]byte{0})
	h.Write(body)
	return [32]byte(h.Sum(nil))
}
