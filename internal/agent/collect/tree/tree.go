// Package tree is the file system of a host as a reader sees it: this host, or
// a directory that looks like one.
//
// Serves C7.1b. Invariants: nothing is written; links of a directory tree
// never lead outside it; no file is read past a limit, and a pipe in the place
// of a file holds nobody up.
//
// Floor: edges, below agent/collect. Imports nothing of the project.
package tree

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// Root is the file system that is read. The zero value is this host; a
// directory is a tree that looks like one (tests, mounted images). Of a tree,
// whatever only a running host can tell is not observed.
type Root struct {
	Dir string
}

// maxConfig is the most that is read of one configuration file.
const maxConfig = 4 << 20

// Live reports whether this is the running host.
func (r Root) Live() bool { return r.Dir == "" || r.Dir == "/" }

// NotLive is the reason for what only a running host can tell.
const NotLive = "this is a directory tree, not a running host"

// resolve gives the path to use for p, an absolute path of the host. Symbolic
// links stay inside the tree; the last component is followed when follow is
// set.
func (r Root) resolve(p string, follow bool) (string, error) {
	if r.Live() {
		return p, nil
	}
	rest, done := strings.Split(path.Clean(p), "/"), "/"
	for links := 0; len(rest) > 0; {
		part := rest[0]
		rest = rest[1:]
		switch part {
		case "", ".":
			continue
		case "..":
			done = path.Dir(done)
			continue
		}
		next := path.Join(done, part)
		to, err := os.Readlink(filepath.Join(r.Dir, next))
		if err != nil || len(rest) == 0 && !follow {
			done = next // no link, or nothing there: what uses the path will say
			continue
		}
		if links++; links > 40 {
			return "", &fs.PathError{Op: "open", Path: p, Err: syscall.ELOOP}
		}
		rest = append(strings.Split(to, "/"), rest...)
		if path.IsAbs(to) {
			done = "/"
		}
	}
	return filepath.Join(r.Dir, done), nil
}

// Real gives p without symbolic links, as a path of the host.
func (r Root) Real(p string) (string, error) {
	if r.Live() {
		return filepath.EvalSymlinks(p)
	}
	full, err := r.resolve(p, true)
	return path.Join("/", strings.TrimPrefix(full, r.Dir)), err
}

// hostPath turns the path in an error of the tree back into the host's.
func (r Root) hostPath(p string, err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return &fs.PathError{Op: pe.Op, Path: p, Err: pe.Err}
	}
	return err
}

// Open opens a file for reading; a pipe does not wait for its writer.
func (r Root) Open(p string) (*os.File, error) {
	real, err := r.resolve(p, true)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(real, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a fifo in the place of a file must not hang us
	if err != nil {
		return nil, r.hostPath(p, err)
	}
	return f, nil
}

// Read gives a whole file of at most maxConfig bytes. It takes the system's calls
// alone: many small files are read again and again, and what os.File does for waiting
// costs more than reading them.
func (r Root) Read(p string) ([]byte, error) {
	real, err := r.resolve(p, true)
	if err != nil {
		return nil, err
	}
	fd, err := retry(func() (int, error) {
		return syscall.Open(real, syscall.O_RDONLY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	})
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: p, Err: err}
	}
	defer syscall.Close(fd) // for reading
	var st syscall.Stat_t
	if err := syscall.Fstat(fd, &st); err == nil && st.Mode&syscall.S_IFMT == syscall.S_IFDIR {
		return nil, &fs.PathError{Op: "read", Path: p, Err: syscall.EISDIR}
	}
	b := make([]byte, 0, min(max(st.Size, 0), maxConfig)+512) // what the kernel makes up has no size
	for len(b) <= maxConfig {
		n, err := retry(func() (int, error) { return syscall.Read(fd, b[len(b):cap(b)]) })
		if err != nil {
			return nil, &fs.PathError{Op: "read", Path: p, Err: err}
		}
		if n == 0 {
			return b, nil
		}
		if b = b[:len(b)+n]; len(b) == cap(b) {
			b = slices.Grow(b, len(b))
		}
	}
	return nil, fmt.Errorf("%s is larger than the limit of %d bytes", p, maxConfig)
}

func retry(f func() (int, error)) (n int, err error) {
	for {
		if n, err = f(); err != syscall.EINTR {
			return n, err
		}
	}
}

// Text gives a small file without white space at its ends.
func (r Root) Text(p string) (string, error) {
	b, err := r.Read(p)
	return strings.TrimSpace(Clean(string(b))), err
}

// Lines calls f with each line of a file and its number, from 1, until f
// fails. A failure is given file and line.
func (r Root) Lines(p string, f func(n int, line string) error) error {
	b, err := r.Read(p)
	if err != nil {
		return err
	}
	return EachLine(p, Clean(string(b)), f)
}

// Scan reads a file of any size line by line.
func (r Root) Scan(p string, f func(n int, line []byte) error) error {
	file, err := r.Open(p)
	if err != nil {
		return err
	}
	defer file.Close()
	return ScanLines(p, file, f)
}

// Stat is about what a link leads to.
func (r Root) Stat(p string) (fs.FileInfo, error) { return r.info(p, true) }

// Lstat is about a link itself.
func (r Root) Lstat(p string) (fs.FileInfo, error) { return r.info(p, false) }

func (r Root) info(p string, follow bool) (fs.FileInfo, error) {
	real, err := r.resolve(p, follow)
	if err != nil {
		return nil, err
	}
	f := os.Lstat
	if follow {
		f = os.Stat
	}
	st, err := f(real)
	if err != nil {
		return nil, r.hostPath(p, err)
	}
	return st, nil
}

// Readlink gives where a link leads, as written.
func (r Root) Readlink(p string) (string, error) {
	real, err := r.resolve(p, false)
	if err != nil {
		return "", err
	}
	to, err := os.Readlink(real)
	if err != nil {
		return "", r.hostPath(p, err)
	}
	return to, nil
}

// There reports whether p exists. What cannot be seen counts as not there:
// use it only for paths that anybody may look at.
func (r Root) There(p string) bool {
	_, err := r.Stat(p)
	return err == nil
}

// IsDir reports whether p is a directory, or leads to one.
func (r Root) IsDir(p string) bool {
	st, err := r.Stat(p)
	return err == nil && st.IsDir()
}

// Names gives the names in a directory, sorted.
func (r Root) Names(p string) ([]string, error) {
	real, err := r.resolve(p, true)
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(real)
	if err != nil {
		return nil, r.hostPath(p, err)
	}
	out := make([]string, len(entries))
	for i, e := range entries {
		out[i] = e.Name()
	}
	return out, nil
}

// Glob gives the paths that match a pattern with wildcards in any component,
// sorted. A directory that does not exist matches nothing; one that cannot be
// listed is an error.
func (r Root) Glob(pattern string) ([]string, error) {
	return r.globParts("/", strings.Split(strings.Trim(path.Clean(pattern), "/"), "/"))
}

func (r Root) globParts(dir string, parts []string) ([]string, error) {
	if len(parts) == 0 {
		return []string{dir}, nil
	}
	if !strings.ContainsAny(parts[0], "*?[") {
		p := path.Join(dir, parts[0])
		if len(parts) == 1 {
			if _, err := r.Lstat(p); err != nil {
				return nil, IgnoreGone(err)
			}
		}
		return r.globParts(p, parts[1:])
	}
	names, err := r.Names(dir)
	if err != nil {
		return nil, IgnoreGone(err)
	}
	var out []string
	for _, name := range names {
		ok, err := path.Match(parts[0], name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", parts[0], err)
		}
		if !ok || strings.HasPrefix(name, ".") && !strings.HasPrefix(parts[0], ".") {
			continue
		}
		if len(parts) > 1 && !r.IsDir(path.Join(dir, name)) {
			continue
		}
		more, err := r.globParts(path.Join(dir, name), parts[1:])
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	}
	slices.Sort(out)
	return out, nil
}

// Gone reports whether err says that nothing is at a path.
func Gone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// IgnoreGone gives err, unless it says that nothing is there.
func IgnoreGone(err error) error {
	if Gone(err) {
		return nil
	}
	return err
}
