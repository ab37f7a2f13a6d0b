package backup

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/attesta/attesta/internal/base/fault"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"
)

// ParseIdentities reads a file of age identities, as age-keygen writes it.
func ParseIdentities(raw []byte) ([]age.Identity, error) {
	ids, err := age.ParseIdentities(bytes.NewReader(raw))
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the file holds no identity").At("", 0, "identity-file").WithHint("name the file that age-keygen wrote; its line begins with AGE-SECRET-KEY-1")
	}
	return ids, nil
}

// Verify reads all of a backup and holds each file against the manifest. What
// is wrong is kind Refused; a newer backup is kind Conflict.
func Verify(ctx context.Context, path string, ids []age.Identity) (Manifest, error) {
	return readFile(ctx, path, ids, func(_ string, _ int64, r io.Reader) error {
		_, err := io.Copy(io.Discard, r)
		return err
	})
}

// readFile reads a backup and gives its files to take, in order. What take got
// must not be used before readFile has returned without an error.
func readFile(ctx context.Context, path string, ids []age.Identity, take func(path string, size int64, r io.Reader) error) (Manifest, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Manifest{}, fault.Wrap(fault.NotFound, err, "there is no backup %s", path)
	}
	if err != nil {
		return Manifest{}, fault.Wrap(fault.Unavailable, err, "the backup %s cannot be read", path)
	}
	defer f.Close()
	m, err := read(ctx, f, ids, take)
	var known *fault.Error
	if errors.As(err, &known) && known.File == "" {
		known.File = path
	}
	return m, err
}

const ageMagic = "age-encryption.org/v1\n"

// read is readFile for any reader.
func read(ctx context.Context, from io.Reader, ids []age.Identity, take func(path string, size int64, r io.Reader) error) (m Manifest, err error) {
	in := bufio.NewReaderSize(following{ctx, from}, 64<<10)
	start, err := in.Peek(len(ageMagic))
	if err != nil && !errors.Is(err, io.EOF) {
		return m, err
	}
	var source io.Reader = in
	if string(start) == ageMagic {
		if len(ids) == 0 {
			return m, fault.New(fault.Invalid, "the backup is encrypted").WithHint("name the file with its identity: --identity-file key.txt")
		}
		if source, err = age.Decrypt(in, ids...); err != nil {
			var none *age.NoIdentityMatchError
			if errors.As(err, &none) {
				return m, fault.Wrap(fault.Forbidden, err, "the backup is encrypted for somebody else").WithHint("name the identity of one of its recipients with --identity-file")
			}
			return m, damaged(err)
		}
	}
	z, err := zstd.NewReader(source, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(256<<20), zstd.WithDecoderMaxWindow(64<<20))
	if err != nil {
		return m, err
	}
	defer z.Close()
	if m, err = readTar(tar.NewReader(z), take); err != nil {
		if ctx.Err() != nil {
			return m, ctx.Err()
		}
		return m, damaged(err)
	}
	// The checksums of the packing and of the encryption come at the end.
	if n, err := io.Copy(io.Discard, z); err != nil {
		return m, damaged(err)
	} else if n > 1<<20 {
		return m, fault.New(fault.Refused, "something stands behind the backup's end")
	}
	return m, nil
}

// damaged gives what cannot be read its words; faults stay as they are.
func damaged(err error) error {
	var f *fault.Error
	switch {
	case errors.As(err, &f):
		return err
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return fault.Wrap(fault.Refused, err, "the backup ends early").WithHint("it was cut off on its way, or is no backup: take another copy. A file that ends in .unfinished was broken off")
	}
	return fault.Wrap(fault.Refused, err, "the backup is damaged: %v", err).WithHint("take another copy; nothing of this one was used")
}

func readTar(t *tar.Reader, take func(path string, size int64, r io.Reader) error) (m Manifest, err error) {
	first, err := t.Next()
	if err != nil {
		return m, err
	}
	if first.Name != headerFile {
		return m, fault.New(fault.Refused, "it is no backup of Attesta: its first file is %.100q", first.Name)
	}
	raw, err := small(t, first, maxHeader)
	if err != nil {
		return m, err
	}
	header, err := parseHeader(raw)
	if err != nil {
		return m, err
	}
	var seen []File
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return m, fault.New(fault.Refused, "the backup has no manifest").WithHint("it was broken off while it was made; take another one")
		}
		if err != nil {
			return m, err
		}
		if h.Typeflag != tar.TypeReg {
			return m, fault.New(fault.Refused, "%.100q is no regular file", h.Name)
		}
		if h.Name == manifestFile {
			if raw, err = small(t, h, maxManifest); err != nil {
				return m, err
			}
			break
		}
		if err := checkPath(h.Name); err != nil {
			return m, err
		}
		sum := sha256.New()
		if err := take(h.Name, h.Size, io.TeeReader(t, sum)); err != nil {
			return m, err
		}
		seen = append(seen, File{Path: h.Name, Size: h.Size, SHA256: hex.EncodeToString(sum.Sum(nil))})
	}
	if _, err := t.Next(); !errors.Is(err, io.EOF) {
		return m, errors.Join(err, fault.New(fault.Refused, "something stands behind the manifest"))
	}
	if err := strict(raw, &m); err != nil {
		return m, fault.Wrap(fault.Refused, err, "the manifest cannot be read")
	}
	digest := sha256.Sum256(raw)
	m.Digest = hex.EncodeToString(digest[:])
	if m.Header != header {
		return m, fault.New(fault.Refused, "the manifest is of another backup than the file's beginning")
	}
	return m, compare(m.Files, seen)
}

func small(t *tar.Reader, h *tar.Header, limit int64) ([]byte, error) {
	if h.Size > limit {
		return nil, fault.New(fault.Refused, "%s has %d bytes; at most %d are read", h.Name, h.Size, limit)
	}
	return io.ReadAll(t)
}

// compare holds what was read against what the manifest says, in order.
func compare(want, have []File) error {
	for i := range min(len(want), len(have)) {
		switch w, h := want[i], have[i]; {
		case w.Path != h.Path:
			return fault.New(fault.Refused, "the manifest names %s where the backup holds %s", w.Path, h.Path)
		case w != h:
			return fault.New(fault.Refused, "%s is not what the manifest says: its digest is %s, not %s", w.Path, h.SHA256, w.SHA256)
		}
	}
	switch {
	case len(want) > len(have):
		return fault.New(fault.Refused, "the backup lacks %s and %d more", want[len(have)].Path, len(want)-len(have)-1)
	case len(have) > len(want):
		return fault.New(fault.Refused, "the backup holds %s, which the manifest does not name", have[len(want)].Path)
	}
	paths := map[string]bool{}
	for _, f := range have {
		if paths[f.Path] {
			return fault.New(fault.Refused, "the backup holds %s twice", f.Path)
		}
		paths[f.Path] = true
	}
	return nil
}
