package folder

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"

	"github.com/attesta/attesta/internal/base/fault"
)

// ReadDir reads a folder of the file system.
func ReadDir(dir string) (Tree, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fault.Wrap(fault.NotFound, err, "the folder cannot be opened").At(dir, 0, "")
	}
	defer root.Close()
	return ReadFS(root.FS())
}

// Written says what writing a folder did.
type Written struct {
	New, Changed, Gone, Same int
	Edited                   []string // files that were left, because somebody edited them
}

// WriteDir makes a folder hold a tree. Files of the last export that are in it no
// more are removed; a file that was edited since, and not brought in, is left and
// listed, and nothing is written then, unless force is set.
func (t Tree) WriteDir(dir string, force bool) (Written, error) {
	var done Written
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return done, fault.Wrap(fault.Unavailable, err, "the folder cannot be made").At(dir, 0, "")
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return done, fault.Wrap(fault.NotFound, err, "the folder cannot be opened").At(dir, 0, "")
	}
	defer root.Close()
	have, err := ReadFS(root.FS())
	if err != nil {
		return done, err
	}
	base, err := have.Base()
	if err != nil && !force {
		return done, err
	}
	var write, remove []string
	for _, p := range sorted(t) {
		switch was, there := have[p]; {
		case there && bytes.Equal(was, t[p]):
			done.Same++
		case there && p != BasePath && !base.knows(p, was):
			done.Edited = append(done.Edited, p)
			write = append(write, p)
		default:
			if there {
				done.Changed++
			} else {
				done.New++
			}
			write = append(write, p)
		}
	}
	for _, p := range slices.Sorted(maps.Keys(base.Files)) {
		if _, there := have[p]; !there || t[p] != nil {
			continue
		}
		if !base.knows(p, have[p]) {
			done.Edited = append(done.Edited, p)
		}
		remove = append(remove, p)
	}
	if len(done.Edited) > 0 && !force {
		return done, nil
	}
	done.Changed += len(done.Edited)
	for _, p := range write {
		if err := writeFile(root, p, t[p]); err != nil {
			return done, err
		}
	}
	for _, p := range remove {
		if err := root.Remove(p); err != nil {
			return done, fault.Wrap(fault.Unavailable, err, "the file cannot be removed").At(p, 0, "")
		}
		done.Gone++
	}
	return done, nil
}

// knows reports whether a file is as it was exported, or as it was brought in.
func (b Base) knows(p string, raw []byte) bool {
	d := DigestOf(raw)
	return b.Files[p] == d || b.Taken[p] == d
}

// writeFile puts a file in place whole.
func writeFile(root *os.Root, p string, raw []byte) error {
	if err := badPath(p); err != nil {
		return err
	}
	if d := path.Dir(p); d != "." {
		if err := root.MkdirAll(d, 0o755); err != nil {
			return fault.Wrap(fault.Unavailable, err, "the folder cannot be made").At(d, 0, "")
		}
	}
	if st, err := root.Lstat(p); err == nil && !st.Mode().IsRegular() {
		return fault.New(fault.Invalid, "it is a link or something else than a file").At(p, 0, "")
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("look at %s: %w", p, err)
	}
	beside := p + ".part"
	err := root.WriteFile(beside, raw, 0o644)
	if err == nil {
		err = root.Rename(beside, p)
	}
	if err != nil {
		return errors.Join(fault.Wrap(fault.Unavailable, err, "the file cannot be written").At(p, 0, ""), gone(root.Remove(beside)))
	}
	return nil
}

func gone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Rebase writes into a folder what it is based on after an import.
func Rebase(dir string, r *Result) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fault.Wrap(fault.NotFound, err, "the folder cannot be opened").At(dir, 0, "")
	}
	defer root.Close()
	t := Tree{}
	if err := t.SetBase(Base{Format: Format, Files: r.Base, Taken: r.Taken}); err != nil {
		return err
	}
	return writeFile(root, BasePath, t[BasePath])
}
