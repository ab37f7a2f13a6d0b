// Package merkle makes one digest of a tree of files, and of each directory in
// it, so that two looks at a million files are compared by one value and what
// differs is found by going down.
//
// The shape, with H for SHA-256:
//
//	attributes = the encoding of an entry by attributes (see there)
//	leaf       = H(0x00 ‖ length of name ‖ name ‖ H(attributes))         anything but a directory
//	leaf       = H(0x00 ‖ length of name ‖ name ‖ D)                     a directory
//	D          = H(0x02 ‖ H(attributes) ‖ tree(leaves of its entries))   in the order of their names, bytewise
//	root       = H(0x02 ‖ H("") ‖ tree(leaves of the roots))             named by their whole paths
//
// tree is the Merkle tree hash of RFC 6962, section 2.1, over leaf hashes: of
// none H(""), of one the leaf, of more H(0x01 ‖ left ‖ right), split at the
// largest power of two below their number. The three first bytes keep a leaf,
// a node and a directory from standing for each other. Lengths are uvarints.
//
// Serves C7.1c. Floor: edges, below agent/integrity. Imports attr.
package merkle

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash"

	"github.com/attesta/attesta/internal/agent/integrity/attr"
)

// Hash is a digest of this package.
type Hash = [sha256.Size]byte

const (
	leafByte = 0
	nodeByte = 1
	dirByte  = 2
)

// Leaf is one entry of a directory, as a drill shows it.
type Leaf struct {
	Name []byte
	Mode uint32
	Hash Hash
}

// Tree takes entries in the order of a walk. What it holds grows with the
// depth of the tree, not with the number of files.
type Tree struct {
	levels []level
	h      hash.Hash
	buf    []byte

	want   string
	leaves []Leaf
	of     Hash
	found  bool
}

// level is a directory whose entries are still coming.
type level struct {
	path  []byte
	name  []byte
	attrs Hash
	mode  uint32
	stack []Hash // complete subtrees, the largest first
	count uint64
}

// New gives an empty tree with these roots.
func New() *Tree {
	t := &Tree{h: sha256.New()}
	t.levels = append(t.levels, level{attrs: sha256.Sum256(nil)})
	return t
}

// Want makes Root keep the leaves of the directory at path, "" for the roots.
func (t *Tree) Want(path string) { t.want = path }

var errOrder = errors.New("entries do not come in the order of a walk")

// Add takes the next entry. An entry whose directory is not open is a root.
func (t *Tree) Add(e *attr.Entry) error {
	for len(t.levels) > 1 && !below(e.Path, t.levels[len(t.levels)-1].path) {
		t.close()
	}
	parent := &t.levels[len(t.levels)-1]
	name := e.Path
	if len(t.levels) > 1 {
		name = e.Path[len(parent.path):]
		if parent.path[len(parent.path)-1] != '/' {
			name = name[1:]
		}
		if bytes.IndexByte(name, '/') >= 0 {
			return errOrder
		}
	}
	t.buf = appendAttributes(t.buf[:0], e)
	sum := sha256.Sum256(t.buf)
	if !e.IsDir() {
		if t.want != "" && string(e.Path) == t.want {
			t.found, t.of = true, sum
		}
		t.leaf(parent, name, e.Mode, sum)
		return nil
	}
	if n := len(t.levels); n < cap(t.levels) {
		t.levels = t.levels[:n+1] // keeps the buffers of a directory that is done
	} else {
		t.levels = append(t.levels, level{})
	}
	l := &t.levels[len(t.levels)-1]
	l.path, l.name = append(l.path[:0], e.Path...), append(l.name[:0], name...)
	l.attrs, l.mode, l.stack, l.count = sum, e.Mode, l.stack[:0], 0
	return nil
}

// below reports whether p lies below dir.
func below(p, dir []byte) bool {
	return len(p) > len(dir) && bytes.HasPrefix(p, dir) && (dir[len(dir)-1] == '/' || p[len(dir)] == '/')
}

func (t *Tree) leaf(l *level, name []byte, mode uint32, payload Hash) {
	t.buf = append(t.buf[:0], leafByte)
	t.buf = binary.AppendUvarint(t.buf, uint64(len(name)))
	t.buf = append(t.buf, name...)
	t.buf = append(t.buf, payload[:]...)
	h := sha256.Sum256(t.buf)
	if string(l.path) == t.want {
		t.leaves = append(t.leaves, Leaf{Name: bytes.Clone(name), Mode: mode, Hash: h})
	}
	// As in binary counting: equal subtrees become one.
	for n := l.count; n&1 == 1; n >>= 1 {
		h = node(l.stack[len(l.stack)-1], h)
		l.stack = l.stack[:len(l.stack)-1]
	}
	l.stack = append(l.stack, h)
	l.count++
}

func node(left, right Hash) Hash {
	var b [1 + 2*sha256.Size]byte
	b[0] = nodeByte
	copy(b[1:], left[:])
	copy(b[1+sha256.Size:], right[:])
	return sha256.Sum256(b[:])
}

// sum is the digest of a directory whose entries are all there.
func (l *level) sum() Hash {
	tree := sha256.Sum256(nil)
	if n := len(l.stack); n > 0 {
		tree = l.stack[n-1]
		for i := n - 2; i >= 0; i-- {
			tree = node(l.stack[i], tree)
		}
	}
	var b [1 + 2*sha256.Size]byte
	b[0] = dirByte
	copy(b[1:], l.attrs[:])
	copy(b[1+sha256.Size:], tree[:])
	return sha256.Sum256(b[:])
}

// close ends the innermost directory.
func (t *Tree) close() {
	n := len(t.levels) - 1
	l := &t.levels[n]
	sum := l.sum()
	if t.want != "" && string(l.path) == t.want {
		t.found, t.of = true, sum
	}
	t.levels = t.levels[:n]
	t.leaf(&t.levels[n-1], l.name, l.mode, sum)
}

// Root ends the tree and gives its digest.
func (t *Tree) Root() Hash {
	for len(t.levels) > 1 {
		t.close()
	}
	root := t.levels[0].sum()
	if t.want == "" {
		t.found, t.of = true, root
	}
	return root
}

// Wanted gives, after Root, the digest at the path that Want named, and the
// leaves of its entries where it is a directory.
func (t *Tree) Wanted() (of Hash, leaves []Leaf, found bool) { return t.of, t.leaves, t.found }

// Attributes is the digest of an entry's attributes, without its name.
func Attributes(e *attr.Entry) Hash { return sha256.Sum256(appendAttributes(nil, e)) }

// appendAttributes encodes what a check compares of an entry, but its inode
// number: mode, uid, gid, size, links, device, then times with reason, then
// digest, flags, link target and extended attributes, each with whether it was
// read and why not.
func appendAttributes(b []byte, e *attr.Entry) []byte {
	b = binary.BigEndian.AppendUint32(b, e.Mode)
	b = binary.BigEndian.AppendUint32(b, e.UID)
	b = binary.BigEndian.AppendUint32(b, e.GID)
	b = binary.BigEndian.AppendUint32(b, e.Nlink)
	b = binary.BigEndian.AppendUint64(b, uint64(e.Size))
	b = binary.BigEndian.AppendUint64(b, e.Rdev)
	b = binary.BigEndian.AppendUint64(b, uint64(e.Mtime))
	b = binary.BigEndian.AppendUint64(b, uint64(e.Ctime))
	b = binary.BigEndian.AppendUint64(b, uint64(e.Btime))
	b = binary.BigEndian.AppendUint32(b, e.Flags)
	b = append(b, byte(e.Has))
	for _, why := range e.Why {
		b = binary.BigEndian.AppendUint16(b, uint16(why))
	}
	if e.Has&attr.HasDigest != 0 {
		b = append(b, e.Digest[:]...)
	}
	b = binary.AppendUvarint(b, uint64(len(e.Link)))
	b = append(b, e.Link...)
	b = binary.AppendUvarint(b, uint64(len(e.Xattr)))
	return append(b, e.Xattr...)
}
