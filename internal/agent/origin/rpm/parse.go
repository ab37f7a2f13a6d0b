// Package rpm asks rpm what its database says of packages and paths, and reads
// what dnf logged.
//
// Serves C7.1c. rpm itself is run, in a bounded way: its database has three
// formats, of which one is SQLite with a log beside it, and a library that reads
// them all brings a database into a program that must stay small. Invariants: a
// query changes nothing; what rpm prints and cannot be read is an error; packages
// are asked about once, and again only when they are installed anew.
//
// Floor: edges, below agent/origin. Imports agent/collect/command and tree.
package rpm

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/agent/collect/tree"
)

// Package is one that is installed.
type Package struct {
	Name, Version, Arch string
	TID                 int64 // of the transaction, seconds since 1970
	Vendor              string
	Key                 string // that signed it: the last eight digits, "" for none
}

// ID names one exactly, as rpm is asked for it.
func (p Package) ID() string { return p.Name + "-" + p.Version + "." + p.Arch }

// File is what a package has at a path.
type File struct {
	Package string // its ID
	SHA256  string // "" where there is none, or of another kind
	Mode    uint32 // with the type
	User    string
	Group   string
	Config  bool
	Ghost   bool   // it may be there
	Link    string // where a link leads
}

const packageFormat = `%{NAME}\t%|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\t%{ARCH}\t%{INSTALLTID}\t%{VENDOR}\t%{RSAHEADER:pgpsig}\t%{SIGPGP:pgpsig}\n`

// parsePackages reads what rpm -qa prints; keys are those it was told to trust.
func parsePackages(from io.Reader) (all []Package, keys map[string]bool, err error) {
	keys = map[string]bool{}
	err = tree.ScanLines("rpm -qa", from, func(_ int, line []byte) error {
		f := strings.Split(tree.Clean(string(line)), "\t")
		if len(f) != 7 {
			return fmt.Errorf("expected 7 columns, found %d", len(f))
		}
		if f[0] == "gpg-pubkey" {
			key, _, _ := strings.Cut(f[1], "-")
			keys[strings.ToLower(key)] = true
			return nil
		}
		p := Package{Name: f[0], Version: f[1], Arch: f[2], Vendor: f[4]}
		if p.Vendor == "(none)" {
			p.Vendor = ""
		}
		if f[3] != "(none)" {
			var err error
			if p.TID, err = strconv.ParseInt(f[3], 10, 64); err != nil {
				return fmt.Errorf("transaction: %w", err)
			}
		}
		for _, sig := range f[5:] {
			if _, id, ok := strings.Cut(sig, "Key ID "); ok && len(id) >= 8 && strings.Trim(id, "0123456789abcdefABCDEF") == "" {
				p.Key = strings.ToLower(id[len(id)-8:])
			}
		}
		all = append(all, p)
		return nil
	})
	return all, keys, err
}

const fileFormat = `[%{=NAME}-%|EPOCH?{%{=EPOCH}:}:{}|%{=VERSION}-%{=RELEASE}.%{=ARCH}\t%{FILENAMES}\t%{FILEDIGESTS}\t%{FILEMODES}\t%{FILEUSERNAME}\t%{FILEGROUPNAME}\t%{FILEFLAGS}\t%{=FILEDIGESTALGO}\t%{FILELINKTOS}\n]`

// parseFiles calls yield with each path that packages have.
func parseFiles(from io.Reader, yield func(path string, f File)) error {
	const config, ghost, sha256 = 1, 64, "8"
	return tree.ScanLines("rpm -q", from, func(_ int, line []byte) error {
		f := strings.Split(string(line), "\t")
		if len(f) != 9 {
			if strings.HasPrefix(string(line), "package ") { // "… is not installed": removed since it was listed
				return nil
			}
			return fmt.Errorf("expected 9 columns, found %d", len(f))
		}
		if !strings.HasPrefix(f[1], "/") {
			return errors.New("expected an absolute path")
		}
		mode, err := strconv.ParseInt(f[3], 10, 64) // 16 bits, with a sign in older ones
		if err != nil {
			return fmt.Errorf("mode: %w", err)
		}
		flags, err := strconv.ParseUint(f[6], 10, 32)
		if err != nil {
			return fmt.Errorf("flags: %w", err)
		}
		out := File{Package: f[0], Mode: uint32(mode) & 0xFFFF, User: f[4], Group: f[5], Config: flags&config != 0, Ghost: flags&ghost != 0, Link: f[8]}
		if f[7] == sha256 && len(f[2]) == 64 && strings.Trim(f[2], "0123456789abcdef") == "" {
			out.SHA256 = f[2]
		}
		yield(f[1], out)
		return nil
	})
}

// Done is what dnf logged of one package.
type Done struct {
	At     time.Time
	Action string // install, upgrade, remove
	ID     string
	Before bool // the ID is the one that was replaced
}

var words = map[string]Done{"Installed": {Action: "install"}, "Installing": {}, "Upgrade": {Action: "upgrade"}, "Upgraded": {Action: "upgrade", Before: true}, "Reinstall": {Action: "install"},
	"Downgrade": {Action: "upgrade"}, "Downgraded": {Action: "upgrade", Before: true}, "Erase": {Action: "remove", Before: true}, "Erased": {Action: "remove", Before: true}, "Removed": {Action: "remove", Before: true}}

// logLine takes "2026-03-01T10:00:00+0000 SUBDEBUG Upgraded: a-1:2-3.x86_64"
// apart: when, and what stands behind the level. ok is false for another line.
func logLine(line string) (at time.Time, rest string, ok bool) {
	stamp, rest, ok := strings.Cut(line, " ")
	if !ok {
		return at, "", false
	}
	for _, layout := range []string{"2006-01-02T15:04:05-0700", time.RFC3339} {
		if t, err := time.Parse(layout, stamp); err == nil {
			_, rest, ok = strings.Cut(rest, " ")
			return t, rest, ok
		}
	}
	return at, "", false
}

// parseDone reads dnf.rpm.log; lines that are none of it are passed over, as
// scripts of packages write there too.
func parseDone(from io.Reader, yield func(Done)) error {
	return tree.ScanLines("dnf.rpm.log", from, func(_ int, b []byte) error {
		at, rest, ok := logLine(string(b))
		word, id, two := strings.Cut(rest, ": ")
		d, known := words[word]
		if !ok || !two || !known || d.Action == "" || strings.ContainsAny(id, " \t") || id == "" {
			return nil
		}
		d.At, d.ID = at, tree.Clean(id)
		yield(d)
		return nil
	})
}

// Command is one run of dnf.
type Command struct {
	At   time.Time
	Line string
}

// parseCommands reads dnf.log.
func parseCommands(from io.Reader, yield func(Command)) error {
	return tree.ScanLines("dnf.log", from, func(_ int, b []byte) error {
		at, rest, ok := logLine(string(b))
		if line, is := strings.CutPrefix(rest, "Command: "); ok && is {
			yield(Command{at, tree.Clean(line)})
		}
		return nil
	})
}

// nameOf gives the name of "a-b-1:2-3.x86_64".
func nameOf(id string) (name, version string) {
	if i := strings.LastIndexByte(id, '.'); i > 0 {
		id = id[:i]
	}
	release := strings.LastIndexByte(id, '-')
	if release < 1 {
		return id, ""
	}
	v := strings.LastIndexByte(id[:release], '-')
	if v < 1 {
		return id, ""
	}
	return id[:v], id[v+1:]
}
