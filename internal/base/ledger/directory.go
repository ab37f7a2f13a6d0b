package ledger

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/attesta/attesta/internal/base/fault"

	"golang.org/x/mod/sumdb/note"
)

// directory reads a tlog-tiles log from disk.
type directory string

func (d directory) path(t tile) string { return filepath.Join(string(d), filepath.FromSlash(t.path())) }

// checkpoint gives the published checkpoint; ok is false when there is none.
func (d directory) checkpoint(verifier note.Verifier) (c Checkpoint, ok bool, err error) {
	path := filepath.Join(string(d), "checkpoint")
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Checkpoint{Origin: verifier.Name(), Root: emptyRoot}, false, nil
	}
	if err != nil {
		return Checkpoint{}, false, fmt.Errorf("read the checkpoint: %w", err)
	}
	c, err = ParseCheckpoint(raw, verifier)
	return c, true, inFile(err, path)
}

// read gives the bytes of exactly that tile or bundle.
func (d directory) read(t tile) ([]byte, error) {
	raw, err := os.ReadFile(d.path(t))
	if err != nil {
		return nil, err
	}
	if t.level != entriesLevel && len(raw) != t.width*hashSize {
		return nil, fault.New(fault.Refused, "the tile has %d bytes, not %d", len(raw), t.width*hashSize).At(d.path(t), 0, "")
	}
	return raw, nil
}

// hashes gives the first t.width hashes of a tile, from the tile itself or,
// where it was superseded and swept, from the full one.
func (d directory) hashes(t tile) ([]byte, error) {
	raw, err := d.read(t)
	if errors.Is(err, fs.ErrNotExist) && t.width < tileWidth {
		raw, err = d.read(t.full())
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.Wrap(fault.Refused, err, "the tile is missing").At(d.path(t), 0, "")
	}
	if err != nil {
		return nil, err
	}
	return raw[:t.width*hashSize], nil
}

// entries gives the entries of full bundle n.
func (d directory) entries(n int64) ([][]byte, error) {
	t := tile{level: entriesLevel, n: n, width: tileWidth}
	raw, err := d.read(t)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.Wrap(fault.Refused, err, "the entry bundle is missing").At(d.path(t), 0, "")
	}
	if err != nil {
		return nil, fmt.Errorf("read entry bundle: %w", err)
	}
	entries, err := ParseBundle(raw)
	if err != nil {
		return nil, inFile(err, d.path(t))
	}
	if len(entries) != tileWidth {
		return nil, fault.New(fault.Refused, "the full bundle has %d entries, not %d", len(entries), tileWidth).At(d.path(t), 0, "")
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
