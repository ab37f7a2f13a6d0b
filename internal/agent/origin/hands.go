package origin

import (
	"path"
	"slices"
	"strings"

	"github.com/attesta/attesta/internal/wire"
)

// hand is how the processes that changed a file stand to a package manager.
type hand uint8

const (
	unknown hand = iota // it is not known who did it
	foreign             // somebody who is not below the manager, alone or besides
	script              // a program that the manager ran
	manager             // the manager's own program
)

// programs are the names of a manager's own programs, in the directories that
// hold the system's.
type programs map[string]bool

var (
	dpkgPrograms = programs{"dpkg": true, "dpkg-deb": true, "dpkg-divert": true, "dpkg-statoverride": true, "dpkg-trigger": true, "dpkg-query": true, "update-alternatives": true,
		"apt": true, "apt-get": true, "aptitude": true, "aptitude-curses": true, "apt-cache": true, "apt-extracttemplates": true, "packagekitd": true}
	rpmPrograms = programs{"rpm": true, "rpm2cpio": true, "dnf5": true, "microdnf": true, "zypper": true, "tdnf": true, "packagekitd": true, "rpmdb": true}
	apkPrograms = programs{"apk": true, "apk.static": true}
)

// has reports whether a program is one of them, where packages put it.
func (p programs) has(exe string) bool {
	switch dir, name := path.Split(exe); dir {
	case "/usr/bin/", "/bin/", "/usr/sbin/", "/sbin/", "/usr/libexec/", "/usr/lib/packagekit/":
		return p[name]
	case "/usr/lib/apt/methods/":
		return p["apt"]
	}
	return false
}

// hands says how all who had a hand in a change stand to a manager.
func hands(c *wire.FileChange, p programs) hand {
	if c.Who == nil {
		return unknown
	}
	h := stands(c.Who, p)
	for i := range c.Others {
		h = min(h, stands(&c.Others[i], p))
	}
	if h == unknown { // one who is known to be foreign decides
		if stands(c.Who, p) == foreign || slices.ContainsFunc(c.Others, func(o wire.Process) bool { return stands(&o, p) == foreign }) {
			return foreign
		}
	}
	return h
}

func stands(w *wire.Process, p programs) hand {
	if p.has(w.Exe) {
		return manager
	}
	for _, q := range w.Parents {
		if p.has(q.Exe) {
			return script
		}
	}
	if w.PID == 0 || w.Exe == "" || w.Unknown["process"] != "" || w.Unknown["parents"] != "" {
		return unknown
	}
	// A chain that does not reach the first process may have led to the manager.
	if k := len(w.Parents); k > 0 && (w.Parents[k-1].PID == 1 || w.Parents[k-1].PID == 2) || w.PID == 1 {
		return foreign
	}
	return unknown
}

// among gives the number of the nearest process of a manager, 0 for none.
func among(c *wire.FileChange, name string) int32 {
	if c.Who == nil {
		return 0
	}
	if path.Base(c.Who.Exe) == name {
		return c.Who.PID
	}
	for _, q := range c.Who.Parents {
		if path.Base(q.Exe) == name {
			return q.PID
		}
	}
	return 0
}

// program names who did it, for a reason.
func program(c *wire.FileChange) string {
	if c.Who != nil && c.Who.Exe != "" {
		return c.Who.Exe
	}
	return "a program that is not known"
}

// rights are the attributes of which dpkg keeps no record.
var rights = []string{"mode", "uid", "gid", "acl", "default_acl", "capabilities", "label", "xattrs", "inode_flags"}

// touched names the rights that a change touched.
func touched(c *wire.FileChange) []string {
	if c.Change != "changed" && c.Change != "moved" && c.Change != "exchanged" {
		return nil
	}
	var out []string
	for _, a := range c.Attributes {
		if slices.Contains(rights, a) {
			out = append(out, a)
		}
	}
	return out
}

func list(words []string) string { return strings.Join(words, ", ") }
