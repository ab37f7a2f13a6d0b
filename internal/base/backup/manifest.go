package backup

import (
	"bytes"
	"encoding/json"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
)

// Format is the version of the file that this program writes.
const Format = 1

const (
	headerFile   = "attesta-backup.json"
	manifestFile = "manifest.json"

	maxHeader   = 64 << 10
	maxManifest = 512 << 20 // about three million files
)

// Header says what wrote a backup. It stands first, so that a program that is
// too old knows at once.
type Header struct {
	Format  int       `json:"format"`
	Made    time.Time `json:"made"`
	Version string    `json:"version"` // of the program
	Schema  int64     `json:"schema"`  // of the database
	Dialect string    `json:"dialect"` // sqlite, postgres
}

// Position is where in the ledger a backup was made.
type Position struct {
	Origin string `json:"origin"`
	Key    string `json:"key"` // verifier key
	Size   int64  `json:"size"`
	Root   string `json:"root"` // base64
}

// File is one file of a backup.
type File struct {
	Path   string `json:"path"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Manifest is what a backup holds. It stands last.
type Manifest struct {
	Header
	Ledger  Position        `json:"ledger"`
	Content bool            `json:"content"` // blobs, evidence and exports are in it
	Keys    bool            `json:"keys"`
	State   []database.Part `json:"state"`
	Files   []File          `json:"files"` // in the order of the file, without this one

	Digest string `json:"-"` // SHA-256 of the manifest as it was written, hex
}

// Bytes is the size of all files together.
func (m Manifest) Bytes() int64 {
	n := int64(0)
	for _, f := range m.Files {
		n += f.Size
	}
	return n
}

// strict reads JSON that this package wrote: nothing unknown, nothing behind it.
func strict(raw []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if d.More() {
		return fault.New(fault.Refused, "something stands behind it")
	}
	return nil
}

// parseHeader refuses what a newer program wrote. A newer one may have fields
// that are not known here, so the version is looked at first.
func parseHeader(raw []byte) (Header, error) {
	var h Header
	if err := json.Unmarshal(raw, &h); err != nil {
		return h, fault.Wrap(fault.Refused, err, "its first file is not what a backup begins with")
	}
	newest, err := database.Newest()
	if err != nil {
		return h, err
	}
	switch {
	case h.Format < 1 || h.Schema < 1:
		return h, fault.New(fault.Refused, "its first file is not what a backup begins with")
	case h.Format > Format || h.Schema > newest:
		return h, fault.New(fault.Conflict, "a newer Attesta made this backup (%s: format %d, schema %d); this one knows format %d and schema %d", h.Version, h.Format, h.Schema, Format, newest).
			WithHint("take the version that made it, or a newer one")
	case h.Dialect != string(database.SQLite) && h.Dialect != string(database.Postgres):
		return h, fault.New(fault.Refused, "it is of a database %q that is not known", h.Dialect)
	}
	return h, strict(raw, &h)
}

var namePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._\-]{0,199}$`)

// checkPath refuses a path that does not belong into a backup, or would leave
// the directory it is restored into.
func checkPath(p string) error {
	top, rest, ok := strings.Cut(p, "/")
	known := map[string]bool{"state": true, "ledger": true, "blobs": true, "evidence": true, "exports": true, "keys": true}
	if !ok || !known[top] || rest == "" || path.Clean(p) != p || len(p) > 400 {
		return fault.New(fault.Refused, "the path %.100q does not belong into a backup", p)
	}
	for name := range strings.SplitSeq(rest, "/") {
		if !namePattern.MatchString(name) {
			return fault.New(fault.Refused, "the path %.100q does not belong into a backup", p)
		}
	}
	return nil
}
