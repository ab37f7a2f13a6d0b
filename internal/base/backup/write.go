package backup

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/attesta/attesta/internal/base/fault"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"
)

// ParseRecipients reads age recipients ("age1…").
func ParseRecipients(list []string) ([]age.Recipient, error) {
	var out []age.Recipient
	for _, text := range list {
		r, err := age.ParseX25519Recipient(strings.TrimSpace(text))
		if err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "%.80q is no recipient", text).At("", 0, "recipient").
				WithHint("a recipient begins with age1; 'age-keygen -o key.txt' makes a pair and prints it. Keep key.txt away from this machine")
		}
		out = append(out, r)
	}
	return out, nil
}

// writer writes the files of a backup, one after the other.
type writer struct {
	tar   *tar.Writer
	under []io.Closer // from the inside to the outside
	made  time.Time
	files []File
	read  func(done int64) // optional: bytes that were read so far
	done  int64
}

func newWriter(out io.Writer, recipients []age.Recipient, made time.Time) (*writer, error) {
	w := &writer{made: made}
	if len(recipients) > 0 {
		sealed, err := age.Encrypt(out, recipients...)
		if err != nil {
			return nil, full(err)
		}
		w.under, out = append(w.under, sealed), sealed
	}
	z, err := zstd.NewWriter(out, zstd.WithEncoderCRC(true), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	w.under = append([]io.Closer{z}, w.under...)
	w.tar = tar.NewWriter(z)
	return w, nil
}

// add writes a file of that size and notes its digest.
func (w *writer) add(ctx context.Context, path string, size int64, r io.Reader) error {
	if err := w.tar.WriteHeader(&tar.Header{Name: path, Mode: 0o600, Size: size, ModTime: w.made, Format: tar.FormatPAX}); err != nil {
		return full(err)
	}
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(w.tar, h), io.LimitReader(following{ctx, r}, size))
	if err != nil {
		return full(err)
	}
	if n != size {
		return fault.New(fault.Unavailable, "%s became shorter while it was read", path).WithHint("something else changes the data directory; find it and back up again")
	}
	if w.done += n; w.read != nil {
		w.read(w.done)
	}
	w.files = append(w.files, File{Path: path, Size: size, SHA256: hex.EncodeToString(h.Sum(nil))})
	return nil
}

// addFile adds a file of the disk; one that is gone is no error and not added.
func (w *writer) addFile(ctx context.Context, path, from string) error {
	f, err := os.Open(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "%s cannot be read", from).WithHint("run this as the user that runs the server")
	}
	st, err := f.Stat()
	if err == nil {
		err = w.add(ctx, path, st.Size(), f)
	}
	return errors.Join(err, f.Close())
}

// json adds a file that is no part of the manifest.
func (w *writer) json(path string, v any) (digest string, err error) {
	raw, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return "", err
	}
	if err := w.tar.WriteHeader(&tar.Header{Name: path, Mode: 0o600, Size: int64(len(raw)), ModTime: w.made, Format: tar.FormatPAX}); err != nil {
		return "", full(err)
	}
	if _, err := w.tar.Write(raw); err != nil {
		return "", full(err)
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:]), nil
}

func (w *writer) close() error {
	err := w.tar.Close()
	for _, c := range w.under {
		err = errors.Join(err, c.Close())
	}
	return full(err)
}

// following ends a copy when its context does.
type following struct {
	ctx context.Context
	r   io.Reader
}

func (f following) Read(p []byte) (int, error) {
	if err := f.ctx.Err(); err != nil {
		return 0, err
	}
	return f.r.Read(p)
}

// full gives a full disk its words.
func full(err error) error {
	var f *fault.Error
	switch {
	case err == nil || errors.As(err, &f):
		return err
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG):
		return fault.Wrap(fault.Unavailable, err, "the disk is full; there is no backup of this run").WithHint("free some space, or name another place")
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		return fault.Wrap(fault.Unavailable, err, "the place for the backup cannot be written").WithHint("check its owner, its mode and whether the file system is mounted read-only")
	}
	return err
}

// unfinished is how the files of broken-off backups are called.
const unfinished = ".attesta-backup-*.unfinished"

// finish gives a file its name, durably. It replaces nothing.
func finish(f *os.File, to string) error {
	err := errors.Join(f.Sync(), f.Close())
	if err == nil {
		err = os.Link(f.Name(), to) // unlike a rename this never replaces
		if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EOPNOTSUPP) {
			return full(os.Rename(f.Name(), to)) // a file system without links; whether to is there was looked at before
		}
	}
	if errors.Is(err, fs.ErrExist) {
		return fault.Wrap(fault.Conflict, err, "there is a file %s already", to).WithHint("name another one; nothing was replaced")
	}
	if err == nil {
		err = os.Remove(f.Name())
	}
	if err != nil {
		return full(err)
	}
	d, err := os.Open(filepath.Dir(to))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
