package proof

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/base/fault"
)

// TileWidth is how many hashes or entries a full tile or bundle holds.
const TileWidth = 256

// HashSize is the bytes of a hash.
const HashSize = sha256.Size

// EmptyRoot is RFC 6962's root of a tree without leaves: SHA-256 of nothing.
var EmptyRoot = sha256.Sum256(nil)

// DecodeBase64 reads base64 that is written in one way only. The standard
// library passes over line ends within it, even where it is strict, so that two
// texts would mean the same.
func DecodeBase64(text string) ([]byte, error) {
	if i := strings.IndexAny(text, "\r\n"); i >= 0 {
		return nil, base64.CorruptInputError(i)
	}
	return base64.StdEncoding.Strict().DecodeString(text)
}

// EncodeHash gives a hash the way checkpoints and proofs write it, in base64.
func EncodeHash(h [32]byte) string { return base64.StdEncoding.EncodeToString(h[:]) }

// nodeHash is RFC 6962's hash of an inner node.
func nodeHash(left, right []byte) [32]byte {
	var buf [1 + 2*HashSize]byte
	buf[0] = 1
	copy(buf[1:], left)
	copy(buf[1+HashSize:], right)
	return sha256.Sum256(buf[:])
}

// Edge is the right edge of the tree of a given size: enough to add leaves, to
// give the root and to write the tiles that the next leaves complete.
type Edge struct {
	Size     int64
	tiles    [8][]byte    // per tile level, the hashes of the rightmost tile while it is partial
	frontier [64][32]byte // frontier[b] is the root of the perfect subtree of 2^b leaves, where bit b of size is set
}

// Add appends a leaf. full is called for each tile that it completes; hashes
// are valid during the call only.
func (e *Edge) Add(leaf [32]byte, full func(level int, n int64, hashes []byte) error) error {
	h := leaf
	e.tiles[0] = append(e.tiles[0], h[:]...)
	carry := bits.TrailingZeros64(^uint64(e.Size))
	for b := range carry {
		h = nodeHash(e.frontier[b][:], h[:])
		if (b+1)%8 == 0 {
			e.tiles[(b+1)/8] = append(e.tiles[(b+1)/8], h[:]...)
		}
	}
	e.frontier[carry] = h
	e.Size++
	for level := range carry/8 + 1 {
		if len(e.tiles[level]) < TileWidth*HashSize {
			break
		}
		if full != nil {
			if err := full(level, e.Size>>(8*(level+1))-1, e.tiles[level]); err != nil {
				return err
			}
		}
		e.tiles[level] = e.tiles[level][:0]
	}
	return nil
}

// Root is the Merkle root at the edge's size.
func (e *Edge) Root() [32]byte {
	if e.Size == 0 {
		return EmptyRoot
	}
	low := bits.TrailingZeros64(uint64(e.Size))
	acc := e.frontier[low]
	for b := low + 1; e.Size>>b > 0; b++ {
		if e.Size>>b&1 == 1 {
			acc = nodeHash(e.frontier[b][:], acc[:])
		}
	}
	return acc
}

// Leaves gives the leaf hashes of the rightmost tile while it is partial.
func (e *Edge) Leaves() []byte { return e.tiles[0] }

// Partials calls f for each partial tile that a tree of this size has.
func (e *Edge) Partials(f func(t Tile, hashes []byte) error) error {
	for level := range e.tiles {
		if width := len(e.tiles[level]) / HashSize; width > 0 {
			if err := f(Tile{Level: level, N: e.Size >> (8 * (level + 1)), Width: width}, e.tiles[level]); err != nil {
				return err
			}
		}
	}
	return nil
}

// EdgeAt builds the edge of a tree of that size from its rightmost tiles. What
// read gives is checked by nobody here: compare root with a trusted one.
func EdgeAt(size int64, read func(t Tile) ([]byte, error)) (*Edge, error) {
	e := &Edge{Size: size}
	for level := range e.tiles {
		width := int(size >> (8 * level) % TileWidth)
		if width == 0 {
			continue
		}
		hashes, err := read(Tile{Level: level, N: size >> (8 * (level + 1)), Width: width})
		if err != nil {
			return nil, err
		}
		e.tiles[level] = append(make([]byte, 0, TileWidth*HashSize), hashes[:width*HashSize]...)
		for b := 7; b >= 0; b-- {
			if width>>b&1 == 1 {
				e.frontier[8*level+b] = PerfectRoot(hashes[:HashSize<<b])
				hashes = hashes[HashSize<<b:]
			}
		}
	}
	return e, nil
}

// PerfectRoot is the root over 2^k concatenated hashes.
func PerfectRoot(hashes []byte) [32]byte {
	level := append([]byte(nil), hashes...)
	for len(level) > HashSize {
		for i := 0; i < len(level); i += 2 * HashSize {
			h := nodeHash(level[i:i+HashSize], level[i+HashSize:i+2*HashSize])
			copy(level[i/2:], h[:])
		}
		level = level[:len(level)/2]
	}
	return [32]byte(level)
}

// EntriesLevel is the pseudo level of entry bundles.
const EntriesLevel = -1

// Tile names a tile of hashes, or a bundle of entries (EntriesLevel).
type Tile struct {
	Level int
	N     int64
	Width int // 1 to 255 when partial, 256 when full
}

// Path is where C2SP tlog-tiles puts the tile, below the log's directory.
func (t Tile) Path() string {
	var b strings.Builder
	if t.Level == EntriesLevel {
		b.WriteString("tile/entries/")
	} else {
		fmt.Fprintf(&b, "tile/%d/", t.Level)
	}
	groups := []string{fmt.Sprintf("%03d", t.N%1000)}
	for n := t.N / 1000; n > 0; n /= 1000 {
		groups = append(groups, fmt.Sprintf("x%03d", n%1000))
	}
	for i := len(groups) - 1; i >= 0; i-- {
		b.WriteString(groups[i])
		if i > 0 {
			b.WriteByte('/')
		}
	}
	if t.Width < TileWidth {
		fmt.Fprintf(&b, ".p/%d", t.Width)
	}
	return b.String()
}

// Full is the full tile at the same place.
func (t Tile) Full() Tile { t.Width = TileWidth; return t }

// InTree widens t to what a tree of that size has at its place.
func (t Tile) InTree(size int64) Tile {
	t.Width = int(min(size/t.Unit()-t.N*TileWidth, TileWidth))
	return t
}

// Unit is how many leaves one hash of the tile covers.
func (t Tile) Unit() int64 {
	if t.Level <= 0 {
		return 1
	}
	return 1 << (8 * t.Level)
}

// End is the smallest tree that has the tile, or the largest number where no
// tree could.
func (t Tile) End() int64 {
	hi, lo := bits.Mul64(uint64(t.N)*TileWidth+uint64(t.Width), uint64(t.Unit()))
	if hi != 0 || lo > math.MaxInt64 {
		return math.MaxInt64
	}
	return int64(lo)
}

// ParseTile reads a path below the log's directory. Only the one spelling that
// Path gives is a tile.
func ParseTile(path string) (Tile, bool) {
	rest, ok := strings.CutPrefix(path, "tile/")
	if !ok {
		return Tile{}, false
	}
	t := Tile{Width: TileWidth}
	name, rest, ok := strings.Cut(rest, "/")
	if !ok {
		return Tile{}, false
	}
	if name == "entries" {
		t.Level = EntriesLevel
	} else if level, err := strconv.Atoi(name); err == nil && level >= 0 && level < 8 {
		t.Level = level
	} else {
		return Tile{}, false
	}
	if head, w, partial := strings.Cut(rest, ".p/"); partial {
		width, err := strconv.Atoi(w)
		if err != nil || width < 1 || width >= TileWidth {
			return Tile{}, false
		}
		t.Width, rest = width, head
	}
	digits := strings.ReplaceAll(strings.ReplaceAll(rest, "x", ""), "/", "")
	if len(digits) > 15 {
		return Tile{}, false
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 0 {
		return Tile{}, false
	}
	t.N = n
	return t, t.Path() == path
}

// ParseBundle splits an entry bundle into its entries, at most 256. The
// entries share raw's memory.
func ParseBundle(raw []byte) ([][]byte, error) {
	var out [][]byte
	for at := 0; at < len(raw); {
		if len(out) == TileWidth {
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

// CutBundle gives the first width entries of a bundle, kind Refused where it has
// fewer.
func CutBundle(raw []byte, width int) ([]byte, error) {
	entries, err := ParseBundle(raw)
	if err != nil {
		return nil, err
	}
	if len(entries) < width {
		return nil, fault.New(fault.Refused, "the bundle has %d entries, not %d", len(entries), width)
	}
	n := 0
	for _, e := range entries[:width] {
		n += 2 + len(e)
	}
	return raw[:n], nil
}

// MaxBundle is the most bytes of a bundle.
const MaxBundle = TileWidth * (2 + 1<<16 - 1)

// AppendEntry adds an entry to a bundle.
func AppendEntry(bundle, body []byte) []byte {
	bundle = binary.BigEndian.AppendUint16(bundle, uint16(len(body)))
	return append(bundle, body...)
}
