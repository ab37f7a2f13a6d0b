package proof

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/attesta/attesta/internal/base/fault"

	"golang.org/x/mod/sumdb/tlog"
)

// Consistency shows that a log of Size entries continues one of Old entries.
type Consistency struct {
	Old        int64
	Hashes     [][32]byte
	Checkpoint []byte // the signed note of the later one
}

// ProveConsistency makes the proof that the tree of checkpoint later begins
// with the first old entries.
func ProveConsistency(later Checkpoint, old int64, read func(t Tile) ([]byte, error)) (Consistency, error) {
	c := Consistency{Old: old, Checkpoint: later.Raw}
	hashes, err := tlog.ProveTree(later.Size, old, HashReader(later.Size, read))
	if err != nil {
		return c, fmt.Errorf("prove that %d entries continue %d: %w", later.Size, old, err)
	}
	for _, h := range hashes {
		c.Hashes = append(c.Hashes, h)
	}
	return c, nil
}

// Check holds the proof against two roots. Whoever calls it has checked the
// signatures of both.
func (c Consistency) Check(size int64, root, oldRoot [32]byte) error {
	hashes := make([]tlog.Hash, len(c.Hashes))
	for i, h := range c.Hashes {
		hashes[i] = h
	}
	if c.Old < 1 || c.Old > size {
		return fault.New(fault.Refused, "a log of %d entries cannot continue one of %d", size, c.Old)
	}
	if err := tlog.CheckTree(hashes, size, root, c.Old, oldRoot); err != nil {
		return fault.Wrap(fault.Refused, err, "the log of %d entries does not continue the one of %d", size, c.Old)
	}
	return nil
}

// Text gives the proof as the body of a C2SP tlog-witness request: what a
// witness would be asked to cosign.
func (c Consistency) Text() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "old %d\n", c.Old)
	for _, h := range c.Hashes {
		b.WriteString(EncodeHash(h) + "\n")
	}
	b.WriteByte('\n')
	b.Write(c.Checkpoint)
	return b.Bytes()
}

// ParseConsistency reads what Text gives. It checks nothing that needs a key.
func ParseConsistency(raw []byte) (Consistency, error) {
	bad := func(format string, args ...any) (Consistency, error) {
		return Consistency{}, fault.New(fault.Invalid, format, args...)
	}
	if len(raw) > MaxProof {
		return bad("the proof has %d bytes; at most %d are read", len(raw), MaxProof)
	}
	line, rest, ok := bytes.Cut(raw, []byte("\n"))
	text, isOld := bytes.CutPrefix(line, []byte("old "))
	old, err := strconv.ParseInt(string(text), 10, 64)
	if !ok || !isOld || err != nil || old < 0 || strconv.FormatInt(old, 10) != string(text) {
		return bad("the proof does not begin with the size that it is of")
	}
	c := Consistency{Old: old}
	for {
		if line, rest, ok = bytes.Cut(rest, []byte("\n")); !ok {
			return bad("the proof ends before its checkpoint")
		}
		if len(line) == 0 {
			break
		}
		h, err := DecodeBase64(string(line))
		if err != nil || len(h) != HashSize || len(c.Hashes) >= 64 {
			return bad("a line is no hash of a consistency proof")
		}
		c.Hashes = append(c.Hashes, [32]byte(h))
	}
	if len(rest) == 0 {
		return bad("the checkpoint is missing")
	}
	c.Checkpoint = rest
	return c, nil
}
