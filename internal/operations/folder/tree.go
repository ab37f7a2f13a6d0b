package folder

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/fault"

	"go.yaml.in/yaml/v3"
)

// Tree is the files of a folder by path, with / between names.
type Tree map[string][]byte

const (
	// MaxFiles bounds the files of a folder, MaxTree the bytes of all of them.
	MaxFiles = 20_000
	MaxTree  = 64 << 20

	// BasePath is the file that says what the folder was exported from.
	BasePath = ".attesta/base.yaml"
)

// Base is what a folder was exported from: digests of the files as the server had
// them, so that an import sees what changed there since.
type Base struct {
	Format int               `json:"format"`
	Files  map[string]string `json:"files"`
	Taken  map[string]string `json:"taken_in,omitempty"` // digests of files of the folder that say more than import may bring in
}

const aboutBase = `What the server said when this folder was exported or imported last: digests of
its files. Import compares them, so that it overwrites nobody's change. Attesta
writes this file; keep it with the others.`

// DigestOf gives the digest of a file.
func DigestOf(raw []byte) string {
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

// Digest gives the digest of the folder: of its files' paths and bytes, without
// what lies below a name that begins with a dot.
func (t Tree) Digest() string {
	h := sha256.New()
	for _, p := range slices.Sorted(maps.Keys(t)) {
		if !hidden(p) {
			fmt.Fprintf(h, "%s %s\n", DigestOf(t[p]), p)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

func hidden(p string) bool {
	return strings.HasPrefix(p, ".") || strings.Contains(p, "/.")
}

// Base gives what the folder was exported from; zero where it does not say.
func (t Tree) Base() (Base, error) {
	raw, ok := t[BasePath]
	if !ok {
		return Base{}, nil
	}
	var b Base
	if _, err := decode(BasePath, raw, &b); err != nil {
		return Base{}, err
	}
	if b.Format != Format {
		return Base{}, fault.New(fault.Invalid, "the folder has the format %d; this program reads %d", b.Format, Format).At(BasePath, 0, "format")
	}
	return b, nil
}

// SetBase writes it.
func (t Tree) SetBase(b Base) error {
	raw, err := encode(aboutBase, b)
	if err == nil {
		t[BasePath] = raw
	}
	return err
}

func badPath(p string) error {
	if !fs.ValidPath(p) || strings.ContainsAny(p, "\\:") || strings.ContainsFunc(p, func(r rune) bool { return r < ' ' || r == 0x7f }) || len(p) > 300 {
		return fault.New(fault.Invalid, "%.80q is no path of a file within the folder", p)
	}
	return nil
}

// put adds a file within the bounds.
func (t Tree) put(p string, from io.Reader, left *int64) error {
	if err := badPath(p); err != nil {
		return err
	}
	if len(t) >= MaxFiles {
		return fault.New(fault.Invalid, "the folder has more than %d files", MaxFiles)
	}
	if _, twice := t[p]; twice {
		return fault.New(fault.Invalid, "the file is there twice").At(p, 0, "")
	}
	raw, err := io.ReadAll(io.LimitReader(from, MaxFile+1))
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "the file cannot be read").At(p, 0, "")
	}
	if len(raw) > MaxFile {
		return fault.New(fault.Invalid, "the file has more than %d bytes", MaxFile).At(p, 0, "")
	}
	if *left -= int64(len(raw)); *left < 0 {
		return fault.New(fault.Invalid, "the folder has more than %d MB", MaxTree>>20)
	}
	t[p] = raw
	return nil
}

// skipped reports whether a file is none of the programme's: what others keep in
// the same repository below a name with a dot.
func skipped(p string) bool { return hidden(p) && p != BasePath }

// ReadFS reads a folder. Links and what is no plain file are refused.
func ReadFS(fsys fs.FS) (Tree, error) {
	t, left := Tree{}, int64(MaxTree)
	err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return fault.Wrap(fault.NotFound, err, "the folder cannot be read").At(p, 0, "")
		case d.IsDir():
			if p != "." && skipped(p) && p != path.Dir(BasePath) {
				return fs.SkipDir
			}
			return nil
		case skipped(p):
			return nil
		case !d.Type().IsRegular():
			return fault.New(fault.Invalid, "it is a link or something else than a file").At(p, 0, "").WithHint("a folder holds plain files only")
		}
		f, err := fsys.Open(p)
		if err != nil {
			return fault.Wrap(fault.NotFound, err, "the file cannot be read").At(p, 0, "")
		}
		defer f.Close()
		return t.put(p, f, &left)
	})
	if err != nil {
		return nil, err
	}
	return t, nil
}

// ReadZip reads a folder from an archive, whose files may lie in one folder.
func ReadZip(raw []byte) (Tree, error) {
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "this is no zip archive")
	}
	t, left := Tree{}, int64(MaxTree)
	for _, f := range z.File {
		switch {
		case strings.HasSuffix(f.Name, "/") && f.Mode().IsDir():
			continue
		case !f.Mode().IsRegular():
			return nil, fault.New(fault.Invalid, "it is a link or something else than a file").At(f.Name, 0, "")
		case f.UncompressedSize64 > MaxFile:
			return nil, fault.New(fault.Invalid, "the file has more than %d bytes", MaxFile).At(f.Name, 0, "")
		}
		if err := badPath(f.Name); err != nil {
			return nil, err
		}
		if err := t.unpack(f, &left); err != nil {
			return nil, err
		}
	}
	t = t.inner()
	maps.DeleteFunc(t, func(p string, _ []byte) bool { return skipped(p) })
	return t, nil
}

func (t Tree) unpack(f *zip.File, left *int64) error {
	r, err := f.Open()
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "the file cannot be unpacked").At(f.Name, 0, "")
	}
	return errors.Join(t.put(f.Name, r, left), r.Close())
}

// inner takes off the one folder in which all files lie.
func (t Tree) inner() Tree {
	if t["programme.yaml"] != nil {
		return t
	}
	top := ""
	for p := range t {
		first, _, deep := strings.Cut(p, "/")
		if !deep || top != "" && top != first {
			return t
		}
		top = first
	}
	if t[top+"/programme.yaml"] == nil {
		return t
	}
	out := Tree{}
	for p, raw := range t {
		out[strings.TrimPrefix(p, top+"/")] = raw
	}
	return out
}

// Zip gives the folder as an archive; the same folder gives the same bytes.
func (t Tree) Zip() ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, p := range slices.Sorted(maps.Keys(t)) {
		w, err := z.CreateHeader(&zip.FileHeader{Name: p, Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)})
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(t[p]); err != nil {
			return nil, err
		}
	}
	err := z.Close()
	return b.Bytes(), err
}

// node gives what a file says, as YAML; a text below the front matter is its key
// text.
func node(raw []byte) (*yaml.Node, error) {
	front, text, md := raw, []byte(nil), bytes.HasPrefix(raw, []byte("---\n"))
	if md {
		front, text, _ = bytes.Cut(raw[4:], []byte("\n---\n"))
	}
	var root yaml.Node
	if err := yaml.Unmarshal(front, &root); err != nil {
		return nil, err
	}
	if len(root.Content) == 0 {
		return &yaml.Node{Kind: yaml.MappingNode}, nil
	}
	n := root.Content[0]
	if md {
		n.Content = append(n.Content, scalar("!!str", "text"), scalar("!!str", strings.Trim(string(text), "\n")))
	}
	return n, nil
}
