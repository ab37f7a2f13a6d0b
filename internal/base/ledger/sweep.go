package ledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/attesta/attesta/internal/proof"
)

// sweep deletes partial tiles and bundles that nobody needs any more: the full
// one is there, as tlog-tiles asks, and every checkpoint that needed a partial
// was superseded KeepPartials ago.
func (s *sequencer) sweep(ctx context.Context) error {
	now := s.log.cfg.Clock()
	if now.Before(s.sweepAt) {
		return nil
	}
	s.sweepAt = now.Add(sweepInterval)
	settled, err := sizeAt(ctx, s.log.cfg.DB.Reader(), now.Add(-s.log.cfg.KeepPartials))
	if err != nil {
		return err
	}
	for level := proof.EntriesLevel; level < 7; level++ {
		span := proof.Tile{Level: level}.Unit() * proof.TileWidth
		for n := s.swept / span; n < settled/span; n++ {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := s.sweepPartials(proof.Tile{Level: level, N: n, Width: 1}); err != nil {
				return fmt.Errorf("delete superseded partial tiles: %w", err)
			}
		}
	}
	s.swept = max(s.swept, settled)
	return nil
}

// sweepPartials removes the partials beside t's full tile.
func (s *sequencer) sweepPartials(t proof.Tile) error {
	dir := directory(s.log.cfg.Dir)
	path := filepath.Dir(dir.path(t))
	entries, err := os.ReadDir(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := dir.read(t.Full()); err != nil {
		return err
	}
	for _, e := range entries {
		if err := s.log.cfg.files.Remove(filepath.Join(path, e.Name())); err != nil {
			return err
		}
	}
	return s.log.cfg.files.Remove(path)
}
