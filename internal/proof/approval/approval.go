// Package approval holds approved baselines: a short signed text that says which
// person took which state of which host's files for the one that is meant. An
// agent makes a snapshot its baseline for such a text alone, and whoever has the
// text and the public key can prove the approval without asking a server.
//
// An approval is "abl1." + payload + "." + signature, both base64url without
// padding; the payload is JSON in one fixed form, the signature Ed25519 over the
// text before the last dot. It holds no secret: it is of one host and one Merkle
// root, so it cannot be used for anything else.
//
// Invariants:
//   - Verify gives an approval only where a key that the caller trusts signed it
//     and every field is within its bounds; it never gives part of one.
//   - A text's bytes are the only form of its content: another spelling of the
//     same payload is refused.
//   - A change token (package permit) is never taken for an approval: the
//     signature covers the prefix.
//
// Floor: declared; pure, also for the agent.
package approval

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/fault"
)

const (
	prefix  = "abl1."
	maxText = 2048
	// MaxEntries bounds what a snapshot can hold.
	MaxEntries = 1 << 40
)

// Approval is what a text says.
type Approval struct {
	ID      string `json:"id"`      // "bas_…": of the approval
	Key     string `json:"key"`     // of the signer, see KeyID
	Source  string `json:"source"`  // "src_…": the host
	Root    string `json:"root"`    // Merkle root of the snapshot, 64 hex digits
	Entries int64  `json:"entries"` // in the snapshot
	By      string `json:"by"`      // "usr_…": who approved; never a name
	At      int64  `json:"at"`      // seconds since 1970, UTC
	Reason  string `json:"reason"`  // SHA-256 of the reason that was given, see Reason; 64 hex digits
}

// KeyID names a public key: the first 16 hex digits of its SHA-256.
func KeyID(k ed25519.PublicKey) string {
	sum := sha256.Sum256(k)
	return hex.EncodeToString(sum[:8])
}

// Reason is the digest of a reason: what a person wrote stays on the server, and
// is bound to the approval all the same.
func Reason(text string) string {
	sum := sha256.Sum256([]byte("attesta reason 1\x00" + text))
	return hex.EncodeToString(sum[:])
}

var (
	id     = regexp.MustCompile(`^[a-z]{2,5}_[0-9A-Za-z]{1,54}$`)
	digest = regexp.MustCompile(`^[0-9a-f]{64}$`)
	keyID  = regexp.MustCompile(`^[0-9a-f]{16}$`)
)

// Check refuses, with kind Invalid and the field, what no approval may say.
func (a Approval) Check() error {
	for _, f := range []struct {
		field, value, is string
		form             *regexp.Regexp
	}{
		{"id", a.ID, "an id", id}, {"key", a.Key, "the name of a key", keyID}, {"source", a.Source, "an id", id}, {"by", a.By, "an id", id},
		{"root", a.Root, "a digest of 64 hex digits", digest}, {"reason", a.Reason, "a digest of 64 hex digits", digest},
	} {
		if !f.form.MatchString(f.value) {
			return bad(f.field, "%.80q is not %s", f.value, f.is)
		}
	}
	switch {
	case !strings.HasPrefix(a.Source, "src_"):
		return bad("source", "%q names no source: src_…", a.Source)
	case !strings.HasPrefix(a.By, "usr_"):
		return bad("by", "%q names no person: usr_…", a.By)
	case a.Entries < 1 || a.Entries > MaxEntries:
		return bad("entries", "%d is no number of entries", a.Entries)
	case a.At < 1 || a.At > 253_402_300_799:
		return bad("at", "%d is no moment", a.At)
	}
	return nil
}

func bad(field, format string, args ...any) error {
	return fault.New(fault.Invalid, format, args...).At("", 0, field)
}

// Sign gives the text of an approval; it sets Key.
func Sign(key ed25519.PrivateKey, a Approval) (string, error) {
	if len(key) != ed25519.PrivateKeySize {
		return "", fault.New(fault.Internal, "the key of approvals is no Ed25519 key")
	}
	a.Key = KeyID(key.Public().(ed25519.PublicKey)) // an ed25519.PrivateKey has no other
	if err := a.Check(); err != nil {
		return "", err
	}
	payload, err := json.Marshal(a)
	if err != nil {
		return "", err
	}
	text := prefix + base64.RawURLEncoding.EncodeToString(payload)
	return text + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(key, []byte(text))), nil
}

// Verify reads an approval that one of the keys signed; kind Refused for anything
// else. That it is of this host and of this snapshot is Of's to say.
func Verify(text string, keys ...ed25519.PublicKey) (Approval, error) {
	no := func(format string, args ...any) (Approval, error) {
		return Approval{}, fault.New(fault.Refused, format, args...)
	}
	text = strings.TrimSpace(text)
	rest, ok := strings.CutPrefix(text, prefix)
	payload64, signature64, two := strings.Cut(rest, ".")
	if !ok || !two || len(text) > maxText || strings.ContainsAny(text, "\r\n") { // the decoder would pass over line breaks
		return no("this is no approval of a baseline")
	}
	strict := base64.RawURLEncoding.Strict()
	payload, err := strict.DecodeString(payload64)
	signature, err2 := strict.DecodeString(signature64)
	if err != nil || err2 != nil || len(signature) != ed25519.SignatureSize {
		return no("the approval cannot be read")
	}
	signed := []byte(prefix + payload64)
	by := slices.IndexFunc(keys, func(k ed25519.PublicKey) bool {
		return len(k) == ed25519.PublicKeySize && ed25519.Verify(k, signed, signature)
	})
	if by < 0 {
		return no("no key that is trusted here signed the approval")
	}
	var a Approval
	dec := json.NewDecoder(bytes.NewReader(payload))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&a); err != nil {
		return no("the approval says what this program does not know")
	}
	if again, err := json.Marshal(a); err != nil || !bytes.Equal(again, payload) {
		return no("the approval is not in its one form")
	}
	if a.Key != KeyID(keys[by]) {
		return no("the approval names another key than the one that signed it")
	}
	if err := a.Check(); err != nil {
		return no("the approval says what none may: %s", err)
	}
	return a, nil
}

// Of refuses an approval that is of another host or of another snapshot than
// these; kind Refused, and says which.
func (a Approval) Of(source, root string, entries int64) error {
	switch {
	case a.Source != source:
		return fault.New(fault.Refused, "the approval is of %s, and this is %s", a.Source, source)
	case a.Root != root:
		return fault.New(fault.Refused, "the approval is of the root %s, and the snapshot has %s", a.Root, root).
			WithHint("the files changed since it was made, or another one was made: look at what differs and approve that")
	case a.Entries != entries:
		return fault.New(fault.Refused, "the approval is of %d entries, and the snapshot has %d", a.Entries, entries)
	}
	return nil
}
