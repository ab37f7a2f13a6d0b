// Package dpkg reads what dpkg and apt keep about packages: which paths are
// whose, with which digests, and which runs changed what.
//
// Serves C7.1c. Invariants: nothing is written and nothing of dpkg is run; a
// file that is being replaced is read whole, old or new; a record that cannot be
// read is an error with file and line, and never an empty record. What is kept
// between calls is small: 8 bytes for each path of each package.
//
// Floor: edges, below agent/origin. Imports agent/collect/tree.
package dpkg

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/attesta/attesta/internal/agent/collect/tree"
)

// Package is what the status file says of one.
type Package struct {
	Name, Arch, Version string
	Installed           bool // its files are on the host, perhaps not all of them
}

// Conffile is a configuration file of a package and the digest with which it
// came.
type Conffile struct {
	Package string // "name:arch"
	MD5     string // "" for one that is not set up yet
}

// Status is what dpkg's status file says.
type Status struct {
	Packages  map[string]Package  // by "name:arch"
	Conffiles map[string]Conffile // by path
}

func newStatus() *Status {
	return &Status{Packages: map[string]Package{}, Conffiles: map[string]Conffile{}}
}

// parse adds what a status file, or one of its updates, says.
func (s *Status) parse(file string, from io.Reader) error {
	var p Package
	var conffiles []string // path and digest in turn
	within, fields, last := false, 0, 0
	end := func() error {
		if fields == 0 {
			return nil
		}
		if p.Name == "" {
			return errors.New("a stanza without Package ends here")
		}
		if p.Installed && p.Version == "" {
			return errors.New("a stanza without Version ends here")
		}
		key := p.Name + ":" + p.Arch
		if _, again := s.Packages[key]; again { // an update replaces what was said before
			for path, c := range s.Conffiles {
				if c.Package == key {
					delete(s.Conffiles, path)
				}
			}
		}
		s.Packages[key] = p
		for i := 0; i < len(conffiles); i += 2 {
			s.Conffiles[conffiles[i]] = Conffile{key, conffiles[i+1]}
		}
		p, conffiles, within, fields = Package{}, conffiles[:0], false, 0
		return nil
	}
	err := tree.ScanLines(file, from, func(n int, line []byte) error {
		last = n
		if len(line) == 0 || line[0] == '\r' {
			return end()
		}
		if line[0] == ' ' || line[0] == '\t' {
			if fields == 0 {
				return errors.New("expected a field")
			}
			if within {
				path, md5, err := conffile(string(bytes.TrimSpace(line)))
				if err != nil {
					return err
				}
				conffiles = append(conffiles, path, md5)
			}
			return nil
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			return errors.New("expected Field: value")
		}
		fields++
		within = false
		switch string(name) {
		case "Package":
			p.Name = string(bytes.TrimSpace(value))
		case "Version":
			p.Version = string(bytes.TrimSpace(value))
		case "Architecture":
			p.Arch = string(bytes.TrimSpace(value))
		case "Status":
			p.Installed = installed(string(value))
		case "Conffiles":
			within = true
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

// conffile reads "/etc/a file 0123… obsolete"; the path may hold spaces.
func conffile(line string) (path, md5 string, err error) {
	for _, flag := range []string{" obsolete", " remove-on-upgrade"} {
		line = strings.TrimSuffix(line, flag)
	}
	i := strings.LastIndexByte(line, ' ')
	if i < 1 || line[0] != '/' {
		return "", "", errors.New("expected a path and a digest below Conffiles")
	}
	path, md5 = line[:i], line[i+1:]
	if md5 == "newconffile" {
		return path, "", nil
	}
	if !isMD5(md5) {
		return "", "", fmt.Errorf("%q is no MD5", md5)
	}
	return path, md5, nil
}

func isMD5(s string) bool {
	return len(s) == 32 && strings.Trim(s, "0123456789abcdef") == ""
}

// installed tells by the third word whether files of the package are there.
func installed(status string) bool {
	words := strings.Fields(status)
	return len(words) == 3 && words[2] != "not-installed" && words[2] != "config-files"
}

// sums calls yield with each path of an md5sums file, absolute, and its digest.
func sums(file string, from io.Reader, yield func(path []byte, md5 string)) error {
	path := make([]byte, 1, 256)
	path[0] = '/'
	return tree.ScanLines(file, from, func(_ int, line []byte) error {
		if len(line) == 0 {
			return nil
		}
		escaped := line[0] == '\\' // as md5sum writes names with a backslash or a line break
		if escaped {
			line = line[1:]
		}
		if len(line) < 35 || line[32] != ' ' || !isMD5(string(line[:32])) {
			return errors.New("expected an MD5 and a path")
		}
		name := line[33:]
		if name[0] == ' ' || name[0] == '*' {
			name = name[1:]
		}
		name = bytes.TrimPrefix(bytes.TrimPrefix(name, []byte("./")), []byte("/"))
		if len(name) == 0 {
			return errors.New("expected a path")
		}
		path = append(path[:1], name...)
		if escaped {
			path = append(path[:0], strings.NewReplacer(`\\`, `\`, `\n`, "\n").Replace(string(path))...)
		}
		yield(path, string(line[:32]))
		return nil
	})
}

// Diversion says that what other packages have at From lies at To.
type Diversion struct {
	From, To string
	By       string // the package whose file is at From; "" for none, the administrator's
}

func parseDiversions(file string, from io.Reader) ([]Diversion, error) {
	var out []Diversion
	var three []string
	err := tree.ScanLines(file, from, func(_ int, line []byte) error {
		three = append(three, string(line))
		if len(three) < 3 {
			if len(line) == 0 || line[0] != '/' {
				return errors.New("expected an absolute path")
			}
			return nil
		}
		by := three[2]
		if by == "" {
			return errors.New("expected a package or a colon")
		}
		if by == ":" {
			by = ""
		}
		out = append(out, Diversion{three[0], three[1], by})
		three = three[:0]
		return nil
	})
	if err == nil && len(three) != 0 {
		err = fmt.Errorf("%s: it is cut short", file)
	}
	return out, err
}
