// Package snapshot is the file that holds what a tree of files was: every
// entry with its attributes, sorted, in at most 65 bytes per file with its
// digest.
//
// The file, numbers in little endian or as uvarints:
//
//	header   "ATTSNAP\n", version uint32, length of the options uint32, CRC-32C of them uint32, CRC-32C of this header uint32
//	options  JSON (Options)
//	blocks   of Block entries each, the last of fewer (block.go)
//	texts    kept text of declared files (text.go)
//	index    per block: offset uint64, length uint32, CRC-32C of the block uint32
//	footer   offsets, counts, Merkle root, SHA-256 of all before the footer, CRC-32C of the footer, "ATTSEND\n"
//
// Order is bytewise with '/' as the lowest byte, which is the order of a walk
// that sorts each directory. Paths are front-coded within a block, so that a
// block is read without any other.
//
// Serves C7.1c. Invariants: a file is written beside its place and renamed into
// it once it is on disk whole; a full disk leaves the old one. What is damaged
// is an error that names the offset, never an entry. A reader maps the file and
// holds one block's classes in memory, whatever the size.
//
// Floor: edges, below agent/integrity. Imports attr, merkle, base/fault.
package snapshot

import (
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"time"

	"github.com/attesta/attesta/internal/agent/integrity/merkle"
	"github.com/attesta/attesta/internal/base/fault"
)

// Version is of the format. A reader refuses any other.
const Version = 1

// Block is how many entries stand in one block.
const Block = 64

const (
	magic      = "ATTSNAP\n"
	endMagic   = "ATTSEND\n"
	headerSize = 8 + 4 + 4 + 4 + 4
	indexSize  = 8 + 4 + 4
	footerSize = 6*8 + 32 + 32 + 4 + 8
	maxOptions = 16 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Options say what a snapshot is of. They stand in the file, so that a check
// looks at the same.
type Options struct {
	Roots   []Path    `json:"roots"`             // absolute, in order
	Exclude []string  `json:"exclude,omitempty"` // patterns, see agent/integrity
	Own     []Path    `json:"own,omitempty"`     // snapshots themselves, left out
	Cross   bool      `json:"cross,omitempty"`   // go into file systems mounted below a root
	Network bool      `json:"network,omitempty"` // read content on network file systems
	Logs    []string  `json:"logs,omitempty"`    // patterns of files that only grow, and are rotated
	Texts   []string  `json:"texts,omitempty"`   // patterns of files whose text is kept, without secrets
	Host    string    `json:"host,omitempty"`
	Made    time.Time `json:"made"`
}

// Counts are of a whole snapshot.
type Counts struct {
	Entries uint64 `json:"entries"`
	Files   uint64 `json:"files"`
	Bytes   uint64 `json:"bytes"` // of the files' content
}

type footer struct {
	texts, index uint64 // offsets
	blocks       uint64
	Counts
	root   merkle.Hash
	digest [32]byte
}

func (f *footer) encode() []byte {
	b := make([]byte, 0, footerSize)
	for _, v := range []uint64{f.texts, f.index, f.blocks, f.Entries, f.Files, f.Bytes} {
		b = binary.LittleEndian.AppendUint64(b, v)
	}
	b = append(b, f.root[:]...)
	b = append(b, f.digest[:]...)
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	return append(b, endMagic...)
}

func (f *footer) decode(b []byte) bool {
	if len(b) != footerSize || string(b[footerSize-8:]) != endMagic ||
		crc32.Checksum(b[:footerSize-12], castagnoli) != binary.LittleEndian.Uint32(b[footerSize-12:]) {
		return false
	}
	for i, v := range []*uint64{&f.texts, &f.index, &f.blocks, &f.Entries, &f.Files, &f.Bytes} {
		*v = binary.LittleEndian.Uint64(b[8*i:])
	}
	copy(f.root[:], b[48:80])
	copy(f.digest[:], b[80:112])
	return true
}

func encodeHeader(o Options) ([]byte, error) {
	text, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	if len(text) > maxOptions {
		return nil, fault.New(fault.Invalid, "the options take %d bytes, over %d: give fewer paths and patterns", len(text), maxOptions)
	}
	b := append(make([]byte, 0, headerSize+len(text)), magic...)
	b = binary.LittleEndian.AppendUint32(b, Version)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(text)))
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(text, castagnoli))
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	return append(b, text...), nil
}

// Compare orders paths as a snapshot does: bytewise, '/' before every other.
func Compare(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			x, y := a[i], b[i]
			if x == '/' {
				return -1
			}
			if y == '/' {
				return 1
			}
			return int(x) - int(y)
		}
	}
	return len(a) - len(b)
}
