package ledger

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
)

func testLeaf(i int64) [32]byte { return leafHash(fmt.Appendf(nil, "leaf %d", i)) }

// TestEdge holds the edge against another implementation of RFC 6962, grown
// from nothing and loaded from tiles at every size.
func TestEdge(t *testing.T) {
	factory := compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}
	other := factory.NewEmptyRange(0)
	tiles := map[tile][]byte{}
	var e edge
	if e.root() != [32]byte(rfc6962.DefaultHasher.EmptyRoot()) {
		t.Error("the empty root is wrong")
	}
	for i := range int64(66_000) {
		h := testLeaf(i)
		if err := e.add(h, func(level int, n int64, hashes []byte) error {
			tiles[tile{level, n, tileWidth}] = bytes.Clone(hashes)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if err := other.Append(h[:], nil); err != nil {
			t.Fatal(err)
		}
		size := i + 1
		if size > 600 && size%997 != 0 && size < 65_530 {
			continue
		}
		want, err := other.GetRootHash(nil)
		if err != nil {
			t.Fatal(err)
		}
		if root := e.root(); !bytes.Equal(root[:], want) {
			t.Fatalf("root at size %d: %x, want %x", size, root, want)
		}
		partial := map[tile][]byte{}
		if err := e.partials(func(t tile, hashes []byte) error { partial[t] = bytes.Clone(hashes); return nil }); err != nil {
			t.Fatal(err)
		}
		loaded, err := edgeAt(size, func(t tile) ([]byte, error) { return partial[t], nil })
		if err != nil {
			t.Fatal(err)
		}
		if root := loaded.root(); !bytes.Equal(root[:], want) {
			t.Fatalf("root of the edge loaded at size %d: %x, want %x", size, root, want)
		}
	}
	if n := len(tiles); n != 66_000/256+1 {
		t.Errorf("%d full tiles", n)
	}
	for n := range int64(256) {
		if root, at := perfectRoot(tiles[tile{0, n, tileWidth}]), tiles[tile{1, 0, tileWidth}][n*32:]; string(root[:]) != string(at[:32]) {
			t.Fatalf("hash %d of the tile of level 1 is not the root of tile %d below", n, n)
		}
	}
}

func TestTilePath(t *testing.T) {
	for _, tc := range []struct {
		t    tile
		path string
	}{
		{tile{0, 0, 256}, "tile/0/000"},
		{tile{0, 1234067, 256}, "tile/0/x001/x234/067"},
		{tile{1, 1000, 17}, "tile/1/x001/000.p/17"},
		{tile{entriesLevel, 999, 256}, "tile/entries/999"},
		{tile{entriesLevel, 70_000, 1}, "tile/entries/x070/000.p/1"},
	} {
		if got := tc.t.path(); got != tc.path {
			t.Errorf("path of %+v: %s, want %s", tc.t, got, tc.path)
		}
		if got, ok := parseTile(tc.path); !ok || got != tc.t {
			t.Errorf("parse %s: %+v %v", tc.path, got, ok)
		}
	}
	for _, path := range []string{"", "tile", "tile/0", "tile/0/0", "tile/0/x000/000", "tile/8/000", "tile/-1/000", "tile/0/000.p/0", "tile/0/000.p/256",
		"tile/0/000.p/01", "tile/0/000/", "tile/0/x001/x234/67", "tile/0/../000", "tile/entries/+01", "checkpoint", "tile/0/000.p/1/2"} {
		if got, ok := parseTile(path); ok {
			t.Errorf("%q is read as %+v", path, got)
		}
	}
}

// TestProve checks proofs with another implementation, and that nothing else
// than the entry at its index is proved.
func TestProve(t *testing.T) {
	l := newTestLog(t, databasetest.SQLite(t), t.TempDir(), nil)
	for _, size := range []int64{1, 2, 255, 256, 257, 700} {
		l.grow(t, size)
		for _, index := range []int64{0, 1, size / 2, size - 2, size - 1} {
			if index < 0 || index >= size {
				continue
			}
			p, err := l.Proof(index)
			if err != nil {
				t.Fatalf("proof of %d in %d: %v", index, size, err)
			}
			var hashes [][]byte
			for _, h := range p.Hashes {
				hashes = append(hashes, h[:])
			}
			leaf := rfc6962.DefaultHasher.HashLeaf(p.Entry)
			if err := proof.VerifyInclusion(rfc6962.DefaultHasher, uint64(index), uint64(size), leaf, hashes, p.Checkpoint.Root[:]); err != nil {
				t.Errorf("proof of %d in %d: %v", index, size, err)
			}
			back, err := ParseProof(p.Text())
			if err != nil {
				t.Fatal(err)
			}
			if err := back.Check(l.verifier); err != nil {
				t.Errorf("the proof that was written and read: %v", err)
			}
			wrong := back
			wrong.Index ^= 1
			if size > 1 && wrong.Check(l.verifier) == nil {
				t.Errorf("entry %d of %d is proved at index %d", index, size, wrong.Index)
			}
			back.Entry = append(bytes.Clone(back.Entry), ' ')
			if back.Check(l.verifier) == nil {
				t.Errorf("a changed entry %d of %d is proved", index, size)
			}
		}
	}
	for _, index := range []int64{-1, 700, 1 << 40} {
		if _, err := l.Proof(index); !fault.Is(err, fault.NotFound) {
			t.Errorf("proof of %d: %v", index, err)
		}
	}
}
