package merkle

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/transparency-dev/merkle/compact"
	"golang.org/x/sys/unix"

	"github.com/attesta/attesta/internal/agent/integrity/attr"
)

func h(parts ...[]byte) Hash {
	d := sha256.New()
	for _, p := range parts {
		d.Write(p)
	}
	return Hash(d.Sum(nil))
}

// tree is the Merkle tree hash of RFC 6962 by another implementation.
func tree(t *testing.T, leaves []Hash) Hash {
	t.Helper()
	if len(leaves) == 0 {
		return h()
	}
	f := compact.RangeFactory{Hash: func(l, r []byte) []byte { s := h([]byte{1}, l, r); return s[:] }}
	r := f.NewEmptyRange(0)
	for _, l := range leaves {
		if err := r.Append(l[:], nil); err != nil {
			t.Fatal(err)
		}
	}
	root, err := r.GetRootHash(nil)
	if err != nil {
		t.Fatal(err)
	}
	return Hash(root)
}

func leafOf(name string, payload Hash) Hash {
	return h([]byte{0}, binary.AppendUvarint(nil, uint64(len(name))), []byte(name), payload[:])
}

func attributesOf(e *attr.Entry) Hash { return h(appendAttributes(nil, e)) }

// The shape that the package comment documents, made by hand.
func TestShape(t *testing.T) {
	for n := range 20 {
		tr := New()
		tr.Want("/r/d")
		dir := attr.Entry{Path: []byte("/r"), Mode: unix.S_IFDIR | 0o755}
		sub := attr.Entry{Path: []byte("/r/d"), Mode: unix.S_IFDIR | 0o700}
		add := func(e attr.Entry) {
			if err := tr.Add(&e); err != nil {
				t.Fatal(err)
			}
		}
		add(dir)
		add(sub)
		var inner []Hash
		for i := range n {
			e := attr.Entry{Path: fmt.Appendf(nil, "/r/d/%02d", i), Mode: unix.S_IFREG | 0o644, Size: int64(i), Has: attr.HasDigest, Digest: h([]byte{byte(i)})}
			add(e)
			inner = append(inner, leafOf(fmt.Sprintf("%02d", i), attributesOf(&e)))
		}
		last := attr.Entry{Path: []byte("/r/z"), Mode: unix.S_IFLNK | 0o777, Has: attr.HasLink, Link: []byte("d")}
		add(last)
		other := attr.Entry{Path: []byte("/s"), Mode: unix.S_IFREG | 0o644}
		add(other)

		inside := tree(t, inner)
		as := attributesOf(&sub)
		d := h([]byte{2}, as[:], inside[:])
		both := tree(t, []Hash{leafOf("d", d), leafOf("z", attributesOf(&last))})
		ad := attributesOf(&dir)
		r := h([]byte{2}, ad[:], both[:])
		roots := tree(t, []Hash{leafOf("/r", r), leafOf("/s", attributesOf(&other))})
		none := h()
		if got, want := tr.Root(), h([]byte{2}, none[:], roots[:]); got != want {
			t.Errorf("%d entries: root %x, want %x", n, got, want)
		}
		of, leaves, found := tr.Wanted()
		if !found || of != d || len(leaves) != n {
			t.Errorf("%d entries: %x, want %x, %d leaves", n, of, d, len(leaves))
		}
		for i, l := range leaves {
			if l.Hash != inner[i] || string(l.Name) != fmt.Sprintf("%02d", i) {
				t.Errorf("leaf %d of %d", i, n)
			}
		}
	}
}

// Every attribute that a check compares makes another digest, but the inode
// number, which the root leaves out.
func TestEveryAttributeCounts(t *testing.T) {
	of := func(change func(*attr.Entry)) Hash {
		e := attr.Entry{Path: []byte("/f"), Mode: unix.S_IFREG | 0o644, Nlink: 1}
		change(&e)
		tr := New()
		if err := tr.Add(&e); err != nil {
			t.Fatal(err)
		}
		return tr.Root()
	}
	seen := map[Hash]string{of(func(*attr.Entry) {}): "nothing"}
	for name, change := range map[string]func(*attr.Entry){
		"mode": func(e *attr.Entry) { e.Mode ^= 1 }, "uid": func(e *attr.Entry) { e.UID = 1 }, "gid": func(e *attr.Entry) { e.GID = 1 }, "size": func(e *attr.Entry) { e.Size = 1 },
		"links": func(e *attr.Entry) { e.Nlink = 2 }, "device": func(e *attr.Entry) { e.Rdev = 1 }, "mtime": func(e *attr.Entry) { e.Mtime = 1 }, "ctime": func(e *attr.Entry) { e.Ctime = 1 },
		"birth": func(e *attr.Entry) { e.Btime = 1 }, "flags": func(e *attr.Entry) { e.Flags = 1 }, "has": func(e *attr.Entry) { e.Has = attr.HasXattr }, "link": func(e *attr.Entry) { e.Link = []byte("x") },
		"xattr": func(e *attr.Entry) { e.Xattr = []byte("x") }, "why": func(e *attr.Entry) { e.Why[attr.PartDigest] = 13 }, "why of another": func(e *attr.Entry) { e.Why[attr.PartEntries] = 13 },
		"digest": func(e *attr.Entry) { e.Has, e.Digest = attr.HasDigest, h() }, "name": func(e *attr.Entry) { e.Path = []byte("/g") },
	} {
		sum := of(change)
		if other, ok := seen[sum]; ok {
			t.Errorf("%s makes the same digest as %s", name, other)
		}
		seen[sum] = name
	}
}
