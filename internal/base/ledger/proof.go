package ledger

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/proof"
)

// Prove makes the proof of the entry with that index from the log's directory
// alone, for the checkpoint that is published now.
func Prove(dir, verifierKey string, index int64) (Proof, error) {
	verifier, err := proof.NewVerifier(verifierKey)
	if err != nil {
		return Proof{}, err
	}
	d := directory(dir)
	c, _, err := d.checkpoint(verifier)
	if err != nil {
		return Proof{}, err
	}
	if index < 0 || index >= c.Size {
		return Proof{}, fault.New(fault.NotFound, "the ledger has no entry with index %d; its checkpoint covers %d entries", index, c.Size).
			WithHint("indexes start at 0; an entry is covered within a second of its commit")
	}
	entry, err := d.entry(index, c.Size)
	if err != nil {
		return Proof{}, err
	}
	p, err := proof.Prove(c, index, entry, d.hashes)
	if err != nil {
		return Proof{}, err
	}
	if err := p.Check(verifier); err != nil {
		return Proof{}, fault.Wrap(fault.Refused, err, "the ledger's directory does not prove the entry with index %d: %v", index, err).
			WithHint("run 'attesta ledger verify' to find what was changed")
	}
	return p, nil
}

// entry gives one entry of a log of that size.
func (d directory) entry(index, size int64) ([]byte, error) {
	n := index / proof.TileWidth
	t := proof.Tile{Level: proof.EntriesLevel, N: n, Width: int(min(size-n*proof.TileWidth, proof.TileWidth))}
	raw, err := d.read(t)
	if errors.Is(err, fs.ErrNotExist) && t.Width < proof.TileWidth {
		t = t.Full()
		raw, err = d.read(t)
	}
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
	if index%proof.TileWidth >= int64(len(entries)) {
		return nil, fault.New(fault.Refused, "the bundle has only %d entries", len(entries)).At(d.path(t), 0, "")
	}
	return entries[index%proof.TileWidth], nil
}

// Proof makes the proof of an entry that this ledger holds.
func (l *Log) Proof(index int64) (Proof, error) { return Prove(l.cfg.Dir, l.public, index) }
