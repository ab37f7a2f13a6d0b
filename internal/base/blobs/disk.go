package blobs

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"

	"github.com/attesta/attesta/internal/base/fault"
)

// disk is what Put asks of a file system: the operating system's, or one in
// the tests that fails on purpose.
type disk interface {
	create(dir string) (file, error) // a new file with a name of its own
	rename(from, to string) error
	mkdir(path string) error // one level; one that exists is no error
	remove(path string) error
	syncDir(path string) error
}

type file interface {
	io.Writer
	Name() string
	Chmod(fs.FileMode) error
	Sync() error
	Close() error
}

type osDisk struct{}

func (osDisk) create(dir string) (file, error) { return os.CreateTemp(dir, "put-*") }
func (osDisk) rename(from, to string) error    { return os.Rename(from, to) }
func (osDisk) remove(path string) error        { return os.Remove(path) }

func (osDisk) mkdir(path string) error {
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

func (osDisk) syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	err = d.Sync()
	return errors.Join(err, d.Close())
}

// translate gives what an operator can mend its own kind and words; a disk
// that fails otherwise stays Internal.
func translate(err error, doing, root string) error {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fault.Wrap(fault.Unavailable, err, "the disk is full; the content was not stored").
			WithHint("free some space and try again")
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		return fault.Wrap(fault.Unavailable, err, "%s cannot be written; the content was not stored", root).
			WithHint("check its owner, its mode and whether the file system is mounted read-only")
	}
	return fault.Wrap(fault.Internal, err, "%s: %s failed", root, doing)
}
