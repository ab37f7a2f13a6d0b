package ledger

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/attesta/attesta/internal/base/database/databasetest"

	"golang.org/x/mod/sumdb/note"
)

// zeros makes a key that is the same in every run.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// A checkpoint with further signatures, as witnesses add them, is read.
func TestCosignedCheckpoint(t *testing.T) {
	l := newTestLog(t, databasetest.SQLite(t), t.TempDir(), nil)
	l.grow(t, 3)
	secret, _, err := note.GenerateKey(zeros{}, "witness.example.org")
	if err != nil {
		t.Fatal(err)
	}
	witness, err := note.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	n, err := note.Open(l.checkpointFile(t), note.VerifierList(l.verifier))
	if err != nil {
		t.Fatal(err)
	}
	cosigned, err := note.Sign(n, witness)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(l.cfg.Dir, "checkpoint"), cosigned, 0o644); err != nil {
		t.Fatal(err)
	}
	if rep := l.mustVerify(t); rep.Size != 3 {
		t.Errorf("%+v", rep)
	}
}
