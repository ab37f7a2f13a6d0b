package pack

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/base/fault"
)

// Limits of one pack.
const (
	maxFiles    = 1_000
	maxFile     = 1 << 20  // bytes
	maxPack     = 16 << 20 // bytes
	maxMistakes = 1_000    // more are counted, not listed
)

// Errors is every mistake of a pack, by file and line. It holds at least one.
type Errors []*fault.Error

func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, f := range e {
		lines[i] = f.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives the mistakes one by one; each is a fault of kind Invalid.
func (e Errors) Unwrap() []error {
	errs := make([]error, len(e))
	for i, f := range e {
		errs[i] = f
	}
	return errs
}

// File is one file of a pack.
type File struct {
	Path   string `json:"path"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"` // hex
}

// Source is a pack's directory while it is decoded: its files, and the mistakes
// found so far.
type Source struct {
	files    []File // sorted by path
	content  map[string][]byte
	mistakes Errors
	more     int // mistakes beyond maxMistakes
}

// open reads the directory.
func open(fsys fs.FS) (*Source, error) {
	s := &Source{content: map[string][]byte{}}
	var total int64
	err := fs.WalkDir(fsys, ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return fmt.Errorf("read %s: %w", path, err)
		case path == ".":
			return nil
		case strings.HasPrefix(d.Name(), "."):
			if d.IsDir() {
				return fs.SkipDir // .git and the like are no part of the pack
			}
			return nil
		case d.IsDir():
			return nil
		case strings.ContainsAny(path, "\n\r\\") || !fs.ValidPath(path):
			s.Fault("pack.yaml", 0, "", "the file name %q cannot be used", path).WithHint("use letters, digits, - and .")
			return nil
		case !d.Type().IsRegular():
			s.Fault(path, 0, "", "is not a regular file").WithHint("replace the link by the file itself")
			return nil
		case len(s.files) >= maxFiles:
			s.Fault("pack.yaml", 0, "", "the pack has more than %d files", maxFiles).WithHint("split it")
			return fs.SkipAll
		}
		data, err := read(fsys, path)
		if err != nil {
			return err
		}
		if len(data) > maxFile {
			s.Fault(path, 0, "", "is larger than %d bytes", maxFile).WithHint("split it")
			return nil
		}
		if total += int64(len(data)); total > maxPack {
			s.Fault("pack.yaml", 0, "", "the pack is larger than %d bytes", maxPack).WithHint("split it")
			return fs.SkipAll
		}
		sum := sha256.Sum256(data)
		s.content[path] = data
		s.files = append(s.files, File{Path: path, Size: int64(len(data)), SHA256: hex.EncodeToString(sum[:])})
		return nil
	})
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fault.Wrap(fault.NotFound, err, "there is no such pack directory").WithHint("give the directory that holds pack.yaml")
		}
		return nil, fault.Wrap(fault.Invalid, err, "the pack directory cannot be read: %v", err).WithHint("check that it is a directory and its permissions")
	}
	slices.SortFunc(s.files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return s, nil
}

// read reads one file up to just past the limit.
func read(fsys fs.FS, path string) ([]byte, error) {
	f, err := fsys.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return data, nil
}

// Files gives the paths of the pack's files, sorted.
func (s *Source) Files() []string {
	paths := make([]string, len(s.files))
	for i, f := range s.files {
		paths[i] = f.Path
	}
	return paths
}

// YAML reads one file as a YAML value; nil when it is not there or cannot be
// read, with the mistake reported unless it is just not there.
func (s *Source) YAML(path string) *Value {
	data, ok := s.content[path]
	if !ok {
		return nil
	}
	return s.root(path, data)
}

// Documents gives the root of each .yaml file that holds what the pack is about:
// not pack.yaml, not README.md, none of other. Any further file is a mistake.
// whole names the pack, hint says what it holds.
func (s *Source) Documents(whole, hint string, other ...string) iter.Seq[*Value] {
	return func(yield func(*Value) bool) {
		for _, file := range s.Files() {
			switch {
			case file == "pack.yaml" || file == "README.md" || slices.Contains(other, file):
			case !strings.HasSuffix(file, ".yaml"):
				s.Fault(file, 0, "", "does not belong into %s", whole).WithHint("%s", hint)
			default:
				if root := s.YAML(file); root != nil && !yield(root) {
					return
				}
			}
		}
	}
}

// Fault reports a mistake and returns it, so that a hint can be added. Line is
// 0 when it is not known.
func (s *Source) Fault(file string, line int, field, format string, args ...any) *fault.Error {
	e := fault.New(fault.Invalid, format, args...).At(file, line, field)
	if len(s.mistakes) >= maxMistakes {
		s.more++
		return e
	}
	s.mistakes = append(s.mistakes, e)
	return e
}

// err gives all mistakes in order, or nil.
func (s *Source) err() error {
	if len(s.mistakes) == 0 {
		return nil
	}
	slices.SortStableFunc(s.mistakes, func(a, b *fault.Error) int {
		if c := strings.Compare(a.File, b.File); c != 0 {
			return c
		}
		return a.Line - b.Line
	})
	if s.more > 0 {
		last := fault.New(fault.Invalid, "%d more mistakes are not listed", s.more).At("pack.yaml", 0, "").WithHint("mend those above first")
		return append(s.mistakes, last)
	}
	return s.mistakes
}

// digest identifies the content: SHA-256 over one line per file, sorted by
// path.
func (s *Source) digest() string {
	h := sha256.New()
	fmt.Fprintln(h, "attesta pack v1")
	for _, f := range s.files {
		fmt.Fprintf(h, "%s %d %s\n", f.SHA256, f.Size, f.Path)
	}
	return hex.EncodeToString(h.Sum(nil))
}
