package agent

import (
	"errors"
	"os"
	"path/filepath"
)

// disk is the spool's directory. Each method is one step that may be the last
// one before a crash; the tests' second implementation forgets what was not
// synced.
type disk interface {
	List() (map[string]int64, error)      // name -> size
	Read(name string) ([]byte, error)     // os.ErrNotExist when there is none
	Write(name string, b []byte) error    // makes or replaces; not durable before Sync
	Sync(name string) error               // makes the content durable
	Rename(oldName, newName string) error // not durable before SyncDir
	Remove(name string) error             // not durable before SyncDir; nothing there is no error
	SyncDir() error
}

// directory is the disk of the operating system.
type directory string

func (d directory) path(name string) string { return filepath.Join(string(d), name) }

func (d directory) List() (map[string]int64, error) {
	all, err := os.ReadDir(string(d))
	if err != nil {
		return nil, err
	}
	sizes := make(map[string]int64, len(all))
	for _, e := range all {
		info, err := e.Info()
		if err != nil {
			return nil, err
		}
		sizes[e.Name()] = info.Size()
	}
	return sizes, nil
}

func (d directory) Read(name string) ([]byte, error) { return os.ReadFile(d.path(name)) }

func (d directory) Write(name string, b []byte) error { return os.WriteFile(d.path(name), b, 0o600) }

func (d directory) Sync(name string) error {
	f, err := os.OpenFile(d.path(name), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func (d directory) Rename(oldName, newName string) error {
	return os.Rename(d.path(oldName), d.path(newName))
}

func (d directory) Remove(name string) error {
	if err := os.Remove(d.path(name)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func (d directory) SyncDir() error {
	f, err := os.Open(string(d))
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// replace writes a file so that after a crash either the old one or the whole
// new one is there.
func replace(d disk, name string, b []byte) error {
	temp := name + ".new"
	if err := d.Write(temp, b); err != nil {
		return errors.Join(err, d.Remove(temp))
	}
	if err := d.Sync(temp); err != nil {
		return err
	}
	if err := d.Rename(temp, name); err != nil {
		return err
	}
	return d.SyncDir()
}
