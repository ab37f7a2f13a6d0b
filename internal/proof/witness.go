package proof

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/fault"

	"golang.org/x/mod/sumdb/note"
)

// Signature types of signed-note keys.
const (
	ed25519Key     = 1
	CosignatureKey = 4 // of witnesses
)

// Witness verifies what a witness adds to a checkpoint: a cosignature/v1 with
// its time (C2SP tlog-cosignature), or a plain Ed25519 signature without one.
type Witness struct {
	name  string
	plain note.Verifier // of an Ed25519 key
	hash  uint32
	key   ed25519.PublicKey
	at    time.Time // of the last cosignature that Verify accepted
}

// NewWitness reads a witness's verifier key.
func NewWitness(vkey string) (*Witness, error) {
	vkey = strings.TrimSpace(vkey)
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return nil, fault.New(fault.Invalid, "this is no verifier key of a witness").WithHint("it is one line, as the witness gives it: name+hash+key")
	}
	key, err := DecodeBase64(parts[2])
	if err != nil || len(key) != 1+ed25519.PublicKeySize {
		return nil, fault.New(fault.Invalid, "the key of %.80q is no Ed25519 key", parts[0]).WithHint("it is one line, as the witness gives it: name+hash+key")
	}
	if key[0] == ed25519Key {
		v, err := note.NewVerifier(vkey)
		if err != nil {
			return nil, err
		}
		return &Witness{name: v.Name(), plain: v, hash: v.KeyHash()}, nil
	}
	hash, err := strconv.ParseUint(parts[1], 16, 32)
	if key[0] != CosignatureKey || err != nil || len(parts[1]) != 8 || parts[0] == "" || strings.ContainsAny(parts[0], " \t\r\n") {
		return nil, fault.New(fault.Invalid, "the key of %.80q is of no kind that witnesses use", parts[0]).WithHint("it is one line, as the witness gives it: name+hash+key")
	}
	sum := sha256.Sum256(append([]byte(parts[0]+"\n"), key...))
	if binary.BigEndian.Uint32(sum[:]) != uint32(hash) {
		return nil, fault.New(fault.Invalid, "the key of %.80q does not have the hash that stands before it", parts[0]).WithHint("it is one line, as the witness gives it: name+hash+key")
	}
	return &Witness{name: parts[0], hash: uint32(hash), key: ed25519.PublicKey(key[1:])}, nil
}

func (w *Witness) Name() string    { return w.name }
func (w *Witness) KeyHash() uint32 { return w.hash }

// Verify reports whether sig is the witness's signature of a checkpoint's text.
func (w *Witness) Verify(msg, sig []byte) bool {
	if w.plain != nil {
		w.at = time.Time{}
		return w.plain.Verify(msg, sig)
	}
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	seconds := binary.BigEndian.Uint64(sig)
	if seconds > 1<<40 || !ed25519.Verify(w.key, fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", seconds, msg), sig[8:]) {
		return false
	}
	w.at = time.Unix(int64(seconds), 0).UTC()
	return true
}

// Cosigned reports whether a checkpoint bears the witness's signature, and the
// time that the signature gives; zero where it gives none.
func (w *Witness) Cosigned(raw []byte) (at time.Time, ok bool) {
	if len(raw) > MaxCheckpoint {
		return time.Time{}, false
	}
	if _, err := note.Open(raw, note.VerifierList(w)); err != nil {
		return time.Time{}, false
	}
	return w.at, true
}
