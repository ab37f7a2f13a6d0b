package ledger

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ids"

	"golang.org/x/mod/sumdb/note"
)

// originName is the row of meta that holds the log's origin.
const originName = "ledger.origin"

// PublicKeyFile is where the verifier key stands beside a signing key.
func PublicKeyFile(keyFile string) string {
	return strings.TrimSuffix(keyFile, ".key") + ".pub"
}

// openKey loads the signing key and the log's name, or makes both for a ledger
// that has no checkpoint yet.
func (l *Log) openKey(ctx context.Context) error {
	origin, err := metaValue(ctx, l.cfg.DB.Reader(), originName)
	if err != nil {
		return err
	}
	if origin != "" && l.cfg.Origin != "" && origin != l.cfg.Origin {
		return fault.New(fault.Conflict, "the ledger's origin is %q; the configuration says %q", origin, l.cfg.Origin).
			WithHint("an origin never changes; leave it out of the configuration")
	}
	secret, err := readKey(l.cfg.KeyFile)
	if errors.Is(err, fs.ErrNotExist) {
		if origin == "" {
			origin = l.cfg.Origin
		}
		if origin == "" {
			id := ids.New("log", l.cfg.Clock())
			origin = "attesta.local/" + id[len(id)-16:]
		}
		secret, err = l.makeKey(ctx, origin)
	}
	if err != nil {
		return err
	}
	if l.signer, err = note.NewSigner(secret); err != nil {
		return fault.Wrap(fault.Refused, err, "%s holds no signing key", l.cfg.KeyFile).
			WithHint("restore it from a backup; a new key would be another log")
	}
	if origin == "" {
		origin = l.signer.Name()
	}
	if l.signer.Name() != origin {
		return fault.New(fault.Refused, "the signing key is of log %q, the database of %q", l.signer.Name(), origin).
			WithHint("keys, database and ledger directory belong together")
	}
	public, err := publicKey(secret)
	if err != nil {
		return err
	}
	if l.verifier, err = note.NewVerifier(public); err != nil {
		return fmt.Errorf("read the verifier key: %w", err)
	}
	l.origin, l.public = origin, public
	if err := l.keepPublicKey(public); err != nil {
		return err
	}
	return keepMeta(ctx, l.cfg.DB, originName, origin)
}

func readKey(path string) (string, error) {
	st, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("read the ledger's key: %w", err)
	}
	if st.Mode().Perm()&0o077 != 0 {
		return "", fault.New(fault.Refused, "others may read the signing key %s (mode %04o)", path, st.Mode().Perm()).
			WithHint("chmod 600 %s; if somebody may have read it, their copies of checkpoints are what still proves anything", path)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read the ledger's key: %w", err)
	}
	return strings.TrimSpace(string(raw)), nil
}

// makeKey makes the key of a new ledger. A ledger that has published anything
// never gets another one.
func (l *Log) makeKey(ctx context.Context, origin string) (string, error) {
	head, err := lastCheckpoint(ctx, l.cfg.DB.Reader())
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(filepath.Join(l.cfg.Dir, "checkpoint")); err == nil || head.size > 0 {
		return "", fault.New(fault.Refused, "the ledger has published checkpoints, but its signing key %s is missing", l.cfg.KeyFile).
			WithHint("restore the key from a backup; a new key would be another log")
	} else if !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("look for a checkpoint: %w", err)
	}
	if strings.ContainsRune(origin, '+') || strings.ContainsFunc(origin, unicode.IsSpace) || len(origin) > 255 {
		return "", fault.New(fault.Invalid, "the origin %q has a space or a plus sign, or is too long", origin).
			WithHint("an origin is a name like example.org/attesta")
	}
	secret, _, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		return "", fmt.Errorf("make the ledger's key: %w", err)
	}
	dir := filepath.Dir(l.cfg.KeyFile)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fault.Wrap(fault.Unavailable, err, "the key directory %s cannot be made", dir)
	}
	if err := l.putKey(l.cfg.KeyFile, 0o600, secret+"\n"); err != nil {
		return "", fault.Wrap(fault.Unavailable, err, "the signing key cannot be stored at %s", l.cfg.KeyFile)
	}
	return secret, nil
}

func (l *Log) keepPublicKey(public string) error {
	path := PublicKeyFile(l.cfg.KeyFile)
	raw, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := l.putKey(path, 0o644, public+"\n"); err != nil {
			return fault.Wrap(fault.Unavailable, err, "the verifier key cannot be stored at %s", path)
		}
		return nil
	case err != nil:
		return fmt.Errorf("read the verifier key: %w", err)
	case strings.TrimSpace(string(raw)) != public:
		return fault.New(fault.Refused, "%s is not the verifier key of %s", path, l.cfg.KeyFile).
			WithHint("one of the two was replaced; restore both from one backup")
	}
	return nil
}

// putKey puts a file in place whole: a crash leaves it or nothing.
func (l *Log) putKey(path string, mode fs.FileMode, text string) error {
	temp := path + ".new"
	if err := l.cfg.files.WriteSynced(temp, mode, []byte(text)); err != nil {
		return err
	}
	if err := l.cfg.files.Rename(temp, path); err != nil {
		return err
	}
	return l.cfg.files.SyncDir(filepath.Dir(path))
}

// publicKey gives the verifier key of a signing key.
func publicKey(secret string) (string, error) {
	fields := strings.SplitN(secret, "+", 5)
	if len(fields) < 5 {
		return "", fault.New(fault.Refused, "the signing key is incomplete")
	}
	key, err := base64.StdEncoding.DecodeString(fields[4])
	if err != nil || len(key) != 1+ed25519.SeedSize {
		return "", fault.New(fault.Refused, "the signing key is no Ed25519 key")
	}
	public := ed25519.NewKeyFromSeed(key[1:]).Public().(ed25519.PublicKey)
	return note.NewEd25519VerifierKey(fields[2], public)
}
