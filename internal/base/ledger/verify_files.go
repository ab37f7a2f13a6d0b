package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/proof"
)

// unreadable makes a missing file a refusal that names it.
func (v *verification) unreadable(err error, path string) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fault.Wrap(fault.Refused, err, "the file is missing").At(path, 0, "")
	}
	return fmt.Errorf("read %s: %w", path, inFile(err, path))
}

// fullTile verifies a tile that the entries so far complete. One beyond the
// checkpoint may not be written yet.
func (v *verification) fullTile(level int, n int64, hashes []byte) error {
	t := proof.Tile{Level: level, N: n, Width: proof.TileWidth}
	if err := v.tileFile(t, hashes, t.End() <= v.target.Size); err != nil {
		return err
	}
	return v.partialFiles(t, hashes)
}

// requiredPartial verifies a partial tile that the checkpoint needs.
func (v *verification) requiredPartial(t proof.Tile, hashes []byte) error {
	path := v.dir.path(t)
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Lstat(v.dir.path(t.Full())); err == nil {
			return nil // superseded while we were reading; the full one is verified in its turn
		}
	}
	return v.tileFile(t, hashes, true)
}

func (v *verification) tileFile(t proof.Tile, hashes []byte, required bool) error {
	path := v.dir.path(t)
	raw, err := v.dir.read(t)
	if err != nil {
		if !required && errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return v.unreadable(err, path)
	}
	if !bytes.Equal(raw, hashes) {
		at := 0
		for string(raw[at:at+proof.HashSize]) == string(hashes[at:at+proof.HashSize]) {
			at += proof.HashSize
		}
		first := (t.N*proof.TileWidth + int64(at/proof.HashSize)) * t.Unit()
		return fault.New(fault.Refused, "hash %d of the tile is not the hash of the entries from index %d to %d", at/proof.HashSize, first, first+t.Unit()-1).At(path, 0, "")
	}
	if t.Width == proof.TileWidth {
		v.rep.Tiles++
	}
	return nil
}

// partialFiles verifies all partials of a tile that are still there, as far as
// the hashes are known.
func (v *verification) partialFiles(t proof.Tile, hashes []byte) error {
	return v.eachPartial(t, func(path string, width int, raw []byte) error {
		if width*proof.HashSize > len(hashes) {
			return nil // beyond the snapshot; checkNames decides
		}
		if !bytes.Equal(raw, hashes[:width*proof.HashSize]) {
			return fault.New(fault.Refused, "the partial tile is not the beginning of its tile").At(path, 0, "")
		}
		return nil
	})
}

// partialBundles verifies all partials of a bundle that are still there.
func (v *verification) partialBundles(n int64, content []byte, bodies [][]byte) error {
	return v.eachPartial(proof.Tile{Level: proof.EntriesLevel, N: n}, func(path string, width int, raw []byte) error {
		if width > len(bodies) {
			return nil
		}
		end := 0
		for _, body := range bodies[:width] {
			end += 2 + len(body)
		}
		if !bytes.Equal(raw, content[:end]) {
			return fault.New(fault.Refused, "the partial bundle is not the beginning of its bundle").At(path, 0, "")
		}
		return nil
	})
}

func (v *verification) eachPartial(t proof.Tile, check func(path string, width int, raw []byte) error) error {
	t.Width = 1
	dir := filepath.Dir(v.dir.path(t))
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read directory %s: %w", dir, err)
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		width, err := strconv.Atoi(e.Name())
		if err != nil || width < 1 || width >= proof.TileWidth {
			return unexpected(path)
		}
		raw, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // swept meanwhile
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
		if err := check(path, width, raw); err != nil {
			return err
		}
		v.rep.Partials++
	}
	return nil
}

func unexpected(path string) error {
	return fault.New(fault.Refused, "this does not belong into the ledger's directory").At(path, 0, "").
		WithHint("the directory holds the tlog-tiles log and nothing else")
}

// checkNames refuses whatever is in the directory and is no part of the log. Tiles
// of entries that were numbered after the snapshot may be there.
func (v *verification) checkNames(ctx context.Context) error {
	size := v.numbered
	err := filepath.WalkDir(v.cfg.Dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // swept meanwhile, or an empty ledger without a directory
		}
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(v.cfg.Dir, path)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if d.IsDir() {
			if !isTileDirectory(rel) {
				return unexpected(path)
			}
			return ctx.Err()
		}
		if rel == "checkpoint" && d.Type().IsRegular() {
			return nil
		}
		t, ok := proof.ParseTile(rel)
		if !ok || !d.Type().IsRegular() {
			return unexpected(path)
		}
		if t.End() > size {
			if size, err = numberedSize(ctx, v.cfg.DB.Reader()); err != nil {
				return err
			}
			if t.End() > size {
				return fault.New(fault.Refused, "the file is of a ledger of %d entries or more; the database has %d", t.End(), size).At(path, 0, "")
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("look through the ledger's directory: %w", err)
	}
	return nil
}

func isTileDirectory(rel string) bool {
	if rel == "." || rel == "tile" || rel == "tile/entries" {
		return true
	}
	if name, ok := strings.CutPrefix(rel, "tile/"); ok && !strings.Contains(name, "/") {
		level, err := strconv.Atoi(name)
		return err == nil && level >= 0 && level < 8 && strconv.Itoa(level) == name
	}
	if strings.HasSuffix(rel, ".p") {
		_, ok := proof.ParseTile(rel + "/1")
		return ok
	}
	_, ok := proof.ParseTile(rel + "/000") // "tile/0/x001" and the like
	return ok && strings.Contains(rel[strings.LastIndex(rel, "/"):], "x")
}
