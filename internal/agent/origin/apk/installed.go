// Package apk reads what Alpine's package manager keeps: which files are whose,
// with which digests and rights, and which indexes of repositories it fetched.
//
// Serves C7.1c. Invariants: nothing is written and apk is not run; a record that
// cannot be read is an error with file and line. Between calls 8 bytes are kept
// for each path, and the version of each package.
//
// Floor: edges, below agent/origin. Imports agent/collect/tree.
package apk

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/agent/collect/tree"
)

// File is what a package has at a path.
type File struct {
	Package string
	SHA1    string // of the content, of a link of where it leads; "" for none
	SHA256  string // the same, as newer ones have it
	Mode    uint32
	UID     uint32
	GID     uint32
	Dir     bool
}

// Package is what is installed of one.
type Package struct{ Name, Version, Arch, Checksum string }

// parse gives each package and each path of it, absolute.
func parse(file string, from io.Reader, pkg func(Package), path func(string, File)) error {
	var p Package
	var f File
	dir, at, lines, last := "", "", 0, 0
	flush := func() {
		if at != "" {
			f.Package = p.Name
			path(at, f)
		}
		at = ""
	}
	end := func() error {
		flush()
		if lines > 0 {
			if p.Name == "" || p.Version == "" {
				return errors.New("a package without P: or V: ends here")
			}
			pkg(p)
		}
		p, dir, lines = Package{}, "", 0
		return nil
	}
	err := tree.ScanLines(file, from, func(n int, line []byte) error {
		last = n
		if len(line) == 0 {
			return end()
		}
		if len(line) < 2 || line[1] != ':' {
			return errors.New("expected a letter, a colon and a value")
		}
		lines++
		value := string(line[2:])
		switch line[0] {
		case 'C':
			p.Checksum = value
		case 'P':
			if p.Name != "" || value == "" {
				return errors.New("expected one name of a package")
			}
			p.Name = value
		case 'V':
			p.Version = value
		case 'A':
			p.Arch = value
		case 'F':
			flush()
			if p.Name == "" {
				return errors.New("a directory before its package")
			}
			if dir = strings.Trim(value, "/"); dir != "" {
				dir = "/" + dir
			}
			at, f = dir, File{Dir: true, Mode: 0o755}
		case 'R':
			flush()
			if p.Name == "" || value == "" || strings.Contains(value, "/") {
				return errors.New("expected a file's name below a directory")
			}
			at, f = dir+"/"+value, File{Mode: 0o644}
		case 'M', 'a':
			if at == "" {
				if line[0] == 'M' {
					return nil // of the root
				}
				return errors.New("rights of nothing")
			}
			return rights(value, &f)
		case 'Z':
			if at == "" || f.Dir {
				return errors.New("a digest of nothing")
			}
			return digest(value, &f)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := end(); err != nil {
		return fmt.Errorf("%s:%d: %w", file, last, err)
	}
	return nil
}

// rights reads "0:0:755", with a digest of extended attributes behind it or not.
func rights(s string, f *File) error {
	w := strings.Split(s, ":")
	if len(w) < 3 {
		return errors.New("expected uid:gid:mode")
	}
	for i, to := range []*uint32{&f.UID, &f.GID, &f.Mode} {
		base := 10
		if i == 2 {
			base = 8
		}
		n, err := strconv.ParseUint(w[i], base, 32)
		if err != nil {
			return fmt.Errorf("expected uid:gid:mode, found %q", s)
		}
		*to = uint32(n)
	}
	f.Mode &= 0o7777
	return nil
}

// digest reads "Q1" and a SHA-1 in base64, or "Q2" and a SHA-256.
func digest(s string, f *File) error {
	if strings.HasPrefix(s, "Q1") || strings.HasPrefix(s, "Q2") {
		b, err := base64.StdEncoding.DecodeString(s[2:])
		switch {
		case err == nil && s[1] == '1' && len(b) == 20:
			f.SHA1 = hex.EncodeToString(b)
			return nil
		case err == nil && s[1] == '2' && len(b) == 32:
			f.SHA256 = hex.EncodeToString(b)
			return nil
		}
	}
	return fmt.Errorf("%q is no digest", s)
}
