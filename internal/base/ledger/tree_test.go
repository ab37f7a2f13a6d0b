package ledger

import (
	"bytes"
	"testing"

	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/proof"

	inclusion "github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
)

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
			if err := inclusion.VerifyInclusion(rfc6962.DefaultHasher, uint64(index), uint64(size), leaf, hashes, p.Checkpoint.Root[:]); err != nil {
				t.Errorf("proof of %d in %d: %v", index, size, err)
			}
			back, err := proof.ParseProof(p.Text())
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
