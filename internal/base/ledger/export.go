package ledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/proof"
	"github.com/attesta/attesta/internal/proof/offline"
)

// SizeAfter gives the size of the first recorded checkpoint at or after t; ok is
// false where there is none yet.
func SizeAfter(ctx context.Context, q database.Querier, t time.Time) (size int64, ok bool, err error) {
	return sizeAfter(ctx, q, t)
}

// CheckpointOf gives a checkpoint of the size that this ledger recorded, signed.
// The root is computed from the tiles again and held against what was recorded:
// nothing else is ever signed. Signing gives the same bytes as it did then.
func (l *Log) CheckpointOf(ctx context.Context, size int64) (Checkpoint, error) {
	recorded, err := checkpointOf(ctx, l.cfg.DB.Reader(), size)
	if err != nil {
		return Checkpoint{}, err
	}
	edge, err := proof.EdgeAt(size, directory(l.cfg.Dir).hashes)
	if err != nil {
		return Checkpoint{}, err
	}
	c := Checkpoint{Origin: l.origin, Size: size, Root: edge.Root()}
	if c.Root != recorded.root {
		return Checkpoint{}, fault.New(fault.Refused, "the tiles do not have the root that was recorded for %d entries", size).
			WithHint("run 'attesta ledger verify' to find what was changed")
	}
	c.Raw, err = c.Sign(l.signer)
	return c, err
}

// Tile gives a hash tile or an entry bundle of exactly that width, of any tree
// that this ledger had. Superseded partials are cut from their full ones.
func (l *Log) Tile(t proof.Tile) ([]byte, error) {
	d := directory(l.cfg.Dir)
	if t.Level != proof.EntriesLevel {
		return d.hashes(t)
	}
	raw, err := d.read(t)
	if errors.Is(err, fs.ErrNotExist) && t.Width < proof.TileWidth {
		raw, err = d.read(t.Full())
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.Wrap(fault.Refused, err, "the entry bundle is missing").At(d.path(t), 0, "").WithHint("run 'attesta ledger verify'")
	}
	if err != nil {
		return nil, fmt.Errorf("read entry bundle: %w", err)
	}
	return proof.CutBundle(raw, t.Width)
}

// SignManifest signs the manifest of an evidence package, which nothing can take
// for a checkpoint.
func (l *Log) SignManifest(digest [32]byte) ([]byte, error) {
	return offline.SignManifest(digest, l.signer)
}

// Places gives the index of each entry that has one, by id.
func Places(ctx context.Context, q database.Querier, entries []string) (map[string]int64, error) {
	out := make(map[string]int64, len(entries))
	for _, id := range entries {
		if _, done := out[id]; done {
			continue
		}
		rows, err := rowByID(ctx, q, id)
		if err != nil {
			return nil, err
		}
		if len(rows) > 0 && rows[0].idx >= 0 {
			out[id] = rows[0].idx
		}
	}
	return out, nil
}

// OpenCommitment gives what an entry commits to, as it was hashed, with its salt;
// ok is false where there is nothing, or nothing any more.
func OpenCommitment(ctx context.Context, q database.Querier, rec Record) (payload, salt []byte, ok bool, err error) {
	if rec.Commitment == "" {
		return nil, nil, false, nil
	}
	salt, payload, ok, err = personalOf(ctx, q, rec.ID)
	if err != nil || !ok {
		return nil, nil, false, err
	}
	if proof.CommitmentOf(payload, salt) != rec.Commitment {
		return nil, nil, false, fault.New(fault.Refused, "the personal data of ledger entry %s is not what the entry commits to", rec.ID)
	}
	return payload, salt, true, nil
}

// TimeOf gives when the checkpoint of that size was recorded.
func TimeOf(ctx context.Context, q database.Querier, size int64) (time.Time, error) {
	c, err := checkpointOf(ctx, q, size)
	return c.at, err
}

// RootOf gives the root that was recorded with the checkpoint of that size.
func RootOf(ctx context.Context, q database.Querier, size int64) ([32]byte, error) {
	c, err := checkpointOf(ctx, q, size)
	return c.root, err
}
