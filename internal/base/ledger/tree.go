package ledger

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/base/fault"
)

// tileWidth is how many hashes or entries a full tile or bundle holds.
const tileWidth = 256

const hashSize = sha256.Size

// nodeHash is RFC 6962's hash of an inner node.
func nodeHash(left, right []byte) [32]byte {
	var buf [1 + 2*hashSize]byte
	buf[0] = 1
	copy(buf[1:], left)
	copy(buf[1+hashSize:], right)
	return sha256.Sum256(buf[:])
}

// edge is the right edge of the tree of a given size: enough to add leaves, to
// give the root and to write the tiles that the next leaves complete.
type edge struct {
	size     int64
	tiles    [8][]byte    // per tile level, the hashes of the rightmost tile while it is partial
	frontier [64][32]byte // frontier[b] is the root of the perfect subtree of 2^b leaves, where bit b of size is set
}

// add appends a leaf. full is called for each tile that it completes; hashes
// are valid during the call only.
func (e *edge) add(leaf [32]byte, full func(level int, n int64, hashes []byte) error) error {
	h := leaf
	e.tiles[0] = append(e.tiles[0], h[:]...)
	carry := bits.TrailingZeros64(^uint64(e.size))
	for b := range carry {
		h = nodeHash(e.frontier[b][:], h[:])
		if (b+1)%8 == 0 {
			e.tiles[(b+1)/8] = append(e.tiles[(b+1)/8], h[:]...)
		}
	}
	e.frontier[carry] = h
	e.size++
	for level := range carry/8 + 1 {
		if len(e.tiles[level]) < tileWidth*hashSize {
			break
		}
		if full != nil {
			if err := full(level, e.size>>(8*(level+1))-1, e.tiles[level]); err != nil {
				return err
			}
		}
		e.tiles[level] = e.tiles[level][:0]
	}
	return nil
}

// root is the Merkle root at the edge's size.
func (e *edge) root() [32]byte {
	if e.size == 0 {
		return emptyRoot
	}
	low := bits.TrailingZeros64(uint64(e.size))
	acc := e.frontier[low]
	for b := low + 1; e.size>>b > 0; b++ {
		if e.size>>b&1 == 1 {
			acc = nodeHash(e.frontier[b][:], acc[:])
		}
	}
	return acc
}

// partials calls f for each partial tile that a tree of this size has.
func (e *edge) partials(f func(t tile, hashes []byte) error) error {
	for level := range e.tiles {
		if width := len(e.tiles[level]) / hashSize; width > 0 {
			if err := f(tile{level: level, n: e.size >> (8 * (level + 1)), width: width}, e.tiles[level]); err != nil {
				return err
			}
		}
	}
	return nil
}

// edgeAt builds the edge of a tree of that size from its rightmost tiles. What
// read gives is checked by nobody here: compare root with a trusted one.
func edgeAt(size int64, read func(t tile) ([]byte, error)) (*edge, error) {
	e := &edge{size: size}
	for level := range e.tiles {
		width := int(size >> (8 * level) % tileWidth)
		if width == 0 {
			continue
		}
		hashes, err := read(tile{level: level, n: size >> (8 * (level + 1)), width: width})
		if err != nil {
			return nil, err
		}
		e.tiles[level] = append(make([]byte, 0, tileWidth*hashSize), hashes[:width*hashSize]...)
		for b := 7; b >= 0; b-- {
			if width>>b&1 == 1 {
				e.frontier[8*level+b] = perfectRoot(hashes[:hashSize<<b])
				hashes = hashes[hashSize<<b:]
			}
		}
	}
	return e, nil
}

// perfectRoot is the root over 2^k concatenated hashes.
func perfectRoot(hashes []byte) [32]byte {
	level := append([]byte(nil), hashes...)
	for len(level) > hashSize {
		for i := 0; i < len(level); i += 2 * hashSize {
			h := nodeHash(level[i:i+hashSize], level[i+hashSize:i+2*hashSize])
			copy(level[i/2:], h[:])
		}
		level = level[:len(level)/2]
	}
	return [32]byte(level)
}

// entriesLevel is the pseudo level of entry bundles.
const entriesLevel = -1

// tile names a tile of hashes, or a bundle of entries (entriesLevel).
type tile struct {
	level int
	n     int64
	width int // 1 to 255 when partial, 256 when full
}

// path is where C2SP tlog-tiles puts the tile, below the log's directory.
func (t tile) path() string {
	var b strings.Builder
	if t.level == entriesLevel {
		b.WriteString("tile/entries/")
	} else {
		fmt.Fprintf(&b, "tile/%d/", t.level)
	}
	groups := []string{fmt.Sprintf("%03d", t.n%1000)}
	for n := t.n / 1000; n > 0; n /= 1000 {
		groups = append(groups, fmt.Sprintf("x%03d", n%1000))
	}
	for i := len(groups) - 1; i >= 0; i-- {
		b.WriteString(groups[i])
		if i > 0 {
			b.WriteByte('/')
		}
	}
	if t.width < tileWidth {
		fmt.Fprintf(&b, ".p/%d", t.width)
	}
	return b.String()
}

// full is the full tile at the same place.
func (t tile) full() tile { t.width = tileWidth; return t }

// unit is how many leaves one hash of the tile covers.
func (t tile) unit() int64 {
	if t.level <= 0 {
		return 1
	}
	return 1 << (8 * t.level)
}

// end is the smallest tree that has the tile, or the largest number where no
// tree could.
func (t tile) end() int64 {
	hi, lo := bits.Mul64(uint64(t.n)*tileWidth+uint64(t.width), uint64(t.unit()))
	if hi != 0 || lo > math.MaxInt64 {
		return math.MaxInt64
	}
	return int64(lo)
}

// parseTile reads a path below the log's directory. Only the one spelling that
// path gives is a tile.
func parseTile(path string) (tile, bool) {
	rest, ok := strings.CutPrefix(path, "tile/")
	if !ok {
		return tile{}, false
	}
	t := tile{width: tileWidth}
	name, rest, ok := strings.Cut(rest, "/")
	if !ok {
		return tile{}, false
	}
	if name == "entries" {
		t.level = entriesLevel
	} else if level, err := strconv.Atoi(name); err == nil && level >= 0 && level < 8 {
		t.level = level
	} else {
		return tile{}, false
	}
	if head, w, partial := strings.Cut(rest, ".p/"); partial {
		width, err := strconv.Atoi(w)
		if err != nil || width < 1 || width >= tileWidth {
			return tile{}, false
		}
		t.width, rest = width, head
	}
	digits := strings.ReplaceAll(strings.ReplaceAll(rest, "x", ""), "/", "")
	if len(digits) > 15 {
		return tile{}, false
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 0 {
		return tile{}, false
	}
	t.n = n
	return t, t.path() == path
}

// ParseBundle splits an entry bundle into its entries, at most 256. The
// entries share raw's memory.
func ParseBundle(raw []byte) ([][]byte, error) {
	var out [][]byte
	for at := 0; at < len(raw); {
		if len(out) == tileWidth {
			return nil, fault.New(fault.Refused, "the bundle goes on after its 256th entry, at byte %d", at)
		}
		if len(raw)-at < 2 {
			return nil, fault.New(fault.Refused, "the bundle ends within the length of entry %d, at byte %d", len(out), at)
		}
		n := int(binary.BigEndian.Uint16(raw[at:]))
		at += 2
		if len(raw)-at < n {
			return nil, fault.New(fault.Refused, "the bundle ends within entry %d, at byte %d", len(out), at)
		}
		out = append(out, raw[at:at+n:at+n])
		at += n
	}
	return out, nil
}

// appendEntry adds an entry to a bundle.
func appendEntry(bundle, body []byte) []byte {
	bundle = binary.BigEndian.AppendUint16(bundle, uint16(len(body)))
	return append(bundle, body...)
}
