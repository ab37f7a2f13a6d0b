package blobs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"

	"github.com/attesta/attesta/internal/base/fault"
)

const (
	algorithm = "sha256"
	temporary = "tmp"
)

// Dir is a store in a directory. Its methods may be called at the same time,
// by several processes too, except Clean.
type Dir struct {
	root string
	disk disk
}

// Open makes the directory where it is missing.
func Open(root string) (*Dir, error) {
	d := &Dir{root: root, disk: osDisk{}}
	for _, dir := range []string{d.root, filepath.Join(d.root, algorithm), filepath.Join(d.root, temporary)} {
		if st, err := os.Stat(dir); err == nil && st.IsDir() {
			continue // a store on a read-only disk can be read
		}
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, translate(err, "making the directory", root)
		}
		if err := d.disk.syncDir(filepath.Dir(dir)); err != nil {
			return nil, translate(err, "syncing the directory", root)
		}
	}
	return d, nil
}

// Clean removes what interrupted Puts left behind. The one process that writes
// calls it before it begins.
func (d *Dir) Clean() error {
	left, err := os.ReadDir(filepath.Join(d.root, temporary))
	if err != nil {
		return translate(err, "listing unfinished files", d.root)
	}
	for _, e := range left {
		if err := os.Remove(filepath.Join(d.root, temporary, e.Name())); err != nil {
			return translate(err, "removing an unfinished file", d.root)
		}
	}
	return nil
}

var digestPattern = regexp.MustCompile(`^[0-9a-f]{64}$`)

// path gives where a digest lies, or kind Invalid.
func (d *Dir) path(digest string) (string, error) {
	if !digestPattern.MatchString(digest) {
		return "", fault.New(fault.Invalid, "a digest is 64 characters of lower-case hex")
	}
	return filepath.Join(d.root, algorithm, digest[:2], digest[2:4], digest), nil
}

// Put stores r's content and gives its digest (lower-case hex) and size in
// bytes. More than max bytes is kind Invalid; a full or read-only disk is kind
// Unavailable; an error of r comes back as it is. After any error nothing half
// stands under a digest, and nothing may be relied on. Content that is there already is replaced by itself, which mends it
// where it was damaged.
func (d *Dir) Put(ctx context.Context, r io.Reader, max int64) (digest string, size int64, err error) {
	f, err := d.disk.create(filepath.Join(d.root, temporary))
	if err != nil {
		return "", 0, translate(err, "making a file", d.root)
	}
	stored, closed := false, false
	defer func() {
		if !closed {
			f.Close() // the file goes; the error that led here is told
		}
		if !stored {
			if e := d.disk.remove(f.Name()); e != nil && !errors.Is(e, fs.ErrNotExist) {
				err = errors.Join(err, translate(e, "removing an unfinished file", d.root))
			}
		}
	}()
	h := sha256.New()
	if size, err = d.copy(ctx, f, h, r, max); err != nil {
		return "", 0, err
	}
	digest = hex.EncodeToString(h.Sum(nil))
	if err := f.Chmod(0o400); err != nil {
		return "", 0, translate(err, "protecting a file", d.root)
	}
	if err := f.Sync(); err != nil {
		return "", 0, translate(err, "syncing a file", d.root)
	}
	closed = true
	if err := f.Close(); err != nil {
		return "", 0, translate(err, "closing a file", d.root)
	}
	path, err := d.path(digest)
	if err != nil {
		return "", 0, err
	}
	dirs := []string{filepath.Join(d.root, algorithm), filepath.Dir(filepath.Dir(path)), filepath.Dir(path)}
	for _, dir := range dirs[1:] {
		if err := d.disk.mkdir(dir); err != nil {
			return "", 0, translate(err, "making a directory", d.root)
		}
	}
	if err := d.disk.rename(f.Name(), path); err != nil {
		return "", 0, translate(err, "naming a file", d.root)
	}
	stored = true
	// All three levels, always: another Put may have made a directory and not
	// synced it yet.
	for i := len(dirs) - 1; i >= 0; i-- {
		if err := d.disk.syncDir(dirs[i]); err != nil {
			return "", 0, translate(err, "syncing a directory", d.root)
		}
	}
	return digest, size, nil
}

// copy writes r to w and h, at most max bytes.
func (d *Dir) copy(ctx context.Context, w io.Writer, h hash.Hash, r io.Reader, max int64) (size int64, err error) {
	buf := make([]byte, 64<<10)
	for {
		if err := ctx.Err(); err != nil {
			return size, err
		}
		n, rerr := r.Read(buf)
		if size += int64(n); size > max {
			return size, fault.New(fault.Invalid, "the content has more than %d bytes", max)
		}
		h.Write(buf[:n]) // never fails
		if _, err := w.Write(buf[:n]); err != nil {
			return size, translate(err, "writing", d.root)
		}
		if errors.Is(rerr, io.EOF) {
			return size, nil
		}
		if rerr != nil {
			return size, rerr
		}
	}
}

// Open gives the content of a digest, kind NotFound when it is not there. At
// the end of content that does not hash to its name Read gives kind Refused
// instead of io.EOF: whoever must not use damaged content reads to the end
// before using any of it.
func (d *Dir) Open(digest string) (io.ReadCloser, error) {
	path, err := d.path(digest)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.Wrap(fault.NotFound, err, "there is no content with the digest %s", digest)
	}
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "%s: opening a file failed", d.root)
	}
	return &reader{f: f, digest: digest, h: sha256.New()}, nil
}

// reader hashes what it reads.
type reader struct {
	f      *os.File
	digest string
	h      hash.Hash
	end    error // once the end was reached
}

func (r *reader) Read(p []byte) (int, error) {
	if r.end != nil {
		return 0, r.end
	}
	n, err := r.f.Read(p)
	r.h.Write(p[:n])
	if errors.Is(err, io.EOF) {
		if got := hex.EncodeToString(r.h.Sum(nil)); got != r.digest {
			err = damaged(r.f.Name(), "its content hashes to %s", got)
		}
		r.end = err
	}
	return n, err
}

func (r *reader) Close() error { return r.f.Close() }

func damaged(path, format string, args ...any) *fault.Error {
	return fault.New(fault.Refused, format, args...).At(path, 0, "").
		WithHint("keep the file as it is, and put the copy of a backup in its place")
}

// Has gives the size of a digest's content and whether it is there.
func (d *Dir) Has(digest string) (size int64, ok bool, err error) {
	path, err := d.path(digest)
	if err != nil {
		return 0, false, err
	}
	st, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fault.Wrap(fault.Internal, err, "%s: looking at a file failed", d.root)
	}
	return st.Size(), true, nil
}

// Remove deletes content for good; content that is gone is no error. Only a
// redaction does that, after its ledger entry.
func (d *Dir) Remove(digest string) error {
	path, err := d.path(digest)
	if err != nil {
		return err
	}
	if err := d.disk.remove(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return translate(err, "removing a file", d.root)
	}
	if err := d.disk.syncDir(filepath.Dir(path)); err != nil {
		return translate(err, "syncing a directory", d.root)
	}
	return nil
}

// Walk calls f for every blob in order of digest, and stops at f's error.
func (d *Dir) Walk(ctx context.Context, f func(digest string, size int64) error) error {
	return d.walk(ctx, func(path, digest string, size int64) error {
		if digest == "" {
			return nil
		}
		return f(digest, size)
	})
}

// walk also gives files that are no blobs, with an empty digest.
func (d *Dir) walk(ctx context.Context, f func(path, digest string, size int64) error) error {
	top := filepath.Join(d.root, algorithm)
	return filepath.WalkDir(top, func(path string, e fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) && path != top {
				return nil // removed meanwhile
			}
			return err
		}
		if e.IsDir() {
			return nil
		}
		st, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if want, err := d.path(e.Name()); err != nil || want != path || !st.Mode().IsRegular() {
			return f(path, "", st.Size())
		}
		return f(path, e.Name(), st.Size())
	})
}

// Verify reads everything. It gives how many blobs it read, and what is wrong:
// content that is damaged or cannot be read, and files that should not be
// there, each with its path. err is for what stopped the walk.
func (d *Dir) Verify(ctx context.Context) (checked int, wrong []*fault.Error, err error) {
	err = d.walk(ctx, func(path, digest string, size int64) error {
		if digest == "" {
			wrong = append(wrong, fault.New(fault.Refused, "this file is no content of the store").At(path, 0, ""))
			return nil
		}
		r, err := d.Open(digest)
		if fault.Is(err, fault.NotFound) {
			return nil // removed meanwhile
		}
		if err == nil {
			_, err = io.Copy(io.Discard, readerWithContext{ctx, r})
			err = errors.Join(err, r.Close())
		}
		checked++
		var f *fault.Error
		switch {
		case err == nil:
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.As(err, &f):
			wrong = append(wrong, f)
		default:
			wrong = append(wrong, damaged(path, "it cannot be read: %s", strings.TrimPrefix(err.Error(), "read "+path+": ")))
		}
		return nil
	})
	return checked, wrong, err
}

type readerWithContext struct {
	ctx context.Context
	r   io.Reader
}

func (r readerWithContext) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

// Free gives how many bytes the store's file system has for this process.
func (d *Dir) Free() (int64, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(d.root, &st); err != nil {
		return 0, translate(err, "asking for free space", d.root)
	}
	return int64(st.Bavail) * st.Bsize, nil
}
