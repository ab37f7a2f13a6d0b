package ledger

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"
	"github.com/attesta/attesta/internal/proof"

	"golang.org/x/mod/sumdb/note"
)

// Restored is what brought a ledger back.
type Restored struct {
	Manifest string    // SHA-256 of the backup's manifest, hex
	Made     time.Time // when the backup was made
	Version  string    // of the program that made it
}

// Epoch is a part of a ledger's life under one origin and key.
type Epoch struct {
	Origin string    `json:"origin"`
	At     time.Time `json:"at"`
	Before string    `json:"before"` // origin of the epoch before
	Key    string    `json:"key"`    // its verifier key
	Size   int64     `json:"size"`   // entries of it that are kept
	Root   string    `json:"root"`   // of them, base64
	Entry  string    `json:"entry"`  // "ledger.restored"

	manifest string
}

// RestoredType is the type of the entry that begins an epoch.
const RestoredType = "ledger.restored"

// BeginEpoch makes a restored copy of a ledger a log of its own: the same
// entries, under a new origin and a new key, and then an entry that commits to
// the last checkpoint of the old one. cfg.KeyFile must not be there; oldKey is
// the verifier key of the old one. Whoever has seen a later checkpoint of the
// old log can tell this from a rollback: a rollback goes on under the old name.
func BeginEpoch(ctx context.Context, cfg Config, oldKey string, from Restored) (Epoch, error) {
	old, err := proof.NewVerifier(oldKey)
	if err != nil {
		return Epoch{}, err
	}
	l := &Log{cfg: Config{DB: cfg.DB, Dir: filepath.Clean(cfg.Dir)}, origin: old.Name(), verifier: old}
	state, err := l.reconcile(ctx)
	if err != nil {
		return Epoch{}, err
	}
	if _, err := os.Lstat(cfg.KeyFile); err == nil {
		return Epoch{}, fault.New(fault.Conflict, "there is a signing key at %s already", cfg.KeyFile).WithHint("an epoch begins with a new key")
	}
	e := Epoch{Origin: nextOrigin(old.Name(), time.Now()), Before: old.Name(), Key: oldKey, Size: state.edge.Size, Root: proof.EncodeHash(state.edge.Root()), manifest: from.Manifest}
	secret, public, err := note.GenerateKey(rand.Reader, e.Origin)
	if err != nil {
		return e, fmt.Errorf("make the ledger's key: %w", err)
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		return e, fmt.Errorf("read the ledger's key: %w", err)
	}
	head := Checkpoint{Origin: e.Origin, Size: e.Size, Root: state.edge.Root()}
	raw, err := head.Sign(signer)
	if err != nil {
		return e, err
	}
	disk := osFiles{}
	if err := os.MkdirAll(filepath.Dir(cfg.KeyFile), 0o700); err != nil {
		return e, fault.Wrap(fault.Unavailable, err, "the key directory cannot be made")
	}
	if err := os.MkdirAll(cfg.Dir, 0o755); err != nil {
		return e, fault.Wrap(fault.Unavailable, err, "the ledger's directory cannot be made")
	}
	for _, f := range []struct {
		path string
		mode os.FileMode
		text string
	}{{cfg.KeyFile, 0o600, secret + "\n"}, {PublicKeyFile(cfg.KeyFile), 0o644, public + "\n"}, {filepath.Join(cfg.Dir, "checkpoint"), 0o644, string(raw)}} {
		if err := disk.WriteSynced(f.path, f.mode, []byte(f.text)); err != nil {
			return e, fault.Wrap(fault.Unavailable, err, "%s cannot be written: %v", f.path, err)
		}
	}
	if err := renameOrigin(ctx, cfg.DB, old.Name(), e.Origin); err != nil {
		return e, err
	}
	log, err := Open(ctx, cfg)
	if err != nil {
		return e, err
	}
	defer log.Close()
	if err := log.recordEpoch(ctx, &e, from); err != nil {
		return e, err
	}
	return e, log.Publish(ctx)
}

// nextOrigin names the epoch after that of a log: "example.org/log/epoch-x7k2…".
func nextOrigin(old string, now time.Time) string {
	base, _, _ := strings.Cut(old, "/epoch-")
	id := ids.New("log", now)
	return base + "/epoch-" + id[len(id)-10:]
}

func (l *Log) recordEpoch(ctx context.Context, e *Epoch, from Restored) error {
	return l.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		e.At = l.cfg.Clock()
		id, err := l.Append(ctx, tx, Entry{Stream: "system", Type: RestoredType, Actor: "system", Subject: "ledger", Blob: from.Manifest, Data: map[string]any{
			"before": e.Before, "verifier": e.Key, "size": e.Size, "root": e.Root, "made": from.Made, "version": from.Version}})
		if err != nil {
			return err
		}
		e.Entry = id
		return insertEpoch(ctx, tx, *e)
	})
}

// earlier reads a checkpoint that somebody kept, of this log or of one of the
// epochs before it. Where it covers entries that were made after the backup
// that was restored, they are lost: that is refused, and told apart from a
// rollback, which has no entry that says so.
func (v *verification) earlier(ctx context.Context, raw []byte) (Checkpoint, error) {
	c, err := proof.ParseCheckpoint(raw, v.verifier)
	if err == nil {
		return c, nil
	}
	all, listErr := epochs(ctx, v.cfg.DB.Reader())
	if listErr != nil {
		return c, listErr
	}
	for _, e := range all {
		verifier, keyErr := proof.NewVerifier(e.Key)
		if keyErr != nil {
			return c, fault.Wrap(fault.Refused, keyErr, "the verifier key of the epoch before %s cannot be read", e.Origin).At("ledger_epoch", 0, "key")
		}
		c, oldErr := proof.ParseCheckpoint(raw, verifier)
		if oldErr != nil {
			continue
		}
		if c.Size > e.Size {
			return c, fault.New(fault.Refused, "it covers %d entries of %s, which was restored on %s from a backup of %d: the last %d are not here", c.Size, e.Before, e.At.UTC().Format(time.DateOnly), e.Size, c.Size-e.Size).
				WithHint("entry %s says that there was a restore, so this is no rollback; what was made after the backup is lost all the same", e.Entry)
		}
		v.rep.Notes = append(v.rep.Notes, fmt.Sprintf("the older checkpoint is of %s, which goes on as %s after the restore of %s", e.Before, e.Origin, e.At.UTC().Format(time.DateOnly)))
		return c, nil
	}
	return c, err
}

// Epochs gives the restores of a ledger, oldest first.
func Epochs(ctx context.Context, q database.Querier) ([]Epoch, error) { return epochs(ctx, q) }

// EpochBinding holds the entries of restores against their rows.
func EpochBinding() Binding {
	return Binding{Name: RestoredType, Check: func(ctx context.Context, q database.Querier, rec Record) error {
		e, ok, err := epochByEntry(ctx, q, rec.ID)
		if err != nil {
			return err
		}
		text := func(name string) string { s, _ := rec.Data[name].(string); return s }
		size, _ := rec.Data["size"].(int64)
		if !ok || e.Before != text("before") || e.Key != text("verifier") || e.Root != text("root") || e.Size != size || e.manifest != rec.Blob {
			return fault.New(fault.Refused, "ledger record %s (%s): its row is gone or says something else", rec.ID, rec.Type).
				WithHint("the database was changed outside Attesta; restore a backup beside it and compare")
		}
		return nil
	}}
}
