// Package sealed keeps secrets of others (connection strings, tokens) so that
// whoever copies the database alone cannot read them.
//
// Invariants:
//   - The key is in a file of mode 0600 beside the other keys, never in the
//     database and never in a backup of it.
//   - What was sealed for one purpose and place does not open for another.
//   - A box that cannot be opened is an error, never an empty secret.
//   - The file has a key a line. The first seals; all of them open, so that a
//     new first line takes the place of a key without losing what it sealed.
//
// Floor: stateful base.
package sealed

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/attesta/attesta/internal/base/fault"
)

const (
	size     = 32
	mostKeys = 20
	version  = 1 // first byte of what is sealed: AES-256-GCM, random nonce
)

// Key seals and opens. It is safe for concurrent use.
type Key struct{ aeads []cipher.AEAD } // the first seals, all open

// Open reads the key in a file, or makes both.
func Open(path string) (*Key, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return create(path)
	}
	if err != nil {
		return nil, fmt.Errorf("read the key that seals secrets: %w", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read the key that seals secrets: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fault.New(fault.Refused, "%s may be read by others (mode %04o)", path, info.Mode().Perm()).WithHint("chmod 600 %s, and give every connection a new password", path)
	}
	lines := strings.Fields(string(raw))
	if len(lines) == 0 || len(lines) > mostKeys {
		lines = []string{""}
	}
	k := &Key{}
	for i, line := range lines {
		key, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(key) != size {
			return nil, fault.New(fault.Refused, "line %d of %s holds no key of %d bytes in base64", i+1, path, size).WithHint("bring the file back from where keys are kept, or move it away and enter every secret anew")
		}
		if err := k.add(key); err != nil {
			return nil, err
		}
	}
	return k, nil
}

func create(path string) (*Key, error) {
	key := make([]byte, size)
	if _, err := rand.Read(key); err != nil {
		return nil, fmt.Errorf("make the key that seals secrets: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("make the key that seals secrets: %w", err)
	}
	_, err = fmt.Fprintln(f, base64.StdEncoding.EncodeToString(key))
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, fmt.Errorf("make the key that seals secrets: %w", err)
	}
	k := &Key{}
	return k, k.add(key)
}

// add takes a key behind those that are there.
func (k *Key) add(key []byte) error {
	block, err := aes.NewCipher(key)
	if err != nil {
		return fmt.Errorf("the key that seals secrets: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return fmt.Errorf("the key that seals secrets: %w", err)
	}
	k.aeads = append(k.aeads, aead)
	return nil
}

// Seal seals a secret for a place, such as "database src_…".
func (k *Key) Seal(place, secret string) []byte {
	return k.aeads[0].Seal([]byte{version}, nil, []byte(secret), []byte(place))
}

// Unseal opens what was sealed for that place.
func (k *Key) Unseal(place string, box []byte) (string, error) {
	if len(box) == 0 || box[0] != version {
		return "", fault.New(fault.Refused, "the secret of %s was sealed by a program that this one does not know", place)
	}
	for _, aead := range k.aeads {
		if secret, err := aead.Open(nil, nil, box[1:], []byte(place)); err == nil {
			return string(secret), nil
		}
	}
	return "", fault.New(fault.Refused, "the secret of %s cannot be opened with the key of this data directory", place).
		WithHint("bring keys/sealed.key back, or enter the secret anew")
}
