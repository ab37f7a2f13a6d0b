package proof

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
)

func testLeaf(i int64) [32]byte { return LeafHash(fmt.Appendf(nil, "leaf %d", i)) }

// TestEdge holds the edge against another implementation of RFC 6962, grown
// from nothing and loaded from tiles at every size.
func TestEdge(t *testing.T) {
	factory := compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}
	other := factory.NewEmptyRange(0)
	tiles := map[Tile][]byte{}
	var e Edge
	if e.Root() != [32]byte(rfc6962.DefaultHasher.EmptyRoot()) {
		t.Error("the empty root is wrong")
	}
	for i := range int64(66_000) {
		h := testLeaf(i)
		if err := e.Add(h, func(level int, n int64, hashes []byte) error {
			tiles[Tile{level, n, TileWidth}] = bytes.Clone(hashes)
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
		if root := e.Root(); !bytes.Equal(root[:], want) {
			t.Fatalf("root at size %d: %x, want %x", size, root, want)
		}
		partial := map[Tile][]byte{}
		if err := e.Partials(func(t Tile, hashes []byte) error { partial[t] = bytes.Clone(hashes); return nil }); err != nil {
			t.Fatal(err)
		}
		loaded, err := EdgeAt(size, func(t Tile) ([]byte, error) { return partial[t], nil })
		if err != nil {
			t.Fatal(err)
		}
		if root := loaded.Root(); !bytes.Equal(root[:], want) {
			t.Fatalf("root of the edge loaded at size %d: %x, want %x", size, root, want)
		}
	}
	if n := len(tiles); n != 66_000/256+1 {
		t.Errorf("%d full tiles", n)
	}
	for n := range int64(256) {
		if root, at := PerfectRoot(tiles[Tile{0, n, TileWidth}]), tiles[Tile{1, 0, TileWidth}][n*32:]; string(root[:]) != string(at[:32]) {
			t.Fatalf("hash %d of the tile of level 1 is not the root of tile %d below", n, n)
		}
	}
}

func TestTilePath(t *testing.T) {
	for _, tc := range []struct {
		t    Tile
		path string
	}{
		{Tile{0, 0, 256}, "tile/0/000"},
		{Tile{0, 1234067, 256}, "tile/0/x001/x234/067"},
		{Tile{1, 1000, 17}, "tile/1/x001/000.p/17"},
		{Tile{EntriesLevel, 999, 256}, "tile/entries/999"},
		{Tile{EntriesLevel, 70_000, 1}, "tile/entries/x070/000.p/1"},
	} {
		if got := tc.t.Path(); got != tc.path {
			t.Errorf("path of %+v: %s, want %s", tc.t, got, tc.path)
		}
		if got, ok := ParseTile(tc.path); !ok || got != tc.t {
			t.Errorf("parse %s: %+v %v", tc.path, got, ok)
		}
	}
	for _, path := range []string{"", "tile", "tile/0", "tile/0/0", "tile/0/x000/000", "tile/8/000", "tile/-1/000", "tile/0/000.p/0", "tile/0/000.p/256",
		"tile/0/000.p/01", "tile/0/000/", "tile/0/x001/x234/67", "tile/0/../000", "tile/entries/+01", "checkpoint", "tile/0/000.p/1/2"} {
		if got, ok := ParseTile(path); ok {
			t.Errorf("%q is read as %+v", path, got)
		}
	}
}
