// Package mounts tells which paths lie on a file system that another host, or a
// program, answers for: one that may not answer, and of which the kernel does not see
// all that happens. It asks the kernel's table alone, so that telling never waits.
//
// Serves C7.1c. Floor: edges, below agent/integrity. Imports nothing of the project.
package mounts

import (
	"os"
	"path"
	"slices"
	"strings"
)

// Mount is a file system that is mounted.
type Mount struct {
	Point string // where
	Type  string // as the kernel calls it: nfs4, fuse.sshfs
	Dev   string // major:minor
}

// Table are the mounts, in the order in which they were made.
type Table []Mount

// Read gives what is mounted now.
func Read() (Table, error) {
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	return Parse(string(text)), nil
}

// Parse reads mountinfo; a line that has another form is passed over.
func Parse(text string) Table {
	var t Table
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		sep := slices.Index(f, "-")
		if sep < 6 || len(f) < sep+3 {
			continue
		}
		t = append(t, Mount{Point: unescape(f[4]), Type: unescape(f[sep+1]), Dev: f[2]})
	}
	return t
}

// remote are the types that other hosts answer for. What begins with fuse is answered
// for by a program, of which nobody knows whom it asks.
var remote = []string{"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "afs", "lustre", "coda", "ncpfs", "beegfs", "gpfs", "orangefs", "pvfs2", "glusterfs", "virtiofs", "fuse"}

// Remote reports whether what is mounted may be answered for elsewhere.
func (m Mount) Remote() bool {
	return slices.Contains(remote, m.Type) || strings.HasPrefix(m.Type, "fuse.")
}

// Far gives the mount that a path lies on where that is answered for elsewhere. What the
// host itself runs from is its own, whatever carries it.
func (t Table) Far(p string) (Mount, bool) {
	on, best := Mount{}, -1
	host := ""
	for _, m := range t {
		if m.Point == "/" {
			host = m.Dev
		}
		if len(m.Point) >= best && within(p, m.Point) { // of two in one place the later lies over the other
			on, best = m, len(m.Point)
		}
	}
	return on, best >= 0 && on.Remote() && on.Dev != host
}

// Begins reports whether such a mount begins at a path.
func (t Table) Begins(p string) bool {
	m, far := t.Far(p)
	return far && m.Point == p
}

// Any reports whether there is any.
func (t Table) Any() bool { return slices.ContainsFunc(t, Mount.Remote) }

func within(p, dir string) bool {
	return dir == "/" || p == dir || strings.HasPrefix(p, dir) && p[len(dir)] == '/'
}

// unescape reads the octal escapes of mountinfo.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) && s[i+1] >= '0' && s[i+1] <= '3' && s[i+2] >= '0' && s[i+2] <= '7' && s[i+3] >= '0' && s[i+3] <= '7' {
			b.WriteByte((s[i+1]-'0')<<6 | (s[i+2]-'0')<<3 | (s[i+3] - '0'))
			i += 3
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// Match gives the paths that a pattern names, in which * stands for any part of one
// name, leaving out those of which but says so without looking at them.
func Match(pattern string, but func(string) bool) ([]string, error) {
	list := []string{"/"}
	for part := range strings.SplitSeq(strings.Trim(pattern, "/"), "/") {
		var next []string
		for _, dir := range list {
			if !strings.ContainsAny(part, "*?[") {
				next = append(next, path.Join(dir, part))
				continue
			}
			if but(dir) {
				continue
			}
			entries, err := os.ReadDir(dir)
			if err != nil {
				continue // not there, or not to be listed: nothing is named
			}
			for _, e := range entries {
				ok, err := path.Match(part, e.Name())
				if err != nil {
					return nil, err
				}
				if ok {
					next = append(next, path.Join(dir, e.Name()))
				}
			}
		}
		list = next
	}
	var out []string
	for _, p := range list {
		if but(p) {
			continue
		}
		if _, err := os.Lstat(p); err == nil {
			out = append(out, p)
		}
	}
	return out, nil
}
