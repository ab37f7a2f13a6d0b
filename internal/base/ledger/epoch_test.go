package ledger_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/database/databasetest"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

// A ledger goes on under a new name and key: the same entries, then one that
// commits to what was.
func TestBeginEpoch(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		ctx, dir := t.Context(), t.TempDir()
		cfg := ledger.Config{DB: db, Dir: filepath.Join(dir, "ledger"), KeyFile: filepath.Join(dir, "keys", "ledger.key")}
		log, err := ledger.Open(ctx, cfg)
		if err != nil {
			t.Fatal(err)
		}
		for range 300 { // a full bundle and a partial one
			if err := db.Tx(ctx, func(tx *sql.Tx) error {
				_, err := log.Append(ctx, tx, ledger.Entry{Stream: "s", Type: "run", Actor: "system", Subject: "x"})
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		if err := log.Publish(ctx); err != nil {
			t.Fatal(err)
		}
		oldKey := log.VerifierKey()
		kept, err := os.ReadFile(filepath.Join(cfg.Dir, "checkpoint"))
		if err != nil {
			t.Fatal(err)
		}
		before, err := log.Head(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Tx(ctx, func(tx *sql.Tx) error { // acknowledged, without a position yet
			_, err := log.Append(ctx, tx, ledger.Entry{Stream: "s", Type: "run", Actor: "system", Subject: "waiting"})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		log.Close()
		from := ledger.Restored{Manifest: strings.Repeat("ab", 32), Made: time.Now(), Version: "v1"}
		if _, err := ledger.BeginEpoch(ctx, cfg, oldKey, from); !fault.Is(err, fault.Conflict) {
			t.Errorf("with the old signing key there: %v", err)
		}
		os.Remove(cfg.KeyFile)
		e, err := ledger.BeginEpoch(ctx, cfg, oldKey, from)
		if err != nil {
			t.Fatal(err)
		}
		if e.Size != 300 || e.Before != before.Origin || !strings.HasPrefix(e.Origin, before.Origin+"/epoch-") || e.Root != ledger.EncodeHash(before.Root) {
			t.Errorf("epoch %+v", e)
		}
		raw, err := os.ReadFile(ledger.PublicKeyFile(cfg.KeyFile))
		if err != nil {
			t.Fatal(err)
		}
		verify := func() error {
			rep, err := ledger.Verify(ctx, ledger.VerifyConfig{DB: db, Dir: cfg.Dir, VerifierKey: strings.TrimSpace(string(raw)), Bindings: []ledger.Binding{ledger.EpochBinding()}})
			if err == nil && (rep.Size != 302 || rep.Bound[ledger.RestoredType] != 1) {
				t.Errorf("report %+v", rep)
			}
			return err
		}
		if err := verify(); err != nil {
			t.Fatal(err)
		}
		if all, err := ledger.Epochs(ctx, db.Reader()); err != nil || len(all) != 1 || all[0].Key != oldKey {
			t.Errorf("epochs %+v, %v", all, err)
		}
		if _, err := ledger.Verify(ctx, ledger.VerifyConfig{DB: db, Dir: cfg.Dir, VerifierKey: oldKey}); !fault.Is(err, fault.Refused) {
			t.Errorf("the old key still verifies: %v", err)
		}
		// whoever kept a checkpoint of the old log sees that this one continues it
		with := func(old []byte) (ledger.Report, error) {
			return ledger.Verify(ctx, ledger.VerifyConfig{DB: db, Dir: cfg.Dir, VerifierKey: strings.TrimSpace(string(raw)), OldCheckpoint: old})
		}
		if rep, err := with(kept); err != nil || rep.OldSize == nil || *rep.OldSize != 300 || !strings.Contains(strings.Join(rep.Notes, "\n"), "goes on as "+e.Origin) {
			t.Errorf("with the old log's checkpoint: %+v, %v", rep, err)
		}
		exec(t, db, `UPDATE ledger_epoch SET size = 250`) // as if the backup had been older than what was kept
		if _, err := with(kept); !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), "the last 50 are not here") {
			t.Errorf("with a checkpoint of entries that were lost: %v", err)
		}
		exec(t, db, `UPDATE ledger_epoch SET size = 300`)
		if _, err := with([]byte(strings.Replace(string(kept), before.Origin, "another.example/log", 1))); err == nil {
			t.Error("a checkpoint of another log is taken for one of this")
		}
		exec(t, db, `UPDATE ledger_epoch SET size = size - 1`)
		if err := verify(); !fault.Is(err, fault.Refused) {
			t.Errorf("a changed row of the epoch: %v", err)
		}
		exec(t, db, `UPDATE ledger_epoch SET size = size + 1`)

		// a second restore takes the next name, not a longer one
		os.Remove(cfg.KeyFile)
		again, err := ledger.BeginEpoch(context.Background(), cfg, strings.TrimSpace(string(raw)), from)
		if err != nil || strings.Count(again.Origin, "/epoch-") != 1 || again.Origin == e.Origin {
			t.Errorf("the next epoch: %+v, %v", again, err)
		}
	})
}

func exec(t *testing.T, db *database.DB, query string) {
	t.Helper()
	if err := db.Tx(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), query)
		return err
	}); err != nil {
		t.Fatal(err)
	}
}
