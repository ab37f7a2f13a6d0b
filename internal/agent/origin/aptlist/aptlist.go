// Package aptlist says which of the repositories that a host is set to use has a
// version of a package, by the indexes that apt keeps.
//
// Serves C7.1c. Invariants: an index counts as signed only where its SHA-256 is
// the one that the repository's Release file lists and that file carries a
// signature, which apt verified when it fetched it; a source that is set to be
// trusted without one does not count. Indexes are read as streams, once for each
// question, and nothing is fetched.
//
// Floor: edges, below agent/origin. Imports agent/collect/tree.
package aptlist

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/attesta/attesta/internal/agent/collect/tree"
)

const listsDir = "/var/lib/apt/lists"

// Key names one package of one version.
type Key struct{ Name, Version, Arch string }

// Source is where it can be had.
type Source struct {
	Origin string // "Debian:12/main"
	Signed bool
	Reason string // why it does not count as signed
	Size   int64  // of the .deb
	SHA256 string
}

// Find gives what indexes say of packages; one that no index has is missing. Of
// several sources a signed one is taken.
func Find(ctx context.Context, root tree.Root, wanted map[Key]bool) (map[Key]Source, error) {
	out := map[Key]Source{}
	if len(wanted) == 0 {
		return out, nil
	}
	names, err := root.Names(listsDir)
	if errors.Is(err, fs.ErrNotExist) {
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	set, failed := sources(root)
	for _, n := range names {
		plain, unpack := packing(n)
		if !strings.HasSuffix(plain, "_Packages") {
			continue
		}
		if ctx.Err() != nil {
			return out, ctx.Err()
		}
		found, digest, err := readIndex(root, listsDir+"/"+n, unpack, wanted)
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", n, err))
			continue
		}
		if len(found) == 0 {
			continue
		}
		r := releaseOf(root, names, plain)
		why := r.why
		if why == "" && r.sums[r.path] != digest {
			why = "the index of the repository is not the one that was signed"
		}
		if why == "" {
			why = set.why(plain)
		}
		for k, s := range found {
			s.Origin, s.Signed, s.Reason = r.name, why == "", why
			if old, ok := out[k]; !ok || !old.Signed && s.Signed {
				out[k] = s
			}
		}
	}
	return out, failed
}

// packing gives a file's name without the ending of its packing, and how it is
// unpacked.
func packing(name string) (plain string, unpack func(io.Reader) (io.Reader, error)) {
	ext := path.Ext(name)
	plain = strings.TrimSuffix(name, ext)
	switch ext {
	case ".lz4":
		return plain, func(r io.Reader) (io.Reader, error) { return newLZ4(r), nil }
	case ".gz":
		return plain, func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }
	case ".bz2":
		return plain, func(r io.Reader) (io.Reader, error) { return bzip2.NewReader(r), nil }
	case ".xz", ".zst", ".lzma":
		return plain, func(io.Reader) (io.Reader, error) {
			return nil, fmt.Errorf("an index that is packed as %s is not read", ext[1:])
		}
	}
	return name, func(r io.Reader) (io.Reader, error) { return r, nil }
}

func readIndex(root tree.Root, file string, unpack func(io.Reader) (io.Reader, error), wanted map[Key]bool) (map[Key]Source, string, error) {
	f, err := root.Open(file)
	if err != nil {
		return nil, "", err
	}
	defer f.Close() // for reading
	r, err := unpack(f)
	if err != nil {
		return nil, "", err
	}
	h := sha256.New()
	found, err := parseIndex(io.TeeReader(r, h), wanted)
	return found, hex.EncodeToString(h.Sum(nil)), err
}

// parseIndex gives what a Packages file says of those that are wanted.
func parseIndex(from io.Reader, wanted map[Key]bool) (map[Key]Source, error) {
	byName := make(map[string]bool, len(wanted))
	for k := range wanted {
		byName[k.Name] = true
	}
	out := map[Key]Source{}
	r := bufio.NewReaderSize(from, 128<<10)
	var k Key
	var s Source
	interesting := false
	end := func() {
		if interesting && wanted[k] {
			out[k] = s
		}
		k, s, interesting = Key{}, Source{}, false
	}
	for {
		line, err := r.ReadSlice('\n')
		for long := err; errors.Is(long, bufio.ErrBufferFull); { // the rest of a line that nobody asks about
			_, long = r.ReadSlice('\n')
			err = long
		}
		if len(line) > 0 && line[len(line)-1] == '\n' {
			line = line[:len(line)-1]
		}
		switch {
		case len(line) == 0:
			end()
		case line[0] == 'P' && bytes.HasPrefix(line, []byte("Package: ")):
			if name := line[len("Package: "):]; byName[string(name)] {
				interesting, k.Name = true, string(name)
			}
		case !interesting:
		case bytes.HasPrefix(line, []byte("Version: ")):
			k.Version = string(line[len("Version: "):])
		case bytes.HasPrefix(line, []byte("Architecture: ")):
			k.Arch = string(line[len("Architecture: "):])
		case bytes.HasPrefix(line, []byte("SHA256: ")):
			s.SHA256 = string(line[len("SHA256: "):])
		case bytes.HasPrefix(line, []byte("Size: ")):
			for _, c := range line[len("Size: "):] {
				if c < '0' || c > '9' || s.Size > 1<<50 {
					s.Size = 0
					break
				}
				s.Size = s.Size*10 + int64(c-'0')
			}
		}
		if errors.Is(err, io.EOF) {
			end()
			return out, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// release is a repository's Release file.
type release struct {
	name string            // "Debian:12/main"
	path string            // of the index in it
	sums map[string]string // path -> SHA-256
	why  string            // why it is not signed
}

func releaseOf(root tree.Root, names []string, index string) release {
	for _, ending := range []string{"InRelease", "Release"} {
		best := ""
		for _, n := range names {
			prefix, ok := strings.CutSuffix(n, "_"+ending)
			if ok && strings.HasPrefix(index, prefix+"_") && len(prefix) > len(best) {
				best = prefix
			}
		}
		if best == "" {
			continue
		}
		r := release{path: strings.ReplaceAll(strings.ReplaceAll(index[len(best)+1:], "_", "/"), "%5f", "_")}
		file := listsDir + "/" + best + "_" + ending
		f, err := root.Open(file)
		if err != nil {
			r.why = "the Release file of the repository cannot be read"
			return r
		}
		signed := false
		r.name, r.sums, signed, err = parseRelease(file, f)
		_ = f.Close() // for reading
		switch {
		case err != nil:
			r.why = "the Release file of the repository cannot be read: " + err.Error()
		case ending == "Release":
			signed = root.There(file + ".gpg")
		}
		if r.why == "" && !signed {
			r.why = "the repository is not signed"
		}
		if component, _, ok := strings.Cut(r.path, "/binary-"); ok {
			r.name += "/" + component
		}
		return r
	}
	return release{name: index, why: "the repository has no Release file"}
}

// parseRelease gives the name of a repository and the digests of its indexes.
// signed says that there is a signature over the text, not that it holds.
func parseRelease(file string, from io.Reader) (name string, sums map[string]string, signed bool, err error) {
	sums = map[string]string{}
	fields := map[string]string{}
	within, begun, ended := false, false, false
	err = tree.ScanLines(file, from, func(n int, b []byte) error {
		line := strings.TrimRight(string(b), " \r")
		switch {
		case n == 1 && line == "-----BEGIN PGP SIGNED MESSAGE-----":
			begun = true
		case line == "-----BEGIN PGP SIGNATURE-----":
			ended = true
		case ended: // what follows is not signed
		case strings.HasPrefix(line, " "):
			if f := strings.Fields(line); within && len(f) == 3 && len(f[0]) == 64 {
				sums[f[2]] = f[0]
			}
		default:
			field, value, _ := strings.Cut(line, ":")
			within = field == "SHA256"
			fields[field] = strings.TrimSpace(value)
		}
		return nil
	})
	name = tree.Clean(fields["Origin"])
	for _, more := range []string{"Version", "Suite", "Codename"} {
		if fields[more] != "" {
			name += ":" + tree.Clean(fields[more])
			break
		}
	}
	if l := fields["Label"]; l != "" && l != fields["Origin"] {
		name += " (" + tree.Clean(l) + ")"
	}
	return name, sums, begun && ended, err
}
