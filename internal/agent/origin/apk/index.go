package apk

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha1" //nolint:gosec // apk names its files by it
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/attesta/attesta/internal/agent/collect/tree"
)

// Source is a repository's index that apk fetched.
type Source struct {
	Origin string
	Signed bool
	Reason string // why it does not count as signed
}

// Find gives the index that has a package with the very checksum with which it
// is installed.
func (d *Database) Find(p Package) (best Source, found bool, failed error) {
	var files []string
	for _, dir := range []string{"/etc/apk/cache", "/var/cache/apk"} {
		more, err := d.root.Glob(dir + "/APKINDEX.*.tar.gz")
		failed = errors.Join(failed, err)
		files = append(files, more...)
	}
	for _, file := range files {
		f, err := d.root.Open(file)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		has, signed, about, err := parseIndex(f, p)
		_ = f.Close() // for reading
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", file, err))
			continue
		}
		if !has {
			continue
		}
		s := Source{Origin: about, Signed: signed}
		url := d.configured(file, p.Arch)
		switch {
		case !signed:
			s.Reason = "the repository's index is not signed"
		case url == "":
			s.Signed, s.Reason = false, "of which configured repository the index is, is not known"
		}
		if url != "" {
			s.Origin = url
		}
		if !found || s.Signed {
			best, found = s, true
		}
	}
	return best, found, failed
}

const (
	maxIndex = 256 << 20
)

// parseIndex looks for a package in an APKINDEX.tar.gz: a signature, and then
// the index, each packed by itself. apk verified the signature when it fetched
// it; here it is only seen that there is one.
func parseIndex(from io.Reader, want Package) (has, signed bool, about string, err error) {
	z, err := gzip.NewReader(bufio.NewReader(from))
	if err != nil {
		return false, false, "", err
	}
	t := tar.NewReader(io.LimitReader(z, maxIndex))
	for n := 0; ; n++ {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return has, signed, about, nil
		}
		if err != nil {
			return false, false, "", err
		}
		switch {
		case n == 0 && strings.HasPrefix(h.Name, ".SIGN.RSA"):
			signed = true
		case h.Name == "DESCRIPTION":
			b, err := io.ReadAll(io.LimitReader(t, 200))
			if err != nil {
				return false, false, "", err
			}
			about = tree.Clean(string(bytes.TrimSpace(b)))
		case h.Name == "APKINDEX":
			one, err := lists(t, want)
			if err != nil {
				return false, false, "", err
			}
			has = has || one
		}
	}
}

// lists reports whether an index has the package.
func lists(from io.Reader, want Package) (has bool, err error) {
	var p Package
	end := func() {
		has = has || p.Name == want.Name && p.Version == want.Version && p.Checksum == want.Checksum && p.Checksum != ""
		p = Package{}
	}
	err = tree.ScanLines("APKINDEX", from, func(_ int, line []byte) error {
		switch {
		case len(line) == 0:
			end()
		case len(line) < 2 || line[1] != ':':
			return errors.New("expected a letter, a colon and a value")
		case line[0] == 'C':
			p.Checksum = string(line[2:])
		case line[0] == 'P':
			p.Name = string(line[2:])
		case line[0] == 'V':
			p.Version = string(line[2:])
		}
		return nil
	})
	end()
	return has, err
}

// configured gives the repository that an index is of: apk names the file by
// the beginning of a digest of its address.
func (d *Database) configured(file, arch string) string {
	b, err := d.root.Read("/etc/apk/repositories")
	if err != nil {
		return ""
	}
	name := strings.TrimSuffix(strings.TrimPrefix(path.Base(file), "APKINDEX."), ".tar.gz")
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) == 0 || strings.HasPrefix(f[0], "#") {
			continue
		}
		url := f[len(f)-1] // a tag may stand before it
		for _, of := range []string{url, strings.TrimRight(url, "/") + "/" + arch + "/APKINDEX.tar.gz"} {
			one, two := sha1.Sum([]byte(of)), sha256.Sum256([]byte(of)) //nolint:gosec // see above
			if name == fmt.Sprintf("%x", one[:4]) || name == fmt.Sprintf("%x", two[:4]) {
				return url
			}
		}
	}
	return ""
}

// locked reports whether somebody holds a lock on a file, of whichever kind.
func locked(st fs.FileInfo) bool {
	sys, ok := st.Sys().(*syscall.Stat_t)
	if !ok {
		return false
	}
	b, err := os.ReadFile("/proc/locks")
	return err == nil && inLocks(string(b), unix.Major(sys.Dev), unix.Minor(sys.Dev), sys.Ino)
}

// inLocks looks for "1: FLOCK  ADVISORY  WRITE 711 fe:00:5423 0 EOF".
func inLocks(text string, major, minor uint32, inode uint64) bool {
	want := fmt.Sprintf("%02x:%02x:%d", major, minor, inode)
	for line := range strings.Lines(text) {
		for w := range strings.FieldsSeq(line) {
			if w == want {
				return true
			}
		}
	}
	return false
}
