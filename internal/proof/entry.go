package proof

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"reflect"
	"regexp"
	"strconv"
	"time"
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
	// TimeLayout is RFC 3339 in UTC with exactly six digits of a second.
	TimeLayout = "2006-01-02T15:04:05.000000Z"
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

// Check refuses an entry that the schema cannot hold, naming the field.
func (e *Entry) Check() error {
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
	return nil
}

// Encode gives the canonical bytes of e (RFC 8785): members in order, no
// spaces. A test holds it against another implementation of the RFC.
func (e *Entry) Encode(id string, seq int64, at time.Time, commitment string) ([]byte, error) {
	b := make([]byte, 0, 640)
	text := func(name, value string) {
		if value != "" {
			b = append(b, name...)
			b = appendText(b, value)
		}
	}
	text(`{"actor":`, e.Actor)
	b = append(b, `,"at":"`...)
	b = at.UTC().AppendFormat(b, TimeLayout)
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

// Commit gives the canonical payload of personal data and its commitment.
func Commit(personal map[string]string, salt []byte) (payload []byte, commitment string, err error) {
	payload, err = appendValue(nil, "personal", reflect.ValueOf(personal), 0)
	if err != nil {
		return nil, "", err
	}
	if len(payload) > maxPersonal {
		return nil, "", fault.New(fault.Invalid, "personal data of %d bytes is more than the %d kept with an entry", len(payload), maxPersonal).
			At("", 0, "personal")
	}
	return payload, CommitmentOf(payload, salt), nil
}

// CommitmentOf gives the commitment of a canonical payload under a salt, in hex.
func CommitmentOf(payload, salt []byte) string {
	mac := hmac.New(sha256.New, salt)
	mac.Write(payload)
	return hex.EncodeToString(mac.Sum(nil))
}

// LeafHash is RFC 6962's hash of a leaf.
func LeafHash(body []byte) [32]byte {
	if len(body) < 1024 { // nearly all; a large buffer takes time to clear
		var buf [1024]byte
		return sha256.Sum256(buf[:1+copy(buf[1:], body)])
	}
	return sha256.Sum256(append([]byte{0}, body...))
}
