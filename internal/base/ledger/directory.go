package ledger

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/proof"

	"golang.org/x/mod/sumdb/note"
)

// directory reads a tlog-tiles log from disk.
type directory string

func (d directory) path(t proof.Tile) string {
	return filepath.Join(string(d), filepath.FromSlash(t.Path()))
}

// checkpoint gives the published checkpoint; ok is false when there is none.
func (d directory) checkpoint(verifier note.Verifier) (c Checkpoint, ok bool, err error) {
	path := filepath.Join(string(d), "checkpoint")
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Checkpoint{Origin: verifier.Name(), Root: proof.EmptyRoot}, false, nil
	}
	if err != nil {
		return Checkpoint{}, false, fmt.Errorf("read the checkpoint: %w", err)
	}
	c, err = proof.ParseCheckpoint(raw, verifier)
	return c, true, inFile(err, path)
}

// read gives the bytes of exactly that tile or bundle.
func (d directory) read(t proof.Tile) ([]byte, error) {
	raw, err := os.ReadFile(d.path(t))
	if err != nil {
		return nil, err
	}
	if t.Level != proof.EntriesLevel && len(raw) != t.Width*proof.HashSize {
		return nil, fault.New(fault.Refused, "the tile has %d bytes, not %d", len(raw), t.Width*proof.HashSize).At(d.path(t), 0, "")
	}
	return raw, nil
}

// hashes gives the first t.Width hashes of a tile, from the tile itself or,
// where it was superseded and swept, from the full one.
func (d directory) hashes(t proof.Tile) ([]byte, error) {
	raw, err := d.read(t)
	if errors.Is(err, fs.ErrNotExist) && t.Width < proof.TileWidth {
		raw, err = d.read(t.Full())
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.Wrap(fault.Refused, err, "the tile is missing").At(d.path(t), 0, "")
	}
	if err != nil {
		return nil, err
	}
	return raw[:t.Width*proof.HashSize], nil
}

// entries gives the entries of full bundle n.
func (d directory) entries(n int64) ([][]byte, error) {
	t := proof.Tile{Level: proof.EntriesLevel, N: n, Width: proof.TileWidth}
	raw, err := d.read(t)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.Wrap(fault.Refused, err, "the entry bundle is missing").At(d.path(t), 0, "")
	}
	if err != nil {
		return nil, fmt.Errorf("read entry bundle: %w", err)
	}
	entries, err := proof.ParseBundle(raw)
	if err != nil {
		return nil, inFile(err, d.path(t))
	}
	if len(entries) != proof.TileWidth {
		return nil, fault.New(fault.Refused, "the full bundle has %d entries, not %d", len(entries), proof.TileWidth).At(d.path(t), 0, "")
	}
	return entries, nil
}

// inFile names the file in a fault that has none.
func inFile(err error, path string) error {
	var f *fault.Error
	if errors.As(err, &f) && f.File == "" {
		f.File = path
	}
	return err
}
