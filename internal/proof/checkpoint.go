package proof

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/base/fault"

	"golang.org/x/mod/sumdb/note"
)

// Checkpoint is a signed tree head (C2SP tlog-checkpoint).
type Checkpoint struct {
	Origin string
	Size   int64
	Root   [32]byte
	Raw    []byte // the signed note
}

// MaxCheckpoint bounds a checkpoint with its cosignatures.
const MaxCheckpoint = 64 << 10

// Text is what is signed.
func (c Checkpoint) Text() string {
	return fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Size, base64.StdEncoding.EncodeToString(c.Root[:]))
}

// Sign gives the checkpoint as a signed note.
func (c Checkpoint) Sign(signer note.Signer) ([]byte, error) {
	raw, err := note.Sign(&note.Note{Text: c.Text()}, signer)
	if err != nil {
		return nil, fmt.Errorf("sign the checkpoint of %d entries: %w", c.Size, err)
	}
	return raw, nil
}

// NewVerifier reads a signed-note verifier key ("name+hash+key").
func NewVerifier(key string) (note.Verifier, error) {
	v, err := note.NewVerifier(strings.TrimSpace(key))
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "this is no signed-note verifier key").
			WithHint("'attesta ledger key' prints the right one: name+hash+key")
	}
	return v, nil
}

// ParseCheckpoint reads a signed checkpoint and checks the signature of the
// verifier's key. Its origin must be the verifier's name.
func ParseCheckpoint(raw []byte, verifier note.Verifier) (Checkpoint, error) {
	bad := func(format string, args ...any) (Checkpoint, error) {
		return Checkpoint{}, fault.New(fault.Refused, format, args...)
	}
	if len(raw) > MaxCheckpoint {
		return bad("the checkpoint has %d bytes; at most %d are read", len(raw), MaxCheckpoint)
	}
	n, err := note.Open(raw, note.VerifierList(verifier))
	if err != nil {
		return Checkpoint{}, fault.Wrap(fault.Refused, err, "the checkpoint does not carry a valid signature of %s", verifier.Name()).
			WithHint("it was changed, or it was signed by another key")
	}
	lines := strings.SplitN(n.Text, "\n", 4)
	if len(lines) < 4 {
		return bad("the checkpoint has fewer than three lines")
	}
	c := Checkpoint{Origin: lines[0], Raw: raw}
	if c.Origin != verifier.Name() {
		return bad("the checkpoint is of log %q, the key of %q", c.Origin, verifier.Name())
	}
	c.Size, err = strconv.ParseInt(lines[1], 10, 64)
	if err != nil || c.Size < 0 || strconv.FormatInt(c.Size, 10) != lines[1] {
		return bad("the checkpoint's size %q is no decimal number", lines[1])
	}
	root, err := DecodeBase64(lines[2])
	if err != nil || len(root) != HashSize {
		return bad("the checkpoint's root is no SHA-256 hash in base64")
	}
	c.Root = [32]byte(root)
	if c.Size == 0 && c.Root != EmptyRoot {
		return bad("the checkpoint gives an empty log the root of another")
	}
	return c, nil
}
