// Package sshkeys reads which keys may log in to an account, and who can change
// that.
//
// Serves C7.1b, B19 (CC6.1, CC6.2). Invariants: of a public key type, length
// and fingerprint are read out, never its comment or the values of its options;
// of a private key nothing but whether a passphrase protects it. Only regular
// files are opened.
//
// Floor: edges, below agent/collect. Imports facts, tree, missing, privatekey.
package sshkeys

import (
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/attesta/attesta/internal/agent/collect/missing"
	"github.com/attesta/attesta/internal/agent/collect/privatekey"
	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
)

const (
	maxFiles = 200   // of one account's .ssh
	maxKeys  = 5_000 // of one account
)

// Usual are the files with an account's keys where sshd_config names none.
var Usual = []string{".ssh/authorized_keys", ".ssh/authorized_keys2"}

// Account reads one account. patterns are those of AuthorizedKeysFile; what is
// missing is said at that pointer.
func Account(root tree.Root, a facts.Account, patterns []string, at string, gaps *missing.List) facts.KeyAccount {
	out := facts.KeyAccount{Name: a.Name, UID: a.UID}
	files := map[string]string{} // kind by path
	for _, p := range patterns {
		if p != "none" {
			files[expand(p, a)] = "authorized_keys"
		}
	}
	keys, err := authorized(root, files)
	if err != nil {
		gaps.Failed(at+"/authorized", err)
	} else {
		out.Authorized = keys
	}
	if list, err := around(root, a.Home, files, at, gaps); err != nil {
		gaps.Failed(at+"/files", err)
	} else {
		out.Files = list
	}
	_, err = root.Lstat(path.Join(a.Home, ".shosts"))
	if tree.IgnoreGone(err) != nil {
		gaps.Failed(at+"/shosts", err)
	} else {
		out.Shosts = new(err == nil)
	}
	return out
}

// expand fills in a pattern of AuthorizedKeysFile.
func expand(pattern string, a facts.Account) string {
	p := strings.NewReplacer("%%", "%", "%h", a.Home, "%u", a.Name, "%U", strconv.FormatInt(a.UID, 10)).Replace(pattern)
	if !path.IsAbs(p) {
		p = path.Join(a.Home, p)
	}
	return path.Clean(p)
}

// authorized reads the keys of an account's files.
func authorized(root tree.Root, files map[string]string) ([]facts.AuthorizedKey, error) {
	out := []facts.AuthorizedKey{}
	paths := make([]string, 0, len(files))
	for p := range files {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	for _, p := range paths {
		st, err := root.Stat(p)
		if tree.Gone(err) {
			continue
		}
		if err == nil && !st.Mode().IsRegular() {
			err = fmt.Errorf("%s is no file", p)
		}
		if err == nil {
			err = root.Lines(p, func(n int, line string) error {
				k, ok := parse(line)
				if !ok {
					return nil
				}
				if len(out) == maxKeys {
					return fmt.Errorf("more than %d keys", maxKeys)
				}
				out = append(out, facts.AuthorizedKey{File: p, Line: int64(n), Type: k.kind, Bits: k.bits, Fingerprint: k.fingerprint, Options: k.options})
				return nil
			})
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// around describes an account's .ssh directory, what lies in it, and the files
// with its keys.
func around(root tree.Root, home string, files map[string]string, at string, gaps *missing.List) ([]facts.KeyFile, error) {
	dir := path.Join(home, ".ssh")
	names, err := root.Names(dir)
	if tree.IgnoreGone(err) != nil {
		return nil, err
	}
	paths := []string{}
	if err == nil {
		paths = append(paths, dir)
	}
	if len(names) > maxFiles {
		return nil, fmt.Errorf("%s holds %d files, more than the %d that are looked at", dir, len(names), maxFiles)
	}
	for _, n := range names {
		paths = append(paths, path.Join(dir, n))
	}
	for p := range files {
		if path.Dir(p) != dir {
			paths = append(paths, p)
		}
	}
	slices.Sort(paths)
	out := []facts.KeyFile{}
	for _, p := range paths {
		st, err := root.Stat(p)
		if tree.Gone(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		sys := st.Sys().(*syscall.Stat_t) // always, on Linux
		f := facts.KeyFile{Path: tree.Clean(p), Kind: files[p], Mode: int64(sys.Mode & 0o7777), UID: int64(sys.Uid), GID: int64(sys.Gid)}
		f.ModeOctal = fmt.Sprintf("%04o", f.Mode)
		var encrypted *bool
		switch {
		case p == dir:
			f.Kind = "directory"
		case f.Kind != "":
		case !st.Mode().IsRegular():
			f.Kind = "other"
		default:
			if f.Kind, encrypted, err = kindOf(root, p); err != nil {
				return nil, err
			}
		}
		if f.Encrypted = encrypted; encrypted == nil {
			gaps.Absent(at+"/files/"+strconv.Itoa(len(out))+"/encrypted", "%s is no private key", path.Base(p))
		}
		out = append(out, f)
	}
	return out, nil
}

// kindOf tells what a file of .ssh is, by its name and its first bytes.
func kindOf(root tree.Root, p string) (kind string, encrypted *bool, err error) {
	switch name := path.Base(p); {
	case strings.HasPrefix(name, "authorized_keys"):
		return "authorized_keys", nil, nil
	case strings.HasPrefix(name, "known_hosts"):
		return "known_hosts", nil, nil
	case name == "config":
		return "config", nil, nil
	case strings.HasSuffix(name, ".pub"):
		return "public", nil, nil
	}
	f, err := root.Open(p)
	if err != nil {
		return "", nil, err
	}
	defer f.Close()
	head, err := io.ReadAll(io.LimitReader(f, privatekey.Head))
	if err != nil {
		return "", nil, fmt.Errorf("%s: %w", p, err)
	}
	if private, locked := privatekey.Look(head); private {
		return "private", &locked, nil
	}
	return "other", nil, nil
}
