package ledger

import (
	"context"
	"time"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/proof"
)

// Quick checks the end of a ledger, in a time that does not grow with it: the
// signature of its checkpoint, the tiles at the edge of its tree, and that they
// and the database lead to the same root. Verify checks all of it. What is
// wrong is kind Refused.
func Quick(ctx context.Context, cfg VerifyConfig) (Head, error) {
	verifier, err := proof.NewVerifier(cfg.VerifierKey)
	if err != nil {
		return Head{}, err
	}
	l := &Log{cfg: Config{DB: cfg.DB, Dir: cfg.Dir}, origin: verifier.Name(), verifier: verifier}
	if _, err := l.reconcile(ctx); err != nil {
		return Head{}, err
	}
	h, err := lastCheckpoint(ctx, cfg.DB.Reader()) // of a database of any schema
	return Head{Origin: l.origin, Size: h.size, Root: h.root, At: h.at}, err
}

// Last gives when the newest entry of a type was made; ok is false where there
// is none.
func Last(ctx context.Context, q database.Querier, typ string) (at time.Time, ok bool, err error) {
	return lastOfType(ctx, q, typ)
}
