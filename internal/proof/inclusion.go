package proof

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strconv"

	"github.com/attesta/attesta/internal/base/fault"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Proof shows somebody else that one entry is in the log: the entry, its
// inclusion proof and the signed checkpoint that the proof leads to.
type Proof struct {
	Index      int64
	Entry      []byte     // the canonical bytes
	Hashes     [][32]byte // from the leaf's sibling to the root's child
	Checkpoint Checkpoint
}

// proofHeader is the first line of a C2SP tlog-proof.
const proofHeader = "c2sp.org/tlog-proof@v1"

// MaxProof bounds what ParseProof reads.
const MaxProof = MaxCheckpoint + 64*64 + 2*MaxEntry

// HashReader gives stored hashes of a log of that size from its tiles. read gives
// exactly the tile that it is asked for. Who uses them compares the outcome with a
// signed root.
func HashReader(size int64, read func(t Tile) ([]byte, error)) tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, 0, len(indexes))
		cache := map[Tile][]byte{}
		for _, i := range indexes {
			level, n := tlog.SplitStoredHashIndex(i)
			first := n << (level % 8)
			t := Tile{Level: level / 8, N: first / TileWidth}.InTree(size)
			hashes, ok := cache[t]
			if !ok {
				var err error
				if hashes, err = read(t); err != nil {
					return nil, err
				}
				cache[t] = hashes
			}
			from, width := int(first%TileWidth)*HashSize, HashSize<<(level%8)
			if from+width > len(hashes) {
				return nil, fault.New(fault.Refused, "the tile is too short").At(t.Path(), 0, "")
			}
			out = append(out, PerfectRoot(hashes[from:from+width]))
		}
		return out, nil
	})
}

// Prove makes the proof of one entry of a log from its tiles.
func Prove(c Checkpoint, index int64, entry []byte, read func(t Tile) ([]byte, error)) (Proof, error) {
	p := Proof{Index: index, Entry: entry, Checkpoint: c}
	hashes, err := tlog.ProveRecord(c.Size, index, HashReader(c.Size, read))
	if err != nil {
		return p, fmt.Errorf("prove the entry with index %d: %w", index, err)
	}
	for _, h := range hashes {
		p.Hashes = append(p.Hashes, h)
	}
	return p, nil
}

// Check holds the proof against its checkpoint, and that against the key.
func (p Proof) Check(verifier note.Verifier) error {
	c, err := ParseCheckpoint(p.Checkpoint.Raw, verifier)
	if err != nil {
		return err
	}
	if p.Index < 0 || p.Index >= c.Size {
		return fault.New(fault.Refused, "the checkpoint covers %d entries; the proof is of index %d", c.Size, p.Index)
	}
	return p.Holds(c)
}

// Holds holds the proof against a checkpoint whose signature was checked.
func (p Proof) Holds(c Checkpoint) error {
	hashes := make([]tlog.Hash, len(p.Hashes))
	for i, h := range p.Hashes {
		hashes[i] = h
	}
	if err := tlog.CheckRecord(hashes, c.Size, c.Root, p.Index, LeafHash(p.Entry)); err != nil {
		return fault.Wrap(fault.Refused, err, "the entry is not at index %d of the log with that checkpoint", p.Index)
	}
	return nil
}

// Text gives the proof as a C2SP tlog-proof. Its extra data is the entry.
func (p Proof) Text() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\nextra %s\nindex %d\n", proofHeader, base64.StdEncoding.EncodeToString(p.Entry), p.Index)
	for _, h := range p.Hashes {
		b.WriteString(EncodeHash(h) + "\n")
	}
	b.WriteByte('\n')
	b.Write(p.Checkpoint.Raw)
	return b.Bytes()
}

// ParseProof reads a tlog-proof whose extra data is the entry. It checks
// nothing that needs a key: call Check.
func ParseProof(raw []byte) (Proof, error) {
	line := 0
	bad := func(format string, args ...any) (Proof, error) {
		return Proof{}, fault.New(fault.Invalid, format, args...).At("", line, "")
	}
	if len(raw) > MaxProof {
		return bad("the proof has %d bytes; at most %d are read", len(raw), MaxProof)
	}
	next := func() (string, bool) {
		line++
		text, rest, ok := bytes.Cut(raw, []byte("\n"))
		raw = rest
		return string(text), ok
	}
	if text, _ := next(); text != proofHeader {
		return bad("this is no tlog-proof: the first line is not %s", proofHeader)
	}
	var p Proof
	text, ok := next()
	const extra, index = "extra ", "index "
	if len(text) > len(extra) && text[:len(extra)] == extra {
		var err error
		if p.Entry, err = DecodeBase64(text[len(extra):]); err != nil {
			return bad("the extra data is no base64")
		}
		text, ok = next()
	}
	if !ok || len(text) <= len(index) || text[:len(index)] != index {
		return bad("the line of the index is missing")
	}
	n, err := strconv.ParseInt(text[len(index):], 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != text[len(index):] {
		return bad("the index %q is no decimal number", text[len(index):])
	}
	p.Index = n
	for {
		if text, ok = next(); !ok {
			return bad("the proof ends before its checkpoint")
		}
		if text == "" {
			break
		}
		h, err := DecodeBase64(text)
		if err != nil || len(h) != HashSize || len(p.Hashes) >= 64 {
			return bad("this line is no hash of an inclusion proof")
		}
		p.Hashes = append(p.Hashes, [32]byte(h))
	}
	if len(raw) == 0 {
		return bad("the checkpoint is missing")
	}
	p.Checkpoint.Raw = raw
	return p, nil
}
