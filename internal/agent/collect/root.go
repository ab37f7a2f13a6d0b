package collect

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"unicode/utf8"
)

// Root is the file system that is read. The zero value is this host; a
// directory is a tree that looks like one (tests, mounted images). Of a tree,
// whatever only a running host can tell is not observed.
type Root struct {
	Dir string
}

// maxConfig is the most that is read of one configuration file.
const maxConfig = 4 << 20

var errNotDir error = syscall.ENOTDIR

// live reports whether this is the running host.
func (r Root) live() bool { return r.Dir == "" || r.Dir == "/" }

// notLive is the reason for what only a running host can tell.
const notLive = "this is a directory tree, not a running host"

// resolve gives the path to use for p, an absolute path of the host. Symbolic
// links stay inside the tree; the last component is followed when follow is
// set.
func (r Root) resolve(p string, follow bool) (string, error) {
	if r.live() {
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

// real gives p without symbolic links, as a path of the host.
func (r Root) real(p string) (string, error) {
	if r.live() {
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

func (r Root) open(p string) (*os.File, error) {
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

// read gives a whole file of at most maxConfig bytes.
func (r Root) read(p string) ([]byte, error) {
	f, err := r.open(p)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if st, err := f.Stat(); err == nil && st.IsDir() {
		return nil, &fs.PathError{Op: "read", Path: p, Err: syscall.EISDIR}
	}
	b, err := io.ReadAll(io.LimitReader(f, maxConfig+1))
	if err != nil {
		return nil, r.hostPath(p, err)
	}
	if len(b) > maxConfig {
		return nil, fmt.Errorf("%s is larger than the limit of %d bytes", p, maxConfig)
	}
	return b, nil
}

// text gives a small file without white space at its ends.
func (r Root) text(p string) (string, error) {
	b, err := r.read(p)
	return strings.TrimSpace(clean(string(b))), err
}

// clean writes the bytes of a text that are no UTF-8 as \xNN, so that two
// different texts stay different in JSON.
func clean(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		if _, size := utf8.DecodeRuneInString(s[i:]); r == utf8.RuneError && size == 1 {
			fmt.Fprintf(&b, `\x%02x`, s[i])
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// lines calls f with each line of a file and its number, from 1, until f
// fails. A failure is given file and line.
func (r Root) lines(p string, f func(n int, line string) error) error {
	b, err := r.read(p)
	if err != nil {
		return err
	}
	return eachLine(p, clean(string(b)), f)
}

func eachLine(p, text string, f func(n int, line string) error) error {
	n := 0
	for line := range strings.Lines(text) {
		n++
		if err := f(n, strings.TrimRight(line, "\r\n")); err != nil {
			return fmt.Errorf("%s:%d: %w", p, n, err)
		}
	}
	return nil
}

// scan reads a file of any size line by line.
func (r Root) scan(p string, f func(n int, line []byte) error) error {
	file, err := r.open(p)
	if err != nil {
		return err
	}
	defer file.Close()
	return scanLines(p, file, f)
}

func scanLines(p string, from io.Reader, f func(n int, line []byte) error) error {
	s := bufio.NewScanner(from)
	s.Buffer(make([]byte, 0, 32<<10), 1<<20)
	n := 0
	for s.Scan() {
		n++
		if err := f(n, s.Bytes()); err != nil {
			return fmt.Errorf("%s:%d: %w", p, n, err)
		}
	}
	if err := s.Err(); err != nil {
		return fmt.Errorf("%s:%d: %w", p, n+1, err)
	}
	return nil
}

func (r Root) stat(p string) (fs.FileInfo, error)  { return r.info(p, true) }
func (r Root) lstat(p string) (fs.FileInfo, error) { return r.info(p, false) }

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

func (r Root) readlink(p string) (string, error) {
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

// there reports whether p exists. What cannot be seen counts as not there:
// use it only for paths that anybody may look at.
func (r Root) there(p string) bool {
	_, err := r.stat(p)
	return err == nil
}

func (r Root) isDir(p string) bool {
	st, err := r.stat(p)
	return err == nil && st.IsDir()
}

// names gives the names in a directory, sorted.
func (r Root) names(p string) ([]string, error) {
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

// glob gives the paths that match a pattern with wildcards in any component,
// sorted. A directory that does not exist matches nothing; one that cannot be
// listed is an error.
func (r Root) glob(pattern string) ([]string, error) {
	return r.globParts("/", strings.Split(strings.Trim(path.Clean(pattern), "/"), "/"))
}

func (r Root) globParts(dir string, parts []string) ([]string, error) {
	if len(parts) == 0 {
		return []string{dir}, nil
	}
	if !strings.ContainsAny(parts[0], "*?[") {
		p := path.Join(dir, parts[0])
		if len(parts) == 1 {
			if _, err := r.lstat(p); err != nil {
				return nil, ignoreGone(err)
			}
		}
		return r.globParts(p, parts[1:])
	}
	names, err := r.names(dir)
	if err != nil {
		return nil, ignoreGone(err)
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
		if len(parts) > 1 && !r.isDir(path.Join(dir, name)) {
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

func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errNotDir) {
		return nil
	}
	return err
}
