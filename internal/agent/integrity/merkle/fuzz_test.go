package merkle

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/attesta/attesta/internal/agent/integrity/attr"
)

// grown is a directory of a tree that is made of any bytes.
type grown struct {
	entry attr.Entry
	name  string
	below []*grown
}

// plant makes a tree of what is left of b: of each byte the lowest two bits say
// what comes, and the rest what it is called.
func plant(b *[]byte, path string, depth int) (list []*grown) {
	for len(*b) > 0 && len(list) < 64 {
		c := (*b)[0]
		*b = (*b)[1:]
		if c&3 == 3 {
			break
		}
		name := string([]byte{c>>2 + 1})
		if name == "/" {
			name = "\xff/"[:1] // a name that is no UTF-8
		}
		if slices.ContainsFunc(list, func(g *grown) bool { return g.name == name }) {
			continue
		}
		g := &grown{name: name, entry: attr.Entry{Path: []byte(path + "/" + name), Mode: unix.S_IFREG | 0o644, Size: int64(c)}}
		switch c & 3 {
		case 1:
			g.entry.Mode, g.entry.Has, g.entry.Link = unix.S_IFLNK|0o777, attr.HasLink, []byte{c}
		case 2:
			g.entry.Mode = unix.S_IFDIR | 0o755
			if depth < 20 {
				g.below = plant(b, path+"/"+name, depth+1)
			}
		}
		list = append(list, g)
	}
	slices.SortFunc(list, func(x, y *grown) int { return bytes.Compare([]byte(x.name), []byte(y.name)) })
	return list
}

func (g *grown) add(t *testing.T, to *Tree) {
	if err := to.Add(&g.entry); err != nil {
		t.Fatalf("%q: %v", g.entry.Path, err)
	}
	for _, b := range g.below {
		b.add(t, to)
	}
}

// sumOf is the digest of a directory or of the attributes, by the package comment
// and another implementation of the tree.
func (g *grown) sumOf(t *testing.T) Hash {
	sum := sha256.Sum256(appendAttributes(nil, &g.entry))
	if !g.entry.IsDir() {
		return sum
	}
	var leaves []Hash
	for _, b := range g.below {
		leaves = append(leaves, leafOf(b.name, b.sumOf(t)))
	}
	inside := tree(t, leaves)
	return h([]byte{2}, sum[:], inside[:])
}

// Every tree has the root that another implementation gives; a drill into any of its
// directories gives leaves that make its digest; what comes in a wrong order is
// refused or makes another root, and nothing crashes.
func FuzzTree(f *testing.F) {
	f.Add([]byte("\x02\x04\x09\x02\x04\x03\x10"), byte(0))
	f.Add([]byte("\x02\x06\x0a\x0e\x12\x16\x04\x08\x0c\x03\x03\x14\x18\x1d"), byte(3))
	f.Add(bytes.Repeat([]byte{2}, 40), byte(9))
	f.Add([]byte("\xb8\x04\x08\x0c\x10\x14\x18\x1c\x20\x24\x28\x2c\x30"), byte(1))
	f.Fuzz(func(t *testing.T, b []byte, which byte) {
		if len(b) > 2000 {
			return
		}
		rest := b
		top := &grown{name: "/r", entry: attr.Entry{Path: []byte("/r"), Mode: unix.S_IFDIR | 0o755}, below: plant(&rest, "/r", 0)}
		var all []*grown
		var walk func(g *grown)
		walk = func(g *grown) {
			all = append(all, g)
			for _, c := range g.below {
				walk(c)
			}
		}
		walk(top)
		drill := all[int(which)%len(all)]
		tr := New()
		tr.Want(string(drill.entry.Path))
		top.add(t, tr)
		roots, none := tree(t, []Hash{leafOf("/r", top.sumOf(t))}), h()
		root := tr.Root()
		if want := h([]byte{2}, none[:], roots[:]); root != want {
			t.Fatalf("root %x, want %x", root, want)
		}
		of, leaves, found := tr.Wanted()
		if !found || of != drill.sumOf(t) || len(leaves) != len(drill.below) {
			t.Fatalf("%q: %x with %d leaves, found: %v", drill.entry.Path, of, len(leaves), found)
		}
		if drill.entry.IsDir() { // the leaves are a proof of the digest
			var sums []Hash
			for i, l := range leaves {
				if string(l.Name) != drill.below[i].name || l.Mode != drill.below[i].entry.Mode {
					t.Errorf("leaf %d is %q", i, l.Name)
				}
				sums = append(sums, l.Hash)
			}
			sum, inside := sha256.Sum256(appendAttributes(nil, &drill.entry)), tree(t, sums)
			if h([]byte{2}, sum[:], inside[:]) != of {
				t.Errorf("the leaves of %q do not make its digest", drill.entry.Path)
			}
		}
		// The same entries in the wrong order.
		wrong := New()
		for i := len(all) - 1; i >= 0; i-- {
			if wrong.Add(&all[i].entry) != nil {
				return
			}
		}
		if len(all) > 1 && wrong.Root() == root {
			t.Errorf("%d entries backwards make the same root", len(all))
		}
	})
}

// No two different entries have the same encoding: lengths keep their parts apart.
func FuzzAttributes(f *testing.F) {
	f.Add([]byte("a"), []byte("bc"), []byte("ab"), []byte("c"), uint16(13), uint16(0))
	f.Add([]byte(""), []byte("\x01x"), []byte("\x01x"), []byte(""), uint16(0), uint16(0))
	f.Fuzz(func(t *testing.T, link, xattr, otherLink, otherXattr []byte, why, otherWhy uint16) {
		one := attr.Entry{Mode: unix.S_IFLNK, Has: attr.HasLink | attr.HasXattr, Link: link, Xattr: xattr}
		two := attr.Entry{Mode: unix.S_IFLNK, Has: attr.HasLink | attr.HasXattr, Link: otherLink, Xattr: otherXattr}
		one.Why[attr.PartDigest], two.Why[attr.PartDigest] = attr.Reason(why), attr.Reason(otherWhy)
		same := bytes.Equal(link, otherLink) && bytes.Equal(xattr, otherXattr) && why == otherWhy
		if (Attributes(&one) == Attributes(&two)) != same {
			t.Errorf("%q %q %d and %q %q %d: equal digests: %v", link, xattr, why, otherLink, otherXattr, otherWhy, !same)
		}
		if b := appendAttributes(nil, &one); binary.BigEndian.Uint32(b) != one.Mode {
			t.Errorf("%x", b)
		}
	})
}
