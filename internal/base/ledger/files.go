package ledger

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// files is what the ledger does to the file system when it writes. The
// operating system implements it, and in tests a layer that fails at a chosen
// operation and forgets what was not synced.
type files interface {
	// WriteSynced makes a new file with that content and syncs it.
	WriteSynced(path string, mode fs.FileMode, data []byte) error
	Rename(from, to string) error
	Mkdir(path string) error
	SyncDir(path string) error
	Remove(path string) error
}

// osFiles is the operating system's file system.
type osFiles struct{}

func (osFiles) WriteSynced(path string, mode fs.FileMode, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := f.Sync(); err != nil {
		return errors.Join(err, f.Close())
	}
	return f.Close()
}

func (osFiles) Rename(from, to string) error { return os.Rename(from, to) }
func (osFiles) Mkdir(path string) error      { return os.Mkdir(path, 0o755) }
func (osFiles) Remove(path string) error     { return os.Remove(path) }

func (osFiles) SyncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// publisher puts files in place so that a crash leaves the old file, the new
// one, or none, and what sync said is in place stays. A file that could not be
// synced is written again under a new name, never assumed.
type publisher struct {
	fs    files
	root  string          // exists and is durable; all paths are below it
	temp  string          // where unfinished files lie, on the same file system
	dirty map[string]bool // directories that have to be synced
	known map[string]bool // directories whose own name is durable once dirty ones are synced
	n     int
}

// newPublisher makes the publisher of a ledger's directory.
func newPublisher(f files, dir string) *publisher {
	return &publisher{fs: f, root: filepath.Dir(dir), temp: dir + ".tmp", dirty: map[string]bool{}, known: map[string]bool{}}
}

// put writes a file and moves it into place. It is durable after the next sync.
func (p *publisher) put(path string, mode fs.FileMode, data []byte) error {
	if err := p.mkdirs(filepath.Dir(path)); err != nil {
		return err
	}
	if err := p.mkdirs(p.temp); err != nil {
		return err
	}
	p.n++
	temp := filepath.Join(p.temp, fmt.Sprintf("%d-%d", os.Getpid(), p.n))
	if err := p.fs.WriteSynced(temp, mode, data); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := p.fs.Rename(temp, path); err != nil {
		return fmt.Errorf("put %s in place: %w", path, err)
	}
	p.dirty[filepath.Dir(path)] = true
	return nil
}

// mkdirs makes a directory and its parents. A directory that this publisher
// has not seen may be new, or left unsynced by a failure, and so may its
// parents: all of them are synced, or the file may be gone after a crash.
func (p *publisher) mkdirs(dir string) error {
	if p.known[dir] || dir == p.root {
		return nil
	}
	parent := filepath.Dir(dir)
	if err := p.mkdirs(parent); err != nil {
		return err
	}
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		if err := p.fs.Mkdir(dir); err != nil && !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("make directory %s: %w", dir, err)
		}
	} else if err != nil {
		return fmt.Errorf("look at %s: %w", dir, err)
	}
	if len(p.known) > 10_000 {
		clear(p.known)
	}
	p.known[dir] = true
	p.dirty[parent] = true
	return nil
}

// sync makes everything put so far durable.
func (p *publisher) sync() error {
	for dir := range p.dirty {
		if err := p.fs.SyncDir(dir); err != nil {
			return fmt.Errorf("sync directory %s: %w", dir, err)
		}
		delete(p.dirty, dir)
	}
	return nil
}

// sweepTemp removes what an earlier process left unfinished.
func (p *publisher) sweepTemp() error {
	entries, err := os.ReadDir(p.temp)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for unfinished files: %w", err)
	}
	for _, e := range entries {
		if err := p.fs.Remove(filepath.Join(p.temp, e.Name())); err != nil {
			return fmt.Errorf("remove an unfinished file: %w", err)
		}
	}
	return nil
}
