package offline

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/proof"

	"golang.org/x/mod/sumdb/note"
)

// zipTime stands on every file, so that the same content gives the same bytes.
var zipTime = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// Writer writes a package as a zip, one member after another.
type Writer struct {
	z     *zip.Writer
	sum   *counter
	files map[string]File
}

// counter hashes what is written.
type counter struct {
	w io.Writer
	h interface {
		io.Writer
		Sum(b []byte) []byte
	}
	n int64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.h.Write(b[:n])
	c.n += int64(n)
	return n, err
}

// NewWriter begins a package.
func NewWriter(w io.Writer) *Writer {
	c := &counter{w: w, h: sha256.New()}
	return &Writer{z: zip.NewWriter(c), sum: c, files: map[string]File{}}
}

// packed reports whether a member is worth compressing: hashes are not, and
// content of others is mostly compressed already.
func packed(path string) bool {
	return !strings.HasPrefix(path, BlobDir) && (!strings.HasPrefix(path, LogDir) || strings.HasPrefix(path, LogDir+"tile/entries/"))
}

// Add writes one member. A name that no package may have, or one that is there,
// is kind Internal: whoever makes packages chooses names.
func (w *Writer) Add(ctx context.Context, path string, r io.Reader) (File, error) {
	if why := checkName(path); why != "" {
		return File{}, fault.New(fault.Internal, "package member %q: %s", path, why)
	}
	if _, twice := w.files[path]; twice {
		return File{}, fault.New(fault.Internal, "package member %q is written twice", path)
	}
	if err := ctx.Err(); err != nil {
		return File{}, err
	}
	head := &zip.FileHeader{Name: path, Method: zip.Store, Modified: zipTime}
	if packed(path) {
		head.Method = zip.Deflate
	}
	out, err := w.z.CreateHeader(head)
	if err != nil {
		return File{}, fmt.Errorf("begin package member %s: %w", path, err)
	}
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(out, h), readerWithContext{ctx, r})
	if err != nil {
		return File{}, fmt.Errorf("write package member %s: %w", path, err)
	}
	f := File{Path: path, Size: n, SHA256: hex.EncodeToString(h.Sum(nil))}
	w.files[path] = f
	return f, nil
}

// AddBytes is Add of what is in memory.
func (w *Writer) AddBytes(ctx context.Context, path string, b []byte) error {
	_, err := w.Add(ctx, path, bytes.NewReader(b))
	return err
}

// Files gives what was written so far, in order of path.
func (w *Writer) Files() []File {
	out := make([]File, 0, len(w.files))
	for _, f := range w.files {
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return out
}

// Log writes log/: every entry from the start of the window to its end, with the
// hash tiles of the tree at the end. read gives exactly the tile or bundle that
// it is asked for. progress may be nil.
func (w *Writer) Log(ctx context.Context, start, end int64, read func(t proof.Tile) ([]byte, error), progress func(entries int64)) error {
	first := logStart(start)
	return eachLogTile(first, end, func(t proof.Tile) error {
		raw, err := read(t)
		if err != nil {
			return err
		}
		if progress != nil && t.Level == proof.EntriesLevel {
			progress(t.N*proof.TileWidth + int64(t.Width) - first)
		}
		return w.AddBytes(ctx, LogDir+t.Path(), raw)
	})
}

// Close writes the manifest, which gets the list of files, and its signature.
// It gives the SHA-256 of the whole package in hex, and its size.
func (w *Writer) Close(ctx context.Context, m *Manifest, sign func(manifest [32]byte) ([]byte, error)) (digest string, size int64, err error) {
	m.Files = w.Files()
	raw, err := m.Encode()
	if err != nil {
		return "", 0, err
	}
	if len(raw) > maxManifest {
		return "", 0, fault.New(fault.Invalid, "a package of %d files is larger than a verifier reads", len(m.Files)).WithHint("choose a shorter window")
	}
	sig, err := sign(sha256.Sum256(raw))
	if err != nil {
		return "", 0, err
	}
	if err := w.AddBytes(ctx, ManifestFile, raw); err != nil {
		return "", 0, err
	}
	if err := w.AddBytes(ctx, SignatureFile, sig); err != nil {
		return "", 0, err
	}
	if err := w.z.Close(); err != nil {
		return "", 0, fmt.Errorf("end the package: %w", err)
	}
	return hex.EncodeToString(w.sum.h.Sum(nil)), w.sum.n, nil
}

// HeadOf gives what a manifest says of a checkpoint.
func HeadOf(c proof.Checkpoint) TreeHead {
	return TreeHead{Size: c.Size, Root: proof.EncodeHash(c.Root)}
}

// SignerFunc adapts a signed-note signer to Writer.Close.
func SignerFunc(s note.Signer) func([32]byte) ([]byte, error) {
	return func(digest [32]byte) ([]byte, error) { return SignManifest(digest, s) }
}
